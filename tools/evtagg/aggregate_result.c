/* SPDX-License-Identifier: Apache-2.0 */
/* From the rows as they are counted to the answer: chosen, sorted, cut, copied. */
#include "aggregate_memory.h"

struct pick {
	const struct agg_row *row;
	uint64_t sort;
	uint64_t tie; /* of equals: the more alerts first, unless names decide */
	double rate;
};

static double rate_of(const struct agg_row *row)
{
	double hours = (double)(row->last - row->first) / (3600.0 * 1e9);

	return (double)row->count / (hours > 1 ? hours : 1);
}

static uint64_t sort_value(const struct agg_row *row, enum query_sort sort)
{
	bool exact;

	switch (sort) {
	case QUERY_SORT_RARE:
		return UINT64_MAX - row->count;
	case QUERY_SORT_PRIORITY:
		return UINT64_MAX - row->priority;
	case QUERY_SORT_FIRST:
		return UINT64_MAX - row->first;
	case QUERY_SORT_LAST:
		return row->last;
	case QUERY_SORT_BURST:
		return row->burst_best;
	case QUERY_SORT_HOSTS:
		return distinct_count(&row->hosts, &exact);
	case QUERY_SORT_DISTINCT:
		return row->distinct ? distinct_count(&row->distinct[0], &exact) : 0;
	case QUERY_SORT_NAME:
	case QUERY_SORT_RATE:
		return 0;
	case QUERY_SORT_COUNT:
		break;
	}
	return row->count;
}

/* Keys as a person would sort them: column by column, not by their lengths. */
static int by_name(const struct agg_row *a, const struct agg_row *b)
{
	const char *p = a->key, *q = b->key;

	while (p < a->key + a->key_len && q < b->key + b->key_len) {
		uint32_t n, k;
		int r;

		memcpy(&n, p + 1, 4);
		memcpy(&k, q + 1, 4);
		r = text_cmp((struct text){p + 5, n}, (struct text){q + 5, k});
		if (r)
			return r;
		p += 5 + n;
		q += 5 + k;
	}
	return (int)a->key[0] - (int)b->key[0];
}

static int compare(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;

	if (x->rate != y->rate)
		return x->rate > y->rate ? -1 : 1;
	if (x->sort != y->sort)
		return x->sort > y->sort ? -1 : 1;
	if (x->tie != y->tie)
		return x->tie > y->tie ? -1 : 1;
	return by_name(x->row, y->row);
}

static bool is_asked_for(const struct agg_memory *m, const struct agg_row *row)
{
	const struct query *q = m->query;

	if (!row->key || !row->count)
		return false;
	if (q->rare_max && row->count > q->rare_max)
		return false;
	/* Never before: a row that came back after it was dropped may have been. */
	return !q->new_since || (row->first >= q->new_since && !row->error);
}

static int pick_rows(const struct agg_memory *m, struct pick **ret_picks, uint32_t *ret_n)
{
	struct pick *picks = calloc((size_t)m->n_rows + 1, sizeof(*picks));
	uint32_t n = 0;

	if (!picks)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->used; i++) {
		const struct agg_row *row = agg_row_at(m, i);

		if (!is_asked_for(m, row))
			continue;
		picks[n].row = row;
		picks[n].tie = m->query->sort == QUERY_SORT_NAME ? 0 : row->count;
		picks[n].sort = sort_value(row, m->query->sort);
		picks[n++].rate = m->query->sort == QUERY_SORT_RATE ? rate_of(row) : 0;
	}
	qsort(picks, n, sizeof(*picks), compare);
	for (uint32_t i = 0; m->query->reverse && i < n / 2; i++) {
		struct pick swap = picks[i];

		picks[i] = picks[n - 1 - i];
		picks[n - 1 - i] = swap;
	}
	*ret_picks = picks;
	*ret_n = n;
	return 0;
}

/* ---- copying ------------------------------------------------------------------------- */

static struct text copy(struct arena *arena, const char *p, size_t len)
{
	struct text t = {arena_strndup(arena, p ? p : "", p ? len : 0), (uint32_t)(p ? len : 0)};

	return t;
}

static struct text copy_resolved(struct arena *arena, const char *p, uint32_t len, bool escaped)
{
	struct saker_json_slice s = {p, len, SAKER_JSON_STRING, escaped};
	struct text t;
	char *to;

	if (!escaped || !p)
		return copy(arena, p, len);
	to = arena_alloc(arena, 3 * (size_t)len + 1);
	t.p = to;
	t.len = to ? (uint32_t)saker_json_unescape(&s, to, 3 * (size_t)len) : 0;
	return t;
}

static int copy_keys(const struct agg_memory *m, struct arena *arena, const struct agg_row *row,
		     struct result_row *to)
{
	struct result_key *keys = arena_alloc(arena, m->n_by * sizeof(*keys));
	const char *p = row->key;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->n_by; i++) {
		uint32_t len;

		memcpy(&len, p + 1, 4);
		keys[i].kind = (uint8_t)*p;
		keys[i].text = copy(arena, p + 5, len);
		if (!keys[i].text.p)
			return -ENOMEM;
		p += 5 + len;
	}
	to->keys = keys;
	return 0;
}

