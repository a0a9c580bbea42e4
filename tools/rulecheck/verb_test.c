/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck test: test files run, and what came of them as text, TAP or JUnit's XML. */
#include <time.h>

#include "report.h"
#include "run.h"
#include "text.h"

enum test_format { TEST_TEXT, TEST_TAP, TEST_JUNIT };

struct test_result {
	const char *file;
	char *name;
	char *why; /* "" = passed */
	int r;	   /* as of run_case */
	double seconds;
};

struct test_results {
	struct test_result *v;
	uint32_t n;
	uint32_t capacity;
	enum test_format format;
	const char *rules; /* instead of what the files name, or NULL */
	struct coverage coverage;
	bool cover;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put_lines(FILE *out, const char *text, const char *before)
{
	while (*text) {
		int n = (int)strcspn(text, "\n");

		fputs(before, out);
		report_put(out, text, (size_t)n);
		fputc('\n', out);
		text += n;
		text += *text == '\n';
	}
}

/* XML 1.0 has no controls but these three, whichever way they are written. */
static void put_xml(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc((unsigned char)*text < 0x20 && !strchr("\t\n\r", *text) ? '?' : *text,
			      out);
		}
	}
}

static void print_result(const struct test_results *all, const struct test_result *t)
{
	if (all->format == TEST_TAP) {
		/* a '#' would begin a directive */
		printf("%sok %u - ", t->r ? "not " : "", all->n);
		for (char *p = t->name; (p = strchr(p, '#'));)
			*p = ' ';
		put_text(stdout, t->name);
		putchar('\n');
		put_lines(stdout, t->why, "  # ");
	} else if (all->format == TEST_TEXT) {
		printf("%-6s ", t->r ? "FAILED" : "ok");
		put_text(stdout, t->name);
		putchar('\n');
		put_lines(stdout, t->why, "       ");
	}
}

static void print_junit(const struct test_results *all, const char *file)
{
	uint32_t n = 0, failed = 0, broken = 0;

	for (uint32_t i = 0; i < all->n; i++) {
		if (!util_streq(all->v[i].file, file))
			continue;
		n++;
		failed += all->v[i].r > 0;
		broken += all->v[i].r < 0;
	}
	fputs("  <testsuite name=\"", stdout);
	put_xml(stdout, file);
	printf("\" tests=\"%u\" failures=\"%u\" errors=\"%u\">\n", n, failed, broken);
	for (uint32_t i = 0; i < all->n; i++) {
		const struct test_result *t = &all->v[i];

		if (!util_streq(t->file, file))
			continue;
		fputs("    <testcase classname=\"", stdout);
		put_xml(stdout, file);
		fputs("\" name=\"", stdout);
		put_xml(stdout, t->name);
		printf("\" time=\"%.3f\"", t->seconds);
		if (t->r == 0) {
			puts("/>");
			continue;
		}
		printf(">\n      <%s message=\"%s\">", t->r > 0 ? "failure" : "error",
		       t->r > 0 ? "an expectation is not met" : "it could not be run");
		put_xml(stdout, t->why);
		printf("</%s>\n    </testcase>\n", t->r > 0 ? "failure" : "error");
	}
	puts("  </testsuite>");
}

static int run_one(struct test_results *all, const char *path, struct test_case *c)
{
	struct test_result *t;
	size_t size;
	FILE *out;

	if (GROW(all->v, all->n, all->capacity) < 0)
		return -ENOMEM;
	if (all->rules) {
		c->rules = &all->rules;
		c->n_rules = 1;
	}
	t = &all->v[all->n];
	*t = (struct test_result){.file = path, .name = strdup(c->name), .seconds = now()};
	out = open_memstream(&t->why, &size);
	if (!out || !t->name) {
		free(t->name);
		return -ENOMEM;
	}
	all->n++;
	t->r = run_case(c, all->cover ? &all->coverage : NULL, out);
	t->seconds = now() - t->seconds;
	if (fclose(out) != 0 || t->r == -ENOMEM)
		return -ENOMEM;
	text_make_utf8(t->why);
	text_make_utf8(t->name);
	print_result(all, t);
	return 0;
}

static int run_files(struct test_results *all, const struct args *args)
{
	struct reporter reporter = {.out = stderr, .colour = report_colour(stderr)};
	int r = 0, bad = 0;

	for (uint32_t i = 0; r == 0 && i < args->n_files; i++) {
		struct test_file file;
		unsigned int errors = reporter.errors;
		bool read = test_file_read(&file, args->files[i], reporter_diag, &reporter) == 0;

		if (!read) {
			bad = RULECHECK_USAGE;
			if (reporter.errors == errors)
				fprintf(stderr, "rulecheck: %s cannot be read\n", args->files[i]);
		}
		for (uint32_t k = 0; read && r == 0 && k < file.n; k++)
			r = run_one(all, args->files[i], &file.cases[k]);
		test_file_fini(&file);
	}
	reporter_finish(&reporter);
	return r < 0 ? RULECHECK_FAILED : bad;
}

static int finish_results(struct test_results *all, const struct args *args, int r)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < all->n; i++)
		failed += all->v[i].r != 0;
	if (all->format == TEST_TAP) {
		printf("1..%u\n", all->n);
	} else if (all->format == TEST_JUNIT) {
		puts("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>");
		for (uint32_t i = 0; i < args->n_files; i++)
			print_junit(all, args->files[i]);
		puts("</testsuites>");
	} else {
		printf("%u case%s, %u failed\n", all->n, all->n == 1 ? "" : "s", failed);
	}
	for (uint32_t i = 0; i < all->n; i++) {
		free(all->v[i].name);
		free(all->v[i].why);
	}
	free(all->v);
	/* what reads TAP or XML reads nothing else */
	if (all->cover &&
	    coverage_print(all->format == TEST_TEXT ? stdout : stderr, &all->coverage))
		failed++;
	coverage_fini(&all->coverage);
	return r ? r : failed ? RULECHECK_BAD : RULECHECK_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	bool tap = false, junit = false, cover = false;
	const char *rules = NULL;
	const struct arg options[] = {
		{'r', "rules", "FILE", "a rule file or folder instead of those that tests name",
		 NULL, &rules},
		{0, "coverage", NULL, "name rules without cases, exit 1 if there are any", &cover,
		 NULL},
		{0, "tap", NULL, "results as TAP", &tap, NULL},
		{0, "junit", NULL, "results as JUnit's XML", &junit, NULL},
	};
	struct test_results all = {0};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	if (args.n_files == 0) {
		r = args_bad(verb, "name the test files");
	} else if (tap && junit) {
		r = args_bad(verb, "--tap or --junit, not both");
	} else {
		all.rules = rules;
		all.cover = cover;
		all.format = tap ? TEST_TAP : junit ? TEST_JUNIT : TEST_TEXT;
		if (tap)
			puts("TAP version 13");
		r = finish_results(&all, &args, run_files(&all, &args));
	}
	args_fini(&args);
	return r;
}

const struct verb verb_test = {
	.name = "test",
	.arguments = "FILE...",
	.summary = "Runs rules over captures or events written down, and compares the alerts.",
	.run = run,
};
