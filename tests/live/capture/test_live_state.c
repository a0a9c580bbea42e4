// SPDX-License-Identifier: Apache-2.0
/*
 * What exists when a capture starts comes first, as iterator events: a process
 * made for the purpose, with one file of each kind, is told with all that is
 * known of it; and told again when it is asked for by its thread id.
 */
#include "proc.h"
#include "specimen.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ftw.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char dir[64];
static struct specimen_ports ports;

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

/* Which parameters of events 430 to 448 were checked: one bit each. */
static uint32_t checked[(SAKER_EV_ITER_TASK_FILE_ANON_INODE_E - SAKER_EV_ITER_TASK_E) / 2 + 1];

static const struct saker_param *take(const struct saker_event_view *v, uint32_t i)
{
	assert_true(i < v->n_params);
	checked[(v->event->type - SAKER_EV_ITER_TASK_E) / 2] |= UINT32_C(1) << i;
	return &v->params[i];
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

static void bytes(const struct saker_event_view *v, uint32_t i, const void *want, size_t len)
{
	const struct saker_param *p = take(v, i);

	if (p->len != len || memcmp(p->data, want, len) != 0)
		fail_msg("%s.%s is '%.*s' (%u bytes), not '%.*s' (%zu)", v->info->name,
			 v->info->params[i].name, (int)p->len, (const char *)p->data, p->len,
			 (int)len, (const char *)want, len);
}

static void text(const struct saker_event_view *v, uint32_t i, const char *want)
{
	bytes(v, i, want, strlen(want) + 1);
}

static void number(const struct saker_event_view *v, uint32_t i, uint32_t size, int64_t want)
{
	const struct saker_param *p = take(v, i);
	int64_t got = 0;

	assert_int_equal(p->len, size);
	memcpy(&got, p->data, size);
	if (size < 8)
		want &= (INT64_C(1) << size * 8) - 1;
	if (got != want)
		fail_msg("%s.%s is %lld, not %lld", v->info->name, v->info->params[i].name,
			 (long long)got, (long long)want);
}

static void between(const struct saker_event_view *v, uint32_t i, uint32_t size, uint64_t low,
		    uint64_t high)
{
	const struct saker_param *p = take(v, i);
	uint64_t got = 0;

	assert_int_equal(p->len, size);
	memcpy(&got, p->data, size);
	if (got < low || got > high)
		fail_msg("%s.%s is %llu, not %llu to %llu", v->info->name, v->info->params[i].name,
			 (unsigned long long)got, (unsigned long long)low,
			 (unsigned long long)high);
}

static struct stat stat_fd(pid_t pid, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	/* Of a symbolic link that is open, what it points to would be meant. */
	assert_int_equal(stat(path, &st), 0);
	return st;
}

static uint64_t ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void check_task_ids(const struct saker_event_view *v, pid_t pid)
{
	uint64_t tick = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t boot_ns, start;
	struct timespec t, boot;

	assert_int_equal(saker_event_task_tid(v->event), pid);
	number(v, 0, 4, getpid());
	number(v, 1, 4, getpgrp());
	number(v, 2, 4, getpgrp());
	number(v, 3, 4, getsid(0));
	number(v, 11, 4, geteuid());
	number(v, 12, 4, getegid());
	number(v, 13, 8, (int64_t)proc_status(pid, "CapPrm:", 16));
	number(v, 14, 8, (int64_t)proc_status(pid, "CapEff:", 16));
	number(v, 15, 8, (int64_t)proc_status(pid, "CapInh:", 16));
	number(v, 24, 4, pid);
	number(v, 25, 4, pid);
	start = proc_stat(1, 22) * tick;
	between(v, 26, 8, start, start + tick - 1);
	/* /proc counts hundredths of a second since the machine started. */
	clock_gettime(CLOCK_REALTIME, &t);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	boot_ns = ns(t) - ns(boot);
	start = boot_ns + proc_stat(pid, 22) * tick;
	between(v, 29, 8, start - 1000000, start + tick + 1000000);
	number(v, 30, 4, proc_tty());
	number(v, 31, 4, proc_loginuid());
}

static void check_task(const struct found *f)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_E, -1);
	char exe[512], argv[512], cgroups[PROC_CGROUPS_MAX];
	struct rlimit limit;
	struct stat st;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(n > 0);
	exe[n] = 0;
	check_task_ids(&v, f->pid);
	text(&v, 4, "exe"); /* the last part of /proc/self/exe, which was executed */
	n = proc_read(f->pid, "cmdline", argv, sizeof(argv));
	assert_memory_equal(argv, "specimen-name\0--specimen", 25);
	bytes(&v, 5, argv, (size_t)n);
	text(&v, 6, exe);
	number(&v, 7, 4, geteuid() == 0 ? SAKER_FLAG_execve_flags_EXE_WRITABLE : 0);
	bytes(&v, 8, "ONE=1\0TWO=2 2", sizeof("ONE=1\0TWO=2 2"));
	text(&v, 9, dir);
	getrlimit(RLIMIT_NOFILE, &limit);
	number(&v, 10, 8, (int64_t)limit.rlim_cur);
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	number(&v, 16, 8, (int64_t)st.st_ino);
	number(&v, 17, 8, (int64_t)ns(st.st_ctim));
	number(&v, 18, 8, (int64_t)ns(st.st_mtim));
	/* It sleeps, and what it has does not change. */
	number(&v, 19, 4, (int64_t)proc_status(f->pid, "VmSize:", 10));
	between(&v, 20, 4, 1, proc_status(f->pid, "VmRSS:", 10) + PROC_RSS_TOLERANCE);
	number(&v, 21, 4, (int64_t)proc_status(f->pid, "VmSwap:", 10));
	between(&v, 22, 8, 0, proc_stat(f->pid, 12));
	between(&v, 23, 8, 1, proc_stat(f->pid, 10));
	bytes(&v, 27, cgroups, proc_cgroups(cgroups));
	text(&v, 28, "/");
}

