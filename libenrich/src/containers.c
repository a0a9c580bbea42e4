/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about containers and their answers, as the caller sees them: it
 * asks, and fetches, and never waits. A thread for each socket
 * (containers_source.c), a bounded queue of questions before it, one bounded
 * queue of answers behind all.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <saker/event_codes.h>

#include "containers_internal.h"

static const struct runtime_descriptor *const descriptors[SAKER_RUNTIMES] = {
#ifdef ENRICH_WITH_HTTP
	[SAKER_RUNTIME_DOCKER] = &runtime_docker,
	[SAKER_RUNTIME_PODMAN] = &runtime_podman,
#endif
#ifdef ENRICH_WITH_GRPC
	[SAKER_RUNTIME_CRI] = &runtime_cri,
	[SAKER_RUNTIME_CONTAINERD] = &runtime_containerd,
#endif
};

const char *saker_runtime_name(enum saker_runtime runtime)
{
	static const char *const names[] = {
#define X(symbol, name, ...) name,
		SAKER_RUNTIME_LIST(X)
#undef X
	};

	return (size_t)runtime < ARRAY_SIZE(names) ? names[runtime] : NULL;
}

/* Signals are for the program's own threads. */
int containers_thread_start(pthread_t *thread, void *(*run)(void *), void *userdata)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(thread, NULL, run, userdata);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static int add_source(struct saker_containers *c, const struct runtime_descriptor *descriptor,
		      const char *root, const char *path)
{
	struct source *source;

	if (c->n_sources == SOCKETS_MAX)
		return -E2BIG;
	if (strncmp(path, "unix://", 7) == 0)
		path += 7;
	source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	pthread_cond_init(&source->more, NULL);
	source->owner = c;
	source->descriptor = descriptor;
	source->rank = (int)c->n_sources;
	c->sources[c->n_sources++] = source;
	return asprintf(&source->path, "%s%s", root, path) < 0 ? (source->path = NULL, -ENOMEM) : 0;
}

static int add_sources(struct saker_containers *c, const struct saker_containers_options *o)
{
	static const char *const defaults[SAKER_RUNTIMES][SOCKETS_MAX] = {
#define X(symbol, name, ...) {__VA_ARGS__},
		SAKER_RUNTIME_LIST(X)
#undef X
	};
	const char *root = o->host_root ? o->host_root : getenv("HOST_ROOT");
	bool any = false;

	for (int i = 0; i < SAKER_RUNTIMES; i++) {
		const char *const *paths = o->sockets[i] ? o->sockets[i] : defaults[i];

		if (!descriptors[i])
			continue;
		any = true;
		for (; *paths; paths++) {
			int r = add_source(c, descriptors[i], root ? root : "", *paths);

			if (r < 0)
				return r;
		}
	}
	return any ? 0 : -ENOTSUP;
}

static int containers_init(struct saker_containers *c, const struct saker_containers_options *o)
{
	const char *root = o->host_root ? o->host_root : getenv("HOST_ROOT");
	pthread_condattr_t attr;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->errand_more, &attr);
	pthread_condattr_destroy(&attr);
	return asprintf(&c->proc, "%s/proc", root ? root : "") < 0 ? (c->proc = NULL, -ENOMEM) : 0;
}

int saker_containers_new(const struct saker_containers_options *user_options,
			 struct saker_containers **ret_containers)
{
	struct saker_containers_options options = SAKER_CONTAINERS_OPTIONS_INIT;
	struct saker_containers *c;
	int r;

	if (!ret_containers || (user_options && user_options->size < sizeof(user_options->size)))
		return -EINVAL;
	if (user_options)
		memcpy(&options, user_options, MIN(user_options->size, sizeof(options)));
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	r = containers_init(c, &options);
	c->settings.timeout_ms = options.timeout_ms ? options.timeout_ms : TIMEOUT_MS_DEFAULT;
	c->settings.label_max = options.label_max ? options.label_max : LABEL_MAX_DEFAULT;
	c->notify = options.notify;
	c->notify_userdata = options.notify_userdata;
	c->log = options.log;
	c->log_userdata = options.log_userdata;
	if (r == 0)
		r = add_sources(c, &options);
	if (r < 0) {
		saker_containers_free(c);
		return r;
	}
	/* Those that are there are greeted, so that it is known who answers. */
	for (uint32_t i = 0; i < c->n_sources; i++)
		(void)containers_source_usable(c->sources[i]);
	*ret_containers = c;
	return 0;
}

