/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The sources that fill.def names. PUT_x appends one parameter to the event
 * `f` that the including function builds; SIZE_x is how many bytes it takes,
 * SIZE_VAR when that varies. An event all of whose sources have a size is
 * written in place.
 */
#ifndef SAKER_BPF_SOURCE_H
#define SAKER_BPF_SOURCE_H

#include "socket.h"

#define SIZE_VAR (2 * PROBE_EVENT_MAX)

/* ---- the result and plain arguments ------------------------------------------------ */

#define PUT_RET fill_u64(f, f->ret)
#define SIZE_RET 8
#define PUT_RET_U32 fill_u32(f, f->ret)
#define SIZE_RET_U32 4
/* Bytes moved, 0 when the call failed. */
#define PUT_RET_SIZE fill_u32(f, f->ret > 0 ? f->ret : 0)
#define SIZE_RET_SIZE 4
#define PUT_EMPTY fill_empty(f)
#define SIZE_EMPTY 0

/* Descriptors, directories (AT_FDCWD is -100 there, too) and pids are 64 bits, signed. */
#define PUT_ARG_FD(n) fill_u64(f, (__s64)(__s32)ARG(f, n))
#define SIZE_ARG_FD(n) 8
#define PUT_DIRFD(n) PUT_ARG_FD(n)
#define SIZE_DIRFD(n) 8
#define PUT_ARG_PID(n) PUT_ARG_FD(n)
#define SIZE_ARG_PID(n) 8
#define PUT_ARG_S64(n) PUT_ARG_FD(n)
#define SIZE_ARG_S64(n) 8
#define PUT_ARG_U8(n) fill_u8(f, ARG(f, n))
#define SIZE_ARG_U8(n) 1
#define PUT_ARG_U32(n) fill_u32(f, ARG(f, n))
#define SIZE_ARG_U32(n) 4
#define PUT_ARG_U64(n) fill_u64(f, ARG(f, n))
#define SIZE_ARG_U64(n) 8
/* A 32-bit argument in a 64-bit parameter. */
#define PUT_ARG_U32_WIDE(n) fill_u64(f, (__u32)ARG(f, n))
#define SIZE_ARG_U32_WIDE(n) 8

/* An offset that is relative: signed, at the width of the caller's long. */
#define PUT_ARG_OFFSET(n) fill_u64(f, f->compat ? (__u64)(__s32)ARG(f, n) : ARG(f, n))
#define SIZE_ARG_OFFSET(n) 8
/* A position in a file, which 32-bit callers pass in two halves. */
#define PUT_ARG_POS(low, high) \
	fill_u64(f, f->compat ? ARG(f, low) | ARG(f, high) << 32 : ARG(f, low))
#define SIZE_ARG_POS(low, high) 8

#define PUT_CONST8(v) fill_u8(f, v)
#define SIZE_CONST8(v) 1
#define PUT_CONST32(v) fill_u32(f, v)
#define SIZE_CONST32(v) 4

/* Flags: an argument through one of conv_* (flags.h), at the width of the parameter. */
#define PUT_FLAGS8(n, name) fill_u8(f, conv_##name(ARG(f, n)))
#define SIZE_FLAGS8(n, name) 1
#define PUT_FLAGS16(n, name) fill_u16(f, conv_##name(ARG(f, n)))
#define SIZE_FLAGS16(n, name) 2
#define PUT_FLAGS32(n, name) fill_u32(f, conv_##name(ARG(f, n)))
#define SIZE_FLAGS32(n, name) 4

/* NUL-terminated text in user memory. */
#define PUT_USER_PATH(n) fill_user_str(f, ARG(f, n), PROBE_PATH_MAX)
#define SIZE_USER_PATH(n) SIZE_VAR
/* ... and led to the file that the call opened, or to the directory that is the task's now. */
#define PUT_OPEN_PATH(n)               \
	({                             \
		f->name = f->pos;      \
		PUT_USER_PATH(n);      \
		source_path_opened(f); \
	})
#define SIZE_OPEN_PATH(n) SIZE_VAR
#define PUT_CWD_PATH(n)             \
	({                          \
		f->name = f->pos;   \
		PUT_USER_PATH(n);   \
		source_path_cwd(f); \
	})
#define SIZE_CWD_PATH(n) SIZE_VAR
/* ... that the kernel put there. */
#define PUT_USER_PATH_OK(n)                                          \
	({                                                           \
		if (f->ret >= 0)                                     \
			fill_user_str(f, ARG(f, n), PROBE_PATH_MAX); \
		else                                                 \
			fill_empty(f);                               \
	})
#define SIZE_USER_PATH_OK(n) SIZE_VAR

