/* SPDX-License-Identifier: Apache-2.0 */
/* Rule files with mistakes: each finding's code, place and words. */
#include "front.h"

#define RULE                           \
	"- rule: r\n"                  \
	"  desc: d\n"                  \
	"  condition: proc.name = x\n" \
	"  output: o\n"                \
	"  priority: INFO\n"
/* RULE has five lines: what follows it begins on line 6. */

struct expected {
	const char *id; /* NULL = the end */
	unsigned int line;
	unsigned int column;
	const char *message; /* part of it */
	const char *places;  /* part of them, or NULL */
};

static const struct {
	const char *yaml;
	struct expected findings[4];
} table[] = {
	/* ---- nothing to say ---- */
	{"", {{0}}},
	{"# only a comment\n", {{0}}},
	{"---\n---\n...\n", {{0}}},
	{RULE, {{0}}},
	{"- \n- ~\n" RULE, {{0}}},
	{RULE "---\n" RULE, {{0}}},
	{"- required_engine_version: 0.26.0\n", {{0}}},
	{"- required_engine_version: 26\n", {{0}}},
	{"- required_engine_version: 0x1a\n", {{0}}},
	{"- required_engine_version: 0.63.0\n", {{0}}},
	{RULE "  source:\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Mapping for key 'source' is empty", "rule 'r'"}}},
	{RULE "  source: \"\"\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 6, 11, "Value must be non-empty", NULL}}},
	{RULE "  override: append\n", {{0}}},
	{RULE "  capture: \"yes\"\n  capture_duration: 10\n", {{0}}},
	{RULE "  enabled: OFF\n  warn_evttypes: n\n  skip-if-unknown-filter: True\n", {{0}}},
	{RULE "  tags: [b, a, b]\n  exceptions:\n", {{0}}},
	/* ---- YAML itself ---- */
	{"- rule: [\n", {{"LOAD_ERR_YAML_PARSE", 2, 1, "yaml: error at line 2", "value for"}}},
	{"- a: b\n c: d\n", {{"LOAD_ERR_YAML_PARSE", 2, 2, "yaml: error", NULL}}},
	{"- list: \"a\\0b\"\n  items: []\n",
	 {{"LOAD_ERR_YAML_PARSE", 1, 9, "NUL character", NULL}}},
	{"- &a [*a]\n", {{"LOAD_ERR_YAML_PARSE", 1, 7, "inside its own anchor", NULL}}},
	{"- *a\n", {{"LOAD_ERR_YAML_PARSE", 1, 3, "anchor is not defined", NULL}}},
	{"- \xff\xfe\n", {{"LOAD_ERR_YAML_PARSE", 1, 3, "UTF-8", NULL}}},
	/* ---- the file's structure ---- */
	{"word\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 1, "Rules content is not yaml", "rules content"}}},
	{"a: b\n", {{"LOAD_ERR_YAML_VALIDATE", 1, 1, "not yaml array of objects", NULL}}},
	{"- word\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Unexpected element type",
	   "rules content > rules content item"}}},
	{"- foo: bar\n", {{"LOAD_UNKNOWN_ITEM", 1, 3, "Unknown top level item", NULL}}},
	{RULE "  typo_field: x\n",
	 {{"LOAD_UNKNOWN_KEY", 6, 3, "Unknown key 'typo_field'. The key will be ignored.",
	   "rule 'r'"}}},
	{"- list: l\n  items: [a]\n  priority: INFO\n",
	 {{"LOAD_UNKNOWN_KEY", 3, 3, "Unknown key 'priority'", "list 'l'"}}},
	{RULE "  [a]: b\n", {{"LOAD_ERR_YAML_PARSE", 6, 3, "bad conversion", NULL}}},
	/* ---- versions ---- */
	{"- required_engine_version: seven\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Unable to parse engine version 'seven'",
	   "required_engine_version"}}},
	{"- required_engine_version: 0.26\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Unable to parse engine version", NULL}}},
	{"- required_engine_version: 99999999\n",
	 {{"LOAD_ERR_VALIDATE", 1, 3,
	   "Rules require engine version 0.99999999.0, but engine version is 0.63.0", NULL}}},
	{"- required_engine_version: 1.0.0\n",
	 {{"LOAD_ERR_VALIDATE", 1, 3, "Rules require engine version 1.0.0", NULL}}},
	{"- required_engine_version:\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Mapping for key 'required_engine_version' is empty",
	   NULL}}},
	{"- required_plugin_versions: x\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 29, "must be a sequence", "required plugin versions"}}},
	{"- required_plugin_versions:\n  - x\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 2, 5, "Plugin version must be a mapping",
	   "required plugin versions entry"}}},
	{"- required_plugin_versions:\n  - name: p\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 2, 5, "Item has no mapping for key 'version'", "entry 'p'"}}},
	{"- required_plugin_versions:\n  - {name: p, version: x}\n",
	 {{"LOAD_ERR_VALIDATE", 2, 5, "Invalid required version 'x' for plugin 'p'", NULL}}},
	{"- required_plugin_versions:\n  - name: p\n    version: 1.0.0\n    alternatives:\n"
	 "    - {name: p, version: 2.0.0}\n",
	 {{"LOAD_ERR_VALIDATE", 2, 5,
	   "Defined multiple alternative version requirements for plugin 'p'", NULL}}},
	{"- required_plugin_versions:\n  - name: p\n    version: 1.0.0\n    alternatives: x\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 2, 5, "alternatives must be a sequence", NULL}}},
	{"- required_plugin_versions:\n  - name: p\n    version: 1.0.0\n    alternatives: [x]\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 4, 20, "alternative must be a mapping", "alternative"}}},
	/* ---- values ---- */
	{"- list:\n  items: []\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Mapping for key 'list' is empty", NULL}}},
	{"- list: \"\"\n  items: []\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 9, "Value must be non-empty", "value for 'list'"}}},
	{"- list: [a]\n  items: []\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 9, "Value is not a scalar value", NULL}}},
	{"- list: l\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Item has no mapping for key 'items'", "list 'l'"}}},
	{"- list: l\n  items: x\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 2, 10, "Value is not a sequence", "value for 'items'"}}},
	{"- list: l\n  items: [a, [b]]\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 2, 14, "sequence value is not scalar", "list item"}}},
	{RULE "  enabled: maybe\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 6, 12, "Can't decode YAML scalar value",
	   "value for 'enabled'"}}},
	{RULE "  enabled: tRue\n", {{"LOAD_ERR_YAML_VALIDATE", 6, 12, "Can't decode", NULL}}},
	{RULE "  capture_duration: soon\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 6, 21, "Can't decode YAML scalar value", NULL}}},
	{RULE "  capture_duration: -1\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 6, 21, "Can't decode", NULL}}},
	{"- rule: r\n  desc: d\n  condition: proc.name = x\n  output: o\n  priority: LOUD\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 5, 13, "Invalid priority", "rule 'r' > rule priority"}}},
	{"- rule: r\n  desc: d\n  output: o\n  priority: INFO\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Item has no mapping for key 'condition'", "rule 'r'"}}},
	{"- rule: r\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 1, 3, "Item has no mapping for key 'enabled'", NULL}}},
	/* ---- names ---- */
	{"- macro: test-macro\n  condition: proc.name = x\n",
	 {{"LOAD_INVALID_MACRO_NAME", 1, 3,
	   "Macro has an invalid name. Macro names should match a regular expression",
	   "macro 'test-macro'"}}},
	{"- list: test list\n  items: [a]\n",
	 {{"LOAD_INVALID_LIST_NAME", 1, 3,
	   "List has an invalid name. List names should match a regular expression", NULL}}},
	/* ---- append and override ---- */
	{"- list: l\n  items: [a]\n  append: true\n",
	 {{"LOAD_DEPRECATED_ITEM", 1, 3, "'append' key is deprecated.", NULL},
	  {"LOAD_ERR_VALIDATE", 1, 3, "List uses 'append' or 'override.items: append' but no list",
	   NULL}}},
	{"- macro: m\n  condition: proc.name = x\n  override: {condition: append}\n",
	 {{"LOAD_ERR_VALIDATE", 1, 3,
	   "Macro uses 'append' or 'override.condition: append' but no macro", NULL}}},
	{"- macro: m\n  condition: proc.name = x\n  override: {condition: replace}\n", {{0}}},
	{"- rule: r\n  condition: and proc.name = x\n  append: true\n",
	 {{"LOAD_DEPRECATED_ITEM", 1, 3, "'append' key is deprecated.", NULL},
	  {"LOAD_ERR_VALIDATE", 1, 3, "Rule uses 'append' or 'override.<key>: append' but no rule",
	   NULL}}},
	{"- rule: r\n  condition: proc.name = x\n  override: {condition: replace}\n",
	 {{"LOAD_ERR_VALIDATE", 1, 3,
	   "An 'override.<key>: replace' to a rule was requested but no rule", NULL}}},
	{RULE "- rule: r\n  append: true\n",
	 {{"LOAD_DEPRECATED_ITEM", 6, 3, "'append'", NULL},
	  {"LOAD_ERR_VALIDATE", 6, 3, "Appended rule must have exceptions or condition property",
	   NULL}}},
	{RULE "- rule: r\n  priority: INFO\n  override: {priority: append}\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 8, 14,
	   "Key 'priority' cannot be appended to, use 'replace' instead", "overrides 'priority'"}}},
	{RULE "- rule: r\n  foo: x\n  override: {foo: replace}\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 8, 14, "Key 'foo' cannot be replaced", NULL}}},
	{RULE "- rule: r\n  desc: x\n  override: {desc: remove}\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 8, 20,
	   "Invalid override operation for key 'desc': 'remove'. Allowed values are: append "
	   "replace",
	   NULL}}},
	{RULE "- rule: r\n  desc: x\n  override: {desc: replace, condition: append}\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 6, 3,
	   "An append override for 'condition' was specified but 'condition' is not defined",
	   NULL}}},
	{RULE "- rule: r\n  desc: x\n  priority: INFO\n  override: {desc: replace}\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 8, 13, "Unexpected key 'priority'", NULL}}},
	{RULE "- rule: r\n  desc: x\n  override: {desc: replace}\n  append: true\n",
	 {{"LOAD_DEPRECATED_ITEM", 6, 3, "'append'", NULL},
	  {"LOAD_ERR_YAML_VALIDATE", 6, 3,
	   "Keys 'override' and 'append: true' cannot be used together", NULL}}},
	{RULE "- rule: r\n  enabled: false\n",
	 {{"LOAD_DEPRECATED_ITEM", 6, 3, "The standalone 'enabled' key usage is deprecated",
	   NULL}}},
	{"- rule: x\n  enabled: false\n",
	 {{"LOAD_DEPRECATED_ITEM", 1, 3, "standalone", NULL},
	  {"LOAD_ERR_VALIDATE", 1, 3,
	   "Rule has 'enabled' key but no rule by that name already exists", NULL}}},
	/* ---- sources ---- */
	{RULE "  source: aws\n",
	 {{"LOAD_UNKNOWN_SOURCE", 1, 3, "Unknown source aws, skipping", "rule 'r'"}}},
	{RULE RULE "  source: k8s_audit\n",
	 {{"LOAD_ERR_VALIDATE", 6, 3, "Rule has been re-defined with a different source", NULL}}},
	{RULE "- rule: r\n  condition: proc.name = y\n  source: k8s_audit\n  override: {condition: "
	      "replace}\n",
	 {{"LOAD_ERR_VALIDATE", 6, 3, "Rule has been re-defined with a different source", NULL}}},
	/* ---- exceptions ---- */
	{RULE "  exceptions: x\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 6, 15, "Rule exceptions must be a sequence",
	   "rule 'r' > exceptions"}}},
	{RULE "  exceptions: [x]\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 6, 16, "Rule exception must be a mapping",
	   "exceptions > exception"}}},
	{RULE "  exceptions:\n  - fields: [proc.name]\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 7, 5, "Item has no mapping for key 'name'", NULL}}},
	{RULE "  exceptions:\n  - name: e\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 7, 5, "Item has no mapping for key 'fields'",
	   "exception 'e'"}}},
	{RULE "  exceptions:\n  - name: e\n    fields: []\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "must have fields property", NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: [proc.name]\n    comps: [in, in]\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "Fields and comps lists must have equal length", NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: [proc.name]\n    comps: [frobulate oneof]\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "'frobulate oneof' is not a supported comparison operator",
	   NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: [proc.name]\n    comps: [oneof]\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "'oneof' is not a supported comparison operator", NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: [proc.nme]\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "'proc.nme' is not a supported filter field", NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: [tolower(proc.nme)]\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "'tolower(proc.nme)' is not a supported filter field",
	   NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: proc.name\n    comps: [in]\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "Fields and comps must both be strings", NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: proc.name\n    comps: startswith\n",
	 {{"LOAD_ERR_VALIDATE", 7, 5, "When fields is a single value, comps must be one of",
	   NULL}}},
	{RULE "  exceptions:\n  - name: e\n    fields: [proc.name]\n    values: x\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 9, 13, "Rule exception values must be a sequence",
	   "exception 'e' > exception values"}}},
	{RULE
	 "  exceptions:\n  - {name: e, fields: [proc.name]}\n  - {name: e, fields: [proc.name]}\n",
	 {{"LOAD_EXCEPTION_NAME_NOT_UNIQUE", 8, 5, "Multiple definitions of exception 'e'",
	   "exception 'e'"}}},
	{RULE "- rule: r\n  exceptions:\n  - name: e\n    values: [[x]]\n  override: {exceptions: "
	      "append}\n",
	 {{"LOAD_ERR_VALIDATE", 8, 5, "Rule exception must have fields property", NULL}}},
	{RULE "- rule: r\n  exceptions:\n  - name: e\n    fields: [proc.name]\n  override: "
	      "{exceptions: append}\n",
	 {{"LOAD_APPEND_NO_VALUES", 8, 5, "Overriding/appending exception with no values", NULL},
	  {"LOAD_ERR_VALIDATE", 8, 5, "Rule exception must have values property", NULL}}},
	{RULE "  exceptions:\n  - {name: e, fields: [proc.name], values: [[a]]}\n"
	      "- rule: r\n  exceptions:\n  - {name: e, fields: [proc.name], values: [[b]]}\n"
	      "  override: {exceptions: append}\n",
	 {{"LOAD_ERR_VALIDATE", 10, 5,
	   "Can not append exception fields to existing exception, only values", NULL}}},
	{RULE "  exceptions:\n  - {name: e, fields: [proc.name], values: [[a]]}\n"
	      "- rule: r\n  exceptions:\n  - {name: e, values: [b]}\n  override: {exceptions: "
	      "replace}\n",
	 {{"LOAD_ERR_YAML_VALIDATE", 10, 5, "Item has no mapping for key 'fields'", NULL}}},
};

