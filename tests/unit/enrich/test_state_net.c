/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state knows besides threads and files: containers from cgroups,
 * users and groups, addresses of the machine, lists.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "event_builder.h"
#include "internal.h"

#define TS UINT64_C(1000000000000)
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD64 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static struct event_builder eb;

static struct saker_state *new_state(const char *host_root)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	options.offline = !host_root;
	options.host_root = host_root;
	assert_int_equal(saker_state_new(&options, &s), 0);
	return s;
}

static struct saker_record *apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r = NULL;

	return saker_state_apply(s, event, NULL, &r) == 1 ? r : NULL;
}

/* ---- containers ------------------------------------------------------------------------ */

static void test_container_patterns(void **state)
{
	static const struct {
		const char *path;
		int type; /* -1 = none */
		const char *id;
	} cases[] = {
		/* With the drivers cgroupfs and systemd, of pods, of users, in each other. */
		{"/docker/" HEX64, ENRICH_CONTAINER_DOCKER, "0123456789ab"},
		{"/system.slice/docker-" HEX64 ".scope", ENRICH_CONTAINER_DOCKER, "0123456789ab"},
		{"/docker/" POD64 "/docker/" HEX64, ENRICH_CONTAINER_DOCKER, "0123456789ab"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/docker-" HEX64 ".scope",
		 ENRICH_CONTAINER_DOCKER, "0123456789ab"},
		{"/kubepods/burstable/pod4e6c/" HEX64, ENRICH_CONTAINER_DOCKER, "0123456789ab"},
		{"/somebodys/" HEX64, ENRICH_CONTAINER_DOCKER, "0123456789ab"},
		{"/kubepods.slice/kubepods-pod1.slice/docker-" HEX64 ".scope",
		 ENRICH_CONTAINER_DOCKER, "0123456789ab"},
		{"/machine.slice/libpod-" HEX64 ".scope", ENRICH_CONTAINER_PODMAN, "0123456789ab"},
		{"/machine.slice/libpod-" HEX64 ".scope/container", ENRICH_CONTAINER_PODMAN,
		 "0123456789ab"},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" HEX64
		 ".scope/container",
		 ENRICH_CONTAINER_PODMAN, "0123456789ab"},
		{"/libpod_parent/libpod-" HEX64, ENRICH_CONTAINER_PODMAN, "0123456789ab"},
		{"/x/libpod-payload-" HEX64, ENRICH_CONTAINER_PODMAN, "0123456789ab"},
		{"/system.slice/ceph@mon.service/libpod-payload-" HEX64 ".scope",
		 ENRICH_CONTAINER_PODMAN, "0123456789ab"},
		{"/system.slice/ceph@mon.service/libpod-payload-" HEX64 ".scope/container",
		 ENRICH_CONTAINER_PODMAN, "0123456789ab"},
		{"/kubepods.slice/kubepods-pod1.slice/cri-containerd-" HEX64 ".scope",
		 ENRICH_CONTAINER_CONTAINERD, "0123456789ab"},
		{"/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" HEX64,
		 ENRICH_CONTAINER_CONTAINERD, "0123456789ab"},
		{"/kubepods.slice/kubepods-pod1.slice/crio-" HEX64 ".scope", ENRICH_CONTAINER_CRIO,
		 "0123456789ab"},
		{"/kubepods.slice/crio-" HEX64, ENRICH_CONTAINER_CRIO, "0123456789ab"},
		{"/user.slice/nerdctl-" HEX64 ".scope", ENRICH_CONTAINER_CONTAINERD,
		 "0123456789ab"},
		{"/default/redis", ENRICH_CONTAINER_CONTAINERD, "redis"},
		{"/k8s.io/my-test_container", ENRICH_CONTAINER_CONTAINERD, "my-test_container"},
		{"/default/service.container", ENRICH_CONTAINER_CONTAINERD, "service.container"},
		{"/lxc/web", ENRICH_CONTAINER_LXC, "web"},
		{"/lxc/web/init.scope", ENRICH_CONTAINER_LXC, "web"},
		{"/lxc.payload/web", ENRICH_CONTAINER_LXC, "web"},
		{"/lxc.payload.web/system.slice/x.service", ENRICH_CONTAINER_LXC, "web"},
		{"/lxc.payload.web", ENRICH_CONTAINER_LXC, "web"},
		{"/machine.slice/machine-lxc\\x2d22\\x2dvm.scope/libvirt",
		 ENRICH_CONTAINER_LIBVIRT_LXC, "22\\x2dvm"},
		{"/machine.slice/machine-lxc\\x2dvm.scope", ENRICH_CONTAINER_LIBVIRT_LXC, "vm"},
		{"/libvirt/lxc/vm", ENRICH_CONTAINER_LIBVIRT_LXC, "vm"},
		{"/machine/vm.libvirt-lxc", ENRICH_CONTAINER_LIBVIRT_LXC, "vm"},
		{"/machine.slice/machine-web.scope", ENRICH_CONTAINER_NSPAWN, "web"},
		{"/machine.slice/machine-web.scope/payload/init.scope", ENRICH_CONTAINER_NSPAWN,
		 "web"},
		{"/machine.slice/systemd-nspawn@web.service/payload", ENRICH_CONTAINER_NSPAWN,
		 "web"},
		{"/system.slice/bpm-job.scope", ENRICH_CONTAINER_BPM, "job"},
		{"/bpm-job", ENRICH_CONTAINER_BPM, "job"},
		/* What systemd, managers and monitors of containers and others make is none. */
		{"/", -1, NULL},
		{"/init.scope", -1, NULL},
		{"/system.slice/sshd.service", -1, NULL},
		{"/user.slice/session-0000000000000000000.scope", -1, NULL},
		{"/user.slice/user-1000.slice/session-3.scope", -1, NULL},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope", -1, NULL},
		{"/system.slice/run-user.mount", -1, NULL},
		{"/default/some_short_id.service", -1, NULL},
		{"/namespace/.scope", -1, NULL},
		{"/kubepods/besteffort", -1, NULL},
		{"/docker/buildx", -1, NULL},
		{"/a/b/c", -1, NULL},
		{"/docker-0123.scope", -1, NULL},
		{"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", -1,
		 NULL},
		{"/user.slice/libpod-" HEX64 "0123", -1, NULL},
		{"/machine.slice/libpod-conmon-" HEX64 ".scope", -1, NULL},
		{"/system.slice/crio-conmon-" HEX64 ".scope", -1, NULL},
		{"/lxc.monitor.web", -1, NULL},
		{"/machine.slice/machine-.scope", -1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct saker_state *s = new_state(NULL);
		const struct enrich_container *c;
		struct saker_record *r;
		char cgroups[256];

		snprintf(cgroups, sizeof(cgroups), "memory=%s", cases[i].path);
		r = apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
							      .tid = 5,
							      .pid = 5,
							      .ptid = 1,
							      .flags = CL_PPM_CHILD_IN_PIDNS,
							      .vtid = 1,
							      .vpid = 1,
							      .cgroups = cgroups}));
		c = enrich_thread_container(r->thread);
		if (!c != (cases[i].type < 0))
			fail_msg("%s: %s", cases[i].path, c ? c->full_id : "no container");
		if (c) {
			assert_string_equal(c->id, cases[i].id);
			assert_int_equal(c->type, cases[i].type);
		}
		saker_state_free(s);
	}
}

