/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Files: from a descriptor to the open file, its inode and layer, and its path
 * (by walking dentries and mounts up, bounded: the kernel's own helper is not
 * to be had in these programs).
 */
#ifndef SAKER_BPF_FILE_H
#define SAKER_BPF_FILE_H

#include "task.h"

/* NULL: not open. */
PROBE_INLINE struct file *file_of_fd(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = task->files->fdt;

	if (fd >= table->max_fds)
		return NULL;
	return (void *)READ_WORD(table->fd + fd);
}

enum file_layer {
	FILE_LAYER_NONE,
	FILE_LAYER_UPPER,
	FILE_LAYER_LOWER,
};

/* Of an inode that is known to be of an overlay file system. */
PROBE_INLINE enum file_layer file_overlay_layer(struct inode *inode)
{
	/* The overlay's own inode embeds this one; the upper dentry comes right behind. */
	struct dentry *upper = (void *)READ_WORD((void *)inode + bpf_core_type_size(struct inode));

	if (upper && READ(upper, d_inode, i_ino))
		return FILE_LAYER_UPPER;
	return FILE_LAYER_LOWER;
}

PROBE_INLINE enum file_layer file_layer(struct file *file)
{
	struct inode *inode = READ(file, f_inode);

	if (!inode || READ(inode, i_sb, s_magic) != KERNEL_MAGIC_OVERLAY)
		return FILE_LAYER_NONE;
	return file_overlay_layer(inode);
}

/* ns since 1970 */
PROBE_INLINE __u64 file_time(__s64 sec, __u64 nsec)
{
	return sec < 0 ? 0 : sec * 1000000000ULL + nsec;
}

PROBE_INLINE __u64 file_ctime(struct inode *inode)
{
	struct inode___hidden *hidden = (void *)inode;
	struct inode___plain *plain = (void *)inode;

	/* The top bit says that somebody asked for the time; it is no part of it (since 6.13). */
	if (bpf_core_field_exists(inode->i_ctime_sec))
		return file_time(READ(inode, i_ctime_sec), READ(inode, i_ctime_nsec) & ~(1U << 31));
	if (bpf_core_field_exists(hidden->__i_ctime))
		return file_time(READ(hidden, __i_ctime.tv_sec), READ(hidden, __i_ctime.tv_nsec));
	return file_time(READ(plain, i_ctime.tv_sec), READ(plain, i_ctime.tv_nsec));
}

PROBE_INLINE __u64 file_mtime(struct inode *inode)
{
	struct inode___hidden *hidden = (void *)inode;
	struct inode___plain *plain = (void *)inode;

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return file_time(READ(inode, i_mtime_sec), READ(inode, i_mtime_nsec));
	if (bpf_core_field_exists(hidden->__i_mtime))
		return file_time(READ(hidden, __i_mtime.tv_sec), READ(hidden, __i_mtime.tv_nsec));
	return file_time(READ(plain, i_mtime.tv_sec), READ(plain, i_mtime.tv_nsec));
}

/* ---- paths --------------------------------------------------------------------- */

#define FILE_PATH_COMPONENTS (PROBE_PATH_MAX / 2) /* no more have room, mounts aside */
#define FILE_NAME_MAX 256

/* Where a step's state is; that itself is in the scratch, of which the verifier remembers nothing.
 */
struct file_walk_ctx {
	struct probe_scratch *scratch;
};

/* The walk fills tmp from its end: walk.at is the first byte used. */
static long file_walk_step(__u32 i, struct file_walk_ctx *ctx)
{
	struct probe_walk *w = &ctx->scratch->walk;
	struct dentry *dentry = (void *)w->dentry;
	struct mount *mnt = (void *)w->mnt;
	__u8 *tmp = ctx->scratch->tmp;
	struct dentry *parent;
	struct mount *up;
	__u32 len, at;

	if ((__u64)dentry == w->mnt_root) {
		up = READ(mnt, mnt_parent);
		if (up == mnt) {
			w->whole = true;
			return 1;
		}
		w->dentry = (__u64)READ(mnt, mnt_mountpoint);
		w->mnt_root = (__u64)READ(up, mnt.mnt_root);
		w->mnt = (__u64)up;
		return 0;
	}
	parent = READ(dentry, d_parent);
	if (dentry == parent) {
		w->whole = true;
		return 1;
	}
	len = READ(dentry, d_name.len);
	at = w->at;
	if (len >= FILE_NAME_MAX || len + 1 > at)
		return 1;
	at -= len + 1;
	w->at = at;
	w->dentry = (__u64)parent;
	OPAQUE(at);
	at &= PROBE_PATH_MAX - 1;
	OPAQUE(len);
	len &= FILE_NAME_MAX - 1;
	tmp[at] = '/';
	return bpf_probe_read_kernel(&tmp[at + 1], len, READ(dentry, d_name.name)) != 0;
}

