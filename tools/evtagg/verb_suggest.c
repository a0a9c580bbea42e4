/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg suggest: exceptions that silence the steady mass of alerts, with proof. */
#include "noise_marks.h"
#include "stop.h"
#include "suggest.h"

#define DEFAULT_MEMORY (96u << 20)
#define MAX_EXCEPTIONS 1000
#define MAX_SAMPLES 3

struct suggest_args {
	struct session_args session;
	struct strings rules;
	const char *max, *least, *protect, *marked, *memory, *samples;
	bool force, json, marked_only, any_host;
	struct box_options boxes;
	uint32_t n_samples;
	size_t memory_max;
};

/* While the alerts are read for the first time. */
struct first_look {
	struct noise *noise;
	struct replay *replay; /* of -r */
	struct replay_rules rules;
	uint64_t silent;
};

/* What the rules as they are would not make again is silent already. */
static int take(void *userdata, const struct record *record)
{
	const struct saker_json_slice *name = &record->alert->rule;
	struct first_look *look = userdata;
	const struct replay_rule *rule;
	char text[1024];
	struct text t;

	if (!look->replay)
		return noise_add(look->noise, record);
	t.len = (uint32_t)MIN(saker_json_unescape(name, text, sizeof(text)), sizeof(text));
	t.p = text;
	rule = replay_find(&look->rules, t);
	replay_begin(look->replay, record);
	if (!rule || !rule->enabled || replay_ask(look->replay, rule) == TRUTH_FALSE) {
		look->silent++;
		return 0;
	}
	return noise_add(look->noise, record);
}

static int read_once(struct suggest_args *a, struct session *session, struct first_look *look)
{
	struct consumer consumer = {take, NULL, look};
	int r = noise_new(a->memory_max, &look->noise);

	if (r == 0)
		look->noise->any_host = a->any_host;
	if (r == 0 && a->rules.n)
		r = replay_new(session_wanted(session), &look->replay);
	if (r == 0 && a->rules.n)
		r = replay_load(look->replay, &a->rules, &look->rules);
	if (r == 0)
		r = session_consume(session, &consumer);
	if (r == 0)
		r = session_run(session, &stop_asked);
	return r < 0 ? r : noise_finish(look->noise);
}

static int apply_marks(const struct suggest_args *a, struct noise *noise, uint64_t *ret_marked)
{
	struct mark_list marks;
	int r;

	*ret_marked = 0;
	if (!a->marked)
		return 0;
	r = noise_marks_read(a->marked, &marks);
	if (r < 0) {
		if (r != -EBADMSG)
			complain("%s: %s", a->marked, strerror(-r));
		return r == -ENOMEM ? r : -EBADMSG;
	}
	*ret_marked = noise_marks_apply(&marks, noise);
	mark_list_fini(&marks);
	return 0;
}

static int propose(struct suggest_args *a, const struct session_options *options,
		   struct session *session, struct first_look *look)
{
	struct suggestion s = {.noise = look->noise,
			       .options = &a->boxes,
			       .rules = a->rules.n ? &look->rules : NULL,
			       .silent = look->silent,
			       .samples = a->n_samples};
	struct session_options again = *options;
	struct boxes boxes = {0};
	int r = apply_marks(a, look->noise, &s.marked);

	if (r == 0)
		r = boxes_find(look->noise, &a->boxes, &boxes);
	s.boxes = &boxes;
	if (r == 0) {
		s.proofs = calloc(boxes.n + 1, sizeof(*s.proofs));
		r = s.proofs ? suggest_name(&s) : -ENOMEM;
	}
	again.progress = false;
	again.list_broken = 0;
	if (r == 0 && boxes.n && session_scan_complete(session) && !stop_asked)
		r = suggest_prove(&s, &again, &stop_asked);
	if (r == 0)
		r = a->json ? suggest_write_json(&s, stdout) : suggest_write_yaml(&s, stdout);
	suggest_fini(&s);
	boxes_fini(&boxes);
	return r;
}

static int suggest(struct suggest_args *a, const struct session_options *options)
{
	struct first_look look = {0};
	struct session *session;
	struct scan_stats stats;
	int r = session_new(options, &session);

	if (r < 0)
		return r == -ENOMEM ? EVTAGG_FAILED : EVTAGG_BAD; /* it was said */
	r = read_once(a, session, &look);
	if (r == 0)
		r = propose(a, options, session, &look);
	if (r == 0 && !a->session.quiet) {
		fflush(stdout);
		session_say(session);
	}
	session_stats(session, &stats);
	replay_free(look.replay);
	noise_free(look.noise);
	session_free(session);
	if (r == -EBADMSG || r == -ENOENT || r == -EACCES || r == -EISDIR)
		return EVTAGG_BAD; /* a file, which was said */
	if (r < 0) {
		complain("%s", strerror(-r));
		return EVTAGG_FAILED;
	}
	return stats.input_errors ? EVTAGG_BAD : EVTAGG_OK;
}

