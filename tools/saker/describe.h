/* SPDX-License-Identifier: Apache-2.0 */
/* -L and -l: what the rules are, for people or as Falco's JSON. */
#ifndef SAKER_TOOL_DESCRIBE_H
#define SAKER_TOOL_DESCRIBE_H

#include <stdio.h>

#include <saker/field.h>

#include "options.h"

struct config;

/*
 * Loads the rules that a run would and describes them on out, with json_output as
 * JSON, or the one that options name; complaints go to err. An exit code.
 */
int describe_rules(FILE *out, FILE *err, const struct options *options, const struct config *config,
		   const struct saker_catalogue *catalogue);

#endif /* SAKER_TOOL_DESCRIBE_H */
