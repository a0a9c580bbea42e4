/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * An operation of an io_uring: what is kept of it from its submission, when the
 * kernel has its own copy of the arguments, to its completion, when there is a
 * result; and the functions that take those arguments, one a shape of request
 * (uring.def names them). They put args[] in the order of the system call that
 * does the same.
 */
#ifndef SAKER_BPF_URING_H
#define SAKER_BPF_URING_H

#include "kernel.h"
#include "shared.h"
#include "schema/wire.h"

#define URING_INLINE static __attribute__((always_inline)) inline

/* Bytes of names, vectors, addresses: of an operation kept small; at most (two paths). */
#define URING_TEXT_SMALL 640
#define URING_TEXT_MAX 8192
#define URING_VECTOR 512 /* 32 entries */
#define URING_ADDRESS 128
#define URING_ARGS 6

/* URING_OP_OPENAT = 18 ... */
enum uring_opcode {
#define URING(opcode, name, ...) URING_OP_##name = opcode,
#define URING_AT(...)
#include "schema/uring.def"
#undef URING
#undef URING_AT
};

enum uring_op_flag {
	URING_MAKES_FILE = 1 << 0,  /* the result is one */
	URING_SLOT_RESULT = 1 << 1, /* ... in the ring's own table */
	URING_SLOT_FILE = 1 << 2,   /* the file used is in that */
	URING_BY_SQPOLL = 1 << 3,
	URING_SILENT = 1 << 4,	       /* no completion comes when it succeeds */
	URING_COMPAT = 1 << 5,	       /* the caller's structures are 32-bit ones */
	URING_REPEATS = 1 << 6,	       /* yields more than once */
	URING_SELECTS_BUFFER = 1 << 7, /* where to is known when it is done */
	URING_AT_POSITION = 1 << 8,
	URING_RECEIVES_MESSAGE = 1 << 9,
	URING_POSITIONED = 1 << 10, /* it is the form with a position */
};

struct uring_op {
	__u64 ring;
	__u64 user_data;
	__u64 args[URING_ARGS];
	struct {
		__u64 name;
		__u64 iov;
		__u64 iov_len;
		__u64 control;
		__u64 control_len;
	} message;
	__u64 resolve; /* openat2 */
	/* Set when done: kernel addresses of the files used and made; 0 = none */
	__u64 file;
	__u64 made;
	__s64 res;
	__u32 tid;
	__u32 slot;  /* asked for: its index and one, or any free one */
	__u16 flags; /* enum uring_op_flag */
	__u16 code;
	__u8 opcode;
	__u8 texts; /* a bit an argument (the eighth: message.name, seventh: message.iov) that is a
		       place in text */
	__u16 used; /* bytes of text */
	__u8 text[URING_TEXT_MAX];
} __attribute__((aligned(8)));

#define URING_HEAD __builtin_offsetof(struct uring_op, text)
#define URING_TEXT_IOV 6
#define URING_TEXT_NAME 7

/* One CPU's operation at hand. */
struct uring_slot {
	__u32 busy;
	__u32 unused;
	struct uring_op op;
};

/* ---- what a request asks for ---------------------------------------------------------- */

/* Argument n is where the text that comes next begins. */
URING_INLINE void uring_text_begin(struct uring_op *op, __u32 n)
{
	if (n < URING_ARGS)
		op->args[n] = op->used;
	else if (n == URING_TEXT_IOV)
		op->message.iov = op->used;
	else
		op->message.name = op->used;
	op->texts |= 1 << n;
}

URING_INLINE __u8 *uring_text(struct uring_op *op)
{
	__u32 used = op->used;

	asm volatile("" : "+r"(used));
	return op->text + (used & (URING_TEXT_MAX / 2 - 1));
}

/* A name, as the kernel took it. */
URING_INLINE void uring_take_name(struct uring_op *op, __u32 n, struct filename *filename)
{
	long len = -1;

	uring_text_begin(op, n);
	if (filename)
		len = bpf_probe_read_kernel_str(uring_text(op), URING_TEXT_MAX / 2,
						READ(filename, name));
	if (len <= 0) {
		*uring_text(op) = 0;
		len = 1;
	}
	op->used += len;
}

