/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile or merely large machine does to the state: start-up state
 * that does not fit, as many containers as processes, endless accounts, engines
 * that take their time, clocks that step. Nothing may be freed under our feet,
 * and nothing may cost more than what it brings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "event_builder.h"
#include "internal.h"

#define TS UINT64_C(1000000000000)
#define SECOND UINT64_C(1000000000)
#define I(v) INT64_C(v)
#define MIB (UINT64_C(1) << 20)

static struct event_builder eb;

static struct saker_record *apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r = NULL;

	assert_true(saker_state_apply(s, event, NULL, &r) >= 0);
	return r;
}

static struct saker_state *new_state(const struct saker_state_options *from)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	if (from)
		options = *from;
	options.offline = true;
	assert_int_equal(saker_state_new(&options, &s), 0);
	return s;
}

static void start_sh(struct saker_state *s)
{
	apply(s, eb_task(&eb, &(struct eb_task){.tid = 1, .comm = "init"}));
	apply(s, eb_task(&eb, &(struct eb_task){.tid = 100, .ptid = 1, .comm = "sh"}));
}

static void any_event(struct saker_state *s, uint64_t ts, int64_t tid)
{
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, ts, (uint64_t)tid, "qw", I(-1), 0));
}

static void initial_connection(struct saker_state *s, int64_t tid, int fd)
{
	static const uint8_t from[4] = {10, 0, 0, 1}, to[4] = {10, 0, 0, 2};

	apply(s, eb_make(&eb, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, 0, (uint64_t)(tid << 32 | tid),
			 "whhrhrhq", fd, 1, 6, from, 4, 40000 + fd, to, 4, 443, I(1)));
}

/* ---- start-up ---------------------------------------------------------------------------- */

/* Families and roles are worked out while memory is at its end: what is worked on stays. */
static void test_start_up_beyond_memory(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	(void)state;
	options.memory_max = 2 * MIB;
	s = new_state(&options);
	for (int64_t tid = 1; tid <= 6000; tid++) {
		apply(s, eb_task(&eb, &(struct eb_task){.tid = tid,
							.ptid = tid > 1 ? tid / 2 : 0,
							.comm = "many"}));
		for (int fd = 3; fd < 5; fd++)
			initial_connection(s, tid, fd);
	}
	assert_true(s->stats.n_drops_full_threadtable > 0);
	assert_int_equal(s->n_unsettled, s->n_threads);
	any_event(s, TS, 1);
	assert_int_equal(s->n_unsettled, 0);
	/* Hardly anyone is lost over it. */
	assert_true(s->stats.n_evicted_threads < s->n_threads / 2);
	for (int64_t tid = 1; tid <= 6000; tid++)
		any_event(s, TS, tid);
	assert_true(s->pool.used <= s->pool.limit);
	saker_state_free(s);
}

/* ---- containers ---------------------------------------------------------------------------- */

#define CONTAINERS 20000

static void container_cgroup(char *text, size_t size, int64_t i)
{
	snprintf(text, size, "cpu=/docker/%064llx", (unsigned long long)i);
}

static void test_many_containers(void **state)
{
	struct saker_state *s = new_state(NULL);
	char cgroup[128];

	(void)state;
	start_sh(s);
	for (int64_t i = 0; i < CONTAINERS; i++) {
		container_cgroup(cgroup, sizeof(cgroup), i);
		for (int64_t twin = 0; twin < 2; twin++)
			apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS,
								.tid = 1000 + 2 * i + twin,
								.ptid = 100,
								.path = "/bin/x",
								.comm = "x",
								.cgroups = cgroup}));
	}
	assert_int_equal(s->n_containers, CONTAINERS);
	assert_true(s->containers_capacity >= CONTAINERS);
	for (int64_t i = 0; i < CONTAINERS; i++) {
		const struct enrich_thread *t = enrich_thread_find(s, 1000 + 2 * i);

		container_cgroup(cgroup, sizeof(cgroup), i);
		assert_ptr_equal(t->container, enrich_thread_find(s, 1001 + 2 * i)->container);
		assert_int_equal(t->container->refs, 2);
		assert_int_equal(t->container->full_id_len, 64);
		assert_memory_equal(t->container->full_id, cgroup + strlen("cpu=/docker/"), 64);
	}
	for (int64_t tid = 1000; tid < 1000 + 2 * CONTAINERS; tid++)
		apply(s, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, TS, (uint64_t)tid, "qqbbq", I(0), I(0),
				 0, 0, I(0)));
	any_event(s, TS, 100);
	assert_int_equal(s->n_containers, 0);
	saker_state_free(s);
}

/* ---- accounts ------------------------------------------------------------------------------ */

