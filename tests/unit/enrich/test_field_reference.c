/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field of every event of real captures, compared with what Falco's libs
 * say: SAKER_REFERENCE/captures/NAME.scap against NAME.fields.jsonl.gz, one JSON
 * object an event. What may differ is listed here, with the reason. For a look
 * at more than an example a field: SAKER_CAPTURE is a glob of captures to
 * compare, and with SAKER_DIFFERENCES set every value that differs is a line.
 *
 * With SAKER_CAPTURE the captures may be others, recorded by Falco's driver of
 * today, in which more of libs' errors show: elsewhere[]. No row can tell what a
 * process inherits of them: libs takes what a failed memfd_create and any bpf call
 * return for a new descriptor, gives processes that share their descriptors
 * (CLONE_FILES) a table each, and keeps pidfds and rings over an execve, which
 * shows in fd.*, proc.fdopencount, proc.fdusage, fd.types and proc.stdin of all
 * that follows.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <zlib.h>

#include <saker/capture.h>
#include <saker/enrich.h>
#include <saker/field.h>

#define KEYS_MAX 1536
#define LINE_MAX_BYTES (4u << 20)

/* ---- what may differ ------------------------------------------------------------- */

struct allowed {
	const char *capture; /* a glob, as the next four */
	const char *event;
	const char *key;
	const char *expected;
	const char *got;
	const char *why;
};

/* clang-format off */
static const struct allowed allowed[] = {
	/* Where libs has no value, an accidental one, or a wrong one. */
	{"*", "*", "evt.deltatime*", "0", "*", "made with one event in view at a time"},
	{"*", "*", "evt.buffer", "*", "", "stale memory where an event has no data, or no bytes"},
	{"*", "*", "evt.arg.res", "<NA>", "1", "a thread of which nothing is known has no name"},
	{"*", "*", "evt.arg[[]0]", "<NA>", "1", "a thread of which nothing is known has no name"},
	{"*", "*", "proc.aenv", "*", "*", "without a name: the ancestors', not the process's own"},
	{"*", "*", "proc.apid", "*", "*", "without a number: the ancestors', not the process's own"},
	{"*", "*", "proc.env*", "", "*", "lost by children of a process's later threads"},
	{"*", "*", "proc.ppid.duration", "*", "", "a count of descriptors where no time is known"},
	{"*", "*", "proc.exe_ino.ctime_duration_*", "*", "", "not initialised"},
	{"*", "*", "proc.fdlimit", "0", "*", "0 where it is not known, and in some children"},
	{"*", "*", "fd.nameraw", "", "*", "unset for descriptors older than the capture"},
	{"*", "*", "container.full_id", "", "*", "known from the cgroup"},
	{"*", "unlinkat", "fs.path.name", "<UNKNOWN>*", "/*",
	 "below a directory that was not opened as one"},
	/* libs takes what any bpf call returns for a new descriptor. */
	{"host_attacks", "bpf", "fd.*", "*", "*", "BPF_PROG_GET_NEXT_ID returns no descriptor"},
	{"host_attacks", "bpf", "evt.args", "fd=0(<b>) *", "fd=0 *", "the same"},
	{"host_attacks", "bpf", "evt.arg.fd", "<b>", "0", "the same"},
	{"host_attacks", "bpf", "evt.arg[[]0]", "<b>", "0", "the same"},
	{"host_attacks", "*", "proc.fdopencount", "?", "?", "the same, of the whole process"},
	{"host_attacks", "*", "proc.fdusage", "0.0*", "0.0*", "the same, of the whole process"},
	{"host_attacks", "*", "proc.stdin.type", "bpf", "", "the same, of the whole process"},
	{"*", "*", "thread.*exectime", "0", "*", "0 on replays, where it does not count CPUs"},
	{"*", "procinfo", "thread.cpu*", "0", "*", "made with one event in view at a time"},
};

