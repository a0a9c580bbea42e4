/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.* and thread.* that are text: names, paths and command lines of the
 * thread, its parent, its ancestors and its leaders; arguments, environment,
 * cgroups and capabilities. What the state holds is pointed at, never copied.
 */
#include "field.h"
#include "render.h"

#include <inttypes.h>

/* Ancestors looked at for a variable. */
#define AENV_LEVELS_MAX 20

/* ---- one process's text ---------------------------------------------------------------- */

static struct enrich_slice slice_of(const struct enrich_str *s)
{
	return (struct enrich_slice){enrich_str_text(s), enrich_str_len(s)};
}

struct enrich_slice field_cmdline(struct saker_record *r, const struct enrich_thread *t)
{
	uint32_t comm_len = enrich_str_len(t->comm);
	uint32_t args_len = enrich_str_len(t->args);
	char *text, *at, *end;

	if (!args_len)
		return slice_of(t->comm);
	text = arena_alloc(&r->scratch, (size_t)comm_len + 1 + args_len + 1);
	if (!text)
		return (struct enrich_slice){"", 0};
	memcpy(text, enrich_str_text(t->comm), comm_len);
	text[comm_len] = ' ';
	at = text + comm_len + 1;
	end = at + args_len;
	memcpy(at, t->args->text, args_len);
	while ((at = memchr(at, '\0', (size_t)(end - at))))
		*at++ = ' ';
	return (struct enrich_slice){text, (uint32_t)(end - text)};
}

static struct enrich_slice thread_text(struct saker_record *r, const struct enrich_thread *t,
				       enum field_text what)
{
	switch (what) {
	case TEXT_COMM:
		return slice_of(t->comm);
	case TEXT_EXE:
		return slice_of(t->exe);
	case TEXT_EXEPATH:
		return slice_of(t->exepath);
	case TEXT_CMDLINE:
		return field_cmdline(r, t);
	case TEXT_CWD:
		return enrich_thread_cwd(r->state, t);
	}
	return (struct enrich_slice){"", 0};
}

/* Of a thread that may not be known; or not be ours to see, as to where it is and comes from. */
static void set_text(struct saker_values *out, struct saker_record *r,
		     const struct enrich_thread *t, int64_t what)
{
	if (!t) {
		field_set_none(out);
		return;
	}
	field_set_slice(out, thread_text(r, t, (enum field_text)what));
	if (unlikely(!out->one.len) && t->flags & ENRICH_THREAD_DENIED &&
	    (what == TEXT_EXEPATH || what == TEXT_CWD))
		saker_values_absent(out, SAKER_ABSENT_NO_PERMISSION);
}

void field_proc_text(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;

	set_text(out, r, r->thread, ref->number);
}

void field_proc_parent_text(void *record, const struct saker_field_ref *ref,
			    struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_thread *parent =
		r->thread ? enrich_thread_ancestor(r->state, r->thread, 1) : NULL;

	if (parent)
		set_text(out, r, parent, ref->number);
	else
		field_set_no_ancestor(out, r, 1);
}

/* A leader that is not known reads as empty, which is not the same as absent. */
static void set_leader_text(struct saker_values *out, struct saker_record *r,
			    const struct enrich_thread *leader, int64_t what)
{
	if (leader)
		set_text(out, r, leader, what);
	else
		field_set_text(out, "", 0);
}

void field_proc_sid_text(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;

	if (r->thread)
		set_leader_text(out, r, enrich_thread_session_leader(r->state, r->thread),
				ref->number);
	else
		field_set_none(out);
}

void field_proc_pgid_text(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;

	if (r->thread)
		set_leader_text(out, r, enrich_thread_pgid_leader(r->state, r->thread),
				ref->number);
	else
		field_set_none(out);
}

void field_proc_vpgid_text(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	struct saker_record *r = record;

	if (r->thread)
		set_leader_text(out, r, enrich_thread_vpgid_leader(r->state, r->thread),
				ref->number);
	else
		field_set_none(out);
}

void field_proc_nametid(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct render_text t;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	render_init(&t, &r->scratch);
	render_slice(&t, slice_of(r->thread->comm));
	render_format(&t, "%" PRId64, (int64_t)r->view.event->tid);
	field_set_slice(out, render_result(&t));
}

/* ---- ancestors ---------------------------------------------------------------------------- */

/* Walks up from a process. A loop in the table ends it: Brent's teleporting tortoise. */
struct lineage {
	const struct saker_state *state;
	const struct enrich_thread *at;
	const struct enrich_thread *mark;
	uint32_t steps;
	uint32_t limit;
};

static void lineage_init(struct lineage *l, const struct saker_record *r)
{
	l->state = r->state;
	l->at = r->thread ? enrich_thread_leader(r->state, r->thread) : NULL;
	l->mark = l->at;
	l->steps = 0;
	l->limit = 2;
}

