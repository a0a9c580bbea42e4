// SPDX-License-Identifier: Apache-2.0
/* See uring.h. */
#include "uring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *map_part(int fd, size_t size, uint64_t offset)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		       (off_t)offset);

	return p == MAP_FAILED ? NULL : p;
}

int uring_open(struct uring *ring, uint32_t entries, uint32_t flags)
{
	struct io_uring_params *p = &ring->params;

	memset(ring, 0, sizeof(*ring));
	p->flags = flags;
	p->sq_thread_idle = 50;
	ring->flags = flags;
	ring->fd = (int)syscall(SYS_io_uring_setup, entries, p);
	if (ring->fd < 0)
		return -errno;
	ring->sq_size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	ring->cq_size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	ring->sq = map_part(ring->fd, ring->sq_size, IORING_OFF_SQ_RING);
	ring->cq = map_part(ring->fd, ring->cq_size, IORING_OFF_CQ_RING);
	ring->sqes = map_part(ring->fd, p->sq_entries * sizeof(*ring->sqes), IORING_OFF_SQES);
	if (ring->sq && ring->cq && ring->sqes)
		return 0;
	uring_close(ring);
	return -ENOMEM;
}

void uring_close(struct uring *ring)
{
	if (ring->sq)
		munmap(ring->sq, ring->sq_size);
	if (ring->cq)
		munmap(ring->cq, ring->cq_size);
	if (ring->sqes)
		munmap(ring->sqes, ring->params.sq_entries * sizeof(*ring->sqes));
	if (ring->fd >= 0)
		close(ring->fd);
	memset(ring, 0, sizeof(*ring));
	ring->fd = -1;
}

static uint32_t *sq_word(struct uring *ring, uint32_t offset)
{
	return (uint32_t *)(ring->sq + offset);
}

static uint32_t *cq_word(struct uring *ring, uint32_t offset)
{
	return (uint32_t *)(ring->cq + offset);
}

struct io_uring_sqe *uring_prepare(struct uring *ring, uint8_t opcode, int fd, uint64_t number)
{
	const struct io_sqring_offsets *off = &ring->params.sq_off;
	uint32_t mask = *sq_word(ring, off->ring_mask);
	uint32_t i = (*sq_word(ring, off->tail) + ring->queued++) & mask;
	struct io_uring_sqe *sqe = &ring->sqes[i];

	sq_word(ring, off->array)[i] = i;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->user_data = number;
	return sqe;
}

int uring_submit(struct uring *ring, uint32_t n)
{
	const struct io_sqring_offsets *off = &ring->params.sq_off;
	uint32_t flags = n ? IORING_ENTER_GETEVENTS : 0;
	uint32_t queued = ring->queued;
	long r;

	__atomic_store_n(sq_word(ring, off->tail), *sq_word(ring, off->tail) + queued,
			 __ATOMIC_RELEASE);
	ring->queued = 0;
	if (ring->flags & IORING_SETUP_SQPOLL) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (*(volatile uint32_t *)sq_word(ring, off->flags) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
		if (!flags)
			return 0;
	}
	do
		r = syscall(SYS_io_uring_enter, ring->fd, queued, n, flags, NULL, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

bool uring_next(struct uring *ring, struct io_uring_cqe *ret)
{
	const struct io_cqring_offsets *off = &ring->params.cq_off;
	uint32_t *head = cq_word(ring, off->head);
	uint32_t mask = *cq_word(ring, off->ring_mask);

	if (*head == __atomic_load_n(cq_word(ring, off->tail), __ATOMIC_ACQUIRE))
		return false;
	*ret = ((struct io_uring_cqe *)(ring->cq + off->cqes))[*head & mask];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

int uring_run(struct uring *ring)
{
	struct io_uring_cqe cqe;
	int r = uring_submit(ring, 1);

	if (r < 0)
		return r;
	return uring_next(ring, &cqe) ? cqe.res : -ENODATA;
}

bool uring_knows(struct uring *ring, uint8_t opcode)
{
	struct io_uring_probe *probe =
		calloc(1, sizeof(*probe) + 256 * sizeof(struct io_uring_probe_op));
	bool known = false;

	if (probe &&
	    syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PROBE, probe, 256) == 0)
		known = opcode <= probe->last_op &&
			probe->ops[opcode].flags & IO_URING_OP_SUPPORTED;
	free(probe);
	return known;
}
