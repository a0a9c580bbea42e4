// SPDX-License-Identifier: Apache-2.0
/*
 * Companion events: read with nothing trusted, written behind their event and
 * read back with it, cut off, out of place, and missing where somebody else
 * wrote the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <saker/event_codes.h>
#include <saker/scap.h>

#include "scap_maker.h"
#include "scap_reader.h"

#define TS UINT64_C(1700000000000000000)

struct note_values {
	uint8_t via;
	uint8_t how;
	uint32_t cut;
	uint64_t cut_len;
	const char *path;
};

static const struct note_values some = {SAKER_VIA_IO_URING, SAKER_HOW_SQPOLL, 4, 9000,
					"/etc/shadow"};

static const struct saker_event *make_note(struct maker *m, const struct note_values *v,
					   uint64_t ts, uint64_t tid)
{
	const struct maker_param params[] = {
		{&v->via, 1},
		{&v->how, 1},
		{&v->cut, 4},
		{&v->cut_len, 8},
		{v->path, v->path ? strlen(v->path) + 1 : 0},
	};

	m->len = 0;
	maker_raw_event(m, ts, tid, SAKER_EV_OWN_NOTE_X, params, 5, 2);
	return (void *)m->data;
}

static const struct saker_event *make_close(struct maker *m, uint64_t ts, uint64_t tid)
{
	const int64_t zero = 0;
	const struct maker_param params[] = {{&zero, 8}, {&zero, 8}};

	m->len = 0;
	maker_raw_event(m, ts, tid, SAKER_EV_SYSCALL_CLOSE_X, params, 2, 2);
	return (void *)m->data;
}

static void expect_note(const struct saker_event *companion, const struct note_values *v)
{
	struct saker_note note;

	assert_non_null(companion);
	assert_int_equal(saker_note_read(companion, &note), 0);
	assert_int_equal(note.via, v->via);
	assert_int_equal(note.how, v->how);
	assert_int_equal(note.cut, v->cut);
	assert_int_equal(note.cut_len, v->cut_len);
	assert_int_equal(note.path_len, v->path ? strlen(v->path) : 0);
	if (v->path)
		assert_memory_equal(note.path, v->path, note.path_len);
}

/* ---- reading one --------------------------------------------------------------------------- */

static void test_read(void **state)
{
	static const struct note_values bare = {SAKER_VIA_IA32, 0, 0, 0, NULL};
	struct maker m = {0};

	expect_note(make_note(&m, &some, TS, 1), &some);
	expect_note(make_note(&m, &bare, TS, 1), &bare);
	maker_free(&m);
}

static void test_read_malformed(void **state)
{
	static const struct {
		size_t at; /* a u16 of the event, overwritten */
		uint16_t value;
		int expected;
	} cases[] = {
		{20, SAKER_EV_OWN_CAPTURE_X, -ENOENT},
		{20, SAKER_EV_SYSCALL_CLOSE_X, -ENOENT},
		{22, 4, -EBADMSG}, /* parameters */
		{22, 0, -EBADMSG},
		{22, 33, -EBADMSG},
		{26, 2, -EBADMSG},     /* length of via */
		{28, 0, -EBADMSG},     /* of how */
		{30, 8, -EBADMSG},     /* of cut */
		{32, 4, -EBADMSG},     /* of cut_len */
		{34, 60000, -EBADMSG}, /* of the path: past the end */
		{16, 30, -EBADMSG},    /* of all */
	};
	struct saker_note note;
	struct maker m = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_note(&m, &some, TS, 1);
		memcpy(m.data + cases[i].at, &cases[i].value, 2);
		assert_int_equal(saker_note_read((void *)m.data, &note), cases[i].expected);
	}
	assert_int_equal(saker_note_read(NULL, &note), -EINVAL);
	maker_free(&m);
}

/* ---- through a file ----------------------------------------------------------------------------
 */

static int write_file(bool plain, uint16_t told)
{
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	int fd = memfd_create("noted", MFD_CLOEXEC);
	struct maker event = {0}, note = {0};
	struct saker_scap_writer *w;
	char path[64];

	o.plain = plain;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(saker_scap_open(path, &o, &w), 0);
	for (uint64_t i = 0; i < 300; i++) {
		struct saker_event_meta meta = {.cpu = 1, .flags = told};

		/* Every third has one; one of those is not its own. */
		if (i % 3 == 0)
			meta.companion = make_note(&note, &some, TS + i, i == 3 ? 77 : 5);
		if (i == 6)
			meta.flags |= SAKER_EVENT_META_STATE_ONLY;
		assert_int_equal(saker_scap_write(w, make_close(&event, TS + i, 5), &meta), 0);
	}
	assert_int_equal(saker_scap_finish(w), 0);
	saker_scap_close(w);
	maker_free(&event);
	maker_free(&note);
	return fd;
}

