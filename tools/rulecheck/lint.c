/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks have in common, and running them all: for the verb and for editors. */
#include <stdarg.h>

#include "lint.h"

static const struct lint_kind kinds[] = {
#define LINT(id, symbol, severity, summary, explanation) \
	{id, SAKER_SEVERITY_##severity, summary, explanation},
#include "lint.def"
#undef LINT
};

static const struct lint_check *const checks[] = {
	&lint_definitions, &lint_logic, &lint_values, &lint_events, &lint_outputs, &lint_tags,
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
void lint_take_loader_finding(void *userdata, const struct saker_diag *diag)
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

void lint_all(const struct lint *lint)
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
