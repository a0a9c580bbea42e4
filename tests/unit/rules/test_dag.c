/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rulesets share and skip: one predicate for many rules is computed once,
 * one field extracted once, rules that a code rules out cost nothing, and the
 * ruleset says what it is about.
 */
#include "toy.h"

#define RULE(name, condition)                                                              \
	"- rule: " name "\n  desc: d\n  condition: " condition "\n  output: o %toy.str2\n" \
	"  priority: WARNING\n  source: toy\n"

/* as RULE, to be printed */
#define RULE_FORMAT(name, condition)                                                        \
	"- rule: " name "\n  desc: d\n  condition: " condition "\n  output: o %%toy.str2\n" \
	"  priority: WARNING\n  source: toy\n"

struct fixture {
	struct saker_ruleset *ruleset;
	struct saker_eval *eval;
	struct toy toy;
	struct toy_findings findings;
};

static void fixture_open(struct fixture *f, const char *yaml, enum saker_rule_matching matching)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;

	options.matching = matching;
	if (toy_ruleset(yaml, &options, &f->findings, &f->ruleset) < 0)
		fail_msg("%s", f->findings.all);
	assert_int_equal(saker_eval_new(f->ruleset, &f->eval), 0);
}

static void fixture_close(struct fixture *f)
{
	saker_eval_free(f->eval);
	saker_ruleset_unref(f->ruleset);
}

static int fixture_eval(struct fixture *f, const char *record,
			const struct saker_rule *const **ret_rules)
{
	toy_parse(&f->toy, record);
	return saker_ruleset_eval(f->eval, 0, &f->toy, ret_rules);
}

static struct saker_eval_stats fixture_stats(const struct fixture *f)
{
	struct saker_eval_stats stats = {.size = sizeof(stats)};

	assert_int_equal(saker_eval_get_stats(f->eval, &stats), 0);
	return stats;
}

/* n rules with one check in common and one of their own */
static char *many_rules(int n, const char *shared)
{
	size_t size = (size_t)n * 256, at = 0;
	char *yaml = malloc(size);

	assert_non_null(yaml);
	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(yaml + at, size - at,
				       RULE_FORMAT("r%d", "toy.u64 > %d and %s"), i, i, shared);
	return yaml;
}

static void test_shared_once(void **state)
{
	const struct saker_rule *const *rules;
	struct saker_eval_stats stats;
	struct fixture f = {0};
	char *yaml = many_rules(20, "toy.path regex '/e.c'");

	fixture_open(&f, yaml, SAKER_RULE_MATCHING_ALL);
	/* false for all: one predicate, computed once, spares everything else */
	assert_int_equal(fixture_eval(&f, "code=1;path=/usr;u64=3", &rules), 0);
	stats = fixture_stats(&f);
	assert_int_equal(f.toy.extracted[TOY_PATH], 1);
	assert_true(f.toy.extracted[TOY_U64] <= 1);
	/* true for all: once the shared one, once each of the twenty others */
	assert_int_equal(fixture_eval(&f, "code=1;path=/etc;u64=7", &rules), 7);
	assert_int_equal(fixture_stats(&f).predicates_evaluated - stats.predicates_evaluated, 21);
	assert_true(fixture_stats(&f).predicates_reused - stats.predicates_reused >= 6);
	assert_int_equal(f.toy.extracted[TOY_PATH], 1);
	assert_int_equal(f.toy.extracted[TOY_U64], 1);
	assert_int_equal(fixture_stats(&f).fields_extracted - stats.fields_extracted, 2);
	assert_int_equal(fixture_stats(&f).records, 2);
	fixture_close(&f);
	free(yaml);
}

/* The same said in other words is the same predicate. */
static void test_interned(void **state)
{
	const struct saker_rule *const *rules;
	struct fixture f = {0};

	fixture_open(
		&f,
		RULE("a", "toy.i64 = 1 and toy.bool = true")
			RULE("b", "(toy.bool = true and toy.i64 in (1))") RULE(
				"c", "not (toy.i64 != 1 or not toy.bool = true) and toy.i64 exists")
				RULE("d", "toy.i64 = anyof (1) and toy.bool == true"),
		SAKER_RULE_MATCHING_ALL);
	assert_int_equal(fixture_eval(&f, "code=1;i64=1;bool=true", &rules), 4);
	/* i64 = 1, bool = true, i64 exists */
	assert_int_equal(fixture_stats(&f).predicates_evaluated, 3);
	fixture_close(&f);
}

