/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person marked as noise: one JSON object a line,
 *
 *   {"rule": "NAME", "fields": {"proc.name": "cron", "hostname": "web01"}}
 *
 * All alerts of the rule with these values are meant. A whole alert is a mark as well:
 * output_fields stands for fields. Other lines are an error.
 */
#ifndef EVTAGG_NOISE_MARKS_H
#define EVTAGG_NOISE_MARKS_H

#include "noise.h"

#define NOISE_MARKS_MAX 10000
#define NOISE_MARKS_MAX_FIELDS 64

struct mark_field {
	struct text name;
	struct text value;
	bool absent; /* null */
};

struct mark {
	struct text rule;
	struct mark_field *fields;
	uint32_t n_fields;
};

struct noise_marks {
	struct arena arena;
	struct mark *v;
	uint32_t n, capacity;
	char *text; /* of the file */
};

/* -EBADMSG after a line on standard error that says where; -errno of reading. */
int noise_marks_read(const char *path, struct noise_marks *ret_marks);
/* The same from memory; name is for findings. */
int noise_marks_parse(const char *name, const char *data, size_t len,
		      struct noise_marks *ret_marks);
void noise_marks_fini(struct noise_marks *marks);
/* Sets `marked` of the patterns that a mark means; returns how many alerts these are. */
uint64_t noise_marks_apply(const struct noise_marks *marks, struct noise *noise);

#endif /* EVTAGG_NOISE_MARKS_H */
