/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reaches a tool from outside while it runs: signals and changed rule
 * files. A thread waits for them, leaves word here and interrupts the capture;
 * the main loop acts. So no handler runs in the middle of anything.
 */
#ifndef TOOLS_CONTROL_H
#define TOOLS_CONTROL_H

#include <pthread.h>
#include <stdatomic.h>

#include <saker/capture.h>

#include "rules.h"

/* A file, or any rule file, in a folder. */
struct control_watch {
	int wd;
	char *name; /* NULL = *.yaml and *.yml */
};

struct control {
	atomic_bool stop;   /* SIGINT, SIGTERM */
	atomic_bool hurry;  /* one of them again: wait for nothing more */
	atomic_bool reload; /* SIGHUP, a rule file changed */
	atomic_bool reopen; /* SIGUSR1 */
	atomic_bool any;    /* one of them: what the main loop looks at per event */

	pthread_t thread;
	bool running;
	int end_fd; /* eventfd: the thread shall end */
	int signal_fd;
	int watch_fd;	      /* inotify; -1 = not watching */
	pthread_mutex_t lock; /* of what follows */
	struct control_watch *watches;
	uint32_t n_watches;
	uint32_t watches_capacity;
	struct saker_capture *capture; /* NULL = not open */
	bool opened;		       /* it was open once */
};

/*
 * Blocks the signals and starts the thread. Before any other thread, so that
 * all inherit the mask.
 */
int control_start(struct control *control);
void control_stop(struct control *control);

/* What to interrupt; NULL before it is closed. */
void control_attach(struct control *control, struct saker_capture *capture);

/* Reports changes of these files and folders, and no longer of those before, as a reload. */
int control_watch(struct control *control, const struct rules_files *files);

#endif /* TOOLS_CONTROL_H */
