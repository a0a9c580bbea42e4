// SPDX-License-Identifier: Apache-2.0
/*
 * The handle: picks an engine from the table, checks arguments, counts what is
 * handed out. What an engine does is its own file.
 */
#include "engine.h"

#include <saker/event_codes.h>

#include <stdarg.h>
#include <stdio.h>

static const struct capture_engine *const engines[] = {
#ifdef HAVE_EBPF
	&capture_engine_ebpf,
#endif
	&capture_engine_procfs,
	&capture_engine_scap,
};

#define DIAG_MESSAGE_MAX 4096 /* bytes of a finding; the tail of a verifier's log fits */

void capture_diag(const struct saker_capture *capture, enum saker_severity severity, const char *id,
		  const char *file, const char *hint, const char *message, ...)
{
	char text[DIAG_MESSAGE_MAX];
	struct saker_diag diag = {
		.id = id,
		.severity = severity,
		.file = file,
		.message = text,
		.hint = hint,
		.snippet = "",
	};
	va_list args;

	if (!capture->diag)
		return;
	va_start(args, message);
	vsnprintf(text, sizeof(text), message, args);
	va_end(args);
	capture->diag(capture->diag_userdata, &diag);
}

static const struct capture_engine *find_engine(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(engines); i++)
		if (util_streq(engines[i]->name, name))
			return engines[i];
	return NULL;
}

/* Options of a caller that was built against another version of the header. */
static struct saker_capture_options copy_options(const struct saker_capture_options *from)
{
	struct saker_capture_options options = SAKER_CAPTURE_OPTIONS_INIT;

	if (from)
		memcpy(&options, from, MIN(from->size, sizeof(options)));
	options.size = sizeof(options);
	return options;
}

/* A selection of a caller that was built against another version of the header. */
int capture_copy_selection(const struct saker_capture_selection *from,
			   struct saker_capture_selection *ret)
{
	struct saker_capture_selection selection = SAKER_CAPTURE_SELECTION_INIT;

	if (from->size < sizeof(size_t))
		return -EINVAL;
	memcpy(&selection, from, MIN(from->size, sizeof(selection)));
	if ((selection.n_filters && !selection.filters) ||
	    (selection.n_samples && !selection.samples))
		return -EINVAL;
	*ret = selection;
	return 0;
}

static void warn_unfiltered(const struct saker_capture *capture,
			    const struct saker_capture_selection *user)
{
	struct saker_capture_selection selection;

	if (!user || capture->engine->select || capture_copy_selection(user, &selection) < 0 ||
	    (!selection.n_filters && !selection.n_samples))
		return;
	capture_diag(capture, SAKER_SEVERITY_WARNING, "CAPTURE_NOT_FILTERED", "",
		     "they are for the probe of a live capture: leave them out",
		     "the engine %s heeds no filters and no samples", capture->engine->name);
}

int saker_capture_open(const struct saker_capture_options *user_options,
		       struct saker_capture **ret_capture)
{
	struct saker_capture_options options;
	struct saker_capture *capture;
	const char *name;
	int r;

	if (!ret_capture || (user_options && user_options->size < sizeof(size_t)))
		return -EINVAL;
	options = copy_options(user_options);
	capture = calloc(1, sizeof(*capture));
	if (!capture)
		return -ENOMEM;
	capture->diag = options.diag;
	capture->diag_userdata = options.diag_userdata;
	capture->log = options.log;
	capture->log_userdata = options.log_userdata;

	name = options.engine ? options.engine : options.file ? "scap" : "ebpf";
	capture->engine = find_engine(name);
	if (!capture->engine) {
		capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_NO_ENGINE", "",
			     "the engines are ebpf (unless it was left out of this build), procfs "
			     "and scap",
			     "there is no capture engine '%s'", name);
		free(capture);
		return -ENOENT;
	}
	r = capture->engine->open(capture, &options);
	if (r < 0) {
		free(capture);
		return r;
	}
	warn_unfiltered(capture, options.selection);
	*ret_capture = capture;
	return 0;
}

struct saker_capture *saker_capture_close(struct saker_capture *capture)
{
	if (!capture)
		return NULL;
	capture->engine->close(capture);
	free(capture);
	return NULL;
}

int saker_capture_next(struct saker_capture *capture, int timeout_ms,
		       const struct saker_event **ret_event, struct saker_event_meta *ret_meta)
{
	struct saker_event_meta meta = {0};
	const struct saker_event *event;
	int r;

	if (unlikely(!capture || !ret_event || timeout_ms < -1))
		return -EINVAL;
	if (unlikely(capture->ended))
		return -ENODATA;
	r = capture->engine->next(capture, timeout_ms, &event, &meta);
	if (r == -ENODATA)
		capture->ended = true;
	if (r <= 0)
		return r;
	if (meta.flags & SAKER_EVENT_META_INITIAL)
		capture->initial++;
	else if (likely(event->type != SAKER_EV_OWN_LOSS_X))
		capture->delivered++;
	*ret_event = event;
	if (ret_meta)
		*ret_meta = meta;
	return 1;
}

