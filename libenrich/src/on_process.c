/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of processes: clone on both sides, execve, exit. The two sides of a
 * clone come in any order, the exit may come before either, and numbers are
 * used again: each handler first asks whether its news are still new.
 */
#include "internal.h"

enum clone_param {
	CLONE_EXE = 1,
	CLONE_ARGS = 2,
	CLONE_PID = 4,
	CLONE_PTID = 5,
	CLONE_FDLIMIT = 7,
	CLONE_PGFT_MAJ = 8,
	CLONE_PGFT_MIN = 9,
	CLONE_VM_SIZE = 10,
	CLONE_VM_RSS = 11,
	CLONE_VM_SWAP = 12,
	CLONE_COMM = 13,
	CLONE_CGROUPS = 14,
	CLONE_FLAGS = 15,
	CLONE_UID = 16,
	CLONE_GID = 17,
	CLONE_VTID = 18,
	CLONE_VPID = 19,
	CLONE_PIDNS_START = 20,
};

/* The first fifteen are those of clone. */
enum exec_param {
	EXEC_ENV = 15,
	EXEC_TTY = 16,
	EXEC_VPGID = 17,
	EXEC_LOGINUID = 18,
	EXEC_FLAGS = 19,
	EXEC_CAP_INHERITABLE = 20,
	EXEC_CAP_PERMITTED = 21,
	EXEC_CAP_EFFECTIVE = 22,
	EXEC_EXE_INO = 23,
	EXEC_EXE_CTIME = 24,
	EXEC_EXE_MTIME = 25,
	EXEC_UID = 26,
	EXEC_TRUSTED_EXEPATH = 27,
	EXEC_PGID = 28,
	EXEC_GID = 29,
	EXEC_FILENAME = 30,
};

#define EXECVEAT_EMPTY_PATH 1u

/* ---- strings from parameters ---------------------------------------------------------- */

void enrich_str_from_param(const struct saker_record *r, struct enrich_str **dst, uint32_t index,
			   struct enrich_str *like)
{
	struct enrich_slice text = enrich_param_text(r, index);

	if (!enrich_param(r, index))
		text = (struct enrich_slice){"<NA>", 4};
	if (like && like->len == text.len && memcmp(like->text, text.text, text.len) == 0)
		enrich_str_assign(r->state, dst, like);
	else
		enrich_str_set(r->state, dst, text.text, text.len);
}

void enrich_list_from_param(const struct saker_record *r, struct enrich_str **dst, uint32_t index,
			    struct enrich_str *like)
{
	const struct saker_param *p = enrich_param(r, index);
	const char *text = p ? (const char *)p->data : "";
	uint32_t len = p ? p->len : 0;

	if (len && text[len - 1] == '\0')
		len--;
	if (like && like->len == len && memcmp(like->text, text, len) == 0)
		enrich_str_assign(r->state, dst, like);
	else
		enrich_str_set(r->state, dst, text, len);
}

void enrich_exepath_set(struct saker_state *s, struct enrich_thread *t, const char *text,
			size_t len)
{
	static const char deleted[] = " (deleted)";
	size_t suffix = sizeof(deleted) - 1;

	if (len > suffix && memcmp(text + len - suffix, deleted, suffix) == 0)
		len -= suffix;
	enrich_str_set(s, &t->exepath, text, len);
}

/* ---- clone ------------------------------------------------------------------------------ */

static void memory_from_params(const struct saker_record *r, struct enrich_thread *t)
{
	if (!enrich_param(r, CLONE_VM_SWAP))
		return;
	t->pfmajor = enrich_param_u64(r, CLONE_PGFT_MAJ);
	t->pfminor = enrich_param_u64(r, CLONE_PGFT_MIN);
	t->vmsize_kb = enrich_param_u32(r, CLONE_VM_SIZE);
	t->vmrss_kb = enrich_param_u32(r, CLONE_VM_RSS);
	t->vmswap_kb = enrich_param_u32(r, CLONE_VM_SWAP);
}

