/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capture: a handle over an engine that yields events, live from the kernel or
 * from a file. In the order one calls them:
 *
 *   saker_capture_open     picks an engine, starts it
 *   saker_capture_next     the next event, oldest first; start-up state first of all
 *   saker_capture_stop     detach; what is in the rings can still be read
 *   saker_capture_select   what is wanted, changed while running
 *   saker_capture_stats    seen = delivered + dropped + sampled + pending, always
 *   saker_capture_close
 *
 * A handle belongs to one thread, save saker_capture_interrupt.
 */
#ifndef SAKER_CAPTURE_H
#define SAKER_CAPTURE_H
#pragma once

#include <saker/base.h>
#include <saker/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct saker_capture;

/* ---- selection ------------------------------------------------------------ */

/*
 * What a filter looks at: X(symbol, word, number), word as
 * saker_capture_filter_parse() takes it; number: its value is one.
 */
#define SAKER_CAPTURE_FILTER_LIST(X)                                                           \
	X(PID, "pid", true)	  /* a process (as the machine numbers it), all its threads */ \
	X(TREE, "tree", true)	  /* ... and whatever descends from it, whoever adopts them */ \
	X(COMM, "comm", false)	  /* a thread's command, all of its (up to 15) bytes */        \
	X(UID, "uid", true)	  /* its effective user */                                     \
	X(CGROUP, "cgroup", true) /* a control group of the unified hierarchy ... */           \
	X(CGROUP_TREE, "cgrouptree", true) /* ... and those below it */                        \
	X(PATH, "path", false)		   /* how a file name begins, up to 255 bytes */

enum saker_capture_filter_kind {
#define X(symbol, word, number) SAKER_CAPTURE_FILTER_##symbol,
	SAKER_CAPTURE_FILTER_LIST(X)
#undef X
		SAKER_CAPTURE_FILTER_KINDS,
};

/* CGROUP and CGROUP_TREE take an id (the directory's inode number), or the directory. */
struct saker_capture_filter {
	enum saker_capture_filter_kind kind;
	bool exclude;
	uint64_t number;
	const char *text; /* COMM, PATH; CGROUP, CGROUP_TREE: NULL = by number */
};

/* Of every one_in events of these syscalls one is kept, at random. 1 = all. */
struct saker_capture_sample {
	const struct saker_syscall_set *syscalls;
	uint32_t one_in;
};

/*
 * Which events are wanted, decided in the kernel: what is left out here costs
 * next to nothing, and what is not asked for costs nothing.
 *
 * Five things are asked, and an event has to satisfy each: process (PID and
 * TREE together), command, user, control group (both kinds together), path. For
 * each, the closest entry that matches decides, include or exclude: the nearest
 * ancestor, the innermost group, the longest prefix. When none matches, the
 * event passes unless there are entries to include. So "path=/etc" with
 * "path!=/etc/ssl" is /etc without /etc/ssl.
 *
 * Paths are asked only of calls that name files (open, unlink, rename ...; of
 * two names one is enough); all others pass. A name is compared as it was
 * written, behind the directory it is relative to; symbolic links are not
 * followed. A name that need not mean what it says ("..", "//", unreadable)
 * passes. Whoever runs on the machine can choose how to write a name: leave out
 * by path what is noise, not what must not be missed.
 *
 * Events that the state of the machine rests on (clone and its like, execve,
 * the end of a task) are never left out: those of filtered threads come with
 * SAKER_EVENT_META_STATE_ONLY. They cannot be sampled (-EINVAL). The files and
 * sockets of filtered threads are not followed: saker_capture_refill tells of
 * those of a thread that comes into view.
 */
struct saker_capture_selection {
	size_t size;
	const struct saker_syscall_set *syscalls;   /* and tracepoints; NULL = the "state" set */
	const struct saker_capture_filter *filters; /* at most 256 of a kind */
	uint32_t n_filters;
	const struct saker_capture_sample *samples; /* of two for one syscall the later holds */
	uint32_t n_samples;
};

#define SAKER_CAPTURE_SELECTION_INIT                            \
	{                                                       \
		.size = sizeof(struct saker_capture_selection), \
	}

