/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grouping: the equality tests, needles, prefixes, suffixes and networks that all
 * rules hold against one field become one table each. A few of them are cheaper
 * one by one and stay direct.
 */
#include "predicate.h"

/* Up to this many constants on one field are compared directly. */
static const uint32_t direct_max[RULES_GROUP_COUNT] = {
	[RULES_GROUP_SET] = 1,	  [RULES_GROUP_CONTAINS] = 2, [RULES_GROUP_ICONTAINS] = 2,
	[RULES_GROUP_PREFIX] = 1, [RULES_GROUP_SUFFIX] = 1,   [RULES_GROUP_NET] = 3,
};
/* ... and numbers, which are cheaper to compare than to hash. */
#define DIRECT_MAX_NUMBERS 8

/* The kind of group a predicate could be in; RULES_GROUP_COUNT = none. */
static enum rules_group_kind group_kind(const struct rules_program *program,
					const struct rules_predicate *p)
{
	const struct rules_term *term = &program->terms[p->term];
	enum rules_class class = term->class;

	if (p->test != RULES_TEST_DIRECT || p->modifier)
		return RULES_GROUP_COUNT;
	switch ((enum rules_op)p->op) {
	case RULES_OP_IN:
	case RULES_OP_INTERSECTS:
		if (class == RULES_CLASS_BOOL && !term->list)
			return RULES_GROUP_COUNT;
		return class == RULES_CLASS_NET ? RULES_GROUP_NET : RULES_GROUP_SET;
	case RULES_OP_CONTAINS:
		return RULES_GROUP_CONTAINS;
	case RULES_OP_ICONTAINS:
		return RULES_GROUP_ICONTAINS;
	case RULES_OP_STARTSWITH:
		return RULES_GROUP_PREFIX;
	case RULES_OP_ENDSWITH:
		return RULES_GROUP_SUFFIX;
	default:
		return RULES_GROUP_COUNT;
	}
}

static bool group_is_worth_it(const struct rules_term *term, enum rules_group_kind kind,
			      uint64_t n_constants)
{
	enum rules_class class = term->class;

	if (term->list)
		return true;
	if (kind == RULES_GROUP_SET && class >= RULES_CLASS_SIGNED && class <= RULES_CLASS_DOUBLE)
		return n_constants > DIRECT_MAX_NUMBERS;
	return n_constants > direct_max[kind];
}

static int group_add_constant(struct rules_group *group, enum rules_class class,
			      const struct rules_constant *c, uint32_t local)
{
	char buf[RULES_KEY_SIZE];
	const void *key;
	size_t len;

	if (group->kind == RULES_GROUP_NET)
		return rules_net_add(&group->net, &c->ip, local);
	if (group->kind != RULES_GROUP_SET)
		return rules_ac_add(&group->ac, c->str, c->len, local);
	key = rules_type_constant_key(class, c, buf, &len);
	return rules_set_add(&group->set, key, len, local);
}

static void group_init(struct rules_group *group, const struct rules_program *program,
		       enum rules_group_kind kind, uint32_t term)
{
	*group = (struct rules_group){
		.kind = (uint8_t)kind,
		.term = term,
		.stamps = program->terms[term].any,
	};
	switch (kind) {
	case RULES_GROUP_CONTAINS:
	case RULES_GROUP_ICONTAINS:
		rules_ac_init(&group->ac, RULES_AC_CONTAINS, kind == RULES_GROUP_ICONTAINS);
		group->stamps = true;
		break;
	case RULES_GROUP_PREFIX:
		rules_ac_init(&group->ac, RULES_AC_PREFIX, false);
		break;
	case RULES_GROUP_SUFFIX:
		rules_ac_init(&group->ac, RULES_AC_SUFFIX, false);
		break;
	default:
		break;
	}
}

/* Long lists are made room for at once; short ones would only make the arrays grow each time. */
#define GROUP_LONG_LIST 256

static int group_reserve(struct rules_group *group, enum rules_class class,
			 const struct rules_predicate *p)
{
	size_t bytes = 0;

	if (group->kind != RULES_GROUP_SET || p->n_constants < GROUP_LONG_LIST)
		return 0;
	for (uint32_t i = 0; i < p->n_constants; i++)
		bytes += class == RULES_CLASS_TEXT || class == RULES_CLASS_BYTES
				 ? p->constants[i].len
				 : 17; /* a number or an address */
	return rules_set_reserve(&group->set, p->n_constants, bytes);
}

/* Moves a predicate into its group. */
static int group_add(struct rules_program *program, uint32_t group_id, uint32_t predicate)
{
	struct rules_group *group = &program->groups[group_id];
	struct rules_predicate *p = &program->predicates[predicate];
	const struct rules_term *term = &program->terms[p->term];
	int r;

	if (GROW(group->predicates, group->n_predicates, group->room) < 0)
		return -ENOMEM;
	r = group_reserve(group, term->class, p);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < p->n_constants; i++) {
		r = group_add_constant(group, term->class, &p->constants[i], group->n_predicates);
		if (r < 0)
			return r;
	}
	p->group = group_id;
	p->local = group->n_predicates;
	group->predicates[group->n_predicates++] = predicate;
	group->n_constants += p->n_constants;
	p->constants = NULL;
	if (term->list)
		p->test = p->op == RULES_OP_IN ? RULES_TEST_LIST_IN : RULES_TEST_LIST_INTERSECTS;
	else
		p->test = group->stamps ? RULES_TEST_STAMP : RULES_TEST_MEMBER;
	return 0;
}