static const struct allowed elsewhere[] = {
	{"*", "*", "evt.hostname", "", "*", "the recorded machine's is not read from a capture"},
	{"*", "*", "evt.deltatime*", "*", "0", "an event may be older than the one before"},
	{"*", "*", "util.cnt", "*", "*", "counts how often it is asked"},
	{"*", "*", "evt.[ai][rn]*", "*<b>*", "*", "any number that bpf returns is a new descriptor"},
	{"*", "linkat", "fs.path.*", "*", "*", "relative to the working directory, not the descriptor"},
	{"*", "renameat", "fs.path.*", "*", "*", "relative to the working directory, not the descriptor"},
	{"*", "*at", "fs.path.*", "<UNKNOWN>*", "*", "AT_FDCWD is no directory"},
	{"*", "fch*", "fs.path.name", "/*", "[!/]*", "the name of a memfd is no path"},
	{"*", "*", "evt.res", "-*", "E*", "the error of a call that returns a process is a number"},
	{"*", "*poll", "evt.[ai][rn]*", "*184467440737095*", "*-[0-9]*", "a descriptor has no sign"},
	{"*", "*", "evt.[ai][rn]*", "*(null)*", "*<NA>*", "text that is none, as printf writes it"},
	{"*", "*", "evt.[ai][rn]*", "<NA>", "[0-9]*", "a thread of which nothing is known has no name"},
	{"*", "*", "evt.rawarg.*", "[0-9]*", "", "a number of no bytes: what lies behind it"},
	{"*", "*", "evt.rawarg.*", "", "*", "no JSON of errors, modes and sockets' addresses"},
	{"*", "*", "evt.rawarg.*", "?*", "?*", "bytes are cut at 1 KiB"},
	{"*", "*", "evt.buffer", "?*", "?*", "bytes are cut at 1 KiB"},
	{"*", "*", "fdlist.sips", "*", "*:*", "the address of a server of IPv6 is read as one of IPv4"},
	{"*", "*", "fd.types", "", "a list", "an empty list is null"},
	{"*", "*", "*", "*", "*\xef\xbf\xbd*", "what is no UTF-8 is decoded as if it were"},
	/* The role of a UDP socket of IPv6 is guessed from a port that is part of its address. */
	{"*", "*", "fd*", "*:*->*:*", "*:*->*:*", "the ends of a UDP socket of IPv6"},
	{"*", "*", "evt.[ai][rn]*", "*:*->*:*", "*:*->*:*", "the ends of a UDP socket of IPv6"},
	{"*", "*", "fd.[cslr]p*", "[0-9]*", "[0-9]*", "the ends of a UDP socket of IPv6"},
	{"*", "*poll", "fdlist.[cs]ports", "[0-9]*", "[0-9]*", "the ends of a UDP socket of IPv6"},
	/* A socket's protocol is looked for where a socket of the other family has it. */
	{"*", "*", "fd.*name", "*<unknown>", "*", "a socket of IPv6 that talks IPv4 has no protocol"},
	{"*", "*", "evt.[ai][rn]*", "*<4>*", "*<4[tu]>*", "a socket of IPv6 that talks IPv4 has no protocol"},
	{"*", "*", "fd.l4proto", "<NA>", "[tu]??", "a socket of IPv6 that talks IPv4 has no protocol"},
	/* Asked for as SOCK_RAW | SOCK_CLOEXEC, as most programs do. */
	{"*", "*", "fd.l4proto", "*", "raw", "a raw socket is not one when it has flags"},
	{"*", "*", "evt.[ai][rn]*", "*<[46]*", "*<[46]r>*", "a raw socket is not one when it has flags"},
};
/* clang-format on */

/* ---- the fields ------------------------------------------------------------------- */

struct key {
	char name[128];
	char arg[64];
	struct saker_field_ref ref;
	bool recorded; /* the reference of this capture has it at all */
	uint64_t compared;
	uint64_t differed;
	char example[1024];
};

static struct key keys[KEYS_MAX];
static uint32_t n_keys;

static const char *const with_arguments[] = {
	"evt.arg[0]",	 "evt.arg[1]",	     "proc.acmdline[1]",  "proc.aenv[PATH]",
	"proc.aexe[2]",	 "proc.aexepath[1]", "proc.aname[0]",	  "proc.aname[1]",
	"proc.aname[2]", "proc.aname[3]",    "proc.apid[1]",	  "proc.args[0]",
	"proc.args[1]",	 "proc.env[PATH]",   "thread.cgroup.cpu",
};

