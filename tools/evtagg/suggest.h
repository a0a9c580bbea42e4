/* SPDX-License-Identifier: Apache-2.0 */
/* What evtagg suggest proposes: boxes with proof, and how they are written. */
#ifndef EVTAGG_SUGGEST_H
#define EVTAGG_SUGGEST_H

#include "noise_box.h"
#include "replay.h"
#include "session.h"

/* What a second reading says about a box. */
struct proof {
	uint64_t count; /* alerts that it hides and no box before it */
	uint64_t first, last;
	uint64_t *hosts; /* hashes of the distinct ones */
	uint32_t n_hosts, cap_hosts;
	char name[32];	  /* of the exception */
	bool by_patterns; /* the agent's fields do not have what it asks for: not held against
			     alerts */
};

struct suggestion {
	const struct noise *noise;
	const struct boxes *boxes;
	const struct box_options *options;
	const struct replay_rules *rules; /* of -r; none = nobody said */
	struct proof *proofs;		  /* one a box */
	bool proved;			  /* counts are those of a second reading, exact */
	uint64_t silent;		  /* alerts that the rules of -r would not make any more */
	uint64_t marked;		  /* alerts that marks mean */
	uint32_t samples;
};

/*
 * A field's operator: =, in, regex; and its values as they go into a condition, quoted
 * as they need be.
 */
const char *suggest_operator(const struct box *box, uint32_t field);
void suggest_put_values(const struct box *box, uint32_t field,
			void (*put)(struct textbuf *out, struct text value), struct textbuf *out);
/* The check of a field as a condition has it: proc.name in ("a", "b"). */
void suggest_put_check(const struct box *box, uint32_t field, struct textbuf *out);
/* All of them, joined with and. */
void suggest_put_condition(const struct box *box, struct textbuf *out);

/* Names the exceptions: by what they say, unlike those that the rules have. */
int suggest_name(struct suggestion *s);
/* Reads everything again and counts what the boxes hide. */
int suggest_prove(struct suggestion *s, const struct session_options *options,
		  const volatile int *stop);
void suggest_fini(struct suggestion *s);

/* As a rule file, to be loaded behind the others; or JSON. */
int suggest_write_yaml(const struct suggestion *s, FILE *out);
int suggest_write_json(const struct suggestion *s, FILE *out);

#endif /* EVTAGG_SUGGEST_H */
