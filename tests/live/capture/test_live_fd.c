// SPDX-License-Identifier: Apache-2.0
/* Calls on descriptors: closing, copying, reading, writing, and those that make special ones. */
#include "live.h"

#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/memfd.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static void t_close(struct live *live)
{
	long r;

	BEGIN(SYSCALL_CLOSE_X);
	r = syscall(SYS_close, 12345);
	FIND();
	I64("res", RESULT(r));
	I64("fd", 12345);
	END();

	BEGIN(SYSCALL_CLOSE_RANGE_X);
	r = syscall(SYS_close_range, 4000000, 4000001, 4);
	FIND();
	I64("res", RESULT(r));
	U32("first", 4000000);
	U32("last", 4000001);
	U32("flags", SAKER_FLAG_close_range_flags_CLOSE_RANGE_CLOEXEC);
	END();
}

static void t_dup(struct live *live)
{
	int fd;

	BEGIN(SYSCALL_DUP_1_X);
	fd = (int)syscall(SYS_dup, 1);
	FIND();
	I64("res", fd);
	I64("oldfd", 1);
	END();

	BEGIN(SYSCALL_DUP2_X);
	syscall(SYS_dup2, 1, fd);
	FIND();
	I64("res", fd);
	I64("oldfd", 1);
	I64("newfd", fd);
	END();

	BEGIN(SYSCALL_DUP3_X);
	syscall(SYS_dup3, 1, fd, O_CLOEXEC);
	FIND();
	I64("res", fd);
	I64("oldfd", 1);
	I64("newfd", fd);
	U32("flags", SAKER_FLAG_file_flags_O_CLOEXEC);
	END();

	BEGIN(SYSCALL_FCNTL_X);
	syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
	FIND();
	I64("res", 0);
	I64("fd", fd);
	U8("cmd", SAKER_FLAG_fcntl_commands_F_SETFD);
	U64("arg", FD_CLOEXEC);
	END();

	BEGIN(SYSCALL_FCNTL_X);
	syscall(SYS_fcntl, -1, F_DUPFD_CLOEXEC, 9);
	FIND();
	I64("res", -EBADF);
	I64("fd", -1);
	U8("cmd", SAKER_FLAG_fcntl_commands_F_DUPFD_CLOEXEC);
	U64("arg", 9);
	END();
	close(fd);
}

static void t_read_write(struct live *live)
{
	const char *path = live_path(live, 0, "io");
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	char big[200], buf[200];
	struct iovec iov[2] = {{"hel", 3}, {"lo", 2}}, in[2] = {{buf, 2}, {buf + 2, 100}};
	long r;

	memset(big, 'b', sizeof(big));
	BEGIN(SYSCALL_WRITE_X);
	r = syscall(SYS_write, fd, big, sizeof(big));
	FIND();
	I64("res", r);
	BYTES("data", big, 80); /* the default snaplen */
	I64("fd", fd);
	U32("size", sizeof(big));
	END();

	BEGIN(SYSCALL_PWRITE_X);
	r = syscall(SYS_pwrite64, fd, "hello", 5, 3L);
	FIND();
	I64("res", r);
	BYTES("data", "hello", 5);
	I64("fd", fd);
	U32("size", 5);
	U64("pos", 3);
	END();

	BEGIN(SYSCALL_PREAD_X);
	r = syscall(SYS_pread64, fd, buf, 7, 3L);
	FIND();
	I64("res", r);
	BYTES("data", "hellobb", 7);
	I64("fd", fd);
	U32("size", 7);
	U64("pos", 3);
	END();

	BEGIN(SYSCALL_READ_X);
	r = syscall(SYS_read, fd, buf, 7);
	FIND();
	I64("res", RESULT(r));
	EMPTY("data"); /* at the end of the file */
	I64("fd", fd);
	U32("size", 7);
	END();

	BEGIN(SYSCALL_PWRITEV_X);
	r = syscall(SYS_pwritev, fd, iov, 2, 1L, 0L);
	FIND();
	I64("res", r);
	BYTES("data", "hello", 5);
	I64("fd", fd);
	U32("size", 5);
	U64("pos", 1);
	END();

	BEGIN(SYSCALL_PREADV_X);
	r = syscall(SYS_preadv, fd, in, 2, 1L, 0L);
	FIND();
	I64("res", r);
	U32("size", r);
	BYTES("data", buf, 80);
	I64("fd", fd);
	U64("pos", 1);
	END();

	BEGIN(SYSCALL_WRITEV_X);
	r = syscall(SYS_writev, -1, iov, 2);
	FIND();
	I64("res", RESULT(r));
	BYTES("data", "hello", 5);
	I64("fd", -1);
	U32("size", 5);
	END();

	BEGIN(SYSCALL_READV_X);
	r = syscall(SYS_readv, -1, in, 2);
	FIND();
	I64("res", RESULT(r));
	U32("size", 0);
	EMPTY("data");
	I64("fd", -1);
	END();

	BEGIN(SYSCALL_LSEEK_X);
	r = syscall(SYS_lseek, fd, 10L, SEEK_CUR);
	FIND();
	I64("res", r);
	I64("fd", fd);
	U64("offset", 10);
	U8("whence", SAKER_FLAG_lseek_whence_SEEK_CUR);
	END();

	BEGIN(SYSCALL_COPY_FILE_RANGE_X);
	r = syscall(SYS_copy_file_range, -1, NULL, -2, NULL, 99L, 0);
	FIND();
	I64("res", RESULT(r));
	I64("fdout", -2);
	U64("offout", 0);
	I64("fdin", -1);
	U64("offin", 0);
	U64("len", 99);
	END();

	BEGIN(SYSCALL_IOCTL_3_X);
	r = syscall(SYS_ioctl, fd, 0xabcdL, 0x123456789L);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	U64("request", 0xabcd);
	U64("argument", 0x123456789);
	END();
	close(fd);
}

