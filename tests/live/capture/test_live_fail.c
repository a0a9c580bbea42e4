// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that fail, one line each: the event tells the error and what was asked
 * for. Events whose other files have a failing case of their own are not here;
 * test_live_coverage.c says when one has none at all.
 */
#include "live.h"

#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* What a parameter is to be. */
struct check {
	const char *name;
	uint32_t size; /* of a number; 0: these bytes */
	int64_t value;
	const void *data;
	uint32_t len;
};

#define N8(name, v)                            \
	{                                      \
		name, 8, (int64_t)(v), NULL, 0 \
	}
#define N4(name, v)                            \
	{                                      \
		name, 4, (int32_t)(v), NULL, 0 \
	}
#define N2(name, v)                            \
	{                                      \
		name, 2, (int16_t)(v), NULL, 0 \
	}
#define N1(name, v)                           \
	{                                     \
		name, 1, (int8_t)(v), NULL, 0 \
	}
#define T(name, text)                          \
	{                                      \
		name, 0, 0, text, sizeof(text) \
	}
#define B(name, text)                              \
	{                                          \
		name, 0, 0, text, sizeof(text) - 1 \
	}
#define E(name)                   \
	{                         \
		name, 0, 0, "", 0 \
	}

enum setting {
	PLAIN,
	NO_FILES, /* in a child that may open none */
	NOBODY,	  /* in a child without rights */
};

struct row {
	const char *name;
	uint16_t code;
	enum setting setting;
	long nr;
	long args[6];
	struct check checks[16]; /* of all parameters but the first, the result */
};

#define FLAG(name) SAKER_FLAG_##name
#define PTR(p) ((long)(p))
#define NOWHERE "/nonexistent/name"
#define NO_FD 7777
#define NO_PID 0x7ffffff0

static char buf[64];
static const int one = 1;
static const uint32_t four = 4;
static const uint64_t mask;
static const struct timespec bad_time = {.tv_sec = 5, .tv_nsec = 2000000000};
static const struct open_how how = {.flags = O_WRONLY | O_APPEND, .resolve = RESOLVE_BENEATH};
static const struct io_uring_params uring = {
	.flags = IORING_SETUP_CQSIZE, .cq_entries = 16, .sq_thread_cpu = 3, .sq_thread_idle = 4};
static const struct iovec out = {(void *)"abc", 3}, in = {buf, sizeof(buf)};
static const struct file_handle handle = {.handle_bytes = 8};
static const uint8_t keepalive[] = {SAKER_DYN_sockopt_dynamic_param_UINT32, 1, 0, 0, 0};
static const uint8_t type_asked[] = {SAKER_DYN_sockopt_dynamic_param_UINT32, 4, 0, 0, 0};

#define ROW(call, code, setting, args, ...)                               \
	{                                                                 \
#call, SAKER_EV_##code, setting, SYS_##call, UNPACK args, \
		{                                                         \
			__VA_ARGS__                                       \
		}                                                         \
	}
#define UNPACK(...)         \
	{                   \
		__VA_ARGS__ \
	}

