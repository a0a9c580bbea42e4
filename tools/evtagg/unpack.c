/* SPDX-License-Identifier: Apache-2.0 */
/* Plain, gzip (any number of members) and zstd (any number of frames), told by their first bytes.
 */
#include <fcntl.h>
#if SAKER_HAVE_ZSTD
#include <zstd.h>
#endif

#include "unpack.h"

#include "common/gunzip.h"

#define PACKED_SIZE (128u << 10)
#define ZSTD_WINDOW_LOG 27 /* at most 128 MiB of memory for a window */

enum packing { UNKNOWN, PLAIN, GZIP, ZSTD };

struct unpack {
	int fd;
	enum packing packing;
	bool middle; /* in a member or frame */
	uint64_t taken;
	char *packed; /* what was read and is not yet used: from..to */
	size_t from, to;
	struct gunzip *gunzip;
	bool member_ended; /* of gzip: another one, or the end, comes */
#if SAKER_HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
};

int unpack_new(int fd, struct unpack **ret)
{
	struct unpack *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->fd = fd;
	u->packed = malloc(PACKED_SIZE);
	if (!u->packed) {
		free(u);
		return -ENOMEM;
	}
	*ret = u;
	return 0;
}

struct unpack *unpack_free(struct unpack *u)
{
	if (!u)
		return NULL;
	gunzip_free(u->gunzip);
#if SAKER_HAVE_ZSTD
	ZSTD_freeDStream(u->zstd);
#endif
	free(u->packed);
	free(u);
	return NULL;
}

uint64_t unpack_taken(const struct unpack *u)
{
	return u->taken;
}

bool unpack_cut_off(const struct unpack *u)
{
	return u->middle;
}

static long take(struct unpack *u, char *buf, size_t size)
{
	ssize_t n;

	do {
		n = read(u->fd, buf, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	u->taken += (uint64_t)n;
	return n;
}

/* More packed bytes behind those that are left; 0 = there are none. */
static long refill(struct unpack *u)
{
	long n;

	if (u->from) {
		memmove(u->packed, u->packed + u->from, u->to - u->from);
		u->to -= u->from;
		u->from = 0;
	}
	n = take(u, u->packed + u->to, PACKED_SIZE - u->to);
	if (n > 0)
		u->to += (size_t)n;
	return n;
}

static int start_zstd(struct unpack *u)
{
#if SAKER_HAVE_ZSTD
	u->zstd = ZSTD_createDStream();
	if (!u->zstd)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	u->packing = ZSTD;
	return 0;
#else
	return -EOPNOTSUPP;
#endif
}

/* By the first four bytes; fewer at the end of the file are plain. */
static int find_out(struct unpack *u)
{
	static const char zstd[] = "\x28\xb5\x2f\xfd";
	long n;
	int r;

	while (u->to - u->from < 4) {
		n = refill(u);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		/* A line that starts otherwise needs no four bytes: what is followed comes slowly.
		 */
		if (u->packed[0] != GUNZIP_FIRST && u->packed[0] != zstd[0])
			break;
	}
	if (u->to - u->from >= 4 && memcmp(u->packed, zstd, 4) == 0)
		return start_zstd(u);
	if (gunzip_begins((const uint8_t *)u->packed + u->from, u->to - u->from)) {
		r = gunzip_new(GUNZIP_FASTEST, &u->gunzip);
		if (r < 0)
			return r;
		u->packing = GZIP;
	} else if (u->to > u->from) {
		u->packing = PLAIN;
	}
	return 0;
}

static long read_plain(struct unpack *u, char *buf, size_t size)
{
	size_t n = MIN(size, u->to - u->from);

	if (n == 0)
		return take(u, buf, size);
	memcpy(buf, u->packed + u->from, n);
	u->from += n;
	return (long)n;
}

/* One step; how many bytes came out, -EAGAIN = it wants more in. */
static long step_gzip(struct unpack *u, char *buf, size_t size)
{
	struct gunzip_io io = {
		.in = (const uint8_t *)u->packed + u->from,
		.in_len = u->to - u->from,
		.out = (uint8_t *)buf,
		.out_len = size,
	};
	int r = 0;

	if (u->member_ended && !io.in_len)
		return -EAGAIN;
	if (u->member_ended)
		r = gunzip_next(u->gunzip);
	if (r == 0)
		r = gunzip_step(u->gunzip, &io);
	u->from = u->to - io.in_len;
	u->member_ended = r == 1;
	u->middle = r != 1;
	if (io.out_len < size)
		return (long)(size - io.out_len);
	return r < 0 ? r : -EAGAIN;
}

static long step_zstd(struct unpack *u, char *buf, size_t size)
{
#if SAKER_HAVE_ZSTD
	ZSTD_inBuffer in = {u->packed, u->to, u->from};
	ZSTD_outBuffer out = {buf, size, 0};
	size_t r;

	if (u->from == u->to && !u->middle)
		return -EAGAIN;
	r = ZSTD_decompressStream(u->zstd, &out, &in);
	if (ZSTD_isError(r))
		return -EBADMSG;
	u->from = in.pos;
	u->middle = r != 0;
	return out.pos ? (long)out.pos : -EAGAIN;
#else
	return -EOPNOTSUPP;
#endif
}

long unpack_read(struct unpack *u, char *buf, size_t size)
{
	long n;
	int r;

	if (u->packing == UNKNOWN) {
		r = find_out(u);
		if (r < 0 || u->packing == UNKNOWN)
			return r;
	}
	if (u->packing == PLAIN)
		return read_plain(u, buf, size);
	for (;;) {
		size_t before = u->from;

		n = u->packing == GZIP ? step_gzip(u, buf, size) : step_zstd(u, buf, size);
		if (n != -EAGAIN)
			return n;
		if (u->from != before && u->from != u->to)
			continue; /* a header, or the end of a member */
		n = refill(u);
		if (n <= 0)
			return n;
	}
}
