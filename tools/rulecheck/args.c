/* SPDX-License-Identifier: Apache-2.0 */
/* A verb's command line and its help, both out of the verb's table of options. */
#include <stdarg.h>

#include "cli.h"
#include "rulecheck.h"

#define LONG_ONLY 256 /* and up: options without a letter */

/* A command line being read. */
struct line {
	const struct verb *verb;
	const struct arg *options;
	size_t n;
	bool help;
};

int args_bad(const struct verb *verb, const char *format, ...)
{
	va_list ap;

	fputs("rulecheck: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "; see rulecheck %s --help\n", verb->name);
	return RULECHECK_USAGE;
}

int args_exit(int r)
{
	if (r == -ECANCELED)
		return RULECHECK_OK;
	return r == -EINVAL ? RULECHECK_USAGE : RULECHECK_FAILED;
}

static int value_of(const struct arg *o, size_t i)
{
	return o->letter ? o->letter : (int)(LONG_ONLY + i);
}

static int take(const struct cli *cli, void *target, int value, const char *argument, FILE *err)
{
	struct line *line = target;

	if (value == 'h')
		line->help = true;
	for (size_t i = 0; i < line->n; i++) {
		const struct arg *o = &line->options[i];

		if (value != value_of(o, i))
			continue;
		if (o->value)
			*o->value = argument;
		else
			*o->flag = true;
	}
	return 0;
}

static void print_help(const struct verb *verb, const struct cli *cli)
{
	printf("Usage: rulecheck %s [OPTION]... %s\n%s\n\n", verb->name, verb->arguments,
	       verb->summary);
	cli_print_options(cli, 26, stdout);
}

/* What is no option; "-" is standard input. */
static int take_files(struct args *args, int first, int argc, char **argv)
{
	for (; first < argc; first++) {
		const char *name = argv[first];
		int r;

		if (util_streq(name, "-")) {
			name = "/dev/stdin";
			r = keep_standard_input();
			if (r < 0) {
				fprintf(stderr, "rulecheck: standard input cannot be read: %s\n",
					strerror(-r));
				return r == -EINVAL ? -EIO : r;
			}
		}
		args->files[args->n_files++] = name;
	}
	return 0;
}

int args_parse(struct args *args, const struct verb *verb, const struct arg *options, size_t n,
	       int argc, char **argv)
{
	struct cli_option rows[CLI_MAX_OPTIONS] = {0};
	struct line line = {.verb = verb, .options = options, .n = n};
	char help[64];
	const struct cli cli = {
		.program = "rulecheck", .help = help, .options = rows, .n = n + 1, .take = take};
	int first = 0, r;

	memset(args, 0, sizeof(*args));
	args->files = calloc((size_t)argc + 1, sizeof(*args->files));
	if (!args->files || n >= CLI_MAX_OPTIONS)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct cli_option){
			.value = value_of(&options[i], i),
			.name = options[i].name,
			.argument = options[i].value ? required_argument : no_argument,
			.shown = options[i].shown,
			.help = options[i].help,
		};
	rows[n] = (struct cli_option){
		.value = 'h', .name = "help", .argument = no_argument, .help = "print this help"};
	snprintf(help, sizeof(help), "rulecheck %s --help", verb->name);
	r = cli_parse(&cli, &line, argc, argv, stderr, &first);
	if (r < 0)
		return r;
	if (line.help) {
		print_help(verb, &cli);
		return -ECANCELED;
	}
	return take_files(args, first, argc, argv);
}

void args_fini(struct args *args)
{
	free(args->files);
	args->files = NULL;
}

int finish(int result)
{
	return fflush(stdout) != 0 && result == RULECHECK_OK ? RULECHECK_FAILED : result;
}
