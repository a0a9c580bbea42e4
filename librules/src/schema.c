/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of rule files as tables, and the walk that holds a document against them. */
#include <stdarg.h>
#include <stdio.h>

#include "schema.h"

enum schema_type {
	SCHEMA_ANY,
	SCHEMA_STRING,	/* any scalar */
	SCHEMA_BOOLEAN, /* true, false */
	SCHEMA_INTEGER,
	SCHEMA_WORD, /* one of some words */
	SCHEMA_ARRAY,
	SCHEMA_OBJECT,
};

struct schema {
	enum schema_type type;
	const char *const *words;      /* WORD; ends with NULL */
	const struct schema *items;    /* ARRAY */
	const struct schema_key *keys; /* OBJECT: no others may be there; ends with a NULL name */
	bool not_empty;		       /* OBJECT */
};

struct schema_key {
	const char *name;
	const struct schema *value;
	bool required;
};

static const struct schema any = {.type = SCHEMA_ANY};
static const struct schema string = {.type = SCHEMA_STRING};
static const struct schema boolean = {.type = SCHEMA_BOOLEAN};
static const struct schema integer = {.type = SCHEMA_INTEGER};
static const struct schema strings = {.type = SCHEMA_ARRAY, .items = &string};

static const struct schema priority = {
	.type = SCHEMA_WORD,
	.words = (const char *const[]){"EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING",
				       "NOTICE", "INFO", "INFORMATIONAL", "DEBUG", NULL},
};

static const struct schema operation = {
	.type = SCHEMA_WORD,
	.words = (const char *const[]){"append", "replace", NULL},
};

static const struct schema override = {
	.type = SCHEMA_OBJECT,
	.not_empty = true,
	.keys = (const struct schema_key[]){{"items", &operation, false},
					    {"desc", &operation, false},
					    {"condition", &operation, false},
					    {"output", &operation, false},
					    {"priority", &operation, false},
					    {"enabled", &operation, false},
					    {"exceptions", &operation, false},
					    {"capture", &operation, false},
					    {"capture_duration", &operation, false},
					    {"tags", &operation, false},
					    {"warn_evttypes", &operation, false},
					    {"skip-if-unknown-filter", &operation, false},
					    {NULL, NULL, false}},
};

static const struct schema exception = {
	.type = SCHEMA_OBJECT,
	.keys = (const struct schema_key[]){{"name", &string, true},
					    {"fields", &any, false},
					    {"comps", &any, false},
					    {"values", &any, false},
					    {NULL, NULL, false}},
};
static const struct schema exceptions = {.type = SCHEMA_ARRAY, .items = &exception};

static const struct schema alternative = {
	.type = SCHEMA_OBJECT,
	.keys = (const struct schema_key[]){{"name", &string, true},
					    {"version", &string, true},
					    {NULL, NULL, false}},
};
static const struct schema alternatives = {.type = SCHEMA_ARRAY, .items = &alternative};

static const struct schema plugin = {
	.type = SCHEMA_OBJECT,
	.keys = (const struct schema_key[]){{"name", &string, true},
					    {"version", &string, true},
					    {"alternatives", &alternatives, false},
					    {NULL, NULL, false}},
};
static const struct schema plugins = {.type = SCHEMA_ARRAY, .items = &plugin};

static const struct schema item = {
	.type = SCHEMA_OBJECT,
	.keys = (const struct schema_key[]){{"required_engine_version", &string, false},
					    {"required_plugin_versions", &plugins, false},
					    {"macro", &string, false},
					    {"condition", &string, false},
					    {"list", &string, false},
					    {"items", &strings, false},
					    {"items_file", &string, false}, /* ours */
					    {"rule", &string, false},
					    {"desc", &string, false},
					    {"enabled", &boolean, false},
					    {"output", &string, false},
					    {"append", &boolean, false},
					    {"priority", &priority, false},
					    {"capture", &boolean, false},
					    {"capture_duration", &integer, false},
					    {"source", &string, false},
					    {"exceptions", &exceptions, false},
					    {"override", &override, false},
					    {"tags", &strings, false},
					    {"warn_evttypes", &boolean, false},
					    {"skip-if-unknown-filter", &boolean, false},
					    {NULL, NULL, false}},
};
static const struct schema file = {.type = SCHEMA_ARRAY, .items = &item};

/* ---- the walk --------------------------------------------------------------- */

struct walk {
	rules_schema_fn fn;
	void *userdata;
	bool fits;
	char where[512]; /* cut off where a file nests more than this holds */
	size_t len;
};

