/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions found in patterns: a box is a set of values for each field, and takes the
 * alerts whose values are all in their sets.
 *
 * What a box takes was seen often and for long, not only as single values but two by two:
 * each value of each field with each value of each other field. So an alert that differs
 * from the noise in one field lies outside, even when what it has there is usual
 * elsewhere.
 */
#ifndef EVTAGG_NOISE_BOX_H
#define EVTAGG_NOISE_BOX_H

#include "noise.h"

struct box_set {
	uint32_t *ids; /* of rule->values; sorted by no means */
	uint32_t n, capacity;
};

/* What the exception asks of a field, and why. */
enum box_check {
	BOX_EQUAL,   /* its one value */
	BOX_IN,	     /* its few values */
	BOX_REGEX,   /* frames, and values beside them */
	BOX_ABSENT,  /* none of the alerts has it, which no exception can ask */
	BOX_ANY,     /* left out: too many values without a frame */
	BOX_IMPLIED, /* left out: another field that is in says it */
};

struct box {
	const struct noise_rule *rule;
	struct box_set *sets; /* one a field of the rule */
	enum box_check *checks;
	const char **implied_by; /* for BOX_IMPLIED */
	uint64_t count;		 /* alerts of its patterns that no earlier box has */
	uint64_t first, last;
	uint32_t n_slots; /* of the time line, in which it came */
	uint32_t n_patterns;
	const char *samples[3];
	uint32_t n_samples;
	bool marked; /* a person said so */
};

struct boxes {
	struct box *v; /* the one that hides most first */
	uint32_t n, capacity;
};

struct box_options {
	uint32_t max;	    /* boxes in all */
	uint64_t least;	    /* alerts that one must hide */
	uint32_t min_count; /* of two values together */
	uint8_t protect;    /* rules of this priority and more urgent ones are left alone */
	bool force;	    /* no rule is */
	bool marked_only;
};

int boxes_find(struct noise *noise, const struct box_options *options, struct boxes *ret_boxes);
void boxes_fini(struct boxes *boxes);
/* Whether the rule's alerts are looked at, given what is protected. */
static inline bool box_protected(const struct noise_rule *rule, const struct box_options *options)
{
	return !options->force && rule->priority <= options->protect;
}

#endif /* EVTAGG_NOISE_BOX_H */
