/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A toy catalogue for the tests of evaluation: a field of every type and arity
 * over a record that is nothing but values, written in tests as
 * "str=sh;list=a,b;code=3".
 */
#ifndef TEST_RULES_TOY_H
#define TEST_RULES_TOY_H

#include <arpa/inet.h>
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <saker/rules.h>

#include "common/util.h"

#define FLAG_ARG SAKER_FIELD_ARG_ALLOWED
#define FLAG_ARG_NEEDED SAKER_FIELD_ARG_REQUIRED
#define FLAG_LIST SAKER_FIELD_LIST
#define FLAG_ANY SAKER_FIELD_ANY
#define FLAG_ANY_ALL (SAKER_FIELD_ANY | SAKER_FIELD_NE_ALL)

/* symbol, name, type, flags, cost */
#define TOY_FIELD_LIST(X)                                           \
	X(TYPE, "evt.type", STRING, 0, 1)                           \
	X(TIME, "evt.time", STRING, 0, 30)                          \
	X(NUM, "evt.num", U64, 0, 1)                                \
	X(STR, "toy.str", STRING, 0, 2)                             \
	X(STR2, "toy.str2", STRING, 0, 2)                           \
	X(PATH, "toy.path", PATH, 0, 5)                             \
	X(BYTES, "toy.bytes", BYTES, 0, 5)                          \
	X(BOOL, "toy.bool", BOOL, 0, 1)                             \
	X(I8, "toy.i8", I8, 0, 1)                                   \
	X(I16, "toy.i16", I16, 0, 1)                                \
	X(I32, "toy.i32", I32, 0, 1)                                \
	X(I64, "toy.i64", I64, 0, 1)                                \
	X(U8, "toy.u8", U8, 0, 1)                                   \
	X(U16, "toy.u16", U16, 0, 1)                                \
	X(U32, "toy.u32", U32, 0, 1)                                \
	X(U64, "toy.u64", U64, 0, 1)                                \
	X(REL, "toy.rel", RELTIME, 0, 1)                            \
	X(ABS, "toy.abs", ABSTIME, 0, 1)                            \
	X(PORT, "toy.port", PORT, 0, 1)                             \
	X(DOUBLE, "toy.double", DOUBLE, 0, 1)                       \
	X(IP, "toy.ip", IP, 0, 2)                                   \
	X(IP2, "toy.ip2", IP, 0, 2)                                 \
	X(NET, "toy.net", NET, 0, 2)                                \
	X(LIST, "toy.list", STRING, FLAG_LIST, 10)                  \
	X(NUMS, "toy.nums", U64, FLAG_LIST, 10)                     \
	X(IPS, "toy.ips", IP, FLAG_LIST, 10)                        \
	X(NETS, "toy.nets", NET, FLAG_LIST, 10)                     \
	X(ANY, "toy.any", STRING, FLAG_ANY, 20)                     \
	X(ANYIP, "toy.anyip", IP, FLAG_ANY_ALL, 5)                  \
	X(ANYNET, "toy.anynet", NET, FLAG_ANY_ALL, 5)               \
	X(ANYPORT, "toy.anyport", PORT, FLAG_ANY_ALL, 5)            \
	X(ARG, "toy.arg", STRING, FLAG_ARG_NEEDED, 5)               \
	X(OPT, "toy.opt", STRING, FLAG_ARG | FLAG_ANY, 5)           \
	X(OLD, "toy.old", STRING, SAKER_FIELD_WARN, 1)              \
	X(PRINT, "toy.print", STRING, SAKER_FIELD_PRINT_ONLY, 1)    \
	X(FILTER, "toy.filter", STRING, SAKER_FIELD_FILTER_ONLY, 1) \
	X(NORHS, "toy.norhs", STRING, SAKER_FIELD_NO_RHS, 1)        \
	X(NOTR, "toy.notr", STRING, SAKER_FIELD_NO_TRANSFORMER, 1)  \
	X(SUG, "toy.sug", STRING, SAKER_FIELD_SUGGESTED, 1)         \
	X(HEX, "toy.hex", U32, 0, 1)                                \
	X(RAW, "toy.raw", STRING, SAKER_FIELD_TYPED_TEXT, 1)

enum toy_field {
#define X(symbol, name, type, flags, cost) TOY_##symbol,
	TOY_FIELD_LIST(X)
#undef X
		TOY_FIELDS,
};

