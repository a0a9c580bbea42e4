// SPDX-License-Identifier: Apache-2.0
/*
 * Selection in the kernel: filters of every kind, including and excluding,
 * followed through forks and changed while running; samples; and that what is
 * left out is counted, to the event, and that the state misses nothing.
 */
#include <saker/capture.h>
#include <saker/event_codes.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_FILTERS 8

static struct saker_capture *capture;
static char dir[64]; /* of the test's files */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- selecting ------------------------------------------------------------------------- */

/* names: syscalls, by blanks; filters: as saker_capture_filter_parse() takes them, by blanks. */
static int try_select(const char *names, const char *filters)
{
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_capture_filter list[MAX_FILTERS];
	struct saker_syscall_set set = {{0}};
	char text[1024], words[256], *word, *save;

	snprintf(words, sizeof(words), "%s", names);
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		assert_int_equal(saker_syscall_set_add_name(&set, word), 0);
	snprintf(text, sizeof(text), "%s", filters);
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		assert_int_equal(saker_capture_filter_parse(word, &list[selection.n_filters++]), 0);
	selection.syscalls = &set;
	selection.filters = list;
	return saker_capture_select(capture, &selection);
}

static void drain(void)
{
	const struct saker_event *event;

	while (saker_capture_next(capture, 5, &event, NULL) > 0)
		;
}

static void choose(const char *names, const char *filters)
{
	assert_int_equal(try_select(names, filters), 0);
	drain();
}

static uint64_t filtered(void)
{
	struct saker_capture_stats s = {.size = sizeof(s)};

	assert_int_equal(saker_capture_stats(capture, &s), 0);
	return s.filtered;
}

/* ---- finding ---------------------------------------------------------------------------- */

/* Until when to wait for more: a slow machine gets time for what must come. */
static double patience(bool enough)
{
	return now() + (enough ? 0.02 : 10);
}

/* How many events of this code have this text in this parameter; `expected` are waited for. */
static int count(uint16_t code, const char *name, const char *text, int expected)
{
	double end = patience(expected == 0);
	int n = 0;

	while (now() < end) {
		const struct saker_event *event;
		struct saker_event_view view;
		uint32_t i;
		int before = n;

		if (saker_capture_next(capture, 10, &event, NULL) <= 0 || event->type != code)
			continue;
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		for (i = 0; i < view.n_params; i++)
			n += strcmp(view.info->params[i].name, name) == 0 &&
			     strcmp((const char *)view.params[i].data, text) == 0;
		if (n > before && n >= expected)
			end = patience(true);
	}
	return n;
}

static void expect_accesses(const char *path, int n)
{
	assert_int_equal(count(SAKER_EV_SYSCALL_ACCESS_X, "name", path, n), n);
}

static void access_(const char *path)
{
	syscall(SYS_access, path, 0);
}

/* ---- children ----------------------------------------------------------------------------- */

