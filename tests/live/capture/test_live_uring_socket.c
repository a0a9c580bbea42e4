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

/* ---- sending without a copy ------------------------------------------------------------ */

/* A result, and later the notice that the buffer is no longer used. */
static int run_zc(void)
{
	struct io_uring_cqe cqe;
	int result, r = uring_submit(&ring, 1);

	assert_int_equal(r, 0);
	assert_true(uring_next(&ring, &cqe));
	result = cqe.res;
	if (result < 0)
		return result;
	assert_true(cqe.flags & IORING_CQE_F_MORE);
	assert_int_equal(uring_submit(&ring, 1), 0);
	assert_true(uring_next(&ring, &cqe));
	assert_true(cqe.flags & URING_CQE_NOTIF);
	return result;
}

/* One was found; there is no second one of this thread. */
static void no_other(struct live *live)
{
	int64_t tid = syscall(SYS_gettid);
	const struct saker_event *event;

	while (saker_capture_next(live->capture, 50, &event, NULL) > 0)
		assert_true((int64_t)event->tid != tid || event->type != live->code);
}

static bool knows(uint8_t opcode)
{
	bool known = uring_knows(&ring, opcode);

	if (!known)
		printf("no operation %u here\n", opcode);
	return known;
}

struct zc_pair {
	int server, client, peer;
	uint16_t from, to;
};

static void zc_connect(struct zc_pair *p)
{
	struct sockaddr_in in;

	p->server = listening();
	p->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	p->to = port_of(p->server);
	in = loopback(p->to);
	assert_int_equal(connect(p->client, (void *)&in, sizeof(in)), 0);
	p->peer = accept(p->server, NULL, NULL);
	assert_true(p->peer >= 0);
	p->from = port_of(p->client);
}

/* What was sent came: it really was a sending. */
static void zc_receive(const struct zc_pair *p, const char *text)
{
	char buf[64];

	assert_int_equal(recv(p->peer, buf, sizeof(buf), 0), strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static void zc_close(struct zc_pair *p)
{
	close(p->server);
	close(p->client);
	close(p->peer);
}

static void t_send_zc(struct live *live)
{
	static char registered[64];
	struct iovec iov = {registered, sizeof(registered)};
	struct io_uring_sqe *s;
	struct zc_pair p;
	int fixed;

	if (!knows(URING_SEND_ZC))
		return;
	zc_connect(&p);
	memcpy(registered + 8, "registered", 10);
	assert_int_equal(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &iov, 1),
			 0);
	for (fixed = 0; fixed < 2; fixed++) {
		const char *text = fixed ? registered + 8 : "uncopied";

		BEGIN(SOCKET_SENDTO_X);
		s = sqe(URING_SEND_ZC, p.client);
		s->addr = addr(text);
		s->len = (uint32_t)strlen(text);
		s->ioprio = fixed ? URING_FIXED_BUF : 0;
		assert_int_equal(run_zc(), strlen(text));
		zc_receive(&p, text);
		FIND();
		I64("res", strlen(text));
		BYTES("data", text, strlen(text));
		I64("fd", p.client);
		U32("size", strlen(text));
		check_ports(live, "tuple", p.from, p.to);
		END();
		NOTE(0);
		no_other(live);
	}
	zc_close(&p);
}

/* To an address, and one that fails: the result alone comes, or both; one event either way. */
static void t_send_zc_datagram(struct live *live)
{
	int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = loopback(0);
	struct io_uring_sqe *s;
	uint16_t port;

	if (!knows(URING_SEND_ZC))
		return;
	assert_int_equal(bind(to, (void *)&in, sizeof(in)), 0);
	assert_int_equal(bind(from, (void *)&in, sizeof(in)), 0);
	port = port_of(to);
	in = loopback(port);
	BEGIN(SOCKET_SENDTO_X);
	s = sqe(URING_SEND_ZC, from);
	s->addr = addr("datagram");
	s->len = 8;
	s->addr2 = addr(&in);
	s->addr_len = sizeof(in);
	assert_int_equal(run_zc(), 8);
	FIND();
	I64("res", 8);
	BYTES("data", "datagram", 8);
	I64("fd", from);
	U32("size", 8);
	check_ports(live, "tuple", port_of(from), port);
	END();
	NOTE(0);
	no_other(live);

	BEGIN(SOCKET_SENDTO_X);
	s = sqe(URING_SEND_ZC, from); /* no address, and not connected */
	s->addr = addr("datagram");
	s->len = 8;
	assert_int_equal(run_zc(), -EDESTADDRREQ);
	FIND();
	I64("res", -EDESTADDRREQ);
	BYTES("data", "datagram", 8);
	I64("fd", from);
	U32("size", 8);
	live_any(live, "tuple");
	END();
	NOTE(0);
	no_other(live);
	close(from);
	close(to);
}

static void t_sendmsg_zc(struct live *live)
{
	struct iovec out[2] = {{(void *)"left", 4}, {(void *)"right", 5}};
	struct msghdr msg = {.msg_iov = out, .msg_iovlen = 2};
	struct io_uring_sqe *s;
	struct zc_pair p;

	if (!knows(URING_SENDMSG_ZC))
		return;
	zc_connect(&p);
	BEGIN(SOCKET_SENDMSG_X);
	s = sqe(URING_SENDMSG_ZC, p.client);
	s->addr = addr(&msg);
	s->len = 1;
	assert_int_equal(run_zc(), 9);
	zc_receive(&p, "leftright");
	FIND();
	I64("res", 9);
	BYTES("data", "leftright", 9);
	I64("fd", p.client);
	U32("size", 9);
	check_ports(live, "tuple", p.from, p.to);
	END();
	NOTE(0);
	no_other(live);
	zc_close(&p);
}

const struct live_case live_uring_socket_cases[] = {
	CASE(t_socket),
	CASE(t_bind_listen),
	CASE(t_connect_accept_shutdown),
	CASE(t_accept_multishot),
	CASE(t_send_recv),
	CASE(t_messages),
	CASE(t_send_zc),
	CASE(t_send_zc_datagram),
	CASE(t_sendmsg_zc),
	{NULL, NULL},
};
