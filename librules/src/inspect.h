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

/* Names collected from anywhere, in the inspection's arena once they are sorted. */
struct rules_names {
	const char **v;
	size_t n;
	size_t cap;
};

int rules_names_add(struct rules_names *names, const char *name);
/* Sorted, none twice; frees what was collected, whatever comes of it. */
int rules_names_take(struct rules_inspecting *in, struct rules_names *names,
		     struct saker_names *ret);
/* What a condition as written names: macros, and lists within lists of values. */
int rules_inspect_names(struct rules_inspecting *in, const char *condition,
			struct saker_names *ret_macros, struct saker_names *ret_lists);
int rules_inspect_list(struct rules_inspecting *in, const struct rules_list *list,
		       const struct rules_list_items *its, struct saker_definition *to);
/* Fields and operators of a rule's exceptions. */
int rules_inspect_exceptions(struct rules_inspecting *in, const struct rules_rule *rule,
			     struct saker_rule_details *to);
int rules_inspect_requirements(struct rules_inspecting *in, struct saker_inspection *to);

/* What a node became; NULL = it was not copied. */
struct saker_expression *rules_inspect_copy_of(const struct rules_inspecting *in,
					       const struct rules_node *node);
int rules_inspect_tree(struct rules_inspecting *in, const struct rules_node *root,
		       const struct saker_expression **ret);

#endif /* RULES_INSPECT_H */
