/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's end of the kernel's BPF ring buffers, and the merge of several
 * into one stream in order of time. Events are handed out where they lie; a
 * ring's reader position moves on lazily. Knows no file descriptors: a test can
 * lay a ring out in plain memory.
 *
 * The layout (kernel/bpf/ringbuf.c): positions count bytes and never wrap; a
 * record is a u32 length with two flags in its top bits, a u32 that is not ours
 * to read, then the bytes, all padded to 8. The data area is mapped twice in a
 * row, so that no record is ever split.
 */
#ifndef CAPTURE_RING_H
#define CAPTURE_RING_H

#include <saker/event.h>

#include "common/util.h"

#define CAPTURE_RING_HEADER 8
#define CAPTURE_RING_BUSY (UINT32_C(1) << 31)	 /* reserved, not yet written */
#define CAPTURE_RING_DISCARD (UINT32_C(1) << 30) /* given up by its writer */

/*
 * Records of a shared ring that are looked at together: how far one can have
 * overtaken another. A writer may be held up (an interrupt, a hypervisor)
 * between taking the time and taking its place; what the others write in the
 * two milliseconds that events are held back for fits in here.
 */
#define CAPTURE_RING_WINDOW 4096

struct capture_record {
	const struct saker_event *event; /* NULL: handed out already */
	uint64_t ts;
	uint64_t end; /* the position behind it */
};

struct capture_window {
	struct capture_record records[CAPTURE_RING_WINDOW]; /* as they lie, by number */
	uint32_t heap[CAPTURE_RING_WINDOW];		    /* numbers, the oldest on top */
	uint32_t first;					    /* number of the first one */
	uint32_t n;
	uint32_t n_heap;
	uint64_t end; /* position behind the last one */
};

struct capture_ring {
	const uint8_t *data;
	uint64_t mask;			/* size - 1 */
	uint64_t *consumer;		/* shared: what we have done with */
	const uint64_t *producer;	/* shared: what has been reserved */
	uint64_t at;			/* our position: the head, once there is one */
	uint64_t known;			/* the producer's position when we last looked */
	uint64_t published;		/* what we last told the kernel */
	const struct saker_event *head; /* the oldest event; NULL = none seen */
	uint16_t cpu;
	/*
	 * Written by several CPUs: an event's time is taken before its place, so
	 * records can stand in another order than their times. The records in
	 * [at, window->end), of which the head is the oldest left.
	 */
	struct capture_window *window; /* NULL: one writer only */
};

/*
 * size: bytes of the data area, a power of two. window: the caller's, for a ring
 * that more than one CPU writes to; else NULL.
 */
void capture_ring_init(struct capture_ring *ring, const void *data, uint64_t size,
		       uint64_t *consumer, const uint64_t *producer, uint16_t cpu,
		       struct capture_window *window);

/* Finds the head. NULL: nothing there, or the oldest record is still being written. */
const struct saker_event *capture_ring_peek(struct capture_ring *ring);

/* The companion in the record of an event (of `len` bytes) found in a ring; NULL: it has none. */
static inline const struct saker_event *capture_ring_companion(const struct saker_event *event,
							       uint32_t len)
{
	const uint8_t *at = (const uint8_t *)event;
	uint32_t room = *(const uint32_t *)(at - CAPTURE_RING_HEADER);
	const struct saker_event *companion = (const void *)(at + len);

	if (likely(room < len + sizeof(struct saker_event)))
		return NULL;
	return companion->len <= room - len ? companion : NULL;
}

/* Is done with the head. */
void capture_ring_advance(struct capture_ring *ring);

/* Gives back to the kernel what we are done with. */
void capture_ring_publish(struct capture_ring *ring);

/* ---- merging ------------------------------------------------------------------ */

struct capture_merge {
	struct capture_ring *rings; /* n, the caller's */
	uint32_t n;
	uint32_t *heap; /* indexes of rings that have a head, the oldest on top */
	uint32_t n_heap;
	bool held;	  /* the top's head is with the user */
	bool shared;	  /* some ring is: its head alone says little of what is still to come */
	uint64_t horizon; /* nothing older than this is still to come */
	uint64_t last_ts;
	uint64_t out_of_order; /* handed out behind a younger one */
};

int capture_merge_init(struct capture_merge *merge, struct capture_ring *rings, uint32_t n);
void capture_merge_fini(struct capture_merge *merge);

/* Looks at all rings that had nothing. Events up to horizon are then free to go. */
void capture_merge_look(struct capture_merge *merge, uint64_t horizon);

/*
 * The oldest event, if no older one can come any more: every ring has
 * something later (and none is shared), or it is older than the horizon. NULL
 * otherwise. It stays
 * valid until the next call on this merge.
 */
const struct saker_event *capture_merge_next(struct capture_merge *merge, uint16_t *ret_cpu);

/* The time of the oldest event that waits; UINT64_MAX: none does. */
uint64_t capture_merge_oldest(struct capture_merge *merge);

/* Lets go of the event handed out last, and of all room in the rings that is ours. */
void capture_merge_release(struct capture_merge *merge);

#endif /* CAPTURE_RING_H */
