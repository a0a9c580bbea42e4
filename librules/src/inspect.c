/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loader's files amount to, for tools: definitions with their places, and
 * each rule's condition as a tree that says which macro and list its parts came
 * from. Made by a compile whose back is not the evaluator's but this.
 */
#include "inspect.h"
#include "predicate.h"
#include "dag.h"

#define ARENA_BLOCK (64u << 10)

struct inspection {
	struct saker_inspection public;
	struct arena arena;
};

/* How the back, which has no userdata of its own, comes to what it is to fill in. */
struct inspect_target {
	struct saker_ruleset *ruleset; /* stays NULL */
	struct inspection *inspection;
	struct rules_inspecting in;
};

int rules_inspect_string(struct rules_inspecting *in, const char *s, const char **ret)
{
	*ret = s && *s ? arena_strdup(in->arena, s) : "";
	return *ret ? 0 : -ENOMEM;
}

int rules_inspect_place(struct rules_inspecting *in, const struct rules_mark *mark,
			struct saker_place *ret_place)
{
	const struct rules_reporter *reporter = &in->loader->reporter;
	struct rules_mark at = rules_locate(reporter, mark);
	int r = 0;

	if (at.source >= in->n_files)
		return -EINVAL;
	if (!in->files[at.source])
		r = rules_inspect_string(in, reporter->sources[at.source].name,
					 &in->files[at.source]);
	*ret_place = (struct saker_place){in->files[at.source], at.line + 1, at.column + 1};
	return r;
}

/* ---- spans ----------------------------------------------------------------- */

static int add_span(struct rules_inspecting *in, const struct rules_yaml *node, const char *macro,
		    const char *list)
{
	int r = GROW(in->spans, in->n_spans, in->spans_cap);

	if (r == 0)
		in->spans[in->n_spans++] = (struct rules_span){node->mark.source, node->mark.offset,
							       node->end, macro, list};
	return r;
}

static int by_start(const void *a, const void *b)
{
	const struct rules_span *x = a;
	const struct rules_span *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int add_spans(struct rules_inspecting *in)
{
	const struct rules_definitions *d = &in->loader->definitions;
	const char *name;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < d->n_macros; i++) {
		r = rules_inspect_string(in, d->macros[i].name, &name);
		for (uint32_t k = 0; r == 0 && k < d->macros[i].condition.n; k++)
			r = add_span(in, d->macros[i].condition.parts[k], name, NULL);
	}
	for (uint32_t i = 0; r == 0 && i < d->n_lists; i++) {
		r = rules_inspect_string(in, d->lists[i].name, &name);
		for (uint32_t k = 0; r == 0 && k < d->lists[i].n_items; k++)
			r = add_span(in, d->lists[i].items[k], NULL, name);
	}
	if (in->n_spans)
		qsort(in->spans, in->n_spans, sizeof(*in->spans), by_start);
	return r;
}

const struct rules_span *rules_inspect_span(const struct rules_inspecting *in,
					    const struct rules_mark *mark)
{
	struct rules_mark at = rules_locate(&in->loader->reporter, mark);
	size_t low = 0;
	size_t high = in->n_spans;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct rules_span *s = &in->spans[middle];

		if (s->source < at.source || (s->source == at.source && s->start <= at.offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || in->spans[low - 1].source != at.source ||
	    at.offset >= in->spans[low - 1].end)
		return NULL;
	return &in->spans[low - 1];
}

/* ---- rules ------------------------------------------------------------------ */

static void no_warning(void *userdata, int code, const struct rules_mark *mark, const char *message)
{
}

/* Of each check by itself; before checks are grouped. */
static int note_checks(struct rules_inspecting *in, struct rules_builder *builder,
		       const struct rules_node *node)
{
	const struct rules_program *program = builder->program;
	struct saker_expression *to;
	struct rules_predicate p;
	uint32_t literal;
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < node->n_children; i++)
		r = note_checks(in, builder, node->children[i]);
	if (node->kind != RULES_NODE_CHECK)
		return r;
	to = rules_inspect_copy_of(in, node);
	r = rules_predicate_compile(builder, node, &literal);
	if (r < 0 || !to || program->nodes[literal >> 1].kind != RULES_DAG_PREDICATE)
		return r;
	p = program->predicates[program->nodes[literal >> 1].first];
	rules_predicate_estimate(program, &p);
	to->cost = p.cost;
	return 0;
}

/*
 * One after the other, until one does not hold. What the code of a record decides is
 * decided before (plans): an event that the rule is not about costs it nothing.
 */
