/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers as the state keeps them: what container events tell, who is asked
 * for what they do not, and events that wait for the answer. Runtimes
 * themselves are another test's business.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "event_story.h"
#include "internal.h"

#define TS UINT64_C(1000000000000)
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER64 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define DOCKER "cpu=/docker/" HEX64
#define OTHER "cpu=/docker/" OTHER64

static struct event_builder eb;

/* Who is asked for containers in these tests, and what it says. */
static struct {
	int result;
	int n;
	char id[ENRICH_CONTAINER_ID_MAX];
	int type;
	int n_accounts;
	int64_t tid;
} asked;

static int ask(void *userdata, const char *id, size_t len, int type)
{
	assert_ptr_equal(userdata, &asked);
	asked.n++;
	memcpy(asked.id, id, len);
	asked.id[len] = '\0';
	asked.type = type;
	return asked.result;
}

static void ask_accounts(void *userdata, const char *id, size_t len, int64_t tid)
{
	assert_ptr_equal(userdata, &asked);
	assert_true(len < ENRICH_CONTAINER_ID_MAX && id);
	asked.n_accounts++;
	asked.tid = tid;
}

static struct saker_state *new_state(int result, uint32_t hold_ms)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	memset(&asked, 0, sizeof(asked));
	asked.result = result;
	options.host_root = "/nonexistent";
	options.ask_container = ask;
	options.ask_accounts = ask_accounts;
	options.ask_container_userdata = &asked;
	options.hold_ms = hold_ms;
	assert_int_equal(saker_state_new(&options, &s), 0);
	return s;
}

/* Asks nobody: what containers are is told by whoever uses the library. */
static struct saker_state *told_state(void)
{
	struct saker_state *s;

	assert_int_equal(saker_state_new(NULL, &s), 0);
	return s;
}

static struct saker_record *apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r = NULL;

	return saker_state_apply(s, event, NULL, &r) == 1 ? r : NULL;
}

static struct saker_record *held(struct saker_state *s)
{
	struct saker_record *r = NULL;

	return saker_state_held(s, false, &r) == 1 ? r : NULL;
}

static struct saker_record *exec_in(struct saker_state *s, int64_t tid, const char *cgroups)
{
	return apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS,
						       .tid = tid,
						       .ptid = 1,
						       .path = "/bin/sh",
						       .comm = "sh",
						       .cgroups = cgroups}));
}

static const struct saker_event *container_event(const char *json)
{
	return eb_make(&eb, SAKER_EV_ASYNCEVENT_E, TS, 0, "wss", 0, "container", json);
}

static struct saker_record *setuid_of(struct saker_state *s, int64_t tid, int uid)
{
	return apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, TS, (uint64_t)tid, "qw", INT64_C(0),
				uid));
}

/* ---- fields ----------------------------------------------------------------------------- */

static const char *text_of(struct saker_record *r, const char *field)
{
	static char text[512];
	struct saker_field_ref ref;
	struct saker_values out;
	char arg[128];

	if (story_bind(field, arg, &ref) < 0)
		fail_msg("%s does not bind", field);
	memset(&out, 0, sizeof(out));
	ref.extract(r, &ref, &out);
	if (!out.n)
		snprintf(text, sizeof(text), "(absent %u)", out.absent);
	else if (out.v->type == SAKER_TYPE_BOOL)
		snprintf(text, sizeof(text), "%s", out.v->u64 ? "true" : "false");
	else
		snprintf(text, sizeof(text), "%.*s", (int)out.v->len, out.v->str);
	return text;
}

struct expectation {
	const char *field;
	const char *text;
};

static void expect(struct saker_record *r, const struct expectation *e, size_t n)
{
	assert_non_null(r);
	for (size_t i = 0; i < n; i++) {
		const char *got = text_of(r, e[i].field);

		if (strcmp(got, e[i].text) != 0)
			fail_msg("%s is '%s', not '%s'", e[i].field, got, e[i].text);
	}
}

