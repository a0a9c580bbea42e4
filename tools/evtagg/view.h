/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam for how a result reads: a view is a file view_NAME.c with a const
 * descriptor and a line in VIEW_LIST. Views see the result and nothing else.
 */
#ifndef EVTAGG_VIEW_H
#define EVTAGG_VIEW_H

#include "result.h"

struct view_options {
	bool colour;
	uint32_t width; /* columns of the terminal; 0 = no bound */
	bool hosts;	/* a column for the number of hosts */
	bool rate;	/* alerts per hour, and the highest burst */
	bool first;	/* when it was first seen */
	bool output;	/* the last one's text */
};

struct view {
	const char *name;
	const char *summary;
	int (*render)(FILE *out, const struct result *result, const struct view_options *options);
};

#define VIEW_LIST(X) \
	X(table)     \
	X(json)      \
	X(csv)       \
	X(markdown)

#define X(name) extern const struct view view_##name;
VIEW_LIST(X)
#undef X

/* By name; NULL = there is none. */
const struct view *view_find(const char *name);
/* --color=auto|always|never against NO_COLOR and whether out is a terminal. -EINVAL. */
int view_colour(const char *when, FILE *out, bool *ret_colour);
/* Columns of the terminal behind out, or 0. */
uint32_t view_width(FILE *out);
/* The escape that colours a priority, "" without colour; ends with view_reset(). */
const char *view_priority_colour(uint8_t priority, bool colour);

#endif /* EVTAGG_VIEW_H */
