/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule files over recorded alerts, in three-valued logic: what a rule would say about
 * the event behind an alert, as far as the alert carries the fields.
 *
 *   replay_new, replay_load ...   before the session starts
 *   replay_ask                    per alert
 *   replay_free
 *
 * Equal parts of all conditions of all sets are one node, so that what two versions of
 * a rule share is one thing: if the old version made the alert, what it asked for held,
 * whether or not the alert tells.
 */
#ifndef EVTAGG_REPLAY_H
#define EVTAGG_REPLAY_H

#include "alert_fields.h"

struct replay;

struct replay_rule {
	const char *name;
	enum saker_priority priority;
	bool enabled;
	uint32_t root;		       /* its condition */
	const char *const *exceptions; /* their names */
	uint32_t n_exceptions;
	struct replay_fact *facts; /* what is so when it matched */
	uint32_t n_facts;
};

struct replay_fact {
	uint32_t node;
	enum truth truth;
};

struct replay_rules {
	struct replay_rule *v; /* in load order */
	uint32_t n;
};

int replay_new(struct wanted *wanted, struct replay **ret_replay);
/*
 * Files that are loaded one after the other; "-" is standard input. ret_rules belongs to
 * the replay. -EBADMSG after lines on standard error.
 */
int replay_load(struct replay *replay, const struct strings *paths, struct replay_rules *ret_rules);
struct replay_rule *replay_find(const struct replay_rules *rules, struct text name);
/* Another alert: answers about the last one are forgotten. */
void replay_begin(struct replay *replay, const struct record *record);
/* That rule made this alert: its facts hold, from now on. */
void replay_assume(struct replay *replay, const struct replay_rule *rule);
enum truth replay_ask(struct replay *replay, const struct replay_rule *rule);
/* After UNDECIDED: a check that was not decided, as a condition has it. */
const char *replay_why(struct replay *replay, const struct replay_rule *rule);
struct replay *replay_free(struct replay *replay);

#endif /* EVTAGG_REPLAY_H */
