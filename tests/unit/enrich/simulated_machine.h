/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine played for tests of the state: processes that fork, execute, open,
 * copy and close files and sockets, change directories and users, make threads
 * and exit, with numbers used again. It yields the events that a real one would, and knows what is
 * true. No assertions, as event_builder.h.
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

#define SIM_O_DIRECTORY (1u << 10) /* as the capture format has them */
#define SIM_O_CLOEXEC (1u << 12)

struct sim_file {
	char kind; /* as fd.typechar; 0 = closed */
	bool cloexec;
	uint64_t ino;
	uint16_t port; /* of a socket, which is connected to 10.0.0.2:443; 0 = not yet */
	char name[64]; /* of a socket: its ends */
};

struct sim_task {
	bool alive;
	int pid; /* its process; of a process its own number */
	uint32_t uid;
	uint32_t gid;
	/* Of a process: */
	int ppid;
	int sid;
	int pgid;
	int n_threads;	  /* besides itself */
	uint32_t program; /* what it has executed: its name and environment are made of it */
	uint64_t start;
	char comm[16];
	char cwd[32];
	struct sim_file files[SIM_FDS];
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
	m->tasks[1] = (struct sim_task){.alive = true,
					.pid = 1,
					.uid = 1,
					.gid = 1,
					.sid = 1,
					.pgid = 1,
					.start = m->ts,
					.comm = "init",
					.cwd = "/"};
}

/* What the process has executed, as an execve says it: texts live until the next call. */
static inline struct eb_exec sim_program(struct sim *m, int tid)
{
	const struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	static char path[32], env[64];
	struct eb_exec e = {.ts = m->ts, .tid = tid, .ptid = p->ppid, .path = path, .env = env};

	snprintf(path, sizeof(path), "/bin/x%u", p->program);
	e.env_len =
		snprintf(env, sizeof(env), "N=%u%cHOME=/home/%u", p->program, 0, p->program) + 1;
	e.comm = p->comm;
	e.ino = 1000 + p->program;
	e.flags = p->program % 4;
	e.loginuid = 500 + p->program % 7;
	e.uid = m->tasks[tid].uid;
	e.gid = m->tasks[tid].gid;
	return e;
}

/* As start-up state has it. */
static inline const struct saker_event *sim_task_event(struct sim *m, struct event_builder *eb,
						       int tid)
{
	const struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	struct eb_exec program = sim_program(m, tid);

	return eb_task(eb, &(struct eb_task){.tid = tid,
					     .pid = m->tasks[tid].pid,
					     .ptid = p->ppid,
					     .comm = p->comm,
					     .cwd = p->cwd,
					     .sid = p->sid,
					     .pgid = p->pgid,
					     .ts = m->ts,
					     .start = m->tasks[tid].start,
					     .program = &program});
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
	snprintf(e->name, sizeof(e->name), "%s", fd >= 0 ? p->files[fd].name : "");
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
	struct eb_exec program = sim_program(m, tid);

	return eb_clone(&m->eb, &(struct eb_clone){.ts = m->ts,
						   .tid = tid,
						   .res = res,
						   .pid = m->tasks[tid].pid,
						   .ptid = p->ppid,
						   .flags = flags,
						   .comm = p->comm,
						   .exe = program.path,
						   .uid = program.uid,
						   .gid = program.gid});
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

	m->tasks[child] = (struct sim_task){.alive = true,
					    .pid = pid,
					    .uid = m->tasks[pid].uid,
					    .gid = m->tasks[pid].gid,
					    .start = m->ts};
	m->tasks[pid].n_threads++;
	m->n_alive++;
	sim_born(m, e, pid, child, SIM_CL_THREAD | 3); /* CLONE_FILES, CLONE_FS */
}

static inline int sim_lowest_fd(const struct sim_task *p)
{
	for (int fd = 0; fd < SIM_FDS; fd++)
		if (!p->files[fd].kind)
			return fd;
	return -1;
}

/* An open one of the process, of that kind (0 = of any); -1 = it has none. */
static inline int sim_any_fd(struct sim *m, const struct sim_task *p, char kind)
{
	int from = (int)sim_random(m, SIM_FDS);

	for (int i = 0; i < SIM_FDS; i++) {
		char k = p->files[(from + i) % SIM_FDS].kind;

		if (k && (!kind || k == kind))
			return (from + i) % SIM_FDS;
	}
	return -1;
}

