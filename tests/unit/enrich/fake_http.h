/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container runtime's HTTP socket with recorded answers, for what cannot run
 * where tests do: a thread that takes one request a connection, and answers by
 * path. Paths that it does not know are 404.
 */
#ifndef TESTS_ENRICH_FAKE_HTTP_H
#define TESTS_ENRICH_FAKE_HTTP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_answer {
	const char *path;
	const char *body;
};

struct fake_http {
	const struct fake_answer *answers; /* ended by one without a path */
	const char *raw;  /* instead: these very bytes, whatever is asked; "" = never an answer */
	size_t raw_len;	  /* 0 = up to its NUL */
	const char *fill; /* behind them, again and again until the other side has enough */
	size_t fill_len;
	bool stays;   /* says no more then, but does not close */
	bool at_once; /* closes before it has read anything */
	int fd;
	pthread_t thread;
	atomic_int n_requests;
	char socket[108];
};

static inline void fake_reply_raw(struct fake_http *f, int fd)
{
	size_t len = f->raw_len ? f->raw_len : strlen(f->raw);
	char more[4096];

	(void)!send(fd, f->raw, len, MSG_NOSIGNAL);
	while (f->fill &&
	       send(fd, f->fill, f->fill_len ? f->fill_len : strlen(f->fill), MSG_NOSIGNAL) > 0)
		;
	while (f->stays && read(fd, more, sizeof(more)) > 0)
		;
}

static inline void fake_reply(struct fake_http *f, int fd, const char *request)
{
	const struct fake_answer *a = f->answers;
	char path[512] = "";

	(void)!sscanf(request, "GET %511s", path);
	if (f->raw) {
		fake_reply_raw(f, fd);
		return;
	}
	while (a->path && strcmp(a->path, path) != 0)
		a++;
	dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		a->path ? "200 OK" : "404 Not Found", a->path ? strlen(a->body) : 2,
		a->path ? a->body : "{}");
}

static inline void *fake_run(void *userdata)
{
	struct fake_http *f = userdata;
	char request[4096];
	int fd;

	while ((fd = accept(f->fd, NULL, NULL)) >= 0) {
		ssize_t n = f->at_once ? 0 : read(fd, request, sizeof(request) - 1);

		if (n > 0) {
			request[n] = '\0';
			atomic_fetch_add(&f->n_requests, 1);
			/* Hanging: until the other side gives up. */
			if (f->raw && !*f->raw)
				(void)!read(fd, request, sizeof(request));
			else
				fake_reply(f, fd, request);
		}
		close(fd);
	}
	return NULL;
}

static inline int fake_start(struct fake_http *f, const char *folder, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(f->socket, sizeof(f->socket), "%s/%s", folder, name);
	memcpy(addr.sun_path, f->socket, sizeof(addr.sun_path));
	f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->fd < 0 || bind(f->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(f->fd, 16) < 0)
		return -1;
	return pthread_create(&f->thread, NULL, fake_run, f) ? -1 : 0;
}

static inline void fake_stop(struct fake_http *f)
{
	shutdown(f->fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->fd);
	unlink(f->socket);
}

#endif /* TESTS_ENRICH_FAKE_HTTP_H */
