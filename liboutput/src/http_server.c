/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server over libmicrohttpd, which has the protocol; here are its bounds,
 * the address, and the shape of requests and answers that our tools see.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

#include <saker/http_server.h>

#include "common/util.h"

#if SAKER_HAVE_HTTP_SERVER
#include <microhttpd.h>

#define MAX_CONNECTIONS 64
#define MAX_OF_ADDRESS 16
#define MAX_HEADERS (64u << 10)
#define MAX_BODY (1u << 20)
#define SILENCE_S 60
#define STREAM_BLOCK (16u << 10)

struct saker_http_server {
	struct MHD_Daemon *daemon;
	saker_http_handler handler;
	void *userdata;
	saker_log_fn log;
	void *log_userdata;
	uint16_t port;
	bool local_names_only;
	atomic_bool stopping;
};

/* What is kept of a request while its body comes in. */
struct incoming {
	char *body;
	size_t len;
	bool too_large;
};

/* A running stream, and the server it asks whether to go on. */
struct stream {
	struct saker_http_server *server;
	struct saker_http_response response;
};

/* ---- answers ------------------------------------------------------------------ */

static ssize_t stream_read(void *userdata, uint64_t position, char *buf, size_t size)
{
	struct stream *stream = userdata;
	long n = 0;

	/* MHD would spin on 0: wait for something here, where the reader may wait. */
	while (n == 0 && !atomic_load(&stream->server->stopping))
		n = stream->response.read(stream->response.userdata, buf, size);
	return n > 0 ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void stream_close(void *userdata)
{
	struct stream *stream = userdata;

	if (stream->response.close)
		stream->response.close(stream->response.userdata);
	free(stream);
}

static struct MHD_Response *make_stream(struct saker_http_server *server,
					const struct saker_http_response *r)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *response;

	if (!stream)
		return NULL;
	stream->server = server;
	stream->response = *r;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
						     stream, stream_close);
	if (!response)
		free(stream);
	return response;
}

static struct MHD_Response *make_body(const struct saker_http_response *r)
{
	if (r->free_body)
		return MHD_create_response_from_buffer_with_free_callback(r->len, (void *)r->body,
									  r->free_body);
	return MHD_create_response_from_buffer(r->len, (void *)r->body, MHD_RESPMEM_PERSISTENT);
}

static void drop(const struct saker_http_response *r)
{
	if (r->read && r->close)
		r->close(r->userdata);
	if (!r->read && r->free_body)
		r->free_body((void *)r->body);
}

static enum MHD_Result answer(struct saker_http_server *server, struct MHD_Connection *connection,
			      const struct saker_http_response *r)
{
	struct MHD_Response *response = r->read ? make_stream(server, r) : make_body(r);
	enum MHD_Result done;

	if (!response) {
		drop(r);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				r->type ? r->type : "text/plain; charset=utf-8");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
				r->cache ? r->cache : "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (r->header_name && r->header_value)
		MHD_add_response_header(response, r->header_name, r->header_value);
	done = MHD_queue_response(connection, (unsigned int)r->status, response);
	MHD_destroy_response(response);
	return done;
}

static enum MHD_Result refuse(struct saker_http_server *server, struct MHD_Connection *connection,
			      int status, const char *text)
{
	struct saker_http_response r = {.status = status, .body = text, .len = strlen(text)};

	return answer(server, connection, &r);
}

/* ---- requests ------------------------------------------------------------------ */

/* An address, or localhost: what no other site can make a browser say. */
static bool is_local_name(const char *host)
{
	char name[256];
	size_t n;

	if (!host)
		return true; /* no browser */
	if (*host == '[')
		return true;
	n = strcspn(host, ":");
	if (n >= sizeof(name))
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return strspn(name, "0123456789.") == n || strcasecmp(name, "localhost") == 0;
}

static enum MHD_Result take_body(struct incoming *in, const char *data, size_t *len)
{
	char *body;

	if (in->too_large || in->len + *len > MAX_BODY) {
		in->too_large = true;
	} else {
		body = realloc(in->body, in->len + *len);
		if (!body)
			return MHD_NO;
		memcpy(body + in->len, data, *len);
		in->body = body;
		in->len += *len;
	}
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result handle(void *userdata, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *len, void **state)
{
	struct saker_http_server *server = userdata;
	struct saker_http_request request = {.method = method, .path = url};
	struct saker_http_response response = {0};
	struct incoming *in = *state;
	int r;

	if (!in) {
		*state = calloc(1, sizeof(*in));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*len)
		return take_body(in, data, len);
	if (in->too_large)
		return refuse(server, connection, 413, "the body is too large\n");
	request.connection = connection;
	request.body = in->body ? in->body : "";
	request.body_len = in->len;
	if (server->local_names_only && !is_local_name(saker_http_request_header(&request, "Host")))
		return refuse(server, connection, 421, "ask by address or as localhost\n");
	response.status = 200;
	r = server->handler(server->userdata, &request, &response);
	if (r < 0) {
		drop(&response);
		return refuse(server, connection, 500, "the answer could not be made\n");
	}
	return answer(server, connection, &response);
}

static void completed(void *userdata, struct MHD_Connection *connection, void **state,
		      enum MHD_RequestTerminationCode how)
{
	struct incoming *in = *state;

