/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws the terminal browser: a head line, the table, alerts over time, a line that
 * says where one is, and the keys. All text of alerts goes through put_text_cut, which
 * makes it harmless.
 */
#include <ncurses.h>

#include "browse.h"

#define TIMELINE_ROWS 4
#define LEAST_LINES 14 /* with fewer there is no time line */
#define HEAD_LINES 2
#define FOOT_LINES 2

enum pair { PAIR_NONE, PAIR_RED, PAIR_YELLOW, PAIR_CYAN, PAIR_GREEN };

void browse_draw_start(struct browse *b)
{
	if (!b->colour || !has_colors()) {
		b->colour = false;
		return;
	}
	start_color();
	use_default_colors();
	init_pair(PAIR_RED, COLOR_RED, -1);
	init_pair(PAIR_YELLOW, COLOR_YELLOW, -1);
	init_pair(PAIR_CYAN, COLOR_CYAN, -1);
	init_pair(PAIR_GREEN, COLOR_GREEN, -1);
}

static attr_t attr_of_priority(const struct browse *b, uint8_t priority)
{
	if (!b->colour)
		return 0;
	if (priority <= SAKER_PRIORITY_CRITICAL)
		return COLOR_PAIR(PAIR_RED) | A_BOLD;
	if (priority == SAKER_PRIORITY_ERROR)
		return COLOR_PAIR(PAIR_RED);
	if (priority == SAKER_PRIORITY_WARNING)
		return COLOR_PAIR(PAIR_YELLOW);
	return priority == SAKER_PRIORITY_NOTICE ? COLOR_PAIR(PAIR_CYAN) : 0;
}

/* Exactly `width` columns: cut or padded. */
static void put_cell(int y, int x, int width, bool right, struct text text)
{
	char *shown = NULL;
	size_t len = 0, used;
	FILE *out;

	if (width <= 0)
		return;
	used = MIN(text_width(text), (size_t)width);
	out = open_memstream(&shown, &len);
	if (!out)
		return;
	if (right)
		fprintf(out, "%*s", width - (int)used, "");
	used = put_text_cut(out, text, (size_t)width);
	if (!right)
		fprintf(out, "%*s", width - (int)used, "");
	if (fclose(out) == 0)
		mvaddstr(y, x, shown);
	free(shown);
}

static void put_line(int y, attr_t attr, const char *left, const char *right)
{
	int n = (int)text_width(text_of(right));

	attrset(attr);
	n = n && n < COLS - 10 ? n + 2 : 0;
	put_cell(y, 0, COLS - n, false, text_of(left));
	put_cell(y, COLS - n, n, true, text_of(right));
	attrset(A_NORMAL);
}

/* ---- the table ------------------------------------------------------------------------ */

/* Which columns are on the screen, and where. */
struct layout {
	int x[GRID_MAX_COLUMNS];
	int width[GRID_MAX_COLUMNS]; /* 0 = not on the screen */
};

static bool has_timeline(const struct browse *b)
{
	const struct level *level = &b->levels[b->depth - 1];

	return b->timeline && level->kind->timeline && LINES >= LEAST_LINES && level->result &&
	       level->result->n_buckets;
}

/* Where there are none, the last cell of the row is told in full. */
static bool has_whole(const struct browse *b)
{
	return b->timeline && !b->levels[b->depth - 1].kind->timeline && LINES >= LEAST_LINES;
}

int64_t browse_page(const struct browse *b)
{
	int lines = LINES - HEAD_LINES - FOOT_LINES -
		    (has_timeline(b) || has_whole(b) ? TIMELINE_ROWS + 1 : 0);

	return MAX(lines, 1);
}

static int natural_width(const struct level *level, uint32_t column, int64_t page)
{
	const struct grid_column *c = &level->grid.columns[column];
	size_t width = strlen(c->title) + 2; /* and the arrow of the order */

	for (int64_t i = level->top; i < level->top + page && i < level->grid.n_rows; i++)
		width = MAX(width, text_width(level->grid.rows[i].cells[column].text));
	if (c->most)
		width = MIN(width, MAX((size_t)c->most, strlen(c->title) + 2));
	return (int)MIN(width, 4000);
}

