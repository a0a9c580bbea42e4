/* SPDX-License-Identifier: Apache-2.0 */
/* See events.h. Several codes may have one name. */
#include <saker/event.h>

#include "common/util.h"
#include "events.h"

static bool has_code(const struct saker_rule_details *d, uint32_t code)
{
	return code < d->n_words * 64 && d->codes[code / 64] >> (code % 64) & 1;
}

/* Whether a code before this one has told the name. */
static bool is_told(const struct saker_rule_details *d, const char *name, uint32_t before)
{
	for (int code = saker_event_find(name, 0); code >= 0 && (uint32_t)code < before;
	     code = saker_event_find(name, (uint32_t)code + 1)) {
		if (has_code(d, (uint32_t)code))
			return true;
	}
	return false;
}

bool events_put(FILE *out, const struct saker_rule_details *d, uint32_t max, const char *between)
{
	uint32_t n = 0;

	if (!util_streq(d->source, "syscall") || !d->codes)
		return false;
	for (uint32_t code = 0; code < d->n_words * 64; code++) {
		const struct saker_event_info *info =
			has_code(d, code) ? saker_event_info(code) : NULL;

		/* an asyncevent has its name in it, so that it can never be ruled out */
		if (!info || is_told(d, info->name, code) ||
		    (util_streq(info->name, "asyncevent") && n))
			continue;
		if (n++ < max)
			fprintf(out, "%s%s", n > 1 ? between : "", info->name);
	}
	if (n > max)
		fprintf(out, " and %u more", n - max);
	if (n == 0)
		fputs("none", out);
	return true;
}
