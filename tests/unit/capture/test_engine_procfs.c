// SPDX-License-Identifier: Apache-2.0
/*
 * The engine that polls /proc, on children of this test: what begins, runs
 * another program, opens, closes and ends is told once, what cannot be known has
 * no value, and the counts add up. Needs /proc and nothing else.
 */
#include <saker/capture.h>
#include <saker/event_codes.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <dirent.h>

#define POLL_NS UINT64_C(20000000)
#define PATIENCE_S 20

/* The linker sends the library's looks at folders here (--wrap). */
DIR *__real_opendir(const char *name);
DIR *__wrap_opendir(const char *name);
struct dirent *__real_readdir64(DIR *dir);
struct dirent *__wrap_readdir64(DIR *dir);

static int open_error, read_error; /* of /proc itself */
static DIR *proc;

DIR *__wrap_opendir(const char *name)
{
	DIR *dir;

	if (open_error && strcmp(name, "/proc") == 0) {
		errno = open_error;
		return NULL;
	}
	dir = __real_opendir(name);
	if (strcmp(name, "/proc") == 0)
		proc = dir;
	return dir;
}

struct dirent *__wrap_readdir64(DIR *dir)
{
	if (read_error && dir == proc) {
		errno = read_error;
		return NULL;
	}
	return __real_readdir64(dir);
}

static char said[512];

static void note(void *userdata, const struct saker_diag *diag)
{
	(void)userdata;
	snprintf(said, sizeof(said), "%s: %s", diag->id, diag->message);
}

static struct saker_capture *open_engine(bool no_initial)
{
	struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture;

	o.engine = "procfs";
	o.poll_ns = POLL_NS;
	o.no_initial_state = no_initial;
	o.diag = note;
	said[0] = '\0';
	assert_int_equal(saker_capture_open(&o, &capture), 0);
	return capture;
}

static void check_counts(struct saker_capture *capture)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};

	assert_int_equal(saker_capture_stats(capture, &stats), 0);
	assert_true(stats.seen >= stats.delivered + stats.dropped);
}

/* The next event of this code and process, be it state-only or start-up state. */
static const struct saker_event *wait_for(struct saker_capture *capture, uint16_t code, pid_t pid,
					  struct saker_event_view *view,
					  struct saker_event_meta *meta)
{
	const struct saker_event *event;
	time_t end = time(NULL) + PATIENCE_S;

	while (time(NULL) < end) {
		int r = saker_capture_next(capture, 100, &event, meta);

		assert_true(r >= 0);
		if (r == 0 || saker_event_task_tid(event) != (uint32_t)pid || event->type != code)
			continue;
		assert_int_equal(saker_event_decode(event, event->len, view), 0);
		return event;
	}
	fail_msg("event %u of process %d did not come", code, pid);
	return NULL;
}

/* A child that does as it is told through a pipe: one letter a step. */
static pid_t start_child(int *ret_to)
{
	int to[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		while (read(to[0], &c, 1) == 1) {
			if (c == 'o')
				dup2(open("/etc/hostname", O_RDONLY | O_CLOEXEC), 77);
			if (c == 'c')
				close(77);
			if (c == 'x')
				execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		}
		_exit(0);
	}
	close(to[0]);
	*ret_to = to[1];
	return pid;
}

static void tell_child(int to, char c)
{
	assert_int_equal(write(to, &c, 1), 1);
}

static const char *text_of(const struct saker_param *p)
{
	return p->len ? (const char *)p->data : "";
}

