/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck dump: what the loader made of conditions, one line a rule, for other programs to read.
 */
#include "expression.h"
#include "rulecheck.h"

static int run(const struct verb *verb, int argc, char **argv)
{
	const char *stage = "ast", *name = NULL, *config = NULL;
	const struct arg options[] = {
		{0, "stage", "STAGE", "ast: conditions with macros and lists in their place", NULL,
		 &stage},
		{'n', "name", "RULE", "one rule only", NULL, &name},
		{'c', "config", "FILE", "a configuration, as for the agent", NULL, &config},
	};
	struct ruleset_loaded loaded;
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	if (!util_streq(stage, "ast"))
		r = args_bad(verb, "--stage is ast, not '%s'", stage);
	else if (args.n_files == 0)
		r = args_bad(verb, "name the rule files");
	if (r == 0) {
		r = ruleset_load_or_say(&loaded, &args, config);
		if (r == 0 && name && !ruleset_details(&loaded, name))
			r = ruleset_no_such_rule(&loaded, name);
		for (uint32_t i = 0; r == 0 && i < loaded.inspection->n_rules; i++) {
			const struct saker_rule_details *d = &loaded.inspection->rules[i];

			if (name && !util_streq(name, d->name))
				continue;
			put_text(stdout, d->name);
			fputs(": ", stdout);
			expression_put(stdout, d->root);
			fputc('\n', stdout);
		}
		ruleset_fini(&loaded);
	}
	args_fini(&args);
	return r;
}

const struct verb verb_dump = {
	.name = "dump",
	.arguments = "FILE...",
	.summary = "Prints each rule's condition in one line, macros and lists in their place.",
	.run = run,
};