static float guess_cost(const struct rules_builder *builder, uint32_t literal)
{
	const struct rules_program *program = builder->program;
	const struct rules_dag_node *node = &program->nodes[literal >> 1];
	float cost = 0, reached = 1;

	if (node->kind != RULES_DAG_AND)
		return builder->node_cost[literal >> 1];
	for (uint32_t i = 0; i < node->n; i++) {
		uint32_t child = program->edges[node->first + i];
		const struct rules_dag_node *part = &program->nodes[child >> 1];
		float truth = builder->node_truth[child >> 1];

		if (part->kind == RULES_DAG_PREDICATE && part->selects)
			continue;
		cost += reached * builder->node_cost[child >> 1];
		reached *= child & 1 ? 1 - truth : truth;
	}
	return cost;
}

/* The compiler's own guesses, by which it orders checks. */
static int find_cost(struct rules_inspecting *in, struct rules_builder *builder,
		     const struct rules_node *root, uint32_t literal, struct saker_rule_details *to)
{
	const struct rules_program *program = builder->program;
	int r = note_checks(in, builder, root);

	if (r >= 0)
		r = rules_predicate_group(builder);
	if (r >= 0)
		r = rules_dag_order(builder);
	if (r < 0)
		return r;
	to->cost = (uint32_t)guess_cost(builder, literal);
	for (uint32_t i = 0; i < program->n_predicates; i++)
		to->most_cost += program->predicates[i].cost;
	return 0;
}

/* Which codes the condition can match, and at what cost, as the evaluator will see it. */
static int find_codes(struct rules_inspecting *in, const struct saker_catalogue *catalogue,
		      const struct rules_node *root, struct saker_rule_details *to)
{
	struct rules_program *program = rules_program_new(catalogue);
	struct rules_compile_error error = {0};
	struct rules_builder builder;
	struct arena scratch;
	uint32_t literal;
	uint64_t *codes;
	int r;

	if (!program)
		return -ENOMEM;
	arena_init(&scratch, ARENA_BLOCK);
	r = rules_builder_init(&builder, program, &scratch);
	builder.error = &error;
	builder.warn = no_warning;
	if (r >= 0)
		r = rules_compile_condition(&builder, root, &literal);
	codes = arena_alloc(in->arena, program->n_words * sizeof(*codes));
	if (r >= 0 && codes) {
		rules_dag_codes(&builder, literal, codes);
		to->codes = codes;
		to->n_words = program->n_words;
		r = find_cost(in, &builder, root, literal, to);
	}
	rules_builder_fini(&builder);
	arena_fini(&scratch);
	rules_program_free(program);
	return !codes ? -ENOMEM : r == -EBADMSG ? 0 : r;
}

static int add_exceptions(struct rules_inspecting *in, const char *rule,
			  struct saker_rule_details *to)
{
	const struct rules_rule *from = rules_find_rule(&in->loader->definitions, rule);
	const char **names;
	int r = 0;

	if (!from || from->n_exceptions == 0)
		return 0;
	names = arena_alloc(in->arena, from->n_exceptions * sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < from->n_exceptions; i++)
		r = rules_inspect_string(in, from->exceptions[i].name, &names[i]);
	to->exceptions = names;
	to->n_exceptions = from->n_exceptions;
	return r < 0 ? r : rules_inspect_exceptions(in, from, to);
}

static int add_rule(struct rules_inspecting *in, const struct rules_build *build,
		    const struct rules_input *input, struct saker_rule_details *to)
{
	const struct saker_catalogue *catalogue =
		rules_find_catalogue(build->loader, input->source);
	int r = rules_inspect_string(in, input->name, &to->name);

	if (r == 0)
		r = rules_inspect_string(in, input->source, &to->source);
	if (r == 0)
		r = rules_inspect_place(in, &input->mark, &to->place);
	if (r == 0)
		r = add_exceptions(in, input->name, to);
	if (r == 0)
		r = rules_inspect_names(in, input->condition, &to->macros, &to->lists);
	if (r == 0)
		r = rules_inspect_tree(in, input->root, &to->root);
	if (r == 0 && catalogue)
		r = find_codes(in, catalogue, input->root, to);
	return r;
}

/* ---- definitions ------------------------------------------------------------ */

static int add_definition(struct rules_inspecting *in, struct saker_definition *to,
			  const char *kind, const char *name, const struct rules_place *place)
{
	int r;

	to->kind = kind;
	to->text = "";
	r = rules_inspect_string(in, name, &to->name);
	return r < 0 ? r : rules_inspect_place(in, &place->mark, &to->place);
}

