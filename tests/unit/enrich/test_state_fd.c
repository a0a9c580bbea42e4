/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors in the state: every call that makes, copies, changes or
 * closes one; sockets and their names; what forks share; paths.
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

static struct saker_record *apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_record *r = NULL;

	return saker_state_apply(s, event, NULL, &r) == 1 ? r : NULL;
}

#define EVENT(s, code, format, ...) \
	apply(s, eb_make(&eb, SAKER_EV_##code, TS, 100, format, __VA_ARGS__))

/* A shell (100) in /home. */
static struct saker_state *start(void)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_interface lo = {.name = "lo", .addr = {4, 8, {127, 0, 0, 1}}};
	struct saker_interface eth = {.name = "eth0", .addr = {4, 24, {192, 168, 1, 7}}};
	struct saker_state *s;

	options.offline = true;
	assert_int_equal(saker_state_new(&options, &s), 0);
	assert_int_equal(saker_state_add_interface(s, &lo), 0);
	assert_int_equal(saker_state_add_interface(s, &eth), 0);
	apply(s,
	      eb_task(&eb, &(struct eb_task){.tid = 100, .ptid = 1, .comm = "sh", .cwd = "/home"}));
	return s;
}

static const struct enrich_fd *fd_of(const struct saker_state *s, int64_t tid, int64_t num)
{
	const struct enrich_thread *t = enrich_thread_find(s, tid);

	return t ? enrich_fd_find(t, num) : NULL;
}

static const char *name_of(const struct enrich_fd *fd)
{
	return fd ? enrich_str_text(fd->name) : NULL;
}

static struct saker_record *openat(struct saker_state *s, int64_t tid, int64_t fd, const char *path,
				   uint32_t flags)
{
	return apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, (uint64_t)tid, "qqswwwq", fd,
				I(-100), path, (int)flags, 0, 0xfe00, I(42)));
}

static struct saker_record *dup2_(struct saker_state *s, int64_t from, int64_t to)
{
	return EVENT(s, SYSCALL_DUP2_X, "qqq", to, from, to);
}

/* ---- paths ------------------------------------------------------------------------- */

static void test_paths(void **state)
{
	static const struct {
		const char *dir;
		const char *path;
		const char *expected;
	} cases[] = {
		{"/home/", "a", "/home/a"},
		{"/home/", "/a", "/a"},
		{"/home/", "./a//b/", "/home/a/b"},
		{"/home/", "../etc/passwd", "/etc/passwd"},
		{"/home/", "../../../etc", "/etc"},
		{"/home/", "a/../b/./../c", "/home/c"},
		{"/home/", "..", "/"},
		{"/home/", ".", "/home"},
		{"/home/", "...", "/home/..."},
		{"/home/", "..a/.b", "/home/..a/.b"},
		{"/", "..", "/"},
		{"/", "", ""},
		{"", "/", "/"},
		{"", "//", "/"},
		{"", "/..", "/"},
		{"", "/a/b/../../..", "/"},
		{"", "foo/../a", "a"},
		{"<UNKNOWN>", "a/b", "<UNKNOWN>a/b"},
		{"<UNKNOWN>", "./a", "<UNKNOWN>./a"},
	};
	char buf[ENRICH_PATH_MAX + 1];
	char longest[ENRICH_PATH_MAX + 8];
	uint32_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = enrich_path_join(buf, cases[i].dir, (uint32_t)strlen(cases[i].dir),
				     cases[i].path, (uint32_t)strlen(cases[i].path));
		if (strcmp(buf, cases[i].expected) != 0 || n != strlen(buf))
			fail_msg("'%s' + '%s' = '%s' (%u), not '%s'", cases[i].dir, cases[i].path,
				 buf, n, cases[i].expected);
	}
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	n = enrich_path_join(buf, "", 0, longest, ENRICH_PATH_MAX - 1);
	assert_int_equal(n, ENRICH_PATH_MAX - 1);
	n = enrich_path_join(buf, "", 0, longest, ENRICH_PATH_MAX);
	assert_string_equal(buf, ENRICH_PATH_TOO_LONG);
	assert_int_equal(n, strlen(buf));
}

