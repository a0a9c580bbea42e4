/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation: walks a plan's entries, each node at most once a record. Never
 * allocates; recursion is bounded by RULES_DAG_MAX_DEPTH.
 */
#include "eval.h"

static int eval_terms_init(struct rules_machine *machine)
{
	const struct rules_program *program = machine->program;
	size_t size = ((size_t)program->n_terms + 1) * sizeof(*machine->terms);
	void *terms;

	if (posix_memalign(&terms, sizeof(*machine->terms), size) != 0)
		return -ENOMEM;
	machine->terms = terms;
	memset(terms, 0, size);
	for (uint32_t i = 0; i < program->n_terms; i++) {
		const struct rules_term *term = &program->terms[i];
		struct rules_term_memo *memo = &machine->terms[i];

		for (unsigned int type = 0; type < 32; type++)
			memo->fits |= (uint32_t)rules_type_fits(term->class, type) << type;
		if (term->kind == RULES_TERM_FIELD) {
			memo->extract = term->ref->extract;
			memo->ref = term->ref;
		}
	}
	return 0;
}

int rules_machine_init(struct rules_machine *machine, const struct rules_program *program)
{
	memset(machine, 0, sizeof(*machine));
	machine->program = program;
	machine->code = program->catalogue->code;
	machine->plan_of_code = program->plan_of_code;
	machine->n_codes = program->n_codes;
	machine->nodes = calloc(program->n_nodes, sizeof(*machine->nodes));
	machine->groups = calloc((size_t)program->n_groups + 1, sizeof(*machine->groups));
	machine->hits = calloc((size_t)program->n_hits + 1, sizeof(*machine->hits));
	machine->rules = calloc((size_t)program->n_rules + 1, sizeof(*machine->rules));
	machine->matched = calloc((size_t)program->n_rules + 1, sizeof(*machine->matched));
	if (program->needs_scratch) {
		machine->scratch.size = RULES_SCRATCH_SIZE;
		machine->scratch.data = malloc(RULES_SCRATCH_SIZE);
	}
	if (machine->nodes && eval_terms_init(machine) == 0 && machine->groups && machine->hits &&
	    machine->rules && machine->matched && rules_facts_init(machine) == 0 &&
	    rules_orders_init(machine) == 0 && (!program->needs_scratch || machine->scratch.data))
		return 0;
	rules_machine_fini(machine);
	return -ENOMEM;
}

void rules_machine_fini(struct rules_machine *machine)
{
	free(machine->nodes);
	free(machine->terms);
	free(machine->groups);
	free(machine->hits);
	free(machine->rules);
	free(machine->matched);
	free(machine->facts);
	rules_orders_fini(machine);
	free(machine->scratch.data);
	memset(machine, 0, sizeof(*machine));
}

void rules_machine_wrap(struct rules_machine *machine)
{
	const struct rules_program *program = machine->program;

	memset(machine->nodes, 0, program->n_nodes * sizeof(*machine->nodes));
	for (uint32_t i = 0; i < program->n_terms; i++)
		machine->terms[i].generation = 0;
	memset(machine->groups, 0, program->n_groups * sizeof(*machine->groups));
	memset(machine->rules, 0, program->n_rules * sizeof(*machine->rules));
	machine->generation = 0;
}

/* ---- terms --------------------------------------------------------------- */

static void eval_composite(struct rules_machine *machine, const struct rules_term *term,
			   struct saker_values *out)
{
	const struct saker_values *few[8];
	const struct saker_values **args = few;

	if (term->n_args > ARRAY_SIZE(few)) {
		args = rules_scratch_alloc(&machine->scratch, term->n_args * sizeof(*args));
		if (!args) {
			saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
			return;
		}
	}
	for (uint32_t i = 0; i < term->n_args; i++)
		args[i] = rules_machine_term(machine, term->args[i]);
	rules_transform_run(machine->program, term, args, &machine->scratch, out);
}

static __attribute__((noinline)) const struct saker_values *
eval_other_term(struct rules_machine *machine, uint32_t id)
{
	const struct rules_term *term = &machine->program->terms[id];
	struct saker_values *out = &machine->terms[id].values;

	if (term->kind == RULES_TERM_CONSTANT)
		saker_values_set(out, saker_value_str(term->text, term->len));
	else
		eval_composite(machine, term, out);
	return out;
}

static inline bool eval_fits(const struct rules_term_memo *memo, const struct saker_value *value)
{
	return likely(value->type < 32) && memo->fits >> value->type & 1;
}

