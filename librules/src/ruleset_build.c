/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the front's rules to a ruleset: each rule's output and condition are
 * compiled into the program of its source, findings go back to the front, and
 * the programs are finished once all rules are in.
 */
#include "ruleset.h"

#include <stdio.h>

#include "bind.h"
#include "loader.h"

/* A syscall rule that can match more codes than this draws a warning. */
#define RULESET_MANY_CODES 100

struct ruleset_build {
	struct rules_build *build;
	struct saker_ruleset *ruleset;
	struct rules_builder *builders; /* one a source */
	struct rules_plan_rule **plan_rules;
	uint32_t *n_plan_rules;
	struct rules_format_builder formats;
	struct rules_compile_error error;
	/* the rule being compiled */
	const struct rules_input *input;
	const char *output; /* its output with what is appended to it */
	const char **names; /* of the values that go with it */
	uint32_t n_names;
	uint32_t names_cap;
};

static void ruleset_warn(void *userdata, int code, const struct rules_mark *mark,
			 const char *message)
{
	struct ruleset_build *b = userdata;

	rules_report(b->build, (enum rules_code)code, b->input, RULES_PART_CONDITION, mark, "",
		     "%s", message);
}

static bool ruleset_is_unknown(const char *message)
{
	return strstr(message, "nonexistent field") ||
	       strstr(message, "invalid formatting token") ||
	       strstr(message, "unknown event type") || strstr(message, "unknown filter:");
}

/* An error of the rule, or the warning that it is left out. Positive: left out. */
static int ruleset_report(struct ruleset_build *b, enum rules_part part,
			  const struct rules_mark *mark)
{
	bool skip = b->input->skip_if_unknown_filter && ruleset_is_unknown(b->error.message);
	enum rules_code code = RULES_LOAD_UNKNOWN_FILTER;

	if (!skip)
		code = part == RULES_PART_OUTPUT ? RULES_LOAD_ERR_COMPILE_OUTPUT
						 : RULES_LOAD_ERR_COMPILE_CONDITION;
	rules_report(b->build, code, b->input, part, mark, b->error.hint, "%s", b->error.message);
	return 1;
}

/* ---- outputs ------------------------------------------------------------- */

static bool ruleset_append_applies(const struct saker_rules_append *append,
				   const struct rules_input *input)
{
	if (append->source && *append->source && !util_streq(append->source, input->source))
		return false;
	if (append->rule && *append->rule && !util_streq(append->rule, input->name))
		return false;
	for (uint32_t i = 0; i < append->n_tags; i++) {
		uint32_t k = 0;

		while (k < input->n_tags && !util_streq(input->tags[k], append->tags[i]))
			k++;
		if (k == input->n_tags)
			return false;
	}
	return true;
}

/* A text that grows; in the build's arena, so it only ever doubles. */
struct ruleset_text {
	struct arena *arena;
	char *text;
	size_t len;
	size_t room;
};

static int ruleset_text_add(struct ruleset_text *t, const char *text)
{
	size_t len = strlen(text);

	if (t->len + len + 1 > t->room) {
		size_t room = MAX(t->room * 2, t->len + len + 256);
		char *more = arena_alloc(t->arena, room);

		if (!more)
			return -ENOMEM;
		if (t->len)
			memcpy(more, t->text, t->len);
		t->text = more;
		t->room = room;
	}
	memcpy(t->text + t->len, text, len + 1);
	t->len += len;
	return 0;
}

