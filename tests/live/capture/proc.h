/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc tells of this process, to hold an event's parameters against. */
#ifndef TEST_PROC_H
#define TEST_PROC_H

#include "live.h"

#include <sys/types.h>

#define PROC_CGROUPS_MAX 32768
/* KiB: the kernel counts resident pages by CPU and sums up loosely. */
#define PROC_RSS_TOLERANCE 8192

/* What /proc/<pid>/<name> holds; how many bytes. */
ssize_t proc_read(pid_t pid, const char *name, char *buf, size_t size);
/* A field of its stat, as proc(5) counts them. */
uint64_t proc_stat(pid_t pid, int i);
/* The number behind this word at the start of a line of status, and of fdinfo/<fd>. */
uint64_t proc_status(pid_t pid, const char *name, int base);
uint64_t proc_fdinfo(pid_t pid, int fd, const char *name, int base);

/* Memory in KiB and page faults of this process, now. */
struct proc_usage {
	uint64_t vm_size;
	uint64_t vm_rss;
	uint64_t vm_swap;
	uint64_t major;
	uint64_t minor;
};

void proc_usage(struct proc_usage *ret_usage);
/*
 * The parameters vm_size, vm_rss, vm_swap of a call made right before `after` was taken. The kernel
 * counts the resident pages by CPU and sums up loosely: so is the comparison.
 */
void proc_check_memory(struct live *live, const struct proc_usage *after);
/* pgft_maj and pgft_min of a call made between the two. */
void proc_check_faults(struct live *live, const struct proc_usage *before,
		       const struct proc_usage *after);
/* The parameter cgroups: "cpuset=/a", "cpu=/a" and so on, of a process in this one's groups. */
void proc_check_cgroups(struct live *live);
/* The same bytes; how many. */
size_t proc_cgroups(char *want);
/* The controlling terminal as /proc numbers it; who logged in, -1 when nobody did. */
uint32_t proc_tty(void);
uint32_t proc_loginuid(void);
/* The parameter pidns_init_start_ts: when process 1 started, in ns; /proc counts in hundredths. */
void proc_check_pidns(struct live *live);

#endif /* TEST_PROC_H */
