/* SPDX-License-Identifier: Apache-2.0 */
/* Lists to shared arrays of values; see list.h. Writing them into texts is in list_text.c. */
#include "list.h"

#include "lex.h"
#include "parse.h"

/* The list being made. */
struct making {
	struct rules_lists *lists;
	const struct rules_list *list;
	struct rules_operand *room; /* one for each plain item */
	size_t n_room;
	struct rules_operand **items;
	size_t n;
	size_t cap;
	bool textual;
};

static int add_operand(struct making *m, struct rules_operand *operand)
{
	int r = GROW(m->items, m->n, m->cap);

	if (r < 0)
		return r;
	if (++m->lists->total > RULES_MAX_LIST_ITEMS)
		return -E2BIG;
	m->items[m->n++] = operand;
	return 0;
}

/* A word that names a list after this one is replaced in its turn. */
static int add_word(void *userdata, struct rules_operand *operand)
{
	struct making *m = userdata;
	const struct rules_definitions *d = m->lists->definitions;
	const struct rules_list *other = NULL;
	struct rules_list_items *its;
	int r = 0;

	if (!operand->quoted)
		other = rules_find_list(d, operand->text, operand->len);
	if (!other || other->index <= m->list->index)
		return add_operand(m, operand);
	its = &m->lists->lists[other - d->lists];
	its->used = true;
	m->textual |= its->textual;
	for (uint32_t i = 0; r == 0 && i < its->n; i++)
		r = add_operand(m, its->items[i]);
	return r;
}

static struct rules_operand *new_value(struct making *m, const struct rules_yaml *item, bool quoted)
{
	struct rules_operand *operand;

	if (m->n_room == 0) {
		m->n_room = MAX(m->list->n_items, 16);
		m->room = arena_alloc(m->lists->arena, m->n_room * sizeof(*m->room));
		if (!m->room) {
			m->n_room = 0;
			return NULL;
		}
	}
	m->n_room--;
	operand = m->room++;
	operand->kind = RULES_OPERAND_TEXT;
	operand->mark = item->mark;
	operand->text = item->text;
	operand->len = item->len;
	operand->quoted = quoted;
	return operand;
}

/* An item that is not one plain word: what it says as text between commas. */
static int add_odd_item(struct making *m, const struct rules_yaml *item)
{
	bool blank = memchr(item->text, ' ', item->len) != NULL;
	bool quote = blank && item->text[0] != '"' && item->text[0] != '\'';
	const char *text = item->text;
	size_t len = item->len;
	struct rules_operand *operand;
	char *quoted;
	int r;

	if (quote && !memchr(text, '"', len) && !memchr(text, '\\', len)) {
		operand = new_value(m, item, true);
		return operand ? add_operand(m, operand) : -ENOMEM;
	}
	if (quote) {
		quoted = arena_alloc(m->lists->arena, len + 3);
		if (!quoted)
			return -ENOMEM;
		quoted[0] = '"';
		memcpy(quoted + 1, text, len);
		quoted[len + 1] = '"';
		text = quoted;
		len += 2;
	}
	r = rules_parse_items(m->lists->arena, text, len, &item->mark, add_word, m);
	if (r == -EBADMSG)
		m->textual = true;
	return r == -EBADMSG ? 0 : r;
}

static int add_item(struct making *m, const struct rules_yaml *item)
{
	struct rules_operand *operand;

	if (!rules_is_bare_string(item->text, item->len))
		return add_odd_item(m, item);
	operand = new_value(m, item, false);
	return operand ? add_word(m, operand) : -ENOMEM;
}

/* ---- values in bulk ---------------------------------------------------------- */

/* Plain words all through, none of which is a list's name: the bulk may stay what it is. */
static bool is_plain(const struct rules_definitions *d, const struct rules_bulk *bulk)
{
	for (uint32_t i = 0; i < bulk->n; i++) {
		const char *text = bulk->text + bulk->items[i].start;

		if (!rules_is_bare_string(text, bulk->items[i].len) ||
		    rules_find_list(d, text, bulk->items[i].len))
			return false;
	}
	return true;
}

static int add_list_item(struct making *m, const struct rules_yaml *item);

