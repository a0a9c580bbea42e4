/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loss of events leaves in doubt. A close, an open, an exit or a clone may
 * have been among them, and the tables do not show it: the number of a descriptor
 * or a process may be somebody else's by now. So each loss begins a new epoch;
 * threads and descriptors carry the one in which they were last known to be right,
 * and whatever is of an older one is in doubt. A live state reads it again when it
 * is next used, and looks for those that are not used any more; both within the
 * rate of refills. A replay cannot, and says so (evt.certain).
 */
#include "internal.h"

#define SWEEP_LOOK 8u				/* slots looked at on the way of one event */
#define SWEEP_TOKENS (ENRICH_REFILLS_PER_S / 2) /* refills left to those that are in use */

int saker_state_lost(struct saker_state *s, uint64_t n)
{
	if (!s)
		return -EINVAL;
	if (n == 0)
		return 0;
	s->stats.n_lost_events += n;
	s->stats.n_losses++;
	s->epoch++;
	if (!s->refill)
		return 0;
	s->sweep_left = s->slots_capacity;
	/* What is still in the rings first: it may say of some that they ended. */
	s->sweep_ts = s->last_ts + ENRICH_STALE_NS;
	return 0;
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
	if (enrich_thread_stale(s, t))
		return;
	s->stats.n_reread_threads++;
	if (enrich_thread_is_leader(t))
		enrich_initial_roles(s, t);
}

/* Still since before the loss. False: no refill is left for it now. */
static bool sweep_one(struct saker_state *s, struct enrich_thread *t, uint64_t ts)
{
	int64_t tid = t->tid;
	int r;

	if (!enrich_thread_stale(s, t) || t->flags & (ENRICH_THREAD_DEAD | ENRICH_THREAD_UNSETTLED))
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
		enrich_thread_exit(s, t);
		s->stats.n_swept_threads++;
	} else if (!enrich_thread_stale(s, t)) {
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

uint32_t enrich_path_epoch(const struct saker_record *r, int64_t dirfd, const char *path,
			   uint32_t len)
{
	const struct enrich_thread *t = r->thread;
	const struct enrich_fd *fd;

	if (!t || (len && path[0] == '/'))
		return r->state->epoch;
	if (dirfd == ENRICH_AT_FDCWD)
		return MIN(t->epoch, enrich_thread_leader(r->state, t)->cwd_epoch);
	fd = enrich_fd_find(t, dirfd);
	/* One that is not known reads so, which is certain enough. */
	return fd ? MIN(t->epoch, fd->epoch) : r->state->epoch;
}

static bool paths_certain(const struct saker_record *r)
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
		if (enrich_path_epoch(r, dirfd, path.text, path.len) != r->state->epoch)
			return false;
	}
	return true;
}

/* One that is not known at all has no values to doubt. */
static bool thread_in_doubt(const struct saker_state *s, const struct enrich_thread *t)
{
	return t && (enrich_thread_stale(s, t) || t->flags & ENRICH_THREAD_PLACEHOLDER);
}

bool enrich_record_certain(const struct saker_record *r)
{
	const struct saker_state *s = r->state;
	const struct enrich_thread *t = r->thread;
	const struct enrich_fd *fd;

	if (unlikely(r->fd && r->fd->flags & ENRICH_FD_IN_DOUBT))
		return false;
	if (likely(s->epoch == 0) || !t)
		return true;
	if (thread_in_doubt(s, t) || thread_in_doubt(s, enrich_thread_ancestor(s, t, 0)) ||
	    thread_in_doubt(s, enrich_thread_ancestor(s, t, 1)))
		return false;
	fd = r->fd;
	if (!fd && r->flags & ENRICH_RECORD_HAS_FD && r->fd_num >= 0) {
		fd = enrich_fd_find(t, r->fd_num);
		if (!fd && !(r->flags & ENRICH_RECORD_FAILED))
			return false;
	}
	return (!fd || fd->epoch == s->epoch) && paths_certain(r);
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
	t->epoch = s->epoch;
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
	return s->epoch ? SAKER_ABSENT_DROPPED : SAKER_ABSENT_NOT_CAPTURED;
}

uint8_t enrich_fd_why_not(const struct saker_record *r)
{
	const struct enrich_thread *t = r->thread;

	if (!t || !(r->flags & ENRICH_RECORD_HAS_FD) || r->fd_num < 0 ||
	    r->flags & ENRICH_RECORD_FAILED)
		return SAKER_ABSENT_NOT_APPLICABLE;
	if (t->files && t->files->evicted)
		return SAKER_ABSENT_EVICTED;
	return thread_why_not(r->state, t->pid < 0 ? t->tid : t->pid);
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
		if (last->pid == 1 ||
		    (last->pid >= 0 && last->ptid == 0 && !s->epoch && !s->stats.n_evicted_threads))
			return SAKER_ABSENT_NOT_APPLICABLE; /* the top */
		return thread_why_not(s, last->ptid);
	}
	return SAKER_ABSENT_NOT_APPLICABLE;
}
