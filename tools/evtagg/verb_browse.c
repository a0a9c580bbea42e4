/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg browse: walk around in the alerts on a terminal. The loop, and what keys do. */
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <sys/mman.h>

#include "browse.h"
#include "stop.h"
#include "view.h"

#define STEP_NS (40 * UINT64_C(1000000))     /* reading between two looks at the keys */
#define ROWS_NS (300 * UINT64_C(1000000))    /* the first level is made anew so often */
#define DEEPER_NS (1000 * UINT64_C(1000000)) /* and a deeper one, which reads again */
#define DEFAULT_KEEP (64u << 20)
#define ESCAPE 27

struct browse_args {
	struct session_args session;
	const char *marks, *colour;
};

/* ---- what keys do -------------------------------------------------------------------------- */

static int do_down(struct browse *b)
{
	browse_level(b)->at++;
	return 0;
}

static int do_up(struct browse *b)
{
	browse_level(b)->at--;
	return 0;
}

static int do_page_down(struct browse *b)
{
	browse_level(b)->at += browse_page(b);
	browse_level(b)->top += browse_page(b);
	return 0;
}

static int do_page_up(struct browse *b)
{
	browse_level(b)->at -= browse_page(b);
	browse_level(b)->top -= browse_page(b);
	return 0;
}

static int do_home(struct browse *b)
{
	browse_level(b)->at = 0;
	return 0;
}

static int do_end(struct browse *b)
{
	browse_level(b)->at = browse_level(b)->grid.n_rows;
	return 0;
}

static int do_left(struct browse *b)
{
	browse_level(b)->column -= browse_level(b)->column > 0;
	return 0;
}

static int do_right(struct browse *b)
{
	browse_level(b)->column++;
	return 0;
}

static int sort_by(struct browse *b, uint32_t column, bool reverse)
{
	struct level *level = browse_level(b);

	if (column >= level->grid.n_columns)
		return 0;
	level->column = column;
	level->sorted = true;
	grid_sort(&level->grid, column, reverse);
	level->at = level->top = 0;
	return 0;
}

static int do_sort(struct browse *b)
{
	const struct level *level = browse_level(b);

	return sort_by(b, level->column,
		       level->grid.sorted == level->column && !level->grid.reverse);
}

static int do_turn(struct browse *b)
{
	const struct level *level = browse_level(b);
	bool chosen = level->grid.sorted < level->grid.n_columns;

	return sort_by(b, chosen ? level->grid.sorted : level->column,
		       chosen ? !level->grid.reverse : true);
}

static const struct grid_row *chosen(struct browse *b)
{
	struct level *level = browse_level(b);

	return level->at >= 0 && level->at < level->grid.n_rows ? &level->grid.rows[level->at]
								: NULL;
}

static int do_enter(struct browse *b)
{
	const struct grid_row *row = chosen(b);

	return row ? browse_level(b)->kind->enter(b, browse_level(b), row) : 0;
}

/* To a level of that kind under the row, where rows lead deeper. */
static int go(struct browse *b, const struct level_kind *kind)
{
	struct level *level = browse_level(b);
	const struct grid_row *row = chosen(b);
	struct path path = level->path;

	if (row && level->kind == &level_rows && browse_path(level, row, &path) < 0)
		return 0;
	return browse_push(b, kind, &path, NULL, 0);
}

static int do_fields(struct browse *b)
{
	return go(b, &level_fields);
}

static int do_alerts(struct browse *b)
{
	return go(b, &level_alerts);
}

static int do_back(struct browse *b)
{
	if (b->depth == 1)
		b->quit = true;
	else
		browse_pop(b);
	return 0;
}

static int do_escape(struct browse *b)
{
	if (b->depth > 1)
		browse_pop(b);
	return 0;
}

static int do_search(struct browse *b)
{
	b->prompt = PROMPT_SEARCH;
	b->search_from = browse_level(b)->at;
	b->n_typed = 0;
	*b->typed = '\0';
	return 0;
}

static int do_group(struct browse *b)
{
	b->prompt = PROMPT_GROUP;
	b->n_typed = 0;
	*b->typed = '\0';
	return 0;
}

static int search(struct browse *b, int64_t from, bool backwards)
{
	struct level *level = browse_level(b);
	int64_t at = *b->searched ? grid_search(&level->grid, b->searched, from, backwards) : -1;

	if (at >= 0)
		level->at = at;
	else if (*b->searched)
		browse_say(b, "'%s' is nowhere.", b->searched);
	return 0;
}

