/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that make, copy and close file descriptors, all but sockets: open in
 * its forms, pipes, dup, fcntl, and the many kinds of anonymous files.
 */
#include "internal.h"

#include <stdio.h>

#define BPF_MAKES_FD                                                                     \
	(UINT64_C(1) << 0 | UINT64_C(1) << 5 | UINT64_C(1) << 7 | UINT64_C(1) << 13 |    \
	 UINT64_C(1) << 14 | UINT64_C(1) << 17 | UINT64_C(1) << 18 | UINT64_C(1) << 19 | \
	 UINT64_C(1) << 28 | UINT64_C(1) << 30 | UINT64_C(1) << 32 | UINT64_C(1) << 33)

static bool made_fd(const struct saker_record *r)
{
	return r->thread && r->flags & ENRICH_RECORD_HAS_RES && r->res >= 0;
}

/* ---- open ---------------------------------------------------------------------------------- */

struct open_call {
	int64_t dirfd;
	struct enrich_slice name;
	bool whole; /* the kernel's own path: relative to nothing */
	uint32_t flags;
	uint32_t dev;
	uint64_t ino;
};

static void real_set(struct saker_state *s, struct enrich_fd *fd, const char *text, size_t len)
{
	if (enrich_fd_need_more(s, fd))
		enrich_str_set(s, &fd->more->real, text, len);
}

/* Where the name led to, when whoever captured it would have said so. */
static void open_real(struct saker_state *s, const struct saker_record *r,
		      const struct open_call *call, struct enrich_fd *fd)
{
	struct enrich_slice real = {NULL, 0};
	char path[ENRICH_PATH_MAX + 1];

	if (!(r->flags & ENRICH_RECORD_REALPATH))
		return;
	if (r->flags & ENRICH_RECORD_HAS_NOTE && r->note.how & SAKER_HOW_PATH_CUT) {
		fd->flags |= ENRICH_FD_REAL_CUT;
		return;
	}
	fd->flags |= ENRICH_FD_REAL_KNOWN;
	if (r->flags & ENRICH_RECORD_HAS_NOTE && r->note.path_len)
		real = (struct enrich_slice){r->note.path, r->note.path_len};
	else if (enrich_path_really_at(r, call->dirfd, call->name.text, call->name.len, path,
				       &real.len))
		real.text = path;
	if (real.len && (real.len != enrich_str_len(fd->name) ||
			 memcmp(real.text, enrich_str_text(fd->name), real.len) != 0))
		real_set(s, fd, real.text, real.len);
}

static void open_finish(struct saker_state *s, struct saker_record *r, const struct open_call *call)
{
	struct enrich_slice path = call->name;
	char buf[ENRICH_PATH_MAX + 1];
	struct enrich_fd *fd;
	bool whole;

	if (!made_fd(r))
		return;
	whole = enrich_path_is_whole(path);
	if (!whole) {
		path.len = call->whole ? enrich_path_join(buf, "", 0, path.text, path.len)
				       : enrich_path_at(r, call->dirfd, path.text, path.len, buf);
		path.text = buf;
	}
	/* What went to a ring's own table is this record's to show, and no descriptor. */
	fd = r->res >= SAKER_DIRECT_FD ? enrich_fd_standin(s) : enrich_fd_add(s, r->thread, r->res);
	if (!fd) {
		r->fd_num = r->res;
		return;
	}
	if (!enrich_path_sure(r, call->dirfd, call->name.text, call->name.len))
		enrich_fd_doubt(fd);
	/* O_TMPFILE comes with it: nothing but the directory's name is known of such a file. */
	fd->type = call->flags & O_PPM_DIRECTORY ? ENRICH_FD_DIRECTORY : ENRICH_FD_FILE_V2;
	enrich_fd_set_open_flags(fd, call->flags);
	fd->dev_or_mount = call->dev;
	fd->ino = call->ino;
	enrich_str_set(s, &fd->name, path.text, path.len);
	if (whole ||
	    (call->name.len == path.len && memcmp(call->name.text, path.text, path.len) == 0))
		fd->flags |= ENRICH_FD_RAW_NAME;
	else if (call->name.len && enrich_fd_need_more(s, fd))
		enrich_str_set(s, &fd->more->name_raw, call->name.text, call->name.len);
	open_real(s, r, call, fd);
	enrich_record_set_fd(r, fd, r->res);
}