/* What the event says of the child, whichever side it is from. */
static void child_from_params(const struct saker_record *r, struct enrich_thread *child,
			      const struct enrich_thread *like)
{
	struct saker_state *s = r->state;

	enrich_str_from_param(r, &child->exe, CLONE_EXE, like->exe);
	if (enrich_param(r, CLONE_COMM))
		enrich_str_from_param(r, &child->comm, CLONE_COMM, like->comm);
	else
		enrich_str_assign(s, &child->comm, child->exe);
	enrich_list_from_param(r, &child->args, CLONE_ARGS, like->args);
	child->fdlimit = (int64_t)enrich_param_u64(r, CLONE_FDLIMIT);
	memory_from_params(r, child);
	child->uid = enrich_param_u32(r, CLONE_UID);
	child->gid = enrich_param_u32(r, CLONE_GID);
	child->clone_ts = r->view.event->ts;
	if (!enrich_param(r, CLONE_CGROUPS))
		return;
	enrich_list_from_param(r, &child->cgroups, CLONE_CGROUPS, like->cgroups);
	if (child->cgroups && child->cgroups == like->cgroups)
		child->container = enrich_container_ref(like->container);
	else
		enrich_thread_update_container(s, child);
}

/* What a child has from its parent, and a thread from its leader. */
static void child_inherit(struct saker_state *s, const struct saker_record *r,
			  struct enrich_thread *child, const struct enrich_thread *from)
{
	enrich_loss_inherit(s, child, from);
	enrich_str_assign(s, &child->exepath, from->exepath);
	enrich_str_assign(s, &child->root, from->root);
	child->exe_flags = from->exe_flags;
	child->sid = from->sid;
	child->vpgid = from->vpgid;
	child->pgid = from->pgid;
	child->tty = from->tty;
	child->loginuid = from->loginuid;
	child->cap_permitted = from->cap_permitted;
	child->cap_effective = from->cap_effective;
	child->cap_inheritable = from->cap_inheritable;
	child->flags |= from->flags & (ENRICH_THREAD_KEEPS_CAPS | ENRICH_THREAD_NO_UID_FIXUP);
	if (child->clone_flags & CL_PPM_NEWUSER && enrich_follows_all(r))
		enrich_caps_all(child);
	enrich_exe_set(s, child, enrich_exe_ref(from->exe_file));
	child->exe_ino = from->exe_ino;
	child->exe_ino_ctime = from->exe_ino_ctime;
	child->exe_ino_mtime = from->exe_ino_mtime;
	child->exe_ctime_to_clone = from->exe_ctime_to_clone;
}

/* A new process has its own files, directory and environment, as they were. */
static void child_inherit_process(struct saker_state *s, struct enrich_thread *child,
				  const struct enrich_thread *from)
{
	const struct enrich_thread *leader = enrich_thread_leader(s, from);

	if (child->clone_flags & CL_PPM_FILES)
		child->files = enrich_files_ref(from->files);
	else
		child->files = enrich_files_fork(s, from->files);
	enrich_loss_fork(s, child->files, from);
	/* A thread that came with wrong flags is where its process is. */
	if (enrich_thread_is_leader(child))
		enrich_fs_fork(s, child, from, child->clone_flags & CL_PPM_FS);
	enrich_str_assign(s, &child->env, leader->env);
}

/* A thread shares these with its maker, who may have its own; or has them as they were. */
static void thread_inherit(struct saker_state *s, struct enrich_thread *t,
			   const struct enrich_thread *from)
{
	bool shares_fs = t->clone_flags & CL_PPM_FS;
	bool shares_files = t->clone_flags & CL_PPM_FILES;
	struct enrich_files *files;

	if (!shares_fs || (from->fs && !enrich_thread_is_leader(from)))
		enrich_fs_fork(s, t, from, shares_fs);
	if (shares_files && from->files == t->files)
		return;
	files = shares_files ? enrich_files_ref(from->files) : enrich_files_fork(s, from->files);
	if (!files)
		return;
	enrich_loss_fork(s, files, from);
	enrich_files_unref(s, t->files);
	t->files = files;
}

