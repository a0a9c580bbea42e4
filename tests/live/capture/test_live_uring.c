// SPDX-License-Identifier: Apache-2.0
/*
 * What is done through an io_uring, as the events of the system calls that do
 * the same: each operation with every parameter, and said how it came. On a
 * plain ring, one that the kernel's own thread reads, through its workers, with
 * files in the ring's own table, and many at once.
 */
#include "live.h"
#include "uring_case.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

struct uring uring_of_case;

static int make_file(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static uint64_t ino_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* ---- files ---------------------------------------------------------------------------- */

static void check_openat(struct live *live, const char *path, int fd)
{
	I64("fd", fd);
	I64("dirfd", AT_FDCWD);
	TEXT("name", path);
	U32("flags", SAKER_FLAG_file_flags_O_RDONLY | SAKER_FLAG_file_flags_O_CLOEXEC);
	U32("mode", 0);
	POSITIVE("dev", 4);
	I64("ino", ino_of(fd));
	END();
}

static void t_openat(struct live *live)
{
	const char *path = live_path(live, 0, "opened");
	struct io_uring_sqe *s;
	int fd;

	close(make_file(path, "text"));
	BEGIN(SYSCALL_OPENAT_2_X);
	s = sqe(IORING_OP_OPENAT, AT_FDCWD);
	s->addr = addr(path);
	s->open_flags = O_RDONLY | O_CLOEXEC;
	fd = uring_run(&ring);
	assert_true(fd >= 0);
	FIND();
	check_openat(live, path, fd);
	NOTE(0);
	close(fd);
}

static void t_openat_fails(struct live *live)
{
	struct io_uring_sqe *s;

	BEGIN(SYSCALL_OPENAT_2_X);
	s = sqe(IORING_OP_OPENAT, 5555);
	s->addr = addr("missing");
	s->open_flags = O_WRONLY | O_CREAT;
	s->len = 0640;
	assert_int_equal(uring_run(&ring), -EBADF);
	FIND();
	I64("fd", -EBADF);
	I64("dirfd", 5555);
	TEXT("name", "missing");
	U32("flags", SAKER_FLAG_file_flags_O_WRONLY | SAKER_FLAG_file_flags_O_CREAT);
	U32("mode", 0640);
	U32("dev", 0);
	I64("ino", 0);
	END();
	NOTE(0);
}

static void t_openat2(struct live *live)
{
	const char *path = live_path(live, 0, "opened2");
	struct {
		uint64_t flags, mode, resolve;
	} how = {.flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = 4 /* NO_SYMLINKS */};
	struct io_uring_sqe *s;
	int fd;

	BEGIN(SYSCALL_OPENAT2_X);
	s = sqe(IORING_OP_OPENAT2, AT_FDCWD);
	s->addr = addr(path);
	s->addr2 = addr(&how);
	s->len = sizeof(how);
	fd = uring_run(&ring);
	assert_true(fd >= 0);
	FIND();
	I64("fd", fd);
	I64("dirfd", AT_FDCWD);
	TEXT("name", path);
	U32("flags", SAKER_FLAG_file_flags_O_RDWR | SAKER_FLAG_file_flags_O_CREAT |
			     SAKER_FLAG_file_flags_O_F_CREATED);
	U32("mode", 0600);
	U32("resolve", SAKER_FLAG_openat2_flags_RESOLVE_NO_SYMLINKS);
	POSITIVE("dev", 4);
	I64("ino", ino_of(fd));
	END();
	NOTE(0);
	close(fd);
}

/* Longer than what is kept small. */
static void t_openat_long(struct live *live)
{
	char path[3000];
	struct io_uring_sqe *s;

	memset(path, '/', sizeof(path));
	memcpy(path + sizeof(path) - 9, "missing!", 9);
	memcpy(path, "/tmp", 4);
	BEGIN(SYSCALL_OPENAT_2_X);
	s = sqe(IORING_OP_OPENAT, AT_FDCWD);
	s->addr = addr(path);
	assert_int_equal(uring_run(&ring), -ENOENT);
	FIND();
	I64("fd", -ENOENT);
	I64("dirfd", AT_FDCWD);
	TEXT("name", path);
	U32("flags", SAKER_FLAG_file_flags_O_RDONLY);
	U32("mode", 0);
	U32("dev", 0);
	I64("ino", 0);
	END();
	NOTE(0);
}

static void t_close(struct live *live)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	BEGIN(SYSCALL_CLOSE_X);
	sqe(IORING_OP_CLOSE, fd);
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("fd", fd);
	END();
	NOTE(0);
}