#define EXPECT(r, ...)                                         \
	do {                                                   \
		const struct expectation _e[] = {__VA_ARGS__}; \
		expect((r), _e, sizeof(_e) / sizeof(_e[0]));   \
	} while (0)

static const char redis[] =
	"{\"container\":{\"type\":0,\"id\":\"0123456789ab\",\"full_id\":\"" HEX64 "\","
	"\"name\":\"cache\",\"image\":\"redis:7\",\"imageid\":\"beef\",\"imagerepo\":\"redis\","
	"\"imagetag\":\"7\",\"imagedigest\":\"sha256:d1\",\"ip\":\"172.17.0.2\","
	"\"privileged\":true,\"host_pid\":false,\"host_network\":true,\"host_ipc\":false,"
	"\"labels\":{\"z\":\"last\",\"app\":\"cache\",\"empty\":\"\",\"annotation.x\":\"no\","
	"\"io.kubernetes.pod.name\":\"p\",\"io.kubernetes.pod.namespace\":\"ns\","
	"\"io.kubernetes.pod.uid\":\"u-1\"},"
	"\"Mounts\":[{\"Source\":\"/etc\",\"Destination\":\"/host/"
	"etc\",\"Mode\":\"ro\",\"RW\":false,"
	"\"Propagation\":\"rprivate\"},{\"Source\":\"/var/lib/x\",\"Destination\":\"/data\","
	"\"Mode\":\"\",\"RW\":true,\"Propagation\":\"\"}],"
	"\"pod_sandbox_id\":\"\",\"pod_sandbox_labels\":null,\"env\":[]}}";

static void test_fields(void **state)
{
	struct saker_state *s = new_state(0, 0);
	struct saker_record *r;

	(void)state;
	r = exec_in(s, 5, DOCKER);
	assert_int_equal(asked.n, 1);
	assert_string_equal(asked.id, HEX64);
	assert_int_equal(asked.type, ENRICH_CONTAINER_DOCKER);
	/* PENDING: asked, not answered. */
	EXPECT(r, {"container.id", "0123456789ab"}, {"container.full_id", HEX64},
	       {"container.name", "(absent 7)"}, {"container.type", "(absent 7)"},
	       {"container.privileged", "(absent 7)"}, {"container.runtime", "(absent 7)"},
	       {"container.mounts", "(absent 7)"}, {"k8s.pod.name", "(absent 7)"});
	/* The event's own record shows the container. */
	r = apply(s, container_event(redis));
	EXPECT(r, {"container.id", "0123456789ab"}, {"container.name", "cache"},
	       {"evt.asynctype", "container"});
	r = exec_in(s, 5, DOCKER);
	EXPECT(r, {"container.id", "0123456789ab"}, {"container.name", "cache"},
	       {"container.type", "docker"}, {"container.image", "redis:7"},
	       {"container.image.id", "beef"}, {"container.image.repository", "redis"},
	       {"container.image.tag", "7"}, {"container.image.digest", "sha256:d1"},
	       {"container.ip", "172.17.0.2"}, {"container.privileged", "true"},
	       {"container.host_network", "true"}, {"container.host_pid", "false"},
	       {"container.mounts", "/etc:/host/etc:ro:false:rprivate,/var/lib/x:/data::true:"},
	       {"container.mount[0]", "/etc:/host/etc:ro:false:rprivate"},
	       {"container.mount[/var/*]", "/var/lib/x:/data::true:"},
	       {"container.mount[2]", "(absent 1)"}, {"container.mount[/nope]", "(absent 1)"},
	       {"container.mount.source[/host/*]", "/etc"},
	       {"container.mount.dest[/etc]", "/host/etc"}, {"container.mount.mode[0]", "ro"},
	       {"container.mount.rdwr[1]", "true"},
	       {"container.mount.propagation[/etc]", "rprivate"}, {"container.label[app]", "cache"},
	       {"container.label[none]", "(absent 1)"},
	       {"container.labels", "app:cache, empty, z:last"}, {"k8s.pod.name", "p"},
	       {"k8s.ns.name", "ns"}, {"k8s.pod.uid", "u-1"}, {"k8s.pod.id", "u-1"},
	       {"container.cni.json", ""}, {"k8s.pod.ip", ""});
	assert_int_equal(asked.n, 1);
	saker_state_free(s);
}