/* from: whom it is like, its maker or its leader; NULL = nothing is known of it. */
static void child_enter(struct saker_state *s, const struct saker_record *r,
			struct enrich_thread *child, const struct enrich_thread *from)
{
	bool thread = child->clone_flags & CL_PPM_THREAD;

	if (from)
		child_inherit(s, r, child, from);
	else
		enrich_loss_inherit(s, child, NULL);
	if (from && !thread)
		child_inherit_process(s, child, from);
	enrich_thread_join(s, child);
	if (!from || !thread)
		return;
	child->exec_ts = from->exec_ts;
	thread_inherit(s, child, from);
}

/* Falco's threads share both, whatever they were cloned with. */
static uint32_t shared_flags(const struct saker_record *r, uint32_t flags)
{
	return flags & CL_PPM_THREAD && !enrich_follows_all(r) ? flags | CL_PPM_FILES | CL_PPM_FS
							       : flags;
}

/* The two events of a clone come in either order of their times. */
static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Died before we heard of its birth? `ptid` 0 in the tombstone: its parent was not known. */
static bool has_died(const struct saker_state *s, int64_t tid, const struct enrich_thread *caller,
		     uint64_t ts)
{
	struct enrich_tombstone dead;

	if (!enrich_tombstone_find(s, tid, &dead))
		return false;
	if (dead.ptid && dead.ptid != caller->tid && dead.ptid != caller->pid)
		return false;
	return apart(ts, dead.ts) < ENRICH_STALE_NS;
}

/* A caller that we know nothing of learns from its child's event what they share. */
static void caller_complete(const struct saker_record *r, struct enrich_thread *caller)
{
	struct saker_state *s = r->state;

	enrich_thread_identify(s, caller, (int64_t)enrich_param_u64(r, CLONE_PID),
			       (int64_t)enrich_param_u64(r, CLONE_PTID));
	caller->fdlimit = (int64_t)enrich_param_u64(r, CLONE_FDLIMIT);
	caller->vtid = (int32_t)caller->tid;
	caller->vpid = -1;
	if (enrich_param(r, CLONE_VPID)) {
		caller->vtid = (int32_t)enrich_param_u64(r, CLONE_VTID);
		caller->vpid = (int32_t)enrich_param_u64(r, CLONE_VPID);
	}
	enrich_fs_join(s, caller);
	enrich_thread_join(s, caller);
}

/* And not all of it: of its program and environment the event says little. */
static void identity_from_params(const struct saker_record *r, struct enrich_thread *t)
{
	if (enrich_ever_lost(r->state))
		t->epoch = 0;
	enrich_str_from_param(r, &t->exe, CLONE_EXE, NULL);
	if (enrich_param(r, CLONE_COMM))
		enrich_str_from_param(r, &t->comm, CLONE_COMM, NULL);
	else
		enrich_str_assign(r->state, &t->comm, t->exe);
	enrich_list_from_param(r, &t->args, CLONE_ARGS, NULL);
	t->flags &= (uint16_t)~ENRICH_THREAD_PLACEHOLDER;
}

/* True when there is nothing to make: it is there, it is dead, or its own event knows better. */
static bool caller_leaves_it(struct saker_state *s, struct saker_record *r,
			     struct enrich_thread *caller, uint32_t flags)
{
	struct enrich_thread *there;

	/* The result counts in the caller's pid namespace; the child's own event has the real one.
	 */
	if (flags & (CL_PPM_CHILD_IN_PIDNS | CL_PPM_NEWPID | CL_PPM_PARENT) ||
	    caller->tid != caller->vtid)
		return true;
	/* The caller slept until the child was through execve, or dead. */
	if (flags & CL_PPM_VFORK || r->view.event->type == SAKER_EV_SYSCALL_VFORK_20_X)
		return true;
	if (r->res == caller->tid || has_died(s, r->res, caller, r->view.event->ts))
		return true;
	there = enrich_thread_find(s, r->res);
	if (!there)
		return false;
	if (there->clone_flags & CL_PPM_INVERTED &&
	    (!enrich_thread_stale(s, there) ||
	     (apart(there->clone_ts, r->view.event->ts) < ENRICH_STALE_NS &&
	      there->pid == (flags & CL_PPM_THREAD ? caller->pid : r->res))))
		return true;
	/* Somebody of that number whose exit we missed. */
	enrich_thread_exit(s, there);
	there = enrich_thread_find(s, r->res);
	if (there)
		enrich_thread_remove(s, there);
	return false;
}

