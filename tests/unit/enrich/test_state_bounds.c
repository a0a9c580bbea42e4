/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ceiling holds whatever comes: a million short lives, a process with a
 * million files, strings of the largest size, more threads than allowed; and
 * the pool that all of it rests on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "event_builder.h"
#include "internal.h"
#include "resident.h"

#define TS UINT64_C(1000000000000)
#define I(v) INT64_C(v)
#define MIB (UINT64_C(1) << 20)

/* Sanitized builds are slow; what they look for shows in a tenth as well. */
#define MANY (SANITIZED ? 100000 : 1000000)

static struct event_builder eb;
static uint64_t resident_at_start;

static void apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r;

	assert_true(saker_state_apply(s, event, NULL, &r) >= 0);
	assert_true(s->pool.used <= s->pool.limit);
}

static struct saker_state *new_state(uint64_t memory, uint32_t max_threads, uint32_t max_fds)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	options.offline = true;
	options.memory_max = memory;
	options.max_threads = max_threads;
	options.max_fds = max_fds;
	assert_int_equal(saker_state_new(&options, &s), 0);
	apply(s, eb_task(&eb, &(struct eb_task){.tid = 1, .comm = "init"}));
	apply(s,
	      eb_task(&eb, &(struct eb_task){.tid = 100, .ptid = 1, .comm = "sh", .cwd = "/home"}));
	return s;
}

static struct saker_state_stats stats_of(const struct saker_state *s)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};

	assert_int_equal(saker_state_get_stats(s, &stats), 0);
	return stats;
}

static void open_file(struct saker_state *s, int64_t tid, int64_t fd, const char *path)
{
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, (uint64_t)tid, "qqswwwq", fd,
			 I(-100), path, 1, 0, 1, I(2)));
}

/* Born, executed, three files opened, gone. */
static void one_life(struct saker_state *s, int64_t tid, uint64_t ts, bool dies)
{
	apply(s, eb_clone(&eb, &(struct eb_clone){.ts = ts,
						  .tid = 100,
						  .res = tid,
						  .pid = 100,
						  .ptid = 1,
						  .cgroups = "cpu=/user.slice"}));
	apply(s, eb_clone(&eb, &(struct eb_clone){.ts = ts + 1,
						  .tid = tid,
						  .pid = tid,
						  .ptid = 100,
						  .cgroups = "cpu=/user.slice"}));
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = ts + 2,
						.tid = tid,
						.ptid = 100,
						.path = "/usr/bin/true",
						.comm = "true"}));
	for (int64_t fd = 3; fd < 6; fd++)
		open_file(s, tid, fd, "/usr/lib/x86_64-linux-gnu/libc.so.6");
	if (dies)
		apply(s, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, ts + 3, (uint64_t)tid, "qqbbq", I(0),
				 I(0), 0, 0, I(0)));
}

static void test_short_lives(void **state)
{
	struct saker_state *s = new_state(4 * MIB, 0, 0);
	struct saker_state_stats stats;
	uint64_t after_warm_up = 0;

	(void)state;
	for (int64_t i = 0; i < MANY; i++) {
		/* Numbers wrap, as the kernel's do. */
		one_life(s, 1000 + i % 30000, TS + (uint64_t)i * 1000000, true);
		if (i == 1000)
			after_warm_up = s->pool.used;
	}
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, TS, 100, "qw", I(-1), 0));
	stats = stats_of(s);
	assert_int_equal(stats.n_threads, 2);
	assert_int_equal(stats.n_fds, 0);
	assert_int_equal(stats.n_evicted_threads, 0);
	assert_true(stats.memory <= after_warm_up);
	assert_int_equal(stats.n_added_threads, MANY + 2);
	saker_state_free(s);
}

