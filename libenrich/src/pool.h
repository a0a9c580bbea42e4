/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state's memory: size classes on 64 KiB slabs, under one ceiling. Apart
 * because the ceiling must hold whatever the state does: nothing that grows
 * with events takes memory from elsewhere.
 */
#ifndef ENRICH_POOL_H
#define ENRICH_POOL_H

#include "common/util.h"

#define POOL_SLAB_SIZE 65536u
#define POOL_SMALL_MAX 8192u /* larger objects come from malloc, counted all the same */
#define POOL_CLASSES 34

struct pool_slab;

struct pool {
	uint64_t limit;
	uint64_t used; /* taken from the system: slabs and large objects */
	uint64_t peak;
	uint64_t live; /* handed out, rounded up to their class */
	uint32_t n_empty;
	struct pool_slab *empty;
	struct pool_slab *partial[POOL_CLASSES];
	struct pool_slab *all;			  /* every slab, for pool_fini */
	uint8_t class_of[POOL_SMALL_MAX / 8 + 1]; /* by size in units of 8, rounded up */
};

void pool_init(struct pool *p, uint64_t limit);
void pool_fini(struct pool *p);
/* Not zeroed, 8-byte aligned. NULL at the ceiling (or when the system has no more). */
void *pool_alloc(struct pool *p, size_t size);
/* size as it was asked for. */
void pool_free(struct pool *p, void *ptr, size_t size);
/* Counts (or, negative, releases) bytes that live outside the pool. */
void pool_account(struct pool *p, int64_t bytes);

#endif /* ENRICH_POOL_H */
