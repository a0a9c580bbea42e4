/* SPDX-License-Identifier: Apache-2.0 */
/* Grids out of results, fields and alerts. */
#include "grid.h"

static int start(struct grid *g, uint32_t n_rows)
{
	arena_init(&g->arena, 64 << 10);
	g->rows = calloc((size_t)n_rows + 1, sizeof(*g->rows));
	return g->rows ? 0 : -ENOMEM;
}

void grid_fini(struct grid *grid)
{
	free(grid->rows);
	arena_fini(&grid->arena);
	memset(grid, 0, sizeof(*grid));
}

enum sort_of { TEXTS, NUMBERS, ORDERED /* by number, but it reads as text */ };

static void column(struct grid *g, const char *title, enum sort_of sort, uint32_t most)
{
	if (g->n_columns < GRID_MAX_COLUMNS)
		g->columns[g->n_columns++] =
			(struct grid_column){title, sort != TEXTS, sort == NUMBERS, !most, most};
	g->sorted = g->n_columns;
}

/* The cells of the next row; NULL = memory. */
static struct grid_row *next_row(struct grid *g)
{
	struct grid_row *row = &g->rows[g->n_rows];

	row->cells = arena_alloc(&g->arena, g->n_columns * sizeof(*row->cells));
	row->priority = PRIORITY_UNKNOWN;
	if (!row->cells)
		return NULL;
	row->index = g->n_rows++;
	return row;
}

static int put(struct grid *g, struct grid_cell *cell, struct text text)
{
	cell->text.p = arena_strndup(&g->arena, text.len ? text.p : "", text.len);
	cell->text.len = text.len;
	return cell->text.p ? 0 : -ENOMEM;
}

static int put_number(struct grid *g, struct grid_cell *cell, const char *before, uint64_t n)
{
	char digits[32], shown[48];

	snprintf(shown, sizeof(shown), "%s%s", before, format_count(n, digits, sizeof(digits)));
	cell->number = n;
	return put(g, cell, text_of(shown));
}

static int put_time(struct grid *g, struct grid_cell *cell, uint64_t ns)
{
	char time[40];

	cell->number = ns;
	return put(g, cell, text_of(format_time(ns, time, sizeof(time))));
}

