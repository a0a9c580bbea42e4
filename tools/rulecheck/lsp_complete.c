/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be written next. Found out from the text before the cursor alone: while
 * somebody types, a file is seldom YAML.
 */
#include <saker/event.h>

#include "lsp.h"
#include "mitre.h"
#include "tokens.h"

#define MAX_ITEMS 3000
#define MAX_LINES 2000 /* upward, to find the key that the cursor's text belongs to */

/* The protocol's kinds of proposals. */
enum {
	ITEM_FUNCTION = 3,
	ITEM_FIELD = 5,
	ITEM_PROPERTY = 10,
	ITEM_VALUE = 12,
	ITEM_ENUM = 13,
	ITEM_KEYWORD = 14,
	ITEM_CONSTANT = 21,
	ITEM_OPERATOR = 24
};

enum key_where { WHERE_TOP, WHERE_RULE, WHERE_MACRO, WHERE_LIST, WHERE_EXCEPTION };

static const struct {
	enum key_where where;
	const char *name;
	const char *inserted;
	const char *description;
} keys[] = {
#define KEY(where, name, inserted, description) {WHERE_##where, name, inserted, description},
#include "lsp_keys.def"
#undef KEY
};

struct place {
	const struct lsp_document *d;
	size_t word; /* where the word at the cursor begins */
	size_t cursor;
	char key[40]; /* whose value the cursor is in; "" = at a key's place */
	size_t value; /* where that value begins */
	enum key_where where;
};

struct list {
	json_t *items;
	const struct place *place;
};

/* ---- where the cursor is ----------------------------------------------------------------- */

static size_t start_of_line(const struct lsp_document *d, size_t at)
{
	while (at && d->text[at - 1] != '\n')
		at--;
	return at;
}

/* "  key: value" or "- key: value": the key's name, and where the value begins. */
static bool read_key(const struct lsp_document *d, size_t line, size_t *ret_column, char *key,
		     size_t size, size_t *ret_value)
{
	size_t at = line, n = 0;

	while (at < d->len &&
	       (d->text[at] == ' ' || (d->text[at] == '-' && d->text[at + 1] == ' ')))
		at++;
	*ret_column = at - line;
	while (at + n < d->len &&
	       (strchr("_-", d->text[at + n])
			? n > 0
			: (d->text[at + n] | 32) >= 'a' && (d->text[at + n] | 32) <= 'z'))
		n++;
	if (n == 0 || n >= size || at + n >= d->len || d->text[at + n] != ':' ||
	    !strchr(" \t\r\n", d->text[at + n + 1]))
		return false;
	memcpy(key, d->text + at, n);
	key[n] = '\0';
	*ret_value = at + n + 1;
	return true;
}

/* Which kind of item the line is in: the nearest line above that begins one. */
static enum key_where find_where(const struct lsp_document *d, size_t line, size_t column)
{
	bool exception = false;

	for (int i = 0; i < MAX_LINES; i++) {
		char key[40];
		size_t at, value;

		if (read_key(d, line, &at, key, sizeof(key), &value)) {
			if (util_streq(key, "rule"))
				return exception ? WHERE_EXCEPTION : WHERE_RULE;
			if (util_streq(key, "macro"))
				return WHERE_MACRO;
			if (util_streq(key, "list"))
				return WHERE_LIST;
			exception |= util_streq(key, "exceptions") && at < column;
		}
		if (line == 0)
			break;
		line = start_of_line(d, line - 1);
	}
	return WHERE_TOP;
}

static bool is_word(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_.-", c));
}

static void find_place(struct place *p, const struct lsp_document *d, size_t cursor)
{
	size_t line = start_of_line(d, cursor), from = line, column, above, indent = 0;

	*p = (struct place){.d = d, .cursor = cursor, .word = cursor};
	while (p->word > line && is_word(d->text[p->word - 1]))
		p->word--;
	while (line + indent < cursor && strchr(" -", d->text[line + indent]))
		indent++;
	for (int i = 0; i < MAX_LINES; i++) {
		if (read_key(d, from, &above, p->key, sizeof(p->key), &p->value) &&
		    p->value <= cursor && (from == line || above < indent))
			break;
		p->key[0] = '\0';
		if (from == 0)
			break;
		from = start_of_line(d, from - 1);
	}
	column = p->word - line;
	/* Deeper than its key a value goes on; a block's and a list's own keys begin new ones. */
	if (util_streq(p->key, "exceptions") || util_streq(p->key, "override") ||
	    (p->key[0] && from != line && line + indent == p->word && above >= indent))
		p->key[0] = '\0';
	p->where = memchr(d->text + line, '-', p->word - line) && column <= 2
			   ? WHERE_TOP
			   : find_where(d, line, column);
}