/* clang-format off */
static const struct row rows[] = {
	/* names */
	ROW(creat, SYSCALL_CREAT_X, PLAIN, (PTR(NOWHERE), 0604),
	    T("name", NOWHERE), N4("mode", 0604), N4("dev", 0), N8("ino", 0), N2("creat_flags", 0)),
	ROW(openat2, SYSCALL_OPENAT2_X, PLAIN, (NO_FD, PTR("x"), PTR(&how), sizeof(how)),
	    N8("dirfd", NO_FD), T("name", "x"), N4("flags", FLAG(file_flags_O_WRONLY) | FLAG(file_flags_O_APPEND)),
	    N4("mode", 0), N4("resolve", FLAG(openat2_flags_RESOLVE_BENEATH)), N4("dev", 0), N8("ino", 0)),
	ROW(open_by_handle_at, SYSCALL_OPEN_BY_HANDLE_AT_X, PLAIN, (NO_FD, PTR(&handle), O_RDWR | O_CLOEXEC),
	    N8("mountfd", NO_FD), N4("flags", FLAG(file_flags_O_RDWR) | FLAG(file_flags_O_CLOEXEC)), E("path"),
	    N4("dev", 0), N8("ino", 0)),
	ROW(stat, SYSCALL_STAT_X, PLAIN, (PTR(NOWHERE), PTR(buf)), T("path", NOWHERE)),
	ROW(newfstatat, SYSCALL_NEWFSTATAT_X, PLAIN, (NO_FD, PTR("x"), PTR(buf), 0x800),
	    N8("dirfd", NO_FD), T("path", "x"), N4("flags", FLAG(newfstatat_flags_AT_NO_AUTOMOUNT))),
	ROW(access, SYSCALL_ACCESS_X, PLAIN, (PTR(NOWHERE), F_OK), T("name", NOWHERE), N4("mode", 0)),
	ROW(chdir, SYSCALL_CHDIR_X, PLAIN, (PTR(NOWHERE)), T("path", NOWHERE)),
	ROW(rename, SYSCALL_RENAME_X, PLAIN, (PTR(NOWHERE), PTR("/to")), T("oldpath", NOWHERE), T("newpath", "/to")),
	ROW(renameat, SYSCALL_RENAMEAT_X, PLAIN, (NO_FD, PTR("a"), AT_FDCWD, PTR("b")),
	    N8("olddirfd", NO_FD), T("oldpath", "a"), N8("newdirfd", -100), T("newpath", "b")),
	ROW(renameat2, SYSCALL_RENAMEAT2_X, PLAIN, (AT_FDCWD, PTR(NOWHERE), NO_FD, PTR("b"), RENAME_EXCHANGE),
	    N8("olddirfd", -100), T("oldpath", NOWHERE), N8("newdirfd", NO_FD), T("newpath", "b"),
	    N4("flags", FLAG(renameat2_flags_RENAME_EXCHANGE))),
	ROW(link, SYSCALL_LINK_2_X, PLAIN, (PTR(NOWHERE), PTR("/to")), T("oldpath", NOWHERE), T("newpath", "/to")),
	ROW(linkat, SYSCALL_LINKAT_2_X, PLAIN, (NO_FD, PTR("a"), AT_FDCWD, PTR("b"), AT_EMPTY_PATH),
	    N8("olddir", NO_FD), T("oldpath", "a"), N8("newdir", -100), T("newpath", "b"),
	    N4("flags", FLAG(linkat_flags_AT_EMPTY_PATH))),
	ROW(symlink, SYSCALL_SYMLINK_X, PLAIN, (PTR("t"), PTR(NOWHERE)), T("target", "t"), T("linkpath", NOWHERE)),
	ROW(symlinkat, SYSCALL_SYMLINKAT_X, PLAIN, (PTR("t"), NO_FD, PTR("l")),
	    T("target", "t"), N8("linkdirfd", NO_FD), T("linkpath", "l")),
	ROW(unlink, SYSCALL_UNLINK_2_X, PLAIN, (PTR(NOWHERE)), T("path", NOWHERE)),
	ROW(mkdir, SYSCALL_MKDIR_2_X, PLAIN, (PTR(NOWHERE), 0711), T("path", NOWHERE), N4("mode", 0711)),
	ROW(mkdirat, SYSCALL_MKDIRAT_X, PLAIN, (NO_FD, PTR("d"), 01777),
	    N8("dirfd", NO_FD), T("path", "d"), N4("mode", 01777)),
	ROW(rmdir, SYSCALL_RMDIR_2_X, PLAIN, (PTR(NOWHERE)), T("path", NOWHERE)),
	/* no type is a regular file, one that there is not is told as none */
	ROW(mknod, SYSCALL_MKNOD_X, PLAIN, (PTR(NOWHERE), 0600, 0),
	    T("path", NOWHERE), N4("mode", FLAG(mknod_mode_S_IFREG) | 0600), N4("dev", 0)),
	ROW(mknodat, SYSCALL_MKNODAT_X, PLAIN, (NO_FD, PTR("n"), 0030000 | 0640, 0x12345678),
	    N8("dirfd", NO_FD), T("path", "n"), N4("mode", 0640), N4("dev", 0x12345678)),
	ROW(chmod, SYSCALL_CHMOD_X, PLAIN, (PTR(NOWHERE), 02755),
	    T("filename", NOWHERE), N4("mode", FLAG(chmod_mode_S_ISGID) | 0755)),
	ROW(fchmod, SYSCALL_FCHMOD_X, PLAIN, (NO_FD, 0640), N8("fd", NO_FD), N4("mode", 0640)),
	ROW(fchmodat, SYSCALL_FCHMODAT_X, PLAIN, (NO_FD, PTR("f"), 0400),
	    N8("dirfd", NO_FD), T("filename", "f"), N4("mode", 0400)),
	ROW(chown, SYSCALL_CHOWN_X, PLAIN, (PTR(NOWHERE), 5, 6), T("path", NOWHERE), N4("uid", 5), N4("gid", 6)),
	ROW(lchown, SYSCALL_LCHOWN_X, PLAIN, (PTR(NOWHERE), 7, 8), T("path", NOWHERE), N4("uid", 7), N4("gid", 8)),
	ROW(fchown, SYSCALL_FCHOWN_X, PLAIN, (NO_FD, 9, -1), N8("fd", NO_FD), N4("uid", 9), N4("gid", -1)),
	ROW(fchownat, SYSCALL_FCHOWNAT_X, PLAIN, (NO_FD, PTR("f"), 5, 6, AT_EMPTY_PATH), N8("dirfd", NO_FD),
	    T("pathname", "f"), N4("uid", 5), N4("gid", 6), N4("flags", FLAG(fchownat_flags_AT_EMPTY_PATH))),

	/* descriptors */
	ROW(read, SYSCALL_READ_X, PLAIN, (NO_FD, PTR(buf), 7), E("data"), N8("fd", NO_FD), N4("size", 7)),
	ROW(write, SYSCALL_WRITE_X, PLAIN, (NO_FD, PTR("abc"), 3), B("data", "abc"), N8("fd", NO_FD), N4("size", 3)),
	ROW(pread64, SYSCALL_PREAD_X, PLAIN, (NO_FD, PTR(buf), 7, 9),
	    E("data"), N8("fd", NO_FD), N4("size", 7), N8("pos", 9)),
	ROW(pwrite64, SYSCALL_PWRITE_X, PLAIN, (NO_FD, PTR("abc"), 3, 0x123456789),
	    B("data", "abc"), N8("fd", NO_FD), N4("size", 3), N8("pos", 0x123456789)),
	ROW(preadv, SYSCALL_PREADV_X, PLAIN, (NO_FD, PTR(&in), 1, 9, 0),
	    N4("size", 0), E("data"), N8("fd", NO_FD), N8("pos", 9)),
	ROW(pwritev, SYSCALL_PWRITEV_X, PLAIN, (NO_FD, PTR(&out), 1, 0x123456789, 0),
	    B("data", "abc"), N8("fd", NO_FD), N4("size", 3), N8("pos", 0x123456789)),
	ROW(lseek, SYSCALL_LSEEK_X, PLAIN, (NO_FD, -5, SEEK_END),
	    N8("fd", NO_FD), N8("offset", -5), N1("whence", FLAG(lseek_whence_SEEK_END))),
	ROW(fstat, SYSCALL_FSTAT_X, PLAIN, (NO_FD, PTR(buf)), N8("fd", NO_FD)),
	ROW(fchdir, SYSCALL_FCHDIR_X, PLAIN, (NO_FD), N8("fd", NO_FD)),
	ROW(getdents, SYSCALL_GETDENTS_X, PLAIN, (NO_FD, PTR(buf), 64), N8("fd", NO_FD)),
	ROW(getdents64, SYSCALL_GETDENTS64_X, PLAIN, (NO_FD, PTR(buf), 64), N8("fd", NO_FD)),
	ROW(flock, SYSCALL_FLOCK_X, PLAIN, (NO_FD, LOCK_SH),
	    N8("fd", NO_FD), N4("operation", FLAG(flock_flags_LOCK_SH))),
	ROW(close_range, SYSCALL_CLOSE_RANGE_X, PLAIN, (5, 4, 2),
	    N4("first", 5), N4("last", 4), N4("flags", FLAG(close_range_flags_CLOSE_RANGE_UNSHARE))),
	ROW(dup, SYSCALL_DUP_1_X, PLAIN, (NO_FD), N8("oldfd", NO_FD)),
	ROW(dup2, SYSCALL_DUP2_X, PLAIN, (NO_FD, 5), N8("oldfd", NO_FD), N8("newfd", 5)),
	ROW(dup3, SYSCALL_DUP3_X, PLAIN, (1, 1, O_CLOEXEC),
	    N8("oldfd", 1), N8("newfd", 1), N4("flags", FLAG(file_flags_O_CLOEXEC))),
	ROW(pipe, SYSCALL_PIPE_X, PLAIN, (8), N8("fd1", -1), N8("fd2", -1), N8("ino", 0)),
	ROW(eventfd, SYSCALL_EVENTFD_X, NO_FILES, (3), N8("initval", 3), N4("flags", 0)),
	ROW(eventfd2, SYSCALL_EVENTFD2_X, PLAIN, (3, 1 << 30 | O_NONBLOCK),
	    N2("flags", FLAG(file_flags_O_NONBLOCK)), N8("initval", 3)),
	ROW(signalfd, SYSCALL_SIGNALFD_X, PLAIN, (-1, PTR(&mask), 5), N8("fd", -1), N4("mask", 0), N1("flags", 0)),
	ROW(signalfd4, SYSCALL_SIGNALFD4_X, PLAIN, (NO_FD, PTR(&mask), 8, O_NONBLOCK),
	    N2("flags", FLAG(file_flags_O_NONBLOCK)), N8("fd", NO_FD), N4("mask", 0)),
	ROW(timerfd_create, SYSCALL_TIMERFD_CREATE_X, PLAIN, (99, 0), N1("clockid", 99), N1("flags", 0)),
	ROW(inotify_init, SYSCALL_INOTIFY_INIT_X, NO_FILES, (0), N1("flags", 0)),
	ROW(inotify_init1, SYSCALL_INOTIFY_INIT1_X, PLAIN, (1 | O_NONBLOCK), N2("flags", FLAG(file_flags_O_NONBLOCK))),
	ROW(epoll_create, SYSCALL_EPOLL_CREATE_X, PLAIN, (-3), N4("size", -3)),
	ROW(epoll_create1, SYSCALL_EPOLL_CREATE1_X, PLAIN, (1), N4("flags", 0)),
	/* no list can be read; a timeout below zero is none */
	ROW(poll, SYSCALL_POLL_X, PLAIN, (8, 1, -1), B("fds", "\0\0"), N8("timeout", -1)),
	ROW(memfd_create, SYSCALL_MEMFD_CREATE_X, PLAIN, (PTR("m"), 0x40000001),
	    T("name", "m"), N4("flags", FLAG(memfd_create_flags_MFD_CLOEXEC))),
	ROW(userfaultfd, SYSCALL_USERFAULTFD_X, PLAIN, (0x1000), N4("flags", 0x1000)),
	ROW(pidfd_open, SYSCALL_PIDFD_OPEN_X, PLAIN, (NO_PID, 0), N8("pid", NO_PID), N4("flags", 0)),
	ROW(bpf, SYSCALL_BPF_2_X, PLAIN, (9999, 0, 0), N4("cmd", 9999)),
	ROW(io_uring_setup, SYSCALL_IO_URING_SETUP_X, PLAIN, (0, PTR(&uring)), N4("entries", 0),
	    N4("sq_entries", 0), N4("cq_entries", 16), N4("flags", FLAG(io_uring_setup_flags_IORING_SETUP_CQSIZE)),
	    N4("sq_thread_cpu", 3), N4("sq_thread_idle", 4), N4("features", 0)),

	/* sockets */
	ROW(socket, SOCKET_SOCKET_X, PLAIN, (AF_INET, 99, 7), N4("domain", FLAG(socket_families_AF_INET)),
	    N4("type", 99), N4("proto", 7), N4("flags", 0)),
	ROW(socketpair, SOCKET_SOCKETPAIR_X, PLAIN, (AF_INET, SOCK_STREAM, 0, PTR(buf)), N8("fd1", -1), N8("fd2", -1),
	    N8("source", 0), N8("peer", 0), N4("domain", AF_INET), N4("type", SOCK_STREAM), N4("proto", 0)),
	ROW(listen, SOCKET_LISTEN_X, PLAIN, (NO_FD, -2), N8("fd", NO_FD), N4("backlog", -2)),
	ROW(shutdown, SOCKET_SHUTDOWN_X, PLAIN, (NO_FD, 9), N8("fd", NO_FD), N1("how", FLAG(shutdown_how_SHUT_UNKNOWN))),
	ROW(sendto, SOCKET_SENDTO_X, PLAIN, (NO_FD, PTR("abc"), 3, 0, 0, 0),
	    B("data", "abc"), N8("fd", NO_FD), N4("size", 3), E("tuple")),
	ROW(recvfrom, SOCKET_RECVFROM_X, PLAIN, (NO_FD, PTR(buf), 9, 0, 0, 0),
	    E("data"), E("tuple"), N8("fd", NO_FD), N4("size", 9)),
	ROW(setsockopt, SOCKET_SETSOCKOPT_X, PLAIN, (NO_FD, SOL_SOCKET, SO_KEEPALIVE, PTR(&one), 4),
	    N8("fd", NO_FD), N1("level", FLAG(sockopt_levels_SOL_SOCKET)),
	    N1("optname", FLAG(sockopt_options_SO_KEEPALIVE)),
	    {"val", 0, 0, keepalive, sizeof(keepalive)}, N4("optlen", 4)),
	/* what the caller had there before */
	ROW(getsockopt, SOCKET_GETSOCKOPT_X, PLAIN, (NO_FD, SOL_SOCKET, SO_TYPE, PTR(&four), PTR(&four)),
	    N8("fd", NO_FD), N1("level", FLAG(sockopt_levels_SOL_SOCKET)),
	    N1("optname", FLAG(sockopt_options_SO_TYPE)),
	    {"val", 0, 0, type_asked, sizeof(type_asked)}, N4("optlen", 4)),

	/* processes */
	ROW(kill, SYSCALL_KILL_X, PLAIN, (NO_PID, SIGTERM), N8("pid", NO_PID), N1("sig", SIGTERM)),
	ROW(nanosleep, SYSCALL_NANOSLEEP_X, PLAIN, (PTR(&bad_time), 0), N8("interval", 7000000000)),
	ROW(getrlimit, SYSCALL_GETRLIMIT_X, PLAIN, (99, PTR(buf)),
	    N8("cur", -1), N8("max", -1), N1("resource", FLAG(rlimit_resources_RLIMIT_UNKNOWN))),
	ROW(unshare, SYSCALL_UNSHARE_X, PLAIN, (0x01000000), N4("flags", FLAG(clone_flags_CLONE_CHILD_SETTID))),
	ROW(prctl, SYSCALL_PRCTL_X, PLAIN, (9999, 77), N4("option", 9999), E("arg2_str"), N8("arg2_int", 77)),
	ROW(process_vm_readv, SYSCALL_PROCESS_VM_READV_X, PLAIN, (NO_PID, PTR(&in), 1, PTR(&out), 1, 0),
	    N8("pid", NO_PID), E("data")),
	ROW(setuid, SYSCALL_SETUID_X, NOBODY, (77), N4("uid", 77)),
	ROW(setgid, SYSCALL_SETGID_X, NOBODY, (77), N4("gid", 77)),
	ROW(setreuid, SYSCALL_SETREUID_X, NOBODY, (77, -1), N4("ruid", 77), N4("euid", -1)),
	ROW(setregid, SYSCALL_SETREGID_X, NOBODY, (-1, 77), N4("rgid", -1), N4("egid", 77)),
	ROW(setresuid, SYSCALL_SETRESUID_X, NOBODY, (77, 78, -1), N4("ruid", 77), N4("euid", 78), N4("suid", -1)),
	ROW(setresgid, SYSCALL_SETRESGID_X, NOBODY, (-1, 78, 79), N4("rgid", -1), N4("egid", 78), N4("sgid", 79)),
	ROW(getresuid, SYSCALL_GETRESUID_X, PLAIN, (8, 8, 8), N4("ruid", 0), N4("euid", 0), N4("suid", 0)),
	ROW(getresgid, SYSCALL_GETRESGID_X, PLAIN, (8, 8, 8), N4("rgid", 0), N4("egid", 0), N4("sgid", 0)),
	/* no longer has any */
	ROW(capset, SYSCALL_CAPSET_X, NOBODY, (0, 0),
	    N8("cap_inheritable", 0), N8("cap_permitted", 0), N8("cap_effective", 0)),

	/* memory */
	ROW(mprotect, SYSCALL_MPROTECT_X, PLAIN, (1, 4096, PROT_EXEC),
	    N8("addr", 1), N8("length", 4096), N4("prot", FLAG(prot_flags_PROT_EXEC))),
	ROW(mlock, SYSCALL_MLOCK_X, PLAIN, (4096, 4096), N8("addr", 4096), N8("len", 4096)),
	ROW(mlock2, SYSCALL_MLOCK2_X, PLAIN, (4096, 8192, 2), N8("addr", 4096), N8("len", 8192), N4("flags", 0)),
	ROW(munlock, SYSCALL_MUNLOCK_X, PLAIN, (4096, 4096), N8("addr", 4096), N8("len", 4096)),
};
/* clang-format on */

