/* SPDX-License-Identifier: Apache-2.0 */
/* Views by name, and what they share of the terminal. */
#include <sys/ioctl.h>

#include "view.h"

const struct view *view_find(const char *name)
{
	static const struct view *const views[] = {
#define X(name) &view_##name,
		VIEW_LIST(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		if (util_streq(views[i]->name, name))
			return views[i];
	}
	return NULL;
}

int view_colour(const char *when, FILE *out, bool *ret_colour)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!when || util_streq(when, "auto"))
		*ret_colour =
			isatty(fileno(out)) && !(no && *no) && !(term && util_streq(term, "dumb"));
	else if (util_streq(when, "always") || util_streq(when, "never"))
		*ret_colour = *when == 'a';
	else
		return -EINVAL;
	return 0;
}

uint32_t view_width(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

const char *view_priority_colour(uint8_t priority, bool colour)
{
	if (!colour)
		return "";
	if (priority <= SAKER_PRIORITY_CRITICAL)
		return "\033[1;31m";
	if (priority == SAKER_PRIORITY_ERROR)
		return "\033[31m";
	if (priority == SAKER_PRIORITY_WARNING)
		return "\033[33m";
	if (priority == SAKER_PRIORITY_NOTICE)
		return "\033[36m";
	return "";
}
