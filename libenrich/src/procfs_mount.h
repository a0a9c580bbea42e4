/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a file of a process on a local file system? One that a program or another
 * machine serves may never answer, and must not be touched by who cannot wait;
 * so it is asked of /proc, not of the file.
 */
#ifndef ENRICH_PROCFS_MOUNT_H
#define ENRICH_PROCFS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* What is mounted at the root of the thread. */
bool procfs_root_is_local(const char *proc, int64_t tid);
/* What its executable is on. True also where no mount of the thread's is: deleted, anonymous. */
bool procfs_exe_is_local(const char *proc, int64_t tid);
/* What an absolute path without links or ".." leads to, as the thread sees it. */
bool procfs_path_is_local(const char *proc, int64_t tid, const char *path);

#endif /* ENRICH_PROCFS_MOUNT_H */