static void test_life(void **state)
{
	struct saker_capture *capture = open_engine(true);
	struct saker_event_view v;
	struct saker_event_meta meta;
	int to, status;
	pid_t pid = start_child(&to);

	/* It runs what we run: that it began is all there is to say. */
	wait_for(capture, SAKER_EV_ITER_TASK_E, pid, &v, &meta);
	assert_int_equal(meta.flags, SAKER_EVENT_META_INITIAL);
	wait_for(capture, SAKER_EV_SYSCALL_CLONE_20_X, pid, &v, &meta);
	assert_int_equal(meta.flags, 0);
	assert_int_equal(saker_load_u64(v.params[0].data), 0);
	assert_int_equal(saker_load_u64(v.params[4].data), pid);
	assert_int_equal(saker_load_u64(v.params[5].data), getpid());
	assert_int_equal(v.params[15].len, 0); /* flags */

	tell_child(to, 'o');
	do
		wait_for(capture, SAKER_EV_ITER_TASK_FILE_REGULAR_E, pid, &v, &meta);
	while (saker_load_u32(v.params[0].data) != 77);
	assert_int_equal(meta.flags, SAKER_EVENT_META_INITIAL);
	assert_string_equal(text_of(&v.params[1]), "/etc/hostname");
	tell_child(to, 'c');
	do
		wait_for(capture, SAKER_EV_SYSCALL_CLOSE_X, pid, &v, &meta);
	while (saker_load_u64(v.params[1].data) != 77);
	assert_int_equal(meta.flags, SAKER_EVENT_META_STATE_ONLY);

	tell_child(to, 'x');
	wait_for(capture, SAKER_EV_SYSCALL_EXECVE_19_X, pid, &v, &meta);
	assert_int_equal(meta.flags, 0);
	assert_string_equal(text_of(&v.params[1]), "sleep");
	assert_int_equal(v.params[2].len, 5);
	assert_string_equal(text_of(&v.params[2]), "1000");
	assert_string_equal(text_of(&v.params[13]), "sleep");
	assert_int_equal(v.params[30].len, 0); /* filename */

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	wait_for(capture, SAKER_EV_PROCEXIT_1_E, pid, &v, &meta);
	assert_int_equal(meta.flags, 0);
	for (uint32_t i = 0; i < v.n_params; i++)
		assert_int_equal(v.params[i].len, 0); /* nobody told with what */
	close(to);
	check_counts(capture);
	saker_capture_close(capture);
}

/* A zombie has ended, whether anybody collects it or not. */
static void test_zombie(void **state)
{
	struct saker_capture *capture = open_engine(true);
	struct saker_event_view v;
	struct saker_event_meta meta;
	int to;
	pid_t pid = start_child(&to);

	wait_for(capture, SAKER_EV_SYSCALL_CLONE_20_X, pid, &v, &meta);
	close(to); /* it ends */
	wait_for(capture, SAKER_EV_PROCEXIT_1_E, pid, &v, &meta);
	waitpid(pid, NULL, 0);
	saker_capture_close(capture);
}

/* All that exists comes first, ourselves too, and is not told again. */
static void test_initial(void **state)
{
	struct saker_capture *capture = open_engine(false);
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	const struct saker_event *event;
	struct saker_event_meta meta;
	unsigned int self = 0;
	int r;

	while ((r = saker_capture_next(capture, 0, &event, &meta)) == 1) {
		assert_int_equal(meta.flags, SAKER_EVENT_META_INITIAL);
		self += event->type == SAKER_EV_ITER_TASK_E &&
			saker_event_task_tid(event) == (uint32_t)getpid();
	}
	assert_int_equal(r, 0);
	assert_int_equal(self, 1);
	for (int i = 0; i < 10; i++) {
		r = saker_capture_next(capture, 20, &event, &meta);
		assert_true(r >= 0);
		if (r == 1 && saker_event_task_tid(event) == (uint32_t)getpid())
			assert_true(event->type != SAKER_EV_ITER_TASK_E &&
				    event->type != SAKER_EV_SYSCALL_EXECVE_19_X);
	}
	assert_int_equal(saker_capture_stats(capture, &stats), 0);
	assert_true(stats.initial > 0);
	assert_true(stats.wakeups > 0);
	saker_capture_close(capture);
}

static void count(void *userdata, const struct saker_event *event)
{
	unsigned int *n = userdata;

	assert_int_equal(saker_event_task_pid(event), getpid());
	(*n)++;
}

