/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtagg serve: the browser as a web page of this machine. One thread reads; those of
 * the HTTP server ask under the same lock. Only marking changes anything, and that
 * needs a token that the page alone knows: another site's page can neither read
 * (no cross-origin answers, names are checked) nor mark.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>

#include <saker/http_server.h>

#include "listen.h"
#include "stop.h"
#include "web.h"

#define DEFAULT_LISTEN "127.0.0.1:9377"
#define DEFAULT_KEEP (64u << 20)
#define STEP_MS 50
#define MAX_ROWS 5000
#define MAX_ALERTS 500

struct serve_args {
	struct session_args session;
	const char *listen, *marks;
};

struct serve {
	pthread_mutex_t lock; /* the session and the marks */
	struct session *session;
	struct marks marks;
	struct textbuf page;
	char token[33];
	atomic_uint waiting; /* threads that want the lock: the reader lets them */
	atomic_bool end;
	atomic_ullong generation;
};

static void enter(struct serve *s)
{
	atomic_fetch_add(&s->waiting, 1);
	pthread_mutex_lock(&s->lock);
	atomic_fetch_sub(&s->waiting, 1);
}

static void leave(struct serve *s)
{
	pthread_mutex_unlock(&s->lock);
}

/* ---- what is asked ---------------------------------------------------------------------- */

static int take_path(const struct saker_http_request *request, struct path *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; i <= PATH_MAX_STEPS; i++) {
		struct path_step step = {0};
		char name[8];
		const char *kind;
		uint32_t number;

		snprintf(name, sizeof(name), "c%u", i);
		step.column = saker_http_request_query(request, name);
		snprintf(name, sizeof(name), "v%u", i);
		step.value = text_of(saker_http_request_query(request, name));
		snprintf(name, sizeof(name), "k%u", i);
		kind = saker_http_request_query(request, name);
		if (!step.column)
			return 0;
		if (!*step.column || !step.value.p || !kind || parse_u32(kind, &number) < 0 ||
		    number > SAKER_JSON_ARRAY)
			return -EINVAL;
		step.kind = (uint8_t)number;
		if (path_add(ret, &step) < 0)
			return -EINVAL;
	}
	return -EINVAL;
}

/* The columns of `by`, cut up in copy. */
static int take_by(const struct saker_http_request *request, char *copy, size_t size,
		   struct query *query)
{
	const char *by = saker_http_request_query(request, "by");
	char *save = NULL;

	if (!by || !*by)
		return 0;
	if (strlen(by) >= size)
		return -EINVAL;
	snprintf(copy, size, "%s", by);
	query->n_by = 0;
	for (char *name = strtok_r(copy, ", ", &save); name; name = strtok_r(NULL, ", ", &save)) {
		if (query->n_by == QUERY_MAX_BY)
			return -EINVAL;
		query->by[query->n_by++] = name;
	}
	return query->n_by ? 0 : -EINVAL;
}

/* ---- what is answered --------------------------------------------------------------------- */

static int get_rows(struct serve *s, const struct saker_http_request *request,
		    const struct path *path, struct textbuf *b)
{
	struct query query = session_get_options(s->session)->query;
	struct result *result;
	struct grid grid;
	char by[1024];
	int r;

	if (!query.n_by) {
		query.by[0] = "rule";
		query.n_by = 1;
	}
	query.where = NULL; /* the session's own holds already */
	query.since = query.until = 0;
	r = take_by(request, by, sizeof(by), &query);
	if (r < 0)
		return r;
	if (!path->n && !saker_http_request_query(request, "by"))
		r = session_snapshot(s->session, &result);
	else
		r = explore_rows(s->session, path, &query, &result);
	if (r < 0)
		return r;
	r = grid_of_rows(result, path, &s->marks, &grid);
	if (r == 0) {
		web_grid(b, &grid, MAX_ROWS, result);
		grid_fini(&grid);
	}
	result_free(result);
	return r;
}

static int get_fields(struct serve *s, const struct saker_http_request *request,
		      const struct path *path, struct textbuf *b)
{
	struct found_fields fields;
	struct grid grid;
	int r = explore_fields(s->session, path, &fields);

	if (r < 0)
		return r;
	r = grid_of_fields(&fields, &grid);
	if (r == 0) {
		web_grid(b, &grid, MAX_ROWS, NULL);
		grid_fini(&grid);
	}
	found_fields_fini(&fields);
	return r;
}

