// SPDX-License-Identifier: Apache-2.0
/*
 * A capture that dies leaves nothing in the kernel: every map, program and
 * link that its process held is gone soon after a SIGKILL.
 */
#include <saker/capture.h>

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum kind { MAP, PROG, LINK, KINDS };

static const char *const keys[KINDS] = {"map_id:\t", "prog_id:\t", "link_id:\t"};
static const int by_id[KINDS] = {BPF_MAP_GET_FD_BY_ID, BPF_PROG_GET_FD_BY_ID,
				 BPF_LINK_GET_FD_BY_ID};

struct ids {
	uint32_t id[512];
	enum kind kind[512];
	size_t n;
};

static void add_fdinfo(struct ids *ids, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		int kind;

		for (kind = 0; kind < KINDS; kind++) {
			if (strncmp(line, keys[kind], strlen(keys[kind])) || ids->n == 512)
				continue;
			ids->id[ids->n] = (uint32_t)strtoul(line + strlen(keys[kind]), NULL, 10);
			ids->kind[ids->n++] = (enum kind)kind;
		}
	}
	if (f)
		fclose(f);
}

static void ids_of(struct ids *ids, pid_t pid)
{
	char path[320];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, e->d_name);
		if (e->d_name[0] != '.')
			add_fdinfo(ids, path);
	}
	closedir(dir);
}

static bool exists(enum kind kind, uint32_t id)
{
	union bpf_attr attr = {0};
	int fd;

	attr.map_id = id; /* the same place for all three */
	fd = (int)syscall(SYS_bpf, by_id[kind], &attr, sizeof(attr));
	if (fd < 0)
		return errno != ENOENT;
	close(fd);
	return true;
}

static void child(int ready)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;
	const struct saker_event *event;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (saker_capture_open(&options, &capture) < 0)
		_exit(77);
	/* Some way into it, so that the first scan's pieces were there, too. */
	for (i = 0; i < 10; i++)
		saker_capture_next(capture, 10, &event, NULL);
	if (write(ready, "1", 1) != 1)
		_exit(1);
	for (;;)
		saker_capture_next(capture, -1, &event, NULL);
}

static void sigkill_leaves_nothing(void **state)
{
	struct ids ids = {.n = 0};
	size_t i, found[KINDS] = {0};
	int ready[2], tries;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		child(ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		waitpid(pid, NULL, 0);
		printf("no live capture here\n");
		skip();
	}
	ids_of(&ids, pid);
	for (i = 0; i < ids.n; i++) {
		assert_true(exists(ids.kind[i], ids.id[i]));
		found[ids.kind[i]]++;
	}
	assert_true(found[MAP] > 0);
	assert_true(found[LINK] > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	for (i = 0; i < ids.n; i++) {
		/* The kernel frees them behind a grace period. */
		for (tries = 0; tries < 100 && exists(ids.kind[i], ids.id[i]); tries++)
			usleep(50000);
		if (exists(ids.kind[i], ids.id[i]))
			fail_msg("%s%u is still there", keys[ids.kind[i]], ids.id[i]);
	}
	printf("%zu maps, %zu programs, %zu links: all gone\n", found[MAP], found[PROG],
	       found[LINK]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(sigkill_leaves_nothing)};

	if (geteuid() != 0) {
		printf("skipped: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
