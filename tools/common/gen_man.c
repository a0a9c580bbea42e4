/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run while building: copies the man page, with the table of configuration keys
 * in place of the line @CONFIG_KEYS@, and the version and the places of files in
 * place of their names.
 */
#include <stdio.h>
#include <string.h>

#define MAX_VALUES 3

static const struct {
	const char *path;
	const char *type;
	const char *preset;
	const char *limits;
	int now;
	const char *description;
} keys[] = {
#define NOW 1
#define LATER 0
#define KEY(path, type, preset, limits, effect, quiet, description) \
	{path, #type, preset, limits, effect, description},
#include "config_keys.def"
#undef KEY
};

/* A hyphen that is typed, no roff command at the start of a line, no lone backslash. */
static void put(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++) {
		if (*s == '-')
			fputs("\\-", stdout);
		else if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
	}
}

static void put_keys(void)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		fputs(".TP\n.B ", stdout);
		put(keys[i].path);
		putchar('\n');
		put(keys[i].description);
		fputs(".\n", stdout);
		if (*keys[i].limits) {
			fputs("One of or within ", stdout);
			put(keys[i].limits);
			fputs(".\n", stdout);
		}
		if (*keys[i].preset) {
			fputs("Default: ", stdout);
			put(keys[i].preset);
			fputs(".\n", stdout);
		}
		if (!keys[i].now)
			fputs(".I No effect yet.\n", stdout);
	}
}

/* A line with each @NAME@ replaced. */
static void put_line(const char *line, char *const *values, size_t n)
{
	static const char *const names[MAX_VALUES] = {"@VERSION@", "@CONFIG_FILE@", "@RULES_DIR@"};

	while (*line) {
		size_t i;

		for (i = 0; i < n; i++) {
			if (strncmp(line, names[i], strlen(names[i])) == 0)
				break;
		}
		if (i < n) {
			fputs(values[i], stdout);
			line += strlen(names[i]);
		} else {
			putchar(*line++);
		}
	}
}

int main(int argc, char **argv)
{
	char line[1024];
	FILE *in;

	if (argc < 3 || argc > 2 + MAX_VALUES || !(in = fopen(argv[1], "r"))) {
		fprintf(stderr, "usage: gen_man TEMPLATE VERSION [CONFIG_FILE RULES_DIR]\n");
		return 1;
	}
	while (fgets(line, sizeof(line), in)) {
		if (strcmp(line, "@CONFIG_KEYS@\n") == 0)
			put_keys();
		else
			put_line(line, argv + 2, (size_t)argc - 2);
	}
	fclose(in);
	return 0;
}
