/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing out a probe: which checks on one field its groups answer with a row,
 * by bitmaps of lanes for every row, and which are left to be evaluated.
 */
#include "plan_screen.h"

#define PROBE_MAX_CHECKS 64   /* what a value that is new may cost */
#define PROBE_MAX_ROWS 65536u /* words of the bitmaps of a group's rows */
#define PROBE_SIMPLE 30	      /* ns: dearer checks are worth being kept by value */

/* ---- which checks groups answer ---------------------------------------------- */

/* The predicate of a node that a group answers, if rows are few enough for bitmaps; else NULL. */
static const struct rules_predicate *probe_predicate(const struct screen *screen, uint32_t node)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_dag_node *n = &program->nodes[node];
	const struct rules_predicate *p;

	if (n->kind != RULES_DAG_PREDICATE)
		return NULL;
	p = &program->predicates[n->first];
	if (p->test != RULES_TEST_MEMBER && p->test != RULES_TEST_STAMP)
		return NULL;
	return (uint64_t)rules_group_rows(&program->groups[p->group])->n_rows * RULES_PROBE_ROW *
				       RULES_SCREEN_WORDS <
			       PROBE_MAX_ROWS
		       ? p
		       : NULL;
}

/* Looking for a few needles is done sixteen places at a time; for many the text is walked. */
static bool probe_is_scan(const struct screen *screen, const struct rules_predicate *p)
{
	const struct rules_group *group = &screen->plans->builder->program->groups[p->group];

	return (group->kind == RULES_GROUP_CONTAINS || group->kind == RULES_GROUP_ICONTAINS) &&
	       (!group->ac.pairs || group->ac.n_few > RULES_AC_FEW);
}

/* What must hold for a literal to: its predicate, or of a conjunction's one; NULL = unknown. */
static const struct rules_predicate *probe_implied(const struct screen *screen, uint32_t literal)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_dag_node *n = &program->nodes[literal >> 1];

	if (literal & 1)
		return NULL;
	if (n->kind != RULES_DAG_AND)
		return probe_predicate(screen, literal >> 1);
	for (uint32_t i = 0; i < n->n; i++) {
		uint32_t part = program->edges[n->first + i];
		const struct rules_predicate *p =
			part & 1 ? NULL : probe_predicate(screen, part >> 1);

		if (p)
			return p;
	}
	return NULL;
}

/* "a or b or ...", a predicate in a group for each: as a node, "not a and not b ...". */
static bool probe_is_either(const struct screen *screen, uint32_t node)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_dag_node *n = &program->nodes[node];

	for (uint32_t i = 0; i < n->n; i++)
		if (!probe_implied(screen, program->edges[n->first + i] ^ 1))
			return false;
	return n->kind == RULES_DAG_AND;
}

bool rules_screen_is_cheap(const struct screen *screen, uint32_t node)
{
	const struct rules_builder *builder = screen->plans->builder;
	const struct rules_program *program = builder->program;
	const struct rules_predicate *p = probe_predicate(screen, node);
	const struct rules_dag_node *n = &program->nodes[node];

	if (p)
		return !probe_is_scan(screen, p);
	if (n->kind == RULES_DAG_PREDICATE)
		return builder->node_cost[node] -
			       (float)program->terms[program->predicates[n->first].term].cost <=
		       PROBE_SIMPLE;
	if (!probe_is_either(screen, node))
		return false;
	for (uint32_t i = 0; i < n->n; i++)
		if (probe_is_scan(screen, probe_implied(screen, program->edges[n->first + i] ^ 1)))
			return false;
	return true;
}

uint32_t rules_screen_key(const struct screen *screen, uint32_t conjunct)
{
	uint32_t node = screen->plans->conjuncts[conjunct].node;
	uint32_t support = rules_screen_support(screen->plans, node);

	if (support < RULES_SUPPORT_TERM)
		return RULES_NO_ID;
	return (support - RULES_SUPPORT_TERM) << 1 | !rules_screen_is_cheap(screen, node);
}

const struct rules_term *rules_screen_key_term(const struct screen *screen, uint32_t key)
{
	return &screen->plans->builder->program->terms[key >> 1];
}

/* ---- groups -------------------------------------------------------------------- */

int rules_screen_put_lanes(struct rules_program *program, const uint64_t *lanes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (GROW(program->lane_words, program->n_lane_words, program->room_lane_words) < 0)
			return -ENOMEM;
		program->lane_words[program->n_lane_words++] = lanes[i];
	}
	return 0;
}

/* Which bitmap of a row. */
enum probe_row {
	PROBE_CONTENT,
	PROBE_AGAINST,
	PROBE_EITHER,
};

struct probe_part {
	const struct screen *screen;
	const struct rules_rows *rows;
	uint32_t group;
	uint64_t concerns[RULES_SCREEN_WORDS];
	uint64_t need[RULES_SCREEN_WORDS];
	uint64_t *bitmaps;
};

