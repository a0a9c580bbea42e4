/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events about containers: whether a runtime has just told or a capture has
 * kept it, the metadata comes in here. They are of no thread; their record
 * shows the container that they tell of.
 */
#include "internal.h"

enum async_param {
	ASYNC_NAME = 1,
	ASYNC_DATA = 2,
};

#define JSON_TEXT 0

/* The record is of this container, which stays until the next one. Takes the reference. */
static void record_of(struct saker_state *s, struct saker_record *r, struct enrich_container *c)
{
	s->event_container = c;
	r->container = c;
}

static void container_told(struct saker_state *s, struct saker_record *r, uint32_t param)
{
	const struct saker_param *p = enrich_param(r, param);
	struct enrich_container_info *info = NULL;
	char id[ENRICH_CONTAINER_ID_MAX];
	struct enrich_container *c = NULL;
	size_t len;

	if (!p ||
	    enrich_container_info_parse(s, (const char *)p->data, p->len, id, &len, &info) < 0) {
		s->stats.n_malformed++;
		return;
	}
	if (len)
		c = enrich_container_get(s, (struct enrich_slice){id, (uint32_t)len}, info->type);
	if (!c) {
		enrich_container_info_free(s, info);
		return;
	}
	enrich_container_info_free(s, c->info);
	c->info = info;
	c->type = info->type;
	c->sure = true;
	c->asked = true;
	s->stats.n_missing_container_images += info->texts[ENRICH_CONTAINER_TEXT_IMAGE]->len == 0;
	/*
	 * Nobody's yet: its first thread is still to come. Not where we ask, as that is because
	 * of a thread: then the last one was gone before the answer came.
	 */
	if (s->offline || (c->refs == 1 && !s->ask_container))
		enrich_container_keep(s, c);
	record_of(s, r, c);
}

static void container_removed(struct saker_state *s, struct saker_record *r)
{
	const struct saker_param *p = enrich_param(r, ASYNC_DATA);
	struct enrich_container_info *info = NULL;
	char id[ENRICH_CONTAINER_ID_MAX];
	struct enrich_container *c;
	size_t len;

	if (!p ||
	    enrich_container_info_parse(s, (const char *)p->data, p->len, id, &len, &info) < 0) {
		s->stats.n_malformed++;
		return;
	}
	enrich_container_info_free(s, info);
	c = enrich_container_find(s, (struct enrich_slice){id, (uint32_t)len});
	if (!c)
		return;
	record_of(s, r, enrich_container_ref(c));
	enrich_container_forget(s, c);
}

static void on_json(struct saker_state *s, struct saker_record *r)
{
	container_told(s, r, JSON_TEXT);
}

static void on_async(struct saker_state *s, struct saker_record *r)
{
	struct enrich_slice name = enrich_param_text(r, ASYNC_NAME);

	if (name.len == 9 && memcmp(name.text, "container", 9) == 0)
		container_told(s, r, ASYNC_DATA);
	else if (name.len == 17 && memcmp(name.text, "container_removed", 17) == 0)
		container_removed(s, r);
	else if (name.len == 10 && memcmp(name.text, "exe_digest", 10) == 0)
		enrich_exe_digest(s, r, enrich_param_text(r, ASYNC_DATA));
}

int saker_state_forgo_container(struct saker_state *s, const char *id, size_t len)
{
	struct enrich_container *c;

	if (!s || !id || len == 0 || len >= ENRICH_CONTAINER_ID_MAX)
		return -EINVAL;
	c = enrich_container_find(s, (struct enrich_slice){id, (uint32_t)len});
	if (!c)
		return -ENOENT;
	if (!c->info && c->why_not == SAKER_ABSENT_PENDING) {
		c->why_not = SAKER_ABSENT_NOT_APPLICABLE;
		s->stats.n_missing_container_images += c->sure;
	}
	return 0;
}

const struct enrich_handler enrich_handlers_container[] = {
	{SAKER_EV_CONTAINER_JSON_2_E, on_json},
	{SAKER_EV_ASYNCEVENT_E, on_async},
	{0, NULL},
};
