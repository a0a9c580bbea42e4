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

/* Its group looks at all of a text, not at its ends or its hash. */
static bool probe_reads_all(const struct rules_program *program, const struct rules_predicate *p)
{
	uint8_t kind = program->groups[p->group].kind;

	return kind == RULES_GROUP_CONTAINS || kind == RULES_GROUP_ICONTAINS;
}

/* Whether it is known which pairs of neighbours a text must have for which needle. */
static bool probe_has_pairs(const struct rules_group *group)
{
	return (group->kind == RULES_GROUP_CONTAINS || group->kind == RULES_GROUP_ICONTAINS) &&
	       group->ac.pairs && group->ac.n_few <= RULES_AC_PAIRS && !group->ac.rows[0];
}

/* Looking for a few needles is done sixteen places at a time; for many the text is walked. */
static bool probe_is_scan(const struct screen *screen, const struct rules_predicate *p)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_group *group = &program->groups[p->group];

	return probe_reads_all(program, p) && (!group->ac.pairs || group->ac.n_few > RULES_AC_FEW);
}

/* What must hold for a literal to: its predicate, or of a conjunction's one; NULL = unknown. */
static const struct rules_predicate *probe_implied(const struct screen *screen, uint32_t literal)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_dag_node *n = &program->nodes[literal >> 1];
	const struct rules_predicate *best = NULL;

	if (literal & 1)
		return NULL;
	if (n->kind != RULES_DAG_AND)
		return probe_predicate(screen, literal >> 1);
	for (uint32_t i = 0; i < n->n; i++) {
		uint32_t part = program->edges[n->first + i];
		const struct rules_predicate *p =
			part & 1 ? NULL : probe_predicate(screen, part >> 1);

		if (p && (!best || probe_reads_all(program, best)))
			best = p;
	}
	return best;
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

static enum screen_class probe_class(const struct screen *screen, const struct rules_predicate *p)
{
	if (probe_is_scan(screen, p))
		return SCREEN_DEAR;
	return probe_reads_all(screen->plans->builder->program, p) ? SCREEN_SCAN : SCREEN_LOOKUP;
}

enum screen_class rules_screen_class(const struct screen *screen, uint32_t node)
{
	const struct rules_builder *builder = screen->plans->builder;
	const struct rules_program *program = builder->program;
	const struct rules_predicate *p = probe_predicate(screen, node);
	const struct rules_dag_node *n = &program->nodes[node];
	enum screen_class class = SCREEN_LOOKUP;

	if (p)
		return probe_class(screen, p);
	if (n->kind == RULES_DAG_PREDICATE) {
		p = &program->predicates[n->first];
		if (builder->node_cost[node] - (float)program->terms[p->term].cost > PROBE_SIMPLE)
			return SCREEN_DEAR;
		return SCREEN_LOOKUP;
	}
	if (!probe_is_either(screen, node))
		return SCREEN_DEAR;
	for (uint32_t i = 0; i < n->n; i++) {
		p = probe_implied(screen, program->edges[n->first + i] ^ 1);
		class = MAX(class, probe_class(screen, p));
	}
	return class;
}

/* The group whose row of a value answers all that the conjunct asks; NO_ID = there is none. */
static uint32_t probe_one_group(const struct screen *screen, const struct rules_conjunct *c)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_dag_node *n = &program->nodes[c->node];
	const struct rules_predicate *p = probe_predicate(screen, c->node);
	uint32_t group = RULES_NO_ID;

	if (p)
		return program->groups[p->group].stamps ? RULES_NO_ID : p->group;
	if (n->kind != RULES_DAG_AND || !probe_is_either(screen, c->node))
		return RULES_NO_ID;
	for (uint32_t w = 0; w < screen->n_words; w++)
		if (c->lanes[0][w])
			return RULES_NO_ID;
	for (uint32_t i = 0; i < n->n; i++) {
		p = probe_implied(screen, program->edges[n->first + i] ^ 1);
		if (program->groups[p->group].stamps || (i && p->group != group))
			return RULES_NO_ID;
		group = p->group;
	}
	return group;
}

