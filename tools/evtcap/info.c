/* SPDX-License-Identifier: Apache-2.0 */
/* -i: what a capture holds, in text or JSON: machine, span, types, processes, users. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <time.h>

#include <jansson.h>

#include "fields.h"
#include "session.h"
#include "table.h"
#include "text.h"
#include "types.h"

#define SHOWN 10 /* processes and users by name; JSON has as many */

struct info {
	struct session *session;
	struct types types;
	struct table processes; /* by name */
	struct table pids;
	struct table users;
	struct saker_field_ref name;
	struct saker_field_ref pid;
	struct saker_field_ref user;
	struct saker_field_ref uid;
};

static int count_number(struct table *table, int64_t number)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, number);

	return table_count(table, text, (size_t)n, 1, 0);
}

static int info_event(void *self, const struct saker_event_view *event,
		      const struct saker_event_meta *meta, struct saker_record *record)
{
	struct info *info = self;
	const char *text;
	size_t n;
	int64_t number;
	int r = 0;

	types_count(&info->types, event);
	n = fields_text(&info->name, record, &text);
	if (n)
		r = table_count(&info->processes, text, n, 1, 0);
	number = fields_number(&info->pid, record, -1);
	if (r == 0 && number >= 0)
		r = count_number(&info->pids, number);
	n = fields_text(&info->user, record, &text);
	number = fields_number(&info->uid, record, -1);
	if (r == 0 && n)
		r = table_count(&info->users, text, n, 1, 0);
	else if (r == 0 && number >= 0 && number < UINT32_MAX)
		r = count_number(&info->users, number);
	return r < 0 ? r : 1;
}

/* ---- values that both forms share ------------------------------------------------- */

static void time_text(uint64_t ns, char text[40])
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	char date[24];

	if (!ns || !gmtime_r(&seconds, &tm)) {
		snprintf(text, 40, "unknown");
		return;
	}
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, 40, "%s.%09" PRIu64 "Z", date, ns % 1000000000);
}

static const char *interface_text(const struct saker_interface *it, char text[80])
{
	char addr[INET6_ADDRSTRLEN] = "?";

	inet_ntop(it->addr.family == 6 ? AF_INET6 : AF_INET, it->addr.addr, addr, sizeof(addr));
	snprintf(text, 80, "%s/%u", addr, it->addr.prefix);
	return text;
}

static double span(const struct session *s)
{
	return (double)(s->last_ts - s->first_ts) / 1e9;
}

/* ---- text --------------------------------------------------------------------------- */

static void row(const char *name)
{
	printf("%-12s ", name);
}

static void put_machine(struct session *s)
{
	struct saker_machine m;
	char boot[40];

	if (saker_capture_machine(s->capture, &m) < 0) {
		row("machine");
		puts("not told");
		return;
	}
	time_text(m.boot_ts, boot);
	row("hostname");
	text_put_clean(stdout, m.hostname, strnlen(m.hostname, sizeof(m.hostname)));
	putchar('\n');
	row("machine");
	printf("%u CPUs, %.1f GiB of memory, booted %s\n", m.n_cpus,
	       (double)m.memory / (1024.0 * 1024 * 1024), m.boot_ts ? boot : "unknown");
}

static void put_interfaces(struct session *s)
{
	struct saker_interface it;
	char text[80];

	for (uint32_t i = 0; saker_capture_interface(s->capture, i, &it) == 1; i++) {
		row(i ? "" : "interfaces");
		text_put_clean(stdout, it.name, strlen(it.name));
		printf(" %s\n", interface_text(&it, text));
	}
}

static void put_file(struct session *s, const struct saker_capture_stats *stats)
{
	const char *file = s->options->read;

	row("capture");
	if (!file) {
		puts("this machine, live");
		return;
	}
	text_put_clean(stdout, file, strlen(file));
	printf(", %" PRIu64 " bytes\n", stats->file_size ? stats->file_size : stats->file_offset);
}

static void put_span(struct session *s, const struct saker_capture_stats *stats)
{
	char first[40], last[40];
	double seconds = span(s);

	time_text(s->first_ts, first);
	time_text(s->last_ts, last);
	row("events");
	printf("%" PRIu64 "\n", s->n_events);
	if (s->filter) {
		row("satisfying");
		printf("%" PRIu64 " (what follows is of these)\n", s->n_matched);
	}
	if (!s->n_events)
		return;
	row("first");
	puts(first);
	row("last");
	puts(last);
	row("span");
	printf("%.3f s, %.1f events a second\n", seconds,
	       seconds > 0 ? (double)s->n_events / seconds : 0);
	row("at start");
	printf("%" PRIu64 " threads and open files\n", stats->initial);
}

static void put_table(const char *title, struct table *t, uint32_t n_ids)
{
	row(title);
	if (n_ids)
		printf("%u, of %u names%s\n", n_ids, t->n, t->n > SHOWN ? ", the busiest:" : ":");
	else
		printf("%u%s\n", t->n, t->n > SHOWN ? ", the busiest:" : ":");
	table_sort(t, TABLE_EVENTS);
	for (uint32_t i = 0; i < t->n && i < SHOWN; i++) {
		printf("  %10" PRIu64 "  ", t->rows[i].events);
		text_put_clean(stdout, t->rows[i].key, t->rows[i].len);
		putchar('\n');
	}
}

