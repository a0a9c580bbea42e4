/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole road of an event, a stage more each time: read it, keep the state,
 * evaluate rules. Nanoseconds of processor time an event, the least of several
 * rounds, which take turns so that a busy machine slows all stages alike.
 *
 *     bench-replay [--stage N] [--rounds N] [--repeat N] [--back] [--types] [--only TYPE]
 *                  [CAPTURE [RULES...]]
 *
 * Without arguments: the workload of SAKER_REFERENCE fifty times in a row, with
 * Falco's stable rules and with all three of its files; --back: without moving their
 * times, so that time goes back with each. --stage runs one of them
 * (0 = reading), for a profiler; --types says what the rules of the last one cost
 * by type of event; --only evaluates rules for events of that type alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <saker/capture.h>
#include <saker/enrich.h>
#include <saker/rules.h>

#define ROUNDS 5
#define MAX_STAGES 4

struct stage {
	const char *name;
	struct saker_ruleset *ruleset; /* NULL = none */
	bool state;
	double best; /* ns an event */
	uint64_t n_events;
	uint64_t n_matches;
	double evaluated, reused, extracted; /* an event */
};

static void die(const char *what, int r)
{
	fprintf(stderr, "bench-replay: %s: %s\n", what, strerror(-r));
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void print_diag(void *userdata, const struct saker_diag *diag)
{
	if (diag->severity == SAKER_SEVERITY_ERROR)
		fprintf(stderr, "%s: %s: %s\n", diag->id, diag->file, diag->message);
}

static struct saker_ruleset *compile(char *const *files, int n)
{
	struct saker_rules_options options = SAKER_RULES_OPTIONS_INIT;
	struct saker_rules_plugin plugin = {"container", "0.7.1"};
	struct saker_rules_loader *loader;
	struct saker_ruleset *ruleset = NULL;
	int r;

	options.diag = print_diag;
	options.plugins = &plugin;
	options.n_plugins = 1;
	options.matching = SAKER_RULE_MATCHING_ALL;
	r = saker_rules_loader_new(&options, &loader);
	if (r < 0)
		die("rules", r);
	r = saker_rules_loader_add_catalogue(loader, saker_enrich_catalogue());
	for (int i = 0; r >= 0 && i < n; i++)
		r = saker_rules_loader_add_file(loader, files[i]);
	if (r >= 0)
		r = saker_rules_loader_compile(loader, &ruleset);
	saker_rules_loader_free(loader);
	if (r < 0)
		die("rules", r);
	return ruleset;
}

static struct saker_state *new_state(struct saker_capture *capture)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_interface interface;
	struct saker_account account;
	struct saker_machine machine;
	struct saker_state *state;
	int r;

	options.offline = true;
	r = saker_state_new(&options, &state);
	if (r < 0)
		die("state", r);
	if (saker_capture_machine(capture, &machine) == 0)
		saker_state_set_machine(state, &machine);
	for (uint32_t i = 0; saker_capture_interface(capture, i, &interface) == 1; i++)
		saker_state_add_interface(state, &interface);
	for (uint32_t i = 0; saker_capture_account(capture, i, &account) == 1; i++)
		saker_state_add_account(state, &account);
	return state;
}

static void keep_stats(struct stage *stage, const struct saker_eval *eval)
{
	struct saker_eval_stats stats = {.size = sizeof(stats)};
	double n = (double)stage->n_events;

	saker_eval_get_stats(eval, &stats);
	stage->evaluated = (double)stats.predicates_evaluated / n;
	stage->reused = (double)stats.predicates_reused / n;
	stage->extracted = (double)stats.fields_extracted / n;
}

/* ---- by type of event --------------------------------------------------------------- */

struct type_cost {
	uint64_t n;
	uint64_t ns;
	uint64_t evaluated;
	uint64_t extracted;
};

static struct {
	bool on;
	bool skip[SAKER_EVENT_CODES];
	uint64_t clock; /* what reading the clock takes */
	struct type_cost of[SAKER_EVENT_CODES];
} types;

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int eval_timed(struct saker_eval *eval, const struct saker_event *event,
		      struct saker_record *record, const struct saker_rule *const **ret_rules)
{
	struct saker_eval_stats before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
	struct type_cost *type = &types.of[event->type % SAKER_EVENT_CODES];
	uint64_t start, ns, middle;
	int n;

	saker_eval_get_stats(eval, &before);
	start = wall_ns();
	middle = wall_ns();
	n = saker_ruleset_eval(eval, 0, record, ret_rules);
	ns = wall_ns() - middle;
	saker_eval_get_stats(eval, &after);
	/* an interruption is not what an evaluation costs */
	if (ns < 50000 && middle - start < 50000) {
		types.clock += middle - start;
		type->ns += ns;
		type->n++;
		type->evaluated += after.predicates_evaluated - before.predicates_evaluated;
		type->extracted += after.fields_extracted - before.fields_extracted;
	}
	return n;
}