static void on_clone_caller(struct saker_state *s, struct saker_record *r)
{
	uint32_t flags = enrich_param_u32(r, CLONE_FLAGS);
	int64_t caller_tid = (int64_t)r->view.event->tid;
	struct enrich_thread *caller = r->thread;
	struct enrich_thread *child;
	bool valid = true;

	if (!caller || caller->flags & ENRICH_THREAD_PLACEHOLDER)
		caller = enrich_thread_get(s, caller_tid, r->view.event->ts);
	r->thread = caller;
	if (!caller)
		return;
	if (enrich_thread_is_invalid(caller)) {
		valid = false;
		caller_complete(r, caller);
	}
	if (caller->flags & ENRICH_THREAD_HIDDEN || caller_leaves_it(s, r, caller, flags))
		return;
	/* The end of the number's last owner may have been the end of a dead caller, too. */
	caller = enrich_thread_touch(s, caller_tid);
	child = caller ? enrich_thread_add(s, r->res) : NULL;
	if (!child)
		return;
	child->clone_flags = shared_flags(r, flags);
	child->pid = flags & CL_PPM_THREAD ? caller->pid : child->tid;
	child->ptid = flags & CL_PPM_THREAD ? caller->ptid : caller->tid;
	child->vtid = (int32_t)child->tid;
	child->vpid = (int32_t)child->pid;
	child_from_params(r, child, caller);
	child->pidns_init_start_ts = s->pidns_epoch;
	if (!valid)
		identity_from_params(r, caller);
	child_enter(s, r, child, valid ? caller : NULL);
}

/* Whom the child is like: its leader if it is a thread, else its parent. */
static struct enrich_thread *child_model(struct saker_state *s, struct saker_record *r,
					 struct enrich_thread *child, bool *ret_valid)
{
	bool thread = child->clone_flags & CL_PPM_THREAD;
	struct enrich_thread *like;

	*ret_valid = false;
	/* A broken event may say so, and what it has would be taken for its own. */
	if ((thread ? child->pid : child->ptid) == child->tid)
		return NULL;
	/* There is one stand-in only, and the child may be it. */
	if (child->flags & ENRICH_THREAD_HIDDEN)
		like = enrich_thread_touch(s, thread ? child->pid : child->ptid);
	else
		like = enrich_thread_get(s, thread ? child->pid : child->ptid, r->view.event->ts);
	*ret_valid = like && !enrich_thread_is_invalid(like);
	if (!like || *ret_valid || !thread || like->flags & ENRICH_THREAD_HIDDEN)
		return like;
	enrich_thread_identify(s, like, child->pid, child->ptid);
	like->vpid = child->vpid;
	like->vtid = child->vpid;
	like->fdlimit = (int64_t)enrich_param_u64(r, CLONE_FDLIMIT);
	enrich_thread_join(s, like);
	identity_from_params(r, like);
	return like;
}

static void child_ids_from_params(struct saker_record *r, struct enrich_thread *child)
{
	child->pid = (int64_t)enrich_param_u64(r, CLONE_PID);
	child->ptid = (int64_t)enrich_param_u64(r, CLONE_PTID);
	child->vtid = (int32_t)child->tid;
	child->vpid = -1;
	if (enrich_param(r, CLONE_VPID)) {
		child->vtid = (int32_t)enrich_param_u64(r, CLONE_VTID);
		child->vpid = (int32_t)enrich_param_u64(r, CLONE_VPID);
	}
	child->clone_flags = shared_flags(r, enrich_param_u32(r, CLONE_FLAGS)) | CL_PPM_INVERTED;
}

