// SPDX-License-Identifier: Apache-2.0
/*
 * The live engine: loads the probe, attaches it, yields first what exists
 * already and then what happens, merged in order of time.
 *
 * Events wait until no older one can come: all rings have something later, or
 * order_ns has passed. When nothing waits the reader sleeps on the rings; the
 * probe wakes it for urgent events or when enough has gathered, and otherwise
 * it looks by itself every EBPF_MAX_SLEEP_MS.
 */
#include "engine_ebpf.h"
#include "engine_ebpf_iter.h"
#include "machine.h"

#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

struct ebpf_engine {
	struct ebpf_probe probe;
	struct capture_merge merge;
	struct ebpf_iter iter;
	int epoll;
	int interrupt; /* eventfd, in the epoll set */
	uint64_t order_ns;
	uint64_t wakeups;
	uint32_t sleep;			   /* odd while asleep */
	uint16_t told;			   /* what companions would say: flags of an event's meta */
	const struct saker_event *pending; /* taken from the rings, and a loss goes before it */
	uint16_t pending_cpu;
	uint64_t looked;	 /* whatever was lost until then has been told */
	struct ebpf_told *known; /* of losses, one a CPU */
	bool initial;		 /* the state at the start is not all out yet */
	bool stopped;
	bool settled; /* nothing can come any more that is not in the rings */
	struct ifaddrs *interfaces;
	struct saker_machine machine;
	uint8_t loss[CAPTURE_LOSS_MAX];
	uint8_t copy[PROBE_EVENT_MAX]; /* of an event that is for the state alone */
};

/* As events count time. */
static uint64_t now_ns(const struct ebpf_engine *e)
{
	return machine_boot_ns() + e->probe.switches->epoch_offset;
}

/* ---- opening ----------------------------------------------------------------------------- */

static int bad_option(struct saker_capture *capture, const char *name, const char *range)
{
	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_BAD_OPTION", "", range,
		     "the option %s is out of range", name);
	return -EINVAL;
}

/* Fills in what was left to us and refuses what cannot be. */
static int check_options(struct saker_capture *capture, struct saker_capture_options *o)
{
	if (!o->ring_bytes)
		o->ring_bytes = EBPF_DEFAULT_RING;
	if (!o->cpus_per_ring)
		o->cpus_per_ring = 1;
	if (!o->snaplen)
		o->snaplen = EBPF_DEFAULT_SNAPLEN;
	if (!o->order_ns)
		o->order_ns = EBPF_DEFAULT_ORDER_NS;
	if (!o->reserve_percent)
		o->reserve_percent = EBPF_DEFAULT_RESERVE;
	if (o->reserve_percent > EBPF_MAX_RESERVE)
		return bad_option(capture, "reserve_percent", "at most 90 per cent");
	if (o->fullcapture_port_first > o->fullcapture_port_last)
		return bad_option(capture, "fullcapture_port", "the first port is above the last");
	if (o->ring_bytes & (o->ring_bytes - 1) ||
	    o->ring_bytes < (uint64_t)sysconf(_SC_PAGESIZE) || o->ring_bytes > EBPF_MAX_RING)
		return bad_option(capture, "ring_bytes", "a power of two, from one page to 1 GiB");
	if (o->snaplen > EBPF_MAX_SNAPLEN)
		return bad_option(capture, "snaplen", "at most 65000 bytes");
	if (o->order_ns > UINT64_C(10000000000))
		return bad_option(capture, "order_ns", "at most ten seconds");
	return 0;
}

static int open_wait(struct ebpf_engine *e)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
	uint32_t i;

	e->interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->interrupt < 0 || e->epoll < 0 ||
	    epoll_ctl(e->epoll, EPOLL_CTL_ADD, e->interrupt, &event) < 0)
		return -errno;
	for (i = 0; i < e->probe.n_rings; i++) {
		event.data.u32 = i;
		if (epoll_ctl(e->epoll, EPOLL_CTL_ADD, e->probe.ring_fds[i], &event) < 0)
			return -errno;
	}
	return 0;
}

static void engine_close(struct saker_capture *capture)
{
	struct ebpf_engine *e = capture->priv;

	if (!e)
		return;
	ebpf_iter_close(&e->iter);
	ebpf_probe_fini(&e->probe);
	capture_merge_fini(&e->merge);
	if (e->epoll >= 0)
		close(e->epoll);
	if (e->interrupt >= 0)
		close(e->interrupt);
	if (e->interfaces)
		freeifaddrs(e->interfaces);
	free(e->known);
	free(e);
	capture->priv = NULL;
}