static void test_open(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r = openat(s, 100, 3, "../etc/./passwd", 4097);
	struct enrich_slice path;

	(void)state;
	assert_non_null(r->fd);
	assert_string_equal(name_of(r->fd), "/etc/passwd");
	assert_string_equal(enrich_str_text(enrich_fd_name_raw(r->fd)), "../etc/./passwd");
	assert_int_equal(r->fd->type, ENRICH_FD_FILE_V2);
	assert_int_equal(enrich_fd_dev(r->fd), 0xfe00);
	assert_int_equal(r->fd->ino, 42);
	assert_int_equal(r->fd_num, 3);
	assert_true(r->flags & ENRICH_RECORD_NAME_CHANGED);
	path = enrich_record_path(r, 2);
	assert_string_equal(path.text, "/etc/passwd");
	/* A directory, and a file below it. */
	r = openat(s, 100, 4, "/srv/data", O_PPM_DIRECTORY | FD_PPM_UPPER_LAYER);
	assert_int_equal(r->fd->type, ENRICH_FD_DIRECTORY);
	assert_true(r->fd->flags & ENRICH_FD_UPPER_LAYER);
	r = EVENT(s, SYSCALL_OPENAT_2_X, "qqswwwq", I(5), I(4), "x/y", 1, 0, 1, I(1));
	assert_string_equal(name_of(r->fd), "/srv/data/x/y");
	r = EVENT(s, SYSCALL_OPENAT2_X, "qqswwwwq", I(6), I(77), "x/y", 1, 0, 0, 1, I(1));
	assert_string_equal(name_of(r->fd), "<UNKNOWN>x/y");
	/* Failed: no fd. */
	r = EVENT(s, SYSCALL_OPENAT_2_X, "qqswwwq", I(-2), I(-100), "gone", 1, 0, 0, I(0));
	assert_null(r->fd);
	assert_int_equal(r->fd_num, -1);
	assert_true(r->flags & ENRICH_RECORD_FAILED);
	r = EVENT(s, SYSCALL_OPEN_X, "qswwwq", I(7), "f", 1, 0, 1, I(1));
	assert_string_equal(name_of(r->fd), "/home/f");
	r = EVENT(s, SYSCALL_CREAT_X, "qswwqh", I(8), "g", 0, 1, I(1), 2);
	assert_string_equal(name_of(r->fd), "/home/g");
	assert_true(r->fd->flags & ENRICH_FD_LOWER_LAYER);
	r = EVENT(s, SYSCALL_OPEN_BY_HANDLE_AT_X, "qqwswq", I(9), I(4), 1, "/by/handle", 1, I(1));
	assert_string_equal(name_of(r->fd), "/by/handle");
	assert_int_equal(enrich_thread_n_fds(r->thread), 7);
	saker_state_free(s);
}

/* Between the check and the use a program may change the name: what it was at the start counts. */
static void test_open_entry(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	assert_null(EVENT(s, SYSCALL_OPENAT_2_E, "qsww", I(-100), "/etc/shadow", 1, 0));
	r = openat(s, 100, 3, "/tmp/harmless", 1 | O_PPM_F_CREATED);
	assert_string_equal(name_of(r->fd), "/etc/shadow");
	assert_int_equal(r->fd->open_flags, 1 | O_PPM_F_CREATED);
	/* Used once. */
	r = openat(s, 100, 3, "/tmp/harmless", 1);
	assert_string_equal(name_of(r->fd), "/tmp/harmless");
	saker_state_free(s);
}

/* ---- copies and ends ------------------------------------------------------------------- */

static void test_close(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	openat(s, 100, 3, "/a", 1);
	r = EVENT(s, SYSCALL_CLOSE_X, "qq", I(0), I(3));
	assert_string_equal(name_of(r->fd), "/a");
	assert_false(r->flags & ENRICH_RECORD_NAME_CHANGED);
	r = EVENT(s, SYSCALL_CLOSE_X, "qq", I(-9), I(3));
	assert_null(r->fd);
	assert_null(fd_of(s, 100, 3));
	/* A failed one closes nothing. */
	openat(s, 100, 3, "/a", 1);
	EVENT(s, SYSCALL_CLOSE_X, "qq", I(-5), I(3));
	EVENT(s, SYSCALL_SETUID_X, "qw", I(-1), 0);
	assert_non_null(fd_of(s, 100, 3));
	saker_state_free(s);
}

static void test_close_range(void **state)
{
	struct saker_state *s = start();

	(void)state;
	for (int64_t fd = 3; fd < 40; fd++)
		openat(s, 100, fd, "/a", 1);
	EVENT(s, SYSCALL_CLOSE_RANGE_X, "qwww", I(0), 5, 20, 0);
	for (int64_t fd = 3; fd < 40; fd++)
		assert_int_equal(fd_of(s, 100, fd) != NULL, fd < 5 || fd > 20);
	EVENT(s, SYSCALL_CLOSE_RANGE_X, "qwww", I(0), 30, -1, CLOSE_RANGE_PPM_CLOEXEC);
	assert_non_null(fd_of(s, 100, 35));
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS, .tid = 100, .path = "/x", .comm = "x"}));
	for (int64_t fd = 3; fd < 40; fd++)
		assert_int_equal(fd_of(s, 100, fd) != NULL, fd < 5 || (fd > 20 && fd < 30));
	saker_state_free(s);
}

