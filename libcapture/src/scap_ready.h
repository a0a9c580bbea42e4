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
	if (size > event->len)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		size += saker_load_u16(lens + i * SAKER_WIRE_LEN);
	return size == event->len ? len : 0;
}

#endif /* CAPTURE_SCAP_READY_H */
