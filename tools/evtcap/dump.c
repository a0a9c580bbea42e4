/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing captures that can be read alone: with the machine's processes, users
 * and interfaces, and with the events that a filter leaves out but whose effect
 * (an open, a clone) later ones are understood by, marked as for the state only.
 */
#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>

#include <saker/scap.h>

#include "dump.h"

#define MAX_ACCOUNTS 65536 /* users and as many groups; what is past that goes by number */
#define LIVE_LEVEL 1	   /* of gzip: what is captured must not wait for it */
#define FILE_LEVEL 6	   /* a fourth smaller, at ten times the cost */
#define FLUSH_NS UINT64_C(1000000000)
#define GENERIC_EXIT 1 /* the event of all system calls without one of their own */
/*
 * The first system call, by its public number, that libscap of 2022 (Debian's
 * sysdig) has no name for. It reads past its table for the generic event of one,
 * and crashes; an event of its own it passes over.
 */
#define FIRST_UNNAMED 329
#define CHANGES_STATE (SAKER_EF_MODIFIES_STATE | SAKER_EF_CREATES_FD | SAKER_EF_DESTROYS_FD)

struct dump {
	struct saker_scap_writer *writer;
	struct saker_capture *capture;
	struct saker_state *state;
	struct say *say;
	struct saker_interface *interfaces;
	uint32_t n_interfaces;
	uint32_t interfaces_capacity;
	struct saker_account *accounts;
	uint32_t n_accounts;
	uint32_t accounts_capacity;
	bool own_accounts; /* their strings are ours */
	bool live;
	bool for_sysdig;
	bool wrote_last; /* the last event, whose companion may follow */
	uint64_t n_state;
	uint64_t n_unnamed;
	uint64_t flushed;
	struct saker_machine machine;
	const char *file;
};

/* ---- what is known of the machine ------------------------------------------------ */

/* A path of the host's, which may be mounted elsewhere; cut ones are not found. */
static const char *host_path(char *path, size_t size, const char *suffix)
{
	const char *root = getenv("HOST_ROOT");

	snprintf(path, size, "%s%s", root ? root : "", suffix);
	return path;
}

static int add_account(struct dump *d, const struct saker_account *a)
{
	if (GROW(d->accounts, d->n_accounts, d->accounts_capacity) < 0)
		return -ENOMEM;
	d->accounts[d->n_accounts++] = *a;
	return 0;
}

static int add_own_account(struct dump *d, struct saker_account a)
{
	char *name = strdup(a.name);
	char *home = strdup(a.home ? a.home : "");
	char *shell = strdup(a.shell ? a.shell : "");

	a.name = name;
	a.home = home;
	a.shell = shell;
	if (name && home && shell && add_account(d, &a) == 0)
		return 0;
	free(name);
	free(home);
	free(shell);
	return -ENOMEM;
}

/* Not getpwent(): it may ask a directory server for everybody there is. */
static int read_accounts(struct dump *d)
{
	char path[PATH_MAX];
	FILE *users = fopen(host_path(path, sizeof(path), "/etc/passwd"), "re");
	FILE *groups = fopen(host_path(path, sizeof(path), "/etc/group"), "re");
	struct passwd *u;
	struct group *g;
	int r = 0;

	d->own_accounts = true;
	while (r == 0 && users && d->n_accounts < MAX_ACCOUNTS && (u = fgetpwent(users)))
		r = add_own_account(d, (struct saker_account){.type = 0,
							      .uid = u->pw_uid,
							      .gid = u->pw_gid,
							      .name = u->pw_name,
							      .home = u->pw_dir,
							      .shell = u->pw_shell});
	while (r == 0 && groups && d->n_accounts < 2 * MAX_ACCOUNTS && (g = fgetgrent(groups)))
		r = add_own_account(
			d, (struct saker_account){.type = 1, .gid = g->gr_gid, .name = g->gr_name});
	if (users)
		fclose(users);
	if (groups)
		fclose(groups);
	return r;
}

static int copy_tables(struct dump *d)
{
	struct saker_interface interface;
	struct saker_account account;
	int r = 0;

	for (uint32_t i = 0; saker_capture_interface(d->capture, i, &interface) == 1; i++) {
		if (GROW(d->interfaces, d->n_interfaces, d->interfaces_capacity) < 0)
			return -ENOMEM;
		d->interfaces[d->n_interfaces++] = interface;
	}
	if (d->live)
		return read_accounts(d);
	for (uint32_t i = 0; r == 0 && saker_capture_account(d->capture, i, &account) == 1; i++)
		r = add_account(d, &account);
	return r;
}

/* ---- the state, for the next file ------------------------------------------------- */

static void read_threads(struct dump *d, int pid, saker_capture_event_fn fn, void *userdata)
{
	char name[32], path[PATH_MAX];
	struct dirent *entry;
	DIR *tasks;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	tasks = opendir(host_path(path, sizeof(path), name));
	if (!tasks)
		return; /* gone by now */
	while ((entry = readdir(tasks))) {
		int64_t tid = strtoll(entry->d_name, NULL, 10);

		if (tid > 0)
			(void)saker_capture_refill(d->capture, tid, fn, userdata);
	}
	closedir(tasks);
}

/* A thread that ends meanwhile is left out; its events are in the file before. */
static int read_state(void *state_userdata, saker_capture_event_fn fn, void *userdata)
{
	struct dump *d = state_userdata;
	char path[PATH_MAX];
	DIR *processes = opendir(host_path(path, sizeof(path), "/proc"));
	struct dirent *entry;

	if (!processes)
		return -errno;
	while ((entry = readdir(processes))) {
		int pid = (int)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			read_threads(d, pid, fn, userdata);
	}
	closedir(processes);
	return 0;
}

