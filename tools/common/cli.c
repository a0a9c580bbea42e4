/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines as tables, over getopt_long. */
#include <stdarg.h>

#include "cli.h"

int cli_bad(const struct cli *cli, FILE *err, const char *format, ...)
{
	va_list ap;

	fprintf(err, "%s: ", cli->program);
	va_start(ap, format);
	vfprintf(err, format, ap);
	va_end(ap);
	fprintf(err, "; see %s\n", cli->help);
	return -EINVAL;
}

int cli_number(const struct cli *cli, const char *option, const char *text, uint64_t max,
	       uint64_t *ret, FILE *err)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v < 1 || v > max)
		return cli_bad(cli, err, "%s takes a number from 1 to %llu, not '%s'", option,
			       (unsigned long long)max, text);
	*ret = v;
	return 0;
}

int cli_word(const struct cli *cli, const char *option, const char *text, const char *const *words,
	     FILE *err)
{
	char list[96] = "";
	size_t len = 0;

	for (int i = 0; words[i]; i++) {
		if (util_streq(words[i], text))
			return i;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						i ? ", " : "", words[i]);
	}
	return cli_bad(cli, err, "%s takes one of %s, not '%s'", option, list, text);
}

void cli_print_options(const struct cli *cli, int width, FILE *out)
{
	for (size_t i = 0; i < cli->n; i++) {
		const struct cli_option *o = &cli->options[i];
		bool letter = o->value < 256, optional = o->argument == optional_argument;
		char left[64];

		if (o->group)
			fprintf(out, "%s%s:\n", i ? "\n" : "", o->group);
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s%s", letter ? '-' : ' ',
			 letter ? o->value : ' ', letter ? ", " : "  ", o->name,
			 optional   ? "[="
			 : o->shown ? " "
				    : "",
			 o->shown ? o->shown : "", optional ? "]" : "");
		fprintf(out, "  %-*s %s\n", width, left, o->help);
	}
}

/* "--lis" is short for two; "--rule-file" and "--replays" begin as one that there is. */
static int bad_long(const struct cli *cli, const char *word, FILE *err)
{
	size_t len = strcspn(word + 2, "="), best = 2;
	const char *near[2] = {NULL, NULL};

	for (size_t i = 0; i < cli->n; i++) {
		const char *name = cli->options[i].name;
		size_t same = 0;

		while (same < len && name[same] == word[2 + same])
			same++;
		if (same == len)
			near[near[0] != NULL] = name;
		else if (same > best && !near[1]) {
			best = same;
			near[0] = name;
		}
	}
	if (near[0] && near[1])
		return cli_bad(cli, err, "%s is ambiguous: --%s or --%s?", word, near[0], near[1]);
	if (near[0])
		return cli_bad(cli, err, "there is no option %s: did you mean --%s?", word,
			       near[0]);
	return cli_bad(cli, err, "there is no option %s", word);
}

/* getopt's own messages would name the program by its path and say too little. */
static int complain(const struct cli *cli, int value, char **argv, FILE *err)
{
	const char *word = argv[optind - 1];
	bool is_long = strncmp(word, "--", 2) == 0;

	for (size_t i = 0; i < cli->n; i++) {
		const struct cli_option *o = &cli->options[i];

		if (!optopt || o->value != optopt)
			continue;
		if (value == ':' && optopt <= 255)
			break; /* by its letter, below */
		if (value == ':' || is_long)
			return cli_bad(cli, err, "--%s %s", o->name,
				       value == ':' ? "needs a value" : "takes no value");
	}
	if (value == ':')
		return cli_bad(cli, err, "-%c needs a value", optopt);
	if (optopt && !is_long)
		return cli_bad(cli, err, "there is no option -%c", optopt);
	return bad_long(cli, word, err);
}

int cli_parse(const struct cli *cli, void *target, int argc, char **argv, FILE *err, int *ret_first)
{
	struct option longs[CLI_MAX_OPTIONS + 1] = {0};
	char letters[CLI_MAX_OPTIONS * 2 + 2] = ":";
	size_t len = 1;
	int value, r;

	if (cli->n > CLI_MAX_OPTIONS)
		return -E2BIG;
	for (size_t i = 0; i < cli->n; i++) {
		const struct cli_option *o = &cli->options[i];

		longs[i] = (struct option){o->name, o->argument, NULL, o->value};
		if (o->value > 255)
			continue;
		letters[len++] = (char)o->value;
		if (o->argument == required_argument)
			letters[len++] = ':';
	}
	letters[len] = '\0';
	optind = 0; /* GNU: start anew, so that tests may parse many */
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		r = value == '?' || value == ':' ? complain(cli, value, argv, err)
						 : cli->take(cli, target, value, optarg, err);
		if (r < 0)
			return r;
	}
	*ret_first = optind;
	return 0;
}
