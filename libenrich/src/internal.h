/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that keep the state share among themselves: the state object,
 * the tables in it, and what changes them. Field extractors never include
 * this; they see state.h only.
 */
#ifndef ENRICH_INTERNAL_H
#define ENRICH_INTERNAL_H

#include <saker/event_codes.h>

#include "pool.h"
#include "state.h"

#include <time.h>

#include "common/hash.h"

/* ---- numbers of the schema that the state needs ------------------------------ */

enum {
	O_PPM_DIRECTORY = 1 << 10,
	O_PPM_CLOEXEC = 1 << 12,
	O_PPM_F_CREATED = 1 << 14,
	FD_PPM_UPPER_LAYER = 1 << 15,
	FD_PPM_LOWER_LAYER = 1 << 16,
	EPOLL_PPM_CLOEXEC = 1 << 0,
	MFD_PPM_CLOEXEC = 1 << 0,
	CLOSE_RANGE_PPM_CLOEXEC = 1 << 2,
	CREAT_PPM_UPPER_LAYER = 1 << 0,
	CREAT_PPM_LOWER_LAYER = 1 << 1,
	CLOSE_RANGE_PPM_UNSHARE = 1 << 1,
	CL_PPM_FILES = 1 << 0,
	CL_PPM_FS = 1 << 1,
	CL_PPM_NEWNS = 1 << 5,
	CL_PPM_NEWPID = 1 << 6,
	CL_PPM_PARENT = 1 << 8,
	CL_PPM_THREAD = 1 << 13,
	CL_PPM_INVERTED = 1 << 16,
	CL_PPM_NEWUSER = 1 << 20,
	CL_PPM_VFORK = 1 << 27,
	CL_PPM_CHILD_IN_PIDNS = 1 << 29,
	FCNTL_PPM_DUPFD = 1,
	FCNTL_PPM_SETFD = 3,
	FCNTL_PPM_DUPFD_CLOEXEC = 26,
	PR_PPM_SET_KEEPCAPS = 8,
	PR_PPM_SET_SECUREBITS = 28,
	PR_PPM_SET_CHILD_SUBREAPER = 36,
	PR_PPM_GET_CHILD_SUBREAPER = 37,
	RLIMIT_PPM_NOFILE = 7,
	AF_PPM_UNIX = 1,
	AF_PPM_INET = 2,
	AF_PPM_INET6 = 10,
	AF_PPM_NETLINK = 16,
};

/* ---- limits ------------------------------------------------------------------- */

#define ENRICH_MEMORY_MIN (UINT64_C(2) << 20)
#define ENRICH_MEMORY_DEFAULT (UINT64_C(128) << 20)
#define ENRICH_MAX_THREADS_DEFAULT 262144u
#define ENRICH_MAX_THREADS (1u << 22) /* as many as the kernel; struct enrich_fd counts on it */
#define ENRICH_MAX_FDS_DEFAULT 4096u
#define ENRICH_STR_MAX 65535u	 /* args, env: what one parameter can hold */
#define ENRICH_RECENT_STRS 4096u /* a power of two, at most 65536 */
#define ENRICH_ENTRY_MAX 4096u	 /* stored enter events; longer ones are not kept */
#define ENRICH_TOMBSTONES 4096u	 /* dead threads remembered; a power of two */
#define ENRICH_TOMBSTONE_WAYS 4u
#define ENRICH_EVICTED 4096u		     /* evicted threads remembered; a power of two */
#define ENRICH_STALE_NS UINT64_C(2000000000) /* a clone's two events are not further apart */
#define ENRICH_REFILLS_PER_S 100u
#define ENRICH_REFILL_NS UINT64_C(1000000)   /* one that takes longer counts as several */
#define ENRICH_REFILL_ANCESTORS 16u	     /* asked for with a thread whose parent is missing */
#define ENRICH_REFILL_DEBT_MAX 1000u	     /* and keeps others waiting for ten seconds at most */
#define ENRICH_RETRY_NS UINT64_C(1000000000) /* a failed refill is not tried again before */
#define ENRICH_CPUS_MAX 1024u		     /* whose turns are timed */
#define ENRICH_INTERFACES_MAX 1024u
#define ENRICH_ACCOUNTS_MAX 65536u			    /* of one table */
#define ENRICH_CONTAINER_ACCOUNTS_MAX (UINT64_C(256) << 10) /* bytes of a container's users */
#define ENRICH_ACCOUNTS_SHARE 16u /* of memory_max, that each table (or its file) may take */

/* ---- tables ------------------------------------------------------------------- */

