/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which container a thread is in, told from its cgroup paths. The table of
 * patterns is all there is to know of a runtime's naming; what a container is
 * called and made of comes from the runtime, elsewhere.
 */
#include "internal.h"

#define HEX_ID 64u
#define SHORT_ID 12u
#define BUCKETS_MIN 64u

/* How the id stands between prefix and suffix. */
enum id_kind {
	ID_HEX,	 /* 64 hexadecimal digits */
	ID_NAME, /* any name without a slash */
	ID_TREE, /* a name; below it the container may have cgroups of its own */
};

struct pattern {
	const char *prefix;
	const char *suffix; /* what follows the id, up to the end of the path */
	enum id_kind kind;
	uint16_t type;
	const char *below; /* NULL, or what must be in the path besides */
};

/* In order of preference; the same order in which Falco's container plugin asks its engines. */
static const struct pattern patterns[] = {
	{"/libpod-payload-", "", ID_HEX, ENRICH_CONTAINER_PODMAN},
	{"/libpod-payload-", ".scope", ID_HEX, ENRICH_CONTAINER_PODMAN},
	{"/libpod-payload-", ".scope/container", ID_HEX, ENRICH_CONTAINER_PODMAN},
	{"/libpod-", "", ID_HEX, ENRICH_CONTAINER_PODMAN},
	{"/libpod-", ".scope", ID_HEX, ENRICH_CONTAINER_PODMAN},
	{"/libpod-", ".scope/container", ID_HEX, ENRICH_CONTAINER_PODMAN},
	{"/docker-", ".scope", ID_HEX, ENRICH_CONTAINER_DOCKER},
	{"/crio-", "", ID_HEX, ENRICH_CONTAINER_CRIO},
	{"/crio-", ".scope", ID_HEX, ENRICH_CONTAINER_CRIO},
	{"/cri-containerd-", ".scope", ID_HEX, ENRICH_CONTAINER_CONTAINERD},
	{":cri-containerd:", "", ID_HEX, ENRICH_CONTAINER_CONTAINERD},
	{"/nerdctl-", ".scope", ID_HEX, ENRICH_CONTAINER_CONTAINERD},
	{"/docker/", "", ID_HEX, ENRICH_CONTAINER_DOCKER},
	{"/", "", ID_HEX, ENRICH_CONTAINER_DOCKER, "/kubepods"},
	{"/libvirt/lxc/", "", ID_TREE, ENRICH_CONTAINER_LIBVIRT_LXC},
	{"/lxc.payload.", "", ID_TREE, ENRICH_CONTAINER_LXC},
	{"/lxc.payload/", "", ID_TREE, ENRICH_CONTAINER_LXC},
	{"/lxc/", "", ID_TREE, ENRICH_CONTAINER_LXC},
	{"/", ".libvirt-lxc", ID_NAME, ENRICH_CONTAINER_LIBVIRT_LXC},
	{"-lxc\\x2d", ".scope", ID_NAME, ENRICH_CONTAINER_LIBVIRT_LXC},
	{"-lxc\\x2d", ".scope/libvirt", ID_NAME, ENRICH_CONTAINER_LIBVIRT_LXC},
	{"/bpm-", ".scope", ID_NAME, ENRICH_CONTAINER_BPM},
	{"/bpm-", "", ID_NAME, ENRICH_CONTAINER_BPM},
};

const char *enrich_container_type_name(enum enrich_container_type type)
{
	switch (type) {
#define X(symbol, number, name)         \
	case ENRICH_CONTAINER_##symbol: \
		return name;
		ENRICH_CONTAINER_TYPE_LIST(X)
#undef X
	}
	return "";
}

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	}
	return true;
}

static bool ends_with(struct enrich_slice s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len && memcmp(s.text + s.len - len, suffix, len) == 0;
}

static bool match_tree(const struct pattern *p, struct enrich_slice path,
		       struct enrich_slice *ret_id)
{
	const char *end = path.text + path.len;
	const char *id = memmem(path.text, path.len, p->prefix, strlen(p->prefix));
	const char *slash;

	if (!id)
		return false;
	id += strlen(p->prefix);
	slash = memchr(id, '/', (size_t)(end - id));
	*ret_id = (struct enrich_slice){id, (uint32_t)((slash ? slash : end) - id)};
	return ret_id->len > 0 && ret_id->len < ENRICH_CONTAINER_ID_MAX;
}

/* The last prefix in path that leaves a valid id before the suffix. */
static bool match_pattern(const struct pattern *p, struct enrich_slice path,
			  struct enrich_slice *ret_id)
{
	size_t prefix = strlen(p->prefix);
	size_t suffix = strlen(p->suffix);
	const char *end;

