/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration as a tree that remembers where each value was written, so
 * that a complaint can point there: read from YAML, merged from several files,
 * changed by -o. Everything lives in one arena. Knows no key by name.
 */
#ifndef TOOLS_CONFIG_TREE_H
#define TOOLS_CONFIG_TREE_H

#include <saker/base.h>

#include "common/arena.h"

#define CONFIG_MAX_FILE (16u << 20) /* bytes of a configuration file */
#define CONFIG_MAX_NODES 100000	    /* values in one file, aliases expanded */
#define CONFIG_MAX_DEPTH 64
#define CONFIG_MAX_INDEX 10000 /* of a list element named by -o */

enum config_kind {
	CONFIG_NULL,
	CONFIG_SCALAR,
	CONFIG_LIST,
	CONFIG_MAP,
};

struct config_node {
	enum config_kind kind;
	bool command_line; /* set by -o */
	uint32_t line;	   /* 1-based */
	uint32_t column;
	const char *file; /* "" on the command line */
	const char *text; /* of a scalar */
	struct config_entry *entries;
	uint32_t n;
	uint32_t capacity;
};

/* A list's entries have no key. */
struct config_entry {
	const char *key;
	struct config_node *value;
	uint32_t line; /* of the key */
	uint32_t column;
};

struct config_tree {
	struct arena arena;
	struct config_node *root;
	saker_diag_fn diag;
	void *diag_userdata;
};

int config_tree_init(struct config_tree *tree, saker_diag_fn diag, void *userdata);
void config_tree_fini(struct config_tree *tree);

/* Reads a file; its ${NAME}s are replaced from the environment. -EBADMSG after a diagnostic. */
int config_tree_read(struct config_tree *tree, const char *path, struct config_node **ret_root);
int config_tree_parse(struct config_tree *tree, const char *file, const char *data, size_t len,
		      struct config_node **ret_root);

enum config_strategy {
	CONFIG_APPEND,	 /* lists grow, the rest is replaced */
	CONFIG_OVERRIDE, /* all is replaced */
	CONFIG_ADD_ONLY, /* what is there stays */
};

/* Merges the top-level keys of one map into the root. */
int config_tree_merge(struct config_tree *tree, const struct config_node *from,
		      enum config_strategy strategy);

/* "a.b[2].c=value" of the command line: makes what is not there; "[]" appends. */
int config_tree_set(struct config_tree *tree, const char *option);

/* NULL = not there. */
struct config_node *config_map_get(const struct config_node *map, const char *key);
struct config_node *config_tree_get(const struct config_tree *tree, const char *path);

/* ${NAME} from the environment, $${NAME} as ${NAME}; in the arena, NULL = no memory. */
const char *config_expand(struct arena *arena, const char *text);

_printf_(5, 6) void config_complain(const struct config_tree *tree, enum saker_severity severity,
				    const struct config_node *where, const char *hint,
				    const char *format, ...);

#endif /* TOOLS_CONFIG_TREE_H */
