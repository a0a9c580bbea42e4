/* SPDX-License-Identifier: Apache-2.0 */
/* -w: events into a capture file, or files. */
#ifndef EVTCAP_DUMP_H
#define EVTCAP_DUMP_H

#include <saker/capture.h>
#include <saker/enrich.h>

#include "options.h"
#include "say.h"

struct dump;

/*
 * state: what files after the first begin with, when it is not live; may be NULL
 * when there is only one. live: processes and accounts of this machine are looked
 * up. What is wrong is said.
 */
int dump_open(const struct evtcap_options *options, struct saker_capture *capture,
	      struct saker_state *state, bool live, struct say *say, struct dump **ret_dump);
/* One that the filter lets pass. */
int dump_event(struct dump *dump, const struct saker_event *event,
	       const struct saker_event_meta *meta);
/* One that it does not, or that is no event: written if the state of a reader needs it. */
int dump_state_event(struct dump *dump, const struct saker_event *event,
		     const struct saker_event_meta *meta);
/* Flushes, about once a second: more often would cost a compressed file too much. */
int dump_tick(struct dump *dump, uint64_t now);
/* 0 = all of it is on the disk; what is wrong is said. */
int dump_finish(struct dump *dump);
uint64_t dump_size(const struct dump *dump);
uint32_t dump_n_files(const struct dump *dump);
const char *dump_file(const struct dump *dump);
uint64_t dump_n_state(const struct dump *dump);	  /* written for the state alone */
uint64_t dump_n_unnamed(const struct dump *dump); /* matched, left out by --for-sysdig */
struct dump *dump_close(struct dump *dump);

#endif /* EVTCAP_DUMP_H */
