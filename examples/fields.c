/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcapture, libenrich and the formats of librules: prints a line for every
 * event of a capture file that satisfies a condition.
 *
 *   fields FILE.scap 'evt.type = execve' '%evt.time %proc.name %proc.cmdline'
 */
#include <saker/capture.h>
#include <saker/enrich.h>
#include <saker/rules.h>

#include <errno.h>
#include <stdio.h>

static void complain(void *userdata, const struct saker_diag *diag)
{
	fprintf(stderr, "%s: %s %s\n", diag->id, diag->message, diag->hint);
}

/* What the file says of its machine besides events; all of it may be missing. */
static void tell_machine(struct saker_capture *capture, struct saker_state *state)
{
	struct saker_machine machine;
	struct saker_interface interface;
	struct saker_account account;

	if (saker_capture_machine(capture, &machine) == 0)
		saker_state_set_machine(state, &machine);
	for (uint32_t i = 0; saker_capture_interface(capture, i, &interface) == 1; i++)
		saker_state_add_interface(state, &interface);
	for (uint32_t i = 0; saker_capture_account(capture, i, &account) == 1; i++)
		saker_state_add_account(state, &account);
}

static int print_matches(struct saker_capture *capture, struct saker_state *state,
			 struct saker_filter *filter, struct saker_formatter *formatter)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_record *record;
	struct saker_rendered line;
	int rc;

	while ((rc = saker_capture_next(capture, -1, &event, &meta)) >= 0) {
		if (rc == 0 || saker_state_apply(state, event, &meta, &record) != 1)
			continue;
		if (saker_filter_eval(filter, record) == 1 &&
		    saker_formatter_render(formatter, record, &line) == 0)
			printf("%s\n", line.message);
	}
	return rc == -ENODATA ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_state_options state_options = SAKER_STATE_OPTIONS_INIT;
	struct saker_capture *capture = NULL;
	struct saker_state *state = NULL;
	struct saker_filter *filter = NULL;
	struct saker_formatter *formatter = NULL;
	int rc = 1;

	if (argc != 4) {
		fprintf(stderr, "usage: fields FILE CONDITION FORMAT\n");
		return 2;
	}
	options.file = argv[1];
	options.diag = complain;
	state_options.offline = true;
	if (saker_capture_open(&options, &capture) == 0 &&
	    saker_state_new(&state_options, &state) == 0 &&
	    saker_filter_compile(saker_enrich_catalogue(), argv[2], complain, NULL, &filter) == 0 &&
	    saker_formatter_compile(saker_enrich_catalogue(), argv[3], complain, NULL,
				    &formatter) == 0) {
		tell_machine(capture, state);
		rc = print_matches(capture, state, filter, formatter);
	}
	saker_formatter_free(formatter);
	saker_filter_free(filter);
	saker_state_free(state);
	saker_capture_close(capture);
	return rc;
}
