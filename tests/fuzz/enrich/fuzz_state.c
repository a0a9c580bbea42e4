/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random but mostly well-formed events through the state. The input is a
 * program: each step takes a code, a thread and parameters out of a small world
 * (few threads, few fds, values of the right size), now and then something of
 * the wrong size. Other steps do what goes wrong between the kernel and here:
 * losses are told of, events come twice, late or after their time, containers
 * and digests are told of long after they were asked for, what is read again is
 * from another time. After each step the bounds hold and what a record points to
 * can be read; the tables agree with each other, and a second state that begins
 * with a snapshot of the first says the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#include "tests/unit/enrich/event_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	const uint8_t *end;
};

static struct event_builder eb;

#define SMALL_ROOM                                                                     \
	(UINT64_C(24) << 10) /* what a state under pressure may take besides its start \
			      */
#define KEPT_MAX 2048	     /* a longer event is not kept for later */
#define SNAPSHOTS_MAX 4	     /* of one input: they take their time */

enum mode {
	MODE_FEW_THREADS = 1 << 0,
	MODE_FEW_FDS = 1 << 1,
	MODE_REFILL = 1 << 2,
	MODE_SMALL = 1 << 3,
	MODE_HOLD = 1 << 4,
	MODE_OTHER_TIME = 1 << 5, /* what is read again is from before or behind the stream */
};

struct kept {
	bool full;
	uint8_t bytes[KEPT_MAX];
};

/* One input being run. */
struct world {
	struct input in;
	struct saker_state *s;
	uint64_t ts;
	uint8_t mode;
	uint32_t n_refills;
	uint32_t n_snapshots;
	struct kept last; /* to come a second time */
	struct kept late;
	bool noted; /* the next event has a companion */
	struct event_builder note;
};

