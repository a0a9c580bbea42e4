/* SPDX-License-Identifier: Apache-2.0 */
/* Counting: the way of one alert into its row. */
#include "aggregate_memory.h"
#include "common/hash.h"

static int memory_open(const struct query *query, const struct column *columns, void **ret_state)
{
	struct agg_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->query = query;
	m->n_by = query->n_by ? query->n_by : 1;
	m->n_distinct = query->n_distinct;
	m->by = columns;
	m->distinct = columns + m->n_by;
	m->burst = query->burst ? query->burst : AGG_DEFAULT_BURST;
	m->memory_max = query->memory_max ? query->memory_max : AGG_DEFAULT_MEMORY;
	timeline_init(&m->timeline, query->bucket);
	if (agg_rehash(m, 1024) < 0) {
		free(m);
		return -ENOMEM;
	}
	*ret_state = m;
	return 0;
}

void agg_row_fini(struct agg_memory *m, struct agg_row *row)
{
	m->memory -= sizeof(*row) + row->key_len + 16 + row->details.capacity +
		     distinct_memory(&row->hosts) + row->series.capacity * sizeof(*row->series.v);
	m->details -= row->details.capacity;
	for (uint32_t i = 0; row->distinct && i < m->n_distinct; i++) {
		m->memory -= distinct_memory(&row->distinct[i]) + sizeof(*row->distinct);
		distinct_fini(&row->distinct[i]);
	}
	free(row->distinct);
	free(row->key);
	free(row->details.p);
	distinct_fini(&row->hosts);
	series_fini(&row->series);
	memset(row, 0, sizeof(*row));
}

static void memory_close(void *state)
{
	struct agg_memory *m = state;

	if (!m)
		return;
	for (uint32_t i = 0; i < m->used; i++) {
		if (agg_row_at(m, i)->key)
			agg_row_fini(m, agg_row_at(m, i));
	}
	for (uint32_t i = 0; i < m->n_chunks; i++)
		free(m->chunks[i]);
	free(m->chunks);
	free(m->slots);
	free(m->dirty);
	free(m->cms);
	distinct_fini(&m->keys);
	series_fini(&m->all);
	textbuf_fini(&m->key);
	free(m);
}

/* ---- rows ---------------------------------------------------------------------- */

int agg_rehash(struct agg_memory *m, uint32_t n_slots)
{
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->used; i++) {
		struct agg_row *row = agg_row_at(m, i);
		uint32_t at;

		if (!row->key)
			continue;
		for (at = (uint32_t)row->hash & (n_slots - 1); slots[at];)
			at = (at + 1) & (n_slots - 1);
		slots[at] = i + 1;
	}
	m->memory += n_slots * sizeof(*slots) - m->n_slots * sizeof(*slots);
	free(m->slots);
	m->slots = slots;
	m->n_slots = n_slots;
	return 0;
}

static int more_rows(struct agg_memory *m)
{
	struct agg_row *chunk;

	if (m->free_rows || m->used < m->n_chunks * AGG_CHUNK)
		return 0;
	if (GROW(m->chunks, m->n_chunks, m->room_chunks) < 0)
		return -ENOMEM;
	chunk = calloc(AGG_CHUNK, sizeof(*chunk));
	if (!chunk)
		return -ENOMEM;
	m->chunks[m->n_chunks++] = chunk;
	return 0;
}

static struct agg_row *take_row(struct agg_memory *m, uint32_t *ret_number)
{
	struct agg_row *row = m->free_rows;

	if (!row) {
		*ret_number = m->used;
		return agg_row_at(m, m->used++);
	}
	m->free_rows = row->next_free;
	*ret_number = (uint32_t)row->count; /* where it stands; see agg_prune */
	memset(row, 0, sizeof(*row));
	return row;
}

static int new_row(struct agg_memory *m, const char *text, uint32_t len, uint64_t hash,
		   struct agg_row **ret_row)
{
	uint32_t at, number;
	struct agg_row *row;
	char *key;

