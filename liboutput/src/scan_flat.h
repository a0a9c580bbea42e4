/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Past a container that has no other inside and no blanks outside its strings, which is
 * how Falco writes output_fields and tags: sixty-four bytes at a time, as bits. It holds
 * all of it against the grammar, as the walk does; what it does not take (a blank, a
 * nested container, any mistake) it leaves to the walk, which knows what is wrong.
 *
 * The including file defines SCAN_MASKS(p, m), which sets the bits of the bytes at p.
 * The way from quotes to "inside a string" is simdjson's (Langdale, Lemire, 2019).
 */
#ifndef SAKER_OUTPUT_SCAN_FLAT_H
#define SAKER_OUTPUT_SCAN_FLAT_H

struct scan_masks {
	uint64_t quote, slash, control, comma, colon;
	uint64_t open;	/* { and [ */
	uint64_t close; /* } and ] */
};

/* What one block leaves to the next: bits that were shifted out. */
struct scan_flat {
	uint64_t escaped;   /* the first byte is escaped */
	uint64_t in_string; /* all ones or none */
	uint64_t separator; /* the last byte was a separator, or the opening bracket */
	uint64_t closing;   /* it was a closing quote */
	uint64_t scalar;    /* it was part of a number or word */
	uint64_t odd;	    /* all ones: the last separator was a colon's turn */
};

/* Bytes behind a backslash that is not itself escaped. */
static inline SCAN_TARGET uint64_t scan_escaped(uint64_t slash, uint64_t *carry)
{
	const uint64_t even = UINT64_C(0x5555555555555555);
	uint64_t follows, odd_starts, even_carries;

	if (likely(!slash)) {
		follows = *carry;
		*carry = 0;
		return follows;
	}
	slash &= ~*carry;
	follows = slash << 1 | *carry;
	odd_starts = slash & ~even & ~follows;
	*carry = __builtin_add_overflow(odd_starts, slash, &even_carries);
	return (even ^ (even_carries << 1)) & follows;
}

/* Each escape that starts at one of these bits is one there is. */
static inline SCAN_TARGET bool scan_flat_escapes(const char *p, const char *end, uint64_t starts)
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

		if (!scan_scalar(&w, &ignored) || w.p >= w.end ||
		    (*w.p != ',' && *w.p != '}' && *w.p != ']'))
			return false;
	}
	return true;
}

/* One block: 1 = the container ends in it (ret_end: behind it), 0 = go on, -1 = not so simple. */
static inline SCAN_TARGET int scan_flat_block(struct scan_flat *f, const char *p, const char *end,
					      bool object, const char **ret_end)
{
	struct scan_masks m;
	uint64_t escaped, quote, in, opening, closing, separator, scalar, starts, turn, after;
	uint64_t seen = ~UINT64_C(0), wrong, escapes;

	SCAN_MASKS(p, &m);
	escaped = scan_escaped(m.slash, &f->escaped);
	quote = m.quote & ~escaped;
	in = scan_prefix_xor(quote) ^ f->in_string;
	m.close &= ~in;
	/* Only what comes before the first closing bracket is ours. */
	if (m.close)
		seen = m.close ^ (m.close - 1);
	opening = quote & in & seen;
	closing = quote & ~in & seen;
	m.colon &= ~in & seen;
	separator = (m.comma & ~in & seen) | m.colon;
	m.close &= seen;
	scalar = seen & ~(in | quote | separator | m.close);
	starts = scalar & ~(scalar << 1 | f->scalar);
	after = separator << 1 | f->separator; /* behind a separator */
	/* Of the separators of an object every other one is a colon, from the first on. */
	turn = scan_prefix_xor(separator) ^ f->odd;
	wrong = (m.control & in & seen) | (m.open & ~in & seen);
	wrong |= (opening | starts) & ~after;
	wrong |= (separator | m.close) & after;
	wrong |= (closing << 1 | f->closing) & seen & ~(separator | m.close);
	wrong |= object ? m.colon ^ (separator & turn) : m.colon;
	if (object)
		wrong |= m.colon & ~(closing << 1 | f->closing);
	if (unlikely(wrong))
		return -1;
	escapes = m.slash & ~escaped & seen & in;
	if (unlikely(escapes) && !scan_flat_escapes(p, end, escapes))
		return -1;
	if (starts && !scan_flat_scalars(p, end, starts))
		return -1;
	if (m.close) {
		int at = __builtin_ctzll(m.close);

		/* In an object the last separator was a colon. */
		if (object && !(turn >> at & 1))
			return -1;
		*ret_end = p + at + 1;
		return p[at] == (object ? '}' : ']') ? 1 : -1;
	}
	f->in_string = (uint64_t)((int64_t)in >> 63);
	f->separator = separator >> 63;
	f->closing = closing >> 63;
	f->scalar = scalar >> 63;
	f->odd = (uint64_t)((int64_t)turn >> 63);
	return 0;
}

/* p is at the bracket of a container that is not empty; behind it when true is returned. */
static SCAN_TARGET bool scan_flat(struct scan_walk *w)
{
	struct scan_flat f = {.separator = 1};
	bool object = *w->p == '{';
	const char *end;

	for (const char *p = w->p + 1; w->end - p >= 64; p += 64) {
		int r = scan_flat_block(&f, p, w->end, object, &end);

		if (r < 0)
			return false;
		if (r > 0) {
			w->p = end;
			return true;
		}
	}
	return false;
}

#endif /* SAKER_OUTPUT_SCAN_FLAT_H */
