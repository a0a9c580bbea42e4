/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person marked as noise while browsing, in a file that `evtagg suggest --marked`
 * takes: see mark_list.h. Lines that are no marks are kept as they are.
 */
#ifndef EVTAGG_MARKS_H
#define EVTAGG_MARKS_H

#include "explore.h"
#include "mark_list.h"

#define MARKS_DEFAULT "evtagg-marks.jsonl"

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
/* The same of bytes in memory; -ENOMEM. */
int marks_parse(struct marks *marks, const char *data, size_t len);
/* As the file holds them: lines that are no marks first. */
void marks_write(const struct marks *marks, FILE *out);
void marks_fini(struct marks *marks);
/* Whether a mark, or a more general one, covers all that this path leads to. */
bool marks_cover(const struct marks *marks, const struct path *path);
/*
 * Marks, or takes the mark of just this path away; then writes the file anew. -ENOTSUP:
 * the path has no rule, and what is noise of one rule may be an attack in another.
 */
int marks_toggle(struct marks *marks, const struct path *path, bool *ret_marked);

#endif /* EVTAGG_MARKS_H */
