// SPDX-License-Identifier: Apache-2.0
/*
 * What holds while every CPU floods: events of high value come through where
 * others are dropped for want of room, and no event comes before an older one
 * of its thread, nor (while the reader keeps up) of any.
 */
#include <saker/capture.h>
#include <saker/event_codes.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FLOODERS 2
#define ROUNDS 150
#define ORDERED 1000000 /* events looked at for their order, per way of sharing rings */
#define THREADS 16384

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t flooder(int cpu, unsigned int pause_us)
{
	pid_t pid = fork();
	cpu_set_t set;
	char byte;
	int fd, i;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
	for (;;) {
		for (i = 0; i < 100; i++) {
			fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0);
			if (read(fd, &byte, 1) != 1)
				_exit(1);
			close(fd);
		}
		if (pause_us)
			usleep(pause_us);
	}
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- of high value --------------------------------------------------------------------------- */

/* What the worker does once a round; each is an event that must come. */
#define HIGH_LIST(X)                               \
	X(SYSCALL_CLONE_20_X, 1) /* the child's */ \
	X(SYSCALL_EXECVE_19_X, 1)                  \
	X(PROCEXIT_1_E, 1)                         \
	X(SYSCALL_SETUID_X, 1)                     \
	X(SYSCALL_SETRESGID_X, 1)                  \
	X(SYSCALL_CAPSET_X, 1)                     \
	X(SYSCALL_PTRACE_X, 1)                     \
	X(SYSCALL_BPF_2_X, 1)                      \
	X(SYSCALL_INIT_MODULE_X, 1)                \
	X(SYSCALL_MOUNT_X, 1)                      \
	X(SYSCALL_UNSHARE_X, 1)

static const struct {
	uint16_t code;
	int each;
} high[] = {
#define X(symbol, each) {SAKER_EV_##symbol, each},
	HIGH_LIST(X)
#undef X
};

#define N_HIGH (sizeof(high) / sizeof(high[0]))

static void one_round(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		syscall(SYS_setuid, 0);
		syscall(SYS_setresgid, -1, -1, -1);
		syscall(SYS_capset, NULL, NULL);
		syscall(SYS_ptrace, PTRACE_PEEKDATA, 0, 0, 0);
		syscall(SYS_bpf, -1, NULL, 0);
		syscall(SYS_init_module, NULL, 0, "");
		syscall(SYS_mount, "", "/saker-nowhere", "", 0, NULL);
		syscall(SYS_unshare, 0);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/*
 * Waits for a byte. Its children's events are told from everybody else's by
 * their parent. As the flooders it is there before the capture, or it would
 * inherit descriptors of it, and stopping would have no effect until it ends.
 */
static pid_t worker(int n, int go)
{
	pid_t pid = fork();
	char byte;
	int i;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &byte, 1) != 1)
		_exit(1);
	for (i = 0; i < n; i++)
		one_round();
	_exit(0);
}

#define PIDS 4194304
#define MAX_HIGH 100000

/* Whose children are whose is known in the end only: a child may be first to tell. */
struct tally {
	pid_t worker;
	uint8_t ours[PIDS / 8]; /* children of the worker, by id */
	struct {
		uint32_t tid;
		uint32_t i;
	} events[MAX_HIGH];
	uint32_t n_events;
	int n[N_HIGH];
	uint64_t low;
};

static void tally(struct tally *t, const struct saker_event *event)
{
	struct saker_event_view view;
	size_t i;

	if (event->type == SAKER_EV_OWN_LOSS_X)
		return;
	if (saker_event_decode(event, event->len, &view) < 0)
		fail_msg("an event of %u bytes cannot be decoded", event->len);
	if (event->type == SAKER_EV_SYSCALL_CLONE_20_X && event->tid == (uint64_t)t->worker) {
		uint64_t child = saker_load_u64(view.params[0].data);

		if (child < PIDS)
			t->ours[child / 8] |= (uint8_t)(1 << (child % 8));
	}
	for (i = 0; i < N_HIGH; i++) {
		if (high[i].code != event->type)
			continue;
		if (t->n_events < MAX_HIGH) {
			t->events[t->n_events].tid = (uint32_t)event->tid;
			t->events[t->n_events++].i = (uint32_t)i;
		}
		return;
	}
	t->low++;
}

static void sum_up(struct tally *t)
{
	uint32_t i;

	for (i = 0; i < t->n_events; i++) {
		uint32_t tid = t->events[i].tid;

		t->n[t->events[i].i] += tid < PIDS && t->ours[tid / 8] >> (tid % 8) & 1;
	}
}

