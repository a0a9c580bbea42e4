/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of a container's log: 8 bytes of head (which stream, three zeros, the
 * length, big-endian), then so many bytes. From the Docker Engine API, "Attach to a
 * container", stream format. A line may span frames, and frames any number of reads.
 */
#include "source.h"

#define STDERR 2

static uint32_t frame_length(const uint8_t *head)
{
	return (uint32_t)head[4] << 24 | (uint32_t)head[5] << 16 | (uint32_t)head[6] << 8 | head[7];
}

int output_frames_feed(struct saker_alert_queue *queue, struct output_frames *f, const char *data,
		       size_t len, source_line_fn fn)
{
	int r;

	if (f->raw)
		return output_source_bytes(queue, &f->lines[0], data, len, fn);
	while (len) {
		size_t n;

		if (!f->left) {
			n = MIN(len, FRAME_HEAD - f->head_len);
			memcpy(f->head + f->head_len, data, n);
			f->head_len += (uint32_t)n;
			data += n;
			len -= n;
			if (f->head_len < FRAME_HEAD)
				return 0;
			if (f->head[0] > 3 || f->head[1] || f->head[2] || f->head[3])
				return -EBADMSG;
			f->left = frame_length(f->head);
			f->head_len = 0;
			continue;
		}
		n = MIN(len, f->left);
		r = output_source_bytes(queue, &f->lines[f->head[0] == STDERR], data, n, fn);
		if (r < 0)
			return r;
		f->left -= (uint32_t)n;
		data += n;
		len -= n;
	}
	return 0;
}

void output_frames_fini(struct output_frames *f)
{
	free(f->lines[0].p);
	free(f->lines[1].p);
	memset(f, 0, sizeof(*f));
}
