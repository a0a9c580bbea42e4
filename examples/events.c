/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcapture alone: prints the time, thread and name of every event, live (as
 * root) or of the capture file that is named.
 */
#include <saker/capture.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void complain(void *userdata, const struct saker_diag *diag)
{
	fprintf(stderr, "%s: %s %s\n", diag->id, diag->message, diag->hint);
}

int main(int argc, char **argv)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;
	const struct saker_event *event;
	struct saker_event_meta meta;
	int rc;

	options.file = argc > 1 ? argv[1] : NULL;
	options.diag = complain;
	if (saker_capture_open(&options, &capture) < 0)
		return 1;
	while ((rc = saker_capture_next(capture, -1, &event, &meta)) >= 0) {
		const struct saker_event_info *info = rc ? saker_event_info(event->type) : NULL;

		if (info && !(meta.flags & SAKER_EVENT_META_INITIAL))
			printf("%" PRIu64 " %" PRIu64 " %s\n", (uint64_t)event->ts,
			       (uint64_t)event->tid, info->name);
	}
	saker_capture_close(capture);
	return rc == -ENODATA ? 0 : 1;
}
