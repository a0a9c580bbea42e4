/* SPDX-License-Identifier: Apache-2.0 */
/* Loading rules as the configuration says, once at the start and again at each reload. */
#ifndef TOOLS_RULES_H
#define TOOLS_RULES_H

#include <saker/rules.h>

#include "catalogue.h"
#include "config.h"

/* A file's text where it is not what is on disk; NULL = it is. Stays until the call ends. */
typedef const char *(*rules_text_fn)(void *userdata, const char *path, size_t *ret_len);

/* The rule files in the order they are loaded. */
struct rules_files {
	rules_text_fn text_of; /* NULL = all are as on disk */
	void *text_userdata;
	char **paths;
	uint32_t n;
	uint32_t capacity;
	char **folders; /* those that files came from, to be watched */
	uint32_t n_folders;
	uint32_t folders_capacity;
	char **items; /* those that lists take their values from, to be watched */
	uint32_t n_items;
	uint32_t items_capacity;
};

/* Those given (-r), else rules_files, else the default folder. -EBADMSG after a diagnostic. */
int rules_files_find(struct rules_files *files, const char *const *given, uint32_t n_given,
		     const struct config *config, saker_diag_fn diag, void *userdata);
void rules_files_fini(struct rules_files *files);

/*
 * A loader as the configuration says, without a file in it yet; first_error and
 * schema as in struct saker_rules_options.
 */
int rules_loader_new(const struct config *config, const struct saker_catalogue *catalogue,
		     bool first_error, bool schema, saker_diag_fn diag, void *userdata,
		     struct saker_rules_loader **ret_loader);
/* A loader with all of it read; -EBADMSG after diagnostics. */
int rules_open(const struct rules_files *files, const struct config *config,
	       const struct saker_catalogue *catalogue, saker_diag_fn diag, void *userdata,
	       struct saker_rules_loader **ret_loader);
/* Loads and compiles, and notes what else was read; -EBADMSG after diagnostics. */
int rules_load(struct rules_files *files, const struct config *config,
	       const struct saker_catalogue *catalogue, saker_diag_fn diag, void *userdata,
	       struct saker_ruleset **ret_ruleset);

/* How many rules are enabled. */
uint32_t rules_n_enabled(const struct saker_ruleset *ruleset);

#endif /* TOOLS_RULES_H */
