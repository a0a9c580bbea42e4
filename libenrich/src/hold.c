/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events held back for what is being found out elsewhere: a container's
 * metadata, the digest of an executable. A container's first execve comes
 * before its runtime can be asked what the container is; an event that waits a
 * moment for the answer can be judged by it. What waits is a copy, bounded in
 * number, size and time; all later events of the same container, the same
 * threads and their children queue up behind it, so that order within a process
 * stays. Whoever waits for a runtime that does not answer waits once.
 *
 * Deciding must come before applying, as an event's record shows the state of
 * its moment. So the cgroups of clone and execve are read here ahead of their
 * handlers; all other events have the container of their thread.
 */
#include "internal.h"

#define HELD_MAX 4096u /* events of all that is held */
#define HELD_BYTES_MAX (4u << 20)
#define TIDS (HELD_MAX * 2) /* slots of the table of threads; a power of two */
#define CLONE_PTID 5	    /* parameters of clone and execve */
#define CLONE_CGROUPS 14
#define EXEC_EXE_INO 23
#define EXEC_EXE_CTIME 24
#define EXEC_EXE_MTIME 25
#define EXEC_TRUSTED_EXEPATH 27
#define ACCOUNTS_NS UINT64_C(50000000) /* what the names of users are worth */

struct held_event {
	struct held_event *next;
	struct saker_event_meta meta;
	struct enrich_exe *exe; /* of an execve: what its digest is wanted of; or NULL */
	uint64_t exe_until;	/* it waits for that until then, monotonic */
	uint32_t len;		/* of the event and its companion */
	_Alignas(8) uint8_t event[];
};

/* Events that go in the order they came. */
struct enrich_hold {
	struct enrich_hold *next;
	struct enrich_container *container; /* whose info they wait for; NULL = for digests only */
	struct held_event *first;
	struct held_event **last;
	bool given_up; /* there was no room: nothing waits any more */
	uint64_t told; /* since when the info is there, monotonic; 0 = not yet */
};

/* A thread with events that wait. */
struct held_tid {
	uint64_t tid;
	struct enrich_hold *hold; /* NULL = free */
	uint32_t n;
};

struct enrich_holds {
	struct enrich_hold *first;
	struct held_event *current; /* the one that the record is of */
	uint32_t n;
	uint32_t bytes;
	bool releasing; /* what is applied now has waited already */
	struct held_tid tids[TIDS];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* ---- which threads have events that wait ---------------------------------------------- */

static struct held_tid *tid_slot(struct enrich_holds *h, uint64_t tid)
{
	uint32_t i = (uint32_t)hash_u64(tid) & (TIDS - 1);

