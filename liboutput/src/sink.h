/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sink is: a descriptor (how to open, write, reopen, close), a bounded
 * queue of shared messages, one worker thread and its counters. A new kind of
 * sink is a file sink_NAME.c with a descriptor, a constructor, and one line in
 * OUTPUT_SINK_LIST.
 */
#ifndef SAKER_OUTPUT_SINK_H
#define SAKER_OUTPUT_SINK_H

#include <pthread.h>
#include <stdatomic.h>

#include <saker/output.h>

#include "alert.h"
#include "common/util.h"

#define OUTPUT_DEFAULT_CAPACITY 4096
#define OUTPUT_MAX_CAPACITY (1u << 20)	   /* alerts a queue may be asked to hold */
#define OUTPUT_MAX_QUEUE_BYTES (64u << 20) /* of the messages in one queue */
#define OUTPUT_MAX_SINKS 16
#define OUTPUT_MAX_ALERT (16u << 20)   /* bytes of one formatted alert */
#define OUTPUT_BATCH_BYTES (64u << 10) /* written at once */
#define OUTPUT_BUFFERED_MS 1000	       /* the longest a buffered alert waits */
#define OUTPUT_STOP_MS 5000	       /* the longest that freeing waits for delivery */

/* One formatted alert, newline included, shared by the queues of all sinks. */
struct output_message {
	atomic_uint refs;
	uint32_t len;
	enum saker_priority priority;
	struct output_layout layout;
	char data[];
};

static inline struct output_message *output_message_unref(struct output_message *message)
{
	if (message && atomic_fetch_sub(&message->refs, 1) == 1)
		free(message);
	return NULL;
}

/* Alerts that were lost before a message, and when the first of them was. */
struct output_gap {
	uint64_t n;
	uint64_t since;
};

struct output_entry {
	struct output_message *message;
	struct output_gap gap;
};

struct output_sink;
struct output_batch;

struct output_sink_descriptor {
	const char *name;
	int (*open)(struct output_sink *sink);
	/*
	 * Writes len bytes, which are whole lines. On failure a negative errno
	 * (-EPIPE: for good; -ECANCELED: abandoned). ret_done, always set, is how
	 * many bytes of whole lines stand there; of a partial line nothing is left
	 * where it can be taken back, elsewhere it is ended before the next.
	 */
	int (*write)(struct output_sink *sink, const char *data, size_t len, size_t *ret_done);
	int (*reopen)(struct output_sink *sink); /* may be NULL */
	void (*close)(struct output_sink *sink);
};

enum output_state {
	OUTPUT_RUNNING,
	OUTPUT_STOPPING, /* deliver what is queued, then end */
	OUTPUT_ABANDON,	 /* end now */
};

struct output_sink {
	const struct output_sink_descriptor *descriptor;
	struct saker_alert_format format; /* of gap records */
	const char *hostname;		  /* the same; belongs to the saker_output */
	saker_log_fn log;
	void *log_userdata;
	bool buffered;

	/* The target; touched by the worker only once it runs. */
	int fd;
	char *path;
	bool keep_alive;
	bool colour;
	bool torn; /* the last line there is not complete: end it first */

	pthread_t thread;
	bool thread_running;
	bool stuck;		    /* the thread could not be ended, and was let go */
	atomic_int state;	    /* enum output_state; changed under the lock */
	struct output_batch *batch; /* the worker's: what it writes now */
	char *buf;		    /* the same as text */
	size_t buf_size;
	struct output_gap lost; /* the worker's: not yet told in a gap record */
	bool failing;		/* the worker's: the last write failed, and was logged */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;  /* for the worker: something to do */
	pthread_cond_t idle;  /* for saker_output_flush: nothing left */
	struct output_entry *ring;
	uint32_t capacity;
	uint32_t head;
	uint32_t n;
	size_t bytes;	    /* of the messages in the ring */
	uint32_t in_flight; /* taken from the ring, not yet written or given up */
	bool busy;	    /* the worker writes */
	bool ended;	    /* the worker touches nothing any more; what comes now is lost */
	bool waiting;	    /* the worker sleeps */
	bool flush;	    /* write what is buffered */
	bool reopen;
	bool broken;	       /* the reader is gone for good */
	struct output_gap gap; /* lost since the last accepted alert */
	uint64_t delivered;
	uint64_t dropped;
	uint64_t failed;
};

struct saker_output {
	struct saker_alert_format format;
	uint32_t capacity;
	bool buffered;
	saker_log_fn log;
	void *log_userdata;
	struct output_sink *sinks[OUTPUT_MAX_SINKS];
	uint32_t n_sinks;
	atomic_uint_fast64_t emitted;
	char *hostname;
};

/* queue.c */
int output_queue_init(struct output_sink *sink, uint32_t capacity);
void output_queue_fini(struct output_sink *sink);
/* Takes a reference of the message, or counts a drop. */
void output_queue_push(struct output_sink *sink, struct output_message *message, uint64_t time);
/* Takes up to max entries or max_bytes (always one if there is one); the lock is held. */
uint32_t output_queue_take(struct output_sink *sink, struct output_entry *entries, uint32_t max,
			   size_t max_bytes);

/* worker.c */
int output_worker_start(struct output_sink *sink);
/* Lets the worker end once the queue is delivered. */
void output_worker_ask_stop(struct output_sink *sink);
/* Delivers what is queued until the deadline, then gives up; the thread is gone on 0. */
int output_worker_stop(struct output_sink *sink, uint64_t deadline);

/* fdio.c */
uint64_t output_now(void); /* CLOCK_MONOTONIC, ns */
int output_fd_write(struct output_sink *sink, int fd, const char *data, size_t len,
		    size_t *ret_done);

_printf_(3, 4) void output_log(const struct output_sink *sink, enum saker_severity severity,
			       const char *format, ...);

/* X(kind): sink_<kind>.c, which defines output_sink_<kind>. */
#define OUTPUT_SINK_LIST(X) \
	X(stdout)           \
	X(file)

#define X(kind) extern const struct output_sink_descriptor output_sink_##kind;
OUTPUT_SINK_LIST(X)
#undef X

#endif /* SAKER_OUTPUT_SINK_H */
