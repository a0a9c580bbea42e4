/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * From the kernel's values of flags to the schema's. Each is conv_<name>(v);
 * the sources in fill.def name them. Where both number alike a mask is all.
 */
#ifndef SAKER_BPF_FLAGS_H
#define SAKER_BPF_FLAGS_H

#include "fill.h"

#define BIT_TO(v, from, to) (((v) & (from)) == (from) ? (to) : 0)

#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_DSYNC 010000
#define O_CLOEXEC 02000000
#define O_SYNC (04000000 | O_DSYNC)
#define O_TMPFILE (020000000 | ARCH_O_DIRECTORY)

PROBE_INLINE __u32 conv_open(__u64 v)
{
	__u32 access = (v & 3) == 1   ? SAKER_FLAG_file_flags_O_WRONLY
		       : (v & 3) == 2 ? SAKER_FLAG_file_flags_O_RDWR
				      : SAKER_FLAG_file_flags_O_RDONLY;

	return access | BIT_TO(v, O_CREAT, SAKER_FLAG_file_flags_O_CREAT) |
	       BIT_TO(v, O_TMPFILE, SAKER_FLAG_file_flags_O_TMPFILE) |
	       BIT_TO(v, O_APPEND, SAKER_FLAG_file_flags_O_APPEND) |
	       BIT_TO(v, O_DSYNC, SAKER_FLAG_file_flags_O_DSYNC) |
	       BIT_TO(v, O_EXCL, SAKER_FLAG_file_flags_O_EXCL) |
	       BIT_TO(v, O_NONBLOCK, SAKER_FLAG_file_flags_O_NONBLOCK) |
	       BIT_TO(v, O_SYNC, SAKER_FLAG_file_flags_O_SYNC) |
	       BIT_TO(v, O_TRUNC, SAKER_FLAG_file_flags_O_TRUNC) |
	       BIT_TO(v, ARCH_O_DIRECT, SAKER_FLAG_file_flags_O_DIRECT) |
	       BIT_TO(v, ARCH_O_DIRECTORY, SAKER_FLAG_file_flags_O_DIRECTORY) |
	       BIT_TO(v, ARCH_O_LARGEFILE, SAKER_FLAG_file_flags_O_LARGEFILE) |
	       BIT_TO(v, O_CLOEXEC, SAKER_FLAG_file_flags_O_CLOEXEC);
}

/* A mode counts only when the call can create. Permission bits number alike. */
PROBE_INLINE __u32 conv_open_mode(__u64 flags, __u64 mode)
{
	if (!(flags & O_CREAT) && (flags & O_TMPFILE) != O_TMPFILE)
		return 0;
	return mode & 07777;
}

PROBE_INLINE __u32 conv_mode(__u64 v)
{
	return v & 07777;
}

PROBE_INLINE __u32 conv_mknod_mode(__u64 v)
{
	__u32 type = v & KERNEL_S_IFMT;

	if (!type)
		type = KERNEL_S_IFREG;
	if (type != KERNEL_S_IFREG && type != KERNEL_S_IFBLK && type != KERNEL_S_IFCHR &&
	    type != KERNEL_S_IFIFO && type != KERNEL_S_IFSOCK)
		type = 0;
	return (v & 07777) | type;
}

/* O_CLOEXEC, O_NONBLOCK and O_DIRECT of calls that make a descriptor. */
PROBE_INLINE __u32 conv_fd(__u64 v)
{
	return BIT_TO(v, O_CLOEXEC, SAKER_FLAG_file_flags_O_CLOEXEC) |
	       BIT_TO(v, O_NONBLOCK, SAKER_FLAG_file_flags_O_NONBLOCK);
}

PROBE_INLINE __u32 conv_dup3(__u64 v)
{
	return BIT_TO(v, O_CLOEXEC, SAKER_FLAG_file_flags_O_CLOEXEC);
}

PROBE_INLINE __u32 conv_pipe2(__u64 v)
{
	return conv_fd(v) | BIT_TO(v, ARCH_O_DIRECT, SAKER_FLAG_file_flags_O_DIRECT);
}