/* What is the pod's stands in the pod's own container, or was told with the container. */
static void test_pods(void **state)
{
	struct saker_state *s = told_state();
	struct saker_record *r;

	(void)state;
	apply(s, container_event(
			 "{\"container\":{\"type\":7,\"id\":\"fedcba987654\",\"full_id\":\"" OTHER64
			 "\",\"is_pod_sandbox\":true,\"ip\":\"10.0.0.9\",\"cni_json\":\"{}\","
			 "\"pod_sandbox_labels\":{\"team\":\"red\"}}}"));
	apply(s, container_event("{\"container\":{\"type\":7,\"full_id\":\"" HEX64
				 "\",\"pod_sandbox_id\":\"" OTHER64 "\"}}"));
	r = exec_in(s, 5, DOCKER);
	EXPECT(r, {"container.type", "containerd"}, {"k8s.pod.sandbox_id", "fedcba987654"},
	       {"k8s.pod.full_sandbox_id", OTHER64}, {"k8s.pod.label[team]", "red"},
	       {"k8s.pod.labels", "team:red"}, {"k8s.pod.ip", "10.0.0.9"},
	       {"k8s.pod.cni.json", "{}"}, {"k8s.pod.name", "(absent 1)"});
	apply(s,
	      container_event("{\"container\":{\"type\":8,\"full_id\":\"" HEX64
			      "\",\"pod_sandbox_id\":\"" OTHER64 "\",\"cni_json\":\"[1]\","
			      "\"ip\":\"10.0.0.7\",\"pod_sandbox_labels\":{\"team\":\"blue\"}}}"));
	r = exec_in(s, 5, DOCKER);
	EXPECT(r, {"container.type", "cri-o"}, {"k8s.pod.labels", "team:blue"},
	       {"k8s.pod.ip", "10.0.0.7"}, {"k8s.pod.cni.json", "[1]"});
	saker_state_free(s);
}

static void test_reasons(void **state)
{
	static const struct {
		int result;
		bool forgo;
		const char *text;
	} cases[] = {
		{0, false, "(absent 7)"}, /* PENDING */
		{1, false, "(absent 7)"},
		{1, true, "(absent 1)"}, /* NOT_APPLICABLE: no runtime has such a container */
		{-ENOENT, false, "(absent 2)"}, /* NOT_CAPTURED: nobody to ask */
		{-EACCES, false, "(absent 6)"}, /* NO_PERMISSION */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct saker_state *s = new_state(cases[i].result, 0);

		exec_in(s, 5, DOCKER);
		if (cases[i].forgo)
			assert_int_equal(saker_state_forgo_container(s, HEX64, 64), 0);
		EXPECT(exec_in(s, 5, DOCKER), {"container.name", cases[i].text},
		       {"container.id", "0123456789ab"});
		assert_int_equal(asked.n, 1);
		assert_int_equal(saker_state_forgo_container(s, OTHER64, 64), -ENOENT);
		assert_int_equal(saker_state_forgo_container(s, "", 0), -EINVAL);
		saker_state_free(s);
	}
}

/*
 * Which end of a connection is the thread's own: in a container, what its address says; the
 * bridge that visitors come from is an address of the host, and not of the container.
 */
