/* SPDX-License-Identifier: Apache-2.0 */
/* Findings kept and given out: as text, JSON and SARIF. */
#ifndef RULECHECK_FINDINGS_H
#define RULECHECK_FINDINGS_H

#include <stdio.h>

#include <saker/base.h>

#include "common/arena.h"

#define FINDINGS_MAX 10000

struct finding {
	struct saker_diag diag; /* no places */
	const char *about;	/* the rule, macro or list; "" = none */
};

struct findings {
	struct arena arena;
	struct finding *v;
	uint32_t n;
	uint32_t capacity;
	uint32_t lost; /* beyond FINDINGS_MAX */
	bool out_of_memory;
};

void findings_init(struct findings *findings);
void findings_fini(struct findings *findings);
/* A saker_diag_fn; keeps warnings and errors. */
void findings_diag(void *findings, const struct saker_diag *diag);
struct finding *findings_add(struct findings *findings, const struct saker_diag *diag);
/* In the order of files, lines and columns; stable. */
void findings_sort(struct findings *findings);
uint32_t findings_count(const struct findings *findings, enum saker_severity severity);

/* The words for an id: what it is in a line, and what it means. */
struct findings_words {
	const char *(*describe)(const char *id);
	const char *(*explain)(const char *id); /* may return "" */
};

/* A path as a URI reference, what may not stand in one escaped; to be freed. */
char *findings_uri(const char *path);

int findings_json(FILE *out, const struct findings *findings);
int findings_sarif(FILE *out, const struct findings *findings, const struct findings_words *words);

#endif /* RULECHECK_FINDINGS_H */
