/* SPDX-License-Identifier: Apache-2.0 */
/* The table on a terminal: as wide as its cells, the last column cut to what is left. */
#include "view.h"

#define MAX_CELLS 48
#define MAX_KEY_WIDTH 60
#define LEAST_OUTPUT 20

enum align { LEFT, RIGHT };

struct cell {
	struct text text;
	char own[64]; /* what text points to when it is a number */
};

struct table {
	const struct result *result;
	const struct view_options *options;
	struct {
		const char *title;
		enum align align;
		size_t width;
	} columns[MAX_CELLS];
	uint32_t n;
	struct cell cells[MAX_CELLS]; /* of the row that is being made */
};

static void title(struct table *t, const char *text, enum align align)
{
	t->columns[t->n].title = text;
	t->columns[t->n].align = align;
	t->columns[t->n++].width = strlen(text);
}

static const char *title_of(const char *column)
{
	return util_streq(column, "rule") ? "Rule" : column;
}

static void titles(struct table *t)
{
	const struct result *r = t->result;

	for (uint32_t i = 0; i < r->n_by; i++)
		title(t, title_of(r->by[i]), LEFT);
	title(t, "Count", RIGHT);
	title(t, "Priority", LEFT);
	for (uint32_t i = 0; i < r->n_distinct; i++)
		title(t, r->distinct[i], RIGHT);
	if (t->options->hosts)
		title(t, "Hosts", RIGHT);
	if (t->options->rate) {
		title(t, "Per hour", RIGHT);
		title(t, "Burst", RIGHT);
	}
	if (t->options->first)
		title(t, "First", LEFT);
	title(t, "Last timestamp", LEFT);
	if (t->options->output)
		title(t, "Last occurrence", LEFT);
}

static void put_cell(struct table *t, uint32_t *at, struct text text)
{
	t->cells[(*at)++].text = text;
}

_printf_(3, 4) static void put_number(struct table *t, uint32_t *at, const char *format, ...)
{
	struct cell *c = &t->cells[(*at)++];
	va_list ap;

	va_start(ap, format);
	vsnprintf(c->own, sizeof(c->own), format, ap);
	va_end(ap);
	c->text = text_of(c->own);
}

static void put_time(struct table *t, uint32_t *at, uint64_t ns)
{
	format_time_iso(ns, t->cells[*at].own, sizeof(t->cells[*at].own));
	t->cells[*at].text = text_of(t->cells[*at].own);
	(*at)++;
}

static void make_row(struct table *t, const struct result_row *row)
{
	const struct result *r = t->result;
	char count[32];
	uint32_t at = 0;

	for (uint32_t i = 0; i < r->n_by; i++)
		put_cell(t, &at, result_key_text(&row->keys[i]));
	format_count(row->count, count, sizeof(count));
	put_number(t, &at, "%s%s", row->error ? "<=" : "", count);
	put_cell(t, &at, row->priority_text);
	for (uint32_t i = 0; i < r->n_distinct; i++)
		put_number(t, &at, "%s%llu", row->distinct_exact ? "" : "~",
			   (unsigned long long)row->distinct[i]);
	if (t->options->hosts)
		put_number(t, &at, "%s%llu", row->hosts_exact ? "" : "~",
			   (unsigned long long)row->hosts);
	if (t->options->rate) {
		put_number(t, &at, "%.1f", row->per_hour);
		put_number(t, &at, "%llu", (unsigned long long)row->burst);
	}
	if (t->options->first)
		put_time(t, &at, row->first);
	put_cell(t, &at, row->last_time);
	if (t->options->output)
		put_cell(t, &at, row->last_output);
}

