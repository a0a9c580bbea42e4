/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost: the event that says it, written and read, damaged, through a
 * file; and which events leave what in doubt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <saker/capture.h>
#include <saker/scap.h>

#include "common/util.h"
#include "loss.h"
#include "schema.h"

#define TS UINT64_C(1700000000000000000)

static struct saker_loss some(void)
{
	struct saker_loss loss = SAKER_LOSS_INIT;

	loss.until = TS + 5;
	for (uint64_t i = 0; i < SAKER_LOSS_GROUPS; i++)
		loss.n[i] = i + 1;
	loss.who_known = true;
	loss.who[SAKER_LOSS_FD][1] = 42;
	loss.who[SAKER_LOSS_IDENTITY][SAKER_LOSS_SLOTS / 64 - 1] = UINT64_C(1) << 63;
	return loss;
}

static void expect_same(const struct saker_loss *a, const struct saker_loss *b)
{
	assert_int_equal(a->until, b->until);
	assert_memory_equal(a->n, b->n, sizeof(a->n));
	assert_int_equal(a->who_known, b->who_known);
	assert_memory_equal(a->who, b->who, sizeof(a->who));
}

static void test_read(void **state)
{
	struct saker_loss read = SAKER_LOSS_INIT, loss = some();
	uint8_t buf[CAPTURE_LOSS_MAX];

	(void)state;
	assert_int_equal(saker_loss_read(capture_loss_build(&loss, TS, buf), &read), 0);
	expect_same(&read, &loss);
	loss = (struct saker_loss)SAKER_LOSS_INIT;
	loss.n[SAKER_LOSS_PROCESS] = 3;
	assert_int_equal(saker_loss_read(capture_loss_build_unknown(3, TS, buf), &read), 0);
	expect_same(&read, &loss);
	assert_int_equal(saker_loss_read(NULL, &read), -EINVAL);
	assert_int_equal(saker_loss_read((void *)buf, NULL), -EINVAL);
	read.size = 0;
	assert_int_equal(saker_loss_read((void *)buf, &read), -EINVAL);
}

static void test_read_malformed(void **state)
{
	static const struct {
		size_t at; /* a u16 of the event, overwritten */
		uint16_t value;
		int expected;
	} cases[] = {
		{20, SAKER_EV_OWN_NOTE_X, -ENOENT},
		{20, SAKER_EV_SYSCALL_CLOSE_X, -ENOENT},
		{22, CAPTURE_LOSS_PARAMS - 1, -EBADMSG},
		{22, 33, -EBADMSG},
		{26, 4, -EBADMSG},     /* length of until */
		{38, 0, -EBADMSG},     /* of the last count */
		{40, 60000, -EBADMSG}, /* of who: past the end */
		{16, 90, -EBADMSG},    /* of all */
	};
	struct saker_loss read = SAKER_LOSS_INIT, loss = some();
	uint8_t buf[CAPTURE_LOSS_MAX];
	const uint16_t shorter = 100;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		capture_loss_build(&loss, TS, buf);
		memcpy(buf + cases[i].at, &cases[i].value, 2);
		assert_int_equal(saker_loss_read((void *)buf, &read), cases[i].expected);
	}
	/* Of another size: of whom is not known. */
	capture_loss_build(&loss, TS, buf);
	memcpy(buf + 40, &shorter, 2);
	assert_int_equal(saker_loss_read((void *)buf, &read), 0);
	assert_false(read.who_known);
}

/* It stays where it stands, for the state alone, and is no event that was seen. */
static void test_through_a_file(void **state)
{
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_event_meta meta = {.flags = SAKER_EVENT_META_STATE_ONLY};
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	struct saker_loss read = SAKER_LOSS_INIT, loss = some();
	int fd = memfd_create("lost", MFD_CLOEXEC);
	const struct saker_event *event;
	struct saker_capture *capture;
	struct saker_scap_writer *w;
	uint8_t buf[CAPTURE_LOSS_MAX];
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(saker_scap_open(path, &o, &w), 0);
	assert_int_equal(saker_scap_write(w, capture_loss_build(&loss, TS, buf), &meta), 0);
	assert_int_equal(saker_scap_finish(w), 0);
	saker_scap_close(w);
	options.file = path;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	assert_int_equal(saker_capture_next(capture, 0, &event, &meta), 1);
	assert_int_equal(meta.flags & SAKER_EVENT_META_STATE_ONLY, SAKER_EVENT_META_STATE_ONLY);
	assert_int_equal(saker_loss_read(event, &read), 0);
	expect_same(&read, &loss);
	assert_int_equal(saker_capture_next(capture, 0, &event, &meta), -ENODATA);
	assert_int_equal(saker_capture_stats(capture, &stats), 0);
	assert_int_equal(stats.seen + stats.delivered + stats.dropped, 0);
	saker_capture_close(capture);
	close(fd);
}

/* What the state engine's handlers change is in a group; what only moves bytes is in none. */
static void test_groups(void **state)
{
	static const struct {
		uint16_t code;
		enum saker_loss_group group;
	} cases[] = {
		{SAKER_EV_SYSCALL_CLONE3_X, SAKER_LOSS_PROCESS},
		{SAKER_EV_PROCEXIT_1_E, SAKER_LOSS_PROCESS},
		{SAKER_EV_SYSCALL_EXECVEAT_X, SAKER_LOSS_PROGRAM},
		{SAKER_EV_SYSCALL_CLOSE_X, SAKER_LOSS_FD},
		{SAKER_EV_SOCKET_ACCEPT4_6_X, SAKER_LOSS_FD},
		{SAKER_EV_SOCKET_RECVMSG_X, SAKER_LOSS_FD},
		{SAKER_EV_SYSCALL_FCHDIR_X, SAKER_LOSS_DIRECTORY},
		{SAKER_EV_SYSCALL_SETSID_X, SAKER_LOSS_IDENTITY},
		{SAKER_EV_SYSCALL_READ_X, SAKER_LOSS_OTHER},
		{SAKER_EV_SYSCALL_WRITEV_X, SAKER_LOSS_OTHER},
		{SAKER_EV_SYSCALL_MKDIR_2_X, SAKER_LOSS_OTHER},
		{SAKER_EV_SYSCALL_PRCTL_X, SAKER_LOSS_IDENTITY},
		{9999, SAKER_LOSS_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(saker_loss_group_of(cases[i].code), cases[i].group);
	/* Whatever makes a descriptor leaves descriptors in doubt; generic calls' are in no table.
	 */
	for (uint16_t code = 1; code < SAKER_EVENT_CODES; code += 2) {
		const struct saker_event_info *info = saker_event_info(code);

		if (info->flags & SAKER_EF_CREATES_FD && !(info->flags & SAKER_EF_OLD_VERSION) &&
		    code != SAKER_EV_GENERIC_X && saker_loss_group_of(code) != SAKER_LOSS_FD)
			fail_msg("%s makes a descriptor", info->symbol);
	}
	assert_string_equal(saker_loss_group_name(SAKER_LOSS_PROGRAM), "program");
	assert_null(saker_loss_group_name(SAKER_LOSS_GROUPS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_malformed),
		cmocka_unit_test(test_through_a_file),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
