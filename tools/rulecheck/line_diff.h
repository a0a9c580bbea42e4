/* SPDX-License-Identifier: Apache-2.0 */
/* Two texts compared line by line. */
#ifndef RULECHECK_LINE_DIFF_H
#define RULECHECK_LINE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Prints what turns a into b in the unified form that patch takes. 0 or -ENOMEM. */
int line_diff(FILE *out, bool colour, const char *name, const char *a, size_t a_len, const char *b,
	      size_t b_len);

#endif /* RULECHECK_LINE_DIFF_H */
