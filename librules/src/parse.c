/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition parser: recursive descent over or, and, not and parentheses.
 * Checks (field, operator, value) are in parse_check.c.
 */
#include <stdarg.h>
#include <stdio.h>

#include "parse_internal.h"

struct node_vector {
	struct rules_node **v;
	size_t n;
	size_t cap;
};

int rules_parser_fail(struct rules_parser *p, const char *format, ...)
{
	struct rules_parse_error *e = p->error;
	va_list ap;

	if (!e)
		return -EBADMSG;
	va_start(ap, format);
	vsnprintf(e->message, sizeof(e->message), format, ap);
	va_end(ap);
	e->offset = p->lex.pos;
	e->line = 0;
	e->column = 0;
	for (size_t i = 0; i < p->lex.pos && i < p->lex.len; i++) {
		e->column++;
		if (p->lex.text[i] == '\n') {
			e->line++;
			e->column = 0;
		}
	}
	return -EBADMSG;
}

int rules_parser_enter(struct rules_parser *p)
{
	if (++p->depth >= p->options->max_depth)
		return rules_parser_fail(p, "exceeded max depth limit of %u",
					 p->options->max_depth);
	return 0;
}

struct rules_mark rules_parser_mark(const struct rules_parser *p, size_t offset)
{
	return (struct rules_mark){.source = p->options->source, .offset = offset};
}

static struct rules_node *new_node(struct rules_parser *p, enum rules_node_kind kind, size_t offset)
{
	struct rules_node *node = arena_alloc(p->arena, sizeof(*node));

	if (node) {
		node->kind = kind;
		node->mark = rules_parser_mark(p, offset);
	}
	return node;
}

static int parse_or(struct rules_parser *p, struct rules_node **ret);

/* Behind an opening parenthesis. */
static int parse_embedded(struct rules_parser *p, struct rules_node **ret)
{
	int r = rules_parser_enter(p);

	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	r = parse_or(p, ret);
	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	if (!rules_lex_literal(&p->lex, ")"))
		return rules_parser_fail(p, "expected a ')' token");
	rules_parser_leave(p);
	return 0;
}

static int parse_macro(struct rules_parser *p, size_t start, struct rules_node **ret)
{
	struct rules_node *node;

	if (!p->options->macros) {
		p->lex.pos = start;
		return rules_parser_fail(p, "filter error: unexpected identifier '%.*s'",
					 (int)MIN(p->lex.last_len, 200), p->lex.last);
	}
	node = new_node(p, RULES_NODE_MACRO, start);
	if (!node)
		return -ENOMEM;
	node->macro = arena_strndup(p->arena, p->lex.last, p->lex.last_len);
	if (!node->macro)
		return -ENOMEM;
	*ret = node;
	return 0;
}

static int parse_check(struct rules_parser *p, struct rules_node **ret)
{
	struct rules_node *node;
	struct rules_operand *lhs;
	size_t start;
	int r = rules_parser_enter(p);

	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	start = p->lex.pos;
	if (rules_lex_literal(&p->lex, "(")) {
		r = parse_embedded(p, ret);
		goto out;
	}
	r = rules_parse_field_or_transformer(p, &lhs);
	if (r > 0) {
		node = new_node(p, RULES_NODE_CHECK, start);
		if (!node)
			return -ENOMEM;
		node->lhs = lhs;
		*ret = node;
		r = rules_parse_check_tail(p, node);
		goto out;
	}
	if (r == 0) {
		if (rules_lex_identifier(&p->lex))
			r = parse_macro(p, start, ret);
		else
			r = rules_parser_fail(
				p, "expected a '(' token, a field check, or an identifier");
	}
out:
	rules_parser_leave(p);
	return r;
}

/* The word "not" with the space behind it. */
static bool lex_not(struct rules_lex *lex)
{
	size_t end = lex->pos + 3;

	if (lex->len < end + 1 || memcmp(lex->text + lex->pos, "not", 3) != 0 ||
	    !rules_is_space(lex->text[end]))
		return false;
	while (end < lex->len && rules_is_space(lex->text[end]))
		end++;
	lex->last = lex->text + lex->pos;
	lex->last_len = 3;
	lex->pos = end;
	return true;
}

