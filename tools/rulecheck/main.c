/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck: what rule files say, whether they are right and whether they do what they are for. */
#include <signal.h>

#include "rulecheck.h"
#include "text.h"

static const struct verb *const verbs[] = {
	&verb_validate, &verb_lint, &verb_list, &verb_explain, &verb_test,
	&verb_fmt,	&verb_diff, &verb_dump, &verb_lsp,
};

static void print_help(FILE *out)
{
	fputs("Usage: rulecheck VERB [OPTION]... FILE...\n"
	      "       rulecheck FILE...             as rulecheck validate FILE...\n"
	      "Checks, lists, explains and tests rules. Files and folders load in the order "
	      "given,\n"
	      "as the agent would load them.\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nrulecheck VERB --help tells more. Exit: 0 all is well, 1 something is wrong with "
	      "the\n"
	      "rules or a test failed, 2 usage, 3 no answer could be had. See rulecheck(1).\n",
	      out);
}

static int no_such_verb(const char *word)
{
	const char *near = NULL;
	unsigned int least = 3; /* letters off: more is another word */

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		unsigned int n = text_distance(word, verbs[i]->name);

		if (n < least) {
			least = n;
			near = verbs[i]->name;
		}
	}
	fprintf(stderr,
		"rulecheck: there is no verb and no file '%s'%s%s%s; see rulecheck --help\n", word,
		near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
	return RULECHECK_USAGE;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error like others */
	if (argc < 2) {
		print_help(stderr);
		return RULECHECK_USAGE;
	}
	if (util_streq(argv[1], "--help") || util_streq(argv[1], "-h")) {
		print_help(stdout);
		return finish(RULECHECK_OK);
	}
	if (util_streq(argv[1], "--version")) {
		printf("rulecheck %s (rules engine %s)\n", SAKER_VERSION,
		       SAKER_RULES_ENGINE_VERSION);
		return finish(RULECHECK_OK);
	}
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (util_streq(argv[1], verbs[i]->name))
			return finish(verbs[i]->run(verbs[i], argc - 1, argv + 1));
	}
	/* A file, or an option of validate. */
	if (argv[1][0] == '-' || strchr(argv[1], '/') || strchr(argv[1], '.') ||
	    access(argv[1], F_OK) == 0)
		return finish(verb_validate.run(&verb_validate, argc, argv));
	return no_such_verb(argv[1]);
}
