// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a capture file: the reader ends, decodes what it yields, and
 * keeps its counts. Input whose first byte is odd is read through a pipe-like
 * stream (compressed), the rest is mapped.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <saker/capture.h>

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

static void read_all(struct saker_capture *capture)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct saker_interface interface;
	struct saker_account account;
	int r;

	while ((r = saker_capture_next(capture, 0, &event, &meta)) == 1) {
		r = saker_event_decode(event, event->len, &view);
		/* Our own range has events that no schema knows. */
		check(r == 0 || (r == -ENOENT && event->type >= SAKER_EVENT_OWN_FIRST));
		if (r == 0)
			touch(&view);
	}
	check(r < 0);
	check(saker_capture_stats(capture, &stats) == 0);
	check(stats.seen == stats.delivered + stats.dropped);
	for (uint32_t i = 0; saker_capture_interface(capture, i, &interface) == 1; i++)
		check(interface.name && (interface.addr.family == 4 || interface.addr.family == 6));
	for (uint32_t i = 0; saker_capture_account(capture, i, &account) == 1; i++)
		check(account.name && account.home && account.shell);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;
	char path[64];
	int fd;

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
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o.engine = "scap";
	o.file = path;
	if (put(fd, data + 1, size - 1, data[0] & 1) == 0 &&
	    saker_capture_open(&o, &capture) == 0) {
		read_all(capture);
		saker_capture_close(capture);
	}
	close(fd);
	return 0;
}
