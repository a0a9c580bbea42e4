/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner: what it says of lines that somebody thought of, and, held against
 * jansson, of lines that nobody did: generated, then damaged. Each walk (portable,
 * SSE2, AVX2) must say the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include <saker/alert_scan.h>

#include "common/util.h"

#define LEVELS 3

static const char *const wanted[] = {"proc.name", "user.uid", "fd.name", "k\xc3\xb6y", ""};

struct fixture {
	struct saker_alert_scanner *scanners[LEVELS]; /* strict */
	struct saker_alert_scanner *lax;
};

static int set_up(void **state)
{
	static struct fixture f;

	for (int i = 0; i < LEVELS; i++) {
		struct saker_scan_options o = SAKER_SCAN_OPTIONS_INIT;

		o.fields = wanted;
		o.n_fields = ARRAY_SIZE(wanted);
		o.strict = true;
		o.level = (uint8_t)(i + 1);
		assert_int_equal(saker_alert_scanner_new(&o, &f.scanners[i]), 0);
	}
	assert_int_equal(saker_alert_scanner_new(NULL, &f.lax), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < LEVELS; i++)
		assert_null(saker_alert_scanner_free(f->scanners[i]));
	assert_null(saker_alert_scanner_free(f->lax));
	return 0;
}

/* ---- lines that somebody thought of --------------------------------------------- */

#define A SAKER_LINE_ALERT
#define J SAKER_LINE_JSON
#define T SAKER_LINE_TEXT
#define B SAKER_LINE_BROKEN

static const struct {
	const char *line;
	enum saker_line_kind kind;
	enum saker_scan_error error;
	const char *rule;
} cases[] = {
	{"{\"rule\":\"r\",\"output_fields\":{}}", A, 0, "r"},
	{"{\"output_fields\":null,\"rule\":\"r\"}", A, 0, "r"},
	{"{ \"rule\" : \"r\" ,\t\"output_fields\" : { } }  \r", A, 0, "r"},
	{"{\"rule\":\"a\",\"rule\":\"b\",\"output_fields\":{}}", A, 0, "b"},
	{"{\"r\\u0075le\":\"b\",\"output_fields\":{}}", A, 0, "b"},
	{"{\"rule\":\"a\",\"output_fields\":{\"rule\":\"inner\"},\"x\":{\"rule\":\"c\"}}", A, 0,
	 "a"},
	{"{\"rule\":\"say \\\"hi\\\", {\",\"output_fields\":{}}", A, 0, "say \"hi\", {"},
	{"{\"rule\":7,\"output_fields\":{}}", A, 0, "7"},
	{"{\"rule\":\"\\ud83d\\ude00\\ud800\",\"output_fields\":[]}", A, 0,
	 "\xf0\x9f\x98\x80\xef\xbf\xbd"},
	{"{\"rule\":\"r\"}", J, 0, "r"},
	{"{\"output_fields\":{}}", J, 0, NULL},
	{"{\"output_fields\":{\"rule\":\"x\"}}", J, 0, NULL},
	{"{\"Rule\":\"r\",\"output_fields\":{}}", J, 0, NULL},
	{"{}", J, 0, NULL},
	{"", T, 0, NULL},
	{" {\"rule\":\"r\",\"output_fields\":{}}", T, 0, NULL},
	{"\xef\xbb\xbf{\"rule\":\"r\",\"output_fields\":{}}", T, 0, NULL},
	{"[1]", T, 0, NULL},
	{"{", B, SAKER_SCAN_TRUNCATED, NULL},
	{"{\"rule\":\"r\",\"output_fields\":{}", B, SAKER_SCAN_TRUNCATED, NULL},
	{"{\"rule\":\"r\",\"output_fields\":{\"a\":\"b", B, SAKER_SCAN_TRUNCATED, NULL},
	{"{\"rule\":\"r\\", B, SAKER_SCAN_TRUNCATED, NULL},
	{"{\"rule\":\"r\\u00", B, SAKER_SCAN_TRUNCATED, NULL},
	{"{\"rule\":tru", B, SAKER_SCAN_TRUNCATED, NULL},
	{"{\"rule\":-", B, SAKER_SCAN_TRUNCATED, NULL},
	{"{\"rule\":\"r\",\"output_fields\":{}}}", B, SAKER_SCAN_TRAILING, NULL},
	{"{\"rule\":\"r\",\"output_fields\":{}} x", B, SAKER_SCAN_TRAILING, NULL},
	{"{\"rule\":\"r\",\"output_fields\":{]}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":\"r\",\"output_fields\":{\"a\":[1}]}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":\"r\" \"output_fields\":{}}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":\"r\",,\"output_fields\":{}}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":\"r\",\"output_fields\":{},}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{rule:\"r\",\"output_fields\":{}}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":nil,\"output_fields\":{}}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":NaN,\"output_fields\":{}}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":\"a\tb\",\"output_fields\":{}}", B, SAKER_SCAN_CONTROL, NULL},
	{"{\"rule\":\"\\x\",\"output_fields\":{}}", B, SAKER_SCAN_ESCAPE, NULL},
	{"{\"rule\":\"\\u12g4\",\"output_fields\":{}}", B, SAKER_SCAN_ESCAPE, NULL},
	{"{\"rule\":01,\"output_fields\":{}}", B, SAKER_SCAN_NUMBER, NULL},
	{"{\"rule\":1.,\"output_fields\":{}}", B, SAKER_SCAN_NUMBER, NULL},
	{"{\"rule\":1e,\"output_fields\":{}}", B, SAKER_SCAN_NUMBER, NULL},
	{"{\"rule\":.5,\"output_fields\":{}}", B, SAKER_SCAN_SYNTAX, NULL},
	{"{\"rule\":1e999,\"output_fields\":{\"n\":123456789012345678901234567890}}", A, 0,
	 "1e999"},
	{"{\"rule\":\"\xff\",\"output_fields\":{}}", B, SAKER_SCAN_UTF8, NULL},
	{"{\"rule\":\"\xed\xa0\x80\",\"output_fields\":{}}", B, SAKER_SCAN_UTF8, NULL},
	{"{\"rule\":\"\xc3\xb6\",\"output_fields\":{}}", A, 0, "\xc3\xb6"},
};

