// SPDX-License-Identifier: Apache-2.0
/*
 * evt.via, evt.truncated and fd.realpath over made-up events and companions:
 * what they say, why they say nothing, and that files of a ring's own table
 * are never taken for descriptors of the process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <saker/event_codes.h>

#include "common/util.h"
#include "event_story.h"

#define PID INT64_C(4000)
#define AT_CWD INT64_C(-100)

static const char args[] = "-c\0run";

struct scene {
	struct saker_state *state;
	struct event_builder b;
	struct event_builder note;
	uint64_t ts;
	uint16_t told;
};

static void begin(struct scene *s, uint16_t told)
{
	memset(s, 0, sizeof(*s));
	s->state = story_state();
	assert_non_null(s->state);
	s->ts = STORY_TS;
	s->told = told;
	story_execve(&s->b, s->state, PID, 1, "sh", "/bin/sh", args, (int)sizeof(args), s->ts);
}

static void end(struct scene *s)
{
	saker_state_free(s->state);
}

/* path NULL and all zero: no companion. */
static struct saker_record *apply(struct scene *s, const struct saker_event *event, uint8_t via,
				  uint8_t how, uint32_t cut, const char *path)
{
	struct saker_event_meta meta = {.flags = s->told};
	struct saker_record *record;

	if (via || how || cut || path)
		meta.companion = eb_make(&s->note, SAKER_EV_OWN_NOTE_X, event->ts, event->tid,
					 "bbwqs", via, how, (int)cut, INT64_C(0), path ? path : "");
	return saker_state_apply(s->state, event, &meta, &record) > 0 ? record : NULL;
}

static struct saker_record *openat_at(struct scene *s, int64_t fd, int64_t dirfd, const char *name,
				      uint8_t how, const char *path)
{
	return apply(s,
		     eb_make(&s->b, SAKER_EV_SYSCALL_OPENAT_2_X, ++s->ts, PID, "qqswwwq", fd, dirfd,
			     name, 1, 0, 0xfe01, INT64_C(99)),
		     how & ~SAKER_HOW_PATH_CUT ? SAKER_VIA_IO_URING : 0, how, 0, path);
}

static void expect(struct saker_record *record, const char *field, const char *value)
{
	struct saker_values values = {0};
	struct saker_field_ref ref;
	char arg[128];

	assert_non_null(record);
	assert_int_equal(story_bind(field, arg, &ref), 0);
	ref.extract(record, &ref, &values);
	assert_int_equal(values.n, 1);
	if (values.v[0].len != strlen(value) || memcmp(values.v[0].str, value, strlen(value)) != 0)
		fail_msg("%s is '%.*s', not '%s'", field, (int)values.v[0].len, values.v[0].str,
			 value);
}

static void expect_absent(struct saker_record *record, const char *field, uint32_t why)
{
	struct saker_values values = {0};
	struct saker_field_ref ref;
	char arg[128];

	assert_non_null(record);
	assert_int_equal(story_bind(field, arg, &ref), 0);
	ref.extract(record, &ref, &values);
	assert_int_equal(values.n, 0);
	assert_int_equal(values.absent, why);
}

#define ALL (SAKER_EVENT_META_NOTED | SAKER_EVENT_META_REALPATH)

static void test_via(void **state)
{
	const struct saker_event *event;
	struct scene s;

	begin(&s, ALL);
	event = eb_make(&s.b, SAKER_EV_SYSCALL_SETSID_X, ++s.ts, PID, "q", INT64_C(1));
	expect(apply(&s, event, 0, 0, 0, NULL), "evt.via", "syscall");
	expect(apply(&s, event, SAKER_VIA_IA32, 0, 0, NULL), "evt.via", "ia32");
	expect(apply(&s, event, SAKER_VIA_IO_URING, 0, 0, NULL), "evt.via", "io_uring");
	/* A kind of later times. */
	expect_absent(apply(&s, event, 77, 0, 0, NULL), "evt.via", SAKER_ABSENT_NOT_CAPTURED);
	event = eb_make(&s.b, SAKER_EV_PROCEXIT_1_E, ++s.ts, PID, "qqbbq", INT64_C(0), INT64_C(0),
			0, 0, INT64_C(0));
	expect_absent(apply(&s, event, 0, 0, 0, NULL), "evt.via", SAKER_ABSENT_NOT_APPLICABLE);
	end(&s);
	/* Somebody else's capture: that there is no companion says nothing. */
	begin(&s, 0);
	event = eb_make(&s.b, SAKER_EV_SYSCALL_SETSID_X, ++s.ts, PID, "q", INT64_C(1));
	expect_absent(apply(&s, event, 0, 0, 0, NULL), "evt.via", SAKER_ABSENT_NOT_CAPTURED);
	end(&s);
}

