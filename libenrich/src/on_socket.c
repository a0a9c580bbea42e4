/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: made, bound, connected, accepted; and what handlers of sockets share
 * (socket.h).
 */
#include "socket.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#define TUPLE_IP4 13u /* family, 2 x (4 + 2) */
#define TUPLE_IP6 37u
#define TUPLE_UNIX_MIN 18u /* family, two pointers, a path of at least its NUL */
#define ADDR_IP4 7u
#define ADDR_IP6 19u
#define UNIX_NAME_MAX 160u

/* ---- parameters -------------------------------------------------------------------------- */

struct enrich_socket_ends enrich_socket_tuple(const struct saker_record *r, uint32_t i)
{
	const struct saker_param *p = enrich_param(r, i);
	const uint8_t *d = p ? p->data : NULL;
	struct enrich_socket_ends t = {0};

	if (!p)
		return t;
	if (d[0] == AF_PPM_INET && p->len >= TUPLE_IP4) {
		t.family = AF_PPM_INET;
		t.src = (struct enrich_socket_end){d + 1, saker_load_u16(d + 5)};
		t.dst = (struct enrich_socket_end){d + 7, saker_load_u16(d + 11)};
	} else if (d[0] == AF_PPM_INET6 && p->len >= TUPLE_IP6) {
		t.family = AF_PPM_INET6;
		t.src = (struct enrich_socket_end){d + 1, saker_load_u16(d + 17)};
		t.dst = (struct enrich_socket_end){d + 19, saker_load_u16(d + 35)};
		if (enrich_ip6_is_mapped(t.src.ip) && enrich_ip6_is_mapped(t.dst.ip)) {
			t.family = AF_PPM_INET;
			t.src.ip += 12;
			t.dst.ip += 12;
		}
	} else if (d[0] == AF_PPM_UNIX && p->len >= TUPLE_UNIX_MIN && d[p->len - 1] == '\0') {
		t.family = AF_PPM_UNIX;
		t.unix_src = saker_load_u64(d + 1);
		t.unix_dst = saker_load_u64(d + 9);
		t.path.text = (const char *)d + 17;
		t.path.len = (uint32_t)strlen(t.path.text);
	}
	return t;
}

/* A SOCKADDR parameter: in dst, or path. */
struct enrich_socket_ends enrich_socket_addr(const struct saker_record *r, uint32_t i)
{
	const struct saker_param *p = enrich_param(r, i);
	const uint8_t *d = p ? p->data : NULL;
	struct enrich_socket_ends t = {0};

	if (!p)
		return t;
	if (d[0] == AF_PPM_INET && p->len >= ADDR_IP4) {
		t.family = AF_PPM_INET;
		t.dst = (struct enrich_socket_end){d + 1, saker_load_u16(d + 5)};
	} else if (d[0] == AF_PPM_INET6 && p->len >= ADDR_IP6) {
		t.family = AF_PPM_INET6;
		t.dst = (struct enrich_socket_end){d + 1, saker_load_u16(d + 17)};
	} else if (d[0] == AF_PPM_UNIX && p->len >= 2 && d[p->len - 1] == '\0') {
		t.family = AF_PPM_UNIX;
		t.path.text = (const char *)d + 1;
		t.path.len = (uint32_t)strlen(t.path.text);
	}
	return t;
}

/* ---- the fd ------------------------------------------------------------------------------- */

/* The record's fd, for changing. */
struct enrich_fd *enrich_socket_own(struct saker_record *r)
{
	struct enrich_fd *fd = NULL;

	if (r->fd && r->thread)
		fd = enrich_fd_own(r->state, r->thread, r->fd_num);
	if (!fd)
		return NULL;
	r->fd = fd;
	return enrich_fd_need_tuple(r->state, fd) ? fd : NULL;
}

static size_t ip_len(uint8_t family)
{
	return family == AF_PPM_INET ? 4 : 16;
}

void enrich_socket_set_type(struct enrich_fd *fd, uint8_t family)
{
	fd->type = family == AF_PPM_INET    ? ENRICH_FD_IPV4_SOCK
		   : family == AF_PPM_INET6 ? ENRICH_FD_IPV6_SOCK
					    : ENRICH_FD_UNIX_SOCK;
}

static bool same_end(const uint8_t *ip, uint16_t port, const struct enrich_socket_end *e,
		     size_t len)
{
	return port == e->port && memcmp(ip, e->ip, len) == 0;
}

/* False when the fd has these ends already, in either order. */
bool enrich_socket_set_ends(struct enrich_tuple *f, const struct enrich_socket_ends *t)
{
	size_t len = ip_len(t->family);

	if (same_end(f->sip, f->sport, &t->src, len) && same_end(f->dip, f->dport, &t->dst, len))
		return false;
	if (same_end(f->dip, f->dport, &t->src, len) && same_end(f->sip, f->sport, &t->dst, len))
		return false;
	memcpy(f->sip, t->src.ip, len);
	memcpy(f->dip, t->dst.ip, len);
	f->sport = t->src.port;
	f->dport = t->dst.port;
	return true;
}

