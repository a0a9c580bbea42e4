// SPDX-License-Identifier: Apache-2.0
/*
 * Sockets of 32-bit programs: every call that socketcall carries, its arguments
 * in memory, and the structures of messages in their 32-bit shape.
 */
#include "ia32.h"

#if defined(__x86_64__)

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The calls of linux/net.h. */
enum {
	DO_SOCKET = 1,
	DO_BIND,
	DO_CONNECT,
	DO_LISTEN,
	DO_ACCEPT,
	DO_GETSOCKNAME,
	DO_GETPEERNAME,
	DO_SOCKETPAIR,
	DO_SEND,
	DO_RECV,
	DO_SENDTO,
	DO_RECVFROM,
	DO_SHUTDOWN,
	DO_SETSOCKOPT,
	DO_GETSOCKOPT,
	DO_SENDMSG,
	DO_RECVMSG,
	DO_ACCEPT4,
	DO_RECVMMSG,
	DO_SENDMMSG,
};

#define DO(call, ...) CALL(SOCKETCALL, DO_##call, IA32_WORDS(__VA_ARGS__))
#define W(v) ((uint32_t)(v))

static size_t tuple4(uint8_t *out, uint16_t a_port, uint16_t b_port)
{
	uint32_t lo = htonl(INADDR_LOOPBACK);

	out[0] = AF_INET;
	memcpy(out + 1, &lo, 4);
	memcpy(out + 5, &a_port, 2);
	memcpy(out + 7, &lo, 4);
	memcpy(out + 11, &b_port, 2);
	return 13;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in in = {0};
	socklen_t len = sizeof(in);

	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	return ntohs(in.sin_port);
}

static uint32_t loopback(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return ia32_copy(&in, sizeof(in));
}