struct saker_containers *saker_containers_free(struct saker_containers *c)
{
	if (!c)
		return NULL;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	for (uint32_t i = 0; i < c->n_sources; i++)
		pthread_cond_signal(&c->sources[i]->more);
	pthread_cond_signal(&c->errand_more);
	pthread_mutex_unlock(&c->lock);
	if (c->accounts_started)
		pthread_join(c->accounts_thread, NULL);
	for (uint32_t i = 0; i < c->n_sources; i++) {
		struct source *source = c->sources[i];

		if (source->started)
			pthread_join(source->thread, NULL);
		for (; source->n; source->n--) {
			containers_question_unref(c, source->queue[source->first]);
			source->first = (source->first + 1) % QUESTIONS_MAX;
		}
		pthread_cond_destroy(&source->more);
		free(source->path);
		free(source);
	}
	for (uint32_t n = atomic_load(&c->n_answers); n; n--) {
		free(c->answers[c->first].json);
		free(c->answers[c->first].accounts);
		c->first = (c->first + 1) % ANSWERS_MAX;
	}
	free(c->current.json);
	free(c->current.accounts);
	free(c->event);
	free(c->proc);
	pthread_cond_destroy(&c->errand_more);
	pthread_mutex_destroy(&c->lock);
	free(c);
	return NULL;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

static bool may_know(const struct source *source, int type)
{
	return type < 0 || type > 31 || source->descriptor->types & 1u << type;
}

int saker_containers_any(struct saker_containers *c)
{
	if (!c)
		return -EINVAL;
	for (uint32_t i = 0; i < c->n_sources; i++) {
		if (containers_source_usable(c->sources[i]) == 0)
			return 1;
	}
	return 0;
}

int saker_containers_ask(struct saker_containers *c, const char *id, size_t len, int type)
{
	uint32_t usable = 0, ready = 0;
	struct question *q;
	int why = -ENOENT;

	if (!c || !id || len == 0 || len >= sizeof(q->id))
		return -EINVAL;
	for (uint32_t i = 0; i < c->n_sources; i++) {
		int r = may_know(c->sources[i], type) ? containers_source_usable(c->sources[i])
						      : -ENOENT;

		if (r == 0)
			usable |= 1u << i;
		else if (r == -EACCES)
			why = r;
		if (r == 0 && atomic_load(&c->sources[i]->ready))
			ready |= 1u << i;
	}
	if (!usable)
		return why;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	memcpy(q->id, id, len);
	q->rank = -1;
	pthread_mutex_lock(&c->lock);
	if (c->n_questions == QUESTIONS_MAX) {
		c->stats.n_refused++;
		pthread_mutex_unlock(&c->lock);
		free(q);
		return -EAGAIN;
	}
	c->n_questions++;
	c->stats.n_asked++;
	for (uint32_t i = 0; i < c->n_sources; i++) {
		if (usable & 1u << i)
			containers_enqueue(c->sources[i], q);
	}
	pthread_mutex_unlock(&c->lock);
	/* Whoever has the highest rank must be waited for in any case. */
	return (ready & usable) == usable;
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static void put_u32(uint8_t **p, uint32_t v)
{
	memcpy(*p, &v, sizeof(v));
	*p += sizeof(v);
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* The schema's async event: no plugin's, "container", the JSON text with its NUL. */
static int event_make(struct saker_containers *c, uint64_t ts)
{
	static const char name[] = "container";
	uint32_t text = (uint32_t)strlen(c->current.json) + 1;
	size_t size = sizeof(struct saker_event) + 3 * sizeof(uint32_t) + sizeof(uint32_t) +
		      sizeof(name) + text;
	struct saker_event event = {.ts = ts ? ts : wall_ns(),
				    .type = SAKER_EV_ASYNCEVENT_E,
				    .nparams = 3,
				    .len = (uint32_t)size};
	uint8_t *p;

	if (size > SAKER_EVENT_MAX_SIZE)
		return -E2BIG;
	if (size > c->event_size) {
		p = realloc(c->event, size);
		if (!p)
			return -ENOMEM;
		c->event = p;
		c->event_size = size;
	}
	p = c->event;
	memcpy(p, &event, sizeof(event));
	p += sizeof(event);
	put_u32(&p, sizeof(uint32_t));
	put_u32(&p, sizeof(name));
	put_u32(&p, text);
	put_u32(&p, 0);
	memcpy(p, name, sizeof(name));
	memcpy(p + sizeof(name), c->current.json, text);
	return 0;
}

/* The next of the users and groups of the current answer; NULL = that was all. */
static struct saker_event *next_account(struct saker_containers *c, uint64_t ts)
{
	struct saker_event *event;

	if (!c->current.accounts || c->current_pos >= c->current.accounts_len)
		return NULL;
	event = (struct saker_event *)(c->current.accounts + c->current_pos);
	c->current_pos += event->len;
	event->ts = ts ? ts : wall_ns();
	return event;
}

static void answer_take(struct saker_containers *c)
{
	free(c->current.json);
	free(c->current.accounts);
	pthread_mutex_lock(&c->lock);
	c->current = c->answers[c->first];
	c->current_pos = 0;
	c->first = (c->first + 1) % ANSWERS_MAX;
	atomic_fetch_sub(&c->n_answers, 1);
	pthread_mutex_unlock(&c->lock);
}

int saker_containers_next(struct saker_containers *c, uint64_t ts,
			  struct saker_container_answer *ret_answer)
{
	const struct saker_event *event;

	if (!c || !ret_answer)
		return -EINVAL;
	event = next_account(c, ts);
	if (!event) {
		if (likely(!atomic_load_explicit(&c->n_answers, memory_order_acquire)))
			return 0;
		answer_take(c);
		event = next_account(c, ts);
	}
	*ret_answer = (struct saker_container_answer){
		.id = c->current.id, .id_len = strlen(c->current.id), .event = event};
	ret_answer->state_only = event != NULL;
	if (c->current.json && event_make(c, ts) == 0)
		ret_answer->event = (const struct saker_event *)c->event;
	return 1;
}

int saker_containers_get_stats(struct saker_containers *c, struct saker_containers_stats *ret_stats)
{
	struct saker_containers_stats stats;
	size_t size;

	if (!c || !ret_stats || ret_stats->size < sizeof(size))
		return -EINVAL;
	pthread_mutex_lock(&c->lock);
	stats = c->stats;
	pthread_mutex_unlock(&c->lock);
	size = stats.size = ret_stats->size;
	memcpy(ret_stats, &stats, MIN(size, sizeof(stats)));
	return 0;
}