static void check_text(const struct saker_json_slice *s, const char *want)
{
	char buf[256];
	size_t n;

	if (!want) {
		assert_int_equal(s->kind, SAKER_JSON_NONE);
		return;
	}
	n = saker_json_unescape(s, buf, sizeof(buf));
	assert_int_equal(n, strlen(want));
	assert_memory_equal(buf, want, n);
}

/* Once as the end of the data, once with more behind it. */
static void check_case(struct fixture *f, size_t i, int level, bool more)
{
	size_t len = strlen(cases[i].line), room = len + (more ? 40 : 0);
	/* On the heap and no longer than told: a read past the end is found. */
	char *data = malloc(room + 1);
	struct saker_scanned s;

	assert_non_null(data);
	memcpy(data, cases[i].line, len);
	if (more)
		memcpy(data + len, "\n{\"rule\":\"next\",\"output_fields\":{}}\nend", 40);
	data = realloc(data, MAX(room, 1));
	assert_non_null(data);
	if (room == 0) {
		assert_int_equal(saker_alert_scan(f->scanners[level], data, 0, &s), 0);
	} else {
		assert_int_equal(saker_alert_scan(f->scanners[level], data, room, &s), len + more);
		assert_int_equal(s.len, len);
		assert_int_equal(s.kind, cases[i].kind);
		assert_int_equal(s.error, cases[i].error);
		if (s.kind != B)
			check_text(&s.rule, cases[i].rule);
	}
	free(data);
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int level = 0; level < LEVELS; level++) {
			check_case(*state, i, level, false);
			check_case(*state, i, level, true);
		}
	}
}

