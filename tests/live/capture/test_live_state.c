// SPDX-License-Identifier: Apache-2.0
/*
 * What exists when a capture starts comes first, as iterator events: a process
 * made for the purpose, with one file of each kind, is told with all that is
 * known of it; and told again when it is asked for by its thread id.
 */
#include <saker/capture.h>
#include <saker/event_codes.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Descriptors that the specimen has open, from here on. */
enum {
	FD_PIPE = 20,
	FD_MEMFD,
	FD_REGULAR,
	FD_DELETED,
	FD_DIRECTORY,
	FD_INET,
	FD_INET6,
	FD_UNIX,
	FD_NETLINK,
	FD_EVENTFD,
	FD_EPOLL,
	FD_PIDFD,
	FD_DEVICE,
	FD_END,
};

static char dir[64];

static void put(int fd, int at)
{
	if (fd < 0)
		_exit(3);
	dup2(fd, at);
	close(fd);
}

static void bind_to(int fd, const void *addr, socklen_t len)
{
	if (bind(fd, addr, len) < 0)
		_exit(4);
}

/* What the specimen is; it says so on fd and then waits to be killed. */
static void specimen(int ready)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fds[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(dir) < 0 || pipe(fds) < 0)
		_exit(2);
	put(fds[0], FD_PIPE);
	put(memfd_create("specimen", 0), FD_MEMFD);
	put(open("regular", O_CREAT | O_RDWR | O_APPEND, 0600), FD_REGULAR);
	put(open("deleted", O_CREAT | O_WRONLY, 0600), FD_DELETED);
	unlink("deleted");
	put(open(".", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
	put(socket(AF_INET, SOCK_DGRAM, 0), FD_INET);
	bind_to(FD_INET, &in, sizeof(in));
	put(socket(AF_INET6, SOCK_STREAM, 0), FD_INET6);
	bind_to(FD_INET6, &in6, sizeof(in6));
	put(socket(AF_UNIX, SOCK_SEQPACKET, 0), FD_UNIX);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/sock", dir);
	bind_to(FD_UNIX, &un, sizeof(un));
	put(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), FD_NETLINK);
	put(eventfd(0, 0), FD_EVENTFD);
	put(epoll_create1(0), FD_EPOLL);
	put((int)syscall(SYS_pidfd_open, getpid(), 0), FD_PIDFD);
	put(open("/dev/null", O_WRONLY), FD_DEVICE);
	if (write(ready, "1", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* This program again, as the specimen: with a name, arguments and an environment that are known. */
static pid_t start_specimen(int *ret_ready)
{
	char fd_text[16], *argv[] = {"specimen-name", "--specimen", dir, fd_text, "", "x y", NULL};
	char *env[] = {"ONE=1", "TWO=2 2", NULL};
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	snprintf(fd_text, sizeof(fd_text), "%d", ready[1]);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		execve("/proc/self/exe", argv, env);
		_exit(1);
	}
	close(ready[1]);
	*ret_ready = ready[0];
	return pid;
}

/* ---- collecting -------------------------------------------------------------------- */

struct found {
	pid_t pid;
	uint8_t *events[64]; /* copies of the specimen's */
	size_t n;
	size_t all;
};

static void collect(void *userdata, const struct saker_event *event)
{
	struct found *f = userdata;

	f->all++;
	if (saker_event_task_pid(event) != (uint32_t)f->pid || f->n == 64)
		return;
	f->events[f->n] = malloc(event->len);
	assert_non_null(f->events[f->n]);
	memcpy(f->events[f->n++], event, event->len);
}

static void forget(struct found *f)
{
	while (f->n)
		free(f->events[--f->n]);
}

/* The event of a descriptor, or (-1) of the task. */
static struct saker_event_view find(const struct found *f, uint16_t code, int fd)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct saker_event *event = (const void *)f->events[i];
		struct saker_event_view view;

		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		if (event->type == code &&
		    (fd < 0 || (int)saker_load_u32(view.params[0].data) == fd)) {
			assert_int_equal(view.n_params, view.info->n_params);
			return view;
		}
	}
	fail_msg("no event %u for descriptor %d among %zu", code, fd, f->n);
	abort();
}

/* ---- checks ---------------------------------------------------------------------------- */