static void test_truncated(void **state)
{
	const struct saker_event *event;
	struct scene s;

	begin(&s, ALL);
	event = eb_make(&s.b, SAKER_EV_SYSCALL_RENAME_X, ++s.ts, PID, "qss", INT64_C(0), "/a",
			"/b");
	expect(apply(&s, event, 0, 0, 1 << 1, NULL), "evt.truncated", "oldpath");
	expect(apply(&s, event, 0, 0, 6, NULL), "evt.truncated", "oldpath,newpath");
	expect_absent(apply(&s, event, 0, 0, 0, NULL), "evt.truncated",
		      SAKER_ABSENT_NOT_APPLICABLE);
	end(&s);
	/* Data past snaplen show by themselves, whoever captured them. */
	begin(&s, 0);
	event = eb_make(&s.b, SAKER_EV_SYSCALL_READ_X, ++s.ts, PID, "qrqw", INT64_C(100), "1234", 4,
			INT64_C(3), 100);
	expect(apply(&s, event, 0, 0, 0, NULL), "evt.truncated", "data");
	event = eb_make(&s.b, SAKER_EV_SYSCALL_READ_X, ++s.ts, PID, "qrqw", INT64_C(4), "1234", 4,
			INT64_C(3), 100);
	expect_absent(apply(&s, event, 0, 0, 0, NULL), "evt.truncated", SAKER_ABSENT_NOT_CAPTURED);
	end(&s);
}

static void test_realpath(void **state)
{
	struct saker_record *r;
	struct scene s;

	begin(&s, ALL);
	r = openat_at(&s, 3, AT_CWD, "/tmp/link/shadow", 0, "/etc/shadow");
	expect(r, "fd.name", "/tmp/link/shadow");
	expect(r, "fd.realpath", "/etc/shadow");
	r = openat_at(&s, 4, AT_CWD, "/etc/passwd", 0, NULL);
	expect(r, "fd.realpath", "/etc/passwd");
	/* Later uses and copies of the descriptor know it. */
	r = apply(
		&s,
		eb_make(&s.b, SAKER_EV_SYSCALL_DUP_1_X, ++s.ts, PID, "qq", INT64_C(7), INT64_C(3)),
		0, 0, 0, NULL);
	expect(r, "fd.realpath", "/etc/shadow");
	/* Relative to a directory whose own name led elsewhere. */
	openat_at(&s, 5, AT_CWD, "/tmp/dir", 0, "/etc");
	r = openat_at(&s, 6, 5, "gshadow", 0, NULL);
	expect(r, "fd.name", "/tmp/dir/gshadow");
	expect(r, "fd.realpath", "/etc/gshadow");
	/* Relative to one that was moved since it was opened. */
	openat_at(&s, 5, AT_CWD, "/tmp/dir", 0, NULL);
	r = openat_at(&s, 6, 5, "shadow", 0, "/etc/dir/shadow");
	expect(r, "fd.name", "/tmp/dir/shadow");
	expect(r, "fd.realpath", "/etc/dir/shadow");
	r = openat_at(&s, 6, 5, "shadow", 0, "/tmp/dir/shadow");
	expect(r, "fd.realpath", "/tmp/dir/shadow");
	/* Deeper than the kernel's side can tell. */
	r = openat_at(&s, 8, AT_CWD, "down/below", SAKER_HOW_PATH_CUT, NULL);
	expect_absent(r, "fd.realpath", SAKER_ABSENT_TRUNCATED);
	/* What failed led nowhere. */
	r = openat_at(&s, -2, AT_CWD, "/etc/none", 0, NULL);
	expect_absent(r, "fd.realpath", SAKER_ABSENT_NOT_APPLICABLE);
	end(&s);
	begin(&s, SAKER_EVENT_META_NOTED);
	r = openat_at(&s, 3, AT_CWD, "/tmp/link/shadow", 0, NULL);
	expect_absent(r, "fd.realpath", SAKER_ABSENT_NOT_CAPTURED);
	end(&s);
}

