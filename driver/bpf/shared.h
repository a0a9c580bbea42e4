/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the probe and the engine that loads it say to each other: settings that
 * are constant once loaded, switches that change while running, counters. Both
 * sides include this file; events themselves are schema/wire.h.
 */
#ifndef SAKER_BPF_SHARED_H
#define SAKER_BPF_SHARED_H

#define PROBE_SYSCALLS 512  /* kernel numbers that the table holds; higher ones are not wanted */
#define PROBE_PROGRAMS 512  /* slots of the tail-call table, by event code */
#define PROBE_SLOT_GATE 511 /* of it, no event's: the program that filters and samples */
#define PROBE_CALLS 32	    /* calls that socketcall(2) and ipc(2) carry each */
#define PROBE_CLASSES 9	    /* enum saker_event_class */
#define PROBE_REASONS 4	    /* enum saker_drop_reason */
#define PROBE_DOUBTS 5	    /* enum saker_loss_group but OTHER */
#define PROBE_URING_OPS 64  /* opcodes of an io_uring; higher ones are not wanted */
#define PROBE_URING_SMALL 16384 /* operations under way, of short names, that are kept */
#define PROBE_URING_LARGE 512	/* ... of long names */
#define PROBE_URING_REPEAT 4096 /* ... that yield again and again (multishot) */

#define PROBE_LOST_SLOTS 512 /* SAKER_LOSS_SLOTS */

/* Bytes: one event can have as many; a single read may run over by as many again. */
#define PROBE_EVENT_MAX 65536
#define PROBE_TMP \
	8192 /* for what is read but is not the event: iovecs, addresses, a path backwards */

/* Longest path, executable, arguments and environment that an event keeps, bytes with the NUL. */
#define PROBE_PATH_MAX 4096
#define PROBE_ARGS_MAX 4096

/* The classes that drops are counted by; the same order as SAKER_EVENT_CLASS_LIST. */
enum probe_class {
	PROBE_CLASS_CLONE_FORK,
	PROBE_CLASS_EXECVE,
	PROBE_CLASS_CONNECT,
	PROBE_CLASS_OPEN,
	PROBE_CLASS_DIR_FILE,
	PROBE_CLASS_OTHER_INTEREST,
	PROBE_CLASS_CLOSE,
	PROBE_CLASS_PROC_EXIT,
	PROBE_CLASS_OTHER,
};

/* The same order as SAKER_DROP_REASON_LIST. */
enum probe_reason {
	PROBE_DROP_RING_FULL,
	PROBE_DROP_SCRATCH,
	PROBE_DROP_TOO_LARGE,
	PROBE_DROP_FAULT,
};

/* Settled before loading: the verifier folds what depends on it. */
struct probe_config {
	unsigned int n_cpus;	/* entries of the maps by CPU */
	unsigned int snaplen;	/* bytes kept of I/O buffers */
	unsigned int watermark; /* bytes in a ring that wake a sleeping reader */
	unsigned int ring_size; /* bytes */
	unsigned int reserve;	/* bytes of it that only events of priority.def may use */
	unsigned char drop_failed;
	unsigned char shared_rings; /* a ring has more than one CPU */
	unsigned char dynamic_snaplen;
	unsigned char reserved;
	unsigned short statsd_port;
	unsigned short fullcapture_first; /* ports; last 0: none */
	unsigned short fullcapture_last;
};

/* ---- selection ------------------------------------------------------------------------ */

/* What filters look at, as bits. */
enum probe_filter {
	PROBE_FILTER_PID = 1 << 0,
	PROBE_FILTER_COMM = 1 << 1,
	PROBE_FILTER_UID = 1 << 2,
	PROBE_FILTER_CGROUP = 1 << 3,
	PROBE_FILTER_PATH = 1 << 4,
};

#define PROBE_FILTER_ENTRIES 256 /* of one kind */
#define PROBE_COMM 16
#define PROBE_PREFIX 255       /* bytes of a path that are compared */
#define PROBE_CGROUP_LEVELS 24 /* how deep control groups are looked at */

/* Values of the filters' maps. */
enum probe_verdict {
	PROBE_VERDICT_INCLUDE = 1 << 0, /* else exclude */
	PROBE_VERDICT_EXACT = 1 << 1,	/* this task or group, not those below */
};

struct probe_prefix {
	unsigned int bits;
	unsigned char text[PROBE_PREFIX + 1];
};

/* A task's own verdict, handed down to its children; stale when of another generation. */
struct probe_mark {
	unsigned int generation;
	unsigned int verdict;
};

