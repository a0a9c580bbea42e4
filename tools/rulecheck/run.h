/* SPDX-License-Identifier: Apache-2.0 */
/* A test case's events one after the other, and what became of its expectations. */
#ifndef RULECHECK_RUN_H
#define RULECHECK_RUN_H

#include "case.h"
#include "coverage.h"
#include "rulecheck.h"

/* Positive: enough seen. The record is valid until the function returns; number counts from 1. */
typedef int (*run_fn)(void *userdata, void *record, uint64_t number);

/* Calls fn for each event that rules see. Negative errno after a line on out. */
int run_events(const struct test_case *c, run_fn fn, void *userdata, FILE *out);

/* The catalogue that the case's records are of. */
const struct saker_catalogue *run_catalogue(const struct test_case *c,
					    struct saker_catalogue *records);

/*
 * 0 = passed, 1 = not: out says why; negative errno = it could not be run: out says why.
 * coverage may be NULL.
 */
int run_case(const struct test_case *c, struct coverage *coverage, FILE *out);

/*
 * Writes why a rule matched or did not: of the event that came closest, each check with
 * its verdict and its field's value.
 */
void why(const struct test_case *c, const struct saker_catalogue *catalogue,
	 const struct saker_rule_details *rule, FILE *out);

#endif /* RULECHECK_RUN_H */
