// SPDX-License-Identifier: Apache-2.0
/*
 * Every event that happened is either handed out or counted as dropped, to the
 * last one: under a flood that a tiny ring cannot hold, with a reader that is
 * slow, with rings shared by CPUs, and after the capture was stopped.
 */
#include <saker/capture.h>
#include <saker/event_codes.h>
#include <saker/loss.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FLOODERS 2

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void flood(double seconds)
{
	double end = now() + seconds;

	while (now() < end) {
		int i;

		for (i = 0; i < 100; i++)
			syscall(SYS_close,
				syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0));
	}
}

struct counts {
	uint64_t all;
	uint64_t opens; /* of class open */
	uint64_t closes;
	uint64_t backwards;
	uint64_t last_ts;
	uint64_t told; /* lost */
	uint64_t told_fds;
	uint64_t late_losses; /* told of behind what is later than all of them */
	uint64_t unknown;     /* of whom it is not known */
	uint64_t who[SAKER_LOSS_SLOTS / 64];
};

static void count_loss(struct counts *c, const struct saker_event *event)
{
	struct saker_loss loss = SAKER_LOSS_INIT;

	assert_int_equal(saker_loss_read(event, &loss), 0);
	for (int i = 0; i < SAKER_LOSS_GROUPS; i++)
		c->told += loss.n[i];
	c->told_fds += loss.n[SAKER_LOSS_FD];
	c->late_losses += loss.until < c->last_ts;
	c->unknown += !loss.who_known;
	for (int i = 0; i < SAKER_LOSS_SLOTS / 64; i++)
		c->who[i] |= loss.who[SAKER_LOSS_FD][i];
}

static void count(struct counts *c, const struct saker_event *event)
{
	if (event->type == SAKER_EV_OWN_LOSS_X) {
		count_loss(c, event);
		return;
	}
	c->all++;
	c->opens += event->type == SAKER_EV_SYSCALL_OPENAT_2_X;
	c->closes += event->type == SAKER_EV_SYSCALL_CLOSE_X;
	if (event->ts < c->last_ts)
		c->backwards++;
	else
		c->last_ts = event->ts;
}

static struct saker_capture *open_capture(uint64_t ring_bytes, uint32_t cpus_per_ring)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;
	struct saker_syscall_set set = {{0}};

	saker_syscall_set_add_name(&set, "openat");
	saker_syscall_set_add_name(&set, "close");
	options.syscalls = &set;
	options.ring_bytes = ring_bytes;
	options.cpus_per_ring = cpus_per_ring;
	options.no_initial_state = true;
	return saker_capture_open(&options, &capture) < 0 ? NULL : capture;
}

static void read_all(struct saker_capture *capture, struct counts *c, double until,
		     unsigned int pause_us)
{
	const struct saker_event *event;
	uint64_t n = 0;
	int r;

	while ((until == 0 || now() < until) &&
	       (r = saker_capture_next(capture, 10, &event, NULL)) >= 0) {
		if (!r)
			continue;
		count(c, event);
		if (pause_us && ++n % 1000 == 0)
			usleep(pause_us);
	}
}

static void check(struct saker_capture *capture, const struct counts *c, bool must_drop)
{
	struct saker_capture_stats s = {.size = sizeof(s)};
	uint64_t open_drops = 0, close_drops = 0;
	int i;

	assert_int_equal(saker_capture_stats(capture, &s), 0);
	for (i = 0; i < SAKER_DROP_REASONS; i++) {
		open_drops += s.dropped_by[i][SAKER_EVENT_CLASS_OPEN];
		close_drops += s.dropped_by[i][SAKER_EVENT_CLASS_CLOSE];
	}
	printf("seen %llu = delivered %llu + dropped %llu; %llu out of order, %llu wake-ups, %u "
	       "rings\n",
	       (unsigned long long)s.seen, (unsigned long long)s.delivered,
	       (unsigned long long)s.dropped, (unsigned long long)s.out_of_order,
	       (unsigned long long)s.wakeups, s.n_rings);
	assert_true(s.seen > 10000);
	assert_int_equal(s.seen, s.delivered + s.dropped);
	assert_int_equal(s.delivered, c->all);
	assert_int_equal(s.dropped, c->told);
	assert_int_equal(c->late_losses + c->unknown, 0);
	assert_int_equal(s.seen_by[SAKER_EVENT_CLASS_OPEN], c->opens + open_drops);
	assert_int_equal(s.seen_by[SAKER_EVENT_CLASS_CLOSE], c->closes + close_drops);
	assert_int_equal(s.out_of_order, c->backwards);
	assert_int_equal(s.dropped,
			 s.dropped_by[SAKER_DROP_RING_FULL][SAKER_EVENT_CLASS_OPEN] +
				 s.dropped_by[SAKER_DROP_RING_FULL][SAKER_EVENT_CLASS_CLOSE]);
	if (must_drop)
		assert_true(s.dropped > 0);
	/* One ring a CPU: nothing older can follow, save when the reader's patience was exceeded.
	 */
	if (s.n_rings > 1)
		assert_true(s.out_of_order * 1000 < s.delivered + 1000);
}

