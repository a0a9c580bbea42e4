/* SPDX-License-Identifier: Apache-2.0 */
/* What each transformer takes and makes; checked once, when a term is bound. */
#include "transform.h"

#include "transform_getopt.h"

static const char *const names[] = {
#define X(symbol, text) [RULES_TRANSFORM_##symbol] = text,
	RULES_TRANSFORM_LIST(X)
#undef X
};

enum rules_transform rules_transform_find(const char *name, size_t len)
{
	for (int i = 0; i < RULES_TRANSFORM_COUNT; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return (enum rules_transform)i;
	return RULES_TRANSFORM_COUNT;
}

const char *rules_transform_name(enum rules_transform transform)
{
	return transform < RULES_TRANSFORM_COUNT ? names[transform] : "?";
}

static bool transform_is_text(const struct rules_term *term)
{
	return rules_type_class(term->type) == RULES_CLASS_TEXT;
}

/* tolower, toupper, b64, basename, len */
static int transform_bind_one(struct rules_builder *builder, const struct rules_mark *mark,
			      struct rules_term *term)
{
	const struct rules_term *arg = &builder->program->terms[term->args[0]];
	bool text = transform_is_text(arg), bytes = arg->type == SAKER_TYPE_BYTES, fits = text;

	term->list = arg->list;
	term->any = arg->any;
	term->ne_all = arg->ne_all;
	term->type = arg->type;
	if (term->transform == RULES_TRANSFORM_LEN) {
		fits = arg->list || text || bytes;
		term->type = SAKER_TYPE_U64;
		term->list = false;
	} else if (term->transform == RULES_TRANSFORM_B64) {
		fits = arg->type == SAKER_TYPE_STRING || bytes;
	}
	if (fits)
		return 0;
	return rules_fail(builder, mark,
			  "can't add field transformer: type '%s' is not supported by '%s' "
			  "transformer applied on %sfield '%s'",
			  rules_type_name(arg->type), names[term->transform],
			  arg->list ? "list " : "", arg->name);
}

static int transform_bind_join(struct rules_builder *builder, const struct rules_mark *mark,
			       struct rules_term *term)
{
	const struct rules_term *terms = builder->program->terms;

	if (term->n_args != 2)
		return rules_fail(builder, mark,
				  "join() requires exactly 2 arguments: separator and list");
	if (terms[term->args[0]].list)
		return rules_fail(
			builder, mark,
			"join() first argument (separator) must be a single value, not a list");
	if (!terms[term->args[1]].list)
		return rules_fail(builder, mark, "join() second argument must be a list");
	if (!transform_is_text(&terms[term->args[0]]) || !transform_is_text(&terms[term->args[1]]))
		return rules_fail(builder, mark, "join() arguments must be strings");
	term->type = SAKER_TYPE_STRING;
	return 0;
}

static int transform_bind_concat(struct rules_builder *builder, const struct rules_mark *mark,
				 struct rules_term *term)
{
	if (term->n_args < 2)
		return rules_fail(builder, mark, "concat() requires at least 2 arguments");
	for (uint32_t i = 0; i < term->n_args; i++) {
		const struct rules_term *arg = &builder->program->terms[term->args[i]];

		if (arg->list || arg->type != SAKER_TYPE_STRING)
			return rules_fail(builder, mark, "concat() arguments must be strings");
	}
	term->type = SAKER_TYPE_STRING;
	return 0;
}

static int transform_bind_getopt(struct rules_builder *builder, const struct rules_mark *mark,
				 struct rules_term *term, const char *selector)
{
	const struct rules_term *terms = builder->program->terms;
	struct rules_optstring *optstring;

	if (term->n_args != 2)
		return rules_fail(builder, mark,
				  "getopt() requires exactly 2 arguments: args list and optstring");
	if (!terms[term->args[0]].list)
		return rules_fail(builder, mark, "getopt() first argument must be a list");
	if (terms[term->args[1]].list)
		return rules_fail(builder, mark,
				  "getopt() second argument (optstring) must be a single value");
	if (terms[term->args[0]].type != SAKER_TYPE_STRING ||
	    terms[term->args[1]].type != SAKER_TYPE_STRING)
		return rules_fail(builder, mark, "getopt() arguments must be strings");
	if (selector && strlen(selector) != 1)
		return rules_fail(builder, mark,
				  "getopt() field argument must be a single option character");
	if (terms[term->args[1]].kind == RULES_TERM_CONSTANT) {
		optstring = arena_alloc(&builder->program->arena, sizeof(*optstring));
		if (!optstring)
			return -ENOMEM;
		rules_optstring_parse(optstring, terms[term->args[1]].text,
				      terms[term->args[1]].len);
		term->optstring = optstring;
	}
	term->type = SAKER_TYPE_STRING;
	term->list = !selector;
	term->has_selector = selector;
	term->selector = selector ? selector[0] : 0;
	return 0;
}

int rules_transform_bind(struct rules_builder *builder, const struct rules_mark *mark,
			 struct rules_term *term, const char *selector)
{
	/* Of several values a new one is made: what its fields are fit for is no matter. */
	bool made = term->transform == RULES_TRANSFORM_CONCAT ||
		    term->transform == RULES_TRANSFORM_JOIN ||
		    term->transform == RULES_TRANSFORM_GETOPT;

	for (uint32_t i = 0; i < term->n_args && !made; i++) {
		const struct rules_term *arg = &builder->program->terms[term->args[i]];

		if (arg->flags & SAKER_FIELD_NO_TRANSFORMER)
			return rules_fail(builder, mark, "field '%s' does not support transformers",
					  arg->name);
		term->flags |= arg->flags & (SAKER_FIELD_NO_RHS | SAKER_FIELD_FILTER_ONLY);
	}
	if (term->transform == RULES_TRANSFORM_GETOPT)
		return transform_bind_getopt(builder, mark, term, selector);
	if (selector)
		return rules_fail(builder, mark,
				  term->transform == RULES_TRANSFORM_JOIN ||
						  term->transform == RULES_TRANSFORM_CONCAT
					  ? "transformer '%s' does not support field arguments"
					  : "filter error: transformer '%s' does not support field "
					    "arguments",
				  names[term->transform]);
	if (term->transform == RULES_TRANSFORM_JOIN)
		return transform_bind_join(builder, mark, term);
	if (term->transform == RULES_TRANSFORM_CONCAT)
		return transform_bind_concat(builder, mark, term);
	if (term->n_args != 1)
		return rules_fail(builder, mark, "transformer '%s' takes exactly one argument",
				  names[term->transform]);
	return transform_bind_one(builder, mark, term);
}
