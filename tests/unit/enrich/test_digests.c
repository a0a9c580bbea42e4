/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of executables: computed for real processes (this test's own copies
 * of a program), held against sha256sum; and in the state, where an execve may
 * wait for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <saker/digests.h>

#include "event_story.h"
#include "internal.h"

#define TS UINT64_C(1000000000000)
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- real ones ------------------------------------------------------------------------------ */

static void sum_of(const char *path, char *ret_sum)
{
	char command[PATH_MAX + 32];
	FILE *f;

	snprintf(command, sizeof(command), "sha256sum < '%s'", path);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fread(ret_sum, 1, 64, f), 64);
	ret_sum[64] = '\0';
	pclose(f);
}

/* The text of the next answer. */
static const char *wait_answer(struct saker_digests *d, int64_t tid)
{
	static char text[256];
	const struct saker_event *event;
	struct saker_event_view view;

	for (int i = 0; saker_digests_next(d, 7, &event) != 1; i++) {
		assert_true(i < 2000);
		usleep(5000);
	}
	assert_int_equal(event->tid, tid);
	assert_int_equal(event->ts, 7);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_string_equal((const char *)view.params[1].data, "exe_digest");
	snprintf(text, sizeof(text), "%s", (const char *)view.params[2].data);
	return text;
}

static uint64_t mtime_of(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * UINT64_C(1000000000) + (uint64_t)st->st_mtim.tv_nsec;
}

static int ask_real(struct saker_digests *d, pid_t pid, const struct stat *st, uint64_t mtime,
		    const char *path)
{
	const struct saker_exe exe = {
		.tid = pid,
		.ptid = getpid(),
		.ino = st->st_ino,
		.ctime = (uint64_t)st->st_ctim.tv_sec * UINT64_C(1000000000) +
			 (uint64_t)st->st_ctim.tv_nsec,
		.mtime = mtime,
		.path = path,
	};

	return saker_digests_ask(d, &exe);
}

/* A copy of sleep that runs. */
static pid_t start_copy(char *path, struct stat *ret_st, char *ret_sum)
{
	char command[PATH_MAX + 64];
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(close(mkstemp(path)), 0);
	snprintf(command, sizeof(command), "cp \"$(command -v sleep)\" '%s' && chmod 755 '%s'",
		 path, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(stat(path, ret_st), 0);
	sum_of(path, ret_sum);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		execl(path, path, "60", (char *)NULL);
		_exit(127);
	}
	/* Its end closes with the execve. */
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
	return pid;
}

static void test_real(void **state)
{
	struct saker_digests_stats stats = {.size = sizeof(stats)};
	char path[] = "/tmp/saker-digest-XXXXXX";
	char sum[65], want[256];
	struct saker_digests *d;
	struct stat st;
	pid_t pid;

	(void)state;
	assert_int_equal(saker_digests_new(NULL, &d), 0);
	pid = start_copy(path, &st, sum);
	snprintf(want, sizeof(want), "sha256:%s %llu %llu", sum, (unsigned long long)st.st_ino,
		 (unsigned long long)mtime_of(&st));
	/* Deleted: what runs is what counts. */
	unlink(path);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask_real(d, pid, &st, mtime_of(&st), path), 0);
		assert_string_equal(wait_answer(d, pid), want);
	}
	saker_digests_get_stats(d, &stats);
	assert_int_equal(stats.n_asked, 3);
	assert_int_equal(stats.n_read, 1);
	/* Another file by now. */
	assert_int_equal(ask_real(d, pid, &st, 1, path), 0);
	assert_int_equal(wait_answer(d, pid)[0], '-');
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(ask_real(d, pid, &st, mtime_of(&st), path), 0);
	assert_int_equal(wait_answer(d, pid)[0], '-');
	saker_digests_get_stats(d, &stats);
	assert_int_equal(stats.n_failed, 2);
	saker_digests_free(d);
}

