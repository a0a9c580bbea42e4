/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Past a container that has no other inside, which is how Falco writes output_fields and
 * tags: sixty-four bytes at a time, as bits. It holds all of it against the grammar, as
 * the walk does; what it does not take (a tab between two values, a nested container, any
 * mistake) it leaves to the walk, which knows what is wrong.
 *
 * Of each token it must be known whether a separator came before it: values start behind
 * separators, nothing else does. And of the separators of an object every other one is a
 * colon, from the first on; numbers and words stand behind colons only.
 *
 * The including file defines struct scan_vector, struct scan_bytes, scan_load(), scan_is()
 * and scan_control(), which tell of sixty-four bytes which of them are that. The way from
 * quotes to "inside a string" is simdjson's (Langdale, Lemire, 2019).
 */
#ifndef SAKER_OUTPUT_SCAN_FLAT_H
#define SAKER_OUTPUT_SCAN_FLAT_H

/* What one block leaves to the next: bits that were shifted out; all ones or none where it says so.
 */
struct scan_flat {
	uint64_t escaped;    /* the first byte is escaped */
	uint64_t in_string;  /* all */
	uint64_t value_next; /* all: the last separator was a colon */
	uint64_t may_start;  /* the last token was a separator, or the opening bracket */
	uint64_t scalar;     /* the last byte was part of a number or word */
};

/* Registers that stay filled: the compiler would fill them again for each block. */
static inline SCAN_TARGET struct scan_bytes scan_bytes_init(void)
{
	return (struct scan_bytes){
		.quote = scan_byte('"'),
		.slash = scan_byte('\\'),
		.blank = scan_byte(' '),
		.comma = scan_byte(','),
		.colon = scan_byte(':'),
		.open = scan_byte('{'),
		.close = scan_byte('}'),
	};
}

/* Bytes behind a backslash that is not itself escaped. */
static inline SCAN_TARGET uint64_t scan_escaped(uint64_t slash, uint64_t *carry)
{
	const uint64_t even = UINT64_C(0x5555555555555555);
	uint64_t follows, odd_starts, even_carries;

	slash &= ~*carry;
	follows = slash << 1 | *carry;
	odd_starts = slash & ~even & ~follows;
	*carry = __builtin_add_overflow(odd_starts, slash, &even_carries);
	return (even ^ (even_carries << 1)) & follows;
}

/* The first byte that is no blank behind each; over a run of blanks it is carried by adding. */
static inline SCAN_TARGET uint64_t scan_behind(uint64_t bits, uint64_t blank, uint64_t *carry)
{
	uint64_t next = bits << 1 | *carry, over;

	*carry = bits >> 63;
	if (likely(!blank))
		return next;
	*carry |= __builtin_add_overflow(blank, next & blank, &over);
	return (over | next) & ~blank;
}

static inline SCAN_TARGET uint64_t scan_spread(uint64_t bits)
{
	return (uint64_t)((int64_t)bits >> 63);
}

/* Each escape that starts at one of these bits is one there is. */
static SCAN_TARGET bool scan_flat_escapes(const char *p, const char *end, uint64_t starts)
{
	for (; starts; starts &= starts - 1) {
		struct scan_walk w = {.p = p + __builtin_ctzll(starts), .end = end};

		if (!scan_escape(&w))
			return false;
	}
	return true;
}

/* Each number or word that starts at one of these bits is one, and ends where it should. */
static inline SCAN_TARGET bool scan_flat_scalars(const char *p, const char *end, uint64_t starts)
{
	struct saker_json_slice ignored;

	for (; starts; starts &= starts - 1) {
		struct scan_walk w = {.p = p + __builtin_ctzll(starts), .end = end};

		if (scan_short(&w, &ignored))
			continue;
		if (!scan_long(&w, &ignored) || w.p >= w.end || !scan_ends_scalar(*w.p))
			return false;
	}
	return true;
}

/*
 * A block with something outside strings. `in` are the bytes inside strings, with what is
 * behind the container's end. Whether all of it may stand where it does.
 */
static inline SCAN_TARGET bool scan_flat_tokens(struct scan_flat *f, const char *p, const char *end,
						bool object, uint64_t in, uint64_t quote,
						uint64_t comma, uint64_t colon, uint64_t blank,
						uint64_t close)
{
	uint64_t separator = comma | colon, closing = quote & ~in, value_next = f->value_next;
	uint64_t scalar = ~(in | closing | separator | blank | close);
	uint64_t starts = scalar & ~(scalar << 1 | f->scalar);
	uint64_t wrong;

	wrong = scan_behind(separator, blank, &f->may_start) ^ ((quote & in) | starts);
	f->scalar = scalar >> 63;
	if (object) {
		value_next ^= scan_prefix_xor(separator);
		f->value_next = scan_spread(value_next);
		wrong |= ((separator & value_next) ^ colon) | ((starts | close) & ~value_next);
	} else {
		wrong |= colon;
	}
	if (unlikely(wrong))
		return false;
	return !starts || scan_flat_scalars(p, end, starts);
}

/* p is at the container's bracket; behind it when true is returned. */
static SCAN_TARGET bool scan_flat(struct scan_walk *w)
{
	const struct scan_bytes is = scan_bytes_init();
	struct scan_flat f = {.may_start = 1};
	bool object = *w->p == '{';

	for (const char *p = w->p + 1; w->end - p >= 64; p += 64) {
		struct scan_vector v = scan_load(p);
		uint64_t quote = scan_is(v, is.quote), slash = scan_is(v, is.slash);
		uint64_t control = scan_control(v, is.blank), brackets, close, in;

		if (unlikely(slash | f.escaped)) {
			uint64_t escaped = scan_escaped(slash, &f.escaped);

			quote &= ~escaped;
			if (!scan_flat_escapes(p, w->end, slash & ~escaped))
				return false;
		}
		in = scan_prefix_xor(quote) ^ f.in_string;
		f.in_string = scan_spread(in);
		if (~in == 0 && !(quote | control))
			continue; /* in the middle of a string */
		/* { and [, } and ] differ in one bit, which no other byte of theirs has. */
		close = scan_is_either(v, is.close) & ~in;
		brackets = scan_is_either(v, is.open) & ~in;
		if (unlikely(close)) {
			/* Only what comes before it is ours; the rest is nothing, as in a string.
			 */
			uint64_t behind = ~(close ^ (close - 1));

			close &= -close;
			quote &= ~behind;
			brackets &= ~behind;
			control &= ~behind;
			if (unlikely(control & in))
				return false;
			in |= behind;
		}
		if (unlikely((control & in) | brackets))
			return false;
		if (!scan_flat_tokens(&f, p, w->end, object, in, quote, scan_is(v, is.comma) & ~in,
				      scan_is(v, is.colon) & ~in, scan_is(v, is.blank) & ~in,
				      close))
			return false;
		if (close) {
			p += __builtin_ctzll(close);
			if (*p != (object ? '}' : ']'))
				return false;
			w->p = p + 1;
			return true;
		}
	}
	return false;
}

#endif /* SAKER_OUTPUT_SCAN_FLAT_H */
