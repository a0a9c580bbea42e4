/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sources that one syscall alone has: calls whose parameters depend on an
 * operation code, lists, and modules. The common ones are in source.h.
 */
#ifndef SAKER_BPF_SOURCE_MORE_H
#define SAKER_BPF_SOURCE_MORE_H

/* ---- the generic event -------------------------------------------------------------------- */

PROBE_INLINE __u16 source_sc(struct fill *f)
{
	__u32 nr = (__u32)ARCH_NR(f->regs) & (PROBE_SYSCALLS - 1);
	__u32 carrier = switches.want[nr].compat - PROBE_PROGRAMS;

	if (f->compat && carrier < PROBE_CARRIERS)
		return switches.calls[carrier][fill_carried(f->regs)].sc;
	return f->compat ? switches.sc[nr].compat : switches.sc[nr].own;
}

#define PUT_SYSCALL_CODE fill_u16(f, source_sc(f))
#define SIZE_SYSCALL_CODE 2
#define PUT_SYSCALL_NR fill_u16(f, ARCH_NR(f->regs))
#define SIZE_SYSCALL_NR 2

/* ---- poll ----------------------------------------------------------------------------------- */

#define SOURCE_POLLFDS 16 /* descriptors that an event keeps */

struct source_pollfd {
	__s32 fd;
	__u16 events;
	__u16 revents;
};

PROBE_INLINE void source_fill_pollfds(struct fill *f, __u64 ptr, __u64 count)
{
	struct source_pollfd *fds = (void *)f->scratch->tmp;
	__u32 n = (__u32)count > SOURCE_POLLFDS ? SOURCE_POLLFDS : count;
	__u32 start = f->pos;
	__u32 i;

	OPAQUE(n);
	n &= 31;
	if (bpf_probe_read_user(fds, n * sizeof(*fds), (void *)ptr))
		n = 0;
	fill_raw16(f, n);
	for (i = 0; i < SOURCE_POLLFDS; i++) {
		if (i >= n)
			break;
		fill_raw64(f, (__s64)fds[i].fd);
		fill_raw16(f, conv_poll(fds[i].revents));
	}
	fill_len(f, f->pos - start);
}

#define PUT_POLLFDS(ptr, count) source_fill_pollfds(f, ARG(f, ptr), ARG(f, count))
#define SIZE_POLLFDS(ptr, count) SIZE_VAR
/* struct timespec of ppoll: 64 bits wide in the newer of the two 32-bit calls. */
#define PUT_PPOLL_TIMEOUT(n)                   \
	fill_u64(f, source_timespec(ARG(f, n), \
				    f->compat &&ARCH_NR(f->regs) != ARCH_COMPAT_PPOLL_TIME64))
#define SIZE_PPOLL_TIMEOUT(n) 8
/* The low half of a signal set. */
#define PUT_SIGSET(n) fill_u32(f, source_user_u32(ARG(f, n), 0))
#define SIZE_SIGSET(n) 4

/* ---- semaphores ------------------------------------------------------------------------------ */

struct source_sembuf {
	__u16 num;
	__s16 op;
	__u16 flags;
};

/* Member of operation i; 0 when there is no such operation. */
PROBE_INLINE __u16 source_sembuf(__u64 ptr, __u64 count, __u32 i, __u32 offset)
{
	__u16 v = 0;

	if (i < count)
		bpf_probe_read_user(&v, sizeof(v),
				    (void *)(ptr + i * sizeof(struct source_sembuf) + offset));
	return v;
}

#define PUT_SEM(ptr, count, i, member)                                  \
	fill_u16(f, source_sembuf(ARG(f, ptr), (__u32)ARG(f, count), i, \
				  __builtin_offsetof(struct source_sembuf, member)))
#define SIZE_SEM(ptr, count, i, member) 2
#define PUT_SEM_FLAGS(ptr, count, i)                                               \
	fill_u16(f, conv_semop(source_sembuf(ARG(f, ptr), (__u32)ARG(f, count), i, \
					     __builtin_offsetof(struct source_sembuf, flags))))
#define SIZE_SEM_FLAGS(ptr, count, i) 2
/* What 32-bit callers add to say which structures they know is no part of the command. */
#define SOURCE_IPC_64 0x100

PROBE_INLINE __u16 source_semctl(struct fill *f, __u64 cmd)
{
	return f->compat ? cmd & ~SOURCE_IPC_64 : cmd;
}

