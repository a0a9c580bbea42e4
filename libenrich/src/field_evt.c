/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evt.*: what an event is: its time, type, category, direction of I/O, whether
 * it failed and what it opened. Its parameters are in field_evt_arg.c.
 */
#include "field.h"
#include "render.h"

#include <stdio.h>
#include <time.h>

#define NS UINT64_C(1000000000)

/* Bits of the flags and mode of open calls, as events carry them. */
enum {
	O_READ = SAKER_FLAG_file_flags_O_RDONLY,
	O_WRITE = SAKER_FLAG_file_flags_O_WRONLY,
	O_MAKE = SAKER_FLAG_file_flags_O_CREAT,
	O_TEMPORARY = SAKER_FLAG_file_flags_O_TMPFILE,
	O_MADE = SAKER_FLAG_file_flags_O_F_CREATED,
	MODE_EXEC = 0111,
};

/* ---- time and counters ------------------------------------------------------------- */

/* Neighbours from two CPUs may be swapped: no time has passed then, rather than centuries. */
static uint64_t since(uint64_t before, uint64_t ts)
{
	return ts > before ? ts - before : 0;
}

void field_evt_clock(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	uint64_t ts = r->view.event->ts;
	uint64_t value = 0;

	switch ((enum field_clock)ref->number) {
	case CLOCK_NUM:
		value = r->number;
		break;
	case CLOCK_RAW:
		value = ts;
		break;
	case CLOCK_RAW_S:
		value = ts / NS;
		break;
	case CLOCK_RAW_NS:
		value = ts % NS;
		break;
	case CLOCK_REL:
		value = since(r->first_ts, ts);
		break;
	case CLOCK_REL_S:
		value = since(r->first_ts, ts) / NS;
		break;
	case CLOCK_REL_NS:
		value = since(r->first_ts, ts) % NS;
		break;
	case CLOCK_DELTA:
		value = since(r->prev_ts, ts);
		break;
	case CLOCK_DELTA_S:
		value = since(r->prev_ts, ts) / NS;
		break;
	case CLOCK_DELTA_NS:
		value = since(r->prev_ts, ts) % NS;
		break;
	case CLOCK_ZERO:
		break;
	case CLOCK_ONE:
		value = 1;
		break;
	}
	field_set_u64(out, ref, value);
}

static void add_two(char **at, int n)
{
	*(*at)++ = (char)('0' + n / 10 % 10);
	*(*at)++ = (char)('0' + n % 10);
}

static void add_date(char **at, const struct tm *tm, char end)
{
	int year = tm->tm_year + 1900;

	add_two(at, year / 100);
	add_two(at, year);
	*(*at)++ = '-';
	add_two(at, tm->tm_mon + 1);
	*(*at)++ = '-';
	add_two(at, tm->tm_mday);
	*(*at)++ = end;
}

static void add_clock(char **at, const struct tm *tm)
{
	add_two(at, tm->tm_hour);
	*(*at)++ = ':';
	add_two(at, tm->tm_min);
	*(*at)++ = ':';
	add_two(at, tm->tm_sec);
}

static void add_nanoseconds(char **at, uint64_t ns)
{
	*(*at)++ = '.';
	for (int i = 8; i >= 0; i--) {
		(*at)[i] = (char)('0' + ns % 10);
		ns /= 10;
	}
	*at += 9;
}

void field_evt_time(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	time_t seconds = (time_t)(r->view.event->ts / NS);
	uint64_t ns = r->view.event->ts % NS;
	char *text = arena_alloc(&r->scratch, 40);
	char *at = text;
	struct tm tm;

	if (!text ||
	    !(ref->number == TIME_ISO8601 ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm))) {
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
		return;
	}
	if (ref->number == TIME_ISO8601)
		add_date(&at, &tm, 'T');
	else if (ref->number >= TIME_DATE)
		add_date(&at, &tm, ' ');
	add_clock(&at, &tm);
	if (ref->number != TIME_CLOCK && ref->number != TIME_DATE)
		add_nanoseconds(&at, ns);
	if (ref->number == TIME_ISO8601) {
		memcpy(at, "+0000", 5);
		at += 5;
	}
	field_set_text(out, text, (size_t)(at - text));
}

