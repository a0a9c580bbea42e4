/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled program of one event source, shared by all of its rules: terms
 * (what a check reads), predicates (checks), nodes (conjunctions of predicates)
 * and groups (one look-up that answers many predicates). Everything is interned,
 * lives in arrays and is named by index; a node is computed once an event.
 *
 * A literal is a node's index shifted by one; its lowest bit negates it. There
 * are only conjunctions: "a or b" is "not (not a and not b)", so that an
 * expression and its negation are one node.
 */
#ifndef RULES_DAG_H
#define RULES_DAG_H

#include <saker/rules.h>

#include "ac.h"
#include "ast.h"
#include "net.h"
#include "regex.h"
#include "set.h"
#include "trie.h"
#include "type.h"

/* ---- terms --------------------------------------------------------------- */

enum rules_term_kind {
	RULES_TERM_FIELD,
	RULES_TERM_CONSTANT, /* a string in a transformer */
	RULES_TERM_LIST,     /* several terms in a transformer */
	RULES_TERM_TRANSFORM,
};

struct rules_optstring; /* getopt's option string, read once */

struct rules_term {
	uint8_t kind;	   /* enum rules_term_kind */
	uint8_t type;	   /* enum saker_type */
	uint8_t class;	   /* enum rules_class */
	uint8_t format;	   /* enum saker_format */
	uint8_t transform; /* enum rules_transform */
	bool list;
	bool any;    /* alternatives: a check holds when it holds for one */
	bool ne_all; /* with any: != holds when it holds for all */
	bool has_selector;
	char selector;	/* getopt(...)[c] */
	uint16_t flags; /* enum saker_field_flag of the field at the bottom */
	uint32_t cost;
	uint32_t n_args;
	uint32_t len;
	const struct saker_field_ref *ref; /* FIELD; TRANSFORM with one: the field at the bottom */
	const uint32_t *args;		   /* TRANSFORM, LIST */
	const char *text;		   /* CONSTANT */
	const struct rules_optstring *optstring;
	const char *name; /* for messages: "proc.name" */
	/* Bits of the codes whose records can have a value; NULL = all. */
	const uint64_t *codes;
};

#define RULES_NO_ID UINT32_MAX

static inline bool rules_term_multi(const struct rules_term *term)
{
	return term->list || term->any;
}

/* ---- predicates ---------------------------------------------------------- */

/* How a predicate is computed. */
enum rules_test {
	RULES_TEST_EXISTS,
	RULES_TEST_MEMBER,	    /* one value, in the row of its group */
	RULES_TEST_STAMP,	    /* its group's run marks it */
	RULES_TEST_LIST_IN,	    /* every element is in the row of the group */
	RULES_TEST_LIST_INTERSECTS, /* some element is */
	RULES_TEST_ONE,		    /* one value, one constant, no table */
	RULES_TEST_DIRECT,	    /* compare with the constants */
	RULES_TEST_TERM,	    /* compare with another term */
};

struct rules_predicate {
	uint8_t test;	  /* enum rules_test */
	uint8_t op;	  /* enum rules_op, normalised */
	uint8_t modifier; /* enum rules_modifier */
	uint8_t class;	  /* enum rules_class of its term */
	uint32_t term;
	uint32_t rhs; /* TERM; RULES_NO_ID otherwise */
	uint32_t node;
	uint32_t group; /* RULES_NO_ID = none */
	uint32_t local; /* its place in the group */
	uint32_t cost;
	float truth; /* guessed share of events for which it holds */
	uint32_t n_constants;
	const struct rules_constant *constants; /* DIRECT; others only while building */
	struct rules_regex **regexes;		/* REGEX: one a constant */
	struct rules_trie *trie;		/* PMATCH */
	/* For which codes it can hold and must hold; NULL = it does not select. */
	const uint64_t *may;
	const uint64_t *must;
};

/* ---- groups: one look-up for many predicates ----------------------------- */

#define RULES_GROUP_LIST(X)                                   \
	X(SET)	    /* =, in: hash set */                     \
	X(CONTAINS) /* Aho-Corasick */                        \
	X(ICONTAINS)                                          \
	X(PREFIX) /* startswith: trie */                      \
	X(SUFFIX) /* endswith: trie over the reversed text */ \
	X(NET)	  /* ranges of addresses */

