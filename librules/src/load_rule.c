/* SPDX-License-Identifier: Apache-2.0 */
/* A rule item: a definition, an append, an override or the legacy way to switch a rule. */
#include "load_internal.h"

enum {
	KEY_CONDITION,
	KEY_EXCEPTIONS,
	KEY_OUTPUT,
	KEY_DESC,
	KEY_TAGS,
	KEY_PRIORITY,
	KEY_CAPTURE,
	KEY_CAPTURE_DURATION,
	KEY_ENABLED,
	KEY_WARN_EVTTYPES,
	KEY_SKIP_IF_UNKNOWN_FILTER,
};

static const struct rules_overridable overridable[] = {
	[KEY_CONDITION] = {"condition", true, true},
	[KEY_EXCEPTIONS] = {"exceptions", true, true},
	[KEY_OUTPUT] = {"output", true, true},
	[KEY_DESC] = {"desc", true, true},
	[KEY_TAGS] = {"tags", true, true},
	[KEY_PRIORITY] = {"priority", false, true},
	[KEY_CAPTURE] = {"capture", false, true},
	[KEY_CAPTURE_DURATION] = {"capture_duration", false, true},
	[KEY_ENABLED] = {"enabled", false, true},
	[KEY_WARN_EVTTYPES] = {"warn_evttypes", false, true},
	[KEY_SKIP_IF_UNKNOWN_FILTER] = {"skip-if-unknown-filter", false, true},
};

/* A rule item while it is read. */
struct rule_reading {
	struct rules_reading *r;
	const struct rules_yaml *item;
	const struct rules_place *place;
	const char *name;
	const char *source; /* "" = not said */
};

const struct saker_catalogue *rules_find_catalogue(const struct saker_rules_loader *loader,
						   const char *source)
{
	for (uint32_t i = 0; i < loader->n_catalogues; i++) {
		if (util_streq(loader->catalogues[i]->source, source))
			return loader->catalogues[i];
	}
	return NULL;
}

static int find_previous(const struct rule_reading *in, const char *source,
			 struct rules_rule **ret_rule)
{
	struct rules_rule *rule = rules_find_rule(in->r->definitions, in->name);

	if (rule && *source && !util_streq(rule->source, source))
		return rules_finding(in->r->reporter, RULES_LOAD_ERR_VALIDATE, in->place,
				     "Give the rule another name, or leave its source as it is.",
				     "Rule has been re-defined with a different source");
	*ret_rule = rule;
	return 0;
}

static int decode_priority(const struct rule_reading *in, enum saker_priority *ret)
{
	const struct rules_yaml *value = NULL;
	struct rules_place at;
	int rc =
		rules_decode_scalar(in->r, in->item, "priority", RULES_REQUIRED, in->place, &value);

	if (rc < 0)
		return rc;
	if (saker_priority_parse(value->text, ret) == 0)
		return 0;
	at = rules_place_of(value, RULES_PLACE_RULE_PRIORITY, "", in->place);
	return rules_finding(in->r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
			     "Use one of EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, "
			     "INFORMATIONAL, DEBUG.",
			     "Invalid priority");
}

/* A text that replaces what is there or goes behind it. */
static int decode_text(const struct rule_reading *in, const char *key, bool append,
		       struct rules_string *text, const struct rules_yaml **ret_value)
{
	const struct rules_yaml *value = NULL;
	int rc = rules_decode_scalar(in->r, in->item, key, RULES_REQUIRED, in->place, &value);

	if (rc < 0)
		return rc;
	if (!append)
		memset(text, 0, sizeof(*text));
	if (ret_value)
		*ret_value = value;
	return rules_string_append(in->r->arena, text, value);
}

/* Sorted insert; the array has room. */
static void add_tag(const char **tags, uint32_t *n, const char *tag)
{
	uint32_t i = 0;

	while (i < *n && strcmp(tags[i], tag) < 0)
		i++;
	if (i < *n && util_streq(tags[i], tag))
		return;
	memmove(&tags[i + 1], &tags[i], (*n - i) * sizeof(*tags));
	tags[i] = tag;
	*n += 1;
}

