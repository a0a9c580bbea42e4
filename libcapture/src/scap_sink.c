// SPDX-License-Identifier: Apache-2.0
/*
 * The file under the writer. The first error stays, and everything after it is a
 * no-op, so that callers check once an event.
 */
#include "scap_sink.h"

#include <sys/stat.h>

#include <saker/event.h>

#include "scap_format.h"

#include "schema/wire.h"

#define SINK_SIZE (256u << 10) /* gathered before it goes on; a gzip member */
#define PAGE 4096u /* the smallest of any machine: its multiples are ends of it as well */
#define FILLER_MIN (SCAP_BLOCK_OVERHEAD + 2 + SAKER_WIRE_HEADER) /* 40 */

int capture_sink_open(struct capture_sink *sink, int fd, int level)
{
	struct stat st;
	int r = 0;

	memset(sink, 0, sizeof(*sink));
	sink->fd = fd;
	sink->seekable = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 &&
			 lseek(fd, 0, SEEK_CUR) == 0;
	sink->buf = malloc(SINK_SIZE);
	sink->capacity = SINK_SIZE;
	if (!sink->buf)
		r = -ENOMEM;
	if (r == 0 && level)
		r = capture_pack_new(level, false, &sink->pack);
	if (r < 0) {
		close(fd);
		sink->fd = -1;
		free(TAKE_PTR(sink->buf));
	}
	return r;
}

/* ---- writing ------------------------------------------------------------------- */

static int sink_fail(struct capture_sink *sink, int error)
{
	if (!sink->error)
		sink->error = error;
	return sink->error;
}

static int write_all(struct capture_sink *sink, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(sink->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return sink_fail(sink, n < 0 ? -errno : -EIO);
		data += n;
		len -= (size_t)n;
		sink->written += (uint64_t)n;
	}
	return 0;
}

/* A member appears at once: with its first bytes, when all others are there. */
static int write_member(struct capture_sink *sink, uint8_t *member, size_t len)
{
	off_t at = (off_t)sink->written;
	uint8_t magic[2];
	int r;

	if (!sink->seekable)
		return write_all(sink, member, len);
	memcpy(magic, member, sizeof(magic));
	memset(member, 0, sizeof(magic));
	r = write_all(sink, member, len);
	if (r < 0)
		return r;
	if (pwrite(sink->fd, magic, sizeof(magic), at) != sizeof(magic))
		return sink_fail(sink, errno ? -errno : -EIO);
	return 0;
}

static int pack_member(struct capture_sink *sink, const uint8_t *data, size_t len)
{
	uint8_t *member;
	size_t n;
	int r = capture_pack_member(sink->pack, data, len, &member, &n);

	return r < 0 ? sink_fail(sink, r) : write_member(sink, member, n);
}

/* The blocks so far leave; none is being made. */
static int sink_drain(struct capture_sink *sink)
{
	int r;

	if (sink->error || !sink->len)
		return sink->error;
	r = sink->pack ? pack_member(sink, sink->buf, sink->len)
		       : write_all(sink, sink->buf, sink->len);
	sink->len = 0;
	return r;
}

int capture_sink_flush(struct capture_sink *sink)
{
	return sink_drain(sink);
}

int capture_sink_finish(struct capture_sink *sink)
{
	if (sink->fd < 0)
		return sink->error;
	(void)sink_drain(sink);
	if (close(TAKE_FD(sink->fd)) < 0)
		(void)sink_fail(sink, -errno);
	return sink->error;
}

void capture_sink_close(struct capture_sink *sink)
{
	(void)capture_sink_finish(sink);
	sink->pack = capture_pack_free(sink->pack);
	free(TAKE_PTR(sink->buf));
}

/* ---- blocks ------------------------------------------------------------------------- */

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
		(void)sink_drain(sink);
	sink->block = sink->len;
	capture_sink_u32(sink, type);
	capture_sink_u32(sink, 0);
}

/* An event of a code that no reader has, `len` bytes of block, at `to`. */
static void make_filler(uint8_t *to, uint32_t len)
{
	const uint32_t head[2] = {SCAP_WRITE_EVENT, len};
	struct saker_event event = {.len = SAKER_WIRE_HEADER, .type = SCAP_EVENT_FILLER};

	memset(to, 0, len);
	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head) + 2, &event, sizeof(event));
	memcpy(to + len - sizeof(len), &len, sizeof(len));
}

static bool fits(size_t room, size_t len)
{
	/* What is left must be nothing, or enough for the next filler. */
	return room == len || room >= len + FILLER_MIN;
}

/* Fills up the page when a block of len bytes, next, would cross its end. */
static void keep_in_page(struct capture_sink *sink, size_t len)
{
	size_t room = PAGE - (sink->written + sink->len) % PAGE;
	uint8_t *to;

	if (likely(fits(room, len)) || room < FILLER_MIN || !fits(PAGE, len))
		return;
	to = capture_sink_room(sink, room);
	if (to)
		make_filler(to, (uint32_t)room);
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

void capture_sink_event(struct capture_sink *sink, uint32_t type, uint16_t cpu, bool has_flags,
			uint32_t flags, const void *data, size_t len)
{
	size_t head = SCAP_BLOCK_HEADER + sizeof(cpu) + (has_flags ? sizeof(flags) : 0);
	size_t padding = -(head + len) & 3;
	uint32_t size = (uint32_t)(head + len + padding + SCAP_BLOCK_TRAILER);
	uint8_t *to;

	if (unlikely(sink->len >= SINK_SIZE - SCAP_SMALL_BLOCK_MAX))
		(void)sink_drain(sink);
	if (sink->seekable && !sink->pack)
		keep_in_page(sink, size);
	to = capture_sink_room(sink, size);
	if (unlikely(!to))
		return;
	memcpy(to, &type, sizeof(type));
	memcpy(to + 4, &size, sizeof(size));
	memcpy(to + SCAP_BLOCK_HEADER, &cpu, sizeof(cpu));
	if (has_flags)
		memcpy(to + SCAP_BLOCK_HEADER + sizeof(cpu), &flags, sizeof(flags));
	memcpy(to + head, data, len);
	memset(to + head + len, 0, padding);
	memcpy(to + size - sizeof(size), &size, sizeof(size));
}