enum rules_group_kind {
#define X(symbol) RULES_GROUP_##symbol,
	RULES_GROUP_LIST(X)
#undef X
		RULES_GROUP_COUNT,
};

struct rules_group {
	uint8_t kind; /* enum rules_group_kind */
	bool stamps;  /* a run marks its predicates; otherwise it leaves a row */
	uint32_t term;
	uint32_t *predicates; /* by local number */
	uint32_t n_predicates;
	uint32_t room;
	uint32_t n_constants;
	uint32_t first_hit; /* STAMP: its part of the machine's hits */
	union {
		struct rules_set set;
		struct rules_ac ac;
		struct rules_net net;
	};
};

/* The rows of any kind. */
static inline const struct rules_rows *rules_group_rows(const struct rules_group *group)
{
	if (group->kind == RULES_GROUP_NET)
		return &group->net.rows;
	return group->kind == RULES_GROUP_SET ? &group->set.rows : &group->ac.set;
}

/* ---- nodes --------------------------------------------------------------- */

#define RULES_LITERAL_FALSE 0u
#define RULES_LITERAL_TRUE 1u

enum rules_dag_kind {
	RULES_DAG_CONSTANT, /* node 0 alone: false */
	RULES_DAG_PREDICATE,
	RULES_DAG_AND,
};

struct rules_dag_node {
	uint32_t kind : 2;    /* enum rules_dag_kind */
	uint32_t selects : 1; /* a predicate below depends on the code */
	uint32_t varies : 1;  /* ... or has no value for some of them */
	uint32_t depth : 28;
	uint32_t first; /* AND: into edges; PREDICATE: its index */
	uint32_t n;
};

/* A condition may nest this deep once compiled; evaluation recurses. */
#define RULES_DAG_MAX_DEPTH 2048

/* ---- plans --------------------------------------------------------------- */

struct rules_plan_entry {
	uint32_t rule; /* index in the program's rules */
	uint32_t literal;
};

struct rules_plan_bucket {
	uint32_t guard; /* literal that all of its entries need */
	uint32_t first; /* into plan_entries */
	uint32_t n;
};

/* Entries that need a predicate of the group, by the predicate's local number. */
struct rules_plan_dispatch {
	uint32_t group;
	uint32_t first;	 /* into plan_slots: n_predicates + 1 offsets into plan_entries */
	uint32_t probe;	 /* whose facts are the slots that have entries; RULES_NO_ID = not kept */
	uint32_t n_same; /* of the first one of a term: how many follow each other; else 0 */
};

/* What to do for the records of some codes. Plan 0 is: nothing. */
struct rules_plan {
	uint32_t first_bucket;
	uint32_t n_buckets;
	uint32_t first_dispatch;
	uint32_t n_dispatches;
	uint32_t first_lane; /* into plan_entries */
	uint32_t n_lanes;
	uint32_t n_words; /* of a bitmap of its lanes */
	uint32_t first_step;
	uint32_t n_steps;
	uint64_t all; /* lanes, of one word */
};

/*
 * The screen of a plan rules out entries many at a time, before one of them is
 * looked at. Each has a lane, a bit; a step clears those of entries that need
 * something that does not hold. What is left is evaluated as ever, so a screen
 * that rules out little costs time and never an answer.
 */
#define RULES_SCREEN_WORDS 4
#define RULES_SCREEN_LANES (64u * RULES_SCREEN_WORDS)
#define RULES_SCREEN_STEPS 64u /* at most, of one plan */

enum rules_screen_kind {
	RULES_SCREEN_NODE,  /* one node's truth */
	RULES_SCREEN_RANGE, /* the same of one number or truth value held against one constant */
	RULES_SCREEN_PROBE, /* all that a value says */
	RULES_SCREEN_ROW,   /* a probe of one look-up, in a plan of one word */
};

struct rules_screen_step {
	uint16_t kind; /* enum rules_screen_kind */
	uint16_t cost; /* guessed, ns; but for reading the field */
	uint16_t read; /* reading it, the first time on a record */
	uint32_t id;   /* node or probe */
	/* Into lane_words. NODE, RANGE: lanes that need it, then those that need it not to hold.
	 * PROBE, ROW: lanes that it may rule out. */
	uint32_t lanes;
	uint32_t term; /* what it reads; RULES_NO_ID = several */
	uint64_t low;  /* RANGE: it holds from low to low + span, past the largest number too */
	uint64_t span;
	uint64_t word[2]; /* of a plan of one word: these lanes, without a detour */
	uint32_t rows;	  /* ROW: the probe group's */
	uint32_t group;	  /* ROW */
};

