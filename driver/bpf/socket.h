/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sockets: addresses that a call was given, the tuple of the connection as the
 * kernel knows it, and the messages of the *msg calls.
 */
#ifndef SAKER_BPF_SOCKET_H
#define SAKER_BPF_SOCKET_H

#include "note.h"

/* Where addresses and vectors of an argument lie, and whose descriptors are meant. */
#ifndef SOCKET_READ
#define SOCKET_READ(to, n, from) bpf_probe_read_user(to, n, (void *)(from))
#define SOCKET_FILE(f, fd) file_of_fd((f)->task, fd)
#endif

#define SOCKET_UNIX_FAMILY 2 /* bytes in front of sun_path */
#define SOCKET_UNIX_PATH 109 /* sun_path and a NUL */

struct socket_in {
	__u16 family;
	__u16 port;
	__u32 addr;
};

struct socket_in6 {
	__u16 family;
	__u16 port;
	__u32 flowinfo;
	__u64 addr[2];
};

PROBE_INLINE __u16 socket_port(__u16 be)
{
	return __builtin_bswap16(be);
}

/* The struct sock behind a descriptor; NULL: no socket. */
PROBE_INLINE struct sock *socket_of_fd(struct fill *f, __u32 fd)
{
	struct file *file = SOCKET_FILE(f, fd);
	struct socket *socket;

	if (!file)
		return NULL;
	if (READ(file, f_inode, i_sb, s_magic) != KERNEL_MAGIC_SOCKFS)
		return NULL;
	socket = READ(file, private_data);
	return READ(socket, sk);
}

/* Family, then address and port or path; of an address in user memory. */
PROBE_INLINE void socket_fill_addr(struct fill *f, __u64 ptr, __u64 user_len)
{
	__u8 *tmp = f->scratch->tmp;
	__u32 start = f->pos;
	__u32 len = user_len;
	__u16 family;

	if (len > 128)
		len = 128;
	OPAQUE(len);
	len &= 255;
	if (len < 2 || SOCKET_READ(tmp, len, ptr)) {
		fill_empty(f);
		return;
	}
	tmp[len] = 0; /* a path need not end by itself */
	family = *(__u16 *)tmp;
	if (family == KERNEL_AF_INET && len >= sizeof(struct socket_in)) {
		struct socket_in *in = (void *)tmp;

		fill_raw8(f, conv_family(family));
		fill_raw32(f, in->addr);
		fill_raw16(f, socket_port(in->port));
	} else if (family == KERNEL_AF_INET6 && len >= sizeof(struct socket_in6)) {
		struct socket_in6 *in6 = (void *)tmp;

		fill_raw8(f, conv_family(family));
		fill_raw_bytes16(f, in6->addr);
		fill_raw16(f, socket_port(in6->port));
	} else if (family == KERNEL_AF_UNIX) {
		__u8 *path = tmp + 2;

		if (len == 2)
			*path = 0;
		if (!*path && len > 2)
			path++; /* abstract */
		fill_raw8(f, conv_family(family));
		fill_raw_kernel_str(f, (__u64)path, SOCKET_UNIX_PATH);
	}
	fill_len(f, f->pos - start);
}

enum socket_direction {
	SOCKET_IN,  /* remote first */
	SOCKET_OUT, /* local first */
};

PROBE_INLINE void socket_fill_tuple_in(struct fill *f, struct sock *sk, enum socket_direction dir,
				       __u64 user_addr)
{
	struct inet_sock *inet = (void *)sk;
	__u32 local = READ(inet, inet_saddr);
	__u16 local_port = READ(inet, inet_sport);
	__u32 remote = READ(sk, __sk_common.skc_daddr);
	__u16 remote_port = READ(sk, __sk_common.skc_dport);

	/* Not connected: the call names the peer. */
	if (!remote_port && user_addr) {
		struct socket_in in = {};

		SOCKET_READ(&in, sizeof(in), user_addr);
		remote = in.addr;
		remote_port = in.port;
	}
	fill_raw8(f, KERNEL_AF_INET);
	fill_raw32(f, dir == SOCKET_OUT ? local : remote);
	fill_raw16(f, socket_port(dir == SOCKET_OUT ? local_port : remote_port));
	fill_raw32(f, dir == SOCKET_OUT ? remote : local);
	fill_raw16(f, socket_port(dir == SOCKET_OUT ? remote_port : local_port));
}

