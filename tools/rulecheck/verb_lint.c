/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck lint: what is legal in rule files and probably wrong. */
#include "codes.h"
#include "lint.h"
#include "report.h"

static const char *describe(const char *id)
{
	const struct lint_kind *kind = lint_find(id);

	return kind ? kind->summary : codes_describe(id);
}

static const char *explain(const char *id)
{
	const struct lint_kind *kind = lint_find(id);
	const struct code *code = codes_find(id);

	return kind ? kind->explanation : code ? code->explanation : "";
}

static void drop_below(struct findings *f, enum saker_severity least)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		if (f->v[i].diag.severity >= least)
			f->v[n++] = f->v[i];
	}
	f->n = n;
}

static void print_text(const struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct saker_diag d = f->v[i].diag;
		char message[1200];

		/* the codes of loading are printed behind their messages already */
		if (strncmp(d.id, "LOAD_", 5) != 0) {
			snprintf(message, sizeof(message), "%s [%s]", d.message, d.id);
			d.message = message;
		}
		report_diag(stdout, report_colour(stdout), &d);
	}
	if (f->lost)
		printf("and %u more\n", f->lost);
	if (f->n)
		printf("%u errors, %u warnings, %u notes; rulecheck explain ID tells more\n",
		       findings_count(f, SAKER_SEVERITY_ERROR),
		       findings_count(f, SAKER_SEVERITY_WARNING),
		       findings_count(f, SAKER_SEVERITY_NOTE));
}

struct lint_options {
	const char *level;
	const char *config;
	bool json;
	bool sarif;
};

static int lint_files(const struct args *args, const struct lint_options *o,
		      enum saker_severity least)
{
	static const struct findings_words words = {describe, explain};
	const struct ruleset_how how = {.config = o->config};
	struct ruleset_loaded loaded;
	struct findings findings;
	struct lint lint = {.loaded = &loaded, .findings = &findings};
	int r, printed = 0;

	findings_init(&findings);
	r = ruleset_load(&loaded, args->files, args->n_files, &how, lint_take_loader_finding,
			 &findings);
	if (r == 0)
		lint_all(&lint);
	if (r == 0)
		r = lint_ignore(&findings, NULL, NULL);
	drop_below(&findings, least);
	findings_sort(&findings);
	if (o->json)
		printed = findings_json(stdout, &findings);
	else if (o->sarif)
		printed = findings_sarif(stdout, &findings, &words);
	else
		print_text(&findings);
	if (findings.out_of_memory || printed < 0)
		r = -ENOMEM;
	if (r == -ENOMEM)
		r = RULECHECK_FAILED;
	else
		r = r < 0 || findings.n ? RULECHECK_BAD : RULECHECK_OK;
	ruleset_fini(&loaded);
	findings_fini(&findings);
	return r;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct lint_options o = {.level = "warning"};
	const struct arg options[] = {
		{'l', "level", "LEVEL", "note, warning (the default) or error: what is shown", NULL,
		 &o.level},
		{0, "json", NULL, "as JSON", &o.json, NULL},
		{0, "sarif", NULL, "as SARIF, for code scanners", &o.sarif, NULL},
		{'c', "config", "FILE", "a configuration, as for the agent", NULL, &o.config},
	};
	enum saker_severity least = SAKER_SEVERITY_WARNING;
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	if (util_streq(o.level, "note"))
		least = SAKER_SEVERITY_NOTE;
	else if (util_streq(o.level, "error"))
		least = SAKER_SEVERITY_ERROR;
	else if (!util_streq(o.level, "warning"))
		r = args_bad(verb, "--level is note, warning or error, not '%s'", o.level);
	if (r == 0 && args.n_files == 0)
		r = args_bad(verb, "name the rule files");
	if (r == 0 && o.json && o.sarif)
		r = args_bad(verb, "--json or --sarif, not both");
	if (r == 0)
		r = lint_files(&args, &o, least);
	args_fini(&args);
	return r;
}

const struct verb verb_lint = {
	.name = "lint",
	.arguments = "FILE...",
	.summary = "Looks for what is legal and probably wrong, or easy to get around.",
	.run = run,
};
