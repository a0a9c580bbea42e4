/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See saker/digests.h. One thread, a bounded queue of questions before it and
 * one of answers behind it, and a table of what was read already. The file
 * belongs to whoever runs it: only local file systems are read, as another
 * could keep the thread waiting for ever.
 */
#include <saker/digests.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <saker/event_codes.h>

#include "common/hash.h"
#include "common/util.h"
#include "procfs_mount.h"

#define QUEUE_MAX 1024u /* questions, and answers; a power of two */
#define KNOWN_MAX 1024u /* files whose digest is kept; a power of two */
#define KNOWN_WAYS 4u
#define FILE_MAX_DEFAULT (UINT64_C(256) << 20)
#define CHUNK (256u << 10)
#define PATH_TEXT 512
#define DIGEST_TEXT 65 /* SHA-256 in hexadecimal, with its NUL */

struct question {
	int64_t tid;
	int64_t ptid;
	uint64_t ino;
	uint64_t ctime;
	uint64_t mtime;
	char path[PATH_TEXT]; /* "" = not known, or longer */
};

struct answer {
	int64_t tid;
	uint64_t ino;
	uint64_t mtime;
	char digest[DIGEST_TEXT]; /* "" = there is none */
	int error;		  /* why not; a negative errno */
};

/* A file as it was when it was read. */
struct known {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	struct timespec ctime;
	uint64_t used;
	char digest[DIGEST_TEXT];
};

struct saker_digests {
	char *proc;
	uint64_t file_max;
	void (*notify)(void *userdata);
	void *notify_userdata;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool stop;
	struct question questions[QUEUE_MAX];
	uint32_t first_question;
	uint32_t n_questions;
	struct answer answers[QUEUE_MAX];
	uint32_t first_answer;
	atomic_uint n_answers;
	struct saker_digests_stats stats;
	/* The thread's own. */
	struct known known[KNOWN_MAX];
	uint64_t clock;
	EVP_MD_CTX *context;
	uint8_t *chunk;
	/* The caller's own. */
	_Alignas(8) uint8_t event[512];
};

/* ---- what was read already ---------------------------------------------------------------- */

static struct known *known_set(struct saker_digests *d, const struct stat *st)
{
	uint64_t hash = hash_mix(hash_u64(st->st_ino), hash_u64(st->st_dev));

	return &d->known[(hash & (KNOWN_MAX / KNOWN_WAYS - 1)) * KNOWN_WAYS];
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static struct known *known_find(struct saker_digests *d, const struct stat *st)
{
	struct known *set = known_set(d, st);

	for (uint32_t i = 0; i < KNOWN_WAYS; i++) {
		struct known *k = &set[i];

		if (k->digest[0] && k->dev == st->st_dev && k->ino == st->st_ino &&
		    k->size == st->st_size && same_time(k->mtime, st->st_mtim) &&
		    same_time(k->ctime, st->st_ctim)) {
			k->used = ++d->clock;
			return k;
		}
	}
	return NULL;
}

static void known_add(struct saker_digests *d, const struct stat *st, const char *digest)
{
	struct known *set = known_set(d, st);
	struct known *k = set;

	for (uint32_t i = 1; i < KNOWN_WAYS; i++) {
		if (set[i].used < k->used)
			k = &set[i];
	}
	*k = (struct known){.dev = st->st_dev,
			    .ino = st->st_ino,
			    .size = st->st_size,
			    .mtime = st->st_mtim,
			    .ctime = st->st_ctim,
			    .used = ++d->clock};
	memcpy(k->digest, digest, DIGEST_TEXT);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_stopping(struct saker_digests *d)
{
	bool stop;

	pthread_mutex_lock(&d->lock);
	stop = d->stop;
	pthread_mutex_unlock(&d->lock);
	return stop;
}

static int read_digest(struct saker_digests *d, int fd, uint64_t size, char *ret_digest)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int len;
	uint64_t done = 0;

	if (!EVP_DigestInit_ex(d->context, EVP_sha256(), NULL))
		return -ENOMEM;
	while (done < size) {
		ssize_t n = read(fd, d->chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || is_stopping(d))
			return n < 0 ? -errno : -EIO; /* it has become shorter */
		EVP_DigestUpdate(d->context, d->chunk, (size_t)n);
		done += (uint64_t)n;
	}
	if (!EVP_DigestFinal_ex(d->context, bytes, &len) || len * 2 + 1 != DIGEST_TEXT)
		return -EIO;
	for (unsigned int i = 0; i < len; i++)
		snprintf(ret_digest + 2 * (size_t)i, 3, "%02x", bytes[i]);
	return 0;
}

static uint64_t ns_of(struct timespec t)
{
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* What the thread runs, whatever has become of its name. */
static int open_exe(const struct saker_digests *d, const struct question *q, struct stat *ret_st)
{
	char path[PATH_MAX];
	int fd;

	if (!procfs_exe_is_local(d->proc, q->tid))
		return -EOPNOTSUPP;
	snprintf(path, sizeof(path), "%s/%lld/exe", d->proc, (long long)q->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, ret_st) == 0 && ret_st->st_ino == q->ino &&
	    ns_of(ret_st->st_mtim) == q->mtime)
		return fd;
	if (fd >= 0)
		close(fd);
	return -ESTALE;
}

/* What is behind a process's links in /proc is not ours to see. Nothing is followed. */
static bool is_denied(const struct saker_digests *d, int64_t tid)
{
	char path[PATH_MAX], target[1];

	snprintf(path, sizeof(path), "%s/%lld/root", d->proc, (long long)tid);
	return tid > 0 && readlink(path, target, sizeof(target)) < 0 &&
	       (errno == EACCES || errno == EPERM);
}

/* The thread is gone: the file of that path as this one sees it, if it has not changed since. */
static int open_by_path(const struct saker_digests *d, const struct question *q, int64_t viewer,
			struct stat *ret_st)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int root = -1;
	char path[PATH_MAX];
	int fd;