static uint8_t take(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

/* A step's first byte, from which on it is: */
enum {
	STEP_ANY_CODE = 200, /* an event of any code; below that of one of these */
	STEP_OTHER = 234,    /* something else than an event */
};

static const uint16_t codes[] = {
	SAKER_EV_SYSCALL_CLONE_20_X,
	SAKER_EV_SYSCALL_CLONE_20_X,
	SAKER_EV_SYSCALL_CLONE_20_X,
	SAKER_EV_SYSCALL_CLONE3_X,
	SAKER_EV_SYSCALL_VFORK_20_X,
	SAKER_EV_SYSCALL_EXECVE_19_X,
	SAKER_EV_SYSCALL_EXECVEAT_X,
	SAKER_EV_PROCEXIT_1_E,
	SAKER_EV_PROCEXIT_1_E,
	SAKER_EV_SYSCALL_OPENAT_2_E,
	SAKER_EV_SYSCALL_OPENAT_2_X,
	SAKER_EV_SYSCALL_OPENAT2_X,
	SAKER_EV_SYSCALL_CLOSE_X,
	SAKER_EV_SYSCALL_CLOSE_RANGE_X,
	SAKER_EV_SYSCALL_DUP2_X,
	SAKER_EV_SYSCALL_DUP3_X,
	SAKER_EV_SYSCALL_FCNTL_X,
	SAKER_EV_SYSCALL_PIPE2_X,
	SAKER_EV_SOCKET_SOCKET_X,
	SAKER_EV_SOCKET_CONNECT_E,
	SAKER_EV_SOCKET_CONNECT_X,
	SAKER_EV_SOCKET_BIND_X,
	SAKER_EV_SOCKET_ACCEPT4_6_X,
	SAKER_EV_SOCKET_SENDTO_X,
	SAKER_EV_SOCKET_RECVFROM_X,
	SAKER_EV_SOCKET_RECVMSG_X,
	SAKER_EV_SOCKET_SOCKETPAIR_X,
	SAKER_EV_SYSCALL_CHDIR_X,
	SAKER_EV_SYSCALL_FCHDIR_X,
	SAKER_EV_SYSCALL_PIDFD_OPEN_X,
	SAKER_EV_SYSCALL_PIDFD_GETFD_X,
	SAKER_EV_SYSCALL_PRCTL_X,
	SAKER_EV_ITER_TASK_E,
	SAKER_EV_ITER_TASK_FILE_REGULAR_E,
	SAKER_EV_ITER_TASK_FILE_SOCKET_INET_E,
	SAKER_EV_ITER_TASK_FILE_SOCKET_INET6_E,
	SAKER_EV_ITER_TASK_FILE_SOCKET_UNIX_E,
	SAKER_EV_USER_ADDED_E,
	SAKER_EV_USER_DELETED_E,
};

static const char *const texts[] = {
	"",
	"a",
	"/etc/passwd",
	"../../x",
	"./a//b/../c/",
	"cpu=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"cpu=/default/redis",
	"/bin/x (deleted)",
	"io=/lxc/web",
};

/* A number that means something in the small world. */
static int64_t number(struct input *in)
{
	static const int64_t some[] = {0, 1, -1,   -2,	      -100,	 -115,	   3,
				       4, 5, 8192, 134217728, INT64_MAX, INT64_MIN};
	uint8_t b = take(in);

	return b < 128 ? b % 16 : some[b % (sizeof(some) / sizeof(some[0]))];
}

static void text_param(struct input *in)
{
	const char *text = texts[take(in) % (sizeof(texts) / sizeof(texts[0]))];

	eb_param(&eb, text, strlen(text) + (take(in) & 1));
}

static void bytes_param(struct input *in, bool socket)
{
	uint8_t len = take(in);
	uint8_t buf[256];

	for (uint32_t i = 0; i < len; i++)
		buf[i] = take(in);
	if (socket && len) {
		static const uint8_t families[] = {1, 2, 10, 2};

		buf[0] = families[buf[0] % 4];
		buf[len - 1] &= 1;
	}
	eb_param(&eb, buf, len);
}

static void param(struct input *in, const struct saker_param_info *info)
{
	uint32_t size = saker_param_type_size((enum saker_param_type)info->type);
	uint8_t odd = take(in);
	int64_t v;

	if (odd == 255) {
		bytes_param(in, false);
		return;
	}
	if (odd > 240) {
		eb_param(&eb, NULL, 0);
		return;
	}
	switch (info->type) {
	case SAKER_PT_CHARBUF:
	case SAKER_PT_FSPATH:
	case SAKER_PT_FSRELPATH:
	case SAKER_PT_CHARBUFARRAY:
		text_param(in);
		return;
	case SAKER_PT_BYTEBUF:
		if (odd & 1)
			text_param(in);
		else
			bytes_param(in, false);
		return;
	case SAKER_PT_SOCKADDR:
	case SAKER_PT_SOCKTUPLE:
		bytes_param(in, true);
		return;
	default:
		break;
	}
	v = number(in);
	if (size > sizeof(v) || size == 0)
		bytes_param(in, false);
	else
		eb_param(&eb, &v, size);
}

static uint64_t next_ts(struct world *w)
{
	uint8_t step = take(&w->in);

	/* Time goes on, mostly; sometimes far, sometimes back. */
	w->ts += step < 250 ? step : step < 253 ? UINT64_C(3000000000) : (uint64_t)-100;
	return w->ts;
}

static const struct saker_event *make_event(struct world *w, uint8_t which)
{
	struct input *in = &w->in;
	uint16_t code = which < STEP_ANY_CODE
				? codes[which % (sizeof(codes) / sizeof(codes[0]))]
				: (uint16_t)((take(in) | take(in) << 8) % SAKER_EVENT_CODES);
	const struct saker_event_info *info = saker_event_info(code);
	uint64_t tid = take(in) % 12;
	uint64_t ts = next_ts(w);

	if (info && info->category & SAKER_EC_ITER)
		tid |= (uint64_t)(take(in) % 12) << 32;
	eb_begin(&eb);
	for (uint32_t i = 0; info && i < info->n_params; i++)
		param(in, &info->params[i]);
	return eb_end(&eb, code, ts, tid);
}

/* Reads all that a record leads to; a sanitizer sees what it should not. */
static size_t check_record(const struct saker_state *s, struct saker_record *r)
{
	size_t sum = 0;
	uint32_t iter = 0;
	const struct enrich_fd *fd;
	const struct enrich_thread *t = r->thread;

	if (r->fd)
		sum += enrich_str_len(r->fd->name) + r->fd->type;
	if (!t)
		return sum;
	sum += strlen(enrich_str_text(t->comm)) + enrich_thread_cwd(s, t).len;
	sum += enrich_list_count(t->args) + enrich_list_count(t->cgroups) +
	       enrich_thread_n_threads(t);
	while ((fd = enrich_fd_next(t, &iter)))
		sum += enrich_str_len(fd->name);
	for (uint32_t i = 0; i < 20; i++)
		sum += enrich_thread_ancestor(s, t, i) != NULL;
	sum += enrich_thread_session_leader(s, t) != NULL;
	sum += enrich_thread_vpgid_leader(s, t) != NULL;
	for (uint32_t i = 0; i < r->view.n_params; i++)
		sum += enrich_record_path(r, i).len;
	sum += enrich_record_certain(r) + enrich_fd_why_not(r);
	return sum;
}

/* ---- the tables agree ------------------------------------------------------------------- */

#define must(holds) ((holds) ? (void)0 : wrong(__LINE__, #holds))

static void wrong(int line, const char *what)
{
	fprintf(stderr, "line %d: not so: %s\n", line, what);
	abort();
}

static void check_family(const struct saker_state *s, const struct enrich_thread *t)
{
	const struct enrich_thread *found = NULL;

	for (const struct enrich_thread *c = t->children; c; c = c->sibling_next)
		must(c->parent == t && c->ptid == t->tid && enrich_thread_find(s, c->tid) == c);
	if (t->parent) {
		for (found = t->parent->children; found && found != t;)
			found = found->sibling_next;
		must(found == t);
	}
	must(t->files == NULL || t->files->refs > 0);
}

static void check_group(const struct enrich_group *g)
{
	uint32_t n = 0, alive = 0;
	bool leads = g->leader == NULL;

	for (const struct enrich_thread *t = g->threads; t; t = t->group_next) {
		n++;
		alive += !(t->flags & ENRICH_THREAD_DEAD);
		leads |= t == g->leader;
		must(t->group == g && (t->tid != t->pid || t == g->leader));
	}
	must(n == g->n_members && alive == g->n_alive && leads);
}

/* Descriptors of the thread's table, if no slot before this one has it, too. */
static uint32_t own_fds(const struct saker_state *s, uint32_t slot)
{
	const struct enrich_files *files = s->slots[slot].thread->files;
	uint32_t n = 0;

	if (!files || !files->table || s->ghost->files == files)
		return 0;
	for (uint32_t i = 0; i < slot; i++)
		if (s->slots[i].thread && s->slots[i].thread->files == files)
			return 0;
	for (uint32_t i = 0; i < files->table->capacity; i++)
		n += files->table->slots[i] != NULL;
	must(n == files->table->n && n < files->table->capacity);
	return n;
}

static void check_tables(const struct saker_state *s)
{
	uint32_t n_threads = 0;
	uint64_t n_fds = 0;

	for (uint32_t i = 0; i < s->slots_capacity; i++) {
		const struct enrich_thread *t = s->slots[i].thread;

		if (!t)
			continue;
		n_threads++;
		must(s->slots[i].tid == t->tid && enrich_thread_find(s, t->tid) == t);
		check_family(s, t);
		if (t->group)
			check_group(t->group);
		n_fds += own_fds(s, i);
	}
	if (s->ghost->files && s->ghost->files->table)
		n_fds += s->ghost->files->table->n;
	must(n_threads == s->n_threads);
	must(n_fds == s->stats.n_fds);
	must(s->pool.used <= s->pool.limit && s->n_threads <= s->max_threads);
}

/* ---- a snapshot says the same -------------------------------------------------------------- */

static bool is_kept(const struct enrich_thread *t)
{
	return t && t->pid > 0 && !(t->flags & (ENRICH_THREAD_DEAD | ENRICH_THREAD_PLACEHOLDER));
}

/* Numbers that a kernel has: start-up events have 32 bits for each. */
static bool fits(const struct enrich_thread *t)
{
	return t->pid <= INT32_MAX && t->ptid <= INT32_MAX && t->tid > 0;
}

static bool same_text(const struct enrich_str *a, const struct enrich_str *b)
{
	return enrich_str_len(a) == enrich_str_len(b) &&
	       memcmp(enrich_str_text(a), enrich_str_text(b), enrich_str_len(a)) == 0;
}

static void same_thread(const struct enrich_thread *a, const struct enrich_thread *b)
{
	must(a->pid == b->pid && MAX(a->sid, -1) == b->sid);
	must(MAX(a->pgid, -1) == b->pgid && MAX(a->vpgid, -1) == b->vpgid);
	must(a->uid == b->uid && a->gid == b->gid && a->loginuid == b->loginuid);
	must(a->tty == b->tty && a->exe_ino == b->exe_ino && a->exe_flags == b->exe_flags);
	must(a->cap_effective == b->cap_effective && a->clone_ts == b->clone_ts);
	must(same_text(a->comm, b->comm) && same_text(a->exepath, b->exepath));
	must(same_text(a->args, b->args) && same_text(a->cgroups, b->cgroups));
	must(!enrich_thread_is_leader(a) || same_text(a->env, b->env));
	if (a->parent && is_kept(a->parent) && fits(a->parent))
		must(b->parent && b->parent->tid == a->parent->tid);
}

/* What is at both ends of a connection decides how it is read. */
static uint8_t type_read(const struct enrich_fd *fd)
{
	return fd->type == ENRICH_FD_FILE      ? ENRICH_FD_FILE_V2
	       : enrich_fd_is_ip(fd)	       ? ENRICH_FD_IPV4_SOCK
	       : fd->type == ENRICH_FD_UNKNOWN ? ENRICH_FD_UNSUPPORTED
					       : fd->type;
}

static void same_fd(const struct enrich_fd *a, const struct enrich_fd *b)
{
	if (!a->name && enrich_fd_is_ip(a))
		return; /* it has nothing to begin with */
	must(b);
	must(type_read(a) == type_read(b));
	must(a->ino == b->ino);
}

static void give(void *userdata, const struct saker_event *event)
{
	struct saker_event_view view;
	struct saker_record *r;

	must(saker_event_decode(event, event->len, &view) == 0);
	must(view.n_params == view.info->n_params);
	must(saker_state_apply(userdata, event, NULL, &r) == 0);
}

static void snapshot(struct world *w)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_state *b;

	if (w->n_snapshots++ >= SNAPSHOTS_MAX)
		return;
	options.offline = true;
	must(saker_state_new(&options, &b) == 0);
	must(saker_state_snapshot(w->s, give, b) == 0);
	enrich_threads_settle(b);
	for (uint32_t i = 0; i < w->s->slots_capacity; i++) {
		const struct enrich_thread *t = w->s->slots[i].thread, *copy;
		const struct enrich_fd *fd;
		uint32_t iter = 0;

		if (!is_kept(t) || !fits(t))
			continue;
		copy = enrich_thread_find(b, t->tid);
		must(copy != NULL);
		same_thread(t, copy);
		while (enrich_thread_is_leader(t) && (fd = enrich_fd_next(t, &iter)))
			same_fd(fd, enrich_fd_find(copy, fd->num));
	}
	check_tables(b);
	saker_state_free(b);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

static int refill(void *userdata, int64_t tid, saker_capture_event_fn fn, void *fn_userdata)
{
	static struct event_builder own;
	struct world *w = userdata;
	uint32_t n = ++w->n_refills;
	uint64_t ts = 0;

	if (n % 3 == 0)
		return -ESRCH;
	if (w->mode & MODE_OTHER_TIME)
		ts = n % 2 ? w->ts + 100 * n : w->ts - 100 * n;
	fn(fn_userdata,
	   eb_task(&own, &(struct eb_task){.tid = tid, .ptid = n % 12, .comm = "found", .ts = ts}));
	fn(fn_userdata,
	   eb_make(&own, SAKER_EV_ITER_TASK_FILE_REGULAR_E, ts, (uint64_t)tid << 32 | (uint64_t)tid,
		   "wswwq", 3, "/etc/found", 1, 0, INT64_C(1)));
	return 0;
}

static int ask_container(void *userdata, const char *id, size_t len, int type)
{
	(void)userdata;
	must(strlen(id) >= len);
	return type % 2;
}

static int ask_digest(void *userdata, const struct saker_exe *exe)
{
	(void)userdata;
	return exe->ino % 4 == 0 ? -EAGAIN : 0;
}

/* ---- steps --------------------------------------------------------------------------------------
 */

static void keep(struct kept *kept, const struct saker_event *event)
{
	kept->full = event->len <= KEPT_MAX;
	if (kept->full)
		memcpy(kept->bytes, event, event->len);
}

static void check_records(struct world *w, struct saker_record *r, int code)
{
	if (code == 1)
		must(check_record(w->s, r) != SIZE_MAX);
	must(w->s->pool.used <= w->s->pool.limit && w->s->n_threads <= w->s->max_threads);
}

static void apply(struct world *w, const struct saker_event *event)
{
	struct saker_event_meta meta = {.flags =
						SAKER_EVENT_META_NOTED | SAKER_EVENT_META_REALPATH};
	struct saker_record *r = NULL;
	int code;

	if (w->noted)
		meta.companion = (const struct saker_event *)w->note.bytes;
	code = saker_state_apply(w->s, event, w->noted ? &meta : NULL, &r);
	check_records(w, r, code);
	w->noted = false;
}

/* What was lost: of any group, of anybody or of some, told early or when it is over. */
static void lose(struct world *w)
{
	struct saker_loss loss = SAKER_LOSS_INIT;
	uint8_t how = take(&w->in);
	uint8_t group = take(&w->in) % SAKER_LOSS_GROUPS;

	loss.n[group] = how & 1 ? 1 : take(&w->in);
	loss.who_known = how & 2;
	for (uint32_t g = 0; g < SAKER_LOSS_GROUPS - 1; g++)
		loss.who[g][0] = how & 4 && g != group ? 0 : take(&w->in);
	loss.until = how & 8 ? w->ts + take(&w->in) * 10 : 0;
	if (how & 16) {
		must(saker_state_lost(w->s, &loss) == 0);
		return;
	}
	eb_begin(&eb);
	eb_param(&eb, &loss.until, how & 32 ? take(&w->in) % 9 : 8);
	for (uint32_t g = 0; g < SAKER_LOSS_GROUPS; g++)
		eb_param(&eb, &loss.n[g], 8);
	eb_param(&eb, loss.who, loss.who_known ? sizeof(loss.who) - (how >> 7) : 0);
	apply(w, eb_end(&eb, SAKER_EV_OWN_LOSS_X, w->ts, 0));
}

/* Births, programs and ends as they are, all of it well-formed. */
static void live(struct world *w)
{
	uint8_t what = take(&w->in);
	int64_t tid = take(&w->in) % 12, other = take(&w->in) % 12;
	bool thread = what & 4;
	struct eb_clone clone = {.ts = next_ts(w),
				 .tid = what & 1 ? other : tid,
				 .res = what & 1 ? 0 : other,
				 .pid = what & 1 && !thread ? other : tid,
				 .ptid = what & 1 && !thread ? tid : 1,
				 .flags = thread ? CL_PPM_THREAD | CL_PPM_FILES : 0,
				 .cgroups = texts[5 + what / 8 % 2]};
	struct eb_exec exec = {.ts = w->ts,
			       .tid = tid,
			       .ptid = other,
			       .path = "/bin/x",
			       .comm = "x",
			       .cgroups = texts[5 + what / 8 % 4]};

	if (what % 4 < 2)
		apply(w, eb_clone(&eb, &clone));
	else if (what % 4 == 2)
		apply(w, eb_exec(&eb, &exec));
	else
		apply(w, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, w->ts, (uint64_t)tid, "qqbbq",
				 INT64_C(0), INT64_C(0), 0, 0, other));
}

