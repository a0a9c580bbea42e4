/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compile's front half: checks requirements, resolves lists and macros, parses
 * the rules' conditions, hands the trees to the back, and warns of what nobody
 * used.
 */
#include <stdio.h>

#include "lex.h"
#include "resolve.h"

#define ARENA_BLOCK (256u << 10)

/* Plugins that are part of this program. */
static const struct saker_rules_plugin builtin_plugins[] = {
	{"container", "0.7.1"},
};

/* ---- requirements ---------------------------------------------------------- */

static bool serves(const struct saker_rules_plugin *plugin, const struct rules_requirement *want)
{
	struct rules_version have;

	return util_streq(plugin->name, want->name) &&
	       rules_version_parse(plugin->version, &have) == 0 &&
	       rules_version_serves(&have, &want->version);
}

/* What the options say of a plugin goes before what is built in. */
static bool is_satisfied(const struct saker_rules_options *o, const struct rules_requirement *want)
{
	bool told = false;

	for (uint32_t i = 0; i < o->n_plugins; i++) {
		if (serves(&o->plugins[i], want))
			return true;
		told |= util_streq(o->plugins[i].name, want->name);
	}
	for (size_t i = 0; !told && i < ARRAY_SIZE(builtin_plugins); i++) {
		if (serves(&builtin_plugins[i], want))
			return true;
	}
	return false;
}

static int check_requirement(struct rules_resolver *v, const struct rules_plugin_requirement *need)
{
	char list[512] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < need->n; i++) {
		const struct rules_requirement *a = &need->alternatives[i];

		if (is_satisfied(&v->loader->options, a))
			return 0;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s (>= %s)",
						i ? ", " : "", a->name, a->text);
	}
	return rules_finding(v->reporter, RULES_LOAD_ERR_VALIDATE, need->place,
			     "Load the plugin, or a newer version of it.",
			     "Plugin requirement not satisfied, must load one of: %s", list);
}

/* ---- conditions ------------------------------------------------------------ */

/* What to do about a parser's message. */
static const char *parse_hint(const char *message)
{
	static const struct {
		const char *start;
		const char *hint;
	} hints[] = {
		{"unexpected token", "Join checks with 'and' or 'or', quote values that hold "
				     "blanks, put lists between parentheses."},
		{"expected a ')'", "Close the parenthesis; between values stand commas."},
		{"expected a valid check operator",
		 "A check is a field, an operator and a value; a macro's name has no dot."},
		{"expected a string value",
		 "Give a value; quote it when it holds blanks or any of ( ) , = \" '."},
		{"expected a number", "Give a number; text is compared with = or !=."},
		{"expected a list", "Put the values between parentheses."},
		{"unsupported string escape", "Write \\\\ for a backslash."},
		{"exceeded max depth", "Nest fewer parentheses, or name parts with macros."},
	};

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		if (strncmp(message, hints[i].start, strlen(hints[i].start)) == 0)
			return hints[i].hint;
	}
	return "Correct the condition at the marked place.";
}

/* The operator that the word at the place may have been meant for; "" = none. */
static void operator_hint(const struct rules_source *source, size_t offset, char *hint, size_t size)
{
	const char *names[RULES_OP_COUNT] = {0}, *nearest;
	char word[32];
	size_t n = 0;

	hint[0] = '\0';
	while (offset + n < source->len && n + 1 < sizeof(word) &&
	       rules_is_alpha(source->content[offset + n])) {
		word[n] = source->content[offset + n];
		n++;
	}
	word[n] = '\0';
	/* the first of them is none */
	for (size_t i = 1; i < RULES_OP_COUNT; i++)
		names[i - 1] = rules_op_text((enum rules_op)i);
	nearest = n ? rules_nearest(word, names, RULES_OP_COUNT - 1) : NULL;
	if (nearest)
		snprintf(hint, size, "Did you mean '%s'?", nearest);
}

int rules_resolver_parse(struct rules_resolver *v, struct rules_text *text,
			 const struct rules_place *condition_place, uint32_t *ret_source,
			 struct rules_node **ret_root)
{
	struct rules_parse_options options = {
		.max_depth = RULES_CONDITION_DEPTH,
		.macros = true,
		.list_userdata = &v->lists,
	};
	struct rules_parse_error error;
	const struct rules_source *source;
	struct rules_mark mark;
	char hint[64] = "";
	int r = rules_lists_expand(&v->lists, text);

