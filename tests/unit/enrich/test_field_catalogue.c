/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue as librules sees it, without any event: names, types and flags
 * of all fields, how arguments bind, and which codes a constant selects.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <saker/enrich.h>
#include <saker/event_codes.h>
#include <saker/field.h>

#define WORDS 16

static const struct saker_field *find(const char *name)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();

	for (uint32_t i = 0; i < c->n_fields; i++)
		if (!strcmp(c->fields[i].name, name))
			return &c->fields[i];
	return NULL;
}

static int bind(const char *name, const char *arg, struct saker_field_ref *ret, char *error,
		size_t size)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();
	const struct saker_field *field = find(name);

	assert_non_null(field);
	*ret = (struct saker_field_ref){
		.field = field,
		.arg = arg,
		.arg_len = arg ? (uint32_t)strlen(arg) : 0,
		.type = field->type,
		.format = field->format,
		.flags = field->flags,
	};
	return c->bind(c, ret, error, size);
}

static void test_rows(void **state)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();

	assert_int_equal(c->size, sizeof(*c));
	assert_string_equal(c->source, "syscall");
	assert_int_equal(c->n_codes, SAKER_EVENT_CODES);
	for (uint32_t i = 0; i < c->n_fields; i++) {
		const struct saker_field *f = &c->fields[i];

		assert_true(strlen(f->name) > 2 && strchr(f->name, '.'));
		assert_true(strlen(f->group) > 1);
		assert_true(strlen(f->description) > 10);
		assert_int_equal(f->description[strlen(f->description) - 1], '.');
		assert_true(f->cost > 0);
		assert_ptr_equal(find(f->name), f); /* no name twice */
	}
}

/* Every field binds with an argument if it must have one and without if it need not. */
static void test_bind_all(void **state)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();
	struct saker_field_ref ref;
	char error[256];

	for (uint32_t i = 0; i < c->n_fields; i++) {
		const struct saker_field *f = &c->fields[i];
		bool takes = f->flags & (SAKER_FIELD_ARG_REQUIRED | SAKER_FIELD_ARG_ALLOWED);
		int r = bind(f->name, NULL, &ref, error, sizeof(error));

		if (f->flags & SAKER_FIELD_ARG_REQUIRED) {
			assert_int_equal(r, -EINVAL);
			assert_true(error[0]);
		} else {
			assert_int_equal(r, 0);
			assert_non_null(ref.extract);
			assert_int_equal(ref.flags, f->flags);
		}
		if (!takes) {
			assert_int_equal(bind(f->name, "1", &ref, error, sizeof(error)), -EINVAL);
			assert_true(error[0]);
		}
	}
}

