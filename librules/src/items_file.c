/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that take their values from a file of their own: a value a line, blank
 * lines and what stands behind a # passed over. Such lists are long and come from
 * elsewhere (addresses, domain names, hashes), so the file is kept as it was read
 * and the values are places in it.
 */
#include "load_internal.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The value of a line: without blanks around it and without a comment. */
static void trim(const char *text, size_t *start, size_t *end)
{
	while (*start < *end && is_blank(text[*start]))
		*start += 1;
	for (size_t i = *start; i < *end; i++) {
		if (text[i] == '#' && (i == *start || is_blank(text[i - 1])))
			*end = i;
	}
	while (*end > *start && is_blank(text[*end - 1]))
		*end -= 1;
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 1;

	for (const char *p = text; (p = memchr(p, '\n', (size_t)(text + len - p))); p++)
		n++;
	return n;
}

/* Ends each value with a NUL in the place of what stood behind it. */
static uint32_t find_values(char *text, size_t len, struct rules_bulk_item *items)
{
	uint32_t n = 0;

	for (size_t at = 0; at < len;) {
		char *line_end = memchr(text + at, '\n', len - at);
		size_t next = line_end ? (size_t)(line_end - text) : len;
		size_t start = at;
		size_t end = next;

		trim(text, &start, &end);
		if (end > start) {
			items[n++] =
				(struct rules_bulk_item){(uint32_t)start, (uint32_t)(end - start)};
			/* A comment's line break stays one; text[len] is a NUL already. */
			if (end < len)
				text[end] = '\0';
		}
		at = next + 1;
	}
	return n;
}

/* Relative to the folder of the rule file. */
static char *make_path(struct rules_reading *r, const char *name)
{
	const char *file = r->reporter->sources[r->content->mark.source].name;
	const char *slash = *name == '/' ? NULL : strrchr(file, '/');
	size_t folder = slash ? (size_t)(slash - file) + 1 : 0;
	size_t len = strlen(name);
	char *path = arena_alloc(r->arena, folder + len + 1);

	if (path) {
		memcpy(path, file, folder);
		memcpy(path + folder, name, len + 1);
	}
	return path;
}

static int bad_file(struct rules_reading *r, const struct rules_yaml *value,
		    const struct rules_place *place, const char *path, const char *why)
{
	struct rules_place at = rules_place_of(value, RULES_PLACE_VALUE_FOR, "items_file", place);

	return rules_finding(r->reporter, RULES_LOAD_ERR_FILE_READ, &at,
			     "Name a text file with a value a line; a relative name starts at the "
			     "rule file's folder.",
			     "items_file %s cannot be read: %s", path, why);
}

int rules_load_items_file(struct rules_reading *r, const struct rules_yaml *value,
			  const struct rules_place *place, const struct rules_bulk **ret_bulk)
{
	struct rules_bulk *bulk = arena_alloc(r->arena, sizeof(*bulk));
	struct rules_source source = {.name = make_path(r, value->text)};
	struct rules_bulk_item *items;
	char *text;
	size_t n;
	int rc;

	if (!bulk || !source.name)
		return -ENOMEM;
	rc = rules_read_file(r->loader, source.name, &text, &source.len);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		return bad_file(r, value, place, source.name,
				rc == -EFBIG ? "it is larger than the limit for rule files"
					     : strerror(-rc));
	if (memchr(text, '\0', source.len))
		return bad_file(r, value, place, source.name, "it contains a NUL character");
	n = count_lines(text, source.len);
	if (n > RULES_MAX_LIST_ITEMS || source.len > UINT32_MAX)
		return bad_file(r, value, place, source.name, "it has too many lines");
	source.content = text;
	rc = rules_add_source(r->reporter, &source, &bulk->mark.source);
	items = rc == 0 ? arena_alloc(r->arena, n * sizeof(*items)) : NULL;
	if (!items)
		return -ENOMEM;
	bulk->text = text;
	bulk->items = items;
	bulk->n = find_values(text, source.len, items);
	*ret_bulk = bulk;
	return 0;
}
