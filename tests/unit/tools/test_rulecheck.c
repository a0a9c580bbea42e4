/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulecheck as its users see it: what it prints over our own small rule files
 * (golden files; rewritten with --update), exit codes, the shape of its JSON, which
 * conditions it finds impossible; and Falco's rules and captures, where they are at
 * hand.
 */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "common/util.h"

#define MAX_ARGS 16

static const char *exe, *folder;
static bool update;

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

static char *slurp(int fd)
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

/* In the folder of the golden files, so that what is printed has no paths of a machine. */
static struct run rulecheck(const char *const *args)
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
		if (chdir(folder) == 0)
			execv(exe, argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	run.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	run.out = slurp(out);
	run.err = slurp(err);
	close(out);
	close(err);
	return run;
}

#define RULECHECK(...) rulecheck((const char *const[]){__VA_ARGS__, NULL})

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

/* ---- golden files ------------------------------------------------------------- */

static const struct golden {
	const char *name;
	int code;
	const char *args[8];
} golden[] = {
	{"validate-invalid", 1, {"validate", "invalid.yaml"}},
	{"validate-invalid-json", 1, {"validate", "--json", "invalid.yaml"}},
	{"validate-invalid-sarif", 1, {"validate", "--sarif", "invalid.yaml"}},
	{"validate-several", 0, {"validate", "good.yaml", "lint.yaml"}},
	{"lint", 1, {"lint", "lint.yaml"}},
	{"lint-note", 1, {"lint", "--level", "note", "lint.yaml"}},
	{"lint-error-json", 1, {"lint", "-l", "error", "--json", "lint.yaml"}},
	{"lint-sarif", 1, {"lint", "--sarif", "lint.yaml"}},
	{"lint-good", 0, {"lint", "good.yaml"}},
	{"lint-invalid", 1, {"lint", "invalid.yaml"}},
	{"list", 0, {"list", "good.yaml"}},
	{"list-json", 0, {"list", "--json", "good.yaml"}},
	{"list-csv", 0, {"list", "--csv", "good.yaml"}},
	{"list-markdown", 0, {"list", "--markdown", "good.yaml"}},
	{"list-mitre", 0, {"list", "--mitre", "good.yaml"}},
	{"list-mitre-json", 0, {"list", "--mitre", "--json", "good.yaml"}},
	{"list-mitre-csv", 0, {"list", "--mitre", "--csv", "good.yaml"}},
	{"list-mitre-markdown", 0, {"list", "--mitre", "--markdown", "good.yaml"}},
	{"list-tag", 0, {"list", "--tag", "mitre_*", "--priority", "notice", "good.yaml"}},
	{"list-disabled", 0, {"list", "--disabled", "good.yaml"}},
	{"list-name", 0, {"list", "--name", "shell", "good.yaml"}},
	{"explain-secret", 0, {"explain", "Read a secret", "good.yaml"}},
	{"explain-exception", 0, {"explain", "Connection out", "good.yaml"}},
	{"explain-id", 0, {"explain", "RC022"}},
	{"explain-code", 0, {"explain", "LOAD_NO_EVTTYPE"}},
	{"explain-ids", 0, {"explain", "--ids"}},
	{"test", 0, {"test", "cases.yaml"}},
	{"test-coverage", 1, {"test", "--coverage", "--rules", "lint.yaml", "cases.yaml"}},
	{"test-failing", 1, {"test", "failing.yaml"}},
	{"test-tap", 1, {"test", "--tap", "failing.yaml", "cases.yaml"}},
	{"diff", 1, {"diff", "good.yaml", "newer.yaml"}},
	{"diff-named", 1, {"diff", "named-old.yaml", "named-new.yaml"}},
	{"diff-same", 0, {"diff", "good.yaml", "good.yaml"}},
	{"dump", 0, {"dump", "good.yaml"}},
	{"dump-dag", 0, {"dump", "--stage", "dag", "compiled.yaml"}},
	{"dump-plan", 0, {"dump", "--stage", "plan", "compiled.yaml"}},
	{"fmt", 0, {"fmt", "fmt.yaml"}},
	{"fmt-diff", 1, {"fmt", "--diff", "fmt.yaml"}},
};

