// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What is done through an io_uring, as the events that the system calls yield
 * which do the same. An operation is looked at twice: when it is submitted its
 * arguments are the kernel's own copy, which nobody can change behind our back;
 * when it completes there is the result. In between it is kept in a hash by its
 * request. The events' programs are those lines of fill.def that are
 * FILL_RING, expanded with an operation's arguments instead of registers.
 *
 * An object of its own: where a kernel's io_uring cannot be looked into, the
 * probe goes without. Plain raw tracepoints, as programs of those may jump to
 * each other from whichever of them.
 */
#include "kernel.h"

/* An argument is the operation's, and of the thread that asked for it. */
#define ARG(f, n) ((f)->op->args[n])
#define FILL_TID(f) ((f)->op->tid)
#define FILL_BY_CURRENT 0
/* Addresses and vectors were copied by then. */
#define SOCKET_READ(to, n, from) bpf_probe_read_kernel(to, n, (void *)(from))
#define SOCKET_FILE(f, fd) uring_file(f, fd)
#define FILTER_READ_NAME(f, ptr) fill_raw_kernel_str(f, ptr, PROBE_PATH_MAX)
#define FILTER_READ_FIRST(to, ptr) bpf_probe_read_kernel(to, 1, (void *)(ptr))

struct fill;
static __attribute__((always_inline)) inline struct file *uring_file(struct fill *f, __u32 fd);

#include "uring.h"
#include "begin.h"
#include "filter.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* ---- sources that differ ------------------------------------------------------------- */

#undef PUT_ARG_FD
#define PUT_ARG_FD(n) fill_u64(f, (__s64)ARG(f, n))
#undef PUT_USER_PATH
#define PUT_USER_PATH(n) fill_kernel_str(f, ARG(f, n), PROBE_PATH_MAX)
#undef PUT_SYSCALL_CODE
#define PUT_SYSCALL_CODE fill_u16(f, switches.uring[f->op->opcode & (PROBE_URING_OPS - 1)].sc)
#undef PUT_SYSCALL_NR
#define PUT_SYSCALL_NR fill_u16(f, switches.uring[f->op->opcode & (PROBE_URING_OPS - 1)].nr)
#undef PUT_ARG_POS
#define PUT_ARG_POS(low, high) fill_u64(f, ARG(f, low))
/* A pipe's ends may be in the ring's table. */
#undef PUT_PAIR_FD
#define PUT_PAIR_FD(n, i)                                                  \
	fill_u64(f, f->ret ? -1                                            \
			   : (__s64)(__s32)source_user_u32(ARG(f, n), i) + \
				     (f->op->flags & URING_SLOT_RESULT ? SAKER_DIRECT_FD : 0))
#undef PUT_PAIR_INO
#define PUT_PAIR_INO(n)                                        \
	fill_u64(f, f->ret || f->op->flags & URING_SLOT_RESULT \
			    ? 0                                \
			    : source_ino(file_of_fd(f->task, source_user_u32(ARG(f, n), 0))))

/* The file made, when it is asked for by the result, or the one used. */
PROBE_INLINE struct file *uring_file(struct fill *f, __u32 fd)
{
	const struct uring_op *op = f->op;

	return (void *)(op->flags & URING_MAKES_FILE && fd == (__u32)f->ret ? op->made : op->file);
}

/* ---- maps ------------------------------------------------------------------------------- */

/* Memory is taken when there is something to keep. A request's address is its name. */
struct uring_small {
	__u8 bytes[URING_HEAD + URING_TEXT_SMALL];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROBE_URING_SMALL);
	__type(key, __u64);
	__type(value, struct uring_small);
} uring_small SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROBE_URING_LARGE);
	__type(key, __u64);
	__type(value, struct uring_op);
} uring_large SEC(".maps");

/* Completions that are not the last come without their request. */
struct uring_repeat {
	__u64 ring;
	__u64 user_data;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROBE_URING_REPEAT);
	__type(key, struct uring_repeat);
	__type(value, __u64);
} uring_repeats SEC(".maps");

