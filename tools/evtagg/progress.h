/* SPDX-License-Identifier: Apache-2.0 */
/* A bar on standard error while much is read: how far, how fast, how long still. */
#ifndef EVTAGG_PROGRESS_H
#define EVTAGG_PROGRESS_H

#include "str.h"

struct progress {
	bool on;
	bool shown;
	uint64_t started;
	uint64_t last;
};

void progress_init(struct progress *p, bool on);
/* At most ten times a second; end: takes the bar away. total 0 = nobody knows. */
void progress_show(struct progress *p, uint64_t bytes, uint64_t total, bool end);

#endif /* EVTAGG_PROGRESS_H */
