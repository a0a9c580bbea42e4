/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and their open files as /proc shows them, as the schema's iterator
 * events (430-448); for kernels whose iterators cannot be used.
 */
#ifndef CAPTURE_PROCFS_H
#define CAPTURE_PROCFS_H

#include <saker/event.h>

struct procfs_scan;

/*
 * Begins a scan of all threads, or of one (tid) with its files. epoch_offset:
 * what makes boot time time since 1970. -ESRCH: there is no such thread.
 */
int procfs_scan_new(int64_t tid, uint64_t epoch_offset, struct procfs_scan **ret_scan);
struct procfs_scan *procfs_scan_free(struct procfs_scan *scan);

/* 1: an event, valid until the next call; 0: the scan is over. What goes away meanwhile is left
 * out. */
int procfs_scan_next(struct procfs_scan *scan, const struct saker_event **ret_event);

#endif /* CAPTURE_PROCFS_H */
