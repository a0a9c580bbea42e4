/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the thread table: relatives, leaders, what belongs to a whole
 * process; and what happens when a thread is not there (tombstones, refills,
 * placeholders).
 */
#include "internal.h"

/* ---- relatives ------------------------------------------------------------------ */

/* NULL when the leader is not in the table. */
static struct enrich_thread *known_leader(const struct enrich_thread *t)
{
	if (enrich_thread_is_leader(t))
		return (struct enrich_thread *)t;
	return t->group ? t->group->leader : NULL;
}

struct enrich_thread *enrich_thread_leader(const struct saker_state *s,
					   const struct enrich_thread *t)
{
	struct enrich_thread *leader = known_leader(t);

	(void)s;
	return leader ? leader : (struct enrich_thread *)t;
}

/* As far as is known. What was read from the system is timed by another clock. */
static bool is_older(const struct enrich_thread *a, const struct enrich_thread *b)
{
	uint64_t slack;

	if (!a || !b || !a->clone_ts || !b->clone_ts)
		return true;
	slack = (a->flags | b->flags) & ENRICH_THREAD_INITIAL ? ENRICH_STALE_NS : 0;
	return a->clone_ts <= b->clone_ts + slack;
}

struct enrich_thread *enrich_thread_parent(const struct saker_state *s,
					   const struct enrich_thread *t)
{
	struct enrich_thread *p = t->parent;

	if (p)
		return p;
	/* By its number alone: whoever has it now may have got it later. */
	p = enrich_thread_find(s, t->ptid);
	return p && is_older(known_leader(p), known_leader(t)) ? p : NULL;
}

struct enrich_thread *enrich_thread_ancestor(const struct saker_state *s,
					     const struct enrich_thread *t, uint32_t n)
{
	struct enrich_thread *a = known_leader(t);

	if (n > ENRICH_ANCESTORS_MAX)
		return NULL;
	for (uint32_t i = 0; a && i < n; i++) {
		a = enrich_thread_parent(s, a);
		if (a)
			a = known_leader(a);
	}
	return a;
}

enum which_id { ID_SESSION, ID_PGID, ID_VPGID };

static int64_t id_of(const struct enrich_thread *t, enum which_id which)
{
	return which == ID_SESSION ? t->sid : which == ID_PGID ? t->pgid : t->vpgid;
}

/* Some ids count in the thread's own namespace, where they say nothing about our table. */
static struct enrich_thread *id_leader(const struct saker_state *s, const struct enrich_thread *t,
				       enum which_id which)
{
	int64_t id = id_of(t, which);
	struct enrich_thread *oldest = NULL;
	struct enrich_thread *p;

	if (id == -1)
		return NULL;
	if (which == ID_PGID || !enrich_thread_in_pidns(t)) {
		p = enrich_thread_find(s, id);
		if (p)
			return p;
	}
	p = enrich_thread_parent(s, t);
	for (uint32_t i = 0; p && i < ENRICH_ANCESTORS_MAX && id_of(p, which) == id; i++) {
		oldest = p;
		p = enrich_thread_parent(s, p);
	}
	return oldest;
}

struct enrich_thread *enrich_thread_session_leader(const struct saker_state *s,
						   const struct enrich_thread *t)
{
	return id_leader(s, t, ID_SESSION);
}

struct enrich_thread *enrich_thread_pgid_leader(const struct saker_state *s,
						const struct enrich_thread *t)
{
	return id_leader(s, t, ID_PGID);
}

struct enrich_thread *enrich_thread_vpgid_leader(const struct saker_state *s,
						 const struct enrich_thread *t)
{
	return id_leader(s, t, ID_VPGID);
}

/* ---- what belongs to the process -------------------------------------------------- */

struct enrich_slice enrich_thread_cwd(const struct saker_state *s, const struct enrich_thread *t)
{
	const struct enrich_fs *fs = enrich_thread_fs(t);
	const struct enrich_str *cwd = fs ? fs->cwd : NULL;

