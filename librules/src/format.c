/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling formats. Behind a % stands the longest text that is a field or a
 * transformer; what follows it is plain text again.
 */
#include "format.h"

#include <stdio.h>

#include "bind.h"
#include "loader.h"

void rules_format_builder_fini(struct rules_format_builder *fb)
{
	free(fb->values);
	free(fb->pieces);
	memset(fb, 0, sizeof(*fb));
}

int rules_format_add_value(struct rules_format_builder *fb, const char *name, uint32_t term,
			   const struct rules_format *format)
{
	if (GROW(fb->values, fb->n_values, fb->room_values) < 0)
		return -ENOMEM;
	name = arena_strdup(&fb->builder->program->arena, name);
	if (!name)
		return -ENOMEM;
	fb->values[fb->n_values++] = (struct rules_output_value){name, term, format};
	return 0;
}

static int format_add_text(struct rules_format_builder *fb, const char *text, size_t len)
{
	char *copy;

	if (!len)
		return 0;
	copy = arena_strndup(&fb->builder->program->arena, text, len);
	if (!copy || GROW(fb->pieces, fb->n_pieces, fb->room_pieces) < 0)
		return -ENOMEM;
	fb->pieces[fb->n_pieces++] = (struct rules_format_piece){
		.term = RULES_NO_ID,
		.text = copy,
		.len = (uint32_t)len,
	};
	return 0;
}

static bool format_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool format_is_word(char c)
{
	return format_is_alpha(c) || (c >= '0' && c <= '9') || c == '_';
}

/* Length of a field name at p: words with dots between them, each begun by a letter. */
static size_t format_lex_field(const char *p, size_t len, size_t *ret_first_dot)
{
	size_t n = 0;

	*ret_first_dot = 0;
	if (!len || !format_is_alpha(*p))
		return 0;
	for (;;) {
		while (n < len && format_is_word(p[n]))
			n++;
		if (n + 1 >= len || p[n] != '.' || !format_is_alpha(p[n + 1]))
			break;
		if (!*ret_first_dot)
			*ret_first_dot = n;
		n++;
	}
	return n;
}

/* "[arg]" at p: its length and what is inside; 0 if there is none. */
static size_t format_lex_argument(const char *p, size_t len, const char **ret_arg,
				  size_t *ret_arg_len)
{
	size_t n = 1;

	if (len < 3 || *p != '[')
		return 0;
	if (p[1] == '"' || p[1] == '\'') {
		const char *close = memchr(p + 2, p[1], len - 2);

		if (!close || close + 1 >= p + len || close[1] != ']')
			return 0;
		*ret_arg = p + 2;
		*ret_arg_len = (size_t)(close - p) - 2;
		return *ret_arg_len + 4;
	}
	while (n < len && !strchr("[]\"' \t\n\v\f\r", p[n]))
		n++;
	if (n == 1 || n >= len || p[n] != ']')
		return 0;
	*ret_arg = p + 1;
	*ret_arg_len = n - 1;
	return n + 1;
}

static int format_add_field_value(struct rules_format_builder *fb, const char *name, size_t len,
				  const char *arg, size_t arg_len, uint32_t term)
{
	char *text = arena_alloc(fb->builder->scratch, len + arg_len + 3);

	if (!text)
		return -ENOMEM;
	memcpy(text, name, len);
	if (arg) {
		text[len] = '[';
		memcpy(text + len + 1, arg, arg_len);
		text[len + arg_len + 1] = ']';
	}
	return rules_format_add_value(fb, text, term, NULL);
}

/* One try at a field of this very length. */
static int format_try_field(struct rules_format_builder *fb, const char *name, size_t len,
			    const char *arg, size_t arg_len, bool silent, uint32_t *ret_term)
{
	int r = rules_bind_field(fb->builder, NULL, name, len, arg, arg_len, ret_term);

	if (r < 0)
		return r;
	return silent ? 0 : format_add_field_value(fb, name, len, arg, arg_len, *ret_term);
}