PROBE_INLINE __u32 conv_resolve(__u64 v)
{
	return BIT_TO(v, 1, SAKER_FLAG_openat2_flags_RESOLVE_NO_XDEV) |
	       BIT_TO(v, 2, SAKER_FLAG_openat2_flags_RESOLVE_NO_MAGICLINKS) |
	       BIT_TO(v, 4, SAKER_FLAG_openat2_flags_RESOLVE_NO_SYMLINKS) |
	       BIT_TO(v, 8, SAKER_FLAG_openat2_flags_RESOLVE_BENEATH) |
	       BIT_TO(v, 16, SAKER_FLAG_openat2_flags_RESOLVE_IN_ROOT) |
	       BIT_TO(v, 32, SAKER_FLAG_openat2_flags_RESOLVE_CACHED);
}

#define CLONE_TO(v, from, name) BIT_TO(v, from, SAKER_FLAG_clone_flags_CLONE_##name)

PROBE_INLINE __u32 conv_clone(__u64 v)
{
	return CLONE_TO(v, 0x00000100, VM) | CLONE_TO(v, 0x00000200, FS) |
	       CLONE_TO(v, 0x00000400, FILES) | CLONE_TO(v, 0x00000800, SIGHAND) |
	       CLONE_TO(v, 0x00002000, PTRACE) | CLONE_TO(v, 0x00004000, VFORK) |
	       CLONE_TO(v, 0x00008000, PARENT) | CLONE_TO(v, 0x00010000, THREAD) |
	       CLONE_TO(v, 0x00020000, NEWNS) | CLONE_TO(v, 0x00040000, SYSVSEM) |
	       CLONE_TO(v, 0x00080000, SETTLS) | CLONE_TO(v, 0x00100000, PARENT_SETTID) |
	       CLONE_TO(v, 0x00200000, CHILD_CLEARTID) | CLONE_TO(v, 0x00800000, UNTRACED) |
	       CLONE_TO(v, 0x01000000, CHILD_SETTID) | CLONE_TO(v, 0x02000000, NEWCGROUP) |
	       CLONE_TO(v, 0x04000000, NEWUTS) | CLONE_TO(v, 0x08000000, NEWIPC) |
	       CLONE_TO(v, 0x10000000, NEWUSER) | CLONE_TO(v, 0x20000000, NEWPID) |
	       CLONE_TO(v, 0x40000000, NEWNET) | CLONE_TO(v, 0x80000000, IO);
}

/* Families that the schema does not know are unspecified. */
PROBE_INLINE __u8 conv_family(__u64 v)
{
	/* 0 to 39 without 27 and 28. */
	const __u64 known = 0xffe7ffffffULL;
	__u8 family = v;

	return family < 40 && (known >> family & 1) ? family : 0;
}

PROBE_INLINE __u32 conv_prot(__u64 v)
{
	return (v & 15) | BIT_TO(v, 0x01000000, SAKER_FLAG_prot_flags_PROT_GROWSDOWN) |
	       BIT_TO(v, 0x02000000, SAKER_FLAG_prot_flags_PROT_GROWSUP);
}

PROBE_INLINE __u32 conv_mmap(__u64 v)
{
	return (v & 3) | BIT_TO(v, 0x10, SAKER_FLAG_mmap_flags_MAP_FIXED) |
	       BIT_TO(v, 0x20, SAKER_FLAG_mmap_flags_MAP_ANONYMOUS) |
	       BIT_TO(v, 0x40, SAKER_FLAG_mmap_flags_MAP_32BIT) |
	       BIT_TO(v, 0x100, SAKER_FLAG_mmap_flags_MAP_GROWSDOWN) |
	       BIT_TO(v, 0x800, SAKER_FLAG_mmap_flags_MAP_DENYWRITE) |
	       BIT_TO(v, 0x1000, SAKER_FLAG_mmap_flags_MAP_EXECUTABLE) |
	       BIT_TO(v, 0x2000, SAKER_FLAG_mmap_flags_MAP_LOCKED) |
	       BIT_TO(v, 0x4000, SAKER_FLAG_mmap_flags_MAP_NORESERVE) |
	       BIT_TO(v, 0x8000, SAKER_FLAG_mmap_flags_MAP_POPULATE) |
	       BIT_TO(v, 0x10000, SAKER_FLAG_mmap_flags_MAP_NONBLOCK);
}

