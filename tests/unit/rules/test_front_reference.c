/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Falco's own rule files, when the reference material is there: they load
 * without an error, and every resolved condition, written out and parsed again,
 * is the same.
 */
#include "front.h"

static const char *reference;

static int setup(void **state)
{
	reference = getenv("SAKER_REFERENCE");
	if (!reference)
		print_message("SAKER_REFERENCE is not set: no rule files to load\n");
	return 0;
}

static void silence(void *userdata, const struct saker_diag *d)
{
	unsigned int *counts = userdata;

	counts[d->severity]++;
	if (d->severity == SAKER_SEVERITY_ERROR)
		print_error("%s:%u:%u: %s: %s\n", d->file, d->line, d->column, d->id, d->message);
}

static void check_rule(const struct rules_input *input)
{
	const struct rules_parse_options options = {.max_depth = RULES_MAX_TREE_DEPTH * 8};
	struct rules_parse_error error;
	struct rules_node *again;
	struct arena arena;
	char *first;
	char *second;
	size_t len;

	arena_init(&arena, 65536);
	assert_int_equal(rules_dump_ast(input->root, &first, &len), 0);
	if (rules_parse(&arena, &options, first, len, &error, &again) < 0)
		fail_msg("%s: %s at %zu of %s", input->name, error.message, error.offset, first);
	assert_int_equal(rules_dump_ast(again, &second, &len), 0);
	assert_string_equal(first, second);
	free(first);
	free(second);
	arena_fini(&arena);
}

static unsigned int rules_seen;

static int back(struct rules_build *build, struct saker_ruleset **ret_ruleset)
{
	rules_seen = build->n_inputs;
	for (uint32_t i = 0; i < build->n_inputs; i++)
		check_rule(&build->inputs[i]);
	*ret_ruleset = NULL;
	return 0;
}

/* The files, and how many rules they make. */
static const struct {
	const char *files[4];
	unsigned int rules;
} sets[] = {
	{{"falco_rules.yaml"}, 25},
	{{"falco_rules.yaml", "falco-incubating_rules.yaml"}, 56},
	{{"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"}, 93},
	{{"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml",
	  "falco-deprecated_rules.yaml"},
	 97},
	{{"falco-deprecated_rules.yaml"}, 4},
	{{"application_rules.yaml"}, 0}, /* all its rules are commented out */
};

static void test_sets(void **state)
{
	if (!reference)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
		struct saker_rules_loader *loader;
		struct saker_ruleset *none;
		unsigned int counts[4] = {0};

		options.diag = silence;
		options.diag_userdata = counts;
		assert_int_equal(saker_rules_loader_new(&options, &loader), 0);
		assert_int_equal(saker_rules_loader_add_catalogue(loader, &front_syscall), 0);
		for (size_t k = 0; k < 4 && sets[i].files[k]; k++) {
			char path[4096];

			snprintf(path, sizeof(path), "%s/rules/%s", reference, sets[i].files[k]);
			assert_int_equal(saker_rules_loader_add_file(loader, path), 0);
		}
		assert_int_equal(rules_compile(loader, back, &none), 0);
		assert_int_equal(counts[SAKER_SEVERITY_ERROR], 0);
		assert_int_equal(rules_seen, sets[i].rules);
		saker_rules_loader_free(loader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
	};
	int r = cmocka_run_group_tests(tests, setup, NULL);

	return r ? r : reference ? 0 : 77;
}