static void child_pidns_start(struct saker_state *s, const struct saker_record *r,
			      struct enrich_thread *child)
{
	child->pidns_init_start_ts = s->pidns_epoch;
	if (!(child->clone_flags & (CL_PPM_CHILD_IN_PIDNS | CL_PPM_NEWPID)) &&
	    child->tid == child->vtid)
		return;
	child->pidns_init_start_ts = 0;
	if (enrich_param(r, CLONE_PIDNS_START))
		child->pidns_init_start_ts =
			enrich_param_u64(r, CLONE_PIDNS_START) + s->pidns_epoch;
}

/* The entry the event is to fill: a new one, or none that lasts when the child is dead already. */
static struct enrich_thread *child_entry(struct saker_state *s, struct saker_record *r)
{
	int64_t tid = (int64_t)r->view.event->tid;
	uint64_t ts = r->view.event->ts;
	struct enrich_thread *old = r->thread;

	if (old && old->clone_ts != 0 && apart(ts, old->clone_ts) < ENRICH_STALE_NS &&
	    (!enrich_thread_stale(s, old) || old->pid == (int64_t)enrich_param_u64(r, CLONE_PID)))
		return NULL;
	r->thread = NULL;
	if (!old && enrich_died_after(s, tid, ts))
		return enrich_thread_ghost(s, tid);
	if (old) {
		enrich_thread_exit(s, old);
		old = enrich_thread_find(s, tid);
		if (old)
			enrich_thread_remove(s, old);
	}
	return enrich_thread_add(s, tid);
}

static void on_clone_child(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *child = child_entry(s, r);
	struct enrich_thread *like;
	bool valid;

	/* Its parent's event made it already; or there was no memory for it. */
	if (!child)
		return;
	child_ids_from_params(r, child);
	like = child_model(s, r, child, &valid);
	child_from_params(r, child, like ? like : child);
	child_pidns_start(s, r, child);
	child_enter(s, r, child, valid ? like : NULL);
	child->flags &= (uint16_t)~ENRICH_THREAD_PLACEHOLDER;
	r->thread = child;
	if (child->flags & ENRICH_THREAD_HIDDEN)
		return;
	s->last_tid = child->tid;
	s->last_thread = child;
}

static void on_clone(struct saker_state *s, struct saker_record *r)
{
	if (!(r->flags & ENRICH_RECORD_HAS_RES) || r->res < 0)
		return;
	if (r->res == 0)
		on_clone_child(s, r);
	else
		on_clone_caller(s, r);
}

/* ---- execve ----------------------------------------------------------------------------- */

/* Old captures: only the call's own arguments say what was executed; they may stand in either
 * event. */
static void exepath_from_entry(struct saker_state *s, struct saker_record *r)
{
	char buf[ENRICH_PATH_MAX + 1];
	struct saker_record entry = {.thread = r->thread, .state = s};
	int64_t dirfd = ENRICH_AT_FDCWD;
	struct enrich_slice name;
	uint32_t flags = 0;
	uint32_t len;

	if (enrich_record_entry(r, SAKER_EV_SYSCALL_EXECVE_19_E, &entry.view)) {
		name = enrich_param_text(&entry, 0);
	} else if (enrich_record_entry(r, SAKER_EV_SYSCALL_EXECVEAT_E, &entry.view)) {
		dirfd = enrich_param_int(&entry, 0, ENRICH_AT_FDCWD);
		name = enrich_param_text(&entry, 1);
		flags = enrich_param_u32(&entry, 2);
	} else {
		name = enrich_param_text(r, EXEC_FILENAME);
		if (name.len == 0)
			return;
	}
	if (name.len == 4 && memcmp(name.text, "<NA>", 4) == 0)
		name.len = 0;
	if (name.len == 0 && flags & EXECVEAT_EMPTY_PATH) {
		const struct enrich_fd *fd = enrich_fd_find(r->thread, dirfd);
		/* Held: making the copy may push the descriptor out. */
		struct enrich_str *held = fd ? enrich_str_ref(fd->name) : NULL;

		enrich_exepath_set(s, r->thread, fd ? enrich_str_text(held) : "<NA>",
				   fd ? enrich_str_len(held) : 4);
		enrich_str_unref(s, held);
		return;
	}
	if (!enrich_path_sure(&entry, dirfd, name.text, name.len))
		r->thread->epoch = 0;
	len = name.len ? enrich_path_at(&entry, dirfd, name.text, name.len, buf) : 0;
	if (len == 0 || buf[0] != '/') {
		memcpy(buf, "<NA>", 5);
		len = 4;
	}
	enrich_exepath_set(s, r->thread, buf, len);
}

