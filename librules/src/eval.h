/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine runs one program over records: it holds what is known about the
 * current one (values of terms, answers of groups, truth of nodes), stamped with
 * the record's generation so that nothing is cleared between records.
 */
#ifndef RULES_EVAL_H
#define RULES_EVAL_H

#include "dag.h"
#include "transform.h"

struct rules_term_memo {
	uint32_t generation;
	struct saker_values values;
};

struct rules_group_memo {
	uint32_t generation;
	uint32_t row;	 /* groups that do not stamp */
	uint32_t n_hits; /* those that do */
};

struct rules_machine {
	const struct rules_program *program;
	void *record;
	uint32_t generation; /* 1 .. RULES_GENERATION_MAX */
	uint32_t *nodes;     /* generation << 1 | truth */
	struct rules_term_memo *terms;
	struct rules_group_memo *groups;
	uint32_t *hits;	   /* local numbers that hold, per stamping group */
	uint32_t *rules;   /* generation of the last match */
	uint32_t *matched; /* room for n_rules */
	struct rules_scratch scratch;
	uint64_t evaluated;
	uint64_t reused;
	uint64_t extracted;
};

#define RULES_GENERATION_MAX ((1u << 31) - 1)

int rules_machine_init(struct rules_machine *machine, const struct rules_program *program);
void rules_machine_fini(struct rules_machine *machine);

/* Makes the machine forget the record before. */
void rules_machine_begin(struct rules_machine *machine, void *record);

/*
 * Runs a plan over the record; how many rules match. With `first` only the one of
 * least index. Their indexes are in machine->matched, ascending.
 */
uint32_t rules_machine_run(struct rules_machine *machine, uint32_t plan, bool first);

/* Computes a term for the current record. */
const struct saker_values *rules_machine_compute(struct rules_machine *machine, uint32_t term);

/* The values of a term for the current record. */
static inline const struct saker_values *rules_machine_term(struct rules_machine *machine,
							    uint32_t term)
{
	struct rules_term_memo *memo = &machine->terms[term];

	return likely(memo->generation == machine->generation)
		       ? &memo->values
		       : rules_machine_compute(machine, term);
}

/* Whether a literal holds for the current record. */
bool rules_machine_literal(struct rules_machine *machine, uint32_t literal);

/* predicate_eval.c: computes a predicate that no group answers. */
bool rules_predicate_eval(struct rules_machine *machine, const struct rules_predicate *predicate);
/* predicate_eval.c: runs a group over the record. */
void rules_group_run(struct rules_machine *machine, uint32_t group);

#endif /* RULES_EVAL_H */
