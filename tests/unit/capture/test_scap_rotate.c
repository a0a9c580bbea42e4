// SPDX-License-Identifier: Apache-2.0
/* One capture over several files: when another begins, what it is called, what is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <saker/scap.h>

#include "scap_reader.h"
#include "tests/unit/enrich/event_builder.h"

#define START 1700000000000000000ull
#define STEP 100000000ull /* ns between events */

struct fixture {
	char folder[64];
	struct event_builder builder;
	struct event_builder
		state_builder; /* an event is being written when the state is asked for */
	uint32_t n_states;     /* how often the state was asked for */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "/tmp/saker-rotate-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rmdir(f->folder), 0); /* each test has removed what it expects there */
	free(f);
	return 0;
}

static const char *path_in(const struct fixture *f, const char *name)
{
	static _Thread_local char path[256];

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	return path;
}

static const struct saker_event *task(struct fixture *f, uint32_t tid)
{
	return eb_make(&f->state_builder, SAKER_EV_ITER_TASK_E, START, (uint64_t)tid << 32 | tid,
		       "wwwwsrsw-s----------------------", 1, 1, 1, 1, "cat", "cat", 4, "/bin/cat",
		       0, "/");
}

static const struct saker_event *opened(struct fixture *f, uint32_t i)
{
	return eb_make(&f->builder, SAKER_EV_SYSCALL_OPENAT_2_X, START + i * STEP, 100, "qqswwwq",
		       (int64_t)i, (int64_t)-100, "/etc/some/file/or/other", 1, 0, 0, (int64_t)i);
}

static int hand_state(void *state_userdata, saker_capture_event_fn fn, void *userdata)
{
	struct fixture *f = state_userdata;

	f->n_states++;
	fn(userdata, task(f, 100));
	return 0;
}

/* Counts a file's events and start-up events, checks that they follow on, and removes it. */
static uint32_t take_file(const char *path, int64_t *next, uint32_t *ret_initial)
{
	struct reader reader = {.fd = -1};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	uint32_t n = 0;
	int r;

	assert_int_equal(reader_open_file(&reader, path, false), 0);
	*ret_initial = 0;
	while ((r = saker_capture_next(reader.capture, 0, &event, &meta)) == 1) {
		if (meta.flags & SAKER_EVENT_META_INITIAL) {
			(*ret_initial)++;
			continue;
		}
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		assert_int_equal(saker_load_u64(view.params[0].data), *next);
		(*next)++;
		n++;
	}
	assert_int_equal(r, -ENODATA);
	assert_int_equal(reader.n_diags, 0);
	saker_capture_close(reader.capture);
	assert_int_equal(unlink(path), 0);
	return n;
}