static int do_next(struct browse *b)
{
	return search(b, browse_level(b)->at, false);
}

static int do_before(struct browse *b)
{
	return search(b, browse_level(b)->at, true);
}

static int do_mark(struct browse *b)
{
	struct level *level = browse_level(b);
	const struct grid_row *row = chosen(b);
	struct path path;
	bool marked;
	int r;

	if (!row || !level->kind->marks) {
		browse_say(b, "Rows are marked, not %s.", level->kind->name);
		return 0;
	}
	if (browse_path(level, row, &path) < 0)
		return 0;
	r = marks_toggle(&b->marks, &path, &marked);
	if (r == -ENOTSUP)
		browse_say(b, "Noise is marked within a rule: group by rule too.");
	else if (r < 0)
		browse_say(b, "%s: %s", b->marks.file, strerror(-r));
	else
		browse_say(b, "%s, in %s.", marked ? "Marked as noise" : "The mark is gone",
			   b->marks.file);
	for (uint32_t i = 0; i < level->grid.n_rows; i++) {
		if (browse_path(level, &level->grid.rows[i], &path) == 0)
			level->grid.rows[i].marked = marks_cover(&b->marks, &path);
	}
	level->at++;
	return b->hide_marked ? browse_load(b, level) : 0;
}

static int do_hide(struct browse *b)
{
	b->hide_marked = !b->hide_marked;
	return browse_load(b, browse_level(b));
}

static int do_timeline(struct browse *b)
{
	b->timeline = !b->timeline;
	return 0;
}

static int do_reload(struct browse *b)
{
	clearok(stdscr, TRUE);
	return browse_load(b, browse_level(b));
}

static int do_help(struct browse *b)
{
	b->help = true;
	b->help_top = 0;
	return 0;
}

static int do_quit(struct browse *b)
{
	b->quit = true;
	return 0;
}

/* Two keys may do the same; the name and the words are for the help. */
static const struct key {
	int keys[3];
	const char *name;
	const char *help;
	int (*run)(struct browse *b);
} keys[] = {
	{{KEY_DOWN, 'j'}, "Down, j", "the next row", do_down},
	{{KEY_UP, 'k'}, "Up, k", "the row before", do_up},
	{{KEY_NPAGE, ' '}, "PageDown, Space", "a page on", do_page_down},
	{{KEY_PPAGE, 'b' & 0x1f}, "PageUp, Ctrl-B", "a page back", do_page_up},
	{{KEY_HOME, 'g'}, "Home, g", "the first row", do_home},
	{{KEY_END, 'G'}, "End, G", "the last row", do_end},
	{{KEY_LEFT, 'h'}, "Left, h", "choose the column to the left", do_left},
	{{KEY_RIGHT, 'l'},
	 "Right, l",
	 "choose the column to the right; others come into view",
	 do_right},
	{{'s'}, "s", "sort by the chosen column, once more: the other way round", do_sort},
	{{'r'}, "r", "turn the order round", do_turn},
	{{'\n', KEY_ENTER, '\r'},
	 "Enter",
	 "open: rows, their fields, values, alerts, one alert",
	 do_enter},
	{{'f'}, "f", "the fields of the row's alerts", do_fields},
	{{'a'}, "a", "the row's alerts, the newest first", do_alerts},
	{{'b'}, "b", "group by other columns: type their names, with commas", do_group},
	{{KEY_BACKSPACE, 'q', 0x7f}, "q, Backspace", "back; from the first level: leave", do_back},
	{{ESCAPE}, "Esc", "back; ends a prompt", do_escape},
	{{'/'}, "/", "search as you type, in all columns; Enter stays there", do_search},
	{{'n'}, "n", "the next row that has it", do_next},
	{{'N'}, "N", "the one before", do_before},
	{{'m'}, "m", "mark the row as noise, or take its mark away", do_mark},
	{{'H'}, "H", "hide what is marked, or show it", do_hide},
	{{'t'}, "t", "what is below: alerts over time, or a cell in full; on or off", do_timeline},
	{{'R', 'l' & 0x1f}, "R, Ctrl-L", "read this level again", do_reload},
	{{'?', KEY_F(1)}, "?, F1", "this help", do_help},
	{{'Q'}, "Q", "leave", do_quit},
};

const char *browse_key_help(uint32_t i, const char **ret_key)
{
	static const char digits[] = "sort by that column";

	*ret_key = i < ARRAY_SIZE(keys) ? keys[i].name : "1 to 9";
	return i < ARRAY_SIZE(keys) ? keys[i].help : i == ARRAY_SIZE(keys) ? digits : NULL;
}

