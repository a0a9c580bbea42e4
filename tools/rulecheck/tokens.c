/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a condition. See tokens.h. Where one stands decides what it is. */
#include "tokens.h"

#define MAX_DEPTH 1000

const char *const token_operators[] = {
	"=",	    "!=",	 "<=",	       "<",	     ">=",	    ">",	"in",
	"contains", "icontains", "bcontains",  "startswith", "bstartswith", "endswith", "glob",
	"iglob",    "pmatch",	 "intersects", "regex",	     "exists",	    NULL,
};

const char *const token_transformers[] = {
	"tolower", "toupper", "b64", "basename", "len", "join", "concat", "getopt", "val", NULL,
};

enum bracket { GROUP, LIST, ARGUMENTS_LEFT, ARGUMENTS_RIGHT };

struct reader {
	struct tokens *tokens;
	const char *s;
	size_t len;
	size_t pos;
	uint8_t brackets[MAX_DEPTH]; /* enum bracket */
	uint32_t depth;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\b';
}

static bool is_bare(char c)
{
	return c && !is_blank(c) && !strchr("()\"'=,", c);
}

static char peek(const struct reader *r)
{
	return r->pos < r->len ? r->s[r->pos] : '\0';
}

static int add(struct reader *r, enum token_kind kind, size_t len)
{
	struct tokens *t = r->tokens;

	if (GROW(t->v, t->n, t->capacity) < 0)
		return -ENOMEM;
	t->v[t->n++] = (struct token){.kind = (uint8_t)kind,
				      .quoted = r->s[r->pos] == '"' || r->s[r->pos] == '\'',
				      .at = (uint32_t)r->pos,
				      .len = (uint32_t)len};
	r->pos += len;
	return 1;
}

/* Bytes of the quoted string at pos with its quotes, 0 = it does not end. */
static size_t quoted_len(const struct reader *r, size_t pos)
{
	char quote = r->s[pos];

	for (size_t i = pos + 1; i < r->len; i++) {
		if (r->s[i] == '\\')
			i++;
		else if (r->s[i] == quote)
			return i + 1 - pos;
	}
	return 0;
}

static size_t word_len(const struct reader *r)
{
	size_t n = r->pos;

	while (n < r->len && is_word(r->s[n]))
		n++;
	return n - r->pos;
}

/* Bytes of "[argument]" at pos, 0 = there is none. */
static size_t argument_len(const struct reader *r, size_t pos)
{
	size_t n = pos + 1;

	if (pos >= r->len || r->s[pos] != '[')
		return 0;
	if (n < r->len && (r->s[n] == '"' || r->s[n] == '\'')) {
		size_t quoted = quoted_len(r, n);

		n = quoted ? n + quoted : r->len;
	} else {
		while (n < r->len && !is_blank(r->s[n]) && !strchr("[]\"'", r->s[n]))
			n++;
	}
	return n < r->len && r->s[n] == ']' ? n + 1 - pos : 0;
}

static bool is_one_of(const char *s, size_t len, const char *const *words)
{
	for (; *words; words++) {
		if (strlen(*words) == len && strncmp(s, *words, len) == 0)
			return true;
	}
	return false;
}

/* proc.name, evt.arg.flags, with its argument. */
static size_t field_len(const struct reader *r)
{
	size_t n = r->pos + word_len(r);
	bool dotted = false;

	while (n + 1 < r->len && r->s[n] == '.' && is_letter(r->s[n + 1])) {
		for (n++; n < r->len && is_word(r->s[n]); n++)
			;
		dotted = true;
	}
	return dotted ? n - r->pos + argument_len(r, n) : 0;
}

static int open_bracket(struct reader *r, enum bracket kind, enum token_next next)
{
	if (r->depth == MAX_DEPTH)
		return 0;
	r->brackets[r->depth++] = (uint8_t)kind;
	r->tokens->next = next;
	return add(r, TOKEN_OPEN, 1);
}

