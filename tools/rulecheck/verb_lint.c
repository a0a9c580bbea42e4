/* SPDX-License-Identifier: Apache-2.0 */
/* rulecheck lint: what is legal in rule files and probably wrong. */
#include <stdarg.h>

#include "codes.h"
#include "lint.h"
#include "report.h"

static const struct lint_kind kinds[] = {
#define LINT(id, symbol, severity, summary, explanation) \
	{id, SAKER_SEVERITY_##severity, summary, explanation},
#include "lint.def"
#undef LINT
};

static const struct lint_check *const checks[] = {
	&lint_definitions, &lint_logic, &lint_values, &lint_outputs, &lint_tags,
};

const struct lint_kind *lint_kind(enum lint_id id)
{
	return &kinds[id];
}

const struct lint_kind *lint_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcasecmp(kinds[i].id, id) == 0)
			return &kinds[i];
	}
	return NULL;
}

void lint_report(const struct lint *lint, enum lint_id id, const struct saker_place *place,
		 const char *about, const char *hint, const char *format, ...)
{
	struct findings *f = lint->findings;
	struct saker_diag diag = {.id = kinds[id].id,
				  .severity = kinds[id].severity,
				  .file = place->file,
				  .line = place->line,
				  .column = place->column,
				  .hint = hint,
				  .snippet = ""};
	char message[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	/* A macro's or list's text is looked at once a rule that uses it. */
	for (uint32_t i = f->n; i > 0; i--) {
		const struct saker_diag *d = &f->v[i - 1].diag;

		if (d->line == place->line && d->column == place->column &&
		    util_streq(d->id, kinds[id].id) && util_streq(d->message, message) &&
		    util_streq(d->file, place->file))
			return;
	}
	diag.message = message;
	diag.places = &(struct saker_diag_place){.kind = "rule", .name = about};
	diag.n_places = 1;
	findings_add(f, &diag);
}

const struct saker_field *lint_field(const struct lint *lint, const struct saker_operand *operand)
{
	const struct saker_catalogue *c = &lint->loaded->catalogue.public;

	for (uint32_t i = 0; operand->kind == SAKER_OPERAND_FIELD && i < c->n_fields; i++) {
		if (util_streq(c->fields[i].name, operand->text))
			return &c->fields[i];
	}
	return NULL;
}

void lint_each_value(const struct saker_operand *right,
		     void (*fn)(void *userdata, const struct saker_operand *value), void *userdata)
{
	if (!right)
		return;
	if (right->kind == SAKER_OPERAND_TEXT)
		fn(userdata, right);
	for (uint32_t i = 0; right->kind == SAKER_OPERAND_LIST && i < right->n_args; i++) {
		if (right->args[i]->kind == SAKER_OPERAND_TEXT)
			fn(userdata, right->args[i]);
	}
}

/* The loader's warnings that have an id of lint's own take it. */
static void take_loader_finding(void *userdata, const struct saker_diag *diag)
{
	static const struct {
		const char *id;
		enum lint_id own;
	} own[] = {
		{"LOAD_UNUSED_MACRO", LINT_UNUSED_MACRO},
		{"LOAD_UNUSED_LIST", LINT_UNUSED_LIST},
		{"LOAD_NO_EVTTYPE", LINT_NO_EVENT_TYPE},
	};
	struct saker_diag d = *diag;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (util_streq(own[i].id, d.id))
			d.id = kinds[own[i].own].id;
	}
	findings_diag(userdata, &d);
}

static void check_all(const struct lint *lint)
{
	uint32_t n = saker_ruleset_n_rules(lint->loaded->ruleset);

	for (size_t c = 0; c < ARRAY_SIZE(checks); c++) {
		if (checks[c]->all)
			checks[c]->all(lint);
		for (uint32_t i = 0; checks[c]->rule && i < n; i++) {
			struct lint_rule rule = {
				.rule = saker_ruleset_rule(lint->loaded->ruleset, i)};

			rule.details = ruleset_details(lint->loaded, rule.rule->name);
			if (rule.details)
				checks[c]->rule(lint, &rule);
		}
	}
}