/* A process that is gone when the question comes: its file says, if it is the same still. */
static void test_gone(void **state)
{
	char path[] = "/tmp/saker-digest-XXXXXX";
	char sum[65], want[256];
	struct saker_digests *d;
	struct stat st;
	pid_t pid;

	(void)state;
	assert_int_equal(saker_digests_new(NULL, &d), 0);
	pid = start_copy(path, &st, sum);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(want, sizeof(want), "sha256:%s %llu %llu", sum, (unsigned long long)st.st_ino,
		 (unsigned long long)mtime_of(&st));
	assert_int_equal(ask_real(d, pid, &st, mtime_of(&st), path), 0);
	assert_string_equal(wait_answer(d, pid), want);
	/* Somebody has touched it since; or it is another. */
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(ask_real(d, pid, &st, mtime_of(&st), path), 0);
	assert_int_equal(wait_answer(d, pid)[0], '-');
	assert_int_equal(ask_real(d, pid, &st, mtime_of(&st), "/bin/sh"), 0);
	assert_int_equal(wait_answer(d, pid)[0], '-');
	assert_int_equal(ask_real(d, pid, &st, mtime_of(&st), "relative"), 0);
	assert_int_equal(wait_answer(d, pid)[0], '-');
	unlink(path);
	saker_digests_free(d);
}

static void test_limits(void **state)
{
	struct saker_digests_options options = SAKER_DIGESTS_OPTIONS_INIT;
	const struct saker_event *event;
	struct saker_digests *d;
	struct stat st;
	int n = 0, r;

	(void)state;
	options.file_max = 10;
	assert_int_equal(saker_digests_new(&options, &d), 0);
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_int_equal(ask_real(d, getpid(), &st, mtime_of(&st), NULL), 0);
	assert_memory_equal(wait_answer(d, getpid()), "-large ", 7);
	assert_int_equal(saker_digests_next(d, 0, &event), 0);
	assert_int_equal(ask_real(d, 0, &st, 1, NULL), -EINVAL);
	assert_int_equal(ask_real(NULL, 1, &st, 1, NULL), -EINVAL);
	assert_int_equal(saker_digests_ask(d, NULL), -EINVAL);
	/* Answers that nobody fetches, and questions that come faster than answers. */
	for (int i = 0; i < 20000; i++) {
		r = ask_real(d, getpid(), &st, 1, NULL);
		assert_true(r == 0 || r == -EAGAIN);
		n += r == 0;
	}
	assert_true(n >= 1024);
	saker_digests_free(d);
	options.size = 1;
	assert_int_equal(saker_digests_new(&options, &d), -EINVAL);
	assert_null(saker_digests_free(NULL));
}

/* ---- in the state -----------------------------------------------------------------------------
 */

static struct event_builder eb;
static int answer_of_ask;
static int n_asked;

static int ask(void *userdata, const struct saker_exe *exe)
{
	(void)userdata;
	assert_true(exe->tid > 0);
	assert_int_equal(exe->ino, 4711);
	assert_int_equal(exe->ctime, 1000);
	assert_int_equal(exe->mtime, 2000);
	assert_string_equal(exe->path, "/x");
	n_asked++;
	return answer_of_ask;
}

static struct saker_state *new_state(uint32_t hold_ms)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	answer_of_ask = n_asked = 0;
	options.host_root = "/nonexistent";
	options.ask_digest = ask;
	options.hold_digest_ms = hold_ms;
	assert_int_equal(saker_state_new(&options, &s), 0);
	return s;
}

static struct saker_record *apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r = NULL;

	return saker_state_apply(s, event, NULL, &r) == 1 ? r : NULL;
}

static struct saker_record *exec_of(struct saker_state *s, int64_t tid)
{
	return apply(
		s,
		eb_exec(&eb, &(struct eb_exec){
				     .ts = TS, .tid = tid, .ptid = 1, .path = "/x", .comm = "x"}));
}

static struct saker_record *fork_of(struct saker_state *s, int64_t tid, int64_t child, bool side)
{
	return apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS + 1,
							 .tid = side ? child : tid,
							 .res = side ? 0 : child,
							 .pid = side ? child : tid,
							 .ptid = side ? tid : 1}));
}

static struct saker_record *setuid_of(struct saker_state *s, int64_t tid)
{
	return apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, TS + 2, (uint64_t)tid, "qw",
				INT64_C(0), 0));
}

static void tell(struct saker_state *s, int64_t tid, const char *text)
{
	struct saker_event_meta meta = {.flags = SAKER_EVENT_META_STATE_ONLY};
	struct saker_record *r;

	assert_int_equal(saker_state_apply(s,
					   eb_make(&eb, SAKER_EV_ASYNCEVENT_E, TS + 3,
						   (uint64_t)tid, "wss", 0, "exe_digest", text),
					   &meta, &r),
			 0);
}

static const char *hash_of(struct saker_record *r)
{
	static char text[128];
	struct saker_field_ref ref;
	struct saker_values out;
	char arg[128];

	assert_non_null(r);
	assert_int_equal(story_bind("proc.exe_hash", arg, &ref), 0);
	memset(&out, 0, sizeof(out));
	ref.extract(r, &ref, &out);
	if (out.n)
		snprintf(text, sizeof(text), "%.*s", (int)out.v->len, out.v->str);
	else
		snprintf(text, sizeof(text), "%u", out.absent);
	return text;
}