/* Of the last alert: still in its line, or kept. */
static int copy_last(struct arena *arena, const struct agg_row *row, struct result_row *to)
{
	const struct agg_details *d = &row->details;

	if (row->dirty) {
		to->last_output = copy_resolved(arena, row->last_output.text, row->last_output.len,
						row->last_output.escaped);
		to->last_fields = copy(arena, row->last_fields.text, row->last_fields.len);
		to->last_host = copy(arena, row->last_host.p, row->last_host.len);
	} else if (d->p) {
		const char *fields = d->p + d->output_len;

		to->last_output = copy_resolved(arena, d->p, d->output_len, d->output_escaped);
		to->last_fields = copy(arena, fields, d->fields_len);
		to->last_host = copy(arena, fields + d->fields_len, d->host_len);
	} else {
		to->last_output = to->last_fields = to->last_host = TEXT("");
	}
	to->last_time = copy(arena, row->time, row->time_len);
	to->priority_text = copy(arena, row->priority_text, row->priority_len);
	return to->last_output.p && to->last_fields.p && to->last_host.p && to->last_time.p &&
			       to->priority_text.p
		       ? 0
		       : -ENOMEM;
}

static int copy_distinct(const struct agg_memory *m, struct arena *arena, const struct agg_row *row,
			 struct result_row *to)
{
	uint64_t *counts = arena_alloc(arena, (m->n_distinct + 1) * sizeof(*counts));
	bool exact;

	if (!counts)
		return -ENOMEM;
	to->distinct_exact = true;
	for (uint32_t i = 0; row->distinct && i < m->n_distinct; i++) {
		counts[i] = distinct_count(&row->distinct[i], &exact);
		to->distinct_exact = to->distinct_exact && exact;
	}
	to->distinct = counts;
	to->hosts = distinct_count(&row->hosts, &to->hosts_exact);
	return 0;
}

static int copy_series(const struct agg_memory *m, struct arena *arena, const struct series *s,
		       const uint32_t **ret)
{
	uint32_t n = timeline_buckets(&m->timeline), *out;

	if (!m->query->timeline || !n)
		return 0;
	out = arena_alloc(arena, n * sizeof(*out));
	if (!out)
		return -ENOMEM;
	series_fill(s, &m->timeline, out);
	*ret = out;
	return 0;
}

static int copy_row(const struct agg_memory *m, struct arena *arena, const struct agg_row *row,
		    struct result_row *to)
{
	to->count = row->count;
	to->error = row->error;
	to->priority = row->priority;
	to->first = row->first;
	to->last = row->last;
	to->per_hour = rate_of(row);
	to->burst = row->burst_best;
	to->burst_at = row->burst_at;
	if (copy_keys(m, arena, row, to) < 0 || copy_last(arena, row, to) < 0 ||
	    copy_distinct(m, arena, row, to) < 0)
		return -ENOMEM;
	return copy_series(m, arena, &row->series, &to->timeline);
}

static const char *const *copy_names(struct arena *arena, const struct column *columns, uint32_t n)
{
	const char **names = arena_alloc(arena, (n + 1) * sizeof(*names));

	for (uint32_t i = 0; names && i < n; i++) {
		names[i] = arena_strdup(arena, columns[i].name);
		if (!names[i])
			return NULL;
	}
	return names;
}

static int fill(const struct agg_memory *m, const struct pick *picks, uint32_t n,
		struct result *ret)
{
	bool exact;

	ret->n_rows = m->query->top ? MIN(n, m->query->top) : n;
	ret->rows = arena_alloc(&ret->arena, ret->n_rows * sizeof(*ret->rows) + 1);
	ret->by = copy_names(&ret->arena, m->by, m->n_by);
	ret->distinct = copy_names(&ret->arena, m->distinct, m->n_distinct);
	if (!ret->rows || !ret->by || !ret->distinct)
		return -ENOMEM;
	for (uint32_t i = 0; i < ret->n_rows; i++) {
		if (copy_row(m, &ret->arena, picks[i].row, &ret->rows[i]) < 0)
			return -ENOMEM;
		ret->shown += picks[i].row->count;
	}
	ret->n_by = m->n_by;
	ret->n_distinct = m->n_distinct;
	ret->exact = !m->cms;
	ret->n_groups = m->cms && !m->query->rare_max && !m->query->new_since
				? distinct_count(&m->keys, &exact)
				: n;
	ret->selected = m->selected;
	ret->max_error = m->floor;
	ret->distinct_error = DISTINCT_ERROR;
	ret->first = m->first;
	ret->last = m->last;
	ret->burst_window = m->burst;
	ret->bucket = timeline_bucket(&m->timeline);
	if (m->query->timeline) {
		ret->n_buckets = timeline_buckets(&m->timeline);
		ret->timeline_start = m->timeline.from * ret->bucket;
	}
	return copy_series(m, &ret->arena, &m->all, &ret->timeline);
}

int agg_memory_result(void *state, struct result *ret_result)
{
	const struct agg_memory *m = state;
	struct pick *picks = NULL;
	uint32_t n;
	int r = pick_rows(m, &picks, &n);

	if (r == 0)
		r = fill(m, picks, n, ret_result);
	free(picks);
	return r;
}