static void test_arguments(void **state)
{
	static const struct {
		const char *name;
		const char *arg;
		int result;
		int64_t number;
		uint8_t type;
		uint16_t cleared; /* flags that the argument takes away */
	} rows[] = {
		{"evt.arg", "fd", 0, -1, SAKER_TYPE_STRING, 0},
		{"evt.arg", "0", 0, 0, SAKER_TYPE_STRING, 0},
		{"evt.arg", "31", 0, 31, SAKER_TYPE_STRING, 0},
		{"evt.arg", "32", 0, 32, SAKER_TYPE_STRING, 0}, /* no event has it */
		{"evt.arg", "-1", 0, 32, SAKER_TYPE_STRING, 0},
		{"evt.arg", "99999999999999999999", 0, 32, SAKER_TYPE_STRING, 0},
		{"evt.arg", "-", -EINVAL, 0, 0, 0},
		{"evt.arg", "no_such_argument", -EINVAL, 0, 0, 0},
		{"evt.arg", "", -EINVAL, 0, 0, 0},
		{"evt.rawarg", "res", 0, -1, SAKER_TYPE_I64, 0},
		{"evt.rawarg", "name", 0, -1, SAKER_TYPE_PATH, 0},
		{"evt.rawarg", "data", 0, -1, SAKER_TYPE_BYTES, 0},
		{"evt.rawarg", "pid", 0, -1, SAKER_TYPE_I64, 0},
		{"evt.rawarg", "nope", -EINVAL, 0, 0, 0},
		{"evt.rawarg", "0", -EINVAL, 0, 0, 0},
		{"evt.type.is", "openat", 0, -1, SAKER_TYPE_U32, 0},
		{"evt.type.is", "307", 0, 307, SAKER_TYPE_U32, 0},
		{"evt.type.is", "454", -EINVAL, 0, 0, 0},
		{"evt.type.is", "getppid", -EINVAL, 0, 0, 0},
		{"evt.around", "1404996934793590564", 0, 1404996934793590564, SAKER_TYPE_U64, 0},
		{"evt.around", "now", -EINVAL, 0, 0, 0},
		{"evt.around", "18446744073709551615", -EINVAL, 0, 0, 0},
		{"evt.abspath", "src", 0, 1, SAKER_TYPE_STRING, 0},
		{"evt.abspath", "dst", 0, 2, SAKER_TYPE_STRING, 0},
		{"evt.abspath", "both", -EINVAL, 0, 0, 0},
		{"proc.aname", "0", 0, 0, SAKER_TYPE_STRING, SAKER_FIELD_ANY},
		{"proc.aname", "7", 0, 7, SAKER_TYPE_STRING, SAKER_FIELD_ANY},
		{"proc.aname", "-1", 0, -1, SAKER_TYPE_STRING, 0},
		{"proc.aname", "-2", 0, UINT32_MAX, SAKER_TYPE_STRING, SAKER_FIELD_ANY},
		{"proc.aname", "sh", -EINVAL, 0, 0, 0},
		{"proc.aname", "2147483648", 0, UINT32_MAX, SAKER_TYPE_STRING, SAKER_FIELD_ANY},
		{"proc.aname", "", -EINVAL, 0, 0, 0},
		{"proc.apid", "2", 0, 2, SAKER_TYPE_I64, SAKER_FIELD_ANY},
		{"proc.args", "1", 0, 1, SAKER_TYPE_STRING, 0},
		{"proc.args", "x", -EINVAL, 0, 0, 0},
		{"proc.aargs", "1", 0, 1, SAKER_TYPE_STRING, SAKER_FIELD_ANY},
		{"proc.env", "HOME", 0, 0, SAKER_TYPE_STRING, 0},
		{"proc.env", "2", 0, -1, SAKER_TYPE_STRING, 0},
		{"proc.aenv", "HOME", 0, -2, SAKER_TYPE_STRING, SAKER_FIELD_ANY},
		{"proc.aenv", "2", 0, 2, SAKER_TYPE_STRING, SAKER_FIELD_ANY},
		{"thread.cgroup", "cpuacct", 0, 0, SAKER_TYPE_STRING, 0},
		{"fd.types", "0", 0, 0, SAKER_TYPE_STRING, 0},
		{"fd.types", "x", -EINVAL, 0, 0, 0},
		{"container.mount", "/proc*", 0, -1, SAKER_TYPE_STRING, 0},
		{"container.mount.dest", "3", 0, 3, SAKER_TYPE_STRING, 0},
		{"container.label", "app", 0, -1, SAKER_TYPE_STRING, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct saker_field_ref ref;
		char error[256];
		int r = bind(rows[i].name, rows[i].arg, &ref, error, sizeof(error));

		if (r != rows[i].result)
			fail_msg("%s[%s]: %d, %s", rows[i].name, rows[i].arg, r, error);
		if (r < 0) {
			assert_true(error[0]);
			continue;
		}
		assert_int_equal(ref.number, rows[i].number);
		assert_int_equal(ref.type, rows[i].type);
		assert_int_equal(ref.flags, ref.field->flags & ~rows[i].cleared);
	}
}

/* ---- which codes a constant selects ------------------------------------------------- */

struct selection {
	int result;
	uint64_t may[WORDS];
	uint64_t must[WORDS];
};

static struct selection select_codes(const char *field, const char *constant)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();
	struct selection s;
	struct saker_field_ref ref;
	char error[64];

	memset(&s, 0, sizeof(s));
	assert_int_equal(bind(field, NULL, &ref, error, sizeof(error)), 0);
	s.result = c->select(c, &ref, constant, strlen(constant), s.may, s.must);
	for (uint32_t i = 0; i < WORDS; i++)
		assert_int_equal(s.must[i] & ~s.may[i], 0);
	return s;
}

