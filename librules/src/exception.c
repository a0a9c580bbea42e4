/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions of rules: reading them, checking fields against operators, merging
 * appended ones, and writing them into the rule's condition, for that is how the
 * language defines them.
 */
#include <stdio.h>

#include "lex.h"
#include "load_internal.h"
#include "parse.h"
#include "parse_text.h"

/* ---- reading --------------------------------------------------------------- */

/*
 * A word or a list of entries, at the place of its value. A null or a mapping is
 * neither: it counts as nothing said, as in Falco.
 */
static int decode_entry(struct rules_reading *r, const struct rules_yaml *node,
			const struct rules_place *place, struct rules_exception_entry *ret)
{
	struct rules_place at;
	struct rules_place value_at;

	*ret = (struct rules_exception_entry){0};
	if (node->kind == RULES_YAML_SCALAR && node->len == 0)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, place,
				     "Give it a value or remove it.", "Value must be non-empty");
	if (node->kind == RULES_YAML_SCALAR) {
		*ret = (struct rules_exception_entry){.set = true, .scalar = node};
		return 0;
	}
	if (node->kind != RULES_YAML_SEQUENCE)
		return 0;
	*ret = (struct rules_exception_entry){.set = node->len > 0, .is_list = true};
	ret->items = arena_alloc(r->arena, node->len * sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->len; i++) {
		int rc;

		at = rules_place_of(node->children[i], RULES_PLACE_EXCEPTION, "", place);
		value_at = rules_place_of(node->children[i], RULES_PLACE_VALUE_FOR, "", &at);
		rc = decode_entry(r, node->children[i], &value_at, &ret->items[i]);
		if (rc < 0)
			return rc;
		ret->n++;
	}
	return 0;
}

static int decode_key(struct rules_reading *r, const struct rules_yaml *node, const char *key,
		      bool optional, const struct rules_place *place,
		      struct rules_exception_entry *ret)
{
	const struct rules_yaml *value = rules_yaml_get(node, key);
	struct rules_place at;

	if (!value && optional)
		return 0;
	if (!value)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, place,
				     "Add the key, or check its spelling and indentation.",
				     "Item has no mapping for key '%s'", key);
	at = rules_place_of(value, RULES_PLACE_VALUE_FOR, key, place);
	return decode_entry(r, value, &at, ret);
}

static int decode_values(struct rules_reading *r, const struct rules_yaml *node, bool append,
			 struct rules_exception *e)
{
	const struct rules_yaml *values = rules_yaml_get(node, "values");
	struct rules_place at;

	if (!values && append)
		return rules_finding(r->reporter, RULES_LOAD_APPEND_NO_VALUES, e->place,
				     "Give the values to add under 'values'.",
				     "Overriding/appending exception with no values");
	if (!values)
		return 0;
	at = rules_place_of(values, RULES_PLACE_EXCEPTION_VALUES, "", e->place);
	if (values->kind != RULES_YAML_SEQUENCE)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Write one \"- [value, ...]\" a line.",
				     "Rule exception values must be a sequence");
	e->values = arena_alloc(r->arena, values->len * sizeof(*e->values));
	if (!e->values)
		return -ENOMEM;
	e->values_cap = values->len;
	for (uint32_t i = 0; i < values->len; i++) {
		const struct rules_yaml *value = values->children[i];
		struct rules_place tuple_at =
			rules_place_of(value, RULES_PLACE_EXCEPTION_VALUE, "", &at);
		struct rules_place value_at =
			rules_place_of(value, RULES_PLACE_VALUE_FOR, "", &tuple_at);
		int rc = decode_entry(r, value, &value_at, &e->values[i]);

		if (rc < 0)
			return rc;
		e->n_values++;
	}
	return 0;
}

