/* SPDX-License-Identifier: Apache-2.0 */
/* A part of the alerts, looked at again: which of them, and what is asked of those. */
#include "explore.h"
#include "aggregate_memory.h"
#include "common/hash.h"

#define MAX_LAST 256 /* bytes of a field's last value */
#define MAX_COLUMNS (PATH_MAX_STEPS + QUERY_MAX_BY + QUERY_MAX_DISTINCT)

/* ---- paths ------------------------------------------------------------------------ */

int path_add(struct path *path, const struct path_step *step)
{
	if (path->n == PATH_MAX_STEPS)
		return -E2BIG;
	path->steps[path->n++] = *step;
	return 0;
}

/* As the aggregation cuts it, then as UTF-8. */
static size_t resolve(const struct saker_json_slice *s, char *buf, size_t size)
{
	struct saker_json_slice cut = *s;

	cut.len = MIN(cut.len, AGG_MAX_VALUE);
	return cut.len ? saker_json_unescape(&cut, buf, size) : 0;
}

int path_step_of(struct arena *arena, const char *column, const struct result_key *key,
		 struct path_step *ret)
{
	struct saker_json_slice s = {key->text.p, key->text.len, SAKER_JSON_STRING, 0};
	/* A key is resolved already, and may have grown by that: it is not cut again. */
	size_t n = s.len ? saker_json_unescape(&s, NULL, 0) : 0;
	char *text = arena_alloc(arena, n + 1);

	ret->column = arena_strdup(arena, column);
	if (!text || !ret->column)
		return -ENOMEM;
	if (n)
		saker_json_unescape(&s, text, n);
	ret->kind = key->kind ? key->kind : SAKER_JSON_NULL;
	ret->value = (struct text){text, (uint32_t)n};
	return 0;
}

int path_copy(struct arena *arena, const struct path *from, struct path *ret)
{
	struct path to = {.n = from->n};

	for (uint32_t i = 0; i < from->n; i++) {
		const struct path_step *s = &from->steps[i];

		to.steps[i].column = arena_strdup(arena, s->column);
		to.steps[i].kind = s->kind;
		to.steps[i].value.p = arena_strndup(arena, s->value.p, s->value.len);
		to.steps[i].value.len = s->value.len;
		if (!to.steps[i].column || !to.steps[i].value.p)
			return -ENOMEM;
	}
	*ret = to;
	return 0;
}

void path_write(FILE *out, const struct path *path)
{
	for (uint32_t i = 0; i < path->n; i++) {
		const struct path_step *s = &path->steps[i];

		fprintf(out, "%s%s = ", i ? ", " : "", s->column);
		put_text(out, s->kind == SAKER_JSON_NULL ? TEXT("<NA>") : s->value);
	}
}

/* ---- which alerts ------------------------------------------------------------------- */

struct look {
	const struct path *path;
	struct column columns[MAX_COLUMNS];
	struct consumer next;
};

static bool is_value(const struct saker_json_slice *s, const struct path_step *step)
{
	_cleanup_free_ char *large = NULL;
	char small[1024], *buf = small;
	uint8_t kind = s->kind ? s->kind : SAKER_JSON_NULL;
	size_t n;

	if (kind != step->kind || kind == SAKER_JSON_NULL)
		return kind == step->kind;
	if (!s->escaped && s->len == step->value.len && s->len <= AGG_MAX_VALUE &&
	    memcmp(s->text, step->value.p, s->len) == 0)
		return true;
	n = resolve(s, NULL, 0);
	if (n != step->value.len)
		return false;
	if (n > sizeof(small))
		buf = large = malloc(n);
	if (!buf)
		return false;
	resolve(s, buf, n);
	return memcmp(buf, step->value.p, n) == 0;
}

static int pass(void *userdata, const struct record *record)
{
	struct look *look = userdata;

	for (uint32_t i = 0; i < look->path->n; i++) {
		struct saker_json_slice s = column_get(&look->columns[i], record);

		if (!is_value(&s, &look->path->steps[i]))
			return 0;
	}
	return look->next.record(look->next.userdata, record);
}

static int settle(void *userdata)
{
	struct look *look = userdata;

	return look->next.settle ? look->next.settle(look->next.userdata) : 0;
}

