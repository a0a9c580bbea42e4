// SPDX-License-Identifier: Apache-2.0
/* Events as bytes, flags in text, names of errors and signals, sets of syscalls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <saker/event.h>
#include <saker/event_codes.h>

#include "common/util.h"
#include "scap_maker.h"

/* ---- decoding ---------------------------------------------------------------------------- */

static const struct saker_event *make(struct maker *m, uint16_t type,
				      const struct maker_param *params, uint32_t n, size_t len_size)
{
	m->len = 0;
	maker_raw_event(m, 42, 7, type, params, n, len_size);
	return (const struct saker_event *)m->data;
}

static void test_decode(void **state)
{
	const int64_t res = -2;
	const int64_t fd = 5;
	const struct maker_param params[] = {{&res, 8}, {&fd, 8}};
	struct saker_event_view view;
	struct maker m = {0};
	const struct saker_event *event = make(&m, SAKER_EV_SYSCALL_CLOSE_X, params, 2, 2);

	assert_int_equal(saker_event_decode(event, m.len, &view), 0);
	assert_ptr_equal(view.event, event);
	assert_ptr_equal(view.info, saker_event_info(SAKER_EV_SYSCALL_CLOSE_X));
	assert_int_equal(view.n_params, 2);
	assert_int_equal(view.params[0].len, 8);
	assert_int_equal((int64_t)saker_load_u64(view.params[0].data), -2);
	assert_int_equal(saker_load_u64(view.params[1].data), 5);
	/* More room than the event takes is no error; less is. */
	assert_int_equal(saker_event_decode(event, m.len + 100, &view), 0);
	for (size_t size = 0; size < m.len; size++)
		assert_int_equal(saker_event_decode(event, size, &view), -EBADMSG);
	assert_int_equal(saker_event_decode(NULL, 100, &view), -EINVAL);
	maker_free(&m);
}

static void test_decode_fewer_and_more(void **state)
{
	const struct maker_param params[SAKER_EVENT_MAX_PARAMS + 1] = {{"abc", 3}};
	struct saker_event_view view;
	struct maker m = {0};

	static const struct {
		uint16_t type;
		uint32_t n;
		int result;
		uint32_t n_params;
	} cases[] = {
		/* An old writer knew fewer parameters, a later one knows more. */
		{SAKER_EV_SYSCALL_OPENAT_2_X, 3, 0, 3},
		{SAKER_EV_SYSCALL_CLOSE_X, 9, 0, 2},
		{SAKER_EV_SYSCALL_CLOSE_X, SAKER_EVENT_MAX_PARAMS, 0, 2},
		{SAKER_EV_SYSCALL_CLOSE_X, SAKER_EVENT_MAX_PARAMS + 1, -EBADMSG, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct saker_event *event = make(&m, cases[i].type, params, cases[i].n, 2);

		assert_int_equal(saker_event_decode(event, m.len, &view), cases[i].result);
		if (cases[i].result == 0)
			assert_int_equal(view.n_params, cases[i].n_params);
	}
	maker_free(&m);
}

static void test_decode_large(void **state)
{
	static char data[100000];
	const uint32_t id = 3;
	const struct maker_param params[] = {{&id, 4}, {data, sizeof(data)}};
	struct saker_event_view view;
	struct maker m = {0};
	const struct saker_event *event = make(&m, SAKER_EV_PLUGINEVENT_E, params, 2, 4);

	assert_int_equal(saker_event_decode(event, m.len, &view), 0);
	assert_int_equal(view.params[1].len, sizeof(data));
	assert_ptr_equal(view.params[1].data, m.data + 26 + 8 + 4);
	/* A length of four gigabytes must not wrap. */
	maker_patch(&m, 26 + 4, UINT32_MAX);
	assert_int_equal(saker_event_decode(event, m.len, &view), -EBADMSG);
	maker_free(&m);
}

static void test_decode_bad(void **state)
{
	const struct maker_param params[] = {{"12345678", 8}, {"12345678", 8}};
	struct saker_event_view view;
	struct maker m = {0};
	const struct saker_event *event = make(&m, SAKER_EV_SYSCALL_CLOSE_X, params, 2, 2);

	m.data[26] = 7; /* lengths add up to one less, one more */
	assert_int_equal(saker_event_decode(event, m.len, &view), -EBADMSG);
	m.data[26] = 9;
	assert_int_equal(saker_event_decode(event, m.len, &view), -EBADMSG);
	m.data[26] = 8;
	maker_patch(&m, 22, UINT32_MAX); /* nparams */
	assert_int_equal(saker_event_decode(event, m.len, &view), -EBADMSG);
	maker_patch(&m, 22, 2);
	maker_patch(&m, 16, 20); /* len less than the header */
	assert_int_equal(saker_event_decode(event, m.len, &view), -EBADMSG);
	event = make(&m, SAKER_EVENT_CODES, params, 2, 2);
	assert_int_equal(saker_event_decode(event, m.len, &view), -ENOENT);
	event = make(&m, SAKER_EVENT_OWN_FIRST, params, 2, 2);
	assert_int_equal(saker_event_decode(event, m.len, &view), -ENOENT);
	maker_free(&m);
}

/* Every event of the schema, all parameters as wide as their type, decodes to what was put in. */
static void test_decode_all(void **state)
{
	static const char bytes[16] = "0123456789abcdef";
	struct saker_event_view view;
	struct maker m = {0};

	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);
		struct maker_param params[SAKER_EVENT_MAX_PARAMS];
		bool large = info->flags & SAKER_EF_LARGE_PAYLOAD;

		for (uint32_t i = 0; i < info->n_params; i++) {
			uint32_t size = saker_param_type_size(info->params[i].type);

			params[i] = (struct maker_param){bytes, size ? size : i % 11};
		}
		make(&m, (uint16_t)code, params, info->n_params, large ? 4 : 2);
		assert_int_equal(saker_event_decode((void *)m.data, m.len, &view), 0);
		assert_int_equal(view.n_params, info->n_params);
		for (uint32_t i = 0; i < view.n_params; i++) {
			assert_int_equal(view.params[i].len, params[i].len);
			assert_memory_equal(view.params[i].data, bytes, params[i].len);
		}
	}
	maker_free(&m);
}

