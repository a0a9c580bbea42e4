/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own struct, shared by agent.c (the loop) and agent_setup.c (opening it all). */
#ifndef SAKER_TOOL_AGENT_INTERNAL_H
#define SAKER_TOOL_AGENT_INTERNAL_H

#include <time.h>

#include <saker/capture.h>
#include <saker/containers.h>
#include <saker/digests.h>
#include <saker/enrich.h>
#include <saker/output.h>
#include <saker/rules.h>

#include "agent.h"
#include "control.h"
#include "drops.h"
#include "report.h"
#include "summary.h"

#define SECOND UINT64_C(1000000000)

struct agent {
	const struct options *options;
	const struct config *config;
	struct logger logger;
	struct control control;
	struct catalogue catalogue;
	struct rules_files files;
	struct saker_ruleset *ruleset;
	struct saker_eval *eval;
	struct saker_capture *capture;
	struct saker_state *state;
	struct saker_containers *containers; /* NULL = nobody is asked */
	struct saker_digests *digests;	     /* NULL = none are computed */
	bool want_digests;		     /* the rules ask for them */
	struct saker_output *output;
	struct summary summary;
	struct drops drops;
	char hostname[256];
	struct saker_alert_field *fields; /* of the alert being made */
	uint32_t fields_capacity;
	bool replay;
	uint32_t n_syscalls;
	uint32_t since_flush;
	uint64_t last_ts; /* of the last event */
	uint64_t started; /* CLOCK_MONOTONIC ns */
	uint64_t ends;	  /* the same; UINT64_MAX = never */
};

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

/*
 * Opening, in this order; each has said what is wrong when it fails, and leaves
 * what it opened to agent_fini.
 */
void agent_init(struct agent *agent, const struct options *options, const struct config *config);
int agent_load_rules(struct agent *agent, struct rules_files *files,
		     struct saker_ruleset **ret_ruleset);
/* Takes the reference, on success only. */
int agent_use_ruleset(struct agent *agent, struct saker_ruleset *ruleset);
int agent_open_output(struct agent *agent);
int agent_open_capture(struct agent *agent);
/* A rule or its output says where names led to: the capture is asked for that only then. */
bool agent_wants_realpath(const struct saker_ruleset *ruleset);
int agent_open_state(struct agent *agent);
void agent_fini(struct agent *agent);

#endif /* SAKER_TOOL_AGENT_INTERNAL_H */