static int scan(struct session *session, struct look *look, const char *const *more,
		uint32_t n_more)
{
	struct consumer consumer = {pass, settle, look};
	const char *names[MAX_COLUMNS];
	struct session_question q = {.columns = names, .ret_columns = look->columns};

	for (uint32_t i = 0; i < look->path->n; i++)
		names[q.n_columns++] = look->path->steps[i].column;
	for (uint32_t i = 0; i < n_more; i++)
		names[q.n_columns++] = more[i];
	q.query.by[0] = "source"; /* few groups: the answer is not asked for */
	q.query.n_by = 1;
	q.consumer = &consumer;
	return session_scan(session, &q, NULL);
}

/* ---- rows --------------------------------------------------------------------------- */

/* The back end is opened with the first alert, when the columns are known. */
struct rows_look {
	struct look look;
	const struct query *query;
	void *state;
};

static int open_rows(struct rows_look *r)
{
	return r->state ? 0
			: aggregate_memory.open(r->query, r->look.columns + r->look.path->n,
						&r->state);
}

static int add_row(void *userdata, const struct record *record)
{
	struct rows_look *rows = userdata;
	int r = open_rows(rows);

	return r < 0 ? r : aggregate_memory.add(rows->state, record);
}

static int settle_rows(void *userdata)
{
	struct rows_look *rows = userdata;

	return rows->state ? aggregate_memory.settle(rows->state) : 0;
}

int explore_rows(struct session *session, const struct path *path, const struct query *query,
		 struct result **ret_result)
{
	struct rows_look rows = {.look = {.path = path}, .query = query};
	const char *names[QUERY_MAX_BY + QUERY_MAX_DISTINCT];
	struct result *result = calloc(1, sizeof(*result));
	uint32_t n = 0;
	int r;

	if (!result)
		return -ENOMEM;
	for (uint32_t i = 0; i < query->n_by; i++)
		names[n++] = query->by[i];
	for (uint32_t i = 0; i < query->n_distinct; i++)
		names[n++] = query->distinct[i];
	arena_init(&result->arena, 64 << 10);
	rows.look.next = (struct consumer){add_row, settle_rows, &rows};
	r = scan(session, &rows.look, names, n);
	if (r == 0)
		r = open_rows(&rows);
	if (r == 0)
		r = aggregate_memory.result(rows.state, result);
	if (rows.state)
		aggregate_memory.close(rows.state);
	if (r < 0) {
		result_free(result);
		return r;
	}
	session_stats(session, &result->stats);
	result->generation = session_generation(session);
	*ret_result = result;
	return 0;
}

/* ---- fields --------------------------------------------------------------------------- */

struct fields_look {
	struct look look;
	struct found_fields *fields;
};