PROBE_INLINE void socket_fill_tuple_in6(struct fill *f, struct sock *sk, enum socket_direction dir,
					__u64 user_addr)
{
	struct inet_sock *inet = (void *)sk;
	struct ipv6_pinfo *pinet6 = READ(inet, pinet6);
	__u16 local_port = READ(inet, inet_sport);
	__u16 remote_port = READ(sk, __sk_common.skc_dport);
	__u64 local[2] = {}, remote[2] = {};

	bpf_probe_read_kernel(local, sizeof(local),
			      (void *)pinet6 + bpf_core_field_offset(struct ipv6_pinfo, saddr));
	bpf_probe_read_kernel(remote, sizeof(remote),
			      (void *)sk +
				      bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr));
	if (!remote_port && user_addr) {
		struct socket_in6 in6 = {};

		SOCKET_READ(&in6, sizeof(in6), user_addr);
		remote[0] = in6.addr[0];
		remote[1] = in6.addr[1];
		remote_port = in6.port;
	}
	fill_raw8(f, KERNEL_AF_INET6);
	fill_raw_bytes16(f, dir == SOCKET_OUT ? local : remote);
	fill_raw16(f, socket_port(dir == SOCKET_OUT ? local_port : remote_port));
	fill_raw_bytes16(f, dir == SOCKET_OUT ? remote : local);
	fill_raw16(f, socket_port(dir == SOCKET_OUT ? remote_port : local_port));
}

/*
 * The NUL-terminated path that a unix socket is bound to; abstract names without
 * the NUL in front. Those have none behind them either: their length says where
 * they end, and what comes next is somebody else's memory.
 */
PROBE_INLINE void socket_fill_unix_path(struct fill *f, struct unix_sock *sk)
{
	struct unix_address *addr = sk ? READ(sk, addr) : NULL;
	__u32 size = addr ? READ(addr, len) - SOCKET_UNIX_FAMILY : 0;
	const char *path;
	char first = 0;

	if (!size || size >= SOCKET_UNIX_PATH) {
		fill_raw8(f, 0);
		return;
	}
	path = (void *)addr + bpf_core_field_offset(struct unix_address, name) + SOCKET_UNIX_FAMILY;
	bpf_probe_read_kernel(&first, 1, path);
	if (first)
		size++; /* for a NUL of our own */
	else
		path++;
	if (!fill_raw_kernel_text(f, (__u64)path, size))
		fill_raw8(f, 0);
}

PROBE_INLINE void socket_fill_tuple_unix(struct fill *f, struct sock *sk, enum socket_direction dir,
					 __u64 user_addr)
{
	struct unix_sock *local = (void *)sk;
	struct unix_sock *peer = (void *)READ(local, peer);
	__u8 *tmp = f->scratch->tmp;
	__u32 n;

	fill_raw8(f, KERNEL_AF_UNIX);
	/* The schema wants the peer first when it is we who send. */
	fill_raw64(f, (__u64)(dir == SOCKET_OUT ? peer : local));
	fill_raw64(f, (__u64)(dir == SOCKET_OUT ? local : peer));
	if (dir == SOCKET_OUT && !peer && user_addr) {
		n = sizeof(struct sockaddr_un);
		tmp[n] = 0;
		if (SOCKET_READ(tmp, n, user_addr))
			tmp[2] = tmp[3] = 0;
		fill_raw_kernel_str(f, (__u64)(tmp[2] ? tmp + 2 : tmp + 3), SOCKET_UNIX_PATH);
		return;
	}
	socket_fill_unix_path(f, dir == SOCKET_OUT ? peer : local);
}

PROBE_INLINE void socket_fill_tuple(struct fill *f, __u32 fd, enum socket_direction dir,
				    __u64 user_addr)
{
	struct sock *sk = socket_of_fd(f, fd);
	__u32 start = f->pos;
	__u16 family;

	if (!sk) {
		fill_empty(f);
		return;
	}
	family = READ(sk, __sk_common.skc_family);
	if (family == KERNEL_AF_INET)
		socket_fill_tuple_in(f, sk, dir, user_addr);
	else if (family == KERNEL_AF_INET6)
		socket_fill_tuple_in6(f, sk, dir, user_addr);
	else if (family == KERNEL_AF_UNIX)
		socket_fill_tuple_unix(f, sk, dir, user_addr);
	fill_len(f, f->pos - start);
}

