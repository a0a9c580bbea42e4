/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laying one plan out: which entries hang below a group's predicates, which are
 * bundled behind a shared check, which stand alone.
 */
#include "plan.h"

/* A group is asked for a plan when this many of its entries hang below it. */
#define PLAN_MIN_DISPATCH 3
#define PLAN_MIN_DISPATCH_SCAN 8 /* contains: the whole value is read */

int rules_plans_init(struct rules_plans *plans)
{
	const struct rules_program *program = plans->builder->program;

	plans->guards[0] = calloc(program->n_nodes, sizeof(struct rules_guard));
	plans->guards[1] = calloc(program->n_nodes, sizeof(struct rules_guard));
	plans->group_count = calloc((size_t)program->n_groups + 1, sizeof(uint32_t));
	plans->predicate_count = calloc((size_t)program->n_predicates + 1, sizeof(uint32_t));
	plans->node_count = calloc(2 * (size_t)program->n_nodes, sizeof(uint32_t));
	plans->support = calloc(program->n_nodes, sizeof(uint32_t));
	plans->conjunct_of = calloc(program->n_nodes, sizeof(uint32_t));
	return plans->guards[0] && plans->guards[1] && plans->group_count &&
			       plans->predicate_count && plans->node_count && plans->support &&
			       plans->conjunct_of
		       ? 0
		       : -ENOMEM;
}

void rules_plans_fini(struct rules_plans *plans)
{
	free(plans->entries);
	free(plans->guards[0]);
	free(plans->guards[1]);
	free(plans->guard_predicates);
	free(plans->group_count);
	free(plans->predicate_count);
	free(plans->node_count);
	free(plans->touched);
	free(plans->support);
	free(plans->conjunct_of);
	free(plans->conjuncts);
}

/* ---- guards: one of these predicates must hold --------------------------- */

static int plan_guard_push(struct rules_plans *plans, struct rules_guard *guard, uint32_t predicate)
{
	if (GROW(plans->guard_predicates, plans->n_guard_predicates, plans->room_guard_predicates) <
	    0)
		return -ENOMEM;
	plans->guard_predicates[plans->n_guard_predicates++] = predicate;
	guard->n++;
	return 0;
}

static int plan_guard(struct rules_plans *plans, uint32_t literal, const struct rules_guard **ret);

/* A conjunction: the best guard among its parts. */
static int plan_guard_and(struct rules_plans *plans, const struct rules_dag_node *node,
			  struct rules_guard *guard)
{
	const struct rules_program *program = plans->builder->program;

	for (uint32_t i = 0; i < node->n; i++) {
		const struct rules_guard *part;
		int r = plan_guard(plans, program->edges[node->first + i], &part);

		if (r < 0)
			return r;
		if (part->n && (!guard->n || part->truth < guard->truth))
			*guard = *part;
	}
	return 0;
}

/* A disjunction: the guards of all its parts together, if all have one. */
static int plan_guard_or(struct rules_plans *plans, const struct rules_dag_node *node,
			 struct rules_guard *guard)
{
	const struct rules_program *program = plans->builder->program;
	struct rules_guard all = {.truth = 0};
	uint32_t ids[RULES_PLAN_MAX_GUARDS];

