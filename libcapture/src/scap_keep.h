/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a capture has told by events and a reader cannot do without: the containers'
 * metadata, their users and groups, the digests of executables. A capture of several
 * files says it again at the beginning of each later one, so that one alone will do.
 */
#ifndef CAPTURE_SCAP_KEEP_H
#define CAPTURE_SCAP_KEEP_H

#include <saker/event.h>
#include <saker/event_codes.h>

#include "common/util.h"

struct capture_keep_entry;

struct capture_keep {
	struct capture_keep_entry *entries; /* the newest last */
	uint32_t n;
	uint32_t capacity;
	size_t bytes;	/* of the events */
	bool looks;	/* between _look and _done: processes are listed */
	bool any_given; /* of them */
};

static inline bool capture_keep_wants(uint16_t type)
{
	switch (type) {
	case SAKER_EV_CONTAINER_JSON_2_E:
	case SAKER_EV_ASYNCEVENT_E:
	case SAKER_EV_USER_ADDED_E:
	case SAKER_EV_USER_DELETED_E:
	case SAKER_EV_GROUP_ADDED_E:
	case SAKER_EV_GROUP_DELETED_E:
		return true;
	default:
		return false;
	}
}

/* An event that was written, of a type that is wanted. -ENOMEM. */
int capture_keep_event(struct capture_keep *keep, const struct saker_event *event);

/*
 * The processes of the next file: what belongs to a container that none of them was in
 * this time nor the time before is forgotten. cgroups: as TASK_CGROUPS.
 */
void capture_keep_look(struct capture_keep *keep);
void capture_keep_process(struct capture_keep *keep, const char *cgroups, size_t len);
void capture_keep_done(struct capture_keep *keep);

/* All of it, in the order in which it was told, with another time. */
void capture_keep_repeat(struct capture_keep *keep, uint64_t ts,
			 void (*fn)(void *userdata, const struct saker_event *event),
			 void *userdata);

void capture_keep_fini(struct capture_keep *keep);

#endif /* CAPTURE_SCAP_KEEP_H */
