/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent as its users see it: exit codes, verdicts on rules, and, with the
 * reference material, the same alerts on real captures as Falco gave.
 */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/util.h"

#define MAX_ARGS 24

static const char *exe;

struct run {
	int code; /* exit code, -1 = killed */
	char *out;
	char *err;
};

static void run_free(struct run *r)
{
	free(r->out);
	free(r->err);
}

static char *slurp_fd(int fd)
{
	size_t len = 0, size = 1 << 16;
	char *text = malloc(size);

	assert_non_null(text);
	lseek(fd, 0, SEEK_SET);
	for (;;) {
		ssize_t n = read(fd, text + len, size - len - 1);

		assert_true(n >= 0);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len + 1 == size) {
			text = realloc(text, size *= 2);
			assert_non_null(text);
		}
	}
	text[len] = '\0';
	return text;
}

/* Runs the agent with arguments that end with NULL; its output to files, so it never blocks. */
static struct run saker(const char *const *args)
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
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		setenv("TZ", "UTC", 1);
		setenv("FALCO_HOSTNAME", "vm", 1);
		execv(exe, argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	run.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	run.out = slurp_fd(out);
	run.err = slurp_fd(err);
	close(out);
	close(err);
	return run;
}

#define SAKER(...) saker((const char *const[]){__VA_ARGS__, NULL})

static void expect(struct run r, int code, const char *out, const char *err)
{
	if (r.code != code || (out && !strstr(r.out, out)) || (err && !strstr(r.err, err)))
		fail_msg("exit %d, expected %d\nstdout: %s\nstderr: %s", r.code, code, r.out,
			 r.err);
	run_free(&r);
}

static char *write_temp(const char *text)
{
	char path[] = "/tmp/saker-test-XXXXXX.yaml", *copy;
	int fd = mkstemps(path, 5);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	copy = strdup(path);
	assert_non_null(copy);
	return copy;
}

static void remove_temp(char *path)
{
	unlink(path);
	free(path);
}

static const char good_rule[] = "- rule: good\n"
				"  desc: d\n"
				"  condition: evt.type = openat and proc.name = cat\n"
				"  output: opened %fd.name\n"
				"  priority: WARNING\n";
static const char bad_rule[] = "- rule: bad\n"
			       "  desc: d\n"
			       "  condition: evt.type = openat and proc.nmae = cat\n"
			       "  output: opened %fd.name\n"
			       "  priority: WARNING\n";
static const char warned_rule[] = "- list: unused\n  items: [a]\n";

static void test_answers(void **state)
{
	expect(SAKER("--version"), 0, "saker ", NULL);
	expect(SAKER("--help"), 0, "Usage: saker", NULL);
	expect(SAKER("--list-keys"), 0, "json_output", NULL);
	expect(SAKER("--list"), 0, "proc.name", NULL);
	expect(SAKER("--list=fd", "-N"), 0, "fd.name\n", NULL);
	expect(SAKER("--list=nothing"), 2, NULL, "no field is of class 'nothing'");
	expect(SAKER("--nothing"), 2, NULL, "there is no option --nothing");
	expect(SAKER("-c", "/nonexistent"), 1, NULL, "/nonexistent: cannot be read");
	expect(SAKER("-o", "jsn_output=true"), 1, NULL, "did you mean 'json_output'?");
	expect(SAKER("-r", "/nonexistent"), 1, NULL, "/nonexistent: rules cannot be read");
	{
		char *good = write_temp(good_rule);

		expect(SAKER("-r", good, "--dry-run"), 0, "",
		       "are fine: 1 rule enabled, from 1 file\n");
		expect(SAKER("-r", good, "-L"), 0, "good\n      d\n", "");
		expect(SAKER("-r", good, "-l", "good", "-o", "json_output=true"), 0,
		       "{\"rules\":[{", "");
		expect(SAKER("-r", good, "-l", "goods"), 2, "",
		       "no rule 'goods' is loaded; did you mean 'good'?");
		remove_temp(good);
	}
}

static void test_tab(void **state)
{
	char *tab = write_temp("- rule: good\n\tdesc: d\n");

	expect(SAKER("-V", tab), 1, "Indent with blanks: YAML takes no tabs.", NULL);
	remove_temp(tab);
}

static void test_lists_are_json(void **state)
{
	static const char *const what[] = {"--list", "--list-keys"};

	for (size_t i = 0; i < ARRAY_SIZE(what); i++) {
		struct run r = SAKER(what[i], "--format", "json");
		json_t *j = json_loads(r.out, 0, NULL);

		assert_int_equal(r.code, 0);
		assert_non_null(j);
		assert_true(json_array_size(j) > 100);
		json_decref(j);
		run_free(&r);
	}
}