/* What is of another kind than the field can't be compared. */
static __attribute__((noinline)) const struct saker_values *
eval_check_kinds(struct rules_term_memo *memo)
{
	for (uint32_t i = 0; i < memo->values.n; i++)
		if (unlikely(!eval_fits(memo, &memo->values.v[i])))
			saker_values_absent(&memo->values, SAKER_ABSENT_NOT_APPLICABLE);
	return &memo->values;
}

const struct saker_values *rules_machine_compute(struct rules_machine *machine,
						 struct rules_term_memo *memo)
{
	struct saker_values *out = &memo->values;

	memo->generation = machine->generation;
	if (unlikely(!memo->extract))
		return eval_other_term(machine, (uint32_t)(memo - machine->terms));
	machine->extracted++;
	/* an extractor that sets nothing yields nothing */
	out->v = NULL;
	out->n = 0;
	out->absent = SAKER_ABSENT_NOT_APPLICABLE;
	memo->extract(machine->record, memo->ref, out);
	/* the usual ones without a call */
	if (likely(out->n == 1 && eval_fits(memo, out->v)) || !out->n)
		return out;
	return eval_check_kinds(memo);
}

/* ---- nodes --------------------------------------------------------------- */

/* One value against one constant; the usual kinds without a call. */
static inline bool eval_one(struct rules_machine *machine, const struct rules_predicate *p)
{
	const struct saker_values *values = rules_machine_term(machine, p->term);
	const struct rules_constant *c = p->constants;

	if (!values->n)
		return false;
	if (p->op == RULES_OP_IN) {
		if (p->class == RULES_CLASS_TEXT)
			return values->v->len == c->len &&
			       (!c->len || memcmp(values->v->str, c->str, c->len) == 0);
		if (p->class == RULES_CLASS_SIGNED || p->class == RULES_CLASS_UNSIGNED)
			return values->v->u64 == c->u64;
		if (p->class == RULES_CLASS_BOOL)
			return !values->v->u64 == !c->u64;
	} else if (p->op == RULES_OP_GE && p->class == RULES_CLASS_SIGNED) {
		return values->v->i64 >= c->i64;
	}
	return rules_type_compare(p->class, (enum rules_op)p->op, values->v, c);
}

static inline bool eval_member(struct rules_machine *machine, const struct rules_predicate *p)
{
	struct rules_group_memo *group = &machine->groups[p->group];

	if (group->generation != machine->generation)
		rules_group_run(machine, p->group);
	return group->row && rules_rows_has(rules_group_rows(&machine->program->groups[p->group]),
					    group->row, p->local);
}

static __attribute__((noinline)) bool eval_other(struct rules_machine *machine,
						 const struct rules_predicate *p)
{
	const struct saker_values *values;
	uint32_t memo;

	if (p->test == RULES_TEST_EXISTS) {
		values = rules_machine_term(machine, p->term);
		return values->n || (!values->absent && machine->program->terms[p->term].list);
	}
	if (p->test != RULES_TEST_STAMP)
		return rules_predicate_eval(machine, p);
	if (machine->groups[p->group].generation == machine->generation)
		return false; /* or it were stamped */
	rules_group_run(machine, p->group);
	memo = machine->nodes[p->node];
	return memo >> 1 == machine->generation && memo & 1;
}

static bool eval_and(struct rules_machine *machine, const struct rules_dag_node *node)
{
	const uint32_t *literal = machine->program->edges + node->first;
	const uint32_t *end = literal + node->n;

	for (; literal < end; literal++)
		if (!rules_machine_literal(machine, *literal))
			return false;
	return true;
}

bool rules_machine_node(struct rules_machine *machine, uint32_t id)
{
	const struct rules_dag_node *node = &machine->program->nodes[id];
	const struct rules_predicate *p;
	bool truth;

	if (node->kind == RULES_DAG_PREDICATE) {
		p = &machine->program->predicates[node->first];
		machine->evaluated++;
		if (p->test == RULES_TEST_ONE)
			truth = eval_one(machine, p);
		else if (p->test == RULES_TEST_MEMBER)
			truth = eval_member(machine, p);
		else
			truth = eval_other(machine, p);
	} else {
		/* node 0 is the constant false */
		truth = node->kind == RULES_DAG_AND && eval_and(machine, node);
	}
	machine->nodes[id] = machine->generation << 1 | truth;
	return truth;
}

/* ---- plans --------------------------------------------------------------- */

struct eval_run {
	struct rules_machine *machine;
	uint32_t n;
	uint32_t best; /* with first: only rules before it can still win */
	bool first;
};

