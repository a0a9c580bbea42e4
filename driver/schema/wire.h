/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The schema's tables as constants: event codes, syscall codes, values of flags
 * and variants. Plain C without libc, so that kernel programs and user space
 * include the same file; the names that people read are expanded elsewhere.
 */
#ifndef SAKER_SCHEMA_WIRE_H
#define SAKER_SCHEMA_WIRE_H

/* SAKER_EV_SYSCALL_OPEN_X = 3 ... */
enum saker_event_code {
#define EVENT(code, symbol, ...) SAKER_EV_##symbol = code,
#include "events.def"
#undef EVENT
	SAKER_EV_MAX, /* one past the last */
};

/* SAKER_EV_OWN_NOTE_X = 512 ...: events of our own */
enum saker_own_event_code {
#define EVENT(...)
#define EVENT_OWN(code, symbol, ...) SAKER_EV_##symbol = code,
#include "events.def"
#undef EVENT
#undef EVENT_OWN
	SAKER_EV_OWN_MAX,
};

/* What a lost event was about, and so what it leaves in doubt: effects.def. */
#define SAKER_LOSS_GROUP_LIST(X)                                                               \
	X(PROCESS, "process")	  /* that it is, whose child it is, and with that all below */ \
	X(PROGRAM, "program")	  /* what it runs; an execve closes descriptors, too */        \
	X(FD, "fd")		  /* a process's descriptors */                                \
	X(DIRECTORY, "directory") /* its working directory and root */                         \
	X(IDENTITY, "identity")	  /* its users, capabilities, session, namespaces */           \
	X(OTHER, "other")	  /* nothing: no other event is read by what it would have said */

enum saker_loss_group {
#define X(symbol, name) SAKER_LOSS_##symbol,
	SAKER_LOSS_GROUP_LIST(X)
#undef X
		SAKER_LOSS_GROUPS,
};

/* Processes are told apart by as many numbers: pid % SAKER_LOSS_SLOTS. A power of two. */
#define SAKER_LOSS_SLOTS 512

/* How an event came: OWN_NOTE's "via". */
enum saker_note_via {
	SAKER_VIA_SYSCALL = 0,
	SAKER_VIA_IO_URING = 1,
	SAKER_VIA_IA32 = 2,
};

/* OWN_NOTE's "how": of an io_uring's operation, but for the last one. */
enum saker_note_how {
	SAKER_HOW_DIRECT_RESULT = 1 << 0,  /* the new file is in the ring's own table, no fd */
	SAKER_HOW_DIRECT_FILE = 1 << 1,	   /* the file used is one of the ring's own table */
	SAKER_HOW_SQPOLL = 1 << 2,	   /* the kernel's thread took it from the ring */
	SAKER_HOW_RESULT_UNKNOWN = 1 << 3, /* the ring was told not to say when it succeeds */
	SAKER_HOW_PATH_CUT = 1 << 4,	   /* where its name led to is too long to be told */
};

/* What is said when there is cause; OWN_CAPTURE's "features". */
enum saker_note_feature {
	SAKER_NOTE_FEATURE_NOTES = 1 << 0,    /* via, how, cut */
	SAKER_NOTE_FEATURE_REALPATH = 1 << 1, /* path */
};

/*
 * In the flags of event 430: the program, its directory, environment and files
 * are not known because whoever looked had no right to see them.
 */
#define SAKER_TASK_DENIED (1U << 31)

/*
 * A file of a ring's own table stands in an fd parameter as this plus its index:
 * no descriptor of a process, and never the number of one. All ones: which index
 * it got is not known.
 */
#define SAKER_DIRECT_FD (1LL << 32)
#define SAKER_DIRECT_FD_UNKNOWN (SAKER_DIRECT_FD + 0xffffffffLL)

/* SAKER_SC_OPENAT = 234 ... (public codes, not the kernel's numbers) */
enum saker_syscall_code {
#define SYSCALL(sc, symbol, ...) SAKER_SC_##symbol = sc,
#define TRACEPOINT(sc, symbol, ...) SAKER_SC_##symbol = sc,
#define SYSCALL_NONE(sc, symbol) SAKER_SC_##symbol = sc,
#include "syscalls.def"
#undef SYSCALL
#undef TRACEPOINT
#undef SYSCALL_NONE
	SAKER_SC_MAX,
};

/* SAKER_FLAG_file_flags_O_CLOEXEC = 4096 ... (as events carry them, not the kernel's values) */
#define FLAG(table, name, value) SAKER_FLAG_##table##_##name = value,
#define FLAG_AGAIN(table, name, value)
#define FLAG_TABLE(table, n_flags, flags) enum saker_flag_##table{flags};
#include "flags.def"
#undef FLAG
#undef FLAG_AGAIN
#undef FLAG_TABLE

/* SAKER_DYN_ptrace_dynamic_param_SIGTYPE = 1 ...: first byte of a DYN parameter */
#define VARIANT(table, name, ...) SAKER_DYN_##table##_##name,
#define DYN_TABLE(table, n_variants, variants) enum saker_dyn_##table{variants};
#include "dynamic.def"
#undef VARIANT
#undef DYN_TABLE

/* Bytes in front of an event's parameter lengths, and of one length. */
#define SAKER_WIRE_HEADER 26
#define SAKER_WIRE_LEN 2
#define SAKER_WIRE_LEN_LARGE 4

#endif /* SAKER_SCHEMA_WIRE_H */
