/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that grows: read to its end, then looked at again in a while. A new file
 * under the name is taken up once the old one is read; one that was cut from its start.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "source.h"

#define LOOK_MS 50
#define BLOCK (64u << 10)

struct follow {
	int fd; /* -1: it is not there (yet) */
	dev_t dev;
	ino_t ino;
	struct source_lines lines;
	char block[BLOCK];
};

static void hand_over(struct saker_alert_queue *queue, const char *line, size_t len)
{
	output_source_line(queue, line, len, 0);
}

static int open_file(struct saker_alert_queue *queue, struct follow *f)
{
	struct stat st;

	f->fd = open(queue->options.file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (f->fd < 0)
		return -errno;
	if (fstat(f->fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return 0;
}

static int file_open(struct saker_alert_queue *queue)
{
	struct follow *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->fd = -1;
	queue->state = f;
	r = open_file(queue, f);
	if (r == -ENOENT && !queue->options.end)
		return 0;
	if (r == 0 && !queue->options.from_start && lseek(f->fd, 0, SEEK_END) < 0)
		return -errno;
	return r;
}

static void file_close(struct saker_alert_queue *queue)
{
	struct follow *f = queue->state;

	if (f->fd >= 0)
		close(f->fd);
	free(f->lines.p);
	free(f);
	queue->state = NULL;
}

/* Another file has the name, or this one was cut. */
static bool was_rotated(struct saker_alert_queue *queue, const struct follow *f)
{
	struct stat now, own;

	if (stat(queue->options.file, &now) < 0 || fstat(f->fd, &own) < 0)
		return false;
	if (now.st_dev != f->dev || now.st_ino != f->ino)
		return true;
	return own.st_size < lseek(f->fd, 0, SEEK_CUR);
}

static int at_end(struct saker_alert_queue *queue, struct follow *f)
{
	if (queue->options.end) {
		output_source_flush(queue, &f->lines, hand_over);
		return -ENODATA;
	}
	if (f->fd >= 0 && was_rotated(queue, f)) {
		output_source_flush(queue, &f->lines, hand_over);
		close(f->fd);
		f->fd = -1;
		output_source_reconnected(queue);
	}
	if (f->fd < 0 && open_file(queue, f) == 0)
		return 0;
	output_source_wait(queue, LOOK_MS);
	return 0;
}

static int file_run(struct saker_alert_queue *queue)
{
	struct follow *f = queue->state;
	int r = 0;

	while (r == 0 && !atomic_load(&queue->stop)) {
		ssize_t n = f->fd < 0 ? 0 : read(f->fd, f->block, sizeof(f->block));

		if (n > 0)
			r = output_source_bytes(queue, &f->lines, f->block, (size_t)n, hand_over);
		else if (n < 0 && errno != EINTR && errno != EAGAIN)
			r = -errno;
		else
			r = at_end(queue, f);
	}
	return r == -ENODATA ? 0 : r;
}

const struct source_descriptor output_source_file = {
	.name = "file",
	.open = file_open,
	.run = file_run,
	.close = file_close,
};