/* The caller's vectors: the kernel copies them at the same moment. */
URING_INLINE void uring_take_vectors(struct uring_op *op, __u32 n, __u64 from, __u64 count)
{
	__u32 size = op->flags & URING_COMPAT ? 8 : 16;

	uring_text_begin(op, n);
	if (count > 32)
		count = 32;
	size *= (__u32)count;
	asm volatile("" : "+r"(size));
	size &= 1023;
	if (size > URING_VECTOR)
		size = URING_VECTOR;
	bpf_probe_read_user(uring_text(op), size, (void *)from);
	op->used += URING_VECTOR;
}

/*
 * Where the kernel's own copy of an address is. It made none of its own before
 * 6.10; then it was a member of a message's scratch; and the stable kernels of
 * 2026 keep that of bind and connect alone. The types are the same in both. A
 * scratch begins with a pointer or zero, an address with its family.
 */
URING_INLINE void *uring_address_kept(struct io_kiocb *req, bool alone)
{
	void *async = READ(req, async_data);
	__u64 first = 0;
	__u16 family;

	if (!bpf_core_type_exists(struct io_bind) || !async)
		return NULL;
	bpf_probe_read_kernel(&first, sizeof(first), async);
	family = first;
	if (alone && family && family < KERNEL_AF_MAX && (family & 7 || first >> 48 != 0xffff))
		return async;
	return async + bpf_core_field_offset(struct io_async_msghdr, addr);
}

/* An address: the kernel's copy where it has one by now, else the caller's. */
URING_INLINE void uring_take_address(struct uring_op *op, __u32 n, void *kept, __u64 user,
				     __u32 len)
{
	long error = -1;

	uring_text_begin(op, n);
	if (len > URING_ADDRESS)
		len = URING_ADDRESS;
	asm volatile("" : "+r"(len));
	len &= 2 * URING_ADDRESS - 1;
	if (kept)
		error = bpf_probe_read_kernel(uring_text(op), len, kept);
	else if (user)
		error = bpf_probe_read_user(uring_text(op), len, (void *)user);
	if (error)
		*(__u32 *)uring_text(op) = 0;
	op->used += URING_ADDRESS;
}

/* The descriptor that a request names, or its place in the ring's table. */
URING_INLINE __s64 uring_fd(struct uring_op *op, struct io_kiocb *req)
{
	__s64 fd = READ(req, cqe.fd);

	return op->flags & URING_SLOT_FILE ? SAKER_DIRECT_FD + (__u32)fd : fd;
}

/* Where the new file is to be. */
URING_INLINE void uring_makes(struct uring_op *op, __u32 slot)
{
	op->flags |= URING_MAKES_FILE;
	op->slot = slot;
	if (slot)
		op->flags |= URING_SLOT_RESULT;
}

#define LOAD(name) URING_INLINE void uring_load_##name(struct uring_op *op, struct io_kiocb *req)
#define REQ(type, member) READ((struct type *)req, member)

LOAD(none)
{
}

LOAD(open)
{
	op->args[0] = REQ(io_open, dfd);
	/* The kernel adds O_LARGEFILE to every one. */
	op->args[2] = REQ(io_open, how.flags) & ~(__u64)ARCH_O_LARGEFILE;
	op->args[3] = REQ(io_open, how.mode);
	op->resolve = REQ(io_open, how.resolve);
	uring_take_name(op, 1, REQ(io_open, filename));
	uring_makes(op, REQ(io_open, file_slot));
}

LOAD(close)
{
	__u32 slot = REQ(io_close, file_slot);

	op->args[0] = REQ(io_close, fd);
	if (slot) {
		op->args[0] = SAKER_DIRECT_FD + slot - 1;
		op->flags |= URING_SLOT_FILE;
	}
}

LOAD(rename)
{
	op->args[0] = REQ(io_rename, old_dfd);
	op->args[2] = REQ(io_rename, new_dfd);
	op->args[4] = REQ(io_rename, flags);
	uring_take_name(op, 1, REQ(io_rename, oldpath));
	uring_take_name(op, 3, REQ(io_rename, newpath));
}

