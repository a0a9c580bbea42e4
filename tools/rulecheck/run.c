/* SPDX-License-Identifier: Apache-2.0 */
/* Running a test case: its rules over its events, then its expectations. */
#include <errno.h>
#include <fnmatch.h>

#include <saker/capture.h>
#include <saker/enrich.h>

#include "report.h"
#include "run.h"

#define MAX_MESSAGES 64 /* alerts of a rule that are kept to be compared */

/* ---- events --------------------------------------------------------------------- */

static void capture_diag(void *out, const struct saker_diag *diag)
{
	report_diag(out, false, diag);
}

static int open_capture(const char *path, FILE *out, struct saker_capture **ret_capture,
			struct saker_state **ret_state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_state_options state_options = SAKER_STATE_OPTIONS_INIT;
	struct saker_interface interface;
	struct saker_account account;
	struct saker_machine machine;
	int r;

	options.engine = "scap";
	options.file = path;
	options.diag = capture_diag;
	options.diag_userdata = out;
	r = saker_capture_open(&options, ret_capture);
	if (r < 0)
		return r;
	state_options.offline = true;
	r = saker_state_new(&state_options, ret_state);
	if (r == 0 && saker_capture_machine(*ret_capture, &machine) == 0)
		r = saker_state_set_machine(*ret_state, &machine);
	for (uint32_t i = 0; r == 0 && saker_capture_interface(*ret_capture, i, &interface) == 1;
	     i++)
		r = saker_state_add_interface(*ret_state, &interface);
	/* More addresses or accounts than the state keeps: the first ones do. */
	if (r == -E2BIG)
		r = 0;
	for (uint32_t i = 0; r == 0 && saker_capture_account(*ret_capture, i, &account) == 1; i++)
		r = saker_state_add_account(*ret_state, &account);
	return r == -E2BIG ? 0 : r;
}

static int run_capture(const char *path, run_fn fn, void *userdata, FILE *out)
{
	struct saker_capture *capture = NULL;
	struct saker_state *state = NULL;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_record *record;
	uint64_t number = 0;
	int r = open_capture(path, out, &capture, &state);

	while (r >= 0) {
		r = saker_capture_next(capture, 0, &event, &meta);
		if (r != 1) {
			r = r == 0 ? -EIO : r;
			break;
		}
		r = saker_state_apply(state, event, &meta, &record);
		if (r == -EBADMSG)
			r = 0; /* a malformed event is counted, not fatal */
		if (r == 1)
			r = fn(userdata, record, ++number);
		if (r > 0)
			break;
	}
	saker_state_free(state);
	saker_capture_close(capture);
	if (r < 0 && r != -ENODATA)
		fprintf(out, "%s cannot be read: %s\n", path, strerror(-r));
	return r == -ENODATA || r > 0 ? 0 : r;
}

int run_events(const struct test_case *c, run_fn fn, void *userdata, FILE *out)
{
	int r = 0;

	if (c->capture)
		return run_capture(c->capture, fn, userdata, out);
	for (uint32_t i = 0; r == 0 && i < c->n_records; i++)
		r = fn(userdata, &c->records[i], i + 1);
	return MIN(r, 0);
}

const struct saker_catalogue *run_catalogue(const struct test_case *c,
					    struct saker_catalogue *records)
{
	if (c->capture)
		return saker_enrich_catalogue();
	record_catalogue_init(records);
	return records;
}

/* ---- alerts --------------------------------------------------------------------- */

struct alerts {
	uint64_t n;
	uint64_t first; /* the event's number */
	char *messages[MAX_MESSAGES];
};

struct running {
	struct ruleset_loaded loaded;
	struct saker_eval *eval;
	struct alerts *alerts; /* by index of the rule */
};

static int take_record(void *userdata, void *record, uint64_t number)
{
	struct running *run = userdata;
	const struct saker_rule *const *rules;
	int n = saker_ruleset_eval(run->eval, 0, record, &rules), r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		struct alerts *a = &run->alerts[rules[i]->index];
		struct saker_rendered rendered;

		if (a->n++ == 0)
			a->first = number;
		if (a->n > MAX_MESSAGES)
			continue;
		r = saker_eval_render(run->eval, rules[i], record, &rendered);
		if (r == 0)
			a->messages[a->n - 1] = strdup(rendered.message);
		if (r == 0 && !a->messages[a->n - 1])
			r = -ENOMEM;
	}
	return n < 0 ? n : r;
}

static void run_fini(struct running *run)
{
	uint32_t n = saker_ruleset_n_rules(run->loaded.ruleset);

	for (uint32_t i = 0; run->alerts && i < n; i++) {
		for (uint32_t k = 0; k < MAX_MESSAGES; k++)
			free(run->alerts[i].messages[k]);
	}
	free(run->alerts);
	saker_eval_free(run->eval);
	ruleset_fini(&run->loaded);
}

static int run_rules(const struct test_case *c, const struct saker_catalogue *catalogue,
		     struct running *run, FILE *out)
{
	const struct ruleset_how how = {.all = true, .catalogue = catalogue};
	struct reporter reporter = {.out = out, .quiet = true};
	int r = ruleset_load(&run->loaded, c->rules, c->n_rules, &how, reporter_diag, &reporter);

