/* SPDX-License-Identifier: Apache-2.0 */
/* Which system calls to ask the kernel for, given the rules and base_syscalls. */
#ifndef SAKER_TOOL_SYSCALLS_H
#define SAKER_TOOL_SYSCALLS_H

#include <saker/event.h>
#include <saker/rules.h>

#include "config.h"
#include "report.h"

/* Names that are no system calls, and rules that can then never match, are warned of. */
int syscalls_wanted(const struct saker_ruleset *ruleset, const struct config *config,
		    const struct logger *logger, struct saker_syscall_set *ret_set);

uint32_t syscalls_count(const struct saker_syscall_set *set);

#endif /* SAKER_TOOL_SYSCALLS_H */