static void text(const struct saker_event_view *v, uint32_t i, const char *want)
{
	if (v->params[i].len != strlen(want) + 1 || strcmp((const char *)v->params[i].data, want))
		fail_msg("%s.%s is '%.*s', not '%s'", v->info->name, v->info->params[i].name,
			 (int)v->params[i].len, (const char *)v->params[i].data, want);
}

static void number(const struct saker_event_view *v, uint32_t i, uint32_t size, int64_t want)
{
	int64_t got = 0;

	assert_int_equal(v->params[i].len, size);
	memcpy(&got, v->params[i].data, size);
	if (size == 4)
		want = (uint32_t)want;
	if (got != want)
		fail_msg("%s.%s is %lld, not %lld", v->info->name, v->info->params[i].name,
			 (long long)got, (long long)want);
}

static struct stat stat_fd(pid_t pid, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	assert_int_equal(stat(path, &st), 0);
	return st;
}

static uint64_t ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void check_task(const struct found *f)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_E, -1);
	char exe[512], argv[512];
	struct rlimit limit;
	struct timespec t;
	struct stat st;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int len;

	assert_true(n > 0);
	exe[n] = 0;
	assert_int_equal(saker_event_task_tid(v.event), f->pid);
	number(&v, 0, 4, getpid());
	number(&v, 1, 4, getpgrp());
	number(&v, 2, 4, getpgrp());
	number(&v, 3, 4, getsid(0));
	text(&v, 4, "exe"); /* the last part of /proc/self/exe, which was executed */
	len = snprintf(argv, sizeof(argv), "specimen-name%c--specimen%c%s%c", 0, 0, dir, 0);
	assert_memory_equal(v.params[5].data, argv, (size_t)len);
	assert_memory_equal(v.params[5].data + v.params[5].len - 6, "\0\0x y", 6);
	text(&v, 6, exe);
	number(&v, 7, 4, geteuid() == 0 ? SAKER_FLAG_execve_flags_EXE_WRITABLE : 0);
	assert_int_equal(v.params[8].len, sizeof("ONE=1\0TWO=2 2"));
	assert_memory_equal(v.params[8].data, "ONE=1\0TWO=2 2", sizeof("ONE=1\0TWO=2 2"));
	text(&v, 9, dir);
	getrlimit(RLIMIT_NOFILE, &limit);
	number(&v, 10, 8, (int64_t)limit.rlim_cur);
	number(&v, 11, 4, geteuid());
	number(&v, 12, 4, getegid());
	if (geteuid() == 0)
		assert_true(saker_load_u64(v.params[14].data) != 0);
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	number(&v, 16, 8, (int64_t)st.st_ino);
	number(&v, 17, 8, (int64_t)ns(st.st_ctim));
	number(&v, 18, 8, (int64_t)ns(st.st_mtim));
	assert_true(saker_load_u32(v.params[19].data) > 0);
	assert_int_equal(v.params[20].len, 4);
	assert_int_equal(v.params[22].len, 8);
	number(&v, 24, 4, f->pid);
	number(&v, 25, 4, f->pid);
	text(&v, 28, "/");
	clock_gettime(CLOCK_REALTIME, &t);
	assert_true(saker_load_u64(v.params[29].data) <= ns(t) + 1000000000);
	assert_true(saker_load_u64(v.params[29].data) + UINT64_C(120000000000) >= ns(t));
	assert_int_equal(v.params[30].len, 4);
	assert_int_equal(v.params[31].len, 4);
}

/* Events whose only parameters are the descriptor, a path and an inode. */
static void check_path(const struct found *f, uint16_t code, int fd, const char *path)
{
	struct saker_event_view v = find(f, code, fd);

	text(&v, 1, path);
	number(&v, v.n_params - 1, 8, (int64_t)stat_fd(f->pid, fd).st_ino);
}