/* Text kept by the fd changed: say so when it did. */
void enrich_socket_name_begin(const struct saker_record *r, struct enrich_str **ret_old)
{
	*ret_old = enrich_str_ref(r->fd ? r->fd->name : NULL);
}

void enrich_socket_name_end(struct saker_record *r, struct enrich_str *old)
{
	const struct enrich_str *now = r->fd ? r->fd->name : NULL;

	if (now != old && (enrich_str_len(now) != enrich_str_len(old) ||
			   memcmp(enrich_str_text(now), enrich_str_text(old), enrich_str_len(now))))
		r->flags |= ENRICH_RECORD_NAME_CHANGED;
	enrich_str_unref(r->state, old);
}

void enrich_socket_set_unix_name(struct saker_state *s, struct enrich_fd *fd,
				 const struct enrich_socket_ends *t)
{
	char name[UNIX_NAME_MAX];
	int len;

	len = snprintf(name, sizeof(name), "%llx->%llx %.*s", (unsigned long long)t->unix_src,
		       (unsigned long long)t->unix_dst, (int)MIN(t->path.len, 110u), t->path.text);
	enrich_str_set(s, &fd->name, name, MIN((size_t)len, sizeof(name) - 1));
	fd->more->tuple.unix_source = t->unix_src;
	fd->more->tuple.unix_dest = t->unix_dst;
}

/* ---- making -------------------------------------------------------------------------------- */

static uint8_t l4_of(uint32_t type, uint32_t protocol)
{
	bool raw = (type & 0xff) == SOCK_RAW;

	switch (protocol) {
	case IPPROTO_TCP:
		return raw ? ENRICH_L4_RAW : ENRICH_L4_TCP;
	case IPPROTO_UDP:
		return raw ? ENRICH_L4_RAW : ENRICH_L4_UDP;
	case IPPROTO_ICMP:
		return raw ? ENRICH_L4_RAW : ENRICH_L4_ICMP;
	case IPPROTO_RAW:
		return ENRICH_L4_RAW;
	case IPPROTO_IP:
		if ((type & 0xff) == SOCK_STREAM)
			return ENRICH_L4_TCP;
		return (type & 0xff) == SOCK_DGRAM ? ENRICH_L4_UDP : ENRICH_L4_UNKNOWN;
	default:
		return ENRICH_L4_UNKNOWN;
	}
}

struct enrich_fd *enrich_socket_make(struct saker_state *s, struct saker_record *r, int64_t num,
				     uint32_t domain, uint32_t type, uint32_t protocol)
{
	struct enrich_fd *fd = enrich_fd_add(s, r->thread, num);
	struct enrich_tuple *tuple;

	enrich_record_set_fd(r, fd, num);
	if (!fd)
		return NULL;
	tuple = enrich_fd_need_tuple(s, fd);
	switch (domain) {
	case AF_PPM_INET:
	case AF_PPM_INET6:
		enrich_socket_set_type(fd, (uint8_t)domain);
		if (tuple)
			tuple->l4 = l4_of(type, protocol);
		break;
	case AF_PPM_UNIX:
		fd->type = ENRICH_FD_UNIX_SOCK;
		break;
	case AF_PPM_NETLINK:
		fd->type = ENRICH_FD_NETLINK;
		break;
	default:
		fd->type = ENRICH_FD_UNKNOWN;
		break;
	}
	return fd;
}

static void on_socket(struct saker_state *s, struct saker_record *r)
{
	struct enrich_fd *fd;

	if (!enrich_socket_succeeded(r))
		return;
	fd = enrich_socket_make(s, r, r->res, enrich_param_u32(r, 1), enrich_param_u32(r, 2),
				enrich_param_u32(r, 3));
	if (fd)
		fd->open_flags = (uint16_t)enrich_param_u32(r, 4);
}

static void on_socketpair(struct saker_state *s, struct saker_record *r)
{
	int64_t fds[2] = {enrich_param_int(r, 1, -1), enrich_param_int(r, 2, -1)};
	const struct enrich_fd *first = NULL;

	if (!enrich_socket_succeeded(r) || fds[0] == fds[1])
		return;
	for (int i = 0; i < 2; i++) {
		struct enrich_fd *fd = enrich_fd_add(s, r->thread, fds[i]);

		if (!fd)
			continue;
		fd->type = ENRICH_FD_UNIX_SOCK;
		fd->flags = ENRICH_FD_SOCKETPIPE;
		if (enrich_param_u32(r, 6) & SOCK_CLOEXEC)
			fd->open_flags = O_PPM_CLOEXEC;
		if (enrich_fd_need_tuple(s, fd)) {
			fd->more->tuple.unix_source = enrich_param_u64(r, 3);
			fd->more->tuple.unix_dest = enrich_param_u64(r, 4);
		}
		if (i == 0)
			first = fd;
	}
	/* As Falco shows it: the first one's contents under the second one's number. */
	enrich_record_set_fd(r, first, fds[1]);
}

