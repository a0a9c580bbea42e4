// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What exists already: a program run by the kernel's iterator once for every
 * task, and one for every open file of every task. They write the schema's
 * iterator events (430-448) to whoever reads the iterator's descriptor.
 *
 * An object of its own: where a kernel has no such iterators, /proc serves
 * instead, and the probe still loads. It shares the probe's map declarations
 * but uses only the first entry of each, for one reader reads at a time.
 */
#include "socket.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
#define EVENT(code, symbol, name, category, origin, flags, n_params, ...) \
	PARAMS_##symbol = n_params,
#include "schema/events.def"
#undef EVENT
};

PROBE_INLINE bool iter_begin(struct fill *f, struct task_struct *task)
{
	__u32 zero = 0;

	f->task = task;
	f->cpu = bpf_map_lookup_elem(&cpus, &zero);
	f->scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!f->cpu || !f->scratch)
		return false;
	f->data = f->scratch->data;
	return true;
}

PROBE_INLINE void iter_header(struct fill *f, __u16 code, __u32 n_params)
{
	struct task_struct *task = f->task;

	fill_header(f, code, n_params);
	*(__u64 *)(f->data + 8) = (__u64)task->tgid << 32 | (__u32)task->pid;
}

/* An event that no buffer of the iterator can hold is left out rather than end the scan. */
PROBE_INLINE int iter_end(struct fill *f, struct bpf_iter_meta *meta)
{
	__u32 len = f->pos;

	if (len >= meta->seq->size || len >= PROBE_EVENT_MAX)
		return 0;
	*(__u32 *)(f->data + 16) = len;
	OPAQUE(len);
	len &= PROBE_EVENT_MAX - 1;
	bpf_seq_write(meta->seq, f->data, len);
	return 0;
}

/* ---- tasks ---------------------------------------------------------------------------- */

/* A range of another task's memory: texts, each with its NUL. */
PROBE_INLINE void iter_fill_range(struct fill *f, struct task_struct *task, __u64 start, __u64 end)
{
	__u64 len = end > start ? end - start : 0;
	__u32 n = len > PROBE_ARGS_MAX ? PROBE_ARGS_MAX : len;

	OPAQUE(n);
	n &= 2 * PROBE_ARGS_MAX - 1;
	if (!n || bpf_copy_from_user_task(fill_here(f), n, (void *)start, task, 0))
		n = 0;
	fill_advance(f, n);
	if (n)
		fill_patch(f, 0);
	fill_len(f, n);
}

PROBE_INLINE void iter_fill_ids(struct fill *f, struct task_struct *task)
{
	fill_u32(f, task->real_parent->pid);
	fill_u32(f, task_nr(task_group(task, KERNEL_PID_PGID)));
	fill_u32(f, task_vnr(task_group(task, KERNEL_PID_PGID)));
	fill_u32(f, task_nr(task_group(task, KERNEL_PID_SID)));
}

PROBE_INLINE void iter_fill_exe(struct fill *f, struct task_struct *task, struct file *exe)
{
	struct inode *inode = exe ? READ(exe, f_inode) : NULL;

	fill_u64(f, inode ? READ(inode, i_ino) : 0);
	fill_u64(f, inode ? file_ctime(inode) : 0);
	fill_u64(f, inode ? file_mtime(inode) : 0);
}

PROBE_INLINE void iter_fill_usage(struct fill *f, struct task_struct *task, struct mm_struct *mm)
{
	fill_u32(f, task_vm_size(mm));
	fill_u32(f, task_vm_rss(mm));
	fill_u32(f, task_vm_swap(mm));
	fill_u64(f, task->maj_flt);
	fill_u64(f, task->min_flt);
}

