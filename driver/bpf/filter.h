/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Filters that a caller set: by task, command, user, control group and path.
 * Nothing here runs unless there are some. For each kind, the entry that
 * matches closest decides; none matching, what decides is whether there is
 * anything to include. What cannot be told for certain passes.
 */
#ifndef SAKER_BPF_FILTER_H
#define SAKER_BPF_FILTER_H

#include "source.h"

/* Names are in the memory of whoever calls; a program whose are not says so in front. */
#ifndef FILTER_READ_NAME
#define FILTER_READ_NAME(f, ptr) fill_raw_user_str(f, ptr, PROBE_PATH_MAX)
#define FILTER_READ_FIRST(to, ptr) bpf_probe_read_user(to, 1, (void *)(ptr))
#endif

PROBE_INLINE bool filter_says(__u32 kind, const __u32 *verdict)
{
	if (verdict)
		return *verdict & PROBE_VERDICT_INCLUDE;
	return !(switches.includes & kind);
}

/*
 * Whose doing it is. The threads that the kernel adds to a process for its
 * io_uring are born without sched_process_fork, so they have no mark, and a
 * command of their own. Not fill_current(): the storage of a task takes a trusted pointer.
 */
PROBE_INLINE struct task_struct *filter_task(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->flags & KERNEL_PF_IO_WORKER ? task->group_leader : task;
}

PROBE_INLINE bool filter_pid(void)
{
	struct probe_mark *mark = bpf_task_storage_get(&filter_marks, filter_task(), NULL, 0);

	if (mark && mark->generation != switches.generation)
		mark = NULL;
	return filter_says(PROBE_FILTER_PID, mark ? &mark->verdict : NULL);
}

PROBE_INLINE bool filter_comm(void)
{
	struct probe_comm comm = {};

	bpf_probe_read_kernel_str(comm.text, sizeof(comm.text), filter_task()->comm);
	return filter_says(PROBE_FILTER_COMM, bpf_map_lookup_elem(&filter_comms, &comm));
}

/* The effective one, as user.uid is. */
PROBE_INLINE bool filter_uid(void)
{
	struct task_struct *task = fill_current();
	__u32 uid = task->cred->euid.val;

	return filter_says(PROBE_FILTER_UID, bpf_map_lookup_elem(&filter_uids, &uid));
}

/* From the task's own group up, in the unified hierarchy. */
PROBE_INLINE bool filter_cgroup(void)
{
	__u64 own = bpf_get_current_cgroup_id();
	__u32 *verdict = NULL;
	int level;

	for (level = PROBE_CGROUP_LEVELS - 1; level >= 0; level--) {
		__u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (!id)
			continue;
		verdict = bpf_map_lookup_elem(&filter_cgroups, &id);
		if (verdict && (id == own || !(*verdict & PROBE_VERDICT_EXACT)))
			break;
		verdict = NULL;
	}
	return filter_says(PROBE_FILTER_CGROUP, verdict);
}

/* All but the path, of the current task. */
PROBE_INLINE bool filter_tasks_wanted(void)
{
	__u32 filters = switches.filters;

	if (!filters)
		return true;
	return (!(filters & PROBE_FILTER_UID) || filter_uid()) &&
	       (!(filters & PROBE_FILTER_COMM) || filter_comm()) &&
	       (!(filters & PROBE_FILTER_PID) || filter_pid()) &&
	       (!(filters & PROBE_FILTER_CGROUP) || filter_cgroup());
}

/* ---- paths --------------------------------------------------------------------------- */

PROBE_INLINE __u64 filter_arg(struct fill *f, int n)
{
	switch (n) {
	case 0:
		return ARG(f, 0);
	case 1:
		return ARG(f, 1);
	case 2:
		return ARG(f, 2);
	case 3:
		return ARG(f, 3);
	}
	return 0;
}

#define FILTER_AT_FDCWD -100

