/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds of fuzz_event to the files named on the command line: an
 * event of every code, with a plausible value in each parameter, dealt out over
 * the files, as it is made and as it comes out of a capture that our writer made of
 * it (where old events have become today's).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <saker/capture.h>
#include <saker/scap.h>

#include "tests/unit/enrich/event_builder.h"

static const uint8_t tuple4[] = {2, 127, 0, 0, 1, 0x50, 0, 10, 0, 0, 1, 0xbb, 1};
static const uint8_t sockaddr4[] = {2, 127, 0, 0, 1, 0x50, 0};
static const uint8_t unix_tuple[] = {1, 1, 2, 3, 4, 5,	 6,   7,   8,	1,   2,	  3,
				     4, 5, 6, 7, 8, '/', 'r', 'u', 'n', '/', 's', 0};
static const uint8_t fdlist[] = {2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 4, 0};
static const uint8_t addr[17] = {4, 10, 0, 0, 1};

static void add_value(struct event_builder *b, const struct saker_param_info *info, uint8_t which);

/* A DYN holds the index of a type, then its value. */
static void add_dynamic(struct event_builder *b, const struct saker_param_info *info, uint8_t which)
{
	struct event_builder *value = calloc(1, sizeof(*value));
	uint8_t bytes[256];

	if (!value || !info->n_variants)
		abort();
	bytes[0] = which % info->n_variants;
	eb_begin(value);
	add_value(value, &info->variants[bytes[0]], which);
	memcpy(bytes + 1, value->data, value->used < 255 ? value->used : 255);
	eb_param(b, bytes, 1 + (value->used < 255 ? value->used : 255));
	free(value);
}

static void add_value(struct event_builder *b, const struct saker_param_info *info, uint8_t which)
{
	uint32_t size = saker_param_type_size((enum saker_param_type)info->type);
	uint64_t number = info->flags && info->flags->n_flags
				  ? info->flags->flags[which % info->flags->n_flags].value
				  : 3;

	switch (info->type) {
	case SAKER_PT_DYN:
		add_dynamic(b, info, which);
		return;
	case SAKER_PT_SOCKADDR:
		eb_param(b, sockaddr4, sizeof(sockaddr4));
		return;
	case SAKER_PT_SOCKTUPLE:
		if (which % 2)
			eb_param(b, tuple4, sizeof(tuple4));
		else
			eb_param(b, unix_tuple, sizeof(unix_tuple));
		return;
	case SAKER_PT_FDLIST:
		eb_param(b, fdlist, sizeof(fdlist));
		return;
	case SAKER_PT_CHARBUFARRAY:
	case SAKER_PT_CHARBUF_PAIR_ARRAY:
		eb_param(b, "a=1\0b=/x\0", 9);
		return;
	case SAKER_PT_IPADDR:
	case SAKER_PT_IPNET:
		eb_param(b, addr, sizeof(addr));
		return;
	default:
		if (size && size <= sizeof(number))
			eb_param(b, &number, size);
		else if (size)
			eb_param(b, addr, size < sizeof(addr) ? size : sizeof(addr));
		else
			eb_str(b, which % 3 ? "/tmp/f\xc3\xa4" : "{\"a\":1}");
	}
}

/* All events of the schema into a capture; its start-up events become lists there and back. */
static int write_capture(const char *path, FILE **files, int n_files)
{
	static struct event_builder b;
	const struct saker_event *event;
	struct saker_scap_writer *w;
	int r = saker_scap_open(path, NULL, &w);

	for (uint16_t code = 0; r == 0 && code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);

		eb_begin(&b);
		for (uint32_t i = 0; i < info->n_params; i++)
			add_value(&b, &info->params[i], (uint8_t)(code + i));
		event = eb_end(&b, code, 1000 + code, 100);
		r = saker_scap_write(w, event, NULL);
		if (fwrite(event, event->len, 1, files[code % n_files]) != 1)
			r = -EIO;
	}
	if (r == 0)
		r = saker_scap_finish(w);
	saker_scap_close(w);
	return r;
}

int main(int argc, char **argv)
{
	struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;
	char path[] = "/tmp/saker-seeds-XXXXXX";
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_capture *capture;
	FILE **files = calloc((size_t)argc, sizeof(*files));
	int fd = mkstemp(path), r, n = 0;

	if (argc < 2 || !files || fd < 0)
		return 1;
	for (int i = 1; i < argc; i++) {
		files[i] = fopen(argv[i], "wbe");
		if (!files[i])
			return 1;
	}
	o.file = path;
	r = write_capture(path, files + 1, argc - 1);
	if (r == 0)
		r = saker_capture_open(&o, &capture);
	unlink(path);
	close(fd);
	if (r < 0)
		return 1;
	while ((r = saker_capture_next(capture, -1, &event, &meta)) == 1)
		if (fwrite(event, event->len, 1, files[1 + n++ % (argc - 1)]) != 1)
			return 1;
	saker_capture_close(capture);
	for (int i = 1; i < argc; i++)
		if (fclose(files[i]))
			return 1;
	free(files);
	return r == -ENODATA && n > 150 ? 0 : 1;
}
