/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs, read through the filter into an aggregation, and whoever else wants the
 * alerts: the loop that every verb has.
 *
 *   session_new          with options out of the command line (session_args)
 *   session_consume      anybody else who wants the alerts
 *   session_step         reads a block; again until -ENODATA
 *   session_snapshot     the answer so far, at any time
 *   session_scan         the alerts once more, for another question
 *   session_free
 *
 * One thread steps. A snapshot is independent: make it on the same thread (or under
 * one lock with the steps), show it on any.
 */
#ifndef EVTAGG_SESSION_H
#define EVTAGG_SESSION_H

#include "aggregate.h"
#include "evtagg.h"
#include "input.h"

struct session;

struct session_options {
	struct strings inputs; /* none = standard input */
	struct input_options input;
	struct query query;
	struct strings rules; /* rule files, which name the rules of text alerts */
	bool strict;	      /* every byte is checked */
	uint64_t list_broken; /* so many broken lines are told on standard error; 0 = none */
	bool progress;	      /* a bar on standard error while files are read */
	/*
	 * Keep the lines of selected alerts, up to so many bytes, the oldest let go, so
	 * that session_scan works when the inputs cannot be read twice (standard input,
	 * follow). 0 = keep none; inputs that can be read again are.
	 */
	size_t keep;
};

/* ---- the command line ---------------------------------------------------------- */

/* As text; session_args_finish makes options of it. */
struct session_args {
	const char *by, *where, *since, *until, *bucket, *burst, *top, *sort, *fresh, *rare,
		*distinct, *memory;
	const char *format, *max_line, *unit, *socket, *broken;
	bool follow, from_now, strict, quiet, reverse;
	struct strings rules;
	char *names; /* of by and distinct, cut up */
};

/* Which tables a verb wants. */
enum session_arg_groups {
	SESSION_ARGS_INPUT = 1 << 0,
	SESSION_ARGS_FILTER = 1 << 1, /* --where, --since, --until */
	SESSION_ARGS_QUERY = 1 << 2,  /* --by, --top, --sort ... */
	SESSION_ARGS_ALL = 7,
};

int session_args_add(struct session_args *sa, struct args *args, unsigned int groups);
/* EVTAGG_OK, or the exit code after a line on standard error. */
int session_args_finish(struct session_args *sa, const struct verb *verb, const struct args *args,
			struct session_options *ret_options);
void session_args_fini(struct session_args *sa);

/* ---- the loop -------------------------------------------------------------------- */

/* Opens the inputs. A negative errno after a line on standard error; options are copied. */
int session_new(const struct session_options *options, struct session **ret_session);
/* The fields that a consumer reads, by column: before the first step. */
int session_column(struct session *session, const char *name, struct column *ret);
/* The same for who adds many fields, by index: what conditions over alerts are bound to. */
struct wanted *session_wanted(struct session *session);
/* Somebody else who wants the selected alerts, before the first step; at most 4. */
int session_consume(struct session *session, const struct consumer *consumer);

/*
 * Reads one block: 1 = some lines came, 0 = none within timeout_ms (when following),
 * -ENODATA = all is read. Another errno: memory, or what a consumer returned.
 */
int session_step(struct session *session, int timeout_ms);
/* Steps to the end, or until *stop is set (by a signal's handler; may be NULL). */
int session_run(struct session *session, const volatile int *stop);

/* Grows with every selected alert: equal = a snapshot would say the same. */
uint64_t session_generation(const struct session *session);
int session_snapshot(struct session *session, struct result **ret_result);
void session_stats(struct session *session, struct scan_stats *ret_stats);
const struct session_options *session_get_options(const struct session *session);

/*
 * Another question over the same alerts, those that `where` of the session's own
 * query selected included: reads the inputs again, or the lines that were kept. The
 * query has its own by, where, window. ret_result may be NULL (for the consumer
 * only); consumer may be NULL. columns: names that the consumer reads, their columns
 * are put into ret_columns.
 */
struct session_question {
	struct query query;
	const char *const *columns;
	struct column *ret_columns;
	uint32_t n_columns;
	const struct consumer *consumer;
	const volatile int *stop;
};
int session_scan(struct session *session, const struct session_question *question,
		 struct result **ret_result);
/* Whether session_scan sees all alerts, or only the newest that fitted. */
bool session_scan_complete(const struct session *session);

struct session *session_free(struct session *session);

/* The fields that the query names and no alert has had, on standard error. */
void session_say_missing(const struct session *session);

/* The summary of what was read, on standard error: lines, alerts, broken ones, speed. */
void session_say(struct session *session);

#endif /* EVTAGG_SESSION_H */