/* The list, and with each alert all that is in it. */
static int get_alerts(struct serve *s, const struct saker_http_request *request,
		      const struct path *path, struct textbuf *b)
{
	struct found_alerts alerts;
	struct grid grid;
	int r = explore_alerts(s->session, path, MAX_ALERTS, &alerts);

	if (r < 0)
		return r;
	textbuf_printf(b, "{\"all\":%llu,\"list\":", (unsigned long long)alerts.all);
	r = grid_of_alerts(&alerts, path, &grid);
	if (r == 0) {
		web_grid(b, &grid, MAX_ALERTS, NULL);
		grid_fini(&grid);
	}
	textbuf_puts(b, ",\"alerts\":[");
	for (uint32_t i = 0; i < alerts.n && r == 0; i++) {
		r = grid_of_alert(&alerts.v[i], &grid);
		if (r < 0)
			break;
		textbuf_puts(b, i ? "," : "");
		web_grid(b, &grid, MAX_ROWS, NULL);
		grid_fini(&grid);
	}
	textbuf_puts(b, "]}");
	found_alerts_fini(&alerts);
	return r;
}

static void put_status(struct serve *s, struct textbuf *b)
{
	const struct session_options *options = session_get_options(s->session);
	struct scan_stats stats;

	session_stats(s->session, &stats);
	textbuf_printf(b,
		       "{\"generation\":%llu,\"alerts\":%llu,\"lines\":%llu,\"broken\":%llu,"
		       "\"dropped\":%llu,\"read\":%llu,\"total\":%llu,\"end\":%s,\"follow\":%s,"
		       "\"complete\":%s}",
		       (unsigned long long)session_generation(s->session),
		       (unsigned long long)stats.selected, (unsigned long long)stats.lines,
		       (unsigned long long)stats.broken, (unsigned long long)stats.dropped,
		       (unsigned long long)stats.read_bytes, (unsigned long long)stats.total_bytes,
		       atomic_load(&s->end) ? "true" : "false",
		       options->input.follow ? "true" : "false",
		       session_scan_complete(s->session) ? "true" : "false");
}

static int get_status(struct serve *s, const struct saker_http_request *request,
		      const struct path *path, struct textbuf *b)
{
	put_status(s, b);
	return 0;
}

static int post_mark(struct serve *s, const struct saker_http_request *request,
		     const struct path *path, struct textbuf *b)
{
	bool marked;
	int r = path->n ? marks_toggle(&s->marks, path, &marked) : -EINVAL;

	if (r < 0)
		return r;
	textbuf_printf(b, "{\"marked\":%s,\"file\":", marked ? "true" : "false");
	textbuf_json(b, text_of(s->marks.file));
	textbuf_puts(b, "}");
	return 0;
}

static const struct endpoint {
	const char *method;
	const char *path;
	int (*run)(struct serve *s, const struct saker_http_request *request,
		   const struct path *path, struct textbuf *b);
} endpoints[] = {
	{"GET", "/api/rows", get_rows},	    {"GET", "/api/fields", get_fields},
	{"GET", "/api/alerts", get_alerts}, {"GET", "/api/status", get_status},
	{"POST", "/api/mark", post_mark},
};

/* ---- live: server-sent events ---------------------------------------------------------------- */

struct events {
	struct serve *serve;
	uint64_t generation;
	bool end;
	bool begun;
};

static long read_events(void *userdata, char *buf, size_t size)
{
	struct events *e = userdata;
	struct serve *s = e->serve;
	struct textbuf b = {0};
	size_t n;

	for (int i = 0; i < 20; i++) {
		uint64_t generation = atomic_load(&s->generation);
		bool end = atomic_load(&s->end);

		if (!e->begun || generation != e->generation || end != e->end) {
			e->begun = true;
			e->generation = generation;
			e->end = end;
			enter(s);
			put_status(s, &b);
			leave(s);
			n = b.failed ? 0 : (size_t)snprintf(buf, size, "data: %s\n\n", b.p);
			textbuf_fini(&b);
			return n && n < size ? (long)n : -1;
		}
		if (stop_asked)
			return -1;
		usleep(50000);
	}
	/* A comment now and then tells whether somebody still listens. */
	n = (size_t)snprintf(buf, size, ": on\n\n");
	return (long)n;
}