/* The slots of an fd table: open addressing by number. Shared by fork until written. */
struct enrich_fdtable {
	uint32_t refs;
	uint32_t n;
	uint32_t capacity; /* a power of two */
	uint32_t cursor;   /* where eviction looks next */
	struct enrich_fd *slots[];
};

/* What threads that share their files share (the kernel's files_struct). */
struct enrich_files {
	uint32_t refs;
	bool evicted;		      /* some have given way to the memory bound, or to max_fds */
	bool shared;		      /* by several processes */
	uint32_t sure;		      /* what of them has less was in doubt when they were forked */
	uint32_t read;		      /* the number of what was last read of them; 0 = never */
	struct enrich_fdtable *table; /* NULL = empty */
};

/* A process: its threads that are in the table. */
struct enrich_group {
	uint32_t n_members; /* in the table, dead ones included */
	uint32_t n_alive;
	bool reaper;		      /* init of a namespace, or a child subreaper */
	struct enrich_thread *leader; /* NULL = not in the table */
	struct enrich_thread *threads;
};

/* A thread's turn on a CPU. */
struct enrich_turn {
	uint64_t begun; /* 0 = no switch seen */
	uint64_t tid;
};

/* An enter event, kept until its exit: old captures tell some things only there. */
struct enrich_entry {
	uint32_t len;
	uint16_t type;
	uint8_t event[];
};

struct enrich_thread_slot {
	int64_t tid;
	struct enrich_thread *thread; /* NULL = free */
};

struct enrich_tombstone {
	int32_t tid; /* 0 = free */
	int32_t ptid;
	uint64_t ts; /* of its exit */
};

struct enrich_interface {
	uint8_t family; /* 4 or 6 */
	uint8_t addr[16];
	uint8_t mask[16];
};

struct enrich_account {
	struct enrich_user user;
	uint32_t id; /* uid of a user, gid of a group */
	char *own;   /* where user's text is, or NULL: in the table's text */
	size_t own_len;
};

/* Users or groups, and their places by id. */
struct enrich_accounts {
	struct enrich_account *items;
	uint32_t n;
	uint32_t capacity;
	uint32_t *index; /* open addressing: place in items + 1; 0 = free */
	uint32_t index_capacity;
	uint64_t bytes; /* of all that it holds */
	uint64_t limit; /* of them; 0 = a share of the state's */
	char *text;	/* the file it was read from */
	size_t text_len;
	/* Of that file. */
	struct timespec mtime;
	uint64_t ino;
	uint64_t size;
	uint64_t checked_ns; /* monotonic, last stat; 0 = never */
};

/* What an event's handler is and where its fd parameter stands; built once a state. */
typedef void (*enrich_handler_fn)(struct saker_state *state, struct saker_record *r);

struct enrich_fact {
	enrich_handler_fn handler;
	int8_t fd_param; /* -1 = uses none */
	uint8_t flags;	 /* enum enrich_fact_flag */
};

enum enrich_fact_flag {
	ENRICH_FACT_HAS_RES = 1 << 0,	/* parameter 0 is the result */
	ENRICH_FACT_NO_THREAD = 1 << 1, /* caused by no thread */
	ENRICH_FACT_FIND_ONLY = 1 << 2, /* never asks for a missing thread */
	ENRICH_FACT_ENTER = 1 << 3,	/* stored, never seen by rules */
	ENRICH_FACT_INITIAL = 1 << 4,	/* start-up state */
	ENRICH_FACT_FD = 1 << 5,	/* makes or uses an fd */
};

#define ENRICH_PENDING_CLOSES 2

#define ENRICH_DOUBTS (SAKER_LOSS_GROUPS - 1) /* groups whose loss leaves something in doubt */
#define ENRICH_LOSSES_PENDING 32

/*
 * Losses are numbered, and so are the times that something was read again. Whatever is known
 * carries the number that was the last one when it was learnt, and is sure when that is no
 * less than that of the last loss which concerns it: state_loss.c.
 */
struct enrich_losses {
	uint32_t latest;  /* from 1, which is none */
	uint32_t stamp;	  /* the last that the stream has come past */
	uint32_t now;	  /* what this event teaches carries; 0 = it is from before a loss */
	uint32_t reread;  /* what is being read again carries */
	uint64_t until;	  /* none that was lost is later */
	uint64_t read_ts; /* the time of what was read last */
	uint32_t n_pending;
	struct {
		uint32_t number;
		uint64_t until; /* events up to this time are from before it is over */
	} pending[ENRICH_LOSSES_PENDING];
	uint32_t first; /* of PROCESS: who was missing before was so without; 0 = none yet */
	uint32_t any[ENRICH_DOUBTS]; /* the last one of anybody */
	uint32_t all[ENRICH_DOUBTS]; /* the last one of which it is not known whose */
	uint32_t by[ENRICH_DOUBTS][SAKER_LOSS_SLOTS];
	/* Processes that may have threads which nobody saw begin; any_threads: whoever. */
	uint64_t threads[SAKER_LOSS_SLOTS / 64];
	bool any_threads;
	/* When the last of PROCESS was, at the latest; of those with an unknown owner, and by
	 * owner. */
	uint64_t all_ts;
	uint64_t by_ts[SAKER_LOSS_SLOTS];
};

