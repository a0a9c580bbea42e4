/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost: how many events since the last word of it, by what they were
 * about, and in which processes. Engines say it in the stream, as an event of
 * ours (SAKER_EV_OWN_LOSS_X) in front of the first event that is later than any
 * of the lost ones; captures keep it there; libenrich doubts what it says.
 */
#ifndef SAKER_LOSS_H
#define SAKER_LOSS_H
#pragma once

#include <saker/event.h>
#include <saker/event_codes.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Groups are those of SAKER_LOSS_GROUP_LIST in <saker/event_codes.h>. */
struct saker_loss {
	size_t size;
	/*
	 * ns since 1970; none of them is later. What comes with an earlier time may be from
	 * before some of them. 0 = all of them are earlier than whatever comes.
	 */
	uint64_t until;
	uint64_t n[SAKER_LOSS_GROUPS];
	bool who_known; /* else it may have been any process */
	/*
	 * A bit is set at pid % SAKER_LOSS_SLOTS of each process that lost events of the group;
	 * of PROCESS at tid % SAKER_LOSS_SLOTS of each thread whose beginning or end was lost,
	 * and where that was a beginning, at pid % SAKER_LOSS_SLOTS of what else it may have
	 * changed of its process: FD, DIRECTORY, IDENTITY.
	 */
	uint64_t who[SAKER_LOSS_GROUPS - 1][SAKER_LOSS_SLOTS / 64];
};

#define SAKER_LOSS_INIT                            \
	{                                          \
		.size = sizeof(struct saker_loss), \
	}

/*
 * Reads an event that says what was lost; the caller sets ret_loss->size first.
 * -EBADMSG: its lengths do not add up; -ENOENT: an event of another kind;
 * -EINVAL. Trusts nothing in the bytes.
 */
SAKER_PUBLIC int saker_loss_read(const struct saker_event *event, struct saker_loss *ret_loss);

/* What the loss of an event of this code leaves in doubt; OTHER for one that changes nothing. */
SAKER_PUBLIC enum saker_loss_group saker_loss_group_of(uint16_t code);
/* "process", "fd" ...; constant, NULL outside the range. */
SAKER_PUBLIC const char *saker_loss_group_name(enum saker_loss_group group);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_LOSS_H */
