/* SPDX-License-Identifier: Apache-2.0 */
/* Computing one predicate, or one group of them, over the current record. */
#include "eval.h"

/* ---- groups -------------------------------------------------------------- */

struct group_run {
	struct rules_machine *machine;
	const struct rules_group *group;
	struct rules_group_memo *memo;
};

/* Marks the predicates of a row as holding, and notes them for dispatches. */
static void group_stamp(struct group_run *run, const struct rules_rows *rows, uint32_t row)
{
	struct rules_machine *machine = run->machine;
	uint32_t stamp = machine->generation << 1 | 1, n;
	const uint32_t *locals = rules_rows_get(rows, row, &n);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t p = run->group->predicates[locals[i]];
		uint32_t *memo = &machine->nodes[machine->program->predicates[p].node];

		if (*memo == stamp)
			continue;
		*memo = stamp;
		machine->hits[run->group->first_hit + run->memo->n_hits++] = locals[i];
	}
}

static void group_hit(void *context, uint32_t row)
{
	struct group_run *run = context;

	group_stamp(run, &run->group->ac.set, row);
}

static uint32_t group_row(const struct rules_group *group, enum rules_class class,
			  const struct saker_value *value)
{
	char buf[RULES_KEY_SIZE];
	const void *key;
	size_t len;

	if (group->kind == RULES_GROUP_NET)
		return rules_net_lookup(&group->net, value->ip);
	if (group->kind != RULES_GROUP_SET)
		return rules_ac_row(&group->ac, value->str, value->len);
	key = rules_type_key(class, value, buf, &len);
	return rules_set_lookup(&group->set, key, len);
}

void rules_group_run(struct rules_machine *machine, uint32_t id)
{
	const struct rules_program *program = machine->program;
	const struct rules_group *group = &program->groups[id];
	enum rules_class class = program->terms[group->term].class;
	const struct saker_values *values = rules_machine_term(machine, group->term);
	struct group_run run = {machine, group, &machine->groups[id]};

	run.memo->generation = machine->generation;
	run.memo->row = RULES_ROW_NONE;
	run.memo->n_hits = 0;
	if (!group->stamps) {
		if (values->n)
			run.memo->row = group_row(group, class, &values->v[0]);
		return;
	}
	for (uint32_t i = 0; i < values->n; i++) {
		uint32_t row;

		if (group->kind != RULES_GROUP_SET && group->kind != RULES_GROUP_NET) {
			rules_ac_scan(&group->ac, values->v[i].str, values->v[i].len, group_hit,
				      &run);
			continue;
		}
		row = group_row(group, class, &values->v[i]);
		if (row)
			group_stamp(&run, rules_group_rows(group), row);
	}
}

/* ---- lists --------------------------------------------------------------- */

static bool predicate_list(struct rules_machine *machine, const struct rules_predicate *p,
			   const struct saker_values *values)
{
	const struct rules_group *group = &machine->program->groups[p->group];
	enum rules_class class = p->class;
	bool all = p->test == RULES_TEST_LIST_IN;

	for (uint32_t i = 0; i < values->n; i++) {
		uint32_t row = group_row(group, class, &values->v[i]);
		bool found = row && rules_rows_has(rules_group_rows(group), row, p->local);

		if (found != all)
			return found;
	}
	return all;
}

/* ---- direct comparisons -------------------------------------------------- */

static bool predicate_regex(struct rules_machine *machine, const struct rules_regex *regex,
			    const struct saker_value *value)
{
	struct rules_scratch *scratch = &machine->scratch;
	size_t room = scratch->size - scratch->used;
	const char *text;
	/* what does not fit the scratch is not matched, rather than matched in part */
	size_t len = rules_regex_sanitize(value->str, value->len, scratch->data + scratch->used,
					  room, &text);

	return (text == value->str || len <= room) && rules_regex_match(regex, text, len);
}

static bool predicate_one(struct rules_machine *machine, const struct rules_predicate *p,
			  enum rules_class class, const struct saker_value *value, uint32_t i)
{
	if (p->op == RULES_OP_REGEX)
		return predicate_regex(machine, p->regexes[i], value);
	return rules_type_compare(class, (enum rules_op)p->op, value, &p->constants[i]);
}

