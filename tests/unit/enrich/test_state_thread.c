/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes in the state: both sides of clone in every order, execve, exit,
 * reparenting, namespaces, the dead that stay dead, and start-up state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event_builder.h"
#include "internal.h"

#define TS UINT64_C(1000000000000)
#define MS UINT64_C(1000000)

static struct event_builder eb;

static struct saker_state *new_state_of(bool offline)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_machine machine = {.boot_ts = 5};
	struct saker_state *s;

	options.offline = offline;
	assert_int_equal(saker_state_new(&options, &s), 0);
	assert_int_equal(saker_state_set_machine(s, &machine), 0);
	return s;
}

static struct saker_state *new_state(void)
{
	return new_state_of(false);
}

static struct saker_record *apply(struct saker_state *s, const struct saker_event *event)
{
	struct saker_event_meta meta = {.cpu = 1, .flags = SAKER_EVENT_META_NOTED};
	struct saker_record *r = NULL;

	return saker_state_apply(s, event, &meta, &r) == 1 ? r : NULL;
}

static struct saker_record *do_clone(struct saker_state *s, struct eb_clone c)
{
	return apply(s, eb_clone(&eb, &c));
}

static struct saker_record *do_exit(struct saker_state *s, int64_t tid, uint64_t ts, int64_t reaper)
{
	return apply(s, eb_make(&eb, SAKER_EV_PROCEXIT_1_E, ts, (uint64_t)tid, "qqbbq", INT64_C(0),
				INT64_C(0), 0, 0, reaper));
}

/* Any event of a thread: makes the state do what it put off. */
static struct saker_record *do_nothing(struct saker_state *s, int64_t tid, uint64_t ts)
{
	return apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, ts, (uint64_t)tid, "qw",
				INT64_C(-1), 0));
}

static void do_task(struct saker_state *s, struct eb_task t)
{
	assert_null(apply(s, eb_task(&eb, &t)));
}

static const char *comm(const struct saker_state *s, int64_t tid)
{
	const struct enrich_thread *t = enrich_thread_find(s, tid);

	return t ? enrich_str_text(t->comm) : NULL;
}

/* init (1) and a shell (100) below it */
static struct saker_state *start(void)
{
	struct saker_state *s = new_state();

	do_task(s, (struct eb_task){.tid = 100, .ptid = 1, .comm = "sh", .cwd = "/home"});
	do_task(s, (struct eb_task){.tid = 1, .comm = "init"});
	assert_non_null(do_nothing(s, 100, TS));
	return s;
}

static void test_initial(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *t = enrich_thread_find(s, 100);

	(void)state;
	assert_non_null(t);
	assert_string_equal(enrich_str_text(t->comm), "sh");
	assert_string_equal(enrich_str_text(t->exe), "init");
	assert_string_equal(enrich_str_text(t->args), "--deep");
	assert_string_equal(enrich_str_text(t->exepath), "/sbin/init");
	assert_string_equal(enrich_thread_cwd(s, t).text, "/home/");
	assert_int_equal(enrich_list_count(t->env), 2);
	assert_int_equal(t->clone_ts, 99);
	assert_int_equal(t->exe_flags, ENRICH_EXE_UPPER_LAYER);
	assert_int_equal(t->loginuid, ENRICH_NO_ID);
	/* The parent came after its child and is found all the same. */
	assert_int_equal(t->ptid, 1);
	assert_string_equal(enrich_thread_ancestor(s, t, 1)->comm->text, "init");
	assert_null(enrich_thread_ancestor(s, t, 2));
	assert_int_equal(enrich_thread_n_threads(t), 1);
	saker_state_free(s);
}

static void test_initial_threads(void **state)
{
	struct saker_state *s = new_state();
	struct enrich_thread *t;

	(void)state;
	do_task(s, (struct eb_task){.tid = 51, .pid = 50, .ptid = 7, .comm = "worker"});
	do_task(s, (struct eb_task){.tid = 50, .ptid = 7, .comm = "main", .cwd = "/srv"});
	assert_null(
		apply(s, eb_make(&eb, SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0, UINT64_C(50) << 32 | 50,
				 "wswwq", 3, "/etc/x", 1, 9, INT64_C(77))));
	do_nothing(s, 51, TS);
	t = enrich_thread_find(s, 51);
	assert_int_equal(enrich_thread_n_threads(t), 2);
	assert_int_equal(enrich_thread_n_non_leaders(t), 1);
	assert_int_equal(enrich_thread_leader(s, t)->tid, 50);
	assert_string_equal(enrich_thread_cwd(s, t).text, "/srv/");
	/* The parent is not there: none. */
	assert_int_equal(t->ptid, 0);
	assert_non_null(enrich_fd_find(t, 3));
	assert_int_equal(enrich_fd_find(t, 3)->ino, 77);
	saker_state_free(s);
}

enum side { PARENT, CHILD, EXIT };

