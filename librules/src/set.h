/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of byte strings, and rows: which of a group's predicates hold. All the
 * equality tests on one field share one set; a look-up gives the row of the
 * value, which says for all of them at once whether they hold. Apart from the
 * predicates so that it can be measured and tested by itself.
 */
#ifndef RULES_SET_H
#define RULES_SET_H

#include "common/arena.h"
#include "common/hash.h"
#include "common/util.h"

#define RULES_ROW_NONE 0u /* the row that holds nothing */

/* An open-addressed table of ids; keys stay with the caller. */
struct rules_index {
	struct rules_index_slot {
		uint32_t hash;
		uint32_t id; /* + 1; 0 = empty */
	} * slots;
	uint32_t n;
	uint32_t capacity; /* power of two */
};

void rules_index_fini(struct rules_index *index);
/* Room for one more; -ENOMEM. */
int rules_index_reserve(struct rules_index *index);
/* Only after a reserve. */
void rules_index_add(struct rules_index *index, uint32_t hash, uint32_t id);

/* for every id with this hash; the body compares keys */
#define RULES_INDEX_FOR_EACH(index, h, i, ret_id)                                              \
	for (uint32_t i = (index)->capacity ? (h) & ((index)->capacity - 1) : 0;               \
	     (index)->capacity && (index)->slots[i].id; i = (i + 1) & ((index)->capacity - 1)) \
		if ((index)->slots[i].hash == (h) && (((ret_id) = (index)->slots[i].id - 1), true))

/*
 * Rows: interned sets of small numbers (a predicate's place in its group). While
 * they are built a row is a parent row plus one number, so that a value in a
 * thousand lists costs a thousand links and not half a million numbers; finish
 * writes out those that are in use.
 */
struct rules_rows {
	struct rules_rows_link {
		uint32_t parent;
		uint32_t local;
	} * links;
	uint32_t n_links;
	uint32_t capacity;
	struct rules_index index;
	/* after finish */
	uint32_t *start; /* n_rows + 1 of them, into locals */
	uint32_t *locals;
	uint32_t n_rows;
};

void rules_rows_fini(struct rules_rows *rows);
/* The row that holds all of `row` and local. */
int rules_rows_add(struct rules_rows *rows, uint32_t row, uint32_t local, uint32_t *ret_row);
/* All of `row` and of `other`. */
int rules_rows_join(struct rules_rows *rows, uint32_t row, uint32_t other, uint32_t *ret_row);
/*
 * Writes out the rows that `used` (n of them) names, renumbers these in place and
 * drops what only building needed.
 */
int rules_rows_finish(struct rules_rows *rows, uint32_t *const *used, const size_t *n,
		      size_t n_arrays);

static inline const uint32_t *rules_rows_get(const struct rules_rows *rows, uint32_t row,
					     uint32_t *ret_n)
{
	*ret_n = rows->start[row + 1] - rows->start[row];
	return rows->locals + rows->start[row];
}

/* Whether the row holds local. Rows are sorted. */
static inline bool rules_rows_has(const struct rules_rows *rows, uint32_t row, uint32_t local)
{
	uint32_t low = rows->start[row], high = rows->start[row + 1];

	while (high - low > 8) {
		uint32_t middle = low + (high - low) / 2;

		if (rows->locals[middle] <= local)
			low = middle;
		else
			high = middle;
	}
	for (; low < high; low++)
		if (rows->locals[low] == local)
			return true;
	return false;
}

