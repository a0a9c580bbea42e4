/* SPDX-License-Identifier: Apache-2.0 */
/* One hash for all tables: multiply-and-fold over eight bytes a step, seeded. */
#ifndef SAKER_COMMON_HASH_H
#define SAKER_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t hash_u64(uint64_t v)
{
	return hash_mix(v ^ UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xe7037ed1a0b428db));
}

static inline uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
	const unsigned char *p = data;
	uint64_t h = seed ^ (len * UINT64_C(0xa0761d6478bd642f));
	uint64_t w;

	while (len >= 8) {
		memcpy(&w, p, 8);
		h = hash_mix(h ^ w, UINT64_C(0xe7037ed1a0b428db));
		p += 8;
		len -= 8;
	}
	/* The rest, without a read of variable length: two halves that may overlap. */
	w = 0;
	if (len >= 4) {
		uint32_t first;
		uint32_t last;

		memcpy(&first, p, 4);
		memcpy(&last, p + len - 4, 4);
		w = (uint64_t)first << 32 | last;
	} else if (len > 0) {
		w = (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1];
	}
	return hash_mix(h ^ w ^ UINT64_C(0x8ebc6af09c88c6e3), UINT64_C(0x589965cc75374cc3));
}

#endif /* SAKER_COMMON_HASH_H */
