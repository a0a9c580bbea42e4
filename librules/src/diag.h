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
	bool detail;		/* as in struct saker_diag_place */
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

/*
 * A compile checks in passes, but tells of findings in the order of the language:
 * macros, then rule after rule, and of a rule its exceptions, output, condition.
 * The stages of a definition, then, smallest first.
 */
enum rules_stage {
	RULES_STAGE_REQUIREMENT,
	RULES_STAGE_MACRO_TEXT, /* its condition is parsed */
	RULES_STAGE_MACRO,	/* what it refers to is resolved */
	RULES_STAGE_RULE,
	RULES_STAGE_UNUSED,
};

enum rules_step {
	RULES_STEP_EXCEPTIONS,
	RULES_STEP_OUTPUT_TEXT,
	RULES_STEP_OUTPUT,
	RULES_STEP_CONDITION_TEXT,
	RULES_STEP_MACROS,
	RULES_STEP_CONDITION_WARNINGS,
	RULES_STEP_CONDITION,
	RULES_STEP_CONDITION_NOTES, /* come to nothing when there was an error */
	RULES_STEP_CODES,
};

struct rules_held;

struct rules_reporter {
	saker_diag_fn fn;
	void *userdata;
	/* While a compile runs: findings wait, each with what it is about. */
	struct arena *holding;
	uint64_t about;
	struct rules_held *held;
	uint32_t n_held;
	uint32_t held_cap;
	struct rules_source *sources;
	uint32_t n_sources;
	uint32_t sources_cap;
	bool failed; /* an error went through */
};

int rules_add_source(struct rules_reporter *reporter, const struct rules_source *source,
		     uint32_t *ret_index);

/* From here on findings wait; what they need is put into the arena. */
void rules_hold(struct rules_reporter *reporter, struct arena *arena);

/* What the findings that follow are about: the position is among those of its stage. */
void rules_about(struct rules_reporter *reporter, enum rules_stage stage, uint32_t position,
		 enum rules_step step);

/* Reports what waits, in order; with first_error only up to the first one. */
void rules_release(struct rules_reporter *reporter, bool first_error);

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
