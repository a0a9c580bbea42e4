/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM, for every verb that reads. */
#include "stop.h"

#include <signal.h>
#include <stddef.h>

volatile int stop_asked;

static void ask_stop(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

void stop_on_signals(void)
{
	struct sigaction sa = {.sa_handler = ask_stop};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}