static void test_local_end(void **state)
{
	static const uint8_t visitor[] = {2, 172, 17, 0, 1, 0x10, 0x27, 172, 17, 0, 9, 80, 0};
	struct saker_interface bridge = {.name = "docker0", .addr = {4, 16, {172, 17, 0, 1}}};
	struct saker_state *s = new_state(0, 0);
	struct saker_record *r;

	(void)state;
	assert_int_equal(saker_state_add_interface(s, &bridge), 0);
	exec_in(s, 5, DOCKER);
	exec_in(s, 6, "cpu=/");
	for (int64_t tid = 5; tid <= 6; tid++) {
		r = apply(s, eb_make(&eb, SAKER_EV_SOCKET_ACCEPT4_6_X, TS, (uint64_t)tid, "qrbwww",
				     INT64_C(4), visitor, (int)sizeof(visitor), 0, 0, 0, 0));
		EXPECT(r, {"fd.name", "172.17.0.1:10000->172.17.0.9:80"},
		       {"fd.lproto", tid == 5 ? "80" : "10000"},
		       {"fd.rproto", tid == 5 ? "10000" : "80"}, {"fd.is_server", "false"});
	}
	apply(s, container_event("{\"container\":{\"type\":0,\"full_id\":\"" HEX64
				 "\",\"ip\":\"172.17.0.9\"}}"));
	r = apply(s, eb_make(&eb, SAKER_EV_SOCKET_ACCEPT4_6_X, TS, 5, "qrbwww", INT64_C(4), visitor,
			     (int)sizeof(visitor), 0, 0, 0, 0));
	EXPECT(r, {"fd.is_server", "true"});
	saker_state_free(s);
}

/* No container, and known to be none: a comparison with an image holds, or not. */
static void test_host(void **state)
{
	struct saker_state *s = new_state(0, 0);

	(void)state;
	EXPECT(exec_in(s, 5, "cpu=/"), {"container.id", "host"}, {"container.name", "host"},
	       {"container.type", "host"}, {"container.image", ""},
	       {"container.image.repository", ""}, {"container.mounts", ""},
	       {"container.labels", ""}, {"container.privileged", "false"}, {"k8s.pod.ip", ""},
	       {"k8s.pod.name", "(absent 1)"}, {"container.label[x]", "(absent 1)"},
	       {"container.mount.dest[0]", "(absent 1)"}, {"container.runtime", "(absent 1)"});
	saker_state_free(s);
}

