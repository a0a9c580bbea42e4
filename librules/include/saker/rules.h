/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule files in, an immutable compiled ruleset out, its evaluation over records
 * and the rendering of outputs. In the order one calls them:
 *
 *   saker_rules_loader_new, _add_catalogue, _add_file..., _compile
 *   saker_eval_new                          one per evaluating thread
 *   saker_ruleset_eval                      per record: which rules match
 *   saker_eval_render                       per match: message and named values
 *
 * A ruleset is immutable and reference counted; it may be shared by threads and
 * swapped while others still evaluate the old one. A loader and an eval belong
 * to one thread at a time.
 */
#ifndef SAKER_RULES_H
#define SAKER_RULES_H
#pragma once

#include <saker/base.h>
#include <saker/field.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAKER_RULES_ENGINE_VERSION "0.63.0" /* what required_engine_version is held against */

struct saker_rules_loader;
struct saker_ruleset;
struct saker_eval;

enum saker_rule_matching {
	SAKER_RULE_MATCHING_FIRST = 0, /* stop at the first match, in load order */
	SAKER_RULE_MATCHING_ALL = 1,
};

/*
 * A version that required_plugin_versions is held against. The container plugin
 * is built in, as 0.7.1, unless it is given here.
 */
struct saker_rules_plugin {
	const char *name;
	const char *version;
};

/* Extends the output of the rules it matches; as append_output in falco.yaml. */
struct saker_rules_append {
	const char *source;	 /* NULL or "" = every source */
	const char *rule;	 /* NULL or "" = every rule */
	const char *const *tags; /* the rule must have all of them */
	uint32_t n_tags;
	const char *extra_output;	 /* appended after a blank, or NULL */
	const char *const *extra_fields; /* "proc.name" or "name=%format" */
	uint32_t n_extra_fields;
	bool suggested_output; /* append the catalogue's SUGGESTED fields */
};

struct saker_rules_options {
	size_t size;
	saker_diag_fn diag; /* every error and warning; may be NULL */
	void *diag_userdata;
	enum saker_rule_matching matching;
	enum saker_priority min_priority; /* rules less severe are left out */
	bool time_iso8601; /* adds evt.time.iso8601 instead of evt.time to the values */
	const struct saker_rules_plugin *plugins;
	uint32_t n_plugins;
	const struct saker_rules_append *append;
	uint32_t n_append;
	uint64_t max_file_size; /* bytes a rule file may have; 0 = 256 MiB */
	/*
	 * A compile tells of nothing behind its first error, as Falco does, whose
	 * verdicts hold one error a file. Otherwise of all errors there are. And as for
	 * Falco's verdicts, items of a bad file that stand before its error are there for
	 * the files behind it.
	 */
	bool first_error;
	/*
	 * Also hold files against the schema of rule files. Each document is told of
	 * as RULES_SCHEMA, with severity INFO: "ok", or once for every place that does
	 * not fit ("<root>[0]["priority"]: ..."). Never an error.
	 */
	bool schema;
};

#define SAKER_RULES_OPTIONS_INIT                                                                   \
	{                                                                                          \
		.size = sizeof(struct saker_rules_options), .matching = SAKER_RULE_MATCHING_FIRST, \
		.min_priority = SAKER_PRIORITY_DEBUG,                                              \
	}

/* options may be NULL for defaults; what it points to is copied. */
SAKER_PUBLIC int saker_rules_loader_new(const struct saker_rules_options *options,
					struct saker_rules_loader **ret_loader);
SAKER_PUBLIC struct saker_rules_loader *saker_rules_loader_free(struct saker_rules_loader *loader);

/*
 * Before any file. The catalogue must outlive the compiled rulesets. At most 16
 * (-ENOSPC), one a source (-EEXIST).
 */
SAKER_PUBLIC int saker_rules_loader_add_catalogue(struct saker_rules_loader *loader,
						  const struct saker_catalogue *catalogue);

/*
 * Reads one rule file; files build on those before them. Findings go to diag;
 * -EBADMSG when there was an error among them (nothing of a bad file counts, but
 * see first_error), otherwise 0 or the errno of reading (-EFBIG beyond max_file_size).
 */