/* What /proc appends to the name of a file that no longer has one. */
PROBE_INLINE void file_fill_raw_deleted(struct fill *f)
{
	fill_raw32(f, ' ' | '(' << 8 | 'd' << 16 | 'e' << 24);
	fill_raw32(f, 'l' | 'e' << 8 | 't' << 16 | 'e' << 24);
	fill_raw16(f, 'd' | ')' << 8);
	fill_raw8(f, 0);
}

/*
 * The path as a parameter's bytes without its length; returns how many. Of one
 * that is too long the end, from the middle of nowhere: without a slash in front
 * it is not taken for a path from the root, and walk.whole is false.
 * deleted: as /proc shows it, with " (deleted)" when there is no such name any more.
 */
PROBE_INLINE __u32 file_fill_raw_path(struct fill *f, struct path *path, bool deleted)
{
	struct vfsmount *vfsmnt = READ(path, mnt);
	struct dentry *dentry = READ(path, dentry);
	__u8 *tmp = f->scratch->tmp;
	__u32 start = f->pos;
	struct file_walk_ctx ctx = {f->scratch};
	struct probe_walk *w = &f->scratch->walk;
	__u32 at;

	w->whole = true;
	if (!dentry)
		return 0;
	tmp[PROBE_PATH_MAX - 1] = 0;
	w->dentry = (__u64)dentry;
	w->mnt_root = (__u64)READ(vfsmnt, mnt_root);
	w->mnt = (__u64)vfsmnt - bpf_core_field_offset(struct mount, mnt);
	w->at = PROBE_PATH_MAX - 1;
	w->whole = false;
	bpf_loop(FILE_PATH_COMPONENTS, file_walk_step, &ctx, 0);
	at = w->at;
	if (at == PROBE_PATH_MAX - 1) {
		/* A root: "/", or a file of a file system without a tree, "memfd:x". */
		if (!fill_raw_kernel_str(f, (__u64)READ(dentry, d_name.name), FILE_NAME_MAX))
			return 0;
	} else {
		at += !w->whole;
		OPAQUE(at);
		fill_raw_kernel_str(f, (__u64)&tmp[at & (PROBE_PATH_MAX - 1)], PROBE_PATH_MAX);
	}
	if (deleted && !READ(dentry, d_hash.pprev) && READ(dentry, d_parent) != dentry) {
		fill_advance(f, -1); /* over the NUL */
		file_fill_raw_deleted(f);
	}
	return f->pos - start;
}

PROBE_INLINE void file_fill_path(struct fill *f, struct path *path, bool deleted)
{
	__u32 n = path ? file_fill_raw_path(f, path, deleted) : 0;

	if (n && !f->scratch->walk.whole)
		fill_cut(f, 0);
	fill_len(f, n);
}

/* Of an open file; NULL: an empty parameter. */
PROBE_INLINE void file_fill_file_path(struct fill *f, struct file *file)
{
	file_fill_path(f, file ? (void *)file + bpf_core_field_offset(struct file, f_path) : NULL,
		       false);
}

/* ---- executables ------------------------------------------------------------------ */

#define FILE_MEMFD 6 /* bytes of "memfd:" */