static void add_key(const struct saker_field *field, const char *name, const char *arg, size_t len)
{
	const struct saker_catalogue *catalogue = saker_enrich_catalogue();
	struct key *key = &keys[n_keys++];
	char error[256] = "";

	assert_true(n_keys <= KEYS_MAX);
	memset(key, 0, sizeof(*key));
	snprintf(key->name, sizeof(key->name), "%s", name);
	if (arg)
		snprintf(key->arg, sizeof(key->arg), "%.*s", (int)len, arg);
	key->ref = (struct saker_field_ref){
		.field = field,
		.arg = arg ? key->arg : NULL,
		.arg_len = (uint32_t)len,
		.type = field->type,
		.format = field->format,
		.flags = field->flags,
	};
	if (catalogue->bind(catalogue, &key->ref, error, sizeof(error)) < 0)
		fail_msg("%s: %s", name, error);
}

static const struct saker_field *find_field(const char *name, size_t len)
{
	const struct saker_catalogue *catalogue = saker_enrich_catalogue();

	for (uint32_t i = 0; i < catalogue->n_fields; i++)
		if (strlen(catalogue->fields[i].name) == len &&
		    !memcmp(catalogue->fields[i].name, name, len))
			return &catalogue->fields[i];
	fail_msg("no field %.*s", (int)len, name);
	return NULL;
}

/* evt.arg.NAME and evt.rawarg.NAME of every parameter there is, once each. */
static void add_params(void)
{
	static char names[KEYS_MAX][72];
	uint32_t n_names = 0;

	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);

		for (uint32_t i = 0; info && i < info->n_params; i++) {
			const char *param = info->params[i].name;
			uint32_t n = 0;

			while (n < n_names && strcmp(names[n], param))
				n++;
			if (n < n_names)
				continue;
			assert_true(n_names < KEYS_MAX);
			snprintf(names[n_names++], sizeof(names[0]), "%s", param);
		}
	}
	for (uint32_t n = 0; n < n_names; n++) {
		char name[128];

		snprintf(name, sizeof(name), "evt.arg.%.99s", names[n]);
		add_key(find_field("evt.arg", 7), name, names[n], strlen(names[n]));
		snprintf(name, sizeof(name), "evt.rawarg.%.99s", names[n]);
		add_key(find_field("evt.rawarg", 10), name, names[n], strlen(names[n]));
	}
}

static int bind_keys(void **state)
{
	const struct saker_catalogue *catalogue = saker_enrich_catalogue();

	for (uint32_t i = 0; i < catalogue->n_fields; i++)
		if (!(catalogue->fields[i].flags &
		      (SAKER_FIELD_ARG_REQUIRED | SAKER_FIELD_FILTER_ONLY)))
			add_key(&catalogue->fields[i], catalogue->fields[i].name, NULL, 0);
	for (size_t i = 0; i < sizeof(with_arguments) / sizeof(with_arguments[0]); i++) {
		const char *name = with_arguments[i];
		const char *bracket = strchr(name, '[');
		const char *dot = strrchr(name, '.');

		if (bracket)
			add_key(find_field(name, (size_t)(bracket - name)), name, bracket + 1,
				strlen(bracket) - 2);
		else
			add_key(find_field(name, (size_t)(dot - name)), name, dot + 1,
				strlen(dot + 1));
	}
	add_params();
	return 0;
}

/* ---- values as text ------------------------------------------------------------------- */

static size_t one_text(const struct saker_value *v, char *buf, size_t size)
{
	int n = 0;

	switch ((enum saker_type)v->type) {
	case SAKER_TYPE_STRING:
	case SAKER_TYPE_PATH:
	case SAKER_TYPE_BYTES:
		n = (int)(v->len < size - 1 ? v->len : size - 1);
		memcpy(buf, v->str, (size_t)n);
		buf[n] = '\0';
		return (size_t)n;
	case SAKER_TYPE_BOOL:
		n = snprintf(buf, size, "%s", v->u64 ? "true" : "false");
		break;
	case SAKER_TYPE_DOUBLE:
		n = snprintf(buf, size, "%.9g", v->f64);
		break;
	case SAKER_TYPE_IP:
	case SAKER_TYPE_NET:
		if (v->ip->family == 4) {
			n = snprintf(buf, size, "%u.%u.%u.%u", v->ip->addr[0], v->ip->addr[1],
				     v->ip->addr[2], v->ip->addr[3]);
			break;
		}
		if (inet_ntop(AF_INET6, v->ip->addr, buf, (socklen_t)size))
			n = (int)strlen(buf);
		break;
	case SAKER_TYPE_I8:
	case SAKER_TYPE_I16:
	case SAKER_TYPE_I32:
	case SAKER_TYPE_I64:
		if (v->format == SAKER_FORMAT_HEX)
			n = snprintf(buf, size, "%X", (unsigned int)v->i64);
		else
			n = snprintf(buf, size, "%lld", (long long)v->i64);
		break;
	default:
		n = snprintf(buf, size, "%llu", (unsigned long long)v->u64);
	}
	return (size_t)n;
}

