/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of file descriptors. A fork shares its parent's table and every fd in
 * it until one of both writes; threads share one table for good. Numbers are
 * small and dense, so the slot of a number is nearly always the number itself.
 */
#include "internal.h"

#define TABLE_MIN 8u
#define EVICT_SAMPLE 8u /* fds compared for one eviction */

const char *enrich_fd_type_name(enum enrich_fd_type type)
{
	static const char *const names[] = {
#define X(symbol, number, name, letter) [number] = (name),
		ENRICH_FD_TYPE_LIST(X)
#undef X
	};

	return type < ENRICH_FD_TYPES ? names[type] : "<NA>";
}

char enrich_fd_type_letter(enum enrich_fd_type type)
{
	static const char letters[] = {
#define X(symbol, number, name, letter) [number] = (letter),
		ENRICH_FD_TYPE_LIST(X)
#undef X
	};

	return type < ENRICH_FD_TYPES ? letters[type] : '?';
}

static size_t table_bytes(uint32_t capacity)
{
	return sizeof(struct enrich_fdtable) + capacity * sizeof(struct enrich_fd *);
}

/* Low numbers are dense as they are; the others go in blocks of 16, so that runs stay short. */
static uint32_t slot_of(const struct enrich_fdtable *table, int32_t num)
{
	uint32_t n = (uint32_t)num;

	if (n >= 1024)
		n += (n >> 4) * UINT32_C(0x9e3779b1);
	return n & (table->capacity - 1);
}

struct enrich_fd_more *enrich_fd_need_more(struct saker_state *s, struct enrich_fd *fd)
{
	if (!fd->more)
		fd->more = enrich_alloc_zero(s, sizeof(*fd->more));
	return fd->more;
}

struct enrich_tuple *enrich_fd_need_tuple(struct saker_state *s, struct enrich_fd *fd)
{
	if (!enrich_fd_need_more(s, fd))
		return NULL;
	if (unlikely(fd->flags & ENRICH_FD_RAW_NAME)) {
		enrich_str_assign(s, &fd->more->name_raw, fd->name);
		fd->flags &= (uint16_t)~ENRICH_FD_RAW_NAME;
	}
	if (unlikely(fd->type == ENRICH_FD_PIDFD)) {
		memset(&fd->more->tuple, 0, sizeof(fd->more->tuple));
		fd->type = ENRICH_FD_UNKNOWN;
	}
	return &fd->more->tuple;
}

static void more_free(struct saker_state *s, struct enrich_fd *fd)
{
	if (likely(!fd->more))
		return;
	enrich_str_unref(s, fd->more->name_raw);
	enrich_str_unref(s, fd->more->real);
	enrich_dealloc(s, fd->more, sizeof(*fd->more));
}

static void fd_free(struct saker_state *s, struct enrich_fd *fd)
{
	more_free(s, fd);
	enrich_dealloc(s, fd, sizeof(*fd));
}

static void fd_unref(struct saker_state *s, struct enrich_fd *fd)
{
	if (--fd->refs > 0)
		return;
	enrich_str_unref(s, fd->name);
	if (s->record.fd == fd)
		s->record.fd = NULL;
	fd_free(s, fd);
}

static void table_unref(struct saker_state *s, struct enrich_fdtable *table)
{
	if (!table)
		return;
	s->stats.n_fds -= table->n;
	if (--table->refs > 0)
		return;
	for (uint32_t i = 0; i < table->capacity; i++) {
		if (table->slots[i])
			fd_unref(s, table->slots[i]);
	}
	enrich_dealloc(s, table, table_bytes(table->capacity));
}

struct enrich_files *enrich_files_new(struct saker_state *s)
{
	struct enrich_files *files = enrich_alloc_zero(s, sizeof(*files));

	if (files)
		files->refs = 1;
	return files;
}

struct enrich_files *enrich_files_ref(struct enrich_files *files)
{
	if (files)
		files->refs++;
	return files;
}

void enrich_files_unref(struct saker_state *s, struct enrich_files *files)
{
	if (!files || --files->refs > 0)
		return;
	table_unref(s, files->table);
	enrich_dealloc(s, files, sizeof(*files));
}

struct enrich_files *enrich_files_fork(struct saker_state *s, struct enrich_files *files)
{
	struct enrich_files *copy = enrich_files_new(s);

	if (copy && files)
		copy->evicted = files->evicted;
	if (copy && files && files->table) {
		copy->table = files->table;
		copy->table->refs++;
		s->stats.n_fds += copy->table->n;
	}
	return copy;
}