/* A record whose code has no such field is not asked for it, whatever the rule says of it. */
static void test_code_has_not(void **state)
{
	const struct saker_rule *const *rules;
	struct saker_eval_stats stats;
	struct fixture f = {0};

	fixture_open(&f,
		     RULE("a", "toy.path startswith /a or toy.path contains b or toy.i64 = 7")
			     RULE("b", "toy.path exists and toy.str = a")
				     RULE("c", "not toy.path = /a and evt.type = exec"),
		     SAKER_RULE_MATCHING_ALL);
	/* close: no path, and no rule that could do without */
	assert_int_equal(fixture_eval(&f, "code=3;str=a;i64=6", &rules), 0);
	stats = fixture_stats(&f);
	assert_int_equal(stats.predicates_evaluated, 1); /* toy.i64 */
	assert_int_equal(stats.fields_extracted, 1);
	/* exec: what is not there is not equal */
	assert_int_equal(fixture_eval(&f, "code=6;str=a;i64=6", &rules), 1);
	assert_string_equal(rules[0]->name, "c");
	/* read has a path */
	assert_int_equal(fixture_eval(&f, "code=4;str=a;path=/a", &rules), 2);
	/* write has a path and no i64 */
	assert_int_equal(fixture_eval(&f, "code=5;path=/b", &rules), 1);
	fixture_close(&f);
}

static void test_code_decides(void **state)
{
	const struct saker_rule *const *rules;
	struct saker_eval_stats stats;
	struct fixture f = {0};

	fixture_open(
		&f,
		RULE("a", "evt.type = open and toy.str = a") RULE("b", "evt.type in (read, write)")
			RULE("c", "evt.type != close and evt.type != exec and toy.str = c"),
		SAKER_RULE_MATCHING_ALL);
	/* close: nothing can match, nothing is looked at */
	assert_int_equal(fixture_eval(&f, "code=3;str=a", &rules), 0);
	stats = fixture_stats(&f);
	assert_int_equal(stats.predicates_evaluated, 0);
	assert_int_equal(stats.fields_extracted, 0);
	/* read: the rule is true by its code alone */
	assert_int_equal(fixture_eval(&f, "code=4", &rules), 1);
	assert_string_equal(rules[0]->name, "b");
	/* open: the name is not looked at again, but by != which wants it to exist */
	assert_int_equal(fixture_eval(&f, "code=2;str=a", &rules), 1);
	assert_string_equal(rules[0]->name, "a");
	/* a code out of range matches nothing */
	assert_int_equal(fixture_eval(&f, "code=77;str=a", &rules), 0);
	fixture_close(&f);
}

static void test_matching_first(void **state)
{
	const struct saker_rule *const *rules;
	struct fixture f = {0};

	fixture_open(&f,
		     RULE("regex", "toy.str regex 'a+' and toy.str2 = never")
			     RULE("second", "toy.str regex 'a.*'") RULE("cheap", "toy.bool = true")
				     RULE("last", "toy.str exists"),
		     SAKER_RULE_MATCHING_FIRST);
	assert_int_equal(fixture_eval(&f, "code=1;str=ab;bool=true", &rules), 1);
	assert_string_equal(rules[0]->name, "second");
	assert_int_equal(fixture_eval(&f, "code=1;str=b;bool=true", &rules), 1);
	assert_string_equal(rules[0]->name, "cheap");
	assert_int_equal(fixture_eval(&f, "code=1;str=b", &rules), 1);
	assert_string_equal(rules[0]->name, "last");
	assert_int_equal(fixture_eval(&f, "code=1", &rules), 0);
	fixture_close(&f);
}