/* A system call that the gate looks at before the event's program does. */
struct probe_gate {
	unsigned short code;
	unsigned char event_class;
	unsigned char state; /* without it the state would be wrong: marked, not left out */
	signed char dir[2];
	signed char path[2]; /* arguments, -1: none */
	unsigned int one_in; /* of as many one is kept; 0, 1: all */
};

struct probe_gates {
	struct probe_gate own;
	struct probe_gate compat;
};

/* Set in an event's length, which never gets that large: it is for the state alone. */
#define PROBE_LEN_STATE_ONLY (1u << 31)

enum probe_trace {
	PROBE_TRACE_SWITCH,
	PROBE_TRACE_SIGNAL,
	PROBE_TRACE_FAULT_USER,
	PROBE_TRACE_FAULT_KERNEL,
	PROBE_TRACES,
};

/* What a syscall of some number is, in the machine's own convention and in the 32-bit one. */
struct probe_syscall {
	unsigned short own;
	unsigned short compat;
};

/* In probe_syscall.compat: the call carries others; which events those are is in calls. */
enum probe_carrier {
	PROBE_CARRIER_SOCKETCALL = PROBE_PROGRAMS,
	PROBE_CARRIER_IPC,
	PROBE_CARRIERS = 2,
};

/* A call carried by another. */
struct probe_call {
	unsigned short want; /* event code, 0 = not wanted */
	unsigned short sc;   /* public code */
};

/* What an operation of an io_uring yields; both 0 = not wanted. */
struct probe_uring {
	unsigned short code; /* event */
	unsigned short at;   /* ... when it names a position */
	unsigned short sc;   /* the system call that does the same: public code */
	unsigned short nr;   /* ... and number */
	unsigned char class; /* what its drops are counted by */
	unsigned char reserved[3];
	struct probe_gate gates[2]; /* of code and of at, when those are PROBE_SLOT_GATE */
};

/* Read by every program at every event, written by the engine only. */
struct probe_switches {
	unsigned long long epoch_offset; /* what makes boot time time since 1970, ns */
	/*
	 * The reader's sleep it is in, odd = asleep. A program that wakes it up
	 * does so by this number, so one sleep is ended at most once a CPU.
	 */
	unsigned int sleep;
	unsigned int want_exit;			   /* sched_process_exit is wanted */
	struct probe_syscall want[PROBE_SYSCALLS]; /* event code by kernel number, 0 = not wanted */
	struct probe_syscall sc[PROBE_SYSCALLS];   /* public code by kernel number */
	struct probe_call calls[PROBE_CARRIERS][PROBE_CALLS];
	unsigned char urgent[PROBE_PROGRAMS]; /* by event code: wakes a sleeping reader at once */
	unsigned int filters;		      /* kinds that have entries; enum probe_filter */
	unsigned int includes;		      /* kinds that have some to include */
	unsigned int generation;	      /* of marks */
	unsigned int marked;		      /* tasks marked so far, by the one that marks */
	unsigned int trace_one_in[PROBE_TRACES];
	struct probe_gates gates[PROBE_SYSCALLS]; /* by kernel number, for want = PROBE_SLOT_GATE */
	struct probe_gate call_gates[PROBE_CARRIERS][PROBE_CALLS];
	struct probe_uring uring[PROBE_URING_OPS]; /* by opcode */
	unsigned int realpath;			   /* say where names led to */
	unsigned int traces;			   /* by bit: which yield, of what is attached */
};

/* One CPU's counters, written by that CPU only. */
struct probe_cpu {
	unsigned long long seen[PROBE_CLASSES];
	unsigned long long dropped[PROBE_REASONS][PROBE_CLASSES];
	unsigned long long sampled[PROBE_CLASSES];
	unsigned long long filtered[PROBE_CLASSES];
	unsigned long long dropped_high;	   /* of `dropped`, those of priority.def */
	unsigned long long lost[PROBE_DOUBTS + 1]; /* of `dropped`, by what rests on them */
	unsigned long long room; /* bytes left for any event when last looked, less what went in */
	unsigned long long unread; /* bytes submitted in this sleep of the reader */
	unsigned int sleep;	   /* the sleep that `unread` is about */
	unsigned int woken;	   /* the sleep that this CPU ended */
	unsigned int busy;	   /* the scratch is in use */
	unsigned int pos;	   /* the event being written: where its next value goes */
	unsigned int mark;	   /* PROBE_LEN_STATE_ONLY from the gate to the event's program */
	unsigned int message;	   /* index of the message in a sendmmsg or recvmmsg */
	/* Of lost, by process; the last ones are those of which it is not known whose. */
	unsigned int lost_by[PROBE_DOUBTS][PROBE_LOST_SLOTS + 1];
} __attribute__((aligned(64)));

#endif /* SAKER_BPF_SHARED_H */
