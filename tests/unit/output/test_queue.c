/* SPDX-License-Identifier: Apache-2.0 */
/* The alert queue over files that grow and rotate, its bounds, and the frames of a
 * container's log cut in every way. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "source.h"

#define ALERT(rule) "{\"rule\":\"" rule "\",\"output_fields\":{},\"priority\":\"Error\"}\n"

static char folder[64];
static char path[128];

static int set_up(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/saker-queue-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/alerts", folder);
	return 0;
}

static int tear_down(void **state)
{
	char old[160];

	snprintf(old, sizeof(old), "%s.1", path);
	unlink(old);
	unlink(path);
	return rmdir(folder);
}

static void append(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static struct saker_alert_queue *start(bool from_start, uint32_t capacity)
{
	struct saker_alert_queue_options o = SAKER_ALERT_QUEUE_OPTIONS_INIT;
	struct saker_alert_queue *queue;

	o.file = path;
	o.from_start = from_start;
	o.capacity = capacity;
	assert_int_equal(saker_alert_queue_start(&o, &queue), 0);
	return queue;
}

static void expect(struct saker_alert_queue *queue, const char *rule)
{
	struct saker_alert a;

	assert_int_equal(saker_alert_queue_get(queue, 5000, &a), 1);
	assert_string_equal(a.rule, rule);
	assert_int_equal(a.priority, SAKER_PRIORITY_ERROR);
}

static struct saker_alert_queue_stats stats_of(struct saker_alert_queue *queue)
{
	struct saker_alert_queue_stats stats = {.size = sizeof(stats)};

	assert_int_equal(saker_alert_queue_get_stats(queue, &stats), 0);
	assert_int_equal(stats.lines, stats.alerts + stats.others + stats.errors);
	return stats;
}

static void wait_for_lines(struct saker_alert_queue *queue, uint64_t n)
{
	for (int i = 0; i < 500 && stats_of(queue).lines < n; i++)
		poll(NULL, 0, 10);
	assert_int_equal(stats_of(queue).lines, n);
}

static void test_follow(void **state)
{
	struct saker_alert_queue *queue;
	struct saker_alert a;

	append(ALERT("old"));
	queue = start(false, 0);
	assert_int_equal(saker_alert_queue_get(queue, 100, &a), 0);
	assert_int_equal(saker_alert_queue_get_nowait(queue, &a), 0);
	append("plain text\n{broken\n{\"json\":1}\n");
	append(ALERT("new"));
	expect(queue, "new");
	append("{\"rule\":\"in two\",\"output_fie");
	poll(NULL, 0, 120);
	append("lds\":{},\"priority\":\"Error\"}\n");
	expect(queue, "in two");
	assert_int_equal(stats_of(queue).others, 2);
	assert_int_equal(stats_of(queue).errors, 1);
	assert_int_equal(stats_of(queue).alerts, 2);
	assert_true(stats_of(queue).running);
	assert_int_equal(saker_alert_queue_stop(queue), 0);
	assert_int_equal(saker_alert_queue_get(queue, -1, &a), -ENODATA);
	assert_false(stats_of(queue).running);
	assert_null(saker_alert_queue_free(queue));
}

/* Renamed with a new one in its place, then cut to nothing, then gone for a while. */
static void test_rotation(void **state)
{
	struct saker_alert_queue *queue;
	char old[160];

	snprintf(old, sizeof(old), "%s.1", path);
	append(ALERT("one"));
	queue = start(true, 0);
	expect(queue, "one");
	append("{\"rule\":\"two\",\"output_fields\":{},\"priority\":\"Error\"}"); /* no newline */
	assert_int_equal(rename(path, old), 0);
	append(ALERT("three"));
	expect(queue, "two");
	expect(queue, "three");
	assert_int_equal(truncate(path, 0), 0);
	poll(NULL, 0, 150);
	append(ALERT("4"));
	expect(queue, "4");
	assert_int_equal(unlink(path), 0);
	poll(NULL, 0, 150);
	append(ALERT("five"));
	expect(queue, "five");
	assert_int_equal(stats_of(queue).reconnects, 3);
	saker_alert_queue_free(queue);
}

static void test_appears_later(void **state)
{
	struct saker_alert_queue *queue = start(false, 0);

	append(ALERT("first"));
	expect(queue, "first");
	saker_alert_queue_free(queue);
}

static void test_bounds(void **state)
{
	struct saker_alert_queue *queue;
	struct saker_alert a;

	for (int i = 0; i < 100; i++)
		append(ALERT("many"));
	queue = start(true, 10);
	wait_for_lines(queue, 100);
	assert_int_equal(saker_alert_queue_size(queue), 10);
	assert_int_equal(stats_of(queue).dropped, 90);
	assert_int_equal(saker_alert_queue_stop(queue), 0);
	for (int i = 0; i < 10; i++)
		expect(queue, "many"); /* what is queued can still be got */
	assert_int_equal(saker_alert_queue_get(queue, 0, &a), -ENODATA);
	assert_int_equal(stats_of(queue).got, 10);
	saker_alert_queue_free(queue);
}

