/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who shares a working directory and a table of descriptors with whom: threads
 * and processes that asked for otherwise than usual (clone without CLONE_FS or
 * CLONE_FILES, or with them for a process; unshare; close_range).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event_builder.h"
#include "internal.h"

#define TS UINT64_C(1000000000000)
#define I(x) INT64_C(x)

static struct event_builder eb;

static struct saker_event_meta meta;

static int setup(void **state)
{
	(void)state;
	meta.flags = SAKER_EVENT_META_NOTED;
	return 0;
}

static struct saker_record *apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r = NULL;

	return saker_state_apply(s, event, &meta, &r) == 1 ? r : NULL;
}

#define EVENT(s, tid, code, format, ...) \
	apply(s, eb_make(&eb, SAKER_EV_##code, TS, tid, format, __VA_ARGS__))

/* A shell (100) in /home, with /a as its descriptor 3. */
static struct saker_state *start(void)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	options.offline = true;
	assert_int_equal(saker_state_new(&options, &s), 0);
	apply(s,
	      eb_task(&eb, &(struct eb_task){.tid = 100, .ptid = 1, .comm = "sh", .cwd = "/home"}));
	EVENT(s, 100, SYSCALL_OPENAT_2_X, "qqswwwq", I(3), I(-100), "/a", 1, 0, 0xfe00, I(42));
	return s;
}

static void clone_of(struct saker_state *s, int64_t tid, int64_t child, uint32_t flags)
{
	apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
						  .tid = tid,
						  .res = child,
						  .pid = 100,
						  .ptid = 1,
						  .flags = flags}));
	assert_non_null(enrich_thread_find(s, child));
}

static void chdir_of(struct saker_state *s, uint64_t tid, const char *path)
{
	EVENT(s, tid, SYSCALL_CHDIR_X, "qs", I(0), path);
}

static void expect_cwd(struct saker_state *s, int64_t tid, const char *cwd)
{
	assert_string_equal(enrich_thread_cwd(s, enrich_thread_find(s, tid)).text, cwd);
}

static void expect_fd(struct saker_state *s, int64_t tid, bool is)
{
	assert_int_equal(enrich_fd_find(enrich_thread_find(s, tid), 3) != NULL, is);
}

static void close_of(struct saker_state *s, uint64_t tid)
{
	EVENT(s, tid, SYSCALL_CLOSE_X, "qq", I(0), I(3));
	/* What it closed goes with the next event. */
	EVENT(s, tid, SYSCALL_SETUID_X, "qw", I(-1), 0);
}

static void test_thread(void **state)
{
	struct saker_state *s = start();

	(void)state;
	clone_of(s, 100, 101, CL_PPM_THREAD);
	chdir_of(s, 101, "x");
	expect_cwd(s, 101, "/home/x/");
	expect_cwd(s, 100, "/home/");
	close_of(s, 101);
	expect_fd(s, 101, false);
	expect_fd(s, 100, true);
	saker_state_free(s);
}

static void test_process(void **state)
{
	struct saker_state *s = start();

	(void)state;
	clone_of(s, 100, 200, CL_PPM_FS);
	chdir_of(s, 200, "/etc");
	expect_cwd(s, 100, "/etc/");
	EVENT(s, 100, SYSCALL_UNSHARE_X, "qw", I(0), CL_PPM_FS);
	chdir_of(s, 200, "/usr");
	expect_cwd(s, 100, "/etc/");
	/* And what a fork leaves is a copy. */
	clone_of(s, 200, 201, 0);
	chdir_of(s, 201, "lib");
	expect_cwd(s, 201, "/usr/lib/");
	expect_cwd(s, 200, "/usr/");
	saker_state_free(s);
}

static void test_unshare(void **state)
{
	static const uint32_t all = CL_PPM_THREAD | CL_PPM_FS | CL_PPM_FILES;
	struct saker_state *s = start();

	(void)state;
	clone_of(s, 100, 101, all);
	clone_of(s, 100, 102, all);
	clone_of(s, 100, 103, all);
	EVENT(s, 101, SYSCALL_UNSHARE_X, "qw", I(0), CL_PPM_FS | CL_PPM_FILES);
	chdir_of(s, 101, "/etc");
	close_of(s, 101);
	expect_cwd(s, 100, "/home/");
	expect_fd(s, 100, true);
	/* Threads that it makes share what it has, not what the leader has. */
	clone_of(s, 101, 104, all);
	expect_cwd(s, 104, "/etc/");
	expect_fd(s, 104, false);
	/* The leader goes: the others stay where they were. */
	EVENT(s, 100, SYSCALL_UNSHARE_X, "qw", I(0), CL_PPM_NEWNS);
	chdir_of(s, 100, "/usr");
	chdir_of(s, 102, "y");
	expect_cwd(s, 100, "/usr/");
	chdir_of(s, 104, "x");
	expect_cwd(s, 101, "/etc/x/");
	expect_cwd(s, 103, "/home/y/");
	EVENT(s, 102, SYSCALL_CLOSE_RANGE_X, "qwww", I(0), 3, 9, CLOSE_RANGE_PPM_UNSHARE);
	expect_fd(s, 102, false);
	expect_fd(s, 103, true);
	expect_fd(s, 100, true);
	saker_state_free(s);
}

