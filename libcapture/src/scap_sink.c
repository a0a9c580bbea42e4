// SPDX-License-Identifier: Apache-2.0
/*
 * The file under the writer. Blocks are gathered so that zlib gets large pieces;
 * the first error stays, and everything after it is a no-op, so that callers
 * check once an event.
 */
#include "scap_sink.h"

#include <stdio.h>
#include <zlib.h>

#include "scap_format.h"

#define SINK_SIZE (256u << 10) /* gathered before it goes on */

int capture_sink_open(struct capture_sink *sink, int fd, int level)
{
	char mode[8];

	memset(sink, 0, sizeof(*sink));
	sink->buf = malloc(SINK_SIZE);
	sink->capacity = SINK_SIZE;
	sink->plain = level == 0;
	if (level)
		snprintf(mode, sizeof(mode), "wb%d", level);
	else
		snprintf(mode, sizeof(mode), "wbT");
	errno = 0;
	sink->gz = sink->buf ? gzdopen(fd, mode) : NULL;
	if (!sink->gz) {
		int r = errno ? -errno : -ENOMEM;

		close(fd);
		free(TAKE_PTR(sink->buf));
		return r;
	}
	(void)gzbuffer(sink->gz, 64u << 10);
	return 0;
}

static int sink_fail(struct capture_sink *sink, int fallback)
{
	if (!sink->error)
		sink->error = errno ? -errno : fallback;
	return sink->error;
}

/* Whole blocks leave; the one being made, if any, moves to the front. */
static int sink_drain(struct capture_sink *sink, size_t whole)
{
	size_t done = 0;

	while (!sink->error && done < whole) {
		unsigned int n = (unsigned int)MIN(whole - done, (size_t)1 << 30);

		errno = 0;
		if (gzwrite(sink->gz, sink->buf + done, n) != (int)n)
			return sink_fail(sink, -EIO);
		done += n;
		sink->passed += n;
	}
	if (sink->error)
		return sink->error;
	memmove(sink->buf, sink->buf + whole, sink->len - whole);
	sink->len -= whole;
	return 0;
}

uint8_t *capture_sink_room(struct capture_sink *sink, size_t len)
{
	uint8_t *to;

	if (unlikely(sink->error))
		return NULL;
	if (unlikely(sink->capacity - sink->len < len)) {
		size_t capacity = sink->capacity * 2;
		uint8_t *buf;

		while (capacity - sink->len < len)
			capacity *= 2;
		buf = realloc(sink->buf, capacity);
		if (!buf) {
			sink->error = -ENOMEM;
			return NULL;
		}
		sink->buf = buf;
		sink->capacity = capacity;
	}
	to = sink->buf + sink->len;
	sink->len += len;
	return to;
}

void capture_sink_begin(struct capture_sink *sink, uint32_t type)
{
	if (sink->len >= SINK_SIZE - SCAP_SMALL_BLOCK_MAX)
		(void)sink_drain(sink, sink->len);
	sink->block = sink->len;
	capture_sink_u32(sink, type);
	capture_sink_u32(sink, 0);
}

void capture_sink_end(struct capture_sink *sink)
{
	static const uint8_t padding[4];
	size_t len = capture_sink_at(sink);

	capture_sink_bytes(sink, padding, -len & 3);
	len = capture_sink_at(sink) + SCAP_BLOCK_TRAILER;
	capture_sink_u32(sink, (uint32_t)len);
	capture_sink_patch(sink, 4, (uint32_t)len);
}

uint64_t capture_sink_size(const struct capture_sink *sink)
{
	z_off_t at = sink->gz ? gzoffset(sink->gz) : -1;

	return at < 0 ? sink->size : (uint64_t)at;
}

uint64_t capture_sink_reached(struct capture_sink *sink)
{
	if (sink->plain)
		return sink->passed + sink->len;
	if (sink->measured != sink->passed) { /* zlib asks the kernel, each time */
		sink->measured = sink->passed;
		sink->reached = capture_sink_size(sink);
	}
	return sink->reached;
}

int capture_sink_flush(struct capture_sink *sink)
{
	if (sink_drain(sink, sink->len))
		return sink->error;
	errno = 0;
	if (gzflush(sink->gz, Z_SYNC_FLUSH) != Z_OK)
		return sink_fail(sink, -EIO);
	return 0;
}

int capture_sink_finish(struct capture_sink *sink)
{
	int r;

	if (!sink->gz)
		return sink->error;
	/* Not gzclose alone: the size is known only when the trailer is written. */
	if (sink_drain(sink, sink->len) == 0) {
		errno = 0;
		if (gzflush(sink->gz, Z_FINISH) != Z_OK)
			(void)sink_fail(sink, -EIO);
	}
	sink->size = capture_sink_size(sink);
	errno = 0;
	r = gzclose(sink->gz);
	sink->gz = NULL;
	if (r != Z_OK)
		(void)sink_fail(sink, -EIO);
	return sink->error;
}

void capture_sink_close(struct capture_sink *sink)
{
	(void)capture_sink_finish(sink);
	free(TAKE_PTR(sink->buf));
}
