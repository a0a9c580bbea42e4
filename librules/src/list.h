/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as conditions use them. The language defines a list's name as standing
 * for the text of its items; where the name is an element of a list of values,
 * which is where names usually are, the items are shared as a structure instead,
 * so that the cost of a long list is paid once.
 */
#ifndef RULES_LIST_H
#define RULES_LIST_H

#include "load_internal.h"
#include "parse_text.h"

struct rules_list_items {
	struct rules_operand **items;
	uint32_t n;
	bool textual; /* some item is not plain values: the name is replaced by text */
	bool used;
};

struct rules_lists {
	const struct rules_definitions *definitions;
	struct rules_reporter *reporter;
	struct arena *arena;
	struct rules_list_items *lists; /* by position in the definitions */
	const uint32_t *odd;		/* positions of lists whose names are no bare words */
	uint32_t n_odd;
	uint64_t total; /* values so far, over all lists */
};

/* -EBADMSG = reported. */
int rules_lists_init(struct rules_lists *lists, const struct rules_definitions *definitions,
		     struct rules_reporter *reporter, struct arena *arena);

/*
 * When a condition names a list anywhere but as an element of a list of values:
 * writes all lists into the text and returns 1, the text is then to be parsed
 * without rules_lists_resolve. Otherwise 0. -E2BIG past RULES_MAX_CONDITION.
 */
int rules_lists_expand(struct rules_lists *lists, struct rules_text *text);

/* A rules_list_fn. */
int rules_lists_resolve(void *userdata, const char *name, size_t len,
			struct rules_operand *const **ret_items, uint32_t *ret_n);

#endif /* RULES_LIST_H */
