/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a plan's screen over a record, and the facts that machines keep by
 * value. Apart from evaluation because none of it decides anything: whatever is
 * left is evaluated in full.
 */
#include "eval.h"

/* ---- facts --------------------------------------------------------------------- */

int rules_facts_init(struct rules_machine *machine)
{
	const struct rules_program *program = machine->program;
	uint32_t words = program->n_plan_dispatches ? 2 : 1, size;

	if (!program->n_probes)
		return 0;
	for (uint32_t i = 0; i < program->n_plans; i++)
		words = MAX(words, program->plans[i].n_words);
	size = (uint32_t)sizeof(struct rules_fact) + 2 * words * (uint32_t)sizeof(uint64_t);
	machine->fact_words = words;
	/* whole cache lines */
	machine->fact_size = (size + RULES_FACT_KEY + 63) / 64 * 64;
	machine->fact_key = machine->fact_size - size;
	if (posix_memalign(&machine->facts, 64, (size_t)RULES_FACTS * machine->fact_size) != 0) {
		machine->facts = NULL;
		return -ENOMEM;
	}
	memset(machine->facts, 0, (size_t)RULES_FACTS * machine->fact_size);
	return 0;
}

struct fact_key {
	uint64_t hash;
	const char *text;
	uint32_t probe;
	uint16_t len;
};

/* False: facts about this value are not kept. */
static inline bool fact_key_of(const struct rules_machine *machine,
			       const struct saker_values *values, uint32_t probe,
			       struct fact_key *key)
{
	uint64_t salt = (probe + 1) * UINT64_C(0x9e3779b97f4a7c15);

	key->probe = probe + 1;
	if (likely(values->n == 1 && values->v->len <= machine->fact_key)) {
		key->text = values->v->str;
		key->len = (uint16_t)values->v->len;
		key->hash = rules_set_hash(key->text, key->len) ^ salt;
		return true;
	}
	key->text = NULL;
	key->len = RULES_FACT_ABSENT;
	key->hash = salt;
	return !values->n;
}

/* The fact, or where it would be. */
static inline struct rules_fact *fact_place(struct rules_machine *machine,
					    const struct fact_key *key)
{
	/* the salt is in the high bits, too */
	uint32_t i = (uint32_t)(key->hash ^ key->hash >> 32) & (RULES_FACTS - 1);

	return (struct rules_fact *)((char *)machine->facts + (size_t)i * machine->fact_size);
}

static inline char *fact_text(const struct rules_machine *machine, struct rules_fact *fact)
{
	return (char *)&fact->words[2 * machine->fact_words];
}

static inline bool fact_is(const struct rules_machine *machine, struct rules_fact *fact,
			   const struct fact_key *key)
{
	return fact->hash == key->hash && fact->probe == key->probe && fact->len == key->len &&
	       (!key->len || !key->text ||
		rules_set_same(fact_text(machine, fact), key->text, key->len));
}

static void fact_put(const struct rules_machine *machine, struct rules_fact *fact,
		     const struct fact_key *key)
{
	fact->hash = key->hash;
	fact->probe = key->probe;
	fact->len = key->len;
	if (key->len && key->text)
		memcpy(fact_text(machine, fact), key->text, key->len);
}

/* ---- probes -------------------------------------------------------------------- */

struct probe_scan {
	const uint64_t *rows;
	uint32_t n_words;
	uint64_t content[RULES_SCREEN_WORDS];
	uint64_t against[RULES_SCREEN_WORDS];
	uint64_t either[RULES_SCREEN_WORDS]; /* of all groups */
};

static inline __attribute__((always_inline)) void probe_hit(void *context, uint32_t row)
{
	struct probe_scan *scan = context;
	uint32_t n = scan->n_words;
	const uint64_t *of_row = scan->rows + (size_t)row * RULES_PROBE_ROW * n;

	for (uint32_t i = 0; i < n; i++) {
		scan->content[i] |= of_row[i];
		scan->against[i] |= of_row[n + i];
		scan->either[i] |= of_row[2 * n + i];
	}
}

/* Whether a needle may be in the text that one of these lanes has to do with. */
static bool probe_may_hold(const struct rules_program *program, const struct rules_probe_group *g,
			   const struct saker_value *value, uint32_t n_words, const uint64_t *lanes)
{
	const uint64_t *of_pair = program->lane_words + g->pairs;
	const struct rules_probe_pair *pairs = program->probe_pairs + g->first_pair;

	for (uint32_t k = 0; k < g->n_pairs; k++, of_pair += n_words) {
		uint64_t any = 0;

		for (uint32_t i = 0; i < n_words; i++)
			any |= of_pair[i] & lanes[i];
		if (any && rules_find_pairs(value->str, value->len, &pairs[k].bytes, 1))
			return true;
	}
	return false;
}

