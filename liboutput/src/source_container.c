/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's log from its engine's API (Docker, or Podman's compatible one) over
 * the unix socket. Every line carries the engine's time, so that after a break the log
 * goes on where it was: nothing twice, nothing left out that the engine still has.
 */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "source.h"

#if SAKER_HAVE_CURL
#include <curl/curl.h>

#define CONNECT_MS 3000
#define ANSWER_MAX (1u << 20) /* of what the engine says about a container */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
#define NS_PER_S UINT64_C(1000000000)

struct container {
	char *socket;
	char *name;  /* as it may stand in a URL */
	char id[80]; /* told by the engine: the name may pass to another one */
	bool tty;
	bool running;
	uint64_t since;	 /* ask from then on */
	uint64_t last;	 /* the time of the last line that was handed over */
	uint64_t n_last; /* lines that had that very time */
	uint64_t again;	 /* of them, those that will come once more after a break */
	struct output_frames frames;
	struct saker_alert_queue *queue; /* of the transfer that runs */
	int error;			 /* of the same */
};

struct answer {
	char *p;
	size_t len;
};

/* ---- asking ------------------------------------------------------------------------ */

static size_t take_answer(char *data, size_t size, size_t n, void *userdata)
{
	struct answer *a = userdata;
	char *p;

	n *= size;
	if (a->len + n > ANSWER_MAX)
		return 0;
	p = realloc(a->p, a->len + n + 1);
	if (!p)
		return 0;
	memcpy(p + a->len, data, n);
	a->p = p;
	a->len += n;
	p[a->len] = '\0';
	return n;
}

static CURL *request(struct container *c, const char *path)
{
	CURL *curl = curl_easy_init();
	char url[4096];

	if (!curl)
		return NULL;
	snprintf(url, sizeof(url), "http://localhost%s", path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	return curl;
}

/* Runs the transfer; -ECANCELED when the queue is told to stop meanwhile. */
static int perform(struct saker_alert_queue *queue, CURL *curl, CURLcode *ret_code)
{
	CURLM *multi = curl_multi_init();
	struct curl_waitfd stop = {queue->stop_fd, CURL_WAIT_POLLIN, 0};
	int running = 1, left, r = 0;
	CURLMsg *message;

	if (!multi)
		return -ENOMEM;
	*ret_code = CURLE_FAILED_INIT;
	curl_multi_add_handle(multi, curl);
	while (r == 0 && running) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			r = -EIO;
		else if (atomic_load(&queue->stop))
			r = -ECANCELED;
		else if (running && curl_multi_poll(multi, &stop, 1, 1000, NULL) != CURLM_OK)
			r = -EIO;
	}
	while ((message = curl_multi_info_read(multi, &left)))
		*ret_code = message->data.result;
	curl_multi_remove_handle(multi, curl);
	curl_multi_cleanup(multi);
	return r;
}

static int errno_of(CURLcode code, long status)
{
	if (code == CURLE_COULDNT_CONNECT)
		return -ECONNREFUSED;
	if (code == CURLE_OUT_OF_MEMORY)
		return -ENOMEM;
	if (code != CURLE_OK)
		return -EIO;
	return status == 200 ? 0 : status == 404 ? -ENOENT : -EPROTO;
}

/* The value of a key, of the engine's JSON: scanned for what little is asked of it. */
static bool find(const struct saker_json_slice *object, const char *name,
		 struct saker_json_slice *ret)
{
	struct saker_json_iter it;
	struct saker_json_slice key;

	saker_json_iter_init(&it, object);
	while (saker_json_iter_next(&it, &key, ret)) {
		if (key.len == strlen(name) && memcmp(key.text, name, key.len) == 0)
			return true;
	}
	return false;
}

static int read_inspection(struct container *c, const struct answer *a)
{
	struct saker_json_slice whole = {a->p, (uint32_t)a->len, SAKER_JSON_OBJECT, 0};
	struct saker_json_slice id, config, state, value;

	while (whole.len &&
	       (whole.text[whole.len - 1] == '\n' || whole.text[whole.len - 1] == '\r'))
		whole.len--;
	if (!whole.len || *whole.text != '{' || !find(&whole, "Id", &id) ||
	    id.kind != SAKER_JSON_STRING || id.len == 0 || id.len >= sizeof(c->id))
		return -EPROTO;
	memcpy(c->id, id.text, id.len);
	c->id[id.len] = '\0';
	if (strspn(c->id, "0123456789abcdef") != id.len)
		return -EPROTO;
	c->tty = find(&whole, "Config", &config) && find(&config, "Tty", &value) &&
		 value.kind == SAKER_JSON_TRUE;
	c->running = find(&whole, "State", &state) && find(&state, "Running", &value) &&
		     value.kind == SAKER_JSON_TRUE;
	return 0;
}

static int inspect(struct saker_alert_queue *queue, struct container *c)
{
	struct answer answer = {0};
	char path[1024];
	CURLcode code;
	long status = 0;
	CURL *curl;
	int r;

	snprintf(path, sizeof(path), "/containers/%s/json", c->name);
	curl = request(c, path);
	if (!curl)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	r = perform(queue, curl, &code);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (r == 0)
		r = errno_of(code, status);
	if (r == 0)
		r = read_inspection(c, &answer);
	free(answer.p);
	return r;
}

/* ---- the log ------------------------------------------------------------------------- */

/* "2026-11-20T18:35:23.178557652Z {...": with timestamps=1 each line has its time. */
static void hand_over(struct saker_alert_queue *queue, const char *line, size_t len)
{
	struct container *c = queue->state;
	const char *blank = memchr(line, ' ', MIN(len, 40));
	uint64_t time;

	if (!blank || saker_alert_time_parse(line, (size_t)(blank - line), &time) < 0) {
		output_source_line(queue, line, len, 0);
		return;
	}
	/* After a break it is asked from that very time on: what was handed over comes again. */
	if (c->again && time <= c->last) {
		c->again -= time == c->last;
		return;
	}
	c->again = 0;
	c->n_last = time == c->last ? c->n_last + 1 : 1;
	c->last = time;
	output_source_line(queue, blank + 1, len - (size_t)(blank + 1 - line), time);
}

static size_t take_log(char *data, size_t size, size_t n, void *userdata)
{
	struct container *c = userdata;

	n *= size;
	c->error = output_frames_feed(c->queue, &c->frames, data, n, hand_over);
	return c->error < 0 ? 0 : n;
}

static void log_path(const struct saker_alert_queue *queue, const struct container *c, char *path,
		     size_t size)
{
	int n = snprintf(path, size, "/containers/%s/logs?stdout=1&stderr=1&timestamps=1&follow=%d",
			 c->id, !queue->options.end);
	uint64_t since = c->last ? c->last : c->since;

	if (since)
		snprintf(path + n, size - (size_t)n, "&since=%llu.%09llu",
			 (unsigned long long)(since / NS_PER_S),
			 (unsigned long long)(since % NS_PER_S));
}

static int follow(struct saker_alert_queue *queue, struct container *c)
{
	char path[1024];
	CURLcode code;
	long status = 0;
	CURL *curl;
	int r;

	output_frames_fini(&c->frames);
	c->frames.raw = c->tty;
	c->error = 0;
	c->queue = queue;
	c->again = c->n_last;
	log_path(queue, c, path, sizeof(path));
	curl = request(c, path);
	if (!curl)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_log);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
	r = perform(queue, curl, &code);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (c->error < 0)
		return c->error;
	if (r < 0)
		return r;
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return status == 404 ? -ENOENT : -EPROTO;
	output_source_flush(queue, &c->frames.lines[0], hand_over);
	output_source_flush(queue, &c->frames.lines[1], hand_over);
	return errno_of(code, 200);
}

