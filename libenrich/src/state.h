/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libenrich knows of the machine, as its own files see it: threads, file
 * descriptors, users, containers, and the record (one event in that state)
 * that the fields' extractors take. Fields only read; state*.c alone write.
 *
 * Lifetimes: everything reachable from a record lives until the next
 * saker_state_apply. What an event ends (a closed fd, a dead thread) goes at
 * the beginning of the next call, so that its own record still shows it.
 */
#ifndef ENRICH_STATE_H
#define ENRICH_STATE_H

#include <assert.h>

#include <saker/enrich.h>

#include "common/arena.h"
#include "common/util.h"

struct saker_state;
struct enrich_files;
struct enrich_group;

/* ---- strings ---------------------------------------------------------------- */

/*
 * Immutable, counted, from the state's pool; len excludes the NUL that always follows. Text that
 * was seen a short while ago is not kept twice (state_memory.c).
 */
struct enrich_str {
	uint32_t refs;
	uint16_t len;
	uint16_t slot; /* of the recent ones, in which it may be */
	char text[];
};

/* A NULL string is one that is not known, and reads as empty. */
static inline const char *enrich_str_text(const struct enrich_str *s)
{
	return s ? s->text : "";
}

static inline uint32_t enrich_str_len(const struct enrich_str *s)
{
	return s ? s->len : 0;
}

/* A piece of text that somebody else owns. */
struct enrich_slice {
	const char *text;
	uint32_t len;
};

/* ---- containers ------------------------------------------------------------- */

struct enrich_container;

/* Numbers are those of container.type's source, the container plugin. */
#define ENRICH_CONTAINER_TYPE_LIST(X)    \
	X(DOCKER, 0, "docker")           \
	X(LXC, 1, "lxc")                 \
	X(LIBVIRT_LXC, 2, "libvirt-lxc") \
	X(MESOS, 3, "mesos")             \
	X(RKT, 4, "rkt")                 \
	X(CUSTOM, 5, "custom")           \
	X(CRI, 6, "cri")                 \
	X(CONTAINERD, 7, "containerd")   \
	X(CRIO, 8, "cri-o")              \
	X(BPM, 9, "bpm")                 \
	X(STATIC, 10, "static")          \
	X(PODMAN, 11, "podman")          \
	X(NSPAWN, 12, "systemd-nspawn")  \
	X(HOST, 0xfffe, "host")

enum enrich_container_type {
#define X(symbol, number, name) ENRICH_CONTAINER_##symbol = number,
	ENRICH_CONTAINER_TYPE_LIST(X)
#undef X
};

const char *enrich_container_type_name(enum enrich_container_type type);
/* Their cgroups say all there is to know: no runtime tells of them. */
static inline bool enrich_container_untold(uint16_t type)
{
	return type == ENRICH_CONTAINER_LXC || type == ENRICH_CONTAINER_LIBVIRT_LXC ||
	       type == ENRICH_CONTAINER_BPM || type == ENRICH_CONTAINER_NSPAWN;
}
/* 12 characters of one of 64 hexadecimal digits, else all of it; short_id takes as many as id. */
void enrich_container_short_id(const char *id, char *short_id);
/* By its full id, or a short one. NULL = not known. */
const struct enrich_container *enrich_state_container(const struct saker_state *state,
						      const char *id, size_t len);

#define ENRICH_CONTAINER_ID_MAX \
	128 /* longest id kept, NUL included; longer ones are no container */

/* A mount of a container, as its runtime tells. */
struct enrich_mount {
	struct enrich_str *source;
	struct enrich_str *dest;
	struct enrich_str *mode;
	struct enrich_str *propagation;
	bool writable;
};

struct enrich_label {
	struct enrich_str *key;
	struct enrich_str *value;
};

/* Text that a runtime tells of a container; the keys are those of container events. */
#define ENRICH_CONTAINER_TEXT_LIST(X)   \
	X(NAME, "name")                 \
	X(IMAGE, "image")               \
	X(IMAGE_ID, "imageid")          \
	X(REPOSITORY, "imagerepo")      \
	X(TAG, "imagetag")              \
	X(DIGEST, "imagedigest")        \
	X(IP, "ip")                     \
	X(CNI, "cni_json")              \
	X(SANDBOX_ID, "pod_sandbox_id") \
	X(RUNTIME, "runtime") /* ours: no other writer has it, and readers pass over it */

