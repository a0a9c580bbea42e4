/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record costs: by number of rules, by length of lists, and, when
 * SAKER_REFERENCE names a folder with rules/ and facts/fields.json, with Falco's
 * own rules over a made-up openat of an ordinary file. Extractors here only copy
 * a value, so that the figures are those of evaluation.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include <saker/rules.h>

#include "common/util.h"

/* The processor's time, so that a busy machine does not count. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static long resident(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss / 1024;
}

/* ---- a catalogue made at run time ---------------------------------------- */

#define MAX_FIELDS 512
#define MAX_CODES 1024

static struct saker_field fields[MAX_FIELDS];
static uint32_t n_fields;
static struct saker_value values[MAX_FIELDS]; /* absent unless set */
static struct saker_ip address;
static char code_names[MAX_CODES][64];
static uint32_t n_code_names = 1; /* 0: an event that no rule names */

struct record {
	uint32_t code;
};

static void extract(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	saker_values_set(out, values[ref->number]);
}

static int bind_field(const struct saker_catalogue *catalogue, struct saker_field_ref *ref,
		      char *error, size_t error_size)
{
	ref->number = ref->field - fields;
	ref->extract = extract;
	/* arguments do not change what this catalogue yields */
	if (ref->type == SAKER_TYPE_NONE)
		ref->type = SAKER_TYPE_U64;
	return 0;
}

static uint32_t code(const void *record)
{
	return ((const struct record *)record)->code;
}

static uint32_t code_of(const char *name)
{
	for (uint32_t i = 1; i < n_code_names; i++)
		if (util_streq(code_names[i], name))
			return i;
	if (n_code_names == MAX_CODES)
		return 0;
	snprintf(code_names[n_code_names], sizeof(code_names[0]), "%s", name);
	return n_code_names++;
}

static int selects(const struct saker_catalogue *catalogue, const struct saker_field_ref *ref,
		   const char *constant, size_t len, uint64_t *may, uint64_t *must)
{
	uint32_t c;

	if (util_streq(ref->field->name, "evt.num") && util_streq(constant, "0"))
		return 0;
	if (!util_streq(ref->field->name, "evt.type"))
		return -ENOTSUP;
	c = code_of(constant);
	may[c / 64] |= UINT64_C(1) << c % 64;
	must[c / 64] |= UINT64_C(1) << c % 64;
	return 0;
}

static struct saker_catalogue catalogue = {
	.size = sizeof(struct saker_catalogue),
	.source = "syscall",
	.fields = fields,
	.n_codes = MAX_CODES,
	.bind = bind_field,
	.code = code,
	.select = selects,
};

static uint32_t add_field(const char *name, enum saker_type type, uint16_t flags, uint16_t cost)
{
	fields[n_fields] = (struct saker_field){
		.name = name,
		.type = (uint8_t)type,
		.flags = flags,
		.cost = cost,
		.group = "",
		.description = "",
	};
	values[n_fields] = saker_value_absent(type, SAKER_ABSENT_NOT_APPLICABLE);
	catalogue.n_fields = n_fields + 1;
	return n_fields++;
}

static struct saker_value *value_of(const char *name)
{
	for (uint32_t i = 0; i < n_fields; i++)
		if (util_streq(fields[i].name, name))
			return &values[i];
	return &values[0];
}

static void set_text(const char *name, const char *text)
{
	*value_of(name) = saker_value_str(text, strlen(text));
}

static void set_number(const char *name, enum saker_type type, int64_t number)
{
	*value_of(name) = saker_value_i64(type, number);
}

/* ---- measuring ----------------------------------------------------------- */

static void print_diag(void *userdata, const struct saker_diag *diag)
{
	if (diag->severity == SAKER_SEVERITY_ERROR)
		fprintf(stderr, "%s: %s\n", diag->id, diag->message);
}

static struct saker_ruleset *compile(const char *data, size_t len, const char *path)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_plugin plugin = {"container", "0.7.1"};
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset;
	int r;

	options.diag = print_diag;
	options.plugins = &plugin;
	options.n_plugins = 1;
	options.max_file_size = UINT64_C(1) << 30;
	if (saker_rules_loader_new(&options, &loader) < 0)
		exit(1);
	r = saker_rules_loader_add_catalogue(loader, &catalogue);
	if (r >= 0)
		r = path ? saker_rules_loader_add_file(loader, path)
			 : saker_rules_loader_add_buffer(loader, "bench", data, len);
	if (r >= 0)
		r = saker_rules_loader_compile(loader, &ruleset);
	saker_rules_loader_free(loader);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", path ? path : "bench", strerror(-r));
		exit(1);
	}
	return ruleset;
}