/* Whatever the text, JSON has the nanoseconds. */
void field_evt_time_typed(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	saker_values_set(out, saker_value_u64(SAKER_TYPE_ABSTIME, r->view.event->ts));
}

void field_evt_word(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	static const struct enrich_slice words[] = {
		[WORD_0NS] = {"0ns", 3},
	};

	field_set_slice(out, words[ref->number]);
}

/* ---- where it comes from -------------------------------------------------------------- */

void field_evt_plugin(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	field_set_none(out);
}

/* Which plugin an event comes from, no capture tells. */
void field_evt_source(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	if (field_code(record) == SAKER_EV_PLUGINEVENT_E)
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
	else
		field_set_text(out, "syscall", 7);
}

static bool is_meta(const struct saker_record *r)
{
	return r->view.info->category & SAKER_EC_METAEVENT;
}

void field_evt_is_async(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	field_set_bool(out, is_meta(record));
}

void field_evt_hostname(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const char *name = enrich_state_hostname(r->state);

	if (*name)
		field_set_text(out, name, strlen(name));
	else
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
}

void field_evt_cpu(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	saker_values_set(out, saker_value_i64(SAKER_TYPE_I16, (int16_t)r->cpu));
}

/* ---- type ------------------------------------------------------------------------------- */

static struct enrich_slice text_of(const char *s)
{
	return (struct enrich_slice){s, (uint32_t)strlen(s)};
}

/* The generic event tells which call it was, failing that the kernel's number for it. */
static struct enrich_slice call_name(const struct saker_record *r)
{
	const struct saker_syscall_info *call =
		saker_syscall_by_code((uint32_t)enrich_param_int(r, 0, 0));

	if (!call && enrich_param(r, 1))
		call = saker_syscall_by_number((uint32_t)enrich_param_int(r, 1, 0));
	return text_of(call ? call->name : "unknown");
}

static struct enrich_slice async_name(const struct saker_record *r)
{
	struct enrich_slice name = enrich_param_text(r, 1);

	return name.len ? name : text_of("<NA>");
}

void field_evt_type(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (field_code(r) == CODE_GENERIC)
		field_set_slice(out, call_name(r));
	else if (field_code(r) == CODE_ASYNC)
		field_set_slice(out, async_name(r));
	else
		field_set_slice(out, text_of(r->view.info->name));
}

void field_evt_syscall_type(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out)
{
	const struct saker_record *r = record;

	if (!(r->view.info->category & SAKER_EC_SYSCALL))
		field_set_none(out);
	else if (field_code(r) == CODE_GENERIC)
		field_set_slice(out, call_name(r));
	else
		field_set_slice(out, text_of(r->view.info->name));
}

void field_evt_asynctype(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (!is_meta(r))
		field_set_none(out);
	else if (field_code(r) == CODE_ASYNC)
		field_set_slice(out, async_name(r));
	else
		field_set_slice(out, text_of(r->view.info->name));
}

void field_evt_type_is(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	bool is = ref->number >= 0 ? field_code(r) == ref->number
				   : util_streq(r->view.info->name, ref->arg);

	field_set_u64(out, ref, is);
}

void field_evt_dir(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	field_set_text(out, field_code(record) & 1 ? "<" : ">", 1);
}

const char *field_category_name(uint16_t category)
{
	switch (category & (SAKER_EC_SYSCALL - 1)) {
	case SAKER_EC_OTHER:
		return "other";
	case SAKER_EC_FILE:
		return "file";
	case SAKER_EC_NET:
		return "net";
	case SAKER_EC_IPC:
		return "IPC";
	case SAKER_EC_MEMORY:
		return "memory";
	case SAKER_EC_PROCESS:
		return "process";
	case SAKER_EC_SLEEP:
		return "sleep";
	case SAKER_EC_SYSTEM:
		return "system";
	case SAKER_EC_SIGNAL:
		return "signal";
	case SAKER_EC_USER:
		return "user";
	case SAKER_EC_TIME:
		return "time";
	case SAKER_EC_PROCESSING:
		return "processing";
	case SAKER_EC_IO_READ:
	case SAKER_EC_IO_WRITE:
	case SAKER_EC_IO_OTHER:
		return NULL;
	case SAKER_EC_WAIT:
		return "wait";
	case SAKER_EC_SCHEDULER:
		return "scheduler";
	case SAKER_EC_INTERNAL:
		return "internal";
	default:
		return "unknown";
	}
}