enum enrich_container_text {
#define X(symbol, key) ENRICH_CONTAINER_TEXT_##symbol,
	ENRICH_CONTAINER_TEXT_LIST(X)
#undef X
		ENRICH_CONTAINER_TEXTS,
};

#define ENRICH_CONTAINER_FLAG_LIST(X)   \
	X(PRIVILEGED, "privileged")     \
	X(HOST_PID, "host_pid")         \
	X(HOST_NETWORK, "host_network") \
	X(HOST_IPC, "host_ipc")

enum enrich_container_flag {
#define X(symbol, key) ENRICH_CONTAINER_FLAG_##symbol,
	ENRICH_CONTAINER_FLAG_LIST(X)
#undef X
		ENRICH_CONTAINER_FLAGS,
};

/* What a runtime told. Immutable; in the state's pool. */
struct enrich_container_info {
	struct enrich_str *texts[ENRICH_CONTAINER_TEXTS]; /* "" where it told none; never NULL */
	bool flags[ENRICH_CONTAINER_FLAGS];
	uint16_t type;
	uint32_t n_mounts;
	uint32_t n_labels;
	uint32_t n_pod_labels;
	struct enrich_mount *mounts;
	struct enrich_label *labels;
	struct enrich_label *pod_labels;
};

/* Shared by the threads in it; freed with the last one. */
struct enrich_container {
	uint32_t refs;
	uint16_t type; /* enum enrich_container_type, as far as the cgroup tells */
	uint8_t id_len;
	uint8_t full_id_len;
	char id[ENRICH_CONTAINER_ID_MAX]; /* 12 characters for hex ids */
	char full_id[ENRICH_CONTAINER_ID_MAX];
	struct enrich_container_info *info; /* NULL until a runtime has told */
	uint8_t why_not;		    /* enum saker_absence: why there is no info */
	bool sure;	       /* else its name proves nothing: see enrich_thread_container() */
	bool asked;	       /* somebody was asked for info */
	bool kept;	       /* told before a thread was there */
	uint8_t account_tries; /* how often its users were asked for */
	uint64_t hold_until;   /* events are held back until then, monotonic; 0 = never */
	uint64_t hash;
	struct enrich_container *next; /* in its bucket of the state's table */
	struct enrich_hold *hold;      /* events that wait for info; NULL = none do */
	struct enrich_accounts *users; /* its own; NULL = none are known */
	struct enrich_accounts *groups;
};

/* ---- file descriptors ------------------------------------------------------- */

/* Numbers are those of the capture format; then fd.type and fd.typechar. */
#define ENRICH_FD_TYPE_LIST(X)                 \
	X(UNKNOWN, 0, "<NA>", 'o')             \
	X(FILE, 1, "file", 'f')                \
	X(DIRECTORY, 2, "directory", 'd')      \
	X(IPV4_SOCK, 3, "ipv4", '4')           \
	X(IPV6_SOCK, 4, "ipv6", '6')           \
	X(IPV4_SERVER, 5, "ipv4", '4')         \
	X(IPV6_SERVER, 6, "ipv6", '6')         \
	X(FIFO, 7, "pipe", 'p')                \
	X(UNIX_SOCK, 8, "unix", 'u')           \
	X(EVENT, 9, "event", 'e')              \
	X(UNSUPPORTED, 10, "<NA>", 'X')        \
	X(SIGNALFD, 11, "signalfd", 's')       \
	X(EVENTPOLL, 12, "eventpoll", 'l')     \
	X(INOTIFY, 13, "inotify", 'i')         \
	X(TIMERFD, 14, "timerfd", 't')         \
	X(NETLINK, 15, "netlink", 'n')         \
	X(FILE_V2, 16, "file", 'f')            \
	X(BPF, 17, "bpf", 'b')                 \
	X(USERFAULTFD, 18, "userfaultfd", 'u') \
	X(IO_URING, 19, "io_uring", 'r')       \
	X(MEMFD, 20, "memfd", 'm')             \
	X(PIDFD, 21, "pidfd", 'P')

