/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam for who counts: a back end takes alerts and answers with a result. There
 * is one, in memory (aggregate_memory.c); one that has a database do it is another
 * descriptor and a line in AGGREGATE_LIST.
 */
#ifndef EVTAGG_AGGREGATE_H
#define EVTAGG_AGGREGATE_H

#include "result.h"

struct aggregate_backend {
	const char *name;
	const char *summary;
	/* columns: query->by, then query->distinct; they, and the query, outlive it. */
	int (*open)(const struct query *query, const struct column *columns, void **ret_state);
	int (*add)(void *state, const struct record *record);
	int (*settle)(void *state); /* lines go away: copy what is still needed */
	/* The answer so far; counting goes on. result is zeroed, stats are the caller's. */
	int (*result)(void *state, struct result *ret_result);
	size_t (*memory)(const void *state); /* bytes it holds */
	void (*close)(void *state);
};

#define AGGREGATE_LIST(X) X(memory)

#define X(name) extern const struct aggregate_backend aggregate_##name;
AGGREGATE_LIST(X)
#undef X

#endif /* EVTAGG_AGGREGATE_H */