static void test_values(void **state)
{
	struct fixture *f = *state;
	const char *line =
		"{\"hostname\":\"h\",\"output\":\"o\",\"output_fields\":{\"proc.name\":\"old\"},"
		"\"output_fields\":{\"proc.name\":\"s\\u0068\",\"user.uid\":-1,\"fd.name\":null,"
		"\"\":[1,{}],\"k\\u00f6y\":true},\"priority\":\"Warning\",\"rule\":\"r\","
		"\"source\":\"syscall\",\"tags\":[\"a\"],\"time\":\"t\",\"message\":\"m\"}";
	struct saker_scanned s;

	for (int i = 0; i < LEVELS; i++) {
		saker_alert_scan(f->scanners[i], line, strlen(line), &s);
		assert_int_equal(s.kind, A);
		check_text(&s.hostname, "h");
		check_text(&s.output, "o");
		check_text(&s.priority, "Warning");
		check_text(&s.source, "syscall");
		check_text(&s.tags, "[\"a\"]");
		check_text(&s.time, "t");
		check_text(&s.message, "m");
		check_text(&s.fields[0], "sh");
		check_text(&s.fields[1], "-1");
		assert_int_equal(s.fields[1].kind, SAKER_JSON_NUMBER);
		assert_int_equal(s.fields[2].kind, SAKER_JSON_NULL);
		assert_int_equal(s.fields[3].kind, SAKER_JSON_TRUE);
		check_text(&s.fields[4], "[1,{}]");
		assert_int_equal(s.fields[4].kind, SAKER_JSON_ARRAY);
	}
}

/* A later output_fields that lacks a key, or is no object, makes void what the first had. */
static void test_last_fields(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = {
		"{\"rule\":\"r\",\"output_fields\":{\"proc.name\":\"x\"},\"output_fields\":{}}",
		"{\"rule\":\"r\",\"output_fields\":{\"proc.name\":\"x\"},\"output_fields\":7}",
	};
	struct saker_scanned s;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		saker_alert_scan(f->scanners[0], lines[i], strlen(lines[i]), &s);
		assert_int_equal(s.kind, A);
		assert_int_equal(s.fields[0].kind, SAKER_JSON_NONE);
	}
}

static void test_depth(void **state)
{
	struct fixture *f = *state;
	struct saker_scanned s;

	for (int depth = SAKER_SCAN_MAX_DEPTH - 3; depth < SAKER_SCAN_MAX_DEPTH + 3; depth++) {
		/* The alert is one, output_fields another, then arrays and objects. */
		char *line = malloc(8 * (size_t)depth + 64), *p = line;

		assert_non_null(line);
		p = stpcpy(p, "{\"rule\":\"r\",\"output_fields\":{\"a\":");
		for (int i = 2; i < depth; i++)
			p = stpcpy(p, i % 2 ? "[" : "{\"b\":");
		p = stpcpy(p, "1");
		for (int i = depth - 1; i >= 2; i--)
			p = stpcpy(p, i % 2 ? "]" : "}");
		p = stpcpy(p, "}}");
		for (int i = 0; i < LEVELS; i++) {
			saker_alert_scan(f->scanners[i], line, (size_t)(p - line), &s);
			if (depth <= SAKER_SCAN_MAX_DEPTH) {
				assert_int_equal(s.kind, A);
			} else {
				assert_int_equal(s.kind, B);
				assert_int_equal(s.error, SAKER_SCAN_DEPTH);
			}
		}
		free(line);
	}
}

/* Without strict, a byte that is no UTF-8 loses no alert. */
static void test_lax_utf8(void **state)
{
	struct fixture *f = *state;
	const char *line = "{\"rule\":\"r\",\"output_fields\":{\"proc.cmdline\":\"\xff\xfe\"}}";
	struct saker_scanned s;

	saker_alert_scan(f->lax, line, strlen(line), &s);
	assert_int_equal(s.kind, A);
}

/* Broken UTF-8, as the Unicode standard advises (3.9) and other decoders do: one U+FFFD for each
 * start of a sequence. */
static void test_replaced(void **state)
{
	static const struct {
		const char *bytes, *text;
	} broken[] = {
		{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82}", "\xef\xbf\xbd}"},
		{"\xe2\x82", "\xef\xbf\xbd"},
		{"\xf0\x9f\x98x", "\xef\xbf\xbdx"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"a\xc3\xa9\xc3", "a\xc3\xa9\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct saker_json_slice s = {broken[i].bytes, (uint32_t)strlen(broken[i].bytes),
					     SAKER_JSON_STRING, 0};

		check_text(&s, broken[i].text);
	}
}

