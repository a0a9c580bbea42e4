/* SPDX-License-Identifier: Apache-2.0 */
/* An open hash table over rows that lie one behind the other, so that they can be sorted. */
#include "table.h"

static uint32_t hash_of(const char *key, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 16777619u;
	return h ^ h >> 15;
}

static void put_slot(struct table *t, uint32_t row)
{
	uint32_t i = t->rows[row].hash & (t->n_slots - 1);

	while (t->slots[i])
		i = (i + 1) & (t->n_slots - 1);
	t->slots[i] = row + 1;
}

static void put_slots(struct table *t)
{
	memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
	for (uint32_t i = 0; i < t->n; i++)
		put_slot(t, i);
}

static int grow_slots(struct table *t)
{
	uint32_t n = t->n_slots ? t->n_slots * 2 : 64;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n;
	put_slots(t);
	return 0;
}

static struct table_row *find(const struct table *t, const char *key, size_t len, uint32_t hash)
{
	for (uint32_t i = hash; t->n_slots; i++) {
		uint32_t slot = t->slots[i & (t->n_slots - 1)];
		struct table_row *row = &t->rows[slot - 1];

		if (!slot)
			return NULL;
		if (row->hash == hash && row->len == len && memcmp(row->key, key, len) == 0)
			return row;
	}
	return NULL;
}

static struct table_row *add(struct table *t, const char *key, size_t len, uint32_t hash)
{
	struct table_row *row;
	char *copy;

	if ((t->n + 1) * 2 > t->n_slots && grow_slots(t) < 0)
		return NULL;
	if (GROW(t->rows, t->n, t->capacity) < 0)
		return NULL;
	copy = malloc(len + 1);
	if (!copy)
		return NULL;
	memcpy(copy, key, len);
	copy[len] = '\0';
	row = &t->rows[t->n];
	*row = (struct table_row){.key = copy, .len = (uint32_t)len, .hash = hash};
	put_slot(t, t->n++);
	return row;
}

int table_count(struct table *t, const char *key, size_t len, uint64_t events, uint64_t bytes)
{
	struct table_row *row;
	uint32_t hash;

	len = MIN(len, (size_t)TABLE_KEY_MAX);
	hash = hash_of(key, len);
	row = find(t, key, len, hash);
	if (!row && t->n == TABLE_MAX) {
		t->other_events += events;
		t->other_bytes += bytes;
		return 0;
	}
	if (!row)
		row = add(t, key, len, hash);
	if (!row)
		return -ENOMEM;
	row->events += events;
	row->bytes += bytes;
	row->new_events += events;
	row->new_bytes += bytes;
	return 0;
}

void table_age(struct table *t)
{
	bool shrink = t->n > TABLE_MAX / 2;
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		struct table_row *row = &t->rows[i];

		if (shrink && row->new_events == 0) {
			t->other_events += row->events;
			t->other_bytes += row->bytes;
			free(row->key);
			continue;
		}
		row->new_events = row->new_bytes = 0;
		t->rows[n++] = *row;
	}
	t->n = n;
	if (t->n_slots)
		put_slots(t);
}

static uint64_t measure(const struct table_row *row, enum table_order order)
{
	switch (order) {
	case TABLE_EVENTS:
		return row->events;
	case TABLE_BYTES:
		return row->bytes;
	case TABLE_NEW_EVENTS:
		return row->new_events;
	default:
		return row->new_bytes;
	}
}

static int compare(const void *a, const void *b, void *order)
{
	uint64_t x = measure(a, *(enum table_order *)order);
	uint64_t y = measure(b, *(enum table_order *)order);

	if (x != y)
		return x < y ? 1 : -1;
	return strcmp(((const struct table_row *)a)->key, ((const struct table_row *)b)->key);
}

void table_sort(struct table *t, enum table_order order)
{
	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare, &order);
}

void table_fini(struct table *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->rows[i].key);
	free(t->rows);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}
