/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to a configuration tree, with marks. Apart from config_tree.c because
 * this is the one place that sees libyaml and outside bytes. Only the first
 * document of a file counts.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <yaml.h>

#include "config_yaml.h"

#define MAX_ANCHORS 256

struct reader {
	struct config_tree *tree;
	const char *file;
	const char *data; /* of -o */
	size_t len;
	bool expand;
	yaml_parser_t parser;
	uint32_t n_nodes;
	struct {
		const char *name;
		struct config_node *node;
	} anchors[MAX_ANCHORS];
	uint32_t n_anchors;
};

static int complain_with(struct reader *r, yaml_mark_t mark, const char *message, const char *hint)
{
	struct config_node where = {.file = r->file,
				    .line = (uint32_t)mark.line + 1,
				    .column = (uint32_t)mark.column + 1};

	if (r->file[0])
		config_complain(r->tree, SAKER_SEVERITY_ERROR, &where, hint, "%s", message);
	else
		config_complain(r->tree, SAKER_SEVERITY_ERROR, NULL,
				*hint ? hint : "a value that begins with { or [ is YAML or JSON",
				"-o: %s, at character %zu of %.*s", message, mark.index + 1,
				(int)MIN(r->len, (size_t)256), r->data);
	return -EBADMSG;
}

static int complain_at(struct reader *r, yaml_mark_t mark, const char *message)
{
	return complain_with(r, mark, message, "");
}

/* What mostly lies behind a parser's words. */
static const char *hint_for(const char *problem, const char *context)
{
	if (strstr(problem, "cannot start any token"))
		return "indent with blanks, not tabs, and put texts that begin with @, ` or % in "
		       "quotes";
	if (context && strstr(context, "scanning a tag"))
		return "a text that begins with ! must be in quotes";
	if (strstr(problem, "mapping values are not allowed"))
		return "check the indentation; a text with a colon must be in quotes";
	return "";
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	char message[256];

	if (yaml_parser_parse(&r->parser, event))
		return 0;
	if (r->parser.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	snprintf(message, sizeof(message), "not YAML: %s%s%s",
		 r->parser.problem ? r->parser.problem : "bad characters",
		 r->parser.context ? " " : "", r->parser.context ? r->parser.context : "");
	return complain_with(
		r, r->parser.problem_mark, message,
		hint_for(r->parser.problem ? r->parser.problem : "", r->parser.context));
}

static int remember_anchor(struct reader *r, const yaml_char_t *anchor, struct config_node *node)
{
	char *name;

	if (!anchor)
		return 0;
	if (r->n_anchors == MAX_ANCHORS)
		return complain_at(r, r->parser.mark, "too many anchors");
	name = arena_strdup(&r->tree->arena, (const char *)anchor);
	if (!name)
		return -ENOMEM;
	r->anchors[r->n_anchors].name = name;
	r->anchors[r->n_anchors++].node = node;
	return 0;
}

/* The values below a node, so that aliases of aliases cannot explode. */
static uint32_t weight(const struct config_node *node)
{
	uint32_t n = 1;

	for (uint32_t i = 0; i < node->n && n < CONFIG_MAX_NODES; i++)
		n += weight(node->entries[i].value);
	return n;
}

static int read_node(struct reader *r, yaml_event_t *event, int depth,
		     struct config_node **ret_node);

static int read_alias(struct reader *r, const yaml_event_t *event, struct config_node **ret_node)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (uint32_t i = r->n_anchors; i-- > 0;) {
		if (!util_streq(r->anchors[i].name, name))
			continue;
		r->n_nodes += weight(r->anchors[i].node);
		if (r->n_nodes > CONFIG_MAX_NODES)
			return complain_at(r, event->start_mark, "too many values");
		*ret_node = r->anchors[i].node;
		return 0;
	}
	return complain_at(r, event->start_mark, "an alias to an anchor that is not there");
}

static bool is_null(const yaml_event_t *event)
{
	const char *s = (const char *)event->data.scalar.value;

	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*s || util_streq(s, "~") || util_streq(s, "null") || util_streq(s, "Null") ||
		util_streq(s, "NULL"));
}

static int read_scalar(struct reader *r, const yaml_event_t *event, struct config_node *node)
{
	const char *value = (const char *)event->data.scalar.value;

	if (strlen(value) != event->data.scalar.length)
		return complain_at(r, event->start_mark, "a value has a NUL character");
	if (event->data.scalar.tag && !*value)
		return complain_with(r, event->start_mark, "a tag without a value",
				     "a text that begins with ! must be in quotes");
	if (is_null(event)) {
		node->kind = CONFIG_NULL;
		return remember_anchor(r, event->data.scalar.anchor, node);
	}
	node->text = r->expand ? config_expand(&r->tree->arena, value)
			       : arena_strdup(&r->tree->arena, value);
	return node->text ? remember_anchor(r, event->data.scalar.anchor, node) : -ENOMEM;
}

static int read_key(struct reader *r, const yaml_event_t *event, const struct config_node *map,
		    struct config_entry *entry)
{
	const char *key = (const char *)event->data.scalar.value;

	if (event->type != YAML_SCALAR_EVENT)
		return complain_at(r, event->start_mark, "a key is not a plain name");
	if (config_map_get(map, key))
		return complain_at(r, event->start_mark, "the same key twice");
	entry->line = (uint32_t)event->start_mark.line + 1;
	entry->column = (uint32_t)event->start_mark.column + 1;
	entry->key = arena_strdup(&r->tree->arena, key);
	return entry->key ? 0 : -ENOMEM;
}

