/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.* of sockets: addresses and ports of both ends by role (client, server) and
 * by place (local, remote), protocol and family.
 */
#include "field.h"
#include "render.h"

#include <arpa/inet.h>

static bool is_v6(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_IPV6_SOCK || fd->type == ENRICH_FD_IPV6_SERVER;
}

static bool is_connection(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_IPV4_SOCK || fd->type == ENRICH_FD_IPV6_SOCK;
}

static bool is_server(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_IPV4_SERVER || fd->type == ENRICH_FD_IPV6_SERVER;
}

static bool has_role(const struct enrich_fd *fd)
{
	return fd->flags & (ENRICH_FD_ROLE_CLIENT | ENRICH_FD_ROLE_SERVER);
}

static bool is_text_of(const struct enrich_str *text, const uint8_t addr[4])
{
	uint8_t ip[4];

	return text->len && inet_pton(AF_INET, text->text, ip) == 1 && memcmp(ip, addr, 4) == 0;
}

/*
 * Is it an address of the machine that the thread sees? In a container that is the container's own;
 * the host's count only in its network, or beside an address that was told: the gateway that
 * a container's visitors come from is an address of the host.
 */
static bool is_local(const struct saker_record *r, const struct enrich_fd *fd, const uint8_t *addr)
{
	const struct enrich_container *c = r->thread ? enrich_thread_container(r->thread) : NULL;
	const struct enrich_container_info *info = c ? c->info : NULL;
	bool host_network = !c || (info && info->flags[ENRICH_CONTAINER_FLAG_HOST_NETWORK]);
	const struct enrich_str *ip = info ? info->texts[ENRICH_CONTAINER_TEXT_IP] : NULL;

	if (is_v6(fd))
		return host_network && enrich_state_is_local_v6(r->state, addr);
	if (ip && is_text_of(ip, addr))
		return true;
	return (host_network || (ip && ip->len)) && enrich_state_is_local_v4(r->state, addr);
}

/* Whether a side is the source (the client's) end of the tuple. */
static bool side_is_source(const struct saker_record *r, const struct enrich_fd *fd,
			   enum field_side side)
{
	switch (side) {
	case SIDE_CLIENT:
		return true;
	case SIDE_LOCAL:
		return is_local(r, fd, enrich_fd_tuple(fd)->sip);
	case SIDE_REMOTE:
		return !is_local(r, fd, enrich_fd_tuple(fd)->sip);
	default:
		return false;
	}
}

static struct saker_ip *make_ip(struct saker_record *r, const struct enrich_fd *fd,
				const uint8_t *addr)
{
	struct saker_ip *ip = arena_alloc(&r->scratch, sizeof(*ip));

	if (!ip)
		return NULL;
	ip->family = is_v6(fd) ? 6 : 4;
	ip->prefix = is_v6(fd) ? 128 : 32;
	memcpy(ip->addr, addr, is_v6(fd) ? 16 : 4);
	return ip;
}

static struct saker_value ip_value(enum saker_type type, const struct saker_ip *ip)
{
	struct saker_value v = saker_value_absent(type, SAKER_ABSENT_TRUNCATED);

	if (ip) {
		v.absent = SAKER_PRESENT;
		v.ip = ip;
	}
	return v;
}

/* ---- one end ---------------------------------------------------------------------- */

/* A listening socket has a server end only. */
static bool has_address(const struct enrich_fd *fd, enum field_side side)
{
	if (!fd || !has_role(fd))
		return false;
	return is_connection(fd) || (is_server(fd) && side == SIDE_SERVER);
}

void field_fd_ip(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);
	enum field_side side = (enum field_side)(ref->number & SIDE_MASK);
	bool source;

	if (!has_address(fd, side)) {
		field_set_no_fd(out, r, fd);
		return;
	}
	source = side_is_source(r, fd, side);
	saker_values_set(out, ip_value((enum saker_type)ref->type,
				       make_ip(r, fd,
					       source ? enrich_fd_tuple(fd)->sip
						      : enrich_fd_tuple(fd)->dip)));
}

static bool has_port(const struct enrich_fd *fd, enum field_side side)
{
	if (!fd)
		return false;
	return (is_connection(fd) && has_role(fd)) || (is_server(fd) && side == SIDE_SERVER);
}

static uint16_t side_port(const struct saker_record *r, const struct enrich_fd *fd,
			  enum field_side side)
{
	return side_is_source(r, fd, side) ? enrich_fd_tuple(fd)->sport
					   : enrich_fd_tuple(fd)->dport;
}

