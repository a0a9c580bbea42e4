/* SPDX-License-Identifier: Apache-2.0 */
/* Rule files loaded as the agent loads them, with what is known about them besides. */
#include "report.h"
#include "rulecheck.h"
#include "text.h"

static int load_found(struct ruleset_loaded *l, const struct ruleset_how *how, saker_diag_fn diag,
		      void *userdata)
{
	const struct saker_catalogue *catalogue = how->catalogue;
	int r;

	l->files.text_of = how->text_of;
	l->files.text_userdata = how->text_userdata;
	r = rules_open(&l->files, &l->config, catalogue ? catalogue : &l->catalogue.public, diag,
		       userdata, &l->loader);
	if (r == 0)
		r = saker_rules_loader_compile(l->loader, &l->ruleset);
	if (r == 0)
		r = saker_rules_loader_inspect(l->loader, &l->inspection);
	return r;
}

static int load_config(struct ruleset_loaded *l, const struct ruleset_how *how, saker_diag_fn diag,
		       void *userdata)
{
	int r;

	memset(l, 0, sizeof(*l));
	r = config_load(&l->config, how->config, NULL, 0, diag, userdata);
	if (r < 0)
		return r;
	if (how->all) {
		l->config.matching = SAKER_RULE_MATCHING_ALL;
		l->config.min_priority = SAKER_PRIORITY_DEBUG;
		l->config.n_append = 0;
	}
	return catalogue_init(&l->catalogue, &l->config);
}

int ruleset_load(struct ruleset_loaded *l, const char *const *paths, uint32_t n_paths,
		 const struct ruleset_how *how, saker_diag_fn diag, void *userdata)
{
	int r = load_config(l, how, diag, userdata);

	if (r == 0)
		r = rules_files_find(&l->files, paths, n_paths, &l->config, diag, userdata);
	return r < 0 ? r : load_found(l, how, diag, userdata);
}

int ruleset_load_files(struct ruleset_loaded *l, const char *const *paths, uint32_t n_paths,
		       const struct ruleset_how *how, saker_diag_fn diag, void *userdata)
{
	int r = load_config(l, how, diag, userdata);

	for (uint32_t i = 0; r == 0 && i < n_paths; i++) {
		char *copy = strdup(paths[i]);

		if (!copy || GROW(l->files.paths, l->files.n, l->files.capacity) < 0) {
			free(copy);
			r = -ENOMEM;
		} else {
			l->files.paths[l->files.n++] = copy;
		}
	}
	return r < 0 ? r : load_found(l, how, diag, userdata);
}

void ruleset_fini(struct ruleset_loaded *l)
{
	saker_inspection_free(l->inspection);
	saker_ruleset_unref(l->ruleset);
	saker_rules_loader_free(l->loader);
	rules_files_fini(&l->files);
	catalogue_fini(&l->catalogue);
	config_fini(&l->config);
	memset(l, 0, sizeof(*l));
}

int ruleset_load_or_say(struct ruleset_loaded *l, const struct args *args, const char *config_path)
{
	struct reporter reporter = {.out = stderr, .colour = report_colour(stderr), .quiet = true};
	const struct ruleset_how how = {.config = config_path};
	int r = ruleset_load(l, args->files, args->n_files, &how, reporter_diag, &reporter);

	reporter_finish(&reporter);
	if (r == 0)
		return 0;
	if (reporter.errors == 0)
		fprintf(stderr, "rulecheck: the rules cannot be loaded: %s\n", strerror(-r));
	return r == -ENOMEM ? RULECHECK_FAILED : RULECHECK_BAD;
}

const struct saker_rule_details *ruleset_details(const struct ruleset_loaded *l, const char *rule)
{
	for (uint32_t i = 0; i < l->inspection->n_rules; i++) {
		if (util_streq(l->inspection->rules[i].name, rule))
			return &l->inspection->rules[i];
	}
	return NULL;
}

int ruleset_no_such_rule(const struct ruleset_loaded *l, const char *rule)
{
	const char *best = NULL;
	size_t most = 3;

	for (uint32_t i = 0; i < l->inspection->n_rules; i++) {
		size_t n = text_likeness(rule, l->inspection->rules[i].name);

		if (n > most) {
			most = n;
			best = l->inspection->rules[i].name;
		}
	}
	fprintf(stderr, "rulecheck: there is no rule '%s' in these files%s%s%s\n", rule,
		best ? "; did you mean '" : "", best ? best : "", best ? "'?" : "");
	return RULECHECK_USAGE;
}
