/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread table: who is there, who belongs to whom, who goes when. Families
 * (groups, parents, children) are kept as links, so that reparenting and exits
 * cost what they touch.
 */
#include "internal.h"

#include <assert.h>

#define SLOTS_MIN 1024u
#define EVICT_LOOK 512u	      /* slots looked at for one eviction */
#define EVICT_LOOK_MAX 65536u /* if none of them can go: then the next eviction looks on */
#define EVICT_SAMPLE 16u      /* threads compared among them */

/* ---- the table ---------------------------------------------------------------- */

static uint32_t slot_of(const struct saker_state *s, int64_t tid)
{
	return (uint32_t)hash_u64((uint64_t)tid) & (s->slots_capacity - 1);
}

int enrich_threads_init(struct saker_state *s)
{
	s->slots_capacity = SLOTS_MIN;
	s->slots = enrich_alloc_zero(s, SLOTS_MIN * sizeof(*s->slots));
	s->tombstones = enrich_alloc_zero(s, ENRICH_TOMBSTONES * sizeof(*s->tombstones));
	s->ghost = enrich_alloc_zero(s, sizeof(*s->ghost));
	s->evicted = enrich_alloc_zero(s, ENRICH_EVICTED * sizeof(*s->evicted));
	return s->slots && s->tombstones && s->ghost && s->evicted ? 0 : -ENOMEM;
}

struct enrich_thread *enrich_thread_find(const struct saker_state *s, int64_t tid)
{
	uint32_t mask = s->slots_capacity - 1;
	uint32_t i;

	if (tid == s->last_tid && s->last_thread)
		return s->last_thread;
	for (i = slot_of(s, tid); s->slots[i].thread; i = (i + 1) & mask) {
		if (s->slots[i].tid == tid)
			return s->slots[i].thread;
	}
	return NULL;
}

struct enrich_thread *enrich_thread_touch(struct saker_state *s, int64_t tid)
{
	struct enrich_thread *t = enrich_thread_find(s, tid);

	if (t)
		t->used = s->clock;
	return t;
}

static void slots_put(struct enrich_thread_slot *slots, uint32_t mask, struct enrich_thread *t)
{
	uint32_t i = (uint32_t)hash_u64((uint64_t)t->tid) & mask;

	while (slots[i].thread)
		i = (i + 1) & mask;
	slots[i].tid = t->tid;
	slots[i].thread = t;
}

static int slots_grow(struct saker_state *s)
{
	uint32_t capacity = s->slots_capacity * 2;
	struct enrich_thread_slot *old = s->slots;
	struct enrich_thread_slot *slots;

	slots = pool_alloc(&s->pool, capacity * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots, 0, capacity * sizeof(*slots));
	for (uint32_t i = 0; i < s->slots_capacity; i++) {
		if (old[i].thread)
			slots_put(slots, capacity - 1, old[i].thread);
	}
	s->slots = slots;
	enrich_dealloc(s, old, s->slots_capacity * sizeof(*old));
	s->slots_capacity = capacity;
	return 0;
}

/* Backward shift: no marks of the deleted, so look-ups stay short for ever. */
static void slots_delete(struct saker_state *s, const struct enrich_thread *t)
{
	uint32_t mask = s->slots_capacity - 1;
	uint32_t i = slot_of(s, t->tid);
	uint32_t j;

	while (s->slots[i].thread != t)
		i = (i + 1) & mask;
	for (j = (i + 1) & mask; s->slots[j].thread; j = (j + 1) & mask) {
		uint32_t home = slot_of(s, s->slots[j].tid);

		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		s->slots[i] = s->slots[j];
		i = j;
	}
	s->slots[i].thread = NULL;
}

static void thread_defaults(struct enrich_thread *t, int64_t tid)
{
	memset(t, 0, sizeof(*t));
	t->tid = tid;
	t->pid = -1;
	t->ptid = -1;
	t->reaper_tid = -1;
	t->sid = -1;
	t->vtid = -1;
	t->vpid = -1;
	t->vpgid = -1;
	t->pgid = -1;
	t->fdlimit = -1;
	t->uid = ENRICH_NO_ID;
	t->gid = ENRICH_NO_ID;
	t->loginuid = ENRICH_NO_ID;
}

static void thread_release(struct saker_state *s, struct enrich_thread *t)
{
	enrich_str_unref(s, t->comm);
	enrich_str_unref(s, t->exe);
	enrich_str_unref(s, t->exepath);
	enrich_exe_unref(s, t->exe_file);
	enrich_str_unref(s, t->args);
	enrich_str_unref(s, t->env);
	enrich_fs_unref(s, t->fs);
	enrich_str_unref(s, t->root);
	enrich_str_unref(s, t->cgroups);
	enrich_files_unref(s, t->files);
	enrich_container_unref(s, t->container);
	if (t->entry)
		enrich_dealloc(s, t->entry, sizeof(*t->entry) + t->entry->len);
}