static void test_dup(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	openat(s, 100, 3, "/a", 1 | O_PPM_CLOEXEC);
	openat(s, 100, 4, "/b", 1);
	r = dup2_(s, 3, 4);
	assert_string_equal(name_of(r->fd), "/a");
	assert_int_equal(r->fd->num, 4);
	assert_int_equal(r->fd_num, 4);
	assert_false(r->fd->open_flags & O_PPM_CLOEXEC);
	assert_false(r->flags & ENRICH_RECORD_NAME_CHANGED);
	/* Onto itself: nothing changes. */
	dup2_(s, 3, 3);
	assert_true(fd_of(s, 100, 3)->open_flags & O_PPM_CLOEXEC);
	r = EVENT(s, SYSCALL_DUP3_X, "qqqw", I(9), I(4), I(9), O_PPM_CLOEXEC);
	assert_true(r->fd->open_flags & O_PPM_CLOEXEC);
	r = EVENT(s, SYSCALL_DUP_1_X, "qq", I(10), I(9));
	assert_false(r->fd->open_flags & O_PPM_CLOEXEC);
	r = EVENT(s, SYSCALL_FCNTL_X, "qqbq", I(11), I(10), FCNTL_PPM_DUPFD_CLOEXEC, I(11));
	assert_true(fd_of(s, 100, 11)->open_flags & O_PPM_CLOEXEC);
	EVENT(s, SYSCALL_FCNTL_X, "qqbq", I(0), I(11), FCNTL_PPM_SETFD, I(0));
	assert_false(fd_of(s, 100, 11)->open_flags & O_PPM_CLOEXEC);
	EVENT(s, SYSCALL_FCNTL_X, "qqbq", I(0), I(11), FCNTL_PPM_SETFD, I(1));
	assert_true(fd_of(s, 100, 11)->open_flags & O_PPM_CLOEXEC);
	EVENT(s, SYSCALL_IOCTL_3_X, "qqqq", I(0), I(11), I(0x5450), I(0)); /* FIONCLEX */
	assert_false(fd_of(s, 100, 11)->open_flags & O_PPM_CLOEXEC);
	EVENT(s, SYSCALL_IOCTL_3_X, "qqqq", I(-9), I(11), I(0x5451), I(0));
	assert_false(fd_of(s, 100, 11)->open_flags & O_PPM_CLOEXEC);
	EVENT(s, SYSCALL_IOCTL_3_X, "qqqq", I(0), I(11), I(0x5451), I(0)); /* FIOCLEX */
	assert_true(fd_of(s, 100, 11)->open_flags & O_PPM_CLOEXEC);
	/* Of an unknown one: nothing is made up. */
	r = dup2_(s, 70, 71);
	assert_null(r->fd);
	assert_null(fd_of(s, 100, 71));
	assert_int_equal(s->stats.n_fds, 5);
	saker_state_free(s);
}

static int refill_nothing(void *userdata, int64_t tid, saker_capture_event_fn fn, void *fn_userdata)
{
	(void)userdata, (void)tid, (void)fn, (void)fn_userdata;
	return -ESRCH;
}

/* A number that went to a file of which nothing is known. */
static void test_dup_of_unknown(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	openat(s, 100, 1, "/log", 2);
	dup2_(s, 70, 1);
	r = EVENT(s, SYSCALL_WRITE_X, "q-qw", I(5), I(1), 5);
	assert_string_equal(name_of(r->fd), "/log");
	assert_false(enrich_record_certain(r));
	EVENT(s, SYSCALL_DUP_1_X, "qq", I(2), I(1));
	r = EVENT(s, SYSCALL_WRITE_X, "q-qw", I(5), I(2), 5);
	assert_false(enrich_record_certain(r));
	/* What is opened there is sure again. */
	openat(s, 100, 1, "/new", 2);
	r = EVENT(s, SYSCALL_WRITE_X, "q-qw", I(5), I(1), 5);
	assert_true(enrich_record_certain(r));
	/* Live there is somebody to ask. */
	s->refill = refill_nothing;
	EVENT(s, SYSCALL_FCNTL_X, "qqbq", I(1), I(71), FCNTL_PPM_DUPFD, I(1));
	assert_null(fd_of(s, 100, 1));
	saker_state_free(s);
}

/* Closed on exec because the kernel always does it, or because that was asked for. */
static void test_exec_closes(void **state)
{
	struct saker_state *s = start();

	(void)state;
	EVENT(s, SYSCALL_PIDFD_OPEN_X, "qqw", I(3), I(100), 0);
	EVENT(s, SYSCALL_IO_URING_SETUP_X, "qwwwwwww", I(4), 8, 8, 16, 0, 0, 0, 0);
	EVENT(s, SOCKET_SOCKETPAIR_X, "qqqqqwww", I(0), I(5), I(6), I(1), I(2), 1, 1 | 02000000, 0);
	EVENT(s, SOCKET_SOCKETPAIR_X, "qqqqqwww", I(0), I(7), I(8), I(1), I(2), 1, 1, 0);
	assert_int_equal(enrich_thread_n_fds(enrich_thread_find(s, 100)), 6);
	apply(s,
	      eb_exec(&eb, &(struct eb_exec){.ts = TS, .tid = 100, .path = "/bin/x", .comm = "x"}));
	for (int64_t fd = 3; fd <= 6; fd++)
		assert_null(fd_of(s, 100, fd));
	assert_non_null(fd_of(s, 100, 7));
	assert_non_null(fd_of(s, 100, 8));
	saker_state_free(s);
}

