/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two halves of planning: which rules a code needs, and how they are laid out. */
#ifndef RULES_PLAN_H
#define RULES_PLAN_H

#include "dag.h"

/* At most this many predicates may stand for "one of these must hold". */
#define RULES_PLAN_MAX_GUARDS 16

/* The cheapest "one of these predicates must hold" of a node; n = 0: there is none. */
struct rules_guard {
	uint32_t first; /* into guard_predicates */
	uint32_t n;
	float truth;
	bool known;
};

struct rules_class_plan {
	uint32_t first; /* into entries */
	uint32_t n;
	uint32_t same_as; /* class + 1 with the same entries; 0 = no entries */
	uint32_t plan;
};

struct rules_plans {
	struct rules_builder *builder;
	RULES_ARRAY(struct rules_plan_entry, entries);
	struct rules_guard *guards[2]; /* per node; [1]: of its negation */
	RULES_ARRAY(uint32_t, guard_predicates);
	/* scratch for one layout */
	uint32_t *group_count;	   /* per group: entries that could hang below it */
	uint32_t *predicate_count; /* per predicate */
	uint32_t *node_count;	   /* per literal: entries that need it */
	RULES_ARRAY(uint32_t, touched);
};

int rules_plans_init(struct rules_plans *plans);
void rules_plans_fini(struct rules_plans *plans);
/* Adds one plan to the program. */
int rules_plan_layout(struct rules_plans *plans, const struct rules_plan_entry *entries,
		      uint32_t n);

#endif /* RULES_PLAN_H */
