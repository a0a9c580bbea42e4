/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans: for each discriminator code the rules that can match its records, with
 * the checks on selecting fields that the code decides folded away. Codes that
 * no condition tells apart share a plan. Within a plan rules that need one of a
 * group's predicates hang below that group, so that one look-up finds the few
 * that are worth evaluating among thousands; others are bundled behind a check
 * that they share.
 */
#include "dag.h"

#include "common/hash.h"
#include "plan.h"

/* ---- classes of codes ---------------------------------------------------- */

/* Splits the classes by a bitmap; numbers stay dense. */
static void plan_split(uint32_t *class_of, uint32_t *n_classes, uint32_t n_codes,
		       const uint64_t *bits, uint32_t *map)
{
	uint32_t n = 0;

	memset(map, 0xff, 2 * (size_t)*n_classes * sizeof(*map));
	for (uint32_t c = 0; c < n_codes; c++) {
		uint32_t *slot = &map[2 * class_of[c] + (bits[c / 64] >> (c % 64) & 1)];

		if (*slot == RULES_NO_ID)
			*slot = n++;
		class_of[c] = *slot;
	}
	*n_classes = n;
}

/* By which codes have the fields that are checked; each bitmap once. */
static void plan_split_terms(const struct rules_program *program, uint32_t *class_of,
			     uint32_t *n_classes, uint32_t *map)
{
	const uint64_t *seen[64];
	uint32_t n_seen = 0, at;

	for (uint32_t i = 0; i < program->n_predicates; i++) {
		const uint64_t *codes = program->terms[program->predicates[i].term].codes;

		for (at = 0; at < n_seen && seen[at] != codes; at++)
			;
		if (!codes || at < n_seen)
			continue;
		if (n_seen < ARRAY_SIZE(seen))
			seen[n_seen++] = codes;
		plan_split(class_of, n_classes, program->n_codes, codes, map);
	}
}

static uint32_t plan_classes(const struct rules_program *program, uint32_t *class_of, uint32_t *map)
{
	uint32_t n_codes = program->n_codes, n_classes = 1;

	for (uint32_t i = 0; i < program->n_predicates; i++) {
		if (!program->predicates[i].may)
			continue;
		plan_split(class_of, &n_classes, n_codes, program->predicates[i].may, map);
		plan_split(class_of, &n_classes, n_codes, program->predicates[i].must, map);
	}
	plan_split_terms(program, class_of, &n_classes, map);
	return n_classes;
}

/* ---- a condition for one class ------------------------------------------- */

struct plan_specialise {
	struct rules_builder *builder;
	uint32_t code; /* any of the class */
	uint32_t stamp;
	uint32_t n; /* nodes there were before */
	uint32_t *stamp_of;
	uint32_t *literal_of;
};

static int plan_specialise(struct plan_specialise *s, uint32_t literal, uint32_t *ret_literal);

static int plan_specialise_and(struct plan_specialise *s, uint32_t id, uint32_t *ret_literal)
{
	struct rules_program *program = s->builder->program;
	uint32_t n = program->nodes[id].n;
	_cleanup_free_ uint32_t *literals = util_reallocarray(NULL, n, sizeof(*literals));
	int r;

	if (!literals)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		r = plan_specialise(s, program->edges[program->nodes[id].first + i], &literals[i]);
		if (r < 0)
			return r;
		if (literals[i] == RULES_LITERAL_FALSE) {
			*ret_literal = RULES_LITERAL_FALSE;
			return 0;
		}
	}
	return rules_dag_and(s->builder, literals, n, ret_literal);
}

static bool plan_has(const uint64_t *codes, uint32_t code)
{
	return codes[code / 64] >> (code % 64) & 1;
}

/* A check of what records of the code do not have is false, as of any missing value. */
static uint32_t plan_specialise_predicate(const struct rules_program *program,
					  const struct rules_predicate *p, uint32_t code,
					  uint32_t literal)
{
	const uint64_t *has = program->terms[p->term].codes;

	if ((has && !plan_has(has, code)) || (p->may && !plan_has(p->may, code)))
		return RULES_LITERAL_FALSE;
	return p->may && plan_has(p->must, code) ? RULES_LITERAL_TRUE : literal;
}

static int plan_specialise(struct plan_specialise *s, uint32_t literal, uint32_t *ret_literal)
{
	struct rules_program *program = s->builder->program;
	uint32_t id = literal >> 1, result = id << 1;
	const struct rules_dag_node *node = &program->nodes[id];
	int r = 0;

	if (!node->varies) {
		*ret_literal = literal;
		return 0;
	}
	if (s->stamp_of[id] == s->stamp) {
		*ret_literal = s->literal_of[id] ^ (literal & 1);
		return 0;
	}
	if (node->kind == RULES_DAG_PREDICATE) {
		result = plan_specialise_predicate(program, &program->predicates[node->first],
						   s->code, result);
	} else {
		r = plan_specialise_and(s, id, &result);
		if (r < 0)
			return r;
	}
	s->stamp_of[id] = s->stamp;
	s->literal_of[id] = result;
	*ret_literal = result ^ (literal & 1);
	return 0;
}

