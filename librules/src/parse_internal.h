/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the condition parser share: its state, and what they call of each other. */
#ifndef RULES_PARSE_INTERNAL_H
#define RULES_PARSE_INTERNAL_H

#include "lex.h"
#include "parse.h"

struct rules_parser {
	struct rules_lex lex;
	struct arena *arena;
	const struct rules_parse_options *options;
	struct rules_parse_error *error;
	uint32_t depth;
};

int rules_parser_fail(struct rules_parser *p, const char *format, ...) _printf_(2, 3);
int rules_parser_enter(struct rules_parser *p);

static inline void rules_parser_leave(struct rules_parser *p)
{
	p->depth--;
}

struct rules_mark rules_parser_mark(const struct rules_parser *p, size_t offset);

/* Operands while they are counted; freed by who declared it. */
struct rules_operands {
	struct rules_operand **v;
	size_t n;
	size_t cap;
};

struct rules_operand *rules_parser_operand(struct rules_parser *p, enum rules_operand_kind kind,
					   size_t offset);

/* The token just read as a constant: 1 or -ENOMEM. */
int rules_parser_text(struct rules_parser *p, size_t start, bool quoted,
		      struct rules_operand **ret);

/* The operands become the arguments or items of another. */
int rules_parser_take(struct rules_parser *p, struct rules_operands *operands,
		      struct rules_operand *operand);

/* A quoted or bare string: 1, or 0 = none stands here. */
int rules_parse_string(struct rules_parser *p, struct rules_operand **ret);

/* val(field), only right of an operator, or another transformer: 1, or 0 = neither. */
int rules_parse_rhs_transformer(struct rules_parser *p, struct rules_operand **ret);

/* 1 = there was a field or transformer, in *ret; 0 = there was none. */
int rules_parse_field_or_transformer(struct rules_parser *p, struct rules_operand **ret);

/* The operator and what is right of it. */
int rules_parse_check_tail(struct rules_parser *p, struct rules_node *check);

#endif /* RULES_PARSE_INTERNAL_H */