static void run(uint64_t ring_bytes, uint32_t cpus_per_ring, unsigned int pause_us, bool must_drop)
{
	struct saker_capture *capture = open_capture(ring_bytes, cpus_per_ring);
	const struct saker_event *event;
	pid_t pids[FLOODERS];
	struct counts c = {0};
	double end;
	int i;

	assert_non_null(capture);
	for (i = 0; i < FLOODERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			flood(1.0);
			_exit(0);
		}
		assert_true(pids[i] > 0);
	}
	end = now() + 0.7;
	read_all(capture, &c, end, pause_us);
	/* Stopped in the middle of it: programs are running on other CPUs right now. */
	assert_int_equal(saker_capture_stop(capture), 0);
	read_all(capture, &c, 0, 0);
	check(capture, &c, must_drop);
	assert_int_equal(saker_capture_next(capture, 0, &event, NULL), -ENODATA);
	for (i = 0; i < FLOODERS; i++)
		wait(NULL);
	check(capture, &c, must_drop); /* nothing is counted any more */
	for (i = 0; i < FLOODERS && must_drop; i++) {
		int slot = pids[i] % SAKER_LOSS_SLOTS;

		assert_true(c.who[slot / 64] >> (slot % 64) & 1);
	}
	assert_true(!must_drop || c.told_fds > 0);
	saker_capture_close(capture);
}

static void tiny_ring(void **state)
{
	(void)state;
	run((uint64_t)sysconf(_SC_PAGESIZE), 1, 2000, true);
}

static void shared_ring(void **state)
{
	(void)state;
	run((uint64_t)sysconf(_SC_PAGESIZE) * 4, 64, 1000, true);
}

static void default_ring(void **state)
{
	(void)state;
	run(0, 0, 0, false);
}

/* Under a flood, a filter and a sample: what each leaves out is counted apart, to the event. */
static void sampled_and_filtered(void **state)
{
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_capture_stats s = {.size = sizeof(s)};
	struct saker_syscall_set set = {{0}}, opens = {{0}};
	struct saker_capture_sample sample = {.syscalls = &opens, .one_in = 7};
	struct saker_capture_filter filter = {.kind = SAKER_CAPTURE_FILTER_TREE, .exclude = true};
	struct saker_capture *capture;
	struct counts c = {0};
	pid_t pids[FLOODERS];
	double end;
	int i;

	(void)state;
	for (i = 0; i < FLOODERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			flood(120.0);
			_exit(0);
		}
		assert_true(pids[i] > 0);
	}
	capture = open_capture((uint64_t)sysconf(_SC_PAGESIZE) * 4, 1);
	assert_non_null(capture);
	saker_syscall_set_add_name(&set, "openat");
	saker_syscall_set_add_name(&set, "close");
	saker_syscall_set_add_name(&opens, "openat");
	filter.number = (uint64_t)pids[0];
	selection.syscalls = &set;
	selection.samples = &sample;
	selection.n_samples = 1;
	selection.filters = &filter;
	selection.n_filters = 1;
	read_all(capture, &c, now() + 0.2, 1000);
	assert_int_equal(saker_capture_select(capture, &selection), 0);
	end = now() + 30;
	do {
		read_all(capture, &c, now() + 0.4, 1000);
		assert_int_equal(saker_capture_stats(capture, &s), 0);
	} while (now() < end && !(s.dropped && s.sampled && s.filtered));
	assert_int_equal(saker_capture_stop(capture), 0);
	read_all(capture, &c, 0, 0);
	for (i = 0; i < FLOODERS; i++)
		kill(pids[i], SIGKILL);
	assert_int_equal(saker_capture_stats(capture, &s), 0);
	printf("seen %llu = delivered %llu + dropped %llu + sampled %llu; filtered %llu\n",
	       (unsigned long long)s.seen, (unsigned long long)s.delivered,
	       (unsigned long long)s.dropped, (unsigned long long)s.sampled,
	       (unsigned long long)s.filtered);
	assert_true(s.dropped > 0 && s.sampled > 0 && s.filtered > 0);
	assert_int_equal(s.seen, s.delivered + s.dropped + s.sampled);
	assert_int_equal(s.delivered, c.all);
	/* Closes are not sampled; opens came, were dropped, or were left out. */
	assert_int_equal(s.sampled, s.sampled_by[SAKER_EVENT_CLASS_OPEN]);
	assert_int_equal(s.seen_by[SAKER_EVENT_CLASS_OPEN],
			 c.opens + s.sampled +
				 s.dropped_by[SAKER_DROP_RING_FULL][SAKER_EVENT_CLASS_OPEN]);
	assert_int_equal(s.seen_by[SAKER_EVENT_CLASS_CLOSE],
			 c.closes + s.dropped_by[SAKER_DROP_RING_FULL][SAKER_EVENT_CLASS_CLOSE]);
	for (i = 0; i < FLOODERS; i++)
		wait(NULL);
	saker_capture_close(capture);
}

