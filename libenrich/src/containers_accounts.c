/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups of containers: a thread that reads their files when they
 * are there. A runtime's first processes still have the host's files, so it
 * tries again, for a second.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "container_accounts.h"
#include "containers_internal.h"

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Waits for the errand that is due first; false = stop. Under the lock. */
static bool next_errand(struct saker_containers *c, struct errand *ret_errand)
{
	while (!c->stop) {
		uint32_t first = 0;
		struct timespec ts;

		for (uint32_t i = 1; i < c->n_errands; i++) {
			if (c->errands[i].due < c->errands[first].due)
				first = i;
		}
		if (!c->n_errands) {
			pthread_cond_wait(&c->errand_more, &c->lock);
		} else if (c->errands[first].due <= monotonic_ns()) {
			*ret_errand = c->errands[first];
			c->errands[first] = c->errands[--c->n_errands];
			return true;
		} else {
			ts.tv_sec = (time_t)(c->errands[first].due / 1000000000);
			ts.tv_nsec = (long)(c->errands[first].due % 1000000000);
			pthread_cond_timedwait(&c->errand_more, &c->lock, &ts);
		}
	}
	return false;
}

static void errand_done(struct saker_containers *c, struct errand *e, int r, uint8_t *events,
			size_t len)
{
	uint32_t n = atomic_load_explicit(&c->n_answers, memory_order_relaxed);
	struct answer *a = &c->answers[(c->first + n) % ANSWERS_MAX];

	if (r == -EAGAIN && ++e->tries < ERRAND_TRIES && c->n_errands < ERRANDS_MAX) {
		e->due = monotonic_ns() + (ERRAND_FIRST_NS << e->tries);
		c->errands[c->n_errands++] = *e;
		return;
	}
	if (r < 0 || n == ANSWERS_MAX) {
		c->stats.n_refused += r == 0;
		free(events);
		return;
	}
	*a = (struct answer){.accounts = events, .accounts_len = len};
	memcpy(a->id, e->id, sizeof(a->id));
	atomic_store_explicit(&c->n_answers, n + 1, memory_order_release);
}

static void say_errand(struct saker_containers *c, const struct errand *e, int r)
{
	char line[256];

	if (!c->log)
		return;
	snprintf(line, sizeof(line), "users of container %s by thread %lld: %s", e->id,
		 (long long)e->tid, r < 0 ? strerror(-r) : "read");
	c->log(c->log_userdata, SAKER_SEVERITY_DEBUG, line);
}

void *containers_accounts_run(void *userdata)
{
	struct saker_containers *c = userdata;
	struct errand e;

	pthread_mutex_lock(&c->lock);
	while (next_errand(c, &e)) {
		char id[ENRICH_CONTAINER_ID_MAX];
		uint8_t *events = NULL;
		size_t len = 0;
		int r;

		pthread_mutex_unlock(&c->lock);
		enrich_container_short_id(e.id, id);
		r = container_accounts_read(c->proc, e.tid, id, &events, &len);
		say_errand(c, &e, r);
		pthread_mutex_lock(&c->lock);
		errand_done(c, &e, r, events, len);
		if (r == 0 && c->notify) {
			pthread_mutex_unlock(&c->lock);
			c->notify(c->notify_userdata);
			pthread_mutex_lock(&c->lock);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static int errand_add(struct saker_containers *c, const char *id, size_t len, int64_t tid)
{
	int r = 0;

	if (!c->accounts_started) {
		r = containers_thread_start(&c->accounts_thread, containers_accounts_run, c);
		c->accounts_started = r == 0;
	}
	if (r == 0 && c->n_errands == ERRANDS_MAX) {
		c->stats.n_refused++;
		r = -EAGAIN;
	}
	if (r < 0)
		return r;
	c->errands[c->n_errands] = (struct errand){.tid = tid, .due = monotonic_ns()};
	memcpy(c->errands[c->n_errands++].id, id, len);
	pthread_cond_signal(&c->errand_more);
	return 0;
}

int saker_containers_ask_accounts(struct saker_containers *c, const char *id, size_t len,
				  int64_t tid)
{
	int r;

	if (!c || !id || len == 0 || len >= ENRICH_CONTAINER_ID_MAX || tid <= 0)
		return -EINVAL;
	pthread_mutex_lock(&c->lock);
	r = errand_add(c, id, len, tid);
	pthread_mutex_unlock(&c->lock);
	return r;
}
