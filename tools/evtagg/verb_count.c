/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg count: how many of what, and when last. The verb that runs when none is named. */
#include "session.h"
#include "stop.h"
#include "view.h"

struct count_args {
	struct session_args session;
	bool json, csv, markdown, hosts, rate, first, no_output;
	const char *colour;
};

static int add_args(struct count_args *c, struct args *args)
{
	const struct arg table[] = {
		{0, "json", NULL, "one JSON object", .flag = &c->json},
		{0, "csv", NULL, "comma-separated values", .flag = &c->csv},
		{0, "markdown", NULL, "a table in Markdown", .flag = &c->markdown},
		{0, "hosts", NULL, "a column: on how many hosts", .flag = &c->hosts},
		{0, "rate", NULL, "columns: alerts per hour, and the highest burst",
		 .flag = &c->rate},
		{0, "first", NULL, "a column: when it was first seen", .flag = &c->first},
		{0, "no-output", NULL, "without the last alert's text", .flag = &c->no_output},
		{0, "color", "WHEN", "auto (default), always or never", .value = &c->colour},
	};
	int r = session_args_add(&c->session, args, SESSION_ARGS_ALL);

	return r < 0 ? r : args_add(args, "How it reads", table, ARRAY_SIZE(table));
}

static int choose_view(const struct count_args *c, const struct verb *verb,
		       struct view_options *ret_options, const struct view **ret_view)
{
	const char *name = c->json ? "json" : c->csv ? "csv" : c->markdown ? "markdown" : "table";

	if (c->json + c->csv + c->markdown > 1)
		return args_bad(verb, "only one of --json, --csv and --markdown");
	*ret_view = view_find(name);
	ret_options->hosts = c->hosts;
	ret_options->rate = c->rate;
	ret_options->first = c->first;
	ret_options->output = !c->no_output;
	ret_options->width = view_width(stdout);
	if (view_colour(c->colour, stdout, &ret_options->colour) < 0)
		return args_bad(verb, "--color takes auto, always or never, not '%s'", c->colour);
	return EVTAGG_OK;
}

static int count(const struct session_options *options, const struct view *view,
		 const struct view_options *how, bool quiet)
{
	struct result *result = NULL;
	struct session *session;
	struct scan_stats stats;
	int r = session_new(options, &session);

	if (r < 0)
		return r == -ENOMEM ? EVTAGG_FAILED : EVTAGG_BAD; /* it was said */
	r = session_run(session, &stop_asked);
	if (r == 0)
		r = session_snapshot(session, &result);
	if (r == 0)
		r = view->render(stdout, result, how);
	if (r == 0 && !quiet) {
		fflush(stdout);
		session_say(session);
	}
	session_stats(session, &stats);
	result_free(result);
	session_free(session);
	if (r < 0) {
		complain("%s", strerror(-r));
		return EVTAGG_FAILED;
	}
	return stats.input_errors ? EVTAGG_BAD : EVTAGG_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct session_options options;
	struct view_options how = {0};
	struct count_args c = {0};
	const struct view *view = NULL;
	struct args args = {0};
	int r = add_args(&c, &args);

	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	r = session_args_finish(&c.session, verb, &args, &options);
	if (r == EVTAGG_OK)
		r = choose_view(&c, verb, &how, &view);
	if (r == EVTAGG_OK) {
		options.query.no_burst =
			view != &view_json && !c.rate && options.query.sort != QUERY_SORT_BURST;
		stop_on_signals();
		r = count(&options, view, &how, c.session.quiet);
	}
	session_args_fini(&c.session);
	args_fini(&args);
	return r;
}

const struct verb verb_count = {
	.name = "count",
	.arguments = "[INPUT]...",
	.summary = "count alerts by rule or by any fields (what runs when no verb is named)",
	.run = run,
};
