/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events made by hand for tests, benchmarks and fuzzing of the state: a code, a
 * time, a thread, and the parameters as a format string says. No assertions, so
 * that it serves programs without a test framework.
 */
#ifndef TESTS_ENRICH_EVENT_BUILDER_H
#define TESTS_ENRICH_EVENT_BUILDER_H

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <saker/event.h>
#include <saker/event_codes.h>

struct event_builder {
	uint32_t n;
	uint32_t used;
	uint32_t lens[SAKER_EVENT_MAX_PARAMS];
	uint8_t data[SAKER_EVENT_MAX_SIZE];
	uint8_t bytes[SAKER_EVENT_MAX_SIZE * 2];
};

static inline void eb_begin(struct event_builder *b)
{
	b->n = 0;
	b->used = 0;
}

static inline void eb_param(struct event_builder *b, const void *data, size_t len);

static inline void eb_u32(struct event_builder *b, uint32_t v)
{
	eb_param(b, &v, sizeof(v));
}

static inline void eb_u64(struct event_builder *b, int64_t v)
{
	eb_param(b, &v, sizeof(v));
}

/* Too many or too large: left out. */
static inline void eb_param(struct event_builder *b, const void *data, size_t len)
{
	if (b->n >= SAKER_EVENT_MAX_PARAMS || len > sizeof(b->data) - b->used)
		return;
	b->lens[b->n++] = (uint32_t)len;
	if (len)
		memcpy(b->data + b->used, data, len);
	b->used += (uint32_t)len;
}

static inline void eb_str(struct event_builder *b, const char *s)
{
	eb_param(b, s, strlen(s) + 1);
}

static inline const struct saker_event *eb_end(struct event_builder *b, uint16_t code, uint64_t ts,
					       uint64_t tid)
{
	const struct saker_event_info *info = saker_event_info(code);
	size_t width = info && info->flags & SAKER_EF_LARGE_PAYLOAD ? 4 : 2;
	struct saker_event *event = (struct saker_event *)b->bytes;
	uint8_t *p = b->bytes + sizeof(*event);

	event->ts = ts;
	event->tid = tid;
	event->type = code;
	event->nparams = b->n;
	event->len = (uint32_t)(sizeof(*event) + b->n * width + b->used);
	for (uint32_t i = 0; i < b->n; i++) {
		memcpy(p, &b->lens[i], width); /* little-endian */
		p += width;
	}
	memcpy(p, b->data, b->used);
	return event;
}

/*
 * The format has one letter a parameter: b h w q = integer of 1 2 4 8 bytes (an
 * int, int, int, or int64_t argument), s = text with its NUL (char *), r = raw
 * (void *, then int), - = empty.
 */
static inline const struct saker_event *eb_vmake(struct event_builder *b, uint16_t code,
						 uint64_t ts, uint64_t tid, const char *format,
						 va_list ap)
{
	const void *raw;
	int64_t v;
	int i;

	eb_begin(b);
	for (const char *f = format; *f; f++) {
		switch (*f) {
		case 'b':
		case 'h':
		case 'w':
			i = va_arg(ap, int);
			eb_param(b, &i, *f == 'b' ? 1 : *f == 'h' ? 2 : 4);
			break;
		case 'q':
			v = va_arg(ap, int64_t);
			eb_param(b, &v, 8);
			break;
		case 's':
			eb_str(b, va_arg(ap, const char *));
			break;
		case 'r':
			raw = va_arg(ap, const void *);
			i = va_arg(ap, int);
			eb_param(b, raw, (size_t)i);
			break;
		default:
			eb_param(b, NULL, 0);
			break;
		}
	}
	return eb_end(b, code, ts, tid);
}

static inline const struct saker_event *eb_make(struct event_builder *b, uint16_t code, uint64_t ts,
						uint64_t tid, const char *format, ...)
{
	const struct saker_event *event;
	va_list ap;

	va_start(ap, format);
	event = eb_vmake(b, code, ts, tid, format, ap);
	va_end(ap);
	return event;
}

#define EB_ARGS "--all\0--long" /* of what is executed */

