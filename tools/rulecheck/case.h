/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of rules as files have them: which rules, which events, what is expected. */
#ifndef RULECHECK_CASE_H
#define RULECHECK_CASE_H

#include "record.h"

struct expectation {
	const char *rule;
	const char *output;   /* the whole alert's, or NULL */
	const char *contains; /* a part of it, or NULL */
	int64_t count;	      /* alerts; -1 = one or more */
	uint32_t line;
};

struct test_case {
	const char *name;
	uint32_t line;
	const char **rules; /* paths */
	uint32_t n_rules;
	const char *capture; /* a path, or NULL: records */
	struct record *records;
	uint32_t n_records;
	struct expectation *match;
	uint32_t n_match;
	const char **no_match; /* names, with wildcards */
	uint32_t n_no_match;
};

struct test_file {
	struct config_tree tree;
	const char *path;
	struct test_case *cases;
	uint32_t n;
};

/* -EBADMSG after diagnostics. Free in either case. */
int test_file_read(struct test_file *file, const char *path, saker_diag_fn diag, void *userdata);
void test_file_fini(struct test_file *file);

#endif /* RULECHECK_CASE_H */