enum enrich_fd_type {
#define X(symbol, number, name, letter) ENRICH_FD_##symbol = number,
	ENRICH_FD_TYPE_LIST(X)
#undef X
		ENRICH_FD_TYPES,
};

const char *enrich_fd_type_name(enum enrich_fd_type type); /* "<NA>" = has no name */
char enrich_fd_type_letter(enum enrich_fd_type type);

/* Layer 4 protocols of a socket; numbers are those of the capture format. */
enum enrich_l4 {
	ENRICH_L4_UNKNOWN = 0,
	ENRICH_L4_NA = 1, /* not a socket that has one */
	ENRICH_L4_TCP = 2,
	ENRICH_L4_UDP = 3,
	ENRICH_L4_ICMP = 4,
	ENRICH_L4_RAW = 5,
};

enum enrich_fd_flag {
	ENRICH_FD_ROLE_CLIENT = 1 << 0,
	ENRICH_FD_ROLE_SERVER = 1 << 1,
	ENRICH_FD_CONNECTED = 1 << 2,
	ENRICH_FD_PENDING = 1 << 3, /* connect has been asked for, no answer yet */
	ENRICH_FD_FAILED = 1 << 4,
	ENRICH_FD_SOCKETPIPE = 1 << 5, /* one end of a socketpair */
	ENRICH_FD_CLONED = 1 << 6,     /* came with a fork */
	ENRICH_FD_UPPER_LAYER = 1 << 7,
	ENRICH_FD_LOWER_LAYER = 1 << 8,
	ENRICH_FD_INFERRED = 1 << 9, /* made up from an event that only used it */
	/* name, or real where that is set, is what the kernel calls it: no links, no "..". */
	ENRICH_FD_REAL_KNOWN = 1 << 10,
	ENRICH_FD_MOUNT = 1 << 11,    /* known by its mount (start-up), not by its device */
	ENRICH_FD_RAW_NAME = 1 << 12, /* the program gave just this name */
	ENRICH_FD_IN_DOUBT =
		1 << 13, /* its number has gone to another one, of which nothing is known */
	ENRICH_FD_REAL_CUT = 1 << 14, /* what the kernel calls it is too long to be told */
};

/*
 * The ends of a socket. For SERVER types only the destination (the listening
 * side) means something. Ports are in host order; addresses in network order,
 * IPv4 in the first four bytes. For UNIX_SOCK: kernel pointers instead.
 */
struct enrich_tuple {
	union {
		uint8_t sip[16];
		uint64_t unix_source;
	};
	union {
		uint8_t dip[16];
		uint64_t unix_dest;
	};
	uint16_t sport;
	uint16_t dport;
	uint8_t l4; /* enum enrich_l4 */
};

/* What few files have: those that are one of these, or were opened by another name. */
struct enrich_fd_more {
	struct enrich_str *name_raw;
	struct enrich_str *real; /* where its name led to; NULL = to that name, as far as known */
	union {
		struct enrich_tuple tuple;
		int64_t pid; /* PIDFD: whom it is about */
	};
};

/*
 * One open file. Shared between the tables of a parent and its forked child
 * until one of them changes it, so never write through a pointer got from a
 * lookup: enrich_fd_own() gives a writable one.
 */
struct enrich_fd {
	uint32_t refs : 24; /* of tables, of which there are no more than threads */
	uint32_t type : 8;  /* enum enrich_fd_type */
	int32_t num;
	uint16_t flags;	       /* enum enrich_fd_flag */
	uint16_t open_flags;   /* PPM_O_* bits, or the creating call's own flags; no layers */
	uint32_t used;	       /* state clock of the last use: for eviction */
	uint32_t epoch;	       /* the last loss when it was last sure: state_loss.c */
	uint32_t dev_or_mount; /* use enrich_fd_dev(), enrich_fd_mnt_id() */
	uint64_t ino;
	struct enrich_str *name;     /* resolved path or text of the tuple */
	struct enrich_fd_more *more; /* NULL = none; use the functions below */
};
/* There may be ten for each thread, and a pool's class ends here. */
static_assert(sizeof(struct enrich_fd) == 48, "size of an fd");
static_assert(sizeof(struct enrich_fd_more) == 56, "size of a socket's part");

