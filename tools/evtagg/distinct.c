/* SPDX-License-Identifier: Apache-2.0 */
/* Distinct values: a set of hashes that becomes a HyperLogLog (Flajolet et al., 2007). */
#include <math.h>

#include "common/hash.h"
#include "distinct.h"

#define FIRST_SLOTS 8

static bool set_insert(uint64_t *slots, uint32_t n_slots, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (n_slots - 1);

	while (slots[i]) {
		if (slots[i] == hash)
			return false;
		i = (i + 1) & (n_slots - 1);
	}
	slots[i] = hash;
	return true;
}

static void register_hash(uint8_t *registers, uint64_t hash)
{
	uint64_t rest;
	uint8_t rank;

	hash = hash_u64(hash); /* the table's low bits are not spread as evenly as it needs */
	rest = hash << DISTINCT_BITS;
	rank = (uint8_t)(rest ? __builtin_clzll(rest) + 1 : 64 - DISTINCT_BITS + 1);
	if (registers[hash >> (64 - DISTINCT_BITS)] < rank)
		registers[hash >> (64 - DISTINCT_BITS)] = rank;
}

static int grow(struct distinct *d, size_t *memory)
{
	uint32_t n_slots = d->n_slots ? d->n_slots * 2 : FIRST_SLOTS;
	uint64_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n_slots; i++) {
		if (d->hashes[i])
			set_insert(slots, n_slots, d->hashes[i]);
	}
	*memory += (n_slots - d->n_slots) * sizeof(*slots);
	free(d->hashes);
	d->hashes = slots;
	d->n_slots = n_slots;
	return 0;
}

static int estimate_from_now(struct distinct *d, size_t *memory)
{
	d->registers = calloc(DISTINCT_REGISTERS, 1);
	if (!d->registers)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n_slots; i++) {
		if (d->hashes[i])
			register_hash(d->registers, d->hashes[i]);
	}
	*memory += DISTINCT_REGISTERS;
	*memory -= d->n_slots * sizeof(*d->hashes);
	free(d->hashes);
	d->hashes = NULL;
	d->n_slots = 0;
	return 0;
}

int distinct_add(struct distinct *d, uint64_t hash, size_t *memory)
{
	int r;

	hash += hash == 0; /* 0 marks a free slot */
	if (likely(d->last == hash))
		return 0;
	d->last = hash;
	if (d->registers) {
		register_hash(d->registers, hash);
		return 0;
	}
	if (d->n + d->n / 2 >= d->n_slots) {
		r = grow(d, memory);
		if (r < 0)
			return r;
	}
	d->n += set_insert(d->hashes, d->n_slots, hash);
	return d->n > DISTINCT_EXACT ? estimate_from_now(d, memory) : 0;
}

int distinct_merge(struct distinct *d, const struct distinct *other, size_t *memory)
{
	int r = 0;

	if (other->registers && !d->registers)
		r = estimate_from_now(d, memory);
	for (uint32_t i = 0; other->registers && i < DISTINCT_REGISTERS && r == 0; i++)
		d->registers[i] = MAX(d->registers[i], other->registers[i]);
	for (uint32_t i = 0; i < other->n_slots && r == 0; i++) {
		if (other->hashes[i])
			r = distinct_add(d, other->hashes[i], memory);
	}
	return r;
}

uint64_t distinct_count(const struct distinct *d, bool *ret_exact)
{
	const double m = DISTINCT_REGISTERS;
	double sum = 0, estimate;
	uint32_t zeros = 0;

	*ret_exact = !d->registers;
	if (!d->registers)
		return d->n;
	for (uint32_t i = 0; i < DISTINCT_REGISTERS; i++) {
		sum += ldexp(1, -d->registers[i]);
		zeros += d->registers[i] == 0;
	}
	estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	if (estimate <= 2.5 * m && zeros) /* few values: linear counting is nearer */
		estimate = m * log(m / zeros);
	return (uint64_t)(estimate + 0.5);
}

size_t distinct_memory(const struct distinct *d)
{
	return d->n_slots * sizeof(*d->hashes) + (d->registers ? DISTINCT_REGISTERS : 0);
}

void distinct_fini(struct distinct *d)
{
	free(d->hashes);
	free(d->registers);
	memset(d, 0, sizeof(*d));
}
