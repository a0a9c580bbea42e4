// SPDX-License-Identifier: Apache-2.0
/* The .scap engine over files made by hand: blocks, events of all formats, and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <saker/loss.h>

#include <fcntl.h>

#include <saker/event_codes.h>

#include "scap_maker.h"
#include "scap_reader.h"
#include "scap_source.h"

#define EV_V1 0x204
#define EV_V2 0x216
#define EV_LARGE 0x221
#define EVF_V1 0x208
#define EVF_V2 0x217
#define EVF_LARGE 0x222

static const int64_t five = 5;
static const int64_t zero = 0;

static void add_close_in(struct maker *m, uint32_t block, uint64_t ts)
{
	const struct maker_param params[] = {{&zero, 8}, {&five, 8}};

	maker_event(m, block, 0, ts, 77, SAKER_EV_SYSCALL_CLOSE_X, params, 2);
}

static void add_close(struct maker *m, uint64_t ts)
{
	add_close_in(m, EV_V2, ts);
}

static void small_capture(struct maker *m)
{
	maker_section(m);
	maker_machine(m, 4, "host-a");
	add_close(m, 1000);
	add_close(m, 2000);
	add_close(m, 3000);
}

/* ---- the ordinary way ------------------------------------------------------------------- */

static void check_small(struct reader *r)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct saker_machine machine;

	assert_int_equal(saker_capture_machine(r->capture, &machine), 0);
	assert_int_equal(machine.n_cpus, 4);
	assert_int_equal(machine.max_pid, 32768);
	assert_string_equal(machine.hostname, "host-a");
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(saker_capture_next(r->capture, 0, &event, &meta), 1);
		assert_int_equal(event->ts, i * 1000);
		assert_int_equal(event->tid, 77);
		assert_int_equal(event->type, SAKER_EV_SYSCALL_CLOSE_X);
		assert_int_equal(meta.cpu, 1);
		assert_int_equal(meta.flags, 0);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		assert_int_equal(saker_load_u64(view.params[1].data), 5);
	}
	assert_int_equal(saker_capture_next(r->capture, 0, &event, &meta), -ENODATA);
	assert_int_equal(saker_capture_next(r->capture, 0, &event, &meta), -ENODATA);
	assert_int_equal(saker_capture_stats(r->capture, &stats), 0);
	assert_int_equal(stats.seen, 3);
	assert_int_equal(stats.delivered, 3);
	assert_int_equal(stats.dropped, 0);
	assert_int_equal(stats.file_offset, stats.file_size);
	assert_int_equal(r->n_diags, 0);
}

static void test_plain_and_gzip(void **state)
{
	struct maker m = {0};
	struct reader r;

	small_capture(&m);
	assert_int_equal(reader_open_with(&r, m.data, m.len, false, false), 0);
	check_small(&r);
	reader_close(&r);
	assert_int_equal(reader_open_with(&r, m.data, m.len, true, false), 0);
	check_small(&r);
	reader_close(&r);
	maker_free(&m);
}

/* Every type of an event's block yields the same event. */
static void test_event_blocks(void **state)
{
	static const uint32_t blocks[] = {EV_V1, 0x8010ABCD, EV_V2, EVF_V1, EVF_V2};

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		const struct saker_event *event;
		struct saker_event_meta meta;
		struct saker_event_view view;
		struct maker m = {0};
		struct reader r;

		maker_section(&m);
		add_close_in(&m, blocks[i], 9);
		assert_int_equal(reader_open(&r, m.data, m.len), 0);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(event->nparams, 2);
		assert_int_equal(event->len, 26 + 4 + 16);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		assert_int_equal(saker_load_u64(view.params[1].data), 5);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
		reader_close(&r);
		maker_free(&m);
	}
}

static void test_large_events(void **state)
{
	static char data[3 << 20];
	const uint32_t id = 3;
	const struct maker_param params[] = {{&id, 4}, {data, sizeof(data)}};
	const uint32_t blocks[] = {EV_LARGE, EVF_LARGE};

	for (uint32_t i = 0; i < 4; i++) {
		const struct saker_event *event;
		struct saker_event_meta meta;
		struct maker m = {0};
		struct reader r;

		maker_section(&m);
		add_close(&m, 1);
		maker_event(&m, blocks[i / 2], 0, 2, 0, SAKER_EV_PLUGINEVENT_E, params, 2);
		add_close(&m, 3);
		assert_int_equal(reader_open_with(&r, m.data, m.len, i % 2, false), 0);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(event->len, 26 + 8 + 4 + sizeof(data));
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(event->ts, 3);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
		reader_close(&r);
		maker_free(&m);
	}
}

