/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules the cases of tests are about: that they fire, and that they keep quiet. */
#ifndef RULECHECK_COVERAGE_H
#define RULECHECK_COVERAGE_H

#include "case.h"
#include "rulecheck.h"

struct covered_rule {
	char *name;
	bool fires; /* a case has it match */
	bool quiet; /* a case has it not match */
};

struct coverage {
	struct covered_rule *v; /* enabled rules of all the cases' files */
	uint32_t n;
	uint32_t capacity;
};

int coverage_add(struct coverage *coverage, const struct saker_ruleset *ruleset,
		 const struct test_case *c);
/* Names the rules without cases, and counts them. */
uint32_t coverage_print(FILE *out, const struct coverage *coverage);
void coverage_fini(struct coverage *coverage);

#endif /* RULECHECK_COVERAGE_H */
