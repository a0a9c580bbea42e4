/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loss of events leaves in doubt. A close, an open, an exit or a clone may
 * have been among them, and the tables do not show it: the number of a descriptor
 * or a process may be somebody else's by now. So losses are numbered, and of each
 * process and of each kind of fact it is known which loss was the last to concern
 * it. Threads, directories and descriptors carry the number that was the last when
 * they were known to be right; with an older one than they need they are in doubt.
 * A live state reads those again when they are next used, and looks for those that
 * are not used any more; both within the rate of refills. A replay cannot, and says
 * so (evt.certain).
 *
 * A loss is told of before it is known where in the stream it was, only not later
 * than its `until`; what the stream teaches up to there may be from before it, and
 * does not count as told again.
 */
#include "internal.h"

#define SWEEP_LOOK 8u				/* slots looked at on the way of one event */
#define SWEEP_TOKENS (ENRICH_REFILLS_PER_S / 2) /* refills left to those that are in use */

/* ---- the numbers ------------------------------------------------------------------------ */

static void pending_add(struct enrich_losses *l, uint32_t number, uint64_t until)
{
	uint32_t last = l->n_pending - 1;

	if (l->n_pending && until < l->pending[last].until)
		until = l->pending[last].until;
	/* Full: it is over when the last one is, later than need be. */
	if (l->n_pending == ENRICH_LOSSES_PENDING ||
	    (l->n_pending && l->pending[last].until == until))
		l->n_pending--;
	l->pending[l->n_pending].number = number;
	l->pending[l->n_pending++].until = until;
}

void enrich_loss_time_back(struct saker_state *s, uint64_t ts)
{
	struct enrich_losses *l = &s->losses;

	if (l->n_pending)
		l->stamp = l->pending[l->n_pending - 1].number;
	l->n_pending = 0;
	l->until = MIN(l->until, ts ? ts - 1 : 0);
	l->all_ts = MIN(l->all_ts, ts);
	for (uint32_t i = 0; i < SAKER_LOSS_SLOTS; i++)
		l->by_ts[i] = MIN(l->by_ts[i], ts);
	s->sweep_ts = MIN(s->sweep_ts, ts);
}

void enrich_loss_advance(struct saker_state *s, uint64_t ts)
{
	struct enrich_losses *l = &s->losses;
	uint32_t n = 0;

	while (n < l->n_pending && l->pending[n].until < ts)
		l->stamp = l->pending[n++].number;
	if (n) {
		l->n_pending -= n;
		memmove(l->pending, l->pending + n, l->n_pending * sizeof(l->pending[0]));
	}
	/* It waited (for a container's name, say), and what was lost came behind it. */
	l->now = !l->n_pending && ts <= l->until ? 0 : l->stamp;
}

static void number_begin(struct saker_state *s, uint32_t number, uint64_t until, uint64_t ts)
{
	struct enrich_losses *l = &s->losses;

	if (until > ts || l->n_pending) {
		pending_add(l, number, until);
		return;
	}
	l->stamp = number;
	if (l->now)
		l->now = number;
}

/* What a thread changes for all of its process. */
static bool is_of_process(uint16_t code, enum saker_loss_group group)
{
	return group == SAKER_LOSS_FD || group == SAKER_LOSS_DIRECTORY ||
	       code == SAKER_EV_SYSCALL_SETSID_X;
}

/* Its process is not known, or it is in none with its leader: what it changes stays its own. */
static bool is_unplaced(const struct enrich_thread *t)
{
	return t->pid < 0 || (!enrich_thread_is_leader(t) && !(t->group && t->group->leader));
}

/*
 * What it changed of its process is as good as lost there. Of which process that is not known,
 * its beginning was lost: it is one of those that lost a thread's, or nobody else's if it is a
 * process of its own.
 */
