/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck list: the rules of files as a table, filtered; or what of ATT&CK they are about. */
#include <fnmatch.h>
#include <jansson.h>
#include <sys/ioctl.h>

#include "mitre.h"
#include "rulecheck.h"

struct list_options {
	const char *name;
	const char *priority;
	const char *tag;
	const char *source;
	const char *config;
	bool enabled;
	bool disabled;
	bool json;
	bool markdown;
	bool csv;
	bool mitre;
};

static bool has_tag(const struct saker_rule *rule, const char *pattern)
{
	for (uint32_t i = 0; i < rule->n_tags; i++) {
		if (fnmatch(pattern, rule->tags[i], 0) == 0)
			return true;
	}
	return false;
}

/* A name without wildcards is found within names. */
static bool name_matches(const char *pattern, const char *name)
{
	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, name, FNM_CASEFOLD) == 0;
	return strcasestr(name, pattern) != NULL;
}

static bool wanted(const struct list_options *o, enum saker_priority least,
		   const struct saker_rule *rule)
{
	return (!o->name || name_matches(o->name, rule->name)) &&
	       (!o->priority || rule->priority <= least) && (!o->tag || has_tag(rule, o->tag)) &&
	       (!o->source || util_streq(o->source, rule->source)) &&
	       (!o->enabled || rule->enabled) && (!o->disabled || !rule->enabled);
}

static char *tags_text(const struct saker_rule *rule)
{
	size_t size = 1, len = 0;
	char *text;

	for (uint32_t i = 0; i < rule->n_tags; i++)
		size += strlen(rule->tags[i]) + 2;
	text = calloc(1, size);
	for (uint32_t i = 0; text && i < rule->n_tags; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "",
					rule->tags[i]);
	return text;
}

/* A cell in one line: white space becomes one blank, `special` gets `escape` before it. */
static void put_cell(FILE *out, const char *text, const char *special, char escape)
{
	bool blank = false, any = false;

	for (; *text; text++) {
		if (strchr(" \t\r\n", *text)) {
			blank = true;
			continue;
		}
		if (blank && any)
			fputc(' ', out);
		blank = false;
		any = true;
		if (strchr(special, *text))
			fputc(escape, out);
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
	}
}

static void put_csv_cell(FILE *out, const char *text, const char *end)
{
	fputc('"', out);
	put_cell(out, text, "\"", '"');
	fprintf(out, "\"%s", end);
}

static void put_csv(FILE *out, const struct saker_rule *r, const char *tags)
{
	put_csv_cell(out, r->name, ",");
	fprintf(out, "%s,", saker_priority_name(r->priority));
	put_csv_cell(out, r->source, ",");
	fprintf(out, "%s,", r->enabled ? "true" : "false");
	put_csv_cell(out, tags, ",");
	put_csv_cell(out, r->description, "\r\n");
}

static void put_markdown(FILE *out, const struct saker_rule *r, const char *tags)
{
	fputs("| ", out);
	put_cell(out, r->name, "|", '\\');
	fprintf(out, " | %s | ", saker_priority_name(r->priority));
	put_cell(out, r->source, "|", '\\');
	fprintf(out, " | %s | ", r->enabled ? "yes" : "no");
	put_cell(out, tags, "|", '\\');
	fputs(" | ", out);
	put_cell(out, r->description, "|", '\\');
	fputs(" |\n", out);
}

static int width_of_terminal(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col >= 60)
		return size.ws_col;
	return 0;
}

/* A terminal's line is not exceeded; a file gets all of it. */
static void put_line(FILE *out, const struct saker_rule *r, const char *tags, int name_width,
		     int width)
{
	char *line = NULL;
	size_t size;
	FILE *f = open_memstream(&line, &size);

	if (!f)
		return;
	put_text(f, r->name);
	fprintf(f, "%*s  %-13s  %-10s  %-7s  ", MAX(name_width - (int)strlen(r->name), 0), "",
		saker_priority_name(r->priority), r->source, r->enabled ? "yes" : "no");
	put_cell(f, tags, "", 0);
	fputs(tags[0] ? "  " : "", f);
	put_cell(f, r->description, "", 0);
	if (fclose(f) == 0)
		fprintf(out, "%.*s\n", width ? width : (int)size, line);
	free(line);
}

static void put_table(FILE *out, const struct list_options *o, const struct saker_rule *const *v,
		      uint32_t n)
{
	int name_width = 4, width = width_of_terminal();

	for (uint32_t i = 0; i < n; i++)
		name_width = MAX(name_width, (int)strlen(v[i]->name));
	name_width = MIN(name_width, 60);
	if (o->csv)
		fputs("name,priority,source,enabled,tags,description\r\n", out);
	else if (o->markdown)
		fputs("| Rule | Priority | Source | Enabled | Tags | Description |\n"
		      "|:-----|:---------|:-------|:--------|:-----|:------------|\n",
		      out);
	else
		fprintf(out, "%-*s  %-13s  %-10s  %-7s  %s\n", name_width, "RULE", "PRIORITY",
			"SOURCE", "ENABLED", "TAGS, DESCRIPTION");
	for (uint32_t i = 0; i < n; i++) {
		_cleanup_free_ char *tags = tags_text(v[i]);

		if (o->csv)
			put_csv(out, v[i], tags ? tags : "");
		else if (o->markdown)
			put_markdown(out, v[i], tags ? tags : "");
		else
			put_line(out, v[i], tags ? tags : "", name_width, width);
	}
	if (!o->csv && !o->markdown)
		fprintf(out, "%u rule%s\n", n, n == 1 ? "" : "s");
}