static void test_nul(void **state)
{
	struct fixture *f = *state;
	static const char line[] = "{\"rule\":\"a\0b\",\"output_fields\":{}}\n";
	static const char text[] = "\0\0{}\n";
	struct saker_scanned s;

	for (int i = 0; i < LEVELS; i++) {
		assert_int_equal(saker_alert_scan(f->scanners[i], line, sizeof(line) - 1, &s),
				 sizeof(line) - 1);
		assert_int_equal(s.kind, B);
		assert_int_equal(s.error, SAKER_SCAN_CONTROL);
		assert_int_equal(s.error_at, 10);
		saker_alert_scan(f->scanners[i], text, sizeof(text) - 1, &s);
		assert_int_equal(s.kind, T);
	}
}

static void test_arguments(void **state)
{
	struct saker_alert_scanner *s;
	struct saker_scan_options o = SAKER_SCAN_OPTIONS_INIT;
	static const char *const twice[] = {"a", "a"};

	o.fields = twice;
	o.n_fields = 2;
	assert_int_equal(saker_alert_scanner_new(&o, &s), -EEXIST);
	o.n_fields = SAKER_SCAN_MAX_FIELDS + 1;
	assert_int_equal(saker_alert_scanner_new(&o, &s), -E2BIG);
	o.size = 1;
	assert_int_equal(saker_alert_scanner_new(&o, &s), -EINVAL);
	assert_int_equal(saker_alert_scanner_new(NULL, NULL), -EINVAL);
	assert_null(saker_alert_scanner_free(NULL));
	assert_string_equal(saker_scan_error_name(SAKER_SCAN_TRUNCATED), "truncated");
	assert_string_equal(saker_scan_error_name((enum saker_scan_error)99), "?");
}

/* ---- times and priorities ---------------------------------------------------------- */

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns; /* 0 = refused */
	} times[] = {
		{"2026-11-20T18:35:23.178557652Z", UINT64_C(1795199723178557652)},
		{"2026-11-20T18:35:23Z", UINT64_C(1795199723000000000)},
		{"2026-11-20T18:35:23", UINT64_C(1795199723000000000)},
		{"2026-11-20 18:35:23.5", UINT64_C(1795199723500000000)},
		{"2026-11-20T18:35:23.178557652+0000", UINT64_C(1795199723178557652)},
		{"2026-11-20T20:35:23.178557652+02:00", UINT64_C(1795199723178557652)},
		{"2026-11-20T13:05:23.178557652-0530", UINT64_C(1795199723178557652)},
		{"2024-02-29T00:00:00Z", UINT64_C(1709164800000000000)},
		{"1970-01-01T00:00:01Z", UINT64_C(1000000000)},
		{"2023-02-29T00:00:00Z", 0},
		{"2026-13-20T18:35:23Z", 0},
		{"2026-11-20T24:35:23Z", 0},
		{"2026-11-20T18:35:23.Z", 0},
		{"2026-11-20T18:35:23X", 0},
		{"1969-12-31T23:59:59Z", 0},
		{"1970-01-01T00:00:00+01:00", 0},
		{"2262-01-01T00:00:00Z", 0},
		{"18:35:23", 0},
		{"", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t ns = 1;
		int r = saker_alert_time_parse(times[i].text, strlen(times[i].text), &ns);

		assert_int_equal(r, times[i].ns ? 0 : -EINVAL);
		if (r == 0)
			assert_int_equal(ns, times[i].ns);
	}
}

static void test_priorities(void **state)
{
	enum saker_priority p;

	for (int i = 0; i < 8; i++) {
		const char *name = saker_priority_name((enum saker_priority)i);

		assert_int_equal(saker_alert_priority_parse(name, strlen(name), &p), 0);
		assert_int_equal(p, i);
	}
	assert_int_equal(saker_alert_priority_parse("WARNING", 7, &p), 0);
	assert_int_equal(p, SAKER_PRIORITY_WARNING);
	assert_int_equal(saker_alert_priority_parse("Warn", 3, &p), -EINVAL);
}

/* ---- lines that nobody thought of: against jansson --------------------------------------- */

struct maker {
	uint64_t seed;
	char line[8192];
	size_t len;
};

static uint32_t any(struct maker *m, uint32_t n)
{
	m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(m->seed >> 33) % n;
}

static void put(struct maker *m, const char *s)
{
	size_t n = strlen(s);

	if (m->len + n > sizeof(m->line) / 2)
		return;
	memcpy(m->line + m->len, s, n);
	m->len += n;
}

