// SPDX-License-Identifier: Apache-2.0
/*
 * The engine without a probe: looks at /proc now and then, for who may not load
 * one. First all that exists, as any live engine; then at each poll what is new
 * or gone, one process at a time so that little waits in memory.
 *
 * What it can know and what it cannot stands in capture.h, as users need it.
 */
#include "engine.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "machine.h"
#include "procfs_internal.h"
#include "procfs_life.h"
#include "procfs_track.h"

#define DEFAULT_POLL_NS UINT64_C(1000000000)
#define MIN_POLL_NS UINT64_C(10000000)
#define MAX_POLL_NS UINT64_C(3600000000000)
/* Of one process's files at once; what does not fit is looked up when it is asked for. */
#define QUEUE_MAX (8u << 20)

struct procfs_engine {
	struct procfs_scan *scan; /* all of it at the start; then of a poll, once it is needed */
	struct track track;
	DIR *processes; /* the poll under way */
	struct track_process *current;
	bool initial;
	bool stopped;
	uint64_t poll_ns;
	uint64_t next_poll; /* CLOCK_BOOTTIME, ns */
	uint64_t epoch_offset;
	uint64_t polls;
	uint64_t seen;
	uint64_t lost;	/* it was gone before it could be read, or is past a limit */
	uint8_t *queue; /* flags (u16) and event, one behind the other */
	size_t queued;
	size_t taken;
	size_t capacity;
	int interrupt; /* eventfd */
	struct ifaddrs *interfaces;
	struct saker_machine machine;
	uint8_t event[SAKER_EVENT_MAX_SIZE];
};

/* ---- the queue ---------------------------------------------------------------------- */

static void put(struct procfs_engine *e, const void *event, uint16_t flags)
{
	uint32_t len = ((const struct saker_event *)event)->len;
	size_t need = e->queued + sizeof(flags) + len;

	if (need > e->capacity) {
		size_t capacity = MIN(MAX(need, 2 * e->capacity), QUEUE_MAX);
		uint8_t *queue = need <= QUEUE_MAX ? realloc(e->queue, capacity) : NULL;

		if (!queue) {
			e->seen += !(flags & SAKER_EVENT_META_INITIAL);
			e->lost += !(flags & SAKER_EVENT_META_INITIAL);
			return;
		}
		e->queue = queue;
		e->capacity = capacity;
	}
	memcpy(e->queue + e->queued, &flags, sizeof(flags));
	memcpy(e->queue + e->queued + sizeof(flags), event, len);
	e->queued = need;
	e->seen += !(flags & SAKER_EVENT_META_INITIAL);
}

static bool take(struct procfs_engine *e, const struct saker_event **ret_event,
		 struct saker_event_meta *ret_meta)
{
	if (e->taken == e->queued) {
		e->taken = e->queued = 0;
		return false;
	}
	memcpy(&ret_meta->flags, e->queue + e->taken, sizeof(ret_meta->flags));
	*ret_event = (const void *)(e->queue + e->taken + sizeof(ret_meta->flags));
	e->taken += sizeof(ret_meta->flags) + (*ret_event)->len;
	return true;
}

/* ---- a process ------------------------------------------------------------------------ */

/* This poll's; sockets are looked up once in it. */
static struct procfs_scan *scan_of(struct procfs_engine *e)
{
	if (!e->scan && procfs_scan_new(0, e->epoch_offset, &e->scan) < 0)
		return NULL;
	return e->scan;
}

static uint64_t now(const struct procfs_engine *e)
{
	return machine_boot_ns() + e->epoch_offset;
}

static void opened(void *userdata, const char *name)
{
	struct procfs_engine *e = userdata;

	if (e->scan->files && procfs_file_build(e->scan, name))
		put(e, e->scan->event, SAKER_EVENT_META_INITIAL);
}

/* For the state alone: whether it was closed, or was to close at an exec, is not known. */
static void closed(void *userdata, uint32_t fd)
{
	struct procfs_engine *e = userdata;

	procfs_life_close(e->current->pid, fd, now(e), e->event);
	put(e, e->event, SAKER_EVENT_META_STATE_ONLY);
}

