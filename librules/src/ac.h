/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many needles, one pass: contains (Aho-Corasick), startswith (a trie) and
 * endswith (a trie over the reversed text) on one field. Each state has the row
 * of predicates that hold once it is reached.
 */
#ifndef RULES_AC_H
#define RULES_AC_H

#include "find.h"
#include "set.h"

enum rules_ac_mode {
	RULES_AC_CONTAINS,
	RULES_AC_PREFIX,
	RULES_AC_SUFFIX,
};

#define RULES_AC_FEW 8u
#define RULES_AC_PAIRS 32u
#define RULES_AC_DEAD UINT32_MAX
#define RULES_AC_HIT (1u << 31) /* in a cell of the dense table: the state has a row */
/* Above this many cells the transition table stays a hash of the edges that exist. */
#define RULES_AC_DENSE_CELLS (4u << 20)

struct rules_ac {
	enum rules_ac_mode mode;
	bool fold; /* ASCII letters compare without case */
	struct rules_ac_edge {
		uint32_t from;
		uint32_t to;
		uint8_t byte;
	} * edges;
	uint32_t n_edges;
	uint32_t room;
	struct rules_index index;
	uint32_t n_states; /* state 0 is the root */
	uint32_t *rows;	   /* per state */
	uint32_t rows_room;
	uint32_t *fail; /* CONTAINS */
	uint32_t
		*next; /* dense table, or NULL: per state and class the next state's offset in it */
	uint32_t n_classes;
	uint8_t class_of[256]; /* 0 = in no needle */
	/*
	 * CONTAINS: of each needle one pair of neighbours, as bits by second and first
	 * byte. A text with none of them has no needle, which is known without a chain
	 * of look-ups that wait for each other. NULL = there is a needle of one byte.
	 */
	uint64_t *pairs;
	bool no_pairs;
	uint32_t n_few; /* the same as a list, up to RULES_AC_FEW: then 16 places are one step */
	uint8_t few[RULES_AC_PAIRS][2];
	/* per local: bits of `few` of which its needles have one each; of more pairs unknown */
	uint32_t *few_of;
	uint32_t room_few_of;
	struct rules_rows set;
};

void rules_ac_init(struct rules_ac *ac, enum rules_ac_mode mode, bool fold);
void rules_ac_fini(struct rules_ac *ac);
int rules_ac_add(struct rules_ac *ac, const char *needle, size_t len, uint32_t local);
int rules_ac_finish(struct rules_ac *ac);

/* One step without the dense table; RULES_AC_DEAD: nothing further can match. */
uint32_t rules_ac_step(const struct rules_ac *ac, uint32_t state, uint8_t byte);

typedef void (*rules_ac_hit_fn)(void *context, uint32_t row);

static inline bool rules_ac_may_hold(const struct rules_ac *ac, const uint8_t *text, size_t len)
{
	if (ac->n_few <= RULES_AC_FEW && len >= RULES_FIND_PAIRS_LEN)
		return rules_find_pairs((const char *)text, len, ac->few, ac->n_few);
	for (size_t i = 1; i < len; i++) {
		uint32_t pair = (uint32_t)text[i] << 8 | text[i - 1];

		if (ac->pairs[pair / 64] >> (pair % 64) & 1)
			return true;
	}
	return false;
}

/*
 * Calls hit for every row reached, in text order (from the end for SUFFIX); the
 * same row may come more than once. Inline, so that hit is.
 */
static inline void rules_ac_scan(const struct rules_ac *ac, const char *text, size_t len,
				 rules_ac_hit_fn hit, void *context)
{
	const uint8_t *p = (const uint8_t *)text;
	ptrdiff_t forward = 1;
	uint32_t at = 0;

	if (ac->rows[0])
		hit(context, ac->rows[0]);
	if (ac->pairs && !rules_ac_may_hold(ac, p, len))
		return;
	if (ac->mode == RULES_AC_SUFFIX && len) {
		p += len - 1;
		forward = -1;
	}
	if (unlikely(!ac->next)) {
		for (; len; len--, p += forward) {
			at = rules_ac_step(ac, at, *p);
			if (at == RULES_AC_DEAD)
				return;
			if (ac->rows[at])
				hit(context, ac->rows[at]);
		}
		return;
	}
	/* at is the offset of the state's row in the table */
	for (; len; len--, p += forward) {
		at = ac->next[at + ac->class_of[*p]];
		if (likely(!(at & RULES_AC_HIT)))
			continue;
		if (at == RULES_AC_DEAD)
			return;
		at &= ~RULES_AC_HIT;
		hit(context, ac->rows[at / ac->n_classes]);
	}
}

/*
 * PREFIX and SUFFIX: the row of the longest one that the text begins or ends
 * with, which holds the shorter ones' predicates as well.
 */
static inline uint32_t rules_ac_row(const struct rules_ac *ac, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	ptrdiff_t forward = 1;
	uint32_t at = 0, last = 0;

	if (ac->mode == RULES_AC_SUFFIX && len) {
		p += len - 1;
		forward = -1;
	}
	if (unlikely(!ac->next)) {
		for (; len; len--, p += forward) {
			at = rules_ac_step(ac, at, *p);
			if (at == RULES_AC_DEAD)
				break;
			if (ac->rows[at])
				last = at;
		}
		return ac->rows[last];
	}
	for (; len; len--, p += forward) {
		at = ac->next[at + ac->class_of[*p]];
		if (likely(!(at & RULES_AC_HIT)))
			continue;
		if (at == RULES_AC_DEAD)
			break;
		at &= ~RULES_AC_HIT;
		last = at;
	}
	return ac->rows[last / ac->n_classes];
}

#endif /* RULES_AC_H */
