/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, macros, appends and exceptions: what conditions become, and what is wrong with them. */
#include "front.h"

#define RULE(condition)                                         \
	"- rule: r\n  desc: d\n  output: o\n  priority: INFO\n" \
	"  condition: " condition "\n"

#define EXCEPTIONS(text) RULE("fd.num = 1") "  exceptions:\n" text

/* The file, and the condition of rule r when all is resolved. */
static const char *const resolved[][2] = {
	/* ---- lists as values ---- */
	{"- list: l\n  items: [a, b]\n" RULE("proc.name in (l)"), "proc.name in (a, b)"},
	{"- list: l\n  items: [a, b]\n" RULE("proc.name in (x, l, y)"),
	 "proc.name in (x, a, b, y)"},
	{"- list: l\n  items: [a, b]\n" RULE("proc.name in (l, l)"), "proc.name in (a, b, a, b)"},
	{"- list: l\n  items: [a, b]\n" RULE("proc.name in (\"l\", 'l', lx)"),
	 "proc.name in (\"l\", \"l\", lx)"},
	{"- list: l\n  items: [a]\n" RULE("proc.name startswith oneof (l) and fd.name pmatch (l)"),
	 "(proc.name startswith oneof (a) and fd.name pmatch (a))"},
	/* empty ones take a comma along */
	{"- list: l\n  items: []\n" RULE("proc.name in (l)"), "proc.name in ()"},
	{"- list: l\n  items: []\n" RULE("proc.name in (l, x)"), "proc.name in (x)"},
	{"- list: l\n  items: []\n" RULE("proc.name in (x, l)"), "proc.name in (x)"},
	{"- list: l\n  items: []\n" RULE("proc.name in (x, l, y)"), "proc.name in (x, y)"},
	/* a list sees the ones before it, one level; later ones are found in the text */
	{"- list: a\n  items: [x]\n- list: b\n  items: [a, y]\n" RULE("proc.name in (b)"),
	 "proc.name in (x, y)"},
	{"- list: b\n  items: [a, y]\n- list: a\n  items: [x]\n" RULE("proc.name in (b)"),
	 "proc.name in (x, y)"},
	{"- list: a\n  items: [x]\n- list: b\n  items: [a]\n- list: c\n  items: [b]\n" RULE(
		 "proc.name in (c)"),
	 "proc.name in (a)"},
	{"- list: c\n  items: [b]\n- list: b\n  items: [a]\n- list: a\n  items: [x]\n" RULE(
		 "proc.name in (c)"),
	 "proc.name in (x)"},
	{"- list: a\n  items: [a, x]\n" RULE("proc.name in (a)"), "proc.name in (a, x)"},
	/* redefinition keeps the place, appending looks further */
	{"- list: l\n  items: [a]\n- list: l\n  items: [b]\n" RULE("proc.name in (l)"),
	 "proc.name in (b)"},
	{"- list: l\n  items: [a]\n- list: l\n  items: [b]\n  override: {items: append}\n" RULE(
		 "proc.name in (l)"),
	 "proc.name in (a, b)"},
	{RULE("proc.name in (l)") "- list: l\n  items: [a]\n", "proc.name in (a)"},
	/* of two equal keys the first counts */
	{"- list: l\n  items: [a]\n  items: [b]\n" RULE("proc.name in (l)"), "proc.name in (a)"},
	/* items with blanks and quotes */
	{"- list: l\n  items: [a b, '\"c d\"', \"'e f'\", '\"g\"', 'runc:[1]']\n" RULE(
		 "proc.name in (l)"),
	 "proc.name in (\"a b\", \"c d\", \"e f\", \"g\", runc:[1])"},
	{"- list: l\n  items: ['a\\t b', 'c\\d']\n" RULE("proc.name in (l)"),
	 "proc.name in (\"a\\t b\", c\\d)"},
	{"- list: l\n  items: ['a,b', 'c, d']\n" RULE("proc.name in (l)"),
	 "proc.name in (a, b, \"c, d\")"},
	/* ---- lists as text ---- */
	{"- list: l\n  items: [/etc/passwd]\n" RULE("fd.name = l"), "fd.name = /etc/passwd"},
	{"- list: l\n  items: [a b]\n" RULE("fd.name = l and fd.name contains l"),
	 "(fd.name = \"a b\" and fd.name contains \"a b\")"},
	{"- list: l\n  items: [a]\n" RULE("proc.name in l"), "proc.name in (a)"},
	{"- list: l\n  items: [proc.name=a]\n" RULE("l or fd.num = 1"),
	 "(proc.name = a or fd.num = 1)"},
	{"- list: test list\n  items: [a, b]\n" RULE("proc.name in (test list)"),
	 "proc.name in (a, b)"},
	{"- list: l\n  items: [a]\n" RULE("proc.name = 'x l y' and fd.name = l"),
	 "(proc.name = \"x l y\" and fd.name = a)"},
	{"- list: l\n  items: [a]\n- list: e\n  items: []\n" RULE(
		 "fd.name = l and proc.name in (e, x, e) and proc.name in (e)"),
	 "(fd.name = a and proc.name in (x) and proc.name in ())"},
	{"- list: a\n  items: [x]\n- list: b\n  items: [a]\n" RULE("proc.name = b"),
	 "proc.name = x"},
	{"- list: a\n  items: [x]\n- list: b\n  items: [a]\n- list: c\n  items: [b]\n" RULE(
		 "proc.name = c"),
	 "proc.name = a"},
	/* ---- macros ---- */
	{"- macro: m\n  condition: proc.name = a\n" RULE("m"), "proc.name = a"},
	{"- macro: m\n  condition: proc.name = a or proc.name = b\n" RULE("m and not m"),
	 "((proc.name = a or proc.name = b) and not (proc.name = a or proc.name = b))"},
	{"- macro: m\n  condition: fd.num = 1\n- macro: n\n  condition: m or fd.num = 2\n" RULE(
		 "n and m"),
	 "((fd.num = 1 or fd.num = 2) and fd.num = 1)"},
	{RULE("m") "- macro: m\n  condition: fd.num = 1\n", "fd.num = 1"},
	{"- macro: m\n  condition: fd.num = 1\n" RULE("m") "- macro: m\n  condition: fd.num = 2\n",
	 "fd.num = 2"},
	{"- macro: m\n  condition: fd.num = 1\n" RULE(
		 "m") "- macro: m\n  condition: or fd.num = 2\n  override: {condition: append}\n",
	 "(fd.num = 1 or fd.num = 2)"},
	/* touched again, it sees what came in between */
	{"- macro: m\n  condition: fd.num = 1\n- macro: n\n  condition: fd.num = 2\n"
	 "- macro: m\n  condition: or n\n  override: {condition: append}\n" RULE("m"),
	 "(fd.num = 1 or fd.num = 2)"},
	{"- macro: m\n  condition: not fd.num = 1\n" RULE("not m"), "not (not fd.num = 1)"},
	/* ---- appends ---- */
	{RULE("fd.num = 1") "- rule: r\n  condition: or fd.num = 2\n"
			    "  override: {condition: append}\n",
	 "(fd.num = 1 or fd.num = 2)"},
	{RULE("fd.num = 1") "- rule: r\n  condition: and fd.num = 2\n  append: true\n",
	 "(fd.num = 1 and fd.num = 2)"},
	{RULE("fd.num = 1") "- rule: r\n  condition: fd.num = 2\n"
			    "  override: {condition: replace}\n",
	 "fd.num = 2"},
	{RULE("fd.num = 1") RULE("fd.num = 2"), "fd.num = 2"},
	/* ---- exceptions ---- */
	{EXCEPTIONS("  - {name: e, fields: [proc.name]}\n"), "fd.num = 1"},
	{EXCEPTIONS("  - {name: e, fields: [proc.name], values: [[a]]}\n"),
	 "(fd.num = 1 and not proc.name = a)"},
	{EXCEPTIONS("  - {name: e, fields: [proc.name, fd.name], values: [[a, b], [c, d e]]}\n"),
	 "(fd.num = 1 and not ((proc.name = a and fd.name = b) or "
	 "(proc.name = c and fd.name = \"d e\")))"},
	{EXCEPTIONS("  - {name: e, fields: proc.name, values: [a, b c, '\"d\"']}\n"),
	 "(fd.num = 1 and not proc.name in (a, \"b c\", \"d\"))"},
	{EXCEPTIONS(
		 "  - {name: e, fields: proc.name, comps: ' startswith oneof ', values: [a, b]}\n"),
	 "(fd.num = 1 and not proc.name startswith oneof (a, b))"},
	{EXCEPTIONS(
		 "  - {name: e, fields: [proc.name], comps: [in], values: [[[a, b c]], [[d]]]}\n"),
	 "(fd.num = 1 and not (proc.name in (a, \"b c\") or proc.name in (d)))"},
	{EXCEPTIONS("  - {name: e, fields: [proc.name], comps: [in], values: [[a], [(b)]]}\n"),
	 "(fd.num = 1 and not (proc.name in (a) or proc.name in (b)))"},
	{EXCEPTIONS("  - {name: e, fields: [proc.name], comps: [\" glob anyof \"], values: "
		    "[[a*]]}\n"),
	 "(fd.num = 1 and not proc.name glob anyof (a*))"},
	{EXCEPTIONS("  - {name: e, fields: [proc.name, fd.name], comps: [=, pmatch],"
		    " values: [[a, [/b, /c]]]}\n"),
	 "(fd.num = 1 and not (proc.name = a and fd.name pmatch (/b, /c)))"},
	{EXCEPTIONS("  - {name: e, fields: [tolower(proc.name)], values: [[val(proc.pname)]]}\n"),
	 "(fd.num = 1 and not tolower(proc.name) = val(proc.pname))"},
	{EXCEPTIONS("  - {name: e, fields: [evt.arg.flags, 'proc.aname[2]'], values: [[a, b]]}\n"),
	 "(fd.num = 1 and not (evt.arg.flags = a and proc.aname[2] = b))"},
	{EXCEPTIONS("  - {name: e, fields: [proc.name], values: [[a]]}\n"
		    "  - {name: f, fields: [fd.name], values: [[b]]}\n"),
	 "(fd.num = 1 and not proc.name = a and not fd.name = b)"},
	{EXCEPTIONS(
		 "  - {name: e, fields: [proc.name], values: [[a]]}\n") "- rule: r\n  "
									"exceptions:\n  - {name: "
									"e, values: [[b]]}\n"
									"  - {name: g, fields: "
									"fd.name, values: [c]}\n  "
									"override: {exceptions: "
									"append}\n",
	 "(fd.num = 1 and not (proc.name = a or proc.name = b) and not fd.name in (c))"},
	{EXCEPTIONS(
		 "  - {name: e, fields: [proc.name], values: [[a]]}\n") "- rule: r\n  "
									"exceptions:\n  - {name: "
									"e, fields: [fd.name], "
									"values: [[b]]}\n"
									"  override: {exceptions: "
									"replace}\n",
	 "(fd.num = 1 and not fd.name = b)"},
	{"- list: l\n  items: [x, y]\n" EXCEPTIONS(
		 "  - {name: e, fields: proc.name, values: [a, l]}\n"),
	 "(fd.num = 1 and not proc.name in (a, x, y))"},
	{RULE("fd.num = 1 or fd.num = 2") "  exceptions: [{name: e, fields: [proc.name], values: "
					  "[[a]]}]\n",
	 "((fd.num = 1 or fd.num = 2) and not proc.name = a)"},
};

