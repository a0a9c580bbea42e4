// SPDX-License-Identifier: Apache-2.0
/*
 * Reading captures: events per second of a made file, plain and compressed,
 * with and without decoding, today's events and old ones that are converted; and
 * the time of one decode. Beside the compressed file what zlib alone takes for it.
 * Time is that of the CPU, so that what else the machine does is left out.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <saker/capture.h>
#include <saker/event_codes.h>
#include <saker/scap.h>

#include "../../unit/capture/scap_maker.h"

#define N_EVENTS 2000000u

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The mix of a quiet host: mostly close, openat and fcntl, some with text. */
static void make_events(struct maker *m, uint32_t n, bool old)
{
	static const int64_t number = 5;
	static const char path[] = "/usr/lib/x86_64-linux-gnu/libc.so.6";
	const struct maker_param close_p[] = {{&number, 8}, {&number, 8}};
	const struct maker_param open_p[] = {{&number, 8}, {&number, 8}, {path, sizeof(path)},
					     {&number, 4}, {&number, 4}, {&number, 4},
					     {&number, 8}};
	const struct maker_param fcntl_p[] = {
		{&number, 8}, {&number, 8}, {&number, 1}, {&number, 8}};

	maker_section(m);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t tid = 1000 + i % 64;

		if (old && i % 2 == 0)
			maker_event(m, 0x216, 0, i, tid, SAKER_EV_SYSCALL_CLOSE_E, close_p, 1);
		else if (old)
			maker_event(m, 0x216, 0, i, tid - 1, SAKER_EV_SYSCALL_CLOSE_X, close_p, 1);
		else if (i % 10 < 4)
			maker_event(m, 0x216, 0, i, tid, SAKER_EV_SYSCALL_CLOSE_X, close_p, 2);
		else if (i % 10 < 7)
			maker_event(m, 0x216, 0, i, tid, SAKER_EV_SYSCALL_OPENAT_2_X, open_p, 7);
		else
			maker_event(m, 0x216, 0, i, tid, SAKER_EV_SYSCALL_FCNTL_X, fcntl_p, 4);
	}
}

static void run(const char *what, int fd, bool decode)
{
	struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct saker_capture *capture;
	double best = 1e9;
	uint64_t n = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o.engine = "scap";
	o.file = path;
	for (int round = 0; round < 3; round++) {
		double begin;

		if (saker_capture_open(&o, &capture))
			return;
		n = 0;
		begin = now();
		while (saker_capture_next(capture, 0, &event, &meta) == 1) {
			if (decode && saker_event_decode(event, event->len, &view))
				break;
			n++;
		}
		begin = now() - begin;
		best = begin < best ? begin : best;
		saker_capture_close(capture);
	}
	printf("%-28s %8.2f M events/s  %6.1f ns an event\n", what, (double)n / best / 1e6,
	       best * 1e9 / (double)n);
}

static int to_file(const struct maker *m, bool compress)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	gzFile z;

	if (fd < 0)
		return -1;
	if (!compress)
		return write(fd, m->data, m->len) == (ssize_t)m->len ? fd : -1;
	z = gzdopen(dup(fd), "wb1");
	if (!z || gzwrite(z, m->data, (unsigned int)m->len) != (int)m->len || gzclose(z) != Z_OK)
		return -1;
	return fd;
}

/* As zcat would: the least that reading a compressed file can take. */
static void run_zlib(int fd, uint32_t n)
{
	static uint8_t buf[256 << 10];
	double best = 1e9;

	for (int round = 0; round < 3; round++) {
		double begin = now();
		gzFile z;

		lseek(fd, 0, SEEK_SET);
		z = gzdopen(dup(fd), "rb");
		if (!z)
			return;
		gzbuffer(z, sizeof(buf));
		while (gzread(z, buf, sizeof(buf)) > 0)
			;
		gzclose(z);
		begin = now() - begin;
		best = begin < best ? begin : best;
	}
	printf("%-28s %8.2f M events/s  %6.1f ns an event\n", "gzip, zlib alone", n / best / 1e6,
	       best * 1e9 / n);
}

static void run_decode(void)
{
	/* One openat in the cache: the decoder alone. */
	struct maker one = {0};
	struct saker_event_view view;
	const struct saker_event *event;
	uint32_t sum = 0;
	double begin;

	make_events(&one, 7, false);
	event = (const struct saker_event *)(one.data + one.block + 10);
	begin = now();
	for (uint32_t i = 0; i < 10 * N_EVENTS; i++) {
		if (saker_event_decode(event, event->len, &view))
			break;
		sum += view.params[i % view.n_params].len;
		__asm__ volatile("" ::"r"(sum) : "memory");
	}
	printf("%-28s %28.1f ns an event\n", "decode (openat, 7 values)",
	       (now() - begin) * 1e9 / (10.0 * N_EVENTS));
	maker_free(&one);
}

static void run_write(const char *what, const struct maker *m, bool plain)
{
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct saker_scap_writer *w;
	double begin = now();
	uint64_t n = 0;
	size_t at;

	o.plain = plain;
	o.level = 1;
	if (saker_scap_open("/dev/null", &o, &w))
		return;
	/* Blocks follow the section header; an event stands 10 bytes into its block. */
	for (at = 28; at < m->len; n++) {
		if (saker_scap_write(w, (const struct saker_event *)(m->data + at + 10), NULL))
			break;
		at += saker_load_u32(m->data + at + 4);
	}
	saker_scap_close(w);
	begin = now() - begin;
	printf("%-28s %8.2f M events/s  %6.1f ns an event\n", what, (double)n / begin / 1e6,
	       begin * 1e9 / (double)n);
}

int main(void)
{
	struct maker m = {0};
	int fd;

	make_events(&m, N_EVENTS, false);
	fd = to_file(&m, false);
	run("plain", fd, false);
	run("plain, decoded", fd, true);
	close(fd);
	fd = to_file(&m, true);
	run("gzip", fd, false);
	run_zlib(fd, N_EVENTS);
	close(fd);
	run_decode();
	run_write("write plain", &m, true);
	run_write("write gzip", &m, false);
	m.len = 0;
	make_events(&m, N_EVENTS, true);
	fd = to_file(&m, false);
	run("old close pairs, converted", fd, false);
	close(fd);
	maker_free(&m);
	return 0;
}
