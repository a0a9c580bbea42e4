/* SPDX-License-Identifier: Apache-2.0 */
/* Transformers at work: per event, into the machine's scratch. */
#include "transform_getopt.h"

/* One value of a list through tolower, toupper or basename. */
static bool run_text(enum rules_transform transform, const struct saker_value *in,
		     struct rules_scratch *scratch, struct saker_value *out)
{
	const char *slash;
	char *text;

	*out = *in;
	if (transform == RULES_TRANSFORM_BASENAME) {
		slash = in->len ? memrchr(in->str, '/', in->len) : NULL;
		if (slash) {
			out->str = slash + 1;
			out->len = in->len - (uint32_t)(slash + 1 - in->str);
		}
		return true;
	}
	text = rules_scratch_alloc(scratch, MAX(in->len, 1));
	if (!text)
		return false;
	for (uint32_t i = 0; i < in->len; i++) {
		char c = in->str[i];

		if (transform == RULES_TRANSFORM_TOLOWER)
			text[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
		else
			text[i] = c >= 'a' && c <= 'z' ? (char)(c + 'A' - 'a') : c;
	}
	out->str = text;
	return true;
}

static int run_b64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding may be missing; anything else out of place makes the value absent. */
static bool run_b64(const struct saker_value *in, struct rules_scratch *scratch,
		    struct saker_value *out)
{
	uint32_t len = in->len, bits = 0, n_bits = 0;
	size_t n = 0;
	char *text;

	for (int pad = 0; pad < 2 && len && in->str[len - 1] == '='; pad++)
		len--;
	if (len % 4 == 1)
		return false;
	text = rules_scratch_alloc(scratch, len / 4 * 3 + 3);
	if (!text)
		return false;
	for (uint32_t i = 0; i < len; i++) {
		int digit = run_b64_digit(in->str[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			text[n++] = (char)(bits >> n_bits);
		}
	}
	/* bits that make up no byte must be zero */
	if (bits & ((1u << n_bits) - 1))
		return false;
	*out = *in;
	out->str = text;
	out->len = (uint32_t)n;
	/* a string ends at its first NUL */
	if (in->type != SAKER_TYPE_BYTES)
		out->len = (uint32_t)strnlen(text, n);
	return true;
}

static void run_each(const struct rules_term *term, const struct saker_values *in,
		     struct rules_scratch *scratch, struct saker_values *out)
{
	struct saker_value *values = &out->one;

	if (!in->n) {
		out->v = NULL;
		out->n = 0;
		out->absent = in->absent;
		return;
	}
	if (in->n > 1) {
		values = rules_scratch_alloc(scratch, in->n * sizeof(*values));
		if (!values) {
			saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
			return;
		}
	}
	for (uint32_t i = 0; i < in->n; i++) {
		bool ok = term->transform == RULES_TRANSFORM_B64
				  ? run_b64(&in->v[i], scratch, &values[i])
				  : run_text(term->transform, &in->v[i], scratch, &values[i]);

		if (!ok) {
			saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
			return;
		}
		values[i].type = term->type;
	}
	out->v = values;
	out->n = in->n;
	out->absent = SAKER_PRESENT;
}

static void run_len(const struct rules_program *program, const struct rules_term *term,
		    const struct saker_values *in, struct saker_values *out)
{
	bool list = program->terms[term->args[0]].list;

	if (!in->n && (in->absent || !list))
		saker_values_absent(out, in->absent ? in->absent : SAKER_ABSENT_NOT_APPLICABLE);
	else
		saker_values_set(out, saker_value_u64(SAKER_TYPE_U64, list ? in->n : in->v[0].len));
}

/* Texts end to end, with sep between them. */
static void run_concat(const struct saker_value *const *parts, uint32_t n,
		       const struct saker_value *sep, struct rules_scratch *scratch,
		       struct saker_values *out)
{
	size_t len = 0, at = 0;
	char *text;

	for (uint32_t i = 0; i < n; i++)
		len += parts[i]->len + (sep && i ? sep->len : 0);
	text = len < UINT32_MAX ? rules_scratch_alloc(scratch, MAX(len, 1)) : NULL;
	if (!text) {
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (sep && i && sep->len) {
			memcpy(text + at, sep->str, sep->len);
			at += sep->len;
		}
		if (parts[i]->len)
			memcpy(text + at, parts[i]->str, parts[i]->len);
		at += parts[i]->len;
	}
	saker_values_set(out, saker_value_str(text, len));
}

static void run_join(const struct saker_values *const *args, bool join, uint32_t n_args,
		     struct rules_scratch *scratch, struct saker_values *out)
{
	uint32_t n = join ? args[1]->n : n_args;
	const struct saker_value **parts = rules_scratch_alloc(scratch, MAX(n, 1) * sizeof(*parts));