/* One value against the constants, by the modifier. */
static bool predicate_value(struct rules_machine *machine, const struct rules_predicate *p,
			    enum rules_class class, const struct saker_value *value)
{
	uint32_t n = 0;

	if (p->op == RULES_OP_PMATCH)
		return rules_trie_match(p->trie, value->str, value->len);
	for (uint32_t i = 0; i < p->n_constants; i++) {
		bool holds = predicate_one(machine, p, class, value, i);

		if (holds && p->modifier == RULES_MODIFIER_NONE)
			return true;
		if (!holds && p->modifier == RULES_MODIFIER_ALLOF)
			return false;
		n += holds;
		if (n > 1 && p->modifier == RULES_MODIFIER_ONEOF)
			return false;
	}
	return p->modifier == RULES_MODIFIER_ALLOF ||
	       (p->modifier == RULES_MODIFIER_ONEOF && n == 1);
}

/* != on alternatives that must all differ */
static bool predicate_ne_all(struct rules_machine *machine, const struct rules_predicate *p,
			     enum rules_class class, const struct saker_values *values)
{
	for (uint32_t i = 0; i < values->n; i++)
		if (!predicate_value(machine, p, class, &values->v[i]))
			return false;
	return values->n > 0;
}

/* ---- against another term ------------------------------------------------ */

static struct rules_constant predicate_as_constant(enum rules_class class,
						   const struct saker_value *value)
{
	struct rules_constant c = {.len = value->len};

	if (class == RULES_CLASS_IP || class == RULES_CLASS_NET)
		c.ip = *value->ip;
	else if (class == RULES_CLASS_TEXT || class == RULES_CLASS_BYTES)
		c.str = value->str;
	else
		c.u64 = value->u64;
	return c;
}

/* How many of the right's values the left one satisfies. */
static uint32_t predicate_count(enum rules_class class, enum rules_op op,
				const struct saker_value *value, const struct saker_values *rhs)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rhs->n; i++) {
		struct rules_constant c = predicate_as_constant(class, &rhs->v[i]);

		n += rules_type_compare(class, op, value, &c);
	}
	return n;
}

static bool predicate_term(struct rules_machine *machine, const struct rules_predicate *p,
			   const struct saker_values *values)
{
	const struct rules_term *term = &machine->program->terms[p->term];
	enum rules_class class = p->class;
	const struct saker_values *rhs = rules_machine_term(machine, p->rhs);
	uint32_t n;

	if (!rhs->n && (rhs->absent || !term->list))
		return false;
	if (term->list) {
		bool all = p->op == RULES_OP_IN;

		for (uint32_t i = 0; i < values->n; i++) {
			n = predicate_count(class, RULES_OP_EQ, &values->v[i], rhs);
			if (!n == all)
				return !all;
		}
		return all;
	}
	n = predicate_count(class, (enum rules_op)p->op, &values->v[0], rhs);
	if (p->modifier == RULES_MODIFIER_ALLOF)
		return n == rhs->n;
	return p->modifier == RULES_MODIFIER_ONEOF ? n == 1 : n > 0;
}

bool rules_predicate_eval(struct rules_machine *machine, const struct rules_predicate *p)
{
	const struct rules_term *term = &machine->program->terms[p->term];
	const struct saker_values *values = rules_machine_term(machine, p->term);
	enum rules_class class = p->class;

	/* a check on a missing value is false whatever it says; a list may be there and empty */
	if (!values->n && (values->absent || !term->list))
		return false;
	switch ((enum rules_test)p->test) {
	case RULES_TEST_LIST_IN:
	case RULES_TEST_LIST_INTERSECTS:
		return predicate_list(machine, p, values);
	case RULES_TEST_TERM:
		return predicate_term(machine, p, values);
	default:
		break;
	}
	if (p->op == RULES_OP_NE && term->ne_all)
		return predicate_ne_all(machine, p, class, values);
	for (uint32_t i = 0; i < values->n; i++)
		if (predicate_value(machine, p, class, &values->v[i]))
			return true;
	return false;
}