static int parse_not(struct rules_parser *p, struct rules_node **ret)
{
	struct rules_node *child;
	struct rules_node *node;
	bool negated = false;
	size_t start;
	int r = rules_parser_enter(p);

	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	start = p->lex.pos;
	while (lex_not(&p->lex))
		negated = !negated;
	if (rules_lex_literal(&p->lex, "not(")) {
		negated = !negated;
		r = parse_embedded(p, &child);
	} else {
		r = parse_check(p, &child);
	}
	if (r < 0)
		return r;
	if (negated) {
		node = new_node(p, RULES_NODE_NOT, start);
		if (!node)
			return -ENOMEM;
		node->children = arena_alloc(p->arena, sizeof(*node->children));
		if (!node->children)
			return -ENOMEM;
		node->children[0] = child;
		node->n_children = 1;
		child = node;
	}
	*ret = child;
	rules_parser_leave(p);
	return 0;
}

/* One child stays itself; more get a node over them. */
static int join(struct rules_parser *p, enum rules_node_kind kind, size_t start,
		const struct node_vector *children, struct rules_node **ret)
{
	struct rules_node *node;

	if (children->n == 1) {
		*ret = children->v[0];
		return 0;
	}
	node = new_node(p, kind, start);
	if (!node)
		return -ENOMEM;
	node->children = arena_alloc(p->arena, children->n * sizeof(*node->children));
	if (!node->children)
		return -ENOMEM;
	memcpy(node->children, children->v, children->n * sizeof(*node->children));
	node->n_children = (uint32_t)children->n;
	*ret = node;
	return 0;
}

typedef int (*parse_fn)(struct rules_parser *p, struct rules_node **ret);

/* child { word child }, for "and" over not and for "or" over and. */
static int parse_chain(struct rules_parser *p, const char *word, enum rules_node_kind kind,
		       parse_fn parse_child, struct rules_node **ret)
{
	struct node_vector children = {0};
	size_t start;
	int r = rules_parser_enter(p);

	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	start = p->lex.pos;
	for (;;) {
		r = GROW(children.v, children.n, children.cap);
		if (r < 0)
			break;
		r = parse_child(p, &children.v[children.n]);
		if (r < 0)
			break;
		children.n++;
		rules_lex_blank(&p->lex);
		if (!rules_lex_literal(&p->lex, word)) {
			r = join(p, kind, start, &children, ret);
			break;
		}
		if (!rules_lex_blank(&p->lex) && rules_lex_peek(&p->lex) != '(') {
			r = rules_parser_fail(p, "expected blank or '(' after '%s'", word);
			break;
		}
	}
	free(children.v);
	rules_parser_leave(p);
	return r;
}

static int parse_and(struct rules_parser *p, struct rules_node **ret)
{
	return parse_chain(p, "and", RULES_NODE_AND, parse_not, ret);
}

static int parse_or(struct rules_parser *p, struct rules_node **ret)
{
	return parse_chain(p, "or", RULES_NODE_OR, parse_and, ret);
}

int rules_parse(struct arena *arena, const struct rules_parse_options *options, const char *text,
		size_t len, struct rules_parse_error *ret_error, struct rules_node **ret_node)
{
	struct rules_parser p = {
		.lex = {.text = text, .len = len, .last = ""},
		.arena = arena,
		.options = options,
		.error = ret_error,
	};
	struct rules_node *root = NULL;
	int r;

	if (len == 0)
		return rules_parser_fail(&p, "filter input string is empty");
	r = parse_or(&p, &root);
	if (r < 0)
		return r;
	if (p.lex.pos != len)
		return rules_parser_fail(&p, "unexpected token after '%.*s', expecting 'or', 'and'",
					 (int)MIN(p.lex.last_len, 200), p.lex.last);
	*ret_node = root;
	return 0;
}

int rules_parse_condition(struct arena *arena, const char *text, size_t len,
			  struct rules_parse_error *ret_error, struct rules_node **ret_node)
{
	const struct rules_parse_options options = {.max_depth = RULES_FILTER_DEPTH};

	return rules_parse(arena, &options, text, len, ret_error, ret_node);
}

int rules_parse_lhs(struct arena *arena, const char *text, size_t len,
		    struct rules_operand **ret_operand)
{
	const struct rules_parse_options options = {.max_depth = RULES_FILTER_DEPTH};
	struct rules_parser p = {
		.lex = {.text = text, .len = len, .last = ""},
		.arena = arena,
		.options = &options,
	};
	int r = rules_parse_field_or_transformer(&p, ret_operand);

	if (r < 0)
		return r;
	rules_lex_blank(&p.lex);
	return r == 1 && p.lex.pos == len ? 0 : -EBADMSG;
}