static void check_files(const struct found *f)
{
	struct saker_event_view v;
	char path[160];

	check_path(f, SAKER_EV_ITER_TASK_FILE_PIPE_E, FD_PIPE, "");
	check_path(f, SAKER_EV_ITER_TASK_FILE_MEMFD_E, FD_MEMFD, "/memfd:specimen (deleted)");
	snprintf(path, sizeof(path), "%s/regular", dir);
	check_path(f, SAKER_EV_ITER_TASK_FILE_REGULAR_E, FD_REGULAR, path);
	v = find(f, SAKER_EV_ITER_TASK_FILE_REGULAR_E, FD_REGULAR);
	/* The kernel adds O_LARGEFILE to files that a 64-bit process opens. */
	assert_int_equal(saker_load_u32(v.params[2].data) &
				 ~(uint32_t)SAKER_FLAG_file_flags_O_LARGEFILE,
			 SAKER_FLAG_file_flags_O_RDWR | SAKER_FLAG_file_flags_O_APPEND);
	assert_true(saker_load_u32(v.params[3].data) > 0);
	snprintf(path, sizeof(path), "%s/deleted (deleted)", dir);
	check_path(f, SAKER_EV_ITER_TASK_FILE_REGULAR_E, FD_DELETED, path);
	check_path(f, SAKER_EV_ITER_TASK_FILE_REGULAR_E, FD_DEVICE, "/dev/null");
	check_path(f, SAKER_EV_ITER_TASK_FILE_DIRECTORY_E, FD_DIRECTORY, dir);
}

static void check_sockets(const struct found *f)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, FD_INET);
	uint32_t lo = htonl(INADDR_LOOPBACK), zero[4] = {0};
	struct in6_addr lo6 = IN6ADDR_LOOPBACK_INIT;
	char path[160];

	number(&v, 1, 2, SOCK_DGRAM);
	number(&v, 2, 2, IPPROTO_UDP);
	assert_memory_equal(v.params[3].data, &lo, 4);
	assert_int_equal(v.params[3].len, 4);
	assert_true(saker_load_u16(v.params[4].data) > 0);
	assert_memory_equal(v.params[5].data, zero, 4);
	number(&v, 6, 2, 0);
	number(&v, 7, 8, (int64_t)stat_fd(f->pid, FD_INET).st_ino);

	v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E, FD_INET6);
	number(&v, 1, 2, SOCK_STREAM);
	number(&v, 2, 2, IPPROTO_TCP);
	assert_memory_equal(v.params[3].data, &lo6, 16);
	assert_true(saker_load_u16(v.params[4].data) > 0);
	assert_memory_equal(v.params[5].data, zero, 16);
	number(&v, 6, 2, 0);
	number(&v, 7, 8, (int64_t)stat_fd(f->pid, FD_INET6).st_ino);

	v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E, FD_UNIX);
	number(&v, 1, 2, SOCK_SEQPACKET);
	number(&v, 2, 2, 0);
	assert_int_equal(v.params[3].len, 8);
	snprintf(path, sizeof(path), "%s/sock", dir);
	text(&v, 4, path);
	number(&v, 5, 8, (int64_t)stat_fd(f->pid, FD_UNIX).st_ino);

	v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E, FD_NETLINK);
	number(&v, 1, 2, SOCK_RAW);
	number(&v, 2, 2, NETLINK_ROUTE);
	number(&v, 3, 8, (int64_t)stat_fd(f->pid, FD_NETLINK).st_ino);
}

static void check_anon(const struct found *f, int fd, uint8_t type)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, fd);

	number(&v, 1, 1, type);
	assert_int_equal(v.params[2].len, 0);
	number(&v, 3, 8, (int64_t)stat_fd(f->pid, fd).st_ino);
}

static void check_all(const struct found *f)
{
	check_task(f);
	check_files(f);
	check_sockets(f);
	check_anon(f, FD_EVENTFD, SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_EVENTFD);
	check_anon(f, FD_EPOLL, SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_EVENTPOLL);
	check_anon(f, FD_PIDFD, SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_PIDFD);
}

/* ---- tests -------------------------------------------------------------------------------- */

static pid_t specimen_pid;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct saker_capture *open_quiet(bool initial)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set none = {{0}};
	struct saker_capture *capture = NULL;

	options.syscalls = &none;
	options.no_initial_state = !initial;
	return saker_capture_open(&options, &capture) < 0 ? NULL : capture;
}

