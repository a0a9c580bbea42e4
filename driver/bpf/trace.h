/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Tracepoints other than those of syscalls: a task gives up its CPU, a page
 * fault, a signal that reaches its task. They fire so often that each is its
 * own program, which is not even attached unless its event is wanted.
 */
#ifndef SAKER_BPF_TRACE_H
#define SAKER_BPF_TRACE_H

/* One event of constant size: SIZE is the sum of its parameters. */
#define TRACE_SIZE(symbol, size) (SAKER_WIRE_HEADER + PARAMS_##symbol * SAKER_WIRE_LEN + (size))

PROBE_INLINE bool trace_begin(struct fill *f, enum probe_trace which, __u16 code, __u32 n_params,
			      __u32 size)
{
	__u32 id = bpf_get_smp_processor_id();
	void *ring;

	if (!(switches.traces & 1U << which))
		return false;
	if (!filter_tasks_wanted()) {
		filter_count(id, PROBE_CLASS_OTHER);
		return false;
	}
	if (!filter_sample(id, PROBE_CLASS_OTHER, switches.trace_one_in[which]))
		return false;
	f->cpu = begin(f, id, PROBE_CLASS_OTHER, code, &ring);
	if (!f->cpu || !begin_fixed(f, ring, size, code, PROBE_CLASS_OTHER))
		return false;
	fill_header(f, code, n_params);
	*(__u32 *)(f->data + 16) = size;
	return true;
}

PROBE_INLINE void trace_end(struct fill *f, __u16 code, __u32 size)
{
	bpf_ringbuf_submit(f->data, fill_wake(f->cpu, code, size));
}

/* The event is the leaving task's; `next` names the one that comes. */
SEC("tp_btf/sched_switch")
int sched_switch(unsigned long long *ctx)
{
	enum { SIZE = TRACE_SIZE(SCHEDSWITCH_6_E, 8 + 8 + 8 + 4 + 4 + 4) };
	struct fill fill = {.task = fill_task((void *)ctx[1])};
	struct task_struct *next = fill_task((void *)ctx[2]);
	struct fill *f = &fill;
	struct mm_struct *mm = f->task->mm;

	if (!trace_begin(f, PROBE_TRACE_SWITCH, SAKER_EV_SCHEDSWITCH_6_E, PARAMS_SCHEDSWITCH_6_E,
			 SIZE))
		return 0;
	fill_u64(f, next->pid);
	fill_u64(f, f->task->maj_flt);
	fill_u64(f, f->task->min_flt);
	/* Kernel threads have no memory of their own. */
	fill_u32(f, mm ? task_vm_size(mm) : 0);
	fill_u32(f, mm ? task_vm_rss(mm) : 0);
	fill_u32(f, mm ? task_vm_swap(mm) : 0);
	trace_end(f, SAKER_EV_SCHEDSWITCH_6_E, SIZE);
	return 0;
}

/* Whoever sent it; 0: the kernel, or it does not say. */
PROBE_INLINE int trace_signal_sender(int sig, struct kernel_siginfo *info)
{
	int code;

	if (!info)
		return 0;
	code = info->si_code;
	if (code != KERNEL_SI_USER && code != KERNEL_SI_QUEUE && code != KERNEL_SI_TKILL &&
	    sig != KERNEL_SIGCHLD)
		return 0;
	return info->_sifields._kill._pid;
}

SEC("tp_btf/signal_deliver")
int signal_deliver(unsigned long long *ctx)
{
	enum { SIZE = TRACE_SIZE(SIGNALDELIVER_E, 8 + 8 + 1) };
	struct fill fill = {.task = fill_current()};
	struct kernel_siginfo *info = (void *)ctx[1];
	struct fill *f = &fill;
	int sig = ctx[0];

	if (!trace_begin(f, PROBE_TRACE_SIGNAL, SAKER_EV_SIGNALDELIVER_E, PARAMS_SIGNALDELIVER_E,
			 SIZE))
		return 0;
	fill_u64(f, (__s64)trace_signal_sender(sig, info));
	fill_u64(f, f->task->pid);
	fill_u8(f, sig);
	trace_end(f, SAKER_EV_SIGNALDELIVER_E, SIZE);
	return 0;
}

#ifdef ARCH_PF_USER

PROBE_INLINE __u32 trace_fault_flags(__u64 error)
{
#define F(name) SAKER_FLAG_pf_flags_##name
	return (error & ARCH_PF_PROTECTION ? F(PROTECTION_VIOLATION) : F(PAGE_NOT_PRESENT)) |
	       (error & ARCH_PF_WRITE ? F(WRITE_ACCESS) : F(READ_ACCESS)) |
	       (error & ARCH_PF_USER ? F(USER_FAULT) : F(SUPERVISOR_FAULT)) |
	       (error & ARCH_PF_RESERVED ? F(RESERVED_PAGE) : 0) |
	       (error & ARCH_PF_FETCH ? F(INSTRUCTION_FETCH) : 0);
#undef F
}

PROBE_INLINE int trace_fault(unsigned long long *ctx, enum probe_trace which)
{
	enum { SIZE = TRACE_SIZE(PAGE_FAULT_E, 8 + 8 + 4) };
	struct fill fill = {.task = fill_current()};
	struct pt_regs *regs = (void *)ctx[1];
	struct fill *f = &fill;

	if (!trace_begin(f, which, SAKER_EV_PAGE_FAULT_E, PARAMS_PAGE_FAULT_E, SIZE))
		return 0;
	fill_u64(f, ctx[0]);
	fill_u64(f, ARCH_IP(regs));
	fill_u32(f, trace_fault_flags(ctx[2]));
	trace_end(f, SAKER_EV_PAGE_FAULT_E, SIZE);
	return 0;
}

SEC("tp_btf/page_fault_user")
int page_fault_user(unsigned long long *ctx)
{
	return trace_fault(ctx, PROBE_TRACE_FAULT_USER);
}

SEC("tp_btf/page_fault_kernel")
int page_fault_kernel(unsigned long long *ctx)
{
	return trace_fault(ctx, PROBE_TRACE_FAULT_KERNEL);
}

#endif /* ARCH_PF_USER */

#endif /* SAKER_BPF_TRACE_H */
