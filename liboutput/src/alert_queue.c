/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of alerts: a ring of lines, filled by one thread, emptied by another. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>

#include "source.h"

/* ---- for sources ------------------------------------------------------------------ */

void output_source_log(const struct saker_alert_queue *queue, enum saker_severity severity,
		       const char *format, ...)
{
	char text[512];
	va_list ap;

	if (!queue->options.log)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	queue->options.log(queue->options.log_userdata, severity, text);
}

bool output_source_wait(struct saker_alert_queue *queue, int ms)
{
	struct pollfd fd = {queue->stop_fd, POLLIN, 0};

	poll(&fd, 1, ms);
	return atomic_load(&queue->stop);
}

void output_source_reconnected(struct saker_alert_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->stats.reconnects++;
	pthread_mutex_unlock(&queue->lock);
}

static void signal_ready(struct saker_alert_queue *queue)
{
	uint64_t one = 1;

	if (write(queue->ready_fd, &one, sizeof(one)) < 0)
		return; /* full: it is readable already */
}

/* What kind of line it is, so that plain ones take no room in the queue. */
static bool judge(struct saker_alert_queue *queue, const char *line, size_t len, bool *ret_error)
{
	struct saker_scanned scanned = {.kind = SAKER_LINE_TEXT};

	*ret_error = false;
	if (len && *line == '{')
		saker_alert_scan(queue->scanner, line, len, &scanned);
	else if (queue->options.text && saker_alert_is_text(line, len))
		return true;
	*ret_error = scanned.kind == SAKER_LINE_BROKEN;
	return scanned.kind == SAKER_LINE_ALERT;
}

static bool push(struct saker_alert_queue *queue, struct queue_line *line)
{
	bool full = queue->n == queue->capacity ||
		    (queue->n && queue->bytes + line->len > SAKER_QUEUE_MAX_BYTES);

	if (full || !line->text) {
		queue->stats.dropped++;
		return false;
	}
	queue->ring[(queue->head + queue->n++) % queue->capacity] = *line;
	queue->bytes += line->len;
	pthread_cond_signal(&queue->wake);
	if (queue->n == 1)
		signal_ready(queue);
	return true;
}

void output_source_line(struct saker_alert_queue *queue, const char *line, size_t len,
			uint64_t time)
{
	struct queue_line item = {.len = (uint32_t)len, .time = time};
	bool error, alert, wanted, kept = false;

	while (len && line[len - 1] == '\r')
		item.len = (uint32_t)--len;
	alert = judge(queue, line, len, &error);
	wanted = alert || queue->options.all_lines;
	if (wanted) {
		item.text = malloc(len + 1);
		if (item.text) {
			memcpy(item.text, line, len);
			item.text[len] = '\0';
		}
	}
	pthread_mutex_lock(&queue->lock);
	queue->stats.lines++;
	queue->stats.bytes += len + 1;
	queue->stats.alerts += alert;
	queue->stats.errors += error;
	queue->stats.others += !alert && !error;
	if (wanted)
		kept = push(queue, &item);
	pthread_mutex_unlock(&queue->lock);
	if (!kept)
		free(item.text);
}

static void count_too_long(struct saker_alert_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->stats.lines++;
	queue->stats.errors++;
	pthread_mutex_unlock(&queue->lock);
}

static int keep_rest(struct saker_alert_queue *queue, struct source_lines *lines, const char *data,
		     size_t len)
{
	size_t room = lines->room ? lines->room : 4096;
	char *p;

	if (lines->skipping)
		return 0;
	if (lines->len + len > SAKER_QUEUE_MAX_LINE) {
		lines->skipping = true;
		lines->len = 0;
		return 0;
	}
	while (room < lines->len + len)
		room *= 2;
	if (room > lines->room) {
		p = realloc(lines->p, room);
		if (!p)
			return -ENOMEM;
		lines->p = p;
		lines->room = room;
	}
	memcpy(lines->p + lines->len, data, len);
	lines->len += len;
	return 0;
}