static void end_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Runs fn in a child and waits for it. */
static void in_child(void (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_true(pid > 0);
	end_child(pid);
}

static void named(void)
{
	prctl(PR_SET_NAME, "saker-select-a");
	access_("/named");
}

static void by_command(void **state)
{
	uint64_t before = filtered();

	(void)state;
	choose("access", "comm=saker-select-a");
	in_child(named);
	access_("/unnamed");
	expect_accesses("/named", 1);
	assert_true(filtered() > before);
	access_("/unnamed");
	expect_accesses("/unnamed", 0);
	choose("access", "comm!=saker-select-a");
	in_child(named);
	access_("/unnamed");
	expect_accesses("/unnamed", 1);
	in_child(named);
	expect_accesses("/named", 0);
}

static void as_nobody(void)
{
	if (syscall(SYS_setresuid, -1, 65534, -1) < 0)
		_exit(1);
	access_("/nobody");
}

static void by_user(void **state)
{
	(void)state;
	choose("access", "uid=65534 uid=65533");
	in_child(as_nobody);
	access_("/root");
	expect_accesses("/nobody", 1);
	access_("/root");
	expect_accesses("/root", 0);
	choose("access", "uid!=65534");
	in_child(as_nobody);
	access_("/root");
	expect_accesses("/root", 1);
	in_child(as_nobody);
	expect_accesses("/nobody", 0);
}

/* Every kind has to be satisfied. */
static void by_two_kinds(void **state)
{
	(void)state;
	choose("access", "comm=saker-select-a uid=65534");
	in_child(named);
	expect_accesses("/named", 0);
	choose("access", "comm=saker-select-a uid!=65534");
	in_child(named);
	expect_accesses("/named", 1);
}

/* ---- descent -------------------------------------------------------------------------------- */

struct family {
	pid_t root;
	int to[2]; /* a byte: what to do next */
	int from[2];
};

static void *thread_main(void *arg)
{
	access_(arg);
	return NULL;
}

static void grandchild(const char *path, bool orphan)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (orphan && fork() == 0) {
			/* Whoever made us has ended and somebody else has us. */
			while (getppid() != 1 && kill(getppid(), 0) == 0 && orphan) {
				usleep(1000);
				orphan = getppid() != 1;
			}
			access_(path);
			_exit(0);
		}
		if (!orphan)
			access_(path);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* 'c': a child, 'o': an orphan, 't': a thread, 's': itself; the early one: 'e'. */
static void family_main(struct family *f)
{
	int early[2];
	pthread_t thread;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pipe(early) < 0)
		_exit(1);
	if (fork() == 0) {
		close(f->to[1]);
		while (read(early[0], &c, 1) != 1)
			;
		access_("/early");
		_exit(0);
	}
	while (write(f->from[1], "r", 1) == 1 && read(f->to[0], &c, 1) == 1) {
		if (c == 'e' && write(early[1], "e", 1) == 1)
			wait(NULL);
		if (c == 'c')
			grandchild("/child", false);
		if (c == 'o')
			grandchild("/orphan", true);
		if (c == 's')
			access_("/self");
		if (c == 't' && pthread_create(&thread, NULL, thread_main, "/thread") == 0)
			pthread_join(thread, NULL);
		if (c == 'q')
			_exit(0);
	}
	_exit(1);
}

static void family_start(struct family *f)
{
	char c;

	assert_int_equal(pipe(f->to), 0);
	assert_int_equal(pipe(f->from), 0);
	f->root = fork();
	if (f->root == 0)
		family_main(f);
	assert_true(f->root > 0);
	assert_int_equal(read(f->from[0], &c, 1), 1);
}

static void family_do(struct family *f, const char *what)
{
	char c;

	for (; *what; what++) {
		assert_int_equal(write(f->to[1], what, 1), 1);
		assert_int_equal(read(f->from[0], &c, 1), 1);
	}
	usleep(20000); /* an orphan takes its time */
}

static void family_end(struct family *f)
{
	assert_int_equal(write(f->to[1], "q", 1), 1);
	end_child(f->root);
	close(f->to[0]);
	close(f->to[1]);
	close(f->from[0]);
	close(f->from[1]);
}

struct family_counts {
	int self, early, child, orphan, thread, other;
};

static struct family_counts family_count(struct family *f, int expected)
{
	struct family_counts c = {0};
	double end;

	family_do(f, "secot");
	access_("/other");
	for (end = patience(false); now() < end;) {
		const struct saker_event *event;
		struct saker_event_view view;
		const char *name;

		if (saker_capture_next(capture, 10, &event, NULL) <= 0 ||
		    event->type != SAKER_EV_SYSCALL_ACCESS_X)
			continue;
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		name = (const char *)view.params[1].data;
		c.self += strcmp(name, "/self") == 0;
		c.early += strcmp(name, "/early") == 0;
		c.child += strcmp(name, "/child") == 0;
		c.orphan += strcmp(name, "/orphan") == 0;
		c.thread += strcmp(name, "/thread") == 0;
		c.other += strcmp(name, "/other") == 0;
		if (c.self + c.early + c.child + c.orphan + c.thread + c.other >= expected)
			end = patience(true);
	}
	return c;
}

/* filters with each word replaced by what it stands for. */
static void expand(const char *filters, const char *word, const char *by, char *ret, size_t size)
{
	size_t n = 0;

	while (*filters && n + strlen(by) + 1 < size) {
		if (strncmp(filters, word, strlen(word)) == 0) {
			n += (size_t)snprintf(ret + n, size - n, "%s", by);
			filters += strlen(word);
		} else {
			ret[n++] = *filters++;
		}
	}
	ret[n] = 0;
}