	if (m->memory > m->memory_max && agg_prune(m) < 0)
		return -ENOMEM;
	if (m->n_rows + m->n_rows / 2 >= m->n_slots && agg_rehash(m, m->n_slots * 2) < 0)
		return -ENOMEM;
	key = malloc((size_t)len + 1);
	if (!key || more_rows(m) < 0) {
		free(key);
		return -ENOMEM;
	}
	memcpy(key, text, len);
	row = take_row(m, &number);
	row->key = key;
	row->key_len = len;
	row->hash = hash;
	m->memory += sizeof(*row) + row->key_len + 16;
	if (m->cms) {
		row->count = row->error = agg_before(m, hash);
		if (distinct_add(&m->keys, hash, &m->memory) < 0)
			return -ENOMEM;
	}
	for (at = (uint32_t)hash & (m->n_slots - 1); m->slots[at];)
		at = (at + 1) & (m->n_slots - 1);
	m->slots[at] = number + 1;
	m->n_rows++;
	*ret_row = row;
	return 0;
}

/* ---- the key of an alert ---------------------------------------------------------- */

static void put_key(struct textbuf *key, const struct saker_json_slice *s)
{
	uint8_t kind = s->kind ? s->kind : SAKER_JSON_NULL;
	uint32_t len = MIN(s->len, AGG_MAX_VALUE);
	size_t at = key->len;
	char head[5];

	/* null and not there are one: neither says anything. */
	if (kind == SAKER_JSON_NULL)
		len = 0;
	head[0] = (char)kind;
	memcpy(head + 1, &len, 4);
	textbuf_put(key, head, sizeof(head));
	textbuf_put(key, s->text, len);
	if (likely(!s->escaped) || key->failed)
		return;
	/* Never longer than thrice as written: room is made, then taken back. */
	for (int i = 0; i < 2; i++)
		textbuf_put(key, s->text, len);
	if (key->failed)
		return;
	len = (uint32_t)saker_json_unescape(&(struct saker_json_slice){s->text, len, s->kind, 1},
					    key->p + at + 5, 3 * (size_t)len);
	memcpy(key->p + at + 1, &len, 4);
	key->len = at + 5 + len;
}

int agg_row_of(struct agg_memory *m, const char *key, uint32_t len, uint64_t hash,
	       struct agg_row **ret_row, bool *ret_fresh)
{
	uint32_t at;

	*ret_fresh = false;
	for (at = (uint32_t)hash & (m->n_slots - 1); m->slots[at];
	     at = (at + 1) & (m->n_slots - 1)) {
		struct agg_row *row = agg_row_at(m, m->slots[at] - 1);

		if (row->hash == hash && row->key_len == len && memcmp(row->key, key, len) == 0) {
			*ret_row = row;
			return 0;
		}
	}
	*ret_fresh = true;
	return new_row(m, key, len, hash, ret_row);
}

static int find_row(struct agg_memory *m, const struct record *record, struct agg_row **ret_row)
{
	bool fresh;

	m->key.len = 0;
	for (uint32_t i = 0; i < m->n_by; i++) {
		struct saker_json_slice s = column_get(&m->by[i], record);

		put_key(&m->key, &s);
	}
	if (m->key.failed)
		return -ENOMEM;
	return agg_row_of(m, m->key.p, (uint32_t)m->key.len, hash_bytes(m->key.p, m->key.len, 0),
			  ret_row, &fresh);
}

/* ---- an alert ------------------------------------------------------------------------ */

/* In input order: what comes late for a window that is over is not put into it. */
static void count_burst(struct agg_row *row, uint64_t time, uint64_t width)
{
	/* Mostly it is the same window: then nothing is divided. */
	uint64_t bucket =
		time - row->burst_bucket * width < width ? row->burst_bucket : time / width;

	if (bucket == row->burst_bucket) {
		row->burst_n++;
	} else if (bucket > row->burst_bucket) {
		row->burst_bucket = bucket;
		row->burst_n = 1;
	} else {
		return;
	}
	if (row->burst_n > row->burst_best) {
		row->burst_best = row->burst_n;
		row->burst_at = bucket * width;
	}
}

static uint64_t hash_slice(const struct saker_json_slice *s)
{
	return hash_bytes(s->text, s->len, s->kind);
}

