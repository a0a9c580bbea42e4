/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one HTTP server of the project: metrics, health, the pages of `evtagg serve`.
 *
 *   saker_http_server_new    listens at once and answers on threads of its own
 *   saker_http_server_free   ends running answers, then stops
 *
 * The handler is called on a thread for each connection, so it may wait; what it
 * shares it locks. Bounds: 64 connections at a time, 16 of one address, 64 KiB of
 * headers, 1 MiB of body, 60 seconds of silence.
 */
#ifndef SAKER_HTTP_SERVER_H
#define SAKER_HTTP_SERVER_H
#pragma once

#include <saker/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct saker_http_server;

struct saker_http_request {
	const char *method; /* "GET", "HEAD", "POST" ... */
	const char *path;   /* decoded, starts with '/', without the query */
	const char *body;   /* of a POST or PUT; not NUL-terminated */
	size_t body_len;
	void *connection; /* for the calls below */
};

/* A parameter of the query, decoded ("" when it has no value), or NULL; lives as the request. */
SAKER_PUBLIC const char *saker_http_request_query(const struct saker_http_request *request,
						  const char *name);
/* A header, any case, or NULL. */
SAKER_PUBLIC const char *saker_http_request_header(const struct saker_http_request *request,
						   const char *name);

/*
 * What to answer: a body, or a stream. All zero but for status: an empty body. Set
 * by the handler; strings are copied when it returns, the body is taken over.
 */
struct saker_http_response {
	int status;		 /* 200 ... */
	const char *type;	 /* Content-Type; NULL = text/plain; charset=utf-8 */
	const char *cache;	 /* Cache-Control; NULL = no-store */
	const char *header_name; /* one more header, or NULL */
	const char *header_value;
	const char *body;
	size_t len;
	void (*free_body)(void *body); /* NULL = body is constant */
	/*
	 * A stream instead (server-sent events): called until it returns -1, which ends
	 * the answer; may wait up to a few seconds and then return 0, to be called again.
	 */
	long (*read)(void *userdata, char *buf, size_t size);
	void (*close)(void *userdata); /* once, in the end; may be NULL */
	void *userdata;
};

/* Fills response; a negative errno becomes 500. For every method. */
typedef int (*saker_http_handler)(void *userdata, const struct saker_http_request *request,
				  struct saker_http_response *response);

struct saker_http_server_options {
	size_t size;
	const char
		*listen; /* ":9376" (all addresses), "127.0.0.1:9376", "[::1]:9376"; port 0 = any */
	saker_http_handler handler;
	void *userdata;
	saker_log_fn log; /* may be NULL */
	void *log_userdata;
	const char *tls_certificate; /* PEM text, with tls_key; NULL = no TLS */
	const char *tls_key;
	/*
	 * Refuse requests whose Host is a name other than localhost: a page of another
	 * site cannot then reach a server on loopback through a name of its own.
	 */
	bool local_names_only;
};

#define SAKER_HTTP_SERVER_OPTIONS_INIT                           \
	{                                                        \
		.size = sizeof(struct saker_http_server_options) \
	}

/*
 * -EINVAL: listen cannot be read; -EADDRINUSE and others of bind(2); -EOPNOTSUPP:
 * built without HTTP, or TLS is asked for and the library has none.
 */
SAKER_PUBLIC int saker_http_server_new(const struct saker_http_server_options *options,
				       struct saker_http_server **ret_server);
/* The port it listens on. */
SAKER_PUBLIC uint16_t saker_http_server_port(const struct saker_http_server *server);
/*
 * Stops listening, ends what runs: streams are not asked again, a handler that
 * waits holds it up.
 */
SAKER_PUBLIC struct saker_http_server *saker_http_server_free(struct saker_http_server *server);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_HTTP_SERVER_H */
