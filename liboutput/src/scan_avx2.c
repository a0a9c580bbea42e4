/* SPDX-License-Identifier: Apache-2.0 */
/* The walk with AVX2: thirty-two bytes a step. Called only where the processor has it. */
#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx2,bmi,pclmul")))
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

/* What bytes are held against. */
struct scan_bytes {
	__m256i quote, slash, blank, comma, colon, open, close;
};

struct scan_vector {
	__m256i low, high;
};

static inline SCAN_TARGET __m256i scan_byte(char c)
{
	__m256i v = _mm256_set1_epi8(c);

	__asm__("" : "+x"(v));
	return v;
}

static inline SCAN_TARGET struct scan_vector scan_load(const char *p)
{
	return (struct scan_vector){_mm256_loadu_si256((const __m256i *)(const void *)p),
				    _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
}

static inline SCAN_TARGET uint64_t scan_bits(__m256i low, __m256i high)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
	       (uint32_t)_mm256_movemask_epi8(low);
}

static inline SCAN_TARGET uint64_t scan_is(struct scan_vector v, __m256i byte)
{
	return scan_bits(_mm256_cmpeq_epi8(v.low, byte), _mm256_cmpeq_epi8(v.high, byte));
}

/* The byte, or the one that has its 0x20 bit not set. */
static inline SCAN_TARGET uint64_t scan_is_either(struct scan_vector v, __m256i byte)
{
	const __m256i bit = _mm256_set1_epi8(0x20);

	return scan_bits(_mm256_cmpeq_epi8(_mm256_or_si256(v.low, bit), byte),
			 _mm256_cmpeq_epi8(_mm256_or_si256(v.high, bit), byte));
}

static inline SCAN_TARGET uint64_t scan_control(struct scan_vector v, __m256i blank)
{
	return ~scan_bits(_mm256_cmpeq_epi8(_mm256_max_epu8(v.low, blank), v.low),
			  _mm256_cmpeq_epi8(_mm256_max_epu8(v.high, blank), v.high));
}

#define SCAN_FLAT
#include "scan_walk.h"
#endif