#define PUT_SEMCTL_CMD(n) fill_u16(f, conv_semctl(source_semctl(f, ARG(f, n))))
#define SIZE_SEMCTL_CMD(n) 2
#define PUT_SEMCTL_VAL(cmd, n) \
	fill_u32(f, source_semctl(f, ARG(f, cmd)) == SEMCTL_SETVAL ? (__u32)ARG(f, n) : 0)
#define SIZE_SEMCTL_VAL(cmd, n) 4

/* ---- ptrace ------------------------------------------------------------------------------------
 */

PROBE_INLINE void source_fill_ptrace_data(struct fill *f, __u64 request, __u64 data)
{
	__u32 start = f->pos;

	switch (f->ret < 0 ? 0 : conv_ptrace(request)) {
	case SAKER_FLAG_ptrace_requests_PTRACE_CONT:
	case SAKER_FLAG_ptrace_requests_PTRACE_SINGLESTEP:
	case SAKER_FLAG_ptrace_requests_PTRACE_DETACH:
	case SAKER_FLAG_ptrace_requests_PTRACE_SYSCALL:
		fill_raw8(f, SAKER_DYN_ptrace_dynamic_param_SIGTYPE);
		fill_raw8(f, data);
		break;
	case SAKER_FLAG_ptrace_requests_PTRACE_PEEKTEXT:
	case SAKER_FLAG_ptrace_requests_PTRACE_PEEKDATA:
	case SAKER_FLAG_ptrace_requests_PTRACE_PEEKUSR:
		fill_raw8(f, SAKER_DYN_ptrace_dynamic_param_UINT64);
		fill_raw64(f, source_user_long(f, data, 0));
		break;
	default:
		fill_raw8(f, SAKER_DYN_ptrace_dynamic_param_UINT64);
		fill_raw64(f, f->ret < 0 ? 0 : data);
	}
	fill_len(f, f->pos - start);
}

#define PUT_PTRACE_ADDR(n)                                           \
	({                                                           \
		fill_raw8(f, SAKER_DYN_ptrace_dynamic_param_UINT64); \
		fill_raw64(f, f->ret < 0 ? 0 : ARG(f, n));           \
		fill_len(f, 9);                                      \
	})
#define SIZE_PTRACE_ADDR(n) 9
#define PUT_PTRACE_DATA(request, n) source_fill_ptrace_data(f, ARG(f, request), ARG(f, n))
#define SIZE_PTRACE_DATA(request, n) SIZE_VAR

/* ---- prctl --------------------------------------------------------------------------------------
 */

#define SOURCE_PR_SET_NAME 15
#define SOURCE_PR_GET_NAME 16
#define SOURCE_PR_GET_CHILD_SUBREAPER 37

/* Its second argument is a name, or a number (perhaps where to put one). */
#define SOURCE_PRCTL_IS_NAME(option) \
	((__u32)(option) == SOURCE_PR_SET_NAME || (__u32)(option) == SOURCE_PR_GET_NAME)

#define PUT_PRCTL_NAME(option, n)                                    \
	({                                                           \
		if (SOURCE_PRCTL_IS_NAME(ARG(f, option)))            \
			fill_user_str(f, ARG(f, n), PROBE_PATH_MAX); \
		else                                                 \
			fill_empty(f);                               \
	})
#define SIZE_PRCTL_NAME(option, n) SIZE_VAR

PROBE_INLINE __u64 source_prctl_number(__u64 option, __u64 arg)
{
	if (SOURCE_PRCTL_IS_NAME(option))
		return 0;
	if ((__u32)option == SOURCE_PR_GET_CHILD_SUBREAPER)
		return (__s64)(__s32)source_user_u32(arg, 0);
	return arg;
}

#define PUT_PRCTL_NUMBER(option, n) fill_u64(f, source_prctl_number(ARG(f, option), ARG(f, n)))
#define SIZE_PRCTL_NUMBER(option, n) 8

/* ---- fsconfig
 * ------------------------------------------------------------------------------------- */

#define SOURCE_FSCONFIG(cmd) (f->ret < 0 ? -1 : (int)ARG(f, cmd))

#define PUT_FSCONFIG_BYTES(cmd, ptr, len)                                                 \
	({                                                                                \
		if (SOURCE_FSCONFIG(cmd) == SAKER_FLAG_fsconfig_cmds_FSCONFIG_SET_BINARY) \
			fill_user(f, ARG(f, ptr), (__u32)ARG(f, len), 65000);             \
		else                                                                      \
			fill_empty(f);                                                    \
	})