/* Told before the rest of it is looked at, once for each namesake. */
static void warn_namesakes(struct rules_reading *r, const struct rules_exception *exceptions,
			   uint32_t at)
{
	for (uint32_t i = 0; i < at; i++) {
		if (util_streq(exceptions[i].name, exceptions[at].name))
			rules_finding(r->reporter, RULES_LOAD_EXCEPTION_NAME_NOT_UNIQUE,
				      exceptions[at].place, "Give each its own name.",
				      "Multiple definitions of exception '%s' in the same rule",
				      exceptions[at].name);
	}
}

/* Reads exceptions[i]; those before it are read. */
static int load_exception(struct rules_reading *r, const struct rules_yaml *node, bool append,
			  const struct rules_place *parent, const struct rules_place *list_place,
			  struct rules_exception *exceptions, uint32_t i)
{
	struct rules_place at = rules_place_of(node, RULES_PLACE_EXCEPTION, "", list_place);
	struct rules_exception *e = &exceptions[i];
	int rc;

	if (node->kind != RULES_YAML_MAPPING)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Begin it with \"- name:\".",
				     "Rule exception must be a mapping");
	rc = rules_decode_string(r, node, "name", RULES_REQUIRED, &at, &e->name);
	if (rc < 0)
		return rc;
	e->place = rules_new_place(r, node, RULES_PLACE_EXCEPTION, e->name, parent);
	if (!e->place)
		return -ENOMEM;
	warn_namesakes(r, exceptions, i);
	rc = decode_key(r, node, "fields", append, e->place, &e->fields);
	if (rc == 0)
		rc = decode_key(r, node, "comps", true, e->place, &e->comps);
	if (rc == 0)
		rc = decode_values(r, node, append, e);
	return rc;
}

static int too_many(struct rules_reading *r, const struct rules_place *place)
{
	return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, place,
			     "A rule may have 1024 exceptions: give one more values instead.",
			     "Too many exceptions");
}

int rules_load_exceptions(struct rules_reading *r, const struct rules_yaml *item, bool append,
			  const struct rules_place *parent, struct rules_exception **ret,
			  uint32_t *ret_n)
{
	const struct rules_yaml *list = rules_yaml_get(item, "exceptions");
	struct rules_exception *exceptions;
	struct rules_place at;

	*ret = NULL;
	*ret_n = 0;
	if (!list || list->kind == RULES_YAML_NULL)
		return 0;
	at = rules_place_of(list, RULES_PLACE_EXCEPTIONS, "", parent);
	if (list->kind != RULES_YAML_SEQUENCE)
		return rules_finding(r->reporter, RULES_LOAD_ERR_YAML_VALIDATE, &at,
				     "Write one \"- name: ...\" for each exception.",
				     "Rule exceptions must be a sequence");
	if (list->len > RULES_MAX_EXCEPTIONS)
		return too_many(r, &at);
	exceptions = arena_alloc(r->arena, list->len * sizeof(*exceptions));
	if (!exceptions)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->len; i++) {
		int rc = load_exception(r, list->children[i], append, parent, &at, exceptions, i);

		if (rc < 0)
			return rc;
	}
	*ret = exceptions;
	*ret_n = list->len;
	return 0;
}

/* ---- checking -------------------------------------------------------------- */

/* A field of the catalogue, or one that takes its argument behind a dot: evt.arg.flags. */
static bool is_field(const struct saker_catalogue *catalogue, const char *name)
{
	for (uint32_t i = 0; i < catalogue->n_fields; i++) {
		const struct saker_field *f = &catalogue->fields[i];
		size_t len = strlen(f->name);

		if (strncmp(name, f->name, len) != 0)
			continue;
		if (name[len] == '\0' ||
		    (name[len] == '.' && name[len + 1] &&
		     (f->flags & (SAKER_FIELD_ARG_REQUIRED | SAKER_FIELD_ARG_ALLOWED))))
			return true;
	}
	return false;
}