void enrich_files_unshare(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_files *old = t->files;
	struct enrich_files *copy;

	if (!old || old->refs == 1)
		return;
	copy = enrich_files_fork(s, old);
	if (!copy)
		return;
	enrich_loss_fork(s, copy, t);
	enrich_files_unref(s, old);
	t->files = copy;
}

static struct enrich_fd **table_find(struct enrich_fdtable *table, int32_t num)
{
	uint32_t mask = table->capacity - 1;

	for (uint32_t i = slot_of(table, num); table->slots[i]; i = (i + 1) & mask) {
		if (table->slots[i]->num == num)
			return &table->slots[i];
	}
	return NULL;
}

static void table_put(struct enrich_fdtable *table, struct enrich_fd *fd)
{
	uint32_t mask = table->capacity - 1;
	uint32_t i = slot_of(table, fd->num);

	while (table->slots[i])
		i = (i + 1) & mask;
	table->slots[i] = fd;
	table->n++;
}

struct enrich_fd *enrich_files_find(const struct enrich_files *files, int64_t num)
{
	struct enrich_fd **slot;

	if (!files || !files->table || num < 0 || num > INT32_MAX)
		return NULL;
	slot = table_find(files->table, (int32_t)num);
	return slot ? *slot : NULL;
}

static struct enrich_fdtable *table_new(struct saker_state *s, uint32_t capacity)
{
	struct enrich_fdtable *table = enrich_alloc_zero(s, table_bytes(capacity));

	if (table) {
		table->refs = 1;
		table->capacity = capacity;
	}
	return table;
}

/* The table, not shared and with room for one more if `grow`. NULL = no memory; nothing changed. */
static struct enrich_fdtable *table_own(struct saker_state *s, struct enrich_files *files,
					bool grow)
{
	struct enrich_fdtable *old = files->table;
	uint32_t capacity = old ? old->capacity : TABLE_MIN;
	struct enrich_fdtable *table;
	/* Large tables hold scattered numbers, which want more room. */
	uint32_t limit = capacity > 1024 ? capacity / 2 : capacity / 4 * 3;
	bool full = grow && old && old->n + 1 > limit;

	if (old && old->refs == 1 && !full)
		return old;
	table = table_new(s, full ? capacity * 2 : capacity);
	if (!table)
		return NULL;
	/* Making room may have evicted from it, or from its other owner. */
	old = files->table;
	for (uint32_t i = 0; old && i < old->capacity; i++) {
		if (!old->slots[i])
			continue;
		old->slots[i]->refs++;
		table_put(table, old->slots[i]);
	}
	files->table = table;
	s->stats.n_fds += table->n;
	table_unref(s, old);
	return table;
}

static void table_delete(struct enrich_fdtable *table, struct enrich_fd **slot)
{
	uint32_t mask = table->capacity - 1;
	uint32_t i = (uint32_t)(slot - table->slots);

	for (uint32_t j = (i + 1) & mask; table->slots[j]; j = (j + 1) & mask) {
		uint32_t home = slot_of(table, table->slots[j]->num);

		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		table->slots[i] = table->slots[j];
		i = j;
	}
	table->slots[i] = NULL;
	table->n--;
}

static void fd_drop(struct saker_state *s, struct enrich_fdtable *table, struct enrich_fd **slot)
{
	struct enrich_fd *fd = *slot;

	table_delete(table, slot);
	s->stats.n_fds--;
	fd_unref(s, fd);
}

static struct enrich_files *thread_files(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_thread *leader = t->group ? t->group->leader : NULL;

	if (t->files)
		return t->files;
	if (leader && leader != t && leader->files)
		t->files = enrich_files_ref(leader->files);
	else
		t->files = enrich_files_new(s);
	return t->files;
}

struct enrich_fd *enrich_fd_add(struct saker_state *s, struct enrich_thread *t, int64_t num)
{
	struct enrich_files *files = thread_files(s, t);
	struct enrich_fdtable *table;
	struct enrich_fd **slot;
	struct enrich_fd *fd;
	bool full;