/* The first column stays; the others from `from` on as they fit. Whether `wanted` is there. */
static bool lay_out(const struct level *level, int64_t page, uint32_t from, uint32_t wanted,
		    struct layout *ret)
{
	const struct grid *g = &level->grid;
	int x = 2;

	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < g->n_columns; i++) {
		int width = natural_width(level, i, page), room = COLS - x;

		if (i && i < from)
			continue;
		if (!i && g->n_columns > 1)
			width = MIN(width, MAX(COLS * 2 / 5, 16));
		if (g->columns[i].flexible && i + 1 == g->n_columns)
			width = room < 12 ? 12 : room;
		/* Half a number would be another number. */
		if (room < (g->columns[i].number ? width : MIN(width, 12)))
			break;
		ret->x[i] = x;
		ret->width[i] = MIN(width, room);
		x += ret->width[i] + 2;
	}
	return ret->width[wanted] > 0;
}

static void draw_head(const struct level *level, const struct layout *l)
{
	const struct grid *g = &level->grid;

	move(1, 0);
	clrtoeol();
	for (uint32_t i = 0; i < g->n_columns; i++) {
		bool sorted = i == g->sorted;
		bool down = g->columns[i].number != g->reverse;
		char title[80];

		if (!l->width[i])
			continue;
		snprintf(title, sizeof(title), "%s%s", g->columns[i].title,
			 !sorted ? ""
			 : down	 ? " ▼"
				 : " ▲");
		attrset(A_BOLD | (i == level->column ? A_UNDERLINE : 0));
		put_cell(1, l->x[i], l->width[i], g->columns[i].right, text_of(title));
		attrset(A_NORMAL);
	}
}

static void draw_row(const struct browse *b, const struct level *level, const struct layout *l,
		     int64_t at, int y)
{
	const struct grid *g = &level->grid;
	const struct grid_row *row = &g->rows[at];
	attr_t bar = at == level->at ? A_REVERSE : row->marked ? A_DIM : 0;

	attrset(bar);
	move(y, 0);
	hline(' ', COLS);
	mvaddstr(y, 0, row->marked ? "m" : " ");
	for (uint32_t i = 0; i < g->n_columns; i++) {
		attr_t attr = 0;

		if (!l->width[i])
			continue;
		if (at != level->at && util_streq(g->columns[i].title, "Priority"))
			attr = attr_of_priority(b, row->priority);
		attrset(bar | attr);
		put_cell(y, l->x[i], l->width[i], g->columns[i].right, row->cells[i].text);
	}
	attrset(A_NORMAL);
}

/* An empty table says why it is. */
static void draw_nothing(const struct browse *b)
{
	struct scan_stats s;
	char lines[32], why[160];

	session_stats(b->session, &s);
	if (s.selected)
		snprintf(why, sizeof(why), "%s",
			 b->hide_marked ? "All of it is marked as noise: H shows it." : "Nothing.");
	else if (s.alerts)
		snprintf(why, sizeof(why), "None of %s alerts is meant by the condition.",
			 format_count(s.alerts, lines, sizeof(lines)));
	else
		snprintf(why, sizeof(why), "No alerts in %s lines%s.",
			 format_count(s.lines, lines, sizeof(lines)),
			 b->follow || !b->end ? " so far" : "");
	put_cell(HEAD_LINES, 2, COLS - 2, false, text_of(why));
}

static void draw_table(struct browse *b, struct level *level)
{
	int64_t page = browse_page(b), n = level->grid.n_rows;
	uint32_t from = 1;
	struct layout l;

	level->at = MAX(0, MIN(level->at, n - 1));
	level->top = MAX(0, MIN(level->top, n - page));
	if (level->at < level->top)
		level->top = level->at;
	if (level->at >= level->top + page)
		level->top = level->at - page + 1;
	level->column = MIN(level->column, level->grid.n_columns ? level->grid.n_columns - 1 : 0);
	while (!lay_out(level, page, from, level->column, &l) && from < level->column)
		from++;
	draw_head(level, &l);
	for (int64_t i = 0; i < page; i++) {
		if (level->top + i < n) {
			draw_row(b, level, &l, level->top + i, HEAD_LINES + (int)i);
		} else {
			move(HEAD_LINES + (int)i, 0);
			clrtoeol();
		}
	}
	if (n == 0)
		draw_nothing(b);
}

