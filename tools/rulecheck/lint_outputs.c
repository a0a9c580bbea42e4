/* SPDX-License-Identifier: Apache-2.0 */
/* What an alert tells whoever gets it. */
#include "lint.h"

/* Whether an output has a field of one of the classes ("proc."); NULL ends them. */
static bool output_has(const char *output, const char *const *classes)
{
	for (const char *p = strchr(output, '%'); p; p = strchr(p + 1, '%')) {
		const char *name = p + 1;

		if (*name == '%') {
			p++;
			continue;
		}
		name += *name == '*';
		for (size_t i = 0; classes[i]; i++) {
			if (strncmp(name, classes[i], strlen(classes[i])) == 0 ||
			    (strchr(name, '(') &&
			     strncmp(strchr(name, '(') + 1, classes[i], strlen(classes[i])) == 0))
				return true;
		}
	}
	return false;
}

static void note_object(void *userdata, const struct saker_expression *e, bool negated)
{
	bool *looks = userdata;

	if (e->kind == SAKER_EXPRESSION_CHECK && !negated && e->left->kind == SAKER_OPERAND_FIELD &&
	    (strncmp(e->left->text, "fd.", 3) == 0 || strncmp(e->left->text, "fs.", 3) == 0))
		*looks = true;
}

static void check_output(const struct lint *lint, const struct lint_rule *r)
{
	static const char *const any[] = {"", NULL};
	static const char *const process[] = {"proc.", "thread.", "evt.args", NULL};
	static const char *const object[] = {"fd.",	    "fs.",     "evt.arg", "evt.rawarg",
					     "evt.abspath", "evt.res", NULL};
	const struct saker_place *place = &r->details->place;
	const char *name = r->rule->name;
	bool looks = false;

	if (!util_streq(r->rule->source, "syscall"))
		return;
	if (!output_has(r->rule->output, any)) {
		lint_report(lint, LINT_OUTPUT_NO_FIELDS, place, name,
			    "Name what happened, such as %proc.cmdline and %fd.name.",
			    "the output of '%s' has no fields", name);
		return;
	}
	if (!output_has(r->rule->output, process))
		lint_report(lint, LINT_OUTPUT_NO_PROCESS, place, name,
			    "Add fields such as %proc.cmdline and %proc.exepath.",
			    "the output of '%s' does not tell which process it was", name);
	expression_walk(r->details->root, note_object, &looks);
	if (looks && !output_has(r->rule->output, object))
		lint_report(lint, LINT_OUTPUT_NO_OBJECT, place, name, "Add %fd.name.",
			    "the condition of '%s' looks at a file or connection that its output "
			    "does not tell",
			    name);
}

const struct lint_check lint_outputs = {.rule = check_output};