/* Alternatives as libs print them: joined with a blank, but never a blank first. */
static void our_text(const struct saker_values *out, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < out->n && n + 2 < size; i++) {
		if (n)
			buf[n++] = ' ';
		n += one_text(&out->v[i], buf + n, size - n);
	}
}

static void their_text(const json_t *json, char *buf, size_t size)
{
	size_t n = 0;

	switch (json_typeof(json)) {
	case JSON_STRING:
		n = json_string_length(json) < size - 1 ? json_string_length(json) : size - 1;
		memcpy(buf, json_string_value(json), n);
		buf[n] = '\0';
		break;
	case JSON_INTEGER:
		snprintf(buf, size, "%lld", (long long)json_integer_value(json));
		break;
	case JSON_REAL:
		snprintf(buf, size, "%.9g", json_real_value(json));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(buf, size, "%s", json_is_true(json) ? "true" : "false");
		break;
	default:
		snprintf(buf, size, "(%d)", json_typeof(json));
	}
}

/* The same elements, in whatever order. */
static bool same_set(const struct saker_values *out, const json_t *array)
{
	if (json_array_size(array) != out->n)
		return false;
	for (uint32_t i = 0; i < out->n; i++) {
		bool found = false;

		for (size_t j = 0; j < json_array_size(array) && !found; j++) {
			const json_t *s = json_array_get(array, j);

			found = json_string_length(s) == out->v[i].len &&
				!memcmp(json_string_value(s), out->v[i].str, out->v[i].len);
		}
		if (!found)
			return false;
	}
	return true;
}

/* libs writes JSON with U+FFFD for what is no UTF-8. Good enough for file names. */
static void to_utf8(char *text, size_t size)
{
	char *copy = strdup(text);
	size_t n = 0;

	assert_non_null(copy);
	for (const char *s = copy; *s && n + 4 < size;) {
		uint8_t c = (uint8_t)*s;
		int more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : -1;

		for (int i = 1; i <= more; i++)
			if ((s[i] & 0xc0) != 0x80)
				more = -1;
		if (more < 0) {
			memcpy(text + n, "\xef\xbf\xbd", 3);
			n += 3;
			s++;
			continue;
		}
		memcpy(text + n, s, (size_t)more + 1);
		n += (size_t)more + 1;
		s += more + 1;
	}
	text[n] = '\0';
	free(copy);
}

/* A thread of which nothing is known has a name there and none here. */
static void drop_unknown_names(char *text)
{
	char *at;

	while ((at = strstr(text, "(<NA>)")))
		memmove(at, at + 6, strlen(at + 6) + 1);
}

static uint64_t allowed_used[sizeof(allowed) / sizeof(allowed[0])];

static bool row_allows(const struct allowed *row, const char *capture, const char *event,
		       const char *key, const char *expected, const char *got)
{
	return !fnmatch(row->capture, capture, 0) && !fnmatch(row->event, event, 0) &&
	       !fnmatch(row->key, key, 0) && !fnmatch(row->expected, expected, 0) &&
	       !fnmatch(row->got, got, 0);
}