	if (p->kind == ID_TREE)
		return match_tree(p, path, ret_id);
	if (path.len < prefix + suffix + 1 || !ends_with(path, p->suffix))
		return false;
	end = path.text + path.len - suffix;
	if (p->kind == ID_HEX) {
		const char *id = end - HEX_ID;

		if (path.len < prefix + suffix + HEX_ID ||
		    memcmp(id - prefix, p->prefix, prefix) != 0 || !is_hex(id, HEX_ID))
			return false;
		*ret_id = (struct enrich_slice){id, HEX_ID};
		return true;
	}
	for (const char *id = end - 1; id - prefix >= path.text && id[0] != '/'; id--) {
		if (memcmp(id - prefix, p->prefix, prefix) != 0)
			continue;
		*ret_id = (struct enrich_slice){id, (uint32_t)(end - id)};
		return ret_id->len < ENRICH_CONTAINER_ID_MAX;
	}
	return false;
}

static bool is_name(struct enrich_slice s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_' || c == '.'))
			return false;
	}
	return s.len > 0;
}

/*
 * containerd without a naming scheme on top: "/<namespace>/<id>", which any
 * two-level path looks like. So nothing that systemd or a known manager of
 * cgroups makes, and only plain names.
 */
static bool match_containerd(struct enrich_slice path, struct enrich_slice *ret_id)
{
	static const char *const units[] = {".service", ".slice", ".scope",   ".socket",
					    ".mount",	".swap",  ".session", ".partition"};
	static const char *const managers[] = {"docker",  "kubepods", "system", "user",	  "machine",
					       "libvirt", "lxc",      "podman", "libpod", "init"};
	const char *slash = path.len > 1 ? memchr(path.text + 1, '/', path.len - 1) : NULL;
	struct enrich_slice ns;
	struct enrich_slice id;

	if (!slash || path.text[0] != '/')
		return false;
	ns = (struct enrich_slice){path.text + 1, (uint32_t)(slash - path.text - 1)};
	id = (struct enrich_slice){slash + 1, path.len - ns.len - 2};
	if (id.len > HEX_ID || !is_name(ns) || !is_name(id))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ends_with(ns, units[i]) || ends_with(id, units[i]))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(managers); i++) {
		if (ns.len == strlen(managers[i]) && memcmp(ns.text, managers[i], ns.len) == 0)
			return false;
	}
	*ret_id = id;
	return true;
}

/*
 * systemd-nspawn: a scope or a service of its own, in which the container's own
 * systemd makes what it likes. Virtual machines have such scopes, too.
 */
static bool match_nspawn(struct enrich_slice path, struct enrich_slice *ret_id)
{
	static const char *const units[][2] = {{"/machine-", ".scope"},
					       {"/systemd-nspawn@", ".service"}};
	const char *end = path.text + path.len;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		const char *id = memmem(path.text, path.len, units[i][0], strlen(units[i][0]));
		const char *slash;

		if (!id)
			continue;
		id += strlen(units[i][0]);
		slash = memchr(id, '/', (size_t)(end - id));
		*ret_id = (struct enrich_slice){id, (uint32_t)((slash ? slash : end) - id)};
		if (!ends_with(*ret_id, units[i][1]))
			continue;
		ret_id->len -= (uint32_t)strlen(units[i][1]);
		return ret_id->len > 0 && ret_id->len < ENRICH_CONTAINER_ID_MAX;
	}
	return false;
}

/* By a name that only one runtime's manager of cgroups gives. */
static bool match_path(struct enrich_slice path, struct enrich_slice *ret_id, uint16_t *ret_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		const struct pattern *p = &patterns[i];

		if (match_pattern(p, path, ret_id) &&
		    (!p->below || memmem(path.text, path.len, p->below, strlen(p->below)))) {
			*ret_type = p->type;
			return true;
		}
	}
	return false;
}

/* By names that others give as well: the namespaces or the runtime must agree. */
static bool match_by_form(struct enrich_slice path, struct enrich_slice *ret_id, uint16_t *ret_type)
{
	/* Docker and others below a cgroup that somebody chose for them. */
	static const struct pattern bare = {"/", "", ID_HEX, ENRICH_CONTAINER_DOCKER};

	*ret_type = ENRICH_CONTAINER_DOCKER;
	if (match_pattern(&bare, path, ret_id))
		return true;
	*ret_type = ENRICH_CONTAINER_NSPAWN;
	if (match_nspawn(path, ret_id))
		return true;
	*ret_type = ENRICH_CONTAINER_CONTAINERD;
	return match_containerd(path, ret_id);
}

