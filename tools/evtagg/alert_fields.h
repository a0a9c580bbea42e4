/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's fields over recorded alerts: a check of a rule is true or false as far as
 * the alert says so, and undecided where it carries no such field. An alert has what the
 * rule's output names, no more.
 */
#ifndef EVTAGG_ALERT_FIELDS_H
#define EVTAGG_ALERT_FIELDS_H

#include <saker/rules.h>

#include "record.h"

enum truth {
	TRUTH_FALSE = 0,
	TRUTH_TRUE = 1,
	TRUTH_UNDECIDED = 2,
};

struct alert_fields;

/* Fields that checks read are added to wanted, which must outlive it. -ENOMEM. */
int alert_fields_new(struct wanted *wanted, struct alert_fields **ret_fields);
/*
 * One check, such as proc.name in (a, b). -EBADMSG when it is none, -EINVAL when more
 * fields are read than an alert's scanner fetches: such a check is never decided.
 */
int alert_fields_compile(struct alert_fields *fields, const char *check,
			 struct saker_filter **ret_filter);
enum truth alert_fields_check(struct alert_fields *fields, struct saker_filter *filter,
			      const struct record *record);
struct alert_fields *alert_fields_free(struct alert_fields *fields);

#endif /* EVTAGG_ALERT_FIELDS_H */
