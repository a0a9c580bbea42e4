/* SPDX-License-Identifier: Apache-2.0 */
/* evtcap: what tcpdump is for packets, for system calls. */
#include <signal.h>

#include "list.h"
#include "session.h"

static int do_list(const struct evtcap_options *options)
{
	if (list_fields(stdout, saker_enrich_catalogue(), options->list_class,
			options->json ? LIST_JSON : LIST_TEXT, options->names_only) == 0)
		return EVTCAP_OK;
	fprintf(stderr, "evtcap: no field is of class '%s'; try evtcap --list\n",
		options->list_class);
	return EVTCAP_BAD_USAGE;
}

int main(int argc, char **argv)
{
	struct evtcap_options options;
	int r;

	signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error like others */
	if (evtcap_options_parse(&options, argc, argv, stderr) < 0) {
		evtcap_options_fini(&options);
		return EVTCAP_BAD_USAGE;
	}
	switch (options.mode) {
	case EVTCAP_HELP:
		evtcap_options_help(stdout);
		r = EVTCAP_OK;
		break;
	case EVTCAP_VERSION:
		printf("evtcap %s\n", SAKER_VERSION);
		r = EVTCAP_OK;
		break;
	case EVTCAP_LIST:
		r = do_list(&options);
		break;
	default:
		r = session_run(&options);
	}
	evtcap_options_fini(&options);
	if (fflush(stdout) != 0 && errno != EPIPE && r == EVTCAP_OK)
		r = EVTCAP_FAILED;
	return r;
}
