/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests (SHA-256) of the executables that run, computed off the events' way.
 * In the order one calls them:
 *
 *   saker_digests_new
 *   saker_digests_ask      from the state (saker_state_options.ask_digest)
 *   saker_digests_next     the answers, as events to apply (and record)
 *   saker_digests_free
 *
 * A thread of its own reads /proc/TID/exe: what runs, whatever its name has
 * become. What was read before is not read again while device, inode, size and
 * times stay the same. All calls belong to one thread; notify is called from
 * another.
 */
#ifndef SAKER_DIGESTS_H
#define SAKER_DIGESTS_H
#pragma once

#include <saker/base.h>
#include <saker/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct saker_digests;

/* What a thread has begun to run, as its execve tells. */
struct saker_exe {
	int64_t tid;
	int64_t ptid; /* who started it; 0 = not known */
	uint64_t ino;
	uint64_t ctime; /* of the last changes of inode and content, in ns */
	uint64_t mtime;
	const char *path; /* as the kernel has it, in the thread's own view of the file system */
};

struct saker_digests_options {
	size_t size;
	const char *host_root; /* where the host's / is; NULL = HOST_ROOT or "" */
	uint64_t file_max;     /* larger executables have no digest; 0 = 256 MiB */
	/* An answer has come; from another thread. For saker_capture_interrupt; may be NULL. */
	void (*notify)(void *notify_userdata);
	void *notify_userdata;
};

#define SAKER_DIGESTS_OPTIONS_INIT                            \
	{                                                     \
		.size = sizeof(struct saker_digests_options), \
	}

/* options may be NULL. -ENOTSUP: built without; -EINVAL; -ENOMEM. */
SAKER_PUBLIC int saker_digests_new(const struct saker_digests_options *options,
				   struct saker_digests **ret_digests);
SAKER_PUBLIC struct saker_digests *saker_digests_free(struct saker_digests *digests);

/*
 * Asks for the digest of what a thread runs. Where the thread is gone already,
 * the file is looked for under its path, as who started it sees it; it must be
 * the same inode and not have changed since. An answer comes in any case.
 * -EAGAIN: too many questions are open; -EINVAL; -ENOMEM.
 */
SAKER_PUBLIC int saker_digests_ask(struct saker_digests *digests, const struct saker_exe *exe);

/*
 * The next answer: 1, or 0 = none yet. ret_event: the schema's async event
 * "exe_digest" of that thread, for the state alone (SAKER_EVENT_META_STATE_ONLY);
 * its time is ts, 0 = now. Valid until the next call.
 */
SAKER_PUBLIC int saker_digests_next(struct saker_digests *digests, uint64_t ts,
				    const struct saker_event **ret_event);

struct saker_digests_stats {
	size_t size;
	uint64_t n_asked;
	uint64_t n_read;   /* files read for it; the others were known */
	uint64_t n_failed; /* gone, too large, not a local file */
	uint64_t n_refused;
};

/* The counters so far; the caller sets ret_stats->size first. */
SAKER_PUBLIC int saker_digests_get_stats(struct saker_digests *digests,
					 struct saker_digests_stats *ret_stats);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_DIGESTS_H */
