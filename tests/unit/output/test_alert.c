/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of saker_alert_write: both forms, hostile strings, numbers, short buffers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include <time.h>

#include <saker/output.h>

#include "buffer.h"

#define NS UINT64_C(1000000000)
#define WHEN (UINT64_C(1795199674) * NS + 926492031)

static const char *const tags[] = {"T1555", "host"};

static struct saker_alert sample(void)
{
	struct saker_alert a = {
		.time = WHEN,
		.rule = "Read sensitive file untrusted",
		.priority = SAKER_PRIORITY_WARNING,
		.source = "syscall",
		.hostname = "vm",
		.message = "file=/etc/shadow",
		.tags = tags,
		.n_tags = 2,
	};

	return a;
}

static const char *write_alert(const struct saker_alert *a, const struct saker_alert_format *f)
{
	static char buf[8192];
	size_t n = saker_alert_write(a, f, buf, sizeof(buf));

	assert_true(n < sizeof(buf));
	assert_int_equal(strlen(buf), n);
	return buf;
}

static void set_zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static void test_text(void **state)
{
	static const struct {
		const char *tz;
		bool iso;
		const char *expected;
	} cases[] = {
		{"UTC", false, "18:34:34.926492031: Warning file=/etc/shadow"},
		{"UTC-5:30", false, "00:04:34.926492031: Warning file=/etc/shadow"},
		{"UTC-5:30", true, "2026-11-20T18:34:34.926492031+0000: Warning file=/etc/shadow"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
		struct saker_alert a = sample();

		set_zone(cases[i].tz);
		f.time_iso8601 = cases[i].iso;
		assert_string_equal(write_alert(&a, &f), cases[i].expected);
	}
	set_zone("UTC");
}

static void test_json(void **state)
{
	struct saker_value list[] = {saker_value_str("file", 4), saker_value_str("ipv4", 4)};
	struct saker_alert_field fields[] = {
		{.name = "evt.time", .value = saker_value_u64(SAKER_TYPE_ABSTIME, WHEN)},
		{.name = "fd.types", .is_list = true, .list = list, .n_list = 2},
		{.name = "proc.aname[2]",
		 .value = saker_value_absent(SAKER_TYPE_STRING, SAKER_ABSENT_EVICTED)},
		{.name = "user.loginuid", .value = saker_value_i64(SAKER_TYPE_I64, -1)},
	};
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert a = sample();

	a.fields = fields;
	a.n_fields = ARRAY_SIZE(fields);
	f.json = true;
	assert_string_equal(
		write_alert(&a, &f),
		"{\"hostname\":\"vm\",\"output\":\"18:34:34.926492031: Warning file=/etc/shadow\","
		"\"output_fields\":{\"evt.time\":1795199674926492031,\"fd.types\":[\"file\","
		"\"ipv4\"],"
		"\"proc.aname[2]\":null,\"user.loginuid\":-1},\"priority\":\"Warning\","
		"\"rule\":\"Read sensitive file untrusted\",\"source\":\"syscall\","
		"\"tags\":[\"T1555\",\"host\"],\"time\":\"2026-11-20T18:34:34.926492031Z\"}");
	f.include_output = f.include_fields = f.include_tags = false;
	f.include_absent = true;
	assert_string_equal(write_alert(&a, &f),
			    "{\"absent\":{\"proc.aname[2]\":\"evicted\"},\"hostname\":\"vm\","
			    "\"priority\":\"Warning\",\"rule\":\"Read sensitive file untrusted\","
			    "\"source\":\"syscall\",\"time\":\"2026-11-20T18:34:34.926492031Z\"}");
	a.n_fields = 2; /* each of which has a value */
	f.include_message = true;
	assert_string_equal(write_alert(&a, &f),
			    "{\"hostname\":\"vm\",\"message\":\"file=/etc/shadow\","
			    "\"priority\":\"Warning\",\"rule\":\"Read sensitive file untrusted\","
			    "\"source\":\"syscall\",\"time\":\"2026-11-20T18:34:34.926492031Z\"}");
}

static void test_json_empty(void **state)
{
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert a = {0};

	f.json = true;
	assert_string_equal(
		write_alert(&a, &f),
		"{\"hostname\":\"\",\"output\":\"00:00:00.000000000: Emergency \","
		"\"output_fields\":{},\"priority\":\"Emergency\",\"rule\":\"\","
		"\"source\":\"\",\"tags\":[],\"time\":\"1970-01-01T00:00:00.000000000Z\"}");
}

#define R "\xef\xbf\xbd"

static void test_hostile_strings(void **state)
{
	static const struct {
		const char *in;
		size_t len; /* 0 = strlen */
		const char *out;
	} cases[] = {
		{"plain ~ /", 0, "plain ~ /"},
		{"\"\\/", 0, "\\\"\\\\/"},
		{"\b\f\n\r\t", 0, "\\b\\f\\n\\r\\t"},
		{"\x01\x1b[31m\x1f", 0, "\\u0001\\u001b[31m\\u001f"},
		{"a\0b", 3, "a\\u0000b"},
		{"\x7f", 0, "\\u007f"},
		{"\xc2\x9b"
		 "31m",
		 0, "\\u009b31m"},
		{"\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0,
		 "\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9", 0,
		 "\\u2028\\u202e\\u2066\\u2069"},
		{"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa", 0,
		 "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"},
		{"\x80", 0, R},
		{"\xff\xfe", 0, R R},
		{"\xc3", 0, R},
		{"\xc3(", 0, R "("},
		{"\xc0\xaf", 0, R R},	    /* overlong / */
		{"\xe0\x80\xaf", 0, R R R}, /* overlong / */
		{"\xe2\x82", 0, R},	    /* cut off: one for the whole */
		{"\xe2\x82(", 0, R "("},
		{"\xed\xa0\x80", 0, R R R}, /* a surrogate */
		{"\xf0\x9f\x98", 0, R},
		{"\xf0\x9f\x98\xc3\xa9", 0, R "\xc3\xa9"},
		{"\xf4\x90\x80\x80", 0, R R R R}, /* past U+10FFFF */
		{"\xf5\x80", 0, R R},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = cases[i].len ? cases[i].len : strlen(cases[i].in);
		char *in = malloc(len); /* exact, so that a sanitizer sees one byte too many */
		struct output_buffer b;
		char buf[256];

		assert_non_null(in);
		memcpy(in, cases[i].in, len);
		output_buffer_init(&b, buf, sizeof(buf));
		output_put_escaped(&b, in, len);
		output_buffer_finish(&b);
		assert_string_equal(buf, cases[i].out);
		free(in);
	}
}

/* Whatever the bytes: JSON that parses, text on one printable line. */
static void test_every_byte(void **state)
{
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert a = sample();
	struct saker_alert_field field = {.name = "fd.name"};
	char bytes[256];

	for (int i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	bytes[255] = '\0';
	a.message = a.rule = a.hostname = bytes;
	field.value = saker_value_str(bytes, sizeof(bytes));
	a.fields = &field;
	a.n_fields = 1;
	for (int json = 0; json < 2; json++) {
		const char *line;

		f.json = json;
		line = write_alert(&a, &f);
		for (const char *p = line; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		if (json) {
			json_error_t error;
			json_t *parsed = json_loads(line, JSON_ALLOW_NUL, &error);

			assert_non_null(parsed);
			assert_int_equal(json_object_size(parsed), 8);
			json_decref(parsed);
		}
	}
}

static void test_doubles(void **state)
{
	static const struct {
		double v;
		const char *out;
	} cases[] = {
		{0.0, "0.0"},
		{-0.0, "-0.0"},
		{1, "1.0"},
		{-1.5, "-1.5"},
		{0.005, "0.005"},
		{0.1, "0.1"},
		{0.30000000000000004, "0.30000000000000004"},
		{100, "100.0"},
		{123456789012345, "123456789012345.0"},
		{1e15, "1e+15"},
		{1234567890123456, "1.234567890123456e+15"},
		{0.001, "0.001"},
		{0.0001, "0.0001"},
		{0.00001, "1e-05"},
		{0.000012, "1.2e-05"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{5e-324, "5e-324"},
		{INFINITY, "null"},
		{NAN, "null"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct output_buffer b;
		char buf[64];

		output_buffer_init(&b, buf, sizeof(buf));
		output_put_double(&b, cases[i].v);
		output_buffer_finish(&b);
		assert_string_equal(buf, cases[i].out);
	}
}

static void test_values(void **state)
{
	static const struct saker_ip v4 = {.family = 4, .addr = {192, 0, 2, 1}};
	static const struct saker_ip v6 = {.family = 6, .addr = {0x20, 1, 0xd, 0xb8, [15] = 1}};
	struct saker_value ip4 = {.type = SAKER_TYPE_IP, .ip = &v4};
	struct saker_value ip6 = {.type = SAKER_TYPE_IP, .ip = &v6};
	struct saker_value hex = saker_value_u64(SAKER_TYPE_U32, 0xfe00);
	struct saker_value neg = {
		.type = SAKER_TYPE_I32, .format = SAKER_FORMAT_HEX, .i64 = -2}; /* of its width */
	struct saker_value oct = saker_value_u64(SAKER_TYPE_U32, 0755);
	struct saker_value pad = saker_value_u64(SAKER_TYPE_RELTIME, 42);
	struct saker_value dbl = {.type = SAKER_TYPE_DOUBLE, .f64 = 0.25};
	const struct {
		struct saker_value v;
		const char *out;
	} cases[] = {
		{saker_value_u64(SAKER_TYPE_BOOL, 1), "true"},
		{saker_value_u64(SAKER_TYPE_BOOL, 0), "false"},
		{saker_value_u64(SAKER_TYPE_U64, UINT64_MAX), "18446744073709551615"},
		{saker_value_i64(SAKER_TYPE_I64, INT64_MIN), "-9223372036854775808"},
		{saker_value_u64(SAKER_TYPE_PORT, 443), "443"},
		{saker_value_str(NULL, 0), "\"\""},
		{ip4, "\"192.0.2.1\""},
		{ip6, "\"2001:db8::1\""},
		{hex, "\"FE00\""},
		{oct, "\"755\""},
		{pad, "\"000000042\""},
		{dbl, "0.25"},
		{neg, "\"FFFFFFFE\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct saker_value v = cases[i].v;
		struct output_buffer b;
		char buf[64];

		if (i == 8)
			v.format = SAKER_FORMAT_HEX;
		if (i == 9)
			v.format = SAKER_FORMAT_OCT;
		if (i == 10)
			v.format = SAKER_FORMAT_PADDED_DEC;
		output_buffer_init(&b, buf, sizeof(buf));
		output_put_json_value(&b, &v);
		output_buffer_finish(&b);
		assert_string_equal(buf, cases[i].out);
	}
}

/* Every size: never past the end, the length always told, the start always the same. */
static void test_short_buffers(void **state)
{
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert a = sample();
	char full[1024];
	size_t len;

	a.message = "a\nb\xc3";
	f.json = true;
	len = saker_alert_write(&a, &f, full, sizeof(full));
	assert_true(len < sizeof(full));
	assert_int_equal(saker_alert_write(&a, &f, NULL, 0), len);
	for (size_t size = 1; size <= len + 1; size++) {
		char *buf = malloc(size);

		assert_non_null(buf);
		assert_int_equal(saker_alert_write(&a, &f, buf, size), len);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, full, size - 1);
		free(buf);
	}
}

static void test_arguments(void **state)
{
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert a = sample();
	char buf[8] = "x";

	assert_int_equal(saker_alert_write(NULL, &f, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(saker_alert_write(&a, NULL, buf, sizeof(buf)), 0);
	assert_int_equal(saker_alert_write(&a, &f, NULL, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	   cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_empty), cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_every_byte), cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_short_buffers),
		cmocka_unit_test(test_arguments),
	};

	set_zone("UTC");
	return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
