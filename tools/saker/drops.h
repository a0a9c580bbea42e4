/* SPDX-License-Identifier: Apache-2.0 */
/* syscall_event_drops: what to do when the kernel had to drop events. */
#ifndef SAKER_TOOL_DROPS_H
#define SAKER_TOOL_DROPS_H

#include <saker/capture.h>
#include <saker/output.h>

#include "config.h"
#include "report.h"

struct drops {
	double tokens;	  /* of the bucket that limits reports */
	uint64_t checked; /* CLOCK_MONOTONIC ns of the last look */
	uint64_t seen;
	uint64_t dropped;
	uint64_t unreported; /* held back by the limit */
};

enum drops_verdict {
	DROPS_FINE,   /* none, too few, or to be ignored */
	DROPS_HUSH,   /* too many, but reported often enough */
	DROPS_REPORT, /* too many */
	DROPS_END,    /* too many, and that ends the agent */
};

/*
 * What the counters since the last look mean; the totals are those since the
 * start. ret_seen and ret_dropped are set to the difference.
 */
enum drops_verdict drops_judge(struct drops *drops, uint64_t now, uint64_t seen, uint64_t dropped,
			       const struct config *config, uint64_t *ret_seen,
			       uint64_t *ret_dropped);

/*
 * Looks at the counters, at most once a second; now is CLOCK_MONOTONIC ns.
 * 1 = the configuration wants the agent to end.
 */
int drops_check(struct drops *drops, uint64_t now, struct saker_capture *capture,
		const struct config *config, const struct logger *logger,
		struct saker_output *output, const char *hostname);

#endif /* SAKER_TOOL_DROPS_H */
