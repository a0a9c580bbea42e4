/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulecheck diff: what another version of rule files changes in what they mean.
 * Conditions are compared written out, so that a macro or list that changed shows in
 * each rule that uses it, and one that was only renamed in none. Macros and lists are
 * compared written out as well: they are loaded once more as conditions of rules.
 */
#include "expression.h"
#include "rulecheck.h"

#define MORE "rulecheck:more"
#define MAX_SHOWN 1000 /* bytes of a part */

struct side {
	struct ruleset_loaded loaded;
	struct ruleset_loaded named; /* a rule for each macro and list */
	char *more;		     /* their text */
	const char *path;
};

/* The parts of a condition that all have to hold, or a list's values, as text. */
struct parts {
	char **v;
	uint32_t n;
	uint32_t capacity;
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

static int add_part(struct parts *p, char *text)
{
	if (!text || GROW(p->v, p->n, p->capacity) < 0) {
		free(text);
		return -ENOMEM;
	}
	p->v[p->n++] = text;
	return 0;
}

static int add_parts(struct parts *p, const struct saker_expression *e)
{
	int r = 0;

	if (e->kind != SAKER_EXPRESSION_AND)
		return add_part(p, expression_normal_text(e));
	for (uint32_t i = 0; r == 0 && i < e->n_children; i++)
		r = add_parts(p, e->children[i]);
	return r;
}

/* A list is the right side of its rule's one check. */
static int add_values(struct parts *p, const struct saker_expression *e)
{
	const struct saker_operand *right = e->kind == SAKER_EXPRESSION_CHECK ? e->right : NULL;
	int r = 0;

	for (uint32_t i = 0; r == 0 && right && i < right->n_args; i++)
		r = add_part(p, strdup(right->args[i]->written));
	return r;
}

static void parts_fini(struct parts *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		free(p->v[i]);
	free(p->v);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_parts(struct parts *p)
{
	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), by_text);
}

/* A long list's values are told with the list. */
static void put_part(FILE *out, const char *text)
{
	size_t n = strlen(text), shown = MIN(n, (size_t)MAX_SHOWN);

	while (shown < n && shown && ((unsigned char)text[shown] & 0xc0) == 0x80)
		shown--;
	report_put(out, text, shown);
	fputs(shown < n ? " ...\n" : "\n", out);
}

/* Those of one that the other has not; both are sorted, since lists may be long. */
static uint32_t print_missing(FILE *out, const char *what, char sign, const struct parts *of,
			      const struct parts *in)
{
	uint32_t n = 0, k = 0;

	for (uint32_t i = 0; i < of->n; i++) {
		while (k < in->n && strcmp(in->v[k], of->v[i]) < 0)
			k++;
		if (k < in->n && util_streq(in->v[k], of->v[i]))
			continue;
		fprintf(out, "    %c %s: ", sign, what);
		put_part(out, of->v[i]);
		n++;
	}
	return n;
}

static int compare_trees(FILE *out, const char *what,
			 int (*add)(struct parts *p, const struct saker_expression *e),
			 const struct saker_rule_details *a, const struct saker_rule_details *b,
			 uint32_t *n)
{
	struct parts x = {0}, y = {0};
	int r = add(&x, a->root);

	if (r == 0)
		r = add(&y, b->root);
	sort_parts(&x);
	sort_parts(&y);
	if (r == 0)
		*n += print_missing(out, what, '-', &x, &y) + print_missing(out, what, '+', &y, &x);
	parts_fini(&x);
	parts_fini(&y);
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
		r = compare_trees(out, "condition", add_parts, x, y, &n);
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

/* ---- macros and lists ------------------------------------------------------------ */

struct kind {
	const char *name;
	const char *what; /* a part of it */
	int (*add)(struct parts *p, const struct saker_expression *e);
};

static const struct kind kinds[] = {
	{"macro", "condition", add_parts},
	{"list", "value", add_values},
};

/* The rule that stands for a definition; its name has what names of files' rules have not. */
static void put_rule_name(FILE *out, const char *kind, const char *name)
{
	fprintf(out, "%s\x01%s", kind, name);
}

/* What can be written into a condition and a string as it is. */
static bool is_bare(const char *name)
{
	return *name && !strpbrk(name, " \t\r\n()[]{},\"'=\\#:%");
}

static int name_all(struct side *side)
{
	const struct saker_inspection *all = side->loaded.inspection;
	size_t size;
	FILE *out = open_memstream(&side->more, &size);

	if (!out)
		return -ENOMEM;
	fputs("# the definitions, each as a rule\n", out);
	for (uint32_t i = 0; i < all->n_definitions; i++) {
		const struct saker_definition *d = &all->definitions[i];

		if (d->replaced_by.file || !is_bare(d->name))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (!util_streq(kinds[k].name, d->kind))
				continue;
			fprintf(out, "- rule: \"%s\\x01%s\"\n  desc: x\n  output: x\n", d->kind,
				d->name);
			fprintf(out, "  priority: INFO\n  condition: ");
			if (k == 0)
				fprintf(out, "%s\n", d->name);
			else
				fprintf(out, "proc.name in (%s)\n", d->name);
		}
	}
	return fclose(out) == 0 ? 0 : -ENOMEM;
}

