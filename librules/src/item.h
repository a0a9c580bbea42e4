/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rule files define: lists, macros, rules and requirements, as collected
 * while reading and before anything is resolved. A whole set of definitions can
 * be cloned cheaply, so that a bad file leaves no trace.
 */
#ifndef RULES_ITEM_H
#define RULES_ITEM_H

#include "diag.h"
#include "version.h"
#include "yaml_tree.h"

/* A text put together from values of files: a condition and what was appended to it. */
struct rules_string {
	const struct rules_yaml **parts; /* joined with one blank */
	uint32_t n;
	uint32_t cap;
};

struct rules_list {
	const char *name;
	const struct rules_place *place;
	uint32_t index;	     /* where it was first defined */
	uint32_t visibility; /* where it was last touched: it sees what is before */
	const struct rules_yaml **items;
	uint32_t n_items;
	uint32_t cap;
	/* Behind them, so many that they have no nodes. */
	const struct rules_bulk **bulks;
	uint32_t n_bulks;
};

struct rules_macro {
	const char *name;
	const struct rules_place *place;
	const struct rules_place *condition_place;
	uint32_t index;
	uint32_t visibility;
	struct rules_string condition;
};

/* A value of an exception: one string or a list of them. */
struct rules_exception_entry {
	bool set;
	bool is_list;
	const struct rules_yaml *scalar; /* when not a list */
	struct rules_exception_entry *items;
	uint32_t n;
};

struct rules_exception {
	const char *name;
	const struct rules_place *place;
	struct rules_exception_entry fields;
	struct rules_exception_entry comps;
	/* The operators of comps, or the default ones: canonical texts, one a field. */
	const char **operators;
	bool *operator_takes_list;
	struct rules_exception_entry *values;
	uint32_t n_values;
	uint32_t values_cap;
};

struct rules_rule {
	const char *name;
	const char *source;
	const struct rules_place *place;
	const struct rules_place *condition_place;
	const struct rules_place *output_place;
	uint32_t index;
	bool unknown_source;
	bool enabled;
	bool capture;
	bool warn_evttypes;
	bool skip_if_unknown_filter;
	enum saker_priority priority;
	uint32_t capture_duration; /* ms; 0 = the configured default */
	struct rules_string condition;
	struct rules_string output;
	struct rules_string description;
	const char **tags; /* sorted, none twice */
	uint32_t n_tags;
	struct rules_exception *exceptions;
	uint32_t n_exceptions;
};

struct rules_requirement {
	const char *name;
	struct rules_version version;
	const char *text; /* the version as written */
};

struct rules_plugin_requirement {
	const struct rules_place *place;
	struct rules_requirement *alternatives;
	uint32_t n;
};

/* A definition that a later one of its name took the place of. */
struct rules_replaced {
	const char *kind; /* "list", "macro", "rule" */
	const char *name;
	const struct rules_place *place;
	const struct rules_place *by;
	bool same; /* a list or macro that says what the other one said */
};

/* Names to positions in one of the arrays; open addressing. */
struct rules_map {
	uint64_t *slots; /* hash (upper half) and position + 1 */
	uint32_t mask;
	uint32_t n;
};

struct rules_definitions {
	struct rules_list *lists;
	uint32_t n_lists;
	uint32_t lists_cap;
	struct rules_macro *macros;
	uint32_t n_macros;
	uint32_t macros_cap;
	struct rules_rule *rules;
	uint32_t n_rules;
	uint32_t rules_cap;
	struct rules_plugin_requirement *requirements;
	uint32_t n_requirements;
	uint32_t requirements_cap;
	struct rules_replaced *replaced;
	uint32_t n_replaced;
	uint32_t replaced_cap;
	struct rules_map list_map;
	struct rules_map macro_map;
	struct rules_map rule_map;
	struct rules_version engine_version; /* the highest one required */
	uint32_t next_index;		     /* the clock of index and visibility */
};

void rules_definitions_fini(struct rules_definitions *d);
int rules_definitions_clone(const struct rules_definitions *from, struct rules_definitions *ret);

struct rules_list *rules_find_list(const struct rules_definitions *d, const char *name, size_t len);
struct rules_macro *rules_find_macro(const struct rules_definitions *d, const char *name);
struct rules_rule *rules_find_rule(const struct rules_definitions *d, const char *name);

/*
 * Adds what is new, or puts it in the place of what has its name (keeping the
 * index). `item` is copied.
 */
int rules_define_list(struct rules_definitions *d, const struct rules_list *item);
int rules_define_macro(struct rules_definitions *d, const struct rules_macro *item);
int rules_define_rule(struct rules_definitions *d, const struct rules_rule *item);

/* Remembers that a definition, whose place is given, is about to be replaced by another. */
int rules_note_replaced(struct rules_definitions *d, const struct rules_replaced *replaced);

int rules_string_append(struct arena *arena, struct rules_string *s, const struct rules_yaml *part);

/* The parts joined; NUL-terminated, in the arena. */
int rules_string_join(struct arena *arena, const struct rules_string *s, const char **ret_text,
		      size_t *ret_len);

#endif /* RULES_ITEM_H */
