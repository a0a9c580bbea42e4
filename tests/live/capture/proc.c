// SPDX-License-Identifier: Apache-2.0
/* Reading /proc and comparing; see proc.h. Nothing is allocated, for that would change what is
 * read. */
#include "proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static bool read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n >= 0;
}

ssize_t proc_read(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, buf, size - 1) : -1;
	if (fd >= 0)
		close(fd);
	assert_true(n >= 0);
	buf[n] = 0;
	return n;
}

uint64_t proc_stat(pid_t pid, int i)
{
	char text[1024], *at;

	proc_read(pid, "stat", text, sizeof(text));
	at = strrchr(text, ')'); /* the end of field 2, which may hold anything */
	assert_non_null(at);
	for (i -= 2; i > 0; i--) {
		at = strchr(at + 1, ' ');
		assert_non_null(at);
	}
	return strtoull(at + 1, NULL, 10);
}

static uint64_t line(pid_t pid, const char *file, const char *name, int base)
{
	char text[8192], *at = text;

	proc_read(pid, file, text, sizeof(text));
	for (at = text; at && strncmp(at, name, strlen(name)) != 0;) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		fail_msg("/proc/%d/%s has no %s", pid, file, name);
	return strtoull(at + strlen(name), NULL, base);
}

uint64_t proc_status(pid_t pid, const char *name, int base)
{
	return line(pid, "status", name, base);
}

uint64_t proc_fdinfo(pid_t pid, int fd, const char *name, int base)
{
	char file[32];

	snprintf(file, sizeof(file), "fdinfo/%d", fd);
	return line(pid, file, name, base);
}

void proc_usage(struct proc_usage *ret_usage)
{
	pid_t pid = getpid();

	ret_usage->vm_size = proc_status(pid, "VmSize:", 10);
	ret_usage->vm_rss = proc_status(pid, "VmRSS:", 10);
	ret_usage->vm_swap = proc_status(pid, "VmSwap:", 10);
	ret_usage->minor = proc_stat(pid, 10);
	ret_usage->major = proc_stat(pid, 12);
}

static uint32_t u32(struct live *live, const char *name)
{
	assert_int_equal(live_param(live, name)->len, 4);
	return saker_load_u32(live_param(live, name)->data);
}

void proc_check_memory(struct live *live, const struct proc_usage *after)
{
	int64_t off = (int64_t)u32(live, "vm_rss") - (int64_t)after->vm_rss;

	U32("vm_size", after->vm_size);
	U32("vm_swap", after->vm_swap);
	if (llabs(off) > PROC_RSS_TOLERANCE)
		fail_msg("vm_rss is %u, not about %llu", u32(live, "vm_rss"),
			 (unsigned long long)after->vm_rss);
}

void proc_check_faults(struct live *live, const struct proc_usage *before,
		       const struct proc_usage *after)
{
	assert_int_equal(live_param(live, "pgft_maj")->len, 8);
	assert_in_range(saker_load_u64(live_param(live, "pgft_maj")->data), before->major,
			after->major);
	assert_int_equal(live_param(live, "pgft_min")->len, 8);
	assert_in_range(saker_load_u64(live_param(live, "pgft_min")->data), before->minor,
			after->minor);
}

/* ---- control groups ------------------------------------------------------------------ */

/* The path of /proc/self/cgroup's line that has this list of controllers; false: none has. */
static bool cgroup_line(const char *controller, char *path, size_t size)
{
	char text[8192], *line, *rest = text;

	assert_true(read_text("/proc/self/cgroup", text, sizeof(text)));
	while ((line = strsep(&rest, "\n"))) {
		char *names = strchr(line, ':'), *where = names ? strchr(names + 1, ':') : NULL;
		char *name;

		if (!where)
			continue;
		*where = 0;
		names++;
		while ((name = strsep(&names, ","))) {
			if (strcmp(name, controller) != 0)
				continue;
			snprintf(path, size, "%s", where + 1);
			return true;
		}
	}
	return false;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = text; (at = strstr(at, word)); at += len)
		if ((at == text || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\n'))
			return true;
	return false;
}

/* In the one hierarchy of today: the innermost group that has this controller. */
static void unified_path(const char *controller, char *path)
{
	char file[8192], controllers[512];

	while (strcmp(path, "/") != 0) {
		char *slash;

		snprintf(file, sizeof(file), "/sys/fs/cgroup%s/cgroup.controllers", path);
		if (read_text(file, controllers, sizeof(controllers)) &&
		    has_word(controllers, controller))
			return;
		slash = strrchr(path, '/');
		slash[slash == path] = 0;
	}
}

size_t proc_cgroups(char *want)
{
	static const struct {
		const char *name;
		const char *old; /* its name where each controller has a hierarchy */
	} controllers[] = {
		{"cpuset", "cpuset"}, {"cpu", "cpu"},	    {"cpuacct", "cpuacct"},
		{"io", "blkio"},      {"memory", "memory"},
	};
	char path[4096];
	size_t len = 0, i;

	for (i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		if (!cgroup_line(controllers[i].old, path, sizeof(path))) {
			assert_true(cgroup_line("", path, sizeof(path)));
			unified_path(controllers[i].name, path);
		}
		len += (size_t)snprintf(want + len, PROC_CGROUPS_MAX - len, "%s=%s",
					controllers[i].name, path) +
		       1;
		assert_true(len < PROC_CGROUPS_MAX);
	}
	return len;
}

void proc_check_cgroups(struct live *live)
{
	char want[PROC_CGROUPS_MAX];

	BYTES("cgroups", want, proc_cgroups(want));
}

/* ---- the rest ------------------------------------------------------------------------------ */

uint32_t proc_tty(void)
{
	return (uint32_t)proc_stat(getpid(), 7);
}

uint32_t proc_loginuid(void)
{
	char text[32];

	if (!read_text("/proc/self/loginuid", text, sizeof(text)))
		return (uint32_t)-1;
	return (uint32_t)strtoull(text, NULL, 10);
}

void proc_check_pidns(struct live *live)
{
	uint64_t tick = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t start = proc_stat(1, 22) * tick;

	assert_int_equal(live_param(live, "pidns_init_start_ts")->len, 8);
	assert_in_range(saker_load_u64(live_param(live, "pidns_init_start_ts")->data), start,
			start + tick - 1);
}
