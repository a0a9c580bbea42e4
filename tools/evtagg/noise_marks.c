/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of noise, read and held against patterns. See marks.h. */
#include <sys/stat.h>

#include "evtagg.h"
#include "noise_marks.h"
#include "template.h"

#define MAX_FILE (64u << 20)

static int bad(const char *name, uint32_t line, const char *what)
{
	complain("%s:%u: %s; a mark is {\"rule\": \"NAME\", \"fields\": {\"FIELD\": VALUE, ...}}",
		 name, line, what);
	return -EBADMSG;
}

static int copy(struct noise_marks *m, const struct saker_json_slice *s, struct text *ret)
{
	char *p;
	size_t n;

	if (s->kind != SAKER_JSON_STRING) { /* as written */
		p = arena_strndup(&m->arena, s->text, s->len);
		n = s->len;
	} else {
		p = arena_alloc(&m->arena, 3 * (size_t)s->len + 1);
		n = p ? saker_json_unescape(s, p, 3 * (size_t)s->len + 1) : 0;
	}
	if (!p)
		return -ENOMEM;
	*ret = (struct text){p, (uint32_t)n};
	return 0;
}

static int take_fields(struct noise_marks *m, const struct saker_json_slice *fields,
		       struct mark *mark)
{
	struct saker_json_slice key, value;
	struct saker_json_iter iter;
	int r = 0;

	mark->fields = arena_alloc(&m->arena, NOISE_MARKS_MAX_FIELDS * sizeof(*mark->fields));
	if (!mark->fields)
		return -ENOMEM;
	saker_json_iter_init(&iter, fields);
	while (r == 0 && saker_json_iter_next(&iter, &key, &value)) {
		struct mark_field *f = &mark->fields[mark->n_fields];

		if (mark->n_fields == NOISE_MARKS_MAX_FIELDS)
			return -E2BIG;
		f->absent = value.kind == SAKER_JSON_NULL;
		r = copy(m, &key, &f->name);
		if (r == 0)
			r = copy(m, &value, &f->value);
		mark->n_fields++;
	}
	return r;
}

static int take_line(struct noise_marks *m, const char *name, uint32_t line,
		     const struct saker_scanned *scanned)
{
	struct saker_json_slice whole = {
		.text = scanned->line, .len = scanned->len, .kind = SAKER_JSON_OBJECT};
	struct saker_json_slice key, value, fields = {0};
	struct saker_json_iter iter;
	struct mark mark = {0};
	int r;

	if (scanned->kind != SAKER_LINE_ALERT && scanned->kind != SAKER_LINE_JSON)
		return bad(name, line, "no JSON object");
	saker_json_iter_init(&iter, &whole);
	while (saker_json_iter_next(&iter, &key, &value)) {
		struct text k = {key.text, key.len};

		if (text_is(k, "fields") || text_is(k, "output_fields"))
			fields = value;
	}
	if (scanned->rule.kind != SAKER_JSON_STRING || fields.kind != SAKER_JSON_OBJECT)
		return bad(name, line, "no \"rule\" or no \"fields\"");
	if (m->n == NOISE_MARKS_MAX)
		return bad(name, line, "more than 10,000 marks");
	if (GROW(m->v, m->n, m->capacity) < 0)
		return -ENOMEM;
	r = copy(m, &scanned->rule, &mark.rule);
	if (r == 0)
		r = take_fields(m, &fields, &mark);
	if (r == -E2BIG)
		return bad(name, line, "more than 64 fields");
	m->v[m->n++] = mark;
	return r;
}

int noise_marks_parse(const char *name, const char *data, size_t len, struct noise_marks *ret_marks)
{
	struct saker_alert_scanner *scanner;
	struct saker_scanned scanned;
	struct noise_marks m = {0};
	uint32_t line = 0;
	int r = saker_alert_scanner_new(NULL, &scanner);

	arena_init(&m.arena, 16 << 10);
	for (size_t at = 0; r == 0 && at < len;) {
		at += saker_alert_scan(scanner, data + at, len - at, &scanned);
		line++;
		if (scanned.len)
			r = take_line(&m, name, line, &scanned);
	}
	saker_alert_scanner_free(scanner);
	if (r < 0)
		noise_marks_fini(&m);
	else
		*ret_marks = m;
	return r;
}

int noise_marks_read(const char *path, struct noise_marks *ret_marks)
{
	struct textbuf text = {0};
	char buf[16384];
	FILE *f = fopen(path, "re");
	size_t n;
	int r = 0;

	if (!f)
		return -errno;
	while (r == 0 && (n = fread(buf, 1, sizeof(buf), f)) > 0) {
		textbuf_put(&text, buf, n);
		r = text.failed ? -ENOMEM : text.len > MAX_FILE ? -EFBIG : 0;
	}
	if (r == 0 && ferror(f))
		r = -EIO;
	fclose(f);
	if (r == 0)
		r = noise_marks_parse(path, text.p ? text.p : "", text.len, ret_marks);
	textbuf_fini(&text);
	return r;
}

void noise_marks_fini(struct noise_marks *marks)
{
	free(marks->v);
	arena_fini(&marks->arena);
	memset(marks, 0, sizeof(*marks));
}

/* ---- against patterns ------------------------------------------------------------------ */

static bool equals(const struct noise_rule *rule, uint32_t id, const struct mark_field *mark,
		   struct textbuf *frame)
{
	if (id <= NOISE_ANY)
		return id == NOISE_ANY || mark->absent;
	if (mark->absent)
		return false;
	if (!rule->values[id].frame)
		return text_eq(rule->values[id].text, mark->value);
	template_of(mark->value, frame);
	return text_eq(rule->values[id].text, (struct text){frame->p, (uint32_t)frame->len});
}

/* Fields that patterns do not have (a pid) cannot be asked for, and mean nothing. */
static bool means(const struct mark *mark, const struct noise_rule *rule,
		  const struct noise_pattern *p, struct textbuf *frame)
{
	for (uint32_t i = 0; i < mark->n_fields; i++) {
		struct text name = mark->fields[i].name;

		if (text_is(name, "hostname"))
			name = TEXT("evt.hostname");
		for (uint32_t k = 0; k < rule->n_fields; k++) {
			if (text_is(name, rule->fields[k].name) &&
			    !equals(rule, p->values[k], &mark->fields[i], frame))
				return false;
		}
	}
	return true;
}

uint64_t noise_marks_apply(const struct noise_marks *marks, struct noise *noise)
{
	struct textbuf frame = {0};
	uint64_t alerts = 0;

	for (uint32_t r = 0; r < noise->n_rules; r++) {
		struct noise_rule *rule = &noise->rules[r];

		for (uint32_t m = 0; m < marks->n; m++) {
			if (!text_is(marks->v[m].rule, rule->name))
				continue;
			for (uint32_t i = 0; i < rule->n_patterns; i++) {
				struct noise_pattern *p = &rule->patterns[i];

				if (p->marked || !means(&marks->v[m], rule, p, &frame))
					continue;
				p->marked = true;
				alerts += p->count;
			}
		}
	}
	textbuf_fini(&frame);
	return alerts;
}