static const char *describe(const char *id)
{
	const struct lint_kind *kind = lint_find(id);

	return kind ? kind->summary : codes_describe(id);
}

static void drop_below(struct findings *f, enum saker_severity least)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		if (f->v[i].diag.severity >= least)
			f->v[n++] = f->v[i];
	}
	f->n = n;
}

static void print_text(const struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct saker_diag d = f->v[i].diag;
		char message[1200];

		/* the codes of loading are printed behind their messages already */
		if (strncmp(d.id, "LOAD_", 5) != 0) {
			snprintf(message, sizeof(message), "%s [%s]", d.message, d.id);
			d.message = message;
		}
		report_diag(stdout, report_colour(stdout), &d);
	}
	if (f->lost)
		printf("and %u more\n", f->lost);
	if (f->n)
		printf("%u errors, %u warnings, %u notes; rulecheck explain ID tells more\n",
		       findings_count(f, SAKER_SEVERITY_ERROR),
		       findings_count(f, SAKER_SEVERITY_WARNING),
		       findings_count(f, SAKER_SEVERITY_NOTE));
}

struct lint_options {
	const char *level;
	const char *config;
	bool json;
	bool sarif;
};

static int lint_files(const struct args *args, const struct lint_options *o,
		      enum saker_severity least)
{
	const struct ruleset_how how = {.config = o->config};
	struct ruleset_loaded loaded;
	struct findings findings;
	struct lint lint = {.loaded = &loaded, .findings = &findings};
	int r, printed = 0;

	findings_init(&findings);
	r = ruleset_load(&loaded, args->files, args->n_files, &how, take_loader_finding, &findings);
	if (r == 0)
		check_all(&lint);
	if (r == 0)
		r = lint_ignore(&findings);
	drop_below(&findings, least);
	findings_sort(&findings);
	if (o->json)
		printed = findings_json(stdout, &findings);
	else if (o->sarif)
		printed = findings_sarif(stdout, &findings, describe);
	else
		print_text(&findings);
	if (findings.out_of_memory || printed < 0)
		r = -ENOMEM;
	if (r == -ENOMEM)
		r = RULECHECK_FAILED;
	else
		r = r < 0 || findings.n ? RULECHECK_BAD : RULECHECK_OK;
	ruleset_fini(&loaded);
	findings_fini(&findings);
	return r;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct lint_options o = {.level = "warning"};
	const struct arg options[] = {
		{'l', "level", "LEVEL", "note, warning (the default) or error: what is shown", NULL,
		 &o.level},
		{0, "json", NULL, "as JSON", &o.json, NULL},
		{0, "sarif", NULL, "as SARIF, for code scanners", &o.sarif, NULL},
		{'c', "config", "FILE", "a configuration, as for the agent", NULL, &o.config},
	};
	enum saker_severity least = SAKER_SEVERITY_WARNING;
	struct args args;
	int r = args_parse(&args, verb, options, ARRAY_SIZE(options), argc, argv);

	if (r < 0) {
		args_fini(&args);
		return args_exit(r);
	}
	if (util_streq(o.level, "note"))
		least = SAKER_SEVERITY_NOTE;
	else if (util_streq(o.level, "error"))
		least = SAKER_SEVERITY_ERROR;
	else if (!util_streq(o.level, "warning"))
		r = args_bad(verb, "--level is note, warning or error, not '%s'", o.level);
	if (r == 0 && args.n_files == 0)
		r = args_bad(verb, "name the rule files");
	if (r == 0 && o.json && o.sarif)
		r = args_bad(verb, "--json or --sarif, not both");
	if (r == 0)
		r = lint_files(&args, &o, least);
	args_fini(&args);
	return r;
}

const struct verb verb_lint = {
	.name = "lint",
	.arguments = "FILE...",
	.summary = "Looks for what is legal and probably wrong, or easy to get around.",
	.run = run,
};
