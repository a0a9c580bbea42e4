/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What traffic tells of a socket's ends. A datagram socket's peer changes with
 * each message, so sends and receives may change an fd's tuple and with it its
 * name; and messages may bring fds along.
 */
#include "socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* The message's ends into the fd. False when nothing is new. */
static bool update_from_tuple(struct saker_state *s, struct enrich_fd *fd,
			      const struct enrich_socket_ends *t)
{
	if (!t->family)
		return false;
	if (t->family == AF_PPM_UNIX) {
		fd->type = ENRICH_FD_UNIX_SOCK;
		enrich_socket_set_unix_name(s, fd, t);
		return false;
	}
	enrich_socket_set_type(fd, t->family);
	if (!enrich_socket_set_ends(&fd->more->tuple, t))
		return false;
	/* TCP would have failed, had the address changed in the middle of it. */
	if (fd->more->tuple.l4 == ENRICH_L4_UNKNOWN)
		fd->more->tuple.l4 = ENRICH_L4_UDP;
	enrich_fd_infer_local(s, fd);
	return true;
}

static bool is_tcp(const struct enrich_fd *fd)
{
	return (fd->type == ENRICH_FD_IPV4_SOCK || fd->type == ENRICH_FD_IPV6_SOCK) &&
	       enrich_fd_tuple(fd)->l4 == ENRICH_L4_TCP;
}

/* Would the tuple change nothing? Asked first, for enrich_socket_own() may have to copy. */
static bool tuple_is_known(const struct enrich_fd *fd, const struct enrich_socket_ends *t)
{
	struct enrich_tuple copy = *enrich_fd_tuple(fd);

	if (t->family == AF_PPM_UNIX)
		return false;
	return fd->type == (t->family == AF_PPM_INET ? ENRICH_FD_IPV4_SOCK : ENRICH_FD_IPV6_SOCK) &&
	       !enrich_socket_set_ends(&copy, t);
}

/* Of a message whose sender was not asked for there is the socket's own peer, if it has one. */
static bool is_from_nobody(const struct enrich_socket_ends *t)
{
	static const uint8_t zero[16];

	return t->family != AF_PPM_UNIX && t->src.port == 0 &&
	       memcmp(t->src.ip, zero, t->family == AF_PPM_INET ? 4 : 16) == 0;
}

static void traffic_tuple(struct saker_state *s, struct saker_record *r, uint32_t param,
			  bool incoming)
{
	struct enrich_socket_ends t = enrich_socket_tuple(r, param);
	struct enrich_str *old;
	struct enrich_fd *fd;

	if (!t.family || tuple_is_known(r->fd, &t) || (incoming && is_from_nobody(&t)))
		return;
	enrich_socket_name_begin(r, &old);
	fd = enrich_socket_own(r);
	if (fd && update_from_tuple(s, fd, &t)) {
		/* A server usually begins by receiving, a client by sending. */
		if (!(fd->flags & (ENRICH_FD_ROLE_CLIENT | ENRICH_FD_ROLE_SERVER)))
			fd->flags |= incoming ? ENRICH_FD_ROLE_SERVER : ENRICH_FD_ROLE_CLIENT;
		/* Source is whom it comes from; ends are kept as client, then server. */
		if (fd->flags & (incoming ? ENRICH_FD_ROLE_CLIENT : ENRICH_FD_ROLE_SERVER))
			enrich_fd_swap_ends(fd);
		enrich_fd_set_tuple_name(s, fd);
	}
	enrich_socket_name_end(r, old);
}

/* All reads and writes come here; `param` = where the tuple is, 0 = the call has none. */
static void traffic(struct saker_state *s, struct saker_record *r, uint32_t param, bool incoming)
{
	struct enrich_fd *fd;
	bool ip;

	/* With an address it is a socket, whatever we took it for. */
	if (!r->fd || (!param && !enrich_fd_is_socket(r->fd)) || !enrich_socket_succeeded(r))
		return;
	ip = r->fd->type == ENRICH_FD_IPV4_SOCK || r->fd->type == ENRICH_FD_IPV6_SOCK;
	if (ip && !(r->fd->flags & ENRICH_FD_CONNECTED)) {
		fd = enrich_socket_own(r);
		if (fd)
			fd->flags = (uint16_t)((fd->flags | ENRICH_FD_CONNECTED) &
					       ~(ENRICH_FD_PENDING | ENRICH_FD_FAILED));
	}
	if (param && (!r->fd->name || !is_tcp(r->fd)))
		traffic_tuple(s, r, param, incoming);
}

static void on_read(struct saker_state *s, struct saker_record *r)
{
	traffic(s, r, 0, true);
}

static void on_write(struct saker_state *s, struct saker_record *r)
{
	traffic(s, r, 0, false);
}

static void on_recv(struct saker_state *s, struct saker_record *r)
{
	traffic(s, r, 4, true);
}

static void on_recvfrom(struct saker_state *s, struct saker_record *r)
{
	traffic(s, r, 2, true);
}