/* All exits are lost: the table fills up to its ceiling and stays there. */
static void test_exits_lost(void **state)
{
	struct saker_state *s = new_state(8 * MIB, 0, 0);
	struct saker_state_stats stats;

	(void)state;
	for (int64_t i = 0; i < MANY; i++)
		one_life(s, 1000 + i, TS + (uint64_t)i * 1000000, false);
	stats = stats_of(s);
	assert_true(stats.memory_peak <= 8 * MIB);
	assert_true(stats.n_evicted_threads > 0);
	assert_true(stats.n_threads > 500);
	assert_int_equal(stats.n_threads + stats.n_evicted_threads, stats.n_added_threads);
	/* Parents of the living are the last to go. */
	assert_non_null(enrich_thread_find(s, 100));
	/* The last one is complete. */
	assert_string_equal(enrich_str_text(enrich_thread_find(s, 1000 + MANY - 1)->comm), "true");
	saker_state_free(s);
}

static void test_many_fds(void **state)
{
	struct saker_state *s = new_state(8 * MIB, 0, 2 * MANY);
	struct saker_state_stats stats;
	char path[64];

	(void)state;
	for (int64_t fd = 3; fd < MANY; fd++) {
		snprintf(path, sizeof(path), "/data/files/number-%lld", (long long)fd);
		open_file(s, 100, fd, path);
	}
	stats = stats_of(s);
	assert_true(stats.memory_peak <= 8 * MIB);
	assert_true(stats.n_fds > 1000);
	assert_true(stats.n_evicted_fds > 0);
	assert_int_equal(stats.n_fds + stats.n_evicted_fds, stats.n_added_fds);
	/* The newest are there, and the thread itself. */
	assert_string_equal(
		enrich_str_text(enrich_fd_find(enrich_thread_find(s, 100), MANY - 1)->name), path);
	saker_state_free(s);
}

static void test_max_fds(void **state)
{
	struct saker_state *s = new_state(0, 0, 64);
	const struct enrich_thread *t;

	(void)state;
	for (int64_t fd = 0; fd < 10000; fd++)
		open_file(s, 100, fd, "/x");
	t = enrich_thread_find(s, 100);
	assert_int_equal(enrich_thread_n_fds(t), 64);
	assert_true(t->flags & ENRICH_THREAD_EVICTED_FDS);
	assert_non_null(enrich_fd_find(t, 9999));
	/* Standard input, output and error stay. */
	assert_non_null(enrich_fd_find(t, 0));
	assert_int_equal(stats_of(s).n_evicted_fds, 10000 - 64);
	saker_state_free(s);
}

/* 100 thousand threads that live, in ten thousand processes with ten files open each. */
static void test_many_live(void **state)
{
	const int64_t n = MANY / 100; /* processes */
	struct saker_state *s = new_state(150000000, 0, 0);
	struct saker_state_stats stats;

	(void)state;
	for (int64_t tid = 1000; tid < 1000 + n; tid++) {
		apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
							  .tid = tid,
							  .pid = tid,
							  .ptid = 100,
							  .cgroups = "cpu=/user.slice"}));
		apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS + 1,
							.tid = tid,
							.ptid = 100,
							.path = "/usr/bin/true",
							.comm = "true"}));
		for (int64_t i = 1; i < 10; i++)
			apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS + 2,
								  .tid = 200000 + tid * 10 + i,
								  .pid = tid,
								  .ptid = 100,
								  .flags = CL_PPM_THREAD |
									   CL_PPM_FILES | CL_PPM_FS,
								  .cgroups = "cpu=/user.slice"}));
		for (int64_t fd = 0; fd < 10; fd++)
			open_file(s, tid, fd, "/usr/lib/libc.so.6");
	}
	stats = stats_of(s);
	print_message("%llu threads with %llu fds: %.1f MB, resident %.1f MB more\n",
		      (unsigned long long)stats.n_threads, (unsigned long long)stats.n_fds,
		      (double)stats.memory / 1e6, (double)resident_since(resident_at_start) / 1e6);
	assert_true(resident_since(resident_at_start) < 60000000);
	assert_int_equal(stats.n_threads, n * 10 + 2);
	assert_int_equal(stats.n_fds, n * 10);
	assert_int_equal(stats.n_evicted_threads + stats.n_evicted_fds, 0);
	saker_state_free(s);
}

