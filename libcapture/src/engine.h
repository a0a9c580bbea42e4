/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a capture engine is: one const descriptor a file (engine_*.c), one line
 * in the table of capture.c. The handle does what is common (argument checks,
 * diagnostics, the count of what was delivered); the engine yields events in
 * order of time.
 */
#ifndef CAPTURE_ENGINE_H
#define CAPTURE_ENGINE_H

#include <saker/capture.h>

#include "common/util.h"

struct capture_engine {
	const char *name;
	const char *description; /* one line, for --help */

	/* Sets capture->priv. On failure says why through capture_diag and leaves nothing behind.
	 */
	int (*open)(struct saker_capture *capture, const struct saker_capture_options *options);
	void (*close)(struct saker_capture *capture); /* takes a half-opened one, too */

	/* As saker_capture_next; the event stays valid until the next call. */
	int (*next)(struct saker_capture *capture, int timeout_ms,
		    const struct saker_event **ret_event, struct saker_event_meta *ret_meta);

	/* Optional: NULL = -ENOTSUP, or nothing to do. */
	void (*interrupt)(struct saker_capture *capture);
	int (*want)(struct saker_capture *capture, const struct saker_syscall_set *syscalls);
	int (*select)(struct saker_capture *capture,
		      const struct saker_capture_selection *selection);
	int (*want_realpath)(struct saker_capture *capture, bool realpath);
	int (*stop)(struct saker_capture *capture);
	/* Fills what the engine knows; delivered and initial are the handle's. */
	int (*stats)(struct saker_capture *capture, struct saker_capture_stats *stats);
	int (*refill)(struct saker_capture *capture, int64_t tid, saker_capture_event_fn fn,
		      void *userdata);
	int (*machine)(struct saker_capture *capture, struct saker_machine *ret_machine);
	int (*interface)(struct saker_capture *capture, uint32_t n,
			 struct saker_interface *ret_interface);
	int (*account)(struct saker_capture *capture, uint32_t n,
		       struct saker_account *ret_account);
};

struct saker_capture {
	const struct capture_engine *engine;
	void *priv;
	saker_diag_fn diag;
	void *diag_userdata;
	saker_log_fn log;
	void *log_userdata;
	uint64_t delivered;
	uint64_t initial;
	bool ended;
	bool stopped;
};

extern const struct capture_engine capture_engine_ebpf;
extern const struct capture_engine capture_engine_procfs;
extern const struct capture_engine capture_engine_scap;

/* -EINVAL: not one. */
int capture_copy_selection(const struct saker_capture_selection *from,
			   struct saker_capture_selection *ret);

/* A finding to the caller's diag; file may be "". message is printf-style. */
void capture_diag(const struct saker_capture *capture, enum saker_severity severity, const char *id,
		  const char *file, const char *hint, const char *message, ...) _printf_(6, 7);

#endif /* CAPTURE_ENGINE_H */
