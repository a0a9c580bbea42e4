/* SPDX-License-Identifier: Apache-2.0 */
/* getopt(list, optstring)[c]: the option string, read once. */
#ifndef RULES_TRANSFORM_GETOPT_H
#define RULES_TRANSFORM_GETOPT_H

#include "transform.h"

struct rules_optstring {
	bool valid[256];
	bool takes_value[256];
};

void rules_optstring_parse(struct rules_optstring *optstring, const char *text, size_t len);

/*
 * Walks a command line's arguments as getopt(3) does with short options: stops at
 * "--" and at the first that is no option, skips long ones. Without selector the
 * result lists options, each followed by its value if it has one, "?" for an
 * unknown one and "" where a value is missing; with one it is the value of the
 * last such option (its own letter when it takes none), absent when it is not
 * there.
 */
void rules_getopt(const struct saker_values *list, const struct rules_optstring *optstring,
		  bool has_selector, char selector, struct rules_scratch *scratch,
		  struct saker_values *out);

#endif /* RULES_TRANSFORM_GETOPT_H */
