/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * An event under construction, and the few ways to append a parameter to it.
 * Events of one size are written straight into the ring (fixed), others into
 * the CPU's scratch. `fixed` and the offsets of lengths are constants in each
 * program once everything is inlined; that is why all here is always_inline.
 */
#ifndef SAKER_BPF_FILL_H
#define SAKER_BPF_FILL_H

#include "maps.h"
#include "schema/wire.h"

struct fill {
	struct pt_regs *regs;
	long ret;
	struct task_struct *task;
	struct probe_cpu *cpu;
	struct probe_scratch *scratch; /* NULL when fixed */
	__u8 *data;
	__u32 pos;  /* where the next value goes */
	__u32 lens; /* where its length goes */
	bool fixed;
	bool compat; /* a syscall by the 32-bit convention */
	bool moved;  /* ... whose arguments are not in the registers but in args */
	__u32 args[6];
	__u32 mark; /* 0, or PROBE_LEN_STATE_ONLY */
	/* Sources that several parameters share; loaded at the first use. */
	bool have_file;
	bool have_exe;
	bool have_how;
	bool have_message;
	__u32 exe_len;
	struct file *file;
	struct file *exe;
	struct {
		__u64 flags;
		__u64 mode;
		__u64 resolve;
	} how;
	struct {
		__u64 name;
		__u64 iov;
		__u64 iov_len;
		__u64 control;
		__u64 control_len;
		__u32 len; /* sendmmsg, recvmmsg: bytes of this message */
		bool ok;
	} message;
	__u64 has_note; /* fixed: there is room for a companion */
	/* For the companion: a bit a parameter that was cut, the first one's length; 0 = unknown.
	 */
	__u32 cut;
	__u64 cut_len;
	struct path *path; /* of the file that the name led to; NULL = nothing to say of it */
	__u32 name;	   /* where the name asked for stands in the event, and its bytes */
	__u32 name_len;
	const struct uring_op *op; /* of an io_uring; NULL = a system call */
};

#define PROBE_INLINE static __attribute__((always_inline)) inline

/* Keeps the compiler from undoing the masks that the verifier needs to see. */
#define OPAQUE(x) asm volatile("" : "+r"(x))

PROBE_INLINE __u8 *fill_here(struct fill *f)
{
	__u32 pos = f->pos;

	if (!f->fixed) {
		OPAQUE(pos);
		pos &= PROBE_EVENT_MAX - 1;
	}
	return f->data + pos;
}

PROBE_INLINE void fill_len(struct fill *f, __u16 len)
{
	*(__u16 *)(f->data + f->lens) = len;
	f->lens += SAKER_WIRE_LEN;
}

PROBE_INLINE void fill_empty(struct fill *f)
{
	fill_len(f, 0);
}

