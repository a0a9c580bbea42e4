// SPDX-License-Identifier: Apache-2.0
/* The handle: what it refuses, and what it says when there is no engine or no right to one. */
#include <saker/capture.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct said {
	char id[64];
	char message[512];
	char hint[256];
	int n;
};

static void on_diag(void *userdata, const struct saker_diag *diag)
{
	struct said *said = userdata;

	snprintf(said->id, sizeof(said->id), "%s", diag->id);
	snprintf(said->message, sizeof(said->message), "%s", diag->message);
	snprintf(said->hint, sizeof(said->hint), "%s", diag->hint);
	said->n++;
}

static void arguments(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	struct saker_syscall_set set = {{0}};
	const struct saker_event *event;
	struct saker_interface interface;
	struct saker_account account;
	struct saker_capture *capture = NULL;
	struct saker_machine machine;

	(void)state;
	assert_int_equal(saker_capture_open(&options, NULL), -EINVAL);
	options.size = 1;
	assert_int_equal(saker_capture_open(&options, &capture), -EINVAL);
	assert_null(capture);
	assert_null(saker_capture_close(NULL));
	assert_int_equal(saker_capture_next(NULL, 0, &event, NULL), -EINVAL);
	assert_int_equal(saker_capture_want(NULL, &set), -EINVAL);
	assert_int_equal(saker_capture_stop(NULL), -EINVAL);
	assert_int_equal(saker_capture_refill(NULL, 1, NULL, NULL), -EINVAL);
	assert_int_equal(saker_capture_stats(NULL, &stats), -EINVAL);
	assert_int_equal(saker_capture_machine(NULL, &machine), -EINVAL);
	assert_int_equal(saker_capture_interface(NULL, 0, &interface), -EINVAL);
	assert_int_equal(saker_capture_account(NULL, 0, &account), -EINVAL);
	saker_capture_interrupt(NULL);
}

static void names(void **state)
{
	int i;

	(void)state;
	assert_string_equal(saker_drop_reason_name(SAKER_DROP_RING_FULL), "ring_full");
	assert_string_equal(saker_event_class_name(SAKER_EVENT_CLASS_PROC_EXIT), "proc");
	for (i = 0; i < SAKER_DROP_REASONS; i++)
		assert_non_null(saker_drop_reason_name((enum saker_drop_reason)i));
	for (i = 0; i < SAKER_EVENT_CLASSES; i++)
		assert_non_null(saker_event_class_name((enum saker_event_class)i));
	assert_null(saker_drop_reason_name(SAKER_DROP_REASONS));
	assert_null(saker_event_class_name(SAKER_EVENT_CLASSES));
}

static void unknown_engine(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_capture *capture = NULL;
	struct said said = {.n = 0};

	(void)state;
	options.engine = "magic";
	options.diag = on_diag;
	options.diag_userdata = &said;
	assert_int_equal(saker_capture_open(&options, &capture), -ENOENT);
	assert_null(capture);
	assert_int_equal(said.n, 1);
	assert_string_equal(said.id, "CAPTURE_NO_ENGINE");
	assert_non_null(strstr(said.message, "magic"));
	assert_true(said.hint[0]);
}

#ifdef HAVE_EBPF
static void bad_options(void **state)
{
	static const struct {
		uint64_t ring_bytes, order_ns;
		uint32_t snaplen;
		const char *word;
	} cases[] = {
		{.ring_bytes = 5000, .word = "ring_bytes"},
		{.ring_bytes = 64, .word = "ring_bytes"},
		{.ring_bytes = UINT64_C(1) << 40, .word = "ring_bytes"},
		{.snaplen = 70000, .word = "snaplen"},
		{.order_ns = UINT64_MAX, .word = "order_ns"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
		struct saker_capture *capture = NULL;
		struct said said = {.n = 0};

		options.engine = "ebpf";
		options.ring_bytes = cases[i].ring_bytes;
		options.snaplen = cases[i].snaplen;
		options.order_ns = cases[i].order_ns;
		options.diag = on_diag;
		options.diag_userdata = &said;
		assert_int_equal(saker_capture_open(&options, &capture), -EINVAL);
		assert_null(capture);
		assert_string_equal(said.id, "CAPTURE_BAD_OPTION");
		assert_non_null(strstr(said.message, cases[i].word));
	}
}

/* As nobody: refused with words, whatever the machine. */
static void without_rights(void **state)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		struct saker_capture *capture = NULL;
		struct said said = {.n = 0};

		options.engine = "ebpf";
		options.diag = on_diag;
		options.diag_userdata = &said;
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(10);
		if (saker_capture_open(&options, &capture) != -EPERM)
			_exit(11);
		_exit(strcmp(said.id, "CAPTURE_NO_PERMISSION") ||
		      !strstr(said.message, "CAP_BPF") || !said.hint[0]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments),	  cmocka_unit_test(names),
		cmocka_unit_test(unknown_engine),
#ifdef HAVE_EBPF
		cmocka_unit_test(bad_options),	  cmocka_unit_test(without_rights),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
