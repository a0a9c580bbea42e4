/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of a rule file: which rules, macros and lists it defines, and where it
 * mentions them, fields and operators. Found in the text, so that a file that does not
 * load yet has them as well.
 */
#include "lsp.h"
#include "tokens.h"

const char *const lsp_kind_names[LSP_KINDS] = {
	[LSP_RULE] = "rule",   [LSP_MACRO] = "macro",	    [LSP_LIST] = "list",
	[LSP_FIELD] = "field", [LSP_OPERATOR] = "operator", [LSP_TRANSFORMER] = "transformer",
};

/* A scalar's text with the place of each byte; whatever its quotes. */
struct decoded {
	char *text;
	size_t *at;
	size_t len;
};

static void decoded_fini(struct decoded *d)
{
	free(d->text);
	free(d->at);
}

/* Bytes of an escape that stand for one: what a condition has are quotes and backslashes. */
static size_t escape_length(const struct source_node *node, const char *s, size_t left, char *ret)
{
	*ret = *s;
	if (node->style == YAML_SINGLE_QUOTED_SCALAR_STYLE && *s == '\'' && left > 1 &&
	    s[1] == '\'')
		return 2;
	if (node->style != YAML_DOUBLE_QUOTED_SCALAR_STYLE || *s != '\\' || left < 2)
		return 1;
	if (strchr("\"\\/ ", s[1]))
		*ret = s[1];
	else
		*ret = ' ';
	return 2;
}

static int decode(const struct source *s, const struct source_node *node, struct decoded *ret)
{
	size_t from = node->content, to = node->end;
	bool quoted = node->style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
		      node->style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;

	memset(ret, 0, sizeof(*ret));
	if (node->style == YAML_LITERAL_SCALAR_STYLE || node->style == YAML_FOLDED_SCALAR_STYLE) {
		const char *newline = memchr(s->text + from, '\n', to - from);

		from = newline ? (size_t)(newline - s->text) + 1 : to;
	}
	if (quoted && to - from >= 2) {
		from++;
		to--;
	}
	ret->text = malloc(to - from + 1);
	ret->at = util_reallocarray(NULL, to - from + 1, sizeof(*ret->at));
	if (!ret->text || !ret->at) {
		decoded_fini(ret);
		return -ENOMEM;
	}
	while (from < to) {
		ret->at[ret->len] = from;
		from += escape_length(node, s->text + from, to - from, &ret->text[ret->len]);
		ret->len++;
	}
	ret->text[ret->len] = '\0';
	ret->at[ret->len] = to;
	return 0;
}

static int mention(struct lsp_document *d, enum lsp_kind kind, bool defines, const char *name,
		   size_t name_len, size_t at, size_t len)
{
	struct lsp_mention *m;

	if (GROW(d->mentions, d->n_mentions, d->mentions_capacity) < 0)
		return -ENOMEM;
	m = &d->mentions[d->n_mentions];
	*m = (struct lsp_mention){.kind = (uint8_t)kind, .defines = defines, .at = at, .len = len};
	m->name = arena_strndup(&d->source.arena, name, name_len);
	if (!m->name)
		return -ENOMEM;
	d->n_mentions++;
	return 0;
}

static int mention_decoded(struct lsp_document *d, enum lsp_kind kind, const struct decoded *text,
			   size_t from, size_t len)
{
	size_t at = text->at[from];

	return mention(d, kind, false, text->text + from, len, at,
		       text->at[from + len - 1] + 1 - at);
}

/* The whole scalar, quotes left out. */
static int mention_scalar(struct lsp_document *d, enum lsp_kind kind, bool defines,
			  const struct source_node *node)
{
	bool quoted = node->style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
		      node->style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	size_t at = node->content + quoted, end = node->end - quoted;

	if (node->kind != SOURCE_SCALAR || end <= at)
		return 0;
	return mention(d, kind, defines, node->value, node->len, at, end - at);
}

/* ---- conditions and outputs ------------------------------------------------------------ */

static int take_token(struct lsp_document *d, const struct decoded *text, const struct token *t)
{
	size_t len = t->len;
	const char *bracket;

	switch (t->kind) {
	case TOKEN_MACRO:
		return mention_decoded(d, LSP_MACRO, text, t->at, len);
	case TOKEN_ITEM:
	case TOKEN_VALUE:
		return t->quoted ? 0 : mention_decoded(d, LSP_LIST, text, t->at, len);
	case TOKEN_OPERATOR:
		return mention_decoded(d, LSP_OPERATOR, text, t->at, len);
	case TOKEN_TRANSFORMER:
		return mention_decoded(d, LSP_TRANSFORMER, text, t->at, len);
	case TOKEN_FIELD:
		bracket = memchr(text->text + t->at, '[', len);
		if (bracket)
			len = (size_t)(bracket - (text->text + t->at));
		return mention_decoded(d, LSP_FIELD, text, t->at, len);
	default:
		return 0;
	}
}

