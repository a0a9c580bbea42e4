/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles and evaluates: the input is a condition, a format and a record, one a
 * line (the record may hold further lines). Whatever compiles must evaluate, the
 * same twice, and its negation must say the opposite.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <saker/rules.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of the record from which every field makes its value. */
struct bytes {
	const char *data;
	size_t len;
	struct saker_value values[4];
	struct saker_ip ips[4];
};

#define FIELD(field, kind, bits)                                                        \
	{                                                                               \
		.name = (field), .type = SAKER_TYPE_##kind, .flags = (bits), .cost = 1, \
		.group = "", .description = ""                                          \
	}

static const struct saker_field fields[] = {
	FIELD("f.type", STRING, 0),
	FIELD("f.str", STRING, 0),
	FIELD("f.tail", PATH, 0),
	FIELD("f.bytes", BYTES, 0),
	FIELD("f.bool", BOOL, 0),
	FIELD("f.i8", I8, 0),
	FIELD("f.i64", I64, 0),
	FIELD("f.u32", U32, 0),
	FIELD("f.port", PORT, 0),
	FIELD("f.double", DOUBLE, 0),
	FIELD("f.ip", IP, 0),
	FIELD("f.net", NET, 0),
	FIELD("f.list", STRING, SAKER_FIELD_LIST),
	FIELD("f.nums", U64, SAKER_FIELD_LIST),
	FIELD("f.any", STRING, SAKER_FIELD_ANY),
	FIELD("f.anynet", NET, SAKER_FIELD_ANY | SAKER_FIELD_NE_ALL),
	FIELD("f.arg", STRING, SAKER_FIELD_ARG_REQUIRED),
	FIELD("f.none", STRING, 0),
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static void make(struct bytes *b, size_t i, enum saker_type type, size_t at)
{
	struct saker_value *v = &b->values[i];
	size_t part = b->len > at ? b->len - at : 0;

	memset(v, 0, sizeof(*v));
	v->type = (uint8_t)type;
	if (type <= SAKER_TYPE_BYTES) {
		v->str = b->data + (part ? at : 0);
		v->len = (uint32_t)(part > 32 ? 32 : part);
	} else if (type == SAKER_TYPE_IP || type == SAKER_TYPE_NET) {
		memset(&b->ips[i], 0, sizeof(b->ips[i]));
		b->ips[i].family = part % 2 ? 4 : 6;
		memcpy(b->ips[i].addr, b->data + (part ? at : 0), part > 16 ? 16 : part);
		v->ip = &b->ips[i];
	} else if (type == SAKER_TYPE_DOUBLE) {
		v->f64 = (double)part / 3;
	} else {
		memcpy(&v->u64, b->data + (part ? at : 0), part > 8 ? 8 : part);
	}
}

static void extract(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	/* values stay until the next record, so each field has a home of its own */
	static _Thread_local struct bytes homes[N_FIELDS];
	const struct bytes *b = record;
	struct bytes *home = &homes[ref->number];
	bool multi = ref->flags & (SAKER_FIELD_LIST | SAKER_FIELD_ANY);
	uint32_t n = multi ? (uint32_t)(b->len % 5) : 1;

	if (ref->arg) {
		saker_values_set(out, saker_value_str(ref->arg, ref->arg_len));
		return;
	}
	if (ref->number == (int64_t)N_FIELDS - 1) {
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		return;
	}
	home->data = b->data;
	home->len = b->len;
	for (uint32_t i = 0; i < n; i++)
		make(home, i, (enum saker_type)ref->type, (size_t)ref->number + 3 * i);
	out->v = home->values;
	out->n = n;
	out->absent = SAKER_PRESENT;
}

static int bind_field(const struct saker_catalogue *catalogue, struct saker_field_ref *ref,
		      char *error, size_t error_size)
{
	ref->number = ref->field - fields;
	ref->extract = extract;
	return 0;
}

static uint32_t code(const void *record)
{
	return (uint32_t)(((const struct bytes *)record)->len % 4);
}

static int selects(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
		   const char *constant, size_t len, uint64_t *may, uint64_t *must)
{
	if (ref->number != 0)
		return -95; /* ENOTSUP */
	/* any record may be of any type: what the code says is never wrong */
	*may = 0xf;
	*must = 0;
	return 0;
}

static const struct saker_catalogue catalogue = {
	.size = sizeof(struct saker_catalogue),
	.source = "fuzz",
	.fields = fields,
	.n_fields = N_FIELDS,
	.n_codes = 4,
	.bind = bind_field,
	.code = code,
	.select = selects,
};

static char *line(const char **p, const char *end)
{
	const char *newline = memchr(*p, '\n', (size_t)(end - *p));
	size_t len = (size_t)((newline ? newline : end) - *p);
	char *text = malloc(len + 1);

	if (!text)
		abort();
	memcpy(text, *p, len);
	text[len] = '\0';
	*p = newline ? newline + 1 : end;
	return text;
}

static void ignore(void *userdata, const struct saker_diag *diag)
{
	if (!diag->message || !diag->hint)
		abort();
}

static int evaluate(const char *condition, struct bytes *record)
{
	struct saker_filter *filter;
	int r = saker_filter_compile(&catalogue, condition, ignore, NULL, &filter);

	if (r < 0)
		return r;
	r = saker_filter_eval(filter, record);
	if (r != saker_filter_eval(filter, record))
		abort();
	saker_filter_free(filter);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	char *condition, *format, *negated;
	struct saker_formatter *formatter;
	struct saker_rendered rendered;
	struct bytes record = {0};
	int r;

	if (!size)
		return 0;
	condition = line(&p, end);
	format = line(&p, end);
	record.data = p == end ? "" : p;
	record.len = (size_t)(end - p);
	r = evaluate(condition, &record);
	negated = malloc(strlen(condition) + 8);
	if (!negated)
		abort();
	snprintf(negated, strlen(condition) + 8, "not (%s)", condition);
	/* one level deeper it may be refused, but it must not disagree */
	if (r >= 0) {
		int n = evaluate(negated, &record);

		if (n >= 0 && n == r)
			abort();
	}
	if (saker_formatter_compile(&catalogue, format, ignore, NULL, &formatter) == 0) {
		if (saker_formatter_render(formatter, &record, &rendered) < 0 ||
		    strlen(rendered.message) > rendered.message_len)
			abort();
		saker_formatter_free(formatter);
	}
	free(condition);
	free(negated);
	free(format);
	return 0;
}
