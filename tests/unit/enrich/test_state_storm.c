/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storms, and what the process really holds meanwhile: not what the state counts
 * but its resident memory, looked at again and again, stays under memory_max and
 * a fixed share for the program around it. Millions of lives with
 *
 *     SAKER_STORM_LIVES=10000000
 *
 * and fewer without, so that it takes seconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event_builder.h"
#include "internal.h"
#include "resident.h"

#define TS UINT64_C(1000000000000)
#define I(v) INT64_C(v)
#define MIB (UINT64_C(1) << 20)
#define MEMORY (16 * MIB)
/* The state object, its record's scratch, stdio, the allocator's own: whatever memory_max is. */
#define FIXED (4 * MIB)
#define LOOK 4096u /* lives between two looks at what is resident */

struct storm {
	struct saker_state *s;
	uint64_t before;     /* resident, without a state */
	uint64_t n;	     /* lives so far */
	uint64_t most;	     /* resident */
	uint64_t most_early; /* in the first quarter */
	uint64_t n_lives;    /* in all */
};

static struct event_builder eb;
static struct event_builder others[64];

static uint64_t lives(uint64_t usual)
{
	const char *text = getenv("SAKER_STORM_LIVES");
	uint64_t n = text ? strtoull(text, NULL, 10) : 0;

	if (n)
		return n;
	return SANITIZED ? usual / 10 : usual;
}

static void apply(struct storm *w, const struct saker_event *event)
{
	struct saker_record *r;

	assert_true(saker_state_apply(w->s, event, NULL, &r) >= 0);
}

static struct storm begin(uint64_t usual, uint32_t max_fds)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct storm w = {.before = resident(), .n_lives = lives(usual)};

	options.offline = true;
	options.memory_max = MEMORY;
	options.max_fds = max_fds;
	assert_int_equal(saker_state_new(&options, &w.s), 0);
	apply(&w, eb_task(&eb, &(struct eb_task){.tid = 1, .comm = "init"}));
	apply(&w, eb_task(&eb, &(struct eb_task){.tid = 100, .ptid = 1, .comm = "sh"}));
	return w;
}

/* Once a life. */
static void look(struct storm *w)
{
	uint64_t more;

	assert_true(w->s->pool.used <= MEMORY);
	if (w->n++ % LOOK && w->n < w->n_lives)
		return;
	more = resident_since(w->before);
	w->most = MAX(w->most, more);
	if (w->n <= w->n_lives / 4)
		w->most_early = w->most;
	assert_true(more <= MEMORY + FIXED);
}

static struct saker_state_stats end(struct storm *w, const char *what)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};

	assert_int_equal(saker_state_get_stats(w->s, &stats), 0);
	print_message("%s: %llu lives, resident at most %.2f MiB (%.2f in the first quarter) of "
		      "%.0f + %.0f, counted %.2f\n",
		      what, (unsigned long long)w->n, (double)w->most / (double)MIB,
		      (double)w->most_early / (double)MIB, (double)MEMORY / (double)MIB,
		      (double)FIXED / (double)MIB, (double)stats.memory_peak / (double)MIB);
	assert_true(stats.memory_peak <= MEMORY);
	saker_state_free(w->s);
	return stats;
}

static void open_file(struct storm *w, int64_t tid, int64_t fd, const char *path)
{
	apply(w, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, (uint64_t)tid, "qqswwwq", fd,
			 I(-100), path, 1, 0, 1, I(2)));
}

static const struct saker_event *forked(struct event_builder *b, uint64_t ts, int64_t tid,
					int64_t ptid)
{
	return eb_clone(b, &(struct eb_clone){.ts = ts,
					      .tid = tid,
					      .pid = tid,
					      .ptid = ptid,
					      .cgroups = "cpu=/user.slice"});
}

static const struct saker_event *forks(struct event_builder *b, uint64_t ts, int64_t tid,
				       int64_t child)
{
	return eb_clone(b, &(struct eb_clone){.ts = ts,
					      .tid = tid,
					      .res = child,
					      .pid = tid,
					      .ptid = 1,
					      .cgroups = "cpu=/user.slice"});
}