static int add_user(struct saker_state *s, uint32_t uid, const char *name)
{
	struct saker_account account = {
		.uid = uid, .gid = uid, .name = name, .home = "/home", .shell = "/bin/sh"};

	return saker_state_add_account(s, &account);
}

static uint32_t uid_of(uint32_t i)
{
	return i * UINT32_C(2654435761); /* in no order */
}

static void test_many_accounts(void **state)
{
	const uint32_t n = 40000;
	struct saker_state *s = new_state(NULL);
	uint64_t before = s->pool.used;
	char name[32];

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		assert_int_equal(add_user(s, uid_of(i), name), 0);
		assert_string_equal(enrich_state_user(s, NULL, uid_of(i))->name, name);
	}
	assert_int_equal(add_user(s, uid_of(7), "seven"), 0);
	assert_string_equal(enrich_state_user(s, NULL, uid_of(7))->name, "seven");
	assert_int_equal(s->users.n, n);
	for (uint32_t i = 0; i < n; i += 2)
		enrich_accounts_remove(s, &s->users, uid_of(i));
	assert_int_equal(s->users.n, n / 2);
	for (uint32_t i = 0; i < n; i++) {
		const struct enrich_user *user = enrich_state_user(s, NULL, uid_of(i));

		if (i % 2 == 0) {
			assert_null(user);
			continue;
		}
		snprintf(name, sizeof(name), i == 7 ? "seven" : "user%u", i);
		assert_string_equal(user->name, name);
	}
	enrich_accounts_fini(s, &s->users);
	assert_int_equal(s->pool.used, before);
	saker_state_free(s);
}

/* Names of the largest size, each for a number of its own: they have a share, not all memory. */
static void test_accounts_have_a_share(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	static char name[60000];
	struct saker_state *s;

	(void)state;
	options.memory_max = 4 * MIB;
	s = new_state(&options);
	memset(name, 'n', sizeof(name) - 1);
	for (uint32_t i = 0; i < 2000; i++)
		apply(s, eb_make(&eb, SAKER_EV_USER_ADDED_E, TS, (uint64_t)-1, "wwsss-", i, i, name,
				 "/", "/"));
	assert_true(s->users.bytes <= 4 * MIB / ENRICH_ACCOUNTS_SHARE);
	assert_true(s->users.n > 0 && s->users.n < 2000);
	assert_int_equal(add_user(s, 5000, name), -E2BIG);
	start_sh(s);
	any_event(s, TS, 100);
	assert_non_null(enrich_thread_find(s, 100));
	assert_true(s->pool.used <= s->pool.limit);
	saker_state_free(s);
}

/* ---- refills ------------------------------------------------------------------------------- */

struct engine {
	uint32_t n_asked;
	uint64_t start;	  /* of the threads that are asked for; 0 = at any time */
	uint32_t slow_ms; /* how long an answer takes */
	int32_t n_fds;	  /* of the thread that is asked for */
};

static int answer(void *userdata, int64_t tid, saker_capture_event_fn fn, void *fn_userdata)
{
	static struct event_builder b;
	struct engine *e = userdata;
	struct timespec ts = {.tv_nsec = (long)e->slow_ms * 1000000};

	e->n_asked++;
	nanosleep(&ts, NULL);
	fn(fn_userdata,
	   eb_task(&b,
		   &(struct eb_task){.tid = tid, .ptid = 1, .comm = "asked", .start = e->start}));
	for (int32_t fd = 0; fd < e->n_fds; fd++)
		fn(fn_userdata,
		   eb_make(&b, SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0, (uint64_t)(tid << 32 | tid),
			   "wswwq", fd, "/refilled", 1, 0, I(9)));
	return 0;
}

static struct saker_state *new_live(struct engine *e, uint32_t max_fds)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	options.refill = answer;
	options.refill_userdata = e;
	options.max_fds = max_fds;
	s = new_state(&options);
	start_sh(s);
	return s;
}

/* Quick answers may come a hundred times a second, slow ones get a tenth of the time. */
static void test_slow_refills(void **state)
{
	struct engine quick = {0}, slow = {.slow_ms = 50};
	struct saker_state *s;

	(void)state;
	s = new_live(&quick, 0);
	for (int64_t i = 0; i < 1000; i++)
		any_event(s, TS + (uint64_t)i, 1000 + i);
	assert_in_range(quick.n_asked, 20, ENRICH_REFILLS_PER_S);
	saker_state_free(s);

	s = new_live(&slow, 0);
	for (int64_t i = 0; i < 1000; i++)
		any_event(s, TS + (uint64_t)i, 1000 + i);
	assert_in_range(slow.n_asked, 1, 2);
	/* Three seconds later: 300 ms of it. */
	for (int64_t i = 0; i < 300; i++)
		any_event(s, TS + SECOND / 100 * (uint64_t)i, 3000 + i);
	assert_in_range(slow.n_asked, 3, 10);
	saker_state_free(s);
}

