/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields over made-up events: a short story of one shell with the values that
 * its events must give, and every field on every event of the schema with
 * parameters missing, short, long and wild, which must never crash.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "event_story.h"

static struct event_builder eb;

static struct saker_state *new_state(void)
{
	struct saker_state *state = story_state();

	assert_non_null(state);
	return state;
}

/* ---- asking fields ------------------------------------------------------------------- */

static size_t value_text(const struct saker_value *v, char *text, size_t size)
{
	switch ((enum saker_type)v->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		return (size_t)snprintf(text, size, "%.*s", (int)v->len, v->str ? v->str : "");
	case SAKER_TYPE_BOOL:
		return (size_t)snprintf(text, size, "%s", v->u64 ? "true" : "false");
	case SAKER_TYPE_DOUBLE:
		return (size_t)snprintf(text, size, "%g", v->f64);
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		return (size_t)snprintf(text, size, "%u.%u.%u.%u", v->ip->addr[0], v->ip->addr[1],
					v->ip->addr[2], v->ip->addr[3]);
	case SAKER_TYPE_I8:
	case SAKER_TYPE_I16:
	case SAKER_TYPE_I32:
	case SAKER_TYPE_I64:
		return (size_t)snprintf(text, size, "%lld", (long long)v->i64);
	default:
		return (size_t)snprintf(text, size, "%llu", (unsigned long long)v->u64);
	}
}

/* All alternatives joined with "|"; "(absent)" for none. */
static void field_text(struct saker_record *record, const char *name, bool typed, char *text,
		       size_t size)
{
	char arg[128];
	struct saker_field_ref ref;
	struct saker_values out;
	size_t n = 0;

	if (story_bind(name, arg, &ref) < 0)
		fail_msg("%s does not bind", name);
	memset(&out, 0, sizeof(out));
	(typed && ref.extract_typed ? ref.extract_typed : ref.extract)(record, &ref, &out);
	if (!out.n)
		snprintf(text, size, "(absent)");
	for (uint32_t i = 0; i < out.n; i++) {
		if (i)
			text[n++] = '|';
		n += value_text(&out.v[i], text + n, size - n);
	}
}

struct expectation {
	const char *field;
	const char *text;
};

static void expect(struct saker_record *record, const struct expectation *rows, size_t n)
{
	char text[4096];

	assert_non_null(record);
	for (size_t i = 0; i < n; i++) {
		field_text(record, rows[i].field, false, text, sizeof(text));
		if (strcmp(text, rows[i].text))
			fail_msg("%s: '%s' instead of '%s'", rows[i].field, text, rows[i].text);
	}
}

#define EXPECT(record, ...)                                              \
	do {                                                             \
		static const struct expectation rows_[] = {__VA_ARGS__}; \
		expect(record, rows_, sizeof(rows_) / sizeof(rows_[0])); \
	} while (0)

/* ---- a story ------------------------------------------------------------------------------ */

static struct saker_record *chdir_as(struct saker_state *state, int64_t pid, const char *path,
				     uint64_t ts)
{
	return story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_CHDIR_X, ts, (uint64_t)pid, "qs",
					  INT64_C(0), path));
}

