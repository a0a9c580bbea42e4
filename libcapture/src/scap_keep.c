// SPDX-License-Identifier: Apache-2.0
/*
 * Events that are kept for the next file of a capture. Apart from the writer, which
 * knows of blocks: here is what the events are about, and when that is over.
 *
 * What an event is about is its key: a container's id, a user's or group's number in
 * it, an executable. A later one of the same key takes the place of the one before.
 */
#include "scap_keep.h"

#include "common/hash.h"

/* The oldest go first; a file that begins with more than this is no use to anybody. */
#define KEEP_MAX 4096
#define KEEP_BYTES_MAX (4u << 20)
#define SHORT_ID 12 /* as container.id has it, and accounts' events */
#define ID_MAX 128
#define MISSES_MAX 2

enum kind { KIND_NONE, KIND_CONTAINER, KIND_USER, KIND_GROUP, KIND_EXE };

struct key {
	enum kind kind;
	bool ends; /* the event says that it is no more */
	uint64_t number;
	uint8_t len;
	char id[ID_MAX]; /* of the container, or what tells an executable; no NUL */
};

struct capture_keep_entry {
	struct saker_event *event;
	struct key key;
	uint64_t hash;	/* of the key */
	uint8_t misses; /* how often its container was in no process list */
	bool hex;	/* the id is one that control groups tell */
	bool seen;
};

/* ---- what an event is about ------------------------------------------------------------- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t skip_space(const char *json, size_t len, size_t at)
{
	while (at < len &&
	       (json[at] == ' ' || json[at] == '\n' || json[at] == '\t' || json[at] == '\r'))
		at++;
	return at;
}

/* Behind the string that begins at `at`, which is its quote; len: it does not end. */
static size_t skip_string(const char *json, size_t len, size_t at)
{
	for (at++; at < len && json[at] != '"'; at++)
		at += json[at] == '\\';
	return MIN(at + 1, len);
}

static bool is_name(const char *json, size_t from, size_t to, const char *name)
{
	size_t n = strlen(name);

	return to - from == n + 2 && memcmp(json + from + 1, name, n) == 0;
}

static bool set_id(struct key *key, const char *id, size_t len)
{
	key->len = 0;
	if (len > sizeof(key->id))
		return false;
	memcpy(key->id, id, len);
	key->len = (uint8_t)len;
	return len > 0;
}

/*
 * {"container": {..., "id": ID, ..., "full_id": ID}}: the id, of which the first 12
 * characters count when it is one of digits. Only members of that object: labels may
 * have any name. An id with escapes in it is none.
 */
static bool key_of_json(struct key *key, const char *json, size_t len)
{
	uint32_t depth = 0, inside = 0; /* the depth of the object that is the container */
	bool found = false;

	key->kind = KIND_CONTAINER;
	for (size_t at = 0; at < len;) {
		size_t from = at, to;
		bool full, container;

		if (json[at] != '"') {
			depth += json[at] == '{' || json[at] == '[';
			depth -= depth && (json[at] == '}' || json[at] == ']');
			at++;
			continue;
		}
		to = skip_string(json, len, at);
		at = skip_space(json, len, to);
		if (at >= len || json[at] != ':')
			continue;
		at = skip_space(json, len, at + 1);
		container = depth == 1 && is_name(json, from, to, "container");
		if (container && at < len && json[at] == '{')
			inside = 2;
		full = is_name(json, from, to, "full_id");
		if (depth != inside || !inside || at >= len || json[at] != '"' ||
		    !(full || (!found && is_name(json, from, to, "id"))))
			continue;
		from = at + 1;
		at = skip_string(json, len, at);
		found = set_id(key, json + from, at - from - 1);
		if (full)
			break;
	}
	if (found && key->len > SHORT_ID) {
		size_t n = 0;

		while (n < key->len && is_hex(key->id[n]))
			n++;
		key->len = n == key->len ? SHORT_ID : key->len;
	}
	return found;
}

static bool is_text(const struct saker_param *p, const char *text)
{
	size_t n = strlen(text);

	return p->len > n && memcmp(p->data, text, n + 1) == 0;
}

static bool key_of_async(struct key *key, const struct saker_event_view *v)
{
	const char *data = (const char *)v->params[2].data;
	size_t len = strnlen(data, v->params[2].len);

	key->ends = is_text(&v->params[1], "container_removed");
	if (key->ends || is_text(&v->params[1], "container"))
		return key_of_json(key, data, len);
	key->kind = KIND_EXE;
	return is_text(&v->params[1], "exe_digest") && set_id(key, data, len);
}

/* Its number first, its container last. */
static bool key_of_account(struct key *key, const struct saker_event_view *v, enum kind kind)
{
	const struct saker_param *id = &v->params[v->n_params - 1];

	if (v->params[0].len != sizeof(uint32_t))
		return false;
	key->kind = kind;
	key->ends = v->event->type == SAKER_EV_USER_DELETED_E ||
		    v->event->type == SAKER_EV_GROUP_DELETED_E;
	key->number = saker_load_u32(v->params[0].data);
	/* Of the host there is a list, at the file's beginning; "" is none of a container. */
	(void)set_id(key, (const char *)id->data, strnlen((const char *)id->data, id->len));
	return true;
}