SAKER_PUBLIC int saker_rules_loader_add_file(struct saker_rules_loader *loader, const char *path);
SAKER_PUBLIC int saker_rules_loader_add_buffer(struct saker_rules_loader *loader, const char *name,
					       const char *data, size_t len);

/*
 * The same from a function that fills a buffer and returns how many bytes it put
 * there, 0 at the end, or a negative errno, which is what the call then returns.
 */
typedef int64_t (*saker_rules_read_fn)(void *userdata, char *buffer, size_t size);
SAKER_PUBLIC int saker_rules_loader_add_reader(struct saker_rules_loader *loader, const char *name,
					       saker_rules_read_fn fn, void *userdata);

/*
 * What was read so far, by the names given: rule files, and the files that their
 * lists take values from (items_file), which are to be watched for changes as well.
 * NULL past the last; the names live as long as the loader.
 */
SAKER_PUBLIC uint32_t saker_rules_loader_n_files(const struct saker_rules_loader *loader);
SAKER_PUBLIC const char *saker_rules_loader_file(const struct saker_rules_loader *loader,
						 uint32_t index);

/*
 * Enables or disables rules, after the files: by name (wildcards * and ?) or by
 * tag, the other one NULL. 0 also when none matches.
 */
SAKER_PUBLIC int saker_rules_loader_enable(struct saker_rules_loader *loader, const char *rule,
					   const char *tag, bool enabled);

/* Resolves, checks and compiles all of it. -EBADMSG when a finding was an error. */
SAKER_PUBLIC int saker_rules_loader_compile(struct saker_rules_loader *loader,
					    struct saker_ruleset **ret_ruleset);

/* Counts a user more, or one less: the last one frees it. From any thread; take NULL. */
SAKER_PUBLIC struct saker_ruleset *saker_ruleset_ref(struct saker_ruleset *ruleset);
SAKER_PUBLIC struct saker_ruleset *saker_ruleset_unref(struct saker_ruleset *ruleset);

/* A rule as compiled; lives as long as its ruleset. */
struct saker_rule {
	const char *name;
	const char *description;
	const char *condition; /* as written */
	const char *output;    /* as written */
	const char *source;
	const char *const *tags; /* sorted */
	uint32_t n_tags;
	enum saker_priority priority;
	bool enabled;
	uint32_t index;		   /* load order, 0-based */
	const char *format;	   /* the output as rendered, with what was appended to it */
	const char *const *values; /* names that go with it, evt.time aside; sorted */
	uint32_t n_values;
	bool capture;		   /* a match is to start a capture, */
	uint32_t capture_duration; /* of so many ms; 0 = the configured default */
};

/* All rules, enabled or not, by load order; NULL past the last. */
SAKER_PUBLIC uint32_t saker_ruleset_n_rules(const struct saker_ruleset *ruleset);
SAKER_PUBLIC const struct saker_rule *saker_ruleset_rule(const struct saker_ruleset *ruleset,
							 uint32_t index);

/* Sets the bits of the discriminators that some enabled rule of the source can match. */
SAKER_PUBLIC int saker_ruleset_codes(const struct saker_ruleset *ruleset, const char *source,
				     uint64_t *bitmap, uint32_t n_words);

/* Calls fn for every constant that an enabled rule of the source compares a selecting field with.
 */
typedef void (*saker_ruleset_constant_fn)(void *userdata, const char *field, const char *constant);
SAKER_PUBLIC int saker_ruleset_constants(const struct saker_ruleset *ruleset, const char *source,
					 saker_ruleset_constant_fn fn, void *userdata);

/* Calls fn for every field name (without argument) that enabled rules and their outputs use. */
typedef void (*saker_ruleset_field_fn)(void *userdata, const char *field);
SAKER_PUBLIC int saker_ruleset_fields(const struct saker_ruleset *ruleset, const char *source,
				      saker_ruleset_field_fn fn, void *userdata);

/* Stages of the compile that can be looked at; trees of conditions are an inspection's. */
enum saker_dump_stage {
	SAKER_DUMP_DAG,	 /* checks, what answers them together, shared conjunctions */
	SAKER_DUMP_PLAN, /* which rules are asked for which records, behind what */
};

/*
 * What the compile made, as text for people and for comparisons: equal rules compiled by
 * the same version read equal; versions may differ. *ret_text is NUL-terminated and to be
 * freed with free().
 */