/* accept, accept4 */
static void on_accept(struct saker_state *s, struct saker_record *r)
{
	struct enrich_socket_ends t = enrich_socket_tuple(r, 1);
	struct enrich_fd *fd;

	if (!enrich_socket_succeeded(r))
		return;
	r->fd_num = r->res;
	if (!t.family) {
		enrich_fd_replaced(s, r->thread, r->res);
		return;
	}
	fd = enrich_fd_add(s, r->thread, r->res);
	if (!fd)
		return;
	enrich_socket_set_type(fd, t.family);
	fd->flags = ENRICH_FD_ROLE_SERVER | ENRICH_FD_CONNECTED;
	if (r->view.event->type == SAKER_EV_SOCKET_ACCEPT4_6_X)
		fd->open_flags = (uint16_t)enrich_param_int(r, 5, 0) & O_PPM_CLOEXEC;
	if (!enrich_fd_need_tuple(s, fd)) {
		enrich_record_set_fd(r, fd, r->res);
		return;
	}
	if (t.family == AF_PPM_UNIX) {
		enrich_socket_set_unix_name(s, fd, &t);
	} else {
		fd->more->tuple.l4 = ENRICH_L4_TCP;
		enrich_socket_set_ends(&fd->more->tuple, &t);
		enrich_fd_set_tuple_name(s, fd);
	}
	enrich_record_set_fd(r, fd, r->res);
}

/* ---- binding, connecting --------------------------------------------------------------------- */

/* An address of IPv4 that was written as one of IPv6. */
static void unmap(struct enrich_socket_ends *addr)
{
	if (addr->family != AF_PPM_INET6 || !enrich_ip6_is_mapped(addr->dst.ip))
		return;
	addr->family = AF_PPM_INET;
	addr->dst.ip += 12;
}

static void bind_ip(struct saker_state *s, struct enrich_fd *fd, struct enrich_socket_ends *addr)
{
	struct enrich_fd_more ends = {0};
	struct enrich_fd text = {.more = &ends};
	uint8_t l4 = fd->more->tuple.l4;

	/* The name is the address as given, whatever becomes of it. */
	text.type = addr->family == AF_PPM_INET ? ENRICH_FD_IPV4_SERVER : ENRICH_FD_IPV6_SERVER;
	text.name = fd->name;
	memcpy(ends.tuple.dip, addr->dst.ip, ip_len(addr->family));
	ends.tuple.dport = addr->dst.port;
	enrich_fd_set_tuple_name(s, &text);
	fd->name = text.name;
	/* No port given means that it is a client's: the kernel will choose one. */
	if (addr->dst.port == 0)
		return;
	unmap(addr);
	memset(&fd->more->tuple, 0, sizeof(fd->more->tuple));
	fd->type = addr->family == AF_PPM_INET ? ENRICH_FD_IPV4_SERVER : ENRICH_FD_IPV6_SERVER;
	memcpy(fd->more->tuple.dip, addr->dst.ip, ip_len(addr->family));
	fd->more->tuple.dport = addr->dst.port;
	fd->more->tuple.l4 = l4;
	fd->flags |= ENRICH_FD_ROLE_SERVER;
}

static void on_bind(struct saker_state *s, struct saker_record *r)
{
	struct enrich_socket_ends addr = enrich_socket_addr(r, 1);
	const struct saker_param *p = enrich_param(r, 1);
	struct enrich_str *old;
	struct enrich_fd *fd;
	char text[16];
	int len;

	if (!enrich_socket_succeeded(r) || !r->fd || !p)
		return;
	if (!addr.family &&
	    (p->data[0] == AF_PPM_INET || p->data[0] == AF_PPM_INET6 || p->data[0] == AF_PPM_UNIX))
		return; /* malformed */
	enrich_socket_name_begin(r, &old);
	fd = enrich_socket_own(r);
	if (fd && addr.family == AF_PPM_UNIX) {
		enrich_str_set(s, &fd->name, addr.path.text, addr.path.len);
	} else if (fd && addr.family) {
		bind_ip(s, fd, &addr);
	} else if (fd) {
		len = snprintf(text, sizeof(text), "family %u", p->data[0]);
		enrich_str_set(s, &fd->name, text, (size_t)len);
	}
	enrich_socket_name_end(r, old);
}