static bool key_of(struct key *key, const struct saker_event *event)
{
	struct saker_event_view v;

	memset(key, 0, sizeof(*key));
	if (saker_event_decode(event, event->len, &v) < 0 || v.n_params != v.info->n_params)
		return false;
	switch (event->type) {
	case SAKER_EV_CONTAINER_JSON_2_E:
		return key_of_json(key, (const char *)v.params[0].data,
				   strnlen((const char *)v.params[0].data, v.params[0].len));
	case SAKER_EV_ASYNCEVENT_E:
		return key_of_async(key, &v);
	case SAKER_EV_USER_ADDED_E:
	case SAKER_EV_USER_DELETED_E:
		return key_of_account(key, &v, KIND_USER);
	default:
		return key_of_account(key, &v, KIND_GROUP);
	}
}

/* ---- the events -------------------------------------------------------------------------- */

static uint64_t hash_key(const struct key *key)
{
	return hash_bytes(key->id, key->len, hash_u64(key->number << 8 | key->kind));
}

static bool same_key(const struct key *a, const struct key *b)
{
	return a->kind == b->kind && a->number == b->number && a->len == b->len &&
	       memcmp(a->id, b->id, a->len) == 0;
}

static void keep_remove(struct capture_keep *keep, uint32_t i)
{
	struct capture_keep_entry *entry = &keep->entries[i];

	keep->bytes -= entry->event->len;
	free(entry->event);
	memmove(entry, entry + 1, (keep->n - i - 1) * sizeof(*entry));
	keep->n--;
}

static void keep_forget(struct capture_keep *keep, const struct key *key, uint64_t hash)
{
	for (uint32_t i = 0; i < keep->n; i++) {
		if (keep->entries[i].hash == hash && same_key(&keep->entries[i].key, key)) {
			keep_remove(keep, i);
			return;
		}
	}
}

/* What belongs to a container goes with it. */
static void keep_forget_container(struct capture_keep *keep, const struct key *key)
{
	for (uint32_t i = keep->n; i-- > 0;) {
		const struct key *k = &keep->entries[i].key;

		if (k->kind != KIND_EXE && k->len == key->len &&
		    memcmp(k->id, key->id, k->len) == 0)
			keep_remove(keep, i);
	}
}

static int keep_add(struct capture_keep *keep, const struct saker_event *event,
		    const struct key *key, uint64_t hash)
{
	struct capture_keep_entry entry = {.key = *key, .hash = hash};
	size_t n = 0;

	if (event->len > KEEP_BYTES_MAX)
		return 0;
	if (GROW(keep->entries, keep->n, keep->capacity) < 0)
		return -ENOMEM;
	entry.event = malloc(event->len);
	if (!entry.event)
		return -ENOMEM;
	memcpy(entry.event, event, event->len);
	while (n < key->len && is_hex(key->id[n]))
		n++;
	entry.hex = key->kind != KIND_EXE && n == SHORT_ID && key->len == SHORT_ID;
	keep->entries[keep->n++] = entry;
	keep->bytes += event->len;
	while (keep->n > KEEP_MAX || keep->bytes > KEEP_BYTES_MAX)
		keep_remove(keep, 0);
	return 0;
}

int capture_keep_event(struct capture_keep *keep, const struct saker_event *event)
{
	struct key key;
	uint64_t hash;

	if (!key_of(&key, event))
		return 0;
	hash = hash_key(&key);
	if (key.ends && key.kind == KIND_CONTAINER)
		keep_forget_container(keep, &key);
	else
		keep_forget(keep, &key, hash);
	return key.ends ? 0 : keep_add(keep, event, &key, hash);
}

/* ---- who is still there -------------------------------------------------------------------- */

void capture_keep_look(struct capture_keep *keep)
{
	keep->looks = true;
	keep->any_given = false;
	for (uint32_t i = 0; i < keep->n; i++)
		keep->entries[i].seen = false;
}

/* A container's id stands in the control group's name, alone or among other words. */
void capture_keep_process(struct capture_keep *keep, const char *cgroups, size_t len)
{
	keep->any_given = true;
	for (size_t at = 0, n; keep->n && at < len; at += n + 1) {
		for (n = 0; at + n < len && is_hex(cgroups[at + n]);)
			n++;
		if (n < SHORT_ID)
			continue;
		for (uint32_t i = 0; i < keep->n; i++) {
			struct capture_keep_entry *entry = &keep->entries[i];

			entry->seen |=
				entry->hex && memcmp(entry->key.id, cgroups + at, SHORT_ID) == 0;
		}
	}
}

void capture_keep_done(struct capture_keep *keep)
{
	keep->looks = false;
	for (uint32_t i = keep->n; keep->any_given && i-- > 0;) {
		struct capture_keep_entry *entry = &keep->entries[i];

		entry->misses = entry->seen || !entry->hex ? 0 : entry->misses + 1;
		if (entry->misses >= MISSES_MAX)
			keep_remove(keep, i);
	}
}

void capture_keep_repeat(struct capture_keep *keep, uint64_t ts,
			 void (*fn)(void *userdata, const struct saker_event *event),
			 void *userdata)
{
	for (uint32_t i = 0; i < keep->n; i++) {
		keep->entries[i].event->ts = ts;
		fn(userdata, keep->entries[i].event);
	}
}

void capture_keep_fini(struct capture_keep *keep)
{
	for (uint32_t i = 0; i < keep->n; i++)
		free(keep->entries[i].event);
	free(keep->entries);
	memset(keep, 0, sizeof(*keep));
}
