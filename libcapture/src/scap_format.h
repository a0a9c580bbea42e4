/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture file format as libs defines it (versions up to 1.2): block types,
 * fixed layouts and the limits that reading puts on outside bytes. Shared by the
 * reader and the writer.
 *
 * A file is a run of blocks: u32 type, u32 total length, body padded to four,
 * u32 total length again. All in host byte order; only little-endian files exist.
 */
#ifndef CAPTURE_SCAP_FORMAT_H
#define CAPTURE_SCAP_FORMAT_H

#include <stdint.h>

/* X(type, kind, version): every block that has ever been written. */
#define SCAP_BLOCK_LIST(X)           \
	X(0x0A0D0D0A, SECTION, 1)    \
	X(0x201, MACHINE, 1)         \
	X(0x8002ABCD, MACHINE, 1)    \
	X(0x202, PROCESSES, 1)       \
	X(0x8000ABCD, PROCESSES, 1)  \
	X(0x207, PROCESSES, 2)       \
	X(0x8013ABCD, PROCESSES, 2)  \
	X(0x209, PROCESSES, 3)       \
	X(0x8014ABCD, PROCESSES, 3)  \
	X(0x210, PROCESSES, 4)       \
	X(0x211, PROCESSES, 5)       \
	X(0x212, PROCESSES, 6)       \
	X(0x213, PROCESSES, 7)       \
	X(0x214, PROCESSES, 8)       \
	X(0x215, PROCESSES, 9)       \
	X(0x203, FILES, 1)           \
	X(0x8001ABCD, FILES, 1)      \
	X(0x218, FILES, 2)           \
	X(0x205, INTERFACES, 1)      \
	X(0x8011ABCD, INTERFACES, 1) \
	X(0x219, INTERFACES, 2)      \
	X(0x206, USERS, 1)           \
	X(0x8012ABCD, USERS, 1)      \
	X(0x220, USERS, 2)           \
	X(0x204, EVENT, 1)           \
	X(0x8010ABCD, EVENT, 1)      \
	X(0x216, EVENT, 2)           \
	X(0x221, EVENT_LARGE, 2)     \
	X(0x208, EVENT_FLAGS, 1)     \
	X(0x217, EVENT_FLAGS, 2)     \
	X(0x222, EVENT_FLAGS_LARGE, 2)

#define SCAP_KIND_LIST(X)                  \
	X(UNKNOWN, "unknown")              \
	X(SECTION, "section header")       \
	X(MACHINE, "machine information")  \
	X(PROCESSES, "process list")       \
	X(FILES, "file descriptor list")   \
	X(INTERFACES, "interface list")    \
	X(USERS, "user list")              \
	X(EVENT, "event")                  \
	X(EVENT_LARGE, "large event")      \
	X(EVENT_FLAGS, "event with flags") \
	X(EVENT_FLAGS_LARGE, "large event with flags")

enum scap_kind {
#define X(symbol, name) SCAP_KIND_##symbol,
	SCAP_KIND_LIST(X)
#undef X
};

#define SCAP_SECTION_TYPE 0x0A0D0D0Au
#define SCAP_SECTION_MAGIC 0x1A2B3C4Du
#define SCAP_MAJOR 1
#define SCAP_MINOR 2
#define SCAP_BLOCK_HEADER 8
#define SCAP_BLOCK_TRAILER 4
#define SCAP_BLOCK_OVERHEAD (SCAP_BLOCK_HEADER + SCAP_BLOCK_TRAILER)
#define SCAP_SECTION_BODY 16	/* magic, versions, length; options may follow */
#define SCAP_EVENT_HEADER_V1 22 /* no count of parameters yet */

/* Types this version writes. */
#define SCAP_WRITE_MACHINE 0x201
#define SCAP_WRITE_PROCESSES 0x215
#define SCAP_WRITE_FILES 0x218
#define SCAP_WRITE_INTERFACES 0x219
#define SCAP_WRITE_USERS 0x220
#define SCAP_WRITE_EVENT 0x216
#define SCAP_WRITE_EVENT_LARGE 0x221
#define SCAP_WRITE_EVENT_FLAGS 0x217
#define SCAP_WRITE_EVENT_FLAGS_LARGE 0x222

