/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses: the text of a socket's ends, this machine's interfaces, and which
 * address of ours a half-known tuple must have used.
 */
#include "internal.h"

#include <arpa/inet.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t zero_ip[16];

const struct enrich_tuple enrich_no_tuple;

/* :: counts, too: a socket that was not bound to an address is of the family that it talks. */
bool enrich_ip6_is_mapped(const uint8_t addr[16])
{
	return memcmp(addr, mapped_prefix, sizeof(mapped_prefix)) == 0 ||
	       memcmp(addr, zero_ip, sizeof(zero_ip)) == 0;
}

/* ---- text ------------------------------------------------------------------------- */

static char *put_uint(char *p, uint32_t v)
{
	char digits[10];
	uint32_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		*p++ = digits[--n];
	return p;
}

static char *put_ip(char *p, bool v6, const uint8_t *addr)
{
	if (v6) {
		if (inet_ntop(AF_INET6, addr, p, INET6_ADDRSTRLEN))
			p += strlen(p);
		return p;
	}
	for (uint32_t i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_uint(p, addr[i]);
	}
	return p;
}

static char *put_end(char *p, bool v6, const uint8_t *addr, uint16_t port, bool with_port)
{
	p = put_ip(p, v6, addr);
	if (with_port) {
		*p++ = ':';
		p = put_uint(p, port);
	}
	return p;
}

uint32_t enrich_tuple_text(const struct enrich_fd *fd, char buf[static ENRICH_TUPLE_TEXT_MAX])
{
	const struct enrich_tuple *t = enrich_fd_tuple(fd);
	bool v6 = fd->type == ENRICH_FD_IPV6_SOCK || fd->type == ENRICH_FD_IPV6_SERVER;
	bool server = fd->type == ENRICH_FD_IPV4_SERVER || fd->type == ENRICH_FD_IPV6_SERVER;
	bool ports = t->l4 == ENRICH_L4_TCP || t->l4 == ENRICH_L4_UDP;
	char *p = buf;

	if (!server && !ports && t->l4 != ENRICH_L4_ICMP && t->l4 != ENRICH_L4_RAW) {
		memcpy(buf, "<unknown>", sizeof("<unknown>"));
		return sizeof("<unknown>") - 1;
	}
	if (!server) {
		p = put_end(p, v6, t->sip, t->sport, ports);
		*p++ = '-';
		*p++ = '>';
	}
	p = put_end(p, v6, t->dip, t->dport, ports || server);
	*p = '\0';
	return (uint32_t)(p - buf);
}

void enrich_fd_set_tuple_name(struct saker_state *s, struct enrich_fd *fd)
{
	char text[ENRICH_TUPLE_TEXT_MAX];

	enrich_str_set(s, &fd->name, text, enrich_tuple_text(fd, text));
}

void enrich_fd_swap_ends(struct enrich_fd *fd)
{
	struct enrich_tuple *t = &fd->more->tuple;
	struct enrich_tuple old = *t;

	memcpy(t->sip, old.dip, sizeof(old.dip));
	memcpy(t->dip, old.sip, sizeof(old.sip));
	t->sport = old.dport;
	t->dport = old.sport;
}

/* ---- interfaces --------------------------------------------------------------------- */

int saker_state_add_interface(struct saker_state *state, const struct saker_interface *interface)
{
	struct enrich_interface *i;

	if (!state || !interface)
		return -EINVAL;
	if (interface->addr.family != 4 && interface->addr.family != 6)
		return -EINVAL;
	if (state->n_interfaces >= ENRICH_INTERFACES_MAX)
		return -E2BIG;
	if (GROW(state->interfaces, state->n_interfaces, state->interfaces_capacity) < 0)
		return -ENOMEM;
	i = &state->interfaces[state->n_interfaces++];
	memset(i, 0, sizeof(*i));
	i->family = interface->addr.family;
	memcpy(i->addr, interface->addr.addr, i->family == 4 ? 4 : 16);
	for (uint32_t bit = 0; bit < interface->addr.prefix && bit < 128; bit++)
		i->mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return 0;
}

bool enrich_state_is_local_v4(const struct saker_state *s, const uint8_t addr[4])
{
	for (uint32_t i = 0; i < s->n_interfaces; i++) {
		if (s->interfaces[i].family == 4 && memcmp(s->interfaces[i].addr, addr, 4) == 0)
			return true;
	}
	return false;
}

/* Same network half: IPv6 machines change the other half as they like. */
bool enrich_state_is_local_v6(const struct saker_state *s, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < s->n_interfaces; i++) {
		if (s->interfaces[i].family == 6 && memcmp(s->interfaces[i].addr, addr, 8) == 0)
			return true;
	}
	return false;
}

static bool is_loopback(const struct enrich_interface *i)
{
	static const uint8_t lo4[4] = {127, 0, 0, 1};
	static const uint8_t lo6[16] = {[15] = 1};

	return i->family == 4 ? memcmp(i->addr, lo4, 4) == 0 : memcmp(i->addr, lo6, 16) == 0;
}

static bool same_net(const struct enrich_interface *i, const uint8_t *addr)
{
	uint32_t len = i->family == 4 ? 4 : 8;

	for (uint32_t b = 0; b < len; b++) {
		uint8_t mask = i->family == 4 ? i->mask[b] : 0xff;

		if ((i->addr[b] ^ addr[b]) & mask)
			return false;
	}
	return true;
}

/* The address that this machine would use to talk to addr: itself, its net's, the first real one.
 */
static const uint8_t *infer_address(const struct saker_state *s, uint8_t family,
				    const uint8_t *addr)
{
	size_t len = family == 4 ? 4 : 16;
	const uint8_t *net = NULL;
	const uint8_t *first = NULL;

	for (uint32_t n = 0; n < s->n_interfaces; n++) {
		const struct enrich_interface *i = &s->interfaces[n];

		if (i->family != family)
			continue;
		if (memcmp(i->addr, addr, len) == 0)
			return i->addr;
		if (!net && same_net(i, addr))
			net = i->addr;
		if (!first && !is_loopback(i))
			first = i->addr;
	}
	return net ? net : first ? first : zero_ip;
}

void enrich_fd_infer_local(const struct saker_state *s, struct enrich_fd *fd)
{
	struct enrich_tuple *t = &fd->more->tuple;
	uint8_t family = fd->type == ENRICH_FD_IPV4_SOCK ? 4 : 6;
	size_t len = family == 4 ? 4 : 16;
	const uint8_t *known;
	const uint8_t *addr;
	bool no_source;

	if (fd->type != ENRICH_FD_IPV4_SOCK && fd->type != ENRICH_FD_IPV6_SOCK)
		return;
	no_source = memcmp(t->sip, zero_ip, len) == 0;
	if (!no_source && memcmp(t->dip, zero_ip, len) != 0)
		return;
	known = no_source ? t->dip : t->sip;
	addr = infer_address(s, family, known);
	/* Both ends the same would be a socket that talks to itself. */
	if (memcmp(addr, known, len) == 0 && t->sport == t->dport)
		return;
	memcpy(no_source ? t->sip : t->dip, addr, len);
}