static void test_flags(void **state)
{
	const struct maker_param params[] = {{&zero, 8}, {&five, 8}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;

	maker_section(&m);
	maker_event(&m, EVF_V2, 1, 1, 77, SAKER_EV_SYSCALL_CLOSE_X, params, 2);
	maker_event(&m, EVF_V2, 0, 2, 77, SAKER_EV_SYSCALL_CLOSE_X, params, 2);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(meta.flags, SAKER_EVENT_META_STATE_ONLY);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(meta.flags, 0);
	reader_close(&r);
	maker_free(&m);
}

/* Of enter events only those come that the state compares with their exits, and for it alone. */
static void test_enter_events(void **state)
{
	const uint32_t number = 1;
	const struct maker_param open_enter[] = {{"/tmp/x", 7}, {&number, 4}, {&number, 4}};
	const struct maker_param close_enter[] = {{&five, 8}};
	const struct maker_param close_exit[] = {{&zero, 8}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;

	maker_section(&m);
	maker_event(&m, EV_V2, 0, 1, 7, SAKER_EV_SYSCALL_OPEN_E, open_enter, 3);
	maker_event(&m, EV_V2, 0, 2, 7, SAKER_EV_SYSCALL_CLOSE_E, close_enter, 1);
	maker_event(&m, EV_V2, 0, 3, 7, SAKER_EV_SYSCALL_CLOSE_X, close_exit, 1);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(event->type, SAKER_EV_SYSCALL_OPEN_E);
	assert_int_equal(meta.flags, SAKER_EVENT_META_STATE_ONLY);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(event->type, SAKER_EV_SYSCALL_CLOSE_X);
	assert_int_equal(event->nparams, 2);
	assert_int_equal(meta.flags, 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
	reader_close(&r);
	maker_free(&m);
}

/* Accounts announced in front of everything are state; later ones are events. */
static void test_front_events(void **state)
{
	const uint32_t id = 1000;
	const struct maker_param user[] = {{&id, 4}, {&id, 4},	{"joe", 4},
					   {"/", 2}, {"sh", 3}, {"", 1}};
	static const uint16_t flags[] = {SAKER_EVENT_META_STATE_ONLY, SAKER_EVENT_META_STATE_ONLY,
					 0, 0};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;

	maker_section(&m);
	maker_event(&m, EV_V2, 0, 1, 0, SAKER_EV_USER_ADDED_E, user, 6);
	maker_event(&m, EV_V2, 0, 2, 0, SAKER_EV_USER_ADDED_E, user, 6);
	add_close(&m, 3);
	maker_event(&m, EV_V2, 0, 4, 0, SAKER_EV_USER_ADDED_E, user, 6);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(meta.flags, flags[i]);
	}
	reader_close(&r);
	maker_free(&m);
}

static void test_unknown_and_own_codes(void **state)
{
	const struct maker_param params[] = {{"x", 1}};
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;

	maker_section(&m);
	maker_begin(&m, 0x999); /* a block of the future, larger than any window */
	for (uint32_t i = 0; i < 500000; i++)
		maker_u32(&m, i);
	maker_end(&m);
	maker_event(&m, EV_V2, 0, 1, 1, SAKER_EVENT_CODES, params, 1);
	maker_event(&m, EV_V2, 0, 2, 1, SAKER_EVENT_OWN_FIRST, params, 1);
	maker_event(&m, EV_V2, 0, 3, 1, SAKER_EV_SYSCALL_CLOSE_RANGE_E, params, 0); /* never used */
	add_close(&m, 4);
	for (int gzip = 0; gzip < 2; gzip++) {
		assert_int_equal(reader_open_with(&r, m.data, m.len, gzip, false), 0);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(event->type, SAKER_EVENT_OWN_FIRST);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
		assert_int_equal(event->ts, 4);
		assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
		reader_close(&r);
	}
	maker_free(&m);
}

static void test_concatenated(void **state)
{
	struct saker_machine machine;
	struct maker m = {0};
	struct reader r;
	uint32_t n;

	small_capture(&m);
	maker_section(&m);
	maker_machine(&m, 8, "host-b");
	add_close(&m, 4000);
	for (int gzip = 0; gzip < 2; gzip++) {
		assert_int_equal(reader_open_with(&r, m.data, m.len, gzip, false), 0);
		assert_int_equal(reader_drain(&r, &n), -ENODATA);
		assert_int_equal(n, 4);
		assert_int_equal(saker_capture_machine(r.capture, &machine), 0);
		assert_string_equal(machine.hostname, "host-b");
		reader_close(&r);
	}
	maker_free(&m);
}

static void test_concatenated_gzip(void **state)
{
	struct maker m = {0};
	struct reader r = {.fd = memfd_create("capture", MFD_CLOEXEC)};
	char path[64];
	uint32_t n;

	small_capture(&m);
	for (int i = 0; i < 3; i++) {
		gzFile z = gzdopen(dup(r.fd), "wb");

		assert_int_equal(gzwrite(z, m.data, (unsigned int)m.len), m.len);
		assert_int_equal(gzclose(z), Z_OK);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r.fd);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	assert_int_equal(reader_drain(&r, &n), -ENODATA);
	assert_int_equal(n, 9);
	reader_close(&r);
	maker_free(&m);
}

/*
 * The magic number of the next member is split by what is read at once: four
 * bytes to see what it is, then 65536. Stored blocks let us choose the length.
 */
#define SPLIT (4 + 65536 - 1)
static void test_concatenated_gzip_split(void **state)
{
	struct reader r = {.fd = memfd_create("capture", MFD_CLOEXEC)};
	struct maker m = {0};
	uint8_t *packed = NULL;
	uLong first = SPLIT - 1;
	char path[64];
	uint32_t n;

	(void)state;
	small_capture(&m);
	/* An unknown block makes the first member as long as it has to be. */
	for (size_t filler = 65000; first != SPLIT; filler += SPLIT - first) {
		/* The name in the header takes what four-byte steps leave. */
		Bytef name[] = "abc";
		gz_header head = {.name = name + (3 - filler % 4)};
		z_stream z = {0};
		struct maker f = {0};

		maker_bytes(&f, m.data, m.len);
		maker_begin(&f, 0x7777);
		for (size_t i = 0; i < filler / 4 * 4; i++)
			maker_u8(&f, 0);
		maker_end(&f);
		free(packed);
		packed = malloc(f.len + 1024);
		assert_int_equal(deflateInit2(&z, 0, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
		deflateSetHeader(&z, &head);
		z.next_in = f.data;
		z.avail_in = (uInt)f.len;
		z.next_out = packed;
		z.avail_out = (uInt)f.len + 1024;
		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		first = z.total_out;
		deflateEnd(&z);
		maker_free(&f);
	}
	assert_int_equal(write(r.fd, packed, first), (ssize_t)first);
	{
		gzFile z = gzdopen(dup(r.fd), "wb");

		assert_int_equal(gzwrite(z, m.data, (unsigned int)m.len), m.len);
		assert_int_equal(gzclose(z), Z_OK);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r.fd);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	assert_int_equal(reader_drain(&r, &n), -ENODATA);
	assert_int_equal(n, 6);
	reader_close(&r);
	free(packed);
	maker_free(&m);
}

/* Small steps with a large view, as old lists are read: the view is not moved at each of them. */
static void test_source_small_steps(void **state)
{
	const size_t size = 8u << 20, want = 1u << 20;
	struct capture_source src;
	uint8_t *data = calloc(1, size);
	uint64_t base = UINT64_MAX;
	uint32_t n_moves = 0;
	char path[64];
	int fd = memfd_create("steps", MFD_CLOEXEC);
	gzFile z = gzdopen(dup(fd), "wb1");

	(void)state;
	for (size_t i = 0; i < size; i += 4)
		memcpy(data + i, &(uint32_t){(uint32_t)i}, 4);
	assert_int_equal(gzwrite(z, data, (unsigned int)size), size);
	assert_int_equal(gzclose(z), Z_OK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(capture_source_open(&src, path, GUNZIP_FASTEST), 0);
	for (size_t at = 0; at + want <= size; at += 64) {
		uint32_t first, last;

		assert_int_equal(capture_source_peek(&src, want, -1), 1);
		assert_true(capture_source_avail(&src) >= want);
		first = saker_load_u32(src.pos);
		last = saker_load_u32(src.pos + want - 4);
		assert_int_equal(first, at);
		assert_int_equal(last, at + want - 4);
		n_moves += base != src.base_offset;
		base = src.base_offset;
		src.pos += 64;
	}
	assert_in_range(n_moves, 1, 64);
	capture_source_close(&src);
	close(fd);
	free(data);
}

/* What is read of one event in a block of that type, behind a sound one. */
static int read_one(uint32_t block, const uint8_t *event, size_t len, struct maker *out)
{
	const struct saker_event *found;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;
	int result;

	maker_section(&m);
	maker_event(&m, EV_V2, 0, 1, 2, SAKER_EV_SYSCALL_CLOSE_X,
		    (const struct maker_param[]){{&zero, 8}, {&five, 8}}, 2);
	maker_begin(&m, block);
	maker_u16(&m, 0);
	if (block == 0x217)
		maker_u32(&m, 0);
	maker_bytes(&m, event, len);
	maker_end(&m);
	out->len = 0;
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &found, &meta), 1);
	result = saker_capture_next(r.capture, 0, &found, &meta);
	if (result == 1)
		maker_bytes(out, found, found->len);
	else
		maker_bytes(out, r.id, strlen(r.id));
	reader_close(&r);
	maker_free(&m);
	return result;
}

/*
 * Events of the common form take a short road; with flags, which change nothing here,
 * they take the long one. Sound or damaged in any bit, both make the same of them.
 */
static void test_roads(void **state)
{
	static const uint16_t codes[] = {SAKER_EV_SYSCALL_OPENAT_2_X, SAKER_EV_SYSCALL_FCNTL_X,
					 SAKER_EV_SCHEDSWITCH_6_E};
	uint32_t n_refused = 0, n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		for (uint32_t n_params = 0; n_params <= 9; n_params += 3) {
			struct maker m = {0}, a = {0}, b = {0};
			struct maker_param params[9];

			for (uint32_t k = 0; k < n_params; k++)
				params[k] = (struct maker_param){&five, k % 3 == 2 ? 0 : 8};
			maker_raw_event(&m, 3, 2, codes[i], params, n_params, 2);
			for (size_t bit = 0; bit <= m.len * 8; bit += 5) { /* others in each byte */
				int r;

				if (bit)
					m.data[(bit - 1) / 8] ^= (uint8_t)(1 << (bit - 1) % 8);
				r = read_one(EV_V2, m.data, m.len, &a);
				assert_int_equal(r, read_one(0x217, m.data, m.len, &b));
				assert_int_equal(a.len, b.len);
				if (a.len)
					assert_memory_equal(a.data, b.data, a.len);
				if (bit)
					m.data[(bit - 1) / 8] ^= (uint8_t)(1 << (bit - 1) % 8);
				n_refused += r != 1;
				n++;
			}
			maker_free(&m);
			maker_free(&a);
			maker_free(&b);
		}
	}
	print_message("%u of %u events refused\n", n_refused, n);
	assert_in_range(n_refused, n / 20, n / 2);
}

static void test_trailing_slack(void **state)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	struct maker m = {0};
	struct reader r;
	size_t at;

	maker_section(&m);
	at = m.len;
	maker_begin(&m, EV_V2);
	maker_u16(&m, 0);
	maker_raw_event(&m, 1, 2, SAKER_EV_SYSCALL_CLOSE_X,
			(const struct maker_param[]){{&zero, 8}, {&five, 8}}, 2, 2);
	maker_bytes(&m, "slack", 5);
	maker_end(&m);
	maker_patch(&m, at + 8 + 2 + 16, 26 + 4 + 16 + 5);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(event->len, 26 + 4 + 16);
	assert_int_equal(saker_event_decode(event, event->len, &view), 0);
	reader_close(&r);
	maker_free(&m);
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

static void test_pipe(void **state)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct reader r = {.fd = -1};
	struct maker m = {0};
	int fds[2];
	char path[64];
	size_t half;

	small_capture(&m);
	half = m.len - 100; /* in the midst of the second event */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], m.data, half), half);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(reader_open_file(&r, path, false), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(event->ts, 1000);
	/* What is there is less than an event: nothing yet, and nothing lost. */
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 0);
	assert_int_equal(saker_capture_next(r.capture, 1, &event, &meta), 0);
	saker_capture_interrupt(r.capture);
	assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), 0);
	assert_int_equal(write(fds[1], m.data + half, m.len - half), m.len - half);
	assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), 1);
	assert_int_equal(event->ts, 2000);
	assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), 1);
	assert_int_equal(event->ts, 3000);
	close(fds[1]);
	assert_int_equal(saker_capture_next(r.capture, -1, &event, &meta), -ENODATA);
	assert_int_equal(r.n_diags, 0);
	close(fds[0]);
	reader_close(&r);
	maker_free(&m);
}

