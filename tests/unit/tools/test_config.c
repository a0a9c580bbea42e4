/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the configuration: precedence, paths of -o, checks, and every known key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "config.h"
#include "config_keys.h"

#define MAX_DIAGS 64

struct seen {
	char text[MAX_DIAGS][512]; /* "line:column severity message | hint" */
	unsigned int n;
};

static void collect(void *userdata, const struct saker_diag *d)
{
	struct seen *s = userdata;

	assert_true(s->n < MAX_DIAGS);
	snprintf(s->text[s->n++], sizeof(s->text[0]), "%u:%u %s %s | %s", d->line, d->column,
		 d->severity == SAKER_SEVERITY_ERROR ? "error" : "warning", d->message, d->hint);
}

struct files {
	char dir[64];
	char path[96];
};

static int setup(void **state)
{
	struct files *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/saker-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/saker.yaml", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct files *f = *state;

	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* yaml NULL = no file; options end with NULL. */
static int load(struct files *f, const char *yaml, const char *const *options,
		struct config *config, struct seen *seen)
{
	uint32_t n = 0;

	memset(seen, 0, sizeof(*seen));
	while (options && options[n])
		n++;
	if (yaml)
		write_file(f->path, yaml);
	return config_load(config, yaml ? f->path : NULL, options, n, collect, seen);
}

static void test_defaults(void **state)
{
	struct config c;
	struct seen seen;

	assert_int_equal(load(*state, NULL, NULL, &c, &seen), 0);
	assert_int_equal(seen.n, 0);
	assert_false(c.json_output);
	assert_true(c.json_output_property && c.json_fields_property && c.json_tags_property);
	assert_false(c.json_message_property);
	assert_true(c.stdout_enabled);
	assert_false(c.file_enabled);
	assert_false(c.rules_files_given);
	assert_int_equal(c.matching, SAKER_RULE_MATCHING_FIRST);
	assert_int_equal(c.min_priority, SAKER_PRIORITY_DEBUG);
	assert_int_equal(c.log_level, SAKER_PRIORITY_INFORMATIONAL);
	assert_int_equal(c.n_append, 1);
	assert_true(c.append[0].suggested_output);
	assert_int_equal(c.engine, CONFIG_ENGINE_EBPF);
	assert_int_equal(c.ring_bytes, 4 << 20);
	assert_int_equal(c.snaplen, 80);
	assert_false(c.dynamic_snaplen);
	assert_int_equal(c.port_last, 0);
	assert_int_equal(c.reserve_percent, 12);
	assert_int_equal(c.n_filters, 0);
	assert_int_equal(c.drop_actions, CONFIG_DROP_LOG | CONFIG_DROP_ALERT);
	assert_true(c.drop_threshold > 0.09 && c.drop_threshold < 0.11);
	config_fini(&c);
}

static void test_file_and_command_line(void **state)
{
	static const char yaml[] =
		"rules_files: [a.yaml, 'b c.yaml', '']\n"
		"priority: Warning\n"
		"rule_matching: all\n"
		"json_output: true\n"
		"engine:\n"
		"  kind: modern_ebpf\n"
		"  modern_ebpf: {buf_size_preset: 4, cpus_for_each_buffer: 0,\n"
		"    reserve_percent: 30, filters: [tree!=7, 'comm!=x y']}\n"
		"falco_libs: {dynamic_snaplen: true, fullcapture_port_first: 80,\n"
		"  fullcapture_port_last: 8080}\n"
		"append_output:\n"
		"  - match: {source: syscall, tags: [x, y]}\n"
		"    extra_output: 'on %evt.cpu'\n"
		"    extra_fields:\n"
		"      - home: '${SAKER_TEST_HOME}'\n"
		"      - evt.hostname\n"
		"static_fields: {foo: bar}\n"
		"rules:\n"
		"  - disable: {rule: '*'}\n"
		"  - enable: {tag: network}\n"
		"file_output: {enabled: yes, filename: /x/y}\n"
		"syscall_event_drops: {actions: [log, exit], rate: 2.5}\n";
	static const char *const options[] = {"json_output=false", "append_output[]={}",
					      "append_output[0].extra_fields[1]=proc.name",
					      "static_fields.a\\.b=c", NULL};
	struct config c;
	struct seen seen;

	setenv("SAKER_TEST_HOME", "/root", 1);
	assert_int_equal(load(*state, yaml, options, &c, &seen), 0);
	assert_int_equal(c.n_rules_files, 2);
	assert_string_equal(c.rules_files[1], "b c.yaml");
	assert_int_equal(c.min_priority, SAKER_PRIORITY_WARNING);
	assert_int_equal(c.matching, SAKER_RULE_MATCHING_ALL);
	assert_false(c.json_output);
	assert_int_equal(c.ring_bytes, 8 << 20);
	assert_int_equal(c.cpus_per_ring, 0);
	assert_int_equal(c.reserve_percent, 30);
	assert_int_equal(c.n_filters, 2);
	assert_string_equal(c.filters[1], "comm!=x y");
	assert_true(c.dynamic_snaplen);
	assert_int_equal(c.port_first, 80);
	assert_int_equal(c.port_last, 8080);
	assert_int_equal(c.n_append, 2);
	assert_string_equal(c.append[0].source, "syscall");
	assert_int_equal(c.append[0].n_tags, 2);
	assert_string_equal(c.append[0].tags[1], "y");
	assert_string_equal(c.append[0].extra_output, "on %evt.cpu");
	assert_int_equal(c.append[0].n_extra_fields, 2);
	assert_string_equal(c.append[0].extra_fields[0], "home=/root");
	assert_string_equal(c.append[0].extra_fields[1], "proc.name");
	assert_false(c.append[0].suggested_output);
	assert_int_equal(c.n_statics, 2);
	assert_string_equal(c.statics[0].value, "bar");
	assert_string_equal(c.statics[1].name, "a.b");
	assert_int_equal(c.n_selections, 2);
	assert_string_equal(c.selections[0].rule, "*");
	assert_false(c.selections[0].enable);
	assert_string_equal(c.selections[1].tag, "network");
	assert_true(c.selections[1].enable);
	assert_true(c.file_enabled);
	assert_string_equal(c.file_name, "/x/y");
	assert_int_equal(c.drop_actions, CONFIG_DROP_LOG | CONFIG_DROP_EXIT);
	assert_true(c.drop_rate > 2.49 && c.drop_rate < 2.51);
	config_fini(&c);
}

static void test_append_output_emptied(void **state)
{
	static const char *const options[] = {"append_output=[]", NULL};
	struct config c;
	struct seen seen;

	assert_int_equal(load(*state, NULL, options, &c, &seen), 0);
	assert_int_equal(c.n_append, 0);
	config_fini(&c);
}

/* What is said about each bad or odd configuration. */
static void test_findings(void **state)
{
	static const struct {
		const char *yaml;
		const char *option;
		int result;
		const char *said; /* "" = nothing */
	} cases[] = {
		{"json_ouput: true\n", NULL, -EBADMSG,
		 "1:1 error unknown key 'json_ouput' | did you mean 'json_output'?"},
		{"engine:\n  kindd: replay\n", NULL, -EBADMSG,
		 "2:3 error unknown key 'engine.kindd' | did you mean 'engine.kind'?"},
		{"engin: {kind: replay}\n", NULL, -EBADMSG,
		 "1:1 error unknown key 'engin' | did you mean 'engine'?"},
		{"keep_alive: true\n", NULL, -EBADMSG,
		 "1:1 error unknown key 'keep_alive' | did you mean 'file_output.keep_alive'?"},
		{"zzzzzzzzzzzz: 1\n", NULL, -EBADMSG,
		 "1:1 error unknown key 'zzzzzzzzzzzz' | the nearest known key is '"},
		{"append_output: [{zzz: 1}]\n", NULL, -EBADMSG,
		 "1:18 error unknown key 'append_output[0].zzz' | the nearest known key is "
		 "'append_output[]."},
		{NULL, "engin.kind=replay", -EBADMSG,
		 "0:0 error -o unknown key 'engin' | did you mean 'engine'?"},
		{"json_output: &n\njson_include_tags_property: *n\n", NULL, 0, ""},
		{"base_syscalls: {custom_set: [open, !close ]}\n", NULL, -EBADMSG,
		 "1:36 error a tag without a value | a text that begins with ! must be in quotes"},
		{"\tjson_output: true\n", NULL, -EBADMSG, "1:1 error not YAML: "},
		{"\n\njson_output: maybe\n", NULL, -EBADMSG,
		 "3:14 error json_output must be true or false, not 'maybe' | "},
		{"json_output: [true]\n", NULL, -EBADMSG,
		 "1:14 error json_output must be true or false | "},
		{"engine: modern_ebpf\n", NULL, -EBADMSG,
		 "1:9 error engine must be a map, not 'modern_ebpf' | "},
		{"engine:\n  modern_ebpf:\n    buf_size_preset: 11\n", NULL, -EBADMSG,
		 "3:22 error engine.modern_ebpf.buf_size_preset must be a whole number in 1..10, "
		 "not '11' | "},
		{"rule_matching: some\n", NULL, -EBADMSG,
		 "1:16 error rule_matching must be one of first|all, not 'some' | "},
		{"syscall_event_drops: {threshold: 2}\n", NULL, -EBADMSG,
		 "1:34 error syscall_event_drops.threshold must be a number in 0..1, not '2' | "},
		{"syscall_event_drops: {actions: [ignore, log]}\n", NULL, -EBADMSG,
		 "1:32 error syscall_event_drops.actions: ignore stands alone | "},
		{"syscall_event_drops: {actions: [panic]}\n", NULL, -EBADMSG,
		 "1:33 error syscall_event_drops.actions must be one of ignore|log|alert|exit, not "
		 "'panic' | "},
		{"append_output:\n  - extra: x\n", NULL, -EBADMSG,
		 "2:5 error unknown key 'append_output[0].extra' | did you mean "
		 "'append_output[].extra_output'?"},
		{"json_output: true\njson_output: false\n", NULL, -EBADMSG,
		 "2:1 error the same key twice | "},
		{"a: [1\n", NULL, -EBADMSG, "2:1 error not YAML: "},
		{"- a\n", NULL, -EBADMSG, "1:1 error a configuration is a map of keys | "},
		{"file_output: {enabled: true, filename: ''}\n", NULL, -EBADMSG,
		 "1:40 error file_output is enabled and has no filename | "},
		{"rules_files: a\nrules_file: b\n", NULL, -EBADMSG,
		 "2:13 error both rules_files and its old name rules_file are there | "
		 "keep rules_files"},
		{"engine: {kind: kmod}\n", NULL, -EBADMSG,
		 "1:16 error engine.kind kmod is not available | use modern_ebpf, nodriver, or "
		 "replay with a capture file"},
		{NULL, "json_output", -EBADMSG, "0:0 error -o json_output: there is no = | write "},
		{NULL, "=x", -EBADMSG, "0:0 error -o =x: a name is empty | "},
		{NULL, "a[x]=1", -EBADMSG, "0:0 error -o a[x]=1: an index is a number in brackets"},
		{NULL, "rules_files[3]=a", -EBADMSG,
		 "0:0 error -o rules_files[3]=a: the index is past the end of the list | "},
		{NULL, "a\\q=1", -EBADMSG, "0:0 error -o a\\q=1: a backslash stands only before"},
		{NULL, "append_output=[", -EBADMSG,
		 "0:0 error -o: not YAML: did not find expected node content while parsing a flow "
		 "node, at character 2 of [ | a value that begins with { or [ is YAML or JSON"},
		{"json_output: true\n", "json_output.x=1", -EBADMSG,
		 "0:0 error -o json_output.x=1: there is a plain value, not a map | "},
		{NULL, "json_outputs=true", -EBADMSG,
		 "0:0 error -o unknown key 'json_outputs' | did you mean 'json_output'?"},
		{NULL, "priority=loud", -EBADMSG, "0:0 error -o priority must be one of "},
		/* Known, without effect yet: a word when something is asked for. */
		{"syslog_output: {enabled: true}\n", NULL, 0,
		 "1:26 warning syslog_output.enabled has no effect yet | "},
		{"syslog_output: {enabled: false}\n", NULL, 0, ""},
		{"http_output: {enabled: false, url: http://localhost}\n", NULL, 0, ""},
		{NULL, "http_output.url=http://localhost", 0,
		 "0:0 warning -o http_output.url has no effect yet | "},
		{"plugins:\n  - name: x\n    library_path: y\n    init_config: {any: {thing: 1}}\n",
		 NULL, 0, ""},
		{"rules_file: a\n", NULL, 0, "1:13 warning rules_file is the old name of"},
		{"", NULL, 0, ""},
		{"---\n", NULL, 0, ""},
		{"base: &b [a]\n", NULL, -EBADMSG, "1:1 error unknown key 'base' | "},
		{"rules_files: &r [a]\nbase_syscalls: {custom_set: *r}\n", NULL, 0, ""},
		{"rules_files: *nobody\n", NULL, -EBADMSG,
		 "1:14 error an alias to an anchor that is not there | "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *options[] = {cases[i].option, NULL};
		struct config c;
		struct seen seen;
		int r = load(*state, cases[i].yaml, options, &c, &seen);

		if (r != cases[i].result || seen.n != (cases[i].said[0] ? 1u : 0u) ||
		    strncmp(seen.text[0], cases[i].said, strlen(cases[i].said)) != 0)
			fail_msg("case %zu: result %d, %u findings, first: %s\nexpected: %s", i, r,
				 seen.n, seen.text[0], cases[i].said);
		config_fini(&c);
	}
}

static void test_included_files(void **state)
{
	struct files *f = *state;
	char dir[128], one[160], two[160], yaml[512];
	const char *options[] = {"rule_matching=first", NULL};
	struct config c;
	struct seen seen;

	snprintf(dir, sizeof(dir), "%s/config.d", f->dir);
	snprintf(one, sizeof(one), "%s/1.yaml", dir);
	snprintf(two, sizeof(two), "%s/2.yaml", dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	write_file(one, "rules_files: [b]\njson_output: true\nrule_matching: all\n");
	write_file(two, "rules_files: [c]\n");
	snprintf(yaml, sizeof(yaml),
		 "rules_files: [a]\njson_output: false\nconfig_files: [%s, /nonexistent]\n", dir);
	assert_int_equal(load(f, yaml, options, &c, &seen), 0);
	assert_int_equal(c.n_rules_files, 3);
	assert_string_equal(c.rules_files[2], "c");
	assert_true(c.json_output);
	assert_int_equal(c.matching, SAKER_RULE_MATCHING_FIRST);
	config_fini(&c);

	snprintf(yaml, sizeof(yaml),
		 "rules_files: [a]\njson_output: false\nconfig_files: [{path: %s, strategy: "
		 "add-only}, {path: %s, strategy: override}]\n",
		 one, two);
	assert_int_equal(load(f, yaml, NULL, &c, &seen), 0);
	assert_int_equal(c.n_rules_files, 1);
	assert_string_equal(c.rules_files[0], "c");
	assert_false(c.json_output);
	assert_int_equal(c.matching, SAKER_RULE_MATCHING_ALL);
	config_fini(&c);

	write_file(one, "config_files: []\n");
	assert_int_equal(load(f, yaml, NULL, &c, &seen), -EBADMSG);
	config_fini(&c);
	unlink(one);
	unlink(two);
	rmdir(dir);
}

static void test_expansion(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"plain", "plain"},
		{"${SAKER_TEST_A}", "value"},
		{"x${SAKER_TEST_A}y${SAKER_TEST_A}", "xvalueyvalue"},
		{"${SAKER_TEST_UNSET}", ""},
		{"$${SAKER_TEST_A}", "${SAKER_TEST_A}"},
		{"${SAKER_TEST_A", "${SAKER_TEST_A"},
		{"cost $5", "cost $5"},
		{"$", "$"},
		{"${}", ""},
	};
	struct arena arena;

	setenv("SAKER_TEST_A", "value", 1);
	unsetenv("SAKER_TEST_UNSET");
	arena_init(&arena, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(config_expand(&arena, cases[i].in), cases[i].out);
	arena_fini(&arena);
}

/* The table itself: no key twice, every default passes its own check. */
static void test_table(void **state)
{
	for (uint32_t i = 0; i < config_n_keys; i++) {
		const struct config_key *k = &config_keys[i];
		char option[512];
		const char *options[] = {option, NULL};
		struct config c;
		struct seen seen;

		assert_ptr_equal(config_key_find(k->path), k);
		assert_true(strlen(k->path) < 128);
		assert_null(strpbrk(k->description, "\"\\"));
		if (strstr(k->path, "[]") || strchr(k->path, '*') || !*k->preset)
			continue;
		snprintf(option, sizeof(option), "%s=%s", k->path, k->preset);
		if (load(*state, NULL, options, &c, &seen) < 0)
			fail_msg("%s: %s", option, seen.text[0]);
		assert_int_equal(seen.n, k->effect == CONFIG_EFFECT_LATER);
		config_fini(&c);
	}
}

/* Falco's own file, unchanged: no error, few words. */
static void test_falco_yaml(void **state)
{
	const char *reference = getenv("SAKER_REFERENCE");
	char path[4096];
	struct config c;
	struct seen seen = {0};

	if (!reference) {
		print_message("SAKER_REFERENCE is not set: no falco.yaml to read\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/config/falco.yaml", reference);
	assert_int_equal(config_load(&c, path, NULL, 0, collect, &seen), 0);
	for (unsigned int i = 0; i < seen.n; i++)
		print_message("%s\n", seen.text[i]);
	assert_in_range(seen.n, 1, 3);
	assert_int_equal(c.n_rules_files, 3);
	assert_int_equal(c.ring_bytes, 8 << 20);
	config_fini(&c);
}

/* Bytes from outside: whatever they are, an answer and no more. */
static void test_nesting_bound(void **state)
{
	char yaml[1024];
	struct config c;
	struct seen seen;

	memset(yaml, '[', 500);
	yaml[500] = '\0';
	assert_int_equal(load(*state, yaml, NULL, &c, &seen), -EBADMSG);
	config_fini(&c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_defaults),
		T(test_file_and_command_line),
		T(test_append_output_emptied),
		T(test_findings),
		T(test_included_files),
		T(test_expansion),
		T(test_table),
		T(test_falco_yaml),
		T(test_nesting_bound),
	};
#undef T

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
