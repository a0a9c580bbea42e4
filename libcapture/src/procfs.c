// SPDX-License-Identifier: Apache-2.0
/* Walks /proc: processes, their threads, then the files of each process. See procfs_file.c for
 * those. */
#include "procfs_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* ---- reading ---------------------------------------------------------------------------- */

ssize_t procfs_read(int dir, const char *name, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = 0;
	return (ssize_t)len;
}

ssize_t procfs_link(int dir, const char *name, char *buf, size_t size)
{
	ssize_t n = readlinkat(dir, name, buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = 0;
	return n;
}

/* The text behind "Key:\t" in a status file; NULL: there is no such line. */
static const char *field(const char *status, const char *key)
{
	size_t len = strlen(key);
	const char *p;

	for (p = status; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, key, len) && p[len] == ':')
			return p + len + 1 + strspn(p + len + 1, "\t ");
	}
	return NULL;
}

/* Number i (from 0) of a line of several; -1 as the index: the last. */
static uint64_t number(const char *status, const char *key, int i, int base)
{
	const char *p = field(status, key);
	uint64_t v = 0;
	char *end;
	int at;

	for (at = 0; p && *p && *p != '\n'; at++) {
		v = strtoull(p, &end, base);
		if (end == p || at == i)
			break;
		p = end + strspn(end, "\t ");
	}
	return v;
}

/* ---- a thread ----------------------------------------------------------------------------- */

/* Its credentials allow to write the file it runs: what the kernel would decide, by its mode. */
static bool can_write(const char *status, const struct stat *st)
{
	uint64_t caps = number(status, "CapEff", 0, 16);
	const char *groups = field(status, "Groups");
	bool in_group = number(status, "Gid", 3, 10) == st->st_gid;
	mode_t mode = st->st_mode;
	char *end;

	if (number(status, "Uid", 3, 10) == st->st_uid)
		return true;
	for (; groups && *groups && *groups != '\n' && !in_group; groups = end + strspn(end, " ")) {
		in_group = strtoul(groups, &end, 10) == st->st_gid;
		if (end == groups)
			break;
	}
	if (in_group)
		mode >>= 3;
	return mode & S_IWOTH || caps & (UINT64_C(1) << 1 | UINT64_C(1) << 3);
}

static void add_exe(struct event_build *b, const char *status, int dir)
{
	struct stat st;

	if (fstatat(dir, "exe", &st, 0) < 0) {
		event_build_unknown(b);
		event_build_unknown(b);
		event_build_unknown(b);
		return;
	}
	(void)status;
	event_build_u64(b, st.st_ino);
	event_build_u64(b, (uint64_t)st.st_ctim.tv_sec * 1000000000 + (uint64_t)st.st_ctim.tv_nsec);
	event_build_u64(b, (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec);
}

static uint32_t exe_flags(const char *status, int dir, const char *exe)
{
	uint32_t flags = 0;
	struct stat st;

	if (!strncmp(exe, "/memfd:", 7))
		flags |= SAKER_FLAG_execve_flags_EXE_FROM_MEMFD;
	if (fstatat(dir, "exe", &st, 0) == 0 && can_write(status, &st))
		flags |= SAKER_FLAG_execve_flags_EXE_WRITABLE;
	return flags;
}

static void add_texts(struct event_build *b, int dir, const char *name, char *buf)
{
	ssize_t n = procfs_read(dir, name, buf, PROCFS_TEXTS_MAX);

	event_build_texts(b, buf, n > 0 ? (size_t)n : 0, PROCFS_TEXTS_MAX);
}

static void add_link(struct event_build *b, int dir, const char *name, char *buf)
{
	ssize_t n = procfs_link(dir, name, buf, PROCFS_PATH_MAX);

	if (n < 0)
		event_build_unknown(b);
	else
		event_build_text(b, buf, (size_t)n, PROCFS_PATH_MAX);
}

static void add_fdlimit(struct event_build *b, int dir, char *buf)
{
	const char *line = procfs_read(dir, "limits", buf, PROCFS_TEXTS_MAX) > 0
				   ? strstr(buf, "Max open files")
				   : NULL;

	if (line)
		event_build_u64(b, strtoull(line + strlen("Max open files"), NULL, 10));
	else
		event_build_unknown(b);
}

/* The path of one controller: its own hierarchy's line ("4:cpu,cpuacct:/x"), else the common one.
 */
static const char *cgroup_path(const char *text, const char *controller)
{
	size_t len = strlen(controller);
	const char *common = NULL, *line, *p;

	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		p = line + strcspn(line, ":");
		if (!strncmp(p, "::", 2))
			common = p + 2;
		while (*p == ':' || *p == ',') {
			p++;
			if (!strncmp(p, controller, len) && (p[len] == ',' || p[len] == ':'))
				return p + strcspn(p, ":") + 1;
			p += strcspn(p, ",:\n");
			if (*p == ':')
				break;
		}
	}
	return common;
}

