/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine played for tests of the state: processes that fork, execute, open,
 * copy and close files, change directories, make threads and exit, with numbers
 * used again. It yields the events that a real one would, and knows what is true.
 * No assertions, as event_builder.h.
 */
#ifndef TESTS_ENRICH_SIMULATED_MACHINE_H
#define TESTS_ENRICH_SIMULATED_MACHINE_H

#include <stdbool.h>
#include <stdio.h>

#include "event_builder.h"

#define SIM_PIDS 400	/* numbers go round after this many */
#define SIM_THREADS 100 /* at once */
#define SIM_FDS 24
#define SIM_ANCESTORS 4
#define SIM_CL_THREAD (1u << 13)

struct sim_task {
	bool alive;
	int pid; /* its process; of a process its own number */
	/* Of a process: */
	int ppid;
	int sid;
	int n_threads; /* besides itself */
	uint64_t start;
	char comm[16];
	char cwd[32];
	char files[SIM_FDS][64]; /* "" = closed */
	uint64_t inodes[SIM_FDS];
};

/* An event and what is true after it. */
struct sim_event {
	struct saker_event *event;
	uint8_t bytes[1024];
	int tid;
	int pid;
	int ppid;
	int fd;	       /* -1 = none */
	bool lost;     /* for whoever plays it */
	bool is_child; /* a clone's other side */
	int sid;
	int ancestors[SIM_ANCESTORS]; /* the parent first; 0 = none */
	char comm[16];
	char acomm[SIM_ANCESTORS][16];
	char scomm[16]; /* of the session's leader; "" = it has ended */
	char cwd[32];
	char name[64]; /* of fd */
};

struct sim {
	uint32_t random;
	uint64_t ts;
	uint64_t step; /* nanoseconds between events */
	int last_pid;
	int n_alive;
	uint64_t n_names;
	struct sim_task tasks[SIM_PIDS];
	struct event_builder eb;
	/* A fork and a thread's birth are two events. */
	struct sim_event next;
	bool has_next;
};

static inline uint32_t sim_random(struct sim *m, uint32_t n)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 17;
	m->random ^= m->random << 5;
	return m->random % n;
}

static inline void sim_init(struct sim *m, uint32_t seed, uint64_t step)
{
	memset(m, 0, sizeof(*m));
	m->random = seed * 2654435761u | 1;
	m->ts = UINT64_C(1700000000000000000);
	m->step = step;
	m->last_pid = 1;
	m->n_alive = 1;
	m->tasks[1] = (struct sim_task){
		.alive = true, .pid = 1, .sid = 1, .start = m->ts, .comm = "init", .cwd = "/"};
}

static inline void sim_take(struct sim *m, struct sim_event *e, const struct saker_event *event,
			    int tid, int fd)
{
	const struct sim_task *p = &m->tasks[m->tasks[tid].pid];

	memcpy(e->bytes, event, event->len);
	e->event = (struct saker_event *)e->bytes;
	e->tid = tid;
	e->is_child = false;
	e->pid = m->tasks[tid].pid;
	e->ppid = p->ppid;
	e->fd = fd;
	e->sid = p->sid;
	snprintf(e->comm, sizeof(e->comm), "%s", p->comm);
	snprintf(e->cwd, sizeof(e->cwd), "%s", p->cwd);
	for (int i = 0, a = p->ppid; i < SIM_ANCESTORS; i++, a = m->tasks[a].ppid) {
		e->ancestors[i] = a;
		snprintf(e->acomm[i], sizeof(e->acomm[i]), "%s", m->tasks[a].comm);
	}
	snprintf(e->scomm, sizeof(e->scomm), "%s",
		 m->tasks[p->sid].alive ? m->tasks[p->sid].comm : "");
	snprintf(e->name, sizeof(e->name), "%s", fd >= 0 ? p->files[fd] : "");
}

/* The number of a session is nobody else's while it has members. */
static inline bool sim_is_session(const struct sim *m, int pid)
{
	for (int i = 1; i < SIM_PIDS; i++)
		if (m->tasks[i].alive && m->tasks[i].pid == i && m->tasks[i].sid == pid)
			return true;
	return false;
}

static inline int sim_new_pid(struct sim *m)
{
	do
		m->last_pid = m->last_pid % (SIM_PIDS - 1) + 1;
	while (m->last_pid < 2 || m->tasks[m->last_pid].alive || sim_is_session(m, m->last_pid));
	return m->last_pid;
}

static inline const struct saker_event *sim_clone(struct sim *m, int tid, int64_t res,
						  uint32_t flags)
{
	const struct sim_task *p = &m->tasks[m->tasks[tid].pid];

	return eb_clone(&m->eb, &(struct eb_clone){.ts = m->ts,
						   .tid = tid,
						   .res = res,
						   .pid = m->tasks[tid].pid,
						   .ptid = p->ppid,
						   .flags = flags,
						   .comm = p->comm});
}

