/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What stands between the dispatcher and an event's program while there are
 * filters or samples: the table of wanted calls then names this program
 * instead of the event's, so that without them nothing is even asked. And the
 * two that keep track of descent: one marks the children of marked tasks, one
 * those that exist already.
 */
#ifndef SAKER_BPF_GATE_H
#define SAKER_BPF_GATE_H

PROBE_INLINE const volatile struct probe_gate *gate_of(struct fill *f)
{
	__u32 nr = (__u32)ARCH_NR(f->regs) & (PROBE_SYSCALLS - 1);
	__u32 carrier = switches.want[nr].compat - PROBE_PROGRAMS;

	if (!f->compat)
		return &switches.gates[nr].own;
	if (carrier < PROBE_CARRIERS)
		return &switches.call_gates[carrier][fill_carried(f->regs)];
	return &switches.gates[nr].compat;
}

SEC("tp_btf/sys_exit")
int gate(unsigned long long *ctx)
{
	struct task_struct *task = fill_current();
	struct fill fill = {
		.regs = (void *)ctx[0],
		.ret = ctx[1],
		.task = task,
		.compat = is_compat(task),
	};
	const volatile struct probe_gate *g = gate_of(&fill);
	__u32 id = bpf_get_smp_processor_id();
	struct probe_cpu *cpu;
	bool marked = false;

	if (!filter_tasks_wanted() || !filter_paths_wanted(&fill, id, g)) {
		if (!g->state) {
			filter_count(id, g->event_class);
			return 0;
		}
		marked = true;
	}
	if (!filter_sample(id, g->event_class, g->one_in))
		return 0;
	cpu = bpf_map_lookup_elem(&cpus, &id);
	if (!cpu)
		return 0;
	cpu->mark = marked ? PROBE_LEN_STATE_ONLY : 0;
	bpf_tail_call(ctx, &programs, g->code);
	cpu->mark = 0;
	return 0;
}

PROBE_INLINE void gate_mark(struct task_struct *task, __u32 verdict)
{
	struct probe_mark *mark;

	mark = bpf_task_storage_get(&filter_marks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!mark || (mark->generation == switches.generation && mark->verdict == verdict))
		return;
	mark->verdict = verdict;
	mark->generation = switches.generation;
	__sync_fetch_and_add(&switches.marked, 1);
}

SEC("tp_btf/sched_process_fork")
int follow(unsigned long long *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	struct probe_mark *mark = bpf_task_storage_get(&filter_marks, parent, NULL, 0);

	if (!mark || mark->generation != switches.generation)
		return 0;
	if ((mark->verdict & PROBE_VERDICT_EXACT) && parent->tgid != child->tgid)
		return 0;
	gate_mark(child, mark->verdict);
	return 0;
}

#define GATE_ANCESTORS 64

struct gate_descent {
	struct task_struct *task;
	__u32 verdict;
	bool found;
};

static long gate_descent_step(__u32 i, struct gate_descent *d)
{
	struct task_struct *task = d->task, *parent;
	__u32 tgid = READ(task, tgid);
	__u32 *verdict = bpf_map_lookup_elem(&filter_roots, &tgid);

	if (verdict && (!i || !(*verdict & PROBE_VERDICT_EXACT))) {
		d->verdict = *verdict;
		d->found = true;
		return 1;
	}
	parent = READ(task, real_parent);
	if (!parent || parent == task)
		return 1;
	d->task = parent;
	return 0;
}

/* Every task there is: whose child's child is it? */
SEC("iter/task")
int mark_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct gate_descent d = {.task = task};

	if (!task)
		return 0;
	bpf_loop(GATE_ANCESTORS, gate_descent_step, &d, 0);
	if (d.found)
		gate_mark(task, d.verdict);
	return 0;
}

#endif /* SAKER_BPF_GATE_H */
