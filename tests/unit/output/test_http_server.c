/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server as a client sees it: answers, streams, bounds, names, its end. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>

#include <saker/http_server.h>

#include "common/util.h"

struct fixture {
	struct saker_http_server *server;
	atomic_int streams_closed;
	atomic_int ticks;
};

static long tick(void *userdata, char *buf, size_t size)
{
	struct fixture *f = userdata;
	int n = atomic_fetch_add(&f->ticks, 1);

	if (n % 2 == 0) {
		poll(NULL, 0, 20);
		return 0; /* nothing yet */
	}
	return snprintf(buf, size, "data: %d\n\n", n);
}

static long end_at_once(void *userdata, char *buf, size_t size)
{
	return -1;
}

static void closed(void *userdata)
{
	struct fixture *f = userdata;

	atomic_fetch_add(&f->streams_closed, 1);
}

static int answer(void *userdata, const struct saker_http_request *request,
		  struct saker_http_response *response)
{
	const char *name = saker_http_request_query(request, "name");
	char *body;

	if (strcmp(request->path, "/error") == 0)
		return -EIO;
	if (strcmp(request->path, "/stream") == 0 || strcmp(request->path, "/none") == 0) {
		response->read = request->path[1] == 's' ? tick : end_at_once;
		response->close = closed;
		response->userdata = userdata;
		response->type = "text/event-stream";
		return 0;
	}
	body = malloc(4096);
	if (!body)
		return -ENOMEM;
	response->len = (size_t)snprintf(
		body, 4096, "%s %s name=%s x=%s body=%.*s", request->method, request->path,
		name ? name : "(none)", saker_http_request_header(request, "x-test") ? "yes" : "no",
		(int)MIN(request->body_len, 100), request->body);
	response->body = body;
	response->free_body = free;
	response->header_name = "X-Own";
	response->header_value = "1";
	return 0;
}

static struct saker_http_server *start(struct fixture *f, bool local)
{
	struct saker_http_server_options o = SAKER_HTTP_SERVER_OPTIONS_INIT;
	struct saker_http_server *server;
	int r;

	o.listen = "127.0.0.1:0";
	o.handler = answer;
	o.userdata = f;
	o.local_names_only = local;
	r = saker_http_server_new(&o, &server);
	if (r == -EOPNOTSUPP) {
		print_message("built without libmicrohttpd\n");
		skip();
	}
	assert_int_equal(r, 0);
	return server;
}

static int dial(const struct saker_http_server *server)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(saker_http_server_port(server))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void send_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0)
			return; /* it may close before it has read all */
		text += n;
		len -= (size_t)n;
	}
}

/* What comes until the server closes, or `until` is in it. */
static char *receive(int fd, const char *until)
{
	static char buf[65536];
	size_t len = 0;
	ssize_t n = 1;

	buf[0] = '\0';
	while (len + 1 < sizeof(buf) && n > 0 && !(until && strstr(buf, until))) {
		struct pollfd p = {fd, POLLIN, 0};

		if (poll(&p, 1, 10000) <= 0)
			fail_msg("no answer within ten seconds: %s", buf);
		n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
		buf[len] = '\0';
	}
	return buf;
}

static char *ask(const struct saker_http_server *server, const char *request)
{
	int fd = dial(server);
	char *text;

	send_all(fd, request, strlen(request));
	text = receive(fd, NULL);
	close(fd);
	return text;
}

#define GET(path, more) \
	"GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" more "\r\n"

