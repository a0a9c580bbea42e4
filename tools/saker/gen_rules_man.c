/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run while building: copies saker-rules.7.in with tables made from the library's
 * own in place of @OPERATORS@, @TYPES@, @TRANSFORMERS@, @CODES@ and @FIELDS@.
 */
#include <saker/enrich.h>
#include <stdio.h>
#include <string.h>

#include "loader.h"
#include "transform.h"
#include "type.h"

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

static void put_entry(const char *name, const char *what)
{
	fputs(".TP\n.B ", stdout);
	put(name);
	putchar('\n');
	put(what);
	fputs(".\n", stdout);
}

/* ---- operators -------------------------------------------------------------- */

static const char *const op_texts[] = {
#define X(symbol, text) [RULES_OP_##symbol] = text,
	RULES_OP_LIST(X)
#undef X
};

static const char *const op_meanings[RULES_OP_COUNT] = {
	[RULES_OP_EXISTS] = "The field has a value; nothing stands behind it",
	[RULES_OP_EQ] = "Equal; == is the same",
	[RULES_OP_NE] = "There is a value, and it is another",
	[RULES_OP_LT] = "Less; the right side is a number or a transformer",
	[RULES_OP_LE] = "Less or equal",
	[RULES_OP_GT] = "Greater",
	[RULES_OP_GE] = "Greater or equal",
	[RULES_OP_GLOB] = "Matches a pattern of * ? [...]",
	[RULES_OP_IGLOB] = "The same, capitals or not",
	[RULES_OP_CONTAINS] = "Holds the text",
	[RULES_OP_ICONTAINS] = "The same, capitals or not",
	[RULES_OP_BCONTAINS] = "Holds the bytes, which are written in hexadecimal",
	[RULES_OP_STARTSWITH] = "Begins with the text",
	[RULES_OP_BSTARTSWITH] = "Begins with the bytes, which are written in hexadecimal",
	[RULES_OP_ENDSWITH] = "Ends with the text",
	[RULES_OP_REGEX] = "Matches a regular expression as a whole",
	[RULES_OP_IN] = "Is one of a list; of a field with several values, all of them are",
	[RULES_OP_INTERSECTS] = "Is one of a list; of a field with several values, some one is",
	[RULES_OP_PMATCH] = "Is below one of a list of paths",
};

static int put_operators(void)
{
	for (int op = RULES_OP_EXISTS; op < RULES_OP_COUNT; op++) {
		if (!op_meanings[op]) {
			fprintf(stderr, "saker-rules.7: say what '%s' means\n", op_texts[op]);
			return 1;
		}
		put_entry(op_texts[op], op_meanings[op]);
	}
	return 0;
}

static void put_type(const char *name, enum saker_type type, bool list)
{
	char error[256], ops[512] = "";
	size_t len = 0;

	for (int op = RULES_OP_EXISTS; op < RULES_OP_COUNT; op++) {
		if (rules_type_takes(type, list, (enum rules_op)op, error, sizeof(error)))
			len += (size_t)snprintf(ops + len, sizeof(ops) - len, "%s%s",
						len ? " " : "", op_texts[op]);
	}
	put_entry(name, ops);
}

static void put_types(void)
{
	put_type("text, paths", SAKER_TYPE_STRING, false);
	put_type("bytes", SAKER_TYPE_BYTES, false);
	put_type("numbers, ports, times", SAKER_TYPE_I64, false);
	put_type("truth values", SAKER_TYPE_BOOL, false);
	put_type("addresses", SAKER_TYPE_IP, false);
	put_type("networks", SAKER_TYPE_NET, false);
	put_type("fields with a list of values", SAKER_TYPE_STRING, true);
}

/* ---- transformers ------------------------------------------------------------ */

static int put_transformers(void)
{
	static const struct {
		const char *use;
		const char *what;
	} meanings[RULES_TRANSFORM_COUNT] = {
		[RULES_TRANSFORM_TOLOWER] = {"tolower(TEXT)", "Capitals made small"},
		[RULES_TRANSFORM_TOUPPER] = {"toupper(TEXT)", "Small letters made capitals"},
		[RULES_TRANSFORM_B64] = {"b64(TEXT)", "Base64 decoded"},
		[RULES_TRANSFORM_BASENAME] = {"basename(PATH)",
					      "What stands behind the last slash"},
		[RULES_TRANSFORM_LEN] = {"len(FIELD)",
					 "How many bytes text has, how many values a list"},
		[RULES_TRANSFORM_JOIN] = {"join(SEPARATOR, LIST)",
					  "The values of a list, or of (A, B ...), in one text"},
		[RULES_TRANSFORM_CONCAT] = {"concat(A, B ...)", "Texts one behind the other"},
		[RULES_TRANSFORM_GETOPT] = {"getopt(LIST, OPTIONS)[LETTER]",
					    "The value of a short option among arguments; without "
					    "[LETTER] the options that are there"},
		[RULES_TRANSFORM_VAL] = {"val(FIELD)",
					 "The field itself, on the right side of a check"},
	};

	for (int i = 0; i < RULES_TRANSFORM_COUNT; i++) {
		if (!meanings[i].use) {
			fprintf(stderr, "saker-rules.7: say what transformer %d does\n", i);
			return 1;
		}
		put_entry(meanings[i].use, meanings[i].what);
	}
	return 0;
}

/* ---- codes and fields --------------------------------------------------------- */

static void put_codes(void)
{
	for (int i = 0; i < RULES_CODE_COUNT; i++)
		put_entry(rules_code_id((enum rules_code)i), rules_code_text((enum rules_code)i));
}

static void put_fields(void)
{
	const struct saker_catalogue *catalogue = saker_enrich_catalogue();

	printf("%s\n", "Of events of the source syscall; saker \\-\\-list tells more of each.");
	for (uint32_t i = 0; i < catalogue->n_fields; i++) {
		const struct saker_field *f = &catalogue->fields[i];

		if (f->flags & SAKER_FIELD_HIDDEN)
			continue;
		fputs(".TP\n.B ", stdout);
		put(f->name);
		if (f->flags & SAKER_FIELD_ARG_REQUIRED)
			fputs("[ARG]", stdout);
		else if (f->flags & SAKER_FIELD_ARG_ALLOWED)
			fputs("\\fR[\\fIARG\\fR]", stdout);
		printf("\n%s%s: ", rules_type_name(f->type),
		       f->flags & SAKER_FIELD_LIST ? " list" : "");
		put(f->description);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	char line[1024];
	FILE *in;
	int r = 0;

	if (argc < 3 || !(in = fopen(argv[1], "r"))) {
		fprintf(stderr, "usage: gen-rules-man INPUT VERSION\n");
		return 1;
	}
	while (r == 0 && fgets(line, sizeof(line), in)) {
		char *version = strstr(line, "@VERSION@");

		if (strcmp(line, "@OPERATORS@\n") == 0)
			r = put_operators();
		else if (strcmp(line, "@TYPES@\n") == 0)
			put_types();
		else if (strcmp(line, "@TRANSFORMERS@\n") == 0)
			r = put_transformers();
		else if (strcmp(line, "@CODES@\n") == 0)
			put_codes();
		else if (strcmp(line, "@FIELDS@\n") == 0)
			put_fields();
		else if (version)
			printf("%.*s%s%s", (int)(version - line), line, argv[2], version + 9);
		else
			fputs(line, stdout);
	}
	fclose(in);
	return r;
}
