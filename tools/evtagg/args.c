/* SPDX-License-Identifier: Apache-2.0 */
/* A verb's command line and its help, both out of its tables of options. */
#include <getopt.h>
#include <stdarg.h>

#include "evtagg.h"

#define FIRST_LONG 256

int args_add(struct args *args, const char *group, const struct arg *options, size_t n)
{
	struct arg heading = {.help = group};

	for (size_t i = group ? 0 : 1; i <= n; i++) {
		if (GROW(args->options, args->n_options, args->capacity) < 0)
			return -ENOMEM;
		args->options[args->n_options++] = i ? options[i - 1] : heading;
	}
	return 0;
}

void complain(const char *format, ...)
{
	va_list ap;

	fputs("evtagg: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	putc('\n', stderr);
}

int args_bad(const struct verb *verb, const char *format, ...)
{
	va_list ap;

	fputs("evtagg: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "; see evtagg %s --help\n", verb->name);
	return EVTAGG_USAGE;
}

int args_exit(int r)
{
	if (r == -ECANCELED)
		return EVTAGG_OK;
	return r == -EINVAL ? EVTAGG_USAGE : EVTAGG_FAILED;
}

static void print_help(const struct args *args, const struct verb *verb)
{
	printf("Usage: evtagg %s [OPTION]... %s\n%s\n", verb->name, verb->arguments, verb->summary);
	for (uint32_t i = 0; i < args->n_options; i++) {
		const struct arg *o = &args->options[i];
		char left[64];

		if (!o->name) {
			printf("\n%s:\n", o->help);
			continue;
		}
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
			 o->shown ? " " : "", o->shown ? o->shown : "");
		printf("  %-26s %s\n", left, o->help);
	}
	printf("\n  %-26s %s\n", "-h, --help", "print this help");
}

/* The option that begins like the word; NULL = none does by three letters. */
static const struct arg *nearest(const struct args *args, const char *word)
{
	const struct arg *near = NULL;
	size_t best = 0, len = strcspn(word, "=");

	for (uint32_t i = 0; i < args->n_options; i++) {
		const struct arg *o = &args->options[i];
		size_t same = 0;

		while (o->name && same < len && o->name[same] == word[same])
			same++;
		/* ... or by two, where it is as long: --josn */
		if (same > best && (same > 2 || (o->name && strlen(o->name) == len))) {
			best = same;
			near = o;
		}
	}
	return near;
}

static int bad_long(const struct args *args, const struct verb *verb, const char *word)
{
	const struct arg *near = nearest(args, word + 2);

	if (near && strcspn(word + 2, "=") == strlen(near->name) && word[2 + strlen(near->name)])
		args_bad(verb, "--%s takes no value", near->name);
	else if (near)
		args_bad(verb, "there is no option %s: did you mean --%s?", word, near->name);
	else
		args_bad(verb, "there is no option %s", word);
	return -EINVAL;
}

static int bad_word(const struct args *args, const struct verb *verb, int value, char **argv)
{
	const char *word = argv[optind - 1];

	if (value == ':')
		args_bad(verb, "%s needs a value", word);
	else if (optopt && strncmp(word, "--", 2) != 0)
		args_bad(verb, "there is no option -%c", optopt);
	else
		return bad_long(args, verb, word);
	return -EINVAL;
}

static int take(const struct arg *o)
{
	if (o->values)
		return strings_add(o->values, optarg);
	if (o->value)
		*o->value = optarg;
	else
		*o->flag = true;
	return 0;
}

static int parse(struct args *args, const struct verb *verb, int argc, char **argv,
		 const struct option *longs, const char *letters)
{
	int value, r;

	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return bad_word(args, verb, value, argv);
		if (value == 'h') {
			print_help(args, verb);
			return -ECANCELED;
		}
		for (uint32_t i = 0; i < args->n_options; i++) {
			const struct arg *o = &args->options[i];

			if (!o->name || (value != o->letter && value != (int)(FIRST_LONG + i)))
				continue;
			r = take(o);
			if (r < 0)
				return r;
		}
	}
	for (; optind < argc; optind++) {
		r = strings_add(&args->rest, argv[optind]);
		if (r < 0)
			return r;
	}
	return 0;
}

int args_parse(struct args *args, const struct verb *verb, int argc, char **argv)
{
	_cleanup_free_ struct option *longs = calloc(args->n_options + 2, sizeof(*longs));
	_cleanup_free_ char *letters = calloc(args->n_options + 2, 2);
	size_t n = 0, len = 0;

	if (!longs || !letters)
		return -ENOMEM;
	letters[len++] = ':';
	letters[len++] = 'h';
	for (uint32_t i = 0; i < args->n_options; i++) {
		const struct arg *o = &args->options[i];

		if (!o->name)
			continue;
		longs[n++] = (struct option){o->name, o->flag ? no_argument : required_argument,
					     NULL, (int)(FIRST_LONG + i)};
		if (!o->letter)
			continue;
		letters[len++] = o->letter;
		if (!o->flag)
			letters[len++] = ':';
	}
	longs[n] = (struct option){"help", no_argument, NULL, 'h'};
	return parse(args, verb, argc, argv, longs, letters);
}

void args_fini(struct args *args)
{
	free(args->options);
	strings_fini(&args->rest);
	memset(args, 0, sizeof(*args));
}

int finish(int result)
{
	bool failed = fflush(stdout) != 0 || ferror(stdout);

	return failed && result == EVTAGG_OK ? EVTAGG_FAILED : result;
}
