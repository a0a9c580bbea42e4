/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of queues, workers and sinks: order, counts, gaps, failing and blocked targets. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <saker/output.h>

#include "common/util.h"

struct context {
	char dir[64];
	char path[96];
	int saved_stdout;
};

static int setup(void **state)
{
	struct context *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	snprintf(c->dir, sizeof(c->dir), "/tmp/saker-test-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	snprintf(c->path, sizeof(c->path), "%s/alerts", c->dir);
	c->saved_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct context *c = *state;

	dup2(c->saved_stdout, STDOUT_FILENO);
	close(c->saved_stdout);
	unlink(c->path);
	rmdir(c->dir);
	free(c);
	return 0;
}

static void emit(struct saker_output *o, int n)
{
	char message[32];
	struct saker_alert a = {
		.time = 1000000000, .rule = "r", .source = "syscall", .message = message};

	snprintf(message, sizeof(message), "n=%d", n);
	a.priority = SAKER_PRIORITY_ERROR;
	assert_int_equal(saker_output_emit(o, &a), 0);
}

static struct saker_output_stats stats_of(const struct saker_output *o)
{
	struct saker_output_stats s = {.size = sizeof(s)};

	assert_int_equal(saker_output_get_stats(o, &s), 0);
	assert_int_equal(s.emitted * s.n_sinks, s.delivered + s.dropped + s.failed + s.queued);
	return s;
}

static struct saker_output *output_with(uint32_t capacity, bool buffered)
{
	struct saker_output_options options = SAKER_OUTPUT_OPTIONS_INIT;
	struct saker_output *o;

	options.queue_capacity = capacity;
	options.buffered = buffered;
	options.hostname = "vm";
	assert_int_equal(saker_output_new(&options, &o), 0);
	return o;
}

static char *slurp(int fd)
{
	size_t size = 0, room = 1 << 20;
	char *text = malloc(room + 1);
	ssize_t n;

	assert_non_null(text);
	while (size < room && (n = read(fd, text + size, room - size)) > 0)
		size += (size_t)n;
	text[size] = '\0';
	return text;
}

static char *slurp_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	assert_true(fd >= 0);
	text = slurp(fd);
	close(fd);
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

static void test_file_in_order(void **state)
{
	struct context *c = *state;

	for (int keep_alive = 0; keep_alive < 2; keep_alive++) {
		struct saker_output *o = output_with(0, false);
		char *text, *p;

		assert_int_equal(saker_output_add_file(o, c->path, keep_alive), 0);
		for (int i = 0; i < 1000; i++)
			emit(o, i);
		assert_int_equal(saker_output_flush(o, 5000), 0);
		assert_int_equal(stats_of(o).delivered, 1000);
		p = text = slurp_file(c->path);
		for (int i = 0; i < 1000; i++) {
			char line[64];

			snprintf(line, sizeof(line), "00:00:01.000000000: Error n=%d\n", i);
			assert_memory_equal(p, line, strlen(line));
			p += strlen(line);
		}
		assert_string_equal(p, "");
		free(text);
		saker_output_free(o);
		unlink(c->path);
	}
}

static void test_two_sinks_and_free_delivers(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, true);
	int fds[2];
	char *text;

	assert_int_equal(pipe(fds), 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	assert_int_equal(saker_output_add_stdout(o, true), 0);
	assert_int_equal(saker_output_add_file(o, c->path, true), 0);
	for (int i = 0; i < 100; i++)
		emit(o, i);
	assert_null(saker_output_free(o));
	dup2(c->saved_stdout, STDOUT_FILENO);
	close(fds[1]);
	text = slurp(fds[0]);
	close(fds[0]);
	assert_int_equal(count(text, "\n"), 100);
	assert_int_equal(count(text, ": \x1b[31mError\x1b[0m n="), 100);
	free(text);
	text = slurp_file(c->path);
	assert_int_equal(count(text, ": Error n="), 100);
	free(text);
}

static void test_buffered_waits_then_writes(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, true);
	struct stat st;

	assert_int_equal(saker_output_add_file(o, c->path, true), 0);
	emit(o, 1);
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	assert_int_equal(stat(c->path, &st), 0);
	assert_int_equal(st.st_size, 0);
	nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 400000000}, NULL);
	assert_int_equal(stat(c->path, &st), 0);
	assert_true(st.st_size > 0);
	emit(o, 2);
	assert_int_equal(saker_output_flush(o, 500), 0);
	assert_int_equal(stats_of(o).delivered, 2);
	saker_output_free(o);
}

