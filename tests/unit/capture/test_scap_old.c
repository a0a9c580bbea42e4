// SPDX-License-Identifier: Apache-2.0
/*
 * Files of other writers than today's: what each release since 2018 put behind
 * a process, sections of different ages in one file, a section header with
 * options, events with a length that was written wrong, and the other byte
 * order. Old events are in test_scap_conversions.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <saker/event_codes.h>

#include "scap_maker.h"
#include "scap_reader.h"

/* ---- processes: members were appended one release after the other -------------------------- */

enum member {
	PIDNS = 1 << 0, /* this and the next went in the middle */
	TTY = 1 << 1,
	LOGINUID = 1 << 2,
	WRITABLE = 1 << 3,
	CAPS = 1 << 4,
	UPPER = 1 << 5,
	INODE = 1 << 6,
	MEMFD = 1 << 7,
	LOWER = 1 << 8,
	PGID = 1 << 9,
	FUTURE = 1 << 10,
};

static const struct {
	const char *writer;
	uint32_t members;
} tails[] = {
	{"at first", 0},
	{"later", LOGINUID},
	{"later still", LOGINUID | WRITABLE},
	{"libs 0.7", LOGINUID | WRITABLE | CAPS},
	{"libs 0.10", PIDNS | TTY | LOGINUID | WRITABLE | CAPS | UPPER | INODE},
	{"libs 0.12", PIDNS | TTY | LOGINUID | WRITABLE | CAPS | UPPER | INODE | MEMFD},
	{"libs 0.18", PIDNS | TTY | LOGINUID | WRITABLE | CAPS | UPPER | INODE | MEMFD | LOWER},
	{"libs 0.19",
	 PIDNS | TTY | LOGINUID | WRITABLE | CAPS | UPPER | INODE | MEMFD | LOWER | PGID},
	{"of the future",
	 PIDNS | TTY | LOGINUID | WRITABLE | CAPS | UPPER | INODE | MEMFD | LOWER | PGID | FUTURE},
};

static void add_tail(struct maker *m, uint32_t members)
{
	uint64_t i;

	if (members & PIDNS)
		maker_u64(m, 111);
	if (members & TTY)
		maker_u32(m, 34816);
	if (members & LOGINUID)
		maker_u32(m, 1000);
	if (members & WRITABLE)
		maker_u8(m, 1);
	for (i = 1; members & CAPS && i <= 3; i++)
		maker_u64(m, i);
	if (members & UPPER)
		maker_u8(m, 1);
	for (i = 4; members & INODE && i <= 6; i++)
		maker_u64(m, i);
	if (members & MEMFD)
		maker_u8(m, 1);
	if (members & LOWER)
		maker_u8(m, 1);
	if (members & PGID)
		maker_u64(m, 77);
	if (members & FUTURE)
		maker_bytes(m, "what comes next", 15);
}

static void add_process(struct maker *m, uint64_t tid, uint32_t members)
{
	size_t at = m->len;
	int i;

	maker_u32(m, 0);
	maker_u64(m, tid);
	maker_u64(m, tid);
	for (i = 0; i < 3; i++)
		maker_u64(m, 1);
	maker_str(m, "cat");
	maker_str(m, "cat");
	maker_str(m, "/bin/cat");
	maker_text(m, "", 0);
	maker_str(m, "/");
	maker_u64(m, 1024);
	for (i = 0; i < 6; i++)
		maker_u32(m, 0);
	maker_u64(m, 0);
	maker_u64(m, 0);
	maker_text(m, "", 0);
	maker_u64(m, tid);
	maker_u64(m, tid);
	maker_text(m, "", 0);
	maker_str(m, "/");
	add_tail(m, members);
	maker_patch(m, at, (uint32_t)(m->len - at));
}

/* Unknown (empty) unless the writer had it. */
static void expect(const struct saker_event_view *view, const char *name, bool known, uint64_t want)
{
	uint64_t got = 0;
	uint32_t i;

	for (i = 0; strcmp(view->info->params[i].name, name) != 0; i++)
		assert_true(i + 1 < view->n_params);
	if ((view->params[i].len != 0) != known)
		fail_msg("%s has %u bytes", name, view->params[i].len);
	memcpy(&got, view->params[i].data, view->params[i].len);
	if (known && got != want)
		fail_msg("%s is %llu", name, (unsigned long long)got);
}