static int engine_want_realpath(struct saker_capture *capture, bool realpath)
{
	struct ebpf_engine *e = capture->priv;

	e->probe.switches->realpath = realpath;
	e->told = SAKER_EVENT_META_NOTED | (realpath ? SAKER_EVENT_META_REALPATH : 0);
	return 0;
}

static int start(struct saker_capture *capture, struct ebpf_engine *e,
		 const struct saker_capture_options *options)
{
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;
	struct saker_syscall_set set = {0};
	int r = 0;

	if (options->selection)
		r = capture_copy_selection(options->selection, &selection);
	if (r < 0)
		return bad_option(capture, "selection", "its size is not set, or a list is NULL");
	if (!selection.syscalls)
		selection.syscalls = options->syscalls;
	if (selection.syscalls)
		set = *selection.syscalls;
	else
		saker_syscall_set_add_name(&set, "state");
	r = ebpf_diag_requirements(capture);
	if (r >= 0)
		r = ebpf_probe_load(capture, &e->probe, options, &set);
	if (r < 0)
		return r;
	e->known = calloc(e->probe.n_cpus, sizeof(*e->known));
	if (!e->known)
		return -ENOMEM;
	machine_read(&e->machine, e->probe.switches->epoch_offset);
	r = capture_merge_init(&e->merge, e->probe.rings, e->probe.n_rings);
	if (r >= 0)
		r = open_wait(e);
	if (r < 0) {
		ebpf_diag_failure(capture, "wait for events", -r, NULL);
		return r;
	}
	engine_want_realpath(capture, options->realpath);
	/* Before the rest is on: its loading is many calls of our own. */
	ebpf_uring_load(capture, &e->probe, &set);
	/* What exists is read behind this point: no process falls in between. */
	selection.syscalls = &set;
	r = ebpf_probe_select(capture, &e->probe, &selection);
	if (r < 0)
		return r;
	e->initial = !options->no_initial_state;
	if (!e->initial)
		return 0;
	r = ebpf_iter_open(capture, &e->iter, e->probe.switches->epoch_offset);
	return r < 0 ? r : ebpf_iter_start(&e->iter, 0);
}

static int engine_open(struct saker_capture *capture, const struct saker_capture_options *user)
{
	struct saker_capture_options options = *user;
	struct ebpf_log_scope scope;
	struct ebpf_engine *e;
	int r = check_options(capture, &options);

	if (r < 0)
		return r;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->epoll = e->interrupt = -1;
	e->order_ns = options.order_ns;
	ebpf_probe_init(&e->probe);
	ebpf_iter_init(&e->iter);
	capture->priv = e;
	scope = ebpf_log_begin(capture);
	r = start(capture, e, &options);
	ebpf_log_end(&scope);
	if (r < 0)
		engine_close(capture);
	/* Loading took many times the memory that running takes. */
	malloc_trim(0);
	return r;
}

/* ---- events -------------------------------------------------------------------------------- */

/* All counted events have been handed out or counted as dropped. */
static bool drained(struct saker_capture *capture, struct ebpf_engine *e)
{
	uint64_t seen = 0, dropped = 0;
	uint32_t cpu, i, j;

	for (cpu = 0; cpu < e->probe.n_cpus; cpu++) {
		for (i = 0; i < PROBE_CLASSES; i++) {
			seen += e->probe.cpus[cpu].seen[i] - e->probe.cpus[cpu].sampled[i];
			for (j = 0; j < PROBE_REASONS; j++)
				dropped += e->probe.cpus[cpu].dropped[j][i];
		}
	}
	return seen == dropped + capture->delivered;
}

static int poll_interrupt(struct ebpf_engine *e, uint64_t ns)
{
	struct pollfd fd = {.fd = e->interrupt, .events = POLLIN};
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000),
			     .tv_nsec = (long)(ns % 1000000000)};
	uint64_t count;

	if (ppoll(&fd, 1, &t, NULL) <= 0)
		return 0;
	return read(e->interrupt, &count, sizeof(count)) > 0;
}

/*
 * Sleeps on the rings; 1: was interrupted. epoll learns of data only by the
 * probe's wake-ups, and those are for readers that said they sleep: so it is
 * said first, then looked once more.
 */