/*
 * What is known from the value of one field alone: rows of the groups, and checks
 * besides. It is the same whenever the value is; where it is dear to find out,
 * machines keep it by value (struct rules_fact).
 */
struct rules_probe {
	uint32_t term;
	uint32_t first; /* into probe_checks */
	uint32_t n;
	uint32_t first_group; /* into probe_groups */
	uint32_t n_groups;
	uint32_t either; /* into lane_words: lanes that need one of several predicates, of any group
			  */
	bool kept;
};

/*
 * One group's part. Into lane_words: the lanes that it concerns; those that need
 * one of its predicates; and for each row three bitmaps. Where a value has one
 * row: the lanes that it leaves, nothing, and those of `either` that are content.
 * Where it may have several (groups that stamp): the lanes that are content with
 * it, those that are not, and those of `either` that are content.
 */
struct rules_probe_group {
	uint32_t group;
	uint32_t concerns;
	uint32_t need;
	uint32_t rows;
	uint8_t kind; /* enum rules_group_kind, of the group */
	bool stamps;  /* the group's */
	/*
	 * contains: which pairs of neighbours (struct rules_ac) the needles of which lanes
	 * have, so that only those are looked for that a lane that is left waits for.
	 */
	uint8_t n_pairs;     /* 0 = unknown */
	uint32_t first_pair; /* into probe_pairs */
	uint32_t pairs;	     /* into lane_words: the lanes of each */
	uint64_t word;	     /* of a plan of one word: the lanes that it concerns */
};

struct rules_probe_pair {
	uint8_t bytes[2];
};

#define RULES_PROBE_ROW 3u /* bitmaps of a row */

struct rules_probe_check {
	uint32_t literal;
	uint32_t lanes; /* into lane_words: those that need it */
};

/* ---- the program --------------------------------------------------------- */

#define RULES_ARRAY(type, name) \
	type *name;             \
	uint32_t n_##name;      \
	uint32_t room_##name

struct rules_program {
	const struct saker_catalogue *catalogue;
	struct arena arena; /* refs, texts, constants: as long as the program */
	RULES_ARRAY(struct rules_term, terms);
	RULES_ARRAY(struct rules_predicate, predicates);
	RULES_ARRAY(struct rules_dag_node, nodes);
	RULES_ARRAY(uint32_t, edges);
	RULES_ARRAY(struct rules_group, groups);
	RULES_ARRAY(struct rules_plan, plans);
	RULES_ARRAY(struct rules_plan_bucket, plan_buckets);
	RULES_ARRAY(struct rules_plan_dispatch, plan_dispatches);
	RULES_ARRAY(uint32_t, plan_slots);
	RULES_ARRAY(struct rules_plan_entry, plan_entries);
	RULES_ARRAY(struct rules_screen_step, screen_steps);
	RULES_ARRAY(struct rules_probe, probes);
	RULES_ARRAY(struct rules_probe_check, probe_checks);
	RULES_ARRAY(struct rules_probe_group, probe_groups);
	RULES_ARRAY(struct rules_probe_pair, probe_pairs);
	RULES_ARRAY(uint64_t, lane_words);
	uint32_t *plan_of_code; /* n_codes */
	uint32_t n_codes;	/* the catalogue's, at least one */
	uint32_t n_rules;
	uint32_t n_hits;
	uint32_t n_words; /* of a bitmap of codes */
	bool needs_scratch;
};

/* A catalogue may have this many codes. */
#define RULES_MAX_CODES 1024
#define RULES_CODE_WORDS (RULES_MAX_CODES / 64)

struct rules_program *rules_program_new(const struct saker_catalogue *catalogue);
struct rules_program *rules_program_free(struct rules_program *program);

/* Bits of the codes that have something to do. */
void rules_program_codes(const struct rules_program *program, uint64_t *bitmap, uint32_t n_words);

/* ---- building ------------------------------------------------------------ */

