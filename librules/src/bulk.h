/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values by the hundred thousand: the items of a long list, each a place in the
 * very text it was read from. A YAML node and an operand each would cost ten times
 * as much as the value itself.
 */
#ifndef RULES_BULK_H
#define RULES_BULK_H

#include "ast.h"

/* A list of fewer values is made of nodes like any other. */
#ifndef RULES_BULK_MIN /* a fuzzer wants fewer */
#define RULES_BULK_MIN 1024
#endif

struct rules_bulk_item {
	uint32_t start; /* byte of the text */
	uint32_t len;
};

struct rules_bulk {
	const char *text; /* each item is followed by a NUL that took a line break's place */
	const struct rules_bulk_item *items;
	uint32_t n;
	struct rules_mark mark; /* where the first one stands; its offset is that of the source */
};

/* The value as an operand, in *room. Its line and column are worked out when reported. */
static inline struct rules_operand *rules_bulk_get(const struct rules_bulk *bulk, uint32_t i,
						   struct rules_operand *room)
{
	*room = (struct rules_operand){
		.kind = RULES_OPERAND_TEXT,
		.mark = {.source = bulk->mark.source,
			 .line = RULES_LINE_UNKNOWN,
			 .offset = bulk->items[i].start},
		.text = bulk->text + bulk->items[i].start,
		.len = bulk->items[i].len,
	};
	return room;
}

/* The values of a list of them, whatever they are made of; a single operand counts as its list. */
struct rules_values {
	struct rules_operand *const *args;
	uint32_t n;
	uint32_t i;
	uint32_t k; /* in a bulk */
	struct rules_operand room;
};

static inline struct rules_values rules_values_of(struct rules_operand *const *operand)
{
	struct rules_values v = {.args = operand, .n = 1};

	if ((*operand)->kind == RULES_OPERAND_LIST) {
		v.args = (*operand)->args;
		v.n = (*operand)->n_args;
	}
	return v;
}

/* The next value, NULL behind the last; a bulk's is gone at the next call. */
static inline struct rules_operand *rules_values_next(struct rules_values *v)
{
	while (v->i < v->n) {
		struct rules_operand *operand = v->args[v->i];

		if (operand->kind == RULES_OPERAND_BULK && v->k < operand->bulk->n)
			return rules_bulk_get(operand->bulk, v->k++, &v->room);
		v->i++;
		v->k = 0;
		if (operand->kind != RULES_OPERAND_BULK)
			return operand;
	}
	return NULL;
}

static inline uint32_t rules_values_count(const struct rules_values *v)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < v->n; i++)
		n += v->args[i]->kind == RULES_OPERAND_BULK ? v->args[i]->bulk->n : 1;
	return n;
}

#endif /* RULES_BULK_H */