static void test_conditions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(resolved); i++) {
		struct front *f = front_new();

		if (front_add(f, "test.yaml", resolved[i][0]) < 0 || front_compile(f) < 0)
			fail_msg("%s\n%s", resolved[i][0], f->findings[0].message);
		if (!util_streq(front_condition(f, "r"), resolved[i][1]))
			fail_msg("%s\nexpected %s\n     got %s", resolved[i][0], resolved[i][1],
				 front_condition(f, "r"));
		front_free(f);
	}
}

struct expected {
	const char *id;
	unsigned int line;
	unsigned int column;
	const char *message;
	const char *places;
	const char *hint;
};

/* The file, and the findings of its compile. */
static const struct {
	const char *yaml;
	struct expected findings[3];
} findings[] = {
	{RULE("proc.name = x y"),
	 {{"LOAD_ERR_COMPILE_CONDITION", 5, 28, "unexpected token after 'x', expecting 'or', 'and'",
	   "rule 'r' > rule condition > condition expression", ""}}},
	{"- rule: r\n  desc: d\n  output: o\n  priority: INFO\n  condition: >\n"
	 "    proc.name = x\n    and proc.name\n      = (y)\n",
	 {{"LOAD_ERR_COMPILE_CONDITION", 8, 9, "expected a string value", NULL, ""}}},
	{"- rule: r\n  desc: d\n  output: o\n  priority: INFO\n"
	 "  condition: \"proc.name = \\\"x\\\" and\n    fd.num > y\"\n",
	 {{"LOAD_ERR_COMPILE_CONDITION", 6, 14, "expected a number value", NULL, ""}}},
	{"- rule: r\n  desc: d\n  output: o\n  priority: INFO\n  condition: '''x'' = y'\n",
	 {{"LOAD_ERR_COMPILE_CONDITION", 5, 15, "expected a '(' token", NULL, ""}}},
	{RULE("fd.num = 1") "- rule: r\n  condition: and fd.num is 2\n  override: {condition: "
			    "append}\n",
	 {{"LOAD_ERR_COMPILE_CONDITION", 7, 25, "expected a valid check operator", NULL, ""}}},
	{"- list: l\n  items: [a, b]\n" RULE("fd.num = 1 and proc.name = l"),
	 {{"LOAD_ERR_COMPILE_CONDITION", 7, 41, "unexpected token after 'a'", NULL, ""}}},
	{"- list: l\n  items: ['a)']\n" RULE("proc.name in (l)"),
	 {{"LOAD_ERR_COMPILE_CONDITION", 7, 29, "unexpected token after ')'", NULL, ""}}},
	{RULE("fd.num = 1 and no_such_macro"),
	 {{"LOAD_ERR_VALIDATE", 5, 29, "Undefined macro 'no_such_macro' used in filter.",
	   "rule 'r' > condition expression", "Define the macro"}}},
	{"- macro: spawned\n  condition: fd.num = 1\n" RULE("spawnd"),
	 {{"LOAD_ERR_VALIDATE", 7, 14, "Undefined macro 'spawnd'", NULL,
	   "Did you mean 'spawned'?"}}},
	{"- macro: n\n  condition: m\n- macro: m\n  condition: fd.num = 1\n" RULE("n"),
	 {{"LOAD_ERR_VALIDATE", 2, 14, "Undefined macro 'm' used in filter.",
	   "macro 'n' > condition expression", "defined further down"}}},
	{"- macro: m\n  condition: fd.num = 1\n"
	 "- macro: m\n  condition: or m\n  override: {condition: append}\n" RULE("m"),
	 {{"LOAD_ERR_VALIDATE", 4, 17, "reference loop in macro 'm'", NULL, ""}}},
	{"- macro: m\n  condition: fd.num = 1\n- macro: n\n  condition: m\n"
	 "- macro: m\n  condition: or n\n  override: {condition: append}\n" RULE("m"),
	 {{"LOAD_ERR_VALIDATE", 6, 17, "reference loop in macro 'n'", NULL, ""}}},
	/* each rule's own error, and none for those a bad macro drags along */
	{"- macro: m\n  condition: fd.num\n" RULE("m") "- rule: s\n  desc: d\n  output: o\n  "
						       "priority: INFO\n  condition: fd.num =\n",
	 {{"LOAD_ERR_COMPILE_CONDITION", 2, 20, "expected a valid check operator",
	   "macro 'm' > macro condition > condition expression", ""},
	  {"LOAD_ERR_COMPILE_CONDITION", 12, 22, "expected a string value", "rule 's'", ""}}},
	{EXCEPTIONS("  - {name: e, fields: [proc.name], values: [[a, b]]}\n"),
	 {{"LOAD_ERR_VALIDATE", 7, 5, "Fields and values lists must have equal length",
	   "exception 'e'", ""}}},
	{EXCEPTIONS("  - {name: e, fields: proc.name, values: [[a]]}\n"),
	 {{"LOAD_ERR_VALIDATE", 7, 5, "Expected values array to contain a list of strings", NULL,
	   ""}}},
	{EXCEPTIONS("  - {name: e, fields: [proc.name], comps: [in], values: [[[[a]]]]}\n"),
	 {{"LOAD_ERR_VALIDATE", 7, 5, "Expected values array", NULL, ""}}},
	{EXCEPTIONS("  - {name: e, fields: [proc.name], comps: [in], values: [[a b]]}\n"),
	 {{"LOAD_ERR_COMPILE_CONDITION", 7, 61, "expected a ')' token", NULL, ""}}},
	{"- macro: m\n  condition: fd.num = 1\n- list: l\n  items: [a]\n" RULE("fd.num = 1"),
	 {{"LOAD_UNUSED_MACRO", 1, 3, "Macro not referred to by any other rule/macro", "macro 'm'",
	   ""},
	  {"LOAD_UNUSED_LIST", 3, 3, "List not referred to by any other rule/macro", "list 'l'",
	   ""}}},
	{"- macro: m\n  condition: fd.num = 1\n- macro: n\n  condition: m\n" RULE("fd.num = 1"),
	 {{"LOAD_UNUSED_MACRO", 3, 3, "", "macro 'n'", ""}}},
	{"- list: a\n  items: [x]\n- list: b\n  items: [a]\n" RULE("fd.num = 1"),
	 {{"LOAD_UNUSED_LIST", 3, 3, "", "list 'b'", ""}}},
	{RULE("ka.x = <NA>"),
	 {{"LOAD_UNSAFE_NA_CHECK", 5, 14, "", "condition expression", "exists"}}},
	{"- macro: m\n  condition: jevt.value[/x] in (a, \"<NA>\")\n" RULE("not m"),
	 {{"LOAD_UNSAFE_NA_CHECK", 2, 14, "", NULL, ""}}},
	{RULE("proc.name = <NA> and ka.x contains <NA> and ka.y exists"), {{0}}},
	{"- required_plugin_versions:\n  - {name: container, version: 0.4.0}\n" RULE("fd.num = 1"),
	 {{0}}},
	{"- required_plugin_versions:\n  - {name: container, version: 0.8.0}\n" RULE("fd.num = 1"),
	 {{"LOAD_ERR_VALIDATE", 2, 5,
	   "Plugin requirement not satisfied, must load one of: container (>= 0.8.0)",
	   "entry 'container'", ""}}},
	{"- required_plugin_versions:\n  - name: a\n    version: 1.0.0\n    alternatives:\n"
	 "    - {name: b, version: 2.0.0}\n" RULE("fd.num = 1"),
	 {{"LOAD_ERR_VALIDATE", 2, 5, "must load one of: a (>= 1.0.0), b (>= 2.0.0)", NULL, ""}}},
};

