// SPDX-License-Identifier: Apache-2.0
/*
 * Inflating gzip with one of two libraries. ISA-L takes a member's body and trailer;
 * the header is read here, because ISA-L's own reading of it forgets, when a call
 * ends inside of one, which fields are still to come, and minds no reserved bits.
 */
#include "common/gunzip.h"

#include <zlib.h>

#include "common/isal.h"

#define STEP_MAX ((size_t)1 << 30) /* both count in 32 bits */
#define ZLIB_GZIP (15 + 16)	   /* the largest window; a gzip header and trailer */

/* RFC 1952: the header's fixed part, and the flags of what comes behind it. */
#define HEAD_SIZE 10
#define HEAD_DEFLATE 8
#define FLAG_HCRC 0x02
#define FLAG_EXTRA 0x04
#define FLAG_NAME 0x08
#define FLAG_COMMENT 0x10
#define FLAGS_RESERVED 0xe0

enum part { PART_FIXED, PART_EXTRA_LEN, PART_EXTRA, PART_NAME, PART_COMMENT, PART_HCRC, PART_BODY };

struct gunzip {
	int error;
	z_stream z; /* when with is GUNZIP_ZLIB */
	enum gunzip_with with;
#if SAKER_HAVE_ISAL
	enum part part;
	uint8_t flags;
	uint32_t at; /* in the part */
	uint16_t number;
	uint32_t head_crc;
	struct inflate_state isal;
#endif
};

/* ---- zlib ------------------------------------------------------------------------------ */

