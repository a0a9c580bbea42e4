/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions over the toy catalogue: types, operators, modifiers, missing values, transformers. */
#include "toy.h"

struct eval_case {
	const char *condition;
	const char *record;
	int expected;
};

static const struct eval_case cases[] = {
	/* text */
	{"toy.str = sh", "str=sh", 1},
	{"toy.str == sh", "str=sh", 1},
	{"toy.str = sh", "str=bash", 0},
	{"toy.str != sh", "str=bash", 1},
	{"toy.str != sh", "str=sh", 0},
	{"toy.str = ''", "str=", 1},
	{"toy.str contains as", "str=bash", 1},
	{"toy.str contains ''", "str=bash", 1},
	{"toy.str contains AS", "str=bash", 0},
	{"toy.str icontains AS", "str=bAsh", 1},
	{"toy.str startswith ba", "str=bash", 1},
	{"toy.str startswith bash1", "str=bash", 0},
	{"toy.str endswith sh", "str=bash", 1},
	{"toy.str endswith xbash", "str=bash", 0},
	{"toy.str glob b*h", "str=bash", 1},
	{"toy.str glob '*sh'", "str=bash", 1},
	{"toy.str glob 'ba*'", "str=bash", 1},
	{"toy.str glob '*as*'", "str=bash", 1},
	{"toy.str glob bash", "str=bash", 1},
	{"toy.str glob '*'", "str=bash", 1},
	{"toy.str glob 'b[a-c]?h'", "str=bash", 1},
	{"toy.str glob 'b[!a]sh'", "str=bash", 0},
	{"toy.str glob 'B*H'", "str=bash", 0},
	{"toy.str iglob 'B*H'", "str=bash", 1},
	{"toy.str regex 'b.*h'", "str=bash", 1},
	{"toy.str regex 'as'", "str=bash", 0},
	{"toy.str regex '[a-z]{4}'", "str=bash", 1},
	{"toy.str in (zsh, bash)", "str=bash", 1},
	{"toy.str in (zsh, bash)", "str=sh", 0},
	{"toy.str in ()", "str=sh", 0},
	{"toy.str intersects (zsh, bash)", "str=bash", 1},
	{"toy.str pmatch (/usr, /etc)", "str=/usr/bin/ls", 1},
	{"toy.str pmatch (/usr/bin)", "str=/usr", 0},
	{"toy.str pmatch (/us)", "str=/usr", 0},
	{"toy.str pmatch ('/usr/*/ls', /b)", "str=/usr/bin/ls", 1},
	{"toy.str pmatch ('/usr/*/cat', '/*/sbin')", "str=/usr/bin/ls", 0},
	{"toy.str pmatch ('/usr/*/cat', '/*/bin')", "str=/usr/bin/ls", 1},
	{"toy.str pmatch (/)", "str=/usr/bin/ls", 1},
	{"toy.str < 5", "str=4x", 1},
	{"toy.path = /etc/passwd", "path=/etc/passwd", 1},
	{"toy.path startswith /etc", "path=/etc/passwd", 1},
	/* missing: every check is false, even != */
	{"toy.str = sh", "", 0},
	{"toy.str != sh", "", 0},
	{"not toy.str != sh", "", 1},
	{"toy.str exists", "", 0},
	{"not toy.str exists", "", 1},
	{"toy.str exists", "str=", 1},
	{"toy.i64 >= 0", "", 0},
	{"toy.i64 < 0", "", 0},
	{"toy.ip != 1.2.3.4", "", 0},
	{"toy.str != allof (a, b)", "", 0},
	{"toy.str in (a, b)", "", 0},
	/* modifiers */
	{"toy.str = anyof (a, b)", "str=b", 1},
	{"toy.str = anyof (a, b)", "str=c", 0},
	{"toy.str != allof (a, b)", "str=c", 1},
	{"toy.str != allof (a, b)", "str=b", 0},
	{"toy.str != anyof (a, b)", "str=b", 1},
	{"toy.str != anyof (a)", "str=a", 0},
	{"toy.str = allof (a, a)", "str=a", 1},
	{"toy.str = allof (a, b)", "str=a", 0},
	{"toy.str = oneof (a, b)", "str=a", 1},
	{"toy.str = oneof (a, a)", "str=a", 0},
	{"toy.str contains anyof (x, as)", "str=bash", 1},
	{"toy.str contains allof (ba, sh)", "str=bash", 1},
	{"toy.str contains allof (ba, sx)", "str=bash", 0},
	{"toy.str contains oneof (ba, sx)", "str=bash", 1},
	{"toy.str contains oneof (ba, sh)", "str=bash", 0},
	{"toy.str startswith anyof (x, ba, y, z)", "str=bash", 1},
	{"toy.str endswith allof (sh, ash)", "str=bash", 1},
	{"toy.str regex anyof ('x.*', 'b.*')", "str=bash", 1},
	{"toy.str regex allof ('x.*', 'b.*')", "str=bash", 0},
	{"toy.str glob oneof ('x*', 'b*')", "str=bash", 1},
	{"toy.str contains anyof ()", "str=bash", 0},
	{"toy.str != allof ()", "str=bash", 0},
	/* bytes */
	{"toy.bytes contains ell", "bytes=hello", 1},
	{"toy.bytes bcontains 656c6C", "bytes=hello", 1},
	{"toy.bytes bcontains 00", "bytes=hello", 0},
	{"toy.bytes bstartswith 6865", "bytes=hello", 1},
	{"toy.bytes bstartswith 656c", "bytes=hello", 0},
	{"toy.bytes startswith he", "bytes=hello", 1},
	{"toy.bytes endswith lo", "bytes=hello", 1},
	/* numbers, by width and sign */
	{"toy.bool = true", "bool=true", 1},
	{"toy.bool = false", "bool=true", 0},
	{"toy.bool != false", "bool=true", 1},
	{"toy.i64 = -1", "i64=-1", 1},
	{"toy.i64 < 0", "i64=-1", 1},
	{"toy.i64 >= 0", "i64=-1", 0},
	{"toy.u64 > 10", "u64=11", 1},
	{"toy.u64 <= 10", "u64=11", 0},
	{"toy.i32 in (1, 2, 3)", "i32=2", 1},
	{"toy.i32 in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", "i32=10", 1},
	{"toy.i32 in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", "i32=11", 0},
	{"toy.u8 = 255", "u8=255", 1},
	{"toy.u8 = 256", "u8=0", 1},
	{"toy.i8 = 255", "i8=-1", 1},
	{"toy.u32 = -1", "u32=4294967295", 1},
	{"toy.rel > 1000000000", "rel=1000000001", 1},
	{"toy.abs = 5", "abs=5", 1},
	{"toy.port = 80", "port=80", 1},
	{"toy.double > 2", "double=2.5", 1},
	{"toy.double < 2", "double=2.5", 0},
	/* addresses */
	{"toy.ip = 1.2.3.4", "ip=1.2.3.4", 1},
	{"toy.ip != 1.2.3.4", "ip=1.2.3.5", 1},
	{"toy.ip in (1.2.3.4, 5.6.7.8, 9.9.9.9, ::1)", "ip=::1", 1},
	{"toy.ip = ::1", "ip=1.2.3.4", 0},
	{"toy.ip != ::1", "ip=1.2.3.4", 1},
	{"toy.net = 10.0.0.0/8", "net=10.1.2.3", 1},
	{"toy.net = 10.0.0.0/8", "net=11.1.2.3", 0},
	{"toy.net != 10.0.0.0/8", "net=11.1.2.3", 1},
	{"toy.net != fe80::/10", "net=11.1.2.3", 1},
	{"toy.net = fe80::/10", "net=fe81::1", 1},
	{"toy.net = 0.0.0.0/0", "net=255.255.255.255", 1},
	{"toy.net in (10.0.0.0/8, 192.168.0.0/16, 172.16.0.0/12, 127.0.0.0/8)", "net=172.31.0.1",
	 1},
	{"toy.net in (10.0.0.0/8, 192.168.0.0/16, 172.16.0.0/12, 127.0.0.0/8)", "net=172.32.0.1",
	 0},
	{"toy.net in (10.0.0.0/8, 10.1.0.0/16, 10.1.1.0/24, 10.1.1.1/32)", "net=10.1.1.1", 1},
	/* lists: in = every element, intersects = some */
	{"toy.list in (a, b, c)", "list=a,b", 1},
	{"toy.list in (a, b, c)", "list=a,x", 0},
	{"toy.list intersects (a, b, c)", "list=x,a", 1},
	{"toy.list intersects (a, b, c)", "list=x,y", 0},
	{"toy.list in (a)", "", 0},
	{"toy.list intersects (a)", "", 0},
	{"toy.list in (a)", "list=", 1},
	{"toy.list intersects (a)", "list=", 0},
	{"toy.nums in (1, 2, 3)", "nums=1,3", 1},
	{"toy.nums intersects (1, 2, 3)", "nums=5,3", 1},
	{"toy.ips intersects (1.1.1.1)", "ips=2.2.2.2,1.1.1.1", 1},
	{"toy.nets in (10.0.0.0/8)", "nets=10.0.0.1,10.2.0.1", 1},
	{"toy.nets in (10.0.0.0/8)", "nets=10.0.0.1,11.2.0.1", 0},
	/* alternatives: one is enough; != by the field's flag */
	{"toy.any = b", "any=a,b", 1},
	{"toy.any != b", "any=a,b", 1},
	{"toy.any != b", "any=b,b", 0},
	{"toy.any in (x, y, b)", "any=a,b", 1},
	{"toy.any contains zz", "any=azz,b", 1},
	{"toy.any contains allof (a, z)", "any=a,z", 0},
	{"toy.any contains allof (a, z)", "any=q,az", 1},
	{"toy.any startswith b", "any=a,b", 1},
	{"toy.any regex 'x+'", "any=a,xx", 1},
	{"toy.any = a", "", 0},
	{"toy.any != a", "", 0},
	{"toy.any exists", "any=a", 1},
	{"toy.anyip = 1.1.1.1", "anyip=2.2.2.2,1.1.1.1", 1},
	{"toy.anyip != 1.1.1.1", "anyip=2.2.2.2,1.1.1.1", 0},
	{"toy.anyip != 1.1.1.1", "anyip=2.2.2.2,3.3.3.3", 1},
	{"toy.anynet != 10.0.0.0/8", "anynet=2.2.2.2,10.3.3.3", 0},
	{"toy.anynet = 10.0.0.0/8", "anynet=2.2.2.2,10.3.3.3", 1},
	{"toy.anyport = 80", "anyport=1,80", 1},
	{"toy.anyport != 80", "anyport=1,80", 0},
	{"toy.anyport < 80", "anyport=1,80", 1},
	{"toy.opt = b", "opt=a,b", 1},
	{"toy.opt[1] = b", "opt=a,b", 1},
	{"toy.opt[0] = b", "opt=a,b", 0},
	{"toy.opt[5] != b", "opt=a,b", 0},
	{"toy.arg.flags = flags", "", 1},
	{"toy.arg[flags] = flags", "", 1},
	/* fields against fields */
	{"toy.str = val(toy.str2)", "str=a;str2=a", 1},
	{"toy.str != val(toy.str2)", "str=a;str2=a", 0},
	{"toy.str = val(toy.str2)", "str=a", 0},
	{"toy.str contains val(toy.str2)", "str=bash;str2=as", 1},
	{"toy.str startswith tolower(toy.str2)", "str=bash;str2=BA", 1},
	{"toy.u64 > val(evt.num)", "u64=3;num=2", 1},
	{"toy.ip = val(toy.ip2)", "ip=1.1.1.1;ip2=1.1.1.1", 1},
	{"toy.str in val(toy.str2)", "str=a;str2=a", 1},
	/* transformers */
	{"tolower(toy.str) = bash", "str=BaSh", 1},
	{"toupper(toy.str) = BASH", "str=BaSh", 1},
	{"b64(toy.str) = hello", "str=aGVsbG8=", 1},
	{"b64(toy.str) = hello", "str=aGVsbG8", 1},
	{"b64(toy.str) exists", "str=a*b", 0},
	{"b64(toy.bytes) startswith he", "bytes=aGVsbG8=", 1},
	{"basename(toy.path) = passwd", "path=/etc/passwd", 1},
	{"basename(toy.path) = passwd", "path=passwd", 1},
	{"basename(toy.path) = ''", "path=/etc/", 1},
	{"len(toy.str) = 4", "str=bash", 1},
	{"len(toy.str) > 4", "str=bash", 0},
	{"len(toy.bytes) = 5", "bytes=hello", 1},
	{"len(toy.list) = 2", "list=a,b", 1},
	{"len(toy.list) = 0", "list=", 1},
	{"len(toy.str) = 0", "", 0},
	{"toupper(basename(toy.path)) = LS", "path=/bin/ls", 1},
	{"concat(toy.str, '-', toy.str2) = a-b", "str=a;str2=b", 1},
	{"concat(toy.str, toy.str2) exists", "str=a", 0},
	{"join(',', toy.list) = 'a,b'", "list=a,b", 1},
	{"join('', (toy.str, 'x', toy.str2)) = axb", "str=a;str2=b", 1},
	{"join(' ', (toy.str, toy.u64)) = 'a 7'", "str=a;u64=7", 1},
	{"getopt(toy.list, 'ab:')[b] = v", "list=-a,-b,v", 1},
	{"getopt(toy.list, 'ab:')[b] = v", "list=-abv", 1},
	{"getopt(toy.list, 'ab:')[a] = a", "list=-abv", 1},
	{"getopt(toy.list, 'ab:')[b] exists", "list=-a,stop,-b,v", 0},
	{"getopt(toy.list, 'ab:')[b] exists", "list=--,-b,v", 0},
	{"getopt(toy.list, 'ab:')[b] = v", "list=--long,-b,v", 1},
	{"getopt(toy.list, 'ab:')[b] = ''", "list=-b", 1},
	{"getopt(toy.list, 'ab:') intersects ('?')", "list=-az", 1},
	{"getopt(toy.list, 'ab:') in (a, b, v)", "list=-a,-bv", 1},
	{"tolower(toy.list) in (a, b)", "list=A,B", 1},
	/* logic */
	{"toy.str = a and toy.str2 = b", "str=a;str2=b", 1},
	{"toy.str = a and toy.str2 = b", "str=a", 0},
	{"toy.str = a or toy.str2 = b", "str2=b", 1},
	{"not (toy.str = a or toy.str2 = b)", "str=x;str2=y", 1},
	{"toy.str = a and not toy.str = a", "str=a", 0},
	{"toy.str = a or not toy.str = a", "", 1},
	{"not not toy.str = a", "str=a", 1},
	/* selection by code */
	{"evt.type = open", "code=1", 1},
	{"evt.type = open", "code=2", 1},
	{"evt.type = open", "code=3", 0},
	{"evt.type != open", "code=3", 1},
	{"evt.type != open", "code=1", 0},
	{"evt.type in (read, write) and toy.str = a", "code=5;str=a", 1},
	{"evt.type in (read, write) and toy.str = a", "code=6;str=a", 0},
	{"not evt.type in (read, write)", "code=6", 1},
	{"not evt.type in (read, write)", "code=4", 0},
	{"evt.type = open", "code=8;type=open", 1},
	{"evt.type = open", "code=8;type=notify", 0},
	{"evt.type = notify", "code=8;type=notify", 1},
	{"evt.type != notify", "code=8", 0},
	{"evt.num = 0", "code=1;num=3", 0},
	{"evt.num = 3", "code=1;num=3", 1},
};

