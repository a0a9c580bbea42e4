/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wires the four libraries: event -> state -> rules -> alert, on one thread.
 * Rules are compiled before anything is opened, so that a mistake in them is
 * told at once and never leaves a blind sensor behind.
 */
#include "agent_internal.h"
#include "syscalls.h"

#define IDLE_MS 10000		/* the longest without a look at clocks and sinks */
#define CHECK_MS 1000		/* the longest without a look at drops after an event */
#define DRAIN_NS (5 * SECOND)	/* the longest that what is in the rings is worth at the end */
#define DELIVER_NS (5 * SECOND) /* the same of what is queued for the outputs */
#define REPLAY_FLUSH 1024	/* alerts after which a replay waits for its outputs */

/* ---- an event ------------------------------------------------------------------ */

static int render(struct agent *a, const struct saker_rule *rule, struct saker_rendered *rendered,
		  struct saker_record *record)
{
	int r = saker_eval_render(a->eval, rule, record, rendered);

	while (r == 0 && rendered->n_values > a->fields_capacity)
		r = GROW(a->fields, a->fields_capacity, a->fields_capacity);
	return r;
}

static int make_alert(struct agent *a, const struct saker_rule *rule, struct saker_record *record)
{
	struct saker_rendered rendered;
	struct saker_alert alert;
	int r = render(a, rule, &rendered, record);

	/* That a rule matched is said even when there is no memory to say of what. */
	if (r < 0)
		rendered = (struct saker_rendered){.message = "(out of memory for the output)"};
	for (uint32_t i = 0; i < rendered.n_values; i++) {
		const struct saker_named_value *v = &rendered.values[i];

		a->fields[i] = (struct saker_alert_field){.name = v->name,
							  .value = v->value,
							  .list = v->list,
							  .n_list = v->n_list,
							  .is_list = v->is_list};
	}
	alert = (struct saker_alert){
		.time = saker_record_event(record)->event->ts,
		.rule = rule->name,
		.priority = rule->priority,
		.source = rule->source,
		.hostname = a->hostname,
		.message = rendered.message,
		.tags = rule->tags,
		.n_tags = rule->n_tags,
		.fields = a->fields,
		.n_fields = rendered.n_values,
	};
	summary_count(&a->summary, rule);
	r = saker_output_emit(a->output, &alert);
	/* A file has no hurry: its alerts wait for the outputs rather than be dropped. */
	if (a->replay && ++a->since_flush == REPLAY_FLUSH) {
		a->since_flush = 0;
		saker_output_flush(a->output, IDLE_MS);
	}
	return r;
}

