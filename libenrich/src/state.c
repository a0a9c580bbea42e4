/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state object and the way of an event through it: what the event before
 * left to remove, decoding, the thread, the fd, the handler, the record.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>

#define SCRATCH_BLOCK 16384u

/* Where an exit event that uses an fd says which: X(code, parameter). */
#define ENRICH_FD_PARAM_LIST(X)           \
	X(SYSCALL_CLOSE_X, 1)             \
	X(SYSCALL_READ_X, 2)              \
	X(SYSCALL_WRITE_X, 2)             \
	X(SOCKET_BIND_X, 2)               \
	X(SOCKET_CONNECT_X, 2)            \
	X(SOCKET_LISTEN_X, 1)             \
	X(SOCKET_SEND_X, 2)               \
	X(SOCKET_SENDTO_X, 2)             \
	X(SOCKET_RECV_X, 2)               \
	X(SOCKET_RECVFROM_X, 3)           \
	X(SOCKET_SHUTDOWN_X, 1)           \
	X(SOCKET_SETSOCKOPT_X, 1)         \
	X(SOCKET_GETSOCKOPT_X, 1)         \
	X(SOCKET_SENDMSG_X, 2)            \
	X(SOCKET_SENDMMSG_X, 1)           \
	X(SOCKET_RECVMSG_X, 5)            \
	X(SOCKET_RECVMMSG_X, 1)           \
	X(SYSCALL_FSTAT_X, 1)             \
	X(SYSCALL_LSEEK_X, 1)             \
	X(SYSCALL_LLSEEK_X, 1)            \
	X(SYSCALL_FCHDIR_X, 1)            \
	X(SYSCALL_PREAD_X, 2)             \
	X(SYSCALL_PWRITE_X, 2)            \
	X(SYSCALL_READV_X, 3)             \
	X(SYSCALL_WRITEV_X, 2)            \
	X(SYSCALL_PREADV_X, 3)            \
	X(SYSCALL_PWRITEV_X, 2)           \
	X(SYSCALL_FCNTL_X, 1)             \
	X(SYSCALL_MMAP_X, 8)              \
	X(SYSCALL_MMAP2_X, 8)             \
	X(SYSCALL_SPLICE_X, 2)            \
	X(SYSCALL_IOCTL_3_X, 1)           \
	X(SYSCALL_SYMLINKAT_X, 2)         \
	X(SYSCALL_SENDFILE_X, 2)          \
	X(SYSCALL_GETDENTS_X, 1)          \
	X(SYSCALL_GETDENTS64_X, 1)        \
	X(SYSCALL_SETNS_X, 1)             \
	X(SYSCALL_FLOCK_X, 1)             \
	X(SYSCALL_UNLINKAT_2_X, 1)        \
	X(SYSCALL_MKDIRAT_X, 1)           \
	X(SYSCALL_FCHMODAT_X, 1)          \
	X(SYSCALL_FCHMOD_X, 1)            \
	X(SYSCALL_COPY_FILE_RANGE_X, 1)   \
	X(SYSCALL_IO_URING_ENTER_X, 1)    \
	X(SYSCALL_IO_URING_REGISTER_X, 1) \
	X(SYSCALL_DUP2_X, 1)              \
	X(SYSCALL_DUP3_X, 1)              \
	X(SYSCALL_DUP_1_X, 1)             \
	X(SYSCALL_FSCONFIG_X, 1)          \
	X(SYSCALL_FCHOWN_X, 1)            \
	X(SYSCALL_FCHOWNAT_X, 1)          \
	X(SYSCALL_FINIT_MODULE_X, 1)      \
	X(SYSCALL_MKNODAT_X, 1)           \
	X(SYSCALL_NEWFSTATAT_X, 1)

/* Events that no thread causes: of containers, accounts, plugins. What has a number shows whose. */
#define ENRICH_NO_THREAD_LIST(X) \
	X(PLUGINEVENT_E)         \
	X(CONTAINER_JSON_2_E)    \
	X(USER_ADDED_E)          \
	X(USER_DELETED_E)        \
	X(GROUP_ADDED_E)         \
	X(GROUP_DELETED_E)       \
	X(ASYNCEVENT_E)