struct saker_state {
	struct pool pool;
	struct saker_record record;
	struct enrich_flags_memo flag_texts[ENRICH_FLAGS_KEPT];
	struct saker_state_stats stats;

	/* Threads. */
	struct enrich_thread_slot *slots;
	uint32_t slots_capacity; /* a power of two */
	uint32_t n_threads;
	uint32_t max_threads;
	uint32_t max_fds;
	uint32_t thread_cursor; /* where eviction looks next */
	uint64_t last_ts;	/* of the event before */
	uint64_t shown_ts;	/* of the record before */
	uint32_t clock;		/* counts events; what has used == clock must stay */
	int64_t last_tid;
	struct enrich_thread *last_thread;
	struct enrich_thread *unsettled; /* start-up threads not yet put into families */
	uint32_t n_unsettled;
	struct enrich_fd standin;    /* see enrich_fd_standin */
	struct enrich_thread *ghost; /* stands in for threads that may not be in the table */
	struct enrich_tombstone *tombstones;
	uint64_t server_ports[65536 / 64]; /* of start-up listening sockets */

	/* What the event before asked to be removed. */
	int64_t pending_exit; /* tid, 0 = none */
	uint64_t pending_exit_ts;
	int64_t pending_close_tid;
	int64_t pending_close_fd; /* -1 = none */

	/* Refills. */
	int (*refill)(void *refill_userdata, int64_t tid, saker_capture_event_fn fn,
		      void *userdata);
	void *refill_userdata;
	uint64_t refill_ts;    /* of the bucket's last top-up */
	int64_t refill_tokens; /* less than 0 after a slow one */
	int64_t refill_fd;     /* the one that is missing; -1 = a thread is */
	int64_t refill_parent; /* of what was told last, if it is not known; or 0 */
	bool refilling;

	/* Losses: state_loss.c. */
	struct enrich_losses losses;
	uint32_t sweep_at;   /* the slot that is looked at next */
	uint32_t sweep_left; /* slots yet to be looked at since the last loss */
	uint64_t sweep_ts;   /* not before this */
	int32_t *evicted;    /* tids that have given way, at their hash */

	struct enrich_container **containers; /* buckets */
	uint32_t containers_capacity;	      /* a power of two, or 0 */
	uint32_t n_containers;
	struct enrich_container **kept; /* told of before any thread: a ring, or NULL */
	uint32_t kept_next;
	struct enrich_container *event_container; /* the record's, if it is a container's event */
	int (*ask_container)(void *userdata, const char *id, size_t len, int type);
	void (*ask_accounts)(void *userdata, const char *id, size_t len, int64_t tid);
	void *ask_container_userdata;
	uint64_t hold_ns; /* how long events wait for their container's info; 0 = not at all */
	struct enrich_holds *holds; /* NULL = none so far */
	int (*ask_digest)(void *userdata, const struct saker_exe *exe);
	void *ask_digest_userdata;
	uint64_t hold_digest_ns; /* how long an execve waits for its digest; 0 = not at all */
	struct enrich_exe *exe_of_held; /* what the execve that has waited runs; or NULL */

	struct enrich_turn turns[ENRICH_CPUS_MAX]; /* by CPU: who has it since when */

	/* Accounts and addresses. */
	struct enrich_accounts users;
	struct enrich_accounts groups;
	struct enrich_interface *interfaces;
	uint32_t n_interfaces;
	uint32_t interfaces_capacity;
	bool offline;
	/*
	 * What a pid namespace's start counts from: boot. Falco adds nothing on a replay, and
	 * what a capture's events give stays as it stands.
	 */
	uint64_t pidns_epoch;
	char *host_root;
	struct saker_machine machine;
	char hostname[256];

	saker_log_fn log;
	void *log_userdata;

	/* The last string that came to each slot, by hash; not counted as a reference. */
	struct enrich_str *recent[ENRICH_RECENT_STRS];
	/* More of its hash: most that are another are told apart without looking at them. */
	uint16_t recent_tags[ENRICH_RECENT_STRS];

	struct enrich_fact facts[SAKER_EVENT_CODES];
};

/* ---- state.c ------------------------------------------------------------------- */