static int sleep_on_rings(struct ebpf_engine *e, uint64_t ns)
{
	volatile unsigned int *sleep = &e->probe.switches->sleep;
	uint64_t max_ns = (uint64_t)EBPF_MAX_SLEEP_MS * 1000000;
	struct epoll_event events[8];
	uint64_t count;
	int i, n = 0;

	capture_merge_release(&e->merge);
	*sleep = ++e->sleep;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	capture_merge_look(&e->merge, 0);
	if (capture_merge_oldest(&e->merge) == UINT64_MAX)
		n = epoll_wait(e->epoll, events, ARRAY_SIZE(events),
			       (int)((MIN(ns, max_ns) + 999999) / 1000000));
	*sleep = ++e->sleep;
	e->wakeups += n > 0;
	for (i = 0; i < n; i++)
		if (events[i].data.u32 == UINT32_MAX)
			return read(e->interrupt, &count, sizeof(count)) > 0;
	return 0;
}

/* Waits for something to become due, until the deadline. 1: interrupted; 0: look again. */
static int wait_due(struct ebpf_engine *e, uint64_t now, uint64_t deadline)
{
	uint64_t oldest = capture_merge_oldest(&e->merge);
	uint64_t left = deadline - now;

	/* Not on the rings: what is held back is due sooner than anything there. */
	if (oldest != UINT64_MAX) {
		uint64_t due = oldest + e->order_ns;
		uint64_t rest = due > now ? due - now : 0;

		/* Events fall due one by one: not a wake-up, and a look at busy CPUs' rings, for
		 * each. */
		return poll_interrupt(e, MIN(MAX(rest, EBPF_MIN_REST_NS), left));
	}
	return sleep_on_rings(e, left);
}

/* What the probe marked comes without the mark, as a copy: the ring is not ours to write to. */
static const struct saker_event *take_state_only(struct ebpf_engine *e,
						 const struct saker_event *event,
						 struct saker_event_meta *meta)
{
	uint32_t len = event->len & ~PROBE_LEN_STATE_ONLY;
	struct saker_event *copy = (void *)e->copy;

	memcpy(copy, event, MIN(len, (uint32_t)sizeof(e->copy)));
	copy->len = len;
	meta->flags |= SAKER_EVENT_META_STATE_ONLY;
	return copy;
}

/*
 * Whether something was lost before ts that has not been told. What is lost is counted before
 * anything later on its CPU is submitted, so a look after an event was found sees all that
 * comes before it. ts 0: at all.
 */
static bool tell_loss(struct ebpf_engine *e, uint64_t ts, const struct saker_event **ret_event,
		      struct saker_event_meta *ret_meta)
{
	struct saker_loss loss = SAKER_LOSS_INIT;

	if (likely(ts && ts <= e->looked))
		return false;
	e->looked = now_ns(e);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (likely(!ebpf_loss_look(&e->probe, e->known, &loss)))
		return false;
	loss.until = now_ns(e);
	*ret_event = capture_loss_build(&loss, ts ? ts : loss.until, e->loss);
	ret_meta->cpu = 0;
	ret_meta->flags = SAKER_EVENT_META_STATE_ONLY | e->told;
	return true;
}

/* The next of the rings; a look at them when nothing is known of there. */
static const struct saker_event *take_next(struct ebpf_engine *e, uint64_t *ret_now, uint16_t *cpu)
{
	const struct saker_event *event = e->pending;

	if (event) {
		e->pending = NULL;
		*cpu = e->pending_cpu;
		return event;
	}
	event = capture_merge_next(&e->merge, cpu);
	if (event)
		return event;
	*ret_now = now_ns(e);
	capture_merge_look(&e->merge, e->stopped ? UINT64_MAX : *ret_now - e->order_ns);
	return capture_merge_next(&e->merge, cpu);
}

static int engine_next_live(struct saker_capture *capture, struct ebpf_engine *e, int timeout_ms,
			    const struct saker_event **ret_event, struct saker_event_meta *ret_meta)
{
	uint64_t deadline = 0;

	for (;;) {
		uint64_t now = 0;
		const struct saker_event *event = take_next(e, &now, &ret_meta->cpu);
		uint16_t cpu = ret_meta->cpu;

		if (tell_loss(e, event ? event->ts : 0, ret_event, ret_meta)) {
			e->pending = event;
			e->pending_cpu = cpu;
			return 1;
		}
		if (event) {
			ret_meta->flags = e->told;
			*ret_event = unlikely(event->len & PROBE_LEN_STATE_ONLY)
					     ? take_state_only(e, event, ret_meta)
					     : event;
			ret_meta->companion = capture_ring_companion(event, (*ret_event)->len);
			return 1;
		}
		if (e->stopped && (e->settled || drained(capture, e)))
			return -ENODATA;
		if (!timeout_ms)
			return 0;
		if (!deadline)
			deadline =
				timeout_ms < 0 ? UINT64_MAX : now + (uint64_t)timeout_ms * 1000000;
		if (now >= deadline || wait_due(e, now, deadline) > 0)
			return 0;
	}
}

