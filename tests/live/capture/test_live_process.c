// SPDX-License-Identifier: Apache-2.0
/* Processes: both sides of making one, what it runs, its end, its ids and limits. */
#include "live.h"
#include "proc.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define CL(name) SAKER_FLAG_clone_flags_CLONE_##name

/* Bytes of /proc/self/<name>. */
static size_t own(const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, buf, size - 1) : -1;
	close(fd);
	assert_true(n >= 0);
	buf[n] = 0;
	return (size_t)n;
}

/* Taken right before a process is made. */
static struct proc_usage usage_before;

/* What every clone event tells of the thread that returns; what failed has no program to tell of.
 */
static void clone_common(struct live *live, int64_t tid, int64_t ppid, bool failed)
{
	char cmdline[4096], comm[32];
	size_t len = own("cmdline", cmdline, sizeof(cmdline)), exe = strlen(cmdline) + 1;
	struct rlimit limit;

	own("comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = 0;
	getrlimit(RLIMIT_NOFILE, &limit);
	if (failed) {
		EMPTY("exe");
		EMPTY("args");
	} else {
		TEXT("exe", cmdline);
		BYTES("args", cmdline + exe, len - exe);
	}
	I64("tid", tid);
	I64("pid", tid);
	I64("ptid", ppid);
	EMPTY("cwd");
	I64("fdlimit", limit.rlim_cur);
	TEXT("comm", comm);
	proc_check_cgroups(live);
	I64("vtid", tid);
	I64("vpid", tid);
}

/* In the one that makes the process. */
static void clone_own(struct live *live, int64_t res, uint32_t flags)
{
	struct proc_usage after;

	proc_usage(&after);
	FIND();
	I64("res", res);
	clone_common(live, getpid(), getppid(), res < 0);
	proc_check_memory(live, &after);
	proc_check_faults(live, &usage_before, &after);
	U32("uid", geteuid());
	U32("gid", getegid());
	U32("flags", flags);
	U64("pidns_init_start_ts", 0);
	END();
}

static void clone_sides(struct live *live, pid_t child, uint32_t flags)
{
	waitpid(child, NULL, 0);
	clone_own(live, child, flags);
}

static void clone_child_side(struct live *live, pid_t child, uint32_t flags)
{
	struct proc_usage here;

	proc_usage(&here);
	live_find_tid(live, child);
	I64("res", 0);
	clone_common(live, child, getpid(), false);
	proc_check_memory(live, &here); /* a copy of ours */
	assert_int_equal(saker_load_u64(live_param(live, "pgft_maj")->data), 0);
	assert_true(saker_load_u64(live_param(live, "pgft_min")->data) < 100);
	U32("uid", geteuid());
	U32("gid", getegid());
	U32("flags", flags);
	proc_check_pidns(live);
	END();
}

#define MAKE(child, call)                  \
	do {                               \
		proc_usage(&usage_before); \
		child = (pid_t)(call);     \
		if (child == 0)            \
			_exit(0);          \
	} while (0)

static void t_clone(struct live *live)
{
	pid_t child;

	BEGIN(SYSCALL_CLONE_20_X);
	MAKE(child, syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
	clone_sides(live, child, 0);
	BEGIN(SYSCALL_CLONE_20_X);
	MAKE(child, syscall(SYS_clone, (long)(SIGCHLD | CLONE_FS | CLONE_SYSVSEM), 0L, 0L, 0L, 0L));
	waitpid(child, NULL, 0);
	clone_child_side(live, child, CL(FS) | CL(SYSVSEM));
}

static void t_fork(struct live *live)
{
	pid_t child;

	BEGIN(SYSCALL_FORK_20_X);
	MAKE(child, syscall(SYS_fork));
	clone_sides(live, child, 0);
	BEGIN(SYSCALL_FORK_20_X);
	MAKE(child, syscall(SYS_fork));
	waitpid(child, NULL, 0);
	clone_child_side(live, child, 0);
}

static void t_vfork(struct live *live)
{
	pid_t child;

	BEGIN(SYSCALL_VFORK_20_X);
	proc_usage(&usage_before);
	child = vfork();
	if (child == 0)
		_exit(0);
	clone_sides(live, child, 0);
	BEGIN(SYSCALL_VFORK_20_X);
	child = vfork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	clone_child_side(live, child, 0);
}

static void t_clone3(struct live *live)
{
	struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	pid_t child;

	BEGIN(SYSCALL_CLONE3_X);
	MAKE(child, syscall(SYS_clone3, &args, sizeof(args)));
	clone_sides(live, child, CL(FILES));
	BEGIN(SYSCALL_CLONE3_X);
	MAKE(child, syscall(SYS_clone3, &args, sizeof(args)));
	waitpid(child, NULL, 0);
	clone_child_side(live, child, CL(FILES));
}

/* What did not come about has neither program nor arguments. */
static void t_clone_fails(struct live *live)
{
	struct clone_args args = {.flags = CLONE_THREAD | CLONE_NEWUSER, .exit_signal = SIGCHLD};
	long r;

	BEGIN(SYSCALL_CLONE_20_X);
	proc_usage(&usage_before);
	r = syscall(SYS_clone, (long)(CLONE_THREAD), 0L, 0L, 0L, 0L);
	clone_own(live, RESULT(r), CL(THREAD));

	BEGIN(SYSCALL_CLONE3_X);
	proc_usage(&usage_before);
	r = syscall(SYS_clone3, &args, sizeof(args));
	clone_own(live, RESULT(r), CL(THREAD) | CL(NEWUSER));
}

/* By a child that may have no processes: of a user with nothing. */
static void t_fork_fails(struct live *live)
{
	static const struct {
		uint16_t code;
		long nr;
	} calls[] = {
		{SAKER_EV_SYSCALL_FORK_20_X, SYS_fork},
		{SAKER_EV_SYSCALL_VFORK_20_X, SYS_vfork},
	};
	struct rlimit none = {0, 0};
	size_t i;

	if (geteuid() != 0)
		skip();
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			/* Only what comes now is looked for; it is the one that fails. */
			setrlimit(RLIMIT_NPROC, &none);
			syscall(SYS_setresgid, 4343, 4343, 4343);
			syscall(SYS_setresuid, 4242, 4242, 4242);
			raise(SIGSTOP);
			_exit(syscall(calls[i].nr) < 0 ? errno : 0);
		}
		assert_int_equal(waitpid(child, &status, WUNTRACED), child);
		live_begin(live, calls[i].code);
		kill(child, SIGCONT);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, EAGAIN << 8);
		live_find_tid(live, child);
		I64("res", -EAGAIN);
		clone_common(live, child, getpid(), true);
		POSITIVE("vm_size", 4);
		POSITIVE("vm_rss", 4);
		ANY("vm_swap");
		ANY("pgft_maj");
		POSITIVE("pgft_min", 8);
		U32("uid", 4242);
		U32("gid", 4343);
		U32("flags", 0);
		U64("pidns_init_start_ts", 0);
		END();
	}
}

