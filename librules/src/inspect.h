/* SPDX-License-Identifier: Apache-2.0 */
/* An inspection while it is made: where texts come from, and trees copied out of a compile. */
#ifndef RULES_INSPECT_H
#define RULES_INSPECT_H

#include "resolve.h"

/* A part of a file that belongs to a macro's condition or is an item of a list. */
struct rules_span {
	uint32_t source;
	uint64_t start;
	uint64_t end;
	const char *macro; /* one of the two is NULL */
	const char *list;
};

/* What a node or operand of the compile became: trees are shared, and stay so. */
struct rules_copied {
	const void *from;
	const void *to;
};

struct rules_inspecting {
	struct saker_rules_loader *loader;
	struct arena *arena;	  /* the inspection's */
	struct rules_span *spans; /* ascending */
	size_t n_spans;
	size_t spans_cap;
	const char **files; /* names in the arena, by source; NULL = not copied yet */
	uint32_t n_files;
	struct rules_copied *copied; /* open addressing by address */
	size_t n_copied;
	size_t copied_size; /* a power of two, or 0 */
};

/* A copy in the arena; "" for NULL. */
int rules_inspect_string(struct rules_inspecting *in, const char *s, const char **ret);
/* mark may be one of a text. */
int rules_inspect_place(struct rules_inspecting *in, const struct rules_mark *mark,
			struct saker_place *ret_place);
/* The span a mark lies in, or NULL. */
const struct rules_span *rules_inspect_span(const struct rules_inspecting *in,
					    const struct rules_mark *mark);

/* What a node became; NULL = it was not copied. */
struct saker_expression *rules_inspect_copy_of(const struct rules_inspecting *in,
					       const struct rules_node *node);
int rules_inspect_tree(struct rules_inspecting *in, const struct rules_node *root,
		       const struct saker_expression **ret);

#endif /* RULES_INSPECT_H */
