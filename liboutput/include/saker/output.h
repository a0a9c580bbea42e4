/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alert, its text and JSON forms, and its delivery. In the order one calls
 * them:
 *
 *   saker_output_new, saker_output_add_stdout, saker_output_add_file
 *   saker_output_emit      per alert: formats once, hands to every sink's queue
 *   saker_output_get_stats
 *   saker_output_stop      delivers what is queued, then stops the workers
 *   saker_output_free
 *
 * Each sink has its own bounded queue and worker thread: a slow one delays no
 * other and never the caller. What a full queue refuses or a failing sink loses
 * is counted, and said in a gap record (rule "Saker internal: alerts lost",
 * source "internal") when the sink takes alerts again.
 */
#ifndef SAKER_OUTPUT_H
#define SAKER_OUTPUT_H
#pragma once

#include <saker/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct saker_alert_field {
	const char *name;
	struct saker_value value;	/* absent = null */
	const struct saker_value *list; /* when is_list: n_list values instead */
	uint32_t n_list;
	bool is_list;
};

struct saker_alert {
	uint64_t time; /* ns since 1970 */
	const char *rule;
	enum saker_priority priority;
	const char *source;
	const char *hostname;
	const char *message; /* the rendered output, without time and priority */
	const char *const *tags;
	uint32_t n_tags;
	const struct saker_alert_field *fields; /* in order of name */
	uint32_t n_fields;
};

struct saker_alert_format {
	size_t size;
	bool json;	      /* false = text */
	bool time_iso8601;    /* text: YYYY-MM-DDTHH:MM:SS.nnnnnnnnn+0000 (UTC), else
				 HH:MM:SS.nnnnnnnnn local */
	bool include_output;  /* JSON: the "output" property */
	bool include_message; /* JSON: "message" */
	bool include_fields;  /* JSON: "output_fields" */
	bool include_tags;    /* JSON: "tags" */
	bool include_absent;  /* JSON: "absent", why fields that are null are */
};

#define SAKER_ALERT_FORMAT_INIT                                                    \
	{                                                                          \
		.size = sizeof(struct saker_alert_format), .include_output = true, \
		.include_fields = true, .include_tags = true,                      \
	}

/*
 * One line, without newline, NUL-terminated within size. Returns its length; a
 * result >= size means it did not fit (call again with more). Control
 * characters (DEL, C1, line separators and changes of direction among them) and
 * quotes are escaped in both forms, invalid UTF-8 becomes U+FFFD. Local times are those of the TZ
 * in force: call tzset() once if it may have changed. 0: alert or format is NULL.
 */
SAKER_PUBLIC size_t saker_alert_write(const struct saker_alert *alert,
				      const struct saker_alert_format *format, char *buf,
				      size_t size);

struct saker_output;

struct saker_output_options {
	size_t size;
	struct saker_alert_format format;
	uint32_t
		queue_capacity; /* alerts per sink, at most 1048576; 0 = 4096; 64 MiB in any case */
	bool buffered;		/* false = every alert is written at once; true = within a second */
	saker_log_fn log;	/* called on the workers' threads */
	void *log_userdata;
	const char *hostname; /* in gap records; NULL = the machine's; copied */
};

#define SAKER_OUTPUT_OPTIONS_INIT                                                               \
	{                                                                                       \
		.size = sizeof(struct saker_output_options), .format = SAKER_ALERT_FORMAT_INIT, \
	}

/* options may be NULL for defaults. */
SAKER_PUBLIC int saker_output_new(const struct saker_output_options *options,
				  struct saker_output **ret_output);
/* saker_output_stop with 5 s if that has not been done, then frees. */
SAKER_PUBLIC struct saker_output *saker_output_free(struct saker_output *output);

/*
 * Adding a sink starts its worker; at most 16, -ENOSPC. Before the first alert.
 * colour: priorities in colour (for text on a terminal).
 */
SAKER_PUBLIC int saker_output_add_stdout(struct saker_output *output, bool colour);
/*
 * Appends to path, made with mode 0666 less the umask; a negative errno when it
 * cannot be opened now. keep_alive: stays open, else opened for each alert (or
 * for those queued at that moment).
 */
SAKER_PUBLIC int saker_output_add_file(struct saker_output *output, const char *path,
				       bool keep_alive);

/*
 * Queues one alert to every sink; copies what it needs. From any thread. 0 even
 * when a sink's queue was full or memory was short: see stats. An alert over
 * 16 MiB is counted as dropped.
 */
SAKER_PUBLIC int saker_output_emit(struct saker_output *output, const struct saker_alert *alert);

/* Waits until all that is queued is written or given up, or timeout_ms is over: 0 or -ETIMEDOUT. */
SAKER_PUBLIC int saker_output_flush(struct saker_output *output, int timeout_ms);

/*
 * Delivers what is queued and ends the workers. What is not written after
 * timeout_ms (and up to a second for a worker to notice) is given up and counted
 * as failed, so that the stats are final: 0, or -ETIMEDOUT when a worker hangs in
 * the kernel, whose alerts remain as queued. Alerts emitted later count as failed.
 */
SAKER_PUBLIC int saker_output_stop(struct saker_output *output, int timeout_ms);

/* Reopens files (after a log rotation), before the next alert is written. */
SAKER_PUBLIC int saker_output_reopen(struct saker_output *output);

struct saker_output_stats {
	size_t size;
	uint64_t emitted;   /* alerts handed to saker_output_emit */
	uint64_t delivered; /* summed over sinks */
	uint64_t dropped;   /* refused by a full queue, summed over sinks */
	uint64_t failed;    /* given up after an error, summed over sinks */
	uint64_t queued;    /* waiting, summed over sinks */
	uint32_t n_sinks;
	uint32_t n_broken; /* sinks whose reader is gone for good (a closed pipe) */
};

/* emitted times n_sinks = delivered + dropped + failed + queued. */
SAKER_PUBLIC int saker_output_get_stats(const struct saker_output *output,
					struct saker_output_stats *ret_stats);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_OUTPUT_H */
