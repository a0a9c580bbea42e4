// SPDX-License-Identifier: Apache-2.0
/*
 * The schema's tables: consistent in themselves, and the same as the reference
 * facts (SAKER_REFERENCE/facts) where those are at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include <saker/event.h>
#include <saker/event_codes.h>

#include "common/util.h"

/* ---- the tables by themselves -------------------------------------------------------- */

static void test_event_spots(void **state)
{
	static const struct {
		uint32_t code;
		const char *symbol, *name;
		uint16_t category, flags;
		uint32_t n_params;
		const char *last;
	} spots[] = {
		{SAKER_EV_GENERIC_X, "GENERIC_X", "syscall", SAKER_EC_OTHER | SAKER_EC_SYSCALL,
		 SAKER_EF_CONVERTER_MANAGED, 2, "nativeID"},
		{SAKER_EV_SYSCALL_OPENAT_2_X, "SYSCALL_OPENAT_2_X", "openat",
		 SAKER_EC_FILE | SAKER_EC_SYSCALL,
		 SAKER_EF_CREATES_FD | SAKER_EF_MODIFIES_STATE | SAKER_EF_CONVERTER_MANAGED, 7,
		 "ino"},
		{SAKER_EV_PLUGINEVENT_E, "PLUGINEVENT_E", "pluginevent",
		 SAKER_EC_OTHER | SAKER_EC_PLUGIN, SAKER_EF_LARGE_PAYLOAD, 2, "event_data"},
		{SAKER_EV_ITER_TASK_E, "ITER_TASK_E", "task", SAKER_EC_PROCESS | SAKER_EC_ITER,
		 SAKER_EF_MODIFIES_STATE, 32, "loginuid"},
		{SAKER_EV_SYSCALL_CLOSE_RANGE_E, "SYSCALL_CLOSE_RANGE_E", "NA", 0, SAKER_EF_UNUSED,
		 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(spots); i++) {
		const struct saker_event_info *info = saker_event_info(spots[i].code);

		assert_non_null(info);
		assert_string_equal(info->symbol, spots[i].symbol);
		assert_string_equal(info->name, spots[i].name);
		assert_int_equal(info->category, spots[i].category);
		assert_int_equal(info->flags, spots[i].flags);
		assert_int_equal(info->n_params, spots[i].n_params);
		if (spots[i].last)
			assert_string_equal(info->params[info->n_params - 1].name, spots[i].last);
	}
	assert_null(saker_event_info(SAKER_EVENT_CODES));
	assert_null(saker_event_info(UINT32_MAX));
}

static bool is_flag_type(uint8_t type)
{
	return (type >= SAKER_PT_FLAGS8 && type <= SAKER_PT_FLAGS32) || type == SAKER_PT_MODE ||
	       (type >= SAKER_PT_ENUMFLAGS8 && type <= SAKER_PT_ENUMFLAGS32);
}

static void check_param(const struct saker_event_info *info, uint32_t i)
{
	const struct saker_param_info *p = &info->params[i];

	assert_non_null(p->name);
	assert_true(p->name[0]);
	assert_true(p->type > SAKER_PT_NONE && p->type < SAKER_PT_MAX);
	assert_true(p->format <= SAKER_PF_JSON);
	assert_int_equal(p->flags != NULL, is_flag_type(p->type));
	assert_int_equal(p->n_variants > 0, p->type == SAKER_PT_DYN);
	assert_int_equal(p->variants != NULL, p->type == SAKER_PT_DYN);
	if (p->type == SAKER_PT_FSRELPATH) {
		assert_in_range(p->dirfd, 0, info->n_params - 1);
		assert_int_equal(info->params[p->dirfd].type, SAKER_PT_FD);
	} else {
		assert_int_equal(p->dirfd, -1);
	}
	for (uint32_t k = 0; k < p->n_variants; k++)
		assert_true(p->variants[k].type > SAKER_PT_NONE &&
			    p->variants[k].type < SAKER_PT_MAX);
}

static void test_event_consistency(void **state)
{
	uint32_t n_params = 0;

	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);

		assert_non_null(info);
		assert_non_null(info->name);
		assert_non_null(info->symbol);
		assert_true(info->n_params <= SAKER_EVENT_MAX_PARAMS);
		assert_int_equal(util_streq(info->name, "NA"),
				 (info->flags & SAKER_EF_UNUSED) != 0);
		for (uint32_t i = 0; i < info->n_params; i++)
			check_param(info, i);
		n_params += info->n_params;
		/* The symbol ends in the direction. */
		assert_string_equal(info->symbol + strlen(info->symbol) - 2,
				    code % 2 ? "_X" : "_E");
	}
	assert_int_equal(n_params, 1345);
}