static uint64_t timespec_ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* What both forms of exec tell of the process and its program. */
static void exec_common(struct live *live, int64_t tid, int64_t ppid, const char *exepath)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];
	struct rlimit limit;
	struct stat st;

	assert_int_equal(syscall(SYS_capget, &header, caps), 0);
	assert_int_equal(stat(exepath, &st), 0);
	getrlimit(RLIMIT_NOFILE, &limit);
	I64("tid", tid);
	I64("pid", tid);
	I64("ptid", ppid);
	EMPTY("cwd");
	I64("fdlimit", limit.rlim_cur);
	ANY("pgft_maj");
	ANY("pgft_min");
	POSITIVE("vm_size", 4);
	ANY("vm_rss");
	ANY("vm_swap");
	proc_check_cgroups(live);
	U32("tty", proc_tty());
	I64("vpgid", getpgrp());
	U32("loginuid", proc_loginuid());
	U32("flags", geteuid() == 0 ? SAKER_FLAG_execve_flags_EXE_WRITABLE : 0);
	U64("cap_inheritable", caps[0].inheritable | (uint64_t)caps[1].inheritable << 32);
	U64("cap_permitted", caps[0].permitted | (uint64_t)caps[1].permitted << 32);
	U64("cap_effective", caps[0].effective | (uint64_t)caps[1].effective << 32);
	U64("exe_ino", st.st_ino);
	U64("exe_ino_ctime", timespec_ns(st.st_ctim));
	U64("exe_ino_mtime", timespec_ns(st.st_mtim));
	U32("uid", geteuid());
	TEXT("trusted_exepath", exepath);
	I64("pgid", getpgrp());
	U32("gid", getegid());
}