/* A runtime's answer, a digest: when nobody waits any more, or for what nobody asked. */
static void tell(struct world *w)
{
	static const char *const stories[] = {
		"{\"container\":{\"id\":\"0123456789ab\",\"full_id\":\"0123456789abcdef0123456789"
		"abcdef0123456789abcdef0123456789abcdef\",\"name\":\"n\",\"image\":\"i\",\"type\":"
		"0,"
		"\"Mounts\":[{\"Source\":\"/a\",\"Destination\":\"/b\",\"Mode\":\"\",\"RW\":true}],"
		"\"labels\":{\"a\":\"b\"}}}",
		"{\"container\":{\"id\":\"redis\",\"type\":7,\"image\":\"\"}}",
		"{\"container\":{\"id\":\"web\",\"type\":1}}",
		"{\"container\":{\"id\":\"\"}}",
		"{",
		"sha256:00 4711 2000",
		"sha256:00 1",
	};
	static const char *const names[] = {"container", "container_removed", "exe_digest"};
	uint8_t what = take(&w->in);
	uint8_t name = take(&w->in);
	const char *story = stories[what % (sizeof(stories) / sizeof(stories[0]))];

	if (what & 128)
		(void)saker_state_forgo_container(w->s, texts[what % 4], strlen(texts[what % 4]));
	apply(w, eb_make(&eb, SAKER_EV_ASYNCEVENT_E, w->ts, name / 3 % 12, "wss", 0,
			 names[name % 3], story));
}

