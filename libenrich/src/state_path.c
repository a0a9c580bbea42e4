/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: a directory and a name made one, normalised, and the absolute path
 * that an event's parameter names. Apart because every file event pays for it.
 */
#include "internal.h"

/* Steps back over the last component of buf[0..n), which ends in '/'; "/" has no parent. */
static uint32_t to_parent(const char *buf, uint32_t n)
{
	if (n <= 1)
		return n;
	n--;
	while (n >= 1 && buf[n - 1] != '/')
		n--;
	return n;
}

/*
 * Appends path to buf[0..n), component by component. buf holds what is
 * normalised already (or a directory given as is) and ends in '/' or is empty.
 */
static uint32_t append(char *buf, uint32_t n, const char *path, const char *end)
{
	bool rooted = n > 0;

	while (path < end) {
		const char *stop;
		size_t len;

		if (*path == '/') {
			if (n > 0 ? buf[n - 1] != '/' : !rooted)
				buf[n++] = '/';
			path++;
			continue;
		}
		stop = memchr(path, '/', (size_t)(end - path));
		len = (size_t)((stop ? stop : end) - path);
		if (len == 1 && path[0] == '.' && (n == 0 || buf[n - 1] == '/')) {
			path += stop ? 2 : 1;
			continue;
		}
		if (len == 2 && path[0] == '.' && path[1] == '.' && (n == 0 || buf[n - 1] == '/')) {
			n = to_parent(buf, n);
			path += stop ? 3 : 2;
			continue;
		}
		memcpy(buf + n, path, len);
		n += (uint32_t)len;
		path += len;
	}
	return n;
}

typedef uint8_t path_block __attribute__((vector_size(16)));

static inline path_block path_load(const char *p)
{
	path_block block;

	memcpy(&block, p, sizeof(block));
	return block;
}

/* Where a '/' is followed by '/' or '.'. */
static inline path_block path_steps(const char *p)
{
	path_block next = path_load(p + 1);

	return (path_block)((path_load(p) == '/') & ((next == '/') | (next == '.')));
}

/* Nothing to normalise: no "//", no component that begins with '.', no '/' at its end. */
static bool is_plain(const char *path, uint32_t len)
{
	path_block steps = {0};
	uint64_t half[2];
	uint32_t i;

	if (len == 0 || path[0] == '.' || path[len - 1] == '/')
		return false;
	if (len <= sizeof(steps)) {
		for (i = 1; i < len; i++)
			if (path[i - 1] == '/' && (path[i] == '/' || path[i] == '.'))
				return false;
		return true;
	}
	/* sixteen places at a time; the last ones may be looked at twice */
	for (i = 0; i + sizeof(steps) < len; i += sizeof(steps))
		steps |= path_steps(path + i);
	steps |= path_steps(path + len - sizeof(steps) - 1);
	memcpy(half, &steps, sizeof(half));
	return !(half[0] | half[1]);
}

bool enrich_path_is_whole(struct enrich_slice path)
{
	return path.len && path.len <= ENRICH_PATH_MAX - 1 && path.text[0] == '/' &&
	       is_plain(path.text, path.len);
}

uint32_t enrich_path_join(char *buf, const char *dir, uint32_t dir_len, const char *path,
			  uint32_t path_len)
{
	uint32_t n = 0;

	if ((uint64_t)dir_len + path_len + 1 > ENRICH_PATH_MAX) {
		memcpy(buf, ENRICH_PATH_TOO_LONG, sizeof(ENRICH_PATH_TOO_LONG));
		return sizeof(ENRICH_PATH_TOO_LONG) - 1;
	}
	if (path_len && path[0] != '/') {
		memcpy(buf, dir, dir_len);
		n = dir_len;
	}
	if (likely(is_plain(path, path_len))) {
		memcpy(buf + n, path, path_len);
		buf[n + path_len] = '\0';
		return n + path_len;
	}
	n = append(buf, n, path, path + path_len);
	/* "/a/" is "/a", as the kernel would say; "/" stays. */
	if (n > 1 && buf[n - 1] == '/')
		n--;
	buf[n] = '\0';
	return n;
}

/* The directory with a "/" at its end; `slashed` is room for that. */
static struct enrich_slice as_directory(const struct enrich_str *name, char *slashed)
{
	struct enrich_slice dir = {enrich_str_text(name), enrich_str_len(name)};

	if (dir.len && dir.len < ENRICH_PATH_MAX && dir.text[dir.len - 1] != '/') {
		memcpy(slashed, dir.text, dir.len);
		slashed[dir.len++] = '/';
		dir.text = slashed;
	}
	return dir;
}

uint32_t enrich_path_at(const struct saker_record *r, int64_t dirfd, const char *path, uint32_t len,
			char *buf)
{
	struct enrich_slice dir = {ENRICH_DIR_UNKNOWN, sizeof(ENRICH_DIR_UNKNOWN) - 1};
	char slashed[ENRICH_PATH_MAX + 1];
	const struct enrich_fd *fd;

	if (len && path[0] == '/')
		return enrich_path_join(buf, "", 0, path, len);
	if (r->thread && dirfd == ENRICH_AT_FDCWD) {
		dir = enrich_thread_cwd(r->state, r->thread);
	} else if (r->thread) {
		fd = enrich_fd_find(r->thread, dirfd);
		if (fd)
			dir = as_directory(fd->name, slashed);
	}
	return enrich_path_join(buf, dir.text, dir.len, path, len);
}

bool enrich_path_really_at(const struct saker_record *r, int64_t dirfd, const char *path,
			   uint32_t len, char *buf, uint32_t *ret_len)
{
	char slashed[ENRICH_PATH_MAX + 1];
	const struct enrich_fd *fd;
	struct enrich_slice dir;

	/* The working directory is kept as what it really is. */
	if (!r->thread || dirfd == ENRICH_AT_FDCWD || !len || path[0] == '/')
		return false;
	fd = enrich_fd_find(r->thread, dirfd);
	if (!fd || !enrich_fd_real(fd))
		return false;
	dir = as_directory(enrich_fd_real(fd), slashed);
	*ret_len = enrich_path_join(buf, dir.text, dir.len, path, len);
	return true;
}

struct enrich_slice enrich_record_path(struct saker_record *r, uint32_t index)
{
	struct enrich_slice path = enrich_param_text(r, index);
	const struct saker_param_info *info;
	int64_t dirfd = ENRICH_AT_FDCWD;
	char *buf;

	if (path.len == 0 || index >= r->view.info->n_params)
		return (struct enrich_slice){"", 0};
	/* most of them are right as they stand in the event */
	if (enrich_path_is_whole(path))
		return path;
	info = &r->view.info->params[index];
	if (info->type == SAKER_PT_FSRELPATH && info->dirfd >= 0)
		dirfd = enrich_param_int(r, (uint32_t)info->dirfd, ENRICH_AT_FDCWD);
	buf = arena_alloc_raw(&r->scratch, ENRICH_PATH_MAX + 1);
	if (!buf)
		return (struct enrich_slice){"", 0};
	return (struct enrich_slice){buf, enrich_path_at(r, dirfd, path.text, path.len, buf)};
}