/* ---- alerts over time ------------------------------------------------------------------- */

/* Buckets squeezed into the columns of the screen, so that no peak is lost: sums. */
static uint64_t squeezed(const uint32_t *v, uint32_t n, int columns, int at)
{
	uint64_t from = (uint64_t)at * n / (uint64_t)columns;
	uint64_t to = ((uint64_t)at + 1) * n / (uint64_t)columns, sum = 0;

	for (uint64_t i = from; i < MAX(to, from + 1); i++)
		sum += v[i];
	return sum;
}

static void draw_bars(const struct browse *b, int y, int columns, const uint32_t *v, uint32_t n,
		      uint64_t most)
{
	static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

	attrset(b->colour ? COLOR_PAIR(PAIR_GREEN) : 0);
	for (int line = 0; line < TIMELINE_ROWS; line++) {
		move(y + line, 0);
		clrtoeol();
		for (int x = 0; x < columns; x++) {
			uint64_t sum = squeezed(v, n, columns, x);
			int height = (int)(sum * TIMELINE_ROWS * 8 / most);
			int part = MAX(sum ? 1 : 0, height) - (TIMELINE_ROWS - 1 - line) * 8;

			mvaddstr(y + line, x, eighths[MAX(0, MIN(part, 8))]);
		}
	}
	attrset(A_NORMAL);
}

static void draw_timeline(const struct browse *b, const struct level *level)
{
	const struct result *r = level->result;
	const struct grid_row *row =
		level->at < level->grid.n_rows ? &level->grid.rows[level->at] : NULL;
	const uint32_t *v =
		row && r->rows[row->index].timeline ? r->rows[row->index].timeline : r->timeline;
	int y = LINES - FOOT_LINES - TIMELINE_ROWS - 1, columns = MIN(COLS, (int)r->n_buckets);
	char from[32], to[32], width[24], most_text[32], line[256];
	uint64_t most = 1;

	if (!v)
		return;
	for (int x = 0; x < columns; x++)
		most = MAX(most, squeezed(v, r->n_buckets, columns, x));
	snprintf(
		line, sizeof(line), "%s to %s, %s a column, most %s",
		format_time(r->timeline_start, from, sizeof(from)),
		format_time(r->timeline_start + r->n_buckets * r->bucket, to, sizeof(to)),
		format_duration(r->bucket * r->n_buckets / (uint64_t)columns, width, sizeof(width)),
		format_count(most, most_text, sizeof(most_text)));
	put_line(y, A_DIM, line, "");
	draw_bars(b, y + 1, columns, v, r->n_buckets, most);
}

static void draw_whole(const struct level *level)
{
	const struct grid *g = &level->grid;
	int y = LINES - FOOT_LINES - TIMELINE_ROWS - 1;
	_cleanup_free_ char *shown = NULL;
	size_t len = 0;
	FILE *out;

	move(y, 0);
	hline(0, COLS);
	if (level->at >= g->n_rows)
		return;
	out = open_memstream(&shown, &len);
	if (!out)
		return;
	put_text_cut(out, g->rows[level->at].cells[g->n_columns - 1].text,
		     (size_t)COLS * TIMELINE_ROWS - 1);
	if (fclose(out) == 0)
		mvaddstr(y + 1, 0, shown); /* curses wraps it */
}

/* ---- around it ------------------------------------------------------------------------------ */

