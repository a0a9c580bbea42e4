/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck explain: a rule written out, with where its parts come from; or what a finding means.
 */
#include <saker/event.h>

#include "codes.h"
#include "events.h"
#include "expression.h"
#include "lint.h"
#include "report.h"
#include "rulecheck.h"

#define MAX_EVENTS 40 /* named; more are counted */

static void put_wrapped(FILE *out, const char *text, int indent, int width)
{
	int column = 0;

	while (*text) {
		int n = (int)strcspn(text, " \n");

		if (column && column + 1 + n > width) {
			fputc('\n', out);
			column = 0;
		}
		if (n) {
			column += fprintf(out, "%*s", column ? 1 : indent, "") + n;
			report_put(out, text, (size_t)n);
		}
		text += n;
		text += strspn(text, " \n");
	}
	fputc('\n', out);
}

/* ---- an id --------------------------------------------------------------------- */

static bool explain_id(const char *id)
{
	const struct lint_kind *kind = lint_find(id);
	const struct code *code = codes_find(id);

	if (!kind && !code)
		return false;
	printf("%s: %s\n\n", id, kind ? kind->summary : code->text);
	put_wrapped(stdout, kind ? kind->explanation : code->explanation, 4, 92);
	if (kind)
		printf("\n    Silence it in place: # rulecheck: ignore %s\n", kind->id);
	return true;
}

static void list_ids(void)
{
	for (unsigned int i = 0; i < LINT_COUNT; i++) {
		const struct lint_kind *kind = lint_kind((enum lint_id)i);

		printf("%s  %-7s  %s\n", kind->id,
		       kind->severity == SAKER_SEVERITY_ERROR	  ? "error"
		       : kind->severity == SAKER_SEVERITY_WARNING ? "warning"
								  : "note",
		       kind->summary);
	}
}

/* ---- a rule -------------------------------------------------------------------- */

static void note_origin(void *userdata, FILE *out, const struct saker_expression *e,
			const struct saker_expression *parent)
{
	if (e->macro && (!parent || !parent->macro || !util_streq(parent->macro, e->macro)))
		fprintf(out, "  # macro %s, %s:%u", e->macro, e->place.file, e->place.line);
	else if (!e->macro && parent && parent->macro)
		fprintf(out, "  # %s:%u", e->place.file, e->place.line);
}

static void print_events(const struct saker_rule_details *d)
{
	fputs("events:      ", stdout);
	puts(events_put(stdout, d, MAX_EVENTS, " ") ? "" : "not known for this source");
}

static void print_syscalls(const struct saker_rule_details *d)
{
	struct saker_syscall_set set = {0};
	uint32_t n = 0;

	if (!util_streq(d->source, "syscall") || !d->codes)
		return;
	for (uint32_t code = 0; code < d->n_words * 64; code++) {
		if ((d->codes[code / 64] >> (code % 64) & 1) && saker_event_info(code))
			saker_syscall_set_add_event(&set, code);
	}
	fputs("syscalls:    ", stdout);
	for (uint32_t sc = 0; sc < SAKER_SYSCALL_CODES; sc++) {
		if (saker_syscall_set_has(&set, sc) && n++ < MAX_EVENTS)
			printf("%s%s", n > 1 ? " " : "", saker_syscall_by_code(sc)->name);
	}
	if (n > MAX_EVENTS)
		printf(" and %u more", n - MAX_EVENTS);
	puts(n ? "" : "none of its own");
}

struct names {
	const char **v;
	uint32_t n;
	uint32_t capacity;
	const char *kind; /* what is gathered: 'm'acros, 'l'ists, 'f'ields */
};

static void add_name(struct names *names, const char *name)
{
	for (uint32_t i = 0; i < names->n; i++) {
		if (util_streq(names->v[i], name))
			return;
	}
	if (GROW(names->v, names->n, names->capacity) == 0)
		names->v[names->n++] = name;
}

static void add_operand(struct names *names, const struct saker_operand *o)
{
	if (!o)
		return;
	if (*names->kind == 'f' && o->kind == SAKER_OPERAND_FIELD)
		add_name(names, o->text);
	if (*names->kind == 'l' && o->list)
		add_name(names, o->list);
	for (uint32_t i = 0; i < o->n_args; i++)
		add_operand(names, o->args[i]);
}

static void add_expression(void *userdata, const struct saker_expression *e, bool negated)
{
	struct names *names = userdata;

	if (*names->kind == 'm' && e->macro)
		add_name(names, e->macro);
	if (e->kind != SAKER_EXPRESSION_CHECK)
		return;
	add_operand(names, e->left);
	add_operand(names, e->right);
}

