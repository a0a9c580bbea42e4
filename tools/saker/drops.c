/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports lost events as Falco does: an internal alert with the counters, a log
 * line, or the end, limited by a token bucket.
 */
#include <stdio.h>
#include <time.h>

#include "drops.h"

#define SECOND UINT64_C(1000000000)
#define RULE "Falco internal: syscall event drop" /* the name that dashboards look for */

static void emit_alert(const struct saker_capture_stats *stats, uint64_t n_seen, uint64_t n_dropped,
		       struct saker_output *output, const char *hostname)
{
	struct saker_alert_field fields[2 + SAKER_DROP_REASONS];
	char names[SAKER_DROP_REASONS][48], message[160];
	struct saker_alert alert = {
		.rule = RULE,
		.priority = SAKER_PRIORITY_DEBUG,
		.source = "internal",
		.hostname = hostname,
		.message = message,
		.fields = fields,
	};
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	alert.time = (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
	snprintf(message, sizeof(message), RULE ". %llu system calls dropped in last second.",
		 (unsigned long long)n_dropped);
	fields[alert.n_fields++] = (struct saker_alert_field){
		.name = "n_drops", .value = saker_value_u64(SAKER_TYPE_U64, n_dropped)};
	/* By reason since the start; "n_drops_..." sorts before "n_evts". */
	for (unsigned int reason = 0; reason < SAKER_DROP_REASONS; reason++) {
		uint64_t n = 0;

		for (unsigned int i = 0; i < SAKER_EVENT_CLASSES; i++)
			n += stats->dropped_by[reason][i];
		snprintf(names[reason], sizeof(names[reason]), "n_drops_%s_total",
			 saker_drop_reason_name((enum saker_drop_reason)reason));
		fields[alert.n_fields++] = (struct saker_alert_field){
			.name = names[reason], .value = saker_value_u64(SAKER_TYPE_U64, n)};
	}
	fields[alert.n_fields++] = (struct saker_alert_field){
		.name = "n_evts", .value = saker_value_u64(SAKER_TYPE_U64, n_seen)};
	saker_output_emit(output, &alert);
}

enum drops_verdict drops_judge(struct drops *d, uint64_t now, uint64_t seen, uint64_t dropped,
			       const struct config *config, uint64_t *ret_seen,
			       uint64_t *ret_dropped)
{
	*ret_seen = seen - d->seen;
	*ret_dropped = dropped - d->dropped;
	if (!d->checked)
		d->tokens = config->drop_burst;
	else
		d->tokens = MIN(config->drop_burst,
				d->tokens + (double)(now - d->checked) / 1e9 * config->drop_rate);
	d->checked = now;
	d->seen = seen;
	d->dropped = dropped;
	if (*ret_dropped == 0 || *ret_seen == 0 || !config->drop_actions ||
	    (double)*ret_dropped / (double)*ret_seen <= config->drop_threshold)
		return DROPS_FINE;
	if (config->drop_actions & CONFIG_DROP_EXIT)
		return DROPS_END;
	if (d->tokens < 1) {
		d->unreported += *ret_dropped;
		return DROPS_HUSH;
	}
	d->tokens -= 1;
	return DROPS_REPORT;
}

int drops_check(struct drops *d, uint64_t now, struct saker_capture *capture,
		const struct config *config, const struct logger *logger,
		struct saker_output *output, const char *hostname)
{
	struct saker_capture_stats stats = {.size = sizeof(stats)};
	uint64_t seen, dropped;

	if (now - d->checked < SECOND || saker_capture_stats(capture, &stats) < 0)
		return 0;
	switch (drops_judge(d, now, stats.seen, stats.dropped, config, &seen, &dropped)) {
	case DROPS_END:
		logger_print(
			logger, SAKER_PRIORITY_CRITICAL,
			"%llu of %llu events were dropped: ending, as syscall_event_drops says",
			(unsigned long long)dropped, (unsigned long long)seen);
		return 1;
	case DROPS_REPORT:
		if (config->drop_actions & CONFIG_DROP_LOG)
			logger_print(logger, SAKER_PRIORITY_WARNING,
				     "%llu of %llu events since the last look were dropped, %llu "
				     "before that without a word",
				     (unsigned long long)dropped, (unsigned long long)seen,
				     (unsigned long long)d->unreported);
		if (config->drop_actions & CONFIG_DROP_ALERT)
			emit_alert(&stats, seen, dropped, output, hostname);
		d->unreported = 0;
		return 0;
	default:
		return 0;
	}
}