static void read_file(int fd, uint16_t told)
{
	struct reader r = {.fd = fd};
	const struct saker_event *event;
	struct saker_event_meta meta;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	for (uint64_t i = 0; i < 300; i++) {
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(event->ts, TS + i);
		assert_int_equal(event->type, SAKER_EV_SYSCALL_CLOSE_X);
		assert_int_equal(meta.flags, told | (i == 6 ? SAKER_EVENT_META_STATE_ONLY : 0));
		if (i % 3 == 0 && i != 3)
			expect_note(meta.companion, &some);
		else
			assert_null(meta.companion);
	}
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
	assert_int_equal(r.n_diags, 0);
	reader_close(&r);
}

static void test_round_trip(void **state)
{
	static const uint16_t told[] = {
		0,
		SAKER_EVENT_META_NOTED,
		SAKER_EVENT_META_NOTED | SAKER_EVENT_META_REALPATH,
	};

	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		read_file(write_file(true, told[i]), told[i]);
		read_file(write_file(false, told[i]), told[i]);
	}
}

/* What is told changes on the way: both halves have their own. */
static void test_told_changes(void **state)
{
	int fd = memfd_create("changed", MFD_CLOEXEC);
	struct saker_event_meta meta = {.flags = SAKER_EVENT_META_NOTED};
	struct reader r = {.fd = fd};
	const struct saker_event *event;
	struct saker_scap_writer *w;
	struct maker m = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(saker_scap_open(path, NULL, &w), 0);
	assert_int_equal(saker_scap_write(w, make_close(&m, TS, 1), &meta), 0);
	meta.flags |= SAKER_EVENT_META_REALPATH;
	assert_int_equal(saker_scap_write(w, make_close(&m, TS + 1, 1), &meta), 0);
	meta.flags = 0;
	assert_int_equal(saker_scap_write(w, make_close(&m, TS + 2, 1), &meta), 0);
	saker_scap_close(w);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(meta.flags, SAKER_EVENT_META_NOTED);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(meta.flags, SAKER_EVENT_META_NOTED | SAKER_EVENT_META_REALPATH);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(meta.flags, 0);
	reader_close(&r);
	maker_free(&m);
}

/* ---- files that are not right
 * -------------------------------------------------------------------- */

static void maker_flagged(struct maker *m, uint64_t ts, uint32_t flags)
{
	struct maker event = {0};

	make_close(&event, ts, 5);
	maker_begin(m, 0x217);
	maker_u16(m, 0);
	maker_u32(m, flags);
	maker_bytes(m, event.data, event.len);
	maker_end(m);
	maker_free(&event);
}

static void maker_companion(struct maker *m, uint64_t ts, uint64_t tid)
{
	struct maker note = {0};

	make_note(&note, &some, ts, tid);
	maker_begin(m, 0x216);
	maker_u16(m, 0);
	maker_bytes(m, note.data, note.len);
	maker_end(m);
	maker_free(&note);
}

#define COMPANION (UINT32_C(1) << 16)

/* Cut anywhere: the events before come, never a companion that is not all there. */
static void test_truncated(void **state)
{
	struct maker m = {0};
	size_t event_end, end;

	maker_section(&m);
	maker_flagged(&m, TS, COMPANION);
	event_end = m.len;
	maker_companion(&m, TS, 5);
	end = m.len;
	for (size_t len = event_end; len <= end; len++) {
		struct saker_event_meta meta;
		const struct saker_event *event;
		struct reader r;
		int last;

		assert_int_equal(reader_open_with(&r, m.data, len, len % 2, false), 0);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(event->type, SAKER_EV_SYSCALL_CLOSE_X);
		if (len == end)
			expect_note(meta.companion, &some);
		else
			assert_null(meta.companion);
		last = saker_capture_next(r.capture, 0, &event, &meta);
		assert_int_equal(last, len == end || len == event_end ? -ENODATA : -EBADMSG);
		reader_close(&r);
	}
	maker_free(&m);
}

/* A promise of one that does not come: what comes instead is what it is. */
static void test_missing(void **state)
{
	struct maker m = {0};
	struct saker_event_meta meta;
	const struct saker_event *event;
	struct reader r;

	maker_section(&m);
	maker_flagged(&m, TS, COMPANION);
	maker_flagged(&m, TS + 1, COMPANION);
	maker_companion(&m, TS, 5); /* not its own */
	maker_flagged(&m, TS + 2, 0);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_null(meta.companion);
		assert_int_equal(event->type,
				 i == 2 ? SAKER_EV_OWN_NOTE_X : SAKER_EV_SYSCALL_CLOSE_X);
	}
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
	reader_close(&r);
	maker_free(&m);
}

/* Nobody said that there would be companions. */
static void test_foreign(void **state)
{
	struct maker m = {0};
	struct saker_event_meta meta;
	const struct saker_event *event;
	struct reader r;

	maker_section(&m);
	maker_flagged(&m, TS, 0);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(meta.flags, 0);
	assert_null(meta.companion);
	reader_close(&r);
	maker_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	   cmocka_unit_test(test_read_malformed),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_told_changes),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_missing),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