static int judge(struct agent *a, struct saker_record *record)
{
	const struct saker_rule *const *rules;
	int n = saker_ruleset_eval(a->eval, 0, record, &rules);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		int r = make_alert(a, rules[i], record);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_event(struct agent *a, const struct saker_event *event,
		      const struct saker_event_meta *meta)
{
	struct saker_record *record;
	int n;

	a->last_ts = event->ts;
	n = saker_state_apply(a->state, event, meta, &record);
	if (n <= 0) /* nothing for rules, or malformed and counted */
		return n == -EBADMSG ? 0 : n;
	return judge(a, record);
}

/* ---- what is found out elsewhere ------------------------------------------------ */

static int take_answers(struct agent *a)
{
	struct saker_event_meta state_only = {.flags = SAKER_EVENT_META_STATE_ONLY};
	struct saker_event_meta plain = {0};
	struct saker_container_answer answer;
	const struct saker_event *event;
	int r = 0;

	while (r >= 0 && a->containers &&
	       saker_containers_next(a->containers, a->last_ts, &answer) == 1) {
		if (answer.event)
			r = take_event(a, answer.event, answer.state_only ? &state_only : &plain);
		else
			saker_state_forgo_container(a->state, answer.id, answer.id_len);
	}
	while (r >= 0 && saker_digests_next(a->digests, a->last_ts, &event) == 1)
		r = take_event(a, event, &state_only);
	return r;
}

/* Answers about containers and executables, and events that waited for them. flush: no longer. */
static int settle(struct agent *a, bool flush)
{
	struct saker_record *record;
	int r = take_answers(a);

	while (r >= 0 && (r = saker_state_held(a->state, flush, &record)) == 1)
		r = judge(a, record);
	return MIN(r, 0);
}

/* ---- the loop --------------------------------------------------------------------- */

static void internal_alert(struct agent *a, const char *rule, const char *message)
{
	struct saker_alert alert = {
		.time = now_ns(CLOCK_REALTIME),
		.rule = rule,
		.priority = SAKER_PRIORITY_CRITICAL,
		.source = "internal",
		.hostname = a->hostname,
		.message = message,
	};

	saker_output_emit(a->output, &alert);
}

static int swap_rules(struct agent *a, struct rules_files *files)
{
	struct saker_ruleset *ruleset;
	struct saker_syscall_set wanted;
	int r = agent_load_rules(a, files, &ruleset);

	if (r < 0)
		return r;
	r = syscalls_wanted(ruleset, a->config, &a->logger, &wanted);
	/* Wider before the swap: events of new rules are there when they are. */
	if (r == 0)
		r = saker_capture_want(a->capture, &wanted);
	if (r == 0)
		r = saker_capture_want_realpath(a->capture, agent_wants_realpath(ruleset));
	if (r == -ENOTSUP)
		r = 0; /* a file, or /proc: there is what there is */
	if (r == 0)
		r = agent_use_ruleset(a, ruleset);
	if (r < 0)
		saker_ruleset_unref(ruleset);
	else
		a->n_syscalls = syscalls_count(&wanted);
	return r;
}

static void reload(struct agent *a)
{
	uint64_t start = now_ns(CLOCK_MONOTONIC);
	struct rules_files files = {0};

	if (swap_rules(a, &files) < 0) {
		logger_print(&a->logger, SAKER_PRIORITY_ERROR,
			     "the rules were not loaded again, those from before stay in force");
		internal_alert(a, "Falco internal: hot restart failure",
			       "Falco internal: hot restart failure. The rules were not loaded "
			       "again, those from before stay in force");
		rules_files_fini(&files);
		return;
	}
	rules_files_fini(&a->files);
	a->files = files;
	if (a->config->watch_config_files)
		control_watch(&a->control, &a->files);
	logger_print(&a->logger, SAKER_PRIORITY_INFORMATIONAL,
		     "rules loaded again: %u enabled, %u system calls, %.0f ms",
		     rules_n_enabled(a->ruleset), a->n_syscalls,
		     (double)(now_ns(CLOCK_MONOTONIC) - start) / 1e6);
}

/* What came from outside; true = stop. */
static bool obey(struct agent *a)
{
	atomic_store(&a->control.any, false);
	if (atomic_exchange(&a->control.reopen, false))
		saker_output_reopen(a->output);
	if (atomic_exchange(&a->control.reload, false))
		reload(a);
	return atomic_load(&a->control.stop);
}

/* Nobody is left to read alerts: `saker | head -1`. */
static bool all_broken(const struct agent *a)
{
	struct saker_output_stats stats = {.size = sizeof(stats)};

	return saker_output_get_stats(a->output, &stats) == 0 && stats.n_sinks &&
	       stats.n_broken == stats.n_sinks;
}

/* How long to wait for an event, in ms. */
static int patience(const struct agent *a, uint64_t now)
{
	uint64_t left = a->ends == UINT64_MAX ? IDLE_MS : (a->ends - now) / 1000000 + 1;
	/* Drops are looked for once a second: not yet at this look, so soon again. */
	uint64_t most = a->drops.checked == now ? IDLE_MS : CHECK_MS;
	int held = a->replay ? -1 : saker_state_hold_wait(a->state);

	if (held >= 0)
		most = MIN(most, (uint64_t)held);
	return (int)MIN(left, most);
}

/* 0 = go on, 1 = stop, a negative errno = fail. */
static int look_around(struct agent *a, uint64_t now)
{
	if (atomic_load_explicit(&a->control.any, memory_order_relaxed) && obey(a))
		return 1;
	if (now >= a->ends)
		return 1;
	if (all_broken(a)) {
		logger_print(&a->logger, SAKER_PRIORITY_WARNING,
			     "nobody reads the alerts any more: stopping");
		return 1;
	}
	if (!a->replay &&
	    drops_check(&a->drops, now, a->capture, a->config, &a->logger, a->output, a->hostname))
		return -ENOBUFS; /* said there; whoever restarts what failed shall see it */
	return 0;
}

/* Until the end of the file, a signal, -M or a failure. 0 or a negative errno. */
static int loop(struct agent *a)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	uint32_t since_look = 0;
	int wait = 0, r;

	for (;;) {
		r = saker_capture_next(a->capture, wait, &event, &meta);
		if (r == -ENODATA)
			return 0;
		if (r == 1) {
			r = take_event(a, event, &meta);
			wait = 0;
		} else if (r == 0) {
			/* Idle: look around, then sleep until something happens. */
			since_look = UINT32_MAX - 1;
		}
		if (r >= 0 && !a->replay)
			r = settle(a, false);
		if (r < 0)
			return r;
		/* A clock and a few locks cost too much for every event. */
		if (++since_look >= 4096 ||
		    unlikely(atomic_load_explicit(&a->control.any, memory_order_relaxed))) {
			uint64_t now = now_ns(CLOCK_MONOTONIC);

			since_look = 0;
			r = look_around(a, now);
			if (r)
				return MIN(r, 0);
			wait = patience(a, now);
		}
	}
}