static const struct saker_field toy_fields[] = {
#define X(symbol, field, kind, bits, nanoseconds)                                 \
	{.name = (field),                                                         \
	 .type = SAKER_TYPE_##kind,                                               \
	 .flags = (bits),                                                         \
	 .cost = (nanoseconds),                                                   \
	 .format = TOY_##symbol == TOY_HEX ? SAKER_FORMAT_HEX : SAKER_FORMAT_DEC, \
	 .group = "toy",                                                          \
	 .description = ""},
	TOY_FIELD_LIST(X)
#undef X
};

#define TOY_VALUES 8

struct toy {
	uint32_t code;
	uint32_t n[TOY_FIELDS]; /* + 1; 0 = absent */
	struct saker_value v[TOY_FIELDS][TOY_VALUES];
	struct saker_ip ips[TOY_FIELDS][TOY_VALUES];
	uint32_t extracted[TOY_FIELDS]; /* calls, for tests of sharing */
	char text[2048];
};

/* Discriminators: two codes of the same name, one whose records may be of any name. */
static const char *const toy_codes[] = {"none",	 "open", "open",    "close", "read",
					"write", "exec", "connect", "any"};
#define TOY_CODE_ANY 8

static void toy_extract(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct toy *toy = record;
	size_t f = (size_t)ref->number;
	bool indexed = f == TOY_OPT && ref->arg;
	uint32_t i = indexed ? (uint32_t)(ref->arg[0] - '0') : 0;

	toy->extracted[f]++;
	if (f == TOY_ARG) {
		saker_values_set(out, saker_value_str(ref->arg, ref->arg_len));
		return;
	}
	if (!toy->n[f] || (indexed && i >= toy->n[f] - 1)) {
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		return;
	}
	out->v = &toy->v[f][i];
	out->n = indexed ? 1 : toy->n[f] - 1;
	out->absent = SAKER_PRESENT;
}

static void toy_time_typed(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	saker_values_set(out, saker_value_u64(SAKER_TYPE_ABSTIME, 1234567890));
}

/* Bound as text, and a number in outputs. */
static void toy_raw_typed(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_value v = saker_value_u64(SAKER_TYPE_U32, 30);

	v.format = SAKER_FORMAT_HEX;
	saker_values_set(out, v);
}

static int toy_bind(const struct saker_catalogue *catalogue, struct saker_field_ref *ref,
		    char *error, size_t error_size)
{
	ref->number = ref->field - toy_fields;
	ref->extract = toy_extract;
	if (ref->number == TOY_TIME)
		ref->extract_typed = toy_time_typed;
	if (ref->number == TOY_RAW)
		ref->extract_typed = toy_raw_typed;
	if (ref->number == TOY_OPT && ref->arg) {
		if (ref->arg_len != 1 || ref->arg[0] < '0' || ref->arg[0] > '7') {
			snprintf(error, error_size, "'%s' is no index", ref->arg);
			return -EINVAL;
		}
		ref->flags &= (uint16_t)~SAKER_FIELD_ANY;
	}
	return 0;
}

static uint32_t toy_code(const void *record)
{
	return ((const struct toy *)record)->code;
}

static int toy_select(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
		      const char *constant, size_t len, uint64_t *may, uint64_t *must)
{
	bool found = util_streq(constant, "notify");

	if (ref->number == TOY_NUM && util_streq(constant, "0"))
		return 0;
	if (ref->number != TOY_TYPE)
		return -ENOTSUP;
	*may |= UINT64_C(1) << TOY_CODE_ANY;
	for (uint32_t i = 0; i < TOY_CODE_ANY; i++) {
		if (!util_streq(toy_codes[i], constant))
			continue;
		*may |= UINT64_C(1) << i;
		*must |= UINT64_C(1) << i;
		found = true;
	}
	return found ? 0 : -ENOENT;
}

/* "close" and "exec" have no path, "write" has no i64. */
static bool toy_code_has(uint32_t code, uint32_t field)
{
	if (field == TOY_PATH)
		return code != 3 && code != 6;
	return field != TOY_I64 || code != 5;
}

static int toy_has(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
		   uint64_t *codes)
{
	if (ref->number != TOY_PATH && ref->number != TOY_I64)
		return -ENOTSUP;
	for (uint32_t i = 0; i < ARRAY_SIZE(toy_codes); i++)
		*codes |= (uint64_t)toy_code_has(i, (uint32_t)ref->number) << i;
	return 0;
}

static const struct saker_catalogue toy_catalogue __attribute__((unused)) = {
	.size = sizeof(struct saker_catalogue),
	.source = "toy",
	.fields = toy_fields,
	.n_fields = TOY_FIELDS,
	.n_codes = ARRAY_SIZE(toy_codes),
	.bind = toy_bind,
	.code = toy_code,
	.select = toy_select,
	.has = toy_has,
};

