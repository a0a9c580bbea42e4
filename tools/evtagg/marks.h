/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person marked as noise while browsing, in a file: a JSON object a line, whose
 * keys are columns and whose values are what those have ("rule" most of the time, null
 * for an alert without the field). An alert is noise when it has all values of one line.
 * Other lines are kept as they are.
 */
#ifndef EVTAGG_MARKS_H
#define EVTAGG_MARKS_H

#include "explore.h"

#define MARKS_DEFAULT "evtagg-marks.jsonl"
#define MARKS_MAX 65536		   /* lines with marks */
#define MARKS_MAX_FILE (16u << 20) /* bytes */

struct marks {
	const char *file; /* not owned */
	struct arena arena;
	struct path *v;
	uint32_t n;
	uint32_t capacity;
	struct strings others; /* lines that are no marks */
};

/* A file that is not there has no marks. A negative errno after a line on standard error. */
int marks_load(struct marks *marks, const char *file);
void marks_fini(struct marks *marks);
/* Whether a mark, or a more general one, covers all that this path leads to. */
bool marks_cover(const struct marks *marks, const struct path *path);
/* Marks, or takes the mark of just this path away; then writes the file anew. */
int marks_toggle(struct marks *marks, const struct path *path, bool *ret_marked);

#endif /* EVTAGG_MARKS_H */
