/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front of librules (YAML, definitions, condition parser) gives its
 * back (binding, types, predicates, evaluation): the rules of one compile, the
 * way to report findings about them, and the condition parser by itself.
 *
 * Who reports what:
 *  - the front: LOAD_ERR_FILE_READ, _YAML_PARSE, _YAML_VALIDATE, _VALIDATE; syntax
 *    errors as LOAD_ERR_COMPILE_CONDITION; LOAD_UNKNOWN_SOURCE, UNUSED_*,
 *    UNKNOWN_ITEM, UNKNOWN_KEY, APPEND_NO_VALUES, EXCEPTION_NAME_NOT_UNIQUE,
 *    INVALID_*_NAME, DEPRECATED_ITEM for items, UNSAFE_NA_CHECK;
 *  - the back: what needs types or fields: LOAD_ERR_COMPILE_CONDITION and
 *    LOAD_ERR_COMPILE_OUTPUT, UNKNOWN_FILTER, NO_EVTTYPE, COMPILE_CONDITION,
 *    DEPRECATED_ITEM for deprecated fields (condition and output) and for
 *    %container.info.
 */
#ifndef RULES_LOADER_H
#define RULES_LOADER_H

#include "ast.h"

/* ---- findings ------------------------------------------------------------ */

/* symbol, severity, the text that Falco prints behind the code */
#define RULES_CODE_LIST(X)                                                                    \
	X(LOAD_ERR_FILE_READ, ERROR, "File read error")                                       \
	X(LOAD_ERR_YAML_PARSE, ERROR, "YAML parse error")                                     \
	X(LOAD_ERR_YAML_VALIDATE, ERROR, "Error validating internal structure of YAML file")  \
	X(LOAD_ERR_COMPILE_CONDITION, ERROR, "Error compiling condition")                     \
	X(LOAD_ERR_COMPILE_OUTPUT, ERROR, "Error compiling output")                           \
	X(LOAD_ERR_VALIDATE, ERROR, "Error validating rule/macro/list/exception objects")     \
	X(LOAD_ERR_EXTENSION, ERROR, "Error in extension item")                               \
	X(LOAD_UNKNOWN_SOURCE, WARNING, "Unknown event source")                               \
	X(LOAD_UNSAFE_NA_CHECK, WARNING, "Unsafe <NA> comparison in condition")               \
	X(LOAD_NO_EVTTYPE, WARNING, "Condition has no event-type restriction")                \
	X(LOAD_UNKNOWN_FILTER, WARNING, "Unknown field or event-type in condition or output") \
	X(LOAD_UNUSED_MACRO, WARNING, "Unused macro")                                         \
	X(LOAD_UNUSED_LIST, WARNING, "Unused list")                                           \
	X(LOAD_UNKNOWN_ITEM, WARNING, "Unknown rules file item")                              \
	X(LOAD_DEPRECATED_ITEM, WARNING, "Used deprecated item")                              \
	X(LOAD_WARNING_EXTENSION, WARNING, "Warning in extension item")                       \
	X(LOAD_APPEND_NO_VALUES, WARNING, "Overriding/appending with no values")              \
	X(LOAD_EXCEPTION_NAME_NOT_UNIQUE, WARNING,                                            \
	  "Multiple exceptions defined with the same name")                                   \
	X(LOAD_INVALID_MACRO_NAME, WARNING, "Invalid macro name")                             \
	X(LOAD_INVALID_LIST_NAME, WARNING, "Invalid list name")                               \
	X(LOAD_COMPILE_CONDITION, WARNING, "Warning in rule condition")                       \
	X(LOAD_UNKNOWN_KEY, WARNING, "Unknown key in item definition")

enum rules_code {
#define X(symbol, severity, text) RULES_##symbol,
	RULES_CODE_LIST(X)
#undef X
		RULES_CODE_COUNT,
};

/* Which part of a rule a finding is about. */
enum rules_part {
	RULES_PART_RULE,
	RULES_PART_CONDITION,
	RULES_PART_OUTPUT,
};

struct rules_build;
struct rules_macro_tree;
struct rules_list_items;

/*
 * Reports a finding about a rule and remembers errors (build->failed). `mark`:
 *  - for CONDITION: the mark of a node or operand of input->root (also one that
 *    a macro brought in: the finding then points into the macro), or NULL for
 *    the condition as a whole;
 *  - for OUTPUT: a copy of input->output_mark with `offset` advanced to the byte
 *    of input->output concerned, or NULL for the output as a whole;
 *  - for RULE: NULL.
 * `hint` may be "" or NULL. Nothing to free; cannot fail.
 */
void rules_report(struct rules_build *build, enum rules_code code, const struct rules_input *input,
		  enum rules_part part, const struct rules_mark *mark, const char *hint,
		  const char *format, ...) _printf_(7, 8);

/* ---- one compile --------------------------------------------------------- */

struct rules_build {
	struct saker_rules_loader *loader; /* for rules_report only */
	/*
	 * The caller's options, copied: every member is there whatever `size` the
	 * caller had. append and plugins point to copies.
	 */
	const struct saker_rules_options *options;
	const struct saker_catalogue *const *catalogues;
	uint32_t n_catalogues;
	/* For what dies with the build; the ruleset must not point into it. */
	struct arena *arena;
	/*
	 * In load order: every rule of a known source, disabled ones and those
	 * below min_priority as well (the back sorts these out: they are checked
	 * but not evaluated). input->source always names one of the catalogues.
	 * Trees are DAGs: a macro used twice is the same node twice. A tree holds
	 * no MACRO node, is at most RULES_MAX_TREE_DEPTH deep and stands for at
	 * most RULES_MAX_TREE_NODES nodes when written out.
	 */
	const struct rules_input *inputs;
	uint32_t n_inputs;
	/* By position in the definitions; for an inspection, which tells of these as well. */
	const struct rules_macro_tree *macros;
	const struct rules_list_items *lists;
	bool failed; /* an error was reported */
};

#define RULES_MAX_TREE_DEPTH 1024
#define RULES_MAX_TREE_NODES (1u << 22)

/* The back's way in. -EBADMSG when it reported an error; otherwise 0 or another errno. */
int rules_ruleset_build(struct rules_build *build, struct saker_ruleset **ret_ruleset);

/* ---- the condition parser by itself -------------------------------------- */

struct rules_parse_error {
	char message[512];
	size_t offset; /* byte of the text */
	uint32_t line; /* 0-based, in the text */
	uint32_t column;
};

/*
 * Parses a condition that stands by itself: no lists, a macro name is an error,
 * nesting up to 100. Everything made lives in the arena; marks have source 0
 * and the offset in the text. -EBADMSG fills ret_error (may be NULL), -ENOMEM
 * does not.
 */
int rules_parse_condition(struct arena *arena, const char *text, size_t len,
			  struct rules_parse_error *ret_error, struct rules_node **ret_node);

/*
 * Hands a finding about a text without a file (a filter, a format) to a diag
 * function: line, column and snippet are worked out from the offset. fn may be
 * NULL.
 */
void rules_report_text(saker_diag_fn fn, void *userdata, enum rules_code code, const char *text,
		       size_t len, size_t offset, const char *hint, const char *message);

/* "LOAD_ERR_VALIDATE", and the words for it. */
const char *rules_code_id(enum rules_code code);
const char *rules_code_text(enum rules_code code);

/*
 * The name among n that is nearest to `name`, or NULL when none is near: for
 * "did you mean".
 */
const char *rules_nearest(const char *name, const char *const *names, size_t n);

#endif /* RULES_LOADER_H */
