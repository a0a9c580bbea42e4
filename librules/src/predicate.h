/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a check in a condition tree to a literal: types and constants checked,
 * operators reduced to few kinds of predicates, equal ones made one.
 */
#ifndef RULES_PREDICATE_H
#define RULES_PREDICATE_H

#include "bulk.h"
#include "dag.h"

/* A check's operand(s) on the right as constants; they live in the builder's scratch. */
struct rules_constants {
	struct rules_constant *v;
	uint32_t n;
};

/* The literal of a check node. -EBADMSG with builder->error filled in. */
int rules_predicate_compile(struct rules_builder *builder, const struct rules_node *check,
			    uint32_t *ret_literal);

/* Remembers the deprecated fields of a condition, also where it does not compile. */
int rules_predicate_note_deprecated(struct rules_builder *builder, const struct rules_node *node);

/* Warns of those remembered. */
void rules_predicate_warn_deprecated(struct rules_builder *builder);

/* Parses the constants on the right of a check, with warnings about suspicious ones. */
int rules_predicate_constants(struct rules_builder *builder, const struct rules_node *check,
			      uint32_t term, struct rules_constants *ret_constants);

/* After -EBADMSG about a value of a bulk: its mark, which is about to go, lives on. */
int rules_predicate_keep_mark(struct rules_builder *builder);

/* Interns; constants must live as long as the build. */
int rules_predicate_add(struct rules_builder *builder, const struct rules_predicate *predicate,
			uint32_t *ret_predicate);

/* Copies the constants so that they outlive the build: for those that are compared directly. */
int rules_predicate_keep(struct rules_program *program, struct rules_predicate *predicate);

/* Whether a pattern's beginning or end is a check before it. */
bool rules_predicate_glob_ends(const struct rules_constant *pattern);

#endif /* RULES_PREDICATE_H */
