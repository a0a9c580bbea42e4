/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types: which operators they take, how their constants read, and how values of
 * theirs compare. The rules of Falco's filter language, apart from any field.
 */
#ifndef RULES_TYPE_H
#define RULES_TYPE_H

#include <saker/base.h>

#include "ast.h"

/* How a value is stored and compared. */
enum rules_class {
	RULES_CLASS_NONE,
	RULES_CLASS_TEXT, /* string, path */
	RULES_CLASS_BYTES,
	RULES_CLASS_BOOL,
	RULES_CLASS_SIGNED,
	RULES_CLASS_UNSIGNED, /* port and times too */
	RULES_CLASS_DOUBLE,
	RULES_CLASS_IP,
	RULES_CLASS_NET,
};

enum rules_class rules_type_class(enum saker_type type);
/* Falco's word: "CHARBUF" for a string. */
const char *rules_type_name(enum saker_type type);

/* A parsed constant, or a value made comparable with one. */
struct rules_constant {
	union {
		uint64_t u64;
		int64_t i64;
		double f64;
		struct {
			const char *str;
			uint32_t len;	  /* of str */
			uint16_t rare[2]; /* rules_find_prepare: for contains */
		};
		struct saker_ip ip;
	};
};

/* Whether the operator suits; if not, says so in Falco's words. */
bool rules_type_takes(enum saker_type type, bool list, enum rules_op op, char *error,
		      size_t error_size);

/* text is NUL-terminated; strings are not copied. -EINVAL with a reason. */
int rules_type_parse(enum saker_type type, enum rules_op op, const char *text, uint32_t len,
		     struct rules_constant *ret_constant, char *error, size_t error_size);

/* bcontains' operand: an even number of hexadecimal digits to len / 2 bytes; -EINVAL. */
int rules_type_unhex(const char *text, uint32_t len, char *ret_bytes);

/* Which classes a value of a type can be read as; bits by enum rules_class. */
#define RULES_FITS_TEXT (1u << RULES_CLASS_TEXT | 1u << RULES_CLASS_BYTES)
#define RULES_FITS_NUMBER \
	(1u << RULES_CLASS_BOOL | 1u << RULES_CLASS_SIGNED | 1u << RULES_CLASS_UNSIGNED)
#define RULES_FITS_IP (1u << RULES_CLASS_IP | 1u << RULES_CLASS_NET)

/* False when values of the type (enum saker_type) are of another kind than the class. */
static inline bool rules_type_fits(enum rules_class class, unsigned int type)
{
	unsigned int fits = RULES_FITS_NUMBER;

	if (type <= SAKER_TYPE_BYTES)
		fits = type == SAKER_TYPE_NONE ? 0 : RULES_FITS_TEXT;
	else if (type >= SAKER_TYPE_DOUBLE)
		fits = type == SAKER_TYPE_DOUBLE ? 1u << RULES_CLASS_DOUBLE
		       : type <= SAKER_TYPE_NET	 ? RULES_FITS_IP
						 : 0;
	return fits >> class & 1;
}

/* `value op constant` for the operators that need no table: all but regex and pmatch. */
bool rules_type_compare(enum rules_class class, enum rules_op op, const struct saker_value *value,
			const struct rules_constant *constant);

/* The bytes under which a value of the class is kept in a set. buf is for numbers and addresses. */
#define RULES_KEY_SIZE 24
static inline const void *rules_type_key(enum rules_class class, const struct saker_value *value,
					 char buf[RULES_KEY_SIZE], size_t *ret_len)
{
	switch (class) {
	case RULES_CLASS_TEXT:
	case RULES_CLASS_BYTES:
		*ret_len = value->len;
		return value->str;
	case RULES_CLASS_IP:
	case RULES_CLASS_NET:
		buf[0] = (char)value->ip->family;
		*ret_len = value->ip->family == 4 ? 5 : 17;
		memcpy(buf + 1, value->ip->addr, *ret_len - 1);
		return buf;
	case RULES_CLASS_DOUBLE: {
		double d = value->f64 == 0 ? 0 : value->f64; /* no negative zero */

		memcpy(buf, &d, 8);
		*ret_len = 8;
		return buf;
	}
	default:
		memcpy(buf, &value->u64, 8);
		*ret_len = 8;
		return buf;
	}
}

/* A constant's key: the same bytes as those of the values that equal it. */
const void *rules_type_constant_key(enum rules_class class, const struct rules_constant *constant,
				    char buf[RULES_KEY_SIZE], size_t *ret_len);

#endif /* RULES_TYPE_H */
