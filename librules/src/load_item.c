/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item of a rule file: which kind it is, and all kinds but rules (which are
 * in load_rule.c): version requirements, lists, macros.
 */
#include "lex.h"
#include "load_internal.h"

static int load_engine_version(struct rules_reading *r, const struct rules_yaml *item)
{
	static const char *const keys[] = {"required_engine_version"};
	struct rules_place at = rules_place_of(item, RULES_PLACE_ENGINE_VERSION, "", r->content);
	struct rules_version version = {0};
	struct rules_version ours;
	const struct rules_yaml *value;
	int rc = rules_decode_scalar(r, item, keys[0], RULES_REQUIRED, &at, &value);

	if (rc < 0)
		return rc;
	if (!rules_yaml_to_u32(value, &version.minor) &&
	    rules_version_parse(value->text, &version) < 0)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Write it as in \"0.26.0\".",
				     "Unable to parse engine version '%s' as a semver string. "
				     "Expected \"x.y.z\" semver format.",
				     value->text);
	rc = rules_version_parse(SAKER_RULES_ENGINE_VERSION, &ours);
	if (rc < 0)
		return rc;
	if (!rules_version_serves(&ours, &version))
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, &at,
				     "These rules are newer than this program: update it, or use "
				     "older rules.",
				     "Rules require engine version %u.%u.%u, but engine version is "
				     "%u.%u.%u",
				     version.major, version.minor, version.patch, ours.major,
				     ours.minor, ours.patch);
	if (rules_version_compare(&r->definitions->engine_version, &version) < 0)
		r->definitions->engine_version = version;
	return rules_warn_unknown_keys(r, item, keys, ARRAY_SIZE(keys), &at);
}

/* name and version of one acceptable plugin */
static int decode_plugin(struct rules_reading *r, const struct rules_yaml *node,
			 enum rules_place_kind kind, const struct rules_place *parent,
			 struct rules_requirement *ret)
{
	struct rules_place at = rules_place_of(node, kind, "", parent);
	int rc;

	if (node->kind != RULES_YAML_MAPPING)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Write \"name:\" and \"version:\".",
				     kind == RULES_PLACE_PLUGIN_VERSIONS_ENTRY
					     ? "Plugin version must be a mapping"
					     : "Plugin version alternative must be a mapping");
	rc = rules_decode_string(r, node, "name", RULES_REQUIRED, &at, &ret->name);
	if (rc < 0)
		return rc;
	at.name = ret->name;
	return rules_decode_string(r, node, "version", RULES_REQUIRED, &at, &ret->text);
}

static int check_alternatives(struct rules_reading *r, struct rules_plugin_requirement *requirement)
{
	for (uint32_t i = 0; i < requirement->n; i++) {
		struct rules_requirement *a = &requirement->alternatives[i];

		if (rules_version_parse(a->text, &a->version) < 0)
			return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE,
					     requirement->place, "Write it as in \"0.7.1\".",
					     "Invalid required version '%s' for plugin '%s'",
					     a->text, a->name);
		for (uint32_t k = 0; k < i; k++) {
			if (util_streq(requirement->alternatives[k].name, a->name))
				return rules_finding(
					r->reporter, RULES_LOAD_ERR_VALIDATE, requirement->place,
					"Name each plugin once.",
					"Defined multiple alternative version requirements for "
					"plugin '%s'",
					a->name);
		}
	}
	return 0;
}

