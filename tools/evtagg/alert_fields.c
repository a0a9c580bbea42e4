/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A catalogue like the agent's whose values come out of alerts. See alert_fields.h.
 * What an alert does not tell is noted on the side while librules evaluates a check.
 */
#include <saker/enrich.h>

#include "alert_fields.h"
#include "alert_value.h"

#define MAX_LIST 64
#define NO_KEY (-1)

struct alert_fields {
	struct saker_catalogue catalogue;
	struct wanted *wanted;
	const struct record *record; /* being checked */
	bool unknown;		     /* something was asked that it does not tell */
	struct saker_value list[MAX_LIST];
	struct saker_ip ips[2]; /* the left side's and the right side's */
	uint32_t n_ips;
	struct textbuf texts; /* values with their escapes resolved */
	size_t room;
};

static struct text resolve(struct alert_fields *f, const struct saker_json_slice *s)
{
	size_t n;
	char *p;

	if (!s->escaped)
		return (struct text){s->text, s->len};
	p = f->texts.p + f->texts.len;
	n = saker_json_unescape(s, p, f->room - f->texts.len);
	n = MIN(n, f->room - f->texts.len);
	f->texts.len += n;
	return (struct text){p, (uint32_t)n};
}

static void unknown(struct alert_fields *f, struct saker_values *out)
{
	f->unknown = true;
	saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
}

/* A list is one in JSON; joined into a text, nobody can tell its items apart. */
static void set_list(struct alert_fields *f, const struct saker_json_slice *s,
		     struct saker_values *out)
{
	struct saker_json_slice item;
	struct saker_json_iter iter;
	uint32_t n = 0;

	if (s->kind != SAKER_JSON_ARRAY) {
		unknown(f, out);
		return;
	}
	saker_json_iter_init(&iter, s);
	while (saker_json_iter_next(&iter, NULL, &item)) {
		struct text t = resolve(f, &item);

		if (n == MAX_LIST || item.kind != SAKER_JSON_STRING) {
			unknown(f, out);
			return;
		}
		f->list[n++] = saker_value_str(t.p, t.len);
	}
	out->v = f->list;
	out->n = n;
	out->absent = n ? SAKER_PRESENT : SAKER_ABSENT_NOT_APPLICABLE;
}

/* The slice that the alert has for it; NULL = it has none. */
static const struct saker_json_slice *find(const struct alert_fields *f,
					   const struct saker_field_ref *ref)
{
	const struct saker_scanned *a = f->record->alert;
	int32_t keys[2] = {(int32_t)(ref->number & 0xffff), (int32_t)(ref->number >> 16)};

	for (int i = 0; i < 2; i++) {
		uint32_t key = (uint32_t)keys[i] - 1;

		if (keys[i] && key < a->n_fields && a->fields[key].kind != SAKER_JSON_NONE)
			return &a->fields[key];
	}
	if (util_streq(ref->field->name, "evt.source") && a->source.kind == SAKER_JSON_STRING)
		return &a->source;
	return NULL;
}

static void extract(void *userdata, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct alert_fields *f = userdata;
	const struct saker_json_slice *s = find(f, ref);
	struct saker_ip *ip = &f->ips[f->n_ips++ % ARRAY_SIZE(f->ips)];
	struct saker_value v;
	struct text t;

	if (!s && util_streq(ref->field->name, "evt.hostname") && f->record->host.len) {
		saker_values_set(out, saker_value_str(f->record->host.p, f->record->host.len));
		return;
	}
	if (!s || (ref->flags & SAKER_FIELD_ANY) || ref->type == SAKER_TYPE_BYTES ||
	    ref->type == SAKER_TYPE_NONE) {
		unknown(f, out);
		return;
	}
	if (s->kind == SAKER_JSON_NULL) {
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		return;
	}
	if (ref->flags & SAKER_FIELD_LIST) {
		set_list(f, s, out);
		return;
	}
	t = resolve(f, s);
	if (s->kind == SAKER_JSON_STRING && text_is(t, "<NA>"))
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
	else if (alert_value(ref->type, s->kind, t, ip, &v))
		saker_values_set(out, v);
	else
		unknown(f, out);
}

static int want(struct alert_fields *f, const struct saker_field_ref *ref, const char *open,
		const char *close)
{
	const char *arg = ref->arg ? ref->arg : "";
	char key[512];
	int n = snprintf(key, sizeof(key), "%s%s%s%s", ref->field->name, open, arg, close);

	return n >= (int)sizeof(key) ? -E2BIG : wanted_add(f->wanted, key, (size_t)n);
}

/* An argument is written in brackets or behind a dot: in an alert these are two keys. */
static int bind_field(const struct saker_catalogue *catalogue, struct saker_field_ref *ref,
		      char *error, size_t error_size)
{
	const struct saker_catalogue *agent = saker_enrich_catalogue();
	struct alert_fields *f = catalogue->userdata;
	struct saker_field_ref as_agent = *ref;
	int a, b = NO_KEY, r = 0;

	if (agent->bind)
		r = agent->bind(agent, &as_agent, error, error_size);
	if (r < 0)
		return r;
	ref->type = as_agent.type;
	ref->format = as_agent.format;
	ref->flags = as_agent.flags;
	a = ref->arg ? want(f, ref, "[", "]") : want(f, ref, "", "");
	if (a >= 0 && ref->arg)
		b = want(f, ref, ".", "");
	if (a < 0 || (ref->arg && b < 0)) {
		snprintf(error, error_size, "more fields are read than one can fetch");
		return a == -ENOMEM || b == -ENOMEM ? -ENOMEM : -EINVAL;
	}
	ref->number = (int64_t)(a + 1) | (int64_t)(b + 1) << 16;
	ref->extract = extract;
	ref->extract_typed = NULL;
	return 0;
}

int alert_fields_new(struct wanted *wanted, struct alert_fields **ret_fields)
{
	const struct saker_catalogue *agent = saker_enrich_catalogue();
	struct alert_fields *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->wanted = wanted;
	f->catalogue = (struct saker_catalogue){
		.size = sizeof(f->catalogue),
		.source = agent->source,
		.fields = agent->fields,
		.n_fields = agent->n_fields,
		.n_codes = 1,
		.userdata = f,
		.bind = bind_field,
	};
	*ret_fields = f;
	return 0;
}

int alert_fields_compile(struct alert_fields *fields, const char *check,
			 struct saker_filter **ret_filter)
{
	return saker_filter_compile(&fields->catalogue, check, NULL, NULL, ret_filter);
}

enum truth alert_fields_check(struct alert_fields *f, struct saker_filter *filter,
			      const struct record *record)
{
	int r;

	/* Resolved values take at most thrice their bytes; one line holds them all, twice. */
	if (f->room < 6 * (size_t)record->alert->len) {
		char *p = realloc(f->texts.p, 6 * (size_t)record->alert->len);

		if (!p)
			return TRUTH_UNDECIDED;
		f->texts.p = p;
		f->room = 6 * (size_t)record->alert->len;
	}
	f->texts.len = 0;
	f->record = record;
	f->unknown = false;
	f->n_ips = 0;
	r = saker_filter_eval(filter, f);
	return f->unknown || r < 0 ? TRUTH_UNDECIDED : r ? TRUTH_TRUE : TRUTH_FALSE;
}

struct alert_fields *alert_fields_free(struct alert_fields *fields)
{
	if (!fields)
		return NULL;
	textbuf_fini(&fields->texts);
	free(fields);
	return NULL;
}
