// SPDX-License-Identifier: Apache-2.0
/*
 * Makes real system calls and checks each parameter of the events that come
 * of them. Needs the rights to load the probe.
 */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
	/* The handle is opened once, by main. */
	return *state ? 0 : -1;
}

static void run_case(void **state)
{
	struct {
		struct live *live;
		const struct live_case *c;
	} *arg = *state;

	arg->c->run(arg->live);
}

#define MAX_CASES 256

int main(int argc, char **argv)
{
	static const struct live_case *const groups[] = {
		live_file_cases,  live_fd_cases,      live_socket_cases,      live_process_cases,
		live_misc_cases,  live_ia32_cases,    live_ia32_socket_cases, live_fail_cases,
		live_flags_cases, live_success_cases, live_coverage_cases,
	};
	static struct {
		struct live *live;
		const struct live_case *c;
	} args[MAX_CASES];
	static struct CMUnitTest tests[MAX_CASES];
	struct live *live = live_open();
	size_t i, n = 0;
	int r;

	if (!live) {
		printf("skipped: no live capture here (see above)\n");
		return 77;
	}
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		const struct live_case *c;

		for (c = groups[i]; c->name && n < MAX_CASES; c++) {
			/* Names on the command line select. */
			if (argc > 1 &&
			    (!strstr(c->name, argv[1]) || groups[i] == live_coverage_cases))
				continue;
			args[n].live = live;
			args[n].c = c;
			tests[n].name = c->name;
			tests[n].test_func = run_case;
			tests[n].setup_func = setup;
			tests[n].initial_state = &args[n];
			n++;
		}
	}
	r = _cmocka_run_group_tests("live events", tests, n, NULL, NULL);
	live_close(live);
	return r ? 1 : 0;
}
