/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults: events of a simulated machine, of which some are lost and neighbours
 * swapped. What the state then says must be true, or must not be said to be
 * certain; and it must not grow. True is what the machine knows, and in every
 * field what a second state says that nothing was kept from.
 * SAKER_FAULTS_EVENTS makes it longer.
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

#define AHEAD 64 /* events that are in the rings when a loss is told of */
#define FIELDS_MAX 512
#define COMPARE_EVERY 16 /* records of which every field is compared: all would take long */

enum {
	F_NAME,
	F_PPID,
	F_PNAME,
	F_ANAME2,
	F_ANAME3,
	F_SNAME,
	F_CWD,
	F_FD_NAME,
	F_CERTAIN,
	N_FIELDS
};

static const char *const field_names[N_FIELDS] = {
	"proc.name",  "proc.ppid", "proc.pname", "proc.aname[2]", "proc.aname[3]",
	"proc.sname", "proc.cwd",  "fd.name",	 "evt.certain",
};

/* How losses are told of. */
enum telling {
	TELL_GROUPS, /* where they are, and what was lost, not by whom */
	TELL_WHO,    /* by whom, too */
	TELL_EARLY,  /* and with what comes before and behind them, as engines do */
};

/*
 * What evt.certain says nothing of, by the beginnings of names: the stream itself, counts and
 * limits, other descriptors than the event's, and what nothing tells again.
 */
static const char *const not_covered[] = {
	"evt.num",  "evt.certain", "evt.deltatime", "evt.reltime",  "evt.latency", "evt.count",
	"util.cnt", "proc.fd",	   "proc.nthreads", "proc.nchilds", "proc.std",	   "thread.vm",
	"proc.vm",  "thread.pf",   "proc.pf",	    "proc.ppid.ts", /* 0 where it is not known */
	"fd.types", "fd.dev",	   "fd.nameraw",
};

/* Every field that evt.certain speaks for. */
struct all_fields {
	struct saker_field_ref refs[FIELDS_MAX];
	char args[FIELDS_MAX][128];
	uint32_t n;
};

static struct all_fields all_fields;

struct faults {
	struct saker_state *state;
	struct saker_state *truth; /* of which nothing is lost; NULL = not compared */
	struct saker_field_ref refs[N_FIELDS];
	char args[N_FIELDS][128];
	uint32_t per_mille; /* of events that are lost */
	bool swap;
	bool live;
	enum telling telling;
	/* What came out. */
	uint64_t n_records;
	uint64_t n_lost;
	uint64_t n_certain;
	uint64_t n_wrong; /* and said to be in doubt */
	uint64_t n_absent;
	uint64_t n_lies;
	uint64_t n_compared; /* values of fields */
	uint64_t n_digests;  /* of executables among them */
};

static uint32_t n_events(void)
{
	const char *text = getenv("SAKER_FAULTS_EVENTS");

	return text ? (uint32_t)strtoul(text, NULL, 10) : 30000;
}

static bool is_covered(const struct saker_field *field)
{
	if (field->flags & SAKER_FIELD_ARG_REQUIRED)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(not_covered); i++)
		if (strncmp(field->name, not_covered[i], strlen(not_covered[i])) == 0)
			return false;
	return true;
}

static int bind_all_fields(void **state)
{
	static const char *const with_arguments[] = {
		"proc.env[N]",	   "proc.env[HOME]", "proc.aenv[N]",	 "proc.apid[1]",
		"proc.apid[2]",	   "proc.aexe[1]",   "proc.aexepath[2]", "proc.acmdline[1]",
		"proc.aname[2]",   "proc.aargs[1]",  "proc.args[0]",	 "evt.abspath",
		"proc.aexepath[1]"};
	const struct saker_catalogue *c = saker_enrich_catalogue();
	struct all_fields *all = &all_fields;

	(void)state;
	for (uint32_t i = 0; i < c->n_fields; i++) {
		if (!is_covered(&c->fields[i]))
			continue;
		assert_true(all->n < FIELDS_MAX);
		if (story_bind(c->fields[i].name, all->args[all->n], &all->refs[all->n]) == 0)
			all->n++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(with_arguments); i++, all->n++)
		assert_int_equal(
			story_bind(with_arguments[i], all->args[all->n], &all->refs[all->n]), 0);
	return 0;
}