PROBE_INLINE __u8 conv_fcntl(__u64 v)
{
#define CMD(number, name) \
	case number:      \
		return SAKER_FLAG_fcntl_commands_##name;
	switch ((__u32)v) {
		CMD(0, F_DUPFD)
		CMD(1, F_GETFD)
		CMD(2, F_SETFD)
		CMD(3, F_GETFL)
		CMD(4, F_SETFL)
		CMD(5, F_GETLK)
		CMD(6, F_SETLK)
		CMD(7, F_SETLKW)
		CMD(8, F_SETOWN)
		CMD(9, F_GETOWN)
		CMD(10, F_SETSIG)
		CMD(11, F_GETSIG)
		CMD(12, F_GETLK64)
		CMD(13, F_SETLK64)
		CMD(14, F_SETLKW64)
		CMD(15, F_SETOWN_EX)
		CMD(16, F_GETOWN_EX)
		CMD(36, F_OFD_GETLK)
		CMD(37, F_OFD_SETLK)
		CMD(38, F_OFD_SETLKW)
		CMD(1024, F_SETLEASE)
		CMD(1025, F_GETLEASE)
		CMD(1026, F_NOTIFY)
		CMD(1029, F_CANCELLK)
		CMD(1030, F_DUPFD_CLOEXEC)
		CMD(1031, F_SETPIPE_SZ)
		CMD(1032, F_GETPIPE_SZ)
	}
#undef CMD
	return SAKER_FLAG_fcntl_commands_UNKNOWN;
}

#define SOL_SOCKET 1
#define SOL_TCP 6

PROBE_INLINE __u8 conv_sockopt_level(__u64 v)
{
	return (int)v == SOL_SOCKET ? SAKER_FLAG_sockopt_levels_SOL_SOCKET
	       : (int)v == SOL_TCP  ? SAKER_FLAG_sockopt_levels_SOL_TCP
				    : SAKER_FLAG_sockopt_levels_UNKNOWN;
}

/* SO_ numbers of x86_64 and aarch64, in their order from 0; 0 = no such option in the schema. */
static const __u8 sockopt_names[] = {
#define SO(name) SAKER_FLAG_sockopt_options_SO_##name
	0,
	SO(DEBUG),
	SO(REUSEADDR),
	SO(TYPE),
	SO(ERROR),
	SO(DONTROUTE),
	SO(BROADCAST),
	SO(SNDBUF),
	SO(RCVBUF),
	SO(KEEPALIVE),
	SO(OOBINLINE),
	SO(NO_CHECK),
	SO(PRIORITY),
	SO(LINGER),
	SO(BSDCOMPAT),
	SO(REUSEPORT),
	SO(PASSCRED),
	SO(PEERCRED),
	SO(RCVLOWAT),
	SO(SNDLOWAT),
	SO(RCVTIMEO),
	SO(SNDTIMEO),
	SO(SECURITY_AUTHENTICATION),
	SO(SECURITY_ENCRYPTION_TRANSPORT),
	SO(SECURITY_ENCRYPTION_NETWORK),
	SO(BINDTODEVICE),
	SO(ATTACH_FILTER),
	SO(DETACH_FILTER),
	SO(PEERNAME),
	SO(TIMESTAMP),
	SO(ACCEPTCONN),
	SO(PEERSEC),
	SO(SNDBUFFORCE),
	SO(RCVBUFFORCE),
	SO(PASSSEC),
	SO(TIMESTAMPNS),
	SO(MARK),
	SO(TIMESTAMPING),
	SO(PROTOCOL),
	SO(DOMAIN),
	SO(RXQ_OVFL),
	SO(WIFI_STATUS),
	SO(PEEK_OFF),
	SO(NOFCS),
	SO(LOCK_FILTER),
	SO(SELECT_ERR_QUEUE),
	SO(BUSY_POLL),
	SO(MAX_PACING_RATE),
	SO(BPF_EXTENSIONS),
	SO(INCOMING_CPU),
	SO(ATTACH_BPF),
	0 /* 51 ATTACH_REUSEPORT_CBPF */,
	0,
	0 /* 53 CNX_ADVICE */,
	0,
	SO(MEMINFO),
	0 /* 56 INCOMING_NAPI_ID */,
	SO(COOKIE),
	0,
	SO(PEERGROUPS),
	0,
	0,
	0,
	0,
#undef SO
};

#define SOCKOPT_RCVTIMEO_NEW 66
#define SOCKOPT_SNDTIMEO_NEW 67

PROBE_INLINE __u8 conv_sockopt_name(__u64 level, __u64 name)
{
	__u32 i = (__u32)name;

	if ((int)level != SOL_SOCKET)
		return 0;
	if (i == SOCKOPT_RCVTIMEO_NEW)
		return SAKER_FLAG_sockopt_options_SO_RCVTIMEO;
	if (i == SOCKOPT_SNDTIMEO_NEW)
		return SAKER_FLAG_sockopt_options_SO_SNDTIMEO;
	if (i > 63)
		return 0;
	OPAQUE(i);
	return sockopt_names[i & 63];
}