/* What a clone event says beyond the defaults. */
struct eb_clone {
	uint16_t code; /* 0 = clone */
	uint64_t ts;
	int64_t tid; /* whose event it is */
	int64_t res; /* the child's number, or 0 in the child */
	int64_t pid;
	int64_t ptid;
	uint32_t flags;
	int64_t vtid;	     /* 0 = tid */
	int64_t vpid;	     /* 0 = pid */
	const char *comm;    /* NULL = "bash" */
	const char *exe;     /* NULL = comm */
	const char *cgroups; /* one "subsys=path"; NULL = none */
	uint32_t uid;	     /* 0 = 1000 */
	uint32_t gid;	     /* 0 = 1001 */
};

static inline const struct saker_event *eb_clone(struct event_builder *b, const struct eb_clone *c)
{
	const char *comm = c->comm ? c->comm : "bash";

	eb_begin(b);
	eb_u64(b, c->res);
	eb_str(b, c->exe ? c->exe : comm);
	if (c->exe)
		eb_param(b, EB_ARGS, sizeof(EB_ARGS)); /* of what it has executed */
	else
		eb_param(b, "-x\0001", 5);
	eb_u64(b, c->tid);
	eb_u64(b, c->pid);
	eb_u64(b, c->ptid);
	eb_str(b, ""); /* cwd */
	eb_u64(b, 1024);
	eb_u64(b, 1);
	eb_u64(b, 2);
	eb_u32(b, 300);
	eb_u32(b, 200);
	eb_u32(b, 100);
	eb_str(b, comm);
	eb_param(b, c->cgroups ? c->cgroups : "", c->cgroups ? strlen(c->cgroups) + 1 : 0);
	eb_u32(b, c->flags);
	eb_u32(b, c->uid ? c->uid : 1000);
	eb_u32(b, c->gid ? c->gid : 1001);
	eb_u64(b, c->vtid ? c->vtid : c->tid);
	eb_u64(b, c->vpid ? c->vpid : c->pid);
	eb_u64(b, 77);
	return eb_end(b, c->code ? c->code : SAKER_EV_SYSCALL_CLONE_20_X, c->ts, (uint64_t)c->tid);
}

/* A successful execve. */
struct eb_exec {
	uint64_t ts;
	int64_t tid;
	int64_t pid; /* 0 = tid */
	int64_t ptid;
	const char *path;
	const char *comm;
	const char *cgroups; /* one "subsys=path"; NULL = none */
	uint32_t flags;	     /* EXE_* */
	const char *env;     /* NULL = HOME and LANG */
	int env_len;	     /* with the last one's NUL */
	uint64_t ino;	     /* 0 = 4711 */
	uint32_t uid;	     /* 0 = 42 */
	uint32_t gid;	     /* 0 = 43 */
	uint32_t loginuid;   /* 0 = 500 */
};

static inline void eb_exec_env(struct event_builder *b, const struct eb_exec *e)
{
	if (e->env)
		eb_param(b, e->env, (size_t)e->env_len);
	else
		eb_param(b, "HOME=/root\0LANG=C", 18);
}

static inline const struct saker_event *eb_exec(struct event_builder *b, const struct eb_exec *e)
{
	eb_begin(b);
	eb_u64(b, 0);
	eb_str(b, e->path); /* exe */
	eb_param(b, EB_ARGS, sizeof(EB_ARGS));
	eb_u64(b, e->tid);
	eb_u64(b, e->pid ? e->pid : e->tid);
	eb_u64(b, e->ptid);
	eb_str(b, ""); /* cwd */
	eb_u64(b, 4096);
	eb_u64(b, 1);
	eb_u64(b, 2);
	eb_u32(b, 300);
	eb_u32(b, 200);
	eb_u32(b, 100);
	eb_str(b, e->comm);
	eb_param(b, e->cgroups ? e->cgroups : "", e->cgroups ? strlen(e->cgroups) + 1 : 0);
	eb_exec_env(b, e);
	eb_u32(b, 34816);  /* tty */
	eb_u64(b, e->tid); /* vpgid */
	eb_u32(b, e->loginuid ? e->loginuid : 500);
	eb_u32(b, e->flags);
	eb_u64(b, 1);
	eb_u64(b, 2);
	eb_u64(b, 3);
	eb_u64(b, e->ino ? (int64_t)e->ino : 4711);
	eb_u64(b, 1000);
	eb_u64(b, 2000);
	eb_u32(b, e->uid ? e->uid : 42);
	eb_str(b, e->path); /* trusted_exepath */
	eb_u64(b, e->tid);  /* pgid */
	eb_u32(b, e->gid ? e->gid : 43);
	eb_str(b, e->path); /* filename */
	return eb_end(b, SAKER_EV_SYSCALL_EXECVE_19_X, e->ts, (uint64_t)e->tid);
}