static void lose_unplaced(struct saker_state *s, int64_t pid, uint32_t group, uint64_t ts)
{
	struct enrich_losses *l = &s->losses;

	l->latest++;
	if (pid < 0 && l->any_threads)
		l->all[group] = l->latest;
	for (uint32_t i = 0; pid < 0 && i < SAKER_LOSS_SLOTS; i++) {
		if (l->threads[i / 64] >> (i % 64) & 1)
			l->by[group][i] = l->latest;
	}
	if (pid >= 0)
		l->by[group][(uint64_t)pid & (SAKER_LOSS_SLOTS - 1)] = l->latest;
	l->any[group] = l->latest;
	number_begin(s, l->latest, ts, ts);
}

void enrich_loss_applied(struct saker_state *s, const struct saker_record *r)
{
	struct enrich_fd *fd = (struct enrich_fd *)r->fd;
	enum saker_loss_group group = saker_loss_group_of(r->view.event->type);

	if (r->thread && is_of_process(r->view.event->type, group) && is_unplaced(r->thread) &&
	    !(r->thread->flags & ENRICH_THREAD_HIDDEN) && !(r->flags & ENRICH_RECORD_FAILED)) {
		lose_unplaced(s, r->thread->pid, group, r->view.event->ts);
		return;
	}
	switch (group) {
	case SAKER_LOSS_PROGRAM:
	case SAKER_LOSS_IDENTITY:
		if (r->thread && r->thread->epoch > s->losses.stamp)
			r->thread->epoch = 0;
		return;
	case SAKER_LOSS_FD:
		if (fd && fd->epoch > s->losses.stamp)
			fd->epoch = 0;
		return;
	default:
		return;
	}
}

void enrich_loss_read_begin(struct saker_state *s)
{
	struct enrich_losses *l = &s->losses;

	l->reread = enrich_ever_lost(s) ? ++l->latest : l->stamp;
	l->read_ts = 0;
}

void enrich_loss_read_end(struct saker_state *s, uint64_t ts)
{
	if (enrich_ever_lost(s))
		number_begin(s, s->losses.reread, s->losses.read_ts, ts);
}

/* ---- what is lost ----------------------------------------------------------------------- */

/* What rests on a group besides itself. */
static const uint8_t rests[ENRICH_DOUBTS] = {
	[SAKER_LOSS_PROCESS] = 1 << SAKER_LOSS_PROCESS | 1 << SAKER_LOSS_PROGRAM |
			       1 << SAKER_LOSS_FD | 1 << SAKER_LOSS_DIRECTORY |
			       1 << SAKER_LOSS_IDENTITY,
	[SAKER_LOSS_PROGRAM] = 1 << SAKER_LOSS_PROGRAM | 1 << SAKER_LOSS_FD,
	[SAKER_LOSS_FD] = 1 << SAKER_LOSS_FD,
	[SAKER_LOSS_DIRECTORY] = 1 << SAKER_LOSS_DIRECTORY,
	[SAKER_LOSS_IDENTITY] = 1 << SAKER_LOSS_IDENTITY | 1 << SAKER_LOSS_DIRECTORY, /* setns */
};

/* Which processes may have lost a thread's beginning: see who in <saker/loss.h>. */
static void mark_threads(struct enrich_losses *l, const struct saker_loss *loss)
{
	l->any_threads |= !loss->who_known;
	for (uint32_t i = 0; loss->who_known && i < ARRAY_SIZE(l->threads); i++)
		l->threads[i] |= loss->who[SAKER_LOSS_FD][i] & loss->who[SAKER_LOSS_DIRECTORY][i] &
				 loss->who[SAKER_LOSS_IDENTITY][i];
}

/* When processes last lost the beginning or end of one. */
static void mark_ts(struct enrich_losses *l, const struct saker_loss *loss, uint64_t ts)
{
	if (!loss->who_known)
		l->all_ts = ts;
	for (uint32_t i = 0; loss->who_known && i < SAKER_LOSS_SLOTS; i++) {
		if (loss->who[SAKER_LOSS_PROCESS][i / 64] >> (i % 64) & 1)
			l->by_ts[i] = ts;
	}
}