static int decode_tags(const struct rule_reading *in, bool append, struct rules_rule *rule)
{
	const struct rules_yaml *value = NULL;
	uint32_t old = append ? rule->n_tags : 0;
	const char **tags;
	int rc = rules_decode_scalars(in->r, in->item, "tags", RULES_OPTIONAL, in->place, &value);

	if (rc <= 0)
		return rc;
	if (old + (uint64_t)value->len > RULES_MAX_TAGS) {
		struct rules_place at =
			rules_place_of(value, RULES_PLACE_VALUE_FOR, "tags", in->place);

		return rules_finding(in->r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "A rule may have 1024 tags.", "Too many tags");
	}
	tags = arena_alloc(in->r->arena, (old + value->len) * sizeof(*tags));
	if (!tags)
		return -ENOMEM;
	if (old)
		memcpy(tags, rule->tags, old * sizeof(*tags));
	rule->tags = tags;
	rule->n_tags = old;
	for (uint32_t i = 0; i < value->len; i++)
		add_tag(tags, &rule->n_tags, value->children[i]->text);
	return 0;
}

static int set_condition_place(const struct rule_reading *in, const struct rules_yaml *value,
			       struct rules_rule *rule)
{
	rule->condition_place =
		rules_new_place(in->r, value, RULES_PLACE_RULE_CONDITION, "", in->place);
	return rule->condition_place ? 0 : -ENOMEM;
}

static int set_output_place(const struct rule_reading *in, const struct rules_yaml *value,
			    struct rules_rule *rule)
{
	rule->output_place = rules_new_place(in->r, value, RULES_PLACE_RULE_OUTPUT, "", in->place);
	return rule->output_place ? 0 : -ENOMEM;
}

