/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Falco's own alerts, read back and written again: byte for byte the same.
 * Needs the reference material (SAKER_REFERENCE), skips without it.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include <time.h>

#include <saker/output.h>

#include "common/util.h"

#define MAX_FIELDS 64

static struct saker_value value_of(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return saker_value_str(json_string_value(v), json_string_length(v));
	case JSON_INTEGER:
		return saker_value_i64(SAKER_TYPE_I64, json_integer_value(v));
	case JSON_TRUE:
	case JSON_FALSE:
		return saker_value_u64(SAKER_TYPE_BOOL, json_is_true(v));
	case JSON_REAL: {
		struct saker_value real = {.type = SAKER_TYPE_DOUBLE, .f64 = json_real_value(v)};

		return real;
	}
	default:
		return saker_value_absent(SAKER_TYPE_STRING, SAKER_ABSENT_NOT_APPLICABLE);
	}
}

static enum saker_priority priority_of(const char *name)
{
	for (int p = 0; p < 8; p++) {
		if (util_streq(saker_priority_name((enum saker_priority)p), name))
			return (enum saker_priority)p;
	}
	fail_msg("unknown priority %s", name);
	return SAKER_PRIORITY_DEBUG;
}

static uint64_t time_of(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	assert_non_null(rest);
	return (uint64_t)timegm(&tm) * 1000000000 + strtoull(rest + 1, NULL, 10);
}

static const char *text(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	assert_non_null(s);
	return s;
}

static void rewrite_line(const char *line)
{
	static char out[65536];
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	struct saker_alert_field fields[MAX_FIELDS];
	const char *tags[MAX_FIELDS], *key;
	struct saker_alert a = {0};
	json_error_t error;
	json_t *j = json_loads(line, 0, &error), *v;
	size_t i;

	assert_non_null(j);
	f.json = true;
	a.time = time_of(text(j, "time"));
	a.rule = text(j, "rule");
	a.priority = priority_of(text(j, "priority"));
	a.source = text(j, "source");
	a.hostname = text(j, "hostname");
	a.message = strchr(text(j, "output") + 20, ' ') + 1;
	json_array_foreach(json_object_get(j, "tags"), i, v) tags[a.n_tags++] =
		json_string_value(v);
	a.tags = tags;
	json_object_foreach(json_object_get(j, "output_fields"), key, v)
	{
		assert_true(a.n_fields < MAX_FIELDS);
		fields[a.n_fields++] =
			(struct saker_alert_field){.name = key, .value = value_of(v)};
	}
	a.fields = fields;
	assert_true(saker_alert_write(&a, &f, out, sizeof(out)) < sizeof(out));
	assert_string_equal(out, line);
	json_decref(j);
}

static void test_round_trip(void **state)
{
	const char *reference = getenv("SAKER_REFERENCE");
	char pattern[4096], *line = NULL;
	size_t size = 0, n = 0;
	glob_t files;

	if (!reference) {
		print_message("SAKER_REFERENCE is not set: no alerts to compare with\n");
		skip();
	}
	snprintf(pattern, sizeof(pattern), "%s/captures/*.alerts.jsonl", reference);
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *f = fopen(files.gl_pathv[i], "re");

		assert_non_null(f);
		while (getline(&line, &size, f) > 0) {
			line[strcspn(line, "\n")] = '\0';
			rewrite_line(line);
			n++;
		}
		fclose(f);
	}
	globfree(&files);
	free(line);
	print_message("%zu alerts written again\n", n);
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip)};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
