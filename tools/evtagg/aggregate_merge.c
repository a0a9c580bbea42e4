/* SPDX-License-Identifier: Apache-2.0 */
/* Two aggregations of the same query, over pieces of one input, become one. */
#include "aggregate_memory.h"

static int merge_distinct(struct agg_memory *to, struct agg_row *row, const struct agg_row *other)
{
	int r = distinct_merge(&row->hosts, &other->hosts, &to->memory);

	if (r < 0 || !other->distinct)
		return r;
	if (!row->distinct) {
		row->distinct = calloc(to->n_distinct, sizeof(*row->distinct));
		if (!row->distinct)
			return -ENOMEM;
		to->memory += to->n_distinct * sizeof(*row->distinct);
	}
	for (uint32_t i = 0; i < to->n_distinct && r == 0; i++)
		r = distinct_merge(&row->distinct[i], &other->distinct[i], &to->memory);
	return r;
}

/* What is told of the last alert: the later piece's. */
static void take_last(struct agg_memory *to, struct agg_row *row, struct agg_memory *from,
		      struct agg_row *other)
{
	struct agg_details own = row->details;

	row->piece = other->piece;
	row->priority = other->priority;
	row->time_len = other->time_len;
	memcpy(row->time, other->time, sizeof(row->time));
	row->priority_len = other->priority_len;
	memcpy(row->priority_text, other->priority_text, sizeof(row->priority_text));
	/* They change owners, and with them what they take. */
	row->details = other->details;
	other->details = own;
	to->memory += row->details.capacity - (size_t)own.capacity;
	to->details += row->details.capacity - (size_t)own.capacity;
	from->memory += own.capacity - (size_t)row->details.capacity;
	from->details += own.capacity - (size_t)row->details.capacity;
}

static int merge_row(struct agg_memory *to, struct agg_memory *from, struct agg_row *other)
{
	size_t before;
	struct agg_row *row;
	bool fresh;
	int r = agg_row_of(to, other->key, other->key_len, other->hash, &row, &fresh);

	if (r < 0)
		return r;
	row->count += other->count;
	if (other->first && (!row->first || other->first < row->first))
		row->first = other->first;
	row->last = MAX(row->last, other->last);
	if (other->burst_best > row->burst_best) {
		row->burst_best = other->burst_best;
		row->burst_at = other->burst_at;
	}
	if (fresh || other->piece > row->piece)
		take_last(to, row, from, other);
	before = row->series.capacity;
	r = series_merge(&row->series, &to->timeline, &other->series, &from->timeline);
	to->memory += (row->series.capacity - before) * sizeof(*row->series.v);
	return r < 0 ? r : merge_distinct(to, row, other);
}

int agg_memory_merge(void *into, void *of)
{
	struct agg_memory *to = into, *from = of;
	int r = 0;

	if (from->cms || to->cms)
		return -E2BIG; /* bounds of parts are no bounds of the whole */
	for (uint32_t i = 0; i < from->used && r == 0; i++) {
		if (agg_row_at(from, i)->key)
			r = merge_row(to, from, agg_row_at(from, i));
	}
	to->selected += from->selected;
	if (from->first && (!to->first || from->first < to->first))
		to->first = from->first;
	to->last = MAX(to->last, from->last);
	if (r == 0)
		r = series_merge(&to->all, &to->timeline, &from->all, &from->timeline);
	return r == 0 && to->cms ? -E2BIG : r;
}
