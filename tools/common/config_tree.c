/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration tree: look-ups, merging, and changes from the command line.
 * Reading YAML is in config_yaml.c.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "config_tree.h"
#include "config_yaml.h"

#define MAX_KEY 256 /* bytes of one name in a path */

int config_tree_init(struct config_tree *tree, saker_diag_fn diag, void *userdata)
{
	memset(tree, 0, sizeof(*tree));
	arena_init(&tree->arena, 64 << 10);
	tree->diag = diag;
	tree->diag_userdata = userdata;
	tree->root = config_node_new(&tree->arena, CONFIG_MAP);
	return tree->root ? 0 : -ENOMEM;
}

void config_tree_fini(struct config_tree *tree)
{
	arena_fini(&tree->arena);
	tree->root = NULL;
}

void config_complain(const struct config_tree *tree, enum saker_severity severity,
		     const struct config_node *where, const char *hint, const char *format, ...)
{
	struct saker_diag diag = {.id = "CONFIG", .severity = severity, .snippet = ""};
	char message[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	diag.file = where && where->file ? where->file : "";
	diag.line = where && diag.file[0] ? where->line : 0;
	diag.column = where && diag.file[0] ? where->column : 0;
	diag.message = message;
	diag.hint = hint ? hint : "";
	if (tree->diag)
		tree->diag(tree->diag_userdata, &diag);
}

struct config_node *config_node_new(struct arena *arena, enum config_kind kind)
{
	struct config_node *node = arena_alloc(arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->file = "";
	return node;
}

int config_node_add(struct arena *arena, struct config_node *node, struct config_entry entry)
{
	if (node->n == node->capacity) {
		uint32_t capacity = node->capacity ? node->capacity * 2 : 4;
		struct config_entry *entries = arena_alloc(arena, capacity * sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		if (node->n)
			memcpy(entries, node->entries, node->n * sizeof(*entries));
		node->entries = entries;
		node->capacity = capacity;
	}
	node->entries[node->n++] = entry;
	return 0;
}

static struct config_entry *find_entry(const struct config_node *map, const char *key)
{
	if (!map || map->kind != CONFIG_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->n; i++) {
		if (util_streq(map->entries[i].key, key))
			return &map->entries[i];
	}
	return NULL;
}

struct config_node *config_map_get(const struct config_node *map, const char *key)
{
	struct config_entry *e = find_entry(map, key);

	return e ? e->value : NULL;
}

struct config_node *config_tree_get(const struct config_tree *tree, const char *path)
{
	struct config_node *node = tree->root;

	while (node && *path) {
		size_t len = strcspn(path, ".");
		char key[MAX_KEY];

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		node = config_map_get(node, key);
		path += len + (path[len] == '.');
	}
	return node;
}

static int append_list(struct config_tree *tree, struct config_node *to,
		       const struct config_node *from)
{
	for (uint32_t i = 0; i < from->n; i++) {
		int r = config_node_add(&tree->arena, to, from->entries[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int config_tree_merge(struct config_tree *tree, const struct config_node *from,
		      enum config_strategy strategy)
{
	int r = 0;

	if (from->kind != CONFIG_MAP)
		return 0;
	for (uint32_t i = 0; i < from->n && r == 0; i++) {
		const struct config_entry *e = &from->entries[i];
		struct config_entry *old = find_entry(tree->root, e->key);

		if (!old)
			r = config_node_add(&tree->arena, tree->root, *e);
		else if (strategy == CONFIG_APPEND && e->value->kind == CONFIG_LIST &&
			 old->value->kind == CONFIG_LIST)
			r = append_list(tree, old->value, e->value);
		else if (strategy != CONFIG_ADD_ONLY)
			*old = *e;
	}
	return r;
}

/* ---- the command line ----------------------------------------------------- */

struct path_cursor {
	struct config_tree *tree;
	const char *option; /* all of it, for complaints */
	const char *p;
	struct config_node *node;
};

static int bad_path(const struct path_cursor *c, const char *what)
{
	config_complain(
		c->tree, SAKER_SEVERITY_ERROR, NULL,
		"write key.subkey=value, list[0]=value or list[]=value to append; a backslash "
		"makes . [ ] \\ ordinary",
		"-o %s: %s", c->option, what);
	return -EBADMSG;
}

static int become(struct path_cursor *c, enum config_kind kind)
{
	if (c->node->kind == kind)
		return 0;
	if (c->node->kind != CONFIG_NULL)
		return bad_path(c, kind == CONFIG_LIST ? "there is no list to index"
						       : "there is a plain value, not a map");
	c->node->kind = kind;
	return 0;
}

static int enter(struct path_cursor *c, const char *key, uint32_t index)
{
	struct arena *arena = &c->tree->arena;
	struct config_entry entry = {.key = key, .value = config_node_new(arena, CONFIG_NULL)};
	struct config_entry *old = NULL;
	int r = become(c, key ? CONFIG_MAP : CONFIG_LIST);

	if (r < 0)
		return r;
	if (key)
		old = find_entry(c->node, key);
	else if (index < c->node->n)
		old = &c->node->entries[index];
	if (!old) {
		if (!key && index > c->node->n)
			return bad_path(c, "the index is past the end of the list");
		if (!entry.value)
			return -ENOMEM;
		entry.value->command_line = true;
		r = config_node_add(arena, c->node, entry);
		if (r < 0)
			return r;
		c->node = entry.value;
	} else {
		c->node = old->value;
	}
	return 0;
}

static int step_key(struct path_cursor *c)
{
	char key[MAX_KEY];
	size_t n = 0;
	char *copy;

	for (; *c->p && *c->p != '=' && *c->p != '.' && *c->p != '['; c->p++) {
		if (*c->p == '\\') {
			c->p++;
			if (!*c->p || !strchr(".[]\\", *c->p))
				return bad_path(c, "a backslash stands only before . [ ] or \\");
		}
		if (n == sizeof(key) - 1)
			return bad_path(c, "a name is too long");
		key[n++] = *c->p;
	}
	if (n == 0)
		return bad_path(c, "a name is empty");
	copy = arena_strndup(&c->tree->arena, key, n);
	return copy ? enter(c, copy, 0) : -ENOMEM;
}

static int step_index(struct path_cursor *c)
{
	uint32_t index = 0;
	bool digits = false;

	for (c->p++; isdigit((unsigned char)*c->p); c->p++) {
		index = index * 10 + (uint32_t)(*c->p - '0');
		digits = true;
		if (index > CONFIG_MAX_INDEX)
			return bad_path(c, "the index is too large");
	}
	if (*c->p != ']')
		return bad_path(c, "an index is a number in brackets, or [] to append");
	c->p++;
	if (!digits)
		index = c->node->kind == CONFIG_LIST ? c->node->n : 0;
	return enter(c, NULL, index);
}

static int walk_path(struct path_cursor *c)
{
	int r = step_key(c);

	while (r == 0 && *c->p != '=') {
		if (*c->p == '[') {
			r = step_index(c);
		} else if (*c->p == '.') {
			c->p++;
			r = step_key(c);
		} else {
			r = bad_path(c, *c->p ? "a dot or a bracket is missing" : "there is no =");
		}
	}
	return r;
}

static void mark_command_line(struct config_node *node, int depth)
{
	node->command_line = true;
	node->file = "";
	for (uint32_t i = 0; i < node->n && depth < CONFIG_MAX_DEPTH; i++)
		mark_command_line(node->entries[i].value, depth + 1);
}

int config_tree_set(struct config_tree *tree, const char *option)
{
	struct path_cursor c = {.tree = tree, .option = option, .p = option, .node = tree->root};
	struct config_node *value;
	int r;

	if (!strchr(option, '='))
		return bad_path(&c, "there is no =");
	r = walk_path(&c);
	if (r < 0)
		return r;
	c.p++;
	if (*c.p == '{' || *c.p == '[') {
		r = config_tree_parse(tree, "", c.p, strlen(c.p), &value);
		if (r < 0)
			return r;
	} else {
		value = config_node_new(&tree->arena, CONFIG_SCALAR);
		if (!value)
			return -ENOMEM;
		value->text = arena_strdup(&tree->arena, c.p);
		if (!value->text)
			return -ENOMEM;
	}
	mark_command_line(value, 0);
	*c.node = *value;
	return 0;
}
