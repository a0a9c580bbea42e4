/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation for the state, and its counted strings. When the pool is at its
 * ceiling room is made here, by forgetting what can be read again: this is the
 * one place that decides what goes.
 */
#include "internal.h"

#define EVICT_TRIES 64
#define EVICT_FDS 32
#define EVICT_FDS_FIRST 1024 /* a table larger than this pays before other threads do */

static bool evict_some(struct saker_state *s)
{
	struct enrich_thread *t = s->last_thread;
	struct enrich_files *files = t ? t->files : NULL;

	if (files && files->table && files->table->n > EVICT_FDS_FIRST &&
	    enrich_fds_evict(s, files, EVICT_FDS))
		return true;
	if (enrich_threads_evict(s))
		return true;
	return files && enrich_fds_evict(s, files, EVICT_FDS) > 0;
}

void *enrich_alloc(struct saker_state *s, size_t size)
{
	void *p = pool_alloc(&s->pool, size);

	for (uint32_t i = 0; unlikely(!p) && i < EVICT_TRIES; i++) {
		if (!evict_some(s))
			return NULL;
		p = pool_alloc(&s->pool, size);
	}
	return p;
}

void *enrich_alloc_zero(struct saker_state *s, size_t size)
{
	void *p = enrich_alloc(s, size);

	return p ? memset(p, 0, size) : NULL;
}

void enrich_dealloc(struct saker_state *s, void *p, size_t size)
{
	pool_free(&s->pool, p, size);
}

static inline uint64_t load_u64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * Of the length, the middle and the end, where names differ: what is the same by this is compared
 * anyway, so more would only take longer.
 */
static uint64_t text_hash(const char *text, size_t len)
{
	if (len < 8)
		return hash_bytes(text, len, 0);
	return hash_mix(load_u64(text + len - 8) ^ UINT64_C(0x9e3779b97f4a7c15),
			load_u64(text + (len - 8) / 2) ^ UINT64_C(0xe7037ed1a0b428db) ^ len);
}

/*
 * Programs have the same files open, the same arguments, environment and directory as many others:
 * the string that came last to the text's slot is shared if it is the same. A table of all strings
 * would miss nothing, but cost a cache miss each time.
 */
struct enrich_str *enrich_str_new(struct saker_state *s, const char *text, size_t len)
{
	struct enrich_str *str;
	uint64_t hash;
	uint16_t slot, tag;

	len = MIN(len, (size_t)ENRICH_STR_MAX);
	hash = text_hash(text, len);
	slot = hash & (ENRICH_RECENT_STRS - 1);
	tag = (uint16_t)(hash >> 48);
	if (s->recent_tags[slot] == tag) {
		str = s->recent[slot];
		if (str && str->len == len && memcmp(str->text, text, len) == 0)
			return enrich_str_ref(str);
	}
	str = enrich_alloc(s, sizeof(*str) + len + 1);
	if (!str)
		return NULL;
	str->refs = 1;
	str->len = (uint16_t)len;
	str->slot = slot;
	memcpy(str->text, text, len);
	str->text[len] = '\0';
	s->recent[slot] = str;
	s->recent_tags[slot] = tag;
	return str;
}

void enrich_str_unref(struct saker_state *s, struct enrich_str *str)
{
	if (!str || --str->refs > 0)
		return;
	if (s->recent[str->slot] == str)
		s->recent[str->slot] = NULL;
	enrich_dealloc(s, str, sizeof(*str) + str->len + 1);
}

void enrich_str_set(struct saker_state *s, struct enrich_str **dst, const char *text, size_t len)
{
	struct enrich_str *old = *dst;

	if (old && old->len == len && memcmp(old->text, text, len) == 0)
		return;
	/* Out of the structure first: making the new one may evict, never what we still hold. */
	*dst = NULL;
	if (len)
		*dst = enrich_str_new(s, text, len);
	enrich_str_unref(s, old);
}

void enrich_str_assign(struct saker_state *s, struct enrich_str **dst, struct enrich_str *src)
{
	struct enrich_str *old = *dst;

	*dst = enrich_str_ref(src);
	enrich_str_unref(s, old);
}
