/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up state: what was there before the first event, as the schema's
 * iterator events, whichever engine they come from; and the same for single
 * threads that are asked for later. The event's tid carries two numbers: the
 * process in its upper half, the thread in the lower.
 */
#include "internal.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum task_param {
	TASK_PPID = 0,
	TASK_PGID = 1,
	TASK_VPGID = 2,
	TASK_SID = 3,
	TASK_COMM = 4,
	TASK_ARGV = 5,
	TASK_EXEPATH = 6,
	TASK_FLAGS = 7,
	TASK_ENV = 8,
	TASK_CWD = 9,
	TASK_FDLIMIT = 10,
	TASK_EUID = 11,
	TASK_EGID = 12,
	TASK_CAP_PERMITTED = 13,
	TASK_CAP_EFFECTIVE = 14,
	TASK_CAP_INHERITABLE = 15,
	TASK_EXE_INO = 16,
	TASK_EXE_CTIME = 17,
	TASK_EXE_MTIME = 18,
	TASK_VM_SIZE = 19,
	TASK_VM_RSS = 20,
	TASK_VM_SWAP = 21,
	TASK_PGFT_MAJ = 22,
	TASK_PGFT_MIN = 23,
	TASK_VTGID = 24,
	TASK_VPID = 25,
	TASK_PIDNS_START = 26,
	TASK_CGROUPS = 27,
	TASK_ROOT = 28,
	TASK_START_TIME = 29,
	TASK_TTY = 30,
	TASK_LOGINUID = 31,
};

static int64_t event_pid(const struct saker_record *r)
{
	uint64_t both = r->view.event->tid;

	return both >> 32 ? (int64_t)(both >> 32) : (int64_t)both;
}

static int64_t event_tid(const struct saker_record *r)
{
	return (int64_t)(uint32_t)r->view.event->tid;
}

/* ---- threads ------------------------------------------------------------------------------ */

static void task_ids(const struct saker_record *r, struct enrich_thread *t)
{
	t->pid = event_pid(r);
	t->ptid = enrich_param_int(r, TASK_PPID, 0);
	if (r->state->refilling && t->ptid != t->tid && !enrich_thread_find(r->state, t->ptid))
		r->state->refill_parent = t->ptid;
	t->pgid = (int32_t)enrich_param_int(r, TASK_PGID, -1);
	t->vpgid = (int32_t)enrich_param_int(r, TASK_VPGID, -1);
	t->sid = (int32_t)enrich_param_int(r, TASK_SID, -1);
	t->vpid = (int32_t)enrich_param_int(r, TASK_VTGID, t->pid);
	t->vtid = (int32_t)enrich_param_int(r, TASK_VPID, t->tid);
	t->clone_flags = t->tid == t->pid ? 0 : CL_PPM_THREAD | CL_PPM_FILES | CL_PPM_FS;
}

static void task_numbers(const struct saker_record *r, struct enrich_thread *t)
{
	t->fdlimit = enrich_param_int(r, TASK_FDLIMIT, -1);
	t->uid = (uint32_t)enrich_param_int(r, TASK_EUID, ENRICH_NO_ID);
	t->gid = (uint32_t)enrich_param_int(r, TASK_EGID, ENRICH_NO_ID);
	t->loginuid = (uint32_t)enrich_param_int(r, TASK_LOGINUID, ENRICH_NO_ID);
	t->tty = enrich_param_u32(r, TASK_TTY);
	t->cap_permitted = enrich_param_u64(r, TASK_CAP_PERMITTED);
	t->cap_effective = enrich_param_u64(r, TASK_CAP_EFFECTIVE);
	t->cap_inheritable = enrich_param_u64(r, TASK_CAP_INHERITABLE);
	t->exe_ino = enrich_param_u64(r, TASK_EXE_INO);
	t->exe_ino_ctime = enrich_param_u64(r, TASK_EXE_CTIME);
	t->exe_ino_mtime = enrich_param_u64(r, TASK_EXE_MTIME);
	t->exe_flags = (uint16_t)(enrich_param_u32(r, TASK_FLAGS) & 0xf);
	t->flags &= (uint16_t)~ENRICH_THREAD_DENIED;
	if (enrich_param_u32(r, TASK_FLAGS) & SAKER_TASK_DENIED)
		t->flags |= ENRICH_THREAD_DENIED;
	t->vmsize_kb = enrich_param_u32(r, TASK_VM_SIZE);
	t->vmrss_kb = enrich_param_u32(r, TASK_VM_RSS);
	t->vmswap_kb = enrich_param_u32(r, TASK_VM_SWAP);
	t->pfmajor = enrich_param_u64(r, TASK_PGFT_MAJ);
	t->pfminor = enrich_param_u64(r, TASK_PGFT_MIN);
	t->pidns_init_start_ts = enrich_param_u64(r, TASK_PIDNS_START);
	t->clone_ts = enrich_param_u64(r, TASK_START_TIME);
}