/* A process of the start-up state. */
struct eb_task {
	int64_t tid;
	int64_t pid; /* 0 = tid */
	int64_t ptid;
	const char *comm;
	const char *cwd; /* NULL = "/" */
	uint64_t start;	 /* 0 = 99 */
	int64_t sid;	 /* 0 = pid */
	uint64_t ts;
	const struct eb_exec *program; /* what it executed (of its ids: uid and gid); NULL = init */
	int64_t pgid;		       /* 0 = pid */
};

static inline void eb_task_program(struct event_builder *b, const struct eb_task *t)
{
	const struct eb_exec *e = t->program;
	char argv[64 + sizeof(EB_ARGS)];
	size_t len;

	if (!e) {
		eb_param(b, "init\0--deep", 12);
		eb_str(b, "/sbin/init (deleted)");
		eb_u32(b, 2);
		eb_param(b, "A=1\0B=2", 8);
		return;
	}
	len = strlen(e->path) + 1;
	memcpy(argv, e->path, len);
	memcpy(argv + len, EB_ARGS, sizeof(EB_ARGS));
	eb_param(b, argv, len + sizeof(EB_ARGS));
	eb_str(b, e->path);
	eb_u32(b, e->flags);
	eb_exec_env(b, e);
}

/* Users, capabilities (permitted, effective, inheritable), the executable's inode and times. */
static inline void eb_task_numbers(struct event_builder *b, const struct eb_exec *e)
{
	eb_u32(b, e ? e->uid : 0);
	eb_u32(b, e ? e->gid : 0);
	for (int i = 0; i < 3; i++)
		eb_u64(b, e ? (i + 1) % 3 + 1 : 10 + i);
	eb_u64(b, e ? (int64_t)e->ino : 13);
	eb_u64(b, e ? 1000 : 14);
	eb_u64(b, e ? 2000 : 15);
}

static inline const struct saker_event *eb_task(struct event_builder *b, const struct eb_task *t)
{
	int64_t pid = t->pid ? t->pid : t->tid;
	int64_t pgid = t->pgid ? t->pgid : pid;

	eb_begin(b);
	eb_u32(b, (uint32_t)t->ptid);
	eb_u32(b, (uint32_t)pgid);
	eb_u32(b, (uint32_t)pgid);
	eb_u32(b, (uint32_t)(t->sid ? t->sid : pid));
	eb_str(b, t->comm);
	eb_task_program(b, t);
	eb_str(b, t->cwd ? t->cwd : "/");
	eb_u64(b, 512);
	eb_task_numbers(b, t->program);
	for (int i = 0; i < 3; i++)
		eb_u32(b, 20 + (uint32_t)i);
	eb_u64(b, 30);
	eb_u64(b, 31);
	eb_u32(b, (uint32_t)pid);
	eb_u32(b, (uint32_t)t->tid);
	eb_u64(b, 0);
	eb_str(b, "cpu=/");
	eb_str(b, "/");
	eb_u64(b, t->start ? (int64_t)t->start : 99);
	eb_u32(b, t->program ? 34816 : 0);
	eb_u32(b, t->program ? t->program->loginuid : UINT32_MAX);
	return eb_end(b, SAKER_EV_ITER_TASK_E, t->ts, (uint64_t)pid << 32 | (uint64_t)t->tid);
}

#endif /* TESTS_ENRICH_EVENT_BUILDER_H */
