/* SPDX-License-Identifier: Apache-2.0 */
/* An io_uring by its system calls alone, for tests: one operation at a time, or many. */
#ifndef TEST_URING_H
#define TEST_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/io_uring.h>

/* Opcodes and flags that Debian 12's header does not have yet. */
enum {
	URING_SEND_ZC = 47,
	URING_SENDMSG_ZC = 48,
	URING_READ_MULTISHOT = 49,
	URING_FTRUNCATE = 55,
	URING_BIND = 56,
	URING_LISTEN = 57,
	URING_EPOLL_WAIT = 59,
	URING_PIPE = 62,
	URING_CQE_NOTIF = 1 << 3,
	URING_FIXED_BUF = 1 << 2,
};

struct uring {
	int fd;
	uint32_t flags;
	struct io_uring_params params;
	uint8_t *sq;
	uint8_t *cq;
	size_t sq_size;
	size_t cq_size;
	struct io_uring_sqe *sqes;
	uint32_t queued; /* prepared and not submitted yet */
};

/* entries: a power of two; flags: IORING_SETUP_*. 0, or -errno: not to be had here. */
int uring_open(struct uring *ring, uint32_t entries, uint32_t flags);
void uring_close(struct uring *ring);

/* The next free submission, all zero but its opcode, descriptor and number (user_data). */
struct io_uring_sqe *uring_prepare(struct uring *ring, uint8_t opcode, int fd, uint64_t number);
/* Submits what is prepared and waits for n completions. 0 or -errno. */
int uring_submit(struct uring *ring, uint32_t n);
/* The next completion there is; false: none. */
bool uring_next(struct uring *ring, struct io_uring_cqe *ret);
/* What is prepared is one operation: its result. */
int uring_run(struct uring *ring);
/* The kernel knows the operation. */
bool uring_knows(struct uring *ring, uint8_t opcode);

#endif /* TEST_URING_H */