static void test_cases(void **state)
{
	static struct toy toy;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct toy_findings findings = {0};
		struct saker_filter *filter;
		int r = saker_filter_compile(&toy_catalogue, cases[i].condition, toy_diag,
					     &findings, &filter);

		if (r < 0)
			fail_msg("%s: %d %s", cases[i].condition, r, findings.all);
		toy_parse(&toy, cases[i].record);
		r = saker_filter_eval(filter, &toy);
		if (r != cases[i].expected)
			fail_msg("%s over %s: %d", cases[i].condition, cases[i].record, r);
		/* twice: nothing sticks from one record to the next */
		assert_int_equal(saker_filter_eval(filter, &toy), cases[i].expected);
		toy_parse(&toy, "");
		saker_filter_eval(filter, &toy);
		toy_parse(&toy, cases[i].record);
		assert_int_equal(saker_filter_eval(filter, &toy), cases[i].expected);
		saker_filter_free(filter);
	}
}

/* Each case as a rule of one ruleset: groups form, and must change nothing. */
static void test_cases_together(void **state)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	const struct saker_rule *const *rules;
	struct toy_findings findings;
	struct saker_ruleset *ruleset;
	struct saker_eval *eval;
	static struct toy toy;
	size_t size = 1 << 20, n = 0;
	char *yaml = malloc(size);

	assert_non_null(yaml);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		n += (size_t)snprintf(yaml + n, size - n,
				      "- rule: r%zu\n  desc: d\n  condition: >\n    %s\n"
				      "  output: o\n  priority: INFO\n  source: toy\n",
				      i, cases[i].condition);
	options.matching = SAKER_RULE_MATCHING_ALL;
	if (toy_ruleset(yaml, &options, &findings, &ruleset) < 0)
		fail_msg("%s", findings.all);
	assert_int_equal(saker_ruleset_n_rules(ruleset), ARRAY_SIZE(cases));
	assert_int_equal(saker_eval_new(ruleset, &eval), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool found = false;
		int matched;

		toy_parse(&toy, cases[i].record);
		matched = saker_ruleset_eval(eval, 0, &toy, &rules);
		assert_true(matched >= 0);
		for (int k = 0; k < matched; k++) {
			found |= rules[k]->index == i;
			if (k)
				assert_true(rules[k]->index > rules[k - 1]->index);
		}
		if (found != cases[i].expected)
			fail_msg("%s over %s: %d", cases[i].condition, cases[i].record, found);
	}
	saker_eval_free(eval);
	saker_ruleset_unref(ruleset);
	free(yaml);
}

