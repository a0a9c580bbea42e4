// SPDX-License-Identifier: Apache-2.0
/*
 * A capture's lists: their nine versions of a process, two of a descriptor, and
 * how each becomes an iterator event. What those events have no room for:
 *
 *  - a listening or unconnected socket is a socket whose remote side is all zero
 *    (as the kernel iterators have it);
 *  - the transport becomes socket type and protocol (TCP: stream and 6, UDP:
 *    datagram and 17, ICMP: datagram and 1, raw: raw and 255, unknown: 0 and 0);
 *  - of a unix socket's two addresses only its own travels, its type not at all;
 *  - a file of the old list has no flags; the device is left out (lists made
 *    from a running system hold 0 there);
 *  - descriptors without an inode of their own keep their name as the path of
 *    an anonymous inode, those of unknown kind as well;
 *  - of clone flags only "is a thread" is left: pid and tid differ.
 *
 * Events have the time 0, and values that a list's version lacks have length 0.
 */
#include "scap_lists.h"

#include "cursor.h"
#include "event_build.h"
#include "scap_format.h"

#define SOCK_TYPE_STREAM 1
#define SOCK_TYPE_DATAGRAM 2
#define SOCK_TYPE_RAW 3

/* ---- processes --------------------------------------------------------------- */

struct process {
	uint64_t tid, pid, ptid, sid, vpgid, pgid;
	struct cursor_text comm, exe, exepath, args, cwd, env, cgroups, root;
	uint64_t fdlimit;
	uint32_t flags, uid, gid;
	uint32_t vm_size, vm_rss, vm_swap;
	uint64_t pf_major, pf_minor;
	uint64_t vtid, vpid;
	uint64_t pidns_init_start_ts;
	uint32_t tty, loginuid;
	uint64_t cap_inheritable, cap_permitted, cap_effective;
	uint64_t exe_ino, exe_ino_ctime, exe_ino_mtime;
	uint32_t exe_flags;
	/* What was there, for versions and short entries that lack it. */
	bool has_vm, has_vids, has_pidns, has_tty, has_loginuid, has_caps, has_exe_ino, has_pgid;
	bool has_exe_flags;
};

static void read_process_head(struct cursor *c, int version, struct process *p)
{
	p->tid = cursor_u64(c);
	p->pid = cursor_u64(c);
	p->ptid = cursor_u64(c);
	if (version >= 6)
		p->sid = cursor_u64(c);
	if (version >= 8)
		p->vpgid = cursor_u64(c);
	p->comm = cursor_text(c);
	p->exe = cursor_text(c);
	if (version >= 7)
		p->exepath = cursor_text(c);
	p->args = cursor_text(c);
	p->cwd = cursor_text(c);
	p->fdlimit = cursor_u64(c);
	p->flags = cursor_u32(c);
	p->uid = cursor_u32(c);
	p->gid = cursor_u32(c);
	p->has_vm = version >= 2;
	if (p->has_vm) {
		p->vm_size = cursor_u32(c);
		p->vm_rss = cursor_u32(c);
		p->vm_swap = cursor_u32(c);
		p->pf_major = cursor_u64(c);
		p->pf_minor = cursor_u64(c);
	}
	if (version >= 3)
		p->env = cursor_text(c);
	p->has_vids = version >= 4;
	if (p->has_vids) {
		p->vtid = cursor_u64(c);
		p->vpid = cursor_u64(c);
		p->cgroups = cursor_text(c);
	}
	if (version >= 5)
		p->root = cursor_text(c);
}

/* Members that were appended over time: each is there when the entry is long enough. */
static void read_process_tail(struct cursor *c, struct process *p)
{
	/*
	 * Two members were once put in the middle. An entry that has no more left
	 * than what was there before (29 bytes) is older than that.
	 */
	bool old = cursor_left(c) <= 29;

	if (!old && cursor_left(c) >= 8) {
		p->pidns_init_start_ts = cursor_u64(c);
		p->has_pidns = true;
	}
	if (!old && cursor_left(c) >= 4) {
		p->tty = cursor_u32(c);
		p->has_tty = true;
	}
	if (cursor_left(c) >= 4) {
		p->loginuid = cursor_u32(c);
		p->has_loginuid = true;
	}
	if (cursor_left(c) >= 1) {
		p->exe_flags |= cursor_u8(c) ? SAKER_FLAG_execve_flags_EXE_WRITABLE : 0;
		p->has_exe_flags = true;
	}
	if (cursor_left(c) >= 24) {
		p->cap_inheritable = cursor_u64(c);
		p->cap_permitted = cursor_u64(c);
		p->cap_effective = cursor_u64(c);
		p->has_caps = true;
	}
	if (cursor_left(c) >= 1)
		p->exe_flags |= cursor_u8(c) ? SAKER_FLAG_execve_flags_EXE_UPPER_LAYER : 0;
	if (cursor_left(c) >= 24) {
		p->exe_ino = cursor_u64(c);
		p->exe_ino_ctime = cursor_u64(c);
		p->exe_ino_mtime = cursor_u64(c);
		p->has_exe_ino = true;
	}
	if (cursor_left(c) >= 1)
		p->exe_flags |= cursor_u8(c) ? SAKER_FLAG_execve_flags_EXE_FROM_MEMFD : 0;
	if (cursor_left(c) >= 1)
		p->exe_flags |= cursor_u8(c) ? SAKER_FLAG_execve_flags_EXE_LOWER_LAYER : 0;
	if (cursor_left(c) >= 8) {
		p->pgid = cursor_u64(c);
		p->has_pgid = true;
	}
}