static void measure(const char *what, struct saker_ruleset *ruleset, uint32_t event)
{
	const struct saker_rule *const *rules;
	struct saker_eval_stats before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
	struct record record = {event};
	struct saker_eval *eval;
	int n = 0, matched = 0;
	double best = 1e9;

	if (saker_eval_new(ruleset, &eval) < 0)
		exit(1);
	saker_ruleset_eval(eval, 0, &record, &rules);
	saker_eval_get_stats(eval, &before);
	matched = saker_ruleset_eval(eval, 0, &record, &rules);
	saker_eval_get_stats(eval, &after);
	for (int round = 0; round < 5; round++) {
		double start = now(), elapsed;

		n = 0;
		do {
			for (int i = 0; i < 1000; i++)
				saker_ruleset_eval(eval, 0, &record, &rules);
			n += 1000;
			elapsed = now() - start;
		} while (elapsed < 0.05);
		best = MIN(best, elapsed / n * 1e9);
	}
	printf("%-44s %9.1f ns  %d match, %lu predicates, %lu reused, %lu fields\n", what, best,
	       matched, (unsigned long)(after.predicates_evaluated - before.predicates_evaluated),
	       (unsigned long)(after.predicates_reused - before.predicates_reused),
	       (unsigned long)(after.fields_extracted - before.fields_extracted));
	saker_eval_free(eval);
}

/* ---- by number of rules -------------------------------------------------- */

struct text {
	char *data;
	size_t len;
	size_t room;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *t, const char *format, ...)
{
	va_list args;

	if (t->room - t->len < 4096) {
		t->room = t->room ? t->room * 2 : 1 << 20;
		t->data = realloc(t->data, t->room);
		if (!t->data)
			exit(1);
	}
	va_start(args, format);
	t->len += (size_t)vsnprintf(t->data + t->len, t->room - t->len, format, args);
	va_end(args);
}

static void put_rule(struct text *t, int i, const char *condition)
{
	put(t, "- rule: r%d\n  desc: d\n  condition: %s\n  output: o\n  priority: INFO\n", i,
	    condition);
}

/* Rules of the usual kinds; none matches the record. */
static void bench_rules(int n)
{
	struct text t = {0};
	struct saker_ruleset *ruleset;
	char condition[512], what[64];
	double start;

	for (int i = 0; i < n; i++) {
		switch (i % 5) {
		case 0:
			snprintf(condition, sizeof(condition),
				 "evt.type in (open, openat) and fd.name startswith /dir%d/ and "
				 "fd.num >= 0",
				 i);
			break;
		case 1:
			snprintf(condition, sizeof(condition),
				 "evt.type = execve and proc.name in (x%d, y%d) and user.name != "
				 "root",
				 i, i);
			break;
		case 2:
			snprintf(condition, sizeof(condition),
				 "evt.type in (openat, connect) and proc.cmdline contains bad%d",
				 i);
			break;
		case 3:
			snprintf(condition, sizeof(condition),
				 "evt.type = openat and (fd.name = /f%d or fd.name endswith .x%d) "
				 "and not proc.name in (a%d, b%d)",
				 i, i, i, i);
			break;
		default:
			snprintf(condition, sizeof(condition),
				 "evt.type = openat and proc.pname = p%d and fd.num > 3", i);
			break;
		}
		put_rule(&t, i, condition);
	}
	start = now();
	ruleset = compile(t.data, t.len, NULL);
	printf("%d rules: compiled in %.0f ms\n", n, (now() - start) * 1e3);
	snprintf(what, sizeof(what), "  %d rules, openat that none wants", n);
	measure(what, ruleset, code_of("openat"));
	snprintf(what, sizeof(what), "  %d rules, event that no rule names", n);
	measure(what, ruleset, 0);
	saker_ruleset_unref(ruleset);
	free(t.data);
}

/* ---- by length of lists -------------------------------------------------- */