static void check(const char *yaml, const struct expected *e, size_t size, const struct front *f)
{
	unsigned int n = 0;

	for (; n < size && e[n].id; n++) {
		const struct front_finding *got = &f->findings[n];

		if (n >= f->n_findings)
			fail_msg("%s\nno %s", yaml, e[n].id);
		if (!util_streq(got->id, e[n].id) || got->line != e[n].line ||
		    got->column != e[n].column || !strstr(got->message, e[n].message) ||
		    (e[n].places && !strstr(got->places, e[n].places)) ||
		    !strstr(got->hint, e[n].hint))
			fail_msg("%s\nexpected %s %u:%u %s\n     got %s %u:%u %s\n      in %s (%s)",
				 yaml, e[n].id, e[n].line, e[n].column, e[n].message, got->id,
				 got->line, got->column, got->message, got->places, got->hint);
	}
	if (f->n_findings != n)
		fail_msg("%s\nalso %s %s", yaml, f->findings[n].id, f->findings[n].message);
}

static void test_findings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(findings); i++) {
		struct front *f = front_new();
		int r;

		assert_int_equal(front_add(f, "test.yaml", findings[i].yaml), 0);
		r = front_compile(f);
		check(findings[i].yaml, findings[i].findings, ARRAY_SIZE(findings[i].findings), f);
		assert_int_equal(r, f->n_errors ? -EBADMSG : 0);
		front_free(f);
	}
}