static inline uint32_t enrich_fd_dev(const struct enrich_fd *fd)
{
	return fd->flags & ENRICH_FD_MOUNT ? 0 : fd->dev_or_mount;
}

static inline uint32_t enrich_fd_mnt_id(const struct enrich_fd *fd)
{
	return fd->flags & ENRICH_FD_MOUNT ? fd->dev_or_mount : 0;
}

/* The ends of a socket; all zero of what is none, or not known. */
extern const struct enrich_tuple enrich_no_tuple;
static inline const struct enrich_tuple *enrich_fd_tuple(const struct enrich_fd *fd)
{
	return fd->more && fd->type != ENRICH_FD_PIDFD ? &fd->more->tuple : &enrich_no_tuple;
}

/* Of a PIDFD: whom it is about; 0 = not known. */
static inline int64_t enrich_fd_pid(const struct enrich_fd *fd)
{
	return fd->more && fd->type == ENRICH_FD_PIDFD ? fd->more->pid : 0;
}

/* Where its name led to; NULL = to that name, as far as known. */
static inline struct enrich_str *enrich_fd_real(const struct enrich_fd *fd)
{
	return fd->more ? fd->more->real : NULL;
}

/* As the program gave it; NULL = not known (start-up, sockets ...). */
static inline struct enrich_str *enrich_fd_name_raw(const struct enrich_fd *fd)
{
	if (fd->flags & ENRICH_FD_RAW_NAME)
		return fd->name;
	return fd->more ? fd->more->name_raw : NULL;
}

static inline bool enrich_fd_is_ip(const struct enrich_fd *fd)
{
	return fd->type >= ENRICH_FD_IPV4_SOCK && fd->type <= ENRICH_FD_IPV6_SERVER;
}

static inline bool enrich_fd_is_socket(const struct enrich_fd *fd)
{
	return enrich_fd_is_ip(fd) || fd->type == ENRICH_FD_UNIX_SOCK ||
	       fd->type == ENRICH_FD_NETLINK;
}

/* ---- executables ------------------------------------------------------------ */

/* What an execve ran. Shared by the processes that came from it. */
struct enrich_exe {
	uint32_t refs;
	uint8_t why_not; /* enum saker_absence: why there is no digest */
	uint64_t ino;
	uint64_t mtime;
	struct enrich_str *digest; /* "sha256:...", NULL = not known */
};

/* ---- threads ---------------------------------------------------------------- */

enum enrich_exe_flag {
	ENRICH_EXE_WRITABLE = 1 << 0,
	ENRICH_EXE_UPPER_LAYER = 1 << 1,
	ENRICH_EXE_FROM_MEMFD = 1 << 2,
	ENRICH_EXE_LOWER_LAYER = 1 << 3,
};

enum enrich_thread_flag {
	ENRICH_THREAD_DEAD = 1 << 0,	    /* has exited; kept while its group lives */
	ENRICH_THREAD_PLACEHOLDER = 1 << 1, /* nothing known but the tid: comm "<NA>" */
	ENRICH_THREAD_INITIAL = 1 << 2,	    /* from start-up state, not from an event of its own */
	ENRICH_THREAD_EVICTED_FDS = 1 << 3, /* has lost fds to the memory bound */
	ENRICH_THREAD_HIDDEN = 1 << 4,	  /* in no table: stands in for one that is dead already */
	ENRICH_THREAD_UNSETTLED = 1 << 5, /* start-up state, family not known yet */
	/* A loss left its session and the like in doubt, of which no execve tells. */
	ENRICH_THREAD_IDENTITY_DOUBT = 1 << 6,
	/* What it has asked of capabilities: keep those permitted, or all, when the user changes.
	 */
	ENRICH_THREAD_KEEPS_CAPS = 1 << 7,
	ENRICH_THREAD_NO_UID_FIXUP = 1 << 8,
	/* Whoever read it had no right to see its program, directory, environment and files. */
	ENRICH_THREAD_DENIED = 1 << 9,
};

