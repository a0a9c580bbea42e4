/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a queue's lines come from: a source has a descriptor, runs on the queue's
 * thread, and hands lines over. One file each, source_*.c.
 */
#ifndef SAKER_OUTPUT_SOURCE_H
#define SAKER_OUTPUT_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>

#include <saker/alert_queue.h>

#include "common/util.h"

#define QUEUE_DEFAULT_CAPACITY 4096
#define QUEUE_MAX_CAPACITY (1u << 20)

struct queue_line {
	char *text;
	uint32_t len;
	uint64_t time;
};

/* Bytes that become lines; the rest waits for more. */
struct source_lines {
	char *p;
	size_t len;
	size_t room;
	bool skipping; /* in a line that is too long */
};

struct source_descriptor {
	const char *name;
	/* Checks what can be checked now: errors for the caller of _start. */
	int (*open)(struct saker_alert_queue *queue);
	/* Until stop is asked: 0, or at the end (options.end); another errno = broke off. */
	int (*run)(struct saker_alert_queue *queue);
	void (*close)(struct saker_alert_queue *queue);
};

struct saker_alert_queue {
	struct saker_alert_queue_options options; /* strings are copies */
	const struct source_descriptor *source;
	void *state;			     /* the source's */
	struct saker_alert_scanner *scanner; /* the thread's */
	struct saker_alert_reader *reader;   /* the getter's */
	pthread_t thread;
	bool has_thread;
	atomic_bool stop;
	int stop_fd;  /* eventfd: stop is asked, for a source that polls */
	int ready_fd; /* eventfd: there is something to get */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct queue_line *ring;
	uint32_t capacity, head, n;
	size_t bytes;
	bool ended; /* the thread reads no more */
	int result; /* why: 0 or an errno */
	struct saker_alert_queue_stats stats;

	struct queue_line current; /* the getter's: lives until its next get */
};

/* For sources. One line without its newline. */
void output_source_line(struct saker_alert_queue *queue, const char *line, size_t len,
			uint64_t time);
/* Bytes as they come; on each whole line fn is called. -ENOMEM. */
typedef void (*source_line_fn)(struct saker_alert_queue *queue, const char *line, size_t len);
int output_source_bytes(struct saker_alert_queue *queue, struct source_lines *lines,
			const char *data, size_t len, source_line_fn fn);
/* The last line, that has no newline. */
void output_source_flush(struct saker_alert_queue *queue, struct source_lines *lines,
			 source_line_fn fn);
void output_source_reconnected(struct saker_alert_queue *queue);
/* Waits, or less when stop is asked. true = it is. */
bool output_source_wait(struct saker_alert_queue *queue, int ms);
_printf_(3, 4) void output_source_log(const struct saker_alert_queue *queue,
				      enum saker_severity severity, const char *format, ...);

extern const struct source_descriptor output_source_file, output_source_container;

/* ---- frames of a container's log (Docker's "attach" stream) -------------------------- */

#define FRAME_HEAD 8

/* stdout and stderr share one stream, in frames; each has its own unfinished line. */
struct output_frames {
	bool raw; /* the container has a terminal: no frames */
	uint8_t head[FRAME_HEAD];
	uint32_t head_len;
	uint32_t left; /* bytes of the frame that are still to come */
	struct source_lines lines[2];
};

/* -EBADMSG: these are no frames. */
int output_frames_feed(struct saker_alert_queue *queue, struct output_frames *frames,
		       const char *data, size_t len, source_line_fn fn);
void output_frames_fini(struct output_frames *frames);

#endif /* SAKER_OUTPUT_SOURCE_H */
