/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has this file open? "openers /var/log/syslog" looks at the machine as it
 * is now (root), "openers PATH FILE" at how it was at the end of a capture.
 */
#include <saker/capture.h>
#include <saker/enrich.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct search {
	struct saker_state *state;
	const char *path;
	struct saker_process process; /* the one that is looked at */
	int n;
};

static int look_at_file(void *userdata, const struct saker_open_file *file)
{
	struct search *search = userdata;
	const struct saker_process *p = &search->process;

	if (strcmp(file->name, search->path) != 0)
		return 0;
	search->n++;
	printf("%" PRId64 "\t%s\t%" PRId64 "\t%s\n", p->pid, p->name, file->fd, p->container_id);
	return 0;
}

static int look_at_process(void *userdata, const struct saker_process *process)
{
	struct search *search = userdata;

	search->process = *process;
	return saker_state_open_files(search->state, process->pid, look_at_file, search);
}

int main(int argc, char **argv)
{
	struct saker_capture_options capture_options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_state_options state_options = SAKER_STATE_OPTIONS_INIT;
	struct search search = {.path = argv[1]};
	struct saker_capture *capture;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_record *record;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: openers PATH [CAPTURE]\n");
		return 2;
	}
	capture_options.file = argc == 3 ? argv[2] : NULL;
	state_options.offline = argc == 3;
	if (saker_capture_open(&capture_options, &capture) < 0) {
		fprintf(stderr, "openers: this needs root, or the name of a capture file\n");
		return 1;
	}
	if (saker_state_new(&state_options, &search.state) < 0)
		return 1;
	/* Live, what was there comes first; the first event after it is enough. */
	while (saker_capture_next(capture, 100, &event, &meta) == 1) {
		if (argc == 2 && !(meta.flags & SAKER_EVENT_META_INITIAL))
			break;
		saker_state_apply(search.state, event, &meta, &record);
	}
	saker_state_processes(search.state, look_at_process, &search);
	saker_state_free(search.state);
	saker_capture_close(capture);
	return search.n ? 0 : 1;
}
