/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table gives the long options and the help. */
#include <getopt.h>
#include <math.h>
#include <stdarg.h>

#include "options.h"

enum {
	OPT_REPLAY = 256,
	OPT_LIST,
	OPT_LIST_KEYS,
	OPT_FORMAT,
	OPT_VERSION,
	OPT_DRY_RUN,
};

struct option_row {
	int value;	  /* the letter, or above 255 */
	const char *name; /* long, or NULL */
	int argument;
	const char *shown; /* its argument in the help */
	const char *group; /* starts a new group */
	const char *help;
};

static const struct option_row rows[] = {
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

void options_help(FILE *out)
{
	fputs("Usage: saker [-c FILE] [-o KEY=VALUE]... [-r FILE|DIR]... [--replay FILE]\n"
	      "       saker -V FILE...\n"
	      "Watches the system calls of this machine, or of a capture, and alerts by rules.\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct option_row *row = &rows[i];
		char left[64];

		if (row->group)
			fprintf(out, "\n%s:\n", row->group);
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s%s", row->value < 256 ? '-' : ' ',
			 row->value < 256 ? row->value : ' ', row->value < 256 ? ", " : "  ",
			 row->name,
			 row->argument == optional_argument ? "[="
			 : row->shown			    ? " "
							    : "",
			 row->shown ? row->shown : "",
			 row->argument == optional_argument ? "]" : "");
		fprintf(out, "  %-29s %s\n", left, row->help);
	}
	fputs("\n(1) else " SAKER_CONFIG_FILE ", if it is there\n"
	      "(2) --list-keys lists them (3) else rules_files of the configuration, else\n"
	      "" SAKER_RULES_DIR "\n"
	      "\nExit code: 0 well, 1 rules or configuration are wrong, 2 usage, 3 the capture\n"
	      "cannot be opened, 4 it failed while running. SIGHUP loads the rules again,\n"
	      "SIGUSR1 reopens files, SIGINT and SIGTERM stop when all alerts are delivered;\n"
	      "a second one waits for nothing. See saker(1).\n",
	      out);
}

_printf_(2, 3) static int bad(FILE *err, const char *format, ...)
{
	va_list ap;

	fputs("saker: ", err);
	va_start(ap, format);
	vfprintf(err, format, ap);
	va_end(ap);
	fputs("; see saker --help\n", err);
	return -EINVAL;
}

static int take_format(struct options *o, const char *text, FILE *err)
{
	if (util_streq(text, "text"))
		o->format = OPTIONS_TEXT;
	else if (util_streq(text, "markdown"))
		o->format = OPTIONS_MARKDOWN;
	else if (util_streq(text, "json"))
		o->format = OPTIONS_JSON;
	else
		return bad(err, "--format is text, markdown or json, not '%s'", text);
	return 0;
}

static int take_seconds(struct options *o, const char *text, FILE *err)
{
	char *end;

	o->max_seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(o->max_seconds) || o->max_seconds < 0)
		return bad(err, "-M takes seconds, not '%s'", text);
	return 0;
}

static int take(struct options *o, int value, const char *argument, FILE *err)
{
	switch (value) {
	case 'c':
		o->config = argument;
		return 0;
	case 'o':
		o->sets[o->n_sets++] = argument;
		return 0;
	case 'r':
		if (!*argument)
			return bad(err, "-r needs the name of a file or folder");
		o->rules[o->n_rules++] = argument;
		return 0;
	case 'V':
		if (!*argument)
			return bad(err, "-V needs the name of a file or folder");
		o->validate[o->n_validate++] = argument;
		o->mode = OPTIONS_VALIDATE;
		return 0;
	case 'M':
		return take_seconds(o, argument, err);
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
		return take_format(o, argument, err);
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

/* "--lis" is short for two; "--rule-file" and "--replays" begin as one that there is. */
static int bad_long(const char *word, FILE *err)
{
	size_t len = strcspn(word + 2, "="), best = 2;
	const char *near[2] = {NULL, NULL};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t same = 0;

		while (same < len && rows[i].name[same] == word[2 + same])
			same++;
		if (same == len)
			near[near[0] != NULL] = rows[i].name;
		else if (same > best && !near[1]) {
			best = same;
			near[0] = rows[i].name;
		}
	}
	if (near[0] && near[1])
		return bad(err, "%s is ambiguous: --%s or --%s?", word, near[0], near[1]);
	if (near[0])
		return bad(err, "there is no option %s: did you mean --%s?", word, near[0]);
	return bad(err, "there is no option %s", word);
}

/* getopt's own messages would name the program by its path and say too little. */
static int complain(int value, char **argv, FILE *err)
{
	char letter[2] = {(char)optopt, '\0'};
	const char *word = argv[optind - 1];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (optopt && rows[i].value == optopt && optopt > 255)
			return bad(err, "--%s %s", rows[i].name,
				   value == ':' ? "needs a value" : "takes no value");
	}
	if (value == ':')
		return bad(err, "-%s needs a value", letter);
	if (optopt && strncmp(word, "--", 2) != 0)
		return bad(err, "there is no option -%s", letter);
	return bad_long(word, err);
}

static int parse(struct options *o, int argc, char **argv, const char *letters,
		 const struct option *longs, FILE *err)
{
	int value, r;

	optind = 0; /* GNU: start anew, so that tests may parse many */
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		r = value == '?' || value == ':' ? complain(value, argv, err)
						 : take(o, value, optarg, err);
		if (r < 0)
			return r;
	}
	/* "-V a.yaml b.yaml" and "--list proc" are what people type. */
	for (; optind < argc; optind++) {
		if (o->mode == OPTIONS_VALIDATE)
			o->validate[o->n_validate++] = argv[optind];
		else if (o->mode == OPTIONS_LIST && !o->list_class)
			o->list_class = argv[optind];
		else
			return bad(err, "what is '%s' for? Rules are given with -r", argv[optind]);
	}
	if (o->names_only && o->mode == OPTIONS_RUN)
		return bad(err, "-N goes with --list");
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, FILE *err)
{
	struct option longs[ARRAY_SIZE(rows) + 1] = {0};
	char letters[2 + ARRAY_SIZE(rows) * 2 + 1] = ":";
	size_t n = 1;

	memset(options, 0, sizeof(*options));
	options->rules = calloc((size_t)argc + 1, sizeof(*options->rules));
	options->sets = calloc((size_t)argc + 1, sizeof(*options->sets));
	options->validate = calloc((size_t)argc + 1, sizeof(*options->validate));
	if (!options->rules || !options->sets || !options->validate)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		longs[i] = (struct option){
			.name = rows[i].name, .has_arg = rows[i].argument, .val = rows[i].value};
		if (rows[i].value < 256) {
			letters[n++] = (char)rows[i].value;
			if (rows[i].argument == required_argument)
				letters[n++] = ':';
		}
	}
	letters[n] = '\0';
	return parse(options, argc, argv, letters, longs, err);
}

void options_fini(struct options *options)
{
	free(options->rules);
	free(options->sets);
	free(options->validate);
}
