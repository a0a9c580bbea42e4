/* SPDX-License-Identifier: Apache-2.0 */
/* Extraction by hand, for what is counted by field values: far cheaper than rendering text. */
#include "fields.h"

#include "common/util.h"

int fields_bind(const char *name, struct saker_field_ref *ret_ref)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();
	char error[128];

	for (uint32_t i = 0; i < c->n_fields; i++) {
		const struct saker_field *f = &c->fields[i];

		if (!util_streq(f->name, name))
			continue;
		*ret_ref = (struct saker_field_ref){
			.field = f, .type = f->type, .format = f->format, .flags = f->flags};
		return c->bind(c, ret_ref, error, sizeof(error));
	}
	return -ENOENT;
}

int64_t fields_number(const struct saker_field_ref *ref, struct saker_record *record,
		      int64_t fallback)
{
	struct saker_values values = {0};

	ref->extract(record, ref, &values);
	if (values.n == 0 || values.v[0].type < SAKER_TYPE_BOOL ||
	    values.v[0].type > SAKER_TYPE_PORT)
		return fallback;
	return values.v[0].i64;
}

size_t fields_text(const struct saker_field_ref *ref, struct saker_record *record,
		   const char **ret_text)
{
	struct saker_values values = {0};

	ref->extract(record, ref, &values);
	if (values.n == 0 || values.v[0].type > SAKER_TYPE_BYTES) {
		*ret_text = "";
		return 0;
	}
	/* The text of a single value may stand in values itself only as a pointer: it stays. */
	*ret_text = values.v[0].str;
	return values.v[0].len;
}
