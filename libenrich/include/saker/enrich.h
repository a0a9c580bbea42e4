/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the machine, kept from events: threads, file descriptors, users,
 * containers; and the catalogue of fields over an event in that state. In the
 * order one calls them:
 *
 *   saker_state_new
 *   saker_state_apply      per event: updates the state, yields a record
 *   saker_enrich_catalogue the fields, for librules
 *
 * A state belongs to one thread. Memory has a ceiling: memory_max.
 */
#ifndef SAKER_ENRICH_H
#define SAKER_ENRICH_H
#pragma once

#include <saker/base.h>
#include <saker/capture.h>
#include <saker/digests.h>
#include <saker/event.h>
#include <saker/field.h>
#include <saker/loss.h>

#ifdef __cplusplus
extern "C" {
#endif

struct saker_state;
struct saker_record; /* one event in its state: what the fields' extractors take */

struct saker_state_options {
	size_t size;
	uint64_t memory_max;  /* bytes of threads, fds, strings; at least 2 MiB; 0 = 128 MiB */
	uint32_t max_threads; /* at least 16, at most 4194304; 0 = 262144 */
	uint32_t max_fds;     /* of one process; at least 16; 0 = 4096 */
	saker_log_fn log;
	void *log_userdata;
	const char *host_root; /* where the host's / is; NULL = HOST_ROOT or "" */
	const char *hostname;  /* evt.hostname; NULL = the machine's, offline the recorded one's */
	bool offline;	       /* a replay: never look at this machine's /proc, users or names */
	/*
	 * Asks the engine for a missing thread: as saker_capture_refill, with refill_userdata
	 * first. At most a hundred times a second of the events' time, less often when it is
	 * slow: it gets a tenth of the time. NULL = what is missing stays unknown.
	 */
	int (*refill)(void *refill_userdata, int64_t tid, saker_capture_event_fn fn,
		      void *userdata);
	void *refill_userdata;
	/*
	 * Asks for what only a container runtime knows of a container seen for the first time: as
	 * saker_containers_ask. Whoever is asked sees to it that a container event is applied, or
	 * saker_state_forgo_container is called. > 0: it will not take long; 0: it may; a negative
	 * errno: nobody can be asked. NULL = containers are known by their ids only, and by the
	 * container events of a capture.
	 */
	int (*ask_container)(void *ask_container_userdata, const char *id, size_t len, int type);
	void *ask_container_userdata;
	/*
	 * Asks for its users and groups, by a thread in it, a few times until they are known: as
	 * saker_containers_ask_accounts, with ask_container_userdata. NULL = without names.
	 */
	void (*ask_accounts)(void *ask_container_userdata, const char *id, size_t len, int64_t tid);
	/*
	 * How long events of a container may wait for the answer of an ask_container that will not
	 * take long; 0 = they never wait. saker_state_held gives them back.
	 */
	uint32_t hold_ms;
	/*
	 * Asks for the digest of what a thread has begun to run: as saker_digests_ask. A negative
	 * errno: nobody computes it. NULL = digests are known from a capture's events only.
	 */
	int (*ask_digest)(void *ask_digest_userdata, const struct saker_exe *exe);
	void *ask_digest_userdata;
	uint32_t hold_digest_ms; /* how long an execve may wait for it; 0 = not at all */
};

#define SAKER_STATE_OPTIONS_INIT                            \
	{                                                   \
		.size = sizeof(struct saker_state_options), \
	}

/*
 * options may be NULL for defaults; its strings are copied. -EINVAL: a limit below
 * its least; -ENOMEM. Freeing gives everything back; no record outlives it.
 */
SAKER_PUBLIC int saker_state_new(const struct saker_state_options *options,
				 struct saker_state **ret_state);
SAKER_PUBLIC struct saker_state *saker_state_free(struct saker_state *state);

/*
 * What the engine knows besides events; copied. Call after opening, before the
 * first event. -EINVAL; -ENOMEM; -E2BIG: no more of them are kept (1024 addresses,
 * 65536 users, as many groups, or 1/16 of memory_max for each), those before are;
 * a program goes on without.
 */
SAKER_PUBLIC int saker_state_set_machine(struct saker_state *state,
					 const struct saker_machine *machine);
SAKER_PUBLIC int saker_state_add_interface(struct saker_state *state,
					   const struct saker_interface *interface);
SAKER_PUBLIC int saker_state_add_account(struct saker_state *state,
					 const struct saker_account *account);

/*
 * Applies one event. 1: it is one that rules see, ret_record is set, valid
 * until the next call on this state (and no longer than the event); 0: it only changed the
 * state (initial state, companion events); -EBADMSG: malformed, counted,
 * nothing changed. Never waits, save for a rate-limited refill.
 */
SAKER_PUBLIC int saker_state_apply(struct saker_state *state, const struct saker_event *event,
				   const struct saker_event_meta *meta,
				   struct saker_record **ret_record);

/*
 * Events were lost. What rests on them (by group, see <saker/loss.h>, and by process where that
 * is known) is in doubt from now on: a state with a refill reads it again, each thread when it is
 * next used and the rest in the background, within the limit of refills, and forgets threads that
 * are gone. Until then, and in a replay until an execve, an open and so on tell anew, values stay
 * but evt.certain is false. Engines say what was lost in the stream, and saker_state_apply of that
 * event does this; so it is for those who know of other losses. Call it before an event that is
 * later than any that was lost is applied. 0; -EINVAL.
 */
SAKER_PUBLIC int saker_state_lost(struct saker_state *state, const struct saker_loss *loss);

/*
 * Nobody knows this container: its fields say so, and its events no longer
 * wait. -EINVAL; -ENOENT: there is none (any more).
 */
SAKER_PUBLIC int saker_state_forgo_container(struct saker_state *state, const char *id, size_t len);

/*
 * The next event that no longer has to wait, applied: as saker_state_apply
 * gives them, in order within a container and a process, later than others. Call until it
 * gives 0, after each saker_state_apply and when the time of
 * saker_state_hold_wait has passed. flush: whatever still waits, at the end.
 */
SAKER_PUBLIC int saker_state_held(struct saker_state *state, bool flush,
				  struct saker_record **ret_record);

/* Milliseconds until an event has waited for long enough; -1 = none waits. */
SAKER_PUBLIC int saker_state_hold_wait(struct saker_state *state);

/* The fields of source "syscall". Constant; its records are struct saker_record. */
SAKER_PUBLIC const struct saker_catalogue *saker_enrich_catalogue(void);

/* The event a record is of, decoded. */
SAKER_PUBLIC const struct saker_event_view *saker_record_event(const struct saker_record *record);

/* ---- the state without rules -------------------------------------------------------- */

/* A process; text is NUL-terminated, "" for what is not known, and lives until the next event. */
struct saker_process {
	int64_t pid;
	int64_t ppid; /* 0 = none, or not known */
	int64_t vpid; /* in its own pid namespace; -1 = not known */
	int64_t sid;  /* session; -1 = not known */
	uint32_t uid; /* UINT32_MAX = not known */
	uint32_t gid;
	uint32_t n_threads;
	uint32_t n_fds;
	const char *name;    /* as the kernel has it */
	const char *exepath; /* the executable's file */
	const char *cwd;
	const char *args; /* without the program's name; args_len bytes, with NULs between them */
	uint32_t args_len;
	const char *container_id;   /* "" = on the host */
	const char *container_name; /* "" until a runtime has told, as the next one */
	const char *container_image;
};

/* An open file. name: a path, or a connection's text. */
struct saker_open_file {
	int64_t fd;
	const char *type; /* "file", "ipv4", "pipe" ...; as fd.type */
	const char *name;
	uint64_t ino; /* 0 = not known */
};

/* Anything but 0 ends the walk, which returns it. Must not call back into the state. */
typedef int (*saker_process_fn)(void *userdata, const struct saker_process *process);
typedef int (*saker_open_file_fn)(void *userdata, const struct saker_open_file *file);

/* The processes that live now, in no order. 0, what fn returned, or -EINVAL. */
SAKER_PUBLIC int saker_state_processes(struct saker_state *state, saker_process_fn fn,
				       void *userdata);
/* One of them. -ESRCH: there is none of that number. */
SAKER_PUBLIC int saker_state_process(struct saker_state *state, int64_t pid,
				     struct saker_process *ret_process);
/* The files that one has open, in no order. 0, what fn returned, -EINVAL or -ESRCH. */
SAKER_PUBLIC int saker_state_open_files(struct saker_state *state, int64_t pid,
					saker_open_file_fn fn, void *userdata);

/*
 * The state as start-up events (430-448), handed to fn one by one: a state that is
 * given them knows the threads and files that this one knows, and a capture file
 * that begins with them can be read alone. What is not known is left out, as are
 * sockets that are neither bound nor connected. The events live during the call of
 * fn, which must not call back into the state. 0; -EINVAL; -ENOMEM.
 */
SAKER_PUBLIC int saker_state_snapshot(struct saker_state *state, saker_capture_event_fn fn,
				      void *userdata);

/* Names are those of Falco's metrics. */
struct saker_state_stats {
	size_t size;
	uint64_t n_threads;
	uint64_t n_fds;
	uint64_t memory; /* bytes in use, arenas included */
	uint64_t memory_peak;
	uint64_t n_events;
	uint64_t n_malformed;
	uint64_t n_added_threads;
	uint64_t n_removed_threads;
	uint64_t n_evicted_threads;
	uint64_t n_drops_full_threadtable;
	uint64_t n_cached_thread_lookups;    /* found */
	uint64_t n_noncached_thread_lookups; /* refilled */
	uint64_t n_failed_thread_lookups;
	uint64_t n_added_fds;
	uint64_t n_removed_fds;
	uint64_t n_evicted_fds;
	uint64_t n_cached_fd_lookups;
	uint64_t n_noncached_fd_lookups;
	uint64_t n_failed_fd_lookups;
	uint64_t n_containers;		     /* known now; the host is none */
	uint64_t n_missing_container_images; /* told of without an image, or nobody knew them */
	uint64_t n_held_events;		     /* that had to wait for their container's metadata */
	uint64_t n_hold_timeouts;	     /* containers whose events waited in vain */
	uint64_t n_hold_overflows;	     /* and for whose there was no room */
	uint64_t n_lost_events;		     /* as saker_state_lost was told */
	uint64_t n_losses;		     /* how often it was */
	uint64_t n_reread_threads;	     /* in doubt after a loss, and read again */
	uint64_t n_swept_threads;	     /* whose exit was lost: gone when looked for */
	uint64_t n_stored_evts;		     /* enter events kept until their exit */
	uint64_t n_store_evts_drops;	     /* not kept: too long, no memory, or no thread */
	uint64_t n_retrieved_evts;	     /* and found there by their exit */
	uint64_t n_retrieve_evts_drops;	     /* exits that found another call's */
};

/* The counters so far; the caller sets ret_stats->size first. */
SAKER_PUBLIC int saker_state_get_stats(const struct saker_state *state,
				       struct saker_state_stats *ret_stats);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_ENRICH_H */