static void bench_list(const char *field, const char *op, const char *item, int n)
{
	struct text t = {0};
	struct saker_ruleset *ruleset;
	char what[64];
	long before;
	double start;

	put(&t, "- list: l\n  items:");
	for (int i = 0; i < n; i++) {
		put(&t, "\n  - ");
		if (item)
			put(&t, item, i);
		else
			put(&t, "%u.%u.%u.0/24", 11 + (unsigned)i / 65536, (unsigned)i / 256 % 256,
			    (unsigned)i % 256);
	}
	put(&t, "\n");
	snprintf(what, sizeof(what), "evt.type = openat and %s %s (l)", field, op);
	put_rule(&t, 0, what);
	before = resident();
	start = now();
	ruleset = compile(t.data, t.len, NULL);
	printf("%s %s with %d items: loaded and compiled in %.0f ms, peak grew by %ld MB\n", field,
	       op, n, (now() - start) * 1e3, resident() - before);
	snprintf(what, sizeof(what), "  %s %s, %d items, no match", field, op, n);
	measure(what, ruleset, code_of("openat"));
	saker_ruleset_unref(ruleset);
	free(t.data);
}

/* ---- Falco's rules ------------------------------------------------------- */

/* fields.json has one member a line: type, flags, name in this order. */
static void read_fields(FILE *f)
{
	static const struct {
		const char *pt;
		enum saker_type type;
	} types[] = {
		{"PT_BOOL", SAKER_TYPE_BOOL},	    {"PT_UINT64", SAKER_TYPE_U64},
		{"PT_UINT32", SAKER_TYPE_U32},	    {"PT_INT64", SAKER_TYPE_I64},
		{"PT_PID", SAKER_TYPE_I64},	    {"PT_INT32", SAKER_TYPE_I32},
		{"PT_IPADDR", SAKER_TYPE_IP},	    {"PT_IPNET", SAKER_TYPE_NET},
		{"PT_PORT", SAKER_TYPE_PORT},	    {"PT_RELTIME", SAKER_TYPE_RELTIME},
		{"PT_ABSTIME", SAKER_TYPE_ABSTIME}, {"PT_BYTEBUF", SAKER_TYPE_BYTES},
		{"PT_DOUBLE", SAKER_TYPE_DOUBLE},
	};
	char line[1024], word[256] = "";
	enum saker_type type = SAKER_TYPE_STRING;
	uint16_t flags = 0;

	while (fgets(line, sizeof(line), f) && n_fields < MAX_FIELDS - 32) {
		if (sscanf(line, " \"type\": \"%255[^\"]", word) == 1) {
			type = SAKER_TYPE_STRING;
			for (size_t i = 0; i < ARRAY_SIZE(types); i++)
				if (util_streq(word, types[i].pt))
					type = types[i].type;
		} else if (strstr(line, "\"flags\": \"")) {
			flags = strstr(line, "ARG_REQUIRED")  ? SAKER_FIELD_ARG_REQUIRED
				: strstr(line, "ARG_ALLOWED") ? SAKER_FIELD_ARG_ALLOWED
							      : 0;
			if (strstr(line, "IS_LIST"))
				flags |= SAKER_FIELD_LIST;
		} else if (sscanf(line, " \"name\": \"%255[^\"]", word) == 1) {
			/* kept as long as the program runs */
			add_field(strdup(word), type, flags, 5);
		}
	}
}

static void describe_openat(void)
{
	static const char *const container[] = {
		"container.id",	    "container.name",	   "container.image.repository",
		"container.type",   "container.image.tag", "k8s.ns.name",
		"k8s.pod.name",	    "container.image",	   "container.image.digest",
		"container.mounts", "container.full_id",   "container.image.id",
	};

	for (size_t i = 0; i < ARRAY_SIZE(container); i++)
		add_field(container[i], SAKER_TYPE_STRING, 0, 5);
	add_field("container.start_ts", SAKER_TYPE_ABSTIME, 0, 5);
	add_field("container.duration", SAKER_TYPE_RELTIME, 0, 5);
	add_field("container.privileged", SAKER_TYPE_BOOL, 0, 5);
	add_field("container.mount.dest", SAKER_TYPE_STRING, SAKER_FIELD_ARG_REQUIRED, 5);
	set_text("evt.type", "openat");
	set_number("evt.num", SAKER_TYPE_U64, 1000);
	set_text("proc.name", "cat");
	set_text("proc.pname", "bash");
	set_text("proc.aname", "bash");
	set_text("proc.cmdline", "cat /etc/ld.so.cache");
	set_text("proc.pcmdline", "bash");
	set_text("proc.exe", "cat");
	set_text("proc.exepath", "/usr/bin/cat");
	set_number("proc.tty", SAKER_TYPE_U32, 34816);
	set_number("proc.vpid", SAKER_TYPE_I64, 4711);
	set_text("fd.name", "/usr/lib/x86_64-linux-gnu/libc.so.6");
	set_text("fd.directory", "/usr/lib/x86_64-linux-gnu");
	set_text("fd.filename", "libc.so.6");
	set_text("fd.typechar", "f");
	set_text("fd.type", "file");
	set_number("fd.num", SAKER_TYPE_I64, 3);
	set_text("evt.res", "SUCCESS");
	set_number("evt.rawres", SAKER_TYPE_I64, 3);
	set_number("evt.is_open_read", SAKER_TYPE_BOOL, 1);
	set_number("evt.is_open_write", SAKER_TYPE_BOOL, 0);
	set_number("evt.is_open_exec", SAKER_TYPE_BOOL, 0);
	set_text("evt.arg", "O_RDONLY|O_CLOEXEC");
	set_text("user.name", "root");
	set_number("user.uid", SAKER_TYPE_U32, 0);
	set_number("user.loginuid", SAKER_TYPE_I64, -1);
	set_text("container.id", "host");
	set_text("container.name", "host");
}