/* One by one, as the items they would have been with nodes. */
static int spread_bulk(struct making *m, const struct rules_bulk *bulk)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < bulk->n; i++) {
		struct rules_yaml *item = arena_alloc(m->lists->arena, sizeof(*item));
		struct rules_operand value;

		if (!item)
			return -ENOMEM;
		rules_bulk_get(bulk, i, &value);
		item->kind = RULES_YAML_SCALAR;
		item->mark = value.mark;
		item->text = value.text;
		item->len = value.len;
		r = add_list_item(m, item);
	}
	return r;
}

static int add_bulk(struct making *m, const struct rules_bulk *bulk)
{
	struct rules_operand *operand;

	if (!is_plain(m->lists->definitions, bulk))
		return spread_bulk(m, bulk);
	m->lists->total += bulk->n;
	if (m->lists->total > RULES_MAX_LIST_ITEMS)
		return -E2BIG;
	operand = arena_alloc(m->lists->arena, sizeof(*operand));
	if (!operand)
		return -ENOMEM;
	operand->kind = RULES_OPERAND_BULK;
	operand->mark = bulk->mark;
	operand->text = "";
	operand->bulk = bulk;
	return add_operand(m, operand);
}

/* An item that names a list before this one stands for that list's items as written. */
static int add_list_item(struct making *m, const struct rules_yaml *item)
{
	const struct rules_definitions *d = m->lists->definitions;
	const struct rules_list *other = rules_find_list(d, item->text, item->len);
	int r = 0;

	if (!other || other->index >= m->list->visibility)
		return add_item(m, item);
	m->lists->lists[other - d->lists].used = true;
	for (uint32_t k = 0; r == 0 && k < other->n_items; k++)
		r = add_item(m, other->items[k]);
	for (uint32_t k = 0; r == 0 && k < other->n_bulks; k++)
		r = add_bulk(m, other->bulks[k]);
	return r;
}

static int add_items(struct making *m)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < m->list->n_items; i++)
		r = add_list_item(m, m->list->items[i]);
	for (uint32_t i = 0; r == 0 && i < m->list->n_bulks; i++)
		r = add_bulk(m, m->list->bulks[i]);
	return r;
}

static int make_list(struct rules_lists *lists, uint32_t position)
{
	const struct rules_list *list = &lists->definitions->lists[position];
	struct rules_list_items *its = &lists->lists[position];
	struct making m = {.lists = lists, .list = list};
	int r = add_items(&m);

	if (r == 0) {
		its->items = arena_alloc(lists->arena, m.n * sizeof(*its->items));
		if (its->items && m.n)
			memcpy(its->items, m.items, m.n * sizeof(*its->items));
		its->n = (uint32_t)m.n;
		its->textual = m.textual;
		r = its->items ? 0 : -ENOMEM;
	}
	free(m.items);
	if (r == -E2BIG)
		return rules_finding(lists->reporter, RULES_LOAD_ERR_VALIDATE, list->place,
				     "Look for lists that name each other over and over.",
				     "Lists hold more than %u values once the lists they name are "
				     "written out",
				     RULES_MAX_LIST_ITEMS);
	return r;
}

int rules_lists_init(struct rules_lists *lists, const struct rules_definitions *definitions,
		     struct rules_reporter *reporter, struct arena *arena)
{
	uint32_t n = definitions->n_lists;
	uint32_t *odd = arena_alloc(arena, n * sizeof(*odd));

	*lists = (struct rules_lists){
		.definitions = definitions, .reporter = reporter, .arena = arena, .odd = odd};
	lists->lists = arena_alloc(arena, n * sizeof(*lists->lists));
	if (!odd || !lists->lists)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const char *name = definitions->lists[i].name;

		if (!rules_is_bare_string(name, strlen(name)))
			odd[lists->n_odd++] = i;
	}
	/* Backwards: a list may only stand for lists after it, which are then done. */
	for (uint32_t i = n; i-- > 0;) {
		int r = make_list(lists, i);

		if (r < 0)
			return r;
	}
	return 0;
}

int rules_lists_resolve(void *userdata, const char *name, size_t len,
			struct rules_operand *const **ret_items, uint32_t *ret_n)
{
	struct rules_lists *lists = userdata;
	const struct rules_list *list = rules_find_list(lists->definitions, name, len);
	struct rules_list_items *its;

	if (!list)
		return 0;
	its = &lists->lists[list - lists->definitions->lists];
	if (its->textual)
		return 0;
	its->used = true;
	*ret_items = its->items;
	*ret_n = its->n;
	return 1;
}
