// SPDX-License-Identifier: Apache-2.0
/* Filters as text; the sets of syscalls by name. */
#include <saker/capture.h>
#include <saker/event_codes.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void filters_are_read(void **state)
{
	static const struct {
		const char *text;
		enum saker_capture_filter_kind kind;
		bool exclude;
		uint64_t number;
		const char *value;
	} cases[] = {
		{"pid=1", SAKER_CAPTURE_FILTER_PID, false, 1, NULL},
		{"pid!=4194303", SAKER_CAPTURE_FILTER_PID, true, 4194303, NULL},
		{"tree=77", SAKER_CAPTURE_FILTER_TREE, false, 77, NULL},
		{"uid!=0", SAKER_CAPTURE_FILTER_UID, true, 0, NULL},
		{"comm=nginx", SAKER_CAPTURE_FILTER_COMM, false, 0, "nginx"},
		{"comm!=a=b!", SAKER_CAPTURE_FILTER_COMM, true, 0, "a=b!"},
		{"comm=123", SAKER_CAPTURE_FILTER_COMM, false, 0, "123"},
		{"path=/etc/", SAKER_CAPTURE_FILTER_PATH, false, 0, "/etc/"},
		{"cgroup=42", SAKER_CAPTURE_FILTER_CGROUP, false, 42, NULL},
		{"cgroup=/x", SAKER_CAPTURE_FILTER_CGROUP, false, 0, "/x"},
		{"cgrouptree!=/x/y", SAKER_CAPTURE_FILTER_CGROUP_TREE, true, 0, "/x/y"},
	};
	struct saker_capture_filter f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(saker_capture_filter_parse(cases[i].text, &f), 0);
		assert_int_equal(f.kind, cases[i].kind);
		assert_int_equal(f.exclude, cases[i].exclude);
		assert_int_equal(f.number, cases[i].number);
		if (cases[i].value)
			assert_string_equal(f.text, cases[i].value);
		else
			assert_null(f.text);
	}
}

static void others_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"pid",
		"pid=",
		"pid!",
		"pid!5",
		"pid=x",
		"pid=5x",
		"pid=-1",
		"pid= 1",
		"pid==1",
		"pid=18446744073709551616",
		"comm=",
		"comm!=",
		"PID=1",
		"pids=1",
		"=1",
		"!=1",
		"cgroup=",
		"cgroup=x",
		"tree=/x",
	};
	struct saker_capture_filter f = {.number = 99};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (saker_capture_filter_parse(cases[i], &f) != -EINVAL)
			fail_msg("'%s' is taken for a filter", cases[i]);
		assert_int_equal(f.number, 99);
	}
	assert_int_equal(saker_capture_filter_parse(NULL, &f), -EINVAL);
	assert_int_equal(saker_capture_filter_parse("pid=1", NULL), -EINVAL);
}

static void tracepoints_have_to_be_named(void **state)
{
	static const struct {
		const char *name;
		uint32_t sc;
	} names[] = {
		{"switch", SAKER_SC_SCHED_SWITCH},
		{"sched_switch", SAKER_SC_SCHED_SWITCH},
		{"signaldeliver", SAKER_SC_SIGNAL_DELIVER},
		{"page_fault", SAKER_SC_PAGE_FAULT_USER},
		{"page_fault", SAKER_SC_PAGE_FAULT_KERNEL},
		{"page_fault_user", SAKER_SC_PAGE_FAULT_USER},
		{"procexit", SAKER_SC_SCHED_PROCESS_EXIT},
	};
	struct saker_syscall_set all = {{0}};
	size_t i;

	(void)state;
	assert_int_equal(saker_syscall_set_add_name(&all, "all"), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct saker_syscall_set set = {{0}};

		assert_int_equal(saker_syscall_set_add_name(&set, names[i].name), 0);
		assert_true(saker_syscall_set_has(&set, names[i].sc));
		assert_int_equal(saker_syscall_set_has(&all, names[i].sc),
				 names[i].sc == SAKER_SC_SCHED_PROCESS_EXIT);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_are_read),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(tracepoints_have_to_be_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