/* ---- the command line ----------------------------------------------------------------- */

static int add_args(struct suggest_args *a, struct args *args)
{
	const struct arg table[] = {
		{'r', "ruleset", "FILE",
		 "the rules as they are, in load order: what they have, and silence, counts",
		 .values = &a->rules},
		{'m', "max", "N", "exceptions at most (10)", .value = &a->max},
		{0, "least", "N", "alerts that each has to hide at least (20)", .value = &a->least},
		{0, "protect", "PRIORITY",
		 "leave rules of this priority and above alone (critical)", .value = &a->protect},
		{0, "force", NULL, "no rule is left alone for its priority", .flag = &a->force},
		{0, "any-host", NULL, "exceptions hold on every host, not only where noise was",
		 .flag = &a->any_host},
		{0, "marked", "FILE", "alerts that somebody marked as noise, JSON lines",
		 .value = &a->marked},
		{0, "marked-only", NULL, "suggest nothing but what is marked",
		 .flag = &a->marked_only},
		{0, "samples", "N", "alerts that are shown with each (2)", .value = &a->samples},
		{0, "json", NULL, "one JSON object instead of a rule file", .flag = &a->json},
		{0, "memory", "SIZE", "of what is counted (96M); what finds no place stays visible",
		 .value = &a->memory},
	};
	int r = args_add(args, "What is suggested", table, ARRAY_SIZE(table));

	return r < 0 ? r
		     : session_args_add(&a->session, args,
					SESSION_ARGS_INPUT | SESSION_ARGS_FILTER);
}

static int take_number(const struct verb *verb, const char *option, const char *text, uint32_t most,
		       uint32_t *ret)
{
	if (!text || (parse_u32(text, ret) == 0 && *ret <= most))
		return EVTAGG_OK;
	return args_bad(verb, "%s takes a number up to %u, not '%s'", option, most, text);
}

static int take_words(struct suggest_args *a, const struct verb *verb)
{
	enum saker_priority protect = SAKER_PRIORITY_CRITICAL;
	uint64_t memory = DEFAULT_MEMORY;
	uint32_t least = 20;
	int r;

	a->boxes.max = 10;
	a->boxes.min_count = 5;
	a->n_samples = 2;
	a->boxes.marked_only = a->marked_only;
	r = take_number(verb, "--max", a->max, MAX_EXCEPTIONS, &a->boxes.max);
	if (r == EVTAGG_OK)
		r = take_number(verb, "--least", a->least, UINT32_MAX, &least);
	if (r == EVTAGG_OK)
		r = take_number(verb, "--samples", a->samples, MAX_SAMPLES, &a->n_samples);
	if (r == EVTAGG_OK && a->protect &&
	    saker_alert_priority_parse(a->protect, strlen(a->protect), &protect) < 0)
		r = args_bad(verb, "--protect takes a priority such as error, not '%s'",
			     a->protect);
	if (r == EVTAGG_OK && a->memory &&
	    (parse_size(a->memory, &memory) < 0 || memory < (1 << 20)))
		r = args_bad(verb, "--memory takes a size of 1M and more, not '%s'", a->memory);
	if (r == EVTAGG_OK && a->marked_only && !a->marked)
		r = args_bad(verb, "--marked-only goes with --marked");
	if (r == EVTAGG_OK && a->session.follow)
		r = args_bad(verb, "suggest looks back: there is no --follow");
	a->boxes.least = least;
	a->boxes.protect = (uint8_t)protect;
	a->boxes.force = a->force;
	a->memory_max = (size_t)memory;
	return r;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct session_options options;
	struct suggest_args a = {0};
	struct args args = {0};
	int r = add_args(&a, &args);

	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	if (r < 0) {
		strings_fini(&a.rules);
		session_args_fini(&a.session);
		args_fini(&args);
		return args_exit(r);
	}
	r = take_words(&a, verb);
	if (r == EVTAGG_OK)
		r = session_args_finish(&a.session, verb, &args, &options);
	if (r == EVTAGG_OK) {
		options.query.no_burst = true;
		stop_on_signals();
		r = suggest(&a, &options);
	}
	strings_fini(&a.rules);
	session_args_fini(&a.session);
	args_fini(&args);
	return r;
}

const struct verb verb_suggest = {
	.name = "suggest",
	.arguments = "[INPUT]...",
	.summary = "write the rule exceptions that silence the steady mass, with proof",
	.run = run,
};
