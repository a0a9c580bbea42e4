/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.* and thread.*: numbers and flags of the thread that caused the event,
 * of its parent and of its leaders. Text of processes is in field_proc_text.c.
 */
#include "field.h"
#include "render.h"

/* ---- numbers ------------------------------------------------------------------------ */

static void set_known(struct saker_values *out, const struct saker_field_ref *ref, uint64_t value,
		      bool known)
{
	if (known)
		field_set_u64(out, ref, value);
	else
		saker_values_absent(out, SAKER_ABSENT_NOT_CAPTURED);
}

/* What is known of the file that a thread runs, if it may be seen. */
static void set_of_exe(struct saker_values *out, const struct saker_field_ref *ref,
		       const struct enrich_thread *t, uint64_t value)
{
	if (value)
		field_set_u64(out, ref, value);
	else
		saker_values_absent(out, enrich_thread_why_not(t));
}

static void set_number(struct saker_values *out, const struct saker_field_ref *ref,
		       const struct saker_record *r, const struct enrich_thread *t,
		       enum field_number what)
{
	bool main = enrich_thread_is_leader(t);

	switch (what) {
	case NUMBER_PID:
		field_set_u64(out, ref, (uint64_t)t->pid);
		break;
	case NUMBER_VPID:
		set_known(out, ref, (uint64_t)t->vpid, t->vpid != -1);
		break;
	case NUMBER_VTID:
		set_known(out, ref, (uint64_t)t->vtid, t->vtid != -1);
		break;
	case NUMBER_SID:
		field_set_u64(out, ref, (uint64_t)t->sid);
		break;
	case NUMBER_PGID:
		field_set_u64(out, ref, (uint64_t)t->pgid);
		break;
	case NUMBER_VPGID:
		field_set_u64(out, ref, (uint64_t)t->vpgid);
		break;
	case NUMBER_TTY:
		field_set_u64(out, ref, t->tty);
		break;
	case NUMBER_AGE:
		set_known(out, ref, r->view.event->ts - t->clone_ts, t->clone_ts);
		break;
	case NUMBER_CLONE_TS:
		set_known(out, ref, t->clone_ts, t->clone_ts);
		break;
	case NUMBER_EXE_INO:
		set_of_exe(out, ref, t, t->exe_ino);
		break;
	case NUMBER_EXE_CTIME:
		set_of_exe(out, ref, t, t->exe_ino_ctime);
		break;
	case NUMBER_EXE_MTIME:
		set_of_exe(out, ref, t, t->exe_ino_mtime);
		break;
	case NUMBER_EXE_CTIME_PROC:
		set_of_exe(out, ref, t, t->exe_ctime_to_clone);
		break;
	case NUMBER_EXE_CTIME_PIDNS:
		set_of_exe(out, ref, t, t->exe_pidns_to_ctime);
		break;
	case NUMBER_PIDNS_START:
		set_known(out, ref, t->pidns_init_start_ts, t->pidns_init_start_ts);
		break;
	case NUMBER_FD_COUNT:
		if (enrich_thread_n_fds(t) || !(t->flags & ENRICH_THREAD_DENIED))
			field_set_u64(out, ref, enrich_thread_n_fds(t));
		else
			saker_values_absent(out, SAKER_ABSENT_NO_PERMISSION);
		break;
	case NUMBER_FD_LIMIT:
		t = enrich_thread_leader(r->state, t);
		set_known(out, ref, (uint64_t)t->fdlimit, enrich_thread_is_leader(t));
		break;
	case NUMBER_VMSIZE:
		field_set_u64(out, ref, t->vmsize_kb);
		break;
	case NUMBER_VMRSS:
		field_set_u64(out, ref, t->vmrss_kb);
		break;
	case NUMBER_VMSWAP:
		field_set_u64(out, ref, t->vmswap_kb);
		break;
	case NUMBER_MAIN_VMSIZE:
		field_set_u64(out, ref, main ? t->vmsize_kb : 0);
		break;
	case NUMBER_MAIN_VMRSS:
		field_set_u64(out, ref, main ? t->vmrss_kb : 0);
		break;
	case NUMBER_MAIN_VMSIZE_B:
		field_set_u64(out, ref, main ? (uint64_t)t->vmsize_kb * 1024 : 0);
		break;
	case NUMBER_MAIN_VMRSS_B:
		field_set_u64(out, ref, main ? (uint64_t)t->vmrss_kb * 1024 : 0);
		break;
	case NUMBER_PFMAJOR:
		field_set_u64(out, ref, t->pfmajor);
		break;
	case NUMBER_PFMINOR:
		field_set_u64(out, ref, t->pfminor);
		break;
	case NUMBER_THREADS:
		field_set_u64(out, ref, enrich_thread_n_threads(t));
		break;
	case NUMBER_CHILDREN:
		field_set_u64(out, ref, enrich_thread_n_non_leaders(t));
		break;
	}
}