	while (h->tids[i].hold && h->tids[i].tid != tid)
		i = (i + 1) & (TIDS - 1);
	return &h->tids[i];
}

/* Closes the gap, so that what was put behind it is still found. */
static void tid_free(struct enrich_holds *h, struct held_tid *slot)
{
	uint32_t gap = (uint32_t)(slot - h->tids);
	uint32_t i = gap;

	for (;;) {
		uint32_t home;

		i = (i + 1) & (TIDS - 1);
		if (!h->tids[i].hold)
			break;
		home = (uint32_t)hash_u64(h->tids[i].tid) & (TIDS - 1);
		if (((i - home) & (TIDS - 1)) >= ((i - gap) & (TIDS - 1))) {
			h->tids[gap] = h->tids[i];
			gap = i;
		}
	}
	h->tids[gap].hold = NULL;
}

/* ---- what events say ---------------------------------------------------------------------- */

static bool is_clone(const struct saker_event *event)
{
	switch (event->type) {
	case SAKER_EV_SYSCALL_CLONE_20_X:
	case SAKER_EV_SYSCALL_FORK_20_X:
	case SAKER_EV_SYSCALL_VFORK_20_X:
	case SAKER_EV_SYSCALL_CLONE3_X:
		return true;
	default:
		return false;
	}
}

static bool is_exec(const struct saker_event *event)
{
	return event->type == SAKER_EV_SYSCALL_EXECVE_19_X ||
	       event->type == SAKER_EV_SYSCALL_EXECVEAT_X;
}

static uint64_t param_u64(const struct saker_event_view *view, uint32_t i)
{
	return i < view->n_params && view->params[i].len == 8 ? saker_load_u64(view->params[i].data)
							      : 0;
}

/*
 * The container that a clone or execve says its thread is in, which may be new
 * to us; with a reference, as making room may end the threads that have it.
 */
static struct enrich_container *container_from_cgroups(struct saker_state *s,
						       const struct saker_event_view *view,
						       const struct enrich_thread *t)
{
	const struct saker_param *p;
	struct enrich_container *c;
	struct enrich_slice cgroups;
	struct enrich_slice id;
	uint16_t type;

	if (view->n_params <= CLONE_CGROUPS)
		return NULL;
	p = &view->params[CLONE_CGROUPS];
	cgroups = (struct enrich_slice){(const char *)p->data, p->len ? p->len - 1 : 0};
	if (t && t->cgroups && t->cgroups->len == cgroups.len &&
	    memcmp(t->cgroups->text, cgroups.text, cgroups.len) == 0)
		return enrich_container_ref(t->container);
	if (enrich_cgroups_match(cgroups, &id, &type) == ENRICH_MATCH_NONE)
		return NULL;
	c = enrich_container_get(s, id, type);
	if (!c)
		return NULL;
	enrich_container_ask(s, c);
	enrich_container_ask_accounts(s, c, (int64_t)view->event->tid);
	/* Its first thread is behind this event; until then it is kept as one that was told. */
	if (c->refs == 1)
		enrich_container_keep(s, c);
	return c;
}

static struct enrich_container *container_of(struct saker_state *s,
					     const struct saker_event_view *view)
{
	struct enrich_thread *t = enrich_thread_find(s, (int64_t)view->event->tid);

	if (is_clone(view->event) || is_exec(view->event))
		return container_from_cgroups(s, view, t);
	return t ? enrich_container_ref(t->container) : NULL;
}

/* A parameter's text, which ends with its NUL; "" when it does not. */
static const char *param_text(const struct saker_event_view *view, uint32_t i)
{
	const struct saker_param *p = i < view->n_params ? &view->params[i] : NULL;

	return p && p->len && p->data[p->len - 1] == '\0' ? (const char *)p->data : "";
}

/* Its digest is asked for now, while the thread is known to run it. */
static struct enrich_exe *exe_of(struct saker_state *s, const struct saker_event_view *view)
{
	const struct saker_exe what = {
		.tid = (int64_t)view->event->tid,
		.ptid = (int64_t)param_u64(view, CLONE_PTID),
		.ino = param_u64(view, EXEC_EXE_INO),
		.ctime = param_u64(view, EXEC_EXE_CTIME),
		.mtime = param_u64(view, EXEC_EXE_MTIME),
		.path = param_text(view, EXEC_TRUSTED_EXEPATH),
	};
	struct enrich_exe *exe;

	if (!s->hold_digest_ns || !is_exec(view->event) || param_u64(view, 0) != 0 || !what.ino)
		return NULL;
	exe = enrich_exe_new(s, &what);
	if (exe && exe->why_not == SAKER_ABSENT_PENDING)
		return exe;
	enrich_exe_unref(s, exe);
	return NULL;
}

/* ---- holding ---------------------------------------------------------------------------- */

static struct enrich_holds *holds_get(struct saker_state *s)
{
	if (!s->holds)
		s->holds = enrich_alloc_zero(s, sizeof(*s->holds));
	return s->holds;
}

void enrich_hold_allow(struct saker_state *s, struct enrich_container *c)
{
	if (s->hold_ns && !c->hold_until)
		c->hold_until = now_ns() + s->hold_ns;
}

/* c: for whose info; NULL = for a digest. */
static struct enrich_hold *hold_new(struct saker_state *s, struct enrich_container *c)
{
	struct enrich_hold *hold = holds_get(s) ? enrich_alloc_zero(s, sizeof(*hold)) : NULL;

	if (!hold)
		return NULL;
	hold->container = enrich_container_ref(c);
	hold->last = &hold->first;
	hold->next = s->holds->first;
	s->holds->first = hold;
	if (c)
		c->hold = hold;
	return hold;
}

/* There is no room: what waits goes next, and nothing of this container waits again. */
static void hold_give_up(struct saker_state *s, struct enrich_hold *hold)
{
	s->stats.n_hold_overflows += !hold->given_up;
	hold->given_up = true;
	if (hold->container)
		hold->container->hold_until = 0;
}

/*
 * False only without memory. At the limit the last one is taken still, so that
 * order stays, and all of this hold go next. Takes the reference to exe.
 */
static bool hold_add(struct saker_state *s, struct enrich_hold *hold,
		     const struct saker_event *event, const struct saker_event_meta *meta,
		     struct enrich_exe *exe)
{
	struct enrich_holds *h = s->holds;
	const struct saker_event *companion = meta ? meta->companion : NULL;
	uint32_t len = event->len + (companion ? companion->len : 0);
	size_t size = sizeof(struct held_event) + len;
	struct held_event *held = enrich_alloc(s, size);
	struct held_tid *slot;