static void test_process(void **unused)
{
	static const char args[] = "-c\0echo \"x y\"\0last";
	struct saker_state *state = new_state();
	struct saker_record *r;

	r = story_execve(&eb, state, 100, 1, "bash", "-bash", args, sizeof(args), STORY_TS);
	EXPECT(r, {"proc.name", "bash"}, {"proc.exe", "-bash"}, {"proc.exepath", "/usr/bin/real"},
	       {"proc.args", "-c echo \"x y\" last"}, {"proc.args[0]", "-c"},
	       {"proc.args[1]", "echo \"x y\""}, {"proc.args[3]", ""},
	       {"proc.cmdline", "bash -c echo \"x y\" last"},
	       {"proc.exeline", "-bash -c echo \"x y\" last"}, {"proc.cmdnargs", "3"},
	       {"proc.cmdlenargs", "16"}, {"proc.env[HOME]", "/home/u"}, {"proc.env[EMPTY]", ""},
	       {"proc.env[PAD]", "x y"}, {"proc.env[NOPE]", ""}, {"proc.pid", "100"},
	       {"thread.tid", "100"}, {"thread.ismain", "true"}, {"proc.tty", "34816"},
	       {"proc.is_exe_writable", "true"}, {"proc.is_exe_lower_layer", "true"},
	       {"proc.is_exe_upper_layer", "false"}, {"proc.is_exe_from_memfd", "false"},
	       {"thread.cap_permitted", "CAP_CHOWN CAP_NET_RAW"}, {"thread.cap_inheritable", ""},
	       {"thread.cap_effective", "CAP_SYS_ADMIN"}, {"proc.exe_ino", "4711"},
	       {"proc.fdlimit", "1024"}, {"proc.vmsize", "4000"}, {"proc.vmrss", "300"},
	       {"proc.vmswap", "20"}, {"thread.pfmajor", "2"}, {"thread.pfminor", "30"},
	       {"thread.cgroup.memory", "/m"}, {"thread.cgroup.nope", "(absent)"},
	       {"user.uid", "0"}, {"user.name", "root"}, {"user.homedir", "/root"},
	       {"user.loginuid", "1000"}, {"user.loginname", "<NA>"}, {"container.id", "host"},
	       {"container.privileged", "false"}, {"container.image", ""}, {"evt.type", "execve"},
	       {"evt.type.is.execve", "1"}, {"evt.type.is.openat", "0"},
	       {"evt.category", "process"}, {"evt.num", "1"}, {"evt.cpu", "3"},
	       {"evt.res", "SUCCESS"}, {"evt.arg.comm", "bash"}, {"evt.arg[1]", "-bash"},
	       {"evt.arg.tid", "bash"}, {"evt.rawarg.tid", "100"}, {"evt.arg.fd", "(absent)"},
	       {"evt.rawtime", "1700000000123456789"}, {"evt.rawtime.s", "1700000000"},
	       {"evt.rawtime.ns", "123456789"}, {"evt.reltime", "0"},
	       {"evt.time.iso8601", "2023-11-14T22:13:20.123456789+0000"},
	       {"evt.around[1700000000000000000]", "124"}, {"evt.around[1700000000123456789]", "0"},
	       {"evt.hostname", "testhost"}, {"evt.source", "syscall"}, {"evt.is_async", "false"},
	       {"fd.num", "(absent)"}, {"evt.dir", "<"}, {"evt.is_open_read", "false"},
	       {"syscall.type", "execve"});

	r = story_execve(&eb, state, 101, 100, "vi", "vi", "", 0, STORY_TS + 5);
	EXPECT(r, {"proc.cmdline", "vi"}, {"proc.args", ""}, {"proc.pname", "bash"},
	       {"proc.pcmdline", "bash -c echo \"x y\" last"}, {"proc.ppid", "100"},
	       {"proc.aname[0]", "vi"}, {"proc.aname[1]", "bash"}, {"proc.aexe[1]", "-bash"},
	       {"proc.loginshellid", "100"}, {"evt.num", "2"}, {"evt.deltatime", "5"},
	       {"evt.reltime", "5"}, {"proc.aenv[HOME]", "/home/u"}, {"proc.aname[9]", "(absent)"});

	r = story_execve(&eb, state, 102, 101, "less", "less", "f", 2, STORY_TS + 6);
	EXPECT(r, {"proc.aname", "vi|bash"}, {"proc.apid", "101|100"}, {"proc.aname[2]", "bash"},
	       {"proc.aexepath", "/usr/bin/real|/usr/bin/real"},
	       {"proc.acmdline", "vi|bash -c echo \"x y\" last"},
	       {"proc.aargs", "|-c echo \"x y\" last"}, {"proc.apid[0]", "102"},
	       {"proc.apid[2]", "100"}, {"proc.aargs[2]", "-c echo \"x y\" last"});
	saker_state_free(state);
}