/* The version that SARIF tells is not what the golden files are about. */
static void hide_version(char *out)
{
	static const char told[] = "\"version\": \"" SAKER_VERSION "\"";
	char *found = strstr(out, told);

	if (found)
		memmove(found + strlen("\"version\": \"?"), found + strlen(told) - 1,
			strlen(found + strlen(told) - 1) + 1);
	if (found)
		found[strlen("\"version\": \"")] = '?';
}

static void compare(const struct golden *g, char *out)
{
	char path[4096];
	char *expected;
	int fd;

	hide_version(out);
	snprintf(path, sizeof(path), "%s/%s.txt", folder, g->name);
	if (update) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, out, strlen(out)), (ssize_t)strlen(out));
		close(fd);
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s is missing: run this test with --update", path);
	expected = slurp(fd);
	close(fd);
	if (!util_streq(expected, out))
		fail_msg("%s differs from what is printed now:\n%s", path, out);
	free(expected);
}

static void test_golden(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		struct run r = rulecheck(golden[i].args);

		if (r.code != golden[i].code)
			fail_msg("%s: exit %d, expected %d\n%s%s", golden[i].name, r.code,
				 golden[i].code, r.out, r.err);
		compare(&golden[i], r.out);
		run_free(&r);
	}
}

/* ---- the command line ------------------------------------------------------------ */

static void test_command_line(void **state)
{
	static const char *const verbs[] = {"validate", "lint", "list", "explain",
					    "test",	"diff", "dump"};

	expect(rulecheck((const char *const[]){NULL}), 2, "", "Usage: rulecheck VERB");
	expect(RULECHECK("--help"), 0, "validate", "");
	expect(RULECHECK("--version"), 0, "rulecheck ", "");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		expect(RULECHECK(verbs[i], "--help"), 0, "Usage: rulecheck ", "");
		expect(RULECHECK(verbs[i], "--nothing"), 2, "", "there is no option --nothing");
		expect(RULECHECK(verbs[i]), 2, "", "name ");
		if (!util_streq(verbs[i], "test"))
			expect(RULECHECK(verbs[i], "-c"), 2, "", "-c needs a value");
	}
	expect(RULECHECK("good.yaml"), 0, "good.yaml: Ok\n", "");
	expect(RULECHECK("--json", "good.yaml"), 0, "falco_load_results", "");
	expect(RULECHECK("nonsense"), 2, "", "there is no verb and no file 'nonsense'; see");
	expect(RULECHECK("validte"), 2, "", "did you mean validate?");
	expect(RULECHECK("/nonexistent.yaml"), 1, "Invalid", NULL);
	expect(RULECHECK("list", "/nonexistent.yaml"), 1, "", "cannot be read");
	expect(RULECHECK("list", "invalid.yaml"), 1, "", "LOAD_ERR_COMPILE_CONDITION");
	expect(RULECHECK("list", "--json", "--csv", "good.yaml"), 2, "", "one of");
	expect(RULECHECK("list", "-p", "LOUD", "good.yaml"), 2, "", "not 'LOUD'");
	expect(RULECHECK("lint", "-l", "loud", "good.yaml"), 2, "", "not 'loud'");
	expect(RULECHECK("explain", "Read a secrt", "good.yaml"), 2, "",
	       "did you mean 'Read a secret'?");
	expect(RULECHECK("explain", "RC999"), 2, "", "'RC999' is no id");
	expect(RULECHECK("dump", "-n", "None", "good.yaml"), 2, "", "there is no rule 'None'");
	expect(RULECHECK("test", "good.yaml"), 2, NULL, "a test file has rules and cases");
	expect(RULECHECK("test", "/nonexistent.yaml"), 2, NULL, "/nonexistent.yaml");
}

/* A full device is no success. */
static void test_output_lost(void **state)
{
	int status, full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	if (full < 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(full, STDOUT_FILENO);
		if (chdir(folder) == 0)
			execl(exe, exe, "list", "good.yaml", (char *)NULL);
		_exit(127);
	}
	close(full);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

/* What rule files say never drives the terminal. */
static void test_hostile(void **state)
{
	static const char *const verbs[] = {"list", "dump", "lint", "explain", "diff"};
	char *path = write_temp("- rule: \"a\\eb\"\n  desc: \"x\\e[31my\"\n"
				"  condition: \"proc.name = '\\e]0;t' and fd.num = 1\"\n"
				"  output: \"o\\e[1m\"\n  priority: INFO\n  tags: [\"t\\eu\"]\n");

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		bool explain = util_streq(verbs[i], "explain"), diff = util_streq(verbs[i], "diff");
		struct run r = diff	 ? RULECHECK("diff", path, "good.yaml")
			       : explain ? RULECHECK("explain",
						     "a\x1b"
						     "b",
						     path)
					 : RULECHECK(verbs[i], path);

		assert_true(r.code == 0 || r.code == 1);
		assert_non_null(strstr(r.out, "a?b"));
		assert_null(strchr(r.out, '\x1b'));
		assert_null(strchr(r.err, '\x1b'));
		run_free(&r);
	}
	unlink(path);
	free(path);
}

