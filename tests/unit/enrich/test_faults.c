/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults: events of a simulated machine, of which some are lost and neighbours
 * swapped. What the state then says must be true, or must not be said to be
 * certain; and it must not grow. SAKER_FAULTS_EVENTS makes it longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event_story.h"
#include "internal.h"
#include "simulated_machine.h"

#define MIB (UINT64_C(1) << 20)

enum { F_NAME, F_PPID, F_PNAME, F_FD_NAME, F_CERTAIN, N_FIELDS };

struct faults {
	struct saker_state *state;
	struct saker_field_ref refs[N_FIELDS];
	char args[N_FIELDS][128];
	uint32_t per_mille; /* of events that are lost */
	bool swap;
	bool live;
	/* What came out. */
	uint64_t n_records;
	uint64_t n_lost;
	uint64_t n_certain;
	uint64_t n_wrong; /* and said to be in doubt */
	uint64_t n_absent;
	uint64_t n_lies;
};

static uint32_t n_events(void)
{
	const char *text = getenv("SAKER_FAULTS_EVENTS");

	return text ? (uint32_t)strtoul(text, NULL, 10) : 60000;
}

static void init(struct faults *f, struct sim *m, bool live)
{
	static const char *const names[N_FIELDS] = {"proc.name", "proc.ppid", "proc.pname",
						    "fd.name", "evt.certain"};
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_record *r;

	options.offline = true;
	options.memory_max = 16 * MIB;
	options.refill = live ? sim_refill : NULL;
	options.refill_userdata = m;
	assert_int_equal(saker_state_new(&options, &f->state), 0);
	for (int i = 0; i < N_FIELDS; i++)
		assert_int_equal(story_bind(names[i], f->args[i], &f->refs[i]), 0);
	f->live = live;
	assert_int_equal(saker_state_apply(f->state,
					   eb_task(&m->eb, &(struct eb_task){.tid = 1,
									     .comm = "init",
									     .start = m->ts}),
					   NULL, &r),
			 0);
}

static bool says(struct faults *f, struct saker_record *r, int field, const char *text)
{
	struct saker_values v = {0};

	f->refs[field].extract(r, &f->refs[field], &v);
	if (v.n != 1) {
		f->n_absent++;
		return true; /* it does not say anything */
	}
	return v.v[0].len == strlen(text) && memcmp(v.v[0].str, text, v.v[0].len) == 0;
}

static bool says_number(struct faults *f, struct saker_record *r, int field, int64_t number)
{
	struct saker_values v = {0};

	f->refs[field].extract(r, &f->refs[field], &v);
	if (v.n != 1) {
		f->n_absent++;
		return true;
	}
	return v.v[0].i64 == number;
}

static bool certain(struct faults *f, struct saker_record *r)
{
	struct saker_values v = {0};

	f->refs[F_CERTAIN].extract(r, &f->refs[F_CERTAIN], &v);
	assert_int_equal(v.n, 1);
	return v.v[0].u64;
}

/* e: the truth. */
static void check(struct faults *f, struct saker_record *r, const struct sim_event *e)
{
	bool right = true;

	/* An exit's and init's parents are told otherwise. */
	if (e->event->type == SAKER_EV_PROCEXIT_1_E || e->pid == 1 || !r->thread)
		return;
	f->n_records++;
	right &= says(f, r, F_NAME, e->comm);
	right &= says_number(f, r, F_PPID, e->ppid);
	right &= says(f, r, F_PNAME, e->pcomm);
	if (e->fd >= 0)
		right &= says(f, r, F_FD_NAME, e->name);
	if (certain(f, r)) {
		f->n_certain++;
		if (!right && f->n_lies++ < 5)
			print_message("event %llu (%s of %d, fd %d) says what is not so\n",
				      (unsigned long long)r->number, r->view.info->name, e->tid,
				      e->fd);
	} else {
		f->n_wrong += !right;
	}
}

static void apply(struct faults *f, struct sim *m, const struct sim_event *e, bool judge)
{
	struct saker_record *r;
	int code;

	if (sim_random(m, 1000) < f->per_mille) {
		f->n_lost++;
		assert_int_equal(saker_state_lost(f->state, 1), 0);
		return;
	}
	code = saker_state_apply(f->state, (const struct saker_event *)e->bytes, NULL, &r);
	assert_true(code >= 0);
	assert_true(f->state->pool.used <= f->state->pool.limit);
	if (code == 1 && judge)
		check(f, r, e);
}

