// SPDX-License-Identifier: Apache-2.0
/* Sockets: addresses, tuples, messages and options; on loopback and unix sockets only. */
#include "live.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

/* family, address, port: what a SOCKADDR parameter holds. */
static size_t addr4(uint8_t *out, uint32_t addr, uint16_t port)
{
	out[0] = AF_INET;
	memcpy(out + 1, &addr, 4);
	memcpy(out + 5, &port, 2);
	return 7;
}

static size_t tuple4(uint8_t *out, uint32_t a, uint16_t a_port, uint32_t b, uint16_t b_port)
{
	addr4(out, a, a_port);
	memcpy(out + 7, &b, 4);
	memcpy(out + 11, &b_port, 2);
	return 13;
}

static size_t tuple6(uint8_t *out, const struct in6_addr *a, uint16_t a_port,
		     const struct in6_addr *b, uint16_t b_port)
{
	out[0] = AF_INET6;
	memcpy(out + 1, a, 16);
	memcpy(out + 17, &a_port, 2);
	memcpy(out + 19, b, 16);
	memcpy(out + 35, &b_port, 2);
	return 37;
}

static uint16_t local_port(int fd)
{
	struct sockaddr_storage s;
	socklen_t len = sizeof(s);

	assert_int_equal(getsockname(fd, (void *)&s, &len), 0);
	return ntohs(s.ss_family == AF_INET ? ((struct sockaddr_in *)&s)->sin_port
					    : ((struct sockaddr_in6 *)&s)->sin6_port);
}

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

static void t_socket(struct live *live)
{
	int fd;

	BEGIN(SOCKET_SOCKET_X);
	fd = (int)syscall(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	FIND();
	I64("fd", fd);
	U32("domain", SAKER_FLAG_socket_families_AF_INET6);
	U32("type", SOCK_DGRAM | SOCK_CLOEXEC);
	U32("proto", IPPROTO_UDP);
	U32("flags", SAKER_FLAG_file_flags_O_CLOEXEC);
	END();
	close(fd);

	/* A family beyond the schema. */
	BEGIN(SOCKET_SOCKET_X);
	fd = (int)syscall(SYS_socket, 44, SOCK_RAW, 0);
	FIND();
	I64("fd", RESULT(fd));
	U32("domain", 0);
	U32("type", SOCK_RAW);
	U32("proto", 0);
	U32("flags", 0);
	END();
	close(fd);
}

static void t_socketpair(struct live *live)
{
	int fds[2];

	BEGIN(SOCKET_SOCKETPAIR_X);
	syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
	FIND();
	I64("res", 0);
	I64("fd1", fds[0]);
	I64("fd2", fds[1]);
	ANY("source");
	ANY("peer");
	assert_int_not_equal(saker_load_u64(live_param(live, "source")->data), 0);
	assert_int_not_equal(saker_load_u64(live_param(live, "source")->data),
			     saker_load_u64(live_param(live, "peer")->data));
	U32("domain", AF_UNIX);
	U32("type", SOCK_STREAM);
	U32("proto", 0);
	END();
	close(fds[0]);
	close(fds[1]);
}

/* A connection over loopback, with every call on the way. */
static void t_tcp(struct live *live)
{
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client, peer;
	struct sockaddr_in in = loopback(0);
	uint32_t lo = htonl(INADDR_LOOPBACK);
	uint16_t port, client_port;
	uint8_t want[64];
	char buf[16];
	long r;

	BEGIN(SOCKET_BIND_X);
	r = syscall(SYS_bind, server, &in, sizeof(in));
	FIND();
	I64("res", r);
	BYTES("addr", want, addr4(want, lo, 0));
	I64("fd", server);
	END();
	port = local_port(server);

	BEGIN(SOCKET_LISTEN_X);
	r = syscall(SYS_listen, server, 5);
	FIND();
	I64("res", r);
	I64("fd", server);
	U32("backlog", 5);
	END();

	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	in = loopback(port);
	BEGIN(SOCKET_CONNECT_X);
	r = syscall(SYS_connect, client, &in, sizeof(in));
	client_port = local_port(client);
	/* A signal on the way makes it two events, the first of them a restart. */
	live_find_i64(live, syscall(SYS_gettid), "res", r);
	I64("res", r);
	BYTES("tuple", want, tuple4(want, lo, client_port, lo, port));
	I64("fd", client);
	BYTES("addr", want, addr4(want, lo, port));
	END();

	BEGIN(SOCKET_ACCEPT4_6_X);
	peer = (int)syscall(SYS_accept4, server, NULL, NULL, SOCK_CLOEXEC);
	FIND();
	I64("fd", peer);
	BYTES("tuple", want, tuple4(want, lo, client_port, lo, port));
	U8("queuepct", 0);
	U32("queuelen", 0);
	U32("queuemax", 5);
	U32("flags", SAKER_FLAG_file_flags_O_CLOEXEC);
	END();

	BEGIN(SOCKET_SENDTO_X);
	r = syscall(SYS_sendto, client, "ping", 4L, 0, NULL, 0);
	FIND();
	I64("res", r);
	BYTES("data", "ping", 4);
	I64("fd", client);
	U32("size", 4);
	BYTES("tuple", want, tuple4(want, lo, client_port, lo, port));
	END();

	BEGIN(SOCKET_RECVFROM_X);
	r = syscall(SYS_recvfrom, peer, buf, sizeof(buf), 0, NULL, NULL);
	FIND();
	I64("res", r);
	BYTES("data", "ping", 4);
	BYTES("tuple", want, tuple4(want, lo, client_port, lo, port));
	I64("fd", peer);
	U32("size", sizeof(buf));
	END();

	BEGIN(SOCKET_SHUTDOWN_X);
	r = syscall(SYS_shutdown, client, SHUT_RDWR);
	FIND();
	I64("res", r);
	I64("fd", client);
	U8("how", SAKER_FLAG_shutdown_how_SHUT_RDWR);
	END();

	BEGIN(SOCKET_ACCEPT_5_X);
	fcntl(server, F_SETFL, O_NONBLOCK);
	r = syscall(SYS_accept, server, NULL, NULL);
	FIND();
	I64("fd", RESULT(r));
	EMPTY("tuple");
	U8("queuepct", 0);
	U32("queuelen", 0);
	U32("queuemax", 0);
	END();

	BEGIN(SOCKET_GETSOCKNAME_X);
	local_port(client);
	FIND();
	END();

	BEGIN(SOCKET_GETPEERNAME_X);
	syscall(SYS_getpeername, -1, NULL, NULL);
	FIND();
	END();
	close(peer);
	close(client);
	close(server);
}

/* Refused: nothing there to connect to, and what was asked for is still told. */
static void t_connect_refused(struct live *live)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = loopback(1);
	uint8_t want[64];
	long r;

	BEGIN(SOCKET_CONNECT_X);
	r = syscall(SYS_connect, fd, &in, sizeof(in));
	/* A signal on the way makes it two events, the first of them a restart. */
	live_find_i64(live, syscall(SYS_gettid), "res", RESULT(r));
	I64("res", RESULT(r));
	EMPTY("tuple");
	I64("fd", fd);
	BYTES("addr", want, addr4(want, htonl(INADDR_LOOPBACK), 1));
	END();
	close(fd);
}