/* No runtime tells of these: the cgroup does. */
static void test_untold(void **state)
{
	static const struct {
		const char *cgroups, *type, *id;
	} cases[] = {
		{"cpu=/lxc.payload.web", "lxc", "web"},
		{"cpu=/libvirt/lxc/vm", "libvirt-lxc", "vm"},
		{"cpu=/system.slice/bpm-job.scope", "bpm", "job"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct saker_state *s = new_state(-ENOENT, 0);

		EXPECT(exec_in(s, 5, cases[i].cgroups), {"container.type", cases[i].type},
		       {"container.id", cases[i].id}, {"container.name", "(absent 1)"});
		saker_state_free(s);
	}
}

/* Two plain names are the host's until a runtime says otherwise. */
static void test_doubtful_names(void **state)
{
	struct saker_state *s = new_state(0, 0);
	struct saker_record *r;

	(void)state;
	r = exec_in(s, 5, "cpu=/default/redis");
	assert_string_equal(asked.id, "redis");
	assert_int_equal(asked.type, ENRICH_CONTAINER_CONTAINERD);
	EXPECT(r, {"container.id", "host"}, {"container.name", "host"},
	       {"container.privileged", "false"});
	apply(s, container_event(
			 "{\"container\":{\"type\":7,\"id\":\"redis\",\"full_id\":\"redis\"}}"));
	EXPECT(setuid_of(s, 5, 0), {"container.id", "redis"}, {"container.type", "containerd"});
	/* Nobody to ask, as on a replay: namespaces count, and what was recorded. */
	saker_state_free(s);
	s = story_state();
	EXPECT(exec_in(s, 5, "cpu=/default/redis"), {"container.id", "host"});
	EXPECT(exec_in(s, 6, "cpu=/somebodys/" HEX64), {"container.id", "host"});
	apply(s, container_event(
			 "{\"container\":{\"type\":7,\"id\":\"redis\",\"full_id\":\"redis\"}}"));
	apply(s, container_event("{\"container\":{\"type\":0,\"full_id\":\"" HEX64 "\"}}"));
	EXPECT(setuid_of(s, 5, 0), {"container.id", "redis"});
	EXPECT(setuid_of(s, 6, 0), {"container.id", "0123456789ab"});
	saker_state_free(s);
}

/* Its users are asked for through one thread after the other, until they are known; not for ever.
 */
static void test_accounts(void **state)
{
	struct saker_state *s = new_state(0, 0);
	struct saker_record *r;

	(void)state;
	exec_in(s, 5, DOCKER);
	assert_int_equal(asked.n_accounts, 1);
	exec_in(s, 6, DOCKER);
	assert_int_equal(asked.n_accounts, 2);
	assert_int_equal(asked.tid, 6);
	apply(s, eb_make(&eb, SAKER_EV_USER_ADDED_E, TS, 0, "wwssss", 42, 43, "bird", "/nest",
			 "/bin/fly", "0123456789ab"));
	apply(s, eb_make(&eb, SAKER_EV_GROUP_ADDED_E, TS, 0, "wss", 43, "flock", "0123456789ab"));
	/* Of a container that nobody has seen: nothing to keep. */
	apply(s, eb_make(&eb, SAKER_EV_GROUP_ADDED_E, TS, 0, "wss", 43, "flock", "ba9876543210"));
	r = exec_in(s, 7, DOCKER);
	EXPECT(r, {"user.name", "bird"}, {"user.homedir", "/nest"}, {"user.shell", "/bin/fly"},
	       {"group.name", "flock"});
	assert_int_equal(asked.n_accounts, 2);
	apply(s, eb_make(&eb, SAKER_EV_USER_DELETED_E, TS, 0, "wwssss", 42, 43, "bird", "", "",
			 "0123456789ab"));
	EXPECT(setuid_of(s, 7, 42), {"user.name", "<NA>"});
	for (int i = 0; i < 100; i++)
		exec_in(s, 100 + i, OTHER);
	assert_int_equal(asked.n_accounts, 2 + (int)ENRICH_ACCOUNT_TRIES);
	saker_state_free(s);
}

static void test_broken_events(void **state)
{
	static const char *const cases[] = {
		"",
		"{",
		"[]",
		"null",
		"{\"container\":[]}",
		"{\"container\":3}",
		"nonsense",
		"{\"container\":{}}trailing",
		"{\"a\":1,\"a\":2}",
	};
	static const char *const harmless[] = {
		"{\"container\":{}}",
		"{\"container\":{\"id\":\"\"}}",
		"{\"container\":{\"id\":7}}",
		"{\"container\":{\"id\":\"x\",\"labels\":[1],\"Mounts\":{\"a\":1},\"name\":[],"
		"\"type\":\"seven\",\"privileged\":\"yes\"}}",
		"{\"container\":{\"id\":\"y\",\"Mounts\":[1,null,{\"RW\":1}],\"labels\":{\"a\":"
		"null}}}",
	};
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_state *s = told_state();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		apply(s, container_event(cases[i]));
	saker_state_get_stats(s, &stats);
	assert_int_equal(stats.n_malformed, ARRAY_SIZE(cases));
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		apply(s, container_event(harmless[i]));
	saker_state_get_stats(s, &stats);
	assert_int_equal(stats.n_malformed, ARRAY_SIZE(cases));
	assert_int_equal(stats.n_containers, 2);
	saker_state_free(s);
}

/* Told of and never entered: the last ones are kept, and no more. */
static void test_kept(void **state)
{
	struct saker_state *s = told_state();
	char json[128];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(json, sizeof(json), "{\"container\":{\"id\":\"c%d\"}}", i);
		apply(s, container_event(json));
	}
	setuid_of(s, 5, 0); /* lets go of the last event's */
	assert_int_equal(s->n_containers, ENRICH_KEPT_CONTAINERS);
	/* Removed: gone with its last thread. */
	apply(s, eb_make(&eb, SAKER_EV_ASYNCEVENT_E, TS, 0, "wss", 0, "container_removed",
			 "{\"container\":{\"id\":\"c4999\"}}"));
	setuid_of(s, 5, 0);
	assert_int_equal(s->n_containers, ENRICH_KEPT_CONTAINERS - 1);
	saker_state_free(s);
}

