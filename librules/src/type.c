/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables and parsers of types. Numbers wrap to the width of their type and
 * ports may be service names, because rules written for Falco rely on it.
 */
#include "type.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#include "trie.h"

/* type, class, bits, Falco's name */
#define TYPE_LIST(X)                        \
	X(STRING, TEXT, 0, "CHARBUF")       \
	X(PATH, TEXT, 0, "FSPATH")          \
	X(BYTES, BYTES, 0, "BYTEBUF")       \
	X(BOOL, BOOL, 1, "BOOL")            \
	X(I8, SIGNED, 8, "INT8")            \
	X(I16, SIGNED, 16, "INT16")         \
	X(I32, SIGNED, 32, "INT32")         \
	X(I64, SIGNED, 64, "INT64")         \
	X(U8, UNSIGNED, 8, "UINT8")         \
	X(U16, UNSIGNED, 16, "UINT16")      \
	X(U32, UNSIGNED, 32, "UINT32")      \
	X(U64, UNSIGNED, 64, "UINT64")      \
	X(RELTIME, UNSIGNED, 64, "RELTIME") \
	X(ABSTIME, UNSIGNED, 64, "ABSTIME") \
	X(PORT, UNSIGNED, 16, "PORT")       \
	X(DOUBLE, DOUBLE, 0, "DOUBLE")      \
	X(IP, IP, 0, "IPADDR")              \
	X(NET, NET, 0, "IPNET")

static const struct {
	enum rules_class class;
	uint8_t bits;
	const char *name;
} types[] = {[SAKER_TYPE_NONE] = {RULES_CLASS_NONE, 0, "NONE"},
#define X(symbol, class, bits, name) [SAKER_TYPE_##symbol] = {RULES_CLASS_##class, bits, name},
	     TYPE_LIST(X)
#undef X
};

enum rules_class rules_type_class(enum saker_type type)
{
	return (size_t)type < ARRAY_SIZE(types) ? types[type].class : RULES_CLASS_NONE;
}

const char *rules_type_name(enum saker_type type)
{
	return (size_t)type < ARRAY_SIZE(types) ? types[type].name : "NONE";
}

#define OP(symbol) (1u << RULES_OP_##symbol)
#define OPS_EQUAL (OP(EQ) | OP(NE) | OP(IN) | OP(INTERSECTS) | OP(EXISTS))
#define OPS_ORDER (OP(LT) | OP(LE) | OP(GT) | OP(GE))

/* Which operators a class takes, and what Falco calls its filters when it does not. */
static const struct {
	uint32_t ops;
	const char *words;
} class_ops[] = {
	[RULES_CLASS_NONE] = {OP(EXISTS), "for type 'NONE'"},
	[RULES_CLASS_TEXT] = {OPS_EQUAL | OPS_ORDER | OP(CONTAINS) | OP(ICONTAINS) |
				      OP(STARTSWITH) | OP(ENDSWITH) | OP(GLOB) | OP(IGLOB) |
				      OP(REGEX) | OP(PMATCH),
			      "for string filters"},
	[RULES_CLASS_BYTES] = {OPS_EQUAL | OP(CONTAINS) | OP(STARTSWITH) | OP(ENDSWITH) |
				       OP(BCONTAINS) | OP(BSTARTSWITH),
			       "for buffer filters"},
	[RULES_CLASS_BOOL] = {OPS_EQUAL, "for numeric filters"},
	[RULES_CLASS_SIGNED] = {OPS_EQUAL | OPS_ORDER, "for numeric filters"},
	[RULES_CLASS_UNSIGNED] = {OPS_EQUAL | OPS_ORDER, "for numeric filters"},
	[RULES_CLASS_DOUBLE] = {OPS_EQUAL | OPS_ORDER, "for numeric filters"},
	[RULES_CLASS_IP] = {OPS_EQUAL, "for ip address and network filters"},
	[RULES_CLASS_NET] = {OPS_EQUAL, "for ip address and network filters"},
};