/* Names that anybody may give a cgroup: of one in the host's pid namespace they say nothing. */
static void test_container_look_alikes(void **state)
{
	static const char *const paths[] = {
		"/default/redis",
		"/process_api/0123456789abcdef0123456789abcdef",
		"/process_api/" HEX64,
		"/name/" HEX64,
		"/a/b/" HEX64,
		"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
		"/machine.slice/machine-web.scope/supervisor",
		"/machine.slice/systemd-nspawn@web.service/supervisor",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct saker_state *s = new_state(NULL);
		struct saker_record *r;
		char cgroups[256];

		snprintf(cgroups, sizeof(cgroups), "memory=%s", paths[i]);
		/* A child with a pid namespace of its own, as browsers have, proves nothing of
		 * others. */
		apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
							  .tid = 6,
							  .pid = 6,
							  .ptid = 5,
							  .flags = CL_PPM_CHILD_IN_PIDNS,
							  .vtid = 1,
							  .vpid = 1,
							  .cgroups = cgroups}));
		r = apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS,
							    .tid = 5,
							    .ptid = 1,
							    .path = "/x",
							    .comm = "x",
							    .cgroups = cgroups}));
		if (enrich_thread_container(r->thread))
			fail_msg("%s is taken for a container", paths[i]);
		saker_state_free(s);
	}
}

