/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker:NAME, podman:NAME: a container's log out of its engine, through liboutput's
 * queue, which is bounded, connects again and counts.
 */
#include <saker/alert_queue.h>

#include "evtagg.h"
#include "input.h"

#define CAPACITY 65536

static int container_open(struct input *in, const char *what, const char *socket)
{
	struct saker_alert_queue_options o = SAKER_ALERT_QUEUE_OPTIONS_INIT;
	struct saker_alert_queue *queue;
	int r;

	o.container = what;
	o.socket = in->options->socket ? in->options->socket : socket;
	o.capacity = CAPACITY;
	o.since = in->options->since;
	o.from_start = !in->options->from_now;
	o.end = !in->options->follow;
	o.all_lines = true;
	r = saker_alert_queue_start(&o, &queue);
	if (r == -ENOENT)
		snprintf(in->error, sizeof(in->error), "there is no such container");
	else if (r == -ECONNREFUSED)
		snprintf(in->error, sizeof(in->error),
			 "no engine answers; name its socket with --engine");
	if (r < 0)
		return r;
	in->state = queue;
	return 0;
}

static int docker_open(struct input *in, const char *what)
{
	return container_open(in, what, NULL);
}

static int podman_open(struct input *in, const char *what)
{
	const char *path = "/run/podman/podman.sock";

	return container_open(in, what, access(path, F_OK) == 0 ? path : NULL);
}

static int container_next(struct input *in, struct block *ret)
{
	struct saker_alert_queue_stats stats = {.size = sizeof(stats)};
	const char *line;
	size_t len;
	int r = saker_alert_queue_get_line(in->state, 0, &line, &len, &ret->time);

	saker_alert_queue_get_stats(in->state, &stats);
	in->stats.bytes = stats.bytes;
	in->stats.dropped = stats.dropped;
	in->stats.reconnects = stats.reconnects;
	if (r == -EIO)
		snprintf(in->error, sizeof(in->error), "the container is gone");
	if (r <= 0)
		return r;
	ret->data = (char *)line;
	ret->len = len;
	ret->empty_line = len == 0;
	return 1;
}

static int container_fd(struct input *in)
{
	return saker_alert_queue_fd(in->state);
}

static void container_close(struct input *in)
{
	in->state = saker_alert_queue_free(in->state);
}

const struct input_kind input_docker = {
	.name = "docker",
	.prefix = "docker:",
	.shown = "docker:NAME",
	.summary = "a container's log, from Docker (or what speaks its API)",
	.open = docker_open,
	.next = container_next,
	.fd = container_fd,
	.close = container_close,
};

const struct input_kind input_podman = {
	.name = "podman",
	.prefix = "podman:",
	.shown = "podman:NAME",
	.summary = "the same from Podman's service",
	.open = podman_open,
	.next = container_next,
	.fd = container_fd,
	.close = container_close,
};