/* Both sides, in either order; the second one is kept for the next call. */
static inline void sim_born(struct sim *m, struct sim_event *e, int tid, int child, uint32_t flags)
{
	bool child_first = sim_random(m, 3) == 0;
	struct sim_event *of_caller = child_first ? &m->next : e;
	struct sim_event *of_child = child_first ? e : &m->next;

	sim_take(m, of_caller, sim_clone(m, tid, child, flags), tid, -1);
	sim_take(m, of_child, sim_clone(m, child, 0, flags), child, -1);
	of_child->is_child = true;
	m->has_next = true;
}

static inline void sim_fork(struct sim *m, struct sim_event *e, int pid)
{
	int child = sim_new_pid(m);

	m->tasks[child] = m->tasks[pid];
	m->tasks[child].pid = child;
	m->tasks[child].ppid = pid;
	m->tasks[child].n_threads = 0;
	m->tasks[child].start = m->ts;
	m->n_alive++;
	sim_born(m, e, pid, child, 0);
}

static inline void sim_thread(struct sim *m, struct sim_event *e, int pid)
{
	int child = sim_new_pid(m);

	m->tasks[child] = (struct sim_task){.alive = true, .pid = pid, .start = m->ts};
	m->tasks[pid].n_threads++;
	m->n_alive++;
	sim_born(m, e, pid, child, SIM_CL_THREAD | 3); /* CLONE_FILES, CLONE_FS */
}

static inline int sim_lowest_fd(const struct sim_task *p)
{
	for (int fd = 0; fd < SIM_FDS; fd++)
		if (!p->files[fd][0])
			return fd;
	return -1;
}

static inline bool sim_open(struct sim *m, struct sim_event *e, int tid)
{
	struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	int fd = sim_lowest_fd(p);
	bool relative = sim_random(m, 2);
	char given[64], name[64];

	if (fd < 0)
		return false;
	p->inodes[fd] = ++m->n_names;
	snprintf(given, sizeof(given), "%sf%llu", relative ? "" : "/data/",
		 (unsigned long long)m->n_names);
	if (relative)
		snprintf(name, sizeof(name), "%s%.24s", p->cwd, given);
	else
		snprintf(name, sizeof(name), "%s", given);
	memcpy(p->files[fd], name, sizeof(name));
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_OPENAT_2_X, m->ts, (uint64_t)tid, "qqswwwq",
			 (int64_t)fd, INT64_C(-100), given, 1, 0, 1, (int64_t)m->n_names),
		 tid, fd);
	return true;
}

/* An open one of the process; -1 = it has none. */
static inline int sim_any_fd(struct sim *m, const struct sim_task *p)
{
	int from = (int)sim_random(m, SIM_FDS);

	for (int i = 0; i < SIM_FDS; i++)
		if (p->files[(from + i) % SIM_FDS][0])
			return (from + i) % SIM_FDS;
	return -1;
}

/* read, close or dup. */
static inline bool sim_use(struct sim *m, struct sim_event *e, int tid, uint32_t what)
{
	struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	int fd = sim_any_fd(m, p);
	int copy = sim_lowest_fd(p);

	if (fd < 0 || (what == 2 && copy < 0))
		return false;
	if (what == 2) {
		memcpy(p->files[copy], p->files[fd], sizeof(p->files[copy]));
		p->inodes[copy] = p->inodes[fd];
		sim_take(m, e,
			 eb_make(&m->eb, SAKER_EV_SYSCALL_DUP_1_X, m->ts, (uint64_t)tid, "qq",
				 (int64_t)copy, (int64_t)fd),
			 tid, copy);
		return true;
	}
	if (what == 1) {
		sim_take(m, e,
			 eb_make(&m->eb, SAKER_EV_SYSCALL_CLOSE_X, m->ts, (uint64_t)tid, "qq",
				 INT64_C(0), (int64_t)fd),
			 tid, fd);
		p->files[fd][0] = '\0';
		return true;
	}
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_READ_X, m->ts, (uint64_t)tid, "qrqw", INT64_C(3),
			 "abc", 3, (int64_t)fd, 4096),
		 tid, fd);
	return true;
}

static inline bool sim_exec(struct sim *m, struct sim_event *e, int pid)
{
	struct sim_task *p = &m->tasks[pid];
	char path[32];

	if (p->n_threads)
		return false;
	snprintf(p->comm, sizeof(p->comm), "x%u", sim_random(m, 1000));
	snprintf(path, sizeof(path), "/bin/%s", p->comm);
	sim_take(m, e,
		 eb_exec(&m->eb, &(struct eb_exec){.ts = m->ts,
						   .tid = pid,
						   .ptid = p->ppid,
						   .path = path,
						   .comm = p->comm}),
		 pid, -1);
	return true;
}