/* ---- damage -------------------------------------------------------------------------------------
 */

/* Cut at every byte: all whole events come, then the offset of the block that is cut. */
static void test_truncated(void **state)
{
	struct maker m = {0};
	size_t ends[4]; /* where each of the events' blocks ends */
	struct reader r;
	uint32_t n;

	maker_section(&m);
	maker_machine(&m, 4, "host-a");
	ends[0] = m.len;
	for (size_t i = 1; i < ARRAY_SIZE(ends); i++) {
		add_close(&m, i);
		ends[i] = m.len;
	}
	for (size_t size = ends[0]; size < m.len; size++) {
		uint32_t whole = (uint32_t)((size - ends[0]) / (ends[1] - ends[0]));
		bool clean = size == ends[whole];
		char where[32];

		snprintf(where, sizeof(where), "at byte %zu,", ends[whole]);
		for (int gzip = 0; gzip < 2; gzip++) {
			assert_int_equal(reader_open_with(&r, m.data, size, gzip, false), 0);
			assert_int_equal(reader_drain(&r, &n), clean ? -ENODATA : -EBADMSG);
			assert_int_equal(n, whole);
			assert_int_equal(r.n_diags, !clean);
			if (!clean) {
				assert_string_equal(r.id, "CAPTURE_FILE_TRUNCATED");
				assert_non_null(strstr(r.message, where));
			}
			reader_close(&r);
		}
	}
	maker_free(&m);
}