static void test_event_find(void **state)
{
	/* Every code is found from its own name, walking up. */
	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const char *name = saker_event_info(code)->name;
		int found = -1;

		assert_int_equal(saker_event_find(name, code), code);
		for (int at = saker_event_find(name, 0); at >= 0;
		     at = saker_event_find(name, (uint32_t)at + 1)) {
			assert_true(at > found);
			assert_string_equal(saker_event_info((uint32_t)at)->name, name);
			found = at;
		}
		assert_true(found >= (int)code);
	}
	assert_int_equal(saker_event_find("openat", 0), SAKER_EV_SYSCALL_OPENAT_E);
	assert_int_equal(saker_event_find("keyctl", SAKER_EV_SYSCALL_KEYCTL_X + 1), -ENOENT);
	assert_int_equal(saker_event_find("", 0), -ENOENT);
	assert_int_equal(saker_event_find("opena", 0), -ENOENT);
	assert_int_equal(saker_event_find("zzz", 0), -ENOENT);
	assert_int_equal(saker_event_find(NULL, 0), -EINVAL);
}

static void test_syscalls(void **state)
{
	uint32_t n = 0;

	for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		const struct saker_syscall_info *info = saker_syscall_by_code(sc);
		int nr;

		if (!info)
			continue;
		n++;
		assert_int_equal(info->sc, sc);
		assert_ptr_equal(saker_syscall_by_name(info->name), info);
		assert_true(info->event < SAKER_EVENT_CODES);
		assert_false(saker_event_info(info->event)->flags &
			     (SAKER_EF_UNUSED | SAKER_EF_OLD_VERSION));
#if defined(__aarch64__)
		nr = info->nr_aarch64;
#else
		nr = info->nr_x86_64;
#endif
		if (nr >= 0)
			assert_ptr_equal(saker_syscall_by_number((uint32_t)nr), info);
	}
	assert_int_equal(n, 447 + 5);
	assert_null(saker_syscall_by_code(0));
	assert_null(saker_syscall_by_code(SAKER_SYSCALL_CODES));
	assert_null(saker_syscall_by_name("unknown"));
	assert_null(saker_syscall_by_name(NULL));
	assert_null(saker_syscall_by_number(100000));
	assert_int_equal(saker_syscall_by_name("openat")->nr_x86_64, 257);
	assert_int_equal(saker_syscall_by_name("openat")->nr_aarch64, 56);
	assert_int_equal(saker_syscall_by_name("open")->nr_aarch64, -1);
	assert_int_equal(saker_syscall_by_name("openat")->event, SAKER_EV_SYSCALL_OPENAT_2_X);
	assert_int_equal(saker_syscall_by_name("close")->drop, SAKER_SYSCALL_DROP_NEVER);
	assert_int_equal(saker_syscall_by_name("brk")->drop, SAKER_SYSCALL_DROP_ALWAYS);
	assert_int_equal(saker_syscall_by_name("sched_process_exit")->event, SAKER_EV_PROCEXIT_1_E);
	assert_int_equal(saker_syscall_by_name("sched_process_exit")->nr_x86_64, -1);
}

static void test_flag_tables(void **state)
{
	assert_int_equal(saker_flag_table_count(), 55);
	for (uint32_t i = 0; i < saker_flag_table_count(); i++) {
		const struct saker_flag_table *table = saker_flag_table_at(i);

		assert_non_null(table);
		assert_ptr_equal(saker_flag_table_find(table->name), table);
		assert_true(table->n_flags > 0);
		for (uint32_t k = 0; k < table->n_flags; k++)
			assert_true(table->flags[k].name[0]);
	}
	assert_null(saker_flag_table_at(55));
	assert_null(saker_flag_table_find("file_flag"));
	assert_null(saker_flag_table_find(NULL));
	assert_string_equal(saker_flag_table_find("file_flags")->flags[0].name, "O_LARGEFILE");
	assert_int_equal(SAKER_FLAG_file_flags_O_CLOEXEC, 4096);
	assert_int_equal(SAKER_DYN_sockopt_dynamic_param_TIMEVAL, 4);
}

/* ---- against the reference ------------------------------------------------------------- */

static json_t *load_facts(const char *name)
{
	const char *reference = getenv("SAKER_REFERENCE");
	json_error_t error;
	char path[4096];
	json_t *root;

	if (!reference || !*reference)
		return NULL;
	snprintf(path, sizeof(path), "%s/facts/%s", reference, name);
	root = json_load_file(path, 0, &error);
	if (!root)
		print_error("%s:%d: %s\n", path, error.line, error.text);
	assert_non_null(root);
	return root;
}