static void release(struct world *w)
{
	uint8_t n = take(&w->in);
	bool flush = n & 128;
	struct saker_record *r;

	for (uint32_t i = 0; i < (n & 15u) + 1; i++) {
		int code = saker_state_held(w->s, flush, &r);

		check_records(w, r, code);
		if (code != 1)
			break;
	}
}

static void note(struct world *w)
{
	const char *path = texts[take(&w->in) % (sizeof(texts) / sizeof(texts[0]))];

	w->noted = true;
	eb_make(&w->note, SAKER_EV_OWN_NOTE_X, w->ts, 0, "bbwqr", take(&w->in) % 4,
		take(&w->in) % 16, take(&w->in), (int64_t)take(&w->in), path, (int)strlen(path));
}

static void make_late(struct world *w)
{
	if (w->late.full)
		apply(w, (const struct saker_event *)w->late.bytes);
	keep(&w->late, make_event(w, take(&w->in) % STEP_OTHER));
}

static void other_step(struct world *w, uint8_t which)
{
	switch (which % 10) {
	case 0:
	case 1:
		lose(w);
		return;
	case 2:
	case 3:
		live(w);
		return;
	case 4:
		if (w->last.full)
			apply(w, (const struct saker_event *)w->last.bytes);
		return;
	case 5:
		make_late(w);
		return;
	case 6:
		tell(w);
		return;
	case 7:
		if (take(&w->in) & 1)
			release(w);
		else
			note(w);
		return;
	case 8:
		/* Another recording, from before or long after. */
		w->ts += take(&w->in) & 1 ? UINT64_C(100000000000) : UINT64_C(-100000000000);
		return;
	default:
		check_tables(w->s);
		snapshot(w);
		return;
	}
}

