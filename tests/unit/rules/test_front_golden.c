/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole rule files against golden files: every finding and every resolved
 * condition, in tests/golden/rules-front. Run with --update to write them anew,
 * then read what changed.
 */
#include "front.h"

static const char *const names[] = {"conditions", "findings"};

static bool update;

static void write_findings(const struct front *f, FILE *out)
{
	for (unsigned int i = 0; i < f->n_findings; i++) {
		const struct front_finding *it = &f->findings[i];

		fprintf(out, "%s %u:%u (byte %llu)\n  %s\n  %s\n  in %s\n%s\n", it->id, it->line,
			it->column, (unsigned long long)it->offset, it->message, it->hint,
			it->places, it->snippet);
	}
}

static char *render(const char *path)
{
	struct front *f = front_new();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fprintf(out, "load: %d\n", saker_rules_loader_add_file(f->loader, path));
	fprintf(out, "compile: %d\n\n", front_compile(f));
	write_findings(f, out);
	for (unsigned int i = 0; i < f->n_rules; i++)
		fprintf(out, "%s:\n  %s\n", f->rules[i].name, f->rules[i].condition);
	fclose(out);
	front_free(f);
	return text;
}

static char *read_whole(const char *path)
{
	char *text = calloc(1, 1 << 16);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	if (!f)
		fail_msg("%s cannot be read; --update writes it", path);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	return text;
}

static void test_golden(void **state)
{
	const char *root = getenv("SAKER_SOURCE_ROOT");

	if (!root)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[4096];
		char *expected;
		char *got;

		snprintf(path, sizeof(path), "%s/tests/golden/rules-front/%s.yaml", root, names[i]);
		got = render(path);
		snprintf(path, sizeof(path), "%s/tests/golden/rules-front/%s.txt", root, names[i]);
		if (update) {
			FILE *f = fopen(path, "w");

			assert_non_null(f);
			fputs(got, f);
			fclose(f);
		}
		expected = read_whole(path);
		assert_string_equal(got, expected);
		free(expected);
		free(got);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
	};

	update = argc > 1 && util_streq(argv[1], "--update");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
