// SPDX-License-Identifier: Apache-2.0
/*
 * What values of flags and commands become: each name that the schema has,
 * given to a call (one that fails, so that nothing comes of it) as the C
 * library's headers number it, is in the event as the schema numbers it. A name
 * in a table of the schema that is neither shown nor excepted fails.
 */
#include "live.h"

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Known to the kernel, and not to the C library's headers, or by another name. */
#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA 25
#endif
#ifndef PTRACE_SET_THREAD_AREA
#define PTRACE_SET_THREAD_AREA 26
#endif
#ifndef PTRACE_ARCH_PRCTL
#define PTRACE_ARCH_PRCTL 30
#endif
#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif
#ifndef PTRACE_SYSEMU_SINGLESTEP
#define PTRACE_SYSEMU_SINGLESTEP 32
#endif
#ifndef PTRACE_SINGLEBLOCK
#define PTRACE_SINGLEBLOCK 33
#endif
#ifndef PTRACE_PEEKUSR
#define PTRACE_PEEKUSR PTRACE_PEEKUSER
#endif
#ifndef PTRACE_POKEUSR
#define PTRACE_POKEUSR PTRACE_POKEUSER
#endif
#ifndef AF_NETBEUI
#define AF_NETBEUI 13
#endif
#ifndef PROT_SEM
#define PROT_SEM 8
#endif
#ifndef MS_NOUSER
#define MS_NOUSER (1u << 31)
#endif

struct value {
	const char *name;
	uint32_t kernel;
	uint32_t schema;
};

#define V(table, name)                                               \
	{                                                            \
#name, (uint32_t)(name), SAKER_FLAG_##table##_##name \
	}
#define VM(name)                                                            \
	{                                                                   \
#name, (uint32_t)(MS_##name), SAKER_FLAG_mount_flags_##name \
	}
#define VQ(name)                                                                \
	{                                                                       \
#name, (uint32_t)QCMD(name, 0), SAKER_FLAG_quotactl_cmds_##name \
	}

/* clang-format off */
static const struct value file_flags[] = {
	V(file_flags, O_WRONLY), V(file_flags, O_RDWR), V(file_flags, O_RDONLY),
};

static const struct value socket_families[] = {
	V(socket_families, AF_NFC), V(socket_families, AF_ALG), V(socket_families, AF_CAIF),
	V(socket_families, AF_IEEE802154), V(socket_families, AF_PHONET), V(socket_families, AF_ISDN),
	V(socket_families, AF_RXRPC), V(socket_families, AF_IUCV), V(socket_families, AF_BLUETOOTH),
	V(socket_families, AF_TIPC), V(socket_families, AF_CAN), V(socket_families, AF_LLC),
	V(socket_families, AF_WANPIPE), V(socket_families, AF_PPPOX), V(socket_families, AF_IRDA),
	V(socket_families, AF_SNA), V(socket_families, AF_RDS), V(socket_families, AF_ATMSVC),
	V(socket_families, AF_ECONET), V(socket_families, AF_ASH), V(socket_families, AF_PACKET),
	V(socket_families, AF_ROUTE), V(socket_families, AF_NETLINK), V(socket_families, AF_KEY),
	V(socket_families, AF_SECURITY), V(socket_families, AF_NETBEUI), V(socket_families, AF_DECnet),
	V(socket_families, AF_ROSE), V(socket_families, AF_INET6), V(socket_families, AF_X25),
	V(socket_families, AF_ATMPVC), V(socket_families, AF_BRIDGE), V(socket_families, AF_NETROM),
	V(socket_families, AF_APPLETALK), V(socket_families, AF_IPX), V(socket_families, AF_AX25),
	V(socket_families, AF_INET), V(socket_families, AF_LOCAL), V(socket_families, AF_UNIX),
	V(socket_families, AF_UNSPEC),
};