/* What is needed while a program is built and no longer. */
struct rules_builder {
	struct rules_program *program;
	struct arena *scratch; /* the caller's, as long as the build */
	struct rules_index terms;
	struct rules_index predicates;
	struct rules_index nodes;
	struct rules_index fields; /* the catalogue's, by name */
	/* per node, when it selects: the codes for which it can hold, then those for which it can
	 * fail */
	RULES_ARRAY(const uint64_t *, node_codes);
	float *node_cost; /* per node, after ordering */
	float *node_truth;
	uint64_t *used_fields; /* bitmap over the catalogue's fields */
	bool used;	       /* what is bound now counts as used */
	RULES_ARRAY(struct rules_used_constant, used_constants);
	struct rules_index constant_index;
	/* per condition: tree nodes already compiled, by address */
	struct rules_index seen;
	RULES_ARRAY(struct rules_seen, seen_nodes);
	/* per condition: deprecated fields that are to be warned about */
	RULES_ARRAY(struct rules_deprecated, deprecated);
	void (*warn)(void *userdata, int code, const struct rules_mark *mark, const char *message);
	void *warn_userdata;
	struct rules_compile_error *error;
};

struct rules_deprecated {
	const struct saker_field *field;
	const struct rules_mark *mark; /* of the first one in the condition */
};

struct rules_used_constant {
	const struct saker_field *field;
	const char *constant; /* in the program's arena */
};

struct rules_seen {
	const struct rules_node *node;
	uint32_t literal;
	const uint64_t *codes; /* NULL = not asked for yet; see dag_codes.c */
};

/* Why a condition or a format does not compile. */
struct rules_compile_error {
	char message[512];
	char hint[256];
	const struct rules_mark *mark; /* NULL = the whole */
	size_t offset;		       /* FORMAT: byte in it */
};

int rules_builder_init(struct rules_builder *builder, struct rules_program *program,
		       struct arena *scratch);
void rules_builder_fini(struct rules_builder *builder);

/* Sets builder->error and returns -EBADMSG. */
int rules_fail(struct rules_builder *builder, const struct rules_mark *mark, const char *format,
	       ...) _printf_(3, 4);

/* A condition to a literal. -EBADMSG with builder->error filled in. */
int rules_compile_condition(struct rules_builder *builder, const struct rules_node *root,
			    uint32_t *ret_literal);

/* The conjunction of literals (n of them, reordered in place). */
int rules_dag_and(struct rules_builder *builder, uint32_t *literals, uint32_t n,
		  uint32_t *ret_literal);
/* The literal of a predicate. */
int rules_dag_predicate(struct rules_builder *builder, uint32_t predicate, uint32_t *ret_literal);
/* The codes for which the literal can hold. */
void rules_dag_codes(const struct rules_builder *builder, uint32_t literal, uint64_t *ret_bitmap);
/* Whether it can hold for this one. */
bool rules_dag_can_hold(const struct rules_builder *builder, uint32_t literal, uint32_t code);
/*
 * The codes that the condition compiled last speaks of as written, whatever is found out about
 * it: what Falco counts for LOAD_NO_EVTTYPE.
 */
int rules_condition_codes(struct rules_builder *builder, const struct rules_node *root,
			  uint64_t *ret_bitmap);
/* What a node of that condition became; NULL = it is none of it. */
struct rules_seen *rules_dag_seen(const struct rules_builder *builder,
				  const struct rules_node *node);
/* Orders the children of every node: cheap and selective ones first. */
int rules_dag_order(struct rules_builder *builder);

/* Makes the groups' tables. After it, no predicates may be added. */
int rules_predicate_group(struct rules_builder *builder);
/* Guesses: nanoseconds to compute it, once it is known whether a group does... */
void rules_predicate_estimate(const struct rules_program *program,
			      struct rules_predicate *predicate);
/* ... and for which share of events it holds, while its constants are there. */
float rules_predicate_truth(const struct rules_program *program,
			    const struct rules_predicate *predicate);

/* What plans are made of: a rule that is to be evaluated. */
struct rules_plan_rule {
	uint32_t rule;
	uint32_t literal;
};

/* Finishes the program: groups, order of evaluation, a plan for every code. */
int rules_plan_build(struct rules_builder *builder, const struct rules_plan_rule *rules,
		     uint32_t n_rules);

#endif /* RULES_DAG_H */