/* " proc_name=%proc.name" for every field that the catalogue suggests */
static int ruleset_suggest(struct ruleset_text *t, const struct saker_catalogue *catalogue)
{
	for (uint32_t i = 0; i < catalogue->n_fields; i++) {
		const struct saker_field *f = &catalogue->fields[i];
		char word[256];
		size_t n = 0;
		int r;

		if (!(f->flags & SAKER_FIELD_SUGGESTED) || strlen(f->name) >= sizeof(word) - 1)
			continue;
		word[n++] = ' ';
		for (const char *p = f->name; *p; p++)
			word[n++] = *p == '.' ? '_' : *p;
		word[n] = '\0';
		r = ruleset_text_add(t, word);
		if (r >= 0)
			r = ruleset_text_add(t, "=%");
		if (r >= 0)
			r = ruleset_text_add(t, f->name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int ruleset_output_text(struct ruleset_build *b, const struct saker_catalogue *catalogue,
			       struct ruleset_text *t)
{
	static const char info[] = "%container.info";
	const struct saker_rules_options *options = b->build->options;
	int r = ruleset_text_add(t, b->input->output);
	char *found;

	for (uint32_t i = 0; r >= 0 && i < options->n_append; i++) {
		const struct saker_rules_append *append = &options->append[i];

		if (!ruleset_append_applies(append, b->input))
			continue;
		if (append->extra_output && *append->extra_output) {
			r = ruleset_text_add(t, " ");
			if (r >= 0)
				r = ruleset_text_add(t, append->extra_output);
		}
		if (r >= 0 && append->suggested_output)
			r = ruleset_suggest(t, catalogue);
	}
	if (r < 0 || !strstr(t->text, info))
		return r;
	rules_report(b->build, RULES_LOAD_DEPRECATED_ITEM, b->input, RULES_PART_RULE, NULL, "",
		     "%%container.info is deprecated and means nothing any more; fields about the "
		     "container are added to outputs by themselves");
	while ((found = strstr(t->text, info))) {
		size_t rest = strlen(found + sizeof(info) - 1);

		memmove(found, found + sizeof(info) - 1, rest + 1);
		t->len -= sizeof(info) - 1;
	}
	return 0;
}

static int ruleset_extra_field(struct ruleset_build *b, const char *text)
{
	struct rules_program *program = b->formats.builder->program;
	const char *equals = strchr(text, '=');
	struct rules_format *format;
	char *name;
	int r;

	if (!equals)
		return rules_format_add_field(&b->formats, *text == '%' ? text + 1 : text);
	format = arena_alloc(&program->arena, sizeof(*format));
	name = arena_strndup(&program->arena, text, (size_t)(equals - text));
	if (!format || !name)
		return -ENOMEM;
	r = rules_format_compile(&b->formats, equals + 1, strlen(equals + 1), true, format);
	return r < 0 ? r : rules_format_add_value(&b->formats, name, RULES_NO_ID, format);
}

static int ruleset_extra_fields(struct ruleset_build *b)
{
	const struct saker_rules_options *options = b->build->options;
	const char *time = options->time_iso8601 ? "evt.time.iso8601" : "evt.time";
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < options->n_append; i++) {
		const struct saker_rules_append *append = &options->append[i];

		if (!ruleset_append_applies(append, b->input))
			continue;
		for (uint32_t k = 0; r >= 0 && k < append->n_extra_fields; k++)
			r = ruleset_extra_field(b, append->extra_fields[k]);
	}
	b->n_names = b->formats.n_values;
	for (uint32_t i = 0; r >= 0 && i < b->n_names; i++) {
		r = GROW(b->names, i, b->names_cap);
		if (r >= 0)
			b->names[i] = b->formats.values[i].name;
	}
	if (r >= 0 && rules_bind_find(b->formats.builder, time, strlen(time)))
		r = rules_format_add_field(&b->formats, time);
	return r;
}

/* Falco looks for the name, in whatever else the output says. */
static void ruleset_warn_output(struct ruleset_build *b, const struct saker_catalogue *catalogue)
{
	const struct saker_field *last = NULL, *next;

	do {
		next = NULL;
		for (uint32_t i = 0; i < catalogue->n_fields; i++) {
			const struct saker_field *f = &catalogue->fields[i];

			if (f->flags & SAKER_FIELD_WARN && strstr(b->output, f->name) &&
			    (!last || rules_deprecated_before(last, f)) &&
			    (!next || rules_deprecated_before(f, next)))
				next = f;
		}
		if (next)
			rules_report(b->build, RULES_LOAD_DEPRECATED_ITEM, b->input,
				     RULES_PART_OUTPUT, NULL, "",
				     "usage of deprecated field '%s' has been detected in the rule "
				     "output",
				     next->name);
		last = next;
	} while (next);
}

/* 1: reported, the rule is out. */
static int ruleset_compile_output(struct ruleset_build *b, struct rules_builder *builder,
				  struct rules_output *output)
{
	struct ruleset_text text = {.arena = b->build->arena};
	struct rules_mark mark = b->input->output_mark;
	char message[sizeof(b->error.message)];
	bool placed = false;
	int r = ruleset_output_text(b, builder->program->catalogue, &text);

	if (r < 0)
		return r;
	b->output = text.text;
	b->formats.builder = builder;
	b->formats.n_values = 0;
	r = rules_format_compile(&b->formats, text.text, text.len, false, &output->format);
	if (r == -EBADMSG && b->error.offset < strlen(b->input->output)) {
		mark.offset += b->error.offset;
		placed = true;
	}
	if (r >= 0)
		r = ruleset_extra_fields(b);
	if (r >= 0)
		r = rules_format_finish(&b->formats, output);
	if (r == -EBADMSG) {
		memcpy(message, b->error.message, sizeof(message));
		if (strncmp(message, "invalid formatting syntax", 25) != 0 &&
		    strncmp(message, "empty formatting", 16) != 0)
			snprintf(b->error.message, sizeof(b->error.message),
				 "unknown filter: %.480s", message);
		return ruleset_report(b, RULES_PART_OUTPUT, placed ? &mark : NULL);
	}
	if (r >= 0)
		ruleset_warn_output(b, builder->program->catalogue);
	return r;
}

/* ---- one rule ------------------------------------------------------------ */

static int ruleset_warn_codes(struct ruleset_build *b, struct rules_builder *builder)
{
	uint64_t codes[RULES_CODE_WORDS];
	int n = 0, r;

	if (!b->input->warn_evttypes || !util_streq(b->input->source, "syscall"))
		return 0;
	r = rules_condition_codes(builder, b->input->root, codes);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < builder->program->n_words; i++)
		n += __builtin_popcountll(codes[i]);
	if (n > RULESET_MANY_CODES)
		rules_report(b->build, RULES_LOAD_NO_EVTTYPE, b->input, RULES_PART_RULE, NULL,
			     "compare evt.type with the events the rule is about",
			     "Rule matches too many evt.type values. This has a significant "
			     "performance penalty.");
	return 0;
}

static int ruleset_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names are the program's, which the ruleset keeps. */
static int ruleset_add_values(struct ruleset_build *b, struct saker_rule *rule)
{
	const char **to = arena_alloc(&b->ruleset->arena, ((size_t)b->n_names + 1) * sizeof(*to));

	if (!to)
		return -ENOMEM;
	if (b->n_names)
		qsort(b->names, b->n_names, sizeof(*b->names), ruleset_by_name);
	for (uint32_t i = 0; i < b->n_names; i++) {
		if (i == 0 || !util_streq(b->names[i - 1], b->names[i]))
			to[rule->n_values++] = b->names[i];
	}
	rule->values = to;
	return 0;
}

static int ruleset_add_rule(struct ruleset_build *b, uint32_t source, uint32_t literal,
			    bool evaluated, const struct rules_output *output)
{
	struct saker_ruleset *ruleset = b->ruleset;
	struct rules_ruleset_source *s = &ruleset->sources[source];
	const struct rules_input *input = b->input;
	struct arena *arena = &ruleset->arena;
	struct saker_rule *rule = &ruleset->rules[ruleset->n_rules];
	const char **tags = arena_alloc(arena, MAX((size_t)input->n_tags, 1) * sizeof(*tags));
	int r;

	*rule = (struct saker_rule){
		.name = arena_strdup(arena, input->name),
		.description = arena_strdup(arena, input->description ? input->description : ""),
		.condition = arena_strdup(arena, input->condition ? input->condition : ""),
		.output = arena_strdup(arena, input->output),
		.source = s->name,
		.tags = tags,
		.n_tags = input->n_tags,
		.priority = input->priority,
		.enabled = input->enabled,
		.index = ruleset->n_rules,
		.format = arena_strdup(arena, b->output),
		.capture = input->capture,
		.capture_duration = input->capture_duration,
	};
	if (!tags || !rule->name || !rule->description || !rule->condition || !rule->output ||
	    !rule->format)
		return -ENOMEM;
	r = ruleset_add_values(b, rule);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < input->n_tags; i++) {
		tags[i] = arena_strdup(arena, input->tags[i]);
		if (!tags[i])
			return -ENOMEM;
	}
	ruleset->more[ruleset->n_rules] = (struct rules_ruleset_rule){source, *output, literal};
	if (evaluated)
		b->plan_rules[source][b->n_plan_rules[source]++] =
			(struct rules_plan_rule){s->n_rules, literal};
	s->rules[s->n_rules++] = ruleset->n_rules++;
	return 0;
}

