/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows (interned sets of predicates) and the table of ids that interning uses
 * all over the compiler.
 */
#include "set.h"

#include "common/hash.h"

void rules_index_fini(struct rules_index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

int rules_index_reserve(struct rules_index *index)
{
	uint32_t capacity;
	struct rules_index_slot *slots;

	if (index->n + 1 <= index->capacity / 2)
		return 0;
	capacity = index->capacity ? index->capacity * 2 : 64;
	slots = capacity > index->capacity ? calloc(capacity, sizeof(*slots)) : NULL;
	if (!slots)
		return -ENOMEM;
	for (uint32_t j = 0; j < index->capacity; j++) {
		uint32_t i = index->slots[j].hash & (capacity - 1);

		if (!index->slots[j].id)
			continue;
		while (slots[i].id)
			i = (i + 1) & (capacity - 1);
		slots[i] = index->slots[j];
	}
	free(index->slots);
	index->slots = slots;
	index->capacity = capacity;
	return 0;
}

void rules_index_add(struct rules_index *index, uint32_t hash, uint32_t id)
{
	uint32_t i = hash & (index->capacity - 1);

	while (index->slots[i].id)
		i = (i + 1) & (index->capacity - 1);
	index->slots[i] = (struct rules_index_slot){hash, id + 1};
	index->n++;
}

void rules_rows_fini(struct rules_rows *rows)
{
	free(rows->links);
	free(rows->start);
	free(rows->locals);
	rules_index_fini(&rows->index);
	memset(rows, 0, sizeof(*rows));
}

/* Row r > 0 is link r - 1. */
static bool rows_chain_has(const struct rules_rows *rows, uint32_t row, uint32_t local)
{
	for (; row; row = rows->links[row - 1].parent)
		if (rows->links[row - 1].local == local)
			return true;
	return false;
}

int rules_rows_add(struct rules_rows *rows, uint32_t row, uint32_t local, uint32_t *ret_row)
{
	uint32_t hash = (uint32_t)hash_u64((uint64_t)row << 32 | local);
	uint32_t id;

	/* most often a duplicate is the newest; a value in very many lists is rare */
	if (rows_chain_has(rows, row, local)) {
		*ret_row = row;
		return 0;
	}
	RULES_INDEX_FOR_EACH(&rows->index, hash, i, id)
	{
		if (rows->links[id].parent == row && rows->links[id].local == local) {
			*ret_row = id + 1;
			return 0;
		}
	}
	if (rules_index_reserve(&rows->index) < 0 ||
	    GROW(rows->links, rows->n_links, rows->capacity) < 0)
		return -ENOMEM;
	rows->links[rows->n_links] = (struct rules_rows_link){row, local};
	rules_index_add(&rows->index, hash, rows->n_links);
	*ret_row = ++rows->n_links;
	return 0;
}

int rules_rows_join(struct rules_rows *rows, uint32_t row, uint32_t other, uint32_t *ret_row)
{
	int r;

	if (!row) {
		*ret_row = other;
		return 0;
	}
	for (; other; other = rows->links[other - 1].parent) {
		r = rules_rows_add(rows, row, rows->links[other - 1].local, &row);
		if (r < 0)
			return r;
	}
	*ret_row = row;
	return 0;
}

static int rows_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* map[old row] = new row, in order of first use; returns the rows' numbers in total */
static size_t rows_number(struct rules_rows *rows, uint32_t *map, uint32_t *const *used,
			  const size_t *n, size_t n_arrays)
{
	size_t total = 0;
	uint32_t next = 1;

	for (size_t a = 0; a < n_arrays; a++) {
		for (size_t i = 0; i < n[a]; i++) {
			uint32_t row = used[a][i];

			if (!row)
				continue;
			if (!map[row]) {
				map[row] = next++;
				for (uint32_t r = row; r; r = rows->links[r - 1].parent)
					total++;
			}
			used[a][i] = map[row];
		}
	}
	rows->n_rows = next;
	return total;
}

int rules_rows_finish(struct rules_rows *rows, uint32_t *const *used, const size_t *n,
		      size_t n_arrays)
{
	_cleanup_free_ uint32_t *map = calloc((size_t)rows->n_links + 1, sizeof(*map));
	_cleanup_free_ uint32_t *old = NULL;
	size_t total, at = 0;

	if (!map)
		return -ENOMEM;
	total = rows_number(rows, map, used, n, n_arrays);
	if (total > UINT32_MAX)
		return -E2BIG;
	rows->start = calloc((size_t)rows->n_rows + 1, sizeof(*rows->start));
	rows->locals = calloc(total + 1, sizeof(*rows->locals));
	old = calloc(rows->n_rows, sizeof(*old));
	if (!rows->start || !rows->locals || !old)
		return -ENOMEM;
	for (uint32_t row = 1; row <= rows->n_links; row++)
		if (map[row])
			old[map[row]] = row;
	for (uint32_t row = 0; row < rows->n_rows; row++) {
		rows->start[row] = (uint32_t)at;
		for (uint32_t r = old[row]; r; r = rows->links[r - 1].parent)
			rows->locals[at++] = rows->links[r - 1].local;
		qsort(rows->locals + rows->start[row], at - rows->start[row], sizeof(uint32_t),
		      rows_compare);
	}
	rows->start[rows->n_rows] = (uint32_t)at;
	free(rows->links);
	rows->links = NULL;
	rows->n_links = rows->capacity = 0;
	rules_index_fini(&rows->index);
	return 0;
}