/*
 * A filter from text: a word of the list above, "=" to include or "!=" to
 * exclude, a value: "comm=nginx", "uid!=0", "cgrouptree=/sys/fs/cgroup/x". The
 * filter points into text. -EINVAL: it is none.
 */
SAKER_PUBLIC int saker_capture_filter_parse(const char *text,
					    struct saker_capture_filter *ret_filter);

/* ---- opening ---------------------------------------------------------------- */

struct saker_capture_options {
	size_t size;
	const char *engine; /* "ebpf", "procfs", "scap"; NULL = ebpf, or scap when file is set */
	const char *file;   /* scap: the capture file, "-" = standard input */
	saker_diag_fn diag; /* why opening failed and what to do; warnings */
	void *diag_userdata;
	saker_log_fn log; /* libbpf's messages and our own; may be NULL */
	void *log_userdata;
	const struct saker_syscall_set *syscalls; /* wanted; NULL = the "state" set */
	uint64_t ring_bytes;			  /* per ring, a power of two of pages; 0 = 4 MiB */
	uint32_t cpus_per_ring;			  /* 0 or 1 = one ring per CPU */
	uint32_t snaplen;			  /* bytes kept of I/O buffers; 0 = 80 */
	uint64_t order_ns;     /* how long events wait for older ones of other CPUs; 0 = 2 ms */
	bool drop_failed_exit; /* failed syscalls are not wanted */
	bool no_initial_state; /* do not yield the processes that exist already */
	const struct saker_capture_selection
		*selection; /* instead of syscalls; NULL = by syscalls alone */
	/*
	 * Per cent of each ring that only events of high value may use (exec, clone,
	 * exit, credentials, modules, ptrace, mounts ...: driver/schema/priority.def),
	 * so that a flood of others cannot push them out; 0 = 12, at most 90.
	 */
	uint32_t reserve_percent;
	/*
	 * More of a message where it tells more: 2000 bytes of DNS, statsd, MySQL,
	 * PostgreSQL, MongoDB and HTTP, by port and by how it begins.
	 */
	bool dynamic_snaplen;
	uint16_t statsd_port; /* 0 = 8125 */
	/* 16000 bytes where a port of either side is in this range; 0 = none. */
	uint16_t fullcapture_port_first;
	uint16_t fullcapture_port_last;
	uint64_t poll_ns; /* procfs: time between two looks, 10 ms to an hour; 0 = 1 s */
	/*
	 * Companions say where names led to (links, "..", mounts), from the kernel's own
	 * tree of names: for opens and chdir, at some 200 ns each.
	 */
	bool realpath;
};

#define SAKER_CAPTURE_OPTIONS_INIT                            \
	{                                                     \
		.size = sizeof(struct saker_capture_options), \
	}

/*
 * What the engine procfs tells, which only looks at /proc every poll_ns:
 *  - the start-up state, as the others;
 *  - execve: a process is new and runs another program than its parent, or an
 *    old one runs another than it did. That it did so is known; when, only to
 *    the time between two looks (evt.time is that of the second); what it ran in
 *    between, its attempts that failed and the path it was called by, not at all;
 *  - clone (the child's side): a process is new and runs what its parent runs;
 *  - procexit: a process is gone. Its status, signal and reaper are not known;
 *  - files: each that a process has open as start-up state (430-448), as who opened
 *    it and when is not known; close, for the state alone, when it is open no more.
 * A process that begins and ends between two looks is never seen, nor are threads
 * that begin later, nor any other event. Without the right to, other users' files,
 * programs, working directories and environments cannot be seen: their values
 * have length 0. seen and dropped count what it noticed and could not read. It
 * has no use for syscalls, snaplen and rings.
 */

/*
 * Opens and starts a capture. Every failure has a diagnostic. -EPERM: not root
 * or no capability; -ENOTSUP: the kernel lacks what the engine needs (BTF, ring
 * buffer, tracing programs); -ENOMEM: memlock or memory limit; -ENOENT: no such
 * file or engine; -EBADMSG: not a capture file.
 */
SAKER_PUBLIC int saker_capture_open(const struct saker_capture_options *options,
				    struct saker_capture **ret_capture);
