// SPDX-License-Identifier: Apache-2.0
/*
 * The writer of capture files. Events are copied as they are; start-up events
 * turn back into process and descriptor lists (the inverse of scap_lists.c),
 * one block for each run of processes or of one thread's descriptors.
 */
#include <saker/scap.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "event_build.h"
#include "scap_format.h"
#include "scap_keep.h"
#include "scap_rotate.h"
#include "scap_sink.h"
#include "task_params.h"

/* What readers of libs take; a longer text makes them refuse the file. */
#define WRITE_PATH_MAX 1023
#define WRITE_TEXTS_MAX 4096
#define WRITE_NAME_MAX 255
#define WRITE_LIST_MAX (1u << 20) /* a list goes on in another block */
#define WRITE_TIDS_MAX (1u << 22) /* the kernel has no higher ones (PID_MAX_LIMIT) */

enum list { LIST_NONE, LIST_PROCESSES, LIST_FILES };

struct saker_scap_writer {
	struct capture_sink sink;
	enum list list; /* the block being made */
	uint64_t list_tid;
	uint64_t *listed;  /* a bit a thread of this file's list of processes */
	uint32_t n_listed; /* words */
	bool began;	   /* an event was written that is no list entry */
	struct saker_scap_options options;
	struct capture_rotation rotation;
	bool rotates;
	struct capture_keep keep; /* for the next file */
	uint16_t told;		  /* META_TOLD as the file has it so far */
	uint64_t first_ts;	  /* of the file's first event */
	uint64_t past_size;	  /* of the files before */
	uint32_t n_files;
};

/* ---- what is known of the machine ------------------------------------------------------ */

static void write_section(struct capture_sink *sink)
{
	capture_sink_begin(sink, SCAP_SECTION_TYPE);
	capture_sink_u32(sink, SCAP_SECTION_MAGIC);
	capture_sink_u16(sink, SCAP_MAJOR);
	capture_sink_u16(sink, SCAP_MINOR);
	capture_sink_u64(sink, UINT64_MAX);
	capture_sink_end(sink);
}

static void write_machine(struct capture_sink *sink, const struct saker_machine *m)
{
	capture_sink_begin(sink, SCAP_WRITE_MACHINE);
	capture_sink_u32(sink, m->n_cpus);
	capture_sink_u64(sink, m->memory);
	capture_sink_u64(sink, m->max_pid);
	capture_sink_bytes(sink, m->hostname, SCAP_HOSTNAME_SIZE);
	capture_sink_u64(sink, m->boot_ts);
	capture_sink_u64(sink, 0); /* flags */
	capture_sink_u64(sink, 0);
	capture_sink_u64(sink, 0);
	capture_sink_end(sink);
}