/* A line to the program's log, if it has one; printf-style. */
void enrich_log(const struct saker_state *s, enum saker_severity severity, const char *format, ...)
	_printf_(3, 4);

/* Asks the engine for an fd of the record's thread, which is looked up again then: false = NULL. */
bool enrich_record_refill(struct saker_state *s, struct saker_record *r, int64_t fd);

/*
 * Whether all that changes a process is followed as the kernel does it. What Falco recorded is
 * followed as far as Falco does, so that a replay says what it said: the calls that only we
 * follow are there where a rule asked for them, and the flags of a new thread's clone3 are what
 * its maker had written over them.
 */
static inline bool enrich_follows_all(const struct saker_record *r)
{
	return r->flags & ENRICH_RECORD_NOTED;
}

/* ---- state_memory.c ------------------------------------------------------------ */

/* As pool_alloc, but makes room by forgetting what was not used for long. NULL only if even that
 * fails. */
void *enrich_alloc(struct saker_state *s, size_t size);
void *enrich_alloc_zero(struct saker_state *s, size_t size);
void enrich_dealloc(struct saker_state *s, void *p, size_t size);

struct enrich_str *enrich_str_new(struct saker_state *s, const char *text, size_t len);
void enrich_str_unref(struct saker_state *s, struct enrich_str *str);

static inline struct enrich_str *enrich_str_ref(struct enrich_str *str)
{
	if (str)
		str->refs++;
	return str;
}

/* *dst becomes this text, keeping the string when it is the same already. */
void enrich_str_set(struct saker_state *s, struct enrich_str **dst, const char *text, size_t len);
void enrich_str_assign(struct saker_state *s, struct enrich_str **dst, struct enrich_str *src);

/* ---- state_thread.c ------------------------------------------------------------ */

int enrich_threads_init(struct saker_state *s);
void enrich_threads_fini(struct saker_state *s);
/* A new one in the table, defaults set, in no family yet. NULL = no room even after eviction. */
struct enrich_thread *enrich_thread_add(struct saker_state *s, int64_t tid);
/* Takes it out of all relations and frees it. */
void enrich_thread_remove(struct saker_state *s, struct enrich_thread *t);
/* The end of a thread: children to the reaper, the leader kept while its group lives. */
void enrich_thread_exit(struct saker_state *s, struct enrich_thread *t);
/* Finds, and marks as used by this event. */
struct enrich_thread *enrich_thread_touch(struct saker_state *s, int64_t tid);
/* Finds, else refills, else makes a placeholder. NULL only without memory. */
struct enrich_thread *enrich_thread_get(struct saker_state *s, int64_t tid, uint64_t ts);
/* Says of whom it was not known whose thread and child it is; a broken event may have said both. */
void enrich_thread_identify(struct saker_state *s, struct enrich_thread *t, int64_t pid,
			    int64_t ptid);
/* Puts t into its group and under its parent; ptid 0 when that is not known. */
void enrich_thread_join(struct saker_state *s, struct enrich_thread *t);
/* A start-up thread: its family is made by enrich_threads_settle, when all are there. */
void enrich_thread_unsettle(struct saker_state *s, struct enrich_thread *t);
void enrich_threads_settle(struct saker_state *s);
void enrich_thread_unlink_parent(struct enrich_thread *t);
/* Forgets the least used thread that this event does not need. False = there is none. */
bool enrich_threads_evict(struct saker_state *s);
/*
 * Asks the engine; true when it knew the thread. Rate-limited. fd: of a known
 * thread, the one that is missing (and with it any other); -1 = the thread is.
 */
bool enrich_refill(struct saker_state *s, int64_t tid, uint64_t ts, int64_t fd);
/* The same with the engine's answer: 0, -ESRCH ...; -EAGAIN: not asked. */
int enrich_refill_code(struct saker_state *s, int64_t tid, uint64_t ts, int64_t fd);
/* How many may be asked for now. */
int64_t enrich_refill_tokens(struct saker_state *s, uint64_t ts);
bool enrich_tombstone_find(const struct saker_state *s, int64_t tid, struct enrich_tombstone *ret);
/*
 * Did it end after that time, so that this is a late event of its own? Not when its end is further
 * away than events come out of order: then time begins anew, as in captures put one behind the
 * other.
 */
bool enrich_died_after(const struct saker_state *s, int64_t tid, uint64_t ts);
void enrich_tombstone_set(struct saker_state *s, int64_t tid, int64_t ptid, uint64_t ts);
void enrich_tombstone_clear(struct saker_state *s, int64_t tid);
void enrich_tombstones_clear(struct saker_state *s);
/* A thread of that tid that is in no table; one at a time. */
struct enrich_thread *enrich_thread_ghost(struct saker_state *s, int64_t tid);

