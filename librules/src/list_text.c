/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing lists into the text of a condition, for the places where a list's name
 * is not an element of a list of values: "fd.name = one_item_list", an item that
 * is a piece of condition, a name with a blank in it. Names inside quotes are
 * left alone.
 */
#include "lex.h"
#include "list.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What a list's name must stand between. */
static bool is_delimiter(char c)
{
	return is_blank(c) || c == '(' || c == ')' || c == ',' || c == '=';
}

/* ---- which lists a text refers to, and how --------------------------------- */

struct scan {
	struct rules_lists *lists;
	const char *s;
	size_t len;
	bool in_values; /* inside the parentheses behind a list operator */
	size_t word;	/* the word read last, when only blanks came since; end == 0: none */
	size_t word_end;
};

static bool opens_values(const struct scan *scan)
{
	static const char *const words[] = {"in",    "intersects", "pmatch",
					    "oneof", "anyof",	   "allof"};
	size_t len = scan->word_end - scan->word;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == len && memcmp(scan->s + scan->word, words[i], len) == 0)
			return true;
	}
	return false;
}

/* True when the word is a list's name that must be replaced in the text. */
static bool check_word(struct scan *scan, size_t start, size_t end)
{
	const struct rules_definitions *d = scan->lists->definitions;
	const struct rules_list *list;

	if ((start > 0 && !is_delimiter(scan->s[start - 1])) ||
	    (end < scan->len && !is_delimiter(scan->s[end])))
		return false;
	list = rules_find_list(d, scan->s + start, end - start);
	return list && (!scan->in_values || scan->lists->lists[list - d->lists].textual);
}

static size_t word_end(const struct scan *scan, size_t i)
{
	while (i < scan->len && !is_delimiter(scan->s[i]) && scan->s[i] != '"' &&
	       scan->s[i] != '\'')
		i++;
	return i;
}

static bool needs_text(struct rules_lists *lists, const struct rules_text *text)
{
	struct scan scan = {.lists = lists, .s = text->s, .len = text->len};
	size_t i = 0;

	for (uint32_t k = 0; k < lists->n_odd; k++) {
		if (strstr(text->s, lists->definitions->lists[lists->odd[k]].name))
			return true;
	}
	while (i < scan.len) {
		char c = scan.s[i];
		size_t end;

		if (is_blank(c)) {
			i++;
			continue;
		}
		if (c == '"' || c == '\'') {
			end = rules_lex_quoted_end(scan.s, scan.len, i);
			i = end ? end : i + 1;
			scan.word_end = scan.word = 0;
			continue;
		}
		if (is_delimiter(c)) {
			if (c == '(' || c == ')')
				scan.in_values = c == '(' && opens_values(&scan);
			scan.word_end = scan.word = 0;
			i++;
			continue;
		}
		end = word_end(&scan, i);
		if (check_word(&scan, i, end))
			return true;
		scan.word = i;
		scan.word_end = end;
		i = end;
	}
	return false;
}

/* ---- replacing ------------------------------------------------------------- */

static int add_item_text(struct rules_text *t, const struct rules_yaml *item,
			 const struct rules_segment *origin, size_t offset, bool *first)
{
	bool quote =
		memchr(item->text, ' ', item->len) && item->text[0] != '"' && item->text[0] != '\'';
	int r = 0;

	if (!*first)
		r = rules_text_add(t, ", ", 2, origin->scalar, offset, true);
	if (r == 0 && quote)
		r = rules_text_add(t, "\"", 1, origin->scalar, offset, true);
	if (r == 0)
		r = rules_text_add(t, item->text, item->len, origin->scalar, offset, true);
	if (r == 0 && quote)
		r = rules_text_add(t, "\"", 1, origin->scalar, offset, true);
	if (item->len)
		*first = false;
	return r;
}

/* All that a list says, and no more: names in it are left as they are. */
static int add_items_text(const struct rules_list *list, struct rules_text *t,
			  const struct rules_segment *origin, size_t offset, bool *first)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < list->n_items; i++)
		r = add_item_text(t, list->items[i], origin, offset, first);
	for (uint32_t i = 0; r == 0 && i < list->n_bulks; i++) {
		for (uint32_t k = 0; r == 0 && k < list->bulks[i]->n; k++) {
			struct rules_operand value;

			rules_bulk_get(list->bulks[i], k, &value);
			r = add_item_text(
				t, &(struct rules_yaml){.text = value.text, .len = value.len},
				origin, offset, first);
		}
	}
	return r;
}

static int add_named_text(struct rules_lists *lists, const struct rules_list *list,
			  const struct rules_yaml *item, struct rules_text *t,
			  const struct rules_segment *origin, size_t offset, bool *first)
{
	const struct rules_list *other = rules_find_list(lists->definitions, item->text, item->len);

	if (!other || other->index >= list->visibility)
		return add_item_text(t, item, origin, offset, first);
	return add_items_text(other, t, origin, offset, first);
}