/* A probe while it is put together. */
struct probe {
	struct screen *screen;
	uint32_t key;
	uint32_t first; /* conjunct */
	uint64_t all[RULES_SCREEN_WORDS];
	uint64_t either[RULES_SCREEN_WORDS];
	uint64_t *either_of; /* per conjunct: its lanes of `either` */
};

static void probe_fill(struct probe_part *part, const struct rules_predicate *p,
		       enum probe_row which, const uint64_t *lanes)
{
	uint32_t n_words = part->screen->n_words;

	for (uint32_t w = 0; w < n_words; w++)
		part->concerns[w] |= lanes[w];
	for (uint32_t row = 0; row < part->rows->n_rows; row++) {
		if (!rules_rows_has(part->rows, row, p->local))
			continue;
		for (uint32_t w = 0; w < n_words; w++)
			part->bitmaps[(row * RULES_PROBE_ROW + which) * n_words + w] |= lanes[w];
	}
}

static void probe_add_conjunct(struct probe *probe, struct probe_part *part, uint32_t conjunct)
{
	const struct rules_conjunct *c = &probe->screen->plans->conjuncts[conjunct];
	const struct rules_program *program = probe->screen->plans->builder->program;
	const struct rules_dag_node *node = &program->nodes[c->node];
	const struct rules_predicate *p = probe_predicate(probe->screen, c->node);
	uint32_t n_words = probe->screen->n_words;

	if (p && p->group == part->group) {
		for (uint32_t w = 0; w < n_words; w++)
			part->need[w] |= c->lanes[0][w];
		probe_fill(part, p, PROBE_CONTENT, c->lanes[0]);
		probe_fill(part, p, PROBE_AGAINST, c->lanes[1]);
	}
	for (uint32_t i = 0; node->kind == RULES_DAG_AND && i < node->n; i++) {
		p = probe_implied(probe->screen, program->edges[node->first + i] ^ 1);
		if (p && p->group == part->group)
			probe_fill(part, p, PROBE_EITHER,
				   probe->either_of + (size_t)conjunct * RULES_SCREEN_WORDS);
	}
}

static int probe_put_group(struct probe *probe, uint32_t group)
{
	struct screen *screen = probe->screen;
	struct rules_program *program = screen->plans->builder->program;
	struct probe_part part = {
		.screen = screen,
		.rows = rules_group_rows(&program->groups[group]),
		.group = group,
	};
	struct rules_probe_group g = {.group = group};
	size_t n = (size_t)part.rows->n_rows * RULES_PROBE_ROW * screen->n_words;
	_cleanup_free_ uint64_t *bitmaps = calloc(n + 1, sizeof(*bitmaps));
	int r;

	if (!bitmaps)
		return -ENOMEM;
	part.bitmaps = bitmaps;
	for (uint32_t i = probe->first; i < screen->plans->n_conjuncts; i++)
		if (rules_screen_key(screen, i) == probe->key)
			probe_add_conjunct(probe, &part, i);
	for (uint32_t w = 0; w < screen->n_words; w++)
		probe->all[w] |= part.concerns[w];
	g.concerns = program->n_lane_words;
	r = rules_screen_put_lanes(program, part.concerns, screen->n_words);
	g.need = program->n_lane_words;
	if (r >= 0)
		r = rules_screen_put_lanes(program, part.need, screen->n_words);
	g.rows = program->n_lane_words;
	if (r >= 0)
		r = rules_screen_put_lanes(program, bitmaps, n);
	if (r < 0 ||
	    GROW(program->probe_groups, program->n_probe_groups, program->room_probe_groups) < 0)
		return -ENOMEM;
	program->probe_groups[program->n_probe_groups++] = g;
	return 0;
}

/* A lane may wait for one choice only: of more, the first one is as good as any. */
static void probe_find_either(struct probe *probe)
{
	struct rules_plans *plans = probe->screen->plans;

	for (uint32_t i = probe->first; i < plans->n_conjuncts; i++) {
		const struct rules_conjunct *c = &plans->conjuncts[i];
		uint64_t *of = probe->either_of + (size_t)i * RULES_SCREEN_WORDS;

		if (rules_screen_key(probe->screen, i) != probe->key ||
		    !probe_is_either(probe->screen, c->node))
			continue;
		for (uint32_t w = 0; w < probe->screen->n_words; w++) {
			of[w] = c->lanes[1][w] & ~probe->either[w];
			probe->either[w] |= of[w];
		}
	}
}