static void check(struct walk *w, const struct rules_yaml *node, const struct schema *schema);

_printf_(3, 4) static void object_to(struct walk *w, const struct rules_yaml *node,
				     const char *format, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	w->fits = false;
	w->fn(w->userdata, node, w->where, what);
}

/* Goes on below; returns the length to go back to. */
_printf_(2, 3) static size_t descend(struct walk *w, const char *format, ...)
{
	size_t before = w->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(w->where + w->len, sizeof(w->where) - w->len, format, ap);
	va_end(ap);
	w->len = MIN(w->len + (size_t)MAX(n, 0), sizeof(w->where) - 1);
	return before;
}

static void ascend(struct walk *w, size_t to)
{
	w->len = to;
	w->where[to] = '\0';
}

static bool is_integer(const char *s)
{
	char *end;

	if (!*s)
		return false;
	errno = 0;
	(void)strtoll(s, &end, 10);
	return errno == 0 && *end == '\0';
}

static bool is_word(const char *s, const char *const *words)
{
	while (*words && !util_streq(*words, s))
		words++;
	return *words;
}

static void check_scalar(struct walk *w, const struct rules_yaml *node, const struct schema *schema)
{
	if (node->kind != RULES_YAML_SCALAR) {
		object_to(w, node, "a single value belongs here");
		return;
	}
	switch (schema->type) {
	case SCHEMA_BOOLEAN:
		if (!util_streq(node->text, "true") && !util_streq(node->text, "false"))
			object_to(w, node, "only true or false belongs here");
		break;
	case SCHEMA_INTEGER:
		if (!is_integer(node->text))
			object_to(w, node, "only a whole number belongs here");
		break;
	case SCHEMA_WORD:
		if (!is_word(node->text, schema->words))
			object_to(w, node, "'%.64s' is none of the words that belong here",
				  node->text);
		break;
	default:
		break;
	}
}

static const struct schema_key *find_key(const struct schema *schema, const char *name)
{
	for (const struct schema_key *k = schema->keys; k->name; k++) {
		if (util_streq(k->name, name))
			return k;
	}
	return NULL;
}

static void check_object(struct walk *w, const struct rules_yaml *node, const struct schema *schema)
{
	if (node->len == 0 && schema->not_empty)
		object_to(w, node, "at least one key belongs here");
	for (uint32_t i = 0; i + 1 < node->len; i += 2) {
		const struct rules_yaml *name = node->children[i];
		const char *text = name->kind == RULES_YAML_SCALAR ? name->text : "null";
		const struct schema_key *key = find_key(schema, text);
		size_t before;

		if (!key) {
			object_to(w, name, "no key '%.64s' belongs here", text);
			continue;
		}
		/* The first of two equal keys counts; the second one does not belong here. */
		if (rules_yaml_get(node, text) != node->children[i + 1]) {
			object_to(w, name, "the key '%.64s' is here twice", text);
			continue;
		}
		before = descend(w, "[\"%s\"]", text);
		check(w, node->children[i + 1], key->value);
		ascend(w, before);
	}
	for (const struct schema_key *k = schema->keys; k->name; k++) {
		if (k->required && !rules_yaml_get(node, k->name))
			object_to(w, node, "the key '%s' is missing", k->name);
	}
}

static void check(struct walk *w, const struct rules_yaml *node, const struct schema *schema)
{
	switch (schema->type) {
	case SCHEMA_ANY:
		break;
	case SCHEMA_ARRAY:
		if (node->kind != RULES_YAML_SEQUENCE) {
			object_to(w, node, "a list belongs here");
			break;
		}
		/* What is in bulk is plain values all through. */
		for (uint32_t i = 0; i < node->len && !node->is_bulk; i++) {
			size_t before = descend(w, "[%u]", i);

			check(w, node->children[i], schema->items);
			ascend(w, before);
		}
		break;
	case SCHEMA_OBJECT:
		if (node->kind == RULES_YAML_MAPPING)
			check_object(w, node, schema);
		else
			object_to(w, node, "a mapping of keys to values belongs here");
		break;
	default:
		check_scalar(w, node, schema);
		break;
	}
}

bool rules_schema_check(const struct rules_yaml *document, rules_schema_fn fn, void *userdata)
{
	struct walk w = {.fn = fn, .userdata = userdata, .fits = true};

	descend(&w, "<root>");
	check(&w, document, &file);
	return w.fits;
}