static void test_files(void **unused)
{
	struct saker_state *state = new_state();
	struct saker_record *r;

	story_execve(&eb, state, 100, 1, "bash", "bash", "", 0, STORY_TS);
	EXPECT(chdir_as(state, 100, "/tmp", STORY_TS + 1), {"evt.arg.path", "/tmp"});

	r = story_openat(&eb, state, 100, 3, "a//./b/../c", 1 | 2 | 4 | 4096 | 16384, 0755,
			 STORY_TS + 2);
	EXPECT(r, {"fd.num", "3"}, {"fd.name", "/tmp/a/c"}, {"fd.nameraw", "a/./b/../c"},
	       {"fd.directory", "/tmp/a"}, {"fd.filename", "c"}, {"fd.type", "file"},
	       {"fd.typechar", "f"}, {"fd.dev", "65025"}, {"fd.dev.major", "254"},
	       {"fd.dev.minor", "1"}, {"fd.ino", "99"}, {"fd.uid", "1003"},
	       {"fd.containername", ":/tmp/a/c"}, {"fd.containerdirectory", ":/tmp/a"},
	       {"evt.is_open_read", "true"}, {"evt.is_open_write", "true"},
	       {"evt.is_open_exec", "true"}, {"evt.is_open_create", "true"},
	       {"evt.arg.flags", "O_CREAT|O_RDWR|O_CLOEXEC|O_F_CREATED"},
	       {"evt.arg.fd", "<f>/tmp/a/c"}, {"evt.arg.dirfd", "AT_FDCWD"},
	       {"evt.arg.name", "/tmp/a/c"}, {"evt.arg.mode", "0755"}, {"evt.rawarg.mode", "493"},
	       {"evt.abspath", "/tmp/a/c"}, {"fs.path.name", "/tmp/a/c"},
	       {"fs.path.nameraw", "a//./b/../c"}, {"fs.path.source", "(absent)"},
	       {"fd.l4proto", "<NA>"}, {"fd.cip", "(absent)"}, {"fd.ip", "(absent)"},
	       {"evt.args", "fd=3(<f>/tmp/a/c) dirfd=-100(AT_FDCWD) "
			    "name=a//./b/../c(/tmp/a/c) "
			    "flags=20487(O_CREAT|O_RDWR|O_CLOEXEC|O_F_CREATED) mode=0755 "
			    "dev=FE01 ino=99"},
	       {"evt.count.error.file", "0"}, {"evt.count.error.net", "(absent)"});

	r = story_openat(&eb, state, 100, -2, "/nowhere/at/all", 1, 0, STORY_TS + 3);
	EXPECT(r, {"fd.name", "/nowhere/at/all"}, {"fd.directory", "/nowhere/at"},
	       {"fd.filename", "(absent)"}, {"fd.typechar", "f"}, {"evt.res", "ENOENT"},
	       {"evt.rawres", "-2"}, {"evt.failed", "true"}, {"evt.arg.fd", "ENOENT"},
	       {"evt.is_open_read", "true"}, {"evt.is_open_write", "false"},
	       {"evt.count.error.file", "1"}, {"fd.type", "(absent)"});

	r = story_apply(state,
			eb_make(&eb, SAKER_EV_SYSCALL_RENAMEAT2_X, STORY_TS + 4, 100, "qqsqsw",
				INT64_C(0), INT64_C(-100), "c", INT64_C(-100), "/d/../e", 1));
	EXPECT(r, {"fs.path.source", "/tmp/c"}, {"fs.path.target", "/e"},
	       {"fs.path.sourceraw", "c"}, {"fs.path.targetraw", "/d/../e"},
	       {"fs.path.name", "(absent)"}, {"evt.abspath", "/tmp/c"}, {"evt.abspath.dst", "/e"},
	       {"evt.arg.flags", "RENAME_NOREPLACE"});

	r = story_apply(state,
			eb_make(&eb, SAKER_EV_SYSCALL_RENAMEAT2_X, STORY_TS + 5, 100, "qqsqsw",
				INT64_C(0), INT64_C(77), "./c", INT64_C(77), "e", 1));
	EXPECT(r, {"evt.abspath", "<UNKNOWN>/c"}, {"evt.abspath.dst", "<UNKNOWN>/e"});
	saker_state_free(state);
}

/* The texts of modes are kept; whatever came before, each value has its own, twice the same. */
static void test_modes(void **unused)
{
	const struct saker_event_info *info = saker_event_info(SAKER_EV_SYSCALL_CHMOD_X);
	struct saker_state *state = new_state();
	char text[4096], expected[512], short_form[512];
	struct saker_record *r;

	assert_int_equal(info->params[2].type, SAKER_PT_MODE);
	for (uint32_t i = 0; i < 512; i++) {
		/* every third time the one of the round before */
		uint32_t mode = (i % 3 ? i : i / 3) * 37 % 07777 + 1;

		assert_true(saker_flags_format(&info->params[2], mode, expected, sizeof(expected)) <
			    sizeof(expected));
		r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_CHMOD_X, STORY_TS + i, 100,
					       "qsw", INT64_C(0), "/tmp/a", mode));
		assert_non_null(r);
		field_text(r, "evt.arg.mode", false, text, sizeof(text));
		assert_string_equal(text, expected);
		field_text(r, "evt.arg[2]", false, text, sizeof(text));
		assert_string_equal(text, expected);
		snprintf(short_form, sizeof(short_form), "%#o(", mode);
		field_text(r, "evt.args", false, text, sizeof(text));
		assert_non_null(strstr(text, short_form));
		assert_non_null(strstr(text, expected));
	}
	saker_state_free(state);
}

