// SPDX-License-Identifier: Apache-2.0
/*
 * How many bytes of a message are kept: the snaplen that was asked for, more of
 * protocols that are worth it, most of ports that somebody named. Sockets on
 * loopback; every call that moves bytes.
 */
#include <saker/capture.h>
#include <saker/event_codes.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES 20000
#define KNOWN 2000
#define FULL 16000

#define FULL_FIRST 39217
#define FULL_LAST 39218
#define STATSD 39216

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct saker_capture *open_capture(uint32_t snaplen, bool dynamic, bool ports)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set set = {{0}};
	struct saker_capture *capture;

	saker_syscall_set_add_name(&set, "io");
	saker_syscall_set_add_name(&set, "sendto");
	saker_syscall_set_add_name(&set, "recvfrom");
	saker_syscall_set_add_name(&set, "sendmsg");
	saker_syscall_set_add_name(&set, "recvmsg");
	saker_syscall_set_add_name(&set, "sendmmsg");
	saker_syscall_set_add_name(&set, "recvmmsg");
	options.syscalls = &set;
	options.no_initial_state = true;
	options.order_ns = 1000000;
	options.snaplen = snaplen;
	options.dynamic_snaplen = dynamic;
	if (dynamic)
		options.statsd_port = STATSD;
	if (ports) {
		options.fullcapture_port_first = FULL_FIRST;
		options.fullcapture_port_last = FULL_LAST;
	}
	return saker_capture_open(&options, &capture) < 0 ? NULL : capture;
}

/* Bytes of `data` in this thread's next event of this code; they are compared, too. */
static uint32_t kept(struct saker_capture *capture, uint16_t code, const uint8_t *sent)
{
	double end = now() + 5;

	while (now() < end) {
		const struct saker_event *event;
		struct saker_event_view view;
		uint32_t i;

		if (saker_capture_next(capture, 10, &event, NULL) <= 0 || event->type != code ||
		    (long)event->tid != syscall(SYS_gettid))
			continue;
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		for (i = 0; i < view.n_params; i++) {
			if (strcmp(view.info->params[i].name, "data") != 0)
				continue;
			assert_memory_equal(view.params[i].data, sent, view.params[i].len);
			return view.params[i].len;
		}
	}
	fail_msg("no event %u", code);
	return 0;
}

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

struct pair {
	int client;
	int server;
};

/* Connected over TCP to a server at this port. False: it is taken. */
static bool pair_open(struct pair *p, uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(a);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&a, sizeof(a)) < 0 || listen(listener, 1) < 0) {
		print_message("port %u is taken\n", port);
		close(listener);
		return false;
	}
	assert_int_equal(getsockname(listener, (void *)&a, &len), 0);
	p->client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p->client, (void *)&a, sizeof(a)), 0);
	p->server = accept(listener, NULL, NULL);
	assert_true(p->server >= 0);
	close(listener);
	return true;
}

static void pair_close(struct pair *p)
{
	/* The server goes last: it is not its port that waits then. */
	close(p->client);
	close(p->server);
}

static void empty(int fd)
{
	static uint8_t sink[BYTES];
	ssize_t left = BYTES, n;

	while (left > 0 && (n = read(fd, sink, (size_t)left)) > 0)
		left -= n;
}

static uint32_t sent_over(struct saker_capture *capture, struct pair *p, const void *head,
			  size_t len, bool from_server)
{
	static uint8_t data[BYTES];
	uint32_t n;

	memset(data, 'x', sizeof(data));
	memcpy(data, head, len);
	assert_int_equal(write(from_server ? p->server : p->client, data, sizeof(data)), BYTES);
	n = kept(capture, SAKER_EV_SYSCALL_WRITE_X, data);
	empty(from_server ? p->client : p->server);
	return n;
}

#define SENT(head) sent_over(capture, &p, head, sizeof(head) - 1, false)
#define ANSWERED(head) sent_over(capture, &p, head, sizeof(head) - 1, true)

static void as_asked(void **state)
{
	static const uint32_t lens[] = {0, 1, 80, 1000, 19999, 65000};
	struct pair p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct saker_capture *capture = open_capture(lens[i], false, false);
		uint32_t expected = lens[i] ? lens[i] : 80;

		assert_non_null(capture);
		assert_true(pair_open(&p, 0));
		assert_int_equal(SENT("GET /"), expected < BYTES ? expected : BYTES);
		pair_close(&p);
		saker_capture_close(capture);
	}
}

static void by_content(void **state)
{
	struct saker_capture *capture = open_capture(100, true, false);
	struct pair p;

	(void)state;
	assert_non_null(capture);
	assert_true(pair_open(&p, 0));
	assert_int_equal(SENT("GET / HTTP/1.1\r\n"), KNOWN);
	assert_int_equal(SENT("POST /x HTTP/1.1\r\n"), KNOWN);
	assert_int_equal(SENT("HEAD /x HTTP/1.1\r\n"), KNOWN);
	assert_int_equal(SENT("PUT /x"), KNOWN);
	assert_int_equal(SENT("PATCH /"), KNOWN);
	assert_int_equal(SENT("DELETE /"), KNOWN);
	assert_int_equal(SENT("TRACE /"), KNOWN);
	assert_int_equal(SENT("CONNECT x:1"), KNOWN);
	assert_int_equal(SENT("OPTIONS *"), KNOWN);
	assert_int_equal(ANSWERED("HTTP/1.1 200 OK\r\n"), KNOWN);
	assert_int_equal(ANSWERED("HTTPS"), 100);
	assert_int_equal(SENT("GETX"), 100);
	assert_int_equal(SENT("\0\0\0\0\0\0\0\0\0\0\0\0\xd4\x07\0\0"),
			 KNOWN); /* MongoDB, a query */
	assert_int_equal(SENT("\0\0\0\0\0\0\0\0\0\0\0\0\xd8\x07\0\0"), 100);
	pair_close(&p);
	saker_capture_close(capture);
}