/* Of arguments with the program's name before them, and of an environment, all that is kept. */
#define ENRICH_TEXTS_MAX 4096u

#define ENRICH_NO_ID UINT32_MAX /* a uid, gid or loginuid that is not known (or not set) */

/* A working directory, as those have it who share one (the kernel's fs_struct). */
struct enrich_fs {
	uint32_t refs : 31;
	uint32_t shared : 1;	/* by several processes */
	uint32_t epoch;		/* the last loss when it was last sure: state_loss.c */
	struct enrich_str *cwd; /* with "/" at the end */
};

/*
 * One thread; a process is its leader (tid == pid). Strings may be NULL. What
 * belongs to the whole process and may change (cwd, env, n_threads) is read
 * through the functions below, which ask the leader; of cwd and files a thread
 * may have its own.
 */
struct enrich_thread {
	/* What every event looks at, in one cache line. */
	int64_t tid;
	int64_t pid; /* -1 = unknown (placeholder), as all ids below but tid */
	struct enrich_files *files;
	struct enrich_group *group;
	struct enrich_entry *entry; /* stored enter event (old captures), until its exit; or NULL */
	uint64_t last_ts;	    /* of the event being looked at, if it is this thread's */
	uint32_t used;		    /* state clock of the last use: for eviction */
	uint32_t epoch;		    /* the last loss when it was last sure: state_loss.c */
	uint16_t flags;		    /* enum enrich_thread_flag */
	uint16_t exe_flags;	    /* enum enrich_exe_flag */

	struct enrich_fs *fs; /* NULL = the leader's; use enrich_thread_cwd() */
	int64_t ptid;	      /* 0 = none, or not in the table */
	/* Numbers as the kernel has them; tids alone may be more in captures of other sandboxes. */
	int32_t reaper_tid;
	int32_t sid;
	int32_t vtid;
	int32_t vpid;
	int32_t vpgid;
	int32_t pgid;

	uint64_t clone_ts; /* when it was made; 0 = unknown */
	uint64_t exec_ts;  /* last execve; 0 = none seen */
	union {
		uint64_t retry_ts;    /* live: not asked for again before */
		uint32_t procinfo[2]; /* in old captures: what the last such event said */
	};
	uint64_t pidns_init_start_ts;
	uint64_t cpu_ns; /* in turns that switch events ended */

	struct enrich_container *container; /* use enrich_thread_container() */

	struct enrich_str *comm;
	struct enrich_str *exe; /* argv[0] */
	struct enrich_str *exepath;
	struct enrich_exe *exe_file; /* NULL = not known */
	struct enrich_str *args;     /* argv[1..], each with its NUL but the last one */
	struct enrich_str *env;	     /* as args; use enrich_thread_env() */
	struct enrich_str *root;     /* chroot; "/" usually */
	struct enrich_str *cgroups;  /* "subsys=path", as args */

	uint64_t cap_permitted;
	uint64_t cap_effective;
	uint64_t cap_inheritable;
	uint64_t exe_ino;
	uint64_t exe_ino_ctime;
	uint64_t exe_ino_mtime;
	/* Taken at execve and inherited, with u64 wrap-around: clone_ts - ctime, ctime - pidns
	 * start. */
	uint64_t exe_ctime_to_clone; /* 0 = no execve seen */
	uint64_t exe_pidns_to_ctime;
	uint64_t pfmajor;
	uint64_t pfminor;
	int64_t fdlimit; /* -1 = unknown */
	uint32_t vmsize_kb;
	uint32_t vmrss_kb;
	uint32_t vmswap_kb;
	uint32_t tty;
	uint32_t uid;
	uint32_t gid;
	uint32_t loginuid;
	uint32_t clone_flags; /* PPM_CL_* */

