/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A catalogue over records: libenrich's names, types and arguments, but values out
 * of a table. What is not in the table is absent.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include <saker/enrich.h>

#include "common/util.h"
#include "record.h"

static void extract(void *userdata, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct record *record = userdata;

	for (uint32_t i = 0; i < record->n; i++) {
		const struct record_entry *e = &record->entries[i];

		if (e->field != ref->field || !e->arg != !ref->arg ||
		    (e->arg && !util_streq(e->arg, ref->arg)))
			continue;
		out->v = e->values;
		out->n = e->n;
		out->absent = e->n ? SAKER_PRESENT : SAKER_ABSENT_NOT_APPLICABLE;
		return;
	}
	saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
}

static int bind_field(const struct saker_catalogue *catalogue, struct saker_field_ref *ref,
		      char *error, size_t error_size)
{
	const struct saker_catalogue *base = saker_enrich_catalogue();
	int r = base->bind(base, ref, error, error_size);

	ref->extract = extract;
	ref->extract_typed = NULL;
	return r;
}

static uint32_t code_of(const void *record)
{
	return ((const struct record *)record)->code;
}

/* libenrich knows its selecting fields by their extractors: bound anew, it has them again. */
static int select_codes(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
			const char *constant, size_t len, uint64_t *may, uint64_t *must)
{
	const struct saker_catalogue *base = saker_enrich_catalogue();
	struct saker_field_ref own = *ref;
	char error[256];
	int r = base->bind(base, &own, error, sizeof(error));

	return r < 0 ? -ENOTSUP : base->select(base, &own, constant, len, may, must);
}

void record_catalogue_init(struct saker_catalogue *c)
{
	*c = *saker_enrich_catalogue();
	c->bind = bind_field;
	c->code = code_of;
	c->select = select_codes;
}

/* ---- making one ----------------------------------------------------------------- */

struct making {
	struct arena *arena;
	struct record *record;
	char *error;
	size_t size;
};

static const struct saker_field *find(const char *name, size_t len)
{
	const struct saker_catalogue *base = saker_enrich_catalogue();

	for (uint32_t i = 0; i < base->n_fields; i++) {
		if (strlen(base->fields[i].name) == len &&
		    strncmp(base->fields[i].name, name, len) == 0)
			return &base->fields[i];
	}
	return NULL;
}

/* "proc.aname[2]", "evt.arg.flags" or just a name. */
static int bind_key(struct making *m, const char *key, struct saker_field_ref *ref)
{
	const struct saker_catalogue *base = saker_enrich_catalogue();
	const char *bracket = strchr(key, '['), *dot = strrchr(key, '.');
	const char *arg = NULL;
	size_t arg_len = 0;

	memset(ref, 0, sizeof(*ref));
	ref->field = find(key, bracket ? (size_t)(bracket - key) : strlen(key));
	if (bracket) {
		arg = bracket + 1;
		arg_len = strlen(arg);
		if (arg_len == 0 || arg[arg_len - 1] != ']')
			ref->field = NULL;
		else
			arg_len--;
	} else if (!ref->field && dot) {
		ref->field = find(key, (size_t)(dot - key));
		arg = dot + 1;
		arg_len = strlen(arg);
		if (ref->field &&
		    !(ref->field->flags & (SAKER_FIELD_ARG_REQUIRED | SAKER_FIELD_ARG_ALLOWED)))
			ref->field = NULL;
	}
	if (!ref->field) {
		snprintf(m->error, m->size, "there is no field '%s'", key);
		return -EINVAL;
	}
	if (arg) {
		ref->arg = arena_strndup(m->arena, arg, arg_len);
		ref->arg_len = (uint32_t)arg_len;
		if (!ref->arg)
			return -ENOMEM;
	}
	ref->type = ref->field->type;
	ref->format = ref->field->format;
	ref->flags = ref->field->flags;
	return base->bind(base, ref, m->error, m->size) < 0 ? -EINVAL : 0;
}

static bool parse_ip(struct making *m, const char *text, struct saker_value *value)
{
	struct saker_ip *ip = arena_alloc(m->arena, sizeof(*ip));

	if (!ip)
		return false;
	ip->family = strchr(text, ':') ? 6 : 4;
	ip->prefix = ip->family == 6 ? 128 : 32;
	value->ip = ip;
	return inet_pton(ip->family == 6 ? AF_INET6 : AF_INET, text, ip->addr) == 1;
}

static bool parse_value(struct making *m, const struct saker_field_ref *ref, const char *text,
			struct saker_value *value)
{
	bool is_true = util_streq(text, "true");
	char *end;

