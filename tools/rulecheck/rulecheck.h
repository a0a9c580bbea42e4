/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of rulecheck share: their descriptor, exit codes, arguments, a loaded set of
 * rules. */
#ifndef RULECHECK_H
#define RULECHECK_H

#include <stdio.h>

#include <saker/rules.h>

#include "catalogue.h"
#include "common/util.h"
#include "config.h"
#include "report.h"
#include "rules.h"

enum rulecheck_exit {
	RULECHECK_OK = 0,
	RULECHECK_BAD = 1, /* a rule file is invalid, a finding, a failed test */
	RULECHECK_USAGE = 2,
	RULECHECK_FAILED = 3, /* no answer: memory, a broken pipe */
};

struct verb {
	const char *name;
	const char *arguments; /* in the usage line */
	const char *summary;
	int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the verb */
};

extern const struct verb verb_validate, verb_list, verb_explain, verb_lint, verb_test, verb_diff,
	verb_dump, verb_fmt, verb_lsp;

/* ---- arguments -------------------------------------------------------------- */

/* An option of a verb. Exactly one of the targets is set. */
struct arg {
	char letter; /* 0 = none */
	const char *name;
	const char *shown; /* of its value, in the help */
	const char *help;
	bool *flag;
	const char **value;
};

struct args {
	const char **files; /* what is no option */
	uint32_t n_files;
};

/* 0; -ECANCELED = help was printed; -EINVAL after a line on standard error; -ENOMEM. */
int args_parse(struct args *args, const struct verb *verb, const struct arg *options, size_t n,
	       int argc, char **argv);
void args_fini(struct args *args);
/* The exit code for what args_parse returned. */
int args_exit(int r);
/* Says what is wrong with the command line; returns RULECHECK_USAGE. */
_printf_(2, 3) int args_bad(const struct verb *verb, const char *format, ...);

/* ---- a set of rules ---------------------------------------------------------- */

struct ruleset_loaded {
	struct config config;
	struct catalogue catalogue;
	struct rules_files files;
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset;
	struct saker_inspection *inspection;
};

/* How to load; all zero = as the agent without a configuration. */
struct ruleset_how {
	const char *config; /* a configuration's path */
	bool all; /* every rule by itself: matching all, no least priority, outputs as written */
	const struct saker_catalogue *catalogue; /* instead of the agent's */
	rules_text_fn text_of;			 /* of files that are not as on disk; or NULL */
	void *text_userdata;
};

/*
 * Reads and compiles files and folders, in order. -EBADMSG after findings, to diag.
 * Free in either case.
 */
int ruleset_load(struct ruleset_loaded *loaded, const char *const *paths, uint32_t n_paths,
		 const struct ruleset_how *how, saker_diag_fn diag, void *userdata);
/* The same for files, which need not be on disk when how->text_of has them. */
int ruleset_load_files(struct ruleset_loaded *loaded, const char *const *paths, uint32_t n_paths,
		       const struct ruleset_how *how, saker_diag_fn diag, void *userdata);
void ruleset_fini(struct ruleset_loaded *loaded);
/* As ruleset_load, findings printed on standard error; the exit code to leave with, or 0. */
int ruleset_load_or_say(struct ruleset_loaded *loaded, const struct args *args,
			const char *config_path);

/* The details of a rule by name, or NULL. */
const struct saker_rule_details *ruleset_details(const struct ruleset_loaded *loaded,
						 const char *rule);
/* The name that is nearest among the rules' and says so on standard error; RULECHECK_USAGE. */
int ruleset_no_such_rule(const struct ruleset_loaded *loaded, const char *rule);

/* A text of a rule file, without what would control a terminal. */
static inline void put_text(FILE *out, const char *text)
{
	report_put(out, text, strlen(text));
}

/* ---- files -------------------------------------------------------------------- */

#define MAX_STANDARD_INPUT (64u << 20)

/* NUL-terminated, to be freed. -EFBIG beyond max bytes, or the errno of reading. */
int read_whole_file(const char *path, size_t max, char **ret_text, size_t *ret_len);
/* Takes all of standard input in; /dev/stdin can then be read as often as a file. */
int keep_standard_input(void);

/* Flushes; RULECHECK_FAILED when standard output did not take it all. */
int finish(int result);

#endif /* RULECHECK_H */
