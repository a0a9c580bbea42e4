/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compile made, as text: for people who ask why a rule costs what it costs, and
 * for tests, which see there that a change of the compiler is the one that was meant.
 * Reads the structures and nothing else does from here; the form is stable in that equal
 * rulesets read equal.
 */
#ifndef RULES_DUMP_H
#define RULES_DUMP_H

#include <stdio.h>

#include "ruleset.h"

#define RULES_DUMP_VALUES 8 /* of a list; more are counted */

/* Reads `f3` or `tolower(f3)`: what a check looks at, with the fields by name. */
void rules_dump_term(FILE *out, const struct rules_program *program, uint32_t term);
/* The check as a condition has it: `proc.name in (a, b)`. */
void rules_dump_predicate(FILE *out, const struct rules_program *program, uint32_t predicate);
/* `n5` or `not n5`, `true`, `false`; a check by itself as the check. */
void rules_dump_literal(FILE *out, const struct rules_program *program, uint32_t literal);
const char *rules_dump_group_name(const struct rules_group *group);

/* Calls fn for each needle of an automaton's check: dump_needle.c. 0 or -ENOMEM. */
typedef void (*rules_dump_needle_fn)(void *userdata, const char *text, size_t len);
int rules_dump_needles(const struct rules_ac *ac, uint32_t local, rules_dump_needle_fn fn,
		       void *userdata);

/* One source's terms, groups and nodes, and its rules' literals. */
void rules_dump_dag(FILE *out, const struct saker_ruleset *ruleset, uint32_t source);
/* One source's plans: what is done for the records of which codes. */
void rules_dump_plan(FILE *out, const struct saker_ruleset *ruleset, uint32_t source);

#endif /* RULES_DUMP_H */