static const char *const op_texts[] = {
#define X(symbol, text) [RULES_OP_##symbol] = text,
	RULES_OP_LIST(X)
#undef X
};

static bool type_may_be_list(enum saker_type type)
{
	switch (type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_U64:
	case SAKER_TYPE_RELTIME:
	case SAKER_TYPE_ABSTIME:
	case SAKER_TYPE_BOOL:
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		return true;
	default:
		return false;
	}
}

bool rules_type_takes(enum saker_type type, bool list, enum rules_op op, char *error,
		      size_t error_size)
{
	enum rules_class class = rules_type_class(type);

	if (op == RULES_OP_EXISTS)
		return true;
	if (list && !type_may_be_list(type)) {
		snprintf(error, error_size, "list filters are not supported for type '%s'",
			 rules_type_name(type));
		return false;
	}
	if (list && op != RULES_OP_IN && op != RULES_OP_INTERSECTS) {
		snprintf(error, error_size, "'%s' operator not supported list filters",
			 op_texts[op]);
		return false;
	}
	if (class_ops[class].ops & 1u << op)
		return true;
	snprintf(error, error_size, "'%s' operator not supported %s", op_texts[op],
		 class_ops[class].words);
	return false;
}

/*
 * Decimal; the whole text. As strtoll and strtoull: what is too large saturates. The
 * grammar has hexadecimal numbers as well, but Falco takes none for a value.
 */
static int type_parse_number(const char *text, bool is_signed, uint64_t *ret)
{
	const char *p = text;
	char *end;

	while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		p++;
	if (*p == '-' || *p == '+')
		p++;
	if (*p < '0' || *p > '9')
		return -EINVAL;
	errno = 0;
	if (is_signed)
		*ret = (uint64_t)strtoll(text, &end, 10);
	else
		*ret = strtoull(text, &end, 10);
	errno = 0;
	return *end ? -EINVAL : 0;
}

/* Keeps the type's bits; signed ones are extended again. */
static uint64_t type_wrap(enum saker_type type, uint64_t v)
{
	unsigned bits = types[type].bits;

	if (bits >= 64 || !bits)
		return v;
	v &= (UINT64_C(1) << bits) - 1;
	if (types[type].class == RULES_CLASS_SIGNED && v >> (bits - 1))
		v |= ~((UINT64_C(1) << bits) - 1);
	return v;
}

static int type_parse_port(const char *text, struct rules_constant *c, char *error, size_t size)
{
	char buf[2048];
	struct servent service, *found = NULL;

	if (!*text) {
		c->u64 = 0;
		return 0;
	}
	if (strspn(text, "0123456789") == strlen(text)) {
		unsigned long long number = strtoull(text, NULL, 10);

		if (number > INT32_MAX) {
			snprintf(error, size, "%s is not a valid port", text);
			return -EINVAL;
		}
		c->u64 = type_wrap(SAKER_TYPE_PORT, number);
		return 0;
	}
	if (getservbyname_r(text, NULL, &service, buf, sizeof(buf), &found) != 0 || !found) {
		snprintf(error, size, "unrecognized protocol %s", text);
		return -EINVAL;
	}
	c->u64 = ntohs((uint16_t)service.s_port);
	return 0;
}

static int type_parse_ip(const char *text, size_t len, struct saker_ip *ip, const char *what,
			 char *error, size_t size)
{
	char buf[INET6_ADDRSTRLEN + 1];
	bool v4 = memchr(text, '.', len) != NULL;

	/* an IPv6 address may end in dotted form; Falco reads every dot as IPv4 */
	memset(ip, 0, sizeof(*ip));
	ip->family = v4 ? 4 : 6;
	ip->prefix = v4 ? 32 : 128;
	if (len < sizeof(buf)) {
		memcpy(buf, text, len);
		buf[len] = '\0';
		if (inet_pton(v4 ? AF_INET : AF_INET6, buf, ip->addr) == 1)
			return 0;
	}
	snprintf(error, size, "unrecognized %s address %s", v4 ? what : "IPv6", text);
	return -EINVAL;
}

