/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of an alert, by name. */
#include "record.h"

int wanted_add(struct wanted *wanted, const char *name, size_t len)
{
	char *copy;

	for (uint32_t i = 0; i < wanted->names.n; i++) {
		if (strlen(wanted->names.v[i]) == len && memcmp(wanted->names.v[i], name, len) == 0)
			return (int)i;
	}
	if (wanted->names.n >= SAKER_SCAN_MAX_FIELDS)
		return -E2BIG;
	copy = strndup(name, len);
	if (!copy || strings_add(&wanted->names, copy) < 0) {
		free(copy);
		return -ENOMEM;
	}
	return (int)wanted->names.n - 1;
}

void wanted_fini(struct wanted *wanted)
{
	for (uint32_t i = 0; i < wanted->names.n; i++)
		free((char *)wanted->names.v[i]);
	strings_fini(&wanted->names);
}

int column_parse(const char *name, struct wanted *wanted, struct column *ret)
{
	static const char *const names[] = {
#define X(symbol, word, help) [COLUMN_##symbol] = word,
		COLUMN_LIST(X)
#undef X
	};
	int field;

	ret->name = name;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (util_streq(name, names[i])) {
			ret->kind = (enum column_kind)i;
			return 0;
		}
	}
	field = wanted_add(wanted, name, strlen(name));
	if (field < 0)
		return field;
	ret->kind = COLUMN_FIELD;
	ret->field = (uint32_t)field;
	return 0;
}

static struct saker_json_slice plain(struct text t)
{
	return (struct saker_json_slice){t.p, t.len, t.len ? SAKER_JSON_STRING : SAKER_JSON_NONE,
					 0};
}

struct saker_json_slice column_get(const struct column *column, const struct record *record)
{
	const struct saker_scanned *a = record->alert;

	switch (column->kind) {
	case COLUMN_RULE:
		return a->rule;
	case COLUMN_PRIORITY:
		return a->priority;
	case COLUMN_SOURCE:
		return a->source;
	case COLUMN_HOSTNAME:
		return a->hostname.len ? a->hostname : plain(record->host);
	case COLUMN_TAGS:
		return a->tags;
	case COLUMN_OUTPUT:
		return a->output;
	case COLUMN_MESSAGE:
		return a->message;
	case COLUMN_TIME:
		return a->time;
	case COLUMN_INPUT:
		return plain(text_of(record->input));
	case COLUMN_FIELD:
		return a->fields[column->field];
	}
	return (struct saker_json_slice){0};
}