static int compare_types(const void *a, const void *b)
{
	const struct type_cost *x = &types.of[*(const uint16_t *)a];
	const struct type_cost *y = &types.of[*(const uint16_t *)b];

	return x->ns < y->ns ? 1 : -(x->ns > y->ns);
}

static void types_only(const char *name)
{
	for (uint32_t i = 0; i < SAKER_EVENT_CODES; i++) {
		const struct saker_event_info *info = saker_event_info(i);

		types.skip[i] = !info || strcmp(info->name, name) != 0;
	}
}

static void report_types(void)
{
	uint16_t order[SAKER_EVENT_CODES];
	uint64_t n = 0;
	double clock, all = 0;

	for (uint16_t i = 0; i < SAKER_EVENT_CODES; i++) {
		order[i] = i;
		n += types.of[i].n;
	}
	if (!n)
		return;
	clock = (double)types.clock / (double)n;
	qsort(order, SAKER_EVENT_CODES, sizeof(*order), compare_types);
	printf("%-16s %9s %9s %9s %10s %9s\n", "type", "events", "ns each", "of all", "predicates",
	       "fields");
	for (size_t i = 0; i < SAKER_EVENT_CODES && types.of[order[i]].n; i++) {
		const struct type_cost *type = &types.of[order[i]];
		const struct saker_event_info *info = saker_event_info(order[i]);
		double of = (double)type->n, ns = (double)type->ns - clock * of;

		all += ns / (double)n;
		printf("%-16s %9llu %9.1f %9.1f %10.2f %9.2f\n", info ? info->name : "?",
		       (unsigned long long)type->n, ns / of, ns / (double)n,
		       (double)type->evaluated / of, (double)type->extracted / of);
	}
	printf("%-16s %9llu %9s %9.1f  (the clock's %.1f ns are taken off)\n", "all",
	       (unsigned long long)n, "", all, clock);
}

/* ---- one stage, once --------------------------------------------------------------------- */

static void run(struct stage *stage, const char *file)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	const struct saker_rule *const *rules;
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct saker_capture *capture;
	struct saker_record *record;
	struct saker_state *state;
	struct saker_eval *eval = NULL;
	uint64_t n = 0, matches = 0;
	double start, ns;
	int r;

	options.file = file;
	options.diag = print_diag;
	r = saker_capture_open(&options, &capture);
	if (r < 0)
		die(file, r);
	state = new_state(capture);
	if (stage->ruleset && saker_eval_new(stage->ruleset, &eval) < 0)
		die("eval", -ENOMEM);
	start = cpu_ns();
	while ((r = saker_capture_next(capture, -1, &event, &meta)) >= 0) {
		n++;
		if (!stage->state || saker_state_apply(state, event, &meta, &record) != 1)
			continue;
		if (!eval || types.skip[event->type % SAKER_EVENT_CODES])
			continue;
		matches += (uint64_t)(types.on ? eval_timed(eval, event, record, &rules)
					       : saker_ruleset_eval(eval, 0, record, &rules));
	}
	ns = (cpu_ns() - start) / (double)n;
	if (r != -ENODATA)
		die(file, r);
	stage->n_events = n;
	stage->n_matches = matches;
	if (!stage->best || ns < stage->best)
		stage->best = ns;
	if (eval)
		keep_stats(stage, eval);
	saker_eval_free(eval);
	saker_state_free(state);
	saker_capture_close(capture);
}

/* ---- a capture made of a short one ----------------------------------------------- */

static void write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			die("memfd", -errno);
		data += n;
		len -= (size_t)n;
	}
}

static uint32_t load_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The times in a capture's event blocks: moves them by `by`; how long it lasts. */
static uint64_t shift(uint8_t *data, size_t len, uint64_t by)
{
	uint64_t first = 0, ts = 0;

	for (size_t at = 0; at + 32 <= len && load_u32(data + at + 4) >= 12;
	     at += load_u32(data + at + 4)) {
		uint32_t type = load_u32(data + at);
		uint8_t *event = data + at + (type == 0x217 || type == 0x222 ? 14 : 10);

		if (type != 0x216 && type != 0x217 && type != 0x221 && type != 0x222)
			continue;
		memcpy(&ts, event, sizeof(ts));
		first = first ? first : ts;
		ts += by;
		memcpy(event, &ts, sizeof(ts));
	}
	return ts - by - first;
}

