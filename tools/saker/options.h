/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's command line. */
#ifndef SAKER_TOOL_OPTIONS_H
#define SAKER_TOOL_OPTIONS_H

#include <stdio.h>

#include "common/util.h"
#include "list.h"

enum options_mode {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_LIST,
	OPTIONS_LIST_KEYS,
	OPTIONS_VALIDATE,
	OPTIONS_DESCRIBE,
};

/* Strings point into argv. */
struct options {
	enum options_mode mode;
	const char *config;
	const char **rules;
	uint32_t n_rules;
	const char **sets; /* -o */
	uint32_t n_sets;
	const char **validate;
	uint32_t n_validate;
	const char *describe; /* one rule; NULL = all */
	const char *replay;
	const char *list_class; /* NULL = all */
	enum list_format format;
	bool format_given;
	bool names_only;
	bool unbuffered;
	bool dry_run;
	bool verbose;
	double max_seconds; /* 0 = no end */
};

/* -EINVAL after one line on err; -ENOMEM. Free in either case. */
int options_parse(struct options *options, int argc, char **argv, FILE *err);
void options_fini(struct options *options);
void options_help(FILE *out);

#endif /* SAKER_TOOL_OPTIONS_H */
