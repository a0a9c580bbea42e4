// SPDX-License-Identifier: Apache-2.0
/*
 * Events that no system call makes: a signal that arrives, a page fault, a
 * switch to another task. Each is caused here and every parameter looked at;
 * and they cost nothing when nobody asks for them, for then there are none.
 */
#include "live.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define PF_PROTECTION 1
#define PF_NOT_PRESENT 2
#define PF_WRITE 4
#define PF_READ 8
#define PF_USER 16
#define PF_SUPERVISOR 32
#define PF_FETCH 128

static struct live *live;

static pid_t gettid_(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* ---- signals ------------------------------------------------------------------------ */

static void on_signal(int sig)
{
	(void)sig;
}

static void handle(int sig, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_NODEFER};

	assert_int_equal(sigaction(sig, &action, NULL), 0);
}

static void expect_signal(int64_t tid, int64_t spid, int sig)
{
	live_find_i64(live, tid, "sig", sig);
	I64("spid", spid);
	I64("dpid", tid);
	U8("sig", sig);
	END();
}

static void signal_of_a_process(void **state)
{
	union sigval value = {.sival_int = 7};

	(void)state;
	handle(SIGUSR1, on_signal);
	handle(SIGTERM, on_signal);
	handle(SIGRTMIN + 3, on_signal);
	BEGIN(SIGNALDELIVER_E);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	expect_signal(gettid_(), getpid(), SIGTERM);
	assert_int_equal(syscall(SYS_tgkill, getpid(), gettid_(), SIGUSR1), 0);
	expect_signal(gettid_(), getpid(), SIGUSR1);
	assert_int_equal(sigqueue(getpid(), SIGRTMIN + 3, value), 0);
	expect_signal(gettid_(), getpid(), SIGRTMIN + 3);
}

static void signal_of_another_process(void **state)
{
	pid_t parent = getpid(), child;
	int status;

	(void)state;
	handle(SIGHUP, on_signal);
	handle(SIGCHLD, on_signal);
	BEGIN(SIGNALDELIVER_E);
	child = fork();
	if (child == 0) {
		kill(parent, SIGHUP);
		_exit(0);
	}
	assert_true(child > 0);
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	expect_signal(gettid_(), child, SIGHUP);
	BEGIN(SIGNALDELIVER_E);
	child = fork();
	if (child == 0)
		_exit(0);
	assert_true(child > 0);
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	expect_signal(gettid_(), child, SIGCHLD);
	handle(SIGCHLD, SIG_DFL);
}

/* The kernel says no sender of its own signals, nor of one that kills. */
static void signal_of_the_kernel(void **state)
{
	volatile uint8_t *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	int status;

	(void)state;
	BEGIN(SIGNALDELIVER_E);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	expect_signal(child, 0, SIGKILL);
	child = fork();
	if (child == 0) {
		struct rlimit none = {0};

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL); /* cmocka has a handler of its own */
		munmap((void *)page, 4096);
		*page = 1;
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	expect_signal(child, 0, SIGSEGV);
}

/* ---- page faults --------------------------------------------------------------------- */

static sigjmp_buf jump;

static void on_fault(int sig)
{
	siglongjmp(jump, sig);
}

static uint8_t *map(int prot)
{
	uint8_t *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static void __attribute__((noinline)) touch(volatile uint8_t *p)
{
	*p = 1;
}

static uint8_t __attribute__((noinline)) look(const volatile uint8_t *p)
{
	return *p;
}

static void expect_fault(const uint8_t *at, uint32_t flags)
{
	live_find_i64(live, gettid_(), "addr", (int64_t)(uintptr_t)at);
	U64("addr", (uintptr_t)at);
	U32("error", flags);
}

/* The instruction stands in this function. */
static void expect_ip(uintptr_t function)
{
	int64_t ip = 0;

	memcpy(&ip, live_param(live, "ip")->data, sizeof(ip));
	assert_int_equal(live_param(live, "ip")->len, sizeof(ip));
	assert_in_range((uintptr_t)ip, function, function + 64);
}

static void need_page_faults(void)
{
#if !defined(__x86_64__)
	skip(); /* other machines have no such tracepoint */
#endif
}

static void fault_of_a_program(void **state)
{
	uint8_t *a = map(PROT_READ | PROT_WRITE), *b = map(PROT_READ | PROT_WRITE);

	(void)state;
	need_page_faults();
	BEGIN(PAGE_FAULT_E);
	touch(a + 17);
	assert_int_equal(look(b + 4095), 0);
	expect_fault(a + 17, PF_NOT_PRESENT | PF_WRITE | PF_USER);
	expect_ip((uintptr_t)touch);
	END();
	expect_fault(b + 4095, PF_NOT_PRESENT | PF_READ | PF_USER);
	expect_ip((uintptr_t)look);
	END();
	munmap(a, 4096);
	munmap(b, 4096);
}

static void fault_that_is_forbidden(void **state)
{
	uint8_t *a = map(PROT_READ | PROT_WRITE);
	void (*code)(void) = NULL;

	(void)state;
	need_page_faults();
	touch(a);
	assert_int_equal(mprotect(a, 4096, PROT_READ), 0);
	assert_int_equal(look(a), 1);
	handle(SIGSEGV, on_fault);
	BEGIN(PAGE_FAULT_E);
	if (!sigsetjmp(jump, 1))
		touch(a + 5);
	expect_fault(a + 5, PF_PROTECTION | PF_WRITE | PF_USER);
	expect_ip((uintptr_t)touch);
	END();
	memcpy(&code, &a, sizeof(code));
	if (!sigsetjmp(jump, 1))
		code();
	handle(SIGSEGV, SIG_DFL);
	expect_fault(a, PF_PROTECTION | PF_READ | PF_USER | PF_FETCH);
	U64("ip", (uintptr_t)a);
	END();
	munmap(a, 4096);
}

/* The kernel copies to a page that the program has not touched yet. */
static void fault_of_the_kernel(void **state)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	uint8_t *a = map(PROT_READ | PROT_WRITE);

	(void)state;
	need_page_faults();
	assert_true(fd >= 0);
	BEGIN(PAGE_FAULT_E);
	assert_int_equal(read(fd, a, 64), 64);
	expect_fault(a, PF_NOT_PRESENT | PF_WRITE | PF_SUPERVISOR);
	/* An address of the kernel: the upper half. */
	assert_true(live_param(live, "ip")->len == 8 && live_param(live, "ip")->data[7] == 0xff);
	END();
	munmap(a, 4096);
	close(fd);
}