/* By CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct uring_slot);
} uring_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, PROBE_PROGRAMS);
	__type(key, __u32);
	__type(value, __u32);
} uring_programs SEC(".maps");

PROBE_INLINE bool uring_wanted(__u32 opcode)
{
	return opcode < PROBE_URING_OPS &&
	       (switches.uring[opcode].code | switches.uring[opcode].at);
}

/* Happened and cannot be told. */
PROBE_INLINE void uring_lose(__u32 class, __u16 code)
{
	enum saker_loss_group group = fill_loss_group(code);
	__u32 id = bpf_get_smp_processor_id();
	struct probe_cpu *cpu = bpf_map_lookup_elem(&cpus, &id);

	if (!cpu || class >= PROBE_CLASSES)
		return;
	cpu->seen[class]++;
	cpu->dropped[PROBE_DROP_SCRATCH][class]++;
	if (group < PROBE_DOUBTS)
		cpu->lost_by[group][PROBE_LOST_SLOTS]++;
	cpu->lost[group]++;
}

/* The CPU's operation at hand; NULL: it is in use, by whom this one interrupted. */
PROBE_INLINE struct uring_slot *uring_slot(__u32 opcode)
{
	__u32 id = bpf_get_smp_processor_id();
	struct uring_slot *slot = bpf_map_lookup_elem(&uring_slots, &id);

	if (slot && !slot->busy) {
		slot->busy = 1;
		return slot;
	}
	opcode &= PROBE_URING_OPS - 1;
	uring_lose(switches.uring[opcode].class, switches.uring[opcode].code);
	return NULL;
}

/* ---- one program an event ------------------------------------------------------------------ */

PROBE_INLINE __u8 uring_how(const struct uring_op *op)
{
	return (op->flags & URING_SLOT_RESULT ? SAKER_HOW_DIRECT_RESULT : 0) |
	       (op->flags & URING_SLOT_FILE ? SAKER_HOW_DIRECT_FILE : 0) |
	       (op->flags & URING_BY_SQPOLL ? SAKER_HOW_SQPOLL : 0) |
	       (op->flags & URING_SILENT ? SAKER_HOW_RESULT_UNKNOWN : 0);
}

PROBE_INLINE void uring_fill(struct fill *f, struct uring_slot *slot)
{
	const struct uring_op *op = &slot->op;

	f->op = op;
	f->ret = op->res;
	f->task = fill_current();
	f->compat = op->flags & URING_COMPAT;
	f->have_file = true;
	f->file = (void *)op->made;
	f->have_how = true;
	f->how.flags = op->args[2];
	f->how.mode = op->args[3];
	f->how.resolve = op->resolve;
	f->have_message = true;
	f->message.ok = true;
	f->message.name = op->message.name;
	f->message.iov = op->message.iov;
	f->message.iov_len = op->message.iov_len;
	f->message.control = op->message.control;
	f->message.control_len = op->message.control_len;
	/* A file of the ring's own table has no name but this one. */
	if (op->flags & URING_SLOT_FILE && op->file)
		f->path = (void *)op->file + bpf_core_field_offset(struct file, f_path);
}

