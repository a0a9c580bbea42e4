/* SPDX-License-Identifier: Apache-2.0 */
/* Comma-separated values (RFC 4180), with a head; and the same table in Markdown. */
#include "view.h"

static void put_csv(FILE *out, struct text t)
{
	bool quote = t.len && (memchr(t.p, ',', t.len) || memchr(t.p, '"', t.len) ||
			       memchr(t.p, '\n', t.len) || memchr(t.p, '\r', t.len));

	/* A spreadsheet takes such a cell for a formula, and alerts carry what attackers wrote. */
	if (t.len && strchr("=+-@\t", *t.p) && !(t.len > 1 && *t.p == '-' && t.p[1] <= '9'))
		fputs(quote ? "\"'" : "'", out);
	else if (quote)
		putc('"', out);
	for (uint32_t i = 0; i < t.len; i++) {
		if (t.p[i] == '"')
			putc('"', out);
		putc(t.p[i], out);
	}
	if (quote)
		putc('"', out);
}

static void put_markdown(FILE *out, struct text t)
{
	for (uint32_t i = 0; i < t.len; i++) {
		if (t.p[i] == '\n' || t.p[i] == '\r')
			putc(' ', out);
		else if (strchr("|\\`*_<>[]", t.p[i]) && t.p[i])
			fprintf(out, "\\%c", t.p[i]);
		else
			put_text(out, (struct text){t.p + i, 1});
	}
}

struct style {
	void (*put)(FILE *out, struct text t);
	const char *start, *between, *end;
};

static const struct style csv = {put_csv, "", ",", "\r\n"};
static const struct style markdown = {put_markdown, "| ", " | ", " |\n"};

static void put_head(FILE *out, const struct result *r, const struct style *s, bool line)
{
	static const char *const rest[] = {"count", "priority",	 "hosts",      "first",
					   "last",  "last_time", "last_output"};

	fputs(s->start, out);
	for (uint32_t i = 0; i < r->n_by; i++) {
		if (line)
			fputs("---", out);
		else
			s->put(out, text_of(r->by[i]));
		fputs(s->between, out);
	}
	for (uint32_t i = 0; i < r->n_distinct; i++) {
		if (line)
			fputs("--:", out);
		else
			fprintf(out, "distinct %s", r->distinct[i]);
		fputs(s->between, out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
		fputs(line ? (i == 0 || i == 2 ? "--:" : "---") : rest[i], out);
		fputs(i + 1 < ARRAY_SIZE(rest) ? s->between : s->end, out);
	}
}

static void put_row(FILE *out, const struct result *r, const struct result_row *row,
		    const struct style *s)
{
	char first[40], last[40];

	fputs(s->start, out);
	for (uint32_t i = 0; i < r->n_by; i++) {
		s->put(out, row->keys[i].text);
		fputs(s->between, out);
	}
	for (uint32_t i = 0; i < r->n_distinct; i++)
		fprintf(out, "%llu%s", (unsigned long long)row->distinct[i], s->between);
	fprintf(out, "%llu%s", (unsigned long long)row->count, s->between);
	s->put(out, row->priority_text);
	fprintf(out, "%s%llu%s%s%s%s%s", s->between, (unsigned long long)row->hosts, s->between,
		format_time_iso(row->first, first, sizeof(first)), s->between,
		format_time_iso(row->last, last, sizeof(last)), s->between);
	s->put(out, row->last_time);
	fputs(s->between, out);
	s->put(out, row->last_output);
	fputs(s->end, out);
}

static int render(FILE *out, const struct result *r, const struct style *s)
{
	put_head(out, r, s, false);
	if (s == &markdown)
		put_head(out, r, s, true);
	for (uint32_t i = 0; i < r->n_rows; i++)
		put_row(out, r, &r->rows[i], s);
	return ferror(out) ? -EIO : 0;
}

static int render_csv(FILE *out, const struct result *r, const struct view_options *options)
{
	return render(out, r, &csv);
}

static int render_markdown(FILE *out, const struct result *r, const struct view_options *options)
{
	return render(out, r, &markdown);
}

const struct view view_csv = {
	.name = "csv",
	.summary = "comma-separated values",
	.render = render_csv,
};

const struct view view_markdown = {
	.name = "markdown",
	.summary = "a table in Markdown",
	.render = render_markdown,
};
