/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of arbitrary bytes: each walk says the same of them, slices stay inside the
 * line, what is taken apart is all there is, and what reads as an alert is written and
 * read again as the same alert.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <saker/alert_reader.h>

#define LEVELS 3

static const char *const wanted[] = {"proc.name", "a", ""};

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_slice(const struct saker_scanned *s, const struct saker_json_slice *v)
{
	char small[64];

	if (v->kind == SAKER_JSON_NONE)
		return;
	require(v->text >= s->line && v->text + v->len <= s->line + s->len);
	require(saker_json_unescape(v, NULL, 0) <= 3 * (size_t)v->len);
	saker_json_unescape(v, small, sizeof(small));
}

static size_t check_members(const struct saker_scanned *s, const struct saker_json_slice *v,
			    int depth)
{
	struct saker_json_slice key, value;
	struct saker_json_iter it;
	size_t n = 0;

	saker_json_iter_init(&it, v);
	while (saker_json_iter_next(&it, &key, &value)) {
		check_slice(s, &key);
		check_slice(s, &value);
		require(value.kind != SAKER_JSON_NONE);
		if (depth < 3)
			check_members(s, &value, depth + 1);
		n++;
	}
	return n;
}

static void check_same(const struct saker_scanned *a, const struct saker_scanned *b)
{
	require(a->kind == b->kind && a->error == b->error && a->error_at == b->error_at);
	require(a->len == b->len && a->rule.text == b->rule.text && a->rule.len == b->rule.len);
	require(a->output_fields.text == b->output_fields.text);
	require(a->output_fields.len == b->output_fields.len);
	for (uint32_t i = 0; i < a->n_fields; i++)
		require(a->fields[i].text == b->fields[i].text);
}

static void check_read(const char *line, size_t len, enum saker_line_kind kind)
{
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert_reader *reader, *again;
	struct saker_alert a, b;
	char *out;
	size_t n;
	int r;

	require(saker_alert_reader_new(NULL, &reader) == 0);
	require(saker_alert_reader_new(NULL, &again) == 0);
	r = saker_alert_read(reader, line, len, &a);
	require((kind == SAKER_LINE_ALERT) <= (r == 1));
	if (r == 1) {
		f.json = true;
		n = saker_alert_write(&a, &f, NULL, 0);
		out = malloc(n + 1);
		require(out != NULL);
		saker_alert_write(&a, &f, out, n + 1);
		require(saker_alert_read(again, out, n, &b) == 1);
		require(a.time == b.time && a.priority == b.priority && a.n_tags == b.n_tags);
		free(out);
	}
	saker_alert_reader_free(again);
	saker_alert_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saker_alert_scanner *scanners[LEVELS];
	struct saker_scanned s[LEVELS];
	struct saker_scan_options o = SAKER_SCAN_OPTIONS_INIT;
	const char *text = (const char *)data;
	size_t at = 0;

	if (!size)
		return 0;
	o.fields = wanted;
	o.n_fields = sizeof(wanted) / sizeof(wanted[0]);
	o.strict = size & 1;
	for (int i = 0; i < LEVELS; i++) {
		o.level = (uint8_t)(i + 1);
		require(saker_alert_scanner_new(&o, &scanners[i]) == 0);
	}
	while (at < size) {
		size_t n = saker_alert_scan(scanners[0], text + at, size - at, &s[0]);

		require(n > 0 && n <= size - at && s[0].len <= n);
		for (int i = 1; i < LEVELS; i++) {
			require(saker_alert_scan(scanners[i], text + at, size - at, &s[i]) == n);
			check_same(&s[0], &s[i]);
		}
		if (s[0].kind == SAKER_LINE_ALERT || s[0].kind == SAKER_LINE_JSON) {
			struct saker_json_slice whole = {s[0].line, s[0].len, SAKER_JSON_OBJECT, 0};

			while (whole.len && whole.text[whole.len - 1] != '}')
				whole.len--;
			check_slice(&s[0], &s[0].rule);
			check_slice(&s[0], &s[0].time);
			require(check_members(&s[0], &whole, 0) > 0 ||
				s[0].kind == SAKER_LINE_JSON);
		}
		check_read(text + at, s[0].len, s[0].kind);
		at += n;
	}
	for (int i = 0; i < LEVELS; i++)
		saker_alert_scanner_free(scanners[i]);
	return 0;
}