struct enrich_container *enrich_container_ref(struct enrich_container *c)
{
	if (c)
		c->refs++;
	return c;
}

static struct enrich_container **bucket_of(const struct saker_state *s, uint64_t hash)
{
	return &s->containers[hash & (s->containers_capacity - 1)];
}

static void accounts_free(struct saker_state *s, struct enrich_accounts *accounts)
{
	if (!accounts)
		return;
	enrich_accounts_fini(s, accounts);
	enrich_dealloc(s, accounts, sizeof(*accounts));
}

static void container_free(struct saker_state *s, struct enrich_container *c)
{
	struct enrich_container **link = bucket_of(s, c->hash);

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	s->n_containers--;
	enrich_container_info_free(s, c->info);
	accounts_free(s, c->users);
	accounts_free(s, c->groups);
	enrich_dealloc(s, c, sizeof(*c));
}

void enrich_container_unref(struct saker_state *s, struct enrich_container *c)
{
	if (c && --c->refs == 0)
		container_free(s, c);
}

void enrich_containers_fini(struct saker_state *s)
{
	for (uint32_t i = 0; i < s->containers_capacity; i++) {
		while (s->containers[i])
			container_free(s, s->containers[i]);
	}
	if (s->kept)
		enrich_dealloc(s, s->kept, ENRICH_KEPT_CONTAINERS * sizeof(*s->kept));
	s->kept = NULL;
	if (s->containers)
		enrich_dealloc(s, s->containers, s->containers_capacity * sizeof(*s->containers));
	s->containers = NULL;
	s->containers_capacity = 0;
}

/* One bucket a container; when there is no memory for more, the chains get longer. */
static void containers_grow(struct saker_state *s)
{
	uint32_t capacity = s->containers_capacity ? s->containers_capacity * 2 : BUCKETS_MIN;
	struct enrich_container **old = s->containers;
	uint32_t old_capacity = s->containers_capacity;
	struct enrich_container **buckets;

	if (s->n_containers < old_capacity)
		return;
	buckets = enrich_alloc_zero(s, capacity * sizeof(*buckets));
	if (!buckets)
		return;
	s->containers = buckets;
	s->containers_capacity = capacity;
	for (uint32_t i = 0; i < old_capacity; i++) {
		while (old[i]) {
			struct enrich_container *c = old[i];
			struct enrich_container **link = bucket_of(s, c->hash);

			old[i] = c->next;
			c->next = *link;
			*link = c;
		}
	}
	if (old)
		enrich_dealloc(s, old, old_capacity * sizeof(*old));
}

/* Container events tell the short id only: by that, whatever the runtime, one is known. */
static uint8_t short_len(struct enrich_slice id)
{
	return id.len == HEX_ID && is_hex(id.text, id.len) ? SHORT_ID : (uint8_t)id.len;
}

void enrich_container_short_id(const char *id, char *short_id)
{
	uint8_t len = short_len((struct enrich_slice){id, (uint32_t)strlen(id)});

	memcpy(short_id, id, len);
	short_id[len] = '\0';
}

struct enrich_container *enrich_container_find(const struct saker_state *s, struct enrich_slice id)
{
	uint8_t len = short_len(id);
	uint64_t hash = hash_bytes(id.text, len, 0);

	if (!s->containers)
		return NULL;
	for (struct enrich_container *c = *bucket_of(s, hash); c; c = c->next) {
		/* Two that differ past the short id are two, as far as both full ids are known. */
		if (c->hash == hash && c->id_len == len && memcmp(c->id, id.text, len) == 0 &&
		    (c->full_id_len != id.len || memcmp(c->full_id, id.text, id.len) == 0))
			return c;
	}
	return NULL;
}

const struct enrich_container *enrich_state_container(const struct saker_state *s, const char *id,
						      size_t len)
{
	if (len == 0 || len >= ENRICH_CONTAINER_ID_MAX)
		return NULL;
	return enrich_container_find(s, (struct enrich_slice){id, (uint32_t)len});
}

static void set_full_id(struct enrich_container *c, struct enrich_slice id)
{
	memcpy(c->full_id, id.text, id.len);
	c->full_id_len = (uint8_t)id.len;
}