static void t_sendfile(struct live *live)
{
	off_t offset = 2;
	long r;

	BEGIN(SYSCALL_SENDFILE_X);
	r = syscall(SYS_sendfile, -1, -2, &offset, 77L);
	FIND();
	I64("res", RESULT(r));
	U64("offset", 2);
	I64("out_fd", -1);
	I64("in_fd", -2);
	U64("size", 77);
	END();

	BEGIN(SYSCALL_SPLICE_X);
	r = syscall(SYS_splice, -1, NULL, -2, NULL, 55L, SPLICE_F_MOVE | SPLICE_F_MORE);
	FIND();
	I64("res", RESULT(r));
	I64("fd_in", -1);
	I64("fd_out", -2);
	U64("size", 55);
	U32("flags", SAKER_FLAG_splice_flags_SPLICE_F_MOVE | SAKER_FLAG_splice_flags_SPLICE_F_MORE);
	END();
}

static uint64_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void t_pipe(struct live *live)
{
	int fds[2];
	long r;

	BEGIN(SYSCALL_PIPE_X);
	r = syscall(SYS_pipe, fds);
	FIND();
	I64("res", r);
	I64("fd1", fds[0]);
	I64("fd2", fds[1]);
	U64("ino", inode(fds[0]));
	END();
	close(fds[0]);
	close(fds[1]);

	BEGIN(SYSCALL_PIPE2_X);
	r = syscall(SYS_pipe2, fds, O_CLOEXEC | O_DIRECT | O_NONBLOCK);
	FIND();
	I64("res", r);
	I64("fd1", fds[0]);
	I64("fd2", fds[1]);
	U64("ino", inode(fds[0]));
	U32("flags", SAKER_FLAG_file_flags_O_CLOEXEC | SAKER_FLAG_file_flags_O_DIRECT |
			     SAKER_FLAG_file_flags_O_NONBLOCK);
	END();
	close(fds[0]);
	close(fds[1]);

	BEGIN(SYSCALL_PIPE2_X);
	r = syscall(SYS_pipe2, (void *)8, 0);
	FIND();
	I64("res", RESULT(r));
	I64("fd1", -1);
	I64("fd2", -1);
	U64("ino", 0);
	U32("flags", 0);
	END();
}

