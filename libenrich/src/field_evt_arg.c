/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evt.arg and its kin: the parameters of an event as text (as they are printed)
 * and as values (as the kernel gave them), its data buffer, and what is worked
 * out of parameters: absolute paths, Docker's events, distances in time.
 */
#include "field.h"
#include "render.h"

/* The parameter that the ref names, in this event; -1 = it has none such. */
static int param_index(const struct saker_record *r, const struct saker_field_ref *ref)
{
	int i = ref->number >= 0 ? (int)ref->number
				 : enrich_param_index(r->view.info, ref->arg, ref->arg_len);

	return i >= 0 && (uint32_t)i < r->view.n_params ? i : -1;
}

void field_evt_arg(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	int i = param_index(r, ref);

	if (i < 0)
		field_set_none(out);
	else
		field_set_slice(out, enrich_param_resolved(r, (uint32_t)i));
}

void field_evt_args(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct render_text t;

	render_init(&t, &r->scratch);
	/* The generic event's are of no use to anybody. */
	if (field_code(r) != CODE_GENERIC)
		enrich_args_render(r, &t);
	if (t.failed)
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
	else
		field_set_slice(out, render_result(&t));
}

/* ---- values ------------------------------------------------------------------------- */

static bool is_text(uint8_t type)
{
	return type == SAKER_PT_CHARBUF || type == SAKER_PT_FSPATH || type == SAKER_PT_FSRELPATH;
}

static bool is_number(uint8_t type)
{
	return type >= SAKER_TYPE_BOOL && type <= SAKER_TYPE_PORT;
}

static void set_bytes(struct saker_values *out, uint8_t type, const uint8_t *data, uint32_t len)
{
	struct saker_value v = saker_value_str((const char *)data, len);

	v.type = type;
	saker_values_set(out, v);
}

/*
 * The value has the type that the ref was bound to; in the few events where a
 * parameter of that name is of another kind, there is none.
 */
void field_evt_rawarg(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	int i = param_index(r, ref);
	const struct saker_param_info *info;
	const struct saker_param *p;

	if (i < 0) {
		field_set_none(out);
		return;
	}
	info = &r->view.info->params[i];
	p = &r->view.params[i];
	if (is_text(info->type) &&
	    (ref->type == SAKER_TYPE_STRING || ref->type == SAKER_TYPE_PATH)) {
		struct enrich_slice s = enrich_param_text(r, (uint32_t)i);

		if (!s.len && !p->len)
			s = (struct enrich_slice){"<NA>", 4};
		set_bytes(out, ref->type, (const uint8_t *)s.text, s.len);
	} else if (ref->type == SAKER_TYPE_BYTES && !saker_param_type_size(info->type)) {
		set_bytes(out, ref->type, p->data, p->len);
	} else if (is_number(ref->type) && saker_param_type_size(info->type) && p->len) {
		field_set_u64(out, ref, (uint64_t)enrich_param_int(r, (uint32_t)i, 0));
		out->one.format = field_raw_format(info->format);
	} else {
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
	}
}

/*
 * In outputs nothing is compared: each event's parameter has its own type, and is written as that
 * type is. Bytes are text there, with a dot for what can't be printed.
 */
void field_evt_rawarg_typed(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out)
{
	struct saker_record *r = record;
	int i = param_index(r, ref);
	struct saker_field_ref own = *ref;
	struct render_text t;

	if (i >= 0)
		own.type = field_raw_type(r->view.info->params[i].type);
	field_evt_rawarg(r, &own, out);
	if (!out->n || own.type != SAKER_TYPE_BYTES)
		return;
	render_init(&t, &r->scratch);
	render_bytes(&t, r->view.params[i].data, r->view.params[i].len);
	field_set_slice(out, render_result(&t));
}

/* ---- the data of I/O ------------------------------------------------------------------- */

static const struct saker_param *data_param(const struct saker_record *r)
{
	int i = enrich_param_index(r->view.info, "data", 4);

	if (i < 0 || (uint32_t)i >= r->view.n_params ||
	    r->view.info->params[i].type != SAKER_PT_BYTEBUF)
		return NULL;
	return &r->view.params[i];
}

void field_evt_buffer(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_param *p = data_param(record);

	if (!p)
		field_set_none(out);
	else
		set_bytes(out, SAKER_TYPE_BYTES, p->data, p->len);
}

