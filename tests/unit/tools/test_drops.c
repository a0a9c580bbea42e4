/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of when lost events are reported: threshold, actions, rate and burst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "drops.h"

#define S UINT64_C(1000000000)

/* A run of looks, one a second unless said otherwise. */
struct look {
	uint64_t after_s; /* since the look before */
	uint64_t seen;	  /* since then */
	uint64_t dropped;
	enum drops_verdict verdict;
};

static void play(const struct config *config, const struct look *looks, size_t n)
{
	uint64_t now = 1000 * S, seen = 0, dropped = 0, got_seen, got_dropped;
	struct drops d = {0};

	for (size_t i = 0; i < n; i++) {
		now += looks[i].after_s * S;
		seen += looks[i].seen;
		dropped += looks[i].dropped;
		assert_int_equal(
			drops_judge(&d, now, seen, dropped, config, &got_seen, &got_dropped),
			looks[i].verdict);
		assert_int_equal(got_seen, looks[i].seen);
		assert_int_equal(got_dropped, looks[i].dropped);
	}
}

static void test_threshold(void **state)
{
	static const struct look looks[] = {
		{1, 0, 0, DROPS_FINE},
		{1, 1000, 0, DROPS_FINE},
		{1, 1000, 100, DROPS_FINE}, /* at it, not over */
		{1, 1000, 101, DROPS_REPORT},
	};
	struct config config = {
		.drop_threshold = 0.1, .drop_burst = 1, .drop_actions = CONFIG_DROP_LOG};

	play(&config, looks, ARRAY_SIZE(looks));
}

/* Two at once, then one in ten seconds; the bucket never holds more than the burst. */
static void test_limit(void **state)
{
	static const struct look looks[] = {
		{1, 10, 10, DROPS_REPORT},    {1, 10, 10, DROPS_REPORT}, {1, 10, 10, DROPS_HUSH},
		{1, 10, 10, DROPS_HUSH},      {9, 10, 10, DROPS_REPORT}, {1, 10, 10, DROPS_HUSH},
		{1000, 10, 10, DROPS_REPORT}, {1, 10, 10, DROPS_REPORT}, {1, 10, 10, DROPS_HUSH},
	};
	struct config config = {
		.drop_rate = 0.1, .drop_burst = 2, .drop_actions = CONFIG_DROP_ALERT};

	play(&config, looks, ARRAY_SIZE(looks));
}

static void test_actions(void **state)
{
	static const struct look ignored[] = {{1, 10, 10, DROPS_FINE}};
	static const struct look ended[] = {{1, 10, 0, DROPS_FINE}, {1, 10, 10, DROPS_END}};
	struct config config = {.drop_burst = 1};

	play(&config, ignored, ARRAY_SIZE(ignored));
	config.drop_actions = CONFIG_DROP_EXIT | CONFIG_DROP_LOG;
	play(&config, ended, ARRAY_SIZE(ended));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_actions),
	};

	return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