static void draw_title(const struct browse *b, const struct level *level)
{
	_cleanup_free_ char *left = NULL;
	size_t len = 0;
	struct scan_stats s;
	char count[32], right[96];
	FILE *out = open_memstream(&left, &len);

	session_stats(b->session, &s);
	snprintf(right, sizeof(right), "%s alerts%s",
		 format_count(s.selected, count, sizeof(count)),
		 b->follow ? ", following"
		 : b->end  ? ""
			   : ", reading");
	if (!b->end && !b->follow && s.total_bytes)
		snprintf(right + strlen(right), sizeof(right) - strlen(right), " %llu %%",
			 (unsigned long long)(MIN(s.read_bytes, s.total_bytes) * 100 /
					      s.total_bytes));
	if (!out)
		return;
	fprintf(out, " evtagg  %s", level->kind->name);
	for (uint32_t i = 0; i < level->n_by; i++) {
		fputs(i ? ", " : " by ", out);
		put_text(out, text_of(level->by[i]));
	}
	if (level->path.n)
		fputs(" of ", out);
	path_write(out, &level->path);
	if (fclose(out) == 0)
		put_line(0, A_REVERSE | A_BOLD, left, right);
}

static const char *keys_of(const struct level *level)
{
	if (level->kind == &level_rows)
		return "Enter f fields a alerts s sort / search m noise H hide t time ? help q "
		       "back";
	if (level->kind == &level_alert)
		return "Enter alerts with this value  / search  ? help  q back";
	return "Enter open  s sort  r turn  / search  n next  ? help  q back";
}

static void draw_foot(const struct browse *b, const struct level *level)
{
	char where[96], line[600], count[32], all[32];

	snprintf(where, sizeof(where), "%s/%s%s",
		 format_count((uint64_t)(level->grid.n_rows ? level->at + 1 : 0), count,
			      sizeof(count)),
		 format_count(level->grid.n_rows, all, sizeof(all)),
		 b->hide_marked ? " noise hidden" : "");
	if (b->prompt != PROMPT_NONE)
		snprintf(line, sizeof(line), "%s%s",
			 b->prompt == PROMPT_SEARCH ? "/" : "group by: ", b->typed);
	else if (*b->message)
		snprintf(line, sizeof(line), "%s", b->message);
	else if (level->result && !level->result->exact)
		snprintf(line, sizeof(line), "Memory was full: counts with <= are upper bounds.");
	else if (level->alerts.n && level->alerts.n < level->alerts.all)
		snprintf(line, sizeof(line), "The newest %u of %s.", level->alerts.n,
			 format_count(level->alerts.all, all, sizeof(all)));
	else if (b->depth > 1 && !session_scan_complete(b->session))
		snprintf(line, sizeof(line), "Only the newest alerts are kept.");
	else
		*line = '\0';
	put_line(LINES - 2, 0, line, where);
	put_line(LINES - 1, A_DIM, keys_of(level), "");
}

static void draw_help(struct browse *b)
{
	const char *key;
	int64_t n = 0;

	while (browse_key_help((uint32_t)n, &key))
		n++;
	b->help_top = MAX(0, MIN(b->help_top, n - (LINES - 3)));
	put_line(0, A_REVERSE | A_BOLD, " evtagg  help", "");
	for (int y = 1; y < LINES - 1; y++) {
		const char *what = browse_key_help((uint32_t)(b->help_top + y - 1), &key);
		char line[160] = "";

		if (what)
			snprintf(line, sizeof(line), "  %-18s %s", key, what);
		put_line(y, 0, line, "");
	}
	put_line(LINES - 1, A_DIM, "Any other key goes back.  Up and Down scroll.", "");
}

void browse_draw(struct browse *b)
{
	struct level *level = browse_level(b);

	erase();
	if (b->help) {
		draw_help(b);
	} else if (LINES < 6 || COLS < 30) {
		put_line(0, 0, "Too small.", "");
	} else {
		draw_table(b, level);
		draw_title(b, level);
		if (has_timeline(b))
			draw_timeline(b, level);
		else if (has_whole(b))
			draw_whole(level);
		draw_foot(b, level);
	}
	if (b->prompt != PROMPT_NONE)
		move(LINES - 2,
		     MIN(COLS - 1, (int)(b->n_typed + (b->prompt == PROMPT_SEARCH ? 1 : 10))));
	curs_set(b->prompt != PROMPT_NONE);
	refresh();
}
