/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --top: who does most, by process, file or connection. On a terminal a live
 * table is drawn anew each second and shows that second; otherwise one table
 * of all of it comes at the end.
 */
#include <inttypes.h>
#include <sys/ioctl.h>

#include "fields.h"
#include "json.h"
#include "session.h"
#include "table.h"
#include "text.h"

#define REFRESH_NS UINT64_C(1000000000)
#define DEFAULT_ROWS 25
#define HEAD_LINES 3

struct top {
	const struct evtcap_options *options;
	struct table table;
	struct saker_field_ref name; /* of a process or of a descriptor */
	struct saker_field_ref pid;
	struct saker_field_ref kind; /* fd.typechar */
	struct saker_field_ref proto;
	struct saker_field_ref bytes;
	bool refresh;
	bool drawn;
	bool colour;
	uint64_t last; /* when the table was drawn */
	uint64_t new_events;
	uint64_t n_events;
};

/* ---- counting ---------------------------------------------------------------------- */

/* What an event counts for, as a line of the table; 0 = nothing. */
static size_t make_key(struct top *top, struct saker_record *record, char key[TABLE_KEY_MAX])
{
	const char *name, *kind, *proto = "";
	size_t n = fields_text(&top->name, record, &name), n_proto = 0;
	int len;

	if (top->options->top_of == EVTCAP_TOP_PROC) {
		len = snprintf(key, TABLE_KEY_MAX, "%8" PRId64 "  %.*s",
			       fields_number(&top->pid, record, -1), n ? (int)n : 4,
			       n ? name : "<NA>");
		return MIN((size_t)len, (size_t)TABLE_KEY_MAX - 1);
	}
	if (n == 0 || fields_text(&top->kind, record, &kind) != 1)
		return 0;
	if (top->options->top_of == EVTCAP_TOP_FILE) {
		if (*kind != 'f' && *kind != 'd')
			return 0;
		len = snprintf(key, TABLE_KEY_MAX, "%.*s", (int)n, name);
	} else {
		if (*kind != '4' && *kind != '6')
			return 0;
		n_proto = fields_text(&top->proto, record, &proto);
		len = snprintf(key, TABLE_KEY_MAX, "%-4.*s  %.*s", (int)n_proto, proto, (int)n,
			       name);
	}
	return MIN((size_t)len, (size_t)TABLE_KEY_MAX - 1);
}

static int top_event(void *self, const struct saker_event_view *event,
		     const struct saker_event_meta *meta, struct saker_record *record)
{
	struct top *top = self;
	char key[TABLE_KEY_MAX];
	size_t len = make_key(top, record, key);
	int64_t bytes;
	int r;

	if (len == 0)
		return 0;
	bytes = fields_number(&top->bytes, record, 0);
	r = table_count(&top->table, key, len, 1, bytes > 0 ? (uint64_t)bytes : 0);
	top->n_events++;
	top->new_events++;
	return r < 0 ? r : 1;
}

/* ---- printing ------------------------------------------------------------------------ */

static const char *head(const struct top *top)
{
	static const char *const heads[] = {"     PID  PROCESS", "FILE", "PROT  CONNECTION"};

	return heads[top->options->top_of];
}

static void put_bytes(uint64_t n)
{
	static const char units[] = " kMGTPE";
	double v = (double)n;
	size_t unit = 0;

	while (v >= 999.5 && unit < sizeof(units) - 2) {
		v /= 1000;
		unit++;
	}
	if (unit)
		printf("%7.1f%c", v, units[unit]);
	else
		printf("%7" PRIu64 " ", n);
}

static void window(const struct top *top, unsigned int *ret_rows, unsigned int *ret_columns)
{
	struct winsize size = {0};

	*ret_rows = top->options->rows ? top->options->rows : DEFAULT_ROWS;
	*ret_columns = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row <= HEAD_LINES + 1)
		return;
	*ret_columns = size.ws_col;
	if (top->refresh)
		*ret_rows = MIN(top->options->rows ? top->options->rows : UINT32_MAX,
				(unsigned int)size.ws_row - HEAD_LINES - 1);
}