/* The kernel gives the whole path, or none: what is not absolute is not the directory's. */
static void test_open_by_handle(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	r = EVENT(s, SYSCALL_OPEN_BY_HANDLE_AT_X, "qqwswq", I(3), I(9), 1, "/mnt/./a", 7, I(8));
	assert_string_equal(name_of(r->fd), "/mnt/a");
	r = EVENT(s, SYSCALL_OPEN_BY_HANDLE_AT_X, "qqw-wq", I(4), I(9), 1, 7, I(8));
	assert_string_equal(name_of(r->fd), "<NA>");
	saker_state_free(s);
}

static void test_fork_shares(void **state)
{
	struct saker_state *s = start();
	uint64_t live;

	(void)state;
	for (int64_t fd = 3; fd < 103; fd++)
		openat(s, 100, fd, "/shared", 1);
	live = s->pool.live;
	apply(s, eb_clone(&eb, &(struct eb_clone){
				       .ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1}));
	/* A hundred fds more cost next to nothing. */
	assert_true(s->pool.live - live < 2000);
	assert_int_equal(s->stats.n_fds, 200);
	assert_ptr_equal(fd_of(s, 100, 50), fd_of(s, 200, 50));
	/* Each side's changes are its own. */
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_CLOSE_X, TS, 200, "qq", I(0), I(50)));
	openat(s, 200, 51, "/child", 1);
	openat(s, 100, 52, "/parent", 1);
	assert_null(fd_of(s, 200, 50));
	assert_string_equal(name_of(fd_of(s, 100, 50)), "/shared");
	assert_string_equal(name_of(fd_of(s, 100, 51)), "/shared");
	assert_string_equal(name_of(fd_of(s, 200, 51)), "/child");
	assert_string_equal(name_of(fd_of(s, 200, 52)), "/shared");
	assert_string_equal(name_of(fd_of(s, 100, 52)), "/parent");
	assert_int_equal(s->stats.n_fds, 199);
	EVENT(s, SYSCALL_FCNTL_X, "qqbq", I(0), I(60), FCNTL_PPM_SETFD, I(1));
	assert_false(fd_of(s, 200, 60)->open_flags & O_PPM_CLOEXEC);
	apply(s, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, TS, 200, "qqbbq", I(0), I(0), 0, 0, I(0)));
	EVENT(s, SYSCALL_SETUID_X, "qw", I(-1), 0);
	assert_int_equal(s->stats.n_fds, 100);
	saker_state_free(s);
}

/* CLONE_FILES without CLONE_THREAD: one table, until execve. */
static void test_clone_files(void **state)
{
	struct saker_state *s = start();

	(void)state;
	openat(s, 100, 3, "/a", O_PPM_CLOEXEC);
	apply(s, eb_clone(&eb, &(struct eb_clone){.ts = TS,
						  .tid = 100,
						  .res = 200,
						  .pid = 100,
						  .ptid = 1,
						  .flags = CL_PPM_FILES}));
	openat(s, 200, 4, "/b", 1);
	assert_string_equal(name_of(fd_of(s, 100, 4)), "/b");
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS, .tid = 200, .path = "/x", .comm = "x"}));
	assert_null(fd_of(s, 200, 3));
	assert_non_null(fd_of(s, 100, 3));
	saker_state_free(s);
}