/* Whatever order the news come in, the child is there once while it lives and never after. */
/* A recording put behind another: its list of processes counts, whatever was known of them. */
static void test_initial_again(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *t;

	(void)state;
	do_clone(s, (struct eb_clone){.ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1});
	do_clone(s, (struct eb_clone){.ts = TS, .tid = 100, .res = 201, .pid = 100, .ptid = 1});
	assert_int_equal(enrich_thread_parent(s, enrich_thread_find(s, 200))->tid, 100);
	do_task(s, (struct eb_task){.tid = 1, .comm = "init"});
	/* The same one by its time, but elsewhere in the tree; one of that number; a new one. */
	do_task(s, (struct eb_task){.tid = 200, .ptid = 300, .comm = "same", .start = TS});
	do_task(s, (struct eb_task){.tid = 201, .ptid = 200, .comm = "other", .start = TS / 2});
	do_task(s, (struct eb_task){.tid = 300, .ptid = 1, .comm = "new", .start = TS});
	do_nothing(s, 1, TS + MS);
	t = enrich_thread_find(s, 201);
	assert_string_equal(comm(s, 201), "other");
	assert_int_equal(t->clone_ts, TS / 2);
	for (int i = 0; i < 3; i++) {
		static const int64_t parents[] = {200, 300, 1};

		assert_int_equal(t->ptid, parents[i]);
		t = enrich_thread_parent(s, t);
		assert_int_equal(t->tid, parents[i]);
	}
	assert_null(enrich_thread_find(s, 100)->children);
	saker_state_free(s);
}

static void test_clone_orders(void **state)
{
	static const struct {
		enum side order[3];
		bool alive_after[3];
	} cases[] = {
		{{PARENT, CHILD, EXIT}, {true, true, false}},
		{{CHILD, PARENT, EXIT}, {true, true, false}},
		{{CHILD, EXIT, PARENT}, {true, false, false}},
		{{PARENT, EXIT, CHILD}, {true, false, false}},
		{{EXIT, PARENT, CHILD}, {false, false, false}},
		{{EXIT, CHILD, PARENT}, {false, false, false}},
	};
	static const uint64_t ts_of[] = {[PARENT] = TS + 10, [CHILD] = TS + 5, [EXIT] = TS + 20};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct saker_state *s = start();
		uint64_t before = s->n_threads;

		for (int n = 0; n < 3; n++) {
			enum side side = cases[i].order[n];
			struct saker_record *r;

			if (side == PARENT)
				r = do_clone(s, (struct eb_clone){.ts = ts_of[side],
								  .tid = 100,
								  .res = 200,
								  .pid = 100,
								  .ptid = 1,
								  .comm = "sh"});
			else if (side == CHILD)
				r = do_clone(s, (struct eb_clone){.ts = ts_of[side],
								  .tid = 200,
								  .pid = 200,
								  .ptid = 100,
								  .comm = "sh"});
			else
				r = do_exit(s, 200, ts_of[side], 0);
			assert_non_null(r);
			if (side == CHILD) {
				assert_non_null(r->thread);
				assert_int_equal(r->thread->tid, 200);
				assert_string_equal(enrich_str_text(r->thread->comm), "sh");
			}
			do_nothing(s, 1, TS + 1000);
			if (!enrich_thread_find(s, 200) != !cases[i].alive_after[n])
				fail_msg("case %zu step %d: alive %d", i, n,
					 !cases[i].alive_after[n]);
			if (cases[i].alive_after[n])
				assert_int_equal(enrich_thread_find(s, 200)->ptid, 100);
		}
		assert_int_equal(s->n_threads, before);
		/* A late event of the dead shows a stand-in and brings nothing back. */
		assert_non_null(do_nothing(s, 200, TS + 15)->thread);
		assert_int_equal(s->n_threads, before);
		saker_state_free(s);
	}
}

static void test_inheritance(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *child;

	(void)state;
	do_clone(s,
		 (struct eb_clone){
			 .ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1, .comm = "sh2"});
	child = enrich_thread_find(s, 200);
	assert_non_null(child);
	assert_int_equal(child->pid, 200);
	assert_int_equal(child->vpid, 200);
	assert_int_equal(child->uid, 1000);
	assert_int_equal(child->gid, 1001);
	assert_int_equal(child->clone_ts, TS);
	assert_int_equal(child->pidns_init_start_ts, 5);
	assert_string_equal(enrich_str_text(child->comm), "sh2");
	assert_string_equal(enrich_str_text(child->exepath), "/sbin/init");
	assert_string_equal(enrich_thread_cwd(s, child).text, "/home/");
	assert_int_equal(enrich_thread_env(s, child).len, 7);
	assert_int_equal(child->vmsize_kb, 300);
	assert_int_equal(child->sid, 100);
	/* chdir in the child does not move the parent. */
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_CHDIR_X, TS, 200, "qs", INT64_C(0), "../tmp"));
	assert_string_equal(enrich_thread_cwd(s, child).text, "/tmp/");
	assert_string_equal(enrich_thread_cwd(s, enrich_thread_find(s, 100)).text, "/home/");
	saker_state_free(s);
}