static void put_text(struct info *info, const struct saker_capture_stats *stats)
{
	struct session *s = info->session;

	put_file(s, stats);
	put_machine(s);
	put_interfaces(s);
	put_span(s, stats);
	if (info->types.n == 0)
		return;
	put_table("processes", &info->processes, info->pids.n);
	put_table("users", &info->users, 0);
	row("types");
	putchar('\n');
	types_print(&info->types, stdout, "  ");
}

/* ---- JSON ------------------------------------------------------------------------------ */

/* Names are whatever a program called itself: bytes that are no UTF-8 become '?'. */
static json_t *text_json(const char *text, size_t len)
{
	json_t *json = json_stringn(text, len);
	char *copy;

	if (json || !(copy = malloc(len + 1)))
		return json;
	for (size_t i = 0; i < len; i++)
		copy[i] = (text[i] & 0x80) || text[i] == '\0' ? '?' : text[i];
	json = json_stringn(copy, len);
	free(copy);
	return json;
}

static json_t *table_json(struct table *t)
{
	json_t *array = json_array();

	table_sort(t, TABLE_EVENTS);
	for (uint32_t i = 0; i < t->n && i < SHOWN; i++)
		json_array_append_new(array, json_pack("{so sI}", "name",
						       text_json(t->rows[i].key, t->rows[i].len),
						       "events", (json_int_t)t->rows[i].events));
	return array;
}

static void add_machine(json_t *root, struct session *s)
{
	json_t *interfaces = json_array();
	struct saker_interface it;
	struct saker_machine m;
	char text[80];

	if (saker_capture_machine(s->capture, &m) == 0) {
		json_object_set_new(root, "hostname",
				    text_json(m.hostname, strnlen(m.hostname, sizeof(m.hostname))));
		json_object_set_new(root, "machine",
				    json_pack("{sI sI sI}", "cpus", (json_int_t)m.n_cpus, "memory",
					      (json_int_t)m.memory, "boot_time",
					      (json_int_t)m.boot_ts));
	}
	for (uint32_t i = 0; saker_capture_interface(s->capture, i, &it) == 1; i++)
		json_array_append_new(interfaces, json_pack("{so ss}", "name",
							    text_json(it.name, strlen(it.name)),
							    "address", interface_text(&it, text)));
	json_object_set_new(root, "interfaces", interfaces);
}

static int put_json(struct info *info, const struct saker_capture_stats *stats)
{
	struct session *s = info->session;
	json_t *root =
		json_pack("{sI sI sI sI sI sf sI si si}", "size",
			  (json_int_t)(stats->file_size ? stats->file_size : stats->file_offset),
			  "events", (json_int_t)s->n_events, "satisfying", (json_int_t)s->n_matched,
			  "first", (json_int_t)s->first_ts, "last", (json_int_t)s->last_ts,
			  "seconds", span(s), "initial", (json_int_t)stats->initial, "n_processes",
			  (int)info->pids.n, "n_users", (int)info->users.n);

	if (!root)
		return -ENOMEM;
	if (s->options->read)
		json_object_set_new(root, "file",
				    text_json(s->options->read, strlen(s->options->read)));
	add_machine(root, s);
	json_object_set_new(root, "processes", table_json(&info->processes));
	json_object_set_new(root, "users", table_json(&info->users));
	json_object_set_new(root, "types", types_json(&info->types));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
	return 0;
}

/* ---- the view ---------------------------------------------------------------------------- */

static int info_finish(void *self)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	struct info *info = self;
	int r = saker_capture_stats(info->session->capture, &stats);

	if (r < 0)
		return r;
	if (info->session->options->json)
		r = put_json(info, &stats);
	else
		put_text(info, &stats);
	errno = 0;
	if (r == 0 && fflush(stdout) != 0)
		r = errno ? -errno : -EIO;
	return r;
}

static void info_close(void *self)
{
	struct info *info = self;

	table_fini(&info->processes);
	table_fini(&info->pids);
	table_fini(&info->users);
	free(info);
}

static int info_open(struct session *s, void **ret_self)
{
	struct info *info = calloc(1, sizeof(*info));
	int r;

	if (!info)
		return -ENOMEM;
	info->session = s;
	r = fields_bind("proc.name", &info->name);
	if (r == 0)
		r = fields_bind("proc.pid", &info->pid);
	if (r == 0)
		r = fields_bind("user.name", &info->user);
	if (r == 0)
		r = fields_bind("user.uid", &info->uid);
	if (r < 0) {
		info_close(info);
		return r;
	}
	*ret_self = info;
	return 0;
}

const struct view view_info = {
	.open = info_open,
	.event = info_event,
	.finish = info_finish,
	.close = info_close,
};
