/* SPDX-License-Identifier: Apache-2.0 */
/* The thread behind control.h. */
#include <fnmatch.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>

#include "control.h"

/* Editors and package managers touch a file several times: wait until they are done. */
#define DEBOUNCE_MS 100
#define GRACE_MS 1000 /* to open the capture, once told to stop */
#define INTERRUPTED 130

static void raise_flag(struct control *c, atomic_bool *flag)
{
	atomic_store(flag, true);
	atomic_store(&c->any, true);
	pthread_mutex_lock(&c->lock);
	if (c->capture)
		saker_capture_interrupt(c->capture);
	pthread_mutex_unlock(&c->lock);
}

/* Told to stop while opening, which may wait for ever: for a FIFO, say. */
static bool still_opening(struct control *c)
{
	bool opening;

	pthread_mutex_lock(&c->lock);
	opening = !c->capture && !c->opened;
	pthread_mutex_unlock(&c->lock);
	return opening && atomic_load(&c->stop);
}

static void take_signal(struct control *c)
{
	struct signalfd_siginfo info;

	if (read(c->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGHUP:
		raise_flag(c, &c->reload);
		break;
	case SIGUSR1:
		raise_flag(c, &c->reopen);
		break;
	default:
		if (atomic_load(&c->stop))
			raise_flag(c, &c->hurry);
		raise_flag(c, &c->stop);
	}
}

static bool is_ours(const struct control *c, const struct inotify_event *event)
{
	for (uint32_t i = 0; i < c->n_watches; i++) {
		const struct control_watch *w = &c->watches[i];

		if (w->wd != event->wd || event->len == 0)
			continue;
		/* How Kubernetes exchanges all files of a ConfigMap at once. */
		if (util_streq(event->name, "..data"))
			return true;
		if (w->name ? util_streq(w->name, event->name)
			    : fnmatch("*.yaml", event->name, FNM_PERIOD) == 0 ||
				      fnmatch("*.yml", event->name, FNM_PERIOD) == 0)
			return true;
	}
	return false;
}

/* Takes all that is there; whether any of it was about our files. */
static bool take_changes(struct control *c)
{
	_Alignas(struct inotify_event) char events[4096];
	bool changed = false;
	ssize_t n;

	while ((n = read(c->watch_fd, events, sizeof(events))) > 0) {
		const struct inotify_event *event;

		pthread_mutex_lock(&c->lock);
		for (char *p = events; p < events + n; p += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)p;
			changed = changed || (event->mask & IN_Q_OVERFLOW) || is_ours(c, event);
		}
		pthread_mutex_unlock(&c->lock);
	}
	return changed;
}

static void *control_main(void *arg)
{
	struct control *c = arg;
	bool changed = false;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = c->end_fd, .events = POLLIN},
			{.fd = c->signal_fd, .events = POLLIN},
			{.fd = c->watch_fd, .events = POLLIN},
		};
		bool opening = still_opening(c);
		int grace = atomic_load(&c->hurry) ? 0 : GRACE_MS;
		int n = poll(fds, ARRAY_SIZE(fds), changed ? DEBOUNCE_MS : opening ? grace : -1);

		if (n < 0 && errno != EINTR)
			return NULL;
		if (opening && n == 0 && !changed && still_opening(c))
			_exit(INTERRUPTED); /* nothing was taken in yet */
		if (n == 0 && changed) {
			changed = false;
			raise_flag(c, &c->reload);
		}
		if (n <= 0)
			continue;
		if (fds[0].revents)
			return NULL;
		if (fds[1].revents)
			take_signal(c);
		if (fds[2].revents && take_changes(c))
			changed = true;
	}
}

static void forget_watches(struct control *c)
{
	for (uint32_t i = 0; i < c->n_watches; i++)
		free(c->watches[i].name);
	c->n_watches = 0;
}

int control_start(struct control *c)
{
	sigset_t set;
	int r;

	memset(c, 0, sizeof(*c));
	pthread_mutex_init(&c->lock, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	r = pthread_sigmask(SIG_BLOCK, &set, NULL);
	c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	c->end_fd = eventfd(0, EFD_CLOEXEC);
	c->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK); /* -1: poll() passes it over */
	if (r == 0 && (c->signal_fd < 0 || c->end_fd < 0))
		r = errno;
	if (r == 0)
		r = pthread_create(&c->thread, NULL, control_main, c);
	c->running = r == 0;
	if (r)
		control_stop(c);
	return -r;
}

void control_stop(struct control *c)
{
	uint64_t one = 1;

	if (c->running) {
		/* An eventfd takes eight bytes or fails for good, and then nothing helps. */
		if (write(c->end_fd, &one, sizeof(one)) == sizeof(one))
			pthread_join(c->thread, NULL);
		c->running = false;
	}
	util_closep(&c->signal_fd);
	util_closep(&c->end_fd);
	util_closep(&c->watch_fd);
	c->signal_fd = c->end_fd = c->watch_fd = -1;
	forget_watches(c);
	free(c->watches);
	c->watches = NULL;
	pthread_mutex_destroy(&c->lock);
}

void control_attach(struct control *c, struct saker_capture *capture)
{
	pthread_mutex_lock(&c->lock);
	c->capture = capture;
	c->opened = c->opened || capture;
	pthread_mutex_unlock(&c->lock);
}

/* name: of a file in the folder, NULL = all rule files there. The lock is held. */
static int watch(struct control *c, const char *folder, const char *name)
{
	uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
	int wd = inotify_add_watch(c->watch_fd, folder, mask);
	char *copy = NULL;

	if (wd < 0)
		return -errno;
	if (name && !(copy = strdup(name)))
		return -ENOMEM;
	if (GROW(c->watches, c->n_watches, c->watches_capacity) < 0) {
		free(copy);
		return -ENOMEM;
	}
	c->watches[c->n_watches++] = (struct control_watch){.wd = wd, .name = copy};
	return 0;
}

/*
 * A file is watched through its folder: editors replace files, which a watch on
 * the file itself would lose.
 */
static int watch_file(struct control *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";

	if (slash && (size_t)(slash - path) < sizeof(folder)) {
		size_t len = MAX((size_t)(slash - path), 1); /* "/x" is in "/" */

		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	return watch(c, folder, slash ? slash + 1 : path);
}

int control_watch(struct control *c, const struct rules_files *files)
{
	int r = 0;

	if (c->watch_fd < 0)
		return -ENOSYS;
	pthread_mutex_lock(&c->lock);
	forget_watches(c);
	for (uint32_t i = 0; i < files->n_folders && r == 0; i++)
		r = watch(c, files->folders[i], NULL);
	for (uint32_t i = 0; i < files->n && r == 0; i++)
		r = watch_file(c, files->paths[i]);
	for (uint32_t i = 0; i < files->n_items && r == 0; i++)
		r = watch_file(c, files->items[i]);
	pthread_mutex_unlock(&c->lock);
	return r;
}