static const struct value flock_flags[] = {
	V(flock_flags, LOCK_SH), V(flock_flags, LOCK_EX), V(flock_flags, LOCK_NB), V(flock_flags,
	LOCK_UN),
};

static const struct value clone_flags[] = {
	V(clone_flags, CLONE_FILES), V(clone_flags, CLONE_FS), V(clone_flags, CLONE_IO), V(clone_flags,
	CLONE_NEWIPC), V(clone_flags, CLONE_NEWNET), V(clone_flags, CLONE_NEWNS), V(clone_flags,
	CLONE_NEWPID), V(clone_flags, CLONE_NEWUTS), V(clone_flags, CLONE_PARENT), V(clone_flags,
	CLONE_PARENT_SETTID), V(clone_flags, CLONE_PTRACE), V(clone_flags, CLONE_SIGHAND),
	V(clone_flags, CLONE_SYSVSEM), V(clone_flags, CLONE_THREAD), V(clone_flags, CLONE_UNTRACED),
	V(clone_flags, CLONE_VM), V(clone_flags, CLONE_NEWUSER), V(clone_flags, CLONE_CHILD_CLEARTID),
	V(clone_flags, CLONE_CHILD_SETTID), V(clone_flags, CLONE_SETTLS), V(clone_flags, CLONE_VFORK),
	V(clone_flags, CLONE_NEWCGROUP),
};

static const struct value futex_operations[] = {
	V(futex_operations, FUTEX_CMP_REQUEUE_PI), V(futex_operations, FUTEX_WAIT_REQUEUE_PI),
	V(futex_operations, FUTEX_WAKE_BITSET), V(futex_operations, FUTEX_WAIT_BITSET),
	V(futex_operations, FUTEX_TRYLOCK_PI), V(futex_operations, FUTEX_UNLOCK_PI),
	V(futex_operations, FUTEX_LOCK_PI), V(futex_operations, FUTEX_WAKE_OP), V(futex_operations,
	FUTEX_CMP_REQUEUE), V(futex_operations, FUTEX_REQUEUE), V(futex_operations, FUTEX_FD),
	V(futex_operations, FUTEX_WAIT), V(futex_operations, FUTEX_WAKE),
};

static const struct value mount_flags[] = {
	VM(RDONLY), VM(NOSUID), VM(NODEV), VM(NOEXEC), VM(SYNCHRONOUS), VM(REMOUNT), VM(MANDLOCK),
	VM(DIRSYNC), VM(NOATIME), VM(NODIRATIME), VM(BIND), VM(MOVE), VM(REC), VM(SILENT),
	VM(POSIXACL), VM(UNBINDABLE), VM(PRIVATE), VM(SLAVE), VM(SHARED), VM(RELATIME), VM(KERNMOUNT),
	VM(I_VERSION), VM(STRICTATIME), VM(LAZYTIME), VM(NOUSER),
};

static const struct value lseek_whence[] = {
	V(lseek_whence, SEEK_END), V(lseek_whence, SEEK_CUR), V(lseek_whence, SEEK_SET),
};

static const struct value rlimit_resources[] = {
	V(rlimit_resources, RLIMIT_RTTIME), V(rlimit_resources, RLIMIT_RTPRIO), V(rlimit_resources,
	RLIMIT_NICE), V(rlimit_resources, RLIMIT_MSGQUEUE), V(rlimit_resources, RLIMIT_SIGPENDING),
	V(rlimit_resources, RLIMIT_LOCKS), V(rlimit_resources, RLIMIT_AS), V(rlimit_resources,
	RLIMIT_MEMLOCK), V(rlimit_resources, RLIMIT_NOFILE), V(rlimit_resources, RLIMIT_NPROC),
	V(rlimit_resources, RLIMIT_RSS), V(rlimit_resources, RLIMIT_CORE), V(rlimit_resources,
	RLIMIT_STACK), V(rlimit_resources, RLIMIT_DATA), V(rlimit_resources, RLIMIT_FSIZE),
	V(rlimit_resources, RLIMIT_CPU),
};