/* What a macro of another file brings in is shown in that file. */
static void test_two_files(void **state)
{
	struct front *f = front_new();

	assert_int_equal(front_add(f, "a.yaml", "\n- macro: m\n  condition: ka.x = <NA>\n"), 0);
	assert_int_equal(front_add(f, "b.yaml", RULE("m")), 0);
	assert_int_equal(front_compile(f), 0);
	assert_int_equal(f->n_findings, 1);
	assert_string_equal(f->findings[0].file, "a.yaml");
	assert_int_equal(f->findings[0].line, 3);
	assert_string_equal(f->findings[0].snippet, "  condition: ka.x = <NA>\n             ^\n");
	front_free(f);
}

static void test_rule_values(void **state)
{
	struct front *f = front_new();

	assert_int_equal(
		front_add(f, "test.yaml",
			  RULE("fd.num = 1") "  tags: [b, a, b]\n"
					     "- rule: r\n  output: \"  p \"\n  desc: e\n  tags: "
					     "[c, a]\n"
					     "  override: {output: append, desc: append, tags: "
					     "append}\n"
					     "- rule: r\n  priority: ERROR\n  enabled: false\n"
					     "  warn_evttypes: false\n  skip-if-unknown-filter: "
					     "true\n"
					     "  capture: true\n  capture_duration: 5\n"
					     "  override: {priority: replace, enabled: replace,\n"
					     "    warn_evttypes: replace, skip-if-unknown-filter: "
					     "replace,\n"
					     "    capture: replace, capture_duration: replace}\n"
					     "- rule: s\n  desc: d\n  condition: fd.num = 1\n"
					     "  output: >\n    a\n    b\n  priority: debug\n"),
		0);
	assert_int_equal(front_compile(f), 0);
	assert_int_equal(f->n_findings, 0);
	assert_int_equal(f->n_rules, 2);
	assert_string_equal(f->rules[0].output, "o   p");
	assert_string_equal(f->rules[0].tags, "a,b,c");
	assert_false(f->rules[0].enabled);
	assert_false(f->rules[0].warn_evttypes);
	assert_true(f->rules[0].skip_if_unknown_filter);
	assert_int_equal(f->rules[0].priority, SAKER_PRIORITY_ERROR);
	assert_int_equal(f->rules[0].capture_duration, 5);
	assert_string_equal(f->rules[1].output, "a b");
	assert_true(f->rules[1].enabled);
	assert_true(f->rules[1].warn_evttypes);
	assert_int_equal(f->rules[1].priority, SAKER_PRIORITY_DEBUG);
	front_free(f);
}

