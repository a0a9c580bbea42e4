/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that change what a thread or process is: credentials, directories,
 * limits, sessions, memory figures; and the news of accounts.
 */
#include "internal.h"

#define CAPS_ALL ((UINT64_C(1) << 41) - 1)
/* Of prctl(PR_SET_SECUREBITS). */
#define SECURE_NO_UID_FIXUP (UINT64_C(1) << 2)
#define SECURE_KEEP_CAPS (UINT64_C(1) << 4)

static struct enrich_thread *succeeded(const struct saker_record *r)
{
	return r->flags & ENRICH_RECORD_FAILED || !(r->flags & ENRICH_RECORD_HAS_RES) ? NULL
										      : r->thread;
}

/* ---- credentials ------------------------------------------------------------------------ */

/* An id that is not given stays what it is. */
static bool id_given(const struct saker_record *r, uint32_t param)
{
	return enrich_param(r, param) && enrich_param_u32(r, param) != ENRICH_NO_ID;
}

/*
 * As the kernel changes capabilities with the effective user. all: none of the
 * process's user ids is root's any more.
 */
static void uid_capabilities(struct enrich_thread *t, uint32_t uid, bool all)
{
	if (t->flags & ENRICH_THREAD_NO_UID_FIXUP || t->uid == ENRICH_NO_ID)
		return;
	if (t->uid == 0 && all && !(t->flags & ENRICH_THREAD_KEEPS_CAPS))
		t->cap_permitted = 0;
	if (t->uid == 0 && uid != 0)
		t->cap_effective = 0;
	if (t->uid != 0 && uid == 0)
		t->cap_effective = t->cap_permitted;
}

static void set_uid(const struct saker_record *r, uint32_t uid, bool all)
{
	struct enrich_thread *t = r->thread;

	if (enrich_follows_all(r))
		uid_capabilities(t, uid, all && uid != 0);
	t->uid = uid;
}

static void set_gid(struct saker_record *r, uint32_t param)
{
	struct enrich_thread *t = succeeded(r);

	if (t && id_given(r, param))
		t->gid = enrich_param_u32(r, param);
}

static void on_setuid(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);

	(void)s;
	if (t && id_given(r, 1))
		set_uid(r, enrich_param_u32(r, 1), true);
}

/* setreuid, setresuid: real, effective; the third, if it is not given, is the effective one. */
static void on_setreuid(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);
	bool all = id_given(r, 1) && enrich_param_u32(r, 1) != 0;

	(void)s;
	if (!t || !id_given(r, 2))
		return;
	if (r->view.event->type == SAKER_EV_SYSCALL_SETRESUID_X)
		all = all && id_given(r, 3) && enrich_param_u32(r, 3) != 0;
	set_uid(r, enrich_param_u32(r, 2), all);
}

static void on_setgid(struct saker_state *s, struct saker_record *r)
{
	(void)s;
	set_gid(r, 1);
}

/* The effective id comes second in both of these. */
static void on_setregid(struct saker_state *s, struct saker_record *r)
{
	(void)s;
	set_gid(r, 2);
}

static void on_capset(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);

	(void)s;
	if (!t)
		return;
	t->cap_inheritable = enrich_param_u64(r, 1);
	t->cap_permitted = enrich_param_u64(r, 2);
	t->cap_effective = enrich_param_u64(r, 3);
}

void enrich_caps_all(struct enrich_thread *t)
{
	t->cap_inheritable = CAPS_ALL;
	t->cap_permitted = CAPS_ALL;
	t->cap_effective = CAPS_ALL;
}

static void on_unshare(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);
	uint32_t flags = enrich_param_u32(r, 1);

	if (!t)
		return;
	if (flags & CL_PPM_NEWUSER)
		enrich_caps_all(t);
	if (!enrich_follows_all(r))
		return;
	if (flags & CL_PPM_FILES)
		enrich_files_unshare(s, t);
	/* Namespaces of these two kinds cannot be in a directory that is others', too. */
	if (flags & (CL_PPM_FS | CL_PPM_NEWNS | CL_PPM_NEWUSER))
		enrich_fs_unshare(s, t);
}