static void test_json_shapes(void **state)
{
	struct run r = RULECHECK("validate", "--json", "good.yaml", "invalid.yaml");
	json_t *j = json_loads(r.out, 0, NULL), *results, *errors;

	assert_non_null(j);
	results = json_object_get(j, "falco_load_results");
	assert_int_equal(json_array_size(results), 2);
	assert_true(json_is_true(json_object_get(json_array_get(results, 0), "successful")));
	assert_true(json_is_false(json_object_get(json_array_get(results, 1), "successful")));
	errors = json_object_get(json_array_get(results, 1), "errors");
	/* As in Falco the first error of a file ends it. */
	assert_int_equal(json_array_size(errors), 1);
	json_decref(j);
	run_free(&r);

	r = RULECHECK("lint", "--sarif", "lint.yaml");
	j = json_loads(r.out, 0, NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "version")), "2.1.0");
	results = json_object_get(json_array_get(json_object_get(j, "runs"), 0), "results");
	assert_true(json_array_size(results) > 10);
	json_decref(j);
	run_free(&r);
}

static void test_junit(void **state)
{
	struct run r = RULECHECK("test", "--junit", "failing.yaml", "cases.yaml");

	assert_int_equal(r.code, 1);
	assert_non_null(strstr(r.out, "<testsuite name=\"failing.yaml\" tests=\"3\" failures=\"3\" "
				      "errors=\"0\">"));
	assert_non_null(strstr(r.out, "<testsuite name=\"cases.yaml\" tests=\"4\" failures=\"0\" "
				      "errors=\"0\">"));
	assert_non_null(strstr(r.out, "user=&lt;NA&gt;"));
	assert_null(strstr(r.out, "user=<NA>"));
	run_free(&r);
}

/* ---- conditions that can never hold ------------------------------------------------ */

static bool lint_finds(const char *condition, const char *id)
{
	char text[2048], *path;
	struct run r;
	bool found;

	snprintf(text, sizeof(text),
		 "- macro: opened\n  condition: evt.type in (open, openat)\n"
		 "- macro: is_cat\n  condition: proc.name = cat\n"
		 "- rule: r\n  desc: d\n  condition: %s\n"
		 "  output: \"%%proc.cmdline %%fd.name\"\n  priority: INFO\n  tags: [t]\n",
		 condition);
	path = write_temp(text);
	r = RULECHECK("lint", "--level", "note", path);
	found = strstr(r.out, id) != NULL;
	if (strstr(r.out, "LOAD_ERR"))
		fail_msg("%s: %s", condition, r.out);
	unlink(path);
	free(path);
	run_free(&r);
	return found;
}