/*
 * A program may change the address in its memory between the check and the
 * use. The kernel's own tuple is the truth; when it merely repeats the address
 * that was read at the end, the one read at the start counts more.
 */
static void trust_entry(const struct saker_record *r, struct enrich_socket_ends *t)
{
	struct saker_record entry = {.thread = r->thread};
	struct enrich_socket_ends at_exit = enrich_socket_addr(r, 3);
	struct enrich_socket_ends at_entry;

	if (!enrich_record_entry(r, SAKER_EV_SOCKET_CONNECT_E, &entry.view))
		return;
	at_entry = enrich_socket_addr(&entry, 1);
	if (t->family == AF_PPM_INET) {
		unmap(&at_exit);
		unmap(&at_entry);
	}
	if (!at_exit.family || !at_entry.family || at_exit.family != at_entry.family)
		return;
	if (at_entry.family == AF_PPM_UNIX) {
		if (t->family == AF_PPM_UNIX && t->path.len == at_exit.path.len &&
		    memcmp(t->path.text, at_exit.path.text, t->path.len) == 0)
			t->path = at_entry.path;
		return;
	}
	if (t->family != at_entry.family || t->dst.port != at_exit.dst.port ||
	    memcmp(t->dst.ip, at_exit.dst.ip, ip_len(t->family)) != 0)
		return;
	t->dst = at_entry.dst;
}

/* No tuple (TCP fast open has no socket address yet): what was asked for. */
static void connect_from_addr(struct saker_state *s, struct saker_record *r, struct enrich_fd *fd)
{
	struct saker_record entry = {.thread = r->thread};
	struct enrich_socket_ends addr = {0};

	if (r->thread->entry && enrich_record_entry(r, SAKER_EV_SOCKET_CONNECT_E, &entry.view))
		addr = enrich_socket_addr(&entry, 1);
	if (!addr.family)
		addr = enrich_socket_addr(r, 3);
	if (addr.family == AF_PPM_UNIX) {
		enrich_str_set(s, &fd->name, addr.path.text, addr.path.len);
		return;
	}
	if (!addr.family)
		return;
	unmap(&addr);
	enrich_socket_set_type(fd, addr.family);
	memcpy(fd->more->tuple.dip, addr.dst.ip, ip_len(addr.family));
	fd->more->tuple.dport = addr.dst.port;
}

static void on_connect(struct saker_state *s, struct saker_record *r)
{
	struct enrich_socket_ends t = enrich_socket_tuple(r, 1);
	struct enrich_str *old;
	struct enrich_fd *fd;
	bool changed;

	if (!r->thread || !r->fd || !(r->flags & ENRICH_RECORD_HAS_RES))
		return;
	if (r->res < 0 && r->res != -EINPROGRESS)
		return;
	enrich_socket_name_begin(r, &old);
	fd = enrich_socket_own(r);
	if (fd) {
		fd->flags &= (uint16_t) ~(ENRICH_FD_PENDING | ENRICH_FD_FAILED);
		fd->flags |= ENRICH_FD_CONNECTED;
	}
	if (fd && !enrich_param(r, 1)) {
		connect_from_addr(s, r, fd);
	} else if (fd && t.family) {
		if (unlikely(r->thread->entry))
			trust_entry(r, &t);
		if (t.family != AF_PPM_UNIX) {
			enrich_socket_set_type(fd, t.family);
			changed = enrich_socket_set_ends(&fd->more->tuple, &t);
			/* A UDP server that connects: its peer is the client. */
			if (changed && fd->flags & ENRICH_FD_ROLE_SERVER &&
			    fd->more->tuple.l4 == ENRICH_L4_UDP)
				enrich_fd_swap_ends(fd);
			enrich_fd_set_tuple_name(s, fd);
		} else if (fd->type == ENRICH_FD_UNIX_SOCK) {
			enrich_socket_set_unix_name(s, fd, &t);
		}
		if (!(fd->flags & (ENRICH_FD_ROLE_CLIENT | ENRICH_FD_ROLE_SERVER)))
			fd->flags |= ENRICH_FD_ROLE_CLIENT;
	}
	enrich_socket_name_end(r, old);
}

const struct enrich_handler enrich_handlers_socket[] = {
	{SAKER_EV_SOCKET_SOCKET_X, on_socket},
	{SAKER_EV_SOCKET_BIND_X, on_bind},
	{SAKER_EV_SOCKET_CONNECT_X, on_connect},
	{SAKER_EV_SOCKET_SOCKETPAIR_X, on_socketpair},
	{SAKER_EV_SOCKET_ACCEPT_5_X, on_accept},
	{SAKER_EV_SOCKET_ACCEPT4_6_X, on_accept},
	{0, NULL},
};
