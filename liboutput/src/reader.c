/* SPDX-License-Identifier: Apache-2.0 */
/* The alert reader: the object, and alerts out of JSON. Text is reader_text.c. */
#include "reader.h"

#define ARENA_BLOCK (16u << 10)

static int copy_starts(struct saker_alert_reader *r,
		       const struct saker_alert_reader_options *options)
{
	r->starts = calloc((size_t)options->n_starts + 1, sizeof(*r->starts));
	if (!r->starts)
		return -ENOMEM;
	for (uint32_t i = 0; i < options->n_starts; i++) {
		struct saker_alert_rule_start *s = &r->starts[i];

		if (!options->starts[i].start || !options->starts[i].rule)
			return -EINVAL;
		r->n_starts = i + 1;
		s->start = strdup(options->starts[i].start);
		s->rule = strdup(options->starts[i].rule);
		if (!s->start || !s->rule)
			return -ENOMEM;
	}
	return 0;
}

int saker_alert_reader_new(const struct saker_alert_reader_options *options,
			   struct saker_alert_reader **ret_reader)
{
	static const struct saker_alert_reader_options defaults = SAKER_ALERT_READER_OPTIONS_INIT;
	struct saker_scan_options scan = SAKER_SCAN_OPTIONS_INIT;
	struct saker_alert_reader *reader;
	int r;

	if (!options)
		options = &defaults;
	if (!ret_reader || options->size != sizeof(*options) ||
	    (options->n_starts && !options->starts))
		return -EINVAL;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	arena_init(&reader->arena, ARENA_BLOCK);
	reader->json_only = options->json_only;
	reader->text_escaped = options->text_escaped;
	reader->day = options->day;
	scan.strict = options->strict;
	r = saker_alert_scanner_new(&scan, &reader->scanner);
	if (r == 0)
		r = copy_starts(reader, options);
	if (r < 0) {
		saker_alert_reader_free(reader);
		return r;
	}
	*ret_reader = reader;
	return 0;
}

struct saker_alert_reader *saker_alert_reader_free(struct saker_alert_reader *reader)
{
	if (!reader)
		return NULL;
	for (uint32_t i = 0; reader->starts && i < reader->n_starts; i++) {
		free((char *)reader->starts[i].start);
		free((char *)reader->starts[i].rule);
	}
	free(reader->starts);
	free(reader->fields);
	arena_fini(&reader->arena);
	saker_alert_scanner_free(reader->scanner);
	free(reader);
	return NULL;
}

/* ---- pieces ---------------------------------------------------------------------- */

char *output_reader_text(struct saker_alert_reader *reader, const struct saker_json_slice *s)
{
	size_t len = s->kind ? saker_json_unescape(s, NULL, 0) : 0;
	char *p = arena_alloc(&reader->arena, len + 1);

	if (p && len)
		saker_json_unescape(s, p, len);
	return p;
}

int output_reader_add(struct saker_alert_reader *reader, const struct saker_alert_field *field)
{
	if (reader->n_fields == SAKER_READER_MAX_FIELDS)
		return 0;
	if (GROW(reader->fields, reader->n_fields, reader->room_fields) < 0)
		return -ENOMEM;
	reader->fields[reader->n_fields++] = *field;
	return 0;
}

/* Equal names in the order they came: they stand in one array, so their places tell. */
static int by_name(const void *a, const void *b)
{
	const struct saker_alert_field *const *x = a, *const *y = b;
	int r = strcmp((*x)->name, (*y)->name);

	return r ? r : *x < *y ? -1 : *x > *y;
}

int output_reader_finish(struct saker_alert_reader *reader, struct saker_alert *ret)
{
	const struct saker_alert_field **order =
		arena_alloc(&reader->arena, (reader->n_fields + 1) * sizeof(*order));
	struct saker_alert_field *fields =
		arena_alloc(&reader->arena, (reader->n_fields + 1) * sizeof(*fields));
	uint32_t n = 0;

	if (!order || !fields)
		return -ENOMEM;
	for (uint32_t i = 0; i < reader->n_fields; i++)
		order[i] = &reader->fields[i];
	qsort(order, reader->n_fields, sizeof(*order), by_name);
	for (uint32_t i = 0; i < reader->n_fields; i++) {
		if (i + 1 < reader->n_fields && strcmp(order[i]->name, order[i + 1]->name) == 0)
			continue;
		fields[n++] = *order[i];
	}
	ret->fields = fields;
	ret->n_fields = n;
	return 0;
}

/* ---- JSON -------------------------------------------------------------------------- */

static void read_number(const struct saker_json_slice *s, struct saker_value *ret)
{
	char copy[512], *end;
	size_t n = MIN(s->len, sizeof(copy) - 1);
	bool whole;

	memcpy(copy, s->text, n);
	copy[n] = '\0';
	whole = !strpbrk(copy, ".eE") && n == s->len;
	errno = 0;
	if (whole && *copy == '-')
		*ret = saker_value_i64(SAKER_TYPE_I64, strtoll(copy, &end, 10));
	else if (whole)
		*ret = saker_value_u64(SAKER_TYPE_U64, strtoull(copy, &end, 10));
	if (whole && !errno)
		return;
	memset(ret, 0, sizeof(*ret));
	ret->type = SAKER_TYPE_DOUBLE;
	ret->f64 = strtod(copy, &end);
}

static int read_value(struct saker_alert_reader *reader, const struct saker_json_slice *s,
		      struct saker_value *ret)
{
	char *text;