SEC("iter.s/task")
int iter_task(struct bpf_iter__task *ctx)
{
	struct task_struct *trusted = ctx->task, *task;
	struct fill fill = {};
	struct fill *f = &fill;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct file *exe;

	if (!trusted)
		return 0;
	task = fill_task(trusted);
	if ((task->flags & KERNEL_PF_KTHREAD) || !iter_begin(f, task))
		return 0;
	iter_header(f, SAKER_EV_ITER_TASK_E, PARAMS_ITER_TASK_E);
	mm = task->mm;
	fs = task->fs;
	exe = mm->exe_file;
	iter_fill_ids(f, task);
	fill_kernel_str(f, (__u64)&task->comm, 16);
	iter_fill_range(f, trusted, mm->arg_start, mm->arg_end);
	file_fill_path(f, exe ? (void *)exe + bpf_core_field_offset(struct file, f_path) : NULL,
		       true);
	fill_u32(f, exe ? file_exe_flags(task, exe) : 0);
	iter_fill_range(f, trusted, mm->env_start, mm->env_end);
	file_fill_path(f, fs ? (void *)fs + bpf_core_field_offset(struct fs_struct, pwd) : NULL,
		       true);
	fill_u64(f, task_fdlimit(task));
	fill_u32(f, task->cred->euid.val);
	fill_u32(f, task->cred->egid.val);
	fill_u64(f, TASK_CAP(task, permitted));
	fill_u64(f, TASK_CAP(task, effective));
	fill_u64(f, TASK_CAP(task, inheritable));
	iter_fill_exe(f, task, exe);
	iter_fill_usage(f, task, mm);
	fill_u32(f, task_vnr(task_group(task, KERNEL_PID_TGID)));
	fill_u32(f, task_vnr(task->thread_pid));
	fill_u64(f, task_pidns_start(task));
	task_fill_cgroups(f, task);
	file_fill_path(f, fs ? (void *)fs + bpf_core_field_offset(struct fs_struct, root) : NULL,
		       true);
	fill_u64(f, switches.epoch_offset + task->start_boottime);
	fill_u32(f, task_tty(task));
	fill_u32(f, task_loginuid(task));
	return iter_end(f, ctx->meta);
}

/* ---- files ------------------------------------------------------------------------------ */

/* Names of anonymous inodes, by their first eight bytes. */
#define NAME8(a, b, c, d, e, f, g, h)                                                            \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

#define ANON_PREFIX NAME8('a', 'n', 'o', 'n', '_', 'i', 'n', 'o')

