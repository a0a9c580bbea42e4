/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suggestions as a rule file that says why, and as JSON. Texts of alerts are others':
 * in comments they are ASCII without controls, in values YAML's single quotes hold them.
 */
#include "suggest.h"
#include "template.h"

#define WIDTH 200 /* of a comment's line, cut */

static void put_comment(FILE *out, const char *indent, struct text t)
{
	fputs(indent, out);
	for (uint32_t i = 0; i < t.len && i < WIDTH; i++)
		putc(t.p[i] < 32 || t.p[i] > 126 ? '?' : t.p[i], out);
	fputs(t.len > WIDTH ? "...\n" : "\n", out);
}

/* Quoted for YAML. A quote in it is doubled. */
static void put_yaml(struct textbuf *out, struct text t)
{
	textbuf_puts(out, "'");
	for (uint32_t i = 0; i < t.len; i++) {
		if (t.p[i] == '\'')
			textbuf_puts(out, "'");
		textbuf_put(out, &t.p[i], 1);
	}
	textbuf_puts(out, "'");
}

static uint64_t hidden(const struct suggestion *s, uint32_t i)
{
	return s->proved && !s->proofs[i].by_patterns ? s->proofs[i].count : s->boxes->v[i].count;
}

static uint64_t hidden_of(const struct suggestion *s, const struct noise_rule *rule)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->boxes->n; i++)
		sum += s->boxes->v[i].rule == rule ? hidden(s, i) : 0;
	return sum;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* ---- why ------------------------------------------------------------------------------ */

static void say_field(const struct suggestion *s, const struct box *box, uint32_t i,
		      struct textbuf *b)
{
	const struct box_set *set = &box->sets[i];

	textbuf_printf(b, "%s: ", box->rule->fields[i].name);
	switch (box->checks[i]) {
	case BOX_EQUAL:
		textbuf_puts(b, "is the same in all of them");
		break;
	case BOX_IN:
		textbuf_printf(b, "has %u values, each seen with all else that is asked", set->n);
		break;
	case BOX_REGEX:
		textbuf_puts(b, "many values with the frame ");
		for (uint32_t k = 0; k < set->n; k++) {
			textbuf_puts(b, k ? " or " : "");
			template_show(box->rule->values[set->ids[k]].text, b);
		}
		break;
	case BOX_ABSENT:
		textbuf_puts(b, "not asked: none of them has it, and exceptions cannot say so");
		break;
	case BOX_ANY:
		textbuf_printf(b, "not asked: more than %d values without a frame",
			       NOISE_MAX_VALUES);
		break;
	case BOX_IMPLIED:
		textbuf_printf(b, "not asked: %s says it", box->implied_by[i]);
		break;
	}
}

static void put_why(const struct suggestion *s, const struct box *box, FILE *out)
{
	struct textbuf b = {0};

	for (uint32_t i = 0; i < box->rule->n_fields; i++) {
		b.len = 0;
		say_field(s, box, i, &b);
		put_comment(out, "    #   ", (struct text){b.p, (uint32_t)b.len});
	}
	textbuf_fini(&b);
}

static void put_numbers(const struct suggestion *s, uint32_t i, FILE *out)
{
	const struct box *box = &s->boxes->v[i];
	const struct proof *proof = &s->proofs[i];
	bool exact = s->proved && !proof->by_patterns;
	uint64_t first = exact ? proof->first : box->first, last = exact ? proof->last : box->last;
	char from[32], to[32], count[32];

	fprintf(out, "    # Hides %s%s alerts, %.1f %% of the rule's",
		format_count(hidden(s, i), count, sizeof(count)), exact ? "" : " or more",
		percent(hidden(s, i), box->rule->count));
	if (exact)
		fprintf(out, ", on %u host%s", proof->n_hosts, proof->n_hosts == 1 ? "" : "s");
	fprintf(out, ",\n    # from %s to %s, in %u of %u parts of the time%s.\n",
		format_time(first, from, sizeof(from)), format_time(last, to, sizeof(to)),
		box->n_slots, noise_n_slots(s->noise), box->marked ? "; marked as noise" : "");
}

/* ---- YAML ------------------------------------------------------------------------------- */

