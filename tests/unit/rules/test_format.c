/* SPDX-License-Identifier: Apache-2.0 */
/* Output formats: what is a field in them, how values read, which go with an alert. */
#include "toy.h"

static const struct {
	const char *format;
	const char *record;
	const char *message;
	const char *values; /* names and values as show() writes them */
} cases[] = {
	{"plain", "", "plain", ""},
	{"%toy.str", "str=sh", "sh", "toy.str=sh;"},
	{"*%toy.str", "str=sh", "sh", "toy.str=sh;"},
	{"a=%toy.str b=%toy.str2.", "str=x;str2=y", "a=x b=y.", "toy.str=x;toy.str2=y;"},
	{"%toy.str", "", "<NA>", "toy.str!1;"},
	{"%toy.str%toy.str", "str=x", "xx", "toy.str=x;"},
	{"[%toy.str]", "str=x", "[x]", "toy.str=x;"},
	/* the longest valid prefix */
	{"%toy.strx", "str=x", "xx", "toy.str=x;"},
	{"%toy.str.foo", "str=x", "x.foo", "toy.str=x;"},
	{"%toy.str2x", "str=x;str2=y", "yx", "toy.str2=y;"},
	{"%toy.str[1]", "str=x", "x[1]", "toy.str=x;"},
	{"%toy.arg[key]", "", "key", "toy.arg[key]=key;"},
	{"%toy.arg.flags", "", "flags", "toy.arg.flags=flags;"},
	{"%toy.arg['a b']!", "", "a b!", "toy.arg[a b]=a b;"},
	{"%toy.opt[1] %toy.opt", "opt=a,b", "b a b", "toy.opt=a b;toy.opt[1]=b;"},
	{"%toy.opt[x]", "opt=a,b", "a b[x]", "toy.opt=a b;"},
	/* padding pads and cuts */
	{"%5toy.str|", "str=ab", "ab   |", "toy.str=ab;"},
	{"%3toy.str|", "str=abcdef", "abc|", "toy.str=abcdef;"},
	{"%6toy.str|", "", "<NA>  |", "toy.str!1;"},
	/* types */
	{"%toy.bool %toy.i64 %toy.u8", "bool=true;i64=-5;u8=7", "true -5 7",
	 "toy.bool=b1;toy.i64=-5;toy.u8=7;"},
	{"%toy.hex", "hex=3735928559", "DEADBEEF", "toy.hex=x3735928559;"},
	{"%toy.double", "double=2.25", "2.2", "toy.double=d2.25;"},
	{"%toy.ip %toy.ip2", "ip=1.2.3.4;ip2=fe80::1", "1.2.3.4 fe80::1",
	 "toy.ip=@1.2.3.4;toy.ip2=@fe80::1;"},
	{"%toy.bytes", "bytes=a\tb", "a.b", "toy.bytes=a\tb;"},
	{"%toy.port %toy.rel", "port=80;rel=5", "80 5", "toy.port=80;toy.rel=5;"},
	/* lists and alternatives */
	{"%toy.list", "list=a,b", "(a,b)", "toy.list=(a,b);"},
	{"%toy.list", "list=", "()", "toy.list=();"},
	{"%toy.list", "", "<NA>", "toy.list!1;"},
	{"%toy.nums", "nums=1,2", "(1,2)", "toy.nums=(1,2);"},
	{"%toy.any", "any=a,b,c", "a b c", "toy.any=a b c;"},
	{"[%toy.any]", "any=,a,,c", "[a  c]", "toy.any=a  c;"},
	{"[%toy.any]", "any=,", "[<NA>]", "toy.any!1;"},
	/* what is for filters only has no value in outputs */
	{"%toy.filter", "filter=x", "<NA>", "toy.filter!1;"},
	/* transformers: in the message alone, the fields in them in the values */
	{"%toupper(toy.str)", "str=ab", "AB", "toy.str=ab;"},
	{"<%toupper(basename(toy.path))>", "path=/a/b", "<B>", "toy.path=/a/b;"},
	{"%len(toy.list)", "list=a,b", "2", "toy.list=(a,b);"},
	{"%join('-', toy.list)!", "list=a,b", "a-b!", "toy.list=(a,b);"},
	{"%getopt(toy.list, 'a:')[a].", "list=-a,v", "v.", "toy.list=(-a,v);"},
	{"%4tolower(toy.str)|", "str=AB", "ab  |", "toy.str=AB;"},
	/* text for the message, typed for the values */
	{"%evt.time", "time=12:00", "12:00", "evt.time=1234567890;"},
	/* typed for both, as the field asks for */
	{"%toy.raw", "raw=x", "1E", "toy.raw=x30;"},
};

