/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulecheck diff: what another version of rule files changes in the rules. Conditions
 * are compared written out, so that a macro or list that changed shows in each rule
 * that uses it, and one that was only renamed shows nowhere.
 */
#include "expression.h"
#include "rulecheck.h"

#define MAX_PARTS 256

struct side {
	struct ruleset_loaded loaded;
	const char *path;
};

/* The parts of a condition that all have to hold, as text. */
struct parts {
	char *v[MAX_PARTS];
	uint32_t n;
};

static const struct saker_rule *find_rule(const struct side *side, const char *name)
{
	for (uint32_t i = 0; i < saker_ruleset_n_rules(side->loaded.ruleset); i++) {
		const struct saker_rule *rule = saker_ruleset_rule(side->loaded.ruleset, i);

		if (util_streq(rule->name, name))
			return rule;
	}
	return NULL;
}

static int add_parts(struct parts *p, const struct saker_expression *e)
{
	int r = 0;

	if (e->kind == SAKER_EXPRESSION_AND && p->n + e->n_children <= MAX_PARTS) {
		for (uint32_t i = 0; r == 0 && i < e->n_children; i++)
			r = add_parts(p, e->children[i]);
		return r;
	}
	if (p->n == MAX_PARTS)
		return -E2BIG;
	p->v[p->n] = expression_text(e);
	return p->v[p->n] ? (p->n++, 0) : -ENOMEM;
}

static void parts_fini(struct parts *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		free(p->v[i]);
}

static bool has_part(const struct parts *p, const char *part)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (util_streq(p->v[i], part))
			return true;
	}
	return false;
}

/* Those of one that the other has not. */
static uint32_t print_missing(FILE *out, char sign, const struct parts *of, const struct parts *in)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < of->n; i++) {
		if (has_part(in, of->v[i]))
			continue;
		fprintf(out, "    %c condition: ", sign);
		put_text(out, of->v[i]);
		fputc('\n', out);
		n++;
	}
	return n;
}

static int compare_conditions(FILE *out, const struct saker_rule_details *a,
			      const struct saker_rule_details *b, uint32_t *n)
{
	struct parts *x = calloc(1, sizeof(*x)), *y = calloc(1, sizeof(*y));
	int r = x && y ? add_parts(x, a->root) : -ENOMEM;

	if (r == 0)
		r = add_parts(y, b->root);
	if (r == 0)
		*n += print_missing(out, '-', x, y) + print_missing(out, '+', y, x);
	if (x)
		parts_fini(x);
	if (y)
		parts_fini(y);
	free(x);
	free(y);
	return r;
}

static void compare_texts(FILE *out, const char *what, const char *a, const char *b, uint32_t *n)
{
	if (util_streq(a, b))
		return;
	fprintf(out, "    - %s: ", what);
	put_text(out, a);
	fprintf(out, "\n    + %s: ", what);
	put_text(out, b);
	fputc('\n', out);
	(*n)++;
}

static bool has_tag(const struct saker_rule *rule, const char *tag)
{
	for (uint32_t i = 0; i < rule->n_tags; i++) {
		if (util_streq(rule->tags[i], tag))
			return true;
	}
	return false;
}

static void compare_tags(FILE *out, char sign, const struct saker_rule *of,
			 const struct saker_rule *in, uint32_t *n)
{
	for (uint32_t i = 0; i < of->n_tags; i++) {
		if (has_tag(in, of->tags[i]))
			continue;
		fprintf(out, "    %c tag: ", sign);
		put_text(out, of->tags[i]);
		fputc('\n', out);
		(*n)++;
	}
}

static int compare_rule(const struct side *old, const struct side *new, const struct saker_rule *a,
			const struct saker_rule *b, uint32_t *changed)
{
	const struct saker_rule_details *x = ruleset_details(&old->loaded, a->name);
	const struct saker_rule_details *y = ruleset_details(&new->loaded, b->name);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	uint32_t n = 0;
	int r = 0;

	if (!out)
		return -ENOMEM;
	compare_texts(out, "enabled", a->enabled ? "yes" : "no", b->enabled ? "yes" : "no", &n);
	compare_texts(out, "priority", saker_priority_name(a->priority),
		      saker_priority_name(b->priority), &n);
	compare_texts(out, "source", a->source, b->source, &n);
	if (x && y)
		r = compare_conditions(out, x, y, &n);
	compare_texts(out, "output", a->output, b->output, &n);
	compare_texts(out, "description", a->description, b->description, &n);
	compare_tags(out, '-', a, b, &n);
	compare_tags(out, '+', b, a, &n);
	if (fclose(out) != 0)
		r = -ENOMEM;
	if (r == 0 && n) {
		fputs("changed  ", stdout);
		put_text(stdout, a->name);
		fputc('\n', stdout);
		fputs(text, stdout);
		(*changed)++;
	}
	free(text);
	return r;
}

/* Rules of one side that the other has not. */
static uint32_t print_only(const char *word, const struct side *of, const struct side *in)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < saker_ruleset_n_rules(of->loaded.ruleset); i++) {
		const struct saker_rule *rule = saker_ruleset_rule(of->loaded.ruleset, i);

		if (find_rule(in, rule->name))
			continue;
		fputs(word, stdout);
		put_text(stdout, rule->name);
		fputc('\n', stdout);
		n++;
	}
	return n;
}

static int compare(const struct side *old, const struct side *new)
{
	uint32_t removed = print_only("removed  ", old, new), added, changed = 0;
	int r = 0;

	added = print_only("added    ", new, old);
	for (uint32_t i = 0; r == 0 && i < saker_ruleset_n_rules(old->loaded.ruleset); i++) {
		const struct saker_rule *a = saker_ruleset_rule(old->loaded.ruleset, i);
		const struct saker_rule *b = find_rule(new, a->name);

		if (b)
			r = compare_rule(old, new, a, b, &changed);
	}
	if (r < 0) {
		fprintf(stderr, "rulecheck: the rules cannot be compared: %s\n", strerror(-r));
		return RULECHECK_FAILED;
	}
	printf("%u added, %u removed, %u changed\n", added, removed, changed);
	return added + removed + changed ? RULECHECK_BAD : RULECHECK_OK;
}

static int load_side(struct side *side, const char **path, const char *config)
{
	const struct args one = {path, 1};

	side->path = *path;
	return ruleset_load_or_say(&side->loaded, &one, config);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	const char *config = NULL;
	const struct arg options[] = {
		{'c', "config", "FILE", "a configuration, as for the agent", NULL, &config},
	};
	struct side old = {0}, new = {0};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	if (args.n_files != 2) {
		r = args_bad(verb, "name two rule files, or two folders of them");
	} else {
		r = load_side(&old, &args.files[0], config);
		if (r == 0)
			r = load_side(&new, &args.files[1], config);
		if (r == 0)
			r = compare(&old, &new);
		ruleset_fini(&old.loaded);
		if (new.path)
			ruleset_fini(&new.loaded);
	}
	args_fini(&args);
	return r;
}

const struct verb verb_diff = {
	.name = "diff",
	.arguments = "OLD NEW",
	.summary =
		"Says which rules another version of files or folders adds, removes and changes.",
	.run = run,
};