/* A group that may find several rows in a text. */
static inline __attribute__((always_inline)) void
probe_rows(const struct rules_program *program, const struct rules_probe_group *g,
	   const struct saker_value *value, struct probe_scan *scan, uint64_t *lanes)
{
	const struct rules_group *group = &program->groups[g->group];
	const uint64_t *need = program->lane_words + g->need;

	for (uint32_t i = 0; i < scan->n_words; i++)
		scan->content[i] = scan->against[i] = 0;
	if (value && (scan->n_words == 1 || !g->n_pairs || value->len < RULES_FIND_PAIRS_LEN ||
		      probe_may_hold(program, g, value, scan->n_words, lanes)))
		rules_ac_scan(&group->ac, value->str, value->len, probe_hit, scan);
	for (uint32_t i = 0; i < scan->n_words; i++)
		lanes[i] &= ~(need[i] & ~scan->content[i]) & ~scan->against[i];
}

/* Clears the lanes that need something of the group that is not so. */
static inline __attribute__((always_inline)) void
probe_group(const struct rules_program *program, const struct rules_probe_group *g,
	    const struct saker_value *value, struct probe_scan *scan, uint64_t *lanes)
{
	const struct rules_group *group = &program->groups[g->group];
	const uint64_t *concerns = program->lane_words + g->concerns;
	uint32_t row = RULES_ROW_NONE; /* no value: nothing holds */
	uint64_t any = 0;

	for (uint32_t i = 0; i < scan->n_words; i++)
		any |= concerns[i] & lanes[i];
	if (!any)
		return;
	scan->rows = program->lane_words + g->rows;
	if (group->stamps) {
		probe_rows(program, g, value, scan, lanes);
		return;
	}
	if (value)
		row = group->kind == RULES_GROUP_SET
			      ? rules_set_lookup(&group->set, value->str, value->len)
			      : rules_ac_row(&group->ac, value->str, value->len);
	scan->rows += (size_t)row * RULES_PROBE_ROW * scan->n_words;
	for (uint32_t i = 0; i < scan->n_words; i++) {
		lanes[i] &= scan->rows[i];
		scan->either[i] |= scan->rows[2 * scan->n_words + i];
	}
}

/* The groups' part of a probe. */
static inline __attribute__((always_inline)) void probe_groups(const struct rules_machine *machine,
							       const struct rules_probe *probe,
							       const struct saker_value *value,
							       uint32_t n_words, uint64_t *lanes)
{
	const struct rules_program *program = machine->program;
	const struct rules_probe_group *group = program->probe_groups + probe->first_group;
	const uint64_t *either = program->lane_words + probe->either;
	struct probe_scan scan;

	scan.n_words = n_words;
	for (uint32_t i = 0; i < n_words; i++)
		scan.either[i] = ~either[i];
	for (uint32_t i = 0; i < probe->n_groups; i++)
		probe_group(program, group + i, value, &scan, lanes);
	for (uint32_t i = 0; i < n_words; i++)
		lanes[i] &= scan.either[i];
}

static void probe_checks(struct rules_machine *machine, const struct rules_probe *probe,
			 uint32_t n_words, uint64_t *lanes)
{
	const struct rules_program *program = machine->program;
	const struct rules_probe_check *check = program->probe_checks + probe->first;
	const struct rules_probe_check *end = check + probe->n;

	for (; check < end; check++) {
		const uint64_t *of_check = program->lane_words + check->lanes;
		uint64_t any = 0;

		for (uint32_t i = 0; i < n_words; i++)
			any |= of_check[i] & lanes[i];
		if (!any || rules_machine_literal(machine, check->literal))
			continue;
		for (uint32_t i = 0; i < n_words; i++)
			lanes[i] &= ~of_check[i];
	}
}

/* Clears those of `lanes` that the current record's value rules out. */
static inline __attribute__((always_inline)) void probe_run(struct rules_machine *machine,
							    const struct rules_probe *probe,
							    uint32_t n_words, uint64_t *lanes)
{
	const struct saker_values *values = rules_machine_term(machine, probe->term);

	/* several values, where there ought to be one: for the evaluation to decide */
	if (unlikely(values->n > 1))
		return;
	if (probe->n_groups)
		probe_groups(machine, probe, values->n ? values->v : NULL, n_words, lanes);
	if (probe->n)
		probe_checks(machine, probe, n_words, lanes);
}

