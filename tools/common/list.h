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

#endif /* TOOLS_LIST_H */