/* What a thread has of its own is its process's when it is who calls execve. */
static void test_exec(void **state)
{
	struct saker_state *s = start();

	(void)state;
	clone_of(s, 100, 101, CL_PPM_THREAD);
	chdir_of(s, 101, "/etc");
	close_of(s, 101);
	EVENT(s, 100, PROCEXIT_1_E, "qqbbq", I(0), I(0), 0, 0, I(0));
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS, .tid = 100, .path = "/x", .comm = "x"}));
	expect_cwd(s, 100, "/etc/");
	expect_fd(s, 100, false);
	assert_null(enrich_thread_find(s, 101));
	saker_state_free(s);
}

/* What Falco recorded: threads share all, and who calls what only we follow stays as it was. */
static void test_as_falco(void **state)
{
	struct saker_state *s = start();

	(void)state;
	meta.flags = 0;
	clone_of(s, 100, 101, CL_PPM_THREAD);
	chdir_of(s, 101, "x");
	expect_cwd(s, 100, "/home/x/");
	EVENT(s, 101, SYSCALL_UNSHARE_X, "qw", I(0), CL_PPM_FS | CL_PPM_FILES);
	close_of(s, 101);
	expect_fd(s, 100, false);
	EVENT(s, 100, SYSCALL_SETNS_X, "qqw", I(0), I(3), CL_PPM_NEWNS);
	expect_cwd(s, 101, "/home/x/");
	enrich_thread_find(s, 100)->pgid = 7;
	EVENT(s, 100, SYSCALL_SETPGID_X, "qqq", I(0), I(0), I(0));
	EVENT(s, 100, SYSCALL_SETSID_X, "q", I(100));
	assert_int_equal(enrich_thread_find(s, 100)->sid, 100);
	assert_int_equal(enrich_thread_find(s, 100)->pgid, 7);
	saker_state_free(s);
}

/* Who enters a mount namespace is at its root. */
static void test_setns(void **state)
{
	struct saker_state *s = start();

	(void)state;
	EVENT(s, 100, SYSCALL_SETNS_X, "qqw", I(0), I(3), CL_PPM_NEWNS);
	expect_cwd(s, 100, "/");
	chdir_of(s, 100, "/home");
	EVENT(s, 100, SYSCALL_SETNS_X, "qqw", I(0), I(3), 0);
	expect_cwd(s, 100, "/home/");
	EVENT(s, 100, SYSCALL_OPENAT_2_X, "qqswwwq", I(4), I(-100), "/proc/7/ns/mnt", 1, 0, 4,
	      I(7));
	EVENT(s, 100, SYSCALL_SETNS_X, "qqw", I(0), I(4), 0);
	expect_cwd(s, 100, "/");
	saker_state_free(s);
}

/* It may have been a setns that was lost. */
static void test_lost(void **state)
{
	struct saker_loss loss = SAKER_LOSS_INIT;
	struct saker_state *s = start();
	struct enrich_thread *t = enrich_thread_find(s, 100);

	(void)state;
	assert_true(enrich_cwd_sure(s, t));
	loss.n[SAKER_LOSS_IDENTITY] = 1;
	assert_int_equal(saker_state_lost(s, &loss), 0);
	assert_false(enrich_cwd_sure(s, t));
	chdir_of(s, 100, "/etc");
	chdir_of(s, 100, "/usr");
	assert_true(enrich_cwd_sure(s, t));
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_thread, setup),
		cmocka_unit_test_setup(test_process, setup),
		cmocka_unit_test_setup(test_unshare, setup),
		cmocka_unit_test_setup(test_exec, setup),
		cmocka_unit_test_setup(test_as_falco, setup),
		cmocka_unit_test_setup(test_setns, setup),
		cmocka_unit_test_setup(test_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