struct enrich_container *enrich_container_get(struct saker_state *s, struct enrich_slice id,
					      uint16_t type)
{
	struct enrich_container **link;
	struct enrich_container *c = enrich_container_find(s, id);

	if (c) {
		if (c->full_id_len < id.len)
			set_full_id(c, id);
		return enrich_container_ref(c);
	}
	containers_grow(s);
	c = s->containers ? enrich_alloc_zero(s, sizeof(*c)) : NULL;
	if (!c)
		return NULL;
	c->refs = 1;
	c->type = type;
	set_full_id(c, id);
	c->id_len = short_len(id);
	memcpy(c->id, id.text, c->id_len);
	c->hash = hash_bytes(c->id, c->id_len, 0);
	c->why_not = enrich_container_untold(type) ? SAKER_ABSENT_NOT_APPLICABLE
						   : SAKER_ABSENT_NOT_CAPTURED;
	link = bucket_of(s, c->hash);
	c->next = *link;
	*link = c;
	s->n_containers++;
	return c;
}

/* What the list says of itself: a container, or a name that only looks like one. */
enum enrich_match enrich_cgroups_match(struct enrich_slice cgroups, struct enrich_slice *ret_id,
				       uint16_t *ret_type)
{
	const char *p = cgroups.text;
	const char *end = p + cgroups.len;
	enum enrich_match match = ENRICH_MATCH_NONE;

	while (p < end && match != ENRICH_MATCH_SURE) {
		size_t len = strnlen(p, (size_t)(end - p));
		const char *eq = memchr(p, '=', len);
		struct enrich_slice path;

		if (!eq)
			break;
		path = (struct enrich_slice){eq + 1, (uint32_t)(len - (size_t)(eq + 1 - p))};
		if (path.len > 1 && match_path(path, ret_id, ret_type))
			return ENRICH_MATCH_SURE;
		if (match == ENRICH_MATCH_NONE && match_by_form(path, ret_id, ret_type))
			match = ENRICH_MATCH_MAYBE;
		p += len + 1;
	}
	return match;
}

void enrich_container_ask(struct saker_state *s, struct enrich_container *c)
{
	int r;

	if (c->asked || !s->ask_container)
		return;
	c->asked = true;
	r = s->ask_container(s->ask_container_userdata, c->full_id, c->full_id_len, c->type);
	if (r >= 0)
		c->why_not = SAKER_ABSENT_PENDING;
	else if (r == -EACCES || r == -EPERM)
		c->why_not = SAKER_ABSENT_NO_PERMISSION;
	if (r > 0)
		enrich_hold_allow(s, c);
}

void enrich_container_ask_accounts(struct saker_state *s, struct enrich_container *c, int64_t tid)
{
	if (!c || c->users || !s->ask_accounts || c->account_tries >= ENRICH_ACCOUNT_TRIES)
		return;
	/* The first processes of a container are its runtime's own, and gone in no time. */
	c->account_tries++;
	s->ask_accounts(s->ask_container_userdata, c->full_id, c->full_id_len, tid);
}

/* A container that was told of is kept, as its threads may come later; of those the oldest goes. */
void enrich_container_keep(struct saker_state *s, struct enrich_container *c)
{
	if (c->kept)
		return;
	if (!s->kept)
		s->kept = enrich_alloc_zero(s, ENRICH_KEPT_CONTAINERS * sizeof(*s->kept));
	if (!s->kept)
		return;
	if (s->kept[s->kept_next]) {
		s->kept[s->kept_next]->kept = false;
		enrich_container_unref(s, s->kept[s->kept_next]);
	}
	s->kept[s->kept_next] = enrich_container_ref(c);
	s->kept_next = (s->kept_next + 1) % ENRICH_KEPT_CONTAINERS;
	c->kept = true;
}

void enrich_container_forget(struct saker_state *s, struct enrich_container *c)
{
	for (uint32_t i = 0; c->kept && i < ENRICH_KEPT_CONTAINERS; i++) {
		if (s->kept[i] != c)
			continue;
		s->kept[i] = NULL;
		c->kept = false;
		enrich_container_unref(s, c);
		return;
	}
}

/*
 * A name that proves nothing makes a container when a runtime says that it is
 * one, or an event that somebody recorded; until then those of its threads are
 * on the host that are in its pid namespace.
 */
void enrich_thread_update_container(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_slice cgroups = {enrich_str_text(t->cgroups), enrich_str_len(t->cgroups)};
	struct enrich_container *old = t->container;
	enum enrich_match match;
	struct enrich_slice id;
	uint16_t type;

	t->container = NULL;
	match = enrich_cgroups_match(cgroups, &id, &type);
	if (match != ENRICH_MATCH_NONE) {
		t->container = enrich_container_get(s, id, type);
		if (t->container) {
			t->container->sure |= match == ENRICH_MATCH_SURE;
			enrich_container_ask(s, t->container);
			enrich_container_ask_accounts(s, t->container, t->tid);
			/* Its threads keep it from now on. On a replay nobody tells twice. */
			if (!s->offline)
				enrich_container_forget(s, t->container);
		}
	}
	enrich_container_unref(s, old);
}
