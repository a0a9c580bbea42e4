/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests and benchmarks of fields begin with: a process that executes
 * something, a file that it opens, and fields bound from the text that rules
 * write. No assertions, as event_builder.h.
 */
#ifndef TESTS_ENRICH_EVENT_STORY_H
#define TESTS_ENRICH_EVENT_STORY_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <saker/enrich.h>
#include <saker/field.h>

#include "event_builder.h"

#define STORY_TS UINT64_C(1700000000123456789) /* 2023-11-14T22:13:20 UTC */

/* NULL: not one that rules see. */
static inline struct saker_record *story_apply(struct saker_state *state,
					       const struct saker_event *event)
{
	struct saker_event_meta meta = {.cpu = 3, .flags = SAKER_EVENT_META_NOTED};
	struct saker_record *record;

	return saker_state_apply(state, event, &meta, &record) > 0 ? record : NULL;
}

static inline struct saker_state *story_state(void)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *state;

	options.offline = true;
	options.hostname = "testhost";
	return saker_state_new(&options, &state) < 0 ? NULL : state;
}

/* An execve of a process that nothing was known of; args are NUL-separated. */
static inline struct saker_record *story_execve(struct event_builder *b, struct saker_state *state,
						int64_t pid, int64_t ptid, const char *comm,
						const char *exe, const char *args, int args_len,
						uint64_t ts)
{
	static const char env[] = "HOME=/home/u\0PATH=/bin:/usr/bin\0EMPTY=\0PAD=  x y ";
	static const char cgroups[] = "cpu=/c\0memory=/m\0";

	return story_apply(
		state,
		eb_make(b, SAKER_EV_SYSCALL_EXECVE_19_X, ts, (uint64_t)pid,
			"qsrqqqsqqqwwwsrrwqwwqqqqqqwsqws", INT64_C(0), exe, args, args_len, pid,
			pid, ptid, "", INT64_C(1024), INT64_C(2), INT64_C(30), 4000, 300, 20, comm,
			cgroups, (int)sizeof(cgroups) - 1, env, (int)sizeof(env), 34816, pid, 1000,
			SAKER_FLAG_execve_flags_EXE_WRITABLE |
				SAKER_FLAG_execve_flags_EXE_LOWER_LAYER,
			INT64_C(0), INT64_C(1) << 0 | INT64_C(1) << 13, INT64_C(1) << 21,
			INT64_C(4711), INT64_C(1000000000), INT64_C(2000000000), 0, "/usr/bin/real",
			pid, 0, "/usr/bin/link"));
}

static inline struct saker_record *story_openat(struct event_builder *b, struct saker_state *state,
						int64_t pid, int64_t fd, const char *name,
						uint32_t flags, int mode, uint64_t ts)
{
	return story_apply(state,
			   eb_make(b, SAKER_EV_SYSCALL_OPENAT_2_X, ts, (uint64_t)pid, "qqswwwq", fd,
				   INT64_C(-100), name, (int)flags, mode, 0xfe01, INT64_C(99)));
}

/*
 * "name", "name[arg]" or "name.arg" (when "name" is a field that takes one).
 * arg keeps the argument for the ref.
 */
static inline int story_bind(const char *text, char arg[static 128], struct saker_field_ref *ret)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();
	const struct saker_field *best = NULL;
	char error[128];
	size_t len = 0;

	for (uint32_t i = 0; i < c->n_fields; i++) {
		size_t n = strlen(c->fields[i].name);

		if (n > len && !strncmp(c->fields[i].name, text, n) &&
		    (!text[n] || text[n] == '[' || text[n] == '.')) {
			best = &c->fields[i];
			len = n;
		}
	}
	if (!best)
		return -ENOENT;
	*ret = (struct saker_field_ref){
		.field = best,
		.type = best->type,
		.format = best->format,
		.flags = best->flags,
	};
	if (text[len]) {
		snprintf(arg, 128, "%s", text + len + 1);
		if (text[len] == '[')
			arg[strlen(arg) - 1] = '\0';
		ret->arg = arg;
		ret->arg_len = (uint32_t)strlen(arg);
	}
	return c->bind(c, ret, error, sizeof(error));
}

#endif /* TESTS_ENRICH_EVENT_STORY_H */
