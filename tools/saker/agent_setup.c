/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what the agent works with, as the configuration says, and closing it. */
#include <errno.h>
#include <stdio.h>

#include "agent_internal.h"
#include "syscalls.h"

void agent_init(struct agent *a, const struct options *options, const struct config *config)
{
	const char *hostname = getenv("FALCO_HOSTNAME");

	memset(a, 0, sizeof(*a));
	a->options = options;
	a->config = config;
	a->started = now_ns(CLOCK_MONOTONIC);
	a->replay = options->replay || config->engine == CONFIG_ENGINE_REPLAY;
	a->logger = (struct logger){.level = config->log_level,
				    .libs = config->libs_log || options->verbose,
				    .libs_level = options->verbose ? SAKER_SEVERITY_DEBUG
								   : config->libs_severity,
				    .to_stderr = config->log_stderr,
				    .to_syslog = config->log_syslog,
				    .colour = report_colour(stderr)};
	if (options->verbose)
		a->logger.level = SAKER_PRIORITY_DEBUG;
	if (hostname && *hostname)
		snprintf(a->hostname, sizeof(a->hostname), "%s", hostname);
	else if (gethostname(a->hostname, sizeof(a->hostname) - 1) < 0)
		a->hostname[0] = '\0';
}

int agent_load_rules(struct agent *a, struct rules_files *files, struct saker_ruleset **ret_ruleset)
{
	struct reporter reporter = {.out = stderr,
				    .colour = a->logger.colour,
				    .quiet = a->logger.level < SAKER_PRIORITY_WARNING};
	int r;

	r = rules_files_find(files, (const char *const *)a->options->rules, a->options->n_rules,
			     a->config, reporter_diag, &reporter);
	if (r == 0)
		r = rules_load(files, a->config, &a->catalogue.public, reporter_diag, &reporter,
			       ret_ruleset);
	reporter_finish(&reporter);
	if (r < 0 && reporter.errors == 0)
		logger_print(&a->logger, SAKER_PRIORITY_ERROR, "rules cannot be loaded: %s",
			     strerror(-r));
	return r;
}

static void see_field(void *userdata, const char *field)
{
	struct agent *a = userdata;

	a->want_digests |= strcmp(field, "proc.exe_hash") == 0;
}

int agent_use_ruleset(struct agent *a, struct saker_ruleset *ruleset)
{
	struct saker_eval *eval = NULL;
	int r = saker_eval_new(ruleset, &eval);

	/* Once asked for, always: what runs already has its digest when rules change again. */
	if (r == 0)
		r = saker_ruleset_fields(ruleset, "syscall", see_field, a);
	if (r == 0)
		r = summary_use(&a->summary, ruleset);
	if (r < 0) {
		saker_eval_free(eval);
		return r;
	}
	saker_eval_free(a->eval);
	saker_ruleset_unref(a->ruleset);
	a->eval = eval;
	a->ruleset = ruleset;
	return 0;
}

int agent_open_output(struct agent *a)
{
	struct saker_output_options options = SAKER_OUTPUT_OPTIONS_INIT;
	const struct config *c = a->config;
	int r;

	if (!c->stdout_enabled && !c->file_enabled)
		logger_print(&a->logger, SAKER_PRIORITY_WARNING,
			     "no output is enabled: alerts are counted only");
	options.format.json = c->json_output;
	options.format.time_iso8601 = c->time_iso8601;
	options.format.include_output = c->json_output_property;
	options.format.include_message = c->json_message_property;
	options.format.include_fields = c->json_fields_property;
	options.format.include_tags = c->json_tags_property;
	options.format.include_absent = c->json_absent_property;
	options.queue_capacity = c->queue_capacity;
	options.buffered = c->buffered_outputs && !a->options->unbuffered;
	options.log = logger_output;
	options.log_userdata = &a->logger;
	options.hostname = a->hostname;
	r = saker_output_new(&options, &a->output);
	if (r == 0 && c->stdout_enabled)
		r = saker_output_add_stdout(a->output, !c->json_output && report_colour(stdout));
	if (r < 0) {
		logger_print(&a->logger, SAKER_PRIORITY_ERROR, "outputs cannot be opened: %s",
			     strerror(-r));
		return r;
	}
	if (c->file_enabled) {
		r = saker_output_add_file(a->output, c->file_name, c->file_keep_alive);
		if (r < 0)
			logger_print(&a->logger, SAKER_PRIORITY_ERROR,
				     "%s: alerts cannot be written there: %s", c->file_name,
				     strerror(-r));
	}
	return r;
}

