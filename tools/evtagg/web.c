/* SPDX-License-Identifier: Apache-2.0 */
/* Pages and JSON for browsers. All that comes from alerts goes out as JSON, in scripts as text. */
#include "view.h"
#include "web.h"

#define SPARK_ROWS 200 /* rows that get their alerts over time */

void web_page(struct textbuf *b, const char *title, const char *script, const char *policy,
	      const struct textbuf *data)
{
	textbuf_printf(b,
		       "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
		       "<title>%s</title>\n<style>\n",
		       policy, title);
	textbuf_puts(b, web_style_css);
	textbuf_puts(b, "</style></head><body><noscript>This page needs JavaScript, which is all "
			"inside of it.</noscript>\n<main id=\"main\"></main>\n");
	if (data) {
		textbuf_puts(b, "<script type=\"application/json\" id=\"data\">");
		/* In JSON these stand in strings only: none of them can end the script. */
		for (size_t i = 0; i < data->len; i++) {
			char c = data->p[i];

			if (c == '<' || c == '>' || c == '&')
				textbuf_printf(b, "\\u%04x", c);
			else
				textbuf_put(b, &c, 1);
		}
		textbuf_puts(b, "</script>\n");
	}
	textbuf_puts(b, "<script>\n");
	textbuf_puts(b, web_chart_js);
	textbuf_puts(b, script);
	textbuf_puts(b, "</script></body></html>\n");
}

static void put_series(struct textbuf *b, const uint32_t *v, uint32_t n)
{
	textbuf_puts(b, "[");
	for (uint32_t i = 0; i < n; i++)
		textbuf_printf(b, "%s%u", i ? "," : "", v[i]);
	textbuf_puts(b, "]");
}

static void put_cell(struct textbuf *b, const struct grid_column *column,
		     const struct grid_cell *cell)
{
	if (!column->number) {
		textbuf_json(b, cell->text);
		return;
	}
	textbuf_puts(b, "[");
	textbuf_json(b, cell->text);
	textbuf_printf(b, ",%llu]", (unsigned long long)cell->number);
}

static void put_steps(struct textbuf *b, const struct grid_row *row)
{
	textbuf_puts(b, "[");
	for (uint32_t i = 0; i < row->n_steps; i++) {
		const struct path_step *s = &row->steps[i];

		textbuf_puts(b, i ? ",[" : "[");
		textbuf_json(b, text_of(s->column));
		textbuf_printf(b, ",%u,", s->kind);
		textbuf_json(b, s->value);
		textbuf_puts(b, "]");
	}
	textbuf_puts(b, "]");
}

static void put_row(struct textbuf *b, const struct grid *grid, const struct grid_row *row)
{
	textbuf_puts(b, "{\"cells\":[");
	for (uint32_t i = 0; i < grid->n_columns; i++) {
		textbuf_puts(b, i ? "," : "");
		put_cell(b, &grid->columns[i], &row->cells[i]);
	}
	textbuf_puts(b, "],\"steps\":");
	put_steps(b, row);
	textbuf_printf(b, ",\"priority\":%u,\"marked\":%s", row->priority,
		       row->marked ? "true" : "false");
}

static void put_timeline(struct textbuf *b, const struct result *result)
{
	textbuf_printf(b, ",\"timeline\":{\"start\":%llu,\"bucket\":%llu,\"all\":",
		       (unsigned long long)(result->timeline_start / 1000000),
		       (unsigned long long)(result->bucket / 1000000));
	put_series(b, result->timeline, result->n_buckets);
	textbuf_printf(b, "},\"exact\":%s,\"max_error\":%llu", result->exact ? "true" : "false",
		       (unsigned long long)result->max_error);
}

void web_grid(struct textbuf *b, const struct grid *grid, uint32_t most,
	      const struct result *result)
{
	textbuf_puts(b, "{\"columns\":[");
	for (uint32_t i = 0; i < grid->n_columns; i++) {
		textbuf_puts(b, i ? ",{\"title\":" : "{\"title\":");
		textbuf_json(b, text_of(grid->columns[i].title));
		textbuf_printf(b, ",\"number\":%s,\"right\":%s}",
			       grid->columns[i].number ? "true" : "false",
			       grid->columns[i].right ? "true" : "false");
	}
	textbuf_printf(b, "],\"total\":%u,\"rows\":[", grid->n_rows);
	for (uint32_t i = 0; i < MIN(grid->n_rows, most); i++) {
		const struct grid_row *row = &grid->rows[i];

		textbuf_puts(b, i ? ",\n" : "\n");
		put_row(b, grid, row);
		if (result && i < SPARK_ROWS && result->rows[row->index].timeline) {
			textbuf_puts(b, ",\"timeline\":");
			put_series(b, result->rows[row->index].timeline, result->n_buckets);
		}
		textbuf_puts(b, "}");
	}
	textbuf_puts(b, "]");
	if (result && result->timeline)
		put_timeline(b, result);
	textbuf_puts(b, "}");
}

int web_result(struct textbuf *b, const struct result *result)
{
	const struct view_options options = {0};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		return -ENOMEM;
	r = view_json.render(out, result, &options);
	if (fclose(out) != 0 || r < 0)
		return -ENOMEM;
	textbuf_put(b, text, len);
	return 0;
}
