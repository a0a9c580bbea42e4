/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg: from a journal of alerts to what is noise and what is rare. */
#include <locale.h>
#include <signal.h>

#include "evtagg.h"

static const struct verb *const verbs[] = {
#define X(name) &verb_##name,
	EVTAGG_VERB_LIST(X)
#undef X
};

static void print_help(FILE *out)
{
	fputs("Usage: evtagg VERB [OPTION]... [INPUT]...\n"
	      "       evtagg [OPTION]... [INPUT]...    as evtagg count\n"
	      "Reads alerts, of Falco or Saker, and tells what is noise and what is rare.\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nevtagg VERB --help tells more. Exit: 0 all is well, 1 a condition, a file or an "
	      "input is\n"
	      "wrong, 2 usage, 3 it broke off. See evtagg(1).\n",
	      out);
}

static int no_such_verb(const char *word)
{
	complain("there is no verb and no file '%s'; see evtagg --help", word);
	return EVTAGG_USAGE;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");  /* the width of characters */
	signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error like others */
	if (argc > 1 && (util_streq(argv[1], "--help") || util_streq(argv[1], "-h"))) {
		print_help(stdout);
		return finish(EVTAGG_OK);
	}
	if (argc > 1 && util_streq(argv[1], "--version")) {
		printf("evtagg %s\n", SAKER_VERSION);
		return finish(EVTAGG_OK);
	}
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++) {
		if (util_streq(argv[1], verbs[i]->name))
			return finish(verbs[i]->run(verbs[i], argc - 1, argv + 1));
	}
	if (argc < 2 && isatty(STDIN_FILENO)) {
		print_help(stderr);
		return EVTAGG_USAGE;
	}
	/* Files are mostly called something.jsonl, other inputs have a colon. */
	if (argc > 1 && argv[1][0] != '-' && !strpbrk(argv[1], "./:") && access(argv[1], F_OK) < 0)
		return no_such_verb(argv[1]);
	return finish(verbs[0]->run(verbs[0], argc, argv));
}
