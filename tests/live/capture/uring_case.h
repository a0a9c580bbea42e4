/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases of test_live_uring*.c share: the ring of the case that runs, and how it came. */
#ifndef TEST_URING_CASE_H
#define TEST_URING_CASE_H

#include "live.h"
#include "uring.h"

extern struct uring uring_of_case;
#define ring uring_of_case

/* The next submission of the case's ring. */
static inline struct io_uring_sqe *sqe(uint8_t opcode, int fd)
{
	return uring_prepare(&ring, opcode, fd, 7);
}

static inline uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

#define NOTE(how) live_note(live, SAKER_VIA_IO_URING, how)

/* test_live_uring_socket.c; ended by one without a name. */
extern const struct live_case live_uring_socket_cases[];

#endif /* TEST_URING_CASE_H */