	if (!files || num < 0 || num > INT32_MAX)
		return NULL;
	fd = enrich_alloc_zero(s, sizeof(*fd));
	if (!fd)
		return NULL;
	fd->refs = 1;
	fd->num = (int32_t)num;
	fd->used = s->clock;
	/* In a process that is in doubt, threads that nobody saw begin may close it unseen. */
	fd->epoch = enrich_epoch(s, !enrich_thread_stale(s, t) &&
					    !enrich_thread_stale(s, enrich_thread_leader(s, t)));
	if (unlikely(s->refilling))
		files->read = s->losses.reread;
	full = files->table && files->table->n >= s->max_fds;
	/* Owned before one of them is pushed out, which a shared table does not let happen. */
	table = table_own(s, files, !full);
	if (!table) {
		enrich_dealloc(s, fd, sizeof(*fd));
		return NULL;
	}
	slot = table_find(table, fd->num);
	if (unlikely(full && !slot)) {
		if (enrich_fds_evict(s, files, 1))
			t->flags |= ENRICH_THREAD_EVICTED_FDS;
		if (table->n >= s->max_fds) {
			enrich_dealloc(s, fd, sizeof(*fd));
			return NULL;
		}
	}
	/* A table that may not grow has a free place at least, or look-ups would not end. */
	if (unlikely(!slot && table->n >= table->capacity - 1)) {
		enrich_dealloc(s, fd, sizeof(*fd));
		return NULL;
	}
	if (slot)
		fd_drop(s, table, slot);
	else
		s->stats.n_added_fds++;
	table_put(table, fd);
	s->stats.n_fds++;
	return fd;
}

/* `more`: room for the source's, if it has one. */
static void fd_copy_contents(struct enrich_fd *fd, const struct enrich_fd *source,
			     struct enrich_fd_more *more)
{
	uint32_t used = fd->used;
	int32_t num = fd->num;

	*fd = *source;
	fd->refs = 1;
	fd->num = num;
	fd->used = used;
	enrich_str_ref(fd->name);
	fd->more = more;
	if (!more)
		return;
	*more = *source->more;
	enrich_str_ref(more->name_raw);
	enrich_str_ref(more->real);
}

void enrich_fd_standin_clear(struct saker_state *s)
{
	struct enrich_fd *fd = &s->standin;

	if (!fd->refs)
		return;
	enrich_str_unref(s, fd->name);
	more_free(s, fd);
	memset(fd, 0, sizeof(*fd));
}

struct enrich_fd *enrich_fd_standin(struct saker_state *s)
{
	enrich_fd_standin_clear(s);
	s->standin.refs = 1;
	s->standin.num = -1;
	s->standin.epoch = enrich_epoch(s, true);
	return &s->standin;
}

struct enrich_fd *enrich_fd_add_copy(struct saker_state *s, struct enrich_thread *t, int64_t num,
				     const struct enrich_fd *source)
{
	struct enrich_fd *keep = (struct enrich_fd *)source;
	struct enrich_fd_more *more = NULL;
	struct enrich_fd *fd = NULL;

	/* Held across the addition, which may evict or replace it. */
	keep->refs++;
	if (source->more)
		more = enrich_alloc(s, sizeof(*more));
	if (more || !source->more)
		fd = enrich_fd_add(s, t, num);
	if (fd)
		fd_copy_contents(fd, source, more);
	else
		enrich_dealloc(s, more, sizeof(*more));
	fd_unref(s, keep);
	return fd;
}

struct enrich_fd *enrich_fd_own(struct saker_state *s, struct enrich_thread *t, int64_t num)
{
	struct enrich_fd *fd = enrich_files_find(t->files, num);
	struct enrich_fd_more *more = NULL;
	struct enrich_fd **slot;
	struct enrich_fd *copy;

	if (!fd)
		return NULL;
	fd->used = s->clock;
	if (fd->refs == 1 && t->files->table->refs == 1)
		return fd;
	copy = enrich_alloc(s, sizeof(*copy));
	if (!copy)
		return NULL;
	/* In use by this event, so none of this pushes it out. */
	copy->more = fd->more ? enrich_alloc_zero(s, sizeof(*more)) : NULL;
	if ((fd->more && !copy->more) || !table_own(s, t->files, false)) {
		fd_free(s, copy);
		return NULL;
	}
	slot = table_find(t->files->table, (int32_t)num);
	if (!slot || (*slot)->refs == 1) {
		fd_free(s, copy);
		return slot ? *slot : NULL;
	}
	more = copy->more;
	copy->used = s->clock;
	copy->num = (int32_t)num;
	fd_copy_contents(copy, *slot, more);
	if (s->record.fd == *slot)
		s->record.fd = copy;
	fd = *slot;
	*slot = copy;
	fd_unref(s, fd);
	return copy;
}

