/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the engine that reads captures share: where it stands in the file. */
#ifndef CAPTURE_ENGINE_SCAP_H
#define CAPTURE_ENGINE_SCAP_H

#include "cursor.h"
#include "engine.h"
#include "loss.h"
#include "scap_convert.h"
#include "scap_format.h"
#include "scap_lists.h"
#include "scap_ready.h"
#include "scap_source.h"
#include "schema.h"

#include "schema/wire.h"

struct scap_block {
	uint32_t type;
	uint32_t len; /* all of it */
	uint64_t offset;
	enum scap_kind kind;
	int version;
};

struct scap {
	struct capture_source src;
	struct capture_tables tables;
	struct capture_converter *conv;
	struct scap_block block; /* the one being read */
	bool in_list;		 /* inside of a process or file list */
	uint32_t list_left;	 /* bytes of its body not read yet */
	uint64_t list_tid;	 /* whose descriptors these are */
	bool has_section;
	bool no_initial;
	bool in_front; /* no event yet that happened */
	uint16_t told; /* what companions say from here on: flags of an event's meta */
	int ended;     /* what next() says from now on; 0 = go on */
	uint64_t seen;
	uint64_t lost_fault; /* no way to make a current event of it */
	uint64_t lost_large;
	uint64_t lost_told; /* of both */
	uint64_t lost_ts;
	uint8_t loss[CAPTURE_LOSS_MAX];
	bool warned_convert;
	bool warned_tables;
	struct capture_ready ready;
	char *file;
	uint8_t *buf; /* an event that does not lie in the file as it is handed out */
};

/* The end of a bad file: says why, once. */
int capture_scap_malformed(struct saker_capture *capture, const char *what);

/* The whole block in memory, its trailer right. */
int capture_scap_whole_block(struct saker_capture *capture, uint32_t max, int timeout_ms);

/* The event of the block at hand. 1: ret_event; 2: the block had nothing to show; 0: wait. */
int capture_scap_event(struct saker_capture *capture, int timeout_ms,
		       const struct saker_event **ret_event, struct saker_event_meta *meta);

#endif /* CAPTURE_ENGINE_SCAP_H */
