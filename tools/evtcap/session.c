/* SPDX-License-Identifier: Apache-2.0 */
/* Opens what a run needs, in the order in which mistakes are told early, and moves events. */
#include <errno.h>
#include <time.h>

#include "report.h"
#include "session.h"

#define TICK_EVENTS 4096
#define IDLE_MS 100 /* how long what is printed may stay behind what happens */
#define DRAIN_NS (5 * UINT64_C(1000000000))
#define HOLD_DIGEST_MS 1000

uint64_t session_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

/* ---- an event ------------------------------------------------------------------ */

/* What a filter lets pass, written and shown. */
static int take_match(struct session *s, const struct saker_event *event,
		      const struct saker_event_meta *meta, struct saker_record *record)
{
	struct saker_event_view decoded;
	const struct saker_event_view *view = &decoded;
	int r = 0;

	s->n_matched++;
	if (s->dump)
		r = dump_event(s->dump, event, meta);
	if (r < 0 || !s->view)
		return r;
	if (record)
		view = saker_record_event(record);
	else if (saker_event_decode(event, event->len, &decoded) < 0)
		return 0; /* one of our own companions: it belongs to the event before */
	r = s->view->event(s->view_self, view, meta, record);
	s->n_shown += r > 0;
	return r < 0 ? r : 0;
}

static inline bool is_event(const struct saker_event *event, const struct saker_event_meta *meta)
{
	return event->type < SAKER_EVENT_CODES &&
	       !(meta->flags & (SAKER_EVENT_META_INITIAL | SAKER_EVENT_META_STATE_ONLY));
}

static void count_event(struct session *s, const struct saker_event *event)
{
	s->n_events++;
	if (!s->first_ts || event->ts < s->first_ts)
		s->first_ts = event->ts;
	if (event->ts > s->last_ts)
		s->last_ts = event->ts;
}

/* One that a reader of the capture sees. */
static int take_record(struct session *s, const struct saker_event *event,
		       const struct saker_event_meta *meta, struct saker_record *record)
{
	bool matches = true;

	count_event(s, event);
	if (s->self_tid && event->tid == (uint64_t)s->self_tid) {
		s->n_own++;
		matches = false;
	} else if (s->filter) {
		matches = saker_filter_eval(s->filter, record) == 1;
	}
	if (likely(matches))
		return take_match(s, event, meta, record);
	return s->dump ? dump_state_event(s->dump, event, meta) : 0;
}

/* 0, or a negative errno. */
static int take_event(struct session *s, const struct saker_event *event,
		      const struct saker_event_meta *meta)
{
	struct saker_record *record = NULL;
	int r;

	if (s->state) {
		r = saker_state_apply(s->state, event, meta, &record);
		if (r == -EBADMSG) {
			s->n_malformed++;
			return 0;
		}
		if (r < 0)
			return r;
		if (r == 0)
			record = NULL;
	}
	if (!is_event(event, meta) || (s->state && !record))
		return s->dump ? dump_state_event(s->dump, event, meta) : 0;
	return take_record(s, event, meta, record);
}

/* What container runtimes have told: for the state, and for whoever replays what is written. */
static int take_answers(struct session *s)
{
	struct saker_container_answer answer;
	struct saker_event_meta meta = {0};
	int r = 0;

	while (r == 0 && saker_containers_next(s->containers, s->last_ts, &answer) == 1) {
		struct saker_record *record;
		bool seen;

		if (!answer.event) {
			saker_state_forgo_container(s->state, answer.id, answer.id_len);
			continue;
		}
		meta.flags = answer.state_only ? SAKER_EVENT_META_STATE_ONLY : 0;
		seen = saker_state_apply(s->state, answer.event, &meta, &record) == 1;
		if (seen) {
			count_event(s, answer.event);
			seen = !s->filter || saker_filter_eval(s->filter, record) == 1;
		}
		if (seen) {
			r = take_match(s, answer.event, &meta, record);
		} else if (s->dump) {
			meta.flags = SAKER_EVENT_META_STATE_ONLY;
			r = dump_state_event(s->dump, answer.event, &meta);
		}
	}
	return r;
}

