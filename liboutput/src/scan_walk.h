/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over one line of JSON, included once for each kind of processor: the
 * including file defines SCAN_TARGET (attributes), SCAN_FN (the name) and
 * scan_stop(p, end), the first byte at or after p that can end or break a string
 * (a quote, a backslash, a control character), or end.
 *
 * A newline is a control character and no white space here, so a line needs not be
 * measured before it is walked. Nothing recurses: nesting is a stack of bits.
 */
#ifndef SAKER_OUTPUT_SCAN_WALK_H
#define SAKER_OUTPUT_SCAN_WALK_H

struct scan_walk {
	struct saker_alert_scanner *scanner;
	const char *p;
	const char *end;
	enum saker_scan_error error;
};

static inline SCAN_TARGET bool scan_fail(struct scan_walk *w, enum saker_scan_error error)
{
	/* A line that ends is truncated, whatever was expected there. */
	w->error = w->p >= w->end || *w->p == '\n' ? SAKER_SCAN_TRUNCATED : error;
	return false;
}

static inline SCAN_TARGET void scan_blank(struct scan_walk *w)
{
	/* Mostly there is none, and then one comparison says so. */
	while (w->p < w->end && unlikely((unsigned char)*w->p <= ' ') &&
	       (*w->p == ' ' || *w->p == '\t' || *w->p == '\r'))
		w->p++;
}