#define SIZE_FSCONFIG_BYTES(cmd, ptr, len) SIZE_VAR
#define PUT_FSCONFIG_TEXT(cmd, ptr)                                           \
	({                                                                    \
		int _cmd = SOURCE_FSCONFIG(cmd);                              \
		if (_cmd == SAKER_FLAG_fsconfig_cmds_FSCONFIG_SET_STRING ||   \
		    _cmd == SAKER_FLAG_fsconfig_cmds_FSCONFIG_SET_PATH ||     \
		    _cmd == SAKER_FLAG_fsconfig_cmds_FSCONFIG_SET_PATH_EMPTY) \
			fill_user_str(f, ARG(f, ptr), PROBE_PATH_MAX);        \
		else                                                          \
			fill_empty(f);                                        \
	})
#define SIZE_FSCONFIG_TEXT(cmd, ptr) SIZE_VAR

/* ---- modules
 * ----------------------------------------------------------------------------------------- */

#define PUT_IMAGE(ptr, len) fill_user(f, ARG(f, ptr), ARG(f, len), config.snaplen)
#define SIZE_IMAGE(ptr, len) SIZE_VAR

/* ---- llseek
 * ------------------------------------------------------------------------------------------ */

#define PUT_OFFSET_HALVES(high, low) fill_u64(f, (ARG(f, high) << 32) + ARG(f, low))
#define SIZE_OFFSET_HALVES(high, low) 8

/* ---- keyctl
 * ------------------------------------------------------------------------------------------ */

/* What each of arguments 2 to 5 is, by operation: absent, number, text; two bits each. */
#define SOURCE_KEY(a, b, c, d) ((a) | (b) << 2 | (c) << 4 | (d) << 6)
#define SOURCE_KEY_NONE 0
#define SOURCE_KEY_NUMBER 1
#define SOURCE_KEY_TEXT 2

PROBE_INLINE __u8 source_keyctl_shape(__u64 operation)
{
#define N SOURCE_KEY_NUMBER
#define S SOURCE_KEY_TEXT
	switch ((__u32)operation) {
	case SAKER_FLAG_keyctl_operations_KEYCTL_JOIN_SESSION_KEYRING:
		return SOURCE_KEY(S, 0, 0, 0);
	case SAKER_FLAG_keyctl_operations_KEYCTL_REVOKE:
	case SAKER_FLAG_keyctl_operations_KEYCTL_CLEAR:
	case SAKER_FLAG_keyctl_operations_KEYCTL_SET_REQKEY_KEYRING:
	case SAKER_FLAG_keyctl_operations_KEYCTL_ASSUME_AUTHORITY:
	case SAKER_FLAG_keyctl_operations_KEYCTL_INVALIDATE:
		return SOURCE_KEY(N, 0, 0, 0);
	case SAKER_FLAG_keyctl_operations_KEYCTL_GET_KEYRING_ID:
	case SAKER_FLAG_keyctl_operations_KEYCTL_SETPERM:
	case SAKER_FLAG_keyctl_operations_KEYCTL_LINK:
	case SAKER_FLAG_keyctl_operations_KEYCTL_UNLINK:
	case SAKER_FLAG_keyctl_operations_KEYCTL_SET_TIMEOUT:
	case SAKER_FLAG_keyctl_operations_KEYCTL_GET_PERSISTENT:
	case SAKER_FLAG_keyctl_operations_KEYCTL_CAPABILITIES:
		return SOURCE_KEY(N, N, 0, 0);
	case SAKER_FLAG_keyctl_operations_KEYCTL_UPDATE:
	case SAKER_FLAG_keyctl_operations_KEYCTL_CHOWN:
	case SAKER_FLAG_keyctl_operations_KEYCTL_DESCRIBE:
	case SAKER_FLAG_keyctl_operations_KEYCTL_READ:
	case SAKER_FLAG_keyctl_operations_KEYCTL_NEGATE:
	case SAKER_FLAG_keyctl_operations_KEYCTL_GET_SECURITY:
	case SAKER_FLAG_keyctl_operations_KEYCTL_WATCH_KEY:
		return SOURCE_KEY(N, N, N, 0);
	case SAKER_FLAG_keyctl_operations_KEYCTL_RESTRICT_KEYRING:
		return SOURCE_KEY(N, S, S, 0);
	case SAKER_FLAG_keyctl_operations_KEYCTL_PKEY_QUERY:
		return SOURCE_KEY(N, N, S, 0);
	case SAKER_FLAG_keyctl_operations_KEYCTL_SEARCH:
		return SOURCE_KEY(N, S, S, N);
	case SAKER_FLAG_keyctl_operations_KEYCTL_INSTANTIATE:
	case SAKER_FLAG_keyctl_operations_KEYCTL_REJECT:
	case SAKER_FLAG_keyctl_operations_KEYCTL_INSTANTIATE_IOV:
	case SAKER_FLAG_keyctl_operations_KEYCTL_DH_COMPUTE:
	case SAKER_FLAG_keyctl_operations_KEYCTL_MOVE:
		return SOURCE_KEY(N, N, N, N);
	case SAKER_FLAG_keyctl_operations_KEYCTL_PKEY_ENCRYPT:
	case SAKER_FLAG_keyctl_operations_KEYCTL_PKEY_DECRYPT:
	case SAKER_FLAG_keyctl_operations_KEYCTL_PKEY_SIGN:
	case SAKER_FLAG_keyctl_operations_KEYCTL_PKEY_VERIFY:
		return SOURCE_KEY(N, S, N, N);
	}
#undef N
#undef S
	return 0;
}