SAKER_PUBLIC struct saker_capture *saker_capture_close(struct saker_capture *capture);

/* What comes with an event besides its bytes. */
struct saker_event_meta {
	uint16_t cpu;
	uint16_t flags; /* enum saker_event_meta_flag */
	/*
	 * What the schema has no room for (how it came, what was cut, where its name led
	 * to), an event of our own that saker_note_read reads; NULL = nothing to say. As
	 * long valid as the event. It is part of its event: not counted, handed out with
	 * it, written with it.
	 */
	const struct saker_event *companion;
};

enum saker_event_meta_flag {
	SAKER_EVENT_META_INITIAL =
		1 << 0, /* start-up state (events 430-448), not something that happened now */
	/*
	 * Counts as an event, but is for the state alone and not for rules: an enter
	 * event of an old file, an account announced in front of all else, an event
	 * that the filter of whoever wrote the file left out.
	 */
	SAKER_EVENT_META_STATE_ONLY = 1 << 1,
	/*
	 * Whoever captured it would have said so had there been something to say; without
	 * these a missing companion means nothing. NOTED: of how it came and what was
	 * cut; REALPATH: of where names led to.
	 */
	SAKER_EVENT_META_NOTED = 1 << 2,
	SAKER_EVENT_META_REALPATH = 1 << 3,
};

/*
 * The next event in order of time. What was lost comes as an event, too (SAKER_EV_OWN_LOSS_X,
 * <saker/loss.h>; for the state alone, and not counted as delivered), in front of the first that
 * is later than any of it. 1: ret_event points to it, valid until the
 * next call on this handle; 0: none within timeout_ms (0 = do not wait, -1 =
 * for ever) or interrupted; -ENODATA: end of file, or stopped and drained;
 * other negative errno: the engine failed, with a diagnostic.
 */
SAKER_PUBLIC int saker_capture_next(struct saker_capture *capture, int timeout_ms,
				    const struct saker_event **ret_event,
				    struct saker_event_meta *ret_meta);

/* Makes a waiting saker_capture_next return 0. From any thread or signal handler. */
SAKER_PUBLIC void saker_capture_interrupt(struct saker_capture *capture);

/*
 * Changes the selection while running. Between the old one and the new there is
 * a moment without filters; nothing that both want is missed. -EINVAL: a filter
 * or sample cannot be, -E2BIG: more than 256 of a kind, -ENOENT: no such control
 * group; -ESHUTDOWN: the capture is stopped; with a diagnostic, and nothing has changed;
 * -ENOTSUP: the engine selects nothing (files).
 */
SAKER_PUBLIC int saker_capture_select(struct saker_capture *capture,
				      const struct saker_capture_selection *selection);

/* Changes the wanted set alone; filters and samples stay. -ESHUTDOWN, -ENOTSUP as above. */
SAKER_PUBLIC int saker_capture_want(struct saker_capture *capture,
				    const struct saker_syscall_set *syscalls);

/* Whether companions say where names led to, as the option realpath; while running. -ESHUTDOWN,
 * -ENOTSUP. */
SAKER_PUBLIC int saker_capture_want_realpath(struct saker_capture *capture, bool realpath);

/*
 * Stops new events; saker_capture_next yields what is pending, then -ENODATA. A child
 * that was forked while the capture was open and has not executed anything keeps the
 * probe attached, idle, and the memory of its rings, until it does or ends. Of the two
 * only one may use the handle, or close it: it is one capture, not two.
 */
SAKER_PUBLIC int saker_capture_stop(struct saker_capture *capture);

/*
 * Re-reads a thread (and its files) from the system, as iterator events
 * (430-448) handed to fn before the call returns; for holes in the state. May
 * be called between two saker_capture_next, and leaves the event that the last
 * one yielded valid. 0; -ESRCH: it is gone; -ENOTSUP.
 */
typedef void (*saker_capture_event_fn)(void *userdata, const struct saker_event *event);
SAKER_PUBLIC int saker_capture_refill(struct saker_capture *capture, int64_t tid,
				      saker_capture_event_fn fn, void *userdata);