	if (viewer <= 0 || q->path[0] != '/' || !procfs_path_is_local(d->proc, viewer, q->path))
		return -ESTALE;
	snprintf(path, sizeof(path), "%s/%lld/root", d->proc, (long long)viewer);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, q->path + 1, &how, sizeof(how));
	if (fd >= 0 && fstat(fd, ret_st) == 0 && ret_st->st_ino == q->ino &&
	    ns_of(ret_st->st_mtim) == q->mtime && ns_of(ret_st->st_ctim) == q->ctime)
		return fd;
	if (fd >= 0)
		close(fd);
	return -ESTALE;
}

/* 1: read; 0: known. -ESTALE: gone, or it runs another by now. */
static int digest_of(struct saker_digests *d, const struct question *q, char *ret_digest)
{
	_cleanup_close_ int fd = -1;
	struct stat st, after;
	struct known *known;
	int r;

	fd = open_exe(d, q, &st);
	if (fd == -ESTALE)
		fd = open_by_path(d, q, q->ptid, &st);
	if (fd == -ESTALE)
		fd = open_by_path(d, q, 1, &st);
	if (fd == -ESTALE && (is_denied(d, q->tid) || is_denied(d, q->ptid)))
		return -EACCES;
	if (fd < 0)
		return fd;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > d->file_max)
		return -EFBIG;
	known = known_find(d, &st);
	if (known) {
		memcpy(ret_digest, known->digest, DIGEST_TEXT);
		return 0;
	}
	r = read_digest(d, fd, (uint64_t)st.st_size, ret_digest);
	if (r < 0)
		return r;
	/* Changed while it was read: of neither state. That it lost its name is no such change. */
	if (fstat(fd, &after) < 0 || !same_time(st.st_mtim, after.st_mtim) ||
	    st.st_size != after.st_size)
		return -ESTALE;
	known_add(d, &after, ret_digest);
	return 1;
}

/* ---- the thread --------------------------------------------------------------------------------
 */

static bool next_question(struct saker_digests *d, struct question *ret_question)
{
	while (!d->n_questions && !d->stop)
		pthread_cond_wait(&d->more, &d->lock);
	if (d->stop)
		return false;
	*ret_question = d->questions[d->first_question];
	d->first_question = (d->first_question + 1) % QUEUE_MAX;
	d->n_questions--;
	return true;
}

static void add_answer(struct saker_digests *d, const struct question *q, int r, const char *digest)
{
	uint32_t n = atomic_load_explicit(&d->n_answers, memory_order_relaxed);
	struct answer *a = &d->answers[(d->first_answer + n) % QUEUE_MAX];

	d->stats.n_read += r == 1;
	d->stats.n_failed += r < 0;
	if (n == QUEUE_MAX) {
		d->stats.n_refused++;
		return;
	}
	a->tid = q->tid;
	a->ino = q->ino;
	a->mtime = q->mtime;
	a->error = r;
	a->digest[0] = '\0';
	if (r >= 0)
		memcpy(a->digest, digest, DIGEST_TEXT);
	atomic_store_explicit(&d->n_answers, n + 1, memory_order_release);
}

