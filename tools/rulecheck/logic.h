/* SPDX-License-Identifier: Apache-2.0 */
/* Whether checks of one field can hold together. */
#ifndef RULECHECK_LOGIC_H
#define RULECHECK_LOGIC_H

#include <saker/field.h>

#include "expression.h"

/* A check, or its negation, that has to hold; with those that have to hold besides. */
struct literal {
	const struct saker_expression *check;
	const struct saker_field *field; /* NULL: nothing is known of the left side */
	bool negated;
	const struct literal *outer;
};

/*
 * Whether the literal and those outside it exclude each other; then *ret_other is
 * one that it clashes with. Says no when in doubt.
 */
bool logic_excludes(const struct literal *literal, const struct literal **ret_other);

/* Whether `a or b` holds for every value that the field can have. */
bool logic_covers(const struct literal *a, const struct literal *b);

#endif /* RULECHECK_LOGIC_H */
