/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks on their way into a capture file: assembled in memory, then compressed or
 * not, and written so that whatever moment the writer dies at, the file ends
 * behind a whole block:
 *
 *  - a plain file is cut by a SIGKILL at the end of a page, if at all (the kernel
 *    looks for it between two pages of a write(2)); so no event crosses the end of
 *    one, a filler that all readers pass over goes in front of those that would;
 *  - a compressed one is a run of gzip members of whole blocks. Each gets its
 *    first two bytes last, in one write; until then it is garbage behind the last
 *    member, which readers ignore.
 *
 * Events larger than a page, and the lists in front of all events, are the
 * exception: for the moment of their own write.
 */
#ifndef CAPTURE_SCAP_SINK_H
#define CAPTURE_SCAP_SINK_H

#include "scap_pack.h"

#include "common/util.h"

struct capture_sink {
	int fd;	      /* -1 = finished */
	uint8_t *buf; /* whole blocks, and the one being made */
	size_t len;
	size_t capacity;
	size_t block;		   /* where the block being made begins */
	uint64_t written;	   /* bytes of the file */
	struct capture_pack *pack; /* makes the members; NULL = plain */
	bool seekable;		   /* a regular file, written from its start */
	int error;		   /* the first one; nothing is written after it */
};

/* level 0 = plain. Takes fd. */
int capture_sink_open(struct capture_sink *sink, int fd, int level);
/* 0 = all of it is in the file. */
int capture_sink_finish(struct capture_sink *sink);
void capture_sink_close(struct capture_sink *sink);
/* Everything to the kernel. */
int capture_sink_flush(struct capture_sink *sink);

/* Bytes in the file so far. */
static inline uint64_t capture_sink_size(const struct capture_sink *sink)
{
	return sink->written;
}

/* As that, with what waits if it is known what becomes of it. */
static inline uint64_t capture_sink_reached(const struct capture_sink *sink)
{
	return sink->written + (sink->pack ? 0 : sink->len);
}

void capture_sink_begin(struct capture_sink *sink, uint32_t type);
/* Pads, and writes both lengths. */
void capture_sink_end(struct capture_sink *sink);

/*
 * A whole block of the event, which is `len` bytes at data: type, cpu, flags when
 * has_flags, the event. Most of what a writer does.
 */
void capture_sink_event(struct capture_sink *sink, uint32_t type, uint16_t cpu, bool has_flags,
			uint32_t flags, const void *data, size_t len);

/* Room for len more bytes; NULL and an error when memory is short. */
uint8_t *capture_sink_room(struct capture_sink *sink, size_t len);

static inline void capture_sink_bytes(struct capture_sink *sink, const void *data, size_t len)
{
	uint8_t *to = capture_sink_room(sink, len);

	if (to && len)
		memcpy(to, data, len);
}

static inline void capture_sink_u8(struct capture_sink *sink, uint8_t v)
{
	capture_sink_bytes(sink, &v, sizeof(v));
}

static inline void capture_sink_u16(struct capture_sink *sink, uint16_t v)
{
	capture_sink_bytes(sink, &v, sizeof(v));
}

static inline void capture_sink_u32(struct capture_sink *sink, uint32_t v)
{
	capture_sink_bytes(sink, &v, sizeof(v));
}

static inline void capture_sink_u64(struct capture_sink *sink, uint64_t v)
{
	capture_sink_bytes(sink, &v, sizeof(v));
}

/* u16 length, then as many bytes. */
static inline void capture_sink_text(struct capture_sink *sink, const char *text, size_t len)
{
	capture_sink_u16(sink, (uint16_t)len);
	capture_sink_bytes(sink, text, len);
}

/* Overwrites four bytes of the block being made; at counts from its begin. */
static inline void capture_sink_patch(struct capture_sink *sink, size_t at, uint32_t v)
{
	if (!sink->error)
		memcpy(sink->buf + sink->block + at, &v, sizeof(v));
}

static inline size_t capture_sink_at(const struct capture_sink *sink)
{
	return sink->len - sink->block;
}

#endif /* CAPTURE_SCAP_SINK_H */
