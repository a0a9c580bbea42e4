/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table gives the long options and the help. */
#include <math.h>

#include "cli.h"
#include "options.h"

enum {
	OPT_REPLAY = 256,
	OPT_LIST,
	OPT_LIST_KEYS,
	OPT_FORMAT,
	OPT_VERSION,
	OPT_DRY_RUN,
};

static const struct cli_option rows[] = {
	{'c', "config", required_argument, "FILE", "What to do",
	 "configuration, as falco.yaml (1)"},
	{'o', "option", required_argument, "KEY=VALUE", NULL,
	 "set a configuration key; a[]=x appends (2)"},
	{'r', "rules", required_argument, "FILE|DIR", NULL, "rules to load, again for more (3)"},
	{OPT_REPLAY, "replay", required_argument, "FILE", NULL,
	 "take events from a .scap file, - is stdin"},
	{'M', "max-seconds", required_argument, "SECONDS", NULL, "stop after this time"},
	{'U', "unbuffered", no_argument, NULL, NULL, "write each alert at once"},
	{'v', "verbose", no_argument, NULL, NULL, "log more"},
	{'V', "validate", required_argument, "FILE", "Instead of that",
	 "say what is wrong with rules; again for more"},
	{'L', "describe", no_argument, NULL, NULL, "describe the rules, macros and lists (4)"},
	{'l', "describe-rule", required_argument, "RULE", NULL, "describe one rule"},
	{OPT_DRY_RUN, "dry-run", no_argument, NULL, NULL,
	 "check configuration and rules as a run would"},
	{OPT_LIST, "list", optional_argument, "CLASS", NULL,
	 "list the fields for rules: all, or as proc, fd"},
	{'N', "names-only", no_argument, NULL, NULL, "with --list: names only"},
	{OPT_LIST_KEYS, "list-keys", no_argument, NULL, NULL, "list the configuration keys"},
	{OPT_FORMAT, "format", required_argument, "FORMAT", NULL,
	 "of lists: text, markdown or json"},
	{OPT_VERSION, "version", no_argument, NULL, NULL, "print the version"},
	{'h', "help", no_argument, NULL, NULL, "print this help"},
};

static int take_format(const struct cli *cli, struct options *o, const char *text, FILE *err)
{
	o->format_given = true;
	if (util_streq(text, "text"))
		o->format = LIST_TEXT;
	else if (util_streq(text, "markdown"))
		o->format = LIST_MARKDOWN;
	else if (util_streq(text, "json"))
		o->format = LIST_JSON;
	else
		return cli_bad(cli, err, "--format is text, markdown or json, not '%s'", text);
	return 0;
}

static int take_seconds(const struct cli *cli, struct options *o, const char *text, FILE *err)
{
	char *end;

	o->max_seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(o->max_seconds) || o->max_seconds < 0)
		return cli_bad(cli, err, "-M takes seconds, not '%s'", text);
	return 0;
}