static const struct {
	const char *condition;
	bool never;
} impossible[] = {
	{"opened and proc.name = a and proc.name = b", true},
	{"opened and proc.name = a and proc.name = a", false},
	{"opened and proc.name = a and not proc.name = a", true},
	{"opened and proc.name = a and proc.name != a", true},
	{"opened and proc.name = a and proc.name != b", false},
	{"opened and proc.name in (a, b) and proc.name in (c, d)", true},
	{"opened and proc.name in (a, b) and proc.name in (b, c)", false},
	{"opened and proc.name in (a, b) and not proc.name in (a, b, c)", true},
	{"opened and proc.name in (a, b) and not proc.name in (a, c)", false},
	{"opened and is_cat and proc.name = dog", true},
	{"opened and not is_cat and is_cat", true},
	{"opened and evt.type = connect", true},
	{"opened and evt.type = openat", false},
	{"opened and not (not proc.name = a or not proc.name = b)", true},
	{"opened and fd.name = /etc/x and fd.name startswith /tmp/", true},
	{"opened and fd.name = /etc/x and fd.name startswith /etc/", false},
	{"opened and fd.name startswith /etc/ and fd.name startswith /tmp/", true},
	{"opened and fd.name startswith /etc/ and fd.name startswith /etc/ssl/", false},
	{"opened and fd.name = /etc/x and fd.name contains y", true},
	{"opened and fd.name in (/a.so, /b.so) and fd.name endswith .ko", true},
	{"opened and fd.name in (/a.so, /b.ko) and fd.name endswith .ko", false},
	{"opened and fd.name = /a and not fd.name startswith /", true},
	{"opened and fd.num > 5 and fd.num < 5", true},
	{"opened and fd.num >= 5 and fd.num <= 5", false},
	{"opened and fd.num = 3 and fd.num > 3", true},
	{"opened and fd.num = 016 and fd.num = 16", false},
	{"opened and fd.name exists and not fd.name exists", true},
	{"opened and not fd.name exists and fd.name = /a", true},
	{"opened and proc.name = a and (proc.name = b or proc.name = c)", true},
	{"opened and proc.name = a and (proc.name = b or user.uid = 0)", false},
	/* fields with several values may have both */
	{"evt.type = connect and fd.ip = 192.0.2.1 and fd.ip = 192.0.2.2", false},
	{"opened and proc.aname = a and proc.aname = b", false},
	{"opened and proc.aname[1] = a and proc.aname[2] = b", false},
	{"opened and proc.aname[1] = a and proc.aname[1] = b", false},
	/* the idiom for what a user may fill in */
	{"opened and evt.num = 0", false},
	{"opened and not proc.name != a and proc.name = b", true},
};

static void test_never(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(impossible); i++) {
		if (lint_finds(impossible[i].condition, "RC010") != impossible[i].never)
			fail_msg("%s: expected to be %s", impossible[i].condition,
				 impossible[i].never ? "impossible" : "possible");
	}
}

static void test_always(void **state)
{
	static const char cover[] = "opened and (proc.name != a or proc.name != b)";

	assert_true(lint_finds(cover, "RC011"));
	assert_true(lint_finds("opened and (proc.name = a or not proc.name = a)", "RC011"));
	assert_false(lint_finds("opened and (proc.name = a or proc.name != b)", "RC011"));
	assert_false(lint_finds("opened and (proc.name != a or proc.pname != b)", "RC011"));
	assert_false(lint_finds("opened and (proc.name != a or proc.name != a)", "RC011"));
}

/* ---- tests of rules that are written wrong -------------------------------------------- */

