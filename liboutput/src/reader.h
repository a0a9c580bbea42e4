/* SPDX-License-Identifier: Apache-2.0 */
/* The alert reader's insides: an arena that one alert at a time lives in. */
#ifndef SAKER_OUTPUT_READER_H
#define SAKER_OUTPUT_READER_H

#include <saker/alert_reader.h>

#include "common/arena.h"

struct saker_alert_reader {
	struct saker_alert_scanner *scanner;
	bool json_only;
	bool text_escaped;
	uint64_t day;
	struct saker_alert_rule_start *starts;
	uint32_t n_starts;
	struct arena arena;
	struct saker_alert_field *fields; /* SAKER_READER_MAX_FIELDS, grown as needed */
	uint32_t n_fields, room_fields;
};

/* A NUL-terminated copy with escapes resolved; NULL = no memory. */
char *output_reader_text(struct saker_alert_reader *reader, const struct saker_json_slice *s);
int output_reader_add(struct saker_alert_reader *reader, const struct saker_alert_field *field);
/* In order of name, the last of equals; into ret. */
int output_reader_finish(struct saker_alert_reader *reader, struct saker_alert *ret);

int output_reader_json(struct saker_alert_reader *reader, const struct saker_scanned *scanned,
		       struct saker_alert *ret);
int output_reader_text_alert(struct saker_alert_reader *reader, const char *line, size_t len,
			     struct saker_alert *ret);

/* "HH:MM:SS.nnnnnnnnn: Priority " or with a date and zone: its length, or 0. */
size_t output_text_head(const char *line, size_t len, uint64_t day, uint64_t *ret_time,
			enum saker_priority *ret_priority);

#endif /* SAKER_OUTPUT_READER_H */
