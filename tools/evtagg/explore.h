/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking closer, for the views that one can walk around in (the terminal browser, the
 * web page, the report): a path of column = value steps leads to a part of the alerts;
 * of that part one asks for rows by other columns, for the fields that it has, and for
 * single alerts. All of it over session_scan, so on the thread that steps (or under
 * one lock with it).
 */
#ifndef EVTAGG_EXPLORE_H
#define EVTAGG_EXPLORE_H

#include "common/arena.h"
#include "distinct.h"
#include "session.h"

#define PATH_MAX_STEPS 12
#define EXPLORE_MAX_FIELDS 512 /* of a part: more names are not told apart */

/* Alerts whose column has this value. Text is as saker_json_unescape makes it: UTF-8. */
struct path_step {
	const char *column;
	uint8_t kind; /* enum saker_json_kind; NULL = the alert does not have it */
	struct text value;
};

/* What the steps point to is owned by whoever made them. */
struct path {
	struct path_step steps[PATH_MAX_STEPS];
	uint32_t n;
};

/* -E2BIG: deeper than PATH_MAX_STEPS. */
int path_add(struct path *path, const struct path_step *step);
/* A key of a result as a step; its text is copied to the arena. -ENOMEM. */
int path_step_of(struct arena *arena, const char *column, const struct result_key *key,
		 struct path_step *ret);
/* Copied with all it points to. */
int path_copy(struct arena *arena, const struct path *from, struct path *ret);
/* "rule = Terminal shell, proc.name = sh", for a head line. */
void path_write(FILE *out, const struct path *path);

/* Rows of that part, by other columns; the query's strings outlive the call. */
int explore_rows(struct session *session, const struct path *path, const struct query *query,
		 struct result **ret_result);

/* A field of a part. */
struct found_field {
	struct text name;
	uint64_t count; /* alerts that have it (and not null) */
	struct distinct values;
	struct text last; /* its value in the last alert that has it, JSON as written, cut */
};

struct found_fields {
	struct arena arena;
	struct found_field *v; /* in order of name */
	uint32_t n;
	uint32_t capacity;
	size_t memory;
};

int explore_fields(struct session *session, const struct path *path, struct found_fields *ret);
void found_fields_fini(struct found_fields *fields);

/* An alert of a part, as it was written. */
struct found_alert {
	char *line; /* JSON, not NUL-terminated */
	uint32_t len;
	char *host;
	char *input;
	uint64_t number;
	uint64_t time;
	uint8_t priority;
};

struct found_alerts {
	struct found_alert *v; /* the newest first */
	uint32_t n;
	uint64_t all; /* so many there were */
};

/* The last `most` in input order. */
int explore_alerts(struct session *session, const struct path *path, uint32_t most,
		   struct found_alerts *ret);
void found_alerts_fini(struct found_alerts *alerts);

#endif /* EVTAGG_EXPLORE_H */
