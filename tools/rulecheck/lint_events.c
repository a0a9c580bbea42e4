/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule's event types say: ways around it, and what it costs. */
#include <saker/event.h>

#include "lint.h"

#define MAX_SISTERS 6
#define EXPENSIVE_NS 250 /* an event; few of the public rules take as much */

/* System calls of which each does what the others do. */
static const char *const sisters[][MAX_SISTERS] = {
	{"open", "openat", "openat2"},
	{"execve", "execveat"},
	{"rename", "renameat", "renameat2"},
	{"unlink", "unlinkat"},
	{"link", "linkat"},
	{"symlink", "symlinkat"},
	{"chmod", "fchmod", "fchmodat"},
	{"mkdir", "mkdirat"},
	{"dup", "dup2", "dup3"},
	{"accept", "accept4"},
	{"chown", "lchown", "fchown", "fchownat"},
	{"mknod", "mknodat"},
	{"init_module", "finit_module"},
};

static bool can_match(const struct saker_rule_details *d, const char *name)
{
	for (int code = saker_event_find(name, 0); code >= 0;
	     code = saker_event_find(name, (uint32_t)code + 1)) {
		if ((uint32_t)code < d->n_words * 64 && d->codes[code / 64] >> (code % 64) & 1)
			return true;
	}
	return false;
}

static void check_sisters(const struct lint *lint, const struct lint_rule *r,
			  const char *const *group)
{
	const char *has = NULL;
	char missing[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < MAX_SISTERS && group[i]; i++) {
		if (can_match(r->details, group[i]))
			has = group[i];
		else if (saker_event_find(group[i], 0) >= 0 && len < sizeof(missing))
			len += (size_t)snprintf(missing + len, sizeof(missing) - len, "%s%s",
						len ? ", " : "", group[i]);
	}
	if (has && len)
		lint_report(lint, LINT_SISTER_CALLS, &r->details->place, r->rule->name,
			    "Ask for all of them, unless what they do differs here.",
			    "'%s' is about %s and not about %s, which can do the same",
			    r->rule->name, has, missing);
}

static void check_events(const struct lint *lint, const struct lint_rule *r)
{
	const struct saker_rule_details *d = r->details;

	if (util_streq(r->rule->source, "syscall") && d->codes) {
		for (size_t i = 0; i < ARRAY_SIZE(sisters); i++)
			check_sisters(lint, r, sisters[i]);
	}
	if (d->cost >= EXPENSIVE_NS)
		lint_report(lint, LINT_EXPENSIVE_RULE, &d->place, r->rule->name,
			    "Put what rules most events out first, or ask for less.",
			    "'%s' takes about %u ns an event, at most %u", r->rule->name, d->cost,
			    d->most_cost);
}

const struct lint_check lint_events = {.rule = check_events};