static void write_events(struct fixture *f, struct saker_scap_writer *w, uint32_t n)
{
	assert_int_equal(saker_scap_write(w, task(f, 100), NULL), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(saker_scap_write(w, opened(f, i), NULL), 0);
}

static void test_by_size(void **state)
{
	struct fixture *f = *state;
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	uint32_t initial, n = 0;
	struct stat st;
	int64_t next = 0;

	o.plain = true;
	o.file_bytes = 4000;
	o.state = hand_state;
	o.state_userdata = f;
	assert_int_equal(saker_scap_open(path_in(f, "a"), &o, &w), 0);
	assert_string_equal(saker_scap_file(w), path_in(f, "a"));
	write_events(f, w, 100);
	assert_int_equal(saker_scap_finish(w), 0);
	assert_true(saker_scap_n_files(w) >= 3);
	assert_int_equal(f->n_states, saker_scap_n_files(w) - 1);
	for (uint32_t i = 0; i < saker_scap_n_files(w); i++) {
		char name[16];

		snprintf(name, sizeof(name), i ? "a%u" : "a", i);
		assert_int_equal(stat(path_in(f, name), &st), 0);
		assert_true(st.st_size <= 4000 + 24);
		n += take_file(path_in(f, name), &next, &initial);
		assert_int_equal(initial, 1);
	}
	assert_int_equal(n, 100);
	assert_null(saker_scap_close(w));
}

static void test_by_time(void **state)
{
	struct fixture *f = *state;
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	uint32_t initial;
	int64_t next = 0;

	o.file_ns = 1000000000;
	assert_int_equal(saker_scap_open(path_in(f, "a"), &o, &w), 0);
	write_events(f, w, 25);
	saker_scap_close(w);
	assert_int_equal(take_file(path_in(f, "a"), &next, &initial), 10);
	assert_int_equal(initial, 1);
	assert_int_equal(take_file(path_in(f, "a1"), &next, &initial), 10);
	assert_int_equal(initial, 0);
	assert_int_equal(take_file(path_in(f, "a2"), &next, &initial), 5);
}

/* ---- what is told again in each file ------------------------------------------------------ */

#define ID "0123456789ab"
#define REST "cdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct saker_event *task_in(struct fixture *f, const char *cgroups)
{
	return eb_make(&f->state_builder, SAKER_EV_ITER_TASK_E, START, UINT64_C(100) << 32 | 100,
		       "wwwwsrsw-s-----------------r----", 1, 1, 1, 1, "cat", "cat", (size_t)4,
		       "/bin/cat", 0, "/", cgroups, strlen(cgroups) + 1);
}

struct group {
	struct fixture *f;
	const char *cgroups; /* of the only process */
};

static int hand_group(void *state_userdata, saker_capture_event_fn fn, void *userdata)
{
	struct group *g = state_userdata;

	fn(userdata, task_in(g->f, g->cgroups));
	return 0;
}

static const struct saker_event *async(struct fixture *f, const char *name, const char *data)
{
	return eb_make(&f->builder, SAKER_EV_ASYNCEVENT_E, START, 0, "wss", 0, name, data);
}

static const struct saker_event *account(struct fixture *f, uint16_t type, uint32_t number,
					 const char *name, const char *id)
{
	if (type == SAKER_EV_USER_ADDED_E || type == SAKER_EV_USER_DELETED_E)
		return eb_make(&f->builder, type, START, 0, "wwssss", number, 5, name, "/",
			       "/bin/sh", id);
	return eb_make(&f->builder, type, START, 0, "wss", number, name, id);
}

/* The texts of what a file's front says, one a line; and that all of it is for the state. */
static void read_front(const struct fixture *f, const char *name, char *text, size_t size)
{
	struct reader reader = {.fd = -1};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view v;
	uint64_t last = 0;
	size_t at = 0;

	text[0] = '\0';
	assert_int_equal(reader_open_file(&reader, path_in(f, name), false), 0);
	while (saker_capture_next(reader.capture, 0, &event, &meta) == 1) {
		assert_int_equal(saker_event_decode(event, event->len, &v), 0);
		if (meta.flags & SAKER_EVENT_META_INITIAL)
			continue;
		assert_true(event->ts >= last);
		last = event->ts;
		if (event->type == SAKER_EV_SYSCALL_OPENAT_2_X)
			break;
		assert_true(meta.flags & SAKER_EVENT_META_STATE_ONLY);
		at += (size_t)snprintf(
			text + at, size - at, "%s %s\n", saker_event_info(event->type)->name,
			(const char *)v
				.params[event->type == SAKER_EV_CONTAINER_JSON_2_E ? 0
					: v.n_params == 6			   ? 2
					: event->type == SAKER_EV_ASYNCEVENT_E	   ? 2
										   : 1]
				.data);
		assert_true(at < size);
	}
	assert_int_equal(reader.n_diags, 0);
	saker_capture_close(reader.capture);
}

/* A file for each event that is an open; between them goes what is told. */
static struct saker_scap_writer *open_each(struct fixture *f, struct group *g)
{
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;

	o.plain = true;
	o.file_ns = STEP;
	o.state = g->cgroups ? hand_group : NULL;
	o.state_userdata = g;
	g->f = f;
	assert_int_equal(saker_scap_open(path_in(f, "a"), &o, &w), 0);
	return w;
}

static void put(struct saker_scap_writer *w, const struct saker_event *event)
{
	assert_int_equal(saker_scap_write(w, event, NULL), 0);
}

static void remove_files(const struct fixture *f, uint32_t n)
{
	char name[16];

	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), i ? "a%u" : "a", i);
		assert_int_equal(unlink(path_in(f, name)), 0);
	}
}

