/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, bounded; and standard input as one, so that it can be read more than once. */
#include <fcntl.h>
#include <sys/mman.h>

#include "rulecheck.h"

static int read_fd(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	size_t len = 0, size = 32 << 10;
	char *text = malloc(size);

	while (text) {
		ssize_t n = read(fd, text + len, size - len - 1);
		char *more;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || len + (size_t)MAX(n, 0) > max) {
			free(text);
			return n < 0 ? -errno : -EFBIG;
		}
		len += (size_t)n;
		if (n == 0) {
			text[len] = '\0';
			*ret_text = text;
			*ret_len = len;
			return 0;
		}
		if (size - len > 1)
			continue;
		more = util_reallocarray(text, size, 2);
		if (!more)
			free(text);
		text = more;
		size *= 2;
	}
	return -ENOMEM;
}

int read_whole_file(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_fd(fd, max, ret_text, ret_len);
}

/*
 * A pipe can be read once; findings show the line again. What came in takes the place of
 * standard input as a file in memory: /dev/stdin then opens it anew, from its beginning.
 */
int keep_standard_input(void)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	size_t len, done = 0;
	int r = read_fd(STDIN_FILENO, MAX_STANDARD_INPUT, &text, &len);

	if (r < 0)
		return r;
	fd = memfd_create("standard-input", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return dup2(fd, STDIN_FILENO) < 0 ? -errno : 0;
}