PROBE_INLINE __u16 conv_poll(__u16 v)
{
	return (v & 7) | BIT_TO(v, 0x2000, SAKER_FLAG_poll_flags_POLLRDHUP) | (v & 0x3f8) << 1;
}

PROBE_INLINE __u16 conv_futex(__u64 v)
{
	__u32 op = v & 127;

	return (op <= 12 ? op : 0) | (v & 128) |
	       BIT_TO(v, 256, SAKER_FLAG_futex_operations_FUTEX_CLOCK_REALTIME);
}

PROBE_INLINE __u32 conv_access(__u64 v)
{
	return v & 7;
}

PROBE_INLINE __u8 conv_rlimit(__u64 v)
{
	return (__u32)v <= 15 ? v : SAKER_FLAG_rlimit_resources_RLIMIT_UNKNOWN;
}

PROBE_INLINE __u8 conv_shutdown(__u64 v)
{
	return (__u32)v <= 2 ? v : (__u8)SAKER_FLAG_shutdown_how_SHUT_UNKNOWN;
}

PROBE_INLINE __u8 conv_whence(__u64 v)
{
	return v <= 2 ? v : 0;
}

PROBE_INLINE __u16 conv_semop(__u16 v)
{
	return BIT_TO(v, 04000, SAKER_FLAG_semop_flags_IPC_NOWAIT) |
	       BIT_TO(v, 0x1000, SAKER_FLAG_semop_flags_SEM_UNDO);
}

PROBE_INLINE __u32 conv_semget(__u64 v)
{
	return BIT_TO(v, 01000, SAKER_FLAG_semget_flags_IPC_CREAT) |
	       BIT_TO(v, 02000, SAKER_FLAG_semget_flags_IPC_EXCL);
}

#define SEMCTL_SETVAL 16

PROBE_INLINE __u16 conv_semctl(__u64 v)
{
	switch ((__u16)v) {
	case 0:
		return SAKER_FLAG_semctl_commands_IPC_RMID;
	case 1:
		return SAKER_FLAG_semctl_commands_IPC_SET;
	case 2:
		return SAKER_FLAG_semctl_commands_IPC_STAT;
	case 3:
		return SAKER_FLAG_semctl_commands_IPC_INFO;
	case 11:
		return SAKER_FLAG_semctl_commands_GETPID;
	case 12:
		return SAKER_FLAG_semctl_commands_GETVAL;
	case 13:
		return SAKER_FLAG_semctl_commands_GETALL;
	case 14:
		return SAKER_FLAG_semctl_commands_GETNCNT;
	case 15:
		return SAKER_FLAG_semctl_commands_GETZCNT;
	case SEMCTL_SETVAL:
		return SAKER_FLAG_semctl_commands_SETVAL;
	case 17:
		return SAKER_FLAG_semctl_commands_SETALL;
	case 18:
		return SAKER_FLAG_semctl_commands_SEM_STAT;
	case 19:
		return SAKER_FLAG_semctl_commands_SEM_INFO;
	}
	return 0;
}

PROBE_INLINE __u32 conv_flock(__u64 v)
{
	return v & 15;
}

PROBE_INLINE __u32 conv_splice(__u64 v)
{
	return v & 15;
}

/* MS_ flags number alike; the magic of ancient callers is dropped. */
PROBE_INLINE __u32 conv_mount(__u64 v)
{
	__u32 flags = v;

	return (flags & 0xffff0000) == 0xc0ed0000 ? flags & 0xffff : flags;
}

PROBE_INLINE __u32 conv_umount(__u64 v)
{
	return v & 15;
}

PROBE_INLINE __u32 conv_unlinkat(__u64 v)
{
	return v & SAKER_FLAG_unlinkat_flags_AT_REMOVEDIR;
}

PROBE_INLINE __u32 conv_linkat(__u64 v)
{
	return v &
	       (SAKER_FLAG_linkat_flags_AT_SYMLINK_FOLLOW | SAKER_FLAG_linkat_flags_AT_EMPTY_PATH);
}

PROBE_INLINE __u32 conv_fstatat(__u64 v)
{
	return v & (SAKER_FLAG_newfstatat_flags_AT_SYMLINK_NOFOLLOW |
		    SAKER_FLAG_newfstatat_flags_AT_NO_AUTOMOUNT |
		    SAKER_FLAG_newfstatat_flags_AT_EMPTY_PATH);
}