/* What was in the rings when the probes were detached still counts. */
static int drain(struct agent *a)
{
	uint64_t deadline = now_ns(CLOCK_MONOTONIC) + DRAIN_NS;
	const struct saker_event *event;
	struct saker_event_meta meta;
	int r = saker_capture_stop(a->capture);

	while (r >= 0 && now_ns(CLOCK_MONOTONIC) < deadline && !atomic_load(&a->control.hurry)) {
		r = saker_capture_next(a->capture, 100, &event, &meta);
		if (r == 1)
			r = take_event(a, event, &meta);
	}
	if (!a->replay && (r >= 0 || r == -ENODATA))
		r = settle(a, true);
	return r == -ENODATA || r >= 0 ? 0 : r;
}

/* A second signal cuts it short. Whether all readers were gone already. */
static bool deliver_rest(struct agent *a)
{
	uint64_t deadline = now_ns(CLOCK_MONOTONIC) + DELIVER_NS;
	bool more = true, gone;

	while (more && now_ns(CLOCK_MONOTONIC) < deadline && !atomic_load(&a->control.hurry))
		more = saker_output_flush(a->output, 100) < 0;
	gone = all_broken(a); /* what is given up counts as broken too */
	saker_output_stop(a->output, more ? 0 : 1000);
	return gone;
}

/* 0, or -EIO when alerts of a file did not all reach a reader who still wants them. */
static int finish(struct agent *a)
{
	struct summary_account account = {.capture = {.size = sizeof(account.capture)},
					  .state = {.size = sizeof(account.state)},
					  .containers = {.size = sizeof(account.containers)},
					  .output = {.size = sizeof(account.output)}};
	const struct saker_output_stats *output = &account.output;
	bool gone = deliver_rest(a);

	saker_capture_stats(a->capture, &account.capture);
	saker_state_get_stats(a->state, &account.state);
	if (a->containers)
		saker_containers_get_stats(a->containers, &account.containers);
	saker_output_get_stats(a->output, &account.output);
	a->summary.seconds = (double)(now_ns(CLOCK_MONOTONIC) - a->started) / 1e9;
	summary_print(&a->summary, &a->logger, &account);
	return a->replay && !gone && output->delivered < output->emitted * output->n_sinks ? -EIO
											   : 0;
}