static bool is_allowed(const char *capture, const char *event, const char *key,
		       const char *expected, const char *got)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (!row_allows(&allowed[i], capture, event, key, expected, got))
			continue;
		allowed_used[i]++;
		return true;
	}
	for (size_t i = 0; getenv("SAKER_CAPTURE") && i < sizeof(elsewhere) / sizeof(elsewhere[0]);
	     i++)
		if (row_allows(&elsewhere[i], capture, event, key, expected, got))
			return true;
	return false;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static void compare(const char *capture, struct key *key, struct saker_record *record,
		    const json_t *line)
{
	static char ours[1 << 18], theirs[1 << 18];
	const json_t *expected = json_object_get(line, key->name);
	struct saker_values out;

	if (!expected && !key->recorded)
		return;
	memset(&out, 0, sizeof(out));
	(key->ref.extract_typed ? key->ref.extract_typed : key->ref.extract)(record, &key->ref,
									     &out);
	key->compared++;
	if (json_is_array(expected)) {
		if (same_set(&out, expected))
			return;
		snprintf(theirs, sizeof(theirs), "a list");
	} else {
		theirs[0] = '\0';
		if (expected)
			their_text(expected, theirs, sizeof(theirs));
	}
	our_text(&out, ours, sizeof(ours));
	to_utf8(ours, sizeof(ours));
	if (!strcmp(key->name, "evt.args")) {
		drop_unknown_names(ours);
		drop_unknown_names(theirs);
	}
	if (!json_is_array(expected) && !strcmp(ours, theirs))
		return;
	if (is_allowed(capture, json_string_value(json_object_get(line, "evt.type")), key->name,
		       theirs, ours))
		return;
	if (getenv("SAKER_DIFFERENCES"))
		printf("%s\t%s\t%lld\t%.200s\t%.200s%s\n", key->name,
		       json_string_value(json_object_get(line, "evt.type")),
		       (long long)json_integer_value(json_object_get(line, "evt.num")), theirs,
		       ours, out.n ? "" : " (absent)");
	if (!key->differed++)
		snprintf(key->example, sizeof(key->example),
			 "event %lld (%s): expected '%.300s', got '%.300s'%s",
			 (long long)json_integer_value(json_object_get(line, "evt.num")),
			 json_string_value(json_object_get(line, "evt.type")), theirs, ours,
			 out.n ? "" : " (absent)");
}

static void feed_machine(struct saker_capture *capture, struct saker_state *state)
{
	struct saker_interface interface;
	struct saker_account account;
	struct saker_machine machine;

	if (saker_capture_machine(capture, &machine) == 0)
		saker_state_set_machine(state, &machine);
	for (uint32_t i = 0; saker_capture_interface(capture, i, &interface) > 0; i++)
		saker_state_add_interface(state, &interface);
	for (uint32_t i = 0; saker_capture_account(capture, i, &account) > 0; i++)
		saker_state_add_account(state, &account);
}

/* The next event that rules would see; NULL at the end. */
static struct saker_record *next_record(struct saker_capture *capture, struct saker_state *state)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_record *record;
	int r;

	while ((r = saker_capture_next(capture, 0, &event, &meta)) > 0) {
		r = saker_state_apply(state, event, &meta, &record);
		if (r > 0)
			return record;
		if (r < 0 && r != -EBADMSG)
			fail_msg("saker_state_apply: %s", strerror(-r));
	}
	if (r != -ENODATA)
		fail_msg("saker_capture_next: %d", r);
	return NULL;
}

/* jansson's integers are signed: numbers of 18 digits and more become strings, which compare alike.
 */
static json_t *parse_line(const char *line)
{
	size_t len = strlen(line);
	char *copy = malloc(len * 2 + 1);
	bool in_string = false;
	json_error_t error;
	size_t n = 0;
	json_t *json;

	assert_non_null(copy);
	for (size_t i = 0; i < len;) {
		size_t digits = in_string ? 0 : strspn(line + i, "0123456789");
		size_t number = in_string ? 0 : strspn(line + i, "0123456789.eE+-");

		if (digits) {
			bool quote = digits == number && digits >= 18;

			if (quote)
				copy[n++] = '"';
			memcpy(copy + n, line + i, number);
			n += number;
			if (quote)
				copy[n++] = '"';
			i += number;
			continue;
		}
		if (line[i] == '\\') {
			copy[n++] = line[i++];
		} else if (line[i] == '"') {
			in_string = !in_string;
		}
		copy[n++] = line[i++];
	}
	json = json_loadb(copy, n, 0, &error);
	free(copy);
	if (!json)
		fail_msg("%s: %.200s", error.text, line);
	return json;
}

static bool same_value(struct saker_record *record, const char *name, const json_t *line)
{
	const json_t *expected = json_object_get(line, name);
	char ours[256] = "", theirs[256] = "";

	for (uint32_t i = 0; i < n_keys; i++) {
		struct saker_values out;

		if (strcmp(keys[i].name, name))
			continue;
		memset(&out, 0, sizeof(out));
		keys[i].ref.extract(record, &keys[i].ref, &out);
		our_text(&out, ours, sizeof(ours));
	}
	if (expected)
		their_text(expected, theirs, sizeof(theirs));
	return !strcmp(ours, theirs);
}

