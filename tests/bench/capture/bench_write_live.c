// SPDX-License-Identifier: Apache-2.0
/*
 * What it costs to write what is captured: the same work (files opened, read, written
 * and closed, processes begun and ended, on each CPU) is captured and thrown away,
 * written to a plain file, and to a compressed one, in turns, some rounds of it, as
 * evtcap -w does: everything wanted that evtcap wants, a flush a second. Of each the
 * median: how long the work took, what the capturing thread took, what was lost.
 *
 *     bench-write-live [FOLDER [ROUNDS]]     a folder of the file system to write to
 */
#include <saker/capture.h>
#include <saker/scap.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS 20000 /* of the work, on each CPU */
#define STEPS_A_PROCESS 400
#define MAX_CPUS 64
#define MAX_ROUNDS 99
#define FLUSH_SECONDS 1.0

enum mode { THROWN_AWAY, PLAIN, GZIP, N_MODES };

static const char *const mode_names[] = {"thrown away", "written", "written, gzip"};

enum figure {
	SECONDS,    /* until all of the work was done and read */
	EVENTS,	    /* delivered a second of that */
	READER_NS,  /* CPU of the capturing thread, an event */
	SYSTEM_NS,  /* of everybody's CPU, an event: the work's, too */
	DROPPED,    /* percent */
	FILE_BYTES, /* an event */
	N_FIGURES
};

static double clock_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void work(const char *folder)
{
	char path[256], buf[512] = "some text";
	struct stat st;

	snprintf(path, sizeof(path), "%s/saker-bench-work-%d", folder, (int)getpid());
	for (int i = 0; i < STEPS; i++) {
		int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

		(void)!read(fd, buf, sizeof(buf));
		fstat(fd, &st);
		close(fd);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		(void)!write(fd, buf, 64);
		close(fd);
		if (i % STEPS_A_PROCESS == 0) {
			pid_t pid = fork();

			if (pid == 0) {
				execl("/bin/true", "true", (char *)NULL);
				_exit(1);
			}
			waitpid(pid, NULL, 0);
		}
	}
	unlink(path);
}

/* Begins at a byte in `go`; told is written to when it is done. */
static pid_t begin_work(const char *folder, int go, int told)
{
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &c, 1) != 1)
		_exit(1);
	work(folder);
	_exit(write(told, &c, 1) != 1);
}

static struct saker_capture *open_capture(void)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;

	options.no_initial_state = true;
	options.realpath = true;
	options.ring_bytes = UINT64_C(8) << 20;
	return saker_capture_open(&options, &capture) < 0 ? NULL : capture;
}

static struct saker_scap_writer *open_writer(const char *file, enum mode mode)
{
	struct saker_scap_options options = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *writer = NULL;

	options.plain = mode == PLAIN;
	options.level = 1;
	if (mode != THROWN_AWAY && saker_scap_open(file, &options, &writer) < 0)
		return NULL;
	return writer;
}

/* Until nothing is left after all work is done. The number of events; -1: cannot be written. */
static int64_t take_all(struct saker_capture *capture, struct saker_scap_writer *writer, int told,
			long n_working)
{
	double flushed = clock_of(CLOCK_MONOTONIC);
	const struct saker_event *event;
	struct saker_event_meta meta;
	bool stopped = false;
	uint32_t since = 0;
	int64_t n = 0;
	int r;

	for (;;) {
		r = saker_capture_next(capture, 10, &event, &meta);
		if (r < 0)
			return n;
		if (r == 1) {
			n++;
			if (writer && saker_scap_write(writer, event, &meta) < 0)
				return -1;
		}
		if (++since < 4096 && r == 1)
			continue;
		since = 0;
		if (writer && clock_of(CLOCK_MONOTONIC) - flushed >= FLUSH_SECONDS) {
			flushed = clock_of(CLOCK_MONOTONIC);
			saker_scap_flush(writer);
		}
		for (char c; n_working && read(told, &c, 1) == 1;)
			n_working--;
		if (!n_working && !stopped) {
			saker_capture_stop(capture);
			stopped = true;
		}
	}
}

