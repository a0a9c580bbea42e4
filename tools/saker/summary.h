/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts counted by rule, and the account that the agent gives at its end. */
#ifndef SAKER_TOOL_SUMMARY_H
#define SAKER_TOOL_SUMMARY_H

#include <saker/capture.h>
#include <saker/containers.h>
#include <saker/enrich.h>
#include <saker/output.h>
#include <saker/rules.h>

#include "report.h"

struct summary_row {
	char *rule;
	uint64_t n;
};

struct summary {
	struct summary_row *rows;
	uint32_t n;
	uint32_t capacity;
	uint32_t *by_index; /* row of each rule of the ruleset in use */
	uint64_t alerts;
	double seconds; /* that it ran */
};

/* Rows for the rules of a ruleset; counts of the one before stay. */
int summary_use(struct summary *summary, const struct saker_ruleset *ruleset);
void summary_fini(struct summary *summary);

static inline void summary_count(struct summary *summary, const struct saker_rule *rule)
{
	summary->rows[summary->by_index[rule->index]].n++;
	summary->alerts++;
}

/* What is told of at the end besides alerts. */
struct summary_account {
	struct saker_capture_stats capture;
	struct saker_state_stats state;
	struct saker_containers_stats containers;
	struct saker_output_stats output;
};

void summary_print(struct summary *summary, const struct logger *logger,
		   const struct summary_account *account);

#endif /* SAKER_TOOL_SUMMARY_H */
