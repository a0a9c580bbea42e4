/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of saker/containers.h share: the object, its sources (a socket
 * and the thread that asks it), its answers, and the errands of reading a
 * container's own files. The lock is over all but what is the caller's own.
 */
#ifndef ENRICH_CONTAINERS_INTERNAL_H
#define ENRICH_CONTAINERS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

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

/* containers.c */
int containers_thread_start(pthread_t *thread, void *(*run)(void *), void *userdata);

/* containers_source.c: is there somebody to ask? 0, -ENOENT or -EACCES; its thread is started. */
int containers_source_usable(struct source *source);
/* Under the lock. */
void containers_enqueue(struct source *source, struct question *q);
void containers_question_unref(struct saker_containers *c, struct question *q);

/* containers_accounts.c: until the object stops. */
void *containers_accounts_run(void *userdata);

#endif /* ENRICH_CONTAINERS_INTERNAL_H */