static void high_value_survives(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture_stats s = {.size = sizeof(s)};
	struct tally *t = calloc(1, sizeof(*t));
	struct saker_syscall_set set = {{0}};
	struct saker_capture *capture;
	const struct saker_event *event;
	pid_t flooders[FLOODERS];
	bool working = true;
	uint64_t n = 0;
	int r, go[2];
	size_t i;

	(void)state;
	assert_non_null(t);
	assert_int_equal(pipe(go), 0);
	for (i = 0; i < FLOODERS; i++)
		flooders[i] = flooder((int)i, 0);
	t->worker = worker(ROUNDS, go[0]);
	saker_syscall_set_add_name(&set, "openat");
	saker_syscall_set_add_name(&set, "read");
	saker_syscall_set_add_name(&set, "close");
	for (i = 0; i < N_HIGH; i++)
		saker_syscall_set_add_event(&set, high[i].code);
	options.syscalls = &set;
	options.no_initial_state = true;
	options.ring_bytes = UINT64_C(4) << 20;
	options.reserve_percent = 40; /* others on this machine start processes, too */
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	/* However fast or busy the machine is: the rings are full before it matters. */
	while (saker_capture_stats(capture, &s) == 0 && s.dropped <= 10000)
		usleep(1000);
	assert_int_equal(write(go[1], "g", 1), 1);
	/* A reader that can do a fraction of what comes. */
	while ((r = saker_capture_next(capture, 10, &event, NULL)) >= 0) {
		if (r > 0)
			tally(t, event);
		if (working && ++n % 1000 == 0) {
			usleep(3000);
			if (waitpid(t->worker, NULL, WNOHANG) == t->worker) {
				working = false;
				saker_capture_stop(capture);
			}
		}
	}
	assert_int_equal(r, -ENODATA);
	for (i = 0; i < FLOODERS; i++)
		stop(flooders[i]);
	assert_int_equal(saker_capture_stats(capture, &s), 0);
	printf("seen %llu = delivered %llu + dropped %llu, of high value %llu\n",
	       (unsigned long long)s.seen, (unsigned long long)s.delivered,
	       (unsigned long long)s.dropped, (unsigned long long)s.dropped_high);
	assert_int_equal(s.seen, s.delivered + s.dropped);
	assert_int_equal(s.dropped_high, 0);
	assert_int_equal(s.dropped_by[SAKER_DROP_RING_FULL][SAKER_EVENT_CLASS_EXECVE], 0);
	assert_int_equal(s.dropped_by[SAKER_DROP_RING_FULL][SAKER_EVENT_CLASS_CLONE_FORK], 0);
	assert_int_equal(s.dropped_by[SAKER_DROP_RING_FULL][SAKER_EVENT_CLASS_PROC_EXIT], 0);
	sum_up(t);
	for (i = 0; i < N_HIGH; i++) {
		int expected = ROUNDS * high[i].each;

		if (t->n[i] != expected)
			fail_msg("%s: %d came, not %d", saker_event_info(high[i].code)->name,
				 t->n[i], expected);
	}
	assert_true(t->low > 0);
	saker_capture_close(capture);
	close(go[0]);
	close(go[1]);
	free(t);
}

/* ---- order -------------------------------------------------------------------------------------
 */

static void in_order(uint32_t cpus_per_ring)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture_stats s = {.size = sizeof(s)};
	uint64_t *last = calloc(THREADS, sizeof(*last)), *tids = calloc(THREADS, sizeof(*tids));
	struct saker_syscall_set set = {{0}};
	struct saker_capture *capture;
	const struct saker_event *event;
	uint64_t n = 0, backwards = 0, cpus = 0, last_ts = 0, late = 0;
	struct saker_event_meta meta;
	pid_t flooders[FLOODERS];
	double end = now() + 60;
	size_t i;

	assert_true(last && tids);
	saker_syscall_set_add_name(&set, "openat");
	saker_syscall_set_add_name(&set, "read");
	saker_syscall_set_add_name(&set, "close");
	options.syscalls = &set;
	options.no_initial_state = true;
	options.ring_bytes = UINT64_C(32) << 20;
	options.cpus_per_ring = cpus_per_ring;
	/* They pause, so that the reader, which has no CPU of its own, keeps up. */
	for (i = 0; i < FLOODERS; i++)
		flooders[i] = flooder((int)i, 200);
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	while (n < ORDERED && now() < end) {
		size_t slot;

		if (saker_capture_next(capture, 10, &event, &meta) <= 0)
			continue;
		n++;
		cpus |= UINT64_C(1) << (meta.cpu % 64);
		late += event->ts < last_ts;
		last_ts = event->ts > last_ts ? event->ts : last_ts;
		/* Two threads in one slot only make it look at fewer. */
		slot = event->tid % THREADS;
		if (tids[slot] == event->tid)
			backwards += event->ts < last[slot];
		tids[slot] = event->tid;
		last[slot] = event->ts;
	}
	for (i = 0; i < FLOODERS; i++)
		stop(flooders[i]);
	assert_int_equal(saker_capture_stats(capture, &s), 0);
	printf("%llu events, %u rings: %llu before an older one of their thread, %llu out of "
	       "order (%llu said), dropped %llu\n",
	       (unsigned long long)n, s.n_rings, (unsigned long long)backwards,
	       (unsigned long long)late, (unsigned long long)s.out_of_order,
	       (unsigned long long)s.dropped);
	assert_true(n >= ORDERED);
	assert_int_equal(backwards, 0);
	assert_int_equal(late, s.out_of_order);
	assert_int_equal(s.out_of_order, 0);
	if (cpus_per_ring == 1 && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		assert_true(__builtin_popcountll(cpus) > 1);
	saker_capture_close(capture);
	free(last);
	free(tids);
}

static void in_order_a_ring_a_cpu(void **state)
{
	(void)state;
	in_order(1);
}

static void in_order_a_shared_ring(void **state)
{
	(void)state;
	in_order(2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(high_value_survives),
		cmocka_unit_test(in_order_a_ring_a_cpu),
		cmocka_unit_test(in_order_a_shared_ring),
	};
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;

	if (saker_capture_open(&options, &capture) < 0) {
		printf("skipped: no live capture here\n");
		return 77;
	}
	saker_capture_close(capture);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