PROBE_INLINE __u32 conv_fchownat(__u64 v)
{
	return BIT_TO(v, 0x100, SAKER_FLAG_fchownat_flags_AT_SYMLINK_NOFOLLOW) |
	       (v & SAKER_FLAG_fchownat_flags_AT_EMPTY_PATH);
}

PROBE_INLINE __u32 conv_memfd(__u64 v)
{
	return v & 7;
}

PROBE_INLINE __u32 conv_pidfd(__u64 v)
{
	return BIT_TO(v, O_NONBLOCK, SAKER_FLAG_pidfd_open_flags_PIDFD_NONBLOCK);
}

PROBE_INLINE __u32 conv_epoll(__u64 v)
{
	return BIT_TO(v, O_CLOEXEC, SAKER_FLAG_epoll_create1_flags_EPOLL_CLOEXEC);
}

PROBE_INLINE __u32 conv_mlockall(__u64 v)
{
	return v & 7;
}

PROBE_INLINE __u32 conv_mlock2(__u64 v)
{
	return v & 1;
}

PROBE_INLINE __u32 conv_finit_module(__u64 v)
{
	return v & 7;
}

PROBE_INLINE __u32 conv_delete_module(__u64 v)
{
	return BIT_TO(v, O_NONBLOCK, SAKER_FLAG_delete_module_flags_O_NONBLOCK) |
	       BIT_TO(v, O_TRUNC, SAKER_FLAG_delete_module_flags_O_TRUNC);
}

PROBE_INLINE __u32 conv_close_range(__u64 v)
{
	return v & 6;
}

PROBE_INLINE __u32 conv_uring_setup(__u64 v)
{
	return (v & 3) | (v & 0x7c) << 1;
}

PROBE_INLINE __u32 conv_uring_features(__u64 v)
{
	return v & 0x7ff;
}

PROBE_INLINE __u32 conv_uring_enter(__u64 v)
{
	return v & 15;
}

PROBE_INLINE __u16 conv_ptrace(__u64 v)
{
#define REQ(number, name) \
	case number:      \
		return SAKER_FLAG_ptrace_requests_PTRACE_##name;
	switch (v) {
		REQ(0, TRACEME)
		REQ(1, PEEKTEXT)
		REQ(2, PEEKDATA)
		REQ(3, PEEKUSR)
		REQ(4, POKETEXT)
		REQ(5, POKEDATA)
		REQ(6, POKEUSR)
		REQ(7, CONT)
		REQ(8, KILL)
		REQ(9, SINGLESTEP)
		REQ(12, GETREGS)
		REQ(13, SETREGS)
		REQ(14, GETFPREGS)
		REQ(15, SETFPREGS)
		REQ(16, ATTACH)
		REQ(17, DETACH)
		REQ(18, GETFPXREGS)
		REQ(19, SETFPXREGS)
		REQ(21, OLDSETOPTIONS)
		REQ(24, SYSCALL)
		REQ(25, GET_THREAD_AREA)
		REQ(26, SET_THREAD_AREA)
		REQ(30, ARCH_PRCTL)
		REQ(31, SYSEMU)
		REQ(32, SYSEMU_SINGLESTEP)
		REQ(33, SINGLEBLOCK)
		REQ(0x4200, SETOPTIONS)
		REQ(0x4201, GETEVENTMSG)
		REQ(0x4202, GETSIGINFO)
		REQ(0x4203, SETSIGINFO)
		REQ(0x4204, GETREGSET)
		REQ(0x4205, SETREGSET)
		REQ(0x4206, SEIZE)
		REQ(0x4207, INTERRUPT)
		REQ(0x4208, LISTEN)
		REQ(0x4209, PEEKSIGINFO)
		REQ(0x420a, GETSIGMASK)
		REQ(0x420b, SETSIGMASK)
	}
#undef REQ
	return SAKER_FLAG_ptrace_requests_PTRACE_UNKNOWN;
}

/* Numbers that the schema takes over as they are. */
PROBE_INLINE __u32 conv_as_is(__u64 v)
{
	return v;
}

/* A device number from the kernel's inner form to that of stat(2), low 32 bits. */
PROBE_INLINE __u32 conv_dev(__u64 dev)
{
	__u32 major = (__u32)dev >> 20;
	__u32 minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xff) << 12;
}

#endif /* SAKER_BPF_FLAGS_H */
