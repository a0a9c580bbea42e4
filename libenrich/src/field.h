/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the field catalogue share: how a row of field_list.def is
 * kept, how arguments are read, what tells fields of one extractor apart, and
 * the few helpers every extractor ends with. One class of fields is one
 * field_*.c; catalogue.c binds them together.
 */
#ifndef ENRICH_FIELD_H
#define ENRICH_FIELD_H

#include <saker/enrich.h>
#include <saker/event_codes.h>
#include <saker/field.h>

#include "state.h"

/* How a field's argument is read, and what bind leaves in the ref's number. */
enum field_arg_kind {
	FIELD_ARG_NONE,
	FIELD_ARG_PARAM,      /* a parameter's name (number -1), or its position */
	FIELD_ARG_RAW_PARAM,  /* a parameter's name; sets the ref's type */
	FIELD_ARG_EVENT_NAME, /* an event's name (number -1), or its code */
	FIELD_ARG_TIMESTAMP,  /* nanoseconds */
	FIELD_ARG_ABSPATH,    /* nothing 0, "src" 1, "dst" 2 */
	FIELD_ARG_LEVEL,      /* 0 self, 1 parent ...; -1 = no argument: all ancestors */
	FIELD_ARG_INDEX,      /* a position; -1 = no argument */
	FIELD_ARG_ENV,	  /* a variable's name (number 0), or nothing or digits (-1): all of it */
	FIELD_ARG_AENV,	  /* a variable's name (number -2), or as LEVEL */
	FIELD_ARG_SUBSYS, /* a cgroup subsystem */
	FIELD_ARG_FD,	  /* a descriptor number; -1 = no argument: all */
	FIELD_ARG_KEY,	  /* anything; digits are a position too (else number -1) */
};

