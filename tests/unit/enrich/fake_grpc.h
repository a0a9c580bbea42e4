/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container runtime's gRPC socket with recorded answers: one thread, one
 * connection at a time, HTTP/2 by nghttp2. It answers by path; what it does not
 * know has status UNIMPLEMENTED.
 */
#ifndef TESTS_ENRICH_FAKE_GRPC_H
#define TESTS_ENRICH_FAKE_GRPC_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

struct fake_call {
	const char *path;
	const char *status; /* grpc-status: "0" = fine */
	uint8_t body[4096]; /* the message, its prefix of five bytes included */
	size_t len;
};

struct fake_grpc {
	struct fake_call *calls; /* ended by one without a path */
	int fd;
	int peer;
	pthread_t thread;
	char socket[108];
	struct fake_call *current;
	size_t sent;
};

static inline ssize_t fg_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags,
			      void *userdata)
{
	struct fake_grpc *f = userdata;
	ssize_t n = send(f->peer, data, len, MSG_NOSIGNAL);

	(void)session;
	(void)flags;
	return n >= 0 ? n : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static inline int fg_header(nghttp2_session *session, const nghttp2_frame *frame,
			    const uint8_t *name, size_t name_len, const uint8_t *value,
			    size_t value_len, uint8_t flags, void *userdata)
{
	struct fake_grpc *f = userdata;

	(void)session;
	(void)frame;
	(void)flags;
	if (name_len != 5 || memcmp(name, ":path", 5) != 0)
		return 0;
	for (f->current = f->calls; f->current->path; f->current++) {
		if (strlen(f->current->path) == value_len &&
		    memcmp(f->current->path, value, value_len) == 0)
			break;
	}
	return 0;
}

static inline int fg_trailers(struct fake_grpc *f, nghttp2_session *session, int32_t stream)
{
	const char *status = f->current->path ? f->current->status : "12";
	nghttp2_nv trailer = {(uint8_t *)"grpc-status", (uint8_t *)status, 11, strlen(status), 0};

	return nghttp2_submit_trailer(session, stream, &trailer, 1);
}

static inline ssize_t fg_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len,
			      uint32_t *flags, nghttp2_data_source *source, void *userdata)
{
	struct fake_grpc *f = userdata;
	size_t left = f->current->path ? f->current->len - f->sent : 0;
	size_t n = left < len ? left : len;

	(void)source;
	if (n)
		memcpy(buf, f->current->body + f->sent, n);
	f->sent += n;
	if (n == left) {
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		fg_trailers(f, session, stream);
	}
	return (ssize_t)n;
}

static inline int fg_frame(nghttp2_session *session, const nghttp2_frame *frame, void *userdata)
{
	struct fake_grpc *f = userdata;
	nghttp2_nv headers[] = {
		{(uint8_t *)":status", (uint8_t *)"200", 7, 3, 0},
		{(uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16, 0},
	};
	nghttp2_data_provider body = {.read_callback = fg_body};

	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
	    (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS))
		return 0;
	f->sent = 0;
	return nghttp2_submit_response(session, frame->hd.stream_id, headers, 2, &body);
}

static inline void fg_serve(struct fake_grpc *f)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session;
	uint8_t buf[4096];
	ssize_t n;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_send_callback(callbacks, fg_send);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, fg_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, fg_frame);
	nghttp2_session_server_new(&session, callbacks, f);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
	nghttp2_session_send(session);
	while ((n = read(f->peer, buf, sizeof(buf))) > 0) {
		if (nghttp2_session_mem_recv(session, buf, (size_t)n) < 0 ||
		    nghttp2_session_send(session) != 0)
			break;
	}
	nghttp2_session_del(session);
}

static inline void *fg_run(void *userdata)
{
	struct fake_grpc *f = userdata;

	while ((f->peer = accept(f->fd, NULL, NULL)) >= 0) {
		fg_serve(f);
		close(f->peer);
	}
	return NULL;
}

static inline int fg_start(struct fake_grpc *f, const char *folder, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(f->socket, sizeof(f->socket), "%s/%s", folder, name);
	memcpy(addr.sun_path, f->socket, sizeof(addr.sun_path));
	f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->fd < 0 || bind(f->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(f->fd, 16) < 0)
		return -1;
	return pthread_create(&f->thread, NULL, fg_run, f) ? -1 : 0;
}

static inline void fg_stop(struct fake_grpc *f)
{
	shutdown(f->fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->fd);
	unlink(f->socket);
}

#endif /* TESTS_ENRICH_FAKE_GRPC_H */
