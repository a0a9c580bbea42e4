// SPDX-License-Identifier: Apache-2.0
/*
 * Last of all: every exit event of the schema was checked to its last
 * parameter, of a call that worked and of one that did not. What cannot be had
 * is listed here with the reason; an event that is new to the schema fails
 * until it has its cases.
 */
#include "live.h"
#include "ia32.h"

#include <stdio.h>

#define NEITHER (LIVE_SUCCESS | LIVE_FAILURE)

/* What no case can show, and why. */
static const struct exception {
	uint16_t code;
	uint8_t without; /* enum live_outcome */
	const char *why;
} exceptions[] = {
	{SAKER_EV_SYSCALL_EXECVEAT_X, LIVE_SUCCESS,
	 "after success the registers are those of execve"},
	{SAKER_EV_SYSCALL_MUNLOCKALL_X, LIVE_FAILURE, "it cannot fail"},
	{SAKER_EV_SYSCALL_INIT_MODULE_X, LIVE_SUCCESS,
	 "takes a module made for the running kernel"},
	{SAKER_EV_SYSCALL_FINIT_MODULE_X, LIVE_SUCCESS, "as init_module"},
	{SAKER_EV_SYSCALL_DELETE_MODULE_X, LIVE_SUCCESS, "as init_module"},
	{SAKER_EV_DROP_X, NEITHER, "not of a call: it ends a stretch of sampling"},
};

/* 64-bit programs have no number for these; a kernel may come without 32-bit calls. */
static const uint16_t ia32_only[] = {
	SAKER_EV_SYSCALL_STAT64_X, SAKER_EV_SYSCALL_LSTAT64_X, SAKER_EV_SYSCALL_FSTAT64_X,
	SAKER_EV_SYSCALL_LLSEEK_X, SAKER_EV_SYSCALL_MMAP2_X,   SAKER_EV_SYSCALL_UMOUNT_1_X,
	SAKER_EV_SOCKET_SEND_X,	   SAKER_EV_SOCKET_RECV_X,
};

static uint8_t expected(const struct saker_event_info *info, uint16_t code)
{
	uint8_t want = LIVE_SUCCESS;
	size_t i;

	/* Events whose first parameter can be an error tell of both. */
	if (info->n_params)
		switch (info->params[0].type) {
		case SAKER_PT_ERRNO:
		case SAKER_PT_FD:
		case SAKER_PT_PID:
		case SAKER_PT_INT64:
			want |= LIVE_FAILURE;
		}
	for (i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (exceptions[i].code == code)
			want &= (uint8_t)~exceptions[i].without;
	for (i = 0; i < sizeof(ia32_only) / sizeof(ia32_only[0]) && !ia32_available(); i++)
		if (ia32_only[i] == code)
			want = 0;
	return want;
}

static void every_event(struct live *live)
{
	uint32_t code, events = 0, missing = 0;

	for (code = 1; code < SAKER_EVENT_CODES; code += 2) {
		const struct saker_event_info *info = saker_event_info(code);
		uint8_t want;

		if (!info || !(info->category & SAKER_EC_SYSCALL) ||
		    info->flags & (SAKER_EF_OLD_VERSION | SAKER_EF_UNUSED))
			continue;
		events++;
		want = expected(info, (uint16_t)code) & (uint8_t)~live->proven[code];
		if (!want)
			continue;
		missing++;
		fprintf(stderr, "no case of %s (%u, %s) shows%s%s\n", info->name, code,
			info->symbol, want & LIVE_SUCCESS ? " success" : "",
			want & LIVE_FAILURE ? " failure" : "");
	}
	printf("%u exit events, %zu exceptions\n", events,
	       sizeof(exceptions) / sizeof(exceptions[0]));
	assert_true(events >= 160);
	assert_int_equal(missing, 0);
}

const struct live_case live_coverage_cases[] = {CASE(every_event), {NULL, NULL}};
