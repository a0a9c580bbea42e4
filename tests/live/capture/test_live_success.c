// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that work, of events whose other cases are of calls that fail. What
 * would change the machine is done by a child in namespaces of its own.
 */
#include "live.h"
#include "ia32.h"

#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

/*
 * A child does what is in the braces and ends with 0 when that worked; its
 * event is looked for. -errno when it did not work.
 */
#define IN_CHILD(what)                                                        \
	do {                                                                  \
		int _status;                                                  \
		pid_t _child = fork();                                        \
                                                                              \
		if (_child == 0) {                                            \
			errno = 0;                                            \
			what;                                                 \
			_exit(r < 0 ? errno : 0);                             \
		}                                                             \
		assert_int_equal(waitpid(_child, &_status, 0), _child);       \
		r = -(_status >> 8);                                          \
		live_find_i64(live, _child, live_result_name(live->code), r); \
	} while (0)

/* Mounts of its own that nobody else sees. */
static void private_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    syscall(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(errno);
}

static int scratch(struct live *live, unsigned int slot, const char *name)
{
	int fd = open(live_path(live, slot, name), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	return fd;
}

static void works_close(struct live *live)
{
	int fd = dup(1);
	long r;

	BEGIN(SYSCALL_CLOSE_X);
	r = syscall(SYS_close, fd);
	FIND();
	I64("res", r);
	I64("fd", fd);
	END();
}

static void works_moving_data(struct live *live)
{
	int from = scratch(live, 0, "from"), to = scratch(live, 1, "to"), p[2], q[2];
	off_t offset = 2;
	loff_t in = 3;
	long r;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(pipe(q), 0);
	BEGIN(SYSCALL_SENDFILE_X);
	r = syscall(SYS_sendfile, to, from, &offset, 5L);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	U64("offset", 7); /* where the kernel left it */
	I64("out_fd", to);
	I64("in_fd", from);
	U64("size", 5);
	END();

	BEGIN(SYSCALL_COPY_FILE_RANGE_X);
	r = syscall(SYS_copy_file_range, from, &in, to, NULL, 4L, 0);
	assert_int_equal(r, 4);
	FIND();
	I64("res", 4);
	I64("fdout", to);
	U64("offout", 0);
	I64("fdin", from);
	U64("offin", (uintptr_t)&in);
	U64("len", 4);
	END();

	assert_int_equal(write(p[1], "abc", 3), 3);
	BEGIN(SYSCALL_SPLICE_X);
	r = syscall(SYS_splice, p[0], NULL, q[1], NULL, 8L, SPLICE_F_NONBLOCK);
	assert_int_equal(r, 3);
	FIND();
	I64("res", 3);
	I64("fd_in", p[0]);
	I64("fd_out", q[1]);
	U64("size", 8);
	U32("flags", SAKER_FLAG_splice_flags_SPLICE_F_NONBLOCK);
	END();

	BEGIN(SYSCALL_IOCTL_3_X);
	r = syscall(SYS_ioctl, q[0], (long)FIONREAD, &in);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd", q[0]);
	U64("request", FIONREAD);
	U64("argument", (uintptr_t)&in);
	END();
	close(from);
	close(to);
	close(p[0]);
	close(p[1]);
	close(q[0]);
	close(q[1]);
}

static void works_waiting(struct live *live)
{
	struct epoll_event event;
	struct timeval zero = {0, 0};
	uint32_t word = 5;
	int fd = epoll_create1(EPOLL_CLOEXEC);
	long r;

	BEGIN(SYSCALL_EPOLLWAIT_X);
	r = syscall(SYS_epoll_wait, fd, &event, 1, 0);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("maxevents", 1);
	END();
	close(fd);

	BEGIN(SYSCALL_SELECT_X);
	r = syscall(SYS_select, 0, NULL, NULL, NULL, &zero);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	END();

	BEGIN(SYSCALL_FUTEX_X);
	r = syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 3L, NULL, NULL, 0L);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	U64("addr", (uintptr_t)&word);
	U16("op", SAKER_FLAG_futex_operations_FUTEX_WAKE |
			  SAKER_FLAG_futex_operations_FUTEX_PRIVATE_FLAG);
	U64("val", 3);
	END();
}