static void test_bad_cases(void **state)
{
	static const struct {
		const char *body;
		const char *err;
	} bad[] = {
		{"- {event: {evt.type: open}, match: X}\n", "the case has no name"},
		{"- {name: a, match: X}\n", "one of capture, event and events"},
		{"- {name: a, event: {evt.type: open}}\n", "expects nothing"},
		{"- {name: a, event: {evt.type: open}, mtach: X}\n", "no key 'mtach'"},
		{"- {name: a, event: {proc.name: open}, match: X}\n", "needs evt.type"},
		{"- {name: a, event: {evt.type: opne}, match: X}\n", "no events of type 'opne'"},
		{"- {name: a, event: {evt.type: open, proc.nmae: x}, match: X}\n",
		 "no field 'proc.nmae'"},
		{"- {name: a, event: {evt.type: open, proc.pid: x}, match: X}\n",
		 "'x' is no value of proc.pid"},
		{"- {name: a, event: {evt.type: connect, fd.sip: 1.2.3}, match: X}\n",
		 "'1.2.3' is no value of fd.sip"},
		{"- {name: a, event: {evt.type: open, proc.name: [a, b]}, match: X}\n",
		 "proc.name has one value"},
		{"- {name: a, event: {evt.type: open}, match: {rule: X, count: -1}}\n",
		 "count is a number"},
		{"- {name: a, event: {evt.type: open}, match: {output: x}}\n", "which rule"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[512], *path;

		snprintf(text, sizeof(text), "rules: [x.yaml]\ncases:\n  %s", bad[i].body);
		path = write_temp(text);
		expect(RULECHECK("test", path), 2, NULL, bad[i].err);
		unlink(path);
		free(path);
	}
}

/* The rules that we ship are valid and have no finding. */
static void test_our_rules(void **state)
{
	const char *path = "../../../librules/rules/saker_rules.yaml";

	expect(RULECHECK("validate", path), 0, "saker_rules.yaml: Ok\n", "");
	expect(RULECHECK("lint", path), 0, "", "");
}

/* ---- with the reference material ------------------------------------------------------ */

static const char *reference(void)
{
	const char *path = getenv("SAKER_REFERENCE");

	if (!path) {
		print_message("SAKER_REFERENCE is not set: no public rules to read\n");
		skip();
	}
	return path;
}

static void test_public_rules(void **state)
{
	char pattern[4096];
	unsigned int n = 0;
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/rules/*.yaml", reference());
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char line[4200];

		snprintf(line, sizeof(line), "%s: Ok", files.gl_pathv[i]);
		expect(RULECHECK(files.gl_pathv[i]), 0, line, NULL);
		expect(RULECHECK("list", "--mitre", files.gl_pathv[i]), 0, "of 14 tactics", NULL);
		n++;
	}
	globfree(&files);
	assert_true(n >= 4);
}

/* What dump prints is a condition of the same meaning: dumped once more, it is the same. */
static void test_dump_again(void **state)
{
	char path[4096], *yaml, *again, *line, *rest, *save = NULL;
	struct run first, second;
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/rules/falco_rules.yaml", reference());
	first = RULECHECK("dump", path);
	assert_int_equal(first.code, 0);
	rest = strdup(first.out);
	assert_non_null(rest);
	f = open_memstream(&yaml, &size);
	assert_non_null(f);
	for (line = strtok_r(rest, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *colon = strstr(line, ": ");

		assert_non_null(colon);
		fprintf(f,
			"- rule: \"%.*s\"\n  desc: d\n  output: o\n  priority: INFO\n"
			"  condition: |\n    %s\n",
			(int)(colon - line), line, colon + 2);
	}
	fclose(f);
	again = write_temp(yaml);
	second = RULECHECK("dump", again);
	if (second.code != 0)
		fail_msg("%.2000s", second.err);
	assert_string_equal(first.out, second.out);
	unlink(again);
	free(again);
	free(yaml);
	free(rest);
	run_free(&first);
	run_free(&second);
}

static void test_capture(void **state)
{
	char text[8192], *path;
	const char *r = reference();

	snprintf(text, sizeof(text),
		 "rules: %s/rules/falco_rules.yaml\ncases:\n"
		 "  - name: attacks\n    capture: %s/captures/host_attacks.scap\n"
		 "    match:\n      - {rule: Read sensitive file untrusted, count: 3}\n"
		 "      - {rule: Read sensitive file untrusted, contains: file=/etc/shadow}\n"
		 "      - PTRACE attached to process\n"
		 "    no_match: Terminal shell in container\n"
		 "  - name: not there\n    capture: %s/captures/host_attacks.scap\n"
		 "    match: Terminal shell in container\n"
		 "  - name: no capture\n    capture: /nonexistent.scap\n    match: X\n",
		 r, r, r);
	path = write_temp(text);
	expect(RULECHECK("test", path), 1, "ok     attacks\n", NULL);
	expect(RULECHECK("test", path), 1, "- and container.id != host", NULL);
	expect(RULECHECK("test", path), 1, "/nonexistent.scap", NULL);
	expect(RULECHECK("test", path), 1, "3 cases, 2 failed", NULL);
	unlink(path);
	free(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),	     cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_output_lost),  cmocka_unit_test(test_json_shapes),
		cmocka_unit_test(test_junit),	     cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_never),	     cmocka_unit_test(test_always),
		cmocka_unit_test(test_bad_cases),    cmocka_unit_test(test_our_rules),
		cmocka_unit_test(test_public_rules), cmocka_unit_test(test_dump_again),
		cmocka_unit_test(test_capture),
	};
	static char golden_folder[4096];
	const char *root = getenv("SAKER_SOURCE_ROOT");

	exe = getenv("RULECHECK_EXE");
	if (!exe || !root) {
		fprintf(stderr, "RULECHECK_EXE or SAKER_SOURCE_ROOT is not set\n");
		return 77;
	}
	update = argc > 1 && util_streq(argv[1], "--update");
	snprintf(golden_folder, sizeof(golden_folder), "%s/tests/golden/rulecheck", root);
	folder = golden_folder;
	return cmocka_run_group_tests_name("rulecheck", tests, NULL, NULL);
}