/* As hash_bytes, but without a copy of variable size at the end: keys are short. */
static inline uint64_t rules_set_hash(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint64_t h = len * UINT64_C(0xa0761d6478bd642f);
	uint64_t a = 0, b = 0;

	while (len > 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		h = hash_mix(h ^ a ^ UINT64_C(0xe7037ed1a0b428db), b ^ h);
		p += 16;
		len -= 16;
	}
	if (len >= 8) {
		memcpy(&a, p, 8);
		memcpy(&b, p + len - 8, 8);
	} else if (len >= 4) {
		uint32_t x, y;

		memcpy(&x, p, 4);
		memcpy(&y, p + len - 4, 4);
		a = x;
		b = y;
	} else if (len) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1];
	}
	return hash_mix(h ^ a ^ UINT64_C(0x8ebc6af09c88c6e3), b ^ UINT64_C(0x589965cc75374cc3));
}

/* Of its length and both ends alone: a few loads, however long it is. */
static inline uint64_t rules_set_hash_ends(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint64_t a = 0, b = 0;

	if (likely(len >= 8)) {
		memcpy(&a, p, 8);
		memcpy(&b, p + len - 8, 8);
	} else if (len >= 4) {
		uint32_t x, y;

		memcpy(&x, p, 4);
		memcpy(&y, p + len - 4, 4);
		a = x;
		b = y;
	} else if (len) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1];
	}
	return hash_mix(a ^ UINT64_C(0x8ebc6af09c88c6e3), b ^ len ^ UINT64_C(0x589965cc75374cc3));
}

/* Whether two texts of one length are the same; nothing behind them is read. */
static inline bool rules_set_same(const char *a, const char *b, size_t len)
{
	uint64_t x, y;
	size_t i;

	if (len < 8) {
		for (i = 0; i < len; i++)
			if (a[i] != b[i])
				return false;
		return true;
	}
	for (i = 0; i + 8 < len; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	memcpy(&x, a + len - 8, 8);
	memcpy(&y, b + len - 8, 8);
	return x == y;
}

/*
 * A set of byte strings (at most 4 GiB of them), each with its row. A small one
 * hashes the ends of keys, until there are many keys or many with the same ends.
 */
struct rules_set {
	uint8_t *tags;	 /* one byte a slot, 0 = empty: what a miss touches */
	uint32_t *slots; /* index into entries */
	uint32_t capacity;
	struct rules_set_entry {
		uint32_t offset;
		uint32_t len;
		uint32_t hash;
	} * entries;
	uint32_t *entry_rows;
	uint32_t n;
	uint32_t room;
	uint32_t rows_room;
	char *bytes;
	size_t n_bytes;
	size_t bytes_room;
	uint64_t lengths; /* of the keys, as bits; the last one: 63 and more */
	bool whole;	  /* hashes all of a key */
	struct rules_rows rows;
};

void rules_set_fini(struct rules_set *set);
/* Room for n more keys of so many bytes in all: long lists need no growing by copies. */
int rules_set_reserve(struct rules_set *set, size_t n, size_t n_bytes);
/* Says that a key belongs to `local`. -E2BIG past 4 GiB of keys. */
int rules_set_add(struct rules_set *set, const void *key, size_t len, uint32_t local);
int rules_set_finish(struct rules_set *set);

static inline uint8_t rules_set_tag(uint64_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 56);

	return tag ? tag : 1;
}

/* The key's row, RULES_ROW_NONE when it is in no list. */
static inline uint32_t rules_set_lookup(const struct rules_set *set, const void *key, size_t len)
{
	uint32_t mask = set->capacity - 1;
	uint64_t hash;
	uint8_t tag;

	if (!(set->lengths >> MIN(len, 63) & 1))
		return RULES_ROW_NONE;
	hash = unlikely(set->whole) ? rules_set_hash(key, len) : rules_set_hash_ends(key, len);
	tag = rules_set_tag(hash);
	for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
		const struct rules_set_entry *e;

		if (!set->tags[i])
			return RULES_ROW_NONE;
		if (likely(set->tags[i] != tag))
			continue;
		e = &set->entries[set->slots[i]];
		if (e->len == len && rules_set_same(set->bytes + e->offset, key, len))
			return set->entry_rows[set->slots[i]];
	}
}

#endif /* RULES_SET_H */
