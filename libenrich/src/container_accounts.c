/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names inside a container are its own, in files that whoever is in there can
 * make what they like: a link out of the container, a pipe, a terabyte, a file
 * system that never answers. So they are opened below the container's root
 * only, on the root's own file system, which must be a local one; regular and
 * small, or not at all.
 */
#include "container_accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <saker/event.h>
#include <saker/event_codes.h>

#include "common/util.h"
#include "procfs_mount.h"

#define FILE_MAX (256u << 10)
#define ACCOUNTS_MAX 512u /* of a file */
#define TEXT_MAX 255u	  /* of a name, a home, a shell */
#define FIELDS_MAX 7

struct events {
	uint8_t *bytes;
	size_t len;
	size_t capacity;
};

/* ---- events ------------------------------------------------------------------------------ */

/* n parameters with their lengths, the lengths of 16 bits. */
static int events_add(struct events *e, uint16_t code, const void *const *params,
		      const uint16_t *lens, uint32_t n)
{
	struct saker_event event = {.type = code, .nparams = n};
	size_t size = sizeof(event) + n * sizeof(*lens);
	uint8_t *p;

	for (uint32_t i = 0; i < n; i++)
		size += lens[i];
	if (e->len + size > e->capacity) {
		size_t capacity = MAX((e->len + size) * 2, (size_t)4096);

		p = realloc(e->bytes, capacity);
		if (!p)
			return -ENOMEM;
		e->bytes = p;
		e->capacity = capacity;
	}
	event.len = (uint32_t)size;
	p = e->bytes + e->len;
	memcpy(p, &event, sizeof(event));
	p += sizeof(event);
	memcpy(p, lens, n * sizeof(*lens));
	p += n * sizeof(*lens);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(p, params[i], lens[i]);
		p += lens[i];
	}
	e->len += size;
	return 0;
}

static uint16_t size_of(const char *text)
{
	return (uint16_t)(strlen(text) + 1);
}

static int add_user(struct events *e, char *const *fields, uint32_t uid, uint32_t gid,
		    const char *container)
{
	const void *params[] = {&uid, &gid, fields[0], fields[5], fields[6], container};
	const uint16_t lens[] = {sizeof(uid),	     sizeof(gid),	 size_of(fields[0]),
				 size_of(fields[5]), size_of(fields[6]), size_of(container)};

	return events_add(e, SAKER_EV_USER_ADDED_E, params, lens, ARRAY_SIZE(lens));
}

static int add_group(struct events *e, char *const *fields, uint32_t gid, const char *container)
{
	const void *params[] = {&gid, fields[0], container};
	const uint16_t lens[] = {sizeof(gid), size_of(fields[0]), size_of(container)};

	return events_add(e, SAKER_EV_GROUP_ADDED_E, params, lens, ARRAY_SIZE(lens));
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool parse_id(const char *text, uint32_t *ret_id)
{
	unsigned long v;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *end || v > UINT32_MAX)
		return false;
	*ret_id = (uint32_t)v;
	return true;
}

/* Lines that are none, or too long, are passed over. 1 = it was one. */
static int add_line(struct events *e, char *line, bool groups, const char *container)
{
	char *fields[FIELDS_MAX];
	uint32_t n = 0, id, gid;
	int r;

	if (*line == '\0' || strchr("+-#", *line))
		return 0;
	while (line && n < FIELDS_MAX)
		fields[n++] = strsep(&line, ":");
	for (uint32_t i = 0; i < n; i++) {
		if (strlen(fields[i]) > TEXT_MAX && !(groups && i == 3))
			return 0;
	}
	if (n < (groups ? 3 : FIELDS_MAX) || !*fields[0] || !parse_id(fields[2], &id))
		return 0;
	if (groups)
		r = add_group(e, fields, id, container);
	else
		r = parse_id(fields[3], &gid) ? add_user(e, fields, id, gid, container) : 0;
	return r < 0 ? r : 1;
}

static char *read_text(int fd, size_t size)
{
	char *text = malloc(size + 1);
	size_t n = 0;

	while (text && n < size) {
		ssize_t r = read(fd, text + n, size - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	if (text)
		text[n] = '\0';
	return text;
}

static int add_file(struct events *e, int root, const char *path, bool groups,
		    const char *container)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	_cleanup_free_ char *text = NULL;
	struct stat st;
	uint32_t n = 0;
	char *line, *rest;
	int r = 0;

	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return -ENOENT;
	text = read_text(fd, (size_t)st.st_size);
	if (!text)
		return -ENOMEM;
	rest = text;
	while (r >= 0 && n < ACCOUNTS_MAX && (line = strsep(&rest, "\n"))) {
		r = add_line(e, line, groups, container);
		n += r == 1;
	}
	return MIN(r, 0);
}

/* ---- the container's root ------------------------------------------------------------------ */

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/*
 * Is this of the thread (its root, its mount namespace) that of the host, or of
 * ourselves, who may be in some container beside the runtime?
 */
static bool is_outside(const char *proc, int64_t tid, const char *what)
{
	char path[PATH_MAX], other[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%lld/%s", proc, (long long)tid, what);
	snprintf(other, sizeof(other), "%s/1/%s", proc, what);
	if (same_file(path, other))
		return true;
	snprintf(other, sizeof(other), "/proc/self/%s", what);
	return same_file(path, other);
}

int container_accounts_read(const char *proc, int64_t tid, const char *container_id,
			    uint8_t **ret_events, size_t *ret_len)
{
	_cleanup_close_ int root = -1;
	struct events e = {0};
	char path[PATH_MAX];
	int r, r2;

	snprintf(path, sizeof(path), "%s/%lld/ns/mnt", proc, (long long)tid);
	if (faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) < 0)
		return -ENOENT;
	if (is_outside(proc, tid, "ns/mnt"))
		return -EAGAIN;
	snprintf(path, sizeof(path), "%s/%lld/root", proc, (long long)tid);
	if (!procfs_root_is_local(proc, tid))
		return faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) < 0 ? -ENOENT : -EOPNOTSUPP;
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -ENOENT;
	if (is_outside(proc, tid, "root"))
		return -EAGAIN;
	r = add_file(&e, root, "etc/passwd", false, container_id);
	r2 = add_file(&e, root, "etc/group", true, container_id);
	if (r == -ENOMEM || r2 == -ENOMEM || !e.len) {
		free(e.bytes);
		return r == -ENOMEM || r2 == -ENOMEM ? -ENOMEM : -ENOENT;
	}
	*ret_events = e.bytes;
	*ret_len = e.len;
	return 0;
}
