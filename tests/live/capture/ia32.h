/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls by the 32-bit convention of x86 (int 0x80), which a 64-bit
 * kernel takes from 32-bit programs and from any program that asks; the
 * structures that such callers have, and memory below 4 GiB to put them in.
 */
#ifndef TEST_IA32_H
#define TEST_IA32_H

#include "live.h"

/* Numbers of arch/x86/entry/syscalls/syscall_32.tbl. */
enum {
	NR_OPEN = 5,
	NR_CLOSE = 6,
	NR_EXECVE = 11,
	NR_LCHOWN16 = 16,
	NR_LSEEK = 19,
	NR_UMOUNT = 22,
	NR_SETUID16 = 23,
	NR_GETUID16 = 24,
	NR_SETGID16 = 46,
	NR_GETGID16 = 47,
	NR_GETEUID16 = 49,
	NR_GETEGID16 = 50,
	NR_SETREUID16 = 70,
	NR_SETREGID16 = 71,
	NR_SETRLIMIT = 75,
	NR_OLD_MMAP = 90,
	NR_MUNMAP = 91,
	NR_FCHOWN16 = 95,
	NR_SOCKETCALL = 102,
	NR_IPC = 117,
	NR_CLONE = 120,
	NR__LLSEEK = 140,
	NR_READV = 145,
	NR_WRITEV = 146,
	NR_NANOSLEEP = 162,
	NR_SETRESUID16 = 164,
	NR_GETRESUID16 = 165,
	NR_SETRESGID16 = 170,
	NR_GETRESGID16 = 171,
	NR_PREAD64 = 180,
	NR_PWRITE64 = 181,
	NR_CHOWN16 = 182,
	NR_SENDFILE = 187,
	NR_UGETRLIMIT = 191,
	NR_MMAP2 = 192,
	NR_STAT64 = 195,
	NR_LSTAT64 = 196,
	NR_FSTAT64 = 197,
	NR_LCHOWN32 = 198,
	NR_GETUID32 = 199,
	NR_GETGID32 = 200,
	NR_GETEUID32 = 201,
	NR_GETEGID32 = 202,
	NR_SETREUID32 = 203,
	NR_SETREGID32 = 204,
	NR_FCHOWN32 = 207,
	NR_SETRESUID32 = 208,
	NR_GETRESUID32 = 209,
	NR_SETRESGID32 = 210,
	NR_GETRESGID32 = 211,
	NR_CHOWN32 = 212,
	NR_SETUID32 = 213,
	NR_SETGID32 = 214,
	NR_FCNTL64 = 221,
	NR_SENDFILE64 = 239,
	NR_KEYCTL = 288,
	NR_PPOLL = 309,
	NR_PREADV = 333,
	NR_PWRITEV = 334,
	NR_RECVMMSG = 337,
	NR_PRLIMIT64 = 340,
	NR_SENDMMSG = 345,
	NR_EXECVEAT = 358,
	NR_SETSOCKOPT = 366,
	NR_SENDMSG = 370,
	NR_SEMGET = 393,
	NR_SEMCTL = 394,
	NR_PPOLL_TIME64 = 414,
	NR_SEMTIMEDOP_TIME64 = 420,
};

/* The shapes that 32-bit programs give these. */
struct iovec32 {
	uint32_t base, len;
};

struct msghdr32 {
	uint32_t name, name_len, iov, iov_len, control, control_len, flags;
};

struct mmsghdr32 {
	struct msghdr32 hdr;
	uint32_t len;
};

struct limit32 {
	uint32_t cur, max;
};

struct timespec32 {
	int32_t sec, nsec;
};

/* The result, a negative errno when it failed. */
long ia32_call(uint32_t nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f);

#define CALL_(nr, a, b, c, d, e, f, ...)                                               \
	ia32_call(NR_##nr, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c), (uint32_t)(d), \
		  (uint32_t)(e), (uint32_t)(f))
#define CALL(...) CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* Everything below is of one case; the next one starts over. */
bool ia32_available(void);
/* Room that is zero. */
void *ia32_new(size_t len);
uint32_t ia32_address(const void *p);
uint32_t ia32_copy(const void *data, size_t len);
uint32_t ia32_text(const char *text);
/* An array of 32-bit words: arguments, pointers. */
#define IA32_WORDS(...) \
	ia32_copy((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}))

/* First in each case: a kernel may have been built or started without. */
#define NEED_IA32()                    \
	do {                           \
		if (!ia32_available()) \
			skip();        \
	} while (0)

#endif /* TEST_IA32_H */