#define SKIP_WITHOUT(root)                                             \
	do {                                                           \
		if (!(root)) {                                         \
			print_message("SAKER_REFERENCE is not set\n"); \
			skip();                                        \
		}                                                      \
	} while (0)

/* The bits that "PREFIX_A | PREFIX_B" stands for, by a table of names. */
struct bit_name {
	const char *name;
	uint32_t value;
};

static uint32_t parse_bits(const char *text, const char *prefix, const struct bit_name *names,
			   size_t n)
{
	uint32_t value = 0;

	while (*text) {
		size_t len = strcspn(text, " |");
		size_t skip_len = strlen(prefix);
		size_t i;

		assert_memory_equal(text, prefix, skip_len);
		for (i = 0; i < n; i++)
			if (strlen(names[i].name) == len - skip_len &&
			    !strncmp(names[i].name, text + skip_len, len - skip_len))
				break;
		if (i == n)
			print_error("no name for %.*s\n", (int)len, text);
		assert_true(i < n);
		value |= names[i].value;
		text += len;
		text += strspn(text, " |");
	}
	return value;
}

#define N(prefix, name)                        \
	{                                      \
#name, SAKER_##prefix##_##name \
	}
static const struct bit_name flag_names[] = {
	{"NONE", 0},
	N(EF, CREATES_FD),
	N(EF, DESTROYS_FD),
	N(EF, USES_FD),
	N(EF, READS_FROM_FD),
	N(EF, WRITES_TO_FD),
	N(EF, MODIFIES_STATE),
	N(EF, UNUSED),
	N(EF, WAITS),
	N(EF, SKIPPARSERESET),
	N(EF, OLD_VERSION),
	N(EF, LARGE_PAYLOAD),
	N(EF, CONVERTER_MANAGED),
};
static const struct bit_name category_names[] = {
	N(EC, UNKNOWN),	   N(EC, OTHER),   N(EC, FILE),	      N(EC, NET),      N(EC, IPC),
	N(EC, MEMORY),	   N(EC, PROCESS), N(EC, SLEEP),      N(EC, SYSTEM),   N(EC, SIGNAL),
	N(EC, USER),	   N(EC, TIME),	   N(EC, PROCESSING), N(EC, IO_READ),  N(EC, IO_WRITE),
	N(EC, IO_OTHER),   N(EC, WAIT),	   N(EC, SCHEDULER),  N(EC, INTERNAL), N(EC, SYSCALL),
	N(EC, TRACEPOINT), N(EC, PLUGIN),  N(EC, METAEVENT),  N(EC, ITER),
};
static const struct bit_name type_names[] = {
	N(PT, INT8),	    N(PT, INT16),	 N(PT, INT32),
	N(PT, INT64),	    N(PT, UINT8),	 N(PT, UINT16),
	N(PT, UINT32),	    N(PT, UINT64),	 N(PT, CHARBUF),
	N(PT, BYTEBUF),	    N(PT, ERRNO),	 N(PT, SOCKADDR),
	N(PT, SOCKTUPLE),   N(PT, FD),		 N(PT, PID),
	N(PT, FDLIST),	    N(PT, FSPATH),	 N(PT, SYSCALLID),
	N(PT, SIGTYPE),	    N(PT, RELTIME),	 N(PT, ABSTIME),
	N(PT, PORT),	    N(PT, IPV4ADDR),	 N(PT, IPV6ADDR),
	N(PT, DYN),	    N(PT, FLAGS8),	 N(PT, FLAGS16),
	N(PT, FLAGS32),	    N(PT, UID),		 N(PT, GID),
	N(PT, SIGSET),	    N(PT, CHARBUFARRAY), N(PT, CHARBUF_PAIR_ARRAY),
	N(PT, MODE),	    N(PT, FSRELPATH),	 N(PT, ENUMFLAGS8),
	N(PT, ENUMFLAGS16), N(PT, ENUMFLAGS32),	 N(PT, FD32),
	N(PT, PID32),
};
static const struct bit_name format_names[] = {
	N(PF, NA), N(PF, DEC), N(PF, HEX), N(PF, 10_PADDED_DEC),
	N(PF, ID), N(PF, DIR), N(PF, OCT), N(PF, JSON),
};
#undef N

