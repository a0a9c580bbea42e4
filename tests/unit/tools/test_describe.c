/* SPDX-License-Identifier: Apache-2.0 */
/* What -L tells as JSON about a file that has one of each thing there is to tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <saker/enrich.h>

#include "common/util.h"
#include "describe_json.h"

static const char rules[] =
	"- required_engine_version: 0.31.0\n"
	"- required_engine_version: 0.50.0\n"
	"- required_plugin_versions:\n"
	"  - {name: container, version: 0.4.0, alternatives: [{name: other, version: 1.0.0}]}\n"
	"- list: inner\n"
	"  items: [cat, \"two words\"]\n"
	"- list: outer\n"
	"  items: [inner, dog]\n"
	"- list: alone\n"
	"  items: []\n"
	"- macro: opens\n"
	"  condition: evt.type in (open, openat)\n"
	"- macro: reads\n"
	"  condition: opens and evt.is_open_read = true and not proc.name in (outer)\n"
	"- macro: unused\n"
	"  condition: (reads or tolower(proc.aname[2]) = cat)\n"
	"- rule: R\n"
	"  desc: about\n"
	"  condition: reads and container.id != host\n"
	"  output: file=%fd.name\n"
	"  priority: WARNING\n"
	"  tags: [b, a]\n"
	"  capture: true\n"
	"  capture_duration: 500\n"
	"  exceptions:\n"
	"  - {name: known, fields: [fd.name, proc.pname], comps: [startswith, in],\n"
	"     values: [[/tmp, [x, y]]]}\n"
	"- rule: R\n"
	"  condition: and fd.num > 3\n"
	"  override: {condition: append}\n"
	"- rule: S\n"
	"  desc: other\n"
	"  condition: evt.type = kill\n"
	"  output: \"%proc.name\"\n"
	"  priority: INFO\n"
	"  enabled: false\n";

static const char *const fields[] = {"fd.num", "who=%user.name %proc.name"};
static const struct saker_rules_append append = {
	.rule = "R", .extra_output = "pid=%proc.pid", .extra_fields = fields, .n_extra_fields = 2};

struct loaded {
	struct saker_rules_loader *loader;
	struct saker_inspection *inspection;
	struct saker_ruleset *ruleset;
	struct describe describe;
};

static void load(struct loaded *l, const char *text)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;

	options.append = &append;
	options.n_append = 1;
	assert_int_equal(saker_rules_loader_new(&options, &l->loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(l->loader, saker_enrich_catalogue()), 0);
	assert_int_equal(saker_rules_loader_add_buffer(l->loader, "f", text, strlen(text)), 0);
	assert_int_equal(saker_rules_loader_compile(l->loader, &l->ruleset), 0);
	assert_int_equal(saker_rules_loader_inspect(l->loader, &l->inspection), 0);
	saker_rules_loader_free(l->loader); /* which what it made does not need */
	l->describe = (struct describe){.catalogue = saker_enrich_catalogue(),
					.ruleset = l->ruleset,
					.inspection = l->inspection,
					.append = &append,
					.n_append = 1};
}

static void unload(struct loaded *l)
{
	saker_inspection_free(l->inspection);
	saker_ruleset_unref(l->ruleset);
}

/* path: keys and positions between blanks. */
static void assert_at(json_t *root, const char *path, const char *expected)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	json_t *at = root;

	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save))
		at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(p, NULL, 10))
				       : json_object_get(at, p);
	text = at ? json_dumps(at, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
	if (!text || !util_streq(text, expected))
		fail_msg("%s: %s, not %s", path, text ? text : "absent", expected);
}

