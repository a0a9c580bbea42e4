/* SPDX-License-Identifier: Apache-2.0 */
/* Writing an alert, with what a sink needs to colour it: where the priority stands. */
#ifndef SAKER_OUTPUT_ALERT_H
#define SAKER_OUTPUT_ALERT_H

#include <saker/output.h>

struct output_layout {
	size_t priority;     /* offset of the priority's name in a text line */
	size_t priority_len; /* 0 = there is none (JSON) */
};

/* As saker_alert_write; layout may be NULL. */
size_t output_alert_write(const struct saker_alert *alert, const struct saker_alert_format *format,
			  char *buf, size_t size, struct output_layout *layout);

#endif /* SAKER_OUTPUT_ALERT_H */