/* ---- putting it together ------------------------------------------------- */

static int plan_class_entries(struct rules_plans *plans, struct plan_specialise *s,
			      const struct rules_plan_rule *rules, uint32_t n_rules,
			      struct rules_class_plan *class)
{
	int r;

	class->first = plans->n_entries;
	for (uint32_t i = 0; i < n_rules; i++) {
		uint32_t literal;

		/* most rules are for few codes: that is known without a walk */
		if (!rules_dag_can_hold(plans->builder, rules[i].literal, s->code))
			continue;
		r = plan_specialise(s, rules[i].literal, &literal);
		if (r < 0)
			return r;
		if (literal == RULES_LITERAL_FALSE)
			continue;
		if (GROW(plans->entries, plans->n_entries, plans->room_entries) < 0)
			return -ENOMEM;
		plans->entries[plans->n_entries++] =
			(struct rules_plan_entry){rules[i].rule, literal};
	}
	class->n = plans->n_entries - class->first;
	return 0;
}

/* The class before this one that has the same entries; else the class itself. */
static uint32_t plan_same_class(const struct rules_plans *plans,
				const struct rules_class_plan *classes, uint32_t class,
				struct rules_index *index)
{
	const struct rules_class_plan *c = &classes[class];
	const struct rules_plan_entry *e = plans->entries + c->first;
	uint32_t hash = (uint32_t)hash_bytes(e, c->n * sizeof(*e), 3), id;

	RULES_INDEX_FOR_EACH(index, hash, i, id)
	{
		if (classes[id].n == c->n &&
		    memcmp(plans->entries + classes[id].first, e, c->n * sizeof(*e)) == 0)
			return id;
	}
	rules_index_add(index, hash, class);
	return class;
}

static int plan_collect(struct rules_plans *plans, const struct rules_plan_rule *rules,
			uint32_t n_rules, const uint32_t *class_of, uint32_t n_classes,
			struct rules_class_plan *classes)
{
	struct rules_program *program = plans->builder->program;
	struct plan_specialise s = {.builder = plans->builder, .n = program->n_nodes};
	struct rules_index index = {0};
	int r = 0;

	s.stamp_of = calloc(s.n, sizeof(*s.stamp_of));
	s.literal_of = calloc(s.n, sizeof(*s.literal_of));
	if (!s.stamp_of || !s.literal_of)
		r = -ENOMEM;
	for (uint32_t class = 0; r >= 0 && class < n_classes; class ++) {
		uint32_t same;

		s.code = 0;
		while (class_of[s.code] != class)
			s.code++;
		s.stamp = class + 1;
		r = plan_class_entries(plans, &s, rules, n_rules, &classes[class]);
		if (r >= 0)
			r = rules_index_reserve(&index);
		if (r < 0)
			break;
		if (!classes[class].n)
			continue;
		same = plan_same_class(plans, classes, class, &index);
		classes[class].same_as = same + 1;
		if (same != class)
			plans->n_entries = classes[class].first;
	}
	rules_index_fini(&index);
	free(s.stamp_of);
	free(s.literal_of);
	return r;
}

static int plan_assign(struct rules_plans *plans, const uint32_t *class_of,
		       struct rules_class_plan *classes)
{
	struct rules_program *program = plans->builder->program;
	int r;

	for (uint32_t code = 0; code < program->n_codes; code++) {
		struct rules_class_plan *class = &classes[class_of[code]];

		if (!class->same_as)
			continue;
		class = &classes[class->same_as - 1];
		if (!class->plan) {
			class->plan = program->n_plans;
			r = rules_plan_layout(plans, plans->entries + class->first, class->n);
			if (r < 0)
				return r;
		}
		program->plan_of_code[code] = class->plan;
	}
	return 0;
}

int rules_plan_build(struct rules_builder *builder, const struct rules_plan_rule *rules,
		     uint32_t n_rules)
{
	struct rules_program *program = builder->program;
	uint32_t n_codes = program->n_codes, n_classes;
	struct rules_plans plans = {.builder = builder};
	_cleanup_free_ uint32_t *class_of = calloc((size_t)n_codes + 1, sizeof(*class_of));
	_cleanup_free_ uint32_t *map = calloc(2 * (size_t)n_codes + 2, sizeof(*map));
	_cleanup_free_ struct rules_class_plan *classes = NULL;
	int r;

	if (!class_of || !map)
		return -ENOMEM;
	n_classes = plan_classes(program, class_of, map);
	classes = calloc((size_t)n_classes + 1, sizeof(*classes));
	if (!classes)
		return -ENOMEM;
	r = plan_collect(&plans, rules, n_rules, class_of, n_classes, classes);
	if (r >= 0)
		r = rules_predicate_group(builder);
	if (r >= 0)
		r = rules_dag_order(builder);
	if (r >= 0)
		r = rules_plans_init(&plans);
	if (r >= 0)
		r = plan_assign(&plans, class_of, classes);
	rules_plans_fini(&plans);
	return r;
}
