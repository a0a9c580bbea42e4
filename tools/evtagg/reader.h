/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of an input in, alerts out: lines are found by the format, scanned, held
 * against the window and the filter, and given to the consumers. All that is read is
 * counted.
 */
#ifndef EVTAGG_READER_H
#define EVTAGG_READER_H

#include <saker/alert_reader.h>

#include "filter.h"
#include "input.h"
#include "known.h"
#include "record.h"
#include "result.h"

#define READER_MAX_CONSUMERS 6

struct reader;

/* An input as it is being read: where it is, and what its format keeps. */
struct stream {
	const char *input;	     /* its name */
	struct text host;	     /* that the name tells */
	uint64_t number;	     /* lines so far */
	const struct format *format; /* NULL = not found out yet */
	size_t taken;		     /* of carry: what is done with once consumers have settled */
	struct textbuf carry;	     /* the format's: what is not complete yet */
	struct textbuf scratch;	     /* the format's: the line inside the line */
};

void stream_fini(struct stream *stream);

struct reader {
	struct saker_alert_scanner *scanner;
	struct saker_alert_reader *text; /* for alerts that are no JSON */
	struct filter *filter;		 /* NULL = all; owned by the caller */
	uint64_t since, until;
	bool need_time; /* somebody looks at times: always, today */
	uint64_t list_broken;
	struct consumer consumers[READER_MAX_CONSUMERS];
	uint32_t n_consumers;
	struct scan_stats stats;
	struct known known;
	char second[20]; /* the last time's text up to the second, and what it is in ns */
	uint64_t second_ns;
	char word[16]; /* the last priority, as written */
	uint32_t word_len;
	uint8_t word_priority;
};

/* wanted: complete by now. */
int reader_init(struct reader *reader, const struct wanted *wanted, bool strict);
/* With names for the rules of text alerts, from the outputs of rule files. -EBADMSG after lines on
 * standard error. */
int reader_load_rules(struct reader *reader, const char *const *paths, uint32_t n);
/* Whether an input that starts with these bytes is read as lines of JSON. */
bool reader_is_json(const struct input_options *options, char *start, size_t len);
/* What a consumer returned, or -ENOMEM. */
int reader_feed(struct reader *reader, struct stream *stream, const struct input_options *options,
		const struct block *block);
/* The stream is at its end. */
int reader_end(struct reader *reader, struct stream *stream);
void reader_fini(struct reader *reader);

/* ---- for formats --------------------------------------------------------------------- */

/*
 * How lines are wrapped. One file format_NAME.c or a few alike in one, a const
 * descriptor, a line in FORMAT_LIST.
 */
struct format {
	const char *name;
	const char *summary;
	/* Whether a block that starts an input looks like it. NULL = only when asked for. */
	bool (*sniff)(const struct block *block);
	int (*feed)(struct reader *reader, struct stream *stream, const struct block *block);
	/* The consumers have let go of all lines so far. May be NULL. */
	void (*settled)(struct stream *stream);
	/* The input is at its end: what was still waiting for more. May be NULL. */
	int (*end)(struct reader *reader, struct stream *stream);
};

#define FORMAT_LIST(X)    \
	X(json)           \
	X(text)           \
	X(syslog)         \
	X(journal_json)   \
	X(journal_export) \
	X(docker)         \
	X(cri)

#define X(name) extern const struct format format_##name;
FORMAT_LIST(X)
#undef X

const struct format *format_find(const char *name);
const struct format *format_at(uint32_t i);

/*
 * One line, without its newline, that a format unwrapped (or wrote: an alert that was no
 * JSON becomes a line of JSON). What surrounds it may say host and time.
 */
struct unwrapped {
	const char *data;
	size_t len;
	struct text host; /* "" = the stream's */
	uint64_t time;	  /* for alerts that have none of their own */
};
int reader_line(struct reader *reader, struct stream *stream, const struct unwrapped *line);
/* The same for what may be an alert in text. */
int reader_message(struct reader *reader, struct stream *stream, const struct unwrapped *line);
/* The bytes of lines so far go away before the block is done with. */
int reader_settle(struct reader *reader);
/* Whether a line of plain text looks like syslog around an alert: for a hint. */
bool format_has_alert(const char *line, size_t len);
/* A broken line: counted, and told when asked. */
void reader_broken(struct reader *reader, const struct stream *stream, enum saker_scan_error error,
		   uint64_t at, const char *line, size_t len);

#endif /* EVTAGG_READER_H */
