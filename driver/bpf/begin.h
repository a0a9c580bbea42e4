/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* How a program that makes an event begins: counting it, finding where it goes; see fill.def. */
#ifndef SAKER_BPF_BEGIN_H
#define SAKER_BPF_BEGIN_H

#include "each.h"
#include "source.h"

/* Parameters of each event: PARAMS_SYSCALL_CLOSE_X = 2. */
enum {
#define EVENT(code, symbol, name, category, origin, flags, n_params, ...) \
	PARAMS_##symbol = n_params,
#include "schema/events.def"
#undef EVENT
};

#define COUNT(x) +1
#define ADD_SIZE(x) +SIZE_##x
#define PUT(x) PUT_##x;

/* Counts the event; NULL: not possible, and then counted as dropped, or there is nothing to count
 * in. */
PROBE_INLINE struct probe_cpu *begin(const struct fill *f, __u32 id, enum probe_class class,
				     __u16 code, void **ret_ring)
{
	struct probe_cpu *cpu = bpf_map_lookup_elem(&cpus, &id);

	if (!cpu)
		return NULL;
	cpu->seen[class]++;
	*ret_ring = bpf_map_lookup_elem(&rings, &id);
	if (!*ret_ring) {
		fill_drop(cpu, f, PROBE_DROP_RING_FULL, class, code);
		return NULL;
	}
	return cpu;
}

/* The CPU's scratch, one user at a time. */
PROBE_INLINE bool begin_scratch(struct fill *f, __u32 id, enum probe_class class, __u16 code)
{
	f->scratch = bpf_map_lookup_elem(&scratches, &id);
	if (!f->scratch || f->cpu->busy) {
		fill_drop(f->cpu, f, PROBE_DROP_SCRATCH, class, code);
		return false;
	}
	f->cpu->busy = 1;
	f->data = f->scratch->data;
	return true;
}

/* A constant in that branch, of which the compiler does not know and the verifier does. */
#define BEGIN_SAY(x, value) asm volatile("%0 = " #value : "=r"(x))

/*
 * A 32-bit call has a companion behind it. Which of both sizes was reserved is said
 * apart: the verifier of older kernels does not see that it follows from f->compat.
 */
PROBE_INLINE bool begin_fixed(struct fill *f, void *ring, __u32 size, __u16 code,
			      enum probe_class class)
{
	bool high = fill_is_high(code);

	f->fixed = true;
	f->data = NULL;
	BEGIN_SAY(f->has_note, 0);
	if (f->compat && fill_room(f->cpu, ring, size + sizeof(struct note), high)) {
		f->data = bpf_ringbuf_reserve(ring, size + sizeof(struct note), 0);
		BEGIN_SAY(f->has_note, 1);
	} else if (!f->compat && fill_room(f->cpu, ring, size, high)) {
		f->data = bpf_ringbuf_reserve(ring, size, 0);
	}
	if (!f->data) {
		fill_drop_event(f, PROBE_DROP_RING_FULL, class, code);
		return false;
	}
	return true;
}

/* Constant for a constant class: events that a filter does not keep away, but only marks. */
PROBE_INLINE bool is_state(enum probe_class class)
{
	return class == PROBE_CLASS_CLONE_FORK || class == PROBE_CLASS_EXECVE ||
	       class == PROBE_CLASS_PROC_EXIT;
}

/* What the gate found. Programs at this tracepoint do not interrupt each other on one CPU. */
PROBE_INLINE void take_mark(struct fill *f)
{
	f->mark = f->cpu->mark;
	f->cpu->mark = 0;
}

#endif /* SAKER_BPF_BEGIN_H */
