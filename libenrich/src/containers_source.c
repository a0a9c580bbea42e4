/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's thread: takes questions from its queue, asks, and puts the answer
 * where the caller finds it. Several runtimes may know a container (Docker's
 * are in containerd, too): sockets have a rank, and an answer counts when none
 * of higher rank is still to come.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "containers_internal.h"

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

void containers_question_unref(struct saker_containers *c, struct question *q)
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
		containers_question_unref(c, q);
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

static int source_start(struct source *source)
{
	int r = containers_thread_start(&source->thread, source_run, source);

	source->started = r == 0;
	return r;
}

/* Is there somebody to ask? Its thread starts with the first question after its socket came. */
int containers_source_usable(struct source *source)
{
	struct stat st;

	if (stat(source->path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return errno == EACCES ? -EACCES : -ENOENT;
	/* As connect() will see it, not by the user who started us. */
	if (faccessat(AT_FDCWD, source->path, R_OK | W_OK, AT_EACCESS) < 0)
		return -EACCES;
	return source->started ? 0 : source_start(source);
}

void containers_enqueue(struct source *source, struct question *q)
{
	source->queue[(source->first + source->n) % QUESTIONS_MAX] = q;
	source->n++;
	q->asked |= 1u << source->rank;
	q->n_users++;
	pthread_cond_signal(&source->more);
}