static void test_refill_after_clock_step(void **state)
{
	const uint64_t hour = 3600 * SECOND;
	struct engine e = {0};
	struct saker_state *s = new_live(&e, 0);

	(void)state;
	for (int64_t i = 0; i < 1000; i++)
		any_event(s, TS + hour, 1000 + i);
	/* An hour back, a second passes. */
	any_event(s, TS, 3000);
	e.n_asked = 0;
	any_event(s, TS + SECOND, 3001);
	assert_int_equal(e.n_asked, 1);
	/* One that could not be asked for then is no longer unknown for an hour. */
	any_event(s, TS + SECOND + 1, 1999);
	assert_int_equal(e.n_asked, 2);
	assert_string_equal(enrich_thread_find(s, 1999)->comm->text, "asked");
	saker_state_free(s);
}

/*
 * Asked for a file, the engine tells of another thread of that number: there was no time to ask
 * for it before, though its end may have been lost. The record goes on with that one.
 */
static void test_refill_tells_of_another(void **state)
{
	struct engine e = {.n_fds = 4, .start = TS};
	struct saker_loss loss = SAKER_LOSS_INIT;
	struct saker_state *s = new_live(&e, 0);
	struct saker_record *r;

	(void)state;
	any_event(s, TS, 100);
	loss.n[SAKER_LOSS_PROCESS] = 1;
	assert_int_equal(saker_state_lost(s, &loss), 0);
	enrich_thread_find(s, 100)->retry_ts = TS + SECOND;
	r = apply(s, eb_make(&eb, SAKER_EV_SYSCALL_READ_X, TS + 1, 100, "qrqw", I(1), "x", 1, I(3),
			     1));
	assert_int_equal(e.n_asked, 1);
	assert_ptr_equal(r->thread, enrich_thread_find(s, 100));
	assert_string_equal(r->thread->comm->text, "asked");
	assert_string_equal(r->fd->name->text, "/refilled");
	saker_state_free(s);
}

/* A table that is full gets the file that is missing, and keeps the others that it had. */
static void test_refill_of_a_full_table(void **state)
{
	struct engine e = {.n_fds = 200000};
	struct saker_state *s = new_live(&e, 64);
	struct saker_record *r;
	uint32_t n_known = 0;

	(void)state;
	for (int64_t fd = 0; fd < 64; fd++)
		apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, 100, "qqswwwq", fd, I(-100),
				 "/opened", 1, 0, 1, I(2)));
	e.n_asked = 0;
	r = apply(s, eb_make(&eb, SAKER_EV_SYSCALL_READ_X, TS + SECOND, 100, "qrqw", I(1), "x", 1,
			     I(199999), 1));
	assert_int_equal(e.n_asked, 1);
	assert_non_null(r->fd);
	assert_string_equal(r->fd->name->text, "/refilled");
	for (int64_t fd = 0; fd < 64; fd++) {
		const struct enrich_fd *known = enrich_fd_find(r->thread, fd);

		n_known += known && strcmp(known->name->text, "/opened") == 0;
	}
	assert_int_equal(n_known, 63);
	assert_int_equal(s->stats.n_evicted_fds, 1);
	saker_state_free(s);
}

/* Descriptors that came in a message are looked up; 32-bit programs have it in another shape. */
static void test_passed_fds(void **state)
{
	static const uint32_t wide[] = {28, 0,	SOL_SOCKET, SCM_CREDENTIALS, 1,		 2, 3,
					0,  20, 0,	    SOL_SOCKET,	     SCM_RIGHTS, 7};
	static const uint32_t narrow[] = {24, SOL_SOCKET, SCM_CREDENTIALS, 1,	       2,
					  3,  16,	  SOL_SOCKET,	   SCM_RIGHTS, 7};
	static const uint32_t none[] = {24, SOL_SOCKET, SCM_CREDENTIALS, 1, 2, 7};
	static const uint32_t cut[] = {100, SOL_SOCKET, SCM_RIGHTS, 7};
	static const struct {
		const uint32_t *control;
		int len;
		bool passed;
	} cases[] = {
		{wide, sizeof(wide), true},
		{narrow, sizeof(narrow), true},
		{none, sizeof(none), false},
		{cut, sizeof(cut), false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine e = {.n_fds = 10};
		struct saker_state *s = new_live(&e, 0);
		const struct enrich_fd *fd;
		struct saker_record *r;

		apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, 100, "qqswwwq", I(7),
				 I(-100), "/opened", 1, 0, 1, I(2)));
		apply(s, eb_make(&eb, SAKER_EV_SOCKET_SOCKETPAIR_X, TS + 1, 100, "qqqqqwww", I(0),
				 I(4), I(5), I(0x100), I(0x200), AF_UNIX, SOCK_STREAM, 0));
		e.n_asked = 0;
		r = apply(s, eb_make(&eb, SAKER_EV_SOCKET_RECVMSG_X, TS + SECOND, 100, "qwrrrq",
				     I(1), 1, "x", 1, "", 0, (const char *)cases[i].control,
				     cases[i].len, I(4)));
		fd = enrich_fd_find(r->thread, 7);
		assert_int_equal(e.n_asked, cases[i].passed);
		assert_string_equal(fd->name->text, cases[i].passed ? "/refilled" : "/opened");
		saker_state_free(s);
	}
}

