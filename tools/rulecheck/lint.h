/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of rulecheck lint work with. Each group of checks is one file. */
#ifndef RULECHECK_LINT_H
#define RULECHECK_LINT_H

#include "expression.h"
#include "findings.h"
#include "rulecheck.h"

#define SAKER_SEVERITY_NOTE SAKER_SEVERITY_INFO

enum lint_id {
#define LINT(id, symbol, severity, summary, explanation) LINT_##symbol,
#include "lint.def"
#undef LINT
	LINT_COUNT,
};

struct lint_kind {
	const char *id;
	enum saker_severity severity;
	const char *summary;
	const char *explanation;
};

/* By its id ("RC001"), or NULL. */
const struct lint_kind *lint_find(const char *id);
const struct lint_kind *lint_kind(enum lint_id id);

struct lint {
	const struct ruleset_loaded *loaded;
	struct findings *findings;
};

/* A rule and all that is known of it. */
struct lint_rule {
	const struct saker_rule *rule;
	const struct saker_rule_details *details;
};

_printf_(6, 7) void lint_report(const struct lint *lint, enum lint_id id,
				const struct saker_place *place, const char *about,
				const char *hint, const char *format, ...);

/* The catalogue's field that an operand names, or NULL. */
const struct saker_field *lint_field(const struct lint *lint, const struct saker_operand *operand);

/* Calls fn for a constant, or each one of a list. */
void lint_each_value(const struct saker_operand *right,
		     void (*fn)(void *userdata, const struct saker_operand *value), void *userdata);

/* A group of checks: of everything at once, or of one enabled or disabled rule. */
struct lint_check {
	void (*all)(const struct lint *lint);
	void (*rule)(const struct lint *lint, const struct lint_rule *rule);
};

/* Runs every check over rules that compiled. */
void lint_all(const struct lint *lint);
/* A saker_diag_fn into a struct findings: warnings that have an id of lint's take it. */
void lint_take_loader_finding(void *findings, const struct saker_diag *diag);

extern const struct lint_check lint_definitions, lint_events, lint_logic, lint_values, lint_outputs,
	lint_tags;

/* ---- comments that silence findings ------------------------------------------- */

/* Takes the findings out that a comment "rulecheck: ignore ID" in or above their item names.
 * text_of gives texts that are not as on disk; or NULL. */
int lint_ignore(struct findings *findings, rules_text_fn text_of, void *userdata);

#endif /* RULECHECK_LINT_H */