	(void)s;
	if (!known_leader(t))
		return (struct enrich_slice){"./", 2};
	return (struct enrich_slice){enrich_str_text(cwd), enrich_str_len(cwd)};
}

struct enrich_slice enrich_thread_env(const struct saker_state *s, const struct enrich_thread *t)
{
	const struct enrich_thread *leader = known_leader(t);

	(void)s;
	if (!leader)
		leader = t;
	return (struct enrich_slice){enrich_str_text(leader->env), enrich_str_len(leader->env)};
}

uint32_t enrich_thread_n_threads(const struct enrich_thread *t)
{
	return t->group ? t->group->n_alive : 0;
}

uint32_t enrich_thread_n_non_leaders(const struct enrich_thread *t)
{
	const struct enrich_thread *leader = known_leader(t);
	uint32_t n = enrich_thread_n_threads(t);

	return n && leader && !(leader->flags & ENRICH_THREAD_DEAD) ? n - 1 : n;
}

uint32_t enrich_thread_n_fds(const struct enrich_thread *t)
{
	const struct enrich_thread *leader = known_leader(t);

	if (!leader || !leader->files || !leader->files->table)
		return 0;
	return leader->files->table->n;
}

const struct enrich_fd *enrich_fd_find(const struct enrich_thread *t, int64_t num)
{
	return enrich_files_find(t->files, num);
}

const struct enrich_fd *enrich_fd_next(const struct enrich_thread *t, uint32_t *iter)
{
	const struct enrich_fdtable *table = t->files ? t->files->table : NULL;

	while (table && *iter < table->capacity) {
		const struct enrich_fd *fd = table->slots[(*iter)++];

		if (fd)
			return fd;
	}
	return NULL;
}

/* ---- lists ------------------------------------------------------------------------ */

bool enrich_list_next(const struct enrich_str *list, uint32_t *pos, struct enrich_slice *ret_item)
{
	const char *end;

	/* The NUL after the last element is the string's own, so an empty last one counts. */
	if (enrich_str_len(list) == 0 || *pos > list->len)
		return false;
	end = memchr(list->text + *pos, '\0', list->len - *pos + 1);
	ret_item->text = list->text + *pos;
	ret_item->len = (uint32_t)(end - ret_item->text);
	*pos += ret_item->len + 1;
	return true;
}

uint32_t enrich_list_count(const struct enrich_str *list)
{
	struct enrich_slice item;
	uint32_t pos = 0;
	uint32_t n = 0;

	while (enrich_list_next(list, &pos, &item))
		n++;
	return n;
}

/* Kernels name some controllers otherwise than everybody else does. */
static struct enrich_slice subsys_name(const char *text, size_t len)
{
	static const struct {
		struct enrich_slice from;
		struct enrich_slice to;
	} names[] = {
		{{"perf", 4}, {"perf_event", 10}},
		{{"mem", 3}, {"memory", 6}},
		{{"io", 2}, {"blkio", 5}},
	};
	const char *suffix = memmem(text, len, "_cgroup", 7);

	if (suffix)
		len = (size_t)(suffix - text);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (len == names[i].from.len && memcmp(text, names[i].from.text, len) == 0)
			return names[i].to;
	}
	return (struct enrich_slice){text, (uint32_t)len};
}

bool enrich_cgroup_next(const struct enrich_thread *t, uint32_t *pos,
			struct enrich_slice *ret_subsys, struct enrich_slice *ret_path)
{
	struct enrich_slice item;

	while (enrich_list_next(t->cgroups, pos, &item)) {
		const char *eq = memchr(item.text, '=', item.len);

		if (!eq)
			return false;
		*ret_subsys = subsys_name(item.text, (size_t)(eq - item.text));
		ret_path->text = eq + 1;
		ret_path->len = item.len - (uint32_t)(eq + 1 - item.text);
		return true;
	}
	return false;
}