static void check(size_t row, const struct front *f, int r)
{
	const struct expected *e = table[row].findings;
	bool error = false;
	unsigned int n = 0;

	for (; n < ARRAY_SIZE(table[row].findings) && e[n].id; n++) {
		const struct front_finding *got = &f->findings[n];

		if (n >= f->n_findings)
			fail_msg("%s\nno %s", table[row].yaml, e[n].id);
		error |= strncmp(e[n].id, "LOAD_ERR", 8) == 0;
		if (!util_streq(got->id, e[n].id) || got->line != e[n].line ||
		    got->column != e[n].column || !strstr(got->message, e[n].message) ||
		    (e[n].places && !strstr(got->places, e[n].places)))
			fail_msg("%s\nexpected %s %u:%u %s\n     got %s %u:%u %s\n      in %s",
				 table[row].yaml, e[n].id, e[n].line, e[n].column, e[n].message,
				 got->id, got->line, got->column, got->message, got->places);
		assert_string_equal(got->file, "test.yaml");
		assert_true(strncmp(got->places, "rules content", 13) == 0);
		assert_true(*got->hint);
	}
	if (f->n_findings != n)
		fail_msg("%s\nalso %s %s", table[row].yaml, f->findings[n].id,
			 f->findings[n].message);
	assert_int_equal(r, error ? -EBADMSG : 0);
}