/* An answer that comes after the container's last thread went leaves nothing behind. */
static void test_late_answer(void **state)
{
	struct saker_state *s = new_state(0, 0);

	(void)state;
	exec_in(s, 5, DOCKER);
	assert_int_equal(s->n_containers, 1);
	apply(s, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, TS + 1, 5, "qqbbq", INT64_C(0), INT64_C(0), 0,
			 0, INT64_C(1)));
	setuid_of(s, 9, 0); /* what ended is let go of with the next event */
	assert_int_equal(s->n_containers, 0);
	apply(s, container_event("{\"container\":{\"type\":0,\"full_id\":\"" HEX64 "\"}}"));
	setuid_of(s, 9, 0);
	assert_int_equal(s->n_containers, 0);
	saker_state_free(s);
}

/* ---- holding ------------------------------------------------------------------------------ */

static void test_hold(void **state)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_state *s = new_state(1, 10000);
	struct saker_record *r;
	int wait;

	(void)state;
	assert_int_equal(saker_state_hold_wait(s), -1);
	/* The first execve waits, and what comes after it; others do not. */
	assert_null(exec_in(s, 5, DOCKER));
	assert_null(setuid_of(s, 5, 7));
	assert_non_null(setuid_of(s, 9, 1));
	assert_null(held(s));
	wait = saker_state_hold_wait(s);
	assert_in_range(wait, 0, 10000);
	/* A child of theirs is in the container: what it does waits too, before it is known. */
	assert_null(apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS + 1,
							      .tid = 6,
							      .res = 0,
							      .pid = 6,
							      .ptid = 5,
							      .cgroups = DOCKER})));
	assert_null(setuid_of(s, 6, 8));
	assert_null(enrich_thread_find(s, 6));
	/* The answer lets them go, in order, as soon as its users are known too. */
	assert_non_null(apply(s, container_event(redis)));
	assert_null(held(s));
	assert_in_range(saker_state_hold_wait(s), 0, 51);
	apply(s, eb_make(&eb, SAKER_EV_USER_ADDED_E, TS, 0, "wwssss", 42, 43, "bird", "/nest",
			 "/bin/fly", "0123456789ab"));
	r = held(s);
	EXPECT(r, {"evt.type", "execve"}, {"container.name", "cache"}, {"user.name", "bird"},
	       {"container.image.repository", "redis"});
	r = held(s);
	EXPECT(r, {"evt.type", "setuid"}, {"proc.name", "sh"}, {"container.name", "cache"});
	r = held(s);
	EXPECT(r, {"evt.type", "clone"}, {"container.name", "cache"});
	r = held(s);
	EXPECT(r, {"evt.type", "setuid"}, {"container.name", "cache"});
	assert_int_equal(enrich_thread_find(s, 6)->uid, 8);
	assert_null(held(s));
	assert_int_equal(saker_state_hold_wait(s), -1);
	/* From now on nothing waits. */
	assert_non_null(setuid_of(s, 6, 9));
	assert_non_null(exec_in(s, 5, DOCKER));
	saker_state_get_stats(s, &stats);
	assert_int_equal(stats.n_held_events, 4);
	assert_int_equal(stats.n_hold_timeouts, 0);
	saker_state_free(s);
}

static void test_hold_ends(void **state)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_state *s = new_state(1, 30);
	struct saker_record *r;

	(void)state;
	/* The runtime knows none. */
	assert_null(exec_in(s, 5, DOCKER));
	saker_state_forgo_container(s, HEX64, 64);
	r = held(s);
	EXPECT(r, {"container.id", "0123456789ab"}, {"container.name", "(absent 1)"});
	/* Its users are read from nowhere: that costs a moment. */
	assert_null(exec_in(
		s, 7,
		"cpu=/docker/1111111111111111111111111111111111111111111111111111111111111111"));
	apply(s, container_event("{\"container\":{\"id\":\"111111111111\",\"image\":\"i\"}}"));
	assert_null(held(s));
	usleep(60000);
	r = held(s);
	EXPECT(r, {"container.image", "i"}, {"user.name", "<NA>"});
	/* It says nothing: the time is up, once. */
	assert_null(exec_in(s, 6, OTHER));
	assert_null(held(s));
	usleep(40000);
	r = held(s);
	EXPECT(r, {"container.id", "fedcba987654"}, {"container.name", "(absent 7)"});
	assert_null(held(s));
	assert_non_null(exec_in(s, 6, OTHER));
	saker_state_get_stats(s, &stats);
	assert_int_equal(stats.n_hold_timeouts, 1);
	saker_state_free(s);
}