static int load_plugin_entry(struct rules_reading *r, const struct rules_yaml *node,
			     const struct rules_place *parent)
{
	const struct rules_yaml *alternatives = rules_yaml_get(node, "alternatives");
	struct rules_definitions *d = r->definitions;
	struct rules_plugin_requirement requirement = {.n = 1};
	struct rules_requirement first = {0};
	int rc = decode_plugin(r, node, RULES_PLACE_PLUGIN_VERSIONS_ENTRY, parent, &first);

	if (rc < 0)
		return rc;
	requirement.place =
		rules_new_place(r, node, RULES_PLACE_PLUGIN_VERSIONS_ENTRY, first.name, parent);
	if (!requirement.place)
		return -ENOMEM;
	if (alternatives && alternatives->kind != RULES_YAML_SEQUENCE)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, requirement.place,
				     "Write one \"- name: ...\" for each alternative.",
				     "Value of plugin version alternatives must be a sequence");
	if (alternatives && alternatives->len >= RULES_MAX_ALTERNATIVES)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, requirement.place,
				     "A plugin may have 63 alternatives.",
				     "Too many plugin version alternatives");
	requirement.n += alternatives ? alternatives->len : 0;
	requirement.alternatives =
		arena_alloc(r->arena, requirement.n * sizeof(*requirement.alternatives));
	if (!requirement.alternatives)
		return -ENOMEM;
	requirement.alternatives[0] = first;
	for (uint32_t i = 1; i < requirement.n; i++) {
		rc = decode_plugin(r, alternatives->children[i - 1],
				   RULES_PLACE_PLUGIN_VERSIONS_ALTERNATIVE, requirement.place,
				   &requirement.alternatives[i]);
		if (rc < 0)
			return rc;
	}
	rc = check_alternatives(r, &requirement);
	if (rc == 0)
		rc = GROW(d->requirements, d->n_requirements, d->requirements_cap);
	if (rc == 0)
		d->requirements[d->n_requirements++] = requirement;
	return rc;
}

static int load_plugin_versions(struct rules_reading *r, const struct rules_yaml *item)
{
	static const char *const keys[] = {"required_plugin_versions"};
	const struct rules_yaml *value = rules_yaml_get(item, keys[0]);
	const struct rules_place *place =
		rules_new_place(r, value, RULES_PLACE_PLUGIN_VERSIONS, "", r->content);
	struct rules_place at;

	if (!place)
		return -ENOMEM;
	if (value->kind != RULES_YAML_SEQUENCE)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, place,
				     "Write one \"- name: ...\" for each plugin.",
				     "Value of required_plugin_versions must be a sequence");
	for (uint32_t i = 0; i < value->len; i++) {
		int rc = load_plugin_entry(r, value->children[i], place);

		if (rc < 0)
			return rc;
	}
	at = rules_place_of(item, RULES_PLACE_PLUGIN_VERSIONS, "", r->content);
	return rules_warn_unknown_keys(r, item, keys, ARRAY_SIZE(keys), &at);
}

/* The array is new each time: the definitions as they were before this file must stay. */
static int add_bulk(struct rules_reading *r, struct rules_list *list, const struct rules_bulk *bulk)
{
	const struct rules_bulk **bulks =
		arena_alloc(r->arena, (list->n_bulks + 1) * sizeof(*bulks));

	if (!bulks)
		return -ENOMEM;
	if (list->n_bulks)
		memcpy(bulks, list->bulks, list->n_bulks * sizeof(*bulks));
	bulks[list->n_bulks++] = bulk;
	list->bulks = bulks;
	return 0;
}