static void count_line(void *userdata, enum saker_severity severity, const char *message)
{
	uint32_t *n = userdata;

	assert_int_equal(severity, SAKER_SEVERITY_WARNING);
	assert_non_null(strstr(message, "max_threads"));
	++*n;
}

static void test_max_threads(void **state)
{
	struct saker_state *s = new_state(0, 64, 0);
	uint32_t n_lines = 0;

	(void)state;
	s->log = count_line;
	s->log_userdata = &n_lines;
	for (int64_t i = 0; i < 5000; i++)
		one_life(s, 1000 + i, TS + (uint64_t)i, false);
	assert_int_equal(s->n_threads, 64);
	assert_int_equal(stats_of(s).n_threads, 64);
	assert_int_equal(stats_of(s).n_drops_full_threadtable, 0);
	/* The operator hears of it, a few times. */
	assert_in_range(n_lines, 1, 16);
	saker_state_free(s);
}

/* Threads of one process cannot be told apart from it: the leader stays. */
static void test_one_process_of_threads(void **state)
{
	struct saker_state *s = new_state(4 * MIB, 0, 0);

	(void)state;
	for (int64_t i = 0; i < 50000; i++)
		apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
							  .tid = 100,
							  .res = 1000 + i,
							  .pid = 100,
							  .ptid = 1,
							  .flags = CL_PPM_THREAD | CL_PPM_FILES |
								   CL_PPM_FS}));
	assert_non_null(enrich_thread_find(s, 100));
	assert_true(stats_of(s).n_evicted_threads > 0);
	saker_state_free(s);
}

/* Arguments as long as an event allows, for every process. */
static void test_long_strings(void **state)
{
	struct saker_state *s = new_state(2 * MIB, 0, 0);
	static char args[60000];

	(void)state;
	for (int64_t i = 0; i < 2000; i++) {
		memset(args, 'a' + (int)(i % 26), sizeof(args));
		memcpy(args, &i, sizeof(i)); /* no two the same, or they are shared */
		apply(s,
		      eb_make(&eb, SAKER_EV_SYSCALL_EXECVE_19_X, TS, (uint64_t)(1000 + i), "qsrqqq",
			      I(0), "/bin/x", args, (int)sizeof(args), 1000 + i, 1000 + i, I(1)));
	}
	assert_true(stats_of(s).memory_peak <= 2 * MIB);
	assert_true(stats_of(s).n_evicted_threads > 1900);
	saker_state_free(s);
}

/*
 * What a machine of a hundred thousand processes takes: each forked by a shell and through an
 * execve of its own, with ten files that it opened itself: five that others have open as well, four
 * of its own, a socket.
 */
static void one_of_many(struct saker_state *s, int64_t tid)
{
	static const char *const shared[] = {
		"/dev/null", "/etc/ld.so.cache", "/usr/lib/x86_64-linux-gnu/libc.so.6",
		"/usr/lib/locale/C.utf8/LC_CTYPE", "/proc/self/status"};
	uint8_t tuple[13] = {2, 127, 0, 0, 1, 0, 0, 127, 0, 0, 2, 53, 0};
	char text[64];

	one_life(s, tid, TS + (uint64_t)tid * 1000, false);
	for (int64_t fd = 3; fd < 12; fd++) {
		snprintf(text, sizeof(text), "/var/lib/service/%lld/%lld.db", (long long)tid,
			 (long long)fd);
		open_file(s, tid, fd, fd < 8 ? shared[fd - 3] : text);
	}
	memcpy(tuple + 5, &tid, 2);
	apply(s, eb_make(&eb, SAKER_EV_SOCKET_SOCKET_X, TS, (uint64_t)tid, "qwwww", I(12), 2, 1, 6,
			 0));
	apply(s, eb_make(&eb, SAKER_EV_SOCKET_CONNECT_X, TS, (uint64_t)tid, "qrq", I(0), tuple, 13,
			 I(12)));
}