static void mark(struct enrich_losses *l, const struct saker_loss *loss, uint32_t group,
		 uint32_t number)
{
	for (uint32_t g = 0; g < ENRICH_DOUBTS; g++) {
		if (!(rests[group] & 1 << g))
			continue;
		if (loss->n[group])
			l->any[g] = number;
		if (!loss->who_known) {
			l->all[g] = number;
			continue;
		}
		for (uint32_t i = 0; i < SAKER_LOSS_SLOTS; i++) {
			if (loss->who[group][i / 64] >> (i % 64) & 1)
				l->by[g][i] = number;
		}
	}
}

int saker_state_lost(struct saker_state *s, const struct saker_loss *user)
{
	struct saker_loss loss = SAKER_LOSS_INIT;
	bool doubt = false;

	if (!s || !user || user->size < sizeof(size_t))
		return -EINVAL;
	memcpy(&loss, user, MIN(user->size, sizeof(loss)));
	for (uint32_t i = 0; i < SAKER_LOSS_GROUPS; i++) {
		s->stats.n_lost_events += loss.n[i];
		doubt |= i < ENRICH_DOUBTS && loss.n[i];
	}
	if (!doubt)
		return 0;
	s->stats.n_losses++;
	s->losses.latest++;
	if (!s->losses.first && loss.n[SAKER_LOSS_PROCESS])
		s->losses.first = s->losses.latest;
	for (uint32_t i = 0; i < ENRICH_DOUBTS; i++) {
		/* Without a count: a thread's beginning was lost, and so what it did unseen. */
		if (loss.n[i] || loss.who_known)
			mark(&s->losses, &loss, i, s->losses.latest);
	}
	if (loss.n[SAKER_LOSS_PROCESS]) {
		mark_threads(&s->losses, &loss);
		mark_ts(&s->losses, &loss, MAX(loss.until, s->last_ts));
	}
	s->losses.until = MAX(s->losses.until, loss.until);
	number_begin(s, s->losses.latest, loss.until, s->last_ts);
	if (!s->refill)
		return 0;
	s->sweep_left = s->slots_capacity;
	/* What is still in the rings first: it may say of some that they ended. */
	s->sweep_ts = s->last_ts + ENRICH_STALE_NS;
	return 0;
}

uint32_t enrich_loss_since(const struct saker_state *s, int64_t pid, enum saker_loss_group group)
{
	const struct enrich_losses *l = &s->losses;
	uint32_t by = l->by[group][(uint64_t)pid & (SAKER_LOSS_SLOTS - 1)];

	return MAX(by, l->all[group]);
}

static bool is_sure(const struct saker_state *s, uint32_t epoch, uint32_t since)
{
	return epoch >= MAX(since, 1u) && epoch <= s->losses.stamp;
}

/* What it needs to be the thread of this number, of the process that it was. */
static uint32_t process_since(const struct saker_state *s, const struct enrich_thread *t)
{
	int64_t pid = t->pid < 0 ? t->tid : t->pid;

	return MAX(MAX(enrich_loss_since(s, pid, SAKER_LOSS_PROCESS),
		       enrich_loss_since(s, t->tid, SAKER_LOSS_PROCESS)),
		   1u);
}

static uint32_t thread_since(const struct saker_state *s, const struct enrich_thread *t)
{
	int64_t pid = t->pid < 0 ? t->tid : t->pid;
	uint32_t program = enrich_loss_since(s, pid, SAKER_LOSS_PROGRAM);
	uint32_t parent = t->ptid > 0 ? enrich_loss_since(s, t->ptid, SAKER_LOSS_PROCESS) : 0;

	return MAX(MAX(program, parent), process_since(s, t));
}

bool enrich_thread_stale_lost(const struct saker_state *s, const struct enrich_thread *t)
{
	return t->epoch < thread_since(s, t);
}

/* Of several processes, any may have changed it. */
static uint32_t cwd_since(const struct saker_state *s, const struct enrich_thread *t)
{
	const struct enrich_fs *fs = enrich_thread_fs(t);

	if (fs && fs->shared)
		return s->losses.any[SAKER_LOSS_DIRECTORY];
	return enrich_loss_since(s, t->pid < 0 ? t->tid : t->pid, SAKER_LOSS_DIRECTORY);
}

