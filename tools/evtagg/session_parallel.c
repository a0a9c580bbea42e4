/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading with a thread for each processor. Files are cut into pieces; a piece is all
 * lines that start in it. Each thread counts by itself, and in the end the counts are
 * put together; of each row the last alert is the one of the latest piece, so that
 * "last" is last in input order here too. What does not fit in (a line that is too long,
 * more groups than memory) makes it start again with one thread.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "aggregate_memory.h"
#include "session_internal.h"

#define PIECE (4u << 20)
#define WORTH_IT (8u << 20) /* bytes; less is read sooner than threads are started */
#define MAX_THREADS 16
#define BLOCK (256u << 10)
#define SNIFF 4096

struct piece {
	uint32_t input;
	uint64_t from, to;
};

struct crew {
	struct session *session;
	struct piece *pieces;
	uint32_t n_pieces, room_pieces;
	atomic_uint next;
	atomic_bool stop; /* something went wrong, or the user asks */
	atomic_uint_fast64_t bytes;
	sem_t done;
};

struct worker {
	struct crew *crew;
	pthread_t thread;
	struct counting counting;
	struct wanted wanted;
	struct reader reader;
	int fd;
	uint32_t input; /* of fd */
	char *buf;
	size_t capacity;
	int r;
};

/* ---- whether and how ------------------------------------------------------------- */

static uint32_t processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return MIN((uint32_t)CPU_COUNT(&set), MAX_THREADS);
}