/* ---- what a pointer argument points to ------------------------------------------------ */

/* Word i of an array of unsigned longs; 0 when it cannot be read. */
PROBE_INLINE __u64 source_user_long(struct fill *f, __u64 ptr, __u32 i)
{
	__u64 v = 0;
	__u32 v32 = 0;

	if (f->compat) {
		bpf_probe_read_user(&v32, sizeof(v32), (void *)(ptr + i * sizeof(v32)));
		return v32;
	}
	bpf_probe_read_user(&v, sizeof(v), (void *)(ptr + i * sizeof(v)));
	return v;
}

PROBE_INLINE __u32 source_user_u32(__u64 ptr, __u32 i)
{
	__u32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)(ptr + i * sizeof(v)));
	return v;
}

PROBE_INLINE __u64 source_user_u64(__u64 ptr, __u32 i)
{
	__u64 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)(ptr + i * sizeof(v)));
	return v;
}

/* A user or group: calls of the 32-bit convention have a form with 16 bits, in which 65535 is -1.
 */
PROBE_INLINE bool source_uid16(struct fill *f)
{
	if (!f->compat)
		return false;
	switch ((__u32)ARCH_NR(f->regs)) {
	case ARCH_COMPAT_UID16_CALLS:
		return true;
	}
	return false;
}

PROBE_INLINE __u32 source_uid(struct fill *f, __u32 id)
{
	if (!source_uid16(f))
		return id;
	return (__u16)id == 0xffff ? (__u32)-1 : (__u16)id;
}

PROBE_INLINE __u32 source_user_uid(struct fill *f, __u64 ptr)
{
	__u16 id = 0;

	if (!source_uid16(f))
		return source_user_u32(ptr, 0);
	bpf_probe_read_user(&id, sizeof(id), (void *)ptr);
	return id;
}

#define PUT_ARG_UID(n) fill_u32(f, source_uid(f, ARG(f, n)))
#define SIZE_ARG_UID(n) 4
#define PUT_USER_UID(n) fill_u32(f, source_user_uid(f, ARG(f, n)))
#define SIZE_USER_UID(n) 4

#define PUT_USER_U32(n, i) fill_u32(f, source_user_u32(ARG(f, n), i))
#define SIZE_USER_U32(n, i) 4
#define PUT_USER_LONG(n, i) fill_u64(f, source_user_long(f, ARG(f, n), i))
#define SIZE_USER_LONG(n, i) 8
/* Where sendfile starts: 64 bits wide in the newer of the two 32-bit calls. */
#define PUT_SENDFILE_OFFSET(n)                                             \
	fill_u64(f, f->compat &&ARCH_NR(f->regs) == ARCH_COMPAT_SENDFILE64 \
			    ? source_user_u64(ARG(f, n), 0)                \
			    : source_user_long(f, ARG(f, n), 0))
#define SIZE_SENDFILE_OFFSET(n) 8

/* A limit; none is all ones at either width. */
PROBE_INLINE __u64 source_limit(struct fill *f, __u64 ptr, __u32 i)
{
	__u64 v = source_user_long(f, ptr, i);

	return f->compat && v == ~0U ? -1ULL : v;
}

#define PUT_LIMIT(n, i) fill_u64(f, source_limit(f, ARG(f, n), i))
#define SIZE_LIMIT(n, i) 8
/* -1 when the call failed. */
#define PUT_LIMIT_OK(n, i) fill_u64(f, f->ret ? -1 : source_limit(f, ARG(f, n), i))
#define SIZE_LIMIT_OK(n, i) 8
/* prlimit64's are 64 bits wide in either convention. */
#define PUT_USER_U64(n, i) fill_u64(f, source_user_u64(ARG(f, n), i))
#define SIZE_USER_U64(n, i) 8
#define PUT_USER_U64_OK(n, i) fill_u64(f, f->ret ? -1 : source_user_u64(ARG(f, n), i))
#define SIZE_USER_U64_OK(n, i) 8
#define PUT_USER_FLAGS32(n, i, name) fill_u32(f, conv_##name(source_user_u32(ARG(f, n), i)))
#define SIZE_USER_FLAGS32(n, i, name) 4

/* struct timespec, in ns. */
PROBE_INLINE __u64 source_timespec(__u64 ptr, bool compat)
{
	__u64 v[2] = {};
	__s32 v32[2] = {};

	if (compat) {
		bpf_probe_read_user(v32, sizeof(v32), (void *)ptr);
		return (__s64)v32[0] * 1000000000 + v32[1];
	}
	bpf_probe_read_user(v, sizeof(v), (void *)ptr);
	return v[0] * 1000000000 + v[1];
}

