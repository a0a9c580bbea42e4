/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck dump: what the stages of a compile made, for other programs and for tests to read. */
#include "expression.h"
#include "rulecheck.h"

static int dump_trees(const struct ruleset_loaded *l, const char *name)
{
	if (name && !ruleset_details(l, name))
		return ruleset_no_such_rule(l, name);
	for (uint32_t i = 0; i < l->inspection->n_rules; i++) {
		const struct saker_rule_details *d = &l->inspection->rules[i];

		if (name && !util_streq(name, d->name))
			continue;
		put_text(stdout, d->name);
		fputs(": ", stdout);
		expression_put(stdout, d->root);
		fputc('\n', stdout);
	}
	return RULECHECK_OK;
}

static int dump_compiled(const struct ruleset_loaded *l, enum saker_dump_stage stage)
{
	char *text;

	if (saker_ruleset_dump(l->ruleset, stage, &text) < 0)
		return RULECHECK_FAILED;
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		report_put(stdout, line, n);
		fputc('\n', stdout);
		line += n + (line[n] == '\n');
	}
	free(text);
	return RULECHECK_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	const char *stage = "ast", *name = NULL, *config = NULL;
	const struct arg options[] = {
		{0, "stage", "STAGE",
		 "ast: conditions written out (the default); dag: what rules share; plan: what is "
		 "asked for which events",
		 NULL, &stage},
		{'n', "name", "RULE", "one rule only, of the ast", NULL, &name},
		{'c', "config", "FILE", "a configuration, as for the agent", NULL, &config},
	};
	bool dag, plan;
	struct ruleset_loaded loaded = {0};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	dag = util_streq(stage, "dag");
	plan = util_streq(stage, "plan");
	if (!dag && !plan && !util_streq(stage, "ast"))
		r = args_bad(verb, "--stage is ast, dag or plan, not '%s'", stage);
	else if ((dag || plan) && name)
		r = args_bad(verb, "--name is for the ast: the others are of all rules together");
	else if (args.n_files == 0)
		r = args_bad(verb, "name the rule files");
	if (r == 0) {
		r = ruleset_load_or_say(&loaded, &args, config);
		if (r == 0)
			r = dag || plan
				    ? dump_compiled(&loaded, dag ? SAKER_DUMP_DAG : SAKER_DUMP_PLAN)
				    : dump_trees(&loaded, name);
		ruleset_fini(&loaded);
	}
	args_fini(&args);
	return r;
}

const struct verb verb_dump = {
	.name = "dump",
	.arguments = "FILE...",
	.summary = "Prints what a stage of the compile made of the rules.",
	.run = run,
};