static void by_descent(const char *filters, int family, int root, int other)
{
	struct family f;
	struct family_counts c;
	char number[16], half[64], filter[64];

	family_start(&f);
	snprintf(number, sizeof(number), "%d", f.root);
	expand(filters, "ROOT", number, half, sizeof(half));
	snprintf(number, sizeof(number), "%d", getpid());
	expand(half, "US", number, filter, sizeof(filter));
	choose("access", filter);
	c = family_count(&f, 2 * root + 3 * family + other);
	printf("%s: self %d early %d child %d orphan %d thread %d other %d\n", filter, c.self,
	       c.early, c.child, c.orphan, c.thread, c.other);
	assert_int_equal(c.self, root);
	assert_int_equal(c.thread, root);
	assert_int_equal(c.early, family);
	assert_int_equal(c.child, family);
	assert_int_equal(c.orphan, family);
	assert_int_equal(c.other, other);
	family_end(&f);
}

static void by_tree(void **state)
{
	(void)state;
	by_descent("tree=ROOT", 1, 1, 0);
	by_descent("tree!=ROOT", 0, 0, 1);
}

static void by_process(void **state)
{
	(void)state;
	by_descent("pid=ROOT", 0, 1, 0);
	by_descent("pid!=ROOT", 1, 0, 1);
}

/* The nearest one decides: we and all that is ours, but the family. */
static void by_tree_in_a_tree(void **state)
{
	(void)state;
	by_descent("tree!=ROOT tree=US", 0, 0, 1);
	by_descent("tree=ROOT tree!=US", 1, 1, 0);
}

static void tree_of_nobody(void **state)
{
	(void)state;
	choose("access", "tree=4194303");
	access_("/nobody-there");
	expect_accesses("/nobody-there", 0);
	choose("access", "");
	access_("/all-again");
	expect_accesses("/all-again", 1);
}

/* ---- control groups ---------------------------------------------------------------------------
 */

static char group[128], inner[160];

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(1);
	close(fd);
}

static void in_inner(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/cgroup.procs", inner);
	write_text(path, "0");
	access_("/inner");
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	write_text(path, "0");
	access_("/group");
}

static void expect_groups(const char *filters, int in_group, int in_inner_group, int outside)
{
	char filter[256];

	expand(filters, "GROUP", group, filter, sizeof(filter));
	choose("access", filter);
	in_child(in_inner);
	access_("/outside");
	expect_accesses("/group", in_group);
	in_child(in_inner);
	expect_accesses("/inner", in_inner_group);
	access_("/outside");
	expect_accesses("/outside", outside);
}

static void by_control_group(void **state)
{
	struct stat st;
	char id[64], mnt[96];

	(void)state;
	snprintf(mnt, sizeof(mnt), "%s/cgroup", dir);
	assert_int_equal(mkdir(mnt, 0700), 0);
	if (mount("none", mnt, "cgroup2", 0, NULL) < 0) {
		print_message("no control groups of the unified hierarchy here: %s\n",
			      strerror(errno));
		rmdir(mnt);
		skip();
	}
	snprintf(group, sizeof(group), "%s/saker-select-%d", mnt, getpid());
	snprintf(inner, sizeof(inner), "%s/inner", group);
	assert_int_equal(mkdir(group, 0700), 0);
	assert_int_equal(mkdir(inner, 0700), 0);
	expect_groups("cgrouptree=GROUP", 1, 1, 0);
	expect_groups("cgroup=GROUP", 1, 0, 0);
	expect_groups("cgrouptree!=GROUP", 0, 0, 1);
	expect_groups("cgroup!=GROUP", 0, 1, 1);
	expect_groups("cgrouptree=GROUP cgrouptree!=GROUP/inner", 1, 0, 0);
	assert_int_equal(stat(inner, &st), 0);
	snprintf(id, sizeof(id), "cgroup=%llu", (unsigned long long)st.st_ino);
	expect_groups(id, 0, 1, 0);
	assert_int_equal(try_select("access", "cgroup=/nowhere"), -ENOENT);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(rmdir(group), 0);
	assert_int_equal(umount(mnt), 0);
	assert_int_equal(rmdir(mnt), 0);
}