static void test_verdicts(void **state)
{
	char *good = write_temp(good_rule), *bad = write_temp(bad_rule);
	char *warned = write_temp(warned_rule), line[128];

	snprintf(line, sizeof(line), "%s: Ok\n", good);
	expect(SAKER("-V", good), 0, line, "");
	snprintf(line, sizeof(line), "%s: Ok, with warnings\n", warned);
	expect(SAKER("-V", warned), 0, line, "LOAD_UNUSED_LIST");
	snprintf(line, sizeof(line), "%s: Invalid\n%s:3:", bad, bad);
	expect(SAKER("-V", bad), 1, line, "");
	expect(SAKER("-V", bad), 1, "LOAD_ERR_COMPILE_CONDITION", "");
	expect(SAKER("-V", "/nonexistent"), 1, "/nonexistent: Invalid", NULL);
	expect(SAKER("-r", good, "--dry-run"), 0, "", "");
	expect(SAKER("-r", bad, "--dry-run"), 1, "", "LOAD_ERR_COMPILE_CONDITION");
	remove_temp(good);
	remove_temp(bad);
	remove_temp(warned);
}

static void test_json_verdict(void **state)
{
	char *good = write_temp(good_rule), *bad = write_temp(bad_rule);
	struct run r = SAKER("-V", good, "-V", bad, "-o", "json_output=true");
	json_t *j = json_loads(r.out, 0, NULL), *results, *error, *locations;

	assert_int_equal(r.code, 1);
	assert_non_null(j);
	results = json_object_get(j, "falco_load_results");
	assert_int_equal(json_array_size(results), 2);
	assert_true(json_is_true(json_object_get(json_array_get(results, 0), "successful")));
	assert_true(json_is_false(json_object_get(json_array_get(results, 1), "successful")));
	assert_string_equal(json_string_value(json_object_get(json_array_get(results, 1), "name")),
			    bad);
	error = json_array_get(json_object_get(json_array_get(results, 1), "errors"), 0);
	assert_string_equal(json_string_value(json_object_get(error, "code")),
			    "LOAD_ERR_COMPILE_CONDITION");
	assert_string_equal(json_string_value(json_object_get(error, "codedesc")),
			    "Error compiling condition");
	locations = json_object_get(json_object_get(error, "context"), "locations");
	assert_true(json_array_size(locations) >= 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(locations, 0), "item_type")),
		"rules content");
	json_decref(j);
	run_free(&r);
	remove_temp(good);
	remove_temp(bad);
}

static void test_capture_not_opened(void **state)
{
	char *good = write_temp(good_rule);

	expect(SAKER("-r", good, "--replay", "/nonexistent"), 3, "", "/nonexistent");
	expect(SAKER("-r", good, "--replay", good), 3, "", "error");
	remove_temp(good);
}

/* ---- the captures ------------------------------------------------------------ */

/* Rules that answer to what Falco itself gets wrong without container metadata. */
static bool is_left_out(const char *line)
{
	static const char *const rules[] = {"\"rule\":\"Launch Sensitive Mount Container\""};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (strstr(line, rules[i]))
			return true;
	}
	return false;
}

static char *next_line(char **text)
{
	char *line;

	do {
		line = *text;
		if (!*line)
			return NULL;
		*text += strcspn(line, "\n");
		if (**text)
			*(*text)++ = '\0';
	} while (is_left_out(line));
	return line;
}

/* Falco writes the alerts of one event in the order of the rules; so do we: compare as is. */
static unsigned int compare(const char *name, char *ours, char *theirs, unsigned int *n)
{
	unsigned int different = 0;

	for (;;) {
		char *a = next_line(&ours), *b = next_line(&theirs);

		if (!a && !b)
			return different;
		*n += 1;
		if (a && b && util_streq(a, b))
			continue;
		if (different++ < 3)
			print_message("%s, alert %u\n  ours:   %s\n  theirs: %s\n", name, *n,
				      a ? a : "(none)", b ? b : "(none)");
	}
}

static char *slurp_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return NULL;
	text = slurp_fd(fd);
	close(fd);
	return text;
}