static int check_exceptions(const struct rule_reading *in, const struct saker_catalogue *catalogue,
			    struct rules_exception *exceptions, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rules_exception *e = &exceptions[i];
		int rc;

		if (!e->fields.set)
			return rules_finding(
				in->r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
				"Add \"fields: [...]\".",
				"Rule exception item must have fields property with a list of "
				"fields");
		rc = rules_check_exception(in->r, catalogue, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/*
 * Falco takes exceptions that replace others as they come: what is wrong with
 * them shows when the condition is compiled. Only what cannot be written into
 * a condition at all is told here.
 */
static int check_replacing(const struct rule_reading *in, struct rules_exception *exceptions,
			   uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		int rc = rules_take_exception(in->r, &exceptions[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- a definition --------------------------------------------------------- */

static int decode_options(const struct rule_reading *in, struct rules_rule *rule)
{
	struct rules_reading *r = in->r;
	int rc = rules_decode_bool(r, in->item, "enabled", RULES_OPTIONAL, in->place,
				   &rule->enabled);

	if (rc >= 0)
		rc = rules_decode_bool(r, in->item, "capture", RULES_OPTIONAL, in->place,
				       &rule->capture);
	if (rc >= 0)
		rc = rules_decode_u32(r, in->item, "capture_duration", RULES_OPTIONAL, in->place,
				      &rule->capture_duration);
	if (rc >= 0)
		rc = rules_decode_bool(r, in->item, "warn_evttypes", RULES_OPTIONAL, in->place,
				       &rule->warn_evttypes);
	if (rc >= 0)
		rc = rules_decode_bool(r, in->item, "skip-if-unknown-filter", RULES_OPTIONAL,
				       in->place, &rule->skip_if_unknown_filter);
	return rc < 0 ? rc : 0;
}

static int decode_rule(const struct rule_reading *in, struct rules_rule *rule)
{
	const struct rules_yaml *condition;
	const struct rules_yaml *output;
	int rc = decode_text(in, "condition", false, &rule->condition, &condition);

	if (rc == 0)
		rc = set_condition_place(in, condition, rule);
	if (rc == 0)
		rc = decode_text(in, "output", false, &rule->output, &output);
	if (rc == 0)
		rc = set_output_place(in, output, rule);
	if (rc == 0)
		rc = decode_text(in, "desc", false, &rule->description, NULL);
	if (rc == 0)
		rc = decode_priority(in, &rule->priority);
	/* Where a rule is defined the source may be left out, but not left empty. */
	if (rc == 0)
		rc = rules_decode_string(in->r, in->item, "source", RULES_OPTIONAL, in->place,
					 &rule->source);
	if (rc >= 0)
		rc = decode_options(in, rule);
	if (rc == 0)
		rc = decode_tags(in, false, rule);
	if (rc == 0)
		rc = rules_load_exceptions(in->r, in->item, false, in->place, &rule->exceptions,
					   &rule->n_exceptions);
	return rc;
}

static int define_rule(const struct rule_reading *in)
{
	const struct saker_catalogue *catalogue;
	struct rules_rule *previous = NULL;
	struct rules_rule rule = {
		.name = in->name,
		.source = *in->source ? in->source : "syscall",
		.place = in->place,
		.enabled = true,
		.warn_evttypes = true,
	};
	int rc = decode_rule(in, &rule);

	if (rc == 0)
		rc = find_previous(in, rule.source, &previous);
	if (rc < 0)
		return rc;
	catalogue = rules_find_catalogue(in->r->loader, rule.source);
	if (!catalogue) {
		rule.unknown_source = true;
		rules_finding(in->r->reporter, RULES_LOAD_UNKNOWN_SOURCE, in->place,
			      "Load the plugin that provides the source, or correct its name.",
			      "Unknown source %s, skipping", rule.source);
	}
	rc = check_exceptions(in, catalogue, rule.exceptions, rule.n_exceptions);
	if (rc == 0 && previous)
		rc = rules_note_replaced(in->r->definitions,
					 &(struct rules_replaced){"rule", in->name, previous->place,
								  in->place, false});
	return rc < 0 ? rc : rules_define_rule(in->r->definitions, &rule);
}

/* Neither condition nor output, desc or priority: only switches a rule there is. */
static int switch_rule(const struct rule_reading *in)
{
	struct rules_rule *rule = rules_find_rule(in->r->definitions, in->name);
	bool enabled;
	int rc = rules_decode_bool(in->r, in->item, "enabled", RULES_REQUIRED, in->place, &enabled);

	if (rc < 0)
		return rc;
	rules_finding(in->r->reporter, RULES_LOAD_DEPRECATED_ITEM, in->place,
		      "Add \"override: {enabled: replace}\".",
		      "The standalone 'enabled' key usage is deprecated. The correct approach "
		      "requires also a 'replace' entry under the 'override' key (i.e. 'enabled: "
		      "replace').");
	if (!rule)
		return rules_finding(
			in->r->reporter, RULES_LOAD_ERR_VALIDATE, in->place,
			"Check the rule's name, and that its file is read before.",
			"Rule has 'enabled' key but no rule by that name already exists");
	rule->enabled = enabled;
	return 0;
}

/* ---- append: true ---------------------------------------------------------- */

static int append_rule(const struct rule_reading *in)
{
	const struct saker_catalogue *catalogue;
	struct rules_exception *exceptions;
	struct rules_rule *rule = NULL;
	bool has_condition = rules_yaml_get(in->item, "condition") != NULL;
	bool has_exceptions = rules_yaml_get(in->item, "exceptions") != NULL;
	struct rules_string condition = {0};
	uint32_t n;
	int rc = has_condition ? decode_text(in, "condition", false, &condition, NULL) : 0;

	if (rc == 0)
		rc = rules_load_exceptions(in->r, in->item, true, in->place, &exceptions, &n);
	if (rc == 0)
		rc = find_previous(in, in->source, &rule);
	if (rc < 0)
		return rc;
	if (!rule)
		return rules_finding(
			in->r->reporter, RULES_LOAD_ERR_VALIDATE, in->place,
			"Define the rule before, in this file or an earlier one.",
			"Rule uses 'append' or 'override.<key>: append' but no rule by "
			"that name already exists");
	if (!has_condition && !has_exceptions)
		return rules_finding(in->r->reporter, RULES_LOAD_ERR_VALIDATE, in->place,
				     "Say what to append.",
				     "Appended rule must have exceptions or condition property");
	if (has_condition)
		rc = rules_string_append(in->r->arena, &rule->condition, condition.parts[0]);
	if (rc < 0)
		return rc;
	in->r->definitions->next_index++;
	catalogue = rules_find_catalogue(in->r->loader, rule->source);
	return rules_append_exceptions(in->r, catalogue, rule, exceptions, n);
}

/* ---- override -------------------------------------------------------------- */

/* An overridden key must be there. */
static int check_override_key(const struct rule_reading *in, const struct rules_overrides *o,
			      size_t key, bool append)
{
	/* Both: the append takes the key, and nothing is left to replace with. */
	bool taken = !append && (o->append & (1u << key));

	if (!taken && rules_yaml_get(in->item, overridable[key].key))
		return 0;
	return rules_finding(in->r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, in->place,
			     "Add the key, or remove it from 'override'.",
			     "An %s override for '%s' was specified but '%s' is not defined",
			     append ? "append" : "replace", overridable[key].key,
			     overridable[key].key);
}

/* Every overridable key that is there must be overridden. */
static int check_unexpected_keys(const struct rule_reading *in, const struct rules_overrides *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(overridable); i++) {
		const char *key = overridable[i].key;
		const struct rules_yaml *value = rules_yaml_get(in->item, key);
		struct rules_place at;

		if (!value || ((o->append | o->replace) & (1u << i)))
			continue;
		at = rules_place_of(value, RULES_PLACE_OVERRIDE, key, in->place);
		return rules_finding(in->r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "List the key under 'override', or remove it.",
				     "Unexpected key '%s': no corresponding entry under 'override' "
				     "is defined.",
				     key);
	}
	return 0;
}

static int decode_option(const struct rule_reading *in, size_t key, struct rules_rule *rule)
{
	const char *name = overridable[key].key;
	bool *flag = key == KEY_CAPTURE		? &rule->capture
		     : key == KEY_ENABLED	? &rule->enabled
		     : key == KEY_WARN_EVTTYPES ? &rule->warn_evttypes
						: &rule->skip_if_unknown_filter;
	int rc;

	if (key == KEY_PRIORITY)
		return decode_priority(in, &rule->priority);
	if (key == KEY_CAPTURE_DURATION)
		rc = rules_decode_u32(in->r, in->item, name, RULES_REQUIRED, in->place,
				      &rule->capture_duration);
	else
		rc = rules_decode_bool(in->r, in->item, name, RULES_REQUIRED, in->place, flag);
	return rc < 0 ? rc : 0;
}

/* What the item gives for a key, as if it defined the rule. */
static int decode_override(const struct rule_reading *in, size_t key, bool append,
			   struct rules_rule *said)
{
	const struct rules_yaml *value = NULL;
	int rc;

	switch (key) {
	case KEY_CONDITION:
		rc = decode_text(in, "condition", false, &said->condition, &value);
		return rc < 0 ? rc : set_condition_place(in, value, said);
	case KEY_OUTPUT:
		rc = decode_text(in, "output", false, &said->output, &value);
		return rc < 0 ? rc : set_output_place(in, value, said);
	case KEY_DESC:
		return decode_text(in, "desc", false, &said->description, NULL);
	case KEY_EXCEPTIONS:
		return rules_load_exceptions(in->r, in->item, append, in->place, &said->exceptions,
					     &said->n_exceptions);
	case KEY_TAGS:
		return decode_tags(in, false, said);
	default:
		return decode_option(in, key, said);
	}
}

static int append_key(const struct rule_reading *in, size_t key, const struct rules_rule *said,
		      struct rules_rule *rule)
{
	struct arena *arena = in->r->arena;

	switch (key) {
	case KEY_CONDITION:
		return rules_string_append(arena, &rule->condition, said->condition.parts[0]);
	case KEY_OUTPUT:
		return rules_string_append(arena, &rule->output, said->output.parts[0]);
	case KEY_DESC:
		return rules_string_append(arena, &rule->description, said->description.parts[0]);
	case KEY_EXCEPTIONS:
		return rules_append_exceptions(in->r,
					       rules_find_catalogue(in->r->loader, rule->source),
					       rule, said->exceptions, said->n_exceptions);
	default:
		return decode_tags(in, true, rule);
	}
}

static int replace_key(const struct rule_reading *in, size_t key, const struct rules_rule *said,
		       struct rules_rule *rule)
{
	switch (key) {
	case KEY_CONDITION:
		rule->condition = said->condition;
		rule->condition_place = said->condition_place;
		return 0;
	case KEY_OUTPUT:
		rule->output = said->output;
		rule->output_place = said->output_place;
		return 0;
	case KEY_DESC:
		rule->description = said->description;
		return 0;
	case KEY_EXCEPTIONS:
		rule->exceptions = said->exceptions;
		rule->n_exceptions = said->n_exceptions;
		return check_replacing(in, rule->exceptions, rule->n_exceptions);
	case KEY_TAGS:
		rule->tags = said->tags;
		rule->n_tags = said->n_tags;
		return 0;
	default:
		return decode_option(in, key, rule);
	}
}

/* The rule that an override is about. Falco minds the source only where the condition changes. */
static int find_overridden(const struct rule_reading *in, uint32_t keys, bool append,
			   struct rules_rule **ret_rule)
{
	int rc = find_previous(in, keys & (1u << KEY_CONDITION) ? in->source : "", ret_rule);

	if (rc < 0 || *ret_rule)
		return rc;
	return rules_finding(
		in->r->reporter, RULES_LOAD_ERR_VALIDATE, in->place,
		"Define the rule before, in this file or an earlier one.",
		append ? "Rule uses 'append' or 'override.<key>: append' but no rule by "
			 "that name already exists"
		       : "An 'override.<key>: replace' to a rule was requested but no "
			 "rule by that name already exists");
}

/* Those keys that are appended, or those that replace: all are read before the rule is sought. */
static int override_keys(const struct rule_reading *in, const struct rules_overrides *o,
			 bool append)
{
	uint32_t keys = append ? o->append : o->replace;
	struct rules_rule said = {0};
	struct rules_rule *rule = NULL;
	struct rules_rule changed;
	int rc = 0;

	if (!keys)
		return 0;
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(overridable); i++) {
		if (!(keys & (1u << i)))
			continue;
		rc = check_override_key(in, o, i, append);
		if (rc == 0)
			rc = decode_override(in, i, append, &said);
	}
	if (rc == 0)
		rc = find_overridden(in, keys, append, &rule);
	if (rc < 0)
		return rc;
	changed = *rule;
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(overridable); i++) {
		if (keys & (1u << i))
			rc = append ? append_key(in, i, &said, &changed)
				    : replace_key(in, i, &said, &changed);
	}
	if (rc < 0)
		return rc;
	*rule = changed;
	in->r->definitions->next_index++;
	return 0;
}

static int override_rule(const struct rule_reading *in, const struct rules_overrides *o)
{
	int rc = override_keys(in, o, true);

	if (rc == 0)
		rc = override_keys(in, o, false);
	return rc < 0 ? rc : check_unexpected_keys(in, o);
}

/* ---- the item -------------------------------------------------------------- */

static int dispatch(const struct rule_reading *in)
{
	static const char *const defining[] = {"condition", "output", "desc", "priority"};
	struct rules_overrides overrides;
	bool append;
	int rc = rules_decode_append(in->r, in->item, in->place, &append);

	if (rc == 0)
		rc = rules_decode_overrides(in->r, in->item, overridable, ARRAY_SIZE(overridable),
					    append, in->place, &overrides);
	if (rc < 0)
		return rc;
	if (overrides.append || overrides.replace)
		return override_rule(in, &overrides);
	if (append)
		return append_rule(in);
	for (size_t i = 0; i < ARRAY_SIZE(defining); i++) {
		if (rules_yaml_get(in->item, defining[i]))
			return define_rule(in);
	}
	return switch_rule(in);
}

int rules_load_rule(struct rules_reading *r, const struct rules_yaml *item)
{
	static const char *const keys[] = {
		"rule",
		"condition",
		"output",
		"desc",
		"priority",
		"source",
		"enabled",
		"capture",
		"capture_duration",
		"warn_evttypes",
		"skip-if-unknown-filter",
		"tags",
		"exceptions",
		"override",
		"append",
	};
	struct rules_place at = rules_place_of(item, RULES_PLACE_RULE, "", r->content);
	struct rule_reading in = {.r = r, .item = item, .source = ""};
	int rc = rules_decode_string(r, item, "rule", RULES_REQUIRED, &at, &in.name);

	if (rc < 0)
		return rc;
	in.place = rules_new_place(r, item, RULES_PLACE_RULE, in.name, r->content);
	if (!in.place)
		return -ENOMEM;
	rc = rules_decode_string(r, item, "source", RULES_OPTIONAL_EMPTY, in.place, &in.source);
	if (rc >= 0)
		rc = dispatch(&in);
	if (rc < 0)
		return rc;
	return rules_warn_unknown_keys(r, item, keys, ARRAY_SIZE(keys), in.place);
}
