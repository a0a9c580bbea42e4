/* SPDX-License-Identifier: Apache-2.0 */
/* ATT&CK's coverage for other programs: a row for each tactic, technique and rule. */
#include <jansson.h>

#include "mitre.h"
#include "rulecheck.h"

struct row {
	unsigned int tactic;
	const char *technique; /* the tag; "" = the rule names none */
	const char *name;      /* the technique's */
	const struct saker_rule *rule;
};

typedef void (*row_fn)(void *userdata, const struct row *row);

/* A rule has a row for each technique it names, below each tactic it names. */
static void each_row(const struct saker_rule *const *rules, uint32_t n, row_fn fn, void *userdata)
{
	for (unsigned int tactic = 0; tactic < MITRE_TACTICS; tactic++) {
		for (uint32_t i = 0; i < n; i++) {
			struct row row = {tactic, "", "", rules[i]};
			bool any = false;

			if (!mitre_has_tactic(rules[i], tactic))
				continue;
			for (uint32_t k = 0; k < rules[i]->n_tags; k++) {
				unsigned int unused;

				row.technique = rules[i]->tags[k];
				if (!mitre_is_technique(row.technique))
					continue;
				row.name = mitre_technique_name(row.technique, &unused);
				row.name = row.name ? row.name : "";
				any = true;
				fn(userdata, &row);
			}
			if (any)
				continue;
			row.technique = row.name = "";
			fn(userdata, &row);
		}
	}
}

static void put_csv_row(void *userdata, const struct row *row)
{
	FILE *out = userdata;

	fprintf(out, "%s,\"%s\",%s,\"%s\",\"", mitre_tactic_id(row->tactic),
		mitre_tactic_name(row->tactic), row->technique, row->name);
	for (const char *c = row->rule->name; *c; c++)
		fprintf(out, *c == '"' ? "\"\"" : "%c", (unsigned char)*c < 0x20 ? '?' : *c);
	fprintf(out, "\",%s\r\n", row->rule->enabled ? "true" : "false");
}

static void put_markdown_row(void *userdata, const struct row *row)
{
	FILE *out = userdata;

	fprintf(out, "| %s %s | %s%s%s | ", mitre_tactic_id(row->tactic),
		mitre_tactic_name(row->tactic), row->technique, *row->technique ? " " : "",
		row->name);
	for (const char *c = row->rule->name; *c; c++)
		fprintf(out, *c == '|' ? "\\|" : "%c", (unsigned char)*c < 0x20 ? '?' : *c);
	fprintf(out, " | %s |\n", row->rule->enabled ? "yes" : "no");
}

static json_t *find_technique(json_t *techniques, const struct row *row)
{
	json_t *one;
	size_t i;

	json_array_foreach(techniques, i, one)
	{
		if (util_streq(json_string_value(json_object_get(one, "id")), row->technique))
			return one;
	}
	one = json_pack("{ss ss s[]}", "id", row->technique, "name", row->name, "rules");
	json_array_append_new(techniques, one);
	return one;
}

static void put_json_row(void *userdata, const struct row *row)
{
	json_t *tactic = json_array_get(userdata, row->tactic);
	json_t *one = find_technique(json_object_get(tactic, "techniques"), row);

	json_array_append_new(
		json_object_get(one, "rules"),
		json_pack("{ss sb}", "name", row->rule->name, "enabled", row->rule->enabled));
}

int mitre_json(FILE *out, const struct saker_rule *const *rules, uint32_t n)
{
	json_t *tactics = json_array();
	int r;

	for (unsigned int i = 0; i < MITRE_TACTICS; i++)
		json_array_append_new(tactics, json_pack("{ss ss ss s[]}", "id", mitre_tactic_id(i),
							 "name", mitre_tactic_name(i), "tag",
							 mitre_tactic_tag(i), "techniques"));
	each_row(rules, n, put_json_row, tactics);
	r = tactics && json_dumpf(tactics, out, JSON_INDENT(2) | JSON_SORT_KEYS) == 0 ? 0 : -ENOMEM;
	fputc('\n', out);
	json_decref(tactics);
	return r;
}

void mitre_csv(FILE *out, const struct saker_rule *const *rules, uint32_t n)
{
	fputs("tactic_id,tactic,technique_id,technique,rule,enabled\r\n", out);
	each_row(rules, n, put_csv_row, out);
}

void mitre_markdown(FILE *out, const struct saker_rule *const *rules, uint32_t n)
{
	fputs("| Tactic | Technique | Rule | Enabled |\n"
	      "|:-------|:----------|:-----|:--------|\n",
	      out);
	each_row(rules, n, put_markdown_row, out);
}