/* A JSON value: a string's text, else as written; and as a step. */
static int put_value(struct grid *g, struct grid_cell *cell, const struct saker_json_slice *s)
{
	size_t n = s->len ? saker_json_unescape(s, NULL, 0) : 0;
	char *p = arena_alloc(&g->arena, n + 1);

	if (!p)
		return -ENOMEM;
	if (n)
		saker_json_unescape(s, p, n);
	cell->text = (struct text){p, (uint32_t)n};
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------- */

static const char *head_of(const char *name)
{
	return util_streq(name, "rule") ? "Rule" : name;
}

/* Its own copies: the result may go before the grid does. */
static int rows_columns(const struct result *r, struct grid *g)
{
	for (uint32_t i = 0; i < r->n_by; i++) {
		const char *name = arena_strdup(&g->arena, head_of(r->by[i]));

		if (!name)
			return -ENOMEM;
		column(g, name, TEXTS, 60);
	}
	column(g, "Count", NUMBERS, 16);
	column(g, "Priority", ORDERED, 13);
	column(g, "Hosts", NUMBERS, 9);
	column(g, "Per hour", NUMBERS, 12);
	column(g, "Burst", NUMBERS, 12);
	for (uint32_t i = 0; i < r->n_distinct; i++) {
		const char *name = arena_strdup(&g->arena, r->distinct[i]);

		if (!name)
			return -ENOMEM;
		column(g, name, NUMBERS, 20);
	}
	column(g, "First", ORDERED, 19);
	column(g, "Last", ORDERED, 19);
	column(g, "Last output", TEXTS, 0);
	return 0;
}

static int rows_numbers(struct grid *g, const struct result *r, const struct result_row *row,
			struct grid_cell *cell)
{
	char rate[32];
	int bad = put_number(g, cell++, row->error ? "<=" : "", row->count);

	cell->number = PRIORITY_UNKNOWN - row->priority;
	bad |= put(g, cell++, row->priority_text);
	bad |= put_number(g, cell++, row->hosts_exact ? "" : "~", row->hosts);
	snprintf(rate, sizeof(rate), "%.1f", row->per_hour);
	cell->number = (uint64_t)(row->per_hour * 1000);
	bad |= put(g, cell++, text_of(rate));
	bad |= put_number(g, cell++, "", row->burst);
	for (uint32_t i = 0; i < r->n_distinct; i++)
		bad |= put_number(g, cell++, row->distinct_exact ? "" : "~", row->distinct[i]);
	bad |= put_time(g, cell++, row->first);
	bad |= put_time(g, cell++, row->last);
	bad |= put(g, cell, row->last_output);
	return bad ? -ENOMEM : 0;
}

static int rows_row(struct grid *g, const struct result *r, const struct result_row *row)
{
	struct grid_row *to = next_row(g);

	if (!to)
		return -ENOMEM;
	to->priority = row->priority;
	for (uint32_t i = 0; i < r->n_by; i++) {
		if (path_step_of(&g->arena, r->by[i], &row->keys[i], &to->steps[i]) < 0 ||
		    put(g, &to->cells[i], result_key_text(&row->keys[i])) < 0)
			return -ENOMEM;
	}
	to->n_steps = r->n_by;
	return rows_numbers(g, r, row, to->cells + r->n_by);
}

static bool is_marked(const struct grid_row *row, const struct path *path,
		      const struct marks *marks)
{
	struct path whole = *path;

	for (uint32_t i = 0; i < row->n_steps; i++) {
		if (path_add(&whole, &row->steps[i]) < 0)
			return false;
	}
	return marks_cover(marks, &whole);
}

int grid_of_rows(const struct result *r, const struct path *path, const struct marks *marks,
		 struct grid *ret)
{
	struct grid g = {0};
	int bad = start(&g, r->n_rows);

	if (bad == 0)
		bad = rows_columns(r, &g);
	for (uint32_t i = 0; i < r->n_rows && bad == 0; i++)
		bad = rows_row(&g, r, &r->rows[i]);
	for (uint32_t i = 0; marks && bad == 0 && i < g.n_rows; i++)
		g.rows[i].marked = is_marked(&g.rows[i], path, marks);
	if (bad)
		grid_fini(&g);
	else
		*ret = g;
	return bad;
}

/* ---- fields ------------------------------------------------------------------------------ */

static int fields_row(struct grid *g, const struct found_field *f)
{
	struct grid_row *to = next_row(g);
	bool exact;
	uint64_t n = distinct_count(&f->values, &exact);

	if (!to)
		return -ENOMEM;
	to->steps[0] =
		(struct path_step){.column = arena_strndup(&g->arena, f->name.p, f->name.len)};
	to->n_steps = 1;
	return !to->steps[0].column || put(g, &to->cells[0], f->name) < 0 ||
			       put_number(g, &to->cells[1], "", f->count) < 0 ||
			       put_number(g, &to->cells[2], exact ? "" : "~", n) < 0 ||
			       put(g, &to->cells[3], f->last) < 0
		       ? -ENOMEM
		       : 0;
}

int grid_of_fields(const struct found_fields *fields, struct grid *ret)
{
	struct grid g = {0};
	int r = start(&g, fields->n);

	column(&g, "Field", TEXTS, 40);
	column(&g, "Alerts", NUMBERS, 16);
	column(&g, "Values", NUMBERS, 16);
	column(&g, "Last value", TEXTS, 0);
	for (uint32_t i = 0; i < fields->n && r == 0; i++)
		r = fields_row(&g, &fields->v[i]);
	if (r < 0)
		grid_fini(&g);
	else
		*ret = g;
	return r;
}

/* ---- alerts ------------------------------------------------------------------------------- */

/* What a list of alerts has, and the column of a path that says it already. */
struct alert_column {
	const char *name;
	const char *title;
	enum sort_of sort;
	uint32_t most;
};

static const struct alert_column alert_columns[] = {
	{NULL, "Time", ORDERED, 19},	 {"priority", "Priority", ORDERED, 13},
	{"hostname", "Host", TEXTS, 20}, {"rule", "Rule", TEXTS, 40},
	{NULL, "Output", TEXTS, 0},
};

static bool says(const struct path *path, const char *column_name)
{
	for (uint32_t i = 0; column_name && i < path->n; i++) {
		if (util_streq(path->steps[i].column, column_name))
			return true;
	}
	return false;
}

static int alert_cell(struct grid *g, struct grid_cell *cell, const struct alert_column *c,
		      const struct found_alert *a, const struct saker_scanned *s)
{
	if (util_streq(c->title, "Time"))
		return put_time(g, cell, a->time);
	if (util_streq(c->title, "Host"))
		return s->hostname.len ? put_value(g, cell, &s->hostname)
				       : put(g, cell, text_of(a->host));
	if (util_streq(c->title, "Rule"))
		return put_value(g, cell, &s->rule);
	if (util_streq(c->title, "Output"))
		return put_value(g, cell, s->output.len ? &s->output : &s->output_fields);
	cell->number = PRIORITY_UNKNOWN - a->priority;
	return put_value(g, cell, &s->priority);
}

static int alerts_row(struct grid *g, const struct path *path, struct saker_alert_scanner *scanner,
		      const struct found_alert *a)
{
	struct grid_row *to = next_row(g);
	struct saker_scanned s;
	uint32_t at = 0;
	int bad = 0;

	if (!to)
		return -ENOMEM;
	saker_alert_scan(scanner, a->line, a->len, &s);
	to->priority = a->priority;
	for (size_t i = 0; i < ARRAY_SIZE(alert_columns) && !bad; i++) {
		if (!says(path, alert_columns[i].name))
			bad = alert_cell(g, &to->cells[at++], &alert_columns[i], a, &s);
	}
	return bad;
}

int grid_of_alerts(const struct found_alerts *alerts, const struct path *path, struct grid *ret)
{
	struct saker_scan_options options = SAKER_SCAN_OPTIONS_INIT;
	struct saker_alert_scanner *scanner = NULL;
	struct grid g = {0};
	int r = start(&g, alerts->n);

	for (size_t i = 0; i < ARRAY_SIZE(alert_columns); i++) {
		const struct alert_column *c = &alert_columns[i];

		if (!says(path, c->name))
			column(&g, c->title, c->sort, c->most);
	}
	if (r == 0)
		r = saker_alert_scanner_new(&options, &scanner);
	for (uint32_t i = 0; i < alerts->n && r == 0; i++)
		r = alerts_row(&g, path, scanner, &alerts->v[i]);
	saker_alert_scanner_free(scanner);
	if (r < 0)
		grid_fini(&g);
	else
		*ret = g;
	return r;
}

/* ---- one alert ----------------------------------------------------------------------------- */

/* A key of the alert itself leads somewhere only where it is a column. */
static bool leads_on(const char *name, bool of_alert)
{
	static const char *const columns[] = {
#define X(symbol, word, help) word,
		COLUMN_LIST(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (util_streq(columns[i], name))
			return of_alert;
	}
	return !of_alert;
}

static int member_row(struct grid *g, const struct saker_json_slice *key,
		      const struct saker_json_slice *value, bool of_alert)
{
	struct result_key as_key = {{value->text, value->len}, value->kind};
	struct grid_row *to = next_row(g);
	int r;

	if (!to)
		return -ENOMEM;
	r = put_value(g, &to->cells[0], key);
	if (r == 0)
		r = put_value(g, &to->cells[1], value);
	if (r == 0 && value->kind == SAKER_JSON_STRING)
		as_key.text = to->cells[1].text;
	if (r == 0)
		r = path_step_of(&g->arena, to->cells[0].text.p, &as_key, &to->steps[0]);
	to->n_steps = r == 0 && leads_on(to->cells[0].text.p, of_alert);
	return r;
}

static int fact_row(struct grid *g, const char *name, struct text value)
{
	struct grid_row *to = next_row(g);

	if (!to || put(g, &to->cells[0], text_of(name)) < 0 || put(g, &to->cells[1], value) < 0)
		return -ENOMEM;
	return 0;
}

/* How many rows there will be at most. */
static uint32_t members(const struct saker_json_slice *object)
{
	struct saker_json_slice key, value;
	struct saker_json_iter iter;
	uint32_t n = 0;

	saker_json_iter_init(&iter, object);
	while (saker_json_iter_next(&iter, &key, &value))
		n++;
	return n;
}

static int alert_rows(struct grid *g, const struct found_alert *a, const struct saker_scanned *s)
{
	struct saker_json_slice whole = {s->line, s->len, SAKER_JSON_OBJECT, 0}, key, value;
	struct saker_json_iter iter;
	char from[64];
	int r = 0;

	saker_json_iter_init(&iter, &whole);
	while (r == 0 && saker_json_iter_next(&iter, &key, &value)) {
		if (value.text != s->output_fields.text)
			r = member_row(g, &key, &value, true);
	}
	saker_json_iter_init(&iter, &s->output_fields);
	while (r == 0 && saker_json_iter_next(&iter, &key, &value))
		r = member_row(g, &key, &value, false);
	if (r == 0)
		r = fact_row(g, "(input)", text_of(a->input ? a->input : ""));
	snprintf(from, sizeof(from), "%llu", (unsigned long long)a->number);
	if (r == 0)
		r = fact_row(g, "(line)", text_of(from));
	return r;
}

int grid_of_alert(const struct found_alert *alert, struct grid *ret)
{
	struct saker_scan_options options = SAKER_SCAN_OPTIONS_INIT;
	struct saker_alert_scanner *scanner = NULL;
	struct saker_json_slice whole;
	struct saker_scanned s;
	struct grid g = {0};
	int r = saker_alert_scanner_new(&options, &scanner);

	if (r < 0)
		return r;
	saker_alert_scan(scanner, alert->line, alert->len, &s);
	whole = (struct saker_json_slice){s.line, s.len, SAKER_JSON_OBJECT, 0};
	r = start(&g, members(&whole) + members(&s.output_fields) + 2);
	column(&g, "Field", TEXTS, 40);
	column(&g, "Value", TEXTS, 0);
	if (r == 0)
		r = alert_rows(&g, alert, &s);
	saker_alert_scanner_free(scanner);
	if (r < 0)
		grid_fini(&g);
	else
		*ret = g;
	return r;
}

/* ---- sorting, searching ------------------------------------------------------------------------
 */

struct order {
	uint32_t column;
	bool number;
	bool reverse;
};

static int compare(const void *a, const void *b, void *userdata)
{
	const struct grid_row *x = a, *y = b;
	const struct order *o = userdata;
	const struct grid_cell *p = &x->cells[o->column], *q = &y->cells[o->column];
	int r = o->number ? (p->number < q->number) - (p->number > q->number)
			  : text_cmp(p->text, q->text);

	if (r == 0)
		return (x->index > y->index) - (x->index < y->index);
	return o->reverse ? -r : r;
}

void grid_sort(struct grid *grid, uint32_t column_index, bool reverse)
{
	struct order order = {column_index, false, reverse};

	if (column_index >= grid->n_columns)
		return;
	order.number = grid->columns[column_index].number;
	qsort_r(grid->rows, grid->n_rows, sizeof(*grid->rows), compare, &order);
	grid->sorted = column_index;
	grid->reverse = reverse;
}

static bool row_has(const struct grid *grid, const struct grid_row *row, const char *what)
{
	for (uint32_t i = 0; i < grid->n_columns; i++) {
		/* Cells end in a NUL; one inside hides what follows from the search only. */
		if (strcasestr(row->cells[i].text.p, what))
			return true;
	}
	return false;
}

int64_t grid_search(const struct grid *grid, const char *what, int64_t from, bool backwards)
{
	int64_t n = grid->n_rows, at = from;

	for (int64_t i = 0; i < n; i++) {
		at = backwards ? (at <= 0 ? n - 1 : at - 1) : (at + 1 >= n ? 0 : at + 1);
		if (row_has(grid, &grid->rows[at], what))
			return at;
	}
	return -1;
}
