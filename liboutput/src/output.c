/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object behind <saker/output.h>: formats an alert once, hands it to every
 * sink's queue, adds up their counters.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "sink.h"

#define STACK_ALERT (16 << 10) /* most alerts are formatted on the stack */

void output_log(const struct output_sink *sink, enum saker_severity severity, const char *format,
		...)
{
	char text[512];
	va_list ap;

	if (!sink->log)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	sink->log(sink->log_userdata, severity, text);
}

static char *machine_hostname(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0)
		name[0] = '\0';
	return strdup(name);
}

int saker_output_new(const struct saker_output_options *options, struct saker_output **ret_output)
{
	static const struct saker_output_options defaults = SAKER_OUTPUT_OPTIONS_INIT;
	struct saker_output *output;

	if (!ret_output)
		return -EINVAL;
	if (!options)
		options = &defaults;
	if (options->size != sizeof(*options) || options->queue_capacity > OUTPUT_MAX_CAPACITY)
		return -EINVAL;
	output = calloc(1, sizeof(*output));
	if (!output)
		return -ENOMEM;
	output->format = options->format;
	output->capacity = options->queue_capacity;
	output->buffered = options->buffered;
	output->log = options->log;
	output->log_userdata = options->log_userdata;
	output->hostname = options->hostname ? strdup(options->hostname) : machine_hostname();
	if (!output->hostname) {
		free(output);
		return -ENOMEM;
	}
	tzset(); /* localtime_r() need not, and alerts show local time */
	*ret_output = output;
	return 0;
}

static struct output_sink *sink_free(struct output_sink *sink)
{
	if (!sink)
		return NULL;
	if (sink->descriptor)
		sink->descriptor->close(sink);
	output_queue_fini(sink);
	free(sink->batch);
	free(sink->buf);
	free(sink->path);
	free(sink);
	return NULL;
}

static int sink_new(struct saker_output *output, const struct output_sink_descriptor *descriptor,
		    const char *path, struct output_sink **ret_sink)
{
	struct output_sink *sink;

	if (output->n_sinks == OUTPUT_MAX_SINKS)
		return -ENOSPC;
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return -ENOMEM;
	sink->fd = -1;
	sink->descriptor = descriptor;
	sink->format = output->format;
	sink->hostname = output->hostname;
	sink->log = output->log;
	sink->log_userdata = output->log_userdata;
	sink->buffered = output->buffered;
	if (path)
		sink->path = strdup(path);
	if ((path && !sink->path) || output_queue_init(sink, output->capacity) < 0) {
		sink_free(sink);
		return -ENOMEM;
	}
	*ret_sink = sink;
	return 0;
}

/* Opens, starts and adds it, or frees it. */
static int sink_add(struct saker_output *output, struct output_sink *sink)
{
	int r = sink->descriptor->open(sink);

	if (r == 0)
		r = output_worker_start(sink);
	if (r < 0) {
		sink_free(sink);
		return r;
	}
	output->sinks[output->n_sinks++] = sink;
	return 0;
}

int saker_output_add_stdout(struct saker_output *output, bool colour)
{
	struct output_sink *sink;
	int r;

	if (!output)
		return -EINVAL;
	r = sink_new(output, &output_sink_stdout, NULL, &sink);
	if (r < 0)
		return r;
	sink->colour = colour;
	return sink_add(output, sink);
}

int saker_output_add_file(struct saker_output *output, const char *path, bool keep_alive)
{
	struct output_sink *sink;
	int r;

	if (!output || !path || !*path)
		return -EINVAL;
	r = sink_new(output, &output_sink_file, path, &sink);
	if (r < 0)
		return r;
	sink->keep_alive = keep_alive;
	return sink_add(output, sink);
}

static struct output_message *message_new(const struct saker_output *output,
					  const struct saker_alert *alert)
{
	struct output_message *m = NULL;
	struct output_layout layout;
	char stack[STACK_ALERT];
	size_t len;

	len = output_alert_write(alert, &output->format, stack, sizeof(stack), &layout);
	if (len > OUTPUT_MAX_ALERT)
		return NULL;
	m = malloc(sizeof(*m) + len + 1);
	if (!m)
		return NULL;
	if (len < sizeof(stack))
		memcpy(m->data, stack, len);
	else
		output_alert_write(alert, &output->format, m->data, len + 1, &layout);
	m->data[len] = '\n';
	m->len = (uint32_t)len + 1;
	m->layout = layout;
	m->priority = alert->priority;
	atomic_init(&m->refs, 1);
	return m;
}