	if (!in)
		return;
	free(in->body);
	free(in);
	*state = NULL;
}

const char *saker_http_request_query(const struct saker_http_request *request, const char *name)
{
	const char *value = NULL;
	size_t len;

	if (!request || !request->connection || !name)
		return NULL;
	if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name,
					  strlen(name), &value, &len) == MHD_NO)
		return NULL;
	return value ? value : "";
}

const char *saker_http_request_header(const struct saker_http_request *request, const char *name)
{
	if (!request || !request->connection || !name)
		return NULL;
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* ---- listening ------------------------------------------------------------------- */

/* ":9376", "127.0.0.1:9376", "[::1]:9376", "localhost:9376" */
static int split_listen(const char *listen, char *host, size_t size, const char **ret_port)
{
	const char *colon = strrchr(listen, ':');
	size_t n;

	if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strtoul(colon + 1, NULL, 10) > 65535)
		return -EINVAL;
	n = (size_t)(colon - listen);
	if (n >= 2 && listen[0] == '[' && listen[n - 1] == ']') {
		listen++;
		n -= 2;
	}
	if (n >= size)
		return -EINVAL;
	memcpy(host, listen, n);
	host[n] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static int listen_on(const struct addrinfo *a, bool dual)
{
	_cleanup_close_ int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? &off : &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int open_socket(const char *listen)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
	char host[256];
	const char *port;
	int r = split_listen(listen, host, sizeof(host), &port), fd = -EADDRNOTAVAIL;

	if (r < 0)
		return r;
	hints.ai_flags |= AI_NUMERICSERV;
	if (getaddrinfo(*host ? host : NULL, port, &hints, &found) != 0)
		return -EINVAL;
	/* All addresses: one IPv6 socket takes IPv4 too, where there is IPv6. */
	for (int pass = *host ? 1 : 0; pass < 2 && fd < 0; pass++) {
		for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
			if (pass == 0 && a->ai_family != AF_INET6)
				continue;
			fd = listen_on(a, pass == 0);
		}
		if (fd == -EADDRINUSE)
			break;
	}
	freeaddrinfo(found);
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage a = {0};
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
					     : ((struct sockaddr_in *)&a)->sin_port);
}

_printf_(2, 0) static void log_line(void *userdata, const char *format, va_list ap)
{
	struct saker_http_server *server = userdata;
	char text[512];
	int n;

	if (!server->log)
		return;
	n = vsnprintf(text, sizeof(text), format, ap);
	for (n = MIN(n, (int)sizeof(text) - 1); n > 0 && text[n - 1] == '\n'; n--)
		text[n - 1] = '\0';
	server->log(server->log_userdata, SAKER_SEVERITY_WARNING, text);
}

static int start(struct saker_http_server *server, const struct saker_http_server_options *options,
		 int fd)
{
	unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
			     MHD_USE_POLL | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->tls_certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)options->tls_key},
		{MHD_OPTION_END, 0, NULL},
	};

	if (options->tls_certificate) {
		if (!options->tls_key || MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_NO)
			return -EOPNOTSUPP;
		flags |= MHD_USE_TLS;
	}
	server->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, log_line, server,
		MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)MAX_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned int)MAX_OF_ADDRESS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MAX_HEADERS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)SILENCE_S,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_ARRAY,
		options->tls_certificate ? tls : &tls[2], MHD_OPTION_END);
	return server->daemon ? 0 : -EIO;
}

int saker_http_server_new(const struct saker_http_server_options *options,
			  struct saker_http_server **ret_server)
{
	_cleanup_close_ int fd = -1;
	struct saker_http_server *server;
	int r;

	if (!options || !ret_server || options->size != sizeof(*options) || !options->listen ||
	    !options->handler)
		return -EINVAL;
	fd = open_socket(options->listen);
	if (fd < 0)
		return fd;
	server = calloc(1, sizeof(*server));
	if (!server)
		return -ENOMEM;
	server->handler = options->handler;
	server->userdata = options->userdata;
	server->log = options->log;
	server->log_userdata = options->log_userdata;
	server->local_names_only = options->local_names_only;
	server->port = port_of(fd);
	r = start(server, options, fd);
	if (r < 0) {
		free(server);
		return r;
	}
	TAKE_FD(fd); /* the daemon closes it */
	*ret_server = server;
	return 0;
}

uint16_t saker_http_server_port(const struct saker_http_server *server)
{
	return server ? server->port : 0;
}

struct saker_http_server *saker_http_server_free(struct saker_http_server *server)
{
	if (!server)
		return NULL;
	atomic_store(&server->stopping, true);
	MHD_stop_daemon(server->daemon);
	free(server);
	return NULL;
}

#else

int saker_http_server_new(const struct saker_http_server_options *options,
			  struct saker_http_server **ret_server)
{
	return options && ret_server ? -EOPNOTSUPP : -EINVAL;
}

uint16_t saker_http_server_port(const struct saker_http_server *server)
{
	return 0;
}

struct saker_http_server *saker_http_server_free(struct saker_http_server *server)
{
	return NULL;
}

const char *saker_http_request_query(const struct saker_http_request *request, const char *name)
{
	return NULL;
}

const char *saker_http_request_header(const struct saker_http_request *request, const char *name)
{
	return NULL;
}

#endif