/* clone and its kin, procexit, switch: what they tell is enough, or all there is. */
#define ENRICH_FIND_ONLY_LIST(X) \
	X(SCHEDSWITCH_6_E)       \
	X(PROCEXIT_1_E)          \
	X(SYSCALL_CLONE_20_X)    \
	X(SYSCALL_FORK_20_X)     \
	X(SYSCALL_VFORK_20_X)    \
	X(SYSCALL_CLONE3_X)

static void facts_init(struct saker_state *s)
{
	static const struct enrich_handler *const lists[] = {
		enrich_handlers_process,   enrich_handlers_attribute, enrich_handlers_file,
		enrich_handlers_socket,	   enrich_handlers_traffic,   enrich_handlers_initial,
		enrich_handlers_container, enrich_handlers_sched,
	};

	for (uint32_t code = 0; code < SAKER_EVENT_CODES; code++) {
		const struct saker_event_info *info = saker_event_info(code);
		struct enrich_fact *fact = &s->facts[code];

		fact->fd_param = -1;
		if (!info)
			continue;
		if (info->category & SAKER_EC_SYSCALL && code != SAKER_EV_GENERIC_X)
			fact->flags |= code & 1 ? ENRICH_FACT_HAS_RES : ENRICH_FACT_ENTER;
		if (info->category & SAKER_EC_ITER)
			fact->flags |= ENRICH_FACT_INITIAL;
		if (info->flags & (SAKER_EF_CREATES_FD | SAKER_EF_USES_FD))
			fact->flags |= ENRICH_FACT_FD;
		/* About the machine or the capture, or (faults) for a thread before its clone. */
		if (info->flags & SAKER_EF_SKIPPARSERESET)
			fact->flags |= ENRICH_FACT_FIND_ONLY;
	}
#define X(code, param) s->facts[SAKER_EV_##code].fd_param = param;
	ENRICH_FD_PARAM_LIST(X)
#undef X
#define X(code) s->facts[SAKER_EV_##code].flags |= ENRICH_FACT_NO_THREAD;
	ENRICH_NO_THREAD_LIST(X)
#undef X
#define X(code) s->facts[SAKER_EV_##code].flags |= ENRICH_FACT_FIND_ONLY;
	ENRICH_FIND_ONLY_LIST(X)
#undef X
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (const struct enrich_handler *h = lists[i]; h->fn; h++)
			s->facts[h->code].handler = h->fn;
	}
}

void enrich_log(const struct saker_state *s, enum saker_severity severity, const char *format, ...)
{
	char line[256];
	va_list ap;

	if (!s->log)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	s->log(s->log_userdata, severity, line);
}

/* ---- life --------------------------------------------------------------------------- */

/* Options of a caller that was built against another version of the header, or NULL. */
static int options_take(const struct saker_state_options *from, struct saker_state_options *o)
{
	*o = (struct saker_state_options)SAKER_STATE_OPTIONS_INIT;
	if (from && from->size < sizeof(from->size))
		return -EINVAL;
	if (from)
		memcpy(o, from, MIN(from->size, sizeof(*o)));
	o->size = sizeof(*o);
	if (o->memory_max && o->memory_max < ENRICH_MEMORY_MIN)
		return -EINVAL;
	if (o->max_threads && o->max_threads < 16)
		return -EINVAL;
	if (o->max_fds && o->max_fds < 16)
		return -EINVAL;
	return 0;
}

static int names_init(struct saker_state *s, const struct saker_state_options *o)
{
	const char *root = o->host_root ? o->host_root : getenv("HOST_ROOT");

	s->host_root = strdup(root && !o->offline ? root : "");
	if (!s->host_root)
		return -ENOMEM;
	if (o->hostname) {
		size_t len = MIN(strlen(o->hostname), sizeof(s->hostname) - 1);

		memcpy(s->hostname, o->hostname, len);
	} else if (o->offline || gethostname(s->hostname, sizeof(s->hostname) - 1) < 0) {
		s->hostname[0] = '\0';
	}
	return 0;
}