static int start_events(struct serve *s, struct saker_http_response *response)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->serve = s;
	response->type = "text/event-stream";
	response->read = read_events;
	response->close = free;
	response->userdata = e;
	return 0;
}

/* ---- requests -----------------------------------------------------------------------------------
 */

static int refuse(struct saker_http_response *response, int status, const char *why)
{
	response->status = status;
	response->body = why;
	response->len = strlen(why);
	return 0;
}

/* Asked by a page of another site: browsers say so, and it gets nothing. */
static bool is_foreign(const struct saker_http_request *request)
{
	const char *site = saker_http_request_header(request, "Sec-Fetch-Site");
	const char *origin = saker_http_request_header(request, "Origin");
	const char *host = saker_http_request_header(request, "Host");

	if (site && !util_streq(site, "same-origin") && !util_streq(site, "none"))
		return true;
	return origin &&
	       (!host || strncmp(origin, "http://", 7) != 0 || !util_streq(origin + 7, host));
}

/* All of it is looked at, whatever it is: how long it took tells nothing. */
static bool is_token(const struct serve *s, const char *given)
{
	unsigned char differ = !given || strlen(given) != sizeof(s->token) - 1;

	for (size_t i = 0; !differ && i < sizeof(s->token) - 1; i++)
		differ |= (unsigned char)(given[i] ^ s->token[i]);
	return !differ;
}

static int send_page(struct serve *s, struct saker_http_response *response)
{
	response->type = "text/html; charset=utf-8";
	response->header_name = "Content-Security-Policy";
	response->header_value = WEB_POLICY "; connect-src 'self'; frame-ancestors 'none'";
	response->body = s->page.p;
	response->len = s->page.len;
	return 0;
}

static int run_endpoint(struct serve *s, const struct endpoint *endpoint,
			const struct saker_http_request *request,
			struct saker_http_response *response)
{
	struct textbuf b = {0};
	struct path path;
	int r = take_path(request, &path);

	if (r == 0) {
		enter(s);
		r = endpoint->run(s, request, &path, &b);
		leave(s);
	}
	if (b.failed || r < 0) {
		textbuf_fini(&b);
		if (r == -ENOTSUP)
			return refuse(response, 400,
				      "noise is marked within a rule: group by rule too\n");
		if (r == -EINVAL || r == -E2BIG)
			return refuse(response, 400, "this is no path to alerts\n");
		return r < 0 ? r : -ENOMEM;
	}
	response->type = "application/json";
	response->body = b.p;
	response->len = b.len;
	response->free_body = free;
	return 0;
}

static int answer(void *userdata, const struct saker_http_request *request,
		  struct saker_http_response *response)
{
	bool get = util_streq(request->method, "GET");
	struct serve *s = userdata;

	if ((get || util_streq(request->method, "HEAD")) && util_streq(request->path, "/"))
		return send_page(s, response);
	if (is_foreign(request))
		return refuse(response, 403, "not for pages of other sites\n");
	if (get && util_streq(request->path, "/api/events"))
		return start_events(s, response);
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		if (!util_streq(endpoints[i].path, request->path))
			continue;
		if (!util_streq(endpoints[i].method, request->method))
			return refuse(response, 405, "not with this method\n");
		if (!get && !is_token(s, saker_http_request_header(request, "X-Evtagg-Token")))
			return refuse(response, 403, "marking needs the page's token\n");
		return run_endpoint(s, &endpoints[i], request, response);
	}
	return refuse(response, 404, "there is no such page\n");
}

/* ---- the loop
 * -------------------------------------------------------------------------------------- */

static int read_on(struct serve *s)
{
	int r;

	enter(s);
	r = session_step(s->session, 0);
	atomic_store(&s->generation, session_generation(s->session));
	leave(s);
	if (r == -ENODATA)
		atomic_store(&s->end, true);
	return r;
}