uint32_t rules_screen_key(const struct screen *screen, uint32_t conjunct)
{
	uint32_t node = screen->plans->conjuncts[conjunct].node;
	uint32_t support = rules_screen_support(screen->plans, node), group;
	enum screen_class class;

	if (support < RULES_SUPPORT_TERM)
		return RULES_NO_ID;
	group = probe_one_group(screen, &screen->plans->conjuncts[conjunct]);
	if (group != RULES_NO_ID)
		return group * SCREEN_CLASSES + SCREEN_ROW;
	class = rules_screen_class(screen, node);
	if (class == SCREEN_LOOKUP &&
	    screen->plans->builder->program->nodes[node].kind == RULES_DAG_PREDICATE)
		return RULES_NO_ID; /* a comparison: a step of its own */
	return (support - RULES_SUPPORT_TERM) * SCREEN_CLASSES + class;
}

const struct rules_term *rules_screen_key_term(const struct screen *screen, uint32_t key)
{
	const struct rules_program *program = screen->plans->builder->program;
	uint32_t id = key / SCREEN_CLASSES;

	return &program->terms[key % SCREEN_CLASSES == SCREEN_ROW ? program->groups[id].term : id];
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
	uint64_t pairs[RULES_AC_PAIRS][RULES_SCREEN_WORDS]; /* contains: lanes of each pair */
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

/* What a text must have for the predicate to hold. */
static void probe_fill_pairs(struct probe_part *part, const struct rules_predicate *p,
			     const uint64_t *lanes)
{
	const struct rules_group *group =
		&part->screen->plans->builder->program->groups[part->group];

	if (!probe_has_pairs(group))
		return;
	for (uint32_t left = group->ac.few_of[p->local]; left; left &= left - 1)
		for (uint32_t w = 0; w < part->screen->n_words; w++)
			part->pairs[__builtin_ctz(left)][w] |= lanes[w];
}

/* Writes down the pairs that lanes wait for, if they are few. */
static int probe_put_pairs(const struct probe_part *part, struct rules_probe_group *g)
{
	struct rules_program *program = part->screen->plans->builder->program;
	const struct rules_group *group = &program->groups[part->group];
	uint32_t n = 0;

	g->pairs = program->n_lane_words;
	g->first_pair = program->n_probe_pairs;
	if (!probe_has_pairs(group))
		return 0;
	for (uint32_t k = 0; k < group->ac.n_few; k++) {
		uint64_t any = 0;
		int r;

		for (uint32_t w = 0; w < part->screen->n_words; w++)
			any |= part->pairs[k][w];
		if (!any)
			continue;
		if (n == RULES_AC_FEW)
			return 0;
		if (GROW(program->probe_pairs, program->n_probe_pairs, program->room_probe_pairs) <
		    0)
			return -ENOMEM;
		memcpy(program->probe_pairs[g->first_pair + n].bytes, group->ac.few[k], 2);
		program->n_probe_pairs = g->first_pair + ++n;
		r = rules_screen_put_lanes(program, part->pairs[k], part->screen->n_words);
		if (r < 0)
			return r;
	}
	g->n_pairs = (uint8_t)n;
	return 0;
}

static void probe_fill(struct probe_part *part, const struct rules_predicate *p,
		       enum probe_row which, const uint64_t *lanes)
{
	uint32_t n_words = part->screen->n_words;

	for (uint32_t w = 0; w < n_words; w++)
		part->concerns[w] |= lanes[w];
	probe_fill_pairs(part, p, lanes);
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

/* A value with one row: what it leaves is known beforehand. */
static void probe_settle(struct probe_part *part)
{
	uint32_t n_words = part->screen->n_words;

	for (uint32_t row = 0; row < part->rows->n_rows; row++) {
		uint64_t *of = part->bitmaps + (size_t)row * RULES_PROBE_ROW * n_words;

		for (uint32_t w = 0; w < n_words; w++) {
			of[w] = (of[w] | ~part->need[w]) & ~of[n_words + w];
			of[n_words + w] = 0;
		}
	}
}

/* The only group there is: who waits for one of several, waits for this row. */
static void probe_settle_either(struct probe_part *part, const uint64_t *either)
{
	uint32_t n_words = part->screen->n_words;

	for (uint32_t row = 0; row < part->rows->n_rows; row++) {
		uint64_t *of = part->bitmaps + (size_t)row * RULES_PROBE_ROW * n_words;

		for (uint32_t w = 0; w < n_words; w++)
			of[w] &= ~either[w] | of[2 * n_words + w];
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
	struct rules_probe_group g = {
		.group = group,
		.kind = program->groups[group].kind,
		.stamps = program->groups[group].stamps,
	};
	size_t n = (size_t)part.rows->n_rows * RULES_PROBE_ROW * screen->n_words;
	_cleanup_free_ uint64_t *bitmaps = calloc(n + 1, sizeof(*bitmaps));
	int r;

	if (!bitmaps)
		return -ENOMEM;
	part.bitmaps = bitmaps;
	for (uint32_t i = probe->first; i < screen->plans->n_conjuncts; i++)
		if (rules_screen_key(screen, i) == probe->key)
			probe_add_conjunct(probe, &part, i);
	if (!program->groups[group].stamps)
		probe_settle(&part);
	if (probe->key % SCREEN_CLASSES == SCREEN_ROW)
		probe_settle_either(&part, probe->either);
	for (uint32_t w = 0; w < screen->n_words; w++)
		probe->all[w] |= part.concerns[w];
	if (screen->n_words == 1)
		g.word = part.concerns[0];
	g.concerns = program->n_lane_words;
	r = rules_screen_put_lanes(program, part.concerns, screen->n_words);
	g.need = program->n_lane_words;
	if (r >= 0)
		r = rules_screen_put_lanes(program, part.need, screen->n_words);
	g.rows = program->n_lane_words;
	if (r >= 0)
		r = rules_screen_put_lanes(program, bitmaps, n);
	if (r >= 0)
		r = probe_put_pairs(&part, &g);
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

/* Of a single look-up, only its own group. */
static bool probe_wants(const struct probe *probe, uint32_t group)
{
	return probe->key % SCREEN_CLASSES != SCREEN_ROW || probe->key / SCREEN_CLASSES == group;
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

			if (!probe_wants(probe, g) || program->groups[g].term != ret->term ||
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
	if (probe->key % SCREEN_CLASSES == SCREEN_ROW)
		memset(probe->either, 0, sizeof(probe->either)); /* it is in the rows */
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
	struct rules_probe result = {
		.term = (uint32_t)(rules_screen_key_term(screen, option->key) - program->terms),
		.kept = option->key % SCREEN_CLASSES == SCREEN_DEAR,
	};
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
	result.n = option->key % SCREEN_CLASSES == SCREEN_ROW ? 0 : probe_checks(&probe, checks);
	for (uint32_t i = 0; i < result.n && r >= 0; i++)
		r = probe_put_check(&probe, &checks[i]);
	step->lanes = program->n_lane_words;
	if (r >= 0)
		r = rules_screen_put_lanes(program, probe.all, screen->n_words);
	if (r < 0 || GROW(program->probes, program->n_probes, program->room_probes) < 0)
		return -ENOMEM;
	if (option->key % SCREEN_CLASSES == SCREEN_ROW && screen->n_words == 1) {
		step->kind = RULES_SCREEN_ROW;
		step->rows = program->probe_groups[result.first_group].rows;
		step->group = program->probe_groups[result.first_group].group;
	}
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