static void test_thread(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *t;

	(void)state;
	do_clone(s, (struct eb_clone){.ts = TS,
				      .tid = 100,
				      .res = 101,
				      .pid = 100,
				      .ptid = 1,
				      .flags = CL_PPM_THREAD | CL_PPM_FILES | CL_PPM_FS});
	t = enrich_thread_find(s, 101);
	assert_non_null(t);
	assert_int_equal(t->pid, 100);
	assert_int_equal(t->ptid, 1);
	assert_int_equal(enrich_thread_n_threads(t), 2);
	assert_ptr_equal(t->files, enrich_thread_find(s, 100)->files);
	/* A thread's chdir is its process's. */
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_CHDIR_X, TS, 101, "qs", INT64_C(0), "x"));
	assert_string_equal(enrich_thread_cwd(s, enrich_thread_find(s, 100)).text, "/home/x/");
	/* The leader's exit leaves it readable while its thread lives. */
	do_exit(s, 100, TS + 1, 0);
	do_nothing(s, 101, TS + 2);
	assert_non_null(enrich_thread_find(s, 100));
	assert_int_equal(enrich_thread_n_threads(t), 1);
	assert_string_equal(enrich_thread_cwd(s, t).text, "/home/x/");
	do_exit(s, 101, TS + 3, 0);
	do_nothing(s, 1, TS + 4);
	assert_null(enrich_thread_find(s, 101));
	assert_null(enrich_thread_find(s, 100));
	saker_state_free(s);
}

static void test_exec(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;
	struct enrich_thread *t;

	(void)state;
	do_clone(s, (struct eb_clone){.ts = TS,
				      .tid = 100,
				      .res = 101,
				      .pid = 100,
				      .ptid = 1,
				      .flags = CL_PPM_THREAD | CL_PPM_FILES | CL_PPM_FS});
	r = apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS + 5,
						    .tid = 100,
						    .ptid = 1,
						    .path = "/usr/bin/ls",
						    .comm = "ls",
						    .flags = 5}));
	t = r->thread;
	assert_string_equal(enrich_str_text(t->comm), "ls");
	assert_string_equal(enrich_str_text(t->exe), "/usr/bin/ls");
	assert_string_equal(enrich_str_text(t->exepath), "/usr/bin/ls");
	assert_int_equal(enrich_list_count(t->args), 2);
	assert_int_equal(enrich_list_count(t->env), 2);
	assert_int_equal(t->exec_ts, TS + 5);
	assert_int_equal(t->exe_flags, ENRICH_EXE_WRITABLE | ENRICH_EXE_FROM_MEMFD);
	assert_int_equal(t->tty, 34816);
	assert_int_equal(t->loginuid, 500);
	assert_int_equal(t->uid, 42);
	assert_int_equal(t->gid, 43);
	assert_int_equal(t->cap_inheritable, 1);
	assert_int_equal(t->cap_permitted, 2);
	assert_int_equal(t->cap_effective, 3);
	assert_int_equal(t->exe_ino, 4711);
	assert_int_equal(t->fdlimit, 4096);
	/* Its threads are gone. */
	assert_null(enrich_thread_find(s, 101));
	assert_int_equal(enrich_thread_n_threads(t), 1);
	/* A failed one changes nothing. */
	apply(s,
	      eb_make(&eb, SAKER_EV_SYSCALL_EXECVE_19_X, TS + 6, 100, "qs", INT64_C(-2), "nope"));
	assert_string_equal(enrich_str_text(t->exe), "/usr/bin/ls");
	saker_state_free(s);
}

/* A thread calls execve: the leader has exited, the caller appears under its number. */
static void test_exec_revives_leader(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	do_clone(s, (struct eb_clone){.ts = TS,
				      .tid = 100,
				      .res = 101,
				      .pid = 100,
				      .ptid = 1,
				      .flags = CL_PPM_THREAD | CL_PPM_FILES | CL_PPM_FS});
	do_exit(s, 100, TS + 1, 0);
	r = apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS + 2,
						    .tid = 100,
						    .ptid = 1,
						    .path = "/bin/x",
						    .comm = "x"}));
	assert_false(r->thread->flags & ENRICH_THREAD_DEAD);
	do_nothing(s, 1, TS + 3);
	assert_string_equal(comm(s, 100), "x");
	assert_int_equal(enrich_thread_n_threads(enrich_thread_find(s, 100)), 1);
	assert_null(enrich_thread_find(s, 101));
	do_exit(s, 100, TS + 4, 0);
	do_nothing(s, 1, TS + 5);
	assert_null(enrich_thread_find(s, 100));
	saker_state_free(s);
}

