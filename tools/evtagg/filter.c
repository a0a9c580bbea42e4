/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue of an alert's fields that a condition names, over librules. Its fields
 * are not known beforehand, so they are taken from the condition's own words; those
 * that the agent knows get the agent's types.
 */
#include <ctype.h>

#include <saker/enrich.h>
#include <saker/rules.h>

#include "alert_value.h"
#include "evtagg.h"
#include "filter.h"

#define MAX_FIELDS 256
#define MAX_TAGS 64
#define BASE_FIELDS 9

struct filter {
	struct saker_catalogue catalogue;
	struct saker_field *fields; /* BASE_FIELDS, then those of output_fields */
	uint32_t n_fields;
	struct wanted *wanted;
	struct saker_filter *compiled;
	const char *shown; /* the condition, for findings */
	struct saker_values scratch;
	struct saker_value tags[MAX_TAGS];
	struct saker_ip ip;
	struct textbuf texts; /* of this record: values with their escapes resolved */
	size_t room;	      /* that texts has, made before anything points into it */
};

/* The language wants a dot in a field's name: `rule` is written for alert.rule. */
#define PREFIX "alert."

static const struct saker_field base[BASE_FIELDS] = {
	{"alert.rule", SAKER_TYPE_STRING, 0, 0, 2, "alert", "the rule's name"},
	{"alert.priority", SAKER_TYPE_U8, 0, 0, 1, "alert", "emergency = 0 ... debug = 7"},
	{"alert.source", SAKER_TYPE_STRING, 0, 0, 2, "alert", "the event's source"},
	{"alert.hostname", SAKER_TYPE_STRING, 0, 0, 2, "alert", "the host"},
	{"alert.tags", SAKER_TYPE_STRING, 0, SAKER_FIELD_LIST, 5, "alert", "the rule's tags"},
	{"alert.output", SAKER_TYPE_STRING, 0, 0, 4, "alert", "the text"},
	{"alert.message", SAKER_TYPE_STRING, 0, 0, 4, "alert",
	 "the text without time and priority"},
	{"alert.time", SAKER_TYPE_ABSTIME, 0, 0, 1, "alert", "when"},
	{"alert.input", SAKER_TYPE_STRING, 0, 0, 1, "alert", "where it was read from"},
};
enum {
	BASE_RULE,
	BASE_PRIORITY,
	BASE_SOURCE,
	BASE_HOSTNAME,
	BASE_TAGS,
	BASE_OUTPUT,
	BASE_MESSAGE,
	BASE_TIME,
	BASE_INPUT
};

struct eval {
	struct filter *filter;
	const struct record *record;
};

/* ---- values ---------------------------------------------------------------------- */

/* A string's text; with escapes, out of `texts`, which never moves while a record is on. */
static struct text resolve(struct filter *f, const struct saker_json_slice *s)
{
	size_t n;
	char *p;

	if (!s->escaped)
		return (struct text){s->text, s->len};
	p = f->texts.p + f->texts.len;
	n = saker_json_unescape(s, p, f->room - f->texts.len);
	n = MIN(n, f->room - f->texts.len);
	f->texts.len += n;
	return (struct text){p, (uint32_t)n};
}

static void set_text(struct filter *f, const struct saker_json_slice *s, struct saker_values *out)
{
	struct text t;

	if (s->kind == SAKER_JSON_NONE || s->kind == SAKER_JSON_NULL) {
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		return;
	}
	t = resolve(f, s);
	saker_values_set(out, saker_value_str(t.p, t.len));
}

static void set_tags(struct filter *f, const struct saker_json_slice *s, struct saker_values *out)
{
	const char *p = s->text, *end = p + s->len;
	uint32_t n = 0;

	/* The scanner has checked it: strings, and blanks and commas between them. */
	while (s->kind == SAKER_JSON_ARRAY && p < end && n < MAX_TAGS) {
		struct saker_json_slice tag = {.kind = SAKER_JSON_STRING};
		struct text t;

		if (*p++ != '"')
			continue;
		tag.text = p;
		for (; *p != '"'; p++) {
			tag.escaped |= *p == '\\';
			p += *p == '\\';
		}
		tag.len = (uint32_t)(p++ - tag.text);
		t = resolve(f, &tag);
		f->tags[n++] = saker_value_str(t.p, t.len);
	}
	out->v = f->tags;
	out->n = n;
	out->absent = n ? SAKER_PRESENT : SAKER_ABSENT_NOT_APPLICABLE;
}

static void extract_base(void *userdata, const struct saker_field_ref *ref,
			 struct saker_values *out)
{
	const struct eval *e = userdata;
	const struct record *r = e->record;
	const struct saker_scanned *a = r->alert;