static void t_renameat(struct live *live)
{
	const char *from = live_path(live, 0, "from"), *to = live_path(live, 1, "to");
	struct io_uring_sqe *s;

	close(make_file(from, ""));
	BEGIN(SYSCALL_RENAMEAT2_X);
	s = sqe(IORING_OP_RENAMEAT, AT_FDCWD);
	s->addr = addr(from);
	s->addr2 = addr(to);
	s->len = (uint32_t)AT_FDCWD;
	s->rename_flags = 1; /* NOREPLACE */
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("olddirfd", AT_FDCWD);
	TEXT("oldpath", from);
	I64("newdirfd", AT_FDCWD);
	TEXT("newpath", to);
	U32("flags", 1);
	END();
	NOTE(0);
}

static void t_linkat(struct live *live)
{
	const char *from = live_path(live, 0, "file"), *to = live_path(live, 1, "linked");
	struct io_uring_sqe *s;

	close(make_file(from, ""));
	BEGIN(SYSCALL_LINKAT_2_X);
	s = sqe(IORING_OP_LINKAT, AT_FDCWD);
	s->addr = addr(from);
	s->addr2 = addr(to);
	s->len = (uint32_t)AT_FDCWD;
	s->hardlink_flags = AT_SYMLINK_FOLLOW;
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("olddir", AT_FDCWD);
	TEXT("oldpath", from);
	I64("newdir", AT_FDCWD);
	TEXT("newpath", to);
	U32("flags", SAKER_FLAG_linkat_flags_AT_SYMLINK_FOLLOW);
	END();
	NOTE(0);
}

static void t_symlinkat(struct live *live)
{
	const char *to = live_path(live, 0, "symlinked");
	struct io_uring_sqe *s;

	BEGIN(SYSCALL_SYMLINKAT_X);
	s = sqe(IORING_OP_SYMLINKAT, AT_FDCWD);
	s->addr = addr("/etc/shadow");
	s->addr2 = addr(to);
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	TEXT("target", "/etc/shadow");
	I64("linkdirfd", AT_FDCWD);
	TEXT("linkpath", to);
	END();
	NOTE(0);
}

static void t_mkdirat_unlinkat(struct live *live)
{
	const char *path = live_path(live, 0, "made");
	struct io_uring_sqe *s;

	BEGIN(SYSCALL_MKDIRAT_X);
	s = sqe(IORING_OP_MKDIRAT, AT_FDCWD);
	s->addr = addr(path);
	s->len = 0750;
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("dirfd", AT_FDCWD);
	TEXT("path", path);
	U32("mode", 0750);
	END();
	NOTE(0);

	BEGIN(SYSCALL_UNLINKAT_2_X);
	s = sqe(IORING_OP_UNLINKAT, AT_FDCWD);
	s->addr = addr(path);
	s->unlink_flags = AT_REMOVEDIR;
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("dirfd", AT_FDCWD);
	TEXT("name", path);
	U32("flags", SAKER_FLAG_unlinkat_flags_AT_REMOVEDIR);
	END();
	NOTE(0);
}

/* What has no event of its own is the generic one, by the name of its call. */
static void t_fsync(struct live *live)
{
	int fd = make_file(live_path(live, 0, "synced"), "x");
	struct saker_syscall_set set = {{0}};

	live_begin(live, SAKER_EV_GENERIC_X);
	saker_syscall_set_add_name(&set, "fsync");
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	sqe(IORING_OP_FSYNC, fd);
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	U16("ID", SAKER_SC_FSYNC);
	U16("nativeID", SYS_fsync);
	END();
	NOTE(0);
	close(fd);
}

/* ---- reading and writing --------------------------------------------------------------- */

