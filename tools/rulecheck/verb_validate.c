/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck validate: Falco's verdict on rule files, in its words and its JSON, or as SARIF. */
#include "codes.h"
#include "findings.h"
#include "report.h"
#include "rulecheck.h"
#include "validate.h"

static const char *explain(const char *id)
{
	const struct code *code = codes_find(id);

	return code ? code->explanation : "";
}

static int validate_sarif(const struct args *args, const char *config_path)
{
	const struct ruleset_how how = {.config = config_path};
	static const struct findings_words words = {codes_describe, explain};
	struct ruleset_loaded loaded;
	struct findings findings;
	int r, printed;

	findings_init(&findings);
	r = ruleset_load(&loaded, args->files, args->n_files, &how, findings_diag, &findings);
	printed = findings_sarif(stdout, &findings, &words);
	if (findings.out_of_memory || printed < 0)
		r = -ENOMEM;
	ruleset_fini(&loaded);
	findings_fini(&findings);
	return r;
}

static int validate(const struct args *args, const char *config_path, bool json)
{
	struct reporter reporter = {.out = stderr, .colour = report_colour(stderr)};
	struct catalogue catalogue;
	struct config config;
	int r = config_load(&config, config_path, NULL, 0, reporter_diag, &reporter);

	reporter_finish(&reporter);
	if (r == 0) {
		config.json_output = json;
		r = catalogue_init(&catalogue, &config);
		if (r == 0)
			r = validate_files(stdout, stderr, args->files, args->n_files, &config,
					   &catalogue.public);
		catalogue_fini(&catalogue);
	}
	config_fini(&config);
	return r;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	const char *config = NULL;
	bool json = false, sarif = false;
	const struct arg options[] = {
		{0, "json", NULL, "the verdict as Falco's JSON", &json, NULL},
		{0, "sarif", NULL, "the findings as SARIF, for code scanners", &sarif, NULL},
		{'c', "config", "FILE", "a configuration, for static fields and added outputs",
		 NULL, &config},
	};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	if (args.n_files == 0)
		r = args_bad(verb, "name the rule files");
	else if (json && sarif)
		r = args_bad(verb, "--json or --sarif, not both");
	else if ((r = sarif ? validate_sarif(&args, config) : validate(&args, config, json)) < 0)
		r = r == -ENOMEM ? RULECHECK_FAILED : RULECHECK_BAD;
	args_fini(&args);
	return r;
}

const struct verb verb_validate = {
	.name = "validate",
	.arguments = "FILE...",
	.summary = "Says whether rule files are right, and what is wrong and where.",
	.run = run,
};
