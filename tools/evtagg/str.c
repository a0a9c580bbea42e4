/* SPDX-License-Identifier: Apache-2.0 */
/* Slices and growing texts, and text that is safe on a terminal. */
#include <stdarg.h>
#include <wchar.h>

#include "common/utf8.h"
#include "str.h"

int text_cmp(struct text a, struct text b)
{
	size_t n = MIN(a.len, b.len);
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : a.len < b.len ? -1 : a.len > b.len;
}

int strings_add(struct strings *s, const char *text)
{
	if (GROW(s->v, s->n, s->capacity) < 0)
		return -ENOMEM;
	s->v[s->n++] = text;
	return 0;
}

void strings_fini(struct strings *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

/* ---- growing ------------------------------------------------------------------- */

static bool reserve(struct textbuf *b, size_t n)
{
	size_t capacity = b->capacity ? b->capacity : 256;
	char *p;

	if (b->failed || n >= SIZE_MAX / 4 - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + n < b->capacity)
		return true;
	while (capacity <= b->len + n)
		capacity *= 2;
	p = realloc(b->p, capacity);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->capacity = capacity;
	return true;
}

void textbuf_put(struct textbuf *b, const char *p, size_t n)
{
	if (!reserve(b, n + 1))
		return;
	if (n)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void textbuf_puts(struct textbuf *b, const char *s)
{
	textbuf_put(b, s, strlen(s));
}

void textbuf_printf(struct textbuf *b, const char *format, ...)
{
	char small[256];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(small, sizeof(small), format, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
	} else if ((size_t)n < sizeof(small)) {
		textbuf_put(b, small, (size_t)n);
	} else if (reserve(b, (size_t)n + 1)) {
		va_start(ap, format);
		vsnprintf(b->p + b->len, (size_t)n + 1, format, ap);
		va_end(ap);
		b->len += (size_t)n;
	}
}

void textbuf_fini(struct textbuf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

/* ---- one character at a time ------------------------------------------------------ */

/* The code point at p and its bytes; -1 and the bytes of what is one that is broken. */
static int32_t rune_at(const char *p, size_t n, size_t *ret_len)
{
	int len = utf8_sequence(p, n);
	int32_t rune;

	*ret_len = (size_t)(len < 0 ? -len : len);
	if (len < 0)
		return -1;
	if (len == 1)
		return (unsigned char)*p;
	rune = (unsigned char)*p & (0x7f >> len);
	for (int i = 1; i < len; i++)
		rune = rune << 6 | ((unsigned char)p[i] & 0x3f);
	return rune;
}

/* What would control a terminal or make text read other than it is. */
static bool is_control(int32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || (rune >= 0x200e && rune <= 0x200f) ||
	       (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069) ||
	       rune == 0xfeff;
}

/* How one character is shown, and in how many columns; returns the bytes it took of the text. */
static size_t show(const char *p, size_t n, char out[16], size_t *ret_width)
{
	size_t len;
	int32_t rune = rune_at(p, n, &len);
	int width;

	if (rune < 0) {
		snprintf(out, 16, "?");
		*ret_width = 1;
	} else if (is_control(rune)) {
		snprintf(out, 16, rune < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned int)rune);
		*ret_width = strlen(out);
	} else {
		memcpy(out, p, len);
		out[len] = '\0';
		width = rune < 0x80 ? 1 : wcwidth((wchar_t)rune);
		*ret_width = width < 0 ? 1 : (size_t)width;
	}
	return len;
}

void put_text(FILE *out, struct text t)
{
	char shown[16];
	size_t width;

	for (size_t i = 0; i < t.len;) {
		i += show(t.p + i, t.len - i, shown, &width);
		fputs(shown, out);
	}
}

size_t text_width(struct text t)
{
	char shown[16];
	size_t width, sum = 0;

	for (size_t i = 0; i < t.len;) {
		i += show(t.p + i, t.len - i, shown, &width);
		sum += width;
	}
	return sum;
}

size_t put_text_cut(FILE *out, struct text t, size_t width)
{
	bool cut = text_width(t) > width;
	size_t room = cut ? width - MIN(width, 3) : width;
	size_t used = 0, w;
	char shown[16];

	for (size_t i = 0; i < t.len;) {
		i += show(t.p + i, t.len - i, shown, &w);
		if (used + w > room)
			break;
		fputs(shown, out);
		used += w;
	}
	for (; cut && used < width && used < room + 3; used++)
		putc('.', out);
	return used;
}

void textbuf_json(struct textbuf *b, struct text t)
{
	size_t from = 0, len;

	textbuf_put(b, "\"", 1);
	for (size_t i = 0; i < t.len; i += len) {
		int32_t rune = rune_at(t.p + i, t.len - i, &len);

		if (rune >= 0 && !is_control(rune) && rune != '"' && rune != '\\' && rune != '<')
			continue;
		textbuf_put(b, t.p + from, i - from);
		from = i + len;
		if (rune < 0)
			textbuf_puts(b, "\xef\xbf\xbd");
		else if (rune == '"' || rune == '\\')
			textbuf_printf(b, "\\%c", rune);
		else if (rune == '\n')
			textbuf_puts(b, "\\n");
		else
			textbuf_printf(b, "\\u%04x", (unsigned int)rune);
	}
	textbuf_put(b, t.p + from, t.len - from);
	textbuf_put(b, "\"", 1);
}

void put_utf8(FILE *out, struct text t)
{
	size_t from = 0, len;

	for (size_t i = 0; i < t.len; i += len) {
		if (rune_at(t.p + i, t.len - i, &len) >= 0)
			continue;
		fwrite(t.p + from, 1, i - from, out);
		fputs("\xef\xbf\xbd", out);
		from = i + len;
	}
	fwrite(t.p + from, 1, t.len - from, out);
}

void put_json_text(FILE *out, struct text t)
{
	struct textbuf b = {0};

	textbuf_json(&b, t);
	if (!b.failed)
		fwrite(b.p, 1, b.len, out);
	textbuf_fini(&b);
}
