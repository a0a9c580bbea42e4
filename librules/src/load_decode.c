/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values out of YAML nodes. What counts as a boolean or a number is yaml-cpp's
 * reading; the messages are Falco's.
 */
#include <stdio.h>

#include "load_internal.h"

const struct rules_place *rules_new_place(struct rules_reading *r, const struct rules_yaml *node,
					  enum rules_place_kind kind, const char *name,
					  const struct rules_place *parent)
{
	struct rules_place *place = arena_alloc(r->arena, sizeof(*place));

	if (place)
		*place = rules_place_of(node, kind, name, parent);
	return place;
}

static int missing_key(struct rules_reading *r, const struct rules_place *place, const char *key)
{
	return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, place,
			     "Add the key, or check its spelling and indentation.",
			     "Item has no mapping for key '%s'", key);
}

int rules_decode_scalar(struct rules_reading *r, const struct rules_yaml *item, const char *key,
			enum rules_presence presence, const struct rules_place *place,
			const struct rules_yaml **ret)
{
	const struct rules_yaml *value = rules_yaml_get(item, key);
	struct rules_place at;

	if (!value)
		return presence == RULES_REQUIRED ? missing_key(r, place, key) : 0;
	at = rules_place_of(value, RULES_PLACE_VALUE_FOR, key, place);
	if (value->kind == RULES_YAML_NULL && presence == RULES_OPTIONAL_EMPTY)
		return 0;
	if (value->kind == RULES_YAML_NULL)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, place,
				     "Give the key a value or remove it.",
				     "Mapping for key '%s' is empty", key);
	if (value->kind != RULES_YAML_SCALAR)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Write one value here, not a list or a mapping.",
				     "Value is not a scalar value");
	if (value->len == 0 && presence == RULES_OPTIONAL_EMPTY)
		return 0;
	if (value->len == 0)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Give the key a value or remove it.",
				     "Value must be non-empty");
	*ret = value;
	return 1;
}

static int bad_scalar(struct rules_reading *r, const struct rules_yaml *value, const char *key,
		      const struct rules_place *place, const char *hint)
{
	struct rules_place at = rules_place_of(value, RULES_PLACE_VALUE_FOR, key, place);

	return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at, hint,
			     "Can't decode YAML scalar value");
}

int rules_decode_string(struct rules_reading *r, const struct rules_yaml *item, const char *key,
			enum rules_presence presence, const struct rules_place *place,
			const char **ret)
{
	const struct rules_yaml *value = NULL;
	int rc = rules_decode_scalar(r, item, key, presence, place, &value);

	if (rc > 0)
		*ret = value->text;
	return rc;
}

/* all small, all capitals, or one capital first */
static bool is_one_case(const char *s)
{
	bool small = true;
	bool capitals = true;
	bool title = *s >= 'A' && *s <= 'Z';

	for (const char *p = s; *p; p++) {
		small &= *p >= 'a' && *p <= 'z';
		capitals &= *p >= 'A' && *p <= 'Z';
		title &= p == s || (*p >= 'a' && *p <= 'z');
	}
	return small || capitals || title;
}

static bool to_bool(const char *s, bool *ret)
{
	static const char *const words[][2] = {
		{"y", "n"},
		{"yes", "no"},
		{"true", "false"},
		{"on", "off"},
	};

	for (size_t i = 0; is_one_case(s) && i < ARRAY_SIZE(words); i++) {
		for (size_t no = 0; no < 2; no++) {
			if (strcasecmp(s, words[i][no]) == 0) {
				*ret = no == 0;
				return true;
			}
		}
	}
	return false;
}

int rules_decode_bool(struct rules_reading *r, const struct rules_yaml *item, const char *key,
		      enum rules_presence presence, const struct rules_place *place, bool *ret)
{
	const struct rules_yaml *value = NULL;
	int rc = rules_decode_scalar(r, item, key, presence, place, &value);

	if (rc > 0 && !to_bool(value->text, ret))
		return bad_scalar(r, value, key, place, "Write true or false.");
	return rc;
}

bool rules_yaml_to_u32(const struct rules_yaml *scalar, uint32_t *ret)
{
	const char *s = scalar->text;
	unsigned long long v;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || *end || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

int rules_decode_u32(struct rules_reading *r, const struct rules_yaml *item, const char *key,
		     enum rules_presence presence, const struct rules_place *place, uint32_t *ret)
{
	const struct rules_yaml *value = NULL;
	int rc = rules_decode_scalar(r, item, key, presence, place, &value);

	if (rc > 0 && !rules_yaml_to_u32(value, ret))
		return bad_scalar(r, value, key, place, "Write a whole number, 0 or more.");
	return rc;
}

int rules_decode_scalars(struct rules_reading *r, const struct rules_yaml *item, const char *key,
			 enum rules_presence presence, const struct rules_place *place,
			 const struct rules_yaml **ret)
{
	const struct rules_yaml *value = rules_yaml_get(item, key);
	struct rules_place at;
	struct rules_place item_at;

	if (!value)
		return presence == RULES_REQUIRED ? missing_key(r, place, key) : 0;
	at = rules_place_of(value, RULES_PLACE_VALUE_FOR, key, place);
	if (value->kind != RULES_YAML_SEQUENCE)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Write a list: [a, b], or one \"- value\" a line.",
				     "Value is not a sequence");
	for (uint32_t i = 0; i < value->len && !value->is_bulk; i++) {
		const struct rules_yaml *v = value->children[i];

		if (v->kind == RULES_YAML_SCALAR)
			continue;
		item_at = rules_place_of(v, RULES_PLACE_LIST_ITEM, "", &at);
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &item_at,
				     v->kind == RULES_YAML_NULL
					     ? "Put the word into quotes, or remove the item."
					     : "Write one value, not a list or a mapping.",
				     "sequence value is not scalar");
	}
	*ret = value;
	return 1;
}