static int type_parse_net(const char *text, size_t len, struct saker_ip *ip, char *error,
			  size_t size)
{
	const char *slash = memchr(text, '/', len);
	bool v4 = memchr(text, '.', len) != NULL;
	uint64_t bits;
	int r;

	if (!slash) {
		snprintf(error, size, v4 ? "unrecognized IP network %s" : "invalid v6 netmask: %s",
			 text);
		return -EINVAL;
	}
	r = type_parse_ip(text, (size_t)(slash - text), ip, "IP", error, size);
	if (r < 0)
		return r;
	if (type_parse_number(slash + 1, false, &bits) < 0) {
		snprintf(error, size, "%s is not a valid number", slash + 1);
		return -EINVAL;
	}
	if (ip->family == 4 ? bits > 32 : bits < 1 || bits > 128) {
		snprintf(error, size, "invalid %snetmask %s", ip->family == 4 ? "" : "v6 ",
			 slash + 1);
		return -EINVAL;
	}
	ip->prefix = (uint8_t)bits;
	return 0;
}

int rules_type_parse(enum saker_type type, enum rules_op op, const char *text, uint32_t len,
		     struct rules_constant *ret_constant, char *error, size_t error_size)
{
	struct rules_constant *c = ret_constant;
	enum rules_class class = rules_type_class(type);
	uint64_t number;

	memset(c, 0, sizeof(*c));
	if (class != RULES_CLASS_BYTES && memchr(text, '\0', len)) {
		snprintf(error, error_size,
			 "filter error: filter value cannot contain a NUL byte (\\x00)");
		return -EINVAL;
	}
	switch (class) {
	case RULES_CLASS_TEXT:
	case RULES_CLASS_BYTES:
		c->str = text;
		c->len = len;
		return 0;
	case RULES_CLASS_BOOL:
		c->u64 = util_streq(text, "true");
		if (c->u64 || util_streq(text, "false"))
			return 0;
		snprintf(error, error_size, "filter error: unrecognized boolean value %s", text);
		return -EINVAL;
	case RULES_CLASS_IP:
		return type_parse_ip(text, len, &c->ip, "IPv4", error, error_size);
	case RULES_CLASS_NET:
		return type_parse_net(text, len, &c->ip, error, error_size);
	case RULES_CLASS_SIGNED:
	case RULES_CLASS_UNSIGNED:
	case RULES_CLASS_DOUBLE:
		if (type == SAKER_TYPE_PORT)
			return type_parse_port(text, c, error, error_size);
		if (type_parse_number(text, class != RULES_CLASS_UNSIGNED, &number) < 0) {
			snprintf(error, error_size, "%s is not a valid number", text);
			return -EINVAL;
		}
		if (class == RULES_CLASS_DOUBLE)
			c->f64 = (double)(int32_t)number;
		else
			c->u64 = type_wrap(type, number);
		return 0;
	case RULES_CLASS_NONE:
		break;
	}
	snprintf(error, error_size, "values of type '%s' can't be compared", rules_type_name(type));
	return -EINVAL;
}

static int type_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int rules_type_unhex(const char *text, uint32_t len, char *ret_bytes)
{
	if (len % 2)
		return -EINVAL;
	for (uint32_t i = 0; i < len; i += 2) {
		int high = type_hex_digit(text[i]), low = type_hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		ret_bytes[i / 2] = (char)(high << 4 | low);
	}
	return 0;
}

const void *rules_type_constant_key(enum rules_class class, const struct rules_constant *constant,
				    char buf[RULES_KEY_SIZE], size_t *ret_len)
{
	struct saker_value v = {.len = constant->len};

	if (class == RULES_CLASS_IP || class == RULES_CLASS_NET)
		v.ip = &constant->ip;
	else if (class == RULES_CLASS_TEXT || class == RULES_CLASS_BYTES)
		v.str = constant->str;
	else
		v.u64 = constant->u64;
	return rules_type_key(class, &v, buf, ret_len);
}
