/* SPDX-License-Identifier: Apache-2.0 */
/* The agent at work: from rules and a capture to alerts, until it is told to stop. */
#ifndef SAKER_TOOL_AGENT_H
#define SAKER_TOOL_AGENT_H

#include "config.h"
#include "options.h"

/* The exit codes; the man page and --help list them. */
enum agent_exit {
	AGENT_OK = 0,
	AGENT_BAD_RULES = 1, /* or configuration */
	AGENT_BAD_USAGE = 2,
	AGENT_NO_CAPTURE = 3,
	AGENT_FAILED = 4, /* while running */
};

int agent_run(const struct options *options, const struct config *config);

#endif /* SAKER_TOOL_AGENT_H */
