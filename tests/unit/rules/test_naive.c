/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differential test: random conditions, evaluated by the compiled program in
 * rulesets of many and by a naive walk over the syntax tree that knows nothing
 * of groups, sharing, plans or order. Both must agree on every record.
 *
 * SAKER_CONDITIONS=10000000 runs for so many conditions instead of a few thousand;
 * the seed is printed, and SAKER_SEED or an argument gives another one.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <time.h>

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

/* What each pattern of `regexes` says, in other words. */
static bool naive_regex(const char *value, const char *pattern)
{
	size_t len = strlen(value), i = 0;

	if (util_streq(pattern, "a.*"))
		return *value == 'a';
	if (util_streq(pattern, ".*b"))
		return len && value[len - 1] == 'b';
	if (util_streq(pattern, ".*/b"))
		return len >= 2 && util_streq(value + len - 2, "/b");
	if (util_streq(pattern, "a|b"))
		return util_streq(value, "a") || util_streq(value, "b");
	if (util_streq(pattern, "[ab]+"))
		return len && strspn(value, "ab") == len;
	if (util_streq(pattern, "a?bc"))
		return util_streq(value, "abc") || util_streq(value, "bc");
	if (util_streq(pattern, "(ab)*")) {
		while (strncmp(value + i, "ab", 2) == 0)
			i += 2;
		return i == len;
	}
	assert_string_equal(pattern, "");
	return len == 0;
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
	case RULES_OP_REGEX:
		return naive_regex(value, text);
	case RULES_OP_LT:
		return strcmp(value, text) < 0;
	case RULES_OP_LE:
		return strcmp(value, text) <= 0;
	case RULES_OP_GT:
		return strcmp(value, text) > 0;
	case RULES_OP_GE:
		return strcmp(value, text) >= 0;
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

/* A field, or a transformer of one, that has at most one value; false = it has none. */
static bool naive_single(const struct naive *naive, const struct rules_operand *operand,
			 struct saker_value *ret, char *room, size_t size)
{
	const char *slash;
	size_t len, f;

	if (operand->kind == RULES_OPERAND_FIELD) {
		f = toy_find(strchr(operand->text, '.') + 1);
		*ret = naive->toy->v[f][0];
		return naive->toy->n[f] == 2;
	}
	if (!naive_single(naive, operand->args[0], ret, room, size))
		return false;
	if (util_streq(operand->text, "val"))
		return true;
	if (util_streq(operand->text, "len")) {
		*ret = saker_value_u64(SAKER_TYPE_U64, ret->len);
		return true;
	}
	if (util_streq(operand->text, "basename")) {
		slash = memrchr(ret->str, '/', ret->len);
		len = slash ? (size_t)(ret->str + ret->len - slash) - 1 : ret->len;
		*ret = saker_value_str(ret->str + ret->len - len, (uint32_t)len);
		return true;
	}
	assert_true(ret->len < size);
	for (len = 0; len < ret->len; len++)
		room[len] = (char)(util_streq(operand->text, "tolower")
					   ? tolower((unsigned char)ret->str[len])
					   : toupper((unsigned char)ret->str[len]));
	*ret = saker_value_str(room, (uint32_t)len);
	return true;
}

/* A field against a field: what is missing on either side makes the check false. */
static bool naive_fields(const struct naive *naive, const struct rules_node *node)
{
	char room[2][256], text[256];
	struct saker_value v, w;

	if (!naive_single(naive, node->lhs, &v, room[0], sizeof(room[0])) ||
	    !naive_single(naive, node->rhs, &w, room[1], sizeof(room[1])))
		return false;
	if (v.type == SAKER_TYPE_IP)
		return (memcmp(v.ip->addr, w.ip->addr, v.ip->family == 4 ? 4 : 16) == 0 &&
			v.ip->family == w.ip->family) == (node->op != RULES_OP_NE);
	if (v.type == SAKER_TYPE_STRING || v.type == SAKER_TYPE_PATH)
		snprintf(text, sizeof(text), "%.*s", (int)w.len, w.str);
	else
		snprintf(text, sizeof(text), "%lld", (long long)w.i64);
	return naive_compare(node->op, &v, text);
}

static bool naive_transformed(const struct naive *naive, const struct rules_node *node)
{
	struct saker_value v;
	char room[256];

	if (!naive_single(naive, node->lhs, &v, room, sizeof(room)))
		return false;
	return node->op == RULES_OP_EXISTS || naive_value(node, &v);
}

static bool naive_plain(const struct naive *naive, const struct rules_node *node)
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

static bool naive_check(const struct naive *naive, const struct rules_node *node)
{
	if (node->rhs && node->rhs->kind == RULES_OPERAND_TRANSFORMER)
		return naive_fields(naive, node);
	return node->lhs->kind == RULES_OPERAND_TRANSFORMER ? naive_transformed(naive, node)
							    : naive_plain(naive, node);
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
static const char *const globs[] = {"a*", "*b", "*b*",	  "a?c",  "[ab]*", "ab",
				    "*",  "?",	"/a/*b*", "ab?*", "/a*/b", "*/a[b/]*"};
static const char *const numbers[] = {"0", "1", "2", "3", "7", "-1", "100"};
static const char *const types[] = {"open", "close", "read", "write", "exec", "notify"};
static const char *const ips[] = {"10.0.0.1", "10.0.1.1", "1.2.3.4", "fe80::1", "::1"};
static const char *const nets[] = {"10.0.0.0/8",  "10.0.0.0/24", "0.0.0.0/0",
				   "10.0.0.1/32", "fe80::/10",	 "1.2.0.0/15"};
static const char *const bools[] = {"true", "false"};
static const char *const regexes[] = {"a.*", ".*b", "a|b", "[ab]+", "(ab)*", "a?bc", "", ".*/b"};
static const char *const lengths[] = {"0", "1", "2", "3", "4"};
static const char *const transformers[] = {"tolower", "toupper", "basename"};
static const char *const single_fields[] = {"toy.str", "toy.str2", "toy.path"};
static const char *const string_fields[] = {"toy.str", "toy.str2"};

/* What follows a text: longer than a vector, and than what is kept of a value. */
static const char *const tails[] = {
	"",
	"",
	"",
	"/usr/lib/x-linux-gnu/c",
	("/home/of/somebody/with/a/very/long/way/down/to/a/file/that/is/AB/in/many/dirs/of/one/more"
	 "/and/then/some/abab"),
};

static const char *const text_ops[] = {"=",	     "!=",	 "contains", "icontains",
				       "startswith", "endswith", "=",	     "contains"};
static const char *const modified_ops[] = {"=",		"!=",	      "contains",
					   "icontains", "startswith", "endswith"};
static const char *const modifiers[] = {"oneof", "anyof", "allof"};
static const char *const number_ops[] = {"=", "!=", "<", "<=", ">", ">="};
static const char *const order_ops[] = {"<", "<=", ">", ">="};
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
	switch (below(8)) {
	case 0:
		put(t, "%s in ", field);
		put_list(t, texts, ARRAY_SIZE(texts));
		return;
	case 1:
		put(t, "%s %s %s ", field, PICK(modified_ops), PICK(modifiers));
		put_list(t, texts, ARRAY_SIZE(texts));
		return;
	case 2:
		put(t, "%s %s '%s'", field, below(2) ? "glob" : "iglob", PICK(globs));
		return;
	case 3:
		put(t, "%s pmatch ", field);
		put_list(t, texts + 5, 3);
		return;
	case 4:
		put(t, "%s regex '%s'", field, PICK(regexes));
		return;
	case 5: /* the grammar wants a number there, and text is compared with it as text */
		put(t, "%s %s %s", field, PICK(order_ops), PICK(numbers));
		return;
	default:
		put(t, "%s %s '%s'", field, PICK(text_ops), PICK(texts));
		return;
	}
}

/* toupper(basename(toy.path)) and what not. */
static void put_transformed(struct text *t, const char *field)
{
	if (below(4) == 0) {
		put(t, "%s(%s(%s))", PICK(transformers), PICK(transformers), field);
		return;
	}
	put(t, "%s(%s)", PICK(transformers), field);
}

static void put_transformer_check(struct text *t)
{
	char field[128];
	struct text f = {field, field + sizeof(field)};

	put_transformed(&f, PICK(string_fields));
	switch (below(5)) {
	case 0:
		put(t, "len(%s) %s %s", PICK(single_fields), PICK(number_ops), PICK(lengths));
		return;
	case 1:
		put(t, "%s %s val(%s)", PICK(string_fields), PICK(modified_ops),
		    PICK(string_fields));
		return;
	case 2:
		put(t, "%s %s ", field, PICK(modified_ops));
		put_transformed(t, PICK(string_fields));
		return;
	case 3:
		put(t, "toy.ip %s val(toy.ip2)", PICK(equal_ops));
		return;
	default:
		put_text_check(t, field);
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

	switch (below(14)) {
	case 12:
	case 13:
		put_transformer_check(t);
		return;
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
		put(&t, ";str=%s%s", PICK(texts), PICK(tails));
	if (below(4))
		put(&t, ";str2=%s%s", PICK(texts), PICK(tails));
	if (below(3))
		put(&t, ";path=/a/%s%s", PICK(texts), PICK(tails));
	if (below(3))
		put(&t, ";i64=%s;i32=%s", PICK(numbers), PICK(numbers));
	if (below(3))
		put(&t, ";bool=%s", PICK(bools));
	if (below(3))
		put(&t, ";ip=%s;net=%s", PICK(ips), PICK(ips));
	if (below(3))
		put(&t, ";ip2=%s", PICK(ips));
	if (below(3))
		put_items(&t, "anyip", ips, ARRAY_SIZE(ips), below(3));
	if (below(3))
		put_items(&t, "anynet", ips, ARRAY_SIZE(ips), below(3));
	if (below(3))
		put_items(&t, "list", texts, ARRAY_SIZE(texts), below(4));
	if (below(3))
		put_items(&t, "any", texts, ARRAY_SIZE(texts), below(4));
	toy_parse(toy, buf);
	if (!toy_code_has(toy->code, TOY_PATH))
		toy->n[TOY_PATH] = 0;
	if (!toy_code_has(toy->code, TOY_I64))
		toy->n[TOY_I64] = 0;
	/* code 8 is of any name */
	if (toy->code == TOY_CODE_ANY && below(4)) {
		toy_set(toy, TOY_TYPE, 0, PICK(types));
		toy->n[TOY_TYPE] = 2;
	}
}

/* ---- the comparison ------------------------------------------------------ */

/* Few rules are screened all at once; of many some hang below a group. */
#define RULES_FEW 48
#define RULES_MANY 150
#define RECORDS 120
#define RECORDS_LONG 8 /* of so many conditions that each need not see as much */
/* Enough for screens to change their order several times. */
#define RECORDS_MANY 3000

static uint64_t wanted; /* conditions; 0 = the short run */

static void compare_round(enum saker_rule_matching matching, int n_rules, int n_records)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	static char conditions[RULES_MANY][8192], yaml[RULES_MANY * 8400];
	struct text y = {yaml, yaml + sizeof(yaml)};
	struct rules_node *roots[RULES_MANY];
	const struct saker_rule *const *matches;
	struct toy_findings findings;
	struct saker_ruleset *ruleset;
	struct saker_eval *eval;
	static struct toy toy;
	struct arena arena;

	arena_init(&arena, 65536);
	for (int i = 0; i < n_rules; i++) {
		struct text t = {conditions[i], conditions[i] + sizeof(conditions[i])};
		struct rules_parse_error error;

		put_expression(&t, wanted ? (int)below(4) : 4);
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
	for (int k = 0; k < n_records; k++) {
		struct naive naive = {&toy};
		bool found[RULES_MANY] = {false}, seen = false;
		int n;

		random_record(&toy);
		n = saker_ruleset_eval(eval, 0, &toy, &matches);
		assert_true(n >= 0);
		for (int i = 0; i < n; i++)
			found[matches[i]->index] = true;
		for (int i = 0; i < n_rules; i++) {
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

static void test_long(void **state)
{
	struct timespec now;
	uint64_t done = 0, told = 0;

	if (!wanted)
		skip();
	while (done < wanted) {
		compare_round(below(4) ? SAKER_RULE_MATCHING_ALL : SAKER_RULE_MATCHING_FIRST,
			      RULES_FEW, RECORDS_LONG);
		done += RULES_FEW;
		if (done - told >= 1000000) {
			told = done;
			clock_gettime(CLOCK_MONOTONIC, &now);
			print_message("%llu conditions agree (%lld s)\n", (unsigned long long)done,
				      (long long)now.tv_sec);
		}
	}
	print_message("%llu conditions, %d records each: both agree on all\n",
		      (unsigned long long)done, RECORDS_LONG);
}

static void test_all(void **state)
{
	for (int round = 0; round < 25 && !wanted; round++)
		compare_round(SAKER_RULE_MATCHING_ALL, RULES_FEW, RECORDS);
	for (int round = 0; round < 4 && !wanted; round++)
		compare_round(SAKER_RULE_MATCHING_ALL, RULES_MANY, RECORDS);
}

static void test_first(void **state)
{
	for (int round = 0; round < 10 && !wanted; round++)
		compare_round(SAKER_RULE_MATCHING_FIRST, RULES_FEW, RECORDS);
	if (!wanted)
		compare_round(SAKER_RULE_MATCHING_FIRST, RULES_MANY, RECORDS);
}

static void test_long_runs(void **state)
{
	if (wanted)
		skip();
	compare_round(SAKER_RULE_MATCHING_ALL, 12, RECORDS_MANY);
	compare_round(SAKER_RULE_MATCHING_ALL, RULES_FEW, RECORDS_MANY);
	compare_round(SAKER_RULE_MATCHING_FIRST, RULES_MANY, RECORDS_MANY);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_long_runs),
	};
	const char *number = argc > 1 ? argv[1] : getenv("SAKER_SEED");
	const char *conditions = getenv("SAKER_CONDITIONS");

	seed = number ? strtoull(number, NULL, 10) : 1;
	wanted = conditions ? strtoull(conditions, NULL, 10) : 0;
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
