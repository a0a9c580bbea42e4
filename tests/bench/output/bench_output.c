/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts a second: formatted, handed over, and delivered to a file. Prints figures only. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <saker/output.h>

#include "common/util.h"

#define N 300000

static const char *const tags[] = {"T1555", "container", "filesystem", "host", "maturity_stable"};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void bench_write(const struct saker_alert *a, bool json)
{
	struct saker_alert_format f = SAKER_ALERT_FORMAT_INIT;
	static char buf[8192];
	size_t bytes = 0;
	double start;

	f.json = json;
	start = now();
	for (int i = 0; i < N; i++)
		bytes += saker_alert_write(a, &f, buf, sizeof(buf));
	start = now() - start;
	printf("write %s: %.0f alerts/s, %.0f MB/s\n", json ? "json" : "text", N / start,
	       (double)bytes / start / 1e6);
}

static void bench_deliver(const struct saker_alert *a, const char *what, bool buffered, bool keep)
{
	struct saker_output_options options = SAKER_OUTPUT_OPTIONS_INIT;
	struct saker_output_stats s = {.size = sizeof(s)};
	char path[] = "/tmp/saker-bench-XXXXXX";
	struct saker_output *o;
	double start, used, emitted;
	int fd = mkstemp(path);

	if (fd < 0)
		return;
	close(fd);
	options.format.json = true;
	options.buffered = buffered;
	options.queue_capacity = 1 << 20;
	if (saker_output_new(&options, &o) < 0 || saker_output_add_file(o, path, keep) < 0)
		exit(1);
	start = now();
	used = cpu();
	for (int i = 0; i < N; i++)
		saker_output_emit(o, a);
	emitted = now() - start;
	saker_output_flush(o, 60000);
	start = now() - start;
	used = cpu() - used;
	saker_output_get_stats(o, &s);
	saker_output_free(o);
	unlink(path);
	printf("deliver %s: %.0f emitted/s, %llu of %d delivered, %.0f/s, %.2f us CPU each\n", what,
	       N / emitted, (unsigned long long)s.delivered, N, (double)s.delivered / start,
	       used / N * 1e6);
}

int main(void)
{
	struct saker_alert_field fields[] = {
		{.name = "evt.time",
		 .value = saker_value_u64(SAKER_TYPE_ABSTIME, UINT64_C(1795199674926492031))},
		{.name = "evt.type", .value = saker_value_str("openat", 6)},
		{.name = "fd.name", .value = saker_value_str("/etc/shadow", 11)},
		{.name = "proc.aname[2]", .value = saker_value_str("timeout", 7)},
		{.name = "proc.aname[3]", .value = saker_value_str("bash", 4)},
		{.name = "proc.cmdline", .value = saker_value_str("cat /etc/shadow", 15)},
		{.name = "proc.exepath", .value = saker_value_str("/usr/bin/cat", 12)},
		{.name = "proc.tty", .value = saker_value_i64(SAKER_TYPE_I32, 0)},
		{.name = "user.loginuid", .value = saker_value_i64(SAKER_TYPE_I64, -1)},
		{.name = "user.name", .value = saker_value_str("root", 4)},
	};
	struct saker_alert a = {
		.time = UINT64_C(1795199674926492031),
		.rule = "Read sensitive file untrusted",
		.priority = SAKER_PRIORITY_WARNING,
		.source = "syscall",
		.hostname = "vm",
		.message =
			"Sensitive file opened for reading by non-trusted program | "
			"file=/etc/shadow gparent=timeout ggparent=bash gggparent=bash "
			"evt_type=openat user=root user_uid=0 user_loginuid=-1 process=cat "
			"proc_exepath=/usr/bin/cat parent=bash command=cat /etc/shadow terminal=0",
		.tags = tags,
		.n_tags = ARRAY_SIZE(tags),
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
	};

	bench_write(&a, false);
	bench_write(&a, true);
	bench_deliver(&a, "to a file", false, true);
	bench_deliver(&a, "to a file, buffered", true, true);
	bench_deliver(&a, "to a file opened for each", false, false);
	return 0;
}