static struct saker_state *new_state(struct sim *m, bool live)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_record *r;
	struct saker_state *s;

	options.offline = true;
	options.memory_max = 16 * MIB;
	options.refill = live ? sim_refill : NULL;
	options.refill_userdata = m;
	assert_int_equal(saker_state_new(&options, &s), 0);
	assert_int_equal(saker_state_apply(s, sim_task_event(m, &m->eb, 1), NULL, &r), 0);
	return s;
}

static void init(struct faults *f, struct sim *m, bool live)
{
	f->state = new_state(m, live);
	f->truth = new_state(m, false);
	for (int i = 0; i < N_FIELDS; i++)
		assert_int_equal(story_bind(field_names[i], f->args[i], &f->refs[i]), 0);
	f->live = live;
}

static void fini(struct faults *f)
{
	saker_state_free(f->state);
	saker_state_free(f->truth);
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

/* The field that says what is not so, "" = none. e: the truth; its fields that are "" end there. */
static const char *wrong_field(struct faults *f, struct saker_record *r, const struct sim_event *e)
{
	const struct {
		int field;
		const char *text;
	} texts[] = {
		{F_NAME, e->comm},	 {F_PNAME, e->acomm[0]}, {F_ANAME2, e->acomm[1]},
		{F_ANAME3, e->acomm[2]}, {F_SNAME, e->scomm},	 {F_CWD, e->cwd},
		{F_FD_NAME, e->name},
	};

	if (!says_number(f, r, F_PPID, e->ppid))
		return field_names[F_PPID];
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].text[0] && !says(f, r, texts[i].field, texts[i].text))
			return field_names[texts[i].field];
	return "";
}

static bool same_value(const struct saker_value *a, const struct saker_value *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == SAKER_TYPE_IP || a->type == SAKER_TYPE_NET)
		return memcmp(a->ip, b->ip, sizeof(*a->ip)) == 0;
	if (a->type <= SAKER_TYPE_BYTES)
		return a->len == b->len && memcmp(a->str, b->str, a->len) == 0;
	return a->u64 == b->u64;
}

/* A clone's arguments have the names of others. */
static bool names_others(const struct saker_record *r, const char *field)
{
	return r->view.event->type == SAKER_EV_SYSCALL_CLONE_20_X &&
	       (strncmp(field, "evt.arg", 7) == 0 || strcmp(field, "evt.info") == 0);
}

/* The first field that says something else than it does when nothing is lost; "" = none. */
static const char *differing_field(struct faults *f, struct saker_record *r,
				   struct saker_record *truth)
{
	for (uint32_t i = 0; i < all_fields.n; i++) {
		const struct saker_field_ref *ref = &all_fields.refs[i];
		struct saker_values a = {0}, b = {0};
		bool same;

		ref->extract(r, ref, &a);
		ref->extract(truth, ref, &b);
		if (!a.n || !b.n)
			continue;
		if (names_others(r, ref->field->name))
			continue;
		same = a.n == b.n;
		for (uint32_t j = 0; same && j < a.n; j++)
			same = same_value(&a.v[j], &b.v[j]);
		f->n_compared++;
		f->n_digests += strcmp(ref->field->name, "proc.exe_hash") == 0;
		if (!same)
			return ref->field->name;
	}
	return "";
}

static void check(struct faults *f, struct saker_record *r, struct saker_record *truth,
		  const struct sim_event *e)
{
	const char *wrong;

	/* An exit's and init's parents are told otherwise. */
	if (e->event->type == SAKER_EV_PROCEXIT_1_E || e->pid == 1 || !r->thread)
		return;
	f->n_records++;
	wrong = wrong_field(f, r, e);
	if (!certain(f, r)) {
		f->n_wrong += wrong[0] != '\0';
		return;
	}
	if (truth && f->n_certain % COMPARE_EVERY == 0 && !wrong[0])
		wrong = differing_field(f, r, truth);
	f->n_certain++;
	if (wrong[0] && f->n_lies++ < 5)
		print_message("event %llu (%s of %d, fd %d) has a %s that is not so\n",
			      (unsigned long long)r->number, r->view.info->name, e->tid, e->fd,
			      wrong);
}

