/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as text: for the records of some codes, which rules are asked, behind which checks. */
#include "dump.h"

/* Codes as ranges: "3, 7-9". */
static void put_codes(FILE *out, const struct rules_program *program, uint32_t plan)
{
	uint32_t n = 0;

	for (uint32_t code = 0; code < program->n_codes; code++) {
		uint32_t last = code;

		if (program->plan_of_code[code] != plan)
			continue;
		while (last + 1 < program->n_codes && program->plan_of_code[last + 1] == plan)
			last++;
		fprintf(out, "%s%u", n++ ? ", " : "", code);
		if (last > code)
			fprintf(out, "-%u", last);
		code = last;
	}
}

static void put_entries(FILE *out, const struct saker_ruleset *ruleset,
			const struct rules_ruleset_source *s, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct rules_plan_entry *e = &s->program->plan_entries[first + i];

		fprintf(out, "      r%u \"%s\" when ", e->rule,
			ruleset->rules[s->rules[e->rule]].name);
		rules_dump_literal(out, s->program, e->literal);
		fputc('\n', out);
	}
}

/* What a group's answer leads to: entries by the check that holds. */
static void put_dispatch(FILE *out, const struct saker_ruleset *ruleset,
			 const struct rules_ruleset_source *s, const struct rules_plan_dispatch *d)
{
	const struct rules_program *program = s->program;
	const struct rules_group *group = &program->groups[d->group];

	fprintf(out, "  look up g%u (%s of ", d->group, rules_dump_group_name(group));
	rules_dump_term(out, program, group->term);
	fputs("):\n", out);
	for (uint32_t i = 0; i < group->n_predicates; i++) {
		uint32_t from = program->plan_slots[d->first + i];
		uint32_t to = program->plan_slots[d->first + i + 1];

		if (from == to)
			continue;
		fputs("    ", out);
		rules_dump_predicate(out, program, group->predicates[i]);
		fputs("\n", out);
		put_entries(out, ruleset, s, from, to - from);
	}
}

static void put_bucket(FILE *out, const struct saker_ruleset *ruleset,
		       const struct rules_ruleset_source *s, const struct rules_plan_bucket *b)
{
	if (b->guard == RULES_LITERAL_TRUE) {
		fputs("  always:\n", out);
	} else {
		fputs("  when ", out);
		rules_dump_literal(out, s->program, b->guard);
		fputs(":\n", out);
	}
	put_entries(out, ruleset, s, b->first, b->n);
}

void rules_dump_plan(FILE *out, const struct saker_ruleset *ruleset, uint32_t source)
{
	const struct rules_ruleset_source *s = &ruleset->sources[source];
	const struct rules_program *program = s->program;

	fprintf(out, "source %s: %u plans for %u codes\n", s->name,
		program->n_plans ? program->n_plans - 1 : 0, program->n_codes);
	for (uint32_t i = 1; i < program->n_plans; i++) {
		const struct rules_plan *plan = &program->plans[i];

		fprintf(out, "\nplan %u, codes ", i);
		put_codes(out, program, i);
		fputs("\n", out);
		for (uint32_t k = 0; k < plan->n_dispatches; k++)
			put_dispatch(out, ruleset, s,
				     &program->plan_dispatches[plan->first_dispatch + k]);
		for (uint32_t k = 0; k < plan->n_buckets; k++)
			put_bucket(out, ruleset, s, &program->plan_buckets[plan->first_bucket + k]);
	}
}