struct enrich_slice enrich_thread_cgroup(const struct enrich_thread *t, const char *subsys,
					 size_t len)
{
	struct enrich_slice name;
	struct enrich_slice path;
	uint32_t pos = 0;

	while (enrich_cgroup_next(t, &pos, &name, &path)) {
		if (name.len == len && memcmp(name.text, subsys, len) == 0)
			return path;
	}
	return (struct enrich_slice){"", 0};
}

/* ---- the dead ---------------------------------------------------------------------- */

static struct enrich_tombstone *tombstone_set_of(const struct saker_state *s, int64_t tid)
{
	uint32_t sets = ENRICH_TOMBSTONES / ENRICH_TOMBSTONE_WAYS;

	return &s->tombstones[(hash_u64((uint64_t)tid) & (sets - 1)) * ENRICH_TOMBSTONE_WAYS];
}

bool enrich_tombstone_find(const struct saker_state *s, int64_t tid, struct enrich_tombstone *ret)
{
	const struct enrich_tombstone *set = tombstone_set_of(s, tid);

	for (uint32_t i = 0; i < ENRICH_TOMBSTONE_WAYS; i++) {
		if (set[i].tid && set[i].tid == tid) {
			*ret = set[i];
			return true;
		}
	}
	return false;
}

bool enrich_died_after(const struct saker_state *s, int64_t tid, uint64_t ts)
{
	struct enrich_tombstone dead;

	return enrich_tombstone_find(s, tid, &dead) && ts <= dead.ts &&
	       dead.ts - ts <= ENRICH_STALE_NS;
}

void enrich_tombstone_set(struct saker_state *s, int64_t tid, int64_t ptid, uint64_t ts)
{
	struct enrich_tombstone *set = tombstone_set_of(s, tid);
	struct enrich_tombstone *oldest = set;

	if (tid <= 0 || tid > INT32_MAX)
		return;
	for (uint32_t i = 0; i < ENRICH_TOMBSTONE_WAYS; i++) {
		if (set[i].tid == tid) {
			oldest = &set[i];
			break;
		}
		if (!set[i].tid || (oldest->tid && set[i].ts < oldest->ts))
			oldest = &set[i];
	}
	oldest->tid = (int32_t)tid;
	oldest->ptid = ptid > 0 && ptid <= INT32_MAX ? (int32_t)ptid : 0;
	oldest->ts = ts;
}

void enrich_tombstone_clear(struct saker_state *s, int64_t tid)
{
	struct enrich_tombstone *set = tombstone_set_of(s, tid);

	for (uint32_t i = 0; i < ENRICH_TOMBSTONE_WAYS; i++) {
		if (set[i].tid == tid)
			set[i].tid = 0;
	}
}

void enrich_tombstones_clear(struct saker_state *s)
{
	memset(s->tombstones, 0, ENRICH_TOMBSTONES * sizeof(*s->tombstones));
}

/* ---- the missing -------------------------------------------------------------------- */

int64_t enrich_refill_tokens(struct saker_state *s, uint64_t ts)
{
	uint64_t passed = ts > s->refill_ts ? ts - s->refill_ts : 0;
	uint64_t tokens = passed / (UINT64_C(1000000000) / ENRICH_REFILLS_PER_S);

	/* Clocks may be set back: not a reason to wait until they are there again. */
	if (ts < s->refill_ts && s->refill_ts - ts > ENRICH_RETRY_NS)
		s->refill_ts = ts;
	if (tokens) {
		s->refill_tokens += (int64_t)MIN(tokens, (uint64_t)ENRICH_REFILL_DEBT_MAX * 2);
		s->refill_tokens = MIN(s->refill_tokens, (int64_t)ENRICH_REFILLS_PER_S);
		s->refill_ts = ts;
	}
	return s->refill_tokens;
}