static void bench_reference(const char *reference)
{
	static const char *const files[] = {"falco_rules.yaml", "falco-incubating_rules.yaml",
					    "falco-sandbox_rules.yaml"};
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/facts/fields.json", reference);
	f = fopen(path, "r");
	if (!f) {
		printf("no %s\n", path);
		return;
	}
	n_fields = 0;
	read_fields(f);
	fclose(f);
	describe_openat();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct saker_ruleset *ruleset;
		double start = now();

		snprintf(path, sizeof(path), "%s/rules/%s", reference, files[i]);
		ruleset = compile(NULL, 0, path);
		printf("%s: %u rules, compiled in %.1f ms\n", files[i],
		       saker_ruleset_n_rules(ruleset), (now() - start) * 1e3);
		measure("  openat, a library read", ruleset, code_of("openat"));
		measure("  read, which no rule names", ruleset, 0);
		measure("  execve", ruleset, code_of("execve"));
		measure("  connect", ruleset, code_of("connect"));
		saker_ruleset_unref(ruleset);
	}
}

int main(int argc, char **argv)
{
	static const int n_rules[] = {25, 100, 1000, 10000};
	static const int n_items[] = {10, 1000, 100000, 1000000};
	const char *reference = getenv("SAKER_REFERENCE");

	if (argc < 2) {
		add_field("evt.type", SAKER_TYPE_STRING, 0, 1);
		add_field("proc.name", SAKER_TYPE_STRING, 0, 2);
		add_field("proc.pname", SAKER_TYPE_STRING, 0, 4);
		add_field("proc.cmdline", SAKER_TYPE_STRING, 0, 20);
		add_field("fd.name", SAKER_TYPE_STRING, 0, 5);
		add_field("fd.num", SAKER_TYPE_I64, 0, 1);
		add_field("fd.net", SAKER_TYPE_NET, 0, 5);
		add_field("user.name", SAKER_TYPE_STRING, 0, 10);
		set_text("evt.type", "openat");
		set_text("proc.name", "cat");
		set_text("proc.pname", "bash");
		set_text("proc.cmdline", "cat /etc/ld.so.cache /etc/passwd -n");
		set_text("fd.name", "/usr/lib/x86_64-linux-gnu/libc.so.6");
		set_number("fd.num", SAKER_TYPE_I64, 3);
		set_text("user.name", "root");
		address = (struct saker_ip){.family = 4, .addr = {203, 0, 113, 9}};
		*value_of("fd.net") = (struct saker_value){.type = SAKER_TYPE_NET, .ip = &address};
		for (size_t i = 0; i < ARRAY_SIZE(n_rules); i++)
			bench_rules(n_rules[i]);
		for (size_t i = 0; i < ARRAY_SIZE(n_items); i++)
			bench_list("fd.name", "in", "/some/path/of/a/file-%d", n_items[i]);
		for (size_t i = 0; i < ARRAY_SIZE(n_items); i++)
			bench_list("fd.net", "in", NULL, n_items[i]);
	}
	if (reference)
		bench_reference(reference);
	else
		printf("SAKER_REFERENCE is unset: Falco's rules are not measured\n");
	return 0;
}