/* ---- files ---------------------------------------------------------------------------------- */

static void check_ends(const struct saker_event_view *v, const struct found *f, int fd)
{
	number(v, 0, 4, fd);
	number(v, v->n_params - 1, 8, (int64_t)stat_fd(f->pid, fd).st_ino);
}

/* Events whose only parameters are the descriptor, a path and an inode. */
static void check_path(const struct found *f, uint16_t code, int fd, const char *name)
{
	struct saker_event_view v = find(f, code, fd);
	char path[256];

	snprintf(path, sizeof(path), name[0] == '/' || !name[0] ? "%s" : "%2$s/%1$s", name, dir);
	text(&v, 1, path);
	check_ends(&v, f, fd);
}

static void check_regular(const struct found *f, int fd, const char *name, uint32_t flags)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_FILE_REGULAR_E, fd);
	char path[256];

	snprintf(path, sizeof(path), name[0] == '/' ? "%s" : "%2$s/%1$s", name, dir);
	text(&v, 1, path);
	/* The kernel adds O_LARGEFILE to files that a 64-bit process opens. */
	if (proc_fdinfo(f->pid, fd, "flags:", 8) & 0100000)
		flags |= SAKER_FLAG_file_flags_O_LARGEFILE;
	number(&v, 2, 4, flags);
	number(&v, 3, 4, (int64_t)proc_fdinfo(f->pid, fd, "mnt_id:", 10));
	number(&v, 0, 4, fd);
	number(&v, 4, 8, (int64_t)proc_fdinfo(f->pid, fd, "ino:", 10));
}

static void check_files(const struct found *f)
{
	check_path(f, SAKER_EV_ITER_TASK_FILE_PIPE_E, FD_PIPE, "");
	check_path(f, SAKER_EV_ITER_TASK_FILE_PIPE_E, FD_FIFO, "fifo");
	check_path(f, SAKER_EV_ITER_TASK_FILE_MEMFD_E, FD_MEMFD, "/memfd:specimen (deleted)");
	check_path(f, SAKER_EV_ITER_TASK_FILE_DIRECTORY_E, FD_DIRECTORY, dir);
	check_regular(f, FD_REGULAR, "regular",
		      SAKER_FLAG_file_flags_O_RDWR | SAKER_FLAG_file_flags_O_APPEND);
	check_regular(f, FD_DELETED, "deleted (deleted)", SAKER_FLAG_file_flags_O_WRONLY);
	check_regular(f, FD_DEVICE, "/dev/null", SAKER_FLAG_file_flags_O_WRONLY);
	check_regular(f, FD_SYMLINK, "link", SAKER_FLAG_file_flags_O_RDONLY);
}

