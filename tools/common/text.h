/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that comes from rule files, captures or the kernel, made fit for where it
 * is printed: it never controls a terminal and never breaks a JSON document.
 */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdio.h>

#include "common/util.h"

/* Bytes of the UTF-8 character at p; 0 = there is none. Overlong forms and surrogates are none. */
size_t text_utf8_length(const char *p, size_t n);

/*
 * Bytes of text as they may stand in a line: control characters (C1 too) and
 * bytes that are not UTF-8 become \xNN. Returns how many bytes at text are fine
 * as they are; then the next `ret_bad` bytes are to be escaped.
 */
size_t text_clean_span(const char *text, size_t len, size_t *ret_bad);
void text_put_clean(FILE *out, const char *text, size_t len);

/* Bytes that are no UTF-8 become '?': JSON and XML do not take them. */
void text_make_utf8(char *text);

/* Words on lines of at most `width`, each behind `indent` blanks and a line of its own. */
void text_wrap(FILE *out, const char *text, int indent, int width);

/* Letters in common at the start, or one within the other: names of rules are sentences. */
size_t text_likeness(const char *a, const char *b);

/* How many letters differ, at most; UINT32_MAX when b has 48 or more. */
unsigned int text_distance(const char *a, const char *b);

#endif /* TOOLS_TEXT_H */