	for (uint32_t i = 0; i < node->n; i++) {
		const struct rules_guard *part;
		int r = plan_guard(plans, program->edges[node->first + i] ^ 1, &part);

		if (r < 0)
			return r;
		if (!part->n || all.n + part->n > RULES_PLAN_MAX_GUARDS)
			return 0;
		memcpy(ids + all.n, plans->guard_predicates + part->first, part->n * sizeof(*ids));
		all.n += part->n;
		all.truth += part->truth;
	}
	guard->truth = all.truth;
	guard->first = plans->n_guard_predicates;
	for (uint32_t i = 0; i < all.n; i++) {
		int r = plan_guard_push(plans, guard, ids[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_guard(struct rules_plans *plans, uint32_t literal, const struct rules_guard **ret)
{
	const struct rules_program *program = plans->builder->program;
	const struct rules_dag_node *node = &program->nodes[literal >> 1];
	struct rules_guard *guard = &plans->guards[literal & 1][literal >> 1];
	int r = 0;

	*ret = guard;
	if (guard->known)
		return 0;
	if (node->kind == RULES_DAG_PREDICATE && !(literal & 1)) {
		const struct rules_predicate *p = &program->predicates[node->first];

		if (p->test == RULES_TEST_MEMBER || p->test == RULES_TEST_STAMP) {
			guard->truth = p->truth;
			guard->first = plans->n_guard_predicates;
			r = plan_guard_push(plans, guard, node->first);
		}
	} else if (node->kind == RULES_DAG_AND) {
		r = literal & 1 ? plan_guard_or(plans, node, guard)
				: plan_guard_and(plans, node, guard);
	}
	guard->known = true;
	return r;
}

/* ---- dispatches ---------------------------------------------------------- */

static bool plan_group_is_worth_it(const struct rules_plans *plans, uint32_t group)
{
	const struct rules_group *g = &plans->builder->program->groups[group];
	uint32_t least = g->kind == RULES_GROUP_CONTAINS || g->kind == RULES_GROUP_ICONTAINS
				 ? PLAN_MIN_DISPATCH_SCAN
				 : PLAN_MIN_DISPATCH;

	return plans->group_count[group] >= least;
}

/* Whether all groups of the guard are asked anyway. */
static bool plan_guard_is_used(const struct rules_plans *plans, const struct rules_guard *guard)
{
	const struct rules_program *program = plans->builder->program;

	for (uint32_t i = 0; i < guard->n; i++) {
		uint32_t predicate = plans->guard_predicates[guard->first + i];

		if (!plan_group_is_worth_it(plans, program->predicates[predicate].group))
			return false;
	}
	return guard->n > 0;
}

static int plan_count_groups(struct rules_plans *plans, const struct rules_plan_entry *entries,
			     uint32_t n)
{
	const struct rules_program *program = plans->builder->program;

	memset(plans->group_count, 0, program->n_groups * sizeof(*plans->group_count));
	for (uint32_t i = 0; i < n; i++) {
		const struct rules_guard *guard;
		int r = plan_guard(plans, entries[i].literal, &guard);

		if (r < 0)
			return r;
		for (uint32_t k = 0; k < guard->n; k++) {
			uint32_t p = plans->guard_predicates[guard->first + k];

			plans->group_count[program->predicates[p].group]++;
		}
	}
	return 0;
}

/*
 * Dispatches of one term follow each other and share the first one's probe: what a
 * value leads to is then looked up once. first: dispatch of this plan.
 */
static int plan_dispatch_probe(struct rules_plans *plans, uint32_t first,
			       struct rules_plan_dispatch *dispatch)
{
	struct rules_program *program = plans->builder->program;
	uint32_t term = program->groups[dispatch->group].term;
	int r;

	for (uint32_t i = first; i < program->n_plan_dispatches; i++) {
		struct rules_plan_dispatch *other = &program->plan_dispatches[i];

		if (other->n_same && program->groups[other->group].term == term) {
			other->n_same++;
			dispatch->probe = other->probe;
			return 0;
		}
	}
	r = rules_plan_probe(plans, term, &dispatch->probe);
	dispatch->n_same = dispatch->probe != RULES_NO_ID;
	return r;
}

/* Appends to the program's entries those of `group`, ordered by predicate. */
static int plan_dispatch(struct rules_plans *plans, const struct rules_plan_entry *entries,
			 uint32_t n, uint32_t group, uint32_t first)
{
	struct rules_program *program = plans->builder->program;
	uint32_t n_predicates = program->groups[group].n_predicates;
	struct rules_plan_dispatch dispatch = {.group = group, .first = program->n_plan_slots};
	uint32_t *slots, n_entries = 0;
	int r;

	for (uint32_t i = 0; i <= n_predicates; i++) {
		if (GROW(program->plan_slots, program->n_plan_slots, program->room_plan_slots) < 0)
			return -ENOMEM;
		program->plan_slots[program->n_plan_slots++] = 0;
	}
	slots = program->plan_slots + dispatch.first;
	/* twice: counting, then filling from the end of each predicate's part */
	for (int fill = 0; fill < 2; fill++) {
		for (uint32_t i = 0; i < n; i++) {
			const struct rules_guard *guard =
				&plans->guards[entries[i].literal & 1][entries[i].literal >> 1];

			if (!plan_guard_is_used(plans, guard))
				continue;
			for (uint32_t k = 0; k < guard->n; k++) {
				uint32_t id = plans->guard_predicates[guard->first + k];
				const struct rules_predicate *p = &program->predicates[id];

				if (p->group != group)
					continue;
				if (!fill) {
					slots[p->local]++;
					n_entries++;
				} else {
					program->plan_entries[--slots[p->local]] = entries[i];
				}
			}
		}
		if (fill)
			break;
		for (uint32_t i = 0, at = program->n_plan_entries; i <= n_predicates; i++) {
			at += slots[i];
			slots[i] = at;
		}
		while (program->n_plan_entries < slots[n_predicates])
			if (GROW(program->plan_entries, program->n_plan_entries++,
				 program->room_plan_entries) < 0)
				return -ENOMEM;
		if (!n_entries) {
			program->n_plan_slots = dispatch.first;
			return 0;
		}
	}
	r = plan_dispatch_probe(plans, first, &dispatch);
	if (r < 0)
		return r;
	if (GROW(program->plan_dispatches, program->n_plan_dispatches,
		 program->room_plan_dispatches) < 0)
		return -ENOMEM;
	program->plan_dispatches[program->n_plan_dispatches++] = dispatch;
	return 0;
}

/* ---- buckets ------------------------------------------------------------- */

static int plan_count_needed(struct rules_plans *plans, uint32_t literal)
{
	if (!plans->node_count[literal]++) {
		if (GROW(plans->touched, plans->n_touched, plans->room_touched) < 0)
			return -ENOMEM;
		plans->touched[plans->n_touched++] = literal;
	}
	return 0;
}

const uint32_t *rules_plan_needs(const struct rules_program *program,
				 const struct rules_plan_entry *entry, uint32_t *ret_n)
{
	const struct rules_dag_node *node = &program->nodes[entry->literal >> 1];

	if (entry->literal & 1 || node->kind != RULES_DAG_AND) {
		*ret_n = 1;
		return &entry->literal;
	}
	*ret_n = node->n;
	return program->edges + node->first;
}

/* The literal that spares most evaluations: needed by many, seldom true. */
static uint32_t plan_best_guard(const struct rules_plans *plans)
{
	const struct rules_builder *b = plans->builder;
	uint32_t best = RULES_LITERAL_TRUE;
	float best_gain = 0;

	for (uint32_t i = 0; i < plans->n_touched; i++) {
		uint32_t literal = plans->touched[i];
		float truth = b->node_truth[literal >> 1], gain;

		if (literal & 1)
			truth = 1 - truth;
		gain = (float)(plans->node_count[literal] - 1) * (1 - truth) /
		       (10 + b->node_cost[literal >> 1]);
		if (plans->node_count[literal] > 1 && gain > best_gain) {
			best = literal;
			best_gain = gain;
		}
	}
	return best;
}

static int plan_add_bucket(struct rules_program *program, uint32_t guard, uint32_t first)
{
	struct rules_plan_bucket bucket = {guard, first, program->n_plan_entries - first};

	if (!bucket.n)
		return 0;
	if (GROW(program->plan_buckets, program->n_plan_buckets, program->room_plan_buckets) < 0)
		return -ENOMEM;
	program->plan_buckets[program->n_plan_buckets++] = bucket;
	return 0;
}

/* Moves the entries that need `guard` behind it; returns how many are left. */
static int plan_bucket(struct rules_plans *plans, struct rules_plan_entry *left, uint32_t *n,
		       uint32_t guard)
{
	struct rules_program *program = plans->builder->program;
	uint32_t first = program->n_plan_entries, kept = 0;

	for (uint32_t i = 0; i < *n; i++) {
		uint32_t n_needs;
		const uint32_t *needs = rules_plan_needs(program, &left[i], &n_needs);
		bool member = guard == RULES_LITERAL_TRUE;

		for (uint32_t k = 0; k < n_needs && !member; k++)
			member = needs[k] == guard;
		if (!member) {
			left[kept++] = left[i];
			continue;
		}
		for (uint32_t k = 0; k < n_needs; k++)
			if (plans->node_count[needs[k]])
				plans->node_count[needs[k]]--;
		if (GROW(program->plan_entries, program->n_plan_entries,
			 program->room_plan_entries) < 0)
			return -ENOMEM;
		program->plan_entries[program->n_plan_entries++] = left[i];
	}
	*n = kept;
	return plan_add_bucket(program, guard, first);
}

/* How many shared checks are looked for; each costs a pass over what is left. */
#define PLAN_MAX_BUCKETS 32

static int plan_buckets(struct rules_plans *plans, struct rules_plan_entry *left, uint32_t n)
{
	struct rules_program *program = plans->builder->program;
	int r = 0;

	for (uint32_t i = 0; i < n && r >= 0; i++) {
		uint32_t n_needs;
		const uint32_t *needs = rules_plan_needs(program, &left[i], &n_needs);

		for (uint32_t k = 0; k < n_needs && r >= 0; k++)
			r = plan_count_needed(plans, needs[k]);
	}
	for (int i = 0; i < PLAN_MAX_BUCKETS && n && r >= 0; i++) {
		uint32_t guard = plan_best_guard(plans);

		if (guard == RULES_LITERAL_TRUE)
			break;
		r = plan_bucket(plans, left, &n, guard);
	}
	if (n && r >= 0)
		r = plan_bucket(plans, left, &n, RULES_LITERAL_TRUE);
	for (uint32_t i = 0; i < plans->n_touched; i++)
		plans->node_count[plans->touched[i]] = 0;
	plans->n_touched = 0;
	return r;
}

/* Few enough to look at all of them at once: no dispatch does better. */
#define PLAN_MAX_SCREENED 64

/* Those that hang below a group go there; the others are left in `left`. */
static int plan_dispatches(struct rules_plans *plans, const struct rules_plan_entry *entries,
			   uint32_t n, struct rules_plan_entry *left, uint32_t *ret_left)
{
	const struct rules_program *program = plans->builder->program;
	uint32_t first = program->n_plan_dispatches, kept = 0;
	int r = plan_count_groups(plans, entries, n);

	/* by term: its groups one behind the other */
	for (uint32_t g = 0; r >= 0 && g < program->n_groups; g++) {
		uint32_t term = program->groups[g].term;
		bool seen = false;

		for (uint32_t k = 0; k < g && !seen; k++)
			seen = program->groups[k].term == term;
		for (uint32_t k = g; r >= 0 && !seen && k < program->n_groups; k++)
			if (program->groups[k].term == term && plan_group_is_worth_it(plans, k))
				r = plan_dispatch(plans, entries, n, k, first);
	}
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n; i++)
		if (!plan_guard_is_used(
			    plans, &plans->guards[entries[i].literal & 1][entries[i].literal >> 1]))
			left[kept++] = entries[i];
	*ret_left = kept;
	return 0;
}

int rules_plan_layout(struct rules_plans *plans, const struct rules_plan_entry *entries, uint32_t n)
{
	struct rules_program *program = plans->builder->program;
	struct rules_plan plan = {
		.first_bucket = program->n_plan_buckets,
		.first_dispatch = program->n_plan_dispatches,
	};
	_cleanup_free_ struct rules_plan_entry *left = util_reallocarray(NULL, n, sizeof(*left));
	uint32_t n_left = n, n_lanes;
	int r = 0;

	if (!left)
		return -ENOMEM;
	if (n > PLAN_MAX_SCREENED)
		r = plan_dispatches(plans, entries, n, left, &n_left);
	else
		memcpy(left, entries, n * sizeof(*left));
	if (r < 0)
		return r;
	n_lanes = MIN(n_left, RULES_SCREEN_LANES);
	r = rules_plan_screen(plans, &plan, left, n_lanes);
	if (r >= 0)
		r = plan_buckets(plans, left + n_lanes, n_left - n_lanes);
	if (r < 0)
		return r;
	plan.n_buckets = program->n_plan_buckets - plan.first_bucket;
	plan.n_dispatches = program->n_plan_dispatches - plan.first_dispatch;
	if (GROW(program->plans, program->n_plans, program->room_plans) < 0)
		return -ENOMEM;
	program->plans[program->n_plans++] = plan;
	return 0;
}