static int take_digests(struct session *s)
{
	struct saker_event_meta meta = {.flags = SAKER_EVENT_META_STATE_ONLY};
	const struct saker_event *event;
	struct saker_record *record;
	int r = 0;

	while (r == 0 && saker_digests_next(s->digests, s->last_ts, &event) == 1) {
		saker_state_apply(s->state, event, &meta, &record);
		if (s->dump)
			r = dump_state_event(s->dump, event, &meta);
	}
	return r;
}

/* What waited for the digest of an executable. flush: no longer. */
static int take_held(struct session *s, bool flush)
{
	const struct saker_event_meta meta = {0};
	struct saker_record *record;
	int r = 0;

	while (r == 0 && saker_state_held(s->state, flush, &record) == 1)
		r = take_record(s, saker_record_event(record)->event, &meta, record);
	return r;
}

/* ---- the loop -------------------------------------------------------------------- */

static inline bool is_enough(const struct session *s)
{
	uint64_t n = s->view ? s->n_shown : s->n_matched;

	return s->options->count && n >= s->options->count;
}

static int tick(struct session *s, bool idle)
{
	uint64_t now = session_now();
	int r = 0;

	/* A burst now and then is no reason to flush after each of them. */
	idle = idle || now - s->flushed >= IDLE_MS * UINT64_C(1000000);
	if (idle)
		s->flushed = now;
	if (s->view && s->view->tick)
		r = s->view->tick(s->view_self, now, idle);
	if (r == 0 && s->dump && idle)
		r = dump_tick(s->dump, now);
	account_progress(s, now);
	return r;
}

/* SIGHUP means that the terminal is gone; for the rest of control's signals we have no use. */
static inline bool shall_stop(struct session *s)
{
	return unlikely(atomic_load_explicit(&s->control.any, memory_order_relaxed)) &&
	       (atomic_load(&s->control.stop) || atomic_load(&s->control.reload));
}

/* Until the end of the file, a signal, -n or a failure. 0 or a negative errno. */
static int loop(struct session *s)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	uint32_t since = 0;
	int wait = 0, r;

	while (!shall_stop(s) && !is_enough(s)) {
		r = saker_capture_next(s->capture, wait, &event, &meta);
		if (r == 1) {
			r = take_event(s, event, &meta);
			if (r == 0 && ++since >= TICK_EVENTS) {
				r = tick(s, false);
				since = 0;
			}
			wait = 0;
		} else if (r == 0) {
			r = tick(s, wait != 0);
			wait = IDLE_MS;
		} else if (r == -ENODATA) {
			return 0;
		}
		if (r == 0 && s->containers)
			r = take_answers(s);
		if (r == 0 && s->digests)
			r = take_digests(s);
		if (r == 0 && s->digests)
			r = take_held(s, false);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What was in the rings when the probe was detached still happened before. */
static int drain(struct session *s)
{
	uint64_t deadline = session_now() + DRAIN_NS;
	const struct saker_event *event;
	struct saker_event_meta meta;
	int r = saker_capture_stop(s->capture);

	while (r >= 0 && !is_enough(s) && session_now() < deadline) {
		r = saker_capture_next(s->capture, 100, &event, &meta);
		if (r == 1)
			r = take_event(s, event, &meta);
	}
	if (s->containers && (r >= 0 || r == -ENODATA))
		r = take_answers(s);
	if (s->digests && (r >= 0 || r == -ENODATA))
		r = take_digests(s);
	if (s->digests && r == 0)
		r = take_held(s, true);
	return r == -ENODATA || r >= 0 ? 0 : r;
}

/* ---- opening ------------------------------------------------------------------------ */

static int open_filter(struct session *s)
{
	int r;

	if (!s->options->filter)
		return 0;
	s->say.subject = "filter";
	r = saker_filter_compile(saker_enrich_catalogue(), s->options->filter, say_diag, &s->say,
				 &s->filter);
	if (r < 0 && s->say.errors == 0)
		say_error(&s->say, "the filter cannot be used: %s", strerror(-r));
	s->say.subject = NULL;
	return r;
}

static int open_view(struct session *s)
{
	static const struct view *const views[] = {
		[EVTCAP_SHOW] = &view_show,
		[EVTCAP_INFO] = &view_info,
		[EVTCAP_TOP] = &view_top,
		[EVTCAP_SUMMARY] = &view_summary,
	};

	if (s->options->mode == EVTCAP_SHOW && s->options->write && !s->options->print)
		return 0;
	s->view = views[s->options->mode];
	return s->view->open(s, &s->view_self);
}

/* A capture is for whoever reads it later; on a terminal only what is shown costs. */
static bool wants_realpath(const struct session *s)
{
	const struct evtcap_options *o = s->options;

	return o->write || (o->filter && strstr(o->filter, "fd.realpath")) ||
	       (o->format && strstr(o->format, "fd.realpath")) ||
	       (o->fields && strstr(o->fields, "fd.realpath"));
}

static int open_capture(struct session *s)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;
	struct wanted wanted;
	int r;

	if (!s->options->read) {
		r = select_events(s, &wanted);
		if (r < 0)
			return r;
		options.selection = &wanted.selection;
	}
	options.file = s->options->read;
	options.engine = s->options->read     ? "scap"
			 : s->options->engine ? s->options->engine
					      : "ebpf";
	options.poll_ns = s->options->poll_ms * UINT64_C(1000000);
	options.snaplen = s->options->snaplen;
	options.dynamic_snaplen = s->options->dynamic_snaplen;
	options.fullcapture_port_first = s->options->port_first;
	options.fullcapture_port_last = s->options->port_last;
	options.realpath = wants_realpath(s);
	options.diag = say_diag;
	options.diag_userdata = &s->say;
	r = saker_capture_open(&options, &s->capture);
	if (r < 0) {
		if (s->say.errors == 0)
			say_error(&s->say, "the capture cannot be opened: %s", strerror(-r));
		if (r == -EPERM && !s->options->read)
			say_line(&s->say, "without rights: evtcap -r FILE reads a capture, evtcap "
					  "--engine procfs shows what begins and ends");
		return -ENODEV;
	}
	return 0;
}