/* ---- all of it ----------------------------------------------------------------------- */

static const char *engine_name(const struct agent *a)
{
	if (a->replay)
		return "replay of a capture";
	return a->config->engine == CONFIG_ENGINE_PROCFS ? "nodriver" : "modern_ebpf";
}

static void announce(const struct agent *a)
{
	uint32_t n = rules_n_enabled(a->ruleset);

	if (!a->replay && a->config->engine == CONFIG_ENGINE_PROCFS)
		logger_print(&a->logger, SAKER_PRIORITY_WARNING,
			     "nodriver looks at /proc each second: of all events there are only "
			     "execve, clone and procexit, up to a second late, and none of "
			     "processes that come and go in between");
	logger_print(&a->logger, SAKER_PRIORITY_INFORMATIONAL,
		     "%u rule%s from %u file%s, %s, %u system calls, started in %.0f ms", n,
		     n == 1 ? "" : "s", a->files.n, a->files.n == 1 ? "" : "s", engine_name(a),
		     a->n_syscalls, (double)(now_ns(CLOCK_MONOTONIC) - a->started) / 1e6);
}

static int run(struct agent *a)
{
	int r, failed;

	if (agent_open_output(a) < 0)
		return AGENT_FAILED;
	r = agent_open_capture(a);
	if (r < 0)
		return AGENT_NO_CAPTURE;
	control_attach(&a->control, a->capture);
	if (a->config->watch_config_files && control_watch(&a->control, &a->files) < 0)
		logger_print(&a->logger, SAKER_PRIORITY_WARNING,
			     "rule files cannot be watched: send SIGHUP after changing them");
	if (agent_open_state(a) < 0)
		return AGENT_FAILED;
	announce(a);
	a->ends = UINT64_MAX;
	if (a->options->max_seconds > 0 && a->options->max_seconds < 1e9)
		a->ends = now_ns(CLOCK_MONOTONIC) + (uint64_t)(a->options->max_seconds * 1e9);
	failed = loop(a);
	r = drain(a);
	if (failed == 0)
		failed = r;
	if (failed)
		logger_print(&a->logger, SAKER_PRIORITY_ERROR, "stopped by a failure: %s",
			     strerror(-failed));
	r = finish(a);
	return failed || r < 0 ? AGENT_FAILED : AGENT_OK;
}

static int say_fine(const struct agent *a)
{
	uint32_t n = rules_n_enabled(a->ruleset);

	logger_print(&a->logger, SAKER_PRIORITY_INFORMATIONAL,
		     "configuration and rules are fine: %u rule%s enabled, from %u file%s", n,
		     n == 1 ? "" : "s", a->files.n, a->files.n == 1 ? "" : "s");
	return AGENT_OK;
}

int agent_run(const struct options *options, const struct config *config)
{
	struct saker_ruleset *ruleset;
	struct agent agent;
	int r, result;

	agent_init(&agent, options, config);
	r = control_start(&agent.control);
	if (r < 0) {
		logger_print(&agent.logger, SAKER_PRIORITY_ERROR, "signals cannot be watched: %s",
			     strerror(-r));
		return AGENT_FAILED;
	}
	r = catalogue_init(&agent.catalogue, config);
	if (r == 0)
		r = agent_load_rules(&agent, &agent.files, &ruleset);
	if (r == 0 && (r = agent_use_ruleset(&agent, ruleset)) < 0)
		saker_ruleset_unref(ruleset);
	if (r < 0)
		result = AGENT_BAD_RULES;
	else if (options->dry_run)
		result = say_fine(&agent);
	else
		result = run(&agent);
	agent_fini(&agent);
	control_stop(&agent.control);
	return result;
}
