/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event costs in the state, decoding included: events made once in
 * memory, applied over and over. Prints nanoseconds; never fails on time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <saker/enrich.h>

#include "tests/unit/enrich/event_builder.h"

#define TS UINT64_C(1000000000000)
#define PROCESSES 2000u
#define REPEAT 2000000u

static struct event_builder eb;

/* A copy that stays: the builder is used again for the next one. */
static struct saker_event *keep(const struct saker_event *event)
{
	struct saker_event *copy = malloc(event->len);

	if (!copy)
		exit(1);
	memcpy(copy, event, event->len);
	return copy;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_event_meta meta = {0};
	struct saker_record *record;

	if (saker_state_apply(s, event, &meta, &record) < 0)
		exit(1);
}

static struct saker_state *new_state(uint32_t n_processes)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *s;

	options.offline = true;
	if (saker_state_new(&options, &s) < 0)
		exit(1);
	for (uint32_t i = 0; i < n_processes; i++)
		apply(s,
		      eb_task(&eb, &(struct eb_task){.tid = 1000 + i, .ptid = 1, .comm = "bench"}));
	return s;
}

static struct saker_event *make_open(uint64_t tid, const char *path)
{
	return keep(eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, tid, "qqswwwq", INT64_C(5),
			    INT64_C(-100), path, 1, 0, 0xfe00, INT64_C(1234)));
}

static struct saker_event *make_close(uint64_t tid)
{
	return keep(eb_make(&eb, SAKER_EV_SYSCALL_CLOSE_X, TS, tid, "qq", INT64_C(0), INT64_C(5)));
}

static void report(const char *what, uint64_t start, uint64_t n)
{
	printf("%-44s %7.1f ns\n", what, (double)(now() - start) / (double)n);
}

static void bench_open_close(const char *what, const char *path, uint32_t processes)
{
	struct saker_state *s = new_state(PROCESSES);
	struct saker_event **events = malloc(processes * 2 * sizeof(*events));
	uint64_t start;

	if (!events)
		exit(1);
	for (uint32_t i = 0; i < processes; i++) {
		events[i * 2] = make_open(1000 + i, path);
		events[i * 2 + 1] = make_close(1000 + i);
	}
	start = now();
	for (uint32_t i = 0; i < REPEAT; i++) {
		apply(s, events[i % processes * 2]);
		apply(s, events[i % processes * 2 + 1]);
	}
	report(what, start, REPEAT);
	for (uint32_t i = 0; i < processes * 2; i++)
		free(events[i]);
	free(events);
	saker_state_free(s);
}

static void bench_read(void)
{
	struct saker_state *s = new_state(PROCESSES);
	struct saker_event *open = make_open(1000, "/etc/passwd");
	struct saker_event *event = keep(eb_make(&eb, SAKER_EV_SYSCALL_READ_X, TS, 1000, "qrqw",
						 INT64_C(80), eb.data, 80, INT64_C(5), 80));
	uint64_t start;

	apply(s, open);
	start = now();
	for (uint32_t i = 0; i < REPEAT; i++)
		apply(s, event);
	report("read of a known file", start, REPEAT);
	free(open);
	free(event);
	saker_state_free(s);
}

/* A shell that starts a program with 20 open files: both sides of clone, execve, exit. */
static void bench_process(void)
{
	struct saker_state *s = new_state(PROCESSES);
	struct saker_event *events[4];
	uint32_t n = REPEAT / 10;
	uint64_t start;

	for (int fd = 10; fd < 30; fd++)
		apply(s, eb_make(&eb, SAKER_EV_SYSCALL_OPENAT_2_X, TS, 1000, "qqswwwq", (int64_t)fd,
				 INT64_C(-100), "/var/lib/some/file", 1, 0, 1, INT64_C(2)));
	events[0] = keep(eb_clone(&eb, &(struct eb_clone){.ts = TS,
							  .tid = 1000,
							  .res = 5000,
							  .pid = 1000,
							  .ptid = 1,
							  .cgroups = "cpu=/a"}));
	events[1] = keep(eb_clone(
		&eb,
		&(struct eb_clone){
			.ts = TS, .tid = 5000, .pid = 5000, .ptid = 1000, .cgroups = "cpu=/a"}));
	events[2] = keep(eb_exec(&eb, &(struct eb_exec){.ts = TS,
							.tid = 5000,
							.ptid = 1000,
							.path = "/usr/bin/true",
							.comm = "true",
							.cgroups = "cpu=/a"}));
	events[3] = keep(eb_make(&eb, SAKER_EV_PROCEXIT_1_E, TS, 5000, "qqbbq", INT64_C(0),
				 INT64_C(0), 0, 0, INT64_C(0)));
	start = now();
	for (uint32_t i = 0; i < n; i++) {
		for (int e = 0; e < 4; e++) {
			/* Each round is five seconds after the one before: numbers come again. */
			events[e]->ts += UINT64_C(5000000000);
			apply(s, events[e]);
		}
	}
	report("clone (both sides) + execve + exit", start, n);
	for (int e = 0; e < 4; e++)
		free(events[e]);
	saker_state_free(s);
}

static void bench_udp(void)
{
	static const uint8_t tuple[2][13] = {
		{2, 127, 0, 0, 1, 0x39, 0x30, 127, 0, 0, 1, 53, 0},
		{2, 127, 0, 0, 1, 0x39, 0x30, 127, 0, 0, 2, 53, 0},
	};
	struct saker_state *s = new_state(PROCESSES);
	struct saker_event *events[2];
	uint64_t start;

	apply(s,
	      eb_make(&eb, SAKER_EV_SOCKET_SOCKET_X, TS, 1000, "qwwww", INT64_C(5), 2, 2, 17, 0));
	for (int i = 0; i < 2; i++)
		events[i] = keep(eb_make(&eb, SAKER_EV_SOCKET_SENDTO_X, TS, 1000, "qrqwr",
					 INT64_C(80), eb.data, 80, INT64_C(5), 80, tuple[i], 13));
	start = now();
	for (uint32_t i = 0; i < REPEAT; i++)
		apply(s, events[i % 2]);
	report("sendto, a new peer each time", start, REPEAT);
	free(events[0]);
	free(events[1]);
	saker_state_free(s);
}

int main(void)
{
	bench_open_close("openat + close, one process", "/etc/passwd", 1);
	bench_open_close("openat + close, relative path", "../lib/x86_64/./libc.so.6", 1);
	bench_open_close("openat + close, 2000 processes in turn", "/etc/passwd", PROCESSES);
	bench_read();
	bench_process();
	bench_udp();
	return 0;
}