/* ---- sockets ----------------------------------------------------------------------------------
 */

static void check_inet(const struct found *f, int fd, uint16_t port, uint16_t remote_port)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, fd);
	uint32_t lo = htonl(INADDR_LOOPBACK), none = 0;

	number(&v, 1, 2, SOCK_DGRAM);
	number(&v, 2, 2, IPPROTO_UDP);
	bytes(&v, 3, &lo, 4);
	number(&v, 4, 2, port);
	bytes(&v, 5, remote_port ? &lo : &none, 4);
	number(&v, 6, 2, remote_port);
	check_ends(&v, f, fd);
}

static void check_inet6(const struct found *f, int fd, uint16_t port, uint16_t remote_port)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E, fd);
	struct in6_addr lo = IN6ADDR_LOOPBACK_INIT, none = IN6ADDR_ANY_INIT;

	number(&v, 1, 2, SOCK_STREAM);
	number(&v, 2, 2, IPPROTO_TCP);
	bytes(&v, 3, &lo, 16);
	number(&v, 4, 2, port);
	bytes(&v, 5, remote_port ? &lo : &none, 16);
	number(&v, 6, 2, remote_port);
	check_ends(&v, f, fd);
}

/* The socket's own address in the kernel is told by nobody else; /proc tells of none at all. */
static void check_unix(const struct found *f, int fd, uint16_t type, const char *path)
{
	struct saker_event_view v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E, fd);

	number(&v, 1, 2, type);
	number(&v, 2, 2, 0);
	between(&v, 3, 8, UINT64_C(1) << 63, UINT64_MAX);
	text(&v, 4, path);
	check_ends(&v, f, fd);
}

static void check_sockets(const struct found *f)
{
	struct saker_event_view v;
	char path[160];

	check_inet(f, FD_INET, ports.inet, 0);
	check_inet(f, FD_INET_CONNECTED, ports.inet_connected, ports.inet);
	check_inet6(f, FD_INET6, ports.inet6, 0);
	check_inet6(f, FD_INET6_CONNECTED, ports.inet6_connected, ports.inet6);
	snprintf(path, sizeof(path), "%s/sock", dir);
	check_unix(f, FD_UNIX, SOCK_SEQPACKET, path);
	snprintf(path, sizeof(path), "saker-specimen-%d", f->pid);
	check_unix(f, FD_UNIX_ABSTRACT, SOCK_DGRAM, path);
	check_unix(f, FD_UNIX_PAIR, SOCK_STREAM, "");

	v = find(f, SAKER_EV_ITER_TASK_FILE_SOCKET_NETLINK_E, FD_NETLINK);
	number(&v, 1, 2, SOCK_RAW);
	number(&v, 2, 2, NETLINK_ROUTE);
	check_ends(&v, f, FD_NETLINK);
}

/* ---- anonymous inodes
 * ----------------------------------------------------------------------------- */

static void check_anons(const struct found *f)
{
#define ANON(fd, type)                                                       \
	{                                                                    \
		fd, SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_##type \
	}
	static const struct {
		int fd;
		uint8_t type;
	} anons[] = {
		ANON(FD_EVENTFD, EVENTFD),	 ANON(FD_EPOLL, EVENTPOLL),
		ANON(FD_INOTIFY, INOTIFY),	 ANON(FD_SIGNALFD, SIGNALFD),
		ANON(FD_TIMERFD, TIMERFD),	 ANON(FD_PIDFD, PIDFD),
		ANON(FD_BPF_MAP, BPF_MAP),	 ANON(FD_BPF_PROG, BPF_PROG),
		ANON(FD_IO_URING, IO_URING),	 ANON(FD_USERFAULTFD, USERFAULTFD),
		ANON(FD_PERF_EVENT, PERF_EVENT), ANON(FD_FANOTIFY, UNKNOWN),
	};
#undef ANON
	char path[64], name[64];
	size_t i;

	for (i = 0; i < sizeof(anons) / sizeof(anons[0]); i++) {
		struct saker_event_view v;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", f->pid, anons[i].fd);
		n = readlink(path, name, sizeof(name) - 1);
		if (n < 0) {
			printf("without descriptor %d: the kernel did not make one\n", anons[i].fd);
			continue;
		}
		name[n] = 0;
		v = find(f, SAKER_EV_ITER_TASK_FILE_ANON_INODE_E, anons[i].fd);
		number(&v, 1, 1, anons[i].type);
		/* A kind that the schema does not know is told by its name. */
		bytes(&v, 2, name,
		      anons[i].type == SAKER_FLAG_anon_inode_fd_types_ANON_INODE_FD_TYPE_UNKNOWN
			      ? strlen(name) + 1
			      : 0);
		check_ends(&v, f, anons[i].fd);
	}
}