static void works_names(struct live *live)
{
	const char *path = live_path(live, 0, "name");
	struct stat st;
	char buf[512];
	int fd;
	long r;

	close(scratch(live, 0, "name"));
	BEGIN(SYSCALL_LSTAT_X);
	r = syscall(SYS_lstat, path, &st);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	TEXT("path", path);
	END();

	BEGIN(SYSCALL_UNLINKAT_2_X);
	r = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("dirfd", -100);
	TEXT("name", path);
	U32("flags", 0);
	END();

	fd = open(live->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BEGIN(SYSCALL_GETDENTS64_X);
	r = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	assert_true(r > 0);
	FIND();
	I64("res", r);
	I64("fd", fd);
	END();
	close(fd);

	BEGIN(SYSCALL_CHROOT_X);
	IN_CHILD(r = syscall(SYS_chroot, live->dir));
	I64("res", 0);
	TEXT("path", live->dir);
	END();
}

static void works_mounts(struct live *live)
{
	long r;

	BEGIN(SYSCALL_MOUNT_X);
	r = fork();
	if (r == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(1);
		syscall(SYS_mount, "none", "/", "", MS_REC | MS_PRIVATE, NULL);
		syscall(SYS_mount, "a source", live->dir, "tmpfs", MS_RDONLY | MS_NOEXEC,
			"size=4k");
		_exit(0);
	}
	waitpid((pid_t)r, NULL, 0);
	live_find_i64(live, r, "res", 0);
	I64("res", 0);
	TEXT("dev", "none");
	TEXT("dir", "/");
	TEXT("type", "");
	U32("flags", SAKER_FLAG_mount_flags_REC | SAKER_FLAG_mount_flags_PRIVATE);
	END();
	live_find_i64(live, r, "res", 0);
	I64("res", 0);
	TEXT("dev", "a source");
	TEXT("dir", live->dir);
	TEXT("type", "tmpfs");
	U32("flags", SAKER_FLAG_mount_flags_RDONLY | SAKER_FLAG_mount_flags_NOEXEC);
	END();

	BEGIN(SYSCALL_UMOUNT2_X);
	IN_CHILD({
		private_mounts();
		r = syscall(SYS_mount, "none", live->dir, "tmpfs", 0, NULL);
		r = r < 0 ? r : syscall(SYS_umount2, live->dir, 1 /* MNT_FORCE */);
	});
	I64("res", 0);
	TEXT("name", live->dir);
	U32("flags", SAKER_FLAG_umount_flags_FORCE);
	END();
#if defined(__x86_64__)
	if (!ia32_available())
		return;
	BEGIN(SYSCALL_UMOUNT_1_X);
	IN_CHILD({
		private_mounts();
		r = syscall(SYS_mount, "none", live->dir, "tmpfs", 0, NULL);
		r = r < 0 ? r : CALL(UMOUNT, ia32_text(live->dir));
	});
	I64("res", 0);
	TEXT("name", live->dir);
	END();
#endif
}

static void works_fsconfig(struct live *live)
{
	int fd = (int)syscall(SYS_fsopen, "tmpfs", 0);
	long r;

	BEGIN(SYSCALL_FSCONFIG_X);
	if (fd < 0) {
		live_excuse(live, LIVE_SUCCESS, "fsopen does not work here");
		return;
	}
	r = syscall(SYS_fsconfig, fd, FSCONFIG_SET_STRING, "size", "1m", 0);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd", fd);
	U32("cmd", SAKER_FLAG_fsconfig_cmds_FSCONFIG_SET_STRING);
	TEXT("key", "size");
	EMPTY("value_bytebuf");
	TEXT("value_charbuf", "1m");
	U32("aux", 0);
	END();

	BEGIN(SYSCALL_FSCONFIG_X);
	r = syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fd);
	U32("cmd", SAKER_FLAG_fsconfig_cmds_FSCONFIG_SET_FLAG);
	TEXT("key", "ro");
	EMPTY("value_bytebuf");
	EMPTY("value_charbuf");
	U32("aux", 0);
	END();
	close(fd);
}