/* Looks at lanes that the fact does not know yet. */
static __attribute__((noinline)) void probe_learn(struct rules_machine *machine,
						  const struct rules_probe *probe,
						  struct rules_fact *fact, uint32_t n_words,
						  const uint64_t *unknown)
{
	uint64_t left[RULES_SCREEN_WORDS];

	machine->facts_made++;
	memcpy(left, unknown, n_words * sizeof(*left));
	probe_run(machine, probe, n_words, left);
	for (uint32_t i = 0; i < n_words; i++) {
		fact->words[i] |= unknown[i];
		fact->words[n_words + i] |= unknown[i] & ~left[i];
	}
}

/*
 * Clears the lanes that the value rules out. n_words is constant where this is
 * inlined; `lanes` are those that the probe has checks for.
 */
static inline __attribute__((always_inline)) void probe_lanes(struct rules_machine *machine,
							      uint32_t id, uint32_t n_words,
							      const uint64_t *lanes,
							      uint64_t *alive)
{
	const struct rules_probe *probe = &machine->program->probes[id];
	const struct saker_values *values = rules_machine_term(machine, probe->term);
	uint64_t unknown[RULES_SCREEN_WORDS], any = 0;
	struct rules_fact *fact;
	struct fact_key key;

	if (!probe->kept || unlikely(!fact_key_of(machine, values, id, &key))) {
		probe_run(machine, probe, n_words, alive);
		return;
	}
	fact = fact_place(machine, &key);
	if (unlikely(!fact_is(machine, fact, &key))) {
		fact_put(machine, fact, &key);
		memset(fact->words, 0, 2 * n_words * sizeof(*fact->words));
	}
	for (uint32_t i = 0; i < n_words; i++) {
		unknown[i] = alive[i] & lanes[i] & ~fact->words[i];
		any |= unknown[i];
	}
	if (unlikely(any))
		probe_learn(machine, probe, fact, n_words, unknown);
	else
		machine->facts_found++;
	for (uint32_t i = 0; i < n_words; i++)
		alive[i] &= ~fact->words[n_words + i];
}

/* ---- screens ---------------------------------------------------------------------- */

static inline bool screen_range(struct rules_machine *machine, const struct rules_screen_step *step)
{
	const struct saker_values *values = rules_machine_term(machine, step->term);
	bool holds = values->n && values->v->u64 - step->low <= step->span;

	machine->evaluated++;
	machine->nodes[step->id] = machine->generation << 1 | holds;
	return holds;
}

static inline __attribute__((always_inline)) bool screen_step(struct rules_machine *machine,
							      const struct rules_screen_step *step,
							      uint32_t n_words, uint64_t *alive)
{
	const uint64_t *lanes = machine->program->lane_words + step->lanes;
	uint64_t any = 0, left = 0;
	bool holds;

	if (step->kind == RULES_SCREEN_PROBE || step->kind == RULES_SCREEN_ROW) {
		for (uint32_t i = 0; i < n_words; i++)
			any |= lanes[i] & alive[i];
		if (!any)
			return true;
		probe_lanes(machine, step->id, n_words, lanes, alive);
		for (uint32_t i = 0; i < n_words; i++)
			left |= alive[i];
	} else {
		for (uint32_t i = 0; i < n_words; i++)
			any |= (lanes[i] | lanes[n_words + i]) & alive[i];
		if (!any)
			return true;
		holds = step->kind == RULES_SCREEN_RANGE
				? screen_range(machine, step)
				: rules_machine_literal(machine, step->id << 1);
		lanes += holds ? n_words : 0;
		for (uint32_t i = 0; i < n_words; i++)
			left |= alive[i] &= ~lanes[i];
	}
	return left;
}

static inline __attribute__((always_inline)) bool screen_run(struct rules_machine *machine,
							     const struct rules_plan *plan,
							     const struct rules_screen_step *step,
							     uint32_t n_words, uint64_t *alive)
{
	const struct rules_screen_step *end = step + plan->n_steps;

	for (; step < end; step++)
		if (!screen_step(machine, step, n_words, alive))
			return false;
	return true;
}