static void put_blank(struct maker *m)
{
	static const char *const blanks[] = {"", "", "", " ", "\t", "  \r"};

	put(m, blanks[any(m, ARRAY_SIZE(blanks))]);
}

static void put_string(struct maker *m)
{
	static const char *const parts[] = {
		"",
		"a",
		"rule",
		"{",
		"}",
		"[",
		"]",
		",",
		":",
		"\\\"",
		"\\\\",
		"\\n",
		"\\u0041",
		"\\u00e9",
		"\\/",
		"proc.",
		"x y",
		"\xc3\xa9",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"'",
		"0123456789012345678901234567890123456789",
		"\\\\\\\"",
	};

	put(m, "\"");
	for (uint32_t n = any(m, 5); n; n--)
		put(m, parts[any(m, ARRAY_SIZE(parts))]);
	put(m, "\"");
}

static void put_value(struct maker *m, int depth);

static void put_members(struct maker *m, int depth, bool object)
{
	static const char *const keys[] = {
		"\"rule\"",	 "\"output_fields\"", "\"time\"",    "\"priority\"",
		"\"proc.name\"", "\"user.uid\"",      "\"fd.name\"", "\"ru\\u006ce\"",
		"\"hostname\"",	 "\"tags\"",	      "\"\"",	     "\"k\\u00f6y\"",
		"\"source\"",	 "\"output\"",
	};

	put(m, object ? "{" : "[");
	put_blank(m);
	for (uint32_t n = any(m, 6), i = 0; i < n; i++) {
		if (i) {
			put(m, ",");
			put_blank(m);
		}
		if (object) {
			if (any(m, 8))
				put(m, keys[any(m, ARRAY_SIZE(keys))]);
			else
				put_string(m);
			put_blank(m);
			put(m, ":");
			put_blank(m);
		}
		put_value(m, depth + 1);
		put_blank(m);
	}
	put(m, object ? "}" : "]");
}

static void put_value(struct maker *m, int depth)
{
	static const char *const words[] = {"true", "false", "null", "0",    "-1",   "12",
					    "1.5",  "-0.25", "1e3",  "2E-2", "3e+1", "100"};

	switch (any(m, depth > 5 ? 2 : 5)) {
	case 0:
		put(m, words[any(m, ARRAY_SIZE(words))]);
		break;
	case 1:
	case 2:
		put_string(m);
		break;
	case 3:
		put_members(m, depth, true);
		break;
	default:
		put_members(m, depth, any(m, 2));
	}
}

/* Half of them are alerts if nothing happens to them. */
static void make(struct maker *m)
{
	m->len = 0;
	if (any(m, 2)) {
		put_members(m, 0, true);
		return;
	}
	put(m, "{\"hostname\":");
	put_value(m, 4);
	put(m, ",\"output_fields\":");
	put_members(m, 1, true);
	put(m, ",\"rule\":");
	put_value(m, 3);
	if (any(m, 2))
		put(m, ",\"time\":\"2026-11-20T18:35:23.178557652Z\"");
	put(m, "}");
}

static void damage(struct maker *m)
{
	static const char bytes[] = "{}[]\",:\\ \t\r019.eE+-tfnu/a\x01\x00\x7f\x80\xc3\xa9\xff";

	for (uint32_t n = any(m, 4); n && m->len; n--) {
		size_t at = any(m, (uint32_t)m->len);

		switch (any(m, 5)) {
		case 0:
			m->line[at] = bytes[any(m, sizeof(bytes))];
			break;
		case 1:
			m->len = at;
			break;
		case 2:
			memmove(m->line + at, m->line + at + 1, m->len - at - 1);
			m->len--;
			break;
		case 3: {
			/* A piece again, somewhere else: as two writers into one file. */
			size_t from = any(m, (uint32_t)m->len);
			size_t k = MIN(1 + any(m, 30), m->len - from);

			memmove(m->line + at + k, m->line + at, m->len - at);
			memmove(m->line + at, m->line + (from >= at ? from + k : from),
				MIN(k, m->len - from));
			m->len += k;
			break;
		}
		default:
			memmove(m->line + at + 1, m->line + at, m->len - at);
			m->line[at] = bytes[any(m, sizeof(bytes))];
			m->len++;
		}
	}
	for (size_t i = 0; i < m->len; i++) {
		if (m->line[i] == '\n')
			m->line[i] = ' ';
	}
}

