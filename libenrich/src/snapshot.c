/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state as the events that it could have begun with: the inverse of
 * on_initial.c. For whoever begins a capture file in the middle of a replay,
 * where nobody can be asked.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "internal.h"

#define TEXTS_MAX 12288 /* arguments, environment, control groups: what start-up events carry */

/* An event being made; too much for it is left out, as not known. */
struct snapshot {
	const struct saker_state *state;
	saker_capture_event_fn fn;
	void *userdata;
	uint8_t *event; /* SAKER_EVENT_MAX_SIZE */
	uint32_t n;
	uint32_t len;
};

/* ---- building ------------------------------------------------------------------- */

static void begin(struct snapshot *b, uint16_t code, const struct enrich_thread *t)
{
	struct saker_event header = {
		.ts = b->state->last_ts,
		.tid = (uint64_t)t->pid << 32 | (uint32_t)t->tid,
		.type = code,
		.nparams = saker_event_info(code)->n_params,
	};

	memcpy(b->event, &header, sizeof(header));
	b->n = 0;
	b->len = (uint32_t)sizeof(header) + header.nparams * 2;
}

static void end(struct snapshot *b)
{
	memcpy(b->event + offsetof(struct saker_event, len), &b->len, sizeof(b->len));
	b->fn(b->userdata, (const struct saker_event *)b->event);
}

static void put(struct snapshot *b, const void *data, size_t len)
{
	uint16_t n = (uint16_t)len;

	if (len > SAKER_EVENT_MAX_PARAM || b->len + len > SAKER_EVENT_MAX_SIZE)
		n = 0;
	memcpy(b->event + sizeof(struct saker_event) + (size_t)b->n++ * 2, &n, sizeof(n));
	if (n)
		memcpy(b->event + b->len, data, n);
	b->len += n;
}

static void put_u8(struct snapshot *b, uint8_t v)
{
	put(b, &v, sizeof(v));
}

static void put_u16(struct snapshot *b, uint16_t v)
{
	put(b, &v, sizeof(v));
}

