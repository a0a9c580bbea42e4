/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a plan's screen: which checks rule out most entries for their cost,
 * in which order. Checks that depend on one field's value alone are put
 * together in a probe of that field, whose answer machines keep by value. An
 * entry that needs "a or b" of different fields has two lanes, one for each way
 * to match, so that each can be ruled out by its field.
 */
#include "plan_screen.h"

#define SCREEN_MAX_OPTIONS RULES_SCREEN_STEPS
#define SCREEN_MAX_CONJUNCTS 4096
#define SCREEN_MIN_FAILS 0.25F /* what holds more often than not is no use */
#define SCREEN_DOUBT 0.25F     /* guesses are guesses: nothing is less likely to be left */
#define SCREEN_MAX_WAYS 8      /* lanes of one entry */
#define SCREEN_ROW_COST 6      /* ns: a look-up */
#define SCREEN_PROBE_COST 12   /* ns: a look-up or two */
#define SCREEN_SCAN_COST 12    /* a text of usual length */
#define SCREEN_DEAR_COST 60    /* and what dear checks cost on average */
#define SCREEN_NEW_COST 2      /* ns, for each lane: values that were not seen before */
#define SCREEN_NODE_COST 2
#define SCREEN_ENTRY_COST 8 /* ns: of an entry, besides its condition */

/* ---- what a node depends on -------------------------------------------------- */

/* One value of text, straight from the record. */
bool rules_screen_term_is_plain(const struct rules_term *term)
{
	return term->kind == RULES_TERM_FIELD && term->class == RULES_CLASS_TEXT &&
	       !rules_term_multi(term);
}

uint32_t rules_screen_support(struct rules_plans *plans, uint32_t id)
{
	const struct rules_program *program = plans->builder->program;
	const struct rules_dag_node *node = &program->nodes[id];
	uint32_t support = RULES_SUPPORT_UNKNOWN;

	if (plans->support[id])
		return plans->support[id];
	if (node->kind == RULES_DAG_PREDICATE) {
		const struct rules_predicate *p = &program->predicates[node->first];

		support = p->test != RULES_TEST_TERM &&
					  rules_screen_term_is_plain(&program->terms[p->term])
				  ? p->term + RULES_SUPPORT_TERM
				  : RULES_SUPPORT_OTHER;
	}
	for (uint32_t i = 0; node->kind == RULES_DAG_AND && i < node->n; i++) {
		uint32_t part = rules_screen_support(plans, program->edges[node->first + i] >> 1);

		if (support && part != support)
			part = RULES_SUPPORT_OTHER;
		support = part;
		if (support == RULES_SUPPORT_OTHER)
			break;
	}
	if (!support)
		support = RULES_SUPPORT_OTHER;
	plans->support[id] = support;
	return support;
}

/* ---- what entries need ---------------------------------------------------------- */

static int screen_need(struct rules_plans *plans, uint32_t literal, uint32_t lane)
{
	uint32_t *at = &plans->conjunct_of[literal >> 1];

	if (!*at) {
		if (plans->n_conjuncts == SCREEN_MAX_CONJUNCTS)
			return 0;
		if (GROW(plans->conjuncts, plans->n_conjuncts, plans->room_conjuncts) < 0)
			return -ENOMEM;
		plans->conjuncts[plans->n_conjuncts] =
			(struct rules_conjunct){.node = literal >> 1};
		*at = ++plans->n_conjuncts;
	}
	plans->conjuncts[*at - 1].lanes[literal & 1][lane / 64] |= UINT64_C(1) << (lane % 64);
	return 0;
}

static void screen_forget(struct rules_plans *plans)
{
	for (uint32_t i = 0; i < plans->n_conjuncts; i++)
		plans->conjunct_of[plans->conjuncts[i].node] = 0;
	plans->n_conjuncts = 0;
}

/* ---- lanes -------------------------------------------------------------------------- */