static void test_all(void **state)
{
	static const struct {
		const char *path;
		const char *expected;
	} cases[] = {
		{"required_engine_version", "\"0.50.0\""},
		{"required_plugin_versions",
		 "[{\"alternatives\":[{\"name\":\"other\",\"version\":\"1.0.0\"}],"
		 "\"name\":\"container\",\"version\":\"0.4.0\"}]"},
		{"rules 0 info",
		 "{\"capture\":true,\"capture_duration\":500,"
		 "\"condition\":\"reads and container.id != host and fd.num > 3\","
		 "\"description\":\"about\",\"enabled\":true,\"name\":\"R\","
		 "\"output\":\"file=%fd.name\",\"priority\":\"Warning\",\"source\":\"syscall\","
		 "\"tags\":[\"a\",\"b\"]}"},
		{"rules 0 details",
		 "{\"condition_compiled\":\"(((evt.type in (open, openat) and evt.is_open_read = "
		 "true and not proc.name in (cat, \\\"two words\\\", dog)) and container.id != "
		 "host and fd.num > 3) and not (fd.name startswith /tmp and proc.pname in (x, "
		 "y)))\",\"condition_fields\":[\"container.id\",\"evt.is_open_read\",\"evt.type\","
		 "\"fd.name\",\"fd.num\",\"proc.name\",\"proc.pname\"],"
		 "\"condition_operators\":[\"!=\",\"=\",\">\",\"in\",\"startswith\"],"
		 "\"events\":[\"asyncevent\",\"open\",\"openat\"],"
		 "\"exception_fields\":[\"fd.name\",\"proc.pname\"],"
		 "\"exception_names\":[\"known\"],"
		 "\"exception_operators\":[\"in\",\"startswith\"],"
		 "\"extra_output_formatted_fields\":{\"who\":\"%user.name %proc.name\"},"
		 "\"lists\":[],\"macros\":[\"reads\"],"
		 "\"output_compiled\":\"file=%fd.name pid=%proc.pid\","
		 "\"output_fields\":[\"fd.name\",\"fd.num\",\"proc.pid\",\"who\"],"
		 "\"plugins\":[\"container\"]}"},
		{"rules 1 info enabled", "false"},
		{"rules 1 details exception_names", "[]"},
		{"rules 1 details events", "[\"asyncevent\",\"kill\"]"},
		{"rules 1 details output_compiled", "\"%proc.name\""},
		{"rules 1 details plugins", "[]"},
		{"macros 1",
		 "{\"details\":{\"condition_compiled\":\"(evt.type in (open, openat) and "
		 "evt.is_open_read = true and not proc.name in (cat, \\\"two words\\\", dog))\","
		 "\"condition_fields\":[\"evt.is_open_read\",\"evt.type\",\"proc.name\"],"
		 "\"condition_operators\":[\"=\",\"in\"],"
		 "\"events\":[\"asyncevent\",\"open\",\"openat\"],\"lists\":[\"outer\"],"
		 "\"macros\":[\"opens\"],\"plugins\":[],\"used\":true},"
		 "\"info\":{\"condition\":\"opens and evt.is_open_read = true and not proc.name in "
		 "(outer)\",\"name\":\"reads\"}}"},
		{"macros 2 details used", "false"},
		{"macros 2 details condition_fields",
		 "[\"evt.is_open_read\",\"evt.type\",\"proc.aname[2]\",\"proc.name\"]"},
		{"lists 0 details", "{\"items_compiled\":[\"cat\",\"two words\"],\"lists\":[],"
				    "\"plugins\":[],\"used\":true}"},
		{"lists 1", "{\"details\":{\"items_compiled\":[\"cat\",\"two words\",\"dog\"],"
			    "\"lists\":[\"inner\"],\"plugins\":[],\"used\":true},"
			    "\"info\":{\"items\":[\"dog\"],\"name\":\"outer\"}}"},
		{"lists 2 details", "{\"items_compiled\":[],\"lists\":[],\"plugins\":[],"
				    "\"used\":false}"},
	};
	struct loaded l;
	json_t *json;

	load(&l, rules);
	json = describe_json(&l.describe, NULL);
	assert_int_equal(json_object_size(json), 5);
	assert_int_equal(json_array_size(json_object_get(json, "rules")), 2);
	assert_int_equal(json_array_size(json_object_get(json, "macros")), 3);
	assert_int_equal(json_array_size(json_object_get(json, "lists")), 3);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_at(json, cases[i].path, cases[i].expected);
	json_decref(json);
	unload(&l);
}

static void test_one(void **state)
{
	struct loaded l;
	json_t *json;

	load(&l, rules);
	json = describe_json(&l.describe, saker_ruleset_rule(l.ruleset, 1));
	assert_int_equal(json_object_size(json), 1);
	assert_int_equal(json_array_size(json_object_get(json, "rules")), 1);
	assert_at(json, "rules 0 info name", "\"S\"");
	json_decref(json);
	unload(&l);
}

static void test_nothing(void **state)
{
	struct loaded l;
	json_t *json;

	load(&l, "- list: l\n  items: [a]\n");
	json = describe_json(&l.describe, NULL);
	assert_at(json, "rules", "[]");
	assert_at(json, "required_engine_version", "\"0.0.0\"");
	assert_at(json, "required_plugin_versions", "[]");
	json_decref(json);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests_name("describe", tests, NULL, NULL);
}
