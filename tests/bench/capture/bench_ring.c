// SPDX-License-Identifier: Apache-2.0
/*
 * What reading and merging costs an event, without a kernel: rings laid out in
 * memory, filled, and drained in order of time; one to many rings, with one
 * writer each and shared.
 */
#include "ring.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#define RING ((size_t)4 << 20)
#define EVENT 64 /* bytes of an event, about those of an openat or a close */
#define MAX_RINGS 64

struct fake {
	uint8_t *data;
	uint64_t consumer, producer;
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The data area mapped twice in a row, as the kernel does. */
static uint8_t *make_data(void)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	uint8_t *p = mmap(NULL, 2 * RING, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || p == MAP_FAILED || ftruncate(fd, (off_t)RING) < 0 ||
	    mmap(p, RING, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(p + RING, RING, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
		    MAP_FAILED)
		return NULL;
	close(fd);
	return p;
}

static size_t fill(struct fake *fakes, uint32_t n_rings)
{
	const uint64_t size = (EVENT + CAPTURE_RING_HEADER + 7) & ~UINT64_C(7);
	uint64_t ts = 1;
	size_t n = 0;
	uint32_t i;

	/* Bursts, as a CPU that works for a while before another one does. */
	while (1) {
		for (i = 0; i < n_rings; i++) {
			struct fake *f = &fakes[(ts / 7) % n_rings];
			uint8_t *record = f->data + (f->producer & (RING - 1));
			struct saker_event event = {.ts = ts++, .len = EVENT};
			uint32_t len = EVENT;

			if (f->producer + size - f->consumer > RING)
				return n;
			memcpy(record, &len, sizeof(len));
			memcpy(record + CAPTURE_RING_HEADER, &event, sizeof(event));
			f->producer += size;
			n++;
		}
	}
}

static double run(struct fake *fakes, uint32_t n_rings, bool shared)
{
	static struct capture_window windows[MAX_RINGS];
	static struct capture_ring rings[MAX_RINGS];
	struct capture_merge merge;
	double best = 1e9;
	uint32_t i;
	int round;

	for (i = 0; i < n_rings; i++) {
		fakes[i].consumer = fakes[i].producer = 0;
		capture_ring_init(&rings[i], fakes[i].data, RING, &fakes[i].consumer,
				  &fakes[i].producer, (uint16_t)i, shared ? &windows[i] : NULL);
	}
	if (capture_merge_init(&merge, rings, n_rings) < 0)
		return 0;
	for (round = 0; round < 9; round++) {
		size_t n = fill(fakes, n_rings), read = 0;
		double start = now_ns();
		uint16_t cpu;

		capture_merge_look(&merge, UINT64_MAX);
		while (capture_merge_next(&merge, &cpu))
			read++;
		capture_merge_release(&merge);
		best = MIN(best, (now_ns() - start) / (double)read);
		if (read != n)
			printf("lost %zu of %zu\n", n - read, n);
	}
	capture_merge_fini(&merge);
	return best;
}

int main(void)
{
	static const uint32_t counts[] = {1, 2, 8, 64};
	static struct fake fakes[MAX_RINGS];
	size_t i;

	for (i = 0; i < MAX_RINGS; i++) {
		fakes[i].data = make_data();
		if (!fakes[i].data)
			return 1;
	}
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		printf("%2u rings: %5.1f ns an event; shared by CPUs: %5.1f ns\n", counts[i],
		       run(fakes, counts[i], false), run(fakes, counts[i], true));
	return 0;
}