static void begin(struct world *w)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;

	options.offline = true;
	options.max_threads = w->mode & MODE_FEW_THREADS ? 16 : 0;
	options.max_fds = w->mode & MODE_FEW_FDS ? 16 : 0;
	options.memory_max = UINT64_C(2) << 20;
	options.refill = w->mode & MODE_REFILL ? refill : NULL;
	options.refill_userdata = w;
	options.hold_ms = options.hold_digest_ms = w->mode & MODE_HOLD ? 1000000 : 0;
	options.ask_container = w->mode & MODE_HOLD ? ask_container : NULL;
	options.ask_digest = w->mode & MODE_HOLD ? ask_digest : NULL;
	must(saker_state_new(&options, &w->s) == 0);
	if (w->mode & MODE_SMALL)
		w->s->pool.limit = w->s->pool.used + SMALL_ROOM;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;

	w = (struct world){.in = {data, data + size}, .ts = UINT64_C(1000000000000)};
	w.mode = take(&w.in);
	begin(&w);
	while (w.in.p < w.in.end) {
		uint8_t which = take(&w.in);

		if (which < STEP_OTHER) {
			const struct saker_event *event = make_event(&w, which);

			keep(&w.last, event);
			apply(&w, event);
		} else {
			other_step(&w, which);
		}
	}
	check_tables(w.s);
	saker_state_free(w.s);
	return 0;
}