/* Of an I/O event. */
static const char *fd_category(const struct enrich_fd *fd)
{
	if (!fd)
		return "unknown";
	switch ((enum enrich_fd_type)fd->type) {
	case ENRICH_FD_FILE:
	case ENRICH_FD_FILE_V2:
	case ENRICH_FD_DIRECTORY:
		return "file";
	case ENRICH_FD_IPV4_SOCK:
	case ENRICH_FD_IPV6_SOCK:
	case ENRICH_FD_IPV4_SERVER:
	case ENRICH_FD_IPV6_SERVER:
		return "net";
	case ENRICH_FD_FIFO:
	case ENRICH_FD_UNIX_SOCK:
	case ENRICH_FD_EVENT:
	case ENRICH_FD_SIGNALFD:
	case ENRICH_FD_INOTIFY:
	case ENRICH_FD_USERFAULTFD:
		return "ipc";
	default:
		return "unknown";
	}
}

void field_evt_category(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const char *name = field_category_name(r->view.info->category);

	field_set_slice(out, text_of(name ? name : fd_category(r->fd)));
}

/* ---- I/O ----------------------------------------------------------------------------------- */

void field_evt_flag(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	field_set_bool(out, r->view.info->flags & ref->number);
}

void field_evt_certain(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	(void)ref;
	field_set_bool(out, enrich_record_certain(record));
}

void field_evt_io_dir(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (r->view.info->flags & SAKER_EF_WRITES_TO_FD)
		field_set_text(out, "write", 5);
	else if (r->view.info->flags & SAKER_EF_READS_FROM_FD)
		field_set_text(out, "read", 4);
	else
		field_set_none(out);
}

void field_evt_is_syslog(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	bool is = r->view.info->flags & SAKER_EF_WRITES_TO_FD && r->fd &&
		  strstr(enrich_str_text(r->fd->name), "/dev/log");

	field_set_bool(out, is);
}

static bool is_file(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_FILE || fd->type == ENRICH_FD_FILE_V2;
}

/* An event of the wanted direction on a descriptor of the wanted kind. */
static bool moves_bytes(const struct saker_record *r, int64_t what)
{
	uint16_t category = r->view.info->category & (SAKER_EC_SYSCALL - 1);

	if (!r->fd || !(category & SAKER_EC_IO_BASE) || !(field_code(r) & 1))
		return false;
	if (what & BUFLEN_IN && category != SAKER_EC_IO_READ)
		return false;
	if (what & BUFLEN_OUT && category != SAKER_EC_IO_WRITE)
		return false;
	if (what & BUFLEN_FILE && !is_file(r->fd))
		return false;
	return !(what & BUFLEN_NET) || enrich_fd_is_ip(r->fd);
}

void field_evt_buflen(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (moves_bytes(r, ref->number) && r->flags & ENRICH_RECORD_HAS_RES && r->res >= 0)
		field_set_u64(out, ref, (uint64_t)r->res);
	else
		field_set_none(out);
}

/* ---- failures ----------------------------------------------------------------------------- */

void field_evt_rawres(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (r->flags & ENRICH_RECORD_HAS_RES)
		saker_values_set(out, saker_value_i64(SAKER_TYPE_I64, r->res));
	else
		field_set_none(out);
}

void field_evt_failed(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (r->flags & ENRICH_RECORD_HAS_RES)
		field_set_bool(out, r->res < 0);
	else
		field_set_none(out);
}

