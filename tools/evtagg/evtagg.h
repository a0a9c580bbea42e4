/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of evtagg share: their descriptor, the exit codes, the command line. */
#ifndef EVTAGG_H
#define EVTAGG_H

#include <stdio.h>

#include "common/util.h"
#include "str.h"

enum evtagg_exit {
	EVTAGG_OK = 0,
	EVTAGG_BAD = 1,	   /* a condition, an input, a rule file is wrong */
	EVTAGG_USAGE = 2,  /* the command line is */
	EVTAGG_FAILED = 3, /* memory, a broken pipe, an input that broke off */
	EVTAGG_FOUND = 4,  /* check: what --fail-on names is there */
};

/*
 * A verb: a file verb_NAME.c with its descriptor, and a line in EVTAGG_VERB_LIST.
 * The first one is what runs when no verb is named.
 */
struct verb {
	const char *name;
	const char *arguments; /* in the usage line */
	const char *summary;
	int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the verb */
};

#define EVTAGG_VERB_LIST(X) \
	X(count)            \
	X(browse)           \
	X(report)           \
	X(serve)            \
	X(suggest)          \
	X(check)            \
	X(export)

#define X(name) extern const struct verb verb_##name;
EVTAGG_VERB_LIST(X)
#undef X

/* Flushes; EVTAGG_FAILED when standard output did not take it all. */
int finish(int result);
/* "evtagg: ...\n" on standard error. */
_printf_(1, 2) void complain(const char *format, ...);

/* ---- arguments -------------------------------------------------------------- */

/* An option. Exactly one of the targets is set. */
struct arg {
	char letter; /* 0 = none */
	const char *name;
	const char *shown; /* of its value, in the help */
	const char *help;
	bool *flag;
	const char **value;	/* the last one counts */
	struct strings *values; /* or all of them do */
};

/* Tables of options, put together: a verb's own, and those of what it uses. */
struct args {
	struct arg *options;
	uint32_t n_options;
	uint32_t capacity;
	struct strings rest; /* what is no option: the inputs, as a rule */
};

/* Adds a table; group (may be NULL) is a heading in the help. -ENOMEM. */
int args_add(struct args *args, const char *group, const struct arg *options, size_t n);
/* 0; -ECANCELED = help was printed; -EINVAL after a line on standard error; -ENOMEM. */
int args_parse(struct args *args, const struct verb *verb, int argc, char **argv);
void args_fini(struct args *args);
/* The exit code for what args_parse returned. */
int args_exit(int r);
/* Says what is wrong with the command line; returns EVTAGG_USAGE. */
_printf_(2, 3) int args_bad(const struct verb *verb, const char *format, ...);

#endif /* EVTAGG_H */
