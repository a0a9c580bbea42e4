/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state's snapshot given to another one: that knows the same threads, with the
 * same of each, and the same files. Of the recorded capture, at its end, and of
 * sockets of all kinds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event_builder.h"
#include "internal.h"

#define TS UINT64_C(1000000000000)
#define I(v) INT64_C(v)

static struct event_builder eb;

static void give(void *userdata, const struct saker_event *event)
{
	const struct saker_event_meta meta = {.flags = SAKER_EVENT_META_INITIAL};
	struct saker_event_view view;
	struct saker_record *record;

	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	assert_int_equal(view.n_params, view.info->n_params);
	assert_int_equal(saker_state_apply(userdata, event, &meta, &record), 0);
}

static struct saker_state *new_state(void)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_interface lo = {.name = "lo", .addr = {4, 8, {127, 0, 0, 1}}};
	struct saker_state *s;

	options.offline = true;
	assert_int_equal(saker_state_new(&options, &s), 0);
	assert_int_equal(saker_state_add_interface(s, &lo), 0);
	return s;
}

static bool is_kept(const struct enrich_thread *t)
{
	return t && t->pid > 0 && !(t->flags & (ENRICH_THREAD_DEAD | ENRICH_THREAD_PLACEHOLDER));
}

static void same_text(const struct enrich_str *a, const struct enrich_str *b)
{
	assert_int_equal(enrich_str_len(a), enrich_str_len(b));
	assert_memory_equal(enrich_str_text(a), enrich_str_text(b), enrich_str_len(a));
}

static void same_thread(const struct enrich_thread *a, const struct enrich_thread *b)
{
	assert_non_null(b);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->ptid, b->ptid);
	assert_int_equal(a->sid, b->sid);
	assert_int_equal(a->vtid, b->vtid);
	assert_int_equal(a->vpid, b->vpid);
	assert_int_equal(a->vpgid, b->vpgid);
	assert_int_equal(a->pgid, b->pgid);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_int_equal(a->loginuid, b->loginuid);
	assert_int_equal(a->tty, b->tty);
	assert_int_equal(a->fdlimit, b->fdlimit);
	assert_int_equal(a->cap_effective, b->cap_effective);
	assert_int_equal(a->cap_permitted, b->cap_permitted);
	assert_int_equal(a->exe_ino, b->exe_ino);
	assert_int_equal(a->exe_flags, b->exe_flags);
	assert_int_equal(a->clone_ts, b->clone_ts);
	same_text(a->comm, b->comm);
	same_text(a->exe, b->exe);
	same_text(a->exepath, b->exepath);
	same_text(a->args, b->args);
	same_text(a->env, b->env);
	same_text(a->cgroups, b->cgroups);
	if (enrich_thread_is_leader(a) && a->fs)
		same_text(a->fs->cwd, b->fs->cwd);
}

static void same_file(const struct enrich_fd *a, const struct enrich_fd *b)
{
	if (!a->name && enrich_fd_is_ip(a)) {
		assert_null(b); /* nothing to begin with */
		return;
	}
	assert_non_null(b);
	assert_int_equal(a->type == ENRICH_FD_FILE ? ENRICH_FD_FILE_V2 : a->type,
			 b->type == ENRICH_FD_FILE ? ENRICH_FD_FILE_V2 : b->type);
	same_text(a->name, b->name);
	assert_int_equal(a->ino, b->ino);
	assert_int_equal(enrich_fd_tuple(a)->l4, enrich_fd_tuple(b)->l4);
	assert_int_equal(enrich_fd_tuple(a)->sport, enrich_fd_tuple(b)->sport);
	assert_int_equal(enrich_fd_tuple(a)->dport, enrich_fd_tuple(b)->dport);
}

/* How many threads and files were compared. */
static void compare(struct saker_state *a, uint32_t *ret_threads, uint32_t *ret_files)
{
	struct saker_state *b = new_state();

	assert_int_equal(saker_state_snapshot(a, give, b), 0);
	*ret_threads = *ret_files = 0;
	enrich_threads_settle(b);
	for (uint32_t i = 0; i < a->slots_capacity; i++) {
		const struct enrich_thread *t = a->slots[i].thread, *copy;
		const struct enrich_fd *fd;
		uint32_t iter = 0;

		if (!is_kept(t))
			continue;
		copy = enrich_thread_find(b, t->tid);
		same_thread(t, copy);
		++*ret_threads;
		while (enrich_thread_is_leader(t) && (fd = enrich_fd_next(t, &iter))) {
			same_file(fd, enrich_fd_find(copy, fd->num));
			++*ret_files;
		}
	}
	saker_state_free(b);
}

static void test_capture(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_state *s = new_state();
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_record *record;
	struct saker_capture *capture;
	uint32_t threads, files, most = 0;
	uint64_t n = 0;
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/data/attacks.scap", getenv("SAKER_SOURCE_ROOT"));
	options.file = path;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	while (saker_capture_next(capture, -1, &event, &meta) == 1) {
		assert_true(saker_state_apply(s, event, &meta, &record) >= 0);
		if (++n % 50)
			continue;
		compare(s, &threads, &files);
		most = threads > most ? threads : most;
		assert_true(files > 2);
	}
	assert_true(most > 3);
	saker_capture_close(capture);
	saker_state_free(s);
}

#define EVENT(code, format, ...) \
	apply(s, eb_make(&eb, SAKER_EV_##code, TS, 100, format, __VA_ARGS__))

static void apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r;

	assert_true(saker_state_apply(s, event, NULL, &r) >= 0);
}

static void test_sockets(void **state)
{
	static const uint8_t bound[] = {2, 127, 0, 0, 1, 0x50, 0};
	static const uint8_t to_other[] = {2, 127, 0, 0, 1, 0x39, 0x30, 8, 8, 8, 8, 0x35, 0};
	static const uint8_t from_other[] = {2, 8, 8, 8, 8, 0x39, 0x30, 127, 0, 0, 1, 0x50, 0};
	struct saker_state *s = new_state();
	uint32_t threads, files;

	apply(s,
	      eb_task(&eb, &(struct eb_task){.tid = 100, .ptid = 1, .comm = "sh", .cwd = "/home"}));
	EVENT(SOCKET_SOCKET_X, "qwww", I(3), 2, 1, 6);
	EVENT(SOCKET_CONNECT_X, "qrqr", I(0), to_other, (int)sizeof(to_other), I(3), to_other + 7,
	      0);
	EVENT(SOCKET_SOCKET_X, "qwww", I(4), 2, 1, 6);
	EVENT(SOCKET_BIND_X, "qrq", I(0), bound, (int)sizeof(bound), I(4));
	EVENT(SOCKET_ACCEPT4_6_X, "qrbwwqw", I(5), from_other, (int)sizeof(from_other), 0, 0, 5,
	      I(4), 0);
	EVENT(SOCKET_SOCKET_X, "qwww", I(6), 2, 2, 17); /* neither bound nor connected */
	EVENT(SYSCALL_OPENAT_2_X, "qqswwwq", I(7), I(-100), "f", 1, 0, 5, I(77));
	compare(s, &threads, &files);
	assert_int_equal(threads, 1);
	assert_true(files >= 5);
	saker_state_free(s);
}

static void test_arguments(void **state)
{
	struct saker_state *s = new_state();

	assert_int_equal(saker_state_snapshot(NULL, give, s), -EINVAL);
	assert_int_equal(saker_state_snapshot(s, NULL, s), -EINVAL);
	assert_int_equal(saker_state_snapshot(s, give, s), 0); /* of nothing */
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