static void measure(struct table *t)
{
	uint32_t last = t->options->output ? t->n - 1 : t->n;
	size_t used = 0;

	for (uint32_t i = 0; i < t->result->n_rows; i++) {
		make_row(t, &t->result->rows[i]);
		for (uint32_t k = 0; k < t->n; k++) {
			size_t width = text_width(t->cells[k].text);

			if (k < t->result->n_by && t->options->width)
				width = MIN(width, MAX_KEY_WIDTH);
			t->columns[k].width = MAX(t->columns[k].width, width);
		}
	}
	if (!t->options->width || last == t->n)
		return;
	for (uint32_t k = 0; k < last; k++)
		used += t->columns[k].width + 3;
	t->columns[last].width =
		used + LEAST_OUTPUT < t->options->width ? t->options->width - used : LEAST_OUTPUT;
}

static void pad(FILE *out, size_t n)
{
	while (n--)
		putc(' ', out);
}

static void print_cell(FILE *out, const struct table *t, uint32_t k, struct text text,
		       const char *colour)
{
	size_t width = t->columns[k].width, used = MIN(text_width(text), width);

	if (k)
		fputs(" | ", out);
	if (t->columns[k].align == RIGHT)
		pad(out, width - used);
	fputs(colour, out);
	used = put_text_cut(out, text, width);
	if (*colour)
		fputs("\033[0m", out);
	if (t->columns[k].align == LEFT && k + 1 < t->n)
		pad(out, width - MIN(used, width));
}

static void print_head(FILE *out, const struct table *t)
{
	const char *bold = t->options->colour ? "\033[1m" : "";

	for (uint32_t k = 0; k < t->n; k++)
		print_cell(out, t, k, text_of(t->columns[k].title), bold);
	putc('\n', out);
	for (uint32_t k = 0; k < t->n; k++) {
		size_t width = k + 1 < t->n ? t->columns[k].width : strlen(t->columns[k].title);

		fputs(k ? "-+-" : "", out);
		while (width--)
			putc('-', out);
	}
	putc('\n', out);
}

/* Eight heights of a bar, for the time line. */
static void print_timeline(FILE *out, const struct result *r)
{
	static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	char from[32], to[32], width[24];
	uint32_t most = 1;

	if (!r->timeline)
		return;
	for (uint32_t i = 0; i < r->n_buckets; i++)
		most = MAX(most, r->timeline[i]);
	fprintf(out, "\n%s to %s, a column is %s, the highest %u alerts\n",
		format_time(r->timeline_start, from, sizeof(from)),
		format_time(r->timeline_start + r->n_buckets * r->bucket, to, sizeof(to)),
		format_duration(r->bucket, width, sizeof(width)), most);
	for (uint32_t i = 0; i < r->n_buckets; i++)
		fputs(bars[r->timeline[i] ? 1 + (uint64_t)r->timeline[i] * 7 / most : 0], out);
	putc('\n', out);
}

static void print_foot(FILE *out, const struct result *r)
{
	char groups[32], count[32];

	if (r->n_rows < r->n_groups)
		fprintf(out, "%u of %s%s groups, %s alerts behind all\n", r->n_rows,
			r->exact ? "" : "about ", format_count(r->n_groups, groups, sizeof(groups)),
			format_count(r->selected, count, sizeof(count)));
	if (!r->exact)
		fprintf(out,
			"Memory was full: counts with <= are upper bounds, by at most %s too "
			"high; what is not shown had at most as many.\n",
			format_count(r->max_error, count, sizeof(count)));
}

static int render(FILE *out, const struct result *result, const struct view_options *options)
{
	struct table t = {.result = result, .options = options};

	titles(&t);
	measure(&t);
	print_head(out, &t);
	for (uint32_t i = 0; i < result->n_rows; i++) {
		const struct result_row *row = &result->rows[i];

		make_row(&t, row);
		for (uint32_t k = 0; k < t.n; k++)
			print_cell(out, &t, k, t.cells[k].text,
				   k == result->n_by + 1
					   ? view_priority_colour(row->priority, options->colour)
					   : "");
		putc('\n', out);
	}
	print_timeline(out, result);
	print_foot(out, result);
	return ferror(out) ? -EIO : 0;
}

const struct view view_table = {
	.name = "table",
	.summary = "a table for a terminal",
	.render = render,
};