static void look_at_files(struct procfs_engine *e, struct track_process *p)
{
	const struct track_changes changes = {opened, closed, e};
	struct procfs_scan *scan = scan_of(e);

	if (!scan)
		return;
	scan->pid = p->pid;
	scan->ts = now(e);
	procfs_files_begin(scan);
	e->current = p;
	(void)track_files(&e->track, p, &changes); /* not ours to see, or gone meanwhile */
	procfs_files_end(scan);
}

/* The process itself as start-up state, then what it did. */
static void put_process(struct procfs_engine *e, uint32_t pid, bool executed)
{
	struct procfs_scan *scan = scan_of(e);
	int r = scan ? 0 : -ENOMEM;

	if (r == 0) {
		scan->pid = pid;
		scan->ts = now(e);
		r = procfs_thread_build(scan, pid);
		scan->want_files = false; /* look_at_files has them */
	}
	if (r == 0) {
		const struct saker_event *task = (const void *)scan->event;

		put(e, task, SAKER_EVENT_META_INITIAL);
		r = executed ? procfs_life_exec(task, e->event) : procfs_life_clone(task, e->event);
	}
	if (r == 0) {
		put(e, e->event, 0);
		return;
	}
	e->seen++;
	e->lost++;
}

static void put_exit(struct procfs_engine *e, struct track_process *p)
{
	procfs_life_exit(p->pid, now(e), e->event);
	put(e, e->event, 0);
	track_remove(&e->track, p);
}

/* Files have their turn when enough of them are left for this poll. */
static bool is_turn(struct procfs_engine *e, uint32_t pid)
{
	struct track *t = &e->track;

	if (t->files_over || pid < t->files_from)
		return false;
	if (t->files_left)
		return true;
	t->files_from = pid;
	t->files_over = true;
	return false;
}

static void look_at_known(struct procfs_engine *e, struct track_process *p,
			  const struct track_process *found)
{
	bool executed = track_runs_other(p, found);

	p->poll = e->track.poll;
	p->parent = found->parent;
	p->exe = found->exe;
	p->argv = found->argv;
	memcpy(p->comm, found->comm, sizeof(p->comm));
	if (executed)
		put_process(e, p->pid, true);
	if (executed || is_turn(e, p->pid))
		look_at_files(e, p);
}

static void look_at_new(struct procfs_engine *e, const struct track_process *found)
{
	struct track_process *parent = track_find(&e->track, found->parent), *p;
	bool executed = !parent || track_runs_other(parent, found) || parent->argv != found->argv;
	int r = track_add(&e->track, found, &p);

	if (r < 0) {
		e->seen++;
		e->lost++;
		return;
	}
	put_process(e, found->pid, executed);
	look_at_files(e, p);
}

static void look_at(struct procfs_engine *e, uint32_t pid)
{
	struct track_process *known = track_find(&e->track, pid), found;
	int r = track_read(pid, &found);

	/* A known one that is gone is found at the end of the poll; it has not ended if it is only
	 * that it cannot be read now. */
	if (r < 0) {
		if (known && r != -ESRCH && r != -ENOENT)
			known->poll = e->track.poll;
		return;
	}
	if (known && known->start != found.start) {
		put_exit(e, known); /* another process has its number by now */
		known = NULL;
	}
	if (known)
		look_at_known(e, known, &found);
	else
		look_at_new(e, &found);
}

/* ---- a poll ---------------------------------------------------------------------------- */

static int begin_poll(struct saker_capture *capture)
{
	struct procfs_engine *e = capture->priv;

	e->processes = opendir("/proc");
	if (!e->processes) {
		int r = -errno;

		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_PROCFS", "",
			     "is /proc still mounted?", "/proc cannot be read: %s", strerror(-r));
		return r;
	}
	e->polls++;
	e->track.poll++;
	e->track.files_left = TRACK_FILES_A_POLL;
	e->track.files_over = false;
	return 0;
}