static void t_read_write(struct live *live)
{
	int fd = make_file(live_path(live, 0, "rw"), "0123456789");
	struct io_uring_sqe *s;
	char buf[32];

	BEGIN(SYSCALL_PREAD_X);
	s = sqe(IORING_OP_READ, fd);
	s->addr = addr(buf);
	s->len = sizeof(buf);
	s->off = 3;
	assert_int_equal(uring_run(&ring), 7);
	FIND();
	I64("res", 7);
	BYTES("data", "3456789", 7);
	I64("fd", fd);
	U32("size", sizeof(buf));
	U64("pos", 3);
	END();
	NOTE(0);

	BEGIN(SYSCALL_WRITE_X);
	s = sqe(IORING_OP_WRITE, fd);
	s->addr = addr("abc");
	s->len = 3;
	s->off = UINT64_MAX; /* where the file stands */
	assert_int_equal(uring_run(&ring), 3);
	FIND();
	I64("res", 3);
	BYTES("data", "abc", 3);
	I64("fd", fd);
	U32("size", 3);
	END();
	NOTE(0);
	close(fd);
}

/* A pipe has no position, whatever the operation says. */
static void t_read_pipe(struct live *live)
{
	struct io_uring_sqe *s;
	char buf[8];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "hi", 2), 2);
	BEGIN(SYSCALL_READ_X);
	s = sqe(IORING_OP_READ, fds[0]);
	s->addr = addr(buf);
	s->len = sizeof(buf);
	assert_int_equal(uring_run(&ring), 2);
	FIND();
	I64("res", 2);
	BYTES("data", "hi", 2);
	I64("fd", fds[0]);
	U32("size", sizeof(buf));
	END();
	NOTE(0);
	close(fds[0]);
	close(fds[1]);
}

static void t_readv_writev(struct live *live)
{
	int fd = make_file(live_path(live, 0, "vectors"), "0123456789");
	char a[4], b[4];
	struct iovec in[2] = {{a, sizeof(a)}, {b, sizeof(b)}};
	struct iovec out[2] = {{(void *)"left", 4}, {(void *)"right", 5}};
	struct io_uring_sqe *s;

	BEGIN(SYSCALL_PREADV_X);
	s = sqe(IORING_OP_READV, fd);
	s->addr = addr(in);
	s->len = 2;
	s->off = 1;
	assert_int_equal(uring_run(&ring), 8);
	FIND();
	I64("res", 8);
	U32("size", 8);
	BYTES("data", "12345678", 8);
	I64("fd", fd);
	U64("pos", 1);
	END();
	NOTE(0);

	BEGIN(SYSCALL_PWRITEV_X);
	s = sqe(IORING_OP_WRITEV, fd);
	s->addr = addr(out);
	s->len = 2;
	s->off = 0;
	assert_int_equal(uring_run(&ring), 9);
	FIND();
	I64("res", 9);
	BYTES("data", "leftright", 9);
	I64("fd", fd);
	U32("size", 9);
	U64("pos", 0);
	END();
	NOTE(0);
	close(fd);
}

static void t_fixed_buffer(struct live *live)
{
	int fd = make_file(live_path(live, 0, "fixed"), "fixed buffer");
	static char buf[64];
	struct iovec iov = {buf, sizeof(buf)};
	struct io_uring_sqe *s;

	assert_int_equal(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &iov, 1),
			 0);
	BEGIN(SYSCALL_PREAD_X);
	s = sqe(IORING_OP_READ_FIXED, fd);
	s->addr = addr(buf + 8);
	s->len = 32;
	s->off = 6;
	assert_int_equal(uring_run(&ring), 6);
	FIND();
	I64("res", 6);
	BYTES("data", "buffer", 6);
	I64("fd", fd);
	U32("size", 32);
	U64("pos", 6);
	END();
	NOTE(0);
	syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, NULL, 0);
	close(fd);
}

