/* SPDX-License-Identifier: Apache-2.0 */
/* What evtcap says to people on standard error, and text made safe for a terminal. */
#ifndef EVTCAP_SAY_H
#define EVTCAP_SAY_H

#include <stdio.h>

#include <saker/base.h>

#include "common/util.h"

struct say {
	FILE *out;
	bool colour;
	const char *subject; /* what findings without a file are about: "filter" */
	unsigned int errors; /* said so far */
};

/* "evtcap: error: ...". */
_printf_(2, 3) void say_error(struct say *say, const char *format, ...);
_printf_(2, 3) void say_warning(struct say *say, const char *format, ...);
_printf_(2, 3) void say_line(struct say *say, const char *format, ...);

/* A saker_diag_fn; userdata is the struct say. With the text concerned and a caret. */
void say_diag(void *say, const struct saker_diag *diag);

/*
 * Bytes of text as they may stand in a line: control characters (C1 too) and
 * bytes that are not UTF-8 become \xNN. Returns how many bytes at text are fine
 * as they are; 0 = the first `ret_bad` bytes are to be escaped.
 */
size_t say_clean_span(const char *text, size_t len, size_t *ret_bad);
void say_put_clean(FILE *out, const char *text, size_t len);

#endif /* EVTCAP_SAY_H */
