// SPDX-License-Identifier: Apache-2.0
/*
 * Which processes there were and what they had open, kept as sorted arrays: /proc
 * lists pids in ascending order, so that new ones go to the end, as a rule.
 */
#include "procfs_track.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "procfs_internal.h"

#include "common/hash.h"

#define STAT_PF_KTHREAD 0x00200000

int track_init(struct track *t)
{
	memset(t, 0, sizeof(*t));
	t->found = calloc(TRACK_FILES_MAX, sizeof(*t->found));
	return t->found ? 0 : -ENOMEM;
}

void track_fini(struct track *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->v[i].files);
	free(t->v);
	free(t->found);
	memset(t, 0, sizeof(*t));
}

/* Where a pid is, or would be. */
static uint32_t place_of(const struct track *t, uint32_t pid)
{
	uint32_t low = 0, high = t->n;

	if (t->n && t->v[t->n - 1].pid < pid)
		return t->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (t->v[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct track_process *track_find(struct track *t, uint32_t pid)
{
	uint32_t i = place_of(t, pid);

	return i < t->n && t->v[i].pid == pid ? &t->v[i] : NULL;
}

int track_add(struct track *t, const struct track_process *process,
	      struct track_process **ret_process)
{
	uint32_t i = place_of(t, process->pid);

	if (t->n >= TRACK_PROCESSES_MAX)
		return -E2BIG;
	if (GROW(t->v, t->n, t->capacity) < 0)
		return -ENOMEM;
	memmove(&t->v[i + 1], &t->v[i], (t->n - i) * sizeof(*t->v));
	t->v[i] = *process;
	t->v[i].poll = t->poll;
	t->n++;
	*ret_process = &t->v[i];
	return 0;
}

void track_remove(struct track *t, struct track_process *process)
{
	uint32_t i = (uint32_t)(process - t->v);

	t->n_files -= process->n_files;
	free(process->files);
	memmove(&t->v[i], &t->v[i + 1], (t->n - i - 1) * sizeof(*t->v));
	t->n--;
}

bool track_runs_other(const struct track_process *before, const struct track_process *now)
{
	/* A program may write over its arguments or its name; over both, and it seems another. */
	if (before->exe && now->exe)
		return before->exe != now->exe;
	return before->argv != now->argv && strncmp(before->comm, now->comm, sizeof(now->comm));
}

/* ---- reading --------------------------------------------------------------------- */

/* "1 (name) S 2 ...": fields as proc(5) counts them. */
static int parse_stat(const char *text, struct track_process *p)
{
	const char *name = strchr(text, '('), *end = strrchr(text, ')');
	unsigned long long start = 0;
	unsigned int flags = 0;
	int parent = 0;
	char state = 0;

	if (!name || !end || end < name)
		return -ESRCH;
	snprintf(p->comm, sizeof(p->comm), "%.*s", (int)(end - name - 1), name + 1);
	if (sscanf(end + 1,
		   " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &state, &parent, &flags, &start) != 4)
		return -ESRCH;
	if (flags & STAT_PF_KTHREAD)
		return -ENOENT;
	p->parent = (uint32_t)parent;
	p->start = start;
	return state == 'Z' || state == 'X' ? -ESRCH : 0; /* it ran, and is not collected yet */
}

static uint64_t hash_inode(const struct stat *st)
{
	return hash_u64(hash_u64(st->st_dev) ^ st->st_ino) | 1; /* never 0 */
}

int track_read(uint32_t pid, struct track_process *ret_process)
{
	struct track_process p = {.pid = pid};
	char text[PROCFS_TEXTS_MAX], path[32];
	_cleanup_close_ int dir = -1;
	struct stat st;
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = dir < 0 ? -errno : procfs_read(dir, "stat", text, sizeof(text));
	if (n <= 0)
		return n == 0 || n == -ENOENT ? -ESRCH : (int)n;
	r = parse_stat(text, &p);
	if (r < 0)
		return r;
	if (fstatat(dir, "exe", &st, 0) == 0)
		p.exe = hash_inode(&st);
	n = procfs_read(dir, "cmdline", text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	p.argv = hash_bytes(text, (size_t)n, 0);
	*ret_process = p;
	return 0;
}

/* ---- files ------------------------------------------------------------------------- */

static int by_fd(const void *a, const void *b)
{
	const struct track_file *x = a, *y = b;

	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* The files that are open now, by number. -EACCES: they may not be seen. */
static int list_files(struct track *t, uint32_t pid, uint32_t *ret_n)
{
	struct dirent *entry;
	struct stat st;
	char path[32];
	uint32_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (n < TRACK_FILES_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0)
			continue;
		t->found[n++] = (struct track_file){
			.fd = (uint32_t)strtoul(entry->d_name, NULL, 10), .inode = hash_inode(&st)};
	}
	closedir(dir);
	if (n)
		qsort(t->found, n, sizeof(*t->found), by_fd);
	*ret_n = n;
	return 0;
}

static void tell(const struct track_process *p, const struct track_file *found, uint32_t n,
		 const struct track_changes *changes)
{
	uint32_t i = 0, k = 0;
	char name[16];

	while (i < p->n_files || k < n) {
		bool gone = k == n || (i < p->n_files && p->files[i].fd < found[k].fd);
		bool added = i == p->n_files || (k < n && found[k].fd < p->files[i].fd);

		if (!gone && !added && p->files[i].inode == found[k].inode) {
			i++;
			k++;
			continue;
		}
		if (!added)
			changes->closed(changes->userdata, p->files[i++].fd);
		if (!gone) {
			snprintf(name, sizeof(name), "%u", found[k++].fd);
			changes->opened(changes->userdata, name);
		}
	}
}

int track_files(struct track *t, struct track_process *p, const struct track_changes *changes)
{
	struct track_file *copy = NULL;
	uint32_t n = 0;
	int r = list_files(t, p->pid, &n);

	if (r < 0)
		return r;
	n = MIN(n, TRACK_ALL_FILES_MAX - (t->n_files - p->n_files));
	t->files_left -= MIN(t->files_left, n + 1);
	if (n && (n != p->n_files || memcmp(t->found, p->files, n * sizeof(*copy)) != 0)) {
		copy = util_reallocarray(NULL, n, sizeof(*copy));
		if (!copy)
			return -ENOMEM;
	} else if (n == p->n_files) {
		return 0;
	}
	if (changes)
		tell(p, t->found, n, changes);
	if (n)
		memcpy(copy, t->found, n * sizeof(*copy));
	free(p->files);
	p->files = copy;
	t->n_files += n - p->n_files;
	p->n_files = n;
	return 0;
}
