/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about containers and their answers: a thread for each socket, a
 * bounded queue of questions before it, one bounded queue of answers behind
 * all. Several runtimes may know a container (Docker's are in containerd, too):
 * sockets have a rank, and an answer counts when none of higher rank is still
 * to come.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <saker/event_codes.h>

#include "container_accounts.h"
#include "runtime.h"

#define SOCKETS_MAX 32u	    /* of all runtimes; their ranks are bits */
#define QUESTIONS_MAX 1024u /* open at a time */
#define ANSWERS_MAX 1024u
#define ERRANDS_MAX 256u
#define ERRAND_TRIES 10u
#define ERRAND_FIRST_NS UINT64_C(1000000) /* a runtime sets a container up within moments */
#define TIMEOUT_MS_DEFAULT 2000u
#define LABEL_MAX_DEFAULT 100u

struct question {
	char id[ENRICH_CONTAINER_ID_MAX];
	uint32_t asked;	  /* ranks that have not answered yet */
	uint32_t n_users; /* entries in queues, and threads at work on it */
	int rank;	  /* of the best answer; -1 = none */
	char *json;
	bool answered;
};

/* A socket, and the thread that asks it. */
struct source {
	struct saker_containers *owner;
	const struct runtime_descriptor *descriptor;
	char *path;
	int rank;
	pthread_t thread;
	bool started;
	atomic_bool ready; /* has answered the last time */
	pthread_cond_t more;
	struct question *queue[QUESTIONS_MAX];
	uint32_t first;
	uint32_t n;
};

struct answer {
	char id[ENRICH_CONTAINER_ID_MAX];
	char *json;	   /* NULL = nobody knows it */
	uint8_t *accounts; /* instead: its users and groups, as events */
	size_t accounts_len;
};

/* A container whose users and groups are still to be read. */
struct errand {
	char id[ENRICH_CONTAINER_ID_MAX];
	int64_t tid;
	uint32_t tries;
	uint64_t due; /* monotonic, ns */
};

struct saker_containers {
	struct runtime_settings settings;
	void (*notify)(void *userdata);
	void *notify_userdata;
	saker_log_fn log;
	void *log_userdata;
	struct source *sources[SOCKETS_MAX];
	uint32_t n_sources;
	pthread_mutex_t lock;
	bool stop;
	uint32_t n_questions;
	struct answer answers[ANSWERS_MAX];
	uint32_t first;
	atomic_uint n_answers;
	struct saker_containers_stats stats;
	struct answer current; /* what the last saker_containers_next gave */
	size_t current_pos;    /* in its accounts */
	char *proc;
	pthread_t accounts_thread;
	bool accounts_started;
	pthread_cond_t errand_more; /* of CLOCK_MONOTONIC */
	struct errand errands[ERRANDS_MAX];
	uint32_t n_errands;
	uint8_t *event;
	size_t event_size;
};

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

static void say(struct saker_containers *c, const struct source *source, const char *what, int r)
{
	char line[512];

	if (!c->log)
		return;
	snprintf(line, sizeof(line), "%s at %s: %s%s%s",
		 saker_runtime_name(source->descriptor->runtime), source->path, what,
		 r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
	c->log(c->log_userdata, r < 0 ? SAKER_SEVERITY_WARNING : SAKER_SEVERITY_DEBUG, line);
}

/* ---- answers (under the lock) --------------------------------------------------------------- */

static void question_unref(struct saker_containers *c, struct question *q)
{
	if (--q->n_users)
		return;
	c->n_questions--;
	free(q->json);
	free(q);
}

static void answer_add(struct saker_containers *c, struct question *q)
{
	uint32_t n = atomic_load_explicit(&c->n_answers, memory_order_relaxed);
	struct answer *a = &c->answers[(c->first + n) % ANSWERS_MAX];

	q->answered = true;
	if (q->json)
		c->stats.n_told++;
	else
		c->stats.n_unknown++;
	if (n == ANSWERS_MAX) {
		c->stats.n_refused++;
		return;
	}
	*a = (struct answer){.json = TAKE_PTR(q->json)};
	memcpy(a->id, q->id, sizeof(a->id));
	atomic_store_explicit(&c->n_answers, n + 1, memory_order_release);
}

/* What one source says: json, or NULL. Whether that makes an answer. */
static bool question_told(struct saker_containers *c, struct question *q,
			  const struct source *source, char *json)
{
	q->asked &= ~(1u << source->rank);
	if (json && !q->answered && (q->rank < 0 || source->rank < q->rank)) {
		free(q->json);
		q->json = json;
		q->rank = source->rank;
	} else {
		free(json);
	}
	if (q->answered || (q->asked && (q->rank < 0 || q->asked & ((1u << q->rank) - 1))))
		return false;
	answer_add(c, q);
	return true;
}

/* ---- a source's thread --------------------------------------------------------------------- */

/* NULL: it knows none, or gave no proper answer even the second time. */
static char *look_up(struct source *source, void *connection, const char *id, int *ret_error)
{
	json_t *json = NULL;
	char *text = NULL;
	int r = -EIO;

	for (int i = 0; i < 2; i++) {
		r = source->descriptor->lookup(connection, id, &json);
		/* A connection that was broken is made anew; one that hangs stays so. */
		if (r == 0 || r == -ENOENT || r == -ETIMEDOUT)
			break;
	}
	if (r == 0) {
		text = json_dumps(json, JSON_COMPACT);
		json_decref(json);
	}
	*ret_error = r == -ENOENT ? 0 : r;
	return text;
}

static void set_ready(struct source *source, int r)
{
	bool was = atomic_exchange(&source->ready, r == 0);

	if (r < 0 && was)
		say(source->owner, source, "does not answer", r);
	else if (r == 0 && !was)
		say(source->owner, source, "answers", 0);
}

static struct question *next_question(struct source *source)
{
	struct saker_containers *c = source->owner;
	struct question *q;

	while (!source->n && !c->stop)
		pthread_cond_wait(&source->more, &c->lock);
	if (c->stop)
		return NULL;
	q = source->queue[source->first];
	source->first = (source->first + 1) % QUESTIONS_MAX;
	source->n--;
	return q;
}

static void *source_run(void *userdata)
{
	struct source *source = userdata;
	struct saker_containers *c = source->owner;
	void *connection = source->descriptor->open(source->path, &c->settings);
	struct question *q;

	if (connection)
		set_ready(source, source->descriptor->ping(connection));
	pthread_mutex_lock(&c->lock);
	while ((q = next_question(source))) {
		char *json = NULL;
		int r = -ENOMEM;
		bool told;

		pthread_mutex_unlock(&c->lock);
		if (connection)
			json = look_up(source, connection, q->id, &r);
		set_ready(source, r);
		pthread_mutex_lock(&c->lock);
		c->stats.n_failed += r < 0;
		told = question_told(c, q, source, json);
		question_unref(c, q);
		if (told && c->notify) {
			pthread_mutex_unlock(&c->lock);
			c->notify(c->notify_userdata);
			pthread_mutex_lock(&c->lock);
		}
	}
	pthread_mutex_unlock(&c->lock);
	if (connection)
		source->descriptor->close(connection);
	return NULL;
}

/* Signals are for the program's own threads. */
static int thread_start(pthread_t *thread, void *(*run)(void *), void *userdata)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(thread, NULL, run, userdata);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

static int source_start(struct source *source)
{
	int r = thread_start(&source->thread, source_run, source);

	source->started = r == 0;
	return r;
}

/* Is there somebody to ask? Its thread starts with the first question after its socket came. */
static int source_usable(struct source *source)
{
	struct stat st;

	if (stat(source->path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return errno == EACCES ? -EACCES : -ENOENT;
	if (access(source->path, R_OK | W_OK) < 0)
		return -EACCES;
	return source->started ? 0 : source_start(source);
}

/* ---- users and groups ----------------------------------------------------------------------- */

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

static void *accounts_run(void *userdata)
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
		r = thread_start(&c->accounts_thread, accounts_run, c);
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
		(void)source_usable(c->sources[i]);
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
			question_unref(c, source->queue[source->first]);
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
		if (source_usable(c->sources[i]) == 0)
			return 1;
	}
	return 0;
}

static void enqueue(struct source *source, struct question *q)
{
	source->queue[(source->first + source->n) % QUESTIONS_MAX] = q;
	source->n++;
	q->asked |= 1u << source->rank;
	q->n_users++;
	pthread_cond_signal(&source->more);
}

int saker_containers_ask(struct saker_containers *c, const char *id, size_t len, int type)
{
	uint32_t usable = 0, ready = 0;
	struct question *q;
	int why = -ENOENT;

	if (!c || !id || len == 0 || len >= sizeof(q->id))
		return -EINVAL;
	for (uint32_t i = 0; i < c->n_sources; i++) {
		int r = may_know(c->sources[i], type) ? source_usable(c->sources[i]) : -ENOENT;

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
			enqueue(c->sources[i], q);
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
	struct saker_event *event = (struct saker_event *)(c->current.accounts + c->current_pos);

	if (!c->current.accounts || c->current_pos >= c->current.accounts_len)
		return NULL;
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