static void test_told_again(void **state)
{
	static const char first[] = "{\"container\":{\"id\":\"" ID "\",\"name\":\"old\"}}";
	static const char then[] =
		"{\"container\": {\"Mounts\":[{\"id\":\"x\"}], \"full_id\": \"" ID REST
		"\", \"labels\":{\"full_id\":\"y\"}, \"name\":\"new\"}}";
	static const char other[] = "{\"container\":{\"id\":\"feedfeedfeed\"}}";
	struct group g = {.cgroups = "cpu=/docker/" ID REST};
	struct fixture *f = *state;
	struct saker_scap_writer *w = open_each(f, &g);
	char text[4096], want[4096];

	put(w, opened(f, 0));
	put(w, async(f, "container", first));
	put(w, async(f, "container", other));
	put(w, async(f, "another plugin's", first));
	put(w, async(f, "exe_digest", "sha256:12 34 56"));
	put(w, account(f, SAKER_EV_USER_ADDED_E, 7, "anna", ID));
	put(w, account(f, SAKER_EV_USER_ADDED_E, 8, "bert", ID));
	put(w, account(f, SAKER_EV_GROUP_ADDED_E, 7, "gang", ID));
	put(w, async(f, "container", then));
	put(w, account(f, SAKER_EV_USER_DELETED_E, 8, "bert", ID));
	put(w, opened(f, 1));
	put(w, opened(f, 2));
	put(w, async(f, "container_removed", first));
	put(w, opened(f, 3));
	assert_int_equal(saker_scap_n_files(w), 4);
	saker_scap_close(w);
	snprintf(want, sizeof(want),
		 "asyncevent %s\nasyncevent sha256:12 34 56\nuseradded anna\n"
		 "groupadded gang\nasyncevent %s\n",
		 other, then);
	read_front(f, "a1", text, sizeof(text));
	assert_string_equal(text, want);
	/* No process of the other container, twice: it is gone. */
	snprintf(want, sizeof(want),
		 "asyncevent sha256:12 34 56\nuseradded anna\ngroupadded gang\n"
		 "asyncevent %s\n",
		 then);
	read_front(f, "a2", text, sizeof(text));
	assert_string_equal(text, want);
	/* And with the container all that belongs to it. */
	read_front(f, "a3", text, sizeof(text));
	assert_string_equal(text, "asyncevent sha256:12 34 56\n");
	remove_files(f, 4);
}

/* Without a list of processes nobody is known to be gone; ids that are no digits never are. */
static void test_told_for_good(void **state)
{
	static const char named[] = "{\"container\":{\"id\":\"a name, not digits\"}}";
	static const char hex[] = "{\"container\":{\"id\":\"" ID "\"}}";
	static const char *const cgroups[] = {NULL, "cpu=/"};

	for (size_t i = 0; i < ARRAY_SIZE(cgroups); i++) {
		struct group g = {.cgroups = cgroups[i]};
		struct fixture *f = *state;
		struct saker_scap_writer *w = open_each(f, &g);
		char text[4096];

		put(w, opened(f, 0));
		put(w, eb_make(&f->builder, SAKER_EV_CONTAINER_JSON_2_E, START, 0, "s", named));
		put(w, eb_make(&f->builder, SAKER_EV_CONTAINER_JSON_2_E, START, 0, "s", hex));
		for (uint32_t n = 1; n < 5; n++)
			put(w, opened(f, n));
		saker_scap_close(w);
		read_front(f, "a4", text, sizeof(text));
		assert_non_null(strstr(text, named));
		assert_int_equal(strstr(text, hex) != NULL, i == 0);
		remove_files(f, 5);
	}
}

