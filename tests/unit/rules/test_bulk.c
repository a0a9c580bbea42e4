/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists so long that their values have no nodes, and lists from files: they mean
 * what short ones mean, and what is wrong in them is found where it stands.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "toy.h"

#define MANY 5000

static char folder[] = "/tmp/saker-bulk-XXXXXX";

static int setup(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"rules.yaml", "values", "more"};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void write_file(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

#define RULE(condition)                                                          \
	"- rule: r\n  desc: d\n  source: toy\n  priority: INFO\n  output: o\n  " \
	"condition: " condition "\n"

/* "- list: l", MANY values a line with `odd` in place of the value number `at`, `behind`. */
static char *long_list(const char *odd, int at, const char *behind)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fprintf(out, "- list: l\n  items:\n");
	for (int i = 0; i < MANY; i++) {
		if (i == at)
			fprintf(out, "  - %s\n", odd);
		else
			fprintf(out, "  - value-%d\n", i);
	}
	fputs(behind, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

struct seen {
	char id[64];
	char message[512];
	uint32_t line, column;
	char snippet[512];
	unsigned int n;
};

static void see(void *userdata, const struct saker_diag *diag)
{
	struct seen *seen = userdata;

	if (diag->severity < SAKER_SEVERITY_ERROR || seen->n++)
		return;
	snprintf(seen->id, sizeof(seen->id), "%s", diag->id);
	snprintf(seen->message, sizeof(seen->message), "%s", diag->message);
	snprintf(seen->snippet, sizeof(seen->snippet), "%s", diag->snippet);
	seen->line = diag->line;
	seen->column = diag->column;
}

static int compile(const char *yaml, struct seen *seen, struct saker_ruleset **ret)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	char path[128];
	int r;

	memset(seen, 0, sizeof(*seen));
	*ret = NULL;
	options.diag = see;
	options.diag_userdata = seen;
	snprintf(path, sizeof(path), "%s/rules.yaml", folder);
	assert_int_equal(saker_rules_loader_new(&options, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, &toy_catalogue), 0);
	r = saker_rules_loader_add_buffer(loader, path, yaml, strlen(yaml));
	if (r == 0)
		r = saker_rules_loader_compile(loader, ret);
	saker_rules_loader_free(loader);
	return r;
}

/* Whether the one rule matches a record whose string is `value`. */
static bool matches(struct saker_ruleset *ruleset, const char *value)
{
	const struct saker_rule *const *rules;
	struct saker_eval *eval;
	static struct toy toy;
	char record[256];
	int n;

	snprintf(record, sizeof(record), "code=1;str=%s", value);
	toy_parse(&toy, record);
	assert_int_equal(saker_eval_new(ruleset, &eval), 0);
	n = saker_ruleset_eval(eval, 0, &toy, &rules);
	saker_eval_free(eval);
	return n == 1;
}

static void test_values(void **state)
{
	/* what is odd among them, where, what matches by it and what does not */
	static const struct {
		const char *odd;
		int at;
		const char *yes;
		const char *no;
	} table[] = {
		{"value-7", 7, "value-7", "value"},
		{"\"quoted one\"", 3000, "quoted one", "\"quoted one\""},
		{"'single'", 4999, "single", "'single'"},
		{"two words", 2000, "two words", "two"},
		{"last # a comment", 2500, "last", "last # a comment"},
		{"before", 2500, "x", "before"}, /* names a list */
		{"folded\n    value", 1030, "folded value", "folded"},
		{"", 1023, "value-4999", "null"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *list = long_list(table[i].odd, table[i].at,
				       RULE("toy.str in (l) and evt.type = open"));
		struct saker_ruleset *ruleset;
		struct seen seen;
		char *yaml;
		int r;

		assert_true(asprintf(&yaml, "- list: before\n  items: [x, y]\n%s", list) > 0);
		r = compile(yaml, &seen, &ruleset);
		if (*table[i].odd == '\0') {
			assert_int_equal(r, -EBADMSG);
			assert_string_equal(seen.message, "sequence value is not scalar");
			assert_int_equal(seen.line, 5 + table[i].at);
		} else {
			if (r < 0)
				fail_msg("%s: %s", table[i].odd, seen.message);
			assert_true(matches(ruleset, "value-0"));
			assert_true(matches(ruleset, "value-1023") || table[i].at == 1023);
			assert_true(matches(ruleset, "value-1024"));
			assert_true(matches(ruleset, "value-4998"));
			assert_false(matches(ruleset, "value-5000"));
			assert_true(matches(ruleset, table[i].yes));
			assert_false(matches(ruleset, table[i].no));
		}
		saker_ruleset_unref(ruleset);
		free(yaml);
		free(list);
	}
}

/* A wrong value is found in its line, whoever asks for it. */
static void test_places(void **state)
{
	static const struct {
		const char *condition;
		const char *odd;
		int at;
		const char *message;
	} table[] = {
		{RULE("toy.i64 in (l)"), "2", 2000, "value-0 is not a valid number"},
		{RULE("evt.type in (l)"), "open", 0, "unknown event type value-1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *yaml = long_list(table[i].odd, table[i].at, table[i].condition);
		struct saker_ruleset *ruleset;
		struct seen seen;

		assert_int_equal(compile(yaml, &seen, &ruleset), -EBADMSG);
		assert_string_equal(seen.message, table[i].message);
		assert_int_equal(seen.line, table[i].at == 0 ? 4 : 3);
		assert_int_equal(seen.column, 5);
		assert_non_null(strstr(seen.snippet, table[i].at == 0 ? "  - value-1\n    ^"
								      : "  - value-0\n    ^"));
		free(yaml);
	}
}

/* Where a list's text is asked for, all of its values are written out. */
static void test_text(void **state)
{
	char *yaml = long_list("x", 0, RULE("toy.str = l"));
	struct saker_ruleset *ruleset;
	struct seen seen;

	assert_int_equal(compile(yaml, &seen, &ruleset), -EBADMSG);
	assert_string_equal(seen.id, "LOAD_ERR_COMPILE_CONDITION");
	free(yaml);
}

static void test_append(void **state)
{
	char *yaml = long_list("x", 0,
			       "- list: l\n  items: [more]\n  override: {items: append}\n"
			       "- list: k\n  items: [l, other]\n" RULE("toy.str in (k, third)"));
	struct saker_ruleset *ruleset;
	struct seen seen;

	assert_int_equal(compile(yaml, &seen, &ruleset), 0);
	assert_true(matches(ruleset, "more"));
	assert_true(matches(ruleset, "other"));
	assert_true(matches(ruleset, "third"));
	assert_true(matches(ruleset, "value-4999"));
	assert_false(matches(ruleset, "l"));
	saker_ruleset_unref(ruleset);
	free(yaml);
}

static void test_items_file(void **state)
{
	static const char values[] = "# addresses\n\n  one  \ntwo # why\nth#ree\r\nlast";
	static const char more[] = "four\n";
	static const char rules[] = "- list: l\n  items_file: values\n  items: [zero]\n"
				    "- list: l\n  items_file: ./more\n"
				    "  override: {items: append}\n" RULE("toy.str in (l)");
	static const char *const in[] = {"one", "two", "th#ree", "last", "zero", "four"};
	static const char *const out[] = {"# addresses", "", "two # why", "why", "l"};
	struct saker_ruleset *ruleset;
	struct seen seen;

	write_file("values", values, sizeof(values) - 1);
	write_file("more", more, sizeof(more) - 1);
	if (compile(rules, &seen, &ruleset) < 0)
		fail_msg("%s", seen.message);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_true(matches(ruleset, in[i]));
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		assert_false(matches(ruleset, out[i]));
	saker_ruleset_unref(ruleset);
	/* Read anew at the next load, as a reload is. */
	write_file("more", "five\n", 5);
	assert_int_equal(compile(rules, &seen, &ruleset), 0);
	assert_true(matches(ruleset, "five"));
	assert_false(matches(ruleset, "four"));
	saker_ruleset_unref(ruleset);
}

static void test_bad_items_file(void **state)
{
	static const struct {
		const char *rules;
		const char *id;
		const char *message;
	} table[] = {
		{"- list: l\n  items_file: nowhere\n", "LOAD_ERR_FILE_READ",
		 "No such file or directory"},
		{"- list: l\n  items_file: .\n", "LOAD_ERR_FILE_READ", "directory"},
		{"- list: l\n  items_file: values\n", "LOAD_ERR_FILE_READ", "NUL character"},
		{"- list: l\n  items_file: [values]\n", "LOAD_ERR_YAML_VALIDATE",
		 "Value is not a scalar value"},
		{"- list: l\n  items_file:\n", "LOAD_ERR_YAML_VALIDATE", "is empty"},
		{"- list: l\n", "LOAD_ERR_YAML_VALIDATE", "no mapping for key 'items'"},
	};

	write_file("values", "a\0b\n", 4);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct saker_ruleset *ruleset;
		struct seen seen;

		assert_int_equal(compile(table[i].rules, &seen, &ruleset), -EBADMSG);
		assert_string_equal(seen.id, table[i].id);
		assert_non_null(strstr(seen.message, table[i].message));
	}
}

struct piece {
	const char *text;
	size_t size; /* at a time */
	int error;
};

static int64_t read_piece(void *userdata, char *buffer, size_t size)
{
	struct piece *p = userdata;
	size_t n = MIN(MIN(p->size, size), strlen(p->text));

	if (!n && p->error)
		return p->error;
	memcpy(buffer, p->text, n);
	p->text += n;
	return (int64_t)n;
}

static void test_reader(void **state)
{
	static const char rules[] = "- list: l\n  items: [a]\n" RULE("toy.str in (l)");
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset;

	assert_int_equal(saker_rules_loader_new(NULL, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, &toy_catalogue), 0);
	assert_int_equal(saker_rules_loader_add_reader(loader, "bad", read_piece,
						       &(struct piece){"- list", 3, -EIO}),
			 -EIO);
	assert_int_equal(saker_rules_loader_add_reader(loader, "good", read_piece,
						       &(struct piece){rules, 7, 0}),
			 0);
	assert_int_equal(saker_rules_loader_n_files(loader), 1);
	assert_string_equal(saker_rules_loader_file(loader, 0), "good");
	assert_null(saker_rules_loader_file(loader, 1));
	assert_int_equal(saker_rules_loader_compile(loader, &ruleset), 0);
	assert_true(matches(ruleset, "a"));
	assert_false(matches(ruleset, "b"));
	saker_ruleset_unref(ruleset);
	saker_rules_loader_free(loader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_places),
		cmocka_unit_test(test_text),	   cmocka_unit_test(test_append),
		cmocka_unit_test(test_items_file), cmocka_unit_test(test_bad_items_file),
		cmocka_unit_test(test_reader),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
