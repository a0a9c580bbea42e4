/* SPDX-License-Identifier: Apache-2.0 */
/* The walk with SSE2, which every x86_64 has: sixteen bytes a step. */
#include "scan.h"

#if defined(__x86_64__)
#include <emmintrin.h>

#define SCAN_TARGET
#define SCAN_FN output_scan_sse2

static inline const char *scan_stop(const char *p, const char *end)
{
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
		int mask;

		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
		mask = _mm_movemask_epi8(hit);
		if (mask)
			return p + __builtin_ctz((unsigned int)mask);
		p += 16;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

#include "scan_walk.h"
#endif