static void ia32_socket(struct live *live)
{
	uint32_t fds;
	int fd;
	long r;

	NEED_IA32();
	BEGIN(SOCKET_SOCKET_X);
	fd = (int)DO(SOCKET, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	assert_true(fd >= 0);
	FIND();
	I64("fd", fd);
	U32("domain", SAKER_FLAG_socket_families_AF_INET);
	U32("type", SOCK_DGRAM | SOCK_CLOEXEC);
	U32("proto", IPPROTO_UDP);
	U32("flags", SAKER_FLAG_file_flags_O_CLOEXEC);
	END();
	close(fd);

	fds = ia32_address(ia32_new(8));
	BEGIN(SOCKET_SOCKETPAIR_X);
	r = DO(SOCKETPAIR, AF_UNIX, SOCK_DGRAM, 0, fds);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd1", ((int *)(uintptr_t)fds)[0]);
	I64("fd2", ((int *)(uintptr_t)fds)[1]);
	ADDRESS("source");
	ADDRESS("peer");
	U32("domain", AF_UNIX);
	U32("type", SOCK_DGRAM);
	U32("proto", 0);
	END();
	close(((int *)(uintptr_t)fds)[0]);
	close(((int *)(uintptr_t)fds)[1]);

	/* A call that there is not, told as the carrier itself. */
	BEGIN(GENERIC_X);
	{
		struct saker_syscall_set set = {{0}};

		saker_syscall_set_add_name(&set, "socketcall");
		assert_int_equal(saker_capture_want(live->capture, &set), 0);
	}
	CALL(SOCKETCALL, 21, fds);
	FIND();
	U16("ID", SAKER_SC_SOCKETCALL);
	U16("nativeID", NR_SOCKETCALL);
	END();
}

/* A connection over loopback, every call of it through socketcall. */
static void ia32_tcp(struct live *live)
{
	uint32_t lo = htonl(INADDR_LOOPBACK), lens[1] = {16}, name, len, buf;
	uint8_t want[64] = {AF_INET};
	uint16_t port, client_port;
	int server, client, peer;
	long r;

	NEED_IA32();
	memcpy(want + 1, &lo, 4);
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	name = ia32_address(ia32_new(16));
	len = ia32_copy(lens, 4);
	buf = ia32_address(ia32_new(16));

	BEGIN(SOCKET_BIND_X);
	r = DO(BIND, W(server), loopback(0), 16);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	BYTES("addr", want, 7);
	I64("fd", server);
	END();
	port = port_of(server);
	BEGIN(SOCKET_BIND_X);
	DO(BIND, 7777, loopback(0), 16);
	FIND();
	I64("res", -EBADF);
	BYTES("addr", want, 7);
	I64("fd", 7777);
	END();

	BEGIN(SOCKET_LISTEN_X);
	r = DO(LISTEN, W(server), 6);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd", server);
	U32("backlog", 6);
	END();

	BEGIN(SOCKET_CONNECT_X);
	r = DO(CONNECT, W(client), loopback(port), 16);
	assert_int_equal(r, 0);
	client_port = port_of(client);
	live_find_i64(live, syscall(SYS_gettid), "res", 0);
	I64("res", 0);
	BYTES("tuple", want, tuple4(want, client_port, port));
	I64("fd", client);
	memcpy(want + 5, &port, 2);
	BYTES("addr", want, 7);
	END();

	BEGIN(SOCKET_ACCEPT_5_X);
	peer = (int)DO(ACCEPT, W(server), 0, 0);
	assert_true(peer >= 0);
	FIND();
	I64("fd", peer);
	BYTES("tuple", want, tuple4(want, client_port, port));
	U8("queuepct", 0);
	U32("queuelen", 0);
	U32("queuemax", 6);
	END();

	BEGIN(SOCKET_GETSOCKNAME_X);
	DO(GETSOCKNAME, W(client), name, len);
	FIND();
	END();
	BEGIN(SOCKET_GETPEERNAME_X);
	DO(GETPEERNAME, W(client), name, len);
	FIND();
	END();

	/* send and recv have no number of their own. */
	BEGIN(SOCKET_SEND_X);
	r = DO(SEND, W(client), ia32_text("ping"), 4, 0);
	assert_int_equal(r, 4);
	FIND();
	I64("res", 4);
	BYTES("data", "ping", 4);
	I64("fd", client);
	U32("size", 4);
	BYTES("tuple", want, tuple4(want, client_port, port));
	END();
	BEGIN(SOCKET_SEND_X);
	DO(SEND, 7777, ia32_text("ping"), 4, 0);
	FIND();
	I64("res", -EBADF);
	BYTES("data", "ping", 4);
	I64("fd", 7777);
	U32("size", 4);
	EMPTY("tuple");
	END();
	BEGIN(SOCKET_RECV_X);
	r = DO(RECV, W(peer), buf, 16, 0);
	assert_int_equal(r, 4);
	FIND();
	I64("res", 4);
	BYTES("data", "ping", 4);
	I64("fd", peer);
	U32("size", 16);
	BYTES("tuple", want, tuple4(want, client_port, port));
	END();
	BEGIN(SOCKET_RECV_X);
	DO(RECV, W(peer), buf, 16, MSG_DONTWAIT);
	FIND();
	I64("res", -EAGAIN);
	EMPTY("data");
	I64("fd", peer);
	U32("size", 16);
	EMPTY("tuple");
	END();

	BEGIN(SOCKET_SENDTO_X);
	r = DO(SENDTO, W(client), ia32_text("pong!"), 5, 0, 0, 0);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	BYTES("data", "pong!", 5);
	I64("fd", client);
	U32("size", 5);
	BYTES("tuple", want, tuple4(want, client_port, port));
	END();
	BEGIN(SOCKET_RECVFROM_X);
	r = DO(RECVFROM, W(peer), buf, 16, 0, 0, 0);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	BYTES("data", "pong!", 5);
	BYTES("tuple", want, tuple4(want, client_port, port));
	I64("fd", peer);
	U32("size", 16);
	END();

	BEGIN(SOCKET_SHUTDOWN_X);
	r = DO(SHUTDOWN, W(client), SHUT_WR);
	assert_int_equal(r, 0);
	FIND();
	I64("res", 0);
	I64("fd", client);
	U8("how", SAKER_FLAG_shutdown_how_SHUT_WR);
	END();

	BEGIN(SOCKET_ACCEPT4_6_X);
	fcntl(server, F_SETFL, O_NONBLOCK);
	DO(ACCEPT4, W(server), 0, 0, SOCK_NONBLOCK);
	FIND();
	I64("fd", -EAGAIN);
	EMPTY("tuple");
	U8("queuepct", 0);
	U32("queuelen", 0);
	U32("queuemax", 0);
	U32("flags", SAKER_FLAG_file_flags_O_NONBLOCK);
	END();
	close(peer);
	close(client);
	close(server);
}

static void ia32_sockopt(struct live *live)
{
	uint8_t want[16] = {SAKER_DYN_sockopt_dynamic_param_UINT32};
	int32_t narrow[2] = {2, 500000};
	int64_t wide[2] = {2, 500000};
	uint64_t ns = 2500000000;
	uint32_t one = 1, value, len;
	int fd, pass;
	long r;

	NEED_IA32();
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	BEGIN(SOCKET_SETSOCKOPT_X);
	r = DO(SETSOCKOPT, W(fd), SOL_SOCKET, SO_REUSEADDR, ia32_copy(&one, 4), 4);
	assert_int_equal(r, 0);
	FIND();
	memcpy(want + 1, &one, 4);
	I64("res", 0);
	I64("fd", fd);
	U8("level", SAKER_FLAG_sockopt_levels_SOL_SOCKET);
	U8("optname", SAKER_FLAG_sockopt_options_SO_REUSEADDR);
	BYTES("val", want, 5);
	U32("optlen", 4);
	END();

	/* A time is two words of 32 bits, or of 64 by the option's newer number (66). */
	want[0] = SAKER_DYN_sockopt_dynamic_param_TIMEVAL;
	memcpy(want + 1, &ns, 8);
	for (pass = 0; pass < 2; pass++) {
		BEGIN(SOCKET_SETSOCKOPT_X);
		r = pass ? CALL(SETSOCKOPT, fd, SOL_SOCKET, 66, ia32_copy(wide, 16), 16)
			 : CALL(SETSOCKOPT, fd, SOL_SOCKET, SO_RCVTIMEO, ia32_copy(narrow, 8), 8);
		assert_int_equal(r, 0);
		FIND();
		I64("res", 0);
		I64("fd", fd);
		U8("level", SAKER_FLAG_sockopt_levels_SOL_SOCKET);
		U8("optname", SAKER_FLAG_sockopt_options_SO_RCVTIMEO);
		BYTES("val", want, 9);
		U32("optlen", pass ? 16 : 8);
		END();
	}

	one = 4;
	value = ia32_address(ia32_new(4));
	len = ia32_copy(&one, 4);
	BEGIN(SOCKET_GETSOCKOPT_X);
	r = DO(GETSOCKOPT, W(fd), SOL_SOCKET, SO_TYPE, value, len);
	assert_int_equal(r, 0);
	FIND();
	want[0] = SAKER_DYN_sockopt_dynamic_param_UINT32;
	one = SOCK_STREAM;
	memcpy(want + 1, &one, 4);
	I64("res", 0);
	I64("fd", fd);
	U8("level", SAKER_FLAG_sockopt_levels_SOL_SOCKET);
	U8("optname", SAKER_FLAG_sockopt_options_SO_TYPE);
	BYTES("val", want, 5);
	U32("optlen", 4);
	END();
	close(fd);
}

/* Datagrams to a peer that only the call names; two vectors; and what comes with them. */
static void ia32_messages(struct live *live)
{
	uint32_t data, buf, control;
	struct iovec32 iov[2], in;
	struct msghdr32 *msg;
	uint16_t a_port, b_port;
	uint8_t want[64];
	int a, b, on = 1;
	long r;

	NEED_IA32();
	a = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	b = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(a, (void *)(uintptr_t)loopback(0), 16), 0);
	assert_int_equal(bind(b, (void *)(uintptr_t)loopback(0), 16), 0);
	assert_int_equal(setsockopt(a, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
	a_port = port_of(a);
	b_port = port_of(b);
	data = ia32_text("ping!");
	buf = ia32_address(ia32_new(16));
	control = ia32_address(ia32_new(64));
	iov[0] = (struct iovec32){data, 2};
	iov[1] = (struct iovec32){data + 2, 3};
	msg = ia32_new(sizeof(*msg));
	*msg = (struct msghdr32){.name = loopback(a_port),
				 .name_len = 16,
				 .iov = ia32_copy(iov, sizeof(iov)),
				 .iov_len = 2};

	BEGIN(SOCKET_SENDMSG_X);
	r = DO(SENDMSG, W(b), ia32_address(msg), 0);
	assert_int_equal(r, 5);
	FIND();
	I64("res", 5);
	BYTES("data", "ping!", 5);
	I64("fd", b);
	U32("size", 5);
	BYTES("tuple", want, tuple4(want, b_port, a_port));
	END();
	BEGIN(SOCKET_SENDMSG_X);
	CALL(SENDMSG, -1, ia32_address(msg), 0);
	FIND();
	I64("res", -EBADF);
	BYTES("data", "ping!", 5);
	I64("fd", -1);
	U32("size", 5);
	EMPTY("tuple");
	END();
	BEGIN(SOCKET_SENDMSG_X);
	DO(SENDMSG, W(b), 8, 0);
	FIND();
	I64("res", -EFAULT);
	EMPTY("data");
	I64("fd", b);
	EMPTY("size");
	EMPTY("tuple");
	END();

	in = (struct iovec32){buf, 16};
	*msg = (struct msghdr32){.name = ia32_address(ia32_new(16)),
				 .name_len = 16,
				 .iov = ia32_copy(&in, sizeof(in)),
				 .iov_len = 1,
				 .control = control,
				 .control_len = 64};
	BEGIN(SOCKET_RECVMSG_X);
	r = DO(RECVMSG, W(a), ia32_address(msg), 0);
	assert_int_equal(r, 5);
	assert_int_not_equal(msg->control_len, 0);
	FIND();
	I64("res", 5);
	U32("size", 5);
	BYTES("data", "ping!", 5);
	BYTES("tuple", want, tuple4(want, b_port, a_port));
	BYTES("msgcontrol", (void *)(uintptr_t)control, msg->control_len);
	I64("fd", a);
	END();
	close(a);
	close(b);
}

static void ia32_many_messages(struct live *live)
{
	static const char *const texts[2] = {"one", "three"};
	struct mmsghdr32 *msgs;
	struct iovec32 iov;
	int fds[2], i;
	long r;

	NEED_IA32();
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	msgs = ia32_new(2 * sizeof(*msgs));
	for (i = 0; i < 2; i++) {
		iov = (struct iovec32){ia32_text(texts[i]), (uint32_t)strlen(texts[i])};
		msgs[i].hdr.iov = ia32_copy(&iov, sizeof(iov));
		msgs[i].hdr.iov_len = 1;
	}
	BEGIN(SOCKET_SENDMMSG_X);
	r = DO(SENDMMSG, W(fds[0]), ia32_address(msgs), 2, 0);
	assert_int_equal(r, 2);
	for (i = 0; i < 2; i++) {
		FIND();
		I64("res", strlen(texts[i]));
		I64("fd", fds[0]);
		U32("size", strlen(texts[i]));
		BYTES("data", texts[i], strlen(texts[i]));
		assert_int_equal(live_param(live, "tuple")->data[0], AF_UNIX);
		END();
	}
	for (i = 0; i < 2; i++) {
		iov = (struct iovec32){ia32_address(ia32_new(16)), 16};
		msgs[i].hdr.iov = ia32_copy(&iov, sizeof(iov));
	}
	BEGIN(SOCKET_RECVMMSG_X);
	r = DO(RECVMMSG, W(fds[1]), ia32_address(msgs), 2, 0, 0);
	assert_int_equal(r, 2);
	for (i = 0; i < 2; i++) {
		FIND();
		I64("res", strlen(texts[i]));
		I64("fd", fds[1]);
		U32("size", strlen(texts[i]));
		BYTES("data", texts[i], strlen(texts[i]));
		assert_int_equal(live_param(live, "tuple")->data[0], AF_UNIX);
		EMPTY("msgcontrol");
		END();
	}
	BEGIN(SOCKET_RECVMMSG_X);
	CALL(RECVMMSG, fds[1], ia32_address(msgs), 2, MSG_DONTWAIT, 0);
	FIND();
	I64("res", -EAGAIN);
	I64("fd", fds[1]);
	U32("size", 0);
	EMPTY("data");
	EMPTY("tuple");
	EMPTY("msgcontrol");
	END();
	close(fds[0]);
	close(fds[1]);
}

const struct live_case live_ia32_socket_cases[] = {
	CASE(ia32_socket),   CASE(ia32_tcp),	       CASE(ia32_sockopt),
	CASE(ia32_messages), CASE(ia32_many_messages), {NULL, NULL},
};

#else

const struct live_case live_ia32_socket_cases[] = {{NULL, NULL}};

#endif
