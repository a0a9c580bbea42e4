/* SPDX-License-Identifier: Apache-2.0 */
/* The state for programs without rules: its processes and their open files, as plain structs. */
#include <errno.h>

#include "internal.h"

static bool is_process(const struct enrich_thread *t)
{
	return enrich_thread_is_leader(t) &&
	       !(t->flags &
		 (ENRICH_THREAD_DEAD | ENRICH_THREAD_PLACEHOLDER | ENRICH_THREAD_HIDDEN));
}

static const char *info_text(const struct enrich_container *c, enum enrich_container_text text)
{
	return c && c->info ? enrich_str_text(c->info->texts[text]) : "";
}

static void process_fill(const struct saker_state *s, const struct enrich_thread *t,
			 struct saker_process *p)
{
	const struct enrich_container *c = enrich_thread_container(t);

	*p = (struct saker_process){
		.pid = t->pid,
		.ppid = MAX(t->ptid, 0),
		.vpid = t->vpid,
		.sid = t->sid,
		.uid = t->uid,
		.gid = t->gid,
		.n_threads = enrich_thread_n_threads(t),
		.n_fds = enrich_thread_n_fds(t),
		.name = enrich_str_text(t->comm),
		.exepath = enrich_str_text(t->exepath),
		.cwd = enrich_thread_cwd(s, t).text,
		.args = enrich_str_text(t->args),
		.args_len = enrich_str_len(t->args),
		.container_id = "",
		.container_name = info_text(c, ENRICH_CONTAINER_TEXT_NAME),
		.container_image = info_text(c, ENRICH_CONTAINER_TEXT_IMAGE),
	};
	/* A thread is nobody's parent to who looks at processes. */
	if (t->parent)
		p->ppid = t->parent->pid;
	if (c)
		p->container_id = c->id;
}

int saker_state_processes(struct saker_state *s, saker_process_fn fn, void *userdata)
{
	struct saker_process process;

	if (!s || !fn)
		return -EINVAL;
	if (s->unsettled)
		enrich_threads_settle(s);
	for (uint32_t i = 0; i < s->slots_capacity; i++) {
		const struct enrich_thread *t = s->slots[i].thread;
		int r;

		if (!t || !is_process(t))
			continue;
		process_fill(s, t, &process);
		r = fn(userdata, &process);
		if (r)
			return r;
	}
	return 0;
}

static const struct enrich_thread *find_process(struct saker_state *s, int64_t pid)
{
	const struct enrich_thread *t;

	if (s->unsettled)
		enrich_threads_settle(s);
	t = enrich_thread_find(s, pid);
	return t && is_process(t) ? t : NULL;
}

int saker_state_process(struct saker_state *s, int64_t pid, struct saker_process *ret_process)
{
	const struct enrich_thread *t;

	if (!s || !ret_process)
		return -EINVAL;
	t = find_process(s, pid);
	if (!t)
		return -ESRCH;
	process_fill(s, t, ret_process);
	return 0;
}

int saker_state_open_files(struct saker_state *s, int64_t pid, saker_open_file_fn fn,
			   void *userdata)
{
	const struct enrich_thread *t;
	const struct enrich_fd *fd;
	uint32_t iter = 0;

	if (!s || !fn)
		return -EINVAL;
	t = find_process(s, pid);
	if (!t)
		return -ESRCH;
	while ((fd = enrich_fd_next(t, &iter))) {
		const struct saker_open_file file = {
			.fd = fd->num,
			.type = enrich_fd_type_name((enum enrich_fd_type)fd->type),
			.name = enrich_str_text(fd->name),
			.ino = fd->ino,
		};
		int r = fn(userdata, &file);

		if (r)
			return r;
	}
	return 0;
}