/* A field that cannot go without an argument, and has none. */
static bool lacks_argument(const struct saker_catalogue *catalogue,
			   const struct rules_operand *operand)
{
	if (operand->kind != RULES_OPERAND_FIELD) {
		for (uint32_t i = 0; i < operand->n_args; i++) {
			if (lacks_argument(catalogue, operand->args[i]))
				return true;
		}
		return false;
	}
	for (uint32_t i = 0; i < catalogue->n_fields && !operand->arg; i++) {
		if ((catalogue->fields[i].flags & SAKER_FIELD_ARG_REQUIRED) &&
		    util_streq(catalogue->fields[i].name, operand->text))
			return true;
	}
	return false;
}

static bool are_fields(const struct saker_catalogue *catalogue, const struct rules_operand *operand)
{
	if (operand->kind == RULES_OPERAND_FIELD)
		return is_field(catalogue, operand->text);
	for (uint32_t i = 0; i < operand->n_args; i++) {
		if (!are_fields(catalogue, operand->args[i]))
			return false;
	}
	return true;
}

static const char *entry_text(const struct rules_exception_entry *entry)
{
	return entry->scalar ? entry->scalar->text : "";
}

static int check_field(struct rules_reading *r, const struct saker_catalogue *catalogue,
		       const struct rules_exception *e, const struct rules_exception_entry *entry)
{
	const char *text = entry_text(entry);
	struct rules_operand *lhs;
	int rc = rules_parse_lhs(r->arena, text, strlen(text), &lhs);

	if (rc == -ENOMEM)
		return rc;
	if (!catalogue)
		return 0;
	if (rc == 0 && lacks_argument(catalogue, lhs))
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
				     "Write it as in evt.arg[0] or evt.arg.name.",
				     "filter syntax error: '%s' needs an argument", text);
	if (rc == 0 && are_fields(catalogue, lhs))
		return 0;
	return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
			     "Check the field's name, and that its plugin is loaded.",
			     "'%s' is not a supported filter field", text);
}

/* The operator as it goes into the condition; NULL = there is none such. */
static const char *canonical_operator(struct rules_reading *r,
				      const struct rules_exception_entry *entry, enum rules_op *op,
				      enum rules_modifier *modifier)
{
	const char *text = entry_text(entry);
	size_t len = strlen(text);
	char *out;

	while (len && rules_is_space(*text)) {
		text++;
		len--;
	}
	while (len && rules_is_space(text[len - 1]))
		len--;
	if (rules_parse_operator(text, len, op, modifier) < 0)
		return NULL;
	if (*modifier == RULES_MODIFIER_NONE)
		return rules_op_text(*op);
	out = arena_alloc(r->arena, 32);
	if (out)
		snprintf(out, 32, "%s %s", rules_op_text(*op), rules_modifier_text(*modifier));
	return out;
}

static int set_operator(struct rules_reading *r, struct rules_exception *e, uint32_t i,
			const struct rules_exception_entry *comp)
{
	enum rules_op op;
	enum rules_modifier modifier;

	e->operators[i] = canonical_operator(r, comp, &op, &modifier);
	if (!e->operators[i])
		return -EINVAL;
	e->operator_takes_list[i] = modifier != RULES_MODIFIER_NONE || rules_op_takes_list(op);
	return 0;
}

