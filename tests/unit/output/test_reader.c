/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts read back: what the writer made (also with hostile bytes), Falco's own alerts
 * byte for byte (with SAKER_REFERENCE), and text.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <saker/alert_reader.h>

#include "common/util.h"

static struct saker_alert_reader *reader_new(void)
{
	struct saker_alert_reader_options o = SAKER_ALERT_READER_OPTIONS_INIT;
	struct saker_alert_reader *reader;

	o.text_escaped = true; /* what saker_alert_write makes */
	assert_int_equal(saker_alert_reader_new(&o, &reader), 0);
	return reader;
}

static void same_value(const struct saker_value *a, const struct saker_value *b)
{
	assert_int_equal(!a->absent, !b->absent);
	if (a->absent)
		return;
	assert_int_equal(a->type, b->type);
	if (a->type == SAKER_TYPE_STRING) {
		assert_int_equal(a->len, b->len);
		assert_memory_equal(a->str, b->str, a->len);
	} else {
		assert_int_equal(a->u64, b->u64);
	}
}

static void same_field(const struct saker_alert_field *a, const struct saker_alert_field *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->is_list, b->is_list);
	if (!a->is_list) {
		same_value(&a->value, &b->value);
		return;
	}
	assert_int_equal(a->n_list, b->n_list);
	for (uint32_t i = 0; i < a->n_list; i++)
		same_value(&a->list[i], &b->list[i]);
}

static void test_round_trip(void **state)
{
	static const char hostile[] = "a\"b\\c\n\t\x01\x7f \xc3\xa9 \xe2\x80\xae \xf0\x9f\x98\x80";
	struct saker_value list[] = {saker_value_str("x", 1), saker_value_i64(SAKER_TYPE_I64, -3)};
	struct saker_alert_field fields[] = {
		{.name = "a.absent",
		 .value = saker_value_absent(SAKER_TYPE_STRING, SAKER_ABSENT_NOT_APPLICABLE)},
		{.name = "b.bool", .value = saker_value_u64(SAKER_TYPE_BOOL, 1)},
		{.name = "c.list", .list = list, .n_list = 2, .is_list = true},
		{.name = "d.negative", .value = saker_value_i64(SAKER_TYPE_I64, INT64_MIN)},
		{.name = "e.text", .value = saker_value_str(hostile, sizeof(hostile) - 1)},
		{.name = "f.unsigned", .value = saker_value_u64(SAKER_TYPE_U64, UINT64_MAX)},
		{.name = "g\"quoted\"", .value = saker_value_str("", 0)},
	};
	static const char *const tags[] = {"T1", "a \"tag\""};
	struct saker_alert a = {.time = UINT64_C(1795199723178557652),
				.rule = "A \"rule\"",
				.priority = SAKER_PRIORITY_CRITICAL,
				.source = "syscall",
				.hostname = hostile,
				.message = hostile,
				.tags = tags,
				.n_tags = 2,
				.fields = fields,
				.n_fields = ARRAY_SIZE(fields)};
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert_reader *reader = reader_new();
	struct saker_alert b;
	char line[4096];
	size_t len;

	f.json = true;
	for (int i = 0; i < 4; i++) {
		f.include_message = i & 1;
		f.time_iso8601 = i & 2;
		len = saker_alert_write(&a, &f, line, sizeof(line));
		assert_int_equal(saker_alert_read(reader, line, len, &b), 1);
		assert_int_equal(b.time, a.time);
		assert_int_equal(b.priority, a.priority);
		assert_string_equal(b.rule, a.rule);
		assert_string_equal(b.source, a.source);
		assert_string_equal(b.hostname, a.hostname);
		assert_string_equal(b.message, f.include_message ? a.message : b.message);
		assert_int_equal(b.n_tags, 2);
		assert_string_equal(b.tags[1], tags[1]);
		assert_int_equal(b.n_fields, a.n_fields);
		for (uint32_t k = 0; k < b.n_fields; k++)
			same_field(&a.fields[k], &b.fields[k]);
	}
	saker_alert_reader_free(reader);
}

