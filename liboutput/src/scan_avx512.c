/* SPDX-License-Identifier: Apache-2.0 */
/* The walk with AVX-512BW: sixty-four bytes a step. Called only where the processor has it. */
#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx512f,avx512bw,avx2,bmi,pclmul,popcnt")))
#define SCAN_FN output_scan_avx512

static inline SCAN_TARGET const char *scan_stop(const char *p, const char *end)
{
	while (end - p >= 64) {
		__m512i v = _mm512_loadu_si512(p);
		uint64_t hit = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')) |
			       _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\')) |
			       _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));

		if (hit)
			return p + __builtin_ctzll(hit);
		p += 64;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

static inline SCAN_TARGET uint64_t scan_prefix_xor(uint64_t bits)
{
	__m128i ones = _mm_set1_epi8((char)0xff);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), ones, 0));
}

#define IS(c) _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c))
#define SCAN_MASKS(p, m)                                                                     \
	do {                                                                                 \
		__m512i v = _mm512_loadu_si512(p);                                           \
		(m)->quote = IS('"');                                                        \
		(m)->slash = IS('\\');                                                       \
		(m)->comma = IS(',');                                                        \
		(m)->colon = IS(':');                                                        \
		(m)->control = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));            \
		/* { and [, } and ] differ in one bit, which no other byte of theirs has. */ \
		v = _mm512_or_si512(v, _mm512_set1_epi8(0x20));                              \
		(m)->open = IS('{');                                                         \
		(m)->close = IS('}');                                                        \
	} while (0)

#include "scan_walk.h"
#endif