/* The entries of a list or map, up to its end. */
static int read_entries(struct reader *r, struct config_node *node, int depth)
{
	yaml_event_type_t end =
		node->kind == CONFIG_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

	for (;;) {
		struct config_entry entry = {0};
		yaml_event_t event;
		bool last;
		int res = next_event(r, &event);

		if (res < 0)
			return res;
		last = event.type == end;
		if (!last && node->kind == CONFIG_MAP) {
			res = read_key(r, &event, node, &entry);
			yaml_event_delete(&event);
			if (res == 0)
				res = next_event(r, &event);
			if (res < 0)
				return res;
		}
		if (!last)
			res = read_node(r, &event, depth + 1, &entry.value);
		yaml_event_delete(&event);
		if (last || res < 0)
			return res;
		res = config_node_add(&r->tree->arena, node, entry);
		if (res < 0)
			return res;
	}
}

static int read_node(struct reader *r, yaml_event_t *event, int depth,
		     struct config_node **ret_node)
{
	struct config_node *node;
	int res;

	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(r, event, ret_node);
	if (depth > CONFIG_MAX_DEPTH || ++r->n_nodes > CONFIG_MAX_NODES)
		return complain_at(r, event->start_mark, "too many or too deeply nested values");
	node = config_node_new(&r->tree->arena, CONFIG_SCALAR);
	if (!node)
		return -ENOMEM;
	node->file = r->file;
	node->line = (uint32_t)event->start_mark.line + 1;
	node->column = (uint32_t)event->start_mark.column + 1;
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		res = read_scalar(r, event, node);
		break;
	case YAML_SEQUENCE_START_EVENT:
		node->kind = CONFIG_LIST;
		res = read_entries(r, node, depth);
		if (res == 0)
			res = remember_anchor(r, event->data.sequence_start.anchor, node);
		break;
	case YAML_MAPPING_START_EVENT:
		node->kind = CONFIG_MAP;
		res = read_entries(r, node, depth);
		if (res == 0)
			res = remember_anchor(r, event->data.mapping_start.anchor, node);
		break;
	default:
		return complain_at(r, event->start_mark, "a value is missing");
	}
	*ret_node = node;
	return res;
}

static int read_document(struct reader *r, struct config_node **ret_root)
{
	for (;;) {
		yaml_event_type_t type;
		yaml_event_t event;
		int res = next_event(r, &event);

		if (res < 0)
			return res;
		type = event.type;
		if (type == YAML_STREAM_END_EVENT) { /* an empty file */
			*ret_root = config_node_new(&r->tree->arena, CONFIG_NULL);
			res = *ret_root ? 0 : -ENOMEM;
		} else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT) {
			res = read_node(r, &event, 0, ret_root);
		}
		yaml_event_delete(&event);
		if (res < 0 || type == YAML_STREAM_END_EVENT ||
		    (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT))
			return res;
	}
}

int config_tree_parse(struct config_tree *tree, const char *file, const char *data, size_t len,
		      struct config_node **ret_root)
{
	struct reader r = {.tree = tree, .data = data, .len = len, .expand = *file != '\0'};
	int res;

	r.file = arena_strdup(&tree->arena, file);
	if (!r.file || !yaml_parser_initialize(&r.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)data, len);
	res = read_document(&r, ret_root);
	yaml_parser_delete(&r.parser);
	return res;
}

static int read_all(const char *path, char **ret_data, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *data = NULL;
	size_t len = 0, size = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		if (len == size) {
			char *p;

			size = size ? size * 2 : 64 << 10;
			if (size > CONFIG_MAX_FILE)
				return -EFBIG;
			p = realloc(data, size);
			if (!p)
				return -ENOMEM;
			data = p;
		}
		n = read(fd, data + len, size - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	*ret_data = TAKE_PTR(data);
	*ret_len = len;
	return 0;
}

int config_tree_read(struct config_tree *tree, const char *path, struct config_node **ret_root)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int res = read_all(path, &data, &len);

	if (res < 0) {
		config_complain(tree, SAKER_SEVERITY_ERROR, NULL, NULL, "%s: cannot be read: %s",
				path, strerror(-res));
		return -EBADMSG;
	}
	return config_tree_parse(tree, path, data, len, ret_root);
}

const char *config_expand(struct arena *arena, const char *text)
{
	char *out = NULL;
	size_t size = 0;
	FILE *f;
	const char *p = text;

	if (!strchr(text, '$'))
		return arena_strdup(arena, text);
	f = open_memstream(&out, &size);
	if (!f)
		return NULL;
	while (*p) {
		const char *end = strchr(p, '}');
		bool literal = strncmp(p, "$${", 3) == 0;

		if (end && (literal || strncmp(p, "${", 2) == 0)) {
			char name[256];
			const char *value;
			size_t len = (size_t)(end - p) - 2;

			if (literal) {
				fwrite(p + 1, 1, (size_t)(end - p), f);
			} else if (len < sizeof(name)) {
				memcpy(name, p + 2, len);
				name[len] = '\0';
				value = getenv(name);
				fputs(value ? value : "", f);
			}
			p = end + 1;
		} else {
			fputc(*p++, f);
		}
	}
	if (fclose(f) != 0) {
		free(out);
		return NULL;
	}
	p = arena_strndup(arena, out, size);
	free(out);
	return p;
}