/* A group that may find several rows, for a plan of one word. */
static __attribute__((noinline)) uint64_t screen_scan(const struct rules_program *program,
						      const struct rules_probe_group *g,
						      const struct saker_values *values,
						      uint64_t alive, uint64_t *either)
{
	const struct saker_value *value = values->n ? values->v : NULL;
	struct probe_scan scan;

	/* most often none of the needles is there, which is soon found out */
	if (!value || (g->n_pairs && value->len >= RULES_FIND_PAIRS_LEN &&
		       !probe_may_hold(program, g, value, 1, &alive)))
		return alive & ~program->lane_words[g->need];
	scan.n_words = 1;
	scan.rows = program->lane_words + g->rows;
	scan.either[0] = *either;
	probe_rows(program, g, value, &scan, &alive);
	*either = scan.either[0];
	return alive;
}

/*
 * The row of a group that finds at most one, in the value of its term. Several steps of a
 * plan ask the same groups, and so does the evaluation of what is left. A walk along the
 * value is taken once; hashing its ends costs no more than to note the answer.
 */
static inline __attribute__((always_inline)) uint32_t
screen_look_up(struct rules_machine *machine, uint32_t id, const struct saker_value *value)
{
	const struct rules_group *group = &machine->program->groups[id];
	struct rules_group_memo *memo;

	if (group->kind == RULES_GROUP_SET)
		return rules_set_lookup(&group->set, value->str, value->len);
	memo = &machine->groups[id];
	if (memo->generation != machine->generation) {
		memo->generation = machine->generation;
		memo->n_hits = 0;
		memo->row = rules_ac_row(&group->ac, value->str, value->len);
	}
	return memo->row;
}

/* The usual probe: a look-up or two, each of which leaves some lanes. */
static inline __attribute__((always_inline)) uint64_t
screen_rows(struct rules_machine *machine, const struct rules_probe *probe, uint64_t alive)
{
	const struct rules_program *program = machine->program;
	const uint64_t *words = program->lane_words;
	const struct rules_probe_group *g = program->probe_groups + probe->first_group;
	const struct rules_probe_group *end = g + probe->n_groups;
	const struct saker_values *values = rules_machine_term(machine, probe->term);
	const struct saker_value *value = values->v;
	uint64_t either = ~words[probe->either];

	/* several values, where there ought to be one: for the evaluation to decide */
	if (unlikely(values->n > 1))
		return alive;
	for (; g < end; g++) {
		uint32_t row = RULES_ROW_NONE;
		const uint64_t *of_row;

		if (!(g->word & alive))
			continue;
		if (g->stamps) {
			alive = screen_scan(program, g, values, alive, &either);
			continue;
		}
		if (values->n)
			row = screen_look_up(machine, g->group, value);
		of_row = words + g->rows + (size_t)row * RULES_PROBE_ROW;
		alive &= of_row[0];
		either |= of_row[2];
	}
	return alive & either;
}

/* Other checks of a probe, for a plan of one word. */
static __attribute__((noinline)) uint64_t
screen_checks(struct rules_machine *machine, const struct rules_probe *probe, uint64_t alive)
{
	if (rules_machine_term(machine, probe->term)->n <= 1)
		probe_checks(machine, probe, 1, &alive);
	return alive;
}

static __attribute__((noinline)) uint64_t
screen_probe(struct rules_machine *machine, const struct rules_screen_step *step, uint64_t alive)
{
	probe_lanes(machine, step->id, 1, step->word, &alive);
	return alive;
}

static inline __attribute__((always_inline)) uint64_t
screen_row(struct rules_machine *machine, const struct rules_screen_step *step, uint64_t alive)
{
	const struct rules_program *program = machine->program;
	const struct saker_values *values = rules_machine_term(machine, step->term);
	uint32_t row = RULES_ROW_NONE;

	if (likely(values->n == 1))
		row = screen_look_up(machine, step->group, values->v);
	else if (values->n)
		return alive;
	return alive & program->lane_words[step->rows + row * RULES_PROBE_ROW];
}

/* screen_run of a plan of one word, which nearly all are: the lanes stay in a register. */
static inline uint64_t screen_run_word(struct rules_machine *machine,
				       const struct rules_screen_step *step, uint32_t n_steps,
				       uint64_t alive)
{
	const struct rules_screen_step *end = step + n_steps;

	for (; step < end && alive; step++) {
		const struct rules_probe *probe;
		bool holds;

		if (!(alive & (step->word[0] | step->word[1])))
			continue;
		if (step->kind == RULES_SCREEN_ROW) {
			alive = screen_row(machine, step, alive);
			continue;
		}
		if (step->kind == RULES_SCREEN_PROBE) {
			probe = &machine->program->probes[step->id];
			if (unlikely(probe->kept)) {
				alive = screen_probe(machine, step, alive);
				continue;
			}
			if (probe->n_groups)
				alive = screen_rows(machine, probe, alive);
			if (probe->n && alive)
				alive = screen_checks(machine, probe, alive);
			continue;
		}
		holds = step->kind == RULES_SCREEN_RANGE
				? screen_range(machine, step)
				: rules_machine_literal(machine, step->id << 1);
		alive &= ~step->word[holds];
	}
	return alive;
}