static void test_reparenting(void **state)
{
	static const struct {
		int64_t reaper; /* what the event says */
		bool subreaper; /* 100 is one */
		int64_t expected;
	} cases[] = {
		{1, false, 1},
		{0, false, 1},	   /* not told: init */
		{0, true, 100},	   /* not told: the nearest subreaper */
		{9999, true, 100}, /* told one that is not there */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct saker_state *s = start();

		if (cases[i].subreaper)
			apply(s, eb_make(&eb, SAKER_EV_SYSCALL_PRCTL_X, TS, 100, "qw-q", INT64_C(0),
					 i & 1 ? PR_PPM_SET_CHILD_SUBREAPER
					       : PR_PPM_GET_CHILD_SUBREAPER,
					 INT64_C(1)));
		do_clone(s, (struct eb_clone){
				    .ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1});
		do_clone(s, (struct eb_clone){
				    .ts = TS, .tid = 200, .res = 300, .pid = 200, .ptid = 100});
		assert_int_equal(enrich_thread_find(s, 300)->ptid, 200);
		do_exit(s, 200, TS + 1, cases[i].reaper);
		/* Until the next event its own record shows it. */
		assert_int_equal(enrich_thread_find(s, 300)->ptid, 200);
		do_nothing(s, 1, TS + 2);
		assert_int_equal(enrich_thread_find(s, 300)->ptid, cases[i].expected);
		saker_state_free(s);
	}
}

/* Among a process's own threads the leader comes first, then the oldest. */
static void test_reparenting_in_group(void **state)
{
	struct saker_state *s = start();

	(void)state;
	for (int64_t tid = 101; tid <= 104; tid++)
		do_clone(s, (struct eb_clone){.ts = TS,
					      .tid = 100,
					      .res = tid,
					      .pid = 100,
					      .ptid = 1,
					      .flags = CL_PPM_THREAD | CL_PPM_FILES | CL_PPM_FS});
	do_clone(s, (struct eb_clone){.ts = TS, .tid = 103, .res = 300, .pid = 100, .ptid = 1});
	assert_int_equal(enrich_thread_find(s, 300)->ptid, 103);
	do_exit(s, 103, TS + 1, 0);
	do_nothing(s, 1, TS + 2);
	assert_int_equal(enrich_thread_find(s, 300)->ptid, 100);
	do_exit(s, 100, TS + 3, 0);
	do_nothing(s, 1, TS + 4);
	assert_int_equal(enrich_thread_find(s, 300)->ptid, 101);
	saker_state_free(s);
}

static void test_pid_namespace(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *t;

	(void)state;
	/* The parent's number is its namespace's: nothing to learn from. */
	do_clone(s, (struct eb_clone){.ts = TS,
				      .tid = 100,
				      .res = 1234,
				      .pid = 100,
				      .ptid = 1,
				      .flags = CL_PPM_NEWPID});
	assert_null(enrich_thread_find(s, 1234));
	do_clone(s, (struct eb_clone){.ts = TS,
				      .tid = 200,
				      .pid = 200,
				      .ptid = 100,
				      .flags = CL_PPM_NEWPID | CL_PPM_CHILD_IN_PIDNS,
				      .vtid = 1,
				      .vpid = 1});
	t = enrich_thread_find(s, 200);
	assert_non_null(t);
	assert_int_equal(t->vpid, 1);
	assert_true(enrich_thread_in_pidns(t));
	assert_int_equal(t->pidns_init_start_ts, 77 + 5);
	assert_true(t->group->reaper);
	/* Its own children: only their own events count. */
	do_clone(s, (struct eb_clone){.ts = TS,
				      .tid = 200,
				      .res = 2,
				      .pid = 200,
				      .ptid = 100,
				      .flags = CL_PPM_CHILD_IN_PIDNS});
	assert_null(enrich_thread_find(s, 2));
	saker_state_free(s);
}

/* A replay leaves a namespace's start as the capture's events give it: after boot. */
static void test_pid_namespace_replayed(void **state)
{
	struct saker_state *s = new_state_of(true);
	struct saker_record *r;

	(void)state;
	r = do_clone(s, (struct eb_clone){.ts = TS,
					  .tid = 200,
					  .pid = 200,
					  .ptid = 100,
					  .flags = CL_PPM_CHILD_IN_PIDNS,
					  .vtid = 1,
					  .vpid = 1});
	assert_int_equal(r->thread->pidns_init_start_ts, 77);
	saker_state_free(s);
}

static void test_pid_reuse(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	/* We missed the exit of 200; its number comes again, much later. */
	do_clone(s,
		 (struct eb_clone){
			 .ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1, .comm = "old"});
	r = do_clone(
		s, (struct eb_clone){
			   .ts = TS + 5000 * MS, .tid = 200, .pid = 200, .ptid = 1, .comm = "new"});
	assert_string_equal(enrich_str_text(r->thread->comm), "new");
	assert_string_equal(comm(s, 200), "new");
	assert_int_equal(enrich_thread_find(s, 200)->ptid, 1);
	/* Its parent's side of it, a little later, changes nothing. */
	do_clone(s, (struct eb_clone){
			    .ts = TS + 5001 * MS, .tid = 1, .res = 200, .pid = 1, .comm = "late"});
	assert_string_equal(comm(s, 200), "new");
	/* It dies, and the number is taken at once by somebody else's child. */
	do_exit(s, 200, TS + 5002 * MS, 0);
	do_clone(s, (struct eb_clone){.ts = TS + 5003 * MS,
				      .tid = 200,
				      .pid = 200,
				      .ptid = 100,
				      .comm = "third"});
	assert_string_equal(comm(s, 200), "third");
	saker_state_free(s);
}

