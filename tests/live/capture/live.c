// SPDX-License-Identifier: Apache-2.0
/* The shared handle, the search for an event and the checks of its parameters; see live.h. */
#include "live.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define FIND_SECONDS 5

static void print_diag(void *userdata, const struct saker_diag *diag)
{
	(void)userdata;
	if (diag->severity >= SAKER_SEVERITY_WARNING)
		fprintf(stderr, "%s: %s (%s)\n", diag->id, diag->message, diag->hint);
}

struct live *live_open(void)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set all = {{0}};
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return NULL;
	saker_syscall_set_add_name(&all, "all");
	options.syscalls = &all;
	options.no_initial_state = true;
	options.ring_bytes = UINT64_C(32) << 20;
	options.order_ns = 1000000;
	options.diag = print_diag;
	snprintf(live->dir, sizeof(live->dir), "/tmp/saker-live-XXXXXX");
	if (!mkdtemp(live->dir) || saker_capture_open(&options, &live->capture) < 0) {
		rmdir(live->dir);
		free(live);
		return NULL;
	}
	return live;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void live_close(struct live *live)
{
	if (!live)
		return;
	saker_capture_close(live->capture);
	if (nftw(live->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "could not remove %s\n", live->dir);
	free(live);
}

const char *live_path(struct live *live, unsigned int slot, const char *name)
{
	static char paths[4][128];

	snprintf(paths[slot], sizeof(paths[slot]), "%s/%s", live->dir, name);
	return paths[slot];
}

void live_begin(struct live *live, uint16_t code)
{
	struct saker_syscall_set set = {{0}};
	const struct saker_event *event;
	struct timespec t;

	live->code = code;
	/* Events are held back for a while: those of the preparations may still come. */
	clock_gettime(CLOCK_REALTIME, &t);
	live->since = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	saker_syscall_set_add_event(&set, code);
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	while (saker_capture_next(live->capture, 0, &event, NULL) > 0)
		;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* NULL: the event has no such parameter. */
static const struct saker_param *find_param(const struct saker_event_view *view, const char *name,
					    uint32_t *ret_i)
{
	uint32_t i;

	for (i = 0; i < view->n_params; i++) {
		if (strcmp(view->info->params[i].name, name) == 0) {
			*ret_i = i;
			return &view->params[i];
		}
	}
	return NULL;
}

static int64_t load(const struct saker_param *p)
{
	int64_t v = 0;

	memcpy(&v, p->data, p->len < sizeof(v) ? p->len : sizeof(v));
	return v;
}

static bool fits(struct live *live, int64_t tid, const char *name, int64_t value)
{
	const struct saker_param *p;
	uint32_t i;

	if ((int64_t)live->view.event->tid != tid || live->view.event->ts < live->since)
		return false;
	p = name ? find_param(&live->view, name, &i) : NULL;
	return !name || (p && load(p) == value);
}

static void keep_note(struct live *live, const struct saker_event *companion)
{
	memset(&live->note, 0, sizeof(live->note));
	live->has_note = companion != NULL;
	if (!companion)
		return;
	assert_int_equal(companion->ts, live->view.event->ts);
	assert_int_equal(companion->tid, live->view.event->tid);
	memcpy(live->companion, companion, companion->len);
	assert_int_equal(saker_note_read((void *)live->companion, &live->note), 0);
}

void live_note(struct live *live, uint8_t via, uint8_t how)
{
	assert_true(live->has_note);
	assert_int_equal(live->note.via, via);
	assert_int_equal(live->note.how, how);
	assert_int_equal(live->note.cut, 0);
}

void live_find_i64(struct live *live, int64_t tid, const char *name, int64_t value)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	double end = now() + FIND_SECONDS;
	int r;

	do {
		r = saker_capture_next(live->capture, 2, &event, &meta);
		assert_true(r >= 0);
		if (!r || event->type != live->code)
			continue;
		memcpy(live->event, event, event->len);
		assert_int_equal(saker_event_decode((void *)live->event, event->len, &live->view),
				 0);
		if (!fits(live, tid, name, value))
			continue;
		assert_int_equal(live->view.n_params, live->view.info->n_params);
		live->checked = 0;
		assert_true(meta.flags & SAKER_EVENT_META_NOTED);
		keep_note(live, meta.companion);
		return;
	} while (now() < end);
	fail_msg("no %s event (%u) of thread %lld came", saker_event_info(live->code)->name,
		 live->code, (long long)tid);
}

void live_find_tid(struct live *live, int64_t tid)
{
	live_find_i64(live, tid, NULL, 0);
}

void live_find(struct live *live)
{
	live_find_tid(live, syscall(SYS_gettid));
}

static enum live_outcome outcome(const struct saker_event_view *view)
{
	const struct saker_param_info *info = view->info->params;

	if (!view->n_params || view->params[0].len != 8 || info[0].type == SAKER_PT_UINT64)
		return LIVE_SUCCESS;
	return load(&view->params[0]) < 0 ? LIVE_FAILURE : LIVE_SUCCESS;
}

void live_end(struct live *live)
{
	uint32_t i;

	for (i = 0; i < live->view.n_params; i++)
		if (!(live->checked & UINT32_C(1) << i))
			fail_msg("parameter %s of %s is not checked",
				 live->view.info->params[i].name, live->view.info->name);
	if (live->view.event->type < SAKER_EVENT_CODES)
		live->proven[live->view.event->type] |= outcome(&live->view);
}

const struct saker_param *live_param(struct live *live, const char *name)
{
	const struct saker_param *p;
	uint32_t i = 0;

	p = find_param(&live->view, name, &i);
	if (!p)
		fail_msg("%s has no parameter %s", live->view.info->name, name);
	live->checked |= UINT32_C(1) << i;
	return p;
}

const char *live_result_name(uint16_t code)
{
	return saker_event_info(code)->params[0].name;
}

void live_excuse(struct live *live, enum live_outcome outcome, const char *why)
{
	printf("%s without %s: %s\n", saker_event_info(live->code)->name,
	       outcome == LIVE_SUCCESS ? "success" : "failure", why);
	live->proven[live->code] |= outcome;
}

void live_int(struct live *live, const char *name, uint32_t size, int64_t value)
{
	const struct saker_param *p = live_param(live, name);
	uint64_t mask = size == 8 ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;

	if (p->len != size)
		fail_msg("%s.%s has %u bytes, not %u", live->view.info->name, name, p->len, size);
	if (((uint64_t)load(p) & mask) != ((uint64_t)value & mask))
		fail_msg("%s%s%s.%s is %lld (0x%llx), not %lld (0x%llx)",
			 live->current ? live->current : "", live->current ? ": " : "",
			 live->view.info->name, name, (long long)load(p), (long long)load(p),
			 (long long)value, (long long)value);
}

void live_bytes(struct live *live, const char *name, const void *data, size_t len)
{
	const struct saker_param *p = live_param(live, name);

	if (p->len != len || memcmp(p->data, data, len) != 0)
		fail_msg("%s.%s has %u bytes '%.*s', not %zu '%.*s'", live->view.info->name, name,
			 p->len, (int)p->len, (const char *)p->data, len, (int)len,
			 (const char *)data);
}

void live_text(struct live *live, const char *name, const char *value)
{
	live_bytes(live, name, value, strlen(value) + 1);
}

void live_empty(struct live *live, const char *name)
{
	live_bytes(live, name, "", 0);
}

void live_positive(struct live *live, const char *name, uint32_t size)
{
	const struct saker_param *p = live_param(live, name);

	if (p->len != size || load(p) <= 0)
		fail_msg("%s.%s has %u bytes and is %lld", live->view.info->name, name, p->len,
			 (long long)load(p));
}

void live_address(struct live *live, const char *name)
{
	const struct saker_param *p = live_param(live, name);

	if (p->len != 8 || load(p) >= 0)
		fail_msg("%s.%s has %u bytes and is 0x%llx", live->view.info->name, name, p->len,
			 (unsigned long long)load(p));
}

void live_any(struct live *live, const char *name)
{
	const struct saker_param *p = live_param(live, name);
	const struct saker_param_info *info = &live->view.info->params[p - live->view.params];
	uint32_t size = saker_param_type_size(info->type);

	if (size && p->len != size)
		fail_msg("%s.%s has %u bytes, not %u", live->view.info->name, name, p->len, size);
}
