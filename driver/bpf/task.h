/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What events tell of a task: its ids in the initial and in its own pid
 * namespace, memory, credentials, control groups, terminal. Shared by the
 * syscall programs (the current task) and the iterators (any task).
 */
#ifndef SAKER_BPF_TASK_H
#define SAKER_BPF_TASK_H

#include "flags.h"

/*
 * Members reached from a task by plain loads: the verifier knows the types, and
 * a load costs a fraction of a call. An index that varies it does not follow.
 */
PROBE_INLINE struct upid *task_upid(struct pid *pid)
{
	__u32 level = pid->level;
	__u64 numbers = (__u64)pid + bpf_core_field_offset(struct pid, numbers);

	OPAQUE(numbers);
	return (void *)(numbers + level * bpf_core_type_size(struct upid));
}

/* type: KERNEL_PID_ */
PROBE_INLINE struct pid *task_group(struct task_struct *task, int type)
{
	return task->signal->pids[type];
}

/* As the initial namespace numbers it. */
PROBE_INLINE int task_nr(struct pid *pid)
{
	return pid ? pid->numbers[0].nr : 0;
}

/* As the innermost namespace it is in numbers it. */
PROBE_INLINE int task_vnr(struct pid *pid)
{
	return pid ? READ(task_upid(pid), nr) : 0;
}

PROBE_INLINE struct pid_namespace *task_pidns(struct task_struct *task)
{
	struct pid *pid = task->thread_pid;

	return pid ? READ(task_upid(pid), ns) : NULL;
}

/* When the first process of its pid namespace started, ns since boot. */
PROBE_INLINE __u64 task_pidns_start(struct task_struct *task)
{
	struct pid_namespace *ns = task_pidns(task);

	return READ(ns, child_reaper, start_time);
}

/* Its children count pids in another namespace than the initial one. */
PROBE_INLINE bool task_child_in_pidns(struct task_struct *task)
{
	struct pid_namespace *ns = task_pidns(task);
	struct pid_namespace *children = task->nsproxy->pid_ns_for_children;

	return READ(ns, level) || (__u64)children != (__u64)ns;
}

/* ---- memory, in KiB --------------------------------------------------------- */

#define TASK_PAGE_KIB 4
#define TASK_MM_FILE 0
#define TASK_MM_ANON 1
#define TASK_MM_SWAP 2
#define TASK_MM_SHMEM 3

/*
 * A macro, for the index must be a constant when the compiler notes what to relocate. Kernels
 * before 6.2 let nobody read an atomic_long_t directly.
 */
#define TASK_COUNTER(mm, i)                                            \
	({                                                             \
		struct mm_struct___sum *_old = (void *)(mm);           \
		bpf_core_type_exists(struct mm_rss_stat)               \
			? (__u64)READ(_old, rss_stat.count[i].counter) \
			: (__u64)(mm)->rss_stat[i].count;              \
	})

PROBE_INLINE __u32 task_vm_size(struct mm_struct *mm)
{
	return mm->total_vm * TASK_PAGE_KIB;
}

PROBE_INLINE __u32 task_vm_rss(struct mm_struct *mm)
{
	return (TASK_COUNTER(mm, TASK_MM_FILE) + TASK_COUNTER(mm, TASK_MM_ANON) +
		TASK_COUNTER(mm, TASK_MM_SHMEM)) *
	       TASK_PAGE_KIB;
}

PROBE_INLINE __u32 task_vm_swap(struct mm_struct *mm)
{
	return TASK_COUNTER(mm, TASK_MM_SWAP) * TASK_PAGE_KIB;
}

/* ---- credentials and the rest ------------------------------------------------- */

/* Only the capabilities that the schema numbers; the kernel numbers them alike. */
#define TASK_CAPS ((1ULL << 41) - 1)

/* A type of eight bytes, whatever its name and inner shape. */
PROBE_INLINE __u64 task_caps(const void *caps)
{
	return READ_WORD(caps) & TASK_CAPS;
}

#define TASK_CAP(task, which) \
	task_caps((const void *)(task)->cred + bpf_core_field_offset(struct cred, cap_##which))

PROBE_INLINE __u32 task_loginuid(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->loginuid))
		return -1;
	return task->loginuid.val;
}

