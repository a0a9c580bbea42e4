/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and standard input, plain or compressed, in large blocks of whole lines; and
 * files that grow, across rotation: a new file under the name is taken up when the old
 * one is read to its end, one that was cut is read from its start.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "input.h"
#include "unpack.h"

#define BLOCK_SIZE \
	(256u << 10) /* fits the second-level cache, read and scanned while it is there */

struct file {
	int fd;
	bool standard; /* input, not ours to close */
	bool pipe;     /* has an end that is the end, and nothing to look up again */
	dev_t dev;
	ino_t ino;
	struct unpack *unpack;
	uint64_t taken_before; /* from files under this name before */
	char *buf;
	size_t capacity;
	size_t used;   /* of buf: handed out by the last call */
	size_t len;    /* of buf: what is there */
	bool skipping; /* inside a line that is too long */
	uint64_t skipped;
};

/* ---- the host that a name tells ----------------------------------------------- */

static bool is_general(const char *name)
{
	static const char *const general[] = {"falco",	    "saker",  "alerts",	 "events",
					      "events_log", "log",    "journal", "output",
					      "messages",   "syslog", "stdout",	 "falco_events"};

	for (size_t i = 0; i < ARRAY_SIZE(general); i++) {
		if (util_streq(name, general[i]))
			return true;
	}
	return false;
}

/* "logs/web01.jsonl.2.gz" and "logs/web01/falco.log" are both of web01. */
static char *host_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	char *name = strndup(base, strcspn(base, "."));
	const char *from;

	if (!name || !is_general(name) || !slash || slash == path)
		return name && is_general(name) ? (free(name), strdup("")) : name;
	free(name);
	for (from = slash; from > path && from[-1] != '/'; from--)
		;
	return strndup(from, (size_t)(slash - from));
}

/* ---- opening ---------------------------------------------------------------------- */

static int say(struct input *in, const char *what, int r)
{
	if (r == -EOPNOTSUPP)
		snprintf(in->error, sizeof(in->error),
			 "is packed with zstd, and this evtagg was built without it");
	else
		snprintf(in->error, sizeof(in->error), "%s: %s", what, strerror(-r));
	return r;
}