/* What is no metadata is not repeated, and breaks nothing; of very much the newest is kept. */
static void test_told_badly(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"\"",
		"{\"container\"",
		"{\"container\":",
		"{\"container\":{\"id\"",
		"{\"container\":{\"id\":",
		"{\"container\":{\"id\":\"",
		"{\"container\":{\"id\":5}}",
		"{\"container\":[{\"id\":\"" ID "\"}]}",
		"{\"id\":\"" ID "\"}",
		"}}}}]]]",
		"{\"container\":{\"labels\":{\"id\":\"" ID "\"}}}",
		"{\"container\":{\"id\":\"\"}}",
		"{\"other\":{\"id\":\"" ID "\"}}",
		"{\"container\":{\"id\":\"\\",
	};
	struct group g = {.cgroups = NULL};
	struct fixture *f = *state;
	struct saker_scap_writer *w = open_each(f, &g);
	static char text[1 << 20], padding[20000];

	put(w, opened(f, 0));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		put(w, async(f, "container", texts[i]));
	put(w, opened(f, 1));
	read_front(f, "a", text, sizeof(text));
	memset(padding, ' ', sizeof(padding) - 1);
	for (uint32_t i = 0; i < 1000; i++) {
		char json[sizeof(padding) + 64];

		snprintf(json, sizeof(json), "{\"container\":{\"id\":\"%012x\"}}%s", i, padding);
		put(w, async(f, "container", json));
	}
	put(w, opened(f, 2));
	saker_scap_close(w);
	read_front(f, "a1", text, sizeof(text));
	assert_string_equal(text, "");
	{
		static char front[8 << 20];

		read_front(f, "a2", front, sizeof(front));
		assert_true(strlen(front) > 3 << 20 && strlen(front) < 5 << 20);
		assert_null(strstr(front, "000000000000"));
		assert_non_null(strstr(front, "0000000003e7"));
	}
	remove_files(f, 3);
}

/* Three names for five files: the first two are written over. */
static void test_ring(void **state)
{
	struct fixture *f = *state;
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	uint32_t initial;
	int64_t next = 20;

	o.file_ns = 1000000000;
	o.max_files = 3;
	assert_int_equal(saker_scap_open(path_in(f, "a"), &o, &w), 0);
	write_events(f, w, 45);
	assert_int_equal(saker_scap_n_files(w), 5);
	assert_string_equal(saker_scap_file(w), path_in(f, "a1"));
	saker_scap_close(w);
	assert_int_equal(take_file(path_in(f, "a2"), &next, &initial), 10);
	assert_int_equal(take_file(path_in(f, "a"), &next, &initial), 10);
	assert_int_equal(take_file(path_in(f, "a1"), &next, &initial), 5);
}

/* Within one year all have one date, and get numbers; the oldest are removed. */
static void test_dated(void **state)
{
	struct fixture *f = *state;
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	char year[8], name[32];
	time_t now = time(NULL);
	uint32_t initial;
	int64_t next = 20;
	struct tm tm;

	assert_non_null(localtime_r(&now, &tm));
	strftime(year, sizeof(year), "%Y", &tm);
	o.file_ns = 1000000000;
	o.max_files = 2;
	assert_int_equal(saker_scap_open(path_in(f, "a%Y-"), &o, &w), 0);
	write_events(f, w, 35);
	saker_scap_close(w);
	snprintf(name, sizeof(name), "a%s-2", year);
	assert_int_equal(take_file(path_in(f, name), &next, &initial), 10);
	snprintf(name, sizeof(name), "a%s-3", year);
	assert_int_equal(take_file(path_in(f, name), &next, &initial), 5);
}

/* Without rotation a % is just that. */
static void test_one_file(void **state)
{
	struct fixture *f = *state;
	struct saker_scap_writer *w;
	uint32_t initial;
	int64_t next = 0;

	assert_int_equal(saker_scap_open(path_in(f, "a%Y"), NULL, &w), 0);
	write_events(f, w, 45);
	assert_int_equal(saker_scap_n_files(w), 1);
	saker_scap_close(w);
	assert_int_equal(take_file(path_in(f, "a%Y"), &next, &initial), 45);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	uint32_t i = 0;
	int r = 0;

	o.plain = true;
	o.file_bytes = 2000;
	assert_int_equal(saker_scap_open("-", &o, &w), -EINVAL);
	/* The next file cannot begin: its name is taken by a folder. */
	assert_int_equal(mkdir(path_in(f, "a1"), 0700), 0);
	assert_int_equal(saker_scap_open(path_in(f, "a"), &o, &w), 0);
	while (r == 0 && i < 100)
		r = saker_scap_write(w, opened(f, i++), NULL);
	assert_int_equal(r, -EISDIR);
	assert_int_equal(saker_scap_write(w, opened(f, i), NULL), -EISDIR);
	assert_int_equal(saker_scap_finish(w), -EISDIR);
	saker_scap_close(w);
	assert_int_equal(rmdir(path_in(f, "a1")), 0);
	assert_int_equal(unlink(path_in(f, "a")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_for_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_badly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
