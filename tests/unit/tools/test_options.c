/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the command line: what is taken, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "options.h"

#define MAX_ARGS 24

/* Splits at blanks; the text of the complaint goes to said. */
static int parse(const char *line, struct options *o, char *said, size_t size)
{
	static char copy[512];
	char *argv[MAX_ARGS + 1] = {"saker"}, *save = NULL;
	FILE *err = fmemopen(said, size, "w");
	int argc = 1, r;

	assert_non_null(err);
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		assert_true(argc < MAX_ARGS);
		argv[argc++] = p;
	}
	said[0] = '\0';
	r = options_parse(o, argc, argv, err);
	fclose(err);
	return r;
}

static void test_good(void **state)
{
	struct options o;
	char said[256];

	assert_int_equal(parse("-c a.yaml -o x=1 -o y=2 -r b -r c -U -M 1.5 --replay d", &o, said,
			       sizeof(said)),
			 0);
	assert_int_equal(o.mode, OPTIONS_RUN);
	assert_string_equal(o.config, "a.yaml");
	assert_int_equal(o.n_sets, 2);
	assert_string_equal(o.sets[1], "y=2");
	assert_int_equal(o.n_rules, 2);
	assert_string_equal(o.rules[0], "b");
	assert_true(o.unbuffered);
	assert_true(o.max_seconds > 1.49 && o.max_seconds < 1.51);
	assert_string_equal(o.replay, "d");
	options_fini(&o);
}

static void test_modes(void **state)
{
	static const struct {
		const char *line;
		enum options_mode mode;
		enum list_format format;
		const char *class;
		uint32_t n_validate;
	} cases[] = {
		{"", OPTIONS_RUN, LIST_TEXT, NULL, 0},
		{"--help", OPTIONS_HELP, LIST_TEXT, NULL, 0},
		{"-h", OPTIONS_HELP, LIST_TEXT, NULL, 0},
		{"--version", OPTIONS_VERSION, LIST_TEXT, NULL, 0},
		{"--list", OPTIONS_LIST, LIST_TEXT, NULL, 0},
		{"--list=proc --format json", OPTIONS_LIST, LIST_JSON, "proc", 0},
		{"--list proc --format markdown", OPTIONS_LIST, LIST_MARKDOWN, "proc", 0},
		{"--list-keys", OPTIONS_LIST_KEYS, LIST_TEXT, NULL, 0},
		{"-L --format json", OPTIONS_DESCRIBE, LIST_JSON, NULL, 0},
		{"-l rule", OPTIONS_DESCRIBE, LIST_TEXT, NULL, 0},
		{"-V a -V b", OPTIONS_VALIDATE, LIST_TEXT, NULL, 2},
		{"-V a b c", OPTIONS_VALIDATE, LIST_TEXT, NULL, 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct options o;
		char said[256];

		assert_int_equal(parse(cases[i].line, &o, said, sizeof(said)), 0);
		assert_int_equal(o.mode, cases[i].mode);
		assert_int_equal(o.format, cases[i].format);
		assert_int_equal(o.n_validate, cases[i].n_validate);
		if (cases[i].class)
			assert_string_equal(o.list_class, cases[i].class);
		else
			assert_null(o.list_class);
		options_fini(&o);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *line;
		const char *said;
	} cases[] = {
		{"-x", "saker: there is no option -x; see saker --help\n"},
		{"--zzz", "saker: there is no option --zzz; "},
		{"--lis", "saker: --lis is ambiguous: --list or --list-keys?; "},
		{"--rule-file=a",
		 "saker: there is no option --rule-file=a: did you mean --rules?; "},
		{"--validated",
		 "saker: there is no option --validated: did you mean --validate?; "},
		{"--rules=", "saker: -r needs the name of a file or folder; "},
		{"--format json", "saker: --format goes with --list, --list-keys and -L; "},
		{"-V a --format json", "saker: --format goes with --list, --list-keys and -L; "},
		{"-L --format markdown", "saker: only --list has the format markdown; "},
		{"-L -N", "saker: -N goes with --list; "},
		{"-l", "saker: -l needs a value; "},
		{"--describe-rule=", "saker: -l needs the name of a rule; "},
		{"-N", "saker: -N goes with --list; "},
		{"-c", "saker: -c needs a value; "},
		{"--replay", "saker: --replay needs a value; "},
		{"--dry-run=1", "saker: --dry-run takes no value; "},
		{"-M soon", "saker: -M takes seconds, not 'soon'; "},
		{"-M -1", "saker: -M takes seconds, not '-1'; "},
		{"--format xml", "saker: --format is text, markdown or json, not 'xml'; "},
		{"-l Some rule",
		 "saker: what is 'rule' for? -l takes one name: quote its blanks; "},
		{"rules.yaml", "saker: what is 'rules.yaml' for? Rules are given with -r; "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct options o;
		char said[256];

		assert_int_equal(parse(cases[i].line, &o, said, sizeof(said)), -EINVAL);
		said[strlen(cases[i].said)] = '\0';
		assert_string_equal(said, cases[i].said);
		options_fini(&o);
	}
}

static void test_help_is_short(void **state)
{
	char text[8192] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");
	unsigned int lines = 0;

	assert_non_null(f);
	options_help(f);
	fclose(f);
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
		assert_true(strcspn(p, "\n") <= 80);
		lines++;
	}
	assert_in_range(lines, 15, 40);
	assert_non_null(strstr(text, "  -r, --rules FILE|DIR"));
	assert_non_null(strstr(text, "      --list[=CLASS]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_help_is_short),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
