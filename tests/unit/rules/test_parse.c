/* SPDX-License-Identifier: Apache-2.0 */
/* The condition parser: what each text becomes, and where each error stands. */
#include "front.h"

#include "lex.h"

/* The condition and its tree written out. */
static const char *const good[][2] = {
	{"a.b = c", "a.b = c"},
	{"a.b == c", "a.b = c"},
	{"a.b=c", "a.b = c"},
	{"  a.b\n =\t c ", "a.b = c"},
	{"a.b=1 and c.d=2 or e.f=3", "((a.b = 1 and c.d = 2) or e.f = 3)"},
	{"a.b=1 or c.d=2 and e.f=3", "(a.b = 1 or (c.d = 2 and e.f = 3))"},
	{"a.b=1 and(c.d=2 or e.f=3)", "(a.b = 1 and (c.d = 2 or e.f = 3))"},
	{"a.b=1 or(c.d=2)and e.f=3", "(a.b = 1 or (c.d = 2 and e.f = 3))"},
	{"not a.b=1", "not a.b = 1"},
	{"not not a.b=1", "a.b = 1"},
	{"not(not a.b=1)", "not (not a.b = 1)"},
	{"not not(a.b=1)", "a.b = 1"},
	{"((a.b=1))", "a.b = 1"},
	{"a.b exists", "a.b exists"},
	{"not a.b exists and c.d=1", "(not a.b exists and c.d = 1)"},
	{"a.b < 1 and a.b<=2 and a.b>3 and a.b >= 0x1F",
	 "(a.b < 1 and a.b <= 2 and a.b > 3 and a.b >= 0x1F)"},
	{"a.b > -1.5e+3", "a.b > -1.5e+3"},
	{"a.b contains x and a.b icontains x and a.b bcontains 00",
	 "(a.b contains x and a.b icontains x and a.b bcontains 00)"},
	{"a.b startswith x and a.b bstartswith 00 and a.b endswith z",
	 "(a.b startswith x and a.b bstartswith 00 and a.b endswith z)"},
	{"a.b glob *x? and a.b iglob [a] and a.b regex a.*",
	 "(a.b glob *x? and a.b iglob [a] and a.b regex a.*)"},
	{"a.b in (x, \"y z\" , w)", "a.b in (x, \"y z\", w)"},
	{"a.b in(x)", "a.b in (x)"},
	{"a.b in ()", "a.b in ()"},
	{"a.b in x", "a.b in (x)"},
	{"a.b intersects (x,y) or a.b pmatch (/a, /b)",
	 "(a.b intersects (x, y) or a.b pmatch (/a, /b))"},
	{"a.b startswith oneof (x, y)", "a.b startswith oneof (x, y)"},
	{"a.b = anyof (x) and a.b != allof (y)", "(a.b = anyof (x) and a.b != allof (y))"},
	{"a.b = oneof", "a.b = oneof"},
	{"a.b = oneof and c.d = 1", "(a.b = oneof and c.d = 1)"},
	{"a.b=oneof (x)", NULL},
	{"a.b[1] = x", "a.b[1] = x"},
	{"a.b[\"x y\"] = x", "a.b[\"x y\"] = x"},
	{"a.b['x'].c = x", NULL},
	{"a.b['x]'] = x", "a.b[\"x]\"] = x"},
	{"tolower(a.b) = x", "tolower(a.b) = x"},
	{"toupper( tolower(a.b[1]) ) contains x", "toupper(tolower(a.b[1])) contains x"},
	{"concat(a.b, \"-\", c.d, 12) = x", "concat(a.b, \"-\", c.d, 12) = x"},
	{"join(\",\", (a.b, \"x\")) = y", "join(\",\", (a.b, \"x\")) = y"},
	{"join(\",\", ()) = y", "join(\",\", ()) = y"},
	{"getopt(a.b, \"xy:\")[y] = z", "getopt(a.b, \"xy:\")[y] = z"},
	{"len(a.b) > 3", "len(a.b) > 3"},
	{"a.b = val(c.d)", "a.b = val(c.d)"},
	{"a.b in val(c.d[2])", "a.b in val(c.d[2])"},
	{"a.b = tolower(c.d)", "a.b = tolower(c.d)"},
	{"a.b >= len(c.d)", "a.b >= len(c.d)"},
	{"a.b = 'it''s'", NULL},
	{"a.b = 'it\\'s'", "a.b = \"it's\""},
	{"a.b = \"\\\\\"", "a.b = \"\\\\\""},
	{"a.b = \"\\b\\f\\n\\r\\t\\\\\\/\\\"\\x41\"", "a.b = \"\\b\\f\\n\\r\\t\\\\/\\\"A\""},
	{"a.b = \"x\\ y\"", "a.b = \"x\\\\y\""},
	{"a.b = \"\"", "a.b = \"\""},
	{"a.b = \xc3\xa9", "a.b = \xc3\xa9"},
	{"a.b = 'x\xff'", "a.b = \"x\xff\""},
	{"k8s.ns_x.y1 = x<y>[z]", "k8s.ns_x.y1 = x<y>[z]"},
};

