/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Working directories. The threads of a process share one and processes have
 * their own, unless a program says otherwise (CLONE_FS, unshare): then what one
 * calls chdir for moves another, or does not move its own process.
 */
#include "internal.h"

static struct enrich_fs *fs_new(struct saker_state *s)
{
	struct enrich_fs *fs = enrich_alloc_zero(s, sizeof(*fs));

	if (fs)
		fs->refs = 1;
	return fs;
}

void enrich_fs_unref(struct saker_state *s, struct enrich_fs *fs)
{
	if (!fs || --fs->refs > 0)
		return;
	enrich_str_unref(s, fs->cwd);
	enrich_dealloc(s, fs, sizeof(*fs));
}

/* NULL = no memory: t keeps what it had. */
static void fs_assign(struct saker_state *s, struct enrich_thread *t, struct enrich_fs *fs)
{
	if (!fs)
		return;
	enrich_fs_unref(s, t->fs);
	t->fs = fs;
}

static struct enrich_fs *fs_copy(struct saker_state *s, const struct enrich_thread *from)
{
	struct enrich_fs *fs = fs_new(s);
	const struct enrich_fs *old = enrich_thread_fs(from);

	if (!fs || !old)
		return fs;
	fs->epoch = enrich_epoch(s, enrich_cwd_sure(s, from));
	enrich_str_assign(s, &fs->cwd, old->cwd);
	return fs;
}

void enrich_fs_fork(struct saker_state *s, struct enrich_thread *child,
		    const struct enrich_thread *from, bool shared)
{
	struct enrich_fs *fs = enrich_thread_fs(from);

	if (shared && fs) {
		fs->refs++;
		fs->shared = true;
		fs_assign(s, child, fs);
	} else {
		fs_assign(s, child, fs_copy(s, from));
	}
}

void enrich_fs_join(struct saker_state *s, struct enrich_thread *t)
{
	if (enrich_thread_is_leader(t))
		return;
	enrich_fs_unref(s, t->fs);
	t->fs = NULL;
}

void enrich_fs_unshare(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_thread *o = t->group ? t->group->threads : NULL;
	struct enrich_fs *old = t->fs;

	/* Those that use their leader's go on with what it leaves. */
	for (; old && enrich_thread_is_leader(t) && o; o = o->group_next) {
		if (o->fs)
			continue;
		old->refs++;
		o->fs = old;
	}
	if (!old || old->refs > 1)
		fs_assign(s, t, fs_copy(s, t));
}

/* The one to change; a thread's is its process's. */
static struct enrich_fs *fs_of(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_fs *fs = enrich_thread_fs(t);

	if (fs)
		return fs;
	t = enrich_thread_leader(s, t);
	if (!t->fs)
		t->fs = fs_new(s);
	return t->fs;
}

void enrich_fs_chdir(struct saker_state *s, struct enrich_thread *t, const char *path, uint32_t len,
		     bool sure)
{
	struct enrich_fs *fs = fs_of(s, t);
	char buf[ENRICH_PATH_MAX + 2];
	uint32_t n;

	if (!fs)
		return;
	if (len == 0 || path[0] != '/')
		sure = sure && enrich_cwd_sure(s, t);
	fs->epoch = enrich_epoch(s, sure && !enrich_thread_stale(s, enrich_thread_leader(s, t)) &&
					    !enrich_thread_stale(s, t));
	n = enrich_path_join(buf, enrich_str_text(fs->cwd), enrich_str_len(fs->cwd), path, len);
	if (n == 0 || buf[n - 1] != '/')
		buf[n++] = '/';
	enrich_str_set(s, &fs->cwd, buf, n);
}