static void put_exception(const struct suggestion *s, uint32_t n, FILE *out)
{
	const struct box *box = &s->boxes->v[n];
	struct textbuf fields = {0}, comps = {0}, values = {0};

	for (uint32_t i = 0; i < box->rule->n_fields; i++) {
		const char *op;

		if (box->checks[i] > BOX_REGEX)
			continue;
		op = suggest_operator(box, i);
		textbuf_printf(&fields, "%s'%s'", fields.len ? ", " : "",
			       box->rule->fields[i].name);
		textbuf_printf(&comps, "%s%s", comps.len ? ", " : "",
			       util_streq(op, "=") ? "'='" : op);
		textbuf_puts(&values, values.len ? ",\n           " : "");
		textbuf_puts(&values, util_streq(op, "in") ? "[" : "");
		suggest_put_values(box, i, put_yaml, &values);
		textbuf_puts(&values, util_streq(op, "in") ? "]" : "");
	}
	put_numbers(s, n, out);
	put_why(s, box, out);
	for (uint32_t i = 0; i < MIN(box->n_samples, s->samples); i++)
		put_comment(out, "    #   e.g. ", text_of(box->samples[i]));
	fprintf(out,
		"    - name: %s\n      fields: [%s]\n      comps: [%s]\n      values:\n"
		"        - [%s]\n",
		s->proofs[n].name, fields.p, comps.p, values.p);
	textbuf_fini(&fields);
	textbuf_fini(&comps);
	textbuf_fini(&values);
}

static void put_remaining(const struct suggestion *s, const struct noise_rule *rule, FILE *out)
{
	uint64_t sum = hidden_of(s, rule);
	uint32_t shown = 0;

	fprintf(out, "# %llu of its %llu alerts stay visible",
		(unsigned long long)(rule->count - MIN(rule->count, sum)),
		(unsigned long long)rule->count);
	fputs(rule->count > sum && s->samples ? ", such as\n" : ".\n", out);
	/* The rarest, which come last. */
	for (uint32_t i = rule->n_patterns; i-- && shown < s->samples && rule->count > sum;) {
		bool taken = false;

		for (uint32_t k = 0; k < s->boxes->n && !taken; k++) {
			const struct box *box = &s->boxes->v[k];
			bool in = box->rule == rule;

			for (uint32_t f = 0; f < rule->n_fields && in; f++) {
				uint32_t m = 0;

				while (m < box->sets[f].n &&
				       box->sets[f].ids[m] != rule->patterns[i].values[f])
					m++;
				in = m < box->sets[f].n;
			}
			taken = in;
		}
		if (taken)
			continue;
		put_comment(out, "#   ", text_of(rule->patterns[i].sample));
		shown++;
	}
}

static void put_rule(const struct suggestion *s, const struct noise_rule *rule, FILE *out)
{
	struct textbuf name = {0};

	put_yaml(&name, text_of(rule->name));
	putc('\n', out);
	put_remaining(s, rule, out);
	fprintf(out, "- rule: %s\n  exceptions:\n", name.p);
	for (uint32_t i = 0; i < s->boxes->n; i++) {
		if (s->boxes->v[i].rule == rule)
			put_exception(s, i, out);
	}
	fputs("  override:\n    exceptions: append\n", out);
	textbuf_fini(&name);
}

static void put_left(const struct suggestion *s, FILE *out)
{
	for (uint32_t i = 0; i < s->noise->n_rules; i++) {
		const struct noise_rule *rule = &s->noise->rules[i];
		char line[256];

		if (!box_protected(rule, s->options) || rule->count < s->options->least)
			continue;
		snprintf(line, sizeof(line),
			 "%s: %llu alerts, left alone for its priority (--force)", rule->name,
			 (unsigned long long)rule->count);
		put_comment(out, "# ", text_of(line));
	}
}