/* Numbers of keys are signed, the special ones below zero. */
PROBE_INLINE __u64 source_key(struct fill *f, __u64 arg)
{
	return f->compat ? (__u64)(__s32)arg : arg;
}

PROBE_INLINE void source_fill_keyctl(struct fill *f, __u64 operation, __u64 arg, __u32 i)
{
	__u8 what = source_keyctl_shape(operation) >> 2 * i & 3;
	__u32 start = f->pos;

	if (what == SOURCE_KEY_TEXT) {
		fill_raw8(f, SAKER_DYN_keyctl_dynamic_param_CHARBUF);
		fill_raw_user_str(f, arg, PROBE_PATH_MAX);
	} else {
		fill_raw8(f, SAKER_DYN_keyctl_dynamic_param_INT64);
		fill_raw64(f, what == SOURCE_KEY_NUMBER ? source_key(f, arg) : 0);
	}
	fill_len(f, f->pos - start);
}

#define PUT_KEYCTL(operation, n, i) source_fill_keyctl(f, ARG(f, operation), ARG(f, n), i)
#define SIZE_KEYCTL(operation, n, i) SIZE_VAR

/* ---- quotactl
 * ---------------------------------------------------------------------------------------- */

/* Commands, above the eight bits of the type; the old numbering with its high bits. */
PROBE_INLINE __u16 source_quota_cmd(__u64 cmd)
{
#define CMD(number, name) \
	case number:      \
		return SAKER_FLAG_quotactl_cmds_##name;
	switch ((__u32)cmd >> 8) {
		CMD(0x800001, Q_SYNC)
		CMD(0x800002, Q_QUOTAON)
		CMD(0x800003, Q_QUOTAOFF)
		CMD(0x800004, Q_GETFMT)
		CMD(0x800005, Q_GETINFO)
		CMD(0x800006, Q_SETINFO)
		CMD(0x800007, Q_GETQUOTA)
		CMD(0x800008, Q_SETQUOTA)
		CMD(0x5801, Q_XQUOTAON)
		CMD(0x5802, Q_XQUOTAOFF)
		CMD(0x5803, Q_XGETQUOTA)
		CMD(0x5804, Q_XSETQLIM)
		CMD(0x5805, Q_XGETQSTAT)
		CMD(0x5806, Q_XQUOTARM)
		CMD(0x5807, Q_XQUOTASYNC)
	}
#undef CMD
	return 0;
}

PROBE_INLINE __u8 source_quota_type(__u64 cmd)
{
	return (cmd & 255) == 0	  ? SAKER_FLAG_quotactl_types_USRQUOTA
	       : (cmd & 255) == 1 ? SAKER_FLAG_quotactl_types_GRPQUOTA
				  : 0;
}

PROBE_INLINE __u8 source_quota_format(__u32 format)
{
	switch (format) {
	case 1:
		return SAKER_FLAG_quotactl_quota_fmts_QFMT_VFS_OLD;
	case 2:
		return SAKER_FLAG_quotactl_quota_fmts_QFMT_VFS_V0;
	case 4:
		return SAKER_FLAG_quotactl_quota_fmts_QFMT_VFS_V1;
	}
	return SAKER_FLAG_quotactl_quota_fmts_QFMT_NOT_USED;
}

