/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled ruleset: one program a source, the rules, their outputs. Immutable. */
#ifndef RULES_RULESET_H
#define RULES_RULESET_H

#include <stdatomic.h>

#include "format.h"

struct rules_ruleset_source {
	const char *name;
	struct rules_program *program;
	uint32_t *rules; /* the program's rules by index in the ruleset */
	uint32_t n_rules;
	const char **fields; /* used by enabled rules */
	uint32_t n_fields;
	struct rules_ruleset_constant {
		const char *field;
		const char *constant;
	} * constants;
	uint32_t n_constants;
};

struct rules_ruleset_rule {
	uint32_t source;
	struct rules_output output;
	uint32_t literal; /* its condition, for dumps */
};

struct saker_ruleset {
	atomic_uint references;
	struct arena arena;
	enum saker_rule_matching matching;
	struct rules_ruleset_source *sources;
	uint32_t n_sources;
	struct saker_rule *rules;	 /* in load order */
	struct rules_ruleset_rule *more; /* by the same index */
	uint32_t n_rules;
};

/* For tests: every entry of a plan is evaluated, without screens and facts. */
void rules_eval_plain(struct saker_eval *eval);

#endif /* RULES_RULESET_H */