#define MAX_FILTERS 256

/* Those of the configuration; -EINVAL after saying which one is none. */
static int take_filters(struct agent *a, struct saker_capture_filter *filters)
{
	const struct config *c = a->config;

	if (c->n_filters > MAX_FILTERS) {
		logger_print(&a->logger, SAKER_PRIORITY_ERROR,
			     "engine.modern_ebpf.filters: at most %d", MAX_FILTERS);
		return -E2BIG;
	}
	for (uint32_t i = 0; i < c->n_filters; i++) {
		if (saker_capture_filter_parse(c->filters[i], &filters[i]) == 0)
			continue;
		logger_print(
			&a->logger, SAKER_PRIORITY_ERROR,
			"engine.modern_ebpf.filters: '%s' is none: give one of pid, tree, comm, "
			"uid, cgroup, cgrouptree or path, = or !=, and a value",
			c->filters[i]);
		return -EINVAL;
	}
	return 0;
}

static void note_realpath(void *userdata, const char *field)
{
	bool *wanted = userdata;

	*wanted |= strcmp(field, "fd.realpath") == 0;
}

bool agent_wants_realpath(const struct saker_ruleset *ruleset)
{
	bool wanted = false;

	saker_ruleset_fields(ruleset, "syscall", note_realpath, &wanted);
	return wanted;
}

int agent_open_capture(struct agent *a)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct reporter reporter = {.out = stderr, .colour = a->logger.colour};
	const struct config *c = a->config;
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_capture_filter filters[MAX_FILTERS];
	struct saker_syscall_set wanted;
	int r;

	if (a->replay)
		options.file = a->options->replay ? a->options->replay : c->capture_file;
	if (options.file && !*options.file) {
		logger_print(&a->logger, SAKER_PRIORITY_ERROR,
			     "there is no capture to replay: name one with --replay or "
			     "engine.replay.capture_file");
		return -ENOENT;
	}
	r = syscalls_wanted(a->ruleset, c, &a->logger, &wanted);
	if (r < 0)
		return r;
	a->n_syscalls = syscalls_count(&wanted);
	options.engine = a->replay ? "scap" : c->engine == CONFIG_ENGINE_PROCFS ? "procfs" : "ebpf";
	options.diag = reporter_diag;
	options.diag_userdata = &reporter;
	options.log = logger_lib;
	options.log_userdata = &a->logger;
	r = take_filters(a, filters);
	if (r < 0)
		return r;
	selection.syscalls = &wanted;
	selection.filters = filters;
	selection.n_filters = c->n_filters;
	options.selection = &selection;
	options.ring_bytes = c->ring_bytes;
	options.cpus_per_ring =
		c->cpus_per_ring ? c->cpus_per_ring : (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	options.snaplen = c->snaplen;
	options.dynamic_snaplen = c->dynamic_snaplen;
	options.fullcapture_port_first = c->port_first;
	options.fullcapture_port_last = c->port_last;
	options.reserve_percent = c->reserve_percent;
	options.drop_failed_exit = c->drop_failed_exit;
	options.realpath = agent_wants_realpath(a->ruleset);
	r = saker_capture_open(&options, &a->capture);
	reporter_finish(&reporter);
	if (r < 0 && reporter.errors == 0)
		logger_print(&a->logger, SAKER_PRIORITY_ERROR, "the capture cannot be opened: %s",
			     strerror(-r));
	return r;
}

static int refill(void *userdata, int64_t tid, saker_capture_event_fn fn, void *fn_userdata)
{
	struct agent *a = userdata;

	return saker_capture_refill(a->capture, tid, fn, fn_userdata);
}

