// SPDX-License-Identifier: Apache-2.0
/*
 * Where a capture's bytes come from. Plain regular files are mapped, so that
 * events are handed out where they lie; everything else goes through a window
 * that is refilled by read(2) and, for gzip, inflate.
 *
 * A mapped file must not be cut short by others while it is read (SIGBUS);
 * captures are appended to or replaced, not truncated.
 */
#include "scap_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include "scap_format.h"

#define WINDOW_SIZE (256u << 10)
#define RAW_SIZE (64u << 10)
#define DROP_STEP (16u << 20) /* how much of a mapping is given back at a time */

struct capture_inflate {
	z_stream z;
	bool member_ended; /* between two gzip members */
	bool raw_ended;
	uint8_t raw[RAW_SIZE];
};

static bool is_gzip(const uint8_t *p, size_t n)
{
	return n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static bool is_plain(const uint8_t *p, size_t n)
{
	uint32_t type;

	if (n < sizeof(type))
		return false;
	memcpy(&type, p, sizeof(type));
	return type == SCAP_SECTION_TYPE;
}

/* Bytes read, 0 = end of file, -EAGAIN = not within timeout_ms or interrupted. */
static ssize_t source_read(struct capture_source *src, void *buf, size_t size, int timeout_ms)
{
	ssize_t n;

	if (src->waits) {
		struct pollfd fds[2] = {
			{.fd = src->fd, .events = POLLIN},
			{.fd = src->wake_fd, .events = POLLIN},
		};
		uint64_t count;
		int r = poll(fds, 2, timeout_ms);

		if (r < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		if (fds[1].revents && read(src->wake_fd, &count, sizeof(count)) > 0)
			return -EAGAIN;
		if (!fds[0].revents)
			return -EAGAIN;
	}
	do
		n = read(src->fd, buf, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	src->raw_read += (uint64_t)n;
	return n;
}

/* As source_read, but of the uncompressed stream. -EBADMSG: not a sound gzip stream. */
static ssize_t source_inflate(struct capture_source *src, void *buf, size_t size, int timeout_ms)
{
	struct capture_inflate *in = src->inflate;
	int r;

	in->z.next_out = buf;
	in->z.avail_out = (uInt)MIN(size, (size_t)1 << 30);
	for (;;) {
		/* Between members two bytes are needed, to tell whether there is another one. */
		if (in->z.avail_in < (in->member_ended ? 2 : 1) && !in->raw_ended) {
			ssize_t n;

			if (in->z.avail_in)
				in->raw[0] = *in->z.next_in;
			in->z.next_in = in->raw;
			n = source_read(src, in->raw + in->z.avail_in,
					sizeof(in->raw) - in->z.avail_in, timeout_ms);
			if (n < 0)
				return n;
			in->raw_ended = n == 0;
			in->z.avail_in += (uInt)n;
			if (in->member_ended && in->z.avail_in < 2)
				continue;
		}
		if (in->member_ended) {
			/* Captures may be concatenated compressed; what is not gzip is padding. */
			if (in->z.avail_in < 2 || !is_gzip(in->z.next_in, in->z.avail_in))
				return 0;
			if (inflateReset(&in->z) != Z_OK)
				return -EBADMSG;
			in->member_ended = false;
		}
		r = inflate(&in->z, Z_NO_FLUSH);
		in->member_ended = r == Z_STREAM_END;
		if ((uint8_t *)in->z.next_out != (uint8_t *)buf)
			return (uint8_t *)in->z.next_out - (uint8_t *)buf;
		if (r == Z_MEM_ERROR)
			return -ENOMEM;
		if (r != Z_OK && r != Z_BUF_ERROR && r != Z_STREAM_END)
			return -EBADMSG;
		if (!in->member_ended && in->raw_ended && !in->z.avail_in)
			break;
	}
	src->cut = true;
	return 0;
}

static int window_room(struct capture_source *src, size_t want)
{
	size_t have = capture_source_avail(src);
	size_t at = (size_t)(src->pos - src->window);
	uint8_t *window;
	size_t size = src->window_size;
	/*
	 * Twice as much: who wants the same again a little further on, as readers of
	 * lists do, must not have all of it moved each time.
	 */
	size_t need = want <= SCAP_ENTRY_MAX ? 2 * want : want;

	if (at && (size - at < want || have < at || size < need)) {
		memmove(src->window, src->pos, have);
		src->base_offset += at;
		src->pos = src->base = src->window;
		src->end = src->window + have;
	}
	if (size >= need)
		return 0;
	while (size < need)
		size *= 2;
	window = realloc(src->window, size);
	if (!window)
		return -ENOMEM;
	src->window = window;
	src->window_size = size;
	src->pos = src->base = window;
	src->end = window + have;
	return 0;
}

int capture_source_fill(struct capture_source *src, size_t want, int timeout_ms)
{
	int r = window_room(src, want);

	if (r)
		return r;
	while (capture_source_avail(src) < want && !src->at_end) {
		uint8_t *to = src->window + (src->end - src->window);
		size_t room = src->window_size - (size_t)(to - src->window);
		ssize_t n = src->inflate ? source_inflate(src, to, room, timeout_ms)
					 : source_read(src, to, room, timeout_ms);

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		src->at_end = n == 0;
		src->end += n;
	}
	return 1;
}

static int open_map(struct capture_source *src, uint64_t size)
{
	void *map;

	if (size > SIZE_MAX)
		return -EFBIG;
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, src->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	(void)madvise(map, (size_t)size, MADV_SEQUENTIAL);
	src->map = map;
	src->map_size = (size_t)size;
	src->base = src->pos = src->map;
	src->end = src->map + size;
	src->at_end = true;
	return 0;
}

/* The first bytes are in the window; from now on they are compressed ones. */
static int open_inflate(struct capture_source *src)
{
	size_t have = capture_source_avail(src);

	src->inflate = calloc(1, sizeof(*src->inflate));
	if (!src->inflate)
		return -ENOMEM;
	if (inflateInit2(&src->inflate->z, 15 + 16) != Z_OK) {
		free(TAKE_PTR(src->inflate));
		return -ENOMEM;
	}
	memcpy(src->inflate->raw, src->pos, have); /* have <= RAW_SIZE, see open_stream */
	src->inflate->z.next_in = src->inflate->raw;
	src->inflate->z.avail_in = (uInt)have;
	src->inflate->raw_ended = src->at_end;
	src->pos = src->end = src->base;
	src->at_end = false;
	return 0;
}

static int open_stream(struct capture_source *src)
{
	src->window_size = WINDOW_SIZE;
	src->window = malloc(src->window_size);
	if (!src->window)
		return -ENOMEM;
	src->base = src->pos = src->end = src->window;
	/* Just enough to tell what it is, waiting for as long as the writer takes. */
	while (capture_source_avail(src) < 4 && !src->at_end) {
		ssize_t n = source_read(src, src->window + capture_source_avail(src),
					4 - capture_source_avail(src), -1);

		if (n < 0)
			return n == -EAGAIN ? -EINTR : (int)n;
		src->at_end = n == 0;
		src->end += n;
	}
	if (is_plain(src->pos, capture_source_avail(src)))
		return 0;
	if (is_gzip(src->pos, capture_source_avail(src)))
		return open_inflate(src);
	return -EBADMSG;
}

int capture_source_open(struct capture_source *src, const char *file)
{
	struct stat st;
	uint8_t magic[4];

	memset(src, 0, sizeof(*src));
	src->wake_fd = -1;
	src->fd = util_streq(file, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(file, O_RDONLY | O_CLOEXEC);
	if (src->fd < 0)
		return -errno;
	src->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (src->wake_fd < 0 || fstat(src->fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	src->waits = !S_ISREG(st.st_mode);
	if (!src->waits) {
		src->raw_size = (uint64_t)st.st_size;
		/* Standard input may stand anywhere in its file; only a whole one is mapped. */
		if (lseek(src->fd, 0, SEEK_CUR) == 0 &&
		    pread(src->fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		    is_plain(magic, sizeof(magic)))
			return open_map(src, src->raw_size);
	}
	return open_stream(src);
}

void capture_source_close(struct capture_source *src)
{
	if (src->map)
		munmap(src->map, src->map_size);
	if (src->inflate)
		inflateEnd(&src->inflate->z);
	free(src->inflate);
	free(src->window);
	if (src->fd >= 0)
		close(src->fd);
	if (src->wake_fd >= 0)
		close(src->wake_fd);
	memset(src, 0, sizeof(*src));
	src->fd = src->wake_fd = -1;
}

void capture_source_passed(struct capture_source *src)
{
	size_t passed;

	if (!src->map)
		return;
	passed = (size_t)(src->pos - src->map);
	if (passed - src->map_dropped < 2 * (size_t)DROP_STEP)
		return;
	/* The last step stays: the event just handed out lies in it. */
	passed = (passed / DROP_STEP - 1) * DROP_STEP;
	(void)madvise(src->map + src->map_dropped, passed - src->map_dropped, MADV_DONTNEED);
	src->map_dropped = passed;
}

uint64_t capture_source_raw(const struct capture_source *src)
{
	return src->map ? (uint64_t)(src->pos - src->map) : src->raw_read;
}

void capture_source_wake(struct capture_source *src)
{
	uint64_t one = 1;
	int saved = errno; /* may run in a signal handler */

	if (write(src->wake_fd, &one, sizeof(one)) < 0) {
		/* Full: a wake-up is pending already. */
	}
	errno = saved;
}