/* Of a file that is read nobody can be asked: what its events have told so far. */
static int copy_state(void *state_userdata, saker_capture_event_fn fn, void *userdata)
{
	struct dump *d = state_userdata;

	return saker_state_snapshot(d->state, fn, userdata);
}

/* ---- opening ----------------------------------------------------------------------- */

static int open_writer(struct dump *d, const struct evtcap_options *o)
{
	struct saker_scap_options options = SAKER_SCAP_OPTIONS_INIT;

	options.plain = !o->gzip;
	options.level = d->live ? LIVE_LEVEL : FILE_LEVEL;
	if (saker_capture_machine(d->capture, &d->machine) == 0)
		options.machine = &d->machine;
	options.interfaces = d->interfaces;
	options.n_interfaces = d->n_interfaces;
	options.accounts = d->accounts;
	options.n_accounts = d->n_accounts;
	options.file_bytes = o->file_bytes;
	options.file_ns = o->file_ns;
	options.max_files = o->max_files;
	options.state = d->live ? read_state : d->state ? copy_state : NULL;
	options.state_userdata = d;
	return saker_scap_open(o->write, &options, &d->writer);
}

int dump_open(const struct evtcap_options *o, struct saker_capture *capture,
	      struct saker_state *state, bool live, struct say *say, struct dump **ret_dump)
{
	struct dump *d = calloc(1, sizeof(*d));
	int r = d ? 0 : -ENOMEM;

	if (d) {
		d->capture = capture;
		d->state = state;
		d->live = live;
		d->for_sysdig = o->for_sysdig;
		d->say = say;
		d->file = o->write;
		r = copy_tables(d);
	}
	if (r == 0)
		r = open_writer(d, o);
	if (r < 0) {
		say_error(say, "%s: cannot be written: %s", o->write, strerror(-r));
		dump_close(d);
		return r;
	}
	*ret_dump = d;
	return 0;
}

/* ---- events -------------------------------------------------------------------------- */

static int failed(struct dump *d, int r)
{
	if (r < 0 && r != -EPIPE)
		say_error(d->say, "%s: cannot be written: %s",
			  saker_scap_file(d->writer) ? saker_scap_file(d->writer) : d->file,
			  strerror(-r));
	return r;
}

/* A generic event, which begins with its call's number, of a call that sysdig cannot name. */
static bool is_unnamed(const struct saker_event *event)
{
	struct saker_event_view view;

	if (event->type > GENERIC_EXIT || saker_event_decode(event, event->len, &view) < 0)
		return false;
	return view.n_params && view.params[0].len == 2 &&
	       saker_load_u16(view.params[0].data) >= FIRST_UNNAMED;
}

int dump_event(struct dump *d, const struct saker_event *event, const struct saker_event_meta *meta)
{
	int r;

	d->wrote_last = !(d->for_sysdig && is_unnamed(event));
	if (!d->wrote_last) {
		d->n_unnamed++;
		return 0;
	}
	r = saker_scap_write(d->writer, event, meta);
	return unlikely(r < 0) ? failed(d, r) : 0;
}

int dump_state_event(struct dump *d, const struct saker_event *event,
		     const struct saker_event_meta *meta)
{
	const struct saker_event_info *info = saker_event_info(event->type);
	struct saker_event_meta marked = *meta;
	int r;

	if (event->type >= SAKER_EVENT_OWN_FIRST) {
		/* What was lost is lost for whoever reads the file, whatever it leaves out. */
		if (event->type == SAKER_EV_OWN_LOSS_X ? d->for_sysdig : !d->wrote_last)
			return 0;
	} else if (d->for_sysdig && is_unnamed(event)) {
		return 0;
	} else if (!(meta->flags & (SAKER_EVENT_META_INITIAL | SAKER_EVENT_META_STATE_ONLY))) {
		d->wrote_last = info && (info->flags & CHANGES_STATE);
		if (!d->wrote_last)
			return 0;
		marked.flags |= SAKER_EVENT_META_STATE_ONLY;
		d->n_state++;
	}
	r = saker_scap_write(d->writer, event, &marked);
	return unlikely(r < 0) ? failed(d, r) : 0;
}

int dump_tick(struct dump *d, uint64_t now)
{
	if (now - d->flushed < FLUSH_NS)
		return 0;
	d->flushed = now;
	return failed(d, saker_scap_flush(d->writer));
}

int dump_finish(struct dump *d)
{
	return failed(d, saker_scap_finish(d->writer));
}

uint64_t dump_size(const struct dump *d)
{
	return saker_scap_size(d->writer);
}

uint32_t dump_n_files(const struct dump *d)
{
	return saker_scap_n_files(d->writer);
}

const char *dump_file(const struct dump *d)
{
	return saker_scap_file(d->writer);
}

uint64_t dump_n_state(const struct dump *d)
{
	return d->n_state;
}

uint64_t dump_n_unnamed(const struct dump *d)
{
	return d->n_unnamed;
}

struct dump *dump_close(struct dump *d)
{
	if (!d)
		return NULL;
	saker_scap_close(d->writer);
	for (uint32_t i = 0; d->own_accounts && i < d->n_accounts; i++) {
		free((void *)d->accounts[i].name);
		free((void *)d->accounts[i].home);
		free((void *)d->accounts[i].shell);
	}
	free(d->accounts);
	free(d->interfaces);
	free(d);
	return NULL;
}