/* Captures put one behind the other: what died at a later time than now may be born again. */
static void test_time_begins_anew(void **state)
{
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	do_clone(s, (struct eb_clone){.ts = TS + 60000 * MS, .tid = 100, .res = 200, .pid = 100});
	do_exit(s, 200, TS + 60001 * MS, 0);
	do_nothing(s, 1, TS + 60002 * MS);
	/* A little late: of the one that died. */
	r = do_nothing(s, 200, TS + 60000 * MS);
	assert_true(r->thread->flags & ENRICH_THREAD_HIDDEN);
	do_nothing(s, 1, TS);
	r = do_clone(s,
		     (struct eb_clone){
			     .ts = TS + MS, .tid = 200, .pid = 200, .ptid = 100, .comm = "again"});
	assert_false(r->thread->flags & ENRICH_THREAD_HIDDEN);
	assert_string_equal(comm(s, 200), "again");
	r = do_nothing(s, 200, TS + 2 * MS);
	assert_ptr_equal(r->thread, enrich_thread_find(s, 200));
	saker_state_free(s);
}

/* The same recording again: whoever dies in it a moment later is not dead yet. */
static void test_time_repeats(void **state)
{
	struct saker_loss loss = SAKER_LOSS_INIT;
	struct saker_state *s = start();
	struct saker_record *r;

	(void)state;
	for (int i = 0; i < 3; i++) {
		do_clone(s, (struct eb_clone){
				    .ts = TS + 1000 * MS, .tid = 100, .res = 200, .pid = 100});
		r = do_nothing(s, 200, TS + 1001 * MS);
		assert_false(r->thread->flags & ENRICH_THREAD_HIDDEN);
		assert_int_equal(r->thread->ptid, 100);
		do_exit(s, 200, TS + 1002 * MS, 0);
		do_nothing(s, 1, TS + 1003 * MS);
		assert_null(enrich_thread_find(s, 200));
		/* Told of, and to be over later than the recording ends. */
		loss.n[SAKER_LOSS_FD] = 1;
		loss.until = TS + 20000 * MS;
		assert_int_equal(saker_state_lost(s, &loss), 0);
		do_nothing(s, 1, TS + 9000 * MS);
		assert_int_equal(s->losses.n_pending, 1);
		/* A little back is only late; then it begins anew. */
		do_nothing(s, 1, TS + 8000 * MS);
		assert_int_equal(s->losses.n_pending, 1);
		do_nothing(s, 1, TS);
		assert_int_equal(s->losses.n_pending, 0);
		assert_int_equal(s->losses.now, s->losses.latest);
	}
	saker_state_free(s);
}

static void test_vfork(void **state)
{
	struct saker_state *s = start();

	(void)state;
	do_clone(s, (struct eb_clone){.code = SAKER_EV_SYSCALL_VFORK_20_X,
				      .ts = TS,
				      .tid = 200,
				      .pid = 200,
				      .ptid = 100});
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS + 1,
						.tid = 200,
						.ptid = 100,
						.path = "/bin/true",
						.comm = "true"}));
	do_exit(s, 200, TS + 2, 0);
	do_clone(s, (struct eb_clone){.code = SAKER_EV_SYSCALL_VFORK_20_X,
				      .ts = TS + 3,
				      .tid = 100,
				      .res = 200,
				      .pid = 100,
				      .ptid = 1});
	assert_null(enrich_thread_find(s, 200));
	saker_state_free(s);
}

static void test_unknown(void **state)
{
	struct saker_state *s = new_state();
	struct saker_record *r = do_nothing(s, 77, TS);

	(void)state;
	assert_string_equal(enrich_str_text(r->thread->comm), "<NA>");
	assert_int_equal(r->thread->pid, -1);
	assert_int_equal(r->thread->uid, ENRICH_NO_ID);
	assert_string_equal(enrich_thread_cwd(s, r->thread).text, "./");
	/* What it executes makes it known. */
	r = apply(
		s,
		eb_exec(&eb,
			&(struct eb_exec){
				.ts = TS, .tid = 77, .ptid = 3, .path = "/bin/id", .comm = "id"}));
	assert_int_equal(r->thread->pid, 77);
	assert_int_equal(r->thread->ptid, 0);
	assert_int_equal(enrich_thread_n_threads(r->thread), 1);
	/* So does its child's birth. */
	r = do_clone(s,
		     (struct eb_clone){
			     .ts = TS, .tid = 88, .res = 89, .pid = 88, .ptid = 77, .comm = "c"});
	assert_string_equal(comm(s, 88), "c");
	assert_string_equal(comm(s, 89), "c");
	assert_int_equal(enrich_thread_find(s, 89)->ptid, 88);
	assert_int_equal(enrich_thread_find(s, 88)->fdlimit, enrich_thread_find(s, 89)->fdlimit);
	/* And that of a thread, which shares its process's limit. */
	do_clone(s, (struct eb_clone){.ts = TS,
				      .tid = 95,
				      .res = 0,
				      .pid = 94,
				      .ptid = 77,
				      .flags = CL_PPM_THREAD,
				      .comm = "t"});
	assert_int_equal(enrich_thread_find(s, 94)->fdlimit, enrich_thread_find(s, 95)->fdlimit);
	/* The exit of somebody unknown is of nobody. */
	assert_null(do_exit(s, 4242, TS, 0)->thread);
	saker_state_free(s);
}

