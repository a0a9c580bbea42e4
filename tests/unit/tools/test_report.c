/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of how findings look: place, source line, caret, hint; nothing hostile gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "report.h"

static const char *print(const struct saker_diag *d, bool colour)
{
	static char text[4096];
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	report_diag(f, colour, d);
	fclose(f);
	return text;
}

static void test_with_source(void **state)
{
	char path[] = "/tmp/saker-test-XXXXXX", expected[512];
	struct saker_diag d = {.id = "LOAD_ERR_VALIDATE",
			       .severity = SAKER_SEVERITY_ERROR,
			       .file = path,
			       .line = 2,
			       .column = 7,
			       .message = "no such field",
			       .hint = "try proc.name",
			       .snippet = ""};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "first\nhello\tthere\n"), 18);
	close(fd);
	snprintf(expected, sizeof(expected),
		 "%s:2:7: error: no such field [LOAD_ERR_VALIDATE]\n"
		 "    2 | hello there\n"
		 "      |       ^\n"
		 "      hint: try proc.name\n",
		 path);
	assert_string_equal(print(&d, false), expected);
	d.line = 9; /* past the end: no source, no crash */
	snprintf(expected, sizeof(expected),
		 "%s:9:7: error: no such field [LOAD_ERR_VALIDATE]\n      hint: try proc.name\n",
		 path);
	assert_string_equal(print(&d, false), expected);
	unlink(path);
}

static void test_long_line(void **state)
{
	char path[] = "/tmp/saker-test-XXXXXX";
	struct saker_diag d = {.id = "",
			       .severity = SAKER_SEVERITY_WARNING,
			       .file = path,
			       .line = 1,
			       .column = 501,
			       .message = "m",
			       .hint = "",
			       .snippet = ""};
	int fd = mkstemp(path);
	const char *text, *caret;

	assert_true(fd >= 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, i == 500 ? "X" : "-", 1), 1);
	close(fd);
	text = print(&d, false);
	caret = strchr(text, '^');
	assert_non_null(caret);
	/* The caret stands below the X. */
	{
		/* The file's name may have one, too. */
		const char *x = strstr(text, "-X-"), *line, *under = caret;

		assert_non_null(x);
		line = ++x;
		while (line[-1] != '\n')
			line--;
		while (under[-1] != '\n')
			under--;
		assert_int_equal(x - line, caret - under);
	}
	unlink(path);
}

static void test_hostile(void **state)
{
	struct saker_diag d = {.id = "",
			       .severity = SAKER_SEVERITY_ERROR,
			       .file = "",
			       .message = "a\x1b[31mb\nc\x7f\xc2\x9b",
			       .hint = "\r\x07",
			       .snippet = ""};

	assert_string_equal(print(&d, false), "saker: error: a?[31mb c??\n      hint: ??\n");
	assert_non_null(strstr(print(&d, true), "\x1b[1;31merror\x1b[0m"));
}

static void test_limit(void **state)
{
	static char text[65536];
	FILE *f = fmemopen(text, sizeof(text), "w");
	struct reporter r = {.out = f};
	struct saker_diag d = {.id = "",
			       .severity = SAKER_SEVERITY_ERROR,
			       .file = "",
			       .message = "m",
			       .hint = "",
			       .snippet = ""};

	assert_non_null(f);
	for (int i = 0; i < 70; i++)
		reporter_diag(&r, &d);
	reporter_finish(&r);
	fclose(f);
	assert_int_equal(r.errors, 70);
	assert_non_null(strstr(text, "saker: and 20 more\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_source),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_limit),
	};

	program_invocation_short_name =
		(char *)"saker"; /* which a diagnostic without a file begins with */
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
