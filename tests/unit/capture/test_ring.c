// SPDX-License-Identifier: Apache-2.0
/* Rings laid out in plain memory: reading, giving back, merging by time and holding back. */
#include "ring.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SIZE 4096

/* A ring whose kernel end is the test. The data area is seen twice in a row, as the kernel maps it.
 */
struct fake {
	_Alignas(8) uint8_t data[2 * SIZE];
	uint64_t consumer, producer;
	struct capture_ring ring;
};

static void fake_init(struct fake *f, uint64_t start, uint16_t cpu)
{
	memset(f, 0, sizeof(*f));
	f->consumer = f->producer = start;
	capture_ring_init(&f->ring, f->data, SIZE, &f->consumer, &f->producer, cpu, NULL);
}

static void put_bytes(struct fake *f, uint64_t at, const void *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		size_t pos = (at + i) & (SIZE - 1);

		f->data[pos] = f->data[pos + SIZE] = ((const uint8_t *)data)[i];
	}
}

/* Reserves a record; returns where. False when it does not fit. */
static bool reserve(struct fake *f, uint32_t len, uint64_t *ret_at)
{
	uint64_t size = (len + 8 + 7) & ~UINT64_C(7);
	uint32_t header[2] = {len | CAPTURE_RING_BUSY, 0};

	if (f->producer + size - f->consumer > SIZE)
		return false;
	*ret_at = f->producer;
	put_bytes(f, f->producer, header, sizeof(header));
	f->producer += size;
	return true;
}

static void commit(struct fake *f, uint64_t at, uint32_t len, uint64_t ts, uint32_t flags)
{
	struct saker_event event = {.ts = ts, .tid = 1, .len = len, .type = 5};

	put_bytes(f, at + 8, &event, sizeof(event));
	len |= flags;
	put_bytes(f, at, &len, sizeof(len));
}

static bool submit(struct fake *f, uint64_t ts, uint32_t len)
{
	uint64_t at = 0;

	if (!reserve(f, len, &at))
		return false;
	commit(f, at, len, ts, 0);
	return true;
}

static void reads_in_order(void **state)
{
	static struct fake f;
	int i;

	(void)state;
	fake_init(&f, 0, 0);
	assert_null(capture_ring_peek(&f.ring));
	for (i = 0; i < 10; i++)
		assert_true(submit(&f, (uint64_t)i, 46));
	for (i = 0; i < 10; i++) {
		const struct saker_event *e = capture_ring_peek(&f.ring);

		assert_non_null(e);
		assert_int_equal(e->ts, i);
		assert_ptr_equal(e, capture_ring_peek(&f.ring));
		capture_ring_advance(&f.ring);
	}
	assert_null(capture_ring_peek(&f.ring));
	capture_ring_publish(&f.ring);
	assert_int_equal(f.consumer, f.producer);
}

/* Many times around, with records across the end, from a position that is far in. */
static void wraps(void **state)
{
	static struct fake f;
	uint64_t written = 0, read = 0;

	(void)state;
	fake_init(&f, (UINT64_C(1) << 40) + 8, 0);
	while (read < 20000) {
		while (submit(&f, written, (uint32_t)(26 + written % 113)))
			written++;
		/* Full: some room must come back before it is empty. */
		while (capture_ring_peek(&f.ring)) {
			const struct saker_event *e = capture_ring_peek(&f.ring);

			assert_int_equal(e->ts, read);
			assert_int_equal(e->len, 26 + read % 113);
			assert_true((const uint8_t *)e + e->len <= f.data + 2 * SIZE);
			read++;
			capture_ring_advance(&f.ring);
			if (submit(&f, written, (uint32_t)(26 + written % 113)))
				written++;
			if (read >= 20000)
				break;
		}
		capture_ring_publish(&f.ring);
	}
	assert_true(written >= read);
}

/* Room is given back in shares, not at each event, and not before the event is done with. */
static void publishes_lazily(void **state)
{
	static struct fake f;
	int i;

	(void)state;
	fake_init(&f, 0, 0);
	for (i = 0; i < 40; i++)
		assert_true(submit(&f, 1, 56));
	for (i = 0; i < 8; i++) {
		assert_non_null(capture_ring_peek(&f.ring));
		assert_int_equal(f.consumer, 0);
		capture_ring_advance(&f.ring);
	}
	/* 8 * 64 bytes are more than an eighth less one. */
	assert_int_equal(f.consumer, 512);
	assert_non_null(capture_ring_peek(&f.ring));
	assert_int_equal(f.consumer, 512);
}

