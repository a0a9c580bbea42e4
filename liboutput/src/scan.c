/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner as an object, and what the walks share: names, escapes, UTF-8. The
 * walk itself is scan_walk.h, compiled for each kind of processor.
 */
#include "scan.h"
#include "common/utf8.h"

const char *saker_scan_error_name(enum saker_scan_error error)
{
	static const char *const names[] = {
		[SAKER_SCAN_OK] = "well-formed",
		[SAKER_SCAN_TRUNCATED] = "truncated",
		[SAKER_SCAN_SYNTAX] = "syntax",
		[SAKER_SCAN_CONTROL] = "control character in a string",
		[SAKER_SCAN_ESCAPE] = "unknown escape",
		[SAKER_SCAN_NUMBER] = "malformed number",
		[SAKER_SCAN_DEPTH] = "nested too deep",
		[SAKER_SCAN_TRAILING] = "text after the object",
		[SAKER_SCAN_UTF8] = "invalid UTF-8",
		[SAKER_SCAN_TOO_LONG] = "line too long",
	};

	return (size_t)error < ARRAY_SIZE(names) ? names[error] : "?";
}

/* ---- strings ---------------------------------------------------------------- */

static uint32_t hex4(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t c = (unsigned char)p[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

struct sink {
	char *buf;
	size_t size;
	size_t len;
};

static void put_byte(struct sink *s, char c)
{
	if (s->len < s->size)
		s->buf[s->len] = c;
	s->len++;
}

static void put_rune(struct sink *s, uint32_t rune)
{
	if (rune < 0x80) {
		put_byte(s, (char)rune);
	} else if (rune < 0x800) {
		put_byte(s, (char)(0xc0 | rune >> 6));
		put_byte(s, (char)(0x80 | (rune & 0x3f)));
	} else if (rune < 0x10000) {
		put_byte(s, (char)(0xe0 | rune >> 12));
		put_byte(s, (char)(0x80 | (rune >> 6 & 0x3f)));
		put_byte(s, (char)(0x80 | (rune & 0x3f)));
	} else {
		put_byte(s, (char)(0xf0 | rune >> 18));
		put_byte(s, (char)(0x80 | (rune >> 12 & 0x3f)));
		put_byte(s, (char)(0x80 | (rune >> 6 & 0x3f)));
		put_byte(s, (char)(0x80 | (rune & 0x3f)));
	}
}

/* p is after "\u", at four hex digits; returns where to go on. */
static const char *take_unicode(const char *p, const char *end, struct sink *s)
{
	uint32_t rune = hex4(p), low;

	p += 4;
	if (rune < 0xd800 || rune > 0xdfff) {
		put_rune(s, rune);
		return p;
	}
	if (rune < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
		low = hex4(p + 2);
		if (low >= 0xdc00 && low <= 0xdfff) {
			put_rune(s, 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00));
			return p + 6;
		}
	}
	put_rune(s, 0xfffd);
	return p;
}

static char escape_char(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

size_t output_utf8_check(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;

	while (i < len) {
		int n;

		while (len - i >= 8) {
			uint64_t v;

			memcpy(&v, p + i, 8);
			if (v & UINT64_C(0x8080808080808080))
				break;
			i += 8;
		}
		if (i == len)
			break;
		n = utf8_sequence(p + i, len - i);
		if (n < 0)
			return i;
		i += (size_t)n;
	}
	return len;
}

static const char *take_plain(const char *p, const char *end, struct sink *s)
{
	int n = utf8_sequence(p, (size_t)(end - p));

	if (n < 0) {
		put_rune(s, 0xfffd);
		return p - n;
	}
	for (int i = 0; i < n; i++)
		put_byte(s, p[i]);
	return p + n;
}

size_t saker_json_unescape(const struct saker_json_slice *value, char *buf, size_t size)
{
	struct sink s = {buf, buf ? size : 0, 0};
	const char *p, *end;

	if (!value || !value->text)
		return 0;
	p = value->text;
	end = p + value->len;
	while (p < end) {
		if (*p != '\\' || end - p < 2 || value->kind != SAKER_JSON_STRING) {
			p = take_plain(p, end, &s);
		} else if (p[1] == 'u' && end - p >= 6) {
			p = take_unicode(p + 2, end, &s);
		} else {
			put_byte(&s, escape_char(p[1]));
			p += 2;
		}
	}
	return s.len;
}

size_t output_scan_key(const char *text, size_t len, char *buf, size_t size)
{
	struct saker_json_slice key = {text, (uint32_t)len, SAKER_JSON_STRING, 1};
	size_t n = saker_json_unescape(&key, buf, size);

	return n > size ? SIZE_MAX : n;
}

/* ---- names ------------------------------------------------------------------- */

uint32_t output_scan_find(const struct saker_alert_scanner *scanner, const char *name, size_t len)
{
	uint32_t i = scanner->by_length[MIN(len, SCAN_LENGTHS - 1)];

	while (i) {
		const struct scan_name *n = &scanner->names[i - 1];

		if (n->len == len && memcmp(n->text, name, len) == 0)
			return i;
		i = n->next;
	}
	return 0;
}

struct saker_json_slice *output_scan_slot(struct saker_scanned *ret, const char *key, size_t len)
{
#define IS(word) (memcmp(key, word, sizeof(word) - 1) == 0)
	switch (len) {
	case 4:
		return IS("rule")   ? &ret->rule
		       : IS("time") ? &ret->time
		       : IS("tags") ? &ret->tags
				    : NULL;
	case 6:
		return IS("output") ? &ret->output : IS("source") ? &ret->source : NULL;
	case 7:
		return IS("message") ? &ret->message : NULL;
	case 8:
		return IS("priority") ? &ret->priority : IS("hostname") ? &ret->hostname : NULL;
	case 13:
		return IS("output_fields") ? &ret->output_fields : NULL;
	default:
		return NULL;
	}
#undef IS
}

/* ---- the object -------------------------------------------------------------- */

static int add_names(struct saker_alert_scanner *s, const char *const *fields, uint32_t n)
{
	s->names = calloc((size_t)n + 1, sizeof(*s->names));
	s->values = calloc((size_t)n + 1, sizeof(*s->values));
	if (!s->names || !s->values)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct scan_name *name = &s->names[i];
		size_t slot;
		char *copy;

		if (!fields[i])
			return -EINVAL;
		copy = strdup(fields[i]);
		if (!copy)
			return -ENOMEM;
		name->text = copy;
		name->len = (uint32_t)strlen(copy);
		slot = MIN(name->len, SCAN_LENGTHS - 1);
		s->n_fields = i + 1;
		if (output_scan_find(s, copy, name->len))
			return -EEXIST; /* the second would never get a value */
		name->next = s->by_length[slot];
		s->by_length[slot] = i + 1;
		s->lengths |= UINT64_C(1) << slot;
	}
	return 0;
}

static void choose(struct saker_alert_scanner *s, uint8_t level)
{
	s->scan = output_scan_portable;
#if defined(__x86_64__)
	if (level == 0 || level >= 2)
		s->scan = output_scan_sse2;
	if ((level == 0 || level >= 3) && __builtin_cpu_supports("avx2") &&
	    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("pclmul"))
		s->scan = output_scan_avx2;
#endif
}

int saker_alert_scanner_new(const struct saker_scan_options *options,
			    struct saker_alert_scanner **ret_scanner)
{
	static const struct saker_scan_options defaults = SAKER_SCAN_OPTIONS_INIT;
	struct saker_alert_scanner *s;
	int r;

	if (!options)
		options = &defaults;
	if (!ret_scanner || options->size != sizeof(*options) ||
	    (options->n_fields && !options->fields))
		return -EINVAL;
	if (options->n_fields > SAKER_SCAN_MAX_FIELDS)
		return -E2BIG;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->strict = options->strict;
	choose(s, options->level);
	r = add_names(s, options->fields, options->n_fields);
	if (r < 0) {
		saker_alert_scanner_free(s);
		return r;
	}
	*ret_scanner = s;
	return 0;
}

struct saker_alert_scanner *saker_alert_scanner_free(struct saker_alert_scanner *scanner)
{
	if (!scanner)
		return NULL;
	for (uint32_t i = 0; scanner->names && i < scanner->n_fields; i++)
		free((char *)scanner->names[i].text);
	free(scanner->names);
	free(scanner->values);
	free(scanner);
	return NULL;
}

static size_t take_text(const char *data, size_t len, struct saker_scanned *ret)
{
	const char *newline = memchr(data, '\n', len);

	ret->kind = SAKER_LINE_TEXT;
	ret->len = (uint32_t)(newline ? (size_t)(newline - data) : len);
	return ret->len + (newline != NULL);
}

/* A line that 31 bits cannot count the bytes of. */
static size_t take_long(const char *data, size_t len, struct saker_scanned *ret)
{
	const char *newline = memchr(data, '\n', len);

	ret->kind = *data == '{' ? SAKER_LINE_BROKEN : SAKER_LINE_TEXT;
	ret->error = *data == '{' ? SAKER_SCAN_TOO_LONG : SAKER_SCAN_OK;
	ret->len = SAKER_SCAN_MAX_LINE;
	return newline ? (size_t)(newline - data) + 1 : len;
}

size_t saker_alert_scan(struct saker_alert_scanner *scanner, const char *data, size_t len,
			struct saker_scanned *ret)
{
	size_t taken, bad;

	if (!scanner || !data || !ret || !len)
		return 0;
	memset(ret, 0, sizeof(*ret));
	ret->line = data;
	ret->fields = scanner->values;
	ret->n_fields = scanner->n_fields;
	if (unlikely(len > SAKER_SCAN_MAX_LINE)) {
		if (!memchr(data, '\n', SAKER_SCAN_MAX_LINE))
			return take_long(data, len, ret);
		len = SAKER_SCAN_MAX_LINE;
	}
	if (*data != '{')
		return take_text(data, len, ret);
	taken = scanner->scan(scanner, data, len, ret);
	if (scanner->strict && ret->kind != SAKER_LINE_BROKEN) {
		bad = output_utf8_check(data, ret->len);
		if (bad < ret->len) {
			ret->kind = SAKER_LINE_BROKEN;
			ret->error = SAKER_SCAN_UTF8;
			ret->error_at = (uint32_t)bad;
		}
	}
	return taken;
}