static void test_handle(void **state)
{
	struct saker_capture *capture = open_engine(true);
	struct saker_machine machine;
	const struct saker_event *event;
	unsigned int n = 0;
	int r;

	assert_int_equal(saker_capture_machine(capture, &machine), 0);
	assert_true(machine.n_cpus > 0 && machine.boot_ts > 0);
	assert_int_equal(saker_capture_refill(capture, getpid(), count, &n), 0);
	assert_true(n > 1); /* and its files */
	assert_int_equal(saker_capture_refill(capture, INT32_MAX, count, &n), -ESRCH);
	saker_capture_interrupt(capture);
	/* Well before the time is over, unless another process begins just now. */
	while ((r = saker_capture_next(capture, 60000, &event, NULL)) == 1)
		;
	assert_int_equal(r, 0);
	assert_int_equal(saker_capture_stop(capture), 0);
	while ((r = saker_capture_next(capture, -1, &event, NULL)) == 1)
		;
	assert_int_equal(r, -ENODATA);
	saker_capture_close(capture);
}

/* Who has no descriptor left to look at a process with does not take it for ended. */
static void test_descriptors_run_out(void **state)
{
	struct saker_capture *capture = open_engine(true);
	struct saker_event_view v;
	struct saker_event_meta meta;
	const struct saker_event *event;
	struct rlimit before, few;
	int to, status, polls, last;
	pid_t pid = start_child(&to);

	wait_for(capture, SAKER_EV_SYSCALL_CLONE_20_X, pid, &v, &meta);
	while (saker_capture_next(capture, 0, &event, &meta) == 1)
		;
	/* One more, which /proc itself takes. */
	last = dup(STDIN_FILENO);
	assert_true(last >= 0);
	close(last);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){.rlim_cur = (rlim_t)last + 1, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (polls = 0; polls < 10; polls++) {
		while (saker_capture_next(capture, (int)(POLL_NS / 1000000), &event, &meta) == 1)
			assert_false(event->type == SAKER_EV_PROCEXIT_1_E &&
				     event->tid == (uint64_t)pid);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(to);
	waitpid(pid, &status, 0);
	wait_for(capture, SAKER_EV_PROCEXIT_1_E, pid, &v, &meta);
	saker_capture_close(capture);
}

/* A look that fails is told; that a process was not seen in it does not mean that it has ended. */
static void test_unreadable(void **state)
{
	struct saker_event_view v;
	struct saker_event_meta meta;
	const struct saker_event *event;
	struct saker_capture *capture;
	int to, status, r = 0;
	pid_t pid = start_child(&to);

	(void)state;
	capture = open_engine(true);
	while (saker_capture_next(capture, 0, &event, &meta) == 1)
		;
	assert_string_equal(said, "");
	read_error = EIO;
	for (int polls = 0; polls < 10; polls++) {
		while (saker_capture_next(capture, (int)(POLL_NS / 1000000), &event, &meta) == 1)
			assert_int_not_equal(event->type, SAKER_EV_PROCEXIT_1_E);
	}
	read_error = 0;
	assert_string_equal(said, "CAPTURE_PROCFS: /proc could be read in part only: "
				  "Input/output error");
	close(to);
	waitpid(pid, &status, 0);
	wait_for(capture, SAKER_EV_PROCEXIT_1_E, pid, &v, &meta);
	check_counts(capture);
	open_error = EMFILE;
	for (int i = 0; i < 100 && r >= 0; i++)
		r = saker_capture_next(capture, (int)(POLL_NS / 1000000), &event, &meta);
	open_error = 0;
	assert_int_equal(r, -EMFILE);
	assert_string_equal(said, "CAPTURE_PROCFS: /proc cannot be read: Too many open files");
	saker_capture_close(capture);
}

static void test_options(void **state)
{
	static const uint64_t bad[] = {1, UINT64_C(9999999), UINT64_C(3600000000001)};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct saker_capture_options o = SAKER_CAPTURE_OPTIONS_INIT;
		struct saker_capture *capture;

		o.engine = "procfs";
		o.poll_ns = bad[i];
		assert_int_equal(saker_capture_open(&o, &capture), -EINVAL);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),	   cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_initial),	   cmocka_unit_test(test_handle),
		cmocka_unit_test(test_options),	   cmocka_unit_test(test_descriptors_run_out),
		cmocka_unit_test(test_unreadable),
	};

	if (access("/proc/self/stat", R_OK) < 0) {
		printf("skipped: /proc is not mounted\n");
		return 77;
	}
	return cmocka_run_group_tests_name("engine procfs", tests, NULL, NULL);
}