struct enrich_thread *enrich_thread_ghost(struct saker_state *s, int64_t tid)
{
	thread_release(s, s->ghost);
	thread_defaults(s->ghost, tid);
	s->ghost->flags = ENRICH_THREAD_PLACEHOLDER | ENRICH_THREAD_HIDDEN;
	s->ghost->used = s->clock;
	s->ghost->epoch = enrich_epoch(s, true);
	enrich_str_set(s, &s->ghost->comm, "<NA>", 4);
	enrich_str_set(s, &s->ghost->exe, "<NA>", 4);
	return s->ghost;
}

struct enrich_thread *enrich_thread_add(struct saker_state *s, int64_t tid)
{
	struct enrich_thread *t;

	while (s->n_threads >= s->max_threads) {
		if (!enrich_threads_evict(s)) {
			s->stats.n_drops_full_threadtable++;
			return NULL;
		}
	}
	/* Beyond three quarters look-ups get slow; beyond all of it they never end. */
	if (s->n_threads >= s->slots_capacity / 4 * 3 && slots_grow(s) < 0 &&
	    s->n_threads >= s->slots_capacity / 8 * 7 && !enrich_threads_evict(s)) {
		s->stats.n_drops_full_threadtable++;
		return NULL;
	}
	t = enrich_alloc(s, sizeof(*t));
	if (!t) {
		s->stats.n_drops_full_threadtable++;
		return NULL;
	}
	thread_defaults(t, tid);
	t->epoch = enrich_epoch(s, true); /* that of its directory comes with the directory */
	t->used = s->clock;
	slots_put(s->slots, s->slots_capacity - 1, t);
	s->n_threads++;
	s->stats.n_added_threads++;
	enrich_tombstone_clear(s, tid);
	return t;
}

/* ---- families ------------------------------------------------------------------- */

void enrich_thread_unlink_parent(struct enrich_thread *t)
{
	if (!t->parent)
		return;
	if (t->sibling_prev)
		t->sibling_prev->sibling_next = t->sibling_next;
	else
		t->parent->children = t->sibling_next;
	if (t->sibling_next)
		t->sibling_next->sibling_prev = t->sibling_prev;
	t->parent = NULL;
	t->sibling_next = NULL;
	t->sibling_prev = NULL;
}

static void link_parent(struct enrich_thread *parent, struct enrich_thread *t)
{
	enrich_thread_unlink_parent(t);
	t->parent = parent;
	t->ptid = parent->tid;
	t->sibling_next = parent->children;
	if (t->sibling_next)
		t->sibling_next->sibling_prev = t;
	parent->children = t;
}

static void group_leave(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_group *g = t->group;

	if (!g)
		return;
	if (!(t->flags & ENRICH_THREAD_DEAD))
		g->n_alive--;
	if (g->leader == t)
		g->leader = NULL;
	if (t->group_prev)
		t->group_prev->group_next = t->group_next;
	else
		g->threads = t->group_next;
	if (t->group_next)
		t->group_next->group_prev = t->group_prev;
	t->group = NULL;
	t->group_next = NULL;
	t->group_prev = NULL;
	if (--g->n_members == 0)
		enrich_dealloc(s, g, sizeof(*g));
}

static void group_enter(struct enrich_group *g, struct enrich_thread *t)
{
	t->group = g;
	t->group_prev = NULL;
	t->group_next = g->threads;
	if (t->group_next)
		t->group_next->group_prev = t;
	g->threads = t;
	g->n_members++;
	if (!(t->flags & ENRICH_THREAD_DEAD))
		g->n_alive++;
	if (enrich_thread_is_leader(t))
		g->leader = t;
}

/* Whatever it was cloned with: one of its own it is given afterwards. */
static void share_files(struct saker_state *s, struct enrich_thread *leader,
			struct enrich_thread *t)
{
	if (!leader->files)
		leader->files = enrich_files_new(s);
	if (t->files == leader->files)
		return;
	enrich_files_unref(s, t->files);
	t->files = enrich_files_ref(leader->files);
}

static void group_join(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_thread *leader = NULL;
	struct enrich_group *g;

	if (!enrich_thread_is_leader(t))
		leader = enrich_thread_touch(s, t->pid);
	if (leader && leader->group && leader->pid == t->pid) {
		group_enter(leader->group, t);
		share_files(s, leader, t);
		return;
	}
	g = enrich_alloc_zero(s, sizeof(*g));
	if (!g)
		return;
	g->reaper = t->pid == 1 || t->vpid == 1;
	group_enter(g, t);
}