static size_t show_one(char *buf, size_t size, const struct saker_value *v)
{
	char text[64];

	switch ((enum saker_type)v->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		return (size_t)snprintf(buf, size, "%.*s", (int)v->len, v->str);
	case SAKER_TYPE_BOOL:
		return (size_t)snprintf(buf, size, "b%lu", (unsigned long)v->u64);
	case SAKER_TYPE_DOUBLE:
		return (size_t)snprintf(buf, size, "d%.2f", v->f64);
	case SAKER_TYPE_IP:
		inet_ntop(v->ip->family == 4 ? AF_INET : AF_INET6, v->ip->addr, text, sizeof(text));
		return (size_t)snprintf(buf, size, "@%s", text);
	default:
		return (size_t)snprintf(buf, size, "%s%ld",
					v->format == SAKER_FORMAT_HEX ? "x" : "", (long)v->i64);
	}
}

static void show(char *buf, size_t size, const struct saker_rendered *r)
{
	size_t n = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < r->n_values; i++) {
		const struct saker_named_value *v = &r->values[i];

		n += (size_t)snprintf(buf + n, size - n, "%s", v->name);
		if (v->is_list) {
			n += (size_t)snprintf(buf + n, size - n, "=(");
			for (uint32_t k = 0; k < v->n_list; k++) {
				n += (size_t)snprintf(buf + n, size - n, "%s", k ? "," : "");
				n += show_one(buf + n, size - n, &v->list[k]);
			}
			n += (size_t)snprintf(buf + n, size - n, ");");
		} else if (v->value.absent) {
			n += (size_t)snprintf(buf + n, size - n, "!%u;", v->value.absent);
		} else {
			n += (size_t)snprintf(buf + n, size - n, "=");
			n += show_one(buf + n, size - n, &v->value);
			n += (size_t)snprintf(buf + n, size - n, ";");
		}
		if (i)
			assert_true(strcmp(r->values[i - 1].name, v->name) < 0);
	}
}

static void test_formats(void **state)
{
	static struct toy toy;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct saker_formatter *formatter;
		struct saker_rendered rendered;
		struct toy_findings f = {0};
		char values[1024];

		if (saker_formatter_compile(&toy_catalogue, cases[i].format, toy_diag, &f,
					    &formatter) < 0)
			fail_msg("%s: %s", cases[i].format, f.all);
		for (int again = 0; again < 2; again++) {
			toy_parse(&toy, cases[i].record);
			assert_int_equal(saker_formatter_render(formatter, &toy, &rendered), 0);
			assert_int_equal(rendered.message_len, strlen(rendered.message));
			if (!util_streq(rendered.message, cases[i].message))
				fail_msg("%s: '%s'", cases[i].format, rendered.message);
			show(values, sizeof(values), &rendered);
			if (!util_streq(values, cases[i].values))
				fail_msg("%s: '%s'", cases[i].format, values);
		}
		saker_formatter_free(formatter);
	}
}

static const struct {
	const char *format;
	const char *message;
	uint32_t column;
} errors[] = {
	{"", "empty formatting token", 0},
	{"x %", "formatting cannot end with a %", 3},
	{"x %12", "formatting cannot end with a number", 3},
	{"%toy.nope", "nonexistent field toy.nope", 1},
	{"ab %nothing", "unexpected token", 4},
	{"%", "cannot end with a %", 1},
	{"%toy.arg", "requires an argument", 1},
	{"%tolower(toy.i64)", "not supported by 'tolower'", 1},
	{"%tolower(toy.str", "expected a ')' token", 1},
	{"%nope(toy.str)", "", 1},
	{"100 % sure", "unexpected token", 5},
};

static void test_errors(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct saker_formatter *formatter = NULL;
		struct toy_findings f = {0};

		if (saker_formatter_compile(&toy_catalogue, errors[i].format, toy_diag, &f,
					    &formatter) != -EBADMSG)
			fail_msg("%s compiles", errors[i].format);
		assert_string_equal(f.id, "LOAD_ERR_COMPILE_OUTPUT");
		if (!strstr(f.message, errors[i].message))
			fail_msg("%s: %s", errors[i].format, f.message);
		if (errors[i].column && f.column != errors[i].column)
			fail_msg("%s: column %u", errors[i].format, f.column);
	}
}