static int engine_next(struct saker_capture *capture, int timeout_ms,
		       const struct saker_event **ret_event, struct saker_event_meta *ret_meta)
{
	struct ebpf_engine *e = capture->priv;
	int r;

	if (e->initial) {
		r = ebpf_iter_next(&e->iter, ret_event);
		if (r < 0)
			return r;
		if (r > 0) {
			ret_meta->flags = SAKER_EVENT_META_INITIAL | e->told;
			return 1;
		}
		e->initial = false;
		ebpf_iter_stop(&e->iter);
	}
	return engine_next_live(capture, e, timeout_ms, ret_event, ret_meta);
}

static void engine_interrupt(struct saker_capture *capture)
{
	struct ebpf_engine *e = capture->priv;
	uint64_t one = 1;
	ssize_t n = write(e->interrupt, &one, sizeof(one));

	(void)n; /* full: then it is interrupted already */
}

static int engine_stop(struct saker_capture *capture)
{
	struct ebpf_engine *e = capture->priv;

	ebpf_probe_detach(&e->probe);
	e->settled = ebpf_probe_settle(&e->probe);
	e->stopped = true;
	return 0;
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

static int engine_want(struct saker_capture *capture, const struct saker_syscall_set *syscalls)
{
	struct ebpf_engine *e = capture->priv;
	struct ebpf_log_scope scope = ebpf_log_begin(capture);
	int r = ebpf_probe_want(capture, &e->probe, syscalls);

	ebpf_log_end(&scope);
	malloc_trim(0);
	return r;
}

static int engine_select(struct saker_capture *capture,
			 const struct saker_capture_selection *selection)
{
	struct ebpf_engine *e = capture->priv;
	struct ebpf_log_scope scope = ebpf_log_begin(capture);
	int r = ebpf_probe_select(capture, &e->probe, selection);

	ebpf_log_end(&scope);
	malloc_trim(0);
	return r;
}

static int engine_stats(struct saker_capture *capture, struct saker_capture_stats *stats)
{
	struct ebpf_engine *e = capture->priv;
	uint32_t cpu, i, j;

	for (cpu = 0; cpu < e->probe.n_cpus; cpu++) {
		const volatile struct probe_cpu *c = &e->probe.cpus[cpu];

		for (i = 0; i < PROBE_CLASSES; i++) {
			stats->seen_by[i] += c->seen[i];
			stats->sampled_by[i] += c->sampled[i];
			stats->filtered_by[i] += c->filtered[i];
			for (j = 0; j < PROBE_REASONS; j++)
				stats->dropped_by[j][i] += c->dropped[j][i];
		}
		stats->dropped_high += c->dropped_high;
	}
	for (i = 0; i < PROBE_CLASSES; i++)
		stats->seen += stats->seen_by[i];
	stats->out_of_order = e->merge.out_of_order;
	stats->wakeups = e->wakeups;
	stats->ring_bytes = e->probe.ring_size * e->probe.n_rings;
	stats->n_rings = e->probe.n_rings;
	return 0;
}

static int engine_refill(struct saker_capture *capture, int64_t tid, saker_capture_event_fn fn,
			 void *userdata)
{
	struct ebpf_engine *e = capture->priv;
	int r = 0;

	if (!e->iter.opened) {
		struct ebpf_log_scope scope = ebpf_log_begin(capture);

		r = ebpf_iter_open(capture, &e->iter, e->probe.switches->epoch_offset);
		ebpf_log_end(&scope);
		malloc_trim(0);
	}
	return r < 0 ? r : ebpf_iter_refill(&e->iter, tid, fn, userdata);
}

static int engine_machine(struct saker_capture *capture, struct saker_machine *ret_machine)
{
	struct ebpf_engine *e = capture->priv;

	*ret_machine = e->machine;
	return 0;
}

static int engine_interface(struct saker_capture *capture, uint32_t n,
			    struct saker_interface *ret_interface)
{
	struct ebpf_engine *e = capture->priv;

	return machine_interface(&e->interfaces, n, ret_interface);
}

const struct capture_engine capture_engine_ebpf = {
	.name = "ebpf",
	.description = "live, by an eBPF probe (needs root and a kernel with BTF)",
	.open = engine_open,
	.close = engine_close,
	.next = engine_next,
	.interrupt = engine_interrupt,
	.want = engine_want,
	.select = engine_select,
	.want_realpath = engine_want_realpath,
	.stop = engine_stop,
	.stats = engine_stats,
	.refill = engine_refill,
	.machine = engine_machine,
	.interface = engine_interface,
};
