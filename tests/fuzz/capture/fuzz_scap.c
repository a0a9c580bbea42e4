// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a capture file: the reader ends, decodes what it yields, and
 * keeps its counts. By the first byte of the input: the rest is a file that is
 * mapped (0), is compressed first (1), or is a gzip stream already, of which both
 * libraries that inflate must make the same (2): read in pieces, and through the
 * reader, which takes the faster one and is held to the plain bytes of the other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <saker/capture.h>

#include "scap_source.h"

#define INFLATED_MAX (1u << 20) /* a bomb is no finding */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Every byte of every value must be readable, for a sanitizer to see. */
static void touch(const struct saker_event_view *view)
{
	volatile uint8_t byte = 0;

	for (uint32_t i = 0; i < view->n_params; i++)
		for (uint32_t k = 0; k < view->params[i].len; k++)
			byte = view->params[i].data[k];
	(void)byte;
}

static int64_t read_all(struct saker_capture *capture, int *ret_end)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct saker_interface interface;
	struct saker_account account;
	int64_t n = 0;
	int r;

	while ((r = saker_capture_next(capture, 0, &event, &meta)) == 1) {
		r = saker_event_decode(event, event->len, &view);
		/* Our own range has events that no schema knows. */
		check(r == 0 || (r == -ENOENT && event->type >= SAKER_EVENT_OWN_FIRST));
		if (r == 0)
			touch(&view);
		n++;
	}
	check(r < 0);
	*ret_end = r;
	check(saker_capture_stats(capture, &stats) == 0);
	check(stats.seen == stats.delivered + stats.dropped);
	for (uint32_t i = 0; saker_capture_interface(capture, i, &interface) == 1; i++)
		check(interface.name && (interface.addr.family == 4 || interface.addr.family == 6));
	for (uint32_t i = 0; saker_capture_account(capture, i, &account) == 1; i++)
		check(account.name && account.home && account.shell);
	return n;
}

static int put(int fd, const uint8_t *data, size_t size, bool compress)
{
	gzFile z;

	if (!compress)
		return write(fd, data, size) == (ssize_t)size ? 0 : -1;
	z = gzdopen(dup(fd), "wb1");
	if (!z)
		return -1;
	if (size && gzwrite(z, data, (unsigned int)size) != (int)size) {
		gzclose(z);
		return -1;
	}
	return gzclose(z) == Z_OK ? 0 : -1;
}

/* The events of a file: how many, or -1 when it is none; ret_end: what ended it. */
static int64_t read_file(int fd, int *ret_end)
{
	struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;
	char path[64];
	int64_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o.engine = "scap";
	o.file = path;
	*ret_end = saker_capture_open(&o, &capture);
	if (*ret_end)
		return -1;
	n = read_all(capture, ret_end);
	saker_capture_close(capture);
	return n;
}

struct inflated {
	uint8_t data[INFLATED_MAX];
	size_t len;
	int r;
	bool cut;
};

/* All that a library makes of a gzip file, in pieces of a size that the file chooses. */
static void inflate_with(int fd, enum gunzip_with with, size_t piece, struct inflated *ret)
{
	struct capture_source src;
	char path[64];

	ret->len = 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret->r = capture_source_open(&src, path, with);
	while (ret->r == 0) {
		size_t n;

		ret->r = capture_source_peek(&src, piece, -1);
		n = MIN(capture_source_avail(&src), INFLATED_MAX - ret->len);
		memcpy(ret->data + ret->len, src.pos, n);
		ret->len += n;
		src.pos += n;
		if (ret->r < 0 || n == 0)
			break;
		ret->r = 0;
	}
	ret->cut = src.cut;
	capture_source_close(&src);
}

/* What zlib makes of it, as a plain file, holds the same events. */
static void compare_events(int fd, const struct inflated *zlib)
{
	int plain = memfd_create("fuzz-plain", MFD_CLOEXEC);
	int end_plain, end_gzip;
	int64_t n_plain, n_gzip;

	if (plain < 0)
		return;
	if (write(plain, zlib->data, zlib->len) == (ssize_t)zlib->len) {
		n_plain = read_file(plain, &end_plain);
		n_gzip = read_file(fd, &end_gzip);
		check(n_plain == n_gzip);
		check(end_plain == end_gzip);
	}
	close(plain);
}

static void compare_libraries(int fd, size_t piece)
{
	static struct inflated zlib, isal;
	struct gunzip *g;
	size_t n;

	if (gunzip_new(GUNZIP_ISAL, &g) < 0) {
		int end;

		(void)read_file(fd, &end);
		return;
	}
	gunzip_free(g);
	inflate_with(fd, GUNZIP_ZLIB, piece, &zlib);
	inflate_with(fd, GUNZIP_ISAL, piece, &isal);
	n = MIN(zlib.len, isal.len);
	check(n == 0 || memcmp(zlib.data, isal.data, n) == 0);
	/*
	 * zlib refuses tables of codes that ISA-L refuses at the first wrong code, if one comes.
	 * ISA-L refuses some damaged ones of which zlib would wait for the end, when it is cut off.
	 */
	if (zlib.r >= 0 && !(zlib.cut && isal.r < 0)) {
		check(isal.r == zlib.r && isal.len == zlib.len && isal.cut == zlib.cut);
		if (zlib.len < INFLATED_MAX && !zlib.cut && zlib.len)
			compare_events(fd, &zlib);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd, end;

	if (size < 1)
		return 0;
	/* Decoding by itself, at an address as odd as the input wants. */
	if (size > sizeof(struct saker_event)) {
		struct saker_event_view view;

		if (saker_event_decode((const struct saker_event *)(data + 1), size - 1, &view) ==
		    0)
			touch(&view);
	}
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0)
		return 0;
	if (put(fd, data + 1, size - 1, (data[0] & 3) == 1) == 0) {
		if (data[0] & 2)
			compare_libraries(fd, (size_t)1 << (data[0] >> 3 & 15));
		else
			(void)read_file(fd, &end);
	}
	close(fd);
	return 0;
}