/* Exceptions, which hold for nearly every record, are left out: they rule out nothing. */
static bool screen_may_fail(const struct rules_builder *builder, uint32_t literal)
{
	float truth = builder->node_truth[literal >> 1];

	return literal > RULES_LITERAL_TRUE &&
	       (literal & 1 ? truth : 1 - truth) >= SCREEN_MIN_FAILS;
}

static int screen_needs(struct screen *screen, const uint32_t *needs, uint32_t n, uint32_t but,
			uint32_t lane)
{
	int r = 0;

	for (uint32_t i = 0; i < n && r >= 0; i++)
		if (needs[i] != but && screen_may_fail(screen->plans->builder, needs[i]))
			r = screen_need(screen->plans, needs[i], lane);
	return r;
}

static uint32_t screen_new_lane(struct screen *screen, const struct rules_plan_entry *entry)
{
	const struct rules_builder *builder = screen->plans->builder;
	uint32_t lane = screen->n_lanes++;

	screen->lanes[lane] = *entry;
	screen->alive[lane] = 1;
	screen->worth[lane] = SCREEN_ENTRY_COST + builder->node_cost[entry->literal >> 1];
	return lane;
}

/* Of what an entry needs, the alternatives that hold least often; NO_ID: none that have room. */
static uint32_t screen_alternatives(struct screen *screen, const uint32_t *needs, uint32_t n,
				    uint32_t room)
{
	const struct rules_builder *builder = screen->plans->builder;
	/* others of one field are a check of its probe as well: only where lanes cost nothing */
	uint32_t spare = MIN(room, screen->n_spare), best = RULES_NO_ID;
	float least = 0.5F;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = needs[i] >> 1;
		const struct rules_dag_node *node = &builder->program->nodes[id];
		bool several = rules_screen_support(screen->plans, id) == RULES_SUPPORT_OTHER;

		/* alternatives of one field that its groups answer are one look-up as it is */
		if (!several && rules_screen_class(screen, id) != SCREEN_DEAR)
			continue;

		if (!(needs[i] & 1) || node->kind != RULES_DAG_AND || node->n > SCREEN_MAX_WAYS ||
		    node->n > (several ? room : spare) || 1 - builder->node_truth[id] >= least)
			continue;
		best = needs[i];
		least = 1 - builder->node_truth[id];
	}
	return best;
}

/* Lanes for an entry, one more than there was or, if there is room, one for each way. */
static int screen_lanes(struct screen *screen, const struct rules_plan_entry *entry, uint32_t room)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_dag_node * or ;
	uint32_t n, alternatives;
	const uint32_t *needs = rules_plan_needs(program, entry, &n);
	int r = 0;

	alternatives = screen_alternatives(screen, needs, n, room);
	if (alternatives == RULES_NO_ID)
		return screen_needs(screen, needs, n, RULES_NO_ID, screen_new_lane(screen, entry));
	or = &program->nodes[alternatives >> 1];
	screen->n_spare -= MIN(screen->n_spare, or->n - 1);
	for (uint32_t i = 0; i < or->n && r >= 0; i++) {
		struct rules_plan_entry way = {entry->rule, program->edges[or->first + i] ^ 1};
		uint32_t lane = screen_new_lane(screen, entry), n_way;
		const uint32_t *of_way = rules_plan_needs(program, &way, &n_way);

		/* rules_plan_needs gives the address of way.literal when that is all */
		r = screen_needs(screen, of_way, n_way, RULES_NO_ID, lane);
		if (r >= 0)
			r = screen_needs(screen, needs, n, alternatives, lane);
	}
	return r;
}

/* ---- steps that might be taken ------------------------------------------------------- */

static float screen_gain(const struct screen *screen, const struct screen_option *option)
{
	float gain = 0;

	for (uint32_t i = 0; i < screen->n_lanes; i++)
		gain += screen->alive[i] * (1 - option->survive[i]) * screen->worth[i];
	return gain;
}

/* What the step costs where it would come next. */
static float screen_cost(const struct screen *screen, const struct screen_option *option)
{
	float cost = option->cost;

	for (uint32_t i = 0; option->kind == RULES_SCREEN_PROBE && i < screen->n_lanes; i++)
		if (option->survive[i] < 1)
			cost += screen->alive[i] * SCREEN_NEW_COST;
	return cost;
}

