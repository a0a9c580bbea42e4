/* SPDX-License-Identifier: Apache-2.0 */
/* YAML with places and comments. See source.h. */
#include <stdio.h>

#include "source.h"

struct reading {
	struct source *source;
	yaml_parser_t parser;
	/* libyaml counts characters: the byte where each begins, when not all have one byte */
	size_t *bytes;
	size_t n_chars;
	struct source_node *open[SOURCE_MAX_DEPTH];
	uint32_t depth;
	uint32_t n_nodes;
};

static size_t byte_of(const struct reading *r, size_t index)
{
	if (!r->bytes)
		return MIN(index, r->source->len);
	return r->bytes[MIN(index, r->n_chars)];
}

static int count_chars(struct reading *r)
{
	const struct source *s = r->source;
	bool plain = true;

	for (size_t i = 0; i < s->len; i++)
		plain = plain && (unsigned char)s->text[i] < 0x80;
	if (plain)
		return 0;
	r->bytes = util_reallocarray(NULL, s->len + 1, sizeof(*r->bytes));
	if (!r->bytes)
		return -ENOMEM;
	for (size_t i = 0; i < s->len; i++) {
		if (((unsigned char)s->text[i] & 0xc0) != 0x80)
			r->bytes[r->n_chars++] = i;
	}
	r->bytes[r->n_chars] = s->len;
	return 0;
}

static int find_lines(struct source *s)
{
	for (size_t i = 0; i <= s->len; i++) {
		if (i && s->text[i - 1] != '\n')
			continue;
		if (GROW(s->lines, s->n_lines, s->lines_capacity) < 0)
			return -ENOMEM;
		s->lines[s->n_lines++] = i;
	}
	return 0;
}