static const struct saker_event *executes(struct event_builder *b, uint64_t ts, int64_t tid)
{
	return eb_exec(b, &(struct eb_exec){.ts = ts,
					    .tid = tid,
					    .ptid = 100,
					    .path = "/usr/bin/true",
					    .comm = "true"});
}

static const struct saker_event *exits(struct event_builder *b, uint64_t ts, int64_t tid)
{
	return eb_make(b, SAKER_EV_PROCEXIT_1_E, ts, (uint64_t)tid, "qqbbq", I(0), I(0), 0, 0,
		       I(0));
}

/* Born, executed, a file opened, gone; numbers wrap, as the kernel's do. */
static void test_short_lives(void **state)
{
	struct storm w = begin(1000000, 0);
	struct saker_state_stats stats;

	(void)state;
	for (uint64_t i = 0; i < w.n_lives; i++) {
		int64_t tid = 1000 + (int64_t)(i % 30000);
		uint64_t ts = TS + i * 1000000;

		apply(&w, forks(&eb, ts, 100, tid));
		apply(&w, forked(&eb, ts + 1, tid, 100));
		apply(&w, executes(&eb, ts + 2, tid));
		open_file(&w, tid, 3, "/usr/lib/x86_64-linux-gnu/libc.so.6");
		apply(&w, exits(&eb, ts + 3, tid));
		look(&w);
	}
	apply(&w, forks(&eb, TS, 100, -1));
	/* A flat line: what the first quarter took is enough for all that follow. */
	assert_true(w.most <= w.most_early + MIB / 4);
	stats = end(&w, "short lives");
	assert_int_equal(stats.n_threads, 2);
	assert_int_equal(stats.n_evicted_threads, 0);
}

/* Each forks again, and none ever ends. */
static void test_fork_bomb(void **state)
{
	struct storm w = begin(1000000, 0);
	struct saker_state_stats stats;

	(void)state;
	for (uint64_t i = 1; i <= w.n_lives; i++) {
		int64_t parent = i == 1 ? 100 : 1000 + (int64_t)(i / 2);

		apply(&w, forks(&eb, TS + i * 1000, parent, 1000 + (int64_t)i));
		apply(&w, forked(&eb, TS + i * 1000 + 1, 1000 + (int64_t)i, parent));
		if (i % 3 == 0)
			open_file(&w, 1000 + (int64_t)i, 3, "/tmp/bomb");
		look(&w);
	}
	stats = end(&w, "fork bomb");
	assert_true(stats.n_evicted_threads > w.n_lives / 2);
	assert_int_equal(stats.n_threads + stats.n_evicted_threads + stats.n_removed_threads,
			 stats.n_added_threads);
}

/* Into any order. */
static void shuffle(uint8_t *order, uint32_t n, uint32_t *seed)
{
	for (uint32_t k = n - 1; k > 0; k--) {
		uint8_t swap = order[k];
		uint32_t with;

		*seed = *seed * 1103515245 + 12345;
		with = (*seed >> 16) % (k + 1);
		order[k] = order[with];
		order[with] = swap;
	}
}

/*
 * The events of sixteen lives at a time in any order: clones after their child's end, and so on.
 * Or ends that never come, and numbers that do not come again.
 */
static void disorder(struct storm *w, int64_t numbers, bool ends)
{
	uint32_t seed = 1;

	for (uint64_t i = 0; i < w->n_lives; i += 16) {
		uint8_t order[64];

		for (uint32_t k = 0; k < 64; k++) {
			int64_t tid = 1000 + (int64_t)(i + k / 4) % numbers;
			uint64_t ts = TS + (i + k / 4) * 100000;

			order[k] = (uint8_t)k;
			if (k % 4 == 0)
				forks(&others[k], ts, 100, tid);
			else if (k % 4 == 1)
				forked(&others[k], ts + 1, tid, 100);
			else if (k % 4 == 2 || !ends)
				executes(&others[k], ts + 2, tid);
			else
				exits(&others[k], ts + 3, tid);
		}
		shuffle(order, 64, &seed);
		for (uint32_t k = 0; k < 64; k++)
			apply(w, (const struct saker_event *)others[order[k]].bytes);
		for (uint32_t k = 0; k < 16; k++)
			look(w);
	}
}

