/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes as conditions, held by librules against every alert once more: what is said
 * about an exception is what the agent would do.
 */
#include "common/hash.h"
#include "suggest.h"
#include "template.h"

#define MAX_HOSTS 100000 /* counted; more are "at least" */

/* ---- as a condition ---------------------------------------------------------------- */

static bool needs_regex(struct text t)
{
	bool one = memchr(t.p, '"', t.len), two = memchr(t.p, '\'', t.len);

	for (uint32_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.p[i] < 32)
			return true;
	}
	return (one && two) || memchr(t.p, '\\', t.len);
}

static void put_quoted(struct text t, struct textbuf *out)
{
	const char *quote = memchr(t.p, '"', t.len) ? "'" : "\"";

	textbuf_puts(out, quote);
	textbuf_put(out, t.p, t.len);
	textbuf_puts(out, quote);
}

static void put_value(const struct box *box, uint32_t field, uint32_t id, struct textbuf *out)
{
	struct text t = box->rule->values[id].text;

	if (box->rule->fields[field].type == NOISE_NUMBER)
		textbuf_put(out, t.p, t.len);
	else
		put_quoted(t, out);
}

/* Whether plain values have to be written as an expression after all. */
static bool as_regex(const struct box *box, uint32_t field)
{
	const struct box_set *set = &box->sets[field];

	for (uint32_t i = 0; i < set->n; i++) {
		const struct noise_value *v = &box->rule->values[set->ids[i]];

		if (v->frame || needs_regex(v->text))
			return true;
	}
	return false;
}

static void put_regex(const struct box *box, uint32_t field, struct textbuf *out)
{
	const struct box_set *set = &box->sets[field];

	textbuf_puts(out, set->n > 1 ? "\"(" : "\"");
	for (uint32_t i = 0; i < set->n; i++) {
		const struct noise_value *v = &box->rule->values[set->ids[i]];

		textbuf_puts(out, i ? "|" : "");
		if (v->frame) {
			template_regex(v->text, out);
			continue;
		}
		/* A value's own control characters are no marks of a frame. */
		for (uint32_t k = 0; k < v->text.len; k++) {
			char c = (unsigned char)v->text.p[k] < 32 ? '\x1f' : v->text.p[k];

			template_regex((struct text){&c, 1}, out);
		}
	}
	textbuf_puts(out, set->n > 1 ? ")\"" : "\"");
}

const char *suggest_operator(const struct box *box, uint32_t field)
{
	return as_regex(box, field) ? "regex" : box->sets[field].n == 1 ? "=" : "in";
}

static void put_as_is(struct textbuf *out, struct text value)
{
	textbuf_put(out, value.p, value.len);
}

void suggest_put_values(const struct box *box, uint32_t field,
			void (*put)(struct textbuf *out, struct text value), struct textbuf *out)
{
	const struct box_set *set = &box->sets[field];
	struct textbuf one = {0};
	bool regex = as_regex(box, field);

	for (uint32_t i = 0; i < (regex ? 1 : set->n); i++) {
		one.len = 0;
		if (regex)
			put_regex(box, field, &one);
		else
			put_value(box, field, set->ids[i], &one);
		textbuf_puts(out, i ? ", " : "");
		put(out, (struct text){one.p, (uint32_t)one.len});
		out->failed |= one.failed;
	}
	textbuf_fini(&one);
}

void suggest_put_check(const struct box *box, uint32_t field, struct textbuf *out)
{
	const char *op = suggest_operator(box, field);
	bool list = util_streq(op, "in");

	textbuf_printf(out, "%s %s %s", box->rule->fields[field].name, op, list ? "(" : "");
	suggest_put_values(box, field, put_as_is, out);
	textbuf_puts(out, list ? ")" : "");
}

void suggest_put_condition(const struct box *box, struct textbuf *out)
{
	bool first = true;

	for (uint32_t i = 0; i < box->rule->n_fields; i++) {
		if (box->checks[i] > BOX_REGEX)
			continue;
		textbuf_puts(out, first ? "" : " and ");
		suggest_put_check(box, i, out);
		first = false;
	}
}

/* ---- names ------------------------------------------------------------------------------ */