static void add_cgroups(struct event_build *b, int dir, char *buf)
{
	static const char *const names[][2] = {
		{"cpuset", "cpuset"}, {"cpu", "cpu"},	    {"cpuacct", "cpuacct"},
		{"io", "blkio"},      {"memory", "memory"},
	};
	char out[PROCFS_TEXTS_MAX];
	size_t i, len = 0;

	if (procfs_read(dir, "cgroup", buf, PROCFS_TEXTS_MAX) <= 0) {
		event_build_unknown(b);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *path = cgroup_path(buf, names[i][1]);
		int n;

		if (!path)
			continue;
		n = snprintf(out + len, sizeof(out) - len, "%s=%.*s", names[i][0],
			     (int)strcspn(path, "\n"), path);
		if (n < 0 || (size_t)n >= sizeof(out) - len)
			break;
		len += (size_t)n + 1;
	}
	event_build_texts(b, out, len, sizeof(out));
}

/* Numbers of /proc/<pid>/stat, counted as proc(5) does, from the one behind the name. */
struct stat_line {
	uint64_t v[53];
};

static void read_stat(int dir, struct stat_line *s, char *buf)
{
	const char *p =
		procfs_read(dir, "stat", buf, PROCFS_TEXTS_MAX) > 0 ? strrchr(buf, ')') : NULL;
	size_t i = 4;

	memset(s, 0, sizeof(*s));
	if (!p || strlen(p) < 4)
		return;
	p += 4; /* ") S " */
	for (; i < ARRAY_SIZE(s->v) && *p; i++) {
		char *end;

		s->v[i] = (uint64_t)strtoll(p, &end, 10);
		if (end == p)
			break;
		p = end + strspn(end, " ");
	}
}

enum {
	STAT_PGRP = 5,
	STAT_SESSION = 6,
	STAT_TTY = 7,
	STAT_MINFLT = 10,
	STAT_MAJFLT = 12,
	STAT_START = 22
};

static void add_usage(struct event_build *b, const char *status, const struct stat_line *stat)
{
	event_build_u32(b, (uint32_t)number(status, "VmSize", 0, 10));
	event_build_u32(b, (uint32_t)number(status, "VmRSS", 0, 10));
	event_build_u32(b, (uint32_t)number(status, "VmSwap", 0, 10));
	event_build_u64(b, stat->v[STAT_MAJFLT]);
	event_build_u64(b, stat->v[STAT_MINFLT]);
}

static void add_creds(struct event_build *b, const char *status)
{
	event_build_u32(b, (uint32_t)number(status, "Uid", 1, 10));
	event_build_u32(b, (uint32_t)number(status, "Gid", 1, 10));
	event_build_u64(b, number(status, "CapPrm", 0, 16));
	event_build_u64(b, number(status, "CapEff", 0, 16));
	event_build_u64(b, number(status, "CapInh", 0, 16));
}

static void add_comm(struct event_build *b, int dir, char *buf)
{
	ssize_t n = procfs_read(dir, "comm", buf, PROCFS_TEXTS_MAX);

	event_build_text(b, buf, n > 0 ? (size_t)n - 1 : 0, 16);
}

/* dir: of the thread. 0; -ESRCH: it is gone; -ENOENT: a kernel thread. */
static int build_task(struct procfs_scan *scan, int dir, uint32_t pid, uint32_t tid)
{
	char *status = scan->status, *buf = scan->text, exe[PROCFS_PATH_MAX] = "";
	struct stat_line stat;
	struct event_build b;
	ssize_t n;

	if (procfs_read(dir, "status", status, PROCFS_STATUS_MAX) <= 0)
		return -ESRCH;
	/* Kernel threads have no memory of their own. */
	if (!field(status, "VmSize") && !strstr(status, "State:\tZ"))
		return -ENOENT;
	read_stat(dir, &stat, buf);
	event_build_begin(&b, scan->event, SAKER_EV_ITER_TASK_E, scan->ts,
			  (uint64_t)pid << 32 | tid);
	event_build_u32(&b, (uint32_t)number(status, "PPid", 0, 10));
	event_build_u32(&b, (uint32_t)stat.v[STAT_PGRP]);
	event_build_u32(&b, (uint32_t)number(status, "NSpgid", -1, 10));
	event_build_u32(&b, (uint32_t)stat.v[STAT_SESSION]);
	add_comm(&b, dir, buf);
	add_texts(&b, dir, "cmdline", buf);
	n = procfs_link(dir, "exe", exe, sizeof(exe));
	event_build_add2(&b, exe, n > 0 ? (size_t)n : 0, "", n > 0);
	if (n > 0)
		event_build_u32(&b, exe_flags(status, dir, exe));
	else if (n == -EACCES || n == -EPERM)
		event_build_u32(&b, SAKER_TASK_DENIED);
	else
		event_build_unknown(&b);
	add_texts(&b, dir, "environ", buf);
	add_link(&b, dir, "cwd", buf);
	add_fdlimit(&b, dir, buf);
	add_creds(&b, status);
	add_exe(&b, status, dir);
	add_usage(&b, status, &stat);
	event_build_u32(&b, (uint32_t)number(status, "NStgid", -1, 10));
	event_build_u32(&b, (uint32_t)number(status, "NSpid", -1, 10));
	event_build_unknown(&b); /* when the first of its pid namespace started */
	add_cgroups(&b, dir, buf);
	add_link(&b, dir, "root", buf);
	event_build_u64(&b,
			scan->epoch_offset +
				stat.v[STAT_START] * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)));
	event_build_u32(&b, (uint32_t)stat.v[STAT_TTY]);
	n = procfs_read(dir, "loginuid", buf, PROCFS_TEXTS_MAX);
	event_build_u32(&b, n > 0 ? (uint32_t)strtoul(buf, NULL, 10) : UINT32_MAX);
	event_build_end(&b);
	return 0;
}

