/* SPDX-License-Identifier: Apache-2.0 */
/* What the terminal browser looks at: rows, the fields of a part, alerts, one alert. */
#include <stdarg.h>

#include "browse.h"

void browse_say(struct browse *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(b->message, sizeof(b->message), format, ap);
	va_end(ap);
}

int browse_path(const struct level *level, const struct grid_row *row, struct path *ret)
{
	*ret = level->path;
	for (uint32_t i = 0; i < row->n_steps; i++) {
		int r = path_add(ret, &row->steps[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- levels come and go --------------------------------------------------------------- */

static void level_fini(struct level *level)
{
	grid_fini(&level->grid);
	result_free(level->result);
	found_alerts_fini(&level->alerts);
	free(level->alert.line);
	free(level->alert.host);
	free(level->alert.input);
	arena_fini(&level->arena);
	memset(level, 0, sizeof(*level));
}

void browse_pop(struct browse *b)
{
	if (b->depth)
		level_fini(&b->levels[--b->depth]);
}

static int level_init(struct level *level, const struct level_kind *kind, const struct path *path,
		      const char *const *by, uint32_t n_by)
{
	memset(level, 0, sizeof(*level));
	arena_init(&level->arena, 4096);
	level->kind = kind;
	for (uint32_t i = 0; i < n_by; i++) {
		level->by[i] = arena_strdup(&level->arena, by[i]);
		if (!level->by[i])
			return -ENOMEM;
	}
	level->n_by = n_by;
	return path_copy(&level->arena, path, &level->path);
}

int browse_push(struct browse *b, const struct level_kind *kind, const struct path *path,
		const char *const *by, uint32_t n_by)
{
	struct level *level = &b->levels[b->depth];
	int r;

	if (b->depth == BROWSE_MAX_DEPTH) {
		browse_say(b, "It goes no deeper.");
		return 0;
	}
	r = level_init(level, kind, path, by, n_by);
	b->depth++;
	if (r == 0)
		r = browse_load(b, level);
	if (r == 0 && !level->grid.n_rows && b->depth > 1) {
		browse_pop(b);
		browse_say(b, "Nothing is there%s.",
			   session_scan_complete(b->session) ? "" : " any more");
	}
	return r;
}

/* ---- made anew ------------------------------------------------------------------------ */

static bool same_row(const struct grid_row *a, const struct grid_row *b)
{
	if (a->n_steps != b->n_steps || !a->n_steps)
		return false;
	for (uint32_t i = 0; i < a->n_steps; i++) {
		if (a->steps[i].kind != b->steps[i].kind ||
		    !text_eq(a->steps[i].value, b->steps[i].value) ||
		    !util_streq(a->steps[i].column, b->steps[i].column))
			return false;
	}
	return true;
}

/* The bar follows what it was on, and the row stays where it was on the screen. */
static void keep_place(struct level *level, const struct grid *old)
{
	const struct grid_row *was;

	if (level->at >= old->n_rows)
		return;
	was = &old->rows[level->at];
	for (uint32_t i = 0; i < level->grid.n_rows; i++) {
		if (same_row(was, &level->grid.rows[i])) {
			level->top += (int64_t)i - level->at;
			level->at = i;
			return;
		}
	}
}

static void drop_marked(struct grid *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n_rows; i++) {
		if (!g->rows[i].marked)
			g->rows[n++] = g->rows[i];
	}
	g->n_rows = n;
}

int browse_load(struct browse *b, struct level *level)
{
	struct grid old = level->grid;
	int r;

	memset(&level->grid, 0, sizeof(level->grid));
	level->generation = session_generation(b->session);
	r = level->kind->load(b, level);
	if (r < 0) {
		grid_fini(&level->grid);
		level->grid = old;
		return r;
	}
	level->loaded = monotonic_ns();
	if (b->hide_marked)
		drop_marked(&level->grid);
	if (level->sorted)
		grid_sort(&level->grid, old.sorted, old.reverse);
	keep_place(level, &old);
	grid_fini(&old);
	return 0;
}

/* ---- rows -------------------------------------------------------------------------------- */

static int load_rows(struct browse *b, struct level *level)
{
	struct query query = session_get_options(b->session)->query;
	struct result *result;
	int r;

	if (level == &b->levels[0]) {
		r = session_snapshot(b->session, &result);
	} else {
		memcpy(query.by, level->by, sizeof(query.by));
		query.n_by = level->n_by;
		query.where = NULL; /* the session's own holds already */
		query.since = query.until = 0;
		r = explore_rows(b->session, &level->path, &query, &result);
	}
	if (r < 0)
		return r;
	result_free(level->result);
	level->result = result;
	return grid_of_rows(result, &level->path, &b->marks, &level->grid);
}

static int enter_rows(struct browse *b, struct level *level, const struct grid_row *row)
{
	struct path path;

	if (browse_path(level, row, &path) < 0)
		return 0;
	return browse_push(b, b->depth == 1 ? &level_fields : &level_alerts, &path, NULL, 0);
}

const struct level_kind level_rows = {"rows", true, true, true, load_rows, enter_rows};

/* ---- fields --------------------------------------------------------------------------------- */

static int load_fields(struct browse *b, struct level *level)
{
	struct found_fields fields;
	int r = explore_fields(b->session, &level->path, &fields);

	if (r < 0)
		return r;
	r = grid_of_fields(&fields, &level->grid);
	found_fields_fini(&fields);
	return r;
}

static int enter_fields(struct browse *b, struct level *level, const struct grid_row *row)
{
	return browse_push(b, &level_rows, &level->path, &row->steps[0].column, 1);
}

const struct level_kind level_fields = {"fields", true, false, false, load_fields, enter_fields};

/* ---- alerts ---------------------------------------------------------------------------------- */

static int load_alerts(struct browse *b, struct level *level)
{
	struct found_alerts alerts;
	int r = explore_alerts(b->session, &level->path, BROWSE_ALERTS, &alerts);

	if (r < 0)
		return r;
	r = grid_of_alerts(&alerts, &level->path, &level->grid);
	if (r < 0) {
		found_alerts_fini(&alerts);
		return r;
	}
	found_alerts_fini(&level->alerts);
	level->alerts = alerts;
	return 0;
}

/* The level has its own copy of the alert: the list that it came from goes on. */
static int enter_alerts(struct browse *b, struct level *level, const struct grid_row *row)
{
	const struct found_alert *from = &level->alerts.v[row->index];
	struct level *to = &b->levels[b->depth];
	int r;

	if (b->depth == BROWSE_MAX_DEPTH)
		return 0;
	r = level_init(to, &level_alert, &level->path, NULL, 0);
	b->depth++;
	to->alert = *from;
	to->alert.line = malloc((size_t)from->len + 1);
	to->alert.host = strdup(from->host);
	to->alert.input = strdup(from->input);
	if (r < 0 || !to->alert.line || !to->alert.host || !to->alert.input)
		return -ENOMEM;
	memcpy(to->alert.line, from->line, from->len);
	return browse_load(b, to);
}

const struct level_kind level_alerts = {"alerts", true, false, false, load_alerts, enter_alerts};

/* ---- one alert ---------------------------------------------------------------------------------
 */

static int load_alert(struct browse *b, struct level *level)
{
	return grid_of_alert(&level->alert, &level->grid);
}

static int enter_alert(struct browse *b, struct level *level, const struct grid_row *row)
{
	struct path path;

	if (!row->n_steps || browse_path(level, row, &path) < 0) {
		browse_say(b, "This is no field of the alerts.");
		return 0;
	}
	return browse_push(b, &level_alerts, &path, NULL, 0);
}

const struct level_kind level_alert = {"alert", false, false, false, load_alert, enter_alert};