static void test_sockets(void **unused)
{
	static const uint8_t tuple[] = {2, 10, 0, 0, 1, 0x34, 0x12, 192, 0, 2, 7, 0xbb, 0x01};
	static const uint8_t address[] = {2, 192, 0, 2, 7, 0xbb, 0x01};
	static const uint8_t unix_tuple[] = {1, 0xef, 0xbe, 0, 0, 0, 0, 0,   0,	  0,
					     0, 0,    0,    0, 0, 0, 0, '/', 's', 0};
	struct saker_state *state = new_state();
	struct saker_record *r;

	story_execve(&eb, state, 100, 1, "curl", "curl", "", 0, STORY_TS);
	r = story_apply(state, eb_make(&eb, SAKER_EV_SOCKET_SOCKET_X, STORY_TS + 1, 100, "qwwww",
				       INT64_C(5), 2, 1, 6, 0));
	EXPECT(r, {"fd.type", "ipv4"}, {"evt.arg.domain", "AF_INET"}, {"fd.sip", "(absent)"});

	r = story_apply(state, eb_make(&eb, SAKER_EV_SOCKET_CONNECT_X, STORY_TS + 2, 100, "qrqr",
				       INT64_C(-115), tuple, (int)sizeof(tuple), INT64_C(5),
				       address, (int)sizeof(address)));
	EXPECT(r, {"fd.name", "10.0.0.1:4660->192.0.2.7:443"}, {"fd.cip", "10.0.0.1"},
	       {"fd.sip", "192.0.2.7"}, {"fd.cport", "4660"}, {"fd.sport", "443"},
	       {"fd.ip", "10.0.0.1|192.0.2.7"}, {"fd.port", "4660|443"},
	       {"fd.net", "10.0.0.1|192.0.2.7"}, {"fd.snet", "192.0.2.7"}, {"fd.l4proto", "tcp"},
	       {"fd.sockfamily", "ip"}, {"fd.sproto", "443"}, {"evt.res", "EINPROGRESS"},
	       {"fd.typechar", "4"}, {"evt.arg.addr", "192.0.2.7:443"},
	       {"evt.arg.tuple", "10.0.0.1:4660->192.0.2.7:443"},
	       {"evt.arg.fd", "<4t>10.0.0.1:4660->192.0.2.7:443"}, {"fd.cip.name", "(absent)"},
	       {"evt.count.error.net", "1"});

	r = story_apply(state,
			eb_make(&eb, SAKER_EV_SOCKET_CONNECT_X, STORY_TS + 3, 100, "qrq-",
				INT64_C(0), unix_tuple, (int)sizeof(unix_tuple), INT64_C(7)));
	EXPECT(r, {"evt.arg.tuple", "beef->0 /s"}, {"evt.arg.addr", "<NA>"});
	saker_state_free(state);
}

static void test_io(void **unused)
{
	struct saker_state *state = new_state();
	struct saker_record *r;
	char text[64];

	story_execve(&eb, state, 100, 1, "logger", "logger", "", 0, STORY_TS);
	story_openat(&eb, state, 100, 4, "/var/x", 2, 0, STORY_TS + 1);
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_WRITE_X, STORY_TS + 2, 100, "qrqw",
				       INT64_C(6),
				       "ab\1\n\xff"
				       "c",
				       6, INT64_C(4), 6));
	EXPECT(r, {"evt.buflen", "6"}, {"evt.buflen.out", "6"}, {"evt.buflen.in", "(absent)"},
	       {"evt.buflen.file", "6"}, {"evt.buflen.net", "(absent)"}, {"evt.io_dir", "write"},
	       {"evt.is_io", "true"}, {"evt.is_io_read", "false"}, {"evt.is_io_write", "true"},
	       {"evt.category", "file"},
	       {"evt.buffer", "ab\1\n\xff"
			      "c"},
	       {"evt.arg.data", "ab...c"}, {"evt.is_wait", "false"}, {"evt.is_syslog", "false"});
	field_text(r, "evt.buffer", true, text, sizeof(text));
	assert_string_equal(text, "ab...c");
	field_text(r, "evt.time", true, text, sizeof(text));
	assert_string_equal(text, "1700000000123456791");

	/* One without a name of its own: getppid. */
	r = story_apply(state, eb_make(&eb, SAKER_EV_GENERIC_X, STORY_TS + 3, 100, "hh",
				       saker_syscall_by_name("getppid")->sc, 110));
	EXPECT(r, {"evt.type", "getppid"}, {"syscall.type", "getppid"}, {"evt.args", ""},
	       {"evt.rawres", "(absent)"}, {"evt.res", "(absent)"}, {"evt.failed", "(absent)"});
	saker_state_free(state);
}

/* ---- every field on every event ---------------------------------------------------------------
 */

static const char *const with_arguments[] = {
	"evt.arg.res",	    "evt.arg.fd",	  "evt.arg.name",	"evt.arg.flags",
	"evt.arg.addr",	    "evt.arg[0]",	  "evt.arg[5]",		"evt.arg[31]",
	"evt.rawarg.res",   "evt.rawarg.name",	  "evt.rawarg.data",	"evt.rawarg.flags",
	"evt.type.is.open", "evt.around[1]",	  "evt.abspath.src",	"evt.abspath.dst",
	"proc.aname[1]",    "proc.args[0]",	  "proc.aargs[1]",	"proc.env[PATH]",
	"proc.aenv[PATH]",  "proc.aenv[1]",	  "thread.cgroup.cpu",	"fd.types[0]",
	"proc.apid[1]",	    "container.mount[0]", "container.label[a]", "k8s.pod.label[a]",
};

