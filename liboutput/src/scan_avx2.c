/* SPDX-License-Identifier: Apache-2.0 */
/* The walk with AVX2: thirty-two bytes a step. Called only where the processor has it. */
#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx2,bmi")))
#define SCAN_FN output_scan_avx2

static inline SCAN_TARGET const char *scan_stop(const char *p, const char *end)
{
	const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\');
	const __m256i control = _mm256_set1_epi8(0x1f);

	while (end - p >= 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i hit =
			_mm256_or_si256(_mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, slash));
		int mask;

		hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(_mm256_min_epu8(v, control), v));
		mask = _mm256_movemask_epi8(hit);
		if (mask)
			return p + __builtin_ctz((unsigned int)mask);
		p += 32;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

#include "scan_walk.h"
#endif
