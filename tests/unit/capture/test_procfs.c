// SPDX-License-Identifier: Apache-2.0
/* /proc as a source of start-up state: a child with known files, read as events and compared with
 * what it is. */
#include "procfs.h"

#include "schema/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PIPE = 30, MEMFD, REGULAR, DIRECTORY, INET, UNIX, NETLINK, EVENTFD };

static pid_t child;

/* As many as there may be: what /proc says of them is longer than all else. Needs privileges. */
static void many_groups(void)
{
	static gid_t groups[65536];

	for (size_t i = 0; i < 65536; i++)
		groups[i] = 4000000000u + (gid_t)i;
	(void)!setgroups(65536, groups);
}

static void specimen(int ready)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};
	int fds[2], len;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	many_groups();
	if (pipe(fds) < 0 || chdir("/") < 0)
		_exit(1);
	dup2(fds[0], PIPE);
	dup2(memfd_create("x", 0), MEMFD);
	dup2(open("/etc/passwd", O_RDONLY), REGULAR);
	dup2(open("/", O_RDONLY | O_DIRECTORY), DIRECTORY);
	dup2(socket(AF_INET, SOCK_DGRAM, 0), INET);
	if (bind(INET, (void *)&in, sizeof(in)) < 0)
		_exit(1);
	dup2(socket(AF_UNIX, SOCK_STREAM, 0), UNIX);
	len = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "saker-procfs-%d", getpid());
	if (bind(UNIX, (void *)&un,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) + (socklen_t)len) < 0)
		_exit(1);
	dup2(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), NETLINK);
	if (bind(NETLINK, (void *)&nl, sizeof(nl)) < 0)
		_exit(1);
	dup2(eventfd(0, 0), EVENTFD);
	if (write(ready, "1", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

struct seen {
	uint32_t tasks;
	uint32_t files; /* bit fd - 30 */
	bool own;
};

static int64_t number(const struct saker_event_view *v, uint32_t i)
{
	int64_t n = 0;

	memcpy(&n, v->params[i].data, v->params[i].len < 8 ? v->params[i].len : 8);
	return n;
}

static void check_file(const struct saker_event_view *v, struct seen *seen)
{
	int64_t fd = number(v, 0);
	uint32_t lo = htonl(INADDR_LOOPBACK);
	char path[64];
	struct stat st;

	if (fd < PIPE || fd > EVENTFD)
		return;
	seen->files |= 1U << (fd - PIPE);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", child, (int)fd);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(number(v, v->n_params - 1), st.st_ino);
	switch (fd) {
	case PIPE:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_PIPE_E);
		assert_string_equal((const char *)v->params[1].data, "");
		break;
	case MEMFD:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_MEMFD_E);
		assert_string_equal((const char *)v->params[1].data, "/memfd:x (deleted)");
		break;
	case REGULAR:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_REGULAR_E);
		assert_string_equal((const char *)v->params[1].data, "/etc/passwd");
		assert_int_equal(number(v, 2) & ~SAKER_FLAG_file_flags_O_LARGEFILE,
				 SAKER_FLAG_file_flags_O_RDONLY);
		assert_true(number(v, 3) > 0);
		break;
	case DIRECTORY:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_DIRECTORY_E);
		assert_string_equal((const char *)v->params[1].data, "/");
		break;
	case INET:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E);
		assert_int_equal(number(v, 1), SOCK_DGRAM);
		assert_int_equal(number(v, 2), IPPROTO_UDP);
		assert_memory_equal(v->params[3].data, &lo, 4);
		assert_true(number(v, 4) > 0);
		assert_int_equal(number(v, 6), 0);
		break;
	case UNIX:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E);
		assert_int_equal(number(v, 1), SOCK_STREAM);
		snprintf(path, sizeof(path), "saker-procfs-%d", child);
		assert_string_equal((const char *)v->params[4].data, path);
		break;
	case NETLINK:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E);
		assert_int_equal(number(v, 2), NETLINK_ROUTE);
		break;
	default:
		assert_int_equal(v->event->type, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E);
		assert_int_equal(number(v, 1),
				 SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_EVENTFD);
	}
}

static void check_task(const struct saker_event_view *v)
{
	char path[4096], comm[32] = "";
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct stat st;
	FILE *f = fopen("/proc/self/comm", "re");

	assert_true(n > 0);
	path[n] = 0;
	assert_non_null(f);
	assert_non_null(fgets(comm, sizeof(comm), f));
	fclose(f);
	comm[strcspn(comm, "\n")] = 0;
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_int_equal(v->n_params, 32);
	assert_int_equal(number(v, 0), getpid());
	assert_int_equal(number(v, 1), getpgrp());
	assert_int_equal((int32_t)number(v, 3), getsid(0));
	assert_string_equal((const char *)v->params[4].data, comm);
	assert_string_equal((const char *)v->params[6].data, path);
	assert_string_equal((const char *)v->params[9].data, "/");
	assert_int_equal(number(v, 11), geteuid());
	assert_int_equal(number(v, 16), st.st_ino);
	assert_true(number(v, 19) > 0);
	assert_true(number(v, 20) > 0);
	assert_true(number(v, 24) > 0);
	assert_int_equal(number(v, 24), number(v, 25));
	assert_string_equal((const char *)v->params[28].data, "/");
}

static struct seen scan(int64_t tid)
{
	struct procfs_scan *s = NULL;
	const struct saker_event *event;
	struct seen seen = {0};
	int r;

	assert_int_equal(procfs_scan_new(tid, 0, &s), 0);
	while ((r = procfs_scan_next(s, &event)) > 0) {
		struct saker_event_view v;

		assert_int_equal(saker_event_decode(event, event->len, &v), 0);
		seen.tasks += event->type == SAKER_EV_ITER_TASK_E;
		if (saker_event_task_pid(event) != (uint32_t)child)
			continue;
		if (event->type == SAKER_EV_ITER_TASK_E) {
			assert_false(seen.own);
			seen.own = true;
			check_task(&v);
		} else {
			/* A file comes after its thread. */
			assert_true(seen.own);
			check_file(&v, &seen);
		}
	}
	assert_int_equal(r, 0);
	procfs_scan_free(s);
	return seen;
}

static void one_thread(void **state)
{
	struct seen seen = scan(child);

	(void)state;
	assert_int_equal(seen.tasks, 1);
	assert_true(seen.own);
	assert_int_equal(seen.files, (1U << (EVENTFD - PIPE + 1)) - 1);
}

static void all_threads(void **state)
{
	struct seen seen = scan(0);

	(void)state;
	assert_true(seen.tasks >= 2);
	assert_true(seen.own);
	assert_int_equal(seen.files, (1U << (EVENTFD - PIPE + 1)) - 1);
}

static void no_such_thread(void **state)
{
	struct procfs_scan *s = NULL;

	(void)state;
	assert_int_equal(procfs_scan_new(INT32_MAX, 0, &s), -ESRCH);
	assert_null(s);
	assert_null(procfs_scan_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread),
		cmocka_unit_test(all_threads),
		cmocka_unit_test(no_such_thread),
	};
	int ready[2], r;
	char c;

	if (pipe(ready) < 0)
		return 1;
	child = fork();
	if (child == 0)
		specimen(ready[1]);
	close(ready[1]);
	r = read(ready[0], &c, 1) == 1 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return r;
}