/* Its dentry is its own root and has a name that only memfd_create gives. */
PROBE_INLINE bool file_is_memfd(struct file *file)
{
	struct dentry *dentry = READ(file, f_path.dentry);
	char name[FILE_MEMFD + 1] = {};

	if (!dentry || READ(dentry, d_parent) != dentry)
		return false;
	bpf_probe_read_kernel_str(name, sizeof(name), READ(dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' &&
	       name[4] == 'd' && name[5] == ':';
}

#define FILE_GROUP_STEPS 16 /* of a binary search: 65536 groups */

struct file_group_search {
	void *gids;
	__u32 gid;
	__u32 left;
	__u32 right;
	bool found;
};

static long file_group_step(__u32 i, struct file_group_search *s)
{
	__u32 mid = (s->left + s->right) / 2, v = 0;

	if (s->left >= s->right)
		return 1;
	bpf_probe_read_kernel(&v, sizeof(v), s->gids + mid * sizeof(v));
	s->found = s->gid == v;
	if (s->gid > v)
		s->left = mid + 1;
	else
		s->right = mid;
	return s->found;
}

PROBE_INLINE bool file_in_group(const struct cred *cred, __u32 gid)
{
	struct group_info *info = cred->group_info;
	struct file_group_search s = {
		.gids = (void *)info + bpf_core_field_offset(struct group_info, gid),
		.gid = gid,
		.right = info->ngroups,
	};

	bpf_loop(FILE_GROUP_STEPS, file_group_step, &s, 0);
	return s.found;
}

PROBE_INLINE bool file_id_mapped(struct uid_gid_map *map, __u32 id)
{
	__u32 n = READ(map, nr_extents);
	__u32 size = bpf_core_type_size(struct uid_gid_extent);
	__u32 i;

	/* More extents than these live elsewhere; such a namespace maps nearly everything. */
	if (n > 5)
		return true;
#pragma unroll
	for (i = 0; i < 5; i++) {
		struct uid_gid_extent *e =
			(void *)map + bpf_core_field_offset(struct uid_gid_map, extent) + i * size;
		__u32 first, count;

		if (i >= n)
			break;
		first = READ(e, lower_first);
		count = READ(e, count);
		if (id - first < count)
			return true;
	}
	return false;
}

/* The task's credentials allow to write the file it runs. */
PROBE_INLINE bool file_writable(struct task_struct *task, struct inode *inode)
{
	const struct cred *cred = task->cred;
	__u32 mode = READ(inode, i_mode);
	__u32 type = mode & KERNEL_S_IFMT;
	__u32 uid = READ(inode, i_uid.val);
	__u32 gid = READ(inode, i_gid.val);
	struct user_namespace *ns;
	bool uid_mapped;
	__u64 caps;

	if ((READ(inode, i_sb, s_flags) & KERNEL_SB_RDONLY) &&
	    (type == KERNEL_S_IFREG || type == KERNEL_S_IFDIR || type == KERNEL_S_IFLNK))
		return false;
	if ((READ(inode, i_flags) & KERNEL_S_IMMUTABLE) || uid == ~0U || gid == ~0U)
		return false;
	if (READ(cred, fsuid.val) == uid)
		return true;
	if (READ(cred, fsgid.val) == gid || file_in_group(cred, gid))
		mode >>= 3;
	if (mode & KERNEL_MAY_WRITE)
		return true;
	ns = READ(cred, user_ns);
	if (!ns)
		return false;
	caps = TASK_CAP(task, effective);
	uid_mapped = file_id_mapped(
		(void *)ns + bpf_core_field_offset(struct user_namespace, uid_map), uid);
	if ((caps & 1 << KERNEL_CAP_FOWNER) && uid_mapped)
		return true;
	return (caps & 1 << KERNEL_CAP_DAC_OVERRIDE) && uid_mapped &&
	       file_id_mapped((void *)ns + bpf_core_field_offset(struct user_namespace, gid_map),
			      gid);
}

PROBE_INLINE __u32 file_exe_flags(struct task_struct *task, struct file *exe)
{
	struct inode *inode = READ(exe, f_inode);
	enum file_layer layer = file_layer(exe);
	__u32 flags = 0;

	if (inode && file_writable(task, inode))
		flags |= SAKER_FLAG_execve_flags_EXE_WRITABLE;
	if (layer == FILE_LAYER_UPPER)
		flags |= SAKER_FLAG_execve_flags_EXE_UPPER_LAYER;
	if (layer == FILE_LAYER_LOWER)
		flags |= SAKER_FLAG_execve_flags_EXE_LOWER_LAYER;
	if (file_is_memfd(exe))
		flags |= SAKER_FLAG_execve_flags_EXE_FROM_MEMFD;
	return flags;
}

#endif /* SAKER_BPF_FILE_H */
