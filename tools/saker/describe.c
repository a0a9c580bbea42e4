/* SPDX-License-Identifier: Apache-2.0 */
/* -L and -l: the rules that a run would load, described. See describe.h. */
#include "agent.h"
#include "describe.h"
#include "describe_json.h"
#include "report.h"
#include "rules.h"
#include "text.h"

static void put_name(FILE *out, const char *name)
{
	report_put(out, name, strlen(name));
}

static void put_rule(FILE *out, const struct saker_rule *rule)
{
	put_name(out, rule->name);
	text_wrap(out, rule->description, 6, 100);
}

static int put_all(FILE *out, const struct describe *d, const struct saker_rule *only, bool json)
{
	uint32_t n = saker_ruleset_n_rules(d->ruleset);
	json_t *all;
	int r;

	if (!json) {
		for (uint32_t i = 0; i < n && !only; i++)
			put_rule(out, saker_ruleset_rule(d->ruleset, i));
		if (only)
			put_rule(out, only);
		return 0;
	}
	all = describe_json(d, only);
	r = all && json_dumpf(all, out, JSON_COMPACT | JSON_SORT_KEYS) == 0 ? 0 : -ENOMEM;
	fputc('\n', out);
	json_decref(all);
	return r;
}

/* The rule of that name; else NULL, and the one whose name is most like it. */
static const struct saker_rule *find_rule(const struct saker_ruleset *ruleset, const char *name,
					  const char **ret_near)
{
	uint32_t n = saker_ruleset_n_rules(ruleset);
	size_t most = 3;

	*ret_near = NULL;
	for (uint32_t i = 0; i < n; i++) {
		const struct saker_rule *rule = saker_ruleset_rule(ruleset, i);
		size_t like = text_likeness(name, rule->name);

		if (util_streq(rule->name, name))
			return rule;
		if (like > most) {
			most = like;
			*ret_near = rule->name;
		}
	}
	return NULL;
}

static int describe_loaded(FILE *out, FILE *err, const struct describe *d, const char *name,
			   bool json)
{
	const struct saker_rule *only = NULL;
	const char *near;

	if (name)
		only = find_rule(d->ruleset, name, &near);
	if (name && !only) {
		fputs("saker: no rule '", err);
		put_name(err, name);
		fputs("' is loaded", err);
		if (near) {
			fputs("; did you mean '", err);
			put_name(err, near);
			fputs("'?", err);
		}
		fputc('\n', err);
		return AGENT_BAD_USAGE;
	}
	return put_all(out, d, only, json) < 0 ? AGENT_FAILED : AGENT_OK;
}

int describe_rules(FILE *out, FILE *err, const struct options *options, const struct config *config,
		   const struct saker_catalogue *catalogue)
{
	struct reporter reporter = {.out = err, .colour = report_colour(err), .quiet = true};
	struct saker_rules_loader *loader = NULL;
	struct saker_inspection *inspection = NULL;
	struct saker_ruleset *ruleset = NULL;
	struct rules_files files = {0};
	int r = rules_files_find(&files, options->rules, options->n_rules, config, reporter_diag,
				 &reporter);

	if (r == 0)
		r = rules_open(&files, config, catalogue, reporter_diag, &reporter, &loader);
	if (r == 0)
		r = saker_rules_loader_compile(loader, &ruleset);
	if (r == 0)
		r = saker_rules_loader_inspect(loader, &inspection);
	reporter_finish(&reporter);
	if (r == 0) {
		const struct describe d = {.catalogue = catalogue,
					   .ruleset = ruleset,
					   .inspection = inspection,
					   .append = config->append,
					   .n_append = config->n_append};

		r = describe_loaded(out, err, &d, options->describe,
				    config->json_output || options->format == LIST_JSON);
	} else {
		if (reporter.errors == 0)
			fprintf(err, "saker: the rules cannot be loaded: %s\n", strerror(-r));
		r = r == -ENOMEM ? AGENT_FAILED : AGENT_BAD_RULES;
	}
	saker_inspection_free(inspection);
	saker_ruleset_unref(ruleset);
	saker_rules_loader_free(loader);
	rules_files_fini(&files);
	return r;
}
