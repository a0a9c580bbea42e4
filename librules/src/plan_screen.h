/* SPDX-License-Identifier: Apache-2.0 */
/* A screen while it is built: plan_screen.c chooses its steps, plan_probe.c writes out probes. */
#ifndef RULES_PLAN_SCREEN_H
#define RULES_PLAN_SCREEN_H

#include "plan.h"

/* A step that might be taken. */
struct screen_option {
	uint32_t kind;
	uint32_t conjunct; /* NODE; PROBE: its first one */
	uint32_t key;	   /* PROBE: of what it is */
	float cost;
	float gain;			   /* if it were the only one */
	float survive[RULES_SCREEN_LANES]; /* the chance of an entry to pass it */
};

struct screen {
	struct rules_plans *plans;
	uint32_t n_lanes;
	uint32_t n_words;
	uint32_t n_spare; /* lanes that do not make bitmaps longer */
	struct rules_plan_entry lanes[RULES_SCREEN_LANES];
	float worth[RULES_SCREEN_LANES]; /* ns that ruling out the entry spares */
	float alive[RULES_SCREEN_LANES]; /* the chance that it is not ruled out yet */
	RULES_ARRAY(struct screen_option, options);
};

/* One value of text, straight from the record. */
bool rules_screen_term_is_plain(const struct rules_term *term);
/* What a node depends on: enum rules_support. */
uint32_t rules_screen_support(struct rules_plans *plans, uint32_t node);
/* How a probe finds out what it says of a value. */
enum screen_class {
	SCREEN_ROW,    /* one look-up in one group */
	SCREEN_LOOKUP, /* look-ups, simple comparisons */
	SCREEN_SCAN,   /* all of the text is looked at, fast */
	SCREEN_DEAR,   /* dear: kept by value */
	SCREEN_CLASSES,
};

/*
 * What probe a conjunct belongs to: its term (ROW: its group) and enum screen_class;
 * NO_ID = to none.
 */
uint32_t rules_screen_key(const struct screen *screen, uint32_t conjunct);
const struct rules_term *rules_screen_key_term(const struct screen *screen, uint32_t key);
/* What it takes to answer a node of one field. */
enum screen_class rules_screen_class(const struct screen *screen, uint32_t node);
int rules_screen_put_lanes(struct rules_program *program, const uint64_t *lanes, size_t n);
/* Adds the probe of the option's key to the program, and says in the step which it is. */
int rules_screen_put_probe(struct screen *screen, const struct screen_option *option,
			   struct rules_screen_step *step);

#endif /* RULES_PLAN_SCREEN_H */
