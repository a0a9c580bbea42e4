/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out in the back: every allocation of compiling a ruleset with
 * all kinds of predicates, of making an eval, of rendering fails in turn. The
 * result is -ENOMEM, nothing leaks (under a sanitizer), nothing is half done.
 * Evaluation itself allocates nothing.
 */
#include "toy.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static long allocations_left = -1; /* -1 = as many as you like */

static bool refuse(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left == 0)
		return true;
	allocations_left--;
	return false;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return refuse() ? NULL : __real_realloc(p, size);
}

#define RULE(name, condition)                                                      \
	"- rule: " name "\n  desc: d\n  priority: INFO\n  source: toy\n"           \
	"  output: \"%toy.str %5toy.i64 %toupper(toy.path) %toy.any %toy.list\"\n" \
	"  tags: [a, b]\n  condition: " condition "\n"

static const char yaml[] = RULE(
	"a", "evt.type in (open, read) and toy.str in (a, b, c, d) and "
	     "toy.path startswith /a") RULE("b", "evt.type = open and toy.path startswith anyof "
						 "(/a, /b, /c) or toy.i64 != 3")
	RULE("c", "toy.str contains anyof (a, b, c) and toy.str icontains anyof (x, y, z)") RULE(
		"d", "toy.path endswith anyof (a, b, c, d) and not toy.str regex 'x.*y+'")
		RULE("e", "toy.net in (10.0.0.0/8, 10.1.0.0/16, fe80::/10, 1.2.3.4/32)") RULE(
			"f", "toy.path pmatch (/a, '/b/*/c') and toy.list intersects (a, b)")
			RULE("g", "toy.any in (a, b, c) and tolower(toy.str) = val(toy.str2)") RULE(
				"h", "getopt(toy.list, 'ab:')[b] = x or join(',', (toy.str, "
				     "toy.i64)) exists")
				RULE("i", "toy.str != oneof (a, b) and toy.bytes bcontains 00ff")
					RULE("j", "toy.str = a and evt.type = open")
						RULE("k", "toy.str = b and evt.type = open")
							RULE("l",
							     "toy.str = c and evt.type = open and "
							     "toy.i64 in (1,2,3,4,5,6,7,8,9,10)");

static int run(void)
{
	static const char *const extra[] = {"toy.u64", "label=<%toy.str>"};
	struct saker_rules_append append = {.extra_output = "more %toy.sug",
					    .suggested_output = true,
					    .extra_fields = extra,
					    .n_extra_fields = 2};
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader = NULL;
	struct saker_ruleset *ruleset = NULL;
	const struct saker_rule *const *rules;
	struct saker_rendered rendered;
	struct saker_eval *eval = NULL;
	static struct toy toy;
	long left;
	int r;

	options.append = &append;
	options.n_append = 1;
	options.matching = SAKER_RULE_MATCHING_ALL;
	r = saker_rules_loader_new(&options, &loader);
	if (r >= 0)
		r = saker_rules_loader_add_catalogue(loader, &toy_catalogue);
	if (r >= 0)
		r = saker_rules_loader_add_buffer(loader, "m", yaml, sizeof(yaml) - 1);
	if (r >= 0)
		r = saker_rules_loader_compile(loader, &ruleset);
	saker_rules_loader_free(loader);
	if (r >= 0)
		r = saker_eval_new(ruleset, &eval);
	if (r >= 0) {
		toy_parse(&toy, "code=1;str=a;str2=a;path=/a/b;any=a,b;list=a,b;i64=5");
		left = allocations_left;
		allocations_left = 0;
		r = saker_ruleset_eval(eval, 0, &toy, &rules);
		assert_true(r >= 5);
		allocations_left = left;
		r = saker_eval_render(eval, rules[0], &toy, &rendered);
	}
	saker_eval_free(eval);
	saker_ruleset_unref(ruleset);
	return r;
}

static void test_every_allocation(void **state)
{
	long n;

	for (n = 0; n < 100000; n++) {
		int r;

		allocations_left = n;
		r = run();
		allocations_left = -1;
		if (r == 0)
			break;
		if (r != -ENOMEM)
			fail_msg("allocation %ld: %d", n, r);
	}
	assert_true(n > 200 && n < 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