/* ---- how much of a message is kept ------------------------------------------------- */

#define SOCKET_SNAPLEN_KNOWN 2000 /* of protocols that tell more than their first bytes */
#define SOCKET_SNAPLEN_PORT 16000 /* of ports that somebody wants all of */
#define SOCKET_LOOK 16		  /* bytes that a protocol is told by */

#define SOCKET_PORT_DNS 53
#define SOCKET_PORT_MYSQL 3306
#define SOCKET_PORT_POSTGRES 5432
#define SOCKET_PORT_MONGODB 27017

#define SOCKET_WORD(a, b, c, d) ((__u32)(a) | (b) << 8 | (c) << 16 | (__u32)(d) << 24)

PROBE_INLINE bool socket_is_http(const __u8 *b)
{
	switch (SOCKET_WORD(b[0], b[1], b[2], b[3])) {
	case SOCKET_WORD('G', 'E', 'T', ' '):
	case SOCKET_WORD('H', 'E', 'A', 'D'):
	case SOCKET_WORD('P', 'O', 'S', 'T'):
	case SOCKET_WORD('P', 'U', 'T', ' '):
	case SOCKET_WORD('P', 'A', 'T', 'C'):
	case SOCKET_WORD('D', 'E', 'L', 'E'):
	case SOCKET_WORD('T', 'R', 'A', 'C'):
	case SOCKET_WORD('C', 'O', 'N', 'N'):
	case SOCKET_WORD('O', 'P', 'T', 'I'):
		return true;
	case SOCKET_WORD('H', 'T', 'T', 'P'):
		return b[4] == '/';
	}
	return false;
}

/* A query (3 is its command), or the begin of a packet shorter than 64 KiB. */
PROBE_INLINE bool socket_is_mysql(const __u8 *b)
{
	return b[0] == 3 || b[1] == 3 || b[2] == 3 || b[3] == 3 || b[4] == 3 || (!b[2] && !b[3]);
}

/* A query, a prepared one, its execution or an error; the start of a session. */
PROBE_INLINE bool socket_is_postgres(const __u8 *b)
{
	return ((b[0] == 'Q' || b[0] == 'P' || b[0] == 'E') && !b[1]) ||
	       (!b[4] && b[5] == 3 && !b[6]);
}

/* By the operation code in the header. */
PROBE_INLINE bool socket_is_mongodb(const __u8 *b)
{
	__u32 op = SOCKET_WORD(b[12], b[13], b[14], b[15]);

	return op == 1 || (op >= 2001 && op <= 2007) || op == 2012 || op == 2013;
}

PROBE_INLINE bool socket_is_known(__u16 local, __u16 remote, const __u8 *look, __u32 n)
{
#define AT(port) (local == (port) || remote == (port))
	if (remote == config.statsd_port || AT(SOCKET_PORT_DNS))
		return true;
	if (AT(SOCKET_PORT_MYSQL))
		return n >= 5 && socket_is_mysql(look);
	if (AT(SOCKET_PORT_POSTGRES))
		return n >= 7 && socket_is_postgres(look);
	if (AT(SOCKET_PORT_MONGODB) || (n >= 16 && socket_is_mongodb(look)))
		return true;
	return n >= 5 && socket_is_http(look);
#undef AT
}

PROBE_INLINE bool socket_is_full(__u16 port)
{
	return port >= config.fullcapture_first && port <= config.fullcapture_last;
}

/* Bytes to keep of size at data, which went through fd; addr: the peer, when the call says. */
PROBE_INLINE __u32 socket_snaplen(struct fill *f, __u32 fd, __u64 addr, __u64 data, __u64 size)
{
	__u8 look[SOCKET_LOOK] = {};
	__u32 n = size > SOCKET_LOOK ? SOCKET_LOOK : size, len = config.snaplen;
	__u16 local = 0, remote = 0, family;
	struct inet_sock *inet;
	struct sock *sk;

	/* Constant: nothing of this is there unless it is asked for. */
	if (!config.dynamic_snaplen && !config.fullcapture_last)
		return len;
	sk = socket_of_fd(f, fd);
	if (!sk)
		return len;
	family = READ(sk, __sk_common.skc_family);
	if (family == KERNEL_AF_INET || family == KERNEL_AF_INET6) {
		inet = (void *)sk;
		local = socket_port(READ(inet, inet_sport));
		remote = READ(sk, __sk_common.skc_dport);
		/* Behind the family, in either kind of address. */
		if (!remote && addr)
			SOCKET_READ(&remote, sizeof(remote), addr + 2);
		remote = socket_port(remote);
	}
	if (config.fullcapture_last && (socket_is_full(local) || socket_is_full(remote)))
		return len > SOCKET_SNAPLEN_PORT ? len : SOCKET_SNAPLEN_PORT;
	OPAQUE(n);
	n &= 31;
	if (n > SOCKET_LOOK || !config.dynamic_snaplen || len > SOCKET_SNAPLEN_KNOWN)
		return len;
	if (n && bpf_probe_read_user(look, n, (void *)data))
		return len;
	return socket_is_known(local, remote, look, n) ? SOCKET_SNAPLEN_KNOWN : len;
}