static bool has(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void test_select_type(void **state)
{
	struct selection s = select_codes("evt.type", "openat");

	assert_int_equal(s.result, 0);
	assert_true(has(s.may, SAKER_EV_SYSCALL_OPENAT_2_X));
	assert_true(has(s.must, SAKER_EV_SYSCALL_OPENAT_2_X));
	assert_true(has(s.may, SAKER_EV_ASYNCEVENT_E)); /* its name is its own */
	assert_false(has(s.must, SAKER_EV_ASYNCEVENT_E));
	assert_false(has(s.may, SAKER_EV_SYSCALL_OPENAT2_X));
	assert_false(has(s.may, SAKER_EV_GENERIC_X));

	s = select_codes("evt.type", "getppid"); /* a call without an event of its own */
	assert_int_equal(s.result, 0);
	assert_true(has(s.may, SAKER_EV_GENERIC_X));
	assert_false(has(s.must, SAKER_EV_GENERIC_X));

	s = select_codes("evt.type", "container");
	assert_int_equal(s.result, 0);
	assert_int_equal(select_codes("evt.type", "no_such_call").result, -ENOENT);
	s = select_codes("evt.type", ""); /* legal, and no event's */
	assert_int_equal(s.result, 0);
	assert_false(has(s.may, SAKER_EV_ASYNCEVENT_E));
}

static void test_select_syscall_type(void **state)
{
	struct selection s = select_codes("syscall.type", "openat");

	assert_int_equal(s.result, 0);
	assert_true(has(s.must, SAKER_EV_SYSCALL_OPENAT_2_X));
	assert_false(has(s.may, SAKER_EV_ASYNCEVENT_E));

	s = select_codes("syscall.type", "switch"); /* an event, but no call */
	assert_int_equal(s.result, 0);
	assert_false(has(s.may, SAKER_EV_SCHEDSWITCH_6_E));
	assert_int_equal(select_codes("syscall.type", "no_such_call").result, 0);
}

static void test_select_category(void **state)
{
	struct selection s = select_codes("evt.category", "file");

	assert_int_equal(s.result, 0);
	assert_true(has(s.must, SAKER_EV_SYSCALL_OPENAT_2_X));
	assert_true(has(s.may, SAKER_EV_SYSCALL_READ_X)); /* by its descriptor */
	assert_false(has(s.must, SAKER_EV_SYSCALL_READ_X));
	assert_false(has(s.may, SAKER_EV_SYSCALL_EXECVE_19_X));
}

static void test_select_others(void **state)
{
	struct selection s = select_codes("evt.num", "0"); /* the idiom for never */

	assert_int_equal(s.result, 0);
	for (uint32_t i = 0; i < WORDS; i++)
		assert_int_equal(s.may[i], 0);
	assert_int_equal(select_codes("evt.num", "7").result, -ENOTSUP);
	assert_int_equal(select_codes("proc.name", "openat").result, -ENOTSUP);
	assert_int_equal(select_codes("evt.is_open_read", "true").result, -ENOTSUP);
}

/* Each event's and each call's own name must select it, or rules would miss it. */
static void test_select_complete(void **state)
{
	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);
		struct selection s;

		if (code == SAKER_EV_GENERIC_X || !info->name[0])
			continue;
		s = select_codes("evt.type", info->name);
		assert_int_equal(s.result, 0);
		if (code != SAKER_EV_GENERIC_E)
			assert_true(has(s.may, code));
	}
	for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		const struct saker_syscall_info *call = saker_syscall_by_code(sc);
		struct selection s;

		if (!call)
			continue;
		s = select_codes("evt.type", call->name);
		assert_int_equal(s.result, 0);
		assert_int_equal(has(s.may, SAKER_EV_GENERIC_X), call->event == SAKER_EV_GENERIC_X);
	}
}

/* ---- against the reference ----------------------------------------------------------------- */

static enum saker_type type_of(const char *type)
{
	static const struct {
		const char *name;
		enum saker_type type;
	} types[] = {
		{"PT_CHARBUF", SAKER_TYPE_STRING},  {"PT_BYTEBUF", SAKER_TYPE_BYTES},
		{"PT_BOOL", SAKER_TYPE_BOOL},	    {"PT_INT16", SAKER_TYPE_I16},
		{"PT_INT32", SAKER_TYPE_I32},	    {"PT_INT64", SAKER_TYPE_I64},
		{"PT_UINT32", SAKER_TYPE_U32},	    {"PT_UINT64", SAKER_TYPE_U64},
		{"PT_RELTIME", SAKER_TYPE_RELTIME}, {"PT_ABSTIME", SAKER_TYPE_ABSTIME},
		{"PT_PORT", SAKER_TYPE_PORT},	    {"PT_DOUBLE", SAKER_TYPE_DOUBLE},
		{"PT_IPADDR", SAKER_TYPE_IP},	    {"PT_IPNET", SAKER_TYPE_NET},
		{"PT_DYN", SAKER_TYPE_NONE},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].name, type))
			return types[i].type;
	fail_msg("unknown type %s", type);
	return SAKER_TYPE_NONE;
}