static const struct value fcntl_commands[] = {
	V(fcntl_commands, F_GETPIPE_SZ), V(fcntl_commands, F_SETPIPE_SZ), V(fcntl_commands, F_NOTIFY),
	V(fcntl_commands, F_DUPFD_CLOEXEC), V(fcntl_commands, F_GETLEASE), V(fcntl_commands,
	F_SETLEASE), V(fcntl_commands, F_GETOWN_EX), V(fcntl_commands, F_SETOWN_EX), V(fcntl_commands,
	F_GETSIG), V(fcntl_commands, F_SETSIG), V(fcntl_commands, F_GETOWN), V(fcntl_commands,
	F_SETOWN), V(fcntl_commands, F_SETLKW), V(fcntl_commands, F_SETLK), V(fcntl_commands, F_GETLK),
	V(fcntl_commands, F_SETFL), V(fcntl_commands, F_GETFL), V(fcntl_commands, F_SETFD),
	V(fcntl_commands, F_GETFD), V(fcntl_commands, F_DUPFD), V(fcntl_commands, F_OFD_GETLK),
	V(fcntl_commands, F_OFD_SETLK), V(fcntl_commands, F_OFD_SETLKW),
};

static const struct value sockopt_options[] = {
	V(sockopt_options, SO_COOKIE), V(sockopt_options, SO_MEMINFO), V(sockopt_options,
	SO_PEERGROUPS), V(sockopt_options, SO_ATTACH_BPF), V(sockopt_options, SO_INCOMING_CPU),
	V(sockopt_options, SO_BPF_EXTENSIONS), V(sockopt_options, SO_MAX_PACING_RATE),
	V(sockopt_options, SO_BUSY_POLL), V(sockopt_options, SO_SELECT_ERR_QUEUE), V(sockopt_options,
	SO_LOCK_FILTER), V(sockopt_options, SO_NOFCS), V(sockopt_options, SO_PEEK_OFF),
	V(sockopt_options, SO_WIFI_STATUS), V(sockopt_options, SO_RXQ_OVFL), V(sockopt_options,
	SO_DOMAIN), V(sockopt_options, SO_PROTOCOL), V(sockopt_options, SO_TIMESTAMPING),
	V(sockopt_options, SO_MARK), V(sockopt_options, SO_TIMESTAMPNS), V(sockopt_options,
	SO_PASSSEC), V(sockopt_options, SO_PEERSEC), V(sockopt_options, SO_ACCEPTCONN),
	V(sockopt_options, SO_TIMESTAMP), V(sockopt_options, SO_PEERNAME), V(sockopt_options,
	SO_DETACH_FILTER), V(sockopt_options, SO_ATTACH_FILTER), V(sockopt_options, SO_BINDTODEVICE),
	V(sockopt_options, SO_SECURITY_ENCRYPTION_NETWORK), V(sockopt_options,
	SO_SECURITY_ENCRYPTION_TRANSPORT), V(sockopt_options, SO_SECURITY_AUTHENTICATION),
	V(sockopt_options, SO_SNDTIMEO), V(sockopt_options, SO_RCVTIMEO), V(sockopt_options,
	SO_SNDLOWAT), V(sockopt_options, SO_RCVLOWAT), V(sockopt_options, SO_PEERCRED),
	V(sockopt_options, SO_PASSCRED), V(sockopt_options, SO_REUSEPORT), V(sockopt_options,
	SO_BSDCOMPAT), V(sockopt_options, SO_LINGER), V(sockopt_options, SO_PRIORITY),
	V(sockopt_options, SO_NO_CHECK), V(sockopt_options, SO_OOBINLINE), V(sockopt_options,
	SO_KEEPALIVE), V(sockopt_options, SO_RCVBUFFORCE), V(sockopt_options, SO_SNDBUFFORCE),
	V(sockopt_options, SO_RCVBUF), V(sockopt_options, SO_SNDBUF), V(sockopt_options, SO_BROADCAST),
	V(sockopt_options, SO_DONTROUTE), V(sockopt_options, SO_ERROR), V(sockopt_options, SO_TYPE),
	V(sockopt_options, SO_REUSEADDR), V(sockopt_options, SO_DEBUG),
};