/* Reads what a value points to, so that a sanitiser sees it. */
static uint64_t touch(const struct saker_values *out)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < out->n; i++) {
		const struct saker_value *v = &out->v[i];

		if (v->type == SAKER_TYPE_IP || v->type == SAKER_TYPE_NET)
			sum += v->ip->addr[15];
		else if (v->type <= SAKER_TYPE_BYTES)
			for (uint32_t j = 0; j < v->len; j++)
				sum += (uint8_t)v->str[j];
		else
			sum += v->u64;
	}
	return sum;
}

static uint64_t extract_all(struct saker_record *record, const struct saker_field_ref *refs,
			    uint32_t n_refs)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n_refs; i++) {
		struct saker_values out;

		memset(&out, 0, sizeof(out));
		refs[i].extract(record, &refs[i], &out);
		if (out.n == 0 && out.absent == SAKER_PRESENT)
			fail_msg("%s: no value and no reason", refs[i].field->name);
		if (out.n > 1 && !(refs[i].flags & (SAKER_FIELD_ANY | SAKER_FIELD_LIST)))
			fail_msg("%s: %u values of one", refs[i].field->name, out.n);
		sum += touch(&out);
		if (!refs[i].extract_typed)
			continue;
		memset(&out, 0, sizeof(out));
		refs[i].extract_typed(record, &refs[i], &out);
		sum += touch(&out);
	}
	return sum;
}

enum filling {
	FILL_NOTHING, /* no parameters at all */
	FILL_EMPTY,   /* all there, all empty */
	FILL_ZERO,    /* numbers 0, one NUL elsewhere */
	FILL_FIVE,    /* numbers 5, short text */
	FILL_ONES,    /* all bits set */
	FILL_LONG,    /* a thousand bytes of text where the length is free */
	FILL_WRONG,   /* numbers of the wrong width */
	FILLINGS,
};

static void fill(const struct saker_param_info *info, enum filling how)
{
	static char long_text[1000];
	uint32_t size = saker_param_type_size((enum saker_param_type)info->type);
	uint8_t bits[16];
	int64_t value = how == FILL_FIVE ? 5 : how == FILL_ONES || how == FILL_LONG ? -1 : 0;

	memset(bits, value < 0 ? 0xff : 0, sizeof(bits));
	memcpy(bits, &value, sizeof(value)); /* little-endian */
	memset(long_text, 'x', sizeof(long_text) - 1);
	memcpy(long_text, "../", 3);
	if (how == FILL_EMPTY)
		eb_param(&eb, NULL, 0);
	else if (how == FILL_WRONG)
		eb_param(&eb, "abc", 3);
	else if (size)
		eb_param(&eb, bits, size);
	else if (how == FILL_ZERO)
		eb_param(&eb, "", 1);
	else if (how == FILL_FIVE)
		eb_param(&eb, "ab\0cd", 6);
	else if (how == FILL_ONES)
		eb_param(&eb, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 15);
	else
		eb_param(&eb, long_text, sizeof(long_text));
}

static uint32_t bind_everything(struct saker_field_ref *refs, char (*args)[128], uint32_t max)
{
	const struct saker_catalogue *c = saker_enrich_catalogue();
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n_fields; i++) {
		if (c->fields[i].flags & SAKER_FIELD_ARG_REQUIRED)
			continue;
		assert_int_equal(story_bind(c->fields[i].name, args[n], &refs[n]), 0);
		n++;
	}
	for (size_t i = 0; i < sizeof(with_arguments) / sizeof(with_arguments[0]); i++, n++)
		assert_int_equal(story_bind(with_arguments[i], args[n], &refs[n]), 0);
	assert_true(n <= max);
	return n;
}

static void test_every_field(void **unused)
{
	static struct saker_field_ref refs[512];
	static char args[512][128];
	uint32_t n_refs = bind_everything(refs, args, 512);
	uint32_t n_records = 0;
	uint64_t sum = 0;

	for (enum filling how = 0; how < FILLINGS; how++) {
		struct saker_state *state = new_state();

		for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
			const struct saker_event_info *info = saker_event_info(code);
			uint64_t ts = STORY_TS + 10 * code;
			struct saker_record *record;

			/* A shell with a file and a socket, however the last event left it. */
			story_execve(&eb, state, 98, 1, "init", "init", "", 0, ts);
			story_execve(&eb, state, 99, 98, "sshd", "sshd", "-D", 3, ts);
			story_execve(&eb, state, 100, 99, "bash", "bash", "a\0b", 4, ts);
			story_openat(&eb, state, 100, 5, "/etc/passwd", 1, 0, ts + 1);
			eb_begin(&eb);
			for (uint32_t i = 0; how != FILL_NOTHING && i < info->n_params; i++)
				fill(&info->params[i], how);
			record = story_apply(state, eb_end(&eb, (uint16_t)code, ts + 2, 100));
			if (!record)
				continue;
			sum += extract_all(record, refs, n_refs);
			n_records++;
		}
		saker_state_free(state);
	}
	print_message("%u records, %u fields each, sum %llx\n", n_records, n_refs,
		      (unsigned long long)sum);
	assert_true(n_records > SAKER_EVENT_CODES);
}