int saker_state_new(const struct saker_state_options *user_options, struct saker_state **ret_state)
{
	struct saker_state_options options;
	struct saker_state *s;
	int r = options_take(user_options, &options);

	if (r < 0 || !ret_state)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	pool_init(&s->pool, options.memory_max ? options.memory_max : ENRICH_MEMORY_DEFAULT);
	pool_account(&s->pool, sizeof(*s) + SCRATCH_BLOCK);
	arena_init(&s->record.scratch, SCRATCH_BLOCK);
	s->record.state = s;
	s->record.flag_texts = s->flag_texts;
	s->max_threads = options.max_threads ? options.max_threads : ENRICH_MAX_THREADS_DEFAULT;
	s->max_threads = MIN(s->max_threads, ENRICH_MAX_THREADS);
	s->max_fds = options.max_fds ? options.max_fds : ENRICH_MAX_FDS_DEFAULT;
	s->log = options.log;
	s->log_userdata = options.log_userdata;
	s->offline = options.offline;
	s->refill = options.refill;
	s->refill_userdata = options.refill_userdata;
	s->ask_container = options.ask_container;
	s->ask_accounts = options.ask_accounts;
	s->ask_container_userdata = options.ask_container_userdata;
	s->hold_ns = (uint64_t)options.hold_ms * 1000000;
	s->ask_digest = options.ask_digest;
	s->ask_digest_userdata = options.ask_digest_userdata;
	s->hold_digest_ns = (uint64_t)options.hold_digest_ms * 1000000;
	s->refill_tokens = ENRICH_REFILLS_PER_S;
	s->last_tid = -1;
	s->pending_close_fd = -1;
	s->clock = 1;
	s->losses.latest = s->losses.stamp = s->losses.now = 1;
	facts_init(s);
	r = enrich_threads_init(s);
	if (r == 0)
		r = names_init(s, &options);
	if (r < 0) {
		saker_state_free(s);
		return r;
	}
	*ret_state = s;
	return 0;
}

struct saker_state *saker_state_free(struct saker_state *s)
{
	if (!s)
		return NULL;
	s->record.fd = NULL;
	enrich_holds_fini(s);
	enrich_fd_standin_clear(s);
	enrich_threads_fini(s);
	enrich_container_unref(s, s->event_container);
	enrich_containers_fini(s);
	enrich_accounts_fini(s, &s->users);
	enrich_accounts_fini(s, &s->groups);
	arena_fini(&s->record.scratch);
	free(s->interfaces);
	free(s->host_root);
	pool_fini(&s->pool);
	free(s);
	return NULL;
}

int saker_state_set_machine(struct saker_state *state, const struct saker_machine *machine)
{
	if (!state || !machine)
		return -EINVAL;
	state->machine = *machine;
	state->pidns_epoch = state->offline ? 0 : machine->boot_ts;
	return 0;
}

const char *enrich_state_hostname(const struct saker_state *s)
{
	return s->hostname[0] ? s->hostname : s->machine.hostname;
}

int saker_state_get_stats(const struct saker_state *state, struct saker_state_stats *ret_stats)
{
	struct saker_state_stats stats;
	size_t size;

	if (!state || !ret_stats || ret_stats->size < sizeof(size))
		return -EINVAL;
	stats = state->stats;
	stats.n_threads = state->n_threads;
	stats.n_containers = state->n_containers;
	stats.memory = state->pool.used;
	stats.memory_peak = state->pool.peak;
	size = MIN(ret_stats->size, sizeof(stats));
	stats.size = ret_stats->size;
	memcpy(ret_stats, &stats, size);
	return 0;
}

const struct saker_event_view *saker_record_event(const struct saker_record *record)
{
	return record ? &record->view : NULL;
}

/* ---- the record ------------------------------------------------------------------------ */

int enrich_param_index(const struct saker_event_info *info, const char *name, size_t len)
{
	for (uint32_t i = 0; i < info->n_params; i++) {
		const char *other = info->params[i].name;

		/* most differ in the first letter */
		if (*other == (len ? *name : '\0') && strncmp(other, name, len) == 0 && !other[len])
			return (int)i;
	}
	return -1;
}

static bool type_is_signed(uint8_t type)
{
	switch (type) {
	case SAKER_PT_INT8:
	case SAKER_PT_INT16:
	case SAKER_PT_INT32:
	case SAKER_PT_INT64:
	case SAKER_PT_ERRNO:
	case SAKER_PT_FD:
	case SAKER_PT_PID:
	case SAKER_PT_FD32:
	case SAKER_PT_PID32:
		return true;
	default:
		return false;
	}
}

