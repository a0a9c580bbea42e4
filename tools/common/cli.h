/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line as a table: from one list of rows come the letters, the long
 * options, the help, and complaints that name what was meant.
 */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include <getopt.h>
#include <stdio.h>

#include "common/util.h"

#define CLI_MAX_OPTIONS 64

struct cli_option {
	int value;	   /* the letter, or a number above 255 */
	const char *name;  /* long */
	int argument;	   /* no_argument, required_argument or optional_argument */
	const char *shown; /* its argument in the help */
	const char *group; /* starts a new group of the help */
	const char *help;
};

struct cli {
	const char *program; /* what complaints begin with */
	const char *help;    /* and what they refer to: "saker --help" */
	const struct cli_option *options;
	size_t n; /* at most CLI_MAX_OPTIONS */
	/* One option of the line; a negative errno, after a complaint, ends the parsing. */
	int (*take)(const struct cli *cli, void *target, int value, const char *argument,
		    FILE *err);
};

/*
 * Hands each option to take. ret_first is the first word that is no option;
 * argv is permuted so that all such words stand at its end.
 */
int cli_parse(const struct cli *cli, void *target, int argc, char **argv, FILE *err,
	      int *ret_first);

/* The rows, one a line; width is that of the column of options. */
void cli_print_options(const struct cli *cli, int width, FILE *out);

/* Says on one line what is wrong with the command line; returns -EINVAL. */
_printf_(3, 4) int cli_bad(const struct cli *cli, FILE *err, const char *format, ...);

/* A decimal number from 1 to max. */
int cli_number(const struct cli *cli, const char *option, const char *text, uint64_t max,
	       uint64_t *ret, FILE *err);
/* The place of text in a list of words that ends with NULL. */
int cli_word(const struct cli *cli, const char *option, const char *text, const char *const *words,
	     FILE *err);

#endif /* TOOLS_CLI_H */