/* How it is written, as that says; the format of the name is nobody's. */
static void expect_format(struct saker_record *r, const char *name, uint8_t format)
{
	struct saker_field_ref ref;
	struct saker_values out;
	char arg[128];

	assert_int_equal(story_bind(name, arg, &ref), 0);
	assert_int_equal(ref.format, SAKER_FORMAT_DEC);
	assert_true(ref.flags & SAKER_FIELD_TYPED_TEXT);
	memset(&out, 0, sizeof(out));
	ref.extract_typed(r, &ref, &out);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.v[0].format, format);
}

/* In outputs each event's parameter is of its own type, whichever the name was bound to. */
static void test_rawarg_typed(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;
	char text[256];

	assert_non_null(state);
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_MUNMAP_X, STORY_TS, 100, "qwwwqq",
				       INT64_C(0), 1, 2, 3, INT64_C(0x7f00), INT64_C(4096)));
	assert_non_null(r);
	EXPECT(r, {"evt.rawarg.addr", "(absent)"});
	field_text(r, "evt.rawarg.addr", true, text, sizeof(text));
	assert_string_equal(text, "32512");
	expect_format(r, "evt.rawarg.addr", SAKER_FORMAT_HEX);
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_READ_X, STORY_TS, 100, "qrqw",
				       INT64_C(3), "a\0b", 3, INT64_C(0), 3));
	assert_non_null(r);
	field_text(r, "evt.rawarg.data", true, text, sizeof(text));
	assert_string_equal(text, "a.b");
	/* a number in hexadecimal for most calls, and in decimal for this one */
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_SECCOMP_X, STORY_TS, 100, "qqq",
				       INT64_C(0), INT64_C(100), INT64_C(0)));
	assert_non_null(r);
	EXPECT(r, {"evt.rawarg.op", "100"});
	expect_format(r, "evt.rawarg.op", SAKER_FORMAT_DEC);
	saker_state_free(state);
}

/* ptrace's request is decimal, and ioctl's, of the same name, hexadecimal. */
static void test_rawarg_format(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_field_ref ref;
	struct saker_values out;
	struct saker_record *r;
	char arg[128];

	assert_non_null(state);
	assert_int_equal(story_bind("evt.rawarg.request", arg, &ref), 0);
	assert_int_equal(ref.format, SAKER_FORMAT_DEC);
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_PTRACE_X, STORY_TS, 100, "q--hq",
				       INT64_C(0), 13, INT64_C(7)));
	assert_non_null(r);
	ref.extract(r, &ref, &out);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.v[0].format, SAKER_FORMAT_DEC);
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_IOCTL_3_X, STORY_TS, 100, "qqqq",
				       INT64_C(0), INT64_C(3), INT64_C(0x5401), INT64_C(0)));
	assert_non_null(r);
	ref.extract(r, &ref, &out);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.v[0].format, SAKER_FORMAT_HEX);
	saker_state_free(state);
}

static struct saker_record *switched(struct saker_state *state, uint64_t tid, int64_t next, int us)
{
	return story_apply(state,
			   eb_make(&eb, SAKER_EV_SCHEDSWITCH_6_E, STORY_TS + (uint64_t)us * 1000,
				   tid, "qqqwww", next, INT64_C(1), INT64_C(2), 3, 4, 5));
}

/* A turn is timed from the switch that began it, if that was seen. */
static void test_turns(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	story_apply(state, eb_task(&eb, &(struct eb_task){.tid = 200, .comm = "a"}));
	story_apply(state, eb_task(&eb, &(struct eb_task){.tid = 300, .comm = "b"}));
	r = switched(state, 200, 300, 10);
	EXPECT(r, {"thread.exectime", "0"}, {"thread.totexectime", "0"}, {"proc.vmsize", "3"});
	r = switched(state, 300, 200, 15);
	EXPECT(r, {"thread.exectime", "5000"}, {"thread.totexectime", "5000"});
	r = switched(state, 200, 300, 22);
	EXPECT(r, {"thread.exectime", "7000"}, {"thread.totexectime", "7000"});
	r = switched(state, 300, 7, 23);
	EXPECT(r, {"thread.exectime", "1000"}, {"thread.totexectime", "6000"});
	/* That of 7 was not captured. */
	r = switched(state, 200, 7, 90);
	EXPECT(r, {"thread.exectime", "0"}, {"thread.totexectime", "7000"});
	r = chdir_as(state, 300, "/", STORY_TS + 100000);
	EXPECT(r, {"thread.exectime", "0"}, {"thread.totexectime", "6000"});
	saker_state_free(state);
}

static struct saker_record *procinfo(struct saker_state *state, int64_t user, int64_t system)
{
	return story_apply(state,
			   eb_make(&eb, SAKER_EV_PROCINFO_E, STORY_TS, 200, "qq", user, system));
}

