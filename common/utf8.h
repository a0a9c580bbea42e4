/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8, told apart from other bytes the same way wherever text is written or read: else
 * what one part replaces by two characters another replaces by one, and names differ.
 */
#ifndef SAKER_COMMON_UTF8_H
#define SAKER_COMMON_UTF8_H

#include <stddef.h>

/*
 * Bytes of the valid UTF-8 sequence at text (1 to 4; n is 1 and more), or minus the bytes of the
 * invalid one: the longest start of a sequence that could have been valid, as
 * the Unicode standard advises for U+FFFD (chapter 3.9, "maximal subpart").
 */
static inline int utf8_sequence(const void *text, size_t n)
{
	const unsigned char *s = text;
	unsigned char low = 0x80, high = 0xbf;
	int need;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		need = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4;
	else
		return -1;
	switch (s[0]) { /* overlong forms, surrogates, beyond U+10FFFF */
	case 0xe0:
		low = 0xa0;
		break;
	case 0xed:
		high = 0x9f;
		break;
	case 0xf0:
		low = 0x90;
		break;
	case 0xf4:
		high = 0x8f;
		break;
	}
	for (int i = 1; i < need; i++) {
		if ((size_t)i >= n || s[i] < low || s[i] > high)
			return -i;
		low = 0x80;
		high = 0xbf;
	}
	return need;
}

#endif /* SAKER_COMMON_UTF8_H */