/*
 * Neighbours of different processes, neither the parent of the other, also not by an
 * exit that has just made orphans: whose parent they still are depends on the order.
 */
static bool may_swap(const struct sim_event *a, const struct sim_event *b)
{
	if (a->event->type == SAKER_EV_PROCEXIT_1_E && b->ppid == 1)
		return false;
	return a->pid != b->pid && a->ppid != b->pid && b->ppid != a->pid;
}

static void run(struct faults *f, struct sim *m, uint32_t n)
{
	static struct sim_event a, b;

	while (n) {
		sim_next(m, &a);
		n--;
		if (!f->swap || n == 0 || sim_random(m, 4)) {
			apply(f, m, &a, true);
			continue;
		}
		sim_next(m, &b);
		n--;
		if (may_swap(&a, &b)) {
			/* What is true of the first is true after both. */
			apply(f, m, &b, true);
			apply(f, m, &a, true);
		} else {
			apply(f, m, &a, true);
			apply(f, m, &b, true);
		}
	}
}

static void report(const struct faults *f, const char *what)
{
	struct saker_state_stats s = {.size = sizeof(s)};

	saker_state_get_stats(f->state, &s);
	print_message("%s: %llu records, %llu lost, %llu certain, %llu wrong but in doubt, %llu "
		      "absent values; %llu threads, %llu fds, %llu KiB, %llu read again, %llu "
		      "found gone\n",
		      what, (unsigned long long)f->n_records, (unsigned long long)f->n_lost,
		      (unsigned long long)f->n_certain, (unsigned long long)f->n_wrong,
		      (unsigned long long)f->n_absent, (unsigned long long)s.n_threads,
		      (unsigned long long)s.n_fds, (unsigned long long)s.memory_peak / 1024,
		      (unsigned long long)s.n_reread_threads,
		      (unsigned long long)s.n_swept_threads);
}

/* Every value there, right, and certain. */
static void test_nothing_lost(void **state)
{
	static struct sim m;

	(void)state;
	for (int swap = 0; swap < 2; swap++) {
		struct faults f = {.swap = swap};

		sim_init(&m, 7 + (uint32_t)swap, 1000000);
		init(&f, &m, false);
		run(&f, &m, n_events());
		report(&f, swap ? "nothing lost, swapped" : "nothing lost");
		assert_int_equal(f.n_lies, 0);
		assert_int_equal(f.n_certain, f.n_records);
		assert_int_equal(f.n_absent, 0);
		assert_true(f.n_records > n_events() / 2);
		assert_true(f.state->n_threads <= (uint32_t)m.n_alive + 2);
		saker_state_free(f.state);
	}
}

static void lossy(uint32_t seed, uint32_t per_mille, bool live)
{
	static struct sim m;
	struct faults f = {.per_mille = per_mille, .swap = !live};
	struct saker_state_stats s = {.size = sizeof(s)};
	char what[64];

	sim_init(&m, seed, live ? 5000000 : 1000000);
	init(&f, &m, live);
	run(&f, &m, n_events() / 2);
	run(&f, &m, n_events() / 2);
	snprintf(what, sizeof(what), "%u.%u%% lost, %s", per_mille / 10, per_mille % 10,
		 live ? "live" : "replay");
	report(&f, what);
	assert_int_equal(f.n_lies, 0);
	assert_true(f.n_lost > 0 && f.n_wrong > 0);
	saker_state_get_stats(f.state, &s);
	assert_int_equal(s.n_losses, f.n_lost);
	/* No more than there are numbers, whatever was lost. */
	assert_in_range(s.n_threads, 1, SIM_PIDS);
	assert_in_range(s.n_fds, 0, (uint64_t)SIM_PIDS * SIM_FDS);
	assert_in_range(s.memory_peak, 1, 4 * MIB);
	if (live)
		assert_true(f.n_certain > 0);
	/* Nothing more is lost: live, the truth comes back, and the dead go. */
	f.per_mille = 0;
	f.n_records = f.n_certain = f.n_absent = 0;
	run(&f, &m, 20000);
	report(&f, "  and then no more");
	assert_int_equal(f.n_lies, 0);
	if (live) {
		f.n_records = f.n_certain = f.n_absent = 0;
		run(&f, &m, 5000);
		report(&f, "  and then");
		assert_int_equal(f.n_lies, 0);
		assert_int_equal(f.n_absent, 0);
		assert_true(f.n_certain >= f.n_records * 99 / 100);
		assert_in_range(f.state->n_threads, m.n_alive - 2, m.n_alive + 4);
	}
	saker_state_free(f.state);
}

