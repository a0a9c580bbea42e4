/* SPDX-License-Identifier: Apache-2.0 */
/* The table of configuration keys (config_keys.def) and the check of a tree against it. */
#ifndef TOOLS_CONFIG_KEYS_H
#define TOOLS_CONFIG_KEYS_H

#include <stdio.h>

#include "config_tree.h"

enum config_type {
	CONFIG_TYPE_BOOL,
	CONFIG_TYPE_UINT,
	CONFIG_TYPE_DOUBLE,
	CONFIG_TYPE_TEXT,
	CONFIG_TYPE_ENUM,
	CONFIG_TYPE_LIST,
	CONFIG_TYPE_MAP,
	CONFIG_TYPE_ANY,
};

enum config_effect {
	CONFIG_EFFECT_NOW,
	CONFIG_EFFECT_LATER,
};

struct config_key {
	const char *path;
	enum config_type type;
	const char *preset; /* its default */
	const char *limits;
	enum config_effect effect;
	const char *quiet;
	const char *description;
};

extern const struct config_key config_keys[];
extern const uint32_t config_n_keys;

const struct config_key *config_key_find(const char *path);
const char *config_type_name(enum config_type type);

/* false = the text is none. */
bool config_parse_bool(const char *text, bool *ret_value);
bool config_parse_uint(const char *text, uint64_t *ret_value);
bool config_parse_double(const char *text, double *ret_value);

/*
 * Complains about every key that is unknown (an error, with the nearest known
 * one), has a value that does not fit (an error), or has no effect yet (a
 * warning). -EBADMSG when there was an error.
 */
int config_check(const struct config_tree *tree);

/* One line a key; json: as one JSON document. */
void config_list_keys(FILE *out, bool json);

#endif /* TOOLS_CONFIG_KEYS_H */
