/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as events: decoding, and every parameter of every type as text and
 * as a typed value. The input is one event behind the other as they lie in a
 * ring or a capture, each as long as it says; a last one that is too long is
 * decoded with the bytes there are. Events that decode are applied to a state
 * with a process in it, so that descriptors and threads resolve.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "tests/unit/enrich/event_story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TID 100 /* whom the story is about; every event is made to be of it */

static volatile uint64_t sink; /* keeps the reads */

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void touch(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += p[i];
	sink += sum;
}

/* Flags and modes by name: the length returned is that of the whole text, however small buf is. */
static void format_flags(const struct saker_param_info *info, const struct saker_param *param)
{
	uint32_t value = 0;
	char all[2048], few[8];
	size_t len;

	if (!info->flags || param->len > sizeof(value))
		return;
	memcpy(&value, param->data, param->len); /* little-endian */
	len = saker_flags_format(info, value, all, sizeof(all));
	check(len == strnlen(all, sizeof(all)) || len >= sizeof(all));
	check(saker_flags_format(info, value, few, sizeof(few)) == len);
	check(strnlen(few, sizeof(few)) == (len < sizeof(few) ? len : sizeof(few) - 1));
}

static void bind(struct saker_field_ref *ref, char arg[128], const char *field)
{
	check(story_bind(field, arg, ref) == 0);
}

/* A field's values, by either extractor. */
static void extract(struct saker_record *record, const char *field)
{
	struct saker_field_ref ref;
	struct saker_values out = {0};
	char arg[128];

	bind(&ref, arg, field);
	ref.extract(record, &ref, &out);
	check(out.n || out.absent != SAKER_PRESENT);
	for (uint32_t i = 0; i < out.n; i++)
		if (out.v[i].type <= SAKER_TYPE_BYTES)
			touch(out.v[i].str, out.v[i].len);
}

static void render(struct saker_record *record)
{
	const struct saker_event_view *view = saker_record_event(record);

	for (uint32_t i = 0; i < view->n_params; i++) {
		struct enrich_rendered text;
		char field[160];

		enrich_param_render(record, i, &text);
		touch(text.raw.text, text.raw.len);
		touch(text.resolved.text, text.resolved.len);
		format_flags(&view->info->params[i], &view->params[i]);
		snprintf(field, sizeof(field), "evt.rawarg.%s", view->info->params[i].name);
		extract(record, field);
		snprintf(field, sizeof(field), "evt.arg[%u]", i);
		extract(record, field);
	}
	extract(record, "evt.args");
}

/* One event at data; how many bytes it took. */
static size_t take(struct saker_state *state, const uint8_t *data, size_t size)
{
	struct saker_event_meta meta = {0};
	struct saker_event_view view;
	struct saker_record *record;
	struct saker_event *event;
	uint32_t len;
	int r;

	memcpy(&len, data + offsetof(struct saker_event, len), sizeof(len));
	len = len < sizeof(*event) || len > size ? (uint32_t)size : len;
	event = malloc(len); /* exactly, for a sanitizer to see one byte too many */
	check(event != NULL);
	memcpy(event, data, len);
	r = saker_event_decode(event, len, &view);
	check(r == 0 || r == -EBADMSG || (r == -ENOENT && event->type >= SAKER_EVENT_CODES));
	if (r == 0) {
		check(view.n_params <= view.info->n_params);
		for (uint32_t i = 0; i < view.n_params; i++)
			touch(view.params[i].data, view.params[i].len);
		event->tid = TID;
		r = saker_state_apply(state, event, &meta, &record);
		check(r == 0 || r == 1);
		if (r == 1)
			render(record);
	}
	free(event);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_builder b;
	struct saker_state *state = story_state();
	struct saker_record *record;

	check(state != NULL);
	record = story_execve(&b, state, TID, 1, "bash", "bash", "-c\0x", 5, STORY_TS);
	check(record != NULL);
	record = story_openat(&b, state, TID, 3, "/etc/passwd", SAKER_FLAG_file_flags_O_RDONLY, 0,
			      STORY_TS + 1);
	check(record != NULL);
	while (size >= sizeof(struct saker_event)) {
		size_t len = take(state, data, size);

		data += len;
		size -= len;
	}
	saker_state_free(state);
	return 0;
}
