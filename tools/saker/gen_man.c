/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run while building: copies the man page, with the table of configuration keys
 * in place of the line @CONFIG_KEYS@ and the version in place of @VERSION@.
 */
#include <stdio.h>
#include <string.h>

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

int main(int argc, char **argv)
{
	char line[1024];
	FILE *in;

	if (argc != 3 || !(in = fopen(argv[1], "r"))) {
		fprintf(stderr, "usage: gen_man TEMPLATE VERSION\n");
		return 1;
	}
	while (fgets(line, sizeof(line), in)) {
		char *version = strstr(line, "@VERSION@");

		if (strcmp(line, "@CONFIG_KEYS@\n") == 0)
			put_keys();
		else if (version)
			printf("%.*s%s%s", (int)(version - line), line, argv[2],
			       version + strlen("@VERSION@"));
		else
			fputs(line, stdout);
	}
	fclose(in);
	return 0;
}