static int zlib_step(struct gunzip *g, struct gunzip_io *io)
{
	size_t in_len = MIN(io->in_len, STEP_MAX);
	size_t out_len = MIN(io->out_len, STEP_MAX);
	int r;

	g->z.next_in = (Bytef *)io->in; /* not written to */
	g->z.avail_in = (uInt)in_len;
	g->z.next_out = io->out;
	g->z.avail_out = (uInt)out_len;
	r = inflate(&g->z, Z_NO_FLUSH);
	io->in += in_len - g->z.avail_in;
	io->in_len -= in_len - g->z.avail_in;
	io->out += out_len - g->z.avail_out;
	io->out_len -= out_len - g->z.avail_out;
	if (r == Z_STREAM_END)
		return 1;
	if (r == Z_OK || r == Z_BUF_ERROR)
		return 0;
	return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

/* ---- ISA-L ----------------------------------------------------------------------------- */

#if SAKER_HAVE_ISAL
/* The next part that this header has. */
static void head_go_on(struct gunzip *g)
{
	static const uint8_t flag_of[] = {
		[PART_EXTRA_LEN] = FLAG_EXTRA, [PART_EXTRA] = FLAG_EXTRA, [PART_NAME] = FLAG_NAME,
		[PART_COMMENT] = FLAG_COMMENT, [PART_HCRC] = FLAG_HCRC,
	};

	do
		g->part++;
	while (g->part != PART_BODY && !(g->flags & flag_of[g->part]));
	g->at = 0;
	if (g->part == PART_EXTRA && !g->number)
		head_go_on(g);
	else if (g->part != PART_EXTRA)
		g->number = 0;
}

static int head_fixed(struct gunzip *g, uint8_t byte)
{
	static const uint8_t expected[] = {0x1f, 0x8b, HEAD_DEFLATE};

	if (g->at < sizeof(expected) && byte != expected[g->at])
		return -EBADMSG;
	if (g->at == sizeof(expected)) {
		if (byte & FLAGS_RESERVED)
			return -EBADMSG;
		g->flags = byte;
	}
	if (++g->at == HEAD_SIZE)
		head_go_on(g);
	return 0;
}

static int head_byte(struct gunzip *g, uint8_t byte)
{
	if (g->part != PART_HCRC)
		g->head_crc = (uint32_t)crc32(g->head_crc, &byte, 1);
	switch (g->part) {
	case PART_FIXED:
		return head_fixed(g, byte);
	case PART_EXTRA_LEN:
	case PART_HCRC:
		g->number |= (uint16_t)(byte << 8 * g->at);
		if (++g->at < 2)
			return 0;
		if (g->part == PART_HCRC && g->number != (uint16_t)g->head_crc)
			return -EBADMSG;
		head_go_on(g);
		return 0;
	case PART_EXTRA:
		if (++g->at == g->number)
			head_go_on(g);
		return 0;
	default: /* a text */
		if (!byte)
			head_go_on(g);
		return 0;
	}
}

static void isal_begin(struct gunzip *g)
{
	isal_inflate_reset(&g->isal);
	g->isal.crc_flag = ISAL_GZIP_NO_HDR_VER;
	g->part = PART_FIXED;
	g->at = 0;
	g->flags = 0;
	g->number = 0;
	g->head_crc = 0;
}

/* What ISA-L had inflated when it met the error, and had no room for. */
static int isal_drain(struct gunzip *g, struct gunzip_io *io, int error)
{
	struct inflate_state *s = &g->isal;
	size_t left = (size_t)MAX(s->tmp_out_valid - s->tmp_out_processed, 0);
	size_t n = MIN(left, io->out_len);

	memcpy(io->out, s->tmp_out_buffer + s->tmp_out_processed, n);
	s->tmp_out_processed += (int32_t)n;
	io->out += n;
	io->out_len -= n;
	if (left > n)
		return 0;
	return error;
}

static int isal_step(struct gunzip *g, struct gunzip_io *io)
{
	struct inflate_state *s = &g->isal;
	size_t out_len = MIN(io->out_len, STEP_MAX);
	size_t n;
	int r;

	for (; g->part != PART_BODY && io->in_len; io->in++, io->in_len--) {
		r = head_byte(g, *io->in);
		if (r < 0)
			return r;
	}
	if (g->part != PART_BODY)
		return 0;
	s->next_in = (uint8_t *)io->in; /* not written to */
	s->avail_in = (uint32_t)MIN(io->in_len, STEP_MAX);
	s->next_out = io->out;
	s->avail_out = (uint32_t)out_len;
	r = isal_inflate(s);
	isal_leave();
	/* By the pointers: after an error avail_in may be anything (a distance too large: -1). */
	n = MIN((size_t)(s->next_in - io->in), io->in_len);
	io->in += n;
	io->in_len -= n;
	n = MIN((size_t)(s->next_out - io->out), out_len);
	io->out += n;
	io->out_len -= n;
	if (r != ISAL_DECOMP_OK)
		return -EBADMSG;
	return s->block_state == ISAL_BLOCK_FINISH;
}
#endif

/* ---- either ---------------------------------------------------------------------------- */

int gunzip_new(enum gunzip_with with, struct gunzip **ret)
{
	struct gunzip *g;

	if (with == GUNZIP_FASTEST)
		with = SAKER_HAVE_ISAL ? GUNZIP_ISAL : GUNZIP_ZLIB;
	if (with == GUNZIP_ISAL && !SAKER_HAVE_ISAL)
		return -EOPNOTSUPP;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->with = with;
#if SAKER_HAVE_ISAL
	if (with == GUNZIP_ISAL)
		isal_begin(g);
#endif
	if (with == GUNZIP_ZLIB && inflateInit2(&g->z, ZLIB_GZIP) != Z_OK) {
		free(g);
		return -ENOMEM;
	}
	*ret = g;
	return 0;
}

struct gunzip *gunzip_free(struct gunzip *g)
{
	if (g && g->with == GUNZIP_ZLIB)
		inflateEnd(&g->z);
	free(g);
	return NULL;
}

int gunzip_next(struct gunzip *g)
{
	if (g->error)
		return g->error;
#if SAKER_HAVE_ISAL
	if (g->with == GUNZIP_ISAL) {
		isal_begin(g);
		return 0;
	}
#endif
	return inflateReset(&g->z) == Z_OK ? 0 : -EBADMSG;
}

int gunzip_step(struct gunzip *g, struct gunzip_io *io)
{
	int r = g->error;

	if (r == 0) {
#if SAKER_HAVE_ISAL
		r = g->with == GUNZIP_ISAL ? isal_step(g, io) : zlib_step(g, io);
#else
		r = zlib_step(g, io);
#endif
		g->error = MIN(r, 0);
	}
#if SAKER_HAVE_ISAL
	if (g->error && g->with == GUNZIP_ISAL)
		return isal_drain(g, io, g->error);
#endif
	return r;
}