void enrich_thread_identify(struct saker_state *s, struct enrich_thread *t, int64_t pid,
			    int64_t ptid)
{
	if (t->pid != pid)
		group_leave(s, t);
	t->pid = pid;
	t->ptid = ptid;
}

void enrich_thread_join(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_thread *parent;

	if (enrich_thread_is_invalid(t) || t->flags & ENRICH_THREAD_HIDDEN)
		return;
	if (!t->group)
		group_join(s, t);
	if (t->pid == 1 || t->parent)
		return;
	parent = enrich_thread_touch(s, t->ptid);
	if (!parent || parent == t || enrich_thread_is_invalid(parent))
		t->ptid = 0;
	else
		link_parent(parent, t);
}

void enrich_thread_unsettle(struct saker_state *s, struct enrich_thread *t)
{
	t->flags |= ENRICH_THREAD_UNSETTLED;
	t->sibling_next = s->unsettled;
	s->unsettled = t;
	s->n_unsettled++;
	/* Leaders need nobody for this, and when memory ends it must not be missing later. */
	if (!t->group && enrich_thread_is_leader(t) && !enrich_thread_is_invalid(t))
		group_join(s, t);
}

void enrich_threads_settle(struct saker_state *s)
{
	struct enrich_thread *list = s->unsettled;
	struct enrich_thread *t;

	/* Leaders have their groups, so that threads find them; then everybody's parent. */
	for (t = list; t; t = t->sibling_next) {
		if (!t->group && !enrich_thread_is_invalid(t))
			group_join(s, t);
	}
	s->unsettled = NULL;
	while (list) {
		t = list;
		list = t->sibling_next;
		t->sibling_next = NULL;
		/* From here on others may push it out, but not while it is being worked on. */
		t->flags &= (uint16_t)~ENRICH_THREAD_UNSETTLED;
		t->used = s->clock;
		s->n_unsettled--;
		enrich_thread_join(s, t);
		if (enrich_thread_is_leader(t))
			enrich_initial_roles(s, t);
		if (!s->refilling)
			t->used = s->clock - 1;
	}
}

/* ---- removal -------------------------------------------------------------------- */

void enrich_thread_remove(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_thread *child = t->children;

	while (child) {
		struct enrich_thread *next = child->sibling_next;

		child->parent = NULL;
		child->sibling_next = NULL;
		child->sibling_prev = NULL;
		child = next;
	}
	t->children = NULL;
	enrich_thread_unlink_parent(t);
	group_leave(s, t);
	slots_delete(s, t);
	if (s->last_thread == t) {
		s->last_thread = NULL;
		s->last_tid = -1;
	}
	if (s->record.thread == t)
		s->record.thread = NULL;
	s->n_threads--;
	thread_release(s, t);
	enrich_dealloc(s, t, sizeof(*t));
}

/* As the kernel looks for one: the leader first, then the oldest, which is last in the list. */
static struct enrich_thread *group_living(struct enrich_group *g, const struct enrich_thread *but)
{
	struct enrich_thread *oldest = NULL;

	if (g && g->leader && g->leader != but && !(g->leader->flags & ENRICH_THREAD_DEAD))
		return g->leader;
	for (struct enrich_thread *t = g ? g->threads : NULL; t; t = t->group_next) {
		if (t != but && !(t->flags & ENRICH_THREAD_DEAD))
			oldest = t;
	}
	return oldest;
}

/* As the kernel chooses: the own group, then the nearest subreaper, then the namespace's init. */
static struct enrich_thread *find_reaper(const struct saker_state *s, const struct enrich_thread *t)
{
	struct enrich_thread *reaper = group_living(t->group, t);
	struct enrich_thread *p;

	if (reaper)
		return reaper;
	p = enrich_thread_find(s, t->ptid);
	for (uint32_t i = 0; p && i < ENRICH_ANCESTORS_MAX; i++) {
		if (p == t || enrich_thread_in_pidns(p) != enrich_thread_in_pidns(t))
			return NULL;
		if (p->group && p->group->reaper) {
			reaper = group_living(p->group, NULL);
			if (reaper)
				return reaper;
		}
		p = enrich_thread_find(s, p->ptid);
	}
	return NULL;
}

static void reparent_children(struct saker_state *s, struct enrich_thread *t, bool seen)
{
	struct enrich_thread *reaper = NULL;
	bool sure;

	if (!t->children)
		return;
	if (t->reaper_tid > 0)
		reaper = enrich_thread_find(s, t->reaper_tid);
	if (!reaper || reaper == t || enrich_thread_is_invalid(reaper))
		reaper = find_reaper(s, t);
	/* Seen to end, and to whom its children went; or concluded, and guessed. */
	sure = seen && reaper && reaper->tid == t->reaper_tid && enrich_thread_sure(s, t);
	if (reaper) {
		t->reaper_tid = (int32_t)reaper->tid;
		if (reaper->pid != t->pid && reaper->group)
			reaper->group->reaper = true;
	}
	while (t->children) {
		struct enrich_thread *child = t->children;

		enrich_thread_unlink_parent(child);
		if (!sure && enrich_ever_lost(s))
			child->epoch = 0;
		if (reaper && reaper != child)
			link_parent(reaper, child);
		else
			child->ptid = 0;
	}
}

