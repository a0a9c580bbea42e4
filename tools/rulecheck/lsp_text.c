/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents and places in them. The protocol counts UTF-16 units: a character beyond
 * U+FFFF is two of them; we count bytes, and findings characters.
 */
#include "lsp.h"
#include "text.h"

void lsp_document_fini(struct lsp_document *d)
{
	if (d->has_source)
		source_fini(&d->source);
	free(d->path);
	free(d->uri);
	free(d->text);
	free(d->mentions);
	free(d->items);
}

int lsp_document_set(struct lsp_document *d, char *text, size_t len)
{
	int r;

	if (d->has_source)
		source_fini(&d->source);
	free(d->text);
	d->text = text;
	d->len = len;
	d->n_mentions = d->n_items = 0;
	/* Without the mark that some editors begin with: ours is the text that is counted. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		memmove(text, text + 3, len - 2);
		d->len = len - 3;
	}
	d->has_source = true;
	r = source_read(&d->source, d->text, d->len);
	return r == -ENOMEM ? r : lsp_index(d); /* of what is no YAML, what could be read */
}

static size_t line_start(const struct lsp_document *d, uint32_t line)
{
	const struct source *s = &d->source;

	if (s->n_lines == 0)
		return 0;
	return line < s->n_lines ? s->lines[line] : d->len;
}

static size_t line_end(const struct lsp_document *d, size_t start)
{
	const char *newline = memchr(d->text + start, '\n', d->len - start);
	size_t end = newline ? (size_t)(newline - d->text) : d->len;

	return end > start && d->text[end - 1] == '\r' ? end - 1 : end;
}

static size_t char_length(const struct lsp_document *d, size_t at)
{
	return MAX(text_utf8_length(d->text + at, d->len - at), (size_t)1);
}

static uint32_t units_of(size_t bytes)
{
	return bytes == 4 ? 2 : 1;
}

size_t lsp_offset_of(const struct lsp_document *d, struct lsp_position position)
{
	size_t at = line_start(d, position.line), end = line_end(d, at);
	uint32_t units = 0;

	while (at < end) {
		size_t n = char_length(d, at);

		units += units_of(n);
		if (units > position.character)
			break;
		at += n;
	}
	return MIN(at, end);
}

struct lsp_position lsp_position_of(const struct lsp_document *d, size_t offset)
{
	struct lsp_position p = {0};
	size_t at;

	offset = MIN(offset, d->len);
	p.line = source_line_of(&d->source, offset);
	for (at = line_start(d, p.line); at < offset;) {
		size_t n = char_length(d, at);

		p.character += units_of(n);
		at += n;
	}
	return p;
}

size_t lsp_offset_of_diag(const struct lsp_document *d, uint32_t line, uint32_t column)
{
	size_t at = line_start(d, line ? line - 1 : 0), end = line_end(d, at);

	for (uint32_t i = 1; i < column && at < end; i++)
		at += char_length(d, at);
	return MIN(at, end);
}

static json_t *position_json(struct lsp_position p)
{
	return json_pack("{sI sI}", "line", (json_int_t)p.line, "character",
			 (json_int_t)p.character);
}

json_t *lsp_range(const struct lsp_document *d, size_t start, size_t end)
{
	return json_pack("{so so}", "start", position_json(lsp_position_of(d, start)), "end",
			 position_json(lsp_position_of(d, end)));
}

bool lsp_get_position(const json_t *json, struct lsp_position *ret)
{
	const json_t *line = json_object_get(json, "line");
	const json_t *character = json_object_get(json, "character");
	json_int_t l = json_integer_value(line), c = json_integer_value(character);

	if (!json_is_integer(line) || !json_is_integer(character) || l < 0 || c < 0 ||
	    l > INT32_MAX || c > INT32_MAX)
		return false;
	*ret = (struct lsp_position){(uint32_t)l, (uint32_t)c};
	return true;
}

/* ---- addresses ------------------------------------------------------------------------ */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *lsp_path_of_uri(const char *uri)
{
	static const char scheme[] = "file://";
	char *path, *out;

	if (strncasecmp(uri, scheme, strlen(scheme)) != 0)
		return NULL;
	uri += strlen(scheme);
	uri = strchr(uri, '/'); /* behind a host's name */
	if (!uri)
		return NULL;
	path = out = malloc(strlen(uri) + 1);
	if (!path)
		return NULL;
	while (*uri) {
		int high = *uri == '%' ? hex(uri[1]) : -1, low = high >= 0 ? hex(uri[2]) : -1;

		if (low >= 0 && (high || low)) {
			*out++ = (char)(high << 4 | low);
			uri += 3;
		} else {
			*out++ = *uri++;
		}
	}
	*out = '\0';
	return path;
}