static uint16_t flags_of(const char *flags)
{
	uint16_t f = 0;

	f |= strstr(flags, "ARG_REQUIRED") ? SAKER_FIELD_ARG_REQUIRED : 0;
	f |= strstr(flags, "ARG_ALLOWED") ? SAKER_FIELD_ARG_ALLOWED : 0;
	f |= strstr(flags, "IS_LIST") ? SAKER_FIELD_LIST : 0;
	f |= strstr(flags, "DEPRECATED") ? SAKER_FIELD_DEPRECATED : 0;
	f |= strstr(flags, "TABLE_ONLY") ? SAKER_FIELD_HIDDEN : 0;
	f |= strstr(flags, "FILTER_ONLY") ? SAKER_FIELD_FILTER_ONLY : 0;
	f |= strstr(flags, "PRINT_ONLY") ? SAKER_FIELD_PRINT_ONLY : 0;
	f |= strstr(flags, "NO_RHS") ? SAKER_FIELD_NO_RHS : 0;
	f |= strstr(flags, "NO_TRANSFORMER") ? SAKER_FIELD_NO_TRANSFORMER : 0;
	return f;
}

/* How a field's flags differ from libs' on purpose. */
static uint16_t own_flags(const char *name, uint16_t flags)
{
	flags &= (uint16_t) ~(SAKER_FIELD_ANY | SAKER_FIELD_NE_ALL | SAKER_FIELD_WARN |
			      SAKER_FIELD_TYPED_TEXT);
	if (!strcmp(name, "evt.abspath")) /* works without, too */
		flags = (uint16_t)((flags & ~SAKER_FIELD_ARG_ALLOWED) | SAKER_FIELD_ARG_REQUIRED);
	if (!strcmp(name, "util.cnt")) /* its class is hidden there */
		flags &= (uint16_t)~SAKER_FIELD_HIDDEN;
	return flags;
}

static void check_row(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	const char *format = json_string_value(json_object_get(row, "pf"));
	const struct saker_field *field = find(name);

	if (!field)
		fail_msg("%s is missing", name);
	if (field->type != type_of(json_string_value(json_object_get(row, "type"))))
		fail_msg("%s has type %u", name, field->type);
	if (own_flags(name, field->flags) !=
	    flags_of(json_string_value(json_object_get(row, "flags"))))
		fail_msg("%s has flags %x", name, field->flags);
	assert_int_equal(field->format == SAKER_FORMAT_HEX, !strcmp(format, "PF_HEX"));
	assert_int_equal(field->format == SAKER_FORMAT_PADDED_DEC,
			 !strcmp(format, "PF_10_PADDED_DEC"));
}

static void test_reference(void **state)
{
	const char *root = getenv("SAKER_REFERENCE");
	json_t *json, *class, *row;
	json_error_t error;
	const char *name;
	char path[512];
	size_t i, n = 0;

	if (!root) {
		print_message("SAKER_REFERENCE is not set: nothing to compare with\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/facts/fields.json", root);
	json = json_load_file(path, 0, &error);
	if (!json)
		fail_msg("%s: %s", path, error.text);
	json_object_foreach(json, name, class)
	{
		json_array_foreach(json_object_get(class, "fields"), i, row)
		{
			check_row(row);
			n++;
		}
	}
	json_decref(json);
	assert_int_equal(n, 233);
	assert_int_equal(saker_enrich_catalogue()->n_fields, n + 61 + 6); /* and those of our own */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bind_all),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_select_type),
		cmocka_unit_test(test_select_syscall_type),
		cmocka_unit_test(test_select_category),
		cmocka_unit_test(test_select_others),
		cmocka_unit_test(test_select_complete),
		cmocka_unit_test(test_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