/* A reader that sleeps: the caller never waits, drops are counted, then told. */
static void test_full_queue_and_gap(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(8, false);
	struct saker_output_stats s;
	int fds[2], n = 0;
	uint64_t told = 0;
	char *text;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) > 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	assert_int_equal(saker_output_add_stdout(o, false), 0);
	for (; n < 2000; n++)
		emit(o, n);
	s = stats_of(o);
	assert_true(s.dropped > 0);
	assert_int_equal(saker_output_flush(o, 50), -ETIMEDOUT);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	text = slurp(fds[0]);
	for (int tries = 0; saker_output_flush(o, 100) < 0 && tries < 100; tries++) {
		char *more = slurp(fds[0]);

		text = realloc(text, strlen(text) + strlen(more) + 1);
		assert_non_null(text);
		strcat(text, more);
		free(more);
	}
	s = stats_of(o);
	saker_output_free(o);
	dup2(c->saved_stdout, STDOUT_FILENO);
	close(fds[1]);
	{
		char *more = slurp(fds[0]);

		text = realloc(text, strlen(text) + strlen(more) + 1);
		assert_non_null(text);
		strcat(text, more);
		free(more);
	}
	close(fds[0]);
	assert_int_equal(s.delivered + s.dropped, 2000);
	assert_int_equal(count(text, ": Error n="), s.delivered);
	for (const char *p = text; (p = strstr(p, "(n_lost=")); p++)
		told += strtoull(p + 8, NULL, 10);
	assert_int_equal(told, s.dropped);
	assert_true(count(text, ": Critical Saker internal") > 0);
	free(text);
}

/* Nobody ever reads: freeing ends in bounded time nevertheless. */
static void test_blocked_reader_bounded_stop(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, false);
	struct timespec a, b;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) > 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	assert_int_equal(saker_output_add_stdout(o, false), 0);
	for (int i = 0; i < 3000; i++)
		emit(o, i);
	clock_gettime(CLOCK_MONOTONIC, &a);
	saker_output_free(o);
	clock_gettime(CLOCK_MONOTONIC, &b);
	dup2(c->saved_stdout, STDOUT_FILENO);
	close(fds[0]);
	close(fds[1]);
	assert_true(b.tv_sec - a.tv_sec >= 4 && b.tv_sec - a.tv_sec <= 7);
}

/* What is given up at the end is counted: nothing stays in between. */
static void test_stop_counts(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, false);
	struct saker_output_stats s;
	int fds[2];
	char *text;

	assert_int_equal(saker_output_stop(NULL, 0), -EINVAL);
	assert_int_equal(saker_output_stop(o, -1), -EINVAL);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) > 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	assert_int_equal(saker_output_add_stdout(o, false), 0);
	assert_int_equal(saker_output_add_file(o, c->path, false), 0);
	for (int i = 0; i < 3000; i++)
		emit(o, i);
	assert_int_equal(saker_output_stop(o, 200), 0);
	s = stats_of(o);
	assert_int_equal(s.queued, 0);
	assert_true(s.failed > 0);
	emit(o, 3000);
	assert_int_equal(stats_of(o).failed, s.failed + 2);
	assert_int_equal(saker_output_stop(o, 200), 0);
	saker_output_free(o);
	dup2(c->saved_stdout, STDOUT_FILENO);
	close(fds[1]);
	text = slurp(fds[0]);
	close(fds[0]);
	assert_true(count(text, "\n") <= 3000 - s.failed);
	free(text);
	text = slurp_file(c->path);
	assert_int_equal(count(text, "\n"), 3000);
	free(text);
}

static void test_closed_reader(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, false);
	struct saker_output_stats s;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[0]);
	assert_int_equal(saker_output_add_stdout(o, false), 0);
	for (int i = 0; i < 10; i++)
		emit(o, i);
	assert_int_equal(saker_output_flush(o, 1000), 0);
	emit(o, 11);
	s = stats_of(o);
	dup2(c->saved_stdout, STDOUT_FILENO);
	close(fds[1]);
	assert_int_equal(s.failed, 11);
	assert_int_equal(s.n_broken, 1);
	saker_output_free(o);
}

