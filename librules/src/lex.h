/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of the condition language, over a slice of text. The grammar has
 * no separate token stream: which token is tried depends on where the parser
 * stands, so each kind is a function that advances or leaves all as it was.
 */
#ifndef RULES_LEX_H
#define RULES_LEX_H

#include "common/arena.h"

struct rules_lex {
	const char *text;
	size_t len;
	size_t pos;
	const char *last; /* the token read last, for messages; quoted ones unescaped */
	size_t last_len;
};

static inline bool rules_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool rules_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool rules_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What separates tokens in a condition. */
static inline bool rules_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\n';
}

static inline bool rules_is_bare(char c)
{
	return c && !rules_is_space(c) && c != '(' && c != ')' && c != '"' && c != '\'' &&
	       c != '=' && c != ',';
}

/* True when all of it is one bare string. */
bool rules_is_bare_string(const char *s, size_t len);
/* True when all of it is an identifier: a macro's name. */
bool rules_is_identifier(const char *s, size_t len);

static inline char rules_lex_peek(const struct rules_lex *lex)
{
	return lex->pos < lex->len ? lex->text[lex->pos] : '\0';
}

bool rules_lex_blank(struct rules_lex *lex);
bool rules_lex_literal(struct rules_lex *lex, const char *literal);
/* A word that a blank must follow; eats the blank as well. */
bool rules_lex_word(struct rules_lex *lex, const char *word);
bool rules_lex_identifier(struct rules_lex *lex);
bool rules_lex_field_name(struct rules_lex *lex);
bool rules_lex_bare_argument(struct rules_lex *lex);
bool rules_lex_number(struct rules_lex *lex); /* hexadecimal as well */
bool rules_lex_bare(struct rules_lex *lex);

/* The byte behind the closing quote of the string that starts at pos; 0 = it never closes. */
size_t rules_lex_quoted_end(const char *text, size_t len, size_t pos);

/*
 * "..." or '...'; 1 = read, last is its unescaped content in the arena; 0 = no
 * closed string here; -EBADMSG = a bad escape: *ret_reason says which and pos
 * stands on it; -ENOMEM.
 */
int rules_lex_quoted(struct rules_lex *lex, struct arena *arena, const char **ret_reason);

#endif /* RULES_LEX_H */
