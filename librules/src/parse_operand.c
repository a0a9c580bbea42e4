/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition parser's operands: fields with their arguments, transformers,
 * strings. Checks and lists of values are in parse_check.c.
 */
#include "parse_internal.h"

static const char *const transformers[] = {
	"tolower(", "toupper(", "b64(", "basename(", "len(", "join(", "concat(", "getopt(",
};

struct rules_operand *rules_parser_operand(struct rules_parser *p, enum rules_operand_kind kind,
					   size_t offset)
{
	struct rules_operand *operand = arena_alloc(p->arena, sizeof(*operand));

	if (operand) {
		operand->kind = kind;
		operand->mark = rules_parser_mark(p, offset);
	}
	return operand;
}

/* The token just read becomes the operand's text. */
static int set_text(struct rules_parser *p, struct rules_operand *operand, bool quoted)
{
	operand->text =
		quoted ? p->lex.last : arena_strndup(p->arena, p->lex.last, p->lex.last_len);
	operand->len = (uint32_t)p->lex.last_len;
	operand->quoted = quoted;
	return operand->text ? 0 : -ENOMEM;
}

int rules_parser_text(struct rules_parser *p, size_t start, bool quoted, struct rules_operand **ret)
{
	struct rules_operand *operand = rules_parser_operand(p, RULES_OPERAND_TEXT, start);
	int r = operand ? set_text(p, operand, quoted) : -ENOMEM;

	if (r < 0)
		return r;
	*ret = operand;
	return 1;
}

/* 1 = a quoted string was read, 0 = none stands here. */
static int lex_quoted(struct rules_parser *p)
{
	const char *at;
	const char *reason;
	int r = rules_lex_quoted(&p->lex, p->arena, &reason);

	if (r != -EBADMSG)
		return r;
	at = p->lex.text + p->lex.pos;
	/* The string is closed: there is always something behind the backslash. */
	if (strncmp(reason, "unsupported", 11) == 0)
		return rules_parser_fail(p, "%s: %.2s", reason, at);
	return rules_parser_fail(p, "%s", reason);
}

/* [ argument ] */
static int parse_argument(struct rules_parser *p, struct rules_operand *operand)
{
	int r;

	if (!rules_lex_literal(&p->lex, "["))
		return 0;
	r = lex_quoted(p);
	if (r < 0)
		return r;
	if (r == 0 && !rules_lex_bare_argument(&p->lex))
		return rules_parser_fail(
			p, "expected a valid field argument: a quoted string or a bare string");
	operand->arg = arena_strndup(p->arena, p->lex.last, p->lex.last_len);
	if (!operand->arg)
		return -ENOMEM;
	if (!rules_lex_literal(&p->lex, "]"))
		return rules_parser_fail(p, "expected a ']' token");
	return 0;
}

static int try_field(struct rules_parser *p, struct rules_operand **ret)
{
	size_t start = p->lex.pos;
	struct rules_operand *operand;
	int r;

	if (!rules_lex_field_name(&p->lex))
		return 0;
	operand = rules_parser_operand(p, RULES_OPERAND_FIELD, start);
	if (!operand)
		return -ENOMEM;
	r = set_text(p, operand, false);
	if (r == 0)
		r = parse_argument(p, operand);
	if (r < 0)
		return r;
	*ret = operand;
	return 1;
}

int rules_parser_take(struct rules_parser *p, struct rules_operands *vector,
		      struct rules_operand *operand)
{
	size_t bytes;

	if (vector->n > UINT32_MAX || __builtin_mul_overflow(vector->n, sizeof(*vector->v), &bytes))
		return -ENOMEM;
	operand->n_args = (uint32_t)vector->n;
	operand->args = arena_alloc(p->arena, bytes);
	if (!operand->args)
		return -ENOMEM;
	if (vector->n)
		memcpy(operand->args, vector->v, bytes);
	return 0;
}

static int try_transformer(struct rules_parser *p, struct rules_operand **ret);

/* A quoted string, a number, a field or a transformer; 0 = none of them. */
static int try_argument(struct rules_parser *p, struct rules_operand **ret)
{
	size_t start;
	int r;

	rules_lex_blank(&p->lex);
	start = p->lex.pos;
	if (rules_lex_number(&p->lex))
		return rules_parser_text(p, start, false, ret);
	r = lex_quoted(p);
	if (r < 0)
		return r;
	if (r > 0)
		return rules_parser_text(p, start, true, ret);
	r = try_transformer(p, ret);
	return r ? r : try_field(p, ret);
}