#define PUT_TIMESPEC(n) fill_u64(f, source_timespec(ARG(f, n), f->compat))
#define SIZE_TIMESPEC(n) 8

/* A descriptor of a pair, -1 when there is none. */
#define PUT_PAIR_FD(n, i) fill_u64(f, f->ret ? -1 : (__s64)(__s32)source_user_u32(ARG(f, n), i))
#define SIZE_PAIR_FD(n, i) 8

PROBE_INLINE __u64 source_ino(struct file *file)
{
	struct inode *inode = file ? READ(file, f_inode) : NULL;

	return inode ? READ(inode, i_ino) : 0;
}

#define PUT_PAIR_INO(n) \
	fill_u64(f, f->ret ? 0 : source_ino(file_of_fd(f->task, source_user_u32(ARG(f, n), 0))))
#define SIZE_PAIR_INO(n) 8

PROBE_INLINE struct sock *source_pair_sock(struct fill *f, __u64 fds, bool peer)
{
	struct sock *sk = f->ret ? NULL : socket_of_fd(f, source_user_u32(fds, 0));

	return sk && peer ? READ((struct unix_sock *)sk, peer) : sk;
}

#define PUT_PAIR_SOCK(n) fill_u64(f, (__u64)source_pair_sock(f, ARG(f, n), false))
#define SIZE_PAIR_SOCK(n) 8
#define PUT_PAIR_PEER(n) fill_u64(f, (__u64)source_pair_sock(f, ARG(f, n), true))
#define SIZE_PAIR_PEER(n) 8

/* ---- the file that the call opened ------------------------------------------------------ */

PROBE_INLINE struct file *source_opened(struct fill *f)
{
	if (!f->have_file) {
		f->have_file = true;
		f->file = f->ret < 0 ? NULL : file_of_fd(f->task, f->ret);
	}
	return f->file;
}

/* The name that stands in the event from f->name on led to this one. */
PROBE_INLINE void source_path_opened(struct fill *f)
{
	struct file *file;

	if (!switches.realpath)
		return;
	file = source_opened(f);
	f->name_len = f->pos - f->name;
	if (file)
		f->path = (void *)file + bpf_core_field_offset(struct file, f_path);
}

PROBE_INLINE void source_path_cwd(struct fill *f)
{
	if (!switches.realpath || f->ret < 0)
		return;
	f->name_len = f->pos - f->name;
	f->path = (void *)f->task->fs + bpf_core_field_offset(struct fs_struct, pwd);
}

/* What the open file adds to the flags asked for: was it made just now, which overlay layer. */
PROBE_INLINE __u32 source_open_flags(struct fill *f, __u64 flags)
{
	struct file *file = source_opened(f);
	__u32 out = conv_open(flags);
	struct inode *inode;

	if (!file)
		return out;
	if (READ(file, f_mode) & KERNEL_FMODE_CREATED)
		out |= SAKER_FLAG_file_flags_O_F_CREATED;
	inode = READ(file, f_inode);
	if (READ(inode, i_sb, s_magic) != KERNEL_MAGIC_OVERLAY)
		return out;
	return out | (file_overlay_layer(inode) == FILE_LAYER_UPPER
			      ? SAKER_FLAG_file_flags_FD_UPPER_LAYER
			      : SAKER_FLAG_file_flags_FD_LOWER_LAYER);
}

PROBE_INLINE __u16 source_creat_flags(struct fill *f)
{
	struct file *file = source_opened(f);
	enum file_layer layer = file ? file_layer(file) : FILE_LAYER_NONE;

	return layer == FILE_LAYER_UPPER   ? SAKER_FLAG_creat_flags_FD_UPPER_LAYER_CREAT
	       : layer == FILE_LAYER_LOWER ? SAKER_FLAG_creat_flags_FD_LOWER_LAYER_CREAT
					   : 0;
}

/* As stat(2) numbers it. */
PROBE_INLINE __u32 source_dev(struct fill *f)
{
	struct file *file = source_opened(f);
	struct inode *inode = file ? READ(file, f_inode) : NULL;

	if (!inode)
		return 0;
	return conv_dev(READ(inode, i_sb, s_dev));
}

/* struct open_how of openat2. */
PROBE_INLINE void source_load_how(struct fill *f, __u64 ptr)
{
	__u64 how[3] = {};

	if (f->have_how)
		return;
	f->have_how = true;
	bpf_probe_read_user(how, sizeof(how), (void *)ptr);
	f->how.flags = how[0];
	f->how.mode = how[1];
	f->how.resolve = how[2];
}