static void test_findings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct front *f = front_new();

		check(i, f, front_add(f, "test.yaml", table[i].yaml));
		front_free(f);
	}
}

/* Line, column, byte and snippet in a file with characters of several bytes and a mark in front. */
static void test_marks(void **state)
{
	static const char yaml[] = "\xef\xbb\xbf# \xc3\xa9\xc3\xa9\n"
				   "- list: \"\xe2\x82\xac\"\n"
				   "  items: [\xc3\xa4, [b]]\n";
	struct front *f = front_new();

	assert_int_equal(front_add(f, "test.yaml", yaml), -EBADMSG);
	assert_int_equal(f->n_findings, 1);
	assert_int_equal(f->findings[0].line, 3);
	assert_int_equal(f->findings[0].column, 14);
	assert_int_equal(f->findings[0].offset, (uint64_t)(strstr(yaml, "[b]") - yaml));
	assert_string_equal(f->findings[0].snippet, "  items: [\xc3\xa4, [b]]\n              ^\n");
	front_free(f);
}

/* Nested anchors that would stand for ten thousand million values. */
static void test_aliases(void **state)
{
	char yaml[2048] = "- &a [x,x,x,x,x,x,x,x,x,x]\n";
	struct front *f = front_new();

	for (char c = 'b'; c <= 'j'; c++) {
		size_t len = strlen(yaml);

		snprintf(yaml + len, sizeof(yaml) - len,
			 "- &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c - 1, c - 1,
			 c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
	}
	assert_int_equal(front_add(f, "test.yaml", yaml), -EBADMSG);
	assert_string_equal(f->findings[0].id, "LOAD_ERR_YAML_PARSE");
	assert_non_null(strstr(f->findings[0].message, "too many values"));
	front_free(f);
	/* Ordinary use is fine. */
	f = front_new();
	assert_int_equal(
		front_add(f, "test.yaml",
			  "- list: a\n  items: &i [x, y]\n- list: b\n  items: *i\n" RULE
			  "- macro: m\n  condition: proc.name in (a) and fd.name in (b)\n"),
		0);
	assert_int_equal(f->n_findings, 0);
	front_free(f);
}

static void test_limits(void **state)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_loader *loader;
	char yaml[256];
	struct front *f = front_new();

	memset(yaml, '[', 100);
	memset(yaml + 100, ']', 100);
	yaml[200] = '\0';
	assert_int_equal(front_add(f, "test.yaml", yaml), -EBADMSG);
	assert_non_null(strstr(f->findings[0].message, "nested too deeply"));
	options.max_file_size = strlen(RULE);
	assert_int_equal(saker_rules_loader_new(&options, &loader), 0);
	assert_int_equal(saker_rules_loader_add_buffer(loader, "x", RULE, strlen(RULE)), 0);
	assert_int_equal(saker_rules_loader_add_buffer(loader, "x", RULE "\n", strlen(RULE) + 1),
			 -EFBIG);
	saker_rules_loader_free(loader);
	front_free(f);
}