/* ---- paths --------------------------------------------------------------------------------------
 */

static void expect_opens(const char *name, int n)
{
	assert_int_equal(count(SAKER_EV_SYSCALL_OPENAT_2_X, "name", name, n), n);
}

static void open_at(int at, const char *name)
{
	syscall(SYS_openat, at, name, O_RDONLY, 0);
}

static void by_path(void **state)
{
	char filters[256], path[128];
	int fd;

	(void)state;
	snprintf(filters, sizeof(filters), "path=%s/in path!=%s/in/not path=%s/in/not/but", dir,
		 dir, dir);
	snprintf(path, sizeof(path), "%s/in", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	choose("openat rename close", filters);
#define EXPECT(at, n, ...)                                 \
	do {                                               \
		snprintf(path, sizeof(path), __VA_ARGS__); \
		open_at(at, path);                         \
		expect_opens(path, n);                     \
	} while (0)
	EXPECT(AT_FDCWD, 1, "%s/in/x", dir);
	EXPECT(AT_FDCWD, 1, "%s/in/.hidden", dir);
	EXPECT(AT_FDCWD, 1, "%s/inside", dir); /* how a name begins, no more */
	EXPECT(AT_FDCWD, 0, "%s/in/not/x", dir);
	EXPECT(AT_FDCWD, 1, "%s/in/not/but/x", dir);
	EXPECT(AT_FDCWD, 0, "%s/other", dir);
	EXPECT(AT_FDCWD, 0, "/etc/saker-select");
	/* Relative to a descriptor, to the working directory. */
	EXPECT(fd, 1, "in/relative");
	EXPECT(fd, 0, "not/relative");
	EXPECT(fd, 0, "in/not/relative");
	assert_int_equal(chdir(dir), 0);
	EXPECT(AT_FDCWD, 1, "in/working");
	EXPECT(AT_FDCWD, 0, "not/working");
	assert_int_equal(chdir("/"), 0);
	EXPECT(AT_FDCWD, 0, "etc/working");
	/* What it means cannot be told from the name: it passes. */
	EXPECT(AT_FDCWD, 1, "%s/in/not/../x", dir);
	EXPECT(AT_FDCWD, 1, "/etc/../saker-select");
	EXPECT(AT_FDCWD, 1, "//etc/saker-select");
#undef EXPECT
	/* Either name is enough; calls without a name pass. */
	snprintf(path, sizeof(path), "%s/in/new", dir);
	syscall(SYS_rename, "/saker-select-old", path);
	assert_int_equal(count(SAKER_EV_SYSCALL_RENAME_X, "newpath", path, 1), 1);
	syscall(SYS_rename, "/saker-select-old", "/saker-select-new");
	assert_int_equal(count(SAKER_EV_SYSCALL_RENAME_X, "newpath", "/saker-select-new", 0), 0);
	close(fd);
	choose("access", "path!=/proc");
	access_("/proc/version");
	access_("/dev/null");
	expect_accesses("/dev/null", 1);
	access_("/proc/version");
	expect_accesses("/proc/version", 0);
}

/* ---- the state
 * ------------------------------------------------------------------------------------ */

static void run_true(void)
{
	execl("/bin/true", "true", (char *)NULL);
	_exit(1);
}

/* Clone, exec and exit of filtered tasks come all the same, marked. */
static void state_is_whole(void **state)
{
	int clones = 0, execs = 0, exits = 0, others = 0;
	double end;
	pid_t pid;

	(void)state;
	choose("clone clone3 fork vfork execve access procexit", "comm=saker-nobody");
	pid = fork();
	if (pid == 0) {
		access_("/not-wanted");
		run_true();
	}
	end_child(pid);
	for (end = patience(false); now() < end;) {
		const struct saker_event *event;
		struct saker_event_view view;
		struct saker_event_meta meta;

		if (saker_capture_next(capture, 10, &event, &meta) <= 0 ||
		    ((pid_t)event->tid != pid && (pid_t)event->tid != getpid()))
			continue;
		assert_true(meta.flags & SAKER_EVENT_META_STATE_ONLY);
		assert_int_equal(saker_event_decode(event, event->len, &view), 0);
		assert_int_equal(view.n_params, view.info->n_params);
		clones += event->type == SAKER_EV_SYSCALL_CLONE_20_X ||
			  event->type == SAKER_EV_SYSCALL_CLONE3_X ||
			  event->type == SAKER_EV_SYSCALL_FORK_20_X;
		execs += event->type == SAKER_EV_SYSCALL_EXECVE_19_X;
		exits += event->type == SAKER_EV_PROCEXIT_1_E;
		others += event->type == SAKER_EV_SYSCALL_ACCESS_X;
		if (clones + execs + exits >= 4)
			end = patience(true);
	}
	assert_int_equal(clones, 2);
	assert_int_equal(execs, 1);
	assert_int_equal(exits, 1);
	assert_int_equal(others, 0);
}

/* ... and those of tasks that are let through come as ever. */
static void state_is_unmarked(void **state)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	double end = patience(false);
	int n = 0;
	pid_t pid;

	(void)state;
	choose("execve procexit", "uid=0");
	pid = fork();
	if (pid == 0)
		run_true();
	end_child(pid);
	while (n < 2 && now() < end) {
		if (saker_capture_next(capture, 10, &event, &meta) <= 0 || (pid_t)event->tid != pid)
			continue;
		assert_false(meta.flags & SAKER_EVENT_META_STATE_ONLY);
		n++;
	}
	assert_int_equal(n, 2);
}