static void write_interface(struct capture_sink *sink, const struct saker_interface *it)
{
	size_t len = it->addr.family == 6 ? 16 : 4;
	size_t name = strnlen(it->name, WRITE_NAME_MAX);
	uint8_t mask[16] = {0};
	uint8_t broadcast[16] = {0};
	size_t i;

	for (i = 0; i < len * 8 && i < it->addr.prefix; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (i = 0; i < len; i++)
		broadcast[i] = it->addr.addr[i] | (uint8_t)~mask[i];
	capture_sink_u32(sink, (uint32_t)(2 + 2 + 3 * len + 8 + name));
	capture_sink_u16(sink, len == 16 ? 2 : 1);
	capture_sink_u16(sink, (uint16_t)name);
	capture_sink_bytes(sink, it->addr.addr, len);
	capture_sink_bytes(sink, mask, len);
	capture_sink_bytes(sink, broadcast, len);
	capture_sink_u64(sink, 0); /* link speed */
	capture_sink_bytes(sink, it->name, name);
}

static void write_name(struct capture_sink *sink, const char *name)
{
	capture_sink_text(sink, name ? name : "", name ? strnlen(name, WRITE_NAME_MAX) : 0);
}

static void write_account(struct capture_sink *sink, const struct saker_account *a)
{
	size_t at = capture_sink_at(sink);

	capture_sink_u32(sink, 0);
	capture_sink_u8(sink, a->type);
	if (a->type == 0)
		capture_sink_u32(sink, a->uid);
	capture_sink_u32(sink, a->gid);
	write_name(sink, a->name);
	if (a->type == 0) {
		write_name(sink, a->home);
		write_name(sink, a->shell);
	}
	capture_sink_patch(sink, at, (uint32_t)(capture_sink_at(sink) - at));
}

static void write_front(struct capture_sink *sink, const struct saker_scap_options *o)
{
	uint32_t i;

	write_section(sink);
	if (o->machine)
		write_machine(sink, o->machine);
	if (o->n_interfaces) {
		capture_sink_begin(sink, SCAP_WRITE_INTERFACES);
		for (i = 0; i < o->n_interfaces; i++)
			write_interface(sink, &o->interfaces[i]);
		capture_sink_end(sink);
	}
	if (o->n_accounts) {
		capture_sink_begin(sink, SCAP_WRITE_USERS);
		for (i = 0; i < o->n_accounts; i++)
			write_account(sink, &o->accounts[i]);
		capture_sink_end(sink);
	}
}

/* ---- start-up events back to list entries -------------------------------------------------- */

static uint32_t get_u32(const struct saker_event_view *v, uint32_t i, uint32_t unknown)
{
	return i < v->n_params && v->params[i].len == 4 ? saker_load_u32(v->params[i].data)
							: unknown;
}

static uint64_t get_u64(const struct saker_event_view *v, uint32_t i)
{
	return i < v->n_params && v->params[i].len == 8 ? saker_load_u64(v->params[i].data) : 0;
}

/* Process ids are signed, 32 bits in the event and 64 in the list; unknown = -1. */
static uint64_t get_pid(const struct saker_event_view *v, uint32_t i)
{
	return (uint64_t)(int64_t)(int32_t)get_u32(v, i, UINT32_MAX);
}

static void put_text(struct capture_sink *sink, const struct saker_event_view *v, uint32_t i,
		     size_t max)
{
	const char *text = i < v->n_params ? (const char *)v->params[i].data : "";

	/* The NUL stays behind. */
	capture_sink_text(sink, text,
			  i < v->n_params ? strnlen(text, MIN(v->params[i].len, max)) : 0);
}

static void put_texts(struct capture_sink *sink, const struct saker_event_view *v, uint32_t i,
		      size_t skip)
{
	size_t len = i < v->n_params && v->params[i].len > skip ? v->params[i].len - skip : 0;

	capture_sink_text(sink, len ? (const char *)v->params[i].data + skip : "",
			  MIN(len, (size_t)WRITE_TEXTS_MAX));
}

static void put_process_head(struct capture_sink *sink, const struct saker_event_view *v,
			     uint64_t tid, uint64_t pid)
{
	const struct saker_param *argv = &v->params[TASK_ARGV];
	size_t exe = strnlen((const char *)argv->data, argv->len);

	capture_sink_u64(sink, tid);
	capture_sink_u64(sink, pid);
	capture_sink_u64(sink, get_pid(v, TASK_PPID));
	capture_sink_u64(sink, get_pid(v, TASK_SID));
	capture_sink_u64(sink, get_pid(v, TASK_VPGID));
	put_text(sink, v, TASK_COMM, WRITE_PATH_MAX);
	put_text(sink, v, TASK_ARGV, WRITE_PATH_MAX);
	put_text(sink, v, TASK_EXEPATH, WRITE_PATH_MAX);
	put_texts(sink, v, TASK_ARGV, MIN(exe + 1, argv->len));
	put_text(sink, v, TASK_CWD, WRITE_PATH_MAX);
	capture_sink_u64(sink, get_u64(v, TASK_FDLIMIT));
	capture_sink_u32(sink, tid == pid ? 0
					  : SAKER_FLAG_clone_flags_CLONE_THREAD |
						    SAKER_FLAG_clone_flags_CLONE_FILES);
	capture_sink_u32(sink, get_u32(v, TASK_EUID, UINT32_MAX));
	capture_sink_u32(sink, get_u32(v, TASK_EGID, UINT32_MAX));
	capture_sink_u32(sink, get_u32(v, TASK_VM_SIZE, 0));
	capture_sink_u32(sink, get_u32(v, TASK_VM_RSS, 0));
	capture_sink_u32(sink, get_u32(v, TASK_VM_SWAP, 0));
	capture_sink_u64(sink, get_u64(v, TASK_PF_MAJOR));
	capture_sink_u64(sink, get_u64(v, TASK_PF_MINOR));
	put_texts(sink, v, TASK_ENV, 0);
	capture_sink_u64(sink, get_pid(v, TASK_VPID));
	capture_sink_u64(sink, get_pid(v, TASK_VTGID));
	put_texts(sink, v, TASK_CGROUPS, 0);
	put_text(sink, v, TASK_ROOT, WRITE_PATH_MAX);
}

static void put_process(struct capture_sink *sink, const struct saker_event_view *v)
{
	uint32_t flags = get_u32(v, TASK_FLAGS, 0);
	size_t at = capture_sink_at(sink);

	capture_sink_u32(sink, 0);
	put_process_head(sink, v, saker_event_task_tid(v->event), saker_event_task_pid(v->event));
	capture_sink_u64(sink, get_u64(v, TASK_PIDNS_START));
	capture_sink_u32(sink, get_u32(v, TASK_TTY, 0));
	capture_sink_u32(sink, get_u32(v, TASK_LOGINUID, UINT32_MAX));
	capture_sink_u8(sink, !!(flags & SAKER_FLAG_execve_flags_EXE_WRITABLE));
	capture_sink_u64(sink, get_u64(v, TASK_CAP_INHERITABLE));
	capture_sink_u64(sink, get_u64(v, TASK_CAP_PERMITTED));
	capture_sink_u64(sink, get_u64(v, TASK_CAP_EFFECTIVE));
	capture_sink_u8(sink, !!(flags & SAKER_FLAG_execve_flags_EXE_UPPER_LAYER));
	capture_sink_u64(sink, get_u64(v, TASK_EXE_INO));
	capture_sink_u64(sink, get_u64(v, TASK_EXE_CTIME));
	capture_sink_u64(sink, get_u64(v, TASK_EXE_MTIME));
	capture_sink_u8(sink, !!(flags & SAKER_FLAG_execve_flags_EXE_FROM_MEMFD));
	capture_sink_u8(sink, !!(flags & SAKER_FLAG_execve_flags_EXE_LOWER_LAYER));
	capture_sink_u64(sink, get_pid(v, TASK_PGID));
	capture_sink_patch(sink, at, (uint32_t)(capture_sink_at(sink) - at));
}

/* The kind of a descriptor by its anonymous inode; those without one here have a marker. */
static uint8_t anon_type(uint8_t fd_type)
{
	static const uint8_t types[] = {
#define ANON(name) [SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_##name]
		ANON(EVENTFD) = SCAP_FD_EVENT,	 ANON(EVENTPOLL) = SCAP_FD_EVENTPOLL,
		ANON(INOTIFY) = SCAP_FD_INOTIFY, ANON(SIGNALFD) = SCAP_FD_SIGNALFD,
		ANON(TIMERFD) = SCAP_FD_TIMERFD,
#undef ANON
	};
	uint8_t type = fd_type < ARRAY_SIZE(types) ? types[fd_type] : 0;

	return type ? type : SCAP_FD_UNSUPPORTED;
}

static const char *anon_marker(uint8_t fd_type)
{
	switch (fd_type) {
#define X(type, marker)                                                \
	case SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_##type: \
		return marker;
		SCAP_MARKER_LIST(X)
#undef X
	default:
		return NULL;
	}
}

static void put_anon_name(struct capture_sink *sink, const struct saker_event_view *v)
{
	const char *marker = v->params[1].len == 1 ? anon_marker(v->params[1].data[0]) : NULL;
	const struct saker_param *name = &v->params[2];
	size_t len = strnlen((const char *)name->data, name->len);
	char text[WRITE_PATH_MAX + 1];
	int n;

	if (!marker) {
		put_text(sink, v, 2, WRITE_PATH_MAX);
		return;
	}
	n = snprintf(text, sizeof(text), "%s%s%.*s", marker, len ? " " : "",
		     (int)MIN(len, sizeof(text)), (const char *)name->data);
	capture_sink_text(sink, text, MIN((size_t)MAX(n, 0), sizeof(text) - 1));
}

static uint8_t transport(const struct saker_event_view *v)
{
	uint16_t type = v->params[1].len == 2 ? saker_load_u16(v->params[1].data) : 0;
	uint16_t proto = v->params[2].len == 2 ? saker_load_u16(v->params[2].data) : 0;

	if (type == 1 && (proto == 6 || proto == 0))
		return SCAP_L4_TCP;
	if (type == 2 && (proto == 17 || proto == 0))
		return SCAP_L4_UDP;
	if (type == 2 && proto == 1)
		return SCAP_L4_ICMP;
	return type == 3 ? SCAP_L4_RAW : SCAP_L4_UNKNOWN;
}

/* A value of that size, zero when the event does not have it. */
static const uint8_t *get_bytes(const struct saker_event_view *v, uint32_t i, size_t size)
{
	static const uint8_t zero[16];

	return v->params[i].len == size ? v->params[i].data : zero;
}

static uint8_t socket_type(const struct saker_event_view *v, size_t addr_len)
{
	const uint8_t *remote = get_bytes(v, 5, addr_len);
	bool server = true;
	size_t i;

	for (i = 0; i < addr_len; i++)
		server &= !remote[i];
	if (addr_len == 4)
		return server ? SCAP_FD_IPV4_SERVSOCK : SCAP_FD_IPV4_SOCK;
	return server ? SCAP_FD_IPV6_SERVSOCK : SCAP_FD_IPV6_SOCK;
}

static void put_socket(struct capture_sink *sink, const struct saker_event_view *v, size_t addr_len)
{
	uint8_t type = socket_type(v, addr_len);
	bool server = type == SCAP_FD_IPV4_SERVSOCK || type == SCAP_FD_IPV6_SERVSOCK;

	capture_sink_bytes(sink, get_bytes(v, 3, addr_len), addr_len);
	if (!server)
		capture_sink_bytes(sink, get_bytes(v, 5, addr_len), addr_len);
	capture_sink_bytes(sink, get_bytes(v, 4, 2), 2);
	if (!server)
		capture_sink_bytes(sink, get_bytes(v, 6, 2), 2);
	capture_sink_u8(sink, transport(v));
}

static uint8_t file_type(const struct saker_event_view *v)
{
	switch (v->event->type) {
	case SAKER_EV_ITER_TASK_FILE_PIPE_E:
		return SCAP_FD_FIFO;
	case SAKER_EV_ITER_TASK_FILE_MEMFD_E:
		return SCAP_FD_UNSUPPORTED;
	case SAKER_EV_ITER_TASK_FILE_REGULAR_E:
		return SCAP_FD_FILE_V2;
	case SAKER_EV_ITER_TASK_FILE_DIRECTORY_E:
		return SCAP_FD_DIRECTORY;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E:
		return socket_type(v, 4);
	case SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E:
		return socket_type(v, 16);
	case SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E:
		return SCAP_FD_UNIX_SOCK;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E:
		return SCAP_FD_NETLINK;
	default:
		return anon_type(v->params[1].len == 1 ? v->params[1].data[0] : 0);
	}
}

static void put_file(struct capture_sink *sink, const struct saker_event_view *v)
{
	size_t at = capture_sink_at(sink);
	uint8_t type = file_type(v);

	capture_sink_u32(sink, 0);
	capture_sink_u64(sink, get_pid(v, 0));
	capture_sink_u64(sink, get_u64(v, v->n_params - 1));
	capture_sink_u8(sink, type);
	switch (v->event->type) {
	case SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E:
		put_socket(sink, v, 4);
		break;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E:
		put_socket(sink, v, 16);
		break;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E:
		capture_sink_u64(sink, get_u64(v, 3));
		capture_sink_u64(sink, 0);
		put_text(sink, v, 4, WRITE_PATH_MAX);
		break;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E:
		capture_sink_u16(sink, 0);
		break;
	case SAKER_EV_ITER_TASK_FILE_REGULAR_E:
		capture_sink_u32(sink, get_u32(v, 2, 0));
		put_text(sink, v, 1, WRITE_PATH_MAX);
		capture_sink_u32(sink, 0); /* device */
		break;
	case SAKER_EV_ITER_TASK_FILE_ANON_INODE_E:
		put_anon_name(sink, v);
		break;
	default:
		put_text(sink, v, 1, WRITE_PATH_MAX);
		break;
	}
	capture_sink_patch(sink, at, (uint32_t)(capture_sink_at(sink) - at));
}

/*
 * Readers of libs refuse a file that lists the descriptors of a thread that it
 * does not list. One can be born between the two looks at a running machine;
 * then its clone tells of it, and its descriptors are those of its parent.
 */
static int note_listed(struct saker_scap_writer *w, uint64_t tid)
{
	uint32_t word = (uint32_t)(tid / 64);

	if (tid >= WRITE_TIDS_MAX)
		return 0;
	if (word >= w->n_listed) {
		uint32_t n = MAX(2 * w->n_listed, word + 64);
		uint64_t *listed = util_reallocarray(w->listed, n, sizeof(*listed));

		if (!listed)
			return -ENOMEM;
		memset(listed + w->n_listed, 0, (n - w->n_listed) * sizeof(*listed));
		w->listed = listed;
		w->n_listed = n;
	}
	w->listed[word] |= UINT64_C(1) << tid % 64;
	return 0;
}

static bool is_listed(const struct saker_scap_writer *w, uint64_t tid)
{
	if (tid >= WRITE_TIDS_MAX)
		return true;
	return tid < (uint64_t)w->n_listed * 64 && w->listed[tid / 64] >> tid % 64 & 1;
}

static void end_list(struct saker_scap_writer *w)
{
	if (w->list != LIST_NONE)
		capture_sink_end(&w->sink);
	w->list = LIST_NONE;
}

static int write_entry(struct saker_scap_writer *w, const struct saker_event *event)
{
	enum list list = event->type == SAKER_EV_ITER_TASK_E ? LIST_PROCESSES : LIST_FILES;
	uint64_t tid = saker_event_task_tid(event);
	struct saker_event_view v;
	int r = saker_event_decode(event, event->len, &v);

	if (r || v.n_params != v.info->n_params)
		return -EBADMSG;
	if (list == LIST_FILES && !is_listed(w, tid))
		return 0;
	if (list == LIST_PROCESSES && note_listed(w, tid) < 0)
		return -ENOMEM;
	if (list == LIST_PROCESSES && w->keep.looks)
		capture_keep_process(&w->keep, (const char *)v.params[TASK_CGROUPS].data,
				     v.params[TASK_CGROUPS].len);
	if (w->list != list || (list == LIST_FILES && w->list_tid != tid) ||
	    capture_sink_at(&w->sink) > WRITE_LIST_MAX)
		end_list(w);
	if (w->list == LIST_NONE) {
		capture_sink_begin(&w->sink,
				   list == LIST_FILES ? SCAP_WRITE_FILES : SCAP_WRITE_PROCESSES);
		if (list == LIST_FILES)
			capture_sink_u64(&w->sink, tid);
		w->list = list;
		w->list_tid = tid;
	}
	if (list == LIST_FILES)
		put_file(&w->sink, &v);
	else
		put_process(&w->sink, &v);
	return w->sink.error;
}

/* ---- the writer --------------------------------------------------------------------------- */

static uint32_t block_type(const struct saker_event *event, uint32_t flags)
{
	bool large = event->len > SAKER_EVENT_MAX_SIZE - 64;

	if (event->type < SAKER_EVENT_CODES)
		large |= capture_events[event->type].flags & SAKER_EF_LARGE_PAYLOAD;
	if (large)
		return flags ? SCAP_WRITE_EVENT_FLAGS_LARGE : SCAP_WRITE_EVENT_LARGE;
	return flags ? SCAP_WRITE_EVENT_FLAGS : SCAP_WRITE_EVENT;
}

static int open_file(const char *file)
{
	int fd = util_streq(file, "-") ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
				       : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* Begins the file that is rotation's. */
static int begin_file(struct saker_scap_writer *w)
{
	const struct saker_scap_options *o = &w->options;
	int r = open_file(w->rotation.name);

	if (r >= 0)
		r = capture_sink_open(&w->sink, r, o->plain ? 0 : o->level ? o->level : 6);
	if (r < 0)
		return r;
	w->n_files++;
	w->list = LIST_NONE;
	w->began = false;
	if (w->n_listed)
		memset(w->listed, 0, w->n_listed * sizeof(*w->listed));
	write_front(&w->sink, o);
	return 0;
}

static void take_state(void *userdata, const struct saker_event *event)
{
	struct saker_scap_writer *w = userdata;

	if (event->type < SAKER_EVENT_CODES &&
	    capture_events[event->type].category & SAKER_EC_ITER &&
	    event->len < SCAP_BLOCK_MAX - 64)
		(void)write_entry(w, event); /* an entry that is no good is left out */
}

static int next_file(struct saker_scap_writer *w)
{
	int r = capture_sink_finish(&w->sink);

	w->past_size += capture_sink_size(&w->sink);
	capture_sink_close(&w->sink);
	if (r == 0)
		r = capture_rotation_next(&w->rotation);
	if (r == 0)
		r = begin_file(w);
	if (r == 0 && w->options.state) {
		capture_keep_look(&w->keep);
		r = w->options.state(w->options.state_userdata, take_state, w);
		capture_keep_done(&w->keep);
	}
	if (r < 0)
		w->sink.error = r;
	return r;
}

static bool is_full(struct saker_scap_writer *w, const struct saker_event *event)
{
	const struct saker_scap_options *o = &w->options;

	if (likely(!o->file_bytes && !o->file_ns))
		return false;
	if (!w->began)
		return false;
	if (o->file_bytes && capture_sink_reached(&w->sink) + event->len > o->file_bytes)
		return true;
	return o->file_ns && event->ts > w->first_ts && event->ts - w->first_ts >= o->file_ns;
}

static void write_block(struct saker_scap_writer *w, const struct saker_event *event, uint16_t cpu,
			uint32_t flags)
{
	capture_sink_event(&w->sink, block_type(event, flags), cpu, flags != 0, flags, event,
			   event->len);
}

#define META_TOLD (SAKER_EVENT_META_NOTED | SAKER_EVENT_META_REALPATH)

/* In front of the first event, and when it changes: what companions say from here on. */
static void write_told(struct saker_scap_writer *w, const struct saker_event *event,
		       const struct saker_event_meta *meta)
{
	struct {
		struct saker_event header;
		uint16_t len;
		uint32_t features;
	} __attribute__((packed)) told = {
		.header = {.ts = event->ts, .tid = event->tid, .len = sizeof(told)},
		.len = sizeof(told.features),
	};

	w->told = meta->flags & META_TOLD;
	told.header.type = SAKER_EV_OWN_CAPTURE_X;
	told.header.nparams = 1;
	if (w->told & SAKER_EVENT_META_NOTED)
		told.features |= SAKER_NOTE_FEATURE_NOTES;
	if (w->told & SAKER_EVENT_META_REALPATH)
		told.features |= SAKER_NOTE_FEATURE_REALPATH;
	write_block(w, &told.header, meta->cpu, 0);
}

static void repeat_event(void *userdata, const struct saker_event *event)
{
	write_block(userdata, event, 0, SCAP_EVENT_STATE_ONLY);
}

static void begin_events(struct saker_scap_writer *w, const struct saker_event *event)
{
	end_list(w);
	w->began = true;
	w->first_ts = event->ts;
	w->told = 0;
	if (w->n_files > 1)
		capture_keep_repeat(&w->keep, event->ts, repeat_event, w);
}

static bool is_companion(const struct saker_event *companion, const struct saker_event *event)
{
	return companion->type >= SAKER_EVENT_OWN_FIRST && companion->ts == event->ts &&
	       companion->tid == event->tid && companion->len >= SAKER_WIRE_HEADER &&
	       companion->len <= SAKER_EVENT_MAX_SIZE - 64;
}

int saker_scap_write(struct saker_scap_writer *w, const struct saker_event *event,
		     const struct saker_event_meta *meta)
{
	struct saker_event_meta none = {0};
	uint32_t flags = 0;
	int r;

	if (!w || !event || w->sink.fd < 0)
		return w && w->sink.error ? w->sink.error : -EINVAL;
	if (event->len < SAKER_WIRE_HEADER || event->len > SCAP_BLOCK_MAX - 64)
		return -EBADMSG;
	if (!meta)
		meta = &none;
	if (!w->began && event->type < SAKER_EVENT_CODES &&
	    capture_events[event->type].category & SAKER_EC_ITER)
		return write_entry(w, event);
	if (unlikely(is_full(w, event))) {
		r = next_file(w);
		if (r < 0)
			return r;
	}
	if (unlikely(!w->began))
		begin_events(w, event);
	if (unlikely((meta->flags & META_TOLD) != w->told))
		write_told(w, event, meta);
	if (meta->flags & SAKER_EVENT_META_STATE_ONLY)
		flags = SCAP_EVENT_STATE_ONLY;
	if (unlikely(meta->companion && is_companion(meta->companion, event)))
		flags |= SCAP_EVENT_COMPANION;
	write_block(w, event, meta->cpu, flags);
	if (unlikely(flags & SCAP_EVENT_COMPANION))
		write_block(w, meta->companion, meta->cpu, 0);
	if (w->rotates && unlikely(capture_keep_wants(event->type)) &&
	    capture_keep_event(&w->keep, event) < 0)
		w->sink.error = w->sink.error ? w->sink.error : -ENOMEM;
	return w->sink.error;
}

int saker_scap_open(const char *file, const struct saker_scap_options *user_options,
		    struct saker_scap_writer **ret_writer)
{
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	bool rotates;
	int r;

	if (!file || !ret_writer || (user_options && user_options->size < sizeof(size_t)))
		return -EINVAL;
	if (user_options)
		memcpy(&o, user_options, MIN(user_options->size, sizeof(o)));
	rotates = o.file_bytes || o.file_ns;
	if (o.level > 9 || (o.n_interfaces && !o.interfaces) || (o.n_accounts && !o.accounts) ||
	    (rotates && util_streq(file, "-")))
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->options = o;
	w->rotates = rotates;
	r = capture_rotation_init(&w->rotation, file, rotates, o.max_files);
	if (r == 0)
		r = begin_file(w);
	if (r < 0) {
		capture_rotation_fini(&w->rotation);
		free(w->listed);
		free(w);
		return r;
	}
	*ret_writer = w;
	return 0;
}

int saker_scap_flush(struct saker_scap_writer *w)
{
	if (!w || w->sink.fd < 0)
		return -EINVAL;
	end_list(w);
	return capture_sink_flush(&w->sink);
}

uint64_t saker_scap_size(const struct saker_scap_writer *w)
{
	return w ? w->past_size + capture_sink_size(&w->sink) : 0;
}

const char *saker_scap_file(const struct saker_scap_writer *w)
{
	return w ? w->rotation.name : NULL;
}

uint32_t saker_scap_n_files(const struct saker_scap_writer *w)
{
	return w ? w->n_files : 0;
}

int saker_scap_finish(struct saker_scap_writer *w)
{
	if (!w)
		return -EINVAL;
	end_list(w);
	return capture_sink_finish(&w->sink);
}

struct saker_scap_writer *saker_scap_close(struct saker_scap_writer *w)
{
	if (w) {
		end_list(w);
		capture_sink_close(&w->sink);
		capture_rotation_fini(&w->rotation);
		capture_keep_fini(&w->keep);
		free(w->listed);
		free(w);
	}
	return NULL;
}