static void mark(struct saker_loss *loss, enum saker_loss_group group, int who)
{
	loss->who[group][who % SAKER_LOSS_SLOTS / 64] |= UINT64_C(1) << (who % 64);
}

static void add_loss(const struct faults *f, const struct sim_event *e, struct saker_loss *loss)
{
	enum saker_loss_group group = saker_loss_group_of(e->event->type);
	int who;

	/* As the probe does: the child's own event says all there is to say of a clone. */
	if (e->event->type == SAKER_EV_SYSCALL_CLONE_20_X && !e->is_child)
		group = SAKER_LOSS_OTHER;
	loss->n[group]++;
	loss->who_known = f->telling != TELL_GROUPS;
	who = group == SAKER_LOSS_PROCESS ? e->tid : e->pid;
	if (group != SAKER_LOSS_OTHER)
		mark(loss, group, who);
	if (e->event->type == SAKER_EV_SYSCALL_CLONE_20_X && e->is_child && e->tid != e->pid) {
		mark(loss, SAKER_LOSS_FD, e->pid);
		mark(loss, SAKER_LOSS_DIRECTORY, e->pid);
		mark(loss, SAKER_LOSS_IDENTITY, e->pid);
	}
	loss->until = MAX(loss->until, e->event->ts);
}

/* By an engine of ours: with all that the state follows. */
static void apply(struct faults *f, const struct sim_event *e)
{
	const struct saker_event_meta ours = {.flags = SAKER_EVENT_META_NOTED};
	struct saker_loss loss = SAKER_LOSS_INIT;
	struct saker_record *r, *truth = NULL;
	int code;

	if (saker_state_apply(f->truth, e->event, &ours, &truth) != 1)
		truth = NULL;
	if (e->lost) {
		f->n_lost++;
		if (f->telling == TELL_EARLY)
			return;
		add_loss(f, e, &loss);
		loss.until = 0;
		assert_int_equal(saker_state_lost(f->state, &loss), 0);
		return;
	}
	code = saker_state_apply(f->state, e->event, &ours, &r);
	assert_true(code >= 0);
	assert_true(f->state->pool.used <= f->state->pool.limit);
	if (code == 1)
		check(f, r, truth, e);
}

static bool is_among(const struct sim_event *e, int pid)
{
	for (int i = 0; i < SIM_ANCESTORS; i++)
		if (e->ancestors[i] == pid)
			return true;
	return e->sid == pid;
}

/*
 * Neighbours of different processes, neither an ancestor of the other or the leader of
 * its session, also not by an exit that has just made orphans: what is true of them then
 * depends on the order.
 */
static bool may_swap(const struct sim_event *a, const struct sim_event *b)
{
	if (a->event->type == SAKER_EV_PROCEXIT_1_E && is_among(b, 1))
		return false;
	return a->pid != b->pid && !is_among(a, b->pid) && !is_among(b, a->pid);
}

/* Into any order of neighbours in which what is true of each is what it says. */
static void swap_some(struct sim *m, struct sim_event **events, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n; i += 2) {
		if (sim_random(m, 4) == 0 && may_swap(events[i], events[i + 1])) {
			struct sim_event *first = events[i];

			events[i] = events[i + 1];
			events[i + 1] = first;
		}
	}
}