static const struct {
	const char *condition;
	const char *message; /* part of it */
	const char *hint;
	uint32_t column;
} errors[] = {
	{"toy.sti = a", "filter_check called with nonexistent field toy.sti", "toy.str", 1},
	{"toy.str = a and toy.foo.bar = b", "nonexistent field toy.foo.bar", "", 17},
	{"toy.str[1] = a", "nonexistent field toy.str[1]", "toy.str takes no argument", 1},
	{"toy.arg = a", "requires an argument", "", 1},
	{"toy.opt[x] = a", "'x' is no index", "", 1},
	{"toy.i64 contains 1", "'contains' operator not supported for numeric filters", "", 1},
	{"toy.bool > 1", "'>' operator not supported for numeric filters", "", 1},
	{"toy.str bcontains 00", "'bcontains' operator not supported for string filters", "", 1},
	{"toy.bytes glob a", "'glob' operator not supported for buffer filters", "", 1},
	{"toy.ip < 1", "'<' operator not supported for ip address and network filters", "", 1},
	{"toy.list = a", "'=' operator not supported list filters", "", 1},
	{"toy.i64 = abc", "abc is not a valid number", "", 11},
	{"toy.u16 = 0x10", "0x10 is not a valid number", "", 11},
	{"toy.bool = maybe", "unrecognized boolean value maybe", "", 12},
	{"toy.ip = 1.2.3", "unrecognized IPv4 address 1.2.3", "", 10},
	{"toy.net = 1.2.3.4", "unrecognized IP network 1.2.3.4", "", 11},
	{"toy.net = 1.2.3.4/33", "invalid netmask 33", "", 11},
	{"toy.port = nosuchservice", "unrecognized protocol nosuchservice", "", 12},
	{"toy.bytes bcontains abc", "support hex strings only", "", 21},
	{"toy.str regex '('", "invalid regex pattern", "", 15},
	{"evt.type = nope", "unknown event type nope", "", 12},
	{"toy.str = val(toy.u64)", "has incompatible type 'UINT64'", "", 11},
	{"toy.str = val(toy.list)", "has incompatible type 'CHARBUF (list)'", "", 11},
	{"toy.str = val(toy.norhs)", "can't be used as a right-hand side field", "", 11},
	{"toy.norhs = val(toy.str)", "doesn't support right-hand side fields", "", 13},
	{"toy.net = val(toy.ip)", "field type 'IPNET' doesn't support", "", 11},
	{"toy.str regex val(toy.str2)", "operator 'REGEX' doesn't support", "", 15},
	{"tolower(toy.i64) = 1", "type 'INT64' is not supported by 'tolower'", "", 1},
	{"tolower(toy.notr) = a", "field 'toy.notr' does not support transformers", "", 1},
	{"concat(toy.str) = a", "concat() requires at least 2 arguments", "", 1},
	{"join(toy.str, toy.str) = a", "join() second argument must be a list", "", 1},
	{"getopt(toy.list, 'a')[ab] = a", "single option character", "", 1},
};

