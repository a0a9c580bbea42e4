/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtcap as its users see it, over captures that this test writes itself: what
 * it shows, writes and counts, what it says about mistakes, and its exit codes.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <saker/scap.h>

#include "json.h"
#include "table.h"
#include "text.h"
#include "tests/unit/enrich/event_builder.h"

#define START UINT64_C(1700000000000000000) /* 2023-11-14T22:13:20Z */
#define MAX_ARGS 24

static const char *exe;

struct run {
	int code; /* exit code, -1 = killed */
	char *out;
	char *err;
};

static char *slurp(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_true(size >= 0 && text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

/* Arguments end with NULL. Output to files, so that it never blocks; in_fd may be -1. */
static struct run evtcap_in(int in_fd, const char *const *args)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	char *argv[MAX_ARGS] = {(char *)exe};
	struct run run;
	int status;
	pid_t pid;

	for (size_t i = 0; args[i]; i++) {
		assert_true(i + 2 < MAX_ARGS);
		argv[i + 1] = (char *)args[i];
	}
	assert_true(out >= 0 && err >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (in_fd >= 0)
			dup2(in_fd, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		setenv("TZ", "UTC", 1);
		execv(exe, argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	run.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	run.out = slurp(out);
	run.err = slurp(err);
	return run;
}

#define EVTCAP(...) evtcap_in(-1, (const char *const[]){__VA_ARGS__, NULL})

static void run_free(struct run *r)
{
	free(r->out);
	free(r->err);
}

static void expect(struct run r, int code, const char *out, const char *err)
{
	if (r.code != code || (out && !strstr(r.out, out)) || (err && !strstr(r.err, err)))
		fail_msg("exit %d, expected %d\nstdout: %s\nstderr: %s", r.code, code, r.out,
			 r.err);
	run_free(&r);
}

static void expect_exactly(struct run r, const char *out)
{
	if (r.code != 0 || strcmp(r.out, out) != 0)
		fail_msg("exit %d\nstdout: %s\nexpected: %s\nstderr: %s", r.code, r.out, out,
			 r.err);
	run_free(&r);
}

static uint32_t lines(const char *text)
{
	uint32_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* ---- a capture ------------------------------------------------------------------- */

static char folder[] = "/tmp/saker-evtcap-XXXXXX";
static char story[64]; /* see write_story */

static const char *in_folder(const char *name)
{
	static char paths[8][128];
	static unsigned int at;
	char *path = paths[at++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void put_task(struct saker_scap_writer *w, struct event_builder *b, uint32_t pid,
		     const char *comm)
{
	const struct saker_event_meta meta = {.flags = SAKER_EVENT_META_INITIAL};
	const struct saker_event *event =
		eb_make(b, SAKER_EV_ITER_TASK_E, START, (uint64_t)pid << 32 | pid,
			"wwwwsrsw-s-ww-------------------", 1, (int)pid, (int)pid, (int)pid, comm,
			comm, (int)strlen(comm) + 1, "/bin/x", 0, "/", 0, 0);

	assert_int_equal(saker_scap_write(w, event, &meta), 0);
}

static void put_open(struct saker_scap_writer *w, struct event_builder *b, uint64_t ms,
		     uint32_t tid, int64_t fd, const char *path)
{
	const struct saker_event_meta meta = {.cpu = 3};

	assert_int_equal(
		saker_scap_write(w,
				 eb_make(b, SAKER_EV_SYSCALL_OPENAT_2_X, START + ms * 1000000, tid,
					 "qqswwwq", fd, (int64_t)-100, path, 1, 0, 0, (int64_t)7),
				 &meta),
		0);
}

static void put_read(struct saker_scap_writer *w, struct event_builder *b, uint64_t ms,
		     uint32_t tid, int64_t fd, int n)
{
	assert_int_equal(saker_scap_write(w,
					  eb_make(b, SAKER_EV_SYSCALL_READ_X, START + ms * 1000000,
						  tid, "qrqw", (int64_t)n, "data", 4, fd, n),
					  NULL),
			 0);
}

/*
 * Processes cat (100) and an odd one (200). 10 events: cat opens 3 files that
 * exist and one that does not, and reads 5 times 1000 bytes from the first; the
 * other opens one whose name would clear a terminal.
 */
static void write_story(const char *file)
{
	struct saker_machine machine = {.n_cpus = 2, .memory = 1 << 30, .hostname = "aviary"};
	struct saker_scap_options o = SAKER_SCAP_OPTIONS_INIT;
	struct event_builder *b = calloc(1, sizeof(*b));
	struct saker_scap_writer *w;

	assert_non_null(b);
	o.machine = &machine;
	o.plain = true;
	assert_int_equal(saker_scap_open(file, &o, &w), 0);
	put_task(w, b, 100, "cat");
	put_task(w, b, 200, "odd\xff\x1b[2J");
	put_open(w, b, 0, 100, 3, "/etc/passwd");
	put_open(w, b, 1, 100, 4, "/etc/group");
	put_open(w, b, 2, 100, -2, "/etc/none");
	put_open(w, b, 1500, 100, 5, "/tmp/x");
	for (uint64_t i = 0; i < 5; i++)
		put_read(w, b, 1600 + i, 100, 3, 1000);
	put_open(w, b, 2000, 200, 6, "/tmp/\x1b[2J\x01p\t\"\\");
	assert_int_equal(saker_scap_finish(w), 0);
	saker_scap_close(w);
	free(b);
}

static int group_setup(void **state)
{
	exe = getenv("EVTCAP_EXE");
	if (!exe || !mkdtemp(folder))
		return -1;
	snprintf(story, sizeof(story), "%s/story.scap", folder);
	write_story(story);
	return 0;
}

static int group_teardown(void **state)
{
	unlink(story);
	return rmdir(folder); /* each test has removed what it wrote */
}

/* ---- what it shows ------------------------------------------------------------------ */

static void test_lines(void **state)
{
	struct run r = EVTCAP("-r", story);

	assert_int_equal(r.code, 0);
	assert_int_equal(lines(r.out), 10);
	assert_non_null(strstr(r.out, "1 22:13:20.000000000 3 cat (100) openat fd=3("));
	assert_non_null(strstr(r.out, "name=/etc/passwd"));
	assert_non_null(strstr(r.err, "evtcap: 10 events in"));
	assert_null(strchr(r.out, '\x1b')); /* neither colours nor the capture's own */
	assert_non_null(strstr(r.out, "odd\\xff\\x1b[2J"));
	run_free(&r);
}

static void test_formats(void **state)
{
	expect_exactly(EVTCAP("-q", "-r", story, "-p", "%evt.num %fd.name", "evt.type=openat"),
		       "1 /etc/passwd\n2 /etc/group\n3 /etc/none\n4 /tmp/x\n"
		       "10 /tmp/\\x1b[2J\\x01p\\x09\"\\\n");
	/* Only with a star those that lack a field. */
	expect_exactly(EVTCAP("-q", "-r", story, "-p", "%evt.num %evt.buflen", "evt.num<=5"),
		       "5 1000\n");
	expect_exactly(EVTCAP("-q", "-r", story, "-p", "*%evt.num %evt.buflen", "evt.num",
			      ">=", "4", "and", "evt.num<6"),
		       "4 <NA>\n5 1000\n");
	expect_exactly(EVTCAP("-q", "-r", story, "-F", "evt.num,proc.name,evt.res", "-n", "3"),
		       "1\tcat\tSUCCESS\n2\tcat\tSUCCESS\n3\tcat\tENOENT\n");
	/* A value's own tab does not make a column. */
	expect_exactly(EVTCAP("-q", "-r", story, "-F", "evt.num,fd.name", "evt.num=10"),
		       "10\t/tmp/\\x1b[2J\\x01p\\x09\"\\\n");
	expect_exactly(EVTCAP("-q", "-r", story, "-p", "%evt.num\t%proc.pid\n", "-n", "1"),
		       "1\t100\n\n");
	expect_exactly(EVTCAP("-q", "-r", story, "-F", "evt.arg[2]", "-n", "1"), "/etc/passwd\n");
	expect(EVTCAP("-q", "-r", story, "-n", "1", "--color=always"), 0, "\x1b[36mcat\x1b[0m", "");
	/* A failed call stands out. */
	expect(EVTCAP("-q", "-r", story, "--color=always", "evt.num=3"), 0,
	       "\x1b[1;31mopenat\x1b[0m", "");
}

static void test_times(void **state)
{
	static const struct {
		const char *form;
		const char *second; /* of the second event, 1 ms after the first */
	} cases[] = {
		{"clock", "22:13:20.001000000\n"},
		{"h", "22:13:20.001000000\n"},
		{"date", "2023-11-14 22:13:20.001000000\n"},
		{"iso", "2023-11-14T22:13:20.001000000+0000\n"},
		{"epoch", "1700000000.001000000\n"},
		{"a", "1700000000.001000000\n"},
		{"relative", "0.001000000\n"},
		{"D", "0.001000000\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_exactly(EVTCAP("-q", "-r", story, "-t", cases[i].form, "-p",
				      "%evt.outputtime", "evt.num=2"),
			       cases[i].second);
}

static void test_json(void **state)
{
	struct run r = EVTCAP("-q", "-r", story, "--json", "-F",
			      "evt.num,evt.buflen,proc.name,fd.name,evt.failed,evt.rawtime");
	char *line = r.out;
	uint32_t n = 0;

	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		json_t *j = json_loadb(line, (size_t)(end - line), 0, NULL);

		assert_non_null(j);
		n++;
		assert_int_equal(json_integer_value(json_object_get(j, "evt.num")), n);
		assert_true(json_is_boolean(json_object_get(j, "evt.failed")));
		if (n == 3)
			assert_true(json_is_null(json_object_get(j, "evt.buflen")));
		if (n == 10) {
			assert_string_equal(json_string_value(json_object_get(j, "proc.name")),
					    "odd\xef\xbf\xbd\x1b[2J");
			assert_string_equal(json_string_value(json_object_get(j, "fd.name")),
					    "/tmp/\x1b[2J\x01p\t\"\\");
			assert_int_equal(json_integer_value(json_object_get(j, "evt.rawtime")),
					 START + UINT64_C(2000000000));
		}
		json_decref(j);
	}
	assert_int_equal(n, 10);
	run_free(&r);
}

/* ---- what it sums up ------------------------------------------------------------------ */

static void test_summaries(void **state)
{
	struct run r;
	json_t *j;

	expect_exactly(EVTCAP("-q", "-S", "-r", story),
		       "         5  50.0 %  openat\n         5  50.0 %  read\n");
	expect(EVTCAP("-i", "-r", story), 0, "hostname     aviary\n", NULL);
	r = EVTCAP("-i", "--json", "-r", story);
	j = json_loads(r.out, 0, NULL);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "events")), 10);
	assert_int_equal(json_integer_value(json_object_get(j, "n_processes")), 2);
	assert_int_equal(json_integer_value(json_object_get(j, "initial")), 2);
	assert_true(json_real_value(json_object_get(j, "seconds")) == 2.0);
	assert_int_equal(json_array_size(json_object_get(j, "types")), 2);
	json_decref(j);
	run_free(&r);
}

static void test_top(void **state)
{
	expect_exactly(EVTCAP("-q", "--top", "-r", story),
		       "   EVENTS    BYTES       PID  PROCESS\n"
		       "        9     5.0k       100  cat\n"
		       "        1       0        200  odd\\xff\\x1b[2J\n");
	expect_exactly(EVTCAP("-q", "--top=file", "--by", "bytes", "--rows", "1", "-r", story),
		       "   EVENTS    BYTES  FILE\n"
		       "        6     5.0k  /etc/passwd\n");
	expect_exactly(EVTCAP("-q", "--top=file", "--json", "--rows", "1", "-r", story),
		       "{\"events\":6,\"bytes\":5000,\"name\":\"/etc/passwd\"}\n");
	expect_exactly(EVTCAP("-q", "--top", "--json", "--rows", "1", "-r", story),
		       "{\"events\":9,\"bytes\":5000,\"pid\":100,\"name\":\"cat\"}\n");
	expect_exactly(EVTCAP("-q", "--top=conn", "-r", story),
		       "   EVENTS    BYTES  PROT  CONNECTION\n");
}

/* ---- what it writes --------------------------------------------------------------------- */

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void test_copy(void **state)
{
	const char *copy = in_folder("copy.scap"), *packed = in_folder("copy.scap.gz");
	struct run a, b;

	expect(EVTCAP("-r", story, "-w", copy), 0, "", "10 events in ");
	assert_int_equal(size_of(copy), size_of(story));
	expect(EVTCAP("-r", story, "-z", "-w", packed), 0, "", NULL);
	assert_true(size_of(packed) < size_of(story));
	a = EVTCAP("-q", "-r", story);
	b = EVTCAP("-q", "-r", packed);
	assert_string_equal(a.out, b.out);
	run_free(&a);
	run_free(&b);
	unlink(copy);
	unlink(packed);
}

/* The reads alone; that their file was opened under a name is still known. */
static void test_filtered_copy(void **state)
{
	const char *part = in_folder("part.scap");

	expect(EVTCAP("-r", story, "-w", part, "evt.type=read"), 0, "",
	       "and 5 more for the state alone");
	expect_exactly(EVTCAP("-q", "-S", "-r", part), "         5 100.0 %  read\n");
	expect(EVTCAP("-q", "-r", part, "-n", "1", "-p", "%proc.name %fd.name"), 0,
	       "cat /etc/passwd\n", "");
	expect(EVTCAP("-r", story, "-w", part, "-n", "2", "--print", "-F", "evt.num",
		      "evt.type=read"),
	       0, "5\n6\n", "2 events in ");
	expect_exactly(EVTCAP("-q", "-S", "-r", part), "         2 100.0 %  read\n");
	unlink(part);
}

static void test_pipes(void **state)
{
	struct run r = EVTCAP("-q", "-r", story, "-w", "-");
	int in = open(story, O_RDONLY | O_CLOEXEC), ends[2];
	pid_t pid;
	int status;

	assert_memory_equal(r.out, "\x0a\x0d\x0d\x0a", 4);
	run_free(&r);
	assert_true(in >= 0);
	expect(evtcap_in(in, (const char *const[]){"-q", "-S", "-r", "-", NULL}), 0, "openat", "");
	close(in);
	/* Nobody reads: it ends quietly. */
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(exe, exe, "-q", "-r", story, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_rotation(void **state)
{
	const char *first = in_folder("ring"), *second = in_folder("ring1");

	/* Times 0 to 2 ms, then 1500 to 2000 ms: two files. */
	expect(EVTCAP("-r", story, "-G", "1", "-w", first), 0, "", "10 events in 2 files");
	expect_exactly(EVTCAP("-q", "-S", "-r", first), "         3 100.0 %  openat\n");
	expect_exactly(EVTCAP("-q", "-S", "-r", second),
		       "         5  71.4 %  read\n         2  28.6 %  openat\n");
	unlink(second);
	expect(EVTCAP("-r", story, "-G", "1", "-W", "1", "-w", first), 0, "", "2 files");
	assert_int_equal(access(second, F_OK), -1);
	expect(EVTCAP("-q", "-S", "-r", first), 0, "         5  71.4 %  read\n", "");
	unlink(first);
}

/* ---- mistakes ------------------------------------------------------------------------------ */

static void test_answers(void **state)
{
	expect(EVTCAP("--help"), 0, "Usage: evtcap", NULL);
	expect(EVTCAP("--version"), 0, "evtcap ", NULL);
	expect(EVTCAP("--list"), 0, "proc.name", NULL);
	expect(EVTCAP("--list", "fd", "-N"), 0, "fd.name\n", NULL);
	expect(EVTCAP("--list=nothing"), 2, "", "no field is of class 'nothing'");
}

static void test_usage(void **state)
{
	expect(EVTCAP("--nothing"), 2, "", "there is no option --nothing");
	expect(EVTCAP("-n"), 2, "", "-n needs a value");
	expect(EVTCAP("-n", "0"), 2, "", "-n takes a number from 1");
	expect(EVTCAP("-n", "5x"), 2, "", "not '5x'");
	expect(EVTCAP("-t", "noon"), 2, "", "-t takes one of clock, date, iso");
	expect(EVTCAP("--top=nobody"), 2, "", "--top takes one of proc, file, conn");
	expect(EVTCAP("-r", story, "-z"), 2, "", "which is missing");
	expect(EVTCAP("-r", story, "--for-sysdig"), 2, "", "which is missing");
	expect(EVTCAP("-r", story, "--dynamic-snaplen"), 2, "", "a file has what it has");
	expect(EVTCAP("-r", story, "-w", "x", "-W", "2"), 2, "", "-W needs -C or -G");
	expect(EVTCAP("-r", story, "-w", "-", "-C", "2"), 2, "", "cannot be split");
	expect(EVTCAP("-r", story, "-w", "-", "-i"), 2, "", "both a capture and text");
	expect(EVTCAP("-r", story, "-w", story), 2, "", "would be overwritten");
	expect(EVTCAP("-r", story, "-e", "all"), 2, "", "for live capture");
	expect(EVTCAP("-r", story, "-k", "pid=1"), 2, "", "for live capture");
	expect(EVTCAP("-r", story, "--sample", "io=2"), 2, "", "for live capture");
	expect(EVTCAP("-r", story, "--dynamic-snaplen"), 2, "", "for live capture");
	expect(EVTCAP("--full-ports", "9-8"), 2, "", "takes two ports");
	expect(EVTCAP("--full-ports", "1-65536"), 2, "", "takes two ports");
	expect(EVTCAP("-r", story, "-p", "x", "-F", "y"), 2, "", "give one");
}

static void test_bad_filters(void **state)
{
	expect(EVTCAP("-r", story, "evt.type=openat", "and", "fd.nmae=x"), 1, "",
	       "    evt.type=openat and fd.nmae=x\n                        ^\n");
	expect(EVTCAP("-r", story, "evt.type="), 1, "", "filter, column 10");
	expect(EVTCAP("-r", story, "-p", "%evt.num %proc.nmae"), 1, "",
	       "    %evt.num %proc.nmae\n             ^\n    hint: did you mean proc.name?");
	expect(EVTCAP("-k", "procname=x"), 1, "", "give one of pid, tree");
	expect(EVTCAP("--sample", "io"), 1, "", "give system calls or sets");
	expect(EVTCAP("--sample", "oi=10"), 1, "", "there is no system call or event 'oi'");
	expect(EVTCAP("-e", "openat,opnat"), 1, "",
	       "there is no system call or event 'opnat', did you mean openat?; the sets");
}

static void test_bad_captures(void **state)
{
	const char *cut = in_folder("cut.scap"), *junk = in_folder("junk");
	int fd = open(junk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "no capture", 10), 10);
	close(fd);
	expect(EVTCAP("-r", in_folder("none")), 3, "", "cannot open the capture file");
	expect(EVTCAP("-r", junk), 3, "", "neither a capture file");
	expect(EVTCAP("-q", "-r", story, "-w", cut), 0, "", "");
	assert_int_equal(truncate(cut, size_of(cut) - 60), 0);
	/* What is whole is shown. */
	expect(EVTCAP("-r", cut, "-F", "evt.num"), 4, "8\n9\n", "9 events in");
	expect(EVTCAP("-r", story, "-w", "/nonexistent/x"), 4, "", "cannot be written");
	expect(EVTCAP("-r", story, "-w", "/dev/full"), 4, "", "cannot be written");
	unlink(cut);
	unlink(junk);
}

/* As nobody it says what is missing; the same as root needs a kernel, and is a live test. */
static void test_no_rights(void **state)
{
	int err = memfd_create("err", MFD_CLOEXEC), status;
	char *text;
	pid_t pid;

	if (geteuid() != 0)
		return expect(EVTCAP("-n", "1"), 3, "", "run as root");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(err, STDERR_FILENO);
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(126);
		execl(exe, exe, "-n", "1", (char *)NULL);
		_exit(access(exe, X_OK) == 0 ? 127 : 126); /* 126: a build tree of root's own */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	text = slurp(err);
	if (WEXITSTATUS(status) == 126)
		print_message("[  SKIPPED ] nobody may not execute %s\n", exe);
	else if (strstr(text, "there is no capture engine 'ebpf'"))
		print_message("[  SKIPPED ] built without the eBPF engine\n");
	else if (WEXITSTATUS(status) != 3 || !strstr(text, "run as root"))
		fail_msg("exit %d: %s", WEXITSTATUS(status), text);
	free(text);
}

/* ---- its parts ----------------------------------------------------------------------------- */

static void test_clean_text(void **state)
{
	static const struct {
		const char *text;
		const char *text_out;
		const char *json_out;
	} cases[] = {
		{"plain", "plain", "\"plain\""},
		{"a\nb\x7f", "a\\x0ab\\x7f", "\"a\\u000ab\\u007f\""},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa6", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa6",
		 "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa6\""},
		{"\xc2\x9b"
		 "2J",
		 "\\xc2\\x9b2J", "\"\\u009b2J\""},		  /* a C1 control */
		{"\xc0\xaf", "\\xc0\\xaf", "\"\\ufffd\\ufffd\""}, /* too long for '/' */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
		{"\xe2\x82", "\\xe2\\x82", "\"\\ufffd\\ufffd\""},		  /* cut off */
		{"\"\\", "\"\\", "\"\\\"\\\\\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		text_put_clean(out, cases[i].text, strlen(cases[i].text));
		fputc('|', out);
		json_put_string(out, cases[i].text, strlen(cases[i].text));
		fclose(out);
		assert_memory_equal(text, cases[i].text_out, strlen(cases[i].text_out));
		assert_string_equal(strchr(text, '|') + 1, cases[i].json_out);
		free(text);
	}
}

static void test_table(void **state)
{
	struct table t = {0};
	char key[TABLE_KEY_MAX + 10];
	uint32_t i;

	for (i = 0; i < TABLE_MAX + 100; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		assert_int_equal(table_count(&t, key, strlen(key), 1, i), 0);
	}
	assert_int_equal(t.n, TABLE_MAX);
	assert_int_equal(t.other_events, 100);
	assert_int_equal(table_count(&t, "key 77", 6, 5, 0), 0);
	table_sort(&t, TABLE_EVENTS);
	assert_string_equal(t.rows[0].key, "key 77");
	assert_int_equal(t.rows[0].events, 6);
	/* Nothing goes that was busy; a round later all but one go. */
	table_age(&t);
	assert_int_equal(t.n, TABLE_MAX);
	assert_int_equal(table_count(&t, "key 77", 6, 1, 0), 0);
	table_age(&t);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.rows[0].events, 7);
	assert_int_equal(t.other_events, 100 + TABLE_MAX - 1);
	memset(key, 'x', sizeof(key));
	assert_int_equal(table_count(&t, key, sizeof(key), 1, 0), 0);
	assert_int_equal(t.rows[1].len, TABLE_KEY_MAX);
	table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	    cmocka_unit_test(test_formats),
		cmocka_unit_test(test_times),	    cmocka_unit_test(test_json),
		cmocka_unit_test(test_summaries),   cmocka_unit_test(test_top),
		cmocka_unit_test(test_copy),	    cmocka_unit_test(test_filtered_copy),
		cmocka_unit_test(test_pipes),	    cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_answers),	    cmocka_unit_test(test_usage),
		cmocka_unit_test(test_bad_filters), cmocka_unit_test(test_bad_captures),
		cmocka_unit_test(test_no_rights),   cmocka_unit_test(test_clean_text),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
