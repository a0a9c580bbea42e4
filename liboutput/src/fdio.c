/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing whole lines to a file descriptor whose other end may be slow, full or
 * gone. A pipe's descriptor is shared with other processes and so must not be
 * made non-blocking: it is polled, then given no more than PIPE_BUF bytes, which
 * a writable pipe always takes.
 */
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

#include "sink.h"

#define POLL_MS 100 /* how soon a blocked writer notices that it is abandoned */

uint64_t output_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static int wait_writable(struct output_sink *sink, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	for (;;) {
		int r;

		if (atomic_load(&sink->state) == OUTPUT_ABANDON)
			return -ECANCELED;
		r = poll(&p, 1, POLL_MS);
		if (r > 0)
			return 0; /* errors too: write() tells which */
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/* The one place where the worker may be cancelled: it holds nothing here. */
static ssize_t write_cancellable(int fd, const char *data, size_t len)
{
	ssize_t n;
	int err;

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	n = write(fd, data, len);
	err = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return n < 0 ? -err : n;
}

static int write_all(struct output_sink *sink, int fd, bool regular, const char *data, size_t len,
		     size_t *ret_done)
{
	size_t done = 0;
	int r = 0;

	while (done < len) {
		ssize_t n;

		if (!regular) {
			r = wait_writable(sink, fd);
			if (r < 0)
				break;
		}
		n = write_cancellable(fd, data + done,
				      regular ? len - done : MIN(len - done, PIPE_BUF));
		if (n >= 0) {
			done += (size_t)n;
		} else if (n != -EINTR && n != -EAGAIN) {
			r = (int)n;
			break;
		}
	}
	*ret_done = done;
	return r;
}

/* Takes back the last `partial` bytes; false when others wrote in between, or it is no file. */
static bool take_back(int fd, bool regular, off_t before, size_t written, size_t partial)
{
	struct stat st;
	off_t end;

	if (!regular || fstat(fd, &st) < 0 || st.st_size != before + (off_t)written)
		return false;
	end = st.st_size - (off_t)partial;
	if (ftruncate(fd, end) < 0)
		return false;
	return lseek(fd, end, SEEK_SET) == end; /* for one that is not O_APPEND */
}

int output_fd_write(struct output_sink *sink, int fd, const char *data, size_t len,
		    size_t *ret_done)
{
	const char *newline;
	struct stat st;
	bool regular;
	size_t done, whole;
	int r;

	*ret_done = 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	regular = S_ISREG(st.st_mode);
	if (sink->torn) {
		r = write_all(sink, fd, regular, "\n", 1, &done);
		if (r < 0)
			return r;
		st.st_size += 1;
		sink->torn = false;
	}
	r = write_all(sink, fd, regular, data, len, &done);
	if (r == 0) {
		*ret_done = len;
		return 0;
	}
	newline = memrchr(data, '\n', done);
	whole = newline ? (size_t)(newline - data) + 1 : 0;
	if (done > whole && !take_back(fd, regular, st.st_size, done, done - whole))
		sink->torn = true;
	*ret_done = whole;
	return r;
}
