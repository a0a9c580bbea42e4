/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of bytes: each line behind a head that says how long it is and what was
 * around it. The oldest go when room is needed; an entry never wraps.
 */
#include "keep.h"

#define KEEP_ALIGN 16

struct entry {
	uint32_t size; /* with the head, rounded up; 0 = the rest of the ring is not used */
	uint32_t len;  /* of the line */
	uint32_t host_len;
	uint64_t time;
	uint64_t number;
	const char *input; /* lives as the session does */
};

struct keep {
	char *ring;
	size_t size;
	size_t head; /* the oldest */
	size_t tail; /* where the next goes */
	uint64_t n;
	uint64_t lost;
};

int keep_new(size_t bytes, struct keep **ret)
{
	struct keep *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->size = MAX(bytes, 4096) & ~(size_t)(KEEP_ALIGN - 1);
	k->ring = malloc(k->size); /* the kernel gives pages as they are used */
	if (!k->ring) {
		free(k);
		return -ENOMEM;
	}
	*ret = k;
	return 0;
}

static struct entry *entry_at(struct keep *k, size_t at)
{
	return (struct entry *)(void *)(k->ring + at);
}

/* The place of the entry at `at`, or the start when the rest is not used. */
static size_t settle_on(struct keep *k, size_t at)
{
	if (k->size - at < sizeof(struct entry) || entry_at(k, at)->size == 0)
		return 0;
	return at;
}

static void let_go(struct keep *k)
{
	k->head = settle_on(k, k->head);
	k->head += entry_at(k, k->head)->size;
	if (k->head == k->size)
		k->head = 0;
	k->n--;
	k->lost++;
}

/* Room for size bytes at the tail; goes to the start when the end is too near. */
static void make_room(struct keep *k, size_t size)
{
	if (k->size - k->tail < size) {
		/* What is between the tail and the end is the oldest: it goes. */
		while (k->n && settle_on(k, k->head) >= k->tail && k->head >= k->tail)
			let_go(k);
		if (k->size - k->tail >= sizeof(struct entry))
			entry_at(k, k->tail)->size = 0;
		k->tail = 0;
	}
	while (k->n && settle_on(k, k->head) >= k->tail && settle_on(k, k->head) < k->tail + size)
		let_go(k);
	if (!k->n)
		k->head = k->tail;
}

int keep_record(void *userdata, const struct record *record)
{
	const struct saker_scanned *a = record->alert;
	struct keep *k = userdata;
	size_t size = sizeof(struct entry) + (size_t)a->len + record->host.len;
	struct entry *e;

	size = (size + KEEP_ALIGN - 1) & ~(size_t)(KEEP_ALIGN - 1);
	if (size > k->size / 2) {
		k->lost++;
		return 0;
	}
	make_room(k, size);
	e = entry_at(k, k->tail);
	*e = (struct entry){(uint32_t)size, a->len,	    record->host.len,
			    record->time,   record->number, record->input};
	memcpy(e + 1, a->line, a->len);
	if (record->host.len)
		memcpy((char *)(e + 1) + a->len, record->host.p, record->host.len);
	k->tail += size;
	if (k->tail == k->size)
		k->tail = 0;
	k->n++;
	return 0;
}

int keep_replay(struct keep *k, struct reader *reader, const volatile int *stop)
{
	size_t at = k->head;
	int r = 0;

	for (uint64_t i = 0; i < k->n && r >= 0 && !(stop && *stop); i++) {
		struct stream stream = {0};
		struct unwrapped line;
		struct entry *e;

		at = settle_on(k, at);
		e = entry_at(k, at);
		line = (struct unwrapped){
			(char *)(e + 1), e->len, {(char *)(e + 1) + e->len, e->host_len}, e->time};
		stream.input = e->input;
		stream.number = e->number;
		r = reader_line(reader, &stream, &line);
		reader->stats.lines++;
		at += e->size;
		if (at == k->size)
			at = 0;
	}
	return r;
}

uint64_t keep_lost(const struct keep *k)
{
	return k->lost;
}

struct keep *keep_free(struct keep *k)
{
	if (!k)
		return NULL;
	free(k->ring);
	free(k);
	return NULL;
}
