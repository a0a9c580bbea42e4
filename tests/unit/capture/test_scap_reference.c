// SPDX-License-Identifier: Apache-2.0
/*
 * Real captures (SAKER_REFERENCE/captures): each NAME.scap yields exactly the
 * events that NAME.types.txt counts, and all decode to what the schema says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>

#include <saker/event_codes.h>

#include "scap_reader.h"

struct counts {
	uint32_t by_code[SAKER_EVENT_CODES];
	uint32_t tasks;
	uint32_t files;
};

/* Fixed values have their size or are unknown; text ends in NUL. */
static void check_params(const struct saker_event_view *view)
{
	for (uint32_t i = 0; i < view->n_params; i++) {
		const struct saker_param_info *info = &view->info->params[i];
		const struct saker_param *p = &view->params[i];
		uint32_t size = saker_param_type_size(info->type);

		if (p->len == 0)
			continue;
		if (size && p->len != size)
			fail_msg("%s.%s has %u bytes", view->info->name, info->name, p->len);
		if ((info->type == SAKER_PT_CHARBUF || info->type == SAKER_PT_FSPATH ||
		     info->type == SAKER_PT_FSRELPATH) &&
		    p->data[p->len - 1] != '\0')
			fail_msg("%s.%s does not end in NUL", view->info->name, info->name);
		if (info->type == SAKER_PT_DYN)
			assert_true(p->data[0] < info->n_variants);
	}
}

static void count(struct reader *r, struct counts *counts)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_event_view view;
	int result;

	while ((result = saker_capture_next(r->capture, -1, &event, &meta)) == 1) {
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		check_params(&view);
		assert_false(view.info->flags & SAKER_EF_UNUSED);
		if (!(meta.flags & SAKER_EVENT_META_STATE_ONLY))
			assert_false(view.info->flags & SAKER_EF_OLD_VERSION);
		if (meta.flags & SAKER_EVENT_META_INITIAL) {
			assert_true(view.info->category & SAKER_EC_ITER);
			if (event->type == SAKER_EV_ITER_TASK_E)
				counts->tasks++;
			else
				counts->files++;
		} else if (!(meta.flags & SAKER_EVENT_META_STATE_ONLY)) {
			counts->by_code[event->type]++;
		}
	}
	assert_int_equal(result, -ENODATA);
	assert_int_equal(r->n_diags, 0);
}

static void expect_counts(const char *scap, struct counts *counts)
{
	char path[4096];
	char line[256];
	unsigned int n, code;
	FILE *f;

	snprintf(path, sizeof(path), "%.*s.types.txt", (int)(strlen(scap) - strlen(".scap")), scap);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u %u", &n, &code) != 2)
			continue;
		assert_true(code < SAKER_EVENT_CODES);
		if (counts->by_code[code] != n)
			fail_msg("%s: %u events %u, not %u", scap, counts->by_code[code], code, n);
		counts->by_code[code] = 0;
	}
	fclose(f);
	for (code = 0; code < SAKER_EVENT_CODES; code++)
		if (counts->by_code[code])
			fail_msg("%s: %u events %u too many", scap, counts->by_code[code], code);
}

static void test_captures(void **state)
{
	const char *reference = getenv("SAKER_REFERENCE");
	char pattern[4096];
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/captures/*.scap", reference);
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct counts counts = {0};
		struct reader r = {.fd = -1};

		assert_int_equal(reader_open_file(&r, files.gl_pathv[i], false), 0);
		count(&r, &counts);
		assert_true(counts.tasks > 0);
		expect_counts(files.gl_pathv[i], &counts);
		reader_close(&r);
	}
	globfree(&files);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
	};

	if (!getenv("SAKER_REFERENCE") || !*getenv("SAKER_REFERENCE")) {
		fprintf(stderr, "skipped: SAKER_REFERENCE is not set\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