static void test_truncated_gzip(void **state)
{
	struct maker m = {0};
	uint8_t packed[8192];
	z_stream z = {0};
	struct reader r;
	uint32_t n;
	size_t size;

	small_capture(&m);
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = m.data;
	z.avail_in = (uInt)m.len;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size = sizeof(packed) - z.avail_out;
	deflateEnd(&z);
	/* All the data is there, but not the stream's end. */
	assert_int_equal(reader_open(&r, packed, size - 8), 0);
	assert_int_equal(reader_drain(&r, &n), -EBADMSG);
	assert_int_equal(n, 3);
	assert_string_equal(r.id, "CAPTURE_FILE_TRUNCATED");
	reader_close(&r);
	/* The checksum is wrong. */
	packed[size - 6] ^= 1;
	assert_int_equal(reader_open(&r, packed, size), 0);
	assert_int_equal(reader_drain(&r, &n), -EBADMSG);
	assert_string_equal(r.id, "CAPTURE_FILE_READ");
	reader_close(&r);
	maker_free(&m);
}

static void expect_malformed(struct maker *m, uint32_t events, const char *what)
{
	struct reader r;
	uint32_t n;

	assert_int_equal(reader_open(&r, m->data, m->len), 0);
	assert_int_equal(reader_drain(&r, &n), -EBADMSG);
	assert_int_equal(n, events);
	assert_int_equal(r.n_diags, 1);
	assert_string_equal(r.id, "CAPTURE_FILE_MALFORMED");
	if (!strstr(r.message, what))
		fail_msg("\"%s\" does not say \"%s\"", r.message, what);
	assert_int_equal(reader_drain(&r, &n), -EBADMSG);
	reader_close(&r);
	maker_free(m);
}

