/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees as text: for tests, which read them and parse them again, and for who
 * wants to see what a condition became.
 */
#include <stdio.h>

#include "dump_ast.h"

#include "bulk.h"
#include "lex.h"
#include "parse.h"

#define MAX_DUMP (256u << 20)

struct out {
	char *s;
	size_t len;
	size_t cap;
};

static int put(struct out *o, const char *s, size_t len)
{
	if (o->len + len + 1 > o->cap) {
		size_t cap = o->cap ? o->cap : 256;
		char *p;

		while (cap < o->len + len + 1)
			cap *= 2;
		if (cap > MAX_DUMP)
			return -E2BIG;
		p = realloc(o->s, cap);
		if (!p)
			return -ENOMEM;
		o->s = p;
		o->cap = cap;
	}
	memcpy(o->s + o->len, s, len);
	o->len += len;
	o->s[o->len] = '\0';
	return 0;
}

static int put_text(struct out *o, const char *s)
{
	return put(o, s, strlen(s));
}

static int put_escaped(struct out *o, char c)
{
	char buffer[8];

	switch (c) {
	case '\n':
		return put_text(o, "\\n");
	case '\r':
		return put_text(o, "\\r");
	case '\t':
		return put_text(o, "\\t");
	case '\b':
		return put_text(o, "\\b");
	case '\f':
		return put_text(o, "\\f");
	case '"':
		return put_text(o, "\\\"");
	case '\\':
		return put_text(o, "\\\\");
	default:
		if ((unsigned char)c >= 0x20 && c != 0x7f)
			return put(o, &c, 1);
		snprintf(buffer, sizeof(buffer), "\\x%02x", (unsigned char)c);
		return put_text(o, buffer);
	}
}

static int put_quoted(struct out *o, const char *s, size_t len)
{
	int r = put_text(o, "\"");

	for (size_t i = 0; r == 0 && i < len; i++)
		r = put_escaped(o, s[i]);
	return r < 0 ? r : put_text(o, "\"");
}

/* A quoted constant stays quoted: that may tell a string from a number or a list's name. */
static int put_constant(struct out *o, const struct rules_operand *operand)
{
	if (!operand->quoted && rules_is_bare_string(operand->text, operand->len))
		return put(o, operand->text, operand->len);
	return put_quoted(o, operand->text, operand->len);
}

static bool is_bare_argument(const char *arg)
{
	struct rules_lex lex = {.text = arg, .len = strlen(arg)};

	return rules_lex_bare_argument(&lex) && lex.pos == lex.len;
}

static int put_argument(struct out *o, const char *arg)
{
	int r;

	if (!arg)
		return 0;
	r = put_text(o, "[");
	if (r == 0)
		r = is_bare_argument(arg) ? put_text(o, arg) : put_quoted(o, arg, strlen(arg));
	return r < 0 ? r : put_text(o, "]");
}

static int put_operand(struct out *o, const struct rules_operand *operand);

static int put_operands(struct out *o, struct rules_operand *const *operands, uint32_t n)
{
	struct rules_values values = {.args = operands, .n = n};
	const struct rules_operand *value;
	bool first = true;
	int r = put_text(o, "(");

	while (r == 0 && (value = rules_values_next(&values))) {
		if (!first)
			r = put_text(o, ", ");
		if (r == 0)
			r = put_operand(o, value);
		first = false;
	}
	return r < 0 ? r : put_text(o, ")");
}

static int put_operand(struct out *o, const struct rules_operand *operand)
{
	int r;

	switch (operand->kind) {
	case RULES_OPERAND_TEXT:
		return put_constant(o, operand);
	case RULES_OPERAND_LIST:
		return put_operands(o, operand->args, operand->n_args);
	default:
		r = put(o, operand->text, operand->len);
		if (r == 0 && operand->kind == RULES_OPERAND_TRANSFORMER)
			r = put_operands(o, operand->args, operand->n_args);
		return r < 0 ? r : put_argument(o, operand->arg);
	}
}

static int put_check(struct out *o, const struct rules_node *node)
{
	int r = put_operand(o, node->lhs);

	if (r == 0)
		r = put_text(o, " ");
	if (r == 0)
		r = put_text(o, rules_op_text(node->op));
	if (r == 0 && node->modifier != RULES_MODIFIER_NONE) {
		r = put_text(o, " ");
		if (r == 0)
			r = put_text(o, rules_modifier_text(node->modifier));
	}
	if (r == 0 && node->rhs) {
		r = put_text(o, " ");
		if (r == 0)
			r = put_operand(o, node->rhs);
	}
	return r;
}

static int put_node(struct out *o, const struct rules_node *node)
{
	const char *word = node->kind == RULES_NODE_AND ? " and " : " or ";
	bool wrap;
	int r;

	switch (node->kind) {
	case RULES_NODE_CHECK:
		return put_check(o, node);
	case RULES_NODE_MACRO:
		return put_text(o, node->macro);
	case RULES_NODE_NOT:
		/* "not not x" would read as x */
		wrap = node->children[0]->kind == RULES_NODE_NOT;
		r = put_text(o, wrap ? "not (" : "not ");
		if (r == 0)
			r = put_node(o, node->children[0]);
		return r < 0 || !wrap ? r : put_text(o, ")");
	default:
		r = put_text(o, "(");
		for (uint32_t i = 0; r == 0 && i < node->n_children; i++) {
			if (i)
				r = put_text(o, word);
			if (r == 0)
				r = put_node(o, node->children[i]);
		}
		return r < 0 ? r : put_text(o, ")");
	}
}

static int finish(struct out *o, int r, char **ret_text, size_t *ret_len)
{
	if (r < 0) {
		free(o->s);
		return r;
	}
	*ret_text = o->s;
	*ret_len = o->len;
	return 0;
}

int rules_dump_ast(const struct rules_node *root, char **ret_text, size_t *ret_len)
{
	struct out o = {0};
	int r = put_node(&o, root);

	return finish(&o, r, ret_text, ret_len);
}

int rules_dump_operand(const struct rules_operand *operand, char **ret_text, size_t *ret_len)
{
	struct out o = {0};
	int r = put_operand(&o, operand);

	return finish(&o, r, ret_text, ret_len);
}