void field_proc_number(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (r->thread)
		set_number(out, ref, r, r->thread, (enum field_number)ref->number);
	else
		field_set_none(out);
}

void field_proc_parent_number(void *record, const struct saker_field_ref *ref,
			      struct saker_values *out)
{
	const struct saker_record *r = record;
	enum field_number what = (enum field_number)ref->number;
	const struct enrich_thread *parent = NULL;

	if (r->thread)
		parent = what == NUMBER_PID || what == NUMBER_AGE
				 ? enrich_thread_ancestor(r->state, r->thread, 1)
				 : enrich_thread_parent(r->state, r->thread);
	if (!parent)
		field_set_no_ancestor(out, r, 1);
	else if (what == NUMBER_CLONE_TS)
		field_set_u64(out, ref,
			      parent->clone_ts); /* 0 of one that is older than the capture */
	else if (what == NUMBER_VPID)
		field_set_u64(out, ref, (uint64_t)parent->vpid);
	else
		set_number(out, ref, r, parent, what);
}

void field_proc_tid(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	int64_t tid = (int64_t)r->view.event->tid;

	if (tid >= -1 && tid <= UINT32_MAX)
		field_set_u64(out, ref, (uint64_t)tid);
	else
		field_set_none(out);
}

void field_proc_arg_count(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	uint32_t n;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	n = enrich_list_count(r->thread->args);
	if (ref->number)
		n = n ? enrich_str_len(r->thread->args) - (n - 1) : 0;
	field_set_u64(out, ref, n);
}

/* ---- flags ------------------------------------------------------------------------------ */

void field_proc_flag(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_thread *t = r->thread;
	bool is = false;

	if (!t) {
		field_set_none(out);
		return;
	}
	if (ref->number <= FLAG_EXE_MEMFD && t->flags & ENRICH_THREAD_DENIED && !t->exe_ino) {
		saker_values_absent(out, SAKER_ABSENT_NO_PERMISSION);
		return;
	}
	switch ((enum field_proc_flag)ref->number) {
	case FLAG_EXE_WRITABLE:
		is = t->exe_flags & ENRICH_EXE_WRITABLE;
		break;
	case FLAG_EXE_UPPER:
		is = t->exe_flags & ENRICH_EXE_UPPER_LAYER;
		break;
	case FLAG_EXE_LOWER:
		is = t->exe_flags & ENRICH_EXE_LOWER_LAYER;
		break;
	case FLAG_EXE_MEMFD:
		is = t->exe_flags & ENRICH_EXE_FROM_MEMFD;
		break;
	case FLAG_SID_LEADER:
		is = t->sid == t->vpid;
		break;
	case FLAG_VPGID_LEADER:
		is = t->vpgid == t->vpid;
		break;
	case FLAG_PGID_LEADER:
		is = t->pgid == t->pid;
		break;
	case FLAG_MAIN:
		is = enrich_thread_is_leader(t);
		break;
	}
	field_set_bool(out, is);
}

/* ---- use of resources ---------------------------------------------------------------------- */

void field_proc_fdusage(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_thread *t;
	double usage = 0;
	int64_t n;

	if (!r->thread) {
		field_set_none(out);
		return;
	}
	t = enrich_thread_leader(r->state, r->thread);
	n = enrich_thread_n_fds(t);
	if (!n && t->flags & ENRICH_THREAD_DENIED) {
		saker_values_absent(out, SAKER_ABSENT_NO_PERMISSION);
		return;
	}
	if (enrich_thread_is_leader(t) && t->fdlimit > 0)
		usage = n <= t->fdlimit ? (double)n * 100 / (double)t->fdlimit : 100;
	field_set_u64(out, ref, 0);
	out->one.f64 = usage;
}

void field_proc_exectime(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (!ref->number)
		field_set_u64(out, ref, field_code(record) == CODE_SWITCH ? r->turn_ns : 0);
	else if (r->thread)
		field_set_u64(out, ref, r->thread->cpu_ns);
	else
		field_set_none(out);
}

void field_proc_cpu(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;

	if (field_code(record) != CODE_PROCINFO || !r->thread) {
		field_set_none(out);
		return;
	}
	field_set_u64(out, ref, 0);
	out->one.f64 = r->cpu_used[ref->number];
}

void field_proc_exe_hash(void *record, const struct saker_field_ref *ref, struct saker_values *out)
{
	const struct saker_record *r = record;
	const struct enrich_exe *exe = r->thread ? r->thread->exe_file : NULL;

	if (!r->thread)
		field_set_none(out);
	else if (!exe)
		saker_values_absent(out, enrich_thread_why_not(r->thread));
	else if (!exe->digest)
		saker_values_absent(out, exe->why_not);
	else
		field_set_str(out, exe->digest);
}