/* The schema's events that fields look at, by short names; the newest version of each. */
enum field_code {
	CODE_GENERIC = SAKER_EV_GENERIC_X,
	CODE_OPEN = SAKER_EV_SYSCALL_OPEN_X,
	CODE_SOCKET = SAKER_EV_SOCKET_SOCKET_X,
	CODE_CONNECT = SAKER_EV_SOCKET_CONNECT_X,
	CODE_CREAT = SAKER_EV_SYSCALL_CREAT_X,
	CODE_PIPE = SAKER_EV_SYSCALL_PIPE_X,
	CODE_EVENTFD = SAKER_EV_SYSCALL_EVENTFD_X,
	CODE_POLL = SAKER_EV_SYSCALL_POLL_X,
	CODE_SIGNALFD = SAKER_EV_SYSCALL_SIGNALFD_X,
	CODE_TIMERFD_CREATE = SAKER_EV_SYSCALL_TIMERFD_CREATE_X,
	CODE_INOTIFY_INIT = SAKER_EV_SYSCALL_INOTIFY_INIT_X,
	CODE_SWITCH = SAKER_EV_SCHEDSWITCH_6_E,
	CODE_RENAME = SAKER_EV_SYSCALL_RENAME_X,
	CODE_RENAMEAT = SAKER_EV_SYSCALL_RENAMEAT_X,
	CODE_SYMLINK = SAKER_EV_SYSCALL_SYMLINK_X,
	CODE_SYMLINKAT = SAKER_EV_SYSCALL_SYMLINKAT_X,
	CODE_QUOTACTL = SAKER_EV_SYSCALL_QUOTACTL_X,
	CODE_PROCINFO = SAKER_EV_PROCINFO_E,
	CODE_ACCEPT = SAKER_EV_SOCKET_ACCEPT_5_X,
	CODE_PPOLL = SAKER_EV_SYSCALL_PPOLL_X,
	CODE_MOUNT = SAKER_EV_SYSCALL_MOUNT_X,
	CODE_MKDIR = SAKER_EV_SYSCALL_MKDIR_2_X,
	CODE_RMDIR = SAKER_EV_SYSCALL_RMDIR_2_X,
	CODE_INFRA = SAKER_EV_INFRASTRUCTURE_EVENT_E,
	CODE_UNLINK = SAKER_EV_SYSCALL_UNLINK_2_X,
	CODE_UNLINKAT = SAKER_EV_SYSCALL_UNLINKAT_2_X,
	CODE_MKDIRAT = SAKER_EV_SYSCALL_MKDIRAT_X,
	CODE_OPENAT = SAKER_EV_SYSCALL_OPENAT_2_X,
	CODE_LINK = SAKER_EV_SYSCALL_LINK_2_X,
	CODE_LINKAT = SAKER_EV_SYSCALL_LINKAT_2_X,
	CODE_FCHMODAT = SAKER_EV_SYSCALL_FCHMODAT_X,
	CODE_CHMOD = SAKER_EV_SYSCALL_CHMOD_X,
	CODE_FCHMOD = SAKER_EV_SYSCALL_FCHMOD_X,
	CODE_RENAMEAT2 = SAKER_EV_SYSCALL_RENAMEAT2_X,
	CODE_OPENAT2 = SAKER_EV_SYSCALL_OPENAT2_X,
	CODE_OPEN_BY_HANDLE_AT = SAKER_EV_SYSCALL_OPEN_BY_HANDLE_AT_X,
	CODE_CHOWN = SAKER_EV_SYSCALL_CHOWN_X,
	CODE_LCHOWN = SAKER_EV_SYSCALL_LCHOWN_X,
	CODE_FCHOWN = SAKER_EV_SYSCALL_FCHOWN_X,
	CODE_FCHOWNAT = SAKER_EV_SYSCALL_FCHOWNAT_X,
	CODE_UMOUNT = SAKER_EV_SYSCALL_UMOUNT_1_X,
	CODE_ACCEPT4 = SAKER_EV_SOCKET_ACCEPT4_6_X,
	CODE_UMOUNT2 = SAKER_EV_SYSCALL_UMOUNT2_X,
	CODE_PIPE2 = SAKER_EV_SYSCALL_PIPE2_X,
	CODE_INOTIFY_INIT1 = SAKER_EV_SYSCALL_INOTIFY_INIT1_X,
	CODE_EVENTFD2 = SAKER_EV_SYSCALL_EVENTFD2_X,
	CODE_SIGNALFD4 = SAKER_EV_SYSCALL_SIGNALFD4_X,
	CODE_ASYNC = SAKER_EV_ASYNCEVENT_E,
};

/* What catalogue.c knows of a field beside its public row. A ref's data points here. */
struct field_impl {
	saker_extract_fn extract;
	saker_extract_fn typed;
	int32_t what; /* an enum below; the ref's number when there is no argument */
	uint8_t arg;  /* enum field_arg_kind */
};

enum field_clock {
	CLOCK_NUM,
	CLOCK_RAW,
	CLOCK_RAW_S,
	CLOCK_RAW_NS,
	CLOCK_REL,
	CLOCK_REL_S,
	CLOCK_REL_NS,
	CLOCK_DELTA,
	CLOCK_DELTA_S,
	CLOCK_DELTA_NS,
	CLOCK_ZERO,
	CLOCK_ONE,
};

enum field_time {
	TIME_CLOCK,
	TIME_CLOCK_NS,
	TIME_DATE,
	TIME_DATE_NS,
	TIME_ISO8601,
};

enum field_word {
	WORD_0NS,
};

enum field_buflen {
	BUFLEN_ALL = 0,
	BUFLEN_IN = 1 << 0,
	BUFLEN_OUT = 1 << 1,
	BUFLEN_FILE = 1 << 2,
	BUFLEN_NET = 1 << 3,
};

enum field_count {
	COUNT_ERROR,
	COUNT_ERROR_FILE,
	COUNT_ERROR_NET,
	COUNT_ERROR_MEMORY,
	COUNT_ERROR_OTHER,
	COUNT_EXIT,
	COUNT_PROCINFO,
	COUNT_THREADINFO,
};

