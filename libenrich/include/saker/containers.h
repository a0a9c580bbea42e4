/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the container runtimes of this machine what a container is: Docker and
 * Podman over their HTTP sockets, containerd, CRI-O and whatever else speaks
 * CRI over gRPC. In the order one calls them:
 *
 *   saker_containers_new    looks which runtimes there are
 *   saker_containers_ask    from the state (saker_state_options.ask_container)
 *   saker_containers_next   the answers, as container events to apply (and record)
 *   saker_containers_free
 *
 * Nothing here waits for a runtime: each socket has a thread of its own, so
 * that one that hangs holds up nobody, and costs its containers' metadata only.
 * All calls belong to one thread; notify and log are called from others.
 */
#ifndef SAKER_CONTAINERS_H
#define SAKER_CONTAINERS_H
#pragma once

#include <saker/base.h>
#include <saker/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct saker_containers;

/* The runtimes, and where Falco's container plugin looks for them: X(symbol, name, sockets). */
#define SAKER_RUNTIME_LIST(X)                                                            \
	X(DOCKER, "docker", "/var/run/docker.sock")                                      \
	X(PODMAN, "podman", "/run/podman/podman.sock")                                   \
	X(CRI, "cri", "/run/containerd/containerd.sock", "/run/crio/crio.sock",          \
	  "/run/k3s/containerd/containerd.sock", "/run/host-containerd/containerd.sock") \
	X(CONTAINERD, "containerd", "/run/containerd/containerd.sock",                   \
	  "/run/host-containerd/containerd.sock")

enum saker_runtime {
#define X(symbol, ...) SAKER_RUNTIME_##symbol,
	SAKER_RUNTIME_LIST(X)
#undef X
		SAKER_RUNTIMES,
};

struct saker_containers_options {
	size_t size;
	const char *host_root; /* where the host's / is; NULL = HOST_ROOT or "" */
	/* NULL-terminated lists; NULL = the usual places, an empty list = do not ask this one. */
	const char *const *sockets[SAKER_RUNTIMES];
	uint32_t timeout_ms; /* of one question to one runtime; 0 = 2000 */
	uint32_t label_max;  /* longest value of a label that is kept; 0 = 100 */
	/* An answer has come; from another thread. For saker_capture_interrupt; may be NULL. */
	void (*notify)(void *notify_userdata);
	void *notify_userdata;
	saker_log_fn log; /* from other threads; may be NULL */
	void *log_userdata;
};

#define SAKER_CONTAINERS_OPTIONS_INIT                            \
	{                                                        \
		.size = sizeof(struct saker_containers_options), \
	}

/*
 * options may be NULL; what it points to is copied. Runtimes whose socket comes
 * later are found then. -ENOTSUP: built without any of them; -EINVAL; -ENOMEM.
 */
SAKER_PUBLIC int saker_containers_new(const struct saker_containers_options *options,
				      struct saker_containers **ret_containers);
/* Ends its threads; at most one timeout_ms, when a runtime hangs just then. */
SAKER_PUBLIC struct saker_containers *saker_containers_free(struct saker_containers *containers);

/* Is there a runtime to ask at the moment? 1 or 0. */
SAKER_PUBLIC int saker_containers_any(struct saker_containers *containers);

/*
 * Asks for a container by its whole id. type: enum of container.type's numbers,
 * as the cgroup tells (docker 0, containerd 7, podman 11 ...; -1 = not known).
 * 1: of a runtime that has answered so far; 0: of one that has not (yet); an
 * answer comes in either case. -ENOENT: no runtime to ask; -EACCES: there is
 * one, and its socket may not be used; -EAGAIN: too many questions are open.
 */
SAKER_PUBLIC int saker_containers_ask(struct saker_containers *containers, const char *id,
				      size_t len, int type);

/*
 * Asks for a container's users and groups, which are read through a thread in
 * it, if that is still there and has the container's files. -EAGAIN: too many
 * such questions are open; -EINVAL; -ENOMEM.
 */
SAKER_PUBLIC int saker_containers_ask_accounts(struct saker_containers *containers, const char *id,
					       size_t len, int64_t tid);

struct saker_container_answer {
	const char *id; /* as it was asked for */
	size_t id_len;
	/*
	 * The schema's async event "container", as Falco's plugin makes it: apply it, and
	 * record it if you record. NULL: nobody knows this container, saker_state_forgo_container.
	 */
	const struct saker_event *event;
	/*
	 * Instead it is an account of the container (useradded, groupadded), which is for the
	 * state alone: SAKER_EVENT_META_STATE_ONLY.
	 */
	bool state_only;
};

/* The next answer: 1, or 0 = none yet. ts: the event's time, 0 = now. Valid until the next call. */
SAKER_PUBLIC int saker_containers_next(struct saker_containers *containers, uint64_t ts,
				       struct saker_container_answer *ret_answer);

struct saker_containers_stats {
	size_t size;
	uint64_t n_asked;
	uint64_t n_told;
	uint64_t n_unknown; /* no runtime knew it */
	uint64_t
		n_failed; /* questions to a runtime that gave no proper answer, timeouts included */
	uint64_t n_refused; /* questions and answers beyond what is kept waiting */
};

/* The counters so far; the caller sets ret_stats->size first. */
SAKER_PUBLIC int saker_containers_get_stats(struct saker_containers *containers,
					    struct saker_containers_stats *ret_stats);

/* "docker"; NULL outside the range. */
SAKER_PUBLIC const char *saker_runtime_name(enum saker_runtime runtime);

#ifdef __cplusplus
}
#endif

#endif /* SAKER_CONTAINERS_H */