static char *parse_and_dump(const char *text, size_t len, struct rules_parse_error *error)
{
	struct rules_node *root;
	struct arena arena;
	char *dump = NULL;
	size_t dump_len;
	int r;

	arena_init(&arena, 4096);
	r = rules_parse_condition(&arena, text, len, error, &root);
	assert_true(r == 0 || r == -EBADMSG);
	if (r == 0)
		assert_int_equal(rules_dump_ast(root, &dump, &dump_len), 0);
	arena_fini(&arena);
	return dump;
}

static void test_trees(void **state)
{
	struct rules_parse_error error;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char *dump = parse_and_dump(good[i][0], strlen(good[i][0]), &error);
		char *again;

		if (!good[i][1]) {
			if (dump)
				fail_msg("%s: parsed as %s", good[i][0], dump);
			continue;
		}
		if (!dump)
			fail_msg("%s: %s at %zu", good[i][0], error.message, error.offset);
		assert_string_equal(dump, good[i][1]);
		again = parse_and_dump(dump, strlen(dump), &error);
		assert_non_null(again);
		assert_string_equal(again, dump);
		free(dump);
		free(again);
	}
}

static const struct {
	const char *text;
	size_t offset;
	const char *message;
} bad[] = {
	{"", 0, "filter input string is empty"},
	{"a.b", 3, "expected a valid check operator: one of 'exists'"},
	{"a.b = ", 6, "expected a string value or a field with a valid transformer"},
	{"a.b = x y", 8, "unexpected token after 'x', expecting 'or', 'and'"},
	{"a.b = x)", 7, "unexpected token after 'x', expecting 'or', 'and'"},
	{"(a.b = x", 8, "expected a ')' token"},
	{"a.b = x and", 11, "expected blank or '(' after 'and'"},
	{"a.b = x or ", 11, "expected a '(' token, a field check, or an identifier"},
	{"a.b = x order", 10, "expected blank or '(' after 'or'"},
	{"a.b in (x", 9, "expected a ')' token"},
	{"a.b in (x,", 10, "expected a string value"},
	{"a.b in (=)", 8, "expected a ')' token"},
	{"a.b in", 6, "expected a list, an identifier, or a field with a valid transformer"},
	{"a.b > x", 6, "expected a number value or a field with a valid transformer"},
	{"a.b contains(x)", 4, "expected a valid check operator"},
	{"a.b[", 4, "expected a valid field argument"},
	{"a.b[1 = x", 5, "expected a ']' token"},
	{"tolower(a.b = x", 12, "expected a ')' token closing the transformer"},
	{"tolower() = x", 8, "expected field transformer argument"},
	{"join(\",\", (a.b,)) = x", 15, "expected transformer list argument"},
	{"a.b = val(x)", 10, "expected a field within 'val' transformer"},
	{"a.b = \"x\\q\"", 8, "unsupported string escape sequence"},
	{"a.b = \"x\\'\"", 8, "invalid \\' escape in \"-quoted string"},
	{"a.b = 'x\\\"'", 8, "invalid \\\" escape in '-quoted string"},
	{"a.b = \"\\x4\"", 7, "truncated hex char escape sequence"},
	{"a.b = \"\\xzz\"", 7, "invalid hex char escape sequence"},
	{"a.b = \"\\x00\"", 7, "NUL"},
	{"a.b in (\"\\q\")", 9, "unsupported string escape sequence"},
	{"a.b = \"x", 6, "expected a string value"},
	{"some_macro", 0, "unexpected identifier 'some_macro'"},
	{"a.b = x and\n\n  some_macro", 15, "unexpected identifier 'some_macro'"},
	{"1 = 2", 0, "expected a '(' token, a field check, or an identifier"},
};