static void test_container_life(void **state)
{
	struct saker_state *s = new_state(NULL);
	struct saker_record *r;
	struct enrich_container *c;

	(void)state;
	r = apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS,
						    .tid = 5,
						    .ptid = 1,
						    .path = "/x",
						    .comm = "x",
						    .cgroups = "cpu=/docker/" HEX64}));
	c = r->thread->container;
	assert_string_equal(c->full_id, HEX64);
	/* Its child is in the same one; a thread that leaves is in none. */
	apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
						  .tid = 5,
						  .res = 6,
						  .pid = 5,
						  .ptid = 1,
						  .cgroups = "cpu=/docker/" HEX64}));
	assert_ptr_equal(enrich_thread_find(s, 6)->container, c);
	assert_int_equal(c->refs, 2);
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS,
						.tid = 5,
						.ptid = 1,
						.path = "/x",
						.comm = "x",
						.cgroups = "cpu=/"}));
	assert_null(enrich_thread_find(s, 5)->container);
	assert_int_equal(c->refs, 1);
	apply(s, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, TS, 6, "qqbbq", INT64_C(0), INT64_C(0), 0, 0,
			 INT64_C(0)));
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, TS, 5, "qw", INT64_C(-1), 0));
	assert_int_equal(s->n_containers, 0);
	saker_state_free(s);
}

static void test_container_types(void **state)
{
	(void)state;
	assert_string_equal(enrich_container_type_name(ENRICH_CONTAINER_CRIO), "cri-o");
	assert_string_equal(enrich_container_type_name(ENRICH_CONTAINER_HOST), "host");
	assert_string_equal(enrich_container_type_name((enum enrich_container_type)99), "");
}

/* ---- cgroups and lists -------------------------------------------------------------------- */

