/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said on standard error besides mistakes: at the end what was seen,
 * shown and lost, and while a file is read how far it is.
 */
#include <inttypes.h>

#include "session.h"

#define PROGRESS_NS UINT64_C(300000000)
#define BAR_COLUMNS 20

static void put_drops(struct session *s, const struct saker_capture_stats *stats)
{
	char text[512] = "";
	size_t len = 0;

	for (int reason = 0; reason < SAKER_DROP_REASONS; reason++) {
		uint64_t n = 0;

		for (int class = 0; class < SAKER_EVENT_CLASSES; class ++)
			n += stats->dropped_by[reason][class];
		if (n)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s%" PRIu64 " %s", len ? ", " : "",
				n, saker_drop_reason_name((enum saker_drop_reason)reason));
	}
	if (stats->dropped)
		say_warning(&s->say, "%" PRIu64 " events dropped: %s", stats->dropped, text);
	else if (!s->options->read)
		say_line(&s->say, "no events dropped");
}

static void put_dump(struct session *s)
{
	uint64_t written = s->n_matched - dump_n_unnamed(s->dump);
	uint32_t n = dump_n_files(s->dump);

	if (n > 1)
		say_line(&s->say,
			 "%" PRIu64 " events in %u files, %" PRIu64 " bytes; the last is %s",
			 written, n, dump_size(s->dump), dump_file(s->dump));
	else
		say_line(&s->say, "%" PRIu64 " events in %s, %" PRIu64 " bytes", written,
			 dump_file(s->dump), dump_size(s->dump));
	if (dump_n_state(s->dump))
		say_line(&s->say, "and %" PRIu64 " more for the state alone",
			 dump_n_state(s->dump));
	if (dump_n_unnamed(s->dump))
		say_line(&s->say,
			 "%" PRIu64 " of system calls that old sysdig cannot name left out",
			 dump_n_unnamed(s->dump));
}

void account_print(struct session *s)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	double seconds = (double)(session_now() - s->started) / 1e9;
	char sampled[64] = "";
	uint64_t pending;

	if (saker_capture_stats(s->capture, &stats) < 0)
		return;
	pending = stats.seen - MIN(stats.seen, stats.delivered + stats.dropped + stats.sampled);
	say_line(&s->say, "%" PRIu64 " events in %.1f s, %.0f a second", s->n_events, seconds,
		 seconds > 0 ? (double)s->n_events / seconds : 0);
	if (s->filter)
		say_line(&s->say, "%" PRIu64 " satisfied the filter", s->n_matched);
	if (s->view && s->n_shown != s->n_matched)
		say_line(&s->say, "%" PRIu64 " shown", s->n_shown);
	if (s->n_own)
		say_line(&s->say, "%" PRIu64 " of evtcap itself left out", s->n_own);
	if (s->dump)
		put_dump(s);
	if (s->n_malformed)
		say_warning(&s->say, "%" PRIu64 " malformed events passed over", s->n_malformed);
	if (stats.sampled)
		snprintf(sampled, sizeof(sampled), " + %" PRIu64 " left out by --sample",
			 stats.sampled);
	if (s->options->n_keep)
		say_line(&s->say, "%" PRIu64 " not kept (-k)", stats.filtered);
	if (!s->options->read)
		say_line(&s->say,
			 "%s: %" PRIu64 " seen = %" PRIu64 " delivered + %" PRIu64
			 " dropped%s + %" PRIu64 " not looked at",
			 s->options->engine ? s->options->engine : "kernel", stats.seen,
			 stats.delivered, stats.dropped, sampled, pending);
	put_drops(s, &stats);
}

/* "[#######             ]  35 %  "; the share may be past 1, when the file grows. */
static void put_bar(double share)
{
	char bar[BAR_COLUMNS + 1];

	share = MIN(share, 1.0);
	memset(bar, ' ', BAR_COLUMNS);
	memset(bar, '#', (size_t)(share * BAR_COLUMNS));
	bar[BAR_COLUMNS] = '\0';
	fprintf(stderr, "[%s] %3.0f %%  ", bar, 100.0 * share);
}

void account_progress(struct session *s, uint64_t now)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	double seconds;

	if (!s->options->read || s->options->quiet || now - s->progressed < PROGRESS_NS)
		return;
	/* On the same terminal events and this line would spoil each other. */
	if (!isatty(STDERR_FILENO) || (s->view && isatty(STDOUT_FILENO)))
		return;
	s->progressed = now;
	if (saker_capture_stats(s->capture, &stats) < 0)
		return;
	seconds = (double)(now - s->started) / 1e9;
	fprintf(stderr, "\r\x1b[K");
	if (stats.file_size)
		put_bar((double)stats.file_offset / (double)stats.file_size);
	fprintf(stderr, "%.1f million events, %.2f million a second", (double)s->n_events / 1e6,
		seconds > 0 ? (double)s->n_events / 1e6 / seconds : 0);
	if (stats.file_size && stats.file_offset && stats.file_offset < stats.file_size)
		fprintf(stderr, ", %.0f s left",
			seconds * (double)(stats.file_size - stats.file_offset) /
				(double)stats.file_offset);
	fflush(stderr);
	s->progress = true;
}

void account_progress_end(struct session *s)
{
	if (s->progress)
		fputs("\r\x1b[K", stderr);
	s->progress = false;
}
