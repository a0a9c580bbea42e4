/* SPDX-License-Identifier: Apache-2.0 */
/* ATT&CK as tags name it. */
#ifndef RULECHECK_MITRE_H
#define RULECHECK_MITRE_H

#include <stdbool.h>
#include <stdio.h>

#include <saker/rules.h>

enum mitre_tactic {
#define TACTIC(id, symbol, tag, name) MITRE_BIT_##symbol,
#include "mitre.def"
#undef TACTIC
	MITRE_TACTICS,
};

/* Which tactic a tag ("mitre_execution", "TA0002") names, or -1. */
int mitre_tactic_of(const char *tag);
/* "TA0002", "Execution" */
const char *mitre_tactic_id(unsigned int tactic);
const char *mitre_tactic_name(unsigned int tactic);
const char *mitre_tactic_tag(unsigned int tactic);
/* Reads like a technique (T and four digits, perhaps a dot and three more). */
bool mitre_is_technique(const char *tag);
/* The technique of a tag, or of the one it is a part of: its name and a bit a tactic. NULL =
 * unknown. */
const char *mitre_technique_name(const char *tag, unsigned int *ret_tactics);
/* The tactic whose tag is nearest, for a tag that begins as one and is none; NULL = none. */
const char *mitre_nearest_tag(const char *tag);

bool mitre_has_tactic(const struct saker_rule *rule, unsigned int tactic);

/* The matrix for other programs: mitre_table.c. */
int mitre_json(FILE *out, const struct saker_rule *const *rules, uint32_t n);
void mitre_csv(FILE *out, const struct saker_rule *const *rules, uint32_t n);
void mitre_markdown(FILE *out, const struct saker_rule *const *rules, uint32_t n);

/* The matrix: for each tactic its techniques, and for each the rules that are about it. */
void mitre_print(FILE *out, const struct saker_rule *const *rules, uint32_t n);

#endif /* RULECHECK_MITRE_H */
