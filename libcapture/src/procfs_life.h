/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of a process's life made from what /proc shows of it. A parameter that
 * /proc does not tell has length 0, as in every event: it is not known.
 */
#ifndef CAPTURE_PROCFS_LIFE_H
#define CAPTURE_PROCFS_LIFE_H

#include <saker/event.h>

/* task: an event 430 of a process's leader. buf takes SAKER_EVENT_MAX_SIZE bytes. */

/* It runs a program that its parent did not, or that it did not before. */
int procfs_life_exec(const struct saker_event *task, uint8_t *buf);
/* It is there, and runs what its parent runs. */
int procfs_life_clone(const struct saker_event *task, uint8_t *buf);
/* It is there no more; with what status is not known. */
void procfs_life_exit(uint32_t pid, uint64_t ts, uint8_t *buf);
/* A descriptor is open no more. */
void procfs_life_close(uint32_t pid, uint32_t fd, uint64_t ts, uint8_t *buf);

#endif /* CAPTURE_PROCFS_LIFE_H */