static double used_by(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* 0; 77: no capture here; 1: cannot be measured. */
static int run(const char *folder, enum mode mode, double *figures)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct saker_scap_writer *writer;
	struct saker_capture *capture;
	double began, cpu, children;
	int go[2], told[2];
	char file[256];
	int64_t n;

	n_cpus = n_cpus > MAX_CPUS ? MAX_CPUS : n_cpus;
	snprintf(file, sizeof(file), "%s/saker-bench-%d.scap", folder, (int)getpid());
	if (pipe(go) < 0 || pipe2(told, O_NONBLOCK) < 0)
		return 1;
	for (long i = 0; i < n_cpus; i++)
		begin_work(folder, go[0], told[1]);
	capture = open_capture();
	writer = open_writer(file, mode);
	close(go[0]);
	if (!capture || (mode != THROWN_AWAY && !writer)) {
		close(go[1]); /* they end without it */
		while (wait(NULL) > 0)
			;
		saker_capture_close(capture);
		return capture ? 1 : 77;
	}
	children = used_by(RUSAGE_CHILDREN);
	began = clock_of(CLOCK_MONOTONIC);
	cpu = clock_of(CLOCK_THREAD_CPUTIME_ID);
	for (long i = 0; i < n_cpus; i++)
		(void)!write(go[1], "g", 1);
	n = take_all(capture, writer, told[0], n_cpus);
	if (writer && saker_scap_finish(writer) < 0)
		n = -1;
	cpu = clock_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	figures[SECONDS] = clock_of(CLOCK_MONOTONIC) - began;
	while (wait(NULL) > 0)
		;
	children = used_by(RUSAGE_CHILDREN) - children;
	saker_capture_stats(capture, &stats);
	figures[EVENTS] = (double)n / figures[SECONDS];
	figures[READER_NS] = cpu * 1e9 / (double)n;
	figures[SYSTEM_NS] = (cpu + children) * 1e9 / (double)n;
	figures[DROPPED] = stats.seen ? 100.0 * (double)stats.dropped / (double)stats.seen : 0;
	figures[FILE_BYTES] = writer ? (double)saker_scap_size(writer) / (double)n : 0;
	saker_scap_close(writer);
	saker_capture_close(capture);
	unlink(file);
	close(go[1]);
	close(told[0]);
	close(told[1]);
	return n > 0 ? 0 : 1;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double figures_of[N_MODES][N_FIGURES][MAX_ROUNDS];

static void print(int rounds)
{
	double medians[N_MODES][N_FIGURES];

	printf("%d rounds, medians\n%-14s %9s %14s %16s %16s %9s %8s\n", rounds, "", "seconds",
	       "M events/s", "reader, ns/ev", "all CPU, ns/ev", "dropped", "bytes");
	for (int m = 0; m < N_MODES; m++) {
		const double *all = medians[m], *least = medians[THROWN_AWAY];

		for (int i = 0; i < N_FIGURES; i++)
			medians[m][i] = median(figures_of[m][i], rounds);
		printf("%-14s %9.3f %8.3f %+4.0f%% %9.1f %+5.0f%% %9.1f %+5.1f%% %8.2f%% %8.1f\n",
		       mode_names[m], all[SECONDS], all[EVENTS] / 1e6,
		       100 * (all[EVENTS] / least[EVENTS] - 1), all[READER_NS],
		       100 * (all[READER_NS] / least[READER_NS] - 1), all[SYSTEM_NS],
		       100 * (all[SYSTEM_NS] / least[SYSTEM_NS] - 1), all[DROPPED],
		       all[FILE_BYTES]);
	}
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "/var/tmp";
	int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 7;

	if (rounds < 1 || rounds > MAX_ROUNDS || strlen(folder) > 200)
		return 2;
	for (int round = 0; round < rounds; round++) {
		for (int k = 0; k < N_MODES; k++) {
			/* Another one first each time: who comes first finds the machine as others
			 * left it. */
			enum mode mode = (enum mode)((k + round) % N_MODES);
			double figures[N_FIGURES];
			int r = run(folder, mode, figures);

			if (r == 77)
				printf("skipped: a capture could not be opened\n");
			if (r)
				return r;
			for (int i = 0; i < N_FIGURES; i++)
				figures_of[mode][i][round] = figures[i];
		}
	}
	print(rounds);
	return 0;
}