static void t_splice(struct live *live)
{
	int fd = make_file(live_path(live, 0, "spliced"), "0123456789");
	struct io_uring_sqe *s;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	BEGIN(SYSCALL_SPLICE_X);
	s = sqe(IORING_OP_SPLICE, fds[1]);
	s->splice_fd_in = fd;
	s->splice_off_in = 2;
	s->off = UINT64_MAX;
	s->len = 5;
	s->splice_flags = 1; /* MOVE */
	assert_int_equal(uring_run(&ring), 5);
	FIND();
	I64("res", 5);
	I64("fd_in", fd);
	I64("fd_out", fds[1]);
	U64("size", 5);
	U32("flags", SAKER_FLAG_splice_flags_SPLICE_F_MOVE);
	END();
	NOTE(0);
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

/* ---- other descriptors ------------------------------------------------------------------- */

static void t_pipe(struct live *live)
{
	struct io_uring_sqe *s;
	int fds[2] = {-1, -1};

	if (!uring_knows(&ring, URING_PIPE)) {
		printf("no pipe operation here\n");
		return;
	}
	BEGIN(SYSCALL_PIPE2_X);
	s = sqe(URING_PIPE, 0);
	s->addr = addr(fds);
	s->rw_flags = O_CLOEXEC;
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("fd1", fds[0]);
	I64("fd2", fds[1]);
	I64("ino", ino_of(fds[0]));
	U32("flags", SAKER_FLAG_file_flags_O_CLOEXEC);
	END();
	NOTE(0);
	close(fds[0]);
	close(fds[1]);
}

static void t_epoll_wait(struct live *live)
{
	struct epoll_event events[4], want = {.events = EPOLLIN};
	struct io_uring_sqe *s;
	int fds[2], epoll = epoll_create1(EPOLL_CLOEXEC);

	if (!uring_knows(&ring, URING_EPOLL_WAIT)) {
		printf("no epoll_wait operation here\n");
		close(epoll);
		return;
	}
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &want), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	BEGIN(SYSCALL_EPOLLWAIT_X);
	s = sqe(URING_EPOLL_WAIT, epoll);
	s->addr = addr(events);
	s->len = 4;
	assert_int_equal(uring_run(&ring), 1);
	FIND();
	I64("res", 1);
	I64("maxevents", 4);
	END();
	NOTE(0);
	close(fds[0]);
	close(fds[1]);
	close(epoll);
}

/* ---- how it came ---------------------------------------------------------------------------- */

/* A file that is in the ring's table alone: no descriptor of ours, and said to be none. */
static void t_direct(struct live *live)
{
	const char *path = live_path(live, 0, "direct");
	int none[4] = {-1, -1, -1, -1};
	struct io_uring_sqe *s;
	char buf[16];

	close(make_file(path, "in the table"));
	assert_int_equal(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, none, 4),
			 0);
	BEGIN(SYSCALL_OPENAT_2_X);
	s = sqe(IORING_OP_OPENAT, AT_FDCWD);
	s->addr = addr(path);
	s->file_index = 3; /* place 2 */
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("fd", SAKER_DIRECT_FD + 2);
	TEXT("name", path);
	POSITIVE("ino", 8);
	NOTE(SAKER_HOW_DIRECT_RESULT);

	BEGIN(SYSCALL_PREAD_X);
	s = sqe(IORING_OP_READ, 2);
	s->flags = IOSQE_FIXED_FILE;
	s->addr = addr(buf);
	s->len = sizeof(buf);
	assert_int_equal(uring_run(&ring), 12);
	FIND();
	I64("fd", SAKER_DIRECT_FD + 2);
	BYTES("data", "in the table", 12);
	NOTE(SAKER_HOW_DIRECT_FILE);
	/* It has no name in the process, so the companion says which file it is. */
	assert_int_equal(live->note.path_len, strlen(path));
	assert_memory_equal(live->note.path, path, strlen(path));

	BEGIN(SYSCALL_CLOSE_X);
	s = sqe(IORING_OP_CLOSE, 0);
	s->file_index = 3;
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("fd", SAKER_DIRECT_FD + 2);
	END();
	NOTE(SAKER_HOW_DIRECT_FILE);
	syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_FILES, NULL, 0);
}

/* It is told not to say when it succeeds, so nobody learns the descriptor; the open shows. */
static void t_silent(struct live *live)
{
	const char *path = live_path(live, 0, "silent");
	struct io_uring_sqe *s;

	close(make_file(path, ""));
	BEGIN(SYSCALL_OPENAT_2_X);
	s = sqe(IORING_OP_OPENAT, AT_FDCWD);
	s->addr = addr(path);
	s->flags = IOSQE_CQE_SKIP_SUCCESS;
	assert_int_equal(uring_submit(&ring, 0), 0);
	FIND();
	I64("fd", SAKER_DIRECT_FD_UNKNOWN);
	TEXT("name", path);
	NOTE(SAKER_HOW_RESULT_UNKNOWN);
}

/* A worker of the kernel does it; the event is of who asked. */
static void t_worker(struct live *live)
{
	const char *path = live_path(live, 0, "worker");
	struct io_uring_sqe *s;
	int fd;

	close(make_file(path, ""));
	BEGIN(SYSCALL_OPENAT_2_X);
	s = sqe(IORING_OP_OPENAT, AT_FDCWD);
	s->addr = addr(path);
	s->open_flags = O_RDONLY | O_CLOEXEC;
	s->flags = IOSQE_ASYNC;
	fd = uring_run(&ring);
	assert_true(fd >= 0);
	FIND();
	check_openat(live, path, fd);
	NOTE(0);
	close(fd);
}