/* A line that says the same thing twice, out of order, and in odd ways. */
static void test_odd_json(void **state)
{
	static const char line[] =
		"{\"time\":5,\"output_fields\":{\"z\":1,\"a\":\"x\",\"z\":{\"k\":[1,\"}\"]},"
		"\"n\":1e2,\"m\":123456789012345678901234567890,\"o\":[[1],{}]},\"rule\":null,"
		"\"priority\":\"odd\",\"tags\":\"none\"}\n";
	struct saker_alert_reader *reader = reader_new();
	struct saker_alert a;

	assert_int_equal(saker_alert_read(reader, line, sizeof(line) - 1, &a), 1);
	assert_int_equal(a.time, 0);
	assert_int_equal(a.priority, SAKER_PRIORITY_DEBUG);
	assert_string_equal(a.rule, "null");
	assert_string_equal(a.hostname, "");
	assert_int_equal(a.n_tags, 0);
	assert_int_equal(a.n_fields, 5);
	assert_string_equal(a.fields[0].name, "a");
	assert_string_equal(a.fields[1].name, "m");
	assert_int_equal(a.fields[1].value.type, SAKER_TYPE_DOUBLE);
	assert_true(a.fields[1].value.f64 > 1.2e29 && a.fields[1].value.f64 < 1.3e29);
	assert_true(a.fields[2].value.f64 == 100);
	assert_true(a.fields[3].is_list);
	assert_int_equal(a.fields[3].n_list, 2);
	assert_memory_equal(a.fields[3].list[0].str, "[1]", 3);
	assert_string_equal(a.fields[4].value.str, "{\"k\":[1,\"}\"]}");
	saker_alert_reader_free(reader);
}

static void test_no_alerts(void **state)
{
	static const struct {
		const char *line;
		int r;
	} lines[] = {
		{"", 0},
		{"\n", 0},
		{"hello", 0},
		{"{}", 0},
		{"{\"rule\":\"r\"}", 0},
		{"{\"rule\":", -EBADMSG},
		{"{\"rule\":\"r\",\"output_fields\":{}}\n{\"rule\":\"r\",\"output_fields\":{}}",
		 -EBADMSG},
		{"18:34:34.926492031: Shouting What", 0},
		{"18:34:34: Warning What", 0},
		{"Warning: 18:34:34.926492031", 0},
	};
	struct saker_alert_reader *reader = reader_new();
	struct saker_alert a;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(saker_alert_read(reader, lines[i].line, strlen(lines[i].line), &a),
				 lines[i].r);
	assert_int_equal(saker_alert_read(NULL, "", 0, &a), -EINVAL);
	assert_int_equal(saker_alert_read(reader, "", 0, NULL), -EINVAL);
	saker_alert_reader_free(reader);
}

/* ---- text ------------------------------------------------------------------------ */

static const struct {
	const char *line;
	uint64_t time;
	enum saker_priority priority;
	const char *rule;
	const char *fields[12]; /* name, value, ..., NULL; a NULL value is absent */
} texts[] = {
	{"00:00:01.000000002: Warning Sensitive file opened | file=/etc/shadow gparent=<NA> "
	 "command=cat /etc/shadow terminal=0",
	 1000000002,
	 SAKER_PRIORITY_WARNING,
	 "Sensitive file opened",
	 {"command", "cat /etc/shadow", "file", "/etc/shadow", "gparent", "<NA>", "terminal", "0"}},
	{"2026-11-20T18:35:23.178557652+0000: Critical A shell (user=root shell=bash parent=x "
	 "cmdline=bash -c a=b image=i:1)",
	 UINT64_C(1795199723178557652),
	 SAKER_PRIORITY_CRITICAL,
	 "A shell",
	 {"a", "b", "cmdline", "bash -c", "image", "i:1", "parent", "x", "shell", "bash", "user",
	  "root"}},
	{"23:59:59.999999999: Notice Nothing more",
	 UINT64_C(86399999999999),
	 SAKER_PRIORITY_NOTICE,
	 "Nothing more",
	 {NULL}},
	{"12:00:00.000000000: Error Known start of it, x=1",
	 UINT64_C(43200000000000),
	 SAKER_PRIORITY_ERROR,
	 "The rule",
	 {"x", "1"}},
};