static const struct enrich_thread *lineage_next(struct lineage *l)
{
	if (!l->at)
		return NULL;
	l->at = enrich_thread_parent(l->state, l->at);
	if (!l->at || l->at == l->mark || l->at->tid == -1) {
		l->at = NULL;
		return NULL;
	}
	if (++l->steps == l->limit) {
		l->mark = l->at;
		l->steps = 0;
		l->limit *= 2;
	}
	return l->at;
}

static uint32_t count_ancestors(const struct saker_record *r)
{
	struct lineage l;
	uint32_t n = 0;

	lineage_init(&l, r);
	while (n < ENRICH_ANCESTORS_MAX && lineage_next(&l))
		n++;
	return n;
}

/* Room for a value an ancestor; their number in ret_n, 0 = there is nothing to give. */
static struct saker_value *ancestor_values(struct saker_record *r, struct saker_values *out,
					   uint32_t *ret_n)
{
	struct saker_value *values = NULL;
	uint32_t n = count_ancestors(r);

	if (n)
		values = arena_alloc(&r->scratch, n * sizeof(*values));
	*ret_n = values ? n : 0;
	out->v = values;
	out->n = *ret_n;
	out->absent = values ? 0 : SAKER_ABSENT_TRUNCATED;
	if (!n)
		field_set_no_ancestor(out, r, 1);
	return values;
}

void field_proc_ancestor(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	enum field_text what = (enum field_text)field_what(ref);
	struct saker_value *values;
	struct lineage l;
	uint32_t n;

	if (ref->number >= 0) {
		const struct enrich_thread *t = NULL;

		if (r->thread)
			t = enrich_thread_ancestor(r->state, r->thread, (uint32_t)ref->number);
		if (t)
			set_text(out, r, t, what);
		else
			field_set_no_ancestor(out, r, (uint32_t)ref->number);
		return;
	}
	values = ancestor_values(r, out, &n);
	lineage_init(&l, r);
	for (uint32_t i = 0; i < n; i++) {
		struct enrich_slice s = thread_text(r, lineage_next(&l), what);

		values[i] = saker_value_str(s.text, s.len);
	}
}

void field_proc_apid(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct saker_value *values;
	struct lineage l;
	uint32_t n;

	if (ref->number >= 0) {
		const struct enrich_thread *t = NULL;

		if (r->thread)
			t = enrich_thread_ancestor(r->state, r->thread, (uint32_t)ref->number);
		if (t)
			field_set_u64(out, ref, (uint64_t)t->pid);
		else
			field_set_no_ancestor(out, r, (uint32_t)ref->number);
		return;
	}
	values = ancestor_values(r, out, &n);
	lineage_init(&l, r);
	for (uint32_t i = 0; i < n; i++)
		values[i] = saker_value_i64(SAKER_TYPE_I64, lineage_next(&l)->pid);
}

void field_proc_loginshell(void *record, const struct saker_field_ref *ref,
			   struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_thread *t;
	const struct enrich_thread *shell = NULL;
	struct lineage l;
	uint32_t n = 0;

	lineage_init(&l, r);
	for (t = l.at; t && n < ENRICH_ANCESTORS_MAX; t = lineage_next(&l), n++) {
		struct enrich_slice comm = slice_of(t->comm);

		if (comm.len >= 2 && !memcmp(comm.text + comm.len - 2, "sh", 2))
			shell = t;
	}
	if (shell)
		field_set_u64(out, ref, (uint64_t)shell->pid);
	else
		field_set_none(out);
}

/* ---- lists: arguments, environment, cgroups -------------------------------------------------- */

static struct enrich_slice joined(struct saker_record *r, const struct enrich_str *list)
{
	struct render_text t;

	/* One element alone needs no joining. */
	if (!enrich_str_len(list) || !memchr(list->text, '\0', list->len))
		return slice_of(list);
	render_init(&t, &r->scratch);
	render_list(&t, list, ' ');
	return render_result(&t);
}

/* An environment's text is not NUL-terminated within itself: it is a list, too. */
static struct enrich_slice joined_slice(struct saker_record *r, struct enrich_slice list)
{
	char *text = list.len ? arena_alloc(&r->scratch, (size_t)list.len + 1) : NULL;

	if (!text)
		return (struct enrich_slice){"", 0};
	/* copied and changed at once: so written the compiler does sixteen at a time */
	for (uint32_t i = 0; i < list.len; i++)
		text[i] = list.text[i] ? list.text[i] : ' ';
	text[list.len] = '\0';
	return (struct enrich_slice){text, list.len};
}