#define SOURCE_QUOTA_IS(cmd, names) (source_quota_cmd(cmd) & (names))
#define SOURCE_QUOTA_BLOCK \
	(SAKER_FLAG_quotactl_cmds_Q_GETQUOTA | SAKER_FLAG_quotactl_cmds_Q_SETQUOTA)
#define SOURCE_QUOTA_INFO (SAKER_FLAG_quotactl_cmds_Q_GETINFO | SAKER_FLAG_quotactl_cmds_Q_SETINFO)
#define SOURCE_QUOTA_ID                                              \
	(SOURCE_QUOTA_BLOCK | SAKER_FLAG_quotactl_cmds_Q_XGETQUOTA | \
	 SAKER_FLAG_quotactl_cmds_Q_XSETQLIM)

/* Word i of struct if_dqblk, when its member `valid` (a bit of word 8) says it counts. */
PROBE_INLINE __u64 source_quota_block(__u64 cmd, __u64 ptr, __u32 i, __u32 valid)
{
	if (!SOURCE_QUOTA_IS(cmd, SOURCE_QUOTA_BLOCK) || !(source_user_u32(ptr, 16) & valid))
		return 0;
	return source_user_u64(ptr, i);
}

/* Word i of struct if_dqinfo: two times, 64 bits each, flags, what is valid. */
PROBE_INLINE __u64 source_quota_info(__u64 cmd, __u64 ptr, __u32 i, __u32 valid)
{
	if (!SOURCE_QUOTA_IS(cmd, SOURCE_QUOTA_INFO) || !(source_user_u32(ptr, 5) & valid))
		return 0;
	return i < 2 ? source_user_u64(ptr, i) : source_user_u32(ptr, 4);
}

#define PUT_QUOTA_PATH(cmd, ptr)                                                      \
	({                                                                            \
		if (SOURCE_QUOTA_IS(ARG(f, cmd), SAKER_FLAG_quotactl_cmds_Q_QUOTAON)) \
			fill_user_str(f, ARG(f, ptr), PROBE_PATH_MAX);                \
		else                                                                  \
			fill_empty(f);                                                \
	})
#define SIZE_QUOTA_PATH(cmd, ptr) SIZE_VAR
#define PUT_QUOTA_BLOCK(cmd, ptr, i, valid) \
	fill_u64(f, source_quota_block(ARG(f, cmd), ARG(f, ptr), i, valid))
#define SIZE_QUOTA_BLOCK(cmd, ptr, i, valid) 8
#define PUT_QUOTA_INFO(cmd, ptr, i, valid) \
	fill_u64(f, source_quota_info(ARG(f, cmd), ARG(f, ptr), i, valid))
#define SIZE_QUOTA_INFO(cmd, ptr, i, valid) 8
#define PUT_QUOTA_INFO_FLAGS(cmd, ptr) fill_u8(f, source_quota_info(ARG(f, cmd), ARG(f, ptr), 2, 4))
#define SIZE_QUOTA_INFO_FLAGS(cmd, ptr) 1
#define PUT_QUOTA_FORMAT_OUT(cmd, ptr)                                                     \
	fill_u8(f, source_quota_format(                                                    \
			   SOURCE_QUOTA_IS(ARG(f, cmd), SAKER_FLAG_quotactl_cmds_Q_GETFMT) \
				   ? source_user_u32(ARG(f, ptr), 0)                       \
				   : 0))
#define SIZE_QUOTA_FORMAT_OUT(cmd, ptr) 1
#define PUT_QUOTA_CMD(cmd) fill_u16(f, source_quota_cmd(ARG(f, cmd)))
#define SIZE_QUOTA_CMD(cmd) 2
#define PUT_QUOTA_TYPE(cmd) fill_u8(f, source_quota_type(ARG(f, cmd)))
#define SIZE_QUOTA_TYPE(cmd) 1
#define PUT_QUOTA_ID(cmd, id) \
	fill_u32(f, SOURCE_QUOTA_IS(ARG(f, cmd), SOURCE_QUOTA_ID) ? ARG(f, id) : 0)
#define SIZE_QUOTA_ID(cmd, id) 4
#define PUT_QUOTA_FORMAT(cmd, id)                                                           \
	fill_u8(f, source_quota_format(                                                     \
			   SOURCE_QUOTA_IS(ARG(f, cmd), SAKER_FLAG_quotactl_cmds_Q_QUOTAON) \
				   ? ARG(f, id)                                             \
				   : 0))
#define SIZE_QUOTA_FORMAT(cmd, id) 1

#endif /* SAKER_BPF_SOURCE_MORE_H */
