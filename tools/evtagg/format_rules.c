/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text alert does not name its rule. The rule files do: the start of each output, up
 * to its first field, is the rule's.
 */
#include <saker/enrich.h>
#include <saker/rules.h>

#include "evtagg.h"
#include "reader.h"

struct starts {
	struct saker_alert_rule_start *v;
	uint32_t n, capacity;
};

static void say(void *userdata, const struct saker_diag *diag)
{
	if (diag->severity == SAKER_SEVERITY_ERROR)
		complain("%s:%u: %s", diag->file, diag->line, diag->message);
}

static int take_starts(struct starts *s, const struct saker_ruleset *ruleset)
{
	for (uint32_t i = 0; i < saker_ruleset_n_rules(ruleset); i++) {
		const struct saker_rule *rule = saker_ruleset_rule(ruleset, i);
		size_t len = strcspn(rule->output, "%");
		char *start;

		if (len < 4)
			continue; /* too little to tell one from another */
		if (GROW(s->v, s->n, s->capacity) < 0)
			return -ENOMEM;
		start = strndup(rule->output, len);
		if (!start)
			return -ENOMEM;
		s->v[s->n++] = (struct saker_alert_rule_start){start, rule->name};
	}
	return 0;
}

static int compile(const char *const *paths, uint32_t n, struct saker_ruleset **ret)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	int r;

	options.diag = say;
	r = saker_rules_loader_new(&options, &loader);
	if (r < 0)
		return r;
	r = saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue());
	for (uint32_t i = 0; i < n && r == 0; i++) {
		r = saker_rules_loader_add_file(loader, paths[i]);
		if (r < 0 && r != -EBADMSG)
			complain("%s: %s", paths[i], strerror(-r));
	}
	if (r == 0)
		r = saker_rules_loader_compile(loader, ret);
	saker_rules_loader_free(loader);
	return r;
}

int reader_load_rules(struct reader *reader, const char *const *paths, uint32_t n)
{
	struct saker_alert_reader_options options = SAKER_ALERT_READER_OPTIONS_INIT;
	struct saker_alert_reader *text = NULL;
	struct saker_ruleset *ruleset = NULL;
	struct starts starts = {0};
	int r;

	if (!n)
		return 0;
	r = compile(paths, n, &ruleset);
	if (r == 0)
		r = take_starts(&starts, ruleset);
	options.starts = starts.v;
	options.n_starts = starts.n;
	if (r == 0)
		r = saker_alert_reader_new(&options, &text);
	if (r == 0) {
		saker_alert_reader_free(reader->text);
		reader->text = text;
	}
	for (uint32_t i = 0; i < starts.n; i++)
		free((char *)starts.v[i].start);
	free(starts.v);
	saker_ruleset_unref(ruleset);
	return r;
}
