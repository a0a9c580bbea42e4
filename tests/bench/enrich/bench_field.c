/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one extraction costs, field by field: an openat by a process with six
 * ancestors, the fields that rules ask for most, nanoseconds a call. The cost
 * column of the catalogue was written down from this.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "field.h"

#include "tests/unit/enrich/event_story.h"

#define ROUNDS 200000u

static const char *const names[] = {
	"evt.type",
	"evt.num",
	"evt.is_open_read",
	"evt.is_open_write",
	"evt.rawres",
	"evt.res",
	"evt.arg.flags",
	"evt.arg.name",
	"evt.rawarg.flags",
	"evt.args",
	"evt.time",
	"fd.name",
	"fd.num",
	"fd.typechar",
	"fd.type",
	"fd.directory",
	"fd.filename",
	"fd.nameraw",
	"fd.sip",
	"proc.name",
	"proc.exe",
	"proc.exepath",
	"proc.cmdline",
	"proc.args",
	"proc.pname",
	"proc.pcmdline",
	"proc.aname",
	"proc.aname[3]",
	"proc.acmdline",
	"proc.env[PATH]",
	"proc.tty",
	"proc.sname",
	"proc.loginshellid",
	"thread.cap_effective",
	"user.name",
	"user.loginuid",
	"container.id",
	"container.name",
	"fs.path.name",
	"thread.cgroups",
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(void)
{
	struct saker_state *state = story_state();
	static struct event_builder b;
	struct saker_record *record;
	uint64_t sum = 0;

	if (!state)
		return 1;
	for (int64_t pid = 100; pid < 107; pid++)
		story_execve(&b, state, pid, pid == 100 ? 1 : pid - 1, "bash", "/bin/bash",
			     "-c\0run something --with=option /and/a/path", 43, STORY_TS);
	record = story_openat(&b, state, 106, 3, "/usr/share/zoneinfo/Europe/Paris",
			      SAKER_FLAG_file_flags_O_RDONLY | SAKER_FLAG_file_flags_O_CLOEXEC, 0,
			      STORY_TS + 1);
	if (!record)
		return 1;
	printf("%-24s %8s %8s\n", "field", "ns", "cost");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct saker_field_ref ref;
		struct saker_values out;
		char arg[128];
		double start;

		if (story_bind(names[i], arg, &ref) < 0)
			return 1;
		start = seconds();
		for (uint32_t n = 0; n < ROUNDS; n++) {
			ref.extract(record, &ref, &out);
			sum += out.n + (out.n ? out.v->len : 0);
			if (record->scratch.head && record->scratch.head->used > 2048)
				arena_rewind(&record->scratch);
		}
		printf("%-24s %8.1f %8u\n", names[i], (seconds() - start) / ROUNDS * 1e9,
		       ref.field->cost);
	}
	saker_state_free(state);
	return sum == 0;
}
