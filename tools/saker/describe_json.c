/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What -L says with json_output: the keys and the spelling of conditions are
 * Falco's, names are sorted. Plugins that count as used are those built in here.
 */
#include <saker/event.h>

#include "common/util.h"
#include "describe_json.h"
#include "text.h"

/* JSON takes UTF-8 only, and a condition may hold any byte. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	char *copy = json ? NULL : strdup(text);

	if (copy) {
		text_make_utf8(copy);
		json = json_string(copy);
	}
	free(copy);
	return json;
}

static json_t *names_json(const char *const *names, uint32_t n)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(array, text_json(names[i]));
	return array;
}

/* A set of texts: the keys of an object, which dumping sorts. */
static json_t *sorted_json(json_t *set)
{
	json_t *array = json_array();
	const char **names = calloc(json_object_size(set) + 1, sizeof(*names));
	const char *name;
	uint32_t n = 0;
	json_t *value;

	json_object_foreach(set, name, value)
	{
		uint32_t at = n++;

		for (; names && at > 0 && strcmp(names[at - 1], name) > 0; at--)
			names[at] = names[at - 1];
		if (names)
			names[at] = name;
	}
	for (uint32_t i = 0; names && i < n; i++)
		json_array_append_new(array, json_string(names[i]));
	free(names);
	json_decref(set);
	return array;
}

static void set_add(json_t *set, const char *name)
{
	json_object_set_new(set, name, json_true());
}

/* ---- conditions as one line -------------------------------------------------- */

static void put_operand(FILE *out, const struct saker_operand *o)
{
	if (o->kind != SAKER_OPERAND_LIST) {
		fputs(o->written, out);
		return;
	}
	fputc('(', out);
	for (uint32_t i = 0; i < o->n_args; i++) {
		fputs(i ? ", " : "", out);
		put_operand(out, o->args[i]);
	}
	fputc(')', out);
}

static void put_condition(FILE *out, const struct saker_expression *e)
{
	switch (e->kind) {
	case SAKER_EXPRESSION_CHECK:
		put_operand(out, e->left);
		fprintf(out, " %s%s%s", e->op, *e->modifier ? " " : "", e->modifier);
		if (e->right) {
			fputc(' ', out);
			put_operand(out, e->right);
		}
		return;
	case SAKER_EXPRESSION_NOT:
		fputs("not ", out);
		put_condition(out, e->children[0]);
		return;
	default:
		fputc('(', out);
		for (uint32_t i = 0; i < e->n_children; i++) {
			if (i)
				fputs(e->kind == SAKER_EXPRESSION_AND ? " and " : " or ", out);
			put_condition(out, e->children[i]);
		}
		fputc(')', out);
	}
}

static json_t *condition_json(const struct saker_expression *root)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	json_t *json = NULL;

	if (!f)
		return NULL;
	if (root)
		put_condition(f, root);
	if (fclose(f) == 0)
		json = text_json(text);
	free(text);
	return json;
}

/* ---- what a condition uses --------------------------------------------------- */

static void add_fields(json_t *fields, const struct saker_operand *o)
{
	_cleanup_free_ char *name = NULL;

	if (o->kind == SAKER_OPERAND_FIELD) {
		if (asprintf(&name, "%s%s%s%s", o->text, o->arg ? "[" : "", o->arg ? o->arg : "",
			     o->arg ? "]" : "") < 0) {
			name = NULL;
			return;
		}
		set_add(fields, name);
	}
	for (uint32_t i = 0; o->kind == SAKER_OPERAND_TRANSFORMER && i < o->n_args; i++)
		add_fields(fields, o->args[i]);
}

static void add_uses(json_t *fields, json_t *operators, const struct saker_expression *e)
{
	for (uint32_t i = 0; i < e->n_children; i++)
		add_uses(fields, operators, e->children[i]);
	if (e->kind != SAKER_EXPRESSION_CHECK)
		return;
	add_fields(fields, e->left);
	if (e->right)
		add_fields(fields, e->right);
	set_add(operators, e->op);
}