static void waits_for_writers(void **state)
{
	static struct fake f;
	uint64_t first = 0, second = 0;

	(void)state;
	fake_init(&f, 0, 0);
	assert_true(reserve(&f, 30, &first));
	assert_true(reserve(&f, 30, &second));
	commit(&f, second, 30, 2, 0);
	/* The second is done, the first is not: neither is to be had. */
	assert_null(capture_ring_peek(&f.ring));
	commit(&f, first, 30, 1, 0);
	assert_int_equal(capture_ring_peek(&f.ring)->ts, 1);
	capture_ring_advance(&f.ring);
	assert_int_equal(capture_ring_peek(&f.ring)->ts, 2);
}

static void skips_what_was_given_up(void **state)
{
	static struct fake f;
	uint64_t at = 0;

	(void)state;
	fake_init(&f, 0, 0);
	assert_true(reserve(&f, 30, &at));
	commit(&f, at, 30, 1, CAPTURE_RING_DISCARD);
	assert_true(reserve(&f, 10, &at)); /* too short for an event */
	commit(&f, at, 10, 0, 0);
	assert_true(submit(&f, 7, 30));
	assert_int_equal(capture_ring_peek(&f.ring)->ts, 7);
	capture_ring_advance(&f.ring);
	assert_null(capture_ring_peek(&f.ring));
	capture_ring_publish(&f.ring);
	assert_int_equal(f.consumer, f.producer);
}

/* ---- merging -------------------------------------------------------------------------- */

#define RINGS 7

struct merged {
	struct fake fakes[RINGS];
	struct capture_ring rings[RINGS];
	struct capture_merge merge;
	struct capture_window windows[RINGS];
};

static struct merged *merged_new(bool shared)
{
	struct merged *m = calloc(1, sizeof(*m));
	uint16_t i;

	assert_non_null(m);
	for (i = 0; i < RINGS; i++) {
		fake_init(&m->fakes[i], 0, i);
		capture_ring_init(&m->rings[i], m->fakes[i].data, SIZE, &m->fakes[i].consumer,
				  &m->fakes[i].producer, (uint16_t)(10 + i),
				  shared ? &m->windows[i] : NULL);
	}
	assert_int_equal(capture_merge_init(&m->merge, m->rings, RINGS), 0);
	return m;
}

static void merged_free(struct merged *m)
{
	capture_merge_fini(&m->merge);
	free(m);
}

static uint64_t next_ts(struct merged *m)
{
	uint16_t cpu;
	const struct saker_event *e = capture_merge_next(&m->merge, &cpu);

	return e ? e->ts : 0;
}

/* With something in every ring no clock is needed: the oldest is the oldest. */
static void merges_without_a_clock(void **state)
{
	struct merged *m = merged_new(false);
	uint64_t ts, last = 0;
	int i, n = 0;

	(void)state;
	for (i = 0; i < RINGS * 8; i++)
		assert_true(submit(&m->fakes[(i * 5) % RINGS], (uint64_t)(100 + i), 30));
	capture_merge_look(&m->merge, 0);
	while ((ts = next_ts(m))) {
		assert_int_equal(ts, last ? last + 1 : 100);
		last = ts;
		n++;
	}
	/* It stops where a ring ran dry: an older one might come in there. */
	assert_true(n >= RINGS * 8 - RINGS);
	assert_int_equal(m->merge.out_of_order, 0);
	capture_merge_look(&m->merge, 1000);
	while ((ts = next_ts(m)))
		n++;
	assert_int_equal(n, RINGS * 8);
	merged_free(m);
}

