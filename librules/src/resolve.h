/* SPDX-License-Identifier: Apache-2.0 */
/* One compile: definitions to resolved trees. Shared by macro.c and resolve.c. */
#ifndef RULES_RESOLVE_H
#define RULES_RESOLVE_H

#include "list.h"
#include "parse.h"

/* What is known of a resolved tree besides its root. */
struct rules_tree {
	struct rules_node *root;
	uint32_t depth;
	uint64_t nodes; /* written out, macros as often as they are used */
	const struct rules_mark
		*unsafe; /* a comparison of a field of a plugin with <NA>, or NULL */
};

struct rules_macro_tree {
	struct rules_node *raw; /* macros in it by name; NULL = did not parse */
	struct rules_tree tree;
	bool done;   /* tree is there */
	bool failed; /* reported; who uses it fails silently */
	bool used;
	/* While one top-level macro or rule is resolved: */
	bool on_path;
	uint32_t memo_run; /* memo belongs to this run */
	struct rules_tree memo;
};

struct rules_resolver {
	struct saker_rules_loader *loader;
	const struct rules_definitions *definitions;
	struct rules_reporter *reporter;
	struct arena *arena;
	struct rules_lists lists;
	struct rules_macro_tree *macros; /* by position in the definitions */
	uint32_t run;
	/* of the run: */
	uint32_t visibility;		 /* macros before this index are seen */
	const struct rules_place *place; /* whose condition it is */
	uint32_t path;			 /* macros on the way down */
};

typedef int (*rules_back_fn)(struct rules_build *build, struct saker_ruleset **ret_ruleset);

/*
 * A compile with a back of one's choice: tests look at the trees through it.
 * After an error, too, *ret_ruleset is what the back made of the good rules, or
 * NULL, for the caller to release.
 */
int rules_compile(struct saker_rules_loader *loader, rules_back_fn back,
		  struct saker_ruleset **ret_ruleset);

/* Parses a condition and registers its text. -EBADMSG = reported. */
int rules_resolver_parse(struct rules_resolver *resolver, struct rules_text *text,
			 const struct rules_place *condition_place, uint32_t *ret_source,
			 struct rules_node **ret_root);

/* Parses and resolves all macros; errors are reported and remembered with the macro. */
int rules_resolve_macros(struct rules_resolver *resolver);

/*
 * Puts macros' trees into one condition. -EBADMSG = it has an error (reported,
 * with its macro at the latest).
 */
int rules_resolve_condition(struct rules_resolver *resolver, struct rules_node *root,
			    uint32_t visibility, const struct rules_place *place,
			    struct rules_tree *ret);

#endif /* RULES_RESOLVE_H */
