/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a text in another: each length around the vectors' own, against the plainest search. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "find.h"

static uint64_t seed = 1;

static uint32_t below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

/* Exactly as long as it is, so that a sanitizer sees a read behind it. */
static char *random_text(size_t len)
{
	static const char bytes[] = "abAB/.@[`{\0\xff";
	char *text = malloc(len ? len : 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = bytes[below(sizeof(bytes) - 1)];
	return text;
}

static bool plain_find(const char *text, size_t len, const char *needle, size_t n, bool fold)
{
	for (size_t i = 0; i + n <= len; i++) {
		size_t k = 0;

		for (; k < n; k++) {
			char a = text[i + k], b = needle[k];

			if (fold && a >= 'A' && a <= 'Z')
				a = (char)(a + 32);
			if (fold && b >= 'A' && b <= 'Z')
				b = (char)(b + 32);
			if (a != b)
				break;
		}
		if (k == n)
			return true;
	}
	return false;
}

static void test_find(void **state)
{
	uint32_t hits = 0;

	for (int round = 0; round < 200000; round++) {
		size_t len = below(round % 10 ? 40 : 200), n = below(5);
		char *text = random_text(len), *needle = random_text(n);
		uint16_t rare[2];
		bool fold = round & 1, expected;

		/* half of them are there for sure */
		if (n && n <= len && below(2))
			memcpy(text + below((uint32_t)(len - n + 1)), needle, n);
		rules_find_prepare(needle, n, rare);
		assert_true(!n || (rare[0] < n && rare[1] < n));
		expected = plain_find(text, len, needle, n, fold);
		if (rules_find(text, len, needle, n, rare, fold) != expected)
			fail_msg("'%.*s' in '%.*s': %d expected", (int)n, needle, (int)len, text,
				 expected);
		rare[0] = rare[1] = 0;
		assert_int_equal(rules_find(text, len, needle, n, rare, fold), expected);
		hits += expected;
		free(text);
		free(needle);
	}
	assert_true(hits > 50000);
}

static void test_pairs(void **state)
{
	for (int round = 0; round < 50000; round++) {
		size_t len = RULES_FIND_PAIRS_LEN + below(100);
		unsigned n = 1 + below(8);
		char *text = random_text(len);
		uint8_t pairs[8][2];
		bool expected = false;

		for (unsigned k = 0; k < n; k++) {
			pairs[k][0] = (uint8_t) "xyzab/."[below(7)];
			pairs[k][1] = (uint8_t) "xyzab/."[below(7)];
			for (size_t i = 1; i < len; i++)
				expected |= (uint8_t)text[i - 1] == pairs[k][0] &&
					    (uint8_t)text[i] == pairs[k][1];
		}
		assert_int_equal(rules_find_pairs(text, len, pairs, n), expected);
		free(text);
	}
}

/* The rarest bytes of a path are not its slashes. */
static void test_prepare(void **state)
{
	uint16_t rare[2];

	rules_find_prepare("/.ssh/", 6, rare);
	assert_true(rare[0] == 1);
	rules_find_prepare("a", 1, rare);
	assert_true(rare[0] == 0 && rare[1] == 0);
	rules_find_prepare("", 0, rare);
	assert_true(rare[0] == 0 && rare[1] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