/* Absolute, relative to the working directory, or to one that is open. */
static inline bool sim_open(struct sim *m, struct sim_event *e, int tid)
{
	struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	int fd = sim_lowest_fd(p), dirfd = -100;
	bool relative = sim_random(m, 2), dir = !relative && sim_random(m, 4) == 0;
	struct sim_file *f;
	uint32_t flags = 1;
	char given[32];

	if (fd < 0)
		return false;
	f = &p->files[fd];
	*f = (struct sim_file){.kind = dir ? 'd' : 'f', .ino = ++m->n_names};
	f->cloexec = sim_random(m, 4) == 0;
	flags |= (dir ? SIM_O_DIRECTORY : 0) | (f->cloexec ? SIM_O_CLOEXEC : 0);
	if (relative && sim_random(m, 2)) {
		dirfd = sim_any_fd(m, p, 'd');
		dirfd = dirfd < 0 || dirfd == fd ? -100 : dirfd;
	}
	snprintf(given, sizeof(given), "%s%s%llu", relative ? "" : "/data/", dir ? "d" : "f",
		 (unsigned long long)m->n_names);
	snprintf(f->name, sizeof(f->name), "%.31s%s%.31s",
		 !relative   ? ""
		 : dirfd < 0 ? p->cwd
			     : p->files[dirfd].name,
		 relative && dirfd >= 0 ? "/" : "", given);
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_OPENAT_2_X, m->ts, (uint64_t)tid, "qqswwwq",
			 (int64_t)fd, (int64_t)dirfd, given, (int)flags, 0, 1, (int64_t)f->ino),
		 tid, fd);
	return true;
}

/* A socket, and that it is connected: two events. */
static inline bool sim_connect(struct sim *m, struct sim_event *e, int tid)
{
	static const uint8_t peer[4] = {10, 0, 0, 2}, own[4] = {10, 0, 0, 1};
	struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	int fd = sim_lowest_fd(p);
	struct sim_file *f;
	uint8_t tuple[13] = {2};
	uint16_t port = 443;

	if (fd < 0)
		return false;
	f = &p->files[fd];
	*f = (struct sim_file){.kind = '4'};
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SOCKET_SOCKET_X, m->ts, (uint64_t)tid, "qwwww",
			 (int64_t)fd, 2, 1, 6, 0),
		 tid, fd);
	f->port = (uint16_t)(1024 + ++m->n_names % 60000);
	snprintf(f->name, sizeof(f->name), "10.0.0.1:%u->10.0.0.2:443", f->port);
	memcpy(tuple + 1, own, 4);
	memcpy(tuple + 5, &f->port, 2);
	memcpy(tuple + 7, peer, 4);
	memcpy(tuple + 11, &port, 2);
	sim_take(m, &m->next,
		 eb_make(&m->eb, SAKER_EV_SOCKET_CONNECT_X, m->ts, (uint64_t)tid, "qrq-",
			 INT64_C(0), tuple, 13, (int64_t)fd),
		 tid, fd);
	m->has_next = true;
	return true;
}

static inline bool sim_close(struct sim *m, struct sim_event *e, int tid)
{
	struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	int fd = sim_any_fd(m, p, 0);

	if (fd < 0)
		return false;
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_CLOSE_X, m->ts, (uint64_t)tid, "qq", INT64_C(0),
			 (int64_t)fd),
		 tid, fd);
	p->files[fd].kind = 0;
	return true;
}

/* dup, fcntl, and dup2 onto one that may be open. */
static inline bool sim_dup(struct sim *m, struct sim_event *e, int tid)
{
	struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	int fd = sim_any_fd(m, p, 0), to = sim_lowest_fd(p);
	uint32_t how = sim_random(m, 3);
	const struct saker_event *event;

	if (how == 2)
		to = (int)sim_random(m, SIM_FDS);
	if (fd < 0 || to < 0 || to == fd)
		return false;
	p->files[to] = p->files[fd];
	p->files[to].cloexec = how == 1;
	if (how == 0)
		event = eb_make(&m->eb, SAKER_EV_SYSCALL_DUP_1_X, m->ts, (uint64_t)tid, "qq",
				(int64_t)to, (int64_t)fd);
	else if (how == 1)
		event = eb_make(&m->eb, SAKER_EV_SYSCALL_FCNTL_X, m->ts, (uint64_t)tid, "qqbq",
				(int64_t)to, (int64_t)fd, 26, INT64_C(0)); /* DUPFD_CLOEXEC */
	else
		event = eb_make(&m->eb, SAKER_EV_SYSCALL_DUP2_X, m->ts, (uint64_t)tid, "qqq",
				(int64_t)to, (int64_t)fd, (int64_t)to);
	sim_take(m, e, event, tid, to);
	return true;
}

static inline bool sim_read(struct sim *m, struct sim_event *e, int tid)
{
	int fd = sim_any_fd(m, &m->tasks[m->tasks[tid].pid], 0);

	if (fd < 0)
		return false;
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_READ_X, m->ts, (uint64_t)tid, "qrqw", INT64_C(3),
			 "abc", 3, (int64_t)fd, 4096),
		 tid, fd);
	return true;
}

