/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a condition as its writer sees them, each with its place in the text.
 * librules parses conditions to trees, in which brackets, blanks and spelling are gone;
 * a formatter and an editor need those. Also takes the pieces that appends add, which
 * may begin with `and`, and a condition that is still being written.
 */
#ifndef RULECHECK_TOKENS_H
#define RULECHECK_TOKENS_H

#include "common/util.h"

enum token_kind {
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_FIELD,	   /* with its argument: proc.aname[2] */
	TOKEN_MACRO,	   /* an identifier where a check may stand */
	TOKEN_TRANSFORMER, /* tolower; its bracket is the next one */
	TOKEN_OPERATOR,
	TOKEN_MODIFIER, /* oneof, anyof, allof */
	TOKEN_VALUE,	/* of a comparison */
	TOKEN_ITEM,	/* of a list of values: perhaps a list's name */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_SELECTOR, /* [c] behind a transformer */
};

struct token {
	uint8_t kind; /* enum token_kind */
	bool quoted;  /* VALUE, ITEM */
	uint32_t at;  /* bytes */
	uint32_t len;
};

/* What may come next: what an editor proposes. */
enum token_next {
	TOKEN_NEXT_CHECK,    /* a field, macro, transformer, not */
	TOKEN_NEXT_OPERATOR, /* behind a field */
	TOKEN_NEXT_VALUE,
	TOKEN_NEXT_ITEM,
	TOKEN_NEXT_JOIN, /* and, or */
	TOKEN_NEXT_ARGUMENT,
};

struct tokens {
	struct token *v;
	uint32_t n;
	uint32_t capacity;
	bool broken; /* what follows the last one is no condition */
	enum token_next next;
};

/* 0 or -ENOMEM. Free in either case. */
int tokens_read(struct tokens *tokens, const char *text, size_t len);
void tokens_fini(struct tokens *tokens);
/* Whether two texts are the same but for blanks; both unbroken. */
bool tokens_equal(const struct tokens *a, const char *a_text, const struct tokens *b,
		  const char *b_text);
/* Whether the token's text is this word. */
bool token_is(const struct token *token, const char *text, const char *word);
/* Whether a blank stands between two neighbours when they are laid out. */
bool token_spaced(const struct token *left, const struct token *right);

extern const char *const token_operators[]; /* NULL ends them */
extern const char *const token_transformers[];

#endif /* RULECHECK_TOKENS_H */
