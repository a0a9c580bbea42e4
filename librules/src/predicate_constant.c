/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The right-hand side of a check: constants parsed by the type on the left, and
 * warnings about those that are probably not what was meant.
 */
#include <stdio.h>

#include "bind.h"
#include "loader.h"
#include "predicate.h"
#include "transform.h"

static void constant_warn(struct rules_builder *builder, const struct rules_mark *mark,
			  const char *format, const char *text)
{
	char message[512];

	if (!builder->warn)
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(message, sizeof(message), format, text);
#pragma GCC diagnostic pop
	builder->warn(builder->warn_userdata, RULES_LOAD_COMPILE_CONDITION, mark, message);
}

/* Whether a regular expression does no more than =, contains, startswith or endswith. */
static bool constant_simple_regex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((i == 0 && text[i] == '^') || (i == len - 1 && text[i] == '$'))
			continue;
		if (text[i] == '.' && i + 1 < len && ((i == 0 && len > 1) || i == len - 2) &&
		    strchr("+*?", text[i + 1])) {
			i++;
			continue;
		}
		if (strchr(".+*?^$()[]{}|\\", text[i]))
			return false;
	}
	return true;
}

static bool constant_looks_like_transformer(const char *text, size_t len)
{
	const char *paren = memchr(text, '(', len);

	return paren && text[len - 1] == ')' &&
	       rules_transform_find(text, (size_t)(paren - text)) != RULES_TRANSFORM_COUNT;
}

static void constant_check(struct rules_builder *builder, enum rules_op op,
			   const struct rules_mark *mark, const struct rules_operand *operand)
{
	char text[256];
	size_t n = 0;

	if (op == RULES_OP_REGEX && constant_simple_regex(operand->text, operand->len))
		constant_warn(builder, mark,
			      "regex check with '%.200s' may be optimized with simpler operators "
			      "such as '=', 'contains', 'startswith', 'endswith'",
			      operand->text);
	/* most constants are neither, and lists may be long */
	if (!memchr(operand->text, '.', operand->len) && !memchr(operand->text, '(', operand->len))
		return;
	for (uint32_t i = 0; i < operand->len && n < sizeof(text); i++)
		if (!strchr(" \t\n\v\f\r", operand->text[i]) || !operand->text[i])
			text[n++] = operand->text[i];
	if (!n || n == sizeof(text))
		return;
	if (rules_bind_looks_like_field(builder, text, n))
		constant_warn(builder, mark,
			      "'%.200s' may be a valid field misused as a const string value",
			      operand->text);
	if (constant_looks_like_transformer(text, n))
		constant_warn(
			builder, mark,
			"'%.200s' may be a valid field transformer misused as a const string value",
			operand->text);
}

/* Operators that do not select are held to the same names: "evt.type startswith opne". */
static int constant_known(struct rules_builder *builder, const struct rules_node *check,
			  uint32_t term, const struct rules_operand *operand)
{
	const struct saker_catalogue *catalogue = builder->program->catalogue;
	const struct rules_term *t = &builder->program->terms[term];
	uint64_t may[RULES_CODE_WORDS] = {0}, must[RULES_CODE_WORDS] = {0};

	if (!catalogue->select || t->kind != RULES_TERM_FIELD || check->op == RULES_OP_EQ ||
	    check->op == RULES_OP_NE || check->op == RULES_OP_IN ||
	    check->op == RULES_OP_INTERSECTS)
		return 0;
	if (catalogue->select(catalogue, t->ref, operand->text, operand->len, may, must) == -ENOENT)
		return rules_fail(builder, &operand->mark, "unknown event type %s", operand->text);
	return 0;
}

static int constant_parse(struct rules_builder *builder, const struct rules_node *check,
			  uint32_t term, const struct rules_operand *operand,
			  struct rules_constant *ret)
{
	char reason[400];
	char *bytes;

	constant_check(builder, check->op, &check->rhs->mark, operand);
	if (check->op == RULES_OP_BCONTAINS || check->op == RULES_OP_BSTARTSWITH) {
		bytes = arena_alloc(builder->scratch, operand->len / 2 + 1);
		if (!bytes)
			return -ENOMEM;
		if (rules_type_unhex(operand->text, operand->len, bytes) < 0)
			return rules_fail(builder, &operand->mark,
					  "filter error: bcontains and bstartswith operator "
					  "support hex strings only");
		ret->str = bytes;
		ret->len = operand->len / 2;
		return 0;
	}
	if (rules_type_parse(builder->program->terms[term].type, check->op, operand->text,
			     operand->len, ret, reason, sizeof(reason)) < 0)
		return rules_fail(builder, &operand->mark, "%s", reason);
	return constant_known(builder, check, term, operand);
}

int rules_predicate_keep_mark(struct rules_builder *builder)
{
	struct rules_mark *mark = arena_alloc(builder->scratch, sizeof(*mark));

	if (!mark)
		return -ENOMEM;
	if (builder->error->mark)
		*mark = *builder->error->mark;
	builder->error->mark = builder->error->mark ? mark : NULL;
	return -EBADMSG;
}

int rules_predicate_constants(struct rules_builder *builder, const struct rules_node *check,
			      uint32_t term, struct rules_constants *ret_constants)
{
	struct rules_values values = rules_values_of(&check->rhs);
	uint32_t n = rules_values_count(&values), i = 0;
	const struct rules_operand *value;
	int r;

	ret_constants->n = n;
	ret_constants->v =
		arena_alloc(builder->scratch, MAX((size_t)n, 1) * sizeof(*ret_constants->v));
	if (!ret_constants->v)
		return -ENOMEM;
	while ((value = rules_values_next(&values))) {
		r = constant_parse(builder, check, term, value, &ret_constants->v[i++]);
		if (r == -EBADMSG && value == &values.room)
			return rules_predicate_keep_mark(builder);
		if (r < 0)
			return r;
	}
	return 0;
}