LOAD(link)
{
	op->args[0] = REQ(io_link, old_dfd);
	op->args[2] = REQ(io_link, new_dfd);
	op->args[4] = REQ(io_link, flags);
	uring_take_name(op, 1, REQ(io_link, oldpath));
	uring_take_name(op, 3, REQ(io_link, newpath));
}

LOAD(symlink)
{
	op->args[1] = REQ(io_link, new_dfd);
	uring_take_name(op, 0, REQ(io_link, oldpath));
	uring_take_name(op, 2, REQ(io_link, newpath));
}

LOAD(unlink)
{
	op->args[0] = REQ(io_unlink, dfd);
	op->args[2] = REQ(io_unlink, flags);
	uring_take_name(op, 1, REQ(io_unlink, filename));
}

LOAD(mkdir)
{
	op->args[0] = REQ(io_mkdir, dfd);
	op->args[2] = REQ(io_mkdir, mode);
	uring_take_name(op, 1, REQ(io_mkdir, filename));
}

URING_INLINE void uring_load_position(struct uring_op *op, struct io_kiocb *req)
{
	op->args[3] = REQ(io_rw, kiocb.ki_pos);
	if (op->args[3] != ~0ULL)
		op->flags |= URING_AT_POSITION;
	if (READ(req, flags) & KERNEL_URING_BUFFER_SELECT)
		op->flags |= URING_SELECTS_BUFFER;
}

LOAD(rw)
{
	op->args[0] = uring_fd(op, req);
	op->args[1] = REQ(io_rw, addr);
	op->args[2] = REQ(io_rw, len);
	uring_load_position(op, req);
	if (op->opcode == URING_OP_READ_MULTISHOT)
		op->flags |= URING_REPEATS;
}

LOAD(rw_iov)
{
	op->args[0] = uring_fd(op, req);
	op->args[2] = REQ(io_rw, len);
	uring_take_vectors(op, 1, REQ(io_rw, addr), op->args[2]);
	uring_load_position(op, req);
}

LOAD(splice)
{
	op->args[0] = (__s64)REQ(io_splice, splice_fd_in);
	op->args[2] = uring_fd(op, req);
	op->args[4] = REQ(io_splice, len);
	op->args[5] = REQ(io_splice, flags);
	/* The input is one of the table by a flag of its own, which the call does not know. */
	if (op->args[5] & 1U << 31) {
		op->args[5] &= ~(1ULL << 31);
		op->args[0] = SAKER_DIRECT_FD + (__u32)op->args[0];
	}
}

LOAD(socket)
{
	op->args[0] = REQ(io_socket, domain);
	op->args[1] = REQ(io_socket, type);
	op->args[2] = REQ(io_socket, protocol);
	uring_makes(op, REQ(io_socket, file_slot));
}

LOAD(bind)
{
	if (!bpf_core_type_exists(struct io_bind))
		return;
	op->args[0] = uring_fd(op, req);
	op->args[2] = REQ(io_bind, addr_len);
	uring_take_address(op, 1, uring_address_kept(req, true), 0, op->args[2]);
}

LOAD(connect)
{
	op->args[0] = uring_fd(op, req);
	op->args[2] = REQ(io_connect, addr_len);
	uring_take_address(op, 1, uring_address_kept(req, true), (__u64)REQ(io_connect, addr),
			   op->args[2]);
}

LOAD(listen)
{
	if (!bpf_core_type_exists(struct io_listen))
		return;
	op->args[0] = uring_fd(op, req);
	op->args[1] = REQ(io_listen, backlog);
}

LOAD(accept)
{
	struct io_accept *accept = (void *)req;

	op->args[0] = uring_fd(op, req);
	op->args[3] = REQ(io_accept, flags);
	uring_makes(op, REQ(io_accept, file_slot));
	/* An older kernel does not keep that where we can find it. */
	if (!bpf_core_field_exists(accept->iou_flags) ||
	    READ(accept, iou_flags) & KERNEL_URING_ACCEPT_MULTISHOT)
		op->flags |= URING_REPEATS;
}

