/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounded buffer: escaping and text. Numbers and typed values are in
 * value.c.
 */
#include <stdio.h>

#include "buffer.h"
#include "common/utf8.h"

size_t output_buffer_finish(struct output_buffer *b)
{
	if (b->size)
		b->data[MIN(b->len, b->size - 1)] = '\0';
	return b->len;
}

static void put_control(struct output_buffer *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '"':
		output_put_lit(b, "\\\"");
		break;
	case '\\':
		output_put_lit(b, "\\\\");
		break;
	case '\b':
		output_put_lit(b, "\\b");
		break;
	case '\f':
		output_put_lit(b, "\\f");
		break;
	case '\n':
		output_put_lit(b, "\\n");
		break;
	case '\r':
		output_put_lit(b, "\\r");
		break;
	case '\t':
		output_put_lit(b, "\\t");
		break;
	default:
		output_put(b, u, sizeof(u));
	}
}

/*
 * Line and paragraph separators, and what turns the direction of the text around:
 * with those a name can look like another one (U+2028 to U+202E, U+2066 to U+2069).
 */
static bool is_layout_control(const unsigned char *s)
{
	return s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
				(s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

/* One of three bytes of UTF-8. */
static void put_wide_control(struct output_buffer *b, const unsigned char *s)
{
	unsigned int c = (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u);
	char text[8];

	snprintf(text, sizeof(text), "\\u%04x", c & 0xffff);
	output_put_str(b, text);
}

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void output_put_escaped(struct output_buffer *b, const char *str, size_t n)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t i = 0, start = 0;

	while (i < n) {
		int len;

		if (likely(is_plain(s[i]))) {
			i++;
			continue;
		}
		if (s[i] < 0x80) {
			output_put(b, str + start, i - start);
			put_control(b, s[i]);
			start = ++i;
			continue;
		}
		len = utf8_sequence(s + i, n - i);
		if (len == 3 && is_layout_control(s + i)) {
			output_put(b, str + start, i - start);
			put_wide_control(b, s + i);
			start = i += 3;
			continue;
		}
		/* C1 controls (U+0080 to U+009F) drive terminals just as ESC does. */
		if (len == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0) {
			output_put(b, str + start, i - start);
			put_control(b, s[i + 1]);
			start = i += 2;
		} else if (len > 0) {
			i += (size_t)len;
		} else {
			output_put(b, str + start, i - start);
			output_put_lit(b, "\xef\xbf\xbd");
			start = i += (size_t)-len;
		}
	}
	output_put(b, str + start, n - start);
}

void output_put_json_string(struct output_buffer *b, const char *s, size_t n)
{
	output_put_lit(b, "\"");
	output_put_escaped(b, s, n);
	output_put_lit(b, "\"");
}