static void compare_captures(const char *kind, const char *const *rules, const char *matching)
{
	const char *reference = getenv("SAKER_REFERENCE");
	unsigned int different = 0, n = 0;
	char pattern[4096];
	glob_t files;

	if (!reference) {
		print_message("SAKER_REFERENCE is not set: no captures to replay\n");
		skip();
	}
	snprintf(pattern, sizeof(pattern), "%s/captures/*.scap", reference);
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *args[MAX_ARGS] = {
			"--replay", files.gl_pathv[i],	"-o", "json_output=true",
			"-o",	    "append_output=[]", "-o", matching};
		char expected[4200], paths[3][4200], *theirs;
		struct run r;
		size_t k = 8;

		for (size_t f = 0; rules[f]; f++) {
			snprintf(paths[f], sizeof(paths[f]), "%s/rules/%s", reference, rules[f]);
			args[k++] = "-r";
			args[k++] = paths[f];
		}
		snprintf(expected, sizeof(expected), "%.*s%s",
			 (int)(strlen(files.gl_pathv[i]) - strlen("scap")), files.gl_pathv[i],
			 kind);
		theirs = slurp_path(expected);
		assert_non_null(theirs);
		r = saker(args);
		if (r.code != 0)
			print_message("%s: exit %d: %s\n", files.gl_pathv[i], r.code, r.err);
		different += r.code != 0;
		different += compare(files.gl_pathv[i], r.out, theirs, &n);
		run_free(&r);
		free(theirs);
	}
	globfree(&files);
	print_message("%u alerts, %u different\n", n, different);
	assert_int_equal(different, 0);
	assert_true(n > 20);
}

static void test_stable_rules(void **state)
{
	static const char *const rules[] = {"falco_rules.yaml", NULL};

	compare_captures("stable.alerts.jsonl", rules, "rule_matching=first");
}

static void test_all_rules(void **state)
{
	static const char *const rules[] = {"falco_rules.yaml", "falco-incubating_rules.yaml",
					    "falco-sandbox_rules.yaml", NULL};

	compare_captures("all.alerts.jsonl", rules, "rule_matching=all");
}

/* ---- signals ------------------------------------------------------------------- */

struct agent {
	pid_t pid;
	int feed; /* its standard input, kept open so that the replay does not end */
	int err;
};

static struct agent start_fed(const char *capture, const char *const *args)
{
	char *argv[MAX_ARGS] = {(char *)exe}, *bytes;
	struct agent a;
	int fds[2], fd;
	ssize_t n;

	for (size_t i = 0; args[i]; i++)
		argv[i + 1] = (char *)args[i];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	a.feed = fds[1];
	a.err = memfd_create("err", MFD_CLOEXEC);
	a.pid = fork();
	assert_true(a.pid >= 0);
	if (a.pid == 0) {
		dup2(fds[0], STDIN_FILENO);
		dup2(a.err, STDERR_FILENO);
		execv(exe, argv);
		_exit(127);
	}
	close(fds[0]);
	fd = open(capture, O_RDONLY | O_CLOEXEC);
	bytes = malloc(1 << 20);
	assert_true(fd >= 0 && bytes);
	while ((n = read(fd, bytes, 1 << 20)) > 0)
		assert_int_equal(write(a.feed, bytes, (size_t)n), n);
	close(fd);
	free(bytes);
	return a;
}

/* Waits until a file has the text n times, or fails after some seconds. */
static void await(const char *path, const char *wanted, unsigned int n)
{
	for (int tries = 0; tries < 1000; tries++) {
		char *text = slurp_path(path);
		unsigned int found = 0;

		for (const char *p = text; p && (p = strstr(p, wanted)); p += strlen(wanted))
			found++;
		free(text);
		if (found >= n)
			return;
		usleep(10000);
	}
	fail_msg("%s never had '%s'", path, wanted);
}