	if (r == -E2BIG)
		return rules_finding(v->reporter, RULES_LOAD_ERR_COMPILE_CONDITION, condition_place,
				     "Put the lists between the parentheses behind an operator.",
				     "condition is larger than %u bytes once its lists are written "
				     "out",
				     RULES_MAX_CONDITION);
	if (r < 0)
		return r;
	if (r == 0)
		options.list = rules_lists_resolve;
	r = rules_text_register(text, v->arena, v->reporter, condition_place, ret_source);
	if (r < 0)
		return r;
	options.source = *ret_source;
	source = &v->reporter->sources[*ret_source];
	r = rules_parse(v->arena, &options, source->content, source->len, &error, ret_root);
	if (r != -EBADMSG)
		return r;
	mark = (struct rules_mark){.source = *ret_source, .offset = error.offset};
	if (strncmp(error.message, "expected a valid check operator", 31) == 0)
		operator_hint(source, error.offset, hint, sizeof(hint));
	return rules_finding_at(v->reporter, RULES_LOAD_ERR_COMPILE_CONDITION, condition_place,
				&mark, *hint ? hint : parse_hint(error.message), "%s",
				error.message);
}

static int build_condition(struct rules_resolver *v, const struct rules_rule *rule,
			   struct rules_input *input)
{
	struct rules_text text = {0};
	struct rules_node *root;
	struct rules_tree tree;
	int r;

	rules_about(v->reporter, RULES_STAGE_RULE, input->position, RULES_STEP_EXCEPTIONS);
	r = rule->n_exceptions ? rules_text_add_exceptions(&text, v->reporter, rule)
			       : rules_text_add_string(&text, &rule->condition);
	rules_about(v->reporter, RULES_STAGE_RULE, input->position, RULES_STEP_CONDITION_TEXT);
	if (r == 0)
		r = rules_resolver_parse(v, &text, rule->condition_place,
					 &input->condition_mark.source, &root);
	rules_text_fini(&text);
	rules_about(v->reporter, RULES_STAGE_RULE, input->position, RULES_STEP_MACROS);
	if (r == 0)
		r = rules_resolve_condition(v, root, UINT32_MAX, rule->place, &tree);
	if (r < 0)
		return r;
	rules_about(v->reporter, RULES_STAGE_RULE, input->position, RULES_STEP_CONDITION_WARNINGS);
	if (tree.unsafe)
		rules_finding_at(v->reporter, RULES_LOAD_UNSAFE_NA_CHECK, rule->condition_place,
				 tree.unsafe, "Use the operator 'exists', or 'not ... exists'.",
				 "comparing a field with <NA> does not say whether it has a value");
	input->root = tree.root;
	return 0;
}

/* The output without white space around it. */
static int build_output(struct rules_resolver *v, const struct rules_rule *rule,
			struct rules_input *input)
{
	struct rules_text text = {0};
	struct rules_text trimmed = {0};
	size_t start = 0;
	size_t end;
	int r = rules_text_add_string(&text, &rule->output);

	end = text.len;
	while (start < end && rules_is_space(text.s[start]))
		start++;
	while (end > start && rules_is_space(text.s[end - 1]))
		end--;
	if (r == 0)
		r = rules_text_add_part(&trimmed, &text, start, end);
	if (r == 0)
		r = rules_text_register(&trimmed, v->arena, v->reporter, rule->output_place,
					&input->output_mark.source);
	if (r == 0)
		input->output = v->reporter->sources[input->output_mark.source].content;
	rules_text_fini(&text);
	rules_text_fini(&trimmed);
	return r;
}

static int build_rule(struct rules_resolver *v, const struct rules_rule *rule,
		      struct rules_input *input)
{
	size_t len;
	int r;