#define PUT_OPEN_FLAGS(n) fill_u32(f, source_open_flags(f, ARG(f, n)))
#define SIZE_OPEN_FLAGS(n) 4
#define PUT_OPEN_MODE(flags, mode) fill_u32(f, conv_open_mode(ARG(f, flags), ARG(f, mode)))
#define SIZE_OPEN_MODE(flags, mode) 4
#define PUT_HOW_FLAGS(n)                                         \
	({                                                       \
		source_load_how(f, ARG(f, n));                   \
		fill_u32(f, source_open_flags(f, f->how.flags)); \
	})
#define SIZE_HOW_FLAGS(n) 4
#define PUT_HOW_MODE(n) fill_u32(f, conv_open_mode(f->how.flags, f->how.mode))
#define SIZE_HOW_MODE(n) 4
#define PUT_HOW_RESOLVE(n) fill_u32(f, conv_resolve(f->how.resolve))
#define SIZE_HOW_RESOLVE(n) 4
#define PUT_FD_DEV fill_u32(f, source_dev(f))
#define SIZE_FD_DEV 4
#define PUT_FD_INO fill_u64(f, source_ino(source_opened(f)))
#define SIZE_FD_INO 8
#define PUT_CREAT_FLAGS fill_u16(f, source_creat_flags(f))
#define SIZE_CREAT_FLAGS 2
#define PUT_FD_PATH file_fill_file_path(f, source_opened(f))
#define SIZE_FD_PATH SIZE_VAR

/* ---- the task ----------------------------------------------------------------------------- */

#define PUT_TID fill_u64(f, f->task->pid)
#define SIZE_TID 8
#define PUT_PID fill_u64(f, f->task->tgid)
#define SIZE_PID 8
#define PUT_PPID fill_u64(f, f->task->real_parent->pid)
#define SIZE_PPID 8
#define PUT_PGID fill_u64(f, task_nr(task_group(f->task, KERNEL_PID_PGID)))
#define SIZE_PGID 8
#define PUT_VTID fill_u64(f, task_vnr(f->task->thread_pid))
#define SIZE_VTID 8
#define PUT_VPID fill_u64(f, task_vnr(task_group(f->task, KERNEL_PID_TGID)))
#define SIZE_VPID 8
#define PUT_VPGID fill_u64(f, task_vnr(task_group(f->task, KERNEL_PID_PGID)))
#define SIZE_VPGID 8
/* Told by the child only: the caller need not be in that namespace. */
#define PUT_PIDNS_START fill_u64(f, f->ret ? 0 : task_pidns_start(f->task))
#define SIZE_PIDNS_START 8
#define PUT_FDLIMIT fill_u64(f, task_fdlimit(f->task))
#define SIZE_FDLIMIT 8
#define PUT_PGFT_MAJ fill_u64(f, f->task->maj_flt)
#define SIZE_PGFT_MAJ 8
#define PUT_PGFT_MIN fill_u64(f, f->task->min_flt)
#define SIZE_PGFT_MIN 8
#define PUT_VM_SIZE fill_u32(f, task_vm_size(f->task->mm))
#define SIZE_VM_SIZE 4
#define PUT_VM_RSS fill_u32(f, task_vm_rss(f->task->mm))
#define SIZE_VM_RSS 4
#define PUT_VM_SWAP fill_u32(f, task_vm_swap(f->task->mm))
#define SIZE_VM_SWAP 4
#define PUT_COMM fill_kernel_str(f, (__u64)&f->task->comm, 16)
#define SIZE_COMM SIZE_VAR
#define PUT_CGROUPS task_fill_cgroups(f, f->task)
#define SIZE_CGROUPS SIZE_VAR
#define PUT_UID fill_u32(f, f->task->cred->euid.val)
#define SIZE_UID 4
#define PUT_GID fill_u32(f, f->task->cred->egid.val)
#define SIZE_GID 4
#define PUT_TTY fill_u32(f, task_tty(f->task))
#define SIZE_TTY 4
#define PUT_LOGINUID fill_u32(f, task_loginuid(f->task))
#define SIZE_LOGINUID 4
#define PUT_CAP(which) fill_u64(f, TASK_CAP(f->task, which))
#define SIZE_CAP(which) 8

PROBE_INLINE __u32 source_clone_flags(struct fill *f, __u64 flags)
{
	return conv_clone(flags) |
	       (task_child_in_pidns(f->task) ? SAKER_FLAG_clone_flags_CLONE_CHILD_IN_PIDNS : 0);
}

#define PUT_CLONE_FLAGS(n) fill_u32(f, source_clone_flags(f, ARG(f, n)))
#define SIZE_CLONE_FLAGS(n) 4
/*
 * clone3: the first member of a structure. A new thread shares that with its maker, who may
 * have written something else there by now; so what it shares is asked of the kernel.
 */