static void test_errors(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct toy_findings f = {0};
		struct saker_filter *filter = NULL;
		int r = saker_filter_compile(&toy_catalogue, errors[i].condition, toy_diag, &f,
					     &filter);

		if (r != -EBADMSG)
			fail_msg("%s compiles: %d", errors[i].condition, r);
		assert_string_equal(f.id, "LOAD_ERR_COMPILE_CONDITION");
		if (!strstr(f.message, errors[i].message) || !strstr(f.hint, errors[i].hint))
			fail_msg("%s: %s (%s)", errors[i].condition, f.message, f.hint);
		if (f.column != errors[i].column)
			fail_msg("%s: column %u", errors[i].condition, f.column);
	}
}

static const struct {
	const char *condition;
	const char *warning; /* NULL = none */
} warnings[] = {
	{"toy.str = toy.str2", "'toy.str2' may be a valid field misused as a const string value"},
	{"toy.str in (a, toy.str2)", "'toy.str2' may be a valid field misused"},
	{"toy.str = 'toy.opt[1]'", "may be a valid field misused"},
	{"toy.str = 'tolower(x)'", "may be a valid field transformer misused"},
	{"toy.str regex 'foo.*'", "may be optimized with simpler operators"},
	{"toy.str regex 'fo+.*'", NULL},
	{"toy.old = a", "deprecated"},
	{"toy.str = a.b", NULL},
	{"toy.str = a", NULL},
};