int64_t enrich_param_narrow(const struct saker_record *r, uint32_t i, int64_t dflt)
{
	const struct saker_param *p = enrich_param(r, i);
	bool is_signed = i < r->view.info->n_params && type_is_signed(r->view.info->params[i].type);

	if (!p)
		return dflt;
	switch (p->len) {
	case 1:
		return is_signed ? (int8_t)p->data[0] : p->data[0];
	case 2:
		return is_signed ? (int16_t)saker_load_u16(p->data) : saker_load_u16(p->data);
	case 4:
		return is_signed ? (int64_t)(int32_t)saker_load_u32(p->data)
				 : saker_load_u32(p->data);
	default:
		return dflt;
	}
}

void enrich_record_set_fd(struct saker_record *r, const struct enrich_fd *fd, int64_t num)
{
	r->fd = fd;
	r->fd_num = num;
	r->flags |= ENRICH_RECORD_HAS_FD;
	if (!fd)
		return;
	r->flags |= ENRICH_RECORD_NEW_FD;
	if (fd->name)
		r->flags |= ENRICH_RECORD_NAME_CHANGED;
}

bool enrich_record_entry(const struct saker_record *r, uint16_t type,
			 struct saker_event_view *ret_view)
{
	const struct enrich_entry *entry = r->thread ? r->thread->entry : NULL;

	if (!entry || entry->type != type)
		return false;
	return saker_event_decode((const struct saker_event *)entry->event, entry->len, ret_view) ==
	       0;
}

static void entry_store(struct saker_state *s, struct saker_record *r)
{
	const struct saker_event *event = r->view.event;
	struct enrich_thread *t = r->thread;
	struct enrich_entry *entry;

	s->stats.n_store_evts_drops++; /* until it is */
	if (!t)
		return;
	if (t->entry)
		enrich_dealloc(s, t->entry, sizeof(*t->entry) + t->entry->len);
	t->entry = NULL;
	if (event->len > ENRICH_ENTRY_MAX)
		return;
	entry = enrich_alloc(s, sizeof(*entry) + event->len);
	if (!entry)
		return;
	s->stats.n_store_evts_drops--;
	s->stats.n_stored_evts++;
	entry->len = event->len;
	entry->type = event->type;
	memcpy(entry->event, event, event->len);
	t->entry = entry;
}

/* Used, if it was this exit's own. An execveat that succeeds ends as an execve. */
static void entry_drop(struct saker_state *s, struct enrich_thread *t, uint16_t exit)
{
	uint16_t type = t->entry->type;

	if (type + 1 == exit ||
	    (type == SAKER_EV_SYSCALL_EXECVEAT_E && exit == SAKER_EV_SYSCALL_EXECVE_19_X))
		s->stats.n_retrieved_evts++;
	else
		s->stats.n_retrieve_evts_drops++;
	enrich_dealloc(s, t->entry, sizeof(*t->entry) + t->entry->len);
	t->entry = NULL;
}

/* ---- an event ------------------------------------------------------------------------- */

/* What the event before ended goes now: its own record was still to show it. */
static void finish_previous(struct saker_state *s)
{
	struct enrich_thread *t;

	s->record.fd = NULL;
	if (unlikely(s->event_container)) {
		enrich_container_unref(s, s->event_container);
		s->event_container = NULL;
	}
	if (unlikely(s->standin.refs))
		enrich_fd_standin_clear(s);
	if (s->pending_close_fd >= 0) {
		t = enrich_thread_find(s, s->pending_close_tid);
		if (t && t->files)
			enrich_fd_remove(s, t->files, s->pending_close_fd);
		s->pending_close_fd = -1;
	}
	if (s->pending_exit) {
		t = enrich_thread_find(s, s->pending_exit);
		enrich_tombstone_set(s, s->pending_exit, t ? t->ptid : 0, s->pending_exit_ts);
		s->pending_exit = 0;
		if (t)
			enrich_thread_exit(s, t);
	}
	if (s->record.scratch.head && s->record.scratch.head->used)
		arena_rewind(&s->record.scratch);
}

/*
 * Time begins anew: a recording put behind another, a machine whose clock was set back. Nobody
 * of those that died later than it is now is late, and nothing that was lost is still to come.
 */
static void time_back(struct saker_state *s, uint64_t ts)
{
	enrich_tombstones_clear(s);
	enrich_loss_time_back(s, ts);
}