/* ---- samples
 * ---------------------------------------------------------------------------------------- */

#define SAMPLED 20000

static void one_in_ten(void **state)
{
	struct saker_capture_stats before = {.size = sizeof(before)}, after = before;
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_syscall_set set = {{0}}, some = {{0}};
	struct saker_capture_sample sample = {.syscalls = &some, .one_in = 10};
	const struct saker_event *event;
	uint64_t delivered = 0, whole = 0;
	double end;
	int i;

	(void)state;
	saker_syscall_set_add_name(&set, "access");
	saker_syscall_set_add_name(&set, "getpgrp");
	saker_syscall_set_add_name(&some, "access");
	selection.syscalls = &set;
	selection.samples = &sample;
	selection.n_samples = 1;
	assert_int_equal(saker_capture_select(capture, &selection), 0);
	drain();
	assert_int_equal(saker_capture_stats(capture, &before), 0);
	for (i = 0; i < SAMPLED; i++)
		access_("/sampled");
	for (i = 0; i < 100; i++)
		syscall(SYS_getpgrp);
	for (end = patience(false); now() < end;) {
		if (saker_capture_next(capture, 10, &event, NULL) <= 0)
			continue;
		delivered += event->type == SAKER_EV_SYSCALL_ACCESS_X;
		whole += event->type == SAKER_EV_GENERIC_X;
		if (whole >= 100)
			end = patience(true);
	}
	choose("getcwd", ""); /* nothing more comes */
	assert_int_equal(saker_capture_stats(capture, &after), 0);
	printf("seen %llu = delivered %llu + sampled %llu\n",
	       (unsigned long long)(after.seen - before.seen),
	       (unsigned long long)(after.delivered - before.delivered),
	       (unsigned long long)(after.sampled - before.sampled));
	assert_true(whole >= 100);
	/* Seven times the standard deviation. */
	assert_in_range(delivered, SAMPLED / 10 - 300, SAMPLED);
	assert_in_range(after.sampled - before.sampled, SAMPLED * 9 / 10 - 300, 10 * SAMPLED);
	assert_true(after.sampled - before.sampled < after.seen - before.seen);
	assert_int_equal(after.seen, after.delivered + after.dropped + after.sampled);
	assert_int_equal(after.sampled_by[SAKER_EVENT_CLASS_OTHER], after.sampled);
}

/* ---- refusals
 * ------------------------------------------------------------------------------------------ */