static inline bool scan_hex4(const char *p)
{
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)p[i] | 0x20;

		if (!((p[i] >= '0' && p[i] <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

/* p is at a backslash; on return after the escape. */
static SCAN_TARGET bool scan_escape(struct scan_walk *w)
{
	const char *p = w->p;

	w->p++;
	if (w->end - p < 2)
		return scan_fail(w, SAKER_SCAN_TRUNCATED);
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		w->p = p + 2;
		return true;
	case 'u':
		if (w->end - p >= 6 && scan_hex4(p + 2)) {
			w->p = p + 6;
			return true;
		}
		while (w->p < w->end && w->p < p + 6 && *w->p != '\n' && *w->p != '"')
			w->p++;
		return scan_fail(w, SAKER_SCAN_ESCAPE);
	default:
		return scan_fail(w, SAKER_SCAN_ESCAPE);
	}
}

/* p is after the opening quote; on return after the closing one. */
static inline SCAN_TARGET bool scan_string(struct scan_walk *w, struct saker_json_slice *ret)
{
	const char *start = w->p;

	ret->escaped = 0;
	for (;;) {
		w->p = scan_stop(w->p, w->end);
		if (unlikely(w->p >= w->end))
			return scan_fail(w, SAKER_SCAN_TRUNCATED);
		if (likely(*w->p == '"'))
			break;
		if (*w->p != '\\')
			return scan_fail(w, SAKER_SCAN_CONTROL);
		ret->escaped = 1;
		if (!scan_escape(w))
			return false;
	}
	ret->text = start;
	ret->len = (uint32_t)(w->p - start);
	ret->kind = SAKER_JSON_STRING;
	w->p++;
	return true;
}

static inline SCAN_TARGET const char *scan_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static inline SCAN_TARGET bool scan_number(struct scan_walk *w)
{
	const char *p = w->p, *from;

	if (*p == '-')
		p++;
	from = p;
	p = scan_digits(p, w->end);
	w->p = p;
	if (p == from || (*from == '0' && p > from + 1))
		return scan_fail(w, SAKER_SCAN_NUMBER);
	if (p < w->end && *p == '.') {
		from = p + 1;
		p = w->p = scan_digits(from, w->end);
		if (p == from)
			return scan_fail(w, SAKER_SCAN_NUMBER);
	}
	if (p < w->end && (*p | 0x20) == 'e') {
		from = p + 1;
		if (from < w->end && (*from == '+' || *from == '-'))
			from++;
		p = w->p = scan_digits(from, w->end);
		if (p == from)
			return scan_fail(w, SAKER_SCAN_NUMBER);
	}
	return true;
}

static inline SCAN_TARGET bool scan_word(struct scan_walk *w, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++, w->p++) {
		if (w->p >= w->end || *w->p != word[i])
			return scan_fail(w, SAKER_SCAN_SYNTAX);
	}
	return true;
}

static inline bool scan_ends_scalar(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ';
}

/* One digit or null, which most are that are no strings; false = look closer. */
static inline SCAN_TARGET bool scan_short(struct scan_walk *w, struct saker_json_slice *ret)
{
	const char *p = w->p;
	uint32_t len;

	if (unlikely(w->end - p < 5))
		return false;
	len = *p >= '0' && *p <= '9' ? 1 : 4;
	if ((len == 4 && memcmp(p, "null", 4) != 0) || !scan_ends_scalar(p[len]))
		return false;
	*ret = (struct saker_json_slice){p, len, len == 1 ? SAKER_JSON_NUMBER : SAKER_JSON_NULL, 0};
	w->p = p + len;
	return true;
}

/* Any other number or word; p is at its first byte. */
static SCAN_TARGET bool scan_long(struct scan_walk *w, struct saker_json_slice *ret)
{
	const char *start = w->p;
	bool good;

	if (unlikely(w->p >= w->end))
		return scan_fail(w, SAKER_SCAN_TRUNCATED);
	switch (*w->p) {
	case 't':
		ret->kind = SAKER_JSON_TRUE;
		good = scan_word(w, "true", 4);
		break;
	case 'f':
		ret->kind = SAKER_JSON_FALSE;
		good = scan_word(w, "false", 5);
		break;
	case 'n':
		ret->kind = SAKER_JSON_NULL;
		good = scan_word(w, "null", 4);
		break;
	case '-':
	case '0' ... '9':
		ret->kind = SAKER_JSON_NUMBER;
		good = scan_number(w);
		break;
	default:
		return scan_fail(w, SAKER_SCAN_SYNTAX);
	}
	ret->text = start;
	ret->len = (uint32_t)(w->p - start);
	ret->escaped = 0;
	return good;
}

/* A value that is no container; p is at its first byte. */
static inline SCAN_TARGET bool scan_scalar(struct scan_walk *w, struct saker_json_slice *ret)
{
	if (likely(w->p < w->end && *w->p == '"')) {
		w->p++;
		return scan_string(w, ret);
	}
	return scan_short(w, ret) || scan_long(w, ret);
}

/* A key and its colon; p is then at the value. */
static inline SCAN_TARGET bool scan_name(struct scan_walk *w, struct saker_json_slice *ret_key)
{
	if (unlikely(w->p >= w->end || *w->p != '"'))
		return scan_fail(w, SAKER_SCAN_SYNTAX);
	w->p++;
	if (!scan_string(w, ret_key))
		return false;
	scan_blank(w);
	if (unlikely(w->p >= w->end || *w->p != ':'))
		return scan_fail(w, SAKER_SCAN_SYNTAX);
	w->p++;
	scan_blank(w);
	return true;
}

/*
 * After a value inside a container: 1 = another one follows (p at it or its key), 0 =
 * the container is closed (p after it), -1 = broken.
 */
static inline SCAN_TARGET int scan_after(struct scan_walk *w, char close)
{
	scan_blank(w);
	if (unlikely(w->p >= w->end)) {
		scan_fail(w, SAKER_SCAN_TRUNCATED);
		return -1;
	}
	if (*w->p == ',') {
		w->p++;
		scan_blank(w);
		return 1;
	}
	if (likely(*w->p == close)) {
		w->p++;
		return 0;
	}
	scan_fail(w, SAKER_SCAN_SYNTAX);
	return -1;
}

static inline SCAN_TARGET bool scan_empty(struct scan_walk *w, char close)
{
	scan_blank(w);
	if (w->p < w->end && *w->p == close) {
		w->p++;
		return true;
	}
	return false;
}

static inline SCAN_TARGET bool scan_is_container(const struct scan_walk *w)
{
	return w->p < w->end && (*w->p == '{' || *w->p == '[');
}

/* Opens the container at p as number `depth`; 1 = it has a first value (p at it or its key). */
static inline SCAN_TARGET int scan_open(struct scan_walk *w, uint32_t depth, bool *ret_object)
{
	bool object = *w->p == '{';

	if (unlikely(depth >= SAKER_SCAN_MAX_DEPTH)) {
		w->error = SAKER_SCAN_DEPTH;
		return -1;
	}
	w->p++;
	if (scan_empty(w, object ? '}' : ']'))
		return 0;
	if (object)
		w->scanner->stack[depth / 64] |= UINT64_C(1) << (depth % 64);
	else
		w->scanner->stack[depth / 64] &= ~(UINT64_C(1) << (depth % 64));
	*ret_object = object;
	return 1;
}

#ifdef SCAN_FLAT
#include "scan_flat.h"
#endif

/*
 * Past a container, checking all of it. `above` is how many are open around it, for
 * the bound on depth.
 */
static SCAN_TARGET bool scan_container(struct scan_walk *w, uint32_t above)
{
	struct saker_json_slice ignored;
	uint32_t depth = above;
	bool object = false;
	int r;

#ifdef SCAN_FLAT
	if (likely(above < SAKER_SCAN_MAX_DEPTH) && scan_flat(w))
		return true;
#endif
	r = scan_open(w, depth, &object);
	if (r <= 0)
		return r == 0;
	for (;;) {
		if (object && !scan_name(w, &ignored))
			return false;
		if (scan_is_container(w)) {
			r = scan_open(w, depth + 1, &object);
			if (r < 0)
				return false;
			if (r > 0) {
				depth++;
				continue;
			}
		} else if (!scan_scalar(w, &ignored)) {
			return false;
		}
		while ((r = scan_after(w, object ? '}' : ']')) == 0) {
			if (depth == above)
				return true;
			depth--;
			object = w->scanner->stack[depth / 64] >> (depth % 64) & 1;
		}
		if (r < 0)
			return false;
	}
}

static inline SCAN_TARGET bool scan_value(struct scan_walk *w, uint32_t above,
					  struct saker_json_slice *ret)
{
	const char *start = w->p;

	if (!scan_is_container(w))
		return scan_scalar(w, ret);
	if (!scan_container(w, above))
		return false;
	ret->text = start;
	ret->len = (uint32_t)(w->p - start);
	ret->kind = *start == '{' ? SAKER_JSON_OBJECT : SAKER_JSON_ARRAY;
	ret->escaped = 0;
	return true;
}

/* Where the value of a wanted key goes; NULL = it is not wanted. */
static inline SCAN_TARGET struct saker_json_slice *scan_wanted(struct scan_walk *w,
							       const struct saker_json_slice *key)
{
	struct saker_alert_scanner *s = w->scanner;
	char buf[SCAN_LENGTHS * 16];
	const char *name = key->text;
	size_t len = key->len;
	uint32_t i;

	if (unlikely(key->escaped)) {
		len = output_scan_key(name, len, buf, sizeof(buf));
		if (len > sizeof(buf))
			return NULL;
		name = buf;
	}
	if (!(s->lengths >> MIN(len, SCAN_LENGTHS - 1) & 1))
		return NULL;
	i = output_scan_find(s, name, len);
	return i ? &s->values[i - 1] : NULL;
}

/* output_fields, an object at p, with what is wanted of it. */
static SCAN_TARGET bool scan_fields(struct scan_walk *w)
{
	struct saker_alert_scanner *s = w->scanner;
	struct saker_json_slice key, ignored, *value;
	int r;

	w->p++;
	if (scan_empty(w, '}'))
		return true;
	do {
		if (!scan_name(w, &key))
			return false;
		value = s->n_fields ? scan_wanted(w, &key) : NULL;
		if (!scan_value(w, 2, value ? value : &ignored))
			return false;
		r = scan_after(w, '}');
	} while (r > 0);
	return r == 0;
}

static inline SCAN_TARGET struct saker_json_slice *scan_slot(struct saker_scanned *ret,
							     const struct saker_json_slice *key)
{
	char buf[64];
	size_t len;

	if (likely(!key->escaped))
		return output_scan_slot(ret, key->text, key->len);
	len = output_scan_key(key->text, key->len, buf, sizeof(buf));
	return len <= sizeof(buf) ? output_scan_slot(ret, buf, len) : NULL;
}

/* The alert itself; p is at its brace. */
static SCAN_TARGET bool scan_alert(struct scan_walk *w, struct saker_scanned *ret)
{
	struct saker_json_slice key, ignored, *slot;
	int r;

	w->p++;
	if (scan_empty(w, '}'))
		return true;
	do {
		if (!scan_name(w, &key))
			return false;
		slot = scan_slot(ret, &key);
		if (slot == &ret->output_fields && w->scanner->n_fields) {
			const char *start = w->p;

			/* What an earlier one said is void. */
			memset(w->scanner->values, 0,
			       w->scanner->n_fields * sizeof(*w->scanner->values));
			if (w->p < w->end && *w->p == '{') {
				if (!scan_fields(w))
					return false;
				*slot = (struct saker_json_slice){start, (uint32_t)(w->p - start),
								  SAKER_JSON_OBJECT, 0};
				r = scan_after(w, '}');
				continue;
			}
		}
		if (!scan_value(w, 1, slot ? slot : &ignored))
			return false;
		r = scan_after(w, '}');
	} while (r > 0);
	return r == 0;
}

/* After the object: nothing but blanks until the line ends. */
static inline SCAN_TARGET bool scan_tail(struct scan_walk *w)
{
	scan_blank(w);
	if (w->p >= w->end || *w->p == '\n')
		return true;
	w->error = SAKER_SCAN_TRAILING;
	return false;
}

SCAN_TARGET size_t SCAN_FN(struct saker_alert_scanner *scanner, const char *data, size_t len,
			   struct saker_scanned *ret)
{
	struct scan_walk w = {scanner, data, data + len, SAKER_SCAN_OK};
	const char *newline;

	if (scanner->n_fields)
		memset(scanner->values, 0, scanner->n_fields * sizeof(*scanner->values));
	if (likely(scan_alert(&w, ret) && scan_tail(&w))) {
		ret->kind = ret->rule.kind && ret->output_fields.kind ? SAKER_LINE_ALERT
								      : SAKER_LINE_JSON;
		ret->len = (uint32_t)(w.p - data);
		return ret->len + (w.p < w.end);
	}
	/* What was found of it is half-filled. */
	memset(&ret->rule, 0,
	       offsetof(struct saker_scanned, fields) - offsetof(struct saker_scanned, rule));
	memset(scanner->values, 0, scanner->n_fields * sizeof(*scanner->values));
	ret->kind = SAKER_LINE_BROKEN;
	ret->error = w.error;
	ret->error_at = (uint32_t)(w.p - data);
	newline = w.p < w.end ? memchr(w.p, '\n', (size_t)(w.end - w.p)) : NULL;
	ret->len = (uint32_t)((newline ? newline : w.end) - data);
	return ret->len + (newline != NULL);
}

#endif /* SAKER_OUTPUT_SCAN_WALK_H */
