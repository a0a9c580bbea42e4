/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of describe.c: Falco's keys, made from a ruleset and the inspection of its files. */
#ifndef SAKER_TOOL_DESCRIBE_JSON_H
#define SAKER_TOOL_DESCRIBE_JSON_H

#include <jansson.h>

#include <saker/rules.h>

struct describe {
	const struct saker_catalogue *catalogue;
	const struct saker_ruleset *ruleset;
	const struct saker_inspection *inspection;
	const struct saker_rules_append *append; /* the configuration's */
	uint32_t n_append;
};

/* All there is, or with `only` that rule alone. NULL = no memory. */
json_t *describe_json(const struct describe *describe, const struct saker_rule *only);

#endif /* SAKER_TOOL_DESCRIBE_JSON_H */
