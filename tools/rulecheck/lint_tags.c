/* SPDX-License-Identifier: Apache-2.0 */
/* Tags, those of ATT&CK above all. */
#include <ctype.h>

#include "lint.h"
#include "mitre.h"

static void check_tactic(const struct lint *lint, const struct lint_rule *r, const char *tag)
{
	const char *near = mitre_nearest_tag(tag);
	char hint[128];

	if (near && tag[0] == 'm')
		snprintf(hint, sizeof(hint), "Did you mean '%s'?", near);
	else
		snprintf(hint, sizeof(hint), "Tactics are tagged as mitre_execution or TA0002.");
	lint_report(lint, LINT_UNKNOWN_TACTIC, &r->details->place, r->rule->name, hint,
		    "'%s' has the tag '%s', which is no ATT&CK tactic", r->rule->name, tag);
}

/* Begins as a technique's id and is none. */
static bool is_bad_technique(const char *tag)
{
	return (tag[0] == 'T' || tag[0] == 't') && isdigit((unsigned char)tag[1]) &&
	       strspn(tag + 1, "0123456789._-") == strlen(tag + 1) && !mitre_is_technique(tag);
}

static void check_technique(const struct lint *lint, const struct lint_rule *r, const char *tag,
			    unsigned int tactics)
{
	unsigned int its;
	const char *name = mitre_technique_name(tag, &its);
	char hint[256] = "It is of";

	if (!tactics)
		lint_report(lint, LINT_NO_TACTIC, &r->details->place, r->rule->name,
			    "Add the tag of the tactic, such as mitre_execution.",
			    "'%s' has the tag %s and no tactic", r->rule->name, tag);
	if (!tactics || !name || (its & tactics))
		return;
	for (unsigned int i = 0; i < MITRE_TACTICS; i++) {
		size_t len = strlen(hint);

		if (its & (1u << i))
			snprintf(hint + len, sizeof(hint) - len, " %s", mitre_tactic_tag(i));
	}
	lint_report(lint, LINT_OTHER_TACTIC, &r->details->place, r->rule->name, hint,
		    "'%s' has the tag %s (%s), which is of none of the tactics it names",
		    r->rule->name, tag, name);
}

static void check_tags(const struct lint *lint, const struct lint_rule *r)
{
	const struct saker_rule *rule = r->rule;
	unsigned int tactics = 0;

	if (rule->n_tags == 0)
		lint_report(lint, LINT_NO_TAGS, &r->details->place, rule->name, "Add tags: [...].",
			    "'%s' has no tags", rule->name);
	for (uint32_t i = 0; i < rule->n_tags; i++) {
		const char *tag = rule->tags[i];
		int tactic = mitre_tactic_of(tag);

		if (tactic >= 0)
			tactics |= 1u << tactic;
		else if (strncmp(tag, "mitre_", 6) == 0 ||
			 (strncmp(tag, "TA", 2) == 0 && isdigit((unsigned char)tag[2])))
			check_tactic(lint, r, tag);
		else if (is_bad_technique(tag))
			lint_report(lint, LINT_BAD_TECHNIQUE, &r->details->place, rule->name,
				    "Techniques are tagged as T1059 or T1059.004.",
				    "'%s' has the tag '%s', which is no ATT&CK technique",
				    rule->name, tag);
	}
	for (uint32_t i = 0; i < rule->n_tags; i++) {
		if (mitre_is_technique(rule->tags[i]))
			check_technique(lint, r, rule->tags[i], tactics);
	}
}

const struct lint_check lint_tags = {.rule = check_tags};
