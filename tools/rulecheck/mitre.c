/* SPDX-License-Identifier: Apache-2.0 */
/* ATT&CK's tactics and techniques, and which of them a set of rules is about. */
#include "common/util.h"
#include "mitre.h"
#include "text.h"
#include "rulecheck.h"

static const struct {
	const char *id;
	const char *tag;
	const char *name;
} tactics[] = {
#define TACTIC(id, symbol, tag, name) {id, tag, name},
#include "mitre.def"
#undef TACTIC
};

enum mitre_bits {
#define TACTIC(id, symbol, tag, name) symbol = 1u << MITRE_BIT_##symbol,
#include "mitre.def"
#undef TACTIC
};

static const struct {
	const char *id;
	const char *name;
	unsigned int tactics;
} techniques[] = {
#define TECHNIQUE(id, name, tactics) {id, name, tactics},
#include "mitre.def"
#undef TECHNIQUE
};

_Static_assert(ARRAY_SIZE(tactics) == 14, "ATT&CK for enterprise has 14 tactics");

int mitre_tactic_of(const char *tag)
{
	for (size_t i = 0; i < ARRAY_SIZE(tactics); i++) {
		if (util_streq(tactics[i].tag, tag) || util_streq(tactics[i].id, tag))
			return (int)i;
	}
	return -1;
}

const char *mitre_tactic_id(unsigned int tactic)
{
	return tactics[tactic].id;
}

const char *mitre_tactic_name(unsigned int tactic)
{
	return tactics[tactic].name;
}

const char *mitre_tactic_tag(unsigned int tactic)
{
	return tactics[tactic].tag;
}

bool mitre_is_technique(const char *tag)
{
	size_t n;

	if (tag[0] != 'T' || strspn(tag + 1, "0123456789") != 4)
		return false;
	if (tag[5] == '\0')
		return true;
	n = strspn(tag + 6, "0123456789");
	return tag[5] == '.' && n == 3 && tag[9] == '\0';
}

const char *mitre_technique_name(const char *tag, unsigned int *ret_tactics)
{
	for (size_t i = 0; i < ARRAY_SIZE(techniques); i++) {
		if (strncmp(techniques[i].id, tag, 5) == 0) {
			*ret_tactics = techniques[i].tactics;
			return techniques[i].name;
		}
	}
	return NULL;
}

const char *mitre_nearest_tag(const char *tag)
{
	const char *best = NULL;
	unsigned int least = 6;

	for (size_t i = 0; i < ARRAY_SIZE(tactics); i++) {
		unsigned int d = text_distance(tag, tactics[i].tag);

		if (d < least) {
			least = d;
			best = tactics[i].tag;
		}
	}
	return best;
}

/* ---- the matrix -------------------------------------------------------------- */

bool mitre_has_tactic(const struct saker_rule *rule, unsigned int tactic)
{
	for (uint32_t i = 0; i < rule->n_tags; i++) {
		if (mitre_tactic_of(rule->tags[i]) == (int)tactic)
			return true;
	}
	return false;
}

static const char *next_technique(const struct saker_rule *const *rules, uint32_t n,
				  unsigned int tactic, const char *after)
{
	const char *next = NULL;

	for (uint32_t i = 0; i < n; i++) {
		if (!mitre_has_tactic(rules[i], tactic))
			continue;
		for (uint32_t k = 0; k < rules[i]->n_tags; k++) {
			const char *tag = rules[i]->tags[k];

			if (mitre_is_technique(tag) && strcmp(tag, after) > 0 &&
			    (!next || strcmp(tag, next) < 0))
				next = tag;
		}
	}
	return next;
}

/* technique NULL: rules of the tactic that name none. */
static uint32_t print_rules(FILE *out, const struct saker_rule *const *rules, uint32_t n,
			    unsigned int tactic, const char *technique)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n; i++) {
		bool is = false, any = false;

		for (uint32_t k = 0; k < rules[i]->n_tags; k++) {
			any |= mitre_is_technique(rules[i]->tags[k]);
			is |= technique && util_streq(rules[i]->tags[k], technique);
		}
		if (!mitre_has_tactic(rules[i], tactic) || (technique ? !is : any))
			continue;
		found++;
		if (!out)
			continue;
		fputs("      ", out);
		put_text(out, rules[i]->name);
		fputs(rules[i]->enabled ? "\n" : " (disabled)\n", out);
	}
	return found;
}

static uint32_t print_tactic(FILE *out, const struct saker_rule *const *rules, uint32_t n,
			     unsigned int tactic)
{
	const char *technique = "";
	uint32_t n_rules = 0, n_techniques = 0;

	for (uint32_t i = 0; i < n; i++)
		n_rules += mitre_has_tactic(rules[i], tactic);
	fprintf(out, "%s %s: %u rule%s\n", tactics[tactic].id, tactics[tactic].name, n_rules,
		n_rules == 1 ? "" : "s");
	while ((technique = next_technique(rules, n, tactic, technique))) {
		unsigned int unused;
		const char *name = mitre_technique_name(technique, &unused);

		n_techniques++;
		fprintf(out, "  %-9s  %s\n", technique, name ? name : "?");
		print_rules(out, rules, n, tactic, technique);
	}
	if (print_rules(NULL, rules, n, tactic, NULL)) {
		fputs("  no technique\n", out);
		print_rules(out, rules, n, tactic, NULL);
	}
	return n_techniques;
}

void mitre_print(FILE *out, const struct saker_rule *const *rules, uint32_t n)
{
	uint32_t covered = 0, cells = 0, untagged = 0;

	for (unsigned int i = 0; i < MITRE_TACTICS; i++) {
		cells += print_tactic(out, rules, n, i);
		for (uint32_t k = 0; k < n; k++) {
			if (mitre_has_tactic(rules[k], i)) {
				covered++;
				break;
			}
		}
	}
	for (uint32_t k = 0; k < n; k++) {
		bool any = false;

		for (unsigned int i = 0; i < MITRE_TACTICS; i++)
			any |= mitre_has_tactic(rules[k], i);
		untagged += !any;
	}
	fprintf(out, "\n%u of %u tactics, %u techniques of them; %u of %u rules name no tactic\n",
		covered, (unsigned int)MITRE_TACTICS, cells, untagged, n);
}