/* Bytes of a parameter without its length. */
#define FILL_RAW(bits)                                                \
	PROBE_INLINE void fill_raw##bits(struct fill *f, __u##bits v) \
	{                                                             \
		*(__u##bits *)fill_here(f) = v;                       \
		f->pos += sizeof(v);                                  \
	}                                                             \
	PROBE_INLINE void fill_u##bits(struct fill *f, __u##bits v)   \
	{                                                             \
		fill_raw##bits(f, v);                                 \
		fill_len(f, sizeof(v));                               \
	}

FILL_RAW(8)
FILL_RAW(16)
FILL_RAW(32)
FILL_RAW(64)

/*
 * Behind a value of varying length. The detour through memory makes the
 * verifier forget the range it worked out for pos: with it, every mix of
 * lengths would be a state of its own to look at.
 */
PROBE_INLINE void fill_advance(struct fill *f, __u32 n)
{
	volatile __u32 *pos = &f->cpu->pos;

	*pos = f->pos + n;
	f->pos = *pos;
}

/* NUL-terminated text; what cannot be read is an empty parameter. Returns its length. */
PROBE_INLINE __u32 fill_raw_user_str(struct fill *f, __u64 ptr, __u32 max)
{
	long n = bpf_probe_read_user_str(fill_here(f), max, (void *)ptr);

	/* A text without any is read as nothing at all by some kernels (seen on 6.1). */
	if (n == 0) {
		*fill_here(f) = 0;
		n = 1;
	}
	if (n < 0)
		n = 0;
	fill_advance(f, n);
	return n;
}

PROBE_INLINE __u32 fill_raw_kernel_str(struct fill *f, __u64 ptr, __u32 max)
{
	long n = bpf_probe_read_kernel_str(fill_here(f), max, (void *)ptr);

	if (n < 0)
		n = 0;
	fill_advance(f, n);
	return n;
}

/* As fill_raw_kernel_str, of a size known only now, that of the NUL with it; up to 127. */
PROBE_INLINE __u32 fill_raw_kernel_text(struct fill *f, __u64 ptr, __u32 size)
{
	long n;

	OPAQUE(size);
	n = bpf_probe_read_kernel_str(fill_here(f), size & 127, (void *)ptr);
	if (n < 0)
		n = 0;
	fill_advance(f, n);
	return n;
}

/* The parameter that comes next is not all there. len: its true length, 0 = unknown. */
PROBE_INLINE void fill_cut(struct fill *f, __u64 len)
{
	if (!f->cut)
		f->cut_len = len;
	f->cut |= 1U << (f->lens - SAKER_WIRE_HEADER) / SAKER_WIRE_LEN;
}

PROBE_INLINE __u32 fill_user_str(struct fill *f, __u64 ptr, __u32 max)
{
	__u32 n = fill_raw_user_str(f, ptr, max);
	char last = 0;

	/* It may just fit. */
	if (n == max && !bpf_probe_read_user(&last, 1, (void *)(ptr + max - 1)) && last)
		fill_cut(f, 0);
	fill_len(f, n);
	return n;
}

PROBE_INLINE __u32 fill_kernel_str(struct fill *f, __u64 ptr, __u32 max)
{
	__u32 n = fill_raw_kernel_str(f, ptr, max);

	fill_len(f, n);
	return n;
}

/* Up to max bytes of user memory; all or nothing. */
PROBE_INLINE __u32 fill_raw_user(struct fill *f, __u64 ptr, __u64 len, __u32 max)
{
	__u32 n = len > max ? max : len;

	OPAQUE(n);
	n &= PROBE_EVENT_MAX - 1;
	if (!ptr || !n || bpf_probe_read_user(fill_here(f), n, (void *)ptr))
		return 0;
	fill_advance(f, n);
	return n;
}

PROBE_INLINE __u32 fill_user(struct fill *f, __u64 ptr, __u64 len, __u32 max)
{
	__u32 n = fill_raw_user(f, ptr, len, max);

	fill_len(f, n);
	return n;
}

PROBE_INLINE void fill_raw_bytes16(struct fill *f, const __u64 v[2])
{
	fill_raw64(f, v[0]);
	fill_raw64(f, v[1]);
}

/* The byte before the next value. */
PROBE_INLINE void fill_patch(struct fill *f, __u8 c)
{
	__u32 pos = f->pos - 1;

	OPAQUE(pos);
	f->data[pos & (PROBE_EVENT_MAX - 1)] = c;
}

/* ---- the task ---------------------------------------------------------------- */

/*
 * The same pointer, trusted less. The verifier searches all types of the kernel
 * by name for each pointer loaded through a trusted one, a millisecond each;
 * what we load we only ever read, for which the distrusted kind does as well.
 */
PROBE_INLINE struct task_struct *fill_task(struct task_struct *task)
{
	if (bpf_rdonly_cast)
		return bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct));
	return task;
}

PROBE_INLINE struct task_struct *fill_current(void)
{
	return fill_task((void *)bpf_get_current_task_btf());
}

/* ---- the syscall's arguments ------------------------------------------------ */

/* Programs for something else than a system call say themselves what is an argument, and of whom.
 */
#ifndef ARG
#define ARG(f, n)                              \
	(!(f)->compat ? ARCH_ARG##n((f)->regs) \
	 : (f)->moved ? (__u64)(f)->args[n]    \
		      : (__u64)ARCH_COMPAT_ARG##n((f)->regs))
#define FILL_TID(f) ((__u32)(f)->task->pid)
#define FILL_BY_CURRENT 1 /* it is about the thread that runs */
#endif

PROBE_INLINE __u32 fill_user_word(__u64 ptr, __u32 i)
{
	__u32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)(ptr + i * sizeof(v)));
	return v;
}