static void test_disorder(void **state)
{
	struct storm w = begin(320000, 0);
	struct saker_state_stats stats;

	(void)state;
	disorder(&w, 30000, true);
	/* Some that were heard of only after their end stay; their numbers come again. */
	assert_true(w.most <= w.most_early + MIB);
	stats = end(&w, "disorder");
	assert_true(stats.n_threads <= 30002);
	assert_int_equal(stats.n_evicted_threads, 0);
}

static void test_disorder_without_ends(void **state)
{
	struct storm w = begin(320000, 0);
	struct saker_state_stats stats;

	(void)state;
	w.n_lives = MIN(w.n_lives, (uint64_t)ENRICH_MAX_THREADS);
	disorder(&w, ENRICH_MAX_THREADS, false);
	stats = end(&w, "disorder without ends");
	/* Removed are those that were heard of before their birth, and began anew with it. */
	assert_int_equal(stats.n_threads + stats.n_evicted_threads + stats.n_removed_threads,
			 stats.n_added_threads);
	assert_true(stats.n_evicted_threads > w.n_lives / 2 || w.n_lives < 100000);
}

/* A million files of one process, each closed or copied now and then; its children have them, too.
 */
static void test_many_files(void **state)
{
	struct storm w = begin(1000000, 1u << 21);
	struct saker_state_stats stats;
	char path[64];

	(void)state;
	for (uint64_t i = 0; i < w.n_lives; i++) {
		int64_t fd = 3 + (int64_t)i;

		snprintf(path, sizeof(path), "/data/files/number-%llu", (unsigned long long)i);
		open_file(&w, 100, fd, path);
		if (i % 16 == 0)
			apply(&w, eb_make(&eb, SAKER_EV_SYSCALL_CLOSE_X, TS, 100, "qq", I(0), fd));
		if (i % 1024 == 0) {
			int64_t tid = 1000 + (int64_t)(i / 1024 % 30000);

			apply(&w, forked(&eb, TS + i, tid, 100));
			open_file(&w, tid, 1, "/tmp/log");
			if (i % 2048 == 0)
				apply(&w, exits(&eb, TS + i, tid));
		}
		look(&w);
	}
	stats = end(&w, "many files");
	/* Of what it has opened, as much is known as there is room for. */
	assert_in_range(stats.n_fds, 1, MEMORY / sizeof(struct enrich_fd) * 2);
	assert_true(stats.n_evicted_fds > w.n_lives / 2 || w.n_lives < 500000);
}

/* Each in a container of its own, with arguments as long as they may be. */
static void test_large_lives(void **state)
{
	struct storm w = begin(20000, 0);
	static char args[60000];
	char cgroups[128];

	(void)state;
	w.n_lives = MIN(w.n_lives, UINT64_C(100000));
	for (uint64_t i = 0; i < w.n_lives; i++) {
		int64_t tid = 1000 + (int64_t)i;
		size_t len = (size_t)(i * 7919 % sizeof(args));

		memset(args, 'a' + (int)(i % 26), sizeof(args));
		memcpy(args, &i, sizeof(i));
		snprintf(cgroups, sizeof(cgroups), "cpu=/docker/%064llx", (unsigned long long)i);
		apply(&w, eb_clone(&eb, &(struct eb_clone){.ts = TS + i,
							   .tid = tid,
							   .pid = tid,
							   .ptid = 100,
							   .cgroups = cgroups}));
		apply(&w, eb_make(&eb, SAKER_EV_SYSCALL_EXECVE_19_X, TS + i, (uint64_t)tid,
				  "qsrqqq", I(0), "/bin/x", args, (int)len, tid, tid, I(100)));
		look(&w);
	}
	(void)end(&w, "large lives");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_lives), cmocka_unit_test(test_fork_bomb),
		cmocka_unit_test(test_disorder),    cmocka_unit_test(test_disorder_without_ends),
		cmocka_unit_test(test_many_files),  cmocka_unit_test(test_large_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