static const struct value ptrace_requests[] = {
	V(ptrace_requests, PTRACE_SINGLEBLOCK), V(ptrace_requests, PTRACE_SYSEMU_SINGLESTEP),
	V(ptrace_requests, PTRACE_SYSEMU), V(ptrace_requests, PTRACE_ARCH_PRCTL), V(ptrace_requests,
	PTRACE_SET_THREAD_AREA), V(ptrace_requests, PTRACE_GET_THREAD_AREA), V(ptrace_requests,
	PTRACE_SETFPXREGS), V(ptrace_requests, PTRACE_GETFPXREGS), V(ptrace_requests,
	PTRACE_SETFPREGS), V(ptrace_requests, PTRACE_GETFPREGS), V(ptrace_requests, PTRACE_SETREGS),
	V(ptrace_requests, PTRACE_GETREGS), V(ptrace_requests, PTRACE_SETSIGMASK), V(ptrace_requests,
	PTRACE_GETSIGMASK), V(ptrace_requests, PTRACE_PEEKSIGINFO), V(ptrace_requests, PTRACE_LISTEN),
	V(ptrace_requests, PTRACE_INTERRUPT), V(ptrace_requests, PTRACE_SEIZE), V(ptrace_requests,
	PTRACE_SETREGSET), V(ptrace_requests, PTRACE_GETREGSET), V(ptrace_requests, PTRACE_SETSIGINFO),
	V(ptrace_requests, PTRACE_GETSIGINFO), V(ptrace_requests, PTRACE_GETEVENTMSG),
	V(ptrace_requests, PTRACE_SETOPTIONS), V(ptrace_requests, PTRACE_SYSCALL), V(ptrace_requests,
	PTRACE_DETACH), V(ptrace_requests, PTRACE_ATTACH), V(ptrace_requests, PTRACE_SINGLESTEP),
	V(ptrace_requests, PTRACE_KILL), V(ptrace_requests, PTRACE_CONT), V(ptrace_requests,
	PTRACE_POKEUSR), V(ptrace_requests, PTRACE_POKEDATA), V(ptrace_requests, PTRACE_POKETEXT),
	V(ptrace_requests, PTRACE_PEEKUSR), V(ptrace_requests, PTRACE_PEEKDATA), V(ptrace_requests,
	PTRACE_PEEKTEXT),
};

static const struct value prot_flags[] = {
	V(prot_flags, PROT_READ), V(prot_flags, PROT_WRITE), V(prot_flags, PROT_EXEC), V(prot_flags,
	PROT_SEM), V(prot_flags, PROT_GROWSDOWN), V(prot_flags, PROT_GROWSUP), V(prot_flags, PROT_NONE),
};

static const struct value mmap_flags[] = {
	V(mmap_flags, MAP_SHARED), V(mmap_flags, MAP_PRIVATE), V(mmap_flags, MAP_FIXED), V(mmap_flags,
	MAP_ANONYMOUS), V(mmap_flags, MAP_32BIT), V(mmap_flags, MAP_NORESERVE), V(mmap_flags,
	MAP_POPULATE), V(mmap_flags, MAP_NONBLOCK), V(mmap_flags, MAP_GROWSDOWN), V(mmap_flags,
	MAP_DENYWRITE), V(mmap_flags, MAP_EXECUTABLE), V(mmap_flags, MAP_LOCKED),
};