static void test_poll(void **state)
{
	struct saker_alert_queue *queue;
	struct pollfd fd = {.events = POLLIN};

	queue = start(true, 0);
	fd.fd = saker_alert_queue_fd(queue);
	assert_int_equal(poll(&fd, 1, 0), 0);
	append(ALERT("a") ALERT("b"));
	assert_int_equal(poll(&fd, 1, 5000), 1);
	expect(queue, "a");
	expect(queue, "b");
	assert_int_equal(poll(&fd, 1, 0), 0);
	saker_alert_queue_stop(queue);
	assert_int_equal(poll(&fd, 1, 5000), 1);
	saker_alert_queue_free(queue);
}

static void test_long_line(void **state)
{
	struct saker_alert_queue *queue;
	char *line = malloc(SAKER_QUEUE_MAX_LINE + 2);

	assert_non_null(line);
	memset(line, 'x', SAKER_QUEUE_MAX_LINE + 1);
	line[0] = '{';
	line[SAKER_QUEUE_MAX_LINE + 1] = '\0';
	append(line);
	append(line);
	append("\n" ALERT("after"));
	queue = start(true, 0);
	expect(queue, "after");
	assert_int_equal(stats_of(queue).errors, 1);
	saker_alert_queue_free(queue);
	free(line);
}

static void test_lines_and_text(void **state)
{
	struct saker_alert_queue_options o = SAKER_ALERT_QUEUE_OPTIONS_INIT;
	struct saker_alert_queue *queue;
	struct saker_alert a;
	const char *line;
	uint64_t time;
	size_t len;

	append("plain\r\n18:34:34.926492031: Error What happened | user=root\n");
	o.file = path;
	o.from_start = o.end = o.all_lines = o.text = true;
	assert_int_equal(saker_alert_queue_start(&o, &queue), 0);
	assert_int_equal(saker_alert_queue_get_line(queue, -1, &line, &len, &time), 1);
	assert_string_equal(line, "plain");
	assert_int_equal(len, 5);
	assert_int_equal(time, 0);
	expect(queue, "What happened");
	assert_int_equal(saker_alert_queue_get(queue, -1, &a), -ENODATA);
	saker_alert_queue_free(queue);
}

static void test_arguments(void **state)
{
	struct saker_alert_queue_options o = SAKER_ALERT_QUEUE_OPTIONS_INIT;
	struct saker_alert_queue *queue;

	assert_int_equal(saker_alert_queue_start(&o, &queue), -EINVAL);
	o.file = path;
	o.container = "c";
	assert_int_equal(saker_alert_queue_start(&o, &queue), -EINVAL);
	o.container = NULL;
	o.end = true;
	assert_int_equal(saker_alert_queue_start(&o, &queue), -ENOENT);
	assert_null(saker_alert_queue_free(NULL));
	assert_int_equal(saker_alert_queue_stop(NULL), -EINVAL);
	assert_int_equal(saker_alert_queue_size(NULL), 0);
}

/* ---- frames ---------------------------------------------------------------------- */

static size_t frame(char *to, uint8_t stream, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);

	memset(to, 0, 8);
	to[0] = (char)stream;
	to[6] = (char)(len >> 8);
	to[7] = (char)len;
	memcpy(to + 8, text, len);
	return 8 + len;
}

static char seen[512];

static void note(struct saker_alert_queue *queue, const char *line, size_t len)
{
	size_t n = strlen(seen);

	snprintf(seen + n, sizeof(seen) - n, "%.*s|", (int)len, line);
}

/* Cut at every place, and into single bytes: always the same lines, each stream by itself. */
static void test_frames(void **state)
{
	struct output_frames f = {0};
	char data[256];
	size_t n = 0;

	n += frame(data + n, 1, "one\ntw");
	n += frame(data + n, 2, "err");
	n += frame(data + n, 1, "");
	n += frame(data + n, 1, "o\nthree\n");
	n += frame(data + n, 2, "or\n");
	for (size_t cut = 0; cut <= n; cut++) {
		seen[0] = '\0';
		assert_int_equal(output_frames_feed(NULL, &f, data, cut, note), 0);
		assert_int_equal(output_frames_feed(NULL, &f, data + cut, n - cut, note), 0);
		assert_string_equal(seen, "one|two|three|error|");
		output_frames_fini(&f);
	}
	seen[0] = '\0';
	for (size_t i = 0; i < n; i++)
		assert_int_equal(output_frames_feed(NULL, &f, data + i, 1, note), 0);
	assert_string_equal(seen, "one|two|three|error|");
	output_frames_fini(&f);
	assert_int_equal(output_frames_feed(NULL, &f, "{\"rule\":\"no frame\"}", 18, note),
			 -EBADMSG);
	output_frames_fini(&f);
	f.raw = true;
	seen[0] = '\0';
	assert_int_equal(output_frames_feed(NULL, &f, "a terminal\nhas no", 17, note), 0);
	assert_string_equal(seen, "a terminal|");
	output_frames_fini(&f);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_follow),		T(test_rotation),  T(test_appears_later),
		T(test_bounds),		T(test_poll),	   T(test_long_line),
		T(test_lines_and_text), T(test_arguments), cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