	*value = saker_value_str(text, strlen(text));
	value->type = ref->type;
	value->format = ref->format;
	errno = 0;
	switch (ref->type) {
	case SAKER_TYPE_NONE:
		value->type = SAKER_TYPE_STRING;
		return true;
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		return true;
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		return parse_ip(m, text, value);
	case SAKER_TYPE_BOOL:
		value->u64 = is_true;
		return is_true || util_streq(text, "false");
	case SAKER_TYPE_DOUBLE:
		value->f64 = strtod(text, &end);
		break;
	case SAKER_TYPE_I8:
	case SAKER_TYPE_I16:
	case SAKER_TYPE_I32:
	case SAKER_TYPE_I64:
		value->i64 = strtoll(text, &end, 0);
		break;
	default:
		value->u64 = strtoull(text, &end, 0);
	}
	return errno == 0 && end != text && *end == '\0';
}

static int add(struct making *m, const char *key, const struct config_node *node)
{
	struct record_entry *e = &m->record->entries[m->record->n];
	bool many = node->kind == CONFIG_LIST;
	struct saker_field_ref ref;
	int r = bind_key(m, key, &ref);

	if (r < 0)
		return r;
	if (node->kind == CONFIG_MAP ||
	    (many && !(ref.flags & (SAKER_FIELD_LIST | SAKER_FIELD_ANY)))) {
		snprintf(m->error, m->size, "%s has one value", key);
		return -EINVAL;
	}
	*e = (struct record_entry){ref.field, ref.arg, NULL, 0};
	e->values = arena_alloc(m->arena, MAX(node->n, 1u) * sizeof(*e->values));
	if (!e->values)
		return -ENOMEM;
	for (uint32_t i = 0; node->kind != CONFIG_NULL && i < (many ? node->n : 1); i++) {
		const struct config_node *v = many ? node->entries[i].value : node;

		if (v->kind != CONFIG_SCALAR || !parse_value(m, &ref, v->text, &e->values[i])) {
			snprintf(m->error, m->size, "'%s' is no value of %s",
				 v->kind == CONFIG_SCALAR ? v->text : "?", key);
			return -EINVAL;
		}
		e->n++;
	}
	m->record->n++;
	return 0;
}

/* The event's code out of evt.type: the first that is surely of that name. */
static int find_code(struct making *m)
{
	const struct saker_catalogue *base = saker_enrich_catalogue();
	uint64_t may[16] = {0}, must[16] = {0};
	struct saker_field_ref ref;
	const struct record_entry *type = NULL;
	uint32_t best = UINT32_MAX;
	int r = bind_key(m, "evt.type", &ref);

	for (uint32_t i = 0; i < m->record->n; i++) {
		if (m->record->entries[i].field == ref.field && m->record->entries[i].n)
			type = &m->record->entries[i];
	}
	if (r < 0 || !type) {
		snprintf(m->error, m->size, "an event needs evt.type");
		return -EINVAL;
	}
	r = base->select(base, &ref, type->values[0].str, type->values[0].len, may, must);
	if (r < 0) {
		snprintf(m->error, m->size, "there are no events of type '%s'",
			 type->values[0].str);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < base->n_codes && best == UINT32_MAX; i++) {
		if (must[i / 64] >> (i % 64) & 1)
			best = i;
	}
	for (uint32_t i = 0; i < base->n_codes && best == UINT32_MAX; i++) {
		if (may[i / 64] >> (i % 64) & 1)
			best = i;
	}
	m->record->code = best;
	return 0;
}

static bool has_key(const struct config_node *map, const char *key)
{
	return config_map_get(map, key) != NULL;
}

int record_make(struct arena *arena, const struct config_node *map, uint32_t number,
		struct record *record, char *error, size_t size,
		const struct config_node **ret_where)
{
	struct making m = {arena, record, error, size};
	struct config_node given = {.kind = CONFIG_SCALAR};
	char text[16];
	int r = 0;

	memset(record, 0, sizeof(*record));
	record->entries = arena_alloc(arena, (map->n + 2) * sizeof(*record->entries));
	if (!record->entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < map->n && r == 0; i++) {
		*ret_where = map->entries[i].value;
		r = add(&m, map->entries[i].key, map->entries[i].value);
	}
	if (r < 0)
		return r;
	*ret_where = map;
	snprintf(text, sizeof(text), "%u", number);
	given.text = text;
	if (!has_key(map, "evt.num"))
		r = add(&m, "evt.num", &given);
	given.text = "<";
	if (r == 0 && !has_key(map, "evt.dir"))
		r = add(&m, "evt.dir", &given);
	return r < 0 ? r : find_code(&m);
}