void field_fd_port(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);
	enum field_side side = (enum field_side)ref->number;

	if (has_port(fd, side))
		field_set_u64(out, ref, side_port(r, fd, side));
	else
		field_set_no_fd(out, r, fd);
}

static bool has_proto(const struct enrich_fd *fd, enum field_side side)
{
	if (side == SIDE_CLIENT)
		return has_role(fd);
	if (side == SIDE_SERVER && is_server(fd))
		return true;
	return is_connection(fd) && has_role(fd);
}

/* As text; empty rather than absent for a socket that has no such end. */
void field_fd_proto(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);
	enum field_side side = (enum field_side)ref->number;
	struct render_text t;

	if (!fd || !has_proto(fd, side)) {
		field_set_no_fd(out, r, fd);
		return;
	}
	render_init(&t, &r->scratch);
	if (is_connection(fd))
		render_format(&t, "%u", side_port(r, fd, side));
	field_set_slice(out, render_result(&t));
}

/* Names would have to be asked for over the network: never. */
void field_fd_host(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_fd *fd = field_fd_of(record);
	bool has = has_address(fd, (enum field_side)ref->number);

	if (has)
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
	else
		field_set_no_fd(out, record, fd);
}

/* ---- both ends ----------------------------------------------------------------------- */

/* Two values for a connection, one for a listening socket. */
static struct saker_value *both_values(struct saker_record *r, struct saker_values *out,
				       const struct enrich_fd *fd)
{
	struct saker_value *values = NULL;

	if (!fd || !enrich_fd_is_ip(fd)) {
		field_set_no_fd(out, r, fd);
		return NULL;
	}
	values = arena_alloc(&r->scratch, 2 * sizeof(*values));
	out->v = values;
	out->n = !values ? 0 : is_server(fd) ? 1 : 2;
	out->absent = values ? 0 : SAKER_ABSENT_TRUNCATED;
	return values;
}

void field_fd_both_ip(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);
	struct saker_value *values = both_values(r, out, fd);
	const struct saker_ip *dip, *sip;

	if (!values)
		return;
	dip = make_ip(r, fd, enrich_fd_tuple(fd)->dip);
	sip = make_ip(r, fd, enrich_fd_tuple(fd)->sip);
	if (!dip || !sip) {
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
		return;
	}
	values[0] = ip_value((enum saker_type)ref->type, out->n == 1 ? dip : sip);
	values[1] = ip_value((enum saker_type)ref->type, dip);
}

void field_fd_both_port(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);
	struct saker_value *values = both_values(r, out, fd);

	if (!values)
		return;
	values[0] = saker_value_u64(SAKER_TYPE_PORT, out->n == 1 ? enrich_fd_tuple(fd)->dport
								 : enrich_fd_tuple(fd)->sport);
	values[1] = saker_value_u64(SAKER_TYPE_PORT, enrich_fd_tuple(fd)->dport);
}

/* ---- what it speaks --------------------------------------------------------------------- */

void field_fd_l4proto(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_fd *fd = field_fd_of(record);
	const char *name = "<NA>";

	if (!fd) {
		field_set_no_fd(out, record, fd);
		return;
	}
	if (enrich_fd_is_ip(fd) &&
	    (is_server(fd) || has_role(fd) || enrich_fd_tuple(fd)->l4 == ENRICH_L4_RAW)) {
		switch ((enum enrich_l4)enrich_fd_tuple(fd)->l4) {
		case ENRICH_L4_TCP:
			name = "tcp";
			break;
		case ENRICH_L4_UDP:
			name = "udp";
			break;
		case ENRICH_L4_ICMP:
			name = "icmp";
			break;
		case ENRICH_L4_RAW:
			name = "raw";
			break;
		case ENRICH_L4_UNKNOWN:
		case ENRICH_L4_NA:
			break;
		}
	}
	field_set_text(out, name, strlen(name));
}

void field_fd_sockfamily(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct enrich_fd *fd = field_fd_of(record);

	if (fd && enrich_fd_is_ip(fd))
		field_set_text(out, "ip", 2);
	else if (fd && fd->type == ENRICH_FD_UNIX_SOCK)
		field_set_text(out, "unix", 4);
	else
		field_set_no_fd(out, record, fd);
}

void field_fd_is_server(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_fd *fd = field_fd_of(r);

	if (!fd)
		field_set_no_fd(out, r, fd);
	else
		field_set_bool(out, is_server(fd) || (is_connection(fd) &&
						      is_local(r, fd, enrich_fd_tuple(fd)->dip)));
}
