/* SPDX-License-Identifier: Apache-2.0 */
/* A file of marks, taken apart. See mark_list.h. */
#include <fcntl.h>
#include <sys/stat.h>

#include "mark_list.h"

static int copy(struct arena *arena, const struct saker_json_slice *s, struct text *ret)
{
	size_t n = s->kind == SAKER_JSON_STRING ? saker_json_unescape(s, NULL, 0) : s->len;
	char *p = arena_alloc(arena, n + 1);

	if (!p)
		return -ENOMEM;
	if (s->kind == SAKER_JSON_STRING)
		saker_json_unescape(s, p, n);
	else if (n)
		memcpy(p, s->text, n);
	p[n] = '\0'; /* names are read as C strings */
	*ret = (struct text){p, (uint32_t)n};
	return 0;
}

static bool is_key(const struct saker_json_slice *key, const char *name)
{
	return text_is((struct text){key->text, key->len}, name);
}

/* The last of "fields" and "output_fields", of which a mark has one. */
static struct saker_json_slice fields_of(const struct saker_scanned *scanned)
{
	struct saker_json_slice whole = {scanned->line, scanned->len, SAKER_JSON_OBJECT, 0};
	struct saker_json_slice key, value, fields = {0};
	struct saker_json_iter iter;

	saker_json_iter_init(&iter, &whole);
	while (saker_json_iter_next(&iter, &key, &value)) {
		if (is_key(&key, "fields") || is_key(&key, "output_fields"))
			fields = value;
	}
	return fields;
}

/* Of a key given twice the last one holds. */
static struct mark_field *field_of(struct mark *mark, struct text name)
{
	for (uint32_t i = 0; i < mark->n_fields; i++) {
		if (text_eq(mark->fields[i].name, name))
			return &mark->fields[i];
	}
	return mark->n_fields < MARKS_MAX_FIELDS ? &mark->fields[mark->n_fields++] : NULL;
}

/* 0, -ENOMEM, or -EBADMSG and what is wrong. */
static int take_fields(struct arena *arena, const struct saker_json_slice *fields,
		       struct mark *mark, const char **ret_what)
{
	struct saker_json_slice key, value;
	struct saker_json_iter iter;
	struct mark_field *f;
	struct text name;

	mark->fields = arena_alloc(arena, MARKS_MAX_FIELDS * sizeof(*mark->fields));
	if (!mark->fields)
		return -ENOMEM;
	saker_json_iter_init(&iter, fields);
	while (saker_json_iter_next(&iter, &key, &value)) {
		if (copy(arena, &key, &name) < 0)
			return -ENOMEM;
		*ret_what = "a field without a name";
		if (!name.len || memchr(name.p, '\0', name.len))
			return -EBADMSG;
		*ret_what = "more than 64 fields";
		f = field_of(mark, name);
		if (!f)
			return -EBADMSG;
		f->name = name;
		f->kind = value.kind;
		if (copy(arena, &value, &f->value) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int take_mark(struct mark_list *list, const struct saker_scanned *scanned,
		     const char **ret_what)
{
	struct saker_json_slice fields;
	struct mark mark = {0};
	int r;

	*ret_what = "no JSON object";
	if (scanned->kind != SAKER_LINE_ALERT && scanned->kind != SAKER_LINE_JSON)
		return -EBADMSG;
	fields = fields_of(scanned);
	*ret_what = "no \"rule\" or no \"fields\"";
	if (scanned->rule.kind != SAKER_JSON_STRING || fields.kind != SAKER_JSON_OBJECT)
		return -EBADMSG;
	*ret_what = "more than 65,536 marks";
	if (list->n == MARKS_MAX)
		return -EBADMSG;
	r = copy(&list->arena, &scanned->rule, &mark.rule);
	if (r == 0)
		r = take_fields(&list->arena, &fields, &mark, ret_what);
	if (r < 0)
		return r;
	mark.line.len = scanned->len;
	mark.line.p = arena_strndup(&list->arena, scanned->line, scanned->len);
	if (!mark.line.p || GROW(list->v, list->n, list->capacity) < 0)
		return -ENOMEM;
	list->v[list->n++] = mark;
	return 0;
}

int mark_list_parse(struct mark_list *list, const char *data, size_t len, mark_other_fn other,
		    void *userdata)
{
	struct saker_alert_scanner *scanner;
	struct saker_scanned scanned;
	uint32_t line = 0;
	int r = saker_alert_scanner_new(NULL, &scanner);

	memset(list, 0, sizeof(*list));
	arena_init(&list->arena, 16 << 10);
	for (size_t at = 0; r == 0 && at < len;) {
		const char *what = NULL;

		at += saker_alert_scan(scanner, data + at, len - at, &scanned);
		line++;
		if (!scanned.len)
			continue;
		r = scanned.kind == SAKER_LINE_TEXT ? -EBADMSG : take_mark(list, &scanned, &what);
		if (r == -EBADMSG)
			r = other(userdata, line, (struct text){scanned.line, scanned.len}, what);
	}
	saker_alert_scanner_free(scanner);
	if (r != 0)
		mark_list_fini(list);
	return r;
}

static int read_all(const char *file, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > MARKS_MAX_FILE)
		return S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
	*ret = malloc((size_t)st.st_size + 1);
	if (!*ret)
		return -ENOMEM;
	while (len < (size_t)st.st_size && (n = read(fd, *ret + len, (size_t)st.st_size - len)) > 0)
		len += (size_t)n;
	*ret_len = len;
	return n < 0 ? -errno : 0;
}

int mark_list_read(struct mark_list *list, const char *file, mark_other_fn other, void *userdata)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int r;

	memset(list, 0, sizeof(*list));
	r = read_all(file, &data, &len);
	return r < 0 ? r : mark_list_parse(list, data, len, other, userdata);
}

void mark_list_fini(struct mark_list *list)
{
	free(list->v);
	arena_fini(&list->arena);
	memset(list, 0, sizeof(*list));
}
