/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event and the schema that describes it. An event is one contiguous run of
 * bytes, the same in a kernel ring, in memory and in a capture file: a 26-byte
 * header, the lengths of the parameters, then their values. This header gives
 * the header, a decoder, and the public schema (event, parameter, flag and
 * syscall tables, version 4.5.1) to look up by name and number.
 */
#ifndef SAKER_EVENT_H
#define SAKER_EVENT_H
#pragma once

#include <saker/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAKER_EVENT_CODES 454	  /* public event codes are 0..453; even = enter, odd = exit */
#define SAKER_EVENT_OWN_FIRST 512 /* companion events of our own; other readers skip them */
#define SAKER_EVENT_MAX_PARAMS 32
#define SAKER_EVENT_MAX_SIZE 65536  /* bytes of one event without LARGE_PAYLOAD */
#define SAKER_EVENT_MAX_PARAM 65000 /* bytes of one of its parameters */
#define SAKER_SYSCALL_CODES 454	    /* public syscall codes ("sc") are 0..453 */

/*
 * The header on the wire, host byte order, packed; right behind it are nparams
 * lengths (u16; u32 when the event's flags have SAKER_EF_LARGE_PAYLOAD), then
 * the parameters without padding. May stand at any address.
 */
struct saker_event {
	uint64_t ts;	  /* nanoseconds since 1970 */
	uint64_t tid;	  /* thread that caused it, in the initial pid namespace */
	uint32_t len;	  /* bytes of all of it, header included */
	uint16_t type;	  /* event code */
	uint32_t nparams; /* how many lengths follow */
} __attribute__((packed));

/* The type of a parameter: PT_ numbers of the public schema, with their size where fixed. */
enum saker_param_type {
	SAKER_PT_NONE = 0,
	SAKER_PT_INT8 = 1,
	SAKER_PT_INT16 = 2,
	SAKER_PT_INT32 = 3,
	SAKER_PT_INT64 = 4,
	SAKER_PT_UINT8 = 5,
	SAKER_PT_UINT16 = 6,
	SAKER_PT_UINT32 = 7,
	SAKER_PT_UINT64 = 8,
	SAKER_PT_CHARBUF = 9, /* NUL-terminated text */
	SAKER_PT_BYTEBUF = 10,
	SAKER_PT_ERRNO = 11,	  /* i64 */
	SAKER_PT_SOCKADDR = 12,	  /* u8 family, then address and port */
	SAKER_PT_SOCKTUPLE = 13,  /* u8 family, then source and destination */
	SAKER_PT_FD = 14,	  /* i64 */
	SAKER_PT_PID = 15,	  /* i64 */
	SAKER_PT_FDLIST = 16,	  /* u16 n, n times i64 fd, i16 flags */
	SAKER_PT_FSPATH = 17,	  /* NUL-terminated */
	SAKER_PT_SYSCALLID = 18,  /* u16 syscall code */
	SAKER_PT_SIGTYPE = 19,	  /* u8 */
	SAKER_PT_RELTIME = 20,	  /* u64 ns */
	SAKER_PT_ABSTIME = 21,	  /* u64 ns */
	SAKER_PT_PORT = 22,	  /* u16 */
	SAKER_PT_L4PROTO = 23,	  /* u8 */
	SAKER_PT_SOCKFAMILY = 24, /* u8 */
	SAKER_PT_BOOL = 25,	  /* u32 */
	SAKER_PT_IPV4ADDR = 26,	  /* 4 bytes, network order */
	SAKER_PT_DYN = 27,	  /* u8 index of a type, then its value */
	SAKER_PT_FLAGS8 = 28,
	SAKER_PT_FLAGS16 = 29,
	SAKER_PT_FLAGS32 = 30,
	SAKER_PT_UID = 31, /* u32 */
	SAKER_PT_GID = 32, /* u32 */
	SAKER_PT_DOUBLE = 33,
	SAKER_PT_SIGSET = 34, /* u32 */
	SAKER_PT_CHARBUFARRAY = 35,
	SAKER_PT_CHARBUF_PAIR_ARRAY = 36,
	SAKER_PT_IPV4NET = 37,
	SAKER_PT_IPV6ADDR = 38,
	SAKER_PT_IPV6NET = 39,
	SAKER_PT_IPADDR = 40,
	SAKER_PT_IPNET = 41,
	SAKER_PT_MODE = 42, /* u32 */
	SAKER_PT_FSRELPATH =
		43, /* NUL-terminated, relative to the dirfd parameter named by its info */
	SAKER_PT_ENUMFLAGS8 = 44,
	SAKER_PT_ENUMFLAGS16 = 45,
	SAKER_PT_ENUMFLAGS32 = 46,
	SAKER_PT_FD32 = 47,  /* i32 */
	SAKER_PT_PID32 = 48, /* i32 */
	SAKER_PT_MAX = 49,
};

