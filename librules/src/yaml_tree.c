/* SPDX-License-Identifier: Apache-2.0 */
/* YAML events to a tree with marks; see yaml_tree.h. */
#include <stdio.h>
#include <yaml.h>

#include "common/hash.h"
#include "yaml_tree.h"

/* Each costs reading what stands before it once more. */
#define MAX_STRAYS 8

struct anchor {
	char *name;
	struct rules_yaml *node;
};

/* An open sequence or mapping. */
struct level {
	struct rules_yaml *node;
	struct rules_yaml **children;
	size_t n;
	size_t cap;
	uint64_t weight;
	/* A sequence that is bulk so far: all of its values could be. */
	bool may_be_bulk;
	struct rules_bulk_item *items;
	size_t n_items;
	size_t items_cap;
};

struct reader {
	yaml_parser_t parser;
	struct arena *arena;
	struct rules_yaml_error *error;
	uint32_t source;
	char *text;
	size_t len;
	size_t skipped; /* bytes of a byte order mark, which libyaml never sees */
	/* libyaml counts characters: the last place converted to bytes. */
	bool ascii;
	size_t chars;
	size_t bytes;
	struct level levels[RULES_YAML_MAX_DEPTH];
	size_t depth;
	struct anchor *anchors;
	size_t n_anchors;
	size_t anchors_cap;
	size_t n_before; /* documents that stand before the part being read */
	uint32_t line;	 /* where that part begins */
	bool stray;	 /* the error is a line that does not go on with the document */
	struct rules_mark stray_mark;
	bool bulked; /* line breaks of the text were replaced: it cannot be read again */
	struct rules_yaml **documents;
	size_t n_documents;
	size_t documents_cap;
	uint64_t nodes;
};

/* Marks come in ascending order but for a few steps back, so this is linear. */
static size_t byte_offset(struct reader *r, size_t chars)
{
	if (r->ascii)
		return MIN(chars + r->skipped, r->len);
	if (chars < r->chars) {
		r->chars = 0;
		r->bytes = r->skipped;
	}
	while (r->chars < chars && r->bytes < r->len) {
		do
			r->bytes++;
		while (r->bytes < r->len && ((unsigned char)r->text[r->bytes] & 0xc0) == 0x80);
		r->chars++;
	}
	return r->bytes;
}

static struct rules_mark make_mark(struct reader *r, const yaml_mark_t *mark)
{
	return (struct rules_mark){
		.source = r->source,
		.line = r->line + (uint32_t)mark->line,
		.column = (uint32_t)mark->column,
		.offset = byte_offset(r, mark->index),
	};
}

static int fail(struct reader *r, const yaml_mark_t *mark, const char *message)
{
	snprintf(r->error->message, sizeof(r->error->message), "%s", message);
	r->error->mark = make_mark(r, mark);
	return -EBADMSG;
}

static int fail_parser(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	char message[256];

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR) {
		const yaml_mark_t mark = {.index = p->problem_offset};
		int result = fail(r, &mark, p->problem ? p->problem : "cannot be read");

		/* A reader's offset is in bytes, and there is no line. */
		r->error->mark.offset = MIN(p->problem_offset + r->skipped, r->len);
		for (size_t i = 0; i < r->error->mark.offset; i++) {
			r->error->mark.column++;
			if (r->text[i] == '\n') {
				r->error->mark.line++;
				r->error->mark.column = 0;
			}
		}
		return result;
	}
	snprintf(message, sizeof(message), "%s%s%s", p->problem ? p->problem : "not valid YAML",
		 p->context ? ", " : "", p->context ? p->context : "");
	return fail(r, &p->problem_mark, message);
}

static struct rules_yaml *new_node(struct reader *r, const yaml_event_t *event)
{
	struct rules_yaml *node = arena_alloc(r->arena, sizeof(*node));

	if (node) {
		node->weight = 1;
		node->mark = make_mark(r, &event->start_mark);
		node->end = byte_offset(r, event->end_mark.index);
	}
	return node;
}

/* ---- values in bulk ---------------------------------------------------------- */

/* The value of a key that only lists have, so that no other reader meets such a node. */
static bool is_items(const struct reader *r)
{
	const struct level *parent = r->depth ? &r->levels[r->depth - 1] : NULL;
	const struct rules_yaml *key;

	if (!parent || parent->node->kind != RULES_YAML_MAPPING || parent->n % 2 == 0)
		return false;
	key = parent->children[parent->n - 1];
	return key->kind == RULES_YAML_SCALAR && strcmp(key->text, "items") == 0;
}