bool enrich_thread_doubtful_lost(const struct saker_state *s, const struct enrich_thread *t)
{
	const struct enrich_thread *leader = enrich_thread_leader(s, t);
	int64_t pid = t->pid < 0 ? t->tid : t->pid;

	if (enrich_thread_stale_lost(s, t) || t->flags & ENRICH_THREAD_IDENTITY_DOUBT ||
	    t->epoch < enrich_loss_since(s, pid, SAKER_LOSS_IDENTITY))
		return true;
	return t == leader && (t->fs ? t->fs->epoch : 0) < MAX(cwd_since(s, t), 1u);
}

bool enrich_thread_sure_lost(const struct saker_state *s, const struct enrich_thread *t)
{
	return is_sure(s, t->epoch, thread_since(s, t));
}

static uint32_t files_since(const struct saker_state *s, const struct enrich_thread *t)
{
	uint32_t since = enrich_loss_since(s, t->pid < 0 ? t->tid : t->pid, SAKER_LOSS_FD);

	if (!t->files)
		return MAX(since, 1u);
	if (t->files->shared)
		since = s->losses.any[SAKER_LOSS_FD];
	return MAX(MAX(since, t->files->sure), 1u);
}

bool enrich_fd_stale_lost(const struct saker_state *s, const struct enrich_thread *t,
			  const struct enrich_fd *fd)
{
	return fd->epoch < files_since(s, t);
}

bool enrich_fd_sure_lost(const struct saker_state *s, const struct enrich_thread *t,
			 const struct enrich_fd *fd)
{
	return is_sure(s, fd->epoch, files_since(s, t));
}

/* A descriptor that is not known may be missing because its beginning was lost. */
static bool hole_sure(const struct saker_state *s, const struct enrich_thread *t)
{
	return files_since(s, t) <= 1;
}

bool enrich_cwd_sure_lost(const struct saker_state *s, const struct enrich_thread *t)
{
	const struct enrich_thread *leader = enrich_thread_leader(s, t);
	const struct enrich_fs *fs = enrich_thread_fs(t);

	/* Of whom nothing is known, that does not say what process it is of either. */
	return leader->pid >= 0 && is_sure(s, fs ? fs->epoch : 0, cwd_since(s, t));
}

static bool identity_sure(const struct saker_state *s, const struct enrich_thread *t)
{
	return !(t->flags & ENRICH_THREAD_IDENTITY_DOUBT) && t->sid >= 0 &&
	       is_sure(s, t->epoch,
		       enrich_loss_since(s, t->pid < 0 ? t->tid : t->pid, SAKER_LOSS_IDENTITY));
}

void enrich_loss_inherit(struct saker_state *s, struct enrich_thread *child,
			 const struct enrich_thread *from)
{
	if (!enrich_ever_lost(s))
		return;
	if (!from || !enrich_thread_sure_lost(s, from))
		child->epoch = 0;
	if (!from || !identity_sure(s, from))
		child->flags |= ENRICH_THREAD_IDENTITY_DOUBT;
	/* It has files of which nothing is known. */
	if (!from && !child->files && enrich_thread_is_leader(child))
		child->files = enrich_files_new(s);
	if (!from && child->files)
		child->files->sure = s->losses.latest;
}

void enrich_loss_fork(struct saker_state *s, struct enrich_files *files,
		      const struct enrich_thread *from)
{
	if (!files)
		return;
	if (files == from->files)
		files->shared = true;
	else if (enrich_ever_lost(s))
		files->sure = files_since(s, from);
	/* What was read from a later time is not what the child was left. */
	if (from->files && files != from->files && from->files->read > s->losses.stamp)
		files->sure = from->files->read + 1;
}

/* ---- reading again ------------------------------------------------------------------- */

