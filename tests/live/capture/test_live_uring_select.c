// SPDX-License-Identifier: Apache-2.0
/*
 * What is left out in the kernel, of what is done through an io_uring: filters by
 * who does it, the kernel's own thread included, and by name; samples, counted to
 * the event; and that nobody goes unseen by having too much under way.
 */
#include <saker/capture.h>
#include <saker/event_codes.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "uring.h"

#define MAX_FILTERS 4
#define KEPT_MAX 16384 /* PROBE_URING_SMALL */

static struct uring ring;

/* samples: one in so many opens; filters: as text, by blanks. */
static struct saker_capture *start(const char *filters, uint32_t one_in)
{
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture_filter list[MAX_FILTERS];
	struct saker_syscall_set set = {{0}};
	struct saker_capture_sample sample = {.syscalls = &set, .one_in = one_in};
	struct saker_capture *capture;
	char text[256], *word, *save;

	assert_int_equal(saker_syscall_set_add_name(&set, "openat"), 0);
	assert_int_equal(saker_syscall_set_add_name(&set, "read"), 0);
	snprintf(text, sizeof(text), "%s", filters);
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		assert_int_equal(saker_capture_filter_parse(word, &list[selection.n_filters++]), 0);
	selection.syscalls = &set;
	selection.filters = list;
	selection.samples = &sample;
	selection.n_samples = one_in > 1;
	options.selection = &selection;
	options.ring_bytes = UINT64_C(32) << 20;
	options.no_initial_state = true;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	return capture;
}

static void open_by(struct uring *by, int dir, const char *name)
{
	struct io_uring_sqe *s = uring_prepare(by, IORING_OP_OPENAT, dir, 1);

	s->addr = (uint64_t)(uintptr_t)name;
	assert_int_equal(uring_run(by), -ENOENT);
}

struct found {
	int n; /* opens of that name by us through a ring */
	int n_unknown;
	struct saker_capture_stats stats;
};

/* Stops, and looks at all that came. name: "" = any. */
static struct found finish(struct saker_capture *capture, const char *name)
{
	struct found found = {.stats = {.size = sizeof(found.stats)}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct saker_note note;

	assert_int_equal(saker_capture_stop(capture), 0);
	while (saker_capture_next(capture, -1, &event, &meta) > 0) {
		if ((int64_t)event->tid != syscall(SYS_gettid) || !meta.companion ||
		    event->type != SAKER_EV_SYSCALL_OPENAT_2_X)
			continue;
		assert_int_equal(saker_note_read(meta.companion, &note), 0);
		assert_int_equal(note.via, SAKER_VIA_IO_URING);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		if (*name && strcmp((const char *)view.params[2].data, name) != 0)
			continue;
		found.n++;
		found.n_unknown += !!(note.how & SAKER_HOW_RESULT_UNKNOWN);
	}
	assert_int_equal(saker_capture_stats(capture, &found.stats), 0);
	assert_int_equal(found.stats.seen,
			 found.stats.delivered + found.stats.dropped + found.stats.sampled);
	saker_capture_close(capture);
	return found;
}

/* ---- by name ------------------------------------------------------------------------------ */

static void by_path(void **state)
{
	struct saker_capture *capture = start("path=/nowhere/kept path!=/nowhere/kept/not", 0);
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct found found;

	(void)state;
	open_by(&ring, AT_FDCWD, "/nowhere/kept/a");
	open_by(&ring, AT_FDCWD, "/nowhere/kept/not/a");
	open_by(&ring, AT_FDCWD, "/nowhere/else");
	open_by(&ring, dir, "nowhere-relative");
	open_by(&ring, AT_FDCWD, "/nowhere/./odd"); /* need not mean what it says */
	found = finish(capture, "");
	assert_int_equal(found.n, 2);
	assert_true(found.stats.filtered >= 3);

	capture = start("path=/tmp/nowhere-rel", 0);
	open_by(&ring, dir, "nowhere-relative");
	open_by(&ring, dir, "nowhere-else");
	assert_int_equal(finish(capture, "").n, 1);
	close(dir);
}

static void by_either_name(void **state)
{
	struct saker_capture *capture = start("path=/nowhere/kept", 0);
	struct saker_syscall_set set = {{0}};
	const struct saker_event *event;
	struct io_uring_sqe *s;
	int i, n = 0;

	(void)state;
	assert_int_equal(saker_syscall_set_add_name(&set, "renameat2"), 0);
	assert_int_equal(saker_capture_want(capture, &set), 0);
	for (i = 0; i < 2; i++) {
		s = uring_prepare(&ring, IORING_OP_RENAMEAT, AT_FDCWD, 1);
		s->addr = (uint64_t)(uintptr_t) "/nowhere/from";
		s->addr2 = (uint64_t)(uintptr_t)(i ? "/nowhere/kept/to" : "/nowhere/to");
		s->len = (uint32_t)AT_FDCWD;
		assert_int_equal(uring_run(&ring), -ENOENT);
	}
	assert_int_equal(saker_capture_stop(capture), 0);
	while (saker_capture_next(capture, -1, &event, NULL) > 0)
		n += event->type == SAKER_EV_SYSCALL_RENAMEAT2_X &&
		     (int64_t)event->tid == syscall(SYS_gettid);
	assert_int_equal(n, 1);
	saker_capture_close(capture);
}

/* ---- by who ------------------------------------------------------------------------------- */

/* Each with a filter that lets us pass and one that does not, on both kinds of ring. */
static void check_who(uint32_t flags)
{
	char who[4][64], comm[17] = "";
	int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC), i;

