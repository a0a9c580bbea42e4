/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of processes with their containers, kept up to date from events: as
 * root, "ptree" prints it every second, "ptree FILE" once at the end of a
 * capture. No rules, and no look at /proc after the start.
 */
#include <saker/capture.h>
#include <saker/enrich.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct saker_process *processes;
static size_t n_processes;

static int collect(void *userdata, const struct saker_process *process)
{
	struct saker_process *more = realloc(processes, (n_processes + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	processes = more;
	processes[n_processes++] = *process;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct saker_process *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void print_children(int64_t ppid, int depth)
{
	for (size_t i = 0; i < n_processes; i++) {
		const struct saker_process *p = &processes[i];

		if (p->ppid != ppid || p->pid == ppid)
			continue;
		printf("%*s%" PRId64 " %s", 2 * depth, "", p->pid, p->name);
		if (*p->container_id)
			printf(" [%s %s %s]", p->container_id, p->container_name,
			       p->container_image);
		putchar('\n');
		print_children(p->pid, depth + 1);
	}
}

static void print_tree(struct saker_state *state)
{
	n_processes = 0;
	if (saker_state_processes(state, collect, NULL) < 0 || n_processes == 0)
		return;
	qsort(processes, n_processes, sizeof(*processes), by_pid);
	print_children(0, 0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct saker_capture_options capture_options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_state_options state_options = SAKER_STATE_OPTIONS_INIT;
	struct saker_capture *capture;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_record *record;
	struct saker_state *state;
	time_t printed = 0;
	int rc;

	capture_options.file = argc > 1 ? argv[1] : NULL;
	state_options.offline = argc > 1;
	if (saker_capture_open(&capture_options, &capture) < 0) {
		fprintf(stderr, "ptree: this needs root, or the name of a capture file\n");
		return 1;
	}
	if (saker_state_new(&state_options, &state) < 0)
		return 1;
	while ((rc = saker_capture_next(capture, 1000, &event, &meta)) >= 0) {
		if (rc)
			saker_state_apply(state, event, &meta, &record);
		if (argc == 1 && time(NULL) != printed) {
			printed = time(NULL);
			printf("\f");
			print_tree(state);
		}
	}
	print_tree(state);
	free(processes);
	saker_state_free(state);
	saker_capture_close(capture);
	return rc == -ENODATA ? 0 : 1;
}