/* A file system that fills up in the middle of a line: nothing half-written stays. */
static void test_no_space_leaves_whole_lines(void **state)
{
	struct rlimit old, limit;
	struct context *c = *state;
	struct saker_output *o = output_with(0, false);
	struct saker_output_stats s;
	char *text;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 100; /* three lines and a bit */
	assert_int_equal(saker_output_add_file(o, c->path, true), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 5; i++)
		emit(o, i);
	assert_int_equal(saker_output_flush(o, 5000), 0);
	text = slurp_file(c->path);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	s = stats_of(o);
	assert_int_equal(s.delivered, 3);
	assert_int_equal(s.failed, 2);
	assert_int_equal(count(text, "\n"), 3);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
	emit(o, 5);
	saker_output_free(o);
	text = slurp_file(c->path);
	assert_int_equal(count(text, "\n"), 5);
	assert_int_equal(count(text, "(n_lost=2 "), 1);
	assert_int_equal(count(text, " n=5\n"), 1);
	free(text);
}

static void test_reopen(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, false);
	char moved[128], *text;

	snprintf(moved, sizeof(moved), "%s.1", c->path);
	assert_int_equal(saker_output_add_file(o, c->path, true), 0);
	emit(o, 1);
	assert_int_equal(saker_output_flush(o, 1000), 0);
	assert_int_equal(rename(c->path, moved), 0);
	assert_int_equal(saker_output_reopen(o), 0);
	emit(o, 2);
	saker_output_free(o);
	text = slurp_file(c->path);
	assert_int_equal(count(text, "n=2\n"), 1);
	assert_int_equal(count(text, "n=1\n"), 0);
	free(text);
	text = slurp_file(moved);
	assert_int_equal(count(text, "n=1\n"), 1);
	free(text);
	unlink(moved);
}

/* Larger than any buffer on the way. */
static void test_large_alert(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, false);
	char *message = malloc(300001), *text;
	struct saker_alert a = {.rule = "r", .message = message};

	assert_non_null(message);
	memset(message, 'x', 300000);
	message[300000] = '\0';
	assert_int_equal(saker_output_add_file(o, c->path, false), 0);
	assert_int_equal(saker_output_emit(o, &a), 0);
	saker_output_free(o);
	text = slurp_file(c->path);
	assert_int_equal(strlen(text), strlen("00:00:00.000000000: Emergency ") + 300001);
	free(text);
	free(message);
}

static void *emit_many(void *arg)
{
	for (int i = 0; i < 500; i++)
		emit(arg, i);
	return NULL;
}

static void test_threads(void **state)
{
	struct context *c = *state;
	struct saker_output *o = output_with(0, false);
	pthread_t threads[4];
	char *text;

	assert_int_equal(saker_output_add_file(o, c->path, true), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, emit_many, o), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(saker_output_flush(o, 5000), 0);
	assert_int_equal(stats_of(o).delivered, 2000);
	saker_output_free(o);
	text = slurp_file(c->path);
	assert_int_equal(count(text, "\n"), 2000);
	free(text);
}

static void test_arguments(void **state)
{
	struct saker_output_options bad = SAKER_OUTPUT_OPTIONS_INIT;
	struct saker_output *o;

	bad.queue_capacity = UINT32_MAX;
	assert_int_equal(saker_output_new(&bad, &o), -EINVAL);
	bad.queue_capacity = 0;
	bad.size = 1;
	assert_int_equal(saker_output_new(&bad, &o), -EINVAL);
	assert_int_equal(saker_output_new(NULL, &o), 0);
	assert_int_equal(saker_output_add_file(o, "/nonexistent/dir/file", false), -ENOENT);
	assert_int_equal(saker_output_add_file(o, "", false), -EINVAL);
	assert_int_equal(saker_output_emit(NULL, NULL), -EINVAL);
	for (int i = 0; i < 16; i++)
		assert_int_equal(saker_output_add_file(o, "/dev/null", true), 0);
	assert_int_equal(saker_output_add_file(o, "/dev/null", true), -ENOSPC);
	assert_null(saker_output_free(o));
	assert_null(saker_output_free(NULL));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_file_in_order),
		T(test_two_sinks_and_free_delivers),
		T(test_buffered_waits_then_writes),
		T(test_full_queue_and_gap),
		T(test_blocked_reader_bounded_stop),
		T(test_stop_counts),
		T(test_closed_reader),
		T(test_no_space_leaves_whole_lines),
		T(test_reopen),
		T(test_large_alert),
		T(test_threads),
		T(test_arguments),
	};
#undef T

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