static void run(struct faults *f, struct sim *m, uint32_t n)
{
	static struct sim_event events[AHEAD];
	struct sim_event *order[AHEAD];

	/* Live, what is read again is how it is now: all that has happened is told of first. */
	uint32_t step = f->live && f->telling != TELL_EARLY ? 1 : AHEAD;

	for (uint32_t done = 0; done < n; done += step) {
		struct saker_loss loss = SAKER_LOSS_INIT;

		for (uint32_t i = 0; i < step; i++) {
			sim_next(m, &events[i]);
			events[i].lost = sim_random(m, 1000) < f->per_mille;
			if (events[i].lost)
				add_loss(f, &events[i], &loss);
			order[i] = &events[i];
		}
		if (f->swap)
			swap_some(m, order, step);
		if (f->telling == TELL_EARLY && loss.until)
			assert_int_equal(saker_state_lost(f->state, &loss), 0);
		for (uint32_t i = 0; i < step; i++)
			apply(f, order[i]);
	}
}

static void report(const struct faults *f, const char *what)
{
	struct saker_state_stats s = {.size = sizeof(s)};

	saker_state_get_stats(f->state, &s);
	print_message("%s: %llu records, %llu lost, %.1f%% certain, %llu wrong but in doubt, %llu "
		      "absent values, %llu values compared, %llu digests; %llu threads, %llu fds, "
		      "%llu KiB, %llu read again, %llu found gone\n",
		      what, (unsigned long long)f->n_records, (unsigned long long)f->n_lost,
		      100. * (double)f->n_certain / (double)MAX(f->n_records, UINT64_C(1)),
		      (unsigned long long)f->n_wrong, (unsigned long long)f->n_absent,
		      (unsigned long long)f->n_compared, (unsigned long long)f->n_digests,
		      (unsigned long long)s.n_threads, (unsigned long long)s.n_fds,
		      (unsigned long long)s.memory_peak / 1024,
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
		assert_true(f.n_compared > 100 * f.n_records / COMPARE_EVERY && f.n_digests > 0);
		assert_true(f.n_records > n_events() / 2);
		assert_true(f.state->n_threads <= (uint32_t)m.n_alive + 2);
		fini(&f);
	}
}

static void lossy(uint32_t seed, uint32_t per_mille, bool live, enum telling telling)
{
	static const char *const tellings[] = {"kinds told", "processes told", "told early"};
	static struct sim m;
	struct faults f = {.per_mille = per_mille, .swap = !live, .telling = telling};
	struct saker_state_stats s = {.size = sizeof(s)};
	char what[64];

	sim_init(&m, seed, live ? 5000000 : 1000000);
	init(&f, &m, live);
	run(&f, &m, n_events() / 2);
	run(&f, &m, n_events() / 2);
	snprintf(what, sizeof(what), "%u.%u%% lost, %s, %s", per_mille / 10, per_mille % 10,
		 live ? "live" : "replay", tellings[telling]);
	report(&f, what);
	assert_int_equal(f.n_lies, 0);
	assert_true(f.n_lost > 0 && (f.n_wrong > 0 || per_mille < 10));
	saker_state_get_stats(f.state, &s);
	assert_true(s.n_lost_events == f.n_lost && s.n_losses > 0 && s.n_losses <= f.n_lost);
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
		assert_true(f.n_compared > 100 * f.n_records / COMPARE_EVERY && f.n_digests > 0);
		/* Whether a session's leader had ended before cannot be asked. */
		assert_true(f.n_certain >= f.n_records * (telling == TELL_GROUPS ? 80 : 99) / 100);
		assert_in_range(f.state->n_threads, m.n_alive - 2, m.n_alive + 4);
	}
	fini(&f);
}

static void test_lost_in_replay(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 9; seed++) {
		lossy(seed, 10, false, seed % 3);
		lossy(seed, 100, false, seed % 3);
		lossy(seed, 500, false, seed % 3);
	}
}