static void open_name(const struct saker_record *r, uint32_t param, struct open_call *call)
{
	call->name = enrich_param_text(r, param);
	if (!enrich_param(r, param))
		call->name = (struct enrich_slice){"<NA>", 4};
}

/* What the program asked for was stored at the call's start: it may have changed the name since. */
static void entry_to_call(const struct saker_record *r, struct open_call *call, bool has_dirfd,
			  bool has_flags)
{
	uint32_t made = call->flags & ~(uint32_t)(O_PPM_F_CREATED - 1);
	struct saker_record entry = {.thread = r->thread};
	uint32_t at = has_dirfd ? 1 : 0;
	struct enrich_slice name;

	if (!enrich_record_entry(r, (uint16_t)(r->view.event->type - 1), &entry.view))
		return;
	name = enrich_param_text(&entry, at);
	if (!enrich_param(&entry, at) || (name.len == 4 && memcmp(name.text, "<NA>", 4) == 0))
		return;
	call->name = name;
	if (has_flags)
		call->flags = enrich_param_u32(&entry, at + 1) | made;
	if (has_dirfd)
		call->dirfd = enrich_param_int(&entry, 0, ENRICH_AT_FDCWD);
}

static void open_from_entry(const struct saker_record *r, struct open_call *call, bool has_dirfd,
			    bool has_flags)
{
	if (unlikely(r->thread && r->thread->entry))
		entry_to_call(r, call, has_dirfd, has_flags);
}

static void on_open(struct saker_state *s, struct saker_record *r)
{
	struct open_call call = {.dirfd = ENRICH_AT_FDCWD, .flags = enrich_param_u32(r, 2)};

	open_name(r, 1, &call);
	call.dev = enrich_param_u32(r, 4);
	call.ino = enrich_param_u64(r, 5);
	open_from_entry(r, &call, false, true);
	open_finish(s, r, &call);
}

static void on_creat(struct saker_state *s, struct saker_record *r)
{
	struct open_call call = {.dirfd = ENRICH_AT_FDCWD};
	int64_t layer = enrich_param_int(r, 5, 0);

	open_name(r, 1, &call);
	call.dev = enrich_param_u32(r, 3);
	call.ino = enrich_param_u64(r, 4);
	if (layer & CREAT_PPM_UPPER_LAYER)
		call.flags |= FD_PPM_UPPER_LAYER;
	else if (layer & CREAT_PPM_LOWER_LAYER)
		call.flags |= FD_PPM_LOWER_LAYER;
	open_from_entry(r, &call, false, false);
	open_finish(s, r, &call);
}

static void open_at(struct saker_state *s, struct saker_record *r, uint32_t dev_param)
{
	struct open_call call = {
		.dirfd = enrich_param_int(r, 1, ENRICH_AT_FDCWD),
		.flags = enrich_param_u32(r, 3),
		.dev = enrich_param_u32(r, dev_param),
		.ino = enrich_param_u64(r, dev_param + 1),
	};

	open_name(r, 2, &call);
	open_from_entry(r, &call, true, true);
	open_finish(s, r, &call);
}

static void on_openat(struct saker_state *s, struct saker_record *r)
{
	open_at(s, r, 5);
}

static void on_openat2(struct saker_state *s, struct saker_record *r)
{
	open_at(s, r, 6);
}

/* The kernel tells the whole path here. */
static void on_open_by_handle_at(struct saker_state *s, struct saker_record *r)
{
	struct open_call call = {
		.dirfd = ENRICH_AT_FDCWD,
		.whole = true,
		.flags = enrich_param_u32(r, 2),
	};

	open_name(r, 3, &call);
	call.dev = enrich_param_u32(r, 4);
	call.ino = enrich_param_u64(r, 5);
	open_finish(s, r, &call);
}