/* ---- times, copies ------------------------------------------------------------------------- */

/* The child's event may say an earlier time than its parent's, and still come later. */
static void test_child_event_of_earlier_time(void **state)
{
	struct saker_state *s = new_state(NULL);

	(void)state;
	start_sh(s);
	apply(s, eb_clone(&eb, &(struct eb_clone){
				       .ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1}));
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS + 1, 200, "qqswwwq", I(3), I(-100),
			 "/opened", 1, 0, 1, I(2)));
	apply(s, eb_clone(&eb, &(struct eb_clone){
				       .ts = TS - 1000, .tid = 200, .pid = 200, .ptid = 100}));
	assert_non_null(enrich_fd_find(enrich_thread_find(s, 200), 3));
	assert_int_equal(s->stats.n_removed_threads, 0);
	saker_state_free(s);
}

/* A full table that a fork shares has to be copied first; the file is not forgotten over it. */
static void test_full_table_after_fork(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_record *r;
	struct saker_state *s;

	(void)state;
	options.max_fds = 16;
	s = new_state(&options);
	start_sh(s);
	for (int64_t fd = 0; fd < 16; fd++)
		apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, 100, "qqswwwq", fd, I(-100),
				 "/opened", 1, 0, 1, I(2)));
	apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS, .tid = 200, .pid = 200, .ptid = 100}));
	r = apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, 200, "qqswwwq", I(50), I(-100),
			     "/later", 1, 0, 1, I(2)));
	assert_non_null(r->fd);
	assert_string_equal(r->fd->name->text, "/later");
	assert_int_equal(enrich_thread_find(s, 100)->files->table->n, 16);
	assert_int_equal(enrich_thread_find(s, 200)->files->table->n, 16);
	assert_int_equal(s->stats.n_fds, 32);
	saker_state_free(s);
}

static void open_numbered(struct saker_state *s, int64_t fd)
{
	char path[600];

	snprintf(path, sizeof(path), "/%0500d", (int)fd);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, 100, "qqswwwq", fd, I(-100), path, 1,
			 0, 1, I(2)));
}

/*
 * The path of what runs is the name of an open file, which the copy of it
 * pushes out. With a sanitizer only: there each object counts as what it is.
 */
static void test_exec_of_a_descriptor(void **state)
{
	struct saker_state *s = new_state(NULL);
	const struct enrich_thread *t;
	uint64_t limit = s->pool.limit;
	char path[600];

	(void)state;
	/* Nobody else can make room. */
	apply(s, eb_task(&eb, &(struct eb_task){.tid = 100, .comm = "sh"}));
	any_event(s, TS, 100);
	for (int64_t fd = 3; fd < 23; fd++)
		open_numbered(s, fd);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_EXECVEAT_E, TS, 100, "qsw", I(3), "", 1));
	/* The path is to be a string of its own, not the descriptor's. */
	memset(s->recent, 0, sizeof(s->recent));
	s->pool.limit = s->pool.used;
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_EXECVEAT_X, TS, 100, "qs-qqq", I(0), "init", I(100),
			 I(100), I(1)));
	s->pool.limit = limit;
	t = enrich_thread_find(s, 100);
	assert_non_null(t);
	snprintf(path, sizeof(path), "/%0500d", 3);
	if (t->exepath)
		assert_string_equal(t->exepath->text, path);
#if defined(__SANITIZE_ADDRESS__)
	assert_null(enrich_fd_find(t, 3));
	assert_non_null(t->exepath);
#endif
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_up_beyond_memory),
		cmocka_unit_test(test_many_containers),
		cmocka_unit_test(test_many_accounts),
		cmocka_unit_test(test_accounts_have_a_share),
		cmocka_unit_test(test_slow_refills),
		cmocka_unit_test(test_refill_after_clock_step),
		cmocka_unit_test(test_refill_tells_of_another),
		cmocka_unit_test(test_refill_of_a_full_table),
		cmocka_unit_test(test_passed_fds),
		cmocka_unit_test(test_child_event_of_earlier_time),
		cmocka_unit_test(test_full_table_after_fork),
		cmocka_unit_test(test_exec_of_a_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