static void test_lost_in_replay(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 3; seed++) {
		lossy(seed, 10, false);
		lossy(seed, 100, false);
		lossy(seed, 500, false);
	}
}

static void test_lost_live(void **state)
{
	(void)state;
	for (uint32_t seed = 11; seed <= 12; seed++) {
		lossy(seed, 1, true);
		lossy(seed, 10, true);
		lossy(seed, 100, true);
		lossy(seed, 500, true);
	}
}

/* ---- why there is no value ---------------------------------------------------------- */

static uint8_t why(struct saker_record *r, const char *field)
{
	struct saker_values v = {0};
	struct saker_field_ref ref;
	char arg[128];

	assert_non_null(r);
	assert_int_equal(story_bind(field, arg, &ref), 0);
	ref.extract(r, &ref, &v);
	assert_int_equal(v.n, 0);
	return v.absent;
}

static struct saker_record *read_fd(struct event_builder *b, struct saker_state *s, int64_t fd)
{
	return story_apply(s, eb_make(b, SAKER_EV_SYSCALL_READ_X, STORY_TS + 9, 50, "qrqw",
				      INT64_C(1), "a", 1, fd, 1));
}

static void test_reasons(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	static struct event_builder b;
	struct saker_state *s;

	(void)state;
	options.offline = true;
	options.max_fds = 16;
	assert_int_equal(saker_state_new(&options, &s), 0);
	story_execve(&b, s, 50, 49, "cat", "cat", "", 0, STORY_TS);
	assert_int_equal(why(read_fd(&b, s, 7), "fd.type"), SAKER_ABSENT_NOT_CAPTURED);
	assert_int_equal(why(read_fd(&b, s, -1), "fd.type"), SAKER_ABSENT_NOT_APPLICABLE);
	assert_int_equal(why(story_apply(s, eb_make(&b, SAKER_EV_SYSCALL_SETUID_X, STORY_TS, 50,
						    "qw", INT64_C(0), 0)),
			     "fd.type"),
			 SAKER_ABSENT_NOT_APPLICABLE);
	assert_int_equal(saker_state_lost(s, 0), 0);
	assert_int_equal(why(read_fd(&b, s, 7), "fd.ino"), SAKER_ABSENT_NOT_CAPTURED);
	assert_int_equal(saker_state_lost(NULL, 1), -EINVAL);
	assert_int_equal(saker_state_lost(s, 1), 0);
	assert_int_equal(why(read_fd(&b, s, 7), "fd.type"), SAKER_ABSENT_DROPPED);
	assert_int_equal(why(read_fd(&b, s, 7), "proc.pname"), SAKER_ABSENT_DROPPED);
	for (int64_t fd = 3; fd < 60; fd++)
		story_openat(&b, s, 50, fd, "/x", 1, 0, STORY_TS);
	assert_int_equal(why(read_fd(&b, s, 3), "fd.type"), SAKER_ABSENT_EVICTED);
	saker_state_free(s);
}

/* Threads that gave way to max_threads, each with a child: which says so of its parent. */
static void test_reason_evicted_parent(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	static struct event_builder b;
	struct saker_state *s;
	uint32_t n = 0;

	(void)state;
	options.offline = true;
	options.max_threads = 16;
	assert_int_equal(saker_state_new(&options, &s), 0);
	story_execve(&b, s, 50, 1, "first", "first", "", 0, STORY_TS);
	for (int64_t tid = 51; tid < 70; tid++)
		story_apply(s, eb_clone(&b, &(struct eb_clone){.ts = STORY_TS,
							       .tid = tid,
							       .pid = tid,
							       .ptid = tid - 1}));
	for (int64_t tid = 51; tid < 70; tid++) {
		const struct enrich_thread *t = enrich_thread_find(s, tid);

		if (!t || t->flags & ENRICH_THREAD_PLACEHOLDER || enrich_thread_find(s, tid - 1))
			continue;
		n++;
		assert_int_equal(
			why(story_apply(s, eb_make(&b, SAKER_EV_SYSCALL_SETUID_X, STORY_TS + 3,
						   (uint64_t)tid, "qw", INT64_C(0), 0)),
			    "proc.pname"),
			SAKER_ABSENT_EVICTED);
	}
	assert_true(n > 0);
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_lost),
		cmocka_unit_test(test_lost_in_replay),
		cmocka_unit_test(test_lost_live),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_reason_evicted_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
