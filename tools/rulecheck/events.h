/* SPDX-License-Identifier: Apache-2.0 */
/* The events that a rule can match, by name. */
#ifndef RULECHECK_EVENTS_H
#define RULECHECK_EVENTS_H

#include <stdio.h>

#include <saker/rules.h>

/* At most max names, `between` them, and how many more there are; false = not known. */
bool events_put(FILE *out, const struct saker_rule_details *rule, uint32_t max,
		const char *between);

#endif /* RULECHECK_EVENTS_H */