/* The same event, by when, who and what: libs also numbers events that it does not show. */
static bool same_event(struct saker_record *record, const json_t *line)
{
	return same_value(record, "evt.rawtime", line) && same_value(record, "thread.tid", line) &&
	       same_value(record, "evt.type", line);
}

static void mark_recorded(const char *path, char *line)
{
	gzFile file = gzopen(path, "rb");

	assert_non_null(file);
	for (uint32_t i = 0; i < n_keys; i++) {
		keys[i].recorded = false;
		keys[i].compared = 0;
		keys[i].differed = 0;
	}
	while (gzgets(file, line, LINE_MAX_BYTES)) {
		json_t *json = parse_line(line);

		for (uint32_t i = 0; i < n_keys; i++)
			keys[i].recorded |= json_object_get(json, keys[i].name) != NULL;
		json_decref(json);
	}
	gzclose(file);
}

static uint64_t report(const char *name, uint64_t n_events)
{
	uint64_t compared = 0, bad = 0;

	for (uint32_t i = 0; i < n_keys; i++) {
		compared += keys[i].compared;
		if (!keys[i].differed)
			continue;
		bad += keys[i].differed;
		print_message("  %s: %llu of %llu differ; %s\n", keys[i].name,
			      (unsigned long long)keys[i].differed,
			      (unsigned long long)keys[i].compared, keys[i].example);
	}
	print_message("%s: %llu events, %llu values, %llu differ\n", name,
		      (unsigned long long)n_events, (unsigned long long)compared,
		      (unsigned long long)bad);
	return bad;
}

/* How many values differ that may not. */
static uint64_t compare_capture(const char *folder, const char *name)
{
	struct saker_capture_options capture_options = SAKER_CAPTURE_OPTIONS_INIT;
	struct saker_state_options state_options = SAKER_STATE_OPTIONS_INIT;
	struct saker_capture *capture;
	struct saker_state *state;
	char *line = malloc(LINE_MAX_BYTES);
	char path[1024], reference[1024];
	uint64_t n_events = 0;
	uint64_t n_extra = 0;
	gzFile file;

	assert_non_null(line);
	snprintf(path, sizeof(path), "%s/%s.scap", folder, name);
	snprintf(reference, sizeof(reference), "%s/%s.fields.jsonl.gz", folder, name);
	mark_recorded(reference, line);
	capture_options.engine = "scap";
	capture_options.file = path;
	state_options.offline = true;
	assert_int_equal(saker_capture_open(&capture_options, &capture), 0);
	assert_int_equal(saker_state_new(&state_options, &state), 0);
	feed_machine(capture, state);
	file = gzopen(reference, "rb");
	assert_non_null(file);
	while (gzgets(file, line, LINE_MAX_BYTES)) {
		json_t *json = parse_line(line);
		struct saker_record *record = next_record(capture, state);

		while (record && !same_event(record, json)) {
			n_extra++;
			record = next_record(capture, state);
		}
		if (!record)
			fail_msg("%s: no such event: %.300s", name, line);
		for (uint32_t i = 0; i < n_keys; i++)
			compare(name, &keys[i], record, json);
		json_decref(json);
		n_events++;
	}
	gzclose(file);
	saker_state_free(state);
	saker_capture_close(capture);
	free(line);
	if (n_extra)
		print_message("%s: %llu events that libs does not show\n", name,
			      (unsigned long long)n_extra);
	return report(name, n_events);
}

static void test_reference(void **unused)
{
	const char *root = getenv("SAKER_REFERENCE");
	const char *only = getenv("SAKER_CAPTURE");
	uint32_t n_captures = 0;
	struct dirent *entry;
	char folder[256];
	uint64_t bad = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/captures", root);
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char *end = strstr(entry->d_name, ".fields.jsonl.gz");

		if (!end)
			continue;
		*end = '\0';
		if (only && fnmatch(only, entry->d_name, 0))
			continue;
		bad += compare_capture(folder, entry->d_name);
		n_captures++;
	}
	closedir(dir);
	assert_true(n_captures > 0);
	assert_int_equal(bad, 0);
	/* What no longer differs must leave the list. */
	for (size_t i = 0; !only && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (!allowed_used[i])
			fail_msg("%s of %s never differs", allowed[i].key, allowed[i].capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reference, bind_keys),
	};

	if (!getenv("SAKER_REFERENCE")) {
		fprintf(stderr, "skipped: SAKER_REFERENCE is not set, nothing to compare with\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