static int format_field(struct rules_format_builder *fb, const char *p, size_t len, bool silent,
			uint32_t *ret_term, size_t *ret_used)
{
	struct rules_compile_error *error = fb->builder->error, longest;
	size_t first_dot, n = format_lex_field(p, len, &first_dot), arg_len = 0;
	const char *arg = NULL;
	size_t bracket = n ? format_lex_argument(p + n, len - n, &arg, &arg_len) : 0;
	int r = -EBADMSG;

	if (!first_dot)
		return rules_fail(fb->builder, NULL, "unexpected token after '%%'");
	if (bracket) {
		r = format_try_field(fb, p, n, arg, arg_len, silent, ret_term);
		*ret_used = n + bracket;
		longest = *error;
	}
	for (size_t cut = n; r < 0 && r != -ENOMEM && cut > first_dot + 1; cut--) {
		if (p[cut - 1] == '.')
			continue;
		r = format_try_field(fb, p, cut, NULL, 0, silent, ret_term);
		*ret_used = cut;
		if (cut == n && !bracket)
			longest = *error;
	}
	if (r < 0 && r != -ENOMEM) {
		*error = longest;
		return -EBADMSG;
	}
	return r;
}

/* Up to and with the parenthesis that closes the first one; 0 if none does. */
static size_t format_lex_parentheses(const char *p, size_t len)
{
	unsigned depth = 0;
	char quote = 0;

	for (size_t i = 0; i < len; i++) {
		if (quote) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == quote)
				quote = 0;
		} else if (p[i] == '"' || p[i] == '\'') {
			quote = p[i];
		} else if (p[i] == '(') {
			depth++;
		} else if (p[i] == ')' && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

/* The fields inside a transformer go with the alert too. */
static int format_add_inner(struct rules_format_builder *fb, const struct rules_operand *operand)
{
	uint32_t term;
	int r = 0;

	if (operand->kind == RULES_OPERAND_FIELD) {
		r = rules_bind_operand(fb->builder, operand, &term);
		if (r < 0)
			return r;
		return format_add_field_value(fb, operand->text, operand->len, operand->arg,
					      operand->arg ? strlen(operand->arg) : 0, term);
	}
	for (uint32_t i = 0; r >= 0 && i < operand->n_args; i++)
		r = format_add_inner(fb, operand->args[i]);
	return r;
}

static bool format_takes_argument(const char *transformer)
{
	return strncmp(transformer, "getopt(", 7) == 0;
}

/* The condition parser reads transformers; it wants an operator behind them. */
static int format_transformer(struct rules_format_builder *fb, const char *p, size_t len,
			      bool silent, uint32_t *ret_term, size_t *ret_used)
{
	struct rules_parse_error error;
	struct rules_node *node;
	const char *arg;
	size_t n = format_lex_parentheses(p, len), arg_len;
	char *text;
	int r;

	if (!n)
		return rules_fail(fb->builder, NULL,
				  "expected a ')' token closing the transformer");
	/* Behind one that takes no argument a bracket is plain text. */
	if (format_takes_argument(p))
		n += format_lex_argument(p + n, len - n, &arg, &arg_len);
	text = arena_alloc(fb->builder->scratch, n + sizeof(" exists"));
	if (!text)
		return -ENOMEM;
	memcpy(text, p, n);
	memcpy(text + n, " exists", sizeof(" exists"));
	r = rules_parse_condition(fb->builder->scratch, text, strlen(text), &error, &node);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return rules_fail(fb->builder, NULL, "%.400s", error.message);
	if (node->kind != RULES_NODE_CHECK)
		return rules_fail(fb->builder, NULL, "unexpected token after '%%'");
	r = rules_bind_operand(fb->builder, node->lhs, ret_term);
	if (r < 0)
		return r;
	*ret_used = n;
	return silent ? 0 : format_add_inner(fb, node->lhs);
}

/* What stands behind a %: digits, then a field or a transformer. */
static int format_token(struct rules_format_builder *fb, const char *p, size_t len, bool silent,
			size_t *ret_used)
{
	size_t digits = 0, word = 0, used = 0;
	uint32_t pad = 0, term = 0;
	int r;

	if (!len)
		return rules_fail(fb->builder, NULL,
				  "invalid formatting syntax: formatting cannot end with a %%");
	while (digits < len && p[digits] >= '0' && p[digits] <= '9') {
		pad = MIN(pad * 10 + (uint32_t)(p[digits] - '0'), RULES_FORMAT_MAX_PAD);
		digits++;
	}
	if (digits == len)
		return rules_fail(fb->builder, NULL,
				  "invalid formatting syntax: formatting cannot end with a number");
	p += digits;
	len -= digits;
	while (word < len && format_is_word(p[word]))
		word++;
	if (word < len && p[word] == '(')
		r = format_transformer(fb, p, len, silent, &term, &used);
	else
		r = format_field(fb, p, len, silent, &term, &used);
	if (r < 0)
		return r;
	if (GROW(fb->pieces, fb->n_pieces, fb->room_pieces) < 0)
		return -ENOMEM;
	fb->pieces[fb->n_pieces++] = (struct rules_format_piece){.term = term, .pad = pad};
	*ret_used = digits + used;
	return 0;
}

int rules_format_compile(struct rules_format_builder *fb, const char *text, size_t len, bool silent,
			 struct rules_format *ret_format)
{
	struct arena *arena = &fb->builder->program->arena;
	const char *p = text, *end = text + len;
	int r;

	fb->n_pieces = 0;
	fb->builder->error->offset = 0;
	if (!len)
		return rules_fail(fb->builder, NULL, "empty formatting token");
	if (*p == '*')
		p++;
	while (p < end) {
		const char *percent = memchr(p, '%', (size_t)(end - p));
		size_t used = 0;

		r = format_add_text(fb, p, (size_t)((percent ? percent : end) - p));
		if (r < 0)
			return r;
		if (!percent)
			break;
		r = format_token(fb, percent + 1, (size_t)(end - percent) - 1, silent, &used);
		if (r == -EBADMSG)
			fb->builder->error->offset = (size_t)(percent - text);
		if (r < 0)
			return r;
		p = percent + 1 + used;
	}
	ret_format->n_pieces = fb->n_pieces;
	ret_format->pieces =
		arena_alloc(arena, MAX((size_t)fb->n_pieces, 1) * sizeof(*ret_format->pieces));
	if (!ret_format->pieces)
		return -ENOMEM;
	if (fb->n_pieces)
		memcpy(ret_format->pieces, fb->pieces, fb->n_pieces * sizeof(*fb->pieces));
	return 0;
}

int rules_format_add_field(struct rules_format_builder *fb, const char *text)
{
	size_t len = strlen(text), arg_len = 0, bracket;
	const char *open = strchr(text, '['), *arg = NULL;
	size_t n = open ? (size_t)(open - text) : len;
	uint32_t term;
	int r;

	bracket = open ? format_lex_argument(open, len - n, &arg, &arg_len) : 0;
	if (n + bracket != len)
		return rules_fail(fb->builder, NULL, "invalid field '%.200s'", text);
	r = format_try_field(fb, text, n, arg, arg_len, false, &term);
	return r == -ENOENT ? -EBADMSG : r;
}

static int format_compare(const void *a, const void *b)
{
	const struct rules_output_value *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int rules_format_finish(struct rules_format_builder *fb, struct rules_output *output)
{
	struct arena *arena = &fb->builder->program->arena;
	uint32_t kept = 0;

	if (fb->n_values)
		qsort(fb->values, fb->n_values, sizeof(*fb->values), format_compare);
	for (uint32_t i = 0; i < fb->n_values; i++) {
		if (!kept || !util_streq(fb->values[kept - 1].name, fb->values[i].name))
			fb->values[kept++] = fb->values[i];
		else if (fb->values[i].format)
			fb->values[kept - 1] = fb->values[i]; /* asked for explicitly */
	}
	output->n_values = kept;
	output->values = arena_alloc(arena, MAX((size_t)kept, 1) * sizeof(*output->values));
	if (!output->values)
		return -ENOMEM;
	if (kept)
		memcpy(output->values, fb->values, kept * sizeof(*fb->values));
	fb->n_values = 0;
	return 0;
}
