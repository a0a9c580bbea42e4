/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and typed values as JSON, in the very spelling that Falco's alerts
 * have. Apart from buffer.c because this is about types, that about bytes.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "buffer.h"

void output_put_padded(struct output_buffer *b, uint64_t v, unsigned int digits)
{
	char text[24];
	char *end = text + sizeof(text), *p = end;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v || (unsigned int)(end - p) < MIN(digits, 20u));
	output_put(b, p, (size_t)(end - p));
}

void output_put_u64(struct output_buffer *b, uint64_t v)
{
	output_put_padded(b, v, 1);
}

void output_put_i64(struct output_buffer *b, int64_t v)
{
	if (v < 0)
		output_put_lit(b, "-");
	output_put_padded(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 1);
}

/*
 * The digits of |v| without trailing zeros and the place of its decimal point
 * (0.digits times ten to *point). 15 digits always survive a round trip through
 * a double, 17 always suffice. Any decimal comma of the locale is skipped.
 */
static size_t shortest_digits(double v, char digits[18], int *point)
{
	char text[40];
	size_t n = 0;

	/* The smallest numbers of all have fewer digits than that. */
	for (int precision = v < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision - 1, v);
		if (strtod(text, NULL) == v)
			break;
	}
	for (const char *p = text; *p && *p != 'e'; p++) {
		if (isdigit((unsigned char)*p) && n < 17)
			digits[n++] = *p;
	}
	*point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

static void put_zeros(struct output_buffer *b, int n)
{
	while (n-- > 0)
		output_put_lit(b, "0");
}

static void put_exponent_form(struct output_buffer *b, const char *digits, size_t n, int exponent)
{
	output_put(b, digits, 1);
	if (n > 1) {
		output_put_lit(b, ".");
		output_put(b, digits + 1, n - 1);
	}
	output_put_str(b, exponent < 0 ? "e-" : "e+");
	output_put_padded(b, (uint64_t)abs(exponent), 2);
}

void output_put_double(struct output_buffer *b, double v)
{
	char digits[18];
	int point;
	size_t n;

	if (!isfinite(v)) {
		output_put_lit(b, "null");
		return;
	}
	if (signbit(v))
		output_put_lit(b, "-");
	if (v == 0) {
		output_put_lit(b, "0.0");
		return;
	}
	n = shortest_digits(fabs(v), digits, &point);
	if ((int)n <= point && point <= 15) { /* 1200.0 */
		output_put(b, digits, n);
		put_zeros(b, point - (int)n);
		output_put_lit(b, ".0");
	} else if (point > 0 && point <= 15) { /* 12.5 */
		output_put(b, digits, (size_t)point);
		output_put_lit(b, ".");
		output_put(b, digits + point, n - (size_t)point);
	} else if (point > -4 && point <= 0) { /* 0.0012 */
		output_put_lit(b, "0.");
		put_zeros(b, -point);
		output_put(b, digits, n);
	} else {
		put_exponent_form(b, digits, n, point - 1);
	}
}

static void put_ip(struct output_buffer *b, const struct saker_ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (!ip || !inet_ntop(ip->family == 6 ? AF_INET6 : AF_INET, ip->addr, text, sizeof(text)))
		output_put_lit(b, "null");
	else
		output_put_json_string(b, text, strlen(text));
}

/* Hexadecimal and octal are strings in JSON, as are numbers with leading zeros. */
static bool put_formatted(struct output_buffer *b, const struct saker_value *v)
{
	char text[32];

	switch (v->format) {
	case SAKER_FORMAT_HEX:
		snprintf(text, sizeof(text), "\"%llX\"", (unsigned long long)saker_value_bits(v));
		break;
	case SAKER_FORMAT_OCT:
		snprintf(text, sizeof(text), "\"%llo\"", (unsigned long long)saker_value_bits(v));
		break;
	case SAKER_FORMAT_PADDED_DEC:
		snprintf(text, sizeof(text), "\"%09llu\"", (unsigned long long)v->u64);
		break;
	default:
		return false;
	}
	output_put_str(b, text);
	return true;
}

void output_put_json_value(struct output_buffer *b, const struct saker_value *v)
{
	if (v->absent != SAKER_PRESENT) {
		output_put_lit(b, "null");
		return;
	}
	switch (v->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		output_put_json_string(b, v->len ? v->str : "", v->len);
		break;
	case SAKER_TYPE_BOOL:
		output_put_str(b, v->u64 ? "true" : "false");
		break;
	case SAKER_TYPE_I8:
	case SAKER_TYPE_I16:
	case SAKER_TYPE_I32:
	case SAKER_TYPE_I64:
		if (!put_formatted(b, v))
			output_put_i64(b, v->i64);
		break;
	case SAKER_TYPE_U8:
	case SAKER_TYPE_U16:
	case SAKER_TYPE_U32:
	case SAKER_TYPE_U64:
	case SAKER_TYPE_PORT:
	case SAKER_TYPE_RELTIME:
	case SAKER_TYPE_ABSTIME:
		if (!put_formatted(b, v))
			output_put_u64(b, v->u64);
		break;
	case SAKER_TYPE_DOUBLE:
		output_put_double(b, v->f64);
		break;
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		put_ip(b, v->ip);
		break;
	default:
		output_put_lit(b, "null");
	}
}