void enrich_fd_remove(struct saker_state *s, struct enrich_files *files, int64_t num)
{
	struct enrich_fdtable *table = files->table;
	struct enrich_fd **slot;

	if (!table || num < 0 || num > INT32_MAX)
		return;
	slot = table_find(table, (int32_t)num);
	if (!slot)
		return;
	if (unlikely(table->refs > 1)) {
		table = table_own(s, files, false);
		slot = table ? table_find(table, (int32_t)num) : NULL;
		if (!slot)
			return;
	}
	fd_drop(s, table, slot);
	s->stats.n_removed_fds++;
}

void enrich_fd_replaced(struct saker_state *s, struct enrich_thread *t, int64_t num)
{
	struct enrich_fd *fd;

	if (!t->files)
		return;
	if (s->refill) {
		enrich_fd_remove(s, t->files, num);
		return;
	}
	fd = enrich_fd_own(s, t, num);
	if (fd)
		enrich_fd_doubt(fd);
}

static bool closes_on_exec(const struct enrich_fd *fd)
{
	if (fd->open_flags & O_PPM_CLOEXEC)
		return true;
	/* These two creating calls have flags of their own. */
	return (fd->type == ENRICH_FD_EVENTPOLL && fd->open_flags & EPOLL_PPM_CLOEXEC) ||
	       (fd->type == ENRICH_FD_MEMFD && fd->open_flags & MFD_PPM_CLOEXEC);
}

static bool in_range(const struct enrich_fd *fd, uint32_t first, uint32_t last)
{
	return (uint32_t)fd->num >= first && (uint32_t)fd->num <= last;
}

/* Rebuilds the table without those that `exec` or the range drops. */
static void table_filter(struct saker_state *s, struct enrich_files *files, bool exec,
			 uint32_t first, uint32_t last)
{
	struct enrich_fdtable *table;
	uint32_t n = 0;

	for (uint32_t i = 0; i < files->table->capacity; i++) {
		const struct enrich_fd *fd = files->table->slots[i];

		n += fd && (exec ? closes_on_exec(fd) : in_range(fd, first, last));
	}
	if (n == 0)
		return;
	table = table_own(s, files, false);
	for (uint32_t i = 0; table && i < table->capacity;) {
		struct enrich_fd *fd = table->slots[i];

		if (!fd || !(exec ? closes_on_exec(fd) : in_range(fd, first, last))) {
			i++;
			continue;
		}
		/* A deletion may move another one into this slot: look again. */
		fd_drop(s, table, &table->slots[i]);
		s->stats.n_removed_fds++;
	}
}

void enrich_fds_close_range(struct saker_state *s, struct enrich_thread *t, uint32_t first,
			    uint32_t last, bool cloexec)
{
	if (!t->files || !t->files->table)
		return;
	if (!cloexec) {
		table_filter(s, t->files, false, first, last);
		return;
	}
	if (!table_own(s, t->files, false))
		return;
	for (uint32_t i = 0; i < t->files->table->capacity; i++) {
		const struct enrich_fd *fd = t->files->table->slots[i];
		struct enrich_fd *own;

		if (!fd || !in_range(fd, first, last) || fd->open_flags & O_PPM_CLOEXEC)
			continue;
		own = enrich_fd_own(s, t, fd->num);
		if (own)
			own->open_flags |= O_PPM_CLOEXEC;
	}
}

void enrich_fds_exec(struct saker_state *s, struct enrich_thread *t)
{
	/* Shared with another process (CLONE_FILES): exec ends that. */
	enrich_files_unshare(s, t);
	if (t->files && t->files->table)
		table_filter(s, t->files, true, 0, 0);
}

uint32_t enrich_fds_evict(struct saker_state *s, struct enrich_files *files, uint32_t n)
{
	struct enrich_fdtable *table = files->table;
	uint32_t done = 0;

	/* A shared table would have to be copied first, which takes memory rather than gives it. */
	if (!table || table->refs > 1)
		return 0;
	while (done < n && table->n > 0) {
		struct enrich_fd **victim = NULL;
		uint32_t seen = 0;

		for (uint32_t i = 0; i < table->capacity && seen < EVICT_SAMPLE; i++) {
			struct enrich_fd **slot =
				&table->slots[table->cursor++ & (table->capacity - 1)];

			if (!*slot || (*slot)->used == s->clock || (*slot)->num < 3)
				continue;
			seen++;
			if (!victim || s->clock - (*slot)->used > s->clock - (*victim)->used)
				victim = slot;
		}
		if (!victim)
			break;
		fd_drop(s, table, victim);
		files->evicted = true;
		s->stats.n_evicted_fds++;
		done++;
	}
	return done;
}
