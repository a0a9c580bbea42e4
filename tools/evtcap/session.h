/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of evtcap: a capture, the state kept from it, a filter; what becomes
 * of the events that satisfy it is a view's business, and the dump's.
 */
#ifndef EVTCAP_SESSION_H
#define EVTCAP_SESSION_H

#include <saker/capture.h>
#include <saker/containers.h>
#include <saker/digests.h>
#include <saker/enrich.h>
#include <saker/rules.h>

#include "control.h"
#include "dump.h"
#include "options.h"
#include "say.h"

/* What a run ends with: exit codes. */
enum evtcap_exit {
	EVTCAP_OK = 0,
	EVTCAP_BAD_FILTER = 1, /* or format, field, system call */
	EVTCAP_BAD_USAGE = 2,
	EVTCAP_NO_CAPTURE = 3,
	EVTCAP_FAILED = 4,
};

struct session;

/*
 * What is made of events. Results are 0 or a negative errno that ends the run;
 * -EPIPE: nobody reads any more, which is no failure.
 */
struct view {
	bool no_state; /* looks at event and meta only; record may be NULL */
	/* Before the capture is opened: what the user typed is checked here, and said. */
	int (*open)(struct session *session, void **ret_self);
	/* 1 = taken, 0 = passed over. */
	int (*event)(void *self, const struct saker_event_view *event,
		     const struct saker_event_meta *meta, struct saker_record *record);
	/* Nothing to do, or some time has gone by; now is CLOCK_MONOTONIC, in ns. */
	int (*tick)(void *self, uint64_t now, bool idle);
	int (*finish)(void *self);
	void (*close)(void *self);
};

extern const struct view view_show;
extern const struct view view_info;
extern const struct view view_top;
extern const struct view view_summary;

/* What the kernel is asked for, with what the selection points to. */
struct wanted {
	struct saker_capture_selection selection;
	struct saker_syscall_set syscalls;
	struct saker_capture_filter filters[EVTCAP_MAX_KEEP];
	struct saker_capture_sample samples[EVTCAP_MAX_KEEP];
	struct saker_syscall_set sampled[EVTCAP_MAX_KEEP];
};

struct session {
	const struct evtcap_options *options;
	struct say say;
	bool colour; /* of standard output */
	struct control control;
	struct saker_capture *capture;
	struct saker_state *state;
	struct saker_containers *containers; /* NULL = nobody is asked about them */
	struct saker_digests *digests;	     /* NULL = nothing shows them */
	struct saker_filter *filter;	     /* NULL = all events */
	const struct view *view;	     /* NULL = they are only written */
	void *view_self;
	struct dump *dump; /* NULL = not written */
	pid_t self_tid;	   /* whose events are left out; 0 = nobody's */
	uint64_t started;  /* CLOCK_MONOTONIC, ns */
	uint64_t flushed;
	uint64_t progressed;
	bool progress;	   /* such a line stands on the terminal */
	uint64_t n_events; /* what a filter gets to see */
	uint64_t n_matched;
	uint64_t n_shown;
	uint64_t n_own;
	uint64_t n_malformed;
	uint64_t first_ts;
	uint64_t last_ts;
};

uint64_t session_now(void);

/* Everything from opening to the summary; an exit code. */
int session_run(const struct evtcap_options *options);

/* What is asked of the kernel: -e, or what the filter needs. -ENOENT after saying which name. */
int select_events(struct session *session, struct wanted *ret_wanted);

/* The account at the end, on standard error. */
void account_print(struct session *session);
/* A line that is written over, on a terminal, while a file is read. */
void account_progress(struct session *session, uint64_t now);
void account_progress_end(struct session *session);

#endif /* EVTCAP_SESSION_H */