enum field_open {
	OPEN_READ,
	OPEN_WRITE,
	OPEN_EXEC,
	OPEN_CREATE,
};

enum field_docker {
	DOCKER_EVENT,
	DOCKER_ID,
	DOCKER_NAME,
	DOCKER_IMAGE,
};

enum field_text {
	TEXT_COMM,
	TEXT_EXE,
	TEXT_EXEPATH,
	TEXT_CMDLINE,
	TEXT_CWD,
};

enum field_number {
	NUMBER_PID,
	NUMBER_VPID,
	NUMBER_VTID,
	NUMBER_SID,
	NUMBER_PGID,
	NUMBER_VPGID,
	NUMBER_TTY,
	NUMBER_AGE,
	NUMBER_CLONE_TS,
	NUMBER_EXE_INO,
	NUMBER_EXE_CTIME,
	NUMBER_EXE_MTIME,
	NUMBER_EXE_CTIME_PROC,
	NUMBER_EXE_CTIME_PIDNS,
	NUMBER_PIDNS_START,
	NUMBER_FD_COUNT,
	NUMBER_FD_LIMIT,
	NUMBER_VMSIZE,
	NUMBER_VMRSS,
	NUMBER_VMSWAP,
	NUMBER_MAIN_VMSIZE,
	NUMBER_MAIN_VMRSS,
	NUMBER_MAIN_VMSIZE_B,
	NUMBER_MAIN_VMRSS_B,
	NUMBER_PFMAJOR,
	NUMBER_PFMINOR,
	NUMBER_THREADS,
	NUMBER_CHILDREN,
};

enum field_proc_flag {
	FLAG_EXE_WRITABLE,
	FLAG_EXE_UPPER,
	FLAG_EXE_LOWER,
	FLAG_EXE_MEMFD,
	FLAG_SID_LEADER,
	FLAG_VPGID_LEADER,
	FLAG_PGID_LEADER,
	FLAG_MAIN,
};

enum field_caps {
	CAPS_PERMITTED,
	CAPS_INHERITABLE,
	CAPS_EFFECTIVE,
};

enum field_user {
	USER_NAME,
	USER_HOME,
	USER_SHELL,
	USER_LOGIN,
};

enum field_side {
	SIDE_CLIENT = 0,
	SIDE_SERVER = 1,
	SIDE_LOCAL = 2,
	SIDE_REMOTE = 3,
	SIDE_MASK = 3,
	SIDE_NET = 1 << 2, /* the value is compared with networks */
};

enum field_fd_flag {
	FD_FLAG_CONNECTED,
	FD_FLAG_NAME_CHANGED,
	FD_FLAG_UPPER,
	FD_FLAG_LOWER,
};

enum field_fd_number {
	FD_DEV,
	FD_DEV_MAJOR,
	FD_DEV_MINOR,
	FD_INO,
};

enum field_fspath {
	FSPATH_NAME = 0,
	FSPATH_SOURCE = 1,
	FSPATH_TARGET = 2,
	FSPATH_ROLE = 3,
	FSPATH_RAW = 1 << 2,
};

enum field_fdlist {
	FDLIST_NUMS,
	FDLIST_NAMES,
	FDLIST_CIPS,
	FDLIST_SIPS,
	FDLIST_CPORTS,
	FDLIST_SPORTS,
};

/* Which piece of a mount. */
enum field_mount {
	MOUNT_ALL,
	MOUNT_SOURCE,
	MOUNT_DEST,
	MOUNT_MODE,
	MOUNT_RDWR,
	MOUNT_PROPAGATION,
};

enum field_label {
	LABEL_CONTAINER,
	LABEL_POD,
	LABEL_POD_NAME, /* labels that fields of their own stand for */
	LABEL_POD_NAMESPACE,
	LABEL_POD_UID,
};

enum field_pod {
	POD_SANDBOX_ID,
	POD_FULL_SANDBOX_ID,
	POD_IP,
	POD_CNI,
};

