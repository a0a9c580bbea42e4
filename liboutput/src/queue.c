/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink's queue: a ring of references to shared messages, bounded in number
 * and in bytes. What it refuses is counted and becomes a gap that travels with
 * the next message it accepts.
 */
#include "sink.h"

int output_queue_init(struct output_sink *sink, uint32_t capacity)
{
	pthread_condattr_t attr;

	sink->capacity = MIN(capacity ? capacity : OUTPUT_DEFAULT_CAPACITY, OUTPUT_MAX_CAPACITY);
	sink->ring = calloc(sink->capacity, sizeof(*sink->ring));
	if (!sink->ring)
		return -ENOMEM;
	pthread_mutex_init(&sink->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sink->wake, &attr);
	pthread_cond_init(&sink->idle, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

void output_queue_fini(struct output_sink *sink)
{
	if (!sink->ring)
		return;
	for (uint32_t i = 0; i < sink->n; i++)
		output_message_unref(sink->ring[(sink->head + i) % sink->capacity].message);
	free(sink->ring);
	sink->ring = NULL;
	pthread_cond_destroy(&sink->idle);
	pthread_cond_destroy(&sink->wake);
	pthread_mutex_destroy(&sink->lock);
}

/* Whether the worker has a reason to get up: buffered sinks wait for a batch. */
static bool worth_waking(const struct output_sink *sink)
{
	return !sink->buffered || sink->n == 1 || sink->bytes >= OUTPUT_BATCH_BYTES ||
	       sink->n >= sink->capacity / 2;
}

void output_queue_push(struct output_sink *sink, struct output_message *message, uint64_t time)
{
	uint32_t len = message ? message->len : 0;

	pthread_mutex_lock(&sink->lock);
	if (sink->broken || sink->ended) {
		sink->failed++; /* and nobody there to be told of a gap */
	} else if (!message || sink->n == sink->capacity ||
		   (sink->n && sink->bytes + len > OUTPUT_MAX_QUEUE_BYTES)) {
		sink->dropped++;
		if (!sink->gap.n++)
			sink->gap.since = time;
	} else {
		struct output_entry *e = &sink->ring[(sink->head + sink->n) % sink->capacity];

		atomic_fetch_add(&message->refs, 1);
		e->message = message;
		e->gap = sink->gap;
		sink->gap = (struct output_gap){0};
		sink->bytes += len;
		sink->n++;
		if (sink->waiting && worth_waking(sink))
			pthread_cond_signal(&sink->wake);
	}
	pthread_mutex_unlock(&sink->lock);
}

uint32_t output_queue_take(struct output_sink *sink, struct output_entry *entries, uint32_t max,
			   size_t max_bytes)
{
	size_t bytes = 0;
	uint32_t n = 0;

	while (n < max && sink->n) {
		struct output_entry *e = &sink->ring[sink->head];

		if (n && bytes + e->message->len > max_bytes)
			break;
		bytes += e->message->len;
		entries[n++] = *e;
		sink->head = (sink->head + 1) % sink->capacity;
		sink->n--;
	}
	sink->bytes -= bytes;
	return n;
}