/* A thread of the kernel takes it from the ring; the event is of who made the ring. */
static void t_sqpoll(struct live *live)
{
	const char *path = live_path(live, 0, "polled");
	struct uring polled;
	struct io_uring_sqe *s;
	int fd, r = uring_open(&polled, 8, IORING_SETUP_SQPOLL);

	if (r < 0) {
		printf("no thread for a ring here: %s\n", strerror(-r));
		return;
	}
	close(make_file(path, ""));
	BEGIN(SYSCALL_OPENAT_2_X);
	s = uring_prepare(&polled, IORING_OP_OPENAT, AT_FDCWD, 1);
	s->addr = addr(path);
	s->open_flags = O_RDONLY | O_CLOEXEC;
	fd = uring_run(&polled);
	assert_true(fd >= 0);
	FIND();
	check_openat(live, path, fd);
	NOTE(SAKER_HOW_SQPOLL);
	close(fd);
	uring_close(&polled);
}

/* What is linked to something that fails is cancelled and says so. */
static void t_linked(struct live *live)
{
	struct io_uring_sqe *s;
	struct io_uring_cqe cqe;
	int i;

	BEGIN(SYSCALL_OPENAT_2_X);
	s = uring_prepare(&ring, IORING_OP_OPENAT, AT_FDCWD, 1);
	s->addr = addr("/nowhere/first");
	s->flags = IOSQE_IO_LINK;
	s = uring_prepare(&ring, IORING_OP_OPENAT, AT_FDCWD, 2);
	s->addr = addr("/nowhere/second");
	assert_int_equal(uring_submit(&ring, 2), 0);
	for (i = 0; i < 2; i++)
		assert_true(uring_next(&ring, &cqe));
	FIND();
	I64("fd", -ENOENT);
	TEXT("name", "/nowhere/first");
	live_find_i64(live, (int64_t)syscall(SYS_gettid), "fd", -ECANCELED);
	TEXT("name", "/nowhere/second");
}

/* Nothing wanted: nothing comes, and operations work as before. */
static void t_unwanted(struct live *live)
{
	int64_t tid = syscall(SYS_gettid);
	struct saker_capture_stats before = {.size = sizeof(before)}, after = before;
	const struct saker_event *event;
	struct io_uring_sqe *s;
	int i, fd;

	BEGIN(SYSCALL_CLOSE_X);
	saker_capture_stats(live->capture, &before);
	for (i = 0; i < 100; i++) {
		s = sqe(IORING_OP_OPENAT, AT_FDCWD);
		s->addr = addr("/dev/null");
		fd = uring_run(&ring);
		assert_true(fd >= 0);
		sqe(IORING_OP_CLOSE, fd);
		assert_int_equal(uring_run(&ring), 0);
	}
	saker_capture_stats(live->capture, &after);
	assert_true(after.seen - before.seen >= 100);
	assert_int_equal(after.seen_by[SAKER_EVENT_CLASS_OPEN],
			 before.seen_by[SAKER_EVENT_CLASS_OPEN]);
	while (saker_capture_next(live->capture, 10, &event, NULL) > 0)
		assert_true(event->type != SAKER_EV_SYSCALL_OPENAT_2_X ||
			    (int64_t)event->tid != tid || event->ts < live->since);
}

/* ---- many --------------------------------------------------------------------------------- */

#define FLOOD_BATCH 128
#define FLOOD_ROUNDS 300

static struct saker_capture *flood_open(uint64_t ring_bytes)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set set = {{0}};
	struct saker_capture *capture;

	saker_syscall_set_add_name(&set, "openat");
	options.syscalls = &set;
	options.ring_bytes = ring_bytes;
	options.no_initial_state = true;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	return capture;
}