/* argv[0] is exe, the rest args. */
static void task_argv(struct saker_state *s, const struct saker_record *r, struct enrich_thread *t)
{
	const struct saker_param *p = enrich_param(r, TASK_ARGV);
	const char *text = p ? (const char *)p->data : "";
	uint32_t len = p ? p->len : 0;
	uint32_t exe;

	if (len && text[len - 1] == '\0')
		len--;
	exe = (uint32_t)strnlen(text, len);
	enrich_str_set(s, &t->exe, text, exe);
	exe = MIN(exe + 1, len);
	enrich_str_set(s, &t->args, text + exe, len - exe);
}

static void task_cwd(struct saker_state *s, const struct saker_record *r, struct enrich_thread *t)
{
	struct enrich_slice path = enrich_param_text(r, TASK_CWD);
	struct enrich_fs *fs;

	/* Captures tell of a thread where its process was at some time. */
	if (!enrich_thread_is_leader(t) && (!t->fs || s->offline || !path.len))
		return;
	enrich_fs_chdir(s, t, path.text, path.len, true);
	fs = enrich_thread_fs(t);
	if (fs)
		fs->epoch = enrich_epoch(s, true);
}

static void task_strings(struct saker_state *s, const struct saker_record *r,
			 struct enrich_thread *t)
{
	struct enrich_slice text = enrich_param_text(r, TASK_COMM);

	enrich_str_set(s, &t->comm, text.text, text.len);
	task_argv(s, r, t);
	text = enrich_param_text(r, TASK_EXEPATH);
	enrich_exepath_set(s, t, text.text, text.len);
	text = enrich_param_text(r, TASK_ROOT);
	enrich_str_set(s, &t->root, text.text, text.len);
	enrich_list_from_param(r, &t->cgroups, TASK_CGROUPS, NULL);
	enrich_thread_update_container(s, t);
	if (enrich_thread_is_leader(t))
		enrich_list_from_param(r, &t->env, TASK_ENV, NULL);
	if (!(t->flags & ENRICH_THREAD_DENIED))
		task_cwd(s, r, t);
}

/* Of the same number, but begun at another time, or in another process. */
static bool is_another(const struct saker_record *r, const struct enrich_thread *t)
{
	uint64_t start = enrich_param_u64(r, TASK_START_TIME);
	uint64_t apart = start > t->clone_ts ? start - t->clone_ts : t->clone_ts - start;

	return t->pid != event_pid(r) || (t->clone_ts && start && apart >= ENRICH_STALE_NS);
}

/* A thread that is known, told again: what it is now, but for what only events tell. */
static void task_again(struct saker_state *s, const struct saker_record *r, struct enrich_thread *t)
{
	uint64_t clone_ts = t->clone_ts;
	uint32_t clone_flags = t->clone_flags;
	uint64_t ino = t->exe_ino, mtime = t->exe_ino_mtime;
	bool settled = !(t->flags & ENRICH_THREAD_UNSETTLED);

	if (settled)
		enrich_thread_unlink_parent(t);
	task_ids(r, t);
	task_numbers(r, t);
	task_strings(s, r, t);
	t->clone_flags = clone_flags;
	if (clone_ts)
		t->clone_ts = clone_ts;
	if (ino != t->exe_ino || mtime != t->exe_ino_mtime) {
		enrich_exe_set(s, t, NULL);
		if (enrich_thread_is_leader(t))
			enrich_thread_new_exe(s, t);
	}
	/* Whose execve it was, and so since when, is not known. */
	t->exe_ctime_to_clone = t->exe_pidns_to_ctime = 0;
	t->epoch = enrich_epoch(s, true);
	t->flags &= (uint16_t)~ENRICH_THREAD_IDENTITY_DOUBT;
	if (settled)
		enrich_thread_unsettle(s, t);
}