static int open_path(struct input *in, struct file *f)
{
	struct stat st;
	int r;

	if (!f->standard) {
		f->fd = open(in->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (f->fd < 0)
			return say(in, "cannot be opened", -errno);
	}
	if (fstat(f->fd, &st) < 0)
		return say(in, "cannot be read", -errno);
	if (S_ISDIR(st.st_mode))
		return say(in, "cannot be read", -EISDIR);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->pipe = f->standard || !S_ISREG(st.st_mode);
	if (S_ISREG(st.st_mode))
		posix_fadvise(f->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	r = unpack_new(f->fd, &f->unpack);
	return r < 0 ? say(in, "cannot be read", r) : 0;
}

static void close_path(struct file *f)
{
	if (f->unpack)
		f->taken_before += unpack_taken(f->unpack);
	f->unpack = unpack_free(f->unpack);
	if (f->fd >= 0 && !f->standard)
		close(f->fd);
	f->fd = f->standard ? f->fd : -1;
}

/*
 * Not opened before it is its turn: a folder may have more files than a process may
 * hold open. That it can be is checked here, while its user is watching.
 */
static int file_open(struct input *in, const char *what)
{
	struct file *f;
	struct stat st;
	char *host;

	if (!util_streq(what, "-") && (stat(what, &st) < 0 || access(what, R_OK) < 0))
		return say(in, "cannot be opened", -errno);
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	in->state = f;
	f->standard = util_streq(what, "-");
	f->fd = f->standard ? STDIN_FILENO : -1;
	f->capacity = BLOCK_SIZE;
	f->buf = malloc(f->capacity);
	host = f->standard ? strdup("") : host_of(what);
	if (!f->buf || !host) {
		free(host);
		return -ENOMEM;
	}
	free(in->host);
	in->host = host;
	if (f->standard ? fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) : S_ISREG(st.st_mode))
		in->stats.total = (uint64_t)st.st_size;
	if (in->options->follow && in->options->from_now && !f->standard) {
		int r = open_path(in, f);

		if (r < 0)
			return r;
		if (lseek(f->fd, 0, SEEK_END) < 0)
			return say(in, "cannot be followed", -errno);
	}
	return 0;
}

static void file_close(struct input *in)
{
	struct file *f = in->state;

	close_path(f);
	free(f->buf);
	free(f);
	in->state = NULL;
}

/* ---- following ----------------------------------------------------------------------- */

/*
 * At the end of a file that is followed: 1 = there is a new one, or the same from its
 * start; 0 = wait. While the name is gone (between two moves of a rotation): wait.
 */
static int look_again(struct input *in, struct file *f)
{
	struct stat st, own;

	if (stat(in->name, &st) < 0 || fstat(f->fd, &own) < 0)
		return 0;
	if (st.st_dev == f->dev && st.st_ino == f->ino) {
		off_t at = lseek(f->fd, 0, SEEK_CUR);

		if (own.st_size >= at)
			return 0;
	}
	close_path(f);
	in->stats.reconnects++;
	return open_path(in, f) < 0 ? 0 : 1;
}

/* ---- blocks ---------------------------------------------------------------------------- */

/* Room for more behind what is left of the last block. -EFBIG = a line is longer than may be. */
static int make_room(struct input *in, struct file *f)
{
	size_t capacity;
	char *buf;

	if (f->used) {
		memmove(f->buf, f->buf + f->used, f->len - f->used);
		f->len -= f->used;
		f->used = 0;
	}
	if (f->len < f->capacity)
		return 0;
	if (f->len >= in->options->max_line)
		return -EFBIG;
	capacity = MIN(f->capacity * 2, in->options->max_line + 1);
	buf = realloc(f->buf, capacity);
	if (!buf)
		return -ENOMEM;
	f->buf = buf;
	f->capacity = capacity;
	return 0;
}

/* Throws away what is there of a line that is too long, up to its newline if it has come. */
static bool skip_rest(struct file *f, struct block *ret)
{
	char *newline = memchr(f->buf, '\n', f->len);
	size_t n = newline ? (size_t)(newline - f->buf) + 1 : f->len;

	f->skipped += n;
	memmove(f->buf, f->buf + n, f->len - n);
	f->len -= n;
	if (!newline)
		return false;
	f->skipping = false;
	ret->skipped_lines++;
	ret->skipped_bytes += f->skipped;
	f->skipped = 0;
	return true;
}

static int hand_out(struct file *f, size_t len, struct block *ret)
{
	ret->data = f->buf;
	ret->len = len;
	f->used = len;
	return 1;
}

/* The file is at its end: the last line, if it has no newline. */
static int at_end(struct input *in, struct file *f, struct block *ret)
{
	bool follow = in->options->follow && !f->pipe;

	if (ret->skipped_lines) /* must not get lost; the end comes again */
		return hand_out(f, 0, ret);
	if (unpack_cut_off(f->unpack) && !follow)
		snprintf(in->error, sizeof(in->error), "the compressed data is cut off");
	if (follow && look_again(in, f) == 0)
		return 0;
	if (f->skipping) {
		ret->skipped_lines++;
		ret->skipped_bytes += f->skipped + f->len;
		f->skipping = false;
		f->len = 0;
		f->skipped = 0;
		return hand_out(f, 0, ret);
	}
	if (f->len)
		return hand_out(f, f->len, ret);
	if (follow)
		return 0;
	return *in->error ? -EBADMSG : -ENODATA;
}

static int file_next(struct input *in, struct block *ret)
{
	struct file *f = in->state;
	struct pollfd wait = {.events = POLLIN};
	int r;

	if (!f->unpack) {
		r = open_path(in, f);
		if (r < 0)
			return r;
	}
	wait.fd = f->fd;
	if (f->pipe && in->options->follow && poll(&wait, 1, 0) == 0)
		return 0;
	for (;;) {
		char *newline;
		long n;

		r = make_room(in, f);
		if (r == -EFBIG) {
			f->skipping = true;
			skip_rest(f, ret);
			continue;
		}
		if (r < 0)
			return r;
		n = unpack_read(f->unpack, f->buf + f->len, f->capacity - f->len);
		if (n < 0)
			return say(in,
				   n == -EBADMSG ? "the compressed data is damaged"
						 : "cannot be read",
				   (int)n);
		in->stats.bytes = f->taken_before + unpack_taken(f->unpack);
		if (n == 0) {
			r = at_end(in, f, ret);
			if (r == -ENODATA || r == -EBADMSG)
				close_path(f);
			return r;
		}
		newline = memrchr(f->buf + f->len, '\n', (size_t)n);
		f->len += (size_t)n;
		if (f->skipping && !skip_rest(f, ret))
			continue;
		if (newline)
			newline = memrchr(f->buf, '\n', f->len);
		if (newline)
			return hand_out(f, (size_t)(newline - f->buf) + 1, ret);
	}
}

static int file_fd(struct input *in)
{
	const struct file *f = in->state;

	return f->pipe ? f->fd : -1;
}

const struct input_kind input_file = {
	.name = "file",
	.shown = "FILE, FOLDER or -",
	.summary = "a file, plain, gzip or zstd; all files of a folder; standard input",
	.open = file_open,
	.next = file_next,
	.fd = file_fd,
	.close = file_close,
};
