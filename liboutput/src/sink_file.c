/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts appended to a file. Without keep_alive it is opened for each batch, so
 * that a rotated file is found again without a signal.
 */
#include <fcntl.h>

#include "sink.h"

static void file_close(struct output_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
}

static int file_ensure_open(struct output_sink *sink)
{
	if (sink->fd >= 0)
		return 0;
	/* Non-blocking: a FIFO without a reader must be an error, not a hang. */
	sink->fd = open(sink->path,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	return sink->fd < 0 ? -errno : 0;
}

static int file_open(struct output_sink *sink)
{
	int r = file_ensure_open(sink);

	if (!sink->keep_alive)
		file_close(sink);
	return r;
}

static int file_write(struct output_sink *sink, const char *data, size_t len, size_t *ret_done)
{
	int r = file_ensure_open(sink);

	*ret_done = 0;
	if (r < 0)
		return r;
	r = output_fd_write(sink, sink->fd, data, len, ret_done);
	if (r == -EPIPE) { /* a FIFO's reader may come back */
		file_close(sink);
		r = -EIO;
	}
	if (!sink->keep_alive)
		file_close(sink);
	return r;
}

static int file_reopen(struct output_sink *sink)
{
	file_close(sink);
	return file_open(sink);
}

const struct output_sink_descriptor output_sink_file = {
	.name = "file",
	.open = file_open,
	.write = file_write,
	.reopen = file_reopen,
	.close = file_close,
};