static void task_forget(struct saker_state *s, struct enrich_thread *t)
{
	int64_t tid = t->tid;

	/* Told of twice at one start: out of the list first. */
	if (t->flags & ENRICH_THREAD_UNSETTLED)
		enrich_threads_settle(s);
	t = enrich_thread_find(s, tid);
	if (t)
		enrich_thread_exit(s, t);
	t = enrich_thread_find(s, tid);
	if (t)
		enrich_thread_remove(s, t);
}

static void on_task(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = enrich_thread_touch(s, event_tid(r));

	if (event_tid(r) == 0)
		return;
	if (t && !(t->flags & ENRICH_THREAD_PLACEHOLDER)) {
		if (s->refilling && !enrich_thread_doubtful(s, t))
			return;
		if (!is_another(r, t)) {
			task_again(s, r, t);
			return;
		}
	}
	if (t && t->group) {
		task_forget(s, t);
		t = NULL;
	}
	if (!t)
		t = enrich_thread_add(s, event_tid(r));
	if (!t)
		return;
	task_ids(r, t);
	enrich_fs_join(s, t);
	task_numbers(r, t);
	task_strings(s, r, t);
	if (event_pid(r) == event_tid(r))
		enrich_thread_new_exe(s, t);
	t->flags &= (uint16_t)~ENRICH_THREAD_PLACEHOLDER;
	t->flags |= ENRICH_THREAD_INITIAL;
	if (!(t->flags & ENRICH_THREAD_UNSETTLED))
		enrich_thread_unsettle(s, t);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* What was read again is what was known: that has more than the system tells. */
static bool is_same(const struct saker_record *r, const struct enrich_fd *known, uint8_t type)
{
	/* The last one of all these events. */
	uint64_t ino = enrich_param_u64(r, r->view.info->n_params - 1);
	struct enrich_slice name;

	if (known->refs > 1 || known->type != type || known->ino != ino || ino == 0)
		return false;
	if (type != ENRICH_FD_FILE_V2 && type != ENRICH_FD_DIRECTORY)
		return true;
	name = enrich_param_text(r, 1);
	return name.len == enrich_str_len(known->name) &&
	       memcmp(name.text, enrich_str_text(known->name), name.len) == 0;
}

/* The fd to fill; NULL = not wanted (a thread's view of its leader's table, or known already). */
static struct enrich_fd *initial_fd(struct saker_state *s, struct saker_record *r, uint8_t type)
{
	struct enrich_thread *t = enrich_thread_touch(s, event_tid(r));
	int64_t num = enrich_param_int(r, 0, -1);
	struct enrich_fd *known;
	struct enrich_fd *fd;

	if (!t || event_pid(r) != event_tid(r))
		return NULL;
	known = enrich_files_find(t->files, num);
	if (known && s->refilling) {
		if (!enrich_fd_stale(s, t, known)) {
			if (s->refill_fd >= 0)
				return NULL;
		} else if (t->files->table->refs == 1 && is_same(r, known, type)) {
			known->flags &= (uint16_t)~ENRICH_FD_IN_DOUBT;
			known->epoch = enrich_epoch(s, true);
			t->files->read = known->epoch;
			return NULL;
		}
	}
	/* What a refill puts into a full table only pushes out what was used before. */
	if (s->refilling && num != s->refill_fd && t->files && t->files->table &&
	    t->files->table->n >= s->max_fds)
		return NULL;
	fd = enrich_fd_add(s, t, num);
	if (fd)
		fd->type = type;
	return fd;
}

static void set_name(struct saker_state *s, const struct saker_record *r, struct enrich_fd *fd,
		     uint32_t param)
{
	struct enrich_slice name = enrich_param_text(r, param);

	enrich_str_set(s, &fd->name, name.text, name.len);
}

/* What exists already was named by the kernel itself; or by its end, when that was too long. */
static void named_by_kernel(struct enrich_fd *fd)
{
	const char *name = enrich_str_text(fd->name);
	bool cut = name[0] != '/' && memchr(name, '/', enrich_str_len(fd->name));

	fd->flags |= cut ? ENRICH_FD_REAL_CUT : ENRICH_FD_REAL_KNOWN;
}

static void on_file_named(struct saker_state *s, struct saker_record *r)
{
	uint16_t code = r->view.event->type;
	struct enrich_fd *fd;

	fd = initial_fd(s, r,
			code == SAKER_EV_ITER_TASK_FILE_PIPE_E	  ? ENRICH_FD_FIFO
			: code == SAKER_EV_ITER_TASK_FILE_MEMFD_E ? ENRICH_FD_MEMFD
								  : ENRICH_FD_DIRECTORY);
	if (!fd)
		return;
	set_name(s, r, fd, 1);
	named_by_kernel(fd);
	fd->ino = enrich_param_u64(r, 2);
}

static void on_file_regular(struct saker_state *s, struct saker_record *r)
{
	struct enrich_fd *fd = initial_fd(s, r, ENRICH_FD_FILE_V2);

	if (!fd)
		return;
	set_name(s, r, fd, 1);
	named_by_kernel(fd);
	enrich_fd_set_open_flags(fd, enrich_param_u32(r, 2));
	/* A capture file has the device in the mount's place. */
	fd->dev_or_mount = enrich_param_u32(r, 3);
	if (!s->offline)
		fd->flags |= ENRICH_FD_MOUNT;
	fd->ino = enrich_param_u64(r, 4);
}

static uint8_t socket_l4(const struct saker_record *r)
{
	int64_t type = enrich_param_int(r, 1, 0);
	int64_t protocol = enrich_param_int(r, 2, 0);

	if (type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_IP))
		return ENRICH_L4_TCP;
	if (type == SOCK_DGRAM && (protocol == IPPROTO_UDP || protocol == IPPROTO_IP))
		return ENRICH_L4_UDP;
	if (type == SOCK_DGRAM && protocol == IPPROTO_ICMP)
		return ENRICH_L4_ICMP;
	return type == SOCK_RAW ? ENRICH_L4_RAW : ENRICH_L4_UNKNOWN;
}