/* Where a relative name starts from; NULL: not known. */
PROBE_INLINE struct path *filter_base(struct fill *f, int dir)
{
	__s32 fd = dir < 0 ? FILTER_AT_FDCWD : (__s32)filter_arg(f, dir);
	struct file *file;

	if (fd == FILTER_AT_FDCWD)
		return (void *)f->task->fs + bpf_core_field_offset(struct fs_struct, pwd);
	file = file_of_fd(f->task, fd);
	return file ? (void *)file + bpf_core_field_offset(struct file, f_path) : NULL;
}

#define FILTER_SCAN (2 * PROBE_PATH_MAX) /* a directory and a name */

struct filter_scan {
	__u8 *text;
	bool odd;
};

/* "//", "/./", "/..": the name as written need not be the name as meant. */
static long filter_scan_step(__u32 i, struct filter_scan *s)
{
	__u8 *at = s->text + (i & (FILTER_SCAN - 1));

	if (!at[0])
		return 1;
	s->odd = at[0] == '/' &&
		 (at[1] == '/' || (at[1] == '.' && (!at[2] || at[2] == '/' || at[2] == '.')));
	return s->odd;
}

/*
 * The name in argument `path` against the prefixes. It is put together in the
 * scratch, in the shape of a key: the directory it is relative to, the name.
 */
PROBE_INLINE bool filter_path(struct fill *f, int dir, int path)
{
	struct probe_prefix *key = (void *)f->data;
	__u64 ptr = filter_arg(f, path);
	struct filter_scan scan = {.text = key->text};
	struct path *base;
	__u8 first = 0;
	__u32 len;

	if (FILTER_READ_FIRST(&first, ptr) || !first)
		return true;
	f->pos = __builtin_offsetof(struct probe_prefix, text);
	if (first != '/') {
		base = filter_base(f, dir);
		if (!base || file_fill_raw_path(f, base, false) < 2 || !f->scratch->walk.whole)
			return true;
		/* Over the NUL; behind the root there is a slash already. */
		fill_advance(f, -1);
		if (f->pos > __builtin_offsetof(struct probe_prefix, text) + 1)
			fill_raw8(f, '/');
	}
	/* It may be gone since: then the scratch has somebody else's name there. */
	if (!FILTER_READ_NAME(f, ptr))
		return true;
	len = f->pos - __builtin_offsetof(struct probe_prefix, text) - 1;
	bpf_loop(FILTER_SCAN, filter_scan_step, &scan, 0);
	if (scan.odd)
		return true;
	if (len > PROBE_PREFIX)
		len = PROBE_PREFIX;
	key->bits = len * 8;
	return filter_says(PROBE_FILTER_PATH, bpf_map_lookup_elem(&filter_paths, key));
}

/* Of a call with two names either one is enough. */
PROBE_INLINE bool filter_paths_wanted(struct fill *f, __u32 id,
				      const volatile struct probe_gate *gate)
{
	if (!(switches.filters & PROBE_FILTER_PATH) || gate->path[0] < 0)
		return true;
	f->cpu = bpf_map_lookup_elem(&cpus, &id);
	f->scratch = bpf_map_lookup_elem(&scratches, &id);
	if (!f->cpu || !f->scratch || f->cpu->busy)
		return true;
	f->data = f->scratch->data;
	return filter_path(f, gate->dir[0], gate->path[0]) ||
	       (gate->path[1] >= 0 && filter_path(f, gate->dir[1], gate->path[1]));
}

/* ---- counting --------------------------------------------------------------------------- */

PROBE_INLINE void filter_count(__u32 id, __u32 class)
{
	struct probe_cpu *cpu = bpf_map_lookup_elem(&cpus, &id);

	if (cpu && class < PROBE_CLASSES)
		cpu->filtered[class]++;
}

/* False: left out, and counted so. A throw of the dice, so that no rhythm of calls evades it. */
PROBE_INLINE bool filter_sample(__u32 id, __u32 class, __u32 one_in)
{
	struct probe_cpu *cpu;

	if (one_in <= 1 || bpf_get_prandom_u32() % one_in == 0)
		return true;
	cpu = bpf_map_lookup_elem(&cpus, &id);
	if (cpu && class < PROBE_CLASSES) {
		cpu->seen[class]++;
		cpu->sampled[class]++;
	}
	return false;
}

#endif /* SAKER_BPF_FILTER_H */
