// SPDX-License-Identifier: Apache-2.0
/* The parameters of events 223 and 293 by where they stand in event 430; and two short events. */
#include "procfs_life.h"

#include "event_build.h"
#include "task_params.h"

enum source {
	COPY,	 /* the same bytes */
	PID,	 /* 32 bits become 64 */
	EXE,	 /* the first of a list of texts */
	ARGS,	 /* the others */
	HEAD,	 /* the process, from the header */
	ZERO,	 /* success */
	FLAGS,	 /* of the executable; not known where it may not be seen */
	UNKNOWN, /* /proc does not tell */
};

struct origin {
	uint8_t source; /* enum source */
	uint8_t param;	/* enum task_param */
};

static const struct origin exec_params[] = {
	{ZERO, 0},		      /* res */
	{EXE, TASK_ARGV},	      /* exe */
	{ARGS, TASK_ARGV},	      /* args */
	{HEAD, 0},		      /* tid */
	{HEAD, 0},		      /* pid */
	{PID, TASK_PPID},	      /* ptid */
	{COPY, TASK_CWD},	      /* cwd */
	{COPY, TASK_FDLIMIT},	      /* fdlimit */
	{COPY, TASK_PF_MAJOR},	      /* pgft_maj */
	{COPY, TASK_PF_MINOR},	      /* pgft_min */
	{COPY, TASK_VM_SIZE},	      /* vm_size */
	{COPY, TASK_VM_RSS},	      /* vm_rss */
	{COPY, TASK_VM_SWAP},	      /* vm_swap */
	{COPY, TASK_COMM},	      /* comm */
	{COPY, TASK_CGROUPS},	      /* cgroups */
	{COPY, TASK_ENV},	      /* env */
	{COPY, TASK_TTY},	      /* tty */
	{PID, TASK_VPGID},	      /* vpgid */
	{COPY, TASK_LOGINUID},	      /* loginuid */
	{FLAGS, TASK_FLAGS},	      /* flags */
	{COPY, TASK_CAP_INHERITABLE}, /* cap_inheritable */
	{COPY, TASK_CAP_PERMITTED},   /* cap_permitted */
	{COPY, TASK_CAP_EFFECTIVE},   /* cap_effective */
	{COPY, TASK_EXE_INO},	      /* exe_ino */
	{COPY, TASK_EXE_CTIME},	      /* exe_ino_ctime */
	{COPY, TASK_EXE_MTIME},	      /* exe_ino_mtime */
	{COPY, TASK_EUID},	      /* uid */
	{COPY, TASK_EXEPATH},	      /* trusted_exepath */
	{PID, TASK_PGID},	      /* pgid */
	{COPY, TASK_EGID},	      /* gid */
	{UNKNOWN, 0},		      /* filename */
};

/* The child's side: res is 0. */
static const struct origin clone_params[] = {
	{ZERO, 0},		  /* res */
	{EXE, TASK_ARGV},	  /* exe */
	{ARGS, TASK_ARGV},	  /* args */
	{HEAD, 0},		  /* tid */
	{HEAD, 0},		  /* pid */
	{PID, TASK_PPID},	  /* ptid */
	{COPY, TASK_CWD},	  /* cwd */
	{COPY, TASK_FDLIMIT},	  /* fdlimit */
	{COPY, TASK_PF_MAJOR},	  /* pgft_maj */
	{COPY, TASK_PF_MINOR},	  /* pgft_min */
	{COPY, TASK_VM_SIZE},	  /* vm_size */
	{COPY, TASK_VM_RSS},	  /* vm_rss */
	{COPY, TASK_VM_SWAP},	  /* vm_swap */
	{COPY, TASK_COMM},	  /* comm */
	{COPY, TASK_CGROUPS},	  /* cgroups */
	{UNKNOWN, 0},		  /* flags */
	{COPY, TASK_EUID},	  /* uid */
	{COPY, TASK_EGID},	  /* gid */
	{PID, TASK_VPID},	  /* vtid */
	{PID, TASK_VTGID},	  /* vpid */
	{COPY, TASK_PIDNS_START}, /* pidns_init_start_ts */
};

static void add_param(struct event_build *b, const struct saker_event_view *task,
		      struct origin from)
{
	const struct saker_param *p = &task->params[from.param];
	size_t first = strnlen((const char *)p->data, p->len);

	switch ((enum source)from.source) {
	case COPY:
		event_build_add(b, p->data, p->len);
		break;
	case FLAGS:
		if (p->len == 4 && !(saker_load_u32(p->data) & SAKER_TASK_DENIED))
			event_build_add(b, p->data, p->len);
		else
			event_build_unknown(b);
		break;
	case PID:
		if (p->len == 4)
			event_build_u64(b, (uint64_t)(int64_t)(int32_t)saker_load_u32(p->data));
		else
			event_build_unknown(b);
		break;
	case EXE:
		event_build_add2(b, p->data, first, "", p->len > 0);
		break;
	case ARGS:
		first = MIN(first + 1, (size_t)p->len);
		event_build_add(b, p->data + first, p->len - first);
		break;
	case HEAD:
		event_build_u64(b, saker_event_task_pid(task->event));
		break;
	case ZERO:
		event_build_u64(b, 0);
		break;
	case UNKNOWN:
		event_build_unknown(b);
		break;
	}
}

static int make(const struct saker_event *task, uint16_t code, const struct origin *params,
		size_t n, uint8_t *buf)
{
	struct saker_event_view view;
	struct event_build b;
	int r = saker_event_decode(task, task->len, &view);

	if (r < 0 || view.n_params < TASK_PARAMS)
		return -EBADMSG;
	event_build_begin(&b, buf, code, task->ts, saker_event_task_pid(task));
	for (size_t i = 0; i < n; i++)
		add_param(&b, &view, params[i]);
	event_build_end(&b);
	return 0;
}

int procfs_life_exec(const struct saker_event *task, uint8_t *buf)
{
	return make(task, SAKER_EV_SYSCALL_EXECVE_19_X, exec_params, ARRAY_SIZE(exec_params), buf);
}

int procfs_life_clone(const struct saker_event *task, uint8_t *buf)
{
	return make(task, SAKER_EV_SYSCALL_CLONE_20_X, clone_params, ARRAY_SIZE(clone_params), buf);
}

void procfs_life_exit(uint32_t pid, uint64_t ts, uint8_t *buf)
{
	struct event_build b;

	event_build_begin(&b, buf, SAKER_EV_PROCEXIT_1_E, ts, pid);
	for (int i = 0; i < 5; i++)
		event_build_unknown(&b); /* status, ret, sig, core, reaper_tid */
	event_build_end(&b);
}

void procfs_life_close(uint32_t pid, uint32_t fd, uint64_t ts, uint8_t *buf)
{
	struct event_build b;

	event_build_begin(&b, buf, SAKER_EV_SYSCALL_CLOSE_X, ts, pid);
	event_build_u64(&b, 0);
	event_build_u64(&b, fd);
	event_build_end(&b);
}