void enrich_thread_exit(struct saker_state *s, struct enrich_thread *t)
{
	bool seen = t->flags & ENRICH_THREAD_DEAD;
	struct enrich_group *g = t->group;
	struct enrich_thread *leader;

	s->stats.n_removed_threads++;
	if (!g) {
		enrich_thread_remove(s, t);
		return;
	}
	if (!(t->flags & ENRICH_THREAD_DEAD)) {
		t->flags |= ENRICH_THREAD_DEAD;
		g->n_alive--;
	}
	reparent_children(s, t, seen);
	leader = g->leader;
	if (g->n_alive > 0) {
		/* A dead leader stays, for its threads read cwd, env and names from it. */
		if (t != leader)
			enrich_thread_remove(s, t);
		return;
	}
	if (leader && leader != t) {
		reparent_children(s, leader, seen);
		enrich_thread_remove(s, leader);
	}
	enrich_thread_remove(s, t);
}

/* ---- eviction ------------------------------------------------------------------- */

/* Higher = better to lose. Never those with used == clock: this event works with them. */
static uint64_t eviction_worth(const struct saker_state *s, const struct enrich_thread *t)
{
	uint32_t age = s->clock - t->used;
	uint64_t class = 1;

	if (age == 0 || t == s->last_thread || t->flags & ENRICH_THREAD_UNSETTLED)
		return 0;
	if (t->group && t->group->leader == t && t->group->n_members > 1)
		return 0;
	if (t->flags & (ENRICH_THREAD_DEAD | ENRICH_THREAD_PLACEHOLDER))
		class = 3;
	else if (!t->children)
		class = 2;
	return class << 32 | age;
}

bool enrich_threads_evict(struct saker_state *s)
{
	uint32_t mask = s->slots_capacity - 1;
	struct enrich_thread *victim = NULL;
	uint64_t best = 0;
	uint32_t seen = 0;

	/* At start-up there may be nobody else, and each new one would look at all of them. */
	if (s->n_threads <= s->n_unsettled)
		return false;
	for (uint32_t i = 0; i < MIN(s->slots_capacity, EVICT_LOOK_MAX) && seen < EVICT_SAMPLE;
	     i++) {
		struct enrich_thread *t = s->slots[s->thread_cursor & mask].thread;
		uint64_t worth = t ? eviction_worth(s, t) : 0;

		s->thread_cursor++;
		if (i >= EVICT_LOOK && victim)
			break;
		if (worth == 0)
			continue;
		seen++;
		if (worth > best) {
			best = worth;
			victim = t;
		}
	}
	if (!victim)
		return false;
	enrich_evicted_note(s, victim->tid);
	enrich_thread_remove(s, victim);
	s->stats.n_evicted_threads++;
	/* At 1, 2, 4 ...: often enough to be seen, never a flood. */
	if ((s->stats.n_evicted_threads & (s->stats.n_evicted_threads - 1)) == 0)
		enrich_log(
			s, SAKER_SEVERITY_WARNING,
			"%llu threads forgotten so far to stay within %llu bytes and %u threads: "
			"raise memory_max or max_threads",
			(unsigned long long)s->stats.n_evicted_threads,
			(unsigned long long)s->pool.limit, s->max_threads);
	return true;
}

void enrich_threads_fini(struct saker_state *s)
{
	for (uint32_t i = 0; s->slots && i < s->slots_capacity; i++) {
		struct enrich_thread *t = s->slots[i].thread;

		if (!t)
			continue;
		group_leave(s, t);
		thread_release(s, t);
		enrich_dealloc(s, t, sizeof(*t));
	}
	if (s->ghost) {
		thread_release(s, s->ghost);
		enrich_dealloc(s, s->ghost, sizeof(*s->ghost));
	}
	if (s->slots)
		enrich_dealloc(s, s->slots, s->slots_capacity * sizeof(*s->slots));
	if (s->tombstones)
		enrich_dealloc(s, s->tombstones, ENRICH_TOMBSTONES * sizeof(*s->tombstones));
	if (s->evicted)
		enrich_dealloc(s, s->evicted, ENRICH_EVICTED * sizeof(*s->evicted));
	s->evicted = NULL;
	s->slots = NULL;
	s->ghost = NULL;
	s->tombstones = NULL;
}
