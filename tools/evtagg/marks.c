/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of noise, as browsers ask for them and write them back. */
#include "marks.h"

/* ---- reading ------------------------------------------------------------------------ */

static int keep_line(struct marks *m, struct text line)
{
	char *copy = arena_strndup(&m->arena, line.p, line.len);

	return copy ? strings_add(&m->others, copy) : -ENOMEM;
}

static int keep_other(void *userdata, uint32_t line, struct text text, const char *what)
{
	return keep_line(userdata, text);
}

/* -E2BIG: more steps than a path has; nobody walks there. */
static int path_of(const struct mark *mark, struct path *ret)
{
	struct path_step rule = {"rule", SAKER_JSON_STRING, mark->rule};
	struct path path = {0};
	int r = path_add(&path, &rule);

	for (uint32_t i = 0; i < mark->n_fields && r == 0; i++) {
		const struct mark_field *f = &mark->fields[i];
		struct path_step step = {.column = f->name.p, .kind = f->kind};

		if (f->kind != SAKER_JSON_NULL)
			step.value = f->value;
		r = path_add(&path, &step);
	}
	*ret = path;
	return r;
}

static int take(struct marks *m, const struct mark *mark)
{
	struct path path;
	int r = path_of(mark, &path);

	if (r == -E2BIG)
		return keep_line(m, mark->line);
	if (r == 0)
		r = GROW(m->v, m->n, m->capacity);
	if (r == 0)
		r = path_copy(&m->arena, &path, &m->v[m->n]);
	m->n += r == 0;
	return r;
}

static void init(struct marks *marks, const char *file)
{
	memset(marks, 0, sizeof(*marks));
	arena_init(&marks->arena, 16 << 10);
	marks->file = file;
}

/* r: what reading the list said. */
static int take_all(struct marks *marks, struct mark_list *list, int r)
{
	for (uint32_t i = 0; r == 0 && i < list->n; i++)
		r = take(marks, &list->v[i]);
	mark_list_fini(list);
	return r;
}

int marks_parse(struct marks *marks, const char *data, size_t len)
{
	struct mark_list list;
	int r;

	init(marks, MARKS_DEFAULT);
	r = take_all(marks, &list, mark_list_parse(&list, data, len, keep_other, marks));
	if (r < 0)
		marks_fini(marks);
	return r;
}

int marks_load(struct marks *marks, const char *file)
{
	struct mark_list list;
	int r;

	init(marks, file ? file : MARKS_DEFAULT);
	r = take_all(marks, &list, mark_list_read(&list, marks->file, keep_other, marks));
	if (r == -ENOENT)
		return 0;
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

/* As mark_list.c reads it. */
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

void marks_write(const struct marks *m, FILE *out)
{
	for (uint32_t i = 0; i < m->others.n; i++)
		fprintf(out, "%s\n", m->others.v[i]);
	for (uint32_t i = 0; i < m->n; i++)
		put_mark(out, &m->v[i]);
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
	marks_write(m, out);
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
