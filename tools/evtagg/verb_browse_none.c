/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg browse, where it was built without ncurses: says so, and what there is instead. */
#include "session.h"

static int run(const struct verb *verb, int argc, char **argv)
{
	struct session_args session = {0};
	struct args args = {0};
	int r = session_args_add(&session, &args, SESSION_ARGS_ALL);

	if (r == 0)
		r = args_parse(&args, verb, argc, argv);
	args_fini(&args);
	session_args_fini(&session);
	if (r < 0)
		return args_exit(r);
	complain("built without ncurses; evtagg serve has the same browser as a web page");
	return EVTAGG_BAD;
}

const struct verb verb_browse = {
	.name = "browse",
	.arguments = "[INPUT]...",
	.summary = "walk around in them on the terminal (built without it)",
	.run = run,
};