/* By the flags, or the file's name if there are none. */
static bool enters(const struct saker_record *r, uint32_t flag, const char *name)
{
	const struct enrich_str *file = r->fd ? r->fd->name : NULL;
	size_t len = strlen(name);

	if (enrich_param_u32(r, 2) || !enrich_follows_all(r))
		return enrich_param_u32(r, 2) & flag;
	return enrich_str_len(file) > len &&
	       memcmp(enrich_str_text(file) + enrich_str_len(file) - len, name, len) == 0;
}

static void on_setns(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);

	if (!t)
		return;
	if (enters(r, CL_PPM_NEWUSER, "/ns/user"))
		enrich_caps_all(t);
	/* Whoever enters a mount namespace begins at its root. */
	if (enrich_follows_all(r) && enters(r, CL_PPM_NEWNS, "/ns/mnt"))
		enrich_fs_chdir(s, t, "/", 1, true);
}

/* ---- directories -------------------------------------------------------------------------- */

/* chdir, getcwd */
static void on_chdir(struct saker_state *s, struct saker_record *r)
{
	struct enrich_slice path = enrich_param_text(r, 1);
	struct enrich_thread *t = succeeded(r);

	if (!t)
		return;
	/* Where it led to: what is opened relative to it is found there. */
	if (r->flags & ENRICH_RECORD_HAS_NOTE && r->note.path_len)
		path = (struct enrich_slice){r->note.path, r->note.path_len};
	if (path.len)
		enrich_fs_chdir(s, t, path.text, path.len, true);
}

static void on_fchdir(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);

	const struct enrich_str *path = r->fd && enrich_fd_real(r->fd) ? enrich_fd_real(r->fd)
					: r->fd			       ? r->fd->name
								       : NULL;

	if (t && path)
		enrich_fs_chdir(s, t, path->text, path->len, enrich_fd_sure(s, t, r->fd));
	else if (t && enrich_thread_fs(t))
		enrich_thread_fs(t)->epoch = 0; /* to somewhere */
}

static void on_chroot(struct saker_state *s, struct saker_record *r)
{
	struct enrich_slice path = enrich_param_text(r, 1);
	struct enrich_thread *t = succeeded(r);
	char buf[ENRICH_PATH_MAX + 1];

	if (t && path.len)
		enrich_str_set(s, &t->root, buf,
			       enrich_path_at(r, ENRICH_AT_FDCWD, path.text, path.len, buf));
}

/* ---- sessions, limits ------------------------------------------------------------------------ */

/* The whole process is in them. */
static void group_set(struct enrich_thread *t, int64_t pgid, int64_t vpgid)
{
	for (struct enrich_thread *o = t->group ? t->group->threads : NULL; o; o = o->group_next) {
		o->pgid = (int32_t)pgid;
		o->vpgid = (int32_t)vpgid;
	}
	t->pgid = (int32_t)pgid;
	t->vpgid = (int32_t)vpgid;
}

static void session_set(struct enrich_thread *t, int64_t sid)
{
	t->sid = (int32_t)sid;
	t->flags &= (uint16_t)~ENRICH_THREAD_IDENTITY_DOUBT;
}

/* A session begins with a process group, both of the process's number. */
static void on_setsid(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);

	(void)s;
	if (!t)
		return;
	for (struct enrich_thread *o = t->group ? t->group->threads : NULL; o; o = o->group_next)
		session_set(o, r->res);
	session_set(t, r->res);
	if (enrich_follows_all(r))
		group_set(t, t->pid, r->res);
}

