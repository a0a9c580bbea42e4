/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's evaluation context over a ruleset: one machine a source. */
#include "ruleset.h"

struct saker_eval {
	struct saker_ruleset *ruleset;
	struct rules_machine *machines; /* one a source */
	const struct saker_rule **matched;
	struct rules_renderer renderer;
	uint64_t records;
};

SAKER_PUBLIC int saker_eval_new(struct saker_ruleset *ruleset, struct saker_eval **ret_eval)
{
	struct saker_eval *eval;
	int r = 0;

	if (!ruleset || !ret_eval)
		return -EINVAL;
	eval = calloc(1, sizeof(*eval));
	if (!eval)
		return -ENOMEM;
	eval->ruleset = saker_ruleset_ref(ruleset);
	eval->machines = calloc((size_t)ruleset->n_sources + 1, sizeof(*eval->machines));
	eval->matched = calloc((size_t)ruleset->n_rules + 1, sizeof(*eval->matched));
	if (!eval->machines || !eval->matched)
		r = -ENOMEM;
	for (uint32_t i = 0; r >= 0 && i < ruleset->n_sources; i++)
		r = rules_machine_init(&eval->machines[i], ruleset->sources[i].program);
	if (r < 0) {
		saker_eval_free(eval);
		return r;
	}
	*ret_eval = eval;
	return 0;
}

SAKER_PUBLIC struct saker_eval *saker_eval_free(struct saker_eval *eval)
{
	if (!eval)
		return NULL;
	for (uint32_t i = 0; eval->machines && i < eval->ruleset->n_sources; i++)
		rules_machine_fini(&eval->machines[i]);
	rules_renderer_fini(&eval->renderer);
	free(eval->machines);
	free(eval->matched);
	saker_ruleset_unref(eval->ruleset);
	free(eval);
	return NULL;
}

void rules_eval_plain(struct saker_eval *eval)
{
	for (uint32_t i = 0; i < eval->ruleset->n_sources; i++)
		eval->machines[i].plain = true;
}

static __attribute__((noinline)) int eval_plan(struct saker_eval *eval, uint32_t source,
					       void *record, uint32_t plan)
{
	const struct rules_ruleset_source *s = &eval->ruleset->sources[source];
	struct rules_machine *machine = &eval->machines[source];
	uint32_t n;

	rules_machine_begin(machine, record);
	n = rules_machine_run(machine, plan, eval->ruleset->matching == SAKER_RULE_MATCHING_FIRST);
	for (uint32_t i = 0; i < n; i++)
		eval->matched[i] = &eval->ruleset->rules[s->rules[machine->matched[i]]];
	return (int)n;
}

SAKER_PUBLIC int saker_ruleset_eval(struct saker_eval *eval, uint32_t source, void *record,
				    const struct saker_rule *const **ret_rules)
{
	struct rules_machine *machine;
	uint32_t code, plan;

	if (unlikely(!eval || !ret_rules || source >= eval->ruleset->n_sources))
		return -EINVAL;
	eval->records++;
	*ret_rules = eval->matched;
	machine = &eval->machines[source];
	code = machine->code ? machine->code(record) : 0;
	plan = likely(code < machine->n_codes) ? machine->plan_of_code[code] : 0;
	if (plan)
		return eval_plan(eval, source, record, plan);
	/* what is known is about another record */
	machine->record = NULL;
	return 0;
}

SAKER_PUBLIC int saker_eval_render(struct saker_eval *eval, const struct saker_rule *rule,
				   void *record, struct saker_rendered *ret_rendered)
{
	const struct rules_ruleset_rule *more;
	struct rules_machine *machine;

	if (!eval || !rule || !ret_rendered || rule->index >= eval->ruleset->n_rules ||
	    rule != &eval->ruleset->rules[rule->index])
		return -EINVAL;
	more = &eval->ruleset->more[rule->index];
	machine = &eval->machines[more->source];
	if (machine->record != record)
		rules_machine_begin(machine, record);
	return rules_render(&eval->renderer, machine, &more->output, ret_rendered);
}

SAKER_PUBLIC int saker_eval_get_stats(const struct saker_eval *eval,
				      struct saker_eval_stats *ret_stats)
{
	struct saker_eval_stats stats = {.size = sizeof(stats)};
	size_t size;

	if (!eval || !ret_stats || ret_stats->size < sizeof(ret_stats->size))
		return -EINVAL;
	size = MIN(ret_stats->size, sizeof(stats));
	stats.records = eval->records;
	for (uint32_t i = 0; i < eval->ruleset->n_sources; i++) {
		stats.predicates_evaluated += eval->machines[i].evaluated;
		stats.predicates_reused += eval->machines[i].reused;
		stats.fields_extracted += eval->machines[i].extracted;
	}
	stats.size = size;
	memcpy(ret_stats, &stats, size);
	return 0;
}