/* Which call a carrier of calls carries; 0: none that there is. */
PROBE_INLINE __u32 fill_carried(struct pt_regs *regs)
{
	__u32 call = (__u16)ARCH_COMPAT_ARG0(regs);

	return call < PROBE_CALLS ? call : 0;
}

/*
 * Calls of the 32-bit convention that pass their arguments in memory: they come
 * into args in the order of the call that they stand for. Word by word, for an
 * array that is shorter than six may end where its page does.
 */
PROBE_INLINE void fill_load_args(struct fill *f)
{
	__u64 nr = ARCH_NR(f->regs);
	__u64 ptr;
	int i;

	if (!f->compat)
		return;
	if (nr == ARCH_COMPAT_SOCKETCALL || nr == ARCH_COMPAT_OLD_MMAP) {
		ptr = nr == ARCH_COMPAT_OLD_MMAP ? ARCH_COMPAT_ARG0(f->regs)
						 : ARCH_COMPAT_ARG1(f->regs);
#pragma unroll
		for (i = 0; i < 6; i++)
			f->args[i] = fill_user_word(ptr, i);
		f->moved = true;
	} else if (nr == ARCH_COMPAT_IPC) {
		/* ipc(call, first, second, third, ptr): semop has its array last but one. */
		ptr = ARCH_COMPAT_ARG4(f->regs);
		f->args[0] = ARCH_COMPAT_ARG1(f->regs);
		f->args[1] = ARCH_COMPAT_ARG2(f->regs);
		f->args[2] = ARCH_COMPAT_ARG3(f->regs);
		switch ((__u16)ARCH_COMPAT_ARG0(f->regs)) {
		case ARCH_COMPAT_IPC_SEMOP:
			f->args[2] = f->args[1];
			f->args[1] = ptr;
			break;
		case ARCH_COMPAT_IPC_SEMCTL:
			f->args[3] = fill_user_word(ptr, 0);
			break;
		}
		f->moved = true;
	}
}