/* Of that number in t's namespace, as far as setpgid may name it: itself, or of its family. */
static struct enrich_thread *relative_find(struct saker_state *s, struct enrich_thread *t,
					   int64_t vpid)
{
	const struct enrich_thread *families[] = {t, t->parent};

	if (vpid == t->vpid)
		return enrich_thread_leader(s, t);
	if (!enrich_thread_in_pidns(t))
		return enrich_thread_find(s, vpid);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		struct enrich_thread *o = families[i] ? families[i]->children : NULL;

		for (uint32_t n = 0; o && n < ENRICH_ANCESTORS_MAX; n++, o = o->sibling_next) {
			if (o->vpid == vpid && enrich_thread_in_pidns(o))
				return o;
		}
	}
	return NULL;
}

static void on_setpgid(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r), *target, *first;
	int64_t pid = enrich_param_int(r, 1, 0), pgid = enrich_param_int(r, 2, 0);

	if (!t || !enrich_follows_all(r))
		return;
	target = pid ? relative_find(s, t, pid) : t;
	if (!target)
		return;
	if (!pgid)
		pgid = target->vpid;
	first = relative_find(s, t, pgid);
	group_set(target, first ? first->pid : enrich_thread_in_pidns(t) ? -1 : pgid, pgid);
}

static void flag_set(struct enrich_thread *t, enum enrich_thread_flag flag, bool on)
{
	t->flags = (uint16_t)(on ? t->flags | flag : t->flags & ~(uint32_t)flag);
}

static void on_prctl(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);
	uint64_t arg = enrich_param_u64(r, 3);

	(void)s;
	if (!t)
		return;
	switch (enrich_param_u32(r, 1)) {
	/* Both tell what it is now: one as the argument, the other as the answer. */
	case PR_PPM_SET_CHILD_SUBREAPER:
	case PR_PPM_GET_CHILD_SUBREAPER:
		if (t->group)
			t->group->reaper = arg != 0;
		break;
	case PR_PPM_SET_KEEPCAPS:
		flag_set(t, ENRICH_THREAD_KEEPS_CAPS, arg != 0);
		break;
	case PR_PPM_SET_SECUREBITS:
		flag_set(t, ENRICH_THREAD_KEEPS_CAPS, arg & SECURE_KEEP_CAPS);
		flag_set(t, ENRICH_THREAD_NO_UID_FIXUP, arg & SECURE_NO_UID_FIXUP);
		break;
	default:
		break;
	}
}

static void fdlimit_set(struct saker_state *s, struct enrich_thread *t, int64_t limit)
{
	if (limit != -1)
		enrich_thread_leader(s, t)->fdlimit = limit;
}

/* getrlimit, setrlimit */
static void on_rlimit(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = succeeded(r);

	if (t && enrich_param_int(r, 3, -1) == RLIMIT_PPM_NOFILE)
		fdlimit_set(s, t, enrich_param_int(r, 1, -1));
}

static void on_prlimit(struct saker_state *s, struct saker_record *r)
{
	int64_t tid = enrich_param_int(r, 5, -1);
	struct enrich_thread *t = succeeded(r);

	if (!t || enrich_param_int(r, 6, -1) != RLIMIT_PPM_NOFILE || tid < 0)
		return;
	if (tid != 0)
		t = enrich_thread_find(s, tid);
	if (t)
		fdlimit_set(s, t, enrich_param_int(r, 1, -1));
}

/* ---- memory -------------------------------------------------------------------------------- */

/* brk, mmap, mmap2, munmap; the result of the first is an address. */
static void on_memory(struct saker_state *s, struct saker_record *r)
{
	struct enrich_thread *t = r->thread;

	(void)s;
	if (!t)
		return;
	if (enrich_param(r, 1))
		t->vmsize_kb = enrich_param_u32(r, 1);
	if (!enrich_param(r, 3))
		return;
	t->vmrss_kb = enrich_param_u32(r, 2);
	t->vmswap_kb = enrich_param_u32(r, 3);
}

/* ---- accounts -------------------------------------------------------------------------------- */

static char *param_copy(struct saker_record *r, uint32_t i)
{
	struct enrich_slice text = enrich_param_text(r, i);

	return arena_strndup(&r->scratch, text.text, text.len);
}

/* The table that an event of a container, or of the host, is about; NULL = of one that is not
 * known. */