static void check_tail(const struct saker_event_view *v, uint32_t members)
{
	uint64_t flags = (members & WRITABLE ? SAKER_FLAG_execve_flags_EXE_WRITABLE : 0) |
			 (members & UPPER ? SAKER_FLAG_execve_flags_EXE_UPPER_LAYER : 0) |
			 (members & MEMFD ? SAKER_FLAG_execve_flags_EXE_FROM_MEMFD : 0) |
			 (members & LOWER ? SAKER_FLAG_execve_flags_EXE_LOWER_LAYER : 0);

	expect(v, "pidns_init_start_ts", members & PIDNS, 111);
	expect(v, "tty", members & TTY, 34816);
	expect(v, "loginuid", members & LOGINUID, 1000);
	expect(v, "flags", members & WRITABLE, flags);
	expect(v, "cap_inheritable", members & CAPS, 1);
	expect(v, "cap_permitted", members & CAPS, 2);
	expect(v, "cap_effective", members & CAPS, 3);
	expect(v, "exe_ino_num", members & INODE, 4);
	expect(v, "exe_ino_ctime", members & INODE, 5);
	expect(v, "exe_ino_mtime", members & INODE, 6);
	expect(v, "pgid", members & PGID, 77);
}

static void test_process_tails(void **state)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct reader r;
	uint64_t tid;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		struct maker m = {0};

		maker_section(&m);
		maker_begin(&m, 0x215);
		for (tid = 1; tid <= 3; tid++)
			add_process(&m, tid, tails[i].members);
		maker_end(&m);
		assert_int_equal(reader_open(&r, m.data, m.len), 0);
		for (tid = 1; tid <= 3; tid++) {
			if (saker_capture_next(r.capture, -1, &event, &meta) != 1)
				fail_msg("%s: %s: %s", tails[i].writer, r.id, r.message);
			assert_int_equal(saker_event_task_tid(event), tid);
			assert_int_equal(saker_event_decode(event, event->len, &view), 0);
			check_tail(&view, tails[i].members);
		}
		assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), -ENODATA);
		assert_int_equal(r.n_diags, 0);
		reader_close(&r);
		maker_free(&m);
	}
}

/* ---- sections ---------------------------------------------------------------------------------
 */

static const int64_t zero, five = 5;

static void add_old_close(struct maker *m, uint32_t block, uint64_t ts, uint64_t tid)
{
	const struct maker_param enter[] = {{&five, 8}};
	const struct maker_param leave[] = {{&zero, 8}};

	maker_event(m, block, 0, ts, tid, SAKER_EV_SYSCALL_CLOSE_E, enter, 1);
	maker_event(m, block, 0, ts + 1, tid, SAKER_EV_SYSCALL_CLOSE_X, leave, 1);
}

/*
 * Files put one behind the other, of any age: each section in its own format. What a thread was
 * about to do at the end of one is not what it does at the start of the next.
 */
static void test_sections_of_all_ages(void **state)
{
	static const uint32_t blocks[] = {0x204, 0x8010ABCD, 0x208, 0x216, 0x217};
	const struct maker_param enter[] = {{&five, 8}};
	const struct maker_param leave[] = {{&zero, 8}};
	const struct maker_param now[] = {{&zero, 8}, {&five, 8}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct maker m = {0};
	struct reader r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		maker_section(&m);
		maker_machine(&m, 1, "old");
		add_old_close(&m, blocks[i], 10 * i + 1, 7);
	}
	maker_event(&m, 0x216, 0, 90, 8, SAKER_EV_SYSCALL_CLOSE_E, enter, 1);
	maker_section(&m);
	maker_event(&m, 0x216, 0, 91, 8, SAKER_EV_SYSCALL_CLOSE_X, leave, 1);
	maker_event(&m, 0x216, 0, 92, 8, SAKER_EV_SYSCALL_CLOSE_X, now, 2);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	for (i = 0; i < ARRAY_SIZE(blocks) + 2; i++) {
		assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), 1);
		assert_int_equal(event->type, SAKER_EV_SYSCALL_CLOSE_X);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		assert_int_equal(view.n_params, 2);
		assert_int_equal(saker_load_u64(view.params[1].data), event->ts == 91 ? 0 : 5);
	}
	assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), -ENODATA);
	assert_int_equal(r.n_diags, 0);
	reader_close(&r);
	maker_free(&m);
}

/* As the format that it comes from (pcapng) allows: options behind the section's header. */
static void test_section_options(void **state)
{
	const struct maker_param params[] = {{&zero, 8}, {&five, 8}};
	struct maker m = {0};
	struct reader r;
	uint32_t n;

	(void)state;
	maker_begin(&m, 0x0A0D0D0A);
	maker_u32(&m, 0x1A2B3C4D);
	maker_u16(&m, 1);
	maker_u16(&m, 2);
	maker_u64(&m, UINT64_MAX);
	maker_u16(&m, 1); /* a comment */
	maker_str(&m, "made by hand");
	maker_u32(&m, 0); /* no more */
	maker_end(&m);
	maker_event(&m, 0x216, 0, 1, 1, SAKER_EV_SYSCALL_CLOSE_X, params, 2);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(reader_drain(&r, &n), -ENODATA);
	assert_int_equal(n, 1);
	reader_close(&r);
	maker_free(&m);
}

