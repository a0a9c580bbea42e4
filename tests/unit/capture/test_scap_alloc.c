// SPDX-License-Identifier: Apache-2.0
/*
 * Memory runs out at each allocation in turn, while reading and while writing a
 * capture: the answer is -ENOMEM, or the file's, and nothing leaks or crashes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <saker/event_codes.h>
#include <saker/scap.h>

#include "scap_maker.h"
#include "scap_reader.h"

/* The linker sends the library's allocations here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static int fail_at = -1; /* allocations that still succeed; -1 = all */

static bool fails(void)
{
	if (fail_at < 0)
		return false;
	if (fail_at == 0)
		return true;
	fail_at--;
	return false;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

static void make_capture(struct maker *m)
{
	static const uint8_t data[400000];
	static const int64_t number = 5;
	const struct maker_param params[] = {{&number, 8}, {data, 8}, {data, 8}};
	const struct maker_param plugin[] = {{&number, 4}, {data, sizeof(data)}};

	maker_section(m);
	maker_machine(m, 2, "host");
	maker_begin(m, 0x220);
	for (int i = 0; i < 20; i++) {
		maker_u32(m, 4 + 1 + 4 + 2 + 5);
		maker_u8(m, 1);
		maker_u32(m, 1);
		maker_str(m, "users");
	}
	maker_end(m);
	maker_event(m, 0x216, 0, 1, 7, SAKER_EV_SYSCALL_CLOSE_E, params, 1);
	maker_event(m, 0x216, 0, 2, 7, SAKER_EV_SYSCALL_CLOSE_X, params, 1);
	maker_event(m, 0x221, 0, 3, 7, SAKER_EV_PLUGINEVENT_E, plugin, 2);
}

/* Reads all and writes it on; 0 or the first error. */
static int copy(const char *file)
{
	struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_scap_options so = SAKER_SCAP_OPTIONS_INIT;
	struct saker_capture *capture;
	struct saker_scap_writer *writer = NULL;
	const struct saker_event *event;
	struct saker_event_meta meta;
	int r;

	o.engine = "scap";
	o.file = file;
	so.level = 1;
	r = saker_capture_open(&o, &capture);
	if (r)
		return r;
	r = saker_scap_open("/dev/null", &so, &writer);
	while (!r) {
		r = saker_capture_next(capture, 0, &event, &meta);
		if (r == 1)
			r = saker_scap_write(writer, event, &meta);
		else if (r == 0)
			r = -ETIMEDOUT;
	}
	if (r == -ENODATA)
		r = saker_scap_finish(writer);
	saker_scap_close(writer);
	saker_capture_close(capture);
	return r;
}

static void test_every_allocation(void **state)
{
	for (int gzip = 0; gzip < 2; gzip++) {
		struct maker m = {0};
		struct reader r = {0};
		char path[64];
		int failures = 0;
		int result = -ENOMEM;

		make_capture(&m);
		assert_int_equal(reader_open_with(&r, m.data, m.len, gzip, false), 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", r.fd);
		for (int n = 0; result != 0; n++) {
			fail_at = n;
			result = copy(path);
			fail_at = -1;
			if (result)
				assert_int_equal(result, -ENOMEM);
			failures += result != 0;
			assert_true(n < 1000);
		}
		assert_true(failures >= 10);
		reader_close(&r);
		maker_free(&m);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