static int take_condition(struct lsp_document *d, const struct source_node *node)
{
	struct decoded text;
	struct tokens tokens;
	int r;

	if (node->kind != SOURCE_SCALAR)
		return 0;
	r = decode(&d->source, node, &text);
	if (r < 0)
		return r;
	r = tokens_read(&tokens, text.text, text.len);
	for (uint32_t i = 0; r == 0 && i < tokens.n; i++)
		r = take_token(d, &text, &tokens.v[i]);
	tokens_fini(&tokens);
	decoded_fini(&text);
	return r;
}

static bool is_field_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

static int take_output(struct lsp_document *d, const struct source_node *node)
{
	struct decoded text;
	int r;

	if (node->kind != SOURCE_SCALAR)
		return 0;
	r = decode(&d->source, node, &text);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < text.len; i++) {
		size_t len = 0;

		if (text.text[i] != '%')
			continue;
		i++;
		i += i < text.len && text.text[i] == '*';
		while (i + len < text.len && is_field_char(text.text[i + len]))
			len++;
		while (len && text.text[i + len - 1] == '.') /* the end of a sentence */
			len--;
		if (len)
			r = mention_decoded(d, LSP_FIELD, &text, i, len);
		i += len ? len - 1 : 0;
	}
	decoded_fini(&text);
	return r;
}

/* ---- items ------------------------------------------------------------------------------- */

static int take_each(struct lsp_document *d, enum lsp_kind kind, const struct source_node *node)
{
	int r = 0;

	if (!node)
		return 0;
	if (node->kind == SOURCE_SCALAR)
		return mention_scalar(d, kind, false, node);
	for (uint32_t i = 0; r == 0 && node->kind == SOURCE_SEQUENCE && i < node->n; i++)
		r = take_each(d, kind, node->children[i]);
	return r;
}

static int take_exceptions(struct lsp_document *d, const struct source_node *node)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && node->kind == SOURCE_SEQUENCE && i < node->n; i++) {
		const struct source_node *exception = node->children[i];

		r = take_each(d, LSP_FIELD, source_get(exception, "fields"));
		if (r == 0)
			r = take_each(d, LSP_LIST, source_get(exception, "values"));
	}
	return r;
}

static size_t end_of(const struct source_node *node)
{
	while (node->n && !node->flow)
		node = node->children[node->n - 1];
	return node->end;
}

static int take_keys(struct lsp_document *d, enum lsp_kind kind, const struct source_node *item)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i + 1 < item->n; i += 2) {
		const struct source_node *key = item->children[i], *value = item->children[i + 1];

		if (key->kind != SOURCE_SCALAR)
			continue;
		if (util_streq(key->value, "condition"))
			r = take_condition(d, value);
		else if (util_streq(key->value, "output"))
			r = take_output(d, value);
		else if (util_streq(key->value, "exceptions"))
			r = take_exceptions(d, value);
		else if (util_streq(key->value, "items") && kind == LSP_LIST)
			r = take_each(d, LSP_LIST, value);
	}
	return r;
}

static int take_item(struct lsp_document *d, const struct source_node *node)
{
	for (uint8_t kind = LSP_RULE; kind <= LSP_LIST; kind++) {
		const struct source_node *name = source_get(node, lsp_kind_names[kind]);
		struct lsp_item *item;
		size_t end;
		int r;

		if (!name || name->kind != SOURCE_SCALAR || name->end <= name->content)
			continue;
		if (GROW(d->items, d->n_items, d->items_capacity) < 0)
			return -ENOMEM;
		end = end_of(node);
		while (end > node->start && strchr(" \t\r\n", d->text[end - 1]))
			end--;
		item = &d->items[d->n_items++];
		*item = (struct lsp_item){kind, name->value,   node->start,
					  end,	name->content, name->end - name->content,
					  node};
		r = mention_scalar(d, (enum lsp_kind)kind, true, name);
		return r < 0 ? r : take_keys(d, (enum lsp_kind)kind, node);
	}
	return 0;
}

int lsp_index(struct lsp_document *d)
{
	int r = 0;

	for (uint32_t i = 0; i < d->source.n_documents; i++) {
		const struct source_node *root = d->source.documents[i];

		if (!root || root->kind != SOURCE_SEQUENCE)
			continue;
		for (uint32_t k = 0; r == 0 && k < root->n; k++) {
			if (root->children[k]->kind == SOURCE_MAPPING)
				r = take_item(d, root->children[k]);
		}
	}
	return r;
}