	if (!parts) {
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
		return;
	}
	for (uint32_t i = 0; i < n_args; i++) {
		if (!args[i]->n && (args[i]->absent || !join || i == 0)) {
			saker_values_absent(out, args[i]->absent ? args[i]->absent
								 : SAKER_ABSENT_NOT_APPLICABLE);
			return;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		parts[i] = join ? &args[1]->v[i] : &args[i]->v[0];
	run_concat(parts, n, join ? &args[0]->v[0] : NULL, scratch, out);
}

/* A list's elements: numbers become text, lists in it their elements. */
static bool run_element(const struct rules_term *term, const struct saker_value *in,
			struct rules_scratch *scratch, struct saker_value *out)
{
	char buf[64], *text;
	size_t len;

	if (rules_type_class(term->type) == RULES_CLASS_TEXT ||
	    rules_type_class(term->type) == RULES_CLASS_BYTES) {
		*out = *in;
		out->type = SAKER_TYPE_STRING;
		return true;
	}
	len = rules_format_value(in, term->format, buf, sizeof(buf));
	text = len <= sizeof(buf) ? rules_scratch_alloc(scratch, MAX(len, 1)) : NULL;
	if (!text)
		return false;
	memcpy(text, buf, len);
	*out = saker_value_str(text, len);
	return true;
}

static void run_list(const struct rules_program *program, const struct rules_term *term,
		     const struct saker_values *const *args, struct rules_scratch *scratch,
		     struct saker_values *out)
{
	struct saker_value *values;
	size_t n = 0;

	for (uint32_t i = 0; i < term->n_args; i++) {
		if (!args[i]->n && args[i]->absent) {
			saker_values_absent(out, args[i]->absent);
			return;
		}
		n += args[i]->n;
	}
	values = rules_scratch_alloc(scratch, MAX(n, 1) * sizeof(*values));
	if (!values) {
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
		return;
	}
	n = 0;
	for (uint32_t i = 0; i < term->n_args; i++) {
		for (uint32_t k = 0; k < args[i]->n; k++) {
			if (!run_element(&program->terms[term->args[i]], &args[i]->v[k], scratch,
					 &values[n++])) {
				saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
				return;
			}
		}
	}
	out->v = values;
	out->n = (uint32_t)n;
	out->absent = SAKER_PRESENT;
}

static void run_getopt(const struct rules_term *term, const struct saker_values *const *args,
		       struct rules_scratch *scratch, struct saker_values *out)
{
	struct rules_optstring parsed;
	const struct rules_optstring *optstring = term->optstring;

	if ((!args[0]->n && args[0]->absent) || !args[1]->n) {
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		return;
	}
	if (!optstring) {
		rules_optstring_parse(&parsed, args[1]->v[0].str, args[1]->v[0].len);
		optstring = &parsed;
	}
	rules_getopt(args[0], optstring, term->has_selector, term->selector, scratch, out);
}

/* Alternatives (proc.aname) are one value to what makes a value of several: blanks in between. */
static void run_merge(const struct saker_values *in, struct rules_scratch *scratch,
		      struct saker_values *out)
{
	static const struct saker_value blank = {.type = SAKER_TYPE_STRING, .str = " ", .len = 1};
	const struct saker_value **parts = rules_scratch_alloc(scratch, in->n * sizeof(*parts));

	if (!parts) {
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
		return;
	}
	for (uint32_t i = 0; i < in->n; i++)
		parts[i] = &in->v[i];
	run_concat(parts, in->n, &blank, scratch, out);
}

/* The arguments of a list or of a transformer that takes several; NULL = no room. */
static const struct saker_values *const *run_merged(const struct rules_program *program,
						    const struct rules_term *term,
						    const struct saker_values *const *args,
						    struct rules_scratch *scratch)
{
	const struct saker_values **merged = NULL;

	for (uint32_t i = 0; i < term->n_args; i++) {
		const struct rules_term *arg = &program->terms[term->args[i]];
		struct saker_values *one;

		if (!arg->any || args[i]->n < 2 || rules_type_class(arg->type) != RULES_CLASS_TEXT)
			continue;
		if (!merged) {
			merged = rules_scratch_alloc(scratch, term->n_args * sizeof(*merged));
			if (!merged)
				return NULL;
			memcpy(merged, args, term->n_args * sizeof(*merged));
		}
		one = rules_scratch_alloc(scratch, sizeof(*one));
		if (!one)
			return NULL;
		*one = (struct saker_values){0};
		run_merge(args[i], scratch, one);
		merged[i] = one;
	}
	return merged ? merged : args;
}

void rules_transform_run(const struct rules_program *program, const struct rules_term *term,
			 const struct saker_values *const *args, struct rules_scratch *scratch,
			 struct saker_values *out)
{
	if (term->kind == RULES_TERM_LIST || term->n_args > 1) {
		args = run_merged(program, term, args, scratch);
		if (!args) {
			saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
			return;
		}
	}
	if (term->kind == RULES_TERM_LIST) {
		run_list(program, term, args, scratch, out);
		return;
	}
	switch ((enum rules_transform)term->transform) {
	case RULES_TRANSFORM_TOLOWER:
	case RULES_TRANSFORM_TOUPPER:
	case RULES_TRANSFORM_BASENAME:
	case RULES_TRANSFORM_B64:
		run_each(term, args[0], scratch, out);
		return;
	case RULES_TRANSFORM_LEN:
		run_len(program, term, args[0], out);
		return;
	case RULES_TRANSFORM_JOIN:
		run_join(args, true, term->n_args, scratch, out);
		return;
	case RULES_TRANSFORM_CONCAT:
		run_join(args, false, term->n_args, scratch, out);
		return;
	case RULES_TRANSFORM_GETOPT:
		run_getopt(term, args, scratch, out);
		return;
	case RULES_TRANSFORM_VAL:
	case RULES_TRANSFORM_COUNT:
		break;
	}
	saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
}