/* ---- flags ----------------------------------------------------------------------------------- */

static const struct saker_param_info *param_of(uint32_t code, const char *name)
{
	const struct saker_event_info *info = saker_event_info(code);

	for (uint32_t i = 0; i < info->n_params; i++)
		if (util_streq(info->params[i].name, name))
			return &info->params[i];
	fail_msg("no parameter %s", name);
	return NULL;
}

static void test_flags_format(void **state)
{
	static const struct {
		uint32_t event;
		const char *param;
		uint32_t value;
		const char *text;
	} cases[] = {
		{SAKER_EV_SYSCALL_OPENAT_2_X, "flags", 1 | 4096, "O_RDONLY|O_CLOEXEC"},
		{SAKER_EV_SYSCALL_OPENAT_2_X, "flags", 0, "O_NONE"},
		/* Both access bits are one name. */
		{SAKER_EV_SYSCALL_OPENAT_2_X, "flags", 3, "O_RDWR"},
		{SAKER_EV_SYSCALL_OPENAT_2_X, "flags", 2 | 4 | 256 | 16384,
		 "O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED"},
		/* The order is the table's, not the bits'. */
		{SAKER_EV_SYSCALL_OPENAT_2_X, "flags", 1024 | 4096 | 64 | 1,
		 "O_DIRECTORY|O_NONBLOCK|O_RDONLY|O_CLOEXEC"},
		/* A bit without a name is left out. */
		{SAKER_EV_SYSCALL_OPENAT_2_X, "flags", 0x80000000u | 1, "O_RDONLY"},
		{SAKER_EV_SYSCALL_OPENAT_2_X, "flags", 0x80000000u, ""},
		/* One value, two names. */
		{SAKER_EV_SOCKET_SOCKET_X, "domain", 1, "AF_LOCAL|AF_UNIX"},
		{SAKER_EV_SOCKET_SOCKET_X, "domain", 2, "AF_INET"},
		{SAKER_EV_SOCKET_SOCKET_X, "domain", 0, "AF_UNSPEC"},
		{SAKER_EV_SOCKET_SOCKET_X, "domain", 200, ""},
		{SAKER_EV_SYSCALL_UNLINKAT_2_X, "flags", 0, ""},
		{SAKER_EV_SYSCALL_CHMOD_X, "mode", 0755,
		 "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR"},
		{SAKER_EV_SYSCALL_CHMOD_X, "mode", 04000, "S_ISUID"},
		{SAKER_EV_SYSCALL_CHMOD_X, "mode", 0, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct saker_param_info *param = param_of(cases[i].event, cases[i].param);
		size_t len = strlen(cases[i].text);
		char buf[256];

		assert_int_equal(saker_flags_format(param, cases[i].value, buf, sizeof(buf)), len);
		assert_string_equal(buf, cases[i].text);
		/* Cut off where there is less room, and never past it. */
		for (size_t size = 0; size <= len; size++) {
			memset(buf, 'X', sizeof(buf));
			assert_int_equal(saker_flags_format(param, cases[i].value, buf, size), len);
			assert_int_equal(buf[size], 'X');
			if (size) {
				assert_int_equal(strlen(buf), size - 1);
				assert_memory_equal(buf, cases[i].text, size - 1);
			}
		}
	}
}

static void test_flags_format_none(void **state)
{
	char buf[16] = "X";

	assert_int_equal(saker_flags_format(NULL, 1, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(
		saker_flags_format(param_of(SAKER_EV_SYSCALL_CLOSE_X, "fd"), 1, buf, sizeof(buf)),
		0);
	assert_int_equal(
		saker_flags_format(param_of(SAKER_EV_SYSCALL_OPENAT_2_X, "flags"), 1, NULL, 0),
		strlen("O_RDONLY"));
}

/* Each name of each table is what its value alone reads as, unless an earlier name takes it. */
static void test_flags_every_name(void **state)
{
	for (uint32_t t = 0; t < saker_flag_table_count(); t++) {
		const struct saker_flag_table *table = saker_flag_table_at(t);
		const struct saker_param_info as_enum = {.type = SAKER_PT_ENUMFLAGS32,
							 .flags = table};
		const struct saker_param_info as_bits = {.type = SAKER_PT_FLAGS32, .flags = table};

		for (uint32_t i = 0; i < table->n_flags; i++) {
			const char *name = table->flags[i].name;
			uint32_t value = table->flags[i].value;
			char buf[1024];
			char *found;

			saker_flags_format(&as_enum, value, buf, sizeof(buf));
			found = strstr(buf, name);
			assert_non_null(found);
			assert_true(found == buf || found[-1] == '|');
			/* As bits: something is printed, and it is some name of the table. */
			assert_true(saker_flags_format(&as_bits, value, buf, sizeof(buf)) > 0);
		}
	}
}

/* ---- names, sizes, sets -------------------------------------------------------------------- */

static void test_names(void **state)
{
	assert_string_equal(saker_errno_name(1), "EPERM");
	assert_string_equal(saker_errno_name(11), "EAGAIN");
	assert_string_equal(saker_errno_name(125), "ECANCELED");
	assert_string_equal(saker_errno_name(512), "ERESTARTSYS");
	assert_string_equal(saker_errno_name(516), "ERESTART_RESTARTBLOCK");
	assert_string_equal(saker_errno_name(530), "EIOCBRETRY");
	assert_null(saker_errno_name(0));
	assert_null(saker_errno_name(-1));
	assert_null(saker_errno_name(41));
	assert_null(saker_errno_name(531));
	assert_string_equal(saker_signal_name(1), "SIGHUP");
	assert_string_equal(saker_signal_name(9), "SIGKILL");
	assert_string_equal(saker_signal_name(6), "SIGABRT");
	assert_string_equal(saker_signal_name(31), "SIGSYS");
	assert_null(saker_signal_name(0));
	assert_null(saker_signal_name(32));
}

static void test_sizes(void **state)
{
	assert_int_equal(saker_param_type_size(SAKER_PT_FD), 8);
	assert_int_equal(saker_param_type_size(SAKER_PT_FD32), 4);
	assert_int_equal(saker_param_type_size(SAKER_PT_SIGTYPE), 1);
	assert_int_equal(saker_param_type_size(SAKER_PT_PORT), 2);
	assert_int_equal(saker_param_type_size(SAKER_PT_IPV6ADDR), 16);
	assert_int_equal(saker_param_type_size(SAKER_PT_CHARBUF), 0);
	assert_int_equal(saker_param_type_size(SAKER_PT_DYN), 0);
	assert_int_equal(saker_param_type_size(SAKER_PT_MAX), 0);
}

static uint32_t set_count(const struct saker_syscall_set *set)
{
	uint32_t n = 0;

	for (uint32_t sc = 0; sc < 512; sc++)
		n += saker_syscall_set_has(set, sc);
	return n;
}

static void test_sets(void **state)
{
	struct saker_syscall_set set = {0};
	struct saker_syscall_set io = {0};

	assert_int_equal(saker_syscall_set_add_name(&set, "state"), 0);
	assert_int_equal(set_count(&set), 74);
	assert_true(saker_syscall_set_has(&set, SAKER_SC_SCHED_PROCESS_EXIT));
	assert_true(saker_syscall_set_has(&set, SAKER_SC_OPENAT));
	assert_false(saker_syscall_set_has(&set, SAKER_SC_UNLINK));
	assert_int_equal(saker_syscall_set_add_name(&io, "io"), 0);
	assert_int_equal(set_count(&io), 12);
	assert_true(saker_syscall_set_has(&io, SAKER_SC_READ));
	for (uint32_t sc = 0; sc < 512; sc++)
		assert_false(saker_syscall_set_has(&set, sc) && saker_syscall_set_has(&io, sc));

	assert_int_equal(saker_syscall_set_add_name(&set, "all"), 0);
	assert_int_equal(set_count(&set), 447 + 1);
	assert_false(saker_syscall_set_has(&set, SAKER_SC_SCHED_SWITCH));
	assert_false(saker_syscall_set_has(&set, SAKER_SC_UNKNOWN));

	memset(&set, 0, sizeof(set));
	assert_int_equal(saker_syscall_set_add_name(&set, "switch"), 0);
	assert_true(saker_syscall_set_has(&set, SAKER_SC_SCHED_SWITCH));
	assert_int_equal(set_count(&set), 1);
	assert_int_equal(saker_syscall_set_add_name(&set, "page_fault"), 0);
	assert_int_equal(set_count(&set), 3);
	assert_int_equal(saker_syscall_set_add_name(&set, "prlimit"), 0);
	assert_true(saker_syscall_set_has(&set, SAKER_SC_PRLIMIT64));
	assert_int_equal(saker_syscall_set_add_name(&set, "getpid"), 0);
	assert_true(saker_syscall_set_has(&set, SAKER_SC_GETPID));
	assert_int_equal(saker_syscall_set_add_name(&set, "no_such_call"), -ENOENT);
	assert_int_equal(saker_syscall_set_add_name(&set, "NA"), -ENOENT);
	assert_int_equal(saker_syscall_set_add_name(&set, NULL), -EINVAL);
	saker_syscall_set_remove(&set, SAKER_SC_GETPID);
	assert_false(saker_syscall_set_has(&set, SAKER_SC_GETPID));
}

static void test_sets_by_event(void **state)
{
	struct saker_syscall_set set = {0};

	assert_int_equal(saker_syscall_set_add_event(&set, SAKER_EV_GENERIC_X), 0);
	assert_int_equal(set_count(&set), 0);
	assert_int_equal(saker_syscall_set_add_event(&set, SAKER_EV_SYSCALL_SETUID_X), 0);
	assert_true(saker_syscall_set_has(&set, SAKER_SC_SETUID));
	assert_true(saker_syscall_set_has(&set, SAKER_SC_SETUID32));
	assert_int_equal(set_count(&set), 2);
	assert_int_equal(saker_syscall_set_add_event(&set, SAKER_EVENT_CODES), -ENOENT);
	assert_int_equal(saker_syscall_set_add_event(NULL, 1), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_fewer_and_more),
		cmocka_unit_test(test_decode_large),
		cmocka_unit_test(test_decode_bad),
		cmocka_unit_test(test_decode_all),
		cmocka_unit_test(test_flags_format),
		cmocka_unit_test(test_flags_format_none),
		cmocka_unit_test(test_flags_every_name),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_sets_by_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