static struct enrich_accounts *accounts_of(struct saker_state *s, struct saker_record *r,
					   uint32_t param, bool groups)
{
	struct enrich_slice id = enrich_param_text(r, param);
	struct enrich_container *c;

	if (!id.len)
		return groups ? &s->groups : &s->users;
	c = id.len < ENRICH_CONTAINER_ID_MAX ? enrich_container_find(s, id) : NULL;
	return c ? enrich_container_accounts(s, groups ? &c->groups : &c->users) : NULL;
}

static void on_user(struct saker_state *s, struct saker_record *r)
{
	struct enrich_accounts *accounts = accounts_of(s, r, 5, false);
	struct enrich_user user = {
		.uid = enrich_param_u32(r, 0),
		.gid = enrich_param_u32(r, 1),
		.name = param_copy(r, 2),
		.home = param_copy(r, 3),
		.shell = param_copy(r, 4),
	};

	if (!accounts)
		return;
	if (r->view.event->type == SAKER_EV_USER_DELETED_E)
		enrich_accounts_remove(s, accounts, user.uid);
	else if (user.name && *user.name && *user.name != '+' && *user.name != '-')
		(void)enrich_accounts_add(s, accounts, user.uid, &user);
}

static void on_group(struct saker_state *s, struct saker_record *r)
{
	struct enrich_accounts *accounts = accounts_of(s, r, 2, true);
	struct enrich_user group = {.gid = enrich_param_u32(r, 0), .name = param_copy(r, 1)};

	if (!accounts)
		return;
	if (r->view.event->type == SAKER_EV_GROUP_DELETED_E)
		enrich_accounts_remove(s, accounts, group.gid);
	else if (group.name && *group.name && *group.name != '+' && *group.name != '-')
		(void)enrich_accounts_add(s, accounts, group.gid, &group);
}

const struct enrich_handler enrich_handlers_attribute[] = {
	{SAKER_EV_SYSCALL_GETCWD_X, on_chdir},
	{SAKER_EV_SYSCALL_CHDIR_X, on_chdir},
	{SAKER_EV_SYSCALL_FCHDIR_X, on_fchdir},
	{SAKER_EV_SYSCALL_GETRLIMIT_X, on_rlimit},
	{SAKER_EV_SYSCALL_SETRLIMIT_X, on_rlimit},
	{SAKER_EV_SYSCALL_PRLIMIT_X, on_prlimit},
	{SAKER_EV_SYSCALL_BRK_4_X, on_memory},
	{SAKER_EV_SYSCALL_MMAP_X, on_memory},
	{SAKER_EV_SYSCALL_MMAP2_X, on_memory},
	{SAKER_EV_SYSCALL_MUNMAP_X, on_memory},
	{SAKER_EV_SYSCALL_SETRESUID_X, on_setreuid},
	{SAKER_EV_SYSCALL_SETRESGID_X, on_setregid},
	{SAKER_EV_SYSCALL_SETUID_X, on_setuid},
	{SAKER_EV_SYSCALL_SETGID_X, on_setgid},
	{SAKER_EV_SYSCALL_SETNS_X, on_setns},
	{SAKER_EV_SYSCALL_CHROOT_X, on_chroot},
	{SAKER_EV_SYSCALL_SETSID_X, on_setsid},
	{SAKER_EV_SYSCALL_SETPGID_X, on_setpgid},
	{SAKER_EV_SYSCALL_UNSHARE_X, on_unshare},
	{SAKER_EV_SYSCALL_CAPSET_X, on_capset},
	{SAKER_EV_USER_ADDED_E, on_user},
	{SAKER_EV_USER_DELETED_E, on_user},
	{SAKER_EV_GROUP_ADDED_E, on_group},
	{SAKER_EV_GROUP_DELETED_E, on_group},
	{SAKER_EV_SYSCALL_PRCTL_X, on_prctl},
	{SAKER_EV_SYSCALL_SETREUID_X, on_setreuid},
	{SAKER_EV_SYSCALL_SETREGID_X, on_setregid},
	{0, NULL},
};
