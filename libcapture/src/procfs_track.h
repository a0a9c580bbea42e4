/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes that a poll of /proc saw last, with just enough of each to tell
 * whether it is still the same: when it began, what it runs, what is open.
 */
#ifndef CAPTURE_PROCFS_TRACK_H
#define CAPTURE_PROCFS_TRACK_H

#include "common/util.h"

#define TRACK_PROCESSES_MAX 131072u /* more are passed over, and counted */
#define TRACK_FILES_MAX 4096u	    /* of one process */
#define TRACK_ALL_FILES_MAX 262144u /* of all of them; files past either are not followed */
/* Files looked at in one poll, all processes together; the rest has its turn in the next ones. */
#define TRACK_FILES_A_POLL 16384u

struct track_file {
	uint32_t fd;
	uint64_t inode; /* hash of device and inode */
};

struct track_process {
	uint32_t pid;
	uint32_t parent;
	uint32_t poll;	/* when it was there last */
	uint64_t start; /* clock ticks since boot: tells one pid's processes apart */
	uint64_t exe;	/* hash of device and inode; 0 = may not be seen */
	uint64_t argv;	/* hash */
	char comm[16];
	struct track_file *files; /* by number */
	uint32_t n_files;
};

struct track {
	struct track_process *v; /* by pid */
	uint32_t n;
	uint32_t capacity;
	uint32_t poll;
	uint32_t n_files;	  /* of all */
	uint32_t files_left;	  /* of this poll */
	bool files_over;	  /* none are left; files_from says where the next poll goes on */
	uint32_t files_from;	  /* pid: those below had their turn in the poll before */
	struct track_file *found; /* scratch of track_files, TRACK_FILES_MAX */
};

int track_init(struct track *track);
void track_fini(struct track *track);

/* What is there under this pid now, without files. -ESRCH: nothing that runs; -ENOENT: a kernel
 * thread; others: it is there and cannot be read, as by who has no descriptor left. */
int track_read(uint32_t pid, struct track_process *ret_process);

struct track_process *track_find(struct track *track, uint32_t pid);
/* Pointers into the track end. -E2BIG; -ENOMEM. */
int track_add(struct track *track, const struct track_process *process,
	      struct track_process **ret_process);
void track_remove(struct track *track, struct track_process *process);

/* It runs another program than it did, or than its parent does. */
bool track_runs_other(const struct track_process *before, const struct track_process *now);

/*
 * Compares the files of a process with those it had: calls opened for each that
 * is new (by its name under fd/), closed for each that is gone or another one
 * now. NULL = only remembers them. dir: of fd/, read from its start.
 */
struct track_changes {
	void (*opened)(void *userdata, const char *name);
	void (*closed)(void *userdata, uint32_t fd);
	void *userdata;
};

int track_files(struct track *track, struct track_process *process,
		const struct track_changes *changes);

#endif /* CAPTURE_PROCFS_TRACK_H */