/* ---- the source ------------------------------------------------------------------------ */

static bool is_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static char *find_socket(const char *given)
{
	const char *host = getenv("DOCKER_HOST"), *runtime = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];

	if (given)
		return strdup(given);
	if (host && strncmp(host, "unix://", 7) == 0)
		return strdup(host + 7);
	if (is_socket("/run/docker.sock"))
		return strdup("/run/docker.sock");
	if (is_socket("/run/podman/podman.sock"))
		return strdup("/run/podman/podman.sock");
	snprintf(path, sizeof(path), "%s/podman/podman.sock", runtime ? runtime : "/nonexistent");
	return strdup(is_socket(path) ? path : "/run/docker.sock");
}

static int container_open(struct saker_alert_queue *queue)
{
	struct container *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	queue->state = c;
	c->socket = find_socket(queue->options.socket);
	c->name = curl_easy_escape(NULL, queue->options.container, 0);
	if (!c->socket || !c->name)
		return -ENOMEM;
	if (!*c->name || strlen(c->name) > 512)
		return -EINVAL;
	c->since = queue->options.since;
	/* Lines before this moment are old, also after a break before the first new one. */
	if (!queue->options.from_start && !c->since) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		c->since = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	}
	return inspect(queue, c);
}

static void container_close(struct saker_alert_queue *queue)
{
	struct container *c = queue->state;

	output_frames_fini(&c->frames);
	curl_free(c->name);
	free(c->socket);
	free(c);
	queue->state = NULL;
}