static const struct value splice_flags[] = {
	V(splice_flags, SPLICE_F_MOVE), V(splice_flags, SPLICE_F_NONBLOCK), V(splice_flags,
	SPLICE_F_MORE), V(splice_flags, SPLICE_F_GIFT),
};

static const struct value quotactl_cmds[] = {
	VQ(Q_QUOTAON), VQ(Q_QUOTAOFF), VQ(Q_GETFMT), VQ(Q_GETINFO), VQ(Q_SETINFO), VQ(Q_GETQUOTA),
	VQ(Q_SETQUOTA), VQ(Q_SYNC), VQ(Q_XQUOTAON), VQ(Q_XQUOTAOFF), VQ(Q_XGETQUOTA), VQ(Q_XSETQLIM),
	VQ(Q_XGETQSTAT), VQ(Q_XQUOTARM), VQ(Q_XQUOTASYNC),
};

static const struct value semctl_commands[] = {
	V(semctl_commands, IPC_STAT), V(semctl_commands, IPC_SET), V(semctl_commands, IPC_RMID),
	V(semctl_commands, IPC_INFO), V(semctl_commands, SEM_INFO), V(semctl_commands, SEM_STAT),
	V(semctl_commands, GETALL), V(semctl_commands, GETNCNT), V(semctl_commands, GETPID),
	V(semctl_commands, GETVAL), V(semctl_commands, GETZCNT), V(semctl_commands, SETALL),
	V(semctl_commands, SETVAL),
};

static const struct value access_flags[] = {
	V(access_flags, F_OK), V(access_flags, R_OK), V(access_flags, W_OK), V(access_flags, X_OK),
};

static const struct value mknod_mode[] = {
	V(mknod_mode, S_IFREG), V(mknod_mode, S_IFCHR), V(mknod_mode, S_IFBLK), V(mknod_mode, S_IFIFO),
	V(mknod_mode, S_IFSOCK),
};

static const struct value chmod_mode[] = {
	V(chmod_mode, S_IXOTH), V(chmod_mode, S_IWOTH), V(chmod_mode, S_IROTH), V(chmod_mode, S_IXGRP),
	V(chmod_mode, S_IWGRP), V(chmod_mode, S_IRGRP), V(chmod_mode, S_IXUSR), V(chmod_mode, S_IWUSR),
	V(chmod_mode, S_IRUSR), V(chmod_mode, S_ISVTX), V(chmod_mode, S_ISGID), V(chmod_mode, S_ISUID),
};

static const struct value semget_flags[] = {
	V(semget_flags, IPC_EXCL), V(semget_flags, IPC_CREAT),
};

static const struct value renameat2_flags[] = {
	V(renameat2_flags, RENAME_NOREPLACE), V(renameat2_flags, RENAME_EXCHANGE), V(renameat2_flags,
	RENAME_WHITEOUT),
};

#define NOWHERE "/nonexistent/name"
#define NO_FD 7777
#define NO_PID 0x7ffffff0
#define PTR(p) ((long)(p))

static const uint64_t nothing[2];