static void test_anonymous(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
#define MAKES(TYPE, ...)                                         \
	do {                                                     \
		r = __VA_ARGS__;                                 \
		assert_non_null(r->fd);                          \
		assert_int_equal(r->fd->type, ENRICH_FD_##TYPE); \
		assert_int_equal(r->fd_num, 3);                  \
		assert_ptr_equal(r->fd, fd_of(s, 100, 3));       \
	} while (0)
	MAKES(EVENT, EVENT(s, SYSCALL_EVENTFD_X, "qqw", I(3), I(0), 0));
	MAKES(EVENT, EVENT(s, SYSCALL_EVENTFD2_X, "qhq", I(3), 4096, I(0)));
	MAKES(SIGNALFD, EVENT(s, SYSCALL_SIGNALFD_X, "qqwb", I(3), I(-1), 0, 0));
	MAKES(SIGNALFD, EVENT(s, SYSCALL_SIGNALFD4_X, "qhqw", I(3), 0, I(-1), 0));
	MAKES(TIMERFD, EVENT(s, SYSCALL_TIMERFD_CREATE_X, "qbb", I(3), 0, 0));
	MAKES(INOTIFY, EVENT(s, SYSCALL_INOTIFY_INIT_X, "qb", I(3), 0));
	MAKES(INOTIFY, EVENT(s, SYSCALL_INOTIFY_INIT1_X, "qh", I(3), 0));
	MAKES(EVENTPOLL, EVENT(s, SYSCALL_EPOLL_CREATE_X, "qw", I(3), 0));
	MAKES(EVENTPOLL, EVENT(s, SYSCALL_EPOLL_CREATE1_X, "qw", I(3), 1));
	assert_true(r->fd->open_flags & O_PPM_CLOEXEC);
	MAKES(USERFAULTFD, EVENT(s, SYSCALL_USERFAULTFD_X, "qw", I(3), 0));
	MAKES(IO_URING, EVENT(s, SYSCALL_IO_URING_SETUP_X, "qw", I(3), 8));
	MAKES(BPF, EVENT(s, SYSCALL_BPF_2_X, "qw", I(3), 5));
	MAKES(MEMFD, EVENT(s, SYSCALL_MEMFD_CREATE_X, "qsw", I(3), "secret", 1));
	assert_string_equal(name_of(r->fd), "secret");
	MAKES(PIDFD, EVENT(s, SYSCALL_PIDFD_OPEN_X, "qqw", I(3), I(100), 0));
	assert_string_equal(name_of(r->fd), "/proc/100");
	assert_int_equal(enrich_fd_pid(r->fd), 100);
#undef MAKES
	/* Most of bpf's results are no fds. */
	r = EVENT(s, SYSCALL_BPF_2_X, "qw", I(0), 1);
	assert_null(fd_of(s, 100, 0));
	openat(s, 100, 8, "/of/another", 1);
	r = EVENT(s, SYSCALL_PIDFD_GETFD_X, "qqqw", I(9), I(3), I(8), 0);
	assert_string_equal(name_of(r->fd), "/of/another");
	assert_true(r->fd->open_flags & O_PPM_CLOEXEC);
	EVENT(s, SYSCALL_PIPE2_X, "qqqqw", I(0), I(20), I(21), I(99), O_PPM_CLOEXEC);
	assert_int_equal(fd_of(s, 100, 20)->type, ENRICH_FD_FIFO);
	assert_int_equal(fd_of(s, 100, 21)->ino, 99);
	assert_true(fd_of(s, 100, 21)->open_flags & O_PPM_CLOEXEC);
	EVENT(s, SOCKET_SOCKETPAIR_X, "qqqqqwww", I(0), I(30), I(31), I(0xa), I(0xb), 1, 1, 0);
	assert_int_equal(fd_of(s, 100, 31)->type, ENRICH_FD_UNIX_SOCK);
	assert_true(fd_of(s, 100, 30)->flags & ENRICH_FD_SOCKETPIPE);
	/* MFD_CLOEXEC and EPOLL_CLOEXEC close, too. */
	EVENT(s, SYSCALL_MEMFD_CREATE_X, "qsw", I(40), "m", 1);
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS, .tid = 100, .path = "/x", .comm = "x"}));
	assert_null(fd_of(s, 100, 40));
	assert_null(fd_of(s, 100, 20));
	assert_non_null(fd_of(s, 100, 30));
	saker_state_free(s);
}

/* ---- sockets ------------------------------------------------------------------------------ */

static int tuple4(uint8_t *t, uint32_t sip, uint16_t sport, uint32_t dip, uint16_t dport)
{
	uint8_t ips[8] = {(uint8_t)(sip >> 24), (uint8_t)(sip >> 16), (uint8_t)(sip >> 8),
			  (uint8_t)sip,		(uint8_t)(dip >> 24), (uint8_t)(dip >> 16),
			  (uint8_t)(dip >> 8),	(uint8_t)dip};

	t[0] = AF_PPM_INET;
	memcpy(t + 1, ips, 4);
	memcpy(t + 5, &sport, 2);
	memcpy(t + 7, ips + 4, 4);
	memcpy(t + 11, &dport, 2);
	return 13;
}

#define LOCAL 0xc0a80107u /* 192.168.1.7 */
#define PEER 0x0a000001u  /* 10.0.0.1 */

static void test_connect(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;
	uint8_t t[64];
	int len = tuple4(t, LOCAL, 40000, PEER, 443);

	(void)state;
	r = EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 2, 1, 0, O_PPM_CLOEXEC);
	assert_int_equal(r->fd->type, ENRICH_FD_IPV4_SOCK);
	assert_int_equal(enrich_fd_tuple(r->fd)->l4, ENRICH_L4_TCP);
	assert_false(r->flags & ENRICH_RECORD_NAME_CHANGED);
	r = EVENT(s, SOCKET_CONNECT_X, "qrq-", I(-111), t, len, I(3));
	assert_false(r->fd->flags & ENRICH_FD_CONNECTED);
	r = EVENT(s, SOCKET_CONNECT_X, "qrq-", I(-115), t, len, I(3));
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->10.0.0.1:443");
	assert_true(r->fd->flags & ENRICH_FD_CONNECTED);
	assert_true(r->fd->flags & ENRICH_FD_ROLE_CLIENT);
	assert_true(r->flags & ENRICH_RECORD_NAME_CHANGED);
	assert_int_equal(enrich_fd_tuple(r->fd)->dport, 443);
	assert_int_equal(enrich_fd_tuple(r->fd)->dip[0], 10);
	/* Again the same: not changed. */
	r = EVENT(s, SOCKET_CONNECT_X, "qrq-", I(0), t, len, I(3));
	assert_false(r->flags & ENRICH_RECORD_NAME_CHANGED);
	saker_state_free(s);
}