static int ruleset_compile_rule(struct ruleset_build *b)
{
	const struct rules_input *input = b->input;
	struct rules_output output = {0};
	struct rules_builder *builder;
	uint32_t source = 0, literal;
	bool evaluated = input->enabled && input->priority <= b->build->options->min_priority;
	int r;

	while (source < b->ruleset->n_sources &&
	       !util_streq(b->ruleset->sources[source].name, input->source))
		source++;
	if (source == b->ruleset->n_sources)
		return -EINVAL;
	builder = &b->builders[source];
	builder->used = evaluated;
	memset(&b->error, 0, sizeof(b->error));
	r = ruleset_compile_output(b, builder, &output);
	if (r || !input->root)
		return r < 0 ? r : 0;
	memset(&b->error, 0, sizeof(b->error));
	r = rules_compile_condition(builder, input->root, &literal);
	if (r == -EBADMSG) {
		ruleset_report(b, RULES_PART_CONDITION, b->error.mark);
		return 0;
	}
	if (r >= 0)
		r = ruleset_warn_codes(b, builder);
	if (r < 0)
		return r;
	return ruleset_add_rule(b, source, literal, evaluated, &output);
}

/* ---- the whole ----------------------------------------------------------- */

static int ruleset_start(struct ruleset_build *b)
{
	struct saker_ruleset *ruleset = b->ruleset;
	uint32_t n = b->build->n_catalogues;
	size_t n_inputs = b->build->n_inputs;
	int r;

	b->builders = calloc((size_t)n + 1, sizeof(*b->builders));
	b->plan_rules = calloc((size_t)n + 1, sizeof(*b->plan_rules));
	b->n_plan_rules = calloc((size_t)n + 1, sizeof(*b->n_plan_rules));
	ruleset->sources = arena_alloc(&ruleset->arena, (n + 1) * sizeof(*ruleset->sources));
	ruleset->rules = arena_alloc(&ruleset->arena, (n_inputs + 1) * sizeof(*ruleset->rules));
	ruleset->more = arena_alloc(&ruleset->arena, (n_inputs + 1) * sizeof(*ruleset->more));
	if (!b->builders || !b->plan_rules || !b->n_plan_rules || !ruleset->sources ||
	    !ruleset->rules || !ruleset->more)
		return -ENOMEM;
	for (; ruleset->n_sources < n; ruleset->n_sources++) {
		uint32_t i = ruleset->n_sources;
		struct rules_ruleset_source *s = &ruleset->sources[i];
		const struct saker_catalogue *catalogue = b->build->catalogues[i];

		if (catalogue->n_codes > RULES_MAX_CODES)
			return -EINVAL;
		s->name = catalogue->source;
		s->rules = arena_alloc(&ruleset->arena, (n_inputs + 1) * sizeof(*s->rules));
		b->plan_rules[i] = calloc(n_inputs + 1, sizeof(**b->plan_rules));
		s->program = rules_program_new(catalogue);
		if (!s->program || !s->rules || !b->plan_rules[i]) {
			s->program = rules_program_free(s->program);
			return -ENOMEM;
		}
		r = rules_builder_init(&b->builders[i], s->program, b->build->arena);
		b->builders[i].error = &b->error;
		b->builders[i].warn = ruleset_warn;
		b->builders[i].warn_userdata = b;
		if (r < 0) {
			ruleset->n_sources++;
			return r;
		}
	}
	return 0;
}