static void test_malformed(void **state)
{
	static const struct {
		size_t at; /* of four bytes in the second event's block */
		uint32_t value;
		const char *what;
	} cases[] = {
		{4, 8, "less than a block's header"},
		{4, 100000, "larger than such a block"},
		{4, 64, "the length behind it"},
		{8 + 2 + 16, 25, "length exceeds the block"},
		{8 + 2 + 16, 1000, "length exceeds the block"},
		{8 + 2 + 22, 100, "parameters exceed it"},
		{8 + 2 + 22, UINT32_MAX, "parameters exceed it"},
		{8 + 2 + 26, 0x00080009, "parameters exceed it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct maker m = {0};
		size_t second;

		maker_section(&m);
		add_close(&m, 1);
		second = m.len;
		add_close(&m, 2);
		add_close(&m, 3);
		maker_patch(&m, second + cases[i].at, cases[i].value);
		expect_malformed(&m, 1, cases[i].what);
	}
}

static void test_malformed_first_format(void **state)
{
	struct maker m = {0};
	size_t at;

	maker_section(&m);
	at = m.len;
	add_close_in(&m, EV_V1, 1);
	m.data[at + 8 + 2 + 22] = 9; /* of the first parameter */
	expect_malformed(&m, 0, "do not add up");

	maker_section(&m);
	at = m.len;
	add_close_in(&m, EV_V1, 1);
	maker_patch(&m, at + 8 + 2 + 16, 21);
	expect_malformed(&m, 0, "length exceeds the block");
}

static void test_not_a_capture(void **state)
{
	static const char *const files[] = {"", "x", "not a capture at all", "\x1f\x8b"};
	struct maker m = {0};
	struct reader r;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int result = reader_open(&r, files[i], strlen(files[i]));

		assert_int_equal(result, -EBADMSG);
		assert_true(r.n_diags > 0);
		reader_close(&r);
	}
	assert_int_equal(reader_open_file(&r, "/nonexistent/capture.scap", false), -ENOENT);
	assert_string_equal(r.id, "CAPTURE_FILE_OPEN");
	assert_int_equal(reader_open_file(&r, "/", false), -EISDIR);

	/* A later version. */
	maker_section(&m);
	maker_patch(&m, 12, 2);
	assert_int_equal(reader_open(&r, m.data, m.len), -EBADMSG);
	assert_non_null(strstr(r.message, "later version"));
	reader_close(&r);
	maker_free(&m);
}

