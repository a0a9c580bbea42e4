/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts of a rule by what they have in common, in bounded memory: a pattern is the
 * values of all fields that say who did what, where; with how often and when it came.
 *
 *   noise_new, noise_add per alert, noise_finish once, then noise->rules
 *
 * A value that is one of many with the same frame (see template.h) becomes the frame,
 * within its context: the program and the image. A field with too many values that have
 * none becomes "any", there.
 */
#ifndef EVTAGG_NOISE_H
#define EVTAGG_NOISE_H

#include "common/arena.h"
#include "record.h"

#define NOISE_MAX_RULES 1024
#define NOISE_MAX_FIELDS 32
#define NOISE_MAX_KEYS 64   /* of output_fields that are no fields, remembered as such */
#define NOISE_SLOTS 32	    /* of the time line */
#define NOISE_MIN_FRAME 16  /* distinct values, and more, make a frame */
#define NOISE_MAX_VALUES 64 /* of a field, in a context; more = any */
#define NOISE_ABSENT 0	    /* values: the alert has none */
#define NOISE_ANY 1	    /* too many */

enum noise_type {
	NOISE_TEXT,
	NOISE_NUMBER, /* no frames: compared as it is */
};

struct noise_field {
	const char *name;
	enum noise_type type;
};

/* A value of a field. */
struct noise_value {
	uint32_t field;
	bool frame;
	struct text text;
};

struct noise_pattern {
	const uint32_t *values; /* one a field of the rule */
	uint64_t count;
	uint64_t first, last;
	uint32_t slots[NOISE_SLOTS];
	const char *sample; /* its first alert's text */
	bool marked;
};

struct noise_rule {
	const char *name;
	uint8_t priority; /* the most urgent */
	uint64_t count;
	uint64_t too_varied; /* alerts that found no place */
	struct noise_field fields[NOISE_MAX_FIELDS];
	uint32_t n_fields;
	struct text keys[NOISE_MAX_KEYS];
	uint32_t n_keys;
	struct noise_pattern *patterns; /* after noise_finish, the most frequent first */
	uint32_t n_patterns;
	struct noise_value *values; /* by value id */
	uint32_t n_values;
	/* While counting: */
	struct raw_pattern *raws;
	uint32_t n_raws, cap_raws;
	uint32_t *table;
	uint32_t table_size;
};

struct noise {
	struct noise_rule *rules;
	uint32_t n_rules, cap_rules;
	uint64_t alerts;
	uint64_t unnamed; /* of more rules than there is room for */
	uint64_t first, last;
	uint64_t slot_start, slot_width; /* of the time line; width doubles */
	bool any_time;
	size_t memory_max;
	bool any_host; /* hosts tell no patterns apart */
	struct arena arena;
	struct cell *cells;
	uint32_t n_cells, cap_cells;
	uint32_t *cell_table;
	uint32_t cell_table_size;
	struct textbuf frame, text;
	uint32_t last_rule;
};

int noise_new(size_t memory_max, struct noise **ret_noise);
/* A consumer's function; userdata is the noise. */
int noise_add(void *userdata, const struct record *record);
int noise_finish(struct noise *noise);
struct noise *noise_free(struct noise *noise);

/* How many slots the time line has, and in how many of them something came. */
uint32_t noise_n_slots(const struct noise *noise);

/*
 * Whether an exception can compare it; its type. Fields of plugins are text, and of what
 * the agent knows only what has one value that reads as it is compared.
 */
bool noise_usable(struct text name, bool syscall, enum noise_type *ret_type);

/* Whether "NAME CHECK" is a condition: an argument may be one that no event has. */
bool noise_compiles(struct text name, const char *check);

#endif /* EVTAGG_NOISE_H */
