/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML stream as a tree whose every node knows where in the file it stands.
 * libyaml does the parsing; what is ours are the limits, aliases, and the rules
 * for nulls and duplicate keys, which follow yaml-cpp because rule files are
 * written against it: the first of two equal keys counts.
 */
#ifndef RULES_YAML_TREE_H
#define RULES_YAML_TREE_H

#include "bulk.h"

/* Limits on a rule file, beside its size (struct saker_rules_options). */
#define RULES_YAML_MAX_DEPTH 64
#define RULES_YAML_MAX_NODES (8u << 20)	  /* aliases count as what they stand for */
#define RULES_YAML_MAX_SCALAR (16u << 20) /* bytes */
#define RULES_YAML_MAX_DOCUMENTS 4096

enum rules_yaml_kind {
	RULES_YAML_NULL,
	RULES_YAML_SCALAR,
	RULES_YAML_SEQUENCE,
	RULES_YAML_MAPPING,
};

enum rules_yaml_style {
	RULES_YAML_PLAIN,
	RULES_YAML_SINGLE_QUOTED,
	RULES_YAML_DOUBLE_QUOTED,
	RULES_YAML_BLOCK, /* literal or folded */
};

struct rules_yaml {
	uint8_t kind;	 /* enum rules_yaml_kind */
	uint8_t style;	 /* enum rules_yaml_style, of scalars */
	bool open;	 /* still being read: an alias to it would be a loop */
	uint32_t len;	 /* bytes of text, or number of children */
	uint32_t weight; /* nodes it stands for, aliases written out */
	struct rules_mark mark;
	uint64_t end; /* offset behind the node */
	bool is_bulk; /* a sequence without children: see rules_yaml_read */
	union {
		const char *text;	      /* NUL-terminated, has no other NUL */
		struct rules_yaml **children; /* a mapping has key, value, key, value ... */
		const struct rules_bulk *bulk;
	};
};

struct rules_yaml_error {
	char message[256];
	struct rules_mark mark;
};

/*
 * Reads all documents. -EBADMSG fills ret_error; -ENOMEM does not. The text
 * must stay as long as its marks are used.
 *
 * A long sequence of plain values, one a line, that is the value of the key
 * "items" has no node a value: is_bulk is set. The line breaks behind its values
 * are replaced with NULs, which stand for line breaks from then on.
 */
int rules_yaml_read(struct arena *arena, uint32_t source, char *text, size_t len,
		    struct rules_yaml_error *ret_error, struct rules_yaml ***ret_documents,
		    size_t *ret_n);

/* The value of a key, or NULL: the first one, where a key is there twice. */
const struct rules_yaml *rules_yaml_get(const struct rules_yaml *mapping, const char *key);

/*
 * Where in the file the byte `offset` of a scalar's text comes from: the text is
 * unfolded and unescaped, this walks both side by side. `file` is the file's
 * content.
 */
uint64_t rules_yaml_locate(const struct rules_yaml *scalar, const char *file, size_t file_len,
			   size_t offset);

#endif /* RULES_YAML_TREE_H */