static void by_port_and_content(void **state)
{
	struct saker_capture *capture = open_capture(0, true, false);
	struct pair p;

	(void)state;
	assert_non_null(capture);
	if (pair_open(&p, 3306)) {
		assert_int_equal(SENT("\x20\0\0\0\x03select 1"), KNOWN);
		assert_int_equal(SENT("\x01\x02\x04\x05\x06"), 80);
		pair_close(&p);
	}
	if (pair_open(&p, 5432)) {
		assert_int_equal(SENT("Q\0\0\0\x20select 1"), KNOWN);
		assert_int_equal(ANSWERED("E\0\0\0\x20"), KNOWN);
		assert_int_equal(SENT("\0\0\0\x08\0\x03\0\0"), KNOWN);
		assert_int_equal(SENT("GET /"), 80); /* not there */
		pair_close(&p);
	}
	if (pair_open(&p, 27017)) {
		assert_int_equal(SENT("anything"), KNOWN);
		pair_close(&p);
	}
	saker_capture_close(capture);
}

/* Unconnected: the peer's port stands in the call alone. */
static void datagrams_by_port(void **state)
{
	static const struct {
		uint16_t port;
		uint32_t kept;
	} ports[] = {{53, KNOWN}, {STATSD, KNOWN}, {54, 80}, {8125, 80}};
	struct saker_capture *capture = open_capture(0, true, false);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	static uint8_t data[BYTES];
	size_t i;

	(void)state;
	assert_non_null(capture);
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct sockaddr_in a = loopback(ports[i].port);
		struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
		struct msghdr msg = {
			.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1};
		struct mmsghdr mmsg = {.msg_hdr = msg};

		assert_int_equal(sendto(fd, data, sizeof(data), 0, (void *)&a, sizeof(a)), BYTES);
		assert_int_equal(kept(capture, SAKER_EV_SOCKET_SENDTO_X, data), ports[i].kept);
		/* Nobody listens: the refusal comes with the next call. */
		while (sendmsg(fd, &msg, 0) < 0)
			assert_int_equal(errno, ECONNREFUSED);
		assert_int_equal(kept(capture, SAKER_EV_SOCKET_SENDMSG_X, data), ports[i].kept);
		while (sendmmsg(fd, &mmsg, 1, 0) < 0)
			assert_int_equal(errno, ECONNREFUSED);
		assert_int_equal(kept(capture, SAKER_EV_SOCKET_SENDMMSG_X, data), ports[i].kept);
	}
	close(fd);
	saker_capture_close(capture);
}

/* Every call that moves bytes, at a port that all is wanted of. */
static void whole_ports(void **state)
{
	struct saker_capture *capture = open_capture(0, false, true);
	static uint8_t out[BYTES], in[BYTES];
	struct iovec iov = {.iov_base = out, .iov_len = BYTES};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct pair p;

	(void)state;
	memset(out, 'o', sizeof(out));
	assert_non_null(capture);
	if (!pair_open(&p, FULL_LAST)) {
		saker_capture_close(capture);
		skip();
	}
	assert_int_equal(write(p.client, out, BYTES), BYTES);
	assert_int_equal(kept(capture, SAKER_EV_SYSCALL_WRITE_X, out), FULL);
	assert_int_equal(recv(p.server, in, BYTES, MSG_WAITALL), BYTES);
	assert_int_equal(kept(capture, SAKER_EV_SOCKET_RECVFROM_X, out), FULL);
	assert_int_equal(send(p.server, out, BYTES, 0), BYTES);
	assert_int_equal(kept(capture, SAKER_EV_SOCKET_SENDTO_X, out), FULL);
	iov.iov_base = in;
	assert_int_equal(recvmsg(p.client, &msg, MSG_WAITALL), BYTES);
	assert_int_equal(kept(capture, SAKER_EV_SOCKET_RECVMSG_X, out), FULL);
	iov.iov_base = out;
	assert_int_equal(sendmsg(p.client, &msg, 0), BYTES);
	assert_int_equal(kept(capture, SAKER_EV_SOCKET_SENDMSG_X, out), FULL);
	empty(p.server);
	assert_int_equal(writev(p.client, &iov, 1), BYTES);
	assert_int_equal(kept(capture, SAKER_EV_SYSCALL_WRITEV_X, out), FULL);
	empty(p.server);
	pair_close(&p);
	/* Outside of the range nothing changes, whatever it looks like. */
	assert_true(pair_open(&p, 0));
	assert_int_equal(SENT("GET /"), 80);
	pair_close(&p);
	saker_capture_close(capture);
}

/* A file has no port, and what it begins with says nothing. */
static void files(void **state)
{
	struct saker_capture *capture = open_capture(0, true, true);
	static uint8_t data[BYTES] = "GET / HTTP/1.1";
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_non_null(capture);
	assert_int_equal(write(fd, data, sizeof(data)), BYTES);
	assert_int_equal(kept(capture, SAKER_EV_SYSCALL_WRITE_X, data), 80);
	close(fd);
	saker_capture_close(capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_asked),
		cmocka_unit_test(by_content),
		cmocka_unit_test(by_port_and_content),
		cmocka_unit_test(datagrams_by_port),
		cmocka_unit_test(whole_ports),
		cmocka_unit_test(files),
	};
	struct saker_capture *capture = open_capture(0, true, true);

	if (!capture) {
		printf("skipped: no live capture here\n");
		return 77;
	}
	saker_capture_close(capture);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
