/* SPDX-License-Identifier: Apache-2.0 */
/* The graph as text: what checks read, what answers them together, conjunctions, rules. */
#include "dump.h"

static uint32_t count_keys(const struct rules_group *group)
{
	if (group->kind == RULES_GROUP_SET)
		return group->set.n;
	if (group->kind == RULES_GROUP_NET)
		return (uint32_t)(group->net.n4 + group->net.n6);
	return group->ac.n_states;
}

static void put_groups(FILE *out, const struct rules_program *program)
{
	static const char *const words[] = {
		[RULES_GROUP_SET] = "values",	    [RULES_GROUP_CONTAINS] = "states",
		[RULES_GROUP_ICONTAINS] = "states", [RULES_GROUP_PREFIX] = "states",
		[RULES_GROUP_SUFFIX] = "states",    [RULES_GROUP_NET] = "ranges",
	};

	fputs("\ngroups: one look-up answers several checks\n", out);
	for (uint32_t i = 0; i < program->n_groups; i++) {
		const struct rules_group *group = &program->groups[i];

		fprintf(out, "  g%u %s of ", i, rules_dump_group_name(group));
		rules_dump_term(out, program, group->term);
		fprintf(out, ": %u check%s, %u %s\n", group->n_predicates,
			group->n_predicates == 1 ? "" : "s", count_keys(group), words[group->kind]);
	}
}

static void put_checks(FILE *out, const struct rules_program *program)
{
	fputs("\nchecks: each is computed at most once a record\n", out);
	for (uint32_t i = 0; i < program->n_predicates; i++) {
		const struct rules_predicate *p = &program->predicates[i];

		fprintf(out, "  p%u ", i);
		rules_dump_predicate(out, program, i);
		fprintf(out, "  # cost %u", p->cost);
		if (p->group != RULES_NO_ID)
			fprintf(out, ", g%u", p->group);
		if (p->may)
			fputs(", selects", out);
		fputc('\n', out);
	}
}

/* Evaluated from left to right: cheap and selective ones stand first. */
static void put_nodes(FILE *out, const struct rules_program *program)
{
	fputs("\nconjunctions: what holds is remembered for the record\n", out);
	for (uint32_t i = 0; i < program->n_nodes; i++) {
		const struct rules_dag_node *node = &program->nodes[i];

		if (node->kind != RULES_DAG_AND)
			continue;
		fprintf(out, "  n%u =", i);
		for (uint32_t k = 0; k < node->n; k++) {
			fputs(k ? "\n      and " : " ", out);
			rules_dump_literal(out, program, program->edges[node->first + k]);
		}
		fputc('\n', out);
	}
}

static void put_rules(FILE *out, const struct saker_ruleset *ruleset,
		      const struct rules_ruleset_source *source)
{
	fputs("\nrules\n", out);
	for (uint32_t i = 0; i < source->n_rules; i++) {
		const struct saker_rule *rule = &ruleset->rules[source->rules[i]];

		fprintf(out, "  r%u \"%s\"%s: ", i, rule->name, rule->enabled ? "" : " (disabled)");
		rules_dump_literal(out, source->program, ruleset->more[rule->index].literal);
		fputc('\n', out);
	}
}

void rules_dump_dag(FILE *out, const struct saker_ruleset *ruleset, uint32_t source)
{
	const struct rules_ruleset_source *s = &ruleset->sources[source];
	const struct rules_program *program = s->program;

	fprintf(out, "source %s: %u rules, %u terms, %u checks, %u groups, %u nodes\n", s->name,
		s->n_rules, program->n_terms, program->n_predicates, program->n_groups,
		program->n_nodes);
	put_groups(out, program);
	put_checks(out, program);
	put_nodes(out, program);
	put_rules(out, ruleset, s);
}