static void failed_calls_left_out(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set set = {{0}};
	struct saker_capture *capture;
	const struct saker_event *event;
	int r, found = 0;

	(void)state;
	saker_syscall_set_add_name(&set, "dup");
	options.syscalls = &set;
	options.drop_failed_exit = true;
	options.no_initial_state = true;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	syscall(SYS_dup, -1);
	close((int)syscall(SYS_dup, 1));
	while ((r = saker_capture_next(capture, 100, &event, NULL)) > 0) {
		if ((int64_t)event->tid != syscall(SYS_gettid))
			continue;
		/* One parameter behind the lengths of two: the result. */
		assert_true((int64_t)saker_load_u64((const uint8_t *)event + sizeof(*event) + 4) >=
			    0);
		found++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(found, 1);
	saker_capture_close(capture);
}

static bool comes(struct saker_capture *capture, uint16_t code)
{
	const struct saker_event *event;
	double end = now() + 2;

	while (now() < end)
		if (saker_capture_next(capture, 20, &event, NULL) > 0 && event->type == code &&
		    (int64_t)event->tid == syscall(SYS_gettid))
			return true;
	return false;
}

/* A child that executes nothing has all descriptors of the capture, and so the probe's links. */
static void stopped_beside_a_child(void **state)
{
	struct saker_capture *capture = open_capture(0, 1);
	struct saker_capture_stats before = {.size = sizeof(before)};
	struct saker_capture_stats after = {.size = sizeof(after)};
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_syscall_set set = {{0}};
	const struct saker_event *event;
	double end;
	pid_t pid;
	int r;

	(void)state;
	assert_non_null(capture);
	saker_syscall_set_add_name(&set, "all");
	selection.syscalls = &set;
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	flood(0.1);
	assert_int_equal(saker_capture_stop(capture), 0);
	/* What could bring it back to life while the links are there. */
	assert_int_equal(saker_capture_select(capture, &selection), -ESHUTDOWN);
	assert_int_equal(saker_capture_want(capture, &set), -ESHUTDOWN);
	assert_int_equal(saker_capture_want_realpath(capture, true), -ESHUTDOWN);
	saker_capture_stats(capture, &before);
	flood(0.1);
	end = now() + 20;
	while ((r = saker_capture_next(capture, 100, &event, NULL)) >= 0 && now() < end)
		;
	assert_int_equal(r, -ENODATA);
	saker_capture_stats(capture, &after);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	saker_capture_close(capture);
	assert_int_equal(after.seen, before.seen);
	assert_int_equal(after.seen, after.delivered + after.dropped);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Signals that reach this thread n times, and how many events that yields. */
static int signals_seen(struct saker_capture *capture, int n)
{
	const struct saker_event *event;
	double end;
	int i, seen = 0;

	for (i = 0; i < n; i++)
		raise(SIGUSR1);
	end = now() + 0.3;
	while (now() < end)
		if (saker_capture_next(capture, 20, &event, NULL) > 0 &&
		    event->type == SAKER_EV_SIGNALDELIVER_E &&
		    (int64_t)event->tid == syscall(SYS_gettid))
			seen++;
	return seen;
}

/* Such a child keeps attached what is let go of: wanted again, it is not there twice. */
static void wanted_again_beside_a_child(void **state)
{
	struct saker_syscall_set with = {{0}}, without = {{0}};
	struct saker_capture *capture = open_capture(0, 1);
	pid_t pid;

	(void)state;
	assert_non_null(capture);
	signal(SIGUSR1, on_signal);
	saker_syscall_set_add_name(&without, "dup");
	with = without;
	saker_syscall_set_add(&with, SAKER_SC_SIGNAL_DELIVER);
	assert_int_equal(saker_capture_want(capture, &with), 0);
	assert_int_equal(signals_seen(capture, 10), 10);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(saker_capture_want(capture, &without), 0);
	assert_int_equal(signals_seen(capture, 10), 0);
	assert_int_equal(saker_capture_want(capture, &with), 0);
	assert_int_equal(signals_seen(capture, 10), 10);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(signals_seen(capture, 10), 10);
	assert_int_equal(saker_capture_want(capture, &without), 0);
	assert_int_equal(signals_seen(capture, 10), 0);
	assert_int_equal(saker_capture_want(capture, &with), 0);
	assert_int_equal(signals_seen(capture, 10), 10);
	saker_capture_close(capture);
}

static void count_diag(void *userdata, const struct saker_diag *diag)
{
	*(int *)userdata += strcmp(diag->id, "CAPTURE_EVENT_NOT_SUPPORTED") == 0;
}

/* Another set than the one it was opened with: its programs are loaded then. */
static void want_loads_programs(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set first = {{0}}, second = {{0}};
	struct saker_capture *capture;
	int warnings = 0;

	(void)state;
	saker_syscall_set_add_name(&first, "dup");
	saker_syscall_set_add_name(&second, "access");
	saker_syscall_set_add_name(&second, "getppid"); /* has no event of its own */
	options.syscalls = &first;
	options.no_initial_state = true;
	options.diag = count_diag;
	options.diag_userdata = &warnings;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	close((int)syscall(SYS_dup, 1));
	assert_true(comes(capture, SAKER_EV_SYSCALL_DUP_1_X));
	assert_int_equal(saker_capture_want(capture, &second), 0);
	assert_int_equal(syscall(SYS_access, "/", 0), 0);
	assert_true(comes(capture, SAKER_EV_SYSCALL_ACCESS_X));
	syscall(SYS_getppid);
	assert_true(comes(capture, SAKER_EV_GENERIC_X));
	assert_int_equal(saker_capture_want(capture, &first), 0);
	close((int)syscall(SYS_dup, 1));
	assert_true(comes(capture, SAKER_EV_SYSCALL_DUP_1_X));
	assert_int_equal(warnings, 0);
	/* No syscall: its program is attached then. */
	saker_syscall_set_add(&first, SAKER_SC_SCHED_SWITCH);
	assert_int_equal(saker_capture_want(capture, &first), 0);
	usleep(1000);
	assert_true(comes(capture, SAKER_EV_SCHEDSWITCH_6_E));
	assert_int_equal(warnings, 0);
	saker_capture_close(capture);
}

static void interrupt_and_timeouts(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set none = {{0}};
	struct saker_capture *capture;
	const struct saker_event *event;
	double start;

	(void)state;
	options.syscalls = &none;
	options.no_initial_state = true;
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	start = now();
	assert_int_equal(saker_capture_next(capture, 0, &event, NULL), 0);
	assert_true(now() - start < 0.05);
	start = now();
	assert_int_equal(saker_capture_next(capture, 120, &event, NULL), 0);
	assert_true(now() - start >= 0.115);
	/* Interrupted before it waits: it does not wait. */
	saker_capture_interrupt(capture);
	start = now();
	assert_int_equal(saker_capture_next(capture, -1, &event, NULL), 0);
	assert_true(now() - start < 1);
	saker_capture_close(capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiny_ring),
		cmocka_unit_test(shared_ring),
		cmocka_unit_test(default_ring),
		cmocka_unit_test(failed_calls_left_out),
		cmocka_unit_test(want_loads_programs),
		cmocka_unit_test(sampled_and_filtered),
		cmocka_unit_test(interrupt_and_timeouts),
		cmocka_unit_test(stopped_beside_a_child),
		cmocka_unit_test(wanted_again_beside_a_child),
	};
	struct saker_capture *capture = open_capture(0, 0);

	if (!capture) {
		printf("skipped: no live capture here\n");
		return 77;
	}
	saker_capture_close(capture);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
