/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When memory is full: the smaller half of the rows goes (space-saving, Metwally 2005,
 * done for many rows at a time). The highest count among them is the floor: nothing
 * that is not here was seen more often. A key that comes back starts with what it may
 * have had: the floor, or what the count-min sketch of the dropped says if that is less.
 * Counts are thus never too low, and too high by at most row->error.
 */
#include "aggregate_memory.h"
#include "common/hash.h"

static uint32_t cms_column(uint64_t hash, uint32_t row)
{
	return (uint32_t)(hash_u64(hash + row * UINT64_C(0x9e3779b97f4a7c15)) % CMS_COLUMNS);
}

static void cms_add(struct agg_memory *m, uint64_t hash, uint64_t count)
{
	for (uint32_t i = 0; i < CMS_ROWS; i++) {
		uint32_t *cell = &m->cms[i * CMS_COLUMNS + cms_column(hash, i)];

		*cell = count > UINT32_MAX - *cell ? UINT32_MAX : *cell + (uint32_t)count;
	}
}

uint64_t agg_before(const struct agg_memory *m, uint64_t hash)
{
	uint64_t least = m->floor;

	for (uint32_t i = 0; i < CMS_ROWS; i++)
		least = MIN(least, m->cms[i * CMS_COLUMNS + cms_column(hash, i)]);
	return least;
}

static int start(struct agg_memory *m)
{
	if (m->cms)
		return 0;
	m->cms = calloc((size_t)CMS_ROWS * CMS_COLUMNS, sizeof(*m->cms));
	if (!m->cms)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->used; i++) {
		struct agg_row *row = agg_row_at(m, i);

		if (row->key && distinct_add(&m->keys, row->hash, &m->memory) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The count that half of the rows have at most, and how many of that very count may stay. */
static int find_median(const struct agg_memory *m, uint64_t *ret_median, uint32_t *ret_drop)
{
	_cleanup_free_ uint64_t *counts = calloc((size_t)m->n_rows + 1, sizeof(*counts));
	uint32_t n = 0, below = 0;

	if (!counts)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->used; i++) {
		if (agg_row_at(m, i)->key)
			counts[n++] = agg_row_at(m, i)->count;
	}
	qsort(counts, n, sizeof(*counts), by_count);
	*ret_median = counts[n / 2];
	while (below < n && counts[below] < *ret_median)
		below++;
	*ret_drop = n / 2 + 1 - below;
	return 0;
}

/* Lines of dirty rows are still there, but a row that goes needs them no more. */
static void forget_dirty(struct agg_memory *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_dirty; i++) {
		if (m->dirty[i]->key)
			m->dirty[n++] = m->dirty[i];
	}
	m->n_dirty = n;
}

int agg_prune(struct agg_memory *m)
{
	uint64_t median;
	uint32_t drop;

	if (m->n_rows < 16)
		return 0; /* nothing to win: what is large is not the number of rows */
	if (start(m) < 0 || find_median(m, &median, &drop) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->used; i++) {
		struct agg_row *row = agg_row_at(m, i);

		if (!row->key || row->count > median || (row->count == median && !drop))
			continue;
		drop -= row->count == median;
		/* Of what it may have had before, the sketch has its share already. */
		cms_add(m, row->hash, row->count - row->error);
		agg_row_fini(m, row);
		row->count = i;
		row->next_free = m->free_rows;
		m->free_rows = row;
		m->n_rows--;
	}
	m->floor = MAX(m->floor, median);
	forget_dirty(m);
	return agg_rehash(m, m->n_slots);
}
