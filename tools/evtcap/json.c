/* SPDX-License-Identifier: Apache-2.0 */
/* Not by a JSON library: a line for each of a million events must not build a tree. */
#include "json.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>

#include "text.h"

/* One that text_clean_span() stops at; returns how many bytes it is. */
static size_t put_special(FILE *out, const unsigned char *p, size_t len)
{
	if (p[0] < 0x20 || p[0] == 0x7f) {
		fprintf(out, "\\u%04x", p[0]);
		return 1;
	}
	if (p[0] == 0xc2 && len > 1 && p[1] >= 0x80 && p[1] < 0xa0) { /* C1 controls */
		fprintf(out, "\\u%04x", p[1]);
		return 2;
	}
	fputs("\\ufffd", out);
	return 1;
}

static void put_clean(FILE *out, const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (likely(text[i] != '"' && text[i] != '\\'))
			continue;
		fwrite_unlocked(text + from, 1, i - from, out);
		putc_unlocked('\\', out);
		from = i;
	}
	fwrite_unlocked(text + from, 1, len - from, out);
}

void json_put_string(FILE *out, const char *text, size_t len)
{
	putc_unlocked('"', out);
	while (len) {
		size_t bad, good = text_clean_span(text, len, &bad);

		put_clean(out, text, good);
		text += good;
		len -= good;
		if (bad) {
			size_t n = put_special(out, (const unsigned char *)text, len);

			text += n;
			len -= n;
		}
	}
	putc_unlocked('"', out);
}

static void put_double(FILE *out, double v)
{
	if (isfinite(v))
		fprintf(out, "%.17g", v);
	else
		fputs("null", out);
}

static void put_ip(FILE *out, const struct saker_ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(ip->family == 6 ? AF_INET6 : AF_INET, ip->addr, text, sizeof(text)))
		fprintf(out, "\"%s\"", text);
	else
		fputs("null", out);
}

static void put_unsigned(FILE *out, const struct saker_value *v)
{
	switch (v->format) {
	case SAKER_FORMAT_HEX:
		fprintf(out, "\"%" PRIX64 "\"", saker_value_bits(v));
		break;
	case SAKER_FORMAT_OCT:
		fprintf(out, "\"%" PRIo64 "\"", saker_value_bits(v));
		break;
	default:
		fprintf(out, "%" PRIu64, v->u64);
	}
}

void json_put_value(FILE *out, const struct saker_value *v)
{
	if (v->absent != SAKER_PRESENT) {
		fputs("null", out);
		return;
	}
	switch ((enum saker_type)v->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		json_put_string(out, v->str, v->len);
		break;
	case SAKER_TYPE_BOOL:
		fputs(v->u64 ? "true" : "false", out);
		break;
	case SAKER_TYPE_I8:
	case SAKER_TYPE_I16:
	case SAKER_TYPE_I32:
	case SAKER_TYPE_I64:
		if (v->format == SAKER_FORMAT_HEX || v->format == SAKER_FORMAT_OCT)
			put_unsigned(out, v);
		else
			fprintf(out, "%" PRId64, v->i64);
		break;
	case SAKER_TYPE_DOUBLE:
		put_double(out, v->f64);
		break;
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		put_ip(out, v->ip);
		break;
	case SAKER_TYPE_NONE:
		fputs("null", out);
		break;
	default:
		put_unsigned(out, v);
	}
}
