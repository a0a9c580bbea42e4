/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing a value with a constant: the part of types that runs per event. */
#include "find.h"
#include "trie.h"
#include "type.h"

/* As strcmp orders them. */
static int compare_order(const struct saker_value *v, const struct rules_constant *c)
{
	size_t n = MIN(v->len, c->len);
	int order = n ? memcmp(v->str, c->str, n) : 0;

	return order ? order : v->len < c->len ? -1 : v->len > c->len;
}

static bool compare_text(enum rules_op op, const struct saker_value *v,
			 const struct rules_constant *c)
{
	switch (op) {
	case RULES_OP_EQ:
	case RULES_OP_IN:
	case RULES_OP_INTERSECTS:
		return v->len == c->len && (!c->len || memcmp(v->str, c->str, c->len) == 0);
	case RULES_OP_NE:
		return v->len != c->len || (c->len && memcmp(v->str, c->str, c->len) != 0);
	case RULES_OP_LT:
		return compare_order(v, c) < 0;
	case RULES_OP_LE:
		return compare_order(v, c) <= 0;
	case RULES_OP_GT:
		return compare_order(v, c) > 0;
	case RULES_OP_GE:
		return compare_order(v, c) >= 0;
	case RULES_OP_CONTAINS:
	case RULES_OP_BCONTAINS:
		return rules_find(v->str, v->len, c->str, c->len, c->rare, false);
	case RULES_OP_ICONTAINS:
		return rules_find(v->str, v->len, c->str, c->len, c->rare, true);
	case RULES_OP_STARTSWITH:
	case RULES_OP_BSTARTSWITH:
		return v->len >= c->len && (!c->len || memcmp(v->str, c->str, c->len) == 0);
	case RULES_OP_ENDSWITH:
		return v->len >= c->len &&
		       (!c->len || memcmp(v->str + v->len - c->len, c->str, c->len) == 0);
	case RULES_OP_GLOB:
		return rules_glob_match(c->str, c->len, v->str, v->len, false);
	case RULES_OP_IGLOB:
		return rules_glob_match(c->str, c->len, v->str, v->len, true);
	default:
		return false;
	}
}

#define COMPARE_NUMBERS(op, a, b)             \
	({                                    \
		bool _result = false;         \
		switch (op) {                 \
		case RULES_OP_EQ:             \
		case RULES_OP_IN:             \
		case RULES_OP_INTERSECTS:     \
			_result = (a) == (b); \
			break;                \
		case RULES_OP_NE:             \
			_result = (a) != (b); \
			break;                \
		case RULES_OP_LT:             \
			_result = (a) < (b);  \
			break;                \
		case RULES_OP_LE:             \
			_result = (a) <= (b); \
			break;                \
		case RULES_OP_GT:             \
			_result = (a) > (b);  \
			break;                \
		case RULES_OP_GE:             \
			_result = (a) >= (b); \
			break;                \
		default:                      \
			break;                \
		}                             \
		_result;                      \
	})

static bool compare_in_net(const struct saker_ip *address, const struct saker_ip *net)
{
	unsigned bytes = net->prefix / 8, bits = net->prefix % 8;

	if (address->family != net->family)
		return false;
	if (memcmp(address->addr, net->addr, bytes) != 0)
		return false;
	return !bits || address->addr[bytes] >> (8 - bits) == net->addr[bytes] >> (8 - bits);
}

static bool compare_same_ip(const struct saker_ip *a, const struct saker_ip *b)
{
	return a->family == b->family && memcmp(a->addr, b->addr, a->family == 4 ? 4 : 16) == 0;
}

bool rules_type_compare(enum rules_class class, enum rules_op op, const struct saker_value *value,
			const struct rules_constant *constant)
{
	bool same;

	switch (class) {
	case RULES_CLASS_TEXT:
	case RULES_CLASS_BYTES:
		return compare_text(op, value, constant);
	case RULES_CLASS_BOOL:
		/* any value but 0 is true, whoever made it */
		same = !value->u64 == !constant->u64;
		return op == RULES_OP_NE ? !same : same;
	case RULES_CLASS_SIGNED:
		return COMPARE_NUMBERS(op, value->i64, constant->i64);
	case RULES_CLASS_UNSIGNED:
		return COMPARE_NUMBERS(op, value->u64, constant->u64);
	case RULES_CLASS_DOUBLE:
		return COMPARE_NUMBERS(op, value->f64, constant->f64);
	case RULES_CLASS_IP:
		same = compare_same_ip(value->ip, &constant->ip);
		return op == RULES_OP_NE ? !same : same;
	case RULES_CLASS_NET:
		same = compare_in_net(value->ip, &constant->ip);
		return op == RULES_OP_NE ? !same : same;
	case RULES_CLASS_NONE:
		break;
	}
	return false;
}