/* Quotas of nothing in particular: all of them are to be written out. */
static void works_quotactl(struct live *live)
{
	long r;

	BEGIN(SYSCALL_QUOTACTL_X);
	r = syscall(SYS_quotactl, 0x80000100U /* Q_SYNC, users */, NULL, 0, NULL);
	if (r < 0) {
		live_excuse(live, LIVE_SUCCESS, "the kernel has no quotas");
		return;
	}
	FIND();
	I64("res", 0);
	EMPTY("special");
	EMPTY("quotafilepath");
	U64("dqb_bhardlimit", 0);
	U64("dqb_bsoftlimit", 0);
	U64("dqb_curspace", 0);
	U64("dqb_ihardlimit", 0);
	U64("dqb_isoftlimit", 0);
	U64("dqb_btime", 0);
	U64("dqb_itime", 0);
	U64("dqi_bgrace", 0);
	U64("dqi_igrace", 0);
	U8("dqi_flags", 0);
	U8("quota_fmt_out", SAKER_FLAG_quotactl_quota_fmts_QFMT_NOT_USED);
	U16("cmd", SAKER_FLAG_quotactl_cmds_Q_SYNC);
	U8("type", SAKER_FLAG_quotactl_types_USRQUOTA);
	U32("id", 0);
	U8("quota_fmt", SAKER_FLAG_quotactl_quota_fmts_QFMT_NOT_USED);
	END();
}

static void works_processes(struct live *live)
{
	uint32_t action = SECCOMP_RET_ALLOW;
	char from[8] = "secrets", to[8] = "";
	struct iovec local = {from, 7}, remote = {to, 7};
	int fd;
	long r;

	BEGIN(SYSCALL_TKILL_X);
	r = syscall(SYS_tkill, syscall(SYS_gettid), 0);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("tid", syscall(SYS_gettid));
	U8("sig", 0);
	END();

	BEGIN(SYSCALL_TGKILL_X);
	r = syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("pid", getpid());
	I64("tid", syscall(SYS_gettid));
	U8("sig", 0);
	END();

	BEGIN(SYSCALL_SETPGID_X);
	IN_CHILD(r = syscall(SYS_setpgid, 0, 0));
	I64("res", 0);
	I64("pid", 0);
	I64("pgid", 0);
	END();

	BEGIN(SYSCALL_SECCOMP_X);
	r = syscall(SYS_seccomp, (long)SECCOMP_GET_ACTION_AVAIL, 0L, &action);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	U64("op", SECCOMP_GET_ACTION_AVAIL);
	U64("flags", 0);
	END();

	fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	BEGIN(SYSCALL_SETNS_X);
	IN_CHILD(r = syscall(SYS_setns, fd, CLONE_NEWUTS));
	I64("res", 0);
	I64("fd", fd);
	U32("nstype", SAKER_FLAG_clone_flags_CLONE_NEWUTS);
	END();
	close(fd);

	BEGIN(SYSCALL_PROCESS_VM_WRITEV_X);
	r = syscall(SYS_process_vm_writev, getpid(), &local, 1L, &remote, 1L, 0L);
	assert_int_equal(r, 7);
	FIND();
	I64("res", 7);
	I64("pid", getpid());
	BYTES("data", "secrets", 7);
	END();

	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	BEGIN(SYSCALL_PIDFD_GETFD_X);
	r = syscall(SYS_pidfd_getfd, fd, 1, 0);
	assert_true(r >= 0);
	FIND();
	I64("fd", r);
	I64("pid_fd", fd);
	I64("target_fd", 1);
	U32("flags", 0);
	END();
	close((int)r);
	close(fd);
}

static void works_memory(struct live *live)
{
	long r;

	BEGIN(SYSCALL_MLOCKALL_X);
	/* What comes later and is touched: a child that ends at once has little of it. */
	IN_CHILD(r = syscall(SYS_mlockall, MCL_FUTURE | MCL_ONFAULT));
	I64("res", 0);
	U32("flags", SAKER_FLAG_mlockall_flags_MCL_FUTURE | SAKER_FLAG_mlockall_flags_MCL_ONFAULT);
	END();
}