/* ---- proposals --------------------------------------------------------------------------- */

static void propose(struct list *l, const char *label, int kind, const char *detail,
		    const char *text, char *description)
{
	const struct place *p = l->place;
	json_t *item;

	if (json_array_size(l->items) < MAX_ITEMS) {
		item = json_pack("{ss si ss s{so ss}}", "label", label, "kind", kind, "detail",
				 detail, "textEdit", "range", lsp_range(p->d, p->word, p->cursor),
				 "newText", text);
		if (description && item)
			json_object_set_new(
				item, "documentation",
				json_pack("{ss ss}", "kind", "markdown", "value", description));
		if (item)
			json_array_append_new(l->items, item);
	}
	free(description);
}

static void propose_fields(struct list *l, const struct lsp_server *s, uint16_t without)
{
	for (uint32_t i = 0; i < s->catalogue->n_fields; i++) {
		const struct saker_field *f = &s->catalogue->fields[i];
		char *text = NULL;
		size_t size;
		FILE *out;

		if (f->flags & (without | SAKER_FIELD_HIDDEN))
			continue;
		out = open_memstream(&text, &size);
		if (!out)
			continue;
		lsp_describe_field(out, f);
		if (fclose(out) == 0)
			propose(l, f->name, ITEM_FIELD, f->group, f->name, text);
		else
			free(text);
	}
}

static void propose_items(struct list *l, const struct lsp_server *s, enum lsp_kind kind)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct lsp_document *d = &s->documents[i];

		for (uint32_t k = 0; k < d->n_items; k++) {
			if (d->items[k].kind == kind)
				propose(l, d->items[k].name,
					kind == LSP_MACRO ? ITEM_FUNCTION : ITEM_CONSTANT,
					lsp_kind_names[kind], d->items[k].name, NULL);
		}
	}
}

static void propose_words(struct list *l, const char *const *words, int kind, const char *detail)
{
	for (; *words; words++)
		propose(l, *words, kind, detail, *words, NULL);
}

static void propose_transformers(struct list *l, bool right)
{
	for (const char *const *word = token_transformers; *word; word++) {
		char text[24];

		if (!right && util_streq(*word, "val"))
			continue;
		snprintf(text, sizeof(text), "%s(", *word);
		propose(l, *word, ITEM_FUNCTION, "transformer", text, NULL);
	}
}

static void propose_event_types(struct list *l)
{
	for (int code = 0; code < 1024; code++) {
		const struct saker_event_info *info = saker_event_info((uint32_t)code);

		/* several codes may have one name */
		if (info && saker_event_find(info->name, 0) == code)
			propose(l, info->name, ITEM_VALUE, "event type", info->name, NULL);
	}
}

/* The field that is compared where the text ends. */
static bool compares(const struct tokens *t, const char *text, const char *field)
{
	for (uint32_t i = t->n; i > 0; i--) {
		if (t->v[i - 1].kind == TOKEN_FIELD)
			return token_is(&t->v[i - 1], text, field);
	}
	return false;
}

static void complete_condition(struct list *l, const struct lsp_server *s)
{
	static const char *const joins[] = {"and", "or", NULL}, *const no[] = {"not", NULL};
	const struct place *p = l->place;
	const char *text = p->d->text + p->value;
	size_t len = p->word - p->value, header;
	struct tokens tokens;

	/* a block's header, an opening quote */
	header = strspn(text, " \t");
	if (header < len && strchr(">|", text[header])) {
		header += strcspn(text + header, "\n");
	} else if (header < len && strchr("\"'", text[header])) {
		header++;
	}
	header = MIN(header, len);
	if (tokens_read(&tokens, text + header, len - header) < 0)
		return;
	if (tokens.broken || tokens.next == TOKEN_NEXT_CHECK) {
		propose_items(l, s, LSP_MACRO);
		propose_fields(l, s, SAKER_FIELD_PRINT_ONLY);
		propose_transformers(l, false);
		propose_words(l, no, ITEM_KEYWORD, "keyword");
	} else if (tokens.next == TOKEN_NEXT_OPERATOR) {
		propose_words(l, token_operators, ITEM_OPERATOR, "operator");
	} else if (tokens.next == TOKEN_NEXT_JOIN) {
		propose_words(l, joins, ITEM_KEYWORD, "keyword");
	} else if (tokens.next == TOKEN_NEXT_ARGUMENT) {
		propose_fields(l, s, SAKER_FIELD_PRINT_ONLY | SAKER_FIELD_NO_TRANSFORMER);
	} else {
		if (tokens.next == TOKEN_NEXT_ITEM)
			propose_items(l, s, LSP_LIST);
		else
			propose_transformers(l, true);
		if (compares(&tokens, text + header, "evt.type"))
			propose_event_types(l);
	}
	tokens_fini(&tokens);
}

