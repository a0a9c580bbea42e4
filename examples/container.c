/* SPDX-License-Identifier: Apache-2.0 */
/*
 * liboutput alone: the alerts of a running container (or of a file that grows), as
 * they come.
 *
 *   container falco                  the container's name or id; new alerts only
 *   container /var/log/alerts        a file, from its start
 */
#include <saker/alert_queue.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = 1;
}

int main(int argc, char **argv)
{
	struct saker_alert_queue_options options = SAKER_ALERT_QUEUE_OPTIONS_INIT;
	struct saker_alert_queue_stats stats = {.size = sizeof(stats)};
	struct saker_alert_queue *queue;
	struct saker_alert alert;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: container NAME|/PATH\n");
		return 2;
	}
	options.container = argv[1][0] == '/' ? NULL : argv[1];
	options.file = argv[1][0] == '/' ? argv[1] : NULL;
	options.from_start = options.file != NULL;
	r = saker_alert_queue_start(&options, &queue);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
		return 1;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (!stop && (r = saker_alert_queue_get(queue, 200, &alert)) >= 0) {
		if (r == 0)
			continue;
		printf("%s: %s: %s\n", saker_priority_name(alert.priority), alert.rule,
		       alert.message);
		fflush(stdout);
	}
	saker_alert_queue_stop(queue);
	saker_alert_queue_get_stats(queue, &stats);
	fprintf(stderr, "%llu lines, %llu alerts, %llu errors, %llu dropped\n",
		(unsigned long long)stats.lines, (unsigned long long)stats.alerts,
		(unsigned long long)stats.errors, (unsigned long long)stats.dropped);
	saker_alert_queue_free(queue);
	return 0;
}
