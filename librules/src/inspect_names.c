/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What texts of an inspection name: the macros and lists of a condition as it is
 * written, the items of a list and what becomes of them, fields and operators of
 * exceptions, required plugins. Beside inspect.c, which is about what is compiled.
 */
#include <stdio.h>

#include "inspect.h"
#include "parse.h"

#define ARENA_BLOCK (16u << 10)

int rules_names_add(struct rules_names *names, const char *name)
{
	int r = GROW(names->v, names->n, names->cap);

	if (r == 0)
		names->v[names->n++] = name;
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int rules_names_take(struct rules_inspecting *in, struct rules_names *names,
		     struct saker_names *ret)
{
	const char **to = arena_alloc(in->arena, (names->n + 1) * sizeof(*to));
	uint32_t n = 0;
	int r = to ? 0 : -ENOMEM;

	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		if (n == 0 || !util_streq(to[n - 1], names->v[i]))
			r = rules_inspect_string(in, names->v[i], &to[n++]);
	}
	free(names->v);
	*names = (struct rules_names){0};
	*ret = (struct saker_names){to, n};
	return r;
}

/* ---- conditions -------------------------------------------------------------- */

struct naming {
	const struct rules_definitions *definitions;
	struct rules_names macros;
	struct rules_names lists;
};

static int name_values(struct naming *naming, const struct rules_operand *list)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < list->n_args; i++) {
		const struct rules_operand *word = list->args[i];

		if (word->kind == RULES_OPERAND_TEXT && !word->quoted &&
		    rules_find_list(naming->definitions, word->text, word->len))
			r = rules_names_add(&naming->lists, word->text);
	}
	return r;
}

static int name_node(struct naming *naming, const struct rules_node *node)
{
	int r = 0;

	if (node->kind == RULES_NODE_MACRO && rules_find_macro(naming->definitions, node->macro))
		r = rules_names_add(&naming->macros, node->macro);
	else if (node->kind == RULES_NODE_CHECK && node->rhs &&
		 node->rhs->kind == RULES_OPERAND_LIST)
		r = name_values(naming, node->rhs);
	for (uint32_t i = 0; r == 0 && i < node->n_children; i++)
		r = name_node(naming, node->children[i]);
	return r;
}

/* A text that is a condition only once its lists are written into it has no names to tell. */
int rules_inspect_names(struct rules_inspecting *in, const char *condition,
			struct saker_names *ret_macros, struct saker_names *ret_lists)
{
	const struct rules_parse_options options = {
		.max_depth = RULES_CONDITION_DEPTH,
		.macros = true,
	};
	struct naming naming = {.definitions = &in->loader->definitions};
	struct rules_parse_error error;
	struct rules_node *root;
	struct arena scratch;
	int r, r2;

	arena_init(&scratch, ARENA_BLOCK);
	r = rules_parse(&scratch, &options, condition, strlen(condition), &error, &root);
	if (r == 0)
		r = name_node(&naming, root);
	else if (r == -EBADMSG)
		r = 0;
	r2 = rules_names_take(in, &naming.macros, ret_macros);
	r = r < 0 ? r : r2;
	r2 = rules_names_take(in, &naming.lists, ret_lists);
	arena_fini(&scratch);
	return r < 0 ? r : r2;
}

/* ---- lists ------------------------------------------------------------------- */

static int add_item(struct rules_inspecting *in, const struct rules_list *list, const char *text,
		    size_t len, struct rules_names *lists, const char **to)
{
	const struct rules_list *other = rules_find_list(&in->loader->definitions, text, len);
	int r = rules_inspect_string(in, text, to);

	return r == 0 && other && other != list ? rules_names_add(lists, other->name) : r;
}