static void add_u32_if(struct event_build *b, bool known, uint64_t v)
{
	if (known)
		event_build_u32(b, (uint32_t)v);
	else
		event_build_unknown(b);
}

static void add_u64_if(struct event_build *b, bool known, uint64_t v)
{
	if (known)
		event_build_u64(b, v);
	else
		event_build_unknown(b);
}

static void add_path_if(struct event_build *b, bool known, struct cursor_text t)
{
	if (known)
		event_build_text(b, t.text, t.len, SCAP_PATH_MAX);
	else
		event_build_unknown(b);
}

/* argv is the executable's name as called, then its arguments. */
static void add_argv(struct event_build *b, const struct process *p)
{
	char name[SCAP_PATH_MAX];
	size_t name_len = MIN(p->exe.len, sizeof(name) - 1);
	size_t len = MIN(p->args.len, (size_t)SCAP_TEXTS_MAX);

	if (name_len)
		memcpy(name, p->exe.text, name_len);
	name[name_len] = '\0';
	event_build_add2(b, name, name_len + 1, p->args.text, len);
}

static void build_process(uint8_t *buf, const struct process *p, int version)
{
	struct event_build b;

	event_build_begin(&b, buf, SAKER_EV_ITER_TASK_E, 0, p->pid << 32 | (uint32_t)p->tid);
	event_build_u32(&b, (uint32_t)p->ptid);
	add_u32_if(&b, p->has_pgid, p->pgid);
	add_u32_if(&b, version >= 8, p->vpgid);
	add_u32_if(&b, version >= 6, p->sid);
	event_build_text(&b, p->comm.text, p->comm.len, SCAP_PATH_MAX);
	add_argv(&b, p);
	add_path_if(&b, version >= 7, p->exepath);
	add_u32_if(&b, p->has_exe_flags, p->exe_flags);
	event_build_texts(&b, p->env.text, p->env.len, SCAP_TEXTS_MAX);
	event_build_text(&b, p->cwd.text, p->cwd.len, SCAP_PATH_MAX);
	event_build_u64(&b, p->fdlimit);
	event_build_u32(&b, p->uid);
	event_build_u32(&b, p->gid);
	add_u64_if(&b, p->has_caps, p->cap_permitted);
	add_u64_if(&b, p->has_caps, p->cap_effective);
	add_u64_if(&b, p->has_caps, p->cap_inheritable);
	add_u64_if(&b, p->has_exe_ino, p->exe_ino);
	add_u64_if(&b, p->has_exe_ino, p->exe_ino_ctime);
	add_u64_if(&b, p->has_exe_ino, p->exe_ino_mtime);
	add_u32_if(&b, p->has_vm, p->vm_size);
	add_u32_if(&b, p->has_vm, p->vm_rss);
	add_u32_if(&b, p->has_vm, p->vm_swap);
	add_u64_if(&b, p->has_vm, p->pf_major);
	add_u64_if(&b, p->has_vm, p->pf_minor);
	add_u32_if(&b, p->has_vids, p->vpid); /* vtgid */
	add_u32_if(&b, p->has_vids, p->vtid); /* vpid, as the kernel calls a thread */
	add_u64_if(&b, p->has_pidns, p->pidns_init_start_ts);
	event_build_texts(&b, p->cgroups.text, p->cgroups.len, SCAP_TEXTS_MAX);
	add_path_if(&b, version >= 5, p->root);
	event_build_unknown(&b); /* start_time */
	add_u32_if(&b, p->has_tty, p->tty);
	add_u32_if(&b, p->has_loginuid, p->loginuid);
	event_build_end(&b);
}

ssize_t capture_list_process(const uint8_t *body, size_t size, int version, uint8_t *buf)
{
	struct cursor c = {.p = body, .end = body + size};
	struct process p = {0};

	if (version >= 9) {
		uint32_t len = cursor_u32(&c);

		if (len < 4 || len > size)
			return -EBADMSG;
		c.end = body + len;
	}
	read_process_head(&c, version, &p);
	if (version >= 9)
		read_process_tail(&c, &p);
	if (c.bad)
		return -EBADMSG;
	build_process(buf, &p, version);
	return version >= 9 ? c.end - body : c.p - body;
}