static int close_bracket(struct reader *r)
{
	uint8_t kind;
	int n;

	if (r->depth == 0)
		return 0;
	kind = r->brackets[--r->depth];
	n = add(r, TOKEN_CLOSE, 1);
	if (n == 1 && kind >= ARGUMENTS_LEFT && argument_len(r, r->pos))
		n = add(r, TOKEN_SELECTOR, argument_len(r, r->pos));
	r->tokens->next = TOKEN_NEXT_JOIN;
	if (kind == ARGUMENTS_LEFT)
		r->tokens->next = TOKEN_NEXT_OPERATOR;
	/* Within another transformer's arguments a comma or bracket follows. */
	if (r->depth && r->brackets[r->depth - 1] >= ARGUMENTS_LEFT)
		r->tokens->next = TOKEN_NEXT_ARGUMENT;
	return n;
}

static int read_transformer(struct reader *r, enum bracket kind)
{
	size_t len = word_len(r);
	int n;

	if (!is_one_of(r->s + r->pos, len, token_transformers) || r->pos + len >= r->len ||
	    r->s[r->pos + len] != '(')
		return 0;
	n = add(r, TOKEN_TRANSFORMER, len);
	return n < 0 ? n : open_bracket(r, kind, TOKEN_NEXT_ARGUMENT);
}

/* Where a check may begin. */
static int read_check(struct reader *r)
{
	size_t len = word_len(r);
	bool ends = r->pos + len == r->len || !is_word(r->s[r->pos + len]);
	int n;

	if (peek(r) == '(')
		return open_bracket(r, GROUP, TOKEN_NEXT_CHECK);
	if (ends && len == 3 && strncmp(r->s + r->pos, "not", 3) == 0)
		return add(r, TOKEN_NOT, len);
	/* an append's first word, or one too many */
	if (r->tokens->n == 0 && ends && len == 3 && strncmp(r->s + r->pos, "and", 3) == 0)
		return add(r, TOKEN_AND, len);
	if (r->tokens->n == 0 && ends && len == 2 && strncmp(r->s + r->pos, "or", 2) == 0)
		return add(r, TOKEN_OR, len);
	n = read_transformer(r, ARGUMENTS_LEFT);
	if (n)
		return n;
	if (!is_letter(peek(r)))
		return 0;
	if (field_len(r)) {
		r->tokens->next = TOKEN_NEXT_OPERATOR;
		return add(r, TOKEN_FIELD, field_len(r));
	}
	r->tokens->next = TOKEN_NEXT_JOIN;
	return add(r, TOKEN_MACRO, len);
}

static int read_operator(struct reader *r)
{
	const char *s = r->s + r->pos;
	size_t rest = r->len - r->pos, len = word_len(r);

	if (len == 0) {
		if (strchr("=!<>", peek(r)) == NULL || !peek(r))
			return 0;
		len = rest > 1 && s[1] == '=' ? 2 : 1;
		if (*s == '!' && len == 1)
			return 0;
	} else if (!is_one_of(s, len, token_operators)) {
		return 0;
	}
	r->tokens->next = TOKEN_NEXT_VALUE;
	if (len == 6 && strncmp(s, "exists", 6) == 0)
		r->tokens->next = TOKEN_NEXT_JOIN;
	return add(r, TOKEN_OPERATOR, len);
}

static bool is_modifier(const struct reader *r, size_t len)
{
	static const char *const words[] = {"oneof", "anyof", "allof", NULL};

	return r->tokens->n && r->tokens->v[r->tokens->n - 1].kind == TOKEN_OPERATOR &&
	       r->pos + len < r->len && is_blank(r->s[r->pos + len]) &&
	       is_one_of(r->s + r->pos, len, words);
}

static int read_value(struct reader *r, enum token_kind kind)
{
	size_t len = 0;
	int n;

	if (peek(r) == '(' && kind == TOKEN_VALUE)
		return open_bracket(r, LIST, TOKEN_NEXT_ITEM);
	if (kind == TOKEN_VALUE && is_modifier(r, word_len(r)))
		return add(r, TOKEN_MODIFIER, word_len(r));
	n = read_transformer(r, ARGUMENTS_RIGHT);
	if (n)
		return n;
	if (peek(r) == '"' || peek(r) == '\'') {
		len = quoted_len(r, r->pos);
	} else {
		while (r->pos + len < r->len && is_bare(r->s[r->pos + len]))
			len++;
	}
	if (kind == TOKEN_VALUE)
		r->tokens->next = TOKEN_NEXT_JOIN;
	return len ? add(r, kind, len) : 0;
}