/* ---- the walk ----------------------------------------------------------------------------------
 */

/* The next entry that is a number; 0: no more. */
static uint32_t next_number(DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		char *end;
		unsigned long n = strtoul(entry->d_name, &end, 10);

		if (n && !*end && n <= INT32_MAX)
			return (uint32_t)n;
	}
	return 0;
}

static DIR *open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

struct procfs_scan *procfs_scan_free(struct procfs_scan *scan)
{
	if (!scan)
		return NULL;
	if (scan->processes)
		closedir(scan->processes);
	if (scan->threads)
		closedir(scan->threads);
	procfs_files_end(scan);
	procfs_sockets_free(scan);
	free(scan->status);
	free(scan);
	return NULL;
}

static int find_process(uint32_t tid, uint32_t *ret_pid)
{
	char path[64], status[PROCFS_TEXTS_MAX];

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	if (procfs_read(AT_FDCWD, path, status, sizeof(status)) <= 0)
		return -ESRCH;
	*ret_pid = (uint32_t)number(status, "Tgid", 0, 10);
	return *ret_pid ? 0 : -ESRCH;
}

int procfs_scan_new(int64_t tid, uint64_t epoch_offset, struct procfs_scan **ret_scan)
{
	struct procfs_scan *scan = calloc(1, sizeof(*scan));
	struct timespec t;
	int r = 0;

	if (!scan)
		return -ENOMEM;
	scan->status = malloc(PROCFS_STATUS_MAX);
	if (!scan->status) {
		free(scan);
		return -ENOMEM;
	}
	scan->epoch_offset = epoch_offset;
	clock_gettime(CLOCK_BOOTTIME, &t);
	scan->ts = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec + epoch_offset;
	scan->only = (uint32_t)tid;
	if (tid) {
		r = find_process(scan->only, &scan->pid);
	} else {
		scan->processes = open_dir(AT_FDCWD, "/proc");
		r = scan->processes ? 0 : -errno;
	}
	if (r < 0) {
		procfs_scan_free(scan);
		return r;
	}
	*ret_scan = scan;
	return 0;
}

int procfs_thread_build(struct procfs_scan *scan, uint32_t tid)
{
	_cleanup_close_ int dir = -1;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%u/task/%u", scan->pid, tid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -ESRCH;
	r = build_task(scan, dir, scan->pid, tid);
	if (r >= 0 && tid == scan->pid)
		scan->want_files = true;
	return r;
}

/* The next thread of the scan, its process's files in between; 0: no more. */
static uint32_t next_thread(struct procfs_scan *scan)
{
	char path[64];
	uint32_t tid;

	if (scan->only) {
		tid = scan->done ? 0 : scan->only;
		scan->done = true;
		return tid;
	}
	for (;;) {
		tid = scan->threads ? next_number(scan->threads) : 0;
		if (tid)
			return tid;
		if (scan->threads)
			closedir(scan->threads);
		scan->threads = NULL;
		if (scan->want_files)
			return 0;
		scan->pid = next_number(scan->processes);
		if (!scan->pid)
			return 0;
		snprintf(path, sizeof(path), "/proc/%u/task", scan->pid);
		scan->threads = open_dir(AT_FDCWD, path);
	}
}

int procfs_scan_next(struct procfs_scan *scan, const struct saker_event **ret_event)
{
	for (;;) {
		uint32_t tid;
		int r;

		if (scan->files) {
			if (procfs_files_next(scan))
				goto found;
			procfs_files_end(scan);
		}
		tid = next_thread(scan);
		if (tid) {
			r = procfs_thread_build(scan, tid);
			if (r == 0)
				goto found;
			continue;
		}
		if (!scan->want_files)
			return 0;
		scan->want_files = false;
		procfs_files_begin(scan);
	}
found:
	*ret_event = (const void *)scan->event;
	return 1;
}
