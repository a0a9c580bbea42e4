/* SPDX-License-Identifier: Apache-2.0 */
/* The condition parser as the loader uses it: macros stay by name, lists come from a resolver. */
#ifndef RULES_PARSE_H
#define RULES_PARSE_H

#include "loader.h"

/* Deepest recursion of the parser, counted as Falco counts it (five a pair of parentheses). */
#define RULES_FILTER_DEPTH 100
#define RULES_CONDITION_DEPTH 1000

/*
 * What the word `name` inside a list of values stands for: 1 and its items, or
 * 0 when it is just a word. The items are shared, not copied.
 */
typedef int (*rules_list_fn)(void *userdata, const char *name, size_t len,
			     struct rules_operand *const **ret_items, uint32_t *ret_n);

struct rules_parse_options {
	uint32_t max_depth;
	uint32_t source;    /* goes into the marks */
	bool macros;	    /* identifiers become MACRO nodes; else they are errors */
	rules_list_fn list; /* may be NULL */
	void *list_userdata;
};

int rules_parse(struct arena *arena, const struct rules_parse_options *options, const char *text,
		size_t len, struct rules_parse_error *ret_error, struct rules_node **ret_node);

/* A left-hand side by itself: a field or a transformer of one. */
int rules_parse_lhs(struct arena *arena, const char *text, size_t len,
		    struct rules_operand **ret_operand);

/*
 * Reads `a, "b c", d` as the inside of a list of values; -EBADMSG when it is not
 * one. Marks are those of `mark`. The operands go to add.
 */
typedef int (*rules_operand_fn)(void *userdata, struct rules_operand *operand);
int rules_parse_items(struct arena *arena, const char *text, size_t len,
		      const struct rules_mark *mark, rules_operand_fn add, void *userdata);

/*
 * The operator spelt so, with its modifier behind one blank: "startswith", "glob
 * oneof". -EINVAL when none is.
 */
int rules_parse_operator(const char *text, size_t len, enum rules_op *ret_op,
			 enum rules_modifier *ret_modifier);

static inline bool rules_op_takes_list(enum rules_op op)
{
	return op == RULES_OP_IN || op == RULES_OP_INTERSECTS || op == RULES_OP_PMATCH;
}

static inline bool rules_op_is_numeric(enum rules_op op)
{
	return op == RULES_OP_LT || op == RULES_OP_LE || op == RULES_OP_GT || op == RULES_OP_GE;
}

/* The operator's spelling. */
const char *rules_op_text(enum rules_op op);
const char *rules_modifier_text(enum rules_modifier modifier);

#endif /* RULES_PARSE_H */
