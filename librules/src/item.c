/* SPDX-License-Identifier: Apache-2.0 */
/* The sets of definitions: look-up by name, replacement, cloning. See item.h. */
#include "item.h"

#include "common/hash.h"

static uint64_t name_hash(const char *name, size_t len)
{
	return hash_bytes(name, len, UINT64_C(0x5a4b)) & ~UINT64_C(0xffffffff);
}

static void map_place(struct rules_map *map, uint64_t entry)
{
	uint32_t i = (uint32_t)(entry >> 32) & map->mask;

	while (map->slots[i])
		i = (i + 1) & map->mask;
	map->slots[i] = entry;
}

static int map_grow(struct rules_map *map)
{
	uint32_t size = map->slots ? (map->mask + 1) * 2 : 64;
	struct rules_map bigger = {.mask = size - 1, .n = map->n};

	bigger.slots = calloc(size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; map->slots && i <= map->mask; i++) {
		if (map->slots[i])
			map_place(&bigger, map->slots[i]);
	}
	free(map->slots);
	*map = bigger;
	return 0;
}

static int map_add(struct rules_map *map, const char *name, uint32_t position)
{
	int r;

	if (!map->slots || map->n >= (map->mask + 1) / 2) {
		r = map_grow(map);
		if (r < 0)
			return r;
	}
	map_place(map, name_hash(name, strlen(name)) | (position + 1));
	map->n++;
	return 0;
}

static int map_clone(const struct rules_map *from, struct rules_map *ret)
{
	*ret = *from;
	if (!from->slots)
		return 0;
	ret->slots = malloc(((size_t)from->mask + 1) * sizeof(*ret->slots));
	if (!ret->slots)
		return -ENOMEM;
	memcpy(ret->slots, from->slots, ((size_t)from->mask + 1) * sizeof(*ret->slots));
	return 0;
}

/* Every definition begins with its name. */
static void *map_find(const struct rules_map *map, void *array, size_t size, const char *name,
		      size_t len)
{
	uint64_t hash;
	uint32_t i;

	if (!map->slots)
		return NULL;
	hash = name_hash(name, len);
	for (i = (uint32_t)(hash >> 32) & map->mask; map->slots[i]; i = (i + 1) & map->mask) {
		char *item;
		const char *its;

		if ((map->slots[i] ^ hash) >> 32)
			continue;
		item = (char *)array + ((uint32_t)map->slots[i] - 1) * size;
		its = *(const char **)item;
		if (strncmp(its, name, len) == 0 && its[len] == '\0')
			return item;
	}
	return NULL;
}

struct rules_list *rules_find_list(const struct rules_definitions *d, const char *name, size_t len)
{
	return map_find(&d->list_map, d->lists, sizeof(*d->lists), name, len);
}

struct rules_macro *rules_find_macro(const struct rules_definitions *d, const char *name)
{
	return map_find(&d->macro_map, d->macros, sizeof(*d->macros), name, strlen(name));
}

struct rules_rule *rules_find_rule(const struct rules_definitions *d, const char *name)
{
	return map_find(&d->rule_map, d->rules, sizeof(*d->rules), name, strlen(name));
}

int rules_define_list(struct rules_definitions *d, const struct rules_list *item)
{
	struct rules_list *old = rules_find_list(d, item->name, strlen(item->name));
	uint32_t index = old ? old->index : d->next_index;
	int r;

	if (!old) {
		r = GROW(d->lists, d->n_lists, d->lists_cap);
		if (r == 0)
			r = map_add(&d->list_map, item->name, d->n_lists);
		if (r < 0)
			return r;
		old = &d->lists[d->n_lists++];
	}
	*old = *item;
	old->index = index;
	old->visibility = d->next_index++;
	return 0;
}

int rules_define_macro(struct rules_definitions *d, const struct rules_macro *item)
{
	struct rules_macro *old = rules_find_macro(d, item->name);
	uint32_t index = old ? old->index : d->next_index;
	int r;

	if (!old) {
		r = GROW(d->macros, d->n_macros, d->macros_cap);
		if (r == 0)
			r = map_add(&d->macro_map, item->name, d->n_macros);
		if (r < 0)
			return r;
		old = &d->macros[d->n_macros++];
	}
	*old = *item;
	old->index = index;
	old->visibility = d->next_index++;
	return 0;
}