/* ---- I/O vectors ------------------------------------------------------------------ */

#define SOCKET_IOVECS 32 /* entries that are looked at */

struct socket_iovec {
	__u64 base;
	__u64 len;
};

struct socket_iovec_compat {
	__u32 base;
	__u32 len;
};

/* Brings the vectors into tmp, as 64-bit ones. How many there are. */
PROBE_INLINE __u32 socket_load_iov(struct fill *f, __u64 ptr, __u64 count)
{
	struct socket_iovec *iov = (void *)f->scratch->tmp;
	struct socket_iovec_compat *compat = (void *)(f->scratch->tmp + PROBE_TMP / 2);
	__u32 n = count > SOCKET_IOVECS ? SOCKET_IOVECS : count;
	__u32 i;

	OPAQUE(n);
	n &= 63;
	if (!f->compat)
		return SOCKET_READ(iov, n * sizeof(*iov), ptr) ? 0 : n;
	if (SOCKET_READ(compat, n * sizeof(*compat), ptr))
		return 0;
	for (i = 0; i < SOCKET_IOVECS; i++) {
		iov[i].base = compat[i].base;
		iov[i].len = compat[i].len;
	}
	return n;
}

PROBE_INLINE __u32 socket_iov_size(struct fill *f, __u32 n)
{
	struct socket_iovec *iov = (void *)f->scratch->tmp;
	__u64 size = 0;
	__u32 i;

	for (i = 0; i < SOCKET_IOVECS; i++) {
		if (i >= n)
			break;
		size += iov[i].len;
	}
	return size;
}

struct socket_gather {
	__u8 *data;
	struct socket_iovec *iov;
	__u32 pos;
	__u32 left;
};

static long socket_gather_step(__u32 i, struct socket_gather *g)
{
	struct socket_iovec *v = &g->iov[i & (SOCKET_IOVECS - 1)];
	__u32 pos = g->pos;
	__u64 len = v->len;
	__u32 n;

	if (len > g->left)
		len = g->left;
	n = len;
	OPAQUE(n);
	n &= PROBE_EVENT_MAX - 1;
	OPAQUE(pos);
	pos &= PROBE_EVENT_MAX - 1;
	if (n && bpf_probe_read_user(g->data + pos, n, (void *)v->base))
		return 1;
	g->pos += n;
	g->left -= n;
	return g->left == 0;
}

/* As socket_snaplen, of the vectors in tmp: their first one tells. */
PROBE_INLINE __u32 socket_snaplen_iov(struct fill *f, __u32 fd, __u64 addr, __u32 n)
{
	struct socket_iovec *iov = (void *)f->scratch->tmp;

	return socket_snaplen(f, fd, addr, iov[0].base, n ? iov[0].len : 0);
}

/* What the vectors in tmp hold, up to max bytes and snaplen. */
PROBE_INLINE void socket_fill_iov(struct fill *f, __u32 n, __u64 max, __u32 snaplen)
{
	struct socket_gather g = {
		.data = f->data,
		.iov = (void *)f->scratch->tmp,
		.pos = f->pos,
		.left = max > snaplen ? snaplen : max,
	};

	if (g.left)
		bpf_loop(n, socket_gather_step, &g, 0);
	n = g.pos - f->pos;
	fill_len(f, n);
	fill_advance(f, n);
}

/* ---- struct msghdr ---------------------------------------------------------------- */

struct socket_msghdr {
	__u64 name;
	__u64 name_len;
	__u64 iov;
	__u64 iov_len;
	__u64 control;
	__u64 control_len;
	__u64 flags;
	__u64 len; /* behind it in struct mmsghdr */
};