PROBE_INLINE __u32 source_clone3_flags(struct fill *f, __u64 ptr)
{
	struct task_struct *task = f->task, *leader = task->group_leader;

	if (f->ret || task->pid == task->tgid)
		return source_clone_flags(f, source_user_u64(ptr, 0));
	return source_clone_flags(f, 0) | SAKER_FLAG_clone_flags_CLONE_THREAD |
	       SAKER_FLAG_clone_flags_CLONE_VM | SAKER_FLAG_clone_flags_CLONE_SIGHAND |
	       (task->fs == leader->fs ? SAKER_FLAG_clone_flags_CLONE_FS : 0) |
	       (task->files == leader->files ? SAKER_FLAG_clone_flags_CLONE_FILES : 0);
}

#define PUT_CLONE3_FLAGS(n) fill_u32(f, source_clone3_flags(f, ARG(f, n)))
#define SIZE_CLONE3_FLAGS(n) 4
#define PUT_FORK_FLAGS fill_u32(f, source_clone_flags(f, 0))
#define SIZE_FORK_FLAGS 4

/* ---- programs and their arguments ------------------------------------------------------------ */

struct source_strings {
	__u8 *data;
	__u64 array; /* of pointers */
	__u32 pos;
	__u32 left;
	bool compat;
};

static long source_strings_step(__u32 i, struct source_strings *s)
{
	__u32 pos = s->pos;
	__u64 ptr = 0;
	long n;

	if (bpf_probe_read_user(&ptr, s->compat ? 4 : 8,
				(void *)(s->array + i * (s->compat ? 4 : 8))) ||
	    !ptr)
		return 1;
	OPAQUE(pos);
	n = bpf_probe_read_user_str(s->data + (pos & (PROBE_EVENT_MAX - 1)), PROBE_ARGS_MAX,
				    (void *)ptr);
	if (n < 0)
		return 1;
	if (n == 0) { /* see fill_raw_user_str */
		s->data[pos & (PROBE_EVENT_MAX - 1)] = 0;
		n = 1;
	}
	if (n > s->left)
		n = s->left;
	s->pos += n;
	s->left -= n;
	return !s->left;
}

#define SOURCE_STRINGS 512 /* entries of argv or envp that are looked at */

/* Up to max bytes of the texts that an array of pointers names, each with its NUL. */
PROBE_INLINE void source_fill_strings(struct fill *f, __u64 array, __u32 max)
{
	struct source_strings s = {
		.data = f->data,
		.array = array,
		.pos = f->pos,
		.left = max,
		.compat = f->compat,
	};
	__u32 n;

	if (array && max)
		bpf_loop(SOURCE_STRINGS, source_strings_step, &s, 0);
	n = s.pos - f->pos;
	fill_advance(f, n);
	if (n)
		fill_patch(f, 0);
	if (n == max && n)
		fill_cut(f, 0);
	fill_len(f, n);
}

/* Up to max bytes of a range of the task's own memory, ending in a NUL. */
PROBE_INLINE void source_fill_range(struct fill *f, __u64 start, __u64 end, __u32 max)
{
	__u32 n = end > start ? fill_raw_user(f, start, end - start, max) : 0;

	if (n)
		fill_patch(f, 0);
	if (end > start && end - start > max)
		fill_cut(f, end - start);
	fill_len(f, n);
}

/* exe: argv[0] of the running program. */
PROBE_INLINE void source_fill_exe(struct fill *f)
{
	f->exe_len = fill_user_str(f, f->task->mm->arg_start, PROBE_PATH_MAX);
}

PROBE_INLINE void source_fill_args(struct fill *f)
{
	struct mm_struct *mm = f->task->mm;
	__u32 len = f->exe_len;

	source_fill_range(f, mm->arg_start + len, mm->arg_end,
			  len < PROBE_ARGS_MAX ? PROBE_ARGS_MAX - len : 0);
}

/* exe and args of a failed execve: what was asked for. */
PROBE_INLINE void source_fill_exe_asked(struct fill *f, __u64 argv)
{
	__u64 ptr;

	if (!argv) {
		fill_u8(f, 0);
		f->exe_len = 1;
		return;
	}
	ptr = source_user_long(f, argv, 0);
	f->exe_len = ptr ? fill_user_str(f, ptr, PROBE_PATH_MAX) : 0;
	if (!ptr)
		fill_empty(f);
}

PROBE_INLINE void source_fill_args_asked(struct fill *f, __u64 argv)
{
	__u32 len = f->exe_len;

	source_fill_strings(f, argv && len ? argv + (f->compat ? 4 : 8) : 0,
			    len < PROBE_ARGS_MAX ? PROBE_ARGS_MAX - len : 0);
}