	assert_true(read(fd, comm, sizeof(comm) - 1) > 1);
	comm[strcspn(comm, "\n")] = 0;
	close(fd);
	snprintf(who[0], sizeof(who[0]), "tree=%d", getpid());
	snprintf(who[1], sizeof(who[1]), "pid=%d", getpid());
	snprintf(who[2], sizeof(who[2]), "comm=%s", comm);
	snprintf(who[3], sizeof(who[3]), "uid=%u", geteuid());
	for (i = 0; i < 8; i++) {
		char filter[80];
		struct saker_capture *capture;
		struct uring by;

		/* "tree=1" becomes "tree!=1". */
		snprintf(filter, sizeof(filter), "%.*s%s%s", (int)strcspn(who[i / 2], "="),
			 who[i / 2], i % 2 ? "!" : "", strchr(who[i / 2], '='));
		if (uring_open(&by, 8, flags) < 0)
			skip();
		capture = start(filter, 0);
		open_by(&by, AT_FDCWD, "/nowhere/by-whom");
		if (finish(capture, "/nowhere/by-whom").n != !(i % 2))
			fail_msg("%s, ring %#x", filter, flags);
		uring_close(&by);
	}
}

static void by_who(void **state)
{
	(void)state;
	check_who(0);
}

static void by_whose_thread(void **state)
{
	(void)state;
	check_who(IORING_SETUP_SQPOLL);
}

/* ---- samples ------------------------------------------------------------------------------ */

#define OPENS 3000

static void one_in_ten(void **state)
{
	struct saker_capture *capture = start("", 10);
	struct found found;
	int i;

	(void)state;
	for (i = 0; i < OPENS; i++)
		open_by(&ring, AT_FDCWD, "/nowhere/sampled");
	found = finish(capture, "/nowhere/sampled");
	/* 300 and ten times the deviation of 16. */
	assert_in_range(found.n, 140, 460);
	assert_in_range(found.stats.sampled, OPENS - 460, UINT64_MAX);
	assert_true(found.stats.seen >= OPENS);
}

/* ---- how much is kept --------------------------------------------------------------------- */

/* To a port of DNS, which the message names: the socket is not connected. */
static void more_of_some(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	static char query[500] = "q";
	struct iovec iov = {query, sizeof(query)};
	struct msghdr message = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct saker_syscall_set set = {{0}};
	const struct saker_event *event;
	struct saker_capture *capture;
	struct saker_event_view view;
	struct io_uring_sqe *s;
	uint32_t len = 0;

	(void)state;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(saker_syscall_set_add_name(&set, "sendmsg"), 0);
	options.syscalls = &set;
	options.dynamic_snaplen = true;
	options.no_initial_state = true;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	s = uring_prepare(&ring, IORING_OP_SENDMSG, fd, 3);
	s->addr = (uint64_t)(uintptr_t)&message;
	s->len = 1;
	assert_int_equal(uring_run(&ring), sizeof(query));
	assert_int_equal(saker_capture_stop(capture), 0);
	while (saker_capture_next(capture, -1, &event, NULL) > 0) {
		if (event->type != SAKER_EV_SOCKET_SENDMSG_X ||
		    (int64_t)event->tid != syscall(SYS_gettid))
			continue;
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		len = view.params[1].len;
	}
	assert_int_equal(len, sizeof(query));
	saker_capture_close(capture);
	close(fd);
}

/* ---- too much under way -------------------------------------------------------------------- */

/* Reads of a pipe that nobody writes to are kept until there is no room for an open. */
static void hides_behind_many(void **state)
{
	struct saker_capture *capture;
	struct found found;
	struct uring many;
	int ends[2], i;
	char byte;

	(void)state;
	if (uring_open(&many, 2 * KEPT_MAX, 0) < 0)
		skip();
	assert_int_equal(pipe(ends), 0);
	capture = start("", 0);
	for (i = 0; i < KEPT_MAX + 100; i++) {
		struct io_uring_sqe *s = uring_prepare(&many, IORING_OP_READ, ends[0], 2);

		s->addr = (uint64_t)(uintptr_t)&byte;
		s->len = 1;
		if (i % 1024 == 1023)
			assert_int_equal(uring_submit(&many, 0), 0);
	}
	assert_int_equal(uring_submit(&many, 0), 0);
	open_by(&ring, AT_FDCWD, "/nowhere/hidden");
	found = finish(capture, "/nowhere/hidden");
	assert_int_equal(found.n, 1);
	assert_int_equal(found.n_unknown, 1);
	assert_int_equal(found.stats.dropped, 0);
	close(ends[1]);
	close(ends[0]);
	uring_close(&many);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_path),	cmocka_unit_test(by_either_name),
		cmocka_unit_test(by_who),	cmocka_unit_test(by_whose_thread),
		cmocka_unit_test(one_in_ten),	cmocka_unit_test(hides_behind_many),
		cmocka_unit_test(more_of_some),
	};
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;
	int r = uring_open(&ring, 8, 0);

	options.no_initial_state = true;
	if (r < 0 || saker_capture_open(&options, &capture) < 0) {
		printf("skipped: no %s here\n", r < 0 ? "io_uring" : "live capture");
		return 77;
	}
	saker_capture_close(capture);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	uring_close(&ring);
	return r;
}