static void exec_executable(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = r->thread;
	struct enrich_slice path = enrich_param_text(r, EXEC_TRUSTED_EXEPATH);

	if (enrich_param(r, EXEC_TRUSTED_EXEPATH))
		enrich_exepath_set(s, t, path.text, path.len);
	else
		exepath_from_entry(s, r);
	if (enrich_param(r, EXEC_FLAGS))
		t->exe_flags = (uint16_t)(enrich_param_u32(r, EXEC_FLAGS) & 0xf);
	if (!enrich_param(r, EXEC_EXE_MTIME))
		return;
	t->exe_ino = enrich_param_u64(r, EXEC_EXE_INO);
	t->exe_ino_ctime = enrich_param_u64(r, EXEC_EXE_CTIME);
	t->exe_ino_mtime = enrich_param_u64(r, EXEC_EXE_MTIME);
	enrich_thread_new_exe(s, t);
	t->exe_ctime_to_clone = t->clone_ts ? t->clone_ts - t->exe_ino_ctime : 0;
	if (t->pidns_init_start_ts && t->exe_ino_ctime > t->pidns_init_start_ts)
		t->exe_pidns_to_ctime = t->exe_ino_ctime - t->pidns_init_start_ts;
}

static void exec_credentials(struct saker_record *r)
{
	struct enrich_thread *t = r->thread;

	if (enrich_param(r, EXEC_TTY))
		t->tty = enrich_param_u32(r, EXEC_TTY);
	if (enrich_param(r, EXEC_VPGID))
		t->vpgid = (int32_t)enrich_param_u64(r, EXEC_VPGID);
	t->pgid = enrich_param(r, EXEC_PGID) ? (int32_t)enrich_param_u64(r, EXEC_PGID) : -1;
	if (enrich_param(r, EXEC_LOGINUID))
		t->loginuid = enrich_param_u32(r, EXEC_LOGINUID);
	if (enrich_param(r, EXEC_UID))
		t->uid = enrich_param_u32(r, EXEC_UID);
	if (enrich_param(r, EXEC_GID))
		t->gid = enrich_param_u32(r, EXEC_GID);
	if (!enrich_param(r, EXEC_CAP_EFFECTIVE))
		return;
	t->cap_inheritable = enrich_param_u64(r, EXEC_CAP_INHERITABLE);
	t->cap_permitted = enrich_param_u64(r, EXEC_CAP_PERMITTED);
	t->cap_effective = enrich_param_u64(r, EXEC_CAP_EFFECTIVE);
}

/* By a thread that is not the leader, but becomes it: what it has of its own is the process's. */
static void exec_from_thread(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_thread *from = NULL;

	if (!(t->flags & ENRICH_THREAD_DEAD) || !t->group)
		return;
	for (struct enrich_thread *o = t->group->threads; o; o = o->group_next) {
		if (!(o->flags & ENRICH_THREAD_DEAD))
			from = o;
	}
	if (from && from->fs)
		enrich_fs_fork(s, t, from, true);
	if (!from || !from->files || from->files == t->files)
		return;
	enrich_files_unref(s, t->files);
	t->files = enrich_files_ref(from->files);
}