/* What yaml-cpp gives for a key as text; NULL when it throws. */
static const char *key_text(const struct rules_yaml *key)
{
	if (key->kind == RULES_YAML_SCALAR)
		return key->text;
	return key->kind == RULES_YAML_NULL ? "null" : NULL;
}

static int bad_key(struct rules_reading *r, const struct rules_yaml *key,
		   const struct rules_place *parent)
{
	struct rules_place at = rules_place_of(key, RULES_PLACE_VALUE_FOR, "", parent);

	return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, &at, "Keys must be plain words.",
			     "bad conversion");
}

int rules_warn_unknown_keys(struct rules_reading *r, const struct rules_yaml *item,
			    const char *const *keys, size_t n_keys, const struct rules_place *place)
{
	for (uint32_t i = 0; i + 1 < item->len; i += 2) {
		const char *key = key_text(item->children[i]);
		const char *near;
		struct rules_place at;
		char hint[128] = "Remove the key, or check which item it belongs to.";
		size_t k = 0;

		if (!key)
			return bad_key(r, item->children[i], place);
		while (k < n_keys && strcmp(keys[k], key) != 0)
			k++;
		if (k < n_keys)
			continue;
		near = rules_nearest(key, keys, n_keys);
		if (near)
			snprintf(hint, sizeof(hint), "Did you mean '%s'?", near);
		at = rules_place_of(item->children[i], RULES_PLACE_VALUE_FOR, key, place);
		at.detail = true;
		rules_finding(r->reporter, RULES_LOAD_UNKNOWN_KEY, &at, hint,
			      "Unknown key '%s'. The key will be ignored.", key);
	}
	return 0;
}

static int bad_operation(struct rules_reading *r, const struct rules_yaml *value, const char *key,
			 const struct rules_overridable *known, const struct rules_place *place)
{
	struct rules_place at = rules_place_of(value, RULES_PLACE_VALUE_FOR, key, place);

	return rules_finding(
		r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
		"An override says either append or replace.",
		"Invalid override operation for key '%s': '%s'. Allowed values are: %s%s", key,
		key_text(value) ? key_text(value) : "", known && known->append ? "append " : "",
		known && known->replace ? "replace " : "");
}

static int not_overridable(struct rules_reading *r, const struct rules_yaml *key_node,
			   const char *key, bool append, const struct rules_overridable *known,
			   const struct rules_place *place)
{
	struct rules_place at = rules_place_of(key_node, RULES_PLACE_OVERRIDE, key, place);

	return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
			     known ? "Say 'replace' instead."
				   : "Only some keys can be overridden; check the spelling.",
			     append ? "Key '%s' cannot be appended to, use 'replace' instead"
				    : "Key '%s' cannot be replaced",
			     key);
}

int rules_decode_overrides(struct rules_reading *r, const struct rules_yaml *item,
			   const struct rules_overridable *keys, size_t n_keys, bool append,
			   const struct rules_place *place, struct rules_overrides *ret)
{
	const struct rules_yaml *value = rules_yaml_get(item, "override");
	struct rules_place at = rules_place_of(item, RULES_PLACE_OVERRIDE, "", place);

	*ret = (struct rules_overrides){0};
	/* Falco passes over a word here, and so must we: only the schema objects. */
	if (!value || value->kind == RULES_YAML_NULL || value->kind == RULES_YAML_SCALAR ||
	    value->len == 0)
		return 0;
	if (value->kind != RULES_YAML_MAPPING)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, &at,
				     "Write one \"key: append\" or \"key: replace\" a line.",
				     "Value of 'override' must be a mapping");
	for (uint32_t i = 0; i + 1 < value->len; i += 2) {
		const struct rules_yaml *operation = value->children[i + 1];
		const char *key = key_text(value->children[i]);
		const char *word = key_text(operation);
		const struct rules_overridable *known = NULL;
		bool appends;

		if (!key || !word)
			return bad_key(r, value->children[key ? i + 1 : i], &at);
		for (size_t k = 0; k < n_keys; k++) {
			if (strcmp(keys[k].key, key) == 0)
				known = &keys[k];
		}
		appends = strcmp(word, "append") == 0;
		if (!appends && strcmp(word, "replace") != 0)
			return bad_operation(r, operation, key, known, &at);
		if (!known || (appends ? !known->append : !known->replace))
			return not_overridable(r, value->children[i], key, appends, known, &at);
		if (appends)
			ret->append |= 1u << (known - keys);
		else
			ret->replace |= 1u << (known - keys);
	}
	if (append)
		return rules_finding(
			r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, place, "Remove 'append: true'.",
			"Keys 'override' and 'append: true' cannot be used together. Add "
			"an 'append' entry (e.g. 'condition: append') under 'override' "
			"instead.");
	return 0;
}

int rules_decode_append(struct rules_reading *r, const struct rules_yaml *item,
			const struct rules_place *place, bool *ret)
{
	int rc;

	*ret = false;
	rc = rules_decode_bool(r, item, "append", RULES_OPTIONAL, place, ret);
	if (rc < 0)
		return rc;
	if (*ret)
		rules_finding(r->reporter, RULES_LOAD_DEPRECATED_ITEM, place,
			      "Say under 'override' which keys to append to.",
			      "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: "
			      "append') "
			      "under 'override' instead.");
	return 0;
}