static void record_begin(struct saker_state *s, const struct saker_event_meta *meta)
{
	struct saker_record *r = &s->record;

	r->thread = NULL;
	r->container = NULL;
	r->fd_num = -1;
	r->res = 0;
	r->flags = 0;
	r->cpu = 0;
	if (meta) {
		r->cpu = meta->cpu;
		r->flags = (meta->flags & SAKER_EVENT_META_NOTED ? ENRICH_RECORD_NOTED : 0) |
			   (meta->flags & SAKER_EVENT_META_REALPATH ? ENRICH_RECORD_REALPATH : 0);
		if (unlikely(meta->companion) && saker_note_read(meta->companion, &r->note) == 0)
			r->flags |= ENRICH_RECORD_HAS_NOTE;
	}
	r->number = ++s->stats.n_events;
	r->prev_ts = s->shown_ts ? s->shown_ts : r->view.event->ts;
	/* Events about the capture itself do not start its clock. */
	if (!r->first_ts && !(r->view.info->category & SAKER_EC_METAEVENT))
		r->first_ts = r->view.event->ts;
	s->last_ts = r->view.event->ts;
}

static struct enrich_thread *record_thread(struct saker_state *s, const struct enrich_fact *fact,
					   const struct saker_event *event)
{
	int64_t tid = (int64_t)event->tid;
	struct enrich_thread *t;

	if (likely(tid == s->last_tid && s->last_thread &&
		   !(s->last_thread->flags & ENRICH_THREAD_PLACEHOLDER) &&
		   (!s->refill || !enrich_thread_doubtful(s, s->last_thread)))) {
		s->stats.n_cached_thread_lookups++;
		s->last_thread->used = s->clock;
		return s->last_thread;
	}
	t = enrich_thread_touch(s, tid);
	if (t)
		s->stats.n_cached_thread_lookups++;
	if (!(fact->flags & ENRICH_FACT_FIND_ONLY))
		t = enrich_thread_get(s, tid, event->ts);
	if (t && !(t->flags & ENRICH_THREAD_HIDDEN)) {
		s->last_tid = tid;
		s->last_thread = t;
	}
	return t;
}

static void record_result(struct saker_record *r)
{
	const struct saker_param *p = enrich_param(r, 0);

	if (!p)
		return;
	if (p->len == 8)
		r->res = (int64_t)saker_load_u64(p->data);
	else if (p->len == 4)
		r->res = (int32_t)saker_load_u32(p->data);
	else
		return;
	r->flags |= ENRICH_RECORD_HAS_RES;
	if (r->res < 0)
		r->flags |= ENRICH_RECORD_FAILED;
}

/* A file of a ring's own table: what its companion says is all there is to know of it. */
static void record_direct_fd(struct saker_state *s, struct saker_record *r)
{
	struct enrich_fd *fd;

	if (!(r->flags & ENRICH_RECORD_HAS_NOTE) || !r->note.path_len || r->note.path[0] != '/')
		return;
	fd = enrich_fd_standin(s);
	fd->type = ENRICH_FD_FILE_V2;
	fd->flags = ENRICH_FD_REAL_KNOWN;
	enrich_str_set(s, &fd->name, r->note.path, r->note.path_len);
	r->fd = fd;
}

bool enrich_record_refill(struct saker_state *s, struct saker_record *r, int64_t fd)
{
	int64_t tid = (int64_t)r->view.event->tid;

	if (!enrich_refill(s, tid, r->view.event->ts, fd))
		return false;
	/* What was known may have been another one of that number. */
	r->thread = enrich_thread_touch(s, tid);
	return r->thread != NULL;
}

