/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alerts of a running container, or of a file that grows, as a bounded queue:
 *
 *   saker_alert_queue_start    a thread reads from now on
 *   saker_alert_queue_get      the next alert, waiting for it
 *   saker_alert_queue_get_stats
 *   saker_alert_queue_stop     no more are read; those queued can still be got
 *   saker_alert_queue_free
 *
 * A full queue refuses what comes and counts it: whoever reads too slowly loses alerts
 * but holds up nobody. A container's log is followed over its restarts and those of the
 * engine, a file over its rotation. One thread gets; any may ask for statistics or stop.
 */
#ifndef SAKER_ALERT_QUEUE_H
#define SAKER_ALERT_QUEUE_H
#pragma once

#include <saker/alert_reader.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAKER_QUEUE_MAX_LINE (16u << 20)  /* bytes; longer lines are counted as errors */
#define SAKER_QUEUE_MAX_BYTES (64u << 20) /* of all lines in the queue */

struct saker_alert_queue;

struct saker_alert_queue_options {
	size_t size;
	/* Exactly one of these two: */
	const char *container; /* the name or id, of Docker or Podman */
	const char *file;      /* a path; it need not be there yet */
	/*
	 * The engine's socket; NULL = $DOCKER_HOST if that is a unix:// address, else the
	 * first there is of /run/docker.sock, /run/podman/podman.sock and
	 * $XDG_RUNTIME_DIR/podman/podman.sock.
	 */
	const char *socket;
	uint32_t capacity; /* lines, at most 1048576; 0 = 4096 */
	bool from_start;   /* what is there already too; else new lines only */
	uint64_t since;	   /* container: from this time on, ns since 1970; 0 = as from_start */
	bool end;	   /* stop at the end of what is there instead of waiting for more */
	bool all_lines;	   /* queue lines that are no alerts too, for saker_alert_queue_get_line */
	bool text;	   /* text alerts count as alerts */
	saker_log_fn log;  /* called on the queue's thread; may be NULL */
	void *log_userdata;
};

#define SAKER_ALERT_QUEUE_OPTIONS_INIT                           \
	{                                                        \
		.size = sizeof(struct saker_alert_queue_options) \
	}

/*
 * Starts to read. -ENOENT: no such container, or no engine's socket; -EOPNOTSUPP: built
 * without libcurl; others of connecting to the engine.
 */
SAKER_PUBLIC int saker_alert_queue_start(const struct saker_alert_queue_options *options,
					 struct saker_alert_queue **ret_queue);

/*
 * The next alert: 1. Nothing came within timeout_ms (-1 = wait for ever): 0. -ENODATA:
 * stopped or at the end, and the queue is empty; -EIO: the source broke off for good
 * (the container is gone) and the queue is empty. The alert lives until the next get.
 */
SAKER_PUBLIC int saker_alert_queue_get(struct saker_alert_queue *queue, int timeout_ms,
				       struct saker_alert *ret_alert);
/* The same without waiting. */
SAKER_PUBLIC int saker_alert_queue_get_nowait(struct saker_alert_queue *queue,
					      struct saker_alert *ret_alert);
/*
 * The next line as it was read, without its newline, and the time that the engine
 * gives it (0 = none). Otherwise as saker_alert_queue_get.
 */
SAKER_PUBLIC int saker_alert_queue_get_line(struct saker_alert_queue *queue, int timeout_ms,
					    const char **ret_line, size_t *ret_len,
					    uint64_t *ret_time);
/* Lines that wait to be got. */
SAKER_PUBLIC uint32_t saker_alert_queue_size(struct saker_alert_queue *queue);
/* Readable while there is something to get (or the end to be told); for poll(2). */
SAKER_PUBLIC int saker_alert_queue_fd(struct saker_alert_queue *queue);

struct saker_alert_queue_stats {
	size_t size;
	uint64_t lines; /* read in all = alerts + others + errors */
	uint64_t bytes;
	uint64_t alerts;  /* of them, queued or dropped */
	uint64_t others;  /* lines that are no alerts */
	uint64_t errors;  /* broken JSON, lines over SAKER_QUEUE_MAX_LINE */
	uint64_t dropped; /* refused by a full queue */
	uint64_t got;	  /* handed out */
	uint64_t queued;
	uint64_t reconnects; /* the log was taken up again, a rotated file reopened */
	bool running;	     /* the thread still reads */
};

/* The caller sets ret_stats->size first. */
SAKER_PUBLIC int saker_alert_queue_get_stats(struct saker_alert_queue *queue,
					     struct saker_alert_queue_stats *ret_stats);

/* Ends reading; what is queued can still be got. At most a second. */
SAKER_PUBLIC int saker_alert_queue_stop(struct saker_alert_queue *queue);
SAKER_PUBLIC struct saker_alert_queue *saker_alert_queue_free(struct saker_alert_queue *queue);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_ALERT_QUEUE_H */