/* Whether the text holds the value as it is, with a line break behind it. */
static bool stands_in_text(const struct reader *r, const yaml_event_t *event, size_t start)
{
	size_t len = event->data.scalar.length;

	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.anchor &&
	       !event->data.scalar.tag && len > 0 && start + len < r->len &&
	       r->text[start + len] == '\n' &&
	       memcmp(r->text + start, event->data.scalar.value, len) == 0;
}

static int add_bulk_item(struct reader *r, struct level *level, size_t start, size_t len)
{
	int rc = GROW(level->items, level->n_items, level->items_cap);

	if (rc < 0)
		return rc;
	/* libyaml is past the line break by now: it had to look behind it for more of the value. */
	r->text[start + len] = '\0';
	level->items[level->n_items++] = (struct rules_bulk_item){(uint32_t)start, (uint32_t)len};
	return 0;
}

/* The nodes so far become bulk. */
static int start_bulk(struct reader *r, struct level *level)
{
	int rc = 0;

	level->n_items = 0;
	r->bulked = true;
	for (size_t i = 0; rc == 0 && i < level->n; i++)
		rc = add_bulk_item(r, level, level->children[i]->mark.offset,
				   level->children[i]->len);
	return rc;
}

/* Bulk becomes nodes after all: something came that is no plain value. */
static int end_bulk(struct reader *r, struct level *level)
{
	struct rules_mark mark = level->children[level->n - 1]->mark;

	level->may_be_bulk = false;
	for (size_t i = level->n; i < level->n_items; i++) {
		struct rules_yaml *node = arena_alloc(r->arena, sizeof(*node));
		int rc = node ? GROW(level->children, level->n, level->cap) : -ENOMEM;

		if (rc < 0)
			return rc;
		for (; mark.offset < level->items[i].start; mark.offset++) {
			bool end = r->text[mark.offset] == '\n' || r->text[mark.offset] == '\0';

			mark.column = end ? 0 : mark.column + 1;
			mark.line += end;
		}
		*node = (struct rules_yaml){
			.kind = RULES_YAML_SCALAR,
			.len = level->items[i].len,
			.weight = 1,
			.mark = mark,
			.end = level->items[i].start + (uint64_t)level->items[i].len,
			.text = r->text + level->items[i].start,
		};
		level->children[level->n++] = node;
	}
	level->n_items = 0;
	return 0;
}

/* 1 = the value went into the bulk. */
static int try_bulk(struct reader *r, const yaml_event_t *event, size_t start)
{
	struct level *level = r->depth ? &r->levels[r->depth - 1] : NULL;
	int rc = 0;

	if (!level || !level->may_be_bulk)
		return 0;
	if (!r->ascii || r->len > UINT32_MAX || !stands_in_text(r, event, start)) {
		rc = level->n_items ? end_bulk(r, level) : 0;
		level->may_be_bulk = false;
		return rc;
	}
	if (level->n < RULES_BULK_MIN)
		return 0;
	if (level->n_items == 0)
		rc = start_bulk(r, level);
	if (rc == 0)
		rc = add_bulk_item(r, level, start, event->data.scalar.length);
	if (rc < 0)
		return rc;
	level->weight++;
	r->nodes++;
	return r->nodes > RULES_YAML_MAX_NODES ? fail(r, &event->start_mark, "too many values") : 1;
}

static int finish_bulk(struct reader *r, struct level *level, struct rules_yaml *node)
{
	struct rules_bulk *bulk = arena_alloc(r->arena, sizeof(*bulk));
	struct rules_bulk_item *items =
		arena_alloc(r->arena, level->n_items * sizeof(*level->items));

	if (!bulk || !items)
		return -ENOMEM;
	memcpy(items, level->items, level->n_items * sizeof(*items));
	*bulk = (struct rules_bulk){
		.text = r->text,
		.items = items,
		.n = (uint32_t)level->n_items,
		.mark = level->children[0]->mark,
	};
	free(level->items);
	level->items = NULL;
	level->items_cap = level->n_items = 0;
	node->is_bulk = true;
	node->bulk = bulk;
	node->len = bulk->n;
	return 0;
}

