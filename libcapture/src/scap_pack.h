/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One gzip member of some bytes, made at once in memory: level 1 by ISA-L where the
 * build has it (four times as fast as zlib's, of the same size), all others by zlib.
 */
#ifndef CAPTURE_SCAP_PACK_H
#define CAPTURE_SCAP_PACK_H

#include "common/util.h"

struct capture_pack;

/* zlib_only: at level 1, too. -ENOMEM. */
int capture_pack_new(int level, bool zlib_only, struct capture_pack **ret);
struct capture_pack *capture_pack_free(struct capture_pack *pack);

/* The member of len bytes at data (less than 2 GiB), ours until the next call. -ENOMEM, -EIO. */
int capture_pack_member(struct capture_pack *pack, const uint8_t *data, size_t len,
			uint8_t **ret_member, size_t *ret_len);

#endif /* CAPTURE_SCAP_PACK_H */
