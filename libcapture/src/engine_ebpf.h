/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eBPF engine's own pieces: the loaded probe (engine_ebpf_load.c), the
 * state at the start and of single threads (engine_ebpf_iter.c), and what one
 * can say about why loading failed (engine_ebpf_diag.c).
 */
#ifndef CAPTURE_ENGINE_EBPF_H
#define CAPTURE_ENGINE_EBPF_H

#include "engine.h"
#include "loss.h"
#include "ring.h"

#include <assert.h>

#include "bpf/shared.h"

static_assert(PROBE_CLASSES == SAKER_EVENT_CLASSES, "classes of events");
static_assert(PROBE_REASONS == SAKER_DROP_REASONS, "reasons of drops");
static_assert(PROBE_DOUBTS == SAKER_LOSS_OTHER, "groups of what is lost");
static_assert(PROBE_LOST_SLOTS == SAKER_LOSS_SLOTS, "processes told apart");
#define X(symbol, name) \
	static_assert((int)PROBE_CLASS_##symbol == (int)SAKER_EVENT_CLASS_##symbol, #symbol);
SAKER_EVENT_CLASS_LIST(X)
#undef X
#define X(symbol, name) \
	static_assert((int)PROBE_DROP_##symbol == (int)SAKER_DROP_##symbol, #symbol);
SAKER_DROP_REASON_LIST(X)
#undef X

#define EBPF_DEFAULT_RING (UINT64_C(4) << 20)
#define EBPF_MIN_RING 4096
#define EBPF_MAX_RING (UINT64_C(1) << 30)
#define EBPF_DEFAULT_SNAPLEN 80
#define EBPF_MAX_SNAPLEN 65000 /* SAKER_EVENT_MAX_PARAM */
#define EBPF_DEFAULT_STATSD 8125
#define EBPF_DEFAULT_RESERVE 12 /* per cent of a ring */
#define EBPF_MAX_RESERVE 90
#define EBPF_DEFAULT_ORDER_NS UINT64_C(2000000)
#define EBPF_MAX_SLEEP_MS 50		   /* how late an event that wakes nobody can be */
#define EBPF_MIN_REST_NS UINT64_C(1000000) /* a reader that has caught up lets this much gather */

/*
 * Two megabytes of the library are a program for the kernel, read once. They are the file's, which
 * has them again if need be, but count as resident: whole pages of them are given back.
 */
void ebpf_give_back(const void *bytes, size_t size);

#define BIT_SET(bits, i) ((bits)[(i) / 64] |= UINT64_C(1) << ((i) % 64))
#define BIT_TEST(bits, i) ((bits)[(i) / 64] >> ((i) % 64) & 1)

/* The maps that outlive loading, by their name in the skeleton. */
#define EBPF_MAP_LIST(X)           \
	X(RINGS, rings)            \
	X(CPUS, cpus)              \
	X(SCRATCHES, scratches)    \
	X(PROGRAMS, programs)      \
	X(ROOTS, filter_roots)     \
	X(COMMS, filter_comms)     \
	X(UIDS, filter_uids)       \
	X(CGROUPS, filter_cgroups) \
	X(PATHS, filter_paths)     \
	X(MARKS, filter_marks)     \
	X(CONFIG, rodata)          \
	X(SWITCHES, bss)

enum ebpf_map {
#define X(symbol, name) EBPF_MAP_##symbol,
	EBPF_MAP_LIST(X)
#undef X
		EBPF_MAPS,
};

/* Links to the kernel's tracepoints. */
enum ebpf_link {
	EBPF_LINK_EXIT,	   /* sched_process_exit */
	EBPF_LINK_SYSCALL, /* sys_exit */
	EBPF_LINK_SWITCH,
	EBPF_LINK_SIGNAL,
	EBPF_LINK_FAULT_USER,
	EBPF_LINK_FAULT_KERNEL,
	EBPF_LINK_FOLLOW, /* sched_process_fork, for filters by descent */
	EBPF_LINKS_PROBE,
	/* Of another object, which a kernel may do without: see engine_ebpf_uring.c. */
	EBPF_LINK_URING_SUBMIT = EBPF_LINKS_PROBE,
	EBPF_LINK_URING_COMPLETE,
	EBPF_LINKS,
};

/* A selection without its wanted set, checked and in the kernel's terms. */
struct ebpf_choice {
	uint32_t filters; /* kinds that have entries; enum probe_filter */
	uint32_t includes;
	uint32_t one_in[SAKER_SYSCALL_CODES]; /* by public code; 0, 1 = all */
	bool samples;			      /* any of them */
};

/* The io_uring object's own maps. */
#define EBPF_URING_MAP_LIST(X)    \
	X(SMALL, uring_small)     \
	X(LARGE, uring_large)     \
	X(REPEATS, uring_repeats) \
	X(SLOTS, uring_slots)     \
	X(PROGRAMS, uring_programs)

enum ebpf_uring_map {
#define X(symbol, name) EBPF_URING_MAP_##symbol,
	EBPF_URING_MAP_LIST(X)
#undef X
		EBPF_URING_MAPS,
};

struct ebpf_uring {
	int maps[EBPF_URING_MAPS];	      /* -1 = not loaded */
	uint64_t loaded[PROBE_PROGRAMS / 64]; /* event codes that have their program */
	bool attached;
	bool off; /* not to be had here; has been said */
};

/* The probe in the kernel. Everything goes when its descriptors are closed; nothing is pinned. */
struct ebpf_probe {
	int maps[EBPF_MAPS];
	int programs[EBPF_LINKS_PROBE]; /* loaded and still to be attached */
	int links[EBPF_LINKS];
	uint32_t attached[EBPF_LINKS]; /* ids of the programs that only the links hold */
	uint32_t link_ids[EBPF_LINKS]; /* 0: none */
	uint32_t n_cpus;	       /* possible ones */
	uint32_t n_rings;
	uint64_t ring_size;
	int *ring_fds;
	struct capture_ring *rings;
	struct capture_window *windows; /* one a ring, when rings are shared */
	void **ring_maps; /* two mappings a ring: consumer page, producer page and data */
	struct probe_config config;
	struct probe_switches *switches;      /* shared with the kernel */
	struct probe_cpu *cpus;		      /* shared with the kernel, read only */
	uint64_t loaded[PROBE_PROGRAMS / 64]; /* event codes that have their program */
	int marker;			      /* the iterator that marks tasks; a link */
	struct ebpf_choice choice;
	struct ebpf_uring uring;
};

void ebpf_probe_init(struct ebpf_probe *probe);
void ebpf_probe_fini(struct ebpf_probe *probe);

/* Creates maps and rings and loads what the set needs. Attaches nothing, nothing is wanted yet. */
int ebpf_probe_load(struct saker_capture *capture, struct ebpf_probe *probe,
		    const struct saker_capture_options *options,
		    const struct saker_syscall_set *set);
/* Loads what is missing: programs of events by code, links, the marker. */
int ebpf_probe_load_more(struct saker_capture *capture, struct ebpf_probe *probe,
			 const uint64_t codes[], uint32_t links, bool marker);
/* The event that a syscall yields here: its own, or the generic one. */
uint16_t ebpf_event_of(const struct saker_syscall_info *info);
uint8_t ebpf_class_of(uint16_t event);
void ebpf_events_of_set(const struct saker_syscall_set *set, uint64_t codes[]);
int ebpf_probe_attach(struct saker_capture *capture, struct ebpf_probe *probe);
void ebpf_probe_detach(struct ebpf_probe *probe);
/*
 * What was lost since it was last asked, in loss but for its time. False: nothing. told: as
 * many copies as there are CPUs of what was known then, zero at first.
 */
struct ebpf_told {
	uint64_t lost[PROBE_DOUBTS + 1];
	uint32_t lost_by[PROBE_DOUBTS][PROBE_LOST_SLOTS + 1];
};
bool ebpf_loss_look(const struct ebpf_probe *probe, struct ebpf_told *told,
		    struct saker_loss *loss);
/* Waits, bounded, until no program of a detached probe runs any more: then all counts are final. */
bool ebpf_probe_settle(struct ebpf_probe *probe);

/* engine_ebpf_links.c: the tracepoints that a set needs, as bits by enum ebpf_link. */
uint32_t ebpf_links_of_set(const struct saker_capture *capture,
			   const struct saker_syscall_set *set);
const char *ebpf_link_program(enum ebpf_link link);
uint32_t ebpf_probe_linked(const struct ebpf_probe *probe);
/* Lets go of all but these. */
void ebpf_probe_drop_links(struct ebpf_probe *probe, uint32_t keep);

/* engine_ebpf_select.c: fills the tables that change while running. */
void ebpf_probe_fill_switches(struct ebpf_probe *probe, const struct saker_syscall_set *set,
			      const struct ebpf_choice *choice);
/* Sets up a gate; what the table that leads to it is to say: the event's code, or the gate's. */
uint16_t ebpf_gate_fill(struct probe_gate *gate, uint16_t code, uint32_t sc,
			const struct ebpf_choice *choice);
/* Switches to another set, loading programs that are missing. */
int ebpf_probe_want(struct saker_capture *capture, struct ebpf_probe *probe,
		    const struct saker_syscall_set *set);
/* ... to another selection. */
int ebpf_probe_select(struct saker_capture *capture, struct ebpf_probe *probe,
		      const struct saker_capture_selection *selection);

/* Attaches a program, to the raw tracepoint of that name, or NULL: to its own. */
int ebpf_probe_link(struct ebpf_probe *probe, enum ebpf_link link, const char *name, int prog);

void ebpf_uring_init(struct ebpf_uring *uring);
void ebpf_uring_fini(struct ebpf_uring *uring);
/*
 * Loads what the set needs of io_uring's operations and attaches it the first
 * time there is any. A kernel that does not let it be looked into is said once
 * and is no failure.
 */
void ebpf_uring_load(struct saker_capture *capture, struct ebpf_probe *probe,
		     const struct saker_syscall_set *set);
/* As that, and switches to the set. */
void ebpf_uring_want(struct saker_capture *capture, struct ebpf_probe *probe,
		     const struct saker_syscall_set *set, const struct ebpf_choice *choice);

/* Says why a step failed; what: "load", "attach" ...; log: the verifier's, or NULL. */
void ebpf_diag_failure(const struct saker_capture *capture, const char *what, int error,
		       const char *log);
/* Checks what can be checked before trying. 0, or negative after a diagnostic. */
int ebpf_diag_requirements(const struct saker_capture *capture);

/* libbpf's messages go to the capture's log, or nowhere, while one of these is in scope. */
struct ebpf_log_scope {
	void *previous;
};
struct ebpf_log_scope ebpf_log_begin(const struct saker_capture *capture);
void ebpf_log_end(struct ebpf_log_scope *scope);

#endif /* CAPTURE_ENGINE_EBPF_H */