/* Back to where a child cannot tell: its result is in the event. */
static void set_up(enum setting setting)
{
	struct rlimit none = {0, 0};

	if (setting == NO_FILES)
		setrlimit(RLIMIT_NOFILE, &none);
	if (setting == NOBODY) {
		syscall(SYS_setgroups, 0, NULL);
		syscall(SYS_setresgid, 4343, 4343, 4343);
		syscall(SYS_setresuid, 4242, 4242, 4242);
	}
}

static long call(const struct row *row)
{
	long r;

	errno = 0;
	r = syscall(row->nr, row->args[0], row->args[1], row->args[2], row->args[3], row->args[4],
		    row->args[5]);
	return r < 0 ? -errno : 0;
}

static void check_row(struct live *live, const struct row *row)
{
	const struct check *c;
	long error;

	live_begin(live, row->code);
	if (row->setting == PLAIN) {
		error = call(row);
		live_find_i64(live, syscall(SYS_gettid), live_result_name(row->code), error);
	} else {
		int status;
		pid_t child = fork();

		if (child == 0) {
			set_up(row->setting);
			_exit((int)-call(row));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		error = -(status >> 8);
		live_find_i64(live, child, live_result_name(row->code), error);
	}
	if (error >= 0)
		fail_msg("%s did not fail", row->name);
	live_int(live, live_result_name(row->code), 8, error);
	for (c = row->checks; c->name; c++) {
		if (c->size)
			live_int(live, c->name, c->size, c->value);
		else
			live_bytes(live, c->name, c->data, c->len);
	}
	END();
}

static void failures(struct live *live)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(live, &rows[i]);
	printf("%zu calls that fail\n", i);
}