static void check_all(const struct found *f)
{
	uint32_t i;

	memset(checked, 0, sizeof(checked));
	check_task(f);
	check_files(f);
	check_sockets(f);
	check_anons(f);
	for (i = 0; i < sizeof(checked) / sizeof(checked[0]); i++) {
		const struct saker_event_info *info =
			saker_event_info(SAKER_EV_ITER_TASK_E + 2 * i);

		if (checked[i] != (uint32_t)((UINT64_C(1) << info->n_params) - 1))
			fail_msg("not all parameters of %s are checked: 0x%x", info->name,
				 checked[i]);
	}
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

#define PIDS (1 << 22)

static void note_pid(void *userdata, const struct saker_event *event)
{
	uint8_t *told = userdata;

	if (event->type == SAKER_EV_ITER_TASK_E)
		told[saker_event_task_pid(event) % PIDS]++;
}

/* Not gone, no thread of the kernel, not dead. */
static bool has_memory(long pid)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strncmp(line, "VmSize:", 7) == 0;
	if (file)
		fclose(file);
	return found;
}

/* Whoever is there all the time is told once, even those that a kernel hides from iterators. */
static void everybody(void **state)
{
	uint8_t *before = calloc(1, PIDS), *told = calloc(1, PIDS);
	struct saker_capture *capture;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	long pid, n = 0;

	(void)state;
	assert_true(before && told && proc);
	while ((entry = readdir(proc))) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid > 0 && pid < PIDS && has_memory(pid))
			before[pid] = 1;
	}
	closedir(proc);
	capture = open_quiet(true);
	assert_non_null(capture);
	while (saker_capture_next(capture, 0, &event, &meta) > 0)
		if (meta.flags & SAKER_EVENT_META_INITIAL &&
		    saker_event_task_pid(event) == saker_event_task_tid(event))
			note_pid(told, event);
	for (pid = 1; pid < PIDS; pid++) {
		if (!before[pid] || (!told[pid] && !has_memory(pid)))
			continue;
		n++;
		if (told[pid] != 1)
			fail_msg("process %ld was told %u times", pid, told[pid]);
	}
	printf("%ld processes, each told once\n", n);
	assert_true(before[1] && n > 1);
	/* The first of all by itself as well: that is who some kernels hide. */
	memset(told, 0, PIDS);
	assert_int_equal(saker_capture_refill(capture, 1, note_pid, told), 0);
	assert_int_equal(told[1], 1);
	saker_capture_close(capture);
	free(before);
	free(told);
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
		cmocka_unit_test(initial_state), cmocka_unit_test(everybody),
		cmocka_unit_test(refill),	 cmocka_unit_test(refill_during_scan),
		cmocka_unit_test(machine),
	};
	struct saker_capture *capture;
	int r;

	specimen_main(argc, argv);
	capture = open_quiet(false);
	if (!capture) {
		printf("skipped: no live capture here\n");
		return 77;
	}
	saker_capture_close(capture);
	snprintf(dir, sizeof(dir), "/tmp/saker-state-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	specimen_pid = specimen_start(dir, &ports);
	r = specimen_pid > 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	if (specimen_pid > 0) {
		kill(specimen_pid, SIGKILL);
		waitpid(specimen_pid, NULL, 0);
	}
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? r : 1;
}