static void test_connect_ipv6(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;
	uint8_t t[37] = {AF_PPM_INET6};
	uint16_t sport = 1000;
	uint16_t dport = 80;

	(void)state;
	memset(t + 1, 0, 36);
	t[1] = 0x20;
	t[16] = 1;
	memcpy(t + 17, &sport, 2);
	t[19] = 0xfe;
	t[20] = 0x80;
	t[34] = 9;
	memcpy(t + 35, &dport, 2);
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 10, 1, 6, 0);
	r = EVENT(s, SOCKET_CONNECT_X, "qrq-", I(0), t, 37, I(3));
	assert_string_equal(name_of(r->fd), "2000::1:1000->fe80::9:80");
	assert_int_equal(r->fd->type, ENRICH_FD_IPV6_SOCK);
	/* IPv4 in IPv6's clothes is IPv4. */
	memset(t + 1, 0, 16);
	memset(t + 19, 0, 16);
	memset(t + 11, 0xff, 2);
	memset(t + 29, 0xff, 2);
	memcpy(t + 13, "\x7f\0\0\1", 4);
	memcpy(t + 31, "\x7f\0\0\2", 4);
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(4), 10, 1, 6, 0);
	r = EVENT(s, SOCKET_CONNECT_X, "qrq-", I(0), t, 37, I(4));
	assert_string_equal(name_of(r->fd), "127.0.0.1:1000->127.0.0.2:80");
	assert_int_equal(r->fd->type, ENRICH_FD_IPV4_SOCK);
	saker_state_free(s);
}

/* The address that was checked is not the one used: the kernel's tuple and the entry decide. */
static void test_connect_entry(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;
	uint8_t entry[7] = {AF_PPM_INET, 1, 1, 1, 1, 53, 0};
	uint8_t at_exit[7] = {AF_PPM_INET, 10, 0, 0, 1, 0xbb, 1};
	uint8_t mapped_entry[19] = {AF_PPM_INET6, 0,	0, 0, 0, 0, 0,	0, 0, 0, 0,
				    0xff,	  0xff, 1, 1, 1, 1, 53, 0};
	uint8_t mapped_exit[19] = {AF_PPM_INET6, 0,    0,  0, 0, 0, 0,	  0, 0, 0, 0,
				   0xff,	 0xff, 10, 0, 0, 1, 0xbb, 1};
	uint8_t t[64];
	int len = tuple4(t, LOCAL, 40000, PEER, 443);

	(void)state;
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 2, 1, 6, 0);
	EVENT(s, SOCKET_CONNECT_E, "qr", I(3), entry, 7);
	r = EVENT(s, SOCKET_CONNECT_X, "qrqr", I(0), t, len, I(3), at_exit, 7);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->1.1.1.1:53");
	/* The tuple says something of its own: it is the kernel's. */
	at_exit[4] = 9;
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(4), 2, 1, 6, 0);
	EVENT(s, SOCKET_CONNECT_E, "qr", I(4), entry, 7);
	r = EVENT(s, SOCKET_CONNECT_X, "qrqr", I(0), t, len, I(4), at_exit, 7);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->10.0.0.1:443");
	/* The same of IPv4 written as IPv6, which the tuple has turned back. */
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(5), 10, 1, 6, 0);
	EVENT(s, SOCKET_CONNECT_E, "qr", I(5), mapped_entry, 19);
	r = EVENT(s, SOCKET_CONNECT_X, "qrqr", I(0), t, len, I(5), mapped_exit, 19);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->1.1.1.1:53");
	/* One of them was another call's. */
	EVENT(s, SOCKET_CONNECT_E, "qr", I(5), entry, 7);
	EVENT(s, SYSCALL_DUP_1_X, "qq", I(-9), I(5));
	assert_int_equal(s->stats.n_stored_evts, 4);
	assert_int_equal(s->stats.n_retrieved_evts, 3);
	assert_int_equal(s->stats.n_retrieve_evts_drops, 1);
	assert_int_equal(s->stats.n_store_evts_drops, 0);
	saker_state_free(s);
}

