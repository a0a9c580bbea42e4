/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a capture file, whatever holds them: a mapped plain file, or a
 * window over a gzip stream or a pipe. Readers peek at contiguous bytes and
 * advance; memory stays at the size of the largest block.
 */
#ifndef CAPTURE_SCAP_SOURCE_H
#define CAPTURE_SCAP_SOURCE_H

#include "common/gunzip.h"
#include "common/util.h"

struct capture_source {
	const uint8_t *pos; /* next byte */
	const uint8_t *end; /* one past what is in memory */
	const uint8_t *base;
	uint64_t base_offset; /* of base in the (uncompressed) stream */
	bool at_end;	      /* nothing comes after end */

	int fd;
	int wake_fd; /* eventfd; interrupts a wait */
	bool waits;  /* fd may have to be waited for (a pipe) */
	bool cut;    /* at_end, but the gzip stream goes on */

	uint8_t *map; /* mapped plain file, else NULL */
	size_t map_size;
	size_t map_dropped; /* pages before it were given back */

	uint8_t *window;
	size_t window_size;

	struct capture_inflate *inflate; /* gzip, else NULL */
	uint64_t raw_read;		 /* bytes taken from fd */
	uint64_t raw_size;		 /* 0 = unknown */
};

/* file "-" = standard input. 0 or -errno (as open(2); -EBADMSG: neither plain nor gzip). */
int capture_source_open(struct capture_source *src, const char *file, enum gunzip_with with);
void capture_source_close(struct capture_source *src); /* takes one that failed to open */

/* Slow half of capture_source_peek. */
int capture_source_fill(struct capture_source *src, size_t want, int timeout_ms);

/*
 * Makes `want` bytes contiguous at src->pos. 1: they are, or the stream ends
 * before (then src->end - src->pos < want); 0: not within timeout_ms, or
 * interrupted; -EBADMSG: the gzip stream is corrupt; -errno of reading, -ENOMEM.
 */
static inline int capture_source_peek(struct capture_source *src, size_t want, int timeout_ms)
{
	if (likely((size_t)(src->end - src->pos) >= want || src->at_end))
		return 1;
	return capture_source_fill(src, want, timeout_ms);
}

static inline size_t capture_source_avail(const struct capture_source *src)
{
	return (size_t)(src->end - src->pos);
}

static inline uint64_t capture_source_offset(const struct capture_source *src)
{
	return src->base_offset + (uint64_t)(src->pos - src->base);
}

#define CAPTURE_DROP_STEP (16u << 20) /* how much of a mapping is given back at a time */

/* Slow half of capture_source_passed. */
void capture_source_drop(struct capture_source *src);

/* Gives back memory of a mapped file that was passed; call now and then. */
static inline void capture_source_passed(struct capture_source *src)
{
	if (unlikely(src->map && (size_t)(src->pos - src->map) - src->map_dropped >=
					 2 * (size_t)CAPTURE_DROP_STEP))
		capture_source_drop(src);
}

/* Bytes of the file itself (compressed ones) read so far. */
uint64_t capture_source_raw(const struct capture_source *src);

/* From any thread or signal handler. */
void capture_source_wake(struct capture_source *src);

#endif /* CAPTURE_SCAP_SOURCE_H */
