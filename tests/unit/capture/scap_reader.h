/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a capture that lies in memory through the public API, and notes what it says. */
#ifndef TEST_SCAP_READER_H
#define TEST_SCAP_READER_H

#include <stdio.h>
#include <sys/mman.h>
#include <zlib.h>

#include <saker/capture.h>

#include "common/util.h"

struct reader {
	struct saker_capture *capture;
	int fd;
	uint32_t n_diags;
	char id[64]; /* of the last diagnostic */
	char message[512];
};

static inline void reader_diag(void *userdata, const struct saker_diag *diag)
{
	struct reader *r = userdata;

	r->n_diags++;
	snprintf(r->id, sizeof(r->id), "%s", diag->id);
	snprintf(r->message, sizeof(r->message), "%s", diag->message);
}

static inline int reader_open_file(struct reader *r, const char *file, bool no_initial)
{
	struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;

	o.engine = "scap";
	o.file = file;
	o.diag = reader_diag;
	o.diag_userdata = r;
	o.no_initial_state = no_initial;
	return saker_capture_open(&o, &r->capture);
}

/* gzip: compressed on the way, so that it is read as a stream and not mapped. */
static inline int reader_open_with(struct reader *r, const void *data, size_t size, bool gzip,
				   bool no_initial)
{
	char path[64];

	memset(r, 0, sizeof(*r));
	r->fd = memfd_create("capture", MFD_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->fd);
	if (gzip) {
		gzFile z = gzdopen(dup(r->fd), "wb1");

		if (!z || (size && gzwrite(z, data, (unsigned int)size) != (int)size) ||
		    gzclose(z) != Z_OK)
			return -EIO;
	} else if (write(r->fd, data, size) != (ssize_t)size) {
		return -EIO;
	}
	return reader_open_file(r, path, no_initial);
}

static inline int reader_open(struct reader *r, const void *data, size_t size)
{
	return reader_open_with(r, data, size, false, false);
}

static inline void reader_close(struct reader *r)
{
	r->capture = saker_capture_close(r->capture);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* Reads to the end; what ended it. ret_n: events that are not start-up state. */
static inline int reader_drain(struct reader *r, uint32_t *ret_n)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	uint32_t n = 0;
	int result;

	while ((result = saker_capture_next(r->capture, -1, &event, &meta)) == 1)
		n += !(meta.flags & SAKER_EVENT_META_INITIAL);
	if (ret_n)
		*ret_n = n;
	return result;
}

#endif /* TEST_SCAP_READER_H */