static void test_server(void **state)
{
	struct saker_state *s = start();
	uint8_t addr[7] = {AF_PPM_INET, 0, 0, 0, 0, 80, 0};
	struct saker_record *r;
	uint8_t t[64];
	int len = tuple4(t, PEER, 5555, LOCAL, 80);

	(void)state;
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 2, 1, 6, 0);
	r = EVENT(s, SOCKET_BIND_X, "qrq", I(0), addr, 7, I(3));
	assert_string_equal(name_of(r->fd), "0.0.0.0:80");
	assert_int_equal(r->fd->type, ENRICH_FD_IPV4_SERVER);
	assert_int_equal(enrich_fd_tuple(r->fd)->l4, ENRICH_L4_TCP);
	assert_true(r->fd->flags & ENRICH_FD_ROLE_SERVER);
	assert_true(r->flags & ENRICH_RECORD_NAME_CHANGED);
	r = EVENT(s, SOCKET_ACCEPT4_6_X, "qrbwww", I(4), t, len, 0, 0, 0, O_PPM_CLOEXEC);
	assert_string_equal(name_of(r->fd), "10.0.0.1:5555->192.168.1.7:80");
	assert_true(r->fd->flags & ENRICH_FD_ROLE_SERVER);
	assert_true(r->fd->flags & ENRICH_FD_CONNECTED);
	assert_true(r->fd->open_flags & O_PPM_CLOEXEC);
	/* No port: the kernel will choose; not a server. */
	addr[5] = 0;
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(5), 2, 1, 6, 0);
	r = EVENT(s, SOCKET_BIND_X, "qrq", I(0), addr, 7, I(5));
	assert_string_equal(name_of(r->fd), "0.0.0.0:0");
	assert_int_equal(r->fd->type, ENRICH_FD_IPV4_SOCK);
	saker_state_free(s);
}

static void test_udp(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;
	uint8_t t[64];
	int len = tuple4(t, LOCAL, 40000, PEER, 53);

	(void)state;
	/* A client: sends first. */
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 2, 2, 0, 0);
	r = EVENT(s, SOCKET_SENDTO_X, "qrqwr", I(1), "x", 1, I(3), 1, t, len);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->10.0.0.1:53");
	assert_true(r->fd->flags & ENRICH_FD_ROLE_CLIENT);
	assert_true(r->flags & ENRICH_RECORD_NAME_CHANGED);
	/* The answer is the same conversation, however the tuple is turned. */
	len = tuple4(t, PEER, 53, LOCAL, 40000);
	r = EVENT(s, SOCKET_RECVFROM_X, "qrrqw", I(1), "y", 1, t, len, I(3), 1);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->10.0.0.1:53");
	assert_false(r->flags & ENRICH_RECORD_NAME_CHANGED);
	/* Nor does an answer whose sender is not asked for tell of another one. */
	len = tuple4(t, 0, 0, 0, 40000);
	r = EVENT(s, SOCKET_RECV_X, "qrqwr", I(1), "y", 1, I(3), 1, t, len);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->10.0.0.1:53");
	assert_false(r->flags & ENRICH_RECORD_NAME_CHANGED);
	/* Another peer. */
	len = tuple4(t, LOCAL, 40000, PEER + 1, 53);
	r = EVENT(s, SOCKET_SENDTO_X, "qrqwr", I(1), "x", 1, I(3), 1, t, len);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->10.0.0.2:53");
	assert_true(r->flags & ENRICH_RECORD_NAME_CHANGED);
	/* A server: receives first. */
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(4), 2, 2, 17, 0);
	len = tuple4(t, PEER, 777, LOCAL, 53);
	r = EVENT(s, SOCKET_RECVFROM_X, "qrrqw", I(1), "y", 1, t, len, I(4), 1);
	assert_string_equal(name_of(r->fd), "10.0.0.1:777->192.168.1.7:53");
	assert_true(r->fd->flags & ENRICH_FD_ROLE_SERVER);
	/* We know nothing of this fd: UDP it must be. */
	len = tuple4(t, 0, 1, PEER, 2);
	r = EVENT(s, SOCKET_SENDTO_X, "qrqwr", I(1), "x", 1, I(44), 1, t, len);
	assert_non_null(r->fd);
	assert_int_equal(enrich_fd_tuple(r->fd)->l4, ENRICH_L4_UDP);
	/* Our end was not told: the interface that is not loopback. */
	assert_string_equal(name_of(r->fd), "192.168.1.7:1->10.0.0.1:2");
	saker_state_free(s);
}

/* A socket of IPv6 that is bound to no address is one of IPv4 when it talks to one. */
static void test_udp_dual_stack(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;
	uint8_t t[37] = {AF_PPM_INET6};
	uint8_t any[19] = {AF_PPM_INET6, [17] = 80};

	(void)state;
	memcpy(t + 17, "\x40\x9c", 2); /* port 40000 */
	memset(t + 29, 0xff, 2);
	memcpy(t + 31, "\x0a\0\0\1", 4);
	t[35] = 53;
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 10, 2, 17, 0);
	r = EVENT(s, SOCKET_SENDTO_X, "qrqwr", I(1), "x", 1, I(3), 1, t, 37);
	assert_string_equal(name_of(r->fd), "192.168.1.7:40000->10.0.0.1:53");
	assert_int_equal(r->fd->type, ENRICH_FD_IPV4_SOCK);
	/* It listens for both, and counts as IPv4; its name is the address as given. */
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(4), 10, 1, 6, 0);
	r = EVENT(s, SOCKET_BIND_X, "qrq", I(0), any, 19, I(4));
	assert_string_equal(name_of(r->fd), ":::80");
	assert_int_equal(r->fd->type, ENRICH_FD_IPV4_SERVER);
	saker_state_free(s);
}