static void complete_output(struct list *l, const struct lsp_server *s)
{
	const char *text = l->place->d->text;
	size_t at = l->place->word;

	if (at && (text[at - 1] == '%' || (text[at - 1] == '*' && at > 1 && text[at - 2] == '%')))
		propose_fields(l, s, SAKER_FIELD_FILTER_ONLY);
}

static void complete_tags(struct list *l)
{
	for (unsigned int i = 0; i < MITRE_TACTICS; i++)
		propose(l, mitre_tactic_tag(i), ITEM_ENUM, mitre_tactic_name(i),
			mitre_tactic_tag(i), NULL);
}

static void complete_keys(struct list *l)
{
	const struct place *p = l->place;
	bool dash = false;

	for (size_t i = start_of_line(p->d, p->word); i < p->word; i++)
		dash |= p->d->text[i] == '-';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char text[96];

		if (keys[i].where != p->where)
			continue;
		snprintf(text, sizeof(text), "%s%s", p->where == WHERE_TOP && !dash ? "- " : "",
			 keys[i].inserted);
		propose(l, keys[i].name, ITEM_PROPERTY, "key", text, strdup(keys[i].description));
	}
}

static void complete_value(struct list *l, const struct lsp_server *s)
{
	static const char *const booleans[] = {"true", "false", NULL};
	static const char *const overrides[] = {"append", "replace", NULL};
	static const struct {
		const char *key;
		enum lsp_kind kind;
	} names[] = {{"rule", LSP_RULE},
		     {"macro", LSP_MACRO},
		     {"list", LSP_LIST},
		     {"items", LSP_LIST},
		     {"values", LSP_LIST}};
	const char *key = l->place->key;

	if (util_streq(key, "condition"))
		complete_condition(l, s);
	else if (util_streq(key, "output"))
		complete_output(l, s);
	else if (util_streq(key, "tags"))
		complete_tags(l);
	else if (util_streq(key, "fields"))
		propose_fields(l, s, SAKER_FIELD_PRINT_ONLY);
	else if (util_streq(key, "comps"))
		propose_words(l, token_operators, ITEM_OPERATOR, "operator");
	else if (util_streq(key, "source"))
		propose(l, s->catalogue->source, ITEM_VALUE, "source", s->catalogue->source, NULL);
	else if (util_streq(key, "enabled") || util_streq(key, "append") ||
		 util_streq(key, "warn_evttypes") || util_streq(key, "capture") ||
		 util_streq(key, "skip-if-unknown-filter"))
		propose_words(l, booleans, ITEM_VALUE, "value");
	for (int i = 0; util_streq(key, "priority") && i <= SAKER_PRIORITY_DEBUG; i++)
		propose(l, saker_priority_name((enum saker_priority)i), ITEM_ENUM, "priority",
			saker_priority_name((enum saker_priority)i), NULL);
	if (json_array_size(l->items) == 0 && util_streq(key, "override"))
		propose_words(l, overrides, ITEM_VALUE, "value");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (util_streq(names[i].key, key))
			propose_items(l, s, names[i].kind);
	}
}

json_t *lsp_complete(struct lsp_server *s, struct lsp_document *d, const json_t *params,
		     struct lsp_problem *problem)
{
	struct lsp_position position;
	struct place place;
	struct list list = {.place = &place};

	if (!lsp_get_position(json_object_get(params, "position"), &position))
		return lsp_refuse(problem, LSP_INVALID_PARAMS, "there is no position");
	find_place(&place, d, lsp_offset_of(d, position));
	list.items = json_array();
	if (place.key[0])
		complete_value(&list, s);
	else
		complete_keys(&list);
	return json_pack("{sb so}", "isIncomplete", 0, "items", list.items);
}
