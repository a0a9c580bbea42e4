/* SPDX-License-Identifier: Apache-2.0 */
/* Single checks that do not do what they seem to, or that are easy to get around. */
#include "lint.h"
#include "text.h"

#define COMM_MAX 15 /* TASK_COMM_LEN less its NUL */

struct values_context {
	const struct lint *lint;
	const struct lint_rule *rule;
	const struct saker_expression *check;
};

static bool is_one_of(const char *s, const char *const *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (util_streq(s, all[i]))
			return true;
	}
	return false;
}

/* Fields whose value is a process name as the kernel keeps it. */
static bool is_process_name(const char *field)
{
	static const char *const names[] = {"proc.name",  "proc.pname",	    "proc.aname",
					    "proc.sname", "proc.pgid.name", "proc.vpgid.name"};

	return is_one_of(field, names, ARRAY_SIZE(names));
}

static bool is_path(const char *field)
{
	static const char *const names[] = {"fd.name",	       "fd.nameraw",	 "fs.path.name",
					    "fs.path.nameraw", "fs.path.source", "fs.path.target",
					    "proc.exepath",    "proc.pexepath",	 "proc.aexepath",
					    "evt.abspath",     "fd.directory",	 "proc.cwd"};

	return is_one_of(field, names, ARRAY_SIZE(names));
}

static bool is_command_line(const char *field)
{
	static const char *const names[] = {"proc.cmdline", "proc.pcmdline", "proc.acmdline",
					    "proc.exeline", "proc.args"};

	return is_one_of(field, names, ARRAY_SIZE(names));
}

/* The path as it was handed to the system call. */
static bool is_raw_path(const struct saker_operand *field)
{
	static const char *const names[] = {"fd.nameraw", "fs.path.nameraw", "fs.path.sourceraw",
					    "fs.path.targetraw"};
	static const char *const args[] = {"path",    "name",	 "pathname", "filename",
					   "oldpath", "newpath", "linkpath"};

	if (is_one_of(field->text, names, ARRAY_SIZE(names)))
		return true;
	if (strncmp(field->text, "evt.arg", strlen("evt.arg")) != 0 ||
	    (!field->arg && field->text[strlen("evt.arg")] != '.'))
		return false;
	return is_one_of(field->arg ? field->arg : field->text + strlen("evt.arg."), args,
			 ARRAY_SIZE(args));
}

static bool is_argv0(const char *field)
{
	static const char *const names[] = {"proc.exe", "proc.pexe", "proc.aexe"};

	return is_one_of(field, names, ARRAY_SIZE(names));
}

static bool is_equality(const struct saker_expression *e)
{
	return !*e->modifier &&
	       (util_streq(e->op, "=") || util_streq(e->op, "!=") || util_streq(e->op, "in"));
}

static bool is_operator(const struct saker_expression *e, const char *op)
{
	return util_streq(e->op, op);
}

static void check_name_value(void *userdata, const struct saker_operand *value)
{
	const struct values_context *c = userdata;
	char hint[96];

	if (value->text[0] == '/') {
		lint_report(c->lint, LINT_PATH_AS_NAME, &value->place, c->rule->rule->name,
			    "Compare proc.exepath, or take the folders off.",
			    "%s never equals '%s': it has no folders", c->check->left->text,
			    value->text);
	} else if (strlen(value->text) > COMM_MAX) {
		snprintf(hint, sizeof(hint), "The kernel keeps %d bytes: %.*s", COMM_MAX, COMM_MAX,
			 value->text);
		lint_report(c->lint, LINT_LONG_NAME, &value->place, c->rule->rule->name, hint,
			    "%s never equals '%s': it is too long for a process name",
			    c->check->left->text, value->text);
	}
}

static void check_exepath_value(void *userdata, const struct saker_operand *value)
{
	const struct values_context *c = userdata;

	if (value->text[0] && !strchr("/<(", value->text[0]) &&
	    strncmp(value->text, "memfd:", 6) != 0)
		lint_report(c->lint, LINT_RELATIVE_PATH, &value->place, c->rule->rule->name,
			    "Give the whole path, or compare proc.name.",
			    "%s never equals '%s': it is absolute", c->check->left->text,
			    value->text);
}

static void check_unanchored(void *userdata, const struct saker_operand *value)
{
	static const char *const roots[] = {"/bin/",  "/boot/", "/dev/",  "/etc/",  "/home/",
					    "/lib/",  "/opt/",	"/proc/", "/root/", "/run/",
					    "/sbin/", "/sys/",	"/tmp/",  "/usr/",  "/var/"};
	const struct values_context *c = userdata;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (strncmp(value->text, roots[i], strlen(roots[i])) == 0)
			lint_report(c->lint, LINT_UNANCHORED_PATH, &value->place,
				    c->rule->rule->name, "Use startswith or =.",
				    "'%s' may stand anywhere in %s", value->text,
				    c->check->left->text);
	}
}