	switch (ref->number) {
	case BASE_RULE:
		set_text(e->filter, &a->rule, out);
		break;
	case BASE_SOURCE:
		set_text(e->filter, &a->source, out);
		break;
	case BASE_OUTPUT:
		set_text(e->filter, &a->output, out);
		break;
	case BASE_MESSAGE:
		set_text(e->filter, &a->message, out);
		break;
	case BASE_TAGS:
		set_tags(e->filter, &a->tags, out);
		break;
	case BASE_PRIORITY:
		saker_values_set(out, saker_value_u64(SAKER_TYPE_U8, r->priority));
		break;
	case BASE_TIME:
		if (r->time)
			saker_values_set(out, saker_value_u64(SAKER_TYPE_ABSTIME, r->time));
		else
			saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
		break;
	case BASE_INPUT:
		saker_values_set(out, saker_value_str(r->input, strlen(r->input)));
		break;
	default:
		if (a->hostname.kind == SAKER_JSON_STRING && a->hostname.len)
			set_text(e->filter, &a->hostname, out);
		else
			saker_values_set(out,
					 saker_value_str(r->host.p ? r->host.p : "", r->host.len));
	}
}

static void extract_field(void *userdata, const struct saker_field_ref *ref,
			  struct saker_values *out)
{
	const struct eval *e = userdata;
	const struct saker_json_slice *s = &e->record->alert->fields[ref->number];
	struct saker_value v;

	if (s->kind == SAKER_JSON_NONE || s->kind == SAKER_JSON_NULL ||
	    !alert_value(ref->type, s->kind, resolve(e->filter, s), &e->filter->ip, &v))
		saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
	else
		saker_values_set(out, v);
}

/* ---- the catalogue ------------------------------------------------------------------ */

static int bind_field(const struct saker_catalogue *catalogue, struct saker_field_ref *ref,
		      char *error, size_t error_size)
{
	struct filter *f = catalogue->userdata;
	int i;

	if (ref->field < f->fields + BASE_FIELDS) {
		ref->number = ref->field - f->fields;
		ref->extract = extract_base;
		return 0;
	}
	/* "proc.aname[2]" is a field of its own here: in an alert it is a key like any. */
	if (ref->arg) {
		char key[512];

		snprintf(key, sizeof(key), "%s[%s]", ref->field->name, ref->arg);
		i = wanted_add(f->wanted, key, strlen(key));
	} else {
		i = wanted_add(f->wanted, ref->field->name, strlen(ref->field->name));
	}
	if (i < 0) {
		snprintf(error, error_size, "the condition reads too many fields");
		return i == -ENOMEM ? i : -EINVAL;
	}
	ref->number = i;
	ref->extract = extract_field;
	return 0;
}

/* The agent's field of that name, or whose name with an argument after a dot it is. */
static const struct saker_field *agent_field(const char *name, size_t len)
{
	const struct saker_catalogue *agent = saker_enrich_catalogue();

	for (uint32_t i = 0; i < agent->n_fields; i++) {
		const struct saker_field *field = &agent->fields[i];
		size_t n = strlen(field->name);

		if (n == len && memcmp(field->name, name, n) == 0)
			return field;
	}
	return NULL;
}

static int add_field(struct filter *f, const char *name, size_t len)
{
	const struct saker_field *known = agent_field(name, len);
	struct saker_field field = {.type = SAKER_TYPE_STRING,
				    .cost = 3,
				    .group = "output_fields",
				    .description = "a key of output_fields"};

	for (uint32_t i = 0; i < f->n_fields; i++) {
		if (strlen(f->fields[i].name) == len && memcmp(f->fields[i].name, name, len) == 0)
			return 0;
	}
	if (f->n_fields == BASE_FIELDS + MAX_FIELDS)
		return -E2BIG;
	if (known && known->type != SAKER_TYPE_NONE && known->type != SAKER_TYPE_BYTES &&
	    known->format == SAKER_FORMAT_DEC)
		field.type = known->type;
	field.flags = SAKER_FIELD_ARG_ALLOWED;
	field.name = strndup(name, len);
	if (!field.name)
		return -ENOMEM;
	f->fields[f->n_fields++] = field;
	return 0;
}

/* ---- the condition's own words ---------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

/* The word or quoted text at *p; what is in quotes without them. */
static struct text next_word(const char **p, bool *ret_quoted)
{
	const char *s = *p, *start;
	char quote = *s;

	*ret_quoted = quote == '"' || quote == '\'';
	if (*ret_quoted) {
		for (start = ++s; *s && *s != quote; s++)
			s += *s == '\\' && s[1];
		*p = s + (*s == quote);
	} else {
		for (start = s; is_word(*s); s++)
			;
		*p = s;
	}
	return (struct text){start, (uint32_t)(s - start)};
}

/*
 * What `priority` and `time` are compared with reads as a word; librules compares
 * numbers. `which` is the field on the left, until a word says that another check starts.
 */
static bool put_constant(struct textbuf *out, int which, struct text word)
{
	enum saker_priority priority;
	char copy[64];
	uint64_t ns;

	if (which == BASE_PRIORITY &&
	    saker_alert_priority_parse(word.p, word.len, &priority) == 0) {
		textbuf_printf(out, "%d", (int)priority);
		return true;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)MIN(word.len, 60), word.p);
	if (which == BASE_TIME && parse_time(copy, now_ns(), &ns) == 0) {
		textbuf_printf(out, "%llu", (unsigned long long)ns);
		return true;
	}
	return false;
}