struct refill_log {
	struct saker_state *state;
	uint32_t calls;
	bool answer;
};

static int refill(void *userdata, int64_t tid, saker_capture_event_fn fn, void *fn_userdata)
{
	static struct event_builder own;
	struct refill_log *log = userdata;

	log->calls++;
	if (!log->answer)
		return -ESRCH;
	fn(fn_userdata, eb_task(&own, &(struct eb_task){.tid = tid, .ptid = 1, .comm = "found"}));
	fn(fn_userdata,
	   eb_make(&own, SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0, (uint64_t)tid << 32 | (uint64_t)tid,
		   "wswwq", 9, "/etc/found", 1, 0, INT64_C(1)));
	return 0;
}

static void test_refill(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct refill_log log = {.answer = true};
	struct saker_record *r;
	struct saker_state *s;

	(void)state;
	options.refill = refill;
	options.refill_userdata = &log;
	assert_int_equal(saker_state_new(&options, &s), 0);
	r = do_nothing(s, 10, TS);
	assert_string_equal(enrich_str_text(r->thread->comm), "found");
	assert_non_null(enrich_fd_find(r->thread, 9));
	/* And its parent, which is not known either. */
	assert_int_equal(log.calls, 2);
	assert_string_equal(enrich_str_text(enrich_thread_parent(s, r->thread)->comm), "found");
	/* A hole in its files: one more question, which fills nothing that is known. */
	r = apply(s,
		  eb_make(&eb, SAKER_EV_SYSCALL_READ_X, TS, 10, "q-qw", INT64_C(1), INT64_C(5), 1));
	assert_int_equal(log.calls, 3);
	assert_null(r->fd);
	/* No answer is remembered for a second. */
	log.answer = false;
	do_nothing(s, 11, TS);
	do_nothing(s, 11, TS + 10 * MS);
	assert_int_equal(log.calls, 4);
	log.answer = true;
	r = do_nothing(s, 11, TS + 1001 * MS);
	assert_int_equal(log.calls, 5);
	assert_string_equal(enrich_str_text(r->thread->comm), "found");
	/* A burst of strangers does not ask for ever. */
	log.calls = 0;
	for (int64_t tid = 1000; tid < 2000; tid++)
		do_nothing(s, tid, TS + 1002 * MS);
	/* Fewer on a busy machine, where one that is interrupted takes the time of several. */
	assert_in_range(log.calls, 1, 100);
	for (int64_t tid = 2000; tid < 3000; tid++)
		do_nothing(s, tid, TS + 1502 * MS);
	assert_in_range(log.calls, 1, 160);
	saker_state_free(s);
}

/* A broken event, of a child whose parent is itself, which is then asked for. */
static int refill_with_file(void *userdata, int64_t tid, saker_capture_event_fn fn,
			    void *fn_userdata)
{
	static struct event_builder own;

	(void)userdata;
	fn(fn_userdata, eb_task(&own, &(struct eb_task){.tid = tid, .ptid = 1, .comm = "found"}));
	fn(fn_userdata,
	   eb_make(&own, SAKER_EV_ITER_TASK_FILE_REGULAR_E, 0, (uint64_t)(tid << 32 | tid), "wswwq",
		   3, "/found", 1, 0, INT64_C(9)));
	return 0;
}

static void test_own_parent(void **state)
{
	struct saker_state_options options = SAKER_STATE_OPTIONS_INIT;
	struct saker_loss loss = SAKER_LOSS_INIT;
	struct saker_state *s;

	(void)state;
	options.refill = refill_with_file;
	assert_int_equal(saker_state_new(&options, &s), 0);
	/* What is learnt is from before the loss, and so in doubt at once. */
	loss.n[SAKER_LOSS_PROCESS] = 1;
	loss.until = TS + MS;
	assert_int_equal(saker_state_lost(s, &loss), 0);
	do_clone(s, (struct eb_clone){.ts = TS, .tid = 200, .pid = 200, .ptid = 200});
	do_exit(s, 200, TS + 2 * MS, 0);
	do_nothing(s, 1, TS + 3 * MS);
	assert_null(enrich_thread_find(s, 200));
	assert_int_equal(s->stats.n_fds, enrich_thread_n_fds(enrich_thread_find(s, 1)));
	saker_state_free(s);
}