static inline bool enrich_thread_is_invalid(const struct enrich_thread *t)
{
	return t->pid < 0 || t->ptid < 0;
}

/* ---- state_loss.c -------------------------------------------------------------- */

/* After a loss: looks for threads that have been still since, a few at each event. */
void enrich_loss_sweep(struct saker_state *s, uint64_t ts);
/* What is known of a thread, or of this fd of it, is from before a loss: reads it again. */
void enrich_loss_reread(struct saker_state *s, int64_t tid, uint64_t ts);
/* Time has gone back to this, further than events come out of order. */
void enrich_loss_time_back(struct saker_state *s, uint64_t ts);
/* What the stream has come past by the time of this event. */
void enrich_loss_advance(struct saker_state *s, uint64_t ts);
/* This event has put what it says in the place of what was read from a later time. */
void enrich_loss_applied(struct saker_state *s, const struct saker_record *r);
/* While refilling begins and when it has ended: what number the things read carry. */
void enrich_loss_read_begin(struct saker_state *s);
void enrich_loss_read_end(struct saker_state *s, uint64_t ts);
/* Whether what a path relative to dirfd rests on is sure. */
bool enrich_path_sure(const struct saker_record *r, int64_t dirfd, const char *path, uint32_t len);
/* The number that a fact needs which rests on this group of that process. */
uint32_t enrich_loss_since(const struct saker_state *s, int64_t pid, enum saker_loss_group group);
/* For use when something was ever lost; see those without "lost" below. */
bool enrich_thread_stale_lost(const struct saker_state *s, const struct enrich_thread *t);
bool enrich_thread_doubtful_lost(const struct saker_state *s, const struct enrich_thread *t);
bool enrich_thread_sure_lost(const struct saker_state *s, const struct enrich_thread *t);
bool enrich_fd_stale_lost(const struct saker_state *s, const struct enrich_thread *t,
			  const struct enrich_fd *fd);
bool enrich_fd_sure_lost(const struct saker_state *s, const struct enrich_thread *t,
			 const struct enrich_fd *fd);
bool enrich_cwd_sure_lost(const struct saker_state *s, const struct enrich_thread *t);
/* A child has from its parent what that is not sure of, too. from: NULL = it is not known. */
void enrich_loss_inherit(struct saker_state *s, struct enrich_thread *child,
			 const struct enrich_thread *from);
/* The descriptors that a fork leaves to a child are as sure as they were. */
void enrich_loss_fork(struct saker_state *s, struct enrich_files *files,
		      const struct enrich_thread *from);
/* An execve of a thread that is in doubt: the table may hold another one of that number. */
void enrich_loss_exec(struct saker_state *s, struct saker_record *r, int64_t pid, int64_t ptid);
void enrich_evicted_note(struct saker_state *s, int64_t tid);
bool enrich_evicted(const struct saker_state *s, int64_t tid);

static inline bool enrich_ever_lost(const struct saker_state *s)
{
	return unlikely(s->losses.latest > 1);
}

/* Something that concerns it was lost since it was last told or read. */
static inline bool enrich_thread_stale(const struct saker_state *s, const struct enrich_thread *t)
{
	return enrich_ever_lost(s) && enrich_thread_stale_lost(s, t);
}

/* Or its directory or session is in doubt: worth being read again. */
static inline bool enrich_thread_doubtful(const struct saker_state *s,
					  const struct enrich_thread *t)
{
	return enrich_ever_lost(s) && enrich_thread_doubtful_lost(s, t);
}

static inline bool enrich_fd_stale(const struct saker_state *s, const struct enrich_thread *t,
				   const struct enrich_fd *fd)
{
	return enrich_ever_lost(s) && enrich_fd_stale_lost(s, t, fd);
}

/* Not stale, and not read from a time that the stream has yet to come to. */
static inline bool enrich_thread_sure(const struct saker_state *s, const struct enrich_thread *t)
{
	return !enrich_ever_lost(s) || enrich_thread_sure_lost(s, t);
}

static inline bool enrich_fd_sure(const struct saker_state *s, const struct enrich_thread *t,
				  const struct enrich_fd *fd)
{
	return !(fd->flags & ENRICH_FD_IN_DOUBT) &&
	       (!enrich_ever_lost(s) || enrich_fd_sure_lost(s, t, fd));
}

/* What is known of it may be of another one, whether events were lost or not. */
static inline void enrich_fd_doubt(struct enrich_fd *fd)
{
	fd->flags |= ENRICH_FD_IN_DOUBT;
	fd->epoch = 0;
}

