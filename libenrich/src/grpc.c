/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See grpc.h. A message on the wire is a byte (compressed or not), its length
 * in four bytes, big-endian, and itself; the status comes in the trailers.
 */
#include "grpc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <nghttp2/nghttp2.h>

#include "common/util.h"

#define PREFIX 5u
#define ANSWER_MAX (4u << 20)
#define RECEIVED_MAX (2 * ANSWER_MAX) /* in one call, frames that say nothing among it */
#define REQUEST_MAX 4096u	      /* ids and names */
#define NOT_FOUND 5
#define UNIMPLEMENTED 12
#define UNKNOWN 2

struct grpc {
	char *socket;
	uint32_t timeout_ms;
	int fd; /* -1 = not connected */
	nghttp2_session *session;
	/* The call that is on. */
	int32_t stream;
	uint8_t request[PREFIX + REQUEST_MAX];
	size_t request_len;
	size_t request_sent;
	uint8_t *answer; /* with its prefix */
	size_t answer_len;
	size_t answer_capacity;
	size_t received;
	int status; /* grpc-status; -1 = none came */
	bool closed;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- what nghttp2 calls ------------------------------------------------------------------ */

static ssize_t on_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags,
		       void *userdata)
{
	const struct grpc *g = userdata;
	ssize_t n = send(g->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? NGHTTP2_ERR_WOULDBLOCK
						 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static ssize_t on_recv(nghttp2_session *session, uint8_t *buf, size_t len, int flags,
		       void *userdata)
{
	struct grpc *g = userdata;
	ssize_t n = g->received < RECEIVED_MAX ? recv(g->fd, buf, len, MSG_DONTWAIT) : 0;

	if (n > 0) {
		g->received += (size_t)n;
		return n;
	}
	if (n == 0)
		return NGHTTP2_ERR_EOF;
	return errno == EAGAIN || errno == EINTR ? NGHTTP2_ERR_WOULDBLOCK
						 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *userdata)
{
	struct grpc *g = userdata;
	int status = 0;

	if (frame->hd.stream_id != g->stream || name_len != 11 ||
	    memcmp(name, "grpc-status", 11) != 0)
		return 0;
	for (size_t i = 0; i < value_len && i < 3; i++)
		status = status * 10 + (value[i] - '0');
	g->status = value_len ? status : UNKNOWN;
	return 0;
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		    size_t len, void *userdata)
{
	struct grpc *g = userdata;

	if (stream != g->stream)
		return 0;
	if (len > ANSWER_MAX - g->answer_len)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (g->answer_len + len > g->answer_capacity) {
		size_t capacity = MAX((g->answer_len + len) * 2, (size_t)16384);
		uint8_t *answer = realloc(g->answer, capacity);

		if (!answer)
			return NGHTTP2_ERR_CALLBACK_FAILURE;
		g->answer = answer;
		g->answer_capacity = capacity;
	}
	memcpy(g->answer + g->answer_len, data, len);
	g->answer_len += len;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *userdata)
{
	struct grpc *g = userdata;

	if (stream == g->stream)
		g->closed = true;
	return 0;
}

static ssize_t on_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len,
		       uint32_t *flags, nghttp2_data_source *source, void *userdata)
{
	struct grpc *g = source->ptr;
	size_t n = MIN(len, g->request_len - g->request_sent);

	memcpy(buf, g->request + g->request_sent, n);
	g->request_sent += n;
	if (g->request_sent == g->request_len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

/* ---- the connection ------------------------------------------------------------------------ */

static void disconnect(struct grpc *g)
{
	nghttp2_session_del(g->session);
	g->session = NULL;
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

static int connect_socket(struct grpc *g)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlen(g->socket) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, g->socket, strlen(g->socket));
	g->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (g->fd < 0)
		return -errno;
	/* A full backlog says EAGAIN: it hangs, and is as good as not there. */
	if (connect(g->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

static int start_session(struct grpc *g)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, ANSWER_MAX},
	};
	nghttp2_session_callbacks *callbacks;
	int r;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return -ENOMEM;
	nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
	nghttp2_session_callbacks_set_recv_callback(callbacks, on_recv);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	r = nghttp2_session_client_new(&g->session, callbacks, g);
	nghttp2_session_callbacks_del(callbacks);
	if (r != 0)
		return -ENOMEM;
	if (nghttp2_submit_settings(g->session, NGHTTP2_FLAG_NONE, settings,
				    ARRAY_SIZE(settings)) != 0 ||
	    nghttp2_session_set_local_window_size(g->session, NGHTTP2_FLAG_NONE, 0, ANSWER_MAX) !=
		    0)
		return -ENOMEM;
	return 0;
}

static int ensure_connected(struct grpc *g)
{
	int r;

	if (g->session)
		return 0;
	r = connect_socket(g);
	if (r == 0)
		r = start_session(g);
	if (r < 0)
		disconnect(g);
	return r;
}

/* ---- a call ---------------------------------------------------------------------------------- */

#define HEADER(name_, value_, len_)                                                             \
	{                                                                                       \
		.name = (uint8_t *)(name_), .value = (uint8_t *)(value_),                       \
		.namelen = sizeof(name_) - 1, .valuelen = (len_), .flags = NGHTTP2_NV_FLAG_NONE \
	}

static int submit(struct grpc *g, const char *path, const char *ns)
{
	const nghttp2_nv headers[] = {
		HEADER(":method", "POST", 4),
		HEADER(":scheme", "http", 4),
		HEADER(":path", path, strlen(path)),
		HEADER(":authority", "localhost", 9),
		HEADER("content-type", "application/grpc", 16),
		HEADER("te", "trailers", 8),
		HEADER("user-agent", "saker", 5),
		HEADER("containerd-namespace", ns ? ns : "", ns ? strlen(ns) : 0),
	};
	nghttp2_data_provider body = {.source.ptr = g, .read_callback = on_body};

	g->answer_len = 0;
	g->request_sent = 0;
	g->received = 0;
	g->status = -1;
	g->closed = false;
	g->stream = nghttp2_submit_request(g->session, NULL, headers,
					   ARRAY_SIZE(headers) - (ns ? 0 : 1), &body, NULL);
	return g->stream < 0 ? -EPROTO : 0;
}

/* Until the stream is closed. Any error leaves the connection unusable. */
static int run(struct grpc *g, uint64_t deadline)
{
	while (!g->closed) {
		struct pollfd p = {.fd = g->fd};
		uint64_t now = now_ms();
		int r;

		if (nghttp2_session_send(g->session) != 0)
			return -EPIPE;
		p.events = nghttp2_session_want_write(g->session) ? POLLIN | POLLOUT : POLLIN;
		if (now >= deadline)
			return -ETIMEDOUT;
		r = poll(&p, 1, (int)(deadline - now));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0 && nghttp2_session_recv(g->session) != 0)
			return g->closed ? 0 : -ECONNRESET;
	}
	return 0;
}

static int status_errno(int status)
{
	return status == NOT_FOUND ? -ENOENT : status == UNIMPLEMENTED ? -EOPNOTSUPP : -EPROTO;
}

static int answer_of(const struct grpc *g, const uint8_t **ret_answer, size_t *ret_len)
{
	size_t len;

	if (g->status != 0)
		return status_errno(g->status);
	if (g->answer_len < PREFIX || g->answer[0] != 0)
		return -EBADMSG;
	len = (size_t)g->answer[1] << 24 | (size_t)g->answer[2] << 16 | (size_t)g->answer[3] << 8 |
	      g->answer[4];
	if (len > g->answer_len - PREFIX)
		return -EBADMSG;
	*ret_answer = g->answer + PREFIX;
	*ret_len = len;
	return 0;
}

int grpc_call(struct grpc *g, const char *path, const char *ns, const void *request, size_t len,
	      const uint8_t **ret_answer, size_t *ret_len)
{
	uint64_t deadline = now_ms() + g->timeout_ms;
	int r;

	if (len > REQUEST_MAX)
		return -E2BIG;
	g->request[0] = 0;
	g->request[1] = (uint8_t)(len >> 24);
	g->request[2] = (uint8_t)(len >> 16);
	g->request[3] = (uint8_t)(len >> 8);
	g->request[4] = (uint8_t)len;
	memcpy(g->request + PREFIX, request, len);
	g->request_len = PREFIX + len;
	r = ensure_connected(g);
	if (r < 0)
		return r;
	r = submit(g, path, ns);
	if (r == 0)
		r = run(g, deadline);
	if (r < 0) {
		disconnect(g);
		return r;
	}
	return answer_of(g, ret_answer, ret_len);
}

struct grpc *grpc_new(const char *socket, uint32_t timeout_ms)
{
	struct grpc *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->fd = -1;
	g->timeout_ms = timeout_ms;
	g->socket = strdup(socket);
	return g->socket ? g : grpc_free(g);
}

struct grpc *grpc_free(struct grpc *g)
{
	if (!g)
		return NULL;
	disconnect(g);
	free(g->answer);
	free(g->socket);
	free(g);
	return NULL;
}
