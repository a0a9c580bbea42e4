// SPDX-License-Identifier: Apache-2.0
/* Sockets through an io_uring; on loopback only. */
#include "uring_case.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	return ntohs(in.sin_port);
}

static size_t address(uint8_t *out, uint16_t port)
{
	uint32_t ip = htonl(INADDR_LOOPBACK);

	memcpy(out, &ip, 4);
	memcpy(out + 4, &port, 2);
	return 6;
}

/* A SOCKADDR of loopback, or a SOCKTUPLE when there are two ports. */
static void check_ports(struct live *live, const char *name, uint16_t from, uint16_t to)
{
	uint8_t bytes[16] = {AF_INET};
	size_t n = 1 + address(bytes + 1, from);

	if (to)
		n += address(bytes + n, to);
	BYTES(name, bytes, n);
}

static int listening(void)
{
	struct sockaddr_in in = loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 10), 0);
	return fd;
}

static void t_socket(struct live *live)
{
	struct io_uring_sqe *s;
	int fd;

	BEGIN(SOCKET_SOCKET_X);
	s = sqe(IORING_OP_SOCKET, AF_INET6);
	s->off = SOCK_DGRAM | SOCK_CLOEXEC;
	s->len = IPPROTO_UDP;
	fd = uring_run(&ring);
	if (fd == -EINVAL) {
		printf("no socket operation here\n");
		return;
	}
	assert_true(fd >= 0);
	FIND();
	I64("fd", fd);
	U32("domain", SAKER_FLAG_socket_families_AF_INET6);
	/* The kernel keeps what makes a descriptor apart from the type. */
	live_any(live, "type");
	U32("proto", IPPROTO_UDP);
	live_any(live, "flags");
	END();
	NOTE(0);
	close(fd);
}

static void t_bind_listen(struct live *live)
{
	struct sockaddr_in in = loopback(0);
	struct io_uring_sqe *s;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!uring_knows(&ring, URING_BIND)) {
		printf("no bind and listen operations here\n");
		close(fd);
		return;
	}
	BEGIN(SOCKET_BIND_X);
	s = sqe(URING_BIND, fd);
	s->addr = addr(&in);
	s->addr2 = sizeof(in);
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	check_ports(live, "addr", 0, 0);
	I64("fd", fd);
	END();
	NOTE(0);

	BEGIN(SOCKET_LISTEN_X);
	s = sqe(URING_LISTEN, fd);
	s->len = 12;
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("fd", fd);
	U32("backlog", 12);
	END();
	NOTE(0);
	close(fd);
}

static void t_connect_accept_shutdown(struct live *live)
{
	int server = listening(), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	uint16_t port = port_of(server);
	struct sockaddr_in in = loopback(port);
	struct io_uring_sqe *s;

	BEGIN(SOCKET_CONNECT_X);
	s = sqe(IORING_OP_CONNECT, client);
	s->addr = addr(&in);
	s->off = sizeof(in);
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	check_ports(live, "tuple", port_of(client), port);
	I64("fd", client);
	check_ports(live, "addr", port, 0);
	END();
	NOTE(0);

	BEGIN(SOCKET_ACCEPT4_6_X);
	s = sqe(IORING_OP_ACCEPT, server);
	s->accept_flags = SOCK_CLOEXEC;
	peer = uring_run(&ring);
	assert_true(peer >= 0);
	FIND();
	I64("fd", peer);
	check_ports(live, "tuple", port_of(client), port);
	U8("queuepct", 0);
	U32("queuelen", 0);
	U32("queuemax", 10);
	live_any(live, "flags");
	END();
	NOTE(0);

	BEGIN(SOCKET_SHUTDOWN_X);
	s = sqe(IORING_OP_SHUTDOWN, client);
	s->len = SHUT_WR;
	assert_int_equal(uring_run(&ring), 0);
	FIND();
	I64("res", 0);
	I64("fd", client);
	U8("how", SAKER_FLAG_shutdown_how_SHUT_WR);
	END();
	NOTE(0);
	close(server);
	close(client);
	close(peer);
}

static void connect_one(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = loopback(port);

	assert_int_equal(connect(fd, (void *)&in, sizeof(in)), 0);
	close(fd);
}