void enrich_loss_reread(struct saker_state *s, int64_t tid, uint64_t ts)
{
	struct enrich_thread *t = enrich_thread_touch(s, tid);

	if (!t || t->flags & ENRICH_THREAD_HIDDEN)
		return;
	if (ts < t->retry_ts && t->retry_ts - ts <= ENRICH_RETRY_NS)
		return;
	if (enrich_refill_code(s, tid, ts, -1) == -EAGAIN)
		return;
	t = enrich_thread_touch(s, tid);
	if (!t)
		return;
	t->retry_ts = ts + ENRICH_RETRY_NS;
	s->stats.n_reread_threads += !enrich_thread_doubtful(s, t);
}

/* Still since before the loss. False: no refill is left for it now. */
static bool sweep_one(struct saker_state *s, struct enrich_thread *t, uint64_t ts)
{
	int64_t tid = t->tid;
	int r;

	if (!enrich_thread_doubtful(s, t) ||
	    t->flags & (ENRICH_THREAD_DEAD | ENRICH_THREAD_UNSETTLED))
		return true;
	if (t->last_ts + ENRICH_STALE_NS > ts)
		return true;
	if (enrich_refill_tokens(s, ts) <= (int64_t)SWEEP_TOKENS)
		return false;
	r = enrich_refill_code(s, tid, ts, -1);
	if (r == -EAGAIN)
		return false;
	t = enrich_thread_find(s, tid);
	if (!t)
		return true;
	if (r == -ESRCH) {
		enrich_tombstone_set(s, tid, t->ptid, ts);
		enrich_thread_exit(s, t);
		s->stats.n_swept_threads++;
	} else if (!enrich_thread_doubtful(s, t)) {
		s->stats.n_reread_threads++;
		t->used = s->clock - 1;
	}
	return true;
}

void enrich_loss_sweep(struct saker_state *s, uint64_t ts)
{
	if (s->refilling || ts < s->sweep_ts)
		return;
	for (uint32_t i = 0; i < SWEEP_LOOK && s->sweep_left; i++) {
		struct enrich_thread *t = s->slots[s->sweep_at & (s->slots_capacity - 1)].thread;

		if (t && !sweep_one(s, t, ts))
			return;
		s->sweep_at++;
		s->sweep_left--;
	}
}

/* ---- what is in doubt ---------------------------------------------------------------- */

bool enrich_path_sure(const struct saker_record *r, int64_t dirfd, const char *path, uint32_t len)
{
	const struct enrich_thread *t = r->thread;
	const struct enrich_fd *fd = NULL;

	if (!t || (len && path[0] == '/'))
		return true;
	if (dirfd != ENRICH_AT_FDCWD)
		fd = enrich_fd_find(t, dirfd);
	if (fd && fd->flags & ENRICH_FD_IN_DOUBT)
		return false;
	if (!enrich_ever_lost(r->state))
		return true;
	if (dirfd == ENRICH_AT_FDCWD)
		return enrich_cwd_sure_lost(r->state, t);
	return fd ? enrich_fd_sure_lost(r->state, t, fd) : hole_sure(r->state, t);
}

static bool paths_sure(const struct saker_record *r)
{
	const struct saker_event_info *info = r->view.info;

	for (uint32_t i = 0; i < info->n_params; i++) {
		struct enrich_slice path;
		int64_t dirfd = ENRICH_AT_FDCWD;

		if (info->params[i].type != SAKER_PT_FSPATH &&
		    info->params[i].type != SAKER_PT_FSRELPATH)
			continue;
		path = enrich_param_text(r, i);
		if (path.len == 0)
			continue;
		if (info->params[i].type == SAKER_PT_FSRELPATH && info->params[i].dirfd >= 0)
			dirfd = enrich_param_int(r, (uint32_t)info->params[i].dirfd,
						 ENRICH_AT_FDCWD);
		if (!enrich_path_sure(r, dirfd, path.text, path.len))
			return false;
	}
	return true;
}

/* One that is not known at all has no values to doubt. */
static bool in_doubt(const struct saker_state *s, const struct enrich_thread *t)
{
	return t && (!enrich_thread_sure_lost(s, t) || t->flags & ENRICH_THREAD_PLACEHOLDER);
}