	if (!held) {
		enrich_exe_unref(s, exe);
		hold_give_up(s, hold);
		return false;
	}
	held->next = NULL;
	held->meta = meta ? *meta : (struct saker_event_meta){0};
	held->exe = exe;
	held->exe_until = exe ? now_ns() + s->hold_digest_ns : 0;
	held->len = len;
	memcpy(held->event, event, event->len);
	/* It lives no longer than its event did. */
	if (companion) {
		memcpy(held->event + event->len, companion, companion->len);
		held->meta.companion = (const void *)(held->event + event->len);
	}
	*hold->last = held;
	hold->last = &held->next;
	slot = tid_slot(h, event->tid);
	*slot = (struct held_tid){event->tid, hold, slot->hold ? slot->n + 1 : 1};
	s->stats.n_held_events++;
	h->n++;
	h->bytes += (uint32_t)size;
	if (!hold->given_up && (h->n >= HELD_MAX || h->bytes >= HELD_BYTES_MAX))
		hold_give_up(s, hold);
	return true;
}

/* The hold that this event comes behind: its thread's, or as a new child its parent's. */
static struct enrich_hold *hold_behind(struct enrich_holds *h, const struct saker_event_view *view)
{
	struct enrich_hold *hold = tid_slot(h, view->event->tid)->hold;

	if (!hold && is_clone(view->event) && param_u64(view, 0) == 0)
		hold = tid_slot(h, param_u64(view, CLONE_PTID))->hold;
	return hold;
}

static struct enrich_hold *hold_of_container(struct saker_state *s,
					     const struct saker_event_view *view)
{
	struct enrich_container *c = container_of(s, view);
	struct enrich_hold *hold;

	if (!c)
		return NULL;
	hold = c->hold;
	if (!hold && !c->info && c->why_not == SAKER_ABSENT_PENDING && c->hold_until > now_ns())
		hold = hold_new(s, c);
	enrich_container_unref(s, c);
	return hold;
}

bool enrich_hold_releasing(const struct saker_state *s)
{
	return s->holds && s->holds->releasing;
}

bool enrich_hold_take(struct saker_state *s, const struct saker_event_view *view,
		      const struct saker_event_meta *meta)
{
	const struct saker_event *event = view->event;
	struct enrich_hold *hold = NULL;
	struct enrich_exe *exe;

	if (enrich_hold_releasing(s))
		return false;
	if (s->facts[event->type].flags & (ENRICH_FACT_NO_THREAD | ENRICH_FACT_INITIAL))
		return false;
	if (s->holds && s->holds->n)
		hold = hold_behind(s->holds, view);
	if (!hold && s->hold_ns)
		hold = hold_of_container(s, view);
	exe = exe_of(s, view);
	if (!hold && exe)
		hold = hold_new(s, NULL);
	if (hold)
		return hold_add(s, hold, event, meta, exe);
	enrich_exe_unref(s, exe);
	return false;
}

bool enrich_hold_told(struct saker_state *s, int64_t tid, uint64_t ino, uint64_t mtime,
		      const char *digest)
{
	struct enrich_hold *hold =
		s->holds && s->holds->n ? tid_slot(s->holds, (uint64_t)tid)->hold : NULL;
	bool told = false;

	for (struct held_event *held = hold ? hold->first : NULL; held && !told;
	     held = held->next) {
		if (((const struct saker_event *)held->event)->tid == (uint64_t)tid)
			told = enrich_exe_told(s, held->exe, ino, mtime, digest);
	}
	return told;
}

/* ---- releasing --------------------------------------------------------------------------- */

/*
 * Until when a container's events wait; 0 = no longer. The answer is not all:
 * who its users are is read meanwhile, and worth a moment more.
 */
static uint64_t container_due(const struct saker_state *s, const struct enrich_hold *hold)
{
	const struct enrich_container *c = hold->container;

	if (!c)
		return 0;
	if (!c->info)
		return c->why_not == SAKER_ABSENT_PENDING ? c->hold_until : 0;
	if (!s->ask_accounts || c->users || !c->account_tries)
		return 0;
	return MIN(c->hold_until, hold->told + ACCOUNTS_NS);
}

static uint64_t exe_due(const struct held_event *held)
{
	return held && held->exe && held->exe->why_not == SAKER_ABSENT_PENDING ? held->exe_until
									       : 0;
}

/* When the first event goes; 0 = now. */
static uint64_t due_at(const struct saker_state *s, const struct enrich_hold *hold)
{
	if (hold->given_up)
		return 0;
	return MAX(container_due(s, hold), exe_due(hold->first));
}

static bool is_due(struct saker_state *s, struct enrich_hold *hold, uint64_t now)
{
	uint64_t at;

	if (hold->container && hold->container->info && !hold->told)
		hold->told = now;
	at = due_at(s, hold);
	if (at > now)
		return false;
	if (now != UINT64_MAX && container_due(s, hold) && !hold->container->info) {
		s->stats.n_hold_timeouts++;
		hold->container->hold_until = 0;
	}
	s->stats.n_hold_timeouts += now != UINT64_MAX && exe_due(hold->first);
	return true;
}

static void hold_free(struct saker_state *s, struct enrich_hold *hold)
{
	struct enrich_hold **link = &s->holds->first;

	while (*link != hold)
		link = &(*link)->next;
	*link = hold->next;
	if (hold->container)
		hold->container->hold = NULL;
	enrich_container_unref(s, hold->container);
	enrich_dealloc(s, hold, sizeof(*hold));
}

static void current_free(struct saker_state *s)
{
	struct held_event *held = s->holds->current;

	if (held) {
		enrich_exe_unref(s, held->exe);
		enrich_dealloc(s, held, sizeof(*held) + held->len);
	}
	s->holds->current = NULL;
}

static struct held_event *hold_pop(struct enrich_holds *h, struct enrich_hold *hold)
{
	struct held_event *held = hold->first;
	struct held_tid *slot = tid_slot(h, ((const struct saker_event *)held->event)->tid);