/* What jansson says of a string or number, as the scanner's text would have it. */
static void check_value(const struct saker_json_slice *s, const json_t *v)
{
	char buf[8192 * 3];
	size_t n;

	if (!v) {
		assert_int_equal(s->kind, SAKER_JSON_NONE);
		return;
	}
	switch (json_typeof(v)) {
	case JSON_STRING:
		assert_int_equal(s->kind, SAKER_JSON_STRING);
		n = saker_json_unescape(s, buf, sizeof(buf));
		assert_int_equal(n, json_string_length(v));
		assert_memory_equal(buf, json_string_value(v), n);
		assert_int_equal(s->escaped, memchr(s->text, '\\', s->len) != NULL);
		break;
	case JSON_INTEGER:
	case JSON_REAL: {
		char *end;

		assert_int_equal(s->kind, SAKER_JSON_NUMBER);
		snprintf(buf, sizeof(buf), "%.*s", (int)s->len, s->text);
		assert_true(strtod(buf, &end) == json_number_value(v));
		assert_int_equal(*end, 0);
		break;
	}
	case JSON_OBJECT:
	case JSON_ARRAY: {
		json_t *again = json_loadb(s->text, s->len, JSON_ALLOW_NUL, NULL);

		assert_int_equal(s->kind, json_is_object(v) ? SAKER_JSON_OBJECT : SAKER_JSON_ARRAY);
		assert_non_null(again);
		assert_true(json_equal(again, v));
		json_decref(again);
		break;
	}
	default:
		assert_int_equal(s->kind, json_is_true(v)    ? SAKER_JSON_TRUE
					  : json_is_false(v) ? SAKER_JSON_FALSE
							     : SAKER_JSON_NULL);
	}
}

static bool contains(const struct maker *m, const char *s)
{
	return memmem(m->line, m->len, s, strlen(s)) != NULL;
}

static void check_same_slice(const struct saker_json_slice *a, const struct saker_json_slice *b)
{
	assert_ptr_equal(a->text, b->text);
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->kind, b->kind);
	if (a->kind)
		assert_int_equal(a->escaped, b->escaped);
}

static void check_same(const struct saker_scanned *a, const struct saker_scanned *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->error, b->error);
	assert_int_equal(a->error_at, b->error_at);
	assert_int_equal(a->len, b->len);
	check_same_slice(&a->rule, &b->rule);
	check_same_slice(&a->time, &b->time);
	check_same_slice(&a->output_fields, &b->output_fields);
}

/*
 * Containers are looked at in blocks: what stands in them is moved over the edges of those,
 * a byte at a time.
 */
static void test_blocks(void **state)
{
	static const struct {
		const char *members;
		bool good;
	} inside[] = {
		{"\"a\":1", true},
		{"\"a\":-1.5e+3,\"b\":null", true},
		{"\"a\" : true , \"b\":\"\"", true},
		{"\"a\":   \"b\"   ", true},
		{"\"a\":\"\\\\\\\"\",\"b\":\"\\u00e9\\\\\"", true},
		{"\"a\":\"{[,:]}\"", true},
		{"\"a\":\t1", true},
		{"\"a\":{\"b\":[]}", true},
		{"\"a\":01", false},
		{"\"a\":1 2", false},
		{"\"a\":1\"b\":2", false},
		{"\"a\":\"b\"\"c\":2", false},
		{"\"a\" \"b\":2", false},
		{"\"a\"", false},
		{"\"a\",\"b\":1", false},
		{"\"a\":1,", false},
		{"\"a\":,\"b\":1", false},
		{"\"a\"::1", false},
		{"\"a\":1:2", false},
		{"1:2", false},
		{"true:2", false},
		{"\"a\":truest", false},
		{"\"a\":nul", false},
		{"\"a\":\"\\x\"", false},
		{"\"a\":\"\\u12g4\"", false},
		{"\"a\":\"\\\"", false},
		{"\"a\":\"\x01\"", false},
		{"\"a\":]", false},
		{"\"a\":[1}", false},
		{"\x01\"a\":1", false},
	};
	struct fixture *f = *state;
	struct saker_scanned s, other;
	char line[512];

	for (size_t i = 0; i < ARRAY_SIZE(inside) * 140; i++) {
		int pad = (int)(i % 140), len;
		const char *members = inside[i / 140].members;

		len = snprintf(line, sizeof(line),
			       "{\"rule\":\"r\",\"output_fields\":{\"%0*d\":\"\",%s},\"tags\":"
			       "[\"%0*d\",null, 1],\"time\":\"%0100d\"}\n{\"x\":1}",
			       pad, 0, members, pad, 0, 0);
		saker_alert_scan(f->scanners[0], line, (size_t)len, &s);
		if ((s.kind == A) != inside[i / 140].good)
			print_error("%s\n", line);
		assert_int_equal(s.kind, inside[i / 140].good ? A : B);
		for (int level = 1; level < LEVELS; level++) {
			saker_alert_scan(f->scanners[level], line, (size_t)len, &other);
			check_same(&s, &other);
		}
		saker_alert_scan(f->lax, line, (size_t)len, &other);
		check_same(&s, &other);
	}
}