/* IPv6 datagrams without a connection: the peer is in the call alone. */
static void t_udp6(struct live *live)
{
	int a = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0),
	    b = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
			    from;
	struct in6_addr lo = IN6ADDR_LOOPBACK_INIT, any = IN6ADDR_ANY_INIT;
	struct iovec iov[2] = {{"pi", 2}, {"ng!", 3}}, in = {NULL, 16};
	struct msghdr msg = {
		.msg_name = &in6, .msg_namelen = sizeof(in6), .msg_iov = iov, .msg_iovlen = 2};
	socklen_t len = sizeof(from);
	uint16_t a_port, b_port;
	uint8_t want[64];
	char buf[16];
	long r;

	if (bind(a, (void *)&in6, sizeof(in6)) < 0)
		return; /* no IPv6 here */
	a_port = local_port(a);
	in6.sin6_port = htons(a_port);

	BEGIN(SOCKET_SENDMSG_X);
	r = syscall(SYS_sendmsg, b, &msg, 0);
	FIND();
	b_port = local_port(b);
	I64("res", RESULT(r));
	BYTES("data", "ping!", 5);
	I64("fd", b);
	U32("size", 5);
	BYTES("tuple", want, tuple6(want, &any, b_port, &lo, a_port));
	END();

	BEGIN(SOCKET_RECVFROM_X);
	r = syscall(SYS_recvfrom, a, buf, sizeof(buf), 0, &from, &len);
	FIND();
	I64("res", r);
	BYTES("data", "ping!", 5);
	BYTES("tuple", want, tuple6(want, &lo, b_port, &lo, a_port));
	I64("fd", a);
	U32("size", sizeof(buf));
	END();

	in.iov_base = buf;
	msg = (struct msghdr){.msg_iov = &in, .msg_iovlen = 1};
	BEGIN(SOCKET_RECVMSG_X);
	r = syscall(SYS_recvmsg, a, &msg, MSG_DONTWAIT);
	FIND();
	I64("res", RESULT(r));
	U32("size", 0);
	EMPTY("data");
	EMPTY("tuple");
	EMPTY("msgcontrol");
	I64("fd", a);
	END();
	close(a);
	close(b);
}

