/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building an event parameter by parameter in a buffer of SAKER_EVENT_MAX_SIZE
 * bytes. Only for events with 16-bit lengths.
 */
#ifndef CAPTURE_EVENT_BUILD_H
#define CAPTURE_EVENT_BUILD_H

#include "schema.h"

#include "schema/wire.h"

struct event_build {
	uint8_t *buf;
	size_t len;
	uint32_t n;
	bool overflow;
};

static inline void event_build_begin(struct event_build *b, uint8_t *buf, uint16_t type,
				     uint64_t ts, uint64_t tid)
{
	struct saker_event header = {
		.ts = ts,
		.tid = tid,
		.type = type,
		.nparams = capture_events[type].n_params,
	};

	memcpy(buf, &header, sizeof(header));
	b->buf = buf;
	b->len = sizeof(header) + (size_t)header.nparams * SAKER_WIRE_LEN;
	b->n = 0;
	b->overflow = false;
}

/* Two pieces make one value; either may be empty. */
static inline void event_build_add2(struct event_build *b, const void *data, size_t len,
				    const void *more, size_t more_len)
{
	uint16_t total = (uint16_t)(len + more_len);

	if (len + more_len > SAKER_EVENT_MAX_PARAM || b->len + total > SAKER_EVENT_MAX_SIZE) {
		b->overflow = true;
		len = more_len = total = 0;
	}
	memcpy(b->buf + SAKER_WIRE_HEADER + (size_t)b->n * SAKER_WIRE_LEN, &total, sizeof(total));
	if (len)
		memcpy(b->buf + b->len, data, len);
	if (more_len)
		memcpy(b->buf + b->len + len, more, more_len);
	b->len += total;
	b->n++;
}

static inline void event_build_add(struct event_build *b, const void *data, size_t len)
{
	event_build_add2(b, data, len, NULL, 0);
}

/* A length of zero: not known. */
static inline void event_build_unknown(struct event_build *b)
{
	event_build_add(b, NULL, 0);
}

static inline void event_build_u8(struct event_build *b, uint8_t v)
{
	event_build_add(b, &v, sizeof(v));
}

static inline void event_build_u16(struct event_build *b, uint16_t v)
{
	event_build_add(b, &v, sizeof(v));
}

static inline void event_build_u32(struct event_build *b, uint32_t v)
{
	event_build_add(b, &v, sizeof(v));
}

static inline void event_build_u64(struct event_build *b, uint64_t v)
{
	event_build_add(b, &v, sizeof(v));
}

/* Text up to max bytes with the NUL that events carry. */
static inline void event_build_text(struct event_build *b, const char *text, size_t len, size_t max)
{
	event_build_add2(b, text, MIN(len, max - 1), "", 1);
}

/* Strings that each end in NUL; the last one's may be missing. */
static inline void event_build_texts(struct event_build *b, const char *text, size_t len,
				     size_t max)
{
	len = MIN(len, max - 1);
	event_build_add2(b, text, len, "", len && text[len - 1] != '\0');
}

static inline void event_build_end(struct event_build *b)
{
	uint32_t len = (uint32_t)b->len;

	memcpy(b->buf + offsetof(struct saker_event, len), &len, sizeof(len));
}

#endif /* CAPTURE_EVENT_BUILD_H */