static int append_list(struct rules_reading *r, const struct rules_list *more)
{
	struct rules_definitions *d = r->definitions;
	struct rules_list *list = rules_find_list(d, more->name, strlen(more->name));
	uint32_t n;

	if (!list)
		return rules_finding(
			r->reporter, RULES_LOAD_ERR_VALIDATE, more->place,
			"Define the list before, in this file or an earlier one.",
			"List uses 'append' or 'override.items: append' but no list by "
			"that name already exists");
	n = list->n_items + more->n_items;
	if (n > list->cap) {
		uint32_t cap = MAX(n, list->cap * 2);
		const struct rules_yaml **items = arena_alloc(r->arena, cap * sizeof(*list->items));

		if (!items)
			return -ENOMEM;
		if (list->n_items)
			memcpy(items, list->items, list->n_items * sizeof(*items));
		list->items = items;
		list->cap = cap;
	}
	if (more->n_items)
		memcpy(list->items + list->n_items, more->items,
		       more->n_items * sizeof(*list->items));
	list->n_items = n;
	list->visibility = d->next_index++;
	for (uint32_t i = 0; i < more->n_bulks; i++) {
		int rc = add_bulk(r, list, more->bulks[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool same_items(const struct rules_list *a, const struct rules_list *b)
{
	if (a->n_items != b->n_items || a->n_bulks || b->n_bulks)
		return false;
	for (uint32_t i = 0; i < a->n_items; i++) {
		if (!util_streq(a->items[i]->text, b->items[i]->text))
			return false;
	}
	return true;
}

/* An override says that it replaces; who defines a list anew may not know that it does. */
static int define_list(struct rules_reading *r, const struct rules_list *list, bool says_so)
{
	const struct rules_list *old =
		rules_find_list(r->definitions, list->name, strlen(list->name));
	int rc = 0;

	if (old && !says_so)
		rc = rules_note_replaced(r->definitions,
					 &(struct rules_replaced){"list", list->name, old->place,
								  list->place,
								  same_items(old, list)});
	return rc < 0 ? rc : rules_define_list(r->definitions, list);
}

/* The values given here, those of a file, or both. */
static int decode_items(struct rules_reading *r, const struct rules_yaml *item,
			struct rules_list *list)
{
	const struct rules_yaml *items = NULL;
	const struct rules_yaml *file = NULL;
	const struct rules_bulk *bulk;
	int rc = rules_decode_scalar(r, item, "items_file", RULES_OPTIONAL, list->place, &file);

	if (rc >= 0)
		rc = rules_decode_scalars(r, item, "items", file ? RULES_OPTIONAL : RULES_REQUIRED,
					  list->place, &items);
	if (rc < 0)
		return rc;
	if (items && items->is_bulk) {
		rc = add_bulk(r, list, items->bulk);
	} else if (items) {
		list->items = (const struct rules_yaml **)items->children;
		list->n_items = items->len;
		list->cap = items->len;
	}
	if (rc < 0 || !file)
		return rc < 0 ? rc : 0;
	rc = rules_load_items_file(r, file, list->place, &bulk);
	return rc < 0 ? rc : add_bulk(r, list, bulk);
}

static int load_list(struct rules_reading *r, const struct rules_yaml *item)
{
	static const char *const keys[] = {"list", "items", "items_file", "append", "override"};
	static const struct rules_overridable overridable[] = {{"items", true, true}};
	struct rules_place at = rules_place_of(item, RULES_PLACE_LIST, "", r->content);
	struct rules_list list = {0};
	struct rules_overrides overrides;
	bool append;
	int rc = rules_decode_string(r, item, "list", RULES_REQUIRED, &at, &list.name);

	if (rc < 0)
		return rc;
	list.place = rules_new_place(r, item, RULES_PLACE_LIST, list.name, r->content);
	if (!list.place)
		return -ENOMEM;
	if (!rules_is_bare_string(list.name, strlen(list.name)))
		rules_finding(r->reporter, RULES_LOAD_INVALID_LIST_NAME, list.place,
			      "Use letters, digits and underscores.",
			      "List has an invalid name. List names should match a regular "
			      "expression: ([^()\"'[:space:]=,]+)");
	rc = decode_items(r, item, &list);
	if (rc < 0)
		return rc;
	rc = rules_decode_append(r, item, list.place, &append);
	if (rc == 0)
		rc = rules_decode_overrides(r, item, overridable, 1, append, list.place,
					    &overrides);
	if (rc < 0)
		return rc;
	rc = append || overrides.append ? append_list(r, &list)
					: define_list(r, &list, overrides.replace);
	if (rc < 0)
		return rc;
	return rules_warn_unknown_keys(r, item, keys, ARRAY_SIZE(keys), list.place);
}

static int append_macro(struct rules_reading *r, const struct rules_macro *more)
{
	struct rules_definitions *d = r->definitions;
	struct rules_macro *macro = rules_find_macro(d, more->name);
	int rc;

	if (!macro)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, more->place,
				     "Define the macro before, in this file or an earlier one.",
				     "Macro uses 'append' or 'override.condition: append' but no "
				     "macro by that name already exists");
	rc = rules_string_append(r->arena, &macro->condition, more->condition.parts[0]);
	if (rc == 0)
		macro->visibility = d->next_index++;
	return rc;
}

static bool same_condition(const struct rules_macro *a, const struct rules_macro *b)
{
	return a->condition.n == 1 && b->condition.n == 1 &&
	       util_streq(a->condition.parts[0]->text, b->condition.parts[0]->text);
}

static int define_macro(struct rules_reading *r, const struct rules_macro *macro, bool says_so)
{
	const struct rules_macro *old = rules_find_macro(r->definitions, macro->name);
	int rc = 0;

	if (old && !says_so)
		rc = rules_note_replaced(r->definitions,
					 &(struct rules_replaced){"macro", macro->name, old->place,
								  macro->place,
								  same_condition(old, macro)});
	return rc < 0 ? rc : rules_define_macro(r->definitions, macro);
}

static int load_macro(struct rules_reading *r, const struct rules_yaml *item)
{
	static const char *const keys[] = {"macro", "condition", "append", "override"};
	static const struct rules_overridable overridable[] = {{"condition", true, true}};
	struct rules_place at = rules_place_of(item, RULES_PLACE_MACRO, "", r->content);
	struct rules_macro macro = {0};
	struct rules_overrides overrides;
	const struct rules_yaml *condition;
	bool append;
	int rc = rules_decode_string(r, item, "macro", RULES_REQUIRED, &at, &macro.name);

	if (rc < 0)
		return rc;
	macro.place = rules_new_place(r, item, RULES_PLACE_MACRO, macro.name, r->content);
	if (!macro.place)
		return -ENOMEM;
	if (!rules_is_identifier(macro.name, strlen(macro.name)))
		rules_finding(r->reporter, RULES_LOAD_INVALID_MACRO_NAME, macro.place,
			      "Use letters, digits and underscores, a letter first.",
			      "Macro has an invalid name. Macro names should match a regular "
			      "expression: ([a-zA-Z]+[a-zA-Z0-9_]*)");
	rc = rules_decode_scalar(r, item, "condition", RULES_REQUIRED, macro.place, &condition);
	if (rc < 0)
		return rc;
	macro.condition_place =
		rules_new_place(r, condition, RULES_PLACE_MACRO_CONDITION, "", macro.place);
	if (!macro.condition_place)
		return -ENOMEM;
	rc = rules_string_append(r->arena, &macro.condition, condition);
	if (rc == 0)
		rc = rules_decode_append(r, item, macro.place, &append);
	if (rc == 0)
		rc = rules_decode_overrides(r, item, overridable, 1, append, macro.place,
					    &overrides);
	if (rc < 0)
		return rc;
	rc = append || overrides.append ? append_macro(r, &macro)
					: define_macro(r, &macro, overrides.replace);
	if (rc < 0)
		return rc;
	return rules_warn_unknown_keys(r, item, keys, ARRAY_SIZE(keys), macro.place);
}

int rules_load_item(struct rules_reading *r, const struct rules_yaml *item)
{
	/* The first of these that is there decides, whatever the order in the file. */
	static const struct {
		const char *key;
		int (*load)(struct rules_reading *r, const struct rules_yaml *item);
	} kinds[] = {
		{"required_engine_version", load_engine_version},
		{"required_plugin_versions", load_plugin_versions},
		{"list", load_list},
		{"macro", load_macro},
		{"rule", rules_load_rule},
	};
	struct rules_place at = rules_place_of(item, RULES_PLACE_CONTENT_ITEM, "", r->content);

	if (item->kind != RULES_YAML_MAPPING)
		return rules_finding(
			r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
			"Begin the item with \"- rule:\", \"- macro:\" or \"- list:\".",
			"Unexpected element type. Each element should be a yaml "
			"associative array.");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (rules_yaml_get(item, kinds[i].key))
			return kinds[i].load(r, item);
	}
	return rules_finding(r->reporter, RULES_LOAD_UNKNOWN_ITEM, &at,
			     "An item is a rule, macro, list, required_engine_version or "
			     "required_plugin_versions.",
			     "Unknown top level item");
}
