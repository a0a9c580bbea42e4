/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink's worker thread: takes what is queued, writes it in one go, retries
 * what failed for a while, then gives it up, counts it and says so in a gap
 * record as soon as the sink takes lines again.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "buffer.h"
#include "sink.h"

#define BATCH 256	       /* alerts written at once */
#define GAP_BYTES 1024	       /* room for a gap record */
#define KEEP_BYTES (256 << 10) /* a larger batch buffer is given back */
#define STACK_BYTES (256 << 10)
#define GRACE_NS UINT64_C(500000000) /* for an abandoned worker to notice */

static const unsigned int retry_ms[] = {50, 200, 800};

/* Where each alert of a batch ends, and the gap record before it. */
struct output_batch {
	uint32_t n;
	struct output_entry entries[BATCH];
	size_t gap_end[BATCH]; /* 0 = no gap record */
	size_t end[BATCH];
	size_t len;
};

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000)};
}

static uint64_t realtime_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void gap_merge(struct output_gap *to, struct output_gap gap)
{
	if (gap.n && (!to->n || gap.since < to->since))
		to->since = gap.since;
	to->n += gap.n;
}

static int reserve(struct output_sink *sink, size_t need)
{
	char *p;

	if (need <= sink->buf_size)
		return 0;
	p = realloc(sink->buf, need);
	if (!p)
		return -ENOMEM;
	sink->buf = p;
	sink->buf_size = need;
	return 0;
}

/* One line, with newline; its length. */
static size_t write_gap(const struct output_sink *sink, struct output_gap gap, char *buf,
			size_t size)
{
	char text[160];
	struct saker_alert_field fields[] = {
		{.name = "first_lost", .value = saker_value_u64(SAKER_TYPE_ABSTIME, gap.since)},
		{.name = "n_lost", .value = saker_value_u64(SAKER_TYPE_U64, gap.n)},
		{.name = "sink",
		 .value = saker_value_str(sink->descriptor->name, strlen(sink->descriptor->name))},
	};
	struct saker_alert alert = {
		.time = realtime_now(),
		.rule = "Saker internal: alerts lost",
		.priority = SAKER_PRIORITY_CRITICAL,
		.source = "internal",
		.hostname = sink->hostname,
		.message = text,
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
	};
	size_t len;

	snprintf(text, sizeof(text),
		 "Saker internal: alerts lost (n_lost=%llu first_lost=%llu sink=%s)",
		 (unsigned long long)gap.n, (unsigned long long)gap.since, sink->descriptor->name);
	len = output_alert_write(&alert, &sink->format, buf, size, NULL);
	assert(len < size);
	buf[len] = '\n';
	return len + 1;
}

static const char *priority_colour(enum saker_priority priority)
{
	switch (priority) {
	case SAKER_PRIORITY_EMERGENCY:
	case SAKER_PRIORITY_ALERT:
	case SAKER_PRIORITY_CRITICAL:
		return "\x1b[1;31m";
	case SAKER_PRIORITY_ERROR:
		return "\x1b[31m";
	case SAKER_PRIORITY_WARNING:
		return "\x1b[33m";
	case SAKER_PRIORITY_NOTICE:
		return "\x1b[36m";
	default:
		return "\x1b[2m";
	}
}

static void put_message(struct output_buffer *b, const struct output_sink *sink,
			const struct output_message *m)
{
	size_t start = m->layout.priority, len = m->layout.priority_len;

	if (!sink->colour || !len) {
		output_put(b, m->data, m->len);
		return;
	}
	output_put(b, m->data, start);
	output_put_str(b, priority_colour(m->priority));
	output_put(b, m->data + start, len);
	output_put_lit(b, "\x1b[0m");
	output_put(b, m->data + start + len, m->len - start - len);
}

/* Lays the batch out in sink->buf; without an alert, what was lost as a gap record. */
static int compose(struct output_sink *sink, struct output_batch *batch)
{
	size_t need = GAP_BYTES;
	struct output_buffer b;

	for (uint32_t i = 0; i < batch->n; i++)
		need += batch->entries[i].message->len + 32 + GAP_BYTES;
	if (reserve(sink, need) < 0)
		return -ENOMEM;
	output_buffer_init(&b, sink->buf, sink->buf_size);
	for (uint32_t i = 0; i < batch->n; i++) {
		struct output_entry *e = &batch->entries[i];

		batch->gap_end[i] = 0;
		if (e->gap.n) {
			b.len += write_gap(sink, e->gap, b.data + b.len, GAP_BYTES);
			batch->gap_end[i] = b.len;
		}
		put_message(&b, sink, e->message);
		batch->end[i] = b.len;
	}
	if (batch->n == 0)
		b.len = write_gap(sink, sink->lost, b.data, GAP_BYTES);
	batch->len = b.len;
	return 0;
}