/* Plain, in memory, so that neither the disk nor inflate is measured. */
static void unfold(const char *file, int repeat, bool back, char path[static 64])
{
	static uint8_t data[64 << 20];
	gzFile in = gzopen(file, "rb");
	int fd = memfd_create("bench-replay", MFD_CLOEXEC);
	uint64_t span;
	int len;

	if (!in || fd < 0)
		die(file, -errno);
	len = gzread(in, data, sizeof(data));
	gzclose(in);
	if (len <= 0)
		die(file, -EIO);
	/* Each copy begins where the one before ended: when time goes back there is other work. */
	span = back ? 0 : shift(data, (size_t)len, 0) + UINT64_C(1000000000);
	for (int i = 0; i < repeat; i++) {
		write_all(fd, data, (size_t)len);
		shift(data, (size_t)len, span);
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

static void report(const struct stage *stages, int n)
{
	for (int i = n - 1; i >= 0; i--)
		if (stages[i].n_events) {
			printf("%llu events\n", (unsigned long long)stages[i].n_events);
			break;
		}
	printf("%-24s %10s %8s %10s %10s\n", "stage", "ns/event", "M/s", "this stage", "matches");
	for (int i = 0; i < n; i++) {
		/* Rules are compared with the state alone, not with each other. */
		double before = i ? stages[i > 2 ? 1 : i - 1].best : 0;

		if (!stages[i].n_events)
			continue;
		printf("%-24s %10.1f %8.2f %10.1f %10llu", stages[i].name, stages[i].best,
		       1e3 / stages[i].best, stages[i].best - before,
		       (unsigned long long)stages[i].n_matches);
		if (stages[i].ruleset)
			printf("  %.1f predicates, %.1f reused, %.1f fields an event",
			       stages[i].evaluated, stages[i].reused, stages[i].extracted);
		printf("\n");
	}
}

struct settings {
	int rounds;
	int repeat;
	int only;  /* stage; -1 = all */
	bool back; /* copies keep their times */
	bool types;
};

static int parse(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"repeat", required_argument, NULL, 'n'},
		{"stage", required_argument, NULL, 's'},
		{"types", no_argument, NULL, 't'},
		{"only", required_argument, NULL, 'o'},
		{"back", no_argument, NULL, 'b'},
		{0},
	};
	int c;

	*settings = (struct settings){.rounds = ROUNDS, .repeat = 50, .only = -1};
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			settings->rounds = (int)strtol(optarg, NULL, 10);
		else if (c == 'n')
			settings->repeat = (int)strtol(optarg, NULL, 10);
		else if (c == 's')
			settings->only = (int)strtol(optarg, NULL, 10);
		else if (c == 't')
			settings->types = true;
		else if (c == 'b')
			settings->back = true;
		else if (c == 'o')
			types_only(optarg);
		else
			exit(2);
	}
	return optind;
}

int main(int argc, char **argv)
{
	struct stage stages[MAX_STAGES] = {{.name = "read"}, {.name = "+ state", .state = true}};
	static char paths[3][4096];
	const char *reference = getenv("SAKER_REFERENCE");
	const char *names[] = {"falco_rules.yaml", "falco-incubating_rules.yaml",
			       "falco-sandbox_rules.yaml"};
	char *files[] = {paths[0], paths[1], paths[2]};
	char source[4096], capture[4096];
	struct settings settings;
	int n = 2, first = parse(argc, argv, &settings);

	argc -= first;
	argv += first;
	if (argc < 1 && !reference) {
		printf("SAKER_REFERENCE is unset and no capture is named\n");
		return 77;
	}
	for (size_t i = 0; reference && i < 3; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/rules/%s", reference, names[i]);
	if (argc > 0) {
		snprintf(capture, sizeof(capture), "%s", argv[0]);
	} else {
		snprintf(source, sizeof(source), "%s/captures/workload.scap", reference);
		unfold(source, settings.repeat, settings.back, capture);
	}
	if (argc > 1) {
		stages[n++] = (struct stage){"+ rules", compile(argv + 1, argc - 1), true};
	} else if (reference) {
		stages[n++] = (struct stage){"+ stable rules", compile(files, 1), true};
		stages[n++] = (struct stage){"+ all three files", compile(files, 3), true};
	}
	for (int round = 0; round < settings.rounds; round++)
		for (int i = 0; i < n; i++)
			if (settings.only < 0 || settings.only == i)
				run(&stages[i], capture);
	report(stages, n);
	if (settings.types) {
		types.on = true;
		run(&stages[settings.only >= 0 && settings.only < n ? settings.only : n - 1],
		    capture);
		report_types();
	}
	for (int i = 0; i < n; i++)
		saker_ruleset_unref(stages[i].ruleset);
	return 0;
}