static void test_unix(void **state)
{
	uint8_t t[64] = {AF_PPM_UNIX};
	uint64_t src = 0xabc;
	uint64_t dst = 0xdef;
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	memcpy(t + 1, &src, 8);
	memcpy(t + 9, &dst, 8);
	memcpy(t + 17, "/run/x.sock", 12);
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 1, 1, 0, 0);
	r = EVENT(s, SOCKET_CONNECT_X, "qrq-", I(0), t, 29, I(3));
	assert_string_equal(name_of(r->fd), "abc->def /run/x.sock");
	assert_int_equal(enrich_fd_tuple(r->fd)->unix_source, 0xabc);
	assert_int_equal(enrich_fd_tuple(r->fd)->unix_dest, 0xdef);
	r = EVENT(s, SOCKET_ACCEPT_5_X, "qrbww", I(4), t, 29, 0, 0, 0);
	assert_int_equal(r->fd->type, ENRICH_FD_UNIX_SOCK);
	/* Not terminated: not believed. */
	r = EVENT(s, SOCKET_ACCEPT_5_X, "qrbww", I(5), t, 28, 0, 0, 0);
	assert_null(r->fd);
	saker_state_free(s);
}

/* A pipe's write or a file's read never turns them into sockets; a fork's copy stays untouched. */
static void test_traffic_in_child(void **state)
{
	struct saker_state *s = start();
	uint8_t t[64];
	int len = tuple4(t, LOCAL, 40000, PEER, 53);

	(void)state;
	EVENT(s, SOCKET_SOCKET_X, "qwwww", I(3), 2, 2, 0, 0);
	apply(s, eb_clone(&eb, &(struct eb_clone){
				       .ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1}));
	apply(s, eb_make(&eb, SAKER_EV_SOCKET_SENDTO_X, TS, 200, "qrqwr", I(1), "x", 1, I(3), 1, t,
			 len));
	assert_string_equal(name_of(fd_of(s, 200, 3)), "192.168.1.7:40000->10.0.0.1:53");
	assert_string_equal(name_of(fd_of(s, 100, 3)), "");
	saker_state_free(s);
}

/* Who is the server among connections that were there already. */
static void test_initial_roles(void **state)
{
	struct saker_state *s = start();
	uint8_t local[4] = {192, 168, 1, 7};
	uint8_t peer[4] = {10, 0, 0, 1};
	uint8_t any[4] = {0};
	uint64_t id = UINT64_C(100) << 32 | 100;

	(void)state;
	apply(s, eb_make(&eb, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, 0, id, "whhrhrhq", 4, 1, 6,
			 local, 4, 22, peer, 4, 5000, I(1)));
	apply(s, eb_make(&eb, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, 0, id, "whhrhrhq", 5, 1, 6,
			 local, 4, 6000, peer, 4, 443, I(1)));
	apply(s, eb_make(&eb, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, 0, id, "whhrhrhq", 3, 1, 6,
			 any, 4, 22, any, 4, 0, I(1)));
	EVENT(s, SYSCALL_SETUID_X, "qw", I(-1), 0);
	assert_string_equal(name_of(fd_of(s, 100, 3)), "0.0.0.0:22");
	assert_int_equal(fd_of(s, 100, 3)->type, ENRICH_FD_IPV4_SERVER);
	assert_string_equal(name_of(fd_of(s, 100, 4)), "10.0.0.1:5000->192.168.1.7:22");
	assert_true(fd_of(s, 100, 4)->flags & ENRICH_FD_ROLE_SERVER);
	assert_string_equal(name_of(fd_of(s, 100, 5)), "192.168.1.7:6000->10.0.0.1:443");
	assert_true(fd_of(s, 100, 5)->flags & ENRICH_FD_ROLE_CLIENT);
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_open_entry),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_close_range),
		cmocka_unit_test(test_dup),
		cmocka_unit_test(test_fork_shares),
		cmocka_unit_test(test_clone_files),
		cmocka_unit_test(test_anonymous),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_connect_ipv6),
		cmocka_unit_test(test_connect_entry),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_udp_dual_stack),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_traffic_in_child),
		cmocka_unit_test(test_initial_roles),
		cmocka_unit_test(test_dup_of_unknown),
		cmocka_unit_test(test_exec_closes),
		cmocka_unit_test(test_open_by_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
