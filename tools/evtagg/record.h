/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert as it passes through the tool, and how one reads a column of it. Nothing
 * is copied: all of it lives until the consumer returns, the line's bytes until its
 * settle() is called.
 */
#ifndef EVTAGG_RECORD_H
#define EVTAGG_RECORD_H

#include <saker/alert_scan.h>

#include "str.h"

#define PRIORITY_UNKNOWN 8 /* less urgent than all */

struct record {
	const struct saker_scanned *alert; /* its values, where they stand in the line */
	struct text host;  /* of the alert, else the journal's, else the file's; "" = none */
	const char *input; /* the name of where it came from */
	uint64_t number;   /* the line of its input, from 1 */
	uint64_t time;	   /* ns since 1970; 0 = it has none that can be read */
	uint8_t priority;  /* enum saker_priority or PRIORITY_UNKNOWN */
};

/*
 * Keys of output_fields that somebody reads; the scanner fetches just those. An
 * index stays what it is.
 */
struct wanted {
	struct strings names; /* owned here */
};

/* The field's index; -ENOMEM, -E2BIG. */
int wanted_add(struct wanted *wanted, const char *name, size_t len);
void wanted_fini(struct wanted *wanted);

/* What one groups by, counts the distinct of, or prints. */
#define COLUMN_LIST(X)                                                                      \
	X(RULE, "rule", "the rule's name")                                                  \
	X(PRIORITY, "priority", "its priority, as the alert writes it")                     \
	X(SOURCE, "source", "syscall, k8s_audit, a plugin's source")                        \
	X(HOSTNAME, "hostname", "the host, from the alert, the journal or the file's name") \
	X(TAGS, "tags", "all of them, as written")                                          \
	X(OUTPUT, "output", "the alert's text")                                             \
	X(MESSAGE, "message", "the same without time and priority")                         \
	X(TIME, "time", "as written")                                                       \
	X(INPUT, "input", "the file, journal or container it was read from")

enum column_kind {
#define X(symbol, name, help) COLUMN_##symbol,
	COLUMN_LIST(X)
#undef X
		COLUMN_FIELD, /* a key of output_fields */
};

struct column {
	enum column_kind kind;
	uint32_t field; /* COLUMN_FIELD: the index in wanted */
	const char *name;
};

/* "rule", "hostname", or the name of a field, which is then wanted. name must outlive it. */
int column_parse(const char *name, struct wanted *wanted, struct column *ret);
/* The column's value; kind SAKER_JSON_NONE when the alert has none. */
struct saker_json_slice column_get(const struct column *column, const struct record *record);

/* Gets every alert that satisfies the filter, in input order. */
struct consumer {
	int (*record)(void *userdata, const struct record *record);
	/* The bytes of lines seen so far go away: copy what is still needed. May be NULL. */
	int (*settle)(void *userdata);
	void *userdata;
};

#endif /* EVTAGG_RECORD_H */