static int add_macro(struct rules_inspecting *in, const struct rules_build *build,
		     uint32_t position, struct saker_definition *to)
{
	const struct rules_macro *macro = &in->loader->definitions.macros[position];
	const struct rules_macro_tree *tree = &build->macros[position];
	struct saker_rule_details details = {0};
	size_t len;
	int r = rules_string_join(in->arena, &macro->condition, &to->text, &len);

	to->used = tree->used;
	if (r == 0)
		r = rules_inspect_names(in, to->text, &to->macros, &to->lists);
	if (r < 0 || !tree->done)
		return r;
	r = rules_inspect_tree(in, tree->tree.root, &to->root);
	if (r == 0 && build->n_catalogues)
		r = find_codes(in, build->catalogues[0], tree->tree.root, &details);
	to->codes = details.codes;
	to->n_words = details.n_words;
	return r;
}

static int add_definitions(struct inspect_target *t, const struct rules_build *build)
{
	const struct rules_definitions *d = &t->in.loader->definitions;
	struct saker_inspection *inspection = &t->inspection->public;
	size_t n = (size_t)d->n_lists + d->n_macros + d->n_rules + d->n_replaced;
	struct saker_definition *all = arena_alloc(t->in.arena, n * sizeof(*all));
	struct saker_definition *to = all;
	int r = all ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < d->n_lists; i++, to++) {
		to->n_items = d->lists[i].n_items;
		for (uint32_t k = 0; k < d->lists[i].n_bulks; k++)
			to->n_items += d->lists[i].bulks[k]->n;
		r = add_definition(&t->in, to, "list", d->lists[i].name, d->lists[i].place);
		if (r == 0)
			r = rules_inspect_list(&t->in, &d->lists[i], &build->lists[i], to);
	}
	for (uint32_t i = 0; r == 0 && i < d->n_macros; i++, to++) {
		r = add_definition(&t->in, to, "macro", d->macros[i].name, d->macros[i].place);
		if (r == 0)
			r = add_macro(&t->in, build, i, to);
	}
	for (uint32_t i = 0; r == 0 && i < d->n_rules; i++, to++)
		r = add_definition(&t->in, to, "rule", d->rules[i].name, d->rules[i].place);
	for (uint32_t i = 0; r == 0 && i < d->n_replaced; i++, to++) {
		const struct rules_replaced *old = &d->replaced[i];

		to->replaced_by_same = old->same;
		r = add_definition(&t->in, to, old->kind, old->name, old->place);
		if (r == 0)
			r = rules_inspect_place(&t->in, &old->by->mark, &to->replaced_by);
	}
	inspection->definitions = all;
	inspection->n_definitions = (uint32_t)n;
	return r;
}

/* ---- the back ---------------------------------------------------------------- */

static int inspect_back(struct rules_build *build, struct saker_ruleset **ret_ruleset)
{
	struct inspect_target *t =
		(struct inspect_target *)((char *)ret_ruleset -
					  offsetof(struct inspect_target, ruleset));
	struct saker_rule_details *rules =
		arena_alloc(t->in.arena, build->n_inputs * sizeof(*rules));
	int r = rules ? 0 : -ENOMEM;

	t->in.n_files = build->loader->reporter.n_sources;
	t->in.files = calloc((size_t)t->in.n_files + 1, sizeof(*t->in.files));
	if (!t->in.files)
		return -ENOMEM;
	if (r == 0)
		r = add_spans(&t->in);
	if (r == 0)
		r = rules_inspect_requirements(&t->in, &t->inspection->public);
	if (r == 0)
		r = add_definitions(t, build);
	t->inspection->public.rules = rules;
	/* A rule without its condition: the compile fails, and nobody gets to see this. */
	for (uint32_t i = 0; r == 0 && i < build->n_inputs && build->inputs[i].root; i++) {
		r = add_rule(&t->in, build, &build->inputs[i], &rules[i]);
		t->inspection->public.n_rules = i + 1;
	}
	return r;
}

int saker_rules_loader_inspect(struct saker_rules_loader *loader,
			       struct saker_inspection **ret_inspection)
{
	struct inspect_target t = {.in = {.loader = loader}};
	saker_diag_fn report;
	int r;

	if (!loader || !ret_inspection)
		return -EINVAL;
	t.inspection = calloc(1, sizeof(*t.inspection));
	if (!t.inspection)
		return -ENOMEM;
	arena_init(&t.inspection->arena, ARENA_BLOCK);
	t.in.arena = &t.inspection->arena;
	report = loader->reporter.fn;
	loader->reporter.fn = NULL;
	r = rules_compile(loader, inspect_back, &t.ruleset);
	loader->reporter.fn = report;
	free(t.in.spans);
	free(t.in.files);
	free(t.in.copied);
	if (r < 0) {
		saker_inspection_free(&t.inspection->public);
		return r;
	}
	*ret_inspection = &t.inspection->public;
	return 0;
}

struct saker_inspection *saker_inspection_free(struct saker_inspection *public)
{
	struct inspection *inspection = (struct inspection *)public;

	if (inspection)
		arena_fini(&inspection->arena);
	free(inspection);
	return NULL;
}
