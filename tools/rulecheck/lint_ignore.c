/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comments that silence findings: "# rulecheck: ignore RC020, RC024". One counts for
 * the whole item (rule, macro, list) that it stands in or right above.
 */
#include "lint.h"

static const char word[] = "rulecheck: ignore";

struct ignored_line {
	const char *ids; /* behind the word, or NULL; in the text */
	bool item;	 /* an item begins here */
	bool comment;	 /* nothing but a comment */
};

struct ignored_file {
	const char *name;
	char *text;
	struct ignored_line *lines; /* [0] is line 1 */
	uint32_t n;
	uint32_t capacity;
	size_t indent; /* of the dash that begins an item */
};

/* A copy; NULL = it cannot be had. What is behind a NUL is no rule file's. */
static char *slurp(const char *path, rules_text_fn text_of, void *userdata)
{
	size_t len;
	const char *text = text_of ? text_of(userdata, path, &len) : NULL;
	char *copy = NULL;

	if (text)
		return strndup(text, len);
	return read_whole_file(path, MAX_STANDARD_INPUT, &copy, &len) == 0 ? copy : NULL;
}

static int read_line(struct ignored_file *f, char *line)
{
	size_t indent = strspn(line, " ");
	char *hash = strchr(line, '#'), *found = hash ? strstr(hash, word) : NULL;
	struct ignored_line l = {.comment = line[indent] == '#'};

	if (found)
		l.ids = found + strlen(word);
	if (line[indent] == '-' && line[indent + 1] == ' ') {
		if (f->indent == SIZE_MAX)
			f->indent = indent;
		l.item = indent == f->indent;
	}
	if (GROW(f->lines, f->n, f->capacity) < 0)
		return -ENOMEM;
	f->lines[f->n++] = l;
	return 0;
}

static int read_file(struct ignored_file *f, const char *name, rules_text_fn text_of,
		     void *userdata)
{
	char *line, *rest;
	int r = 0;

	*f = (struct ignored_file){
		.name = name, .indent = SIZE_MAX, .text = slurp(name, text_of, userdata)};
	rest = f->text;
	while (r == 0 && rest && (line = strsep(&rest, "\n")))
		r = read_line(f, line);
	return r;
}

static void forget_file(struct ignored_file *f)
{
	free(f->text);
	free(f->lines);
}

static bool names(const char *ids, const char *id)
{
	while (*ids) {
		size_t n = strcspn(ids, ", \t\r#");

		if (n == strlen(id) && strncasecmp(ids, id, n) == 0)
			return true;
		ids += n;
		ids += strspn(ids, ", \t\r#");
	}
	return false;
}

static bool is_ignored(const struct ignored_file *f, const struct saker_diag *d)
{
	uint32_t from = MIN(d->line, f->n), to = from;

	if (from == 0)
		return false;
	from--; /* now an index */
	while (from > 0 && !f->lines[from].item)
		from--;
	while (to < f->n && !f->lines[to].item)
		to++;
	/* Comments right above an item are that item's. */
	while (to > from + 1 && to < f->n && f->lines[to - 1].comment)
		to--;
	while (from > 0 && f->lines[from - 1].comment)
		from--;
	for (uint32_t i = from; i < to; i++) {
		if (f->lines[i].ids && names(f->lines[i].ids, d->id))
			return true;
	}
	return false;
}

int lint_ignore(struct findings *findings, rules_text_fn text_of, void *userdata)
{
	struct ignored_file file = {0};
	uint32_t n = 0;
	int r = 0;

	findings_sort(findings); /* one file after the other */
	for (uint32_t i = 0; r == 0 && i < findings->n; i++) {
		const struct saker_diag *d = &findings->v[i].diag;

		if (!file.name || !util_streq(file.name, d->file)) {
			forget_file(&file);
			r = read_file(&file, d->file, text_of, userdata);
		}
		if (!is_ignored(&file, d))
			findings->v[n++] = findings->v[i];
	}
	findings->n = n;
	forget_file(&file);
	return r;
}
