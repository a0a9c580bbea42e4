/* SPDX-License-Identifier: Apache-2.0 */
/* Rule files laid out anew, for the verb and for editors. */
#ifndef RULECHECK_FMT_H
#define RULECHECK_FMT_H

#include "source.h"

struct fmt_error {
	char message[256];
	uint32_t line; /* 1-based; 0 = none */
	uint32_t column;
};

/*
 * Lays text out; *ret_text is to be freed. -EBADMSG = it is no YAML, -ENOTSUP = it has
 * something that is not laid out, -EFBIG = beyond the limits of source.h: error says
 * what. What comes out has the values and comments that went in, in their order: that
 * is checked each time, and is -EPROTO if it should ever not be so.
 */
int fmt_text(const char *text, size_t len, char **ret_text, size_t *ret_len,
	     struct fmt_error *error);

/* Whether b says what a does: fmt_text's check. 0, -EPROTO, or as source_read. */
int fmt_check(const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * A condition's words in canonical distance, lines kept; NULL = no condition, or no
 * memory. The first line begins that many columns right of the others.
 */
char *fmt_condition(const char *text, size_t len, uint32_t column);

#endif /* RULECHECK_FMT_H */