static void test_procinfo(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	story_apply(state, eb_task(&eb, &(struct eb_task){.tid = 200, .comm = "a"}));
	r = procinfo(state, 500, 40);
	EXPECT(r, {"thread.cpu", "0"}, {"thread.cpu.user", "0"}, {"thread.cpu.system", "0"});
	r = procinfo(state, 530, 42);
	EXPECT(r, {"thread.cpu", "32"}, {"thread.cpu.user", "30"}, {"thread.cpu.system", "2"});
	r = procinfo(state, 900, 42);
	EXPECT(r, {"thread.cpu", "100"}, {"thread.cpu.user", "100"}, {"thread.cpu.system", "0"});
	r = chdir_as(state, 200, "/", STORY_TS);
	EXPECT(r, {"thread.cpu", "(absent)"});
	saker_state_free(state);
}

/* The kernel's faults for a new thread come before its clone: nobody is made of them. */
static void test_fault_before_clone(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	r = story_apply(state, eb_make(&eb, SAKER_EV_PAGE_FAULT_E, STORY_TS, 200, "qqw", INT64_C(1),
				       INT64_C(2), 7));
	EXPECT(r, {"proc.name", "(absent)"}, {"thread.tid", "200"});
	story_apply(state, eb_task(&eb, &(struct eb_task){.tid = 200, .comm = "a"}));
	r = story_apply(state, eb_make(&eb, SAKER_EV_PAGE_FAULT_E, STORY_TS, 200, "qqw", INT64_C(1),
				       INT64_C(2), 7));
	EXPECT(r, {"proc.name", "a"});
	saker_state_free(state);
}

/* Between events that are shown: what is only there for the state is none of them. */
static void test_delta(void **unused)
{
	struct saker_event_meta hidden = {.cpu = 3, .flags = SAKER_EVENT_META_STATE_ONLY};
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	assert_int_equal(saker_state_apply(state,
					   eb_make(&eb, SAKER_EV_SYSCALL_CHDIR_X, STORY_TS, 100,
						   "qs", INT64_C(0), "/a"),
					   &hidden, &r),
			 0);
	r = chdir_as(state, 100, "/b", STORY_TS + 30);
	EXPECT(r, {"evt.deltatime", "0"}, {"evt.num", "2"});
	assert_int_equal(saker_state_apply(state,
					   eb_make(&eb, SAKER_EV_SYSCALL_CHDIR_X, STORY_TS + 40,
						   100, "qs", INT64_C(0), "/c"),
					   &hidden, &r),
			 0);
	r = chdir_as(state, 100, "/d", STORY_TS + 70);
	EXPECT(r, {"evt.deltatime", "40"}, {"evt.num", "4"});
	saker_state_free(state);
}

/* The limit is the process's, whichever of its threads changed it or asks. */
static void test_limit_of_process(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	story_apply(state, eb_task(&eb, &(struct eb_task){.tid = 200, .comm = "main"}));
	story_apply(state, eb_task(&eb, &(struct eb_task){.tid = 201, .pid = 200, .comm = "w"}));
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_SETRLIMIT_X, STORY_TS, 201, "qqqb",
				       INT64_C(0), INT64_C(99), INT64_C(99), 7));
	EXPECT(r, {"thread.tid", "201"}, {"proc.fdlimit", "99"});
	/* A process that its own clone made known has the limit that this says. */
	story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_GETCWD_X, STORY_TS + 1, 300, "qs",
				   INT64_C(0), "/x"));
	r = story_apply(
		state,
		eb_clone(&eb, &(struct eb_clone){
				      .ts = STORY_TS + 2, .tid = 300, .pid = 300, .res = 301}));
	EXPECT(r, {"proc.pid", "300"}, {"proc.fdlimit", "1024"});
	saker_state_free(state);
}

/* A value of many kinds that is a buffer of no bytes is empty; one without a kind is none. */
static void test_empty_dynamic(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	r = story_apply(state, eb_make(&eb, SAKER_EV_SOCKET_GETSOCKOPT_X, STORY_TS, 100, "qqbbbw",
				       INT64_C(0), INT64_C(3), 0, 0, 0, 0));
	EXPECT(r, {"evt.arg.val", ""});
	r = story_apply(state, eb_make(&eb, SAKER_EV_SOCKET_GETSOCKOPT_X, STORY_TS, 100, "qqbb-w",
				       INT64_C(0), INT64_C(3), 0, 0, 0));
	EXPECT(r, {"evt.arg.val", "NULL"});
	saker_state_free(state);
}

