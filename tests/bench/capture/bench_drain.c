// SPDX-License-Identifier: Apache-2.0
/*
 * How fast the rings are drained: loops of system calls flat out, and a reader
 * that does nothing with the events but take them, by the public interface.
 * Once with a loop on one CPU and the reader on another, once with a loop on
 * each CPU and the reader among them; of openat and close, which cost the
 * caller something, and of a close that fails, which is nearly nothing but the
 * event. Loops stop by themselves; the figures are of the events, not of time
 * that was waited.
 */
#include <saker/capture.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 3
#define MAX_LOOPS 64

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pin(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void open_close(void)
{
	syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0));
}

static void failing_close(void)
{
	syscall(SYS_close, -1);
	syscall(SYS_close, -1);
}

/* Begins at a byte in `go`: before the capture is there, which it must not inherit. */
static pid_t loop(void (*call)(void), long cpu, int go)
{
	pid_t pid = fork();
	double end;
	char c;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpu);
	if (read(go, &c, 1) != 1)
		_exit(1);
	for (end = now() + SECONDS; now() < end;) {
		int i;

		for (i = 0; i < 1000; i++)
			call();
	}
	_exit(0);
}

static struct saker_capture *open_capture(void)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set set = {{0}};
	struct saker_capture *capture;

	saker_syscall_set_add_name(&set, "openat");
	saker_syscall_set_add_name(&set, "close");
	options.syscalls = &set;
	options.no_initial_state = true;
	options.ring_bytes = UINT64_C(8) << 20;
	return saker_capture_open(&options, &capture) < 0 ? NULL : capture;
}

static void drain(struct saker_capture *capture, double until, double *ret_cpu)
{
	const struct saker_event *event;
	double start = cpu_seconds();
	uint64_t n = 0;
	int r = 0;

	/* The clock is looked at now and then only. */
	while (r >= 0 && (n++ % 4096 || now() < until))
		r = saker_capture_next(capture, 10, &event, NULL);
	*ret_cpu = cpu_seconds() - start;
	saker_capture_stop(capture);
	while (saker_capture_next(capture, 10, &event, NULL) >= 0)
		;
}

static int run(const char *what, void (*call)(void), long loops, long reader)
{
	struct saker_capture_stats s = {.size = sizeof(s)};
	struct saker_capture *capture;
	pid_t pids[MAX_LOOPS];
	double start, cpu = 0, seconds;
	int go[2];
	long i;

	if (pipe(go) < 0)
		return 1;
	for (i = 0; i < loops; i++)
		pids[i] = loop(call, i, go[0]);
	if (reader >= 0)
		pin(reader);
	capture = open_capture();
	if (!capture) {
		for (i = 0; i < loops; i++)
			kill(pids[i], SIGKILL);
		while (wait(NULL) > 0)
			;
		return 77;
	}
	start = now();
	for (i = 0; i < loops; i++)
		if (write(go[1], "g", 1) != 1)
			return 1;
	drain(capture, start + SECONDS, &cpu);
	seconds = now() - start;
	while (wait(NULL) > 0)
		;
	saker_capture_stats(capture, &s);
	printf("%-14s %ld loop%s  %6.3f M/s seen, %6.3f M/s drained, %5.2f %% dropped; reader: "
	       "%3.0f %% "
	       "of a CPU, %4.0f ns an event\n",
	       what, loops, loops == 1 ? " " : "s", (double)s.seen / SECONDS / 1e6,
	       (double)s.delivered / seconds / 1e6,
	       s.seen ? 100.0 * (double)s.dropped / (double)s.seen : 0, 100 * cpu / seconds,
	       s.delivered ? cpu * 1e9 / (double)s.delivered : 0);
	saker_capture_close(capture);
	close(go[0]);
	close(go[1]);
	return 0;
}

int main(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t all;
	int r;

	if (cpus > MAX_LOOPS)
		cpus = MAX_LOOPS;
	sched_getaffinity(0, sizeof(all), &all);
	r = run("openat + close", open_close, 1, cpus > 1 ? 1 : -1);
	if (r == 77)
		printf("skipped: a capture could not be opened\n");
	if (r)
		return r;
	run("failing close", failing_close, 1, cpus > 1 ? 1 : -1);
	sched_setaffinity(0, sizeof(all), &all);
	run("openat + close", open_close, cpus, -1);
	run("failing close", failing_close, cpus, -1);
	return 0;
}