static void holds_back(void **state)
{
	struct merged *m = merged_new(false);
	uint16_t cpu = 0;

	(void)state;
	assert_true(submit(&m->fakes[3], 50, 30));
	capture_merge_look(&m->merge, 40);
	assert_null(capture_merge_next(&m->merge, &cpu));
	assert_int_equal(capture_merge_oldest(&m->merge), 50);
	/* An older one, late but not too late. */
	assert_true(submit(&m->fakes[5], 45, 30));
	capture_merge_look(&m->merge, 50);
	assert_int_equal(capture_merge_next(&m->merge, &cpu)->ts, 45);
	assert_int_equal(cpu, 15);
	assert_int_equal(capture_merge_next(&m->merge, &cpu)->ts, 50);
	assert_int_equal(cpu, 13);
	assert_null(capture_merge_next(&m->merge, &cpu));
	assert_int_equal(m->merge.out_of_order, 0);
	/* Too late: handed out all the same, and counted. */
	assert_true(submit(&m->fakes[5], 47, 30));
	capture_merge_look(&m->merge, 60);
	assert_int_equal(capture_merge_next(&m->merge, &cpu)->ts, 47);
	assert_int_equal(m->merge.out_of_order, 1);
	assert_int_equal(capture_merge_oldest(&m->merge), UINT64_MAX);
	merged_free(m);
}

/* The event in the user's hands is not given back to the kernel before the next call. */
static void keeps_what_is_in_hand(void **state)
{
	struct merged *m = merged_new(false);
	uint16_t cpu;

	(void)state;
	assert_true(submit(&m->fakes[0], 5, 30));
	capture_merge_look(&m->merge, 10);
	assert_non_null(capture_merge_next(&m->merge, &cpu));
	assert_int_equal(m->fakes[0].consumer, 0);
	capture_merge_release(&m->merge);
	assert_int_equal(m->fakes[0].consumer, m->fakes[0].producer);
	merged_free(m);
}

/* Random rings filled while reading: all arrive, in order but for those counted. */
static void merges_at_random(void **state)
{
	struct merged *m = merged_new(false);
	uint64_t clock = 1000, seed = 42, written = 0, read = 0, last = 0, backwards = 0;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		uint64_t ts;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		clock += seed >> 60;
		if (submit(&m->fakes[(seed >> 33) % RINGS], clock,
			   (uint32_t)(26 + (seed >> 40) % 60)))
			written++;
		if (round % 3)
			continue;
		capture_merge_look(&m->merge, clock > 50 ? clock - 50 : 0);
		while ((ts = next_ts(m))) {
			backwards += ts < last;
			last = ts > last ? ts : last;
			read++;
		}
	}
	capture_merge_look(&m->merge, UINT64_MAX);
	while (next_ts(m))
		read++;
	assert_int_equal(read, written);
	assert_int_equal(backwards, 0);
	assert_int_equal(m->merge.out_of_order, 0);
	merged_free(m);
}

/* Several writers a ring: times and places differ by a little; the order that comes out is right.
 */
static void sorts_shared_rings(void **state)
{
	struct merged *m = merged_new(true);
	uint64_t seed = 7, clock = 1000, written = 0, read = 0, last = 0;
	int round;

	(void)state;
	for (round = 0; round < 5000; round++) {
		uint64_t ts;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		clock += 3;
		/* Up to 30 late: ten other records may have gone first. */
		if (submit(&m->fakes[(seed >> 33) % RINGS], clock - (seed >> 50) % 31, 40))
			written++;
		if (round % 5)
			continue;
		capture_merge_look(&m->merge, clock - 100);
		while ((ts = next_ts(m))) {
			assert_true(ts >= last);
			last = ts;
			read++;
		}
	}
	capture_merge_look(&m->merge, UINT64_MAX);
	while (next_ts(m))
		read++;
	assert_true(written > 4000);
	assert_int_equal(read, written);
	assert_int_equal(m->merge.out_of_order, 0);
	/* Not even with something in every ring is the head the last word. */
	merged_free(m);
	m = merged_new(true);
	for (round = 0; round < RINGS; round++)
		assert_true(submit(&m->fakes[round], 100, 40));
	capture_merge_look(&m->merge, 50);
	assert_int_equal(next_ts(m), 0);
	merged_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_order),
		cmocka_unit_test(wraps),
		cmocka_unit_test(publishes_lazily),
		cmocka_unit_test(waits_for_writers),
		cmocka_unit_test(skips_what_was_given_up),
		cmocka_unit_test(merges_without_a_clock),
		cmocka_unit_test(holds_back),
		cmocka_unit_test(keeps_what_is_in_hand),
		cmocka_unit_test(merges_at_random),
		cmocka_unit_test(sorts_shared_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
