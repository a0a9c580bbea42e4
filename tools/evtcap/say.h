/* SPDX-License-Identifier: Apache-2.0 */
/* What evtcap says to people on standard error. */
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

#endif /* EVTCAP_SAY_H */