static bool load_ip(const struct saker_record *r, uint32_t param, uint8_t ip[16], uint32_t len)
{
	const struct saker_param *p = enrich_param(r, param);
	static const uint8_t zero[16];

	memset(ip, 0, 16);
	if (p && p->len == len)
		memcpy(ip, p->data, len);
	return memcmp(ip, zero, 16) != 0;
}

static void ip6_to_ip4(struct enrich_fd *fd)
{
	struct enrich_tuple *t = &fd->more->tuple;

	memmove(t->sip, t->sip + 12, 4);
	memset(t->sip + 4, 0, 12);
	memmove(t->dip, t->dip + 12, 4);
	memset(t->dip + 4, 0, 12);
	fd->type = ENRICH_FD_IPV4_SOCK;
}

static void server_port_note(struct saker_state *s, uint16_t port)
{
	s->server_ports[port / 64] |= UINT64_C(1) << port % 64;
}

static void on_file_inet(struct saker_state *s, struct saker_record *r)
{
	bool v6 = r->view.event->type == SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E;
	struct enrich_fd *fd = initial_fd(s, r, v6 ? ENRICH_FD_IPV6_SOCK : ENRICH_FD_IPV4_SOCK);
	struct enrich_tuple *t = fd ? enrich_fd_need_tuple(s, fd) : NULL;
	uint32_t len = v6 ? 16 : 4;
	uint16_t local_port = (uint16_t)enrich_param_int(r, 4, 0);
	uint16_t remote_port = (uint16_t)enrich_param_int(r, 6, 0);

	if (!t)
		return;
	fd->ino = enrich_param_u64(r, 7);
	t->l4 = socket_l4(r);
	load_ip(r, 3, t->sip, len);
	if (!load_ip(r, 5, t->dip, len)) {
		/* Nobody at the other end: it listens. */
		fd->type = v6 ? ENRICH_FD_IPV6_SERVER : ENRICH_FD_IPV4_SERVER;
		memcpy(t->dip, t->sip, 16);
		memset(t->sip, 0, 16);
		t->dport = local_port;
		server_port_note(s, local_port);
		enrich_fd_set_tuple_name(s, fd);
		return;
	}
	t->sport = local_port;
	t->dport = remote_port;
	if (v6 && enrich_ip6_is_mapped(t->sip) && enrich_ip6_is_mapped(t->dip))
		ip6_to_ip4(fd);
	if (t->l4 == ENRICH_L4_TCP)
		fd->flags |= ENRICH_FD_CONNECTED;
	enrich_fd_infer_local(s, fd);
	enrich_fd_set_tuple_name(s, fd);
}