/* A unix socket by path, and a descriptor passed over it. */
static void t_unix(struct live *live)
{
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = live_path(live, 0, "unix");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec iov = {"x", 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	const struct saker_param *p;
	uint8_t want[256] = {AF_UNIX};
	char buf[16];
	long r;
	int peer;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	memcpy(want + 1, path, strlen(path) + 1);
	BEGIN(SOCKET_BIND_X);
	r = syscall(SYS_bind, server, &un, offsetof(struct sockaddr_un, sun_path) + strlen(path));
	FIND();
	I64("res", r);
	BYTES("addr", want, strlen(path) + 2);
	I64("fd", server);
	END();
	assert_int_equal(listen(server, 1), 0);

	BEGIN(SOCKET_CONNECT_X);
	r = syscall(SYS_connect, client, &un, sizeof(un));
	FIND();
	I64("res", r);
	p = live_param(live, "tuple");
	assert_int_equal(p->len, 17 + strlen(path) + 1);
	assert_int_equal(p->data[0], AF_UNIX);
	assert_string_equal((const char *)p->data + 17, path);
	I64("fd", client);
	BYTES("addr", want, strlen(path) + 2);
	END();
	peer = accept(server, NULL, NULL);

	CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
	*(int *)CMSG_DATA(CMSG_FIRSTHDR(&msg)) = 1;
	assert_int_equal(sendmsg(client, &msg, 0), 1);
	iov.iov_base = buf;
	memset(&control, 0, sizeof(control));
	BEGIN(SOCKET_RECVMSG_X);
	r = syscall(SYS_recvmsg, peer, &msg, 0);
	FIND();
	I64("res", r);
	U32("size", 1);
	BYTES("data", "x", 1);
	p = live_param(live, "tuple");
	assert_string_equal((const char *)p->data + 17, path);
	BYTES("msgcontrol", &control, msg.msg_controllen);
	I64("fd", peer);
	END();
	close(*(int *)CMSG_DATA(CMSG_FIRSTHDR(&msg)));
	close(peer);
	close(client);
	close(server);
}

static void t_unix_abstract(struct live *live)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "\0saker-live"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long r;

	BEGIN(SOCKET_BIND_X);
	r = syscall(SYS_bind, fd, &un,
		    offsetof(struct sockaddr_un, sun_path) + sizeof("\0saker-live") - 1);
	FIND();
	I64("res", RESULT(r));
	BYTES("addr", "\1saker-live", sizeof("\1saker-live"));
	I64("fd", fd);
	END();
	close(fd);
}

/* The kernel keeps such a name without a NUL, and a longer one may have lain there before. */
static void t_unix_abstract_peer(struct live *live)
{
	static const char name[] = "\0saker-live-peer";
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof(name) - 1;
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), i;
	const struct saker_param *p;
	long r;

	/* Other names of the most that there can be, gone again. */
	memset(un.sun_path + 1, 'z', sizeof(un.sun_path) - 1);
	for (i = 0; i < 64; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (bind(fd, (void *)&un, sizeof(un)) < 0 && errno != EADDRINUSE)
			fail_msg("bind: %s", strerror(errno));
		close(fd);
	}
	memcpy(un.sun_path, name, sizeof(name));
	assert_int_equal(bind(server, (void *)&un, len), 0);
	assert_int_equal(listen(server, 1), 0);
	BEGIN(SOCKET_CONNECT_X);
	r = syscall(SYS_connect, client, &un, len);
	FIND();
	I64("res", r);
	p = live_param(live, "tuple");
	assert_int_equal(p->len, 17 + sizeof(name) - 1);
	assert_int_equal(p->data[0], AF_UNIX);
	assert_string_equal((const char *)p->data + 17, name + 1);
	I64("fd", client);
	BYTES("addr", "\1saker-live-peer", sizeof("\1saker-live-peer"));
	END();
	close(client);
	close(server);
}

