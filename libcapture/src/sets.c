// SPDX-License-Identifier: Apache-2.0
/* Sets of syscalls by name: those of the schema, and by event. */
#include "schema.h"

#include "schema/wire.h"

static const uint16_t state_set[] = {
#define STATE(symbol) SAKER_SC_##symbol,
#define IO(symbol)
#include "schema/sets.def"
#undef STATE
#undef IO
};

static const uint16_t io_set[] = {
#define STATE(symbol)
#define IO(symbol) SAKER_SC_##symbol,
#include "schema/sets.def"
#undef STATE
#undef IO
};

static int add_codes(struct saker_syscall_set *set, const uint16_t *codes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		saker_syscall_set_add(set, codes[i]);
	return 0;
}

/* Tracepoints that fire without end are left to those who name them. */
static int add_all(struct saker_syscall_set *set)
{
	uint32_t sc;

	for (sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		const struct saker_syscall_info *info = saker_syscall_by_code(sc);

		if (info && (info->event != SAKER_EV_SCHEDSWITCH_6_E &&
			     info->event != SAKER_EV_PAGE_FAULT_E &&
			     info->event != SAKER_EV_SIGNALDELIVER_E))
			saker_syscall_set_add(set, sc);
	}
	return 0;
}

int saker_syscall_set_add_event(struct saker_syscall_set *set, uint32_t event_code)
{
	uint32_t sc;

	if (!set)
		return -EINVAL;
	if (event_code >= SAKER_EVENT_CODES)
		return -ENOENT;
	if (event_code == SAKER_EV_GENERIC_X)
		return 0;
	for (sc = 0; sc < SAKER_SYSCALL_CODES; sc++)
		if (capture_syscalls[sc].name && capture_syscalls[sc].event == event_code)
			saker_syscall_set_add(set, sc);
	return 0;
}

int saker_syscall_set_add_name(struct saker_syscall_set *set, const char *name)
{
	const struct saker_syscall_info *info;
	int code;

	if (!set || !name)
		return -EINVAL;
	if (util_streq(name, "state"))
		return add_codes(set, state_set, ARRAY_SIZE(state_set));
	if (util_streq(name, "io"))
		return add_codes(set, io_set, ARRAY_SIZE(io_set));
	if (util_streq(name, "all"))
		return add_all(set);

	info = saker_syscall_by_name(name);
	if (info)
		saker_syscall_set_add(set, info->sc);
	/* Some events have names of their own ("procexit"), some stand for several syscalls. */
	code = util_streq(name, "NA") ? -ENOENT : saker_event_find(name, 0);
	if (code < 0)
		return info ? 0 : -ENOENT;
	for (; code >= 0; code = saker_event_find(name, (uint32_t)code + 1))
		saker_syscall_set_add_event(set, (uint32_t)code);
	return 0;
}
