/* SPDX-License-Identifier: Apache-2.0 */
/* The users and groups of a container, read from its own files; see container_accounts.c. */
#ifndef ENRICH_CONTAINER_ACCOUNTS_H
#define ENRICH_CONTAINER_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The schema's useradded and groupadded events of a container, one after the
 * other, by a thread in it. proc: where /proc is. -EAGAIN: the thread has the
 * host's files still, as before its runtime has set it up; -EOPNOTSUPP: a file
 * system that somebody else could make us wait for; -ENOENT: no files, or no
 * such thread (any more). The caller frees ret_events.
 */
int container_accounts_read(const char *proc, int64_t tid, const char *container_id,
			    uint8_t **ret_events, size_t *ret_len);

#endif /* ENRICH_CONTAINER_ACCOUNTS_H */
