/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of noise, out of their file and back. */
#include <fcntl.h>
#include <sys/stat.h>

#include "marks.h"

/* ---- reading ------------------------------------------------------------------------ */

/* The scanner holds the line against JSON's grammar: an object that is none is no mark. */
static bool is_object(struct saker_alert_scanner *scanner, const char *line, size_t len)
{
	struct saker_scanned scanned;

	saker_alert_scan(scanner, line, len, &scanned);
	return scanned.kind == SAKER_LINE_JSON || scanned.kind == SAKER_LINE_ALERT;
}

static int take_text(struct arena *arena, const struct saker_json_slice *s, struct text *ret)
{
	size_t n = s->len ? saker_json_unescape(s, NULL, 0) : 0;
	char *p = arena_alloc(arena, n + 1);

	if (!p)
		return -ENOMEM;
	if (n)
		saker_json_unescape(s, p, n);
	*ret = (struct text){p, (uint32_t)n};
	return 0;
}

static int take_step(struct marks *m, const struct saker_json_slice *key,
		     const struct saker_json_slice *value, struct path *path)
{
	struct path_step step = {.kind = value->kind};
	struct text column;

	if (take_text(&m->arena, key, &column) < 0)
		return -ENOMEM;
	step.column = column.p;
	if (value->kind != SAKER_JSON_NULL && take_text(&m->arena, value, &step.value) < 0)
		return -ENOMEM;
	return !column.len || path_add(path, &step) < 0 ? -EBADMSG : 0;
}

static bool is_key(const struct saker_json_slice *key, const char *name)
{
	return text_is((struct text){key->text, key->len}, name);
}

static int take_mark(struct marks *m, const char *line, size_t len, struct path *ret)
{
	struct saker_json_slice object = {line, (uint32_t)len, SAKER_JSON_OBJECT, 0}, key, value;
	struct saker_json_slice fields = {0};
	struct saker_json_iter iter;
	struct path path = {0};
	bool rule = false;
	int r = 0;

	saker_json_iter_init(&iter, &object);
	while (r == 0 && saker_json_iter_next(&iter, &key, &value)) {
		if (is_key(&key, "fields") || is_key(&key, "output_fields"))
			fields = value;
		if (!is_key(&key, "rule"))
			continue;
		rule = true;
		r = take_step(m, &key, &value, &path);
	}
	saker_json_iter_init(&iter, &fields);
	while (r == 0 && saker_json_iter_next(&iter, &key, &value))
		r = take_step(m, &key, &value, &path);
	*ret = path;
	return r == 0 && (!rule || fields.kind != SAKER_JSON_OBJECT) ? -EBADMSG : r;
}

static int take_line(struct marks *m, struct saker_alert_scanner *scanner, const char *line,
		     size_t len)
{
	struct path path;
	int r = is_object(scanner, line, len) ? take_mark(m, line, len, &path) : -EBADMSG;

	if (r == -EBADMSG) {
		char *copy = arena_strndup(&m->arena, line, len);

		return copy ? strings_add(&m->others, copy) : -ENOMEM;
	}
	if (r == 0 && m->n == MARKS_MAX)
		return -E2BIG;
	if (r == 0)
		r = GROW(m->v, m->n, m->capacity);
	if (r == 0)
		m->v[m->n++] = path;
	return r;
}

static int take_file(struct marks *m, const char *data, size_t len)
{
	struct saker_scan_options options = SAKER_SCAN_OPTIONS_INIT;
	struct saker_alert_scanner *scanner;
	int r = saker_alert_scanner_new(&options, &scanner);

	while (r == 0 && len) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		if (n)
			r = take_line(m, scanner, data, n);
		data += n + (end != NULL);
		len -= n + (end != NULL);
	}
	saker_alert_scanner_free(scanner);
	return r;
}

static int read_all(const char *file, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t len = 0;
	ssize_t n;

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
	return 0;
}

int marks_load(struct marks *marks, const char *file)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int r;

	memset(marks, 0, sizeof(*marks));
	arena_init(&marks->arena, 16 << 10);
	marks->file = file ? file : MARKS_DEFAULT;
	r = read_all(marks->file, &data, &len);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = take_file(marks, data, len);
	if (r < 0) {
		complain("--marks %s: %s", marks->file, strerror(-r));
		marks_fini(marks);
	}
	return r;
}

