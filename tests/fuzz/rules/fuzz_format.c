/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format parser and rendering: whatever compiles renders every record, the
 * same way twice, with values in order and none twice; what does not is reported
 * with a place inside of the text. The record is the input, too.
 */
#include <saker/rules.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const char *data;
	size_t len;
};

static const struct saker_field fields[] = {
	{"f.type", SAKER_TYPE_STRING, 0, 0, 1, "", ""},
	{"f.str", SAKER_TYPE_STRING, 0, 0, 1, "", ""},
	{"f.str.long", SAKER_TYPE_BYTES, 0, 0, 1, "", ""},
	{"f.number", SAKER_TYPE_I64, 0, 0, 1, "", ""},
	{"f.any", SAKER_TYPE_STRING, SAKER_FIELD_ANY, 0, 1, "", ""},
	{"f.list", SAKER_TYPE_STRING, SAKER_FIELD_LIST, 0, 1, "", ""},
	{"f.arg", SAKER_TYPE_STRING, SAKER_FIELD_ARG_REQUIRED, 0, 1, "", ""},
	{"f.none", SAKER_TYPE_STRING, 0, 0, 1, "", ""},
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static void extract(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	static _Thread_local struct saker_value homes[N_FIELDS][3];
	const struct bytes *b = record;
	struct saker_value *home = homes[ref->number];
	uint32_t n = ref->flags & (SAKER_FIELD_ANY | SAKER_FIELD_LIST) ? (uint32_t)b->len % 4 : 1;

	if (ref->arg) {
		saker_values_set(out, saker_value_str(ref->arg, ref->arg_len));
		return;
	}
	if (ref->number == (int64_t)N_FIELDS - 1) {
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		home[i] = ref->type == SAKER_TYPE_I64
				  ? saker_value_i64(SAKER_TYPE_I64, (int64_t)b->len - 8)
				  : saker_value_str(b->data, (uint32_t)b->len);
		home[i].type = (uint8_t)ref->type;
	}
	out->v = home;
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
	return 0;
}

static const struct saker_catalogue catalogue = {
	.size = sizeof(struct saker_catalogue),
	.source = "fuzz",
	.fields = fields,
	.n_fields = N_FIELDS,
	.n_codes = 1,
	.bind = bind_field,
	.code = code,
};

static void check(void *userdata, const struct saker_diag *diag)
{
	if (!*diag->id || !*diag->message || !diag->line || !diag->column)
		abort();
}

static void render(struct saker_formatter *formatter, struct bytes *record, char **ret, size_t *len)
{
	struct saker_rendered r;

	if (saker_formatter_render(formatter, record, &r) < 0 || strlen(r.message) > r.message_len)
		abort();
	for (uint32_t i = 1; i < r.n_values; i++) {
		if (strcmp(r.values[i - 1].name, r.values[i].name) >= 0)
			abort();
	}
	*ret = malloc(r.message_len + 1);
	if (!*ret)
		abort();
	memcpy(*ret, r.message, r.message_len + 1);
	*len = r.message_len;
}

/* Up to the first line break the format, behind it the record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t n = end ? (size_t)(end - data) : size;
	struct saker_formatter *formatter = NULL;
	struct bytes record = {.data = (const char *)data + n, .len = size - n};
	char *format, *first, *second;
	size_t first_len, second_len;

	if (size > 65536)
		return 0;
	format = malloc(n + 1);
	if (!format)
		abort();
	if (n)
		memcpy(format, data, n);
	format[n] = '\0';
	if (saker_formatter_compile(&catalogue, format, check, NULL, &formatter) == 0) {
		render(formatter, &record, &first, &first_len);
		render(formatter, &record, &second, &second_len);
		if (first_len != second_len || memcmp(first, second, first_len) != 0)
			abort();
		free(first);
		free(second);
	}
	saker_formatter_free(formatter);
	free(format);
	return 0;
}