static void compare_param(const struct saker_param_info *p, const json_t *fact)
{
	const char *name = json_string_value(json_array_get(fact, 0)); /* in quotes of its own */
	const char *type = json_string_value(json_array_get(fact, 1));
	const char *format = json_string_value(json_array_get(fact, 2));
	const char *info = json_string_value(json_array_get(fact, 3));

	assert_int_equal(strlen(name), strlen(p->name) + 2);
	assert_memory_equal(name + 1, p->name, strlen(p->name));
	assert_int_equal(p->type, parse_bits(type, "PT_", type_names, ARRAY_SIZE(type_names)));
	assert_int_equal(p->format,
			 parse_bits(format, "PF_", format_names, ARRAY_SIZE(format_names)));
	if (!info)
		return;
	if (p->type == SAKER_PT_FSRELPATH)
		assert_int_equal(p->dirfd, atol(info + strlen("DIRFD_PARAM(")));
	else if (p->type == SAKER_PT_DYN)
		assert_true(p->n_variants > 0);
	else
		assert_string_equal(p->flags->name, info);
}

static void test_events_reference(void **state)
{
	json_t *root = load_facts("events.json");
	const char *symbol;
	json_t *fact;

	SKIP_WITHOUT(root);
	assert_int_equal(json_object_size(root), SAKER_EVENT_CODES);
	json_object_foreach(root, symbol, fact)
	{
		uint32_t code = (uint32_t)json_integer_value(json_object_get(fact, "code"));
		const struct saker_event_info *info = saker_event_info(code);
		const json_t *params = json_object_get(fact, "params");

		assert_non_null(info);
		assert_string_equal(info->symbol, symbol + strlen("PPME_"));
		assert_string_equal(info->name, json_string_value(json_object_get(fact, "name")));
		assert_int_equal(info->category,
				 parse_bits(json_string_value(json_object_get(fact, "cat")), "EC_",
					    category_names, ARRAY_SIZE(category_names)));
		assert_int_equal(info->flags,
				 parse_bits(json_string_value(json_object_get(fact, "flags")),
					    "EF_", flag_names, ARRAY_SIZE(flag_names)));
		assert_int_equal(info->n_params, json_array_size(params));
		for (uint32_t i = 0; i < info->n_params; i++)
			compare_param(&info->params[i], json_array_get(params, i));
	}
	json_decref(root);
}

static void test_flags_reference(void **state)
{
	json_t *root = load_facts("flags.json");
	const char *name;
	json_t *fact;

	SKIP_WITHOUT(root);
	assert_int_equal(json_object_size(root), saker_flag_table_count());
	json_object_foreach(root, name, fact)
	{
		const struct saker_flag_table *table = saker_flag_table_find(name);

		assert_non_null(table);
		assert_int_equal(table->n_flags, json_array_size(fact));
		for (uint32_t i = 0; i < table->n_flags; i++) {
			const json_t *flag = json_array_get(fact, i);

			assert_string_equal(table->flags[i].name,
					    json_string_value(json_array_get(flag, 0)));
			assert_int_equal(table->flags[i].value,
					 json_integer_value(json_array_get(flag, 1)));
		}
	}
	json_decref(root);
}

static int number_or_none(const json_t *fact, const char *key)
{
	const json_t *v = json_object_get(fact, key);

	return json_is_integer(v) ? (int)json_integer_value(v) : -1;
}

static enum saker_syscall_drop drop_of(const json_t *flags)
{
	const char *flag = json_string_value(json_array_get(flags, 0));

	if (!flag)
		return SAKER_SYSCALL_DROP_NORMAL;
	return util_streq(flag, "NEVER_DROP") ? SAKER_SYSCALL_DROP_NEVER
					      : SAKER_SYSCALL_DROP_ALWAYS;
}

static void test_syscalls_reference(void **state)
{
	json_t *root = load_facts("syscalls.json");
	const json_t *list;
	const json_t *fact;
	size_t i;

	SKIP_WITHOUT(root);
	assert_int_equal(json_object_size(json_object_get(root, "sc_codes")), SAKER_SYSCALL_CODES);
	list = json_object_get(root, "syscalls");
	assert_int_equal(json_array_size(list), 447);
	json_array_foreach(list, i, fact)
	{
		const char *name = json_string_value(json_object_get(fact, "syscall"));
		const struct saker_syscall_info *info = saker_syscall_by_name(name);

		assert_non_null(info);
		assert_int_equal(info->sc, number_or_none(fact, "sc"));
		assert_int_equal(info->event, number_or_none(fact, "event"));
		assert_int_equal(info->nr_x86_64, number_or_none(fact, "x86_64"));
		assert_int_equal(info->nr_aarch64, number_or_none(fact, "aarch64"));
		assert_int_equal(info->drop, drop_of(json_object_get(fact, "flags")));
	}
	json_decref(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_spots),	cmocka_unit_test(test_event_consistency),
		cmocka_unit_test(test_event_find),	cmocka_unit_test(test_syscalls),
		cmocka_unit_test(test_flag_tables),	cmocka_unit_test(test_events_reference),
		cmocka_unit_test(test_flags_reference), cmocka_unit_test(test_syscalls_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