static void test_leaders(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *t;

	(void)state;
	do_clone(s, (struct eb_clone){.ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1});
	t = enrich_thread_find(s, 200);
	assert_int_equal(enrich_thread_session_leader(s, t)->tid, 100);
	assert_int_equal(enrich_thread_pgid_leader(s, t)->tid, 100);
	assert_int_equal(enrich_thread_vpgid_leader(s, t)->tid, 100);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETSID_X, TS, 200, "q", INT64_C(200)));
	assert_int_equal(enrich_thread_session_leader(s, t)->tid, 200);
	saker_state_free(s);
}

static void test_attributes(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *t = enrich_thread_find(s, 100);

	(void)state;
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, TS, 100, "qw", INT64_C(0), 33));
	assert_int_equal(t->uid, 33);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETRESUID_X, TS, 100, "qwww", INT64_C(0), 1, 2, 3));
	assert_int_equal(t->uid, 2);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETRESGID_X, TS, 100, "qwww", INT64_C(0), 4, 5, 6));
	assert_int_equal(t->gid, 5);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETGID_X, TS, 100, "qw", INT64_C(-1), 9));
	assert_int_equal(t->gid, 5);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_CAPSET_X, TS, 100, "qqqq", INT64_C(0), INT64_C(1),
			 INT64_C(2), INT64_C(4)));
	assert_int_equal(t->cap_effective, 4);
	apply(s,
	      eb_make(&eb, SAKER_EV_SYSCALL_UNSHARE_X, TS, 100, "qw", INT64_C(0), CL_PPM_NEWUSER));
	assert_int_equal(t->cap_effective, (INT64_C(1) << 41) - 1);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_CHROOT_X, TS, 100, "qs", INT64_C(0), "jail/."));
	assert_string_equal(enrich_str_text(t->root), "/home/jail");
	apply(s,
	      eb_make(&eb, SAKER_EV_SYSCALL_PRLIMIT_X, TS, 100, "qqqqqqb", INT64_C(0), INT64_C(64),
		      INT64_C(65), INT64_C(1), INT64_C(1), INT64_C(0), RLIMIT_PPM_NOFILE));
	assert_int_equal(t->fdlimit, 64);
	saker_state_free(s);
}

/* Which user one becomes changes the capabilities, as the kernel does it. */
static void test_capabilities(void **state)
{
	struct saker_state *s = start();
	struct enrich_thread *t = enrich_thread_find(s, 100);

#define BECOME(r, e, saved, permitted, effective)                                                \
	do {                                                                                     \
		apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETRESUID_X, TS, 100, "qwww", INT64_C(0), \
				 r, e, saved));                                                  \
		assert_int_equal(t->cap_permitted, permitted);                                   \
		assert_int_equal(t->cap_effective, effective);                                   \
	} while (0)
	(void)state;
	t->uid = 0;
	t->cap_permitted = t->cap_effective = 7;
	BECOME(-1, 33, -1, 7, 0);
	BECOME(1000, -1, -1, 7, 0);
	assert_int_equal(t->uid, 33);
	BECOME(-1, 0, -1, 7, 7);
	BECOME(33, 33, 0, 7, 0);
	BECOME(0, 0, 0, 7, 7);
	/* Kept, as was asked for; a program that is begun anew has not asked. */
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_PRCTL_X, TS, 100, "qw-q", INT64_C(0),
			 PR_PPM_SET_KEEPCAPS, INT64_C(1)));
	BECOME(33, 33, 33, 7, 0);
	BECOME(0, 0, 0, 7, 7);
	apply(s, eb_exec(&eb, &(struct eb_exec){.ts = TS, .tid = 100, .path = "/x", .comm = "x"}));
	t->uid = 0;
	t->cap_permitted = t->cap_effective = 7;
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETUID_X, TS, 100, "qw", INT64_C(0), 33));
	assert_int_equal(t->cap_permitted, 0);
	assert_int_equal(t->cap_effective, 0);
	t->uid = 0;
	t->cap_permitted = t->cap_effective = 7;
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_PRCTL_X, TS, 100, "qw-q", INT64_C(0),
			 PR_PPM_SET_SECUREBITS, INT64_C(4)));
	BECOME(33, 33, 33, 7, 7);
	do_clone(s, (struct eb_clone){
			    .ts = TS, .tid = 100, .res = 200, .pid = 100, .flags = CL_PPM_NEWUSER});
	assert_int_equal(enrich_thread_find(s, 200)->cap_effective, (INT64_C(1) << 41) - 1);
#undef BECOME
	saker_state_free(s);
}

static void expect_group(struct saker_state *s, int64_t tid, int64_t pgid, int64_t vpgid)
{
	const struct enrich_thread *t = enrich_thread_find(s, tid);

	assert_int_equal(t->pgid, pgid);
	assert_int_equal(t->vpgid, vpgid);
}

static void do_setpgid(struct saker_state *s, uint64_t tid, int64_t pid, int64_t pgid)
{
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETPGID_X, TS, tid, "qqq", INT64_C(0), pid, pgid));
}

