// SPDX-License-Identifier: Apache-2.0
/*
 * Calls of 32-bit programs: other numbers, other registers, structures of
 * another shape, arguments in memory (ipc), and calls that 64-bit programs do
 * not have. Those on sockets are in test_live_ia32_socket.c.
 */
#include "ia32.h"

#if defined(__x86_64__)

#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/wait.h>

/* ---- files --------------------------------------------------------------------------------- */

/* 5 is open there and fstat here: seen as what it is, with its own registers' arguments. */
static void ia32_open(struct live *live)
{
	long r;

	NEED_IA32();
	BEGIN(SYSCALL_OPEN_X);
	r = CALL(OPEN, ia32_text("/nonexistent/32"), O_RDWR | O_CREAT, 0640);
	assert_int_equal(r, -ENOENT);
	FIND();
	I64("fd", -ENOENT);
	TEXT("name", "/nonexistent/32");
	U32("flags", SAKER_FLAG_file_flags_O_RDWR | SAKER_FLAG_file_flags_O_CREAT);
	U32("mode", 0640);
	U32("dev", 0);
	U64("ino", 0);
	END();

	BEGIN(SYSCALL_CLOSE_X);
	r = CALL(CLOSE, 4321);
	FIND();
	I64("res", -EBADF);
	I64("fd", 4321);
	END();

	BEGIN(SYSCALL_FCNTL_X);
	r = CALL(FCNTL64, 2, F_DUPFD, 100);
	FIND();
	I64("res", r);
	I64("fd", 2);
	U8("cmd", SAKER_FLAG_fcntl_commands_F_DUPFD);
	U64("arg", 100);
	END();
	close((int)r);
}

static void ia32_stat(struct live *live)
{
	uint32_t buf;
	long r;

	NEED_IA32();
	buf = ia32_address(ia32_new(128));
	BEGIN(SYSCALL_STAT64_X);
	r = CALL(STAT64, ia32_text("/dev/null"), buf);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	TEXT("path", "/dev/null");
	END();
	BEGIN(SYSCALL_STAT64_X);
	CALL(STAT64, ia32_text("/nonexistent"), buf);
	FIND();
	I64("res", -ENOENT);
	TEXT("path", "/nonexistent");
	END();

	BEGIN(SYSCALL_LSTAT64_X);
	r = CALL(LSTAT64, ia32_text("/proc/self"), buf);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	TEXT("path", "/proc/self");
	END();
	BEGIN(SYSCALL_LSTAT64_X);
	CALL(LSTAT64, 0, buf);
	FIND();
	I64("res", -EFAULT);
	EMPTY("path");
	END();

	BEGIN(SYSCALL_FSTAT64_X);
	r = CALL(FSTAT64, 1, buf);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	END();
	BEGIN(SYSCALL_FSTAT64_X);
	CALL(FSTAT64, -1, buf);
	FIND();
	I64("res", -EBADF);
	END();

	/* oldumount, which has no flags. */
	BEGIN(SYSCALL_UMOUNT_1_X);
	CALL(UMOUNT, ia32_text("/nonexistent"));
	FIND();
	I64("res", -ENOENT);
	TEXT("name", "/nonexistent");
	END();
}