/* How a parameter is printed. */
enum saker_param_format {
	SAKER_PF_NA = 0,
	SAKER_PF_DEC = 1,
	SAKER_PF_HEX = 2,
	SAKER_PF_10_PADDED_DEC = 3,
	SAKER_PF_ID = 4,
	SAKER_PF_DIR = 5,
	SAKER_PF_OCT = 6,
	SAKER_PF_JSON = 7,
};

enum saker_event_flag {
	SAKER_EF_CREATES_FD = 1 << 0,
	SAKER_EF_DESTROYS_FD = 1 << 1,
	SAKER_EF_USES_FD = 1 << 2,
	SAKER_EF_READS_FROM_FD = 1 << 3,
	SAKER_EF_WRITES_TO_FD = 1 << 4,
	SAKER_EF_MODIFIES_STATE = 1 << 5,
	SAKER_EF_UNUSED = 1 << 6,
	SAKER_EF_WAITS = 1 << 7,
	SAKER_EF_SKIPPARSERESET = 1 << 8,
	SAKER_EF_OLD_VERSION = 1 << 9,
	SAKER_EF_LARGE_PAYLOAD = 1 << 11,
	SAKER_EF_CONVERTER_MANAGED = 1 << 12,
};

/* The low bits of a category say what kind, the high ones where the event comes from. */
enum saker_event_category {
	SAKER_EC_UNKNOWN = 0,
	SAKER_EC_OTHER = 1,
	SAKER_EC_FILE = 2,
	SAKER_EC_NET = 3,
	SAKER_EC_IPC = 4,
	SAKER_EC_MEMORY = 5,
	SAKER_EC_PROCESS = 6,
	SAKER_EC_SLEEP = 7,
	SAKER_EC_SYSTEM = 8,
	SAKER_EC_SIGNAL = 9,
	SAKER_EC_USER = 10,
	SAKER_EC_TIME = 11,
	SAKER_EC_PROCESSING = 12,
	SAKER_EC_IO_BASE = 32,
	SAKER_EC_IO_READ = 32,
	SAKER_EC_IO_WRITE = 33,
	SAKER_EC_IO_OTHER = 34,
	SAKER_EC_WAIT = 1 << 6,
	SAKER_EC_SCHEDULER = 1 << 7,
	SAKER_EC_INTERNAL = 1 << 8,
	SAKER_EC_SYSCALL = 1 << 9,
	SAKER_EC_TRACEPOINT = 1 << 10,
	SAKER_EC_PLUGIN = 1 << 11,
	SAKER_EC_METAEVENT = 1 << 12,
	SAKER_EC_ITER = 1 << 13,
};

/* One bit or value of a flag table, in the order in which they are printed. */
struct saker_flag {
	const char *name;
	uint32_t value;
};

struct saker_flag_table {
	const char *name; /* "file_flags" */
	const struct saker_flag *flags;
	uint32_t n_flags;
};

struct saker_param_info {
	const char *name;
	uint8_t type;	    /* enum saker_param_type */
	uint8_t format;	    /* enum saker_param_format */
	int8_t dirfd;	    /* FSRELPATH: index of the parameter it is relative to; else -1 */
	uint8_t n_variants; /* DYN: types that its first byte selects */
	const struct saker_flag_table
		*flags; /* FLAGS, ENUMFLAGS, MODE: names of the values; or NULL */
	const struct saker_param_info *variants;
};

struct saker_event_info {
	const char *name;   /* "openat" */
	const char *symbol; /* "SYSCALL_OPENAT_2_X" */
	uint16_t category;  /* enum saker_event_category */
	uint16_t flags;	    /* enum saker_event_flag */
	uint32_t n_params;
	const struct saker_param_info *params;
};

struct saker_syscall_info {
	const char *name;   /* "openat" */
	uint16_t sc;	    /* public syscall code */
	uint16_t event;	    /* code of its exit event; 1 = the generic one */
	int16_t nr_x86_64;  /* -1 = there is none */
	int16_t nr_aarch64; /* -1 = there is none */
	uint8_t drop;	    /* enum saker_syscall_drop */
};

enum saker_syscall_drop {
	SAKER_SYSCALL_DROP_NORMAL = 0,
	SAKER_SYSCALL_DROP_NEVER = 1,
	SAKER_SYSCALL_DROP_ALWAYS = 2,
};

/* Schema look-ups. All results are constant and live for ever; NULL or -ENOENT = unknown. */
SAKER_PUBLIC const struct saker_event_info *saker_event_info(uint32_t code);
/* The first code at or after `from` with this name (several have it), or -ENOENT. */
SAKER_PUBLIC int saker_event_find(const char *name, uint32_t from);
SAKER_PUBLIC const struct saker_syscall_info *saker_syscall_by_code(uint32_t sc);
SAKER_PUBLIC const struct saker_syscall_info *saker_syscall_by_name(const char *name);
/* nr as the kernel of this machine's architecture counts; NULL = unknown. */
SAKER_PUBLIC const struct saker_syscall_info *saker_syscall_by_number(uint32_t nr);
SAKER_PUBLIC const struct saker_flag_table *saker_flag_table_find(const char *name);
SAKER_PUBLIC uint32_t saker_flag_table_count(void);
SAKER_PUBLIC const struct saker_flag_table *saker_flag_table_at(uint32_t index);
/*
 * "A|B" for the bits of value (FLAGS, MODE) or the names of it (ENUMFLAGS), in
 * the order and with the omissions of libs; "" when there is none. Returns the length it would
 * have.
 */
