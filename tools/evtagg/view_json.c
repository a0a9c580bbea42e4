/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object: what was read, what was asked, the rows. */
#include "view.h"

static void put_string(FILE *out, const char *name, struct text t)
{
	fprintf(out, "\"%s\":", name);
	put_json_text(out, t);
}

static void put_time(FILE *out, const char *name, uint64_t ns)
{
	char time[40];

	if (ns)
		fprintf(out, "\"%s\":\"%s\"", name, format_time_iso(ns, time, sizeof(time)));
	else
		fprintf(out, "\"%s\":null", name);
}

static void put_u64(FILE *out, const char *name, uint64_t n)
{
	fprintf(out, "\"%s\":%llu", name, (unsigned long long)n);
}

static void put_key(FILE *out, const struct result_key *key)
{
	if (key->kind == SAKER_JSON_NONE)
		fputs("null", out);
	else if (key->kind == SAKER_JSON_STRING)
		put_json_text(out, key->text);
	else if (key->text.len)
		put_utf8(out, key->text);
	else
		fputs("null", out);
}

static void put_series(FILE *out, const uint32_t *v, uint32_t n)
{
	fputs("\"timeline\":[", out);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "%s%u", i ? "," : "", v[i]);
	fputs("]", out);
}

static void put_distinct(FILE *out, const struct result *r, const struct result_row *row)
{
	if (!r->n_distinct)
		return;
	fputs(",\"distinct\":{", out);
	for (uint32_t i = 0; i < r->n_distinct; i++) {
		fputs(i ? "," : "", out);
		put_json_text(out, text_of(r->distinct[i]));
		fprintf(out, ":%llu", (unsigned long long)row->distinct[i]);
	}
	fprintf(out, "},\"distinct_exact\":%s", row->distinct_exact ? "true" : "false");
}

static void put_row(FILE *out, const struct result *r, const struct result_row *row)
{
	fputs("{\"key\":{", out);
	for (uint32_t i = 0; i < r->n_by; i++) {
		fputs(i ? "," : "", out);
		put_json_text(out, text_of(r->by[i]));
		putc(':', out);
		put_key(out, &row->keys[i]);
	}
	fputs("},", out);
	put_u64(out, "count", row->count);
	putc(',', out);
	put_u64(out, "count_error", row->error);
	putc(',', out);
	put_string(out, "priority", row->priority_text);
	putc(',', out);
	put_time(out, "first", row->first);
	putc(',', out);
	put_time(out, "last", row->last);
	putc(',', out);
	put_string(out, "last_time", row->last_time);
	fprintf(out, ",\"per_hour\":%.3f,\"burst\":%llu,", row->per_hour,
		(unsigned long long)row->burst);
	put_time(out, "burst_at", row->burst_at);
	fprintf(out, ",\"hosts\":%llu,\"hosts_exact\":%s", (unsigned long long)row->hosts,
		row->hosts_exact ? "true" : "false");
	put_distinct(out, r, row);
	putc(',', out);
	put_string(out, "last_host", row->last_host);
	putc(',', out);
	put_string(out, "last_output", row->last_output);
	fputs(",\"last_fields\":", out);
	/* As written: the scanner held it against the grammar. */
	if (row->last_fields.len)
		put_utf8(out, row->last_fields);
	else
		fputs("null", out);
	if (row->timeline) {
		putc(',', out);
		put_series(out, row->timeline, r->n_buckets);
	}
	putc('}', out);
}

static void put_stats(FILE *out, const struct scan_stats *s)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {
		{"lines", s->lines},
		{"bytes", s->bytes},
		{"alerts", s->alerts},
		{"selected", s->selected},
		{"text", s->text},
		{"json", s->json},
		{"broken", s->broken},
		{"too_long", s->too_long},
		{"no_time", s->no_time},
		{"dropped", s->dropped},
		{"reconnects", s->reconnects},
		{"input_errors", s->input_errors},
	};

	fputs("\"read\":{", out);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		fputs(i ? "," : "", out);
		put_u64(out, counts[i].name, counts[i].n);
	}
	putc('}', out);
}

static int render(FILE *out, const struct result *r, const struct view_options *options)
{
	putc('{', out);
	put_stats(out, &r->stats);
	fprintf(out, ",\"exact\":%s,", r->exact ? "true" : "false");
	put_u64(out, "max_error", r->max_error);
	fprintf(out, ",\"distinct_error\":%.4f,", r->distinct_error);
	put_u64(out, "groups", r->n_groups);
	putc(',', out);
	put_time(out, "first", r->first);
	putc(',', out);
	put_time(out, "last", r->last);
	if (r->timeline) {
		putc(',', out);
		put_time(out, "timeline_start", r->timeline_start);
		fprintf(out, ",\"bucket_seconds\":%g,", (double)r->bucket / 1e9);
		put_series(out, r->timeline, r->n_buckets);
	}
	fputs(",\"rows\":[", out);
	for (uint32_t i = 0; i < r->n_rows; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_row(out, r, &r->rows[i]);
	}
	fputs("\n]}\n", out);
	return ferror(out) ? -EIO : 0;
}

const struct view view_json = {
	.name = "json",
	.summary = "one JSON object",
	.render = render,
};