static int scratch_file(struct live *live)
{
	int fd = open(live_path(live, 0, "ia32"), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	return fd;
}

static void ia32_seek(struct live *live)
{
	int fd;
	long r;

	NEED_IA32();
	fd = scratch_file(live);
	BEGIN(SYSCALL_LSEEK_X);
	r = CALL(LSEEK, fd, -3, SEEK_END);
	assert_int_equal(r, 7);
	FIND();
	I64("res", 7);
	I64("fd", fd);
	I64("offset", -3);
	U8("whence", SAKER_FLAG_lseek_whence_SEEK_END);
	END();

	BEGIN(SYSCALL_LLSEEK_X);
	r = CALL(_LLSEEK, fd, 1, 5, ia32_address(ia32_new(8)), SEEK_SET);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd", fd);
	U64("offset", (UINT64_C(1) << 32) + 5);
	U8("whence", SAKER_FLAG_lseek_whence_SEEK_SET);
	END();
	BEGIN(SYSCALL_LLSEEK_X);
	CALL(_LLSEEK, -1, 0, 1, ia32_address(ia32_new(8)), SEEK_END);
	FIND();
	I64("res", -EBADF);
	I64("fd", -1);
	U64("offset", 1);
	U8("whence", SAKER_FLAG_lseek_whence_SEEK_END);
	END();
	close(fd);
}

/* Positions come in two halves. */
static void ia32_positions(struct live *live)
{
	const uint64_t far = (UINT64_C(2) << 32) + 3;
	struct iovec32 iov[2];
	uint32_t text, vector;
	int fd;
	long r;

	NEED_IA32();
	fd = scratch_file(live);
	text = ia32_text("abcde");
	iov[0] = (struct iovec32){text, 2};
	iov[1] = (struct iovec32){text + 2, 3};
	vector = ia32_copy(iov, sizeof(iov));

	BEGIN(SYSCALL_PWRITE_X);
	r = CALL(PWRITE64, fd, text, 5, 3, 0);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	BYTES("data", "abcde", 5);
	I64("fd", fd);
	U32("size", 5);
	U64("pos", 3);
	END();
	BEGIN(SYSCALL_PREAD_X);
	r = CALL(PREAD64, fd, text, 5, 3, 2);
	assert_int_equal(r, 0); /* far beyond its end */
	FIND();
	I64("res", 0);
	EMPTY("data");
	I64("fd", fd);
	U32("size", 5);
	U64("pos", far);
	END();

	BEGIN(SYSCALL_PWRITEV_X);
	r = CALL(PWRITEV, fd, vector, 2, 1, 0);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	BYTES("data", "abcde", 5);
	I64("fd", fd);
	U32("size", 5);
	U64("pos", 1);
	END();
	BEGIN(SYSCALL_PREADV_X);
	r = CALL(PREADV, fd, vector, 2, 3, 2);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	U32("size", 0);
	EMPTY("data");
	I64("fd", fd);
	U64("pos", far);
	END();

	BEGIN(SYSCALL_WRITEV_X);
	r = CALL(WRITEV, fd, vector, 2);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	BYTES("data", "abcde", 5);
	I64("fd", fd);
	U32("size", 5);
	END();
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	BEGIN(SYSCALL_READV_X);
	r = CALL(READV, fd, vector, 2);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	U32("size", 5);
	BYTES("data", "0abcd", 5);
	I64("fd", fd);
	END();
	close(fd);
}

static void ia32_sendfile(struct live *live)
{
	uint64_t wide = (UINT64_C(7) << 32) + 1;
	uint32_t narrow = 6;
	long r;

	NEED_IA32();
	BEGIN(SYSCALL_SENDFILE_X);
	r = CALL(SENDFILE, -1, -2, ia32_copy(&narrow, 4), 77);
	FIND();
	I64("res", -EBADF);
	U64("offset", 6);
	I64("out_fd", -1);
	I64("in_fd", -2);
	U64("size", 77);
	END();
	BEGIN(SYSCALL_SENDFILE_X);
	r = CALL(SENDFILE64, -1, -2, ia32_copy(&wide, 8), 77);
	FIND();
	I64("res", r);
	U64("offset", wide);
	I64("out_fd", -1);
	I64("in_fd", -2);
	U64("size", 77);
	END();
}

/* ---- users and groups ------------------------------------------------------------------------ */

/* One call with users or groups, and what its parameters are to be; in a child where it changes
 * some. */
struct id_case {
	const char *name;
	uint16_t code;
	uint32_t nr;
	uint32_t args[3];
	const char *params[3];
	uint32_t values[3];
};

/* The high half of a 16-bit argument is nobody's; 0xffff leaves alone. */
#define JUNK(id) (0xabcd0000U | (id))

static void check_id(struct live *live, const struct id_case *c)
{
	uint32_t i;
	pid_t child;
	int status;

	live_begin(live, c->code);
	child = fork();
	if (child == 0)
		_exit(ia32_call(c->nr, c->args[0], c->args[1], c->args[2], 0, 0, 0) == 0 ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		fail_msg("%s did not work", c->name);
	live_find_tid(live, child);
	I64("res", 0);
	for (i = 0; i < 3 && c->params[i]; i++)
		live_int(live, c->params[i], 4, (int32_t)c->values[i]);
	END();
}

static void ia32_set_ids(struct live *live)
{
#define ID(name, event, a, b, c, ...)                                       \
	{                                                                   \
#name, SAKER_EV_##event, NR_##name, {a, b, c }, __VA_ARGS__ \
	}
	static const struct id_case cases[] = {
		ID(SETUID16, SYSCALL_SETUID_X, JUNK(77), 0, 0, {"uid"}, {77}),
		ID(SETUID32, SYSCALL_SETUID_X, 0x12345, 0, 0, {"uid"}, {0x12345}),
		ID(SETGID16, SYSCALL_SETGID_X, JUNK(78), 0, 0, {"gid"}, {78}),
		ID(SETGID32, SYSCALL_SETGID_X, 0x12346, 0, 0, {"gid"}, {0x12346}),
		ID(SETREUID16, SYSCALL_SETREUID_X, JUNK(0xffff), JUNK(79), 0, {"ruid", "euid"},
		   {-1U, 79}),
		ID(SETREUID32, SYSCALL_SETREUID_X, 0x12347, -1U, 0, {"ruid", "euid"},
		   {0x12347, -1U}),
		ID(SETREGID16, SYSCALL_SETREGID_X, JUNK(80), JUNK(0xffff), 0, {"rgid", "egid"},
		   {80, -1U}),
		ID(SETREGID32, SYSCALL_SETREGID_X, -1U, 0x12348, 0, {"rgid", "egid"},
		   {-1U, 0x12348}),
		ID(SETRESUID16, SYSCALL_SETRESUID_X, JUNK(81), JUNK(0xffff), JUNK(82),
		   {"ruid", "euid", "suid"}, {81, -1U, 82}),
		ID(SETRESUID32, SYSCALL_SETRESUID_X, 0x12349, 0xffff, -1U, {"ruid", "euid", "suid"},
		   {0x12349, 0xffff, -1U}),
		ID(SETRESGID16, SYSCALL_SETRESGID_X, JUNK(83), JUNK(84), JUNK(0xffff),
		   {"rgid", "egid", "sgid"}, {83, 84, -1U}),
		ID(SETRESGID32, SYSCALL_SETRESGID_X, 0x1234a, 0xffff, -1U, {"rgid", "egid", "sgid"},
		   {0x1234a, 0xffff, -1U}),
	};
#undef ID
	size_t i;

	NEED_IA32();
	if (geteuid() != 0)
		skip();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_id(live, &cases[i]);
}

/* As user 4242 and group 4343, which nothing but this asked for. */
static void ia32_get_ids(struct live *live)
{
	static const struct {
		uint16_t code;
		uint32_t nr;
		const char *param;
		uint32_t value;
	} cases[] = {
		{SAKER_EV_SYSCALL_GETUID_X, NR_GETUID16, "uid", 4242},
		{SAKER_EV_SYSCALL_GETUID_X, NR_GETUID32, "uid", 4242},
		{SAKER_EV_SYSCALL_GETEUID_X, NR_GETEUID16, "euid", 4242},
		{SAKER_EV_SYSCALL_GETEUID_X, NR_GETEUID32, "euid", 4242},
		{SAKER_EV_SYSCALL_GETGID_X, NR_GETGID16, "gid", 4343},
		{SAKER_EV_SYSCALL_GETGID_X, NR_GETGID32, "gid", 4343},
		{SAKER_EV_SYSCALL_GETEGID_X, NR_GETEGID16, "egid", 4343},
		{SAKER_EV_SYSCALL_GETEGID_X, NR_GETEGID32, "egid", 4343},
	};
	size_t i;

	NEED_IA32();
	if (geteuid() != 0)
		skip();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t child;

		live_begin(live, cases[i].code);
		child = fork();
		if (child == 0) {
			/* Raw: libc's would ask all threads and look at the ids. */
			syscall(SYS_setresgid, 4343, 4343, 4343);
			syscall(SYS_setresuid, 4242, 4242, 4242);
			ia32_call(cases[i].nr, 0, 0, 0, 0, 0, 0);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		live_find_tid(live, child);
		live_int(live, cases[i].param, 4, cases[i].value);
		END();
	}
}

static void ia32_get_res_ids(struct live *live)
{
	static const struct {
		uint32_t code, nr, size;
		const char *params[3];
		uint32_t values[3];
	} cases[] = {
		{SAKER_EV_SYSCALL_GETRESUID_X,
		 NR_GETRESUID16,
		 2,
		 {"ruid", "euid", "suid"},
		 {11, 12, 13}},
		{SAKER_EV_SYSCALL_GETRESUID_X,
		 NR_GETRESUID32,
		 4,
		 {"ruid", "euid", "suid"},
		 {11, 12, 13}},
		{SAKER_EV_SYSCALL_GETRESGID_X,
		 NR_GETRESGID16,
		 2,
		 {"rgid", "egid", "sgid"},
		 {21, 22, 23}},
		{SAKER_EV_SYSCALL_GETRESGID_X,
		 NR_GETRESGID32,
		 4,
		 {"rgid", "egid", "sgid"},
		 {21, 22, 23}},
	};
	uint32_t at, i, j;
	uint8_t *ids;

	NEED_IA32();
	if (geteuid() != 0)
		skip();
	ids = ia32_new(16);
	at = ia32_address(ids);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t child;

		live_begin(live, (uint16_t)cases[i].code);
		child = fork();
		if (child == 0) {
			/* All ones, so that too much being read shows. */
			memset(ids, 0xff, 16);
			syscall(SYS_setresgid, 21, 22, 23);
			syscall(SYS_setresuid, 11, 12, 13);
			ia32_call(cases[i].nr, at, at + cases[i].size, at + 2 * cases[i].size, 0, 0,
				  0);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		live_find_tid(live, child);
		I64("res", 0);
		for (j = 0; j < 3; j++)
			live_int(live, cases[i].params[j], 4, cases[i].values[j]);
		END();
	}
}

static void ia32_chown(struct live *live)
{
	static const struct {
		uint32_t code, nr, uid, gid, want_uid, want_gid;
		bool fd;
	} cases[] = {
		{SAKER_EV_SYSCALL_CHOWN_X, NR_CHOWN16, JUNK(0xffff), JUNK(5), -1U, 5, false},
		{SAKER_EV_SYSCALL_CHOWN_X, NR_CHOWN32, 0x12345, 0xffff, 0x12345, 0xffff, false},
		{SAKER_EV_SYSCALL_LCHOWN_X, NR_LCHOWN16, JUNK(6), JUNK(0xffff), 6, -1U, false},
		{SAKER_EV_SYSCALL_LCHOWN_X, NR_LCHOWN32, -1U, 0x12346, -1U, 0x12346, false},
		{SAKER_EV_SYSCALL_FCHOWN_X, NR_FCHOWN16, JUNK(7), JUNK(8), 7, 8, true},
		{SAKER_EV_SYSCALL_FCHOWN_X, NR_FCHOWN32, 0xffff, -1U, 0xffff, -1U, true},
	};
	uint32_t i;

	NEED_IA32();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		live_begin(live, (uint16_t)cases[i].code);
		ia32_call(cases[i].nr, cases[i].fd ? 7777 : ia32_text("/nonexistent"), cases[i].uid,
			  cases[i].gid, 0, 0, 0);
		FIND();
		I64("res", cases[i].fd ? -EBADF : -ENOENT);
		if (cases[i].fd)
			I64("fd", 7777);
		else
			TEXT("path", "/nonexistent");
		U32("uid", cases[i].want_uid);
		U32("gid", cases[i].want_gid);
		END();
	}
}

/* ---- memory and limits -------------------------------------------------------------------------
 */

static void ia32_mmap(struct live *live)
{
	uint32_t at;
	int fd;
	long r;

	NEED_IA32();
	fd = scratch_file(live);
	/* The offset is in pages. */
	BEGIN(SYSCALL_MMAP2_X);
	r = CALL(MMAP2, 0, 4096, PROT_READ, MAP_SHARED, fd, 3);
	at = (uint32_t)r;
	FIND();
	U64("res", at);
	POSITIVE("vm_size", 4);
	POSITIVE("vm_rss", 4);
	ANY("vm_swap");
	U64("addr", 0);
	U64("length", 4096);
	U32("prot", SAKER_FLAG_prot_flags_PROT_READ);
	U32("flags", SAKER_FLAG_mmap_flags_MAP_SHARED);
	I64("fd", fd);
	U64("pgoffset", 3);
	END();
	CALL(MUNMAP, at, 4096);
	BEGIN(SYSCALL_MMAP2_X);
	CALL(MMAP2, 0, 0, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FIND();
	I64("res", -EINVAL);
	POSITIVE("vm_size", 4);
	POSITIVE("vm_rss", 4);
	ANY("vm_swap");
	U64("addr", 0);
	U64("length", 0);
	U32("prot", 0);
	U32("flags", SAKER_FLAG_mmap_flags_MAP_PRIVATE | SAKER_FLAG_mmap_flags_MAP_ANONYMOUS);
	I64("fd", -1);
	U64("pgoffset", 0);
	END();

	/* The old one has its arguments in memory, and its offset in bytes. */
	BEGIN(SYSCALL_MMAP_X);
	r = CALL(OLD_MMAP, IA32_WORDS(0, 4096, PROT_READ, MAP_PRIVATE, (uint32_t)fd, 8192));
	at = (uint32_t)r;
	FIND();
	U64("res", at);
	POSITIVE("vm_size", 4);
	POSITIVE("vm_rss", 4);
	ANY("vm_swap");
	U64("addr", 0);
	U64("length", 4096);
	U32("prot", SAKER_FLAG_prot_flags_PROT_READ);
	U32("flags", SAKER_FLAG_mmap_flags_MAP_PRIVATE);
	I64("fd", fd);
	U64("offset", 8192);
	END();
	CALL(MUNMAP, at, 4096);
	close(fd);
}

static void ia32_limits(struct live *live)
{
	struct limit32 *limit;
	struct rlimit now;
	uint64_t wide[2];
	long r;

	NEED_IA32();
	limit = ia32_new(sizeof(*limit));
	assert_int_equal(getrlimit(RLIMIT_CORE, &now), 0);
	BEGIN(SYSCALL_GETRLIMIT_X);
	r = CALL(UGETRLIMIT, RLIMIT_CORE, ia32_address(limit));
	FIND();
	I64("res", r);
	I64("cur", now.rlim_cur);
	I64("max", now.rlim_max);
	U8("resource", SAKER_FLAG_rlimit_resources_RLIMIT_CORE);
	END();

	BEGIN(SYSCALL_SETRLIMIT_X);
	limit->cur = 12;
	limit->max = UINT32_MAX;
	r = CALL(SETRLIMIT, 99, ia32_address(limit));
	FIND();
	I64("res", -EINVAL);
	I64("cur", 12);
	I64("max", RLIM_INFINITY);
	U8("resource", SAKER_FLAG_rlimit_resources_RLIMIT_UNKNOWN);
	END();

	/* 64 bits wide in either convention. */
	wide[0] = (UINT64_C(1) << 32) + 5;
	wide[1] = (UINT64_C(2) << 32) + 6;
	BEGIN(SYSCALL_PRLIMIT_X);
	r = CALL(PRLIMIT64, 12345678, RLIMIT_CORE, ia32_copy(wide, sizeof(wide)), 0);
	FIND();
	I64("res", -ESRCH);
	I64("newcur", wide[0]);
	I64("newmax", wide[1]);
	I64("oldcur", -1);
	I64("oldmax", -1);
	I64("pid", 12345678);
	U8("resource", SAKER_FLAG_rlimit_resources_RLIMIT_CORE);
	END();
}

static void ia32_time(struct live *live)
{
	struct timespec32 *t;
	uint64_t *wide;
	uint32_t mask[2] = {0x10200, 0};
	long r;

	NEED_IA32();
	t = ia32_new(sizeof(*t));
	*t = (struct timespec32){0, 2345};
	BEGIN(SYSCALL_NANOSLEEP_X);
	r = CALL(NANOSLEEP, ia32_address(t), 0);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	U64("interval", 2345);
	END();

	/* A signal set of a size that there is not; the kernel may write back what is left. */
	*t = (struct timespec32){3, 4000000};
	BEGIN(SYSCALL_PPOLL_X);
	r = CALL(PPOLL, 0, 0, ia32_address(t), ia32_copy(mask, 8), 5);
	assert_int_equal(r, -EINVAL);
	FIND();
	I64("res", -EINVAL);
	BYTES("fds", "\0\0", 2);
	assert_in_range(t->sec, 2, 3);
	U64("timeout", (uint64_t)t->sec * 1000000000 + (uint64_t)t->nsec);
	U32("sigmask", 0x10200);
	END();

	wide = ia32_new(16);
	wide[0] = 5;
	wide[1] = 6;
	BEGIN(SYSCALL_PPOLL_X);
	r = CALL(PPOLL_TIME64, 0, 0, ia32_address(wide), 8, 5);
	FIND();
	I64("res", r);
	BYTES("fds", "\0\0", 2);
	U64("timeout", wide[0] * 1000000000 + wide[1]);
	U32("sigmask", 0);
	END();
}

/* Numbers of keys are signed. */
static void ia32_keyctl(struct live *live)
{
	uint8_t number[9] = {SAKER_DYN_keyctl_dynamic_param_INT64}, zero[9] = {0};
	int64_t key = -77;
	long r;

	NEED_IA32();
	zero[0] = number[0];
	memcpy(number + 1, &key, 8);
	BEGIN(SYSCALL_KEYCTL_X);
	r = CALL(KEYCTL, KEYCTL_REVOKE, -77, 1, 2, 3);
	FIND();
	I64("res", r);
	U32("operation", SAKER_FLAG_keyctl_operations_KEYCTL_REVOKE);
	BYTES("arg2", number, 9);
	BYTES("arg3", zero, 9);
	BYTES("arg4", zero, 9);
	BYTES("arg5", zero, 9);
	END();
}

/* ---- semaphores, by their own calls and through ipc
 * ------------------------------------------------ */

#define IPC_64 0x100

static void ia32_semaphores(struct live *live)
{
	struct sembuf ops[2] = {{1, -2, IPC_NOWAIT}, {3, 4, SEM_UNDO}};
	uint32_t list;
	int pass;
	long r;

	NEED_IA32();
	list = ia32_copy(ops, sizeof(ops));
	BEGIN(SYSCALL_SEMOP_X);
	r = CALL(IPC, 1 /* SEMOP */, -1, 2, 0, list);
	FIND();
	I64("res", -EINVAL);
	U32("nsops", 2);
	U16("sem_num_0", 1);
	U16("sem_op_0", -2);
	U16("sem_flg_0", SAKER_FLAG_semop_flags_IPC_NOWAIT);
	U16("sem_num_1", 3);
	U16("sem_op_1", 4);
	U16("sem_flg_1", SAKER_FLAG_semop_flags_SEM_UNDO);
	U32("semid", -1);
	END();
	for (pass = 0; pass < 2; pass++) {
		BEGIN(SYSCALL_SEMGET_X);
		r = pass ? CALL(SEMGET, 0x7778, -1, IPC_CREAT)
			 : CALL(IPC, 2 /* SEMGET */, 0x7778, -1, IPC_CREAT);
		FIND();
		I64("res", -EINVAL);
		U32("key", 0x7778);
		U32("nsems", -1);
		U32("semflg", SAKER_FLAG_semget_flags_IPC_CREAT);
		END();

		/* Callers say which structures they know; ipc has the value in memory. */
		BEGIN(SYSCALL_SEMCTL_X);
		r = pass ? CALL(SEMCTL, -1, 2, SETVAL, 9)
			 : CALL(IPC, 3 /* SEMCTL */, -1, 2, SETVAL | IPC_64, IA32_WORDS(9));
		FIND();
		I64("res", -EINVAL);
		U32("semid", -1);
		U32("semnum", 2);
		U16("cmd", SAKER_FLAG_semctl_commands_SETVAL);
		U32("val", 9);
		END();
	}
	(void)r;
}

/* What a carrier carries and has no event of its own is told by its own code. */
static void ia32_ipc_generic(struct live *live)
{
	struct saker_syscall_set set = {{0}};

	NEED_IA32();
	BEGIN(GENERIC_X);
	saker_syscall_set_add_name(&set, "shmdt");
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	CALL(IPC, 22 /* SHMDT */, 0, 0, 0, 1);
	FIND();
	U16("ID", SAKER_SC_SHMDT);
	U16("nativeID", NR_IPC);
	END();
	/* A call that there is not, for who asks for the carrier. */
	BEGIN(GENERIC_X);
	saker_syscall_set_add_name(&set, "ipc");
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	CALL(IPC, 30);
	FIND();
	U16("ID", SAKER_SC_IPC);
	U16("nativeID", NR_IPC);
	END();
}

/* ---- a program of 32 bits
 * ----------------------------------------------------------------------------- */

/* The name of that program, beside this one; NULL: it was not built. */
static const char *program32(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);

	assert_true(n > 0);
	path[n] = 0;
	snprintf(strrchr(path, '/') + 1, 16, "actor-ia32");
	return access(path, X_OK) == 0 ? path : NULL;
}

/* Started by a 64-bit call, and (it starts itself again) by 32-bit ones: each is one execve. */
static void ia32_program(struct live *live)
{
	const char *path = program32();
	char *argv[] = {"first", "a b", NULL}, *env[] = {"X=1", NULL};
	static const char *const names[] = {"first", "second", "third"};
	static const char *const comms[] = {"actor-ia32", "exe", "exe"};
	struct saker_syscall_set set = {{0}};
	uint32_t i;
	int status;
	pid_t child;

	NEED_IA32();
	if (!path)
		skip();
	BEGIN(SYSCALL_EXECVE_19_X);
	saker_syscall_set_add_name(&set, "execve");
	saker_syscall_set_add_name(&set, "execveat");
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	child = fork();
	if (child == 0) {
		syscall(SYS_execve, path, argv, env);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 42 << 8);
	for (i = 0; i < 3; i++) {
		live_find_tid(live, child);
		I64("res", 0);
		TEXT("exe", names[i]);
		BYTES("args", "a b", 4);
		BYTES("env", "X=1", 4);
		TEXT("trusted_exepath", path);
		TEXT("comm", comms[i]);
		TEXT("filename", i == 0 ? path : "/proc/self/exe");
		I64("tid", child);
		I64("pid", child);
		I64("ptid", getpid());
	}
}

const struct live_case live_ia32_cases[] = {
	CASE(ia32_open),     CASE(ia32_stat),	    CASE(ia32_seek),	    CASE(ia32_positions),
	CASE(ia32_sendfile), CASE(ia32_set_ids),    CASE(ia32_get_ids),	    CASE(ia32_get_res_ids),
	CASE(ia32_chown),    CASE(ia32_mmap),	    CASE(ia32_limits),	    CASE(ia32_time),
	CASE(ia32_keyctl),   CASE(ia32_semaphores), CASE(ia32_ipc_generic), CASE(ia32_program),
	{NULL, NULL},
};

#else

const struct live_case live_ia32_cases[] = {{NULL, NULL}};

#endif