/* Where the name is or would go; they are few. */
static uint32_t place_of(const struct found_fields *f, struct text name)
{
	uint32_t low = 0, high = f->n;

	while (low < high) {
		uint32_t at = (low + high) / 2;

		if (text_cmp(f->v[at].name, name) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

static int field_named(struct found_fields *f, struct text name, struct found_field **ret)
{
	struct found_field new = {0};
	uint32_t at = place_of(f, name);

	*ret = NULL;
	if (at < f->n && text_eq(f->v[at].name, name)) {
		*ret = &f->v[at];
		return 0;
	}
	if (f->n == EXPLORE_MAX_FIELDS)
		return 0;
	new.name.p = arena_strndup(&f->arena, name.p, name.len);
	new.name.len = name.len;
	new.last.p = arena_alloc(&f->arena, MAX_LAST);
	if (!new.name.p || !new.last.p || GROW(f->v, f->n, f->capacity) < 0)
		return -ENOMEM;
	memmove(f->v + at + 1, f->v + at, (f->n - at) * sizeof(*f->v));
	f->v[at] = new;
	f->n++;
	*ret = &f->v[at];
	return 0;
}

static int count_field(struct found_fields *f, struct text name, const struct saker_json_slice *s)
{
	uint64_t hash = hash_bytes(s->text, s->len, s->kind);
	struct found_field *field;
	int r;

	if (!s->kind || s->kind == SAKER_JSON_NULL)
		return 0;
	r = field_named(f, name, &field);
	if (r < 0 || !field)
		return r;
	field->count++;
	field->last.len = MIN(s->len, MAX_LAST);
	memcpy((char *)field->last.p, s->text, field->last.len);
	return distinct_add(&field->values, hash ? hash : 1, &f->memory);
}

static const struct {
	const char *name;
	enum column_kind kind;
} offered[] = {
	{"rule", COLUMN_RULE},	       {"priority", COLUMN_PRIORITY}, {"source", COLUMN_SOURCE},
	{"hostname", COLUMN_HOSTNAME}, {"tags", COLUMN_TAGS},	      {"input", COLUMN_INPUT},
};

static int add_fields(void *userdata, const struct record *record)
{
	struct fields_look *look = userdata;
	struct saker_json_slice key, value;
	struct saker_json_iter iter;
	char name[256];
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(offered) && r == 0; i++) {
		struct column column = {.kind = offered[i].kind};

		value = column_get(&column, record);
		r = count_field(look->fields, text_of(offered[i].name), &value);
	}
	saker_json_iter_init(&iter, &record->alert->output_fields);
	while (r == 0 && saker_json_iter_next(&iter, &key, &value)) {
		size_t n = saker_json_unescape(&key, name, sizeof(name));

		if (n && n < sizeof(name) && !memchr(name, '\0', n))
			r = count_field(look->fields, (struct text){name, (uint32_t)n}, &value);
	}
	return r;
}

int explore_fields(struct session *session, const struct path *path, struct found_fields *ret)
{
	struct fields_look f = {.look = {.path = path}, .fields = ret};
	int r;

	memset(ret, 0, sizeof(*ret));
	arena_init(&ret->arena, 16 << 10);
	f.look.next = (struct consumer){add_fields, NULL, &f};
	r = scan(session, &f.look, NULL, 0);
	if (r < 0)
		found_fields_fini(ret);
	return r;
}

void found_fields_fini(struct found_fields *fields)
{
	for (uint32_t i = 0; i < fields->n; i++)
		distinct_fini(&fields->v[i].values);
	free(fields->v);
	arena_fini(&fields->arena);
	memset(fields, 0, sizeof(*fields));
}

/* ---- alerts ---------------------------------------------------------------------------- */

/* A ring of the last `most`. */
struct alerts_look {
	struct look look;
	struct found_alert *ring;
	uint32_t most;
	uint64_t n;
};

static void drop_alert(struct found_alert *a)
{
	free(a->line);
	free(a->host);
	free(a->input);
	memset(a, 0, sizeof(*a));
}

static int add_alert(void *userdata, const struct record *record)
{
	struct alerts_look *look = userdata;
	struct found_alert *a = &look->ring[look->n++ % look->most];

	drop_alert(a);
	a->line = malloc((size_t)record->alert->len + 1);
	a->host = strndup(record->host.len ? record->host.p : "", record->host.len);
	a->input = strdup(record->input ? record->input : "");
	if (!a->line || !a->host || !a->input)
		return -ENOMEM;
	memcpy(a->line, record->alert->line, record->alert->len);
	a->len = record->alert->len;
	a->number = record->number;
	a->time = record->time;
	a->priority = record->priority;
	return 0;
}

int explore_alerts(struct session *session, const struct path *path, uint32_t most,
		   struct found_alerts *ret)
{
	struct alerts_look look = {.look = {.path = path}, .most = MAX(most, 1)};
	int r;

	memset(ret, 0, sizeof(*ret));
	look.ring = calloc(look.most, sizeof(*look.ring));
	ret->v = calloc(look.most, sizeof(*ret->v));
	look.look.next = (struct consumer){add_alert, NULL, &look};
	r = look.ring && ret->v ? scan(session, &look.look, NULL, 0) : -ENOMEM;
	ret->all = look.n;
	ret->n = (uint32_t)MIN(look.n, look.most);
	for (uint32_t i = 0; look.ring && ret->v && i < ret->n; i++)
		ret->v[i] = look.ring[(look.n - 1 - i) % look.most];
	free(look.ring);
	if (r < 0)
		found_alerts_fini(ret);
	return r;
}

void found_alerts_fini(struct found_alerts *alerts)
{
	for (uint32_t i = 0; alerts->v && i < alerts->n; i++)
		drop_alert(&alerts->v[i]);
	free(alerts->v);
	memset(alerts, 0, sizeof(*alerts));
}