static void test_files(void **state)
{
	char path[] = "/tmp/saker-test-XXXXXX";
	int fd = mkstemp(path);
	struct front *f = front_new();

	assert_true(fd >= 0);
	assert_int_equal(write(fd, RULE, strlen(RULE)), strlen(RULE));
	close(fd);
	assert_int_equal(saker_rules_loader_add_file(f->loader, path), 0);
	unlink(path);
	assert_int_equal(saker_rules_loader_add_file(f->loader, path), -ENOENT);
	assert_string_equal(f->findings[0].id, "LOAD_ERR_FILE_READ");
	assert_string_equal(f->findings[0].file, path);
	assert_int_equal(saker_rules_loader_add_file(f->loader, "/"), -EISDIR);
	assert_int_equal(front_compile(f), 0);
	assert_int_equal(f->n_rules, 1);
	front_free(f);
}

/* Nothing of a bad file counts, not even what it appended to good ones. */
static void test_rollback(void **state)
{
	struct front *f = front_new();

	assert_int_equal(front_add(f, "a.yaml",
				   "- list: l\n  items: [a]\n"
				   "- macro: m\n  condition: proc.name in (l)\n"
				   "- rule: r\n  desc: d\n  condition: m\n  output: o\n"
				   "  priority: INFO\n  tags: [t]\n"
				   "  exceptions: [{name: e, fields: fd.name, values: [x]}]\n"),
			 0);
	assert_int_equal(
		front_add(f, "b.yaml",
			  "- list: l\n  items: [b]\n  override: {items: append}\n"
			  "- macro: m\n  condition: or fd.num = 1\n"
			  "  override: {condition: append}\n"
			  "- rule: r\n  condition: or fd.num = 2\n  tags: [u]\n"
			  "  exceptions: [{name: e, values: [y]}]\n"
			  "  override: {condition: append, tags: append, exceptions: append}\n"
			  "- rule: s\n"),
		-EBADMSG);
	assert_int_equal(front_add(f, "c.yaml",
				   "- list: l\n  items: [c]\n  override: {items: append}\n"
				   "- rule: r\n  exceptions: [{name: e, values: [z]}]\n"
				   "  override: {exceptions: append}\n"),
			 0);
	assert_int_equal(front_compile(f), 0);
	assert_string_equal(front_condition(f, "r"),
			    "(proc.name in (a, c) and not fd.name in (x, z))");
	assert_string_equal(f->rules[0].tags, "t");
	front_free(f);
}