static bool screen_has(const uint64_t *lanes, uint32_t lane)
{
	return lanes[lane / 64] >> (lane % 64) & 1;
}

static void screen_apply(const struct screen *screen, const struct rules_conjunct *conjunct,
			 struct screen_option *option)
{
	float truth = screen->plans->builder->node_truth[conjunct->node];

	for (uint32_t i = 0; i < screen->n_lanes; i++) {
		if (screen_has(conjunct->lanes[0], i))
			option->survive[i] *= truth;
		if (screen_has(conjunct->lanes[1], i))
			option->survive[i] *= 1 - truth;
	}
}

static struct screen_option *screen_option_new(struct screen *screen, uint32_t kind,
					       uint32_t conjunct)
{
	struct screen_option *option;

	if (GROW(screen->options, screen->n_options, screen->room_options) < 0)
		return NULL;
	option = &screen->options[screen->n_options++];
	option->kind = kind;
	option->conjunct = conjunct;
	for (uint32_t i = 0; i < screen->n_lanes; i++)
		option->survive[i] = 1;
	return option;
}

/* When there are too many the least of them goes. */
static void screen_option_keep(struct screen *screen, struct screen_option *option)
{
	struct screen_option *least = option;

	option->gain = screen_gain(screen, option);
	if (option->gain <= option->cost / 4) {
		screen->n_options--;
		return;
	}
	if (screen->n_options <= SCREEN_MAX_OPTIONS)
		return;
	for (uint32_t i = 0; i < screen->n_options; i++)
		if (screen->options[i].gain / screen->options[i].cost < least->gain / least->cost)
			least = &screen->options[i];
	*least = *option;
	screen->n_options--;
}

static int screen_node_option(struct screen *screen, uint32_t conjunct)
{
	const struct rules_builder *builder = screen->plans->builder;
	struct screen_option *option = screen_option_new(screen, RULES_SCREEN_NODE, conjunct);
	const struct rules_conjunct *c = &screen->plans->conjuncts[conjunct];

	if (!option)
		return -ENOMEM;
	option->cost = SCREEN_NODE_COST + builder->node_cost[c->node];
	screen_apply(screen, c, option);
	screen_option_keep(screen, option);
	return 0;
}

static const float class_costs[SCREEN_CLASSES] = {
	[SCREEN_ROW] = SCREEN_ROW_COST,
	[SCREEN_LOOKUP] = SCREEN_PROBE_COST,
	[SCREEN_SCAN] = SCREEN_PROBE_COST + SCREEN_SCAN_COST,
	[SCREEN_DEAR] = SCREEN_PROBE_COST + SCREEN_DEAR_COST,
};

/* All the conjuncts with the key of this one, which is the first of them. */
static int screen_probe_option(struct screen *screen, uint32_t conjunct, uint32_t key)
{
	struct rules_plans *plans = screen->plans;
	struct screen_option *option = screen_option_new(screen, RULES_SCREEN_PROBE, conjunct);

	if (!option)
		return -ENOMEM;
	option->key = key;
	option->cost =
		class_costs[key % SCREEN_CLASSES] + (float)rules_screen_key_term(screen, key)->cost;
	for (uint32_t i = conjunct; i < plans->n_conjuncts; i++)
		if (rules_screen_key(screen, i) == key)
			screen_apply(screen, &plans->conjuncts[i], option);
	screen_option_keep(screen, option);
	return 0;
}

/* A probe is dearer than one simple comparison. */
static bool screen_is_simple(const struct screen *screen, uint32_t conjunct, uint32_t key)
{
	const struct rules_plans *plans = screen->plans;
	float cost = plans->builder->node_cost[plans->conjuncts[conjunct].node];

	return cost - (float)rules_screen_key_term(screen, key)->cost <= SCREEN_PROBE_COST;
}