static int ruleset_finish_source(struct ruleset_build *b, uint32_t source)
{
	struct rules_ruleset_source *s = &b->ruleset->sources[source];
	struct rules_builder *builder = &b->builders[source];
	const struct saker_catalogue *catalogue = s->program->catalogue;
	struct arena *arena = &b->ruleset->arena;

	s->program->n_rules = s->n_rules;
	s->fields = arena_alloc(arena, ((size_t)catalogue->n_fields + 1) * sizeof(*s->fields));
	s->constants =
		arena_alloc(arena, ((size_t)builder->n_used_constants + 1) * sizeof(*s->constants));
	if (!s->fields || !s->constants)
		return -ENOMEM;
	for (uint32_t i = 0; i < catalogue->n_fields; i++)
		if (builder->used_fields[i / 64] >> (i % 64) & 1)
			s->fields[s->n_fields++] = catalogue->fields[i].name;
	for (uint32_t i = 0; i < builder->n_used_constants; i++)
		s->constants[s->n_constants++] = (struct rules_ruleset_constant){
			builder->used_constants[i].field->name,
			builder->used_constants[i].constant,
		};
	return rules_plan_build(builder, b->plan_rules[source], b->n_plan_rules[source]);
}

static void ruleset_build_fini(struct ruleset_build *b)
{
	for (uint32_t i = 0; i < b->build->n_catalogues; i++) {
		if (b->builders)
			rules_builder_fini(&b->builders[i]);
		if (b->plan_rules)
			free(b->plan_rules[i]);
	}
	free(b->builders);
	free(b->plan_rules);
	free(b->n_plan_rules);
	rules_format_builder_fini(&b->formats);
	free(b->names);
}

int rules_ruleset_build(struct rules_build *build, struct saker_ruleset **ret_ruleset)
{
	struct ruleset_build b = {.build = build};
	int r;

	b.ruleset = calloc(1, sizeof(*b.ruleset));
	if (!b.ruleset)
		return -ENOMEM;
	atomic_init(&b.ruleset->references, 1);
	arena_init(&b.ruleset->arena, 16384);
	b.ruleset->matching = build->options->matching;
	r = ruleset_start(&b);
	for (uint32_t i = 0; r >= 0 && i < build->n_inputs; i++) {
		b.input = &build->inputs[i];
		r = ruleset_compile_rule(&b);
	}
	if (r >= 0 && build->failed)
		r = -EBADMSG;
	for (uint32_t i = 0; r >= 0 && i < b.ruleset->n_sources; i++)
		r = ruleset_finish_source(&b, i);
	ruleset_build_fini(&b);
	if (r < 0) {
		saker_ruleset_unref(b.ruleset);
		return r;
	}
	*ret_ruleset = b.ruleset;
	return 0;
}