	hold->first = held->next;
	if (!hold->first)
		hold->last = &hold->first;
	h->n--;
	h->bytes -= (uint32_t)(sizeof(*held) + held->len);
	if (--slot->n == 0)
		tid_free(h, slot);
	return held;
}

/* One event of this hold that rules see; 0 = there is none that need not wait. */
static int hold_apply(struct saker_state *s, struct enrich_hold *hold, uint64_t now,
		      struct saker_record **ret_record)
{
	struct enrich_holds *h = s->holds;
	int r = 0;

	while (r != 1 && hold->first && is_due(s, hold, now)) {
		current_free(s);
		h->current = hold_pop(h, hold);
		h->releasing = true;
		s->exe_of_held = h->current->exe;
		r = saker_state_apply(s, (const struct saker_event *)h->current->event,
				      &h->current->meta, ret_record);
		s->exe_of_held = NULL;
		h->releasing = false;
	}
	return r == 1;
}

int saker_state_held(struct saker_state *s, bool flush, struct saker_record **ret_record)
{
	struct enrich_hold *hold;
	struct enrich_hold *next;
	uint64_t now;

	if (!s || !ret_record)
		return -EINVAL;
	if (likely(!s->holds || !s->holds->first))
		return 0;
	now = flush ? UINT64_MAX : now_ns();
	for (hold = s->holds->first; hold; hold = next) {
		if (hold_apply(s, hold, now, ret_record))
			return 1;
		next = hold->next;
		if (!hold->first)
			hold_free(s, hold);
	}
	return 0;
}

int saker_state_hold_wait(struct saker_state *s)
{
	uint64_t now, first = UINT64_MAX;

	if (!s || !s->holds || !s->holds->first)
		return -1;
	now = now_ns();
	for (struct enrich_hold *hold = s->holds->first; hold; hold = hold->next) {
		uint64_t at = due_at(s, hold);

		if (at <= now)
			return 0;
		first = MIN(first, at);
	}
	return (int)MIN((first - now) / 1000000 + 1, UINT64_C(1000));
}

void enrich_holds_fini(struct saker_state *s)
{
	if (!s->holds)
		return;
	while (s->holds->first) {
		while (s->holds->first->first) {
			current_free(s);
			s->holds->current = hold_pop(s->holds, s->holds->first);
		}
		hold_free(s, s->holds->first);
	}
	current_free(s);
	enrich_dealloc(s, s->holds, sizeof(*s->holds));
	s->holds = NULL;
}
