/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine runs one program over records: it holds what is known about the
 * current one (values of terms, answers of groups, truth of nodes), stamped with
 * the record's generation so that nothing is cleared between records.
 */
#ifndef RULES_EVAL_H
#define RULES_EVAL_H

#include <assert.h>

#include "dag.h"
#include "transform.h"

/* One cache line: what is known of a term's value, and how to get it. */
struct rules_term_memo {
	uint32_t generation;
	uint32_t fits;		  /* bits of the types (enum saker_type) that its class can be */
	saker_extract_fn extract; /* FIELD; NULL = it is computed from other terms */
	const struct saker_field_ref *ref;
	struct saker_values values;
} __attribute__((aligned(64)));

static_assert(sizeof(struct rules_term_memo) == 64, "one cache line");

struct rules_group_memo {
	uint32_t generation;
	uint32_t row;	 /* groups that do not stamp */
	uint32_t n_hits; /* those that do */
};

/*
 * What a probe says of a value that was seen before. The value itself is kept and
 * compared, so that a fact is never taken for that of another value; values that
 * do not fit are looked at each time. Values depend on nothing but the program,
 * so facts never go stale: a new ruleset has a machine of its own.
 */
#define RULES_FACT_KEY 96	     /* values at least this long are kept: paths, names */
#define RULES_FACT_ABSENT UINT16_MAX /* len of the fact about no value */
#define RULES_FACTS 1024	     /* a power of two */

struct rules_fact {
	uint64_t hash;
	uint32_t probe; /* + 1; 0 = free */
	uint16_t len;
	uint16_t n_hits;
	/*
	 * A screen's: bitmaps of the lanes that were looked at and of those among them
	 * that are ruled out. A dispatch's: n_hits slots with entries, of 32 bits. Then
	 * the value, as long as it fits the machine's fact_size.
	 */
	uint64_t words[];
};

/*
 * In which order the steps of a plan's screen are taken. Guesses of the compiler
 * begin; then now and then a record is put to all steps, and from a few of those
 * (samples) the order follows. It changes what evaluation costs, nothing else.
 */
struct rules_screen_order {
	uint32_t left; /* runs until the next sample */
	uint32_t gap;  /* and between the last sample and the first one of the next time */
	uint32_t n_samples;
	struct rules_screen_step *steps; /* the plan's, in that order */
	uint64_t *samples;		 /* lanes ruled out, per sample and step of the plan */
};

struct rules_machine {
	const struct rules_program *program;
	/* of the program: what every record needs, plan or not */
	uint32_t (*code)(const void *record);
	const uint32_t *plan_of_code;
	uint32_t n_codes;
	void *record;
	uint32_t generation; /* 1 .. RULES_GENERATION_MAX */
	uint32_t *nodes;     /* generation << 1 | truth */
	struct rules_term_memo *terms;
	struct rules_group_memo *groups;
	uint32_t *hits;	   /* local numbers that hold, per stamping group */
	uint32_t *rules;   /* generation of the last match */
	uint32_t *matched; /* room for n_rules */
	void *facts;	   /* NULL when the program has no probes */
	uint32_t fact_size;
	uint32_t fact_words;		   /* of one of the two bitmaps */
	uint32_t fact_key;		   /* bytes there are for a value */
	struct rules_screen_order *orders; /* per plan */
	struct rules_screen_step *order_steps;
	uint64_t *order_samples;
	bool plain; /* for tests: screens and facts are not used, every entry is evaluated */
	struct rules_scratch scratch;
	uint64_t evaluated;
	uint64_t reused;
	uint64_t extracted;
	uint64_t facts_found;
	uint64_t facts_made;
};

#define RULES_GENERATION_MAX ((1u << 31) - 1)

int rules_machine_init(struct rules_machine *machine, const struct rules_program *program);
void rules_machine_fini(struct rules_machine *machine);

/* After two thousand million records stamps would mean something again. */
void rules_machine_wrap(struct rules_machine *machine);

/* Makes the machine forget the record before. */
static inline void rules_machine_begin(struct rules_machine *machine, void *record)
{
	if (unlikely(machine->generation >= RULES_GENERATION_MAX))
		rules_machine_wrap(machine);
	machine->generation++;
	machine->record = record;
	machine->scratch.used = 0;
}

/*
 * Runs a plan over the record; how many rules match. With `first` only the one of
 * least index. Their indexes are in machine->matched, ascending.
 */
uint32_t rules_machine_run(struct rules_machine *machine, uint32_t plan, bool first);

/* Computes a term, of the machine's terms, for the current record. */
const struct saker_values *rules_machine_compute(struct rules_machine *machine,
						 struct rules_term_memo *memo);

/* The values of a term for the current record. */
static inline const struct saker_values *rules_machine_term(struct rules_machine *machine,
							    uint32_t term)
{
	struct rules_term_memo *memo = &machine->terms[term];

	return likely(memo->generation == machine->generation)
		       ? &memo->values
		       : rules_machine_compute(machine, memo);
}

/* A node for the first time on this record. */
bool rules_machine_node(struct rules_machine *machine, uint32_t node);

/* Whether a literal holds for the current record. */
static inline bool rules_machine_literal(struct rules_machine *machine, uint32_t literal)
{
	uint32_t memo = machine->nodes[literal >> 1];

	if (memo >> 1 == machine->generation) {
		machine->reused++;
		return (memo ^ literal) & 1;
	}
	return rules_machine_node(machine, literal >> 1) ^ (literal & 1);
}

/* eval_screen.c: the same for a plan of one word; the lanes that are left. */
uint64_t rules_screen_word(struct rules_machine *machine, uint32_t plan);
/* eval_screen.c: clears the lanes of `alive` that cannot match. False = none is left. */
bool rules_screen_run(struct rules_machine *machine, uint32_t plan,
		      uint64_t alive[RULES_SCREEN_WORDS]);
/* eval_screen.c: all lanes of a plan. */
void rules_screen_all(const struct rules_plan *plan, uint64_t lanes[RULES_SCREEN_WORDS]);
/* eval_screen.c: the lanes that one step rules out, all others left aside. */
void rules_screen_step_out(struct rules_machine *machine, const struct rules_plan *plan,
			   const struct rules_screen_step *step, uint64_t *ret_out);
/* eval_order.c */
int rules_orders_init(struct rules_machine *machine);
void rules_orders_fini(struct rules_machine *machine);
/* eval_order.c: takes a sample of the current record, and orders the steps when there are enough.
 */
void rules_order_sample(struct rules_machine *machine, uint32_t plan);
/*
 * eval_screen.c: the slots (into plan_slots) with entries of a dispatch and those of the same
 * term that follow; NULL = too many to keep.
 */
const uint32_t *rules_dispatch_hits(struct rules_machine *machine,
				    const struct rules_plan_dispatch *dispatch, uint32_t *ret_n);
/* eval_screen.c: room for facts, if the program has use for them. -ENOMEM. */
int rules_facts_init(struct rules_machine *machine);

/* predicate_eval.c: computes a predicate that no group answers. */
bool rules_predicate_eval(struct rules_machine *machine, const struct rules_predicate *predicate);
/* predicate_eval.c: runs a group over the record. */
void rules_group_run(struct rules_machine *machine, uint32_t group);

#endif /* RULES_EVAL_H */