/* A leader that has ended is there for its threads: one of them is known to live. */
static bool has_living(const struct saker_state *s, const struct enrich_thread *leader)
{
	for (const struct enrich_thread *t = leader->group->threads; t; t = t->group_next) {
		if (!(t->flags & ENRICH_THREAD_DEAD) && !in_doubt(s, t))
			return true;
	}
	return false;
}

/* Who is the oldest of its ancestors in a session or group (NULL = none) depends on theirs. */
static bool stand_in_sure(const struct saker_state *s, const struct enrich_thread *t,
			  const struct enrich_thread *oldest)
{
	const struct enrich_thread *last = NULL;

	for (uint32_t i = 0; i < ENRICH_ANCESTORS_MAX; i++) {
		t = enrich_thread_parent(s, t);
		if (!t)
			return true;
		if (!identity_sure(s, t))
			return false;
		/* One more than are in it. */
		if (!oldest || last == oldest)
			return true;
		last = t;
	}
	return false;
}

/* One that has ended is stood in for by an ancestor; so is one whose beginning was lost. */
static bool leader_sure(const struct saker_state *s, const struct enrich_thread *t,
			const struct enrich_thread *leader, int64_t id)
{
	const struct enrich_losses *l = &s->losses;
	struct enrich_tombstone dead;

	if (leader && leader->tid == id)
		return !in_doubt(s, leader) && (!(leader->flags & ENRICH_THREAD_DEAD) ||
						!leader->group || has_living(s, leader));
	if (!stand_in_sure(s, t, leader))
		return false;
	if (id <= 0 || enrich_loss_since(s, id, SAKER_LOSS_PROCESS) <= 1)
		return true;
	return enrich_tombstone_find(s, id, &dead) && dead.ts > l->all_ts &&
	       dead.ts > l->by_ts[id & (SAKER_LOSS_SLOTS - 1)];
}

/* The first of its family that is known: the first of all, or the parent was missing before. */
static bool top_sure(const struct saker_state *s, const struct enrich_thread *top)
{
	return !s->losses.first ||
	       (top && (top->pid == 1 || top->pid == 2 || top->epoch < s->losses.first));
}

/* It, all that it descends from, and whom it shares a session and a group with. */
static bool family_sure(const struct saker_state *s, const struct enrich_thread *t)
{
	const struct enrich_thread *a = enrich_thread_ancestor(s, t, 0), *top = NULL;

	if (in_doubt(s, t))
		return false;
	for (uint32_t i = 0; a && i < ENRICH_ANCESTORS_MAX; i++) {
		/* The parent may be a thread, of a process that it tells. */
		if (in_doubt(s, a) || in_doubt(s, enrich_thread_parent(s, a)))
			return false;
		top = a;
		a = enrich_thread_ancestor(s, a, 1);
	}
	return top_sure(s, top) && leader_sure(s, t, enrich_thread_session_leader(s, t), t->sid) &&
	       leader_sure(s, t, enrich_thread_pgid_leader(s, t), t->pgid) &&
	       leader_sure(s, t, enrich_thread_vpgid_leader(s, t), t->vpgid);
}

/* Files of a ring's own table are in none: what is said of them came with the event. */
static bool file_sure(const struct saker_record *r)
{
	const struct enrich_thread *t = r->thread;
	const struct enrich_fd *fd = r->fd;

	if (fd == &r->state->standin)
		return true;
	if (!fd && r->flags & ENRICH_RECORD_HAS_FD && r->fd_num >= 0) {
		fd = enrich_fd_find(t, r->fd_num);
		if (!fd)
			return r->flags & ENRICH_RECORD_FAILED || hole_sure(r->state, t);
	}
	return !fd || enrich_fd_sure_lost(r->state, t, fd);
}

bool enrich_record_certain(const struct saker_record *r)
{
	const struct saker_state *s = r->state;
	const struct enrich_thread *t = r->thread;

	if (unlikely(r->fd && r->fd->flags & ENRICH_FD_IN_DOUBT))
		return false;
	if (!enrich_ever_lost(s) || !t)
		return true;
	return family_sure(s, t) && identity_sure(s, t) &&
	       identity_sure(s, enrich_thread_leader(s, t)) && enrich_cwd_sure_lost(s, t) &&
	       file_sure(r) && paths_sure(r);
}