/* A shell puts the parts of a pipe into one group, from both sides. */
static void test_groups(void **state)
{
	struct saker_state *s = start();

	(void)state;
	do_clone(s, (struct eb_clone){.ts = TS, .tid = 100, .res = 200, .pid = 100, .ptid = 1});
	do_clone(s, (struct eb_clone){.ts = TS, .tid = 100, .res = 201, .pid = 100, .ptid = 1});
	do_setpgid(s, 100, 200, 0);
	expect_group(s, 200, 200, 200);
	do_setpgid(s, 201, 0, 200);
	expect_group(s, 201, 200, 200);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETSID_X, TS, 201, "q", INT64_C(201)));
	expect_group(s, 201, 201, 201);
	/* The same in a namespace, where they are 1, 5 and 6. */
	for (int i = 0; i < 3; i++) {
		static const int vpids[] = {1, 5, 6};

		do_clone(s, (struct eb_clone){.ts = TS,
					      .tid = 300 + i,
					      .pid = 300 + i,
					      .ptid = i ? 300 : 100,
					      .vtid = vpids[i],
					      .vpid = vpids[i],
					      .flags = CL_PPM_CHILD_IN_PIDNS});
	}
	do_setpgid(s, 300, 5, 5);
	expect_group(s, 301, 301, 5);
	do_setpgid(s, 302, 0, 5);
	expect_group(s, 302, 301, 5);
	do_setpgid(s, 302, 0, 0);
	expect_group(s, 302, 302, 6);
	/* One that nothing is known of. */
	do_setpgid(s, 302, 0, 9);
	expect_group(s, 302, -1, 9);
	do_setpgid(s, 302, 77, 77);
	apply(s, eb_make(&eb, SAKER_EV_SYSCALL_SETSID_X, TS, 301, "q", INT64_C(5)));
	expect_group(s, 301, 301, 5);
	saker_state_free(s);
}

/* Engines are asked for what the state learns from, but for what would cost more than it tells. */
static void test_asked_for(void **state)
{
	static const uint16_t left_out[] = {
		SAKER_EV_SYSCALL_BRK_4_X,     SAKER_EV_SYSCALL_MMAP_X,	  SAKER_EV_SYSCALL_MMAP2_X,
		SAKER_EV_SYSCALL_MUNMAP_X,    SAKER_EV_SCHEDSWITCH_6_E,	  SAKER_EV_SYSCALL_GETCWD_X,
		SAKER_EV_SYSCALL_GETRLIMIT_X, SAKER_EV_SYSCALL_IOCTL_3_X,
	};
	struct saker_syscall_set set = {0};
	struct saker_state *s = start();

	(void)state;
	assert_int_equal(saker_syscall_set_add_name(&set, "state"), 0);
	assert_int_equal(saker_syscall_set_add_name(&set, "io"), 0);
	for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		const struct saker_syscall_info *info = saker_syscall_by_code(sc);
		bool out = false;

		for (size_t i = 0; info && i < ARRAY_SIZE(left_out); i++)
			out = out || info->event == left_out[i];
		if (info && s->facts[info->event].handler && !out &&
		    !saker_syscall_set_has(&set, sc))
			fail_msg("the state learns from %s", info->name);
	}
	saker_state_free(s);
}

static void test_malformed(void **state)
{
	struct saker_state_stats stats = {.size = sizeof(stats)};
	struct saker_state *s = start();
	struct saker_record *r;
	struct saker_event event = {.len = sizeof(event), .type = 307, .nparams = 3};

	(void)state;
	assert_int_equal(saker_state_apply(s, &event, NULL, &r), -EBADMSG);
	event.type = SAKER_EVENT_OWN_FIRST;
	assert_int_equal(saker_state_apply(s, &event, NULL, &r), 0);
	assert_int_equal(saker_state_get_stats(s, &stats), 0);
	assert_int_equal(stats.n_malformed, 1);
	assert_int_equal(stats.n_threads, 2);
	assert_int_equal(saker_state_apply(NULL, &event, NULL, &r), -EINVAL);
	saker_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial),	      cmocka_unit_test(test_initial_threads),
		cmocka_unit_test(test_initial_again), cmocka_unit_test(test_clone_orders),
		cmocka_unit_test(test_inheritance),   cmocka_unit_test(test_thread),
		cmocka_unit_test(test_exec),	      cmocka_unit_test(test_exec_revives_leader),
		cmocka_unit_test(test_reparenting),   cmocka_unit_test(test_reparenting_in_group),
		cmocka_unit_test(test_pid_namespace), cmocka_unit_test(test_pid_namespace_replayed),
		cmocka_unit_test(test_pid_reuse),     cmocka_unit_test(test_time_begins_anew),
		cmocka_unit_test(test_time_repeats),  cmocka_unit_test(test_vfork),
		cmocka_unit_test(test_unknown),	      cmocka_unit_test(test_refill),
		cmocka_unit_test(test_own_parent),    cmocka_unit_test(test_leaders),
		cmocka_unit_test(test_attributes),    cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_groups),	      cmocka_unit_test(test_asked_for),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
