/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept from one event to the next never changes a verdict: each recorded
 * capture is evaluated twice, event by event, as ever and with every rule looked
 * at anew, and the same rules must match. Falco's rules and random conditions.
 */
#include <assert.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <saker/capture.h>
#include <saker/enrich.h>
#include <saker/rules.h>

#include "common/util.h"
#include "ruleset.h"

static const char *reference;

static void print_diag(void *userdata, const struct saker_diag *diag)
{
	if (diag->severity == SAKER_SEVERITY_ERROR)
		print_message("%s: %s: %s\n", diag->id, diag->file, diag->message);
}

static struct saker_ruleset *compile(const char *const *files, enum saker_rule_matching matching)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset;
	char path[4096];

	options.diag = print_diag;
	options.matching = matching;
	assert_int_equal(saker_rules_loader_new(&options, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue()), 0);
	for (; *files; files++) {
		snprintf(path, sizeof(path), "%s/%s", reference, *files);
		assert_int_equal(saker_rules_loader_add_file(loader, path), 0);
	}
	assert_int_equal(saker_rules_loader_compile(loader, &ruleset), 0);
	saker_rules_loader_free(loader);
	return ruleset;
}

static void compare(struct saker_eval *eval, struct saker_eval *plain, struct saker_record *record,
		    const char *capture)
{
	const struct saker_rule *const *rules, *const *expected;
	int n = saker_ruleset_eval(eval, 0, record, &rules);
	int m = saker_ruleset_eval(plain, 0, record, &expected);

	for (int i = 0; i < n && i < m; i++)
		if (rules[i] != expected[i])
			fail_msg("%s: %s instead of %s", capture, rules[i]->name,
				 expected[i]->name);
	if (n != m)
		fail_msg("%s: %d rules match, not %d", capture, n, m);
}

/* How many events it has. */
static uint64_t replay(const char *capture_path, struct saker_eval *eval, struct saker_eval *plain)
{
	struct saker_capture_options capture_options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_state_options state_options = SAKER_STATE_OPTIONS_INIT;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_capture *capture;
	struct saker_record *record;
	struct saker_state *state;
	uint64_t n = 0;

	capture_options.file = capture_path;
	state_options.offline = true;
	assert_int_equal(saker_capture_open(&capture_options, &capture), 0);
	assert_int_equal(saker_state_new(&state_options, &state), 0);
	while (saker_capture_next(capture, -1, &event, &meta) == 1) {
		if (saker_state_apply(state, event, &meta, &record) != 1)
			continue;
		compare(eval, plain, record, capture_path);
		n++;
	}
	saker_state_free(state);
	saker_capture_close(capture);
	return n;
}

/* All captures through one pair of evaluations: what one has left there meets the next. */
static void compare_all(struct saker_ruleset *ruleset)
{
	struct saker_eval *eval, *plain;
	struct dirent *entry;
	char path[4096];
	uint64_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/captures", reference);
	dir = opendir(path);
	assert_non_null(dir);
	assert_int_equal(saker_eval_new(ruleset, &eval), 0);
	assert_int_equal(saker_eval_new(ruleset, &plain), 0);
	rules_eval_plain(plain);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || !util_streq(entry->d_name + len - 5, ".scap"))
			continue;
		snprintf(path, sizeof(path), "%s/captures/%s", reference, entry->d_name);
		n += replay(path, eval, plain);
	}
	assert_true(n > 60000);
	closedir(dir);
	saker_eval_free(eval);
	saker_eval_free(plain);
}

static void compare_files(const char *const *files, enum saker_rule_matching matching)
{
	struct saker_ruleset *ruleset;

	if (!reference)
		skip();
	ruleset = compile(files, matching);
	compare_all(ruleset);
	saker_ruleset_unref(ruleset);
}

static const char *const all_files[] = {"rules/falco_rules.yaml",
					"rules/falco-incubating_rules.yaml",
					"rules/falco-sandbox_rules.yaml", NULL};

static void test_stable(void **state)
{
	static const char *const files[] = {"rules/falco_rules.yaml", NULL};

	compare_files(files, SAKER_RULE_MATCHING_ALL);
}

static void test_all_files(void **state)
{
	compare_files(all_files, SAKER_RULE_MATCHING_ALL);
}

static void test_first(void **state)
{
	compare_files(all_files, SAKER_RULE_MATCHING_FIRST);
}

static void test_random_conditions(void **state)
{
	static const char *const files[] = {"captures/expressions/container_attacks.yaml", NULL};
	static const char *const others[] = {"captures/expressions/host_attacks.yaml", NULL};

	compare_files(files, SAKER_RULE_MATCHING_ALL);
	compare_files(others, SAKER_RULE_MATCHING_ALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_all_files),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_random_conditions),
	};

	reference = getenv("SAKER_REFERENCE");
	if (!reference) {
		print_message("SAKER_REFERENCE is unset: there are no captures and rules\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