static void flood(void)
{
	struct io_uring_cqe cqe;
	struct uring big;
	uint32_t i, round;

	assert_int_equal(uring_open(&big, FLOOD_BATCH, 0), 0);
	for (round = 0; round < FLOOD_ROUNDS; round++) {
		for (i = 0; i < FLOOD_BATCH; i++) {
			struct io_uring_sqe *s = uring_prepare(&big, IORING_OP_OPENAT, AT_FDCWD, i);

			s->addr = addr("/nowhere/at/all");
			if (round % 10 == 0)
				s->flags = IOSQE_ASYNC;
		}
		assert_int_equal(uring_submit(&big, FLOOD_BATCH), 0);
		for (i = 0; i < FLOOD_BATCH; i++) {
			assert_true(uring_next(&big, &cqe));
			assert_int_equal(cqe.res, -ENOENT);
		}
	}
	uring_close(&big);
}

/* Each one handed out or counted as lost, to the last; with room for all, and for few. */
static void check_flood(uint64_t ring_bytes, bool must_drop)
{
	struct saker_capture *capture = flood_open(ring_bytes);
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	uint64_t expected = (uint64_t)FLOOD_BATCH * FLOOD_ROUNDS, got = 0;
	int64_t tid = syscall(SYS_gettid);
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_note note;

	flood();
	assert_int_equal(saker_capture_stop(capture), 0);
	while (saker_capture_next(capture, -1, &event, &meta) > 0) {
		if ((int64_t)event->tid != tid || !meta.companion)
			continue;
		assert_int_equal(event->type, SAKER_EV_SYSCALL_OPENAT_2_X);
		assert_int_equal(saker_note_read(meta.companion, &note), 0);
		assert_int_equal(note.via, SAKER_VIA_IO_URING);
		got++;
	}
	saker_capture_stats(capture, &stats);
	printf("%llu operations: %llu events; seen %llu = delivered %llu + dropped %llu\n",
	       (unsigned long long)expected, (unsigned long long)got,
	       (unsigned long long)stats.seen, (unsigned long long)stats.delivered,
	       (unsigned long long)stats.dropped);
	assert_int_equal(stats.seen, stats.delivered + stats.dropped);
	assert_true(got <= expected && got + stats.dropped >= expected);
	assert_true(must_drop ? stats.dropped > 0 && got < expected : got == expected);
	saker_capture_close(capture);
}

static void t_flood(struct live *live)
{
	(void)live;
	check_flood(UINT64_C(32) << 20, false);
	check_flood(UINT64_C(64) << 10, true);
}

/* ---- all ------------------------------------------------------------------------------------ */

static const struct live_case cases[] = {
	CASE(t_openat),	      CASE(t_openat_fails), CASE(t_openat2),
	CASE(t_openat_long),  CASE(t_close),	    CASE(t_renameat),
	CASE(t_linkat),	      CASE(t_symlinkat),    CASE(t_mkdirat_unlinkat),
	CASE(t_fsync),	      CASE(t_read_write),   CASE(t_read_pipe),
	CASE(t_readv_writev), CASE(t_fixed_buffer), CASE(t_splice),
	CASE(t_pipe),	      CASE(t_epoll_wait),   CASE(t_direct),
	CASE(t_silent),	      CASE(t_worker),	    CASE(t_sqpoll),
	CASE(t_linked),	      CASE(t_unwanted),	    CASE(t_flood),
	{NULL, NULL},
};

static struct live *live;
static const struct live_case *current;

/* A ring for each: what one leaves under way does not come out in the next. */
static void run_case(void **state)
{
	current = *state;
	assert_int_equal(uring_open(&ring, 8, 0), 0);
	current->run(live);
	uring_close(&ring);
}

#define MAX_CASES 64

int main(int argc, char **argv)
{
	static const struct live_case *const groups[] = {cases, live_uring_socket_cases};
	static struct CMUnitTest tests[MAX_CASES];
	const struct live_case *c;
	size_t i, n = 0;
	int r = uring_open(&ring, 8, 0);

	if (r < 0) {
		printf("skipped: no io_uring here: %s\n", strerror(-r));
		return 77;
	}
	uring_close(&ring);
	live = live_open();
	if (!live) {
		printf("skipped: no live capture here (see above)\n");
		return 77;
	}
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		for (c = groups[i]; c->name && n < MAX_CASES; c++) {
			/* A name on the command line selects. */
			if (argc > 1 && !strstr(c->name, argv[1]))
				continue;
			tests[n].name = c->name;
			tests[n].test_func = run_case;
			tests[n].initial_state = (void *)c;
			n++;
		}
	}
	r = _cmocka_run_group_tests("live io_uring", tests, n, NULL, NULL);
	live_close(live);
	return r ? 1 : 0;
}