void marks_fini(struct marks *marks)
{
	free(marks->v);
	strings_fini(&marks->others);
	arena_fini(&marks->arena);
	memset(marks, 0, sizeof(*marks));
}

/* ---- asking ---------------------------------------------------------------------------- */

static bool has_step(const struct path *path, const struct path_step *step)
{
	for (uint32_t i = 0; i < path->n; i++) {
		const struct path_step *s = &path->steps[i];

		if (s->kind == step->kind && text_eq(s->value, step->value) &&
		    util_streq(s->column, step->column))
			return true;
	}
	return false;
}

static bool has_all(const struct path *path, const struct path *steps)
{
	for (uint32_t i = 0; i < steps->n; i++) {
		if (!has_step(path, &steps->steps[i]))
			return false;
	}
	return true;
}

bool marks_cover(const struct marks *marks, const struct path *path)
{
	for (uint32_t i = 0; i < marks->n; i++) {
		if (has_all(path, &marks->v[i]))
			return true;
	}
	return false;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void put_value(FILE *out, const struct path_step *s)
{
	if (s->kind == SAKER_JSON_STRING)
		put_json_text(out, s->value);
	else if (s->kind == SAKER_JSON_NULL)
		fputs("null", out);
	else
		fwrite(s->value.p, 1, s->value.len, out);
}

static const struct path_step *rule_of(const struct path *path)
{
	for (uint32_t i = 0; i < path->n; i++) {
		if (util_streq(path->steps[i].column, "rule") &&
		    path->steps[i].kind == SAKER_JSON_STRING)
			return &path->steps[i];
	}
	return NULL;
}

/* As noise_marks_read of evtagg suggest takes it. */
static void put_mark(FILE *out, const struct path *path)
{
	const struct path_step *rule = rule_of(path);
	bool any = false;

	fputs("{\"rule\": ", out);
	put_value(out, rule);
	fputs(", \"fields\": {", out);
	for (uint32_t i = 0; i < path->n; i++) {
		if (&path->steps[i] == rule)
			continue;
		fputs(any ? ", " : "", out);
		put_json_text(out, text_of(path->steps[i].column));
		fputs(": ", out);
		put_value(out, &path->steps[i]);
		any = true;
	}
	fputs("}}\n", out);
}

/* Beside it, then in its place: a full disk leaves the old one. */
static int save(const struct marks *m)
{
	_cleanup_free_ char *beside = NULL;
	FILE *out;
	bool bad;

	if (asprintf(&beside, "%s.new", m->file) < 0) {
		beside = NULL;
		return -ENOMEM;
	}
	out = fopen(beside, "we");
	if (!out)
		return -errno;
	for (uint32_t i = 0; i < m->others.n; i++)
		fprintf(out, "%s\n", m->others.v[i]);
	for (uint32_t i = 0; i < m->n; i++)
		put_mark(out, &m->v[i]);
	bad = fflush(out) != 0 || fsync(fileno(out)) < 0;
	bad = fclose(out) != 0 || bad;
	if (bad || rename(beside, m->file) < 0) {
		int r = errno ? -errno : -EIO;

		unlink(beside);
		return r;
	}
	return 0;
}

int marks_toggle(struct marks *m, const struct path *path, bool *ret_marked)
{
	int r;

	if (!rule_of(path))
		return -ENOTSUP;
	for (uint32_t i = 0; i < m->n; i++) {
		if (!has_all(path, &m->v[i]) || !has_all(&m->v[i], path))
			continue;
		memmove(m->v + i, m->v + i + 1, (m->n - i - 1) * sizeof(*m->v));
		m->n--;
		*ret_marked = false;
		return save(m);
	}
	if (m->n == MARKS_MAX)
		return -E2BIG;
	r = GROW(m->v, m->n, m->capacity);
	if (r == 0)
		r = path_copy(&m->arena, path, &m->v[m->n]);
	if (r < 0)
		return r;
	m->n++;
	*ret_marked = true;
	return save(m);
}