static int take(const struct cli *cli, void *target, int value, const char *argument, FILE *err)
{
	struct options *o = target;

	switch (value) {
	case 'c':
		o->config = argument;
		return 0;
	case 'o':
		o->sets[o->n_sets++] = argument;
		return 0;
	case 'r':
		if (!*argument)
			return cli_bad(cli, err, "-r needs the name of a file or folder");
		o->rules[o->n_rules++] = argument;
		return 0;
	case 'V':
		if (!*argument)
			return cli_bad(cli, err, "-V needs the name of a file or folder");
		o->validate[o->n_validate++] = argument;
		o->mode = OPTIONS_VALIDATE;
		return 0;
	case 'L':
		o->mode = OPTIONS_DESCRIBE;
		return 0;
	case 'l':
		if (!*argument)
			return cli_bad(cli, err, "-l needs the name of a rule");
		o->describe = argument;
		o->mode = OPTIONS_DESCRIBE;
		return 0;
	case 'M':
		return take_seconds(cli, o, argument, err);
	case 'N':
		o->names_only = true;
		return 0;
	case 'U':
		o->unbuffered = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'h':
		o->mode = OPTIONS_HELP;
		return 0;
	case OPT_REPLAY:
		o->replay = argument;
		return 0;
	case OPT_LIST:
		o->mode = OPTIONS_LIST;
		o->list_class = argument;
		return 0;
	case OPT_LIST_KEYS:
		o->mode = OPTIONS_LIST_KEYS;
		return 0;
	case OPT_FORMAT:
		return take_format(cli, o, argument, err);
	case OPT_VERSION:
		o->mode = OPTIONS_VERSION;
		return 0;
	case OPT_DRY_RUN:
		o->dry_run = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static const struct cli command_line = {
	.program = "saker",
	.help = "saker --help",
	.options = rows,
	.n = ARRAY_SIZE(rows),
	.take = take,
};

void options_help(FILE *out)
{
	fputs("Usage: saker [-c FILE] [-o KEY=VALUE]... [-r FILE|DIR]... [--replay FILE]\n"
	      "       saker -V FILE... | -L | -l RULE\n"
	      "Watches the system calls of this machine, or of a capture, and alerts by rules.\n",
	      out);
	fputc('\n', out);
	cli_print_options(&command_line, 29, out);
	fputs("\n(1) else " SAKER_CONFIG_FILE ", if it is there\n"
	      "(2) --list-keys lists them (3) else rules_files of the configuration, else\n"
	      "" SAKER_RULES_DIR "\n"
	      "(4) all about them with --format json or -o json_output=true\n"
	      "\nExit code: 0 well, 1 rules or configuration are wrong, 2 usage, 3 the capture\n"
	      "cannot be opened, 4 it failed while running. SIGHUP loads the rules again,\n"
	      "SIGUSR1 reopens files, SIGINT and SIGTERM stop when all alerts are delivered;\n"
	      "a second one waits for nothing. See saker(1).\n",
	      out);
}

/* An option that would do nothing is a mistake to be told. */
static int check_together(const struct options *o, FILE *err)
{
	bool lists = o->mode == OPTIONS_LIST || o->mode == OPTIONS_LIST_KEYS;

	if (o->mode == OPTIONS_HELP || o->mode == OPTIONS_VERSION)
		return 0;
	if (o->names_only && o->mode != OPTIONS_LIST)
		return cli_bad(&command_line, err, "-N goes with --list");
	if (o->format_given && !lists && o->mode != OPTIONS_DESCRIBE)
		return cli_bad(&command_line, err,
			       "--format goes with --list, --list-keys and -L; alerts are JSON "
			       "with -o json_output=true");
	if (o->format == LIST_MARKDOWN && o->mode != OPTIONS_LIST)
		return cli_bad(&command_line, err, "only --list has the format markdown");
	return 0;
}

/* "-V a.yaml b.yaml" and "--list proc" are what people type. */
static int take_words(struct options *o, int argc, char **argv, int first, FILE *err)
{
	for (int i = first; i < argc; i++) {
		if (o->mode == OPTIONS_VALIDATE)
			o->validate[o->n_validate++] = argv[i];
		else if (o->mode == OPTIONS_LIST && !o->list_class)
			o->list_class = argv[i];
		else if (o->describe)
			return cli_bad(&command_line, err,
				       "what is '%s' for? -l takes one name: quote its blanks",
				       argv[i]);
		else
			return cli_bad(&command_line, err,
				       "what is '%s' for? Rules are given with -r", argv[i]);
	}
	return check_together(o, err);
}

int options_parse(struct options *options, int argc, char **argv, FILE *err)
{
	int first = 0, r;

	memset(options, 0, sizeof(*options));
	options->rules = calloc((size_t)argc + 1, sizeof(*options->rules));
	options->sets = calloc((size_t)argc + 1, sizeof(*options->sets));
	options->validate = calloc((size_t)argc + 1, sizeof(*options->validate));
	if (!options->rules || !options->sets || !options->validate)
		return -ENOMEM;
	r = cli_parse(&command_line, options, argc, argv, err, &first);
	return r < 0 ? r : take_words(options, argc, argv, first, err);
}

void options_fini(struct options *options)
{
	free(options->rules);
	free(options->sets);
	free(options->validate);
}