/* We missed socket(): traffic with an address is most likely UDP. */
static void infer_socket(struct saker_state *s, struct saker_record *r)
{
	struct enrich_socket_ends t = enrich_socket_tuple(r, 4);
	struct enrich_fd *fd;

	if (!enrich_socket_succeeded(r) || r->fd || r->fd_num < 0)
		return;
	if (t.family != AF_PPM_INET && t.family != AF_PPM_INET6)
		return;
	fd = enrich_socket_make(s, r, r->fd_num, t.family, SOCK_DGRAM, IPPROTO_UDP);
	if (fd)
		fd->flags |= ENRICH_FD_INFERRED;
}

/* send, sendto, sendmsg */
static void on_send(struct saker_state *s, struct saker_record *r)
{
	infer_socket(s, r);
	traffic(s, r, 4, false);
}

static void on_sendmmsg(struct saker_state *s, struct saker_record *r)
{
	traffic(s, r, 4, false);
}

/* ---- passed fds
 * ----------------------------------------------------------------------------------- */

/* The head of a control message, in the shape that the receiver has it. */
struct control {
	size_t len;
	size_t header;
	size_t align;
	int level;
	int type;
};

/*
 * False: there is none. A 32-bit program's length is half as wide; read as a
 * wide one it takes the level in and is more than any message has.
 */
static bool read_control(const uint8_t *data, size_t len, struct control *ret)
{
	struct cmsghdr wide;
	uint32_t narrow[3]; /* length, level, type */

	if (len >= sizeof(wide)) {
		memcpy(&wide, data, sizeof(wide));
		if (wide.cmsg_len >= sizeof(wide) && wide.cmsg_len <= len) {
			*ret = (struct control){wide.cmsg_len, sizeof(wide), sizeof(size_t),
						wide.cmsg_level, wide.cmsg_type};
			return true;
		}
	}
	if (len < sizeof(narrow))
		return false;
	memcpy(narrow, data, sizeof(narrow));
	*ret = (struct control){narrow[0], sizeof(narrow), sizeof(uint32_t), (int)narrow[1],
				(int)narrow[2]};
	return narrow[0] >= sizeof(narrow) && narrow[0] <= len;
}

/* Drops what we believed of the numbers in an SCM_RIGHTS message; the last of them, or -1. */
static int64_t forget_passed(struct saker_state *s, struct saker_record *r, const uint8_t *data,
			     size_t len)
{
	struct control c;
	int64_t last = -1;

	while (read_control(data, len, &c)) {
		bool rights = c.level == SOL_SOCKET && c.type == SCM_RIGHTS;
		size_t step = (c.len + c.align - 1) & ~(c.align - 1);

		for (size_t i = c.header; rights && i + 4 <= c.len; i += 4) {
			last = (int32_t)saker_load_u32(data + i);
			enrich_fd_remove(s, r->thread->files, last);
		}
		if (step > len)
			break;
		data += step;
		len -= step;
	}
	return last;
}

static void passed_fds(struct saker_state *s, struct saker_record *r, uint32_t param)
{
	const struct saker_param *p = enrich_param(r, param);
	int64_t fd;

	if (!p || !enrich_socket_succeeded(r) || !r->fd || r->fd->type != ENRICH_FD_UNIX_SOCK ||
	    !s->refill)
		return;
	fd = forget_passed(s, r, p->data, p->len);
	if (fd >= 0)
		(void)enrich_record_refill(s, r, fd);
}

static void on_recvmsg(struct saker_state *s, struct saker_record *r)
{
	traffic(s, r, 3, true);
	passed_fds(s, r, 4);
}

static void on_recvmmsg(struct saker_state *s, struct saker_record *r)
{
	traffic(s, r, 4, true);
	passed_fds(s, r, 5);
}

const struct enrich_handler enrich_handlers_traffic[] = {
	{SAKER_EV_SYSCALL_READ_X, on_read},
	{SAKER_EV_SYSCALL_WRITE_X, on_write},
	{SAKER_EV_SOCKET_SEND_X, on_send},
	{SAKER_EV_SOCKET_SENDTO_X, on_send},
	{SAKER_EV_SOCKET_RECV_X, on_recv},
	{SAKER_EV_SOCKET_RECVFROM_X, on_recvfrom},
	{SAKER_EV_SOCKET_SENDMSG_X, on_send},
	{SAKER_EV_SOCKET_SENDMMSG_X, on_sendmmsg},
	{SAKER_EV_SOCKET_RECVMSG_X, on_recvmsg},
	{SAKER_EV_SOCKET_RECVMMSG_X, on_recvmmsg},
	{SAKER_EV_SYSCALL_PREAD_X, on_read},
	{SAKER_EV_SYSCALL_PWRITE_X, on_write},
	{SAKER_EV_SYSCALL_READV_X, on_read},
	{SAKER_EV_SYSCALL_WRITEV_X, on_write},
	{SAKER_EV_SYSCALL_PREADV_X, on_read},
	{SAKER_EV_SYSCALL_PWRITEV_X, on_write},
	{0, NULL},
};