void enrich_loss_exec(struct saker_state *s, struct saker_record *r, int64_t pid, int64_t ptid)
{
	struct enrich_thread *t = r->thread;
	int64_t tid = t->tid;

	if (t->flags & ENRICH_THREAD_HIDDEN)
		return;
	if (t->pid >= 0 && t->pid != pid) {
		/* A thread of another process had this number, and its end was lost. */
		enrich_thread_exit(s, t);
		t = enrich_thread_find(s, tid);
		if (t)
			enrich_thread_remove(s, t);
		t = enrich_thread_add(s, tid);
		r->thread = t;
		s->last_tid = t ? tid : -1;
		s->last_thread = t;
		return;
	}
	if (!identity_sure(s, t))
		t->flags |= ENRICH_THREAD_IDENTITY_DOUBT;
	/* Or one of the same number as a process that began at another time. */
	if (t->epoch < process_since(s, t))
		t->clone_ts = 0;
	t->epoch = enrich_epoch(s, true);
	if (t->ptid == ptid || t->pid < 0)
		return;
	enrich_thread_unlink_parent(t);
	t->ptid = ptid;
	enrich_thread_join(s, t);
}

/* ---- why something is not known -------------------------------------------------------- */

static int32_t *evicted_slot(const struct saker_state *s, int64_t tid)
{
	return &s->evicted[hash_u64((uint64_t)tid) & (ENRICH_EVICTED - 1)];
}

/* The last of those that fall on one slot is remembered. */
void enrich_evicted_note(struct saker_state *s, int64_t tid)
{
	if (tid > 0 && tid <= INT32_MAX)
		*evicted_slot(s, tid) = (int32_t)tid;
}

bool enrich_evicted(const struct saker_state *s, int64_t tid)
{
	return tid > 0 && *evicted_slot(s, tid) == tid;
}

static uint8_t thread_why_not(const struct saker_state *s, int64_t tid)
{
	if (enrich_evicted(s, tid))
		return SAKER_ABSENT_EVICTED;
	return enrich_ever_lost(s) ? SAKER_ABSENT_DROPPED : SAKER_ABSENT_NOT_CAPTURED;
}

uint8_t enrich_thread_fd_why_not(const struct saker_state *s, const struct enrich_thread *t)
{
	if (t->files && t->files->evicted)
		return SAKER_ABSENT_EVICTED;
	if (t->flags & ENRICH_THREAD_DENIED)
		return SAKER_ABSENT_NO_PERMISSION;
	return thread_why_not(s, t->pid < 0 ? t->tid : t->pid);
}

uint8_t enrich_fd_why_not(const struct saker_record *r)
{
	const struct enrich_thread *t = r->thread;

	if (!t || !(r->flags & ENRICH_RECORD_HAS_FD) || r->fd_num < 0 ||
	    r->flags & ENRICH_RECORD_FAILED)
		return SAKER_ABSENT_NOT_APPLICABLE;
	return enrich_thread_fd_why_not(r->state, t);
}

uint8_t enrich_ancestor_why_not(const struct saker_state *s, const struct enrich_thread *t,
				uint32_t n)
{
	const struct enrich_thread *last = enrich_thread_ancestor(s, t, 0);

	if (!last)
		return thread_why_not(s, t->pid);
	for (uint32_t i = 1; i <= MIN(n, (uint32_t)ENRICH_ANCESTORS_MAX); i++) {
		const struct enrich_thread *p = enrich_thread_ancestor(s, last, 1);

		if (p) {
			last = p;
			continue;
		}
		/* init and kthreadd have none; whoever else's is not known has one. */
		if (last->pid == 1 || last->pid == 2)
			return SAKER_ABSENT_NOT_APPLICABLE;
		return thread_why_not(s, last->ptid);
	}
	return SAKER_ABSENT_NOT_APPLICABLE;
}
