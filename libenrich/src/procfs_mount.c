/* SPDX-License-Identifier: Apache-2.0 */
/* See procfs_mount.h: /proc/TID/mountinfo names the type of each mount, /proc/TID/maps the device.
 */
#include "procfs_mount.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/util.h"

/* Types that somebody else serves, by how they begin. */
static const char *const remote[] = {"fuse", "nfs", "cifs", "smb", "ceph", "9p", "afs", "lustre"};

struct mount {
	unsigned int major;
	unsigned int minor;
	char point[PATH_MAX];
	char type[64];
};

static FILE *open_of(const char *proc, int64_t tid, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%lld/%s", proc, (long long)tid, name);
	return fopen(path, "re");
}

/* The next mount of mountinfo; lines that are none are passed over. */
static bool next_mount(FILE *f, struct mount *ret_mount)
{
	char line[2 * PATH_MAX];

	while (fgets(line, sizeof(line), f)) {
		const char *dash = strstr(line, " - ");

		if (dash && sscanf(dash, " - %63s", ret_mount->type) == 1 &&
		    sscanf(line, "%*s %*s %u:%u %*s %4095s", &ret_mount->major, &ret_mount->minor,
			   ret_mount->point) == 3)
			return true;
	}
	return false;
}

static bool is_local(const struct mount *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(remote); i++) {
		if (strncmp(m->type, remote[i], strlen(remote[i])) == 0)
			return false;
	}
	return true;
}

bool procfs_root_is_local(const char *proc, int64_t tid)
{
	FILE *f = open_of(proc, tid, "mountinfo");
	bool local = false;
	struct mount m;

	if (!f)
		return false;
	while (next_mount(f, &m)) {
		if (strcmp(m.point, "/") == 0)
			local = is_local(&m); /* of several, the last one is on top */
	}
	fclose(f);
	return local;
}

/* The device of the mapping that has the executable's name; false = there is none. */
static bool exe_device(const char *proc, int64_t tid, unsigned int *ret_major,
		       unsigned int *ret_minor)
{
	char path[PATH_MAX], exe[PATH_MAX], line[2 * PATH_MAX];
	bool found = false;
	ssize_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%lld/exe", proc, (long long)tid);
	len = readlink(path, exe, sizeof(exe) - 1);
	f = len > 0 ? open_of(proc, tid, "maps") : NULL;
	if (!f)
		return false;
	exe[len] = '\0';
	while (!found && fgets(line, sizeof(line), f)) {
		int at = 0;

		line[strcspn(line, "\n")] = '\0';
		found = sscanf(line, "%*s %*s %*s %x:%x %*s %n", ret_major, ret_minor, &at) == 2 &&
			at > 0 && strcmp(line + at, exe) == 0;
	}
	fclose(f);
	return found;
}

bool procfs_exe_is_local(const char *proc, int64_t tid)
{
	unsigned int major, minor;
	bool local = true;
	struct mount m;
	FILE *f;

	if (!exe_device(proc, tid, &major, &minor))
		return true;
	f = open_of(proc, tid, "mountinfo");
	if (!f)
		return false;
	while (local && next_mount(f, &m)) {
		if (m.major == major && m.minor == minor)
			local = is_local(&m);
	}
	fclose(f);
	return local;
}

bool procfs_path_is_local(const char *proc, int64_t tid, const char *path)
{
	FILE *f = open_of(proc, tid, "mountinfo");
	bool local = false;
	size_t longest = 0;
	struct mount m;

	if (!f)
		return false;
	while (next_mount(f, &m)) {
		size_t len = strcmp(m.point, "/") == 0 ? 0 : strlen(m.point);

		if (len < longest || strncmp(path, m.point, len) != 0 ||
		    (path[len] != '/' && path[len] != '\0'))
			continue;
		longest = len;
		local = is_local(&m);
	}
	fclose(f);
	return local;
}