/* Puts a finished node where it belongs. */
static int attach(struct reader *r, struct rules_yaml *node, const yaml_event_t *event)
{
	struct level *level;
	int rc;

	if (r->depth == 0) {
		if (r->n_documents >= RULES_YAML_MAX_DOCUMENTS)
			return fail(r, &event->start_mark, "too many documents in one file");
		rc = GROW(r->documents, r->n_documents, r->documents_cap);
		if (rc < 0)
			return rc;
		r->documents[r->n_documents++] = node;
		return 0;
	}
	level = &r->levels[r->depth - 1];
	/* An alias, or no value at all; plain values of a bulk never come here. */
	if (level->n_items || (level->may_be_bulk && node->kind != RULES_YAML_SCALAR)) {
		rc = level->n_items ? end_bulk(r, level) : 0;
		level->may_be_bulk = false;
		if (rc < 0)
			return rc;
	}
	rc = GROW(level->children, level->n, level->cap);
	if (rc < 0)
		return rc;
	level->children[level->n++] = node;
	level->weight += node->weight;
	r->nodes += node->weight;
	if (r->nodes > RULES_YAML_MAX_NODES)
		return fail(r, &event->start_mark,
			    "too many values (aliases count as what they stand for)");
	return 0;
}

static int set_anchor(struct reader *r, const yaml_char_t *name, struct rules_yaml *node)
{
	const char *s = (const char *)name;
	int rc;

	if (!name)
		return 0;
	/* A name may be used again: the latest counts. */
	for (size_t i = 0; i < r->n_anchors; i++) {
		if (strcmp(r->anchors[i].name, s) == 0) {
			r->anchors[i].node = node;
			return 0;
		}
	}
	if (r->n_anchors >= 1024) {
		r->error->mark = node->mark;
		snprintf(r->error->message, sizeof(r->error->message),
			 "too many anchors in one document");
		return -EBADMSG;
	}
	rc = GROW(r->anchors, r->n_anchors, r->anchors_cap);
	if (rc < 0)
		return rc;
	r->anchors[r->n_anchors].name = arena_strdup(r->arena, s);
	if (!r->anchors[r->n_anchors].name)
		return -ENOMEM;
	r->anchors[r->n_anchors++].node = node;
	return 0;
}

static int on_alias(struct reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (size_t i = 0; i < r->n_anchors; i++) {
		if (strcmp(r->anchors[i].name, name) != 0)
			continue;
		if (r->anchors[i].node->open)
			return fail(r, &event->start_mark, "an alias stands inside its own anchor");
		return attach(r, r->anchors[i].node, event);
	}
	return fail(r, &event->start_mark, "the referenced anchor is not defined");
}

static bool is_null(const yaml_event_t *event)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};
	const char *value = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;

	if (tag)
		return strcmp(tag, YAML_NULL_TAG) == 0;
	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(value, words[i]) == 0)
			return true;
	}
	return false;
}

static enum rules_yaml_style style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return RULES_YAML_SINGLE_QUOTED;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return RULES_YAML_DOUBLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return RULES_YAML_BLOCK;
	default:
		return RULES_YAML_PLAIN;
	}
}

static int on_scalar(struct reader *r, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct rules_yaml *node;
	int rc = 0;

	if (!is_null(event))
		rc = try_bulk(r, event, byte_offset(r, event->start_mark.index));
	else if (r->depth && r->levels[r->depth - 1].n_items)
		rc = end_bulk(r, &r->levels[r->depth - 1]);
	if (rc)
		return rc < 0 ? rc : 0;
	node = new_node(r, event);
	if (!node)
		return -ENOMEM;
	if (len > RULES_YAML_MAX_SCALAR)
		return fail(r, &event->start_mark, "a value is longer than 16 MiB");
	if (memchr(value, '\0', len))
		return fail(r, &event->start_mark, "a value contains a NUL character");
	node->style = (uint8_t)style_of(event->data.scalar.style);
	node->kind = is_null(event) ? RULES_YAML_NULL : RULES_YAML_SCALAR;
	node->len = (uint32_t)len;
	node->text = arena_strndup(r->arena, value, len);
	if (!node->text)
		return -ENOMEM;
	rc = set_anchor(r, event->data.scalar.anchor, node);
	return rc < 0 ? rc : attach(r, node, event);
}

static int on_start(struct reader *r, const yaml_event_t *event, enum rules_yaml_kind kind,
		    const yaml_char_t *anchor)
{
	struct rules_yaml *node;

	if (r->depth >= RULES_YAML_MAX_DEPTH)
		return fail(r, &event->start_mark, "nested too deeply");
	node = new_node(r, event);
	if (!node)
		return -ENOMEM;
	node->kind = (uint8_t)kind;
	node->open = true;
	r->levels[r->depth].may_be_bulk = kind == RULES_YAML_SEQUENCE && !anchor && is_items(r);
	r->levels[r->depth].n_items = 0;
	r->levels[r->depth].node = node;
	r->levels[r->depth].n = 0;
	r->levels[r->depth].weight = 1;
	r->depth++;
	return set_anchor(r, anchor, node);
}