/* ---- file descriptors ----------------------------------------------------------- */

struct file {
	uint64_t fd, ino;
	uint8_t type;
	struct cursor_text name;
	const uint8_t *local, *remote; /* addresses, network order */
	uint16_t local_port, remote_port;
	uint8_t l4;
	uint64_t source; /* unix: the kernel's address of it */
	uint32_t open_flags;
	bool has_flags;
	uint32_t dev;
	bool has_dev; /* entries with a length of their own may have one */
};

static const uint8_t zero_addr[16];

static void read_socket(struct cursor *c, struct file *f, size_t addr_len, bool server)
{
	f->local = cursor_take(c, addr_len);
	f->remote = server ? zero_addr : cursor_take(c, addr_len);
	f->local_port = cursor_u16(c);
	f->remote_port = server ? 0 : cursor_u16(c);
	f->l4 = cursor_u8(c);
}

static void read_file(struct cursor *c, struct file *f, bool sized)
{
	f->fd = cursor_u64(c);
	f->ino = cursor_u64(c);
	f->type = cursor_u8(c);
	switch (f->type) {
	case SCAP_FD_IPV4_SOCK:
	case SCAP_FD_IPV4_SERVSOCK:
		read_socket(c, f, 4, f->type == SCAP_FD_IPV4_SERVSOCK);
		break;
	case SCAP_FD_IPV6_SOCK:
	case SCAP_FD_IPV6_SERVSOCK:
		read_socket(c, f, 16, f->type == SCAP_FD_IPV6_SERVSOCK);
		break;
	case SCAP_FD_UNIX_SOCK:
		f->source = cursor_u64(c);
		(void)cursor_u64(c);
		f->name = cursor_text(c);
		break;
	case SCAP_FD_FILE_V2:
		f->open_flags = cursor_u32(c);
		f->has_flags = true;
		f->name = cursor_text(c);
		f->has_dev = sized && cursor_left(c) >= sizeof(f->dev);
		if (f->has_dev)
			f->dev = cursor_u32(c);
		break;
	case SCAP_FD_UNKNOWN: /* nothing follows */
		break;
	default:
		/* Kinds that came later have a name here, or are told by the entry's length. */
		if (f->type <= SCAP_FD_PIDFD)
			f->name = cursor_text(c);
		break;
	}
}

static void add_transport(struct event_build *b, uint8_t l4)
{
	static const struct {
		uint16_t type;
		uint16_t proto;
	} transports[] = {
		[SCAP_L4_UNKNOWN] = {0, 0},
		[SCAP_L4_TCP] = {SOCK_TYPE_STREAM, 6},
		[SCAP_L4_UDP] = {SOCK_TYPE_DATAGRAM, 17},
		[SCAP_L4_ICMP] = {SOCK_TYPE_DATAGRAM, 1},
		[SCAP_L4_RAW] = {SOCK_TYPE_RAW, 255},
	};

	if (l4 >= ARRAY_SIZE(transports))
		l4 = SCAP_L4_UNKNOWN;
	event_build_u16(b, transports[l4].type);
	event_build_u16(b, transports[l4].proto);
}

/* The event for each kind, and for anonymous inodes which one. */
static const struct {
	uint16_t event;
	uint8_t anon;
} file_events[] = {
	[SCAP_FD_UNKNOWN] = {SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, 0},
	[SCAP_FD_FILE] = {SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0},
	[SCAP_FD_DIRECTORY] = {SAKER_EV_ITER_TASK_FILE_DIRECTORY_E, 0},
	[SCAP_FD_IPV4_SOCK] = {SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, 0},
	[SCAP_FD_IPV6_SOCK] = {SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E, 0},
	[SCAP_FD_IPV4_SERVSOCK] = {SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, 0},
	[SCAP_FD_IPV6_SERVSOCK] = {SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E, 0},
	[SCAP_FD_FIFO] = {SAKER_EV_ITER_TASK_FILE_PIPE_E, 0},
	[SCAP_FD_UNIX_SOCK] = {SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E, 0},
#define ANON(type)                                                               \
	{                                                                        \
		SAKER_EV_ITER_TASK_FILE_ANON_INODE_E,                            \
			SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_##type \
	}
	[SCAP_FD_EVENT] = ANON(EVENTFD),
	[SCAP_FD_UNSUPPORTED] = ANON(UNKNOWN),
	[SCAP_FD_SIGNALFD] = ANON(SIGNALFD),
	[SCAP_FD_EVENTPOLL] = ANON(EVENTPOLL),
	[SCAP_FD_INOTIFY] = ANON(INOTIFY),
	[SCAP_FD_TIMERFD] = ANON(TIMERFD),
	[SCAP_FD_NETLINK] = {SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E, 0},
	[SCAP_FD_FILE_V2] = {SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0},
	[SCAP_FD_BPF] = ANON(BPF_MAP),
	[SCAP_FD_USERFAULTFD] = ANON(USERFAULTFD),
	[SCAP_FD_IO_URING] = ANON(IO_URING),
	[SCAP_FD_MEMFD] = {SAKER_EV_ITER_TASK_FILE_MEMFD_E, 0},
	[SCAP_FD_PIDFD] = ANON(PIDFD),
#undef ANON
};