/* Sixty macros that each name the one before twice: 2^60 checks, written out. */
static void test_explosion(void **state)
{
	struct front *f = front_new();
	char yaml[8192] = "- macro: m0\n  condition: fd.num = 1\n";

	for (int i = 1; i <= 60; i++) {
		size_t len = strlen(yaml);

		snprintf(yaml + len, sizeof(yaml) - len, "- macro: m%d\n  condition: m%d and m%d\n",
			 i, i - 1, i - 1);
	}
	strcat(yaml, RULE("m60"));
	assert_int_equal(front_add(f, "test.yaml", yaml), 0);
	assert_int_equal(front_compile(f), -EBADMSG);
	assert_int_equal(f->n_findings, 1);
	assert_non_null(strstr(f->findings[0].message, "too complex"));
	front_free(f);
}

/* The same with lists. */
static void test_list_explosion(void **state)
{
	struct front *f = front_new();
	char yaml[8192] = "";

	for (int i = 60; i >= 0; i--) {
		size_t len = strlen(yaml);

		snprintf(yaml + len, sizeof(yaml) - len, "- list: l%d\n  items: [l%d, l%d]\n", i,
			 i - 1, i - 1);
	}
	strcat(yaml, RULE("proc.name in (l60)"));
	assert_int_equal(front_add(f, "test.yaml", yaml), 0);
	assert_int_equal(front_compile(f), -EBADMSG);
	assert_non_null(strstr(f->findings[0].message, "Lists hold more than"));
	front_free(f);
}

