/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exists already, as the schema's iterator events: from the kernel's task
 * iterators, or from /proc where the kernel has none.
 */
#ifndef CAPTURE_ENGINE_EBPF_ITER_H
#define CAPTURE_ENGINE_EBPF_ITER_H

#include "engine.h"

#include <dirent.h>

struct procfs_scan;

/* The scans, in the order in which they are made: a file comes after its thread. */
enum ebpf_iter_scan {
	EBPF_ITER_TASKS,
	EBPF_ITER_FILES,
	EBPF_ITERS,
};

struct ebpf_iter {
	bool opened;
	int programs[EBPF_ITERS]; /* -1: no iterators here */
	int scan;		  /* being read; EBPF_ITERS: none */
	int fd;			  /* of that scan */
	int64_t tid;		  /* only this thread; 0: all */
	uint8_t *buf;
	size_t len;
	size_t at;
	struct procfs_scan *procfs; /* the fall-back, while it is used; or of a hole */
	uint64_t *told;		    /* of a scan of all: a bit a process */
	DIR *holes;		    /* /proc, while looking for those that were not told */
	uint64_t epoch_offset;
};

void ebpf_iter_init(struct ebpf_iter *iter);
/* Loads the iterators; that they do not load is no error. */
int ebpf_iter_open(struct saker_capture *capture, struct ebpf_iter *iter, uint64_t epoch_offset);
void ebpf_iter_close(struct ebpf_iter *iter);

/* Begins a scan of all tasks, or of one thread. -ESRCH: there is no such thread. */
int ebpf_iter_start(struct ebpf_iter *iter, int64_t tid);
/* 1: an event, valid until the next call; 0: the scan is over. */
int ebpf_iter_next(struct ebpf_iter *iter, const struct saker_event **ret_event);
/* Frees what a scan needs. */
void ebpf_iter_stop(struct ebpf_iter *iter);

int ebpf_iter_refill(struct ebpf_iter *iter, int64_t tid, saker_capture_event_fn fn,
		     void *userdata);

#endif /* CAPTURE_ENGINE_EBPF_ITER_H */