/* Behind the parenthesis of a list of arguments, as the second of join(). */
static int parse_argument_list(struct rules_parser *p, size_t start, struct rules_operand **ret)
{
	struct rules_operands items = {0};
	struct rules_operand *list = rules_parser_operand(p, RULES_OPERAND_LIST, start);
	int r = list ? 1 : -ENOMEM;

	rules_lex_blank(&p->lex);
	while (r > 0 && !(items.n == 0 && rules_lex_peek(&p->lex) == ')')) {
		r = GROW(items.v, items.n, items.cap);
		if (r < 0)
			break;
		r = try_argument(p, &items.v[items.n]);
		if (r <= 0) {
			if (r == 0)
				r = rules_parser_fail(p,
						      "expected transformer list argument: field, "
						      "transformer, quoted string, or number");
			break;
		}
		items.n++;
		rules_lex_blank(&p->lex);
		if (!rules_lex_literal(&p->lex, ","))
			break;
	}
	if (r > 0 && !rules_lex_literal(&p->lex, ")"))
		r = rules_parser_fail(p, "expected ')'");
	if (r > 0)
		r = rules_parser_take(p, &items, list);
	free(items.v);
	if (r < 0)
		return r;
	*ret = list;
	return 1;
}

static int parse_transformer_argument(struct rules_parser *p, struct rules_operand **ret)
{
	size_t start;
	int r = rules_parser_enter(p);

	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	start = p->lex.pos;
	if (rules_lex_literal(&p->lex, "("))
		r = parse_argument_list(p, start, ret);
	else
		r = try_argument(p, ret);
	if (r == 0)
		r = rules_parser_fail(p, "expected field transformer argument: field, transformer, "
					 "quoted string, number, or transformer list");
	rules_parser_leave(p);
	return r;
}

/* What follows "name(": arguments, the closing parenthesis, an optional [argument]. */
static int parse_transformer_tail(struct rules_parser *p, struct rules_operand *operand)
{
	struct rules_operands args = {0};
	int r;

	do {
		r = GROW(args.v, args.n, args.cap);
		if (r < 0)
			break;
		r = parse_transformer_argument(p, &args.v[args.n]);
		if (r < 0)
			break;
		args.n++;
		rules_lex_blank(&p->lex);
	} while (rules_lex_literal(&p->lex, ","));
	if (r >= 0 && !rules_lex_literal(&p->lex, ")"))
		r = rules_parser_fail(p, "expected a ')' token closing the transformer");
	if (r >= 0)
		r = rules_parser_take(p, &args, operand);
	free(args.v);
	return r < 0 ? r : parse_argument(p, operand);
}

static int start_transformer(struct rules_parser *p, size_t start, struct rules_operand **ret)
{
	struct rules_operand *operand = rules_parser_operand(p, RULES_OPERAND_TRANSFORMER, start);

	if (!operand)
		return -ENOMEM;
	p->lex.last_len--; /* the parenthesis is not part of the name */
	*ret = operand;
	return set_text(p, operand, false);
}

static int try_transformer(struct rules_parser *p, struct rules_operand **ret)
{
	size_t start = p->lex.pos;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(transformers); i++) {
		if (!rules_lex_literal(&p->lex, transformers[i]))
			continue;
		r = start_transformer(p, start, ret);
		if (r == 0)
			r = rules_parser_enter(p);
		if (r == 0)
			r = parse_transformer_tail(p, *ret);
		rules_parser_leave(p);
		return r < 0 ? r : 1;
	}
	return r;
}

/* val(field), only right of an operator, or another transformer; 0 = neither. */
int rules_parse_rhs_transformer(struct rules_parser *p, struct rules_operand **ret)
{
	struct rules_operands one = {0};
	struct rules_operand *field;
	size_t start = p->lex.pos;
	int r;

	if (!rules_lex_literal(&p->lex, "val("))
		return try_transformer(p, ret);
	r = start_transformer(p, start, ret);
	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	r = try_field(p, &field);
	if (r == 0)
		r = rules_parser_fail(p, "expected a field within 'val' transformer");
	if (r < 0)
		return r;
	one.v = &field;
	one.n = 1;
	r = rules_parser_take(p, &one, *ret);
	if (r < 0)
		return r;
	rules_lex_blank(&p->lex);
	if (!rules_lex_literal(&p->lex, ")"))
		return rules_parser_fail(p, "expected a ')' token closing the transformer");
	r = parse_argument(p, *ret);
	return r < 0 ? r : 1;
}

int rules_parse_field_or_transformer(struct rules_parser *p, struct rules_operand **ret)
{
	int r = rules_parser_enter(p);

	if (r < 0)
		return r;
	r = try_field(p, ret);
	if (r == 0)
		r = try_transformer(p, ret);
	rules_parser_leave(p);
	return r;
}

/* A quoted or bare string; 0 = none. */
int rules_parse_string(struct rules_parser *p, struct rules_operand **ret)
{
	size_t start;
	int r;

	rules_lex_blank(&p->lex);
	start = p->lex.pos;
	r = lex_quoted(p);
	if (r < 0)
		return r;
	if (r > 0)
		return rules_parser_text(p, start, true, ret);
	return rules_lex_bare(&p->lex) ? rules_parser_text(p, start, false, ret) : 0;
}