static void check_prefix(void *userdata, const struct saker_operand *value)
{
	const struct values_context *c = userdata;
	size_t len = strlen(value->text);
	const char *last = strrchr(value->text, '/');

	/* A last part with a dot, dash or digit is more likely the beginning of a file's name. */
	if (value->text[0] == '/' && len > 1 && last[1] && !strpbrk(last, ".-_0123456789"))
		lint_report(c->lint, LINT_OPEN_PREFIX, &value->place, c->rule->rule->name,
			    "End it with a slash.", "'%s' is also the beginning of '%sx'",
			    value->text, value->text);
}

static void check_raw_path(void *userdata, const struct saker_operand *value)
{
	const struct values_context *c = userdata;

	if (value->text[0] == '/')
		lint_report(c->lint, LINT_RAW_PATH, &value->place, c->rule->rule->name,
			    "Compare fd.name, fs.path.name or evt.abspath.",
			    "'%s' can be written in other ways in %s", value->text,
			    c->check->left->written);
}

/* Names of lists have underscores, which values seldom have. */
static void check_list_name(void *userdata, const struct saker_operand *value)
{
	const struct values_context *c = userdata;
	const struct saker_inspection *all = c->lint->loaded->inspection;
	char hint[128];

	if (value->list || !strchr(value->text, '_') || strchr(value->text, '/') ||
	    strlen(value->text) < 6)
		return;
	for (uint32_t i = 0; i < all->n_definitions; i++) {
		const struct saker_definition *d = &all->definitions[i];

		if (!util_streq(d->kind, "list") || text_distance(value->text, d->name) > 2)
			continue;
		snprintf(hint, sizeof(hint), "Did you mean the list '%s', %s:%u?", d->name,
			 d->place.file, d->place.line);
		lint_report(c->lint, LINT_NEARLY_A_LIST, &value->place, c->rule->rule->name, hint,
			    "'%s' is no list's name and stands for itself", value->text);
		return;
	}
}

static void check_one(void *userdata, const struct saker_expression *e, bool negated)
{
	struct values_context *c = userdata;
	const char *field;

	if (e->kind != SAKER_EXPRESSION_CHECK)
		return;
	c->check = e;
	if (is_operator(e, "regex"))
		lint_report(c->lint, LINT_EXPENSIVE, &e->place, c->rule->rule->name,
			    "See whether another operator says the same.",
			    "regex is the most expensive operator: about %u ns here", e->cost);
	if (e->left->kind != SAKER_OPERAND_FIELD)
		return;
	field = e->left->text;
	if (is_process_name(field) && is_equality(e))
		lint_each_value(e->right, check_name_value, c);
	if (is_process_name(field) && is_equality(e) && negated != is_operator(e, "!="))
		lint_report(c->lint, LINT_NAME_TRUSTED, &e->place, c->rule->rule->name,
			    "Compare proc.exepath, or the parent as well.",
			    "whoever takes such a %s is exempt", field);
	if (util_streq(field, "proc.exepath") && is_equality(e))
		lint_each_value(e->right, check_exepath_value, c);
	if (is_path(field) && (is_operator(e, "contains") || is_operator(e, "endswith")))
		lint_each_value(e->right, check_unanchored, c);
	if (is_path(field) && is_operator(e, "startswith"))
		lint_each_value(e->right, check_prefix, c);
	if (e->right && e->right->kind == SAKER_OPERAND_LIST)
		lint_each_value(e->right, check_list_name, c);
	if (is_raw_path(e->left))
		lint_each_value(e->right, check_raw_path, c);
	if (is_argv0(field) && !is_operator(e, "exists"))
		lint_report(c->lint, LINT_ARGV0_TRUSTED, &e->place, c->rule->rule->name,
			    "Compare proc.exepath.", "whoever starts a program chooses %s", field);
	if (is_command_line(field) && (is_operator(e, "contains") || is_operator(e, "icontains")))
		lint_report(c->lint, LINT_COMMAND_LINE, &e->place, c->rule->rule->name,
			    "Look at what the command does, or at single arguments.",
			    "the same command can be written without this text in %s", field);
}

static void check_values(const struct lint *lint, const struct lint_rule *r)
{
	struct values_context c = {.lint = lint, .rule = r};

	expression_walk(r->details->root, check_one, &c);
}

const struct lint_check lint_values = {.rule = check_values};
