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

static void put_entry(FILE *out, const struct saker_ruleset *ruleset,
		      const struct rules_ruleset_source *s, uint32_t id)
{
	const struct rules_plan_entry *e = &s->program->plan_entries[id];

	fprintf(out, "r%u \"%s\" when ", e->rule, ruleset->rules[s->rules[e->rule]].name);
	rules_dump_literal(out, s->program, e->literal);
	fputc('\n', out);
}

static void put_entries(FILE *out, const struct saker_ruleset *ruleset,
			const struct rules_ruleset_source *s, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		fputs("      ", out);
		put_entry(out, ruleset, s, first + i);
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

/* Bits as ranges: "0-2 5". */
static void put_lanes(FILE *out, const uint64_t *lanes, uint32_t n_words)
{
	const char *blank = "";

	for (uint32_t i = 0; i < n_words * 64; i++) {
		uint32_t last = i;

		if (!(lanes[i / 64] >> (i % 64) & 1))
			continue;
		while (last + 1 < n_words * 64 && lanes[(last + 1) / 64] >> ((last + 1) % 64) & 1)
			last++;
		fprintf(out, "%s%u", blank, i);
		if (last > i)
			fprintf(out, "-%u", last);
		i = last;
		blank = " ";
	}
}

static bool has_lanes(const uint64_t *lanes, uint32_t n_words)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < n_words; i++)
		any |= lanes[i];
	return any;
}

/* The parts of a probe: rows of groups, then checks. */
static void put_probe(FILE *out, const struct rules_program *program,
		      const struct rules_probe *probe, uint32_t n_words)
{
	fputs("all that is known of ", out);
	rules_dump_term(out, program, probe->term);
	fprintf(out, "%s:\n", probe->kept ? ", kept by value" : "");
	for (uint32_t i = 0; i < probe->n_groups; i++) {
		const struct rules_probe_group *g = &program->probe_groups[probe->first_group + i];

		fprintf(out, "      g%u (%s) for lanes ", g->group,
			rules_dump_group_name(&program->groups[g->group]));
		put_lanes(out, program->lane_words + g->concerns, n_words);
		fputc('\n', out);
	}
	for (uint32_t i = 0; i < probe->n; i++) {
		const struct rules_probe_check *check = &program->probe_checks[probe->first + i];

		fputs("      ", out);
		rules_dump_literal(out, program, check->literal);
		fputs(" for lanes ", out);
		put_lanes(out, program->lane_words + check->lanes, n_words);
		fputc('\n', out);
	}
}

static void put_node_step(FILE *out, const struct rules_program *program,
			  const struct rules_screen_step *step, uint32_t n_words)
{
	const uint64_t *lanes = program->lane_words + step->lanes;

	for (uint32_t negated = 0; negated < 2; negated++) {
		const uint64_t *of = lanes + negated * n_words;

		if (!has_lanes(of, n_words))
			continue;
		fputs(negated && has_lanes(lanes, n_words) ? "    and " : "", out);
		rules_dump_literal(out, program, step->id << 1 | negated);
		fputs(" for lanes ", out);
		put_lanes(out, of, n_words);
		fputc('\n', out);
	}
}

/* What rules out entries together, in the order in which it is asked at first. */
static void put_screen(FILE *out, const struct saker_ruleset *ruleset,
		       const struct rules_ruleset_source *s, const struct rules_plan *plan)
{
	const struct rules_program *program = s->program;

	if (plan->n_steps)
		fputs("  rule out by:\n", out);
	for (uint32_t i = 0; i < plan->n_steps; i++) {
		const struct rules_screen_step *step = &program->screen_steps[plan->first_step + i];

		fputs("    ", out);
		if (step->kind == RULES_SCREEN_PROBE || step->kind == RULES_SCREEN_ROW)
			put_probe(out, program, &program->probes[step->id], plan->n_words);
		else
			put_node_step(out, program, step, plan->n_words);
	}
	if (plan->n_lanes)
		fputs("  of the lanes that are left:\n", out);
	for (uint32_t i = 0; i < plan->n_lanes; i++) {
		fprintf(out, "    %u: ", i);
		put_entry(out, ruleset, s, plan->first_lane + i);
	}
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
		put_screen(out, ruleset, s, plan);
		for (uint32_t k = 0; k < plan->n_dispatches; k++)
			put_dispatch(out, ruleset, s,
				     &program->plan_dispatches[plan->first_dispatch + k]);
		for (uint32_t k = 0; k < plan->n_buckets; k++)
			put_bucket(out, ruleset, s, &program->plan_buckets[plan->first_bucket + k]);
	}
}
