/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts to standard output. The descriptor is the program's: it is never closed here. */
#include "sink.h"

static int stdout_open(struct output_sink *sink)
{
	sink->fd = STDOUT_FILENO;
	return 0;
}

static int stdout_write(struct output_sink *sink, const char *data, size_t len, size_t *ret_done)
{
	int r = output_fd_write(sink, sink->fd, data, len, ret_done);

	return r == -EBADF ? -EPIPE : r; /* closed by its reader or by us: both for good */
}

static void stdout_close(struct output_sink *sink)
{
	sink->fd = -1;
}

const struct output_sink_descriptor output_sink_stdout = {
	.name = "stdout",
	.open = stdout_open,
	.write = stdout_write,
	.close = stdout_close,
};