/* chdir through a link: what is opened from there on has its real name. */
static void test_chdir(void **state)
{
	struct saker_record *r;
	struct scene s;

	begin(&s, ALL);
	apply(&s,
	      eb_make(&s.b, SAKER_EV_SYSCALL_CHDIR_X, ++s.ts, PID, "qs", INT64_C(0), "/tmp/link"),
	      0, 0, 0, "/etc");
	r = openat_at(&s, 3, AT_CWD, "shadow", 0, NULL);
	expect(r, "fd.name", "/etc/shadow");
	expect(r, "fd.realpath", "/etc/shadow");
	expect(r, "proc.cwd", "/etc/");
	end(&s);
}

/* Number 3 of the process and place 3 of the ring are two files. */
static void test_direct(void **state)
{
	struct saker_state_stats before = {.size = sizeof(before)}, after = before;
	struct saker_record *r;
	struct scene s;

	begin(&s, ALL);
	openat_at(&s, 3, AT_CWD, "/etc/passwd", 0, NULL);
	saker_state_get_stats(s.state, &before);
	r = openat_at(&s, SAKER_DIRECT_FD + 3, AT_CWD, "/etc/shadow", SAKER_HOW_DIRECT_RESULT,
		      NULL);
	expect(r, "fd.name", "/etc/shadow");
	expect(r, "fd.typechar", "f");
	expect(r, "evt.via", "io_uring");
	r = apply(&s,
		  eb_make(&s.b, SAKER_EV_SYSCALL_READ_X, ++s.ts, PID, "qrqw", INT64_C(4), "1234", 4,
			  SAKER_DIRECT_FD + 3, 100),
		  SAKER_VIA_IO_URING, SAKER_HOW_DIRECT_FILE, 0, "/etc/shadow");
	expect(r, "fd.name", "/etc/shadow");
	expect(r, "fd.realpath", "/etc/shadow");
	apply(&s,
	      eb_make(&s.b, SAKER_EV_SYSCALL_CLOSE_X, ++s.ts, PID, "qq", INT64_C(0),
		      SAKER_DIRECT_FD + 3),
	      SAKER_VIA_IO_URING, SAKER_HOW_DIRECT_FILE, 0, NULL);
	r = apply(&s,
		  eb_make(&s.b, SAKER_EV_SYSCALL_READ_X, ++s.ts, PID, "qrqw", INT64_C(4), "1234", 4,
			  INT64_C(3), 100),
		  0, 0, 0, NULL);
	expect(r, "fd.name", "/etc/passwd");
	saker_state_get_stats(s.state, &after);
	assert_int_equal(after.n_fds, before.n_fds);
	assert_int_equal(after.n_failed_fd_lookups, before.n_failed_fd_lookups);
	end(&s);
}

/* A ring makes and closes descriptors of the process, too. */
static void test_ring_descriptors(void **state)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_record *r;
	struct scene s;

	begin(&s, ALL);
	openat_at(&s, 9, AT_CWD, "/etc/hosts", SAKER_HOW_SQPOLL, NULL);
	saker_state_get_stats(s.state, &stats);
	assert_int_equal(stats.n_fds, 1);
	r = apply(
		&s,
		eb_make(&s.b, SAKER_EV_SYSCALL_CLOSE_X, ++s.ts, PID, "qq", INT64_C(0), INT64_C(9)),
		SAKER_VIA_IO_URING, 0, 0, NULL);
	expect(r, "fd.name", "/etc/hosts");
	apply(&s, eb_make(&s.b, SAKER_EV_SYSCALL_SETSID_X, ++s.ts, PID, "q", INT64_C(1)), 0, 0, 0,
	      NULL);
	saker_state_get_stats(s.state, &stats);
	assert_int_equal(stats.n_fds, 0);
	end(&s);
}

/* Companions that are not well-formed are none. */
static void test_malformed(void **state)
{
	struct saker_event_meta meta = {.flags = ALL};
	const struct saker_event *event;
	struct saker_record *record;
	struct scene s;

	begin(&s, ALL);
	event = eb_make(&s.b, SAKER_EV_SYSCALL_SETSID_X, ++s.ts, PID, "q", INT64_C(1));
	meta.companion = eb_make(&s.note, SAKER_EV_OWN_NOTE_X, s.ts, PID, "bb", 1, 0);
	assert_int_equal(saker_state_apply(s.state, event, &meta, &record), 1);
	expect(record, "evt.via", "syscall");
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_via),	  cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_realpath),  cmocka_unit_test(test_chdir),
		cmocka_unit_test(test_direct),	  cmocka_unit_test(test_ring_descriptors),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