static int put_json(FILE *out, const struct saker_rule *const *v, uint32_t n)
{
	json_t *array = json_array();
	int r;

	for (uint32_t i = 0; i < n; i++) {
		json_t *tags = json_array();

		for (uint32_t k = 0; k < v[i]->n_tags; k++)
			json_array_append_new(tags, json_string(v[i]->tags[k]));
		json_array_append_new(
			array, json_pack("{ss ss ss sb so ss ss ss}", "name", v[i]->name,
					 "priority", saker_priority_name(v[i]->priority), "source",
					 v[i]->source, "enabled", v[i]->enabled, "tags", tags,
					 "description", v[i]->description, "condition",
					 v[i]->condition, "output", v[i]->output));
	}
	r = array && json_dumpf(array, out, JSON_INDENT(2) | JSON_SORT_KEYS) == 0 ? 0 : -ENOMEM;
	fputc('\n', out);
	json_decref(array);
	return r;
}

static int list_rules(const struct ruleset_loaded *l, const struct list_options *o,
		      enum saker_priority least)
{
	uint32_t all = saker_ruleset_n_rules(l->ruleset), n = 0;
	_cleanup_free_ const struct saker_rule **rules = calloc((size_t)all + 1, sizeof(*rules));

	if (!rules)
		return RULECHECK_FAILED;
	for (uint32_t i = 0; i < all; i++) {
		const struct saker_rule *rule = saker_ruleset_rule(l->ruleset, i);

		if (wanted(o, least, rule))
			rules[n++] = rule;
	}
	if (o->json)
		return (o->mitre ? mitre_json : put_json)(stdout, rules, n) < 0 ? RULECHECK_FAILED
										: RULECHECK_OK;
	if (o->mitre)
		(o->csv ? mitre_csv : o->markdown ? mitre_markdown : mitre_print)(stdout, rules, n);
	else
		put_table(stdout, o, rules, n);
	return RULECHECK_OK;
}

static int check(const struct verb *verb, const struct list_options *o, const struct args *args,
		 enum saker_priority *ret_least)
{
	if (o->priority && saker_priority_parse(o->priority, ret_least) < 0)
		return args_bad(verb, "--priority is a priority such as WARNING, not '%s'",
				o->priority);
	if (o->json + o->markdown + o->csv > 1)
		return args_bad(verb, "one of --json, --markdown and --csv");
	if (o->enabled && o->disabled)
		return args_bad(verb, "--enabled or --disabled, not both");
	if (args->n_files == 0)
		return args_bad(verb, "name the rule files");
	return 0;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct list_options o = {0};
	const struct arg options[] = {
		{'n', "name", "TEXT", "rules whose name has it, or matches it with * and ?", NULL,
		 &o.name},
		{'p', "priority", "LEVEL", "rules at least as severe", NULL, &o.priority},
		{'t', "tag", "TAG", "rules with the tag; * and ? are wildcards", NULL, &o.tag},
		{'s', "source", "SOURCE", "rules of an event source", NULL, &o.source},
		{0, "enabled", NULL, "enabled rules only", &o.enabled, NULL},
		{0, "disabled", NULL, "disabled rules only", &o.disabled, NULL},
		{0, "json", NULL, "as JSON, with conditions and outputs", &o.json, NULL},
		{0, "markdown", NULL, "as a Markdown table", &o.markdown, NULL},
		{0, "csv", NULL, "as CSV (RFC 4180)", &o.csv, NULL},
		{0, "mitre", NULL,
		 "instead: the ATT&CK tactics and techniques that tags name, with their rules",
		 &o.mitre, NULL},
		{'c', "config", "FILE", "a configuration that may switch rules", NULL, &o.config},
	};
	enum saker_priority least = SAKER_PRIORITY_DEBUG;
	struct ruleset_loaded loaded = {0};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	r = check(verb, &o, &args, &least);
	if (r == 0) {
		r = ruleset_load_or_say(&loaded, &args, o.config);
		if (r == 0)
			r = list_rules(&loaded, &o, least);
		ruleset_fini(&loaded);
	}
	args_fini(&args);
	return r;
}

const struct verb verb_list = {
	.name = "list",
	.arguments = "FILE...",
	.summary = "Lists rules as a table, JSON, Markdown or CSV, or by ATT&CK technique.",
	.run = run,
};