static void t_special(struct live *live)
{
	sigset_t mask;
	int fd;

	sigemptyset(&mask);
	BEGIN(SYSCALL_EVENTFD_X);
	fd = (int)syscall(SYS_eventfd, 3);
	FIND();
	I64("res", fd);
	U64("initval", 3);
	U32("flags", 0);
	END();
	close(fd);

	BEGIN(SYSCALL_EVENTFD2_X);
	fd = (int)syscall(SYS_eventfd2, 4, EFD_CLOEXEC | EFD_NONBLOCK);
	FIND();
	I64("res", fd);
	U16("flags", SAKER_FLAG_file_flags_O_CLOEXEC | SAKER_FLAG_file_flags_O_NONBLOCK);
	U64("initval", 4);
	END();
	close(fd);

	BEGIN(SYSCALL_SIGNALFD_X);
	fd = (int)syscall(SYS_signalfd, -1, &mask, 8L);
	FIND();
	I64("res", fd);
	I64("fd", -1);
	U32("mask", 0);
	U8("flags", 0);
	END();
	close(fd);

	BEGIN(SYSCALL_SIGNALFD4_X);
	fd = (int)syscall(SYS_signalfd4, -1, &mask, 8L, SFD_CLOEXEC);
	FIND();
	I64("res", fd);
	U16("flags", SAKER_FLAG_file_flags_O_CLOEXEC);
	I64("fd", -1);
	U32("mask", 0);
	END();
	close(fd);

	BEGIN(SYSCALL_TIMERFD_CREATE_X);
	fd = (int)syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	FIND();
	I64("res", fd);
	U8("clockid", CLOCK_MONOTONIC);
	U8("flags", 0);
	END();
	close(fd);

	BEGIN(SYSCALL_INOTIFY_INIT_X);
	fd = (int)syscall(SYS_inotify_init);
	FIND();
	I64("res", fd);
	U8("flags", 0);
	END();
	close(fd);

	BEGIN(SYSCALL_INOTIFY_INIT1_X);
	fd = (int)syscall(SYS_inotify_init1, O_CLOEXEC);
	FIND();
	I64("res", fd);
	U16("flags", SAKER_FLAG_file_flags_O_CLOEXEC);
	END();
	close(fd);

	BEGIN(SYSCALL_EPOLL_CREATE_X);
	fd = (int)syscall(SYS_epoll_create, 7);
	FIND();
	I64("res", fd);
	U32("size", 7);
	END();
	close(fd);

	BEGIN(SYSCALL_EPOLL_CREATE1_X);
	fd = (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
	FIND();
	I64("res", fd);
	U32("flags", SAKER_FLAG_epoll_create1_flags_EPOLL_CLOEXEC);
	END();

	BEGIN(SYSCALL_EPOLLWAIT_X);
	syscall(SYS_epoll_wait, -1, NULL, 5, 0);
	FIND();
	I64("res", -EBADF);
	I64("maxevents", 5);
	END();
	close(fd);

	BEGIN(SYSCALL_MEMFD_CREATE_X);
	fd = (int)syscall(SYS_memfd_create, "a name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	FIND();
	I64("fd", fd);
	TEXT("name", "a name");
	U32("flags", SAKER_FLAG_memfd_create_flags_MFD_CLOEXEC |
			     SAKER_FLAG_memfd_create_flags_MFD_ALLOW_SEALING);
	END();
	close(fd);

	BEGIN(SYSCALL_USERFAULTFD_X);
	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	FIND();
	I64("res", RESULT(fd));
	U32("flags", O_CLOEXEC);
	END();
	close(fd);

	BEGIN(SYSCALL_PIDFD_OPEN_X);
	fd = (int)syscall(SYS_pidfd_open, getpid(), O_NONBLOCK);
	FIND();
	I64("fd", RESULT(fd));
	I64("pid", getpid());
	U32("flags", SAKER_FLAG_pidfd_open_flags_PIDFD_NONBLOCK);
	END();

	BEGIN(SYSCALL_PIDFD_GETFD_X);
	syscall(SYS_pidfd_getfd, -5, 1, 0);
	FIND();
	I64("fd", -EBADF);
	I64("pid_fd", -5);
	I64("target_fd", 1);
	U32("flags", 0);
	END();
	close(fd);
}

static void t_bpf(struct live *live)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	int fd;

	BEGIN(SYSCALL_BPF_2_X);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	live_find_i64(live, syscall(SYS_gettid), "fd", RESULT(fd));
	I64("fd", RESULT(fd));
	U32("cmd", SAKER_FLAG_bpf_commands_BPF_MAP_CREATE);
	END();
	close(fd);
}

static void t_poll(struct live *live)
{
	struct pollfd fds[2] = {{.fd = 1, .events = POLLOUT}, {.fd = -7, .events = POLLIN}};
	struct timespec t = {.tv_sec = 0, .tv_nsec = 1000};
	uint64_t mask = 0x10200;
	uint8_t list[2 + 2 * 10] = {2};
	int64_t fd = -7;
	long r;

	BEGIN(SYSCALL_POLL_X);
	r = syscall(SYS_poll, fds, 2, 1);
	list[2] = 1;
	memcpy(list + 12, &fd, 8);
	list[10] = fds[0].revents & POLLOUT ? SAKER_FLAG_poll_flags_POLLOUT : 0;
	list[10] |= fds[0].revents & POLLERR ? SAKER_FLAG_poll_flags_POLLERR : 0;
	list[10] |= fds[0].revents & POLLHUP ? SAKER_FLAG_poll_flags_POLLHUP : 0;
	FIND();
	I64("res", r);
	BYTES("fds", list, sizeof(list));
	I64("timeout", 1);
	END();

	BEGIN(SYSCALL_PPOLL_X);
	r = syscall(SYS_ppoll, NULL, 0, &t, &mask, 8L);
	FIND();
	I64("res", RESULT(r));
	BYTES("fds", "\0\0", 2);
	U64("timeout", t.tv_nsec || r ? 1000 : 0); /* the kernel writes back what is left */
	U32("sigmask", 0x10200);
	END();

	BEGIN(SYSCALL_SELECT_X);
	r = syscall(SYS_select, -1, NULL, NULL, NULL, NULL);
	FIND();
	I64("res", RESULT(r));
	END();
}

static void t_io_uring(struct live *live)
{
	struct io_uring_params p = {.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
				    .cq_entries = 16,
				    .sq_thread_idle = 3};
	int fd;
	long r;

	BEGIN(SYSCALL_IO_URING_SETUP_X);
	fd = (int)syscall(SYS_io_uring_setup, 8, &p);
	FIND();
	I64("res", RESULT(fd));
	U32("entries", 8);
	U32("sq_entries", p.sq_entries);
	U32("cq_entries", p.cq_entries);
	U32("flags", SAKER_FLAG_io_uring_setup_flags_IORING_SETUP_CQSIZE |
			     SAKER_FLAG_io_uring_setup_flags_IORING_SETUP_CLAMP);
	U32("sq_thread_cpu", 0);
	U32("sq_thread_idle", 3);
	U32("features", p.features & 0x7ff);
	END();

	BEGIN(SYSCALL_IO_URING_ENTER_X);
	r = syscall(SYS_io_uring_enter, -1, 2, 3, IORING_ENTER_GETEVENTS, 0x77L, 8L);
	FIND();
	I64("res", RESULT(r));
	I64("fd", -1);
	U32("to_submit", 2);
	U32("min_complete", 3);
	U32("flags", SAKER_FLAG_io_uring_enter_flags_IORING_ENTER_GETEVENTS);
	U32("sig", 0x77);
	END();

	BEGIN(SYSCALL_IO_URING_REGISTER_X);
	r = syscall(SYS_io_uring_register, -1, IORING_REGISTER_FILES, 0x1234L, 2);
	FIND();
	I64("res", RESULT(r));
	I64("fd", -1);
	U16("opcode", SAKER_FLAG_io_uring_register_opcodes_IORING_REGISTER_FILES);
	U64("arg", 0x1234);
	U32("nr_args", 2);
	END();
	close(fd);
}

const struct live_case live_fd_cases[] = {
	CASE(t_close),	 CASE(t_dup), CASE(t_read_write), CASE(t_sendfile), CASE(t_pipe),
	CASE(t_special), CASE(t_bpf), CASE(t_poll),	  CASE(t_io_uring), {NULL, NULL},
};
