/* SPDX-License-Identifier: Apache-2.0 */
/* A verb's command line and its help, both out of the verb's table of options. */
#include <getopt.h>
#include <stdarg.h>

#include "rulecheck.h"

#define MAX_OPTIONS 24

static void print_help(const struct verb *verb, const struct arg *options, size_t n)
{
	printf("Usage: rulecheck %s [OPTION]... %s\n%s\n\n", verb->name, verb->arguments,
	       verb->summary);
	for (size_t i = 0; i < n; i++) {
		const struct arg *o = &options[i];
		char left[64];

		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
			 o->shown ? " " : "", o->shown ? o->shown : "");
		printf("  %-26s %s\n", left, o->help);
	}
	printf("  %-26s %s\n", "-h, --help", "print this help");
}

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

static int complain(const struct verb *verb, int value, char **argv)
{
	const char *word = argv[optind - 1];

	if (value == ':')
		args_bad(verb, "%s needs a value", word);
	else if (optopt && strncmp(word, "--", 2) != 0)
		args_bad(verb, "there is no option -%c", optopt);
	else
		args_bad(verb, "there is no option %s, or it takes no value", word);
	return -EINVAL;
}

int args_parse(struct args *args, const struct verb *verb, const struct arg *options, size_t n,
	       int argc, char **argv)
{
	struct option longs[MAX_OPTIONS + 2] = {0};
	char letters[2 * MAX_OPTIONS + 4] = ":h";
	size_t len = 2;
	int value;

	memset(args, 0, sizeof(*args));
	args->files = calloc((size_t)argc + 1, sizeof(*args->files));
	if (!args->files || n > MAX_OPTIONS)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		longs[i] = (struct option){options[i].name,
					   options[i].value ? required_argument : no_argument, NULL,
					   (int)(256 + i)};
		if (!options[i].letter)
			continue;
		letters[len++] = options[i].letter;
		if (options[i].value)
			letters[len++] = ':';
	}
	longs[n] = (struct option){"help", no_argument, NULL, 'h'};
	letters[len] = '\0';
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return complain(verb, value, argv);
		if (value == 'h') {
			print_help(verb, options, n);
			return -ECANCELED;
		}
		for (size_t i = 0; i < n; i++) {
			if (value != options[i].letter && value != (int)(256 + i))
				continue;
			if (options[i].value)
				*options[i].value = optarg;
			else
				*options[i].flag = true;
		}
	}
	for (; optind < argc; optind++)
		args->files[args->n_files++] = argv[optind];
	return 0;
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
