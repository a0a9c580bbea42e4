/* SPDX-License-Identifier: Apache-2.0 */
/* --list: the fields that conditions and outputs may use. */
#ifndef TOOLS_LIST_H
#define TOOLS_LIST_H

#include <stdio.h>

#include <saker/field.h>

enum list_format {
	LIST_TEXT,
	LIST_MARKDOWN,
	LIST_JSON,
};

/* -ENOENT = no field is of that class (NULL = all). */
int list_fields(FILE *out, const struct saker_catalogue *catalogue, const char *class,
		enum list_format format, bool names_only);

/* "string" */
const char *list_type_name(uint8_t type);
/* "argument allowed, list" for a field's flags. */
void list_flags_text(uint16_t flags, char *buf, size_t size);

#endif /* TOOLS_LIST_H */