/* Whether an operator follows, which makes the word before it a field. */
static bool is_left_side(const char *p)
{
	static const char *const words[] = {"in",	  "contains", "icontains", "startswith",
					    "endswith",	  "glob",     "iglob",	   "pmatch",
					    "intersects", "exists",   "regex",	   "bcontains",
					    "bstartswith"};
	size_t n;

	if (*p == '[')
		p += strcspn(p, "]") + (strchr(p, ']') != NULL);
	p += strspn(p, " \t\n\r");
	if (*p && strchr("=!<>", *p))
		return true;
	for (n = 0; isalpha((unsigned char)p[n]); n++)
		;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == n && strncmp(words[i], p, n) == 0)
			return true;
	}
	return false;
}

/* `rule` or alert.rule, on the left side of a check. */
static bool put_base(struct textbuf *out, struct text word, int *ret_which)
{
	for (int i = 0; i < BASE_FIELDS; i++) {
		const char *name = base[i].name;
		size_t skip = word.len < strlen(name) ? sizeof(PREFIX) - 1 : 0;

		if (strlen(name) - skip != word.len || memcmp(name + skip, word.p, word.len) != 0)
			continue;
		textbuf_puts(out, base[i].name);
		*ret_which = i;
		return true;
	}
	return false;
}

/* Collects fields out of the condition, and writes it as librules can take it. */
static int read_condition(struct filter *f, const char *p, struct textbuf *out)
{
	int which = -1, r;

	while (*p) {
		const char *from = p;
		struct text word;
		bool quoted;

		if (!is_word(*p) && *p != '"' && *p != '\'') {
			textbuf_put(out, p++, 1);
			continue;
		}
		word = next_word(&p, &quoted);
		if (text_is(word, "and") || text_is(word, "or") || text_is(word, "not"))
			which = -1;
		else if (put_constant(out, which, word))
			continue;
		else if (!quoted && is_left_side(p) && put_base(out, word, &which))
			continue;
		else if (!quoted && isalpha((unsigned char)*word.p) &&
			 memchr(word.p, '.', word.len) &&
			 (is_left_side(p) || agent_field(word.p, word.len))) {
			r = add_field(f, word.p, word.len);
			if (r < 0)
				return r;
		}
		textbuf_put(out, from, (size_t)(p - from));
	}
	return out->failed ? -ENOMEM : 0;
}

static void say(void *userdata, const struct saker_diag *diag)
{
	const struct filter *f = userdata;

	complain("--where '%s': %s%s%s", f->shown, diag->message, *diag->hint ? "; " : "",
		 diag->hint);
}

int filter_new(const char *condition, struct wanted *wanted, struct filter **ret_filter)
{
	struct filter *f = calloc(1, sizeof(*f));
	struct textbuf text = {0};
	int r = -ENOMEM;

	if (!f)
		return r;
	f->fields = calloc(BASE_FIELDS + MAX_FIELDS, sizeof(*f->fields));
	if (!f->fields)
		goto fail;
	memcpy(f->fields, base, sizeof(base));
	f->n_fields = BASE_FIELDS;
	f->wanted = wanted;
	f->shown = condition;
	r = read_condition(f, condition, &text);
	if (r == -E2BIG)
		complain("--where reads more than %d fields", MAX_FIELDS);
	if (r < 0)
		goto fail;
	f->catalogue = (struct saker_catalogue){
		.size = sizeof(f->catalogue),
		.source = "alert",
		.fields = f->fields,
		.n_fields = f->n_fields,
		.n_codes = 1,
		.userdata = f,
		.bind = bind_field,
	};
	r = saker_filter_compile(&f->catalogue, text.p ? text.p : "", say, f, &f->compiled);
	if (r < 0)
		goto fail;
	textbuf_fini(&text);
	*ret_filter = f;
	return 0;
fail:
	textbuf_fini(&text);
	filter_free(f);
	return r;
}

bool filter_pass(struct filter *filter, const struct record *record)
{
	struct eval e = {filter, record};

	/* Resolved values take at most thrice their bytes; one line holds them all. */
	if (filter->room < 3 * (size_t)record->alert->len) {
		char *p = realloc(filter->texts.p, 3 * (size_t)record->alert->len);

		if (!p)
			return false;
		filter->texts.p = p;
		filter->room = 3 * (size_t)record->alert->len;
	}
	filter->texts.len = 0;
	return saker_filter_eval(filter->compiled, &e) > 0;
}

struct filter *filter_free(struct filter *filter)
{
	if (!filter)
		return NULL;
	saker_filter_free(filter->compiled);
	for (uint32_t i = BASE_FIELDS; filter->fields && i < filter->n_fields; i++)
		free((char *)filter->fields[i].name);
	free(filter->fields);
	textbuf_fini(&filter->texts);
	free(filter);
	return NULL;
}