static int read_item(struct reader *r)
{
	if (peek(r) == ')')
		return close_bracket(r);
	if (peek(r) == ',')
		return add(r, TOKEN_COMMA, 1);
	return read_value(r, TOKEN_ITEM);
}

static int read_argument(struct reader *r)
{
	size_t len = 0;
	int n;

	if (peek(r) == ')')
		return close_bracket(r);
	if (peek(r) == ',')
		return add(r, TOKEN_COMMA, 1);
	if (peek(r) == '(')
		return open_bracket(r, ARGUMENTS_RIGHT, TOKEN_NEXT_ARGUMENT);
	n = read_transformer(r, ARGUMENTS_RIGHT);
	if (n)
		return n;
	if (is_letter(peek(r)) && field_len(r))
		return add(r, TOKEN_FIELD, field_len(r));
	if (peek(r) == '"' || peek(r) == '\'')
		len = quoted_len(r, r->pos);
	else
		while (r->pos + len < r->len && is_bare(r->s[r->pos + len]))
			len++;
	return len ? add(r, TOKEN_VALUE, len) : 0;
}

static int read_join(struct reader *r)
{
	size_t len = word_len(r);
	const char *s = r->s + r->pos;

	if (peek(r) == ')')
		return close_bracket(r);
	if (len == 3 && strncmp(s, "and", 3) == 0) {
		r->tokens->next = TOKEN_NEXT_CHECK;
		return add(r, TOKEN_AND, len);
	}
	if (len == 2 && strncmp(s, "or", 2) == 0) {
		r->tokens->next = TOKEN_NEXT_CHECK;
		return add(r, TOKEN_OR, len);
	}
	return 0;
}

static int read_one(struct reader *r)
{
	switch (r->tokens->next) {
	case TOKEN_NEXT_CHECK:
		return read_check(r);
	case TOKEN_NEXT_OPERATOR:
		return read_operator(r);
	case TOKEN_NEXT_VALUE:
		return read_value(r, TOKEN_VALUE);
	case TOKEN_NEXT_ITEM:
		return read_item(r);
	case TOKEN_NEXT_ARGUMENT:
		return read_argument(r);
	default:
		return read_join(r);
	}
}

int tokens_read(struct tokens *t, const char *text, size_t len)
{
	struct reader r = {.tokens = t, .s = text, .len = len};
	int n = 1;

	memset(t, 0, sizeof(*t));
	if (len > UINT32_MAX / 2) {
		t->broken = true;
		return 0;
	}
	while (n > 0) {
		while (r.pos < len && is_blank(text[r.pos]))
			r.pos++;
		if (r.pos == len)
			break;
		n = read_one(&r);
	}
	t->broken = n == 0;
	return n < 0 ? n : 0;
}

void tokens_fini(struct tokens *t)
{
	free(t->v);
	memset(t, 0, sizeof(*t));
}

bool tokens_equal(const struct tokens *a, const char *a_text, const struct tokens *b,
		  const char *b_text)
{
	if (a->broken || b->broken || a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->v[i].kind != b->v[i].kind || a->v[i].len != b->v[i].len ||
		    memcmp(a_text + a->v[i].at, b_text + b->v[i].at, a->v[i].len) != 0)
			return false;
	}
	return true;
}

bool token_is(const struct token *token, const char *text, const char *word)
{
	return strlen(word) == token->len && strncmp(text + token->at, word, token->len) == 0;
}

bool token_spaced(const struct token *left, const struct token *right)
{
	if (left->kind == TOKEN_OPEN || right->kind == TOKEN_CLOSE || right->kind == TOKEN_COMMA ||
	    right->kind == TOKEN_SELECTOR)
		return false;
	return left->kind != TOKEN_TRANSFORMER;
}