	switch (s->kind) {
	case SAKER_JSON_NUMBER:
		read_number(s, ret);
		return 0;
	case SAKER_JSON_TRUE:
	case SAKER_JSON_FALSE:
		*ret = saker_value_u64(SAKER_TYPE_BOOL, s->kind == SAKER_JSON_TRUE);
		return 0;
	case SAKER_JSON_NONE:
	case SAKER_JSON_NULL:
		*ret = saker_value_absent(SAKER_TYPE_STRING, SAKER_ABSENT_NOT_APPLICABLE);
		return 0;
	default:
		text = output_reader_text(reader, s);
		if (!text)
			return -ENOMEM;
		/* A NUL that was escaped is part of the value. */
		*ret = saker_value_str(text, saker_json_unescape(s, NULL, 0));
		return 0;
	}
}

static uint32_t count_members(const struct saker_json_slice *s)
{
	struct saker_json_iter it;
	struct saker_json_slice value;
	uint32_t n = 0;

	saker_json_iter_init(&it, s);
	while (saker_json_iter_next(&it, NULL, &value))
		n++;
	return n;
}

static int read_list(struct saker_alert_reader *reader, const struct saker_json_slice *s,
		     struct saker_alert_field *field)
{
	uint32_t n = count_members(s);
	struct saker_value *list = arena_alloc(&reader->arena, ((size_t)n + 1) * sizeof(*list));
	struct saker_json_iter it;
	struct saker_json_slice value;
	int r = 0;

	if (!list)
		return -ENOMEM;
	saker_json_iter_init(&it, s);
	for (uint32_t i = 0; i < n && r == 0 && saker_json_iter_next(&it, NULL, &value); i++)
		r = read_value(reader, &value, &list[i]);
	field->is_list = true;
	field->list = list;
	field->n_list = n;
	return r;
}

static int read_fields(struct saker_alert_reader *reader, const struct saker_json_slice *s)
{
	struct saker_json_slice key, value;
	struct saker_json_iter it;
	int r = 0;

	saker_json_iter_init(&it, s);
	while (r == 0 && saker_json_iter_next(&it, &key, &value)) {
		struct saker_alert_field field = {.name = output_reader_text(reader, &key)};

		if (!field.name)
			return -ENOMEM;
		if (value.kind == SAKER_JSON_ARRAY)
			r = read_list(reader, &value, &field);
		else
			r = read_value(reader, &value, &field.value);
		if (r == 0)
			r = output_reader_add(reader, &field);
	}
	return r;
}

static int read_tags(struct saker_alert_reader *reader, const struct saker_json_slice *s,
		     struct saker_alert *ret)
{
	uint32_t n = s->kind == SAKER_JSON_ARRAY ? MIN(count_members(s), SAKER_READER_MAX_TAGS) : 0;
	const char **tags = arena_alloc(&reader->arena, ((size_t)n + 1) * sizeof(*tags));
	struct saker_json_iter it;
	struct saker_json_slice value;

	if (!tags)
		return -ENOMEM;
	saker_json_iter_init(&it, s);
	for (uint32_t i = 0; i < n && saker_json_iter_next(&it, NULL, &value); i++) {
		tags[i] = output_reader_text(reader, &value);
		if (!tags[i])
			return -ENOMEM;
	}
	ret->tags = tags;
	ret->n_tags = n;
	return 0;
}

/* "message", else "output" without the time and priority that stand before it. */
static const char *read_message(struct saker_alert_reader *reader, const struct saker_scanned *s)
{
	enum saker_priority priority;
	uint64_t time;
	char *text;

	if (s->message.kind == SAKER_JSON_STRING)
		return output_reader_text(reader, &s->message);
	text = output_reader_text(reader, &s->output);
	return text ? text + output_text_head(text, strlen(text), 0, &time, &priority) : NULL;
}

int output_reader_json(struct saker_alert_reader *reader, const struct saker_scanned *s,
		       struct saker_alert *ret)
{
	enum saker_priority priority = SAKER_PRIORITY_DEBUG;
	struct saker_alert a = {0};
	int r;

	if (s->time.kind != SAKER_JSON_STRING ||
	    saker_alert_time_parse(s->time.text, s->time.len, &a.time) < 0)
		a.time = 0;
	if (s->priority.kind == SAKER_JSON_STRING)
		saker_alert_priority_parse(s->priority.text, s->priority.len, &priority);
	a.priority = priority;
	a.rule = output_reader_text(reader, &s->rule);
	a.source = output_reader_text(reader, &s->source);
	a.hostname = output_reader_text(reader, &s->hostname);
	a.message = read_message(reader, s);
	if (!a.rule || !a.source || !a.hostname || !a.message)
		return -ENOMEM;
	r = read_tags(reader, &s->tags, &a);
	if (r == 0)
		r = read_fields(reader, &s->output_fields);
	if (r == 0)
		r = output_reader_finish(reader, &a);
	if (r < 0)
		return r;
	*ret = a;
	return 1;
}

int saker_alert_read(struct saker_alert_reader *reader, const char *line, size_t len,
		     struct saker_alert *ret_alert)
{
	struct saker_scanned scanned;

	if (!reader || (!line && len) || !ret_alert)
		return -EINVAL;
	arena_rewind(&reader->arena);
	reader->n_fields = 0;
	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (!len)
		return 0;
	if (*line != '{')
		return reader->json_only ? 0
					 : output_reader_text_alert(reader, line, len, ret_alert);
	if (saker_alert_scan(reader->scanner, line, len, &scanned) < len)
		return -EBADMSG; /* a newline inside: more than one line */
	if (scanned.kind != SAKER_LINE_ALERT)
		return scanned.kind == SAKER_LINE_BROKEN ? -EBADMSG : 0;
	return output_reader_json(reader, &scanned, ret_alert);
}