static int check_list_form(struct rules_reading *r, const struct saker_catalogue *catalogue,
			   struct rules_exception *e)
{
	if (e->comps.set && e->comps.n != e->fields.n)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
				     "Give one operator for each field.",
				     "Fields and comps lists must have equal length");
	for (uint32_t i = 0; i < e->fields.n; i++) {
		if (!e->comps.set)
			e->operators[i] = "=";
		else if (set_operator(r, e, i, &e->comps.items[i]) < 0)
			return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
					     "Use an operator of the condition language, with "
					     "oneof, anyof or allof behind it if need be.",
					     "'%s' is not a supported comparison operator",
					     entry_text(&e->comps.items[i]));
	}
	for (uint32_t i = 0; i < e->fields.n; i++) {
		int rc = check_field(r, catalogue, e, &e->fields.items[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_scalar_form(struct rules_reading *r, const struct saker_catalogue *catalogue,
			     struct rules_exception *e)
{
	if (e->comps.set && e->comps.is_list)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
				     "Write fields as a list, too.",
				     "Fields and comps must both be strings");
	if (!e->comps.set) {
		e->operators[0] = "in";
		e->operator_takes_list[0] = true;
	} else if (set_operator(r, e, 0, &e->comps) < 0 || !e->operator_takes_list[0]) {
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
				     "Write fields and comps as lists to use this operator.",
				     "When fields is a single value, comps must be one of (in, "
				     "pmatch, intersects) or a modifier operator (e.g. startswith "
				     "oneof)");
	}
	return check_field(r, catalogue, e, &e->fields);
}

int rules_check_exception(struct rules_reading *r, const struct saker_catalogue *catalogue,
			  struct rules_exception *e)
{
	uint32_t n = e->fields.is_list ? e->fields.n : 1;

	e->operators = arena_alloc(r->arena, n * sizeof(*e->operators));
	e->operator_takes_list = arena_alloc(r->arena, n * sizeof(*e->operator_takes_list));
	if (!e->operators || !e->operator_takes_list)
		return -ENOMEM;
	return e->fields.is_list ? check_list_form(r, catalogue, e)
				 : check_scalar_form(r, catalogue, e);
}

int rules_take_exception(struct rules_reading *r, struct rules_exception *e)
{
	uint32_t n = e->fields.is_list ? e->fields.n : 1;

	if (e->comps.set && e->comps.is_list != e->fields.is_list)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
				     "Write fields and comps both as words or both as lists.",
				     "Fields and comps must both be strings or both be lists");
	if (e->comps.set && e->comps.is_list && e->comps.n != n)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, e->place,
				     "Give one operator for each field.",
				     "Fields and comps lists must have equal length");
	e->operators = arena_alloc(r->arena, MAX(n, 1u) * sizeof(*e->operators));
	e->operator_takes_list = arena_alloc(r->arena, MAX(n, 1u) * sizeof(bool));
	if (!e->operators || !e->operator_takes_list)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct rules_exception_entry *comp =
			e->comps.is_list ? &e->comps.items[i] : &e->comps;

		if (!e->comps.set) {
			e->operators[i] = e->fields.is_list ? "=" : "in";
			e->operator_takes_list[i] = !e->fields.is_list;
		} else if (set_operator(r, e, i, comp) < 0) {
			e->operators[i] = entry_text(comp);
		}
	}
	return 0;
}

/* ---- merging --------------------------------------------------------------- */

static int append_values(struct rules_reading *r, struct rules_exception *e,
			 const struct rules_exception *more)
{
	uint32_t n = e->n_values + more->n_values;

	if (n > e->values_cap) {
		uint32_t cap = MAX(n, e->values_cap * 2);
		struct rules_exception_entry *values = arena_alloc(r->arena, cap * sizeof(*values));

		if (!values)
			return -ENOMEM;
		if (e->n_values)
			memcpy(values, e->values, e->n_values * sizeof(*values));
		e->values = values;
		e->values_cap = cap;
	}
	if (more->n_values)
		memcpy(e->values + e->n_values, more->values, more->n_values * sizeof(*e->values));
	e->n_values = n;
	return 0;
}

static int append_new(struct rules_reading *r, const struct saker_catalogue *catalogue,
		      struct rules_rule *rule, const struct rules_exception *more)
{
	struct rules_exception *e = &rule->exceptions[rule->n_exceptions];
	int rc;

