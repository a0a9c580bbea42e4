/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nearly every block of a capture is: an event in the current form, all in
 * memory and without a flaw. Apart because it is the one hot part of reading
 * files: whatever is not just that is left to the engine, which says what is
 * wrong with it.
 */
#ifndef CAPTURE_SCAP_READY_H
#define CAPTURE_SCAP_READY_H

#include "scap_format.h"
#include "schema.h"

#include "schema/wire.h"

/* By code, the parameters that an event needs to be handed out as it lies. */
struct capture_ready {
	uint8_t least[SAKER_EVENT_CODES];
};

#define CAPTURE_READY_NEVER UINT8_MAX
#define CAPTURE_READY_AT (SCAP_BLOCK_HEADER + 2) /* where the event begins, behind its CPU */

static inline void capture_ready_init(struct capture_ready *ready)
{
	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = &capture_events[code];
		bool managed = info->flags & SAKER_EF_CONVERTER_MANAGED;

		ready->least[code] = CAPTURE_READY_NEVER;
		if (info->flags & (SAKER_EF_UNUSED | SAKER_EF_OLD_VERSION | SAKER_EF_LARGE_PAYLOAD))
			continue;
		if (info->category & SAKER_EC_ITER || (managed && code % 2 == 0))
			continue;
		ready->least[code] = managed ? (uint8_t)info->n_params : 0;
	}
}

/* The sum of n 16-bit numbers, four at a time: up to eight bytes behind them are read. */
static inline uint32_t capture_ready_sum(const uint8_t *lens, uint32_t n)
{
	const uint64_t even = UINT64_C(0x0000ffff0000ffff);
	uint64_t sum = 0, four;

	for (; n >= 4; n -= 4, lens += 8) {
		four = saker_load_u64(lens);
		sum += (four & even) + (four >> 16 & even);
	}
	four = saker_load_u64(lens) & ((UINT64_C(1) << 16 * n) - 1);
	sum += (four & even) + (four >> 16 & even);
	return (uint32_t)sum + (uint32_t)(sum >> 32);
}

/* The length of the block, whose event is at CAPTURE_READY_AT; 0 = it is not such a one. */
static inline uint32_t capture_ready_block(const struct capture_ready *ready, const uint8_t *block,
					   size_t avail)
{
	const struct saker_event *event = (const void *)(block + CAPTURE_READY_AT);
	const uint8_t *lens = (const uint8_t *)event + SAKER_WIRE_HEADER;
	const size_t around = CAPTURE_READY_AT + SCAP_BLOCK_TRAILER;
	uint32_t len, size, n;

	if (avail < around + SAKER_WIRE_HEADER || saker_load_u32(block) != SCAP_WRITE_EVENT)
		return 0;
	len = saker_load_u32(block + 4);
	if (len < around + SAKER_WIRE_HEADER || len > MIN(avail, (size_t)SCAP_SMALL_BLOCK_MAX) ||
	    saker_load_u32(block + len - SCAP_BLOCK_TRAILER) != len)
		return 0;
	n = event->nparams;
	if (event->type >= SAKER_EVENT_CODES || n < ready->least[event->type] ||
	    n > SAKER_EVENT_MAX_PARAMS || event->len > len - around)
		return 0;
	size = SAKER_WIRE_HEADER + n * SAKER_WIRE_LEN;
	/* All lengths are in the event, and eight bytes behind the last one in the block. */
	if (size > event->len || CAPTURE_READY_AT + size + sizeof(uint64_t) > len)
		return 0;
	return size + capture_ready_sum(lens, n) == event->len ? len : 0;
}

#endif /* CAPTURE_SCAP_READY_H */
