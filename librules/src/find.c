/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contains and icontains of one constant. Vectors are the compiler's, so that it
 * is the same code on every machine; texts are short, so that nothing is
 * prepared for each as memmem does.
 */
#include "find.h"

#include <string.h>

typedef uint8_t find_block __attribute__((vector_size(16)));

unsigned rules_find_frequency(uint8_t byte)
{
	static const char common[] = "etaoinsrlcdpmu";

	if (byte == '/' || byte == ' ')
		return 6;
	if (byte && strchr(common, byte))
		return 5;
	if (byte >= 'a' && byte <= 'z')
		return 4;
	if (byte == '.' || byte == '-' || byte == '_' || byte == '=')
		return 3;
	if (byte >= '0' && byte <= '9')
		return 2;
	return byte >= 'A' && byte <= 'Z' ? 1 : 0;
}

void rules_find_prepare(const char *needle, size_t len, uint16_t ret_rare[2])
{
	unsigned least[2] = {UINT32_MAX, UINT32_MAX};

	ret_rare[0] = ret_rare[1] = 0;
	for (size_t i = 0; i < len && i <= UINT16_MAX; i++) {
		unsigned f = rules_find_frequency((uint8_t)needle[i]);

		if (f < least[0]) {
			least[1] = least[0];
			ret_rare[1] = ret_rare[0];
			least[0] = f;
			ret_rare[0] = (uint16_t)i;
		} else if (f < least[1]) {
			least[1] = f;
			ret_rare[1] = (uint16_t)i;
		}
	}
}

static inline uint8_t find_fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool find_same(const char *text, const char *needle, size_t n, bool fold)
{
	if (!fold)
		return memcmp(text, needle, n) == 0;
	for (size_t i = 0; i < n; i++)
		if (find_fold((uint8_t)text[i]) != find_fold((uint8_t)needle[i]))
			return false;
	return true;
}

static inline bool find_is_letter(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static inline find_block find_load(const char *p)
{
	find_block block;

	memcpy(&block, p, sizeof(block));
	return block;
}

static inline bool find_any(find_block block)
{
	uint64_t half[2];

	memcpy(half, &block, sizeof(half));
	return half[0] | half[1];
}

/* A byte as it is looked for: x is it when (x | bit) == byte. */
struct find_byte {
	find_block byte;
	find_block bit; /* makes capitals small; 0 where that would make other bytes equal */
	uint16_t at;
};

static inline struct find_byte find_byte(const char *needle, uint16_t at, bool fold)
{
	uint8_t c = fold ? find_fold((uint8_t)needle[at]) : (uint8_t)needle[at];
	uint8_t bit = fold && find_is_letter(c) ? 'a' - 'A' : 0;

	return (struct find_byte){
		.byte = c - (find_block){0},
		.bit = bit - (find_block){0},
		.at = at,
	};
}

static inline find_block find_match(const struct find_byte *b, const char *p)
{
	return (find_block)((find_load(p + b->at) | b->bit) == b->byte);
}

bool rules_find(const char *text, size_t len, const char *needle, size_t n, const uint16_t rare[2],
		bool fold)
{
	size_t places, i = 0;
	struct find_byte a, b;

	if (!n)
		return true;
	if (len < n)
		return false;
	places = len - n + 1;
	if (places >= sizeof(find_block)) {
		a = find_byte(needle, rare[0], fold);
		b = find_byte(needle, rare[1], fold);
		for (; i < places; i += sizeof(find_block)) {
			find_block both;

			/* the last block overlaps the one before */
			i = i + sizeof(both) > places ? places - sizeof(both) : i;
			both = find_match(&a, text + i) & find_match(&b, text + i);
			if (__builtin_expect(find_any(both), 0))
				for (size_t k = 0; k < sizeof(both); k++)
					if (both[k] && find_same(text + i + k, needle, n, fold))
						return true;
		}
		return false;
	}
	for (; i < places; i++)
		if (find_same(text + i, needle, n, fold))
			return true;
	return false;
}

bool rules_find_pairs(const char *text, size_t len, const uint8_t (*pairs)[2], unsigned n)
{
	size_t last = len - sizeof(find_block) - 1; /* where the last block of places begins */

	for (unsigned k = 0; k < n; k++) {
		find_block a = pairs[k][0] - (find_block){0}, b = pairs[k][1] - (find_block){0};
		find_block both = (find_load(text + last) == a) & (find_load(text + last + 1) == b);

		for (size_t i = 0; i < last; i += sizeof(find_block))
			both |= (find_load(text + i) == a) & (find_load(text + i + 1) == b);
		if (find_any(both))
			return true;
	}
	return false;
}
