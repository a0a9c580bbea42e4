/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind groups, each against the obvious way to compute the same. */
#include <fnmatch.h>

#include "ac.h"
#include "net.h"
#include "regex.h"
#include "set.h"
#include "toy.h"
#include "trie.h"

static uint64_t seed = 42;

static uint32_t random_below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static size_t random_text(char *buf, size_t max, const char *alphabet)
{
	size_t len = random_below((uint32_t)max + 1);

	for (size_t i = 0; i < len; i++)
		buf[i] = alphabet[random_below((uint32_t)strlen(alphabet))];
	return len;
}

static void test_rows(void **state)
{
	struct rules_rows rows = {0};
	uint32_t a, b, c, used[3], n, *arrays[] = {used};
	size_t sizes[] = {3};
	const uint32_t *locals;

	assert_int_equal(rules_rows_add(&rows, RULES_ROW_NONE, 7, &a), 0);
	assert_int_equal(rules_rows_add(&rows, a, 3, &b), 0);
	assert_int_equal(rules_rows_add(&rows, b, 7, &c), 0);
	assert_int_equal(b, c);
	assert_int_equal(rules_rows_add(&rows, RULES_ROW_NONE, 7, &c), 0);
	assert_int_equal(a, c);
	assert_int_equal(rules_rows_add(&rows, RULES_ROW_NONE, 9, &c), 0);
	assert_int_equal(rules_rows_join(&rows, b, c, &c), 0);
	used[0] = b;
	used[1] = RULES_ROW_NONE;
	used[2] = c;
	assert_int_equal(rules_rows_finish(&rows, arrays, sizes, 1), 0);
	assert_int_equal(used[1], RULES_ROW_NONE);
	locals = rules_rows_get(&rows, used[0], &n);
	assert_int_equal(n, 2);
	assert_int_equal(locals[0], 3);
	assert_int_equal(locals[1], 7);
	assert_true(rules_rows_has(&rows, used[2], 9));
	assert_true(rules_rows_has(&rows, used[2], 3));
	assert_false(rules_rows_has(&rows, used[0], 9));
	rules_rows_get(&rows, RULES_ROW_NONE, &n);
	assert_int_equal(n, 0);
	rules_rows_fini(&rows);
}

/* A row with many numbers: the binary search in rules_rows_has. */
static void test_rows_long(void **state)
{
	struct rules_rows rows = {0};
	uint32_t row = RULES_ROW_NONE, *arrays[] = {&row};
	size_t sizes[] = {1};

	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(rules_rows_add(&rows, row, i * 2, &row), 0);
	assert_int_equal(rules_rows_finish(&rows, arrays, sizes, 1), 0);
	for (uint32_t i = 0; i < 1002; i++)
		assert_int_equal(rules_rows_has(&rows, row, i), i % 2 == 0 && i < 1000);
	rules_rows_fini(&rows);
}

#define SET_KEYS 5000
#define SET_LISTS 7

static void test_set(void **state)
{
	static char keys[SET_KEYS][40];
	static size_t lens[SET_KEYS];
	static bool in[SET_KEYS][SET_LISTS];
	struct rules_set set = {0};

	memset(in, 0, sizeof(in));
	for (uint32_t k = 0; k < SET_KEYS; k++)
		lens[k] =
			(size_t)snprintf(keys[k], sizeof(keys[k]), "%.*s%u", (int)random_below(30),
					 "a-prefix-that-makes-long-keys-too", k);
	for (uint32_t list = 0; list < SET_LISTS; list++) {
		for (uint32_t k = list; k < SET_KEYS / 2; k += 1 + list) {
			assert_int_equal(rules_set_add(&set, keys[k], lens[k], list), 0);
			in[k][list] = true;
		}
	}
	assert_int_equal(rules_set_finish(&set), 0);
	for (uint32_t k = 0; k < SET_KEYS; k++) {
		uint32_t row = rules_set_lookup(&set, keys[k], lens[k]);

		for (uint32_t list = 0; list < SET_LISTS; list++)
			assert_int_equal(row && rules_rows_has(&set.rows, row, list), in[k][list]);
	}
	assert_int_equal(rules_set_lookup(&set, "", 0), RULES_ROW_NONE);
	rules_set_fini(&set);
}

#define AC_NEEDLES 60

static bool ac_naive(enum rules_ac_mode mode, bool fold, const char *text, size_t len,
		     const char *needle, size_t n)
{
	for (size_t at = 0; at + n <= len; at++) {
		bool same =
			fold ? !strncasecmp(text + at, needle, n) : !memcmp(text + at, needle, n);

		if ((mode == RULES_AC_PREFIX && at) || (mode == RULES_AC_SUFFIX && at + n != len))
			continue;
		if (same)
			return true;
	}
	return false;
}