/* Sleeps unless told to stop. */
static void pause_ms(struct output_sink *sink, unsigned int ms)
{
	struct timespec until = timespec_of(output_now() + (uint64_t)ms * 1000000);

	pthread_mutex_lock(&sink->lock);
	while (atomic_load(&sink->state) == OUTPUT_RUNNING) {
		if (pthread_cond_timedwait(&sink->wake, &sink->lock, &until) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&sink->lock);
}

static void note_failure(struct output_sink *sink, int r)
{
	if (!sink->failing && r != -ECANCELED)
		output_log(sink, SAKER_SEVERITY_ERROR, "%s: cannot write alerts: %s",
			   sink->path ? sink->path : sink->descriptor->name, strerror(-r));
	sink->failing = true;
}

/* Writes sink->buf, trying again for about a second; how much of it stands. */
static int write_batch(struct output_sink *sink, size_t len, size_t *ret_done)
{
	size_t done = 0;
	int r;

	for (size_t attempt = 0;; attempt++) {
		size_t n = 0;

		r = sink->descriptor->write(sink, sink->buf + done, len - done, &n);
		done += n;
		if (r == 0) {
			if (sink->failing)
				output_log(sink, SAKER_SEVERITY_INFO, "%s: takes alerts again",
					   sink->path ? sink->path : sink->descriptor->name);
			sink->failing = false;
			break;
		}
		note_failure(sink, r);
		if (r == -EPIPE || attempt == ARRAY_SIZE(retry_ms) ||
		    atomic_load(&sink->state) != OUTPUT_RUNNING)
			break;
		pause_ms(sink, retry_ms[attempt]);
	}
	*ret_done = done;
	return r;
}

/* Counts what of the batch is delivered; the rest is lost and told later. The lock is held. */
static void settle(struct output_sink *sink, struct output_batch *batch, size_t done)
{
	uint64_t now = realtime_now();

	if (!batch->n && done)
		sink->lost = (struct output_gap){0};
	for (uint32_t i = 0; i < batch->n; i++) {
		struct output_entry *e = &batch->entries[i];

		if (batch->end[i] <= done) {
			sink->delivered++;
			continue;
		}
		if (batch->gap_end[i] > done)
			gap_merge(&sink->lost, e->gap);
		gap_merge(&sink->lost, (struct output_gap){.n = 1, .since = now});
		sink->failed++;
	}
	sink->in_flight = 0;
	sink->busy = false;
}

/* The reader is gone, or time is up: nothing queued will be delivered. The lock is held. */
static void give_up(struct output_sink *sink)
{
	struct output_entry e;

	sink->broken = true;
	while (output_queue_take(sink, &e, 1, 0)) {
		output_message_unref(e.message);
		sink->failed++;
	}
	sink->gap = sink->lost = (struct output_gap){0};
}

static void deliver(struct output_sink *sink, struct output_batch *batch)
{
	size_t done = 0;
	int r;

	if (batch->n) {
		gap_merge(&batch->entries[0].gap, sink->lost);
		sink->lost = (struct output_gap){0};
	}
	r = compose(sink, batch);
	if (r == 0) {
		r = write_batch(sink, batch->len, &done);
	} else { /* no memory: nothing ends anywhere */
		memset(batch->end, 0xff, sizeof(batch->end));
		memset(batch->gap_end, 0xff, sizeof(batch->gap_end));
	}
	pthread_mutex_lock(&sink->lock);
	settle(sink, batch, done);
	if (r == -EPIPE)
		give_up(sink);
	pthread_mutex_unlock(&sink->lock);
	for (uint32_t i = 0; i < batch->n; i++)
		output_message_unref(batch->entries[i].message);
	if (sink->buf_size > KEEP_BYTES) {
		free(sink->buf);
		sink->buf = NULL;
		sink->buf_size = 0;
	}
}

/* Returns, with the lock held, when there is something to do. */
static void wait_for_work(struct output_sink *sink)
{
	uint64_t due = UINT64_MAX;

	while (atomic_load(&sink->state) == OUTPUT_RUNNING && !sink->reopen) {
		uint64_t now = output_now();

		if (sink->n ? !sink->buffered || sink->flush || sink->bytes >= OUTPUT_BATCH_BYTES ||
				      sink->n >= sink->capacity / 2
			    : sink->gap.n > 0)
			return;
		if (sink->n == 0) {
			sink->flush = false;
			pthread_cond_broadcast(&sink->idle);
		}
		if (sink->n == 0 && sink->lost.n == 0)
			due = UINT64_MAX;
		else if (due == UINT64_MAX)
			due = now + OUTPUT_BUFFERED_MS * UINT64_C(1000000);
		else if (now >= due)
			return;
		sink->waiting = true;
		if (due == UINT64_MAX) {
			pthread_cond_wait(&sink->wake, &sink->lock);
		} else {
			struct timespec until = timespec_of(due);

			pthread_cond_timedwait(&sink->wake, &sink->lock, &until);
		}
		sink->waiting = false;
	}
}

static void reopen_if_asked(struct output_sink *sink, bool asked)
{
	int r;

	if (!asked || !sink->descriptor->reopen)
		return;
	r = sink->descriptor->reopen(sink);
	if (r < 0)
		note_failure(sink, r);
}

static void *worker_main(void *arg)
{
	struct output_sink *sink = arg;
	struct output_batch *batch = sink->batch;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	for (;;) {
		bool reopen, work;

		pthread_mutex_lock(&sink->lock);
		wait_for_work(sink);
		if (atomic_load(&sink->state) == OUTPUT_ABANDON)
			give_up(sink);
		reopen = sink->reopen;
		sink->reopen = false;
		batch->n = output_queue_take(sink, batch->entries, BATCH, OUTPUT_BATCH_BYTES);
		if (batch->n == 0) {
			gap_merge(&sink->lost, sink->gap);
			sink->gap = (struct output_gap){0};
		}
		work = batch->n || sink->lost.n;
		sink->in_flight = batch->n;
		sink->busy = work;
		if (!work && atomic_load(&sink->state) != OUTPUT_RUNNING) {
			sink->ended = true;
			pthread_cond_broadcast(&sink->idle);
			pthread_mutex_unlock(&sink->lock);
			return NULL;
		}
		pthread_mutex_unlock(&sink->lock);
		reopen_if_asked(sink, reopen);
		if (work)
			deliver(sink, batch);
		/* A last gap record that cannot be written is not worth waiting for. */
		if (!batch->n && sink->lost.n && atomic_load(&sink->state) != OUTPUT_RUNNING)
			sink->lost.n = 0;
	}
}

int output_worker_start(struct output_sink *sink)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	sink->batch = calloc(1, sizeof(*sink->batch));
	if (!sink->batch)
		return -ENOMEM;
	r = pthread_attr_init(&attr);
	if (r)
		return -r;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	/* Signals are the program's business; a blocked SIGPIPE becomes EPIPE. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&sink->thread, &attr, worker_main, sink);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	sink->thread_running = r == 0;
	return -r;
}

static void set_state(struct output_sink *sink, enum output_state state)
{
	pthread_mutex_lock(&sink->lock);
	atomic_store(&sink->state, state);
	pthread_cond_broadcast(&sink->wake);
	pthread_mutex_unlock(&sink->lock);
}

/* Whether the worker ended by itself before the deadline. */
static bool ended_by(struct output_sink *sink, uint64_t deadline)
{
	struct timespec until = timespec_of(deadline);
	bool ended;

	pthread_mutex_lock(&sink->lock);
	while (!sink->ended &&
	       pthread_cond_timedwait(&sink->idle, &sink->lock, &until) != ETIMEDOUT)
		;
	ended = sink->ended;
	pthread_mutex_unlock(&sink->lock);
	return ended;
}

void output_worker_ask_stop(struct output_sink *sink)
{
	if (sink->thread_running && !sink->stuck)
		set_state(sink, OUTPUT_STOPPING);
}

/* Its thread was cancelled in the middle of a write: nobody knows how far that got. */
static void settle_for(struct output_sink *sink)
{
	pthread_mutex_lock(&sink->lock);
	for (uint32_t i = 0; i < sink->in_flight; i++)
		output_message_unref(sink->batch->entries[i].message);
	sink->failed += sink->in_flight;
	sink->in_flight = 0;
	sink->busy = false;
	sink->ended = true;
	give_up(sink);
	pthread_mutex_unlock(&sink->lock);
}

int output_worker_stop(struct output_sink *sink, uint64_t deadline)
{
	bool ended;

	if (!sink->thread_running)
		return 0;
	if (sink->stuck)
		return -ETIMEDOUT;
	ended = ended_by(sink, deadline);
	if (!ended) {
		set_state(sink, OUTPUT_ABANDON);
		ended = ended_by(sink, output_now() + GRACE_NS);
	}
	if (ended) {
		pthread_join(sink->thread, NULL);
	} else {
		struct timespec until = timespec_of(output_now() + GRACE_NS);

		pthread_cancel(sink->thread); /* blocked inside write() */
		if (pthread_clockjoin_np(sink->thread, NULL, CLOCK_MONOTONIC, &until) != 0) {
			/* Not even that ends it: a dead NFS server. */
			pthread_detach(sink->thread);
			sink->stuck = true;
			return -ETIMEDOUT;
		}
		settle_for(sink);
	}
	sink->thread_running = false;
	return 0;
}
