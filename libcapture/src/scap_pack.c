// SPDX-License-Identifier: Apache-2.0
/*
 * Making gzip members. Apart from the sink, which knows of blocks and files: here is
 * what two compressing libraries want to be told.
 */
#include "scap_pack.h"

#include <zlib.h>

#include "common/isal.h"

#define ZLIB_GZIP (15 + 16) /* the largest window; a gzip header and trailer */

struct capture_pack {
	bool with_isal;
	uint8_t *out;
	size_t out_size;
	z_stream z;
#if SAKER_HAVE_ISAL
	struct isal_zstream isal;
	uint8_t isal_tables[ISAL_DEF_LVL1_DEFAULT];
#endif
};

int capture_pack_new(int level, bool zlib_only, struct capture_pack **ret)
{
	struct capture_pack *pack = calloc(1, sizeof(*pack));

	if (!pack)
		return -ENOMEM;
	pack->with_isal = SAKER_HAVE_ISAL && level == 1 && !zlib_only;
	if (!pack->with_isal &&
	    deflateInit2(&pack->z, level, Z_DEFLATED, ZLIB_GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(pack);
		return -ENOMEM;
	}
	*ret = pack;
	return 0;
}

struct capture_pack *capture_pack_free(struct capture_pack *pack)
{
	if (!pack)
		return NULL;
	if (!pack->with_isal)
		deflateEnd(&pack->z);
	free(pack->out);
	free(pack);
	return NULL;
}

static int pack_room(struct capture_pack *pack, size_t size)
{
	uint8_t *out;

	if (size <= pack->out_size)
		return 0;
	out = realloc(pack->out, size);
	if (!out)
		return -ENOMEM;
	pack->out = out;
	pack->out_size = size;
	return 0;
}

static int zlib_member(struct capture_pack *pack, const uint8_t *data, size_t len, size_t *ret_len)
{
	z_stream *z = &pack->z;
	int r = pack_room(pack, deflateBound(z, len));

	if (r < 0)
		return r;
	z->next_in = (Bytef *)data; /* not written to */
	z->avail_in = (uInt)len;
	z->next_out = pack->out;
	z->avail_out = (uInt)pack->out_size;
	if (deflate(z, Z_FINISH) != Z_STREAM_END || deflateReset(z) != Z_OK)
		return -EIO;
	*ret_len = pack->out_size - z->avail_out;
	return 0;
}

#if SAKER_HAVE_ISAL
static int isal_member(struct capture_pack *pack, const uint8_t *data, size_t len, size_t *ret_len)
{
	struct isal_zstream *z = &pack->isal;
	/* It tells no bound. What has no pattern comes out stored, a few bytes larger. */
	int r = pack_room(pack, len + len / 16 + 1024);

	if (r < 0)
		return r;
	isal_deflate_init(z);
	z->level = 1;
	z->level_buf = pack->isal_tables;
	z->level_buf_size = sizeof(pack->isal_tables);
	z->gzip_flag = IGZIP_GZIP;
	z->end_of_stream = 1;
	z->next_in = (uint8_t *)data; /* not written to */
	z->avail_in = (uint32_t)len;
	*ret_len = 0;
	for (;;) {
		z->next_out = pack->out + *ret_len;
		z->avail_out = (uint32_t)(pack->out_size - *ret_len);
		r = isal_deflate(z);
		isal_leave();
		*ret_len = pack->out_size - z->avail_out;
		if (r != COMP_OK)
			return -EIO;
		if (z->internal_state.state == ZSTATE_END)
			return 0;
		if (z->avail_out)
			return -EIO;
		r = pack_room(pack, 2 * pack->out_size);
		if (r < 0)
			return r;
	}
}
#else
#define isal_member zlib_member
#endif

int capture_pack_member(struct capture_pack *pack, const uint8_t *data, size_t len,
			uint8_t **ret_member, size_t *ret_len)
{
	int r = pack->with_isal ? isal_member(pack, data, len, ret_len)
				: zlib_member(pack, data, len, ret_len);

	if (r == 0)
		*ret_member = pack->out;
	return r;
}
