/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differential test: random conditions, evaluated by the compiled program in
 * rulesets of many and by a naive walk over the syntax tree that knows nothing
 * of groups, sharing, plans or order. Both must agree on every record.
 */
#include <fnmatch.h>

#include "loader.h"
#include "toy.h"

/* ---- the naive evaluator ------------------------------------------------- */

struct naive {
	const struct toy *toy;
};

static bool naive_address(const char *text, size_t len, struct saker_ip *ip, unsigned *prefix)
{
	char buf[64];
	char *slash;

	snprintf(buf, sizeof(buf), "%.*s", (int)len, text);
	slash = strchr(buf, '/');
	if (slash) {
		*slash = '\0';
		*prefix = (unsigned)strtoul(slash + 1, NULL, 10);
	}
	ip->family = strchr(buf, ':') ? 6 : 4;
	return inet_pton(ip->family == 4 ? AF_INET : AF_INET6, buf, ip->addr) == 1;
}

static bool naive_ip(enum rules_op op, const struct saker_ip *value, const char *text, bool net)
{
	struct saker_ip ip = {0};
	unsigned prefix = 0;
	bool same;

	assert_true(naive_address(text, strlen(text), &ip, &prefix));
	if (!net)
		prefix = ip.family == 4 ? 32 : 128;
	same = ip.family == value->family;
	for (unsigned bit = 0; same && bit < prefix; bit++)
		same = !((ip.addr[bit / 8] ^ value->addr[bit / 8]) & 0x80 >> bit % 8);
	return op == RULES_OP_NE ? !same : same;
}

static bool naive_number(enum rules_op op, int64_t value, const char *text)
{
	int64_t c = util_streq(text, "true") ? 1 : strtoll(text, NULL, 10);

	switch (op) {
	case RULES_OP_NE:
		return value != c;
	case RULES_OP_LT:
		return value < c;
	case RULES_OP_LE:
		return value <= c;
	case RULES_OP_GT:
		return value > c;
	case RULES_OP_GE:
		return value >= c;
	default:
		return value == c;
	}
}

static bool naive_path_prefix(const char *path, const char *prefix)
{
	/* by component: empty ones count for nothing */
	for (;;) {
		size_t n, m;

		path += strspn(path, "/");
		prefix += strspn(prefix, "/");
		n = strcspn(prefix, "/");
		m = strcspn(path, "/");
		if (!n)
			return true;
		if (n != m || strncmp(path, prefix, n))
			return false;
		path += m;
		prefix += n;
	}
}

static bool naive_text(enum rules_op op, const char *value, const char *text)
{
	size_t len = strlen(value), n = strlen(text);

	switch (op) {
	case RULES_OP_NE:
		return !util_streq(value, text);
	case RULES_OP_CONTAINS:
		return strstr(value, text);
	case RULES_OP_ICONTAINS:
		return strcasestr(value, text);
	case RULES_OP_STARTSWITH:
		return !strncmp(value, text, n);
	case RULES_OP_ENDSWITH:
		return len >= n && util_streq(value + len - n, text);
	case RULES_OP_GLOB:
		return !fnmatch(text, value, 0);
	case RULES_OP_IGLOB:
		return !fnmatch(text, value, FNM_CASEFOLD);
	case RULES_OP_PMATCH:
		return naive_path_prefix(value, text);
	default:
		return util_streq(value, text);
	}
}

static bool naive_compare(enum rules_op op, const struct saker_value *v, const char *text)
{
	char value[256];

	switch ((enum saker_type)v->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		snprintf(value, sizeof(value), "%.*s", (int)v->len, v->str);
		return naive_text(op, value, text);
	case SAKER_TYPE_IP:
		return naive_ip(op, v->ip, text, false);
	case SAKER_TYPE_NET:
		return naive_ip(op, v->ip, text, true);
	default:
		return naive_number(op, v->i64, text);
	}
}

/* One value against the right-hand side. */
static bool naive_value(const struct rules_node *node, const struct saker_value *v)
{
	uint32_t n = 1, holds = 0;

	if (node->rhs->kind == RULES_OPERAND_TEXT)
		return naive_compare(node->op, v, node->rhs->text);
	n = node->rhs->n_args;
	for (uint32_t i = 0; i < n; i++)
		holds += naive_compare(node->op, v, node->rhs->args[i]->text);
	if (node->modifier == RULES_MODIFIER_ALLOF)
		return n && holds == n;
	return node->modifier == RULES_MODIFIER_ONEOF ? holds == 1 : holds > 0;
}

static bool naive_check(const struct naive *naive, const struct rules_node *node)
{
	size_t f = toy_find(strchr(node->lhs->text, '.') + 1);
	uint32_t n = naive->toy->n[f], holds = 0;
	uint16_t flags = toy_fields[f].flags;

	/* missing, or alternatives of which there are none */
	if (!n || (n == 1 && !(flags & SAKER_FIELD_LIST)))
		return false;
	if (node->op == RULES_OP_EXISTS)
		return true;
	for (uint32_t i = 0; i < n - 1; i++)
		holds += naive_value(node, &naive->toy->v[f][i]);
	if (flags & SAKER_FIELD_LIST)
		return node->op == RULES_OP_IN ? holds == n - 1 : holds > 0;
	if (node->op == RULES_OP_NE && flags & SAKER_FIELD_NE_ALL)
		return holds == n - 1;
	return holds > 0;
}