static int group_finish(struct rules_program *program, struct rules_group *group)
{
	if (group->stamps) {
		group->first_hit = program->n_hits;
		program->n_hits += group->n_predicates;
	}
	if (group->kind == RULES_GROUP_SET)
		return rules_set_finish(&group->set);
	if (group->kind == RULES_GROUP_NET)
		return rules_net_finish(&group->net);
	return rules_ac_finish(&group->ac);
}

static int group_new(struct rules_program *program, enum rules_group_kind kind, uint32_t term)
{
	if (GROW(program->groups, program->n_groups, program->room_groups) < 0)
		return -ENOMEM;
	group_init(&program->groups[program->n_groups++], program, kind, term);
	return 0;
}

int rules_predicate_group(struct rules_builder *builder)
{
	struct rules_program *program = builder->program;
	size_t n = (size_t)program->n_terms * RULES_GROUP_COUNT;
	_cleanup_free_ uint64_t *constants = calloc(n + 1, sizeof(*constants));
	_cleanup_free_ uint32_t *group_of = calloc(n + 1, sizeof(*group_of)); /* + 1 */
	int r = 0;

	if (!constants || !group_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < program->n_predicates; i++) {
		const struct rules_predicate *p = &program->predicates[i];
		enum rules_group_kind kind = group_kind(program, p);

		if (kind != RULES_GROUP_COUNT)
			constants[p->term * RULES_GROUP_COUNT + kind] += p->n_constants;
	}
	for (uint32_t i = 0; r >= 0 && i < program->n_predicates; i++) {
		struct rules_predicate *p = &program->predicates[i];
		enum rules_group_kind kind = group_kind(program, p);
		const struct rules_term *term = &program->terms[p->term];
		size_t key = (size_t)p->term * RULES_GROUP_COUNT + kind;

		if (kind != RULES_GROUP_COUNT && group_is_worth_it(term, kind, constants[key])) {
			if (!group_of[key]) {
				r = group_new(program, kind, p->term);
				group_of[key] = program->n_groups;
			}
			if (r >= 0)
				r = group_add(program, group_of[key] - 1, i);
			continue;
		}
		if (p->test == RULES_TEST_DIRECT && !rules_term_multi(term) &&
		    p->n_constants == 1 && !p->modifier && !p->regexes && !p->trie)
			p->test = RULES_TEST_ONE;
		if (p->n_constants && !p->regexes && !p->trie)
			r = rules_predicate_keep(program, p);
	}
	for (uint32_t i = 0; r >= 0 && i < program->n_groups; i++)
		r = group_finish(program, &program->groups[i]);
	return r;
}

/* op, nanoseconds, truth */
#define ESTIMATE_LIST(X)         \
	X(EXISTS, 1, 0.9F)       \
	X(EQ, 3, 0.15F)          \
	X(NE, 3, 0.85F)          \
	X(LT, 2, 0.5F)           \
	X(LE, 2, 0.5F)           \
	X(GT, 2, 0.5F)           \
	X(GE, 2, 0.5F)           \
	X(GLOB, 25, 0.1F)        \
	X(IGLOB, 30, 0.1F)       \
	X(CONTAINS, 10, 0.05F)   \
	X(ICONTAINS, 12, 0.05F)  \
	X(STARTSWITH, 6, 0.1F)   \
	X(ENDSWITH, 6, 0.1F)     \
	X(REGEX, 300, 0.1F)      \
	X(IN, 4, 0.1F)           \
	X(INTERSECTS, 20, 0.15F) \
	X(PMATCH, 80, 0.2F)

static const struct {
	uint32_t cost;
	float truth;
} estimates[RULES_OP_COUNT] = {
#define X(op, cost, truth) [RULES_OP_##op] = {cost, truth},
	ESTIMATE_LIST(X)
#undef X
};

/* Hashing a key's ends or a few steps in a trie is next to nothing. */
static uint32_t group_look_up_cost(uint8_t kind)
{
	return kind == RULES_GROUP_SET || kind == RULES_GROUP_PREFIX || kind == RULES_GROUP_SUFFIX
		       ? 2
		       : 8;
}

void rules_predicate_estimate(const struct rules_program *program,
			      struct rules_predicate *predicate)
{
	const struct rules_term *term = &program->terms[predicate->term];

	predicate->cost = estimates[predicate->op].cost + term->cost;
	if (predicate->test == RULES_TEST_TERM)
		predicate->cost += program->terms[predicate->rhs].cost;
	if (predicate->group != RULES_NO_ID)
		predicate->cost += group_look_up_cost(program->groups[predicate->group].kind);
	if (term->any)
		predicate->cost += 20;
}

float rules_predicate_truth(const struct rules_program *program,
			    const struct rules_predicate *predicate)
{
	enum rules_class class = program->terms[predicate->term].class;
	bool text = class == RULES_CLASS_TEXT;
	float truth = estimates[predicate->op].truth;
	uint32_t shortest = UINT32_MAX;

	if (predicate->op == RULES_OP_IN && class == RULES_CLASS_BOOL)
		return 0.5F;
	if (predicate->op == RULES_OP_IN && !text)
		return 0.2F;
	/* what it begins or ends with is a check of its own, and said no already */
	if (predicate->op == RULES_OP_GLOB && predicate->n_constants == 1 &&
	    rules_predicate_glob_ends(predicate->constants))
		return 0.8F;
	for (uint32_t i = 0; text && i < predicate->n_constants; i++)
		shortest = MIN(shortest, predicate->constants[i].len);
	/* a letter says little, a long path much; many alternatives hold more often */
	if (shortest <= 2)
		truth = MAX(truth, 0.4F);
	else if (shortest != UINT32_MAX && shortest > 6)
		truth /= 2;
	return truth + 0.05F * (float)MIN(predicate->n_constants, 100u) / 100;
}