static inline void sim_chdir(struct sim *m, struct sim_event *e, int pid)
{
	struct sim_task *p = &m->tasks[pid];
	char path[32];

	snprintf(path, sizeof(path), "/dir%u", sim_random(m, 1000));
	snprintf(p->cwd, sizeof(p->cwd), "%.29s/", path);
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_CHDIR_X, m->ts, (uint64_t)pid, "qs", INT64_C(0),
			 path),
		 pid, -1);
}

static inline bool sim_setsid(struct sim *m, struct sim_event *e, int pid)
{
	if (m->tasks[pid].sid == pid)
		return false;
	m->tasks[pid].sid = pid;
	sim_take(
		m, e,
		eb_make(&m->eb, SAKER_EV_SYSCALL_SETSID_X, m->ts, (uint64_t)pid, "q", (int64_t)pid),
		pid, -1);
	return true;
}

/* A thread, or a process that has no others; its children go to init. */
static inline bool sim_exit(struct sim *m, struct sim_event *e, int tid)
{
	int pid = m->tasks[tid].pid;

	if (tid == 1 || (tid == pid && m->tasks[pid].n_threads))
		return false;
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_PROCEXIT_1_E, m->ts, (uint64_t)tid, "qqbbq", INT64_C(0),
			 INT64_C(0), 0, 0, tid == pid ? INT64_C(1) : (int64_t)pid),
		 tid, -1);
	m->tasks[tid].alive = false;
	m->n_alive--;
	if (tid != pid) {
		m->tasks[pid].n_threads--;
		return true;
	}
	for (int i = 1; i < SIM_PIDS; i++)
		if (m->tasks[i].alive && m->tasks[i].pid == i && m->tasks[i].ppid == pid)
			m->tasks[i].ppid = 1;
	return true;
}

static inline bool sim_try(struct sim *m, struct sim_event *e)
{
	int tid = 1 + (int)sim_random(m, SIM_PIDS - 1);
	uint32_t what = sim_random(m, 100);

	if (!m->tasks[tid].alive)
		return false;
	if (what < 10) {
		if (m->n_alive >= SIM_THREADS || m->tasks[tid].pid != tid)
			return false;
		if (what < 7)
			sim_fork(m, e, tid);
		else
			sim_thread(m, e, tid);
		return true;
	}
	if (what < 18)
		return sim_exit(m, e, tid);
	if (what < 24)
		return m->tasks[tid].pid == tid && tid != 1 && sim_exec(m, e, tid);
	if (what < 28 && m->tasks[tid].pid == tid && tid != 1) {
		sim_chdir(m, e, tid);
		return true;
	}
	if (what < 29)
		return m->tasks[tid].pid == tid && sim_setsid(m, e, tid);
	if (what < 50)
		return sim_open(m, e, tid);
	return sim_use(m, e, tid, what < 68 ? 1 : what < 75 ? 2 : 0);
}

/* The next event. */
static inline void sim_next(struct sim *m, struct sim_event *e)
{
	m->ts += m->step;
	if (m->has_next) {
		*e = m->next;
		e->event = (struct saker_event *)e->bytes;
		m->has_next = false;
		return;
	}
	while (!sim_try(m, e))
		;
}

/* As saker_capture_refill: the thread, and the files of a process. */
static inline int sim_refill(void *userdata, int64_t tid,
			     void (*fn)(void *userdata, const struct saker_event *event),
			     void *fn_userdata)
{
	static struct event_builder eb;
	struct sim *m = userdata;
	const struct sim_task *p;

	if (tid <= 0 || tid >= SIM_PIDS || !m->tasks[tid].alive)
		return -3; /* -ESRCH */
	p = &m->tasks[m->tasks[tid].pid];
	fn(fn_userdata, eb_task(&eb, &(struct eb_task){.tid = tid,
						       .pid = m->tasks[tid].pid,
						       .ptid = p->ppid,
						       .comm = p->comm,
						       .cwd = p->cwd,
						       .sid = p->sid,
						       .ts = m->ts,
						       .start = m->tasks[tid].start}));
	for (int fd = 0; m->tasks[tid].pid == tid && fd < SIM_FDS; fd++) {
		if (p->files[fd][0])
			fn(fn_userdata, eb_make(&eb, SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0,
						(uint64_t)(tid << 32 | tid), "wswwq", fd,
						p->files[fd], 1, 0, (int64_t)p->inodes[fd]));
	}
	return 0;
}

#endif /* TESTS_ENRICH_SIMULATED_MACHINE_H */