static void test_enable(void **state)
{
	static const char *const yaml =
		"- {rule: a1, desc: d, condition: fd.num=1, output: o, priority: INFO, tags: [x, "
		"y]}\n"
		"- {rule: a2, desc: d, condition: fd.num=1, output: o, priority: INFO, tags: [y]}\n"
		"- {rule: 'b [1]', desc: d, condition: fd.num=1, output: o, priority: INFO}\n";
	static const struct {
		const char *rule;
		const char *tag;
		const char *left; /* which of the three stay on */
	} table_[] = {
		{"a1", NULL, ".11"},  {"a?", NULL, "..1"},    {"*", NULL, "..."},
		{"*1*", NULL, ".1."}, {"b [1]", NULL, "11."}, {"a", NULL, "111"},
		{NULL, "y", "..1"},   {NULL, "x", ".11"},     {NULL, "z", "111"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table_); i++) {
		struct front *f = front_new();

		assert_int_equal(front_add(f, "test.yaml", yaml), 0);
		assert_int_equal(
			saker_rules_loader_enable(f->loader, table_[i].rule, table_[i].tag, false),
			0);
		assert_int_equal(front_compile(f), 0);
		for (int k = 0; k < 3; k++)
			assert_int_equal(f->rules[k].enabled, table_[i].left[k] == '1');
		assert_int_equal(saker_rules_loader_enable(f->loader, "*", NULL, true), 0);
		front_free(f);
	}
}