static const char rule[] = "- rule: a rule\n  desc: d\n  condition: toy.str = a\n"
			   "  output: out %toy.str\n  priority: WARNING\n  source: toy\n"
			   "  tags: [t1, t2]\n";

/* The outputs of the rule above under append_output. */
static void append(const struct saker_rules_append *appends, uint32_t n, const char *message,
		   const char *values)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	const struct saker_rule *const *rules;
	struct saker_rendered rendered;
	struct saker_ruleset *ruleset;
	struct toy_findings f;
	struct saker_eval *eval;
	static struct toy toy;
	char shown[1024];

	options.append = appends;
	options.n_append = n;
	if (toy_ruleset(rule, &options, &f, &ruleset) < 0)
		fail_msg("%s", f.all);
	assert_int_equal(saker_eval_new(ruleset, &eval), 0);
	toy_parse(&toy, "code=1;str=a;str2=b;sug=s;u64=9");
	assert_int_equal(saker_ruleset_eval(eval, 0, &toy, &rules), 1);
	assert_int_equal(saker_eval_render(eval, rules[0], &toy, &rendered), 0);
	assert_string_equal(rendered.message, message);
	show(shown, sizeof(shown), &rendered);
	assert_string_equal(shown, values);
	/* a field of the condition is not extracted once more for the output */
	assert_int_equal(toy.extracted[TOY_STR], 1);
	/* rendering over a record that was not evaluated just now works as well */
	toy_parse(&toy, "code=0;str=z");
	assert_int_equal(saker_ruleset_eval(eval, 0, &toy, &rules), 0);
	toy.extracted[TOY_STR] = 0;
	assert_int_equal(saker_eval_render(eval, saker_ruleset_rule(ruleset, 0), &toy, &rendered),
			 0);
	assert_non_null(strstr(rendered.message, "out z"));
	saker_eval_free(eval);
	saker_ruleset_unref(ruleset);
}

static void test_append(void **state)
{
	static const char *const raw[] = {"toy.u64", "%toy.str2"};
	static const char *const formatted[] = {"label=<%toy.str2>", "toy.str=%toy.str2"};
	static const char *const tags[] = {"t2"}, *const other[] = {"t3"};
	struct saker_rules_append a = {0};
#define TIME "evt.time=1234567890;"

	append(NULL, 0, "out a", TIME "toy.str=a;");
	a.extra_output = "more=%toy.str2";
	append(&a, 1, "out a more=b", TIME "toy.str=a;toy.str2=b;");
	a.source = "toy";
	a.rule = "a rule";
	a.tags = tags;
	a.n_tags = 1;
	append(&a, 1, "out a more=b", TIME "toy.str=a;toy.str2=b;");
	a.tags = other;
	append(&a, 1, "out a", TIME "toy.str=a;");
	a.n_tags = 0;
	a.rule = "another";
	append(&a, 1, "out a", TIME "toy.str=a;");
	a.rule = "";
	a.source = "syscall";
	append(&a, 1, "out a", TIME "toy.str=a;");
	a = (struct saker_rules_append){.suggested_output = true};
	append(&a, 1, "out a toy_sug=s", TIME "toy.str=a;toy.sug=s;");
	a = (struct saker_rules_append){.extra_fields = raw, .n_extra_fields = 2};
	append(&a, 1, "out a", TIME "toy.str=a;toy.str2=b;toy.u64=9;");
	a = (struct saker_rules_append){.extra_fields = formatted, .n_extra_fields = 2};
	append(&a, 1, "out a", TIME "label=<b>;toy.str=b;");
}

static void test_long(void **state)
{
	/* longer than any buffer that the renderer starts with */
	struct saker_formatter *formatter;
	struct saker_rendered rendered;
	static struct toy toy;
	char *text = malloc(100001);

	assert_non_null(text);
	memset(text, 'x', 100000);
	text[100000] = '\0';
	toy_parse(&toy, "str=a");
	toy.v[TOY_STR][0] = saker_value_str(text, 100000);
	assert_int_equal(saker_formatter_compile(&toy_catalogue, "%toy.str-%toupper(toy.str)", NULL,
						 NULL, &formatter),
			 0);
	assert_int_equal(saker_formatter_render(formatter, &toy, &rendered), 0);
	assert_int_equal(rendered.message_len, 200001);
	assert_int_equal(rendered.message[200000], 'X');
	saker_formatter_free(formatter);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