/* Its working directory. */
static inline bool enrich_cwd_sure(const struct saker_state *s, const struct enrich_thread *t)
{
	return !enrich_ever_lost(s) || enrich_cwd_sure_lost(s, t);
}

/* The number of what is learnt now, which rests on something that is sure or not. */
static inline uint32_t enrich_epoch(const struct saker_state *s, bool sure)
{
	return !sure ? 0 : s->refilling ? s->losses.reread : s->losses.now;
}

/* ---- state_fd.c ---------------------------------------------------------------- */

struct enrich_files *enrich_files_new(struct saker_state *s);
struct enrich_files *enrich_files_ref(struct enrich_files *files);
void enrich_files_unref(struct saker_state *s, struct enrich_files *files);
/* A copy that shares the slots until one of both changes. */
struct enrich_files *enrich_files_fork(struct saker_state *s, struct enrich_files *files);
/* From here on the thread's table is its own. */
void enrich_files_unshare(struct saker_state *s, struct enrich_thread *t);
struct enrich_fd *enrich_files_find(const struct enrich_files *files, int64_t num);
/* A new fd, all zero but its number, replacing what was there; NULL without memory or for num < 0.
 */
struct enrich_fd *enrich_fd_add(struct saker_state *s, struct enrich_thread *t, int64_t num);
/* The same with another's contents. */
struct enrich_fd *enrich_fd_add_copy(struct saker_state *s, struct enrich_thread *t, int64_t num,
				     const struct enrich_fd *source);
/*
 * An fd of this record alone, in no table: a file that the process has no
 * descriptor of (the number is that of a ring's own table). All zero.
 */
struct enrich_fd *enrich_fd_standin(struct saker_state *s);
void enrich_fd_standin_clear(struct saker_state *s);
/*
 * The part that few have, all zero at first; NULL = no memory. For a socket's ends: what the fd
 * was before (a file's name as it was given) moves in, for its name is about to change.
 */
struct enrich_fd_more *enrich_fd_need_more(struct saker_state *s, struct enrich_fd *fd);
struct enrich_tuple *enrich_fd_need_tuple(struct saker_state *s, struct enrich_fd *fd);
/* For writing: unshares table and fd as needed. NULL = not there, or no memory. */
struct enrich_fd *enrich_fd_own(struct saker_state *s, struct enrich_thread *t, int64_t num);
void enrich_fd_remove(struct saker_state *s, struct enrich_files *files, int64_t num);
/*
 * A call gave this number to a file that is not known. Live, what had it is forgotten and the
 * system is asked when the number is next used. A replay has nobody to ask and, as Falco does,
 * goes on with the old one: but in doubt.
 */
void enrich_fd_replaced(struct saker_state *s, struct enrich_thread *t, int64_t num);
/* Removes (or marks close-on-exec) numbers first..last. */
void enrich_fds_close_range(struct saker_state *s, struct enrich_thread *t, uint32_t first,
			    uint32_t last, bool cloexec);
void enrich_fds_exec(struct saker_state *s, struct enrich_thread *t);
/* Forgets up to n fds of this table that this event does not need; how many it did. */
uint32_t enrich_fds_evict(struct saker_state *s, struct enrich_files *files, uint32_t n);

static inline void enrich_fd_clear_cloexec(struct enrich_fd *fd)
{
	fd->open_flags &= (uint16_t) ~(O_PPM_CLOEXEC | EPOLL_PPM_CLOEXEC | MFD_PPM_CLOEXEC);
}

/* The flags of an opened file, layer of an overlay included, as the event has them. */
static inline void enrich_fd_set_open_flags(struct enrich_fd *fd, uint32_t flags)
{
	fd->open_flags = flags & (FD_PPM_UPPER_LAYER - 1);
	if (flags & FD_PPM_UPPER_LAYER)
		fd->flags |= ENRICH_FD_UPPER_LAYER;
	if (flags & FD_PPM_LOWER_LAYER)
		fd->flags |= ENRICH_FD_LOWER_LAYER;
}

static inline uint32_t enrich_fd_open_flags(const struct enrich_fd *fd)
{
	uint32_t flags = fd->open_flags;

	if (fd->flags & ENRICH_FD_UPPER_LAYER)
		flags |= FD_PPM_UPPER_LAYER;
	if (fd->flags & ENRICH_FD_LOWER_LAYER)
		flags |= FD_PPM_LOWER_LAYER;
	return flags;
}

/* ---- on_attribute.c ------------------------------------------------------------ */

/* As the first process of a user namespace has them. */
void enrich_caps_all(struct enrich_thread *t);

/* ---- state_fs.c ---------------------------------------------------------------- */