static void test_answers(void **state)
{
	struct fixture f = {0};
	struct saker_http_server *server = start(&f, false);
	char *text = ask(server, GET("/a%20b?name=x%26y&z", "X-Test: 1\r\n"));

	assert_non_null(strstr(text, "200 OK"));
	assert_non_null(strstr(text, "GET /a b name=x&y x=yes body="));
	assert_non_null(strstr(text, "X-Own: 1"));
	assert_non_null(strstr(text, "nosniff"));
	assert_non_null(strstr(text, "text/plain; charset=utf-8"));
	assert_non_null(strstr(ask(server, GET("/?name", "")), "name= x=no"));
	assert_non_null(strstr(ask(server, GET("/error", "")), " 500 "));
	text = ask(server,
		   "POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n"
		   "\r\nhello");
	assert_non_null(strstr(text, "POST /p name=(none) x=no body=hello"));
	text = ask(server, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_non_null(strstr(text, "200 OK"));
	assert_null(strstr(text, "HEAD /"));
	assert_null(strstr(ask(server, "nonsense\r\n\r\n"), " 200 "));
	assert_null(saker_http_server_free(server));
}

static void test_stream(void **state)
{
	struct fixture f = {0};
	struct saker_http_server *server = start(&f, false);
	int fd = dial(server);

	send_all(fd, GET("/stream", ""), strlen(GET("/stream", "")));
	assert_non_null(strstr(receive(fd, "data: 5"), "text/event-stream"));
	/* The reader leaves: the stream is closed, once. */
	close(fd);
	for (int i = 0; i < 300 && !atomic_load(&f.streams_closed); i++)
		poll(NULL, 0, 10);
	assert_int_equal(atomic_load(&f.streams_closed), 1);
	assert_non_null(strstr(ask(server, GET("/none", "")), "200 OK"));
	assert_int_equal(atomic_load(&f.streams_closed), 2);
	/* The server ends while one runs. */
	fd = dial(server);
	send_all(fd, GET("/stream", ""), strlen(GET("/stream", "")));
	receive(fd, "data: ");
	saker_http_server_free(server);
	assert_int_equal(atomic_load(&f.streams_closed), 3);
	close(fd);
}

static void test_bounds(void **state)
{
	struct fixture f = {0};
	struct saker_http_server *server = start(&f, false);
	size_t len = (1u << 20) + 100;
	char head[128], *body = malloc(len);
	int fd = dial(server);

	assert_non_null(body);
	memset(body, 'x', len);
	snprintf(head, sizeof(head),
		 "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
		 len);
	send_all(fd, head, strlen(head));
	send_all(fd, body, len);
	assert_non_null(strstr(receive(fd, NULL), " 413 "));
	close(fd);
	/* A head that is too long is refused, and the server goes on. */
	fd = dial(server);
	send_all(fd, "GET / HTTP/1.1\r\nHost: h\r\nX: ", 29);
	send_all(fd, body, 100000);
	send_all(fd, "\r\n\r\n", 4);
	assert_null(strstr(receive(fd, NULL), "200 OK"));
	close(fd);
	assert_non_null(strstr(ask(server, GET("/", "")), "200 OK"));
	saker_http_server_free(server);
	free(body);
}

static void test_names(void **state)
{
	static const struct {
		const char *host;
		bool good;
	} hosts[] = {{"localhost", true},      {"localhost:9376", true}, {"127.0.0.1:9", true},
		     {"[::1]:9376", true},     {"evil.example", false},	 {"localhost.evil", false},
		     {"127.0.0.1.evil", false}};
	struct fixture f = {0};
	struct saker_http_server *server = start(&f, true);
	char request[256];

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		snprintf(request, sizeof(request),
			 "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", hosts[i].host);
		assert_int_equal(strstr(ask(server, request), "200 OK") != NULL, hosts[i].good);
	}
	saker_http_server_free(server);
}

static void test_listen(void **state)
{
	static const char *const bad[] = {"", "nowhere", ":", ":x", ":65536", "127.0.0.1", "[::1"};
	struct saker_http_server_options o = SAKER_HTTP_SERVER_OPTIONS_INIT;
	struct fixture f = {0};
	struct saker_http_server *server = start(&f, false), *other;
	char taken[32];

	o.handler = answer;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		o.listen = bad[i];
		assert_int_equal(saker_http_server_new(&o, &other), -EINVAL);
	}
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", saker_http_server_port(server));
	o.listen = taken;
	assert_int_equal(saker_http_server_new(&o, &other), -EADDRINUSE);
	o.listen = ":0";
	assert_int_equal(saker_http_server_new(&o, &other), 0);
	assert_non_null(strstr(ask(other, GET("/", "")), "200 OK"));
	saker_http_server_free(other);
	o.handler = NULL;
	assert_int_equal(saker_http_server_new(&o, &other), -EINVAL);
	saker_http_server_free(server);
	assert_null(saker_http_server_free(NULL));
	assert_int_equal(saker_http_server_port(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers), cmocka_unit_test(test_stream),
		cmocka_unit_test(test_bounds),	cmocka_unit_test(test_names),
		cmocka_unit_test(test_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
