/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --where: a condition of the rule language over the fields of alerts. Known are
 * rule, priority, source, hostname, tags, output, message, time, input, and every key
 * of output_fields: the fields of the agent with their types, others as text.
 */
#ifndef EVTAGG_FILTER_H
#define EVTAGG_FILTER_H

#include "record.h"

struct filter;

/* What the condition reads is added to wanted. -EBADMSG after lines on standard error. */
int filter_new(const char *condition, struct wanted *wanted, struct filter **ret_filter);
bool filter_pass(struct filter *filter, const struct record *record);
struct filter *filter_free(struct filter *filter);

#endif /* EVTAGG_FILTER_H */
