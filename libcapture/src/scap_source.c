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

#include "scap_format.h"

#define WINDOW_SIZE (256u << 10)
#define RAW_SIZE (64u << 10)

struct capture_inflate {
	struct gunzip *gunzip;
	size_t from, to;   /* of raw, not yet inflated */
	bool member_ended; /* between two gzip members */
	bool raw_ended;
	bool full; /* the last step filled its room: more may be there without more to read */
	uint8_t raw[RAW_SIZE];
};

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

/* At least `want` compressed bytes, unless the file ends before. 0 or -errno as source_read. */
static int inflate_fill(struct capture_source *src, size_t want, int timeout_ms)
{
	struct capture_inflate *in = src->inflate;

	while (in->to - in->from < want && !in->raw_ended) {
		ssize_t n;

		memmove(in->raw, in->raw + in->from, in->to - in->from);
		in->to -= in->from;
		in->from = 0;
		n = source_read(src, in->raw + in->to, sizeof(in->raw) - in->to, timeout_ms);
		if (n < 0)
			return (int)n;
		in->raw_ended = n == 0;
		in->to += (size_t)n;
	}
	return 0;
}

/* On to the next member: 1; 0: what follows is none. Two bytes tell. */
static int inflate_next_member(struct capture_source *src, int timeout_ms)
{
	struct capture_inflate *in = src->inflate;
	int r = inflate_fill(src, 2, timeout_ms);

	if (r < 0)
		return r;
	/* Captures may be concatenated compressed; what is not gzip is padding. */
	if (!gunzip_begins(in->raw + in->from, in->to - in->from))
		return 0;
	in->member_ended = false;
	r = gunzip_next(in->gunzip);
	return r < 0 ? r : 1;
}

/* As source_read, but of the uncompressed stream. -EBADMSG: not a sound gzip stream. */
static ssize_t source_inflate(struct capture_source *src, void *buf, size_t size, int timeout_ms)
{
	struct capture_inflate *in = src->inflate;
	struct gunzip_io io = {.out = buf, .out_len = size};
	int r;

	for (;;) {
		r = in->member_ended ? inflate_next_member(src, timeout_ms)
		    : in->full	     ? 1
				     : inflate_fill(src, 1, timeout_ms);
		if (r < 0 || (r == 0 && in->member_ended))
			return r;
		io.in = in->raw + in->from;
		io.in_len = in->to - in->from;
		r = gunzip_step(in->gunzip, &io);
		in->from = in->to - io.in_len;
		in->full = r == 0 && !io.out_len;
		in->member_ended = r == 1;
		if (io.out_len < size)
			return (ssize_t)(size - io.out_len);
		if (r < 0)
			return r;
		if (!in->member_ended && in->raw_ended && in->from == in->to)
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
static int open_inflate(struct capture_source *src, enum gunzip_with with)
{
	size_t have = capture_source_avail(src);
	struct gunzip *gunzip;
	int r = gunzip_new(with, &gunzip);

	if (r < 0)
		return r;
	src->inflate = calloc(1, sizeof(*src->inflate));
	if (!src->inflate) {
		gunzip_free(gunzip);
		return -ENOMEM;
	}
	src->inflate->gunzip = gunzip;
	memcpy(src->inflate->raw, src->pos, have); /* have <= RAW_SIZE, see open_stream */
	src->inflate->to = have;
	src->inflate->raw_ended = src->at_end;
	src->pos = src->end = src->base;
	src->at_end = false;
	return 0;
}

static int open_stream(struct capture_source *src, enum gunzip_with with)
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
	if (gunzip_begins(src->pos, capture_source_avail(src)))
		return open_inflate(src, with);
	return -EBADMSG;
}

int capture_source_open(struct capture_source *src, const char *file, enum gunzip_with with)
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
	return open_stream(src, with);
}

void capture_source_close(struct capture_source *src)
{
	if (src->map)
		munmap(src->map, src->map_size);
	if (src->inflate)
		gunzip_free(src->inflate->gunzip);
	free(src->inflate);
	free(src->window);
	if (src->fd >= 0)
		close(src->fd);
	if (src->wake_fd >= 0)
		close(src->wake_fd);
	memset(src, 0, sizeof(*src));
	src->fd = src->wake_fd = -1;
}

void capture_source_drop(struct capture_source *src)
{
	/* The last step stays: the event just handed out lies in it. */
	size_t passed = ((size_t)(src->pos - src->map) / CAPTURE_DROP_STEP - 1) * CAPTURE_DROP_STEP;

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