int saker_output_emit(struct saker_output *output, const struct saker_alert *alert)
{
	struct output_message *message;

	if (!output || !alert)
		return -EINVAL;
	message = message_new(output, alert);
	atomic_fetch_add(&output->emitted, 1);
	for (uint32_t i = 0; i < output->n_sinks; i++)
		output_queue_push(output->sinks[i], message, alert->time);
	output_message_unref(message);
	return 0;
}

static int sink_flush(struct output_sink *sink, const struct timespec *until)
{
	int r = 0;

	pthread_mutex_lock(&sink->lock);
	sink->flush = true;
	pthread_cond_broadcast(&sink->wake);
	while (!sink->broken && (sink->n || sink->busy || sink->gap.n) && r == 0) {
		if (pthread_cond_timedwait(&sink->idle, &sink->lock, until) == ETIMEDOUT)
			r = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&sink->lock);
	return r;
}

int saker_output_flush(struct saker_output *output, int timeout_ms)
{
	struct timespec until;
	uint64_t deadline;
	int r = 0;

	if (!output || timeout_ms < 0)
		return -EINVAL;
	deadline = output_now() + (uint64_t)timeout_ms * 1000000;
	until.tv_sec = (time_t)(deadline / 1000000000);
	until.tv_nsec = (long)(deadline % 1000000000);
	for (uint32_t i = 0; i < output->n_sinks; i++) {
		if (sink_flush(output->sinks[i], &until) < 0)
			r = -ETIMEDOUT;
	}
	return r;
}

int saker_output_reopen(struct saker_output *output)
{
	if (!output)
		return -EINVAL;
	for (uint32_t i = 0; i < output->n_sinks; i++) {
		struct output_sink *sink = output->sinks[i];

		pthread_mutex_lock(&sink->lock);
		sink->reopen = true;
		pthread_cond_broadcast(&sink->wake);
		pthread_mutex_unlock(&sink->lock);
	}
	return 0;
}

int saker_output_get_stats(const struct saker_output *output, struct saker_output_stats *ret_stats)
{
	struct saker_output_stats stats = {.size = sizeof(stats)};

	if (!output || !ret_stats || ret_stats->size != sizeof(*ret_stats))
		return -EINVAL;
	stats.emitted = atomic_load(&output->emitted);
	stats.n_sinks = output->n_sinks;
	for (uint32_t i = 0; i < output->n_sinks; i++) {
		struct output_sink *sink = output->sinks[i];

		pthread_mutex_lock(&sink->lock);
		stats.delivered += sink->delivered;
		stats.dropped += sink->dropped;
		stats.failed += sink->failed;
		stats.queued += sink->n + sink->in_flight;
		stats.n_broken += sink->broken;
		pthread_mutex_unlock(&sink->lock);
	}
	*ret_stats = stats;
	return 0;
}

int saker_output_stop(struct saker_output *output, int timeout_ms)
{
	uint64_t deadline;
	int r = 0;

	if (!output || timeout_ms < 0)
		return -EINVAL;
	deadline = output_now() + (uint64_t)timeout_ms * 1000000;
	/* All at once, so that the bound holds for them together. */
	for (uint32_t i = 0; i < output->n_sinks; i++)
		output_worker_ask_stop(output->sinks[i]);
	for (uint32_t i = 0; i < output->n_sinks; i++) {
		if (output_worker_stop(output->sinks[i], deadline) < 0)
			r = -ETIMEDOUT;
	}
	return r;
}

struct saker_output *saker_output_free(struct saker_output *output)
{
	bool stuck = false;

	if (!output)
		return NULL;
	saker_output_stop(output, OUTPUT_STOP_MS);
	for (uint32_t i = 0; i < output->n_sinks; i++) {
		if (output->sinks[i]->stuck)
			stuck = true; /* its thread still uses it */
		else
			sink_free(output->sinks[i]);
	}
	if (!stuck)
		free(output->hostname);
	free(output);
	return NULL;
}