/* Why an event was not delivered. */
#define SAKER_DROP_REASON_LIST(X)                                     \
	X(RING_FULL, "ring_full")  /* the consumer was too slow */    \
	X(SCRATCH, "scratch_busy") /* the CPU's scratch was in use */ \
	X(TOO_LARGE, "too_large")  /* more than an event can hold */  \
	X(FAULT, "fault")	   /* the kernel data could not be read */

enum saker_drop_reason {
#define X(symbol, name) SAKER_DROP_##symbol,
	SAKER_DROP_REASON_LIST(X)
#undef X
		SAKER_DROP_REASONS,
};

/* Classes of events that drops are counted by; the names are those of Falco's metrics. */
#define SAKER_EVENT_CLASS_LIST(X)           \
	X(CLONE_FORK, "clone_fork")         \
	X(EXECVE, "execve")                 \
	X(CONNECT, "connect")               \
	X(OPEN, "open")                     \
	X(DIR_FILE, "dir_file")             \
	X(OTHER_INTEREST, "other_interest") \
	X(CLOSE, "close")                   \
	X(PROC_EXIT, "proc")                \
	X(OTHER, "other")

enum saker_event_class {
#define X(symbol, name) SAKER_EVENT_CLASS_##symbol,
	SAKER_EVENT_CLASS_LIST(X)
#undef X
		SAKER_EVENT_CLASSES,
};

struct saker_capture_stats {
	size_t size;
	uint64_t seen;	    /* wanted events that happened, counted in the kernel */
	uint64_t delivered; /* handed out by saker_capture_next; initial state not counted */
	uint64_t dropped;   /* sum of dropped_by */
	uint64_t initial;   /* start-up events handed out */
	uint64_t seen_by[SAKER_EVENT_CLASSES];
	uint64_t dropped_by[SAKER_DROP_REASONS][SAKER_EVENT_CLASSES];
	uint64_t out_of_order; /* delivered with an older time than the one before */
	uint64_t wakeups;
	uint64_t ring_bytes; /* memory of all rings */
	uint32_t n_rings;
	uint64_t file_offset; /* scap: bytes read so far */
	uint64_t file_size;   /* scap: 0 = unknown */
	uint64_t sampled;     /* seen, but left out by a sample */
	uint64_t sampled_by[SAKER_EVENT_CLASSES];
	uint64_t filtered; /* kept away by a filter; not counted as seen */
	uint64_t filtered_by[SAKER_EVENT_CLASSES];
	uint64_t dropped_high; /* of dropped, events of high value */
};

/* The counters so far; the caller sets ret_stats->size first. */
SAKER_PUBLIC int saker_capture_stats(struct saker_capture *capture,
				     struct saker_capture_stats *ret_stats);
/* The names of the lists above, constant; NULL outside the range. */
SAKER_PUBLIC const char *saker_drop_reason_name(enum saker_drop_reason reason);
SAKER_PUBLIC const char *saker_event_class_name(enum saker_event_class event_class);

/* What the capture was made on. */
struct saker_machine {
	uint32_t n_cpus;
	uint64_t memory; /* bytes */
	uint64_t max_pid;
	uint64_t boot_ts; /* ns since 1970 */
	char hostname[128];
};

/* -ENODATA: the capture file does not say. */
SAKER_PUBLIC int saker_capture_machine(struct saker_capture *capture,
				       struct saker_machine *ret_machine);

/* A network interface's address; for telling local from remote. */
struct saker_interface {
	const char *name;
	struct saker_ip addr; /* prefix = netmask bits */
};

/* The n-th interface address: 1, or 0 past the last. Valid until close. */
SAKER_PUBLIC int saker_capture_interface(struct saker_capture *capture, uint32_t n,
					 struct saker_interface *ret_interface);

/* A user (type 0) or group (type 1) of the capture's machine. */
struct saker_account {
	uint8_t type;
	uint32_t uid;
	uint32_t gid;
	const char *name;
	const char *home;
	const char *shell;
};

/* The n-th account that a capture file lists: 1, or 0 past the last (live: always 0). */
SAKER_PUBLIC int saker_capture_account(struct saker_capture *capture, uint32_t n,
				       struct saker_account *ret_account);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_CAPTURE_H */
