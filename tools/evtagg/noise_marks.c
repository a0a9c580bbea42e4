/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of noise, held against patterns. */
#include "evtagg.h"
#include "noise_marks.h"
#include "template.h"

/* A comment is none of suggest's business; what wants to be a mark and is none, is. */
static int say_other(void *userdata, uint32_t line, struct text text, const char *what)
{
	if (!what)
		return 0;
	complain("%s:%u: %s; a mark is {\"rule\": \"NAME\", \"fields\": {\"FIELD\": VALUE, ...}}",
		 (const char *)userdata, line, what);
	return -EBADMSG;
}

int noise_marks_parse(const char *name, const char *data, size_t len, struct mark_list *ret_marks)
{
	return mark_list_parse(ret_marks, data, len, say_other, (void *)name);
}

int noise_marks_read(const char *path, struct mark_list *ret_marks)
{
	return mark_list_read(ret_marks, path, say_other, (void *)path);
}

/* ---- against patterns ------------------------------------------------------------------ */

static bool equals(const struct noise_rule *rule, uint32_t id, const struct mark_field *mark,
		   struct textbuf *frame)
{
	if (id <= NOISE_ANY)
		return id == NOISE_ANY || mark->kind == SAKER_JSON_NULL;
	if (mark->kind == SAKER_JSON_NULL)
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

uint64_t noise_marks_apply(const struct mark_list *marks, struct noise *noise)
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
