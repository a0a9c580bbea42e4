/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set of byte strings behind =, in and intersects: open addressing with one
 * byte of the hash beside each slot, so that a miss in a list of a million costs
 * one access to a small array.
 */
#include "set.h"

#define SET_ENDS_KEYS 1024 /* of more keys all bytes are hashed... */
#define SET_ENDS_SAME 8	   /* ... and when so many have the same ends */

void rules_set_fini(struct rules_set *set)
{
	free(set->tags);
	free(set->slots);
	free(set->entries);
	free(set->entry_rows);
	free(set->bytes);
	rules_rows_fini(&set->rows);
	memset(set, 0, sizeof(*set));
}

static uint64_t set_hash(const struct rules_set *set, const void *key, size_t len)
{
	return set->whole ? rules_set_hash(key, len) : rules_set_hash_ends(key, len);
}

/* The slot of the key, or the free one where it would go; how many others hash alike. */
static bool set_find(const struct rules_set *set, const void *key, size_t len, uint64_t hash,
		     uint32_t *ret_slot, uint32_t *ret_alike)
{
	uint32_t mask = set->capacity - 1;
	uint8_t tag = rules_set_tag(hash);

	*ret_alike = 0;
	for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
		const struct rules_set_entry *e;

		if (!set->tags[i]) {
			*ret_slot = i;
			return false;
		}
		if (set->tags[i] != tag)
			continue;
		e = &set->entries[set->slots[i]];
		if (e->len == len && (!len || memcmp(set->bytes + e->offset, key, len) == 0)) {
			*ret_slot = i;
			return true;
		}
		*ret_alike += e->hash == (uint32_t)hash;
	}
}

static int set_rehash(struct rules_set *set, uint32_t capacity)
{
	uint32_t *slots;
	uint8_t *tags;

	slots = util_reallocarray(NULL, capacity, sizeof(*slots));
	tags = calloc(capacity, 1);
	if (!slots || !tags) {
		free(slots);
		free(tags);
		return -ENOMEM;
	}
	for (uint32_t j = 0; j < set->capacity; j++) {
		uint32_t i;

		if (!set->tags[j])
			continue;
		i = set->entries[set->slots[j]].hash & (capacity - 1);
		while (tags[i])
			i = (i + 1) & (capacity - 1);
		tags[i] = set->tags[j];
		slots[i] = set->slots[j];
	}
	free(set->tags);
	free(set->slots);
	set->tags = tags;
	set->slots = slots;
	set->capacity = capacity;
	return 0;
}

static int set_insert(struct rules_set *set, uint32_t slot, const void *key, size_t len,
		      uint64_t hash)
{
	if (set->n_bytes + len > UINT32_MAX)
		return -E2BIG;
	if (GROW(set->entries, set->n, set->room) < 0 ||
	    GROW(set->entry_rows, set->n, set->rows_room) < 0)
		return -ENOMEM;
	if (set->n_bytes + len > set->bytes_room) {
		size_t room = MAX(set->bytes_room * 2, set->n_bytes + len + 64);
		char *bytes = realloc(set->bytes, room);

		if (!bytes)
			return -ENOMEM;
		set->bytes = bytes;
		set->bytes_room = room;
	}
	if (len)
		memcpy(set->bytes + set->n_bytes, key, len);
	set->entries[set->n] =
		(struct rules_set_entry){(uint32_t)set->n_bytes, (uint32_t)len, (uint32_t)hash};
	set->entry_rows[set->n] = RULES_ROW_NONE;
	set->n_bytes += len;
	set->tags[slot] = rules_set_tag(hash);
	set->slots[slot] = set->n;
	set->lengths |= UINT64_C(1) << MIN(len, 63);
	set->n++;
	return 0;
}

/* From now on with all bytes of keys. */
static void set_hash_whole(struct rules_set *set)
{
	uint32_t mask = set->capacity - 1;

	set->whole = true;
	if (!set->capacity)
		return;
	memset(set->tags, 0, set->capacity);
	for (uint32_t k = 0; k < set->n; k++) {
		struct rules_set_entry *e = &set->entries[k];
		uint64_t hash = rules_set_hash(set->bytes + e->offset, e->len);
		uint32_t i = (uint32_t)hash & mask;

		e->hash = (uint32_t)hash;
		while (set->tags[i])
			i = (i + 1) & mask;
		set->tags[i] = rules_set_tag(hash);
		set->slots[i] = k;
	}
}

int rules_set_reserve(struct rules_set *set, size_t n, size_t n_bytes)
{
	uint64_t want = (uint64_t)set->n + n, capacity = MAX(set->capacity, 16);
	size_t want_bytes = set->n_bytes + n_bytes;
	void *p;

	if (want > UINT32_MAX / 4)
		return -E2BIG;
	while (capacity < want * 2)
		capacity *= 2;
	if (want > SET_ENDS_KEYS && !set->whole)
		set_hash_whole(set);
	/* the first list exactly, further ones in steps */
	if (set->n) {
		want = MAX(want, (uint64_t)set->n + set->n / 2);
		want_bytes = MAX(want_bytes, set->n_bytes + set->n_bytes / 2);
	}
	if (want > set->room) {
		p = util_reallocarray(set->entries, want, sizeof(*set->entries));
		if (!p)
			return -ENOMEM;
		set->entries = p;
		set->room = (uint32_t)want;
	}
	if (want > set->rows_room) {
		p = util_reallocarray(set->entry_rows, want, sizeof(*set->entry_rows));
		if (!p)
			return -ENOMEM;
		set->entry_rows = p;
		set->rows_room = (uint32_t)want;
	}
	if (want_bytes > set->bytes_room) {
		p = realloc(set->bytes, want_bytes);
		if (!p)
			return -ENOMEM;
		set->bytes = p;
		set->bytes_room = want_bytes;
	}
	return capacity > set->capacity ? set_rehash(set, (uint32_t)capacity) : 0;
}

int rules_set_add(struct rules_set *set, const void *key, size_t len, uint32_t local)
{
	uint32_t slot, alike;
	uint64_t hash;
	int r;

	if (len > UINT32_MAX)
		return -E2BIG;
	if (!set->capacity || set->n >= set->capacity - set->capacity / 2) {
		if (set->capacity > UINT32_MAX / 2)
			return -E2BIG;
		r = set_rehash(set, set->capacity ? set->capacity * 2 : 16);
		if (r < 0)
			return r;
	}
	if (set->n == SET_ENDS_KEYS && !set->whole)
		set_hash_whole(set);
	hash = set_hash(set, key, len);
	if (!set_find(set, key, len, hash, &slot, &alike)) {
		if (alike >= SET_ENDS_SAME && !set->whole) {
			set_hash_whole(set);
			hash = set_hash(set, key, len);
			set_find(set, key, len, hash, &slot, &alike);
		}
		r = set_insert(set, slot, key, len, hash);
		if (r < 0)
			return r;
	}
	return rules_rows_add(&set->rows, set->entry_rows[set->slots[slot]], local,
			      &set->entry_rows[set->slots[slot]]);
}

int rules_set_finish(struct rules_set *set)
{
	size_t n = set->n;
	int r = rules_rows_finish(&set->rows, &set->entry_rows, &n, 1);

	if (r < 0)
		return r;
	if (set->n_bytes) {
		char *bytes = realloc(set->bytes, set->n_bytes);

		if (bytes) {
			set->bytes = bytes;
			set->bytes_room = set->n_bytes;
		}
	}
	return 0;
}
