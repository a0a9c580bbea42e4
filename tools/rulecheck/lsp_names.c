/* SPDX-License-Identifier: Apache-2.0 */
/* Where names are defined and mentioned, and giving them others. */
#include "fmt.h"
#include "lsp.h"

static const struct lsp_mention *named_at(struct lsp_server *s, const struct lsp_document *d,
					  const json_t *params)
{
	struct lsp_position position;
	const struct lsp_mention *m;

	if (!lsp_get_position(json_object_get(params, "position"), &position))
		return NULL;
	m = lsp_mention_at(s, d, lsp_offset_of(d, position));
	return m && m->kind <= LSP_LIST ? m : NULL;
}

static bool is_same(const struct lsp_mention *a, const struct lsp_mention *b)
{
	return a->kind == b->kind && util_streq(a->name, b->name);
}

static json_t *location(const struct lsp_document *d, const struct lsp_mention *m)
{
	return json_pack("{ss so}", "uri", d->uri, "range", lsp_range(d, m->at, m->at + m->len));
}

static json_t *locations(struct lsp_server *s, const struct lsp_mention *name, bool definitions,
			 bool references)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->n; i++) {
		const struct lsp_document *d = &s->documents[i];

		for (uint32_t k = 0; k < d->n_mentions; k++) {
			const struct lsp_mention *m = &d->mentions[k];

			if (is_same(m, name) && (m->defines ? definitions : references))
				json_array_append_new(list, location(d, m));
		}
	}
	return list;
}

json_t *lsp_definition(struct lsp_server *s, struct lsp_document *d, const json_t *params,
		       struct lsp_problem *problem)
{
	const struct lsp_mention *m = named_at(s, d, params);

	return m ? locations(s, m, true, false) : json_null();
}

json_t *lsp_references(struct lsp_server *s, struct lsp_document *d, const json_t *params,
		       struct lsp_problem *problem)
{
	const struct lsp_mention *m = named_at(s, d, params);
	bool definitions = json_is_true(
		json_object_get(json_object_get(params, "context"), "includeDeclaration"));

	return m ? locations(s, m, definitions, true) : json_null();
}

/* ---- rename ------------------------------------------------------------------------------ */

json_t *lsp_prepare_rename(struct lsp_server *s, struct lsp_document *d, const json_t *params,
			   struct lsp_problem *problem)
{
	const struct lsp_mention *m = named_at(s, d, params);

	if (!m || !lsp_find_item(s, (enum lsp_kind)m->kind, m->name, NULL))
		return lsp_refuse(problem, LSP_REQUEST_FAILED,
				  "here stands no name of a rule, macro or list");
	return json_pack("{so ss}", "range", lsp_range(d, m->at, m->at + m->len), "placeholder",
			 m->name);
}

static bool is_identifier(const char *name)
{
	if (!((*name | 32) >= 'a' && (*name | 32) <= 'z'))
		return false;
	for (; *name; name++) {
		char c = *name;

		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return true;
}

/* A list's name stands bare among values; these would end it, or be YAML's own. */
static bool is_list_name(const char *name)
{
	return *name && !strpbrk(name, " \t\r\n()[]{},\"'=#:&*!|>%@`\\?") && *name != '-';
}

static bool is_word_of_language(const char *name)
{
	static const char *const words[] = {"and", "or", "not", "in", "exists"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (util_streq(words[i], name))
			return true;
	}
	return false;
}

static bool is_fit(enum lsp_kind kind, const char *name)
{
	if (kind == LSP_MACRO)
		return is_identifier(name) && !is_word_of_language(name);
	if (kind == LSP_LIST)
		return is_list_name(name);
	return *name && !strpbrk(name, "\r\n\t") && name[0] != ' ' && name[strlen(name) - 1] != ' ';
}

/* Whether a plain scalar may have that text without becoming something else. */
static bool is_plain(const char *name)
{
	return !strchr("-?:,[]{}#&*!|>'\"%@`", *name) && !strstr(name, ": ") &&
	       !strstr(name, " #") && name[strlen(name) - 1] != ':';
}

/* The new name as the scalar that it is put into needs it; to be freed. */
static char *spell(const struct lsp_document *d, const struct lsp_mention *m, const char *name)
{
	char quote = m->at ? d->text[m->at - 1] : ' ';
	bool quoted = m->defines && (quote == '"' || quote == '\''), add = false;
	char *text = malloc(strlen(name) * 2 + 3), *out = text;

	if (!text)
		return NULL;
	if (!quoted && !is_plain(name)) {
		add = true;
		quote = '"';
		*out++ = quote;
	}
	for (; *name; name++) {
		if ((quoted || add) && quote == '"' && strchr("\"\\", *name))
			*out++ = '\\';
		else if (quoted && quote == '\'' && *name == '\'')
			*out++ = '\'';
		*out++ = *name;
	}
	if (add)
		*out++ = quote;
	*out = '\0';
	return text;
}

static json_t *edits_of(const struct lsp_document *d, const struct lsp_mention *old,
			const char *name)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->n_mentions; i++) {
		const struct lsp_mention *m = &d->mentions[i];
		_cleanup_free_ char *text = is_same(m, old) ? spell(d, m, name) : NULL;

		if (text)
			json_array_append_new(list, json_pack("{so ss}", "range",
							      lsp_range(d, m->at, m->at + m->len),
							      "newText", text));
	}
	return list;
}