static void add_socket(struct event_build *b, const struct file *f, size_t addr_len)
{
	add_transport(b, f->l4);
	event_build_add(b, f->local, addr_len);
	event_build_u16(b, f->local_port);
	event_build_add(b, f->remote, addr_len);
	event_build_u16(b, f->remote_port);
}

struct kind {
	uint16_t event;
	uint8_t anon;
};

/* What our writer could not say by the kind, it says by the name; see SCAP_MARKER_LIST. */
static struct kind take_marker(struct file *f)
{
	static const struct {
		const char *marker;
		uint8_t anon;
	} markers[] = {
#define X(type, marker) {marker, SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_##type},
		SCAP_MARKER_LIST(X)
#undef X
	};
	const char *memfd = SCAP_MARKER_MEMFD;

	if ((f->name.len > strlen(memfd) && !memcmp(f->name.text, memfd, strlen(memfd))) ||
	    (f->name.len > strlen(memfd + 1) &&
	     !memcmp(f->name.text, memfd + 1, strlen(memfd + 1))))
		return (struct kind){SAKER_EV_ITER_TASK_FILE_MEMFD_E, 0};
	for (size_t i = 0; i < ARRAY_SIZE(markers); i++) {
		uint16_t n = (uint16_t)strlen(markers[i].marker);

		if (f->name.len < n || memcmp(f->name.text, markers[i].marker, n) != 0 ||
		    (f->name.len > n && f->name.text[n] != ' '))
			continue;
		n += f->name.len > n;
		f->name.text += n;
		f->name.len -= n;
		return (struct kind){SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, markers[i].anon};
	}
	return (struct kind){SAKER_EV_ITER_TASK_FILE_ANON_INODE_E,
			     SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_UNKNOWN};
}

static void build_file(uint8_t *buf, struct file *f, uint64_t tid)
{
	uint8_t type = f->type < ARRAY_SIZE(file_events) ? f->type : SCAP_FD_UNSUPPORTED;
	struct kind kind = type == SCAP_FD_UNSUPPORTED
				   ? take_marker(f)
				   : (struct kind){file_events[type].event, file_events[type].anon};
	uint16_t event = kind.event;
	struct event_build b;

	event_build_begin(&b, buf, event, 0, tid << 32 | (uint32_t)tid);
	event_build_u32(&b, (uint32_t)f->fd);
	switch (event) {
	case SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E:
		add_socket(&b, f, 4);
		break;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E:
		add_socket(&b, f, 16);
		break;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E:
		event_build_unknown(&b);
		event_build_unknown(&b);
		event_build_u64(&b, f->source);
		event_build_text(&b, f->name.text, f->name.len, SCAP_PATH_MAX);
		break;
	case SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E:
		event_build_unknown(&b);
		event_build_unknown(&b);
		break;
	case SAKER_EV_ITER_TASK_FILE_ANON_INODE_E:
		event_build_u8(&b, kind.anon);
		event_build_text(&b, f->name.text, f->name.len, SCAP_PATH_MAX);
		break;
	case SAKER_EV_ITER_TASK_FILE_REGULAR_E:
		event_build_text(&b, f->name.text, f->name.len, SCAP_PATH_MAX);
		add_u32_if(&b, f->has_flags, f->open_flags);
		/* No mount in a file; what a mount is known for, the device, in its place. */
		add_u32_if(&b, f->has_dev, f->dev);
		break;
	default: /* pipe, memfd, directory */
		event_build_text(&b, f->name.text, f->name.len, SCAP_PATH_MAX);
		break;
	}
	event_build_u64(&b, f->ino);
	event_build_end(&b);
}

ssize_t capture_list_file(const uint8_t *body, size_t size, int version, uint64_t tid, uint8_t *buf)
{
	struct cursor c = {.p = body, .end = body + size};
	struct file f = {0};

	if (version >= 2) {
		uint32_t len = cursor_u32(&c);

		if (len < 4 || len > size)
			return -EBADMSG;
		c.end = body + len;
	}
	read_file(&c, &f, version >= 2);
	if (c.bad)
		return -EBADMSG;
	build_file(buf, &f, tid);
	return version >= 2 ? c.end - body : c.p - body;
}