SAKER_PUBLIC size_t saker_flags_format(const struct saker_param_info *param, uint32_t value,
				       char *buf, size_t size);
/* "ENOENT" for 2; NULL = unknown. Kernel-internal ones (ERESTARTSYS) included. */
SAKER_PUBLIC const char *saker_errno_name(int err);
SAKER_PUBLIC const char *saker_signal_name(int sig);
/* Bytes of a value of this type; 0 = variable. */
SAKER_PUBLIC uint32_t saker_param_type_size(enum saker_param_type type);

/* ---- decoding -------------------------------------------------------------- */

struct saker_param {
	const uint8_t *data; /* into the event; unaligned */
	uint32_t len;	     /* 0 = unknown (or an empty buffer) */
};

/* An event with its parameters found; points into the event, which must outlive it. */
struct saker_event_view {
	const struct saker_event *event;
	const struct saker_event_info *info;
	uint32_t n_params;
	struct saker_param params[SAKER_EVENT_MAX_PARAMS];
};

/*
 * Checks an event's bounds and finds its parameters. -EBADMSG: lengths do not
 * add up or exceed size; -ENOENT: a code that the schema does not have (own
 * companion events included). Trusts nothing in the bytes.
 */
SAKER_PUBLIC int saker_event_decode(const struct saker_event *event, size_t size,
				    struct saker_event_view *ret_view);

/* What a companion event says of the event before it. */
struct saker_note {
	uint8_t via;	  /* enum saker_note_via */
	uint8_t how;	  /* enum saker_note_how */
	uint32_t cut;	  /* bit i: parameter i is not all there */
	uint64_t cut_len; /* true length in bytes of the first of them; 0 = unknown */
	const char *path; /* where its name led to, if that is another path; not NUL-terminated */
	uint32_t path_len;
};

/*
 * Reads saker_event_meta.companion. -EBADMSG: its lengths do not add up; -ENOENT:
 * an event of another kind. Trusts nothing in the bytes; path points into them.
 */
SAKER_PUBLIC int saker_note_read(const struct saker_event *companion, struct saker_note *ret_note);

/*
 * Start-up state, events 430-448 (SAKER_EVENT_META_INITIAL), whichever engine
 * makes them:
 *  - the header's tid holds process and thread, see below; where only the thread
 *    is known (a capture's descriptors) it stands in both halves;
 *  - a value that is not known has length 0; SAKER_TASK_DENIED (<saker/event_codes.h>)
 *    in a thread's flags: whoever looked had no right to see its program, directory,
 *    environment and files;
 *  - argv, env and cgroups are strings one behind the other, each with its NUL;
 *    argv[0] is the program's name as called; cgroups read "cpu=/path";
 *  - vtgid is the process, vpid the thread, in the process's own pid namespace;
 *  - addresses are in network order, ports are numbers; a remote side that is all
 *    zero is that of a listening or unconnected socket;
 *  - a file comes after its thread.
 */
static inline uint32_t saker_event_task_tid(const struct saker_event *event)
{
	return (uint32_t)event->tid;
}

static inline uint32_t saker_event_task_pid(const struct saker_event *event)
{
	return (uint32_t)(event->tid >> 32);
}

/* Unaligned loads, for values of a decoded parameter whose len was checked. */
static inline uint16_t saker_load_u16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t saker_load_u32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t saker_load_u64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* ---- sets of syscalls ---------------------------------------------------- */

/* A set of public syscall codes, tracepoints among them (sched_process_exit). */
struct saker_syscall_set {
	uint64_t bits[8];
};

static inline bool saker_syscall_set_has(const struct saker_syscall_set *set, uint32_t sc)
{
	return sc < 512 && (set->bits[sc / 64] >> (sc % 64) & 1);
}

static inline void saker_syscall_set_add(struct saker_syscall_set *set, uint32_t sc)
{
	if (sc < 512)
		set->bits[sc / 64] |= UINT64_C(1) << (sc % 64);
}

static inline void saker_syscall_set_remove(struct saker_syscall_set *set, uint32_t sc)
{
	if (sc < 512)
		set->bits[sc / 64] &= ~(UINT64_C(1) << (sc % 64));
}

/*
 * Adds a named set: "state" (what the state engine needs), "io" (reads and
 * writes that are left out for their volume), "all" (all but the tracepoints
 * sched_switch, page_fault_* and signal_deliver, which one must name); or the
 * syscalls of that name and those that yield events of that name. -ENOENT = neither.
 */
SAKER_PUBLIC int saker_syscall_set_add_name(struct saker_syscall_set *set, const char *name);
/* Adds all syscalls that yield this event code; the generic event adds none. */
SAKER_PUBLIC int saker_syscall_set_add_event(struct saker_syscall_set *set, uint32_t event_code);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_EVENT_H */