static void refusals(void **state)
{
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_syscall_set set = {{0}};
	struct saker_capture_sample sample = {.syscalls = &set, .one_in = 2};
	struct saker_capture_filter filter = {.kind = SAKER_CAPTURE_FILTER_KINDS};

	(void)state;
	choose("access", "");
	saker_syscall_set_add_name(&set, "execve");
	selection.samples = &sample;
	selection.n_samples = 1;
	assert_int_equal(saker_capture_select(capture, &selection), -EINVAL);
	sample.one_in = 0;
	assert_int_equal(saker_capture_select(capture, &selection), -EINVAL);
	selection.n_samples = 0;
	selection.filters = &filter;
	selection.n_filters = 1;
	assert_int_equal(saker_capture_select(capture, &selection), -EINVAL);
	selection.filters = NULL;
	assert_int_equal(saker_capture_select(capture, &selection), -EINVAL);
	assert_int_equal(try_select("access", "comm=sixteen-bytes-xx"), -EINVAL);
	assert_int_equal(try_select("access", "path=relative"), -EINVAL);
	assert_int_equal(try_select("access", "uid=4294967296"), -EINVAL);
	/* Nothing has changed. */
	access_("/as-before");
	expect_accesses("/as-before", 1);
}

/* Tree and pid together; what was left out before still is. */
static void too_many(void **state)
{
	static struct saker_capture_filter filters[257];
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	uint32_t i;

	(void)state;
	choose("access", "comm=nobody-at-all");
	for (i = 0; i < 257; i++)
		filters[i] = (struct saker_capture_filter){
			.kind = i % 2 ? SAKER_CAPTURE_FILTER_PID : SAKER_CAPTURE_FILTER_TREE,
			.number = 1000000 + i,
			.exclude = true,
		};
	selection.filters = filters;
	selection.n_filters = 257;
	assert_int_equal(saker_capture_select(capture, &selection), -E2BIG);
	access_("/still-filtered");
	expect_accesses("/still-filtered", 0);
	selection.n_filters = 256;
	assert_int_equal(saker_capture_select(capture, &selection), 0);
}

/* Filters from the start, not only from a change. */
static void selected_when_opened(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_syscall_set set = {{0}};
	struct saker_capture_filter filter = {.kind = SAKER_CAPTURE_FILTER_TREE,
					      .number = (uint64_t)getpid()};
	struct saker_capture *shared = capture;
	struct family f;
	pid_t pid;

	(void)state;
	saker_syscall_set_add_name(&set, "access");
	selection.syscalls = &set;
	selection.filters = &filter;
	selection.n_filters = 1;
	options.selection = &selection;
	options.no_initial_state = true;
	family_start(&f);
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	drain();
	family_do(&f, "e");
	expect_accesses("/early", 1);
	family_end(&f);
	saker_capture_close(capture);
	/* All but us; from the first event on, with us busy all the while. */
	filter.exclude = true;
	pid = fork();
	if (pid == 0)
		for (;;)
			access_("/us");
	assert_int_equal(saker_capture_open(&options, &capture), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	access_("/us");
	expect_accesses("/us", 0);
	saker_capture_close(capture);
	capture = shared;
}

static void print_diag(void *userdata, const struct saker_diag *diag)
{
	(void)userdata;
	if (diag->severity >= SAKER_SEVERITY_WARNING)
		fprintf(stderr, "%s: %s (%s)\n", diag->id, diag->message, diag->hint);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_command),
		cmocka_unit_test(by_user),
		cmocka_unit_test(by_two_kinds),
		cmocka_unit_test(by_tree),
		cmocka_unit_test(by_process),
		cmocka_unit_test(by_tree_in_a_tree),
		cmocka_unit_test(tree_of_nobody),
		cmocka_unit_test(by_control_group),
		cmocka_unit_test(by_path),
		cmocka_unit_test(state_is_whole),
		cmocka_unit_test(state_is_unmarked),
		cmocka_unit_test(one_in_ten),
		cmocka_unit_test(refusals),
		cmocka_unit_test(too_many),
		cmocka_unit_test(selected_when_opened),
	};
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_syscall_set none = {{0}};
	int r;

	options.syscalls = &none;
	options.no_initial_state = true;
	options.order_ns = 1000000;
	options.ring_bytes = UINT64_C(32) << 20;
	options.diag = print_diag;
	snprintf(dir, sizeof(dir), "/tmp/saker-select-XXXXXX");
	if (!mkdtemp(dir) || saker_capture_open(&options, &capture) < 0) {
		rmdir(dir);
		printf("skipped: no live capture here\n");
		return 77;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	saker_capture_close(capture);
	strcat(dir, "/in");
	rmdir(dir);
	*strrchr(dir, '/') = 0;
	rmdir(dir);
	return r;
}