static int add_items(struct rules_inspecting *in, const struct rules_list *list,
		     struct rules_names *lists, const char **to)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < list->n_items; i++)
		r = add_item(in, list, list->items[i]->text, list->items[i]->len, lists, to++);
	for (uint32_t i = 0; r == 0 && i < list->n_bulks; i++) {
		for (uint32_t k = 0; r == 0 && k < list->bulks[i]->n; k++) {
			struct rules_operand value;

			rules_bulk_get(list->bulks[i], k, &value);
			r = add_item(in, list, value.text, value.len, lists, to++);
		}
	}
	return r;
}

int rules_inspect_list(struct rules_inspecting *in, const struct rules_list *list,
		       const struct rules_list_items *its, struct saker_definition *to)
{
	struct rules_values values = {.args = its->items, .n = its->n};
	uint32_t n = rules_values_count(&values), i = 0;
	const char **items = arena_alloc(in->arena, ((size_t)to->n_items + 1) * sizeof(*items));
	const char **written = arena_alloc(in->arena, ((size_t)n + 1) * sizeof(*written));
	const struct rules_operand *value;
	struct rules_names lists = {0};
	int r = items && written ? 0 : -ENOMEM, r2;

	if (r == 0)
		r = add_items(in, list, &lists, items);
	while (r == 0 && (value = rules_values_next(&values)))
		r = rules_inspect_string(in, value->text, &written[i++]);
	r2 = rules_names_take(in, &lists, &to->lists);
	to->used = its->used;
	to->items = items;
	to->values = written;
	to->n_values = n;
	return r < 0 ? r : r2;
}

/* ---- exceptions, requirements ------------------------------------------------- */

static int add_entry(struct rules_names *names, const struct rules_exception_entry *entry)
{
	int r = 0;

	if (!entry->is_list)
		return entry->scalar ? rules_names_add(names, entry->scalar->text) : 0;
	for (uint32_t i = 0; r == 0 && i < entry->n; i++)
		r = add_entry(names, &entry->items[i]);
	return r;
}

int rules_inspect_exceptions(struct rules_inspecting *in, const struct rules_rule *rule,
			     struct saker_rule_details *to)
{
	struct rules_names fields = {0}, operators = {0};
	int r = 0, r2;

	for (uint32_t i = 0; r == 0 && i < rule->n_exceptions; i++) {
		const struct rules_exception *e = &rule->exceptions[i];
		uint32_t n = e->fields.is_list ? e->fields.n : 1;

		r = add_entry(&fields, &e->fields);
		for (uint32_t k = 0; r == 0 && e->operators && k < n; k++)
			r = rules_names_add(&operators, e->operators[k]);
	}
	r2 = rules_names_take(in, &fields, &to->exception_fields);
	r = r < 0 ? r : r2;
	r2 = rules_names_take(in, &operators, &to->exception_operators);
	return r < 0 ? r : r2;
}

int rules_inspect_requirements(struct rules_inspecting *in, struct saker_inspection *to)
{
	const struct rules_definitions *d = &in->loader->definitions;
	struct saker_requirement *all;
	char version[64];
	size_t n = 0;
	int r;

	for (uint32_t i = 0; i < d->n_requirements; i++)
		n += d->requirements[i].n;
	all = arena_alloc(in->arena, (n + 1) * sizeof(*all));
	if (!all)
		return -ENOMEM;
	to->requirements = all;
	snprintf(version, sizeof(version), "%u.%u.%u", d->engine_version.major,
		 d->engine_version.minor, d->engine_version.patch);
	r = rules_inspect_string(in, version, &to->engine_version);
	for (uint32_t i = 0; r == 0 && i < d->n_requirements; i++) {
		for (uint32_t k = 0; r == 0 && k < d->requirements[i].n; k++, all++) {
			const struct rules_requirement *from = &d->requirements[i].alternatives[k];

			all->alternative = k > 0;
			r = rules_inspect_string(in, from->name, &all->name);
			if (r == 0)
				r = rules_inspect_string(in, from->text, &all->version);
		}
	}
	to->n_requirements = (uint32_t)n;
	return r;
}
