/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unary gRPC calls over a unix socket: HTTP/2 by nghttp2, one call at a time,
 * each with a time limit. No TLS, no compression, no streams: what a container
 * runtime's socket needs.
 */
#ifndef ENRICH_GRPC_H
#define ENRICH_GRPC_H

#include <stddef.h>
#include <stdint.h>

struct grpc;

/* Connects with the first call, and again after a failure. NULL = out of memory. */
struct grpc *grpc_new(const char *socket, uint32_t timeout_ms);
struct grpc *grpc_free(struct grpc *g);

/*
 * One call. path: "/package.Service/Method"; ns: the value of the header
 * containerd-namespace, or NULL. The answer is valid until the next call.
 * -ENOENT: status NOT_FOUND; -EOPNOTSUPP: UNIMPLEMENTED; -ETIMEDOUT; -EPROTO:
 * another status; else why the connection failed.
 */
int grpc_call(struct grpc *g, const char *path, const char *ns, const void *request, size_t len,
	      const uint8_t **ret_answer, size_t *ret_len);

#endif /* ENRICH_GRPC_H */