/* All groups of the term, kinds in the order of their cost; those without use are dropped. */
static int probe_put_groups(struct probe *probe, struct rules_probe *ret)
{
	static const uint8_t kinds[] = {RULES_GROUP_SET, RULES_GROUP_PREFIX, RULES_GROUP_SUFFIX,
					RULES_GROUP_CONTAINS, RULES_GROUP_ICONTAINS};
	struct rules_program *program = probe->screen->plans->builder->program;
	int r = 0;

	ret->first_group = program->n_probe_groups;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (uint32_t g = 0; g < program->n_groups && r >= 0; g++) {
			const uint64_t *concerns;
			uint64_t any = 0;

			if (program->groups[g].term != ret->term ||
			    program->groups[g].kind != kinds[k])
				continue;
			r = probe_put_group(probe, g);
			if (r < 0)
				break;
			concerns = program->lane_words +
				   program->probe_groups[program->n_probe_groups - 1].concerns;
			for (uint32_t w = 0; w < probe->screen->n_words; w++)
				any |= concerns[w];
			if (!any)
				program->n_probe_groups--;
		}
	}
	ret->n_groups = program->n_probe_groups - ret->first_group;
	ret->either = program->n_lane_words;
	return r < 0 ? r : rules_screen_put_lanes(program, probe->either, probe->screen->n_words);
}

/* ---- other checks ---------------------------------------------------------------- */

struct probe_check {
	float rank;
	uint32_t literal;
	const uint64_t *lanes;
};

static int probe_check_compare(const void *a, const void *b)
{
	const struct probe_check *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->literal < y->literal ? -1 : x->literal > y->literal;
}

/* Those that groups do not answer, twice where lanes need both; which fail most for their cost
 * come first. */
static uint32_t probe_checks(const struct probe *probe,
			     struct probe_check checks[2 * PROBE_MAX_CHECKS])
{
	struct rules_plans *plans = probe->screen->plans;
	uint32_t n = 0;

	for (uint32_t i = probe->first; i < plans->n_conjuncts && n + 2 <= 2 * PROBE_MAX_CHECKS;
	     i++) {
		const struct rules_conjunct *c = &plans->conjuncts[i];
		float truth = plans->builder->node_truth[c->node];

		if (rules_screen_key(probe->screen, i) != probe->key ||
		    probe_predicate(probe->screen, c->node))
			continue;
		for (uint32_t negated = 0; negated < 2; negated++) {
			float fails = negated ? truth : 1 - truth;
			uint64_t any = 0;

			for (uint32_t w = 0; w < probe->screen->n_words; w++)
				any |= c->lanes[negated][w];
			if (any && !(negated && probe_is_either(probe->screen, c->node)))
				checks[n++] = (struct probe_check){
					plans->builder->node_cost[c->node] / (fails + 0.001F),
					c->node << 1 | negated,
					c->lanes[negated],
				};
		}
	}
	qsort(checks, n, sizeof(*checks), probe_check_compare);
	return n;
}

static int probe_put_check(struct probe *probe, const struct probe_check *from)
{
	struct rules_program *program = probe->screen->plans->builder->program;
	struct rules_probe_check check = {from->literal, program->n_lane_words};

	for (uint32_t i = 0; i < probe->screen->n_words; i++)
		probe->all[i] |= from->lanes[i];
	if (GROW(program->probe_checks, program->n_probe_checks, program->room_probe_checks) < 0)
		return -ENOMEM;
	program->probe_checks[program->n_probe_checks++] = check;
	return rules_screen_put_lanes(program, from->lanes, probe->screen->n_words);
}

/* ---- the probe ---------------------------------------------------------------------- */

int rules_screen_put_probe(struct screen *screen, const struct screen_option *option,
			   struct rules_screen_step *step)
{
	struct rules_program *program = screen->plans->builder->program;
	struct rules_probe result = {.term = option->key >> 1, .kept = option->key & 1};
	struct probe probe = {.screen = screen, .key = option->key, .first = option->conjunct};
	_cleanup_free_ uint64_t *either_of = calloc(
		(size_t)screen->plans->n_conjuncts * RULES_SCREEN_WORDS + 1, sizeof(*either_of));
	struct probe_check checks[2 * PROBE_MAX_CHECKS];
	int r;

	if (!either_of)
		return -ENOMEM;
	probe.either_of = either_of;
	probe_find_either(&probe);
	r = probe_put_groups(&probe, &result);
	result.first = program->n_probe_checks;
	result.n = probe_checks(&probe, checks);
	for (uint32_t i = 0; i < result.n && r >= 0; i++)
		r = probe_put_check(&probe, &checks[i]);
	step->lanes = program->n_lane_words;
	if (r >= 0)
		r = rules_screen_put_lanes(program, probe.all, screen->n_words);
	if (r < 0 || GROW(program->probes, program->n_probes, program->room_probes) < 0)
		return -ENOMEM;
	program->probes[program->n_probes] = result;
	step->id = program->n_probes++;
	return 0;
}

int rules_plan_probe(struct rules_plans *plans, uint32_t term, uint32_t *ret_probe)
{
	struct rules_program *program = plans->builder->program;

	*ret_probe = RULES_NO_ID;
	if (!rules_screen_term_is_plain(&program->terms[term]))
		return 0;
	if (GROW(program->probes, program->n_probes, program->room_probes) < 0)
		return -ENOMEM;
	program->probes[program->n_probes] = (struct rules_probe){.term = term, .kept = true};
	*ret_probe = program->n_probes++;
	return 0;
}