	*input = (struct rules_input){
		.name = rule->name,
		.source = rule->source,
		.position = (uint32_t)(rule - v->definitions->rules),
		.tags = rule->tags,
		.n_tags = rule->n_tags,
		.priority = rule->priority,
		.enabled = rule->enabled,
		.warn_evttypes = rule->warn_evttypes,
		.skip_if_unknown_filter = rule->skip_if_unknown_filter,
		.capture = rule->capture,
		.capture_duration = rule->capture_duration,
		.mark = rule->place->mark,
		.place = rule->place,
		.condition_place = rule->condition_place,
		.output_place = rule->output_place,
	};
	r = rules_string_join(v->arena, &rule->condition, &input->condition, &len);
	if (r == 0)
		r = rules_string_join(v->arena, &rule->description, &input->description, &len);
	if (r == 0)
		r = build_output(v, rule, input);
	return r < 0 ? r : build_condition(v, rule, input);
}

/* A rule whose condition is wrong goes on without it, so that its output is checked, too. */
static int build_rules(struct rules_resolver *v, struct rules_input *inputs, uint32_t *ret_n)
{
	const struct rules_definitions *d = v->definitions;
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->n_rules; i++) {
		const struct rules_rule *rule = &d->rules[i];
		int r;

		if (rule->unknown_source)
			continue;
		r = build_rule(v, rule, &inputs[n]);
		if (r < 0 && r != -EBADMSG)
			return r;
		n++;
	}
	*ret_n = n;
	return 0;
}

static void warn_unused(struct rules_resolver *v)
{
	const struct rules_definitions *d = v->definitions;

	rules_about(v->reporter, RULES_STAGE_UNUSED, 0, 0);
	for (uint32_t i = 0; i < d->n_macros; i++) {
		if (!v->macros[i].used)
			rules_finding(v->reporter, RULES_LOAD_UNUSED_MACRO, d->macros[i].place,
				      "Remove the macro, or use it.",
				      "Macro not referred to by any other rule/macro");
	}
	for (uint32_t i = 0; i < d->n_lists; i++) {
		if (!v->lists.lists[i].used)
			rules_finding(v->reporter, RULES_LOAD_UNUSED_LIST, d->lists[i].place,
				      "Remove the list, or use it.",
				      "List not referred to by any other rule/macro");
	}
}

/* ---- the compile ----------------------------------------------------------- */

static int front(struct rules_resolver *v, struct rules_build *build)
{
	const struct rules_definitions *d = v->definitions;
	struct rules_input *inputs;
	int r;

	for (uint32_t i = 0; i < d->n_requirements; i++) {
		r = check_requirement(v, &d->requirements[i]);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	inputs = arena_alloc(v->arena, d->n_rules * sizeof(*inputs));
	if (!inputs)
		return -ENOMEM;
	r = rules_lists_init(&v->lists, d, v->reporter, v->arena);
	if (r == 0)
		r = rules_resolve_macros(v);
	if (r == 0)
		r = build_rules(v, inputs, &build->n_inputs);
	build->inputs = inputs;
	build->macros = v->macros;
	build->lists = v->lists.lists;
	return r;
}

static int compile(struct rules_resolver *v, rules_back_fn back, struct saker_ruleset **ret_ruleset)
{
	struct rules_build build = {
		.loader = v->loader,
		.options = &v->loader->options,
		.catalogues = v->loader->catalogues,
		.n_catalogues = v->loader->n_catalogues,
		.arena = v->arena,
	};
	int r = front(v, &build);

	/* The back sees what is good even so: all errors at once, not one a run. */
	if (r == 0)
		r = back(&build, ret_ruleset);
	if (r < 0)
		return r;
	if (v->reporter->failed || build.failed)
		return -EBADMSG;
	warn_unused(v);
	return 0;
}

int rules_compile(struct saker_rules_loader *loader, rules_back_fn back,
		  struct saker_ruleset **ret_ruleset)
{
	struct rules_resolver *v;
	struct arena arena;
	uint32_t n_sources;
	int r;

	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	arena_init(&arena, ARENA_BLOCK);
	v->loader = loader;
	v->definitions = &loader->definitions;
	v->reporter = &loader->reporter;
	v->arena = &arena;
	n_sources = loader->reporter.n_sources;
	loader->reporter.failed = false;
	*ret_ruleset = NULL;
	rules_hold(&loader->reporter, &arena);
	r = compile(v, back, ret_ruleset);
	rules_release(&loader->reporter, loader->options.first_error);
	loader->reporter.n_sources = n_sources;
	arena_fini(&arena);
	free(v);
	return r;
}
