/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The aggregation in memory: a hash table of rows, within a bound of bytes. When the
 * bound is reached the smaller half of the rows goes (aggregate_prune.c); from then on
 * counts may be too high, by no more than is said.
 */
#ifndef EVTAGG_AGGREGATE_MEMORY_H
#define EVTAGG_AGGREGATE_MEMORY_H

#include "aggregate.h"
#include "distinct.h"
#include "series.h"

#define AGG_DEFAULT_MEMORY (96u << 20)
#define AGG_MAX_VALUE (16u << 10) /* bytes of one key value; longer ones are cut */
#define AGG_CHUNK 512		  /* rows allocated at once */
#define AGG_TIME_TEXT 40
#define AGG_PRIORITY_TEXT 16
#define AGG_DEFAULT_BURST (60 * NS_PER_S)

/* What is told of the last alert: kept for as many rows as half the memory takes. */
struct agg_details {
	char *p; /* output, fields, host, one behind the other, as written */
	uint32_t capacity;
	uint32_t output_len, fields_len, host_len;
	bool output_escaped;
};

struct agg_row {
	uint64_t hash;
	char *key; /* per column: kind, 4 bytes of length, the bytes */
	uint32_t key_len;
	uint8_t priority;
	uint8_t time_len;
	uint8_t priority_len;
	bool dirty;	/* last_alert is set: settle() copies it */
	uint32_t piece; /* of the input, that the last alert is in */
	uint64_t count;
	uint64_t error;
	uint64_t first, last;
	uint64_t burst_bucket, burst_n, burst_best, burst_at;
	char time[AGG_TIME_TEXT];
	char priority_text[AGG_PRIORITY_TEXT];
	struct saker_json_slice last_output, last_fields; /* in the line, until settled */
	struct text last_host;
	struct agg_details details;
	struct distinct hosts;
	struct distinct *distinct; /* n_distinct of them, or NULL */
	struct series series;
	struct agg_row *next_free;
};

/* Counts of rows that went: never too low (Cormode, Muthukrishnan, 2005). */
#define CMS_ROWS 4
#define CMS_COLUMNS (1u << 18)

struct agg_memory {
	const struct query *query;
	const struct column *by, *distinct;
	uint32_t n_by, n_distinct;
	uint64_t burst;
	size_t memory, memory_max;
	size_t details; /* of the memory: last outputs and fields */

	struct agg_row **chunks;
	uint32_t n_chunks, room_chunks;
	uint32_t used; /* rows ever handed out of chunks */
	struct agg_row *free_rows;
	uint32_t *slots; /* 1 + a row's number; 0 = free */
	uint32_t n_slots;
	uint32_t n_rows;

	struct agg_row **dirty;
	uint32_t n_dirty, room_dirty;

	struct textbuf key;
	uint32_t piece; /* of the input, that is being read: see session_parallel.c */
	uint64_t selected;
	uint64_t first, last;
	struct timeline timeline;
	struct series all;

	/* Once rows had to go: */
	uint64_t floor;	      /* no row that is not here has a count above */
	uint32_t *cms;	      /* CMS_ROWS * CMS_COLUMNS */
	struct distinct keys; /* all there ever were */
};

static inline struct agg_row *agg_row_at(const struct agg_memory *m, uint32_t i)
{
	return &m->chunks[i / AGG_CHUNK][i % AGG_CHUNK];
}

/* The row of a key, made if there is none. -ENOMEM. */
int agg_row_of(struct agg_memory *m, const char *key, uint32_t len, uint64_t hash,
	       struct agg_row **ret_row, bool *ret_fresh);
/*
 * Adds what another of the same query has counted, whose pieces come before or after
 * but do not overlap; takes parts of it. -E2BIG: memory is or was full.
 */
int agg_memory_merge(void *into, void *of);
/* Makes room by dropping rows. -ENOMEM. */
int agg_prune(struct agg_memory *m);
/* An upper bound for what a row that is new (again) had before. */
uint64_t agg_before(const struct agg_memory *m, uint64_t hash);
int agg_memory_result(void *state, struct result *ret_result);
void agg_row_fini(struct agg_memory *m, struct agg_row *row);
/* Rebuilds the hash table over the rows that are in use. -ENOMEM. */
int agg_rehash(struct agg_memory *m, uint32_t n_slots);

#endif /* EVTAGG_AGGREGATE_MEMORY_H */