	struct enrich_thread *parent; /* in whose list of children it is; NULL = nobody's */
	struct enrich_thread *children;
	struct enrich_thread *sibling_next;
	struct enrich_thread *sibling_prev;
	struct enrich_thread *group_next;
	struct enrich_thread *group_prev;
};
/* There may be a hundred thousand, and a pool's class ends here. */
static_assert(sizeof(struct enrich_thread) <= 384, "size of a thread");

/* In a pid namespace of its own, as far as is known. */
static inline bool enrich_thread_in_pidns(const struct enrich_thread *t)
{
	return (t->clone_flags & UINT32_C(1) << 29) != 0 || (t->vtid >= 0 && t->tid != t->vtid);
}

/*
 * NULL = on the host, as far as is known. A pid namespace counts for those in it:
 * a browser makes one, too, and others of its cgroup are no more in a container for it.
 */
static inline struct enrich_container *enrich_thread_container(const struct enrich_thread *t)
{
	return t->container && (t->container->sure || enrich_thread_in_pidns(t)) ? t->container
										 : NULL;
}

static inline bool enrich_thread_is_leader(const struct enrich_thread *t)
{
	return t->tid == t->pid;
}

/* Look-ups never allocate or refill, and yield NULL for what is not known. */
struct enrich_thread *enrich_thread_find(const struct saker_state *state, int64_t tid);
/* The group's leader; the thread itself when the leader is not known. Never NULL. */
struct enrich_thread *enrich_thread_leader(const struct saker_state *state,
					   const struct enrich_thread *t);
/* The parent process (by ptid), which may be a thread; NULL at the top. */
struct enrich_thread *enrich_thread_parent(const struct saker_state *state,
					   const struct enrich_thread *t);
/*
 * The n-th ancestor, as proc.aname[n] counts: 0 = t's leader, 1 = its parent's
 * leader. NULL past the top, where a leader is not known, and past
 * ENRICH_ANCESTORS_MAX (a loop). To walk, ask for ancestor 1 of the last one.
 */
struct enrich_thread *enrich_thread_ancestor(const struct saker_state *state,
					     const struct enrich_thread *t, uint32_t n);
#define ENRICH_ANCESTORS_MAX 1000

/* ---- what losses leave in doubt ------------------------------------------------ */

/*
 * False when events were lost, and one of these may be wrong for it: the record's thread and
 * process (program, arguments, environment, users, working directory, session and process
 * group), its ancestors and session leaders, the descriptor, the paths.
 */
bool enrich_record_certain(const struct saker_record *r);
/*
 * enum saker_absence: why what only a thread's own user sees is not known of it,
 * why a descriptor of its process is not, and that which the event is about.
 */
static inline uint8_t enrich_thread_why_not(const struct enrich_thread *t)
{
	return t->flags & ENRICH_THREAD_DENIED ? SAKER_ABSENT_NO_PERMISSION
					       : SAKER_ABSENT_NOT_CAPTURED;
}
uint8_t enrich_thread_fd_why_not(const struct saker_state *s, const struct enrich_thread *t);
uint8_t enrich_fd_why_not(const struct saker_record *r);
/* Why t has no n-th ancestor. */
uint8_t enrich_ancestor_why_not(const struct saker_state *state, const struct enrich_thread *t,
				uint32_t n);

/*
 * The session's leader, or failing that (not in the table, or the number is of
 * another pid namespace) the oldest ancestor in that session. NULL = unknown.
 */
struct enrich_thread *enrich_thread_session_leader(const struct saker_state *state,
						   const struct enrich_thread *t);
/* The same for the process group, as seen from the host and from inside the pid namespace. */
struct enrich_thread *enrich_thread_pgid_leader(const struct saker_state *state,
						const struct enrich_thread *t);
struct enrich_thread *enrich_thread_vpgid_leader(const struct saker_state *state,
						 const struct enrich_thread *t);

/* "./" when the leader is not known. */
struct enrich_slice enrich_thread_cwd(const struct saker_state *state,
				      const struct enrich_thread *t);
struct enrich_slice enrich_thread_env(const struct saker_state *state,
				      const struct enrich_thread *t);