/* All other threads are gone, save the leader, whose number this one has taken. */
static void exec_siblings(struct saker_state *s, struct enrich_thread *t)
{
	struct enrich_thread *other = t->group ? t->group->threads : NULL;

	while (other) {
		struct enrich_thread *next = other->group_next;

		if (other != t && !enrich_thread_is_leader(other))
			enrich_thread_exit(s, other);
		other = next;
	}
}

static void exec_ids(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = r->thread;

	if (t->flags & ENRICH_THREAD_DEAD) {
		t->flags &= (uint16_t)~ENRICH_THREAD_DEAD;
		if (t->group)
			t->group->n_alive++;
	}
	if (enrich_thread_is_invalid(t)) {
		enrich_thread_identify(s, t, (int64_t)enrich_param_u64(r, CLONE_PID),
				       (int64_t)enrich_param_u64(r, CLONE_PTID));
		if (!(t->clone_flags & CL_PPM_CHILD_IN_PIDNS)) {
			t->vtid = (int32_t)t->tid;
			t->vpid = (int32_t)t->pid;
		}
		enrich_thread_join(s, t);
	}
	t->flags &= (uint16_t) ~(ENRICH_THREAD_PLACEHOLDER | ENRICH_THREAD_KEEPS_CAPS);
}

static void on_exec(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = r->thread;

	if (!t || r->flags & ENRICH_RECORD_FAILED)
		return;
	if (unlikely(enrich_thread_stale(s, t))) {
		enrich_loss_exec(s, r, (int64_t)enrich_param_u64(r, CLONE_PID),
				 (int64_t)enrich_param_u64(r, CLONE_PTID));
		t = r->thread;
		if (!t)
			return;
	}
	exec_from_thread(s, t);
	exec_ids(s, r);
	t->exec_ts = r->view.event->ts;
	enrich_str_from_param(r, &t->exe, CLONE_EXE, NULL);
	if (enrich_param(r, CLONE_COMM))
		enrich_str_from_param(r, &t->comm, CLONE_COMM, NULL);
	else
		enrich_str_assign(s, &t->comm, t->exe);
	enrich_list_from_param(r, &t->args, CLONE_ARGS, NULL);
	t->fdlimit = (int64_t)enrich_param_u64(r, CLONE_FDLIMIT);
	memory_from_params(r, t);
	if (enrich_param(r, EXEC_ENV))
		enrich_list_from_param(r, &t->env, EXEC_ENV, NULL);
	exec_executable(s, r);
	exec_credentials(r);
	if (enrich_param(r, CLONE_CGROUPS)) {
		struct enrich_str *old = t->cgroups;

		enrich_list_from_param(r, &t->cgroups, CLONE_CGROUPS, NULL);
		if (t->cgroups != old || !old)
			enrich_thread_update_container(s, t);
		else
			enrich_container_ask_accounts(s, t->container, t->tid);
	}
	t->clone_flags &= CL_PPM_INVERTED;
	exec_siblings(s, t);
	enrich_fds_exec(s, t);
}

/* ---- exit --------------------------------------------------------------------------------- */

static void on_procexit(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = r->thread;

	s->pending_exit = (int64_t)r->view.event->tid;
	s->pending_exit_ts = r->view.event->ts;
	if (!t)
		return;
	if (t->group && !(t->flags & ENRICH_THREAD_DEAD))
		t->group->n_alive--;
	t->flags |= ENRICH_THREAD_DEAD;
	t->reaper_tid = (int32_t)enrich_param_int(r, 4, -1);
}

const struct enrich_handler enrich_handlers_process[] = {
	{SAKER_EV_SYSCALL_CLONE_20_X, on_clone}, {SAKER_EV_SYSCALL_FORK_20_X, on_clone},
	{SAKER_EV_SYSCALL_VFORK_20_X, on_clone}, {SAKER_EV_SYSCALL_CLONE3_X, on_clone},
	{SAKER_EV_SYSCALL_EXECVE_19_X, on_exec}, {SAKER_EV_SYSCALL_EXECVEAT_X, on_exec},
	{SAKER_EV_PROCEXIT_1_E, on_procexit},	 {0, NULL},
};