LOAD(shutdown)
{
	op->args[0] = uring_fd(op, req);
	op->args[1] = REQ(io_shutdown, how);
}

URING_INLINE void uring_load_transfer_flags(struct uring_op *op, struct io_kiocb *req)
{
	if (READ(req, flags) & KERNEL_URING_BUFFER_SELECT)
		op->flags |= URING_SELECTS_BUFFER;
	if ((op->opcode == URING_OP_RECV || op->opcode == URING_OP_RECVMSG) &&
	    REQ(io_sr_msg, flags) & KERNEL_URING_MULTISHOT)
		op->flags |= URING_REPEATS;
}

/* send and recv; with an address that of a datagram goes. */
LOAD(transfer)
{
	struct io_sr_msg *transfer = (void *)req;

	op->args[0] = uring_fd(op, req);
	op->args[1] = (__u64)REQ(io_sr_msg, buf);
	op->args[2] = REQ(io_sr_msg, len);
	op->args[3] = REQ(io_sr_msg, msg_flags);
	uring_load_transfer_flags(op, req);
	if (op->opcode == URING_OP_RECV)
		return;
	if (bpf_core_field_exists(transfer->addr)) {
		if (READ(transfer, addr_len))
			uring_take_address(op, 4, NULL, (__u64)READ(transfer, addr),
					   READ(transfer, addr_len));
	} else {
		struct io_async_msghdr *async = READ(req, async_data);

		if (async && READ(async, msg.msg_namelen))
			uring_take_address(op, 4, uring_address_kept(req, false), 0, URING_ADDRESS);
	}
}

/* The caller's struct msghdr, which the kernel reads at the same moment. */
URING_INLINE void uring_load_msghdr(struct uring_op *op, __u64 from, __u64 *name, __u64 *name_len)
{
	if (op->flags & URING_COMPAT) {
		__u32 m[6] = {};

		bpf_probe_read_user(m, sizeof(m), (void *)from);
		*name = m[0];
		*name_len = m[1];
		op->message.iov = m[2];
		op->message.iov_len = m[3];
		op->message.control = m[4];
		op->message.control_len = m[5];
	} else {
		__u64 m[6] = {};

		bpf_probe_read_user(m, sizeof(m), (void *)from);
		*name = m[0];
		*name_len = (__u32)m[1];
		op->message.iov = m[2];
		op->message.iov_len = m[3];
		op->message.control = m[4];
		op->message.control_len = m[5];
	}
}

LOAD(message)
{
	__u64 name = 0, name_len = 0;

	op->args[0] = uring_fd(op, req);
	op->args[1] = (__u64)REQ(io_sr_msg, buf);
	op->args[3] = REQ(io_sr_msg, msg_flags);
	uring_load_transfer_flags(op, req);
	uring_load_msghdr(op, op->args[1], &name, &name_len);
	uring_take_vectors(op, URING_TEXT_IOV, op->message.iov, op->message.iov_len);
	op->message.name = name;
	if (op->opcode == URING_OP_RECVMSG) /* the peer's address is to come */
		op->flags |= URING_RECEIVES_MESSAGE;
	else if (name)
		uring_take_address(op, URING_TEXT_NAME, uring_address_kept(req, false), name,
				   name_len);
}

LOAD(epoll_wait)
{
	if (!bpf_core_type_exists(struct io_epoll_wait))
		return;
	op->args[0] = uring_fd(op, req);
	op->args[2] = (__s64)REQ(io_epoll_wait, maxevents);
}

LOAD(pipe)
{
	if (!bpf_core_type_exists(struct io_pipe))
		return;
	op->args[0] = (__u64)REQ(io_pipe, fds);
	op->args[1] = REQ(io_pipe, flags);
	op->slot = REQ(io_pipe, file_slot);
	if (op->slot)
		op->flags |= URING_SLOT_RESULT;
}

#undef LOAD
#undef REQ

#endif /* SAKER_BPF_URING_H */