/* Of a capture it is the recorded machine's, unless told; never of the one that replays. */
static void test_hostname(void **unused)
{
	static const char *const told[] = {NULL, "", "testhost"};
	struct saker_machine machine = {.hostname = "aviary"};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
		struct saker_state *state;
		struct saker_record *r;
		char text[256];

		options.offline = true;
		options.hostname = told[i];
		assert_int_equal(saker_state_new(&options, &state), 0);
		r = chdir_as(state, 100, "/", STORY_TS);
		field_text(r, "evt.hostname", false, text, sizeof(text));
		assert_string_equal(text, i == 2 ? "testhost" : "(absent)");
		assert_int_equal(saker_state_set_machine(state, &machine), 0);
		r = chdir_as(state, 100, "/", STORY_TS + 1);
		field_text(r, "evt.hostname", false, text, sizeof(text));
		assert_string_equal(text, i == 2 ? "testhost" : "aviary");
		saker_state_free(state);
	}
}

static void test_time_going_back(void **unused)
{
	struct saker_state *state = new_state();
	struct saker_record *r;

	chdir_as(state, 100, "/", STORY_TS);
	r = chdir_as(state, 100, "/", STORY_TS - 1000);
	EXPECT(r, {"evt.deltatime", "0"}, {"evt.deltatime.s", "0"}, {"evt.deltatime.ns", "0"},
	       {"evt.reltime", "0"}, {"evt.reltime.s", "0"}, {"evt.reltime.ns", "0"});
	r = chdir_as(state, 100, "/", STORY_TS + 5);
	EXPECT(r, {"evt.deltatime", "1005"}, {"evt.reltime", "5"});
	saker_state_free(state);
}

/* A directory that was opened as any file is one all the same, and every call agrees where it is.
 */
static void test_paths_below_a_file(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	story_execve(&eb, state, 100, 1, "bash", "bash", "", 0, STORY_TS);
	story_openat(&eb, state, 100, 5, "/home/etc/tmp", 1, 0, STORY_TS + 1);
	r = story_apply(state,
			eb_make(&eb, SAKER_EV_SYSCALL_RENAMEAT2_X, STORY_TS + 2, 100, "qqsqsw",
				INT64_C(0), INT64_C(5), "../../f", INT64_C(5), "g", 1));
	EXPECT(r, {"fs.path.source", "/home/f"}, {"fs.path.target", "/home/etc/tmp/g"},
	       {"evt.abspath", "/home/f"}, {"evt.arg.oldpath", "/home/f"});
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_MKDIRAT_X, STORY_TS + 3, 100, "qqsw",
				       INT64_C(0), INT64_C(5), "d", 0755));
	EXPECT(r, {"fs.path.name", "/home/etc/tmp/d"});
	/* of a directory that is not known, nothing is */
	r = story_apply(state, eb_make(&eb, SAKER_EV_SYSCALL_MKDIRAT_X, STORY_TS + 4, 100, "qqsw",
				       INT64_C(0), INT64_C(9), "d", 0755));
	EXPECT(r, {"fs.path.name", "<UNKNOWN>d"});
	saker_state_free(state);
}

/* Events that no thread causes show the thread whose number they have. */
static void test_meta_events(void **unused)
{
	struct saker_state *state = story_state();
	struct saker_record *r;

	assert_non_null(state);
	story_execve(&eb, state, 100, 1, "bash", "bash", "", 0, STORY_TS);
	r = story_apply(state, eb_make(&eb, SAKER_EV_GROUP_ADDED_E, STORY_TS + 1, 100, "wss", 7,
				       "lucky", ""));
	EXPECT(r, {"proc.name", "bash"}, {"thread.tid", "100"}, {"container.id", "host"},
	       {"evt.source", "syscall"});
	r = story_apply(state, eb_make(&eb, SAKER_EV_GROUP_ADDED_E, STORY_TS + 2, (uint64_t)-1,
				       "wss", 7, "lucky", ""));
	EXPECT(r, {"proc.name", "(absent)"}, {"container.id", "(absent)"});
	r = story_apply(state, eb_make(&eb, SAKER_EV_PLUGINEVENT_E, STORY_TS + 3, (uint64_t)-1,
				       "wr", 9, "x", 1));
	EXPECT(r, {"evt.source", "(absent)"}, {"evt.type", "pluginevent"});
	/* nor does one about the machine make a thread known */
	r = story_apply(state, eb_make(&eb, SAKER_EV_CPU_HOTPLUG_E, STORY_TS + 4, 200, "ww", 1, 2));
	EXPECT(r, {"thread.tid", "200"}, {"proc.name", "(absent)"}, {"proc.cwd", "(absent)"});
	saker_state_free(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rawarg_typed),
		cmocka_unit_test(test_limit_of_process),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_io),
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_rawarg_format),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_procinfo),
		cmocka_unit_test(test_fault_before_clone),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_empty_dynamic),
		cmocka_unit_test(test_hostname),
		cmocka_unit_test(test_time_going_back),
		cmocka_unit_test(test_paths_below_a_file),
		cmocka_unit_test(test_meta_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