int suggest_write_yaml(const struct suggestion *s, FILE *out)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->boxes->n; i++)
		sum += hidden(s, i);
	fprintf(out,
		"# Exceptions out of %llu alerts, to be loaded behind the rules they are for.\n"
		"# %u exception%s hide%s %llu of them (%.1f %%); %llu stay visible.%s\n",
		(unsigned long long)s->noise->alerts, s->boxes->n, s->boxes->n == 1 ? "" : "s",
		s->boxes->n == 1 ? "s" : "", (unsigned long long)sum,
		percent(sum, s->noise->alerts),
		(unsigned long long)(s->noise->alerts - MIN(sum, s->noise->alerts)),
		s->proved ? " Counted by a second reading." : "");
	if (s->silent)
		fprintf(out, "# %llu more the rules as they are would not make.\n",
			(unsigned long long)s->silent);
	if (s->marked)
		fprintf(out, "# %llu are marked as noise.\n", (unsigned long long)s->marked);
	put_left(s, out);
	for (uint32_t i = 0; i < s->noise->n_rules; i++) {
		bool any = false;

		for (uint32_t k = 0; k < s->boxes->n; k++)
			any |= s->boxes->v[k].rule == &s->noise->rules[i];
		if (any)
			put_rule(s, &s->noise->rules[i], out);
	}
	if (!s->boxes->n)
		fputs("# Nothing is frequent, steady and known enough to be hidden.\n[]\n", out);
	return ferror(out) ? -EIO : 0;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void json_fields(const struct suggestion *s, const struct box *box, struct textbuf *b)
{
	struct textbuf text = {0};

	textbuf_puts(b, ",\"fields\":[");
	for (uint32_t i = 0; i < box->rule->n_fields; i++) {
		textbuf_puts(b, i ? ",{\"field\":" : "{\"field\":");
		textbuf_json(b, text_of(box->rule->fields[i].name));
		text.len = 0;
		say_field(s, box, i, &text);
		textbuf_puts(b, ",\"why\":");
		textbuf_json(b, (struct text){text.p, (uint32_t)text.len});
		if (box->checks[i] <= BOX_REGEX) {
			text.len = 0;
			suggest_put_check(box, i, &text);
			textbuf_puts(b, ",\"check\":");
			textbuf_json(b, (struct text){text.p, (uint32_t)text.len});
		}
		textbuf_puts(b, "}");
	}
	textbuf_puts(b, "]");
	textbuf_fini(&text);
}

static void json_box(const struct suggestion *s, uint32_t i, struct textbuf *b)
{
	const struct box *box = &s->boxes->v[i];
	struct textbuf text = {0};
	char from[40], to[40];

	textbuf_puts(b, i ? ",{\"rule\":" : "{\"rule\":");
	textbuf_json(b, text_of(box->rule->name));
	textbuf_printf(b, ",\"name\":\"%s\",\"hides\":%llu,\"exact\":%s,\"hosts\":%u",
		       s->proofs[i].name, (unsigned long long)hidden(s, i),
		       s->proved && !s->proofs[i].by_patterns ? "true" : "false",
		       s->proofs[i].n_hosts);
	textbuf_printf(b, ",\"first\":\"%s\",\"last\":\"%s\",\"condition\":",
		       format_time_iso(box->first, from, sizeof(from)),
		       format_time_iso(box->last, to, sizeof(to)));
	suggest_put_condition(box, &text);
	textbuf_json(b, (struct text){text.p, (uint32_t)text.len});
	json_fields(s, box, b);
	textbuf_puts(b, ",\"samples\":[");
	for (uint32_t k = 0; k < MIN(box->n_samples, s->samples); k++) {
		textbuf_puts(b, k ? "," : "");
		textbuf_json(b, text_of(box->samples[k]));
	}
	textbuf_puts(b, "]}");
	textbuf_fini(&text);
}

int suggest_write_json(const struct suggestion *s, FILE *out)
{
	struct textbuf b = {0};
	uint64_t sum = 0;
	int r;

	for (uint32_t i = 0; i < s->boxes->n; i++)
		sum += hidden(s, i);
	textbuf_printf(&b, "{\"alerts\":%llu,\"hidden\":%llu,\"silent\":%llu,\"marked\":%llu",
		       (unsigned long long)s->noise->alerts, (unsigned long long)sum,
		       (unsigned long long)s->silent, (unsigned long long)s->marked);
	textbuf_puts(&b, ",\"exceptions\":[");
	for (uint32_t i = 0; i < s->boxes->n; i++)
		json_box(s, i, &b);
	textbuf_puts(&b, "],\"rules\":[");
	for (uint32_t i = 0; i < s->noise->n_rules; i++) {
		const struct noise_rule *rule = &s->noise->rules[i];

		textbuf_puts(&b, i ? ",{\"rule\":" : "{\"rule\":");
		textbuf_json(&b, text_of(rule->name));
		textbuf_printf(&b,
			       ",\"alerts\":%llu,\"hidden\":%llu,\"protected\":%s,"
			       "\"too_varied\":%llu}",
			       (unsigned long long)rule->count,
			       (unsigned long long)hidden_of(s, rule),
			       box_protected(rule, s->options) ? "true" : "false",
			       (unsigned long long)rule->too_varied);
	}
	textbuf_puts(&b, "]}\n");
	r = b.failed ? -ENOMEM : 0;
	if (r == 0)
		fwrite(b.p, 1, b.len, out);
	textbuf_fini(&b);
	return r;
}
