// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The probe: one program at every syscall's exit that looks up whether the
 * call is wanted, a program for each event that it jumps to (fill.def, one
 * line each), and one for tasks that end.
 */
#include "begin.h"
#include "filter.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

PROBE_INLINE bool is_compat(struct task_struct *task)
{
	return ARCH_COMPAT_STATE(task) & ARCH_COMPAT_BIT;
}

/* ---- one program an event -------------------------------------------------------------- */

#define FILL(symbol, class, ...)                                                                  \
	_Static_assert((0 EACH(COUNT, __VA_ARGS__)) == PARAMS_##symbol, #symbol);                 \
	enum {                                                                                    \
		SIZE_OF_##symbol = SAKER_WIRE_HEADER +                                            \
				   PARAMS_##symbol * SAKER_WIRE_LEN EACH(ADD_SIZE, __VA_ARGS__),  \
	};                                                                                        \
	SEC("tp_btf/sys_exit")                                                                    \
	int x_##symbol(unsigned long long *ctx)                                                   \
	{                                                                                         \
		struct task_struct *task = fill_current();                                        \
		struct fill fill = {                                                              \
			.regs = (void *)ctx[0],                                                   \
			.ret = ctx[1],                                                            \
			.task = task,                                                             \
			.compat = is_compat(task),                                                \
		};                                                                                \
		struct fill *f = &fill;                                                           \
		__u32 id = bpf_get_smp_processor_id();                                            \
		void *ring;                                                                       \
                                                                                                  \
		if (FILL_ARGS_MOVE(symbol))                                                       \
			fill_load_args(f);                                                        \
		f->cpu = begin(f, id, PROBE_CLASS_##class, SAKER_EV_##symbol, &ring);             \
		if (!f->cpu)                                                                      \
			return 0;                                                                 \
		if (SIZE_OF_##symbol < SIZE_VAR) {                                                \
			if (!begin_fixed(f, ring, SIZE_OF_##symbol, SAKER_EV_##symbol,            \
					 PROBE_CLASS_##class))                                    \
				return 0;                                                         \
			fill_header(f, SAKER_EV_##symbol, PARAMS_##symbol);                       \
			*(__u32 *)(f->data + 16) = SIZE_OF_##symbol;                              \
			EACH(PUT, __VA_ARGS__)                                                    \
			if (f->has_note)                                                          \
				note_write(f, f->data + SIZE_OF_##symbol, SAKER_VIA_IA32, 0, 0);  \
			bpf_ringbuf_submit(                                                       \
				f->data, fill_wake(f->cpu, SAKER_EV_##symbol, SIZE_OF_##symbol)); \
		} else {                                                                          \
			if (!begin_scratch(f, id, PROBE_CLASS_##class, SAKER_EV_##symbol))        \
				return 0;                                                         \
			if (is_state(PROBE_CLASS_##class))                                        \
				take_mark(f);                                                     \
			fill_header(f, SAKER_EV_##symbol, PARAMS_##symbol);                       \
			EACH(PUT, __VA_ARGS__)                                                    \
			note_output(f, ring, SAKER_EV_##symbol, PROBE_CLASS_##class,              \
				    f->compat ? SAKER_VIA_IA32 : SAKER_VIA_SYSCALL, 0);           \
		}                                                                                 \
		return 0;                                                                         \
	}

#define FILL_RING(...) FILL(__VA_ARGS__)

#define MESSAGES_MAX 16 /* events one sendmmsg or recvmmsg can yield */

/*
 * The program runs once a message and then jumps to itself; which message it
 * is at stands in the CPU's state. A call that moved nothing is one event.
 */
#define FILL_MESSAGES(symbol, class, n, ...)                                                      \
	_Static_assert((0 EACH(COUNT, __VA_ARGS__)) == PARAMS_##symbol, #symbol);                 \
	SEC("tp_btf/sys_exit")                                                                    \
	int x_##symbol(unsigned long long *ctx)                                                   \
	{                                                                                         \
		struct task_struct *task = fill_current();                                        \
		struct fill fill = {                                                              \
			.regs = (void *)ctx[0],                                                   \
			.ret = ctx[1],                                                            \
			.task = task,                                                             \
			.compat = is_compat(task),                                                \
		};                                                                                \
		struct fill *f = &fill;                                                           \
		long messages = f->ret;                                                           \
		__u32 at;                                                                         \
		__u32 id = bpf_get_smp_processor_id();                                            \
		void *ring;                                                                       \
                                                                                                  \
		if (FILL_ARGS_MOVE(symbol))                                                       \
			fill_load_args(f);                                                        \
		f->cpu = begin(f, id, PROBE_CLASS_##class, SAKER_EV_##symbol, &ring);             \
		if (!f->cpu)                                                                      \
			return 0;                                                                 \
		at = f->cpu->message;                                                             \
		f->cpu->message = 0;                                                              \
		if (!begin_scratch(f, id, PROBE_CLASS_##class, SAKER_EV_##symbol))                \
			return 0;                                                                 \
		if (messages > 0) {                                                               \
			socket_load_message(                                                      \
				f,                                                                \
				ARG(f, n) + at * (f->compat ? sizeof(struct socket_msghdr_compat) \
							    : sizeof(struct socket_msghdr)),      \
				true);                                                            \
			f->ret = f->message.len;                                                  \
		}                                                                                 \
		fill_header(f, SAKER_EV_##symbol, PARAMS_##symbol);                               \
		EACH(PUT, __VA_ARGS__)                                                            \
		note_output(f, ring, SAKER_EV_##symbol, PROBE_CLASS_##class,                      \
			    f->compat ? SAKER_VIA_IA32 : SAKER_VIA_SYSCALL, 0);                   \
		if (++at < messages && at < MESSAGES_MAX) {                                       \
			f->cpu->message = at;                                                     \
			bpf_tail_call(ctx, &programs, SAKER_EV_##symbol);                         \
			f->cpu->message = 0;                                                      \
		}                                                                                 \
		return 0;                                                                         \
	}

#include "schema/fill.def"

/* ---- the dispatcher ------------------------------------------------------------------------ */

/* A number that is not in the table as it stands. */
PROBE_INLINE __u64 dispatch_odd(__u64 saved)
{
	__u64 nr = (__u32)saved;

	if (nr & ARCH_NR_FLAG && !is_compat(fill_current()))
		nr ^= ARCH_NR_FLAG;
	OPAQUE(nr);
	return nr;
}

SEC("tp_btf/sys_exit")
int sys_exit(unsigned long long *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	__u64 nr = ARCH_NR_SAVED(regs);
	struct probe_syscall want;
	__u32 code;

	/* What uses the number after this takes the lower bits alone. */
	if (nr >= PROBE_SYSCALLS) {
		nr = dispatch_odd(nr);
		if (nr >= PROBE_SYSCALLS)
			return 0;
	}
	want.own = switches.want[nr].own;
	want.compat = switches.want[nr].compat;
	/* Most calls end here, before anything is asked of the task. */
	if (!(want.own | want.compat))
		return 0;
	if (is_compat(fill_current())) {
		code = want.compat;
		if (code >= PROBE_PROGRAMS)
			code = switches.calls[(code - PROBE_PROGRAMS) % PROBE_CARRIERS]
					     [fill_carried(regs)]
						     .want;
	} else {
		code = want.own;
	}
	if (!code)
		return 0;
	if (config.drop_failed && (long)ctx[1] < 0)
		return 0;
	/*
	 * The same jump by a constant is a direct one, without a mitigated indirect branch: worth
	 * it for the calls that make up most of what is wanted.
	 */
	if (code == SAKER_EV_SYSCALL_CLOSE_X)
		bpf_tail_call_static(ctx, &programs, SAKER_EV_SYSCALL_CLOSE_X);
	else if (code == SAKER_EV_SYSCALL_OPENAT_2_X)
		bpf_tail_call_static(ctx, &programs, SAKER_EV_SYSCALL_OPENAT_2_X);
	bpf_tail_call(ctx, &programs, code);
	return 0;
}

#include "gate.h"

/* ---- tasks that end ---------------------------------------------------------------------------
 */

#define EXIT_THREADS \
	30 /* of a group, and ancestors, that are looked at for who takes the children */
#define EXIT_ANCESTORS 60

struct exit_search {
	struct list_head *head;
	struct list_head *at;
	int tid; /* 0: none; -1: gave up */
};

static long exit_alive_step(__u32 i, struct exit_search *s)
{
	struct list_head *at = s->at;
	struct task_struct *t = (void *)at - bpf_core_field_offset(struct task_struct, thread_node);

	if (at == s->head || !at)
		return 1;
	if (!(READ(t, flags) & KERNEL_PF_EXITING)) {
		s->tid = READ(t, pid);
		return 1;
	}
	s->at = READ(at, next);
	if (i == EXIT_THREADS - 1)
		s->tid = -1;
	return 0;
}

/* A thread of the task's group that goes on living. */
PROBE_INLINE int exit_alive(struct task_struct *task)
{
	struct signal_struct *signal = READ(task, signal);
	struct list_head *head =
		(void *)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	struct exit_search s = {.head = head, .at = READ(head, next)};

	bpf_loop(EXIT_THREADS, exit_alive_step, &s, 0);
	return s.tid;
}

struct exit_ancestors {
	struct task_struct *task;
	struct task_struct *reaper;
	__u32 level;
	int tid;
};

static long exit_ancestor_step(__u32 i, struct exit_ancestors *a)
{
	struct task_struct *reaper = a->reaper;
	struct task_struct *task = a->task;
	struct signal_struct *signal;

	if (READ(task, thread_pid, level) != a->level || task == reaper) {
		a->tid = READ(reaper, pid);
		return 1;
	}
	signal = READ(task, signal);
	if (BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper)) {
		a->tid = exit_alive(task);
		if (a->tid)
			return 1;
	}
	a->task = READ(task, real_parent);
	if (i == EXIT_ANCESTORS - 1)
		a->tid = -1;
	return 0;
}

/*
 * Who gets the children: another thread of the group, else the nearest
 * ancestor that asked for orphans, else the namespace's first process. The
 * kernel decides the same way right after this point.
 */
PROBE_INLINE int exit_reaper(struct task_struct *task)
{
	struct list_head *children =
		(void *)task + bpf_core_field_offset(struct task_struct, children);
	struct pid_namespace *ns = task_pidns(task);
	struct task_struct *reaper = READ(ns, child_reaper);
	struct signal_struct *signal = task->signal;
	struct exit_ancestors a = {
		.reaper = reaper,
		.task = task->real_parent,
		.level = task->thread_pid->level,
	};
	int tid;

	if ((__u64)task->children.next == (__u64)children)
		return 0;
	tid = exit_alive(task);
	if (tid)
		return tid;
	if ((__u64)reaper == (__u64)task)
		return 0;
	if (!BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper))
		return READ(reaper, pid);
	bpf_loop(EXIT_ANCESTORS, exit_ancestor_step, &a, 0);
	return a.tid;
}

enum {
	SIZE_OF_PROCEXIT =
		SAKER_WIRE_HEADER + PARAMS_PROCEXIT_1_E * SAKER_WIRE_LEN + 8 + 8 + 1 + 1 + 8,
};

SEC("tp_btf/sched_process_exit")
int process_exit(unsigned long long *ctx)
{
	struct fill fill = {.task = fill_current()};
	struct fill *f = &fill;
	int status = f->task->exit_code;
	int signal = status & 0x7f;
	void *ring;
	bool wanted;
	int reaper;

	if (!switches.want_exit || (f->task->flags & KERNEL_PF_KTHREAD))
		return 0;
	f->cpu = begin(f, bpf_get_smp_processor_id(), PROBE_CLASS_PROC_EXIT, SAKER_EV_PROCEXIT_1_E,
		       &ring);
	if (!f->cpu)
		return 0;
	wanted = filter_tasks_wanted();
	reaper = exit_reaper(f->task);
	if (!begin_fixed(f, ring, SIZE_OF_PROCEXIT, SAKER_EV_PROCEXIT_1_E, PROBE_CLASS_PROC_EXIT))
		return 0;
	fill_header(f, SAKER_EV_PROCEXIT_1_E, PARAMS_PROCEXIT_1_E);
	*(__u32 *)(f->data + 16) = SIZE_OF_PROCEXIT | (wanted ? 0 : PROBE_LEN_STATE_ONLY);
	fill_u64(f, (__s64)status);
	fill_u64(f, status >> 8 & 0xff);
	fill_u8(f, signal != 0x7f ? signal : 0);
	fill_u8(f, (status & 0x80) != 0);
	fill_u64(f, (__s64)reaper);
	bpf_ringbuf_submit(f->data, fill_wake(f->cpu, SAKER_EV_PROCEXIT_1_E, SIZE_OF_PROCEXIT));
	return 0;
}

#include "trace.h"
