/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts found in a pile of lines, at disk speed: what is an alert, what is other
 * JSON, what is plain text, what is broken; and the values of an alert as slices
 * of its line, nothing copied, nothing allocated.
 *
 *   saker_alert_scanner_new   which keys of output_fields are wanted
 *   saker_alert_scan          per line
 *   saker_json_unescape       for a value that has escapes
 *   saker_alert_scanner_free
 *
 * An alert is a line that starts with '{', is JSON and has the keys "rule" and
 * "output_fields". Of a key given twice the last one holds. The whole line is held
 * against JSON's grammar (RFC 8259); strict adds that all of it is valid UTF-8.
 * A scanner belongs to one thread at a time.
 */
#ifndef SAKER_ALERT_SCAN_H
#define SAKER_ALERT_SCAN_H
#pragma once

#include <saker/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAKER_SCAN_MAX_DEPTH 1024      /* nested objects and arrays; deeper is broken */
#define SAKER_SCAN_MAX_FIELDS 256      /* wanted keys */
#define SAKER_SCAN_MAX_LINE 0x7fffffff /* bytes */

enum saker_json_kind {
	SAKER_JSON_NONE = 0, /* the key is not there */
	SAKER_JSON_STRING,
	SAKER_JSON_NUMBER,
	SAKER_JSON_TRUE,
	SAKER_JSON_FALSE,
	SAKER_JSON_NULL,
	SAKER_JSON_OBJECT,
	SAKER_JSON_ARRAY,
};

/* A value where it stands in the line. */
struct saker_json_slice {
	const char *text; /* a string's inside, else the value as written; NULL for NONE */
	uint32_t len;
	uint8_t kind;	 /* enum saker_json_kind */
	uint8_t escaped; /* a string with backslashes in it: see saker_json_unescape */
};

enum saker_line_kind {
	SAKER_LINE_ALERT = 0,
	SAKER_LINE_JSON,   /* an object, but no alert */
	SAKER_LINE_TEXT,   /* does not start with '{' */
	SAKER_LINE_BROKEN, /* starts with '{' and is no JSON */
};

/* What is wrong with a broken line. */
enum saker_scan_error {
	SAKER_SCAN_OK = 0,
	SAKER_SCAN_TRUNCATED, /* ends in the middle */
	SAKER_SCAN_SYNTAX,    /* something else was expected there */
	SAKER_SCAN_CONTROL,   /* a control character (a NUL) inside a string */
	SAKER_SCAN_ESCAPE,    /* no such escape */
	SAKER_SCAN_NUMBER,    /* not a number */
	SAKER_SCAN_DEPTH,     /* nested deeper than SAKER_SCAN_MAX_DEPTH */
	SAKER_SCAN_TRAILING,  /* something after the object */
	SAKER_SCAN_UTF8,      /* strict only */
	SAKER_SCAN_TOO_LONG,  /* over SAKER_SCAN_MAX_LINE */
};

/* A word for it: "truncated"; "?" outside the range. */
SAKER_PUBLIC const char *saker_scan_error_name(enum saker_scan_error error);

/* Slices point into the line and live as long as it does. */
struct saker_scanned {
	enum saker_line_kind kind;
	enum saker_scan_error error; /* of a broken line */
	uint32_t error_at;	     /* the byte of the line, from 0 */
	const char *line;	     /* without its newline */
	uint32_t len;
	/* Of an alert (and, as far as they are there, of other JSON): */
	struct saker_json_slice rule;
	struct saker_json_slice priority;
	struct saker_json_slice time;
	struct saker_json_slice source;
	struct saker_json_slice hostname;
	struct saker_json_slice output;
	struct saker_json_slice message;
	struct saker_json_slice tags;
	struct saker_json_slice output_fields;
	const struct saker_json_slice *fields; /* the wanted ones, in the order they were named */
	uint32_t n_fields;
};

struct saker_alert_scanner;

struct saker_scan_options {
	size_t size;
	const char *const *fields; /* keys of output_fields whose values are wanted; copied */
	uint32_t n_fields;
	bool strict;
	/*
	 * For measuring and tests: how much of the processor to use. 0 = all it has,
	 * 1 = portable C, 2 = SSE2, 3 = AVX2; more than it has = what it has.
	 */
	uint8_t level;
};

#define SAKER_SCAN_OPTIONS_INIT                           \
	{                                                 \
		.size = sizeof(struct saker_scan_options) \
	}

/* options may be NULL: no fields. -E2BIG: more than SAKER_SCAN_MAX_FIELDS. */
SAKER_PUBLIC int saker_alert_scanner_new(const struct saker_scan_options *options,
					 struct saker_alert_scanner **ret_scanner);
SAKER_PUBLIC struct saker_alert_scanner *
saker_alert_scanner_free(struct saker_alert_scanner *scanner);

/*
 * Scans the first line of data, up to and with its newline, or all of it when there
 * is none: hand in whole lines. Returns how many bytes it took (0 only for len 0).
 * ret_scanned->fields lives until the next call.
 */
SAKER_PUBLIC size_t saker_alert_scan(struct saker_alert_scanner *scanner, const char *data,
				     size_t len, struct saker_scanned *ret_scanned);

/*
 * A string's bytes with its escapes resolved; halves of a surrogate pair that stand
 * alone and invalid UTF-8 become U+FFFD. Writes at most size bytes, no NUL; returns
 * how many it takes in all, never more than three times value->len.
 */
SAKER_PUBLIC size_t saker_json_unescape(const struct saker_json_slice *value, char *buf,
					size_t size);

/*
 * The members of an object or the elements of an array that a scanner has checked, one
 * after the other:
 *
 *   saker_json_iter_init(&iter, &scanned.output_fields);
 *   while (saker_json_iter_next(&iter, &key, &value)) ...
 */
struct saker_json_iter {
	const char *p;
	const char *end;
	bool object;
};

/* Anything but an object or array has no members. */
SAKER_PUBLIC void saker_json_iter_init(struct saker_json_iter *iter,
				       const struct saker_json_slice *container);
/* false = there are no more. ret_key may be NULL; of an array's element it is NONE. */
SAKER_PUBLIC bool saker_json_iter_next(struct saker_json_iter *iter,
				       struct saker_json_slice *ret_key,
				       struct saker_json_slice *ret_value);

/*
 * An alert's time, ns since 1970: "2026-11-20T18:35:23.178557652Z", with an offset
 * ("+02:00", "+0200") or without any (UTC), a blank instead of T, up to nine digits of
 * a second. -EINVAL for anything else and for years before 1970 or after 2261.
 */
SAKER_PUBLIC int saker_alert_time_parse(const char *text, size_t len, uint64_t *ret_ns);

/* "Warning", in any case, and its short forms; as in rules. -EINVAL for another word. */
SAKER_PUBLIC int saker_alert_priority_parse(const char *text, size_t len,
					    enum saker_priority *ret_priority);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_ALERT_SCAN_H */