/*
 * The log ended, or the connection did. A container that stopped may start again, an
 * engine that restarts comes back; one that was removed does not, though its name may.
 */
static int take_up_again(struct saker_alert_queue *queue, struct container *c, int *wait_ms)
{
	char before[sizeof(c->id)];
	int r;

	memcpy(before, c->id, sizeof(before));
	if (output_source_wait(queue, *wait_ms))
		return -ECANCELED;
	*wait_ms = MIN(*wait_ms * 2, BACKOFF_MAX_MS);
	r = inspect(queue, c);
	if (r == -ENOENT || r == -ECANCELED || r == -ENOMEM)
		return r;
	if (r < 0)
		return -EAGAIN; /* the engine is away */
	if (!c->running)
		return -EAGAIN;
	if (strcmp(before, c->id) != 0)
		output_source_log(queue, SAKER_SEVERITY_INFO,
				  "%s is another container now, its log is read from the start",
				  queue->options.container);
	output_source_reconnected(queue);
	return 0;
}

static int container_run(struct saker_alert_queue *queue)
{
	struct container *c = queue->state;
	int wait_ms = BACKOFF_MIN_MS, r;

	for (;;) {
		uint64_t before = c->last;

		r = follow(queue, c);
		if (r == -ECANCELED)
			return 0;
		if (r == -ENOMEM || r == -ENOENT || (r == 0 && queue->options.end))
			return r;
		if (r < 0 && queue->options.end)
			return r;
		if (r < 0)
			output_source_log(queue, SAKER_SEVERITY_WARNING,
					  "the log of %s broke off (%s), trying again",
					  queue->options.container, strerror(-r));
		if (c->last != before)
			wait_ms = BACKOFF_MIN_MS;
		do {
			r = take_up_again(queue, c, &wait_ms);
		} while (r == -EAGAIN);
		if (r < 0)
			return r == -ECANCELED ? 0 : r;
	}
}

#else

static int container_open(struct saker_alert_queue *queue)
{
	return -EOPNOTSUPP;
}

static int container_run(struct saker_alert_queue *queue)
{
	return -EOPNOTSUPP;
}

static void container_close(struct saker_alert_queue *queue)
{
}

#endif

const struct source_descriptor output_source_container = {
	.name = "container",
	.open = container_open,
	.run = container_run,
	.close = container_close,
};