	if (!more->fields.set)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, more->place,
				     "The rule has no exception of this name: give its fields, or "
				     "correct the name.",
				     "Rule exception must have fields property with a list of "
				     "fields");
	if (more->n_values == 0)
		return rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, more->place,
				     "Add \"values: [...]\".",
				     "Rule exception must have values property with a list of "
				     "values");
	*e = *more;
	rc = rules_check_exception(r, catalogue, e);
	if (rc == 0)
		rule->n_exceptions++;
	return rc;
}

int rules_append_exceptions(struct rules_reading *r, const struct saker_catalogue *catalogue,
			    struct rules_rule *rule, const struct rules_exception *more,
			    uint32_t n_more)
{
	struct rules_exception *exceptions;
	int rc = 0;

	if (n_more == 0)
		return 0;
	if (rule->n_exceptions + n_more > RULES_MAX_EXCEPTIONS)
		return too_many(r, more[0].place);
	/* A copy: the definitions as they were before this file must stay. */
	exceptions = arena_alloc(r->arena, (rule->n_exceptions + n_more) * sizeof(*exceptions));
	if (!exceptions)
		return -ENOMEM;
	if (rule->n_exceptions)
		memcpy(exceptions, rule->exceptions, rule->n_exceptions * sizeof(*exceptions));
	rule->exceptions = exceptions;
	for (uint32_t i = 0; rc == 0 && i < n_more; i++) {
		struct rules_exception *e = NULL;

		for (uint32_t k = 0; !e && k < rule->n_exceptions; k++) {
			if (util_streq(exceptions[k].name, more[i].name))
				e = &exceptions[k];
		}
		if (!e)
			rc = append_new(r, catalogue, rule, &more[i]);
		else if (more[i].fields.set || more[i].comps.set)
			rc = rules_finding(r->reporter, RULES_LOAD_ERR_VALIDATE, more[i].place,
					   "Leave out what the exception has already.",
					   "Can not append exception %s to existing exception, "
					   "only values",
					   more[i].fields.set ? "fields" : "comps");
		else
			rc = append_values(r, e, &more[i]);
	}
	return rc;
}

/* ---- into the condition ---------------------------------------------------- */

/* A value as it goes into the text: with a blank in it, in quotes unless it has some. */
static int add_quoted(struct rules_text *t, const struct rules_yaml *value)
{
	bool quote = value && strchr(value->text, ' ') && value->text[0] != '"' &&
		     value->text[0] != '\'';
	int r = 0;

	if (quote)
		r = rules_text_add_ours(t, "\"", value);
	if (r == 0 && value)
		r = rules_text_add_scalar(t, value);
	if (r == 0 && quote)
		r = rules_text_add_ours(t, "\"", value);
	return r;
}

/* -EDOM when a list holds another list. */
static int add_list(struct rules_text *t, const struct rules_exception_entry *list,
		    const struct rules_yaml *origin)
{
	bool first = true;
	int r = rules_text_add_ours(t, "(", origin);

	for (uint32_t i = 0; r == 0 && i < list->n; i++) {
		if (list->items[i].is_list)
			return -EDOM;
		if (!first)
			r = rules_text_add_ours(t, ", ", origin);
		if (r == 0)
			r = add_quoted(t, list->items[i].scalar);
		first = false;
	}
	return r < 0 ? r : rules_text_add_ours(t, ")", origin);
}

static int add_value(struct rules_text *t, const struct rules_exception_entry *value,
		     bool takes_list, const struct rules_yaml *origin)
{
	bool enclose;
	int r = 0;

	if (value->is_list)
		return add_list(t, value, origin);
	if (!takes_list)
		return add_quoted(t, value->scalar);
	enclose = entry_text(value)[0] != '(';
	if (enclose)
		r = rules_text_add_ours(t, "(", origin);
	if (r == 0 && value->scalar)
		r = rules_text_add_scalar(t, value->scalar);
	if (r == 0 && enclose)
		r = rules_text_add_ours(t, ")", origin);
	return r;
}