/* The events that such calls yield, by the name of their symbol and by their code. */
#define FILL_ARGS_MOVE(symbol)                             \
	(!__builtin_memcmp(#symbol, "SOCKET_", 7) ||       \
	 SAKER_EV_##symbol == SAKER_EV_SYSCALL_MMAP_X ||   \
	 SAKER_EV_##symbol == SAKER_EV_SYSCALL_SEMOP_X ||  \
	 SAKER_EV_##symbol == SAKER_EV_SYSCALL_SEMGET_X || \
	 SAKER_EV_##symbol == SAKER_EV_SYSCALL_SEMCTL_X)

/* ---- beginning and end ------------------------------------------------------ */

/* What the loss of an event leaves in doubt; constant for a constant code. */
PROBE_INLINE enum saker_loss_group fill_loss_group(__u16 code)
{
	switch (code) {
#define EFFECT(symbol, group)   \
	case SAKER_EV_##symbol: \
		return SAKER_LOSS_##group;
#include "schema/effects.def"
#undef EFFECT
	}
	return SAKER_LOSS_OTHER;
}

PROBE_INLINE bool fill_is_clone(__u16 code)
{
	return code == SAKER_EV_SYSCALL_CLONE_20_X || code == SAKER_EV_SYSCALL_CLONE3_X ||
	       code == SAKER_EV_SYSCALL_FORK_20_X || code == SAKER_EV_SYSCALL_VFORK_20_X;
}

/*
 * What failed changed nothing, but a connect, whose end may come later, and a close. Of a
 * clone the child's side says all, where it comes.
 */
PROBE_INLINE bool fill_changes(const struct fill *f, __u16 code)
{
	if (code == SAKER_EV_PROCEXIT_1_E || code == SAKER_EV_SOCKET_CONNECT_X ||
	    code == SAKER_EV_SYSCALL_CLOSE_X)
		return true;
	if (ARCH_CHILD_TELLS && fill_is_clone(code))
		return f->ret == 0;
	return f->ret >= 0;
}

/* By whom: the process; but the thread, when that begins or ends. */
PROBE_INLINE void fill_lose(struct probe_cpu *cpu, const struct fill *f, __u16 code)
{
	enum saker_loss_group group = fill_loss_group(code);
	__u32 pid, tid;
	__u64 who;

	if (group == SAKER_LOSS_OTHER || !fill_changes(f, code)) {
		cpu->lost[SAKER_LOSS_OTHER]++;
		return;
	}
	if (FILL_BY_CURRENT) {
		who = bpf_get_current_pid_tgid();
		pid = who >> 32;
		tid = (__u32)who;
		cpu->lost_by[group]
			    [(group == SAKER_LOSS_PROCESS ? tid : pid) & (PROBE_LOST_SLOTS - 1)]++;
		/* What a thread does that nobody knows is its process's doing. */
		if (fill_is_clone(code) && tid != pid) {
			cpu->lost_by[SAKER_LOSS_FD][pid & (PROBE_LOST_SLOTS - 1)]++;
			cpu->lost_by[SAKER_LOSS_DIRECTORY][pid & (PROBE_LOST_SLOTS - 1)]++;
			cpu->lost_by[SAKER_LOSS_IDENTITY][pid & (PROBE_LOST_SLOTS - 1)]++;
		}
	} else {
		cpu->lost_by[group][PROBE_LOST_SLOTS]++;
	}
	/* Last: the reader looks for whom when it sees this one. */
	cpu->lost[group]++;
}

PROBE_INLINE void fill_drop(struct probe_cpu *cpu, const struct fill *f, enum probe_reason reason,
			    enum probe_class class, __u16 code)
{
	cpu->dropped[reason][class]++;
	fill_lose(cpu, f, code);
}

/* Constant for a constant code. */
PROBE_INLINE bool fill_is_high(__u16 code)
{
	switch (code) {
#define HIGH(symbol)            \
	case SAKER_EV_##symbol: \
		return true;
#include "schema/priority.def"
#undef HIGH
	}
	return false;
}

PROBE_INLINE void fill_drop_event(const struct fill *f, enum probe_reason reason,
				  enum probe_class class, __u16 code)
{
	fill_drop(f->cpu, f, reason, class, code);
	if (fill_is_high(code))
		f->cpu->dropped_high++;
}

#define FILL_RECORD(len) (((len) + BPF_RINGBUF_HDR_SZ + 7) & ~7U)

/*
 * Whether the ring has room for len bytes of an event. A part of it is kept for
 * events of high value. The ring is asked only when what it had left is used
 * up: a CPU with a ring of its own knows what it put in since.
 */
PROBE_INLINE bool fill_room(struct probe_cpu *cpu, void *ring, __u32 len, bool high)
{
	__u64 size = FILL_RECORD(len), used;

	if (!config.shared_rings && cpu->room >= size) {
		cpu->room -= size;
		return true;
	}
	if (high) {
		cpu->room = 0;
		return true; /* the ring itself says no if it must */
	}
	used = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	if (used + size + config.reserve > config.ring_size)
		return false;
	cpu->room = config.ring_size - config.reserve - used - size;
	return true;
}

PROBE_INLINE void fill_header(struct fill *f, __u16 code, __u32 n_params)
{
	*(__u64 *)(f->data + 0) = bpf_ktime_get_boot_ns() + switches.epoch_offset;
	*(__u64 *)(f->data + 8) = FILL_TID(f);
	*(__u16 *)(f->data + 20) = code;
	*(__u32 *)(f->data + 22) = n_params;
	f->lens = SAKER_WIRE_HEADER;
	f->pos = SAKER_WIRE_HEADER + n_params * SAKER_WIRE_LEN;
}

/*
 * How to submit. The reader is woken when it sleeps and either the event is
 * urgent or enough has gathered; a reader that is awake looks by itself.
 */
PROBE_INLINE __u64 fill_wake(struct probe_cpu *cpu, __u16 code, __u32 len)
{
	__u32 sleep = switches.sleep;

	if (!(sleep & 1) || cpu->woken == sleep)
		return BPF_RB_NO_WAKEUP;
	if (cpu->sleep != sleep) {
		cpu->sleep = sleep;
		cpu->unread = 0;
	}
	cpu->unread += len;
	if (cpu->unread < config.watermark && !switches.urgent[code & (PROBE_PROGRAMS - 1)])
		return BPF_RB_NO_WAKEUP;
	cpu->woken = sleep;
	return BPF_RB_FORCE_WAKEUP;
}

#endif /* SAKER_BPF_FILL_H */
