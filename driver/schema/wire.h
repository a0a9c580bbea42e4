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