static void test_text(void **state)
{
	static const struct saker_alert_rule_start starts[] = {
		{"Known", "Not this, it is shorter"},
		{"Known start ", "The rule"},
	};
	struct saker_alert_reader_options o = SAKER_ALERT_READER_OPTIONS_INIT;
	struct saker_alert_reader *reader;
	struct saker_alert a;

	o.starts = starts;
	o.n_starts = ARRAY_SIZE(starts);
	o.day = 86400 * UINT64_C(1000000000);
	assert_int_equal(saker_alert_reader_new(&o, &reader), 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *const *f = texts[i].fields;

		assert_int_equal(saker_alert_read(reader, texts[i].line, strlen(texts[i].line), &a),
				 1);
		assert_int_equal(a.time, texts[i].time + (texts[i].line[2] == ':' ? o.day : 0));
		assert_int_equal(a.priority, texts[i].priority);
		assert_string_equal(a.rule, texts[i].rule);
		for (uint32_t k = 0; k < a.n_fields; k++, f += 2) {
			assert_string_equal(a.fields[k].name, f[0]);
			if (strcmp(f[1], "<NA>") == 0)
				assert_int_not_equal(a.fields[k].value.absent, 0);
			else
				assert_string_equal(a.fields[k].value.str, f[1]);
		}
		assert_true(f == texts[i].fields + ARRAY_SIZE(texts[i].fields) || !*f);
	}
	saker_alert_reader_free(reader);
	/* Without a day there is no time; with json_only no alert. */
	reader = reader_new();
	assert_int_equal(saker_alert_read(reader, texts[0].line, strlen(texts[0].line), &a), 1);
	assert_int_equal(a.time, 0);
	saker_alert_reader_free(reader);
	o.json_only = true;
	assert_int_equal(saker_alert_reader_new(&o, &reader), 0);
	assert_int_equal(saker_alert_read(reader, texts[0].line, strlen(texts[0].line), &a), 0);
	saker_alert_reader_free(reader);
}

/* ---- Falco's own -------------------------------------------------------------------- */

static void rewrite(struct saker_alert_reader *reader, const char *line, size_t len)
{
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	static char out[65536];
	struct saker_alert a, b;
	const char *text;

	f.json = true;
	assert_int_equal(saker_alert_read(reader, line, len, &a), 1);
	assert_int_equal(saker_alert_write(&a, &f, out, sizeof(out)), len);
	assert_memory_equal(out, line, len);
	/* The same as text: all that text has room for comes back. */
	f.json = false;
	f.time_iso8601 = true;
	text = strdup(a.message);
	assert_non_null(text);
	len = saker_alert_write(&a, &f, out, sizeof(out));
	b = a;
	assert_int_equal(saker_alert_read(reader, out, len, &a), 1);
	assert_int_equal(a.time, b.time);
	assert_int_equal(a.priority, b.priority);
	assert_string_equal(a.message, text);
	assert_true(strncmp(a.rule, text, strlen(a.rule)) == 0);
	free((char *)text);
}

static void test_reference(void **state)
{
	const char *folder = getenv("SAKER_REFERENCE");
	struct saker_alert_reader *reader;
	unsigned int n = 0;
	char pattern[512];
	glob_t found;

	if (!folder) {
		print_message("SAKER_REFERENCE is not set\n");
		skip();
	}
	setenv("TZ", "UTC", 1);
	reader = reader_new();
	snprintf(pattern, sizeof(pattern), "%s/captures/*.alerts.jsonl", folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "re");
		char *line = NULL;
		size_t room = 0;
		ssize_t len;

		assert_non_null(f);
		while ((len = getline(&line, &room, f)) > 0) {
			rewrite(reader, line, (size_t)len - (line[len - 1] == '\n'));
			n++;
		}
		free(line);
		fclose(f);
	}
	globfree(&found);
	saker_alert_reader_free(reader);
	assert_true(n >= 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_odd_json),
		cmocka_unit_test(test_no_alerts),  cmocka_unit_test(test_text),
		cmocka_unit_test(test_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