static void test_arguments(void **state)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_catalogue many[20] = {0};
	char names[20][16];
	struct saker_rules_loader *loader;
	enum saker_priority priority;

	assert_int_equal(saker_rules_loader_new(NULL, NULL), -EINVAL);
	options.size = 0;
	assert_int_equal(saker_rules_loader_new(&options, &loader), -EINVAL);
	assert_int_equal(saker_rules_loader_new(NULL, &loader), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "s%d", i);
		many[i].size = sizeof(many[i]);
		many[i].source = names[i];
		assert_int_equal(saker_rules_loader_add_catalogue(loader, &many[i]),
				 i < 16 ? 0 : -ENOSPC);
	}
	assert_int_equal(saker_rules_loader_add_catalogue(loader, &many[0]), -EEXIST);
	assert_int_equal(saker_rules_loader_add_file(loader, NULL), -EINVAL);
	assert_int_equal(saker_rules_loader_add_buffer(loader, NULL, "", 0), -EINVAL);
	assert_int_equal(saker_rules_loader_enable(loader, NULL, NULL, true), -EINVAL);
	assert_int_equal(saker_rules_loader_enable(loader, "a", "b", true), -EINVAL);
	assert_null(saker_rules_loader_free(loader));
	assert_null(saker_rules_loader_free(NULL));
	for (int i = 0; i <= SAKER_PRIORITY_DEBUG; i++) {
		assert_int_equal(saker_priority_parse(saker_priority_name(i), &priority), 0);
		assert_int_equal(priority, i);
	}
	assert_int_equal(saker_priority_parse("iNFo", &priority), 0);
	assert_int_equal(priority, SAKER_PRIORITY_INFORMATIONAL);
	assert_int_equal(saker_priority_parse("warn", &priority), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings), cmocka_unit_test(test_marks),
		cmocka_unit_test(test_aliases),	 cmocka_unit_test(test_limits),
		cmocka_unit_test(test_files),	 cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_enable),	 cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