static int add_list_text(struct rules_lists *lists, const struct rules_list *list,
			 struct rules_text *t, const struct rules_segment *origin, size_t offset,
			 bool *ret_empty)
{
	bool first = true;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < list->n_items; i++)
		r = add_named_text(lists, list, list->items[i], t, origin, offset, &first);
	for (uint32_t i = 0; r == 0 && i < list->n_bulks; i++) {
		for (uint32_t k = 0; r == 0 && k < list->bulks[i]->n; k++) {
			struct rules_operand value;

			rules_bulk_get(list->bulks[i], k, &value);
			r = add_named_text(
				lists, list,
				&(struct rules_yaml){.text = value.text, .len = value.len}, t,
				origin, offset, &first);
		}
	}
	*ret_empty = first;
	return r;
}

static void trim_end(struct rules_text *t)
{
	while (t->len > 0 && is_blank(t->s[t->len - 1]))
		t->len--;
}

static void drop_empty_segments(struct rules_text *t)
{
	while (t->n_segments > 0 && t->segments[t->n_segments - 1].start >= t->len)
		t->n_segments--;
}

/* The name at [start, end) of `from` gives way to the items; returns where to go on. */
static int replace_name(struct rules_lists *lists, const struct rules_list *list,
			const struct rules_text *from, size_t start, size_t *end,
			struct rules_text *to)
{
	const struct rules_segment *origin;
	size_t offset;
	bool empty = false;
	int r;

	origin = rules_text_origin(from, start, &offset);
	trim_end(to);
	drop_empty_segments(to);
	while (*end < from->len && is_blank(from->s[*end]))
		*end += 1;
	r = to->len ? rules_text_add(to, " ", 1, origin->scalar, offset, true) : 0;
	if (r == 0)
		r = add_list_text(lists, list, to, origin, offset, &empty);
	if (r < 0)
		return r;
	if (empty) {
		/* One comma beside it goes as well. */
		trim_end(to);
		if (to->len > 0 && to->s[to->len - 1] == ',')
			to->len--;
		else if (*end < from->len && from->s[*end] == ',')
			*end += 1;
		drop_empty_segments(to);
	}
	return rules_text_add(to, " ", 1, origin->scalar, offset, true);
}

static bool stands_at(const struct rules_text *t, size_t i, const char *name, size_t len)
{
	return t->len - i >= len && memcmp(t->s + i, name, len) == 0 &&
	       (i == 0 || is_delimiter(t->s[i - 1])) &&
	       (i + len == t->len || is_delimiter(t->s[i + len]));
}

/* Replaces a list's name wherever it stands; true in ret_used when it stood somewhere. */
static int replace_list(struct rules_lists *lists, const struct rules_list *list,
			struct rules_text *text, bool *ret_used)
{
	struct rules_text to = {0};
	size_t len = strlen(list->name);
	size_t copied = 0;
	size_t i = 0;
	int r = 0;

	*ret_used = false;
	while (r == 0 && i < text->len) {
		size_t end = i + len;

		if (stands_at(text, i, list->name, len)) {
			r = rules_text_add_part(&to, text, copied, i);
			if (r == 0)
				r = replace_name(lists, list, text, i, &end, &to);
			copied = i = end;
			*ret_used = true;
			continue;
		}
		if (text->s[i] == '"' || text->s[i] == '\'') {
			end = rules_lex_quoted_end(text->s, text->len, i);
			i = end ? end : i + 1;
			continue;
		}
		i++;
	}
	if (r == 0)
		r = rules_text_add_part(&to, text, copied, text->len);
	if (r < 0 || !*ret_used) {
		rules_text_fini(&to);
		return r;
	}
	rules_text_fini(text);
	*text = to;
	return 0;
}

/* The first list from `from` on whose name stands in the text; n_lists = none. */
static uint32_t next_list(const struct rules_lists *lists, const struct rules_text *text,
			  uint32_t from)
{
	const struct rules_definitions *d = lists->definitions;
	uint32_t found = d->n_lists;
	size_t i = 0;

	for (uint32_t k = 0; k < lists->n_odd; k++) {
		if (lists->odd[k] >= from && strstr(text->s, d->lists[lists->odd[k]].name))
			found = MIN(found, lists->odd[k]);
	}
	while (i < text->len) {
		const struct rules_list *list;
		size_t end = i;

		while (end < text->len && !is_delimiter(text->s[end]))
			end++;
		list = end > i ? rules_find_list(d, text->s + i, end - i) : NULL;
		if (list && list - d->lists >= from)
			found = MIN(found, (uint32_t)(list - d->lists));
		i = end + 1;
	}
	return found;
}

int rules_lists_expand(struct rules_lists *lists, struct rules_text *text)
{
	const struct rules_definitions *d = lists->definitions;
	uint32_t i = 0;
	int r = 0;

	if (text->len == 0 || !needs_text(lists, text))
		return 0;
	/* In the order of definition; what one list brings in, later ones may replace. */
	while (r == 0 && (i = next_list(lists, text, i)) < d->n_lists) {
		bool used;

		r = replace_list(lists, &d->lists[i], text, &used);
		lists->lists[i].used |= used;
		i++;
	}
	return r < 0 ? r : 1;
}