	reporter_finish(&reporter);
	if (r < 0)
		return r;
	run->alerts = calloc((size_t)saker_ruleset_n_rules(run->loaded.ruleset) + 1,
			     sizeof(*run->alerts));
	if (!run->alerts)
		return -ENOMEM;
	r = saker_eval_new(run->loaded.ruleset, &run->eval);
	return r < 0 ? r : run_events(c, take_record, run, out);
}

/* ---- expectations ---------------------------------------------------------------- */

static const struct saker_rule *find_rule(const struct running *run, const char *name)
{
	for (uint32_t i = 0; i < saker_ruleset_n_rules(run->loaded.ruleset); i++) {
		const struct saker_rule *rule = saker_ruleset_rule(run->loaded.ruleset, i);

		if (util_streq(rule->name, name))
			return rule;
	}
	return NULL;
}

static bool fits(const struct expectation *e, const char *message)
{
	return (!e->output || util_streq(e->output, message)) &&
	       (!e->contains || strstr(message, e->contains));
}

static int check_outputs(const struct expectation *e, const struct alerts *a, FILE *out)
{
	uint64_t kept = MIN(a->n, (uint64_t)MAX_MESSAGES);

	for (uint64_t i = 0; i < kept; i++) {
		if (fits(e, a->messages[i]))
			return 0;
	}
	fprintf(out, "line %u: no alert of '%s' %s\n    %s\n", e->line, e->rule,
		e->output ? "reads" : "contains", e->output ? e->output : e->contains);
	for (uint64_t i = 0; i < MIN(kept, (uint64_t)3); i++)
		fprintf(out, "  but:\n    %s\n", a->messages[i]);
	return 1;
}

static int check_match(const struct test_case *c, const struct running *run,
		       const struct saker_catalogue *catalogue, const struct expectation *e,
		       FILE *out)
{
	const struct saker_rule *rule = find_rule(run, e->rule);
	const struct alerts *a = rule ? &run->alerts[rule->index] : NULL;
	const struct saker_rule_details *details;

	if (!rule) {
		fprintf(out, "line %u: there is no rule '%s'\n", e->line, e->rule);
		return 1;
	}
	if (!rule->enabled) {
		fprintf(out, "line %u: the rule '%s' is disabled\n", e->line, e->rule);
		return 1;
	}
	if (e->count >= 0 && a->n != (uint64_t)e->count) {
		fprintf(out, "line %u: '%s' has %llu alerts, not %lld\n", e->line, e->rule,
			(unsigned long long)a->n, (long long)e->count);
		for (uint64_t i = 0; i < MIN(a->n, (uint64_t)3); i++)
			fprintf(out, "    %s\n", a->messages[i]);
	} else if (a->n || e->count == 0) {
		return a->n ? check_outputs(e, a, out) : 0;
	} else {
		fprintf(out, "line %u: '%s' does not match\n", e->line, e->rule);
	}
	details = ruleset_details(&run->loaded, e->rule);
	if (a->n == 0 && details)
		why(c, catalogue, details, out);
	return 1;
}

static int check_no_match(const struct test_case *c, const struct running *run,
			  const struct saker_catalogue *catalogue, const char *pattern, FILE *out)
{
	const struct saker_rule_details *details;
	bool known = false;
	int failed = 0;

	for (uint32_t i = 0; i < saker_ruleset_n_rules(run->loaded.ruleset); i++) {
		const struct saker_rule *rule = saker_ruleset_rule(run->loaded.ruleset, i);
		const struct alerts *a = &run->alerts[i];
		bool expected = false;

		if (fnmatch(pattern, rule->name, 0) != 0)
			continue;
		known = true;
		/* "*" is: nothing besides what is expected */
		for (uint32_t k = 0; k < c->n_match; k++)
			expected |= util_streq(c->match[k].rule, rule->name);
		if (a->n == 0 || (expected && !util_streq(pattern, rule->name)))
			continue;
		fprintf(out, "'%s' matches, first of all event %llu:\n    %s\n", rule->name,
			(unsigned long long)a->first, a->messages[0]);
		details = ruleset_details(&run->loaded, rule->name);
		if (details)
			why(c, catalogue, details, out);
		failed = 1;
	}
	if (!known) {
		fprintf(out, "there is no rule '%s'\n", pattern);
		failed = 1;
	}
	return failed;
}

int run_case(const struct test_case *c, struct coverage *coverage, FILE *out)
{
	struct saker_catalogue records;
	const struct saker_catalogue *catalogue = run_catalogue(c, &records);
	struct running run = {0};
	int r = run_rules(c, catalogue, &run, out), failed = 0;

	if (r == 0 && coverage)
		r = coverage_add(coverage, run.loaded.ruleset, c);
	for (uint32_t i = 0; r == 0 && i < c->n_match; i++)
		failed |= check_match(c, &run, catalogue, &c->match[i], out);
	for (uint32_t i = 0; r == 0 && i < c->n_no_match; i++)
		failed |= check_no_match(c, &run, catalogue, c->no_match[i], out);
	run_fini(&run);
	return r < 0 ? r : failed;
}
