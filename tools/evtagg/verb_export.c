/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtagg export: Prometheus counters of what comes in, under falco-exporter's names and
 * labels (its priority is a number, 0 = emergency), so that dashboards made for it go on.
 */
#include <pthread.h>

#include <saker/http_server.h>

#include "listen.h"
#include "session.h"
#include "stop.h"

#define DEFAULT_LISTEN ":9376"
#define RENDER_MS 200 /* a scrape is at most so much behind */

struct export_args {
	struct session_args session;
	const char *listen;
	bool from_start, priority_names;
};

/* What a scrape gets: made by the thread that reads, sent by those of the server. */
struct page {
	pthread_mutex_t lock;
	char *text;
	size_t len;
};

/* ---- the page ---------------------------------------------------------------------- */

/* The exposition format: backslash, quote and newline are escaped; it is UTF-8. */
static void put_label(struct textbuf *b, const char *name, struct text value)
{
	struct saker_json_slice raw = {value.p, value.len, SAKER_JSON_NUMBER, 0};
	char small[1024], *clean = small;
	size_t n = value.len ? saker_json_unescape(&raw, NULL, 0) : 0;

	textbuf_printf(b, "%s=\"", name);
	if (n > sizeof(small))
		clean = malloc(n);
	if (!clean) {
		b->failed = true;
		return;
	}
	if (n)
		saker_json_unescape(&raw, clean, n); /* broken UTF-8 becomes U+FFFD */
	for (size_t i = 0; i < n; i++) {
		if (clean[i] == '\n')
			textbuf_puts(b, "\\n");
		else if (clean[i] == '"' || clean[i] == '\\')
			textbuf_printf(b, "\\%c", clean[i]);
		else
			textbuf_put(b, &clean[i], 1);
	}
	if (clean != small)
		free(clean);
	textbuf_puts(b, "\"");
}

/* In the order of the query's columns; see run(). */
static void put_row(struct textbuf *b, const struct result_row *row, bool names)
{
	static const char *const labels[] = {"rule",   "priority",    "hostname",
					     "source", "k8s_ns_name", "k8s_pod_name"};
	char number[4];

	textbuf_puts(b, "falco_events{");
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		struct text value = row->keys[i].text;

		if (i == 1 && !names && row->priority != PRIORITY_UNKNOWN) {
			snprintf(number, sizeof(number), "%u", row->priority);
			value = text_of(number);
		}
		textbuf_puts(b, i ? "," : "");
		put_label(b, labels[i], value);
	}
	textbuf_printf(b, "} %llu\n", (unsigned long long)row->count);
}

static void put_counter(struct textbuf *b, const char *name, const char *help, const char *type,
			uint64_t value)
{
	textbuf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
		       (unsigned long long)value);
}

static void put_page(struct textbuf *b, const struct result *r, bool names)
{
	textbuf_puts(b, "# HELP falco_events Alerts by rule, priority, host and pod.\n"
			"# TYPE falco_events counter\n");
	for (uint32_t i = 0; i < r->n_rows; i++)
		put_row(b, &r->rows[i], names);
	put_counter(b, "evtagg_lines_total", "Lines read.", "counter", r->stats.lines);
	put_counter(b, "evtagg_alerts_total", "Alerts among them.", "counter", r->stats.alerts);
	put_counter(b, "evtagg_broken_lines_total", "Lines that start as JSON and are none.",
		    "counter", r->stats.broken);
	put_counter(b, "evtagg_dropped_lines_total", "Lines that a full queue refused.", "counter",
		    r->stats.dropped);
	put_counter(b, "evtagg_reconnects_total", "Logs taken up again.", "counter",
		    r->stats.reconnects);
	put_counter(b, "evtagg_input_errors_total", "Inputs that broke off.", "counter",
		    r->stats.input_errors);
	put_counter(b, "evtagg_exact", "1 while no series had to be dropped for memory.", "gauge",
		    r->exact);
}

static int renew(struct page *page, struct session *session, bool names)
{
	struct textbuf b = {0};
	struct result *result;
	int r = session_snapshot(session, &result);

	if (r < 0)
		return r;
	put_page(&b, result, names);
	result_free(result);
	if (b.failed) {
		textbuf_fini(&b);
		return -ENOMEM;
	}
	pthread_mutex_lock(&page->lock);
	free(page->text);
	page->text = b.p;
	page->len = b.len;
	pthread_mutex_unlock(&page->lock);
	return 0;
}

/* ---- the server ----------------------------------------------------------------------- */

