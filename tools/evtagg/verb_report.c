/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg report: one HTML file with charts that opens from disk, without a network. */
#include "session.h"
#include "stop.h"
#include "web.h"

#define DEFAULT_RULES 500 /* rows in the tables */

struct report_args {
	struct session_args session;
	const char *out, *title;
};

/* A second count of the same alerts, by another column. */
struct count {
	struct query query;
	struct column column;
	void *state;
};

static int count_open(struct count *c, struct session *session, const char *column)
{
	const struct query *q = &session_get_options(session)->query;
	struct consumer consumer = {aggregate_memory.add, aggregate_memory.settle, NULL};
	int r;

	c->query = (struct query){.by = {column}, .n_by = 1, .timeline = true};
	c->query.bucket = q->bucket;
	c->query.top = DEFAULT_RULES;
	r = session_column(session, column, &c->column);
	if (r == 0)
		r = aggregate_memory.open(&c->query, &c->column, &c->state);
	consumer.userdata = c->state;
	return r == 0 ? session_consume(session, &consumer) : r;
}

/* ,"name":{...} */
static int count_put(struct count *c, const char *name, struct textbuf *b)
{
	struct result *result = calloc(1, sizeof(*result));
	int r;

	if (!result)
		return -ENOMEM;
	arena_init(&result->arena, 64 << 10);
	r = aggregate_memory.result(c->state, result);
	textbuf_printf(b, ",\"%s\":", name);
	if (r == 0)
		r = web_result(b, result);
	result_free(result);
	return r;
}

static void put_about(struct textbuf *b, const struct report_args *a, uint64_t fresh, uint64_t rare,
		      const struct session_options *options)
{
	char now[40], since[40];

	textbuf_puts(b, "{\"title\":");
	textbuf_json(b, text_of(a->title ? a->title : "Alerts"));
	textbuf_printf(b, ",\"made\":\"%s\",\"new_since\":\"%s\",\"rare\":%llu,\"where\":",
		       format_time_iso(now_ns(), now, sizeof(now)),
		       format_time_iso(fresh, since, sizeof(since)), (unsigned long long)rare);
	textbuf_json(b, text_of(options->query.where ? options->query.where : ""));
	textbuf_puts(b, ",\"inputs\":[");
	for (uint32_t i = 0; i < options->inputs.n; i++) {
		textbuf_puts(b, i ? "," : "");
		textbuf_json(b, text_of(options->inputs.v[i]));
	}
	textbuf_puts(b, "]");
}

static int make(struct session *session, const struct report_args *a, uint64_t fresh, uint64_t rare,
		struct textbuf *page)
{
	struct count counts[2] = {0};
	struct result *result = NULL;
	struct textbuf b = {0};
	int r = count_open(&counts[0], session, "priority");

	if (r == 0)
		r = count_open(&counts[1], session, "hostname");
	if (r == 0)
		r = session_run(session, &stop_asked);
	if (r == 0)
		r = session_snapshot(session, &result);
	if (r == 0) {
		put_about(&b, a, fresh, rare, session_get_options(session));
		textbuf_puts(&b, ",\"rules\":");
		r = web_result(&b, result);
	}
	if (r == 0)
		r = count_put(&counts[0], "priorities", &b);
	if (r == 0)
		r = count_put(&counts[1], "hosts", &b);
	textbuf_puts(&b, "}");
	if (r == 0)
		web_page(page, "Alerts: a report by evtagg", web_report_js, WEB_POLICY, &b);
	r = r == 0 && (b.failed || page->failed) ? -ENOMEM : r;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (counts[i].state)
			aggregate_memory.close(counts[i].state);
	}
	textbuf_fini(&b);
	result_free(result);
	return r;
}

/* Beside it, then in its place: nobody opens half a report. */
static int write_file(const char *path, const struct textbuf *page)
{
	_cleanup_free_ char *beside = NULL;
	FILE *out;
	bool bad;

	if (util_streq(path, "-"))
		return fwrite(page->p, 1, page->len, stdout) == page->len ? 0 : -EIO;
	if (asprintf(&beside, "%s.new", path) < 0) {
		beside = NULL;
		return -ENOMEM;
	}
	out = fopen(beside, "we");
	if (!out)
		return -errno;
	errno = 0;
	bad = fwrite(page->p, 1, page->len, out) != page->len;
	bad = fclose(out) != 0 || bad;
	if (bad || rename(beside, path) < 0) {
		int r = errno ? -errno : -EIO;

		unlink(beside);
		return r;
	}
	return 0;
}

static int report(const struct report_args *a, struct session_options *options)
{
	uint64_t fresh = options->query.new_since, rare = options->query.rare_max;
	struct textbuf page = {0};
	struct session *session;
	struct scan_stats stats;
	int r;

	/* Of the report these two are chapters, no filters. */
	options->query.new_since = options->query.rare_max = 0;
	options->query.sort = QUERY_SORT_COUNT;
	options->query.timeline = true;
	if (!options->query.top)
		options->query.top = DEFAULT_RULES;
	if (session_new(options, &session) < 0)
		return EVTAGG_BAD; /* it was said */
	r = make(session, a, fresh, rare ? rare : 5, &page);
	session_stats(session, &stats);
	if (r == 0) {
		r = write_file(a->out, &page);
		if (r < 0)
			complain("%s: %s", a->out, strerror(-r));
	} else {
		complain("%s", strerror(-r));
	}
	if (r == 0 && !a->session.quiet)
		session_say(session);
	session_free(session);
	textbuf_fini(&page);
	if (r < 0)
		return EVTAGG_FAILED;
	return stats.input_errors ? EVTAGG_BAD : EVTAGG_OK;
}

static int add_args(struct report_args *a, struct args *args)
{
	const struct arg table[] = {
		{'o', "output", "FILE", "the report, HTML; - is standard output", .value = &a->out},
		{0, "title", "TEXT", "its heading", .value = &a->title},
	};
	int r = args_add(args, "What is written", table, ARRAY_SIZE(table));

	return r < 0 ? r : session_args_add(&a->session, args, SESSION_ARGS_ALL);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct session_options options;
	struct report_args a = {0};
	struct args args = {0};
	int r = add_args(&a, &args);

	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	r = session_args_finish(&a.session, verb, &args, &options);
	if (r == EVTAGG_OK && !a.out)
		r = args_bad(verb, "-o FILE says where the report goes");
	if (r == EVTAGG_OK) {
		stop_on_signals();
		r = report(&a, &options);
	}
	session_args_fini(&a.session);
	args_fini(&args);
	return r;
}

const struct verb verb_report = {
	.name = "report",
	.arguments = "-o FILE.html [INPUT]...",
	.summary = "write a report with charts, one HTML file that needs no network",
	.run = run,
};