/* new: of this second only. */
static void put_rows(struct top *top, bool new)
{
	unsigned int rows, columns;
	const char *eol = new ? "\x1b[K\n" : "\n";

	window(top, &rows, &columns);
	table_sort(&top->table, top->options->top_by_bytes
					? (new ? TABLE_NEW_BYTES : TABLE_BYTES)
					: (new ? TABLE_NEW_EVENTS : TABLE_EVENTS));
	printf("%s%9s %8s  %s%s%s", top->colour ? "\x1b[1m" : "", new ? "EVENTS/s" : "EVENTS",
	       new ? "BYTES/s" : "BYTES", head(top), top->colour ? "\x1b[0m" : "", eol);
	for (uint32_t i = 0; i < top->table.n && i < rows; i++) {
		const struct table_row *row = &top->table.rows[i];
		size_t len = row->len;

		if (new && row->new_events == 0)
			break;
		printf("%9" PRIu64 " ", new ? row->new_events : row->events);
		put_bytes(new ? row->new_bytes : row->bytes);
		fputs("  ", stdout);
		if (new &&columns > 21)
			len = MIN(len, (size_t)columns - 21);
		text_put_clean(stdout, row->key, len);
		fputs(eol, stdout);
	}
}

static void put_json(struct top *top)
{
	unsigned int rows, columns;

	window(top, &rows, &columns);
	table_sort(&top->table, top->options->top_by_bytes ? TABLE_BYTES : TABLE_EVENTS);
	for (uint32_t i = 0; i < top->table.n && i < rows; i++) {
		const struct table_row *row = &top->table.rows[i];
		size_t skip = top->options->top_of == EVTCAP_TOP_CONN ? 6 : 0;

		printf("{\"events\":%" PRIu64 ",\"bytes\":%" PRIu64, row->events, row->bytes);
		if (top->options->top_of == EVTCAP_TOP_PROC) {
			printf(",\"pid\":%lld", strtoll(row->key, NULL, 10));
			skip = strspn(row->key, " ");
			skip += strcspn(row->key + skip, " ") + 2;
		}
		fputs(",\"name\":", stdout);
		json_put_string(stdout, row->key + MIN(skip, (size_t)row->len),
				row->len - MIN(skip, (size_t)row->len));
		fputs("}\n", stdout);
	}
}

static int flush(void)
{
	errno = 0;
	return fflush(stdout) == 0 ? 0 : errno ? -errno : -EIO;
}

static int top_tick(void *self, uint64_t now, bool idle)
{
	struct top *top = self;

	if (!top->refresh || now - top->last < REFRESH_NS)
		return 0;
	if (top->last) { /* the first second is not over */
		char head[80];
		unsigned int rows, columns;

		window(top, &rows, &columns);
		snprintf(head, sizeof(head), "evtcap: %" PRIu64 " events/s, %u rows, Ctrl-C ends",
			 top->new_events, top->table.n);
		printf("%s\x1b[H", top->drawn ? "" : "\x1b[2J");
		printf("%.*s\x1b[K\n\x1b[K\n", columns ? (int)columns - 1 : 79, head);
		put_rows(top, true);
		fputs("\x1b[J", stdout);
		top->drawn = true;
	}
	table_age(&top->table);
	top->new_events = 0;
	top->last = now;
	return flush();
}

static int top_finish(void *self)
{
	struct top *top = self;

	if (top->drawn)
		fputs("\x1b[H\x1b[J", stdout);
	top->refresh = false;
	if (top->options->json)
		put_json(top);
	else
		put_rows(top, false);
	if (!top->options->json && top->table.other_events)
		printf("%9" PRIu64 " events of others, which there was no room for\n",
		       top->table.other_events);
	return flush();
}

static void top_close(void *self)
{
	struct top *top = self;

	table_fini(&top->table);
	free(top);
}

static int top_open(struct session *s, void **ret_self)
{
	struct top *top = calloc(1, sizeof(*top));
	bool proc = s->options->top_of == EVTCAP_TOP_PROC;
	int r;

	if (!top)
		return -ENOMEM;
	top->options = s->options;
	top->colour = s->colour;
	top->refresh = !s->options->read && !s->options->json && isatty(STDOUT_FILENO);
	r = fields_bind(proc ? "proc.name" : "fd.name", &top->name);
	if (r == 0)
		r = fields_bind("proc.pid", &top->pid);
	if (r == 0)
		r = fields_bind("fd.typechar", &top->kind);
	if (r == 0)
		r = fields_bind("fd.l4proto", &top->proto);
	if (r == 0)
		r = fields_bind("evt.buflen", &top->bytes);
	if (r < 0) {
		top_close(top);
		return r;
	}
	*ret_self = top;
	return 0;
}

const struct view view_top = {
	.open = top_open,
	.event = top_event,
	.tick = top_tick,
	.finish = top_finish,
	.close = top_close,
};
