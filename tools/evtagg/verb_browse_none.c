/* SPDX-License-Identifier: Apache-2.0 */
/* evtagg browse, where it was built without ncurses: says so. */
#include "evtagg.h"

static int run(const struct verb *verb, int argc, char **argv)
{
	complain("built without ncurses; evtagg serve has the same browser as a web page");
	return EVTAGG_BAD;
}

const struct verb verb_browse = {
	.name = "browse",
	.arguments = "[INPUT]...",
	.summary = "walk around in them on the terminal (built without it)",
	.run = run,
};