static void initial_state(void **state)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	struct saker_capture *capture = open_quiet(true);
	struct found found = {.pid = specimen_pid};
	const struct saker_event *event;
	struct saker_event_meta meta;
	double start = now_ms();
	bool live = false;
	int r;

	(void)state;
	assert_non_null(capture);
	while ((r = saker_capture_next(capture, 0, &event, &meta)) > 0) {
		bool initial = meta.flags & SAKER_EVENT_META_INITIAL;

		/* First of all, and only once. */
		assert_false(live && initial);
		live |= !initial;
		if (initial) {
			assert_in_range(event->type, SAKER_EV_ITER_TASK_E,
					SAKER_EV_ITER_TASK_FILE_ANON_INODE_E);
			collect(&found, event);
		}
	}
	assert_int_equal(r, 0);
	printf("%zu events of what exists, read in %.1f ms\n", found.all, now_ms() - start);
	check_all(&found);
	assert_int_equal(saker_capture_stats(capture, &stats), 0);
	assert_int_equal(stats.initial, found.all);
	assert_int_equal(stats.delivered + stats.dropped, stats.seen);
	forget(&found);
	saker_capture_close(capture);
}

static void refill(void **state)
{
	struct saker_capture *capture = open_quiet(false);
	struct found found = {.pid = specimen_pid};

	(void)state;
	assert_non_null(capture);
	assert_int_equal(saker_capture_refill(capture, specimen_pid, collect, &found), 0);
	assert_int_equal(found.all, found.n);
	check_all(&found);
	forget(&found);
	assert_int_equal(saker_capture_refill(capture, INT32_MAX, collect, &found), -ESRCH);
	assert_int_equal(saker_capture_refill(capture, 0, collect, &found), -EINVAL);
	assert_int_equal(found.n, 0);
	saker_capture_close(capture);
}

/* In the middle of the first scan: that goes on as if nothing had been. */
static void refill_during_scan(void **state)
{
	struct saker_capture *capture = open_quiet(true);
	struct found scan = {.pid = specimen_pid}, one = {.pid = specimen_pid};
	const struct saker_event *event;
	struct saker_event_meta meta;

	(void)state;
	assert_non_null(capture);
	while (saker_capture_next(capture, 0, &event, &meta) > 0) {
		if (!(meta.flags & SAKER_EVENT_META_INITIAL))
			continue;
		collect(&scan, event);
		if (scan.all == 3)
			assert_int_equal(saker_capture_refill(capture, specimen_pid, collect, &one),
					 0);
	}
	check_all(&scan);
	check_all(&one);
	forget(&scan);
	forget(&one);
	saker_capture_close(capture);
}

static void machine(void **state)
{
	struct saker_capture *capture = open_quiet(false);
	struct saker_interface interface;
	struct saker_machine m;
	struct timespec t, boot;
	bool loopback = false;
	uint32_t i;

	(void)state;
	assert_non_null(capture);
	assert_int_equal(saker_capture_machine(capture, &m), 0);
	assert_int_equal(m.n_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(m.memory > 0 && m.max_pid > 0 && m.hostname[0]);
	clock_gettime(CLOCK_REALTIME, &t);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	assert_true(llabs((long long)(m.boot_ts - (ns(t) - ns(boot)))) < 1000000);
	for (i = 0; saker_capture_interface(capture, i, &interface) > 0; i++)
		loopback |= interface.addr.family == 4 && interface.addr.addr[0] == 127;
	assert_true(i == 0 || loopback);
	saker_capture_close(capture);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_state),
		cmocka_unit_test(refill),
		cmocka_unit_test(refill_during_scan),
		cmocka_unit_test(machine),
	};
	struct saker_capture *capture;
	int ready, r;
	char c;

	if (argc > 3 && strcmp(argv[1], "--specimen") == 0) {
		snprintf(dir, sizeof(dir), "%s", argv[2]);
		specimen((int)strtol(argv[3], NULL, 10));
	}
	capture = open_quiet(false);
	if (!capture) {
		printf("skipped: no live capture here\n");
		return 77;
	}
	saker_capture_close(capture);
	snprintf(dir, sizeof(dir), "/tmp/saker-state-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	specimen_pid = start_specimen(&ready);
	r = read(ready, &c, 1) == 1 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	kill(specimen_pid, SIGKILL);
	waitpid(specimen_pid, NULL, 0);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? r : 1;
}
