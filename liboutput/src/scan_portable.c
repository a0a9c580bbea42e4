/* SPDX-License-Identifier: Apache-2.0 */
/* The walk for any processor: eight bytes a step. */
#include "scan.h"

#define SCAN_TARGET
#define SCAN_FN output_scan_portable

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/*
 * A high bit where a byte is zero. A borrow can set one above a true one as well, so
 * only the lowest is sure, which is the one that is looked for.
 */
static inline uint64_t zero_bytes(uint64_t v)
{
	return (v - ONES) & ~v & HIGHS;
}

static inline const char *scan_stop(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	while (end - p >= 8) {
		uint64_t v, hit;

		memcpy(&v, p, 8);
		hit = zero_bytes(v ^ ONES * '"') | zero_bytes(v ^ ONES * '\\') |
		      ((v - ONES * 0x20) & ~v & HIGHS);
		if (hit)
			return p + __builtin_ctzll(hit) / 8;
		p += 8;
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

#include "scan_walk.h"