void field_proc_args(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct enrich_slice arg;
	uint32_t pos = 0;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	if (ref->number < 0) {
		field_set_slice(out, joined(r, r->thread->args));
		return;
	}
	for (int64_t i = 0; enrich_list_next(r->thread->args, &pos, &arg); i++) {
		if (i == ref->number) {
			field_set_slice(out, arg);
			return;
		}
	}
	if (enrich_str_len(r->thread->exe) + enrich_str_len(r->thread->args) + 2 >=
	    ENRICH_TEXTS_MAX)
		saker_values_absent(out, SAKER_ABSENT_TRUNCATED);
	else
		field_set_text(out, "", 0);
}

void field_proc_aargs(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_thread *t = NULL;
	struct saker_value *values;
	struct lineage l;
	uint32_t n;

	if (ref->number >= 0) {
		if (r->thread)
			t = enrich_thread_ancestor(r->state, r->thread, (uint32_t)ref->number);
		if (t)
			field_set_slice(out, joined(r, t->args));
		else
			field_set_none(out);
		return;
	}
	values = ancestor_values(r, out, &n);
	lineage_init(&l, r);
	for (uint32_t i = 0; i < n; i++) {
		struct enrich_slice s = joined(r, lineage_next(&l)->args);

		values[i] = saker_value_str(s.text, s.len);
	}
}

void field_proc_exeline(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct render_text t;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	render_init(&t, &r->scratch);
	render_slice(&t, slice_of(r->thread->exe));
	render_char(&t, ' ');
	render_list(&t, r->thread->args, ' ');
	field_set_slice(out, render_result(&t));
}

/* Why not all of a process's environment is known; 0 = it is, as far as anybody captures it. */
static uint8_t env_why_not(const struct saker_record *r, const struct enrich_thread *t)
{
	uint32_t len = enrich_thread_env(r->state, t).len;

	if (len + 1 >= ENRICH_TEXTS_MAX)
		return SAKER_ABSENT_TRUNCATED;
	return !len && t->flags & ENRICH_THREAD_DENIED ? SAKER_ABSENT_NO_PERMISSION : 0;
}

/* A variable without blanks around it. len 0 = not set, or empty, or not known: see *ret_why. */
static struct enrich_slice variable(const struct saker_record *r, const struct enrich_thread *t,
				    const struct saker_field_ref *ref, uint8_t *ret_why)
{
	struct enrich_slice env = enrich_thread_env(r->state, t);
	const char *at = env.text;
	const char *end = env.text + env.len;
	bool found = false;

	while (at < end) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		uint32_t len = (uint32_t)((nul ? nul : end) - at);
		bool named = len > ref->arg_len && at[ref->arg_len] == '=' &&
			     !memcmp(at, ref->arg, ref->arg_len);

		if (named && len > ref->arg_len + 1) {
			struct enrich_slice v = {at + ref->arg_len + 1, len - ref->arg_len - 1};

			while (v.len && v.text[0] == ' ') {
				v.text++;
				v.len--;
			}
			while (v.len && v.text[v.len - 1] == ' ')
				v.len--;
			return v;
		}
		found |= named;
		at += len + 1;
	}
	if (!found && !*ret_why)
		*ret_why = env_why_not(r, t);
	return (struct enrich_slice){"", 0};
}

static void set_variable(struct saker_values *out, struct enrich_slice v, uint8_t why)
{
	if (v.len || !why)
		field_set_slice(out, v);
	else
		saker_values_absent(out, why);
}

void field_proc_env(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	uint8_t why = 0;

	if (!r->thread) {
		field_set_none(out);
	} else if (ref->number == 0) {
		struct enrich_slice v = variable(r, r->thread, ref, &why);

		set_variable(out, v, why);
	} else {
		set_variable(out, joined_slice(r, enrich_thread_env(r->state, r->thread)),
			     env_why_not(r, r->thread));
	}
}

/* The nearest ancestor that has it; empty when none has. */
static struct enrich_slice inherited(const struct saker_record *r,
				     const struct saker_field_ref *ref, uint8_t *ret_why)
{
	struct enrich_slice v = {"", 0};
	const struct enrich_thread *t;
	struct lineage l;

	lineage_init(&l, r);
	for (uint32_t i = 0; !v.len && i < AENV_LEVELS_MAX && (t = lineage_next(&l)); i++)
		v = variable(r, t, ref, ret_why);
	return v;
}