static void test_lists(void **state)
{
	static const struct {
		const char *text;
		uint32_t len;
		uint32_t n;
		const char *last;
	} cases[] = {
		{"", 0, 0, NULL},    {"\0", 1, 0, NULL},   {"a", 1, 1, "a"},
		{"a\0", 2, 1, "a"},  {"a\0b", 3, 2, "b"},  {"a\0b\0", 4, 2, "b"},
		{"a\0\0", 3, 2, ""}, {"\0a\0", 3, 2, "a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct saker_state *s = new_state(NULL);
		struct enrich_slice item = {"", 0};
		struct saker_record *r;
		uint32_t pos = 0;

		r = apply(s, eb_make(&eb, SAKER_EV_SYSCALL_EXECVE_19_X, TS, 5, "qsrqqq", INT64_C(0),
				     "x", cases[i].text, (int)cases[i].len, INT64_C(5), INT64_C(5),
				     INT64_C(1)));
		assert_int_equal(enrich_list_count(r->thread->args), cases[i].n);
		while (enrich_list_next(r->thread->args, &pos, &item))
			;
		if (cases[i].last)
			assert_string_equal(item.text, cases[i].last);
		saker_state_free(s);
	}
}

static void test_cgroup(void **state)
{
	struct saker_state *s = new_state(NULL);
	struct enrich_thread *t;
	char cgroups[] = "cpu=/a\0io=/b\0mem_cgroup=/c\0perf=/d";

	(void)state;
	eb_begin(&eb);
	eb_exec(&eb, &(struct eb_exec){.ts = TS, .tid = 5, .ptid = 1, .path = "/x", .comm = "x"});
	t = apply(s, eb_make(&eb, SAKER_EV_SYSCALL_EXECVE_19_X, TS, 5, "qs-qqqsqqqwwwsr",
			     INT64_C(0), "x", INT64_C(5), INT64_C(5), INT64_C(1), "", INT64_C(1),
			     INT64_C(1), INT64_C(1), 1, 1, 1, "x", cgroups, (int)sizeof(cgroups)))
		    ->thread;
	assert_string_equal(enrich_thread_cgroup(t, "blkio", 5).text, "/b");
	assert_string_equal(enrich_thread_cgroup(t, "memory", 6).text, "/c");
	assert_string_equal(enrich_thread_cgroup(t, "perf_event", 10).text, "/d");
	assert_int_equal(enrich_thread_cgroup(t, "cpu", 3).len, 2);
	assert_int_equal(enrich_thread_cgroup(t, "cpuset", 6).len, 0);
	saker_state_free(s);
}

/* ---- accounts ------------------------------------------------------------------------------- */

static void write_file(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/etc/%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void remove_file(const char *root, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(remove(path), 0);
}

static void test_host_accounts(void **state)
{
	char root[] = "/tmp/saker-test-XXXXXX";
	const struct enrich_user *u;
	struct saker_state *s;
	char etc[64];

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(etc, sizeof(etc), "%s/etc", root);
	assert_int_equal(mkdir(etc, 0700), 0);
	write_file(
		root, "passwd",
		"root:x:0:0:root:/root:/bin/bash\n+nis::::::\nbad line\nworse:x:notanumber:1:::\n"
		"first:x:33:34:W W W:/var/www:/bin/false\nsecond:x:33:35::/:/bin/true\n"
		"last:x:4294967294:1::/:/bin/sh");
	write_file(root, "group", "root:x:0:\nwww:x:34:a,b\n");
	s = new_state(root);
	u = enrich_state_user(s, NULL, 33);
	assert_non_null(u);
	assert_string_equal(u->name, "first");
	assert_string_equal(u->home, "/var/www");
	assert_string_equal(u->shell, "/bin/false");
	assert_int_equal(u->gid, 34);
	assert_string_equal(enrich_state_user(s, NULL, 4294967294u)->shell, "/bin/sh");
	assert_null(enrich_state_user(s, NULL, 1));
	assert_null(enrich_state_user(s, NULL, ENRICH_NO_ID));
	assert_string_equal(enrich_state_group(s, NULL, 34)->name, "www");
	/* A change is seen, at most a second later. */
	write_file(root, "passwd", "renamed:x:33:34:W W W:/var/www:/bin/false\n");
	assert_string_equal(enrich_state_user(s, NULL, 33)->name, "first");
	s->users.checked_ns = 1;
	assert_string_equal(enrich_state_user(s, NULL, 33)->name, "renamed");
	assert_null(enrich_state_user(s, NULL, 0));
	/* Inside a container other names hold. */
	assert_null(enrich_state_user(s, &(struct enrich_container){.refs = 1}, 33));
	saker_state_free(s);
	remove_file(root, "etc/passwd");
	remove_file(root, "etc/group");
	remove_file(root, "etc");
	assert_int_equal(rmdir(root), 0);
}

static void test_given_accounts(void **state)
{
	struct saker_account user = {
		.type = 0, .uid = 7, .gid = 8, .name = "eve", .home = "/h", .shell = "/s"};
	struct saker_account group = {.type = 1, .gid = 8, .name = "evil"};
	struct saker_state *s = new_state(NULL);
	uint64_t used = s->pool.used;

	(void)state;
	assert_int_equal(saker_state_add_account(s, &user), 0);
	assert_int_equal(saker_state_add_account(s, &group), 0);
	assert_string_equal(enrich_state_user(s, NULL, 7)->name, "eve");
	assert_string_equal(enrich_state_group(s, NULL, 8)->name, "evil");
	assert_null(enrich_state_group(s, NULL, 7));
	assert_true(s->pool.used > used);
	/* Events bring and take them. */
	assert_non_null(apply(s, eb_make(&eb, SAKER_EV_USER_ADDED_E, TS, 0, "wwssss", 7, 8, "adam",
					 "/a", "/b", "")));
	assert_string_equal(enrich_state_user(s, NULL, 7)->name, "adam");
	apply(s, eb_make(&eb, SAKER_EV_USER_ADDED_E, TS, 0, "wwssss", 9, 9, "inside", "/a", "/b",
			 "abc"));
	assert_null(enrich_state_user(s, NULL, 9));
	apply(s,
	      eb_make(&eb, SAKER_EV_USER_DELETED_E, TS, 0, "wwssss", 7, 8, "adam", "/a", "/b", ""));
	assert_null(enrich_state_user(s, NULL, 7));
	apply(s, eb_make(&eb, SAKER_EV_GROUP_ADDED_E, TS, 0, "wss", 70, "g", ""));
	assert_string_equal(enrich_state_group(s, NULL, 70)->name, "g");
	apply(s, eb_make(&eb, SAKER_EV_GROUP_DELETED_E, TS, 0, "wss", 70, "g", ""));
	assert_null(enrich_state_group(s, NULL, 70));
	assert_int_equal(saker_state_add_account(s, NULL), -EINVAL);
	user.type = 5;
	assert_int_equal(saker_state_add_account(s, &user), -EINVAL);
	saker_state_free(s);
}

/* ---- addresses ---------------------------------------------------------------------------------
 */

static void test_addresses(void **state)
{
	struct saker_interface eth = {.name = "eth0", .addr = {4, 24, {192, 168, 1, 7}}};
	struct saker_interface eth6 = {.name = "eth0", .addr = {6, 64, {0xfe, 0x80, [15] = 1}}};
	struct saker_interface odd = {.name = "x", .addr = {5, 0, {0}}};
	uint8_t v4[4] = {192, 168, 1, 7};
	uint8_t v6[16] = {0xfe, 0x80, [15] = 99};
	struct saker_state *s = new_state(NULL);

	(void)state;
	assert_int_equal(saker_state_add_interface(s, &eth), 0);
	assert_int_equal(saker_state_add_interface(s, &eth6), 0);
	assert_int_equal(saker_state_add_interface(s, &odd), -EINVAL);
	assert_true(enrich_state_is_local_v4(s, v4));
	v4[3]++;
	assert_false(enrich_state_is_local_v4(s, v4));
	assert_true(enrich_state_is_local_v6(s, v6));
	v6[4] = 1;
	assert_false(enrich_state_is_local_v6(s, v6));
	saker_state_free(s);
}

/* A cgroup that only looks like a container's: what shares the host's namespaces is the host's. */
static void test_host_in_deep_cgroup(void **state)
{
	static const char cgroup[] = "cpu=/process_api/0123456789abcdef0123456789abcdef";
	struct saker_account user = {.uid = 1000, .name = "worker", .home = "/w", .shell = "/sh"};
	struct saker_state *s = new_state(NULL);
	const struct enrich_thread *t;

	(void)state;
	assert_int_equal(saker_state_add_account(s, &user), 0);
	apply(s,
	      eb_clone(&eb,
		       &(struct eb_clone){
			       .ts = TS, .tid = 400, .pid = 400, .ptid = 100, .cgroups = cgroup}));
	t = enrich_thread_find(s, 400);
	assert_null(enrich_thread_container(t));
	assert_string_equal(enrich_state_user(s, enrich_thread_container(t), t->uid)->name,
			    "worker");
	/* The same in a pid namespace of its own. */
	apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
						  .tid = 401,
						  .pid = 401,
						  .ptid = 100,
						  .vtid = 1,
						  .vpid = 1,
						  .cgroups = cgroup}));
	t = enrich_thread_find(s, 401);
	assert_non_null(t->container);
	assert_int_equal(t->container->type, ENRICH_CONTAINER_CONTAINERD);
	assert_null(enrich_state_user(s, t->container, t->uid));
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_container_patterns),
		cmocka_unit_test(test_container_look_alikes),
		cmocka_unit_test(test_host_in_deep_cgroup),
		cmocka_unit_test(test_container_life),
		cmocka_unit_test(test_container_types),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_host_accounts),
		cmocka_unit_test(test_given_accounts),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
