/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a query: what every view renders from. Complete and constant, apart
 * from what made it: a view on another thread may keep it while counting goes on.
 */
#ifndef EVTAGG_RESULT_H
#define EVTAGG_RESULT_H

#include "common/arena.h"
#include "query.h"

/* What was read, and what became of it: lines = alerts + json + text + broken. */
struct scan_stats {
	uint64_t lines;
	uint64_t bytes; /* of lines, as the scanner saw them */
	uint64_t alerts;
	uint64_t selected;    /* of the alerts: what the filter and the window let pass */
	uint64_t json;	      /* objects that are no alerts */
	uint64_t text;	      /* lines that are no JSON, skipped; messages without an alert */
	uint64_t broken;      /* start with '{' and are no JSON */
	uint64_t too_long;    /* of the broken: over the limit */
	uint64_t errors[16];  /* of the broken: by enum saker_scan_error */
	uint64_t no_time;     /* alerts without a time that can be read */
	uint64_t syslog_tail; /* of the text: syslog lines with an alert, that --format syslog reads
			       */
	uint64_t text_alerts; /* of the text: text alerts, that --format text reads */
	uint64_t read_bytes;  /* from the inputs, before they were decompressed */
	uint64_t total_bytes; /* there are to read; 0 = nobody knows */
	uint64_t reconnects;
	uint64_t dropped;
	uint64_t input_errors;
	uint64_t wall_ns;
};

/* A value of a column: its text (escapes resolved) and its JSON type. */
struct result_key {
	struct text text;
	uint8_t kind; /* enum saker_json_kind; NONE = such alerts have no such field */
};

struct result_row {
	const struct result_key *keys; /* one a column of `by` */
	uint64_t count;		       /* at least; at most count + error alerts were seen */
	uint64_t error;		       /* 0 = exact */
	uint8_t priority; /* of the last one: enum saker_priority or PRIORITY_UNKNOWN */
	struct text priority_text;
	uint64_t first; /* earliest and latest time, ns since 1970; 0 = none has one */
	uint64_t last;
	struct text last_time;	 /* of the last in input order, as written */
	struct text last_output; /* its text, escapes resolved */
	struct text last_fields; /* its output_fields, JSON as written; "" = not kept */
	struct text last_host;
	double per_hour;   /* count over the time from first to last (an hour at least) */
	uint64_t burst;	   /* the most within one burst window */
	uint64_t burst_at; /* which starts then */
	uint64_t hosts;	   /* distinct ones */
	bool hosts_exact;
	const uint64_t *distinct; /* one a column of query.distinct */
	bool distinct_exact;
	const uint32_t *timeline; /* n_buckets of them, or NULL */
};

struct result {
	struct arena arena; /* owns all that is pointed to */
	const char *const *by;
	uint32_t n_by;
	const char *const *distinct;
	uint32_t n_distinct;
	struct result_row *rows; /* sorted and cut as asked */
	uint32_t n_rows;
	uint64_t n_groups;	 /* how many there were before cutting (estimated if not exact) */
	uint64_t selected;	 /* alerts behind all groups */
	uint64_t shown;		 /* alerts behind the rows here */
	bool exact;		 /* false: memory_max was reached, see row.error */
	uint64_t max_error;	 /* no count is off by more, no absent group had more */
	double distinct_error;	 /* relative standard error of estimated distinct counts */
	uint64_t first, last;	 /* of all selected */
	uint64_t timeline_start; /* ns since 1970 of bucket 0 */
	uint64_t bucket;	 /* ns */
	uint64_t burst_window;	 /* ns */
	uint32_t n_buckets;
	const uint32_t *timeline; /* of all together */
	struct scan_stats stats;
	uint64_t generation; /* counts up with every alert: equal = nothing new */
};

struct result *result_free(struct result *result);

/* What a column shows of a key: "<NA>" for null and for what is not there. */
struct text result_key_text(const struct result_key *key);

#endif /* EVTAGG_RESULT_H */