#define FILL(...)
#define FILL_MESSAGES(...)
#define FILL_RING(symbol, class, ...)                                                         \
	_Static_assert((0 EACH(COUNT, __VA_ARGS__)) == PARAMS_##symbol, #symbol);             \
	SEC("raw_tp")                                                                         \
	int u_##symbol(void *ctx)                                                             \
	{                                                                                     \
		__u32 id = bpf_get_smp_processor_id();                                        \
		struct uring_slot *slot = bpf_map_lookup_elem(&uring_slots, &id);             \
		struct fill fill = {}, *f = &fill;                                            \
		void *ring;                                                                   \
                                                                                              \
		if (!slot)                                                                    \
			return 0;                                                             \
		uring_fill(f, slot);                                                          \
		f->cpu = begin(f, id, PROBE_CLASS_##class, SAKER_EV_##symbol, &ring);         \
		if (f->cpu && begin_scratch(f, id, PROBE_CLASS_##class, SAKER_EV_##symbol)) { \
			fill_header(f, SAKER_EV_##symbol, PARAMS_##symbol);                   \
			EACH(PUT, __VA_ARGS__)                                                \
			note_output(f, ring, SAKER_EV_##symbol, PROBE_CLASS_##class,          \
				    SAKER_VIA_IO_URING, uring_how(f->op));                    \
		}                                                                             \
		slot->busy = 0;                                                               \
		return 0;                                                                     \
	}

#include "schema/fill.def"

/* In the place of an event's program while there are filters on names, or samples. */
SEC("raw_tp")
int u_gate(void *ctx)
{
	__u32 id = bpf_get_smp_processor_id();
	struct uring_slot *slot = bpf_map_lookup_elem(&uring_slots, &id);
	const volatile struct probe_gate *g;
	struct fill fill = {};
	bool positioned;

	if (!slot)
		return 0;
	positioned = slot->op.flags & URING_POSITIONED;
	g = &switches.uring[slot->op.opcode & (PROBE_URING_OPS - 1)].gates[positioned];
	uring_fill(&fill, slot);
	if (!filter_paths_wanted(&fill, id, g))
		filter_count(id, g->event_class);
	else if (filter_sample(id, g->event_class, g->one_in))
		bpf_tail_call(ctx, &uring_programs, g->code);
	slot->busy = 0;
	return 0;
}

/* ---- when it is done --------------------------------------------------------------------------
 */

/* The file at a place of the ring's own table; its address has flags in the low bits. */
PROBE_INLINE __u64 uring_slot_file(struct io_ring_ctx *ring, __u32 i)
{
	struct io_ring_ctx___plain *plain = (void *)ring;
	struct io_fixed_file *files, entry = {};
	struct io_rsrc_node **nodes, *node = NULL;

	if (bpf_core_field_exists(ring->file_table.data)) {
		if (i >= READ(ring, file_table.data.nr))
			return 0;
		nodes = READ(ring, file_table.data.nodes);
		bpf_probe_read_kernel(&node, sizeof(node), nodes + i);
		return node ? READ(node, file_ptr) & ~7ULL : 0;
	}
	files = READ(plain, file_table.files);
	if (!files || i > 32768)
		return 0;
	bpf_probe_read_kernel(&entry, sizeof(entry), (void *)files + i * sizeof(entry));
	return entry.file_ptr & ~7ULL;
}

/* The new file, and the result as the event has it. */
PROBE_INLINE void uring_made(struct uring_op *op, struct io_ring_ctx *ring)
{
	__u32 i;

	op->made = 0;
	if (!(op->flags & URING_MAKES_FILE) || op->res < 0)
		return;
	if (!(op->flags & URING_SLOT_RESULT)) {
		op->made = (__u64)file_of_fd(fill_current(), op->res);
		return;
	}
	i = op->slot == KERNEL_URING_SLOT_ALLOC ? op->res : op->slot - 1;
	op->made = uring_slot_file(ring, i);
	op->res = SAKER_DIRECT_FD + i;
}

/* A position means nothing for what has none. */
PROBE_INLINE bool uring_is_stream(struct file *file)
{
	struct inode *inode = file ? READ(file, f_inode) : NULL;
	__u32 type = inode ? READ(inode, i_mode) & KERNEL_S_IFMT : 0;

	return type == KERNEL_S_IFIFO || type == KERNEL_S_IFSOCK || type == KERNEL_S_IFCHR;
}

/* The program that comes next: of the event, or the gate. */
PROBE_INLINE void uring_choose(struct uring_op *op, bool positioned)
{
	const volatile struct probe_uring *u = &switches.uring[op->opcode & (PROBE_URING_OPS - 1)];

	op->code = positioned ? u->at : u->code;
	if (positioned)
		op->flags |= URING_POSITIONED;
}

/* What was to be found out at the end only. */
PROBE_INLINE void uring_settle(struct uring_op *op, struct io_kiocb *req)
{
	uring_choose(op, op->flags & URING_AT_POSITION && !uring_is_stream((void *)op->file));
	if (op->flags & URING_SELECTS_BUFFER) {
		struct io_sr_msg *transfer = (void *)req;
		struct io_rw *rw = (void *)req;

		op->args[1] =
			op->opcode == URING_OP_RECV ? (__u64)READ(transfer, buf) : READ(rw, addr);
	}
	if (op->flags & URING_RECEIVES_MESSAGE) {
		__u64 len = 0;

		/* How much of it came, and from whom. */
		bpf_probe_read_user(&len, op->flags & URING_COMPAT ? 4 : 8,
				    (void *)op->args[1] + (op->flags & URING_COMPAT ? 20 : 40));
		op->message.control_len = len;
		if (op->message.name && op->res >= 0) {
			bpf_probe_read_user(op->text + URING_VECTOR, URING_ADDRESS,
					    (void *)op->message.name);
			op->message.name = (__u64)(op->text + URING_VECTOR);
		}
	}
}

PROBE_INLINE __u64 uring_address(struct uring_op *op, __u64 place)
{
	__u32 at = place;

	OPAQUE(at);
	return (__u64)(op->text + (at & (URING_TEXT_MAX - 1)));
}

/* Places in the text become addresses: it lies elsewhere each time. */
PROBE_INLINE void uring_place(struct uring_op *op)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < URING_ARGS; i++)
		if (op->texts & 1 << i)
			op->args[i] = uring_address(op, op->args[i]);
	if (op->texts & 1 << URING_TEXT_IOV)
		op->message.iov = uring_address(op, op->message.iov);
	if (op->texts & 1 << URING_TEXT_NAME)
		op->message.name = uring_address(op, op->message.name);
}

struct uring_done {
	void *ctx;
	struct io_ring_ctx *ring;
	struct io_kiocb *req; /* NULL: not the last of its completions */
	__u64 user_data;
	__s32 res;
	__u32 flags;
};

/* Out of the hash into the slot. False: it is none that we kept. */
PROBE_INLINE bool uring_fetch(struct uring_op *op, __u64 req, bool forget)
{
	struct uring_small *small = bpf_map_lookup_elem(&uring_small, &req);
	struct uring_op *large;

	if (small) {
		bpf_probe_read_kernel(op, sizeof(*small), small);
		if (forget)
			bpf_map_delete_elem(&uring_small, &req);
		return true;
	}
	large = bpf_map_lookup_elem(&uring_large, &req);
	if (!large)
		return false;
	bpf_probe_read_kernel(op, sizeof(*large), large);
	if (forget)
		bpf_map_delete_elem(&uring_large, &req);
	return true;
}

PROBE_INLINE int uring_complete(struct uring_done *d)
{
	struct uring_repeat key = {.ring = (__u64)d->ring, .user_data = d->user_data};
	bool last = d->req && !(d->flags & KERNEL_URING_MORE);
	struct io_kiocb *request = d->req;
	struct uring_slot *slot;
	struct uring_op *op;
	__u32 opcode;

	if (!request) {
		__u64 *kept = bpf_map_lookup_elem(&uring_repeats, &key);

		if (!kept)
			return 0;
		request = (void *)*kept;
	}
	opcode = READ(request, opcode);
	if (!uring_wanted(opcode))
		return 0;
	/* More than its result is the notice that the buffer is free, by a request of its own. */
	if (d->req && (opcode == URING_OP_SEND_ZC || opcode == URING_OP_SENDMSG_ZC))
		last = true;
	slot = uring_slot(opcode);
	if (!slot)
		return 0;
	op = &slot->op;
	/* What comes with its request is over, save for one that says more is to come of itself. */
	if (!uring_fetch(op, (__u64)request, last) || op->user_data != d->user_data ||
	    op->opcode != opcode || op->ring != (__u64)d->ring) {
		slot->busy = 0;
		return 0;
	}
	if (last && op->flags & URING_REPEATS)
		bpf_map_delete_elem(&uring_repeats, &key);
	if (config.drop_failed && d->res < 0) {
		slot->busy = 0;
		return 0;
	}
	op->res = d->res;
	op->file = (__u64)READ(request, file);
	uring_place(op);
	uring_settle(op, request);
	uring_made(op, d->ring);
	/* Slot 0 is empty: one of the two forms may not be wanted. */
	bpf_tail_call(d->ctx, &uring_programs, op->code);
	slot->busy = 0;
	return 0;
}

/*
 * The tracepoint passes a completion, or before 6.10 its members. The kernel
 * refuses to attach what reads more than is passed, so the second is tried first.
 */
SEC("raw_tp")
int uring_complete_cqe(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_uring_cqe *cqe = (void *)ctx->args[2];
	struct uring_done d = {
		.ctx = ctx,
		.ring = (void *)ctx->args[0],
		.req = (void *)ctx->args[1],
		.user_data = READ(cqe, user_data),
		.res = READ(cqe, res),
		.flags = READ(cqe, flags),
	};

	return uring_complete(&d);
}

SEC("raw_tp")
int uring_complete_members(struct bpf_raw_tracepoint_args *ctx)
{
	struct uring_done d = {
		.ctx = ctx,
		.ring = (void *)ctx->args[0],
		.req = (void *)ctx->args[1],
		.user_data = ctx->args[2],
		.res = ctx->args[3],
		.flags = ctx->args[4],
	};

	return uring_complete(&d);
}

/* ---- when it is asked for ----------------------------------------------------------------------
 */

PROBE_INLINE void uring_load(struct uring_op *op, struct io_kiocb *req)
{
	switch (op->opcode) {
#define URING(opcode, name, syscall, event, load) \
	case opcode:                              \
		uring_load_##load(op, req);       \
		break;
#define URING_AT(...)
#include "schema/uring.def"
#undef URING
#undef URING_AT
	}
}

PROBE_INLINE void uring_begin(struct uring_op *op, struct io_kiocb *req, __u32 opcode)
{
	struct io_ring_ctx *ring = READ(req, ctx);
	__u32 flags = READ(req, flags);

	__builtin_memset(op, 0, URING_HEAD);
	op->ring = (__u64)ring;
	op->user_data = READ(req, cqe.user_data);
	op->opcode = opcode;
	op->tid = fill_current()->pid;
	if (flags & KERNEL_URING_FIXED_FILE)
		op->flags |= URING_SLOT_FILE;
	if (flags & KERNEL_URING_SKIP_SUCCESS)
		op->flags |= URING_SILENT;
	if (BPF_CORE_READ_BITFIELD_PROBED(ring, compat))
		op->flags |= URING_COMPAT;
	if (READ(ring, flags) & KERNEL_URING_SQPOLL) {
		op->flags |= URING_BY_SQPOLL;
		/* Which of its threads put it there nobody knows: the process it is. */
		op->tid = READ(ring, sq_data, task_tgid);
	}
}

/* Keeps it until it is done; what was kept under that name before never got so far as to run. */
PROBE_INLINE bool uring_keep(struct uring_op *op, __u64 req)
{
	struct uring_repeat key = {.ring = op->ring, .user_data = op->user_data};

	if (op->flags & URING_REPEATS && bpf_map_update_elem(&uring_repeats, &key, &req, BPF_ANY))
		return false;
	if (op->used > URING_TEXT_SMALL) {
		bpf_map_delete_elem(&uring_small, &req);
		if (!bpf_map_update_elem(&uring_large, &req, op, BPF_ANY))
			return true;
	} else {
		if (!bpf_map_update_elem(&uring_small, &req, op, BPF_ANY))
			return true;
		bpf_map_delete_elem(&uring_large, &req);
	}
	if (op->flags & URING_REPEATS)
		bpf_map_delete_elem(&uring_repeats, &key);
	return false;
}

SEC("raw_tp")
int uring_submit(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb *req = (void *)ctx->args[0];
	__u32 opcode = READ(req, opcode);
	struct uring_slot *slot;
	struct uring_op *op;

	if (!uring_wanted(opcode))
		return 0;
	/* Filters on who does it: now it is known. Those on names, and samples: u_gate. */
	if (switches.filters && !filter_tasks_wanted()) {
		filter_count(bpf_get_smp_processor_id(), switches.uring[opcode].class);
		return 0;
	}
	slot = uring_slot(opcode);
	if (!slot)
		return 0;
	op = &slot->op;
	uring_begin(op, req, opcode);
	uring_load(op, req);
	if (!(op->flags & URING_SILENT) && uring_keep(op, (__u64)req)) {
		slot->busy = 0;
		return 0;
	}
	/*
	 * It says so when it fails and nothing when it succeeds, or there is no room to wait for
	 * it: who fills that with operations that never end must not go unseen. What is asked
	 * for is told now, as if it had been done, and that this is not known.
	 */
	op->flags |= URING_SILENT;
	if (op->flags & URING_MAKES_FILE)
		op->res = op->slot && op->slot != KERNEL_URING_SLOT_ALLOC
				  ? SAKER_DIRECT_FD + op->slot - 1
				  : SAKER_DIRECT_FD_UNKNOWN;
	uring_place(op);
	uring_choose(op, op->flags & URING_AT_POSITION);
	bpf_tail_call(ctx, &uring_programs, op->code);
	slot->busy = 0;
	return 0;
}