static void works_semaphores(struct live *live)
{
	struct sembuf op = {1, 2, SEM_UNDO | IPC_NOWAIT};
	long id, r;

	BEGIN(SYSCALL_SEMGET_X);
	id = syscall(SYS_semget, IPC_PRIVATE, 2, IPC_CREAT | 0600);
	assert_true(id >= 0);
	FIND();
	I64("res", id);
	U32("key", IPC_PRIVATE);
	U32("nsems", 2);
	U32("semflg", SAKER_FLAG_semget_flags_IPC_CREAT);
	END();

	/* One operation: the second is told as zero. */
	BEGIN(SYSCALL_SEMOP_X);
	r = syscall(SYS_semop, id, &op, 1L);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	U32("nsops", 1);
	U16("sem_num_0", 1);
	U16("sem_op_0", 2);
	U16("sem_flg_0", SAKER_FLAG_semop_flags_SEM_UNDO | SAKER_FLAG_semop_flags_IPC_NOWAIT);
	U16("sem_num_1", 0);
	U16("sem_op_1", 0);
	U16("sem_flg_1", 0);
	U32("semid", id);
	END();

	BEGIN(SYSCALL_SEMCTL_X);
	r = syscall(SYS_semctl, id, 0, IPC_RMID, 7L);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	U32("semid", id);
	U32("semnum", 0);
	U16("cmd", SAKER_FLAG_semctl_commands_IPC_RMID);
	U32("val", 0);
	END();
}

static void works_keyctl(struct live *live)
{
	uint8_t number[9] = {SAKER_DYN_keyctl_dynamic_param_INT64};
	long r;

	BEGIN(SYSCALL_KEYCTL_X);
	r = fork();
	if (r == 0) {
		syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "saker-live");
		_exit(0);
	}
	waitpid((pid_t)r, NULL, 0);
	live_find_tid(live, r);
	r = (long)saker_load_u64(live_param(live, "res")->data);
	if (r == -ENOSYS || r == -EPERM) {
		live_excuse(live, LIVE_SUCCESS, "no keys here");
		return;
	}
	POSITIVE("res", 8);
	U32("operation", SAKER_FLAG_keyctl_operations_KEYCTL_JOIN_SESSION_KEYRING);
	BYTES("arg2", "\1saker-live", sizeof("\1saker-live"));
	BYTES("arg3", number, 9);
	BYTES("arg4", number, 9);
	BYTES("arg5", number, 9);
	END();
}

static void works_io_uring(struct live *live)
{
	struct io_uring_params p = {0};
	uint64_t probe[(16 + 8 * 8) / 8] = {0}; /* struct io_uring_probe with 8 operations */
	int fd = (int)syscall(SYS_io_uring_setup, 2, &p);
	long r;

	if (fd < 0) {
		live->code = SAKER_EV_SYSCALL_IO_URING_ENTER_X;
		live_excuse(live, LIVE_SUCCESS, "no io_uring here");
		live->code = SAKER_EV_SYSCALL_IO_URING_REGISTER_X;
		live_excuse(live, LIVE_SUCCESS, "no io_uring here");
		return;
	}
	BEGIN(SYSCALL_IO_URING_ENTER_X);
	r = syscall(SYS_io_uring_enter, fd, 0, 0, 0, NULL, 0L);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd", fd);
	U32("to_submit", 0);
	U32("min_complete", 0);
	U32("flags", 0);
	U32("sig", 0);
	END();

	BEGIN(SYSCALL_IO_URING_REGISTER_X);
	r = syscall(SYS_io_uring_register, fd, IORING_REGISTER_PROBE, probe, 8);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd", fd);
	U16("opcode", IORING_REGISTER_PROBE);
	U64("arg", (uintptr_t)probe);
	U32("nr_args", 8);
	END();
	close(fd);
}

const struct live_case live_success_cases[] = {
	CASE(works_close),  CASE(works_moving_data), CASE(works_waiting),  CASE(works_names),
	CASE(works_mounts), CASE(works_fsconfig),    CASE(works_quotactl), CASE(works_processes),
	CASE(works_memory), CASE(works_semaphores),  CASE(works_keyctl),   CASE(works_io_uring),
	{NULL, NULL},
};