int output_source_bytes(struct saker_alert_queue *queue, struct source_lines *lines,
			const char *data, size_t len, source_line_fn fn)
{
	const char *end = data + len, *newline;
	int r;

	while (data < end && (newline = memchr(data, '\n', (size_t)(end - data)))) {
		if (lines->skipping) {
			count_too_long(queue);
			lines->skipping = false;
		} else if (lines->len) {
			r = keep_rest(queue, lines, data, (size_t)(newline - data));
			if (r < 0)
				return r;
			if (lines->skipping)
				count_too_long(queue);
			else
				fn(queue, lines->p, lines->len);
			lines->skipping = false;
			lines->len = 0;
		} else {
			fn(queue, data, (size_t)(newline - data));
		}
		data = newline + 1;
	}
	return data < end ? keep_rest(queue, lines, data, (size_t)(end - data)) : 0;
}

void output_source_flush(struct saker_alert_queue *queue, struct source_lines *lines,
			 source_line_fn fn)
{
	if (lines->skipping)
		count_too_long(queue);
	else if (lines->len)
		fn(queue, lines->p, lines->len);
	lines->len = 0;
	lines->skipping = false;
}

/* ---- starting and stopping ------------------------------------------------------------ */

static void *run(void *userdata)
{
	struct saker_alert_queue *queue = userdata;
	int r = queue->source->run(queue);

	pthread_mutex_lock(&queue->lock);
	queue->ended = true;
	queue->result = r;
	pthread_cond_broadcast(&queue->wake);
	signal_ready(queue);
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

static int copy_options(struct saker_alert_queue *queue,
			const struct saker_alert_queue_options *options)
{
	struct saker_alert_queue_options *o = &queue->options;

	*o = *options;
	o->container = options->container ? strdup(options->container) : NULL;
	o->file = options->file ? strdup(options->file) : NULL;
	o->socket = options->socket ? strdup(options->socket) : NULL;
	if ((options->container && !o->container) || (options->file && !o->file) ||
	    (options->socket && !o->socket))
		return -ENOMEM;
	queue->capacity = options->capacity ? options->capacity : QUEUE_DEFAULT_CAPACITY;
	return 0;
}

static int prepare(struct saker_alert_queue *queue, const struct saker_alert_queue_options *options)
{
	struct saker_alert_reader_options reader = SAKER_ALERT_READER_OPTIONS_INIT;
	pthread_condattr_t attr;
	int r;

	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->wake, &attr);
	pthread_condattr_destroy(&attr);
	queue->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	queue->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->stop_fd < 0 || queue->ready_fd < 0)
		return -errno;
	r = copy_options(queue, options);
	if (r < 0)
		return r;
	queue->ring = calloc(queue->capacity, sizeof(*queue->ring));
	if (!queue->ring)
		return -ENOMEM;
	reader.json_only = !options->text;
	r = saker_alert_reader_new(&reader, &queue->reader);
	return r < 0 ? r : saker_alert_scanner_new(NULL, &queue->scanner);
}

int saker_alert_queue_start(const struct saker_alert_queue_options *options,
			    struct saker_alert_queue **ret_queue)
{
	struct saker_alert_queue *queue;
	int r;

	if (!options || !ret_queue || options->size != sizeof(*options) ||
	    !options->container == !options->file || options->capacity > QUEUE_MAX_CAPACITY)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->stop_fd = queue->ready_fd = -1;
	queue->source = options->file ? &output_source_file : &output_source_container;
	r = prepare(queue, options);
	if (r == 0)
		r = queue->source->open(queue);
	if (r == 0)
		r = -pthread_create(&queue->thread, NULL, run, queue);
	if (r < 0) {
		saker_alert_queue_free(queue);
		return r;
	}
	queue->has_thread = true;
	*ret_queue = queue;
	return 0;
}

