/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule files and the verdicts on them: tests/golden/rules-verdicts. A case is
 *
 *	== its name
 *	a rule file
 *	++
 *	another one, loaded behind it
 *	-- the findings, one a line
 *
 * with the findings of each file in Falco's order, up to the first error: codes,
 * places and messages were held against Falco's own loader. In conditions.txt and
 * outputs.txt the name is the condition or the output, and the rule around it is
 * made here. --update writes the findings anew; read what changed before it is
 * committed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <saker/enrich.h>
#include <saker/rules.h>

#include "common/util.h"

static bool update;

static void finding(void *userdata, const struct saker_diag *diag)
{
	FILE *out = userdata;
	bool first = true;

	if (util_streq(diag->id, "RULES_SCHEMA")) {
		if (!util_streq(diag->message, "ok"))
			fprintf(out, "-- schema: %s\n", diag->message);
		return;
	}
	fprintf(out, "-- %s %u:%u ", diag->id, diag->line, diag->column);
	/* The first place is the file itself. */
	for (uint32_t i = 1; i < diag->n_places; i++) {
		const struct saker_diag_place *p = &diag->places[i];

		fprintf(out, "%s%s%s", first ? "" : " > ", p->detail ? "+" : "", p->kind);
		if (*p->name)
			fprintf(out, " '%s'", p->name);
		first = false;
	}
	fprintf(out, "%s%s\n", first ? "" : ": ", diag->message);
}

static void judge_file(struct saker_rules_loader *loader, const char *text, size_t len, FILE *out)
{
	struct saker_ruleset *ruleset = NULL;
	int r = saker_rules_loader_add_buffer(loader, "rules.yaml", text, len);

	if (r == 0)
		r = saker_rules_loader_compile(loader, &ruleset);
	saker_ruleset_unref(ruleset);
	assert_true(r == 0 || r == -EBADMSG);
	fprintf(out, "-- %s\n", r == 0 ? "good" : "bad");
}

/* The files of a case, with ++ between them. */
static void judge(const char *body, size_t len, FILE *out)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	const char *end = body + len;

	options.diag = finding;
	options.diag_userdata = out;
	options.first_error = true;
	options.schema = true;
	assert_int_equal(saker_rules_loader_new(&options, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue()), 0);
	for (;;) {
		const char *next = memmem(body, (size_t)(end - body), "\n++\n", 4);
		size_t n = next ? (size_t)(next - body) + 1 : (size_t)(end - body);

		judge_file(loader, body, n, out);
		if (!next)
			break;
		body = next + 4;
	}
	saker_rules_loader_free(loader);
}

/* Reads one whole file; to be freed. */
static char *read_whole(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0;

	if (!f)
		fail_msg("%s cannot be read", path);
	*ret_len = 0;
	do {
		cap = cap ? cap * 2 : 1 << 16;
		text = realloc(text, cap + 1);
		assert_non_null(text);
		*ret_len += fread(text + *ret_len, 1, cap - *ret_len, f);
	} while (*ret_len == cap);
	fclose(f);
	text[*ret_len] = '\0';
	return text;
}

/* The rule around a condition or an output; NULL: the case brings its own file. */
static char *wrap(const char *path, const char *name, size_t len)
{
	bool condition = strstr(path, "/conditions.txt");
	char *text;

	if (!condition && !strstr(path, "/outputs.txt"))
		return NULL;
	assert_true(asprintf(&text,
			     "- rule: r\n  desc: d\n  priority: INFO\n  warn_evttypes: false\n"
			     "  condition: |-\n    %.*s\n  output: |-\n    %.*s\n",
			     condition ? (int)len : 15, condition ? name : "evt.type = open",
			     condition ? 1 : (int)len, condition ? "o" : name) > 0);
	return text;
}

static const char *line_end(const char *p)
{
	const char *end = strchr(p, '\n');

	return end ? end + 1 : p + strlen(p);
}

/* From "== " to the next one: prints it again with the findings as they are now. */
static const char *run_case(const char *path, const char *p, FILE *out)
{
	const char *name = p + 3;
	const char *body = line_end(p);
	const char *end = body;
	char *text;

	while (*end && strncmp(end, "-- ", 3) != 0 && strncmp(end, "== ", 3) != 0)
		end = line_end(end);
	fwrite(p, 1, (size_t)(end - p), out);
	text = wrap(path, name, (size_t)(body - name) - 1);
	judge(text ? text : body, text ? strlen(text) : (size_t)(end - body), out);
	free(text);
	while (strncmp(end, "-- ", 3) == 0)
		end = line_end(end);
	return end;
}

static void compare(const char *path, const char *expected, const char *got)
{
	unsigned int line = 1;

	while (*expected && *expected == *got) {
		line += *expected == '\n';
		expected++;
		got++;
	}
	if (*expected || *got)
		fail_msg("%s:%u: expected ...%.*s, got ...%.*s", path, line,
			 (int)strcspn(expected, "\n"), expected, (int)strcspn(got, "\n"), got);
}

static void test_verdicts(void **state)
{
	static const char *const names[] = {"items",   "versions",  "lists",	  "macros",
					    "rules",   "override",  "exceptions", "files",
					    "outputs", "conditions"};
	const char *root = getenv("SAKER_SOURCE_ROOT");

	if (!root)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[4096];
		char *got = NULL;
		size_t got_len, len;
		char *text;
		FILE *out = open_memstream(&got, &got_len);
		unsigned int n = 0;

		assert_non_null(out);
		snprintf(path, sizeof(path), "%s/tests/golden/rules-verdicts/%s.txt", root,
			 names[i]);
		text = read_whole(path, &len);
		for (const char *p = text; *p; n++)
			p = run_case(path, p, out);
		fclose(out);
		assert_true(n > 5);
		if (update) {
			FILE *f = fopen(path, "we");

			assert_non_null(f);
			assert_int_equal(fwrite(got, 1, got_len, f), got_len);
			fclose(f);
		} else {
			compare(path, text, got);
		}
		free(got);
		free(text);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};

	update = argc > 1 && util_streq(argv[1], "--update");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