static char *resolve(const char *path)
{
	char *full = realpath(path, NULL);

	assert_non_null(full);
	return full;
}

static void t_execve(struct live *live)
{
	char *argv[] = {"true-name", "a b", "", "last", NULL}, *env[] = {"X=1", "YY=22", NULL};
	char *exe = resolve("/bin/true");
	pid_t child;

	BEGIN(SYSCALL_EXECVE_19_X);
	child = fork();
	if (child == 0) {
		syscall(SYS_execve, "/bin/true", argv, env);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	I64("res", 0);
	TEXT("exe", "true-name");
	BYTES("args", "a b\0\0last", sizeof("a b\0\0last"));
	exec_common(live, child, getpid(), exe);
	TEXT("comm", "true");
	BYTES("env", "X=1\0YY=22", sizeof("X=1\0YY=22"));
	TEXT("filename", "/bin/true");
	END();
	free(exe);
}

/* Started by a script: the file asked for is the script, the program its interpreter. */
static void t_execve_script(struct live *live)
{
	const char *path = live_path(live, 0, "script");
	char *argv[] = {"script", NULL}, *env[] = {NULL}, *exe = resolve("/bin/true"), args[160];
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755), n;
	pid_t child;

	assert_int_equal(write(fd, "#!/bin/true\n", 12), 12);
	close(fd);
	BEGIN(SYSCALL_EXECVE_19_X);
	child = fork();
	if (child == 0) {
		syscall(SYS_execve, path, argv, env);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	I64("res", 0);
	TEXT("exe", "/bin/true");
	n = snprintf(args, sizeof(args), "%s", path);
	BYTES("args", args, (size_t)n + 1);
	exec_common(live, child, getpid(), exe);
	TEXT("comm", "script");
	EMPTY("env");
	TEXT("filename", path);
	END();
	free(exe);
}

static void t_execve_fails(struct live *live)
{
	char *argv[] = {"nope", "one", "", "two", NULL}, *env[] = {"A=b", NULL}, exe[4096],
	     comm[32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	long r;

	assert_true(n > 0);
	exe[n] = 0;
	own("comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = 0;
	BEGIN(SYSCALL_EXECVE_19_X);
	r = syscall(SYS_execve, "/nonexistent", argv, env);
	FIND();
	I64("res", RESULT(r));
	TEXT("exe", "nope");
	BYTES("args", "one\0\0two", sizeof("one\0\0two"));
	exec_common(live, getpid(), getppid(), exe);
	TEXT("comm", comm);
	BYTES("env", "A=b", 4);
	TEXT("filename", "/nonexistent");
	END();
}

static void t_execveat(struct live *live)
{
	char *argv[] = {"true", NULL}, *env[] = {NULL}, exe[4096], comm[32];
	char *bin = resolve("/bin/true");
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int fd = open("/bin/true", O_RDONLY);
	char name[32];
	pid_t child;
	long r;

	/* Failed, it is itself; done, it is an execve. */
	exe[n] = 0;
	own("comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = 0;
	BEGIN(SYSCALL_EXECVEAT_X);
	r = syscall(SYS_execveat, -7, "nope", argv, env, 0);
	FIND();
	I64("res", RESULT(r));
	TEXT("exe", "true");
	EMPTY("args");
	exec_common(live, getpid(), getppid(), exe);
	TEXT("comm", comm);
	BYTES("env", "", 0);
	END();

	child = fork();
	if (child == 0) {
		syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	live->code = SAKER_EV_SYSCALL_EXECVE_19_X;
	live_find_tid(live, child);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	I64("res", 0);
	TEXT("exe", "true");
	EMPTY("args");
	exec_common(live, child, getpid(), bin);
	ANY("comm");
	EMPTY("env");
	TEXT("filename", name);
	END();
	close(fd);
	free(bin);
}

/* A program without a file name of its own. */
static void t_execve_memfd(struct live *live)
{
	char *argv[] = {"ghost", NULL}, *env[] = {NULL}, buf[65536];
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC), to = memfd_create("ghost", 0);
	char path[64];
	pid_t child;
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		assert_int_equal(write(to, buf, (size_t)n), n);
	close(from);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
	BEGIN(SYSCALL_EXECVE_19_X);
	child = fork();
	if (child == 0) {
		syscall(SYS_execve, path, argv, env);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	close(to);
	live_find_tid(live, child);
	I64("res", 0);
	assert_true(saker_load_u32(live_param(live, "flags")->data) &
		    SAKER_FLAG_execve_flags_EXE_FROM_MEMFD);
	TEXT("trusted_exepath", "memfd:ghost");
	TEXT("filename", path);
}

static void t_procexit(struct live *live)
{
	pid_t child;

	BEGIN(PROCEXIT_1_E);
	child = fork();
	if (child == 0)
		_exit(7);
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	I64("status", 7 << 8);
	I64("ret", 7);
	U8("sig", 0);
	U8("core", 0);
	I64("reaper_tid", 0);
	END();

	BEGIN(PROCEXIT_1_E);
	child = fork();
	if (child == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	I64("status", SIGKILL);
	I64("ret", 0);
	U8("sig", SIGKILL);
	U8("core", 0);
	I64("reaper_tid", 0);
	END();
}

/* A process that ends before its child: the child goes to the one that asked for orphans, us. */
static void t_procexit_reaper(struct live *live)
{
	int hold[2];
	pid_t child;

	assert_int_equal(pipe(hold), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	BEGIN(PROCEXIT_1_E);
	child = fork();
	if (child == 0) {
		close(hold[1]);
		if (fork() == 0) {
			char c;

			if (read(hold[0], &c, 1) < 0)
				_exit(1);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	I64("status", 0);
	I64("ret", 0);
	U8("sig", 0);
	U8("core", 0);
	I64("reaper_tid", getpid());
	END();
	close(hold[1]);
	close(hold[0]);
	waitpid(-1, NULL, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void t_ids(struct live *live)
{
	uid_t u[3];
	long r;

#define ID1(code, nr, value)            \
	do {                            \
		BEGIN(code);            \
		r = syscall(nr, value); \
		FIND();                 \
		I64("res", RESULT(r));  \
	} while (0)
	ID1(SYSCALL_SETUID_X, SYS_setuid, getuid());
	U32("uid", getuid());
	END();
	ID1(SYSCALL_SETGID_X, SYS_setgid, getgid());
	U32("gid", getgid());
	END();
	BEGIN(SYSCALL_SETREUID_X);
	r = syscall(SYS_setreuid, -1, getuid());
	FIND();
	I64("res", RESULT(r));
	U32("ruid", -1);
	U32("euid", getuid());
	END();
	BEGIN(SYSCALL_SETREGID_X);
	r = syscall(SYS_setregid, getgid(), -1);
	FIND();
	I64("res", RESULT(r));
	U32("rgid", getgid());
	U32("egid", -1);
	END();
	BEGIN(SYSCALL_SETRESUID_X);
	r = syscall(SYS_setresuid, -1, getuid(), -1);
	FIND();
	I64("res", RESULT(r));
	U32("ruid", -1);
	U32("euid", getuid());
	U32("suid", -1);
	END();
	BEGIN(SYSCALL_SETRESGID_X);
	r = syscall(SYS_setresgid, -1, -1, getgid());
	FIND();
	I64("res", RESULT(r));
	U32("rgid", -1);
	U32("egid", -1);
	U32("sgid", getgid());
	END();
	BEGIN(SYSCALL_GETRESUID_X);
	r = syscall(SYS_getresuid, &u[0], &u[1], &u[2]);
	FIND();
	I64("res", r);
	U32("ruid", u[0]);
	U32("euid", u[1]);
	U32("suid", u[2]);
	END();
	BEGIN(SYSCALL_GETRESGID_X);
	r = syscall(SYS_getresgid, &u[0], &u[1], &u[2]);
	FIND();
	I64("res", r);
	U32("rgid", u[0]);
	U32("egid", u[1]);
	U32("sgid", u[2]);
	END();
	BEGIN(SYSCALL_GETUID_X);
	r = syscall(SYS_getuid);
	FIND();
	U32("uid", r);
	END();
	BEGIN(SYSCALL_GETEUID_X);
	r = syscall(SYS_geteuid);
	FIND();
	U32("euid", r);
	END();
	BEGIN(SYSCALL_GETGID_X);
	r = syscall(SYS_getgid);
	FIND();
	U32("gid", r);
	END();
	BEGIN(SYSCALL_GETEGID_X);
	r = syscall(SYS_getegid);
	FIND();
	U32("egid", r);
	END();
}

static void t_groups(struct live *live)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];
	pid_t child;
	long r;

	BEGIN(SYSCALL_SETPGID_X);
	r = syscall(SYS_setpgid, 12345678, 3);
	FIND();
	I64("res", RESULT(r));
	I64("pid", 12345678);
	I64("pgid", 3);
	END();

	BEGIN(SYSCALL_SETSID_X);
	child = fork();
	if (child == 0) {
		setsid();
		_exit(0);
	}
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	I64("res", child);
	END();

	assert_int_equal(syscall(SYS_capget, &header, caps), 0);
	BEGIN(SYSCALL_CAPSET_X);
	r = syscall(SYS_capset, &header, caps);
	FIND();
	I64("res", RESULT(r));
	U64("cap_inheritable", caps[0].inheritable | (uint64_t)caps[1].inheritable << 32);
	U64("cap_permitted", caps[0].permitted | (uint64_t)caps[1].permitted << 32);
	U64("cap_effective", caps[0].effective | (uint64_t)caps[1].effective << 32);
	END();

	BEGIN(SYSCALL_SETNS_X);
	r = syscall(SYS_setns, -1, CLONE_NEWNET);
	FIND();
	I64("res", RESULT(r));
	I64("fd", -1);
	U32("nstype", CL(NEWNET));
	END();

	BEGIN(SYSCALL_UNSHARE_X);
	child = fork();
	if (child == 0) {
		syscall(SYS_unshare, CLONE_NEWUTS | CLONE_FS);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	ANY("res");
	U32("flags", CL(NEWUTS) | CL(FS));
	END();
}

static void t_prctl(struct live *live)
{
	int got = 0;
	long r;

	BEGIN(SYSCALL_PRCTL_X);
	r = syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	FIND();
	I64("res", r);
	U32("option", SAKER_FLAG_prctl_options_PR_SET_CHILD_SUBREAPER);
	EMPTY("arg2_str");
	I64("arg2_int", 1);
	END();

	BEGIN(SYSCALL_PRCTL_X);
	r = syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, &got, 0L, 0L, 0L);
	FIND();
	I64("res", r);
	U32("option", SAKER_FLAG_prctl_options_PR_GET_CHILD_SUBREAPER);
	EMPTY("arg2_str");
	I64("arg2_int", 1);
	END();
	prctl(PR_SET_CHILD_SUBREAPER, 0);

	BEGIN(SYSCALL_PRCTL_X);
	r = syscall(SYS_prctl, PR_SET_NAME, "live-name", 0L, 0L, 0L);
	FIND();
	I64("res", r);
	U32("option", SAKER_FLAG_prctl_options_PR_SET_NAME);
	TEXT("arg2_str", "live-name");
	I64("arg2_int", 0);
	END();
}

static void t_ptrace(struct live *live)
{
	uint8_t number[9] = {SAKER_DYN_ptrace_dynamic_param_UINT64};
	uint64_t addr = 0x5555;
	pid_t child;
	long r;

	BEGIN(SYSCALL_PTRACE_X);
	r = syscall(SYS_ptrace, (long)PTRACE_ATTACH, 12345678L, addr, 5L);
	FIND();
	I64("res", RESULT(r));
	BYTES("addr", number, 9); /* failed: told as zero */
	BYTES("data", number, 9);
	U16("request", SAKER_FLAG_ptrace_requests_PTRACE_ATTACH);
	I64("pid", 12345678);
	END();

	BEGIN(SYSCALL_PTRACE_X);
	child = fork();
	if (child == 0) {
		syscall(SYS_ptrace, (long)PTRACE_TRACEME, 0L, addr, 6L);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	live_find_tid(live, child);
	ANY("res");
	if (saker_load_u64(live_param(live, "res")->data) == 0) {
		memcpy(number + 1, &addr, 8);
		BYTES("addr", number, 9);
		addr = 6;
		memcpy(number + 1, &addr, 8);
		BYTES("data", number, 9);
	} else {
		BYTES("addr", number, 9);
		BYTES("data", number, 9);
	}
	U16("request", SAKER_FLAG_ptrace_requests_PTRACE_TRACEME);
	I64("pid", 0);
	END();
}

/* What the two pointers mean depends on the request: looked at on a child that stands still. */
static void t_ptrace_requests(struct live *live)
{
	static uint64_t word = 0x1122334455667788;
	uint8_t want[9];
	uint64_t got = 0;
	pid_t child = fork();
	int status;
	long r;

	if (child == 0) {
		syscall(SYS_ptrace, (long)PTRACE_TRACEME, 0L, 0L, 0L);
		raise(SIGSTOP);
		_exit(9);
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	if (!WIFSTOPPED(status)) /* not allowed here */
		skip();

	/* The word read is told, not where it was put. */
	BEGIN(SYSCALL_PTRACE_X);
	r = syscall(SYS_ptrace, (long)PTRACE_PEEKDATA, (long)child, &word, &got);
	assert_int_equal(r, 0);
	assert_true(got == word);
	FIND();
	I64("res", 0);
	want[0] = SAKER_DYN_ptrace_dynamic_param_UINT64;
	memcpy(want + 1, &(uint64_t){(uintptr_t)&word}, 8);
	BYTES("addr", want, 9);
	memcpy(want + 1, &word, 8);
	BYTES("data", want, 9);
	U16("request", SAKER_FLAG_ptrace_requests_PTRACE_PEEKDATA);
	I64("pid", child);
	END();

	/* A word to write is one. */
	BEGIN(SYSCALL_PTRACE_X);
	r = syscall(SYS_ptrace, (long)PTRACE_POKEDATA, (long)child, &word, 77L);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	memcpy(want + 1, &(uint64_t){(uintptr_t)&word}, 8);
	BYTES("addr", want, 9);
	memcpy(want + 1, &(uint64_t){77}, 8);
	BYTES("data", want, 9);
	U16("request", SAKER_FLAG_ptrace_requests_PTRACE_POKEDATA);
	I64("pid", child);
	END();

	/* A signal to go on with. */
	BEGIN(SYSCALL_PTRACE_X);
	r = syscall(SYS_ptrace, (long)PTRACE_CONT, (long)child, 0L, (long)SIGKILL);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	memcpy(want + 1, &(uint64_t){0}, 8);
	BYTES("addr", want, 9);
	BYTES("data", ((const uint8_t[]){SAKER_DYN_ptrace_dynamic_param_SIGTYPE, SIGKILL}), 2);
	U16("request", SAKER_FLAG_ptrace_requests_PTRACE_CONT);
	I64("pid", child);
	END();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void t_signals(struct live *live)
{
	struct timespec t = {.tv_sec = 0, .tv_nsec = 1234};
	long r;

	BEGIN(SYSCALL_KILL_X);
	r = syscall(SYS_kill, getpid(), 0);
	FIND();
	I64("res", r);
	I64("pid", getpid());
	U8("sig", 0);
	END();

	BEGIN(SYSCALL_TKILL_X);
	r = syscall(SYS_tkill, -1, SIGUSR1);
	FIND();
	I64("res", RESULT(r));
	I64("tid", -1);
	U8("sig", SIGUSR1);
	END();

	BEGIN(SYSCALL_TGKILL_X);
	r = syscall(SYS_tgkill, 12345678, 87654321, SIGTERM);
	FIND();
	I64("res", RESULT(r));
	I64("pid", 12345678);
	I64("tid", 87654321);
	U8("sig", SIGTERM);
	END();

	BEGIN(SYSCALL_NANOSLEEP_X);
	r = syscall(SYS_nanosleep, &t, NULL);
	FIND();
	I64("res", r);
	U64("interval", 1234);
	END();

	BEGIN(SYSCALL_SECCOMP_X);
	r = syscall(SYS_seccomp, 99L, 5L, NULL);
	FIND();
	I64("res", RESULT(r));
	U64("op", 99);
	U64("flags", 5);
	END();
}

static void t_rlimits(struct live *live)
{
	struct rlimit limit, new;
	long r;

	BEGIN(SYSCALL_GETRLIMIT_X);
	r = syscall(SYS_getrlimit, RLIMIT_NOFILE, &limit);
	FIND();
	I64("res", r);
	I64("cur", limit.rlim_cur);
	I64("max", limit.rlim_max);
	U8("resource", SAKER_FLAG_rlimit_resources_RLIMIT_NOFILE);
	END();

	BEGIN(SYSCALL_SETRLIMIT_X);
	r = syscall(SYS_setrlimit, RLIMIT_NOFILE, &limit);
	FIND();
	I64("res", RESULT(r));
	I64("cur", limit.rlim_cur);
	I64("max", limit.rlim_max);
	U8("resource", SAKER_FLAG_rlimit_resources_RLIMIT_NOFILE);
	END();

	getrlimit(RLIMIT_CORE, &new);
	BEGIN(SYSCALL_PRLIMIT_X);
	r = syscall(SYS_prlimit64, 0, RLIMIT_CORE, &new, &limit);
	FIND();
	I64("res", RESULT(r));
	I64("newcur", new.rlim_cur);
	I64("newmax", new.rlim_max);
	I64("oldcur", r ? (rlim_t)-1 : limit.rlim_cur);
	I64("oldmax", r ? (rlim_t)-1 : limit.rlim_max);
	I64("pid", 0);
	U8("resource", SAKER_FLAG_rlimit_resources_RLIMIT_CORE);
	END();
}

const struct live_case live_process_cases[] = {
	CASE(t_clone),		 CASE(t_fork),		CASE(t_vfork),
	CASE(t_clone3),		 CASE(t_clone_fails),	CASE(t_fork_fails),
	CASE(t_execve),		 CASE(t_execve_script), CASE(t_execve_fails),
	CASE(t_execveat),	 CASE(t_execve_memfd),	CASE(t_procexit),
	CASE(t_procexit_reaper), CASE(t_ids),		CASE(t_groups),
	CASE(t_prctl),		 CASE(t_ptrace),	CASE(t_ptrace_requests),
	CASE(t_signals),	 CASE(t_rlimits),	{NULL, NULL},
};