SAKER_PUBLIC int saker_ruleset_dump(const struct saker_ruleset *ruleset,
				    enum saker_dump_stage stage, char **ret_text);

/* ---- evaluation ---------------------------------------------------------- */

/* A thread's evaluation context over one ruleset; holds a reference to it. */
SAKER_PUBLIC int saker_eval_new(struct saker_ruleset *ruleset, struct saker_eval **ret_eval);
SAKER_PUBLIC struct saker_eval *saker_eval_free(struct saker_eval *eval);

/*
 * Evaluates the rules of a source (the index of its catalogue, in the order of
 * _add_catalogue) over one record. Returns how many matched (0 or more) and
 * points ret_rules at them, in load order; valid until the next call.
 * Never allocates.
 */
SAKER_PUBLIC int saker_ruleset_eval(struct saker_eval *eval, uint32_t source, void *record,
				    const struct saker_rule *const **ret_rules);

struct saker_named_value {
	const char *name; /* as in the format: "proc.aname[2]" */
	struct saker_value value;
	const struct saker_value *list; /* for list fields: n_list values, instead of value */
	uint32_t n_list;
	bool is_list;
};

struct saker_rendered {
	const char *message; /* the output with its fields filled in; NUL-terminated */
	size_t message_len;
	const struct saker_named_value *values; /* in order of name, no name twice */
	uint32_t n_values;
};

/*
 * Renders a rule's output over the record just evaluated. Text values are
 * as the fields give them, unescaped; a missing one reads <NA> in the message
 * and has value.absent set in the values. Alternatives without an argument are
 * joined with blanks. Valid until the next call on this eval.
 */
SAKER_PUBLIC int saker_eval_render(struct saker_eval *eval, const struct saker_rule *rule,
				   void *record, struct saker_rendered *ret_rendered);

struct saker_eval_stats {
	size_t size;
	uint64_t records;	       /* calls of saker_ruleset_eval */
	uint64_t predicates_evaluated; /* checks really computed */
	uint64_t predicates_reused;    /* answers taken from the memo */
	uint64_t fields_extracted;
};

/* The counters so far; the caller sets ret_stats->size first. */
SAKER_PUBLIC int saker_eval_get_stats(const struct saker_eval *eval,
				      struct saker_eval_stats *ret_stats);

/* ---- what was loaded, for tools that explain and check ---------------------- */

/* A place in a rule file; line and column are 1-based. */
struct saker_place {
	const char *file;
	uint32_t line;
	uint32_t column;
};

enum saker_operand_kind {
	SAKER_OPERAND_FIELD,
	SAKER_OPERAND_TRANSFORMER,
	SAKER_OPERAND_TEXT, /* a constant */
	SAKER_OPERAND_LIST,
};

struct saker_operand {
	enum saker_operand_kind kind;
	const char *text;    /* the field's or transformer's name, the constant as it counts */
	const char *written; /* as a condition has to spell it; "" for a LIST */
	const char *arg;     /* FIELD, TRANSFORMER: between the brackets; NULL = none */
	const char *list;    /* the list that it is an item of; NULL = none */
	struct saker_place place;
	const struct saker_operand *const *args; /* TRANSFORMER: arguments; LIST: items */
	uint32_t n_args;
};

enum saker_expression_kind {
	SAKER_EXPRESSION_AND,
	SAKER_EXPRESSION_OR,
	SAKER_EXPRESSION_NOT,
	SAKER_EXPRESSION_CHECK,
};

/* A node of a condition, macros and lists in their place. One that is used twice is shared. */
struct saker_expression {
	enum saker_expression_kind kind;
	const char *macro; /* whose text it stands in; NULL = the rule's own */
	struct saker_place place;
	const struct saker_expression *const *children; /* AND, OR: two or more; NOT: one */
	uint32_t n_children;
	/* CHECK: */
	const struct saker_operand *left;
	const char *op;			   /* "startswith" */
	const char *modifier;		   /* "oneof"; "" = none */
	const struct saker_operand *right; /* NULL for exists */
	uint32_t cost;			   /* guessed nanoseconds to compute it; 0 = not known */
};

/* Names that a text holds: sorted, none twice. */
struct saker_names {
	const char *const *names;
	uint32_t n;
};