struct ac_found {
	const struct rules_ac *ac;
	bool *found;
};

static void ac_hit(void *context, uint32_t row)
{
	struct ac_found *f = context;
	const uint32_t *locals;
	uint32_t n;

	locals = rules_rows_get(&f->ac->set, row, &n);
	assert_true(n > 0);
	for (uint32_t k = 0; k < n; k++)
		f->found[locals[k]] = true;
}

/* Which needles the automaton finds. */
static void ac_run(const struct rules_ac *ac, const char *text, size_t len, bool *found)
{
	struct ac_found f = {ac, found};

	memset(found, 0, AC_NEEDLES * sizeof(*found));
	rules_ac_scan(ac, text, len, ac_hit, &f);
}

static void ac_compare(enum rules_ac_mode mode, bool fold, bool sparse)
{
	char needles[AC_NEEDLES][8], text[64];
	size_t lens[AC_NEEDLES];
	bool found[AC_NEEDLES];
	struct rules_ac ac;

	rules_ac_init(&ac, mode, fold);
	for (uint32_t i = 0; i < AC_NEEDLES; i++) {
		lens[i] = random_text(needles[i], sizeof(needles[i]), "abAB");
		assert_int_equal(rules_ac_add(&ac, needles[i], lens[i], i), 0);
	}
	if (sparse) {
		/* every byte in use: no dense table is made */
		for (int b = 0; b < 256; b++) {
			char one[] = {'x', 'y', 'z', (char)b};

			assert_int_equal(rules_ac_add(&ac, one, 4, 0), 0);
		}
	}
	assert_int_equal(rules_ac_finish(&ac), 0);
	assert_int_equal(!ac.next, sparse && !fold); /* folded, letters are fewer */
	for (int round = 0; round < 300; round++) {
		size_t len = random_text(text, sizeof(text), "aabbABc");

		ac_run(&ac, text, len, found);
		for (uint32_t i = 0; i < AC_NEEDLES; i++)
			assert_int_equal(found[i],
					 ac_naive(mode, fold, text, len, needles[i], lens[i]));
	}
	rules_ac_fini(&ac);
}

static void test_ac(void **state)
{
	for (int round = 0; round < 8; round++) {
		ac_compare(RULES_AC_CONTAINS, false, round & 1);
		ac_compare(RULES_AC_CONTAINS, true, round & 1);
		ac_compare(RULES_AC_PREFIX, false, round & 1);
		ac_compare(RULES_AC_SUFFIX, false, round & 1);
	}
}

#define NETS 400

static struct saker_ip random_ip(uint8_t family)
{
	struct saker_ip ip = {.family = family};

	/* few different bytes, so that prefixes nest and addresses hit */
	for (int i = 0; i < (family == 4 ? 4 : 16); i++)
		ip.addr[i] = (uint8_t)(random_below(4) ? random_below(2) * 255 : random_below(256));
	return ip;
}

