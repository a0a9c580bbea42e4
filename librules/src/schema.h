/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the JSON schema of rule files says of a document. It only ever comments:
 * it is narrower than the loader in places (priorities in capitals) and knows
 * nothing of what belongs to which item.
 */
#ifndef RULES_SCHEMA_H
#define RULES_SCHEMA_H

#include "yaml_tree.h"

/* `where` is a path such as <root>[0]["priority"]; `at` what it leads to. */
typedef void (*rules_schema_fn)(void *userdata, const struct rules_yaml *at, const char *where,
				const char *what);

/* Calls fn for everything that does not fit; true when all fits. */
bool rules_schema_check(const struct rules_yaml *document, rules_schema_fn fn, void *userdata);

#endif /* RULES_SCHEMA_H */