static void test_warnings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
		struct toy_findings f = {0};
		struct saker_filter *filter;

		assert_int_equal(saker_filter_compile(&toy_catalogue, warnings[i].condition,
						      toy_diag, &f, &filter),
				 0);
		if (!warnings[i].warning != !f.n)
			fail_msg("%s: %u findings", warnings[i].condition, f.n);
		if (warnings[i].warning && !strstr(f.message, warnings[i].warning))
			fail_msg("%s: %s", warnings[i].condition, f.message);
		saker_filter_free(filter);
	}
}

static void test_codes(void **state)
{
	static const struct {
		const char *condition;
		uint64_t codes;
	} table[] = {
		{"evt.type = open", 1 << 1 | 1 << 2 | 1 << 8},
		{"evt.type = notify", 1 << 8},
		{"evt.type in (read, exec)", 1 << 4 | 1 << 6 | 1 << 8},
		{"evt.type != open", 0x1ff & ~(1 << 1 | 1 << 2)},
		{"not evt.type = open", 0x1ff & ~(1 << 1 | 1 << 2)},
		{"toy.str = a", 0x1ff},
		{"toy.str = a and evt.type = open", 1 << 1 | 1 << 2 | 1 << 8},
		{"toy.str = a or evt.type = open", 0x1ff},
		{"not (evt.type = open and toy.str = a)", 0x1ff},
		{"not (evt.type = open or toy.str = a)", 0x1ff & ~(1 << 1 | 1 << 2)},
		{"evt.num = 0", 0},
		{"evt.num = 0 and toy.str = a", 0},
		{"evt.type = read and evt.type = open", 1 << 8},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct saker_filter *filter;
		uint64_t codes = 0;

		assert_int_equal(saker_filter_compile(&toy_catalogue, table[i].condition, NULL,
						      NULL, &filter),
				 0);
		assert_int_equal(saker_filter_codes(filter, &codes, 1), 0);
		if (codes != table[i].codes)
			fail_msg("%s: %lx", table[i].condition, (unsigned long)codes);
		saker_filter_free(filter);
	}
}

/* A catalogue without codes: every rule is asked. */
static void test_no_codes(void **state)
{
	struct saker_catalogue plain = toy_catalogue;
	struct saker_filter *filter;
	static struct toy toy;

	plain.n_codes = 0;
	plain.code = NULL;
	plain.select = NULL;
	assert_int_equal(
		saker_filter_compile(&plain, "toy.str = a and evt.type != x", NULL, NULL, &filter),
		0);
	toy_parse(&toy, "code=3;str=a");
	assert_int_equal(saker_filter_eval(filter, &toy), 1);
	toy_parse(&toy, "code=3;str=b");
	assert_int_equal(saker_filter_eval(filter, &toy), 0);
	saker_filter_free(filter);
	plain.n_codes = 1025;
	assert_int_equal(saker_filter_compile(&plain, "toy.str = a", NULL, NULL, &filter), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),  cmocka_unit_test(test_cases_together),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_codes),  cmocka_unit_test(test_no_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