/* A thousand rules behind one table: only those of the value are evaluated. */
static void test_dispatch(void **state)
{
	size_t size = 1 << 20, at = 0;
	char *yaml = malloc(size);
	const struct saker_rule *const *rules;
	struct fixture f = {0};

	assert_non_null(yaml);
	for (int i = 0; i < 1000; i++)
		at += (size_t)snprintf(
			yaml + at, size - at,
			RULE_FORMAT("r%d", "(toy.str = x%d or toy.path startswith /p%d/) and "
					   "toy.u64 > %d"),
			i, i, i, i);
	fixture_open(&f, yaml, SAKER_RULE_MATCHING_ALL);
	assert_int_equal(fixture_eval(&f, "code=1;str=x500;path=/nope;u64=100000", &rules), 1);
	assert_string_equal(rules[0]->name, "r500");
	assert_true(fixture_stats(&f).predicates_evaluated < 10);
	assert_int_equal(fixture_eval(&f, "code=1;str=x7;path=/p9/x;u64=100000", &rules), 2);
	assert_string_equal(rules[0]->name, "r7");
	assert_string_equal(rules[1]->name, "r9");
	assert_true(fixture_stats(&f).predicates_evaluated < 20);
	/* one rule by both ways is one match */
	assert_int_equal(fixture_eval(&f, "code=1;str=x9;path=/p9/x;u64=100000", &rules), 1);
	assert_int_equal(fixture_eval(&f, "code=1;str=x9;path=/p9/x;u64=3", &rules), 0);
	fixture_close(&f);
	free(yaml);
}

static void collect_constant(void *userdata, const char *field, const char *constant)
{
	char *text = userdata;

	strcat(strcat(strcat(strcat(text, field), "="), constant), ";");
}

static void collect_field(void *userdata, const char *field)
{
	char *text = userdata;

	strcat(strcat(text, field), ";");
}

static void test_about(void **state)
{
	struct fixture f = {0};
	char text[1024] = "";
	uint64_t codes = 0;

	fixture_open(&f,
		     RULE("a", "evt.type = open and toy.str = a") RULE(
			     "b", "evt.type in (read, open) and toy.opt[1] = b")
			     RULE("off",
				  "evt.type = exec and toy.ip = 1.2.3.4") "  enabled: "
									  "false\n" RULE("debug",
											 "evt.type "
											 "= "
											 "connect "
											 "and "
											 "toy.i8 = "
											 "1") "  "
											      "tags"
											      ": "
											      "[x, "
											      "y]"
											      "\n",
		     SAKER_RULE_MATCHING_ALL);
	assert_int_equal(saker_ruleset_n_rules(f.ruleset), 4);
	assert_false(saker_ruleset_rule(f.ruleset, 2)->enabled);
	assert_int_equal(saker_ruleset_rule(f.ruleset, 3)->n_tags, 2);
	assert_string_equal(saker_ruleset_rule(f.ruleset, 0)->condition,
			    "evt.type = open and toy.str = a");
	assert_string_equal(saker_ruleset_rule(f.ruleset, 0)->source, "toy");
	assert_int_equal(saker_ruleset_rule(f.ruleset, 0)->priority, SAKER_PRIORITY_WARNING);
	assert_null(saker_ruleset_rule(f.ruleset, 4));
	assert_int_equal(saker_ruleset_codes(f.ruleset, "toy", &codes, 1), 0);
	assert_int_equal(codes, 1 << 1 | 1 << 2 | 1 << 4 | 1 << 7 | 1 << 8);
	assert_int_equal(saker_ruleset_codes(f.ruleset, "nope", &codes, 1), -ENOENT);
	assert_int_equal(saker_ruleset_constants(f.ruleset, "toy", collect_constant, text), 0);
	assert_string_equal(text, "evt.type=open;evt.type=read;evt.type=connect;");
	text[0] = '\0';
	assert_int_equal(saker_ruleset_fields(f.ruleset, "toy", collect_field, text), 0);
	assert_string_equal(text, "evt.type;evt.time;toy.str;toy.str2;toy.i8;toy.opt;");
	fixture_close(&f);
}

static void test_min_priority(void **state)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	const struct saker_rule *const *rules;
	struct fixture f = {0};

	options.min_priority = SAKER_PRIORITY_ERROR;
	assert_int_equal(toy_ruleset(RULE("a", "toy.str = a"), &options, &f.findings, &f.ruleset),
			 0);
	assert_int_equal(saker_eval_new(f.ruleset, &f.eval), 0);
	assert_int_equal(fixture_eval(&f, "code=1;str=a", &rules), 0);
	fixture_close(&f);
}