/* All of a file's numbers turned around, as s390x writes them: the first block says so. */
static void test_other_byte_order(void **state)
{
	static const uint8_t section[] = {0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0,    28,   0x1a, 0x2b,
					  0x3c, 0x4d, 0,    1,	  0, 2, 0xff, 0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff, 0, 0, 0,    28};
	const struct maker_param params[] = {{&zero, 8}, {&five, 8}};
	struct maker m = {0};
	struct reader r;
	uint32_t n;

	(void)state;
	assert_int_equal(reader_open(&r, section, sizeof(section)), -EBADMSG);
	assert_int_equal(r.n_diags, 1);
	assert_string_equal(r.id, "CAPTURE_FILE_BYTE_ORDER");
	assert_non_null(strstr(r.message, "at byte 0 "));
	reader_close(&r);

	/* Behind another capture: that one was read. */
	maker_section(&m);
	maker_event(&m, 0x216, 0, 1, 1, SAKER_EV_SYSCALL_CLOSE_X, params, 2);
	maker_bytes(&m, section, sizeof(section));
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(reader_drain(&r, &n), -EBADMSG);
	assert_int_equal(n, 1);
	assert_string_equal(r.id, "CAPTURE_FILE_BYTE_ORDER");
	reader_close(&r);

	/* No magic number of either order. */
	maker_patch(&m, 8, 0x12345678);
	assert_int_equal(reader_open(&r, m.data, m.len), -EBADMSG);
	assert_string_equal(r.id, "CAPTURE_FILE_MALFORMED");
	assert_non_null(strstr(r.message, "magic"));
	reader_close(&r);
	maker_free(&m);
}

/* ---- events
 * --------------------------------------------------------------------------------------- */

/* Two meta events of the first format said to be three bytes longer than they were. */
static void test_wrong_lengths(void **state)
{
	static const struct {
		uint16_t code;
		uint32_t n;
	} cases[] = {
		{SAKER_EV_NOTIFICATION_E, 2},
		{SAKER_EV_INFRASTRUCTURE_EVENT_E, 4},
	};
	const struct maker_param params[] = {{"id", 3}, {"text", 5}, {"more", 5}, {"x", 2}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct reader r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct maker m = {0};
		uint32_t len;
		size_t at;

		maker_section(&m);
		at = m.len + 8 + 2;
		maker_begin(&m, 0x204);
		maker_u16(&m, 0);
		maker_raw_event(&m, 1, 1, cases[i].code, params, cases[i].n, 0);
		maker_bytes(&m, "???", 3);
		memcpy(&len, m.data + at + 16, sizeof(len));
		maker_patch(&m, at + 16, len + 3);
		maker_end(&m);
		assert_int_equal(reader_open(&r, m.data, m.len), 0);
		assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), 1);
		assert_int_equal(event->type, cases[i].code);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		assert_int_equal(view.n_params, cases[i].n);
		assert_string_equal((const char *)view.params[1].data, "text");
		assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), -ENODATA);
		reader_close(&r);
		maker_free(&m);
	}
}

/* A schema later than ours may have appended parameters: what we know of the event is there. */
static void test_more_parameters(void **state)
{
	const struct maker_param params[] = {{&zero, 8}, {&five, 8}, {"new", 4}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct maker m = {0};
	struct reader r;

	(void)state;
	maker_section(&m);
	maker_event(&m, 0x216, 0, 1, 1, SAKER_EV_SYSCALL_CLOSE_X, params, 3);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), 1);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_int_equal(view.n_params, 2);
	assert_int_equal(saker_load_u64(view.params[1].data), 5);
	assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), -ENODATA);
	assert_int_equal(r.n_diags, 0);
	reader_close(&r);
	maker_free(&m);
}

/* Times are what the file says, in its order, however odd. */
static void test_odd_times(void **state)
{
	static const uint64_t times[] = {0, UINT64_MAX, 1, UINT64_C(1) << 63, 1};
	const struct maker_param params[] = {{&zero, 8}, {&five, 8}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;
	size_t i;

	(void)state;
	maker_section(&m);
	for (i = 0; i < ARRAY_SIZE(times); i++)
		maker_event(&m, 0x216, 0, times[i], 1, SAKER_EV_SYSCALL_CLOSE_X, params, 2);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), 1);
		assert_int_equal(event->ts, times[i]);
	}
	reader_close(&r);
	maker_free(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_tails),	cmocka_unit_test(test_sections_of_all_ages),
		cmocka_unit_test(test_section_options), cmocka_unit_test(test_other_byte_order),
		cmocka_unit_test(test_wrong_lengths),	cmocka_unit_test(test_more_parameters),
		cmocka_unit_test(test_odd_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