/* ---- records from text --------------------------------------------------- */

static void toy_ip(struct saker_ip *ip, const char *text)
{
	memset(ip, 0, sizeof(*ip));
	ip->family = strchr(text, ':') ? 6 : 4;
	if (inet_pton(ip->family == 4 ? AF_INET : AF_INET6, text, ip->addr) != 1)
		fail_msg("no address: %s", text);
}

static void toy_set(struct toy *toy, size_t f, uint32_t i, const char *text)
{
	struct saker_value *v = &toy->v[f][i];

	memset(v, 0, sizeof(*v));
	v->type = toy_fields[f].type;
	switch ((enum saker_type)toy_fields[f].type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		v->str = text;
		v->len = (uint32_t)strlen(text);
		break;
	case SAKER_TYPE_BOOL:
		v->u64 = util_streq(text, "true");
		break;
	case SAKER_TYPE_DOUBLE:
		v->f64 = strtod(text, NULL);
		break;
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		toy_ip(&toy->ips[f][i], text);
		v->ip = &toy->ips[f][i];
		break;
	default:
		v->i64 = strtoll(text, NULL, 10);
		break;
	}
}

static size_t toy_find(const char *name)
{
	for (size_t f = 0; f < TOY_FIELDS; f++)
		if (util_streq(strchr(toy_fields[f].name, '.') + 1, name))
			return f;
	fail_msg("no toy field %s", name);
	return 0;
}

/* "str=sh;list=a,b;code=3"; "list=" is an empty list, "str=" an empty string */
static __attribute__((unused)) struct toy *toy_parse(struct toy *toy, const char *text)
{
	char *rest, *value, *item, *part;

	memset(toy, 0, sizeof(*toy));
	snprintf(toy->text, sizeof(toy->text), "%s", text);
	rest = toy->text;
	while ((part = strsep(&rest, ";"))) {
		size_t f;
		bool multi;

		if (!*part)
			continue;
		value = strchr(part, '=');
		*value++ = '\0';
		if (util_streq(part, "code")) {
			toy->code = (uint32_t)strtoul(value, NULL, 10);
			if (toy->code < TOY_CODE_ANY) {
				toy_set(toy, TOY_TYPE, 0, toy_codes[toy->code]);
				toy->n[TOY_TYPE] = 2;
			}
			continue;
		}
		f = toy_find(part);
		multi = toy_fields[f].flags & (SAKER_FIELD_LIST | SAKER_FIELD_ANY);
		toy->n[f] = 1;
		if (!multi) {
			toy_set(toy, f, 0, value);
			toy->n[f] = 2;
			continue;
		}
		while (*value && (item = strsep(&value, ",")) && toy->n[f] <= TOY_VALUES) {
			toy_set(toy, f, toy->n[f] - 1, item);
			toy->n[f]++;
			if (!value)
				break;
		}
	}
	return toy;
}

/* ---- findings ------------------------------------------------------------ */

struct toy_findings {
	unsigned int n;
	char id[64];
	char message[512];
	char hint[256];
	uint32_t line, column;
	char all[4096]; /* "ID: message\n" of each */
};

static void __attribute__((unused)) toy_diag(void *userdata, const struct saker_diag *diag)
{
	struct toy_findings *f = userdata;
	size_t n = strlen(f->all);

	f->n++;
	snprintf(f->id, sizeof(f->id), "%s", diag->id);
	snprintf(f->message, sizeof(f->message), "%s", diag->message);
	snprintf(f->hint, sizeof(f->hint), "%s", diag->hint);
	f->line = diag->line;
	f->column = diag->column;
	snprintf(f->all + n, sizeof(f->all) - n, "%s: %s\n", diag->id, diag->message);
}

/* ---- rulesets ------------------------------------------------------------ */

/* Compiles YAML over the toy catalogue; the result of _compile. */
static int __attribute__((unused))
toy_ruleset(const char *yaml, struct saker_rules_options *options, struct toy_findings *findings,
	    struct saker_ruleset **ret)
{
	struct saker_rules_loader *loader;
	int r;

	memset(findings, 0, sizeof(*findings));
	options->diag = toy_diag;
	options->diag_userdata = findings;
	assert_int_equal(saker_rules_loader_new(options, &loader), 0);
	assert_int_equal(saker_rules_loader_add_catalogue(loader, &toy_catalogue), 0);
	r = saker_rules_loader_add_buffer(loader, "toy.yaml", yaml, strlen(yaml));
	if (r >= 0)
		r = saker_rules_loader_compile(loader, ret);
	saker_rules_loader_free(loader);
	return r;
}

#endif /* TEST_RULES_TOY_H */