void field_proc_aenv(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	const struct enrich_thread *t;
	struct saker_value *values;
	struct lineage l;
	uint32_t n;

	if (!r->thread) {
		field_set_none(out);
	} else if (ref->number == -2) {
		uint8_t why = 0;
		struct enrich_slice v = inherited(r, ref, &why);

		set_variable(out, v, why);
	} else if (ref->number >= 0) {
		t = enrich_thread_ancestor(r->state, r->thread, (uint32_t)ref->number);
		if (t)
			field_set_slice(out, joined_slice(r, enrich_thread_env(r->state, t)));
		else
			field_set_none(out);
	} else {
		values = ancestor_values(r, out, &n);
		lineage_init(&l, r);
		for (uint32_t i = 0; i < n; i++) {
			struct enrich_slice s =
				joined_slice(r, enrich_thread_env(r->state, lineage_next(&l)));

			values[i] = saker_value_str(s.text, s.len);
		}
	}
}

void field_proc_cgroups(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct enrich_slice subsys, path;
	struct render_text t;
	uint32_t pos = 0;

	render_init(&t, &r->scratch);
	while (r->thread && enrich_cgroup_next(r->thread, &pos, &subsys, &path)) {
		if (t.len)
			render_char(&t, ' ');
		render_slice(&t, subsys);
		render_char(&t, '=');
		render_slice(&t, path);
	}
	if (t.len)
		field_set_slice(out, render_result(&t));
	else
		saker_values_absent(out, r->thread ? SAKER_ABSENT_NOT_CAPTURED
						   : SAKER_ABSENT_NOT_APPLICABLE);
}

void field_proc_cgroup(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	struct enrich_slice path = {"", 0};

	if (r->thread)
		path = enrich_thread_cgroup(r->thread, ref->arg, ref->arg_len);
	if (path.len)
		field_set_slice(out, path);
	else
		field_set_none(out);
}

/* ---- capabilities ---------------------------------------------------------- */

/* clang-format off */
#define CAPABILITY_LIST(X)                                                              \
	X(CHOWN) X(DAC_OVERRIDE) X(DAC_READ_SEARCH) X(FOWNER) X(FSETID) X(KILL)         \
	X(SETGID) X(SETUID) X(SETPCAP) X(LINUX_IMMUTABLE) X(NET_BIND_SERVICE)           \
	X(NET_BROADCAST) X(NET_ADMIN) X(NET_RAW) X(IPC_LOCK) X(IPC_OWNER)               \
	X(SYS_MODULE) X(SYS_RAWIO) X(SYS_CHROOT) X(SYS_PTRACE) X(SYS_PACCT)             \
	X(SYS_ADMIN) X(SYS_BOOT) X(SYS_NICE) X(SYS_RESOURCE) X(SYS_TIME)                \
	X(SYS_TTY_CONFIG) X(MKNOD) X(LEASE) X(AUDIT_WRITE) X(AUDIT_CONTROL)             \
	X(SETFCAP) X(MAC_OVERRIDE) X(MAC_ADMIN) X(SYSLOG) X(WAKE_ALARM)                 \
	X(BLOCK_SUSPEND) X(AUDIT_READ) X(PERFMON) X(BPF) X(CHECKPOINT_RESTORE)
/* clang-format on */

/* In the kernel's order: the n-th is bit n. */
static const struct enrich_slice capabilities[] = {
#define X(name) {"CAP_" #name, sizeof("CAP_" #name) - 1},
	CAPABILITY_LIST(X)
#undef X
};

void field_proc_caps(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	struct saker_record *r = record;
	struct render_text t;
	uint64_t bits;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	bits = ref->number == CAPS_PERMITTED	 ? r->thread->cap_permitted
	       : ref->number == CAPS_INHERITABLE ? r->thread->cap_inheritable
						 : r->thread->cap_effective;
	render_init(&t, &r->scratch);
	for (uint32_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (!(bits >> i & 1))
			continue;
		if (t.len)
			render_char(&t, ' ');
		render_slice(&t, capabilities[i]);
	}
	field_set_slice(out, render_result(&t));
}

/* ---- standard descriptors -------------------------------------------------- */

/* One that is closed, as many a daemon's, or that is not known. */
static void set_no_std(struct saker_values *out, const struct saker_record *r)
{
	uint8_t why = r->thread ? enrich_thread_fd_why_not(r->state, r->thread) : 0;

	saker_values_absent(out, why == SAKER_ABSENT_EVICTED || why == SAKER_ABSENT_NO_PERMISSION
					 ? why
					 : SAKER_ABSENT_NOT_APPLICABLE);
}

void field_proc_std_type(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_fd *fd = r->thread ? enrich_fd_find(r->thread, ref->number) : NULL;
	const char *name = fd ? enrich_fd_type_name(fd->type) : NULL;

	if (name)
		field_set_text(out, name, strlen(name));
	else
		set_no_std(out, r);
}

void field_proc_std_name(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_fd *fd = r->thread ? enrich_fd_find(r->thread, ref->number) : NULL;

	if (fd)
		field_set_str(out, fd->name);
	else
		set_no_std(out, r);
}
