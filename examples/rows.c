/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librules alone: rules over records that have nothing to do with system calls.
 * Here a record is a row "user,action,bytes" of standard input; a catalogue says
 * which fields it has and how to get them.
 *
 *   printf 'eve,download,900000\n' | rows rules.yaml
 */
#include <saker/rules.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	char user[64];
	char action[64];
	uint64_t bytes;
};

static void get_user(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct row *row = record;

	saker_values_set(out, saker_value_str(row->user, strlen(row->user)));
}

static void get_action(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct row *row = record;

	saker_values_set(out, saker_value_str(row->action, strlen(row->action)));
}

static void get_bytes(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct row *row = record;

	saker_values_set(out, saker_value_u64(SAKER_TYPE_U64, row->bytes));
}

static const struct saker_field fields[] = {
	{"row.user", SAKER_TYPE_STRING, 0, 0, 1, "row", "who did it"},
	{"row.action", SAKER_TYPE_STRING, 0, 0, 1, "row", "what was done"},
	{"row.bytes", SAKER_TYPE_U64, 0, 0, 1, "row", "how much moved"},
};
static const saker_extract_fn getters[] = {get_user, get_action, get_bytes};

static int bind(const struct saker_catalogue *catalogue, struct saker_field_ref *ret_ref,
		char *error, size_t error_size)
{
	ret_ref->extract = getters[ret_ref->field - fields];
	return 0;
}

static uint32_t code(const void *record)
{
	return 0; /* rows are all of one kind */
}

static const struct saker_catalogue catalogue = {
	.size = sizeof(catalogue),
	.source = "rows",
	.fields = fields,
	.n_fields = sizeof(fields) / sizeof(fields[0]),
	.n_codes = 1,
	.bind = bind,
	.code = code,
};

static void complain(void *userdata, const struct saker_diag *diag)
{
	fprintf(stderr, "%s:%u: %s: %s\n", diag->file, diag->line, diag->id, diag->message);
}

static void examine(struct saker_eval *eval, struct row *row)
{
	const struct saker_rule *const *rules;
	struct saker_rendered rendered;
	int n = saker_ruleset_eval(eval, 0, row, &rules);

	for (int i = 0; i < n; i++)
		if (saker_eval_render(eval, rules[i], row, &rendered) == 0)
			printf("%s: %s\n", rules[i]->name, rendered.message);
}

int main(int argc, char **argv)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader = NULL;
	struct saker_ruleset *ruleset = NULL;
	struct saker_eval *eval = NULL;
	struct row row;
	int rc = 1;

	options.diag = complain;
	if (argc == 2 && saker_rules_loader_new(&options, &loader) == 0 &&
	    saker_rules_loader_add_catalogue(loader, &catalogue) == 0 &&
	    saker_rules_loader_add_file(loader, argv[1]) == 0 &&
	    saker_rules_loader_compile(loader, &ruleset) == 0 &&
	    saker_eval_new(ruleset, &eval) == 0) {
		while (scanf(" %63[^,],%63[^,],%lu", row.user, row.action, &row.bytes) == 3)
			examine(eval, &row);
		rc = 0;
	}
	saker_eval_free(eval);
	saker_ruleset_unref(ruleset);
	saker_rules_loader_free(loader);
	return rc;
}
