/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many needles, one pass: contains (Aho-Corasick), startswith (a trie) and
 * endswith (a trie over the reversed text) on one field. Each state has the row
 * of predicates that hold once it is reached.
 */
#ifndef RULES_AC_H
#define RULES_AC_H

#include "set.h"

enum rules_ac_mode {
	RULES_AC_CONTAINS,
	RULES_AC_PREFIX,
	RULES_AC_SUFFIX,
};

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
	struct rules_rows set;
};

void rules_ac_init(struct rules_ac *ac, enum rules_ac_mode mode, bool fold);
void rules_ac_fini(struct rules_ac *ac);
int rules_ac_add(struct rules_ac *ac, const char *needle, size_t len, uint32_t local);
int rules_ac_finish(struct rules_ac *ac);

/* One step without the dense table; RULES_AC_DEAD: nothing further can match. */
uint32_t rules_ac_step(const struct rules_ac *ac, uint32_t state, uint8_t byte);

typedef void (*rules_ac_hit_fn)(void *context, uint32_t row);

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

#endif /* RULES_AC_H */
