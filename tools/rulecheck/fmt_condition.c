/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions laid out: one blank between words, none inside brackets, a line where the
 * author began one. A line within brackets stands below what follows the bracket, or,
 * when the bracket ends its line, two columns deeper than that line. Where lines break
 * is the author's choice: it says what belongs together.
 */
#include <stdio.h>

#include "fmt.h"
#include "tokens.h"

static uint32_t count_breaks(const char *text, size_t from, size_t to)
{
	uint32_t n = 0;

	for (; from < to; from++)
		n += text[from] == '\n';
	return n;
}

#define MAX_DEPTH 200 /* deeper ones stand as deep as this */

struct layout {
	uint32_t column; /* of the next token */
	uint32_t line;	 /* column of the line's first token */
	uint32_t depth;
	uint32_t inside[MAX_DEPTH];  /* by bracket: the column of lines in it */
	uint32_t outside[MAX_DEPTH]; /* and of one that closes it */
};

/* Lines in a bracket stand below what follows it, when something does in its line. */
static void open_bracket(struct layout *l, bool last)
{
	uint32_t i = MIN(l->depth, MAX_DEPTH - 1u);

	l->inside[i] = last ? l->line + 2 : l->column + 1;
	l->outside[i] = last ? l->line : l->column;
	l->depth++;
}

static uint32_t column_of_line(const struct layout *l, const struct token *first)
{
	uint32_t i = MIN(l->depth, (uint32_t)MAX_DEPTH);

	if (i == 0)
		return 0;
	return first->kind == TOKEN_CLOSE ? l->outside[i - 1] : l->inside[i - 1];
}

static void put_gap(FILE *out, struct layout *l, const struct tokens *t, const char *text,
		    uint32_t i)
{
	const struct token *left = &t->v[i - 1], *right = &t->v[i];
	uint32_t breaks = count_breaks(text, left->at + left->len, right->at);

	/* A transformer's bracket and a selector stand right behind. */
	if (breaks && left->kind != TOKEN_TRANSFORMER && right->kind != TOKEN_SELECTOR) {
		l->column = l->line = column_of_line(l, right);
		fprintf(out, "%s%*s", breaks > 1 ? "\n\n" : "\n", (int)l->column, "");
	} else if (token_spaced(left, right)) {
		fputc(' ', out);
		l->column++;
	}
}

static void put_tokens(FILE *out, const struct tokens *t, const char *text, uint32_t column)
{
	struct layout l = {.column = column};

	for (uint32_t i = 0; i < t->n; i++) {
		const struct token *token = &t->v[i];
		size_t end = token->at + token->len;

		if (i)
			put_gap(out, &l, t, text, i);
		fwrite(text + token->at, 1, token->len, out);
		if (token->kind == TOKEN_OPEN)
			open_bracket(&l, i + 1 < t->n && count_breaks(text, end, token[1].at));
		if (token->kind == TOKEN_CLOSE && l.depth)
			l.depth--;
		l.column += token->len;
	}
}

/* A quoted value over several lines is not one line's business. */
static bool has_long_strings(const struct tokens *t, const char *text)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if (memchr(text + t->v[i].at, '\n', t->v[i].len))
			return true;
	}
	return false;
}

char *fmt_condition(const char *text, size_t len, uint32_t column)
{
	struct tokens tokens;
	char *done = NULL;
	size_t size;
	FILE *out = NULL;

	if (tokens_read(&tokens, text, len) == 0 && !tokens.broken && tokens.n &&
	    !has_long_strings(&tokens, text))
		out = open_memstream(&done, &size);
	if (out) {
		put_tokens(out, &tokens, text, column);
		if (fclose(out) != 0) {
			free(done);
			done = NULL;
		}
	}
	tokens_fini(&tokens);
	return done;
}