/* An old event that no rule can bring up to date is counted, not hidden. */
static void test_unconvertible(void **state)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	struct saker_loss loss = SAKER_LOSS_INIT;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;
	uint32_t n;

	maker_section(&m);
	maker_event(&m, EV_V2, 0, 1, 1, SAKER_EV_SYSCALL_LINK_X, NULL, 0);
	add_close(&m, 2);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	/* And the state is told, where it was. */
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(saker_loss_read(event, &loss), 0);
	assert_int_equal(loss.n[SAKER_LOSS_PROCESS], 1);
	assert_false(loss.who_known);
	assert_int_equal(meta.flags & SAKER_EVENT_META_STATE_ONLY, SAKER_EVENT_META_STATE_ONLY);
	assert_int_equal(reader_drain(&r, &n), -ENODATA);
	assert_int_equal(n, 1);
	assert_string_equal(r.id, "CAPTURE_FILE_CONVERT");
	assert_int_equal(saker_capture_stats(r.capture, &stats), 0);
	assert_int_equal(stats.seen, 2);
	assert_int_equal(stats.dropped, 1);
	assert_int_equal(stats.delivered, 1);
	reader_close(&r);
	maker_free(&m);
}

static void test_stop(void **state)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct maker m = {0};
	struct reader r;

	small_capture(&m);
	assert_int_equal(reader_open(&r, m.data, m.len), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), 1);
	assert_int_equal(saker_capture_stop(r.capture), 0);
	assert_int_equal(saker_capture_next(r.capture, 0, &event, &meta), -ENODATA);
	reader_close(&r);
	maker_free(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_and_gzip),
		cmocka_unit_test(test_event_blocks),
		cmocka_unit_test(test_large_events),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_enter_events),
		cmocka_unit_test(test_front_events),
		cmocka_unit_test(test_unknown_and_own_codes),
		cmocka_unit_test(test_concatenated),
		cmocka_unit_test(test_concatenated_gzip),
		cmocka_unit_test(test_concatenated_gzip_split),
		cmocka_unit_test(test_source_small_steps),
		cmocka_unit_test(test_roads),
		cmocka_unit_test(test_trailing_slack),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_truncated_gzip),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_malformed_first_format),
		cmocka_unit_test(test_not_a_capture),
		cmocka_unit_test(test_unconvertible),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
