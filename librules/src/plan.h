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
	/* for screens */
	uint32_t *support;     /* per node: enum rules_support, or a term + RULES_SUPPORT_TERM */
	uint32_t *conjunct_of; /* per node: its conjunct + 1, in one layout */
	RULES_ARRAY(struct rules_conjunct, conjuncts);
};

/* What the truth of a node depends on. */
enum rules_support {
	RULES_SUPPORT_UNKNOWN, /* not looked at yet */
	RULES_SUPPORT_OTHER,   /* more than the value of one field of text */
	RULES_SUPPORT_TERM,
};

/* A node that entries of a plan need to hold, or not to. */
struct rules_conjunct {
	uint32_t node;
	uint64_t lanes[2][RULES_SCREEN_WORDS]; /* [1]: those that need it not to */
};

int rules_plans_init(struct rules_plans *plans);
void rules_plans_fini(struct rules_plans *plans);
/* What an entry needs: the parts of its conjunction, or itself. */
const uint32_t *rules_plan_needs(const struct rules_program *program,
				 const struct rules_plan_entry *entry, uint32_t *ret_n);
/* plan_screen.c: gives the entries (at most RULES_SCREEN_LANES) lanes in the plan, and it steps. */
int rules_plan_screen(struct rules_plans *plans, struct rules_plan *plan,
		      const struct rules_plan_entry *entries, uint32_t n);
/* plan_probe.c: a probe of the term without checks, for a dispatch; RULES_NO_ID = not worth it. */
int rules_plan_probe(struct rules_plans *plans, uint32_t term, uint32_t *ret_probe);
/* Adds one plan to the program. */
int rules_plan_layout(struct rules_plans *plans, const struct rules_plan_entry *entries,
		      uint32_t n);

#endif /* RULES_PLAN_H */
