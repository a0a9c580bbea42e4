/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of alerts, the newest that fit a bound of bytes, to be looked at again. */
#ifndef EVTAGG_KEEP_H
#define EVTAGG_KEEP_H

#include "reader.h"

struct keep;

/* bytes: what the lines may take, with what is needed to find them. */
int keep_new(size_t bytes, struct keep **ret);
/* A consumer's record(). */
int keep_record(void *userdata, const struct record *record);
/* Feeds them to a reader, oldest first. */
int keep_replay(struct keep *keep, struct reader *reader, const volatile int *stop);
/* How many were let go. */
uint64_t keep_lost(const struct keep *keep);
struct keep *keep_free(struct keep *keep);

#endif /* EVTAGG_KEEP_H */
