/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What values have in common that differ in numbers and random parts only: the frame,
 * and the regular expression that takes just its values.
 */
#ifndef EVTAGG_TEMPLATE_H
#define EVTAGG_TEMPLATE_H

#include "str.h"

#define TEMPLATE_HEX "\x02" /* the frame of any hexadecimal number */

/*
 * Writes the value's frame: its bytes, with what varies as a byte below 32. Returns
 * whether anything in it may vary; out is cleared first.
 */
bool template_of(struct text value, struct textbuf *out);
/* A value's or a frame's regular expression, for the whole value, without backslashes. */
void template_regex(struct text frame, struct textbuf *out);
/* The frame for people: /proc/<number>/environ */
void template_show(struct text frame, struct textbuf *out);

#endif /* EVTAGG_TEMPLATE_H */