static bool refill_allowed(struct saker_state *s, uint64_t ts)
{
	enrich_refill_tokens(s, ts);
	if (!s->refill || s->refilling || s->refill_tokens <= 0)
		return false;
	s->refill_tokens--;
	return true;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* A process with a million files takes its time: a tenth of all time is what refills may have. */
static void refill_pay(struct saker_state *s, uint64_t took_ns)
{
	s->refill_tokens -=
		(int64_t)MIN(took_ns / ENRICH_REFILL_NS, (uint64_t)ENRICH_REFILL_DEBT_MAX);
}

static void refill_event(void *userdata, const struct saker_event *event)
{
	struct saker_state *s = userdata;

	s->losses.read_ts = MAX(s->losses.read_ts, event->ts);
	enrich_apply_initial(userdata, event);
}

/* A thread without its parent would be one of whose descent nothing is known for good. */
static void refill_ancestors(struct saker_state *s)
{
	for (uint32_t i = 0; i < ENRICH_REFILL_ANCESTORS && s->refill_parent > 0; i++) {
		int64_t tid = s->refill_parent;

		s->refill_parent = 0;
		if (s->refill_tokens-- <= 0 ||
		    s->refill(s->refill_userdata, tid, refill_event, s) < 0 ||
		    !enrich_thread_find(s, tid))
			return;
	}
}

int enrich_refill_code(struct saker_state *s, int64_t tid, uint64_t ts, int64_t fd)
{
	struct enrich_thread *t;
	uint64_t start;
	int r;

	if (tid <= 0 || !refill_allowed(s, ts))
		return -EAGAIN;
	s->refilling = true;
	s->refill_fd = fd;
	enrich_loss_read_begin(s);
	start = monotonic_ns();
	s->refill_parent = 0;
	r = s->refill(s->refill_userdata, tid, refill_event, s);
	refill_ancestors(s);
	refill_pay(s, monotonic_ns() - start);
	enrich_threads_settle(s);
	t = enrich_thread_find(s, tid);
	if (t)
		enrich_initial_roles(s, enrich_thread_leader(s, t));
	s->refilling = false;
	enrich_loss_read_end(s, ts);
	return r;
}

bool enrich_refill(struct saker_state *s, int64_t tid, uint64_t ts, int64_t fd)
{
	return enrich_refill_code(s, tid, ts, fd) >= 0;
}

static struct enrich_thread *make_placeholder(struct saker_state *s, int64_t tid, uint64_t ts)
{
	struct enrich_thread *t = enrich_thread_add(s, tid);

	if (!t)
		return NULL;
	t->flags |= ENRICH_THREAD_PLACEHOLDER;
	if (s->refill)
		t->retry_ts = ts + ENRICH_RETRY_NS;
	enrich_str_set(s, &t->comm, "<NA>", 4);
	enrich_str_set(s, &t->exe, "<NA>", 4);
	return t;
}

struct enrich_thread *enrich_thread_get(struct saker_state *s, int64_t tid, uint64_t ts)
{
	struct enrich_thread *t = enrich_thread_touch(s, tid);

	if (likely(t && !(t->flags & ENRICH_THREAD_PLACEHOLDER))) {
		if (s->refill && enrich_thread_doubtful(s, t)) {
			enrich_loss_reread(s, tid, ts);
			t = enrich_thread_touch(s, tid);
		}
		if (t)
			return t;
	}
	if (t && (!s->refill || (ts < t->retry_ts && t->retry_ts - ts <= ENRICH_RETRY_NS)))
		return t;
	if (!t && enrich_died_after(s, tid, ts))
		return enrich_thread_ghost(s, tid);
	if (enrich_refill(s, tid, ts, -1)) {
		t = enrich_thread_touch(s, tid);
		if (t && !(t->flags & ENRICH_THREAD_PLACEHOLDER)) {
			s->stats.n_noncached_thread_lookups++;
			return t;
		}
	}
	s->stats.n_failed_thread_lookups++;
	if (!t)
		return make_placeholder(s, tid, ts);
	t->retry_ts = ts + ENRICH_RETRY_NS;
	return t;
}
