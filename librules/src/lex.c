/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of the condition language; apart from the parser so that the list expander can use
 * them. */
#include "lex.h"

static size_t identifier_len(const char *s, size_t len)
{
	size_t n = 0;

	if (len == 0 || !rules_is_alpha(s[0]))
		return 0;
	while (n < len && (rules_is_alpha(s[n]) || rules_is_digit(s[n]) || s[n] == '_'))
		n++;
	return n;
}

bool rules_is_bare_string(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!rules_is_bare(s[i]))
			return false;
	}
	return len > 0;
}

bool rules_is_identifier(const char *s, size_t len)
{
	return len > 0 && identifier_len(s, len) == len;
}

static bool take(struct rules_lex *lex, size_t n)
{
	if (n == 0)
		return false;
	lex->last = lex->text + lex->pos;
	lex->last_len = n;
	lex->pos += n;
	return true;
}

bool rules_lex_blank(struct rules_lex *lex)
{
	size_t start = lex->pos;

	while (lex->pos < lex->len && rules_is_blank(lex->text[lex->pos]))
		lex->pos++;
	return lex->pos > start;
}

bool rules_lex_literal(struct rules_lex *lex, const char *literal)
{
	size_t n = strlen(literal);

	if (lex->len - lex->pos < n || memcmp(lex->text + lex->pos, literal, n) != 0)
		return false;
	return take(lex, n);
}

bool rules_lex_word(struct rules_lex *lex, const char *word)
{
	struct rules_lex saved = *lex;

	if (rules_lex_literal(lex, word) && rules_lex_blank(lex))
		return true;
	*lex = saved;
	return false;
}

bool rules_lex_identifier(struct rules_lex *lex)
{
	return take(lex, identifier_len(lex->text + lex->pos, lex->len - lex->pos));
}

bool rules_lex_field_name(struct rules_lex *lex)
{
	const char *s = lex->text + lex->pos;
	size_t len = lex->len - lex->pos;
	size_t end = identifier_len(s, len);
	bool dotted = false;

	while (end > 0 && end < len && s[end] == '.') {
		size_t part = identifier_len(s + end + 1, len - end - 1);

		if (part == 0)
			break;
		end += 1 + part;
		dotted = true;
	}
	return dotted && take(lex, end);
}

bool rules_lex_bare_argument(struct rules_lex *lex)
{
	const char *s = lex->text + lex->pos;
	size_t len = lex->len - lex->pos;
	size_t n = 0;

	while (n < len && s[n] && s[n] != ']' && s[n] != '[' && s[n] != '"' && s[n] != '\'' &&
	       !rules_is_space(s[n]))
		n++;
	return take(lex, n);
}

static size_t hex_len(const char *s, size_t len)
{
	size_t n = 2;

	if (len < 3 || s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return 0;
	while (n < len && (rules_is_digit(s[n]) || (s[n] >= 'a' && s[n] <= 'f') ||
			   (s[n] >= 'A' && s[n] <= 'F')))
		n++;
	return n > 2 ? n : 0;
}

static size_t digits_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && rules_is_digit(s[n]))
		n++;
	return n;
}

bool rules_lex_number(struct rules_lex *lex)
{
	const char *s = lex->text + lex->pos;
	size_t len = lex->len - lex->pos;
	size_t n = hex_len(s, len);
	size_t digits;

	if (n)
		return take(lex, n);
	if (len > 0 && (s[0] == '+' || s[0] == '-'))
		n = 1;
	digits = digits_len(s + n, len - n);
	if (digits == 0)
		return false;
	n += digits;
	if (n < len && s[n] == '.')
		n++;
	n += digits_len(s + n, len - n);
	/* An exponent needs its sign: "1e5" is the number 1 and then a stray word. */
	if (len - n > 2 && (s[n] == 'e' || s[n] == 'E') && (s[n + 1] == '+' || s[n + 1] == '-')) {
		digits = digits_len(s + n + 2, len - n - 2);
		if (digits)
			n += 2 + digits;
	}
	return take(lex, n);
}

bool rules_lex_bare(struct rules_lex *lex)
{
	const char *s = lex->text + lex->pos;
	size_t len = lex->len - lex->pos;
	size_t n = 0;

	while (n < len && rules_is_bare(s[n]))
		n++;
	return take(lex, n);
}

size_t rules_lex_quoted_end(const char *text, size_t len, size_t pos)
{
	char quote = text[pos];

	for (size_t i = pos + 1; i < len; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == quote)
			return i + 1;
	}
	return 0;
}

static int hex_value(char c)
{
	if (rules_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* s[*i] is the character behind a backslash; leaves *i on the last one used. */
static const char *unescape_one(const char *s, size_t end, size_t *i, char quote, char *ret_c)
{
	int high;
	int low;

	switch (s[*i]) {
	case 'b':
		*ret_c = '\b';
		return NULL;
	case 'f':
		*ret_c = '\f';
		return NULL;
	case 'n':
		*ret_c = '\n';
		return NULL;
	case 'r':
		*ret_c = '\r';
		return NULL;
	case 't':
		*ret_c = '\t';
		return NULL;
	case ' ': /* Falco reads a stray backslash before a blank as a backslash alone */
	case '\\':
		*ret_c = '\\';
		return NULL;
	case '/':
		*ret_c = '/';
		return NULL;
	case '"':
		*ret_c = '"';
		return quote == '"' ? NULL : "invalid \\\" escape in '-quoted string";
	case '\'':
		*ret_c = '\'';
		return quote == '\'' ? NULL : "invalid \\' escape in \"-quoted string";
	case 'x':
		if (end - *i < 3)
			return "truncated hex char escape sequence";
		high = hex_value(s[*i + 1]);
		low = hex_value(s[*i + 2]);
		if (high < 0 || low < 0)
			return "invalid hex char escape sequence";
		if (high == 0 && low == 0)
			return "filter value cannot contain a NUL byte (\\x00)";
		*ret_c = (char)(high * 16 + low);
		*i += 2;
		return NULL;
	default:
		return "unsupported string escape sequence";
	}
}

int rules_lex_quoted(struct rules_lex *lex, struct arena *arena, const char **ret_reason)
{
	const char *s = lex->text + lex->pos;
	char quote = rules_lex_peek(lex);
	size_t end;
	size_t n = 0;
	char *out;

	if (quote != '"' && quote != '\'')
		return 0;
	end = rules_lex_quoted_end(lex->text, lex->len, lex->pos);
	if (end == 0)
		return 0;
	end -= lex->pos + 1; /* index of the closing quote in s */
	out = arena_alloc(arena, end);
	if (!out)
		return -ENOMEM;
	for (size_t i = 1; i < end; i++) {
		size_t at = i;
		const char *reason = NULL;
		char c = s[i];

		if (c == '\\') {
			i++;
			reason = unescape_one(s, end, &i, quote, &c);
		} else if (c == '\0') {
			reason = "filter value cannot contain a NUL byte";
		}
		if (reason) {
			lex->pos += at;
			*ret_reason = reason;
			return -EBADMSG;
		}
		out[n++] = c;
	}
	lex->last = out;
	lex->last_len = n;
	lex->pos += end + 1;
	return 1;
}