static int on_end(struct reader *r, const yaml_event_t *event)
{
	struct level *level = &r->levels[--r->depth];
	struct rules_yaml *node = level->node;
	uint32_t own = 1;

	if (level->n_items) {
		if (finish_bulk(r, level, node) < 0)
			return -ENOMEM;
	} else {
		node->children = arena_alloc(r->arena, level->n * sizeof(*node->children));
		if (!node->children)
			return -ENOMEM;
		if (level->n)
			memcpy(node->children, level->children, level->n * sizeof(*node->children));
		node->len = (uint32_t)level->n;
	}
	node->end = byte_offset(r, event->end_mark.index);
	node->open = false;
	/* Its children are counted already: attach() adds the node itself. */
	node->weight = own;
	if (r->depth > 0) {
		int rc = attach(r, node, event);

		node->weight = (uint32_t)level->weight;
		r->levels[r->depth - 1].weight += level->weight - own;
		return rc;
	}
	return attach(r, node, event);
}

static int on_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		r->n_anchors = 0;
		return 0;
	case YAML_ALIAS_EVENT:
		return on_alias(r, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(r, event, RULES_YAML_SEQUENCE, event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return on_start(r, event, RULES_YAML_MAPPING, event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(r, event);
	default:
		return 0;
	}
}

static int read_events(struct reader *r)
{
	yaml_event_t event;
	bool end;
	int rc;

	do {
		if (!yaml_parser_parse(&r->parser, &event))
			return fail_parser(r);
		end = event.type == YAML_STREAM_END_EVENT;
		rc = on_event(r, &event);
		yaml_event_delete(&event);
	} while (rc == 0 && !end);
	return rc;
}

/* ---- what does not go on with the document ------------------------------------- */

/*
 * The place of a line that is no deeper than the whole document and does not go on
 * with it: a key or a word below a list's items, an item below keys. yaml-cpp ends
 * the document there and begins another one, so that not the YAML is wrong with
 * such a file, but what is no list of items in it, after all that stands above.
 */
static bool find_stray(struct reader *r, struct rules_mark *ret)
{
	const yaml_parser_t *p = &r->parser;
	bool key = p->error == YAML_SCANNER_ERROR && p->context &&
		   strcmp(p->context, "while scanning a simple key") == 0;
	const struct rules_yaml *root = NULL;

	if (r->bulked || (p->error != YAML_PARSER_ERROR && !key))
		return false;
	if (r->depth > 0)
		root = r->levels[0].node;
	else if (r->n_documents > r->n_before)
		root = r->documents[r->n_documents - 1];
	*ret = make_mark(r, key ? &p->context_mark : &p->problem_mark);
	for (uint32_t i = 0; i < ret->column; i++) {
		if (i >= ret->offset || r->text[ret->offset - 1 - i] != ' ')
			return false;
	}
	return root && ret->offset > root->mark.offset && ret->column <= root->mark.column &&
	       ret->offset < r->len &&
	       (root->kind != RULES_YAML_SEQUENCE || r->text[ret->offset] != '-');
}

static bool is_ascii(const char *s, size_t len)
{
	unsigned char any = 0;

	for (size_t i = 0; i < len; i++)
		any |= (unsigned char)s[i];
	return any < 0x80;
}

/* From `skipped`, where the line `line` begins, up to `end` of the text. */
static int read_part(struct reader *r, size_t end)
{
	int rc;

	r->n_documents = r->n_before;
	r->depth = r->chars = 0;
	r->bytes = r->skipped;
	if (!yaml_parser_initialize(&r->parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->text + r->skipped,
				     end - r->skipped);
	rc = read_events(r);
	r->stray = rc == -EBADMSG && r->parser.error && find_stray(r, &r->stray_mark);
	yaml_parser_delete(&r->parser);
	return rc;
}

static int read_parts(struct reader *r)
{
	int rc = read_part(r, r->len);

	for (unsigned int i = 0; rc == -EBADMSG && r->stray && i < MAX_STRAYS; i++) {
		struct rules_mark mark = r->stray_mark;
		size_t start = mark.offset - mark.column;

		if (start <= r->skipped)
			break;
		rc = read_part(r, start);
		if (rc < 0)
			break;
		r->n_before = r->n_documents;
		r->skipped = start;
		r->line = mark.line;
		rc = read_part(r, r->len);
	}
	return rc;
}

int rules_yaml_read(struct arena *arena, uint32_t source, char *text, size_t len,
		    struct rules_yaml_error *ret_error, struct rules_yaml ***ret_documents,
		    size_t *ret_n)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (!r)
		return -ENOMEM;
	r->arena = arena;
	r->error = ret_error;
	r->source = source;
	r->text = text;
	r->len = len;
	r->skipped = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	r->ascii = is_ascii(text + r->skipped, len - r->skipped);
	rc = read_parts(r);
	if (rc == 0) {
		*ret_n = r->n_documents;
		*ret_documents = TAKE_PTR(r->documents);
	}
	for (size_t i = 0; i < ARRAY_SIZE(r->levels); i++) {
		free(r->levels[i].children);
		free(r->levels[i].items);
	}
	free(r->anchors);
	free(r->documents);
	free(r);
	return rc;
}

const struct rules_yaml *rules_yaml_get(const struct rules_yaml *mapping, const char *key)
{
	size_t len = strlen(key);

	if (mapping->kind != RULES_YAML_MAPPING)
		return NULL;
	for (uint32_t i = 0; i + 1 < mapping->len; i += 2) {
		const struct rules_yaml *k = mapping->children[i];

		if (k->kind == RULES_YAML_SCALAR && k->len == len && memcmp(k->text, key, len) == 0)
			return mapping->children[i + 1];
	}
	return NULL;
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes of value that one escape of a double-quoted scalar makes; 0 = white space. */
static size_t escape_yield(const char *raw, size_t len, size_t *ret_used)
{
	char c = len > 1 ? raw[1] : '\0';
	unsigned long code = 0;
	size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;

	*ret_used = MIN(len, 2 + digits);
	if (c == 'n' || c == 't' || c == '\t' || c == ' ' || c == 'r' || is_white(c))
		return 0;
	if (digits == 0)
		return c == 'N' || c == '_' ? 2 : c == 'L' || c == 'P' ? 3 : 1;
	for (size_t i = 2; i < *ret_used; i++) {
		char d = raw[i];

		code = code * 16 + (unsigned long)(d >= 'a'   ? d - 'a' + 10
						   : d >= 'A' ? d - 'A' + 10
							      : d - '0');
	}
	if (code == ' ' || code == '\t' || code == '\n' || code == '\r')
		return 0;
	return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* The next bytes of raw that make something other than white space, and how many they make. */
static size_t next_solid(const struct rules_yaml *scalar, const char *file, uint64_t *at,
			 uint64_t end, size_t *ret_used)
{
	while (*at < end) {
		const char *raw = file + *at;
		size_t yield = 1;

		*ret_used = 1;
		if (scalar->style == RULES_YAML_DOUBLE_QUOTED && *raw == '\\')
			yield = escape_yield(raw, end - *at, ret_used);
		else if (scalar->style == RULES_YAML_SINGLE_QUOTED && *raw == '\'' &&
			 end - *at > 1 && raw[1] == '\'')
			*ret_used = 2;
		else if (is_white(*raw))
			yield = 0;
		if (yield)
			return yield;
		*at += *ret_used;
	}
	return 0;
}

uint64_t rules_yaml_locate(const struct rules_yaml *scalar, const char *file, size_t file_len,
			   size_t offset)
{
	uint64_t at = scalar->mark.offset;
	uint64_t end = MIN(scalar->end, file_len);
	uint64_t behind; /* the last solid byte */
	size_t used = 0;
	size_t i = 0;

	if (scalar->style == RULES_YAML_SINGLE_QUOTED || scalar->style == RULES_YAML_DOUBLE_QUOTED)
		at++;
	while (scalar->style == RULES_YAML_BLOCK && at < end && file[at++] != '\n')
		;
	behind = at;
	while (i < scalar->len && i <= offset) {
		size_t yield;

		if (is_white(scalar->text[i])) {
			i++;
			continue;
		}
		yield = next_solid(scalar, file, &at, end, &used);
		if (yield == 0 || i + yield > offset)
			return MIN(at, file_len);
		i += yield;
		at += used;
		behind = at;
	}
	/* White space: right behind the last solid byte, or the text's start. */
	return MIN(behind, file_len);
}