struct socket_msghdr_compat {
	__u32 name;
	__u32 name_len;
	__u32 iov;
	__u32 iov_len;
	__u32 control;
	__u32 control_len;
	__u32 flags;
	__u32 len;
};

/* Loads the message at ptr once; with its length when it is one of several. */
PROBE_INLINE void socket_load_message(struct fill *f, __u64 ptr, bool many)
{
	if (f->have_message)
		return;
	f->have_message = true;
	if (f->compat) {
		struct socket_msghdr_compat m = {};

		f->message.ok =
			!bpf_probe_read_user(&m, many ? sizeof(m) : sizeof(m) - 4, (void *)ptr);
		f->message.name = m.name;
		f->message.iov = m.iov;
		f->message.iov_len = m.iov_len;
		f->message.control = m.control;
		f->message.control_len = m.control_len;
		f->message.len = m.len;
	} else {
		struct socket_msghdr m = {};

		f->message.ok =
			!bpf_probe_read_user(&m, many ? sizeof(m) : sizeof(m) - 8, (void *)ptr);
		f->message.name = m.name;
		f->message.iov = m.iov;
		f->message.iov_len = m.iov_len;
		f->message.control = m.control;
		f->message.control_len = m.control_len;
		f->message.len = m.len;
	}
}

/* ---- socket options ---------------------------------------------------------------- */

PROBE_INLINE void socket_fill_option(struct fill *f, __u64 level, __u64 name, __u64 ptr, __u32 len)
{
	__u8 option = conv_sockopt_name(level, name);
	__u32 start = f->pos;
	__u64 v[2] = {};
	__u32 v32 = 0;

	switch (option) {
	case SAKER_FLAG_sockopt_options_SO_ERROR:
		bpf_probe_read_user(&v32, sizeof(v32), (void *)ptr);
		fill_raw8(f, SAKER_DYN_sockopt_dynamic_param_ERRNO);
		fill_raw64(f, -(__s64)(__s32)v32);
		break;
	case SAKER_FLAG_sockopt_options_SO_RCVTIMEO:
	case SAKER_FLAG_sockopt_options_SO_SNDTIMEO:
		/* The numbers since 5.1 have it 64 bits wide whoever calls. */
		if (f->compat && name != SOCKOPT_RCVTIMEO_NEW && name != SOCKOPT_SNDTIMEO_NEW) {
			bpf_probe_read_user(&v32, sizeof(v32), (void *)ptr);
			v[0] = (__s32)v32;
			bpf_probe_read_user(&v32, sizeof(v32), (void *)(ptr + sizeof(v32)));
			v[1] = (__s32)v32;
		} else {
			bpf_probe_read_user(v, sizeof(v), (void *)ptr);
		}
		fill_raw8(f, SAKER_DYN_sockopt_dynamic_param_TIMEVAL);
		fill_raw64(f, v[0] * 1000000000 + v[1] * 1000);
		break;
	case SAKER_FLAG_sockopt_options_SO_COOKIE:
		bpf_probe_read_user(v, sizeof(v[0]), (void *)ptr);
		fill_raw8(f, SAKER_DYN_sockopt_dynamic_param_UINT64);
		fill_raw64(f, v[0]);
		break;
	case 0:
	case SAKER_FLAG_sockopt_options_SO_LINGER:
	case SAKER_FLAG_sockopt_options_SO_PEERCRED:
	case SAKER_FLAG_sockopt_options_SO_ATTACH_FILTER:
	case SAKER_FLAG_sockopt_options_SO_PEERNAME:
	case SAKER_FLAG_sockopt_options_SO_ATTACH_BPF:
	case SAKER_FLAG_sockopt_options_SO_PEERGROUPS:
	case SAKER_FLAG_sockopt_options_SO_MEMINFO:
		fill_raw8(f, SAKER_DYN_sockopt_dynamic_param_UNKNOWN);
		fill_raw_user(f, ptr, len, PROBE_PATH_MAX);
		break;
	default:
		bpf_probe_read_user(&v32, sizeof(v32), (void *)ptr);
		fill_raw8(f, SAKER_DYN_sockopt_dynamic_param_UINT32);
		fill_raw32(f, v32);
	}
	fill_len(f, f->pos - start);
}

#endif /* SAKER_BPF_SOCKET_H */