static int screen_options(struct screen *screen)
{
	struct rules_plans *plans = screen->plans;
	const struct rules_program *program = plans->builder->program;
	size_t n_keys = (size_t)MAX(program->n_terms, program->n_groups) * SCREEN_CLASSES;
	_cleanup_free_ uint32_t *n_of = calloc(n_keys + 1, sizeof(*n_of));
	int r = 0;

	if (!n_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < plans->n_conjuncts; i++) {
		uint32_t key = rules_screen_key(screen, i);

		if (key != RULES_NO_ID)
			n_of[key]++;
	}
	for (uint32_t i = 0; i < plans->n_conjuncts && r >= 0; i++) {
		uint32_t key = rules_screen_key(screen, i);

		if (key == RULES_NO_ID || (n_of[key] == 1 && key % SCREEN_CLASSES != SCREEN_ROW &&
					   screen_is_simple(screen, i, key))) {
			r = screen_node_option(screen, i);
		} else if (n_of[key]) {
			n_of[key] = 0; /* one probe is for all of them */
			r = screen_probe_option(screen, i, key);
		}
	}
	return r;
}

/* ---- steps ------------------------------------------------------------------------------ */

/* A number's or truth value's comparison with one constant, as the values from low to low + span.
 */
static bool screen_is_range(const struct rules_program *program, uint32_t node,
			    struct rules_screen_step *step)
{
	const struct rules_dag_node *n = &program->nodes[node];
	const struct rules_predicate *p = &program->predicates[n->first];
	uint64_t least, most, c;

	if (n->kind != RULES_DAG_PREDICATE || p->test != RULES_TEST_ONE)
		return false;
	if (p->class == RULES_CLASS_BOOL && p->op == RULES_OP_IN) {
		/* any value but 0 is true, whoever made it */
		step->low = p->constants->u64 ? 1 : 0;
		step->span = p->constants->u64 ? UINT64_MAX - 1 : 0;
		return true;
	}
	if (p->class != RULES_CLASS_SIGNED && p->class != RULES_CLASS_UNSIGNED)
		return false;
	least = p->class == RULES_CLASS_SIGNED ? (uint64_t)INT64_MIN : 0;
	most = p->class == RULES_CLASS_SIGNED ? (uint64_t)INT64_MAX : UINT64_MAX;
	c = p->constants->u64;
	if ((p->op == RULES_OP_LT && c == least) || (p->op == RULES_OP_GT && c == most))
		return false; /* none */
	switch ((enum rules_op)p->op) {
	case RULES_OP_IN:
		least = most = c;
		break;
	case RULES_OP_LT:
		most = c - 1;
		break;
	case RULES_OP_LE:
		most = c;
		break;
	case RULES_OP_GT:
		least = c + 1;
		break;
	case RULES_OP_GE:
		least = c;
		break;
	default:
		return false;
	}
	step->low = least;
	step->span = most - least;
	return true;
}

static int screen_step_node(struct screen *screen, const struct screen_option *option,
			    struct rules_screen_step *step)
{
	const struct rules_conjunct *c = &screen->plans->conjuncts[option->conjunct];
	struct rules_program *program = screen->plans->builder->program;
	int r;

	step->id = c->node;
	if (screen_is_range(program, c->node, step))
		step->kind = RULES_SCREEN_RANGE;
	step->lanes = program->n_lane_words;
	r = rules_screen_put_lanes(program, c->lanes[0], screen->n_words);
	return r < 0 ? r : rules_screen_put_lanes(program, c->lanes[1], screen->n_words);
}

static uint32_t screen_step_term(const struct screen *screen, const struct screen_option *option)
{
	const struct rules_program *program = screen->plans->builder->program;
	const struct rules_dag_node *node =
		&program->nodes[screen->plans->conjuncts[option->conjunct].node];

	if (option->kind == RULES_SCREEN_PROBE)
		return (uint32_t)(rules_screen_key_term(screen, option->key) - program->terms);
	return node->kind == RULES_DAG_PREDICATE ? program->predicates[node->first].term
						 : RULES_NO_ID;
}

