/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings and where they belong: the files read, texts put together from their
 * values, the chain of places from a file down to a token, and the making of a
 * saker_diag from all that.
 */
#ifndef RULES_DIAG_H
#define RULES_DIAG_H

#include "loader.h"
#include "yaml_tree.h"

#define RULES_SNIPPET_WIDTH 160

/* symbol, Falco's item_type */
#define RULES_PLACE_LIST(X)                                                    \
	X(VALUE_FOR, "value for")                                              \
	X(EXCEPTIONS, "exceptions")                                            \
	X(EXCEPTION, "exception")                                              \
	X(EXCEPTION_VALUES, "exception values")                                \
	X(EXCEPTION_VALUE, "exception value")                                  \
	X(CONTENT, "rules content")                                            \
	X(CONTENT_ITEM, "rules content item")                                  \
	X(ENGINE_VERSION, "required_engine_version")                           \
	X(PLUGIN_VERSIONS, "required plugin versions")                         \
	X(PLUGIN_VERSIONS_ENTRY, "required plugin versions entry")             \
	X(PLUGIN_VERSIONS_ALTERNATIVE, "required plugin versions alternative") \
	X(LIST, "list")                                                        \
	X(LIST_ITEM, "list item")                                              \
	X(MACRO, "macro")                                                      \
	X(MACRO_CONDITION, "macro condition")                                  \
	X(RULE, "rule")                                                        \
	X(RULE_CONDITION, "rule condition")                                    \
	X(CONDITION_EXPRESSION, "condition expression")                        \
	X(RULE_OUTPUT, "rule output")                                          \
	X(RULE_OUTPUT_EXPRESSION, "rule output expression")                    \
	X(RULE_PRIORITY, "rule priority")                                      \
	X(OVERRIDE, "overrides")

enum rules_place_kind {
#define X(symbol, text) RULES_PLACE_##symbol,
	RULES_PLACE_LIST(X)
#undef X
};

struct rules_place {
	const struct rules_place *parent;
	enum rules_place_kind kind;
	const char *name;	/* "" = none */
	struct rules_mark mark; /* in a file */
};

/* Bytes of a text from `start` up to the next segment's. */
struct rules_segment {
	size_t start;
	const struct rules_yaml *scalar; /* where they come from */
	size_t offset;			 /* byte of the scalar's text */
	bool fixed;			 /* put in by us: all of them stand for that one byte */
};

/* What a mark's `source` names: a file, or a text made from values of files. */
struct rules_source {
	const char *name; /* of a file; NULL = a text */
	const char *content;
	size_t len;
	const struct rules_segment *segments; /* of a text, ascending */
	size_t n_segments;
	const struct rules_place *owner; /* of a text: whose condition or output it is */
};

struct rules_reporter {
	saker_diag_fn fn;
	void *userdata;
	struct rules_source *sources;
	uint32_t n_sources;
	uint32_t sources_cap;
	bool failed; /* an error went through */
};

int rules_add_source(struct rules_reporter *reporter, const struct rules_source *source,
		     uint32_t *ret_index);

/* Down to the file: a mark in a text becomes the mark of the byte it came from. */
struct rules_mark rules_locate(const struct rules_reporter *reporter,
			       const struct rules_mark *mark);

/* -EBADMSG after an error, 0 after a warning, so that a caller can return it. */
int rules_finding(struct rules_reporter *reporter, enum rules_code code,
		  const struct rules_place *place, const char *hint, const char *format, ...)
	_printf_(5, 6);

/* As rules_finding, at a byte of a text below the place; mark NULL = the place itself. */
int rules_finding_at(struct rules_reporter *reporter, enum rules_code code,
		     const struct rules_place *place, const struct rules_mark *mark,
		     const char *hint, const char *format, ...) _printf_(6, 7);

#endif /* RULES_DIAG_H */