/* ---- anonymous files ------------------------------------------------------------------------- */

static struct enrich_fd *make_fd(struct saker_state *s, struct saker_record *r, int64_t num,
				 enum enrich_fd_type type, uint32_t open_flags)
{
	struct enrich_fd *fd = enrich_fd_add(s, r->thread, num);

	if (fd) {
		fd->type = (uint8_t)type;
		fd->open_flags = (uint16_t)open_flags;
	}
	enrich_record_set_fd(r, fd, num);
	return fd;
}

static uint32_t flags_param(const struct saker_record *r, uint32_t i)
{
	return (uint32_t)enrich_param_int(r, i, 0);
}

/* Those whose flags, if any, are of no use later; or stand in the parameter given. */
#define ON_ANON(name, type, flags)                                           \
	static void on_##name(struct saker_state *s, struct saker_record *r) \
	{                                                                    \
		if (made_fd(r))                                              \
			make_fd(s, r, r->res, ENRICH_FD_##type, flags);      \
	}
ON_ANON(eventfd, EVENT, 0)
ON_ANON(eventfd2, EVENT, flags_param(r, 1))
ON_ANON(signalfd, SIGNALFD, 0)
ON_ANON(signalfd4, SIGNALFD, flags_param(r, 1))
ON_ANON(timerfd_create, TIMERFD, flags_param(r, 2))
ON_ANON(inotify_init, INOTIFY, 0)
ON_ANON(inotify_init1, INOTIFY, flags_param(r, 1))
ON_ANON(epoll_create, EVENTPOLL, 0)
ON_ANON(epoll_create1, EVENTPOLL, flags_param(r, 1) & EPOLL_PPM_CLOEXEC ? O_PPM_CLOEXEC : 0)
ON_ANON(userfaultfd, USERFAULTFD, flags_param(r, 1))
ON_ANON(io_uring_setup, IO_URING, O_PPM_CLOEXEC) /* always, as the kernel makes it */
#undef ON_ANON

/* Most commands of bpf return something else than an fd. */
static void on_bpf(struct saker_state *s, struct saker_record *r)
{
	uint32_t cmd = flags_param(r, 1);

	if (made_fd(r) && cmd < 64 && BPF_MAKES_FD >> cmd & 1)
		make_fd(s, r, r->res, ENRICH_FD_BPF, O_PPM_CLOEXEC);
}

static void on_memfd_create(struct saker_state *s, struct saker_record *r)
{
	struct enrich_slice name = enrich_param_text(r, 1);
	struct enrich_fd *fd;

	if (!made_fd(r))
		return;
	fd = make_fd(s, r, r->res, ENRICH_FD_MEMFD, enrich_param_u32(r, 2));
	if (!fd)
		return;
	enrich_str_set(s, &fd->name, name.text, name.len);
	enrich_record_set_fd(r, fd, r->res);
}

/* Named after the process it is about, as /proc would. */
static void on_pidfd_open(struct saker_state *s, struct saker_record *r)
{
	int64_t pid = enrich_param_int(r, 1, 0);
	struct enrich_fd *fd;
	char name[320];
	int len;

	if (!made_fd(r))
		return;
	/* Closed on exec without being asked. */
	fd = make_fd(s, r, r->res, ENRICH_FD_PIDFD, enrich_param_u32(r, 2) | O_PPM_CLOEXEC);
	if (!fd)
		return;
	if (enrich_fd_need_more(s, fd))
		fd->more->pid = pid;
	len = snprintf(name, sizeof(name), "%.256s/proc/%lld", s->host_root, (long long)pid);
	enrich_str_set(s, &fd->name, name, MIN((size_t)len, sizeof(name) - 1));
	enrich_record_set_fd(r, fd, r->res);
}

/* An fd out of another process. */
static void on_pidfd_getfd(struct saker_state *s, struct saker_record *r)
{
	int64_t target = enrich_param_int(r, 2, -1);
	const struct enrich_fd *pidfd;
	const struct enrich_thread *owner;
	const struct enrich_fd *source;
	struct enrich_fd *fd;
	bool sure;

	if (!made_fd(r))
		return;
	pidfd = enrich_fd_find(r->thread, enrich_param_int(r, 1, -1));
	sure = pidfd && enrich_fd_sure(s, r->thread, pidfd);
	owner = pidfd ? enrich_thread_touch(s, enrich_fd_pid(pidfd)) : NULL;
	source = owner ? enrich_fd_find(owner, target) : NULL;
	if (!source) {
		enrich_fd_replaced(s, r->thread, r->res);
		return;
	}
	sure = sure && enrich_thread_sure(s, owner) && enrich_fd_sure(s, owner, source);
	fd = enrich_fd_add_copy(s, r->thread, r->res, source);
	r->fd = fd;
	r->fd_num = r->res;
	r->flags |= ENRICH_RECORD_HAS_FD | ENRICH_RECORD_NEW_FD;
	if (!fd)
		return;
	fd->epoch = enrich_epoch(s, sure && !enrich_thread_stale(s, r->thread));
	enrich_fd_clear_cloexec(fd);
	fd->open_flags |= O_PPM_CLOEXEC;
}

static void on_pipe(struct saker_state *s, struct saker_record *r)
{
	int64_t fds[2] = {enrich_param_int(r, 1, -1), enrich_param_int(r, 2, -1)};
	uint64_t ino = enrich_param_u64(r, 3);
	uint32_t flags =
		r->view.event->type == SAKER_EV_SYSCALL_PIPE2_X ? enrich_param_u32(r, 4) : 0;

	if (!made_fd(r))
		return;
	for (int i = 0; i < 2; i++) {
		struct enrich_fd *fd = make_fd(s, r, fds[i], ENRICH_FD_FIFO, flags);

		if (fd)
			fd->ino = ino;
	}
}

/* ---- copies ------------------------------------------------------------------------------------
 */

/* A copy of the record's fd under the number that the call returned. */
static void copy_fd(struct saker_state *s, struct saker_record *r, bool cloexec)
{
	struct enrich_fd *fd;

	/* dup2 of a number onto itself does nothing. */
	if (r->fd_num == r->res)
		return;
	/* Whatever it is a copy of, what had the number before is closed. */
	if (!r->fd) {
		enrich_fd_replaced(s, r->thread, r->res);
		return;
	}
	fd = enrich_fd_add_copy(s, r->thread, r->res, r->fd);
	if (fd) {
		enrich_fd_clear_cloexec(fd);
		if (cloexec)
			fd->open_flags |= O_PPM_CLOEXEC;
	}
	r->fd = fd;
	r->fd_num = r->res;
	r->flags |= ENRICH_RECORD_NEW_FD;
}

/* dup, dup2 */
static void on_dup(struct saker_state *s, struct saker_record *r)
{
	if (made_fd(r))
		copy_fd(s, r, false);
}

static void on_dup3(struct saker_state *s, struct saker_record *r)
{
	if (made_fd(r))
		copy_fd(s, r, enrich_param_u32(r, 3) & O_PPM_CLOEXEC);
}

static void set_cloexec(struct saker_state *s, struct saker_record *r, bool cloexec)
{
	struct enrich_fd *fd = r->fd ? enrich_fd_own(s, r->thread, r->fd_num) : NULL;

	if (!fd)
		return;
	enrich_fd_clear_cloexec(fd);
	if (cloexec)
		fd->open_flags |= O_PPM_CLOEXEC;
}

static void on_fcntl(struct saker_state *s, struct saker_record *r)
{
	int64_t cmd = enrich_param_int(r, 2, 0);

	if (!made_fd(r))
		return;
	switch (cmd) {
	case FCNTL_PPM_DUPFD:
	case FCNTL_PPM_DUPFD_CLOEXEC:
		copy_fd(s, r, cmd == FCNTL_PPM_DUPFD_CLOEXEC);
		break;
	case FCNTL_PPM_SETFD:
		set_cloexec(s, r, enrich_param_u64(r, 3) & 1); /* FD_CLOEXEC */
		break;
	default:
		break;
	}
}

/* Requests are as the kernel has them: these two are another way to say F_SETFD, Python's. */
#define IOCTL_FIONCLEX 0x5450u
#define IOCTL_FIOCLEX 0x5451u

static void on_ioctl(struct saker_state *s, struct saker_record *r)
{
	uint64_t request = enrich_param_u64(r, 2);

	if (request != IOCTL_FIOCLEX && request != IOCTL_FIONCLEX)
		return;
	if (made_fd(r))
		set_cloexec(s, r, request == IOCTL_FIOCLEX);
}

/* ---- closing -----------------------------------------------------------------------------------
 */

static void on_close(struct saker_state *s, struct saker_record *r)
{
	if (!made_fd(r) || !r->fd)
		return;
	s->pending_close_tid = r->thread->tid;
	s->pending_close_fd = r->fd_num;
}

static void on_close_range(struct saker_state *s, struct saker_record *r)
{
	if (!made_fd(r))
		return;
	if (enrich_follows_all(r) && enrich_param_u32(r, 3) & CLOSE_RANGE_PPM_UNSHARE)
		enrich_files_unshare(s, r->thread);
	enrich_fds_close_range(s, r->thread, enrich_param_u32(r, 1), enrich_param_u32(r, 2),
			       enrich_param_u32(r, 3) & CLOSE_RANGE_PPM_CLOEXEC);
}

const struct enrich_handler enrich_handlers_file[] = {
	{SAKER_EV_SYSCALL_OPEN_X, on_open},
	{SAKER_EV_SYSCALL_CLOSE_X, on_close},
	{SAKER_EV_SYSCALL_CREAT_X, on_creat},
	{SAKER_EV_SYSCALL_PIPE_X, on_pipe},
	{SAKER_EV_SYSCALL_EVENTFD_X, on_eventfd},
	{SAKER_EV_SYSCALL_SIGNALFD_X, on_signalfd},
	{SAKER_EV_SYSCALL_TIMERFD_CREATE_X, on_timerfd_create},
	{SAKER_EV_SYSCALL_INOTIFY_INIT_X, on_inotify_init},
	{SAKER_EV_SYSCALL_FCNTL_X, on_fcntl},
	{SAKER_EV_SYSCALL_IOCTL_3_X, on_ioctl},
	{SAKER_EV_SYSCALL_OPENAT_2_X, on_openat},
	{SAKER_EV_SYSCALL_USERFAULTFD_X, on_userfaultfd},
	{SAKER_EV_SYSCALL_OPENAT2_X, on_openat2},
	{SAKER_EV_SYSCALL_OPEN_BY_HANDLE_AT_X, on_open_by_handle_at},
	{SAKER_EV_SYSCALL_IO_URING_SETUP_X, on_io_uring_setup},
	{SAKER_EV_SYSCALL_DUP2_X, on_dup},
	{SAKER_EV_SYSCALL_DUP3_X, on_dup3},
	{SAKER_EV_SYSCALL_DUP_1_X, on_dup},
	{SAKER_EV_SYSCALL_BPF_2_X, on_bpf},
	{SAKER_EV_SYSCALL_EPOLL_CREATE_X, on_epoll_create},
	{SAKER_EV_SYSCALL_EPOLL_CREATE1_X, on_epoll_create1},
	{SAKER_EV_SYSCALL_PIPE2_X, on_pipe},
	{SAKER_EV_SYSCALL_INOTIFY_INIT1_X, on_inotify_init1},
	{SAKER_EV_SYSCALL_EVENTFD2_X, on_eventfd2},
	{SAKER_EV_SYSCALL_SIGNALFD4_X, on_signalfd4},
	{SAKER_EV_SYSCALL_MEMFD_CREATE_X, on_memfd_create},
	{SAKER_EV_SYSCALL_PIDFD_GETFD_X, on_pidfd_getfd},
	{SAKER_EV_SYSCALL_PIDFD_OPEN_X, on_pidfd_open},
	{SAKER_EV_SYSCALL_CLOSE_RANGE_X, on_close_range},
	{0, NULL},
};