/* A list, macro or rule where it is defined. */
struct saker_definition {
	const char *kind; /* "list", "macro", "rule" */
	const char *name;
	const char *text; /* a macro's condition as written; else "" */
	struct saker_place place;
	struct saker_place replaced_by; /* of what a later definition replaced; else file NULL */
	bool replaced_by_same;		/* a list or macro, and the later one says the same */
	uint32_t n_items;		/* of a list as written */
	/* Of those that were not replaced: */
	bool used;		   /* a list or macro: something names it */
	struct saker_names macros; /* that a macro's text names */
	struct saker_names lists;  /* that a macro's text or a list's items name */
	const char *const *items;  /* of a list, n_items: as written */
	const char *const *values; /* of a list: the lists it names written out */
	uint32_t n_values;
	const struct saker_expression *root; /* a macro's; NULL = it has errors, or no macro */
	/* A macro's, over the first source's catalogue; NULL = it does not compile there. */
	const uint64_t *codes;
	uint32_t n_words;
};

struct saker_rule_details {
	const char *name;
	const char *source;
	struct saker_place place;
	const struct saker_expression *root;
	const uint64_t
		*codes; /* bitmap of the discriminators it can match; NULL = does not compile */
	uint32_t n_words;
	const char *const *exceptions; /* their names */
	uint32_t n_exceptions;
	struct saker_names exception_fields;
	struct saker_names exception_operators;
	struct saker_names macros; /* that the condition as written names */
	struct saker_names lists;
	/*
	 * Guessed nanoseconds to evaluate it for a record that it is asked about, by itself (what
	 * rules share is computed once for all of them): as it mostly goes, the checks that rule
	 * most out being first, and when every check has to be computed.
	 */
	uint32_t cost;
	uint32_t most_cost;
};

/* A plugin that the files ask for; one of those in a row has to be there. */
struct saker_requirement {
	const char *name;
	const char *version;
	bool alternative; /* to the one before */
};

/* All of it belongs to the inspection. */
struct saker_inspection {
	const struct saker_rule_details *rules; /* of known sources, in load order */
	uint32_t n_rules;
	const struct saker_definition
		*definitions; /* lists, macros, rules in use, then replaced ones */
	uint32_t n_definitions;
	const char *engine_version; /* the highest required one, "0.0.0" = none is */
	const struct saker_requirement *requirements;
	uint32_t n_requirements;
};

/*
 * What the files so far amount to. Reports nothing: compile first, for the
 * findings. -EBADMSG when it would not compile. The inspection is independent
 * of the loader.
 */
SAKER_PUBLIC int saker_rules_loader_inspect(struct saker_rules_loader *loader,
					    struct saker_inspection **ret_inspection);
SAKER_PUBLIC struct saker_inspection *saker_inspection_free(struct saker_inspection *inspection);

/* ---- a single condition or format, for tools ------------------------------ */

struct saker_filter;
struct saker_formatter;

/* A condition without rules around it (no macros or lists). */
SAKER_PUBLIC int saker_filter_compile(const struct saker_catalogue *catalogue,
				      const char *condition, saker_diag_fn diag, void *userdata,
				      struct saker_filter **ret_filter);
SAKER_PUBLIC struct saker_filter *saker_filter_free(struct saker_filter *filter);
/* 1 = the record satisfies it, 0 = it does not. */
SAKER_PUBLIC int saker_filter_eval(struct saker_filter *filter, void *record);
/* As saker_ruleset_codes. */
SAKER_PUBLIC int saker_filter_codes(const struct saker_filter *filter, uint64_t *bitmap,
				    uint32_t n_words);

/* A format such as "%evt.time %proc.name". */
SAKER_PUBLIC int saker_formatter_compile(const struct saker_catalogue *catalogue,
					 const char *format, saker_diag_fn diag, void *userdata,
					 struct saker_formatter **ret_formatter);
SAKER_PUBLIC struct saker_formatter *saker_formatter_free(struct saker_formatter *formatter);
SAKER_PUBLIC int saker_formatter_render(struct saker_formatter *formatter, void *record,
					struct saker_rendered *ret_rendered);

/* "info" and "Informational" both read as SAKER_PRIORITY_INFORMATIONAL; -EINVAL otherwise. */
SAKER_PUBLIC int saker_priority_parse(const char *text, enum saker_priority *ret_priority);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_RULES_H */
