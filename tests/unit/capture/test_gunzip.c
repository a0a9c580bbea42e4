// SPDX-License-Identifier: Apache-2.0
/*
 * gzip by either library is the same: what comes out, what is said of it, where the
 * next member begins; of sound streams, of ones cut at any byte and of damaged ones,
 * given in one piece or byte by byte. Buffers end at a page that nobody may touch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <saker/event_codes.h>

#include "common/gunzip.h"
#include "scap_maker.h"
#include "scap_pack.h"
#include "scap_source.h"

#define PAGE 4096
#define ROOM (1u << 20)

/* ---- memory with a guard behind it ----------------------------------------------------- */

struct guarded {
	uint8_t *map;
	uint8_t *end;
};

static struct guarded from, to;
static bool isal_here; /* in this build */

static void guarded_init(struct guarded *g)
{
	g->map =
		mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(g->map != MAP_FAILED);
	g->end = g->map + ROOM;
	assert_int_equal(mprotect(g->end, PAGE, PROT_NONE), 0);
}

static int setup(void **state)
{
	struct gunzip *g;

	(void)state;
	guarded_init(&from);
	guarded_init(&to);
	isal_here = gunzip_new(GUNZIP_ISAL, &g) == 0;
	if (isal_here)
		gunzip_free(g);
	else
		print_message("built without ISA-L: there is nothing to compare zlib with\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(from.map, ROOM + PAGE);
	munmap(to.map, ROOM + PAGE);
	return 0;
}

/* ---- what there is to inflate ---------------------------------------------------------- */

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void make_capture(struct maker *m, uint32_t n)
{
	static const char path[] = "/usr/lib/x86_64-linux-gnu/libc.so.6";
	uint32_t seed = 7;

	maker_section(m);
	for (uint32_t i = 0; i < n; i++) {
		int64_t number = next_random(&seed) % 100;
		const struct maker_param open_p[] = {
			{&number, 8}, {&number, 8}, {path, next_random(&seed) % sizeof(path)},
			{&number, 4}, {&number, 4}, {&number, 4},
			{&number, 8}};

		maker_event(m, 0x216, 0, i, 1000, SAKER_EV_SYSCALL_OPENAT_2_X, open_p, 7);
	}
}

static void make_noise(struct maker *m, uint32_t n)
{
	uint32_t seed = 11;

	while (n--)
		maker_u8(m, (uint8_t)next_random(&seed));
}

struct packing {
	const char *name;
	int level; /* -1 = by capture_pack, with whatever library the build has */
	int strategy;
	int window; /* bits */
};

static const struct packing packings[] = {
	{"our writer's", -1, 0, 0},
	{"stored", 0, Z_DEFAULT_STRATEGY, 15},
	{"level 1", 1, Z_DEFAULT_STRATEGY, 15},
	{"level 9", 9, Z_DEFAULT_STRATEGY, 15},
	{"fixed codes", 6, Z_FIXED, 15},
	{"codes only", 6, Z_HUFFMAN_ONLY, 15},
	{"runs", 6, Z_RLE, 15},
	{"small window", 6, Z_DEFAULT_STRATEGY, 9},
};

static void pack_zlib(const struct packing *p, const void *data, size_t len, gz_header *head,
		      struct maker *out)
{
	z_stream z = {0};
	uint8_t *buf = malloc(len * 2 + 4096);

	assert_int_equal(deflateInit2(&z, p->level, Z_DEFLATED, p->window + 16, 8, p->strategy),
			 Z_OK);
	if (head)
		assert_int_equal(deflateSetHeader(&z, head), Z_OK);
	z.next_in = (Bytef *)data;
	z.avail_in = (uInt)len;
	z.next_out = buf;
	z.avail_out = (uInt)(len * 2 + 4096);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	maker_bytes(out, buf, len * 2 + 4096 - z.avail_out);
	deflateEnd(&z);
	free(buf);
}

static void pack(const struct packing *p, const void *data, size_t len, struct maker *out)
{
	struct capture_pack *packer;
	uint8_t *member;
	size_t n;

	if (p->level >= 0) {
		pack_zlib(p, data, len, NULL, out);
		return;
	}
	assert_int_equal(capture_pack_new(1, false, &packer), 0);
	assert_int_equal(capture_pack_member(packer, data, len, &member, &n), 0);
	maker_bytes(out, member, n);
	capture_pack_free(packer);
}

/* ---- inflating ------------------------------------------------------------------------- */

struct result {
	int r;	     /* of the last step */
	size_t used; /* bytes of in */
	struct maker out;
};

/* One member, or what there is of it; in pieces. */
static void inflate_in(enum gunzip_with with, const uint8_t *in, size_t len, size_t in_step,
		       size_t out_step, struct result *ret)
{
	struct gunzip_io io = {0};
	struct gunzip *g;

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(gunzip_new(with, &g), 0);
	do {
		size_t piece = MIN(in_step, len - ret->used);
		size_t n;

		io.in = from.end - piece;
		io.in_len = piece;
		memcpy(from.end - piece, in + ret->used, piece);
		io.out = to.end - out_step;
		io.out_len = out_step;
		ret->r = gunzip_step(g, &io);
		n = out_step - io.out_len;
		maker_bytes(&ret->out, to.end - out_step, n);
		assert_true(io.in_len <= piece && io.in == from.end - io.in_len);
		assert_true(io.out_len <= out_step && io.out == to.end - io.out_len);
		ret->used += piece - io.in_len;
		if (ret->r == 0 && ret->used == len && io.out_len)
			break; /* cut */
		assert_true(ret->out.len <= 16 * ROOM);
	} while (ret->r == 0);
	if (ret->r < 0) { /* and it stays so */
		io.out = to.end - out_step;
		io.out_len = out_step;
		assert_int_equal(gunzip_step(g, &io), ret->r);
		assert_int_equal(io.out_len, out_step);
	}
	gunzip_free(g);
}

static void assert_same(const struct result *a, const struct result *b)
{
	assert_int_equal(a->r, b->r);
	assert_int_equal(a->out.len, b->out.len);
	if (a->out.len)
		assert_memory_equal(a->out.data, b->out.data, a->out.len);
	assert_int_equal(a->used, b->used);
}

/*
 * Of a damaged one: sound for both or for neither, and the same as far as both read it.
 * Where they notice is not the same: zlib refuses a table of codes, ISA-L a code of it.
 */
static int compare_damaged(const uint8_t *in, size_t len, size_t in_step, size_t out_step)
{
	struct result z, i;
	size_t n;
	int r;

	inflate_in(GUNZIP_ZLIB, in, len, in_step, out_step, &z);
	inflate_in(GUNZIP_ISAL, in, len, in_step, out_step, &i);
	assert_int_equal(z.r == 1, i.r == 1);
	if (z.r == 1)
		assert_same(&z, &i);
	n = MIN(z.out.len, i.out.len);
	if (n)
		assert_memory_equal(z.out.data, i.out.data, n);
	r = i.r;
	maker_free(&z.out);
	maker_free(&i.out);
	return r;
}

/* Both, byte for byte the same; r of it. */
static int compare(const uint8_t *in, size_t len, size_t in_step, size_t out_step)
{
	struct result z, i;
	int r;

	inflate_in(GUNZIP_ZLIB, in, len, in_step, out_step, &z);
	inflate_in(GUNZIP_ISAL, in, len, in_step, out_step, &i);
	assert_same(&z, &i);
	r = z.r;
	maker_free(&z.out);
	maker_free(&i.out);
	return r;
}

/* ---- tests ------------------------------------------------------------------------------- */

static const size_t steps[][2] = {{ROOM, ROOM}, {4096, 32768}, {65536, 65537}, {100000, 1000},
				  {13, 65536},	{ROOM, 1},     {7, 3},	       {1, ROOM}};
#define LARGE_STEPS 4 /* of them; the others take too long for much */

static void check_sound(const struct maker *data, size_t n_steps)
{
	bool both = isal_here;

	for (size_t p = 0; p < ARRAY_SIZE(packings); p++) {
		struct maker packed = {0};

		pack(&packings[p], data->data, data->len, &packed);
		maker_bytes(&packed, "behind", 6);
		for (size_t s = 0; s < n_steps; s++) {
			struct result r;

			inflate_in(GUNZIP_FASTEST, packed.data, packed.len, steps[s][0],
				   steps[s][1], &r);
			assert_int_equal(r.r, 1);
			assert_int_equal(r.used, packed.len - 6);
			assert_int_equal(r.out.len, data->len);
			if (data->len)
				assert_memory_equal(r.out.data, data->data, data->len);
			maker_free(&r.out);
			if (both)
				compare(packed.data, packed.len, steps[s][0], steps[s][1]);
		}
		maker_free(&packed);
	}
}

static void test_sound(void **state)
{
	struct maker m = {0};

	(void)state;
	check_sound(&m, ARRAY_SIZE(steps));
	make_capture(&m, 1);
	check_sound(&m, ARRAY_SIZE(steps));
	make_capture(&m, 30);
	make_noise(&m, 300);
	check_sound(&m, ARRAY_SIZE(steps));
	make_capture(&m, 3000);
	make_noise(&m, 100000);
	make_capture(&m, 3000);
	check_sound(&m, LARGE_STEPS);
	maker_free(&m);
}

/* Memory does not grow and nothing is lost, whatever fields the header has and where it is cut. */
static void test_header(void **state)
{
	static const struct packing plain = {"level 6", 6, Z_DEFAULT_STRATEGY, 15};
	bool both = isal_here;

	(void)state;
	for (unsigned int flags = 0; flags < 16; flags++) {
		uint8_t extra[300] = {1, 2, 3};
		gz_header head = {
			.extra = flags & 1 ? extra : NULL,
			.extra_len = flags & 8 ? 300 : 3,
			.name = flags & 2 ? (Bytef *)"a name" : NULL,
			.comment = flags & 4 ? (Bytef *)"a comment" : NULL,
			.hcrc = flags & 8 ? 1 : 0,
			.time = 1234567890,
		};
		struct maker packed = {0};
		struct result r;

		pack_zlib(&plain, "some data", 9, &head, &packed);
		inflate_in(GUNZIP_FASTEST, packed.data, packed.len, 1, 1, &r);
		assert_int_equal(r.r, 1);
		assert_int_equal(r.out.len, 9);
		maker_free(&r.out);
		for (size_t len = 0; both && len <= packed.len; len++)
			compare(packed.data, len, 3, ROOM);
		for (size_t at = 0; both && at < packed.len; at++) {
			packed.data[at] ^= 0x21;
			compare_damaged(packed.data, packed.len, 3, ROOM);
			packed.data[at] ^= 0x21;
		}
		packed.data[3] |= 0x40; /* of no known meaning */
		inflate_in(GUNZIP_FASTEST, packed.data, packed.len, 1, 1, &r);
		assert_int_equal(r.r, -EBADMSG);
		maker_free(&r.out);
		maker_free(&packed);
	}
}

/* The sum and the length behind a member are looked at: all came out, but it is not sound. */
static void test_trailer(void **state)
{
	static const enum gunzip_with all[] = {GUNZIP_ZLIB, GUNZIP_ISAL};
	struct maker m = {0}, packed = {0};

	(void)state;
	make_capture(&m, 3000);
	pack(&packings[0], m.data, m.len, &packed);
	for (size_t at = packed.len - 8; at < packed.len; at++) {
		packed.data[at] ^= 1;
		for (size_t w = 0; w < (isal_here ? 2 : 1); w++) {
			struct result r;

			inflate_in(all[w], packed.data, packed.len, 1000, 1000, &r);
			assert_int_equal(r.r, -EBADMSG);
			assert_int_equal(r.out.len, m.len);
			assert_memory_equal(r.out.data, m.data, m.len);
			maker_free(&r.out);
		}
		packed.data[at] ^= 1;
	}
	maker_free(&packed);
	maker_free(&m);
}

/* Everything before a cut comes out, and it is not taken for damage. */
static void test_cut(void **state)
{
	(void)state;
	if (!isal_here)
		return;
	for (size_t p = 0; p < ARRAY_SIZE(packings); p++) {
		struct maker m = {0}, packed = {0};

		make_capture(&m, 12);
		make_noise(&m, 50);
		pack(&packings[p], m.data, m.len, &packed);
		for (size_t len = 0; len < packed.len; len++) {
			assert_int_equal(compare(packed.data, len, ROOM, ROOM), 0);
			assert_int_equal(compare(packed.data, len, 5, 3), 0);
		}
		maker_free(&packed);
		maker_free(&m);
	}
}

static void test_damaged(void **state)
{
	uint32_t n_errors = 0, n = 0;

	(void)state;
	if (!isal_here)
		return;
	for (size_t p = 0; p < ARRAY_SIZE(packings); p++) {
		struct maker m = {0}, packed = {0};

		make_capture(&m, 12);
		pack(&packings[p], m.data, m.len, &packed);
		for (size_t at = 0; at < packed.len; at++) {
			for (int bit = 0; bit < 8; bit++) {
				packed.data[at] ^= (uint8_t)(1 << bit);
				n_errors +=
					compare_damaged(packed.data, packed.len, ROOM, ROOM) < 0;
				packed.data[at] ^= (uint8_t)(1 << bit);
				n++;
			}
		}
		maker_free(&packed);
		maker_free(&m);
	}
	print_message("%u of %u damaged streams refused\n", n_errors, n);
	assert_in_range(n_errors, n * 9 / 10, n);
}

/* ---- a file of members -------------------------------------------------------------------- */

struct file_result {
	int r;
	bool cut;
	struct maker out;
};

static void read_source(enum gunzip_with with, const void *data, size_t len,
			struct file_result *ret)
{
	int fd = memfd_create("members", MFD_CLOEXEC);
	struct capture_source src;
	char path[64];

	memset(ret, 0, sizeof(*ret));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(write(fd, data, len), len);
	ret->r = capture_source_open(&src, path, with);
	while (ret->r == 0) {
		ret->r = capture_source_peek(&src, 1, -1);
		if (ret->r < 0 || capture_source_avail(&src) == 0)
			break;
		maker_bytes(&ret->out, src.pos, capture_source_avail(&src));
		src.pos = src.end;
		ret->r = 0;
	}
	ret->cut = src.cut;
	capture_source_close(&src);
	close(fd);
}

static void test_members(void **state)
{
	struct maker m = {0}, packed = {0};
	size_t second;

	(void)state;
	make_capture(&m, 20);
	pack(&packings[0], m.data, m.len, &packed);
	second = packed.len;
	pack(&packings[3], m.data, m.len, &packed);
	maker_bytes(&packed, "\0\0padding", 9);
	for (size_t len = 4; len <= packed.len; len++) {
		bool sound = len == second || len == second + 1 || len >= packed.len - 9;
		struct file_result a, b;

		read_source(GUNZIP_ZLIB, packed.data, len, &a);
		assert_int_equal(a.r, 1);
		assert_int_equal(a.cut, !sound);
		if (len >= second)
			assert_true(a.out.len >= m.len);
		if (len >= packed.len - 9)
			assert_int_equal(a.out.len, 2 * m.len);
		if (isal_here) {
			read_source(GUNZIP_ISAL, packed.data, len, &b);
			assert_int_equal(b.r, a.r);
			assert_int_equal(b.cut, a.cut);
			assert_int_equal(b.out.len, a.out.len);
			if (a.out.len)
				assert_memory_equal(b.out.data, a.out.data, a.out.len);
			maker_free(&b.out);
		}
		maker_free(&a.out);
	}
	maker_free(&packed);
	maker_free(&m);
}

/* What was inflated comes without a wait for more, from a writer that pauses. */
static void test_pipe(void **state)
{
	static const enum gunzip_with all[] = {GUNZIP_ZLIB, GUNZIP_ISAL};
	static uint8_t zeros[3 << 20];

	(void)state;
	for (size_t w = 0; w < (isal_here ? 2 : 1); w++) {
		struct capture_source src;
		struct maker packed = {0};
		size_t total = 0;
		char path[64];
		int fds[2];

		pack(&packings[3], zeros, sizeof(zeros), &packed);
		assert_int_equal(pipe(fds), 0);
		/* All but the trailer: it is never at its end. */
		assert_int_equal(write(fds[1], packed.data, packed.len - 8), packed.len - 8);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
		assert_int_equal(capture_source_open(&src, path, all[w]), 0);
		while (capture_source_peek(&src, 1, 0) == 1) {
			assert_true(capture_source_avail(&src) > 0);
			total += capture_source_avail(&src);
			src.pos = src.end;
		}
		assert_int_equal(total, sizeof(zeros));
		capture_source_close(&src);
		close(fds[0]);
		close(fds[1]);
		maker_free(&packed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),	cmocka_unit_test(test_header),
		cmocka_unit_test(test_trailer), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_members),
		cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