/* complete: whoever was not seen is gone, and all had their turn. */
static void end_poll(struct procfs_engine *e, bool complete)
{
	for (uint32_t i = e->track.n; complete && i-- > 0;)
		if (e->track.v[i].poll != e->track.poll)
			put_exit(e, &e->track.v[i]);
	if (complete && !e->track.files_over)
		e->track.files_from = 0; /* from the first one again */
	closedir(e->processes);
	e->processes = NULL;
	e->scan = procfs_scan_free(e->scan);
	e->next_poll = machine_boot_ns() + e->poll_ns;
}

/* One process of the poll under way. */
static void step_poll(struct saker_capture *capture)
{
	struct procfs_engine *e = capture->priv;
	struct dirent *entry;
	int error;

	while (errno = 0, (entry = readdir(e->processes))) {
		char *end;
		unsigned long pid = strtoul(entry->d_name, &end, 10);

		if (pid && !*end && pid <= INT32_MAX) {
			look_at(e, (uint32_t)pid);
			return;
		}
	}
	error = errno;
	if (error)
		capture_diag(capture, SAKER_SEVERITY_WARNING, "CAPTURE_PROCFS", "",
			     "what was not looked at has its turn at the next poll",
			     "/proc could be read in part only: %s", strerror(error));
	end_poll(e, error == 0);
}

/* A process of the start-up scan is one to follow; its files are remembered, not told twice. */
static void remember(struct procfs_engine *e, const struct saker_event *event)
{
	struct track_process found, *p;

	if (event->type != SAKER_EV_ITER_TASK_E ||
	    saker_event_task_tid(event) != saker_event_task_pid(event) ||
	    track_read(saker_event_task_pid(event), &found) < 0)
		return;
	if (track_add(&e->track, &found, &p) == 0)
		(void)track_files(&e->track, p, NULL);
}

/* 1: an event of the start-up state; 0: they are all out. */
static int next_initial(struct procfs_engine *e, const struct saker_event **ret_event,
			struct saker_event_meta *ret_meta)
{
	int r = procfs_scan_next(e->scan, ret_event);

	if (r == 1) {
		remember(e, *ret_event);
		ret_meta->flags = SAKER_EVENT_META_INITIAL;
		return 1;
	}
	e->initial = false;
	e->scan = procfs_scan_free(e->scan);
	e->next_poll = machine_boot_ns() + e->poll_ns;
	return r;
}

/* 1: interrupted; 0: the time has come. */
static int wait_until(struct procfs_engine *e, uint64_t time_ns)
{
	struct pollfd fd = {.fd = e->interrupt, .events = POLLIN};
	uint64_t at = machine_boot_ns(), left = time_ns > at ? time_ns - at : 0, count;
	struct timespec t = {.tv_sec = (time_t)(left / 1000000000),
			     .tv_nsec = (long)(left % 1000000000)};

	if (ppoll(&fd, 1, &t, NULL) <= 0)
		return 0;
	return read(e->interrupt, &count, sizeof(count)) > 0;
}

static int engine_next(struct saker_capture *capture, int timeout_ms,
		       const struct saker_event **ret_event, struct saker_event_meta *ret_meta)
{
	struct procfs_engine *e = capture->priv;
	uint64_t deadline =
		timeout_ms < 0 ? UINT64_MAX : machine_boot_ns() + (uint64_t)timeout_ms * 1000000;
	int r;

	if (e->initial) {
		r = next_initial(e, ret_event, ret_meta);
		if (r)
			return r;
	}
	for (;;) {
		if (take(e, ret_event, ret_meta))
			return 1;
		if (e->processes) {
			step_poll(capture);
			continue;
		}
		if (e->stopped)
			return -ENODATA;
		if (machine_boot_ns() < e->next_poll) {
			r = wait_until(e, MIN(e->next_poll, deadline));
			if (r || machine_boot_ns() < e->next_poll)
				return 0; /* interrupted, or not within the time given */
		}
		r = begin_poll(capture);
		if (r < 0)
			return r;
	}
}

/* ---- opening ------------------------------------------------------------------------------ */

