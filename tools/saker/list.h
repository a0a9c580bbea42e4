/* SPDX-License-Identifier: Apache-2.0 */
/* --list: the fields that rules may use. */
#ifndef SAKER_TOOL_LIST_H
#define SAKER_TOOL_LIST_H

#include <stdio.h>

#include <saker/field.h>

#include "options.h"

/* -ENOENT = no field is of that class. */
int list_fields(FILE *out, const struct saker_catalogue *catalogue, const struct options *options);

#endif /* SAKER_TOOL_LIST_H */