static bool naive_eval(const struct naive *naive, const struct rules_node *node)
{
	switch (node->kind) {
	case RULES_NODE_AND:
		for (uint32_t i = 0; i < node->n_children; i++)
			if (!naive_eval(naive, node->children[i]))
				return false;
		return true;
	case RULES_NODE_OR:
		for (uint32_t i = 0; i < node->n_children; i++)
			if (naive_eval(naive, node->children[i]))
				return true;
		return false;
	case RULES_NODE_NOT:
		return !naive_eval(naive, node->children[0]);
	case RULES_NODE_CHECK:
		return naive_check(naive, node);
	case RULES_NODE_MACRO:
		break;
	}
	fail_msg("a macro");
	return false;
}

/* ---- random conditions and records --------------------------------------- */

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

#define PICK(table) (table)[below(ARRAY_SIZE(table))]

static const char *const texts[] = {"a",  "b",	 "ab", "abc", "bc", "/a",  "/a/b",
				    "/b", "A/B", "ba", "cab", "c",  "abab"};
static const char *const globs[] = {"a*", "*b", "*b*", "a?c", "[ab]*", "ab", "*", "?"};
static const char *const numbers[] = {"0", "1", "2", "3", "7", "-1", "100"};
static const char *const types[] = {"open", "close", "read", "write", "exec", "notify"};
static const char *const ips[] = {"10.0.0.1", "10.0.1.1", "1.2.3.4", "fe80::1", "::1"};
static const char *const nets[] = {"10.0.0.0/8",  "10.0.0.0/24", "0.0.0.0/0",
				   "10.0.0.1/32", "fe80::/10",	 "1.2.0.0/15"};
static const char *const bools[] = {"true", "false"};

static const char *const text_ops[] = {"=",	     "!=",	 "contains", "icontains",
				       "startswith", "endswith", "=",	     "contains"};
static const char *const modifiers[] = {"oneof", "anyof", "allof"};
static const char *const number_ops[] = {"=", "!=", "<", "<=", ">", ">="};
static const char *const equal_ops[] = {"=", "!="};

struct text {
	char *at;
	char *end;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, (size_t)(t->end - t->at), format, args);
	va_end(args);
	assert_true(n < t->end - t->at);
	t->at += n;
}

static void put_list(struct text *t, const char *const *table, size_t n)
{
	uint32_t count = below(5);

	put(t, "(");
	for (uint32_t i = 0; i <= count; i++)
		put(t, "%s'%s'", i ? ", " : "", table[below((uint32_t)n)]);
	put(t, ")");
}

static void put_text_check(struct text *t, const char *field)
{
	switch (below(6)) {
	case 0:
		put(t, "%s in ", field);
		put_list(t, texts, ARRAY_SIZE(texts));
		return;
	case 1:
		put(t, "%s %s %s ", field, PICK(text_ops), PICK(modifiers));
		put_list(t, texts, ARRAY_SIZE(texts));
		return;
	case 2:
		put(t, "%s %s '%s'", field, below(2) ? "glob" : "iglob", PICK(globs));
		return;
	case 3:
		put(t, "%s pmatch ", field);
		put_list(t, texts + 5, 3);
		return;
	default:
		put(t, "%s %s '%s'", field, PICK(text_ops), PICK(texts));
		return;
	}
}

static void put_check_with(struct text *t, const char *field, const char *const *ops, size_t n_ops,
			   const char *const *table, size_t n)
{
	if (below(3)) {
		put(t, "%s %s %s", field, ops[below((uint32_t)n_ops)], table[below((uint32_t)n)]);
		return;
	}
	put(t, "%s in ", field);
	put_list(t, table, n);
}

#define PUT_CHECK(t, field, ops, table) \
	put_check_with(t, field, ops, ARRAY_SIZE(ops), table, ARRAY_SIZE(table))

static void put_check(struct text *t)
{
	static const char *const text_fields[] = {"toy.str", "toy.str2", "toy.path", "toy.any"};
	static const char *const number_fields[] = {"toy.i64", "toy.i32", "toy.i64"};
	static const char *const list_ops[] = {"in", "intersects"};

	switch (below(12)) {
	case 0:
		PUT_CHECK(t, "evt.type", equal_ops, types);
		return;
	case 1:
		PUT_CHECK(t, PICK(number_fields), number_ops, numbers);
		return;
	case 2:
		PUT_CHECK(t, "toy.bool", equal_ops, bools);
		return;
	case 3:
		PUT_CHECK(t, below(2) ? "toy.ip" : "toy.anyip", equal_ops, ips);
		return;
	case 4:
		PUT_CHECK(t, below(2) ? "toy.net" : "toy.anynet", equal_ops, nets);
		return;
	case 5:
		put(t, "toy.list %s ", PICK(list_ops));
		put_list(t, texts, ARRAY_SIZE(texts));
		return;
	case 6:
		put(t, "%s exists", PICK(text_fields));
		return;
	default:
		put_text_check(t, PICK(text_fields));
		return;
	}
}