static void test_memory_of_many(void **state)
{
	struct saker_state *s = new_state(1024 * MIB, 0, 0);
	struct saker_state_stats stats;
	uint64_t more;

	(void)state;
	for (int64_t i = 0; i < 100000; i++)
		one_of_many(s, 1000 + i);
	more = resident_since(resident_at_start);
	stats = stats_of(s);
	assert_int_equal(stats.n_threads, 100002);
	assert_int_equal(stats.n_fds, 1000000);
	assert_int_equal(stats.n_evicted_threads + stats.n_evicted_fds, 0);
	print_message("100000 processes with 10 files each: %.1f MB, resident %.1f MB more\n",
		      (double)stats.memory / 1e6, (double)more / 1e6);
	assert_true(stats.memory < 150000000);
	assert_true(more < 150000000);
	saker_state_free(s);
}

static void test_options(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	(void)state;
	options.memory_max = 1000;
	assert_int_equal(saker_state_new(&options, &s), -EINVAL);
	options.memory_max = 0;
	options.size = 3;
	assert_int_equal(saker_state_new(&options, &s), -EINVAL);
	/* A caller that was built before the last option was there, and one that wants defaults. */
	options.size = offsetof(struct saker_state_options, refill_userdata);
	assert_int_equal(saker_state_new(&options, &s), 0);
	saker_state_free(s);
	assert_int_equal(saker_state_new(NULL, &s), 0);
	assert_int_equal(s->max_fds, ENRICH_MAX_FDS_DEFAULT);
	saker_state_free(s);
	assert_int_equal(saker_state_new(NULL, NULL), -EINVAL);
	assert_null(saker_state_free(NULL));
}

/* ---- the pool alone -------------------------------------------------------------------- */

static void test_pool(void **state)
{
	static void *p[20000];
	static size_t size[20000];
	uint32_t seed = 1;
	struct pool pool;

	(void)state;
	pool_init(&pool, 16 * MIB);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < 20000; i++) {
			seed = seed * 1103515245 + 12345;
			if (p[i]) {
				assert_int_equal(*(uint8_t *)p[i], (uint8_t)i);
				pool_free(&pool, p[i], size[i]);
				p[i] = NULL;
			} else {
				size[i] = seed >> 16 & (i % 100 == 0 ? 0x7fff : 0x1ff);
				p[i] = pool_alloc(&pool, size[i]);
				if (!p[i])
					continue;
				assert_int_equal((uintptr_t)p[i] % 8, 0);
				memset(p[i], (int)i, size[i] ? size[i] : 1);
			}
			assert_true(pool.used <= pool.limit && pool.live <= pool.used);
		}
	}
	for (size_t i = 0; i < 20000; i++)
		pool_free(&pool, p[i], size[i]);
	assert_int_equal(pool.live, 0);
	pool_fini(&pool);
}

/* What small objects have left serves a large one, and the other way round. */
static void test_pool_ceiling(void **state)
{
	static void *p[100000];
	struct pool pool;
	size_t n = 0;
	void *large;

	(void)state;
	pool_init(&pool, MIB);
	while ((p[n] = pool_alloc(&pool, 100)))
		n++;
	assert_true(n > 7000);
	assert_null(pool_alloc(&pool, 100000));
	for (size_t i = 0; i < n; i++)
		pool_free(&pool, p[i], 100);
	large = pool_alloc(&pool, 900000);
	assert_non_null(large);
	assert_null(pool_alloc(&pool, 200000));
	pool_free(&pool, large, 900000);
	assert_non_null(p[0] = pool_alloc(&pool, 8000));
	pool_free(&pool, p[0], 8000);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_pool_ceiling),
		cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_exits_lost),
		cmocka_unit_test(test_many_fds),
		cmocka_unit_test(test_many_live),
		cmocka_unit_test(test_max_fds),
		cmocka_unit_test(test_max_threads),
		cmocka_unit_test(test_one_process_of_threads),
		cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_memory_of_many),
	};

	resident_at_start = resident();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