static void t_mmsg(struct live *live)
{
	struct iovec iov[3] = {{"one", 3}, {"four", 4}, {"seven", 5}}, in[3];
	struct mmsghdr msgs[3];
	char buf[3][16];
	int fds[2], i;
	long r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	memset(msgs, 0, sizeof(msgs));
	for (i = 0; i < 3; i++) {
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	BEGIN(SOCKET_SENDMMSG_X);
	r = syscall(SYS_sendmmsg, fds[0], msgs, 3, 0);
	assert_int_equal(r, 3);
	for (i = 0; i < 3; i++) {
		FIND();
		I64("res", iov[i].iov_len);
		I64("fd", fds[0]);
		U32("size", iov[i].iov_len);
		BYTES("data", iov[i].iov_base, iov[i].iov_len);
		assert_int_equal(live_param(live, "tuple")->data[0], AF_UNIX);
		END();
	}
	for (i = 0; i < 3; i++) {
		in[i] = (struct iovec){buf[i], sizeof(buf[i])};
		msgs[i].msg_hdr.msg_iov = &in[i];
	}
	BEGIN(SOCKET_RECVMMSG_X);
	r = syscall(SYS_recvmmsg, fds[1], msgs, 3, 0, NULL);
	assert_int_equal(r, 3);
	for (i = 0; i < 3; i++) {
		FIND();
		I64("res", iov[i].iov_len);
		I64("fd", fds[1]);
		U32("size", iov[i].iov_len);
		BYTES("data", iov[i].iov_base, iov[i].iov_len);
		assert_int_equal(live_param(live, "tuple")->data[0], AF_UNIX);
		EMPTY("msgcontrol");
		END();
	}
	BEGIN(SOCKET_SENDMMSG_X);
	r = syscall(SYS_sendmmsg, -3, msgs, 3, 0);
	FIND();
	I64("res", RESULT(r));
	I64("fd", -3);
	U32("size", 0);
	EMPTY("data");
	EMPTY("tuple");
	END();
	BEGIN(SOCKET_RECVMMSG_X);
	r = syscall(SYS_recvmmsg, fds[1], msgs, 3, MSG_DONTWAIT, NULL);
	FIND();
	I64("res", RESULT(r));
	I64("fd", fds[1]);
	U32("size", 0);
	EMPTY("data");
	EMPTY("tuple");
	EMPTY("msgcontrol");
	END();
	close(fds[0]);
	close(fds[1]);
}

static void t_sockopt(struct live *live)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, got = 0;
	struct timeval tv = {.tv_sec = 2, .tv_usec = 500000};
	socklen_t len = sizeof(got);
	uint64_t ns = 2500000000;
	uint8_t want[16] = {SAKER_DYN_sockopt_dynamic_param_UINT32};
	long r;

	BEGIN(SOCKET_SETSOCKOPT_X);
	r = syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	FIND();
	memcpy(want + 1, &one, 4);
	I64("res", r);
	I64("fd", fd);
	U8("level", SAKER_FLAG_sockopt_levels_SOL_SOCKET);
	U8("optname", SAKER_FLAG_sockopt_options_SO_REUSEADDR);
	BYTES("val", want, 5);
	U32("optlen", 4);
	END();

	BEGIN(SOCKET_SETSOCKOPT_X);
	r = syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	FIND();
	want[0] = SAKER_DYN_sockopt_dynamic_param_TIMEVAL;
	memcpy(want + 1, &ns, 8);
	I64("res", r);
	I64("fd", fd);
	U8("level", SAKER_FLAG_sockopt_levels_SOL_SOCKET);
	U8("optname", SAKER_FLAG_sockopt_options_SO_RCVTIMEO);
	BYTES("val", want, 9);
	U32("optlen", sizeof(tv));
	END();

	BEGIN(SOCKET_SETSOCKOPT_X);
	r = syscall(SYS_setsockopt, fd, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
	FIND();
	want[0] = SAKER_DYN_sockopt_dynamic_param_UNKNOWN;
	memcpy(want + 1, &one, 4);
	I64("res", r);
	I64("fd", fd);
	U8("level", SAKER_FLAG_sockopt_levels_SOL_TCP);
	U8("optname", 0);
	BYTES("val", want, 5);
	U32("optlen", 4);
	END();

	BEGIN(SOCKET_GETSOCKOPT_X);
	r = syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &got, &len);
	FIND();
	memset(want, 0, sizeof(want));
	want[0] = SAKER_DYN_sockopt_dynamic_param_ERRNO;
	I64("res", r);
	I64("fd", fd);
	U8("level", SAKER_FLAG_sockopt_levels_SOL_SOCKET);
	U8("optname", SAKER_FLAG_sockopt_options_SO_ERROR);
	BYTES("val", want, 9);
	U32("optlen", 4);
	END();
	close(fd);
}

const struct live_case live_socket_cases[] = {
	CASE(t_socket), CASE(t_socketpair), CASE(t_tcp),	   CASE(t_connect_refused),
	CASE(t_udp6),	CASE(t_unix),	    CASE(t_unix_abstract), CASE(t_unix_abstract_peer),
	CASE(t_mmsg),	CASE(t_sockopt),    {NULL, NULL},
};
