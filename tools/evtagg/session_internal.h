/* SPDX-License-Identifier: Apache-2.0 */
/* A session's insides, for the loop and for reading with many threads. */
#ifndef EVTAGG_SESSION_INTERNAL_H
#define EVTAGG_SESSION_INTERNAL_H

#include "keep.h"
#include "progress.h"
#include "reader.h"
#include "session.h"

#define SESSION_MAX_COLUMNS (QUERY_MAX_BY + QUERY_MAX_DISTINCT)

/* A query with its columns and what counts for it. */
struct counting {
	struct query query;
	struct column columns[SESSION_MAX_COLUMNS];
	const struct aggregate_backend *backend;
	void *state;
	struct filter *filter;
};

struct session {
	struct session_options options;
	struct inputs inputs;
	struct stream *streams; /* one an input */
	struct wanted wanted;
	uint32_t n_asked; /* of the wanted: those that the query names */
	struct counting counting;
	struct reader reader;
	struct consumer consumers[READER_MAX_CONSUMERS - 2];
	uint32_t n_consumers;
	struct keep *keep;
	struct progress progress;
	uint64_t started; /* monotonic */
	uint64_t ended;
	bool running;
};

int counting_init(struct counting *c, const struct query *query, struct wanted *wanted);
void counting_fini(struct counting *c);

/*
 * Reads everything with a thread for each processor, if it can be done so: plain files
 * of JSON lines, nobody but the aggregation to hear of each alert, no burst asked for.
 * 1 = done; 0 = read it the usual way (nothing has been counted); a negative errno.
 */
int session_run_parallel(struct session *s, const volatile int *stop);

#endif /* EVTAGG_SESSION_INTERNAL_H */