static int tell_state(struct agent *a)
{
	struct saker_interface interface;
	struct saker_account account;
	struct saker_machine machine;
	int r = 0;

	if (saker_capture_machine(a->capture, &machine) == 0)
		r = saker_state_set_machine(a->state, &machine);
	for (uint32_t i = 0; r == 0 && saker_capture_interface(a->capture, i, &interface) == 1; i++)
		r = saker_state_add_interface(a->state, &interface);
	/* More addresses or accounts than the state keeps: the first ones do. */
	if (r == -E2BIG)
		r = 0;
	for (uint32_t i = 0; r == 0 && saker_capture_account(a->capture, i, &account) == 1; i++)
		r = saker_state_add_account(a->state, &account);
	return r == -E2BIG ? 0 : r;
}

static int ask_container(void *userdata, const char *id, size_t len, int type)
{
	struct agent *a = userdata;

	return saker_containers_ask(a->containers, id, len, type);
}

static void ask_accounts(void *userdata, const char *id, size_t len, int64_t tid)
{
	struct agent *a = userdata;

	saker_containers_ask_accounts(a->containers, id, len, tid);
}

static int ask_digest(void *userdata, const struct saker_exe *exe)
{
	struct agent *a = userdata;

	return a->want_digests ? saker_digests_ask(a->digests, exe) : -ENOTSUP;
}

static void interrupt(void *userdata)
{
	struct agent *a = userdata;

	saker_capture_interrupt(a->capture);
}

/* Without any, containers are known by their ids. */
static int open_containers(struct agent *a)
{
	struct saker_containers_options options = SAKER_CONTAINERS_OPTIONS_INIT;
	const struct config *c = a->config;
	int r;

	for (int i = 0; i < SAKER_RUNTIMES; i++)
		options.sockets[i] = (const char *const *)c->runtime_sockets[i];
	options.label_max = c->label_max;
	options.timeout_ms = c->runtime_timeout_ms;
	options.notify = interrupt;
	options.notify_userdata = a;
	options.log = logger_lib;
	options.log_userdata = &a->logger;
	r = saker_containers_new(&options, &a->containers);
	return r == -ENOTSUP ? 0 : r;
}

static int open_digests(struct agent *a)
{
	struct saker_digests_options options = SAKER_DIGESTS_OPTIONS_INIT;

	options.file_max = a->config->exe_hash_file_max;
	options.notify = interrupt;
	options.notify_userdata = a;
	return saker_digests_new(&options, &a->digests);
}

int agent_open_state(struct agent *a)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	int r = a->replay ? 0 : open_containers(a);

	if (r == 0 && !a->replay)
		r = open_digests(a);
	if (a->digests) {
		options.ask_digest = ask_digest;
		options.ask_digest_userdata = a;
		options.hold_digest_ms = a->config->exe_hash_hold_ms;
	}
	if (a->containers) {
		options.ask_container = ask_container;
		options.ask_accounts = ask_accounts;
		options.ask_container_userdata = a;
		options.hold_ms = a->config->hold_ms;
	}
	options.memory_max = a->config->state_memory_max;
	options.max_threads = a->config->max_threads;
	options.log = logger_lib;
	options.log_userdata = &a->logger;
	/* An alert comes from this machine, its events from the one that was recorded. */
	options.hostname = a->replay ? getenv("FALCO_HOSTNAME") : a->hostname;
	options.offline = a->replay;
	options.refill = a->replay ? NULL : refill;
	options.refill_userdata = a;
	if (r == 0)
		r = saker_state_new(&options, &a->state);
	if (r == 0)
		r = tell_state(a);
	if (r < 0)
		logger_print(&a->logger, SAKER_PRIORITY_ERROR, "the state cannot be kept: %s",
			     strerror(-r));
	return r;
}

void agent_fini(struct agent *a)
{
	control_attach(&a->control, NULL);
	a->output = saker_output_free(a->output);
	a->containers = saker_containers_free(a->containers);
	a->digests = saker_digests_free(a->digests);
	a->state = saker_state_free(a->state);
	a->capture = saker_capture_close(a->capture);
	a->eval = saker_eval_free(a->eval);
	a->ruleset = saker_ruleset_unref(a->ruleset);
	summary_fini(&a->summary);
	rules_files_fini(&a->files);
	catalogue_fini(&a->catalogue);
	free(a->fields);
}