/* The fd the event uses. A hole in a table that we know the thread of is worth one question. */
static void record_fd(struct saker_state *s, const struct enrich_fact *fact)
{
	struct saker_record *r = &s->record;
	const struct saker_param *p;
	struct enrich_fd *fd;

	r->flags |= ENRICH_RECORD_HAS_FD;
	if (fact->fd_param < 0 || !r->thread)
		return;
	p = enrich_param(r, (uint32_t)fact->fd_param);
	if (!p || p->len != 8)
		return;
	r->fd_num = (int64_t)saker_load_u64(p->data);
	if (r->fd_num < 0)
		return;
	if (unlikely(r->fd_num >= SAKER_DIRECT_FD)) {
		record_direct_fd(s, r);
		return;
	}
	fd = enrich_files_find(r->thread->files, r->fd_num);
	if (unlikely(!fd)) {
		if (!(r->flags & ENRICH_RECORD_FAILED) && s->refill &&
		    !(r->thread->flags & (ENRICH_THREAD_HIDDEN | ENRICH_THREAD_PLACEHOLDER)) &&
		    enrich_record_refill(s, r, r->fd_num)) {
			fd = enrich_files_find(r->thread->files, r->fd_num);
			s->stats.n_noncached_fd_lookups += fd != NULL;
		}
		/* A close that fails fails for want of it. */
		s->stats.n_failed_fd_lookups +=
			fd == NULL && !(r->flags & ENRICH_RECORD_FAILED &&
					r->view.event->type == SAKER_EV_SYSCALL_CLOSE_X);
		if (!fd)
			return;
	} else {
		s->stats.n_cached_fd_lookups++;
	}
	if (enrich_ever_lost(s) && s->refill && enrich_fd_stale(s, r->thread, fd)) {
		/* The files are the leader's. */
		enrich_loss_reread(s, r->thread->pid, r->view.event->ts);
		r->thread = enrich_thread_touch(s, (int64_t)r->view.event->tid);
		fd = r->thread ? enrich_files_find(r->thread->files, r->fd_num) : NULL;
		if (!fd)
			return;
	}
	fd->used = s->clock;
	r->fd = fd;
}

static int take_loss(struct saker_state *s, const struct saker_event *event)
{
	struct saker_loss loss = SAKER_LOSS_INIT;

	if (saker_loss_read(event, &loss) == 0)
		return saker_state_lost(s, &loss);
	s->stats.n_malformed++;
	return -EBADMSG;
}

int saker_state_apply(struct saker_state *s, const struct saker_event *event,
		      const struct saker_event_meta *meta, struct saker_record **ret_record)
{
	const struct enrich_fact *fact;
	struct saker_record *r;
	int err;

	if (!s || !event || !ret_record)
		return -EINVAL;
	r = &s->record;
	finish_previous(s);
	s->clock++;
	err = saker_event_decode(event, event->len, &r->view);
	if (unlikely(err < 0)) {
		if (err == -ENOENT && event->type == SAKER_EV_OWN_LOSS_X)
			return take_loss(s, event);
		if (err == -ENOENT && event->type >= SAKER_EVENT_OWN_FIRST)
			return 0;
		s->stats.n_malformed++;
		return -EBADMSG;
	}
	if (unlikely(s->hold_ns | s->hold_digest_ns) && enrich_hold_take(s, &r->view, meta))
		return 0;
	fact = &s->facts[event->type];
	if (unlikely(fact->flags & ENRICH_FACT_INITIAL)) {
		if (fact->handler)
			fact->handler(s, r);
		return 0;
	}
	if (unlikely(event->ts + ENRICH_STALE_NS < s->last_ts) && !enrich_hold_releasing(s))
		time_back(s, event->ts);
	if (enrich_ever_lost(s))
		enrich_loss_advance(s, event->ts);
	if (unlikely(s->unsettled))
		enrich_threads_settle(s);
	if (unlikely(s->sweep_left))
		enrich_loss_sweep(s, event->ts);
	record_begin(s, meta);
	r->thread = likely(!(fact->flags & ENRICH_FACT_NO_THREAD))
			    ? record_thread(s, fact, event)
			    : enrich_thread_find(s, (int64_t)event->tid);
	if (unlikely(fact->flags & ENRICH_FACT_ENTER)) {
		entry_store(s, r);
		return 0;
	}
	if (fact->flags & ENRICH_FACT_HAS_RES)
		record_result(r);
	if (fact->flags & ENRICH_FACT_FD)
		record_fd(s, fact);
	if (fact->handler)
		fact->handler(s, r);
	if (enrich_ever_lost(s))
		enrich_loss_applied(s, r);
	if (r->thread) {
		if (unlikely(r->thread->entry))
			entry_drop(s, r->thread, event->type);
		r->thread->last_ts = event->ts;
	}
	/* Kept in a filtered capture for the state's sake: nothing that was asked for. */
	if (unlikely(meta && meta->flags & SAKER_EVENT_META_STATE_ONLY))
		return 0;
	s->shown_ts = event->ts;
	*ret_record = r;
	return 1;
}