static void test_errors(void **state)
{
	struct rules_parse_error error;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *dump = parse_and_dump(bad[i].text, strlen(bad[i].text), &error);

		if (dump)
			fail_msg("%s: parsed as %s", bad[i].text, dump);
		if (!strstr(error.message, bad[i].message) || error.offset != bad[i].offset)
			fail_msg("%s: \"%s\" at %zu", bad[i].text, error.message, error.offset);
	}
	free(parse_and_dump("a.b = x and\n\n  some_macro", 25, &error));
	assert_int_equal(error.line, 2);
	assert_int_equal(error.column, 2);
	assert_null(parse_and_dump("a.b = x\0y", 9, &error));
	assert_int_equal(error.offset, 7);
	assert_null(parse_and_dump("a.b = 'x\0y'", 11, &error));
	assert_non_null(strstr(error.message, "NUL"));
}

/* Parentheses that still parse under a limit, and one pair more that does not. */
static size_t deepest(uint32_t max_depth)
{
	const struct rules_parse_options options = {.max_depth = max_depth};
	char text[4096];
	struct rules_node *root;
	struct arena arena;
	size_t n;
	int r = 0;

	arena_init(&arena, 65536);
	for (n = 0; r == 0; n++) {
		struct rules_parse_error error;

		memset(text, '(', n);
		memcpy(text + n, "a.b=1", 5);
		memset(text + n + 5, ')', n);
		r = rules_parse(&arena, &options, text, 2 * n + 5, &error, &root);
		if (r < 0)
			assert_non_null(strstr(error.message, "exceeded max depth limit of"));
	}
	arena_fini(&arena);
	return n - 2;
}

static void test_depth(void **state)
{
	size_t filter = deepest(RULES_FILTER_DEPTH);
	size_t rule = deepest(RULES_CONDITION_DEPTH);

	assert_in_range(filter, 15, 25);
	assert_in_range(rule, 150, 250);
}

static void test_operators(void **state)
{
	static const struct {
		const char *text;
		int result;
		enum rules_op op;
		enum rules_modifier modifier;
	} table[] = {
		{"=", 0, RULES_OP_EQ, RULES_MODIFIER_NONE},
		{"==", 0, RULES_OP_EQ, RULES_MODIFIER_NONE},
		{"in", 0, RULES_OP_IN, RULES_MODIFIER_NONE},
		{"exists", 0, RULES_OP_EXISTS, RULES_MODIFIER_NONE},
		{"glob oneof", 0, RULES_OP_GLOB, RULES_MODIFIER_ONEOF},
		{"glob  oneof", -EINVAL, 0, 0},
		{"glob\toneof", -EINVAL, 0, 0},
		{"!= allof", 0, RULES_OP_NE, RULES_MODIFIER_ALLOF},
		{"in oneof", -EINVAL, 0, 0},
		{">= oneof", -EINVAL, 0, 0},
		{"exists oneof", -EINVAL, 0, 0},
		{"oneof", -EINVAL, 0, 0},
		{"glob many", -EINVAL, 0, 0},
		{"frobulate", -EINVAL, 0, 0},
		{"", -EINVAL, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		enum rules_op op = RULES_OP_NONE;
		enum rules_modifier modifier = RULES_MODIFIER_NONE;
		int r = rules_parse_operator(table[i].text, strlen(table[i].text), &op, &modifier);

		assert_int_equal(r, table[i].result);
		if (r == 0) {
			assert_int_equal(op, table[i].op);
			assert_int_equal(modifier, table[i].modifier);
		}
	}
	/* Every operator's spelling reads back as itself. */
	for (int op = RULES_OP_EXISTS; op < RULES_OP_COUNT; op++) {
		const char *text = rules_op_text((enum rules_op)op);
		enum rules_modifier modifier;
		enum rules_op read;

		assert_int_equal(rules_parse_operator(text, strlen(text), &read, &modifier), 0);
		assert_int_equal(read, op);
	}
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"condition", "output", "priority", "desc"};

	assert_string_equal(rules_nearest("conditon", names, 4), "condition");
	assert_string_equal(rules_nearest("prioirty", names, 4), "priority");
	assert_string_equal(rules_nearest("dec", names, 4), "desc");
	assert_null(rules_nearest("items", names, 4));
	assert_null(rules_nearest("condition", names, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),	cmocka_unit_test(test_errors),
		cmocka_unit_test(test_depth),	cmocka_unit_test(test_operators),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
