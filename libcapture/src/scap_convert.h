/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of older captures to today's exit events, by the rules of
 * schema/converter.def. Enter events are kept, bounded, until their exit comes.
 */
#ifndef CAPTURE_SCAP_CONVERT_H
#define CAPTURE_SCAP_CONVERT_H

#include <saker/event.h>

struct capture_converter;

struct capture_converter *capture_converter_new(void);
struct capture_converter *capture_converter_free(struct capture_converter *conv);

/* Forgets the enter events (a new section begins). */
void capture_converter_reset(struct capture_converter *conv);

enum capture_conversion {
	CAPTURE_CONVERSION_PASS,   /* current already */
	CAPTURE_CONVERSION_DROP,   /* nothing to show: an unused code or an old enter event */
	CAPTURE_CONVERSION_NEEDED, /* capture_convert it */
};

/* What a well-formed event with a code of the schema needs. */
enum capture_conversion capture_conversion_check(const struct saker_event *event);

/*
 * Converts an event that needs it. 1: ret_event, valid until the next call (an
 * enter event where that has a use of its own); 0: it was an enter event, kept; -ENOTSUP: no rule
 * for it; -EMSGSIZE: would be larger than an event can be.
 */
int capture_convert(struct capture_converter *conv, const struct saker_event *event,
		    const struct saker_event **ret_event);

#endif /* CAPTURE_SCAP_CONVERT_H */
