/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a pile of alerts. */
#ifndef EVTAGG_QUERY_H
#define EVTAGG_QUERY_H

#include "record.h"

#define QUERY_MAX_BY 16
#define QUERY_MAX_DISTINCT 8

/* How rows are sorted: X(symbol, word, what comes first) */
#define QUERY_SORT_LIST(X)                                         \
	X(COUNT, "count", "the most alerts")                       \
	X(RARE, "rare", "the fewest alerts")                       \
	X(NAME, "name", "by name")                                 \
	X(PRIORITY, "priority", "the most urgent")                 \
	X(FIRST, "first", "seen first")                            \
	X(LAST, "last", "seen last (newest)")                      \
	X(RATE, "rate", "the most alerts per hour")                \
	X(BURST, "burst", "the most alerts within a burst window") \
	X(HOSTS, "hosts", "on the most hosts")                     \
	X(DISTINCT, "distinct", "the most distinct values of the first --distinct")

enum query_sort {
#define X(symbol, word, help) QUERY_SORT_##symbol,
	QUERY_SORT_LIST(X)
#undef X
};

/* Strings are not owned. All zero is a query: count by rule. */
struct query {
	const char *by[QUERY_MAX_BY]; /* columns; none = rule */
	uint32_t n_by;
	const char *where; /* a condition over alert fields; NULL = all */
	uint64_t since;	   /* ns since 1970, of the alert's time; 0 = open */
	uint64_t until;
	uint64_t bucket;    /* ns of a bucket of the time line; 0 = as fits */
	uint64_t burst;	    /* ns of a burst's window; 0 = a minute */
	uint32_t top;	    /* rows; 0 = all */
	uint64_t new_since; /* only what was never seen before then; 0 = all */
	uint64_t rare_max;  /* only what was seen at most so often; 0 = all */
	const char *distinct[QUERY_MAX_DISTINCT];
	uint32_t n_distinct;
	enum query_sort sort;
	bool reverse;
	bool no_burst;	   /* nobody looks at bursts: they need input order, threads need not */
	bool timeline;	   /* keep the number of alerts over time of each row */
	size_t memory_max; /* bytes of the aggregation; 0 = 96 MiB */
};

#endif /* EVTAGG_QUERY_H */
