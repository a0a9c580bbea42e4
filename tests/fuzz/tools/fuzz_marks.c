/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of marks of arbitrary bytes: each line is a mark or is kept, names are names,
 * and what the browsers write back is read as the same marks.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

static void require(int condition)
{
	if (!condition)
		abort();
}

static int count(void *userdata, uint32_t line, struct text text, const char *what)
{
	uint32_t *others = userdata;

	require(line > *others && text.len > 0 && (what != NULL) == (text.p[0] == '{'));
	++*others;
	return 0;
}

static uint32_t lines_of(const char *data, size_t size)
{
	uint32_t n = 0;

	for (size_t at = 0; at < size;) {
		const char *end = memchr(data + at, '\n', size - at);
		size_t len = end ? (size_t)(end - data) - at : size - at;

		n += len > 0;
		at += len + 1;
	}
	return n;
}

static void check_list(const char *data, size_t size)
{
	struct mark_list list;
	uint32_t others = 0;

	require(mark_list_parse(&list, data, size, count, &others) == 0);
	require(list.n + others == lines_of(data, size));
	for (uint32_t i = 0; i < list.n; i++) {
		const struct mark *m = &list.v[i];

		require(m->n_fields <= MARKS_MAX_FIELDS && m->line.len > 0);
		for (uint32_t k = 0; k < m->n_fields; k++) {
			require(m->fields[k].kind != SAKER_JSON_NONE);
			require(strlen(m->fields[k].name.p) == m->fields[k].name.len);
			for (uint32_t j = 0; j < k; j++)
				require(!text_eq(m->fields[j].name, m->fields[k].name));
		}
	}
	mark_list_fini(&list);
}

static char *written(const char *data, size_t size, uint32_t *ret_n, size_t *ret_len)
{
	struct marks marks;
	char *text = NULL;
	FILE *f;

	require(marks_parse(&marks, data, size) == 0);
	f = open_memstream(&text, ret_len);
	require(f != NULL);
	marks_write(&marks, f);
	require(fclose(f) == 0);
	*ret_n = marks.n;
	for (uint32_t i = 0; i < marks.n; i++)
		require(marks_cover(&marks, &marks.v[i]));
	marks_fini(&marks);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t once_len, again_len;
	uint32_t n_once, n_again;
	char *once, *again;

	/* A NUL ends a line that is kept as text. */
	check_list((const char *)data, size);
	if (memchr(data, 0, size))
		return 0;
	once = written((const char *)data, size, &n_once, &once_len);
	again = written(once, once_len, &n_again, &again_len);
	require(n_once == n_again && once_len == again_len && memcmp(once, again, once_len) == 0);
	free(once);
	free(again);
	return 0;
}
