/* SPDX-License-Identifier: Apache-2.0 */
/* An inspection where the Nth allocation fails: -ENOMEM, nothing leaked, and the next one works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <saker/rules.h>

#include "common/util.h"

static long allocations_left = -1; /* -1 = no end */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

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

static const char yaml[] = "- list: l\n  items: [a, b c, m]\n"
			   "- list: l\n  items: [a, b]\n"
			   "- macro: m1\n  condition: x.name in (l, x) or x.other startswith y\n"
			   "- macro: m2\n  condition: m1 and not tolower(x.name) = z\n"
			   "- rule: r\n  desc: d\n  output: o\n  priority: INFO\n"
			   "  condition: m2 and (m1 or x.name exists)\n"
			   "  exceptions:\n    - {name: e, fields: [x.name], values: [[q]]}\n"
			   "- rule: s\n  desc: d\n  output: o\n  priority: INFO\n"
			   "  condition: m2 and x.name = b\n";

static const struct saker_field fields[] = {
	{.name = "x.name", .type = SAKER_TYPE_STRING, .cost = 1},
	{.name = "x.other", .type = SAKER_TYPE_STRING, .cost = 1},
};

static void extract(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
}

static int bind(const struct saker_catalogue *catalogue, struct saker_field_ref *ref, char *error,
		size_t size)
{
	ref->extract = extract;
	return 0;
}

static uint32_t code(const void *record)
{
	return 0;
}

static const struct saker_catalogue catalogue = {
	.size = sizeof(struct saker_catalogue),
	.source = "syscall",
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.n_codes = 4,
	.bind = bind,
	.code = code,
};

static void test_inspect(void **state)
{
	struct saker_rules_loader *loader;
	struct saker_inspection *inspection;
	long n = 0;
	int r;

	assert_int_equal(saker_rules_loader_new(NULL, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, &catalogue), 0);
	assert_int_equal(saker_rules_loader_add_buffer(loader, "y", yaml, strlen(yaml)), 0);
	for (;; n++) {
		allocations_left = n;
		r = saker_rules_loader_inspect(loader, &inspection);
		allocations_left = -1;
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_true(n < 10000);
	}
	assert_true(n > 10);
	assert_int_equal(inspection->n_rules, 2);
	assert_non_null(inspection->rules[0].codes);
	assert_int_equal(inspection->rules[0].codes[0], 15); /* nothing selects: all four */
	saker_inspection_free(inspection);
	saker_rules_loader_free(loader);
}

/* Reading the files, where a definition that is replaced is remembered. */
static void test_read(void **state)
{
	for (long n = 0;; n++) {
		struct saker_rules_loader *loader;
		int r;

		assert_int_equal(saker_rules_loader_new(NULL, &loader), 0);
		assert_int_equal(saker_rules_loader_add_catalogue(loader, &catalogue), 0);
		allocations_left = n;
		r = saker_rules_loader_add_buffer(loader, "y", yaml, strlen(yaml));
		allocations_left = -1;
		saker_rules_loader_free(loader);
		if (r == 0)
			return;
		assert_int_equal(r, -ENOMEM);
		assert_true(n < 10000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inspect),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests_name("rulecheck memory", tests, NULL, NULL);
}
