/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's tables within libcapture; the public look-ups are over these. */
#ifndef CAPTURE_SCHEMA_H
#define CAPTURE_SCHEMA_H

#include <saker/event.h>

#include "common/util.h"

#define CAPTURE_FLAG_TABLES 55

extern const struct saker_event_info capture_events[SAKER_EVENT_CODES];
/* By public code; name == NULL where there is no such syscall. */
extern const struct saker_syscall_info capture_syscalls[SAKER_SYSCALL_CODES];
extern const struct saker_flag_table capture_flag_tables[CAPTURE_FLAG_TABLES];

#endif /* CAPTURE_SCHEMA_H */
