/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the fields that were asked for some alert had, and what else there is: a name
 * that no alert has is a slip of the finger, and silence about it looks like an answer.
 */
#ifndef EVTAGG_KNOWN_H
#define EVTAGG_KNOWN_H

#include "record.h"

#define KNOWN_MAX 512	  /* names that are remembered */
#define KNOWN_MAX_NAME 96 /* bytes; longer ones are none that somebody typed */
#define KNOWN_FIRST 200	  /* alerts that are looked at; then each whose number is a power of two */

struct known {
	uint32_t n_asked;
	uint32_t n_missing;		 /* of the asked: no alert has had them */
	bool has[SAKER_SCAN_MAX_FIELDS]; /* by index in wanted */
	char (*names)[KNOWN_MAX_NAME];	 /* of other fields, while some are missing */
	uint32_t n_names, room_names;
};

/* The first n_asked of the wanted ones are looked for. */
void known_init(struct known *known, uint32_t n_asked);
void known_fini(struct known *known);
/* Not for each alert: call known_note, which asks first. */
void known_look(struct known *known, const struct saker_scanned *alert, uint64_t number);
void known_merge(struct known *known, const struct known *other);
/* On standard error, a line for each that is missing. */
void known_say(const struct known *known, const struct wanted *wanted);

static inline void known_note(struct known *known, const struct saker_scanned *alert,
			      uint64_t number)
{
	if (unlikely(known->n_missing))
		known_look(known, alert, number);
}

#endif /* EVTAGG_KNOWN_H */
