/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of values. See template.h. A word (a run of letters and digits) varies when it
 * is a number, hexadecimal of six characters and more with both kinds in it, or mixes
 * capitals, small letters and digits as mktemp and pod names do. Addresses do not vary,
 * but for the client's port of a connection.
 */
#include <ctype.h>

#include "template.h"

#define NUMBER '\x01'
#define HEX '\x02' /* TEMPLATE_HEX */
#define RANDOM '\x03'
#define CONTROL '\x04' /* a control character of the value itself */

#define MIN_RANDOM 6

static bool is_hex(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)p[i]) && !(p[i] >= 'a' && p[i] <= 'f'))
			return false;
	}
	return true;
}

struct classes {
	size_t upper, lower, digits, changes;
};

static void count_classes(const char *p, size_t n, struct classes *c)
{
	int last = 0;

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < n; i++) {
		int kind = isdigit((unsigned char)p[i]) ? 1 : isupper((unsigned char)p[i]) ? 2 : 3;

		c->digits += kind == 1;
		c->upper += kind == 2;
		c->lower += kind == 3;
		c->changes += last && kind != last;
		last = kind;
	}
}

/* A word as nobody would choose it: its kinds change often. */
static bool is_random(const char *p, size_t n)
{
	struct classes c;

	if (n < MIN_RANDOM)
		return false;
	count_classes(p, n, &c);
	return c.changes >= 3 && (c.digits || (c.upper > 1 && c.lower > 1));
}

/* Pod names end in five of these; kept apart since they are short. */
static bool is_pod_suffix(const char *start, const char *p, size_t n)
{
	struct classes c;

	if (n != 5 || p == start || p[-1] != '-')
		return false;
	count_classes(p, n, &c);
	return c.digits && c.lower && !c.upper && c.changes >= 2;
}

/* Letters as they are, digits as a number: "job12" and "job7" are of one frame. */
static bool put_word(struct textbuf *out, const char *start, const char *p, size_t n)
{
	struct classes c;
	char mark;

	count_classes(p, n, &c);
	if (!c.digits && !is_random(p, n)) {
		textbuf_put(out, p, n);
		return false;
	}
	mark = c.digits == n				       ? NUMBER
	       : n >= MIN_RANDOM && is_hex(p, n) && c.lower    ? HEX
	       : is_random(p, n) || is_pod_suffix(start, p, n) ? RANDOM
							       : 0;
	if (mark) {
		textbuf_put(out, &mark, 1);
		return true;
	}
	for (size_t i = 0; i < n;) {
		size_t k = i;

		while (k < n && isdigit((unsigned char)p[k]))
			k++;
		mark = NUMBER;
		if (k > i)
			textbuf_put(out, &mark, 1);
		else
			textbuf_put(out, p + k++, 1);
		i = k;
	}
	return true;
}

/* The bytes of an IPv4 address at p; 0 = none is there. */
static size_t address_len(const char *p, const char *end)
{
	const char *s = p;

	for (int part = 0; part < 4; part++) {
		const char *digits = s;

		while (s < end && isdigit((unsigned char)*s))
			s++;
		if (s == digits || s - digits > 3)
			return 0;
		if (part < 3 && (s == end || *s++ != '.'))
			return 0;
	}
	return s < end && (isalnum((unsigned char)*s) || *s == '.') ? 0 : (size_t)(s - p);
}

/* ":443", which is what a server is; a client's is any, and stands before "->". */
static size_t port_len(const char *p, const char *end, bool *ret_client)
{
	const char *s = p + 1;

	*ret_client = false;
	if (p == end || *p != ':')
		return 0;
	while (s < end && isdigit((unsigned char)*s))
		s++;
	*ret_client = end - s >= 2 && s[0] == '-' && s[1] == '>';
	return s > p + 1 ? (size_t)(s - p) : 0;
}

bool template_of(struct text value, struct textbuf *out)
{
	const char *p = value.p, *end = value.p + value.len;
	bool varies = false, client;

	out->len = 0;
	while (p < end) {
		bool at_start = p == value.p || !isalnum((unsigned char)p[-1]);
		size_t n = at_start ? address_len(p, end) : 0;

		if (n) {
			size_t port = port_len(p + n, end, &client);

			textbuf_put(out, p, client ? n + 1 : n + port);
			if (client)
				textbuf_put(out, &(char){NUMBER}, 1);
			varies |= client;
			p += n + port;
			continue;
		}
		while (p + n < end && isalnum((unsigned char)p[n]))
			n++;
		if (n) {
			varies |= put_word(out, value.p, p, n);
			p += n;
		} else {
			textbuf_put(out, (unsigned char)*p < 32 ? &(char){CONTROL} : p, 1);
			p++;
		}
	}
	return varies;
}

void template_regex(struct text frame, struct textbuf *out)
{
	for (uint32_t i = 0; i < frame.len; i++) {
		char c = frame.p[i];

		if (c == NUMBER)
			textbuf_puts(out, "[0-9]+");
		else if (c == HEX)
			textbuf_puts(out, "[0-9a-f]+");
		else if (c == RANDOM)
			textbuf_puts(out, "[0-9A-Za-z]+");
		else if ((unsigned char)c < 32)
			textbuf_puts(out, "[^ -~]");
		else if (strchr("\\^\"'", c)) /* would need a backslash, or ends the quotes */
			textbuf_puts(out, ".");
		else if (strchr(".+*?()|[]{}$", c))
			textbuf_printf(out, "[%c]", c);
		else
			textbuf_put(out, &c, 1);
	}
}

void template_show(struct text frame, struct textbuf *out)
{
	for (uint32_t i = 0; i < frame.len; i++) {
		char c = frame.p[i];

		if (c == NUMBER)
			textbuf_puts(out, "<number>");
		else if (c == HEX)
			textbuf_puts(out, "<hex>");
		else if (c == RANDOM)
			textbuf_puts(out, "<random>");
		else
			textbuf_put(out, (unsigned char)c < 32 ? "?" : &c, 1);
	}
}