static void put_expression(struct text *t, int depth)
{
	uint32_t n = 2 + below(3), kind = depth > 0 ? below(4) : 3;

	if (kind == 3) {
		put_check(t);
		return;
	}
	if (kind == 2) {
		put(t, "not (");
		put_expression(t, depth - 1);
		put(t, ")");
		return;
	}
	put(t, "(");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			put(t, kind ? " and " : " or ");
		put_expression(t, depth - 1);
	}
	put(t, ")");
}

static void put_items(struct text *t, const char *field, const char *const *table, size_t n,
		      uint32_t count)
{
	put(t, ";%s=", field);
	for (uint32_t i = 0; i < count; i++)
		put(t, "%s%s", i ? "," : "", table[below((uint32_t)n)]);
}

static void random_record(struct toy *toy)
{
	char buf[1024];
	struct text t = {buf, buf + sizeof(buf)};

	put(&t, "code=%u", 1 + below(8));
	if (below(4))
		put(&t, ";str=%s", PICK(texts));
	if (below(4))
		put(&t, ";str2=%s", PICK(texts));
	if (below(3))
		put(&t, ";path=/a/%s", PICK(texts));
	if (below(3))
		put(&t, ";i64=%s;i32=%s", PICK(numbers), PICK(numbers));
	if (below(3))
		put(&t, ";bool=%s", PICK(bools));
	if (below(3))
		put(&t, ";ip=%s;net=%s", PICK(ips), PICK(ips));
	if (below(3))
		put_items(&t, "anyip", ips, ARRAY_SIZE(ips), below(3));
	if (below(3))
		put_items(&t, "anynet", ips, ARRAY_SIZE(ips), below(3));
	if (below(3))
		put_items(&t, "list", texts, ARRAY_SIZE(texts), below(4));
	if (below(3))
		put_items(&t, "any", texts, ARRAY_SIZE(texts), below(4));
	toy_parse(toy, buf);
	/* code 8 is of any name */
	if (toy->code == TOY_CODE_ANY && below(4)) {
		toy_set(toy, TOY_TYPE, 0, PICK(types));
		toy->n[TOY_TYPE] = 2;
	}
}

/* ---- the comparison ------------------------------------------------------ */

#define RULES 48
#define RECORDS 120

static void compare_round(enum saker_rule_matching matching)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	static char conditions[RULES][8192], yaml[RULES * 8400];
	struct text y = {yaml, yaml + sizeof(yaml)};
	struct rules_node *roots[RULES];
	const struct saker_rule *const *matches;
	struct toy_findings findings;
	struct saker_ruleset *ruleset;
	struct saker_eval *eval;
	static struct toy toy;
	struct arena arena;

	arena_init(&arena, 65536);
	for (int i = 0; i < RULES; i++) {
		struct text t = {conditions[i], conditions[i] + sizeof(conditions[i])};
		struct rules_parse_error error;

		put_expression(&t, 4);
		if (rules_parse_condition(&arena, conditions[i], strlen(conditions[i]), &error,
					  &roots[i]) < 0)
			fail_msg("%s: %s", conditions[i], error.message);
		put(&y,
		    "- rule: r%d\n  desc: d\n  condition: >\n    %s\n  output: o\n"
		    "  priority: INFO\n  source: toy\n",
		    i, conditions[i]);
	}
	options.matching = matching;
	if (toy_ruleset(yaml, &options, &findings, &ruleset) < 0)
		fail_msg("%s", findings.all);
	assert_int_equal(saker_eval_new(ruleset, &eval), 0);
	for (int k = 0; k < RECORDS; k++) {
		struct naive naive = {&toy};
		bool found[RULES] = {false}, seen = false;
		int n;

		random_record(&toy);
		n = saker_ruleset_eval(eval, 0, &toy, &matches);
		assert_true(n >= 0);
		for (int i = 0; i < n; i++)
			found[matches[i]->index] = true;
		for (int i = 0; i < RULES; i++) {
			bool expected = naive_eval(&naive, roots[i]);

			if (matching == SAKER_RULE_MATCHING_FIRST && seen)
				expected = false;
			seen |= expected;
			if (found[i] != expected)
				fail_msg("%s: %d, naive %d (code %u)", conditions[i], found[i],
					 expected, toy.code);
		}
	}
	saker_eval_free(eval);
	saker_ruleset_unref(ruleset);
	arena_fini(&arena);
}

static void test_all(void **state)
{
	for (int round = 0; round < 25; round++)
		compare_round(SAKER_RULE_MATCHING_ALL);
}

static void test_first(void **state)
{
	for (int round = 0; round < 10; round++)
		compare_round(SAKER_RULE_MATCHING_FIRST);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_first),
	};

	/* another seed by hand: test-rules-naive 7 */
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
