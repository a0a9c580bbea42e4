/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person marked as noise while browsing, in a file that `evtagg suggest --marked`
 * takes: a JSON object a line,
 *
 *   {"rule": "NAME", "fields": {"proc.name": "backup", "container.id": null}}
 *
 * An alert is noise when it is of that rule and has all those values (null: it lacks the
 * field). Lines that are no marks are kept as they are.
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
/*
 * Marks, or takes the mark of just this path away; then writes the file anew. -ENOTSUP:
 * the path has no rule, and what is noise of one rule may be an attack in another.
 */
int marks_toggle(struct marks *marks, const struct path *path, bool *ret_marked);

#endif /* EVTAGG_MARKS_H */