void rules_screen_all(const struct rules_plan *plan, uint64_t lanes[RULES_SCREEN_WORDS])
{
	uint32_t n = plan->n_words;

	for (uint32_t i = 0; i < n; i++)
		lanes[i] = UINT64_MAX;
	if (plan->n_lanes % 64)
		lanes[n - 1] = (UINT64_C(1) << (plan->n_lanes % 64)) - 1;
}

uint64_t rules_screen_word(struct rules_machine *machine, uint32_t id)
{
	const struct rules_plan *plan = &machine->program->plans[id];
	struct rules_screen_order *order = &machine->orders[id];

	if (unlikely(!--order->left))
		rules_order_sample(machine, id);
	return screen_run_word(machine, order->steps, plan->n_steps, plan->all);
}

bool rules_screen_run(struct rules_machine *machine, uint32_t id,
		      uint64_t alive[RULES_SCREEN_WORDS])
{
	const struct rules_plan *plan = &machine->program->plans[id];
	struct rules_screen_order *order = &machine->orders[id];

	if (unlikely(!--order->left))
		rules_order_sample(machine, id);
	rules_screen_all(plan, alive);
	return screen_run(machine, plan, order->steps, plan->n_words, alive);
}

void rules_screen_step_out(struct rules_machine *machine, const struct rules_plan *plan,
			   const struct rules_screen_step *step, uint64_t *ret_out)
{
	uint64_t all[RULES_SCREEN_WORDS], alive[RULES_SCREEN_WORDS];

	rules_screen_all(plan, all);
	memcpy(alive, all, sizeof(alive));
	screen_step(machine, step, plan->n_words, alive);
	for (uint32_t i = 0; i < plan->n_words; i++)
		ret_out[i] = all[i] & ~alive[i];
}

/* ---- dispatches ---------------------------------------------------------------------- */

/* Adds the slots with entries of what holds; false: more than a fact has room for. */
static bool dispatch_run(struct rules_machine *machine, const struct rules_plan_dispatch *dispatch,
			 struct rules_fact *fact)
{
	const struct rules_program *program = machine->program;
	const struct rules_group *group = &program->groups[dispatch->group];
	const struct rules_group_memo *memo = &machine->groups[dispatch->group];
	const uint32_t *slots = program->plan_slots;
	const uint32_t *locals = machine->hits + group->first_hit;
	uint32_t *hits = (uint32_t *)fact->words;
	uint32_t n;

	if (memo->generation != machine->generation)
		rules_group_run(machine, dispatch->group);
	n = memo->n_hits;
	if (!group->stamps && memo->row)
		locals = rules_rows_get(rules_group_rows(group), memo->row, &n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = dispatch->first + locals[i];

		if (slots[slot] == slots[slot + 1])
			continue;
		if (fact->n_hits == 4 * machine->fact_words)
			return false;
		hits[fact->n_hits++] = slot;
	}
	return true;
}

static __attribute__((noinline)) bool dispatch_learn(struct rules_machine *machine,
						     const struct rules_plan_dispatch *dispatch,
						     const struct fact_key *key,
						     struct rules_fact *fact)
{
	machine->facts_made++;
	fact->probe = 0;
	fact->n_hits = 0;
	for (uint32_t i = 0; i < dispatch->n_same; i++)
		if (!dispatch_run(machine, dispatch + i, fact))
			return false;
	fact_put(machine, fact, key);
	return true;
}

const uint32_t *rules_dispatch_hits(struct rules_machine *machine,
				    const struct rules_plan_dispatch *dispatch, uint32_t *ret_n)
{
	const struct rules_probe *probe = &machine->program->probes[dispatch->probe];
	const struct saker_values *values = rules_machine_term(machine, probe->term);
	struct rules_fact *fact;
	struct fact_key key;

	if (!fact_key_of(machine, values, dispatch->probe, &key))
		return NULL;
	fact = fact_place(machine, &key);
	if (likely(fact_is(machine, fact, &key)))
		machine->facts_found++;
	else if (!dispatch_learn(machine, dispatch, &key, fact))
		return NULL;
	*ret_n = fact->n_hits;
	return (const uint32_t *)fact->words;
}