/* field op value and field op value ... */
static int add_tuple(struct rules_text *t, const struct rules_exception *e,
		     const struct rules_exception_entry *tuple)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < e->fields.n; i++) {
		const struct rules_yaml *field = e->fields.items[i].scalar;

		/* A field that is no word is let through for a rule that replaces only. */
		if (!field)
			return -EDOM;
		r = rules_text_add_ours(t, i ? " and " : "", field);
		if (r == 0)
			r = rules_text_add_scalar(t, field);
		if (r == 0)
			r = rules_text_add_ours(t, " ", field);
		if (r == 0)
			r = rules_text_add_ours(t, e->operators[i], field);
		if (r == 0)
			r = rules_text_add_ours(t, " ", field);
		if (r == 0)
			r = add_value(t, &tuple->items[i], e->operator_takes_list[i], field);
	}
	return r;
}

static int add_list_form(struct rules_text *t, struct rules_reporter *reporter,
			 const struct rules_exception *e, const struct rules_yaml *origin)
{
	int r = rules_text_add_ours(t, " and not (", origin);

	for (uint32_t i = 0; r == 0 && i < e->n_values; i++) {
		if (e->values[i].n != e->fields.n)
			return rules_finding(reporter, RULES_LOAD_ERR_VALIDATE, e->place,
					     "Each line of values has one value for each field.",
					     "Fields and values lists must have equal length");
		r = rules_text_add_ours(t, i ? " or (" : "(", origin);
		if (r == 0)
			r = add_tuple(t, e, &e->values[i]);
		if (r == -EDOM)
			return rules_finding(reporter, RULES_LOAD_ERR_VALIDATE, e->place,
					     "A value is a word or a flat list of words.",
					     "Expected values array to contain a list of strings");
		if (r == 0)
			r = rules_text_add_ours(t, ")", origin);
	}
	return r < 0 ? r : rules_text_add_ours(t, ")", origin);
}

static int add_scalar_form(struct rules_text *t, struct rules_reporter *reporter,
			   const struct rules_exception *e, const struct rules_yaml *origin)
{
	const struct rules_yaml *field = e->fields.scalar ? e->fields.scalar : origin;
	int r = rules_text_add_ours(t, " and not (", field);

	if (r == 0 && e->fields.scalar)
		r = rules_text_add_scalar(t, field);
	if (r == 0)
		r = rules_text_add_ours(t, " ", field);
	if (r == 0)
		r = rules_text_add_ours(t, e->operators[0], field);
	if (r == 0)
		r = rules_text_add_ours(t, " (", field);
	for (uint32_t i = 0; r == 0 && i < e->n_values; i++) {
		if (e->values[i].is_list)
			return rules_finding(reporter, RULES_LOAD_ERR_VALIDATE, e->place,
					     "Write the values as one flat list, or fields as a "
					     "list.",
					     "Expected values array to contain a list of strings");
		r = rules_text_add_ours(t, i ? ", " : "", field);
		if (r == 0)
			r = add_quoted(t, e->values[i].scalar);
	}
	return r < 0 ? r : rules_text_add_ours(t, "))", field);
}

int rules_text_add_exceptions(struct rules_text *t, struct rules_reporter *reporter,
			      const struct rules_rule *rule)
{
	const struct rules_yaml *condition = rule->condition.parts[0];
	const struct rules_yaml *origin;
	int r = rules_text_add_ours(t, "(", condition);

	if (r == 0)
		r = rules_text_add_string(t, &rule->condition);
	if (r == 0)
		r = rules_text_add_ours(t, ")", condition);
	for (uint32_t i = 0; r == 0 && i < rule->n_exceptions; i++) {
		const struct rules_exception *e = &rule->exceptions[i];

		if (e->n_values == 0)
			continue;
		origin = e->fields.n ? e->fields.items[0].scalar : NULL;
		if (!origin)
			origin = condition;
		r = e->fields.is_list ? add_list_form(t, reporter, e, origin)
				      : add_scalar_form(t, reporter, e, origin);
	}
	return r;
}