static void set_uses(json_t *details, const struct saker_expression *root)
{
	json_t *fields = json_object(), *operators = json_object();

	if (root)
		add_uses(fields, operators, root);
	json_object_set_new(details, "condition_fields", sorted_json(fields));
	json_object_set_new(details, "condition_operators", sorted_json(operators));
	json_object_set_new(details, "condition_compiled", condition_json(root));
}

static json_t *events_json(const uint64_t *codes, uint32_t n_words)
{
	json_t *events = json_object();

	for (uint32_t code = 0; codes && code < n_words * 64; code++) {
		if (codes[code / 64] >> (code % 64) & 1 && saker_event_info(code))
			set_add(events, saker_event_info(code)->name);
	}
	return sorted_json(events);
}

/* By the fields alone: what the container plugin has is built in. */
static bool is_of_container(const struct saker_catalogue *catalogue, const char *name)
{
	size_t len = strcspn(name, "[");

	for (uint32_t i = 0; i < catalogue->n_fields; i++) {
		const struct saker_field *f = &catalogue->fields[i];

		if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
			return util_streq(f->group, "container") || util_streq(f->group, "k8s");
	}
	return false;
}

static json_t *plugins_json(const struct describe *d, json_t *fields, const struct saker_rule *rule)
{
	json_t *plugins = json_array(), *field;
	bool used = false;
	size_t i;

	json_array_foreach(fields, i, field) used =
		used || is_of_container(d->catalogue, json_string_value(field));
	for (uint32_t k = 0; k < rule->n_values; k++)
		used = used || is_of_container(d->catalogue, rule->values[k]);
	if (used)
		json_array_append_new(plugins, json_string("container"));
	return plugins;
}

/* ---- rules, macros, lists ---------------------------------------------------- */

static const struct saker_rule_details *details_of(const struct describe *d, const char *name)
{
	for (uint32_t i = 0; i < d->inspection->n_rules; i++) {
		if (util_streq(d->inspection->rules[i].name, name))
			return &d->inspection->rules[i];
	}
	return NULL;
}

/* Those of append_output that are formats of their own: "name=%format". */
static json_t *extra_json(const struct describe *d, const struct saker_rule *rule)
{
	json_t *extra = json_object();

	for (uint32_t i = 0; i < d->n_append; i++) {
		for (uint32_t k = 0; k < d->append[i].n_extra_fields; k++) {
			const char *text = d->append[i].extra_fields[k];
			const char *equals = strchr(text, '=');
			_cleanup_free_ char *name =
				equals ? strndup(text, (size_t)(equals - text)) : NULL;

			for (uint32_t v = 0; name && v < rule->n_values; v++) {
				if (util_streq(rule->values[v], name))
					json_object_set_new(extra, name, text_json(equals + 1));
			}
		}
	}
	return extra;
}

static json_t *rule_details(const struct describe *d, const struct saker_rule *rule,
			    const struct saker_rule_details *its)
{
	json_t *details = json_object(), *extra = extra_json(d, rule);

	set_uses(details, its->root);
	json_object_set_new(details, "macros", names_json(its->macros.names, its->macros.n));
	json_object_set_new(details, "lists", names_json(its->lists.names, its->lists.n));
	json_object_set_new(details, "output_fields", names_json(rule->values, rule->n_values));
	json_object_set_new(details, "output_compiled", text_json(rule->format));
	if (json_object_size(extra))
		json_object_set(details, "extra_output_formatted_fields", extra);
	json_decref(extra);
	json_object_set_new(details, "exception_names",
			    names_json(its->exceptions, its->n_exceptions));
	json_object_set_new(details, "exception_fields",
			    names_json(its->exception_fields.names, its->exception_fields.n));
	json_object_set_new(details, "exception_operators",
			    names_json(its->exception_operators.names, its->exception_operators.n));
	json_object_set_new(details, "events", events_json(its->codes, its->n_words));
	json_object_set_new(details, "plugins",
			    plugins_json(d, json_object_get(details, "condition_fields"), rule));
	return details;
}