/* ---- typing -------------------------------------------------------------------------------- */

static int end_prompt(struct browse *b, bool accepted)
{
	struct level *level = browse_level(b);
	const char *by[QUERY_MAX_BY];
	char *save = NULL;
	uint32_t n = 0;
	enum browse_prompt was = b->prompt;

	b->prompt = PROMPT_NONE;
	if (was == PROMPT_SEARCH && !accepted)
		level->at = b->search_from;
	if (was == PROMPT_SEARCH || !accepted)
		return 0;
	for (char *name = strtok_r(b->typed, ", ", &save); name && n < QUERY_MAX_BY;
	     name = strtok_r(NULL, ", ", &save))
		by[n++] = name;
	return n ? browse_push(b, &level_rows, &level->path, by, n) : 0;
}

/* As one types, the bar goes to the first row from where it began. */
static int type(struct browse *b, int key)
{
	if (key == ESCAPE || key == '\n' || key == '\r' || key == KEY_ENTER)
		return end_prompt(b, key != ESCAPE);
	if ((key == KEY_BACKSPACE || key == 0x7f || key == '\b') && b->n_typed) {
		/* A character of UTF-8 goes as a whole. */
		do
			b->n_typed--;
		while (b->n_typed && ((unsigned char)b->typed[b->n_typed] & 0xc0) == 0x80);
	} else if (key >= ' ' && key < 0x100 && key != 0x7f && b->n_typed + 1 < sizeof(b->typed)) {
		b->typed[b->n_typed++] = (char)key;
	}
	b->typed[b->n_typed] = '\0';
	if (b->prompt != PROMPT_SEARCH)
		return 0;
	memcpy(b->searched, b->typed, sizeof(b->searched));
	return search(b, b->search_from - 1, false);
}

static int press(struct browse *b, int key)
{
	*b->message = '\0';
	if (b->prompt != PROMPT_NONE)
		return type(b, key);
	if (b->help) {
		b->help_top += key == KEY_DOWN || key == 'j' ? 1
			       : key == KEY_UP || key == 'k' ? -1
							     : 0;
		b->help = key == KEY_DOWN || key == 'j' || key == KEY_UP || key == 'k' ||
			  key == KEY_RESIZE;
		return 0;
	}
	if (key >= '1' && key <= '9') {
		const struct grid *g = &browse_level(b)->grid;
		uint32_t column = (uint32_t)(key - '1');

		return sort_by(b, column, g->sorted == column && !g->reverse);
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(keys[i].keys); k++) {
			if (keys[i].keys[k] && keys[i].keys[k] == key)
				return keys[i].run(b);
		}
	}
	return 0;
}

/* ---- the loop ---------------------------------------------------------------------------------
 */

/* For a moment, or as long as nothing comes. */
static int read_on(struct browse *b)
{
	uint64_t until = monotonic_ns() + STEP_NS;
	int r = 1;

	while (!b->end && r > 0 && monotonic_ns() < until && !stop_asked) {
		r = session_step(b->session, 0);
		b->end = r == -ENODATA;
	}
	return r < 0 && r != -ENODATA ? r : 0;
}

static int renew(struct browse *b)
{
	struct level *level = browse_level(b);
	uint64_t every = level == &b->levels[0] ? ROWS_NS : DEEPER_NS;

	if (!level->kind->live || b->prompt != PROMPT_NONE ||
	    session_generation(b->session) == level->generation)
		return 0;
	/* A deeper level reads the files again: while they are read, that waits. */
	if (level != &b->levels[0] && !b->end && !b->follow)
		return 0;
	if (!b->end && monotonic_ns() - level->loaded < every)
		return 0;
	return browse_load(b, level);
}

static int loop(struct browse *b)
{
	int key, r = 0;

	while (r >= 0 && !b->quit && !stop_asked) {
		browse_draw(b);
		timeout(b->end ? 1000 : 30);
		key = getch();
		if (key != ERR)
			r = press(b, key);
		if (r >= 0)
			r = read_on(b);
		if (r >= 0 && !b->quit)
			r = renew(b);
	}
	return r;
}

/* ---- the terminal -------------------------------------------------------------------------------
 */

/* Lines on standard error would tear the picture: they wait for its end. */
struct aside {
	int real;
	int kept;
};