void saker_capture_interrupt(struct saker_capture *capture)
{
	if (capture && capture->engine->interrupt)
		capture->engine->interrupt(capture);
}

/* 0, or why what is wanted cannot be changed. */
static int check_change(const struct saker_capture *capture, bool supported)
{
	if (!supported)
		return -ENOTSUP;
	if (!capture->stopped)
		return 0;
	capture_diag(capture, SAKER_SEVERITY_ERROR, "CAPTURE_STOPPED", "",
		     "change it before saker_capture_stop, or open another capture",
		     "the capture is stopped: what it wants cannot be changed");
	return -ESHUTDOWN;
}

int saker_capture_want(struct saker_capture *capture, const struct saker_syscall_set *syscalls)
{
	int r;

	if (!capture || !syscalls)
		return -EINVAL;
	r = check_change(capture, capture->engine->want != NULL);
	return r < 0 ? r : capture->engine->want(capture, syscalls);
}

int saker_capture_select(struct saker_capture *capture, const struct saker_capture_selection *user)
{
	struct saker_capture_selection selection;
	int r;

	if (!capture || !user || capture_copy_selection(user, &selection) < 0)
		return -EINVAL;
	r = check_change(capture, capture->engine->select != NULL);
	return r < 0 ? r : capture->engine->select(capture, &selection);
}

int saker_capture_want_realpath(struct saker_capture *capture, bool realpath)
{
	int r;

	if (!capture)
		return -EINVAL;
	r = check_change(capture, capture->engine->want_realpath != NULL);
	return r < 0 ? r : capture->engine->want_realpath(capture, realpath);
}

int saker_capture_stop(struct saker_capture *capture)
{
	int r;

	if (!capture)
		return -EINVAL;
	r = capture->engine->stop ? capture->engine->stop(capture) : 0;
	capture->stopped = r >= 0;
	return r;
}

int saker_capture_refill(struct saker_capture *capture, int64_t tid, saker_capture_event_fn fn,
			 void *userdata)
{
	if (!capture || !fn || tid <= 0 || tid > INT32_MAX)
		return -EINVAL;
	if (!capture->engine->refill)
		return -ENOTSUP;
	return capture->engine->refill(capture, tid, fn, userdata);
}

int saker_capture_stats(struct saker_capture *capture, struct saker_capture_stats *ret_stats)
{
	struct saker_capture_stats stats = {0};
	size_t size, i, j;
	int r;

	if (!capture || !ret_stats || ret_stats->size < sizeof(size_t))
		return -EINVAL;
	size = MIN(ret_stats->size, sizeof(stats));
	stats.delivered = capture->delivered;
	stats.initial = capture->initial;
	r = capture->engine->stats ? capture->engine->stats(capture, &stats) : 0;
	if (r < 0)
		return r;
	stats.dropped = 0;
	for (i = 0; i < SAKER_DROP_REASONS; i++)
		for (j = 0; j < SAKER_EVENT_CLASSES; j++)
			stats.dropped += stats.dropped_by[i][j];
	for (j = 0; j < SAKER_EVENT_CLASSES; j++) {
		stats.sampled += stats.sampled_by[j];
		stats.filtered += stats.filtered_by[j];
	}
	stats.size = size;
	memcpy(ret_stats, &stats, size);
	return 0;
}

int saker_capture_machine(struct saker_capture *capture, struct saker_machine *ret_machine)
{
	if (!capture || !ret_machine)
		return -EINVAL;
	return capture->engine->machine ? capture->engine->machine(capture, ret_machine) : -ENOTSUP;
}

int saker_capture_interface(struct saker_capture *capture, uint32_t n,
			    struct saker_interface *ret_interface)
{
	if (!capture || !ret_interface)
		return -EINVAL;
	return capture->engine->interface ? capture->engine->interface(capture, n, ret_interface)
					  : 0;
}

int saker_capture_account(struct saker_capture *capture, uint32_t n,
			  struct saker_account *ret_account)
{
	if (!capture || !ret_account)
		return -EINVAL;
	return capture->engine->account ? capture->engine->account(capture, n, ret_account) : 0;
}

const char *saker_drop_reason_name(enum saker_drop_reason reason)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		SAKER_DROP_REASON_LIST(X)
#undef X
	};

	return (size_t)reason < ARRAY_SIZE(names) ? names[reason] : NULL;
}

const char *saker_event_class_name(enum saker_event_class event_class)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		SAKER_EVENT_CLASS_LIST(X)
#undef X
	};

	return (size_t)event_class < ARRAY_SIZE(names) ? names[event_class] : NULL;
}