/* What t uses; NULL = not known. */
static inline struct enrich_fs *enrich_thread_fs(const struct enrich_thread *t)
{
	const struct enrich_thread *leader = t->group ? t->group->leader : NULL;

	return t->fs || !leader ? t->fs : leader->fs;
}

void enrich_fs_unref(struct saker_state *s, struct enrich_fs *fs);
/* The child has the directory of `from`: the same one, or as it was. */
void enrich_fs_fork(struct saker_state *s, struct enrich_thread *child,
		    const struct enrich_thread *from, bool shared);
/* What was learnt of a thread before it was known of which process it is: that shares one. */
void enrich_fs_join(struct saker_state *s, struct enrich_thread *t);
/* From here on the thread's directory is its own. */
void enrich_fs_unshare(struct saker_state *s, struct enrich_thread *t);
/* Of all who share it. path: absolute, or relative to the present one. */
void enrich_fs_chdir(struct saker_state *s, struct enrich_thread *t, const char *path, uint32_t len,
		     bool sure);

/* ---- state_path.c -------------------------------------------------------------- */

/* Absolute, with nothing to normalise, and not too long: what enrich_path_at would make of it. */
bool enrich_path_is_whole(struct enrich_slice path);
/* The same through where dirfd's own name led to; false: it led to that name, or is not known. */
bool enrich_path_really_at(const struct saker_record *r, int64_t dirfd, const char *path,
			   uint32_t len, char *buf, uint32_t *ret_len);

/* ---- state_net.c --------------------------------------------------------------- */

#define ENRICH_TUPLE_TEXT_MAX 128
/* The name of an IP fd as its type and tuple say; returns the length. */
uint32_t enrich_tuple_text(const struct enrich_fd *fd, char buf[static ENRICH_TUPLE_TEXT_MAX]);
void enrich_fd_set_tuple_name(struct saker_state *s, struct enrich_fd *fd);
void enrich_fd_swap_ends(struct enrich_fd *fd);
/* Fills an unknown end with an address of this machine. */
void enrich_fd_infer_local(const struct saker_state *s, struct enrich_fd *fd);
bool enrich_ip6_is_mapped(const uint8_t addr[16]);

/* ---- state_container.c ---------------------------------------------------------- */

#define ENRICH_ACCOUNT_TRIES 8u
#define ENRICH_KEPT_CONTAINERS 1024u /* told of, and no thread of theirs is known */

enum enrich_match {
	ENRICH_MATCH_NONE,
	ENRICH_MATCH_MAYBE, /* names that prove nothing by themselves */
	ENRICH_MATCH_SURE,
};

/* What "subsys=path" items, with a NUL after each but the last, say of a container. */
enum enrich_match enrich_cgroups_match(struct enrich_slice cgroups, struct enrich_slice *ret_id,
				       uint16_t *ret_type);
/* After its cgroups changed. */
void enrich_thread_update_container(struct saker_state *s, struct enrich_thread *t);
/* By its full id, or a short one. NULL = not known. */
struct enrich_container *enrich_container_find(const struct saker_state *s, struct enrich_slice id);
/* Finds or makes; the caller gets a reference. NULL without memory. */
struct enrich_container *enrich_container_get(struct saker_state *s, struct enrich_slice id,
					      uint16_t type);
/* Asks whoever knows for its info, once. */
void enrich_container_ask(struct saker_state *s, struct enrich_container *c);
/* And for its users and groups, through a thread in it that has just been seen. */
void enrich_container_ask_accounts(struct saker_state *s, struct enrich_container *c, int64_t tid);
void enrich_container_keep(struct saker_state *s, struct enrich_container *c);
void enrich_container_forget(struct saker_state *s, struct enrich_container *c);
struct enrich_container *enrich_container_ref(struct enrich_container *c);
void enrich_container_unref(struct saker_state *s, struct enrich_container *c);
void enrich_containers_fini(struct saker_state *s);

/* ---- container_info.c ------------------------------------------------------------ */

/*
 * From the JSON text of a container event. The id's length is 0 when there is
 * none, or not one to be kept. 0, -EBADMSG or -ENOMEM.
 */
int enrich_container_info_parse(struct saker_state *s, const char *text, size_t len,
				char ret_id[static ENRICH_CONTAINER_ID_MAX], size_t *ret_id_len,
				struct enrich_container_info **ret_info);
void enrich_container_info_free(struct saker_state *s, struct enrich_container_info *info);

/* ---- exe.c ----------------------------------------------------------------------- */