/* One prototype an extractor; a repeated one is the same declaration again. */
#define FIELD(name, type, format, flags, cost, group, arg, extract, typed, what, description) \
	void field_##extract(void *record, const struct saker_field_ref *ref,                 \
			     struct saker_values *out);
#include "field_list.def"
#undef FIELD
void field_evt_time_typed(void *record, const struct saker_field_ref *ref,
			  struct saker_values *out);
void field_evt_rawarg_typed(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out);
void field_evt_buffer_typed(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out);

/* ---- how extractors end ------------------------------------------------------- */

static inline void field_set_text(struct saker_values *out, const char *text, size_t len)
{
	out->one = saker_value_str(text, len);
	out->v = &out->one;
	out->n = 1;
	out->absent = 0;
}

static inline void field_set_slice(struct saker_values *out, struct enrich_slice s)
{
	field_set_text(out, s.text, s.len);
}

static inline void field_set_str(struct saker_values *out, const struct enrich_str *s)
{
	field_set_text(out, enrich_str_text(s), enrich_str_len(s));
}

/* The type is the ref's: one extractor serves fields of several widths. */
static inline void field_set_u64(struct saker_values *out, const struct saker_field_ref *ref,
				 uint64_t value)
{
	memset(&out->one, 0, sizeof(out->one));
	out->one.type = ref->type;
	out->one.format = ref->format;
	out->one.u64 = value;
	out->v = &out->one;
	out->n = 1;
	out->absent = 0;
}

static inline void field_set_bool(struct saker_values *out, bool value)
{
	out->one = saker_value_u64(SAKER_TYPE_BOOL, value);
	out->v = &out->one;
	out->n = 1;
	out->absent = 0;
}

static inline void field_set_none(struct saker_values *out)
{
	saker_values_absent(out, SAKER_ABSENT_NOT_APPLICABLE);
}

/* Of an ancestor that there is not, or that is not known. */
static inline void field_set_no_ancestor(struct saker_values *out, const struct saker_record *r,
					 uint32_t n)
{
	saker_values_absent(out, r->thread ? enrich_ancestor_why_not(r->state, r->thread, n)
					   : SAKER_ABSENT_NOT_APPLICABLE);
}

/* Of a descriptor that has none, or that is not known. */
static inline void field_set_no_fd(struct saker_values *out, const struct saker_record *r,
				   const struct enrich_fd *fd)
{
	saker_values_absent(out, fd ? SAKER_ABSENT_NOT_APPLICABLE : enrich_fd_why_not(r));
}

static inline uint16_t field_code(const struct saker_record *r)
{
	return r->view.event->type;
}

/* Events that make, use or close descriptors; on others there is no fd.* at all. */
#define FIELD_FD_EVENTS (SAKER_EF_CREATES_FD | SAKER_EF_USES_FD | SAKER_EF_DESTROYS_FD)

/* ---- what several classes need -------------------------------------------------- */

/* The row's selector, for fields with an argument. */
static inline int32_t field_what(const struct saker_field_ref *ref)
{
	return ((const struct field_impl *)ref->data)->what;
}

/* The type that a parameter's value has as a field, and how it is written. */
enum saker_type field_raw_type(enum saker_param_type type);
enum saker_format field_raw_format(uint8_t format);
/* evt.category of a code whose descriptor does not matter; NULL = it does. */
const char *field_category_name(uint16_t category);
/* The descriptor that fd.* speak of, found by number when the event did not name it. */
const struct enrich_fd *field_fd_of(const struct saker_record *r);
/* fd.name of an event whose descriptor is not known; false = there is none. */
bool field_fd_name_of_event(struct saker_record *r, bool raw, struct enrich_slice *ret_name);
/* comm and args, with blanks between. */
struct enrich_slice field_cmdline(struct saker_record *r, const struct enrich_thread *t);
/* "" on the host. */
struct enrich_slice field_container_id(const struct saker_record *r);

#endif /* ENRICH_FIELD_H */
