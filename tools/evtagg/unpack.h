/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a descriptor, decompressed on the way when they are gzip or zstd. */
#ifndef EVTAGG_UNPACK_H
#define EVTAGG_UNPACK_H

#include "common/util.h"

struct unpack;

int unpack_new(int fd, struct unpack **ret);
/*
 * Up to size bytes; 0 = the descriptor is at its end, for now. -EBADMSG: damaged,
 * -EOPNOTSUPP: zstd, and built without it.
 */
long unpack_read(struct unpack *u, char *buf, size_t size);
/* Bytes taken from the descriptor. */
uint64_t unpack_taken(const struct unpack *u);
/* At the end: whether a compressed file stops in the middle. */
bool unpack_cut_off(const struct unpack *u);
struct unpack *unpack_free(struct unpack *u);

#endif /* EVTAGG_UNPACK_H */