/* One operation, many connections: all but the last completion come without their request. */
static void t_accept_multishot(struct live *live)
{
	int server = listening(), i;
	struct io_uring_cqe cqe;
	struct io_uring_sqe *s;

	BEGIN(SOCKET_ACCEPT4_6_X);
	s = uring_prepare(&ring, IORING_OP_ACCEPT, server, 4711);
	s->ioprio = IORING_ACCEPT_MULTISHOT;
	assert_int_equal(uring_submit(&ring, 0), 0);
	for (i = 0; i < 3; i++) {
		connect_one(port_of(server));
		assert_int_equal(uring_submit(&ring, 1), 0);
		assert_true(uring_next(&ring, &cqe));
		assert_true(cqe.flags & IORING_CQE_F_MORE);
		assert_true(cqe.res >= 0);
		FIND();
		I64("fd", cqe.res);
		assert_int_equal(live_param(live, "tuple")->len, 13);
		NOTE(0);
		close(cqe.res);
	}
	/* It ends with the ring: no cancelling needed to see that nothing more comes of it. */
	close(server);
}

static void t_send_recv(struct live *live)
{
	int server = listening(), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	uint16_t port = port_of(server);
	struct sockaddr_in in = loopback(port);
	struct io_uring_sqe *s;
	char buf[64];

	assert_int_equal(connect(client, (void *)&in, sizeof(in)), 0);
	peer = accept(server, NULL, NULL);
	BEGIN(SOCKET_SENDTO_X);
	s = sqe(IORING_OP_SEND, client);
	s->addr = addr("hello");
	s->len = 5;
	assert_int_equal(uring_run(&ring), 5);
	FIND();
	I64("res", 5);
	BYTES("data", "hello", 5);
	I64("fd", client);
	U32("size", 5);
	check_ports(live, "tuple", port_of(client), port);
	END();
	NOTE(0);

	BEGIN(SOCKET_RECVFROM_X);
	s = sqe(IORING_OP_RECV, peer);
	s->addr = addr(buf);
	s->len = sizeof(buf);
	assert_int_equal(uring_run(&ring), 5);
	FIND();
	I64("res", 5);
	BYTES("data", "hello", 5);
	check_ports(live, "tuple", port_of(client), port);
	I64("fd", peer);
	U32("size", sizeof(buf));
	END();
	NOTE(0);
	close(server);
	close(client);
	close(peer);
}

static void t_messages(struct live *live)
{
	int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = loopback(0), peer = {0};
	struct iovec out[2] = {{(void *)"left", 4}, {(void *)"right", 5}};
	char buf[64];
	struct iovec in_iov = {buf, sizeof(buf)};
	struct msghdr msg = {.msg_iov = out, .msg_iovlen = 2};
	struct io_uring_sqe *s;
	uint16_t port;

	assert_int_equal(bind(to, (void *)&in, sizeof(in)), 0);
	assert_int_equal(bind(from, (void *)&in, sizeof(in)), 0);
	port = port_of(to);
	in = loopback(port);
	msg.msg_name = &in;
	msg.msg_namelen = sizeof(in);
	BEGIN(SOCKET_SENDMSG_X);
	s = sqe(IORING_OP_SENDMSG, from);
	s->addr = addr(&msg);
	s->len = 1;
	assert_int_equal(uring_run(&ring), 9);
	FIND();
	I64("res", 9);
	BYTES("data", "leftright", 9);
	I64("fd", from);
	U32("size", 9);
	check_ports(live, "tuple", port_of(from), port);
	END();
	NOTE(0);

	msg = (struct msghdr){.msg_name = &peer,
			      .msg_namelen = sizeof(peer),
			      .msg_iov = &in_iov,
			      .msg_iovlen = 1};
	BEGIN(SOCKET_RECVMSG_X);
	s = sqe(IORING_OP_RECVMSG, to);
	s->addr = addr(&msg);
	s->len = 1;
	assert_int_equal(uring_run(&ring), 9);
	FIND();
	I64("res", 9);
	U32("size", 9);
	BYTES("data", "leftright", 9);
	check_ports(live, "tuple", port_of(from), port);
	EMPTY("msgcontrol");
	I64("fd", to);
	END();
	NOTE(0);
	close(from);
	close(to);
}

const struct live_case live_uring_socket_cases[] = {
	CASE(t_socket),
	CASE(t_bind_listen),
	CASE(t_connect_accept_shutdown),
	CASE(t_accept_multishot),
	CASE(t_send_recv),
	CASE(t_messages),
	{NULL, NULL},
};