/* ---- switches -------------------------------------------------------------------------- */

static uint64_t status_kib(const char *key)
{
	char line[256];
	unsigned long long v = 0;
	FILE *f = fopen("/proc/self/status", "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtoull(line + strlen(key), NULL, 10);
	fclose(f);
	return v;
}

static int64_t value_of(const char *name)
{
	int64_t v = 0;

	memcpy(&v, live_param(live, name)->data, live_param(live, name)->len);
	return v;
}

static void switch_to_another(void **state)
{
	struct rusage before, after;
	uint64_t size, rss;

	(void)state;
	BEGIN(SCHEDSWITCH_6_E);
	size = status_kib("VmSize:");
	getrusage(RUSAGE_THREAD, &before);
	usleep(20000);
	getrusage(RUSAGE_THREAD, &after);
	rss = status_kib("VmRSS:");
	FIND();
	ANY("next");
	assert_int_not_equal(value_of("next"), gettid_());
	assert_int_equal(live_param(live, "pgft_maj")->len, 8);
	assert_in_range(value_of("pgft_maj"), 0, after.ru_majflt);
	assert_int_equal(live_param(live, "pgft_min")->len, 8);
	assert_in_range(value_of("pgft_min"), before.ru_minflt - 64, after.ru_minflt);
	/* A slow machine switches in the middle of BEGIN too, which maps and unmaps. */
	assert_int_equal(live_param(live, "vm_size")->len, 4);
	assert_in_range(value_of("vm_size"), size - 4096, size + 4096);
	/* The kernel keeps this one in parts by CPU; within a quarter. */
	assert_int_equal(live_param(live, "vm_rss")->len, 4);
	assert_in_range(value_of("vm_rss"), rss - rss / 4, rss + rss / 4);
	U32("vm_swap", status_kib("VmSwap:"));
	END();
}

/* A task that is switched to and named so: the events of two tasks fit each other. */
static void switch_names_the_next(void **state)
{
	pid_t child;
	cpu_set_t one, old;
	int to[2], status;
	char c;

	(void)state;
	assert_int_equal(pipe(to), 0);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	BEGIN(SCHEDSWITCH_6_E);
	child = fork();
	if (child == 0) {
		int i;

		close(to[1]);
		/* Runs until it is made to wait for us, time and again. */
		for (i = 0; read(to[0], &c, 1) == 1; i++)
			;
		_exit(0);
	}
	assert_true(child > 0);
	for (status = 0; status < 50; status++) {
		assert_int_equal(write(to[1], "x", 1), 1);
		usleep(1000);
	}
	close(to[1]);
	close(to[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
	live_find_i64(live, gettid_(), "next", child);
}

/* ---- not wanted ---------------------------------------------------------------------------- */

static uint64_t seen(void)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};

	assert_int_equal(saker_capture_stats(live->capture, &stats), 0);
	return stats.seen;
}

static void none_unless_wanted(void **state)
{
	struct saker_syscall_set set = {{0}};
	uint64_t before;
	int i;

	(void)state;
	BEGIN(SCHEDSWITCH_6_E);
	before = seen();
	usleep(5000);
	assert_true(seen() > before);
	assert_int_equal(saker_syscall_set_add_name(&set, "all"), 0);
	assert_int_equal(saker_syscall_set_add_name(&set, "io"), 0);
	assert_false(saker_syscall_set_has(&set, SAKER_SC_SCHED_SWITCH));
	assert_false(saker_syscall_set_has(&set, SAKER_SC_SIGNAL_DELIVER));
	assert_false(saker_syscall_set_has(&set, SAKER_SC_PAGE_FAULT_USER));
	memset(&set, 0, sizeof(set));
	assert_int_equal(saker_capture_want(live->capture, &set), 0);
	before = seen();
	handle(SIGUSR1, on_signal);
	for (i = 0; i < 10; i++) {
		uint8_t *p = map(PROT_READ | PROT_WRITE);

		touch(p);
		munmap(p, 4096);
		raise(SIGUSR1);
		usleep(1000);
	}
	assert_int_equal(seen(), before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(signal_of_a_process),
		cmocka_unit_test(signal_of_another_process),
		cmocka_unit_test(signal_of_the_kernel),
		cmocka_unit_test(fault_of_a_program),
		cmocka_unit_test(fault_that_is_forbidden),
		cmocka_unit_test(fault_of_the_kernel),
		cmocka_unit_test(switch_to_another),
		cmocka_unit_test(switch_names_the_next),
		cmocka_unit_test(none_unless_wanted),
	};
	int r;

	live = live_open();
	if (!live) {
		printf("skipped: no live capture here\n");
		return 77;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	live_close(live);
	return r;
}