static void *run(void *userdata)
{
	struct saker_digests *d = userdata;
	char digest[DIGEST_TEXT];
	struct question q;

	pthread_mutex_lock(&d->lock);
	while (next_question(d, &q)) {
		int r;

		pthread_mutex_unlock(&d->lock);
		r = digest_of(d, &q, digest);
		pthread_mutex_lock(&d->lock);
		add_answer(d, &q, r, digest);
		pthread_mutex_unlock(&d->lock);
		if (d->notify)
			d->notify(d->notify_userdata);
		pthread_mutex_lock(&d->lock);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* Signals are for the program's own threads. */
static int start(struct saker_digests *d)
{
	sigset_t all, old;
	int r;

	if (d->started)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&d->thread, NULL, run, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	d->started = r == 0;
	return -r;
}

/* ---- the public calls
 * ---------------------------------------------------------------------------- */

int saker_digests_new(const struct saker_digests_options *user_options,
		      struct saker_digests **ret_digests)
{
	struct saker_digests_options options = SAKER_DIGESTS_OPTIONS_INIT;
	struct saker_digests *d;
	const char *root;

	if (!ret_digests || (user_options && user_options->size < sizeof(user_options->size)))
		return -EINVAL;
	if (user_options)
		memcpy(&options, user_options, MIN(user_options->size, sizeof(options)));
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->more, NULL);
	d->file_max = options.file_max ? options.file_max : FILE_MAX_DEFAULT;
	d->notify = options.notify;
	d->notify_userdata = options.notify_userdata;
	d->context = EVP_MD_CTX_new();
	d->chunk = malloc(CHUNK);
	root = options.host_root ? options.host_root : getenv("HOST_ROOT");
	if (!d->context || !d->chunk || asprintf(&d->proc, "%s/proc", root ? root : "") < 0) {
		d->proc = NULL;
		saker_digests_free(d);
		return -ENOMEM;
	}
	*ret_digests = d;
	return 0;
}

struct saker_digests *saker_digests_free(struct saker_digests *d)
{
	if (!d)
		return NULL;
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
	if (d->started)
		pthread_join(d->thread, NULL);
	EVP_MD_CTX_free(d->context);
	free(d->chunk);
	free(d->proc);
	pthread_cond_destroy(&d->more);
	pthread_mutex_destroy(&d->lock);
	free(d);
	return NULL;
}

int saker_digests_ask(struct saker_digests *d, const struct saker_exe *exe)
{
	struct question q;
	int r;

	if (!d || !exe || exe->tid <= 0)
		return -EINVAL;
	r = start(d);
	if (r < 0)
		return r;
	q = (struct question){exe->tid, exe->ptid, exe->ino, exe->ctime, exe->mtime, ""};
	if (exe->path && strlen(exe->path) < sizeof(q.path))
		memcpy(q.path, exe->path, strlen(exe->path));
	pthread_mutex_lock(&d->lock);
	if (d->n_questions == QUEUE_MAX) {
		d->stats.n_refused++;
		r = -EAGAIN;
	} else {
		d->questions[(d->first_question + d->n_questions++) % QUEUE_MAX] = q;
		d->stats.n_asked++;
		pthread_cond_signal(&d->more);
	}
	pthread_mutex_unlock(&d->lock);
	return r;
}

static uint8_t *put(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static const char *prefix_of(const struct answer *a)
{
	return a->digest[0]	     ? "sha256:"
	       : a->error == -EACCES ? "-denied"
	       : a->error == -EFBIG  ? "-large"
				     : "-";
}

/* The schema's async event: no plugin's, its name, "sha256:... ino mtime" or "-cause ino mtime". */
static void event_make(struct saker_digests *d, const struct answer *a, uint64_t ts)
{
	static const char name[] = "exe_digest";
	struct saker_event event = {
		.ts = ts, .tid = (uint64_t)a->tid, .type = SAKER_EV_ASYNCEVENT_E};
	uint32_t lens[3] = {sizeof(uint32_t), sizeof(name)};
	uint32_t plugin = 0;
	uint8_t *p = d->event;
	char text[128];

	lens[2] = (uint32_t)snprintf(text, sizeof(text), "%s%s %llu %llu", prefix_of(a), a->digest,
				     (unsigned long long)a->ino, (unsigned long long)a->mtime) +
		  1;
	event.nparams = 3;
	event.len = (uint32_t)(sizeof(event) + sizeof(lens)) + lens[0] + lens[1] + lens[2];
	if (!ts) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		event.ts = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	}
	p = put(p, &event, sizeof(event));
	p = put(p, lens, sizeof(lens));
	p = put(p, &plugin, lens[0]);
	p = put(p, name, lens[1]);
	put(p, text, lens[2]);
}

int saker_digests_next(struct saker_digests *d, uint64_t ts, const struct saker_event **ret_event)
{
	struct answer answer;

	if (!d || !ret_event)
		return -EINVAL;
	if (likely(!atomic_load_explicit(&d->n_answers, memory_order_acquire)))
		return 0;
	pthread_mutex_lock(&d->lock);
	answer = d->answers[d->first_answer];
	d->first_answer = (d->first_answer + 1) % QUEUE_MAX;
	atomic_fetch_sub(&d->n_answers, 1);
	pthread_mutex_unlock(&d->lock);
	event_make(d, &answer, ts);
	*ret_event = (const struct saker_event *)d->event;
	return 1;
}

int saker_digests_get_stats(struct saker_digests *d, struct saker_digests_stats *ret_stats)
{
	struct saker_digests_stats stats;
	size_t size;

	if (!d || !ret_stats || ret_stats->size < sizeof(size))
		return -EINVAL;
	pthread_mutex_lock(&d->lock);
	stats = d->stats;
	pthread_mutex_unlock(&d->lock);
	size = stats.size = ret_stats->size;
	memcpy(ret_stats, &stats, MIN(size, sizeof(stats)));
	return 0;
}
