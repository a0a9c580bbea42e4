/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule file as its writer sees it: libyaml's tree with where each node stands in the
 * text, and the comments, which libyaml skips. What the formatter prints and the
 * language server finds names in; what a rule means is librules' business.
 */
#ifndef RULECHECK_SOURCE_H
#define RULECHECK_SOURCE_H

#include <yaml.h>

#include "common/arena.h"

/* Limits; a file beyond them is not taken. */
#define SOURCE_MAX_SIZE (16u << 20)
#define SOURCE_MAX_DEPTH 64
#define SOURCE_MAX_NODES (1u << 20)

enum source_kind { SOURCE_SCALAR, SOURCE_ALIAS, SOURCE_SEQUENCE, SOURCE_MAPPING };

/* Lines and columns count from 0; offsets and columns in bytes. */
struct source_node {
	uint8_t kind; /* enum source_kind */
	bool flow;
	uint8_t style;	 /* yaml_scalar_style_t */
	size_t start;	 /* with an anchor or tag in front */
	size_t content;	 /* without */
	size_t end;	 /* of scalars and of flow collections */
	uint32_t line;	 /* of the content */
	uint32_t column; /* of the start */
	uint32_t end_line;
	const char *value; /* a scalar's; NUL-terminated */
	size_t len;
	struct source_node **children; /* a mapping has key, value, key, value ... */
	uint32_t n;
	uint32_t capacity;
};

struct source_comment {
	size_t at; /* the # */
	size_t len;
	uint32_t line;
	uint32_t column;
	bool trailing; /* something other than a dash stands before it */
};

struct source {
	struct arena arena;
	const char *text; /* without a byte order mark; the caller's */
	size_t len;
	size_t *lines; /* offsets where they begin */
	uint32_t n_lines;
	uint32_t lines_capacity;
	struct source_node **documents;
	size_t *starts; /* where a document's --- is written; SIZE_MAX = it is not */
	uint32_t n_documents;
	uint32_t documents_capacity;
	uint32_t starts_capacity;
	bool directives; /* %YAML, %TAG */
	struct source_comment *comments;
	uint32_t n_comments;
	uint32_t comments_capacity;
	/* Why the rest of the text could not be read; the tree is what came before. */
	char error[256];
	uint32_t error_line;
	uint32_t error_column;
	/* leaves and the props of collections: where no comment can be */
	struct source_span {
		size_t start;
		size_t end;
	} * spans;
	uint32_t n_spans;
	uint32_t spans_capacity;
};

/*
 * 0; -EBADMSG = not all of it is YAML, error says why; -EFBIG; -ENOMEM. The text has to
 * stay. Free in either case.
 */
int source_read(struct source *source, const char *text, size_t len);
void source_fini(struct source *source);

/* The value of a key, or NULL. */
const struct source_node *source_get(const struct source_node *mapping, const char *key);
uint32_t source_line_of(const struct source *source, size_t offset);
/* Whether the line has nothing but blanks. */
bool source_line_is_blank(const struct source *source, uint32_t line);

#endif /* RULECHECK_SOURCE_H */
