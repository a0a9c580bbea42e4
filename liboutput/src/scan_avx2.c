/* SPDX-License-Identifier: Apache-2.0 */
/* The walk with AVX2: thirty-two bytes a step. Called only where the processor has it. */
#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx2,bmi,pclmul,popcnt")))
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

static inline SCAN_TARGET uint64_t scan_prefix_xor(uint64_t bits)
{
	__m128i ones = _mm_set1_epi8((char)0xff);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), ones, 0));
}

static inline SCAN_TARGET uint64_t bits_of(__m256i low, __m256i high)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
	       (uint32_t)_mm256_movemask_epi8(low);
}

#define IS(c)                                              \
	bits_of(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(c)), \
		_mm256_cmpeq_epi8(b, _mm256_set1_epi8(c)))
#define SCAN_MASKS(p, m)                                                                       \
	do {                                                                                   \
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(p));            \
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)((p) + 32));     \
		const __m256i control_ = _mm256_set1_epi8(0x1f), bit = _mm256_set1_epi8(0x20); \
		(m)->quote = IS('"');                                                          \
		(m)->slash = IS('\\');                                                         \
		(m)->comma = IS(',');                                                          \
		(m)->colon = IS(':');                                                          \
		(m)->control = bits_of(_mm256_cmpeq_epi8(_mm256_min_epu8(a, control_), a),     \
				       _mm256_cmpeq_epi8(_mm256_min_epu8(b, control_), b));    \
		/* { and [, } and ] differ in one bit, which no other byte of theirs has. */   \
		a = _mm256_or_si256(a, bit);                                                   \
		b = _mm256_or_si256(b, bit);                                                   \
		(m)->open = IS('{');                                                           \
		(m)->close = IS('}');                                                          \
	} while (0)

#include "scan_walk.h"
#endif