/* Returns whether jansson could be asked at all. */
static bool check_line(struct fixture *f, const struct maker *m, bool *ret_good)
{
	struct saker_scanned s, other;
	json_error_t error;
	json_t *whole;

	if (m->len == 0)
		return false;
	saker_alert_scan(f->scanners[2], m->line, m->len, &s);
	for (int i = 0; i < 2; i++) {
		saker_alert_scan(f->scanners[i], m->line, m->len, &other);
		check_same(&s, &other);
	}
	if (*m->line != '{')
		return false;
	/*
	 * Where jansson is narrower than JSON (lone surrogates, NUL in keys, ranges), or
	 * wider: it swallows a NUL behind a number.
	 */
	if (memchr(m->line, 0, m->len) || contains(m, "\\ud") || contains(m, "\\uD") ||
	    contains(m, "\\u0000"))
		return false;
	whole = json_loadb(m->line, m->len, JSON_ALLOW_NUL, &error);
	if (!whole && json_error_code(&error) == json_error_numeric_overflow)
		return false;
	if (!whole && strstr(error.text, "integer"))
		return false;
	if ((whole != NULL) != (s.kind != B))
		print_error("%.*s\nis %s, %s at %u\n", (int)m->len, m->line,
			    whole ? "good" : error.text, saker_scan_error_name(s.error),
			    s.error_at);
	assert_int_equal(whole != NULL, s.kind != B);
	*ret_good = whole != NULL;
	if (!whole)
		return true;
	assert_int_equal(s.kind == A,
			 json_object_get(whole, "rule") && json_object_get(whole, "output_fields"));
	check_value(&s.rule, json_object_get(whole, "rule"));
	check_value(&s.time, json_object_get(whole, "time"));
	check_value(&s.priority, json_object_get(whole, "priority"));
	check_value(&s.hostname, json_object_get(whole, "hostname"));
	check_value(&s.tags, json_object_get(whole, "tags"));
	check_value(&s.output_fields, json_object_get(whole, "output_fields"));
	saker_alert_scan(f->scanners[2], m->line, m->len, &s);
	for (uint32_t i = 0; i < s.n_fields; i++)
		check_value(&s.fields[i],
			    json_object_get(json_object_get(whole, "output_fields"), wanted[i]));
	json_decref(whole);
	return true;
}

static void test_against_jansson(void **state)
{
	static struct maker m = {.seed = 20261127};
	unsigned int asked = 0, good = 0;
	bool is_good = false;

	for (int i = 0; i < 60000; i++) {
		make(&m);
		if (any(&m, 3))
			damage(&m);
		if (check_line(*state, &m, &is_good)) {
			asked++;
			good += is_good;
		}
	}
	/* Enough of both, else it would be no test. */
	assert_in_range(good, 15000, 50000);
	assert_in_range(asked - good, 8000, 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),	    cmocka_unit_test(test_values),
		cmocka_unit_test(test_last_fields), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_lax_utf8),    cmocka_unit_test(test_nul),
		cmocka_unit_test(test_arguments),   cmocka_unit_test(test_times),
		cmocka_unit_test(test_priorities),  cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_replaced),    cmocka_unit_test(test_against_jansson),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