static int screen_step(struct screen *screen, const struct screen_option *option)
{
	struct rules_program *program = screen->plans->builder->program;
	struct rules_screen_step step = {
		.kind = (uint16_t)option->kind,
		.term = screen_step_term(screen, option),
	};
	int r = option->kind == RULES_SCREEN_PROBE ? rules_screen_put_probe(screen, option, &step)
						   : screen_step_node(screen, option, &step);
	float cost = option->cost;

	if (r < 0)
		return r;
	if (step.term != RULES_NO_ID) {
		step.read = (uint16_t)MIN(program->terms[step.term].cost, 10000u);
		cost = MAX(cost - (float)step.read, 1);
	}
	step.cost = (uint16_t)MIN(cost, 10000.0F);
	if (GROW(program->screen_steps, program->n_screen_steps, program->room_screen_steps) < 0)
		return -ENOMEM;
	if (screen->n_words == 1) {
		step.word[0] = program->lane_words[step.lanes];
		if (step.kind == RULES_SCREEN_NODE || step.kind == RULES_SCREEN_RANGE)
			step.word[1] = program->lane_words[step.lanes + 1];
	}
	program->screen_steps[program->n_screen_steps++] = step;
	for (uint32_t i = 0; i < screen->n_lanes; i++)
		screen->alive[i] =
			MAX(screen->alive[i] * option->survive[i],
			    MIN(screen->alive[i], option->survive[i] < 1 ? SCREEN_DOUBT : 1));
	return 0;
}

/* Again and again what rules out most for its cost, until it costs more than it spares. */
static int screen_choose(struct screen *screen)
{
	for (;;) {
		struct screen_option *best = NULL;
		float best_ratio = 0.2F;
		int r;

		for (uint32_t i = 0; i < screen->n_options; i++) {
			struct screen_option *option = &screen->options[i];
			float ratio = screen_gain(screen, option) / screen_cost(screen, option);

			if (ratio > best_ratio) {
				best_ratio = ratio;
				best = option;
			}
		}
		if (!best)
			return 0;
		r = screen_step(screen, best);
		if (r < 0)
			return r;
		*best = screen->options[--screen->n_options];
	}
}

static int screen_build(struct screen *screen, const struct rules_plan_entry *entries, uint32_t n)
{
	/* a second word costs each step more than further lanes spare */
	uint32_t most = n <= 64 ? 64 : RULES_SCREEN_LANES;
	int r = 0;

	screen->n_spare = 63 - (n - 1) % 64;
	for (uint32_t i = 0; i < n && r >= 0; i++)
		r = screen_lanes(screen, &entries[i], most - screen->n_lanes - (n - i - 1));
	screen->n_words = (screen->n_lanes + 63) / 64;
	if (r >= 0)
		r = screen_options(screen);
	return r < 0 ? r : screen_choose(screen);
}

static int screen_put(struct screen *screen, struct rules_plan *plan)
{
	struct rules_program *program = screen->plans->builder->program;

	plan->n_lanes = screen->n_lanes;
	plan->n_words = screen->n_words;
	plan->all = UINT64_MAX >> (63 - (screen->n_lanes - 1) % 64);
	plan->n_steps = program->n_screen_steps - plan->first_step;
	for (uint32_t i = 0; i < screen->n_lanes; i++) {
		if (GROW(program->plan_entries, program->n_plan_entries,
			 program->room_plan_entries) < 0)
			return -ENOMEM;
		program->plan_entries[program->n_plan_entries++] = screen->lanes[i];
	}
	return 0;
}

int rules_plan_screen(struct rules_plans *plans, struct rules_plan *plan,
		      const struct rules_plan_entry *entries, uint32_t n)
{
	struct screen *screen;
	int r;

	plan->first_lane = plans->builder->program->n_plan_entries;
	plan->first_step = plans->builder->program->n_screen_steps;
	if (!n)
		return 0;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->plans = plans;
	r = screen_build(screen, entries, n);
	if (r >= 0)
		r = screen_put(screen, plan);
	screen_forget(plans);
	free(screen->options);
	free(screen);
	return r;
}