/* And what somebody finds out a little later: its digest. */
static inline bool sim_exec(struct sim *m, struct sim_event *e, int pid)
{
	struct sim_task *p = &m->tasks[pid];
	struct eb_exec program;
	char digest[128];

	if (p->n_threads)
		return false;
	p->program = 1 + sim_random(m, 1000);
	snprintf(p->comm, sizeof(p->comm), "x%u", p->program);
	/* Some change who they are. */
	if (sim_random(m, 4) == 0)
		p->uid = p->gid = 1 + sim_random(m, 50);
	p->pgid = pid;
	for (int fd = 0; fd < SIM_FDS; fd++)
		if (p->files[fd].cloexec)
			p->files[fd].kind = 0;
	program = sim_program(m, pid);
	sim_take(m, e, eb_exec(&m->eb, &program), pid, -1);
	m->has_next = true;
	snprintf(digest, sizeof(digest), "sha256:%064u %llu 2000", p->program,
		 (unsigned long long)program.ino);
	sim_take(m, &m->next,
		 eb_make(&m->eb, SAKER_EV_ASYNCEVENT_E, m->ts, (uint64_t)pid, "wss", 0,
			 "exe_digest", digest),
		 pid, -1);
	return true;
}

/* One of its threads changes its user. */
static inline void sim_setuid(struct sim *m, struct sim_event *e, int tid)
{
	struct sim_task *t = &m->tasks[tid];
	const struct saker_event *event;
	uint32_t id = 1 + sim_random(m, 50);

	if (sim_random(m, 2)) {
		t->uid = id;
		event = eb_make(&m->eb, SAKER_EV_SYSCALL_SETRESUID_X, m->ts, (uint64_t)tid, "qwww",
				INT64_C(0), 0, (int)id, 0);
	} else {
		t->gid = id;
		event = eb_make(&m->eb, SAKER_EV_SYSCALL_SETGID_X, m->ts, (uint64_t)tid, "qw",
				INT64_C(0), (int)id);
	}
	sim_take(m, e, event, tid, -1);
}

/* A group of its own. */
static inline bool sim_setpgid(struct sim *m, struct sim_event *e, int pid)
{
	struct sim_task *p = &m->tasks[pid];

	if (p->sid == pid || p->pgid == pid)
		return false;
	p->pgid = pid;
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_SETPGID_X, m->ts, (uint64_t)pid, "qqq",
			 INT64_C(0), INT64_C(0), INT64_C(0)),
		 pid, -1);
	return true;
}

static inline bool sim_fchdir(struct sim *m, struct sim_event *e, int tid)
{
	struct sim_task *p = &m->tasks[m->tasks[tid].pid];
	int fd = sim_any_fd(m, p, 'd');
	char path[32] = "";

	if (fd < 0)
		return false;
	memcpy(path, p->files[fd].name, sizeof(path) - 2);
	snprintf(p->cwd, sizeof(p->cwd), "%.30s/", path);
	sim_take(m, e,
		 eb_make(&m->eb, SAKER_EV_SYSCALL_FCHDIR_X, m->ts, (uint64_t)tid, "qq", INT64_C(0),
			 (int64_t)fd),
		 tid, fd);
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
	m->tasks[pid].pgid = pid;
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
	if (what < 26 && m->tasks[tid].pid == tid && tid != 1) {
		sim_chdir(m, e, tid);
		return true;
	}
	if (what < 27)
		return sim_fchdir(m, e, tid);
	if (what < 28 && tid != 1) {
		if (m->tasks[tid].pid == tid && sim_random(m, 2))
			return sim_setpgid(m, e, tid);
		sim_setuid(m, e, tid);
		return true;
	}
	if (what < 29)
		return m->tasks[tid].pid == tid && sim_setsid(m, e, tid);
	if (what < 46)
		return sim_open(m, e, tid);
	if (what < 50)
		return sim_connect(m, e, tid);
	if (what < 67)
		return sim_close(m, e, tid);
	return what < 75 ? sim_dup(m, e, tid) : sim_read(m, e, tid);
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

static inline const struct saker_event *sim_file_event(struct event_builder *eb, int pid, int fd,
						       const struct sim_file *f)
{
	static const uint8_t peer[4] = {10, 0, 0, 2}, own[4] = {10, 0, 0, 1}, none[4];
	uint64_t tid = (uint64_t)pid << 32 | (uint64_t)pid;

	if (f->kind == 'd')
		return eb_make(eb, SAKER_EV_ITER_TASK_FILE_DIRECTORY_E, 0, tid, "wsq", fd, f->name,
			       (int64_t)f->ino);
	if (f->kind == '4')
		return eb_make(eb, SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E, 0, tid, "whhrhrhq", fd, 1,
			       6, f->port ? own : none, 4, f->port, f->port ? peer : none, 4,
			       f->port ? 443 : 0, INT64_C(0));
	return eb_make(eb, SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0, tid, "wswwq", fd, f->name,
		       1 | (f->cloexec ? (int)SIM_O_CLOEXEC : 0), 1, (int64_t)f->ino);
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
	fn(fn_userdata, sim_task_event(m, &eb, (int)tid));
	for (int fd = 0; m->tasks[tid].pid == tid && fd < SIM_FDS; fd++) {
		if (p->files[fd].kind)
			fn(fn_userdata, sim_file_event(&eb, (int)tid, fd, &p->files[fd]));
	}
	return 0;
}

#endif /* TESTS_ENRICH_SIMULATED_MACHINE_H */