/* An eval keeps its ruleset alive. */
static void test_references(void **state)
{
	const struct saker_rule *const *rules;
	struct fixture f = {0};

	fixture_open(&f, RULE("a", "toy.str = a"), SAKER_RULE_MATCHING_ALL);
	assert_ptr_equal(saker_ruleset_ref(f.ruleset), f.ruleset);
	assert_null(saker_ruleset_unref(f.ruleset));
	assert_null(saker_ruleset_unref(f.ruleset));
	assert_int_equal(fixture_eval(&f, "code=1;str=a", &rules), 1);
	assert_null(saker_eval_free(f.eval));
	assert_null(saker_eval_free(NULL));
	assert_null(saker_ruleset_unref(NULL));
}

static const struct {
	const char *yaml;
	int result;
	const char *findings; /* part of them; NULL = none */
} reports[] = {
	{RULE("a", "toy.nope = a"), -EBADMSG,
	 "LOAD_ERR_COMPILE_CONDITION: filter_check called with nonexistent field toy.nope"},
	{RULE("a", "toy.nope = a") "  skip-if-unknown-filter: true\n", 0,
	 "LOAD_UNKNOWN_FILTER: filter_check called with nonexistent field toy.nope"},
	{RULE("a", "evt.type = nope") "  skip-if-unknown-filter: true\n", 0,
	 "LOAD_UNKNOWN_FILTER: unknown event type nope"},
	{RULE("a", "toy.i8 = nope") "  skip-if-unknown-filter: true\n", -EBADMSG,
	 "LOAD_ERR_COMPILE_CONDITION: nope is not a valid number"},
	{"- rule: a\n  desc: d\n  condition: toy.str = a\n  output: \"%toy.nope\"\n"
	 "  priority: INFO\n  source: toy\n",
	 -EBADMSG, "LOAD_ERR_COMPILE_OUTPUT: unknown filter: "},
	{"- rule: a\n  desc: d\n  condition: toy.str = a\n  output: \"%toy.nope\"\n"
	 "  priority: INFO\n  source: toy\n  skip-if-unknown-filter: true\n",
	 0, "LOAD_UNKNOWN_FILTER: unknown filter: "},
	{"- rule: a\n  desc: d\n  condition: toy.str = a\n  output: \"ends in %\"\n"
	 "  priority: INFO\n  source: toy\n",
	 -EBADMSG, "formatting cannot end with a %"},
	{"- rule: a\n  desc: d\n  condition: toy.str = a\n  output: \"%toy.old\"\n"
	 "  priority: INFO\n  source: toy\n",
	 0, "usage of deprecated field 'toy.old'"},
	{"- rule: a\n  desc: d\n  condition: toy.str = a\n  output: \"x %container.info\"\n"
	 "  priority: INFO\n  source: toy\n",
	 0, "%container.info is deprecated"},
	{RULE("a", "toy.str = toy.str2"), 0, "LOAD_COMPILE_CONDITION"},
	{RULE("a", "toy.old = x"), 0, "LOAD_DEPRECATED_ITEM"},
	{RULE("a", "toy.str = x"), 0, NULL},
};

static void test_reports(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
		struct saker_ruleset *ruleset = NULL;
		struct toy_findings f;
		int r = toy_ruleset(reports[i].yaml, &options, &f, &ruleset);

		if (r != reports[i].result)
			fail_msg("case %zu: %d %s", i, r, f.all);
		if (reports[i].findings ? !strstr(f.all, reports[i].findings) : f.n > 0)
			fail_msg("case %zu: %s", i, f.all);
		saker_ruleset_unref(ruleset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared_once),    cmocka_unit_test(test_interned),
		cmocka_unit_test(test_code_has_not),   cmocka_unit_test(test_code_decides),
		cmocka_unit_test(test_matching_first), cmocka_unit_test(test_dispatch),
		cmocka_unit_test(test_about),	       cmocka_unit_test(test_min_priority),
		cmocka_unit_test(test_references),     cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