static int loop(struct serve *s)
{
	int r = 1;

	while (!stop_asked) {
		if (r != -ENODATA)
			r = read_on(s);
		if (r < 0 && r != -ENODATA)
			return r;
		if (r <= 0)
			usleep(STEP_MS * 1000);
		else if (atomic_load(&s->waiting))
			usleep(500); /* a mutex is not fair */
	}
	return 0;
}

static int begin(const char *address, struct serve *s, struct saker_http_server **ret)
{
	struct saker_http_server_options options = SAKER_HTTP_SERVER_OPTIONS_INIT;

	options.listen = address;
	options.handler = answer;
	options.userdata = s;
	options.local_names_only = true;
	return listen_on(&options, ret);
}

/* The page carries the token as its data. */
static int make_page(struct serve *s)
{
	struct textbuf data = {0};
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(s->token + 2 * i, 3, "%02x", bytes[i]);
	textbuf_printf(&data, "{\"token\":\"%s\",\"by\":", s->token);
	textbuf_json(&data, text_of(session_get_options(s->session)->query.n_by
					    ? session_get_options(s->session)->query.by[0]
					    : "rule"));
	textbuf_puts(&data, "}");
	web_page(&s->page, "evtagg", web_serve_js, WEB_POLICY "; connect-src 'self'", &data);
	textbuf_fini(&data);
	return s->page.failed ? -ENOMEM : 0;
}

static void say_where(const char *address, const struct saker_http_server *server)
{
	const char *colon = strrchr(address, ':');
	int n = colon ? (int)(colon - address) : 0;

	complain("http://%.*s:%u/ until Ctrl-C", n ? n : 9, n ? address : "127.0.0.1",
		 saker_http_server_port(server));
	if (strncmp(address, "127.", 4) != 0 && strncmp(address, "[::1]", 5) != 0 &&
	    strncmp(address, "localhost:", 10) != 0)
		complain("whoever reaches this port reads the alerts: there is no login");
}

static int serve(const struct serve_args *a, const struct session_options *options)
{
	const char *address = a->listen ? a->listen : DEFAULT_LISTEN;
	struct serve s = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct saker_http_server *server = NULL;
	int r;

	if (marks_load(&s.marks, a->marks) < 0)
		return EVTAGG_BAD;
	if (session_new(options, &s.session) < 0) {
		marks_fini(&s.marks);
		return EVTAGG_BAD; /* it was said */
	}
	r = make_page(&s);
	if (r == 0)
		r = session_step(s.session, 0); /* before anybody asks */
	atomic_store(&s.end, r == -ENODATA);
	if (r >= 0 || r == -ENODATA)
		r = begin(address, &s, &server);
	if (r == 0) {
		say_where(address, server);
		r = loop(&s);
	}
	stop_asked = 1;
	saker_http_server_free(server);
	if (r == 0 && !a->session.quiet)
		session_say(s.session);
	session_free(s.session);
	marks_fini(&s.marks);
	textbuf_fini(&s.page);
	return r == 0 ? EVTAGG_OK : EVTAGG_FAILED;
}

static int add_args(struct serve_args *a, struct args *args)
{
	const struct arg table[] = {
		{'l', "listen", "ADDRESS", "where to serve the page (" DEFAULT_LISTEN ")",
		 .value = &a->listen},
		{0, "marks", "FILE", "what is marked as noise (" MARKS_DEFAULT ")",
		 .value = &a->marks},
	};
	int r = args_add(args, "What is served", table, ARRAY_SIZE(table));

	return r < 0 ? r : session_args_add(&a->session, args, SESSION_ARGS_ALL);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct session_options options;
	struct serve_args a = {0};
	struct args args = {0};
	int r = add_args(&a, &args);

	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	r = session_args_finish(&a.session, verb, &args, &options);
	if (r == EVTAGG_OK) {
		options.progress = false;
		options.keep = DEFAULT_KEEP;
		options.query.timeline = true;
		stop_on_signals();
		r = serve(&a, &options);
	}
	session_args_fini(&a.session);
	args_fini(&args);
	return r;
}

const struct verb verb_serve = {
	.name = "serve",
	.arguments = "[INPUT]...",
	.summary = "walk around in them in a web browser: a page of this machine only",
	.run = run,
};
