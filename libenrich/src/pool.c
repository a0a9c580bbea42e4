/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool's slabs: one size class each, a free list inside, found again from
 * an object's address by masking. Empty slabs serve any class and go back to
 * the system when a large object needs their share of the ceiling.
 */
#include "pool.h"

#include <assert.h>
#include <sys/mman.h>

/* Under a sanitizer each object is malloc's own, so that a stale pointer is seen. */
#if defined(__SANITIZE_ADDRESS__)
#define POOL_PLAIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_PLAIN 1
#endif
#endif
#ifndef POOL_PLAIN
#define POOL_PLAIN 0
#endif

struct pool_slab {
	struct pool_slab *next; /* in its class's partial list, or among the empty */
	struct pool_slab *prev;
	struct pool_slab *all_next;
	struct pool_slab *all_prev;
	void *free;	/* objects given back */
	uint32_t fresh; /* offset of the first object never handed out */
	uint32_t used;	/* objects handed out */
	uint32_t size;	/* of one object */
	uint8_t class;
	bool listed; /* in partial */
};

static const uint16_t class_sizes[POOL_CLASSES] = {
	16,  24,   32,	 40,   48,   56,   64,	 80,   96,   112,  128, 144,
	160, 192,  224,	 256,  288,  320,  352,	 384,  448,  512,  640, 768,
	896, 1024, 1280, 1536, 2048, 2560, 3072, 4096, 5440, 8192,
};

#define SLAB_HEADER ((sizeof(struct pool_slab) + 63) & ~(size_t)63)
#define CHUNK_SLABS 16 /* mapped at once */
#define EMPTY_KEPT 64  /* above that, empty slabs go back to the system */

void pool_init(struct pool *p, uint64_t limit)
{
	uint32_t class = 0;

	memset(p, 0, sizeof(*p));
	p->limit = limit;
	for (uint32_t i = 0; i < ARRAY_SIZE(p->class_of); i++) {
		if (i * 8 > class_sizes[class])
			class ++;
		p->class_of[i] = (uint8_t) class;
	}
}

static void slab_unlink(struct pool_slab **head, struct pool_slab *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		*head = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->next = NULL;
	s->prev = NULL;
}

static void slab_link(struct pool_slab **head, struct pool_slab *s)
{
	s->prev = NULL;
	s->next = *head;
	if (s->next)
		s->next->prev = s;
	*head = s;
}

static void slab_unmap(struct pool *p, struct pool_slab *s)
{
	if (s->all_prev)
		s->all_prev->all_next = s->all_next;
	else
		p->all = s->all_next;
	if (s->all_next)
		s->all_next->all_prev = s->all_prev;
	munmap(s, POOL_SLAB_SIZE);
	p->used -= POOL_SLAB_SIZE;
}

void pool_fini(struct pool *p)
{
	while (p->all) {
		struct pool_slab *next = p->all->all_next;

		munmap(p->all, POOL_SLAB_SIZE);
		p->all = next;
	}
	memset(p, 0, sizeof(*p));
}

void pool_account(struct pool *p, int64_t bytes)
{
	p->used += (uint64_t)bytes;
	if (p->used > p->peak)
		p->peak = p->used;
}

