/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator: everything is freed at once (a ruleset's lifetime), or the
 * whole is rewound and used again (one event's scratch).
 */
#ifndef SAKER_COMMON_ARENA_H
#define SAKER_COMMON_ARENA_H

#include "common/util.h"

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	_Alignas(16) char data[];
};

struct arena {
	struct arena_block *head; /* the block in use */
	size_t block_size;
	size_t total; /* bytes taken from malloc */
};

static inline void arena_init(struct arena *a, size_t block_size)
{
	memset(a, 0, sizeof(*a));
	a->block_size = block_size;
}

static inline void arena_fini(struct arena *a)
{
	while (a->head) {
		struct arena_block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	a->total = 0;
}

/* Keeps one block for reuse, frees the rest. */
static inline void arena_rewind(struct arena *a)
{
	while (a->head && a->head->next) {
		struct arena_block *next = a->head->next;

		a->total -= a->head->size;
		free(a->head);
		a->head = next;
	}
	if (a->head)
		a->head->used = 0;
}

/* 16-byte aligned, with whatever was there before; NULL when memory is short. */
static inline void *arena_alloc_raw(struct arena *a, size_t size)
{
	size_t need = (size + 15) & ~(size_t)15;
	void *p;

	if (need < size)
		return NULL;
	if (!a->head || a->head->size - a->head->used < need) {
		size_t block = MAX(a->block_size, need);
		struct arena_block *b = malloc(sizeof(*b) + block);

		if (!b)
			return NULL;
		b->next = a->head;
		b->size = block;
		b->used = 0;
		a->head = b;
		a->total += block;
	}
	p = a->head->data + a->head->used;
	a->head->used += need;
	return p;
}

/* The same, zeroed. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
	void *p = arena_alloc_raw(a, size);

	return p ? memset(p, 0, size) : NULL;
}

static inline char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = len < SIZE_MAX ? arena_alloc_raw(a, len + 1) : NULL;

	if (!p)
		return NULL;
	if (len) /* of nothing, s may be NULL */
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

static inline char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

#endif /* SAKER_COMMON_ARENA_H */
