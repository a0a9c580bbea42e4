/* SPDX-License-Identifier: Apache-2.0 */
/* What a regular expression needs besides the matcher: valid UTF-8 in front of it. */
#include "regex.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the sequence at p; negative: length of the invalid part to replace. */
static int regex_sequence(const unsigned char *p, const unsigned char *end)
{
	static const struct {
		unsigned char first, last, low, high, more;
	} leads[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
		{0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2},
		{0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
		{0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
	};

	if (*p < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (*p < leads[i].first || *p > leads[i].last)
			continue;
		if (p + 1 >= end || p[1] < leads[i].low || p[1] > leads[i].high)
			return -1;
		for (int k = 2; k <= leads[i].more; k++)
			if (p + k >= end || (p[k] & 0xc0) != 0x80)
				return -k;
		return leads[i].more + 1;
	}
	return -1;
}

size_t rules_regex_sanitize(const char *text, size_t len, char *buf, size_t room,
			    const char **ret_text)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;
	size_t n = 0;

	while (end - p >= 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		if (word & UINT64_C(0x8080808080808080))
			break;
		p += 8;
	}
	while (p < end) {
		int k = regex_sequence(p, end);

		if (k < 0)
			break;
		p += k;
	}
	if (p == end) {
		*ret_text = text;
		return len;
	}
	for (p = (const unsigned char *)text; p < end;) {
		int k = regex_sequence(p, end);
		const char *from = k > 0 ? (const char *)p : "\xef\xbf\xbd";
		size_t part = k > 0 ? (size_t)k : 3;

		if (n + part <= room)
			memcpy(buf + n, from, part);
		n += part;
		p += k > 0 ? k : -k;
	}
	*ret_text = buf;
	return n;
}

#ifndef RULES_HAVE_RE2
int rules_regex_new(const char *pattern, size_t len, char *error, size_t error_size,
		    struct rules_regex **ret_regex)
{
	snprintf(error, error_size, "regular expressions are not supported: built without RE2");
	return -EOPNOTSUPP;
}

struct rules_regex *rules_regex_free(struct rules_regex *regex)
{
	return NULL;
}

bool rules_regex_match(const struct rules_regex *regex, const char *text, size_t len)
{
	return false;
}
#endif