static const struct saker_definition *find_definition(const struct ruleset_loaded *l,
						      const char *kind, const char *name)
{
	for (uint32_t i = 0; i < l->inspection->n_definitions; i++) {
		const struct saker_definition *d = &l->inspection->definitions[i];

		if (util_streq(d->kind, kind) && util_streq(d->name, name) && !d->replaced_by.file)
			return d;
	}
	return NULL;
}

static void print_names(const struct ruleset_loaded *l, const struct saker_rule_details *d,
			const char *kind)
{
	struct names names = {.kind = kind};

	expression_walk(d->root, add_expression, &names);
	if (names.n == 0)
		return;
	printf("%s:\n", kind);
	for (uint32_t i = 0; i < names.n; i++) {
		const struct saker_definition *def =
			*kind == 'f'
				? NULL
				: find_definition(l, *kind == 'm' ? "macro" : "list", names.v[i]);

		if (*kind == 'f')
			printf("%s%s%s",
			       i % 6 ? "  "
			       : i   ? "\n    "
				     : "    ",
			       names.v[i], i + 1 == names.n ? "\n" : "");
		else if (def && *kind == 'l')
			printf("    %-32s %s:%u, %u items\n", names.v[i], def->place.file,
			       def->place.line, def->n_items);
		else if (def)
			printf("    %-32s %s:%u\n", names.v[i], def->place.file, def->place.line);
	}
	free(names.v);
}

static void explain_rule(const struct ruleset_loaded *l, const struct saker_rule *rule,
			 const struct saker_rule_details *d)
{
	struct expression_printer printer = {.out = stdout, .indent = 4, .behind = note_origin};

	fputs("rule:        ", stdout);
	put_text(stdout, rule->name);
	printf("\nplace:       %s:%u\npriority:    %s\nsource:      %s\nenabled:    "
	       " "
	       "%s\n",
	       d->place.file, d->place.line, saker_priority_name(rule->priority), rule->source,
	       rule->enabled ? "yes" : "no");
	fputs("tags:       ", stdout);
	for (uint32_t i = 0; i < rule->n_tags; i++) {
		fputc(' ', stdout);
		put_text(stdout, rule->tags[i]);
	}
	fputs(rule->n_tags ? "\n" : " none\n", stdout);
	if (d->n_exceptions) {
		fputs("exceptions: ", stdout);
		for (uint32_t i = 0; i < d->n_exceptions; i++) {
			fputc(' ', stdout);
			put_text(stdout, d->exceptions[i]);
		}
		fputc('\n', stdout);
	}
	print_events(d);
	print_syscalls(d);
	if (d->most_cost)
		printf("cost:        about %u ns for such an event, at most %u; what other rules "
		       "ask as well counts once\n",
		       d->cost, d->most_cost);
	fputs("description:\n", stdout);
	put_wrapped(stdout, rule->description, 4, 92);
	fputs("condition:\n", stdout);
	put_wrapped(stdout, rule->condition, 4, 92);
	fputs("written out:\n", stdout);
	expression_print(&printer, d->root);
	print_names(l, d, "macros");
	print_names(l, d, "lists");
	print_names(l, d, "fields");
	fputs("output:\n", stdout);
	put_wrapped(stdout, rule->output, 4, 92);
}

static int explain(const struct args *args, const char *config)
{
	const struct args files = {args->files + 1, args->n_files - 1};
	const struct saker_rule_details *details;
	const struct saker_rule *rule = NULL;
	struct ruleset_loaded loaded;
	int r = ruleset_load_or_say(&loaded, &files, config);

	if (r == 0) {
		details = ruleset_details(&loaded, args->files[0]);
		for (uint32_t i = 0; details && i < saker_ruleset_n_rules(loaded.ruleset); i++) {
			rule = saker_ruleset_rule(loaded.ruleset, i);
			if (util_streq(rule->name, details->name))
				break;
		}
		if (rule)
			explain_rule(&loaded, rule, details);
		else
			r = ruleset_no_such_rule(&loaded, args->files[0]);
	}
	ruleset_fini(&loaded);
	return r;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	const char *config = NULL;
	bool ids = false;
	const struct arg options[] = {
		{0, "ids", NULL, "list the ids of what lint looks for", &ids, NULL},
		{'c', "config", "FILE", "a configuration, as for the agent", NULL, &config},
	};
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	if (ids)
		list_ids();
	else if (args.n_files == 0)
		r = args_bad(verb, "name a rule and its files, or the id of a finding");
	else if (args.n_files > 1)
		r = explain(&args, config);
	else if (!explain_id(args.files[0]))
		r = args_bad(verb,
			     "'%s' is no id of a finding, and for a rule the files are missing",
			     args.files[0]);
	args_fini(&args);
	return r;
}

const struct verb verb_explain = {
	.name = "explain",
	.arguments = "RULE FILE... | ID",
	.summary = "Writes a rule out and says where its parts come from, or explains a finding.",
	.run = run,
};