static void aside_start(struct aside *a)
{
	fflush(stderr);
	a->real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	a->kept = memfd_create("evtagg-stderr", MFD_CLOEXEC);
	if (a->real >= 0 && a->kept >= 0 && isatty(a->real))
		dup2(a->kept, STDERR_FILENO);
}

static void aside_end(struct aside *a)
{
	char buf[4096];
	ssize_t n;

	fflush(stderr);
	if (a->real >= 0)
		dup2(a->real, STDERR_FILENO);
	if (a->kept >= 0)
		lseek(a->kept, 0, SEEK_SET);
	while (a->kept >= 0 && (n = read(a->kept, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stderr);
	util_closep(&a->real);
	util_closep(&a->kept);
}

/* Keys come from the terminal, whatever standard input is. */
static int on_screen(struct browse *b)
{
	FILE *in = fopen("/dev/tty", "re");
	struct aside aside;
	SCREEN *screen;
	int r;

	if (!in) {
		complain("no terminal to read keys from: %s", strerror(errno));
		return -ENOTTY;
	}
	screen = newterm(NULL, stdout, in);
	if (!screen) {
		complain("this terminal is not known: TERM=%s",
			 getenv("TERM") ? getenv("TERM") : "");
		fclose(in);
		return -ENOTTY;
	}
	set_term(screen);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(50);
	browse_draw_start(b);
	aside_start(&aside);
	r = loop(b);
	endwin();
	delscreen(screen);
	fclose(in);
	aside_end(&aside);
	return r;
}

static int browse(const struct browse_args *a, const struct session_options *options, bool colour)
{
	struct browse b = {.colour = colour, .timeline = true, .follow = options->input.follow};
	const struct path none = {0};
	const char *by[QUERY_MAX_BY] = {"rule"};
	uint32_t n_by = MAX(options->query.n_by, 1);
	int r;

	if (options->query.n_by)
		memcpy(by, options->query.by, sizeof(by));
	if (marks_load(&b.marks, a->marks) < 0)
		return EVTAGG_BAD;
	if (session_new(options, &b.session) < 0) {
		marks_fini(&b.marks);
		return EVTAGG_BAD; /* it was said */
	}
	r = read_on(&b);
	if (r == 0)
		r = browse_push(&b, &level_rows, &none, by, n_by);
	if (r == 0)
		r = on_screen(&b);
	while (b.depth)
		browse_pop(&b);
	if (r == 0 && !a->session.quiet)
		session_say(b.session);
	session_free(b.session);
	marks_fini(&b.marks);
	if (r < 0 && r != -ENOTTY)
		complain("%s", strerror(-r));
	return r == 0 ? EVTAGG_OK : r == -ENOTTY ? EVTAGG_USAGE : EVTAGG_FAILED;
}

/* ---- the command line
 * ------------------------------------------------------------------------------ */

static int add_args(struct browse_args *a, struct args *args)
{
	const struct arg table[] = {
		{0, "marks", "FILE", "what is marked as noise (" MARKS_DEFAULT ")",
		 .value = &a->marks},
		{0, "color", "WHEN", "auto (default), always or never", .value = &a->colour},
	};
	int r = session_args_add(&a->session, args, SESSION_ARGS_ALL);

	return r < 0 ? r : args_add(args, "How it reads", table, ARRAY_SIZE(table));
}

static int start(const struct browse_args *a, const struct verb *verb,
		 struct session_options *options)
{
	bool colour;

	if (view_colour(a->colour, stdout, &colour) < 0)
		return args_bad(verb, "--color takes auto, always or never, not '%s'", a->colour);
	if (!isatty(STDOUT_FILENO))
		return args_bad(verb, "browse needs a terminal; count prints a table");
	if (!util_streq(nl_langinfo(CODESET), "UTF-8"))
		setlocale(LC_CTYPE, "C.UTF-8"); /* what terminals are */
	options->progress = false;
	options->keep = DEFAULT_KEEP;
	options->query.timeline = true;
	stop_on_signals();
	return browse(a, options, colour);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct session_options options;
	struct browse_args a = {0};
	struct args args = {0};
	int r = add_args(&a, &args);

	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	r = session_args_finish(&a.session, verb, &args, &options);
	if (r == EVTAGG_OK)
		r = start(&a, verb, &options);
	session_args_fini(&a.session);
	args_fini(&args);
	return r;
}

const struct verb verb_browse = {
	.name = "browse",
	.arguments = "[INPUT]...",
	.summary = "walk around in them on the terminal: rows, fields, values, alerts, noise",
	.run = run,
};
