// SPDX-License-Identifier: Apache-2.0
/*
 * What a system call costs while a capture runs, against what it costs
 * without: an unwanted one (getppid), an open and close, a process. A child
 * process captures and reads the events, switched on and off in turn, so that
 * both figures come from the same minutes of the same machine. The loops count
 * their own CPU time: what other processes do meanwhile does not show. Loops
 * and reader have a CPU each, and each round begins with a pause and one that
 * does not count: loading and unloading the probe leaves work to the kernel
 * (frees, code patching) and cold caches. With REALPATH set in the environment
 * the capture says where names led to.
 *
 * Arguments, if any, are parts of the names of the loops to run. AGAINST names
 * another libcapture.so: each round then measures with it, too, between the
 * others, so that what changed shows through what the machine does.
 */
#include <saker/capture.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "uring.h"

#define ROUNDS 9
#define SETTLE_US 500000

/* Without a second CPU both share what there is. */
static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double run_getppid(void)
{
	const int n = 1000000;
	double start = cpu_ns();
	int i;

	for (i = 0; i < n; i++)
		syscall(SYS_getppid);
	return (cpu_ns() - start) / n;
}

static double run_open_close(void)
{
	const int n = 300000;
	double start = cpu_ns();
	int i;

	for (i = 0; i < n; i++)
		syscall(SYS_close,
			syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC, 0));
	return (cpu_ns() - start) / n;
}

static double run_fork_exec(void)
{
	const int n = 60;
	double start = wall_ns();
	int i;

	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return (wall_ns() - start) / n;
}

static struct uring ring = {.fd = -1};
static int ring_file;

/* One operation submitted and waited for; nothing at all where there are no rings. */
static double run_ring(void (*one)(void))
{
	const int n = 100000;
	double start;
	int i;

	if (ring.fd < 0)
		return 0;
	start = cpu_ns();
	for (i = 0; i < n; i++)
		one();
	return (cpu_ns() - start) / n;
}

static void ring_nop(void)
{
	uring_prepare(&ring, IORING_OP_NOP, -1, 0);
	uring_run(&ring);
}

static void ring_read(void)
{
	static char buf[64];
	struct io_uring_sqe *sqe = uring_prepare(&ring, IORING_OP_READ, ring_file, 0);

	sqe->addr = (uintptr_t)buf;
	sqe->len = sizeof(buf);
	uring_run(&ring);
}

static void ring_open_close(void)
{
	struct io_uring_sqe *sqe = uring_prepare(&ring, IORING_OP_OPENAT, AT_FDCWD, 0);

	sqe->addr = (uintptr_t) "/etc/passwd";
	sqe->open_flags = O_RDONLY | O_CLOEXEC;
	uring_prepare(&ring, IORING_OP_CLOSE, uring_run(&ring), 0);
	uring_run(&ring);
}

static double run_ring_nop(void)
{
	return run_ring(ring_nop);
}

static double run_ring_read(void)
{
	return run_ring(ring_read);
}

static double run_ring_open_close(void)
{
	return run_ring(ring_open_close);
}

static const struct {
	const char *name;
	double (*run)(void);
} loops[] = {
	{"getppid (not wanted)", run_getppid},
	{"openat + close", run_open_close},
	{"fork + exec + wait of /bin/true", run_fork_exec},
	{"io_uring: nop", run_ring_nop},
	{"io_uring: read (not wanted)", run_ring_read},
	{"io_uring: openat, close", run_ring_open_close},
};

#define LOOPS (sizeof(loops) / sizeof(loops[0]))

static void on_diag(void *userdata, const struct saker_diag *diag)
{
	(void)userdata;
	fprintf(stderr, "%s: %s (%s)\n", diag->id, diag->message, diag->hint);
}

/* What the state needs and the stable rules look at. */
static void wanted(struct saker_syscall_set *set)
{
	static const char *const names[] = {"state",   "link",	      "linkat",
					    "symlink", "symlinkat",   "ptrace",
					    "unlink",  "init_module", "finit_module"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		saker_syscall_set_add_name(set, names[i]);
}

/* A byte in: the capture is on; the next one: it is off again. */
static int capture_child(int in, int out)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set set = {{0}};
	const struct saker_event *event;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(1);
	wanted(&set);
	options.syscalls = &set;
	options.diag = on_diag;
	options.realpath = getenv("REALPATH") != NULL;
	fcntl(in, F_SETFL, O_NONBLOCK);
	for (;;) {
		struct saker_capture_stats stats = {.size = sizeof(stats)};
		struct saker_capture *capture;
		int n;

		while (read(in, &c, 1) < 0 && errno == EAGAIN)
			usleep(1000);
		if (c == 'q')
			return 0;
		if (saker_capture_open(&options, &capture) < 0)
			return 77;
		for (n = 0; n < 100000 && saker_capture_next(capture, 0, &event, NULL) > 0; n++)
			;
		if (write(out, "1", 1) != 1)
			return 1;
		/* On a busy machine there is always one more: now and then it is asked for the end.
		 */
		while (read(in, &c, 1) < 0)
			for (n = 0; n < 10000 && saker_capture_next(capture, 20, &event, NULL) > 0;
			     n++)
				;
		saker_capture_stats(capture, &stats);
		saker_capture_close(capture);
		if (write(out, &stats.dropped, sizeof(stats.dropped)) != sizeof(stats.dropped))
			return 1;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), by_value);
	return v[ROUNDS / 2];
}