/* A plain file of JSON lines, or of what reads as such. */
static bool is_plain(const struct session *s, const struct input *in, uint64_t *ret_size)
{
	_cleanup_close_ int fd = -1;
	char start[SNIFF];
	struct stat st;
	ssize_t n;

	if (in->kind != &input_file || !in->stats.total)
		return false;
	fd = open(in->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	n = read(fd, start, sizeof(start));
	*ret_size = (uint64_t)st.st_size;
	return n > 0 && start[0] != '\x1f' && start[0] != '\x28' &&
	       reader_is_json(&s->options.input, start, (size_t)n);
}

static int cut(struct crew *crew, uint32_t input, uint64_t size)
{
	for (uint64_t from = 0; from < size; from += PIECE) {
		if (GROW(crew->pieces, crew->n_pieces, crew->room_pieces) < 0)
			return -ENOMEM;
		crew->pieces[crew->n_pieces++] =
			(struct piece){input, from, MIN(from + PIECE, size)};
	}
	return 0;
}

/* The pieces of all files; none = it cannot be done, or is not worth it. */
static int cut_all(struct session *s, struct crew *crew)
{
	uint64_t all = 0, size;

	if (s->options.input.follow || s->n_consumers || s->keep || s->options.list_broken ||
	    !s->counting.query.no_burst || s->counting.backend != &aggregate_memory)
		return 0;
	for (uint32_t i = 0; i < s->inputs.n; i++) {
		if (!is_plain(s, s->inputs.v[i], &size)) {
			crew->n_pieces = 0;
			return 0;
		}
		all += size;
		if (cut(crew, i, size) < 0)
			return -ENOMEM;
	}
	if (all < WORTH_IT)
		crew->n_pieces = 0;
	return 0;
}

/* ---- one thread ----------------------------------------------------------------------- */

static int open_input(struct worker *w, uint32_t input)
{
	if (w->fd >= 0 && w->input == input)
		return 0;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = open(w->crew->session->inputs.v[input]->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	w->input = input;
	return w->fd < 0 ? -errno : 0;
}

static ssize_t read_at(int fd, char *buf, size_t size, uint64_t at)
{
	ssize_t n;

	do {
		n = pread(fd, buf, size, (off_t)at);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int more_room(struct worker *w, size_t len)
{
	char *buf;

	if (len < w->capacity)
		return 0;
	if (len >= w->crew->session->options.input.max_line)
		return -EFBIG;
	buf = realloc(w->buf, w->capacity * 2);
	if (!buf)
		return -ENOMEM;
	w->buf = buf;
	w->capacity *= 2;
	return 0;
}

static int feed(struct worker *w, struct stream *stream, char *data, size_t len)
{
	struct block block = {.data = data, .len = len};

	atomic_fetch_add(&w->crew->bytes, len);
	return reader_feed(&w->reader, stream, &w->crew->session->options.input, &block);
}

/*
 * How much of the buffer, whose first byte is at `start`, belongs to the piece: whole
 * lines, up to the first newline at or behind its last byte. *ret_last = that was it.
 */
static size_t ours(const struct piece *p, uint64_t start, const char *buf, size_t len, bool end,
		   bool *ret_last)
{
	const char *newline;

	*ret_last = true;
	if (start + len >= p->to) {
		size_t from = (size_t)(p->to - 1 > start ? p->to - 1 - start : 0);

		newline = memchr(buf + from, '\n', len - from);
		if (newline)
			return (size_t)(newline - buf) + 1;
	}
	if (end)
		return len;
	*ret_last = false;
	newline = memrchr(buf, '\n', len);
	return newline ? (size_t)(newline - buf) + 1 : 0;
}

/* Where the first line starts that is the piece's own; the bytes before are another's. */
static int skip_to_line(struct worker *w, const struct piece *p, uint64_t *ret_at)
{
	uint64_t at = p->from ? p->from - 1 : 0;

	while (p->from) {
		ssize_t n = read_at(w->fd, w->buf, w->capacity, at);
		const char *newline = n > 0 ? memchr(w->buf, '\n', (size_t)n) : NULL;

		if (n < 0)
			return (int)n;
		if (newline) {
			at += (uint64_t)(newline - w->buf) + 1;
			break;
		}
		at += (uint64_t)n;
		if (n == 0 || at >= p->to)
			break;
	}
	*ret_at = at;
	return 0;
}

static int read_piece(struct worker *w, const struct piece *p)
{
	const struct input *in = w->crew->session->inputs.v[p->input];
	struct stream stream = {.input = in->name, .host = text_of(in->host)};
	uint64_t start = 0;
	size_t len = 0, n;
	bool last = false;
	int r = open_input(w, p->input);

	if (r == 0)
		r = skip_to_line(w, p, &start);
	if (r < 0 || start >= p->to)
		return r;
	while (!last && r >= 0 && !atomic_load(&w->crew->stop)) {
		ssize_t got;

		r = more_room(w, len);
		if (r < 0)
			return r;
		got = read_at(w->fd, w->buf + len, w->capacity - len, start + len);
		if (got < 0)
			return (int)got;
		len += (size_t)got;
		n = ours(p, start, w->buf, len, got == 0, &last);
		if (n) {
			r = feed(w, &stream, w->buf, n);
			memmove(w->buf, w->buf + n, len - n);
			len -= n;
			start += n;
		}
	}
	return r;
}

static void *work(void *userdata)
{
	struct worker *w = userdata;
	struct crew *crew = w->crew;

	while (w->r >= 0 && !atomic_load(&crew->stop)) {
		uint32_t i = atomic_fetch_add(&crew->next, 1);

		if (i >= crew->n_pieces)
			break;
		((struct agg_memory *)w->counting.state)->piece = i;
		w->r = read_piece(w, &crew->pieces[i]);
	}
	if (w->r < 0)
		atomic_store(&crew->stop, true);
	sem_post(&crew->done);
	return NULL;
}

/* ---- all of them -------------------------------------------------------------------------- */

static int worker_init(struct worker *w, struct crew *crew, uint32_t n)
{
	struct session *s = crew->session;
	struct query query = s->counting.query;
	struct consumer consumer;
	int r;

	w->crew = crew;
	w->fd = -1;
	w->capacity = BLOCK;
	w->buf = malloc(w->capacity);
	if (!w->buf)
		return -ENOMEM;
	query.memory_max = (query.memory_max ? query.memory_max : AGG_DEFAULT_MEMORY) / (n + 1);
	r = counting_init(&w->counting, &query, &w->wanted);
	if (r == 0)
		r = reader_init(&w->reader, &w->wanted, s->options.strict);
	if (r < 0)
		return r;
	known_init(&w->reader.known, s->n_asked);
	consumer = (struct consumer){w->counting.backend->add, w->counting.backend->settle,
				     w->counting.state};
	w->reader.consumers[w->reader.n_consumers++] = consumer;
	w->reader.filter = w->counting.filter;
	w->reader.since = query.since;
	w->reader.until = query.until;
	return 0;
}

static void worker_fini(struct worker *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->buf);
	reader_fini(&w->reader);
	counting_fini(&w->counting);
	wanted_fini(&w->wanted);
}

static void wait_for(struct crew *crew, uint32_t n, const volatile int *stop)
{
	struct input_stats stats;
	struct timespec until;

	inputs_stats(&crew->session->inputs, &stats);
	while (n) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		if (sem_timedwait(&crew->done, &until) == 0)
			n--;
		if (stop && *stop)
			atomic_store(&crew->stop, true);
		progress_show(&crew->session->progress, atomic_load(&crew->bytes), stats.total,
			      false);
	}
}

static void add_stats(struct scan_stats *to, const struct scan_stats *from)
{
	to->lines += from->lines;
	to->bytes += from->bytes;
	to->alerts += from->alerts;
	to->selected += from->selected;
	to->json += from->json;
	to->text += from->text;
	to->broken += from->broken;
	to->too_long += from->too_long;
	for (size_t i = 0; i < ARRAY_SIZE(to->errors); i++)
		to->errors[i] += from->errors[i];
	to->no_time += from->no_time;
	to->syslog_tail += from->syslog_tail;
	to->text_alerts += from->text_alerts;
}

static int gather(struct session *s, struct worker *workers, uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = workers[i].r;
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = agg_memory_merge(s->counting.state, workers[i].counting.state);
	for (uint32_t i = 0; i < n && r == 0; i++)
		add_stats(&s->reader.stats, &workers[i].reader.stats);
	for (uint32_t i = 0; i < n && r == 0; i++)
		known_merge(&s->reader.known, &workers[i].reader.known);
	for (uint32_t i = 0; i < s->inputs.n && r == 0; i++) {
		s->inputs.v[i]->stats.bytes = s->inputs.v[i]->stats.total;
		s->inputs.v[i]->ended = true;
	}
	s->ended = monotonic_ns();
	return r;
}

/* What was gathered is void: counting starts again from nothing. */
static int start_again(struct session *s)
{
	struct counting *c = &s->counting;

	c->backend->close(c->state);
	c->state = NULL;
	memset(&s->reader.stats, 0, sizeof(s->reader.stats));
	if (c->backend->open(&c->query, c->columns, &c->state) < 0)
		return -ENOMEM;
	s->reader.consumers[0].userdata = c->state;
	s->ended = 0;
	return 0;
}

static int run(struct crew *crew, struct worker *workers, uint32_t n, const volatile int *stop)
{
	uint32_t started = 0;
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = worker_init(&workers[i], crew, n);
	for (; started < n && r == 0; started += r == 0)
		r = -pthread_create(&workers[started].thread, NULL, work, &workers[started]);
	if (r < 0)
		atomic_store(&crew->stop, true);
	wait_for(crew, started, stop);
	for (uint32_t i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	if (r == 0)
		r = gather(crew->session, workers, n);
	for (uint32_t i = 0; i < n; i++)
		worker_fini(&workers[i]);
	return r;
}

int session_run_parallel(struct session *s, const volatile int *stop)
{
	struct worker workers[MAX_THREADS] = {0};
	struct crew crew = {.session = s};
	uint32_t n = processors();
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		workers[i].fd = -1;
	if (n < 2)
		return 0;
	r = cut_all(s, &crew);
	if (r == 0 && crew.n_pieces > 1) {
		n = MIN(n, crew.n_pieces);
		sem_init(&crew.done, 0, 0);
		r = run(&crew, workers, n, stop);
		sem_destroy(&crew.done);
		if (r == 0)
			r = 1;
		else if (r != -ENOMEM)
			r = start_again(s);
	}
	free(crew.pieces);
	return r;
}
