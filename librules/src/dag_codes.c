/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which records a condition speaks of, as it is written. The graph knows more: that
 * a check against an empty list never holds, or that two checks contradict each
 * other. Falco's warning about rules for too many events looks at the text alone,
 * so this is apart from the graph and used for that warning only.
 */
#include "bind.h"
#include "dag.h"
#include "bulk.h"
#include "predicate.h"

/* For which codes a node may hold, and behind them for which it may fail. */
static uint64_t *codes_new(struct rules_builder *builder)
{
	return arena_alloc(builder->scratch,
			   (size_t)2 * builder->program->n_words * sizeof(uint64_t));
}

/* Whether constants of the field name codes at all. */
static bool codes_selects(const struct rules_builder *builder, const struct saker_field_ref *ref)
{
	const struct saker_catalogue *catalogue = builder->program->catalogue;
	uint64_t may[RULES_CODE_WORDS] = {0}, must[RULES_CODE_WORDS] = {0};

	return catalogue->select(catalogue, ref, "", 0, may, must) != -ENOTSUP;
}

/* The codes that the constants of =, != and in name. 0: one of them does not. */
static int codes_named(const struct rules_builder *builder, const struct saker_field_ref *ref,
		       const struct rules_node *check, uint64_t *codes)
{
	const struct saker_catalogue *catalogue = builder->program->catalogue;
	struct rules_values values = rules_values_of(&check->rhs);
	uint64_t must[RULES_CODE_WORDS] = {0};
	const struct rules_operand *value;

	while ((value = rules_values_next(&values))) {
		if (value->kind != RULES_OPERAND_TEXT ||
		    catalogue->select(catalogue, ref, value->text, value->len, codes, must) < 0)
			return 0;
	}
	return 1;
}

static void codes_swap(struct rules_builder *builder, uint64_t *codes)
{
	uint32_t n_words = builder->program->n_words;

	for (uint32_t i = 0; i < n_words; i++) {
		uint64_t holds = codes[i];

		codes[i] = codes[n_words + i];
		codes[n_words + i] = holds;
	}
}

/*
 * A check of a field whose constants name codes holds for those and fails for all
 * others. 0: it is no such check.
 */
static int codes_of_selecting(struct rules_builder *builder, const struct rules_node *check,
			      uint64_t *codes)
{
	uint32_t n_words = builder->program->n_words;
	const struct rules_term *term;
	uint32_t id;
	int r;

	if (!builder->program->catalogue->select || check->lhs->kind != RULES_OPERAND_FIELD)
		return 0;
	r = rules_bind_operand(builder, check->lhs, &id);
	if (r < 0)
		return r;
	term = &builder->program->terms[id];
	if (term->kind != RULES_TERM_FIELD || rules_term_multi(term) ||
	    !codes_selects(builder, term->ref))
		return 0;
	memset(codes, 0, n_words * sizeof(*codes));
	if (check->op == RULES_OP_EXISTS) {
		memset(codes, 0xff, n_words * sizeof(*codes));
	} else if ((check->op != RULES_OP_EQ && check->op != RULES_OP_NE &&
		    check->op != RULES_OP_IN) ||
		   check->modifier != RULES_MODIFIER_NONE ||
		   !codes_named(builder, term->ref, check, codes)) {
		return 0;
	}
	for (uint32_t i = 0; i < n_words; i++)
		codes[n_words + i] = ~codes[i];
	if (check->op == RULES_OP_NE)
		codes_swap(builder, codes);
	return 1;
}

/* One that is found to be always or never true says nothing, as one that is about no code. */
static int codes_of_check(struct rules_builder *builder, const struct rules_node *check,
			  uint32_t literal, uint64_t *codes)
{
	uint32_t n_words = builder->program->n_words;
	int r = codes_of_selecting(builder, check, codes);

	if (r)
		return r < 0 ? r : 0;
	if (literal <= RULES_LITERAL_TRUE) {
		memset(codes, 0xff, 2 * n_words * sizeof(*codes));
	} else {
		rules_dag_codes(builder, literal, codes);
		rules_dag_codes(builder, literal ^ 1, codes + n_words);
	}
	return 0;
}

static int codes_of(struct rules_builder *builder, const struct rules_node *node,
		    const uint64_t **ret_codes);

/* A conjunction can hold where all of its parts can, and fail where one can; an "or" is its dual.
 */
static int codes_of_children(struct rules_builder *builder, const struct rules_node *node,
			     uint64_t *codes)
{
	uint32_t n_words = builder->program->n_words;
	uint64_t *all = node->kind == RULES_NODE_AND ? codes : codes + n_words;
	uint64_t *any = node->kind == RULES_NODE_AND ? codes + n_words : codes;

	memset(all, 0xff, n_words * sizeof(*all));
	memset(any, 0, n_words * sizeof(*any));
	for (uint32_t i = 0; i < node->n_children; i++) {
		const uint64_t *child;
		int r = codes_of(builder, node->children[i], &child);

		if (r < 0)
			return r;
		for (uint32_t w = 0; w < n_words; w++) {
			all[w] &= child[w + (all == codes ? 0 : n_words)];
			any[w] |= child[w + (any == codes ? 0 : n_words)];
		}
	}
	return 0;
}

static int codes_of_not(struct rules_builder *builder, const struct rules_node *node,
			uint64_t *codes)
{
	uint32_t n_words = builder->program->n_words;
	const uint64_t *child;
	int r = codes_of(builder, node->children[0], &child);

	if (r < 0)
		return r;
	memcpy(codes, child, 2 * n_words * sizeof(*codes));
	codes_swap(builder, codes);
	return 0;
}

static int codes_of(struct rules_builder *builder, const struct rules_node *node,
		    const uint64_t **ret_codes)
{
	struct rules_seen *seen = rules_dag_seen(builder, node);
	uint64_t *codes;
	int r = 0;

	if (!seen)
		return -EINVAL;
	if (seen->codes) {
		*ret_codes = seen->codes;
		return 0;
	}
	codes = codes_new(builder);
	if (!codes)
		return -ENOMEM;
	if (node->kind == RULES_NODE_AND || node->kind == RULES_NODE_OR) {
		r = codes_of_children(builder, node, codes);
	} else if (node->kind == RULES_NODE_NOT) {
		r = codes_of_not(builder, node, codes);
	} else {
		r = codes_of_check(builder, node, seen->literal, codes);
	}
	seen->codes = codes;
	*ret_codes = codes;
	return r;
}

int rules_condition_codes(struct rules_builder *builder, const struct rules_node *root,
			  uint64_t *ret_bitmap)
{
	uint32_t n_words = builder->program->n_words;
	uint32_t n_codes = builder->program->n_codes;
	const uint64_t *codes;
	int r = codes_of(builder, root, &codes);

	if (r < 0)
		return r;
	memcpy(ret_bitmap, codes, n_words * sizeof(*codes));
	if (n_codes % 64)
		ret_bitmap[n_words - 1] &= (UINT64_C(1) << (n_codes % 64)) - 1;
	return 0;
}
