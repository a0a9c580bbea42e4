/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam inside librules between its front (YAML, lists, macros, the
 * condition parser) and its back (types, predicates, plans). The front makes
 * these nodes, one resolved tree a rule; the back only reads them.
 */
#ifndef RULES_AST_H
#define RULES_AST_H

#include <saker/rules.h>

#include "common/arena.h"

/*
 * Where in a source something stands. A source is a file or a text put together
 * from files (a condition with its appends); in the marks of nodes, which are of
 * the second kind, line and column are 0: they are worked out when reported.
 */
#define RULES_LINE_UNKNOWN UINT32_MAX /* of a mark in a file: counted when it is needed */

struct rules_mark {
	uint32_t source;
	uint32_t line;	 /* 0-based */
	uint32_t column; /* 0-based */
	uint64_t offset; /* bytes */
};

#define RULES_OP_LIST(X)              \
	X(NONE, "")                   \
	X(EXISTS, "exists")           \
	X(EQ, "=")                    \
	X(NE, "!=")                   \
	X(LT, "<")                    \
	X(LE, "<=")                   \
	X(GT, ">")                    \
	X(GE, ">=")                   \
	X(GLOB, "glob")               \
	X(IGLOB, "iglob")             \
	X(CONTAINS, "contains")       \
	X(ICONTAINS, "icontains")     \
	X(BCONTAINS, "bcontains")     \
	X(STARTSWITH, "startswith")   \
	X(BSTARTSWITH, "bstartswith") \
	X(ENDSWITH, "endswith")       \
	X(REGEX, "regex")             \
	X(IN, "in")                   \
	X(INTERSECTS, "intersects")   \
	X(PMATCH, "pmatch")

enum rules_op {
#define X(symbol, text) RULES_OP_##symbol,
	RULES_OP_LIST(X)
#undef X
		RULES_OP_COUNT,
};

enum rules_modifier {
	RULES_MODIFIER_NONE = 0,
	RULES_MODIFIER_ONEOF,
	RULES_MODIFIER_ANYOF,
	RULES_MODIFIER_ALLOF,
};

enum rules_operand_kind {
	RULES_OPERAND_FIELD,	   /* text = name, arg */
	RULES_OPERAND_TRANSFORMER, /* text = name, args */
	RULES_OPERAND_TEXT,	   /* text: a constant as written, unescaped */
	RULES_OPERAND_LIST,	   /* items */
	RULES_OPERAND_BULK,	   /* an item of a list that stands for many: see bulk.h */
};

struct rules_bulk;

struct rules_operand {
	enum rules_operand_kind kind;
	struct rules_mark mark;
	const char *text; /* NUL-terminated */
	uint32_t len;
	bool quoted;
	const char *arg; /* FIELD, TRANSFORMER: between [ ]; NULL = none */
	union {
		struct rules_operand **args; /* TRANSFORMER: arguments; LIST: items */
		const struct rules_bulk *bulk;
	};
	uint32_t n_args;
};

enum rules_node_kind {
	RULES_NODE_AND,
	RULES_NODE_OR,
	RULES_NODE_NOT,
	RULES_NODE_CHECK,
	RULES_NODE_MACRO, /* only before resolution */
};

struct rules_node {
	enum rules_node_kind kind;
	struct rules_mark mark;
	struct rules_node **children; /* AND, OR: two or more; NOT: one */
	uint32_t n_children;
	const char *macro;
	/* CHECK */
	struct rules_operand *lhs;
	enum rules_op op;
	enum rules_modifier modifier;
	struct rules_operand *rhs; /* NULL for exists */
};

/* One finding's way in: who calls, and where findings go. */
struct rules_diag_context;
struct rules_place;

/*
 * A rule as the front hands it to the back: everything resolved, macros
 * inlined, exceptions folded in. Owned by the loader's arena.
 */
struct rules_input {
	const char *name;
	const char *description;
	const char *condition;
	const char *output; /* trimmed */
	const char *source;
	uint32_t position; /* among all rules defined */
	const char **tags; /* sorted */
	uint32_t n_tags;
	enum saker_priority priority;
	bool enabled;
	bool warn_evttypes;
	bool skip_if_unknown_filter;
	bool capture;			  /* a match starts a capture */
	uint32_t capture_duration;	  /* ms; 0 = the configured default */
	struct rules_node *root;	  /* NULL: the condition's errors are reported */
	struct rules_mark mark;		  /* of the rule item */
	struct rules_mark condition_mark; /* of its condition's first byte */
	struct rules_mark output_mark;
	/* the front's: where findings about the rule, its condition, its output belong */
	const struct rules_place *place;
	const struct rules_place *condition_place;
	const struct rules_place *output_place;
};

#endif /* RULES_AST_H */