json_t *lsp_rename(struct lsp_server *s, struct lsp_document *d, const json_t *params,
		   struct lsp_problem *problem)
{
	const char *name = json_string_value(json_object_get(params, "newName"));
	const struct lsp_mention *m = named_at(s, d, params);
	json_t *changes;

	if (!name)
		return lsp_refuse(problem, LSP_INVALID_PARAMS, "newName is missing");
	if (!m || !lsp_find_item(s, (enum lsp_kind)m->kind, m->name, NULL))
		return lsp_refuse(problem, LSP_REQUEST_FAILED,
				  "here stands no name of a rule, macro or list");
	if (!is_fit((enum lsp_kind)m->kind, name))
		return lsp_refuse(problem, LSP_REQUEST_FAILED, "a %s cannot be named '%s'%s",
				  lsp_kind_names[m->kind], name,
				  m->kind == LSP_MACRO ? ": letters, digits and _ make a name"
						       : "");
	if (!util_streq(name, m->name) && lsp_find_item(s, (enum lsp_kind)m->kind, name, NULL))
		return lsp_refuse(problem, LSP_REQUEST_FAILED, "there is a %s '%s' already",
				  lsp_kind_names[m->kind], name);
	changes = json_object();
	for (uint32_t i = 0; i < s->n; i++) {
		json_t *list = edits_of(&s->documents[i], m, name);

		if (json_array_size(list))
			json_object_set_new(changes, s->documents[i].uri, list);
		else
			json_decref(list);
	}
	return json_pack("{so}", "changes", changes);
}

/* ---- symbols, layout --------------------------------------------------------------------- */

json_t *lsp_symbols(struct lsp_server *s, struct lsp_document *d, const json_t *params,
		    struct lsp_problem *problem)
{
	/* Event, Function, Array: of the protocol's kinds those that come nearest */
	static const int kinds[] = {[LSP_RULE] = 24, [LSP_MACRO] = 12, [LSP_LIST] = 18};
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->n_items; i++) {
		const struct lsp_item *item = &d->items[i];

		json_array_append_new(
			list,
			json_pack("{ss ss si so so}", "name", item->name, "detail",
				  lsp_kind_names[item->kind], "kind", kinds[item->kind], "range",
				  lsp_range(d, item->start, item->end), "selectionRange",
				  lsp_range(d, item->name_at, item->name_at + item->name_len)));
	}
	return list;
}

json_t *lsp_format(struct lsp_server *s, struct lsp_document *d, const json_t *params,
		   struct lsp_problem *problem)
{
	_cleanup_free_ char *text = NULL;
	struct fmt_error error;
	size_t len;
	int r = fmt_text(d->text, d->len, &text, &len, &error);

	if (r == -ENOMEM)
		return NULL;
	if (r < 0)
		return lsp_refuse(problem, LSP_REQUEST_FAILED, "line %u: %s", error.line,
				  error.message);
	if (len == d->len && memcmp(text, d->text, len) == 0)
		return json_array();
	return json_pack("[{so ss}]", "range", lsp_range(d, 0, d->len), "newText", text);
}
