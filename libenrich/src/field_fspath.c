/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.path.*: the paths that a successful call worked on, whichever call it was:
 * one path (name), or two (source and target). One table says which parameter
 * of which event is which.
 */
#include "field.h"
#include "render.h"

/* Instead of a parameter: the name of the event's descriptor. */
#define PARAM_FD 0x7f
#define PARAM_NONE (-1)

/*
 * code, success, name, source, target: indices of parameters. Success is RES
 * (result 0) or FD (a descriptor other than -1).
 */
#define FSPATH_LIST(X)                   \
	X(MKDIR, RES, 1, -1, -1)         \
	X(MKDIRAT, RES, 2, -1, -1)       \
	X(RMDIR, RES, 1, -1, -1)         \
	X(UNLINK, RES, 1, -1, -1)        \
	X(UNLINKAT, RES, 2, -1, -1)      \
	X(OPEN, FD, 1, -1, -1)           \
	X(OPENAT, FD, 2, -1, -1)         \
	X(OPENAT2, FD, 2, -1, -1)        \
	X(FCHMODAT, RES, 2, -1, -1)      \
	X(CHMOD, RES, 1, -1, -1)         \
	X(FCHMOD, RES, PARAM_FD, -1, -1) \
	X(CHOWN, RES, 1, -1, -1)         \
	X(LCHOWN, RES, 1, -1, -1)        \
	X(FCHOWN, RES, PARAM_FD, -1, -1) \
	X(FCHOWNAT, RES, 2, -1, -1)      \
	X(QUOTACTL, RES, 1, -1, -1)      \
	X(RENAME, RES, -1, 1, 2)         \
	X(RENAMEAT, RES, -1, 2, 4)       \
	X(RENAMEAT2, RES, -1, 2, 4)      \
	X(LINK, RES, -1, 2, 1)           \
	X(LINKAT, RES, -1, 4, 2)         \
	X(SYMLINK, RES, -1, 2, 1)        \
	X(SYMLINKAT, RES, -1, 3, 1)      \
	X(MOUNT, RES, -1, 1, 2)          \
	X(UMOUNT, RES, 1, -1, -1)        \
	X(UMOUNT2, RES, 1, -1, -1)

enum fspath_success {
	SUCCESS_RES,
	SUCCESS_FD,
};

/* The parameter in that role, or PARAM_NONE: the call failed, or has none such. */
static int path_param(const struct saker_record *r, enum field_fspath role)
{
	enum fspath_success success;
	int8_t params[3];
	int64_t res;

	switch (field_code(r)) {
#define X(code, success_, name, source, target)                            \
	case CODE_##code:                                                  \
		success = SUCCESS_##success_;                              \
		memcpy(params, (const int8_t[]){name, source, target}, 3); \
		break;
		FSPATH_LIST(X)
#undef X
	default:
		return PARAM_NONE;
	}
	if (!enrich_param(r, 0))
		return PARAM_NONE;
	res = enrich_param_int(r, 0, -1);
	if (success == SUCCESS_RES ? res != 0 : res == -1)
		return PARAM_NONE;
	return params[role];
}

static struct enrich_slice text_or_na(const struct saker_record *r, uint32_t i)
{
	struct enrich_slice s = enrich_param_text(r, i);

	if (s.len || enrich_param(r, i))
		return s;
	return (struct enrich_slice){"<NA>", 4};
}

/* dir + path, cleaned; dir "" = path as it is. */
static struct enrich_slice join(struct saker_record *r, struct enrich_slice dir,
				struct enrich_slice path)
{
	char *buf = arena_alloc(&r->scratch, ENRICH_PATH_MAX + 1);

	if (!buf)
		return (struct enrich_slice){"", 0};
	return (struct enrich_slice){buf,
				     enrich_path_join(buf, dir.text, dir.len, path.text, path.len)};
}

static const struct enrich_slice unknown_directory = {ENRICH_DIR_UNKNOWN,
						      sizeof(ENRICH_DIR_UNKNOWN) - 1};

/* Below the directory of the parameter's descriptor, or the working directory. */
static struct enrich_slice at(struct saker_record *r, int i, struct enrich_slice path)
{
	const struct saker_param_info *info = &r->view.info->params[i];
	char *buf = arena_alloc(&r->scratch, ENRICH_PATH_MAX + 1);
	int64_t dirfd = ENRICH_AT_FDCWD;

	if (!buf)
		return (struct enrich_slice){"", 0};
	if (info->type == SAKER_PT_FSRELPATH && info->dirfd >= 0)
		dirfd = enrich_param_int(r, (uint32_t)info->dirfd, ENRICH_AT_FDCWD);
	return (struct enrich_slice){buf, enrich_path_at(r, dirfd, path.text, path.len, buf)};
}

static struct enrich_slice absolute(struct saker_record *r, int i, struct enrich_slice path)
{
	struct enrich_slice none = {"", 0};

	if (path.len && path.text[0] == '/')
		return join(r, none, path);
	/* An open file knows its own name best; one that did not open has none. */
	if (field_code(r) == CODE_OPENAT || field_code(r) == CODE_OPENAT2)
		return r->fd ? join(r, none,
				    (struct enrich_slice){enrich_str_text(r->fd->name),
							  enrich_str_len(r->fd->name)})
			     : unknown_directory;
	if (i == PARAM_FD)
		return path;
	/* A symbolic link's target hangs on the directory that the link will be in. */
	if (field_code(r) == CODE_SYMLINKAT && i == 1)
		return join(r, unknown_directory, path);
	return at(r, i, path);
}

void field_fspath(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	int i = path_param(r, (enum field_fspath)(ref->number & FSPATH_ROLE));
	struct enrich_slice path = {"", 0};
	const struct enrich_fd *fd;

	if (i == PARAM_NONE) {
		field_set_none(out);
		return;
	}
	if (i == PARAM_FD) {
		fd = field_fd_of(r);
		if (fd)
			path = (struct enrich_slice){enrich_str_text(fd->name),
						     enrich_str_len(fd->name)};
	} else {
		path = text_or_na(r, (uint32_t)i);
	}
	if (!(ref->number & FSPATH_RAW)) {
		if (!r->thread) {
			field_set_none(out);
			return;
		}
		path = absolute(r, i, path);
	}
	field_set_slice(out, path);
}
