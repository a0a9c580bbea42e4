/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of marks, taken apart: one JSON object a line,
 *
 *   {"rule": "NAME", "fields": {"proc.name": "backup", "container.id": null}}
 *
 * Alerts of the rule with these values are meant (null: without the field). A whole alert
 * is a mark as well: output_fields stands for fields. Apart from who asks, because browsers
 * and suggest must read the same file the same way.
 */
#ifndef EVTAGG_MARK_LIST_H
#define EVTAGG_MARK_LIST_H

#include "common/arena.h"
#include "str.h"

#define MARKS_MAX 65536		   /* lines with marks */
#define MARKS_MAX_FIELDS 64	   /* of a mark */
#define MARKS_MAX_FILE (16u << 20) /* bytes */

struct mark_field {
	struct text name;
	struct text value; /* a string with its escapes resolved, else as written */
	uint8_t kind;	   /* enum saker_json_kind; NULL = the alert does not have it */
};

struct mark {
	struct text line; /* as it stands in the file */
	struct text rule;
	struct mark_field *fields;
	uint32_t n_fields;
};

struct mark_list {
	struct arena arena;
	struct mark *v;
	uint32_t n, capacity;
};

/*
 * A line that is no mark: what = NULL for one that does not start with '{' (a comment),
 * else what is wrong with it. Other than 0 ends the reading and is what it returns.
 */
typedef int (*mark_other_fn)(void *userdata, uint32_t line, struct text text, const char *what);

/* -ENOMEM, or what other returned; the list is empty then. */
int mark_list_parse(struct mark_list *list, const char *data, size_t len, mark_other_fn other,
		    void *userdata);
/* The same of a file: -errno of reading, -EFBIG over MARKS_MAX_FILE, -EINVAL: no plain file. */
int mark_list_read(struct mark_list *list, const char *file, mark_other_fn other, void *userdata);
void mark_list_fini(struct mark_list *list);

#endif /* EVTAGG_MARK_LIST_H */