#define PUT_EXE                             \
	({                                  \
		if (f->ret >= 0)            \
			source_fill_exe(f); \
		else                        \
			fill_empty(f);      \
	})
#define SIZE_EXE SIZE_VAR
#define PUT_ARGS                             \
	({                                   \
		if (f->ret >= 0)             \
			source_fill_args(f); \
		else                         \
			fill_empty(f);       \
	})
#define SIZE_ARGS SIZE_VAR

#define PUT_EXEC_EXE(n)                                      \
	({                                                   \
		if (f->ret)                                  \
			source_fill_exe_asked(f, ARG(f, n)); \
		else                                         \
			source_fill_exe(f);                  \
	})
#define SIZE_EXEC_EXE(n) SIZE_VAR
#define PUT_EXEC_ARGS(n)                                      \
	({                                                    \
		if (f->ret)                                   \
			source_fill_args_asked(f, ARG(f, n)); \
		else                                          \
			source_fill_args(f);                  \
	})
#define SIZE_EXEC_ARGS(n) SIZE_VAR
#define PUT_EXEC_ENV(n)                                                                    \
	({                                                                                 \
		if (f->ret)                                                                \
			source_fill_strings(f, ARG(f, n), PROBE_ARGS_MAX);                 \
		else                                                                       \
			source_fill_range(f, f->task->mm->env_start, f->task->mm->env_end, \
					  PROBE_ARGS_MAX);                                 \
	})
#define SIZE_EXEC_ENV(n) SIZE_VAR
/*
 * The file asked for. After success the registers are the new program's, but
 * the kernel left the name on the new stack, right above the environment.
 */
#define PUT_EXEC_FILENAME(n) \
	fill_user_str(f, f->ret ? ARG(f, n) : f->task->mm->env_end, PROBE_PATH_MAX)
#define SIZE_EXEC_FILENAME(n) SIZE_VAR

PROBE_INLINE struct file *source_exe(struct fill *f)
{
	if (!f->have_exe) {
		f->have_exe = true;
		f->exe = f->task->mm->exe_file;
	}
	return f->exe;
}

PROBE_INLINE struct inode *source_exe_inode(struct fill *f)
{
	struct file *exe = source_exe(f);

	return exe ? READ(exe, f_inode) : NULL;
}

#define PUT_EXE_FLAGS fill_u32(f, source_exe(f) ? file_exe_flags(f->task, f->exe) : 0)
#define SIZE_EXE_FLAGS 4
#define PUT_EXE_INO fill_u64(f, source_ino(source_exe(f)))
#define SIZE_EXE_INO 8
#define PUT_EXE_CTIME fill_u64(f, source_exe(f) ? file_ctime(source_exe_inode(f)) : 0)
#define SIZE_EXE_CTIME 8
#define PUT_EXE_MTIME fill_u64(f, source_exe(f) ? file_mtime(source_exe_inode(f)) : 0)
#define SIZE_EXE_MTIME 8
#define PUT_EXE_PATH file_fill_file_path(f, source_exe(f))
#define SIZE_EXE_PATH SIZE_VAR

/* ---- sockets --------------------------------------------------------------------------------- */

#define PUT_FAMILY(n) fill_u32(f, conv_family(ARG(f, n)))
#define SIZE_FAMILY(n) 4
#define PUT_SOCKADDR(n, len) socket_fill_addr(f, ARG(f, n), (__u32)ARG(f, len))
#define SIZE_SOCKADDR(n, len) SIZE_VAR

