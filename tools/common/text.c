/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 told from what only looks like it (RFC 3629), and what is no text escaped. */
#include "text.h"

size_t text_utf8_length(const char *text, size_t n)
{
	static const struct {
		unsigned char low, high, second_low, second_high;
		size_t n;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; n && i < ARRAY_SIZE(forms); i++) {
		if (p[0] < forms[i].low || p[0] > forms[i].high)
			continue;
		if (n < forms[i].n)
			return 0;
		if (forms[i].n > 1 && (p[1] < forms[i].second_low || p[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].n; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		}
		return forms[i].n;
	}
	return 0;
}

size_t text_clean_span(const char *text, size_t len, size_t *ret_bad)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;

	while (i < len) {
		if (likely(p[i] >= 0x20 && p[i] < 0x7f)) {
			i++;
			continue;
		}
		if (p[i] >= 0x80) {
			size_t n = text_utf8_length(text + i, len - i);
			bool control = p[i] == 0xc2 && n && p[i + 1] < 0xa0; /* C1 */

			if (n && !control) {
				i += n;
				continue;
			}
		}
		*ret_bad = 1;
		return i;
	}
	*ret_bad = 0;
	return i;
}

void text_put_clean(FILE *out, const char *text, size_t len)
{
	while (len) {
		size_t bad, good = text_clean_span(text, len, &bad);

		fwrite(text, 1, good, out);
		if (bad)
			fprintf(out, "\\x%02x", (unsigned char)text[good]);
		text += good + bad;
		len -= good + bad;
	}
}

void text_make_utf8(char *text)
{
	size_t len = strlen(text);

	while (len) {
		size_t n = text_utf8_length(text, len);

		if (n == 0)
			*text = '?';
		n = MAX(n, (size_t)1);
		text += n;
		len -= n;
	}
}

void text_wrap(FILE *out, const char *text, int indent, int width)
{
	int column = width;

	while (*text) {
		int n = (int)strcspn(text, " \n");

		if (column + n + 1 > width) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, (size_t)n, out);
		column += n;
		text += n;
		text += strspn(text, " \n");
	}
	fputc('\n', out);
}

size_t text_likeness(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && b[n] && (a[n] | 32) == (b[n] | 32))
		n++;
	return strcasestr(b, a) ? MAX(n, strlen(a)) : n;
}

/* Levenshtein's. */
unsigned int text_distance(const char *a, const char *b)
{
	unsigned int row[48];
	size_t n = strlen(b);

	if (n >= ARRAY_SIZE(row))
		return UINT32_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned int change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(MIN(row[j], row[j - 1]) + 1, change);
		}
	}
	return row[n];
}
