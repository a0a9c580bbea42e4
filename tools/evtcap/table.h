/* SPDX-License-Identifier: Apache-2.0 */
/* Counters by text, bounded: what is past the bound is counted together. */
#ifndef EVTCAP_TABLE_H
#define EVTCAP_TABLE_H

#include "common/util.h"

#define TABLE_MAX 65536	   /* rows */
#define TABLE_KEY_MAX 1024 /* bytes of a key; a longer one is cut */

struct table_row {
	char *key;
	uint32_t len;
	uint32_t hash;
	uint64_t events;
	uint64_t bytes;
	uint64_t new_events; /* since table_age() */
	uint64_t new_bytes;
};

struct table {
	struct table_row *rows;
	uint32_t n;
	uint32_t capacity;
	uint32_t *slots; /* 1 + index of a row; 0 = free */
	uint32_t n_slots;
	uint64_t other_events; /* of rows that there was no room for */
	uint64_t other_bytes;
};

enum table_order { TABLE_EVENTS, TABLE_BYTES, TABLE_NEW_EVENTS, TABLE_NEW_BYTES };

/* -ENOMEM. */
int table_count(struct table *table, const char *key, size_t len, uint64_t events, uint64_t bytes);
/* Starts the new_ counters again; when half full, rows without any in this round go. */
void table_age(struct table *table);
/* Most first, equals by key. Rows move: no table_count() finds them until table_age(). */
void table_sort(struct table *table, enum table_order order);
void table_fini(struct table *table);

#endif /* EVTCAP_TABLE_H */