/* These tell of memory, too. */
static void failed_mappings(struct live *live)
{
	long r;

	BEGIN(SYSCALL_MMAP_X);
	r = syscall(SYS_mmap, 0L, 0L, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, NO_FD, 4096L);
	FIND();
	I64("res", RESULT(r));
	assert_true(r < 0);
	POSITIVE("vm_size", 4);
	POSITIVE("vm_rss", 4);
	ANY("vm_swap");
	U64("addr", 0);
	U64("length", 0);
	U32("prot", FLAG(prot_flags_PROT_READ) | FLAG(prot_flags_PROT_EXEC));
	U32("flags", FLAG(mmap_flags_MAP_SHARED) | FLAG(mmap_flags_MAP_FIXED));
	I64("fd", NO_FD);
	U64("offset", 4096);
	END();

	BEGIN(SYSCALL_MUNMAP_X);
	r = syscall(SYS_munmap, 1L, 4096L);
	FIND();
	I64("res", RESULT(r));
	assert_true(r < 0);
	POSITIVE("vm_size", 4);
	POSITIVE("vm_rss", 4);
	ANY("vm_swap");
	U64("addr", 1);
	U64("length", 4096);
	END();
}

/* The leader of a group cannot begin a session. */
static void failed_session(struct live *live)
{
	pid_t child;

	BEGIN(SYSCALL_SETSID_X);
	child = fork();
	if (child == 0) {
		setsid();
		setsid();
		_exit(0);
	}
	waitpid(child, NULL, 0);
	live_find_i64(live, child, "res", -EPERM);
	I64("res", -EPERM);
	END();
}

const struct live_case live_fail_cases[] = {
	CASE(failures),
	CASE(failed_mappings),
	CASE(failed_session),
	{NULL, NULL},
};