uint32_t
enrich_thread_n_threads(const struct enrich_thread *t); /* alive ones of its group: proc.nthreads */
/* Alive threads of its group but the leader: proc.nchilds (which never meant child processes). */
uint32_t enrich_thread_n_non_leaders(const struct enrich_thread *t);
uint32_t
enrich_thread_n_fds(const struct enrich_thread *t); /* of its leader; 0 when that is not known */
/* By number, in the table that t uses; NULL = unknown. Not counted as a look-up. */
const struct enrich_fd *enrich_fd_find(const struct enrich_thread *t, int64_t num);
/* Walks the table: start with *iter = 0; NULL at the end. In no order. */
const struct enrich_fd *enrich_fd_next(const struct enrich_thread *t, uint32_t *iter);

/* ---- NUL-separated lists (args, env, cgroups) --------------------------------- */

/* The next element from *pos (start with 0); false at the end. */
bool enrich_list_next(const struct enrich_str *list, uint32_t *pos, struct enrich_slice *ret_item);
uint32_t enrich_list_count(const struct enrich_str *list);
/* The next cgroup from *pos (start with 0): its subsystem, as Falco names it, and path. False at
 * the end. */
bool enrich_cgroup_next(const struct enrich_thread *t, uint32_t *pos,
			struct enrich_slice *ret_subsys, struct enrich_slice *ret_path);
/* The path of a subsystem ("cpu", "memory", "perf_event", "blkio" ...); len 0 = not in it. */
struct enrich_slice enrich_thread_cgroup(const struct enrich_thread *t, const char *subsys,
					 size_t len);

/* ---- users, groups, addresses ------------------------------------------------- */

struct enrich_user {
	uint32_t uid; /* of a group: unused */
	uint32_t gid;
	const char *name;
	const char *home;
	const char *shell;
};

/*
 * container: as the thread has it, NULL = the host. NULL when there is no such
 * account ("root" for uid 0 is the fields' business). Valid until the next record.
 */
const struct enrich_user *enrich_state_user(struct saker_state *state,
					    const struct enrich_container *container, uint32_t uid);
const struct enrich_user *enrich_state_group(struct saker_state *state,
					     const struct enrich_container *container,
					     uint32_t gid);

/* Is it an address of this machine (loopback included)? addr is in network order. */
bool enrich_state_is_local_v4(const struct saker_state *state, const uint8_t addr[4]);
bool enrich_state_is_local_v6(const struct saker_state *state, const uint8_t addr[16]);

const char *enrich_state_hostname(const struct saker_state *state);

/* ---- the record --------------------------------------------------------------- */

/* What of a CPU's time: kinds of thread.cpu. */
enum enrich_cpu {
	ENRICH_CPU_USER,
	ENRICH_CPU_SYSTEM,
	ENRICH_CPU_BOTH,
};

enum enrich_record_flag {
	ENRICH_RECORD_NAME_CHANGED = 1 << 0, /* this event changed the name of its fd */
	ENRICH_RECORD_NEW_FD = 1 << 1,	     /* this event made the fd */
	ENRICH_RECORD_FAILED = 1 << 2,	     /* the call failed: res < 0 */
	ENRICH_RECORD_HAS_RES = 1 << 3,	     /* res is set */
	ENRICH_RECORD_HAS_FD = 1 << 4,	     /* fd_num is set (fd may still be NULL: unknown) */
	ENRICH_RECORD_HAS_NOTE = 1 << 5,     /* its companion says something: note is set */
	ENRICH_RECORD_NOTED = 1 << 6,	     /* a companion would have said how it came */
	ENRICH_RECORD_REALPATH = 1 << 7,     /* ... and where its name led to */
};

/* The text of a parameter's flags or mode, by its description and value. */
#define ENRICH_FLAGS_KEPT 16u /* a power of two */

struct enrich_flags_memo {
	const struct saker_param_info *info; /* NULL = free */
	uint32_t value;
	uint32_t len;
	char text[112];
};

