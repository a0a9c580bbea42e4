/* SPDX-License-Identifier: Apache-2.0 */
/* Events written down as fields and their values, evaluated like any others. */
#ifndef RULECHECK_RECORD_H
#define RULECHECK_RECORD_H

#include <saker/field.h>

#include "common/arena.h"
#include "config_tree.h"

struct record_entry {
	const struct saker_field *field;
	const char *arg; /* NULL = none */
	struct saker_value *values;
	uint32_t n;
};

struct record {
	uint32_t code;
	struct record_entry *entries;
	uint32_t n;
};

/* The agent's fields over records instead of events. */
void record_catalogue_init(struct saker_catalogue *ret_catalogue);

/*
 * Makes a record from a map of fields; number is what evt.num is unless given. -EINVAL
 * fills error and points ret_where at the value it is about; -ENOMEM. Lives in the arena.
 */
int record_make(struct arena *arena, const struct config_node *map, uint32_t number,
		struct record *ret_record, char *error, size_t size,
		const struct config_node **ret_where);

#endif /* RULECHECK_RECORD_H */