/* More files after a compile, and another compile. */
static void test_twice(void **state)
{
	struct front *f = front_new();

	assert_int_equal(
		front_add(f, "a.yaml", "- list: l\n  items: [a]\n" RULE("proc.name in (l)")), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(front_compile(f), 0);
		assert_string_equal(front_condition(f, "r"), "proc.name in (a)");
		free(f->rules[0].condition);
		free(f->rules[0].output);
		f->n_rules = 0;
	}
	assert_int_equal(front_add(f, "b.yaml", "- list: l\n  items: [b]\n"), 0);
	assert_int_equal(front_compile(f), 0);
	assert_string_equal(front_condition(f, "r"), "proc.name in (b)");
	front_free(f);
}

/* Values of an exception are as many as one likes, exceptions of a rule are not. */
static void test_many_exceptions(void **state)
{
	char *yaml = malloc(1 << 20);
	struct front *f = front_new();
	size_t len;

	assert_non_null(yaml);
	len = (size_t)snprintf(yaml, 512, "%s", RULE("fd.num = 1") "  exceptions:\n");
	for (int i = 0; i < 1025; i++)
		len += (size_t)snprintf(yaml + len, 128, "  - {name: e%d, fields: fd.name}\n", i);
	assert_int_equal(front_add(f, "a.yaml", yaml), -EBADMSG);
	assert_string_equal(f->findings[0].message, "Too many exceptions");
	free(yaml);
	front_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_findings),
		cmocka_unit_test(test_two_files),  cmocka_unit_test(test_rule_values),
		cmocka_unit_test(test_twice),	   cmocka_unit_test(test_many_exceptions),
		cmocka_unit_test(test_explosion),  cmocka_unit_test(test_list_explosion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