PROBE_INLINE __u32 task_tty(struct task_struct *task)
{
	struct tty_struct *tty = task->signal->tty;
	struct tty_driver *driver;

	if (!tty)
		return 0;
	driver = tty->driver;
	if (!driver)
		return 0;
	return conv_dev(((__u32)driver->major << 20 | (__u32)driver->minor_start) + tty->index);
}

PROBE_INLINE __u64 task_fdlimit(struct task_struct *task)
{
	return task->signal->rlim[KERNEL_RLIMIT_NOFILE].rlim_cur;
}

/* ---- control groups ------------------------------------------------------------ */

#define TASK_CGROUP_DEPTH 16 /* components of a path that are kept, from the innermost */
#define TASK_CGROUP_NAME 256

PROBE_INLINE struct kernfs_node *task_kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___plain *old = (void *)kn;

	if (bpf_core_field_exists(old->parent))
		return READ(old, parent);
	return READ(kn, __parent);
}

/* Up the hierarchy, then down again: each step is verified once, whatever the depth. */
struct task_cgroup_walk {
	struct kernfs_node *kn;
	__u64 *names;
	__u8 *data;
	__u32 pos;
	__u32 n;
};

static long task_cgroup_up(__u32 i, struct task_cgroup_walk *w)
{
	struct kernfs_node *kn = w->kn;

	if (!kn)
		return 1;
	w->names[i & (TASK_CGROUP_DEPTH - 1)] = (__u64)READ(kn, name);
	w->kn = task_kernfs_parent(kn);
	w->n++;
	return 0;
}

static long task_cgroup_down(__u32 i, struct task_cgroup_walk *w)
{
	__u64 name = w->names[(w->n - 1 - i) & (TASK_CGROUP_DEPTH - 1)];
	__u32 pos = w->pos;
	long n;

	OPAQUE(pos);
	pos &= PROBE_EVENT_MAX - 1;
	n = bpf_probe_read_kernel_str(w->data + pos, TASK_CGROUP_NAME, (void *)name);
	if (n <= 0)
		return 1;
	/* Its NUL becomes the '/' in front of the next one. */
	pos += n - 1;
	OPAQUE(pos);
	pos &= PROBE_EVENT_MAX - 1;
	w->data[pos] = '/';
	w->pos = pos + 1;
	return 0;
}

/* "cpuset=/a/b" and its NUL. */
PROBE_INLINE void task_fill_cgroup(struct fill *f, struct css_set *set, int subsys)
{
	struct cgroup_subsys_state *css =
		(void *)READ_WORD((void *)set + bpf_core_field_offset(struct css_set, subsys) +
				  subsys * sizeof(void *));
	struct task_cgroup_walk w = {};

	if (!css || !fill_raw_kernel_str(f, (__u64)READ(css, ss, name), 64))
		return;
	fill_patch(f, '=');
	w.kn = READ(css, cgroup, kn);
	w.names = (void *)f->scratch->tmp;
	bpf_loop(TASK_CGROUP_DEPTH, task_cgroup_up, &w, 0);
	/* The root's name is ""; a path that is deeper than that starts in its middle. */
	if (w.kn)
		fill_raw8(f, '/');
	w.data = f->data;
	w.pos = f->pos;
	bpf_loop(w.n, task_cgroup_down, &w, 0);
	fill_advance(f, w.pos - f->pos);
	/* The '/' behind the last component is where the text ends, save for the root alone. */
	if (w.n < 2)
		fill_raw8(f, 0);
	else
		fill_patch(f, 0);
}

PROBE_INLINE void task_fill_cgroups(struct fill *f, struct task_struct *task)
{
	struct css_set *set = task->cgroups;
	__u32 start = f->pos;

#define CGROUP(name)                                                           \
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, name##_cgrp_id)) \
	task_fill_cgroup(f, set, bpf_core_enum_value(enum cgroup_subsys_id, name##_cgrp_id))
	CGROUP(cpuset);
	CGROUP(cpu);
	CGROUP(cpuacct);
	CGROUP(io);
	CGROUP(memory);
#undef CGROUP
	fill_len(f, f->pos - start);
}

#endif /* SAKER_BPF_TASK_H */