struct saker_record {
	struct saker_event_view view;
	struct saker_state *state;
	/*
	 * NULL for events of no thread (async, plugin, drop ...), and for clone,
	 * procexit and switch of a thread that is not known.
	 */
	struct enrich_thread *thread;
	/* The container a container event is about; NULL for all others: the thread's. */
	struct enrich_container *container;
	/*
	 * The fd the event is about: the one it made, or the one it used. NULL =
	 * none or unknown. For dup*: the new one; for pipe: the second of the
	 * two; for socketpair: the first, under the number of the second (as
	 * Falco shows them). A failed call has the one it tried to use.
	 */
	const struct enrich_fd *fd;
	int64_t fd_num;	   /* valid with HAS_FD; what the event says, -1 included */
	int64_t res;	   /* the result of the call, where it has one */
	uint64_t number;   /* evt.num, from 1 */
	uint64_t prev_ts;  /* of the record before; its own for the first */
	uint64_t first_ts; /* of the first event that is not META; 0 before: evt.reltime's zero */
	uint16_t cpu;
	uint16_t flags; /* enum enrich_record_flag */
	union {
		uint64_t turn_ns;		       /* a switch's: of the turn that ended */
		uint8_t cpu_used[ENRICH_CPU_BOTH + 1]; /* a procinfo's: percent */
	};
	struct saker_note note;
	/* Rewound for each record: what extractors build lives here. */
	struct arena scratch;
	struct enrich_flags_memo *flag_texts; /* ENRICH_FLAGS_KEPT, the state's; NULL = none kept */
};

/* The parameter by index: NULL when the event is too old or short to have it, or it is empty. */
static inline const struct saker_param *enrich_param(const struct saker_record *r, uint32_t i)
{
	return i < r->view.n_params && r->view.params[i].len ? &r->view.params[i] : NULL;
}

/* By name; -1 = the event has none such. */
int enrich_param_index(const struct saker_event_info *info, const char *name, size_t len);

/* Text parameters without their NUL; len 0 and text "" when unknown. */
static inline struct enrich_slice enrich_param_text(const struct saker_record *r, uint32_t i)
{
	const struct saker_param *p = enrich_param(r, i);
	struct enrich_slice s = {"", 0};

	if (p) {
		s.text = (const char *)p->data;
		s.len = (uint32_t)strnlen(s.text, p->len);
	}
	return s;
}

int64_t enrich_param_narrow(const struct saker_record *r, uint32_t i, int64_t dflt);

/* Integers of any width and sign (FD32, PID32 and enums included); dflt when unknown. */
static inline int64_t enrich_param_int(const struct saker_record *r, uint32_t i, int64_t dflt)
{
	const struct saker_param *p = enrich_param(r, i);

	if (p && p->len == 8)
		return (int64_t)saker_load_u64(p->data);
	return p ? enrich_param_narrow(r, i, dflt) : dflt;
}

/* ---- paths -------------------------------------------------------------------- */

#define ENRICH_PATH_MAX 1024 /* a resolved path that is longer reads as the text below */
#define ENRICH_PATH_TOO_LONG "/DIR_TOO_LONG/FILENAME_TOO_LONG"
#define ENRICH_DIR_UNKNOWN "<UNKNOWN>" /* put in front when a dirfd is not known */
#define ENRICH_AT_FDCWD (-100)

/*
 * dir + path, with "." and ".." and "//" resolved; path alone when it is
 * absolute. buf takes ENRICH_PATH_MAX + 1 bytes; returns the length.
 */
uint32_t enrich_path_join(char *buf, const char *dir, uint32_t dir_len, const char *path,
			  uint32_t path_len);
/* As enrich_path_join, with the directory that dirfd is for the record's thread. */
uint32_t enrich_path_at(const struct saker_record *r, int64_t dirfd, const char *path, uint32_t len,
			char *buf);

/*
 * The absolute path that parameter `index` (FSPATH, or FSRELPATH with its
 * dirfd) of the record names, in the record's scratch; len 0 = it has no such
 * parameter, it is empty, or memory is short. is cwd-relative when not absolute.
 */
struct enrich_slice enrich_record_path(struct saker_record *r, uint32_t index);

#endif /* ENRICH_STATE_H */
