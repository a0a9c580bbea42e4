// SPDX-License-Identifier: Apache-2.0
/* Reading and merging ring buffers; see ring.h for who owns what. */
#include "ring.h"

#include <assert.h>

/* Done-with bytes that are given back at once: an eighth of the ring, so that writers find room. */
#define PUBLISH_SHARE 8

void capture_ring_init(struct capture_ring *ring, const void *data, uint64_t size,
		       uint64_t *consumer, const uint64_t *producer, uint16_t cpu,
		       struct capture_window *window)
{
	assert(size && !(size & (size - 1)));
	memset(ring, 0, sizeof(*ring));
	ring->data = data;
	ring->mask = size - 1;
	ring->consumer = consumer;
	ring->producer = producer;
	ring->cpu = cpu;
	ring->at = ring->published = ring->known = *consumer;
	ring->window = window;
	if (window) {
		window->first = window->n = window->n_heap = 0;
		window->end = ring->at;
	}
}

static uint64_t record_size(uint32_t len)
{
	return ((uint64_t)len + CAPTURE_RING_HEADER + 7) & ~UINT64_C(7);
}

/* The event at or behind *at, which moves on to it; NULL: none, or it is still being written. */
static const struct saker_event *find_record(struct capture_ring *ring, uint64_t *at)
{
	for (;;) {
		const uint8_t *record;
		uint32_t len;

		if (*at >= ring->known) {
			/* Pairs with the release of a reservation: the header behind it is visible.
			 */
			ring->known = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
			if (*at >= ring->known)
				return NULL;
		}
		record = ring->data + (*at & ring->mask);
		/* Pairs with the release of a commit: the bytes behind it are visible. */
		len = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		if (len & CAPTURE_RING_BUSY)
			return NULL;
		if (!(len & CAPTURE_RING_DISCARD) && len >= sizeof(struct saker_event))
			return (const struct saker_event *)(record + CAPTURE_RING_HEADER);
		*at += record_size(len & ~CAPTURE_RING_DISCARD);
	}
}

static uint64_t record_end(const struct capture_ring *ring, uint64_t at)
{
	return at + record_size(*(const uint32_t *)(ring->data + (at & ring->mask)));
}

/* ---- a shared ring's window ----------------------------------------------------- */

static struct capture_record *window_record(struct capture_window *w, uint32_t number)
{
	return &w->records[number % CAPTURE_RING_WINDOW];
}

/* Of the same time the one that lies first goes first. */
static bool window_before(struct capture_window *w, uint32_t a, uint32_t b)
{
	uint64_t x = window_record(w, a)->ts, y = window_record(w, b)->ts;

	return x != y ? x < y : (int32_t)(a - b) < 0;
}

static void window_push(struct capture_window *w, uint32_t number)
{
	uint32_t i = w->n_heap++;

	while (i && window_before(w, number, w->heap[(i - 1) / 2])) {
		w->heap[i] = w->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->heap[i] = number;
}

static void window_pop(struct capture_window *w)
{
	uint32_t last = w->heap[--w->n_heap], i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= w->n_heap)
			break;
		if (child + 1 < w->n_heap && window_before(w, w->heap[child + 1], w->heap[child]))
			child++;
		if (!window_before(w, w->heap[child], last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = last;
}

/* Takes in what has come, then names the oldest. */
static const struct saker_event *peek_window(struct capture_ring *ring)
{
	struct capture_window *w = ring->window;

	while (w->n < CAPTURE_RING_WINDOW) {
		const struct saker_event *event = find_record(ring, &w->end);
		uint32_t number = w->first + w->n;

		if (!event)
			break;
		w->end = record_end(ring, w->end);
		*window_record(w, number) = (struct capture_record){event, event->ts, w->end};
		w->n++;
		window_push(w, number);
	}
	return w->n_heap ? window_record(w, w->heap[0])->event : NULL;
}

/* Only what stands in front of everything that is still wanted can be given back. */
static void advance_window(struct capture_ring *ring)
{
	struct capture_window *w = ring->window;

	window_record(w, w->heap[0])->event = NULL;
	window_pop(w);
	while (w->n && !window_record(w, w->first)->event) {
		ring->at = window_record(w, w->first)->end;
		w->first++;
		w->n--;
	}
}

/* ---- a ring ------------------------------------------------------------------------- */

const struct saker_event *capture_ring_peek(struct capture_ring *ring)
{
	if (!ring->head)
		ring->head = ring->window ? peek_window(ring) : find_record(ring, &ring->at);
	return ring->head;
}

void capture_ring_advance(struct capture_ring *ring)
{
	assert(ring->head);
	if (ring->window)
		advance_window(ring);
	else
		ring->at = record_end(ring, ring->at);
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
	while (n--)
		merge->shared |= rings[n].window != NULL;
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
	/* Something older than a shared ring's head may have come behind it. */
	if (merge->shared) {
		merge->n_heap = 0;
		for (i = 0; i < merge->n; i++)
			merge->rings[i].head = NULL;
	}
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
	if ((merge->n_heap < merge->n || merge->shared) && ring->head->ts > merge->horizon)
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