static bool is_used(const struct suggestion *s, const char *rule, const char *name, uint32_t before)
{
	const struct replay_rule *known = s->rules ? replay_find(s->rules, text_of(rule)) : NULL;

	for (uint32_t i = 0; known && i < known->n_exceptions; i++) {
		if (util_streq(known->exceptions[i], name))
			return true;
	}
	for (uint32_t i = 0; i < before; i++) {
		if (util_streq(s->boxes->v[i].rule->name, rule) &&
		    util_streq(s->proofs[i].name, name))
			return true;
	}
	return false;
}

int suggest_name(struct suggestion *s)
{
	struct textbuf text = {0};

	for (uint32_t i = 0; i < s->boxes->n; i++) {
		const struct box *box = &s->boxes->v[i];
		uint64_t hash;

		text.len = 0;
		suggest_put_condition(box, &text);
		if (text.failed || !text.p) {
			textbuf_fini(&text);
			return -ENOMEM;
		}
		hash = hash_bytes(text.p, text.len, 0);
		do {
			snprintf(s->proofs[i].name, sizeof(s->proofs[i].name), "noise_%08x",
				 (uint32_t)hash++);
		} while (is_used(s, box->rule->name, s->proofs[i].name, i));
	}
	textbuf_fini(&text);
	return 0;
}

/* ---- the second reading -------------------------------------------------------------------- */

struct prover {
	struct suggestion *s;
	struct alert_fields *fields;
	struct saker_filter **filters;
};

static int note_host(struct proof *proof, struct text host)
{
	uint64_t hash = hash_bytes(host.p, host.len, 0) | 1;

	for (uint32_t i = 0; i < proof->n_hosts; i++) {
		if (proof->hosts[i] == hash)
			return 0;
	}
	if (proof->n_hosts == MAX_HOSTS)
		return 0;
	if (GROW(proof->hosts, proof->n_hosts, proof->cap_hosts) < 0)
		return -ENOMEM;
	proof->hosts[proof->n_hosts++] = hash;
	return 0;
}

static int prove(void *userdata, const struct record *record)
{
	const struct saker_json_slice *rule = &record->alert->rule;
	struct prover *p = userdata;
	char name[1024];
	struct text t;

	t.len = (uint32_t)MIN(saker_json_unescape(rule, name, sizeof(name)), sizeof(name));
	t.p = name;
	for (uint32_t i = 0; i < p->s->boxes->n; i++) {
		struct proof *proof = &p->s->proofs[i];

		if (!text_is(t, p->s->boxes->v[i].rule->name) ||
		    alert_fields_check(p->fields, p->filters[i], record) != TRUTH_TRUE)
			continue;
		proof->count++;
		if (record->time) {
			proof->first =
				proof->first ? MIN(proof->first, record->time) : record->time;
			proof->last = MAX(proof->last, record->time);
		}
		return note_host(proof, record->host);
	}
	return 0;
}

static int compile(struct prover *p, struct session *session)
{
	struct consumer consumer = {prove, NULL, p};
	struct textbuf text = {0};
	int r = alert_fields_new(session_wanted(session), &p->fields);

	for (uint32_t i = 0; i < p->s->boxes->n && r == 0; i++) {
		text.len = 0;
		suggest_put_condition(&p->s->boxes->v[i], &text);
		r = text.failed ? -ENOMEM : alert_fields_compile(p->fields, text.p, &p->filters[i]);
		if (r < 0 && r != -ENOMEM) { /* of a plugin's source: what was counted stands */
			p->s->proofs[i].by_patterns = true;
			r = 0;
		}
	}
	textbuf_fini(&text);
	return r < 0 ? r : session_consume(session, &consumer);
}

int suggest_prove(struct suggestion *s, const struct session_options *options,
		  const volatile int *stop)
{
	struct prover p = {.s = s};
	struct session *session;
	int r = session_new(options, &session);

	if (r < 0)
		return r;
	p.filters = calloc(s->boxes->n + 1, sizeof(*p.filters));
	r = p.filters ? compile(&p, session) : -ENOMEM;
	if (r == 0)
		r = session_run(session, stop);
	for (uint32_t i = 0; p.filters && i < s->boxes->n; i++)
		saker_filter_free(p.filters[i]);
	free(p.filters);
	alert_fields_free(p.fields);
	session_free(session);
	s->proved = r == 0;
	return r;
}

void suggest_fini(struct suggestion *s)
{
	for (uint32_t i = 0; s->proofs && i < s->boxes->n; i++)
		free(s->proofs[i].hosts);
	free(s->proofs);
	s->proofs = NULL;
}