static int refill(void *userdata, int64_t tid, saker_capture_event_fn fn, void *fn_userdata)
{
	struct session *s = userdata;

	return saker_capture_refill(s->capture, tid, fn, fn_userdata);
}

static int tell_state(struct session *s)
{
	struct saker_interface interface;
	struct saker_account account;
	struct saker_machine machine;
	int r = 0;

	if (saker_capture_machine(s->capture, &machine) == 0)
		r = saker_state_set_machine(s->state, &machine);
	for (uint32_t i = 0; r == 0 && saker_capture_interface(s->capture, i, &interface) == 1; i++)
		r = saker_state_add_interface(s->state, &interface);
	/* More addresses or accounts than the state keeps: the first ones do. */
	if (r == -E2BIG)
		r = 0;
	for (uint32_t i = 0; r == 0 && saker_capture_account(s->capture, i, &account) == 1; i++)
		r = saker_state_add_account(s->state, &account);
	return r == -E2BIG ? 0 : r;
}

static int ask_container(void *userdata, const char *id, size_t len, int type)
{
	struct session *s = userdata;

	return saker_containers_ask(s->containers, id, len, type);
}

static void ask_accounts(void *userdata, const char *id, size_t len, int64_t tid)
{
	struct session *s = userdata;

	saker_containers_ask_accounts(s->containers, id, len, tid);
}

static void interrupt(void *userdata)
{
	struct session *s = userdata;

	saker_capture_interrupt(s->capture);
}

/* Where there is no runtime now, containers are known by their ids. */
static int open_containers(struct session *s)
{
	struct saker_containers_options options = SAKER_CONTAINERS_OPTIONS_INIT;
	int r;

	options.notify = interrupt;
	options.notify_userdata = s;
	r = saker_containers_new(&options, &s->containers);
	if (r == 0 && saker_containers_any(s->containers) == 0)
		s->containers = saker_containers_free(s->containers);
	return r == -ENOTSUP ? 0 : r;
}

static int ask_digest(void *userdata, const struct saker_exe *exe)
{
	struct session *s = userdata;

	return saker_digests_ask(s->digests, exe);
}

/* Reading every executable is worth it only where somebody looks. */
static int open_digests(struct session *s)
{
	const char *const texts[] = {s->options->filter, s->options->format, s->options->fields};
	struct saker_digests_options options = SAKER_DIGESTS_OPTIONS_INIT;

	options.notify = interrupt;
	options.notify_userdata = s;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i] && strstr(texts[i], "proc.exe_hash"))
			return saker_digests_new(&options, &s->digests);
	}
	return 0;
}

