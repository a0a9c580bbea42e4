/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip, inflated as it comes: by ISA-L where the build has it (two and a half times
 * as fast), else by zlib. Both make the same of a sound stream, whole or cut, and
 * refuse the same damaged ones, though not always at the same byte; the tests hold
 * them to that. Who asks for neither gets the faster one.
 */
#ifndef SAKER_COMMON_GUNZIP_H
#define SAKER_COMMON_GUNZIP_H

#include "common/util.h"

enum gunzip_with { GUNZIP_FASTEST, GUNZIP_ZLIB, GUNZIP_ISAL };

struct gunzip;

/* What there is to do; a step moves all four on. */
struct gunzip_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

/* -ENOMEM; -EOPNOTSUPP: not in this build. */
int gunzip_new(enum gunzip_with with, struct gunzip **ret);
struct gunzip *gunzip_free(struct gunzip *g);

/*
 * 1: a member is over, sum and length as they should be (io->in is right behind it;
 * gunzip_next before the next one); 0: in is used up or out is full, and while out
 * is full more may come without any more in; -EBADMSG: not sound from here on, what
 * is before came out; -ENOMEM. An error stays.
 */
int gunzip_step(struct gunzip *g, struct gunzip_io *io);

/* Another member comes; not after an error. */
int gunzip_next(struct gunzip *g);

#define GUNZIP_FIRST 0x1f /* the first byte of a member */

static inline bool gunzip_begins(const uint8_t *p, size_t n)
{
	return n >= 2 && p[0] == GUNZIP_FIRST && p[1] == 0x8b;
}

#endif /* SAKER_COMMON_GUNZIP_H */