PROBE_INLINE __u8 iter_anon_type(struct dentry *dentry)
{
	const unsigned char *name = READ(dentry, d_name.name);
	__u64 first = 0;

	bpf_probe_read_kernel_str(&first, sizeof(first), name);
	/* That made the eighth byte a NUL; names shorter than that are all there. */
	switch (first) {
	case NAME8('[', 'e', 'v', 'e', 'n', 't', 'f', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_EVENTFD;
	case NAME8('[', 'e', 'v', 'e', 'n', 't', 'p', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_EVENTPOLL;
	case NAME8('i', 'n', 'o', 't', 'i', 'f', 'y', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_INOTIFY;
	case NAME8('[', 's', 'i', 'g', 'n', 'a', 'l', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_SIGNALFD;
	case NAME8('[', 't', 'i', 'm', 'e', 'r', 'f', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_TIMERFD;
	case NAME8('[', 'i', 'o', '_', 'u', 'r', 'i', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_IO_URING;
	case NAME8('[', 'u', 's', 'e', 'r', 'f', 'a', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_USERFAULTFD;
	case NAME8('[', 'p', 'i', 'd', 'f', 'd', ']', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_PIDFD;
	case NAME8('b', 'p', 'f', '-', 'm', 'a', 'p', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_BPF_MAP;
	case NAME8('b', 'p', 'f', '-', 'p', 'r', 'o', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_BPF_PROG;
	case NAME8('b', 'p', 'f', '-', 'l', 'i', 'n', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_BPF_LINK;
	case NAME8('b', 'p', 'f', '_', 'i', 't', 'e', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_BPF_ITER;
	case NAME8('[', 'p', 'e', 'r', 'f', '_', 'e', 0):
		return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_PERF_EVENT;
	}
	return SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_UNKNOWN;
}

struct iter_file {
	__u32 fd;
	struct file *file;
	struct path *path;
	struct dentry *dentry;
	struct inode *inode;
	__u64 ino;
	__u64 magic;
};

PROBE_INLINE void iter_fill_inet(struct fill *f, struct iter_file *i, struct sock *sk)
{
	iter_header(f, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, PARAMS_ITER_TASK_FILE_SOCKET_INET_E);
	fill_u32(f, i->fd);
	fill_u16(f, READ(sk, sk_type));
	fill_u16(f, READ(sk, sk_protocol));
	fill_u32(f, READ(sk, __sk_common.skc_rcv_saddr));
	fill_u16(f, READ(sk, __sk_common.skc_num));
	fill_u32(f, READ(sk, __sk_common.skc_daddr));
	fill_u16(f, socket_port(READ(sk, __sk_common.skc_dport)));
	fill_u64(f, i->ino);
}

PROBE_INLINE void iter_fill_addr6(struct fill *f, void *addr)
{
	__u64 v[2] = {};

	bpf_probe_read_kernel(v, sizeof(v), addr);
	fill_raw_bytes16(f, v);
	fill_len(f, sizeof(v));
}

PROBE_INLINE void iter_fill_inet6(struct fill *f, struct iter_file *i, struct sock *sk)
{
	iter_header(f, SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E,
		    PARAMS_ITER_TASK_FILE_SOCKET_INET6_E);
	fill_u32(f, i->fd);
	fill_u16(f, READ(sk, sk_type));
	fill_u16(f, READ(sk, sk_protocol));
	iter_fill_addr6(
		f, (void *)sk + bpf_core_field_offset(struct sock, __sk_common.skc_v6_rcv_saddr));
	fill_u16(f, READ(sk, __sk_common.skc_num));
	iter_fill_addr6(f,
			(void *)sk + bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr));
	fill_u16(f, socket_port(READ(sk, __sk_common.skc_dport)));
	fill_u64(f, i->ino);
}

PROBE_INLINE void iter_fill_unix(struct fill *f, struct iter_file *i, struct sock *sk)
{
	__u32 start;

	iter_header(f, SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E, PARAMS_ITER_TASK_FILE_SOCKET_UNIX_E);
	fill_u32(f, i->fd);
	fill_u16(f, READ(sk, sk_type));
	fill_u16(f, READ(sk, sk_protocol));
	fill_u64(f, (__u64)sk);
	start = f->pos;
	socket_fill_unix_path(f, (void *)sk);
	fill_len(f, f->pos - start);
	fill_u64(f, i->ino);
}

/* False: a family that the schema has no event for. */
PROBE_INLINE bool iter_fill_socket(struct fill *f, struct iter_file *i)
{
	struct file *file = i->file;
	struct socket *socket = READ(file, private_data);
	struct sock *sk = READ(socket, sk);
	__u16 family = READ(sk, __sk_common.skc_family);

	if (!sk)
		return false;
	if (family == KERNEL_AF_INET) {
		iter_fill_inet(f, i, sk);
	} else if (family == KERNEL_AF_INET6) {
		iter_fill_inet6(f, i, sk);
	} else if (family == KERNEL_AF_UNIX) {
		iter_fill_unix(f, i, sk);
	} else if (family == KERNEL_AF_NETLINK) {
		iter_header(f, SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E,
			    PARAMS_ITER_TASK_FILE_SOCKET_NETLINK_E);
		fill_u32(f, i->fd);
		fill_u16(f, READ(sk, sk_type));
		fill_u16(f, READ(sk, sk_protocol));
		fill_u64(f, i->ino);
	} else {
		return false;
	}
	return true;
}

/* "/memfd:x (deleted)", as /proc shows it: such a file is in no directory. */
PROBE_INLINE void iter_fill_memfd(struct fill *f, struct iter_file *i)
{
	struct dentry *dentry = i->dentry;
	__u32 start;

	iter_header(f, SAKER_EV_ITER_TASK_FILE_MEMFD_E, PARAMS_ITER_TASK_FILE_MEMFD_E);
	fill_u32(f, i->fd);
	start = f->pos;
	fill_raw8(f, '/');
	fill_raw_kernel_str(f, (__u64)READ(dentry, d_name.name), FILE_NAME_MAX);
	fill_advance(f, -1);
	file_fill_raw_deleted(f);
	fill_len(f, f->pos - start);
	fill_u64(f, i->ino);
}

PROBE_INLINE void iter_fill_pipe(struct fill *f, struct iter_file *i)
{
	struct dentry *dentry = i->dentry;

	iter_header(f, SAKER_EV_ITER_TASK_FILE_PIPE_E, PARAMS_ITER_TASK_FILE_PIPE_E);
	fill_u32(f, i->fd);
	if (i->magic == KERNEL_MAGIC_PIPEFS)
		fill_kernel_str(f, (__u64)READ(dentry, d_name.name), FILE_NAME_MAX);
	else
		file_fill_path(f, i->path, true);
	fill_u64(f, i->ino);
}

PROBE_INLINE void iter_fill_anon(struct fill *f, struct iter_file *i)
{
	__u8 type = i->magic == KERNEL_MAGIC_PIDFS
			    ? SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_PIDFD
			    : iter_anon_type(i->dentry);
	struct dentry *dentry = i->dentry;
	__u32 start;

	iter_header(f, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, PARAMS_ITER_TASK_FILE_ANON_INODE_E);
	fill_u32(f, i->fd);
	fill_u8(f, type);
	start = f->pos;
	if (type == SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_UNKNOWN) {
		/* "anon_inode:[x]", as /proc shows it. */
		fill_raw64(f, ANON_PREFIX);
		fill_raw16(f, 'd' | 'e' << 8);
		fill_raw8(f, ':');
		if (!fill_raw_kernel_str(f, (__u64)READ(dentry, d_name.name), FILE_NAME_MAX))
			fill_raw8(f, 0);
	}
	fill_len(f, f->pos - start);
	fill_u64(f, i->ino);
}

PROBE_INLINE void iter_fill_regular(struct fill *f, struct iter_file *i)
{
	struct path *path = i->path;
	struct vfsmount *vfsmnt = READ(path, mnt);
	struct mount *mnt = (void *)vfsmnt - bpf_core_field_offset(struct mount, mnt);
	struct file *file = i->file;

	iter_header(f, SAKER_EV_ITER_TASK_FILE_REGULAR_E, PARAMS_ITER_TASK_FILE_REGULAR_E);
	fill_u32(f, i->fd);
	file_fill_path(f, path, true);
	fill_u32(f, conv_open(READ(file, f_flags)));
	fill_u32(f, READ(mnt, mnt_id));
	fill_u64(f, i->ino);
}

PROBE_INLINE void iter_fill_directory(struct fill *f, struct iter_file *i)
{
	iter_header(f, SAKER_EV_ITER_TASK_FILE_DIRECTORY_E, PARAMS_ITER_TASK_FILE_DIRECTORY_E);
	fill_u32(f, i->fd);
	file_fill_path(f, i->path, true);
	fill_u64(f, i->ino);
}

/* False: nothing that the schema has an event for. */
PROBE_INLINE bool iter_fill_file(struct fill *f, struct iter_file *i)
{
	struct inode *inode = i->inode;

	/* First by file system: some of these have had different modes over time. */
	if (i->magic == KERNEL_MAGIC_ANON || i->magic == KERNEL_MAGIC_PIDFS) {
		iter_fill_anon(f, i);
		return true;
	}
	if (i->magic == KERNEL_MAGIC_SOCKFS)
		return iter_fill_socket(f, i);
	switch (READ(inode, i_mode) & KERNEL_S_IFMT) {
	case KERNEL_S_IFIFO:
		iter_fill_pipe(f, i);
		return true;
	case KERNEL_S_IFDIR:
		iter_fill_directory(f, i);
		return true;
	case KERNEL_S_IFREG:
	case KERNEL_S_IFBLK:
	case KERNEL_S_IFCHR:
	case KERNEL_S_IFLNK:
		if (file_is_memfd(i->file))
			iter_fill_memfd(f, i);
		else
			iter_fill_regular(f, i);
		return true;
	}
	return false;
}

SEC("iter/task_file")
int iter_task_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct inode *inode;
	struct fill fill = {};
	struct fill *f = &fill;
	struct iter_file i = {};

	if (!task || !file)
		return 0;
	task = fill_task(task);
	if ((task->flags & KERNEL_PF_KTHREAD) || task->tgid != task->pid)
		return 0;
	if (!iter_begin(f, task))
		return 0;
	inode = READ(file, f_inode);
	if (!inode)
		return 0;
	i.fd = ctx->fd;
	i.file = file;
	i.path = (void *)file + bpf_core_field_offset(struct file, f_path);
	i.dentry = READ(file, f_path.dentry);
	i.inode = inode;
	i.ino = READ(inode, i_ino);
	i.magic = READ(inode, i_sb, s_magic);
	if (!iter_fill_file(f, &i))
		return 0;
	return iter_end(f, ctx->meta);
}