/* A process that captures, with a library of its own. */
struct capturer {
	const char *what;
	int to;
	int from;
	pid_t pid;
	uint64_t dropped;
};

#define CAPTURERS 2

/* By loop: without, then with each of the capturers. */
static double results[LOOPS][1 + CAPTURERS][ROUNDS];
static bool left_out[LOOPS];

static void run_round(int with, int round)
{
	size_t i;

	usleep(SETTLE_US);
	run_open_close();
	for (i = 0; i < LOOPS; i++)
		if (!left_out[i])
			results[i][with][round] = loops[i].run();
}

/* By itself, or as this program once more with another library in front. */
static int capturer_start(struct capturer *c, const char *what, const char *library)
{
	int to[2], from[2];

	c->what = what;
	if (pipe(to) < 0 || pipe(from) < 0)
		return -errno;
	c->pid = fork();
	if (c->pid == 0) {
		close(to[1]);
		close(from[0]);
		if (!library)
			_exit(capture_child(to[0], from[1]));
		dup2(to[0], 0);
		dup2(from[1], 1);
		setenv("LD_PRELOAD", library, 1);
		execl("/proc/self/exe", "bench-syscall-cost", "--capture", (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	c->to = to[1];
	c->from = from[0];
	return c->pid < 0 ? -errno : 0;
}

static int measure(struct capturer *capturers, int n)
{
	int round, i;
	char c;

	for (round = 0; round < ROUNDS; round++) {
		run_round(0, round);
		for (i = 0; i < n; i++) {
			struct capturer *with = &capturers[i];
			uint64_t dropped;

			if (write(with->to, "+", 1) != 1 || read(with->from, &c, 1) != 1)
				return -1;
			run_round(1 + i, round);
			if (write(with->to, "-", 1) != 1 ||
			    read(with->from, &dropped, sizeof(dropped)) != sizeof(dropped))
				return -1;
			with->dropped += dropped;
		}
	}
	return 0;
}

static void report(const struct capturer *c, int with)
{
	size_t i;

	printf("%-34s %10s %10s %10s %10s %10s %10s\n", c->what, "without", "with", "more",
	       "without", "with", "more");
	for (i = 0; i < LOOPS; i++) {
		double before, after, least, least_with;

		if (left_out[i])
			continue;
		before = median(results[i][0]);
		after = median(results[i][with]);
		/* Sorted by now. The least of all is what a busy machine tells best. */
		least = results[i][0][0];
		least_with = results[i][with][0];
		printf("%-34s %10.1f %10.1f %10.1f %10.1f %10.1f %10.1f\n", loops[i].name, before,
		       after, after - before, least, least_with, least_with - least);
	}
	printf("dropped: %llu\n", (unsigned long long)c->dropped);
}

static bool named(const char *loop, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strstr(loop, argv[i]))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	const char *against = getenv("AGAINST");
	struct capturer capturers[CAPTURERS] = {{0}};
	int n = against ? 2 : 1;
	size_t i;
	int r;

	if (argc == 2 && !strcmp(argv[1], "--capture"))
		return capture_child(0, 1);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LOOPS; i++)
		left_out[i] = !named(loops[i].name, argc, argv);
	ring_file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	if (uring_open(&ring, 8, 0) < 0)
		fprintf(stderr, "no io_uring here: its figures are 0\n");
	r = capturer_start(&capturers[0], "ns a call", NULL);
	if (r == 0 && against)
		r = capturer_start(&capturers[1], "against", against);
	pin(0);
	if (r == 0)
		r = measure(capturers, n);
	for (i = 0; i < (size_t)n && r == 0; i++)
		if (write(capturers[i].to, "q", 1) != 1)
			r = -1;
	for (i = 0; i < (size_t)n; i++) {
		close(capturers[i].to);
		if (r < 0 && capturers[i].pid > 0)
			kill(capturers[i].pid, SIGKILL);
		waitpid(capturers[i].pid, NULL, 0);
	}
	if (r < 0) {
		printf("skipped: a capture could not be opened\n");
		return 77;
	}
	for (i = 0; i < (size_t)n; i++)
		report(&capturers[i], 1 + (int)i);
	printf("(the median and the least of %d rounds)\n", ROUNDS);
	return 0;
}