/* What waited is from the past: time does not begin anew with it. */
static void test_hold_old(void **state)
{
	const uint64_t later = TS + UINT64_C(5000000000);
	struct saker_state *s = new_state(1, 30);
	struct enrich_tombstone dead;

	(void)state;
	assert_non_null(setuid_of(s, 9, 1));
	assert_null(exec_in(s, 5, DOCKER));
	apply(s, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, later, 9, "qqbbq", INT64_C(0), INT64_C(0), 0,
			 0, INT64_C(0)));
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, later, 1, "qw", INT64_C(0), 1));
	assert_true(enrich_tombstone_find(s, 9, &dead));
	saker_state_forgo_container(s, HEX64, 64);
	assert_non_null(held(s));
	assert_true(enrich_tombstone_find(s, 9, &dead));
	saker_state_free(s);
}

static void test_hold_not(void **state)
{
	struct saker_state *s;

	(void)state;
	/* A runtime that has not answered so far is not waited for; nor is one when that is off. */
	s = new_state(0, 10000);
	assert_non_null(exec_in(s, 5, DOCKER));
	saker_state_free(s);
	s = new_state(1, 0);
	assert_non_null(exec_in(s, 5, DOCKER));
	saker_state_free(s);
	s = new_state(-ENOENT, 10000);
	assert_non_null(exec_in(s, 5, DOCKER));
	saker_state_free(s);
}

/* Bounded in number: at the limit all go, and none out of turn. */
static void test_hold_overflow(void **state)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_state *s = new_state(1, 10000);
	struct saker_record *r;
	uint32_t n = 0;
	int uid = 1;

	(void)state;
	assert_null(exec_in(s, 5, DOCKER));
	for (int i = 1; i < 6000; i++) {
		struct saker_record *record = setuid_of(s, 5, i);

		if (record) {
			assert_int_equal(enrich_param_int(record, 1, -1), uid);
			uid++;
		}
		while ((r = held(s))) {
			if (r->view.event->type != SAKER_EV_SYSCALL_SETUID_X)
				continue;
			assert_int_equal(enrich_param_int(r, 1, -1), uid);
			uid++;
			n++;
		}
	}
	assert_int_equal(uid, 6000);
	assert_int_equal(n, 4095);
	saker_state_get_stats(s, &stats);
	assert_int_equal(stats.n_hold_overflows, 1);
	saker_state_free(s);
}

/* At the end everything comes out, and freeing gives back what was not asked for. */
static void test_hold_flush(void **state)
{
	struct saker_state *s = new_state(1, 10000);
	struct saker_record *r;

	(void)state;
	assert_null(exec_in(s, 5, DOCKER));
	assert_null(exec_in(s, 6, OTHER));
	assert_int_equal(saker_state_held(s, true, &r), 1);
	assert_int_equal(saker_state_held(s, true, &r), 1);
	assert_int_equal(saker_state_held(s, true, &r), 0);
	assert_null(exec_in(
		s, 7,
		"cpu=/docker/1111111111111111111111111111111111111111111111111111111111111111"));
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local_end),      cmocka_unit_test(test_host),
		cmocka_unit_test(test_fields),	       cmocka_unit_test(test_pods),
		cmocka_unit_test(test_reasons),	       cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_doubtful_names), cmocka_unit_test(test_broken_events),
		cmocka_unit_test(test_untold),	       cmocka_unit_test(test_kept),
		cmocka_unit_test(test_late_answer),    cmocka_unit_test(test_hold),
		cmocka_unit_test(test_hold_ends),      cmocka_unit_test(test_hold_old),
		cmocka_unit_test(test_hold_not),       cmocka_unit_test(test_hold_overflow),
		cmocka_unit_test(test_hold_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
