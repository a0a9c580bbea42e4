// SPDX-License-Identifier: Apache-2.0
/* What a capture says of its machine: host, interface addresses, users and groups. */
#include "cursor.h"
#include "scap_format.h"
#include "scap_lists.h"

#define IF_IPV4 1
#define IF_IPV6 2
#define IF_IPV4_NO_SPEED 3
#define IF_IPV6_NO_SPEED 4

void capture_tables_init(struct capture_tables *tables)
{
	memset(tables, 0, sizeof(*tables));
	arena_init(&tables->arena, 16384);
}

void capture_tables_fini(struct capture_tables *tables)
{
	arena_fini(&tables->arena);
	free(tables->interfaces);
	free(tables->accounts);
	memset(tables, 0, sizeof(*tables));
}

int capture_tables_machine(struct capture_tables *tables, const uint8_t *body, size_t size)
{
	struct cursor c = {.p = body, .end = body + size};
	struct saker_machine m = {0};
	const uint8_t *hostname;

	m.n_cpus = cursor_u32(&c);
	m.memory = cursor_u64(&c);
	m.max_pid = cursor_u64(&c);
	hostname = cursor_take(&c, SCAP_HOSTNAME_SIZE);
	m.boot_ts = cursor_u64(&c);
	if (c.bad)
		return -EBADMSG;
	_Static_assert(sizeof(m.hostname) == SCAP_HOSTNAME_SIZE, "a host's name");
	memcpy(m.hostname, hostname, sizeof(m.hostname) - 1);
	tables->machine = m;
	tables->has_machine = true;
	return 0;
}

static const char *keep_text(struct capture_tables *tables, struct cursor_text t)
{
	/* Names of the system hold no NUL; what comes after one is not part of it. */
	return arena_strndup(&tables->arena, t.text ? t.text : "", t.len);
}

static uint8_t prefix_of(const uint8_t *mask, size_t len)
{
	uint8_t bits = 0;
	size_t i;

	for (i = 0; i < len; i++)
		bits += (uint8_t)__builtin_popcount(mask[i]);
	return bits;
}

static int add_interface(struct capture_tables *tables, struct cursor *c)
{
	struct saker_interface entry = {0};
	uint16_t type = cursor_u16(c);
	uint16_t name_len = cursor_u16(c);
	bool v6 = type == IF_IPV6 || type == IF_IPV6_NO_SPEED;
	size_t len = v6 ? 16 : 4;
	const uint8_t *addr, *mask, *name;

	if (type < IF_IPV4 || type > IF_IPV6_NO_SPEED)
		return -EBADMSG;
	addr = cursor_take(c, len);
	mask = cursor_take(c, len);
	(void)cursor_take(c, len); /* broadcast */
	if (type == IF_IPV4 || type == IF_IPV6)
		(void)cursor_u64(c); /* link speed */
	name = cursor_take(c, name_len);
	if (c->bad)
		return -EBADMSG;
	entry.addr.family = v6 ? 6 : 4;
	entry.addr.prefix = prefix_of(mask, len);
	memcpy(entry.addr.addr, addr, len);
	entry.name = keep_text(tables, (struct cursor_text){(const char *)name, name_len});
	if (!entry.name || GROW(tables->interfaces, tables->n_interfaces, tables->c_interfaces))
		return -ENOMEM;
	tables->interfaces[tables->n_interfaces++] = entry;
	return 0;
}

static int add_account(struct capture_tables *tables, struct cursor *c)
{
	struct saker_account entry = {0};
	struct cursor_text name;
	struct cursor_text home = {0};
	struct cursor_text shell = {0};

	entry.type = cursor_u8(c) ? 1 : 0;
	if (entry.type == 0)
		entry.uid = cursor_u32(c);
	entry.gid = cursor_u32(c);
	name = cursor_text(c);
	if (entry.type == 0) {
		home = cursor_text(c);
		shell = cursor_text(c);
	}
	if (c->bad)
		return -EBADMSG;
	entry.name = keep_text(tables, name);
	entry.home = keep_text(tables, home);
	entry.shell = keep_text(tables, shell);
	if (!entry.name || !entry.home || !entry.shell ||
	    GROW(tables->accounts, tables->n_accounts, tables->c_accounts))
		return -ENOMEM;
	tables->accounts[tables->n_accounts++] = entry;
	return 0;
}

/* Entries up to the padding; own_len: an entry's length counts itself. */
static int read_entries(struct capture_tables *tables, const uint8_t *body, size_t size,
			int version, bool own_len,
			int (*add)(struct capture_tables *, struct cursor *))
{
	struct cursor c = {.p = body, .end = body + size};
	int r;

	if (tables->arena.total + size > SCAP_TABLES_MAX)
		return -E2BIG;
	while (cursor_left(&c) >= 4) {
		struct cursor entry = c;

		if (version >= 2) {
			uint64_t len = cursor_u32(&c);

			if (own_len && len < 4)
				return -EBADMSG;
			entry.p = c.p;
			if (!cursor_take(&c, own_len ? len - 4 : len))
				return -EBADMSG;
			entry.end = c.p;
		}
		r = add(tables, &entry);
		if (r)
			return r;
		if (version < 2)
			c.p = entry.p;
	}
	return 0;
}

int capture_tables_interfaces(struct capture_tables *tables, const uint8_t *body, size_t size,
			      int version)
{
	tables->n_interfaces = 0;
	return read_entries(tables, body, size, version, false, add_interface);
}

int capture_tables_users(struct capture_tables *tables, const uint8_t *body, size_t size,
			 int version)
{
	tables->n_accounts = 0;
	return read_entries(tables, body, size, version, true, add_account);
}