static int answer(void *userdata, const struct saker_http_request *request,
		  struct saker_http_response *response)
{
	struct page *page = userdata;
	char *copy;

	if (!util_streq(request->method, "GET") && !util_streq(request->method, "HEAD")) {
		response->status = 405;
		return 0;
	}
	if (util_streq(request->path, "/healthz")) {
		response->body = "ok\n";
		response->len = 3;
		return 0;
	}
	if (!util_streq(request->path, "/metrics")) {
		response->status = 404;
		response->body = "/metrics and /healthz are here\n";
		response->len = strlen(response->body);
		return 0;
	}
	pthread_mutex_lock(&page->lock);
	copy = malloc(page->len + 1);
	if (copy)
		memcpy(copy, page->text, page->len);
	response->len = page->len;
	pthread_mutex_unlock(&page->lock);
	if (!copy)
		return -ENOMEM;
	response->body = copy;
	response->free_body = free;
	response->type = "text/plain; version=0.0.4; charset=utf-8";
	return 0;
}

static int begin(const char *address, struct page *page, struct saker_http_server **ret)
{
	struct saker_http_server_options options = SAKER_HTTP_SERVER_OPTIONS_INIT;

	options.listen = address;
	options.handler = answer;
	options.userdata = page;
	return listen_on(&options, ret);
}

/* To the end of what is followed, if it has one; then the counters stay up for the last scrape. */
static int follow(struct session *session, struct page *page, bool names)
{
	uint64_t rendered = 0, last = 0;
	int r = 0;

	while (!stop_asked) {
		struct scan_stats stats;

		if (r == -ENODATA)
			usleep(RENDER_MS * 1000);
		else
			r = session_step(session, RENDER_MS);
		if (r < 0 && r != -ENODATA)
			return r;
		session_stats(session, &stats);
		if (stats.lines == last ||
		    monotonic_ns() - rendered < RENDER_MS * UINT64_C(1000000))
			continue;
		if (renew(page, session, names) < 0)
			return -ENOMEM;
		last = stats.lines;
		rendered = monotonic_ns();
	}
	return 0;
}

static int serve(const struct export_args *e, const struct session_options *options)
{
	struct page page = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct saker_http_server *server = NULL;
	struct session *session;
	int r = session_new(options, &session);

	if (r < 0)
		return EVTAGG_BAD;
	r = session_step(session, 0);
	if (r >= 0 || r == -ENODATA)
		r = renew(&page, session, e->priority_names);
	if (r == 0)
		r = begin(e->listen ? e->listen : DEFAULT_LISTEN, &page, &server);
	if (r == 0) {
		if (!e->session.quiet)
			complain("listening on port %u, /metrics", saker_http_server_port(server));
		r = follow(session, &page, e->priority_names);
	}
	saker_http_server_free(server);
	if (!e->session.quiet && r == 0)
		session_say(session);
	session_free(session);
	free(page.text);
	return r == 0 ? EVTAGG_OK : EVTAGG_FAILED;
}

static int add_args(struct export_args *e, struct args *args)
{
	const struct arg table[] = {
		{'l', "listen", "ADDRESS", "where to serve /metrics (" DEFAULT_LISTEN ")",
		 .value = &e->listen},
		{0, "from-start", NULL, "count what is there already too", .flag = &e->from_start},
		{0, "priority-names", NULL,
		 "priority=\"Warning\" instead of falco-exporter's \"4\"",
		 .flag = &e->priority_names},
	};
	int r = args_add(args, "What is served", table, ARRAY_SIZE(table));

	return r < 0 ? r
		     : session_args_add(&e->session, args,
					SESSION_ARGS_INPUT | SESSION_ARGS_FILTER);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	static const char *const columns[] = {"rule",	"priority",    "hostname",
					      "source", "k8s.ns.name", "k8s.pod.name"};
	struct session_options options;
	struct export_args e = {0};
	struct args args = {0};
	int r = add_args(&e, &args);

	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	e.session.follow = true;
	e.session.from_now = !e.from_start;
	r = session_args_finish(&e.session, verb, &args, &options);
	if (r == EVTAGG_OK) {
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			options.query.by[i] = columns[i];
		options.query.n_by = ARRAY_SIZE(columns);
		options.query.sort = QUERY_SORT_NAME;
		stop_on_signals();
		r = serve(&e, &options);
	}
	session_args_fini(&e.session);
	args_fini(&args);
	return r;
}

const struct verb verb_export = {
	.name = "export",
	.arguments = "[INPUT]...",
	.summary = "serve Prometheus counters, under falco-exporter's names",
	.run = run,
};
