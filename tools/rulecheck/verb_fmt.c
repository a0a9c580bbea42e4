/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck fmt: rule files laid out the same way, comments kept. */
#include <fcntl.h>
#include <sys/stat.h>

#include "fmt.h"
#include "line_diff.h"
#include "report.h"
#include "rulecheck.h"

struct fmt_options {
	bool write;
	bool check;
	bool diff;
};

static void complain(const char *path, const struct fmt_error *e)
{
	struct saker_diag d = {.id = "FMT",
			       .severity = SAKER_SEVERITY_ERROR,
			       .file = path,
			       .line = e->line,
			       .column = e->column,
			       .message = e->message,
			       .hint = "",
			       .snippet = ""};

	report_diag(stderr, report_colour(stderr), &d);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A new file takes the old one's place: who reads it sees one or the other, never half. */
static int replace_file(const char *path, const char *text, size_t len)
{
	_cleanup_free_ char *real = realpath(path, NULL); /* a link stays one */
	_cleanup_close_ int fd = -1;
	char temp[4096];
	struct stat st;
	int r;

	if (!real || stat(real, &st) < 0)
		return -errno;
	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", real) >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, len);
	if (r == 0 && fchmod(fd, st.st_mode & 07777) < 0)
		r = -errno;
	/* without the right to give files away it is the writer's, as an editor's would be */
	if (r == 0 && fchown(fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
		r = -errno;
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && rename(temp, real) < 0)
		r = -errno;
	if (r < 0)
		unlink(temp);
	return r;
}

static int give_out(const char *path, const struct fmt_options *o, const char *old, size_t old_len,
		    const char *new, size_t new_len, bool *ret_differs)
{
	bool differs = old_len != new_len || memcmp(old, new, old_len) != 0;
	int r = 0;

	*ret_differs = differs;
	if (o->diff && differs)
		r = line_diff(stdout, report_colour(stdout), path, old, old_len, new, new_len);
	else if (o->check && differs)
		puts(path);
	if (r == 0 && o->write && differs) {
		r = replace_file(path, new, new_len);
		if (r < 0)
			fprintf(stderr, "rulecheck: %s cannot be written: %s\n", path,
				strerror(-r));
	}
	if (!o->write && !o->check && !o->diff)
		fwrite(new, 1, new_len, stdout);
	return r;
}

static int format_file(const char *path, const struct fmt_options *o, bool *ret_differs)
{
	_cleanup_free_ char *text = NULL, *done = NULL;
	struct fmt_error error;
	size_t len, done_len;
	int r = read_whole_file(path, SOURCE_MAX_SIZE, &text, &len);

	if (r < 0) {
		fprintf(stderr, "rulecheck: %s cannot be read: %s\n", path, strerror(-r));
		return r;
	}
	r = fmt_text(text, len, &done, &done_len, &error);
	if (r < 0 && r != -ENOMEM)
		complain(path, &error);
	return r < 0 ? r : give_out(path, o, text, len, done, done_len, ret_differs);
}

static int format_all(const struct args *args, const struct fmt_options *o)
{
	struct reporter reporter = {.out = stderr, .colour = report_colour(stderr)};
	const char *standard_input[] = {"/dev/stdin"}; /* as gofmt: without names, a filter */
	const struct config none = {0};
	struct rules_files files;
	bool bad = false, differs = false;
	int r = rules_files_find(&files, args->n_files ? args->files : standard_input,
				 MAX(args->n_files, 1u), &none, reporter_diag, &reporter);

	if (r < 0)
		bad = true;
	for (uint32_t i = 0; r != -ENOMEM && i < files.n; i++) {
		bool one = false;

		r = format_file(files.paths[i], o, &one);
		bad |= r < 0;
		differs |= one;
	}
	rules_files_fini(&files);
	if (r == -ENOMEM)
		return RULECHECK_FAILED;
	return bad || (differs && !o->write && (o->check || o->diff)) ? RULECHECK_BAD
								      : RULECHECK_OK;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct fmt_options o = {0};
	const struct arg options[] = {
		{'w', "write", NULL, "change the files instead of printing them", &o.write, NULL},
		{0, "check", NULL, "name the files that are laid out otherwise, exit 1 if any",
		 &o.check, NULL},
		{'d', "diff", NULL, "print what would change, exit 1 if anything", &o.diff, NULL},
	};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	for (uint32_t i = 0; r == 0 && i < args.n_files; i++) {
		if (o.write && util_streq(args.files[i], "/dev/stdin"))
			r = args_bad(verb, "--write is for files, not for standard input");
	}
	if (o.write && o.check)
		r = args_bad(verb, "--write or --check, not both");
	else if (o.write && args.n_files == 0)
		r = args_bad(verb, "--write is for files, not for standard input");
	if (r == 0)
		r = format_all(&args, &o);
	args_fini(&args);
	return r;
}

const struct verb verb_fmt = {
	.name = "fmt",
	.arguments = "[FILE]...",
	.summary = "Lays rule files out the same way, comments and quotes kept.",
	.run = run,
};