/* An event that only fills a file, so that blocks end where pages do; see scap_sink.h. */
#define SCAP_EVENT_FILLER 0xffff

/* Flags of a block that has them. */
#define SCAP_EVENT_STATE_ONLY 1
#define SCAP_EVENT_IS_LARGE 4
/* Of our own, which others pass over: the next block is this event's companion. */
#define SCAP_EVENT_COMPANION (1u << 16)

/* Kinds of file descriptors in a list: X(number, symbol). */
#define SCAP_FD_LIST(X)     \
	X(0, UNKNOWN)       \
	X(1, FILE)          \
	X(2, DIRECTORY)     \
	X(3, IPV4_SOCK)     \
	X(4, IPV6_SOCK)     \
	X(5, IPV4_SERVSOCK) \
	X(6, IPV6_SERVSOCK) \
	X(7, FIFO)          \
	X(8, UNIX_SOCK)     \
	X(9, EVENT)         \
	X(10, UNSUPPORTED)  \
	X(11, SIGNALFD)     \
	X(12, EVENTPOLL)    \
	X(13, INOTIFY)      \
	X(14, TIMERFD)      \
	X(15, NETLINK)      \
	X(16, FILE_V2)      \
	X(17, BPF)          \
	X(18, USERFAULTFD)  \
	X(19, IO_URING)     \
	X(20, MEMFD)        \
	X(21, PIDFD)

enum scap_fd_type {
#define X(number, symbol) SCAP_FD_##symbol = number,
	SCAP_FD_LIST(X)
#undef X
};

/*
 * Kinds that readers of before 2023 (Debian's sysdig) do not know: they refuse the
 * whole file for one. They are written as UNSUPPORTED, with a name that says what
 * it is, as /proc would: X(kind of anonymous inode, marker); the name that it has
 * besides, if any, comes behind a blank. A memfd's own name says it already.
 */
#define SCAP_MARKER_LIST(X)                        \
	X(BPF_MAP, "anon_inode:bpf-map")           \
	X(BPF_PROG, "anon_inode:bpf-prog")         \
	X(BPF_LINK, "anon_inode:bpf-link")         \
	X(BPF_ITER, "anon_inode:bpf_iter")         \
	X(USERFAULTFD, "anon_inode:[userfaultfd]") \
	X(IO_URING, "anon_inode:[io_uring]")       \
	X(PIDFD, "anon_inode:[pidfd]")

#define SCAP_MARKER_MEMFD "/memfd:" /* with or without the slash */

enum scap_l4 {
	SCAP_L4_UNKNOWN = 0,
	SCAP_L4_NA = 1, /* no socket */
	SCAP_L4_TCP = 2,
	SCAP_L4_UDP = 3,
	SCAP_L4_ICMP = 4,
	SCAP_L4_RAW = 5,
};

#define SCAP_MACHINE_SIZE 180
#define SCAP_HOSTNAME_SIZE 128

/* ---- limits on what is read --------------------------------------------------- */

/* A small event's block; the format says 64 KiB, all included. */
#define SCAP_SMALL_BLOCK_MAX (65536 + 64)
/* A large event's block (plugin data), an interface or user list: all in memory at once. */
#define SCAP_BLOCK_MAX (64u << 20)
/* One process or descriptor of a list; lists as a whole have no limit. */
#define SCAP_ENTRY_MAX (1u << 20)
/* Text of a process: paths, and lists of arguments, variables, cgroups. Longer ones are cut. */
#define SCAP_PATH_MAX 4096
#define SCAP_TEXTS_MAX 12288
/* Interfaces and accounts of all sections together. */
#define SCAP_TABLES_MAX (16u << 20)

#endif /* CAPTURE_SCAP_FORMAT_H */