static inline void eval_entries(struct eval_run *run, uint32_t from, uint32_t to)
{
	struct rules_machine *machine = run->machine;
	const struct rules_plan_entry *entry = machine->program->plan_entries + from;
	const struct rules_plan_entry *end = machine->program->plan_entries + to;

	for (; entry < end; entry++) {
		if (entry->rule >= run->best || !rules_machine_literal(machine, entry->literal))
			continue;
		if (machine->rules[entry->rule] == machine->generation)
			continue;
		machine->rules[entry->rule] = machine->generation;
		if (run->first) {
			run->best = entry->rule;
			run->n = 0;
		}
		machine->matched[run->n++] = entry->rule;
	}
}

static void eval_dispatch(struct eval_run *run, const struct rules_plan_dispatch *dispatch)
{
	struct rules_machine *machine = run->machine;
	const struct rules_program *program = machine->program;
	const struct rules_group *group = &program->groups[dispatch->group];
	struct rules_group_memo *memo = &machine->groups[dispatch->group];
	const uint32_t *slots = program->plan_slots + dispatch->first;
	const uint32_t *locals;
	uint32_t n;

	if (memo->generation != machine->generation)
		rules_group_run(machine, dispatch->group);
	if (group->stamps) {
		locals = machine->hits + group->first_hit;
		n = memo->n_hits;
	} else {
		if (!memo->row)
			return;
		locals = rules_rows_get(rules_group_rows(group), memo->row, &n);
	}
	for (uint32_t i = 0; i < n; i++)
		if (slots[locals[i]] != slots[locals[i] + 1])
			eval_entries(run, slots[locals[i]], slots[locals[i] + 1]);
}

/* Those of one term together, by what is known of its value; or one. How many it was. */
static uint32_t eval_dispatches(struct eval_run *run, const struct rules_plan_dispatch *dispatch)
{
	const uint32_t *slots = run->machine->program->plan_slots, *hits = NULL;
	uint32_t n;

	if (dispatch->n_same && likely(!run->machine->plain))
		hits = rules_dispatch_hits(run->machine, dispatch, &n);
	if (!hits) {
		eval_dispatch(run, dispatch);
		return 1;
	}
	for (uint32_t i = 0; i < n; i++)
		eval_entries(run, slots[hits[i]], slots[hits[i] + 1]);
	return dispatch->n_same;
}

static void eval_lanes(struct eval_run *run, const struct rules_plan *plan, const uint64_t *alive)
{
	for (uint32_t w = 0; w < plan->n_words; w++) {
		for (uint64_t left = alive[w]; left; left &= left - 1) {
			uint32_t lane = plan->first_lane + w * 64 + (uint32_t)__builtin_ctzll(left);

			eval_entries(run, lane, lane + 1);
		}
	}
}

static void eval_sort(uint32_t *v, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		uint32_t x = v[i], k = i;

		for (; k && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

static int eval_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The lanes that may match; false = none. */
static inline bool eval_screen(struct rules_machine *machine, uint32_t id,
			       const struct rules_plan *plan, uint64_t *ret_alive)
{
	if (unlikely(machine->plain)) {
		rules_screen_all(plan, ret_alive);
		return true;
	}
	if (unlikely(plan->n_words > 1))
		return rules_screen_run(machine, id, ret_alive);
	*ret_alive = rules_screen_word(machine, id);
	return *ret_alive;
}

uint32_t rules_machine_run(struct rules_machine *machine, uint32_t id, bool first)
{
	const struct rules_program *program = machine->program;
	const struct rules_plan *plan = &program->plans[id];
	struct eval_run run;
	uint64_t alive[RULES_SCREEN_WORDS];
	bool any = plan->n_lanes && eval_screen(machine, id, plan, alive);

	/* nearly always */
	if (likely(!any && !plan->n_dispatches && !plan->n_buckets))
		return 0;
	run = (struct eval_run){.machine = machine, .best = UINT32_MAX, .first = first};
	if (any)
		eval_lanes(&run, plan, alive);
	for (uint32_t i = 0; i < plan->n_dispatches;)
		i += eval_dispatches(&run, &program->plan_dispatches[plan->first_dispatch + i]);
	for (uint32_t i = 0; i < plan->n_buckets; i++) {
		const struct rules_plan_bucket *b = &program->plan_buckets[plan->first_bucket + i];

		if (b->guard == RULES_LITERAL_TRUE || rules_machine_literal(machine, b->guard))
			eval_entries(&run, b->first, b->first + b->n);
	}
	if (run.n > 32)
		qsort(machine->matched, run.n, sizeof(*machine->matched), eval_compare);
	else if (run.n > 1)
		eval_sort(machine->matched, run.n);
	return run.n;
}