/* Maps slabs, as many as the ceiling allows but at most a chunk, onto the empty list. */
static bool slabs_map(struct pool *p)
{
	uint64_t room = p->used < p->limit ? (p->limit - p->used) / POOL_SLAB_SIZE : 0;
	size_t n = MIN(room, (uint64_t)CHUNK_SLABS);
	size_t want = (n + 1) * POOL_SLAB_SIZE;
	char *base;
	char *start;

	if (n == 0)
		return false;
	base = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return false;
	start = (char *)(((uintptr_t)base + POOL_SLAB_SIZE - 1) & ~(uintptr_t)(POOL_SLAB_SIZE - 1));
	if (start != base)
		munmap(base, (size_t)(start - base));
	if (start + n * POOL_SLAB_SIZE != base + want)
		munmap(start + n * POOL_SLAB_SIZE,
		       (size_t)(base + want - (start + n * POOL_SLAB_SIZE)));
	for (size_t i = 0; i < n; i++) {
		struct pool_slab *s = (struct pool_slab *)(start + i * POOL_SLAB_SIZE);

		s->all_prev = NULL;
		s->all_next = p->all;
		if (p->all)
			p->all->all_prev = s;
		p->all = s;
		slab_link(&p->empty, s);
		p->n_empty++;
	}
	pool_account(p, (int64_t)(n * POOL_SLAB_SIZE));
	return true;
}

static struct pool_slab *slab_take(struct pool *p, uint8_t class)
{
	struct pool_slab *s;

	if (!p->empty && !slabs_map(p))
		return NULL;
	s = p->empty;
	slab_unlink(&p->empty, s);
	p->n_empty--;
	s->free = NULL;
	s->fresh = SLAB_HEADER;
	s->used = 0;
	s->class = class;
	s->size = class_sizes[class];
	s->listed = true;
	slab_link(&p->partial[class], s);
	return s;
}

static void *large_alloc(struct pool *p, size_t size)
{
	void *ptr;

	while (p->empty && p->used + size > p->limit) {
		struct pool_slab *s = p->empty;

		slab_unlink(&p->empty, s);
		p->n_empty--;
		slab_unmap(p, s);
	}
	if (size > p->limit || p->used > p->limit - size)
		return NULL;
	ptr = malloc(size);
	if (!ptr)
		return NULL;
	pool_account(p, (int64_t)size);
	p->live += size;
	return ptr;
}

void *pool_alloc(struct pool *p, size_t size)
{
	struct pool_slab *s;
	uint8_t class;
	void *ptr;

	if (POOL_PLAIN || size > POOL_SMALL_MAX)
		return large_alloc(p, MAX(size, (size_t)1));
	class = p->class_of[(size + 7) / 8];
	s = p->partial[class];
	if (unlikely(!s)) {
		s = slab_take(p, class);
		if (!s)
			return NULL;
	}
	ptr = s->free;
	if (ptr) {
		memcpy(&s->free, ptr, sizeof(s->free));
	} else {
		ptr = (char *)s + s->fresh;
		s->fresh += s->size;
	}
	s->used++;
	p->live += s->size;
	if (!s->free && s->fresh + s->size > POOL_SLAB_SIZE) {
		slab_unlink(&p->partial[class], s);
		s->listed = false;
	}
	return ptr;
}

static void slab_emptied(struct pool *p, struct pool_slab *s)
{
	/* The last of its class stays, so that one object coming and going costs nothing. */
	if (p->partial[s->class] == s && !s->next)
		return;
	slab_unlink(&p->partial[s->class], s);
	s->listed = false;
	if (p->n_empty >= EMPTY_KEPT) {
		slab_unmap(p, s);
		return;
	}
	slab_link(&p->empty, s);
	p->n_empty++;
}

void pool_free(struct pool *p, void *ptr, size_t size)
{
	struct pool_slab *s;

	if (!ptr)
		return;
	if (POOL_PLAIN || size > POOL_SMALL_MAX) {
		size = MAX(size, (size_t)1);
		free(ptr);
		p->used -= size;
		p->live -= size;
		return;
	}
	s = (struct pool_slab *)((uintptr_t)ptr & ~(uintptr_t)(POOL_SLAB_SIZE - 1));
	assert(s->used > 0 && size <= s->size);
	memcpy(ptr, &s->free, sizeof(s->free));
	s->free = ptr;
	s->used--;
	p->live -= s->size;
	if (!s->listed) {
		slab_link(&p->partial[s->class], s);
		s->listed = true;
	}
	if (s->used == 0)
		slab_emptied(p, s);
}
