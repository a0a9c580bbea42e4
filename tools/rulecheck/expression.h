/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as text: one check in a line, or the whole laid out over many. */
#ifndef RULECHECK_EXPRESSION_H
#define RULECHECK_EXPRESSION_H

#include <stdio.h>

#include <saker/rules.h>

#include "common/util.h"

/* As a condition has to spell it, lists in full. */
void expression_put(FILE *out, const struct saker_expression *e);
/* The same, to be freed; NULL = no memory. */
char *expression_text(const struct saker_expression *e);
/*
 * The same for all conditions that differ in order only: of what and, or and lists of
 * values join; and `=` reads as `in`. To be freed; NULL = no memory.
 */
char *expression_normal_text(const struct saker_expression *e);
/* A check for people: a list by its name, and shortened when it is long. */
void expression_put_check(FILE *out, const struct saker_expression *check);

struct expression_printer {
	FILE *out;
	int indent;
	/* What stands before a line (a verdict) and behind it (a note); either may be NULL. */
	void (*before)(void *userdata, FILE *out, const struct saker_expression *e);
	void (*behind)(void *userdata, FILE *out, const struct saker_expression *e,
		       const struct saker_expression *parent);
	void *userdata;
};

/* One line a check, `and` and `or` in front, brackets around what they join. */
void expression_print(const struct expression_printer *printer,
		      const struct saker_expression *root);

/* Calls fn for each node once, parents first; negated = below an odd number of nots. */
typedef void (*expression_fn)(void *userdata, const struct saker_expression *e, bool negated);
void expression_walk(const struct saker_expression *root, expression_fn fn, void *userdata);

#endif /* RULECHECK_EXPRESSION_H */