static json_t *rule_json(const struct describe *d, const struct saker_rule *rule)
{
	const struct saker_rule_details *its = details_of(d, rule->name);
	json_t *info = json_pack(
		"{so so so so so so ss sb sb sI}", "name", text_json(rule->name), "condition",
		text_json(rule->condition), "output", text_json(rule->output), "description",
		text_json(rule->description), "source", text_json(rule->source), "tags",
		names_json(rule->tags, rule->n_tags), "priority",
		saker_priority_name(rule->priority), "enabled", rule->enabled, "capture",
		rule->capture, "capture_duration", (json_int_t)rule->capture_duration);

	return json_pack("{so so}", "info", info, "details",
			 its ? rule_details(d, rule, its) : json_object());
}

static json_t *macro_json(const struct saker_definition *macro)
{
	json_t *details = json_pack("{sb so so so s[]}", "used", macro->used, "macros",
				    names_json(macro->macros.names, macro->macros.n), "lists",
				    names_json(macro->lists.names, macro->lists.n), "events",
				    events_json(macro->codes, macro->n_words), "plugins");

	set_uses(details, macro->root);
	return json_pack("{s{so so} so}", "info", "name", text_json(macro->name), "condition",
			 text_json(macro->text), "details", details);
}

/* The names of lists among its items are told by themselves. */
static json_t *list_json(const struct saker_definition *list)
{
	json_t *items = json_array();

	for (uint32_t i = 0; i < list->n_items; i++) {
		bool is_list = false;

		for (uint32_t k = 0; k < list->lists.n && !is_list; k++)
			is_list = util_streq(list->items[i], list->lists.names[k]);
		if (!is_list)
			json_array_append_new(items, text_json(list->items[i]));
	}
	return json_pack("{s{so so} s{sb so so s[]}}", "info", "name", text_json(list->name),
			 "items", items, "details", "used", list->used, "lists",
			 names_json(list->lists.names, list->lists.n), "items_compiled",
			 names_json(list->values, list->n_values), "plugins");
}

static json_t *requirements_json(const struct saker_inspection *inspection)
{
	json_t *array = json_array(), *last = NULL;

	for (uint32_t i = 0; i < inspection->n_requirements; i++) {
		const struct saker_requirement *r = &inspection->requirements[i];

		if (r->alternative) {
			json_array_append_new(
				json_object_get(last, "alternatives"),
				json_pack("{ss ss}", "name", r->name, "version", r->version));
			continue;
		}
		last = json_pack("{ss ss s[]}", "name", r->name, "version", r->version,
				 "alternatives");
		json_array_append_new(array, last);
	}
	return array;
}

static void add_definitions(const struct saker_inspection *inspection, json_t *macros,
			    json_t *lists)
{
	for (uint32_t i = 0; i < inspection->n_definitions; i++) {
		const struct saker_definition *definition = &inspection->definitions[i];

		if (definition->replaced_by.file)
			continue;
		if (util_streq(definition->kind, "macro"))
			json_array_append_new(macros, macro_json(definition));
		else if (util_streq(definition->kind, "list"))
			json_array_append_new(lists, list_json(definition));
	}
}

json_t *describe_json(const struct describe *d, const struct saker_rule *only)
{
	uint32_t n = saker_ruleset_n_rules(d->ruleset);
	json_t *rules = json_array(), *macros, *lists;

	if (only) {
		json_array_append_new(rules, rule_json(d, only));
		return json_pack("{so}", "rules", rules);
	}
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(rules, rule_json(d, saker_ruleset_rule(d->ruleset, i)));
	macros = json_array();
	lists = json_array();
	add_definitions(d->inspection, macros, lists);
	return json_pack("{ss so so so so}", "required_engine_version",
			 d->inspection->engine_version, "required_plugin_versions",
			 requirements_json(d->inspection), "rules", rules, "macros", macros,
			 "lists", lists);
}