static void test_lost_live(void **state)
{
	(void)state;
	for (uint32_t seed = 12; seed <= 17; seed++) {
		lossy(seed, 1, true, seed % 3);
		lossy(seed, 10, true, seed % 3);
		lossy(seed, 100, true, seed % 3);
		lossy(seed, 500, true, seed % 3);
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
	if (v.n)
		fail_msg("%s has a value", field);
	return v.absent;
}

/* Every field of what is missing says the same. */
static void expect_why(struct saker_record *r, const char *const fields[], uint8_t reason)
{
	for (; *fields; fields++) {
		uint8_t got = why(r, *fields);

		if (got != reason)
			fail_msg("%s is absent for reason %u, not %u", *fields, got, reason);
	}
}

static const char *const of_fd[] = {
	"fd.type", "fd.ino",	"fd.sip",     "fd.cip",	       "fd.rip",       "fd.ip", "fd.sport",
	"fd.port", "fd.sproto", "fd.l4proto", "fd.sockfamily", "fd.is_server", NULL};
static const char *const of_parent[] = {
	"proc.pname",	    "proc.ppid",    "proc.pexe",  "proc.pcmdline", "proc.aname[1]",
	"proc.aexepath[2]", "proc.apid[1]", "proc.aname", "proc.apid",	   NULL};

static struct saker_record *read_fd(struct event_builder *b, struct saker_state *s, int64_t fd)
{
	return story_apply(s, eb_make(b, SAKER_EV_SYSCALL_READ_X, STORY_TS + 9, 50, "qrqw",
				      INT64_C(1), "a", 1, fd, 1));
}

static void test_reasons(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_loss loss = SAKER_LOSS_INIT;
	static struct event_builder b;
	struct saker_state *s;

	(void)state;
	options.offline = true;
	options.max_fds = 16;
	assert_int_equal(saker_state_new(&options, &s), 0);
	story_execve(&b, s, 50, 49, "cat", "cat", "", 0, STORY_TS);
	expect_why(read_fd(&b, s, 7), of_fd, SAKER_ABSENT_NOT_CAPTURED);
	expect_why(read_fd(&b, s, 7), of_parent, SAKER_ABSENT_NOT_CAPTURED);
	story_execve(&b, s, 1, 0, "init", "init", "", 0, STORY_TS);
	expect_why(story_apply(s, eb_make(&b, SAKER_EV_SYSCALL_SETUID_X, STORY_TS, 1, "qw",
					  INT64_C(0), 0)),
		   of_parent, SAKER_ABSENT_NOT_APPLICABLE);
	assert_int_equal(why(read_fd(&b, s, -1), "fd.type"), SAKER_ABSENT_NOT_APPLICABLE);
	assert_int_equal(why(story_apply(s, eb_make(&b, SAKER_EV_SYSCALL_SETUID_X, STORY_TS, 50,
						    "qw", INT64_C(0), 0)),
			     "fd.type"),
			 SAKER_ABSENT_NOT_APPLICABLE);
	assert_int_equal(saker_state_lost(s, &loss), 0);
	assert_int_equal(why(read_fd(&b, s, 7), "fd.ino"), SAKER_ABSENT_NOT_CAPTURED);
	assert_int_equal(saker_state_lost(NULL, &loss), -EINVAL);
	assert_int_equal(saker_state_lost(s, NULL), -EINVAL);
	loss.n[SAKER_LOSS_PROCESS] = 1;
	assert_int_equal(saker_state_lost(s, &loss), 0);
	expect_why(read_fd(&b, s, 7), of_fd, SAKER_ABSENT_DROPPED);
	expect_why(read_fd(&b, s, 7), of_parent, SAKER_ABSENT_DROPPED);
	for (int64_t fd = 3; fd < 60; fd++)
		story_openat(&b, s, 50, fd, "/x", 1, 0, STORY_TS);
	expect_why(read_fd(&b, s, 3), of_fd, SAKER_ABSENT_EVICTED);
	/* Of a file there is no such thing, whatever was lost. */
	assert_int_equal(why(read_fd(&b, s, 59), "fd.sip"), SAKER_ABSENT_NOT_APPLICABLE);
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
		expect_why(story_apply(s, eb_make(&b, SAKER_EV_SYSCALL_SETUID_X, STORY_TS + 3,
						  (uint64_t)tid, "qw", INT64_C(0), 0)),
			   of_parent, SAKER_ABSENT_EVICTED);
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

	return cmocka_run_group_tests(tests, bind_all_fields, NULL);
}