static bool in_net(const struct saker_ip *ip, const struct saker_ip *net)
{
	if (ip->family != net->family)
		return false;
	for (int bit = 0; bit < net->prefix; bit++)
		if ((ip->addr[bit / 8] ^ net->addr[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static void test_net(void **state)
{
	static struct saker_ip nets[NETS];
	static uint32_t lists[NETS];

	for (int round = 0; round < 10; round++) {
		struct rules_net net = {0};

		for (uint32_t i = 0; i < NETS; i++) {
			uint8_t family = random_below(2) ? 4 : 6;

			nets[i] = random_ip(family);
			nets[i].prefix = (uint8_t)random_below(family == 4 ? 33 : 129);
			lists[i] = random_below(20);
			assert_int_equal(rules_net_add(&net, &nets[i], lists[i]), 0);
		}
		assert_int_equal(rules_net_finish(&net), 0);
		for (int k = 0; k < 2000; k++) {
			struct saker_ip ip = random_ip(random_below(2) ? 4 : 6);
			uint32_t row = rules_net_lookup(&net, &ip);
			bool expected[20] = {0};

			for (uint32_t i = 0; i < NETS; i++)
				expected[lists[i]] |= in_net(&ip, &nets[i]);
			for (uint32_t list = 0; list < 20; list++)
				assert_int_equal(rules_rows_has(&net.rows, row, list),
						 expected[list]);
		}
		rules_net_fini(&net);
	}
}

static void test_net_edges(void **state)
{
	static const char *const all[] = {"0.0.0.0", "255.255.255.255",
					  "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
	struct rules_net net = {0};
	struct saker_ip ip;

	/* empty: nothing holds */
	assert_int_equal(rules_net_finish(&net), 0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		toy_ip(&ip, all[i]);
		assert_int_equal(rules_net_lookup(&net, &ip), RULES_ROW_NONE);
	}
	rules_net_fini(&net);
	/* single addresses at both ends */
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		toy_ip(&ip, all[i]);
		ip.prefix = ip.family == 4 ? 32 : 128;
		assert_int_equal(rules_net_add(&net, &ip, (uint32_t)i), 0);
	}
	assert_int_equal(rules_net_finish(&net), 0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		toy_ip(&ip, all[i]);
		for (uint32_t k = 0; k < ARRAY_SIZE(all); k++)
			assert_int_equal(rules_rows_has(&net.rows, rules_net_lookup(&net, &ip), k),
					 k == i);
	}
	rules_net_fini(&net);
}

static void test_glob(void **state)
{
	static const char *const patterns[] = {
		"*",	  "a*",	     "*a",   "a?c",  "[abc]", "[!abc]",	      "[^a]",
		"[a-c]*", "\\*",     "a\\",  "[]a]", "[a",    "[[:digit:]]*", "*[[:alpha:]]",
		"a**b",	  "*a*b*c*", "[a-]", "?",    "",      "a[/]b",	      "*.c",
		"[\\]]",  "x[!-a]y",
	};
	char text[12];

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		for (int round = 0; round < 400; round++) {
			size_t len = random_text(text, sizeof(text) - 1, "abcABC1*/.-]\\[xy");
			const char *p = patterns[i];

			text[len] = '\0';
			if (rules_glob_match(p, strlen(p), text, len, false) !=
			    !fnmatch(p, text, 0))
				fail_msg("glob '%s' over '%s'", p, text);
			if (rules_glob_match(p, strlen(p), text, len, true) !=
			    !fnmatch(p, text, FNM_CASEFOLD))
				fail_msg("iglob '%s' over '%s'", p, text);
		}
	}
}

static void test_trie(void **state)
{
	static const struct {
		const char *paths[4];
		const char *path;
		bool expected;
	} table[] = {
		{{"/var/run", "/etc"}, "/var/run/docker", true},
		{{"/var/run", "/etc"}, "/var/runs", false},
		{{"/var/run", "/etc"}, "/boot", false},
		{{"/var/run"}, "/var", false},
		{{"/var/run"}, "/var/lib/messages", false},
		{{"/usr/lib", "/usr"}, "/usr/bin", true},
		{{"/usr", "/usr/lib"}, "/usr/bin", true},
		{{"usr//lib/"}, "/usr/lib/x", true},
		{{"/"}, "anything", true},
		{{"/home/*/.ssh"}, "/home/a/.ssh/id", true},
		{{"/home/*/.ssh"}, "/home/a/b/.ssh/id", false},
		{{"/home/a/x", "/home/*/.ssh"}, "/home/a/.ssh/id", true},
		{{"/home/[ab]/x", "/home/?/y"}, "/home/a/y", true},
		{{"/home/[ab]/x", "/home/?/y"}, "/home/c/x", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct rules_trie trie = {0};

		for (int k = 0; k < 4 && table[i].paths[k]; k++)
			assert_int_equal(
				rules_trie_add(&trie, table[i].paths[k], strlen(table[i].paths[k])),
				0);
		if (rules_trie_match(&trie, table[i].path, strlen(table[i].path)) !=
		    table[i].expected)
			fail_msg("case %zu", i);
		rules_trie_fini(&trie);
	}
}

static void test_sanitize(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} table[] = {
		{"plain ascii text", "plain ascii text"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"a\xff"
		 "b",
		 "a\xef\xbf\xbd"
		 "b"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd"},
		{"\xe2\x82"
		 "x",
		 "\xef\xbf\xbd"
		 "x"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"0123456789\x80", "0123456789\xef\xbf\xbd"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *text;
		char buf[64];
		size_t len = rules_regex_sanitize(table[i].text, strlen(table[i].text), buf,
						  sizeof(buf), &text);

		assert_int_equal(len, strlen(table[i].expected));
		assert_memory_equal(text, table[i].expected, len);
		assert_true(rules_regex_sanitize(table[i].text, strlen(table[i].text), buf, 2,
						 &text) == len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	 cmocka_unit_test(test_rows_long),
		cmocka_unit_test(test_set),	 cmocka_unit_test(test_ac),
		cmocka_unit_test(test_net),	 cmocka_unit_test(test_net_edges),
		cmocka_unit_test(test_glob),	 cmocka_unit_test(test_trie),
		cmocka_unit_test(test_sanitize),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
