/* SPDX-License-Identifier: Apache-2.0 */
/* The final account: events, alerts by rule, memory. */
#include <sys/resource.h>

#include "summary.h"

/* Names are unique within a ruleset: only the n_old rows from before need a look. */
static int row_of(struct summary *s, uint32_t n_old, const char *rule, uint32_t *ret_row)
{
	char *copy;

	for (uint32_t i = 0; i < n_old; i++) {
		if (util_streq(s->rows[i].rule, rule)) {
			*ret_row = i;
			return 0;
		}
	}
	copy = strdup(rule);
	if (!copy || GROW(s->rows, s->n, s->capacity) < 0) {
		free(copy);
		return -ENOMEM;
	}
	s->rows[s->n] = (struct summary_row){.rule = copy};
	*ret_row = s->n++;
	return 0;
}

int summary_use(struct summary *s, const struct saker_ruleset *ruleset)
{
	uint32_t n = saker_ruleset_n_rules(ruleset), n_old = s->n;
	uint32_t *by_index = calloc(n + 1, sizeof(*by_index));

	if (!by_index)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct saker_rule *rule = saker_ruleset_rule(ruleset, i);

		if (row_of(s, n_old, rule->name, &by_index[i]) < 0) {
			free(by_index);
			return -ENOMEM;
		}
	}
	free(s->by_index);
	s->by_index = by_index;
	return 0;
}

void summary_fini(struct summary *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->rows[i].rule);
	free(s->rows);
	free(s->by_index);
	memset(s, 0, sizeof(*s));
}

/* The most frequent first, then by name: the same run prints the same. */
static int by_count(const void *a, const void *b)
{
	const struct summary_row *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->rule, y->rule);
}

static void print_events(const struct summary *s, const struct logger *logger,
			 const struct saker_capture_stats *c)
{
	logger_print(logger, SAKER_PRIORITY_INFORMATIONAL,
		     "events: %llu seen = %llu delivered + %llu dropped, in %.1f s",
		     (unsigned long long)c->seen, (unsigned long long)c->delivered,
		     (unsigned long long)c->dropped, s->seconds);
	for (unsigned int reason = 0; reason < SAKER_DROP_REASONS; reason++) {
		uint64_t n = 0;

		for (unsigned int i = 0; i < SAKER_EVENT_CLASSES; i++)
			n += c->dropped_by[reason][i];
		if (n)
			logger_print(logger, SAKER_PRIORITY_INFORMATIONAL, "dropped: %8llu %s",
				     (unsigned long long)n,
				     saker_drop_reason_name((enum saker_drop_reason)reason));
	}
}

static void print_state(const struct logger *logger, const struct saker_state_stats *s,
			const struct saker_containers_stats *c)
{
	logger_print(logger, SAKER_PRIORITY_INFORMATIONAL,
		     "state: %llu threads, %llu files, %llu containers in %.1f MiB (at most %.1f); "
		     "given up for room: %llu threads, %llu files",
		     (unsigned long long)s->n_threads, (unsigned long long)s->n_fds,
		     (unsigned long long)s->n_containers, (double)s->memory / 1048576,
		     (double)s->memory_peak / 1048576, (unsigned long long)s->n_evicted_threads,
		     (unsigned long long)s->n_evicted_fds);
	if (c->n_asked)
		logger_print(logger, SAKER_PRIORITY_INFORMATIONAL,
			     "containers: %llu asked about, %llu told, %llu not known to any "
			     "runtime, %llu questions failed; events that waited: %llu",
			     (unsigned long long)c->n_asked, (unsigned long long)c->n_told,
			     (unsigned long long)c->n_unknown, (unsigned long long)c->n_failed,
			     (unsigned long long)s->n_held_events);
}

void summary_print(struct summary *s, const struct logger *logger,
		   const struct summary_account *account)
{
	const struct saker_output_stats *output = &account->output;
	uint64_t lost = output->dropped + output->failed + output->queued;
	struct rusage usage = {0};

	print_events(s, logger, &account->capture);
	print_state(logger, &account->state, &account->containers);
	logger_print(logger, SAKER_PRIORITY_INFORMATIONAL,
		     "alerts: %llu, lost on the way out: %llu", (unsigned long long)s->alerts,
		     (unsigned long long)lost);
	if (lost)
		logger_print(logger, SAKER_PRIORITY_WARNING,
			     "%llu alerts did not reach an output, or nobody reads it",
			     (unsigned long long)lost);
	/* The rows move; by_index is of no use after this. */
	if (s->n)
		qsort(s->rows, s->n, sizeof(*s->rows), by_count);
	for (uint32_t i = 0; i < s->n && s->rows[i].n; i++)
		logger_print(logger, SAKER_PRIORITY_INFORMATIONAL, "%8llu %s",
			     (unsigned long long)s->rows[i].n, s->rows[i].rule);
	getrusage(RUSAGE_SELF, &usage);
	logger_print(logger, SAKER_PRIORITY_INFORMATIONAL, "memory: %.1f MiB at most; CPU: %.2f s",
		     (double)usage.ru_maxrss / 1024,
		     (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}