uint32_t source_line_of(const struct source *s, size_t offset)
{
	uint32_t low = 0, high = s->n_lines;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (s->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool source_line_is_blank(const struct source *s, uint32_t line)
{
	size_t i;

	if (line >= s->n_lines)
		return false;
	for (i = s->lines[line]; i < s->len && s->text[i] != '\n'; i++) {
		if (!strchr(" \t\r", s->text[i]))
			return false;
	}
	return i < s->len;
}

/* ---- the tree --------------------------------------------------------------- */

static int span(struct source *s, size_t start, size_t end)
{
	if (end <= start)
		return 0;
	if (GROW(s->spans, s->n_spans, s->spans_capacity) < 0)
		return -ENOMEM;
	s->spans[s->n_spans++] = (struct source_span){start, end};
	return 0;
}

/* An anchor and a tag in front; libyaml has them in the node. */
static size_t skip_properties(const struct source *s, size_t at, size_t end)
{
	while (at < end && (s->text[at] == '&' || s->text[at] == '!')) {
		while (at < end && !strchr(" \t\r\n", s->text[at]))
			at++;
		while (at < end && strchr(" \t", s->text[at]))
			at++;
	}
	return at;
}

static struct source_node *new_node(struct reading *r, enum source_kind kind,
				    const yaml_event_t *event)
{
	struct source *s = r->source;
	struct source_node *node = arena_alloc(&s->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = (uint8_t)kind;
	node->start = byte_of(r, event->start_mark.index);
	node->end = byte_of(r, event->end_mark.index);
	node->line = source_line_of(s, node->start);
	node->column = (uint32_t)(node->start - s->lines[node->line]);
	node->content = node->start;
	return node;
}

static int push_child(struct reading *r, struct source_node *node)
{
	struct source *s = r->source;
	struct source_node *parent = r->depth ? r->open[r->depth - 1] : NULL;

	if (++r->n_nodes > SOURCE_MAX_NODES)
		return -EFBIG;
	if (parent) {
		if (GROW(parent->children, parent->n, parent->capacity) < 0)
			return -ENOMEM;
		parent->children[parent->n++] = node;
		return 0;
	}
	if (s->n_documents)
		s->documents[s->n_documents - 1] = node;
	return 0;
}

static int take_scalar(struct reading *r, const yaml_event_t *event)
{
	struct source *s = r->source;
	struct source_node *node = new_node(r, SOURCE_SCALAR, event);
	int n;

	if (!node)
		return -ENOMEM;
	node->style = (uint8_t)event->data.scalar.style;
	node->len = event->data.scalar.length;
	node->value = arena_strndup(&s->arena, (const char *)event->data.scalar.value, node->len);
	if (!node->value)
		return -ENOMEM;
	if (event->data.scalar.anchor || event->data.scalar.tag)
		node->content = skip_properties(s, node->start, node->end);
	node->line = source_line_of(s, node->content);
	node->end_line = source_line_of(s, node->end);
	n = push_child(r, node);
	return n < 0 ? n : span(s, node->start, node->end);
}

static int take_alias(struct reading *r, const yaml_event_t *event)
{
	struct source_node *node = new_node(r, SOURCE_ALIAS, event);
	int n;

	if (!node)
		return -ENOMEM;
	node->end_line = source_line_of(r->source, node->end);
	n = push_child(r, node);
	return n < 0 ? n : span(r->source, node->start, node->end);
}

static int take_collection(struct reading *r, const yaml_event_t *event, bool mapping)
{
	struct source_node *node = new_node(r, mapping ? SOURCE_MAPPING : SOURCE_SEQUENCE, event);
	bool named = mapping ? event->data.mapping_start.anchor || event->data.mapping_start.tag
			     : event->data.sequence_start.anchor || event->data.sequence_start.tag;
	int n;

	if (!node)
		return -ENOMEM;
	node->flow = mapping ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
			     : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	if (named)
		node->content = skip_properties(r->source, node->start, r->source->len);
	n = push_child(r, node);
	if (n == 0)
		n = span(r->source, node->start, node->content);
	if (n == 0 && r->depth == SOURCE_MAX_DEPTH)
		n = -EFBIG;
	if (n == 0)
		r->open[r->depth++] = node;
	return n;
}

static void end_collection(struct reading *r, const yaml_event_t *event)
{
	struct source_node *node = r->open[--r->depth];

	node->end = byte_of(r, event->end_mark.index);
	node->end_line =
		source_line_of(r->source, node->flow && node->end ? node->end - 1 : node->end);
}

static int start_document(struct reading *r, const yaml_event_t *event)
{
	struct source *s = r->source;

	if (GROW(s->documents, s->n_documents, s->documents_capacity) < 0 ||
	    GROW(s->starts, s->n_documents, s->starts_capacity) < 0)
		return -ENOMEM;
	s->documents[s->n_documents] = NULL;
	s->starts[s->n_documents++] = event->data.document_start.implicit
					      ? SIZE_MAX
					      : byte_of(r, event->start_mark.index);
	s->directives |= event->data.document_start.version_directive ||
			 event->data.document_start.tag_directives.start !=
				 event->data.document_start.tag_directives.end;
	return 0;
}

static int take_event(struct reading *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(r, event);
	case YAML_SCALAR_EVENT:
		return take_scalar(r, event);
	case YAML_ALIAS_EVENT:
		return take_alias(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return take_collection(r, event, false);
	case YAML_MAPPING_START_EVENT:
		return take_collection(r, event, true);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		end_collection(r, event);
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct reading *r)
{
	struct source *s = r->source;
	bool end = false;
	int n = 0;

	while (n == 0 && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&r->parser, &event)) {
			if (r->parser.error == YAML_MEMORY_ERROR)
				return -ENOMEM;
			snprintf(s->error, sizeof(s->error), "%s",
				 r->parser.problem ? r->parser.problem : "this is no YAML");
			s->error_line = (uint32_t)r->parser.problem_mark.line;
			s->error_column = (uint32_t)r->parser.problem_mark.column;
			return -EBADMSG;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		n = take_event(r, &event);
		yaml_event_delete(&event);
	}
	return n;
}

/* ---- comments ----------------------------------------------------------------- */

static bool stands_behind(const struct source *s, size_t at, uint32_t line)
{
	for (size_t i = s->lines[line]; i < at; i++) {
		if (!strchr(" \t-", s->text[i]))
			return true;
	}
	return false;
}

static int find_comments(struct source *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct source_comment c = {.at = i};

		if (s->text[i] != '#')
			continue;
		while (i < to && s->text[i] != '\n')
			i++;
		c.len = i - c.at;
		while (c.len && strchr(" \t\r", s->text[c.at + c.len - 1]))
			c.len--;
		c.line = source_line_of(s, c.at);
		c.column = (uint32_t)(c.at - s->lines[c.line]);
		c.trailing = stands_behind(s, c.at, c.line);
		if (GROW(s->comments, s->n_comments, s->comments_capacity) < 0)
			return -ENOMEM;
		s->comments[s->n_comments++] = c;
	}
	return 0;
}

static int find_all_comments(struct source *s, size_t end)
{
	size_t from = 0;
	int n = 0;

	for (uint32_t i = 0; n == 0 && i < s->n_spans; i++) {
		n = find_comments(s, from, MIN(s->spans[i].start, end));
		from = MAX(from, s->spans[i].end);
	}
	return n < 0 ? n : find_comments(s, from, end);
}

int source_read(struct source *s, const char *text, size_t len)
{
	struct reading r = {.source = s};
	int n;

	memset(s, 0, sizeof(*s));
	arena_init(&s->arena, 64 << 10);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	s->text = text;
	s->len = len;
	if (len > SOURCE_MAX_SIZE)
		return -EFBIG;
	n = find_lines(s);
	if (n == 0)
		n = count_chars(&r);
	if (n == 0 && !yaml_parser_initialize(&r.parser))
		n = -ENOMEM;
	if (n < 0) {
		free(r.bytes);
		return n;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	n = read_events(&r);
	if (n == 0 || n == -EBADMSG) {
		size_t end = n ? byte_of(&r, r.parser.problem_mark.index) : len;
		int found = find_all_comments(s, end);

		n = found < 0 ? found : n;
	}
	yaml_parser_delete(&r.parser);
	free(r.bytes);
	return n;
}

static void free_children(struct source_node *node)
{
	for (uint32_t i = 0; i < node->n; i++)
		free_children(node->children[i]);
	free(node->children);
}

void source_fini(struct source *s)
{
	for (uint32_t i = 0; i < s->n_documents; i++) {
		if (s->documents[i])
			free_children(s->documents[i]);
	}
	free(s->lines);
	free(s->documents);
	free(s->starts);
	free(s->comments);
	free(s->spans);
	arena_fini(&s->arena);
	memset(s, 0, sizeof(*s));
}

const struct source_node *source_get(const struct source_node *mapping, const char *key)
{
	for (uint32_t i = 0; mapping && mapping->kind == SOURCE_MAPPING && i + 1 < mapping->n;
	     i += 2) {
		const struct source_node *k = mapping->children[i];

		if (k->kind == SOURCE_SCALAR && util_streq(k->value, key))
			return mapping->children[i + 1];
	}
	return NULL;
}
