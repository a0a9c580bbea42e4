/* SPDX-License-Identifier: Apache-2.0 */
/* A scan of /proc between its two files: procfs.c (threads) and procfs_file.c (files). */
#ifndef CAPTURE_PROCFS_INTERNAL_H
#define CAPTURE_PROCFS_INTERNAL_H

#include "event_build.h"
#include "procfs.h"

#include <dirent.h>
#include <time.h>

#define PROCFS_PATH_MAX 4096
#define PROCFS_TEXTS_MAX 4096	     /* bytes of arguments, of environment, of control groups */
#define PROCFS_STATUS_MAX (1u << 20) /* of status: 65536 groups, and what stands behind them */
#define PROCFS_NETS 64		     /* network namespaces whose sockets are looked up */

/* The sockets of one network namespace, by inode. */
struct procfs_net {
	uint64_t ns;
	struct procfs_socket *sockets;
	size_t n;
	size_t capacity;
};

struct procfs_scan {
	uint64_t epoch_offset;
	uint64_t ts;
	uint32_t only; /* thread; 0: all */
	uint32_t pid;  /* the process being read */
	bool done;
	bool want_files; /* of that process, once its threads are out */
	DIR *processes;
	DIR *threads;
	DIR *files;
	int fdinfo; /* directory beside files */
	struct procfs_net *net;
	struct procfs_net nets[PROCFS_NETS];
	size_t n_nets;
	char *status; /* PROCFS_STATUS_MAX bytes, of which few are ever touched */
	char text[PROCFS_TEXTS_MAX];
	uint8_t event[SAKER_EVENT_MAX_SIZE];
};

/* Text, always NUL-terminated; its length. */
ssize_t procfs_read(int dir, const char *name, char *buf, size_t size);
ssize_t procfs_link(int dir, const char *name, char *buf, size_t size);

/*
 * Builds the event of a thread of scan->pid and, when it leads its process, has
 * a whole scan go on with the process's files. -ESRCH; -ENOENT: a kernel thread.
 */
int procfs_thread_build(struct procfs_scan *scan, uint32_t tid);

/* Opens the files of scan->pid; scan->files stays NULL when they may not be seen. */
void procfs_files_begin(struct procfs_scan *scan);
/* Builds the event of the next file; false: no more. */
bool procfs_files_next(struct procfs_scan *scan);
/* The event of one entry of fd/, between _begin and _end; false: it is gone, or a socket that no
 * table has. */
bool procfs_file_build(struct procfs_scan *scan, const char *name);
void procfs_files_end(struct procfs_scan *scan);
void procfs_sockets_free(struct procfs_scan *scan);

#endif /* CAPTURE_PROCFS_INTERNAL_H */