int saker_alert_queue_stop(struct saker_alert_queue *queue)
{
	uint64_t one = 1;

	if (!queue)
		return -EINVAL;
	atomic_store(&queue->stop, true);
	if (write(queue->stop_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		return -errno;
	if (queue->has_thread)
		pthread_join(queue->thread, NULL);
	queue->has_thread = false;
	return 0;
}

struct saker_alert_queue *saker_alert_queue_free(struct saker_alert_queue *queue)
{
	if (!queue)
		return NULL;
	if (queue->has_thread)
		saker_alert_queue_stop(queue);
	if (queue->state)
		queue->source->close(queue);
	for (uint32_t i = 0; queue->ring && i < queue->n; i++)
		free(queue->ring[(queue->head + i) % queue->capacity].text);
	free(queue->ring);
	free(queue->current.text);
	if (queue->stop_fd >= 0)
		close(queue->stop_fd);
	if (queue->ready_fd >= 0)
		close(queue->ready_fd);
	pthread_cond_destroy(&queue->wake);
	pthread_mutex_destroy(&queue->lock);
	saker_alert_reader_free(queue->reader);
	saker_alert_scanner_free(queue->scanner);
	free((char *)queue->options.container);
	free((char *)queue->options.file);
	free((char *)queue->options.socket);
	free(queue);
	return NULL;
}

/* ---- getting ---------------------------------------------------------------------------- */

static struct timespec deadline_of(int timeout_ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += timeout_ms / 1000;
	ts.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

/* The ring is empty: nothing to be readable for, unless the end is. */
static void clear_ready(struct saker_alert_queue *queue)
{
	uint64_t n;

	if (!queue->ended && read(queue->ready_fd, &n, sizeof(n)) < 0)
		return; /* it was not set */
}

static int take(struct saker_alert_queue *queue, int timeout_ms)
{
	struct timespec until = deadline_of(timeout_ms > 0 ? timeout_ms : 0);
	int r = 0;

	free(queue->current.text);
	queue->current.text = NULL;
	pthread_mutex_lock(&queue->lock);
	while (!queue->n && !queue->ended && timeout_ms && r == 0)
		r = timeout_ms < 0 ? pthread_cond_wait(&queue->wake, &queue->lock)
				   : pthread_cond_timedwait(&queue->wake, &queue->lock, &until);
	if (queue->n) {
		queue->current = queue->ring[queue->head];
		queue->head = (queue->head + 1) % queue->capacity;
		queue->bytes -= queue->current.len;
		queue->stats.got++;
		if (!--queue->n)
			clear_ready(queue);
		r = 1;
	} else if (queue->ended) {
		r = queue->result < 0 ? -EIO : -ENODATA;
	} else {
		r = 0;
	}
	pthread_mutex_unlock(&queue->lock);
	return r;
}

int saker_alert_queue_get_line(struct saker_alert_queue *queue, int timeout_ms,
			       const char **ret_line, size_t *ret_len, uint64_t *ret_time)
{
	int r;

	if (!queue || !ret_line || !ret_len)
		return -EINVAL;
	r = take(queue, timeout_ms);
	if (r <= 0)
		return r;
	*ret_line = queue->current.text;
	*ret_len = queue->current.len;
	if (ret_time)
		*ret_time = queue->current.time;
	return 1;
}

int saker_alert_queue_get(struct saker_alert_queue *queue, int timeout_ms,
			  struct saker_alert *ret_alert)
{
	int r;

	if (!queue || !ret_alert)
		return -EINVAL;
	for (;;) {
		r = take(queue, timeout_ms);
		if (r <= 0)
			return r;
		r = saker_alert_read(queue->reader, queue->current.text, queue->current.len,
				     ret_alert);
		if (r == -ENOMEM)
			return r;
		if (r <= 0)
			continue; /* with all_lines: no alert */
		if (!ret_alert->time)
			ret_alert->time = queue->current.time;
		return 1;
	}
}

int saker_alert_queue_get_nowait(struct saker_alert_queue *queue, struct saker_alert *ret_alert)
{
	return saker_alert_queue_get(queue, 0, ret_alert);
}

uint32_t saker_alert_queue_size(struct saker_alert_queue *queue)
{
	uint32_t n;

	if (!queue)
		return 0;
	pthread_mutex_lock(&queue->lock);
	n = queue->n;
	pthread_mutex_unlock(&queue->lock);
	return n;
}

int saker_alert_queue_fd(struct saker_alert_queue *queue)
{
	return queue ? queue->ready_fd : -EINVAL;
}

int saker_alert_queue_get_stats(struct saker_alert_queue *queue,
				struct saker_alert_queue_stats *ret_stats)
{
	if (!queue || !ret_stats || ret_stats->size != sizeof(*ret_stats))
		return -EINVAL;
	pthread_mutex_lock(&queue->lock);
	*ret_stats = queue->stats;
	ret_stats->size = sizeof(*ret_stats);
	ret_stats->queued = queue->n;
	ret_stats->running = !queue->ended;
	pthread_mutex_unlock(&queue->lock);
	return 0;
}