/* Of descriptor argument n, when the call did not fail. */
#define PUT_TUPLE(n, dir)                                                        \
	({                                                                       \
		if (f->ret >= 0)                                                 \
			socket_fill_tuple(f, (__u32)ARG(f, n), SOCKET_##dir, 0); \
		else                                                             \
			fill_empty(f);                                           \
	})
#define SIZE_TUPLE(n, dir) SIZE_VAR
/* ... with the peer's address in argument addr for sockets that are not connected. */
#define PUT_TUPLE_ADDR(n, dir, addr)                                                        \
	({                                                                                  \
		if (f->ret >= 0)                                                            \
			socket_fill_tuple(f, (__u32)ARG(f, n), SOCKET_##dir, ARG(f, addr)); \
		else                                                                        \
			fill_empty(f);                                                      \
	})
#define SIZE_TUPLE_ADDR(n, dir, addr) SIZE_VAR
/* connect: under way counts as well. */
#define PUT_TUPLE_CONNECT(n, addr)                                                        \
	({                                                                                \
		if (!f->ret || f->ret == -KERNEL_EINPROGRESS)                             \
			socket_fill_tuple(f, (__u32)ARG(f, n), SOCKET_OUT, ARG(f, addr)); \
		else                                                                      \
			fill_empty(f);                                                    \
	})
#define SIZE_TUPLE_CONNECT(n, addr) SIZE_VAR
/* accept: of the new socket. */
#define PUT_TUPLE_RET                                               \
	({                                                          \
		if (f->ret >= 0)                                    \
			socket_fill_tuple(f, f->ret, SOCKET_IN, 0); \
		else                                                \
			fill_empty(f);                              \
	})
#define SIZE_TUPLE_RET SIZE_VAR

/* The listening socket's queue, in per cent and as it is. */
PROBE_INLINE __u32 source_queue(struct fill *f, __u32 fd, bool limit)
{
	struct sock *sk = f->ret >= 0 ? socket_of_fd(f, fd) : NULL;

	if (!sk)
		return 0;
	return limit ? READ(sk, sk_max_ack_backlog) : READ(sk, sk_ack_backlog);
}

PROBE_INLINE __u8 source_queue_percent(struct fill *f, __u32 fd)
{
	__u32 max = source_queue(f, fd, true);

	return max ? (__u64)source_queue(f, fd, false) * 100 / max : 0;
}

#define PUT_QUEUE_PERCENT(n) fill_u8(f, source_queue_percent(f, (__u32)ARG(f, n)))
#define SIZE_QUEUE_PERCENT(n) 1
#define PUT_QUEUE_LEN(n) fill_u32(f, source_queue(f, (__u32)ARG(f, n), false))
#define SIZE_QUEUE_LEN(n) 4
#define PUT_QUEUE_MAX(n) fill_u32(f, source_queue(f, (__u32)ARG(f, n), true))
#define SIZE_QUEUE_MAX(n) 4

#define PUT_SOCKOPT_NAME(level, name) fill_u8(f, conv_sockopt_name(ARG(f, level), ARG(f, name)))
#define SIZE_SOCKOPT_NAME(level, name) 1
#define PUT_SOCKOPT(level, name, val, len) \
	socket_fill_option(f, ARG(f, level), ARG(f, name), ARG(f, val), (__u16)ARG(f, len))
#define SIZE_SOCKOPT(level, name, val, len) SIZE_VAR
/* getsockopt: the length is where the kernel put it. */
#define PUT_SOCKOPT_OUT(level, name, val, len)                          \
	socket_fill_option(f, ARG(f, level), ARG(f, name), ARG(f, val), \
			   (__u16)source_user_u32(ARG(f, len), 0))
#define SIZE_SOCKOPT_OUT(level, name, val, len) SIZE_VAR

/* ---- I/O: the bytes that went in or out, cut at snaplen ----------------------------------------
 */

/* addr: of the peer in user memory, 0 when the call has none. */
PROBE_INLINE void source_fill_data(struct fill *f, __u64 data, __u64 size, __u64 addr)
{
	fill_user(f, data, size, socket_snaplen(f, (__u32)ARG(f, 0), addr, data, size));
}

#define SOURCE_IN (f->ret > 0 ? f->ret : 0)
/* A failed write still tells what it was to be. */
#define SOURCE_OUT(len) (f->ret > 0 ? f->ret : ARG(f, len))
#define PUT_DATA_IN(ptr) source_fill_data(f, ARG(f, ptr), SOURCE_IN, 0)
#define SIZE_DATA_IN(ptr) SIZE_VAR
#define PUT_DATA_OUT(ptr, len) source_fill_data(f, ARG(f, ptr), SOURCE_OUT(len), 0)
#define SIZE_DATA_OUT(ptr, len) SIZE_VAR
/* ... with the peer's address in argument addr. */
#define PUT_DATA_IN_FROM(ptr, addr) source_fill_data(f, ARG(f, ptr), SOURCE_IN, ARG(f, addr))
#define SIZE_DATA_IN_FROM(ptr, addr) SIZE_VAR
#define PUT_DATA_OUT_TO(ptr, len, addr) \
	source_fill_data(f, ARG(f, ptr), SOURCE_OUT(len), ARG(f, addr))
#define SIZE_DATA_OUT_TO(ptr, len, addr) SIZE_VAR

/* The vectors' bytes that went through descriptor argument 0. */
PROBE_INLINE void source_fill_iov(struct fill *f, __u64 iov, __u64 count, __u64 max, __u64 addr)
{
	__u32 n = max ? socket_load_iov(f, iov, count) : 0;

	socket_fill_iov(f, n, max, socket_snaplen_iov(f, (__u32)ARG(f, 0), addr, n));
}

#define SOURCE_OUT_IOV (f->ret > 0 ? f->ret : PROBE_EVENT_MAX)
#define PUT_IOV_IN(ptr, count) source_fill_iov(f, ARG(f, ptr), ARG(f, count), SOURCE_IN, 0)
#define SIZE_IOV_IN(ptr, count) SIZE_VAR
#define PUT_IOV_OUT(ptr, count) source_fill_iov(f, ARG(f, ptr), ARG(f, count), SOURCE_OUT_IOV, 0)
#define SIZE_IOV_OUT(ptr, count) SIZE_VAR
/* ... that went to or came from another process: no descriptor. */
#define PUT_IOV_REMOTE(ptr, count)                                                          \
	socket_fill_iov(f, f->ret > 0 ? socket_load_iov(f, ARG(f, ptr), ARG(f, count)) : 0, \
			SOURCE_IN, config.snaplen)
#define SIZE_IOV_REMOTE(ptr, count) SIZE_VAR
#define PUT_IOV_SIZE(ptr, count) \
	fill_u32(f, socket_iov_size(f, socket_load_iov(f, ARG(f, ptr), ARG(f, count))))
#define SIZE_IOV_SIZE(ptr, count) SIZE_VAR /* needs the scratch */

/* sendmsg, recvmsg: the message that argument n points to. */
#define MESSAGE_ONE(n) socket_load_message(f, ARG(f, n), false)
#define PUT_MSG_IN(n)                                                             \
	({                                                                        \
		MESSAGE_ONE(n);                                                   \
		source_fill_iov(f, f->message.iov, f->message.iov_len, SOURCE_IN, \
				f->message.name);                                 \
	})
#define SIZE_MSG_IN(n) SIZE_VAR
#define PUT_MSG_OUT(n)                                                                 \
	({                                                                             \
		MESSAGE_ONE(n);                                                        \
		source_fill_iov(f, f->message.iov, f->message.iov_len, SOURCE_OUT_IOV, \
				f->message.name);                                      \
	})
#define SIZE_MSG_OUT(n) SIZE_VAR
/* Empty when the message cannot be read. */
#define PUT_MSG_SIZE(n)                                                                       \
	({                                                                                    \
		MESSAGE_ONE(n);                                                               \
		if (f->message.ok)                                                            \
			fill_u32(f, socket_iov_size(f, socket_load_iov(f, f->message.iov,     \
								       f->message.iov_len))); \
		else                                                                          \
			fill_empty(f);                                                        \
	})
#define SIZE_MSG_SIZE(n) SIZE_VAR
#define PUT_MSG_TUPLE(fd, dir)                                                                  \
	({                                                                                      \
		if (f->ret >= 0)                                                                \
			socket_fill_tuple(f, (__u32)ARG(f, fd), SOCKET_##dir, f->message.name); \
		else                                                                            \
			fill_empty(f);                                                          \
	})
#define SIZE_MSG_TUPLE(fd, dir) SIZE_VAR
#define PUT_MSG_CONTROL \
	fill_user(f, f->ret >= 0 ? f->message.control : 0, (__u16)f->message.control_len, 65000)
#define SIZE_MSG_CONTROL SIZE_VAR

/* sendmmsg, recvmmsg: one event a message; `ret` is then that message's length. */
#define PUT_MMSG_LEN fill_u64(f, f->ret)
#define SIZE_MMSG_LEN 8
#define PUT_MMSG_DATA                                          \
	source_fill_iov(f, f->message.iov, f->message.iov_len, \
			f->have_message ? f->message.len : 0, f->message.name)
#define SIZE_MMSG_DATA SIZE_VAR
#define PUT_MMSG_SIZE                                                                         \
	fill_u32(f, f->have_message ? socket_iov_size(f, socket_load_iov(f, f->message.iov,   \
									 f->message.iov_len)) \
				    : 0)
#define SIZE_MMSG_SIZE SIZE_VAR
#define PUT_MMSG_TUPLE(fd, dir)                                                                 \
	({                                                                                      \
		if (f->have_message)                                                            \
			socket_fill_tuple(f, (__u32)ARG(f, fd), SOCKET_##dir, f->message.name); \
		else                                                                            \
			fill_empty(f);                                                          \
	})
#define SIZE_MMSG_TUPLE(fd, dir) SIZE_VAR
#define PUT_MMSG_CONTROL \
	fill_user(f, f->have_message ? f->message.control : 0, (__u16)f->message.control_len, 65000)
#define SIZE_MMSG_CONTROL SIZE_VAR

#include "source_more.h"

#endif /* SAKER_BPF_SOURCE_H */