void field_evt_res(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const char *name;

	if (!(r->flags & ENRICH_RECORD_HAS_RES)) {
		field_set_none(out);
		return;
	}
	if (r->res >= 0) {
		field_set_text(out, "SUCCESS", 7);
		return;
	}
	name = r->res > -INT32_MAX ? saker_errno_name((int)-r->res) : NULL;
	if (name)
		field_set_slice(out, text_of(name));
	else
		field_set_slice(out, enrich_param_resolved(r, 0));
}

static bool is_open(uint16_t code)
{
	return code == CODE_OPEN || code == CODE_OPENAT || code == CODE_OPENAT2 ||
	       code == CODE_OPEN_BY_HANDLE_AT;
}

/* Which of evt.count.error.* an event's failure counts in. */
static enum field_count error_class(const struct saker_record *r)
{
	uint16_t code = field_code(r);

	if (!r->fd) {
		if (is_open(code) || code == CODE_CREAT)
			return COUNT_ERROR_FILE;
		if (code == CODE_ACCEPT || code == CODE_ACCEPT4 || code == CODE_CONNECT)
			return COUNT_ERROR_NET;
	} else {
		if (is_file(r->fd) || r->fd->type == ENRICH_FD_DIRECTORY)
			return COUNT_ERROR_FILE;
		if (enrich_fd_is_ip(r->fd) || r->fd->type == ENRICH_FD_UNIX_SOCK)
			return COUNT_ERROR_NET;
	}
	return COUNT_ERROR_OTHER;
}

static bool counts_as(const struct saker_record *r, enum field_count what)
{
	bool memory = (r->view.info->category & (SAKER_EC_SYSCALL - 1)) == SAKER_EC_MEMORY;

	switch (what) {
	case COUNT_ERROR:
		return true;
	case COUNT_ERROR_MEMORY:
		return memory;
	case COUNT_ERROR_OTHER:
		return error_class(r) == what && (r->fd || !memory);
	default:
		return error_class(r) == what;
	}
}

void field_evt_count(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	enum field_count what = (enum field_count)ref->number;
	bool procinfo = field_code(r) == CODE_PROCINFO;

	switch (what) {
	case COUNT_EXIT:
		if (field_code(r) & 1)
			field_set_u64(out, ref, 1);
		else
			field_set_none(out);
		return;
	case COUNT_THREADINFO:
		field_set_u64(out, ref, procinfo);
		return;
	case COUNT_PROCINFO:
		field_set_u64(out, ref,
			      procinfo && r->thread && enrich_thread_is_leader(r->thread));
		return;
	default:
		break;
	}
	if (r->flags & ENRICH_RECORD_HAS_RES && counts_as(r, what))
		field_set_u64(out, ref, r->res < 0);
	else
		field_set_none(out);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* 0 when it is not known. */
static inline uint32_t param_bits(const struct saker_record *r, uint32_t i)
{
	const struct saker_param *p = enrich_param(r, i);

	return p && p->len == 4 ? saker_load_u32(p->data) : 0;
}

static bool opens(const struct saker_record *r, enum field_open what)
{
	uint16_t code = field_code(r);
	bool at = code == CODE_OPENAT || code == CODE_OPENAT2;
	uint32_t flags;

	if (!is_open(code))
		return code == CODE_CREAT && what == OPEN_EXEC && param_bits(r, 2) & MODE_EXEC;
	flags = param_bits(r, at ? 3 : 2);
	switch (what) {
	case OPEN_READ:
		return flags & O_READ;
	case OPEN_WRITE:
		return flags & O_WRITE;
	case OPEN_CREATE:
		return flags & O_MADE || (flags & O_TEMPORARY && r->res >= 0);
	case OPEN_EXEC:
		return flags & (O_TEMPORARY | O_MAKE) && code != CODE_OPEN_BY_HANDLE_AT &&
		       param_bits(r, at ? 4 : 3) & MODE_EXEC;
	}
	return false;
}

void field_evt_open(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	field_set_bool(out, opens(record, (enum field_open)ref->number));
}