/* In JSON: text, with a dot for what can't be printed. */
void field_evt_buffer_typed(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out)
{
	struct saker_record *r = record;
	const struct saker_param *p = data_param(r);
	struct render_text t;

	if (!p) {
		field_set_none(out);
		return;
	}
	render_init(&t, &r->scratch);
	render_bytes(&t, p->data, p->len);
	field_set_slice(out, render_result(&t));
}

/* ---- absolute paths --------------------------------------------------------------------- */

/* Which parameter holds the path of a call with directory descriptors; -1 = none. */
static int abspath_param(uint16_t code, bool second)
{
	switch (code) {
	case CODE_RENAMEAT:
	case CODE_RENAMEAT2:
	case CODE_LINKAT:
		return second ? 4 : 2;
	case CODE_SYMLINKAT:
		return 3;
	case CODE_OPENAT:
	case CODE_OPENAT2:
	case CODE_UNLINKAT:
	case CODE_MKDIRAT:
	case CODE_FCHMODAT:
	case CODE_FCHOWNAT:
		return 2;
	default:
		return -1;
	}
}

/* Below a directory that is not known: here with a slash between, as Falco has it. */
static struct enrich_slice unknown_abspath(struct saker_record *r, uint32_t i)
{
	static const char dir[] = ENRICH_DIR_UNKNOWN "/";
	struct enrich_slice name = enrich_param_text(r, i);
	char *path = arena_alloc(&r->scratch, ENRICH_PATH_MAX + 1);

	if (!path)
		return (struct enrich_slice){"", 0};
	return (struct enrich_slice){
		path, enrich_path_join(path, dir, sizeof(dir) - 1, name.text, name.len)};
}

void field_evt_abspath(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	int i = abspath_param(field_code(r), ref->number == 2);
	const size_t unknown = sizeof(ENRICH_DIR_UNKNOWN) - 1;
	struct enrich_slice path = {"", 0};

	if (field_code(r) == CODE_OPEN_BY_HANDLE_AT && r->res > 0)
		i = 3;
	if (r->thread && i >= 0 && enrich_param(r, (uint32_t)i))
		path = enrich_record_path(r, (uint32_t)i);
	if (path.len > unknown && !memcmp(path.text, ENRICH_DIR_UNKNOWN, unknown))
		path = unknown_abspath(r, (uint32_t)i);
	if (path.len)
		field_set_slice(out, path);
	else
		field_set_none(out);
}

/* ---- odds and ends --------------------------------------------------------------------------- */

void field_evt_around(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	uint64_t at = (uint64_t)ref->number;
	uint64_t ts = r->view.event->ts;
	uint64_t distance = ts > at ? ts - at : at - ts;

	field_set_u64(out, ref, distance / 1000000 + (distance % 1000000 != 0));
}

static struct enrich_slice trim(struct enrich_slice s)
{
	while (s.len && memchr(" \t\n\r\f\v", s.text[0], 6)) {
		s.text++;
		s.len--;
	}
	while (s.len && memchr(" \t\n\r\f\v", s.text[s.len - 1], 6))
		s.len--;
	return s;
}

/* "Event:start;ID:abc;name:web;Image:nginx": the value of the first key that starts so. */
static bool description_value(struct enrich_slice text, const char *key, struct enrich_slice *ret)
{
	size_t key_len = strlen(key);

	while (text.len) {
		const char *end = memchr(text.text, ';', text.len);
		uint32_t len = end ? (uint32_t)(end - text.text) : text.len;
		struct enrich_slice item = trim((struct enrich_slice){text.text, len});
		const char *colon = memchr(item.text, ':', item.len);

		if (colon && item.len >= key_len && !memcmp(item.text, key, key_len)) {
			colon++;
			*ret = trim((struct enrich_slice){
				colon, item.len - (uint32_t)(colon - item.text)});
			return true;
		}
		len += end != NULL;
		text.text += len;
		text.len -= len;
	}
	return false;
}

void field_evt_docker(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	static const char *const keys[] = {
		[DOCKER_EVENT] = "Event",
		[DOCKER_ID] = "ID",
		[DOCKER_NAME] = "name",
		[DOCKER_IMAGE] = "Image",
	};
	const struct saker_record *r = record;
	struct enrich_slice value;
	const char *at;

	if (field_code(r) != CODE_INFRA ||
	    !description_value(enrich_param_text(r, 2), keys[ref->number], &value)) {
		field_set_none(out);
		return;
	}
	if (ref->number == DOCKER_ID)
		value.len = MIN(value.len, 12u);
	at = ref->number == DOCKER_IMAGE ? memchr(value.text, '@', value.len) : NULL;
	if (at)
		value.len = (uint32_t)(at - value.text);
	field_set_slice(out, value);
}
