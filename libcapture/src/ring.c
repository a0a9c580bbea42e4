// SPDX-License-Identifier: Apache-2.0
/* Reading and merging ring buffers; see ring.h for who owns what. */
#include "ring.h"

#include <assert.h>

/* Done-with bytes that are given back at once: an eighth of the ring, so that writers find room. */
#define PUBLISH_SHARE 8

void capture_ring_init(struct capture_ring *ring, const void *data, uint64_t size,
		       uint64_t *consumer, const uint64_t *producer, uint16_t cpu)
{
	assert(size && !(size & (size - 1)));
	memset(ring, 0, sizeof(*ring));
	ring->data = data;
	ring->mask = size - 1;
	ring->consumer = consumer;
	ring->producer = producer;
	ring->cpu = cpu;
	ring->at = ring->published = ring->known = *consumer;
}

static uint64_t record_size(uint32_t len)
{
	return ((uint64_t)len + CAPTURE_RING_HEADER + 7) & ~UINT64_C(7);
}

const struct saker_event *capture_ring_peek(struct capture_ring *ring)
{
	if (ring->head)
		return ring->head;
	for (;;) {
		const uint8_t *record;
		uint32_t len;

		if (ring->at >= ring->known) {
			/* Pairs with the release of a reservation: the header behind it is visible.
			 */
			ring->known = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
			if (ring->at >= ring->known)
				return NULL;
		}
		record = ring->data + (ring->at & ring->mask);
		/* Pairs with the release of a commit: the bytes behind it are visible. */
		len = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		if (len & CAPTURE_RING_BUSY)
			return NULL;
		if (!(len & CAPTURE_RING_DISCARD) && len >= sizeof(struct saker_event)) {
			ring->head = (const struct saker_event *)(record + CAPTURE_RING_HEADER);
			return ring->head;
		}
		ring->at += record_size(len & ~CAPTURE_RING_DISCARD);
	}
}

void capture_ring_advance(struct capture_ring *ring)
{
	const uint8_t *record = ring->data + (ring->at & ring->mask);

	assert(ring->head);
	ring->at += record_size(*(const uint32_t *)record);
	ring->head = NULL;
	if (ring->at - ring->published > ring->mask / PUBLISH_SHARE)
		capture_ring_publish(ring);
}

void capture_ring_publish(struct capture_ring *ring)
{
	if (ring->published == ring->at)
		return;
	/* The kernel may overwrite what lies before it from now on: all our reads come first. */
	__atomic_store_n(ring->consumer, ring->at, __ATOMIC_RELEASE);
	ring->published = ring->at;
}

/* ---- merging ------------------------------------------------------------------ */

int capture_merge_init(struct capture_merge *merge, struct capture_ring *rings, uint32_t n)
{
	memset(merge, 0, sizeof(*merge));
	merge->heap = calloc(n ? n : 1, sizeof(*merge->heap));
	if (!merge->heap)
		return -ENOMEM;
	merge->rings = rings;
	merge->n = n;
	return 0;
}

void capture_merge_fini(struct capture_merge *merge)
{
	free(merge->heap);
	memset(merge, 0, sizeof(*merge));
}

static uint64_t heap_ts(const struct capture_merge *merge, uint32_t i)
{
	return merge->rings[merge->heap[i]].head->ts;
}

static void heap_swap(struct capture_merge *merge, uint32_t a, uint32_t b)
{
	uint32_t ring = merge->heap[a];

	merge->heap[a] = merge->heap[b];
	merge->heap[b] = ring;
}

static void heap_up(struct capture_merge *merge, uint32_t i)
{
	while (i && heap_ts(merge, i) < heap_ts(merge, (i - 1) / 2)) {
		heap_swap(merge, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static void heap_down(struct capture_merge *merge, uint32_t i)
{
	for (;;) {
		uint32_t left = 2 * i + 1, right = left + 1, least = i;

		if (left < merge->n_heap && heap_ts(merge, left) < heap_ts(merge, least))
			least = left;
		if (right < merge->n_heap && heap_ts(merge, right) < heap_ts(merge, least))
			least = right;
		if (least == i)
			return;
		heap_swap(merge, i, least);
		i = least;
	}
}

/* Moves on from the event that the user had. */
static void let_go(struct capture_merge *merge)
{
	struct capture_ring *ring;

	if (!merge->held)
		return;
	merge->held = false;
	ring = &merge->rings[merge->heap[0]];
	capture_ring_advance(ring);
	if (!capture_ring_peek(ring)) {
		/* What is left unpublished would look like data to whoever polls the ring. */
		capture_ring_publish(ring);
		merge->n_heap--;
		merge->heap[0] = merge->heap[merge->n_heap];
	}
	if (merge->n_heap)
		heap_down(merge, 0);
}

void capture_merge_look(struct capture_merge *merge, uint64_t horizon)
{
	uint32_t i;

	let_go(merge);
	if (merge->n_heap < merge->n) {
		for (i = 0; i < merge->n; i++) {
			if (merge->rings[i].head || !capture_ring_peek(&merge->rings[i]))
				continue;
			merge->heap[merge->n_heap++] = i;
			heap_up(merge, merge->n_heap - 1);
		}
	}
	merge->horizon = MAX(merge->horizon, horizon);
}

const struct saker_event *capture_merge_next(struct capture_merge *merge, uint16_t *ret_cpu)
{
	const struct capture_ring *ring;

	let_go(merge);
	if (!merge->n_heap)
		return NULL;
	ring = &merge->rings[merge->heap[0]];
	if (merge->n_heap < merge->n && ring->head->ts > merge->horizon)
		return NULL;
	if (ring->head->ts < merge->last_ts)
		merge->out_of_order++;
	else
		merge->last_ts = ring->head->ts;
	merge->held = true;
	*ret_cpu = ring->cpu;
	return ring->head;
}

uint64_t capture_merge_oldest(struct capture_merge *merge)
{
	let_go(merge);
	return merge->n_heap ? heap_ts(merge, 0) : UINT64_MAX;
}

void capture_merge_release(struct capture_merge *merge)
{
	uint32_t i;

	let_go(merge);
	for (i = 0; i < merge->n; i++)
		capture_ring_publish(&merge->rings[i]);
}