static void on_file_unix(struct saker_state *s, struct saker_record *r)
{
	struct enrich_fd *fd = initial_fd(s, r, ENRICH_FD_UNIX_SOCK);
	struct enrich_tuple *t;

	if (!fd)
		return;
	t = enrich_fd_need_tuple(s, fd);
	if (t)
		t->unix_source = enrich_param_u64(r, 3);
	set_name(s, r, fd, 4);
	fd->flags |= fd->name ? ENRICH_FD_ROLE_SERVER : ENRICH_FD_ROLE_CLIENT;
	fd->ino = enrich_param_u64(r, 5);
}

static void on_file_netlink(struct saker_state *s, struct saker_record *r)
{
	struct enrich_fd *fd = initial_fd(s, r, ENRICH_FD_NETLINK);

	if (!fd)
		return;
	fd->ino = enrich_param_u64(r, 3);
}

static void on_file_anon(struct saker_state *s, struct saker_record *r)
{
	/* By the schema's number of the kind of anonymous inode. */
	static const uint8_t types[] = {
		ENRICH_FD_UNSUPPORTED, ENRICH_FD_EVENT,	      ENRICH_FD_EVENTPOLL,
		ENRICH_FD_INOTIFY,     ENRICH_FD_SIGNALFD,    ENRICH_FD_TIMERFD,
		ENRICH_FD_IO_URING,    ENRICH_FD_USERFAULTFD, ENRICH_FD_PIDFD,
		ENRICH_FD_BPF,	       ENRICH_FD_BPF,	      ENRICH_FD_BPF,
		ENRICH_FD_BPF,
	};
	/* The last kind, which is no type of ours. */
	static const char perf_event[] = "anon_inode:[perf_event]";
	uint64_t kind = (uint64_t)enrich_param_int(r, 1, 0);
	struct enrich_fd *fd;

	fd = initial_fd(s, r, kind < ARRAY_SIZE(types) ? types[kind] : ENRICH_FD_UNSUPPORTED);
	if (!fd)
		return;
	if (kind == 0)
		set_name(s, r, fd, 2);
	else if (fd->type == ENRICH_FD_UNSUPPORTED)
		enrich_str_set(s, &fd->name, perf_event, sizeof(perf_event) - 1);
	fd->ino = enrich_param_u64(r, 3);
}

/* Connections to a port that somebody here listens on are a server's: client first, then. */
void enrich_initial_roles(struct saker_state *s, struct enrich_thread *t)
{
	const struct enrich_fd *fd;
	uint32_t iter = 0;

	while ((fd = enrich_fd_next(t, &iter))) {
		struct enrich_fd *own;
		uint16_t port;

		if (fd->type != ENRICH_FD_IPV4_SOCK && fd->type != ENRICH_FD_IPV6_SOCK)
			continue;
		if (fd->flags & (ENRICH_FD_ROLE_CLIENT | ENRICH_FD_ROLE_SERVER) || fd->refs > 1)
			continue;
		own = enrich_fd_own(s, t, fd->num);
		if (!own || !own->more)
			continue;
		port = own->more->tuple.sport;
		if (s->server_ports[port / 64] >> port % 64 & 1) {
			enrich_fd_swap_ends(own);
			enrich_fd_set_tuple_name(s, own);
			own->flags |= ENRICH_FD_ROLE_SERVER;
		} else {
			own->flags |= ENRICH_FD_ROLE_CLIENT;
		}
	}
}

void enrich_apply_initial(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record r = {.state = s};

	if (saker_event_decode(event, event->len, &r.view) < 0) {
		s->stats.n_malformed++;
		return;
	}
	if (s->facts[event->type].flags & ENRICH_FACT_INITIAL && s->facts[event->type].handler)
		s->facts[event->type].handler(s, &r);
}

const struct enrich_handler enrich_handlers_initial[] = {
	{SAKER_EV_ITER_TASK_E, on_task},
	{SAKER_EV_ITER_TASK_FILE_PIPE_E, on_file_named},
	{SAKER_EV_ITER_TASK_FILE_MEMFD_E, on_file_named},
	{SAKER_EV_ITER_TASK_FILE_REGULAR_E, on_file_regular},
	{SAKER_EV_ITER_TASK_FILE_DIRECTORY_E, on_file_named},
	{SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, on_file_inet},
	{SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E, on_file_inet},
	{SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E, on_file_unix},
	{SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E, on_file_netlink},
	{SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, on_file_anon},
	{0, NULL},
};