/* What a thread has begun to run; its digest is asked for. NULL = no memory. */
struct enrich_exe *enrich_exe_new(struct saker_state *s, const struct saker_exe *what);
struct enrich_exe *enrich_exe_ref(struct enrich_exe *exe);
void enrich_exe_unref(struct saker_state *s, struct enrich_exe *exe);
/* The thread runs what its exe_ino and exepath say. */
void enrich_thread_new_exe(struct saker_state *s, struct enrich_thread *t);
/* Takes the reference. */
void enrich_exe_set(struct saker_state *s, struct enrich_thread *t, struct enrich_exe *exe);
/* The digest of this file, if it is exe: "sha256:...", anything else = it has none. */
bool enrich_exe_told(struct saker_state *s, struct enrich_exe *exe, uint64_t ino, uint64_t mtime,
		     const char *digest);
/* The text of an exe_digest event. */
void enrich_exe_digest(struct saker_state *s, struct saker_record *r, struct enrich_slice text);

/* ---- hold.c ---------------------------------------------------------------------- */

/* From now on, for as long as the options say, events of this container may wait for its info. */
void enrich_hold_allow(struct saker_state *s, struct enrich_container *c);
/* Keeps a copy of the event for later, if it has to wait. */
bool enrich_hold_take(struct saker_state *s, const struct saker_event_view *view,
		      const struct saker_event_meta *meta);
/* Whether the event that is applied has waited, and is older than those before it. */
bool enrich_hold_releasing(const struct saker_state *s);
/* A digest, for an execve of this thread that waits; false = none does. */
bool enrich_hold_told(struct saker_state *s, int64_t tid, uint64_t ino, uint64_t mtime,
		      const char *digest);
void enrich_holds_fini(struct saker_state *s);

/* ---- state_user.c ---------------------------------------------------------------- */

void enrich_accounts_fini(struct saker_state *s, struct enrich_accounts *accounts);
/* Adds or replaces. */
int enrich_accounts_add(struct saker_state *s, struct enrich_accounts *accounts, uint32_t id,
			const struct enrich_user *user);
void enrich_accounts_remove(struct saker_state *s, struct enrich_accounts *accounts, uint32_t id);
/* Those of a container, made with the first; NULL = no room. */
struct enrich_accounts *enrich_container_accounts(struct saker_state *s,
						  struct enrich_accounts **accounts);

/* ---- on_initial.c ---------------------------------------------------------------- */

/* Applies a start-up event (430-448); any other is ignored. For refills. */
void enrich_apply_initial(struct saker_state *s, const struct saker_event *event);
/* Who is the server in t's start-up connections; once all listening sockets are known. */
void enrich_initial_roles(struct saker_state *s, struct enrich_thread *t);

/* ---- handlers: on_*.c ------------------------------------------------------------ */

struct enrich_handler {
	uint16_t code;
	enrich_handler_fn fn;
};

/* Ended by one without a function. */
extern const struct enrich_handler enrich_handlers_process[];
extern const struct enrich_handler enrich_handlers_attribute[];
extern const struct enrich_handler enrich_handlers_file[];
extern const struct enrich_handler enrich_handlers_socket[];
extern const struct enrich_handler enrich_handlers_traffic[];
extern const struct enrich_handler enrich_handlers_initial[];
extern const struct enrich_handler enrich_handlers_container[];
extern const struct enrich_handler enrich_handlers_sched[];

/* dst becomes the parameter's text ("<NA>" when that is not known); shared with `like` when equal.
 */
void enrich_str_from_param(const struct saker_record *r, struct enrich_str **dst, uint32_t index,
			   struct enrich_str *like);
/* The same for NUL-separated lists. */
void enrich_list_from_param(const struct saker_record *r, struct enrich_str **dst, uint32_t index,
			    struct enrich_str *like);
/* Takes " (deleted)" off. */
void enrich_exepath_set(struct saker_state *s, struct enrich_thread *t, const char *text,
			size_t len);

/* The fd of the record becomes this one, with the flags that go with it. */
void enrich_record_set_fd(struct saker_record *r, const struct enrich_fd *fd, int64_t num);
/* The stored enter event of the record's thread, if it is the exit's own. */
bool enrich_record_entry(const struct saker_record *r, uint16_t type,
			 struct saker_event_view *ret_view);

static inline uint64_t enrich_param_u64(const struct saker_record *r, uint32_t i)
{
	const struct saker_param *p = enrich_param(r, i);

	return p && p->len == 8 ? saker_load_u64(p->data) : 0;
}

static inline uint32_t enrich_param_u32(const struct saker_record *r, uint32_t i)
{
	const struct saker_param *p = enrich_param(r, i);

	return p && p->len == 4 ? saker_load_u32(p->data) : 0;
}

#endif /* ENRICH_INTERNAL_H */