static void test_signals(void **state)
{
	const char *reference = getenv("SAKER_REFERENCE");
	char dir[] = "/tmp/saker-test-XXXXXX", out[64], rotated[64], rules[64], option[128];
	char capture[4096], err_path[64], link[64], data[64], *text;
	struct agent a;
	int status;

	if (!reference) {
		print_message("SAKER_REFERENCE is not set: no capture to replay\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	snprintf(out, sizeof(out), "%s/alerts", dir);
	snprintf(rotated, sizeof(rotated), "%s/alerts.1", dir);
	snprintf(rules, sizeof(rules), "%s/rules.yaml", dir);
	snprintf(link, sizeof(link), "%s/..tmp", dir);
	snprintf(data, sizeof(data), "%s/..data", dir);
	snprintf(option, sizeof(option), "file_output.filename=%s", out);
	snprintf(capture, sizeof(capture), "%s/captures/host_attacks.scap", reference);
	text = write_temp(good_rule);
	assert_int_equal(rename(text, rules), 0);
	free(text);
	a = start_fed(capture, (const char *const[]){"--replay", "-", "-r", rules, "-o",
						     "stdout_output.enabled=false", "-o",
						     "file_output.enabled=true", "-o", option, "-o",
						     "file_output.keep_alive=true", NULL});
	snprintf(err_path, sizeof(err_path), "/proc/%d/fd/%d", (int)getpid(), a.err);
	await(out, "opened /etc/shadow", 1);

	/* Rotation: what comes now goes to a new file. A bad reload says so there. */
	assert_int_equal(rename(out, rotated), 0);
	kill(a.pid, SIGUSR1);
	{
		int fd = open(rules, O_WRONLY | O_TRUNC | O_CLOEXEC);

		assert_int_equal(write(fd, bad_rule, strlen(bad_rule)), (ssize_t)strlen(bad_rule));
		close(fd); /* which watch_config_files sees */
	}
	await(err_path, "were not loaded again", 1);
	await(out, "hot restart failure", 1);
	{
		int fd = open(rules, O_WRONLY | O_TRUNC | O_CLOEXEC);

		assert_int_equal(write(fd, good_rule, strlen(good_rule)),
				 (ssize_t)strlen(good_rule));
		close(fd);
	}
	await(err_path, "rules loaded again: 1 enabled", 1);
	/* The link that Kubernetes exchanges when it changes a ConfigMap. */
	assert_int_equal(symlink("..v1", link), 0);
	assert_int_equal(rename(link, data), 0);
	await(err_path, "rules loaded again: 1 enabled", 2);
	kill(a.pid, SIGTERM);
	assert_int_equal(waitpid(a.pid, &status, 0), a.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	text = slurp_fd(a.err);
	assert_non_null(strstr(text, " seen = "));
	assert_non_null(strstr(text, "lost on the way out: 0"));
	free(text);
	close(a.err);
	close(a.feed);
	unlink(out);
	unlink(rotated);
	unlink(data);
	unlink(rules);
	rmdir(dir);
}

/* Told to stop while it waits for somebody to open the other end of a FIFO. */
static void test_interrupted_while_opening(void **state)
{
	char path[] = "/tmp/saker-test-XXXXXX", *rules = write_temp(good_rule);
	int status, fd = mkstemp(path);
	pid_t pid;

	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl(exe, exe, "-r", rules, "--replay", path, NULL);
		_exit(127);
	}
	usleep(300000);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 130);
	unlink(path);
	remove_temp(rules);
}

/* Runs a line of sh, with the agent, rules and a capture as $1 to $3; its exit code and stderr. */
static struct run shell(const char *line, const char *rules, const char *capture)
{
	int err = memfd_create("err", MFD_CLOEXEC), status;
	struct run run = {0};
	pid_t pid;

	assert_true(err >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(err, STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", line, "sh", exe, rules, capture, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	run.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	run.err = slurp_fd(err);
	close(err);
	return run;
}

/* Alerts that are written nowhere are counted, and a replay fails by them. */
static void test_alerts_not_delivered(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *said;
	} cases[] = {
		{"\"$1\" -r \"$2\" --replay \"$3\" >/dev/null", 0, "lost on the way out: 0\n"},
		{"\"$1\" -r \"$2\" --replay \"$3\" >/dev/full", 4, "did not reach an output"},
		/* Not into the first file that happens to be opened. */
		{"\"$1\" -r \"$2\" --replay \"$3\" >&-", 0, "did not reach an output"},
		{"\"$1\" -r \"$2\" --replay \"$3\" <&- >/dev/null", 0, "lost on the way out: 0\n"},
		{"\"$1\" -r \"$2\" --replay \"$3\" 2>&- >/dev/null", 0, ""},
	};
	const char *reference = getenv("SAKER_REFERENCE");
	char capture[4096], *rules;

	if (!reference) {
		print_message("SAKER_REFERENCE is not set: no capture to replay\n");
		skip();
	}
	snprintf(capture, sizeof(capture), "%s/captures/host_attacks.scap", reference);
	rules = write_temp(good_rule);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run r = shell(cases[i].line, rules, capture);

		if (r.code != cases[i].code || !strstr(r.err, cases[i].said))
			fail_msg("%s: exit %d\n%s", cases[i].line, r.code, r.err);
		run_free(&r);
	}
	remove_temp(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_tab),
		cmocka_unit_test(test_lists_are_json),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_json_verdict),
		cmocka_unit_test(test_capture_not_opened),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_interrupted_while_opening),
		cmocka_unit_test(test_alerts_not_delivered),
		cmocka_unit_test(test_stable_rules),
		cmocka_unit_test(test_all_rules),
	};

	exe = getenv("SAKER_EXE");
	if (!exe) {
		fprintf(stderr, "SAKER_EXE is not set\n");
		return 77;
	}
	return cmocka_run_group_tests_name("saker", tests, NULL, NULL);
}
