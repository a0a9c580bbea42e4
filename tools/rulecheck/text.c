/* SPDX-License-Identifier: Apache-2.0 */
/* Text that comes from files and captures, made fit for where it is printed. */
#include "report.h"
#include "rulecheck.h"

void put_text(FILE *out, const char *text)
{
	report_put(out, text, strlen(text));
}

/* Bytes of the character at s, 0 = it is none. Overlong forms and surrogates are none. */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char low, high, second_low, second_high;
		size_t n;
	} forms[] = {
		{0x01, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (s[0] < forms[i].low || s[0] > forms[i].high)
			continue;
		if (forms[i].n > 1 && (s[1] < forms[i].second_low || s[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].n; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		}
		return forms[i].n;
	}
	return 0;
}

void make_utf8(char *text)
{
	while (*text) {
		size_t n = utf8_length((const unsigned char *)text);

		if (n == 0)
			*text = '?';
		text += MAX(n, (size_t)1);
	}
}