static int count_distinct(struct agg_memory *m, struct agg_row *row, const struct record *record)
{
	if (!row->distinct) {
		row->distinct = calloc(m->n_distinct, sizeof(*row->distinct));
		if (!row->distinct)
			return -ENOMEM;
		m->memory += m->n_distinct * sizeof(*row->distinct);
	}
	for (uint32_t i = 0; i < m->n_distinct; i++) {
		struct saker_json_slice s = column_get(&m->distinct[i], record);

		if (s.kind == SAKER_JSON_NONE || s.kind == SAKER_JSON_NULL)
			continue;
		if (distinct_add(&row->distinct[i], hash_slice(&s), &m->memory) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int count_time(struct agg_memory *m, struct agg_row *row, uint64_t time)
{
	size_t before = row->series.capacity;
	int r;

	if (!row->first || time < row->first)
		row->first = time;
	if (time > row->last)
		row->last = time;
	if (!m->first || time < m->first)
		m->first = time;
	if (time > m->last)
		m->last = time;
	if (!m->query->no_burst)
		count_burst(row, time, m->burst);
	if (!m->query->timeline)
		return 0;
	r = series_add(&row->series, &m->timeline, time);
	m->memory += (row->series.capacity - before) * sizeof(*row->series.v);
	return r < 0 ? r : series_add(&m->all, &m->timeline, time);
}

/* Pointers into the line for now; the last one before settle() is the one that is copied. */
static int note_last(struct agg_memory *m, struct agg_row *row, const struct record *record)
{
	const struct saker_scanned *a = record->alert;

	row->piece = m->piece;
	row->priority = record->priority;
	row->last_output = a->output;
	row->last_fields = a->output_fields;
	row->last_host = record->host;
	row->time_len = (uint8_t)MIN(a->time.len, AGG_TIME_TEXT);
	if (row->time_len)
		memcpy(row->time, a->time.text, row->time_len);
	row->priority_len = (uint8_t)MIN(a->priority.len, AGG_PRIORITY_TEXT);
	if (row->priority_len)
		memcpy(row->priority_text, a->priority.text, row->priority_len);
	if (row->dirty)
		return 0;
	if (GROW(m->dirty, m->n_dirty, m->room_dirty) < 0)
		return -ENOMEM;
	m->dirty[m->n_dirty++] = row;
	row->dirty = true;
	return 0;
}

static int memory_add(void *state, const struct record *record)
{
	struct agg_memory *m = state;
	struct agg_row *row;
	int r = find_row(m, record, &row);

	if (unlikely(r < 0))
		return r;
	row->count++;
	m->selected++;
	r = note_last(m, row, record);
	if (r == 0 && record->time)
		r = count_time(m, row, record->time);
	if (r == 0 && record->host.len)
		r = distinct_add(&row->hosts, hash_bytes(record->host.p, record->host.len, 0),
				 &m->memory);
	if (r == 0 && m->n_distinct)
		r = count_distinct(m, row, record);
	return r;
}

/* ---- keeping what lines go away with --------------------------------------------------- */

static void keep_details(struct agg_memory *m, struct agg_row *row)
{
	struct agg_details *d = &row->details;
	uint64_t len = (uint64_t)row->last_output.len + row->last_fields.len + row->last_host.len;
	char *p;

	if (len > d->capacity) {
		/* Only what the budget has room for; a huge line does not push out the rest. */
		if (m->details + len - d->capacity > m->memory_max / 2)
			return;
		p = realloc(d->p, len);
		if (!p)
			return;
		m->memory += len - d->capacity;
		m->details += len - d->capacity;
		d->p = p;
		d->capacity = (uint32_t)len;
	}
	d->output_len = row->last_output.len;
	d->fields_len = row->last_fields.len;
	d->host_len = row->last_host.len;
	d->output_escaped = row->last_output.escaped;
	p = d->p;
	if (d->output_len)
		p = mempcpy(p, row->last_output.text, d->output_len);
	if (d->fields_len)
		p = mempcpy(p, row->last_fields.text, d->fields_len);
	if (d->host_len)
		memcpy(p, row->last_host.p, d->host_len);
}

static int memory_settle(void *state)
{
	struct agg_memory *m = state;

	for (uint32_t i = 0; i < m->n_dirty; i++) {
		keep_details(m, m->dirty[i]);
		m->dirty[i]->dirty = false;
	}
	m->n_dirty = 0;
	return 0;
}

static size_t memory_size(const void *state)
{
	return ((const struct agg_memory *)state)->memory;
}

const struct aggregate_backend aggregate_memory = {
	.name = "memory",
	.summary = "exact within a bound of memory, then estimated from above",
	.open = memory_open,
	.add = memory_add,
	.settle = memory_settle,
	.result = agg_memory_result,
	.memory = memory_size,
	.close = memory_close,
};