int rules_define_rule(struct rules_definitions *d, const struct rules_rule *item)
{
	struct rules_rule *old = rules_find_rule(d, item->name);
	uint32_t index = old ? old->index : d->next_index;
	int r;

	if (!old) {
		r = GROW(d->rules, d->n_rules, d->rules_cap);
		if (r == 0)
			r = map_add(&d->rule_map, item->name, d->n_rules);
		if (r < 0)
			return r;
		old = &d->rules[d->n_rules++];
	}
	*old = *item;
	old->index = index;
	d->next_index++;
	return 0;
}

int rules_note_replaced(struct rules_definitions *d, const struct rules_replaced *replaced)
{
	int r = GROW(d->replaced, d->n_replaced, d->replaced_cap);

	if (r == 0)
		d->replaced[d->n_replaced++] = *replaced;
	return r;
}

void rules_definitions_fini(struct rules_definitions *d)
{
	free(d->lists);
	free(d->macros);
	free(d->rules);
	free(d->requirements);
	free(d->replaced);
	free(d->list_map.slots);
	free(d->macro_map.slots);
	free(d->rule_map.slots);
	memset(d, 0, sizeof(*d));
}

static int array_clone(const void *from, size_t n, size_t size, void **ret)
{
	*ret = NULL;
	if (n == 0)
		return 0;
	*ret = util_reallocarray(NULL, n, size);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, from, n * size);
	return 0;
}

int rules_definitions_clone(const struct rules_definitions *from, struct rules_definitions *ret)
{
	struct rules_definitions d = *from;
	void *lists = NULL;
	void *macros = NULL;
	void *rules = NULL;
	void *requirements = NULL;
	void *replaced = NULL;
	int r;

	d.lists_cap = d.n_lists;
	d.macros_cap = d.n_macros;
	d.rules_cap = d.n_rules;
	d.requirements_cap = d.n_requirements;
	d.replaced_cap = d.n_replaced;
	memset(&d.list_map, 0, sizeof(d.list_map));
	memset(&d.macro_map, 0, sizeof(d.macro_map));
	memset(&d.rule_map, 0, sizeof(d.rule_map));
	r = array_clone(from->lists, from->n_lists, sizeof(*from->lists), &lists);
	if (r == 0)
		r = array_clone(from->macros, from->n_macros, sizeof(*from->macros), &macros);
	if (r == 0)
		r = array_clone(from->rules, from->n_rules, sizeof(*from->rules), &rules);
	if (r == 0)
		r = array_clone(from->requirements, from->n_requirements,
				sizeof(*from->requirements), &requirements);
	if (r == 0)
		r = array_clone(from->replaced, from->n_replaced, sizeof(*from->replaced),
				&replaced);
	d.lists = lists;
	d.macros = macros;
	d.rules = rules;
	d.requirements = requirements;
	d.replaced = replaced;
	if (r == 0)
		r = map_clone(&from->list_map, &d.list_map);
	if (r == 0)
		r = map_clone(&from->macro_map, &d.macro_map);
	if (r == 0)
		r = map_clone(&from->rule_map, &d.rule_map);
	if (r < 0) {
		rules_definitions_fini(&d);
		return r;
	}
	*ret = d;
	return 0;
}

int rules_string_append(struct arena *arena, struct rules_string *s, const struct rules_yaml *part)
{
	if (s->n >= s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 2;
		const struct rules_yaml **parts = arena_alloc(arena, cap * sizeof(*parts));

		if (!parts)
			return -ENOMEM;
		if (s->n)
			memcpy(parts, s->parts, s->n * sizeof(*parts));
		s->parts = parts;
		s->cap = cap;
	}
	s->parts[s->n++] = part;
	return 0;
}

int rules_string_join(struct arena *arena, const struct rules_string *s, const char **ret_text,
		      size_t *ret_len)
{
	size_t len = 0;
	char *text;
	char *p;

	for (uint32_t i = 0; i < s->n; i++)
		len += s->parts[i]->len + 1;
	text = arena_alloc(arena, len + 1);
	if (!text)
		return -ENOMEM;
	p = text;
	for (uint32_t i = 0; i < s->n; i++) {
		if (i)
			*p++ = ' ';
		memcpy(p, s->parts[i]->text, s->parts[i]->len);
		p += s->parts[i]->len;
	}
	*ret_text = text;
	*ret_len = (size_t)(p - text);
	return 0;
}