static void engine_close(struct saker_capture *capture)
{
	struct procfs_engine *e = capture->priv;

	if (!e)
		return;
	procfs_scan_free(e->scan);
	track_fini(&e->track);
	if (e->processes)
		closedir(e->processes);
	if (e->interrupt >= 0)
		close(e->interrupt);
	if (e->interfaces)
		freeifaddrs(e->interfaces);
	free(e->queue);
	free(e);
	capture->priv = NULL;
}

static int start(struct procfs_engine *e, const struct saker_capture_options *options)
{
	int r = track_init(&e->track);

	if (r < 0)
		return r;
	e->poll_ns = options->poll_ns ? options->poll_ns : DEFAULT_POLL_NS;
	e->epoch_offset = machine_epoch_offset();
	machine_read(&e->machine, e->epoch_offset);
	e->interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->interrupt < 0)
		return -errno;
	e->initial = true;
	return procfs_scan_new(0, e->epoch_offset, &e->scan);
}

static int engine_open(struct saker_capture *capture, const struct saker_capture_options *options)
{
	const struct saker_event *event;
	struct saker_event_meta meta;
	struct procfs_engine *e;
	int r;

	if (options->poll_ns &&
	    (options->poll_ns < MIN_POLL_NS || options->poll_ns > MAX_POLL_NS)) {
		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_BAD_OPTION", "",
			     "from ten milliseconds to an hour",
			     "the option poll_ns is out of range");
		return -EINVAL;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->interrupt = -1;
	capture->priv = e;
	r = start(e, options);
	/* Who wants no start-up state: then it is only remembered. */
	while (r >= 0 && options->no_initial_state && e->initial)
		r = next_initial(e, &event, &meta);
	if (r >= 0)
		return 0;
	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_PROCFS", "", "is /proc mounted?",
		     "/proc cannot be read: %s", strerror(-r));
	engine_close(capture);
	return r;
}

static void engine_interrupt(struct saker_capture *capture)
{
	struct procfs_engine *e = capture->priv;
	uint64_t one = 1;
	ssize_t n = write(e->interrupt, &one, sizeof(one));

	(void)n; /* full: then it is interrupted already */
}

static int engine_stop(struct saker_capture *capture)
{
	struct procfs_engine *e = capture->priv;

	e->stopped = true;
	return 0;
}

static int engine_stats(struct saker_capture *capture, struct saker_capture_stats *stats)
{
	struct procfs_engine *e = capture->priv;

	stats->seen = e->seen;
	stats->wakeups = e->polls;
	stats->dropped_by[SAKER_DROP_FAULT][SAKER_EVENT_CLASS_EXECVE] = e->lost;
	return 0;
}

static int engine_refill(struct saker_capture *capture, int64_t tid, saker_capture_event_fn fn,
			 void *userdata)
{
	struct procfs_engine *e = capture->priv;
	const struct saker_event *event;
	struct procfs_scan *scan;
	int r = procfs_scan_new(tid, e->epoch_offset, &scan);

	if (r < 0)
		return r;
	while (procfs_scan_next(scan, &event) == 1)
		fn(userdata, event);
	procfs_scan_free(scan);
	return 0;
}

static int engine_machine(struct saker_capture *capture, struct saker_machine *ret_machine)
{
	struct procfs_engine *e = capture->priv;

	*ret_machine = e->machine;
	return 0;
}

static int engine_interface(struct saker_capture *capture, uint32_t n,
			    struct saker_interface *ret_interface)
{
	struct procfs_engine *e = capture->priv;

	return machine_interface(&e->interfaces, n, ret_interface);
}

const struct capture_engine capture_engine_procfs = {
	.name = "procfs",
	.description = "polls /proc for processes and their files (no probe, no rights needed)",
	.open = engine_open,
	.close = engine_close,
	.next = engine_next,
	.interrupt = engine_interrupt,
	.stop = engine_stop,
	.stats = engine_stats,
	.refill = engine_refill,
	.machine = engine_machine,
	.interface = engine_interface,
};