static const char *more_text(void *userdata, const char *path, size_t *ret_len)
{
	const struct side *side = userdata;

	*ret_len = strlen(side->more);
	return util_streq(path, MORE) ? side->more : NULL;
}

/* The same files with the definitions' rules behind them. */
static int load_named(struct side *side, const char *config)
{
	const struct rules_files *files = &side->loaded.files;
	const struct ruleset_how how = {
		.config = config, .text_of = more_text, .text_userdata = side};
	_cleanup_free_ const char **paths = calloc((size_t)files->n + 1, sizeof(*paths));
	int r = paths ? name_all(side) : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < files->n; i++)
		paths[i] = files->paths[i];
	if (r < 0)
		return r;
	paths[files->n] = MORE;
	return ruleset_load_files(&side->named, paths, files->n + 1, &how, NULL, NULL);
}

static const struct saker_rule_details *find_named(const struct side *side, const char *kind,
						   const char *name)
{
	_cleanup_free_ char *rule = NULL;
	size_t size;
	FILE *out = open_memstream(&rule, &size);

	if (!out)
		return NULL;
	if (!side->named.inspection) {
		fclose(out);
		return NULL;
	}
	put_rule_name(out, kind, name);
	return fclose(out) == 0 ? ruleset_details(&side->named, rule) : NULL;
}

static void print_named(const char *word, const char *kind, const char *name)
{
	printf("%s%s ", word, kind);
	put_text(stdout, name);
	putchar('\n');
}

static int compare_named(const struct side *old, const struct side *new, const struct kind *kind,
			 const char *name, uint32_t *changed)
{
	const struct saker_rule_details *a = find_named(old, kind->name, name);
	const struct saker_rule_details *b = find_named(new, kind->name, name);
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out;
	uint32_t n = 0;
	int r;

	if (!a || !b)
		return 0;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	r = compare_trees(out, kind->what, kind->add, a, b, &n);
	if (fclose(out) != 0)
		r = -ENOMEM;
	if (r == 0 && n) {
		print_named("changed  ", kind->name, name);
		fputs(text, stdout);
		(*changed)++;
	}
	return r;
}

struct counts {
	uint32_t added;
	uint32_t removed;
	uint32_t changed;
};

static int compare_all_named(const struct side *old, const struct side *new, struct counts *n)
{
	const struct saker_inspection *from = old->loaded.inspection, *to = new->loaded.inspection;
	int r = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const char *kind = kinds[k].name;

		for (uint32_t i = 0; r == 0 && i < from->n_definitions; i++) {
			const struct saker_definition *d = &from->definitions[i];

			if (!util_streq(d->kind, kind) || !find_named(old, kind, d->name) ||
			    d->replaced_by.file)
				continue;
			if (!find_named(new, kind, d->name)) {
				print_named("removed  ", kind, d->name);
				n->removed++;
			} else {
				r = compare_named(old, new, &kinds[k], d->name, &n->changed);
			}
		}
		for (uint32_t i = 0; r == 0 && i < to->n_definitions; i++) {
			const struct saker_definition *d = &to->definitions[i];

			if (util_streq(d->kind, kind) && !d->replaced_by.file &&
			    find_named(new, kind, d->name) && !find_named(old, kind, d->name)) {
				print_named("added    ", kind, d->name);
				n->added++;
			}
		}
	}
	return r;
}

static int compare(const struct side *old, const struct side *new)
{
	struct counts n = {.removed = print_only("removed  ", old, new)};
	int r = 0;

	n.added = print_only("added    ", new, old);
	for (uint32_t i = 0; r == 0 && i < saker_ruleset_n_rules(old->loaded.ruleset); i++) {
		const struct saker_rule *a = saker_ruleset_rule(old->loaded.ruleset, i);
		const struct saker_rule *b = find_rule(new, a->name);

		if (b)
			r = compare_rule(old, new, a, b, &n.changed);
	}
	if (r == 0)
		r = compare_all_named(old, new, &n);
	if (r < 0) {
		fprintf(stderr, "rulecheck: the rules cannot be compared: %s\n", strerror(-r));
		return RULECHECK_FAILED;
	}
	printf("%u added, %u removed, %u changed\n", n.added, n.removed, n.changed);
	return n.added + n.removed + n.changed ? RULECHECK_BAD : RULECHECK_OK;
}

static int load_side(struct side *side, const char **path, const char *config)
{
	const struct args one = {path, 1};
	int r;

	side->path = *path;
	r = ruleset_load_or_say(&side->loaded, &one, config);
	if (r)
		return r;
	r = load_named(side, config);
	if (r == -ENOMEM)
		return RULECHECK_FAILED;
	/* such as a macro over fields that rules with skip-if-unknown-filter only use */
	if (r < 0)
		fprintf(stderr,
			"rulecheck: %s: its macros and lists cannot be compared by themselves\n",
			*path);
	return 0;
}

static void side_fini(struct side *side)
{
	if (!side->path)
		return;
	ruleset_fini(&side->loaded);
	ruleset_fini(&side->named);
	free(side->more);
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
		side_fini(&old);
		side_fini(&new);
	}
	args_fini(&args);
	return r;
}

const struct verb verb_diff = {
	.name = "diff",
	.arguments = "OLD NEW",
	.summary = "Says which rules, macros and lists another version adds, removes and changes.",
	.run = run,
};