static void test_state(void **state)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_state *s = new_state(0);

	(void)state;
	assert_string_equal(hash_of(exec_of(s, 5)), "7"); /* PENDING */
	fork_of(s, 5, 6, false);
	/* Of another file, of a thread that is not there, and no digest at all. */
	tell(s, 5, DIGEST " 4711 2001");
	tell(s, 99, DIGEST " 4711 2000");
	tell(s, 5, "rubbish");
	assert_string_equal(hash_of(setuid_of(s, 5)), "7");
	tell(s, 5, DIGEST " 4711 2000");
	assert_string_equal(hash_of(setuid_of(s, 5)), DIGEST);
	/* A child that was there before has it too; what it runs next has not. */
	assert_string_equal(hash_of(setuid_of(s, 6)), DIGEST);
	assert_string_equal(hash_of(exec_of(s, 6)), "7");
	tell(s, 6, "- 4711 2000");
	assert_string_equal(hash_of(setuid_of(s, 6)), "2"); /* NOT_CAPTURED */
	exec_of(s, 6);
	tell(s, 6, "-denied 4711 2000");
	assert_string_equal(hash_of(setuid_of(s, 6)), "6"); /* NO_PERMISSION */
	exec_of(s, 6);
	tell(s, 6, "-large 4711 2000");
	assert_string_equal(hash_of(setuid_of(s, 6)), "5"); /* TRUNCATED */
	assert_string_equal(hash_of(setuid_of(s, 5)), DIGEST);
	answer_of_ask = -ENOTSUP;
	assert_string_equal(hash_of(exec_of(s, 7)), "2"); /* NOT_CAPTURED */
	assert_int_equal(n_asked, 5);
	saker_state_get_stats(s, &stats);
	assert_int_equal(stats.n_malformed, 1);
	saker_state_free(s);
}

static struct saker_record *held(struct saker_state *s)
{
	struct saker_record *r = NULL;

	return saker_state_held(s, false, &r) == 1 ? r : NULL;
}

/* An execve waits for its digest, with all that the process and its children do meanwhile. */
static void test_hold(void **state)
{
	struct saker_state *s = new_state(10000);
	struct saker_record *r;

	(void)state;
	assert_null(exec_of(s, 5));
	assert_null(fork_of(s, 5, 6, false));
	assert_null(fork_of(s, 5, 6, true));
	assert_null(setuid_of(s, 6));
	assert_non_null(setuid_of(s, 9));
	assert_null(held(s));
	tell(s, 5, DIGEST " 4711 2000");
	for (int i = 0; i < 4; i++) {
		r = held(s);
		assert_string_equal(hash_of(r), DIGEST);
	}
	assert_int_equal(r->view.event->type, SAKER_EV_SYSCALL_SETUID_X);
	assert_null(held(s));
	assert_int_equal(n_asked, 1);
	/* A second execve behind the first waits for its own. */
	assert_null(exec_of(s, 5));
	assert_null(exec_of(s, 5));
	tell(s, 5, DIGEST " 4711 2000");
	assert_string_equal(hash_of(held(s)), DIGEST);
	assert_null(held(s));
	assert_true(saker_state_hold_wait(s) > 0);
	tell(s, 5, "- 4711 2000");
	assert_string_equal(hash_of(held(s)), "2");
	saker_state_free(s);
}

static void test_hold_ends(void **state)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_state *s = new_state(20);
	struct saker_record *r;

	(void)state;
	assert_null(exec_of(s, 5));
	usleep(30000);
	assert_string_equal(hash_of(held(s)), "7");
	saker_state_get_stats(s, &stats);
	assert_int_equal(stats.n_hold_timeouts, 1);
	/* It comes later all the same. */
	tell(s, 5, DIGEST " 4711 2000");
	assert_string_equal(hash_of(setuid_of(s, 5)), DIGEST);
	/* Nobody computes any: nothing waits. */
	answer_of_ask = -ENOTSUP;
	assert_non_null(exec_of(s, 5));
	answer_of_ask = 0;
	assert_null(exec_of(s, 5));
	assert_int_equal(saker_state_held(s, true, &r), 1);
	assert_null(exec_of(s, 5));
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real),   cmocka_unit_test(test_gone),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_state),
		cmocka_unit_test(test_hold),   cmocka_unit_test(test_hold_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
