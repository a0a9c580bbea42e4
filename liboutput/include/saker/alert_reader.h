/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines back into alerts: JSON as Falco and Saker write it, and text.
 *
 *   saker_alert_reader_new
 *   saker_alert_read          per line
 *   saker_alert_reader_free
 *
 * What saker_alert_write made of an alert reads back as that alert, but for what its
 * form has no room for: in text (read with text_escaped), the rule's name (see below),
 * source, tags and types; in JSON, whether a number was signed, and what kind of text a string was.
 * To count or filter many lines, saker_alert_scan (alert_scan.h) is faster: it converts nothing. A
 * reader belongs to one thread at a time.
 */
#ifndef SAKER_ALERT_READER_H
#define SAKER_ALERT_READER_H
#pragma once

#include <saker/alert_scan.h>
#include <saker/output.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAKER_READER_MAX_FIELDS 4096 /* of one alert; more are left out */
#define SAKER_READER_MAX_TAGS 1024

struct saker_alert_reader;

/* Whose output starts with this text is that rule. */
struct saker_alert_rule_start {
	const char *start; /* of the output as in the rule file, up to its first '%' */
	const char *rule;
};

struct saker_alert_reader_options {
	size_t size;
	bool strict; /* refuse lines that are not UTF-8 throughout */
	bool json_only;
	/*
	 * A text alert has no rule's name. With these, the longest start that fits tells
	 * it; else the name is the output up to " | " or " (", which is where fields begin.
	 */
	const struct saker_alert_rule_start *starts; /* copied */
	uint32_t n_starts;
	/*
	 * A text alert's time may lack the date: midnight, local time, of the day it is
	 * of, ns since 1970. 0 = not known, and the alert's time is then 0.
	 */
	uint64_t day;
	/*
	 * Text alerts are Saker's, which escapes quotes, backslashes and controls: resolve
	 * the escapes. Falco writes text as it is; there a backslash is a backslash.
	 */
	bool text_escaped;
};

#define SAKER_ALERT_READER_OPTIONS_INIT                           \
	{                                                         \
		.size = sizeof(struct saker_alert_reader_options) \
	}

/* options may be NULL for defaults. */
SAKER_PUBLIC int saker_alert_reader_new(const struct saker_alert_reader_options *options,
					struct saker_alert_reader **ret_reader);
SAKER_PUBLIC struct saker_alert_reader *saker_alert_reader_free(struct saker_alert_reader *reader);

/*
 * Reads one line, with or without its newline. 1 = it is an alert; 0 = it is none;
 * -EBADMSG = it starts with '{' and is no JSON; -ENOMEM. The alert and all it points to
 * live until the next call. Of fields given twice the last one holds; they come in order
 * of name. An alert without a time that can be read has time 0, one without a known
 * priority SAKER_PRIORITY_DEBUG. Values that are objects come as text, as written.
 */
SAKER_PUBLIC int saker_alert_read(struct saker_alert_reader *reader, const char *line, size_t len,
				  struct saker_alert *ret_alert);

/* Whether a line looks like a text alert: a time, a colon, a priority. */
SAKER_PUBLIC bool saker_alert_is_text(const char *line, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_ALERT_READER_H */