static const struct table {
	const char *name;
	uint16_t code;
	long nr;
	uint32_t at; /* which argument the value is */
	long args[6];
	const char *param;
	uint32_t size;
	const struct value *values;
	size_t n;
	const char *without; /* names that no such call can show, or that other cases do */
} tables[] = {
#define UNPACK(...) {__VA_ARGS__}
#define TABLE(table, code, nr, at, args, param, size, without) \
	{#table, SAKER_EV_##code, nr, at, UNPACK args, param, size, table, sizeof(table) / sizeof(table[0]), without}
	TABLE(file_flags, SYSCALL_OPENAT_2_X, SYS_openat, 2, (NO_FD, PTR("x"), 0, 0), "flags", 4, "O_NONE O_CREAT O_APPEND O_EXCL O_NONBLOCK O_TRUNC O_DIRECT O_CLOEXEC O_LARGEFILE O_DIRECTORY O_SYNC O_DSYNC O_TMPFILE O_F_CREATED FD_UPPER_LAYER FD_LOWER_LAYER"),
	TABLE(socket_families, SOCKET_SOCKET_X, SYS_socket, 0, (0, 99, 0), "domain", 4, ""),
	TABLE(flock_flags, SYSCALL_FLOCK_X, SYS_flock, 1, (NO_FD, 0), "operation", 4, "LOCK_NONE"),
	TABLE(clone_flags, SYSCALL_SETNS_X, SYS_setns, 1, (NO_FD, 0), "nstype", 4, "CLONE_INVERTED NAME_CHANGED CLOSED CLONE_STOPPED CLONE_CHILD_IN_PIDNS"),
	TABLE(futex_operations, SYSCALL_FUTEX_X, SYS_futex, 1, (8, 0, 1, 0, 0, 0), "op", 2, "FUTEX_CLOCK_REALTIME FUTEX_PRIVATE_FLAG"),
	TABLE(mount_flags, SYSCALL_MOUNT_X, SYS_mount, 3, (PTR("s"), PTR(NOWHERE), PTR("tmpfs"), 0, 0), "flags", 4, "NOSEC BORN ACTIVE"),
	TABLE(lseek_whence, SYSCALL_LSEEK_X, SYS_lseek, 2, (NO_FD, 1, 0), "whence", 1, ""),
	TABLE(rlimit_resources, SYSCALL_GETRLIMIT_X, SYS_getrlimit, 0, (0, 8), "resource", 1, "RLIMIT_UNKNOWN"),
	TABLE(fcntl_commands, SYSCALL_FCNTL_X, SYS_fcntl, 1, (NO_FD, 0, 0), "cmd", 1, "F_CANCELLK F_SETLKW64 F_SETLK64 F_GETLK64 UNKNOWN"),
	TABLE(sockopt_options, SOCKET_SETSOCKOPT_X, SYS_setsockopt, 2, (NO_FD, SOL_SOCKET, 0, PTR(nothing), 16), "optname", 1, "UNKNOWN"),
	TABLE(ptrace_requests, SYSCALL_PTRACE_X, SYS_ptrace, 0, (0, NO_PID, 0, 0), "request", 2, "PTRACE_OLDSETOPTIONS PTRACE_TRACEME PTRACE_UNKNOWN"),
	TABLE(prot_flags, SYSCALL_MPROTECT_X, SYS_mprotect, 2, (1, 4096, 0), "prot", 4, "PROT_SAO"),
	TABLE(mmap_flags, SYSCALL_MMAP_X, SYS_mmap, 3, (0, 0, 0, 0, -1, 0), "flags", 4, "MAP_RENAME MAP_INHERIT MAP_FILE"),
	TABLE(splice_flags, SYSCALL_SPLICE_X, SYS_splice, 5, (NO_FD, 0, NO_FD, 0, 1, 0), "flags", 4, ""),
	TABLE(quotactl_cmds, SYSCALL_QUOTACTL_X, SYS_quotactl, 0, (0, PTR(NOWHERE), 0, 8), "cmd", 2, ""),
	TABLE(semctl_commands, SYSCALL_SEMCTL_X, SYS_semctl, 2, (-1, 0, 0, 8), "cmd", 2, ""),
	TABLE(access_flags, SYSCALL_ACCESS_X, SYS_access, 1, (PTR(NOWHERE), 0), "mode", 4, ""),
	TABLE(mknod_mode, SYSCALL_MKNOD_X, SYS_mknod, 1, (PTR(NOWHERE), 0, 0), "mode", 4, "S_IXOTH S_IWOTH S_IROTH S_IXGRP S_IWGRP S_IRGRP S_IXUSR S_IWUSR S_IRUSR S_ISVTX S_ISGID S_ISUID"),
	TABLE(chmod_mode, SYSCALL_CHMOD_X, SYS_chmod, 1, (PTR(NOWHERE), 0), "mode", 4, ""),
	TABLE(semget_flags, SYSCALL_SEMGET_X, SYS_semget, 2, (1, -1, 0), "semflg", 4, ""),
	TABLE(renameat2_flags, SYSCALL_RENAMEAT2_X, SYS_renameat2, 4, (NO_FD, PTR("a"), NO_FD, PTR("b"), 0), "flags", 4, ""),
};
/* clang-format on */

static void check_table(struct live *live, const struct table *t)
{
	long args[6];
	size_t i;

	live_begin(live, t->code);
	memcpy(args, t->args, sizeof(args));
	for (i = 0; i < t->n; i++) {
		args[t->at] = t->values[i].kernel;
		if (syscall(t->nr, args[0], args[1], args[2], args[3], args[4], args[5]) >= 0)
			fail_msg("%s worked", t->values[i].name);
		FIND();
		live->current = t->values[i].name;
		live_int(live, t->param, t->size, t->values[i].schema);
	}
	live->current = NULL;
}

/* A whole word of a list of words. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static void check_complete(const struct table *t)
{
	const struct saker_flag_table *schema = saker_flag_table_find(t->name);
	uint32_t i;
	size_t k;

	assert_non_null(schema);
	for (i = 0; i < schema->n_flags; i++) {
		for (k = 0; k < t->n; k++)
			if (strcmp(t->values[k].name, schema->flags[i].name) == 0)
				break;
		if (k == t->n && !has_word(t->without, schema->flags[i].name))
			fail_msg("%s of %s is not shown", schema->flags[i].name, t->name);
	}
}

static void flag_values(struct live *live)
{
	size_t i, n = 0;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		check_complete(&tables[i]);
		check_table(live, &tables[i]);
		n += tables[i].n;
	}
	printf("%zu values of %zu tables\n", n, i);
}

/* These come with the way of access, and some are of several bits. */
static void flags_of_open(struct live *live)
{
	static const struct {
		int kernel;
		uint32_t schema;
	} cases[] = {
		{O_SYNC, SAKER_FLAG_file_flags_O_SYNC | SAKER_FLAG_file_flags_O_DSYNC},
		{O_DSYNC, SAKER_FLAG_file_flags_O_DSYNC},
		{O_DIRECTORY, SAKER_FLAG_file_flags_O_DIRECTORY},
		{O_TMPFILE | O_RDWR, SAKER_FLAG_file_flags_O_TMPFILE |
					     SAKER_FLAG_file_flags_O_DIRECTORY |
					     SAKER_FLAG_file_flags_O_RDWR},
		{O_CREAT, SAKER_FLAG_file_flags_O_CREAT},
		{O_APPEND, SAKER_FLAG_file_flags_O_APPEND},
		{O_EXCL, SAKER_FLAG_file_flags_O_EXCL},
		{O_NONBLOCK, SAKER_FLAG_file_flags_O_NONBLOCK},
		{O_TRUNC, SAKER_FLAG_file_flags_O_TRUNC},
		{O_DIRECT, SAKER_FLAG_file_flags_O_DIRECT},
		{O_CLOEXEC, SAKER_FLAG_file_flags_O_CLOEXEC},
#if defined(__x86_64__)
		{0100000, SAKER_FLAG_file_flags_O_LARGEFILE},
#endif
	};
	size_t i;

	BEGIN(SYSCALL_OPENAT_2_X);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t schema = cases[i].schema;

		syscall(SYS_openat, NO_FD, "x", cases[i].kernel, 0);
		FIND();
		if (!(schema & (SAKER_FLAG_file_flags_O_RDWR | SAKER_FLAG_file_flags_O_WRONLY)))
			schema |= SAKER_FLAG_file_flags_O_RDONLY;
		U32("flags", schema);
	}
}

const struct live_case live_flags_cases[] = {CASE(flag_values), CASE(flags_of_open), {NULL, NULL}};
