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
/* Above this many cells the transition table stays a hash of the edges that exist. */
#define RULES_AC_DENSE_CELLS (4u << 20)

struct rules_ac {
	enum rules_ac_mode mode;
	bool fold; /* ASCII letters compare without case */
	struct rules_ac_edge {
		uint32_t from;
		uint32_t to;
		uint8_t byte;
	} *edges;
	uint32_t n_edges;
	uint32_t room;
	struct rules_index index;
	uint32_t n_states; /* state 0 is the root */
	uint32_t *rows;    /* per state */
	uint32_t rows_room;
	uint32_t *fail; /* CONTAINS */
	uint32_t *next; /* dense table, or NULL */
	uint32_t n_classes;
	uint8_t class_of[256]; /* 0 = in no needle */
	struct rules_rows set;
};

void rules_ac_init(struct rules_ac *ac, enum rules_ac_mode mode, bool fold);
void rules_ac_fini(struct rules_ac *ac);
int rules_ac_add(struct rules_ac *ac, const char *needle, size_t len, uint32_t local);
int rules_ac_finish(struct rules_ac *ac);

uint32_t rules_ac_step_sparse(const struct rules_ac *ac, uint32_t state, uint8_t byte);

/* RULES_AC_DEAD: nothing further can match. */
static inline uint32_t rules_ac_step(const struct rules_ac *ac, uint32_t state, uint8_t byte)
{
	if (likely(ac->next))
		return ac->next[(size_t)state * ac->n_classes + ac->class_of[byte]];
	return rules_ac_step_sparse(ac, state, byte);
}

#endif /* RULES_AC_H */
