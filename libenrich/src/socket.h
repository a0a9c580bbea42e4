/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of socket calls and of traffic share: addresses in events, and changing an fd.
 */
#ifndef ENRICH_SOCKET_H
#define ENRICH_SOCKET_H

#include "internal.h"

/* One address and port, as an event has them. */
struct enrich_socket_end {
	const uint8_t *ip;
	uint16_t port;
};

/* A SOCKTUPLE parameter; IPv4 written as IPv6 has become IPv4. */
struct enrich_socket_ends {
	uint8_t family; /* AF_PPM_*; 0 = unknown or malformed */
	struct enrich_socket_end src;
	struct enrich_socket_end dst;
	uint64_t unix_src;
	uint64_t unix_dst;
	struct enrich_slice path;
};

/* The record's fd, for changing; NULL = unknown, or no memory; it has `more`. */
struct enrich_fd *enrich_socket_own(struct saker_record *r);
struct enrich_socket_ends enrich_socket_tuple(const struct saker_record *r, uint32_t i);
/* A SOCKADDR parameter: in dst, or path. */
struct enrich_socket_ends enrich_socket_addr(const struct saker_record *r, uint32_t i);
/* The type of a connected socket of this family. */
void enrich_socket_set_type(struct enrich_fd *fd, uint8_t family);
/* False when it has these ends already, in either order. */
bool enrich_socket_set_ends(struct enrich_tuple *f, const struct enrich_socket_ends *t);
void enrich_socket_set_unix_name(struct saker_state *s, struct enrich_fd *fd,
				 const struct enrich_socket_ends *t);
/* Around what may change the name of the record's fd: sets the record's flag when it did. */
void enrich_socket_name_begin(const struct saker_record *r, struct enrich_str **ret_old);
void enrich_socket_name_end(struct saker_record *r, struct enrich_str *old);
struct enrich_fd *enrich_socket_make(struct saker_state *s, struct saker_record *r, int64_t num,
				     uint32_t domain, uint32_t type, uint32_t protocol);

static inline bool enrich_socket_succeeded(const struct saker_record *r)
{
	return r->thread && r->flags & ENRICH_RECORD_HAS_RES && r->res >= 0;
}

#endif /* ENRICH_SOCKET_H */
