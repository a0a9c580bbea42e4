/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many distinct values there were: exact (by 64-bit hash) up to a bound, then
 * estimated by HyperLogLog in 4 KiB, with a relative standard error of 1.6 %.
 */
#ifndef EVTAGG_DISTINCT_H
#define EVTAGG_DISTINCT_H

#include "common/util.h"

#define DISTINCT_BITS 12
#define DISTINCT_REGISTERS (1u << DISTINCT_BITS)
#define DISTINCT_ERROR (1.04 / 64) /* 1.04 / sqrt(registers) */
#define DISTINCT_EXACT 256	   /* values that are kept */

struct distinct {
	uint64_t last;	    /* the hash that came last: mostly the same one comes again */
	uint64_t *hashes;   /* a hash table, 0 = free; NULL while it is empty */
	uint8_t *registers; /* HyperLogLog, when there are too many */
	uint32_t n;	    /* exact ones */
	uint32_t n_slots;
};

/* -ENOMEM. *memory grows by what was allocated. */
int distinct_add(struct distinct *d, uint64_t hash, size_t *memory);
/* All that another has. -ENOMEM. */
int distinct_merge(struct distinct *d, const struct distinct *other, size_t *memory);
uint64_t distinct_count(const struct distinct *d, bool *ret_exact);
size_t distinct_memory(const struct distinct *d);
void distinct_fini(struct distinct *d);

#endif /* EVTAGG_DISTINCT_H */