static void put_u32(struct snapshot *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void put_u64(struct snapshot *b, uint64_t v)
{
	put(b, &v, sizeof(v));
}

/* A number that -1 stands for when it is not known. */
static void put_id(struct snapshot *b, int64_t v)
{
	uint32_t id = (uint32_t)v;

	put(b, &id, v < 0 ? 0 : sizeof(id));
}

static void put_account(struct snapshot *b, uint32_t id)
{
	put(b, &id, id == ENRICH_NO_ID ? 0 : sizeof(id));
}

/* A text with its NUL; NULL = not known. */
static void put_text(struct snapshot *b, const struct enrich_str *s)
{
	put(b, enrich_str_text(s), s ? (size_t)s->len + 1 : 0);
}

/* Texts that each have their NUL, the last one's behind the string. */
static void put_list(struct snapshot *b, const struct enrich_str *s)
{
	put(b, enrich_str_text(s), s && s->len ? MIN((size_t)s->len + 1, (size_t)TEXTS_MAX) : 0);
}

static void put_argv(struct snapshot *b, const struct enrich_thread *t)
{
	char argv[TEXTS_MAX];
	size_t exe = MIN((size_t)enrich_str_len(t->exe) + 1, sizeof(argv));
	size_t args = t->args && t->args->len ? (size_t)t->args->len + 1 : 0;

	args = MIN(args, sizeof(argv) - exe);
	memcpy(argv, enrich_str_text(t->exe), exe);
	memcpy(argv + exe, enrich_str_text(t->args), args);
	put(b, argv, t->exe || args ? exe + args : 0);
}

/* ---- threads ------------------------------------------------------------------------ */

static void put_thread(struct snapshot *b, const struct enrich_thread *t)
{
	begin(b, SAKER_EV_ITER_TASK_E, t);
	put_u32(b, (uint32_t)MAX(t->ptid, 0));
	put_id(b, t->pgid);
	put_id(b, t->vpgid);
	put_id(b, t->sid);
	put_text(b, t->comm);
	put_argv(b, t);
	put_text(b, t->exepath);
	put_u32(b, t->exe_flags);
	put_list(b, t->env);
	put_text(b, t->fs ? t->fs->cwd : NULL);
	put(b, &t->fdlimit, t->fdlimit < 0 ? 0 : sizeof(t->fdlimit));
	put_account(b, t->uid);
	put_account(b, t->gid);
	put_u64(b, t->cap_permitted);
	put_u64(b, t->cap_effective);
	put_u64(b, t->cap_inheritable);
	put_u64(b, t->exe_ino);
	put_u64(b, t->exe_ino_ctime);
	put_u64(b, t->exe_ino_mtime);
	put_u32(b, t->vmsize_kb);
	put_u32(b, t->vmrss_kb);
	put_u32(b, t->vmswap_kb);
	put_u64(b, t->pfmajor);
	put_u64(b, t->pfminor);
	put_id(b, t->vpid);
	put_id(b, t->vtid);
	put_u64(b, t->pidns_init_start_ts);
	put_list(b, t->cgroups);
	put_text(b, t->root);
	put_u64(b, t->clone_ts);
	put_u32(b, t->tty);
	put_account(b, t->loginuid);
	end(b);
}

/* ---- files ---------------------------------------------------------------------------- */

static void put_named(struct snapshot *b, const struct enrich_thread *t, const struct enrich_fd *fd,
		      uint16_t code)
{
	begin(b, code, t);
	put_u32(b, (uint32_t)fd->num);
	put_text(b, fd->name);
	if (code == SAKER_EV_ITER_TASK_FILE_REGULAR_E) {
		put_u32(b, enrich_fd_open_flags(fd));
		put_u32(b, enrich_fd_mnt_id(fd));
	}
	put_u64(b, fd->ino);
	end(b);
}

static void put_transport(struct snapshot *b, uint8_t l4)
{
	static const struct {
		uint16_t type, protocol;
	} transports[] = {
		[ENRICH_L4_TCP] = {SOCK_STREAM, IPPROTO_TCP},
		[ENRICH_L4_UDP] = {SOCK_DGRAM, IPPROTO_UDP},
		[ENRICH_L4_ICMP] = {SOCK_DGRAM, IPPROTO_ICMP},
		[ENRICH_L4_RAW] = {SOCK_RAW, IPPROTO_RAW},
	};
	bool known = l4 < ARRAY_SIZE(transports);

	put_u16(b, known ? transports[l4].type : 0);
	put_u16(b, known ? transports[l4].protocol : 0);
}

/* One that is not bound or connected has nothing that a reader could begin with: it is left out. */
static void put_inet(struct snapshot *b, const struct enrich_thread *t, const struct enrich_fd *fd)
{
	static const uint8_t nowhere[16];
	bool v6 = fd->type == ENRICH_FD_IPV6_SOCK || fd->type == ENRICH_FD_IPV6_SERVER;
	bool listens = fd->type == ENRICH_FD_IPV4_SERVER || fd->type == ENRICH_FD_IPV6_SERVER;
	/* A tuple goes from client to server: which end is ours depends on the role. */
	bool swapped = listens || fd->flags & ENRICH_FD_ROLE_SERVER;
	const struct enrich_tuple *a = enrich_fd_tuple(fd);
	size_t len = v6 ? 16 : 4;

	if (!fd->name)
		return;
	begin(b,
	      v6 ? SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E : SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E,
	      t);
	put_u32(b, (uint32_t)fd->num);
	put_transport(b, a->l4);
	put(b, swapped ? a->dip : a->sip, len);
	put_u16(b, swapped ? a->dport : a->sport);
	put(b, listens ? nowhere : swapped ? a->sip : a->dip, len);
	put_u16(b, listens ? 0 : swapped ? a->sport : a->dport);
	put_u64(b, fd->ino);
	end(b);
}

static void put_unix(struct snapshot *b, const struct enrich_thread *t, const struct enrich_fd *fd)
{
	begin(b, SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E, t);
	put_u32(b, (uint32_t)fd->num);
	put_u16(b, 0);
	put_u16(b, 0);
	put_u64(b, enrich_fd_tuple(fd)->unix_source);
	put_text(b, fd->name);
	put_u64(b, fd->ino);
	end(b);
}

static void put_netlink(struct snapshot *b, const struct enrich_thread *t,
			const struct enrich_fd *fd)
{
	begin(b, SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E, t);
	put_u32(b, (uint32_t)fd->num);
	put_u16(b, 0);
	put_u16(b, 0);
	put_u64(b, fd->ino);
	end(b);
}

static void put_anon(struct snapshot *b, const struct enrich_thread *t, const struct enrich_fd *fd)
{
	static const uint8_t kinds[ENRICH_FD_TYPES] = {
#define KIND(name) SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_##name
		[ENRICH_FD_EVENT] = KIND(EVENTFD),
		[ENRICH_FD_EVENTPOLL] = KIND(EVENTPOLL),
		[ENRICH_FD_INOTIFY] = KIND(INOTIFY),
		[ENRICH_FD_SIGNALFD] = KIND(SIGNALFD),
		[ENRICH_FD_TIMERFD] = KIND(TIMERFD),
		[ENRICH_FD_IO_URING] = KIND(IO_URING),
		[ENRICH_FD_USERFAULTFD] = KIND(USERFAULTFD),
		[ENRICH_FD_PIDFD] = KIND(PIDFD),
		[ENRICH_FD_BPF] = KIND(BPF_MAP),
#undef KIND
	};

	begin(b, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, t);
	put_u32(b, (uint32_t)fd->num);
	put_u8(b, fd->type < ENRICH_FD_TYPES ? kinds[fd->type] : 0);
	put_text(b, fd->name);
	put_u64(b, fd->ino);
	end(b);
}

static void put_file(struct snapshot *b, const struct enrich_thread *t, const struct enrich_fd *fd)
{
	switch (fd->type) {
	case ENRICH_FD_FILE:
	case ENRICH_FD_FILE_V2:
		put_named(b, t, fd, SAKER_EV_ITER_TASK_FILE_REGULAR_E);
		break;
	case ENRICH_FD_DIRECTORY:
		put_named(b, t, fd, SAKER_EV_ITER_TASK_FILE_DIRECTORY_E);
		break;
	case ENRICH_FD_FIFO:
		put_named(b, t, fd, SAKER_EV_ITER_TASK_FILE_PIPE_E);
		break;
	case ENRICH_FD_MEMFD:
		put_named(b, t, fd, SAKER_EV_ITER_TASK_FILE_MEMFD_E);
		break;
	case ENRICH_FD_IPV4_SOCK:
	case ENRICH_FD_IPV6_SOCK:
	case ENRICH_FD_IPV4_SERVER:
	case ENRICH_FD_IPV6_SERVER:
		put_inet(b, t, fd);
		break;
	case ENRICH_FD_UNIX_SOCK:
		put_unix(b, t, fd);
		break;
	case ENRICH_FD_NETLINK:
		put_netlink(b, t, fd);
		break;
	default:
		put_anon(b, t, fd);
		break;
	}
}

/* A leader's files; a thread that has its own (rare) keeps them to itself, as at the start. */
static void put_files(struct snapshot *b, const struct enrich_thread *t)
{
	const struct enrich_fd *fd;
	uint32_t iter = 0;

	if (!enrich_thread_is_leader(t))
		return;
	while ((fd = enrich_fd_next(t, &iter)))
		put_file(b, t, fd);
}

/*
 * What nothing is known of is better asked for again than remembered as that; and start-up
 * events have 32 bits for a number, of which broken events may have told of more.
 */
static bool can_be_told(const struct enrich_thread *t)
{
	return t && t->pid > 0 && t->pid <= UINT32_MAX && t->tid <= UINT32_MAX &&
	       !(t->flags & (ENRICH_THREAD_DEAD | ENRICH_THREAD_PLACEHOLDER));
}

int saker_state_snapshot(struct saker_state *s, saker_capture_event_fn fn, void *userdata)
{
	struct snapshot b = {.state = s, .fn = fn, .userdata = userdata};

	if (!s || !fn)
		return -EINVAL;
	b.event = malloc(SAKER_EVENT_MAX_SIZE);
	if (!b.event)
		return -ENOMEM;
	if (s->unsettled)
		enrich_threads_settle(s);
	for (uint32_t i = 0; i < s->slots_capacity; i++) {
		const struct enrich_thread *t = s->slots[i].thread;

		if (!can_be_told(t))
			continue;
		put_thread(&b, t);
		put_files(&b, t);
	}
	free(b.event);
	return 0;
}