static int open_state(struct session *s)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	bool live = !s->options->read;
	int r = live ? open_containers(s) : 0;

	if (r == 0 && live)
		r = open_digests(s);
	if (r < 0) {
		say_error(&s->say, "containers and executables cannot be asked about: %s",
			  strerror(-r));
		return r;
	}
	/*
	 * A copy needs none, and is several times as fast; but a capture is worth more with its
	 * containers' names, and those are asked for by the state; and each of several files
	 * begins with the state of its time, which live is read from the machine.
	 */
	if (!s->filter && (!s->view || s->view->no_state) && !s->containers &&
	    (live || !(s->options->file_bytes || s->options->file_ns)))
		return 0;
	if (s->digests) {
		options.ask_digest = ask_digest;
		options.ask_digest_userdata = s;
		/* What is written keeps its order. */
		options.hold_digest_ms = s->options->write ? 0 : HOLD_DIGEST_MS;
	}
	if (s->containers) {
		options.ask_container = ask_container;
		options.ask_accounts = ask_accounts;
		options.ask_container_userdata = s;
	}
	options.offline = !live;
	options.refill = live ? refill : NULL;
	options.refill_userdata = s;
	r = saker_state_new(&options, &s->state);
	if (r == 0)
		r = tell_state(s);
	if (r < 0)
		say_error(&s->say, "the state cannot be kept: %s", strerror(-r));
	return r;
}

/* ---- all of it ------------------------------------------------------------------------- */

static int finish(struct session *s, int failed)
{
	int r = 0;

	account_progress_end(s);
	if (s->view && failed != -EPIPE)
		r = s->view->finish(s->view_self);
	if (failed == 0)
		failed = r;
	if (s->dump) {
		r = dump_finish(s->dump);
		if (failed == 0)
			failed = r;
	}
	if (failed && failed != -EPIPE && s->say.errors == 0)
		say_error(&s->say, "stopped by a failure: %s", strerror(-failed));
	if (!s->options->quiet)
		account_print(s);
	/* `evtcap | head` is how one looks at the first lines. */
	return failed && failed != -EPIPE ? EVTCAP_FAILED : EVTCAP_OK;
}

static int run(struct session *s)
{
	int r, failed;

	if (open_filter(s) < 0 || open_view(s) < 0)
		return EVTCAP_BAD_FILTER;
	r = open_capture(s);
	if (r < 0)
		return r == -ENODEV ? EVTCAP_NO_CAPTURE : EVTCAP_BAD_FILTER;
	control_attach(&s->control, s->capture);
	if (open_state(s) < 0)
		return EVTCAP_FAILED;
	if (s->options->write &&
	    dump_open(s->options, s->capture, s->state, !s->options->read, &s->say, &s->dump) < 0)
		return EVTCAP_FAILED;
	s->started = s->flushed = session_now();
	if (!s->options->read && !s->options->quiet)
		say_line(&s->say, "capturing; Ctrl-C ends it");
	failed = loop(s);
	r = drain(s);
	return finish(s, failed ? failed : r);
}

static void fini(struct session *s)
{
	control_attach(&s->control, NULL);
	if (s->view_self)
		s->view->close(s->view_self);
	dump_close(s->dump);
	saker_containers_free(s->containers);
	saker_digests_free(s->digests);
	saker_state_free(s->state);
	saker_filter_free(s->filter);
	saker_capture_close(s->capture);
}

static bool colours(enum evtcap_colour when, FILE *stream)
{
	if (when != EVTCAP_COLOUR_AUTO)
		return when == EVTCAP_COLOUR_ALWAYS;
	return report_colour(stream);
}

int session_run(const struct evtcap_options *options)
{
	struct session s = {.options = options};
	int r, result;

	s.say.out = stderr;
	s.say.colour = colours(options->colour, stderr);
	s.colour = colours(options->colour, stdout);
	s.self_tid = options->self || options->read ? 0 : gettid();
	r = control_start(&s.control);
	if (r < 0) {
		say_error(&s.say, "signals cannot be watched: %s", strerror(-r));
		return EVTCAP_FAILED;
	}
	result = run(&s);
	fini(&s);
	control_stop(&s.control);
	return result;
}
