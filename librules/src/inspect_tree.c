/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions out of a compile's short-lived trees into an inspection's. */
#include <assert.h>
#include "dump_ast.h"
#include "inspect.h"
#include "parse.h"

static size_t slot_of(const struct rules_inspecting *in, const void *from)
{
	size_t i = (size_t)(((uintptr_t)from >> 4) * UINT64_C(0x9e3779b97f4a7c15)) &
		   (in->copied_size - 1);

	while (in->copied[i].from && in->copied[i].from != from)
		i = (i + 1) & (in->copied_size - 1);
	return i;
}

static const void *find_copy(const struct rules_inspecting *in, const void *from)
{
	return in->copied_size ? in->copied[slot_of(in, from)].to : NULL;
}

static int remember_copy(struct rules_inspecting *in, const void *from, const void *to)
{
	if ((in->n_copied + 1) * 2 > in->copied_size) {
		struct rules_inspecting larger = *in;

		larger.copied_size = in->copied_size ? in->copied_size * 2 : 1024;
		larger.copied = calloc(larger.copied_size, sizeof(*larger.copied));
		if (!larger.copied)
			return -ENOMEM;
		for (size_t i = 0; i < in->copied_size; i++) {
			if (in->copied[i].from)
				larger.copied[slot_of(&larger, in->copied[i].from)] = in->copied[i];
		}
		free(in->copied);
		*in = larger;
	}
	in->copied[slot_of(in, from)] = (struct rules_copied){from, to};
	in->n_copied++;
	return 0;
}

static int copy_operand(struct rules_inspecting *in, const struct rules_operand *from,
			const struct saker_operand **ret);

static int copy_written(struct rules_inspecting *in, const struct rules_operand *from,
			struct saker_operand *to)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (from->kind == RULES_OPERAND_LIST)
		return rules_inspect_string(in, NULL, &to->written);
	r = rules_dump_operand(from, &text, &len);
	return r < 0 ? r : rules_inspect_string(in, text, &to->written);
}

/* A value of a bulk, which has no operand of its own that could be met again. */
static int copy_value(struct rules_inspecting *in, const struct rules_operand *from,
		      const struct saker_operand **ret)
{
	struct saker_operand *to = arena_alloc(in->arena, sizeof(*to));
	int r;

	if (!to)
		return -ENOMEM;
	to->kind = SAKER_OPERAND_TEXT;
	r = rules_inspect_string(in, from->text, &to->text);
	if (r == 0)
		r = copy_written(in, from, to);
	*ret = to;
	return r;
}

static int copy_args(struct rules_inspecting *in, const struct rules_operand *from,
		     struct saker_operand *to)
{
	struct rules_values values = {.args = from->args, .n = from->n_args};
	uint32_t n = rules_values_count(&values), i = 0;
	const struct saker_operand **args = arena_alloc(in->arena, n * sizeof(*args));
	const struct rules_operand *value;
	int r = args ? 0 : -ENOMEM;

	while (r == 0 && (value = rules_values_next(&values)))
		r = value == &values.room ? copy_value(in, value, &args[i++])
					  : copy_operand(in, value, &args[i++]);
	to->args = args;
	to->n_args = n;
	return r;
}

static int copy_operand(struct rules_inspecting *in, const struct rules_operand *from,
			const struct saker_operand **ret)
{
	static const enum saker_operand_kind kinds[] = {
		[RULES_OPERAND_FIELD] = SAKER_OPERAND_FIELD,
		[RULES_OPERAND_TRANSFORMER] = SAKER_OPERAND_TRANSFORMER,
		[RULES_OPERAND_TEXT] = SAKER_OPERAND_TEXT,
		[RULES_OPERAND_LIST] = SAKER_OPERAND_LIST,
	};
	const struct rules_span *span = rules_inspect_span(in, &from->mark);
	struct saker_operand *to;
	int r;

	*ret = find_copy(in, from);
	if (*ret)
		return 0;
	to = arena_alloc(in->arena, sizeof(*to));
	if (!to)
		return -ENOMEM;
	to->kind = kinds[from->kind];
	to->list = span ? span->list : NULL;
	r = rules_inspect_string(in, from->text, &to->text);
	if (r == 0)
		r = rules_inspect_place(in, &from->mark, &to->place);
	if (r == 0 && from->arg)
		r = rules_inspect_string(in, from->arg, &to->arg);
	if (r == 0)
		r = copy_written(in, from, to);
	if (r == 0)
		r = copy_args(in, from, to);
	if (r == 0)
		r = remember_copy(in, from, to);
	*ret = to;
	return r;
}

static int copy_check(struct rules_inspecting *in, const struct rules_node *from,
		      struct saker_expression *to)
{
	int r;

	to->op = rules_op_text(from->op);
	to->modifier = from->modifier ? rules_modifier_text(from->modifier) : "";
	r = copy_operand(in, from->lhs, &to->left);
	if (r == 0 && from->rhs)
		r = copy_operand(in, from->rhs, &to->right);
	return r;
}

static int copy_children(struct rules_inspecting *in, const struct rules_node *from,
			 struct saker_expression *to)
{
	const struct saker_expression **children =
		arena_alloc(in->arena, from->n_children * sizeof(*children));
	int r = children ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < from->n_children; i++)
		r = rules_inspect_tree(in, from->children[i], &children[i]);
	to->children = children;
	to->n_children = from->n_children;
	return r;
}

struct saker_expression *rules_inspect_copy_of(const struct rules_inspecting *in,
					       const struct rules_node *node)
{
	return (struct saker_expression *)find_copy(in, node);
}

/* As deep as RULES_MAX_TREE_DEPTH. */
int rules_inspect_tree(struct rules_inspecting *in, const struct rules_node *from,
		       const struct saker_expression **ret)
{
	static const enum saker_expression_kind kinds[] = {
		[RULES_NODE_AND] = SAKER_EXPRESSION_AND,
		[RULES_NODE_OR] = SAKER_EXPRESSION_OR,
		[RULES_NODE_NOT] = SAKER_EXPRESSION_NOT,
		[RULES_NODE_CHECK] = SAKER_EXPRESSION_CHECK,
	};
	const struct rules_span *span;
	struct saker_expression *to;
	int r;

	assert(from->kind != RULES_NODE_MACRO);
	*ret = find_copy(in, from);
	if (*ret)
		return 0;
	to = arena_alloc(in->arena, sizeof(*to));
	if (!to)
		return -ENOMEM;
	span = rules_inspect_span(in, &from->mark);
	to->kind = kinds[from->kind];
	to->macro = span ? span->macro : NULL;
	to->op = to->modifier = "";
	r = rules_inspect_place(in, &from->mark, &to->place);
	if (r == 0)
		r = from->kind == RULES_NODE_CHECK ? copy_check(in, from, to)
						   : copy_children(in, from, to);
	if (r == 0)
		r = remember_copy(in, from, to);
	*ret = to;
	return r;
}
