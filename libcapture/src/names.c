// SPDX-License-Identifier: Apache-2.0
/*
 * Look-ups over the schema: by code (an index) and by name (a binary search over
 * tables that gen_names sorted), and the names of errors and signals.
 */
#include "schema.h"

#include "names_index.h"

const struct saker_event_info *saker_event_info(uint32_t code)
{
	return code < SAKER_EVENT_CODES ? &capture_events[code] : NULL;
}

int saker_event_find(const char *name, uint32_t from)
{
	size_t low = 0;
	size_t high = ARRAY_SIZE(events_by_name);

	if (!name)
		return -EINVAL;
	/* The first entry not below (name, from): sorted by name, then code. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		uint32_t code = events_by_name[mid];
		int order = strcmp(capture_events[code].name, name);

		if (order < 0 || (order == 0 && code < from))
			low = mid + 1;
		else
			high = mid;
	}
	if (low < ARRAY_SIZE(events_by_name) &&
	    util_streq(capture_events[events_by_name[low]].name, name))
		return events_by_name[low];
	return -ENOENT;
}

const struct saker_syscall_info *saker_syscall_by_code(uint32_t sc)
{
	return sc < SAKER_SYSCALL_CODES && capture_syscalls[sc].name ? &capture_syscalls[sc] : NULL;
}

const struct saker_syscall_info *saker_syscall_by_name(const char *name)
{
	size_t low = 0;
	size_t high = ARRAY_SIZE(syscalls_by_name);

	while (name && low < high) {
		size_t mid = low + (high - low) / 2;
		const struct saker_syscall_info *info = &capture_syscalls[syscalls_by_name[mid]];
		int order = strcmp(info->name, name);

		if (order == 0)
			return info;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct saker_syscall_info *saker_syscall_by_number(uint32_t nr)
{
	/* A gap in the table reads 0, which is no syscall's code. */
	return nr < ARRAY_SIZE(syscalls_by_number) ? saker_syscall_by_code(syscalls_by_number[nr])
						   : NULL;
}

const struct saker_flag_table *saker_flag_table_find(const char *name)
{
	size_t low = 0;
	size_t high = ARRAY_SIZE(flag_tables_by_name);

	while (name && low < high) {
		size_t mid = low + (high - low) / 2;
		const struct saker_flag_table *table =
			&capture_flag_tables[flag_tables_by_name[mid]];
		int order = strcmp(table->name, name);

		if (order == 0)
			return table;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

uint32_t saker_flag_table_count(void)
{
	return CAPTURE_FLAG_TABLES;
}

const struct saker_flag_table *saker_flag_table_at(uint32_t index)
{
	return index < CAPTURE_FLAG_TABLES ? &capture_flag_tables[index] : NULL;
}

const char *saker_errno_name(int err)
{
	switch (err) {
#define ERRNO(number, name) \
	case number:        \
		return name;
#include "schema/errno.def"
#undef ERRNO
	default:
		return NULL;
	}
}

const char *saker_signal_name(int sig)
{
	switch (sig) {
#define SIGNAL(number, name) \
	case number:         \
		return name;
#include "schema/signal.def"
#undef SIGNAL
	default:
		return NULL;
	}
}
